//! Backwards: what the place of a value asks of its type. An annotation, the return type, a field or a parameter tells what
//! `collect`, `parse`, `into` or `Vec::new` make there.

use rustc_hash::FxHashMap as HashMap;
use ustr::{Ustr, ustr};

use super::Inference;
use crate::catalogue::TypeExpr;
use crate::facts::model::*;
use crate::index::declared::defs::*;
use crate::index::declared::signatures::field_key;
use crate::index::declared::types::*;

/// How many places outwards are asked.
const PLACES: u32 = 12;

impl Inference<'_> {
    /// What its place asks of a value whose type is known as far as `shape`.
    pub(super) fn asked(&self, id: NodeId, shape: &Ty) -> Ty {
        self.asked_within(id, shape, PLACES)
    }

    fn asked_within(&self, id: NodeId, shape: &Ty, places: u32) -> Ty {
        let Some(places) = places.checked_sub(1) else { return Ty::Unknown };
        let Some(parent) = self.info.parent(id) else { return self.asked_of_value(id, shape, places) };
        let node = self.body.node(parent);
        match &node.op {
            Op::Bind { ty: Some(ty), .. } => self.written(ty, node.region),
            Op::Assign { place, value } if *value == id => self.place(*place),
            Op::Return(_) => self.asked_of_exit(node.region),
            Op::Reference { .. } => match self.asked_within(parent, &Ty::Ref(Box::new(shape.clone())), places) {
                Ty::Ref(of) => *of,
                _ => Ty::Unknown,
            },
            Op::Await(_) => match shape {
                Ty::Future(of) => Ty::Future(Box::new(self.asked_within(parent, of, places))),
                _ => Ty::Unknown,
            },
            Op::Try(_) => match shape {
                Ty::Ext(path, arguments) => {
                    let inner = arguments.first().cloned().unwrap_or(Ty::Unknown);
                    Ty::Ext(*path, vec![self.asked_within(parent, &inner, places)])
                }
                _ => Ty::Unknown,
            },
            Op::Struct { path, fields, .. } => {
                let field = fields.iter().find(|(_, value)| *value == id).map(|(name, _)| *name);
                field.map_or(Ty::Unknown, |field| self.asked_of_field(path, field, node.region))
            }
            Op::Call { callee, arguments } => match arguments.iter().position(|argument| *argument == id) {
                Some(at) => self.asked_of_argument(parent, *callee, at, places),
                None => Ty::Unknown,
            },
            Op::Match { scrutinee, arms } if *scrutinee == id => {
                let Ty::Ext(path, arguments) = shape else { return Ty::Unknown };
                if !arms.iter().any(|arm| self.passes_on(arm)) {
                    return Ty::Unknown;
                }
                let inner = arguments.first().cloned().unwrap_or(Ty::Unknown);
                Ty::Ext(*path, vec![self.asked_within(parent, &inner, places)])
            }
            Op::Method { receiver, name, .. } if *receiver == id => {
                self.asked_through_method(parent, *name, shape, places)
            }
            Op::Method { receiver, name, arguments, .. } => match arguments.iter().position(|a| *a == id) {
                Some(at) => self.asked_by_method(*receiver, *name, at),
                None => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    /// Whether an arm gives on what a success holds: `Ok(value) => value`.
    fn passes_on(&self, arm: &Arm) -> bool {
        let value = self.body.region(arm.region).value.map(|value| &self.body.node(value).op);
        let Some(Op::Local(given)) = value else { return false };
        arm.pattern.is_success() && arm.pattern.parts().len() == 1 && arm.pattern.locals() == [*given]
    }

    /// What is asked of the value of a region: what is asked of the node that the region belongs to.
    fn asked_of_value(&self, id: NodeId, shape: &Ty, places: u32) -> Ty {
        let region = self.body.node(id).region;
        if self.body.region(region).value != Some(id) {
            return Ty::Unknown;
        }
        let Some(around) = self.info.region_node(region) else { return self.returns.clone() };
        match &self.body.node(around).op {
            Op::Closure { .. } | Op::Async(_) => self.asked_of_exit(region),
            Op::Block(_) | Op::If { .. } | Op::Match { .. } => self.asked_within(around, shape, places),
            _ => Ty::Unknown,
        }
    }

    /// What is asked of what leaves the closure, async block or function around.
    fn asked_of_exit(&self, region: RegionId) -> Ty {
        let around = self.body.outwards(region).find_map(|(at, facts)| match facts.kind {
            RegionKind::Closure | RegionKind::Async => Some(self.info.region_node(at)),
            _ => None,
        });
        match around {
            None => self.returns.clone(),
            Some(Some(closure)) => match &self.body.node(closure).op {
                Op::Closure { returns: Some(written), region, .. } => self.written(written, *region),
                _ => Ty::Unknown,
            },
            Some(None) => Ty::Unknown,
        }
    }

    /// The type of a place that is assigned to.
    fn place(&self, place: NodeId) -> Ty {
        match &self.body.node(place).op {
            Op::Local(local) => self.info.local(*local).clone(),
            Op::Field { base, name } => self.world.field(&self.place(*base), *name),
            Op::Deref(of) => self.world.deref(&self.place(*of)).unwrap_or(Ty::Unknown),
            _ => Ty::Unknown,
        }
    }

    fn asked_of_field(&self, path: &Path, field: Ustr, region: RegionId) -> Ty {
        let (owner, variant) = match path.single() {
            Some(name) if name == "Self" => (self.generics.self_ty.clone().unwrap_or(Ty::Unknown), None),
            _ => match self.path(path, region) {
                Ty::Constructor(id, variant) => (Ty::Adt(id, Vec::new()), variant),
                ty => (ty, None),
            },
        };
        match owner {
            Ty::Adt(id, arguments) => self.declared_field(id, field_key(variant, field), &arguments),
            _ => Ty::Unknown,
        }
    }

    /// The declared type of a field; parameters that nothing fills are unknown.
    fn declared_field(&self, id: TypeId, key: Ustr, arguments: &[Ty]) -> Ty {
        let Some(declared) = self.world.signatures.fields[id.index()].get(&key) else { return Ty::Unknown };
        let mut map = self.world.own_params(id, arguments);
        for generic in &self.world.names.defs.type_def(id).generics {
            map.entry(generic.name).or_default();
        }
        declared.substitute(&map)
    }

    fn asked_of_argument(&self, call: NodeId, callee: NodeId, at: usize, places: u32) -> Ty {
        match self.info.ty(callee) {
            Ty::Fn(function) => {
                let signature = &self.world.signatures.functions[function.index()];
                let mut declared = signature.receiver.iter().chain(&signature.parameters);
                declared.nth(at).map_or(Ty::Unknown, |ty| self.without_params_of(*function, ty))
            }
            Ty::Constructor(id, variant) => self.declared_field(*id, field_key(*variant, ustr(&at.to_string())), &[]),
            Ty::Callable(parameters, _) => parameters.get(at).cloned().unwrap_or(Ty::Unknown),
            Ty::ExtFn(path, _) => {
                let Some(callable) = self.world.names.catalogue.callable(*path) else { return Ty::Unknown };
                let shape = self.world.names.catalogued(&callable.returns, &Holes::default());
                let mut holes = HashMap::default();
                solve(&callable.returns, &self.asked_within(call, &shape, places), &mut holes);
                holes.remove(&argument_name(at + 1)).unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        }
    }

    /// What is asked of a receiver, by what is asked of what a library's method gives back.
    fn asked_through_method(&self, call: NodeId, name: Ustr, shape: &Ty, places: u32) -> Ty {
        let Ty::Ext(path, arguments) = shape else { return Ty::Unknown };
        let catalogue = self.world.names.catalogue;
        let Some((_, callable)) = catalogue.declared_method(*path, name) else { return Ty::Unknown };
        let given = self.world.of_entry(&callable.returns, *path, arguments);
        let mut holes = HashMap::default();
        solve(&callable.returns, &self.asked_within(call, &given, places), &mut holes);
        if let Some(this) = holes.remove(&ustr("Self")) {
            return this;
        }
        let params = catalogue.type_entry(*path).map_or(&[][..], |entry| &entry.params);
        Ty::Ext(*path, params.iter().map(|name| holes.remove(name).unwrap_or(Ty::Unknown)).collect())
    }

    /// What a method asks of an argument.
    fn asked_by_method(&self, receiver: NodeId, name: Ustr, at: usize) -> Ty {
        match self.world.method(self.info.ty(receiver), name, &self.generics) {
            Some((super::Found::Workspace(function), owner)) => {
                let signature = &self.world.signatures.functions[function.index()];
                let Some(declared) = signature.parameters.get(at) else { return Ty::Unknown };
                let mut map = HashMap::default();
                if let Some(receiver) = &signature.receiver {
                    receiver.unify(&owner, &mut map);
                }
                self.without_params_of(function, &declared.substitute(&map))
            }
            Some((super::Found::External(_, callable), Ty::Ext(path, arguments))) => {
                let taken = callable.takes.get(at);
                taken.map_or(Ty::Unknown, |written| self.world.of_entry(written, path, &arguments))
            }
            _ => Ty::Unknown,
        }
    }

    /// A type from the signature of another function: its parameters mean nothing here.
    pub(super) fn without_params_of(&self, function: FnId, ty: &Ty) -> Ty {
        let generics = self.world.signatures.generics_of(&self.world.names, function);
        let mut map: HashMap<Ustr, Ty> = generics.names.keys().map(|name| (*name, Ty::Unknown)).collect();
        map.entry(ustr("Self")).or_default();
        let mut projections = Vec::new();
        ty.projections(&mut projections);
        map.extend(projections.into_iter().map(|name| (name, Ty::Unknown)));
        ty.substitute(&map)
    }
}

/// The name under which [`solve`] notes an argument, from 1.
fn argument_name(number: usize) -> Ustr {
    ustr(&format!("arg{number}"))
}

/// Learns what the parameters and arguments in a catalogued type stand for from an actual type.
pub(super) fn solve(written: &TypeExpr, actual: &Ty, holes: &mut HashMap<Ustr, Ty>) {
    match (written, actual) {
        (_, Ty::Unknown) => {}
        (TypeExpr::Param(name), _) => {
            holes.entry(*name).or_insert_with(|| actual.clone());
        }
        (TypeExpr::Argument(number), _) => {
            holes.entry(argument_name(*number as usize)).or_insert_with(|| actual.clone());
        }
        (TypeExpr::Ref(of), Ty::Ref(actual)) | (TypeExpr::Future(of), Ty::Future(actual)) => solve(of, actual, holes),
        (TypeExpr::Path(path, parts), Ty::Ext(other, actual)) if path == other => {
            parts.iter().zip(actual).for_each(|(part, actual)| solve(part, actual, holes));
        }
        (TypeExpr::Tuple(parts), Ty::Tuple(actual)) => {
            parts.iter().zip(actual).for_each(|(part, actual)| solve(part, actual, holes));
        }
        _ => {}
    }
}

/// What is known of a value, with the parts that are open taken from what is asked of it.
pub(super) fn filled(known: Ty, asked: Ty) -> Ty {
    match (known, asked) {
        (Ty::Unknown, asked) => asked,
        (Ty::Ext(path, known), Ty::Ext(other, asked)) if path == other => Ty::Ext(path, all_filled(known, asked)),
        (Ty::Adt(id, known), Ty::Adt(other, asked)) if id == other => Ty::Adt(id, all_filled(known, asked)),
        (Ty::Tuple(known), Ty::Tuple(asked)) if known.len() == asked.len() => Ty::Tuple(all_filled(known, asked)),
        (Ty::Ref(known), Ty::Ref(asked)) => Ty::Ref(Box::new(filled(*known, *asked))),
        (Ty::Slice(known), Ty::Slice(asked)) => Ty::Slice(Box::new(filled(*known, *asked))),
        (Ty::Future(known), Ty::Future(asked)) => Ty::Future(Box::new(filled(*known, *asked))),
        (known, _) => known,
    }
}

fn all_filled(known: Vec<Ty>, asked: Vec<Ty>) -> Vec<Ty> {
    let length = known.len().max(asked.len());
    let mut asked = asked.into_iter();
    let mut known = known.into_iter();
    let part = |_| filled(known.next().unwrap_or_default(), asked.next().unwrap_or_default());
    (0..length).map(part).collect()
}
