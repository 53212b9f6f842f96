//! Families of metrics: a call that picks one of them by labels adds a series for each set that is new, and the series stays. Which of the labels can have ever
//! new values is told here; what a message says of that is not.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::declared::defs::BodyRef;
use crate::index::flow::variety::Variety;
use crate::index::{Index, Ty};

/// A label with ever new values.
#[derive(Debug, Clone)]
pub struct EndlessLabel {
    /// The call that picks a metric.
    pub call: Site,
    /// The static or field that the family is kept in, or the macro that names it.
    pub family: String,
    /// The label's value, or what it is made of.
    pub value: Site,
    /// Whether its type or its making says that there is no end to its values: an address, a hash, an id that was just made up. A number or a text of a
    /// request may be one of few.
    pub sure: bool,
    pub repeated: Repeated,
}

/// Numbers that are large enough to count things by.
const LARGE: [&str; 8] = ["u32", "u64", "u128", "usize", "i32", "i64", "i128", "isize"];

/// Through how many steps a label is followed to what it is a text of.
const STEPS: u32 = 8;

impl Index {
    /// The labels with ever new values that a service sets while it serves, one for each call.
    pub fn endless_labels(&self) -> Vec<EndlessLabel> {
        let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body));
        let sites = shipped.flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
        let listed =
            |site: Site, list: Calls| self.external(site).is_some_and(|path| self.catalogue().lists(list, path));
        let (picks, forgets): (Vec<Site>, Vec<Site>) = sites
            .filter(|site| listed(*site, Calls::Labels) || listed(*site, Calls::ForgetsLabels))
            .partition(|site| listed(*site, Calls::Labels));
        let forgotten: Vec<Option<Ustr>> = forgets.into_iter().map(|site| self.family(site)).collect();
        // A family that could not be told may be any.
        let is_forgotten = |family: Option<Ustr>| {
            forgotten.iter().any(|other| other.is_none() || family.is_none() || *other == family)
        };
        let kept = picks.into_iter().filter(|call| !is_forgotten(self.family(*call)));
        kept.filter_map(|call| self.endless_label(call)).collect()
    }

    fn endless_label(&self, call: Site) -> Option<EndlessLabel> {
        let mut values = Vec::new();
        for argument in self.label_arguments(call) {
            self.collect_parts(argument, STEPS, &mut values);
        }
        let endless = |value: &Site| self.variety(*value) != Variety::Few && !self.is_written_out(*value);
        let sure = values.iter().find(|value| endless(value) && self.is_countless(**value));
        let large = |value: &&Site| self.is_large_number(self.ty(**value)) && self.variety(**value) == Variety::Endless;
        let value = *sure.or_else(|| values.iter().find(large))?;
        let repeated = self.while_serving(call)?;
        let family = self.family(call).map_or_else(|| self.name_of(call), |family| family.to_string());
        Some(EndlessLabel { call, family, value, sure: sure.is_some(), repeated })
    }

    /// What a call is given that the labels stand in: of a macro all but the name and what follows it alone.
    fn label_arguments(&self, call: Site) -> Vec<Site> {
        let at = |node: NodeId| Site { node, ..call };
        match &self.node(call).op {
            Op::Method { arguments, .. } => arguments.iter().map(|node| at(*node)).collect(),
            Op::Macro(named) => self.mentioned(call.body, &named.mentions),
            _ => Vec::new(),
        }
    }

    /// What callers give for a parameter.
    fn given_for(&self, body: BodyRef, local: LocalId) -> Vec<Site> {
        let (Some(function), Some(Some(at))) = (self.function_of(body), self.parameter_of(body, local)) else {
            return Vec::new();
        };
        let callers = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        callers.filter_map(|call| self.argument_at(call.site, function, at)).collect()
    }

    /// Where variables get their values that a macro names.
    fn mentioned(&self, body: BodyRef, locals: &[LocalId]) -> Vec<Site> {
        let used = |local: &LocalId| self.body(body).uses(*local).next();
        locals.iter().filter_map(used).map(|node| Site { body, node }).collect()
    }

    /// The values that labels are made of, without what only makes texts of them.
    fn collect_parts(&self, value: Site, fuel: u32, found: &mut Vec<Site>) {
        let Some(fuel) = fuel.checked_sub(1) else { return };
        let facts = self.body(value.body);
        let mut each = |nodes: &[NodeId]| {
            nodes.iter().for_each(|node| self.collect_parts(Site { node: *node, ..value }, fuel, found));
        };
        match &facts.node(value.node).op {
            _ if self.is_countless(value) || self.is_large_number(self.ty(value)) => found.push(value),
            Op::Reference { of, .. } | Op::Deref(of) => each(&[*of]),
            Op::Array(parts) | Op::Tuple(parts) => each(parts),
            Op::Struct { fields, .. } => each(&fields.iter().map(|(_, node)| *node).collect::<Vec<_>>()),
            Op::Method { receiver, arguments, .. } if arguments.is_empty() => each(&[*receiver]),
            Op::Macro(call) => {
                each(&call.arguments);
                found.extend(self.mentioned(value.body, &call.mentions));
            }
            Op::Local(local) => match self.init_of(value.body, *local).filter(|init| *init < value.node) {
                Some(init) => each(&[init]),
                None => match self.given_for(value.body, *local) {
                    given if given.is_empty() => found.push(value),
                    given => given.into_iter().for_each(|given| self.collect_parts(given, fuel, found)),
                },
            },
            Op::Literal(_) => {}
            _ => found.push(value),
        }
    }

    /// Whether there is no end to the values of a type, or something was made up where it stands.
    fn is_countless(&self, value: Site) -> bool {
        let by_type = match self.innermost(self.ty(value)).peeled() {
            Ty::Ext(path, _) => {
                [Calls::Countless, Calls::Identifies].iter().any(|list| self.catalogue().lists(*list, *path))
            }
            _ => false,
        };
        by_type || self.external(value).is_some_and(|path| self.catalogue().lists(Calls::Unique, path))
    }

    fn is_large_number(&self, ty: &Ty) -> bool {
        matches!(self.innermost(ty).peeled(), Ty::Ext(path, _) if LARGE.contains(&path.as_str()))
    }

    /// The name of the static, field or variable that a method is called on.
    fn family(&self, call: Site) -> Option<Ustr> {
        let Op::Method { receiver, .. } = self.node(call).op else { return None };
        let mut at = receiver;
        loop {
            at = match &self.body(call.body).node(at).op {
                Op::Path(path) => return Some(path.last()),
                Op::Field { name, .. } => return Some(*name),
                Op::Local(local) => self.init_of(call.body, *local).filter(|init| *init < at)?,
                Op::Reference { of, .. } | Op::Deref(of) => *of,
                Op::Method { receiver, arguments, .. } if arguments.is_empty() => *receiver,
                _ => return None,
            }
        }
    }

    fn name_of(&self, call: Site) -> String {
        match &self.node(call).op {
            Op::Macro(call) => format!("{}!", call.path.last()),
            Op::Method { name, .. } => name.to_string(),
            _ => String::new(),
        }
    }
}
