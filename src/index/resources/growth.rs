//! Collections that outlive the calls that use them: where one gets more, and whether anything gives it less.
//! Where a collection that shrinks cannot be told apart from one that grows, the growing one is taken to shrink.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{LocalId, NodeId, Op, Pattern, RegionId};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::flow::variety::Variety;
use crate::index::resources::keepers::{Follow, Keeper};
use crate::index::{Index, Ty};
use crate::source::Span;

/// Kinds of what keeps things beyond the program's own end.
const STORES: [&str; 5] =
    ["database-client", "database-connection", "connection-pool", "connection-manager", "embedded-store"];

/// A collection that only ever gets more.
#[derive(Debug, Clone)]
pub struct Growing {
    pub keeper: Keeper,
    /// What gets more: all that the keeper keeps, or a collection further in.
    collection: Ty,
    /// The calls that add to it, in the order of files and places.
    pub added: Vec<Site>,
    /// The collections in it get less: what is left behind of each is its key. Of those that hold nothing but times and numbers, that is as much as
    /// there ever was.
    pub emptied: bool,
}

/// How the names of functions begin that remove what they are given the key of.
const REMOVING: &[&str] = &["remove_", "delete_", "unregister_", "deregister_", "evict_", "forget_", "expire_"];

/// Names of keys that do not say what they are the key of.
const ANY_KEY: &[&str] = &["key", "id", "name", "item", "entry", "value"];

/// What takes away from collections, as far as it is known from which.
#[derive(Default)]
struct Shrinking {
    /// With the type of what shrinks; unknown stands for any.
    keepers: HashSet<(Keeper, Ty)>,
    /// Names behind which it could not be followed.
    names: HashSet<String>,
    types: HashSet<Ty>,
}

/// A function that takes out what has become old, of a collection that gets more while a service runs, and that nothing calls.
#[derive(Debug, Clone, Copy)]
pub struct UncalledExpiry {
    pub function: FnId,
    pub keeper: Keeper,
    pub added: Site,
}

impl Index {
    /// Functions that would expire what is in a collection that stays, where nothing but tests calls one.
    pub fn uncalled_expiries(&self) -> Vec<UncalledExpiry> {
        let expires = |function: FnId| Some((function, self.expired_by(function)?));
        let expiries: Vec<(FnId, Keeper)> = self.defs().fn_ids().filter_map(expires).collect();
        let called = |function: FnId| self.is_called_in_earnest(function);
        let uncalled = expiries.iter().filter(|(function, keeper)| {
            !called(*function) && !expiries.iter().any(|(other, of)| of == keeper && called(*other))
        });
        uncalled.filter_map(|(function, keeper)| self.uncalled_expiry(*function, *keeper)).collect()
    }

    fn uncalled_expiry(&self, function: FnId, keeper: Keeper) -> Option<UncalledExpiry> {
        if !self.stays(keeper) {
            return None;
        }
        let mut sites = self.shipped_sites().filter(|site| self.function_of(site.body) != Some(function));
        let adds = |site: &Site| self.added_to(*site).is_some_and(|to| self.keepers(to).contains(&keeper));
        let added = sites.find(|site| adds(site) && self.while_serving(*site).is_some())?;
        Some(UncalledExpiry { function, keeper, added })
    }

    /// The static or field out of which a function takes what a clock says is old.
    fn expired_by(&self, function: FnId) -> Option<Keeper> {
        let body = self.defs().body_of(function).filter(|body| self.is_linked(*body) && !self.is_test(*body))?;
        let callees = self.info(body).callees.values();
        let reads_a_clock =
            |callee: &Callee| matches!(callee, Callee::External(path) if self.catalogue().lists(Calls::Clocks, *path));
        if !callees.into_iter().any(reads_a_clock) {
            return None;
        }
        let sites = self.body(body).iter().map(|(node, _)| Site { body, node });
        let retained = |site: Site| matches!(&self.node(site).op, Op::Method { name, .. } if name == "retain" || name == "extract_if");
        sites.filter(|site| retained(*site)).find_map(|site| self.keepers(self.taken_from(site)?).into_iter().next())
    }

    /// Whether a function runs outside of tests: the workspace calls it, perhaps on a receiver that is not known, or a library does.
    fn is_called_in_earnest(&self, function: FnId) -> bool {
        self.is_called_from_outside(function)
            || self.handler(function).is_some()
            || self.calls.callers(function).iter().any(|call| !self.is_test(call.site.body))
            || self.called_by_name(self.defs().function(function).name).iter().any(|site| !self.is_test(site.body))
    }

    /// The collections in statics and fields that some code adds to and none takes away from, bounds or replaces. Each is given once.
    pub fn growing(&self) -> Vec<Growing> {
        let mut added: BTreeMap<Span, Growing> = BTreeMap::new();
        let mut shrinking = Shrinking::default();
        for (body, facts, _) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for (node, _) in facts.iter() {
                let site = Site { body, node };
                if let Some(to) = self.added_to(site) {
                    self.note_growing(site, to, &mut added);
                }
                if let Some(from) = self.taken_from(site).filter(|_| !self.is_over_by(site)) {
                    self.note_shrinking(from, &mut shrinking);
                }
            }
        }
        self.share_shrinking(&mut shrinking);
        let growing = added.into_values().filter(|growing| !self.may_shrink(growing, &shrinking));
        growing.map(|growing| Growing { emptied: self.is_emptied(&growing, &shrinking), ..growing }).collect()
    }

    fn note_growing(&self, site: Site, to: Site, added: &mut BTreeMap<Span, Growing>) {
        let Some(collection) = self.collection(self.ty(to)) else { return };
        for keeper in self.keepers(to) {
            let growing = || Growing { keeper, collection: collection.clone(), added: Vec::new(), emptied: false };
            added.entry(self.keeper_span(keeper)).or_insert_with(growing).added.push(site);
        }
    }

    /// The collection that a call adds to.
    pub(in crate::index) fn added_to(&self, site: Site) -> Option<Site> {
        let Op::Method { receiver, .. } = &self.node(site).op else { return None };
        let grows = self.catalogue().lists(Calls::Grows, self.external(site)?) && !self.only_modifies(site);
        grows.then_some(Site { node: *receiver, ..site })
    }

    /// Whether an entry is looked up to be changed where there is one, and nothing is put in where there is none.
    fn only_modifies(&self, entry: Site) -> bool {
        let info = self.info(entry.body);
        let called_on = |node: NodeId| {
            let parent = info.parent(node)?;
            match &self.body(entry.body).node(parent).op {
                Op::Method { receiver, name, .. } if *receiver == node => Some((parent, *name)),
                _ => None,
            }
        };
        let chain: Vec<(NodeId, Ustr)> =
            std::iter::successors(called_on(entry.node), |(node, _)| called_on(*node)).collect();
        chain.last().is_some_and(|(last, _)| self.view(entry.body).is_unused(*last))
            && chain.iter().all(|(_, name)| name == "and_modify")
    }

    /// Whether a call adds under a key, or what is in the collection once.
    pub fn adds_by_key(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::GrowsByKey, path))
    }

    /// How many different things a call can add: it is the key that tells them apart, where there is one.
    pub fn added_variety(&self, site: Site) -> Variety {
        let (Op::Method { arguments, .. }, Some(path)) = (&self.node(site).op, self.external(site)) else {
            return Variety::Unknown;
        };
        match arguments.first() {
            Some(_) if self.adds_by_key(site) && self.is_keyed_by_few(site) => Variety::Few,
            Some(key) if self.catalogue().lists(Calls::GrowsByKey, path) => {
                self.key_variety(Site { node: *key, ..site })
            }
            _ => Variety::Endless,
        }
    }

    /// Whether the type of the collection that a call adds to says that there are only so many keys: `HashMap<u8, _>`.
    fn is_keyed_by_few(&self, site: Site) -> bool {
        let collection = self.added_to(site).and_then(|to| self.collection(self.ty(to)));
        matches!(collection, Some(Ty::Ext(_, of)) if of.first().is_some_and(|key| self.has_few_values(key)))
    }

    /// Where a key cannot be followed, its type may say that ever new ones come.
    fn key_variety(&self, key: Site) -> Variety {
        match (self.variety(key), self.ty(key).peeled()) {
            (Variety::Unknown, Ty::Ext(path, _)) if self.catalogue().lists(Calls::Countless, *path) => Variety::Endless,
            (variety, _) => variety,
        }
    }

    /// The collection that a call or assignment takes something away from, or asks for its size before it adds.
    fn taken_from(&self, site: Site) -> Option<Site> {
        let to = |node: NodeId| Some(Site { node, ..site });
        match &self.node(site).op {
            Op::Method { receiver, name, .. } => {
                let own = matches!(self.callee(site), Some(Callee::Workspace(_) | Callee::Trait(_)));
                let shrinks = !own && self.catalogue().lists(Calls::Shrinks, *name);
                if shrinks || (name == "len" && self.is_compared(site)) { to(*receiver) } else { None }
            }
            Op::Call { arguments, .. } => {
                let shrinks = self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Shrinks, path));
                if shrinks { to(*arguments.first()?) } else { None }
            }
            Op::Assign { place, .. } => {
                let replaced = Site { node: *place, ..site };
                let whole = match &self.node(replaced).op {
                    Op::Field { .. } => true,
                    Op::Deref(_) => self.collection(self.ty(replaced)).is_some() || self.ty(replaced).is_unknown(),
                    _ => false,
                };
                if whole { Some(replaced) } else { None }
            }
            _ => None,
        }
    }

    fn is_compared(&self, site: Site) -> bool {
        let parent = self.info(site.body).parent(site.node);
        parent.is_some_and(|parent| {
            matches!(self.body(site.body).node(parent).op, Op::Binary { .. } | Op::Cast { .. } | Op::Bind { .. })
        })
    }

    /// Whether a place is only come to when the services that lead there have stopped serving.
    pub fn is_over_by(&self, site: Site) -> bool {
        let mut services = self.services_reaching(site.body).peekable();
        services.peek().is_some() && services.all(|program| self.stands_where_it_stops(program, site))
    }

    /// The type that a destructor is of, or a method that nothing but the destructor of its type calls.
    fn destroyed_by(&self, body: BodyRef) -> Option<TypeId> {
        let function = self.function_of(body)?;
        let owner = self.receiver_type(function)?;
        let destroys = |id: FnId| self.is_destructor(id) && self.receiver_type(id) == Some(owner);
        let callers = self.calls.callers(function);
        let by_destructor =
            || !callers.is_empty() && callers.iter().all(|call| self.function_of(call.site.body).is_some_and(destroys));
        (destroys(function) || by_destructor()).then_some(owner)
    }

    fn note_shrinking(&self, from: Site, shrinking: &mut Shrinking) {
        let mut reached = self.reached(from, Follow::Perhaps);
        // What a value lets go of when it is dropped itself bounds nothing while it is there.
        if let Some(owner) = self.destroyed_by(from.body) {
            let own =
                |keeper: &Keeper| matches!(keeper, Keeper::Field(id, _) if *id == owner) && !self.is_shared(*keeper);
            if reached.keepers.iter().any(own) && reached.open.is_empty() {
                reached.keepers.retain(|keeper| !own(keeper));
                if reached.keepers.is_empty() {
                    return;
                }
            }
        }
        // What is known not to be a collection is another one's element: it shrinks by itself, unless it is the place of one.
        let shrinks = self.collection(self.ty(from)).unwrap_or_else(|| match self.innermost(self.ty(from)) {
            Ty::Ext(path, _) if self.catalogue().lists_a_member(Calls::TakesOutEntry, path) => Ty::Unknown,
            known @ (Ty::Ext(..) | Ty::Adt(..)) => known,
            _ => Ty::Unknown,
        });
        if reached.keepers.is_empty() {
            shrinking.types.extend(reached.behind_handles);
        }
        shrinking.keepers.extend(reached.keepers.into_iter().map(|keeper| (keeper, shrinks.clone())));
        if !reached.open.is_empty() {
            shrinking.names.extend(reached.open.iter().map(|name| name.to_lowercase()));
            shrinking.types.extend(Some(shrinks).filter(|ty| !ty.is_unknown()));
        }
    }

    /// What shrinks behind a shared handle shrinks for all that may hold the same handle.
    fn share_shrinking(&self, shrinking: &mut Shrinking) {
        let shared = shrinking.keepers.iter().filter(|(keeper, _)| self.is_shared(*keeper));
        let whole = |keeper: &Keeper| self.collection(&self.keeper_type(*keeper));
        let types: Vec<Ty> = shared
            .filter_map(|(keeper, shrinks)| if shrinks.is_unknown() { whole(keeper) } else { Some(shrinks.clone()) })
            .collect();
        shrinking.types.extend(types);
    }

    fn may_shrink(&self, growing: &Growing, shrinking: &Shrinking) -> bool {
        let bounds = |shrinks: &Ty| self.is_or_holds(shrinks, &growing.collection);
        shrinking.keepers.iter().any(|(keeper, shrinks)| *keeper == growing.keeper && bounds(shrinks))
            || shrinking.names.contains(&self.keeper_name(growing.keeper).to_lowercase())
            || shrinking.types.iter().any(bounds)
    }

    /// Whether the collections in one that grows get less, and hold more than times and numbers.
    fn is_emptied(&self, growing: &Growing, shrinking: &Shrinking) -> bool {
        let within = |(keeper, shrinks): &(Keeper, Ty)| {
            (*keeper == growing.keeper || self.is_shared(*keeper))
                && self.collection(shrinks).is_some()
                && self.is_or_holds(&growing.collection, shrinks)
                && !self.holds_only_figures(shrinks)
        };
        shrinking.keepers.iter().any(within) || self.holds_what_shrinks(&growing.collection, shrinking)
    }

    /// Whether what is in a collection has collections of its own that get less: what is left of each is its key and an empty shell.
    fn holds_what_shrinks(&self, collection: &Ty, shrinking: &Shrinking) -> bool {
        let Ty::Ext(_, parts) = collection.peeled() else { return false };
        let owners: Vec<TypeId> = parts.iter().filter_map(|part| self.struct_behind(part)).collect();
        shrinking.keepers.iter().any(|(keeper, _)| {
            matches!(keeper, Keeper::Field(owner, _) if owners.contains(owner) && self.is_collection(&self.keeper_type(*keeper)))
        })
    }

    /// Whether what is kept are clients, pools or connections, one for each address: there are as many as there are others to talk to.
    pub fn keeps_ways_to_others(&self, growing: &Growing) -> bool {
        let Ty::Ext(_, parts) = growing.collection.peeled() else { return false };
        let reaches = |path: &Ustr| {
            self.resource(*path)
                .is_some_and(|entry| entry.when_repeated.is_some() && entry.kind.is_some_and(|kind| kind != "regex"))
        };
        parts.iter().any(|part| {
            let behind = self.struct_behind(part).map(|id| Ty::Adt(id, Vec::new()));
            behind.iter().chain([part]).any(|ty| self.owned_resources(ty.peeled()).iter().any(reaches))
        })
    }

    /// Whether what is kept stands in memory for what is stored elsewhere: a trait of the workspace that its owner implements is implemented by another type, too,
    /// which has a way to a database, or has a store.
    pub fn stands_for_a_store(&self, growing: &Growing) -> bool {
        let Keeper::Field(owner, _) = growing.keeper else { return false };
        let is_own = |ty: &&Ty| matches!(ty.peeled(), Ty::Adt(id, _) if *id == owner);
        let stores = |path: &Ustr| self.kind(*path).is_some_and(|kind| STORES.contains(&kind.as_str()));
        let others = |of: TraitId| self.signatures().types_with(of).filter(|ty| !is_own(ty));
        self.defs().trait_ids().any(|of| {
            self.signatures().types_with(of).any(|ty| is_own(&ty))
                && others(of).any(|ty| self.owned_resources(ty.peeled()).iter().any(stores))
        })
    }

    /// A method of the same type that removes what a key stands for, by its name and that of a parameter, and that is called in earnest: what is kept under the
    /// key is forgotten there.
    pub fn forgotten_by(&self, added: Site) -> Option<Span> {
        let Op::Method { arguments, .. } = &self.node(added).op else { return None };
        let local = self.named_by(Site { node: *arguments.first()?, ..added })?;
        self.parameter_of(added.body, local).flatten()?;
        let key = self.body(added.body).local(local).name;
        let owner = self.receiver_type(self.function_of(added.body)?)?;
        let removes = |id: &FnId| {
            let function = self.defs().function(*id);
            let body = self.defs().body_of(*id).filter(|body| self.is_linked(*body));
            let is_given = |body: BodyRef| {
                let facts = self.body(body);
                facts.parameters.iter().flat_map(Pattern::locals).any(|local| facts.local(local).name == key)
            };
            let verb = REMOVING.iter().find(|verb| function.name.starts_with(**verb));
            let named = !ANY_KEY.contains(&key.as_str())
                && verb.is_some_and(|verb| {
                    function.name[verb.len()..].split('_').any(|word| key.split('_').next() == Some(word))
                });
            named && body.is_some_and(is_given)
        };
        let methods = self.defs().fn_ids().filter(|id| self.receiver_type(*id) == Some(owner));
        let found = methods.filter(removes).find(|id| self.is_called_in_earnest(*id))?;
        Some(self.fn_span(found))
    }

    /// Whether nothing but tests is known to make the values that have a field.
    pub fn is_made_by_tests_alone(&self, keeper: Keeper) -> bool {
        let Keeper::Field(id, _) = keeper else { return false };
        let made = self.made_at(id);
        !made.is_empty() && made.iter().all(|site| self.is_built_by_tests_alone(*site))
    }

    /// Whether what is added under a key is added only where something else is known by that key: a look-up before has to succeed.
    pub fn is_looked_up_first(&self, added: Site) -> bool {
        let Op::Method { arguments, .. } = &self.node(added).op else { return false };
        let Some(key) = arguments.first().and_then(|key| self.named_by(Site { node: *key, ..added })) else {
            return false;
        };
        let facts = self.body(added.body);
        let around: Vec<RegionId> = facts.outwards(facts.node(added.node).region).map(|(region, _)| region).collect();
        let is_found = |region: &RegionId| {
            let found = self.view(added.body).found_in(*region);
            found.is_some_and(|found| self.looks_up(Site { node: found, ..added }, key))
        };
        around.iter().any(is_found)
            || facts.iter().take(added.node.index()).filter(|(_, node)| around.contains(&node.region)).any(
                |(_, node)| match &node.op {
                    Op::Bind { init: Some(found), otherwise: Some(_), .. } => {
                        self.looks_up(Site { node: *found, ..added }, key)
                    }
                    Op::Try(found) => self.looks_up(Site { node: *found, ..added }, key),
                    _ => false,
                },
            )
    }

    /// Whether an expression is what a call found by a key, if it found any.
    fn looks_up(&self, found: Site, key: LocalId) -> bool {
        let at = |node: NodeId| Site { node, ..found };
        match &self.node(found).op {
            Op::Await(of) => self.looks_up(at(*of), key),
            Op::Local(local) => {
                let init = self.init_of(found.body, *local).filter(|init| *init < found.node);
                init.is_some_and(|init| self.looks_up(at(init), key))
            }
            Op::Method { receiver, arguments, .. } => {
                let is_given = arguments.iter().any(|argument| self.named_by(at(*argument)) == Some(key));
                let may_find = match self.ty(found) {
                    Ty::Future(of) => is_option(of),
                    ty => is_option(ty),
                };
                is_given && may_find || self.looks_up(at(*receiver), key)
            }
            _ => false,
        }
    }

    /// The variable that a key is, or is a copy of.
    fn named_by(&self, key: Site) -> Option<LocalId> {
        match &self.node(key).op {
            Op::Method { receiver, arguments, .. } if arguments.is_empty() => {
                self.named_by(Site { node: *receiver, ..key })
            }
            _ => self.cloned_from(key),
        }
    }

    /// Whether nothing but times and numbers is in a collection.
    fn holds_only_figures(&self, collection: &Ty) -> bool {
        match collection.peeled() {
            Ty::Ext(path, parts) if self.catalogue().lists_a_member(Calls::Grows, *path) => {
                parts.iter().all(|part| self.holds_only_figures(part))
            }
            Ty::Ext(path, _) => !path.contains("::") || self.catalogue().lists_a_member(Calls::Clocks, *path),
            Ty::Slice(of) => self.holds_only_figures(of),
            Ty::Tuple(parts) => parts.iter().all(|part| self.holds_only_figures(part)),
            _ => false,
        }
    }

    /// Whether what grows keeps a list of times for each key, or how much there was since when, as who counts what somebody did of late: it outlives each of
    /// those it counts, and whoever comes is a key.
    pub fn is_window(&self, growing: &Growing) -> bool {
        let Ty::Ext(_, parts) = growing.collection.peeled() else { return false };
        let is_collection =
            |ty: &Ty| matches!(ty.peeled(), Ty::Ext(path, _) if self.catalogue().lists_a_member(Calls::Grows, *path));
        let is_counted = |kept: &Ty| self.is_tally(kept) && growing.added.iter().any(|site| self.counts_in_time(*site));
        let lists_times = |kept: &Ty| is_collection(kept) && self.holds_only_figures(kept) && self.holds_times(kept);
        matches!(&parts[..], [_, kept] if lists_times(kept) || is_counted(kept))
    }

    /// Whether a value holds numbers beside times, and nothing else.
    fn is_tally(&self, ty: &Ty) -> bool {
        let parts: Vec<&Ty> = match ty {
            Ty::Tuple(parts) => parts.iter().collect(),
            Ty::Adt(id, _) if self.defs().type_def(*id).variants.is_empty() => {
                self.signatures().fields[id.index()].values().collect()
            }
            _ => Vec::new(),
        };
        let (times, counts): (Vec<&Ty>, Vec<&Ty>) = parts.into_iter().partition(|part| self.is_time(part));
        let is_number = |ty: &&Ty| matches!(ty, Ty::Ext(path, _) if !path.contains("::") && path != "bool");
        !times.is_empty() && !counts.is_empty() && counts.iter().all(is_number)
    }

    /// Whether a part of something is counted up or down where an entry is looked up, and it is asked there how much time has passed.
    fn counts_in_time(&self, added: Site) -> bool {
        let facts = self.body(added.body);
        let is_part = |place: NodeId| matches!(facts.node(place).op, Op::Field { .. } | Op::Deref(_));
        let counts = |op: &Op| match *op {
            Op::Assign { place, value } => {
                is_part(place) && matches!(facts.node(value).op, Op::Binary { left, .. } if left == place)
            }
            _ => false,
        };
        let asks = |node: NodeId| match facts.node(node).op {
            Op::Method { receiver, .. } if self.is_time(self.ty(Site { node: receiver, ..added })) => {
                self.external(Site { node, ..added }).is_some_and(|path| self.catalogue().lists(Calls::Clocks, path))
            }
            _ => false,
        };
        facts.iter().any(|(_, n)| counts(&n.op)) && facts.iter().any(|(node, _)| asks(node))
    }

    fn holds_times(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Ext(path, parts) => {
                self.catalogue().lists_a_member(Calls::Clocks, *path) || parts.iter().any(|part| self.holds_times(part))
            }
            Ty::Slice(of) => self.holds_times(of),
            Ty::Tuple(parts) => parts.iter().any(|part| self.holds_times(part)),
            _ => false,
        }
    }

    /// Whether what shrinks may be a collection, or one around it.
    fn is_or_holds(&self, shrinks: &Ty, collection: &Ty) -> bool {
        may_be(shrinks, collection)
            || match shrinks {
                Ty::Ext(_, parts) | Ty::Tuple(parts) => parts
                    .iter()
                    .any(|part| self.collection(part).is_some_and(|inner| self.is_or_holds(&inner, collection))),
                _ => false,
            }
    }

    /// Whether a value of this type is or holds a collection.
    pub(in crate::index) fn is_collection(&self, ty: &Ty) -> bool {
        self.collection(ty).is_some()
    }

    /// The collection in a type: the type itself, what it refers to, or what it holds.
    pub(super) fn collection(&self, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Ref(of) | Ty::Slice(of) => self.collection(of),
            Ty::Ext(path, _) if self.catalogue().lists_a_member(Calls::Grows, *path) => Some(ty.clone()),
            Ty::Ext(path, arguments) => {
                let entry = self.catalogue().type_entry(*path)?;
                let held = entry
                    .params
                    .iter()
                    .zip(arguments)
                    .filter(|(name, _)| entry.holds.contains(name) || entry.deref.is_some());
                held.map(|(_, argument)| argument).find_map(|argument| self.collection(argument))
            }
            _ => None,
        }
    }
}

/// Whether a type may be another, with what is not known of either left open.
fn may_be(ty: &Ty, other: &Ty) -> bool {
    let all = |a: &[Ty], b: &[Ty]| a.iter().zip(b).all(|(a, b)| may_be(a, b));
    match (ty, other) {
        (Ty::Unknown | Ty::Param(_), _) | (_, Ty::Unknown | Ty::Param(_)) => true,
        (Ty::Ext(a, parts), Ty::Ext(b, others)) => a == b && all(parts, others),
        (Ty::Adt(a, parts), Ty::Adt(b, others)) => a == b && all(parts, others),
        (Ty::Ref(a), Ty::Ref(b)) | (Ty::Slice(a), Ty::Slice(b)) => may_be(a, b),
        (Ty::Tuple(a), Ty::Tuple(b)) => a.len() == b.len() && all(a, b),
        (a, b) => a == b,
    }
}

fn is_option(ty: &Ty) -> bool {
    matches!(ty, Ty::Ext(path, _) if path == "std::option::Option")
}
