//! Where a value was made: it is followed back through variables, fields, parameters and what functions return, to the calls that make it. What
//! cannot be followed was made nowhere; who has to know all that a value may be, as for the type behind a trait, is told that it cannot be.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry, TypeExpr};
use crate::facts::model::{Literal, LocalId, NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::signatures::TypeKey;
use crate::index::{Index, Ty};

/// How far a value is followed back.
const FUEL: u32 = 24;

/// How far what may be a resource is: it is known when it is met, and few other things are met on the way.
const FUEL_FOR_RESOURCES: u32 = 48;

/// What it is that is made.
#[derive(Clone, Copy)]
enum Wanted<'i> {
    Resource(&'i dyn Fn(&TypeEntry) -> bool),
    /// Both ends of a channel.
    Channel,
    /// A connection to a peer, be it one that is dialled or one that connects.
    Connection,
    /// Texts that are written out, whatever is done with them.
    Text,
    /// Values of types that have a trait.
    Implementor(TraitId),
}

/// A walk from a value back to where it is made.
struct Back<'i> {
    index: &'i Index,
    wanted: Wanted<'i>,
    seen: HashSet<Site>,
    made: BTreeSet<Site>,
    /// A part of the way is not known: what stands there may have been made anywhere.
    is_open: bool,
}

impl Index {
    /// The calls that make what a value stems from, of resources that `wanted` accepts.
    pub fn made_behind(&self, site: Site, wanted: &dyn Fn(&TypeEntry) -> bool) -> BTreeSet<Site> {
        self.wanted_behind(site, Wanted::Resource(wanted))
    }

    /// The calls that make the channels that a value may be an end of.
    pub fn channels_behind(&self, end: Site) -> BTreeSet<Site> {
        self.wanted_behind(end, Wanted::Channel)
    }

    /// The calls that make the connection which a value is, or speaks on: they dial a peer, or take one that connects.
    pub fn connections_behind(&self, value: Site) -> BTreeSet<Site> {
        self.wanted_behind(value, Wanted::Connection)
    }

    /// The texts that are written out and that a value is made of, also where each is only what is taken instead of something else.
    pub fn texts_behind(&self, value: Site) -> Vec<Ustr> {
        let text = |site: Site| match self.node(site).op {
            Op::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        };
        self.wanted_behind(value, Wanted::Text).into_iter().filter_map(text).collect()
    }

    /// The types that stand behind a value of which only a trait is known; none where they are not all known.
    pub(in crate::index) fn implementors_behind(&self, value: Site, of: TraitId) -> Option<HashSet<TypeKey>> {
        let back = self.walked_back(value, Wanted::Implementor(of), FUEL);
        let types = back.made.iter().filter_map(|site| self.implementor_in(self.ty(*site), of));
        (!back.is_open && !back.made.is_empty()).then(|| types.collect())
    }

    /// The type that has a trait, be it within others of libraries: a trait that `Arc<T>` has is mostly passed on to what is in it.
    fn implementor_in(&self, ty: &Ty, of: TraitId) -> Option<TypeKey> {
        let within = match ty {
            Ty::Ref(inner) => self.implementor_in(inner, of),
            Ty::Ext(path, parts) if self.only_points(*path) => {
                parts.iter().find_map(|part| self.implementor_in(part, of))
            }
            _ => None,
        };
        let itself = || match ty {
            Ty::Adt(..) | Ty::Ext(..) => TypeKey::of(ty).filter(|key| self.signatures().has_trait(*key, of)),
            _ => None,
        };
        within.or_else(itself)
    }

    /// Whether a type of a library is a pointer to one value, as `Arc<T>` is: what it gives is what it was made with.
    fn only_points(&self, path: Ustr) -> bool {
        let entry = self.catalogue().type_entry(path);
        entry.is_some_and(|entry| matches!(entry.deref, Some(TypeExpr::Param(_))))
    }

    /// Whether a value stays what it was made with as long as nothing is assigned: neither a collection nor a cell whose content may be exchanged.
    fn stays_as_made(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, parts) => {
                let holds = self.only_points(*path) || ty.is_option() || ty.is_result();
                holds && parts.first().is_some_and(|part| self.stays_as_made(part))
            }
            Ty::Adt(..) | Ty::Param(_) | Ty::Bounded(_) => true,
            _ => false,
        }
    }

    fn wanted_behind(&self, site: Site, wanted: Wanted) -> BTreeSet<Site> {
        let fuel = if matches!(wanted, Wanted::Resource(_)) { FUEL_FOR_RESOURCES } else { FUEL };
        self.walked_back(site, wanted, fuel).made
    }

    fn walked_back<'i>(&'i self, site: Site, wanted: Wanted<'i>, fuel: u32) -> Back<'i> {
        let mut back = Back { index: self, wanted, seen: HashSet::default(), made: BTreeSet::new(), is_open: false };
        back.value(site, fuel);
        back
    }

    /// Whether nothing comes of an expression that could be what is looked for: it leaves its function, or is an error.
    fn gives_no_value(&self, site: Site) -> bool {
        let ty = self.ty(site);
        matches!(ty, Ty::Never) || ty.is_result() && self.is_failure(site)
    }

    /// Whether a variable is all of what it is bound to or assigned, and no part that a pattern takes out of it.
    fn is_given_whole(&self, body: BodyRef, local: LocalId, source: NodeId) -> bool {
        self.body(body).nodes.iter().any(|node| match &node.op {
            Op::Bind { pattern, init, .. } => *init == Some(source) && pattern.binds_whole(local),
            Op::Assign { value, .. } => *value == source,
            _ => false,
        })
    }

    /// Whether an expression gives what one of several blocks gives: its type is known by one of them.
    fn is_branching(&self, site: Site) -> bool {
        matches!(self.node(site).op, Op::If { .. } | Op::Match { .. } | Op::Loop { .. } | Op::Block { .. })
    }

    /// Whether a call of a library gives both ends of a channel.
    fn makes_a_channel(&self, call: Site) -> bool {
        let sends =
            |ty: &Ty| matches!(ty.peeled(), Ty::Ext(path, _) if self.catalogue().lists_a_member(Calls::Sends, *path));
        match self.ty(call) {
            Ty::Tuple(ends) => {
                self.external(call).is_some() && ends.iter().any(sends) && ends.iter().any(|end| self.is_receiver(end))
            }
            _ => false,
        }
    }
}

impl Back<'_> {
    fn value(&mut self, site: Site, fuel: u32) {
        let Some(fuel) = fuel.checked_sub(1) else {
            self.is_open = true;
            return;
        };
        if !self.seen.insert(site) {
            return;
        }
        let known = (self.seen.len(), self.made.len());
        self.step(site, fuel);
        let goes_on = known != (self.seen.len(), self.made.len());
        self.is_open |= !goes_on && !self.index.gives_no_value(site);
    }

    fn step(&mut self, site: Site, fuel: u32) {
        let index = self.index;
        if let Wanted::Implementor(of) = self.wanted
            && !index.is_branching(site)
            && index.implementor_in(index.ty(site), of).is_some()
        {
            self.made.insert(site);
            return;
        }
        if self.is_for_all() && self.may_be_more(site) {
            self.is_open = true;
            return;
        }
        if let Some(item) = index.info(site.body).statics.get(&site.node) {
            self.static_value(*item, fuel);
            return;
        }
        let to = |node: NodeId| Site { node, ..site };
        match &index.node(site).op {
            Op::Local(local) => self.local(site.body, *local, fuel),
            Op::Field { base, name } => match index.struct_behind(index.ty(to(*base))) {
                Some(id) => self.field(id, *name, fuel),
                None => self.value(to(*base), fuel),
            },
            Op::Call { arguments, .. } => self.call(site, arguments, fuel),
            Op::Method { receiver, arguments, .. } => match index.callee(site) {
                Some(Callee::Workspace(function)) => self.returned(*function, fuel),
                _ if self.makes(site) => {
                    self.made.insert(site);
                }
                _ => {
                    self.value(to(*receiver), fuel);
                    let all = match self.wanted {
                        Wanted::Text => true,
                        // `http.serve_connection(stream, service)`
                        Wanted::Connection => index.serves_one(site),
                        _ => false,
                    };
                    let given = arguments
                        .iter()
                        .filter(|argument| all || matches!(index.node(to(**argument)).op, Op::Closure { .. }));
                    given.for_each(|argument| self.value(to(*argument), fuel));
                }
            },
            Op::Literal(Literal::Text(_)) if matches!(self.wanted, Wanted::Text) => {
                self.made.insert(site);
            }
            Op::Macro(call) if matches!(self.wanted, Wanted::Text) => {
                call.arguments.iter().for_each(|node| self.value(to(*node), fuel));
                call.mentions.iter().for_each(|local| self.local(site.body, *local, fuel));
            }
            Op::Binary { left, right, .. } if matches!(self.wanted, Wanted::Text) => {
                self.value(to(*left), fuel);
                self.value(to(*right), fuel);
            }
            // A constructor that is handed on by name.
            Op::Path(_) if self.makes_by_name(site) => {
                self.made.insert(site);
            }
            Op::Tuple(parts) => self.parts(site, parts, fuel),
            Op::Struct { fields, .. } => {
                let parts: Vec<NodeId> = fields.iter().map(|(_, node)| *node).collect();
                self.parts(site, &parts, fuel);
            }
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) | Op::Index { base: of, .. } => {
                self.value(to(*of), fuel);
            }
            op => {
                let mut values = Vec::new();
                op.regions(&mut |region| values.extend(index.body(site.body).region(region).value));
                values.into_iter().for_each(|node| self.value(to(node), fuel));
            }
        }
    }

    /// Whether all that the value may be has to be known.
    fn is_for_all(&self) -> bool {
        matches!(self.wanted, Wanted::Implementor(_))
    }

    /// Whether a value may be something else than what the walk goes on to: what lies in a collection or cell, or what a call is given beside that.
    fn may_be_more(&self, site: Site) -> bool {
        let index = self.index;
        match &index.node(site).op {
            Op::Local(_) | Op::Field { .. } | Op::Path(_) => !index.stays_as_made(index.ty(site)),
            Op::Method { arguments, .. } => match index.callee(site) {
                Some(Callee::Workspace(_)) => false,
                Some(Callee::External(_)) => !arguments.is_empty(),
                _ => true,
            },
            Op::Call { arguments, .. } => {
                !matches!(index.callee(site), Some(Callee::Workspace(_))) && arguments.len() != 1
            }
            Op::Index { .. } => true,
            _ => false,
        }
    }

    /// Of several parts, those that may be what is looked for: ends of channels, and what owns a resource that is wanted.
    fn parts(&mut self, site: Site, parts: &[NodeId], fuel: u32) {
        let index = self.index;
        let owns = |ty: &Ty| {
            let mut owned = index.owned_resources(ty).into_iter().filter_map(|path| index.resource(path));
            owned.any(|entry| self.is_wanted(entry))
        };
        let may_be = |part: &Site| index.is_end(index.ty(*part)) || owns(index.ty(*part));
        let parts: Vec<Site> = parts.iter().map(|node| Site { node: *node, ..site }).filter(may_be).collect();
        parts.into_iter().for_each(|part| self.value(part, fuel));
    }

    fn is_wanted(&self, entry: &TypeEntry) -> bool {
        matches!(self.wanted, Wanted::Resource(wanted) if wanted(entry))
    }

    /// Whether a call makes what is wanted.
    fn makes(&self, site: Site) -> bool {
        let made = self.index.callable(site).and_then(|callable| callable.constructs);
        match self.wanted {
            Wanted::Resource(_) => {
                made.and_then(|path| self.index.resource(path)).is_some_and(|entry| self.is_wanted(entry))
            }
            Wanted::Channel => self.index.makes_a_channel(site),
            Wanted::Connection => {
                let connects = |path| {
                    [Calls::Dials, Calls::Accepts].iter().any(|calls| self.index.catalogue().lists(*calls, path))
                };
                self.index.external(site).is_some_and(connects)
            }
            Wanted::Text | Wanted::Implementor(_) => false,
        }
    }

    fn makes_by_name(&self, site: Site) -> bool {
        let Ty::ExtFn(path, _) = self.index.ty(site) else { return false };
        let made = self.index.catalogue().callable(*path).and_then(|callable| callable.constructs);
        made.and_then(|resource| self.index.resource(resource)).is_some_and(|entry| self.is_wanted(entry))
    }

    fn call(&mut self, site: Site, arguments: &[NodeId], fuel: u32) {
        let index = self.index;
        match index.callee(site) {
            Some(Callee::Workspace(function)) => self.returned(*function, fuel),
            Some(Callee::External(_)) if self.makes(site) => {
                self.made.insert(site);
            }
            Some(Callee::External(_)) => {
                let made = index.callable(site).and_then(|callable| callable.constructs);
                match made.and_then(|resource| index.resource(resource)) {
                    Some(_) => {}
                    None => arguments.iter().for_each(|node| self.value(Site { node: *node, ..site }, fuel)),
                }
            }
            Some(Callee::Constructor(..)) => {
                arguments.iter().for_each(|node| self.value(Site { node: *node, ..site }, fuel));
            }
            _ => {}
        }
    }

    fn returned(&mut self, function: FnId, fuel: u32) {
        let index = self.index;
        let Some(body) = index.defs().body_of(function).filter(|body| index.is_linked(*body)) else { return };
        index.returned_values(body).into_iter().for_each(|node| self.value(Site { body, node }, fuel));
    }

    /// What a static is initialised with, or is filled with later.
    fn static_value(&mut self, item: StaticId, fuel: u32) {
        let index = self.index;
        let body = index.defs().init_of(item).filter(|body| index.is_linked(*body));
        let values = body.map(|body| (body, index.returned_values(body))).into_iter();
        values.for_each(|(body, nodes)| nodes.into_iter().for_each(|node| self.value(Site { body, node }, fuel)));
        for mention in index.calls.mentions(item) {
            let Some(call) = index.info(mention.body).parent(mention.node) else { continue };
            if let Op::Method { receiver, arguments, .. } = &index.body(mention.body).node(call).op
                && *receiver == mention.node
            {
                arguments.iter().for_each(|node| self.value(Site { node: *node, ..*mention }, fuel));
            }
        }
    }

    /// What a field is given wherever a value of its type is made, and what it is assigned later where all of that has to be known.
    fn field(&mut self, id: TypeId, name: ustr::Ustr, fuel: u32) {
        let index = self.index;
        for made in index.made_at(id) {
            let given = match &index.node(*made).op {
                Op::Struct { fields, .. } => fields.iter().find(|(field, _)| *field == name).map(|(_, node)| *node),
                Op::Call { arguments, .. } => name.parse::<usize>().ok().and_then(|at| arguments.get(at).copied()),
                _ => None,
            };
            given.into_iter().for_each(|node| self.value(Site { node, ..*made }, fuel));
        }
        if self.is_for_all() {
            index.values_assigned(id, name).iter().for_each(|value| self.value(*value, fuel));
        }
    }

    fn local(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let sources = index.sources(body, local);
        if sources.is_empty() {
            if matches!(self.wanted, Wanted::Connection) {
                self.raced(body, local, fuel);
            }
            self.parameter(body, local, fuel);
        }
        for node in sources {
            if self.is_for_all() && !index.is_given_whole(body, local, node) {
                self.is_open = true;
            } else {
                self.value(Site { body, node }, fuel);
            }
        }
    }

    /// What the arm of a `select!` gives that binds a variable.
    fn raced(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        for node in &self.index.body(body).nodes {
            let Op::Select { arms, .. } = &node.op else { continue };
            let binding = arms.iter().filter(|arm| arm.pattern.locals().contains(&local));
            binding.for_each(|arm| self.value(Site { body, node: arm.future }, fuel));
        }
    }

    /// What callers give.
    fn parameter(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let at = index.body(body).parameters.iter().position(|pattern| pattern.locals().contains(&local));
        let (Some(function), Some(at)) = (index.function_of(body), at) else { return };
        if self.is_for_all() {
            let callers = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body));
            self.is_open |= index.given_for(function, at).count() < callers.count();
        }
        index.given_for(function, at).for_each(|given| self.value(given, fuel));
    }
}
