//! Resources in fields that are written into where they lie: which of them nothing ever ends. What is handed on out of its field, or lent to more than a write, may
//! be ended elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{NodeId, Op, Pattern};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::defs::TypeId;
use crate::index::declared::types::Ty;
use crate::index::flow::Fate;

/// A field of a type of the workspace.
pub type Field = (TypeId, Ustr);

/// A resource in a field that is written into and never ended.
#[derive(Debug, Clone, Copy)]
pub struct WrittenField {
    pub field: Field,
    pub resource: Ustr,
    /// The first write.
    pub write: Site,
}

impl Index {
    /// What is written into in fields whose type `wanted` takes for one of a resource, and ended nowhere. What test code does is not looked at.
    pub fn written_fields(&self, wanted: &dyn Fn(&Ty) -> Option<Ustr>) -> Vec<WrittenField> {
        let mut writes: BTreeMap<Field, WrittenField> = BTreeMap::new();
        let mut ended: BTreeSet<Field> = BTreeSet::new();
        let used = self.look(|view, node| (!self.is_test(view.body)).then(|| used_field(view, node, wanted))?);
        for usage in used {
            match usage {
                Usage::Writes(written) => drop(writes.entry(written.field).or_insert(written)),
                Usage::MayEnd(field) => drop(ended.insert(field)),
            }
        }
        let taken_apart: BTreeSet<Ustr> =
            self.look(|view, node| Some(fields_taken(view.op(node)))).into_iter().flatten().collect();
        let is_left =
            |written: &WrittenField| !ended.contains(&written.field) && !taken_apart.contains(&written.field.1);
        writes.into_values().filter(is_left).collect()
    }
}

/// What is done with a resource in a field.
enum Usage {
    Writes(WrittenField),
    MayEnd(Field),
}

/// What a node does with a resource in a field; none where it leaves that as it is.
fn used_field(view: View, node: NodeId, wanted: &dyn Fn(&Ty) -> Option<Ustr>) -> Option<Usage> {
    let site = view.site(node);
    let resource = |(owner, name): Field| wanted(view.index.signatures().fields[owner.index()].get(&name)?);
    let behind = |node: NodeId| {
        let field = view.index.owning_field(view.site(node))?;
        resource(field).map(|resource| (field, resource))
    };
    let written = |field: Field, resource: Ustr| Usage::Writes(WrittenField { field, resource, write: site });
    let lent = |arguments: &[NodeId]| {
        let (field, resource) = arguments.iter().find_map(|argument| behind(*argument))?;
        Some(if writes(view, node) { written(field, resource) } else { Usage::MayEnd(field) })
    };
    match view.op(node) {
        Op::Field { base, name } => {
            let field = (view.index.struct_behind(view.ty(*base))?, *name);
            let goes_on = view.index.fate(site, resource(field)?) != Fate::Dies;
            goes_on.then_some(Usage::MayEnd(field))
        }
        Op::Call { arguments, .. } => lent(arguments),
        Op::Macro(call) => lent(&call.arguments),
        Op::Method { receiver, arguments, .. } => lent(arguments).or_else(|| {
            let (field, resource) = behind(*receiver)?;
            match writes(view, node) {
                true => Some(written(field, resource)),
                false => may_end(view, node, *receiver, resource).then_some(Usage::MayEnd(field)),
            }
        }),
        _ => None,
    }
}

/// Whether a call of a library, or a macro, does nothing but write into what it is called on or given.
pub(super) fn writes(view: View, call: NodeId) -> bool {
    let name = match view.op(call) {
        Op::Macro(called) => Some(called.path.last()),
        _ => view.index.external(view.site(call)),
    };
    name.is_some_and(|name| view.index.catalogue().lists(Calls::Writes, name))
}

/// Whether a method may end the resource that it is called on, or that its receiver leads to. Only of those of the library it is known that they leave it open.
fn may_end(view: View, call: NodeId, receiver: NodeId, resource: Ustr) -> bool {
    let site = view.site(call);
    let ends = view.index.releases_in(view.body).iter().any(|release| release.site == site && release.ends(resource));
    let is_it =
        matches!(view.ty(receiver).peeled(), Ty::Ext(path, _) if *path == resource) || view.ty(receiver).is_unknown();
    let is_known = matches!(view.info.callees.get(&call), Some(Callee::External(_)));
    ends || is_it && !is_known || view.index.gives_out(view.ty(receiver), view.ty(call), resource)
}

/// The fields that patterns of a node take out of a struct.
fn fields_taken(op: &Op) -> Vec<Ustr> {
    let patterns: Vec<&Pattern> = match op {
        Op::Bind { pattern, .. } | Op::Let { pattern, .. } => vec![pattern],
        Op::Match { arms, .. } => arms.iter().map(|arm| &arm.pattern).collect(),
        _ => Vec::new(),
    };
    patterns.into_iter().flat_map(Pattern::fields_taken).map(|(name, _)| name).collect()
}
