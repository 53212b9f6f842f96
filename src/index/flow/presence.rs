//! What is known to be there when it is read: that it cannot be read is then none of "there is none".

use crate::catalogue::Calls;
use crate::facts::model::{Node, NodeId, Op, Operator, RegionId};
use crate::index::Index;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;

impl Index {
    /// Whether a call reads the contents of a file or folder that is known to be there: the same function has asked for it before, on the way that leads to
    /// the call, or chose it among what a listing gave.
    pub fn reads_what_is_there(&self, read: Site) -> bool {
        let reads = self.external(read).is_some_and(|path| self.catalogue().lists(Calls::ReadsContents, path));
        let view = self.view(read.body);
        let path = match view.op(read.node) {
            Op::Call { arguments, .. } => arguments.first().copied(),
            Op::Method { receiver, .. } => Some(*receiver),
            _ => None,
        };
        reads && path.is_some_and(|path| is_there(view, read.node, path) || is_chosen(view, read.node, path))
    }
}

/// Whether a path is known to be there at a node: behind a condition that asks for it, or behind a branch that is left where it is not.
fn is_there(view: View, at: NodeId, path: NodeId) -> bool {
    let path = bare(view, path);
    let asks = |node: NodeId| asked_for(view, node).is_some_and(|asked| view.does_the_same(bare(view, asked), path));
    let denies = |node: NodeId| matches!(*view.op(node), Op::Unary(of) if asks(of));
    let around: Vec<RegionId> = view.facts.outwards(view.facts.node(at).region).map(|(region, _)| region).collect();
    let is_entered = |region: &RegionId| match view.info.region_node(*region).map(|owner| view.op(owner)) {
        Some(Op::If { condition, then, .. }) => then == region && takes(view, *condition, Operator::Both, &asks),
        _ => false,
    };
    let goes_on = |op: &Op| match op {
        Op::If { condition, then, otherwise: None } => {
            !around.contains(then) && is_left(view, *then) && takes(view, *condition, Operator::Either, &denies)
        }
        _ => false,
    };
    let mut parents = std::iter::successors(Some(at), |node| view.info.parent(*node));
    let mut before = view.facts.iter().take(at.index()).filter(|(_, n)| around.contains(&n.region));
    parents.any(|node| match *view.op(node) {
        Op::Binary { left, operator: Operator::Both, .. } => takes(view, left, Operator::Both, &asks),
        _ => false,
    }) || around.iter().any(is_entered)
        || before.any(|(_, n)| goes_on(&n.op))
}

/// Whether a path was given by a listing, and not all that was given comes to a node, by what it is called: what is left out is there for somebody else.
fn is_chosen(view: View, at: NodeId, path: NodeId) -> bool {
    let lists = |node: NodeId| {
        view.index.external(view.site(node)).is_some_and(|path| view.index.catalogue().lists(Calls::NamesListed, path))
    };
    let path = bare(view, path);
    let is_listed = match view.op(path) {
        Op::Local(local) => matches!(view.index.sources(view.body, *local)[..], [only] if lists(only)),
        _ => lists(path),
    };
    let Some(turn) = view.index.loops_around(view.site(at)).first().map(|around| around.region) else { return false };
    let around: Vec<RegionId> = view.facts.outwards(view.facts.node(at).region).map(|(region, _)| region).collect();
    let named = view.index.variable_behind(view.body, path);
    // That an entry could be read chooses nothing.
    let chooses = |condition: NodeId| {
        let asked = view.range(condition);
        let names = |(_, n): (NodeId, &Node)| {
            matches!(n.op, Op::Local(local) if Some(local) == named) && asked.contains(n.range)
        };
        !matches!(view.op(condition), Op::Let { pattern, .. } if pattern.is_ok()) && view.facts.iter().any(names)
    };
    let mut branches =
        view.facts.iter().filter(|(_, n)| view.facts.is_inside(n.region, turn) && around.contains(&n.region));
    is_listed
        && branches.any(|(node, n)| match &n.op {
            Op::If { condition, then, otherwise } if chooses(*condition) => {
                let is_entered = |region: &RegionId| around.contains(region);
                is_entered(then) || otherwise.as_ref().is_some_and(is_entered) || node < at && is_left(view, *then)
            }
            _ => false,
        })
}

/// Whether a condition, or a part of it that is joined by an operator, is what `wanted` accepts.
fn takes(view: View, condition: NodeId, by: Operator, wanted: &dyn Fn(NodeId) -> bool) -> bool {
    match *view.op(condition) {
        Op::Binary { left, right, operator } if operator == by => {
            takes(view, left, by, wanted) || takes(view, right, by, wanted)
        }
        _ => wanted(condition),
    }
}

/// The path that an expression asks for whether it is there.
fn asked_for(view: View, node: NodeId) -> Option<NodeId> {
    let asks = || {
        view.index.external(view.site(node)).is_some_and(|path| view.index.catalogue().lists(Calls::AsksIfThere, path))
    };
    match view.op(node) {
        Op::Await(of) | Op::Try(of) => asked_for(view, *of),
        Op::Method { receiver, name, .. } if name.starts_with("unwrap") => asked_for(view, *receiver),
        Op::Method { receiver, .. } => asks().then_some(*receiver),
        Op::Call { arguments, .. } => arguments.first().copied().filter(|_| asks()),
        _ => None,
    }
}

/// A path without what only lends or copies it.
fn bare(view: View, path: NodeId) -> NodeId {
    match view.op(path) {
        Op::Reference { of, .. } | Op::Deref(of) => bare(view, *of),
        Op::Call { arguments, .. }
            if view.index.external(view.site(path)).is_some_and(|path| path == "std::path::Path::new") =>
        {
            arguments.first().map_or(path, |of| bare(view, *of))
        }
        op => op.same_as().map_or(path, |of| bare(view, of)),
    }
}

/// Whether a region ends by leaving what it stands in.
fn is_left(view: View, region: RegionId) -> bool {
    let region = view.facts.region(region);
    let last = region.value.or_else(|| region.nodes.last().copied());
    last.is_some_and(|last| *view.ty(last) == Ty::Never)
}
