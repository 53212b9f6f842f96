//! Values that hold a shared handle of their own owner: a closure, a value or a task has an `Arc` or `Rc` of something and is put into a field of
//! it. Each keeps the other alive, unless somebody takes it out of the field again. Handles are told apart by the variable they are clones of.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::*;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::flow::Taker;
use crate::index::flow::handles::is_counted;
use crate::index::tasks::{End, Work};
use crate::index::{Index, Ty};

/// What holds the handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Closure,
    Value,
    /// A task that does not end while it has the handle.
    Task,
}

/// A cycle of a value and what it owns.
#[derive(Debug)]
pub struct Cycle {
    pub holder: Holder,
    /// The type that owns the holder, and is held by it.
    pub owner: TypeId,
    /// The field that the holder is put into.
    pub field: Ustr,
    /// Where it is put there.
    pub stored: Site,
    /// Where it uses, or is given, the handle.
    pub held: Site,
    /// The owner has a destructor, or owns a resource: something is lost by its never being dropped.
    pub matters: bool,
}

/// A handle that something holds: the variable that it is a clone of.
#[derive(Clone)]
struct Held {
    holder: Holder,
    owner: TypeId,
    handle: LocalId,
    at: NodeId,
}

/// Through how many functions of the workspace what is stored is followed.
const CALLS: u32 = 3;

impl Index {
    /// The cycles that are closed in one function, tests aside, in the order of files and places. Each field is given once.
    pub fn cycles(&self) -> Vec<Cycle> {
        let drops = self.drops();
        let mut seen = HashSet::default();
        let cycles = self.look(|view, node| {
            let held = self.held_by(view.site(node)).into_iter().filter(|_| !self.is_test(view.body));
            held.filter_map(|held| self.closed(view.site(node), &held, drops.get(&held.owner).copied())).next()
        });
        cycles.into_iter().filter(|cycle| seen.insert((cycle.owner, cycle.field))).collect()
    }

    fn closed(&self, site: Site, held: &Held, destructor: Option<FnId>) -> Option<Cycle> {
        let Held { holder, owner, at, .. } = *held;
        let (stored, field) = self.put_into_own(site, held.handle, CALLS)?;
        // The owner's destructor does not break it: it never runs.
        let own = destructor.and_then(|function| self.defs().body_of(function));
        if self.is_taken_out(owner, field, own, stored) {
            return None;
        }
        let matters = destructor.is_some() || !self.owned_resources(&Ty::Adt(owner, Vec::new())).is_empty();
        Some(Cycle { holder, owner, field, stored, held: Site { node: at, ..site }, matters })
    }

    /// The handles that a node's value holds.
    fn held_by(&self, site: Site) -> Vec<Held> {
        match &self.node(site).op {
            Op::Closure { region, .. } => self.captured(site.body, *region, Holder::Closure),
            Op::Struct { fields, .. } => {
                let given: Vec<NodeId> = fields.iter().map(|(_, node)| *node).collect();
                self.handles_among(site, &given, Holder::Value)
            }
            Op::Call { arguments, .. } => [self.kept_by_made(site, arguments), self.held_by_task(site)].concat(),
            Op::Method { .. } => self.held_by_task(site),
            _ => Vec::new(),
        }
    }

    /// The handles that a closure or async block takes from the function around it.
    fn captured(&self, body: BodyRef, region: RegionId, holder: Holder) -> Vec<Held> {
        let facts = self.body(body);
        let uses = facts.iter().filter(|(_, n)| facts.is_inside(n.region, region));
        let held = uses.filter_map(|(node, n)| match n.op {
            Op::Local(local) if !facts.is_inside(facts.local(local).region, region) => {
                let owner = self.shared(self.info(body).local(local))?;
                let handle = self.first_handle(body, local)?;
                Some(Held { holder, owner, handle, at: node })
            }
            _ => None,
        });
        held.collect()
    }

    /// The handles among what a value is made with.
    fn handles_among(&self, site: Site, parts: &[NodeId], holder: Holder) -> Vec<Held> {
        let held = parts.iter().filter_map(|part| {
            let at = Site { node: *part, ..site };
            Some(Held { holder, owner: self.shared(self.ty(at))?, handle: self.handle(at)?, at: *part })
        });
        held.collect()
    }

    /// The handles that a call is given which makes a value of the workspace with fields for them.
    fn kept_by_made(&self, site: Site, arguments: &[NodeId]) -> Vec<Held> {
        let made = match self.ty(site) {
            Ty::Adt(id, _) => Some(*id),
            ty => self.shared(ty),
        };
        let constructs = matches!(self.callee(site), Some(Callee::Workspace(_) | Callee::Constructor(..)));
        let Some(made) = made.filter(|_| constructs) else { return Vec::new() };
        let kept: HashSet<TypeId> =
            self.signatures().fields[made.index()].values().filter_map(|ty| self.shared(ty)).collect();
        let held = self.handles_among(site, arguments, Holder::Value).into_iter();
        held.filter(|held| kept.contains(&held.owner)).collect()
    }

    /// The handles of a task that nothing ends but the process, or its destructor.
    fn held_by_task(&self, site: Site) -> Vec<Held> {
        let Some(task) = self.task_at(site).filter(|task| matches!(task.end, End::Never(_))) else { return Vec::new() };
        let regions = task.work.iter().filter_map(|work| match work {
            Work::Region(region) => Some(*region),
            Work::Function(_) => None,
        });
        let mut held: Vec<Held> = regions.flat_map(|region| self.captured(site.body, region, Holder::Task)).collect();
        if let Op::Call { arguments, .. } | Op::Method { arguments, .. } = &self.node(site).op {
            for run in arguments {
                let parts = match &self.body(site.body).node(*run).op {
                    Op::Call { arguments, .. } => arguments.clone(),
                    Op::Method { receiver, arguments, .. } => [&[*receiver], &arguments[..]].concat(),
                    _ => Vec::new(),
                };
                held.extend(self.handles_among(site, &parts, Holder::Task));
            }
        }
        held
    }

    /// The type of the workspace behind an `Arc` or `Rc`.
    fn shared(&self, ty: &Ty) -> Option<TypeId> {
        match ty {
            Ty::Ext(_, of) if is_counted(ty) => match of.first()? {
                Ty::Adt(id, _) => Some(*id),
                _ => None,
            },
            _ => None,
        }
    }

    /// The variable that a value is a handle of.
    fn handle(&self, site: Site) -> Option<LocalId> {
        self.first_handle(site.body, self.cloned_from(site)?)
    }

    /// Where a value is put into a field of what a handle leads to, and which.
    fn put_into_own(&self, value: Site, handle: LocalId, fuel: u32) -> Option<(Site, Ustr)> {
        let fuel = fuel.checked_sub(1)?;
        let (facts, info) = (self.body(value.body), self.info(value.body));
        let wraps = |from: NodeId, into: NodeId| match &facts.node(into).op {
            Op::Cast { .. } | Op::Try(_) | Op::Await(_) | Op::Struct { .. } | Op::Tuple(_) => true,
            Op::Call { arguments, .. } => arguments.contains(&from) && self.wraps_it(Site { node: into, ..value }),
            Op::Method { receiver, name, .. } => {
                *receiver == from && name == "into" || self.cloned(Site { node: into, ..value }) == Some(from)
            }
            _ => false,
        };
        // The outermost node that the value is a part of.
        let mut at = value.node;
        while let Some(parent) = info.parent(at).filter(|parent| wraps(at, *parent)) {
            at = parent;
        }
        let user = info.parent(at)?;
        let site = Site { node: user, ..value };
        match (&facts.node(user).op, self.taker(Site { node: at, ..value }, &|_, _| false)) {
            (_, Some((_, Taker::Place(place)))) => {
                let field = self.field_of(Site { node: place, ..value }, handle)?;
                Some((site, field))
            }
            (_, Some((_, Taker::Patterns(patterns)))) => {
                let bound: Vec<LocalId> = patterns.into_iter().flat_map(Pattern::locals).collect();
                self.put_from(value.body, &bound, handle, fuel)
            }
            (Op::Method { receiver, arguments, .. }, _) if arguments.contains(&at) => {
                let of = Site { node: *receiver, ..value };
                match self.callee(site) {
                    Some(Callee::External(path)) => {
                        let catalogue = self.catalogue();
                        let keeps = catalogue.lists(Calls::Grows, *path) || catalogue.lists(Calls::Keeps, *path);
                        keeps.then(|| Some((site, self.field_of(of, handle)?)))?
                    }
                    Some(Callee::Workspace(function)) if self.handle(of) == Some(handle) => {
                        let position = arguments.iter().position(|argument| *argument == at)?;
                        Some((site, self.stores(*function, position, fuel)?))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn put_from(&self, body: BodyRef, bound: &[LocalId], handle: LocalId, fuel: u32) -> Option<(Site, Ustr)> {
        let uses = self.body(body).iter().filter(|(_, n)| matches!(&n.op, Op::Local(local) if bound.contains(local)));
        uses.filter_map(|(node, _)| self.put_into_own(Site { body, node }, handle, fuel)).next()
    }

    /// The field of its receiver that a method puts a parameter into.
    fn stores(&self, function: FnId, position: usize, fuel: u32) -> Option<Ustr> {
        self.defs().function(function).receiver.as_ref()?;
        let body = self.defs().body_of(function).filter(|body| self.is_linked(*body))?;
        let given = self.body(body).parameters.get(position)?.locals();
        self.put_from(body, &given, LocalId(0), fuel).map(|(_, field)| field)
    }

    /// The field of what a handle leads to that a place lies in.
    fn field_of(&self, place: Site, handle: LocalId) -> Option<Ustr> {
        self.fields_behind(place).into_iter().find_map(|field| match &self.node(field).op {
            Op::Field { base, name } if self.handle(Site { node: *base, ..field }) == Some(handle) => Some(*name),
            _ => None,
        })
    }

    /// Whether what a call gives is a value around its argument: a variant, or a library's type that holds what it is made with.
    fn wraps_it(&self, site: Site) -> bool {
        let holds = |ty: &Ty| match ty {
            Ty::Ext(path, _) => self.catalogue().type_entry(*path).is_some_and(|entry| !entry.holds.is_empty()),
            _ => false,
        };
        match self.callee(site) {
            Some(Callee::Constructor(..)) => true,
            Some(Callee::External(_)) => {
                holds(self.ty(site)) && self.callable(site).is_none_or(|c| c.constructs.is_none())
            }
            _ => false,
        }
    }

    /// Whether some code other than `own` takes something out of a field again, or lets go of what is in it; what `stored` it there took the place of
    /// nothing.
    fn is_taken_out(&self, owner: TypeId, field: Ustr, own: Option<BodyRef>, stored: Site) -> bool {
        let of_field = |site: Site| self.owning_field(site) == Some((owner, field));
        let ended = self.releases().filter(|release| Some(release.site.body) != own && release.site != stored);
        let mut ended = ended.map(|release| Site { node: release.operand, ..release.site });
        ended.any(of_field)
            || !self
                .look(|view, node| {
                    let site = view.site(node);
                    if site == stored {
                        return None;
                    }
                    let emptied = match view.op(node) {
                        Op::Assign { place, value } => is_none(view.op(*value)).then_some(*place),
                        Op::Method { receiver, .. } => {
                            let shrinks =
                                self.external(site).is_some_and(|p| self.catalogue().lists(Calls::Shrinks, p));
                            shrinks.then_some(*receiver)
                        }
                        _ => None,
                    };
                    emptied.filter(|place| Some(view.body) != own && of_field(view.site(*place)))
                })
                .is_empty()
    }
}

fn is_none(op: &Op) -> bool {
    matches!(op, Op::Path(path) if path.last() == "None")
}
