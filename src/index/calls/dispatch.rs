//! Which implementor a call through a trait goes to: where it is made on what the function around it is given, each caller says which that is.

use crate::facts::model::{NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;

/// On a way outwards: what a function has to be given for the way to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::index) struct Wanted {
    /// The parameter; none is the receiver.
    parameter: Option<usize>,
    /// The implementor that the call inside went to.
    implementor: TypeId,
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
        let block = self.defs().impl_of(function)?.index();
        self.signatures().impl_traits[block].as_ref()?;
        self.receiver_type(function)
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
