//! What is set on the way of a value: the setters called on its builder and the fields given to its configuration, also where a helper of the
//! workspace does it.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, TypeExpr};
use crate::facts::model::{LocalId, NodeId, Op, RegionId, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// What is set on the way of a value.
#[derive(Debug, Default)]
pub struct Settings {
    /// Paths of methods, functions and fields; the name alone where the type is not known.
    pub set: BTreeSet<Ustr>,
    /// Part of the way could not be followed.
    pub open: bool,
    /// The calls that the way begins with.
    pub begins: BTreeSet<Site>,
    /// Functions of libraries on the way that make the value or its builder, whatever they are given.
    pub makers: BTreeSet<Site>,
}

impl Settings {
    /// Whether one of some setters is called on the way for certain.
    pub fn includes(&self, setters: &[Ustr]) -> bool {
        setters.iter().any(|setter| self.set.contains(setter))
    }

    /// Whether one of some setters is called on the way, or may be. Of none, none may.
    pub fn may_include(&self, setters: &[Ustr]) -> bool {
        let bare = |setter: &Ustr| setter.rsplit("::").next().and_then(ustr::existing_ustr);
        self.open && !setters.is_empty()
            || setters
                .iter()
                .any(|setter| self.set.contains(setter) || bare(setter).is_some_and(|name| self.set.contains(&name)))
    }
}

/// How far a builder is followed through locals, helpers and callers.
const FUEL: u32 = 24;

/// A walk back along the way of a value.
struct Way<'i> {
    index: &'i Index,
    /// The resource that the way is followed back to, if not to its beginning.
    until: Option<Ustr>,
    seen: HashSet<Site>,
    settings: Settings,
}

impl Index {
    /// What is set on the way of what a call makes.
    pub fn settings(&self, site: Site) -> Settings {
        Way::new(self, None).followed(site)
    }

    /// What is set on the way of a call since there was a resource: on a request alone, and not on the client that it is begun with.
    pub fn settings_since(&self, resource: Ustr, site: Site) -> Settings {
        Way::new(self, Some(resource)).followed(site)
    }

    /// What a value is only made instead of: the receiver of the call that a closure around its making is given to, or its constructor by name.
    pub fn stands_in_for(&self, site: Site) -> Option<Site> {
        let (body, info) = (self.body(site.body), self.info(site.body));
        if matches!(self.node(site).op, Op::Path(_))
            && let Op::Method { receiver, .. } = &body.node(info.parent(site.node)?).op
        {
            return (*receiver != site.node).then_some(Site { node: *receiver, ..site });
        }
        let mut around = body.outwards(body.node(site.node).region);
        let (closure, _) = around.find(|(_, region)| region.kind == RegionKind::Closure)?;
        let call = info.parent(info.region_node(closure)?)?;
        match &body.node(call).op {
            Op::Method { receiver, .. } => Some(Site { node: *receiver, ..site }),
            _ => None,
        }
    }

    /// The choices that a value is one outcome of, from the inside out: each `if` or `match` that has it as the value of a branch.
    pub fn choices_around(&self, site: Site) -> Vec<Site> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut found = Vec::new();
        let mut at = site.node;
        loop {
            while let Some(parent) = info.parent(at) {
                at = parent;
            }
            let region = facts.node(at).region;
            let is_branch = matches!(facts.region(region).kind, RegionKind::Branch | RegionKind::Arm);
            let Some(owner) = info.region_node(region).filter(|_| is_branch) else { return found };
            if facts.region(region).value != Some(at) {
                return found;
            }
            found.push(Site { node: owner, ..site });
            at = owner;
        }
    }
}

impl<'i> Way<'i> {
    fn new(index: &'i Index, until: Option<Ustr>) -> Self {
        Way { index, until, seen: HashSet::default(), settings: Settings::default() }
    }

    fn followed(mut self, from: Site) -> Settings {
        self.back(from, FUEL);
        self.settings
    }

    /// Whether a value is what the way is followed back to.
    fn is_far_enough(&self, site: Site) -> bool {
        !self.seen.is_empty() && matches!(self.index.ty(site).peeled(), Ty::Ext(path, _) if Some(*path) == self.until)
    }

    fn back(&mut self, site: Site, fuel: u32) {
        if self.is_far_enough(site) || !self.seen.insert(site) {
            return;
        }
        let Some(fuel) = fuel.checked_sub(1) else {
            self.settings.open = true;
            return;
        };
        let index = self.index;
        let to = |node: NodeId| Site { node, ..site };
        match &index.node(site).op {
            Op::Method { receiver, arguments, .. } => {
                self.called(site, fuel);
                self.back(to(*receiver), fuel);
                self.adapted(site.body, arguments);
                self.configurations(site, arguments, fuel);
            }
            Op::Call { arguments, .. } => {
                self.called(site, fuel);
                if matches!(index.callee(site), Some(Callee::External(_))) {
                    self.settings.makers.insert(site);
                    self.settings.begins.extend(arguments.is_empty().then_some(site));
                    self.adapted(site.body, arguments);
                }
                self.configurations(site, arguments, fuel);
            }
            Op::Struct { fields, rest, .. } => {
                if let Ty::Ext(path, _) = index.ty(site) {
                    self.settings.set.extend(fields.iter().map(|(name, _)| ustr::ustr(&format!("{path}::{name}"))));
                }
                rest.iter().for_each(|rest| self.back(to(*rest), fuel));
            }
            Op::Local(local) => self.local(site.body, *local, fuel),
            Op::Try(of) | Op::Await(of) | Op::Deref(of) | Op::Reference { of, .. } => self.back(to(*of), fuel),
            Op::Block(region) => self.region_values(site, &[*region], fuel),
            Op::If { then, otherwise, .. } => {
                let regions: Vec<_> = [Some(*then), *otherwise].into_iter().flatten().collect();
                self.region_values(site, &regions, fuel);
            }
            Op::Match { arms, .. } => {
                let regions: Vec<_> = arms.iter().map(|arm| arm.region).collect();
                self.region_values(site, &regions, fuel);
            }
            // A constructor that is handed on by name: `LazyLock::new(Client::new)`.
            Op::Path(_) if let Ty::ExtFn(path, _) = index.ty(site) => {
                self.settings.set.insert(*path);
                self.settings.makers.insert(site);
                self.settings.begins.insert(site);
            }
            Op::Tuple(parts) => {
                let is_one = self.parts(site, parts, fuel);
                self.settings.open |= !is_one;
            }
            // What is computed or counted is no configuration.
            Op::Literal(_) | Op::Return(_) | Op::Unary(_) | Op::Binary { .. } | Op::Cast { .. } => {}
            _ => match index.info(site.body).statics.get(&site.node) {
                Some(item) => self.static_value(*item, fuel),
                None => self.settings.open = true,
            },
        }
    }

    /// Of several values those that may have been configured: all but numbers and texts. Whether there are any.
    fn parts(&mut self, site: Site, parts: &[NodeId], fuel: u32) -> bool {
        let is_plain =
            |ty: &Ty| matches!(ty, Ty::Ext(path, _) if !path.contains("::") || path == "std::string::String");
        let may_be = |part: &Site| !is_plain(self.index.ty(*part).peeled());
        let parts: Vec<Site> = parts.iter().map(|node| Site { node: *node, ..site }).filter(may_be).collect();
        parts.iter().for_each(|part| self.back(*part, fuel));
        !parts.is_empty()
    }

    /// What a static is initialised with, or is filled with later, be it by a closure that is run when somebody first asks for it.
    fn static_value(&mut self, item: StaticId, fuel: u32) {
        let index = self.index;
        let init = index.defs().init_of(item).filter(|body| index.is_linked(*body));
        let values = init
            .into_iter()
            .flat_map(|body| index.returned_values(body).into_iter().map(move |node| Site { body, node }));
        let mentions = index.calls.mentions(item).iter().filter(|mention| !index.is_test(mention.body));
        let keeps = |site: Site| index.external(site).is_some_and(|path| index.catalogue().lists(Calls::Keeps, path));
        let uses = mentions.filter_map(|mention| {
            let site = Site { node: index.info(mention.body).parent(mention.node)?, ..*mention };
            (keeps(site) || index.initialised_here(*mention)).then_some(site)
        });
        let mut is_given = false;
        for site in values.chain(uses).collect::<Vec<_>>() {
            let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &index.node(site).op else { continue };
            let to_region = |node: &NodeId| match index.node(Site { node: *node, ..site }).op {
                Op::Closure { region, .. } => Some(region),
                _ => None,
            };
            let regions: Vec<RegionId> = arguments.iter().filter_map(to_region).collect();
            let plain: Vec<NodeId> = arguments.iter().copied().filter(|node| to_region(node).is_none()).collect();
            is_given |= !regions.is_empty();
            self.region_values(site, &regions, fuel);
            is_given |= self.parts(site, &plain, fuel);
        }
        self.settings.open |= !is_given;
    }

    fn region_values(&mut self, site: Site, regions: &[RegionId], fuel: u32) {
        for value in regions.iter().filter_map(|region| self.index.body(site.body).region(*region).value) {
            self.back(Site { node: value, ..site }, fuel);
        }
    }

    /// Notes a call, and what a helper of the workspace sets.
    fn called(&mut self, site: Site, fuel: u32) {
        match self.index.callee(site) {
            Some(Callee::External(path)) => {
                self.settings.set.insert(*path);
            }
            Some(Callee::Workspace(function)) => match self.index.defs().body_of(*function) {
                Some(body) if self.index.is_linked(body) => {
                    let values = self.index.returned_values(body);
                    values.into_iter().for_each(|node| self.back(Site { body, node }, fuel));
                }
                _ => self.settings.open = true,
            },
            Some(Callee::Constructor(..)) => {}
            _ => {
                if let Op::Method { name, .. } = &self.index.node(site).op {
                    self.settings.set.insert(*name);
                }
                self.settings.open = true;
            }
        }
    }

    /// Arguments that are configurations or builders themselves: of a library's type that the catalogue knows, but no plain data.
    fn configurations(&mut self, site: Site, arguments: &[NodeId], fuel: u32) {
        let fluent = |path: &Ustr| self.index.catalogue().type_entry(*path).is_some_and(|entry| entry.fluent);
        let made = self.index.ty(site);
        let makes_configuration =
            [Some(made), made.content()].into_iter().flatten().any(|ty| matches!(ty, Ty::Ext(path, _) if fluent(path)));
        let callable = self.index.callable(site);
        let takes = |at: usize| {
            callable.is_some_and(|of| matches!(of.takes.get(at), Some(TypeExpr::Path(path, _)) if fluent(path)))
        };
        for (at, node) in arguments.iter().enumerate() {
            let argument = Site { node: *node, ..site };
            let follows = match self.index.ty(argument).peeled() {
                Ty::Ext(path, _) => fluent(path),
                Ty::Unknown => takes(at),
                // What is turned into a configuration may be one: whoever calls says.
                Ty::Param(_) | Ty::Bounded(_) => {
                    makes_configuration && matches!(self.index.node(argument).op, Op::Local(_))
                }
                _ => false,
            };
            if follows {
                self.back(argument, fuel);
            }
        }
    }

    /// What a local is bound to, and what is done to it.
    fn local(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let sources = self.index.sources(body, local);
        if sources.is_empty() {
            self.parameter(body, local, fuel);
        }
        sources.into_iter().for_each(|node| self.back(Site { body, node }, fuel));
        self.uses(body, local);
    }

    /// `.pipe(|builder| builder.timeout(limit))`: what a closure calls on what it is given.
    fn adapted(&mut self, body: BodyRef, arguments: &[NodeId]) {
        for argument in arguments {
            if let Op::Closure { parameters, .. } = &self.index.body(body).node(*argument).op {
                parameters.iter().flat_map(|given| given.locals()).for_each(|local| self.uses(body, local));
            }
        }
    }

    /// What is called on a local, and what is assigned to its fields.
    fn uses(&mut self, body: BodyRef, local: LocalId) {
        let index = self.index;
        let (facts, info) = (index.body(body), index.info(body));
        for (node, _) in facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(used) if used == local)) {
            let Some(parent) = info.parent(node) else { continue };
            match &facts.node(parent).op {
                Op::Method { receiver, .. } if *receiver == node => self.chain(Site { body, node: parent }),
                Op::Field { name, .. } => {
                    if let Ty::Ext(path, _) = info.local(local).peeled() {
                        self.settings.set.insert(ustr::ustr(&format!("{path}::{name}")));
                    }
                }
                // Whoever gets it mutably may set anything.
                Op::Reference { mutable: true, .. } => self.settings.open = true,
                _ => {}
            }
        }
    }

    /// Notes a method called on a local, and those that are called on what it gives.
    fn chain(&mut self, first: Site) {
        let (facts, info) = (self.index.body(first.body), self.index.info(first.body));
        let mut at = first.node;
        while let Op::Method { name, .. } = &facts.node(at).op {
            self.settings.set.insert(self.index.external(Site { node: at, ..first }).unwrap_or(*name));
            match info.parent(at) {
                Some(next) if matches!(facts.node(next).op, Op::Method { receiver, .. } if receiver == at) => at = next,
                _ => return,
            }
        }
    }

    /// What callers give.
    fn parameter(&mut self, body: BodyRef, local: LocalId, fuel: u32) {
        let index = self.index;
        let at = index.body(body).parameters.iter().position(|pattern| pattern.locals().contains(&local));
        let (Some(function), Some(at)) = (index.function_of(body), at) else {
            self.settings.open = true;
            return;
        };
        let calls: Vec<Site> = index
            .calls
            .callers(function)
            .iter()
            .map(|call| call.site)
            .filter(|site| !index.is_test(site.body))
            .collect();
        self.settings.open |= calls.is_empty();
        for call in calls {
            match index.argument_at(call, function, at) {
                Some(given) => self.back(given, fuel),
                None => self.settings.open = true,
            }
        }
    }
}
