//! Functions that nothing in the workspace mentions: they never run, whatever they do. Knows names only, not what they stand for, so that a name that two
//! functions have counts for both.

use ustr::Ustr;

use crate::facts::model::{Attribute, Owner};
use crate::index::Index;
use crate::index::calls::once::is_inert;
use crate::index::declared::defs::*;
use crate::index::declared::types::TraitName;
use crate::source::Span;

impl Index {
    /// Whether a place is in the body of a function that nothing mentions, in code that is part of a program.
    pub fn is_never_run(&self, span: Span) -> bool {
        let span = self.place_called(span);
        let Some(facts) = self.defs().file(span.file) else { return false };
        let around = facts.functions.iter().filter_map(|function| function.body);
        let mut around = around
            .map(|body| BodyRef { file: span.file, body })
            .filter(|body| self.is_linked(*body) && self.body(*body).regions[0].range.contains(span.range()));
        around.any(|body| self.function_of(body).is_some_and(|function| self.is_unmentioned(function, body)))
    }

    /// Whether nobody can call a function, since nothing mentions its name, and neither a library nor a macro does so by themselves.
    fn is_unmentioned(&self, function: FnId, body: BodyRef) -> bool {
        let declared = self.defs().function(function);
        let is_own = match self.defs().impl_of(function) {
            Some(block) => {
                let kept = self.defs().impl_block(block).attributes.iter().all(leaves_methods);
                let of_library = match self.signatures().impl_traits[block.index()] {
                    Some(TraitName::Trait(_)) => false,
                    Some(TraitName::Ext(_)) => true,
                    None => self.defs().impl_block(block).trait_path.is_some(),
                };
                kept && !of_library
            }
            None => declared.owner == Owner::Free,
        };
        is_own
            && declared.name != "main"
            && declared.attributes.iter().all(is_inert)
            && self.programs().iter().any(|program| self.wholes_of(body).contains(program.krate))
            && !self.is_mentioned_anywhere(declared.name)
    }

    fn is_mentioned_anywhere(&self, name: Ustr) -> bool {
        self.defs().all_facts().any(|facts| facts.mentioned.binary_search(&name).is_ok())
    }
}

/// Whether an attribute of an `impl` calls none of its methods by itself.
fn leaves_methods(attribute: &Attribute) -> bool {
    is_inert(attribute) || attribute.path.last().is_some_and(|name| name == "async_trait")
}
