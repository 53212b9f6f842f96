//! Types as the index knows them, and what a type that is written somewhere means. Knows nothing of bodies.

use rustc_hash::FxHashMap as HashMap;
use ustr::{Ustr, ustr};

use crate::catalogue::TypeExpr;
use crate::facts::model::{Generic, NodeId, Path, TraitDef, TypeRef};
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

    /// Whether it is a text, owned or lent.
    pub fn is_text(&self) -> bool {
        matches!(self.peeled(), Ty::Ext(path, _) if path == "str" || path == "std::string::String")
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
    pub(super) fn new(generics: &[Generic], self_ty: Option<Ty>) -> Self {
        Generics { names: names_of(generics), self_ty, ..Generics::default() }
    }
}

impl Generics {
    /// The names of the parameters, without what is only bounded.
    pub fn params(&self) -> impl Iterator<Item = Ustr> {
        self.names.keys().copied().filter(|name| !name.contains("::"))
    }

    /// With the associated types of the impl around.
    pub(super) fn associating(self, associated: HashMap<Ustr, Ty>) -> Self {
        Generics { associated, ..self }
    }

    /// With bounds that are said of what was declared before.
    pub(super) fn bounded(mut self, bounds: &[Generic]) -> Self {
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

/// Any iterator, whatever adaptor made it.
pub const ITERATOR: &str = "std::iter::Iterator";

/// `<ty as Trait>::name`, where `ty` is a parameter; what it is for a known type, only its impls tell.
fn associated_of(ty: &Ty, name: Ustr) -> Ty {
    match ty {
        Ty::Param(base) => Ty::Param(ustr(&format!("{base}::{name}"))),
        _ => Ty::Unknown,
    }
}

pub(super) fn names_of(generics: &[Generic]) -> HashMap<Ustr, Vec<TypeRef>> {
    generics.iter().map(|g| (g.name, g.bounds.clone())).collect()
}
