//! Types and callees inside one body, in evaluation order: constructors, annotations, patterns, method returns, closures.
//! What is not known stays unknown; nothing is guessed from names.

use rustc_hash::FxHashMap as HashMap;
use serde::Serialize;
use ustr::{Ustr, ustr};

mod calls;
mod closures;
mod expected;
mod paths;
mod patterns;

use self::expected::filled;
use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::bodies::sources;
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
    /// What each variable is bound to or assigned from.
    pub sources: Vec<Vec<NodeId>>,
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

    /// Whether a future is awaited where it is made.
    pub fn is_awaited(&self, facts: &Body, future: NodeId) -> bool {
        self.parent(future).is_some_and(|parent| matches!(facts.node(parent).op, Op::Await(_)))
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
        sources: sources::find(facts, &parents),
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
        node.op.operands().into_iter().for_each(|operand| parents[operand.index()] = Some(id));
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
        for region in self.body.region_ids() {
            self.region(region);
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

    /// What `*` gives. A pattern that is matched against a reference gives references to the parts, which are known by what they refer to: what is no pointer
    /// has been one.
    fn behind(&self, ty: &Ty) -> Ty {
        let is_plain = match ty {
            Ty::Tuple(_) => true,
            // Numbers and times.
            Ty::Ext(path, _) => !path.contains("::") || self.world.names.catalogue.lists_a_member(Calls::Clocks, *path),
            _ => false,
        };
        self.deref(ty).unwrap_or_else(|| if is_plain { ty.clone() } else { Ty::Unknown })
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
            Op::Literal(literal) => of_literal(literal),
            Op::Field { base, name } => self.field(&self.ty(*base), *name),
            Op::Index { base, index } => self.indexed(&self.ty(*base), &self.ty(*index)),
            Op::Reference { of, .. } => Ty::Ref(Box::new(self.ty(*of))),
            Op::Deref(of) if self.is_lazy_static(*of) => self.ty(*of),
            Op::Deref(of) => self.behind(&self.ty(*of)),
            Op::Cast { ty, .. } => self.written(ty, node.region),
            Op::Unary(of) => self.ty(*of),
            Op::Binary { operator: Operator::Truth | Operator::Either | Operator::Both, .. } => {
                Ty::ext("bool", Vec::new())
            }
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
            Op::Select { arms, otherwise } => self.selected(arms, *otherwise),
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

    fn selected(&mut self, arms: &[SelectArm], otherwise: Option<RegionId>) -> Ty {
        let first = arms.iter().fold(Ty::Unknown, |ty, arm| {
            let output = self.awaited(&self.ty(arm.future));
            ty.or(self.arm(&arm.pattern, &output, arm.region))
        });
        let second = otherwise.map_or(Ty::Unknown, |otherwise| self.region(otherwise));
        first.or(second)
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

fn of_literal(literal: &Literal) -> Ty {
    match literal {
        Literal::Text(_) => Ty::Ref(Box::new(Ty::ext("str", Vec::new()))),
        Literal::Bool(_) => Ty::ext("bool", Vec::new()),
        Literal::Number(_, suffix) if suffix.is_empty() => Ty::ext(INTEGER, Vec::new()),
        Literal::Fraction(suffix) if suffix.is_empty() => Ty::ext(FRACTION, Vec::new()),
        Literal::Number(_, suffix) | Literal::Fraction(suffix) => Ty::Ext(*suffix, Vec::new()),
        Literal::Character => Ty::ext("char", Vec::new()),
        Literal::Byte => Ty::ext("u8", Vec::new()),
        Literal::Bytes => Ty::Ref(Box::new(Ty::Slice(Box::new(Ty::ext("u8", Vec::new()))))),
        Literal::Other => Ty::Unknown,
    }
}

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
