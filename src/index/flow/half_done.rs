//! Whether a transaction is committed although something that was to be done in it has failed. Knows nothing of what failed, or of who learns of it.

use crate::catalogue::Effect;
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::bodies::view::View;

impl View<'_> {
    /// The commit that comes behind a call, of a transaction that the call is lent: what it did by half lasts from then on.
    pub fn committed_behind(self, call: NodeId) -> Option<NodeId> {
        let lent = self.transactions_lent(call);
        self.facts.iter().map(|(node, _)| node).filter(|node| *node > call).find(|node| match self.op(*node) {
            Op::Method { receiver, .. } => {
                let callable = self.index.callable(self.site(*node));
                callable.is_some_and(|callable| callable.effect == Some(Effect::Finish))
                    && matches!(self.op(*receiver), Op::Local(local) if lent.contains(local))
                    && !self.index.exclusive(self.body, call, *node)
            }
            _ => false,
        })
    }

    /// The variables that hold a transaction and that a call is given by reference.
    fn transactions_lent(self, call: NodeId) -> Vec<LocalId> {
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = self.op(call) else { return Vec::new() };
        arguments.iter().filter_map(|argument| self.transaction_in(*argument)).collect()
    }

    /// `&transaction`, `&mut *transaction`, `Some(&transaction)`
    fn transaction_in(self, argument: NodeId) -> Option<LocalId> {
        match self.op(argument) {
            Op::Reference { of, .. } | Op::Deref(of) => self.transaction_in(*of),
            Op::Call { arguments, .. } => arguments.iter().find_map(|given| self.transaction_in(*given)),
            Op::Local(local) => self.index.is_kind(self.ty(argument), "transaction").then_some(*local),
            _ => None,
        }
    }
}
