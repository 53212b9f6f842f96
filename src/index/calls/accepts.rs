//! Where the next connection is taken: by a call of a library, or by one of a function of the workspace that takes it and comes back.

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::Calls;
use crate::facts::model::RegionKind;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Site, targets};
use crate::index::declared::defs::*;

impl Index {
    /// Whether a call takes the next connection, here or in a function of the workspace that it may go to.
    pub fn takes_connection(&self, call: Site) -> bool {
        match self.callee(call) {
            Some(Callee::External(path)) => self.catalogue().lists(Calls::Accepts, *path),
            Some(Callee::Workspace(function) | Callee::Trait(function)) => {
                let taking = self.connection_takers();
                !taking.is_empty() && targets(&self.outline, *function).iter().any(|to| taking.contains(to))
            }
            _ => false,
        }
    }

    /// The functions that take a connection and come back.
    fn connection_takers(&self) -> &HashSet<FnId> {
        self.taking.get_or_init(|| {
            let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body)).map(|(body, ..)| body);
            shipped.filter(|body| self.takes_one(*body)).filter_map(|body| self.function_of(body)).collect()
        })
    }

    /// Whether a body itself takes a connection, in no loop, or in one that it leaves again.
    fn takes_one(&self, body: BodyRef) -> bool {
        let accepts =
            |site: &Site| self.external(*site).is_some_and(|path| self.catalogue().lists(Calls::Accepts, path));
        let itself = |site: &Site| self.is_run_by_body_itself(*site);
        let comes_back = |site: Site| {
            self.loops_around(site).iter().all(|around| !around.over_items && self.can_leave(body, around.region))
        };
        self.call_sites(body).filter(accepts).filter(itself).any(comes_back)
    }

    /// Whether a place is run where its body is, and not in a closure or a future that stands in it.
    pub fn is_run_by_body_itself(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        let mut around = facts.outwards(facts.node(site.node).region);
        !around.any(|(_, region)| matches!(region.kind, RegionKind::Closure | RegionKind::Async))
    }
}
