//! How other calls of the same function treat its error: whoever passes it on or names it there shows that it means something. Knows nothing of what the error
//! stems from.

use crate::facts::model::{Body, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;

impl Index {
    /// Another call of the function that a call goes to, in code that is no test, whose error is passed on or named.
    pub fn sibling_that_looks(&self, call: Site) -> Option<Site> {
        let (Callee::Workspace(function) | Callee::Trait(function)) = self.callee(call)? else { return None };
        let others = self.calls.callers(*function).iter().map(|other| other.site);
        let mut shipped = others.filter(|other| *other != call && !self.is_test(other.body));
        shipped.find(|other| self.error_is_taken_up(*other))
    }

    /// Whether the error of a call goes on to the caller, or into a branch that has it by name.
    fn error_is_taken_up(&self, call: Site) -> bool {
        let view = self.view(call.body);
        let mut at = call.node;
        while let Some(user) = view.info.parent(at) {
            let named = |names: bool| names && view.ty(at).is_result();
            match view.op(user) {
                Op::Try(_) => return view.ty(at).is_result(),
                Op::Await(_) => at = user,
                Op::Method { receiver, .. } if *receiver == at && view.ty(user).is_result() => at = user,
                Op::Match { arms, .. } => {
                    return named(arms.iter().any(|arm| arm.pattern.is_err() && !arm.pattern.ignores_error()));
                }
                Op::Let { pattern, .. } => return named(pattern.is_err() && !pattern.ignores_error()),
                _ => return false,
            }
        }
        self.is_given_back(call.body, at)
    }

    fn is_given_back(&self, body: BodyRef, value: NodeId) -> bool {
        self.body(body).region(Body::ROOT).value == Some(value) && self.info(body).ty(value).is_result()
    }
}
