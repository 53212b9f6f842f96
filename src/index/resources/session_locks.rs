//! Locks that a database holds for a session, taken and given back by statements: on which ways out of a function the second is skipped. A pooled session goes
//! on with the lock, for whoever is given it next.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::{Calls, Effect};
use crate::facts::model::*;
use crate::index::calls::Site;
use crate::index::flow::ways::Exit;
use crate::index::{Index, Ty};

/// A lock of a session that is given back on some ways out of a function only.
#[derive(Debug)]
pub struct SessionLock {
    /// The word of the statement that takes it.
    pub word: &'static str,
    pub taken: Site,
    pub given_back: Site,
    /// Where the function is left before that.
    pub left: Site,
}

impl Index {
    /// Locks of sessions that some ways out leave behind. In the order of files and places.
    pub fn kept_session_locks(&self) -> Vec<SessionLock> {
        self.shipped_sites().filter_map(|literal| self.kept_session_lock(literal)).collect()
    }

    fn kept_session_lock(&self, literal: Site) -> Option<SessionLock> {
        let word = self.lock_word(literal, Calls::LocksSession)?;
        let (body, facts) = (literal.body, self.body(literal.body));
        let taken = Site { node: *self.statements_with(literal).first()?, ..literal };
        if !self.is_of_a_lasting_session(taken) {
            return None;
        }
        let others = facts.iter().map(|(node, _)| Site { body, node });
        let unlocks = others.filter(|site| self.lock_word(*site, Calls::UnlocksSession).is_some());
        let ends: Vec<NodeId> =
            unlocks.flat_map(|literal| self.statements_with(literal)).filter(|end| *end > taken.node).collect();
        let frame = self.frame_of(taken);
        let settling: HashSet<NodeId> = ends.iter().filter_map(|end| self.seen_from(body, *end, frame)).collect();
        let ways = self.ways_out(taken, frame, &|node| settling.contains(&node));
        if !ways.settles_somewhere() {
            return None;
        }
        let mut left = ways.open().filter(|way| !way.settled && way.exit == Exit::Error).filter_map(|way| way.node);
        let left = left.find(|left| !self.is_without_the_lock(taken, *left))?;
        let at = |node: NodeId| Site { node, ..taken };
        Some(SessionLock { word, taken, given_back: at(*ends.last()?), left: at(left) })
    }

    /// The word of a list that a text has where it calls a function of the database.
    fn lock_word(&self, literal: Site, list: Calls) -> Option<&'static str> {
        let Op::Literal(Literal::Text(text)) = &self.node(literal).op else { return None };
        let text: &'static str = text.as_str();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.match_indices('(').find_map(|(at, _)| {
            let word = text[..at].rsplit(|c| !is_part(c)).next()?;
            self.catalogue().lists(list, ustr::ustr(&word.to_ascii_lowercase())).then_some(word)
        })
    }

    /// Where a text is sent to the database, also by way of a variable: what is awaited there, or the outermost call.
    fn statements_with(&self, literal: Site) -> Vec<NodeId> {
        let (facts, info) = (self.body(literal.body), self.info(literal.body));
        let mut around = std::iter::successors(info.parent(literal.node), |at| info.parent(*at));
        let outer = around.find_map(|at| match &facts.node(at).op {
            op @ (Op::Await(_) | Op::Bind { .. }) => Some(op),
            _ => None,
        });
        let Some(Op::Bind { pattern, init, .. }) = outer else {
            return self.sent_with(literal).into_iter().collect();
        };
        let [local] = pattern.locals()[..] else { return Vec::new() };
        let uses = facts.uses(local).map(|node| Site { node, ..literal });
        uses.filter(|used| Some(used.node) > *init).filter_map(|used| self.sent_with(used)).collect()
    }

    /// The awaited or outermost call around a value that talks to the database.
    fn sent_with(&self, value: Site) -> Option<NodeId> {
        let (facts, info) = (self.body(value.body), self.info(value.body));
        let around = std::iter::successors(info.parent(value.node), |at| info.parent(*at));
        let mut sent = None;
        for at in around {
            match facts.node(at).op {
                Op::Await(_) => return Some(at),
                Op::Call { .. } | Op::Method { .. }
                    if self.effect(Site { node: at, ..value }).is_some_and(|of| of.effect == Effect::Database) =>
                {
                    sent = Some(at);
                }
                Op::Bind { .. } => break,
                _ => {}
            }
        }
        sent
    }

    /// Whether the session that a statement runs in goes on after the function: a transaction is mostly one of a pool.
    fn is_of_a_lasting_session(&self, statement: Site) -> bool {
        let facts = self.body(statement.body);
        let range = facts.node(statement.node).range;
        let lasts = |ty: &Ty| self.is_kind(ty, "connection-pool") || self.is_kind(ty, "transaction");
        let mut inside = facts.iter().filter(|(_, n)| range.contains(n.range));
        inside.any(|(node, n)| matches!(n.op, Op::Local(_)) && lasts(self.ty(Site { node, ..statement })))
    }

    /// Whether a way out is taken where the lock was not had: the statement itself failed, or its answer is asked for.
    fn is_without_the_lock(&self, taken: Site, left: NodeId) -> bool {
        let (facts, info) = (self.body(taken.body), self.info(taken.body));
        let around = std::iter::successors(Some(taken.node), |at| info.parent(*at));
        let whole = around.last().unwrap_or(taken.node);
        let answers = match &facts.node(whole).op {
            Op::Bind { pattern, .. } => pattern.locals(),
            _ => Vec::new(),
        };
        let inside = |owner: NodeId| {
            let mut regions = facts.outwards(facts.node(left).region).map(|(region, _)| region);
            regions.any(|region| info.region_node(region) == Some(owner))
        };
        let asks = |owner: NodeId| {
            let asked = match &facts.node(owner).op {
                Op::If { condition, .. } => facts.node(*condition).range,
                Op::Match { scrutinee, .. } => facts.node(*scrutinee).range,
                _ => return false,
            };
            facts
                .iter()
                .any(|(_, n)| asked.contains(n.range) && matches!(n.op, Op::Local(local) if answers.contains(&local)))
        };
        facts.node(whole).range.contains(facts.node(left).range)
            || inside(whole)
            || facts.iter().any(|(owner, _)| asks(owner) && inside(owner))
    }
}
