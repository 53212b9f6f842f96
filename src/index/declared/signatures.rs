//! The types of what is declared: signatures, fields, statics; which functions a type has, and which implement those of a trait. Knows nothing of bodies.

use rustc_hash::FxHashMap as HashMap;
use ustr::{Ustr, ustr};

use crate::catalogue::Calls;
use crate::facts::model::{Path, Receiver, StaticKind};
use crate::index::declared::defs::*;
use crate::index::declared::names::{Names, Resolved, Space};
use crate::index::declared::types::{Bound, Generics, Holes, Ty, names_of};

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

impl Signatures {
    /// The types that implement a trait of the workspace.
    pub fn types_with(&self, of: TraitId) -> impl Iterator<Item = &Ty> {
        let impls = self.impl_traits.iter().zip(&self.impl_types);
        impls.filter(move |(name, _)| **name == Some(TraitName::Trait(of))).map(|(_, ty)| ty)
    }

    /// Whether a trait of the workspace is implemented for a type.
    pub fn has_trait(&self, ty: TypeKey, of: TraitId) -> bool {
        let mut impls = self.trait_impls.get(&ty).into_iter().flatten();
        impls.any(|block| self.impl_traits[block.index()] == Some(TraitName::Trait(of)))
    }

    /// What `*value` gives.
    pub fn deref(&self, names: &Names, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Ref(of) => Some((**of).clone()),
            Ty::Adt(id, arguments) => {
                let target = self.derefs.get(id)?;
                Some(target.substitute(&names.own_params(*id, arguments)))
            }
            Ty::Ext(path, arguments) => {
                let target = names.catalogue.type_entry(*path)?.deref.as_ref()?;
                let holes = Holes { params: names.params_of(*path, arguments), ..Holes::default() };
                Some(names.catalogued(target, &holes))
            }
            _ => None,
        }
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
        let around = Generics::new(&block.generics, Some(self.impl_types[id.index()].clone()));
        around.associating(associated.collect()).bounded(&block.bounds)
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

/// Whether a type that implements a library's trait stands for one of its associated types, as a pool's manager does for the connections it makes.
fn stands_for(names: &Names, of: Ustr, associated: Ustr) -> bool {
    let path = ustr::existing_ustr(&format!("{of}::{associated}"));
    path.is_some_and(|path| names.catalogue.lists(Calls::StandsFor, path))
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
