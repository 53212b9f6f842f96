//! All facts linked into one index that answers questions about the whole workspace, each with its evidence, any of them with *unknown*.

pub mod bodies;
pub mod calls;
pub mod coverage;
pub mod declared;
pub mod flow;
pub mod programs;
pub mod resources;
pub mod tasks;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use self::bodies::infer::{BodyInfo, Callee};
use self::calls::{CallGraph, Site};
use self::declared::defs::*;
use self::declared::linkage::{Linkage, Wholes};
use self::declared::lookup::World;
use self::declared::modules::{Alternatives, Modules};
use self::declared::names::{Names, Resolved, Space};
use self::declared::signatures::Signatures;
use self::declared::types::Ty;
use self::programs::Program;
use crate::catalogue::{Callable, Catalogue};
use crate::deploy::model::Described;
use crate::facts::model::{Attribute, Body, FileFacts, Node, NodeId, Op};
use crate::source::{FileId, Range, Span};
use crate::workspace::{TargetKind, Workspace};

/// Everything that is declared, under its name and with its type; what bodies do is not looked at yet.
pub struct Outline {
    pub defs: Defs,
    tree: Modules,
    linkage: Linkage,
    pub signatures: Signatures,
    pub catalogue: Catalogue,
    /// The names that are mentioned anywhere; none where not all of the code is seen.
    mentioned: Option<HashSet<Ustr>>,
}

impl Outline {
    /// Links the declarations of all files; `facts` has one entry per file of the workspace, by its id.
    pub fn link(workspace: &Workspace, facts: Vec<Option<FileFacts>>, mut catalogue: Catalogue) -> Self {
        let defs = Defs::new(facts);
        let mut tree = declared::modules::link(workspace, &defs);
        // Globs open modules that are alternatives, and what they open may be alternatives.
        tree.alternatives = Alternatives::of_names(&Names { defs: &defs, tree: &tree, catalogue: &catalogue });
        declared::names::follow_globs(&defs, &mut tree, &catalogue);
        declared::names::declare_generated(&defs, &mut tree, &catalogue);
        let results = declared::result_names::find(&Names { defs: &defs, tree: &tree, catalogue: &catalogue });
        catalogue.name_results(results);
        let names = Names { defs: &defs, tree: &tree, catalogue: &catalogue };
        let alternatives = Alternatives::of_names(&names);
        let signatures = Signatures::new(&names);
        tree.alternatives = alternatives.with_methods(&names, &signatures);
        let linkage = Linkage::of(&tree);
        let mentioned = calls::unmentioned::mentioned(workspace, &defs);
        Outline { defs, tree, linkage, signatures, catalogue, mentioned }
    }

    /// All bodies that are part of a crate.
    pub fn bodies(&self) -> Vec<BodyRef> {
        let linked = |body: &BodyRef| self.tree.of_scope.contains_key(&(body.file, self.defs.body(*body).scope));
        self.defs.bodies.iter().copied().filter(linked).collect()
    }

    /// The crate that a body is part of; none where its file is part of no crate.
    fn crate_of(&self, body: BodyRef) -> Option<CrateId> {
        let module = self.tree.of_scope.get(&(body.file, self.defs.body(body).scope))?;
        Some(self.tree.get(*module).krate)
    }

    /// Whether one program can have both a body and a function.
    fn can_meet(&self, body: BodyRef, function: FnId) -> bool {
        let called = self.defs.body_of(function).and_then(|called| self.crate_of(called));
        match (self.crate_of(body), called) {
            (Some(from), Some(to)) => self.linkage.meet(from, to),
            _ => true,
        }
    }

    /// Types and callees of one body.
    pub fn infer(&self, body: BodyRef) -> BodyInfo {
        bodies::infer::infer(&World { names: self.names(), signatures: &self.signatures }, body)
    }

    /// The types of what a function is given, its receiver aside; of a type parameter, what its bounds say.
    pub fn given_types(&self, id: FnId) -> Vec<Ty> {
        let world = World { names: self.names(), signatures: &self.signatures };
        let generics = self.signatures.generics_of(&world.names, id);
        let given = &self.signatures.functions[id.index()].parameters;
        given.iter().map(|ty| world.bounded(ty.clone(), &generics)).collect()
    }

    fn names(&self) -> Names<'_> {
        Names { defs: &self.defs, tree: &self.tree, catalogue: &self.catalogue }
    }
}

/// The whole workspace, linked.
pub struct Index {
    outline: Outline,
    infos: HashMap<BodyRef, BodyInfo>,
    spawners: calls::spawners::Spawners,
    pub calls: CallGraph,
    programs: Vec<Program>,
    effects: flow::effects::Effects,
    resources: resources::Ownership,
    made: OnceLock<HashMap<TypeId, Vec<Site>>>,
    assigned: OnceLock<HashMap<(TypeId, ustr::Ustr), Vec<Site>>>,
    /// Where resources are made and abandoned, and what is spawned: found when they are first asked for.
    constructions: OnceLock<Vec<resources::Construction>>,
    abandoned: OnceLock<Vec<resources::obligations::Abandoned>>,
    tasks: OnceLock<Vec<tasks::Task>>,
    layered: OnceLock<bool>,
    /// What is sent into each channel, by the call that makes it: found when it is first asked for.
    sends: OnceLock<std::collections::BTreeMap<Site, Vec<Site>>>,
    /// The functions that take a connection and come back, found when they are first asked for.
    taking: OnceLock<rustc_hash::FxHashSet<FnId>>,
    /// The types that are streams of what comes from outside, found when they are first asked for.
    streams: OnceLock<rustc_hash::FxHashSet<TypeId>>,
    releases: resources::releases::Releases,
    courses: Vec<programs::phases::Course>,
    described: Vec<Described>,
    /// What runs once, found when it is first asked for.
    once: OnceLock<calls::once::Once>,
    /// Names of calls that lead nobody knows where, gathered when they are first asked for.
    doubtful: OnceLock<calls::once::Doubtful>,
}

impl Index {
    /// Links what the bodies do.
    pub fn new(outline: Outline, infos: Vec<(BodyRef, BodyInfo)>) -> Self {
        let mut infos: HashMap<BodyRef, BodyInfo> = infos.into_iter().collect();
        let spawners = calls::spawners::find(&outline, &mut infos);
        let calls = CallGraph::new(&outline, &infos);
        let resources = resources::Ownership::new(&outline);
        let mut index = Index {
            outline,
            infos,
            spawners,
            calls,
            programs: Vec::new(),
            effects: flow::effects::Effects::default(),
            resources,
            made: OnceLock::new(),
            assigned: OnceLock::new(),
            constructions: OnceLock::new(),
            abandoned: OnceLock::new(),
            tasks: OnceLock::new(),
            layered: OnceLock::new(),
            sends: OnceLock::new(),
            taking: OnceLock::new(),
            streams: OnceLock::new(),
            releases: resources::releases::Releases::default(),
            courses: Vec::new(),
            described: Vec::new(),
            once: OnceLock::new(),
            doubtful: OnceLock::new(),
        };
        let untaken = calls::dispatch::untaken(&index);
        index.calls.leave_out(&untaken);
        index.programs = programs::find(&index);
        index.effects = flow::effects::find(&index);
        index.releases = resources::releases::find(&index);
        index.courses = programs::phases::find(&index);
        index
    }

    /// Adds what container and process files say of starts, in the order of their paths.
    pub fn with_described(self, described: Vec<Described>) -> Self {
        let mut index = Index { described, ..self };
        for (program, verdict) in index.lasting_by_description() {
            index.programs[program].verdict = verdict;
        }
        index
    }

    /// Container and process files.
    pub fn described(&self) -> &[Described] {
        &self.described
    }

    pub fn defs(&self) -> &Defs {
        &self.outline.defs
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.outline.catalogue
    }

    pub fn signatures(&self) -> &Signatures {
        &self.outline.signatures
    }

    /// The programs of the workspace: one per binary target.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// All crates; libraries stand before the rest.
    pub fn crates(&self) -> &[Crate] {
        &self.outline.tree.crates
    }

    /// All bodies with what is known of them, in the order of files and places.
    pub fn bodies(&self) -> impl Iterator<Item = (BodyRef, &Body, &BodyInfo)> {
        let known = |body: &BodyRef| self.infos.get(body).map(|info| (*body, self.defs().body(*body), info));
        self.defs().bodies.iter().filter_map(known)
    }

    /// All nodes of code that is not there for tests, in the order of files and places.
    pub(in crate::index) fn shipped_sites(&self) -> impl Iterator<Item = Site> {
        let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body));
        shipped.flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }))
    }

    pub fn body(&self, body: BodyRef) -> &Body {
        self.defs().body(body)
    }

    /// What is known of a body that is part of a crate.
    pub fn info(&self, body: BodyRef) -> &BodyInfo {
        &self.infos[&body]
    }

    /// Whether a body is part of a crate: of others nothing is known but their facts.
    pub fn is_linked(&self, body: BodyRef) -> bool {
        self.infos.contains_key(&body)
    }

    pub fn node(&self, site: Site) -> &Node {
        self.body(site.body).node(site.node)
    }

    /// The type of a node's value.
    pub fn ty(&self, site: Site) -> &Ty {
        self.info(site.body).ty(site.node)
    }

    /// What awaiting a value of this type gives.
    pub fn awaited(&self, ty: &Ty) -> Ty {
        self.outline.names().awaited(ty)
    }

    /// What `*value` gives for a value of this type.
    pub fn dereferenced(&self, ty: &Ty) -> Option<Ty> {
        self.signatures().deref(&self.outline.names(), ty)
    }

    /// What method look-up ends at, following `*`, `**`, …
    pub fn innermost(&self, ty: &Ty) -> Ty {
        World { names: self.outline.names(), signatures: self.signatures() }.innermost(ty)
    }

    /// What iterating over a value of a type gives.
    pub fn element(&self, ty: &Ty) -> Ty {
        World { names: self.outline.names(), signatures: self.signatures() }
            .element(ty, &declared::types::Generics::default())
    }

    pub fn span(&self, site: Site) -> Span {
        self.node(site).range.in_file(site.body.file)
    }

    /// The span of a call's own name: of a long chain the part that is called last.
    pub fn name_span(&self, site: Site) -> Span {
        let body = self.body(site.body);
        let range = match &self.node(site).op {
            Op::Method { name_range, .. } => Range { start: name_range.start, end: self.node(site).range.end },
            Op::Call { callee, .. } => Range { start: body.node(*callee).range.start, end: self.node(site).range.end },
            _ => self.node(site).range,
        };
        range.in_file(site.body.file)
    }

    /// What a call runs.
    pub fn callee(&self, site: Site) -> Option<&Callee> {
        self.info(site.body).callees.get(&site.node)
    }

    /// The canonical path of a call of a library.
    pub fn external(&self, site: Site) -> Option<Ustr> {
        match self.callee(site)? {
            Callee::External(path) => Some(*path),
            _ => None,
        }
    }

    /// Whether what a call gives is awaited where it is made.
    pub fn is_awaited(&self, call: Site) -> bool {
        self.info(call.body).is_awaited(self.body(call.body), call.node)
    }

    /// What the catalogue knows of a call of a library.
    pub fn callable(&self, site: Site) -> Option<&Callable> {
        let path = self.external(site)?;
        self.catalogue().callable_or_inherited(path)
    }

    /// What is known of the call that makes something, or of the constructor that is handed on by name.
    pub fn constructor(&self, site: Site) -> Option<&Callable> {
        let named = || match self.ty(site) {
            Ty::ExtFn(path, _) => self.catalogue().callable(*path),
            _ => None,
        };
        self.callable(site).or_else(named)
    }

    /// Whose body it is.
    pub fn owner(&self, body: BodyRef) -> Option<BodyOwner> {
        self.defs().owners.get(&body).copied()
    }

    /// The function a body belongs to.
    pub fn function_of(&self, body: BodyRef) -> Option<FnId> {
        match self.owner(body)? {
            BodyOwner::Function(id) => Some(id),
            BodyOwner::Static(_) => None,
        }
    }

    /// Whether a function has another in its place where the program is built for something else.
    pub fn stands_for_another(&self, function: FnId) -> bool {
        !self.outline.tree.alternatives.of_function(function).is_empty()
    }

    /// Whether a function gives a value of the type that it belongs to, as constructors do.
    pub fn makes_its_own(&self, function: FnId) -> bool {
        let own = self.defs().impl_of(function).map(|block| &self.signatures().impl_types[block.index()]);
        match (own, &self.signatures().functions[function.index()].returns) {
            (Some(Ty::Adt(own, _)), Ty::Adt(made, _)) => own == made,
            _ => false,
        }
    }

    /// Whether a function gives a value of the type that it belongs to, or an error in its place.
    pub fn is_constructor(&self, function: FnId) -> bool {
        let own = self.defs().impl_of(function).map(|block| &self.signatures().impl_types[block.index()]);
        let returns = &self.signatures().functions[function.index()].returns;
        let made = match returns {
            Ty::Ext(_, parts) if returns.is_result() => parts.first(),
            made => Some(made),
        };
        matches!((own, made), (Some(Ty::Adt(own, _)), Some(Ty::Adt(made, _))) if own == made)
    }

    /// The library's trait that a function implements a method of: a library may call it, though no call of the workspace leads to it.
    pub fn library_trait(&self, function: FnId) -> Option<Ustr> {
        match self.signatures().impl_traits[self.defs().impl_of(function)?.index()]? {
            declared::signatures::TraitName::Ext(path) => Some(path),
            declared::signatures::TraitName::Trait(_) => None,
        }
    }

    /// Whether a function is a method of a trait that the workspace does not declare: a library calls it, or what a generator wrote.
    pub fn is_called_from_outside(&self, function: FnId) -> bool {
        self.library_trait(function).is_some() || self.is_of_unseen_trait(function)
    }

    /// Whether a function implements a method of a trait of which nothing is known, as those are that a build script or a macro writes.
    fn is_of_unseen_trait(&self, function: FnId) -> bool {
        let Some(block) = self.defs().impl_of(function) else { return false };
        self.defs().impl_block(block).trait_path.is_some() && self.signatures().impl_traits[block.index()].is_none()
    }

    /// Whether a function is `Drop::drop` of its type.
    pub fn is_destructor(&self, function: FnId) -> bool {
        self.library_trait(function).is_some_and(|path| path == "std::ops::Drop")
    }

    /// What a call gives for a parameter of the function it calls, the receiver not counted.
    pub fn argument_at(&self, call: Site, function: FnId, at: usize) -> Option<Site> {
        let given = match &self.node(call).op {
            Op::Method { arguments, .. } => arguments.get(at),
            Op::Call { arguments, .. } => {
                arguments.get(at + usize::from(self.defs().function(function).receiver.is_some()))
            }
            _ => None,
        };
        given.map(|node| Site { node: *node, ..call })
    }

    /// `crate::module::Type::function`, or the path of a static.
    pub fn item_path(&self, body: BodyRef) -> String {
        match self.owner(body) {
            Some(BodyOwner::Function(id)) => self.fn_path(id),
            Some(BodyOwner::Static(id)) => self.static_path(id),
            None => String::new(),
        }
    }

    pub fn fn_path(&self, id: FnId) -> String {
        let (defs, function) = (self.defs(), self.defs().function(id));
        let module = self.module_path(defs.functions[id.index()].file, function.scope);
        let owner = match (defs.impl_of(id), defs.trait_of(id)) {
            (Some(block), _) => self.type_name(&self.signatures().impl_types[block.index()]),
            (_, Some(of)) => Some(defs.trait_def(of).name.to_string()),
            _ => None,
        };
        match owner {
            Some(owner) => format!("{module}::{owner}::{}", function.name),
            None => format!("{module}::{}", function.name),
        }
    }

    /// Where a function is named.
    pub fn fn_span(&self, id: FnId) -> Span {
        self.defs().function(id).name_range.in_file(self.defs().functions[id.index()].file)
    }

    /// `Type::function`, or the name alone: how people call it.
    pub fn fn_name(&self, id: FnId) -> String {
        let defs = self.defs();
        let owner = defs.impl_of(id).and_then(|block| self.type_name(&self.signatures().impl_types[block.index()]));
        let name = defs.function(id).name;
        owner.map_or_else(|| name.to_string(), |owner| format!("{owner}::{name}"))
    }

    pub fn static_path(&self, id: StaticId) -> String {
        let item = self.defs().static_item(id);
        format!("{}::{}", self.module_path(self.defs().statics[id.index()].file, item.scope), item.name)
    }

    fn module_path(&self, file: FileId, scope: crate::facts::model::ScopeId) -> String {
        self.outline.tree.of_scope.get(&(file, scope)).map_or_else(String::new, |m| self.outline.tree.path(*m))
    }

    /// The name of a type without its arguments.
    fn type_name(&self, ty: &Ty) -> Option<String> {
        match ty.peeled() {
            Ty::Adt(id, _) => Some(self.defs().type_def(*id).name.to_string()),
            Ty::Ext(path, _) => path.rsplit("::").next().map(str::to_owned),
            Ty::Bounded(bounds) => bounds.first().map(|bound| match bound {
                declared::types::Bound::Trait(id, _) => self.defs().trait_def(*id).name.to_string(),
                declared::types::Bound::Ext(path, _) => path.rsplit("::").next().unwrap_or(path).to_owned(),
            }),
            _ => None,
        }
    }

    /// The crate a file's scope belongs to.
    pub fn crate_of(&self, body: BodyRef) -> CrateId {
        self.outline.crate_of(body).expect("a linked body")
    }

    /// The programs that a body can be part of, and libraries that are in none.
    pub(in crate::index) fn wholes_of(&self, body: BodyRef) -> &Wholes {
        self.outline.linkage.wholes(self.crate_of(body))
    }

    /// Whether a body can be part of a program of the workspace.
    pub fn is_of_a_program(&self, body: BodyRef) -> bool {
        let wholes = self.wholes_of(body);
        let programs = self.crates().iter().enumerate().filter(|(_, krate)| krate.kind == TargetKind::Bin);
        programs.into_iter().any(|(at, _)| wholes.contains(CrateId(at as u32)))
    }

    /// Whether a body is that of a function that a library has for others: how often those call it is not known here.
    pub fn is_offered(&self, body: BodyRef) -> bool {
        let public = self.function_of(body).is_some_and(|function| self.defs().function(function).public);
        public && self.crates()[self.crate_of(body).index()].kind == TargetKind::Lib
    }

    /// Whether a body is compiled or run for tests only: by `cfg`, by attribute, or in a test, bench, example or build script.
    pub fn is_test(&self, body: BodyRef) -> bool {
        self.is_for_tests(body)
            || matches!(self.owner(body), Some(BodyOwner::Function(id)) if self.is_test_function(id))
    }

    /// Whether a body is compiled for tests only, by `cfg` or by where it stands, or belongs to what stands in for something in tests.
    pub fn is_for_tests(&self, body: BodyRef) -> bool {
        let scope = self.body(body).scope;
        let module = self.outline.tree.of_scope.get(&(body.file, scope));
        module.is_some_and(|module| self.outline.tree.get(*module).test)
            || match self.owner(body) {
                Some(BodyOwner::Function(id)) => self.defs().function(id).test || self.stands_in(id),
                Some(BodyOwner::Static(id)) => self.defs().static_item(id).test,
                None => false,
            }
    }

    /// Whether a function belongs to a type that is called a mock of something.
    fn stands_in(&self, function: FnId) -> bool {
        let owner = self.defs().impl_of(function).map(|block| self.signatures().impl_types[block.index()].peeled());
        matches!(owner, Some(Ty::Adt(id, _)) if is_mock(&self.defs().type_def(*id).name))
    }

    /// Whether a place is in test code: a module, function or static that [`Index::is_test`] says so of.
    pub fn is_test_code(&self, span: Span) -> bool {
        let span = self.place_called(span);
        let Some(facts) = self.defs().file(span.file) else { return false };
        let file_module = self.outline.tree.of_scope.get(&(span.file, crate::facts::model::ScopeId(0)));
        if file_module.is_some_and(|m| self.outline.tree.get(*m).test) {
            return true;
        }
        let functions = facts.functions.iter().filter(|f| f.range.contains(span.range()));
        let in_function = functions.filter_map(|f| f.body).any(|body| {
            let body = BodyRef { file: span.file, body };
            self.is_linked(body) && self.is_test(body)
        });
        in_function || facts.statics.iter().any(|s| s.range.contains(span.range()) && s.test)
    }

    /// Whether a comment at a place says that what is found there is meant.
    pub fn is_intended(&self, span: Span) -> bool {
        let span = self.place_written(span);
        let facts = self.defs().file(span.file);
        facts.is_some_and(|facts| {
            facts.intents.iter().any(|covered| covered.contains(Range { start: span.start, end: span.start }))
        })
    }

    fn is_test_function(&self, id: FnId) -> bool {
        let place = self.defs().functions[id.index()];
        let function = self.defs().function(id);
        function.attributes.iter().any(|attribute| {
            attribute.path.last().is_some_and(|name| name == "test" || name == "bench")
                || self
                    .attribute_path(place.file, function.scope, attribute)
                    .is_some_and(|p| self.catalogue().is_test_attribute(p))
        })
    }

    /// Where a function stands that has an attribute macro of a library which `wanted` accepts by its canonical path.
    pub fn attribute_of(&self, id: FnId, wanted: &dyn Fn(Ustr) -> bool) -> Option<Span> {
        let (place, function) = (self.defs().functions[id.index()], self.defs().function(id));
        let mut paths = function.attributes.iter().filter_map(|a| self.attribute_path(place.file, function.scope, a));
        paths.any(wanted).then(|| function.name_range.in_file(place.file))
    }

    /// The canonical path of an attribute macro of a library.
    pub fn attribute_path(
        &self,
        file: FileId,
        scope: crate::facts::model::ScopeId,
        attribute: &Attribute,
    ) -> Option<Ustr> {
        let module = *self.outline.tree.of_scope.get(&(file, scope))?;
        match self.outline.names().resolve(module, &attribute.path, false, Space::Value) {
            Resolved::External(path) => Some(path),
            _ => self.macro_used(module, &attribute.path),
        }
    }

    /// A bare attribute that `#[macro_use] extern crate library` brings in everywhere.
    fn macro_used(&self, module: ModuleId, path: &[Ustr]) -> Option<Ustr> {
        let [name] = path else { return None };
        let krate = self.outline.tree.get(module).krate;
        let root = self.outline.tree.get(self.crates()[krate.index()].root);
        let declared = self.defs().file(root.file)?.uses.iter().filter(|u| u.global && !u.glob && u.path.len() == 1);
        declared.map(|u| self.catalogue().canonical(ustr::ustr(&format!("{}::{name}", u.path[0])))).find(|full| {
            let catalogue = self.catalogue();
            catalogue.handlers().attributes.contains(full)
                || catalogue.handlers().services.contains_key(full)
                || catalogue.is_entry_attribute(*full)
                || catalogue.is_test_attribute(*full)
        })
    }

    /// The initialiser of a local that is bound by a plain `let`.
    pub fn init_of(&self, body: BodyRef, local: crate::facts::model::LocalId) -> Option<NodeId> {
        self.body(body).nodes.iter().find_map(|node| match &node.op {
            Op::Bind { pattern, init, .. } if pattern.locals().contains(&local) => *init,
            _ => None,
        })
    }
}

/// How the names of what a test puts in place of something begin, by custom: `MockStore`.
const STAND_INS: [&str; 3] = ["Fake", "Mock", "Simulated"];

fn is_mock(name: &str) -> bool {
    let of = STAND_INS.iter().find_map(|begin| name.strip_prefix(begin));
    of.is_some_and(|of| of.starts_with(|first: char| first.is_uppercase()))
}
