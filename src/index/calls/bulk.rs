//! Whether a call that is brief by itself keeps its thread for long all the same: because of how much it is given, or because it is one of many that follow on
//! each other and nothing between them gives way. How often all of that happens is not asked here.

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::Label;
use crate::facts::model::{Literal, LocalId, LoopKind, NodeId, Op, RegionId};
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::{Index, Ty};

/// What a disk takes up in a moment, in bytes.
const QUICK: u64 = 1 << 20;

impl Index {
    /// Whether a call writes a file on the thread it runs on.
    pub fn writes_a_file(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Writes, path))
            && self.callable(call).is_some_and(|callable| callable.effect == Some(Effect::File))
            && !matches!(self.ty(call), Ty::Future(_))
    }

    /// Whether a call writes a file with what a client sent: how much that is, the client says. `way` are the calls that lead from what is given the request
    /// to it, the innermost first. What is made of parts of a request is mostly small, and the kernel takes what it is told at once.
    pub fn writes_what_is_sent(&self, call: Site, way: &[Site]) -> bool {
        let data = match &self.node(call).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments.last(),
            _ => None,
        };
        let waits = self.writes_a_file(call) && !self.touches_the_kernel(call);
        waits && data.is_some_and(|node| self.comes_from_a_client(Site { node: *node, ..call }, way))
    }

    /// Whether how much is written is known to be little: a check of its size turns away more, or the program sets a limit for what clients send.
    pub fn has_a_size_limit(&self, call: Site) -> bool {
        let data = match &self.node(call).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments.last(),
            _ => None,
        };
        let checked = || {
            let local = self.variable_behind(call.body, *data?)?;
            Some(self.turns_away_by_size(call, local))
        };
        checked().unwrap_or(false) || self.limits_bodies(call.body)
    }

    /// Whether a function returns before it comes to a site where a variable, or a part of it, is too long.
    fn turns_away_by_size(&self, site: Site, local: LocalId) -> bool {
        let facts = self.body(site.body);
        let around: Vec<RegionId> = facts.outwards(facts.node(site.node).region).map(|(region, _)| region).collect();
        facts.iter().take(site.node.index()).any(|(_, node)| match &node.op {
            Op::If { condition, then, .. } if around.contains(&node.region) => {
                let returns =
                    facts.region(*then).nodes.iter().any(|inner| matches!(facts.node(*inner).op, Op::Return(_)));
                returns && self.compares_the_size(Site { node: *condition, ..site }, local)
            }
            _ => false,
        })
    }

    fn compares_the_size(&self, condition: Site, local: LocalId) -> bool {
        let Op::Binary { left, right, .. } = self.node(condition).op else { return false };
        [(left, right), (right, left)].into_iter().any(|(side, limit)| {
            let counts = matches!(&self.node(Site { node: side, ..condition }).op, Op::Method { name, .. } if name == "len" || name == "count");
            counts
                && self.variable_behind(condition.body, side) == Some(local)
                && self.is_quickly_written(Site { node: limit, ..condition })
                || self.compares_the_size(Site { node: side, ..condition }, local)
        })
    }

    /// Whether a limit is written out, and so small that what is below it is written in a moment.
    fn is_quickly_written(&self, limit: Site) -> bool {
        self.written_number(limit).is_some_and(|bytes| bytes <= QUICK)
    }

    /// Whether the crate of a body limits what clients send, and nowhere to more than little: a limit that is not known to be small stands where much may come.
    fn limits_bodies(&self, body: BodyRef) -> bool {
        let krate = self.crate_of(body);
        let own = self.bodies().filter(|(other, ..)| self.crate_of(*other) == krate && !self.is_test(*other));
        let limit = |call: Site| {
            let listed = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::LimitsBodies, path));
            match &self.node(call).op {
                Op::Call { arguments, .. } if listed => arguments.first().map(|limit| Site { node: *limit, ..call }),
                _ => None,
            }
        };
        let mut limits = own.flat_map(|(other, ..)| self.call_sites(other)).filter_map(limit).peekable();
        limits.peek().is_some() && limits.all(|limit| self.is_quickly_written(limit))
    }

    fn comes_from_a_client(&self, data: Site, way: &[Site]) -> bool {
        let Some(local) = self.variable_behind(data.body, data.node) else { return false };
        match (self.parameter_of(data.body, local), way) {
            _ if self.is_given_by_a_request(data.body, local) => true,
            (Some(parameter), [call, outer @ ..]) => {
                let given =
                    self.function_of(data.body).and_then(|function| self.operand_for(*call, function, parameter));
                given.is_some_and(|node| self.comes_from_a_client(Site { node, ..*call }, outer))
            }
            (Some(_), []) => self.is_made_of_a_request(data, way),
            (None, _) => {
                let init = self.init_of(data.body, local).filter(|init| *init < data.node);
                init.is_some_and(|node| self.comes_from_a_client(Site { node, ..data }, way))
            }
        }
    }

    /// The outermost loop that runs a call for each of many, one right behind the other: `calls` are the call and those that lead to it, the innermost first.
    /// Who leaves the loop where one is found looks for that one, a list that is written out is no longer than it looks, and files that the system makes up
    /// are there at once.
    pub fn one_of_many(&self, calls: &[Site]) -> Option<Label> {
        let mut loops = calls.iter().enumerate().rev().flat_map(|(at, call)| {
            let around = self.loops_around(*call).into_iter().rev();
            let outer = &calls[at + 1..];
            around
                .filter(move |around| self.runs_through(*call, around.region, outer))
                .map(|around| around.head.in_file(call.body.file))
        });
        let is_of_the_system = calls.iter().any(|call| self.names_the_system(call.body))
            || calls.first().is_some_and(|call| self.touches_the_kernel(*call));
        let head = loops.next().filter(|_| !is_of_the_system)?;
        Some(Label::new(head, "for each of these, one right behind the other"))
    }

    /// Whether a body names something below `/proc` or `/sys`.
    fn names_the_system(&self, body: BodyRef) -> bool {
        let named = |text: &str| text.starts_with("/proc") || text.starts_with("/sys");
        self.body(body).iter().any(|(_, n)| matches!(&n.op, Op::Literal(Literal::Text(text)) if named(text)))
    }

    /// Whether a loop takes all of something whose length is not written down, here or by the calls that lead here, and awaits nothing.
    fn runs_through(&self, inside: Site, region: RegionId, outer: &[Site]) -> bool {
        let facts = self.body(inside.body);
        let owner = self.info(inside.body).region_node(region).map(|owner| &facts.node(owner).op);
        let Some(Op::Loop { kind: LoopKind::For { iterated, .. }, .. }) = owner else { return false };
        let rests_or_leaves = |op: &Op| match op {
            Op::Return(Some(node)) => !self.is_failure(Site { node: *node, ..inside }),
            op => matches!(op, Op::Await(_) | Op::Select { .. } | Op::Break(_) | Op::Return(None)),
        };
        !self.has_its_length_given(Site { node: *iterated, ..inside }, outer)
            && !facts.iter().any(|(_, n)| rests_or_leaves(&n.op) && facts.is_inside(n.region, region))
    }

    /// Whether how many there are stands in the program, where a list is made or is given along a way of calls.
    fn has_its_length_given(&self, list: Site, outer: &[Site]) -> bool {
        let given = || {
            let (call, further) = outer.split_first()?;
            let (local, function) = (self.cloned_from(list)?, self.function_of(list.body)?);
            let given = self.operand_for(*call, function, self.parameter_of(list.body, local)?)?;
            Some(self.has_its_length_given(Site { node: given, ..*call }, further))
        };
        self.has_its_length_written(list) || given().unwrap_or(false)
    }

    /// Whether how many there are stands in the program: a list that is written out, a range of numbers, a constant.
    fn has_its_length_written(&self, list: Site) -> bool {
        let part = |node: NodeId| self.has_its_length_written(Site { node, ..list });
        match &self.node(list).op {
            Op::Reference { of, .. } | Op::Method { receiver: of, .. } => part(*of),
            Op::Macro(call) => call.path.last() == "vec",
            Op::Local(local) => self.init_of(list.body, *local).is_some_and(|init| init < list.node && part(init)),
            _ => self.is_written_out(list),
        }
    }
}
