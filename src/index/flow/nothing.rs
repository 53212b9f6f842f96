//! Whether an error that may say no more than that nothing is there is taken for more than that: what shows it, from how the function that failed tells of
//! what is not there, from what is made of nothing, and from how others treat the same error. Asked only where an error looks like nothing.

use crate::catalogue::Effect;
use crate::facts::model::{NodeId, Op, PatternKind};
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::flow::effects::Effected;
use crate::index::flow::vanishing::{Vanished, Way};

/// What speaks against taking an error for nothing.
#[derive(Debug, Clone, Copy)]
pub enum Against {
    /// Something is stored here in the place of what could not be read.
    StoredAnew(Site),
    /// What is not there is told apart from errors, and nothing is the whole answer.
    WholeAnswer,
    /// The error of the same call is passed on or named here.
    TakenSeriously(Site),
}

impl View<'_> {
    /// What shows that the error of a read is taken for more than it says: something is stored in its stead, nothing is the whole answer although the function that
    /// failed has an answer of its own for what is not there, or the same call is taken seriously elsewhere.
    pub fn against_nothing(self, node: NodeId, vanished: Vanished, effected: &Effected) -> Option<Against> {
        let Vanished { value, way, .. } = vanished;
        if let Some(at) = self.made_anew(node, value, effected, way) {
            return Some(Against::StoredAnew(at));
        }
        let is_kept = matches!(effected.effect, Effect::Database | Effect::Storage) && effected.looks;
        let call = effected.chain.first().copied().filter(|_| is_kept)?;
        if !self.tells_nothing_apart(call, value) {
            return None;
        }
        if self.is_the_answer(node, way) {
            return Some(Against::WholeAnswer);
        }
        let serves = || self.index.services_reaching(self.body).next().is_some();
        let counts = !matches!(way, Way::Underscore | Way::Dropped | Way::Ok | Way::Several)
            && !self.is_a_part(node)
            && !self.fails_later(node, effected);
        let at = self.index.sibling_that_looks(call).filter(|_| counts && serves())?;
        Some(Against::TakenSeriously(at))
    }

    /// The call that stores something in the place of what could not be read, as if there had been nothing.
    fn made_anew(self, node: NodeId, value: NodeId, effected: &Effected, way: Way) -> Option<Site> {
        let is_store = matches!(effected.effect, Effect::File | Effect::Database | Effect::Storage);
        if !is_store || !effected.looks && effected.effect != Effect::File {
            return None;
        }
        let leaves = match self.op(node) {
            Op::Try(_) => true,
            Op::Bind { otherwise, .. } => otherwise.is_some(),
            _ => way == Way::Otherwise,
        };
        match way {
            Way::Absent | Way::Otherwise | Way::Default | Way::Instead(_) if leaves => {
                self.stored_anew_by_callers(value, effected.effect)
            }
            Way::Absent | Way::Default | Way::Instead(_) => self.stored_anew(node, value, effected.effect),
            _ => None,
        }
    }

    /// Whether the function that failed tells by something else than an error that nothing is there: it may come to `None`, or to a collection with nothing in it.
    fn tells_nothing_apart(self, call: Site, value: NodeId) -> bool {
        let gone = self.ty(value).tried();
        let gives_something = |body: BodyRef| {
            let view = self.index.view(body);
            let is_some = |node: NodeId| match view.op(node) {
                Op::Call { arguments, .. } if view.index.is_ok(view.site(node)) => arguments.iter().all(|given| {
                    matches!(view.op(*given), Op::Call { callee, .. }
                        if matches!(view.op(*callee), Op::Path(path) if path.last() == "Some"))
                }),
                _ => view.index.is_failure(view.site(node)),
            };
            view.index.returned_values(body).into_iter().all(is_some)
        };
        let may_be_none = || !self.index.called_directly(call).is_some_and(gives_something);
        match gone.is_option() {
            true => may_be_none(),
            false => !self.index.element(&gone).is_unknown(),
        }
    }

    /// Whether nothing is the whole answer of a function that may fail, or is asked by a client.
    fn is_the_answer(self, node: NodeId, way: Way) -> bool {
        let fails = self.index.output(self.body).is_some_and(|output| self.index.awaited(output).is_result());
        let function = || self.index.function_of(self.body);
        let is_asked = || function().is_some_and(|function| self.index.handler(function).is_some());
        let is_whole = matches!(way, Way::Default | Way::Instead(_) | Way::Otherwise) && !self.ty(node).is_option();
        is_whole && (fails || is_asked())
    }

    /// Whether what may be missing is handed on as such, or what is made of it, as one part of something among others.
    fn is_a_part(self, node: NodeId) -> bool {
        let Some(user) = self.info.parent(node) else { return false };
        match self.op(user) {
            Op::Struct { .. } => true,
            Op::Call { arguments, .. } => arguments.contains(&node),
            Op::Method { receiver, arguments, .. } if *receiver == node => arguments.len() < 2 && self.is_a_part(user),
            Op::Method { arguments, .. } => arguments.contains(&node),
            Op::Reference { .. } | Op::Await(_) => self.is_a_part(user),
            Op::Bind { pattern, otherwise: None, .. } => match pattern.kind {
                PatternKind::Bind { local, of: None } => self.facts.uses(local).all(|used| self.is_a_part(used)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the function comes to another operation of the same kind in any case, and passes on its failure: if the store is away, that fails as well.
    fn fails_later(self, node: NodeId, effected: &Effected) -> bool {
        let is_same =
            |tried: NodeId| self.index.effect(self.site(tried)).is_some_and(|found| found.effect == effected.effect);
        let is_come_to = |tried: NodeId| {
            let region = self.facts.node(tried).region;
            tried > node && self.facts.outwards(self.facts.node(node).region).any(|(around, _)| around == region)
        };
        self.index.passed_on(self.body).into_iter().any(|tried| is_come_to(tried) && is_same(tried))
    }
}
