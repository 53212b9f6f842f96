//! What an expression asks a `Result` or `Option` by a yes or no, however it is turned round, and what a branch needs to be there. Knows nothing of what follows on the answer.

use crate::facts::model::{Literal, NodeId, Op, Operator, RegionId};
use crate::index::bodies::view::View;

/// What a `Result` or `Option` can be asked whether it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Err,
    Some,
    None,
}

impl Outcome {
    fn by(method: &str) -> Option<Outcome> {
        match method {
            "is_ok" => Some(Outcome::Ok),
            "is_err" => Some(Outcome::Err),
            "is_some" => Some(Outcome::Some),
            "is_none" => Some(Outcome::None),
            _ => None,
        }
    }

    fn opposite(self) -> Outcome {
        match self {
            Outcome::Ok => Outcome::Err,
            Outcome::Err => Outcome::Ok,
            Outcome::Some => Outcome::None,
            Outcome::None => Outcome::Some,
        }
    }
}

impl View<'_> {
    /// What has to be there for a branch to be entered: `if let Some(..) = found`, `match found { Some(..) => .. }`.
    pub fn found_in(self, branch: RegionId) -> Option<NodeId> {
        match self.op(self.info.region_node(branch)?) {
            Op::If { condition, then, .. } if *then == branch => match self.op(*condition) {
                Op::Let { pattern, of } if pattern.is_some() => Some(*of),
                _ => None,
            },
            Op::Match { scrutinee, arms } => {
                arms.iter().any(|arm| arm.region == branch && arm.pattern.is_some()).then_some(*scrutinee)
            }
            _ => None,
        }
    }

    /// The value that an expression asks, and what it is where the answer is yes: `answer.is_err()`, `!answer.is_ok()`, `answer.is_ok() == false`.
    pub fn asked(self, condition: NodeId) -> Option<(NodeId, Outcome)> {
        let turned = |of: NodeId| self.asked(of).map(|(value, asked)| (value, asked.opposite()));
        match self.op(condition) {
            Op::Method { receiver, name, arguments, .. } if arguments.is_empty() => {
                Outcome::by(name).map(|asked| (*receiver, asked))
            }
            Op::Unary(of) => turned(*of),
            Op::Binary { left, right, operator: Operator::Truth } => {
                matches!(self.op(*right), Op::Literal(Literal::Bool(false))).then(|| turned(*left))?
            }
            _ => None,
        }
    }
}
