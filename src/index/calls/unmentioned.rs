//! Functions that nothing in the workspace mentions: they never run, whatever they do. Knows names only, not what they stand for, so that a name that two
//! functions have counts for both.

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::facts::model::{Attribute, Owner};
use crate::index::Index;
use crate::index::calls::once::is_inert;
use crate::index::declared::defs::*;
use crate::index::declared::signatures::TraitName;
use crate::source::Span;
use crate::workspace::Workspace;

impl Index {
    /// The name of the function around a place that nothing mentions, in code that is part of a program.
    pub fn never_run(&self, span: Span) -> Option<Span> {
        let span = self.place_called(span);
        let facts = self.defs().file(span.file)?;
        let around = facts.functions.iter().filter_map(|function| function.body);
        let mut around = around
            .map(|body| BodyRef { file: span.file, body })
            .filter(|body| self.is_linked(*body) && self.body(*body).regions[0].range.contains(span.range()));
        let function = around.find_map(|body| self.function_of(body).filter(|id| self.is_unmentioned(*id, body)))?;
        Some(self.defs().function(function).name_range.in_file(span.file))
    }

    /// Whether nobody can call a function, since nothing mentions its name, and neither a library nor a macro does so by themselves.
    fn is_unmentioned(&self, function: FnId, body: BodyRef) -> bool {
        let declared = self.defs().function(function);
        let is_own = match self.defs().impl_of(function) {
            Some(block) => {
                let kept = self.defs().impl_block(block).attributes.iter().all(leaves_methods);
                let may_be_called = match self.signatures().impl_traits[block.index()] {
                    // What an attribute of the trait writes may call its methods.
                    Some(TraitName::Trait(id)) => !self.defs().trait_def(id).attributes.iter().all(leaves_methods),
                    Some(TraitName::Ext(_)) => true,
                    None => self.defs().impl_block(block).trait_path.is_some(),
                };
                kept && !may_be_called
            }
            None => declared.owner == Owner::Free,
        };
        is_own
            && declared.name != "main"
            && declared.attributes.iter().all(is_inert)
            && self.programs().iter().any(|program| self.wholes_of(body).contains(program.krate))
            && self.outline.mentioned.as_ref().is_some_and(|names| !names.contains(&declared.name))
    }
}

/// Macros that write code which is not seen, or names that are nowhere written out.
const UNSEEN: [&str; 3] = ["include!", "paste!", "concat_idents!"];

/// The names that the code of a workspace mentions; none where some of it is not seen.
pub fn mentioned(workspace: &Workspace, defs: &Defs) -> Option<HashSet<Ustr>> {
    let mut all = HashSet::default();
    for rust in &workspace.rust_files {
        all.extend(defs.file(rust.file)?.mentioned.iter().copied());
    }
    let is_all_seen = !UNSEEN.iter().any(|name| all.contains(&ustr(name)));
    is_all_seen.then_some(all)
}

/// Whether an attribute of an `impl` or trait calls none of its methods by itself.
fn leaves_methods(attribute: &Attribute) -> bool {
    is_inert(attribute) || attribute.path.last().is_some_and(|name| name == "async_trait")
}
