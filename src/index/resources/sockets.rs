//! Files of sockets: closing a socket leaves its file, and as long as that is there no other can be bound to the same path. Whether anything may remove it
//! is asked generously: near where the socket is bound, along the calls that lead there, and by the name of what its path comes from.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Literal, LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::source::FileId;

/// Through how many calls a removal is looked for, upwards and downwards.
const CALLS: usize = 4;

/// Callers that are so many calls away from where a socket is bound are near it.
const NEAR: usize = 1;

/// How far the path of a socket is followed back.
const FUEL: u32 = 24;

/// What the path of a socket is made of.
#[derive(Default)]
struct Path {
    /// Names of fields, with the types that have them where these are known, of statics and constants, and texts: who removes a file by one of them may mean this one.
    names: Vec<(Option<TypeId>, Ustr)>,
    seen: HashSet<Site>,
    /// It is another one each time, goes away by itself, or is handed to what is not known.
    lost: bool,
}

/// Where files are removed.
struct Removals {
    sites: Vec<Site>,
    files: HashSet<FileId>,
    /// Functions that remove one.
    removing: HashSet<FnId>,
    /// These, and those that call one of them.
    leading: HashSet<FnId>,
    /// Types of which a method does so itself, or whose drop leads there.
    owners: HashSet<TypeId>,
}

impl Index {
    /// Calls that bind a socket to a path, of which nothing in the sources may remove the file. In the order of files and places.
    pub fn left_sockets(&self) -> Vec<Site> {
        let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body));
        let sites = shipped.flat_map(|(body, _, info)| info.callees.keys().map(move |node| Site { body, node: *node }));
        let leaves =
            |site: &Site| self.external(*site).is_some_and(|path| self.catalogue().lists(Calls::LeavesFile, path));
        let mut bound: Vec<Site> = sites.filter(leaves).collect();
        bound.sort_unstable();
        if bound.is_empty() {
            return bound;
        }
        let removals = self.removals();
        bound.retain(|site| self.is_left(*site, &removals));
        bound
    }

    fn is_left(&self, bind: Site, removals: &Removals) -> bool {
        let Op::Call { arguments, .. } = &self.node(bind).op else { return false };
        let Some(path) = arguments.first() else { return false };
        let mut made = Path::default();
        self.follow_path(Site { node: *path, ..bind }, &mut made, FUEL);
        let chain = self.callers_up_to(bind.body);
        let near = || chain.iter().any(|(body, distance)| *distance <= NEAR && removals.files.contains(&body.file));
        let named = || removals.sites.iter().any(|site| self.mentions_one(*site, &made.names));
        !made.lost
            && !self.may_go_elsewhere(bind, *path)
            && !near()
            && !self.is_removed_beside(&chain, removals)
            && !named()
    }

    /// All places where files are removed, also where only the name of what is called is known; test code aside.
    fn removals(&self) -> Removals {
        let removes = |site: Site| {
            let lists = |path| self.catalogue().lists(Calls::RemovesFile, path);
            match self.callee(site) {
                Some(Callee::External(path)) => lists(*path),
                Some(Callee::Workspace(_) | Callee::Trait(_) | Callee::Constructor(..)) => false,
                _ => match &self.node(site).op {
                    Op::Method { name, .. } => lists(*name),
                    Op::Call { callee, .. } => match &self.node(Site { node: *callee, ..site }).op {
                        Op::Path(path) => lists(path.last()),
                        _ => false,
                    },
                    _ => false,
                },
            }
        };
        let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body));
        let all = shipped.flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
        let sites: Vec<Site> = all.filter(|site| removes(*site)).collect();
        let removing: HashSet<FnId> = sites.iter().filter_map(|site| self.function_of(site.body)).collect();
        let mut leading = removing.clone();
        let mut newest: Vec<FnId> = leading.iter().copied().collect();
        for _ in 0..CALLS {
            let callers = newest.iter().flat_map(|function| self.calls.callers(*function));
            let calling: BTreeSet<FnId> = callers.filter_map(|call| self.function_of(call.site.body)).collect();
            newest = calling.into_iter().filter(|function| leading.insert(*function)).collect();
        }
        let ends = leading.iter().filter(|of| self.is_destructor(**of) || removing.contains(*of));
        let receivers = ends.filter_map(|of| self.signatures().functions[of.index()].receiver.as_ref());
        let owners = receivers.filter_map(|ty| self.struct_behind(ty)).collect();
        Removals { files: sites.iter().map(|site| site.body.file).collect(), owners, removing, leading, sites }
    }

    /// The body of a socket's binding and those that lead to it, each with the number of calls in between, the nearest first.
    fn callers_up_to(&self, body: BodyRef) -> Vec<(BodyRef, usize)> {
        let mut chain = vec![(body, 0)];
        let mut newest = vec![body];
        for distance in 1..=CALLS {
            let functions = newest.iter().filter_map(|body| self.function_of(*body));
            let callers = functions.flat_map(|function| self.calls.callers(function)).map(|call| call.site.body);
            let is_new = |body: &BodyRef| !self.is_test(*body) && chain.iter().all(|(known, _)| known != body);
            let shipped: BTreeSet<BodyRef> = callers.filter(is_new).collect();
            newest = shipped.into_iter().collect();
            chain.extend(newest.iter().map(|body| (*body, distance)));
        }
        chain
    }

    /// Whether something on the way to a socket calls what removes files, or has something that can. Further away, where a program sets up all that it has,
    /// only what removes one itself counts: what is behind a trait there is mostly of others.
    fn is_removed_beside(&self, chain: &[(BodyRef, usize)], removals: &Removals) -> bool {
        let on_the_way: HashSet<FnId> = chain.iter().filter_map(|(body, _)| self.function_of(*body)).collect();
        let by_name = |call: &Call| matches!(self.callee(call.site), Some(Callee::Workspace(_)));
        let removes = |call: &Call, distance: usize| match distance {
            0..=NEAR => removals.leading.contains(&call.to),
            _ => by_name(call) && removals.removing.contains(&call.to),
        };
        let may_remove = |ty: &Ty| self.struct_behind(ty).is_some_and(|id| removals.owners.contains(&id));
        chain.iter().any(|(body, distance)| {
            let mut calls = self.calls.callees(*body).iter().filter(|call| !on_the_way.contains(&call.to));
            let has = || self.body(*body).iter().any(|(node, _)| may_remove(self.ty(Site { body: *body, node })));
            calls.any(|call| removes(call, *distance)) || *distance <= NEAR && has()
        })
    }

    /// Whether a variable of a socket's path is given to a call of which nothing is known.
    fn may_go_elsewhere(&self, bind: Site, path: NodeId) -> bool {
        let facts = self.body(bind.body);
        let whole = facts.node(path).range;
        let locals: HashSet<_> = facts
            .iter()
            .filter_map(|(_, node)| match node.op {
                Op::Local(local) if whole.contains(node.range) => Some(local),
                _ => None,
            })
            .collect();
        let is_it = |argument: &NodeId| {
            let mut at = *argument;
            while let Op::Reference { of, .. } | Op::Method { receiver: of, .. } = &facts.node(at).op {
                at = *of;
            }
            matches!(&facts.node(at).op, Op::Local(local) if locals.contains(local))
        };
        facts.iter().any(|(node, n)| {
            let given = match &n.op {
                Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments,
                _ => return false,
            };
            let unknown = match self.callee(Site { node, ..bind }) {
                Some(Callee::External(path)) => {
                    let known = self.catalogue().describes(*path) || self.catalogue().lists(Calls::LeavesFile, *path);
                    !path.starts_with("std::") && !known
                }
                Some(Callee::Workspace(_) | Callee::Trait(_) | Callee::Constructor(..)) => false,
                _ => true,
            };
            node != bind.node && unknown && given.iter().any(is_it)
        })
    }

    /// Whether what a call is given comes from one of some names.
    fn mentions_one(&self, call: Site, names: &[(Option<TypeId>, Ustr)]) -> bool {
        let mut given = Path::default();
        self.follow_path(call, &mut given, FUEL);
        given.names.iter().any(|(owner, name)| {
            let may_be_one = |other: &Option<TypeId>| owner.is_none() || other.is_none() || owner == other;
            names.iter().any(|(other, known)| known == name && may_be_one(other))
        })
    }

    /// Notes what a path is made of, through variables, parameters and what functions of the workspace give.
    fn follow_path(&self, value: Site, path: &mut Path, fuel: u32) {
        let Some(fuel) = fuel.checked_sub(1) else {
            path.lost = true;
            return;
        };
        if !path.seen.insert(value) {
            return;
        }
        path.lost |= self.goes_by_itself(value);
        let to = |node: NodeId| Site { node, ..value };
        match &self.node(value).op {
            Op::Local(local) => {
                let sources = self.sources(value.body, *local);
                if sources.is_empty() {
                    self.follow_given(value, *local, path, fuel);
                }
                sources.into_iter().for_each(|node| self.follow_path(to(node), path, fuel));
            }
            Op::Field { base, name } => {
                path.names.push((self.struct_behind(self.ty(to(*base))), *name));
                self.follow_path(to(*base), path, fuel);
            }
            Op::Path(named) => {
                let is_item = self.info(value.body).statics.contains_key(&value.node);
                if is_item || self.constant_named(value).is_some() {
                    path.names.push((None, named.last()));
                }
            }
            Op::Literal(Literal::Text(text)) => {
                path.names.push((None, *text));
            }
            Op::Macro(call) => {
                path.lost |= !call.seen;
                call.arguments.iter().for_each(|node| self.follow_path(to(*node), path, fuel));
                for local in &call.mentions {
                    let sources = self.sources(value.body, *local);
                    sources.into_iter().for_each(|node| self.follow_path(to(node), path, fuel));
                }
            }
            op => {
                if let Some(Callee::Workspace(function)) = self.callee(value) {
                    for to in self.may_call(value, *function) {
                        let body = self.defs().body_of(to).filter(|body| self.is_linked(*body));
                        let values = body.into_iter().flat_map(|body| {
                            self.returned_values(body).into_iter().map(move |node| Site { body, node })
                        });
                        values.for_each(|given| self.follow_path(given, path, fuel));
                    }
                }
                let mut parts = op.operands();
                op.regions(&mut |region| parts.extend(self.body(value.body).region(region).value));
                parts.into_iter().for_each(|part| self.follow_path(to(part), path, fuel));
            }
        }
    }

    /// Notes what callers give for a parameter.
    fn follow_given(&self, value: Site, local: LocalId, path: &mut Path, fuel: u32) {
        let Some((function, Some(at))) = self.function_of(value.body).zip(self.parameter_of(value.body, local)) else {
            return;
        };
        for call in self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body)) {
            if let Some(given) = self.argument_at(call.site, function, at) {
                self.follow_path(given, path, fuel);
            }
        }
    }

    /// Whether a part of a path is another one each time, as a fresh id is, or lies where somebody removes all there is: in a folder for a while.
    fn goes_by_itself(&self, part: Site) -> bool {
        let lists =
            |path| self.catalogue().lists(Calls::Unique, path) || self.catalogue().lists(Calls::NamesProcess, path);
        let for_a_while = |resource: &Ustr| {
            self.resource(*resource)
                .and_then(|entry| entry.kind)
                .is_some_and(|kind| kind == "temp-dir" || kind == "temp-file")
        };
        let abstracted =
            matches!(&self.node(part).op, Op::Literal(Literal::Text(text)) if text.starts_with(['@', '\0']));
        abstracted
            || self.external(part).is_some_and(lists)
            || self.owned_resources(self.ty(part).peeled()).iter().any(for_a_while)
    }
}
