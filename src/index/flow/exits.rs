//! Programs that are run, and whose end nobody looks at although it is looked at whether they could be started. What a program is run for is not asked here.

use crate::facts::model::{Arm, Literal, NodeId, Op, Pattern};
use crate::index::bodies::view::View;
use crate::index::declared::types::Ty;
use crate::source::Range;

/// A program of which only its start is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Unseen {
    /// What ran it, as a `Result` that only tells whether it could be started.
    pub run: NodeId,
    /// What shows that its end is not looked at.
    pub range: Range,
}

impl View<'_> {
    /// The program whose end is not looked at: `command.status()?;`, `if let Err(error) = command.output()`, `Ok(_) => ..`.
    pub fn exit_unseen(self, node: NodeId) -> Option<Unseen> {
        let whole = self.range(node);
        let (run, range) = match self.op(node) {
            Op::Discard(of) => (refused(self, *of)?, whole),
            Op::Bind { pattern, init: Some(init), otherwise: None, .. } if pattern.is_wild() => {
                (refused(self, *init)?, whole)
            }
            Op::Let { pattern, of } if pattern.is_err() => {
                let branches = self.info.parent(node).map(|owner| self.op(owner));
                matches!(branches, Some(Op::If { .. })).then_some((*of, whole))?
            }
            Op::Match { scrutinee, arms } => {
                let takes_any = |pattern: &Pattern| pattern.is_ok() && pattern.parts().iter().all(Pattern::is_wild);
                // Who gives a yes or no asks whether there is such a program.
                let says_yes = |arm: &Arm| {
                    let inside = self.facts.iter().filter(|(_, n)| self.facts.is_inside(n.region, arm.region));
                    let value = self.facts.region(arm.region).value;
                    value.is_some() && inside.into_iter().any(|(_, n)| matches!(n.op, Op::Literal(Literal::Bool(_))))
                };
                let arm = arms.iter().find(|arm| takes_any(&arm.pattern) && !arm.guarded && !says_yes(arm))?;
                (*scrutinee, arm.pattern.range)
            }
            _ => return None,
        };
        let run = self.index.unexplained(self.site(run)).node;
        tells_the_end(&self.ty(run).tried()).then_some(Unseen { run, range })
    }
}

/// What `?`, `unwrap` or `expect` takes the end of a program out of.
fn refused(view: View, value: NodeId) -> Option<NodeId> {
    match view.op(value) {
        Op::Try(of) => Some(*of),
        Op::Method { receiver, name, .. } if name == "unwrap" || name == "expect" => Some(*receiver),
        _ => None,
    }
}

/// Whether a value tells how a program ended.
fn tells_the_end(ty: &Ty) -> bool {
    matches!(ty.peeled(), Ty::Ext(path, _) if path == "std::process::Output" || path == "std::process::ExitStatus")
}
