//! Values that are given up: a call takes them out of their owner's hands, and what it gives for them dies before anybody takes them back. What is
//! stored, handed on or taken where it cannot be followed may come back, and counts as if it did.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Leak, Runs};
use crate::facts::model::*;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// A value that is given up and never taken back.
#[derive(Debug)]
pub struct Leaked<'i> {
    /// The call that gives it up.
    pub site: Site,
    pub leak: &'i Leak,
}

/// Through how many variables and callers what a call gave is followed.
const FUEL: u32 = 12;

/// Types that may hold what was given other than by reference: in a wrapper, as a path, a number, a text that names it.
const NAMES: &[&str] = &[
    "str",
    "std::string::String",
    "std::path::Path",
    "std::path::PathBuf",
    "std::ffi::OsStr",
    "std::ffi::OsString",
    "std::os::fd::RawFd",
    "u64",
    "usize",
    "i64",
    "isize",
    "std::mem::ManuallyDrop",
    "std::borrow::Cow",
];

impl Index {
    /// Values that are given up and never taken back, in the order of files and places.
    pub fn leaked(&self) -> Vec<Leaked<'_>> {
        let mut found = Vec::new();
        for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for (node, _) in facts.iter() {
                let site = Site { body, node };
                let Some(path) = self.external(site) else { continue };
                let leaks = self.catalogue().leaks(path).filter(|leak| self.gives_up(site, leak));
                found.extend(leaks.map(|leak| Leaked { site, leak }));
            }
        }
        found
    }

    fn gives_up(&self, site: Site, leak: &Leak) -> bool {
        let by_name = !matches!(self.ty(site), Ty::Ref(_));
        let lost =
            |result: Site| Lost { index: self, leak, by_name, seen: HashSet::default() }.value(result, false, FUEL);
        let matters = leak.of.is_empty() || self.given_up(site).is_some_and(|value| self.is_one_of(value, &leak.of));
        // Who wants nothing of what it gives knows the address of what is given up.
        let gives_nothing = *self.ty(site) == Ty::unit() || self.is_statement(site);
        matters && !self.fills_a_cache(site) && if gives_nothing { !self.takes_back(site, leak) } else { lost(site) }
    }

    /// Whether what a call gives is thrown away where it is called.
    fn is_statement(&self, call: Site) -> bool {
        let parent = self.info(call.body).parent(call.node);
        parent.is_some_and(|parent| match &self.body(call.body).node(parent).op {
            Op::Discard(_) => true,
            Op::Bind { pattern, .. } => matches!(pattern.kind, PatternKind::Wild),
            _ => false,
        })
    }

    /// What a call gives up: its receiver, or its only argument.
    fn given_up(&self, site: Site) -> Option<Site> {
        let node = match &self.node(site).op {
            Op::Method { receiver, .. } => *receiver,
            Op::Call { arguments, .. } => *arguments.first()?,
            _ => return None,
        };
        Some(Site { node, ..site })
    }

    /// Whether a value is a resource of one of some kinds, and was made in this body: what somebody laid around a borrowed handle is not.
    fn is_one_of(&self, value: Site, kinds: &[Ustr]) -> bool {
        let Ty::Ext(path, _) = self.ty(value) else { return false };
        let kind = self.kind(*path);
        kind.is_some_and(|kind| kinds.contains(&kind)) && self.is_made_of(value, *path, &mut HashSet::default())
    }

    fn is_made_of(&self, value: Site, resource: Ustr, seen: &mut HashSet<NodeId>) -> bool {
        if !seen.insert(value.node) {
            return false;
        }
        if self.callable(value).is_some_and(|callable| callable.constructs == Some(resource)) {
            return true;
        }
        let mut parts = match &self.node(value).op {
            Op::Local(local) => self.sources(value.body, *local),
            Op::Try(of) | Op::Await(of) | Op::Method { receiver: of, .. } => vec![*of],
            _ => Vec::new(),
        };
        // What a block, or a branch of a choice, comes to.
        if let op @ (Op::Block(_) | Op::If { .. } | Op::Match { .. }) = &self.node(value).op {
            op.regions(&mut |region| parts.extend(self.body(value.body).region(region).value));
        }
        parts.into_iter().any(|node| self.is_made_of(Site { node, ..value }, resource, seen))
    }

    /// Whether some code of the same crate takes back what a call gives up.
    fn takes_back(&self, site: Site, leak: &Leak) -> bool {
        let krate = self.crate_of(site.body);
        self.bodies().filter(|(body, ..)| self.crate_of(*body) == krate).any(|(_, _, info)| {
            info.callees.values().any(|callee| matches!(callee, Callee::External(path) if leak.back.contains(*path)))
        })
    }
}

/// The walk of what a call gave for a value, as long as somebody may take the value back with it.
struct Lost<'i> {
    index: &'i Index,
    leak: &'i Leak,
    /// A path, a number or a pointer was given: a copy of it is as good.
    by_name: bool,
    seen: HashSet<(BodyRef, LocalId)>,
}

impl Lost<'_> {
    /// Whether nobody takes back what this node stands for. What is lent comes back by itself.
    fn value(&mut self, site: Site, lent: bool, fuel: u32) -> bool {
        let (body, info) = (self.index.body(site.body), self.index.info(site.body));
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let Some(parent) = info.parent(site.node) else { return self.region_value(site, lent, fuel) };
        let outer = Site { node: parent, ..site };
        match &body.node(parent).op {
            Op::Discard(_) | Op::Binary { .. } | Op::Unary(_) | Op::If { .. } => true,
            Op::Bind { pattern, .. } | Op::Let { pattern, .. } => self.pattern(site.body, pattern, lent, fuel),
            Op::Match { arms, .. } => arms.iter().all(|arm| self.pattern(site.body, &arm.pattern, lent, fuel)),
            Op::Reference { .. } => self.value(outer, true, fuel),
            Op::Try(_) | Op::Await(_) | Op::Cast { .. } | Op::Deref(_) | Op::Field { .. } | Op::Index { .. } => {
                self.value(outer, lent, fuel)
            }
            Op::Assign { place, value } if *value == site.node => match body.node(*place).op {
                Op::Local(local) => self.local(site.body, local, lent, fuel),
                _ => false,
            },
            Op::Assign { .. } => true,
            Op::Macro(call) => call.seen && self.only_tells(outer),
            Op::Method { receiver, .. } if *receiver == site.node => self.receiver(outer, lent, fuel),
            Op::Call { .. } | Op::Method { .. } => self.argument(outer, lent, fuel),
            Op::Return(_) => self.returned(site, fuel),
            _ => false,
        }
    }

    /// A value without a user: it is what its region evaluates to, or nobody has it.
    fn region_value(&mut self, site: Site, lent: bool, fuel: u32) -> bool {
        let (body, info) = (self.index.body(site.body), self.index.info(site.body));
        let region = body.node(site.node).region;
        if body.region(region).value != Some(site.node) {
            return true;
        }
        match info.region_node(region) {
            None => self.returned(site, fuel),
            Some(owner) => match body.node(owner).op {
                Op::Block(_) | Op::If { .. } | Op::Match { .. } => self.value(Site { node: owner, ..site }, lent, fuel),
                _ => false,
            },
        }
    }

    /// What a function returns is its callers' to take back.
    fn returned(&mut self, site: Site, fuel: u32) -> bool {
        let index = self.index;
        let Some(function) = index.function_of(site.body).filter(|function| index.handler(*function).is_none()) else {
            return false;
        };
        let calls = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body));
        let calls: Vec<_> = calls.collect();
        let is_called = |site: Site| matches!(index.callee(site), Some(Callee::Workspace(of)) if *of == function);
        !calls.is_empty()
            && calls
                .into_iter()
                .all(|call| call.runs == Runs::Inline && is_called(call.site) && self.value(call.site, false, fuel))
    }

    fn pattern(&mut self, body: BodyRef, pattern: &Pattern, lent: bool, fuel: u32) -> bool {
        pattern.locals().into_iter().all(|local| self.local(body, local, lent, fuel))
    }

    fn local(&mut self, body: BodyRef, local: LocalId, lent: bool, fuel: u32) -> bool {
        if !self.may_hold(self.index.info(body).local(local)) || !self.seen.insert((body, local)) {
            return true;
        }
        self.index.body(body).iter().all(|(node, n)| match &n.op {
            Op::Local(used) if *used == local => self.value(Site { body, node }, lent, fuel),
            Op::Macro(call) => call.seen || !call.mentions.contains(&local),
            _ => true,
        })
    }

    /// The value is what a method is called on.
    fn receiver(&mut self, call: Site, lent: bool, fuel: u32) -> bool {
        match self.index.callee(call) {
            Some(Callee::External(path)) if self.leak.back.contains(*path) => false,
            Some(Callee::External(_)) => self.result(call, lent, fuel),
            _ => false,
        }
    }

    /// The value is an argument of a call.
    fn argument(&mut self, call: Site, lent: bool, fuel: u32) -> bool {
        match self.index.callee(call) {
            Some(Callee::External(path)) => {
                let index = self.index;
                let keeps = self.leak.back.contains(*path) || index.catalogue().lists(Calls::Grows, *path);
                let uses = lent || self.leak.lent.contains(*path) || index.callable(call).is_some();
                !keeps && uses && self.result(call, lent, fuel)
            }
            Some(Callee::Constructor(..)) => self.value(call, lent, fuel),
            _ => false,
        }
    }

    /// Whether a macro makes nothing but text of what it is given.
    fn only_tells(&self, call: Site) -> bool {
        let tells = self.index.external(call).is_some_and(|path| self.index.catalogue().lists(Calls::Tells, path));
        tells
            || *self.index.ty(call) == Ty::unit()
            || *self.index.ty(call) == Ty::ext("std::string::String", Vec::new())
    }

    fn result(&mut self, call: Site, lent: bool, fuel: u32) -> bool {
        !self.may_hold(self.index.ty(call)) || self.value(call, lent, fuel)
    }

    /// Whether what was given may be in a value of this type.
    fn may_hold(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ext(path, parts) => {
                (self.by_name && NAMES.contains(&path.as_str())) || parts.iter().any(|part| self.may_hold(part))
            }
            Ty::Tuple(parts) => parts.iter().any(|part| self.may_hold(part)),
            Ty::Slice(of) | Ty::Future(of) => self.may_hold(of),
            Ty::Ref(_) | Ty::Unknown | Ty::Param(_) => true,
            _ => false,
        }
    }
}
