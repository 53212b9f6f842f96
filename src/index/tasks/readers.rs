//! Whether a loop learns that nobody reads any more what it sends.

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, Op, RegionId};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::programs::kinds::Around;
use crate::source::Span;

/// A loop that is left where a send failed, while the one around it goes on for the reader that is gone.
#[derive(Debug, Clone, Copy)]
pub struct SendsOn {
    /// The send that fails once nobody reads any more.
    pub send: Site,
    /// The head of the loop that is left.
    pub left: Span,
    /// The head of the one that goes on.
    pub goes_on: Span,
}

impl Index {
    /// What a jump leaves behind a send that failed: an inner loop, where the one around it goes on and asks nothing of the reader.
    pub fn sends_on_after(&self, jump: Site) -> Option<SendsOn> {
        let facts = self.body(jump.body);
        let Op::Break(None) = facts.node(jump.node).op else { return None };
        let send = self.failed_send(jump)?;
        let inner = facts.jump_target(jump.node)?;
        let loops = self.loops_around(jump);
        let left = loops.iter().find(|around| around.region == inner)?;
        let goes_on =
            loops.iter().skip_while(|around| around.region != inner).skip(1).find(|around| !around.over_items)?;
        let outer = goes_on.region;
        if facts.is_run_apart(inner, outer) {
            return None;
        }
        let channel = self.channel_of(send)?;
        let outlives = !facts.is_inside(facts.local(channel).region, outer);
        let learns = facts.iter().any(|(node, n)| {
            let site = Site { node, ..jump };
            let asks = || site != send && self.learns(site, channel, jump);
            facts.is_inside(n.region, outer) && (self.gives_away(site, channel) || asks())
        });
        let head = |around: &Around| around.head.in_file(jump.body.file);
        (outlives && !learns).then(|| SendsOn { send, left: head(left), goes_on: head(goes_on) })
    }

    /// The send into a channel whose failure alone leads to a jump: nothing else is done there but to tell.
    fn failed_send(&self, jump: Site) -> Option<Site> {
        let facts = self.body(jump.body);
        let branch = facts.node(jump.node).region;
        let failed = self.failed_before(jump.body, branch)?;
        let call = match facts.node(failed.node).op {
            Op::Await(node) => Site { node, ..failed },
            _ => failed,
        };
        let path = self.external(call)?;
        // A channel may be full, or only have nobody who listens for now.
        let is_final = path.rsplit("::").next().is_some_and(|name| !name.contains("try") && !name.contains("timeout"));
        let only_leaves = facts.region(branch).nodes.iter().all(|node| match &facts.node(*node).op {
            Op::Break(_) | Op::Tuple(_) | Op::Macro(_) | Op::Literal(_) | Op::Local(_) => true,
            Op::Discard(of) => matches!(facts.node(*of).op, Op::Break(_) | Op::Macro(_)),
            _ => false,
        });
        (is_final && only_leaves && self.catalogue().lists(Calls::Sends, path)).then_some(call)
    }

    /// The variable that a method is called on.
    fn channel_of(&self, call: Site) -> Option<LocalId> {
        let Op::Method { receiver, .. } = self.node(call).op else { return None };
        match self.node(Site { node: receiver, ..call }).op {
            Op::Local(local) => Some(local),
            _ => None,
        }
    }

    /// Whether a channel is used for more than a call on it: something else may send into it, and learn.
    fn gives_away(&self, used: Site, channel: LocalId) -> bool {
        let facts = self.body(used.body);
        let is_channel = matches!(facts.node(used.node).op, Op::Local(local) if local == channel);
        let parent = self.info(used.body).parent(used.node).map(|parent| &facts.node(parent).op);
        is_channel
            && !matches!(parent, Some(Op::Method { receiver, name, .. }) if *receiver == used.node && name != "clone")
    }

    /// Whether a call on a channel tells that nobody reads, wherever it stands, or may fail on the way that goes on behind a jump.
    fn learns(&self, call: Site, channel: LocalId, jump: Site) -> bool {
        let (Op::Method { name, .. }, Some(of)) = (&self.node(call).op, self.channel_of(call)) else { return false };
        let facts = self.body(call.body);
        let is_on_the_way =
            |region: RegionId| facts.outwards(facts.node(jump.node).region).skip(1).any(|(around, _)| around == region);
        of == channel && (name.contains("closed") || is_on_the_way(facts.node(call.node).region))
    }
}
