//! Whether what is received from a channel is written to a peer, and for as long as that peer likes: a socket whose buffers are full takes nothing until the
//! other side reads. Does not know who sends into the channel.

use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry};
use crate::facts::model::Op;
use crate::index::calls::Site;
use crate::index::flow::time_bounds::{Bound, Callers};
use crate::index::{Index, Ty};

impl Index {
    /// What writes each message that a site receives to a peer, with nothing around that gives up where the peer does not read.
    pub fn written_to_a_peer(&self, receive: Site) -> Option<Site> {
        let waits = |site: Site| !self.is_bounded_in_time(site, Callers::Some, Bound::ByClock);
        if self.forwards_to_a_peer(receive) {
            return Some(receive).filter(|site| waits(*site));
        }
        self.done_per_message(receive, &|site| self.writes_to_a_peer(site) && waits(site))
    }

    fn forwards_to_a_peer(&self, call: Site) -> bool {
        let Op::Method { arguments, .. } = &self.node(call).op else { return false };
        let mut given = arguments.iter().map(|node| Site { node: *node, ..call });
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Forwards, path))
            && given.any(|sink| self.speaks_to_a_peer(self.ty(sink)))
    }

    fn writes_to_a_peer(&self, call: Site) -> bool {
        let Op::Method { receiver, name, .. } = self.node(call).op else { return false };
        let gives =
            |called: Ustr| [Calls::Writes, Calls::Messages].iter().any(|calls| self.catalogue().lists(*calls, called));
        (gives(name) || self.external(call).is_some_and(gives))
            && self.speaks_to_a_peer(self.ty(Site { node: receiver, ..call }))
    }

    /// Whether a type is a connection to a peer or the writing end of one, or wraps one.
    fn speaks_to_a_peer(&self, ty: &Ty) -> bool {
        let Ty::Ext(path, arguments) = ty.peeled() else { return false };
        let wraps = |entry: &TypeEntry| {
            let mut held = entry.params.iter().zip(arguments).filter(|(name, _)| entry.holds.contains(name));
            held.any(|(_, of)| self.speaks_to_a_peer(of))
        };
        self.catalogue().lists_a_member(Calls::Messages, *path) || self.catalogue().type_entry(*path).is_some_and(wraps)
    }
}
