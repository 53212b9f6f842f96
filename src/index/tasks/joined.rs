//! Through which handle, set or collection the result about a task was got. Must not know what is done with it: whether somebody looks at what the task gave is
//! for rules to see.

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, LoopKind, NodeId, Op, Pattern};
use crate::index::Index;
use crate::index::calls::Site;

/// How a variable came to its value.
enum Bound {
    /// It is the value.
    Whole(NodeId),
    /// It is what the future of an arm of a `select!` gives.
    Raced(NodeId),
    /// It is what there is in an `Option`.
    Within(NodeId),
    /// It is one after the other of what a loop goes through.
    Each(NodeId),
}

impl Index {
    /// The handle or the collection of tasks that a result about one task was got through: `handle.await`, `handle.join()`, or a variable for what either gave
    /// that is named only once. What the task itself gave is inside.
    pub fn joined(&self, value: Site) -> Option<Site> {
        let to = |node: NodeId| Site { node, ..value };
        // What a handle gives that knows no error of its own is what the task gave.
        let tells_more = |of: &Site| self.is_of_a_task(*of) && self.task_output(self.ty(*of)) != Some(self.ty(value));
        match self.node(value).op {
            Op::Await(of) => Some(to(of)).filter(|of| tells_more(of)),
            Op::Method { receiver, name, .. } if name == "join" => {
                Some(to(receiver)).filter(|receiver| self.is_of_a_task(*receiver))
            }
            Op::Local(local) => match self.bound_once(value, local)? {
                Bound::Whole(of) => self.joined(to(of)),
                Bound::Raced(of) => Some(to(of)).filter(|of| tells_more(of)),
                Bound::Within(of) => self.next_joined(to(of)),
                Bound::Each(of) => self.all_joined(to(of)).filter(|_| self.ty(value).tried().is_result()),
            },
            _ => None,
        }
    }

    /// The set or collection whose next result a value is, if there is one: `set.join_next().await`, `handles.next().await`.
    pub fn next_joined(&self, value: Site) -> Option<Site> {
        let to = |node: NodeId| Site { node, ..value };
        match self.node(value).op {
            Op::Await(of) => self.next_joined(to(of)),
            Op::Method { receiver, name, .. } => {
                let of_handles = || name == "next" && self.holds_handles(self.ty(to(receiver)));
                Some(to(receiver)).filter(|_| self.joins(value) || of_handles())
            }
            Op::Local(local) => match self.bound_once(value, local)? {
                Bound::Whole(of) | Bound::Raced(of) => self.next_joined(to(of)),
                Bound::Within(_) | Bound::Each(_) => None,
            },
            _ => None,
        }
    }

    /// The handles or the set of `join_all(handles).await` and `set.join_all().await`.
    pub fn all_joined(&self, value: Site) -> Option<Site> {
        let to = |node: NodeId| Site { node, ..value };
        match self.node(value).op {
            Op::Await(of) => self.joins(to(of)).then(|| self.collection_joined(to(of)))?,
            Op::Local(local) => match self.bound_once(value, local)? {
                Bound::Whole(of) => self.all_joined(to(of)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The collection whose tasks a call waits for.
    pub fn collection_joined(&self, call: Site) -> Option<Site> {
        let joins = self.joins(call);
        match &self.node(call).op {
            Op::Call { arguments, .. } if joins => Some(Site { node: *arguments.first()?, ..call }),
            Op::Method { receiver, .. } if joins => Some(Site { node: *receiver, ..call }),
            _ => None,
        }
    }

    /// The handles or collections that are waited for together, where what failed first stands for all or what each gave is told apart:
    /// `try_join_all(handles).await`, `try_join!(one, other)`.
    pub fn joined_together(&self, value: Site) -> Vec<Site> {
        let to = |node: &NodeId| Site { node: *node, ..value };
        match &self.node(value).op {
            Op::Macro(call) if self.waits_for_all(value) => {
                call.arguments.iter().map(to).filter(|argument| self.is_of_a_task(*argument)).collect()
            }
            Op::Await(of) => match &self.node(to(of)).op {
                Op::Call { arguments, .. } if self.waits_for_all(to(of)) => {
                    arguments.iter().map(to).filter(|argument| self.holds_handles(self.ty(*argument))).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn is_of_a_task(&self, value: Site) -> bool {
        self.task_output(self.ty(value)).is_some()
    }

    fn joins(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Joins, path))
    }

    /// How a variable came to its value that is named only once: nobody else looks at it.
    fn bound_once(&self, value: Site, local: LocalId) -> Option<Bound> {
        if !self.is_named_once(value.body, local) {
            return None;
        }
        let whole = |pattern: &Pattern| pattern.only_binds(local);
        let within = |pattern: &Pattern| pattern.is_some() && matches!(pattern.parts(), [only] if whole(only));
        self.body(value.body).nodes.iter().find_map(|node| match &node.op {
            Op::Bind { pattern, init: Some(init), otherwise: None, .. } if whole(pattern) => Some(Bound::Whole(*init)),
            Op::Bind { pattern, init: Some(of), .. } | Op::Let { pattern, of } if within(pattern) => {
                Some(Bound::Within(*of))
            }
            Op::Match { scrutinee, arms } if arms.iter().any(|arm| within(&arm.pattern)) => {
                Some(Bound::Within(*scrutinee))
            }
            Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } if whole(pattern) => {
                Some(Bound::Each(*iterated))
            }
            Op::Select { arms, .. } => arms.iter().find_map(|arm| match &arm.pattern {
                pattern if whole(pattern) => Some(Bound::Raced(arm.future)),
                pattern if within(pattern) => Some(Bound::Within(arm.future)),
                _ => None,
            }),
            _ => None,
        })
    }
}
