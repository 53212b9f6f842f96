//! Which implementor a call through a trait goes to: the one that its value is seen to be made as, where all that it may be is seen; and where it is made on
//! what the function around it is given, each caller says which that is.

use rustc_hash::FxHashSet as HashSet;

use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::signatures::TypeKey;
use crate::index::declared::types::Ty;

/// On a way outwards: what a function has to be given for the way to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::index) struct Wanted {
    /// The parameter; none is the receiver.
    parameter: Option<usize>,
    /// The implementor that the call inside went to.
    implementor: TypeId,
}

/// The ways of calls through traits that are not taken: to implementors of another type than what is called on is seen to be made as.
pub(in crate::index) fn untaken(index: &Index) -> HashSet<(Site, FnId)> {
    let mut untaken = HashSet::default();
    for (body, _, info) in index.bodies() {
        for (node, callee) in &info.callees {
            let Callee::Trait(function) = callee else { continue };
            let site = Site { body, node: *node };
            let is_method = index.defs().function(*function).receiver.is_some();
            let Some(of) = index.defs().trait_of(*function).filter(|_| is_method) else { continue };
            let targets = index.may_call(site, *function);
            if targets.len() < 2 {
                continue;
            }
            let Some(receiver) = index.operand_for(site, *function, None) else { continue };
            let Some(behind) = index.implementors_behind(Site { node: receiver, ..site }, of) else { continue };
            let is_other = |to: &FnId| index.implemented_for(*to).is_some_and(|ty| !behind.contains(&ty));
            if targets.iter().any(|to| !is_other(to) && index.hands_itself_on_unseen(*to)) {
                continue;
            }
            untaken.extend(targets.into_iter().filter(is_other).map(|to| (site, to)));
        }
    }
    untaken
}

impl Index {
    /// Whether a call gives its function something else than is wanted. What is not known may be it.
    pub(in crate::index) fn gives_another_implementor(&self, call: &Call, wanted: Wanted) -> bool {
        let given = self.operand_for(call.site, call.to, wanted.parameter);
        given.is_some_and(|node| match self.ty(Site { node, ..call.site }).peeled() {
            Ty::Adt(id, _) => *id != wanted.implementor,
            _ => false,
        })
    }

    /// What the function around a call has to be given for the call to go where the way came from; `inner` is what is wanted of the called function.
    pub(in crate::index) fn wanted_of_caller(&self, call: &Call, inner: Option<Wanted>) -> Option<Wanted> {
        let (given, implementor) = match (self.callee(call.site)?, inner) {
            (Callee::Trait(_), _) => (self.operand_for(call.site, call.to, None)?, self.implementor(call.to)?),
            (_, Some(wanted)) => (self.operand_for(call.site, call.to, wanted.parameter)?, wanted.implementor),
            _ => return None,
        };
        let parameter = self.parameter_itself(Site { node: given, ..call.site })?;
        Some(Wanted { parameter, implementor })
    }

    /// The type that a function is a trait's method for.
    pub(in crate::index) fn implementor(&self, function: FnId) -> Option<TypeId> {
        self.defs().function(function).receiver.as_ref()?;
        match self.implemented_for(function)? {
            TypeKey::Adt(id) => Some(id),
            _ => None,
        }
    }

    /// Whether a method gives its own value to a macro of which nothing is known: it may pass the call on to what is in it.
    fn hands_itself_on_unseen(&self, function: FnId) -> bool {
        let Some(body) = self.linked_body(function) else { return false };
        let is_itself = |local: &LocalId| self.parameter_of(body, *local) == Some(None);
        let given =
            |node: &NodeId| matches!(&self.node(Site { body, node: *node }).op, Op::Local(local) if is_itself(local));
        self.body(body).iter().any(|(node, facts)| match &facts.op {
            Op::Macro(call) => {
                self.external(Site { body, node }).is_none()
                    && (call.mentions.iter().any(is_itself) || call.arguments.iter().any(given))
            }
            _ => false,
        })
    }

    /// What a function is a trait's method for; none where that may be any type.
    fn implemented_for(&self, function: FnId) -> Option<TypeKey> {
        let block = self.defs().impl_of(function)?;
        self.defs().impl_block(block).trait_path.as_ref()?;
        TypeKey::of(&self.signatures().impl_types[block.index()])
            .filter(|key| matches!(key, TypeKey::Adt(_) | TypeKey::Ext(_)))
    }

    /// The parameter that an expression is, lent or not.
    fn parameter_itself(&self, site: Site) -> Option<Option<usize>> {
        let lent = |at: &NodeId| match &self.node(Site { node: *at, ..site }).op {
            Op::Reference { of, .. } | Op::Deref(of) => Some(*of),
            _ => None,
        };
        let node = std::iter::successors(Some(site.node), lent).last()?;
        match self.node(Site { node, ..site }).op {
            Op::Local(local) => self.parameter_of(site.body, local),
            _ => None,
        }
    }
}
