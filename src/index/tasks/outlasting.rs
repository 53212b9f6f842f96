//! Tasks that go on where the value whose method spawned them has been ended by another of its methods. Sees what is cloned out of the receiver, and methods
//! that are named after an end and take nothing else.

use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::flow::handles::is_counted;
use crate::index::tasks::Task;

/// An end of a value that a task of its own outlasts.
#[derive(Debug, Clone, Copy)]
pub struct Outlasted {
    /// Where the task is given a part of the value.
    pub given: Site,
    pub owner: TypeId,
    /// The method that ends the value.
    pub end: FnId,
}

impl Index {
    /// The end of the value that a task works with a part of, for a task that nothing but the end of the process ends. None where its loop looks at a flag
    /// and may do nothing from then on, where the value's own runtime is what runs it, or where there is one such task in a run of the program.
    pub fn outlasted_end(&self, task: &Task) -> Option<Outlasted> {
        let spawner = self.function_of(task.spawn.body)?;
        let owner = self.receiver_type(spawner)?;
        let is_end = |function: FnId| self.is_destructor(function) || self.ends_all_of_it(function);
        if is_end(spawner)
            || self.reads_a_flag(task)
            || self.is_on_its_runtime(task, owner)
            || self.is_started_once(task)
        {
            return None;
        }
        let given = self.part_of_receiver(task)?;
        let mut ends = self.defs().fn_ids().filter(|function| self.receiver_type(*function) == Some(owner));
        let end = ends.find(|end| self.ends_all_of_it(*end) && !self.starts_anew(*end, spawner))?;
        Some(Outlasted { given, owner, end })
    }

    /// Whether a method ends all of its receiver, as its name says, and not something that it is told.
    fn ends_all_of_it(&self, method: FnId) -> bool {
        let function = self.defs().function(method);
        let alone = self.signatures().functions[method.index()].parameters.is_empty();
        alone && function.body.is_some() && !function.test && self.is_named_as_end_of_all(method)
    }

    /// Whether an end calls what spawned the task, or spawns by itself.
    fn starts_anew(&self, end: FnId, spawner: FnId) -> bool {
        let Some(body) = self.linked_body(end) else { return true };
        let calls = self.calls.callees(body).iter().any(|call| call.to == spawner);
        calls || self.call_sites(body).any(|site| self.task_at(site).is_some())
    }

    /// Where a task is given a handle that was cloned out of a field of the receiver, or a handle of the receiver itself.
    fn part_of_receiver(&self, task: &Task) -> Option<Site> {
        let body = task.spawn.body;
        let is_receiver = |local: LocalId| self.body(body).local(local).name == "self";
        let given = self.handed_to(task.spawn).into_iter().find(|node| {
            let Op::Local(local) = self.body(body).node(*node).op else { return false };
            if !self.is_from_outside(task.spawn, local) || !self.is_handle(self.info(body).local(local)) {
                return false;
            }
            let of_all = || match self.sources(body, local)[..] {
                [only] => self.cloned_from(Site { body, node: only }),
                _ => None,
            };
            is_receiver(local) || self.cloned_out_of(body, local).or_else(of_all).is_some_and(is_receiver)
        });
        given.map(|node| Site { body, node })
    }

    /// Whether clones of a value are the same value: it counts its owners, or is a type of the workspace with a part that does.
    fn is_handle(&self, ty: &Ty) -> bool {
        let has_counted = |id: &TypeId| self.signatures().fields[id.index()].values().any(is_counted);
        is_counted(ty) || matches!(ty.peeled(), Ty::Adt(id, _) if has_counted(id))
    }

    fn reads_a_flag(&self, task: &Task) -> bool {
        let reads = |path| self.catalogue().lists(Calls::Flags, path);
        self.work_sites(task).into_iter().any(|site| self.external(site).is_some_and(reads))
    }

    /// Whether a value may end a task by ending the runtime that it holds or has a handle of.
    fn is_on_its_runtime(&self, task: &Task, owner: TypeId) -> bool {
        let by_field = match &self.node(task.spawn).op {
            Op::Method { receiver, .. } => self.field_behind(Site { node: *receiver, ..task.spawn }).is_some(),
            _ => false,
        };
        let is_runtime = |path: &Ustr| self.kind(*path).is_some_and(|kind| kind == "runtime");
        let mut fields = self.signatures().fields[owner.index()].values();
        by_field || fields.any(|ty| self.owned_resources(ty).iter().any(is_runtime))
    }

    fn is_started_once(&self, task: &Task) -> bool {
        let (facts, info) = (self.body(task.spawn.body), self.info(task.spawn.body));
        let mut around = facts.outwards(facts.node(task.spawn.node).region);
        let filled_once = around.any(|(region, _)| info.runs.get(&region) == Some(&Runs::Once));
        filled_once || self.is_latched(task.spawn) || self.runs_once(task.spawn).is_some()
    }
}
