//! Whether code runs while things are being ended: in a destructor, in a function that closes, after a cancellation or a signal.

use crate::catalogue::Runs;
use crate::facts::model::{NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};

/// Through how many callers it is looked whether all of them end things.
const CALLERS: u32 = 3;

/// What functions that end things are called, alone or as a word of a longer name.
const ENDING: &[&str] = &[
    "drop",
    "close",
    "closes",
    "shutdown",
    "stop",
    "teardown",
    "cleanup",
    "disconnect",
    "logout",
    "terminate",
    "abort",
    "kill",
    "quit",
    "exit",
    "cancel",
    "unregister",
    "unsubscribe",
];

/// What methods are called that end all of what they are called on: the others may mean one of many things that it has.
const ENDING_ALL: &[&str] = &[
    "close",
    "shutdown",
    "shut_down",
    "graceful_shutdown",
    "stop",
    "teardown",
    "tear_down",
    "disconnect",
    "terminate",
];

impl Index {
    /// Whether a place runs while what it works with is being ended.
    pub fn is_teardown(&self, site: Site) -> bool {
        self.runs_in(site, Runs::Shutdown)
            || self.function_of(site.body).is_some_and(|function| self.ends_things(function, CALLERS))
            || self.comes_after_end(site)
    }

    /// Whether a function is there to end things, by its name or because nothing else calls it.
    fn ends_things(&self, function: FnId, fuel: u32) -> bool {
        if self.is_named_as_end(function) {
            return true;
        }
        let callers: Vec<BodyRef> = self
            .calls
            .callers(function)
            .iter()
            .map(|call| call.site.body)
            .filter(|body| !self.is_test(*body))
            .collect();
        fuel > 0
            && !callers.is_empty()
            && callers
                .iter()
                .all(|body| self.function_of(*body).is_some_and(|caller| self.ends_things(caller, fuel - 1)))
    }

    /// Whether a call of a method of the workspace ends what it is called on, as its name says.
    pub fn is_an_end(&self, call: Site) -> bool {
        let Some(Callee::Workspace(function) | Callee::Trait(function)) = self.callee(call) else { return false };
        self.is_named_as_end(*function)
    }

    /// Whether a function is named after an end of something.
    pub fn is_named_as_end(&self, function: FnId) -> bool {
        is_named_as_end(&self.defs().function(function).name)
    }

    /// Whether a method ends all of what it is called on, as its name says.
    pub fn is_named_as_end_of_all(&self, method: FnId) -> bool {
        ENDING_ALL.contains(&self.defs().function(method).name.as_str())
    }

    /// Whether something was cancelled, aborted or closed, or a signal arrived, before a site is reached: earlier in a block around it.
    fn comes_after_end(&self, site: Site) -> bool {
        let body = self.body(site.body);
        let around: Vec<_> = body.outwards(body.node(site.node).region).map(|(region, _)| region).collect();
        body.iter().take(site.node.index()).any(|(node, facts)| {
            around.contains(&facts.region) && self.begins_the_end(Site { node, ..site }, &facts.op)
        })
    }

    fn begins_the_end(&self, site: Site, op: &Op) -> bool {
        let is_signal = || self.external(site).is_some_and(|path| self.catalogue().signal(path).is_some());
        match op {
            Op::Method { receiver, name, .. } => self.ends(Site { node: *receiver, ..site }, name) || is_signal(),
            Op::Call { .. } => is_signal(),
            Op::Await(of) => self.waits_for_signal(Site { node: *of, ..site }),
            _ => false,
        }
    }

    /// Whether a method is one that ends the task, token or set it is called on.
    fn ends(&self, receiver: Site, name: &str) -> bool {
        self.entry_of(self.ty(receiver)).is_some_and(|entry| {
            let stops = entry.kind.is_some_and(|kind| {
                matches!(kind.as_str(), "task-handle" | "task-set" | "cancellation-token" | "task-tracker")
            });
            stops && entry.close_names().any(|close| close == name)
        })
    }

    /// Whether a function of the workspace that is awaited listens to a signal.
    pub(in crate::index) fn waits_for_signal(&self, site: Site) -> bool {
        self.called_directly(site).is_some_and(|body| {
            self.info(body).callees.keys().any(|node: &NodeId| {
                self.external(Site { body, node: *node }).is_some_and(|path| self.catalogue().signal(path).is_some())
            })
        })
    }
}

/// Whether a function is named after an end, alone or with a word of it.
fn is_named_as_end(name: &str) -> bool {
    name.split('_').any(|word| ENDING.contains(&word)) || name.starts_with("shut_down")
}
