//! Whether what a request does ends with the request: its future is dropped when the client goes away, and whatever it waits in begins no further.
//! Does not say what is lost by that.

use crate::catalogue::{Calls, Runs};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};

/// What runs so goes on without whoever started it.
const APART: [Runs; 3] = [Runs::Task, Runs::Thread, Runs::Blocking];

impl Index {
    /// Whether a site that runs for each request is part of the future that answers it: nothing on the way to it is a task or thread of its own, and the
    /// connection was not taken over from the request, as a WebSocket's is.
    pub fn ends_with_its_request(&self, site: Site, repeated: &Repeated) -> bool {
        let mut way = std::iter::once(&site).chain(&repeated.way);
        repeated.repeats == Repeats::Request && !way.any(|at| self.goes_on_alone(*at) || self.takes_over(*at))
    }

    /// Whether a site, or the function that is called there, runs as a task or on a thread.
    fn goes_on_alone(&self, site: Site) -> bool {
        let called = self.calls.callees(site.body).iter().filter(|call| call.site == site);
        APART.iter().any(|runs| self.runs_in(site, *runs)) || called.into_iter().any(|call| APART.contains(&call.runs))
    }

    /// Whether the function around a site, or a closure in it, is given to a call that upgrades a request to a connection of another protocol.
    fn takes_over(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let around = facts.outwards(facts.node(site.node).region).filter_map(|(region, _)| info.region_node(region));
        let named = self.function_of(site.body).into_iter().flat_map(|function| self.calls.callers(function));
        let mut given = around.map(|node| Site { node, ..site }).chain(named.map(|call| call.site));
        given.any(|value| self.upgrades(value) || self.user(value).is_some_and(|user| self.upgrades(user)))
    }

    fn upgrades(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Upgrades, path))
    }

    /// What a value is an operand of.
    fn user(&self, value: Site) -> Option<Site> {
        self.info(value.body).parent(value.node).map(|node| Site { node, ..value })
    }
}
