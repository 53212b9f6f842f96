//! What an atomic flag lets through once: `if !flag.swap(true) { .. }`, `if flag.swap(true) { return }`. Whether anything sets the flag back is not asked:
//! then what stands behind it runs once at a time. It is asked where the flag is read and set by two calls.

use crate::catalogue::Calls;
use crate::facts::model::{Literal, NodeId, Op, RegionId};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::resources::keepers::Keeper;

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
        let calls = |node: NodeId, list| self.external(at(node)).is_some_and(|path| self.catalogue().lists(list, path));
        match &self.node(condition).op {
            Op::Unary(of) => self.tells_of_first(at(*of)).map(|value| !value),
            Op::Method { arguments, .. } if calls(condition.node, Calls::Swaps) => {
                is_true(arguments.first()).then_some(false)
            }
            Op::Method { receiver, name, .. } if calls(*receiver, Calls::SwapsIf) => {
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

    /// Whether a function returns before it comes to a site where a flag is set, sets the flag itself, and nothing ever sets it back. Two who come at the
    /// same time may both get through.
    pub fn is_latched(&self, site: Site) -> bool {
        let facts = self.body(site.body);
        let around: Vec<RegionId> = facts.outwards(facts.node(site.node).region).map(|(region, _)| region).collect();
        let turned_away = facts.iter().take(site.node.index()).filter_map(|(_, node)| match node.op {
            Op::If { condition, then, .. } if around.contains(&node.region) => {
                let returns =
                    facts.region(then).nodes.iter().any(|inner| matches!(facts.node(*inner).op, Op::Return(_)));
                returns.then(|| self.flag_read(Site { node: condition, ..site })).flatten()
            }
            _ => None,
        });
        turned_away.into_iter().any(|flag| self.sets(site, flag) && self.is_never_set_back(flag))
    }

    /// The static or field of a flag that a call reads.
    fn flag_read(&self, call: Site) -> Option<Keeper> {
        let Op::Method { receiver, .. } = self.node(call).op else { return None };
        let reads = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Flags, path));
        self.flag(Site { node: receiver, ..call }).filter(|_| reads)
    }

    fn flag(&self, place: Site) -> Option<Keeper> {
        match self.info(place.body).statics.get(&place.node) {
            Some(item) => Some(Keeper::Static(*item)),
            None => match self.node(place).op {
                Op::Field { base, name } => {
                    Some(Keeper::Field(self.struct_behind(self.ty(Site { node: base, ..place }))?, name))
                }
                _ => None,
            },
        }
    }

    /// Whether the function around a site sets a flag.
    fn sets(&self, site: Site, flag: Keeper) -> bool {
        self.call_sites(site.body).any(|call| self.is_set_by(call) && self.flag_called_on(call) == Some(flag))
    }

    fn flag_called_on(&self, call: Site) -> Option<Keeper> {
        let Op::Method { receiver, .. } = self.node(call).op else { return None };
        self.flag(Site { node: receiver, ..call })
    }

    /// Whether a call sets a flag: `flag.store(true, ..)`.
    fn is_set_by(&self, call: Site) -> bool {
        let Op::Method { arguments, .. } = &self.node(call).op else { return false };
        let is_true =
            |node: &NodeId| matches!(self.node(Site { node: *node, ..call }).op, Op::Literal(Literal::Bool(true)));
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Announces, path))
            && arguments.first().is_some_and(is_true)
    }

    /// Whether all that is done with a flag is to read it, and to set it.
    fn is_never_set_back(&self, flag: Keeper) -> bool {
        let keeps = |call: Site| {
            let reads = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Flags, path));
            reads || self.is_set_by(call)
        };
        let calls =
            self.bodies().filter(|(body, ..)| !self.is_test(*body)).flat_map(|(body, ..)| self.call_sites(body));
        calls.into_iter().filter(|call| self.flag_called_on(*call) == Some(flag)).all(keeps)
    }
}
