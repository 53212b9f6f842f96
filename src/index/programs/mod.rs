//! The programs of the workspace: what each binary reaches from `main`, and what can happen in one run of it.

mod background;
pub mod deadlines;
pub mod deployments;
pub mod inventory;
pub mod kinds;
pub mod phases;
pub mod purpose;
mod reach;
pub mod serving;

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::Calls;
use crate::facts::model::{Literal, NodeId, Op, Owner, RegionId};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;
use crate::index::programs::kinds::{Kind, Lives, Subject, Verdict};
use crate::index::programs::reach::{Along, called_unseen, entries, led_to, linked_crates, reach, reach_from, runs};
use crate::workspace::TargetKind;

/// One binary target.
pub struct Program {
    pub krate: CrateId,
    pub main: FnId,
    /// Bodies that can run in it: from `main` through calls, handed functions, statics, handlers and trait impls of libraries.
    pub reach: HashSet<BodyRef>,
    /// Those of them that are known to: a call through a trait leads to the types alone of which a value comes up on the way.
    runs: HashSet<BodyRef>,
    /// Where it learns of signals, in the order of files and places; also in code that nothing is known to call.
    pub signals: Vec<SignalSite>,
    /// What kind of program it is, and what shows it.
    pub verdict: Verdict,
}

/// A place, and all bodies that lead there.
pub(in crate::index) type Target<'t> = (Site, &'t HashSet<BodyRef>);

/// A place that learns of signals.
pub struct SignalSite {
    pub site: Site,
    /// `interrupt`, `terminate`, …
    pub names: Vec<Ustr>,
    /// Whether `main` leads there.
    pub reached: bool,
    /// It is a server that handles them by itself: what the program does on a signal hangs on its other places.
    pub by_server: bool,
}

impl SignalSite {
    /// Whether it is a signal of this name that is learned of.
    pub fn tells_of(&self, signal: &str) -> bool {
        self.names.iter().any(|name| name == signal)
    }
}

impl Program {
    /// Whether it runs until it is stopped.
    pub fn is_service(&self) -> bool {
        self.verdict.kind == Kind::Service
    }

    /// Whether any code of the program listens to a signal.
    pub fn listens_to(&self, signal: &str) -> bool {
        self.signals.iter().any(|at| at.tells_of(signal))
    }
}

impl Index {
    /// Whether one run of a program can come to both places: no `if` or `match` on the way decides between them.
    pub fn coexist(&self, program: &Program, first: Site, second: Site) -> bool {
        let Some(main) = self.defs().body_of(program.main) else { return true };
        let (to_first, to_second) = (self.leading_to(first.body), self.leading_to(second.body));
        let mut seen = HashSet::default();
        self.coexist_below(main, (first, &to_first), (second, &to_second), &mut seen)
    }

    /// The branch that a run which comes to `first` takes, where one that comes to `second` takes another: what is said by an `if` or a `match` that each
    /// run comes to once, as that over the commands of a program. None where a run may come to both, and where it is not seen.
    pub fn parted(&self, program: &Program, first: Site, second: Site) -> Option<(BodyRef, RegionId)> {
        let main = self.defs().body_of(program.main)?;
        let (to_first, to_second) = (self.leading_to(first.body), self.leading_to(second.body));
        self.parted_below(main, (first, &to_first), (second, &to_second), &mut HashSet::default())
    }

    fn parted_below(
        &self,
        body: BodyRef,
        first: Target,
        second: Target,
        seen: &mut HashSet<BodyRef>,
    ) -> Option<(BodyRef, RegionId)> {
        let is_new = seen.insert(body);
        let (to_first, to_second) = (self.ways(body, first), self.ways(body, second));
        let again = |way: &NodeId| !self.loops_around(Site { body, node: *way }).is_empty();
        if !is_new || to_first.iter().chain(&to_second).any(again) {
            return None;
        }
        let mut parted = None;
        for a in &to_first {
            for b in &to_second {
                let below = |seen: &mut HashSet<BodyRef>| {
                    let leads_to_both = |at: &BodyRef| first.1.contains(at) && second.1.contains(at);
                    let mut called = self.callees_at(body, *a).filter(leads_to_both);
                    let next = called.next().filter(|_| called.next().is_none())?;
                    self.parted_below(next, first, second, seen)
                };
                let at = if a == b { below(seen) } else { self.branch_without(body, *a, *b).map(|at| (body, at)) };
                parted = Some(at?);
            }
        }
        parted
    }

    /// The branch around a node that stands beside one around another.
    fn branch_without(&self, body: BodyRef, node: NodeId, other: NodeId) -> Option<RegionId> {
        let others = self.branches(body, other);
        let beside =
            |at: &(Option<NodeId>, RegionId)| others.iter().any(|(owner, inner)| *owner == at.0 && *inner != at.1);
        self.branches(body, node).into_iter().find(beside).map(|(_, region)| region)
    }

    /// Whether a branch leads to what serves or takes connections.
    pub fn serves_in(&self, (body, branch): (BodyRef, RegionId)) -> bool {
        let serves = |path: Ustr| self.is_a_server(path) && self.catalogue().signal(path).is_none();
        let is_server = |site: Site| self.external(site).is_some_and(serves);
        let facts = self.body(body);
        let inside = facts.iter().filter(|(_, n)| facts.is_inside(n.region, branch));
        let inside: Vec<Site> = inside.map(|(node, _)| Site { body, node }).collect();
        let called = inside.iter().flat_map(|site| self.callees_at(site.body, site.node));
        let led = reach_from(self, called, Along::All);
        inside.iter().any(|site| is_server(*site)) || led.into_iter().any(|body| self.call_sites(body).any(is_server))
    }

    /// Whether a place belongs to another command of a program than those that serve: on the way to where it serves, a branch is left aside that is the
    /// only way to the place, and nothing serves there.
    pub fn is_apart_from_serving(&self, program: &Program, site: Site) -> bool {
        let leading = self.leading_to(site.body);
        self.course(program).spine.iter().any(|at| {
            let ways = self.ways(at.body, (site, &leading));
            let apart = |way: &NodeId| {
                self.exclusive(at.body, at.node, *way) && !self.leads_to_a_server(Site { body: at.body, node: *way })
            };
            !ways.is_empty() && ways.iter().all(apart)
        })
    }

    /// Whether a program listens to a signal, serves or takes connections: what does none of these is ended as well in the middle of its work.
    pub fn has_something_to_end(&self, program: &Program) -> bool {
        let serves = |callee: &Callee| matches!(callee, Callee::External(path) if self.is_a_server(*path));
        program.signals.iter().any(|at| at.reached)
            || program.reach.iter().any(|body| self.info(*body).callees.values().any(serves))
    }

    /// Whether a call leads to what serves, takes connections or waits for a signal.
    fn leads_to_a_server(&self, call: Site) -> bool {
        let called = |body: BodyRef| self.calls.callees(body).iter().filter_map(|call| self.defs().body_of(call.to));
        let mut queue: Vec<BodyRef> =
            self.callees_at(call.body, call.node).filter(|body| self.is_linked(*body)).collect();
        let mut seen = HashSet::default();
        while let Some(body) = queue.pop() {
            if !seen.insert(body) {
                continue;
            }
            let serves = |callee: &Callee| matches!(callee, Callee::External(path) if self.is_a_server(*path));
            if self.info(body).callees.values().any(serves) {
                return true;
            }
            queue.extend(called(body).filter(|body| self.is_linked(*body)));
        }
        false
    }

    /// Whether a call of a library serves, takes connections or waits for a signal.
    fn is_a_server(&self, path: Ustr) -> bool {
        let catalogue = self.catalogue();
        catalogue.server(path).is_some()
            || catalogue.lists(Calls::Forever, path)
            || catalogue.lists(Calls::Accepts, path)
            || catalogue.signal(path).is_some()
    }

    fn coexist_below(&self, body: BodyRef, first: Target, second: Target, seen: &mut HashSet<BodyRef>) -> bool {
        if !seen.insert(body) {
            return false;
        }
        let (to_first, to_second) = (self.ways(body, first), self.ways(body, second));
        // One of them is reached by frameworks only: nothing is known to keep them apart.
        if to_first.is_empty() || to_second.is_empty() {
            return seen.len() == 1;
        }
        to_first.iter().any(|a| {
            to_second.iter().any(|b| {
                if a != b {
                    return !self.exclusive(body, *a, *b);
                }
                self.callees_at(body, *a).any(|b| self.coexist_below(b, first, second, seen))
            })
        })
    }

    /// The nodes of a body that lead to a place, or are it.
    pub(in crate::index) fn ways(&self, body: BodyRef, (to, leading): Target) -> Vec<NodeId> {
        let own = (to.body == body).then_some(to.node);
        let leads = |inner: Option<BodyRef>| inner.is_some_and(|inner| leading.contains(&inner));
        let calls = self.calls.callees(body).iter().filter(|call| leads(self.defs().body_of(call.to)));
        let statics = self.calls.statics(body).iter().filter(|(_, item)| leads(self.defs().init_of(*item)));
        own.into_iter().chain(calls.map(|call| call.site.node)).chain(statics.map(|(node, _)| *node)).collect()
    }

    /// Whether `main` or a handler leads to a body by calls; code that is only assumed to run, such as impls of library traits, does not count.
    pub fn main_leads_to(&self, program: &Program, body: BodyRef) -> bool {
        let leading = self.leading_to(body);
        let handled = |at: &BodyRef| self.function_of(*at).is_some_and(|f| self.handler(f).is_some());
        program.reach.contains(&body)
            && (self.defs().body_of(program.main).is_some_and(|main| leading.contains(&main))
                || leading.iter().any(handled))
    }

    /// All bodies from which calls and statics lead to a body, itself included.
    pub(in crate::index) fn leading_to(&self, body: BodyRef) -> HashSet<BodyRef> {
        let mut leading = HashSet::default();
        let mut queue = vec![body];
        while let Some(at) = queue.pop() {
            if !leading.insert(at) {
                continue;
            }
            match self.owner(at) {
                Some(BodyOwner::Function(id)) => queue.extend(self.calls.callers(id).iter().map(|call| call.site.body)),
                Some(BodyOwner::Static(id)) => queue.extend(self.calls.mentions(id).iter().map(|site| site.body)),
                None => {}
            }
        }
        leading
    }

    /// Whether two nodes stand in different branches of one `if` or `match`.
    pub(in crate::index) fn exclusive(&self, body: BodyRef, a: NodeId, b: NodeId) -> bool {
        let of_b = self.branches(body, b);
        self.branches(body, a)
            .iter()
            .any(|(owner, region)| of_b.iter().any(|(other, inner)| owner == other && region != inner))
    }

    /// Whether what names a signal gives it to a call that sends it, or to a function of the workspace that makes such a call.
    fn is_sent(&self, signal: Site) -> bool {
        let sends = |site: Site| self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Signals, path));
        let passes_on =
            |function: FnId| self.linked_body(function).is_some_and(|body| self.call_sites(body).any(sends));
        let around = std::iter::successors(self.info(signal.body).parent(signal.node), |node| {
            self.info(signal.body).parent(*node)
        });
        around.map(|node| Site { node, ..signal }).any(|site| {
            sends(site) || matches!(self.callee(site), Some(Callee::Workspace(function)) if passes_on(*function))
        })
    }

    /// The services that a body can run in, and not only in a command of theirs that ends by itself.
    pub fn services_reaching(&self, body: BodyRef) -> impl Iterator<Item = &Program> {
        let reached = self.programs.iter().filter(move |program| program.is_service() && program.runs.contains(&body));
        reached.filter(move |program| !self.is_of_another_command(program, body))
    }

    /// The bodies of a program to which nothing leads but calls of some kind.
    fn only_reached_by(&self, program: &Program, kind: &dyn Fn(Site) -> bool) -> HashSet<BodyRef> {
        let linked = linked_crates(self, &self.crates()[program.krate.index()]);
        let without = reach_from(self, entries(self, &linked, program.main), Along::Others(kind));
        program.reach.iter().copied().filter(|body| !without.contains(body)).collect()
    }

    /// Whether a body runs in programs that a person uses, and in no service.
    pub fn runs_for_a_person(&self, body: BodyRef) -> bool {
        let mut reaching = self.programs.iter().filter(|program| program.reach.contains(&body)).peekable();
        reaching.peek().is_some() && reaching.all(|program| program.verdict.kind == Kind::Interactive)
    }

    /// Whether a body can run in a service, as far as is known: one leads to it, or no program at all does.
    pub fn may_serve(&self, body: BodyRef) -> bool {
        let mut reaching = self.programs.iter().filter(|program| program.reach.contains(&body)).peekable();
        reaching.peek().is_none() || reaching.any(Program::is_service)
    }
}

/// All mentions of signals in the program's crates. A server that handles signals by itself counts as one.
fn signals(index: &Index, linked: &HashSet<CrateId>, reach: &HashSet<BodyRef>) -> Vec<SignalSite> {
    let mut found = Vec::new();
    for (body, _, info) in index.bodies() {
        if !linked.contains(&index.crate_of(body)) || index.is_test(body) || is_for_windows(index, body) {
            continue;
        }
        let mut mentions: Vec<(NodeId, Ustr)> = info.externals.iter().map(|(n, p)| (*n, *p)).collect();
        mentions.extend(info.callees.iter().filter_map(|(node, callee)| match callee {
            Callee::External(path) => Some((*node, *path)),
            _ => None,
        }));
        mentions.sort_unstable_by_key(|(node, path)| (*node, path.as_str()));
        for (node, path) in mentions {
            let names = signal_names(index, path);
            if names.is_empty() || index.is_sent(Site { body, node }) {
                continue;
            }
            let by_server = index.catalogue().signal(path).is_none();
            if !(by_server && (is_quiet(index, linked, path) || is_made_quiet(index, Site { body, node }, path))) {
                found.push(SignalSite { site: Site { body, node }, names, reached: reach.contains(&body), by_server });
            }
        }
    }
    found
}

/// Whether what is served was built without the signal handling that it has by itself.
fn is_made_quiet(index: &Index, serve: Site, path: Ustr) -> bool {
    let Some(server) = index.catalogue().server(path) else { return false };
    let switches_off = |at: Site| index.external(at).is_some_and(|call| server.signals_off.contains(&call));
    index.receivers(serve).into_iter().any(switches_off)
}

/// Whether a function is compiled for Windows alone, which stops a program in other ways.
fn is_for_windows(index: &Index, body: BodyRef) -> bool {
    let windows = ["windows", "target_os = \"windows\"", "not (unix)", "target_family = \"windows\""];
    index.function_of(body).is_some_and(|id| {
        let attributes = &index.defs().function(id).attributes;
        attributes.iter().any(|a| a.path.last().is_some_and(|n| n == "cfg") && windows.contains(&a.arguments.as_str()))
    })
}

/// Whether a program's crates switch off the signal handling that what a call serves has by itself, by a field of its configuration.
fn is_quiet(index: &Index, linked: &HashSet<CrateId>, serve: Ustr) -> bool {
    let Some(server) = index.catalogue().server(serve) else { return false };
    let own = index.bodies().filter(|(body, ..)| linked.contains(&index.crate_of(*body)) && !index.is_test(*body));
    let is_false =
        |body: BodyRef, node: NodeId| matches!(index.body(body).node(node).op, Op::Literal(Literal::Bool(false)));
    let names = |owner: &Ty, field: Ustr| match owner.peeled() {
        Ty::Ext(path, _) => server.signals_off.iter().any(|off| *off == format!("{path}::{field}").as_str()),
        _ => false,
    };
    !server.signals_off.is_empty()
        && own.flat_map(|(body, facts, _)| facts.iter().map(move |(node, n)| (body, node, n))).any(|(body, node, n)| {
            let ty = |node: NodeId| index.ty(Site { body, node });
            match &n.op {
                Op::Assign { place, value } => match &index.body(body).node(*place).op {
                    Op::Field { base, name } => is_false(body, *value) && names(ty(*base), *name),
                    _ => false,
                },
                Op::Struct { fields, .. } => {
                    fields.iter().any(|(name, value)| is_false(body, *value) && names(ty(node), *name))
                }
                _ => false,
            }
        })
}

fn signal_names(index: &Index, path: Ustr) -> Vec<Ustr> {
    let catalogue = index.catalogue();
    if catalogue.server(path).is_some_and(|server| server.handles_signals) {
        return vec![ustr("interrupt"), ustr("terminate")];
    }
    let Some(signal) = catalogue.signal(path) else { return Vec::new() };
    let with_feature = signal.terminate_feature.is_some_and(|feature| index.uses_feature(path, feature));
    signal.signals.iter().copied().chain(with_feature.then(|| ustr("terminate"))).collect()
}

/// All programs, in the order of their crates.
pub fn find(index: &Index) -> Vec<Program> {
    let mut programs = Vec::new();
    let lives = Lives::of(index);
    let unseen = called_unseen(index);
    for (at, krate) in index.crates().iter().enumerate().filter(|(_, c)| c.kind == TargetKind::Bin) {
        let Some(main) = main_of(index, krate) else { continue };
        let linked = linked_crates(index, krate);
        let entries = entries(index, &linked, main);
        let reach = reach(index, &linked, &entries);
        let signals = signals(index, &linked, &reach);
        let start = index.defs().body_of(main);
        let mut led: Vec<BodyRef> = led_to(index, start, &lives, Along::All).into_iter().collect();
        led.sort_unstable();
        let subject = Subject {
            main,
            package: krate.package,
            signals: &signals,
            inline: &reach_from(index, start, Along::Inline),
            attended: &led_to(index, start, &lives, Along::Attended),
            led: &led,
        };
        let verdict = kinds::judge(index, &subject);
        let runs = runs(index, &linked, entries, &lives, &unseen).intersection(&reach).copied().collect();
        programs.push(Program { krate: CrateId(at as u32), main, reach, runs, verdict, signals });
    }
    programs
}

fn main_of(index: &Index, krate: &Crate) -> Option<FnId> {
    let defs = index.defs();
    let root = index.outline.tree.get(krate.root);
    let free = |def: &Def| match def {
        Def::Fn(id) if defs.function(*id).owner == Owner::Free => Some(*id),
        _ => None,
    };
    let main = root.names.get(&ustr("main")).and_then(|named| named.iter().find_map(free));
    // `#[launch] fn rocket()`: the attribute writes `main`.
    let by_attribute = || {
        let named = root.names.values().flatten().filter_map(free);
        named.filter(|id| index.attribute_of(*id, &|path| index.catalogue().is_entry_attribute(path)).is_some()).min()
    };
    main.or_else(by_attribute)
}
