//! Where closures and futures run that a call is given, where that is not simply here. Knows nothing of what the call does besides.

use super::infer::{BodyInfo, Callee};
use crate::catalogue::Runs;
use crate::facts::model::*;

/// A closure that is handed to something that runs it.
pub fn mark_closure(body: &Body, info: &mut BodyInfo, closure: NodeId, runs: Runs) {
    if let Op::Closure { region, .. } = body.node(closure).op
        && runs != Runs::Inline
    {
        info.runs.insert(region, runs);
    }
}

/// An async block, or a call of an async function, that is handed to something that runs it.
pub fn mark_future(body: &Body, info: &mut BodyInfo, argument: NodeId, runs: Runs) {
    if runs == Runs::Inline {
        return;
    }
    let mut at = argument;
    loop {
        match &body.node(at).op {
            Op::Async(region) => {
                info.runs.insert(*region, runs);
                return;
            }
            // `Box::pin(async { .. })`
            Op::Call { arguments, .. } if is_pinned(info, at) => match arguments[..] {
                [pinned] => at = pinned,
                _ => return,
            },
            Op::Call { .. } => {
                info.future_runs.insert(at, runs);
                return;
            }
            Op::Method { receiver, .. } => {
                if matches!(info.callees.get(&at), Some(Callee::Workspace(_) | Callee::Trait(_))) {
                    info.future_runs.insert(at, runs);
                    return;
                }
                // `async move { .. }.instrument(span)`
                at = *receiver;
            }
            Op::Local(local) => match body.named_init(*local) {
                Some(init) => at = init,
                None => return,
            },
            _ => return,
        }
    }
}

fn is_pinned(info: &BodyInfo, call: NodeId) -> bool {
    matches!(info.callees.get(&call), Some(Callee::External(path)) if *path == "std::boxed::Box::pin")
}
