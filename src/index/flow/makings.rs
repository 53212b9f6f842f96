//! Where a value was made: it is followed back through variables, fields, parameters and what functions return, to the calls that make it. What
//! cannot be followed was made nowhere.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::TypeEntry;
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// How far a value is followed back.
const FUEL: u32 = 24;

/// A walk from a value back to where it is made.
struct Back<'i> {
    index: &'i Index,
    wanted: &'i dyn Fn(&TypeEntry) -> bool,
    seen: HashSet<Site>,
    made: BTreeSet<Site>,
}

impl Index {
    /// The calls that make what a value stems from, of resources that `wanted` accepts.
    pub fn made_behind(&self, site: Site, wanted: &dyn Fn(&TypeEntry) -> bool) -> BTreeSet<Site> {
        let mut back = Back { index: self, wanted, seen: HashSet::default(), made: BTreeSet::new() };
        back.value(site, FUEL);
        back.made
    }
}

impl Back<'_> {
    fn value(&mut self, site: Site, fuel: u32) {
        let Some(fuel) = fuel.checked_sub(1).filter(|_| self.seen.insert(site)) else { return };
        let index = self.index;
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
                    let given =
                        arguments.iter().filter(|argument| matches!(index.node(to(**argument)).op, Op::Closure { .. }));
                    given.for_each(|argument| self.value(to(*argument), fuel));
                }
            },
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

    /// Of several parts, those that may be what is looked for: ends of channels, and what owns a resource that is wanted.
    fn parts(&mut self, site: Site, parts: &[NodeId], fuel: u32) {
        let index = self.index;
        let owns = |ty: &Ty| {
            let mut owned = index.owned_resources(ty).into_iter().filter_map(|path| index.resource(path));
            owned.any(self.wanted)
        };
        let may_be = |part: &Site| index.is_end(index.ty(*part)) || owns(index.ty(*part));
        let parts: Vec<Site> = parts.iter().map(|node| Site { node: *node, ..site }).filter(may_be).collect();
        parts.into_iter().for_each(|part| self.value(part, fuel));
    }

    /// Whether a call makes a resource that is wanted.
    fn makes(&self, site: Site) -> bool {
        let made = self.index.callable(site).and_then(|callable| callable.constructs);
        made.and_then(|resource| self.index.resource(resource)).is_some_and(self.wanted)
    }

    fn makes_by_name(&self, site: Site) -> bool {
        let Ty::ExtFn(path, _) = self.index.ty(site) else { return false };
        let made = self.index.catalogue().callable(*path).and_then(|callable| callable.constructs);
        made.and_then(|resource| self.index.resource(resource)).is_some_and(self.wanted)
    }

    fn call(&mut self, site: Site, arguments: &[NodeId], fuel: u32) {
        let index = self.index;
        match index.callee(site) {
            Some(Callee::Workspace(function)) => self.returned(*function, fuel),
            Some(Callee::External(_)) => {
                let made = index.callable(site).and_then(|callable| callable.constructs);
                match made.and_then(|resource| index.resource(resource)) {
                    Some(entry) if (self.wanted)(entry) => {
                        self.made.insert(site);
                    }
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

    /// What a field is given wherever a value of its type is made.
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
    }

    fn local(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let sources = index.sources(body, local);
        if sources.is_empty() {
            self.parameter(body, local, fuel);
        }
        sources.into_iter().for_each(|node| self.value(Site { body, node }, fuel));
    }

    /// What callers give.
    fn parameter(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let at = index.body(body).parameters.iter().position(|pattern| pattern.locals().contains(&local));
        let (Some(function), Some(at)) = (index.function_of(body), at) else { return };
        let calls = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body));
        calls.filter_map(|call| index.argument_at(call.site, function, at)).for_each(|given| self.value(given, fuel));
    }
}
