//! What a path stands for as a value: a local item, a library's function, a constructor, an associated name.

use ustr::{Ustr, ustr};

use super::Inference;
use crate::facts::model::*;
use crate::index::declared::defs::*;
use crate::index::declared::names::{Resolved, Space};
use crate::index::declared::signatures::TypeKey;
use crate::index::declared::types::*;

impl Inference<'_> {
    pub(super) fn path(&self, path: &Path, region: RegionId) -> Ty {
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
    pub(super) fn owner_of(&self, path: &Path, region: RegionId) -> Option<Ty> {
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
}

/// Whether the last name of a path is one of a constant.
fn is_constant(path: &str) -> bool {
    let name = path.rsplit("::").next().unwrap_or(path);
    name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') && name.len() > 1
}
