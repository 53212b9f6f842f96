//! Families of metrics: a call that picks one of them by labels adds a series for each set that is new, and the series stays. Which of the labels can have ever
//! new values is told here; what a message says of that is not.

use std::collections::VecDeque;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Literal, LocalId, NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeated;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Bound;
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
    /// Whether its type or its making says that there is no end to its values: an address, a hash, an id that was just made up, the path of any request. A
    /// number or another text of a request may be one of few.
    pub sure: bool,
    pub repeated: Repeated,
}

/// Numbers that are large enough to count things by.
const LARGE: [&str; 8] = ["u32", "u64", "u128", "usize", "i32", "i64", "i128", "isize"];

/// Through how many steps a label is followed to what it is a text of.
const STEPS: u32 = 16;

/// A value that a label is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part {
    value: Site,
    /// The calls of functions of the workspace that it is returned from, the innermost last.
    way: Vec<Site>,
}

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
        let mut values = self.parts_of_labels(self.label_arguments(call));
        let made_up = |value: &Site| self.is_made_up_by_anybody(*value);
        values.retain(|value| made_up(value) || self.variety(*value) != Variety::Few && !self.is_written_out(*value));
        let is_endless = |value: &Site| self.variety(*value) == Variety::Endless;
        let sure = values.iter().find(|value| made_up(value) || is_endless(value) && self.is_countless(**value));
        let value = *sure.or_else(|| values.iter().find(|value| is_endless(value) || self.is_countless(**value)))?;
        let repeated = self.while_serving(call)?;
        let family = self.family(call);
        Some(EndlessLabel { call, family, value, sure: sure.is_some(), repeated })
    }

    /// What a call is given that the labels stand in: of a macro what stands behind a text, as `"caller" => name`, or all of them behind the name.
    fn label_arguments(&self, call: Site) -> Vec<Site> {
        let at = |node: NodeId| Site { node, ..call };
        let is_text = |node: NodeId| matches!(self.node(at(node)).op, Op::Literal(Literal::Text(_)));
        match &self.node(call).op {
            Op::Method { arguments, .. } => arguments.iter().map(|node| at(*node)).collect(),
            Op::Macro(named) => match named.arguments.get(1..).unwrap_or_default() {
                // What is not lent may be the value that is counted.
                [labels] if matches!(self.node(at(*labels)).op, Op::Reference { .. }) => vec![at(*labels)],
                behind_the_name => {
                    let pairs = behind_the_name.windows(2).filter(|pair| is_text(pair[0]) && !is_text(pair[1]));
                    pairs.map(|pair| at(pair[1])).collect()
                }
            },
            _ => Vec::new(),
        }
    }

    /// The addresses, ids, numbers and paths that labels are texts of, the nearest first.
    fn parts_of_labels(&self, labels: Vec<Site>) -> Vec<Site> {
        let mut queue: VecDeque<Part> = labels.into_iter().map(|value| Part { value, way: Vec::new() }).collect();
        let (mut found, mut seen) = (Vec::new(), HashSet::default());
        for _ in 0..STEPS {
            for part in std::mem::take(&mut queue) {
                if !seen.insert(part.clone()) {
                    continue;
                }
                if !part.way.is_empty() && self.parameter_named(part.value).is_some() {
                    queue.extend(self.given_on_the_way(&part));
                } else if self.tells_apart(part.value) {
                    found.push(part.value);
                } else {
                    queue.extend(self.parts_of(&part));
                }
            }
        }
        found
    }

    /// What a call on the way gives for a parameter.
    fn given_on_the_way(&self, part: &Part) -> Option<Part> {
        let (call, outer) = part.way.split_last()?;
        let parameter = self.parameter_named(part.value)?;
        let function = self.function_of(part.value.body)?;
        let node = self.operand_for(*call, function, parameter)?;
        Some(Part { value: Site { node, ..*call }, way: outer.to_vec() })
    }

    fn parameter_named(&self, value: Site) -> Option<Option<usize>> {
        match &self.node(value).op {
            Op::Local(local) => self.parameter_of(value.body, *local),
            _ => None,
        }
    }

    fn tells_apart(&self, value: Site) -> bool {
        self.is_countless(value) || self.is_large_number(self.ty(value)) || self.is_made_up_by_anybody(value)
    }

    /// What a value is made of, one step on.
    fn parts_of(&self, part: &Part) -> Vec<Part> {
        let value = part.value;
        let here = |node: NodeId| Part { value: Site { node, ..value }, way: part.way.clone() };
        let each = |nodes: &[NodeId]| nodes.iter().map(|node| here(*node)).collect();
        match &self.node(value).op {
            Op::Reference { of, .. } | Op::Deref(of) => vec![here(*of)],
            Op::Array(parts) | Op::Tuple(parts) => each(parts),
            Op::Struct { fields, .. } => fields.iter().map(|(_, node)| here(*node)).collect(),
            Op::Method { receiver, name, .. } if self.catalogue().lists(Calls::SpellsOut, *name) => {
                vec![here(*receiver)]
            }
            Op::Macro(call) => {
                let named = call.mentions.iter().filter_map(|local| self.body(value.body).uses(*local).next());
                each(&[&call.arguments[..], &named.collect::<Vec<_>>()].concat())
            }
            Op::Local(local) => match (self.made_by(value, *local), self.parameter_named(value).flatten()) {
                (Some(init), _) => vec![here(init)],
                (None, Some(at)) => {
                    let given = self.function_of(value.body).map(|function| self.given_for(function, at));
                    given.into_iter().flatten().map(|value| Part { value, way: part.way.clone() }).collect()
                }
                (None, None) => Vec::new(),
            },
            op => match (op.same_as(), self.returned_by(value)) {
                (Some(of), _) => vec![here(of)],
                (None, Some(returned)) => vec![Part { value: returned, way: [&part.way[..], &[value]].concat() }],
                (None, None) => Vec::new(),
            },
        }
    }

    /// What a variable was made with. A text that is set again may be one of few by then; labels as a whole are completed in that way.
    fn made_by(&self, site: Site, local: LocalId) -> Option<NodeId> {
        let init = self.init_of(site.body, local).filter(|init| *init < site.node)?;
        let is_whole = matches!(self.ty(site).peeled(), Ty::Adt(..));
        (is_whole || self.sources(site.body, local).len() == 1).then_some(init)
    }

    /// The only value that the function of the workspace returns which is called here. Where there are several, they may be what a text is brought down to.
    fn returned_by(&self, call: Site) -> Option<Site> {
        let Some(Callee::Workspace(function)) = self.callee(call) else { return None };
        let body = self.defs().body_of(*function).filter(|body| self.is_linked(*body))?;
        match self.returned_values(body)[..] {
            [node] => Some(Site { body, node }),
            _ => None,
        }
    }

    /// Whether a text is what anybody asks for, whether there is such a thing or not: the path of a request, where all of them come by. The path is always
    /// the same where a handler has one of its own.
    fn is_made_up_by_anybody(&self, value: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(value).op else { return false };
        let asks = self.external(value).is_some_and(|path| self.catalogue().lists(Calls::AskedFor, path));
        asks && (self.is_for_layers(self.ty(Site { node: receiver, ..value })) || self.sees_all_requests(value.body))
    }

    /// Whether a body is of a layer, through which all requests come on their way to what answers them.
    fn sees_all_requests(&self, body: BodyRef) -> bool {
        let Some(function) = self.function_of(body) else { return false };
        self.outline.given_types(function).iter().any(|ty| self.is_for_layers(ty))
            || self.library_trait(function).is_some_and(|path| self.catalogue().lists(Calls::ForLayers, path))
    }

    fn is_for_layers(&self, ty: &Ty) -> bool {
        let listed = |path: &Ustr| self.catalogue().lists(Calls::ForLayers, *path);
        match ty.peeled() {
            Ty::Ext(path, _) => listed(path),
            Ty::Bounded(bounds) => bounds.iter().any(|bound| matches!(bound, Bound::Ext(path, _) if listed(path))),
            _ => false,
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
