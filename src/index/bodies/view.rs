//! One body with all that is known of it: what rules look through that read statements and expressions one by one.

use std::mem::discriminant;

use crate::facts::model::{Body, NodeId, Op, Operator, Pattern, RegionId};
use crate::index::Index;
use crate::index::bodies::infer::BodyInfo;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::source::{Range, Span};

/// A body that is looked at.
#[derive(Clone, Copy)]
pub struct View<'i> {
    pub index: &'i Index,
    pub body: BodyRef,
    pub facts: &'i Body,
    pub info: &'i BodyInfo,
}

/// The condition of a `while let`: what it takes, and of what.
#[derive(Clone, Copy)]
pub struct WhileLet<'i> {
    pub node: NodeId,
    pub pattern: &'i Pattern,
    pub of: NodeId,
}

impl Index {
    pub fn view(&self, body: BodyRef) -> View<'_> {
        View { index: self, body, facts: self.body(body), info: self.info(body) }
    }

    /// What `at` finds in the nodes of all bodies, in the order of files and places.
    pub fn look<'i, T>(&'i self, at: impl Fn(View<'i>, NodeId) -> Option<T>) -> Vec<T> {
        let views = self.bodies().map(|(body, ..)| self.view(body));
        let nodes = views.flat_map(|view| view.facts.iter().map(move |(node, _)| (view, node)));
        nodes.filter_map(|(view, node)| at(view, node)).collect()
    }
}

impl<'i> View<'i> {
    pub fn site(self, node: NodeId) -> Site {
        Site { body: self.body, node }
    }

    pub fn op(self, node: NodeId) -> &'i Op {
        &self.facts.node(node).op
    }

    /// The condition of a loop, where it is a `let`: one that is part of no expression.
    pub fn while_let(self, region: RegionId) -> Option<WhileLet<'i>> {
        let own = self.facts.region(region).nodes.iter().filter(|node| self.info.parent(**node).is_none());
        own.into_iter().find_map(|node| match self.op(*node) {
            Op::Let { pattern, of } => Some(WhileLet { node: *node, pattern, of: *of }),
            _ => None,
        })
    }

    /// The type of a node's value.
    pub fn ty(self, node: NodeId) -> &'i Ty {
        self.info.ty(node)
    }

    pub fn range(self, node: NodeId) -> Range {
        self.facts.node(node).range
    }

    pub fn span(self, node: NodeId) -> Span {
        self.in_file(self.range(node))
    }

    pub fn in_file(self, range: Range) -> Span {
        range.in_file(self.body.file)
    }

    /// From a call's own name to the end of the call: of a long chain the part that is called last.
    pub fn name_range(self, call: NodeId) -> Range {
        let span = self.index.name_span(self.site(call));
        Range { start: span.start, end: span.end }
    }

    /// Whether a node stands in a region, at whatever depth.
    pub fn is_inside(self, node: NodeId, region: RegionId) -> bool {
        self.facts.is_inside(self.facts.node(node).region, region)
    }

    /// Whether nobody uses what a node gives.
    pub fn is_unused(self, node: NodeId) -> bool {
        match self.info.parent(node) {
            None => self.facts.region(self.facts.node(node).region).value != Some(node),
            Some(parent) => matches!(self.op(parent), Op::Discard(_)),
        }
    }

    /// Whether two expressions are the same call of the same operands. What runs code of its own may do something else each time.
    pub fn does_the_same(self, one: NodeId, other: NodeId) -> bool {
        let same_callee = || self.index.callee(self.site(one)) == self.index.callee(self.site(other));
        let same_head = match (self.op(one), self.op(other)) {
            (Op::Local(one), Op::Local(other)) => one == other,
            (Op::Literal(one), Op::Literal(other)) => one == other,
            (Op::Path(one), Op::Path(other)) => one == other,
            (Op::Field { name: one, .. }, Op::Field { name: other, .. }) => one == other,
            (Op::Binary { operator: one, .. }, Op::Binary { operator: other, .. }) => {
                one == other && *one != Operator::Other
            }
            (Op::Method { name: one, .. }, Op::Method { name: other, .. }) => one == other && same_callee(),
            (Op::Call { .. }, Op::Call { .. }) => same_callee(),
            (a @ (Op::Reference { .. } | Op::Deref(_) | Op::Await(_) | Op::Try(_) | Op::Index { .. }), b) => {
                discriminant(a) == discriminant(b)
            }
            _ => false,
        };
        let (ours, theirs) = (self.op(one).operands(), self.op(other).operands());
        same_head && ours.len() == theirs.len() && ours.into_iter().zip(theirs).all(|(a, b)| self.does_the_same(a, b))
    }
}
