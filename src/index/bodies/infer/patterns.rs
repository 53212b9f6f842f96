//! What the parts of a pattern are, from the type it is matched against.

use ustr::{Ustr, ustr};

use super::Inference;
use crate::facts::model::*;
use crate::index::declared::defs::*;
use crate::index::declared::signatures::field_key;
use crate::index::declared::types::*;

impl Inference<'_> {
    pub(super) fn bind(&mut self, pattern: &Pattern, ty: &Ty) {
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

    /// Whether a pattern's path is the name of a library's type, or another one that it was imported under.
    fn names_type(&self, path: &Path, of: Ustr) -> bool {
        of.rsplit("::").next() == Some(path.last().as_str())
            || matches!(self.path(path, Body::ROOT), Ty::ExtFn(named, _) if named == of)
    }

    fn tuple_struct_parts(&self, path: &Path, ty: &Ty, count: usize) -> Vec<Ty> {
        if let Ty::Ext(of, arguments) = ty.peeled() {
            let entry = self.world.names.catalogue.type_entry(*of);
            return match entry.and_then(|entry| entry.variants.get(&path.last())) {
                Some(parts) => parts.iter().map(|part| self.world.of_entry(part, *of, arguments)).collect(),
                // An extractor that is taken apart: `Json(value)`.
                None if self.names_type(path, *of) => arguments.first().into_iter().cloned().collect(),
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
}
