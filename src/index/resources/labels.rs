//! Families of metrics: a call that picks one of them by labels adds a series for each set that is new, and the series stays. Which of the labels can have ever
//! new values is told here; what a message says of that is not.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Literal, NodeId, Op};
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::flow::variety::Variety;
use crate::index::{Index, Ty};

/// A label with ever new values.
#[derive(Debug, Clone)]
pub struct EndlessLabel {
    /// The call that picks a metric.
    pub call: Site,
    /// The static or field that the family is kept in, where that is seen.
    pub family: Option<Ustr>,
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
        let listed =
            |site: Site, list: Calls| self.external(site).is_some_and(|path| self.catalogue().lists(list, path));
        let about_labels = |site: &Site| listed(*site, Calls::Labels) || listed(*site, Calls::ForgetsLabels);
        let (picks, forgets): (Vec<Site>, Vec<Site>) =
            self.shipped_sites().filter(about_labels).partition(|site| listed(*site, Calls::Labels));
        let forgotten: Vec<Option<Ustr>> = forgets.into_iter().map(|site| self.family(site)).collect();
        // What could not be told may be any.
        let is_forgotten = |call: Site| {
            let family = self.family(call);
            forgotten
                .iter()
                .any(|other| other.is_none() || *other == family || family.is_none() && !self.is_macro(call))
        };
        let kept = picks.into_iter().filter(|call| !is_forgotten(*call));
        kept.filter_map(|call| self.endless_label(call)).collect()
    }

    fn endless_label(&self, call: Site) -> Option<EndlessLabel> {
        let mut values = Vec::new();
        for argument in self.label_arguments(call) {
            self.collect_parts(argument, STEPS, &mut values);
        }
        values.retain(|value| self.variety(*value) != Variety::Few && !self.is_written_out(*value));
        let is_endless = |value: &Site| self.variety(*value) == Variety::Endless;
        let sure = values.iter().find(|value| is_endless(value) && self.is_countless(**value));
        let value = *sure.or_else(|| values.iter().find(|value| is_endless(value) || self.is_countless(**value)))?;
        let repeated = self.while_serving(call)?;
        let family = self.family(call);
        Some(EndlessLabel { call, family, value, sure: sure.is_some(), repeated })
    }

    /// What a call is given that the labels stand in: of a macro what stands behind a text, as `"caller" => name`.
    fn label_arguments(&self, call: Site) -> Vec<Site> {
        let at = |node: NodeId| Site { node, ..call };
        let is_text = |node: NodeId| matches!(self.node(at(node)).op, Op::Literal(Literal::Text(_)));
        match &self.node(call).op {
            Op::Method { arguments, .. } => arguments.iter().map(|node| at(*node)).collect(),
            Op::Macro(named) => {
                let behind_the_name = named.arguments.get(1..).unwrap_or_default();
                let pairs = behind_the_name.windows(2).filter(|pair| is_text(pair[0]) && !is_text(pair[1]));
                pairs.map(|pair| at(pair[1])).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The addresses, ids and numbers that labels are texts of.
    fn collect_parts(&self, value: Site, fuel: u32, found: &mut Vec<Site>) {
        let Some(fuel) = fuel.checked_sub(1) else { return };
        if self.is_countless(value) || self.is_large_number(self.ty(value)) {
            return found.push(value);
        }
        let mut each = |nodes: &[NodeId]| {
            nodes.iter().for_each(|node| self.collect_parts(Site { node: *node, ..value }, fuel, found));
        };
        match &self.node(value).op {
            Op::Reference { of, .. } | Op::Deref(of) => each(&[*of]),
            Op::Array(parts) | Op::Tuple(parts) => each(parts),
            Op::Struct { fields, .. } => each(&fields.iter().map(|(_, node)| *node).collect::<Vec<_>>()),
            Op::Method { receiver, name, .. } if self.catalogue().lists(Calls::SpellsOut, *name) => each(&[*receiver]),
            Op::Macro(call) => {
                let named = call.mentions.iter().filter_map(|local| self.body(value.body).uses(*local).next());
                each(&[&call.arguments[..], &named.collect::<Vec<_>>()].concat());
            }
            Op::Local(local) => match self.init_of(value.body, *local).filter(|init| *init < value.node) {
                Some(init) => each(&[init]),
                None => {
                    let parameter = self.parameter_of(value.body, *local).flatten();
                    let given =
                        self.function_of(value.body).zip(parameter).map(|(function, at)| self.given_for(function, at));
                    given.into_iter().flatten().for_each(|given| self.collect_parts(given, fuel, found));
                }
            },
            op => op.same_as().into_iter().for_each(|of| each(&[of])),
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

    fn is_macro(&self, call: Site) -> bool {
        matches!(self.node(call).op, Op::Macro(_))
    }

    /// The name of the static or field that a method is called on.
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
}
