//! Types and callees inside one body, in evaluation order: constructors, annotations, patterns, method returns, closures.
//! What is not known stays unknown; nothing is guessed from names.

use rustc_hash::FxHashMap as HashMap;
use serde::Serialize;
use ustr::{Ustr, ustr};

mod expected;

use self::expected::{filled, solve};
use crate::catalogue::{Callable, Runs};
use crate::facts::model::*;
use crate::index::declared::defs::*;
use crate::index::declared::lookup::{Found, World};
use crate::index::declared::names::{Resolved, Space};
use crate::index::declared::types::*;

/// What a call runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Callee {
    Workspace(FnId),
    /// A function of a trait of the workspace; its implementors are in the signatures.
    Trait(FnId),
    /// A function, method or macro of a library, by canonical path.
    External(Ustr),
    /// The constructor of a tuple struct or variant.
    Constructor(TypeId, Option<Ustr>),
    /// A closure of the same body.
    Closure(NodeId),
    Unknown(Unknown),
}

/// Why a callee is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// The path could not be followed.
    Path,
    /// The receiver's type is not known.
    Receiver,
    /// The receiver's type is known, the method is not.
    Method,
    /// The receiver's type is one of a library that the catalogue does not describe.
    Library,
    /// A value that is called.
    Value,
}

/// What is known of one body.
#[derive(Debug, Default)]
pub struct BodyInfo {
    /// The type of every node.
    pub nodes: Vec<Ty>,
    pub locals: Vec<Ty>,
    pub callees: HashMap<NodeId, Callee>,
    /// The node that uses a node's value.
    pub parents: Vec<Option<NodeId>>,
    /// The node that a region belongs to.
    pub region_nodes: Vec<Option<NodeId>>,
    /// Where closures and async blocks run, where that is not simply here.
    pub runs: HashMap<RegionId, Runs>,
    /// Calls whose future is handed to something that runs it.
    pub future_runs: HashMap<NodeId, Runs>,
    /// Functions handed to a call that runs them: the call, the function, how it is run.
    pub handed: Vec<(NodeId, FnId, Runs)>,
    /// Paths that name a static.
    pub statics: HashMap<NodeId, StaticId>,
    /// Paths and macros of libraries, by canonical path.
    pub externals: HashMap<NodeId, Ustr>,
}

impl BodyInfo {
    /// The type of a node's value.
    pub fn ty(&self, node: NodeId) -> &Ty {
        &self.nodes[node.index()]
    }

    pub fn local(&self, local: LocalId) -> &Ty {
        &self.locals[local.index()]
    }

    /// The node that uses a node's value; none for the value of a region and for statements.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.parents[node.index()]
    }

    /// The node that a region belongs to; none for the whole body.
    pub fn region_node(&self, region: RegionId) -> Option<NodeId> {
        self.region_nodes[region.index()]
    }
}

/// Infers one body.
pub fn infer(world: &World, body: BodyRef) -> BodyInfo {
    let facts = world.names.defs.body(body);
    let (parents, region_nodes) = links(facts);
    let info = BodyInfo {
        nodes: vec![Ty::Unknown; facts.nodes.len()],
        locals: vec![Ty::Unknown; facts.locals.len()],
        parents,
        region_nodes,
        ..BodyInfo::default()
    };
    let owner = world.names.defs.owners.get(&body).copied();
    let mut inference = Inference {
        world,
        body: facts,
        file: body.file,
        generics: Generics::default(),
        returns: Ty::Unknown,
        info,
        done: vec![false; facts.regions.len()],
    };
    inference.start(owner);
    inference.info
}

/// The user of every node's value, and the node of every region.
fn links(body: &Body) -> (Vec<Option<NodeId>>, Vec<Option<NodeId>>) {
    let mut parents = vec![None; body.nodes.len()];
    let mut regions = vec![None; body.regions.len()];
    for (id, node) in body.iter() {
        node.op.operands(&mut |operand| parents[operand.index()] = Some(id));
        node.op.regions(&mut |region| regions[region.index()] = Some(id));
    }
    (parents, regions)
}

struct Inference<'a> {
    world: &'a World<'a>,
    body: &'a Body,
    file: crate::source::FileId,
    generics: Generics,
    /// What the body evaluates to, without the future around it.
    returns: Ty,
    info: BodyInfo,
    done: Vec<bool>,
}

impl Inference<'_> {
    fn start(&mut self, owner: Option<BodyOwner>) {
        if let Some(BodyOwner::Function(id)) = owner {
            self.generics = self.world.signatures.generics_of(&self.world.names, id);
            let signature = self.world.signatures.functions[id.index()].clone();
            let this = signature.receiver.map(|ty| self.bounded_param(ty));
            if let (Some(this), Some(first)) = (this, self.info.locals.first_mut()) {
                *first = this;
            }
            let body = self.body;
            for (pattern, ty) in body.parameters.iter().zip(signature.parameters) {
                let ty = self.bounded_param(ty);
                self.bind(pattern, &ty);
            }
            self.returns = match signature.returns {
                Ty::Future(of) if self.world.names.defs.function(id).is_async => *of,
                ty => ty,
            };
        }
        if let Some(BodyOwner::Static(id)) = owner {
            self.returns = self.world.signatures.statics[id.index()].clone();
        }
        self.region(Body::ROOT);
        for at in 0..self.body.regions.len() {
            self.region(RegionId(at as u32));
        }
    }

    /// A callable parameter's type where its bounds say more than its name; other parameters keep theirs.
    fn bounded_param(&self, ty: Ty) -> Ty {
        match self.world.bounded(ty.clone(), &self.generics) {
            Ty::Bounded(_) => ty,
            Ty::Ref(of) if matches!(*of, Ty::Bounded(_)) => ty,
            bounded => bounded,
        }
    }

    fn module(&self, region: RegionId) -> Option<ModuleId> {
        self.world.names.module(self.file, self.body.region(region).scope)
    }

    fn ty(&self, node: NodeId) -> Ty {
        self.info.nodes[node.index()].clone()
    }

    /// Infers a region once; its type is that of its value.
    fn region(&mut self, region: RegionId) -> Ty {
        let facts = self.body.region(region);
        if !std::mem::replace(&mut self.done[region.index()], true) {
            for node in &facts.nodes {
                let ty = self.node(*node).within_bounds();
                self.info.nodes[node.index()] = ty;
            }
        }
        match facts.value {
            Some(value) => self.ty(value),
            None => self.region_end(region),
        }
    }

    /// The type of a region that ends in a statement: nothing, or never where it cannot be left.
    fn region_end(&self, region: RegionId) -> Ty {
        let last = self.body.region(region).nodes.last().map(|n| &self.body.node(*n).op);
        match last {
            Some(Op::Return(_) | Op::Break(_) | Op::Continue) => Ty::Never,
            _ => Ty::unit(),
        }
    }

    fn node(&mut self, id: NodeId) -> Ty {
        let body = self.body;
        let node = body.node(id);
        match &node.op {
            Op::Local(local) => self.info.locals[local.index()].clone(),
            Op::Path(path) => {
                self.note_path(id, path);
                self.path(path, node.region)
            }
            Op::Literal(literal) => match literal {
                Literal::Text(_) => Ty::Ref(Box::new(Ty::ext("str", Vec::new()))),
                Literal::Bool(_) => Ty::ext("bool", Vec::new()),
                Literal::Number(_, suffix) if suffix.is_empty() => Ty::ext(INTEGER, Vec::new()),
                Literal::Fraction(suffix) if suffix.is_empty() => Ty::ext(FRACTION, Vec::new()),
                Literal::Number(_, suffix) | Literal::Fraction(suffix) => Ty::Ext(*suffix, Vec::new()),
                Literal::Character => Ty::ext("char", Vec::new()),
                Literal::Byte => Ty::ext("u8", Vec::new()),
                Literal::Bytes => Ty::Ref(Box::new(Ty::Slice(Box::new(Ty::ext("u8", Vec::new()))))),
                Literal::Other => Ty::Unknown,
            },
            Op::Field { base, name } => self.field(&self.ty(*base), *name),
            Op::Index { base, index } => self.indexed(&self.ty(*base), &self.ty(*index)),
            Op::Reference { of, .. } => Ty::Ref(Box::new(self.ty(*of))),
            Op::Deref(of) if self.is_lazy_static(*of) => self.ty(*of),
            Op::Deref(of) => self.deref(&self.ty(*of)).unwrap_or(Ty::Unknown),
            Op::Cast { ty, .. } => self.written(ty, node.region),
            Op::Unary(of) => self.ty(*of),
            Op::Binary { operator: Operator::Truth, .. } => Ty::ext("bool", Vec::new()),
            Op::Binary { left, right, .. } => self.operated(&self.ty(*left), &self.ty(*right)),
            Op::Range(ends) => {
                let ends = ends.iter().map(|end| self.ty(*end));
                Ty::ext(RANGE, vec![ends.fold(Ty::Unknown, wider)])
            }
            Op::Unseen => Ty::Unknown,
            Op::Tuple(parts) => Ty::Tuple(parts.iter().map(|p| self.ty(*p)).collect()),
            Op::Array(parts) => Ty::Slice(Box::new(parts.first().map_or(Ty::Unknown, |p| self.ty(*p)))),
            Op::Struct { path, fields, .. } => self.struct_literal(path, fields, node.region),
            Op::Call { callee, arguments } => self.call(id, *callee, arguments),
            Op::Method { receiver, name, generics, arguments, .. } => {
                self.method(id, *receiver, *name, generics, arguments)
            }
            Op::Macro(call) => self.macro_call(id, call, node.region),
            Op::Closure { .. } => Ty::Closure(id),
            Op::Async(region) => {
                let value = self.region(*region);
                Ty::Future(Box::new(value))
            }
            Op::Block(region) => self.region(*region),
            Op::If { then, otherwise, .. } => {
                let first = self.region(*then);
                let second = otherwise.map_or(Ty::unit(), |o| self.region(o));
                first.or(second)
            }
            Op::Let { pattern, of } => {
                let ty = self.ty(*of);
                self.bind(pattern, &ty);
                Ty::ext("bool", Vec::new())
            }
            Op::Match { scrutinee, arms } => {
                let scrutinee = self.ty(*scrutinee);
                arms.iter().fold(Ty::Unknown, |ty, arm| ty.or(self.arm(&arm.pattern, &scrutinee, arm.region)))
            }
            Op::Loop { kind, region } => self.loop_value(kind, *region),
            Op::Select { arms, otherwise } => {
                let first = arms.iter().fold(Ty::Unknown, |ty, arm| {
                    let output = self.awaited(&self.ty(arm.future));
                    ty.or(self.arm(&arm.pattern, &output, arm.region))
                });
                let second = otherwise.map_or(Ty::Unknown, |o| self.region(o));
                first.or(second)
            }
            Op::Bind { pattern, ty, init, otherwise } => {
                let init_ty = init.map_or(Ty::Unknown, |i| self.ty(i));
                let annotated = ty.as_ref().map_or(Ty::Unknown, |t| self.written(t, node.region));
                self.bind(pattern, &more_specific(annotated, init_ty));
                if let Some(otherwise) = otherwise {
                    self.region(*otherwise);
                }
                Ty::unit()
            }
            Op::Assign { place, value } => {
                self.assign(*place, *value);
                Ty::unit()
            }
            Op::Await(of) => self.awaited(&self.ty(*of)),
            Op::Try(of) => self.tried(&self.ty(*of)),
            Op::Return(_) | Op::Break(_) | Op::Continue => Ty::Never,
            Op::Discard(_) => Ty::unit(),
        }
    }

    /// What rules ask of a path by its node: the static or the library's item that it names.
    fn note_path(&mut self, id: NodeId, path: &Path) {
        let names: Vec<Ustr> = path.names().collect();
        let module = self.module(self.body.node(id).region);
        match module.map(|m| self.world.names.resolve(m, &names, path.global, Space::Value)) {
            Some(Resolved::Def(Def::Static(item), 0)) => {
                self.info.statics.insert(id, item);
            }
            Some(Resolved::External(full)) => {
                self.info.externals.insert(id, full);
            }
            _ => {}
        }
    }

    /// Whether a node names a static of `lazy_static!`, whose type is written as that of what a first `*` gives.
    fn is_lazy_static(&self, node: NodeId) -> bool {
        let item = self.info.statics.get(&node);
        item.is_some_and(|item| self.world.names.defs.static_item(*item).kind == StaticKind::LazyStatic)
    }

    /// The value of an arm whose pattern is matched against a type.
    fn arm(&mut self, pattern: &Pattern, matched: &Ty, region: RegionId) -> Ty {
        self.bind(pattern, matched);
        self.region(region)
    }

    fn loop_value(&mut self, kind: &LoopKind, region: RegionId) -> Ty {
        if let LoopKind::For { pattern, iterated } = kind {
            let element = self.world.element(&self.ty(*iterated), &self.generics);
            self.bind(pattern, &element);
        }
        self.region(region);
        if matches!(kind, LoopKind::Loop) { self.broken_value(region) } else { Ty::unit() }
    }

    /// `let x; x = value;` says the type where it is first assigned, and `let x = None; x = Some(value);` what was left open.
    fn assign(&mut self, place: NodeId, value: NodeId) {
        if let Op::Local(local) = &self.body.node(place).op {
            let value = self.ty(value);
            let known = &mut self.info.locals[local.index()];
            if !known.is_whole() {
                *known = filled(std::mem::take(known), value);
            }
        }
    }

    /// What `break value` gives a `loop`.
    fn broken_value(&self, region: RegionId) -> Ty {
        let inside = |node: &Node| self.body.outwards(node.region).any(|(at, _)| at == region);
        self.body.nodes.iter().filter(|node| inside(node)).fold(Ty::Unknown, |ty, node| match node.op {
            Op::Break(Some(value)) => ty.or(self.ty(value)),
            _ => ty,
        })
    }

    fn written(&self, ty: &TypeRef, region: RegionId) -> Ty {
        self.module(region).map_or(Ty::Unknown, |module| self.world.names.ty(module, ty, &self.generics))
    }

    fn awaited(&self, ty: &Ty) -> Ty {
        self.world.names.awaited(ty)
    }

    /// What `?` gives. A type with one argument that nobody described can only be an alias of a `Result` or `Option`: `lib::Outcome<T>`.
    fn tried(&self, ty: &Ty) -> Ty {
        match ty.peeled() {
            Ty::Ext(path, arguments) if self.world.names.catalogue.type_entry(*path).is_none() => {
                match &arguments[..] {
                    [content] => content.clone(),
                    _ => Ty::Unknown,
                }
            }
            ty => ty.tried(),
        }
    }

    // Paths

    fn path(&self, path: &Path, region: RegionId) -> Ty {
        let Some(module) = self.module(region) else { return Ty::Unknown };
        let names: Vec<Ustr> = path.names().collect();
        let arguments = || {
            let written =
                path.segments.iter().rev().find(|s| !s.arguments.is_empty()).map_or(&[][..], |s| &s.arguments);
            written.iter().map(|t| self.written(t, region)).collect::<Vec<_>>()
        };
        if let Some(owner) = self.owner_of(path, region) {
            return match path.segments.len() {
                0 | 1 if path.qself.is_none() => self.type_as_value(Some(&owner)),
                _ => self.associated(&owner, path.last(), arguments()).or(self.of_named_trait(path, module)),
            };
        }
        match self.world.names.resolve(module, &names, path.global, Space::Value) {
            Resolved::Def(Def::Fn(id), 0) => Ty::Fn(id),
            Resolved::Def(Def::Static(id), 0) => self.world.signatures.statics[id.index()].clone(),
            Resolved::Def(Def::Type(id), 0) => self.type_as_value(Some(&Ty::Adt(id, Vec::new()))),
            Resolved::Def(Def::Variant(id, variant), 0) => self.variant(id, variant),
            Resolved::Def(Def::Type(id), 1) => {
                self.associated(&Ty::Adt(id, arguments()), *names.last().unwrap_or(&ustr("")), vec![])
            }
            Resolved::Def(Def::Alias(_), 1) => {
                let owner = Path { segments: path.segments[..path.segments.len() - 1].to_vec(), ..path.clone() };
                let ty = self.written(&TypeRef::Path(owner), region);
                self.associated(&ty, *names.last().unwrap_or(&ustr("")), arguments())
            }
            Resolved::Def(Def::Trait(id), 1) => {
                names.last().and_then(|name| self.world.trait_function(id, *name)).map_or(Ty::Unknown, Ty::Fn)
            }
            Resolved::External(full) => {
                self.of_workspace(full).unwrap_or_else(|| self.external_value(full, arguments()))
            }
            _ => Ty::Unknown,
        }
    }

    /// What stands before the last `::` where that is `Self`, a parameter or `<T as Trait>`; all of it where there is none.
    fn owner_of(&self, path: &Path, region: RegionId) -> Option<Ty> {
        if let Some(qself) = &path.qself {
            let ty = self.written(&qself.ty, region);
            let between = path.segments.iter().skip(qself.position as usize).rev().skip(1).rev();
            return Some(between.fold(ty, |ty, segment| self.world.project(&ty, segment.name)));
        }
        let (first, rest) = path.segments.split_first()?;
        if path.global || !(first.name == "Self" || self.generics.names.contains_key(&first.name)) {
            return None;
        }
        let owner =
            Path { segments: path.segments[..path.segments.len() - rest.len().min(1)].to_vec(), ..path.clone() };
        Some(self.written(&TypeRef::Path(owner), region))
    }

    /// `<T as Trait>::name`, as the trait declares it.
    fn of_named_trait(&self, path: &Path, module: ModuleId) -> Ty {
        let Some(qself) = path.qself.as_ref().filter(|q| q.position as usize + 1 == path.segments.len()) else {
            return Ty::Unknown;
        };
        let of: Vec<Ustr> = path.names().take(qself.position as usize).collect();
        match self.world.names.resolve(module, &of, path.global, Space::Type) {
            Resolved::Def(Def::Trait(id), 0) => self.world.trait_function(id, path.last()).map_or(Ty::Unknown, Ty::Fn),
            Resolved::External(full) => Ty::ExtFn(ustr(&format!("{full}::{}", path.last())), Vec::new()),
            _ => Ty::Unknown,
        }
    }

    /// A function that a trait of the workspace gives a library's type: `String::parsed`.
    fn of_workspace(&self, full: Ustr) -> Option<Ty> {
        let (owner, name) = full.rsplit_once("::")?;
        let key = TypeKey::Ext(ustr::existing_ustr(owner)?);
        self.world.function_of(key, ustr::existing_ustr(name)?).map(Ty::Fn)
    }

    /// A library's item as a value: a constant has the type that the catalogue says, all else is a function or constructor.
    fn external_value(&self, full: Ustr, arguments: Vec<Ty>) -> Ty {
        if !is_constant(&full) && !self.is_unit_variant(&full) {
            return Ty::ExtFn(full, arguments);
        }
        let Some(callable) = self.world.names.catalogue.callable(full) else { return Ty::ExtFn(full, arguments) };
        let owner = full.rfind("::").and_then(|end| ustr::existing_ustr(&full[..end])).unwrap_or(full);
        self.world.of_entry(&callable.returns, owner, &arguments)
    }

    /// Whether a path names a variant of a library's enum that has no parts, as `None`.
    fn is_unit_variant(&self, full: &str) -> bool {
        let parts = full.rsplit_once("::").and_then(|(owner, name)| {
            let entry = self.world.names.catalogue.type_entry(ustr::existing_ustr(owner)?)?;
            entry.variants.get(&ustr::existing_ustr(name)?)
        });
        parts.is_some_and(Vec::is_empty)
    }

    /// A type's name as a value: a unit struct, or the constructor of a tuple struct.
    fn type_as_value(&self, ty: Option<&Ty>) -> Ty {
        match ty {
            Some(Ty::Adt(id, arguments)) if self.world.names.defs.type_def(*id).fields.is_empty() => {
                Ty::Adt(*id, arguments.clone())
            }
            Some(Ty::Adt(id, _)) => Ty::Constructor(*id, None),
            Some(ty) => ty.clone(),
            None => Ty::Unknown,
        }
    }

    fn variant(&self, id: TypeId, variant: Ustr) -> Ty {
        let has_fields = self.world.names.defs.type_def(id).fields.iter().any(|f| f.variant == Some(variant));
        if has_fields { Ty::Constructor(id, Some(variant)) } else { Ty::Adt(id, Vec::new()) }
    }

    /// `Type::name` as a value.
    fn associated(&self, ty: &Ty, name: Ustr, arguments: Vec<Ty>) -> Ty {
        let own = TypeKey::of(ty).filter(|key| *key != TypeKey::Any);
        if let Some(function) = own.and_then(|key| self.world.function_of(key, name)) {
            return Ty::Fn(function);
        }
        match ty {
            Ty::Adt(id, _) if self.world.names.defs.type_def(*id).variants.contains(&name) => self.variant(*id, name),
            Ty::Adt(id, _) => match self.world.function_of(TypeKey::Any, name) {
                Some(function) => Ty::Fn(function),
                None => self.world.derived(*id, name).map_or(Ty::Unknown, |path| Ty::ExtFn(path, vec![ty.clone()])),
            },
            Ty::Ext(path, own) => {
                let arguments = if arguments.is_empty() { own.clone() } else { arguments };
                self.external_value(ustr(&format!("{path}::{name}")), arguments)
            }
            Ty::Slice(_) => Ty::ExtFn(ustr(&format!("std::vec::Vec::{name}")), arguments),
            Ty::Param(_) => match self.world.bounded(ty.clone(), &self.generics) {
                Ty::Param(_) => Ty::Unknown,
                bounded => self.associated(&bounded, name, arguments),
            },
            Ty::Bounded(bounds) => self.of_bounds(bounds, name),
            _ => Ty::Unknown,
        }
    }

    /// A function of one of several traits: of the one that declares it, or of the only one.
    fn of_bounds(&self, bounds: &[Bound], name: Ustr) -> Ty {
        let declared = bounds.iter().find_map(|bound| match bound {
            Bound::Trait(id, _) => self.world.trait_function(*id, name).map(Ty::Fn),
            Bound::Ext(path, _) => {
                let (path, _) = self.world.names.catalogue.declared_method(*path, name)?;
                Some(Ty::ExtFn(path, Vec::new()))
            }
        });
        declared.unwrap_or_else(|| match bounds {
            [Bound::Ext(path, _)] => Ty::ExtFn(ustr(&format!("{path}::{name}")), Vec::new()),
            _ => Ty::Unknown,
        })
    }

    // Fields, elements, operators

    fn field(&self, ty: &Ty, name: Ustr) -> Ty {
        self.world.field(ty, name)
    }

    fn deref(&self, ty: &Ty) -> Option<Ty> {
        self.world.deref(ty)
    }

    fn element(&self, ty: &Ty) -> Ty {
        self.world.element(ty, &self.generics)
    }

    /// What indexing gives: by a range a part of the same kind, by anything else an element.
    fn indexed(&self, ty: &Ty, index: &Ty) -> Ty {
        match index.peeled() {
            Ty::Ext(path, _) | Ty::ExtFn(path, _) if path == RANGE => self.world.innermost_listed(ty),
            _ => self.world.indexed(ty),
        }
    }

    /// What arithmetic gives: what its operands are, where they are the same.
    fn operated(&self, left: &Ty, right: &Ty) -> Ty {
        let of_workspace = self.world.project(left, ustr("Output"));
        match (left.peeled(), right.peeled()) {
            (Ty::Adt(..), _) => of_workspace,
            (Ty::Unknown, _) | (_, Ty::Unknown) => Ty::Unknown,
            (left, right) if is_number(left) && is_number(right) => wider(left.clone(), right.clone()),
            // Times and durations, sets and strings: what stands on the left is changed by what stands on the right.
            (left @ Ty::Ext(path, _), _)
                if self.world.names.catalogue.declared_method(*path, ustr("add")).is_some() =>
            {
                self.world.names.catalogue.declared_method(*path, ustr("add")).map_or(Ty::Unknown, |(_, add)| {
                    let arguments = if let Ty::Ext(_, arguments) = left { arguments.as_slice() } else { &[] };
                    self.world.of_entry(&add.returns, *path, arguments)
                })
            }
            _ => Ty::Unknown,
        }
    }

    // Patterns

    fn bind(&mut self, pattern: &Pattern, ty: &Ty) {
        match &pattern.kind {
            PatternKind::Bind { local, of } => {
                let known = &mut self.info.locals[local.index()];
                *known = std::mem::take(known).or(ty.clone());
                if let Some(of) = of {
                    self.bind(of, ty);
                }
            }
            PatternKind::Tuple(parts) => {
                if let Ty::Tuple(types) = ty.peeled() {
                    let types = types.clone();
                    self.bind_parts(parts, &types);
                }
            }
            PatternKind::Slice(parts) => {
                let element = self.element(ty);
                parts.iter().for_each(|p| self.bind(p, &element));
            }
            PatternKind::Or(parts) => parts.iter().for_each(|p| self.bind(p, ty)),
            PatternKind::Reference(of) => {
                let inner = self.deref(ty).unwrap_or(Ty::Unknown);
                self.bind(of, &inner);
            }
            PatternKind::Typed(of, written) => {
                let ty = self.written(written, Body::ROOT).or(ty.clone());
                self.bind(of, &ty);
            }
            PatternKind::TupleStruct { path, parts } => {
                let types = self.tuple_struct_parts(path, ty, parts.len());
                self.bind_parts(parts, &types);
            }
            PatternKind::Struct { path, fields } => {
                let owner = self.pattern_owner(path, ty);
                for (name, part) in fields {
                    let ty = match &owner {
                        Some((id, variant, arguments)) => {
                            let found =
                                self.world.signatures.fields[id.index()].get(&field_key(*variant, *name)).cloned();
                            found.unwrap_or(Ty::Unknown).substitute(&self.world.own_params(*id, arguments))
                        }
                        None => self.field(ty, *name),
                    };
                    self.bind(part, &ty);
                }
            }
            PatternKind::Wild
            | PatternKind::Path(_)
            | PatternKind::Rest
            | PatternKind::Literal
            | PatternKind::Unseen => {}
        }
    }

    /// Parts of a tuple; after `..` they are counted from the end.
    fn bind_parts(&mut self, parts: &[Pattern], types: &[Ty]) {
        let rest = parts.iter().position(|p| matches!(p.kind, PatternKind::Rest));
        for (at, part) in parts.iter().enumerate() {
            let from_end = rest.is_some_and(|rest| at > rest);
            let place = if from_end { (types.len() + at).checked_sub(parts.len()) } else { Some(at) };
            let ty = place.and_then(|at| types.get(at)).cloned().unwrap_or(Ty::Unknown);
            self.bind(part, &ty);
        }
    }

    /// The workspace type (and variant) a pattern's path names; where the path says nothing, the matched type does.
    fn pattern_owner(&self, path: &Path, ty: &Ty) -> Option<(TypeId, Option<Ustr>, Vec<Ty>)> {
        let arguments = match ty.peeled() {
            Ty::Adt(_, arguments) => arguments.clone(),
            _ => Vec::new(),
        };
        match self.path(path, Body::ROOT) {
            Ty::Constructor(id, variant) => Some((id, variant, arguments)),
            Ty::Adt(id, _) => Some((id, None, arguments)),
            _ => match ty.peeled() {
                Ty::Adt(id, arguments) => {
                    let variant =
                        Some(path.last()).filter(|v| self.world.names.defs.type_def(*id).variants.contains(v));
                    Some((*id, variant, arguments.clone()))
                }
                _ => None,
            },
        }
    }

    fn tuple_struct_parts(&self, path: &Path, ty: &Ty, count: usize) -> Vec<Ty> {
        if let Ty::Ext(of, arguments) = ty.peeled() {
            let entry = self.world.names.catalogue.type_entry(*of);
            return match entry.and_then(|entry| entry.variants.get(&path.last())) {
                Some(parts) => parts.iter().map(|part| self.world.of_entry(part, *of, arguments)).collect(),
                // An extractor that is taken apart: `Json(value)`.
                None if of.rsplit("::").next() == Some(path.last().as_str()) => {
                    arguments.first().into_iter().cloned().collect()
                }
                None => Vec::new(),
            };
        }
        let Some((id, variant, arguments)) = self.pattern_owner(path, ty) else { return Vec::new() };
        let params = self.world.own_params(id, &arguments);
        let field = |at: usize| {
            let found = self.world.signatures.fields[id.index()].get(&field_key(variant, ustr(&at.to_string())));
            found.map_or(Ty::Unknown, |ty| ty.substitute(&params))
        };
        (0..count).map(field).collect()
    }

    // Values that are made

    fn struct_literal(&mut self, path: &Path, fields: &[(Ustr, NodeId)], region: RegionId) -> Ty {
        let ty = match path.single() {
            Some(name) if name == "Self" => self.generics.self_ty.clone().unwrap_or(Ty::Unknown),
            _ => match self.path(path, region) {
                Ty::Constructor(id, _) | Ty::Adt(id, _) => Ty::Adt(id, Vec::new()),
                Ty::ExtFn(path, arguments) => Ty::Ext(path, arguments),
                _ => self.written(&TypeRef::Path(path.clone()), region),
            },
        };
        let Ty::Adt(id, arguments) = &ty else { return ty };
        if !arguments.is_empty() {
            return ty;
        }
        let mut map = HashMap::default();
        for (name, value) in fields {
            if let Some(declared) = self.world.signatures.fields[id.index()].get(name) {
                declared.unify(&self.ty(*value), &mut map);
            }
        }
        let generics = &self.world.names.defs.type_def(*id).generics;
        Ty::Adt(*id, generics.iter().map(|g| map.get(&g.name).cloned().unwrap_or(Ty::Unknown)).collect())
    }

    fn macro_call(&mut self, id: NodeId, call: &MacroCall, region: RegionId) -> Ty {
        let names: Vec<Ustr> = call.path.names().collect();
        let full =
            match self.module(region).map(|m| self.world.names.resolve(m, &names, call.path.global, Space::Value)) {
                Some(Resolved::External(full)) => full,
                Some(Resolved::Def(Def::Macro, _)) => return Ty::Unknown,
                _ => ustr(&format!("std::{}", call.path.last())),
            };
        let arguments: Vec<Ty> = call.arguments.iter().map(|a| self.ty(*a)).collect();
        self.info.callees.insert(id, Callee::External(full));
        match call.path.last().as_str() {
            "vec" => return Ty::ext("std::vec::Vec", arguments.into_iter().take(1).collect()),
            "join" => return Ty::Tuple(arguments.iter().map(|a| self.awaited(a)).collect()),
            "try_join" => {
                let parts = arguments.iter().map(|a| self.tried(&self.awaited(a))).collect();
                return Ty::ext("std::result::Result", vec![Ty::Tuple(parts), Ty::Unknown]);
            }
            "ready" => return self.world.names.polled(arguments.first()),
            "format" => return Ty::ext("std::string::String", Vec::new()),
            _ => {}
        }
        match self.world.names.catalogue.callable(full) {
            Some(callable) => {
                let holes = Holes { arguments, ..Holes::default() };
                self.world.names.catalogued(&callable.returns, &holes)
            }
            None => Ty::Unknown,
        }
    }

    // Calls

    fn call(&mut self, id: NodeId, callee: NodeId, arguments: &[NodeId]) -> Ty {
        let (known, ty) = match self.ty(callee) {
            Ty::Fn(function) => {
                let given = self.given(callee, function);
                let returns = self.workspace_call(id, function, None, arguments, given);
                (self.workspace_callee(function), returns)
            }
            Ty::ExtFn(path, generics) => {
                (Callee::External(path), self.external_call(id, path, generics, None, arguments))
            }
            Ty::Constructor(owner, variant) => {
                let returns = self.constructor_call(owner, variant, arguments);
                (Callee::Constructor(owner, variant), returns)
            }
            Ty::Closure(closure) => {
                let types: Vec<Ty> = arguments.iter().map(|a| self.ty(*a)).collect();
                (Callee::Closure(closure), self.run_closure(closure, &types))
            }
            Ty::Callable(_, returns) => (Callee::Unknown(Unknown::Value), *returns),
            _ => {
                let is_path = matches!(self.body.node(callee).op, Op::Path(_));
                (Callee::Unknown(if is_path { Unknown::Path } else { Unknown::Value }), Ty::Unknown)
            }
        };
        self.info.callees.insert(id, known);
        ty
    }

    /// What the path of a callee says of the parameters of its function: `Self` and turbofish arguments.
    fn given(&self, callee: NodeId, function: FnId) -> HashMap<Ustr, Ty> {
        let node = self.body.node(callee);
        let Op::Path(path) = &node.op else { return HashMap::default() };
        let mut map = self.turbofish(path.segments.last().map_or(&[][..], |s| &s.arguments), function, node.region);
        if self.world.names.defs.trait_of(function).is_some()
            && let Some(owner) = self.owner_of(path, node.region).filter(|ty| !ty.is_unknown())
        {
            map.insert(ustr("Self"), owner);
        }
        map
    }

    fn turbofish(&self, written: &[TypeRef], function: FnId, region: RegionId) -> HashMap<Ustr, Ty> {
        let generics = &self.world.names.defs.function(function).generics;
        let types = written.iter().map(|ty| self.written(ty, region));
        generics.iter().map(|g| g.name).zip(types).filter(|(_, ty)| !ty.is_unknown()).collect()
    }

    fn workspace_callee(&self, function: FnId) -> Callee {
        if self.world.names.defs.trait_of(function).is_some() {
            Callee::Trait(function)
        } else {
            Callee::Workspace(function)
        }
    }

    /// The return type of a call of a workspace function, generics filled in from the arguments.
    fn workspace_call(
        &mut self,
        id: NodeId,
        function: FnId,
        receiver: Option<&Ty>,
        arguments: &[NodeId],
        given: HashMap<Ustr, Ty>,
    ) -> Ty {
        let signature = &self.world.signatures.functions[function.index()];
        let mut map = given;
        let mut parameters = signature.parameters.clone();
        match (&signature.receiver, receiver) {
            (Some(declared), Some(actual)) => declared.unify(actual, &mut map),
            // `Type::method(receiver, ..)`
            (Some(declared), None) => parameters.insert(0, declared.clone()),
            _ => {}
        }
        let returns = signature.returns.clone();
        for (declared, argument) in parameters.iter().zip(arguments) {
            declared.unify(&self.ty(*argument), &mut map);
        }
        let generics = self.world.signatures.generics_of(&self.world.names, function);
        for (declared, argument) in parameters.iter().zip(arguments) {
            self.callable_argument(id, declared, *argument, &generics, &mut map);
        }
        for (declared, argument) in parameters.iter().zip(arguments) {
            let taken = self.of_call(declared, &generics, &map);
            self.learn(*argument, &taken);
        }
        if let Some(of) = self.world.names.defs.trait_of(function) {
            map.entry(ustr("Self")).or_insert_with(|| Ty::Bounded(vec![Bound::Trait(of, Said::default())]));
        }
        let shape = self.world.instantiated(&returns, &mut map);
        let open: Vec<Ustr> = generics.params().filter(|name| !map.contains_key(name)).collect();
        if !open.is_empty() {
            let asked = self.asked(id, &shape);
            returns.unify(&asked, &mut map);
            // Parameters of another function mean nothing here.
            open.iter().for_each(|name| {
                map.entry(*name).or_default();
            });
        }
        self.world.instantiated(&returns, &mut map)
    }

    /// A type of another function's signature, where `map` is what is known of its parameters; the others mean nothing here.
    fn of_call(&self, ty: &Ty, generics: &Generics, map: &HashMap<Ustr, Ty>) -> Ty {
        let mut all = map.clone();
        for name in generics.params().chain([ustr("Self")]) {
            all.entry(name).or_default();
        }
        self.world.instantiated(ty, &mut all)
    }

    /// What an argument is taken as says what the local is that is handed on: `fill(&mut list)`.
    fn learn(&mut self, argument: NodeId, taken: &Ty) {
        let mut at = argument;
        while let Op::Reference { of, .. } = self.body.node(at).op {
            at = of;
        }
        if let Op::Local(local) = self.body.node(at).op {
            let known = &mut self.info.locals[local.index()];
            if !known.is_whole() {
                *known = filled(std::mem::take(known), taken.peeled().clone());
            }
        }
    }

    /// Runs a closure argument with the parameter types its bound gives, and learns what the bound's output stands for.
    fn callable_argument(
        &mut self,
        call: NodeId,
        declared: &Ty,
        argument: NodeId,
        generics: &Generics,
        map: &mut HashMap<Ustr, Ty>,
    ) {
        let declared = self.world.bounded(declared.clone(), generics);
        match self.ty(argument) {
            Ty::Closure(closure) => {
                let types: Vec<Ty> = match &declared {
                    Ty::Callable(parameters, _) => parameters.iter().map(|p| self.of_call(p, generics, map)).collect(),
                    _ => Vec::new(),
                };
                let returned = self.run_closure(closure, &types);
                if let Ty::Callable(_, output) = &declared {
                    output.unify(&returned, map);
                }
            }
            Ty::Fn(handed) => {
                self.info.handed.push((call, handed, Runs::Inline));
                if let Ty::Callable(_, output) = &declared {
                    output.unify(&self.world.signatures.functions[handed.index()].returns, map);
                }
            }
            _ => {}
        }
    }

    fn constructor_call(&mut self, owner: TypeId, variant: Option<Ustr>, arguments: &[NodeId]) -> Ty {
        let mut map = HashMap::default();
        for (at, argument) in arguments.iter().enumerate() {
            let field = field_key(variant, ustr(&at.to_string()));
            if let Some(declared) = self.world.signatures.fields[owner.index()].get(&field) {
                declared.unify(&self.ty(*argument), &mut map);
            }
        }
        let generics = &self.world.names.defs.type_def(owner).generics;
        Ty::Adt(owner, generics.iter().map(|g| map.get(&g.name).cloned().unwrap_or(Ty::Unknown)).collect())
    }

    /// A call of a library's function: what the catalogue says it returns.
    fn external_call(
        &mut self,
        id: NodeId,
        path: Ustr,
        generics: Vec<Ty>,
        receiver: Option<&Ty>,
        arguments: &[NodeId],
    ) -> Ty {
        let wrapped = arguments.first().map_or(Ty::Unknown, |a| self.ty(*a));
        match path.as_str() {
            "std::result::Result::Ok" => return Ty::ext("std::result::Result", vec![wrapped, Ty::Unknown]),
            "std::result::Result::Err" => return Ty::ext("std::result::Result", vec![Ty::Unknown, wrapped]),
            "std::option::Option::Some" => return Ty::ext("std::option::Option", vec![wrapped]),
            "std::boxed::Box::pin" | "std::pin::Pin::new" => return wrapped,
            _ => {}
        }
        let catalogue = self.world.names.catalogue;
        let owner = path.rfind("::").and_then(|end| ustr::existing_ustr(&path[..end]));
        let direct = catalogue.callable(path).cloned();
        // `Trait`s of a catalogued type answer `Type::method` too.
        let through_trait = || {
            let (owner, name) = (owner?, path.rsplit("::").next()?);
            catalogue.method(owner, ustr(name)).map(|(_, callable)| callable.clone())
        };
        let Some(callable) = direct.or_else(through_trait) else {
            self.run_loose_closures(id, arguments);
            return self.fluent_constructor(owner, &path, generics);
        };
        let mut params = match (receiver.map(Ty::peeled), owner) {
            (Some(Ty::Ext(own, arguments)), _) => self.world.names.params_of(*own, arguments),
            (_, Some(owner)) => self.world.names.params_of(owner, &generics),
            _ => HashMap::default(),
        };
        if receiver.is_none()
            && let (Some(Ty::Ext(own, inner)), true) =
                (arguments.first().map(|a| self.ty(*a).peeled().clone()), generics.is_empty())
            && Some(own) == owner
        {
            // `Arc::clone(&value)`: the first argument is the receiver.
            params = self.world.names.params_of(own, &inner);
        }
        if receiver.is_none()
            && let [this @ Ty::Adt(..)] = &generics[..]
        {
            // What a derive gives a type of the workspace.
            params.insert(ustr("Self"), this.clone());
        }
        self.catalogue_call(id, &callable, params, arguments, generics)
    }

    fn fluent_constructor(&self, owner: Option<Ustr>, path: &str, generics: Vec<Ty>) -> Ty {
        let is_clone = matches!(path.rsplit("::").next(), Some("default"));
        match owner {
            Some(owner) if is_clone && self.world.names.catalogue.type_entry(owner).is_some() => {
                Ty::Ext(owner, generics)
            }
            _ => Ty::Unknown,
        }
    }

    fn catalogue_call(
        &mut self,
        id: NodeId,
        callable: &Callable,
        params: HashMap<Ustr, Ty>,
        arguments: &[NodeId],
        generics: Vec<Ty>,
    ) -> Ty {
        let known = arguments.iter().map(|a| self.ty(*a)).collect();
        let mut holes = Holes { params, arguments: known, type_arguments: generics, ..Holes::default() };
        let parameter_types: Vec<Ty> =
            callable.closure.iter().map(|t| self.world.names.catalogued(t, &holes)).collect();
        for argument in arguments {
            match self.ty(*argument) {
                Ty::Closure(closure) => {
                    holes.closure_return = self.run_closure(closure, &parameter_types);
                    self.mark_runs(closure, callable.runs);
                }
                Ty::Fn(function) => {
                    self.info.handed.push((id, function, callable.runs));
                    holes.closure_return = self.world.signatures.functions[function.index()].returns.clone();
                }
                Ty::ExtFn(path, _) => holes.closure_return = self.returned_by(path),
                Ty::Constructor(owner, _) => holes.closure_return = Ty::Adt(owner, Vec::new()),
                Ty::Future(_) => self.mark_future(*argument, callable.runs),
                _ => {}
            }
        }
        let ty = self.world.names.catalogued(&callable.returns, &holes);
        if !callable.fresh {
            return if ty.is_whole() || ty.is_unknown() { ty } else { filled(ty.clone(), self.asked(id, &ty)) };
        }
        let ty = match holes.type_arguments.first() {
            Some(given) if !given.is_unknown() => fill_fresh(ty, given.clone()),
            _ => filled(ty.clone(), self.asked(id, &ty)),
        };
        self.gathered(ty, &self.world.names.catalogued(&callable.gathers, &holes))
    }

    /// A collection whose place leaves open what it is a collection of.
    fn gathered(&self, collection: Ty, item: &Ty) -> Ty {
        match collection {
            Ty::Ext(path, arguments) => {
                let Some(entry) = self.world.names.catalogue.type_entry(path) else { return Ty::Ext(path, arguments) };
                let open: Vec<Ty> = entry.params.iter().map(|name| Ty::Param(*name)).collect();
                let mut map = HashMap::default();
                match self.world.names.iterated(&Ty::Ext(path, open)) {
                    // `Result<Vec<_>, E>` of `Result`s.
                    _ if path == "std::result::Result" || path == "std::option::Option" => {
                        let mut arguments = arguments;
                        arguments.resize(entry.params.len(), Ty::Unknown);
                        let inner = std::mem::take(&mut arguments[0]);
                        arguments[0] = self.gathered(inner, &self.world.names.iterated(item));
                        return Ty::Ext(path, arguments);
                    }
                    element => element.unify(item, &mut map),
                }
                let learned = entry.params.iter().map(|name| map.remove(name).unwrap_or_default()).collect();
                filled(Ty::Ext(path, arguments), Ty::Ext(path, learned))
            }
            collection => collection,
        }
    }

    fn returned_by(&self, path: Ustr) -> Ty {
        let Some(callable) = self.world.names.catalogue.callable(path) else { return Ty::Unknown };
        let owner = path.rfind("::").and_then(|end| ustr::existing_ustr(&path[..end]));
        let params = owner.map_or_else(HashMap::default, |owner| self.world.names.params_of(owner, &[]));
        self.world.names.catalogued(&callable.returns, &Holes { params, ..Holes::default() })
    }

    fn mark_runs(&mut self, closure: NodeId, runs: Runs) {
        if let Op::Closure { region, .. } = self.body.node(closure).op
            && runs != Runs::Inline
        {
            self.info.runs.insert(region, runs);
        }
    }

    /// An async block, or a call of an async function, that is handed to something that runs it.
    fn mark_future(&mut self, argument: NodeId, runs: Runs) {
        if runs == Runs::Inline {
            return;
        }
        let mut at = argument;
        loop {
            match &self.body.node(at).op {
                Op::Async(region) => {
                    self.info.runs.insert(*region, runs);
                    return;
                }
                // `Box::pin(async { .. })`
                Op::Call { arguments, .. } if self.is_pinned(at) => match arguments[..] {
                    [pinned] => at = pinned,
                    _ => return,
                },
                Op::Call { .. } => {
                    self.info.future_runs.insert(at, runs);
                    return;
                }
                Op::Method { receiver, .. } => {
                    if matches!(self.info.callees.get(&at), Some(Callee::Workspace(_) | Callee::Trait(_))) {
                        self.info.future_runs.insert(at, runs);
                        return;
                    }
                    // `async move { .. }.instrument(span)`
                    at = *receiver;
                }
                Op::Local(local) => match self.init_of(*local) {
                    Some(init) => at = init,
                    None => return,
                },
                _ => return,
            }
        }
    }

    fn is_pinned(&self, call: NodeId) -> bool {
        matches!(self.info.callees.get(&call), Some(Callee::External(path)) if *path == "std::boxed::Box::pin")
    }

    /// The initialiser of a local that is bound by name.
    fn init_of(&self, local: LocalId) -> Option<NodeId> {
        self.body.nodes.iter().find_map(|node| match &node.op {
            Op::Bind { pattern, init, .. } => match pattern.kind {
                PatternKind::Bind { local: bound, .. } if bound == local => *init,
                _ => None,
            },
            _ => None,
        })
    }

    fn run_closure(&mut self, closure: NodeId, types: &[Ty]) -> Ty {
        let body = self.body;
        let Op::Closure { region, parameters, types: written, returns, is_async } = &body.node(closure).op else {
            return Ty::Unknown;
        };
        for (at, pattern) in parameters.iter().enumerate() {
            let known = types.get(at).cloned().unwrap_or(Ty::Unknown);
            let annotated = written.get(at).map_or(Ty::Unknown, |ty| self.written(ty, *region));
            let ty = more_specific(annotated, known);
            self.bind(pattern, &ty);
        }
        let value = self.region(*region);
        let value = match returns {
            Some(written) => more_specific(self.written(written, *region), value),
            None => value,
        };
        if *is_async { Ty::Future(Box::new(value)) } else { value }
    }

    fn run_loose_closures(&mut self, call: NodeId, arguments: &[NodeId]) {
        for argument in arguments {
            match self.ty(*argument) {
                Ty::Closure(closure) => {
                    self.run_closure(closure, &[]);
                }
                Ty::Fn(function) => self.info.handed.push((call, function, Runs::Inline)),
                _ => {}
            }
        }
    }

    // Methods

    fn method(&mut self, id: NodeId, receiver: NodeId, name: Ustr, generics: &[TypeRef], arguments: &[NodeId]) -> Ty {
        let receiver_ty = self.ty(receiver);
        if receiver_ty.peeled().is_unknown() {
            self.info.callees.insert(id, Callee::Unknown(Unknown::Receiver));
            self.run_loose_closures(id, arguments);
            return Ty::Unknown;
        }
        let region = self.body.node(id).region;
        let (known, ty) = match self.world.method(&receiver_ty, name, &self.generics) {
            Some((Found::Workspace(function), owner)) => {
                let mut given = self.turbofish(generics, function, region);
                given.extend(self.world.said_of(&owner, function, &self.generics));
                let returns = self.workspace_call(id, function, Some(&owner), arguments, given);
                (self.workspace_callee(function), returns)
            }
            Some((Found::External(path, callable), owner)) => {
                let params = match owner.peeled() {
                    Ty::Ext(own, inner) => self.world.names.params_of(*own, inner),
                    other => HashMap::from_iter([(ustr("Self"), other.clone())]),
                };
                let params = self.taught(receiver, &owner, params, callable, arguments);
                let generics = generics.iter().map(|t| self.written(t, region)).collect();
                (Callee::External(path), self.catalogue_call(id, callable, params, arguments, generics))
            }
            Some((Found::Same(path), owner)) => {
                self.run_loose_closures(id, arguments);
                (Callee::External(path), owner)
            }
            None => {
                self.run_loose_closures(id, arguments);
                (Callee::Unknown(self.reason(&receiver_ty)), Ty::Unknown)
            }
        };
        self.info.callees.insert(id, known);
        ty
    }

    /// What the arguments of a call tell of its receiver's parameters: `list.push(item)`.
    fn taught(
        &mut self,
        receiver: NodeId,
        owner: &Ty,
        params: HashMap<Ustr, Ty>,
        callable: &Callable,
        arguments: &[NodeId],
    ) -> HashMap<Ustr, Ty> {
        let Ty::Ext(path, _) = owner else { return params };
        if callable.takes.is_empty() || owner.is_whole() {
            return params;
        }
        let mut learned = HashMap::default();
        for (taken, argument) in callable.takes.iter().zip(arguments) {
            solve(taken, &self.ty(*argument), &mut learned);
        }
        let Some(entry) = self.world.names.catalogue.type_entry(*path) else { return params };
        let learned = entry.params.iter().map(|name| learned.remove(name).unwrap_or_default()).collect();
        let taught = filled(owner.clone(), Ty::Ext(*path, learned));
        self.learn(receiver, &taught);
        match taught {
            Ty::Ext(path, arguments) => self.world.names.params_of(path, &arguments),
            _ => params,
        }
    }

    /// Why a method of a known type is not known.
    fn reason(&self, receiver: &Ty) -> Unknown {
        match &self.world.innermost(receiver) {
            Ty::Unknown => Unknown::Receiver,
            Ty::Ext(path, _) | Ty::ExtFn(path, _) if self.world.names.catalogue.type_entry(*path).is_none() => {
                Unknown::Library
            }
            _ => Unknown::Method,
        }
    }
}

/// An annotation, with the parts it leaves open (`Vec<_>`) taken from the value.
fn more_specific(annotated: Ty, value: Ty) -> Ty {
    match (&annotated, &value) {
        // A trait object says less than the value it was made of.
        (Ty::Bounded(_), Ty::Adt(..)) => value,
        _ => filled(annotated, value),
    }
}

/// An integer and a number with a fraction whose type nothing names.
const INTEGER: &str = "integer";
const FRACTION: &str = "fraction";

/// Any range.
const RANGE: &str = "std::ops::Range";

/// Of two operands the one whose type is named.
fn wider(left: Ty, right: Ty) -> Ty {
    match &left {
        Ty::Unknown => right,
        Ty::Ext(path, _) if (path == INTEGER || path == FRACTION) && !right.is_unknown() => right,
        _ => left,
    }
}

fn is_number(ty: &Ty) -> bool {
    let Ty::Ext(path, _) = ty else { return false };
    path == INTEGER
        || path == FRACTION
        || path.strip_prefix(['i', 'u', 'f']).is_some_and(|width| width == "size" || width.parse::<u8>().is_ok())
}

/// Whether the last name of a path is one of a constant.
fn is_constant(path: &str) -> bool {
    let name = path.rsplit("::").next().unwrap_or(path);
    name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') && name.len() > 1
}

/// What a call made anew, where its place says the type.
fn fill_fresh(returned: Ty, asked: Ty) -> Ty {
    match returned {
        Ty::Unknown => asked,
        Ty::Ext(path, arguments) => {
            let mut arguments = arguments;
            if let Some(first) = arguments.first_mut()
                && first.is_unknown()
            {
                *first = asked;
            }
            Ty::Ext(path, arguments)
        }
        Ty::Future(of) => Ty::Future(Box::new(fill_fresh(*of, asked))),
        ty => ty,
    }
}
