//! Resources that only a library has: it keeps them in a global of its own, or in what was made with them, and nobody else has a handle to end them by.
//! Statics of the workspace are not looked at here.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry, TypeExpr};
use crate::facts::model::{LocalId, NodeId, Op, Pattern};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, StaticId};
use crate::index::resources::Construction;
use crate::index::{Index, Ty};

/// A resource that a library keeps.
#[derive(Debug, Clone, Copy)]
pub struct Global {
    /// Where it gets out of everybody's hands: the call that gives it away for a global, or the one that made it.
    pub lost: Site,
    /// Whether the library keeps it in a global of its own, and not in what was made with it.
    pub is_given: bool,
    pub resource: Ustr,
    /// Where it is made so that it gathers what it hands on later.
    pub made: Site,
}

impl Index {
    /// What gathers something, is kept by a library, and is ended by nothing in the sources; test code aside. Each is given once.
    pub fn unended_globals(&self) -> Vec<Global> {
        let bodies = self.bodies().filter(|(body, ..)| !self.is_test(*body));
        let sites = bodies.flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
        let mut found: Vec<Global> =
            sites.filter(|site| self.sets_global(*site)).filter_map(|site| self.unended_global(site)).collect();
        let made =
            self.constructions(|entry| entry.when_unended.is_some()).filter(|made| !self.is_test(made.site.body));
        for buried in made.filter_map(|made| self.buried(made)) {
            if !found.iter().any(|known| known.made == buried.made) {
                found.push(buried);
            }
        }
        found
    }

    fn sets_global(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::SetsGlobal, path))
    }

    fn unended_global(&self, given: Site) -> Option<Global> {
        let Op::Call { arguments, .. } = &self.node(given).op else { return None };
        let value = Site { node: *arguments.first()?, ..given };
        // Of what one call makes together, that which is given.
        let is_given = |entry: &TypeEntry| self.ty(value).is_unknown() || self.owns(self.ty(value), entry.path);
        let made = self.made_behind(value, &|entry| entry.when_unended.is_some() && is_given(entry));
        let made = made.into_iter().find(|made| self.gathers(*made))?;
        let resource = self.callable(made)?.constructs?;
        let ended = self.resource(resource).is_none_or(|entry| self.is_ended_somewhere(entry));
        (!ended).then_some(Global { lost: given, is_given: true, resource, made })
    }

    /// What a function makes and leaves to libraries for good: every handle it has of it goes where nobody can end it.
    fn buried(&self, made: &Construction) -> Option<Global> {
        let innermost = made.through.last().copied().unwrap_or(made.site);
        let entry = self.resource(made.resource)?;
        if is_for_its_type(self.ty(made.site)) || !self.gathers(innermost) || self.is_ended_by_library(entry) {
            return None;
        }
        let mut burial = Burial { index: self, resource: made.resource, seen: HashSet::default(), given: None };
        let buried = burial.buries(made.site, FUEL);
        let lost = burial.given.unwrap_or(made.site);
        buried.then_some(Global { lost, is_given: burial.given.is_some(), resource: made.resource, made: innermost })
    }

    /// Whether what is gathered goes to something that the workspace defines: where that puts it, and whether it outlives the program, is not known.
    pub fn hands_on_to_own(&self, global: Global) -> bool {
        let gathers =
            |site: &Site| self.external(*site).is_some_and(|path| self.catalogue().lists(Calls::Gathers, path));
        let is_own = |site: Site| match &self.node(site).op {
            Op::Call { arguments, .. } => {
                arguments.iter().any(|node| is_for_its_type(self.ty(Site { node: *node, ..site })))
            }
            _ => false,
        };
        self.settings(global.made).makers.into_iter().filter(gathers).any(is_own)
    }

    fn gathers(&self, made: Site) -> bool {
        self.settings(made).set.iter().any(|setter| self.catalogue().lists(Calls::Gathers, *setter))
    }

    /// Whether what fills a static hands on each thing as it comes, for all that is made for it.
    pub fn hands_on_at_once(&self, id: StaticId, resource: Ustr) -> bool {
        let mut made = self
            .constructions(|entry| entry.path == resource)
            .filter(|made| !self.is_test(made.site.body) && self.initialises(made.site) == Some(id))
            .peekable();
        made.peek().is_some()
            && made.all(|made| {
                let set = self.settings(made.through.last().copied().unwrap_or(made.site)).set;
                let lists = |list: Calls| set.iter().any(|setter| self.catalogue().lists(list, *setter));
                lists(Calls::HandsOnAtOnce) && !lists(Calls::Gathers)
            })
    }

    /// Whether any code ends a value of this type, or may do so on something that is not known.
    fn is_ended_somewhere(&self, entry: &TypeEntry) -> bool {
        let may_end = |name: &str| {
            let name = ustr::ustr(name);
            let close = self.catalogue().declared_method(entry.path, name);
            let gives_no_future = close
                .is_some_and(|(_, it)| matches!(&it.returns, TypeExpr::Path(path, _) if path == "std::result::Result"));
            self.called_by_name(name).into_iter().any(|call| !(gives_no_future && self.is_awaited(call)))
        };
        entry.close_names().any(may_end) || self.calls_an_end(entry, &|_| true)
    }

    /// Whether any code has the library end what it keeps in its global, which takes no handle.
    fn is_ended_by_library(&self, entry: &TypeEntry) -> bool {
        self.calls_an_end(entry, &|path| !path.starts_with(entry.path.as_str()))
    }

    /// Whether any code but tests calls something that ends a value of this type, of those that `counts` accepts.
    fn calls_an_end(&self, entry: &TypeEntry, counts: &dyn Fn(Ustr) -> bool) -> bool {
        let ends = |path: Ustr| {
            counts(path) && self.catalogue().callable(path).is_some_and(|it| it.closes == Some(entry.path))
        };
        self.bodies().filter(|(body, ..)| !self.is_test(*body)).any(|(_, _, info)| {
            info.callees.values().any(|callee| matches!(callee, Callee::External(path) if ends(*path)))
        })
    }
}

/// Through how many variables and calls a handle is followed.
const FUEL: u32 = 12;

/// Follows the handles of a resource inside one function.
struct Burial<'i> {
    index: &'i Index,
    resource: Ustr,
    seen: HashSet<LocalId>,
    /// The first call that puts it into a library's global.
    given: Option<Site>,
}

impl Burial<'_> {
    /// Whether a handle, and all that are made of it, go where nobody can end the resource by them: into calls of libraries that keep it to
    /// themselves, or nowhere.
    fn buries(&mut self, site: Site, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let (facts, info) = (self.index.body(site.body), self.index.info(site.body));
        let to = |node: NodeId| Site { node, ..site };
        let Some(parent) = info.parent(site.node) else {
            let region = facts.node(site.node).region;
            if facts.region(region).value != Some(site.node) {
                return true;
            }
            let owner = info.region_node(region);
            let is_choice = |op: &Op| matches!(op, Op::Block(_) | Op::If { .. } | Op::Match { .. });
            return owner.is_some_and(|owner| is_choice(&facts.node(owner).op) && self.buries(to(owner), fuel));
        };
        match &facts.node(parent).op {
            Op::Discard(_) => true,
            Op::Try(_) | Op::Await(_) | Op::Reference { .. } => self.buries(to(parent), fuel),
            Op::Bind { pattern, .. } | Op::Let { pattern, .. } => self.buries_bound(site.body, &[pattern], fuel),
            Op::Match { arms, .. } => {
                self.buries_bound(site.body, &arms.iter().map(|arm| &arm.pattern).collect::<Vec<_>>(), fuel)
            }
            Op::Call { .. } | Op::Method { .. } => self.buries_in(to(parent), site.node, fuel),
            _ => false,
        }
    }

    fn buries_bound(&mut self, body: BodyRef, patterns: &[&Pattern], fuel: u32) -> bool {
        let info = self.index.info(body);
        let mut bound: Vec<LocalId> = patterns.iter().flat_map(|pattern| pattern.locals()).collect();
        // The only name is the value, whatever is known of its type.
        if bound.len() > 1 {
            bound.retain(|local| info.local(*local).is_open() || self.index.owns(info.local(*local), self.resource));
        }
        bound.into_iter().all(|local| !self.seen.insert(local) || self.buries_variable(body, local, fuel))
    }

    fn buries_variable(&mut self, body: BodyRef, local: LocalId, fuel: u32) -> bool {
        !is_for_its_type(self.index.info(body).local(local))
            && self.index.body(body).iter().all(|(node, n)| match &n.op {
                Op::Local(used) if *used == local => self.buries(Site { body, node }, fuel),
                Op::Macro(call) => !call.mentions.contains(&local),
                _ => true,
            })
    }

    /// Whether a call that is made on a handle, or is given one, buries it.
    fn buries_in(&mut self, call: Site, handle: NodeId, fuel: u32) -> bool {
        let Some(Callee::External(path)) = self.index.callee(call) else { return false };
        let catalogue = self.index.catalogue();
        if self.index.sets_global(call) {
            self.given.get_or_insert(call);
            return true;
        }
        if catalogue.lists(Calls::KeepsToItself, *path) {
            return true;
        }
        if catalogue.callable(*path).is_some_and(|callable| callable.closes.is_some()) {
            return false;
        }
        if self.index.owns(self.index.ty(call), self.resource) {
            return self.buries(call, fuel);
        }
        // What is lent comes back, and what a method of its own gives is another thing.
        let is_lent = matches!(self.index.node(Site { node: handle, ..call }).op, Op::Reference { .. });
        let is_own = matches!(self.index.node(call).op, Op::Method { receiver, .. } if receiver == handle)
            && path.starts_with(self.resource.as_str());
        is_lent || is_own
    }
}

/// Whether a value is of a type of the workspace, or holds one: what such a type owns is for that type to end.
fn is_for_its_type(ty: &Ty) -> bool {
    match ty {
        Ty::Adt(..) => true,
        Ty::Ext(_, parts) | Ty::Tuple(parts) => parts.iter().any(is_for_its_type),
        Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => is_for_its_type(of),
        _ => false,
    }
}
