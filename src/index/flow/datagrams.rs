//! Waits for the answer to a datagram that was sent right before: it may be lost on either way, and then there is none. Knows nothing of deadlines around
//! them, only of those that are set for the socket.

use crate::catalogue::Calls;
use crate::facts::model::Op;
use crate::index::Index;
use crate::index::calls::Site;

impl Index {
    /// Where code that is no test waits for the answer to a datagram, and the call that sent it.
    pub fn datagram_answers(&self) -> Vec<(Site, Site)> {
        self.shipped_sites().filter_map(|site| Some((site, self.datagram_before(site)?))).collect()
    }

    /// The call before a wait for a datagram that sent one on the same socket, as often as it is waited for one.
    fn datagram_before(&self, wait: Site) -> Option<Site> {
        let Op::Await(of) = self.node(wait).op else { return None };
        let call = Site { node: of, ..wait };
        let path = self.external(call).filter(|path| self.catalogue().lists(Calls::Datagrams, *path))?;
        let socket = self.receiver_of(call).and_then(|socket| self.place(socket))?;
        let (facts, kind) = (self.body(wait.body), path.rsplit_once("::")?.0);
        let on_socket =
            |site: Site| self.receiver_of(site).and_then(|on| self.place(on)).is_some_and(|on| on == socket);
        let calls = || facts.iter().map(|(node, _)| Site { node, ..wait }).filter(|site| on_socket(*site));
        if calls().any(|site| self.limits_a_socket(site)) {
            return None;
        }
        let turn = |site: Site| self.loops_around(site).first().map(|around| around.region);
        let sends = |site: &Site| {
            let name = self.external(*site).and_then(|path| path.as_str().rsplit_once("::"));
            name.is_some_and(|(owner, name)| owner == kind && name.starts_with("send"))
        };
        let before = |site: &Site| {
            site.node < call.node
                && turn(*site) == turn(wait)
                && self.frame_of(*site) == self.frame_of(wait)
                && !self.exclusive(wait.body, site.node, wait.node)
        };
        calls().filter(|site| sends(site) && before(site)).last()
    }

    /// What a method is called on.
    fn receiver_of(&self, call: Site) -> Option<Site> {
        match self.node(call).op {
            Op::Method { receiver, .. } => Some(Site { node: receiver, ..call }),
            _ => None,
        }
    }
}
