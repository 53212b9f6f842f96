//! What only people see: values that go into messages and metrics and nowhere else. Without them the program does the same.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, Node, NodeId, Op, Pattern, PatternKind, RegionId};
use crate::index::Ty;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;

/// Through how many variables a value is followed.
const VARIABLES: u32 = 4;

impl View<'_> {
    /// Whether all that comes of a value is that people see it: in a line of a log, in a metric, in whether such a line is written.
    pub fn is_only_shown(self, value: NodeId) -> bool {
        self.is_shown_within(value, VARIABLES)
    }

    fn is_shown_within(self, value: NodeId, fuel: u32) -> bool {
        let Some(parent) = self.info.parent(value) else { return false };
        match self.op(parent) {
            Op::Macro(_) => self.says(parent),
            Op::Cast { .. }
            | Op::Reference { .. }
            | Op::Deref(_)
            | Op::Field { .. }
            | Op::Binary { .. }
            | Op::Unary(_) => self.is_shown_within(parent, fuel),
            Op::If { condition, then, otherwise } if *condition == value => {
                [Some(*then), *otherwise].into_iter().flatten().all(|region| self.only_shows(region))
            }
            Op::Method { receiver, arguments, .. } if *receiver != value => {
                arguments.contains(&value) && self.measures(parent)
            }
            Op::Call { arguments, .. } => {
                let at = arguments.iter().position(|argument| *argument == value);
                at.is_some_and(|at| self.measures(parent) || self.is_shown_by_function(parent, at, fuel))
            }
            Op::Bind { pattern, otherwise: None, .. } => match pattern.kind {
                PatternKind::Bind { local, of: None } => {
                    fuel.checked_sub(1).is_some_and(|fuel| self.is_shown_as(local, fuel))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a function of the workspace only shows what a call gives it in a place.
    fn is_shown_by_function(self, call: NodeId, at: usize, fuel: u32) -> bool {
        let Some(inner) = self.index.called_directly(self.site(call)).map(|body| self.index.view(body)) else {
            return false;
        };
        let given = inner.facts.parameters.get(at).map(Pattern::locals);
        match (given.as_deref(), fuel.checked_sub(1)) {
            (Some([local]), Some(fuel)) => inner.is_shown_as(*local, fuel),
            _ => false,
        }
    }

    fn is_shown_as(self, local: LocalId, fuel: u32) -> bool {
        let mut uses = self.facts.uses(local).peekable();
        uses.peek().is_some()
            && uses.all(|used| match self.op(used) {
                Op::Macro(_) => self.says(used),
                _ => self.is_shown_within(used, fuel),
            })
    }

    /// Whether a region says or measures something, and does nothing besides that lasts.
    pub fn only_shows(self, region: RegionId) -> bool {
        let inside: Vec<(NodeId, &Node)> =
            self.facts.iter().filter(|(_, node)| self.facts.is_inside(node.region, region)).collect();
        inside.iter().any(|(node, _)| self.says(*node) || self.measures(*node))
            && inside.iter().all(|(node, n)| match &n.op {
                Op::Macro(_) => self.says(*node),
                Op::Call { .. } | Op::Method { .. } => {
                    self.says(*node) || self.measures(*node) || self.leaves_no_trace(*node)
                }
                Op::Assign { .. }
                | Op::Return(_)
                | Op::Break(_)
                | Op::Continue
                | Op::Try(_)
                | Op::Loop { .. }
                | Op::Unseen => false,
                Op::Select { .. } | Op::Closure { .. } | Op::Async(_) => false,
                _ => true,
            })
    }

    /// Whether a region does no more than count in variables that are told people in the end, as how much of something has succeeded: of how much, they are
    /// told as well.
    pub fn only_counts(self, region: RegionId) -> bool {
        let inside = self.facts.iter().filter(|(_, node)| self.facts.is_inside(node.region, region));
        let counted = inside.into_iter().map(|(_, n)| match n.op {
            Op::Assign { place, .. } => match self.op(place) {
                Op::Local(local) => Some(Some(*local)),
                _ => None,
            },
            Op::Local(_) | Op::Literal(_) | Op::Binary { .. } | Op::Discard(_) => Some(None),
            _ => None,
        });
        let counted: Option<Vec<Option<LocalId>>> = counted.collect();
        let counted: Vec<LocalId> = counted.into_iter().flatten().flatten().collect();
        !counted.is_empty() && counted.into_iter().all(|local| self.is_told_as(local, region))
    }

    /// Whether a variable that is changed in a region is told people beside what it is a part of, and nothing else is done with it.
    fn is_told_as(self, local: LocalId, region: RegionId) -> bool {
        let tells = |path: Ustr| self.index.catalogue().lists(Calls::Tells, path);
        let tells_more = |node: NodeId| match self.op(node) {
            // The text, the number itself, and more.
            Op::Macro(call) => call.arguments.len() + call.mentions.len() > 2,
            _ => false,
        };
        let is_told = |node: NodeId| self.index.external(self.site(node)).is_some_and(tells) && tells_more(node);
        let in_macro = |used: NodeId| self.info.parent(used).is_some_and(is_told);
        let elsewhere = |used: &NodeId| !self.facts.is_inside(self.facts.node(*used).region, region);
        let mut uses = self.facts.uses(local).filter(elsewhere).peekable();
        uses.peek().is_some() && uses.all(|used| is_told(used) || in_macro(used))
    }

    /// Whether all that comes of a value is that it is stated: it becomes a field of what is made of it, or part of a text, and nothing is decided by it.
    pub fn is_only_stated(self, value: NodeId) -> bool {
        self.is_stated_within(value, VARIABLES)
    }

    fn is_stated_within(self, value: NodeId, fuel: u32) -> bool {
        let Some(parent) = self.info.parent(value) else { return false };
        match self.op(parent) {
            Op::Struct { .. } => true,
            Op::Macro(call) => self.says(parent) || call.path.last() == "format",
            Op::Cast { .. } | Op::Reference { .. } | Op::Deref(_) | Op::Binary { .. } | Op::Unary(_) => {
                self.is_stated_within(parent, fuel)
            }
            Op::Call { .. } | Op::Method { .. } if self.measures(parent) => true,
            Op::Call { .. } | Op::Method { .. } if self.leaves_no_trace(parent) => self.is_stated_within(parent, fuel),
            Op::Match { scrutinee, arms } if *scrutinee == value => {
                arms.iter().all(|arm| self.only_makes(arm.region)) && self.is_stated_within(parent, fuel)
            }
            Op::Bind { pattern, otherwise: None, .. } => match (&pattern.kind, fuel.checked_sub(1)) {
                (PatternKind::Bind { local, of: None }, Some(fuel)) => {
                    let mut uses = self.facts.uses(*local).peekable();
                    let is_text =
                        |used: NodeId| matches!(self.op(used), Op::Macro(call) if call.path.last() == "format");
                    uses.peek().is_some()
                        && uses.all(|used| is_text(used) || self.says(used) || self.is_stated_within(used, fuel))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a region makes a value, and does nothing that lasts.
    fn only_makes(self, region: RegionId) -> bool {
        let inside = self.facts.iter().filter(|(_, node)| self.facts.is_inside(node.region, region));
        inside.into_iter().all(|(node, n)| match &n.op {
            Op::Call { .. } | Op::Method { .. } => self.leaves_no_trace(node),
            Op::Assign { .. } | Op::Return(_) | Op::Break(_) | Op::Try(_) | Op::Loop { .. } | Op::Unseen => false,
            _ => true,
        })
    }

    /// Whether a region takes away the files it comes to, and does nothing else that lasts: what it never saw stays until it comes again.
    pub fn only_takes_away(self, region: RegionId) -> bool {
        let takes_away = |node: NodeId| {
            let name =
                self.index.external(self.site(node)).and_then(|path| path.rsplit("::").next().map(str::to_owned));
            name.is_some_and(|name| name.starts_with("remove_file") || name.starts_with("remove_dir"))
        };
        let lasts = |node: NodeId, op: &Op| match op {
            Op::Assign { .. } | Op::Unseen => true,
            Op::Call { .. } | Op::Method { .. } => match self.index.callee(self.site(node)) {
                Some(Callee::External(_)) => !takes_away(node) && !self.leaves_no_trace(node),
                Some(Callee::Workspace(_) | Callee::Trait(_)) => !self.leaves_no_trace(node),
                _ => false,
            },
            _ => false,
        };
        let inside: Vec<(NodeId, &Node)> =
            self.facts.iter().filter(|(_, node)| self.facts.is_inside(node.region, region)).collect();
        inside.iter().any(|(node, _)| takes_away(*node)) && !inside.iter().any(|(node, n)| lasts(*node, &n.op))
    }

    /// Whether a call writes a message. What is printed may be what the program is for.
    fn says(self, node: NodeId) -> bool {
        let tells = |path: Ustr| self.index.catalogue().lists(Calls::Tells, path) && !path.starts_with("std::");
        self.index.external(self.site(node)).is_some_and(tells)
    }

    fn measures(self, node: NodeId) -> bool {
        self.index.external(self.site(node)).is_some_and(|path| self.index.catalogue().lists(Calls::Measures, path))
    }

    /// Whether a call only looks, or asks something of a value that it does not change.
    fn leaves_no_trace(self, call: NodeId) -> bool {
        let site = self.site(call);
        let looks = || self.index.effect(site).is_some_and(|effected| effected.looks);
        match self.index.callee(site) {
            Some(Callee::External(path)) => {
                let changes = self.index.callable(site).is_some_and(|callable| callable.effect.is_some());
                let grows = [Calls::Grows, Calls::Sends, Calls::Announces, Calls::Writes, Calls::Orders];
                looks() || !changes && !grows.iter().any(|list| self.index.catalogue().lists(*list, *path))
            }
            Some(Callee::Workspace(_) | Callee::Trait(_)) => looks() || *self.ty(call) == Ty::ext("bool", Vec::new()),
            _ => false,
        }
    }
}
