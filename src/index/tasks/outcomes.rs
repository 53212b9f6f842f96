//! Tasks and threads that give a `Result`: what their handles hold, where they are started, what their errors stem from.

use ustr::ustr;

use crate::catalogue::Effect;
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::FnId;
use crate::index::flow::effects::Effected;
use crate::index::flow::errors::only_explains;
use crate::index::{Index, Ty};

/// How far a handle is followed back to where its task is started.
const FUEL: u32 = 8;

/// A task or thread whose error is worth knowing.
#[derive(Debug, Clone)]
pub struct Fallible {
    /// The call that starts it; none where it is not known which.
    pub started: Option<Site>,
    /// What it may fail of.
    pub effected: Option<Effected>,
    /// Whether it logs its errors by itself.
    pub tells: bool,
}

impl Index {
    /// What the task behind a handle gives in the end. A thread of a scope has one, too, though nothing is lost with it but that.
    pub fn task_output<'t>(&self, handle: &'t Ty) -> Option<&'t Ty> {
        let Ty::Ext(path, arguments) = handle.peeled() else { return None };
        let is_handle = |kind: ustr::Ustr| matches!(kind.as_str(), "task-handle" | "thread-handle" | "task-set");
        let is_kept = self.kind(*path).is_some_and(is_handle);
        let is_joined = || {
            let join = self.catalogue().method(*path, ustr("join"));
            join.is_some_and(|(_, callable)| callable.effect == Some(Effect::Join))
        };
        arguments.first().filter(|_| is_kept || is_joined())
    }

    /// Whether a value is what a task gave, got through its handle.
    pub fn is_of_task(&self, value: Site) -> bool {
        let of = match &self.node(value).op {
            Op::Await(of) | Op::Try(of) | Op::Method { receiver: of, .. } => Site { node: *of, ..value },
            _ => return false,
        };
        self.task_output(self.ty(of)).is_some() || self.is_of_task(of)
    }

    /// The tasks behind a handle or a collection of them whose output is a `Result`.
    pub fn fallible_tasks(&self, handle: Site) -> Vec<Fallible> {
        let starts = self.starts(handle, FUEL);
        let known = starts.iter().filter_map(|start| self.fallible(*start));
        let by_type = || {
            let gives_result = |ty: &Ty| self.task_output(ty).is_some_and(Ty::is_result);
            let fails = match self.ty(handle).peeled() {
                ty if gives_result(ty) => true,
                Ty::Ext(_, arguments) => arguments.iter().any(gives_result),
                _ => false,
            };
            fails.then_some(Fallible { started: None, effected: None, tells: false })
        };
        if starts.is_empty() { by_type().into_iter().collect() } else { known.collect() }
    }

    /// The task that a call starts, where it gives a `Result`.
    pub fn fallible(&self, start: Site) -> Option<Fallible> {
        let gives_result = |work: &Site| self.output_of(start, *work).is_some_and(Ty::is_result);
        let works: Vec<Site> = self.given_work(self.work(start)?).into_iter().filter(gives_result).collect();
        let silent = works.iter().find(|work| !self.work_tells(**work));
        let (work, tells) = (silent.or(works.first())?, silent.is_none());
        Some(Fallible { started: Some(start), effected: self.work_effect(*work), tells })
    }

    /// What the work that a call starts gives in the end.
    fn output_of(&self, start: Site, work: Site) -> Option<&Ty> {
        match &self.node(work).op {
            Op::Closure { region, .. } | Op::Async(region) => {
                let value = self.body(work.body).region(*region).value?;
                Some(self.ty(Site { node: value, ..work }))
            }
            // A task that waits for another one gives what that gives: that it may have panicked is told by the panic.
            _ => match self.ty(work) {
                Ty::Future(output) => Some(output),
                ty => self.task_output(ty).or(self.task_output(self.ty(start))),
            },
        }
    }

    /// Whether work logs its errors by itself.
    fn work_tells(&self, work: Site) -> bool {
        let tells = match &self.node(work).op {
            Op::Closure { region, .. } | Op::Async(region) => self.tells_of_errors_in(work.body, *region),
            _ => {
                self.is_told_on_its_way(work)
                    || self.called_directly(work).is_some_and(|body| self.tells_of_its_errors(body))
            }
        };
        tells || self.error_is_told(work)
    }

    /// What a function is given to run, where work is a parameter of it; else the work itself.
    fn given_work(&self, work: Site) -> Vec<Site> {
        let Op::Local(local) = self.node(work).op else { return vec![work] };
        let parameter = self.function_of(work.body).zip(self.parameter_of(work.body, local).flatten());
        let Some((function, at)) = parameter else { return vec![work] };
        self.given_for(function, at).filter_map(|argument| self.work_behind(argument)).collect()
    }

    /// The closure, async block, call of an async function or future of a library that a call runs as a task or thread, or has a function of the workspace
    /// run as one.
    fn work(&self, start: Site) -> Option<Site> {
        match self.callee(start)? {
            Callee::Workspace(function) => self.handed_on(start, *function),
            _ => self.own_work(start),
        }
    }

    /// What a call gives a function that runs it as a task and gives back the handle.
    fn handed_on(&self, start: Site, function: FnId) -> Option<Site> {
        let returns = &self.signatures().functions[function.index()].returns;
        self.task_output(&returns.tried()).or(self.task_output(returns))?;
        let work = *self.spawners.get(&start)?.work.first()?;
        self.work_behind(Site { node: work, ..start })
    }

    /// What a call of a library runs as a task or thread.
    fn own_work(&self, start: Site) -> Option<Site> {
        self.callable(start).filter(|callable| callable.runs.is_apart())?;
        let arguments = match &self.node(start).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments,
            _ => return None,
        };
        // Beside the work there may be where to run it.
        let may_run = |ty: &Ty| match ty.peeled() {
            Ty::Ext(path, _) => self.catalogue().method(*path, ustr("await")).is_some(),
            _ => true,
        };
        let given = arguments.iter().rev().map(|node| Site { node: *node, ..start });
        given.filter(|argument| may_run(self.ty(*argument))).find_map(|argument| self.work_behind(argument))
    }

    /// The work that an expression stands for: what a variable was bound to, what a block ends with, what an adapter was laid around.
    fn work_behind(&self, given: Site) -> Option<Site> {
        let mut at = given.node;
        loop {
            let site = Site { node: at, ..given };
            at = match &self.node(site).op {
                Op::Local(_) if self.effect_when_awaited(site).is_some() => return Some(site),
                Op::Local(local) if self.parameter_of(given.body, *local).is_some() => return Some(site),
                Op::Local(local) => self.init_of(given.body, *local).filter(|init| *init < at)?,
                Op::Block(region) => self.body(given.body).region(*region).value?,
                Op::Method { .. } if self.is_told_on_its_way(site) => return Some(site),
                Op::Method { receiver, .. } if !matches!(self.callee(site), Some(Callee::Workspace(_))) => *receiver,
                Op::Closure { .. } | Op::Async(_) | Op::Call { .. } | Op::Method { .. } => return Some(site),
                _ => return None,
            }
        }
    }

    /// The operation whose error the work ends with.
    fn work_effect(&self, work: Site) -> Option<Effected> {
        match &self.node(work).op {
            Op::Closure { region, .. } | Op::Async(region) => {
                let passed = self.passed_on_in(work.body, *region).into_iter();
                passed.filter_map(|node| self.effect(Site { node, ..work })).min_by_key(|effected| effected.looks)
            }
            Op::Local(_) => self.effect_when_awaited(work),
            _ => self.effect(work),
        }
    }

    /// The calls that start the tasks behind a handle, a collection of handles, or a set.
    fn starts(&self, handle: Site, fuel: u32) -> Vec<Site> {
        let Some(fuel) = fuel.checked_sub(1) else { return Vec::new() };
        let follow = |node: NodeId| self.starts(Site { node, ..handle }, fuel);
        match &self.node(handle).op {
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => follow(*of),
            Op::Call { .. } | Op::Method { .. } if self.work(handle).is_some() => vec![handle],
            Op::Call { arguments, .. } if self.is_ok(handle) => {
                arguments.iter().flat_map(|given| follow(*given)).collect()
            }
            Op::Call { .. } | Op::Method { .. } if self.function_called(handle).is_some() => {
                self.starts_within(handle, fuel)
            }
            Op::Method { receiver, name, arguments, .. } => match self.made_for_each(handle, arguments)[..] {
                [] if keeps_handles(name) => follow(*receiver),
                ref made => made.iter().flat_map(|value| follow(*value)).collect(),
            },
            Op::Macro(call) if call.path.last() == "vec" => call.arguments.iter().flat_map(|a| follow(*a)).collect(),
            Op::Array(parts) => parts.iter().flat_map(|part| follow(*part)).collect(),
            Op::Local(local) => {
                let bound = self.sources(handle.body, *local).into_iter().flat_map(follow);
                bound.chain(self.put_into(handle, *local).into_iter().flat_map(follow)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The tasks whose handles, or whose set, a function of the workspace gives.
    fn starts_within(&self, call: Site, fuel: u32) -> Vec<Site> {
        let Some(body) = self.function_called(call).and_then(|function| self.linked_body(function)) else {
            return Vec::new();
        };
        let given = self.returned_values(body).into_iter().map(|node| Site { body, node });
        given.flat_map(|value| self.starts(value, fuel)).collect()
    }

    fn function_called(&self, call: Site) -> Option<FnId> {
        match self.callee(call) {
            Some(Callee::Workspace(function)) => Some(*function),
            _ => None,
        }
    }

    /// The handles that a closure gives, one for each element.
    fn made_for_each(&self, call: Site, arguments: &[NodeId]) -> Vec<NodeId> {
        let body = self.body(call.body);
        let given = arguments.iter().filter_map(|argument| match &body.node(*argument).op {
            Op::Closure { region, .. } => body.region(*region).value,
            _ => None,
        });
        given.filter(|value| self.task_output(self.ty(Site { node: *value, ..call })).is_some()).collect()
    }

    /// What is pushed into a collection, and the tasks that are spawned on a set.
    fn put_into(&self, handle: Site, collection: LocalId) -> Vec<NodeId> {
        let body = self.body(handle.body);
        let is_collection = |node: NodeId| matches!(body.node(node).op, Op::Local(local) if local == collection);
        let put = body.iter().filter_map(|(id, node)| match &node.op {
            Op::Method { receiver, name, arguments, .. } if is_collection(*receiver) => match name.as_str() {
                "push" | "push_back" => arguments.first().copied(),
                _ if self.work(Site { node: id, ..handle }).is_some() => Some(id),
                _ => None,
            },
            _ => None,
        });
        put.collect()
    }
}

/// Whether a method gives the handles that it is called on, or some of them.
fn keeps_handles(name: &str) -> bool {
    matches!(name, "drain" | "into_iter" | "iter_mut" | "unwrap" | "expect" | "take" | "collect") || only_explains(name)
}
