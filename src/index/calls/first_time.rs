//! What an atomic flag lets through once: `if !flag.swap(true) { .. }`, `if flag.swap(true) { return }`. Whether anything sets the flag back is not asked:
//! then what stands behind it runs once at a time.

use crate::catalogue::Calls;
use crate::facts::model::{Literal, NodeId, Op, RegionId};
use crate::index::Index;
use crate::index::calls::Site;

impl Index {
    /// Whether only the first who comes to a flag gets to a site.
    pub(in crate::index) fn is_first_time(&self, site: Site) -> bool {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let around: Vec<RegionId> = facts.outwards(facts.node(site.node).region).map(|(region, _)| region).collect();
        let behind = |region: &RegionId| match info.region_node(*region).map(|owner| &facts.node(owner).op) {
            Some(Op::If { condition, then, .. }) => {
                self.tells_of_first(Site { node: *condition, ..site }) == Some(then == region)
            }
            _ => false,
        };
        let turned_away = |(_, node): (NodeId, &crate::facts::model::Node)| match &node.op {
            Op::If { condition, then, .. } => {
                around.contains(&node.region)
                    && self.tells_of_first(Site { node: *condition, ..site }) == Some(false)
                    && facts.region(*then).nodes.iter().any(|inner| matches!(facts.node(*inner).op, Op::Return(_)))
            }
            _ => false,
        };
        around.iter().any(behind) || facts.iter().take(site.node.index()).any(turned_away)
    }

    /// What a condition is for the first who comes to a flag, where it asks one.
    fn tells_of_first(&self, condition: Site) -> Option<bool> {
        let at = |node: NodeId| Site { node, ..condition };
        let is_true = |node: Option<&NodeId>| {
            node.is_some_and(|node| matches!(self.node(at(*node)).op, Op::Literal(Literal::Bool(true))))
        };
        let calls =
            |node: NodeId, list: Calls| self.external(at(node)).is_some_and(|path| self.catalogue().lists(list, path));
        match &self.node(condition).op {
            Op::Unary(of) => self.tells_of_first(at(*of)).map(|value| !value),
            Op::Method { arguments, .. } if calls(condition.node, Calls::Swaps) => {
                is_true(arguments.first()).then_some(false)
            }
            Op::Method { receiver, name, .. } if calls(*receiver, Calls::SwapsOnce) => {
                let Op::Method { arguments, .. } = &self.node(at(*receiver)).op else { return None };
                match name.as_str() {
                    "is_ok" => is_true(arguments.get(1)).then_some(true),
                    "is_err" => is_true(arguments.get(1)).then_some(false),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
