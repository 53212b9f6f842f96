//! Whether what a request does ends with the request: where its framework drops the future of a handler when the client goes away, whatever that waits in
//! goes no further. Of other frameworks nothing is said. Does not say what is lost by that.

use crate::catalogue::Runs;
use crate::facts::model::Op;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::declared::defs::BodyRef;
use crate::index::{Index, Ty};

impl Index {
    /// Whether a site that runs for each request is part of the future that answers it, and that is dropped where the client goes away.
    pub fn ends_with_its_request(&self, site: Site, repeated: &Repeated) -> bool {
        let mut way = std::iter::once(&site).chain(&repeated.way);
        let handler = repeated.way.last().unwrap_or(&site).body;
        self.is_dropped_with_its_client(handler) && way.all(|at| self.is_awaited_in_place(*at))
    }

    /// Whether a function takes what only the handlers of such a framework are given.
    fn is_dropped_with_its_client(&self, handler: BodyRef) -> bool {
        let Some(function) = self.function_of(handler) else { return false };
        let mut parameters = self.signatures().functions[function.index()].parameters.iter();
        let cancelled = &self.catalogue().handlers().cancelled;
        parameters.any(|ty| matches!(ty.peeled(), Ty::Ext(path, _) if cancelled.contains(path)))
    }

    /// Whether a site, and what is called there, runs in the course of its function: in no task of its own, and in nothing that may run elsewhere.
    fn is_awaited_in_place(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut called = self.calls.callees(site.body).iter().filter(|call| call.site == site);
        let around = facts.outwards(facts.node(site.node).region).filter_map(|(region, _)| info.region_node(region));
        !self.runs_apart(site)
            && called.all(|call| matches!(call.runs, Runs::Inline | Runs::Iteration))
            && !around.into_iter().any(|node| self.is_given_away_unseen(Site { node, ..site }))
    }

    /// Whether a block of code is not waited for where it stands, or a closure is an argument of a call of which nothing is known.
    fn is_given_away_unseen(&self, code: Site) -> bool {
        let user = self.info(code.body).parent(code.node).map(|node| Site { node, ..code });
        match self.node(code).op {
            Op::Async { .. } => !user.is_some_and(|user| matches!(self.node(user).op, Op::Await(_))),
            Op::Closure { .. } => user.is_none_or(|call| self.callable(call).is_none()),
            _ => false,
        }
    }
}
