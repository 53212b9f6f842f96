//! How often code comes to be run, where the sources say so in plain numbers: by the pause of a loop, or by a look at the clock before.

use std::time::Duration;

use crate::catalogue::Calls;
use crate::facts::model::{NodeId, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::declared::defs::BodyRef;

/// What runs with more time than this in between leaves nothing behind that the next run could use: connections are not kept idle for long.
const RARELY: Duration = Duration::from_secs(60);

impl Index {
    /// Whether a site that runs again and again is proved to do so rarely.
    pub fn is_rare(&self, site: Site, repeated: &Repeated) -> bool {
        let paced = repeated.in_loop.and_then(|(body, region)| self.pace(body, region));
        paced.is_some_and(|pace| pace > RARELY)
            || std::iter::once(site).chain(repeated.way.iter().copied()).any(|site| self.looks_at_the_clock(site))
    }

    /// Whether a site is followed, in its body, by a loop that only lets time pass between its turns: what is made before is made for that loop.
    pub fn comes_before_a_heartbeat(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        let later = facts.iter().skip(site.node.index() + 1).filter_map(|(_, node)| match node.op {
            Op::Loop { region, .. } => Some(region),
            _ => None,
        });
        let around = |region: RegionId| facts.outwards(facts.node(site.node).region).any(|(at, _)| at == region);
        later.into_iter().any(|region| {
            !around(region) && self.is_timed_loop(site.body, region) && self.only_lets_time_pass(site.body, region)
        })
    }

    /// The shortest pause of a loop, where each of its turns makes one and nothing else sets it going.
    fn pace(&self, body: BodyRef, region: RegionId) -> Option<Duration> {
        if !self.only_lets_time_pass(body, region) {
            return None;
        }
        let (facts, info) = (self.body(body), self.info(body));
        let is_pause = |node: &NodeId| {
            self.external(Site { body, node: *node })
                .is_some_and(|path| self.catalogue().lists(Calls::Pauses, path) && !path.ends_with("::timeout"))
        };
        let pauses = info.callees.keys().copied().filter(|node| facts.node(*node).region == region && is_pause(node));
        let lengths: Option<Vec<Duration>> = pauses.map(|node| self.length(Site { body, node })).collect();
        lengths?.into_iter().min()
    }

    /// Whether all that a loop waits for is time, and the word to stop.
    fn only_lets_time_pass(&self, body: BodyRef, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let catalogue = self.catalogue();
        info.callees.keys().filter(|node| facts.is_inside(facts.node(**node).region, region)).all(|node| {
            let Some(path) = self.external(Site { body, node: *node }) else { return true };
            let waits = [Calls::Waits, Calls::Accepts, Calls::Receives].iter().any(|list| catalogue.lists(*list, path));
            !waits || [Calls::Pauses, Calls::Stops].iter().any(|list| catalogue.lists(*list, path))
        })
    }

    /// How long a call lets pass: what it is given, or what the interval that it is called on was made with.
    fn length(&self, call: Site) -> Option<Duration> {
        match &self.node(call).op {
            Op::Method { receiver, arguments, .. } if arguments.is_empty() => {
                match self.node(Site { node: *receiver, ..call }).op {
                    Op::Local(local) => self.duration_argument(Site { node: self.init_of(call.body, local)?, ..call }),
                    _ => None,
                }
            }
            _ => self.duration_argument(call),
        }
    }

    /// Whether a site only runs where long enough has passed: `if last.elapsed() > DAY`.
    fn looks_at_the_clock(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut around = facts.outwards(facts.node(site.node).region).filter(|(_, r)| r.kind == RegionKind::Branch);
        around.any(|(region, _)| match info.region_node(region).map(|owner| &facts.node(owner).op) {
            Some(Op::If { condition, then, .. }) => {
                *then == region && self.compares_elapsed(Site { node: *condition, ..site })
            }
            _ => false,
        })
    }

    fn compares_elapsed(&self, condition: Site) -> bool {
        let Op::Binary { left, right, is_bool: true } = self.node(condition).op else { return false };
        let (left, right) = (Site { node: left, ..condition }, Site { node: right, ..condition });
        let elapsed = self.external(left).is_some_and(|path| path.ends_with("::elapsed"));
        elapsed && self.literal_duration(right).is_some_and(|least| least >= RARELY)
            || self.compares_elapsed(left)
            || self.compares_elapsed(right)
    }
}
