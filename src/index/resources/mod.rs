//! Which types own which resources, where resources are made, and where they are ended.

pub mod batches;
pub mod cycles;
pub mod globals;
pub mod growth;
pub mod keepers;
pub mod kept;
pub mod labels;
pub mod lazy;
pub mod leaks;
pub mod made;
pub mod obligations;
pub mod pairs;
pub mod recipes;
pub mod releases;
pub mod session_locks;
pub mod sockets;
pub mod synced;
pub mod written;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::diagnostic::Label;
use crate::facts::model::{Arm, LocalId, NodeId, Op, RegionId, RegionKind, StaticKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::types::Bound;
use crate::index::flow::Fate;
use crate::index::{Index, Outline, Ty};

/// What types of the workspace own.
pub struct Ownership {
    /// Per type: the resources it owns, each with the field that leads to it.
    owned: Vec<BTreeMap<Ustr, FieldStep>>,
    /// Per type: the resources that it may own besides, behind a trait object or a type that is left open.
    hidden: Vec<BTreeSet<Ustr>>,
}

/// The field of a type that leads to a resource.
#[derive(Debug, Clone, Copy)]
struct FieldStep {
    /// Position in the type's fields.
    field: usize,
    /// The workspace type the field holds, where the resource is further in.
    next: Option<TypeId>,
}

/// A place where a resource is made for whoever stands there.
#[derive(Debug, Clone)]
pub struct Construction {
    pub site: Site,
    /// The resource, by canonical path.
    pub resource: Ustr,
    /// Through which constructors of the workspace, from the outside in: none where the library is called here.
    pub through: Vec<Site>,
    pub fate: Fate,
}

impl Ownership {
    /// Follows the fields of all types.
    pub fn new(outline: &Outline) -> Self {
        let count = outline.defs.types.len();
        let mut ownership = Ownership { owned: vec![BTreeMap::new(); count], hidden: vec![BTreeSet::new(); count] };
        // Each round follows one more level of types; the order of fields decides which one is named.
        loop {
            let mut grown = false;
            for id in outline.defs.type_ids() {
                for (at, field) in outline.defs.type_def(id).fields.iter().enumerate() {
                    let key = crate::index::declared::signatures::field_key(field.variant, field.name);
                    let ty = &outline.signatures.fields[id.index()][&key];
                    for (resource, next) in ownership.of(outline, ty) {
                        let known = &mut ownership.owned[id.index()];
                        if let Entry::Vacant(free) = known.entry(resource) {
                            free.insert(FieldStep { field: at, next });
                            grown = true;
                        }
                    }
                }
            }
            if !grown {
                break;
            }
        }
        ownership.look_behind_traits(outline);
        ownership
    }

    /// Follows the fields of all types through what is known only by what it can do.
    fn look_behind_traits(&mut self, outline: &Outline) {
        loop {
            let mut grown = false;
            for id in outline.defs.type_ids() {
                for ty in outline.signatures.fields[id.index()].values() {
                    let mut found = BTreeSet::new();
                    self.add_hidden(outline, ty, &mut found);
                    let known = self.hidden[id.index()].len();
                    self.hidden[id.index()].append(&mut found);
                    grown |= self.hidden[id.index()].len() > known;
                }
            }
            if !grown {
                return;
            }
        }
    }

    /// What a value may own behind a trait of the workspace: what any type that implements it owns.
    fn add_hidden(&self, outline: &Outline, ty: &Ty, found: &mut BTreeSet<Ustr>) {
        match ty {
            Ty::Bounded(bounds) => {
                let traits = bounds.iter().filter_map(|bound| match bound {
                    Bound::Trait(id, _) => Some(*id),
                    Bound::Ext(..) => None,
                });
                for ty in traits.flat_map(|id| outline.signatures.types_with(id)) {
                    found.extend(self.of(outline, ty).into_iter().map(|(resource, _)| resource));
                    if let Ty::Adt(id, _) = ty {
                        found.extend(&self.hidden[id.index()]);
                    }
                }
            }
            Ty::Adt(id, arguments) => {
                found.extend(&self.hidden[id.index()]);
                arguments.iter().for_each(|argument| self.add_hidden(outline, argument, found));
            }
            Ty::Ext(path, arguments) => {
                if let Some(entry) = outline.catalogue.type_entry(*path) {
                    let held = entry.params.iter().zip(arguments).filter(|(name, _)| entry.holds.contains(name));
                    held.for_each(|(_, argument)| self.add_hidden(outline, argument, found));
                }
            }
            Ty::Tuple(parts) => parts.iter().for_each(|part| self.add_hidden(outline, part, found)),
            Ty::Slice(of) | Ty::Future(of) => self.add_hidden(outline, of, found),
            _ => {}
        }
    }

    /// The resources a value of this type owns, each with the workspace type that holds it.
    fn of(&self, outline: &Outline, ty: &Ty) -> Vec<(Ustr, Option<TypeId>)> {
        match ty {
            Ty::Ext(path, arguments) => {
                let mut found = Vec::new();
                if let Some(entry) = outline.catalogue.type_entry(*path) {
                    if entry.kind.is_some() {
                        found.push((*path, None));
                    }
                    let held = entry.params.iter().zip(arguments).filter(|(name, _)| entry.holds.contains(name));
                    found.extend(held.flat_map(|(_, argument)| self.of(outline, argument)));
                }
                found
            }
            Ty::Adt(id, arguments) => {
                let own = self.owned[id.index()].keys().map(|resource| (*resource, Some(*id)));
                let generic = arguments.iter().flat_map(|argument| self.of(outline, argument));
                own.chain(generic).collect()
            }
            Ty::Tuple(parts) => parts.iter().flat_map(|part| self.of(outline, part)).collect(),
            Ty::Slice(of) | Ty::Future(of) => self.of(outline, of),
            _ => Vec::new(),
        }
    }
}

impl Index {
    /// The resources a value of this type owns, without those behind a reference.
    pub fn owned_resources(&self, ty: &Ty) -> BTreeSet<Ustr> {
        self.resources.of(&self.outline, ty).into_iter().map(|(resource, _)| resource).collect()
    }

    /// Whether a value of this type, or what it refers to, owns a resource.
    pub fn owns(&self, ty: &Ty, resource: Ustr) -> bool {
        match ty {
            Ty::Ref(of) => self.owns(of, resource),
            ty => {
                self.resources.of(&self.outline, ty).iter().any(|(owned, _)| *owned == resource)
                    || self.may_hide(ty, resource)
            }
        }
    }

    /// Whether a value may own a resource unseen: behind a trait of the workspace, or as what a library knows by what it can do,
    /// such as `Box<dyn Write>`.
    fn may_hide(&self, ty: &Ty, resource: Ustr) -> bool {
        let mut hidden = BTreeSet::new();
        self.resources.add_hidden(&self.outline, ty, &mut hidden);
        hidden.contains(&resource) || self.is_known_by_trait(ty, resource)
    }

    /// Whether a value is something a library knows by what it can do, as a resource can.
    pub fn is_known_by_trait(&self, ty: &Ty, resource: Ustr) -> bool {
        match ty {
            Ty::Bounded(bounds) => bounds.iter().any(|bound| match bound {
                Bound::Ext(path, _) => self.resource(resource).is_some_and(|entry| entry.traits.contains(path)),
                Bound::Trait(..) => false,
            }),
            Ty::Ext(path, arguments) => self.catalogue().type_entry(*path).is_some_and(|entry| {
                let mut held = entry.params.iter().zip(arguments).filter(|(name, _)| entry.holds.contains(name));
                held.any(|(_, argument)| self.is_known_by_trait(argument, resource))
            }),
            Ty::Tuple(parts) => parts.iter().any(|part| self.is_known_by_trait(part, resource)),
            Ty::Slice(of) | Ty::Future(of) => self.is_known_by_trait(of, resource),
            _ => false,
        }
    }

    /// The entry of a resource.
    pub fn resource(&self, path: Ustr) -> Option<&TypeEntry> {
        self.catalogue().resource(path)
    }

    /// The entry of the resource that a type is, lent or not.
    pub(in crate::index) fn entry_of(&self, ty: &Ty) -> Option<&TypeEntry> {
        match ty.peeled() {
            Ty::Ext(path, _) => self.resource(*path),
            _ => None,
        }
    }

    /// The kind of a resource.
    pub fn kind(&self, resource: Ustr) -> Option<Ustr> {
        self.resource(resource)?.kind
    }

    /// Whether a type is a resource of a kind, lent or not.
    pub(in crate::index) fn is_kind(&self, ty: &Ty, kind: &str) -> bool {
        self.entry_of(ty).and_then(|entry| entry.kind).is_some_and(|of| of == kind)
    }

    /// Whether a function does itself what the drop of a resource would do.
    pub fn is_done_by_hand(&self, body: BodyRef, entry: &TypeEntry) -> bool {
        let does = |callee: &Callee| matches!(callee, Callee::External(path) if entry.done_by.contains(path));
        !entry.done_by.is_empty() && self.info(body).callees.values().any(does)
    }

    /// The fields that lead from a type to a resource it owns.
    pub fn ownership_path(&self, ty: &Ty, resource: Ustr) -> Vec<Label> {
        let mut labels = Vec::new();
        let held = self.resources.of(&self.outline, ty);
        let mut at = held.iter().find(|(owned, _)| *owned == resource).and_then(|(_, id)| *id);
        while let Some(id) = at {
            let Some(step) = self.resources.owned[id.index()].get(&resource) else { break };
            let item = self.defs().type_def(id);
            let field = &item.fields[step.field];
            let what = self.resource(resource).and_then(|entry| entry.kind).map_or(String::new(), |kind| words(&kind));
            let span = field.range.in_file(self.defs().types[id.index()].file);
            let text = match step.next {
                Some(next) => format!("`{}` owns a `{}`", item.name, self.defs().type_def(next).name),
                None => format!("`{}` owns the {what}", item.name),
            };
            labels.push(Label::new(span, text));
            at = step.next;
            if labels.len() > 6 {
                break;
            }
        }
        labels
    }

    /// All places where a resource is made, of those that `wanted` accepts: the library's constructors, and the calls of workspace functions that
    /// return what they freshly made. In the order of files and places.
    pub fn constructions(&self, wanted: impl Fn(&TypeEntry) -> bool) -> impl Iterator<Item = &Construction> {
        let all = self.constructions.get_or_init(|| self.all_constructions());
        all.iter().filter(move |made| self.resource(made.resource).is_some_and(&wanted))
    }

    fn all_constructions(&self) -> Vec<Construction> {
        let mut found: Vec<Construction> = Vec::new();
        for (body, facts, _) in self.bodies() {
            for (node, n) in facts.iter() {
                let site = Site { body, node };
                let made = match &n.op {
                    Op::Call { .. } | Op::Method { .. } => self.made_by_call(site),
                    Op::Path(_) => self.made_by_name(site),
                    _ => None,
                };
                let Some((resource, fate)) = made else { continue };
                if self.resource(resource).is_some() {
                    let fate = fate.unwrap_or_else(|| self.construction_fate(site, resource));
                    found.push(Construction { site, resource, through: Vec::new(), fate });
                }
            }
        }
        self.through_constructors(&mut found);
        self.through_constants(&mut found);
        found.sort_by_key(|c| (c.site, c.resource));
        found
    }

    /// Places where a library that nobody described makes a resource, of which only what a function of the workspace declares to return tells:
    /// `async fn listen(port: u16) -> io::Result<TcpListener> { net_tools::bind(port).await }`. What is called without an argument may give what is
    /// there already. Rules do not count on these: what is given may be a share of something else.
    pub fn made_unseen(&self) -> Vec<Construction> {
        let declared = self.defs().fn_ids().filter_map(|function| {
            let body = self.defs().body_of(function).filter(|body| self.is_linked(*body))?;
            Some((body, self.bare_resource(&self.signatures().functions[function.index()].returns)?))
        });
        let mut found: Vec<Construction> = declared
            .flat_map(|(body, resource)| {
                let made = self.given_calls(body).into_iter().map(move |node| Site { body, node });
                made.filter(|site| self.is_undescribed(*site)).map(move |site| (site, resource))
            })
            .map(|(site, resource)| Construction { site, resource, through: Vec::new(), fate: Fate::Returned })
            .collect();
        self.through_constructors(&mut found);
        found.sort_by_key(|c| (c.site, c.resource));
        found
    }

    /// The calls whose results a body may return as they are, or after a wait.
    fn given_calls(&self, body: BodyRef) -> Vec<NodeId> {
        let facts = self.body(body);
        let (mut queue, mut calls) = (self.returned_values(body), Vec::new());
        while let Some(node) = queue.pop() {
            let value = |region: &RegionId| facts.region(*region).value;
            match &facts.node(node).op {
                Op::Call { .. } => calls.push(node),
                Op::Await(of) | Op::Try(of) => queue.push(*of),
                Op::Block(region) => queue.extend(value(region)),
                Op::If { then, otherwise, .. } => {
                    queue.extend([Some(*then), *otherwise].iter().flatten().filter_map(value))
                }
                Op::Match { arms, .. } => queue.extend(arms.iter().filter_map(|arm| value(&arm.region))),
                _ => {}
            }
        }
        calls
    }

    /// Whether a site calls a function of a library of which nothing but the path is known, with something to make a value from.
    fn is_undescribed(&self, site: Site) -> bool {
        let given = matches!(&self.node(site).op, Op::Call { arguments, .. } if !arguments.is_empty());
        given && self.external(site).is_some_and(|path| !self.catalogue().describes(path))
    }

    fn made_by_call(&self, site: Site) -> Option<(Ustr, Option<Fate>)> {
        let callable = self.callable(site)?;
        if callable.fresh {
            return self.bare_resource(self.ty(site)).map(|resource| (resource, None));
        }
        callable.constructs.map(|resource| (resource, None))
    }

    /// The resource that a value is, not one that a type of the workspace may own.
    fn bare_resource(&self, ty: &Ty) -> Option<Ustr> {
        match ty {
            Ty::Future(of) => self.bare_resource(of),
            Ty::Ext(path, _) if self.resource(*path).is_some() => Some(*path),
            Ty::Ext(..) => self.bare_resource(ty.content()?),
            _ => None,
        }
    }

    /// A constructor that is handed on by name: `LazyLock::new(Client::new)`.
    fn made_by_name(&self, site: Site) -> Option<(Ustr, Option<Fate>)> {
        let Ty::ExtFn(path, _) = self.ty(site) else { return None };
        let resource = self.catalogue().callable(*path)?.constructs?;
        let call = Site { node: self.info(site.body).parent(site.node)?, ..site };
        let once = match &self.node(call).op {
            Op::Call { callee, .. } if *callee == site.node => return None,
            _ => self.fills_once(call),
        };
        let fate = if once {
            Fate::Kept
        } else if self.owns(self.ty(call), resource) {
            self.fate(call, resource)
        } else {
            Fate::Unknown
        };
        Some((resource, Some(fate)))
    }

    /// A free function such as `reqwest::get` makes a resource and gives back something else.
    /// What fills a cache is kept there, whatever else is done with it.
    fn construction_fate(&self, site: Site, resource: Ustr) -> Fate {
        if self.fills_a_cache(site) {
            return Fate::Kept;
        }
        let yields = self.owns(self.ty(site), resource) || self.ty(site).is_unknown();
        if yields { self.fate(site, resource) } else { Fate::Dies }
    }

    /// Whether what a call of this function gives is kept elsewhere in the same body: how much is shared is a setting.
    fn is_cached_beside(&self, site: Site, function: FnId) -> bool {
        let beside = self.calls.callees(site.body).iter().filter(|call| call.to == function && call.site != site);
        beside.into_iter().any(|call| self.fills_a_cache(call.site))
    }

    /// Whether a function is given to another of the workspace, rather than called.
    fn is_handed_to_workspace(&self, call: &Call) -> bool {
        matches!(self.callee(call.site), Some(Callee::Workspace(called)) if *called != call.to)
            && self.info(call.site.body).handed.iter().any(|(at, to, _)| *at == call.site.node && *to == call.to)
    }

    /// The parameter in whose absence a site runs: in the `None` arm or the `else` of an `if let`, or in a closure for what is missing. `Some(None)` is
    /// the receiver, or a field of it.
    fn stands_in_for_parameter(&self, site: Site) -> Option<Option<usize>> {
        let (body, info) = (self.body(site.body), self.info(site.body));
        body.outwards(body.node(site.node).region).find_map(|(region, facts)| {
            let owner = info.region_node(region)?;
            let optional = match (&body.node(owner).op, facts.kind) {
                (Op::If { condition, then, .. }, _) if *then != region => match &body.node(*condition).op {
                    Op::Let { of, .. } => *of,
                    _ => return None,
                },
                (Op::Match { scrutinee, arms }, _) => {
                    let is_missing = |arm: &Arm| arm.region == region && !arm.pattern.is_success();
                    arms.iter().any(is_missing).then_some(*scrutinee)?
                }
                (Op::Closure { parameters, .. }, RegionKind::Closure) if parameters.is_empty() => {
                    match &body.node(info.parent(owner)?).op {
                        Op::Method { receiver, .. } => *receiver,
                        _ => return None,
                    }
                }
                _ => return None,
            };
            let is_optional = matches!(info.ty(optional).peeled(), Ty::Ext(path, _) if path == "std::option::Option");
            self.part_of_parameter(site.body, optional).filter(|_| is_optional)
        })
    }

    /// Whether a call is seen to leave open what a parameter could have brought: it gives `None`, or what it is called on was built without one.
    fn leaves_open(&self, call: &Call, parameter: Option<usize>, resource: Ustr) -> bool {
        let Some(given) = self.operand_for(call.site, call.to, parameter) else { return false };
        let mut at = given;
        loop {
            let brings = |part: &NodeId| self.owns(self.ty(Site { node: *part, ..call.site }), resource);
            at = match &self.body(call.site.body).node(at).op {
                Op::Path(path) => return path.last() == "None",
                Op::Call { arguments, .. } => return parameter.is_none() && !arguments.iter().any(brings),
                Op::Method { receiver, arguments, .. } if !arguments.iter().any(brings) => *receiver,
                Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => *of,
                Op::Local(local) => match self.init_of(call.site.body, *local) {
                    Some(init) => init,
                    None => return false,
                },
                _ => return false,
            };
        }
    }

    /// Adds the places that name a constant whose value makes a resource when it is used: each use has a value of its own.
    fn through_constants(&self, found: &mut Vec<Construction>) {
        let in_constant = |made: &Construction| match self.owner(made.site.body) {
            Some(BodyOwner::Static(id)) if self.defs().static_item(id).kind == StaticKind::Const => {
                Some((id, made.clone()))
            }
            _ => None,
        };
        let inner: BTreeMap<StaticId, Construction> = found.iter().filter_map(in_constant).collect();
        for (constant, made) in inner {
            let through: Vec<Site> = [made.site].into_iter().chain(made.through).collect();
            found.extend(self.calls.mentions(constant).iter().map(|site| Construction {
                site: *site,
                resource: made.resource,
                through: through.clone(),
                fate: Fate::Dies,
            }));
        }
    }

    /// Adds the callers of every function that returns what it made.
    fn through_constructors(&self, found: &mut Vec<Construction>) {
        let mut seen: HashSet<(FnId, Ustr)> = HashSet::default();
        let mut at = 0;
        while at < found.len() {
            let inner = found[at].clone();
            at += 1;
            let Some(function) = self.function_of(inner.site.body).filter(|_| inner.fate == Fate::Returned) else {
                continue;
            };
            let returns = &self.signatures().functions[function.index()].returns;
            if !self.owns(returns, inner.resource) || !seen.insert((function, inner.resource)) {
                continue;
            }
            let stands_in = self.stands_in_for_parameter(inner.site);
            let taken =
                |call: &Call| stands_in.is_none_or(|parameter| self.leaves_open(call, parameter, inner.resource));
            for call in self.calls.callers(function).iter().filter(|call| taken(call)) {
                let through = [inner.site].into_iter().chain(inner.through.iter().copied()).collect();
                let once = call.runs == Runs::Once;
                let kept = once || self.fills_a_cache(call.site) || self.is_cached_beside(call.site, function);
                let fate = match () {
                    _ if kept => Fate::Kept,
                    // What a function of the workspace makes of what one that it is given returns is its own affair.
                    _ if self.is_handed_to_workspace(call) => Fate::Unknown,
                    _ => self.fate(call.site, inner.resource),
                };
                found.push(Construction { site: call.site, resource: inner.resource, through, fate });
            }
        }
    }
}

impl Index {
    /// Whether a mention of a static is the receiver of a call that fills it.
    pub fn initialised_here(&self, site: Site) -> bool {
        let Some(call) = self.info(site.body).parent(site.node) else { return false };
        self.fills_once(Site { node: call, ..site })
    }

    fn fills_once(&self, call: Site) -> bool {
        self.callable(call).is_some_and(|callable| callable.runs == Runs::Once)
    }

    /// The constant that is named where a site is.
    pub fn constant_named(&self, site: Site) -> Option<Ustr> {
        let id = *self.info(site.body).statics.get(&site.node)?;
        let item = self.defs().static_item(id);
        (item.kind == StaticKind::Const).then_some(item.name)
    }

    /// The static that a variable is put into.
    fn kept_in_static(&self, body: BodyRef, local: LocalId) -> Option<StaticId> {
        let (facts, info) = (self.body(body), self.info(body));
        let uses = facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(used) if used == local));
        uses.filter_map(|(node, _)| Some((node, info.parent(node)?))).find_map(|(node, call)| {
            let Op::Method { receiver, arguments, .. } = &facts.node(call).op else { return None };
            let keeps = self.catalogue().lists(Calls::Keeps, self.external(Site { body, node: call })?);
            let origins = || self.origins(Site { body, node: *receiver }).into_iter().next();
            (keeps && arguments.contains(&node)).then(origins).flatten()
        })
    }

    /// The static that a call fills on first use: it stands in a closure given to, or is an argument of, a method of it; perhaps by way of a variable.
    pub fn initialises(&self, site: Site) -> Option<StaticId> {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let mut at = site.node;
        loop {
            match info.parent(at) {
                Some(parent) => {
                    if let Op::Method { receiver, arguments, .. } = &body.node(parent).op
                        && arguments.contains(&at)
                    {
                        return self.origins(Site { node: *receiver, ..site }).into_iter().next();
                    }
                    if let Op::Bind { pattern, .. } = &body.node(parent).op {
                        let [local] = pattern.locals()[..] else { return None };
                        let around = body.region(body.node(parent).region);
                        let is_it = |value: NodeId| matches!(body.node(value).op, Op::Local(given) if given == local);
                        match around.value.filter(|value| is_it(*value)) {
                            // What a block or closure gives in the end.
                            Some(value) => at = value,
                            None => return self.kept_in_static(site.body, local),
                        }
                        continue;
                    }
                    at = parent;
                }
                None => at = info.region_node(body.node(at).region)?,
            }
        }
    }
}

/// A kind as words: `connection pool`.
pub fn words(kind: &str) -> String {
    kind.replace('-', " ")
}
