//! What calls, macros and literals of structs run and give, generics filled in from their arguments.

use rustc_hash::FxHashMap as HashMap;
use ustr::{Ustr, ustr};

use super::expected::{filled, solve};
use super::{Callee, Inference, Unknown};
use crate::catalogue::Callable;
use crate::facts::model::*;
use crate::index::bodies::runs::{mark_closure, mark_future};
use crate::index::declared::defs::*;
use crate::index::declared::lookup::Found;
use crate::index::declared::names::Resolved;
use crate::index::declared::signatures::field_key;
use crate::index::declared::types::*;

impl Inference<'_> {
    pub(super) fn struct_literal(&mut self, path: &Path, fields: &[(Ustr, NodeId)], region: RegionId) -> Ty {
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

    pub(super) fn macro_call(&mut self, id: NodeId, call: &MacroCall, region: RegionId) -> Ty {
        let names: Vec<Ustr> = call.path.names().collect();
        let full = match self.module(region).map(|m| self.world.names.resolve_macro(m, &names, call.path.global)) {
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

    pub(super) fn call(&mut self, id: NodeId, callee: NodeId, arguments: &[NodeId]) -> Ty {
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
    pub(super) fn of_call(&self, ty: &Ty, generics: &Generics, map: &HashMap<Ustr, Ty>) -> Ty {
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
                    mark_closure(self.body, &mut self.info, closure, callable.runs);
                }
                Ty::Fn(function) => {
                    self.info.handed.push((id, function, callable.runs));
                    holes.closure_return = self.world.signatures.functions[function.index()].returns.clone();
                }
                Ty::ExtFn(path, _) => holes.closure_return = self.returned_by(path),
                Ty::Constructor(owner, _) => holes.closure_return = Ty::Adt(owner, Vec::new()),
                Ty::Future(_) => mark_future(self.body, &mut self.info, *argument, callable.runs),
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

    /// The name of a library's type that a method is called on is a unit struct, and no function.
    fn as_unit_struct(&self, ty: Ty) -> Ty {
        match ty {
            Ty::ExtFn(path, arguments) if self.world.names.catalogue.type_entry(path).is_some() => {
                Ty::Ext(path, arguments)
            }
            ty => ty,
        }
    }

    pub(super) fn method(
        &mut self,
        id: NodeId,
        receiver: NodeId,
        name: Ustr,
        generics: &[TypeRef],
        arguments: &[NodeId],
    ) -> Ty {
        let receiver_ty = self.as_unit_struct(self.ty(receiver));
        let told = arguments.first().filter(|_| !matches!(receiver_ty.peeled(), Ty::Adt(..)));
        let by_argument = told.and_then(|given| self.world.method_known_by(&self.ty(*given), name, &self.generics));
        if by_argument.is_none() && receiver_ty.peeled().is_unknown() {
            self.info.callees.insert(id, Callee::Unknown(Unknown::Receiver));
            self.run_loose_closures(id, arguments);
            return Ty::Unknown;
        }
        let region = self.body.node(id).region;
        let found = by_argument.or_else(|| self.world.method(&receiver_ty, name, &self.generics));
        let (known, ty) = match found {
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
