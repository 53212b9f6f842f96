//! What only runs where somebody changes something outside of the program: a file that is watched, a signal that is sent. Such a change may come by way of
//! channels that only those who learn of one send into. It comes at the pace of a person, and not at that of the program's work.

use std::collections::BTreeMap;

use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::{LoopKind, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::declared::defs::BodyRef;

/// Through how many channels and callers a change is followed.
const FUEL: u32 = 6;

impl Index {
    /// Whether what repeats a site is a loop that only changes from outside set going.
    pub fn is_repeated_by_change(&self, repeated: &Repeated) -> bool {
        repeated.in_loop.is_some_and(|(body, region)| self.turns_on_change(body, region))
    }

    /// Whether only changes from outside set a loop going.
    pub fn turns_on_change(&self, body: BodyRef, region: RegionId) -> bool {
        self.turns_so(body, region, FUEL)
    }

    fn turns_so(&self, body: BodyRef, region: RegionId, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let Some(owner) = self.info(body).region_node(region) else { return false };
        if let Op::Loop { kind: LoopKind::For { iterated, .. }, .. } = self.body(body).node(owner).op {
            let iterated = Site { body, node: iterated };
            return self.is_receiver(self.ty(iterated)) && self.is_fed_by_change(iterated, fuel);
        }
        let sets_going: Vec<Site> = self.call_sites(body).filter(|call| self.sets_going(*call, region)).collect();
        !sets_going.is_empty() && sets_going.into_iter().all(|call| self.hears_of_change(call, fuel))
    }

    /// Whether a call is a wait of this very loop, after which its turn begins: not for the word to stop, nor for a moment in a turn.
    fn sets_going(&self, call: Site, region: RegionId) -> bool {
        let Some(path) = self.external(call) else {
            return (self.takes_connection(call) || self.waits_for_signal(call)) && self.is_in_turn(call, region);
        };
        let lists = |list| self.catalogue().lists(list, path);
        let hears = self.hears_a_signal(path);
        let waits = hears || [Calls::Waits, Calls::Receives, Calls::Accepts, Calls::BoundsTime].into_iter().any(lists);
        let rests = || lists(Calls::Pauses) && !lists(Calls::BoundsTime) && self.raced_by(call).is_none();
        waits && (hears || !lists(Calls::Stops)) && self.is_in_turn(call, region) && !rests()
    }

    /// Whether a loop is the innermost around a call.
    fn is_in_turn(&self, call: Site, region: RegionId) -> bool {
        let facts = self.body(call.body);
        let mut around = facts.outwards(facts.node(call.node).region);
        around.find(|(_, r)| r.kind == RegionKind::Loop).is_some_and(|(innermost, _)| innermost == region)
    }

    /// Whether a wait is over where something has changed outside.
    fn hears_of_change(&self, wait: Site, fuel: u32) -> bool {
        if self.external(wait).is_some_and(|path| self.hears_a_signal(path)) || self.waits_for_signal(wait) {
            return true;
        }
        match self.node(wait).op {
            Op::Method { receiver, .. } => self.is_fed_by_change(Site { node: receiver, ..wait }, fuel),
            _ => false,
        }
    }

    /// Whether a call of a library listens to a signal of the system, one by name or whichever comes.
    pub(in crate::index) fn hears_a_signal(&self, path: Ustr) -> bool {
        self.catalogue().lists(Calls::Hears, path) || self.catalogue().signal(path).is_some()
    }

    /// Whether all that is sent into the channel of a receiver is sent where something has changed.
    fn is_fed_by_change(&self, receiver: Site, fuel: u32) -> bool {
        let channels = self.channels_behind(receiver);
        let comes_so = |channel: &Site| {
            let sends = self.sent_into().get(channel);
            sends.is_some_and(|sends| sends.iter().all(|send| self.comes_with_change(*send, fuel)))
        };
        !channels.is_empty() && channels.iter().all(comes_so)
    }

    /// The calls that send into each channel, tests aside, by the call that makes it.
    fn sent_into(&self) -> &BTreeMap<Site, Vec<Site>> {
        self.sends.get_or_init(|| {
            let mut sends: BTreeMap<Site, Vec<Site>> = BTreeMap::new();
            for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
                for site in facts.iter().map(|(node, _)| Site { body, node }) {
                    let Op::Method { receiver, .. } = self.node(site).op else { continue };
                    if self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Sends, path)) {
                        for channel in self.channels_behind(Site { node: receiver, ..site }) {
                            sends.entry(channel).or_default().push(site);
                        }
                    }
                }
            }
            sends
        })
    }

    /// Whether a place is only come to where something has changed outside.
    fn comes_with_change(&self, site: Site, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let (facts, info) = (self.body(site.body), self.info(site.body));
        for (region, around) in facts.outwards(facts.node(site.node).region) {
            match around.kind {
                RegionKind::Closure | RegionKind::Async if info.runs.get(&region) == Some(&Runs::Change) => {
                    return true;
                }
                RegionKind::Loop if self.turns_so(site.body, region, fuel) => return true,
                RegionKind::Loop if self.is_work_loop(site.body, region) => return false,
                _ => {}
            }
        }
        let Some(function) = self.function_of(site.body) else { return false };
        let mut calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body)).peekable();
        calls.peek().is_some() && calls.all(|call| call.runs == Runs::Change || self.comes_with_change(call.site, fuel))
    }
}
