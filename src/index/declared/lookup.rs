//! What a type offers: fields, methods, associated types, what `*` and `for` make of it. Knows declarations and the catalogue, and nothing
//! of bodies.

use rustc_hash::FxHashMap as HashMap;
use ustr::{Ustr, ustr};

use crate::catalogue::{Callable, Calls, TypeEntry, TypeExpr};
use crate::index::declared::defs::*;
use crate::index::declared::names::{Names, Resolved, Space};
use crate::index::declared::signatures::{Signatures, TraitName, TypeKey};
use crate::index::declared::types::*;

/// All that inference reads.
pub struct World<'a> {
    pub names: Names<'a>,
    pub signatures: &'a Signatures,
}

/// A method that was found.
pub enum Found<'a> {
    Workspace(FnId),
    External(Ustr, &'a Callable),
    /// A method that gives back its receiver's type.
    Same(Ustr),
}

/// How many `*` are followed, and how far traits of traits are.
const STEPS: u32 = 8;

impl<'a> World<'a> {
    fn entry(&self, path: Ustr) -> Option<&'a TypeEntry> {
        self.names.catalogue.type_entry(path)
    }

    /// A type that a library's entry writes about itself.
    pub fn of_entry(&self, written: &TypeExpr, path: Ustr, arguments: &[Ty]) -> Ty {
        let holes = Holes { params: self.names.params_of(path, arguments), ..Holes::default() };
        self.names.catalogued(written, &holes)
    }

    /// What the parameters of a type of the workspace stand for.
    pub fn own_params(&self, id: TypeId, arguments: &[Ty]) -> HashMap<Ustr, Ty> {
        self.names.own_params(id, arguments)
    }

    // Derefs

    /// What `*value` gives.
    pub fn deref(&self, ty: &Ty) -> Option<Ty> {
        self.signatures.deref(&self.names, ty)
    }

    /// The first answer along `*`, `**`, …
    pub fn autoderef<T>(&self, ty: &Ty, mut answer: impl FnMut(&Ty) -> Option<T>) -> Option<T> {
        let mut at = ty.clone();
        for _ in 0..STEPS {
            if let Some(found) = answer(&at) {
                return Some(found);
            }
            at = self.deref(&at)?;
        }
        None
    }

    /// Where `*`, `**`, … end.
    pub fn innermost(&self, ty: &Ty) -> Ty {
        let mut last = ty.clone();
        self.autoderef(ty, |ty| {
            last = ty.clone();
            None::<()>
        });
        last
    }

    // Parameters

    /// A parameter's type where its bounds say more than its name.
    pub fn bounded(&self, ty: Ty, generics: &Generics) -> Ty {
        match ty {
            Ty::Param(name) => self.bounds_of(name, generics).unwrap_or(ty),
            Ty::Ref(of) => Ty::Ref(Box::new(self.bounded(*of, generics))),
            ty => ty,
        }
    }

    fn bounds_of(&self, name: Ustr, generics: &Generics) -> Option<Ty> {
        let declared = match name.rsplit_once("::") {
            Some((base, associated)) => {
                self.bounds_of(ustr(base), generics).map(|of| self.project(&of, ustr(associated)))
            }
            None if name == "Self" => generics.of_trait.map(|id| Ty::Bounded(vec![Bound::Trait(id, Said::default())])),
            None => None,
        };
        let said = generics.names.get(&name).zip(generics.home);
        let said = said.map(|(bounds, home)| self.names.bounded(home, bounds, generics));
        match (declared.filter(|ty| !ty.is_unknown()), said.filter(|ty| !ty.is_unknown())) {
            (Some(Ty::Bounded(mut all)), Some(Ty::Bounded(more))) => {
                all.extend(more);
                Some(Ty::Bounded(all))
            }
            (declared, said) => declared.or(said),
        }
    }

    /// What the parameters of a trait stand for, for a value that is known by its bounds and a function of the trait.
    pub fn said_of(&self, ty: &Ty, function: FnId, generics: &Generics) -> Vec<(Ustr, Ty)> {
        let Some(of) = self.names.defs.trait_of(function) else { return Vec::new() };
        let Ty::Bounded(bounds) = self.bounded(ty.peeled().clone(), generics) else { return Vec::new() };
        let said = bounds.into_iter().find_map(|bound| match bound {
            Bound::Trait(id, said) if id == of => Some(said.arguments),
            _ => None,
        });
        let params = self.names.defs.trait_def(of).generics.iter().map(|param| param.name);
        params.zip(said.unwrap_or_default()).filter(|(_, ty)| !ty.is_unknown()).collect()
    }

    /// `<ty as _>::name`.
    pub fn project(&self, ty: &Ty, name: Ustr) -> Ty {
        self.project_within(ty, name, STEPS)
    }

    fn project_within(&self, ty: &Ty, name: Ustr, steps: u32) -> Ty {
        let Some(steps) = steps.checked_sub(1) else { return Ty::Unknown };
        match ty {
            Ty::Ref(of) => self.project_within(of, name, steps),
            Ty::Param(base) => Ty::Param(ustr(&format!("{base}::{name}"))),
            Ty::Future(of) if name == "Output" => (**of).clone(),
            Ty::Bounded(bounds) => {
                let found = bounds.iter().find_map(|bound| match bound {
                    Bound::Trait(id, said) => self.said_type(*id, said, name, ty, steps),
                    Bound::Ext(_, arguments) => arguments.last().filter(|_| name == "Item").cloned(),
                });
                found.unwrap_or(Ty::Unknown)
            }
            _ => self.implemented_type(ty, name, steps).unwrap_or_else(|| match name.as_str() {
                "Item" => self.names.iterated(ty),
                _ => Ty::Unknown,
            }),
        }
    }

    /// An associated type as a bound says it, or as its trait does.
    fn said_type(&self, id: TraitId, said: &Said, name: Ustr, of: &Ty, steps: u32) -> Option<Ty> {
        let bound = said.bindings.iter().find(|(bound, _)| *bound == name).map(|(_, ty)| ty.clone());
        bound.filter(|ty| !ty.is_unknown()).or_else(|| self.declared_type(id, name, of, steps))
    }

    /// What a trait says of one of its associated types, said of a value that is known by its bounds.
    fn declared_type(&self, id: TraitId, name: Ustr, of: &Ty, steps: u32) -> Option<Ty> {
        let item = self.names.defs.trait_def(id);
        let module = self.names.module(self.names.defs.traits[id.index()].file, item.scope)?;
        let generics = Generics::of_declaration(id, item);
        if let Some(declared) = item.associated.iter().find(|a| a.name == name) {
            let mut map = HashMap::from_iter([(ustr("Self"), of.clone())]);
            let bounds = self.names.bounded(module, &declared.bounds, &generics);
            return Some(self.instantiate(&bounds, &mut map, steps));
        }
        let steps = steps.checked_sub(1)?;
        self.supertraits(id).iter().find_map(|bound| match bound {
            Bound::Trait(up, said) => self.said_type(*up, said, name, of, steps),
            Bound::Ext(_, arguments) => arguments.last().filter(|_| name == "Item").cloned(),
        })
    }

    /// An associated type that some impl for this type gives.
    fn implemented_type(&self, ty: &Ty, name: Ustr, steps: u32) -> Option<Ty> {
        let impls = self.signatures.trait_impls.get(&TypeKey::of(ty)?)?;
        impls.iter().find_map(|id| {
            let found = self.signatures.associated.get(&(*id, name))?;
            let mut map = HashMap::default();
            self.signatures.impl_types[id.index()].unify(ty, &mut map);
            // What it says of a parameter may be what that parameter's impl says: `type Item = T::Item`.
            Some(self.instantiate(found, &mut map, steps))
        })
    }

    /// Every parameter replaced by what `map` has for it, `T::Name` by what it is for that type.
    pub fn instantiated(&self, ty: &Ty, map: &mut HashMap<Ustr, Ty>) -> Ty {
        self.instantiate(ty, map, STEPS)
    }

    fn instantiate(&self, ty: &Ty, map: &mut HashMap<Ustr, Ty>, steps: u32) -> Ty {
        let mut projections = Vec::new();
        ty.projections(&mut projections);
        for projection in projections {
            let mut parts = projection.split("::");
            let Some(base) = parts.next().and_then(|base| map.get(&ustr(base))) else { continue };
            let found = parts.fold(base.clone(), |ty, name| self.project_within(&ty, ustr(name), steps));
            map.insert(projection, found);
        }
        ty.substitute(map)
    }

    // Fields and elements

    pub fn field(&self, ty: &Ty, name: Ustr) -> Ty {
        self.autoderef(ty, |ty| match ty {
            Ty::Adt(id, arguments) => {
                let found = self.signatures.fields[id.index()].get(&name)?;
                Some(found.substitute(&self.own_params(*id, arguments)))
            }
            Ty::Tuple(parts) => name.parse::<usize>().ok().and_then(|at| parts.get(at).cloned()),
            Ty::Ext(path, arguments) => {
                let entry = self.entry(*path)?;
                match entry.fields.get(&name) {
                    Some(written) => Some(self.of_entry(written, *path, arguments)),
                    // A wrapper that people take apart: `Json(value)`, `Reverse(key)`.
                    None if name == "0" && entry.deref.is_some() => arguments.first().cloned(),
                    None => None,
                }
            }
            _ => None,
        })
        .unwrap_or(Ty::Unknown)
    }

    /// What indexing a value by a single index gives: a map's value, a list's element.
    pub fn indexed(&self, ty: &Ty) -> Ty {
        let found = self.autoderef(ty, |ty| match ty {
            Ty::Slice(of) => Some((**of).clone()),
            Ty::Ext(path, arguments) => {
                let (_, index) = self.names.catalogue.declared_method(*path, ustr("index"))?;
                Some(self.of_entry(&index.returns, *path, arguments))
            }
            Ty::Adt(..) => self.implemented_type(ty, ustr("Output"), STEPS),
            _ => None,
        });
        found.unwrap_or(Ty::Unknown)
    }

    /// What indexing a value by a range gives: the list or the text itself.
    pub fn innermost_listed(&self, ty: &Ty) -> Ty {
        let found = self.autoderef(ty, |ty| match ty {
            Ty::Slice(_) => Some(ty.clone()),
            Ty::Ext(path, _) if path == "str" || path == "std::string::String" => Some(Ty::ext("str", Vec::new())),
            Ty::Ext(path, arguments) => match self.entry(*path)?.deref {
                None => Some(Ty::Ext(*path, arguments.clone())),
                Some(_) => None,
            },
            _ => None,
        });
        found.unwrap_or(Ty::Unknown)
    }

    /// What iterating over a value gives.
    pub fn element(&self, ty: &Ty, generics: &Generics) -> Ty {
        match ty.peeled() {
            Ty::Adt(..) => {
                // `impl IntoIterator for &X` gives references by itself.
                self.project(ty, ustr("Item"))
            }
            Ty::Param(_) => match self.bounded(ty.peeled().clone(), generics) {
                Ty::Param(_) => Ty::Unknown,
                bounded => self.element(&bounded, generics),
            },
            Ty::Bounded(_) => self.project(ty, ustr("Item")),
            Ty::Ext(..) => match self.names.iterated(ty) {
                Ty::Unknown => self.deref(ty).map_or(Ty::Unknown, |inner| match inner {
                    Ty::Unknown | Ty::Param(_) => Ty::Unknown,
                    inner => self.element(&inner, generics),
                }),
                item => item,
            },
            _ => self.names.iterated(ty),
        }
    }

    // Methods

    /// A method of a value, and the type along `*`, `**`, … that has it.
    pub fn method(&self, ty: &Ty, name: Ustr, generics: &Generics) -> Option<(Found<'a>, Ty)> {
        let along = self.autoderef(ty, |ty| self.method_of(ty, name, generics));
        along.or_else(|| self.method_of_all(ty, name))
    }

    /// A method of a library's trait that is known by its first argument, as that of a statement by the connection it is run on.
    pub fn method_known_by(&self, argument: &Ty, name: Ustr, generics: &Generics) -> Option<(Found<'a>, Ty)> {
        let known_by = |path: Ustr| self.names.catalogue.known_by(path, name);
        let of_bound = |bound: &Bound| match bound {
            Bound::Ext(path, _) => known_by(*path),
            Bound::Trait(id, _) => self.supertraits(*id).iter().find_map(|bound| match bound {
                Bound::Ext(path, _) => known_by(*path),
                Bound::Trait(..) => None,
            }),
        };
        let (path, callable) = self.autoderef(argument, |ty| match self.bounded(ty.clone(), generics) {
            Ty::Ext(path, _) => known_by(path),
            Ty::Bounded(bounds) => bounds.iter().find_map(of_bound),
            _ => None,
        })?;
        Some((Found::External(path, callable), Ty::Unknown))
    }

    /// What every type has: by a blanket impl of the workspace, or because most types derive it.
    fn method_of_all(&self, ty: &Ty, name: Ustr) -> Option<(Found<'a>, Ty)> {
        if let Some(function) = self.function_of(TypeKey::Any, name) {
            return Some((Found::Workspace(function), ty.peeled().clone()));
        }
        if name == "clone" || name == "to_owned" {
            return Some((Found::Same(ustr("std::clone::Clone::clone")), ty.peeled().clone()));
        }
        let (path, callable) = self.names.catalogue.universal(name)?;
        Some((Found::External(path, callable), ty.peeled().clone()))
    }

    /// A method of exactly this type, before any `*`.
    fn method_of(&self, ty: &Ty, name: Ustr, generics: &Generics) -> Option<(Found<'a>, Ty)> {
        let own = TypeKey::of(ty).filter(|key| *key != TypeKey::Any && !matches!(ty, Ty::Ref(_)));
        // What a type of a library has by itself comes before what traits of the workspace give it.
        let own = own.filter(|_| !matches!(ty, Ty::Ext(path, _) if self.names.catalogue.has_itself(*path, name)));
        if let Some(found) = own.and_then(|key| self.function_of(key, name)) {
            return Some((Found::Workspace(found), ty.clone()));
        }
        match ty {
            Ty::Adt(id, _) => match name.as_str() {
                "clone" if !self.signatures.derefs.contains_key(id) => {
                    Some((Found::Same(ustr("std::clone::Clone::clone")), ty.clone()))
                }
                _ => self.library_method(ty, name).or_else(|| Some((self.generated_method(*id, name)?, ty.clone()))),
            },
            Ty::Ext(path, _) => match self.listed_method(*path, name) {
                Some(found) => Some((found, ty.clone())),
                None => self.library_method(ty, name),
            },
            // A unit struct of a library, as a value.
            Ty::ExtFn(path, arguments) if self.entry(*path).is_some() => {
                self.method_of(&Ty::Ext(*path, arguments.clone()), name, generics)
            }
            Ty::Bounded(bounds) => bounds.iter().find_map(|bound| self.bound_method(bound, ty, name)),
            Ty::Param(_) => match self.bounded(ty.clone(), generics) {
                Ty::Param(_) => None,
                bounded => {
                    let (found, owner) = self.method_of(&bounded, name, generics)?;
                    // What returns `Self` returns the parameter.
                    let owner = if owner == bounded { ty.clone() } else { owner };
                    Some((found, owner))
                }
            },
            Ty::Future(_) => Some((self.future_method(name)?, ty.clone())),
            Ty::Slice(of) => {
                let list = ustr("std::vec::Vec");
                let (path, callable) = self.names.catalogue.declared_method(list, name)?;
                Some((Found::External(path, callable), Ty::Ext(list, vec![(**of).clone()])))
            }
            _ => None,
        }
    }

    /// A method that an attribute or a derive writes for a type of the workspace.
    fn generated_method(&self, id: TypeId, name: Ustr) -> Option<Found<'a>> {
        if let Some(function) = self.dispatched(id, name) {
            return Some(Found::Workspace(function));
        }
        let path = self.derived(id, name)?;
        Some(Found::External(path, self.names.catalogue.callable(path)?))
    }

    /// A method that the catalogue lists for a library's type, or one that gives that type again.
    fn listed_method(&self, path: Ustr, name: Ustr) -> Option<Found<'a>> {
        let catalogue = self.names.catalogue;
        let declared = catalogue.declared_method(path, name).filter(|_| !self.is_only_associated(path, name));
        if let Some((path, callable)) = declared.or_else(|| catalogue.any_other_method(path, name)) {
            return Some(Found::External(path, callable));
        }
        let is_fluent = self.entry(path).is_some_and(|entry| entry.fluent);
        let gives_itself = name == "clone" || is_fluent && catalogue.universal(name).is_none();
        gives_itself.then(|| Found::Same(ustr(&format!("{path}::{name}"))))
    }

    fn future_method(&self, name: Ustr) -> Option<Found<'a>> {
        match name.as_str() {
            "boxed" | "boxed_local" | "fuse" | "instrument" | "in_current_span" | "with_context" | "into_future"
            | "as_mut" => Some(Found::Same(ustr(&format!("std::future::Future::{name}")))),
            _ => {
                let mut extensions = ["futures::FutureExt", "futures::TryFutureExt"].into_iter();
                let declared = |of| self.names.catalogue.declared_method(ustr(of), name);
                let (path, callable) = extensions.find_map(declared)?;
                Some(Found::External(path, callable))
            }
        }
    }

    /// Whether a name is that of a function without a receiver: wrappers have no methods, so as not to hide those of what they hold.
    fn is_only_associated(&self, owner: Ustr, name: Ustr) -> bool {
        let wrapper = self.entry(owner).filter(|entry| entry.deref.is_some());
        wrapper.is_some_and(|entry| entry.is_only_associated(name))
    }

    /// A function of a type of the workspace or of an impl for it: its own, or one its traits provide.
    pub fn function_of(&self, key: TypeKey, name: Ustr) -> Option<FnId> {
        self.function_in_this_build(key, name).or_else(|| {
            let TypeKey::Adt(id) = key else { return None };
            let others = self.names.tree.alternatives.of_type(id).iter();
            others.map(|other| TypeKey::Adt(*other)).find_map(|other| self.function_in_this_build(other, name))
        })
    }

    fn function_in_this_build(&self, key: TypeKey, name: Ustr) -> Option<FnId> {
        let own = self.signatures.methods.get(&(key, name)).and_then(|functions| functions.first()).copied();
        own.or_else(|| {
            let impls = self.signatures.trait_impls.get(&key)?;
            impls.iter().find_map(|id| match self.signatures.impl_traits[id.index()]? {
                TraitName::Trait(of) => self.signatures.trait_functions.get(&(of, name)).copied(),
                TraitName::Ext(_) => None,
            })
        })
    }

    /// A method that a library's trait gives a type which implements it: `impl Iterator for X` gives `X::map`.
    fn library_method(&self, ty: &Ty, name: Ustr) -> Option<(Found<'a>, Ty)> {
        let impls = self.signatures.trait_impls.get(&TypeKey::of(ty)?)?;
        impls.iter().find_map(|id| {
            let Some(TraitName::Ext(of)) = self.signatures.impl_traits[id.index()] else { return None };
            let (path, callable) = self.names.catalogue.declared_method(of, name)?;
            let item = self.project(ty, ustr("Item"));
            Some((Found::External(path, callable), Ty::Ext(of, vec![item])))
        })
    }

    /// A function that a catalogued derive or attribute gives a type: `Cli::parse()`.
    pub fn derived(&self, id: TypeId, name: Ustr) -> Option<Ustr> {
        self.names.generators(id).into_iter().find_map(|full| {
            let function = ustr(&format!("{full}::{name}"));
            self.names.catalogue.callable(function).map(|_| function)
        })
    }

    /// A function of a trait that an attribute implements for a type by asking its variants: `#[enum_dispatch(Trait)]`.
    fn dispatched(&self, id: TypeId, name: Ustr) -> Option<FnId> {
        let item = self.names.defs.type_def(id);
        let module = self.names.module(self.names.defs.types[id.index()].file, item.scope)?;
        let by_variant = item.attributes.iter().filter(|attribute| {
            let of = self.names.resolve(module, &attribute.path, false, Space::Value);
            matches!(of, Resolved::External(path) if self.names.catalogue.lists(Calls::Dispatches, path))
        });
        let mut traits = by_variant.flat_map(|attribute| split_paths(&attribute.arguments));
        traits.find_map(|path| match self.names.resolve(module, &path, false, Space::Type) {
            Resolved::Def(Def::Trait(of), 0) => self.signatures.trait_functions.get(&(of, name)).copied(),
            _ => None,
        })
    }

    fn bound_method(&self, bound: &Bound, ty: &Ty, name: Ustr) -> Option<(Found<'a>, Ty)> {
        match bound {
            Bound::Trait(id, _) => self.trait_method(*id, ty, name, STEPS),
            Bound::Ext(of, arguments) => {
                let (path, callable) = self.names.catalogue.declared_method(*of, name)?;
                Some((Found::External(path, callable), Ty::Ext(*of, arguments.clone())))
            }
        }
    }

    /// A method of a trait or of its supertraits.
    fn trait_method(&self, id: TraitId, ty: &Ty, name: Ustr, steps: u32) -> Option<(Found<'a>, Ty)> {
        if let Some(function) = self.signatures.trait_functions.get(&(id, name)) {
            return Some((Found::Workspace(*function), ty.clone()));
        }
        let steps = steps.checked_sub(1)?;
        self.supertraits(id).iter().find_map(|bound| match bound {
            Bound::Trait(up, _) => self.trait_method(*up, ty, name, steps),
            other => self.bound_method(other, ty, name),
        })
    }

    /// A function of a trait or of its supertraits.
    pub fn trait_function(&self, id: TraitId, name: Ustr) -> Option<FnId> {
        match self.trait_method(id, &Ty::Unknown, name, STEPS)? {
            (Found::Workspace(function), _) => Some(function),
            _ => None,
        }
    }

    fn supertraits(&self, id: TraitId) -> Vec<Bound> {
        let item = self.names.defs.trait_def(id);
        let module = self.names.module(self.names.defs.traits[id.index()].file, item.scope);
        let generics = Generics::of_declaration(id, item);
        match module.map(|module| self.names.bounded(module, &item.supertraits, &generics)) {
            Some(Ty::Bounded(bounds)) => bounds,
            _ => Vec::new(),
        }
    }
}
