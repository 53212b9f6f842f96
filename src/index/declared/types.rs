//! Types as the index knows them, and the types of signatures, fields and statics. Knows nothing of bodies.

use rustc_hash::FxHashMap as HashMap;
use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, TypeExpr};
use crate::facts::model::{Generic, NodeId, Path, Receiver, StaticKind, TraitDef, TypeRef};
use crate::index::declared::defs::*;
use crate::index::declared::names::{Names, Resolved, Space};

/// What is known of the type of an expression. `Unknown` is an answer, never an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Ty {
    #[default]
    Unknown,
    Never,
    /// A type of the workspace with its arguments.
    Adt(TypeId, Vec<Ty>),
    /// A type of a library by canonical path.
    Ext(Ustr, Vec<Ty>),
    Ref(Box<Ty>),
    Tuple(Vec<Ty>),
    Slice(Box<Ty>),
    /// What `.await` unwraps.
    Future(Box<Ty>),
    /// A function of the workspace, as a value.
    Fn(FnId),
    /// A function or constructor of a library, as a value.
    ExtFn(Ustr, Vec<Ty>),
    /// The constructor of a tuple struct or variant of the workspace.
    Constructor(TypeId, Option<Ustr>),
    /// A closure of the present body, by its node.
    Closure(NodeId),
    /// A function pointer or a bound like `Fn(A) -> B`.
    Callable(Vec<Ty>, Box<Ty>),
    /// A generic parameter, by name.
    Param(Ustr),
    /// `impl`, `dyn` or a bounded parameter.
    Bounded(Vec<Bound>),
}

/// What a bound says of its trait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Said {
    /// What the parameters of the trait stand for, in their order.
    pub arguments: Vec<Ty>,
    /// Associated types: `Item = T`.
    pub bindings: Vec<(Ustr, Ty)>,
}

impl Said {
    fn types(&self) -> impl Iterator<Item = &Ty> {
        self.arguments.iter().chain(self.bindings.iter().map(|(_, ty)| ty))
    }
}

/// A trait that a value is known to have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bound {
    Trait(TraitId, Said),
    /// A library's trait with its arguments and associated types, in the order they are written.
    Ext(Ustr, Vec<Ty>),
}

impl Ty {
    pub fn unit() -> Ty {
        Ty::Tuple(Vec::new())
    }

    pub fn ext(path: &str, arguments: Vec<Ty>) -> Ty {
        Ty::Ext(ustr(path), arguments)
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Ty::Unknown)
    }

    /// Whether no part of it is unknown.
    pub fn is_whole(&self) -> bool {
        match self {
            Ty::Unknown => false,
            Ty::Adt(_, parts) | Ty::Ext(_, parts) | Ty::ExtFn(_, parts) | Ty::Tuple(parts) => {
                parts.iter().all(Ty::is_whole)
            }
            Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => of.is_whole(),
            Ty::Callable(parameters, returns) => parameters.iter().all(Ty::is_whole) && returns.is_whole(),
            Ty::Never | Ty::Fn(_) | Ty::Constructor(..) | Ty::Closure(_) | Ty::Param(_) | Ty::Bounded(_) => true,
        }
    }

    /// Whether a part of it is unknown, or known by what it can do only: a value of it may be anything.
    pub fn is_open(&self) -> bool {
        match self {
            Ty::Unknown | Ty::Param(_) | Ty::Bounded(_) => true,
            Ty::Adt(_, parts) | Ty::Ext(_, parts) | Ty::Tuple(parts) => parts.iter().any(Ty::is_open),
            Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => of.is_open(),
            Ty::Never | Ty::Fn(_) | Ty::ExtFn(..) | Ty::Constructor(..) | Ty::Closure(_) | Ty::Callable(..) => false,
        }
    }

    /// Without references around it.
    pub fn peeled(&self) -> &Ty {
        match self {
            Ty::Ref(of) => of.peeled(),
            ty => ty,
        }
    }

    /// What a future gives; any other type as it is.
    pub fn given(&self) -> &Ty {
        match self {
            Ty::Future(of) => of,
            ty => ty,
        }
    }

    /// Whether it is a `Result`, or a reference to one.
    pub fn is_result(&self) -> bool {
        matches!(self.peeled(), Ty::Ext(path, _) if path == "std::result::Result")
    }

    /// Whether it is an `Option`, or a reference to one.
    pub fn is_option(&self) -> bool {
        matches!(self.peeled(), Ty::Ext(path, _) if path == "std::option::Option")
    }

    /// What is in a `Result` or `Option` where all went well; nothing of other types.
    pub fn content(&self) -> Option<&Ty> {
        match self.peeled() {
            Ty::Ext(_, arguments) if self.is_result() || self.is_option() => {
                Some(arguments.first().unwrap_or(&Ty::Unknown))
            }
            _ => None,
        }
    }

    /// What `?` gives of a `Result` or `Option`.
    pub fn tried(&self) -> Ty {
        self.content().cloned().unwrap_or(Ty::Unknown)
    }

    /// The type of the error of a `Result`.
    pub fn error(&self) -> Option<&Ty> {
        match self.peeled() {
            Ty::Ext(path, arguments) if path == "std::result::Result" => arguments.get(1),
            _ => None,
        }
    }

    /// This, or `other` where this is not known.
    pub fn or(self, other: Ty) -> Ty {
        if matches!(self, Ty::Unknown | Ty::Never) { other } else { self }
    }

    /// This, or unknown where it has more parts than a type that is looked at.
    pub fn within_bounds(self) -> Ty {
        if self.parts_left(PARTS).is_some() { self } else { Ty::Unknown }
    }

    /// How many parts of `budget` are left behind this type, if it suffices.
    fn parts_left(&self, budget: usize) -> Option<usize> {
        let left = budget.checked_sub(1)?;
        let all = |parts: &[Ty], left| parts.iter().try_fold(left, |left, part| part.parts_left(left));
        match self {
            Ty::Adt(_, parts) | Ty::Ext(_, parts) | Ty::ExtFn(_, parts) | Ty::Tuple(parts) => all(parts, left),
            Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => of.parts_left(left),
            Ty::Callable(parameters, returns) => returns.parts_left(all(parameters, left)?),
            Ty::Bounded(bounds) => bounds.iter().try_fold(left, |left, bound| match bound {
                Bound::Trait(_, said) => said.types().try_fold(left, |left, part| part.parts_left(left)),
                Bound::Ext(_, arguments) => all(arguments, left),
            }),
            Ty::Unknown | Ty::Never | Ty::Fn(_) | Ty::Constructor(..) | Ty::Closure(_) | Ty::Param(_) => Some(left),
        }
    }

    /// Every parameter replaced by what `map` has for it.
    pub fn substitute(&self, map: &HashMap<Ustr, Ty>) -> Ty {
        if map.is_empty() {
            return self.clone();
        }
        let all = |parts: &[Ty]| parts.iter().map(|p| p.substitute(map)).collect();
        match self {
            Ty::Param(name) => map.get(name).cloned().unwrap_or_else(|| self.clone()),
            Ty::Adt(id, arguments) => Ty::Adt(*id, all(arguments)),
            Ty::Ext(path, arguments) => Ty::Ext(*path, all(arguments)),
            Ty::Ref(of) => Ty::Ref(Box::new(of.substitute(map))),
            Ty::Slice(of) => Ty::Slice(Box::new(of.substitute(map))),
            Ty::Future(of) => Ty::Future(Box::new(of.substitute(map))),
            Ty::Tuple(parts) => Ty::Tuple(all(parts)),
            Ty::Callable(parameters, returns) => Ty::Callable(all(parameters), Box::new(returns.substitute(map))),
            Ty::Bounded(bounds) => Ty::Bounded(bounds.iter().map(|bound| bound.substitute(map)).collect()),
            ty => ty.clone(),
        }
    }

    /// The parameters in it that stand for associated types: `T::Name`.
    pub fn projections(&self, found: &mut Vec<Ustr>) {
        match self {
            Ty::Param(name) if name.contains("::") => found.push(*name),
            Ty::Adt(_, parts) | Ty::Ext(_, parts) | Ty::ExtFn(_, parts) | Ty::Tuple(parts) => {
                parts.iter().for_each(|part| part.projections(found));
            }
            Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => of.projections(found),
            Ty::Callable(parameters, returns) => {
                parameters.iter().for_each(|part| part.projections(found));
                returns.projections(found);
            }
            Ty::Bounded(bounds) => {
                bounds.iter().for_each(|bound| match bound {
                    Bound::Ext(_, arguments) => arguments.iter().for_each(|part| part.projections(found)),
                    Bound::Trait(_, said) => said.types().for_each(|part| part.projections(found)),
                });
            }
            _ => {}
        }
    }

    /// Learns what the parameters in this type stand for from an actual type.
    pub fn unify(&self, actual: &Ty, map: &mut HashMap<Ustr, Ty>) {
        match (self, actual) {
            (_, Ty::Unknown) => {}
            (Ty::Param(name), _) => {
                map.entry(*name).or_insert_with(|| actual.clone());
            }
            (Ty::Ref(of), Ty::Ref(actual)) => of.unify(actual, map),
            (Ty::Ref(of), actual) => of.unify(actual, map),
            (Ty::Slice(of), Ty::Slice(actual)) | (Ty::Future(of), Ty::Future(actual)) => of.unify(actual, map),
            (Ty::Tuple(parts), Ty::Tuple(actual)) => unify_all(parts, actual, map),
            (Ty::Adt(id, parts), Ty::Adt(other, actual)) if id == other => unify_all(parts, actual, map),
            (Ty::Ext(path, parts), Ty::Ext(other, actual)) if path == other => unify_all(parts, actual, map),
            (Ty::Callable(_, returns), Ty::Callable(_, actual)) => returns.unify(actual, map),
            _ => {}
        }
    }
}

impl Bound {
    fn substitute(&self, map: &HashMap<Ustr, Ty>) -> Bound {
        match self {
            Bound::Trait(id, said) => {
                let arguments = said.arguments.iter().map(|ty| ty.substitute(map)).collect();
                let bindings = said.bindings.iter().map(|(name, ty)| (*name, ty.substitute(map))).collect();
                Bound::Trait(*id, Said { arguments, bindings })
            }
            Bound::Ext(path, arguments) => Bound::Ext(*path, arguments.iter().map(|a| a.substitute(map)).collect()),
        }
    }
}

fn unify_all(parts: &[Ty], actual: &[Ty], map: &mut HashMap<Ustr, Ty>) {
    for (part, actual) in parts.iter().zip(actual) {
        part.unify(actual, map);
    }
}

/// Type parameters that are in scope where a type is written, with their bounds, and what `Self` is there.
#[derive(Default, Clone)]
pub struct Generics {
    pub names: HashMap<Ustr, Vec<TypeRef>>,
    pub self_ty: Option<Ty>,
    /// The trait whose declaration this is; `Self` is a parameter there.
    pub of_trait: Option<TraitId>,
    /// The module that bounds are written in.
    pub home: Option<ModuleId>,
    /// `Self::Name`: the associated types of the impl around.
    associated: HashMap<Ustr, Ty>,
    /// The aliases whose definition the type stands in, from the outside in.
    aliases: Vec<AliasId>,
}

impl Generics {
    fn new(generics: &[Generic], self_ty: Option<Ty>) -> Self {
        Generics { names: names_of(generics), self_ty, ..Generics::default() }
    }
}

impl Generics {
    /// The names of the parameters, without what is only bounded.
    pub fn params(&self) -> impl Iterator<Item = Ustr> {
        self.names.keys().copied().filter(|name| !name.contains("::"))
    }

    /// With bounds that are said of what was declared before.
    fn bounded(mut self, bounds: &[Generic]) -> Self {
        for bound in bounds {
            self.names.entry(bound.name).or_default().extend(bound.bounds.iter().cloned());
        }
        self
    }

    /// Inside the declaration of a trait.
    pub fn of_declaration(id: TraitId, item: &TraitDef) -> Self {
        let generics = Generics::new(&item.generics, Some(Ty::Param(ustr("Self"))));
        Generics { of_trait: Some(id), ..generics }
    }
}

/// How many aliases of aliases are followed.
const ALIASES: usize = 8;

/// How many parts a type may have. Real ones stay far below; `let x = (x, x);` a few dozen times does not.
const PARTS: usize = 128;

/// What the catalogue's types leave open at one call.
#[derive(Default)]
pub struct Holes {
    pub params: HashMap<Ustr, Ty>,
    /// What the closure argument returns.
    pub closure_return: Ty,
    pub arguments: Vec<Ty>,
    /// Those that the call is given, as in `get::<T>()`.
    pub type_arguments: Vec<Ty>,
}

/// The signature of a function.
#[derive(Debug, Clone)]
pub struct Signature {
    pub receiver: Option<Ty>,
    pub parameters: Vec<Ty>,
    /// With the future of an `async fn` around it.
    pub returns: Ty,
}

/// Types of everything that is declared.
pub struct Signatures {
    pub functions: Vec<Signature>,
    /// Per type: field name (with `variant::` before those of variants) to type.
    pub fields: Vec<HashMap<Ustr, Ty>>,
    pub statics: Vec<Ty>,
    /// Per impl: the type it is for.
    pub impl_types: Vec<Ty>,
    /// Per impl: the trait, where it is one of the workspace, or the canonical path of a library's.
    pub impl_traits: Vec<Option<TraitName>>,
    /// Inherent and trait methods and associated functions by type and name.
    pub methods: HashMap<(TypeKey, Ustr), Vec<FnId>>,
    /// What `*value` gives, by `impl Deref`, or what a type stands for.
    pub derefs: HashMap<TypeId, Ty>,
    /// Functions of a trait by name.
    pub trait_functions: HashMap<(TraitId, Ustr), FnId>,
    /// The functions that implement a function of a trait.
    pub implementors: HashMap<FnId, Vec<FnId>>,
    /// Associated types of impls: `Self::Name` inside.
    pub associated: HashMap<(ImplId, Ustr), Ty>,
    /// The impls of traits for a type.
    pub trait_impls: HashMap<TypeKey, Vec<ImplId>>,
}

/// The trait that an impl is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TraitName {
    Trait(TraitId),
    Ext(Ustr),
}

/// What methods are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKey {
    Adt(TypeId),
    Ext(Ustr),
    /// `impl dyn Trait`.
    Dyn(TraitId),
    Slice,
    Tuple,
    /// `impl<T> Trait for T`.
    Any,
}

impl TypeKey {
    pub fn of(ty: &Ty) -> Option<TypeKey> {
        match ty {
            Ty::Adt(id, _) => Some(TypeKey::Adt(*id)),
            Ty::Ext(path, _) => Some(TypeKey::Ext(*path)),
            Ty::Param(_) => Some(TypeKey::Any),
            Ty::Ref(of) => TypeKey::of(of),
            Ty::Slice(_) => Some(TypeKey::Slice),
            Ty::Tuple(_) => Some(TypeKey::Tuple),
            Ty::Bounded(bounds) => match bounds[..] {
                [Bound::Trait(id, _), ..] => Some(TypeKey::Dyn(id)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Names<'_> {
    /// The module a file's scope belongs to.
    pub fn module(&self, file: crate::source::FileId, scope: crate::facts::model::ScopeId) -> Option<ModuleId> {
        self.tree.of_scope.get(&(file, scope)).copied()
    }

    /// The type a type reference means, said in `module`.
    pub fn ty(&self, module: ModuleId, written: &TypeRef, generics: &Generics) -> Ty {
        match written {
            TypeRef::Path(path) => self.path_ty(module, path, generics),
            TypeRef::Reference(of) => Ty::Ref(Box::new(self.ty(module, of, generics))),
            TypeRef::Tuple(parts) => Ty::Tuple(self.all(module, parts, generics)),
            TypeRef::Slice(of) => Ty::Slice(Box::new(self.ty(module, of, generics))),
            TypeRef::Function(parameters, returns) => {
                Ty::Callable(self.all(module, parameters, generics), Box::new(self.ty(module, returns, generics)))
            }
            TypeRef::Impl(bounds) | TypeRef::Dyn(bounds) => self.bounded(module, bounds, generics),
            TypeRef::Never => Ty::Never,
            TypeRef::Inferred | TypeRef::Unseen => Ty::Unknown,
        }
    }

    fn all(&self, module: ModuleId, written: &[TypeRef], generics: &Generics) -> Vec<Ty> {
        written.iter().map(|ty| self.ty(module, ty, generics)).collect()
    }

    fn path_ty(&self, module: ModuleId, path: &Path, generics: &Generics) -> Ty {
        if let Some(name) = path.single() {
            if name == "Self" {
                return generics.self_ty.clone().unwrap_or(Ty::Unknown);
            }
            if generics.names.contains_key(&name) {
                return Ty::Param(name);
            }
        }
        if let Some(qself) = &path.qself {
            return associated_of(&self.ty(module, &qself.ty, generics), path.last());
        }
        let names: Vec<Ustr> = path.names().collect();
        if let [first, rest @ ..] = &names[..]
            && (first == "Self" || generics.names.contains_key(first))
        {
            return self.projected(*first, rest, generics);
        }
        let arguments = || {
            let last = path.segments.iter().rev().find(|s| !s.arguments.is_empty());
            last.map_or_else(Vec::new, |s| self.all(module, &s.arguments, generics))
        };
        match self.written(module, &names, path.global, Space::Type) {
            Resolved::Def(Def::Type(id), 0) => Ty::Adt(id, arguments()),
            Resolved::Def(Def::Alias(id), 0) => self.alias_ty(id, &arguments(), &generics.aliases),
            Resolved::External(written) => {
                let mut given = arguments();
                let filled = self.catalogue.filled(written).unwrap_or_default().iter().skip(given.len());
                given.extend(filled.map(|argument| self.catalogued(argument, &Holes::default())));
                self.external_ty(self.catalogue.canonical(written), given, path, module, generics)
            }
            _ => Ty::Unknown,
        }
    }

    /// `Self::Name`, `T::Name`, `T::Name::Other`.
    fn projected(&self, first: Ustr, rest: &[Ustr], generics: &Generics) -> Ty {
        if let ([name], true) = (rest, first == "Self")
            && let Some(known) = generics.associated.get(name)
        {
            return known.clone();
        }
        let base = if first == "Self" { generics.self_ty.clone().unwrap_or(Ty::Unknown) } else { Ty::Param(first) };
        rest.iter().fold(base, |ty, name| associated_of(&ty, *name))
    }

    /// A library's type; `Pin<Box<dyn Future>>` and the like are the future they hold.
    fn external_ty(&self, full: Ustr, arguments: Vec<Ty>, path: &Path, module: ModuleId, generics: &Generics) -> Ty {
        match full.as_str() {
            "std::pin::Pin" => match arguments.into_iter().next() {
                Some(future @ Ty::Future(_)) => future,
                inner => Ty::Ext(full, inner.into_iter().collect()),
            },
            "std::boxed::Box" => match arguments.into_iter().next() {
                Some(future @ Ty::Future(_)) => future,
                inner => Ty::Ext(full, inner.into_iter().collect()),
            },
            "futures::future::BoxFuture" | "futures::future::LocalBoxFuture" => {
                Ty::Future(Box::new(arguments.into_iter().next().unwrap_or(Ty::Unknown)))
            }
            "std::future::Future" => Ty::Future(Box::new(self.binding(module, path, "Output", generics))),
            _ => Ty::Ext(full, arguments),
        }
    }

    fn binding(&self, module: ModuleId, path: &Path, name: &str, generics: &Generics) -> Ty {
        let bindings = path.segments.last().map_or(&[][..], |s| &s.bindings);
        bindings.iter().find(|(n, _)| *n == name).map_or(Ty::Unknown, |(_, ty)| self.ty(module, ty, generics))
    }

    fn alias_ty(&self, id: AliasId, arguments: &[Ty], around: &[AliasId]) -> Ty {
        let alias = self.defs.alias(id);
        // A circle of aliases does not compile; it must still end here.
        if around.len() >= ALIASES || around.contains(&id) {
            return Ty::Unknown;
        }
        let Some(module) = self.module(self.defs.aliases[id.index()].file, alias.scope) else { return Ty::Unknown };
        let aliases = around.iter().copied().chain([id]).collect();
        let generics = Generics { aliases, ..Generics::new(&alias.generics, None) };
        let map: HashMap<Ustr, Ty> = alias.generics.iter().map(|g| g.name).zip(arguments.iter().cloned()).collect();
        self.ty(module, &alias.ty, &generics).substitute(&map).within_bounds()
    }

    /// What `impl A + B` or `dyn A + B` says of a value.
    pub fn bounded(&self, module: ModuleId, bounds: &[TypeRef], generics: &Generics) -> Ty {
        let mut found = Vec::new();
        for bound in bounds {
            let TypeRef::Path(path) = bound else { continue };
            let names: Vec<Ustr> = path.names().collect();
            match self.resolve(module, &names, path.global, Space::Type) {
                Resolved::Def(Def::Trait(id), 0) => found.push(Bound::Trait(id, self.said(module, path, generics))),
                Resolved::External(full) => match full.as_str() {
                    "std::future::Future" => {
                        return Ty::Future(Box::new(self.binding(module, path, "Output", generics)));
                    }
                    "std::ops::Fn" | "std::ops::FnMut" | "std::ops::FnOnce" => {
                        return self.callable_bound(module, path, generics, false);
                    }
                    "std::ops::AsyncFn" | "std::ops::AsyncFnMut" | "std::ops::AsyncFnOnce" => {
                        return self.callable_bound(module, path, generics, true);
                    }
                    "std::marker::Send" | "std::marker::Sync" | "std::marker::Sized" | "std::marker::Unpin" => {}
                    _ => {
                        let mut arguments = Vec::new();
                        if let Some(last) = path.segments.last() {
                            arguments.extend(self.all(module, &last.arguments, generics));
                            arguments.extend(last.bindings.iter().map(|(_, ty)| self.ty(module, ty, generics)));
                        }
                        found.push(Bound::Ext(full, arguments));
                    }
                },
                _ => {}
            }
        }
        if found.is_empty() { Ty::Unknown } else { Ty::Bounded(found) }
    }

    fn said(&self, module: ModuleId, path: &Path, generics: &Generics) -> Said {
        path.segments.last().map_or_else(Said::default, |last| Said {
            arguments: self.all(module, &last.arguments, generics),
            bindings: last.bindings.iter().map(|(name, ty)| (*name, self.ty(module, ty, generics))).collect(),
        })
    }

    fn callable_bound(&self, module: ModuleId, path: &Path, generics: &Generics, is_async: bool) -> Ty {
        let parameters = path.segments.last().and_then(|s| s.arguments.first());
        let parameters = match parameters {
            Some(TypeRef::Tuple(parts)) => self.all(module, parts, generics),
            _ => Vec::new(),
        };
        let returns = self.binding(module, path, "Output", generics);
        let returns = if is_async { Ty::Future(Box::new(returns)) } else { returns };
        Ty::Callable(parameters, Box::new(returns))
    }

    /// A type the catalogue wrote, with what it leaves open filled in.
    pub fn catalogued(&self, ty: &TypeExpr, holes: &Holes) -> Ty {
        let part = |ty: &TypeExpr| self.catalogued(ty, holes);
        match ty {
            TypeExpr::Unknown => Ty::Unknown,
            TypeExpr::Param(name) => holes.params.get(name).cloned().unwrap_or(Ty::Unknown),
            TypeExpr::Path(path, arguments) => Ty::Ext(*path, arguments.iter().map(part).collect()),
            TypeExpr::Ref(of) => Ty::Ref(Box::new(part(of))),
            TypeExpr::Tuple(parts) => Ty::Tuple(parts.iter().map(part).collect()),
            TypeExpr::Future(of) => Ty::Future(Box::new(part(of))),
            TypeExpr::Awaited(of) => self.awaited(&part(of)),
            TypeExpr::Item(of) => self.iterated(&part(of)),
            TypeExpr::ClosureReturn => holes.closure_return.clone(),
            TypeExpr::Argument(number) => numbered(&holes.arguments, *number),
            TypeExpr::TypeArgument(number) => numbered(&holes.type_arguments, *number),
        }
    }

    /// What `.await` gives.
    pub fn awaited(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Future(of) => (**of).clone(),
            Ty::Ref(of) => self.awaited(of),
            Ty::Ext(path, arguments) => {
                let Some((_, callable)) = self.catalogue.method(*path, ustr("await")) else { return Ty::Unknown };
                self.catalogued(
                    &callable.returns,
                    &Holes { params: self.params_of(*path, arguments), ..Holes::default() },
                )
            }
            _ => Ty::Unknown,
        }
    }

    /// What a poll that is ready gives.
    pub fn polled(&self, poll: Option<&Ty>) -> Ty {
        match poll.map(Ty::peeled) {
            Some(Ty::Ext(path, arguments)) if path == "std::task::Poll" => {
                arguments.first().cloned().unwrap_or_default()
            }
            _ => Ty::Unknown,
        }
    }

    /// What iterating over a value of a library's type gives.
    pub fn iterated(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Slice(of) => (**of).clone(),
            Ty::Ref(of) => match self.iterated(of) {
                Ty::Unknown => Ty::Unknown,
                // An iterator that is borrowed gives the same items.
                item if matches!(&**of, Ty::Ext(path, _) if path == ITERATOR) => item,
                item => Ty::Ref(Box::new(item)),
            },
            Ty::Bounded(bounds) => {
                let items = bounds.iter().map(|bound| match bound {
                    Bound::Ext(path, arguments) => self.iterated(&Ty::Ext(*path, arguments.clone())),
                    Bound::Trait(..) => Ty::Unknown,
                });
                items.fold(Ty::Unknown, Ty::or)
            }
            Ty::Ext(path, arguments) => {
                let method = |name: &str| {
                    let (_, callable) = self.catalogue.method(*path, ustr(name))?;
                    let holes = Holes { params: self.params_of(*path, arguments), ..Holes::default() };
                    Some(self.catalogued(&callable.returns, &holes))
                };
                let next = method("next").map(|next| match next {
                    Ty::Future(next) => *next,
                    next => next,
                });
                match (next, method("into_iter")) {
                    (Some(Ty::Ext(_, item)), _) => item.into_iter().next().unwrap_or(Ty::Unknown),
                    (_, Some(Ty::Ext(iterator, item))) if iterator == ITERATOR => {
                        item.into_iter().next().unwrap_or(Ty::Unknown)
                    }
                    _ => Ty::Unknown,
                }
            }
            _ => Ty::Unknown,
        }
    }

    /// What the generic parameters of a library's type stand for, `Self` included.
    pub fn params_of(&self, path: Ustr, arguments: &[Ty]) -> HashMap<Ustr, Ty> {
        let names = self.catalogue.params(path);
        let mut map: HashMap<Ustr, Ty> = names.iter().copied().zip(arguments.iter().cloned()).collect();
        let mut own = arguments.to_vec();
        own.resize(own.len().max(names.len()), Ty::Unknown);
        map.insert(ustr("Self"), Ty::Ext(path, own));
        map
    }

    /// The derives and attribute macros of libraries that write code for a type, by canonical path.
    pub fn generators(&self, id: TypeId) -> Vec<Ustr> {
        let item = self.defs.type_def(id);
        let Some(module) = self.module(self.defs.types[id.index()].file, item.scope) else { return Vec::new() };
        let written = item.attributes.iter().flat_map(|attribute| match attribute.path[..] {
            [only] if only == "derive" => split_paths(&attribute.arguments).collect(),
            _ => vec![attribute.path.clone()],
        });
        let libraries = written.filter_map(|path| match self.resolve(module, &path, false, Space::Type) {
            Resolved::External(full) => Some(full),
            _ => None,
        });
        libraries.collect()
    }

    /// What the generic parameters of a type of the workspace stand for.
    pub fn own_params(&self, id: TypeId, arguments: &[Ty]) -> HashMap<Ustr, Ty> {
        let generics = &self.defs.type_def(id).generics;
        generics.iter().map(|g| g.name).zip(arguments.iter().cloned()).collect()
    }

    /// What `*value` gives.
    pub fn deref(&self, signatures: &Signatures, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Ref(of) => Some((**of).clone()),
            Ty::Adt(id, arguments) => {
                let target = signatures.derefs.get(id)?;
                Some(target.substitute(&self.own_params(*id, arguments)))
            }
            Ty::Ext(path, arguments) => {
                let target = self.catalogue.type_entry(*path)?.deref.as_ref()?;
                let holes = Holes { params: self.params_of(*path, arguments), ..Holes::default() };
                Some(self.catalogued(target, &holes))
            }
            _ => None,
        }
    }
}

/// Paths that are listed in an attribute: `Debug, serde::Serialize`.
pub fn split_paths(listed: &str) -> impl Iterator<Item = Vec<Ustr>> {
    let words = listed.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.split("::").map(|part| ustr(part.trim())).collect())
}

/// The type of a number that counts from one.
fn numbered(types: &[Ty], number: u8) -> Ty {
    types.get(number as usize - 1).cloned().unwrap_or(Ty::Unknown)
}

/// Whether a type that implements a library's trait stands for one of its associated types, as a pool's manager does for the connections it makes.
fn stands_for(names: &Names, of: Ustr, associated: Ustr) -> bool {
    let path = ustr::existing_ustr(&format!("{of}::{associated}"));
    path.is_some_and(|path| names.catalogue.lists(Calls::StandsFor, path))
}

/// Any iterator, whatever adaptor made it.
pub const ITERATOR: &str = "std::iter::Iterator";

/// `<ty as Trait>::name`, where `ty` is a parameter; what it is for a known type, only its impls tell.
fn associated_of(ty: &Ty, name: Ustr) -> Ty {
    match ty {
        Ty::Param(base) => Ty::Param(ustr(&format!("{base}::{name}"))),
        _ => Ty::Unknown,
    }
}

fn names_of(generics: &[Generic]) -> HashMap<Ustr, Vec<TypeRef>> {
    generics.iter().map(|g| (g.name, g.bounds.clone())).collect()
}

impl Signatures {
    /// The types that implement a trait of the workspace.
    pub fn types_with(&self, of: TraitId) -> impl Iterator<Item = &Ty> {
        let impls = self.impl_traits.iter().zip(&self.impl_types);
        impls.filter(move |(name, _)| **name == Some(TraitName::Trait(of))).map(|(_, ty)| ty)
    }

    /// Types of all declarations.
    pub fn new(names: &Names) -> Self {
        let mut signatures = Signatures {
            functions: Vec::new(),
            fields: Vec::new(),
            statics: Vec::new(),
            impl_types: Vec::new(),
            impl_traits: Vec::new(),
            methods: HashMap::default(),
            derefs: HashMap::default(),
            trait_functions: HashMap::default(),
            implementors: HashMap::default(),
            associated: HashMap::default(),
            trait_impls: HashMap::default(),
        };
        signatures.impls(names);
        signatures.types(names);
        signatures.functions(names);
        signatures.link_traits(names);
        signatures
    }

    fn impls(&mut self, names: &Names) {
        let defs = names.defs;
        for id in defs.impl_ids() {
            let block = defs.impl_block(id);
            let module = names.module(defs.impls[id.index()].file, block.scope);
            let generics = Generics::new(&block.generics, None);
            self.impl_types.push(module.map_or(Ty::Unknown, |m| names.ty(m, &block.self_ty, &generics)));
            let path = block.trait_path.as_ref().zip(module);
            self.impl_traits.push(path.and_then(|(path, module)| trait_name(names, module, path)));
            if let (true, Some(key)) = (block.trait_path.is_some(), TypeKey::of(&self.impl_types[id.index()])) {
                self.trait_impls.entry(key).or_default().push(id);
            }
        }
        for at in 0..defs.aliases.len() as u32 {
            let id = AliasId(at);
            let (alias, Some(block)) = (defs.alias(id), defs.impl_of_alias(id)) else { continue };
            let Some(module) = names.module(defs.aliases[id.index()].file, alias.scope) else { continue };
            let generics = self.impl_generics(names, block);
            let ty = names.ty(module, &alias.ty, &generics);
            if let Ty::Adt(owner, _) = self.impl_types[block.index()] {
                match self.impl_traits[block.index()] {
                    Some(TraitName::Ext(of)) if of == "std::ops::Deref" && alias.name == "Target" => {
                        self.derefs.insert(owner, ty.clone());
                    }
                    Some(TraitName::Ext(of)) if stands_for(names, of, alias.name) => {
                        self.derefs.entry(owner).or_insert_with(|| ty.clone());
                    }
                    _ => {}
                }
            }
            self.associated.insert((block, alias.name), ty);
        }
    }

    fn impl_generics(&self, names: &Names, id: ImplId) -> Generics {
        let block = names.defs.impl_block(id);
        let associated = names.defs.aliases_of(id).filter_map(|alias| {
            let name = names.defs.alias(alias).name;
            Some((name, self.associated.get(&(id, name))?.clone()))
        });
        let associated = associated.collect();
        let around = Generics::new(&block.generics, Some(self.impl_types[id.index()].clone()));
        Generics { associated, ..around }.bounded(&block.bounds)
    }

    fn types(&mut self, names: &Names) {
        let defs = names.defs;
        for id in defs.type_ids() {
            let item = defs.type_def(id);
            let module = names.module(defs.types[id.index()].file, item.scope);
            let own = item.generics.iter().map(|g| Ty::Param(g.name)).collect();
            let generics = Generics::new(&item.generics, Some(Ty::Adt(id, own)));
            let fields = item.fields.iter().map(|field| {
                let ty = module.map_or(Ty::Unknown, |m| names.ty(m, &field.ty, &generics));
                (field_key(field.variant, field.name), ty)
            });
            // Of fields of one name under several `cfg` the first counts.
            self.fields.push(fields.rev().collect());
            self.derive_deref(names, id);
        }
        for id in defs.static_ids() {
            let item = defs.static_item(id);
            let module = names.module(defs.statics[id.index()].file, item.scope);
            let written = module.map_or(Ty::Unknown, |m| names.ty(m, &item.ty, &Generics::default()));
            self.statics.push(match item.kind {
                StaticKind::ThreadLocal => Ty::ext("std::thread::LocalKey", vec![written]),
                _ => written,
            });
        }
    }

    /// What `*value` gives where a derive writes `Deref`: the only field, or the one that is marked.
    fn derive_deref(&mut self, names: &Names, id: TypeId) {
        let fields = &names.defs.type_def(id).fields;
        let target = match &fields[..] {
            [only] => Some(only),
            several => several.iter().find(|field| field.deref),
        };
        let Some(target) = target.filter(|field| field.variant.is_none()) else { return };
        let derives = || names.generators(id).iter().any(|path| names.catalogue.lists(Calls::Dereferences, *path));
        if !self.derefs.contains_key(&id) && derives() {
            self.derefs.insert(id, self.fields[id.index()][&target.name].clone());
        }
    }

    /// The type parameters in scope inside a function.
    pub fn generics_of(&self, names: &Names, id: FnId) -> Generics {
        let function = names.defs.function(id);
        let home = names.module(names.defs.functions[id.index()].file, function.scope);
        let mut generics = match names.defs.impl_of(id) {
            Some(block) => self.impl_generics(names, block),
            None => Generics::default(),
        };
        generics.home = home;
        generics.names.extend(names_of(&function.generics));
        generics = generics.bounded(&function.bounds);
        if let Some(owner) = names.defs.trait_of(id) {
            generics.names.extend(names_of(&names.defs.trait_def(owner).generics));
            generics.self_ty = Some(Ty::Param(ustr("Self")));
            generics.of_trait = Some(owner);
        }
        generics
    }

    fn functions(&mut self, names: &Names) {
        let defs = names.defs;
        for id in defs.fn_ids() {
            let function = defs.function(id);
            let Some(module) = names.module(defs.functions[id.index()].file, function.scope) else {
                self.functions.push(Signature { receiver: None, parameters: Vec::new(), returns: Ty::Unknown });
                continue;
            };
            let generics = self.generics_of(names, id);
            let this = generics.self_ty.clone().unwrap_or(Ty::Unknown);
            let receiver = function.receiver.as_ref().map(|receiver| match receiver {
                Receiver::Value => this,
                Receiver::Reference | Receiver::MutableReference => Ty::Ref(Box::new(this)),
                Receiver::Typed(ty) => names.ty(module, ty, &generics),
            });
            let parameters = function.parameters.iter().map(|ty| names.ty(module, ty, &generics)).collect();
            let returns = match &function.returns {
                None => Ty::unit(),
                Some(written) => names.ty(module, written, &generics),
            };
            let returns = if function.is_async { Ty::Future(Box::new(returns)) } else { returns };
            self.functions.push(Signature { receiver, parameters, returns });
        }
    }

    fn link_traits(&mut self, names: &Names) {
        let defs = names.defs;
        for id in defs.fn_ids() {
            let name = defs.function(id).name;
            if let Some(owner) = defs.trait_of(id) {
                self.trait_functions.insert((owner, name), id);
            }
            if let Some(key) = defs.impl_of(id).and_then(|block| TypeKey::of(&self.impl_types[block.index()])) {
                self.methods.entry((key, name)).or_default().push(id);
            }
        }
        // Where a type has a function of its own and a trait gives it one of the same name, a call means its own.
        let of_trait = |id: &FnId| defs.impl_of(*id).is_some_and(|block| defs.impl_block(block).trait_path.is_some());
        let is_test = |id: &FnId| names.is_test(&Def::Fn(*id));
        self.methods.values_mut().filter(|functions| functions.len() > 1).for_each(|functions| {
            functions.sort_by_key(|id| (is_test(id), of_trait(id)));
        });
        for id in defs.fn_ids() {
            let declared = defs.impl_of(id).and_then(|block| match self.impl_traits[block.index()] {
                Some(TraitName::Trait(of)) => self.trait_functions.get(&(of, defs.function(id).name)).copied(),
                _ => None,
            });
            if let Some(declared) = declared {
                self.implementors.entry(declared).or_default().push(id);
            }
        }
    }
}

/// The key of a field in [`Signatures::fields`].
pub fn field_key(variant: Option<Ustr>, name: Ustr) -> Ustr {
    variant.map_or(name, |variant| ustr(&format!("{variant}::{name}")))
}

fn trait_name(names: &Names, module: ModuleId, path: &Path) -> Option<TraitName> {
    let parts: Vec<Ustr> = path.names().collect();
    match names.resolve(module, &parts, path.global, Space::Type) {
        Resolved::Def(Def::Trait(id), 0) => Some(TraitName::Trait(id)),
        Resolved::External(full) => Some(TraitName::Ext(full)),
        _ => None,
    }
}
