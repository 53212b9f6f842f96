//! What keeps a value beyond the call that uses it: statics and fields, and which of them a value is reached through. What cannot be followed is told by name.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::Calls;
use crate::facts::model::{NodeId, Op, StaticKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};
use crate::source::Span;

/// What keeps a value beyond the call that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keeper {
    Static(StaticId),
    /// A field of a type of the workspace.
    Field(TypeId, Ustr),
}

/// How far a value is followed through calls and locals.
const FUEL: u32 = 12;

/// How a value is followed to what keeps it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Only through what is known to lead to the same value: for what adds.
    Surely,
    /// Through all that might: for what takes away.
    Perhaps,
}

/// What a value is reached through.
#[derive(Default)]
pub(super) struct Reached {
    pub(super) keepers: Vec<Keeper>,
    /// Names of parameters and of fields of unknown types, behind which it cannot be followed.
    pub(super) open: BTreeSet<Ustr>,
    /// The collections behind the handles that it is reached through: others may have such a handle, too.
    pub(super) behind_handles: Vec<Ty>,
}

impl Index {
    /// Whether what is kept lies behind a handle that others may have too.
    pub fn is_shared(&self, keeper: Keeper) -> bool {
        let mut at = Some(self.keeper_type(keeper));
        while let Some(ty) = at {
            if is_handle(&ty) || matches!(ty, Ty::Ref(_)) {
                return true;
            }
            at = self.dereferenced(&ty);
        }
        false
    }

    pub fn keeper_type(&self, keeper: Keeper) -> Ty {
        match keeper {
            Keeper::Static(id) => self.signatures().statics[id.index()].clone(),
            Keeper::Field(id, name) => self.signatures().fields[id.index()].get(&name).cloned().unwrap_or_default(),
        }
    }

    /// Whether a collection is there before and after the call that uses it, for others as well: it lies in what stays, or behind a handle that the call is
    /// given.
    pub fn lasting_for_others(&self, collection: Site) -> bool {
        let reached = self.reached(collection, Follow::Perhaps);
        let is_given = || !reached.open.is_empty() && !reached.behind_handles.is_empty();
        reached.keepers.iter().any(|keeper| self.stays(*keeper)) || reached.keepers.is_empty() && is_given()
    }

    /// The name of the static, or of the field.
    pub(in crate::index) fn keeper_name(&self, keeper: Keeper) -> Ustr {
        match keeper {
            Keeper::Static(id) => self.defs().static_item(id).name,
            Keeper::Field(_, name) => name,
        }
    }

    /// `STATIC`, or `Type::field`: how people speak of it.
    pub fn keeper_words(&self, keeper: Keeper) -> String {
        match keeper {
            Keeper::Static(id) => self.defs().static_item(id).name.to_string(),
            Keeper::Field(id, name) => format!("{}::{name}", self.defs().type_def(id).name),
        }
    }

    /// Where it is declared.
    pub fn keeper_span(&self, keeper: Keeper) -> Span {
        match keeper {
            Keeper::Static(id) => self.defs().static_item(id).name_range.in_file(self.defs().statics[id.index()].file),
            Keeper::Field(id, name) => {
                let item = self.defs().type_def(id);
                let field = item.fields.iter().find(|field| field.name == name);
                field.map_or(item.name_range, |field| field.range).in_file(self.defs().types[id.index()].file)
            }
        }
    }

    /// The statics and fields that a value surely lies in.
    pub fn keepers(&self, site: Site) -> Vec<Keeper> {
        self.reached(site, Follow::Surely).keepers
    }

    /// The statics and fields that a value may lie in, and names of others behind which it could not be followed.
    pub(in crate::index) fn perhaps_kept_by(&self, site: Site) -> (Vec<Keeper>, BTreeSet<Ustr>) {
        let reached = self.reached(site, Follow::Perhaps);
        (reached.keepers, reached.open)
    }

    pub(super) fn reached(&self, site: Site, follow: Follow) -> Reached {
        let mut reached = Reached::default();
        self.reach_keeper(site, follow, &mut reached, &mut HashSet::default(), FUEL);
        reached
    }

    fn reach_keeper(&self, site: Site, follow: Follow, found: &mut Reached, seen: &mut HashSet<Site>, fuel: u32) {
        if fuel == 0 || !seen.insert(site) {
            return;
        }
        if is_handle(self.ty(site)) {
            found.behind_handles.extend(self.collection(self.ty(site)));
        }
        if let Some(id) = self.info(site.body).statics.get(&site.node) {
            if self.defs().static_item(*id).kind != StaticKind::Const {
                found.keepers.push(Keeper::Static(*id));
            }
            return;
        }
        match &self.node(site).op {
            Op::Field { base, name } => match self.struct_behind(self.ty(Site { node: *base, ..site })) {
                Some(id) => found.keepers.push(Keeper::Field(id, *name)),
                None => {
                    found.open.insert(*name);
                }
            },
            Op::Call { .. } | Op::Method { .. } if follow == Follow::Surely && !self.is_a_way_in(self.ty(site)) => {}
            Op::Call { .. } | Op::Method { .. } if let Some(Callee::Workspace(function)) = self.callee(site) => {
                self.reach_returned(*function, follow, found, seen, fuel);
            }
            Op::Method { receiver, .. }
                if let Some(keeper) = self.wrapped_in(Site { node: *receiver, ..site }, site) =>
            {
                found.keepers.push(keeper);
            }
            Op::Local(local) if self.sources(site.body, *local).is_empty() => {
                found.open.insert(self.body(site.body).local(*local).name);
            }
            _ => {
                for node in self.comes_from(site) {
                    self.reach_keeper(Site { node, ..site }, follow, found, seen, fuel - 1);
                }
            }
        }
    }

    /// The field of a wrapper behind which a call finds the collection that it is made on.
    fn wrapped_in(&self, receiver: Site, call: Site) -> Option<Keeper> {
        let path = self.external(call)?;
        let (owner, _) = path.rsplit_once("::")?;
        if !self.catalogue().lists_a_member(Calls::Grows, ustr(owner)) {
            return None;
        }
        let wrapper = self.struct_behind(self.ty(receiver))?;
        let fields = &self.signatures().fields[wrapper.index()];
        let held =
            fields.iter().filter(|(_, ty)| matches!(self.collection(ty), Some(Ty::Ext(path, _)) if path == owner));
        let held: Vec<Ustr> = held.map(|(name, _)| *name).collect();
        let [name] = held[..] else { return None };
        Some(Keeper::Field(wrapper, name))
    }

    /// The nodes of the same body that a value is got from.
    fn comes_from(&self, site: Site) -> Vec<NodeId> {
        let body = self.body(site.body);
        match &self.node(site).op {
            Op::Local(local) => self.sources(site.body, *local),
            Op::Method { receiver: of, .. }
            | Op::Reference { of, .. }
            | Op::Deref(of)
            | Op::Try(of)
            | Op::Await(of)
            | Op::Cast { of, .. }
            | Op::Index { base: of, .. } => vec![*of],
            Op::Call { arguments, .. } => arguments.clone(),
            Op::Block(region) => body.region(*region).value.into_iter().collect(),
            Op::If { then, otherwise, .. } => {
                [Some(*then), *otherwise].into_iter().flatten().filter_map(|region| body.region(region).value).collect()
            }
            Op::Match { arms, .. } => arms.iter().filter_map(|arm| body.region(arm.region).value).collect(),
            _ => Vec::new(),
        }
    }

    /// What a getter of the workspace gives.
    fn reach_returned(&self, function: FnId, follow: Follow, found: &mut Reached, seen: &mut HashSet<Site>, fuel: u32) {
        let Some(body) = self.defs().body_of(function).filter(|body| self.is_linked(*body)) else { return };
        for node in self.returned_values(body) {
            self.reach_keeper(Site { body, node }, follow, found, seen, fuel - 1);
        }
    }

    /// Whether a value of this type leads to what it was got from: a reference, a handle, a guard, also where getting one may fail.
    fn is_a_way_in(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ref(_) => true,
            Ty::Future(of) => self.is_a_way_in(of),
            Ty::Ext(path, _) => match ty.content() {
                Some(inner) => self.is_a_way_in(inner),
                None => self.catalogue().type_entry(*path).is_some_and(|entry| entry.deref.is_some()),
            },
            _ => false,
        }
    }

    /// The type of the workspace that a value is, or refers to.
    pub fn struct_behind(&self, ty: &Ty) -> Option<TypeId> {
        let mut at = ty.clone();
        for _ in 0..FUEL {
            if let Ty::Adt(id, _) = at {
                return Some(id);
            }
            at = self.dereferenced(&at)?;
        }
        None
    }

    /// Whether each thread has one of its own.
    pub fn is_kept_by_thread(&self, keeper: Keeper) -> bool {
        matches!(keeper, Keeper::Static(id) if self.defs().static_item(id).kind == StaticKind::ThreadLocal)
    }

    /// Whether what is kept stays for as long as a service runs: a static, or a field of a type whose values are all made once. What lies behind a lock
    /// is there for several to change, who come and go: it is enough that nothing is seen to make its owner more than once.
    pub fn stays(&self, keeper: Keeper) -> bool {
        match keeper {
            Keeper::Static(_) => true,
            Keeper::Field(id, _) => {
                self.is_made_once(id) || self.is_behind_lock(&self.keeper_type(keeper)) && self.is_made_alone(id)
            }
        }
    }

    fn is_behind_lock(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ext(path, _) if self.catalogue().lists(Calls::Locks, *path) => true,
            Ty::Ext(_, parts) => parts.iter().any(|part| self.is_behind_lock(part)),
            _ => false,
        }
    }
}

/// Whether a value of a type is one of several owners of what it leads to.
fn is_handle(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, _) if matches!(path.as_str(), "std::sync::Arc" | "std::rc::Rc" | "std::sync::Weak" | "std::rc::Weak"))
}
