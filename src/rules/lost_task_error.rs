//! `lost-task-error`: a task or thread ends in an error, and whoever holds its handle never looks.

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Body, LocalId, LoopKind, NodeId, Op, Pattern, PatternKind, RegionId, SelectArm};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::defs::BodyRef;
use crate::index::infer::BodyInfo;
use crate::index::outcomes::Fallible;
use crate::source::Range;

const ID: &str = "lost-task-error";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (body, facts, info) in index.bodies() {
        let at = Looked { index, body, facts, info };
        found.extend(facts.iter().filter_map(|(node, n)| at.node(node, &n.op)));
    }
    found
}

/// How the error gets lost.
#[derive(Clone, Copy)]
enum Way {
    /// The handle is dropped.
    Handle,
    /// The task is waited for, and what it gave is thrown away.
    Output,
    /// Only a panic is looked at.
    Panic,
}

struct Looked<'i> {
    index: &'i Index,
    body: BodyRef,
    facts: &'i Body,
    info: &'i BodyInfo,
}

impl Looked<'_> {
    fn node(&self, node: NodeId, op: &Op) -> Option<Diagnostic> {
        let range = self.facts.node(node).range;
        match op {
            Op::Discard(of) => self.statement(*of, range),
            Op::Bind { pattern, init: Some(init), .. } if pattern.is_wild() => self.statement(*init, range),
            Op::Bind { pattern, init: Some(init), .. } => match pattern.kind {
                PatternKind::Bind { local, of: None } if self.is_unused(local) => self.dropped(*init),
                _ => None,
            },
            Op::If { condition, otherwise: None, .. } => match &self.facts.node(*condition).op {
                Op::Let { pattern, of } if is(pattern, "Err") => {
                    self.lost(self.joined(*of)?, Way::Panic, pattern.range)
                }
                _ => None,
            },
            Op::Match { scrutinee, arms } => {
                let handle = self.joined(*scrutinee)?;
                let wild = |pattern: &Pattern| is(pattern, "Ok") && pattern.parts().iter().all(Pattern::is_wild);
                let arm = arms
                    .iter()
                    .find(|arm| !arm.guarded && wild(&arm.pattern) && !self.index.tells(self.body, arm.region))?;
                self.lost(handle, Way::Panic, arm.pattern.range)
            }
            Op::Loop { kind: LoopKind::While, region } => self.drained(*region),
            Op::Select { arms, .. } => arms.iter().find_map(|arm| self.selected(arm)),
            _ => None,
        }
    }

    fn site(&self, node: NodeId) -> Site {
        Site { body: self.body, node }
    }

    /// A value that is thrown away: a handle, or what a task gave.
    fn statement(&self, value: NodeId, range: Range) -> Option<Diagnostic> {
        if let Some(found) = self.dropped(value) {
            return Some(found);
        }
        let value = match &self.facts.node(value).op {
            Op::Method { receiver, name, .. } if name == "ok" => *receiver,
            _ => value,
        };
        let (handle, way) = match (self.joined(value), self.unwrapped(value)) {
            (Some(handle), _) => (handle, Way::Output),
            (None, Some(handle)) => (handle, Way::Output),
            (None, None) => (self.all_joined(value)?, Way::Output),
        };
        self.lost(handle, way, range)
    }

    /// The call starts a task, and its handle is dropped.
    fn dropped(&self, value: NodeId) -> Option<Diagnostic> {
        let task = self.index.fallible(self.site(value))?;
        self.index.task_output(self.info.ty(value))?;
        let span = self.index.name_span(self.site(value));
        self.diagnostic(&[task], Way::Handle, Range { start: span.start, end: span.end })
    }

    /// The handle that a value waits for: `handle.await`, `handle.join()`, also within a `timeout(..)`.
    fn joined(&self, value: NodeId) -> Option<NodeId> {
        let is_handle = |node: NodeId| self.index.task_output(self.info.ty(node)).is_some();
        match &self.facts.node(value).op {
            Op::Await(of) if is_handle(*of) => Some(*of),
            Op::Method { receiver, name, .. } if name == "join" && is_handle(*receiver) => Some(*receiver),
            _ => None,
        }
    }

    /// `handle.await?`, `handle.join().unwrap()`.
    fn unwrapped(&self, value: NodeId) -> Option<NodeId> {
        match &self.facts.node(value).op {
            Op::Try(of) => self.joined(*of),
            Op::Method { receiver, name, .. } if name == "unwrap" || name == "expect" => self.joined(*receiver),
            _ => None,
        }
    }

    /// The handles or the set of `join_all(handles).await` and `set.join_all().await`.
    fn all_joined(&self, value: NodeId) -> Option<NodeId> {
        let Op::Await(of) = self.facts.node(value).op else { return None };
        self.joins(of)
    }

    /// The collection whose tasks a call waits for.
    fn joins(&self, call: NodeId) -> Option<NodeId> {
        let path = self.index.external(self.site(call))?;
        let joins = self.index.catalogue().lists(Calls::Joins, path);
        match &self.facts.node(call).op {
            Op::Call { arguments, .. } if joins => arguments.first().copied(),
            Op::Method { receiver, .. } if joins => Some(*receiver),
            _ => None,
        }
    }

    /// `while let Some(_) = set.join_next().await {}`, `while set.join_next().await.is_some() {}`.
    fn drained(&self, region: RegionId) -> Option<Diagnostic> {
        let nodes = self.facts.region(region).nodes.iter().copied();
        let condition = nodes.filter(|node| self.info.parent(*node).is_none()).find_map(|node| {
            let next = |of: NodeId| self.all_joined(of).map(|set| (set, self.facts.node(node).range));
            match &self.facts.node(node).op {
                Op::Let { pattern, of } if throws_output_away(pattern) => next(*of),
                Op::Method { receiver, name, .. } if name == "is_some" => next(*receiver),
                _ => None,
            }
        });
        let (set, range) = condition?;
        self.lost(set, Way::Output, range)
    }

    /// An arm of `select!` that waits for a task and does not look at what it gave.
    fn selected(&self, arm: &SelectArm) -> Option<Diagnostic> {
        if self.index.tells(self.body, arm.region) {
            return None;
        }
        let handle = match self.joins(arm.future) {
            Some(set) if throws_output_away(&arm.pattern) => set,
            None if arm.pattern.is_wild() => self.index.task_output(self.info.ty(arm.future)).map(|_| arm.future)?,
            _ => return None,
        };
        self.lost(handle, Way::Output, arm.pattern.range)
    }

    fn lost(&self, handle: NodeId, way: Way, range: Range) -> Option<Diagnostic> {
        let site = self.site(handle);
        if self.index.is_teardown(site) || self.index.is_on_failing_path(site) {
            return None;
        }
        self.diagnostic(&self.index.fallible_tasks(site), way, range)
    }

    fn diagnostic(&self, tasks: &[Fallible], way: Way, range: Range) -> Option<Diagnostic> {
        let silent: Vec<&Fallible> = tasks.iter().filter(|task| !task.tells).collect();
        let worst = silent.iter().find(|task| task.effected.is_some()).or(silent.first())?;
        let span = range.in_file(self.body.file);
        if self.index.is_intended(span) {
            return None;
        }
        let confidence = if worst.effected.is_some() { Confidence::Likely } else { Confidence::Hint };
        let (message, label) = match way {
            Way::Handle => {
                ("the error of this task is lost: nobody keeps its handle", "it returns a `Result` that nobody gets")
            }
            Way::Output => {
                ("the error of a task is lost: its result is thrown away", "what the task returned is not looked at")
            }
            Way::Panic => (
                "the error of a task is lost: only its panic is looked at",
                "this is about the task itself; the `Result` inside is not looked at",
            ),
        };
        let started = worst.started.map(|site| self.index.name_span(site)).filter(|at| at.start != span.start);
        let stems = worst.effected.as_ref().and_then(|effected| {
            let at = self.index.name_span(*effected.chain.last()?);
            Some(Label::new(at, format!("the {} error stems from here", effected.effect.noun())))
        });
        Some(
            Diagnostic::new(ID, confidence, message, Label::new(span, label))
                .about(self.index.item_path(self.body), "task")
                .evidence(started.map(|at| Label::new(at, "the task is started here")).into_iter().chain(stems))
                .note("the task ends, and nothing tells that it did or why")
                .help("log the error inside the task, or wait for the task and look at both results"),
        )
    }

    /// A variable that is named and never used: `let _task = spawn(..)`.
    fn is_unused(&self, local: LocalId) -> bool {
        self.facts.local(local).name.starts_with('_')
            && !self.facts.nodes.iter().any(|node| match &node.op {
                Op::Local(used) => *used == local,
                Op::Macro(call) => call.mentions.contains(&local),
                _ => false,
            })
    }
}

fn is(pattern: &Pattern, name: &str) -> bool {
    pattern.variant().is_some_and(|variant| variant == name)
}

/// Whether what a task gave gets no name: `Some(_)`, `Some(Ok(_))`, `Some(Err(error))`, `_`.
fn throws_output_away(pattern: &Pattern) -> bool {
    let [output] = pattern.parts() else { return pattern.is_wild() };
    is(pattern, "Some")
        && (output.is_wild() || is(output, "Err") || (is(output, "Ok") && output.parts().iter().all(Pattern::is_wild)))
}
