//! Deadlines that own the handle of a task: when the time is over the handle is dropped, and the task goes on without anybody. Knows nothing of
//! what the task does.

use crate::catalogue::{Calls, Runs};
use crate::facts::model::{NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::tasks::Task;

impl Index {
    /// The deadline that is given the handle of a task and is all that ever has it. A handle that is lent is still there afterwards.
    pub fn deadline_with_handle(&self, task: &Task) -> Option<Site> {
        if task.runs != Runs::Task {
            return None;
        }
        let (facts, info) = (self.body(task.spawn.body), self.info(task.spawn.body));
        let deadline = |handle: NodeId| {
            let call = Site { node: info.parent(handle)?, ..task.spawn };
            let bounds = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Deadlines, path));
            let given = matches!(&self.node(call).op, Op::Call { arguments, .. } if arguments.contains(&handle));
            (bounds && given).then_some(call)
        };
        match &facts.node(info.parent(task.spawn.node)?).op {
            Op::Bind { pattern, .. } => {
                let [bound] = pattern.locals()[..] else { return None };
                let mut uses = facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(used) if used == bound));
                let (Some((only, _)), None) = (uses.next(), uses.next()) else { return None };
                deadline(only)
            }
            _ => deadline(task.spawn.node),
        }
    }
}
