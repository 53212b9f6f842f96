//! Which calls come back at once, though calls of their kind may wait: what they are given or called on says so, or somebody asked before.

use crate::catalogue::Calls;
use crate::facts::model::{Body, Literal, Node, NodeId, Op, RegionId};
use crate::index::calls::Site;
use crate::index::{Index, Ty};

impl Index {
    /// Whether the call itself, or the branch it stands in, says that there is nothing to wait for: `lock(file, LockExclusiveNonblock)`, `join()` behind
    /// `is_finished()`.
    pub fn returns_at_once(&self, site: Site) -> bool {
        let mut operands = Vec::new();
        self.node(site).op.operands(&mut |operand| operands.push(operand));
        operands.into_iter().any(|node| self.says_at_once(Site { node, ..site }))
            || self.is_told_not_to_wait(site)
            || self.is_over_before(site)
    }

    /// Whether a call keeps its thread until another program sends something, perhaps by way of a buffer around the stream.
    pub fn waits_for_a_peer(&self, call: Site) -> bool {
        let takes = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::TakesNext, path));
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        takes && self.is_from_a_peer(self.ty(Site { node: receiver, ..call }))
    }

    fn is_from_a_peer(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, of) => {
                self.catalogue().lists(Calls::Peers, *path) || of.iter().any(|inner| self.is_from_a_peer(inner))
            }
            _ => false,
        }
    }

    /// Whether a value is a mode or a time in which nothing is waited for: `Duration::ZERO`, `Duration::from_secs(0)`, `O_NONBLOCK`.
    fn says_at_once(&self, value: Site) -> bool {
        match &self.node(value).op {
            Op::Path(path) => self.catalogue().lists(Calls::AtOnce, path.last()),
            Op::Call { callee, arguments } => is_no_time(self.body(value.body), *callee, arguments),
            _ => false,
        }
    }

    /// Whether the variable that a method is called on was told before not to wait: `socket.set_nonblocking(true)`.
    fn is_told_not_to_wait(&self, site: Site) -> bool {
        let body = self.body(site.body);
        let local = |node: NodeId| match body.node(node).op {
            Op::Local(local) => Some(local),
            _ => None,
        };
        let Op::Method { receiver, .. } = self.node(site).op else { return false };
        let tells = |(_, n): (NodeId, &Node)| match &n.op {
            Op::Method { receiver: told, name, arguments, .. } => {
                let unblocks = self.catalogue().lists(Calls::Unblocks, *name);
                unblocks && local(*told) == local(receiver) && arguments.iter().any(|a| is_true(&body.node(*a).op))
            }
            _ => false,
        };
        local(receiver).is_some() && body.iter().take(site.node.index()).any(tells)
    }

    /// Whether a call stands in a branch that is entered where what it would wait for is over.
    fn is_over_before(&self, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let asks = |node: NodeId| {
            self.external(Site { node, ..site }).is_some_and(|path| self.catalogue().lists(Calls::AsksIfOver, path))
        };
        let asks_before = |region: RegionId| match info.region_node(region).map(|owner| &body.node(owner).op) {
            Some(Op::If { condition, then, .. }) if *then == region => {
                let asked = body.node(*condition).range;
                body.iter().any(|(node, n)| asked.contains(n.range) && asks(node))
            }
            _ => false,
        };
        body.outwards(body.node(site.node).region).any(|(region, _)| asks_before(region))
    }

    /// Whether what is read from was opened so that a read which would have to wait fails instead.
    pub fn never_waits(&self, reader: Site) -> bool {
        let made = self.made_behind(reader, &|_| true);
        !made.is_empty()
            && made.into_iter().all(|making| {
                let (body, whole) = (self.body(making.body), self.node(making).range);
                let mut within = body.iter().filter(|(_, n)| whole.contains(n.range));
                within.any(|(node, n)| matches!(n.op, Op::Path(_)) && self.says_at_once(Site { node, ..making }))
            })
    }
}

/// `Duration::from_secs(0)`
fn is_no_time(body: &Body, callee: NodeId, arguments: &[NodeId]) -> bool {
    let makes_time = matches!(&body.node(callee).op, Op::Path(path) if path.last().starts_with("from_"));
    let is_zero =
        |node: &NodeId| matches!(&body.node(*node).op, Op::Literal(Literal::Number(digits, _)) if digits == "0");
    makes_time && matches!(arguments, [only] if is_zero(only))
}

fn is_true(op: &Op) -> bool {
    matches!(op, Op::Literal(Literal::Bool(true)))
}
