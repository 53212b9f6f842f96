//! Whether something around a call bounds how long it may take: a call that gives up after a while, another arm of `select!`, a layer around all
//! requests; here, or around what leads here.

use rustc_hash::FxHashMap as HashMap;

use super::Index;
use super::calls::Site;
use super::contexts::Repeats;
use super::defs::*;
use super::types::Ty;
use crate::catalogue::Calls;
use crate::facts::model::*;

/// Around which of the calls that lead to a place something has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// One of them: the place may be bounded.
    Some,
    /// Each of them: the place is bounded.
    All,
}

/// Through how many callers something around a call is looked for.
const CALLERS: u32 = 5;

impl Index {
    /// Whether something around a call bounds how long it may take.
    pub fn is_bounded_in_time(&self, site: Site, callers: Callers) -> bool {
        self.is_bounded_through(site, callers, &mut HashMap::default(), CALLERS)
    }

    fn is_bounded_through(&self, site: Site, which: Callers, known: &mut HashMap<FnId, bool>, fuel: u32) -> bool {
        if self.is_bounded_here(site) {
            return true;
        }
        let Some(function) = self.function_of(site.body).filter(|_| fuel > 0) else { return false };
        if let Some(bounded) = known.get(&function) {
            return *bounded;
        }
        // What calls itself is not bounded by that.
        known.insert(function, false);
        let calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        let mut bounded = calls.map(|call| self.is_bounded_through(call.site, which, known, fuel - 1)).peekable();
        let bounded = match which {
            Callers::Some => bounded.any(|bounded| bounded),
            Callers::All => bounded.peek().is_some() && bounded.all(|bounded| bounded),
        };
        known.insert(function, bounded);
        bounded
    }

    fn is_bounded_here(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut at = site.node;
        while let Some(around) = info.parent(at).or_else(|| info.region_node(facts.node(at).region)) {
            let bounded = match &facts.node(around).op {
                // Another arm may win, and the future is dropped.
                Op::Select { arms, .. } => arms.len() > 1 && arms.iter().any(|arm| arm.future == at),
                // A future that is made here and polled by name.
                Op::Bind { pattern, .. } => {
                    pattern.locals().into_iter().any(|local| self.is_polled_in_time(site.body, local))
                }
                _ => self.bounds_time(Site { node: around, ..site }),
            };
            if bounded {
                return true;
            }
            at = around;
        }
        false
    }

    /// Whether a variable is given to a call that bounds time, or to a `select!` with another arm.
    fn is_polled_in_time(&self, body: BodyRef, local: LocalId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let polled = |node: NodeId| {
            let mut around = std::iter::successors(info.parent(node), |at| info.parent(*at));
            let outer = around.find(|at| !matches!(facts.node(*at).op, Op::Reference { .. }))?;
            match &facts.node(outer).op {
                Op::Select { arms, .. } => Some(arms.len() > 1),
                _ => Some(self.bounds_time(Site { body, node: outer })),
            }
        };
        let mut uses = facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(used) if used == local));
        uses.any(|(node, _)| polled(node).unwrap_or(false))
    }

    /// Whether a call bounds in time what it is given.
    pub fn bounds_time(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::BoundsTime, path))
    }

    /// Whether a call of a service may wait forever: nothing around it gives up.
    pub fn waits_without_end(&self, site: Site) -> bool {
        let layered = || self.is_layered() && self.repeated(site).is_some_and(|r| r.repeats == Repeats::Request);
        let serves = self.services_reaching(site.body).next().is_some();
        serves && !self.is_bounded_in_time(site, Callers::Some) && !layered()
    }

    /// Whether a layer around a server bounds the time of all its requests.
    fn is_layered(&self) -> bool {
        *self.layered.get_or_init(|| {
            self.bodies().filter(|(body, ..)| !self.is_test(*body)).any(|(body, facts, info)| {
                facts.iter().any(|(node, n)| {
                    let takes_a_future = match &n.op {
                        Op::Call { arguments, .. } | Op::Method { arguments, .. } => {
                            arguments.len() > 1
                                || arguments.iter().any(|argument| matches!(info.ty(*argument), Ty::Future(_)))
                        }
                        _ => true,
                    };
                    !takes_a_future && self.bounds_time(Site { body, node })
                })
            })
        })
    }
}
