//! What kind of program a target is, and what shows it: a service runs until it is stopped, an interactive program as long as a person uses it,
//! and the rest ends by itself. Knows which calls serve, wait and ask only from the catalogue.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::diagnostic::Label;
use crate::facts::model::{Body, Literal, LoopKind, Node, NodeId, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::Context;
use crate::index::declared::defs::*;
use crate::index::declared::types::{Bound, Ty};
use crate::index::programs::{SignalSite, Target};
use crate::source::Range;
use crate::workspace::TargetKind;

/// What kind of program a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It has no `main`: how long it runs is for others to say.
    Library,
    /// It ends by itself, or nothing shows that it does not.
    OneShot,
    /// A window, a terminal interface, a dialogue, be it in one of its modes: it runs as long as a person uses it, and that person ends it.
    Interactive,
    /// It runs until it is stopped.
    Service,
}

/// A kind and what shows it; nothing shows a library, or a command that ends by itself.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub kind: Kind,
    pub why: Option<Label>,
}

impl Index {
    /// What kind of program a target is; none where it is there for tests and builds only.
    pub fn kind_of(&self, target: CrateId) -> Option<Verdict> {
        let known = self.programs.iter().find(|program| program.krate == target);
        match self.crates()[target.index()].kind {
            TargetKind::Lib | TargetKind::ProcMacro => Some(Verdict { kind: Kind::Library, why: None }),
            TargetKind::Bin => Some(known.map_or(Verdict { kind: Kind::OneShot, why: None }, |p| p.verdict.clone())),
            _ => None,
        }
    }
}

/// A program as far as it takes to judge it.
pub struct Subject<'s> {
    pub main: FnId,
    pub package: Option<usize>,
    /// Where it learns of signals.
    pub signals: &'s [SignalSite],
    /// What `main` gets into without a task or thread in between.
    pub inline: &'s HashSet<BodyRef>,
    /// What `main` gets into without a task or thread in between that nobody waits for.
    pub attended: &'s HashSet<BodyRef>,
    /// What `main` leads to, in the order of files and places.
    pub led: &'s [BodyRef],
}

impl Subject<'_> {
    /// Whether any of its code listens to signals.
    fn listens(&self) -> bool {
        self.signals.iter().any(|signal| signal.reached)
    }

    /// Whether a body is part of the program's own package.
    fn owns(&self, index: &Index, body: BodyRef) -> bool {
        index.crates()[index.crate_of(body).index()].package == self.package
    }
}

/// A place that shows what kind a program is of.
struct Shows {
    site: Site,
    label: Label,
}

/// Two places that may be come to in one run.
struct Company<'c> {
    other: Target<'c>,
    site: Target<'c>,
    /// The bodies of which every run comes to `other`.
    certain: &'c HashSet<BodyRef>,
}

/// The kind of a program. A run that a person watches is theirs to end, also where it serves something on the side; a program that serves in
/// another of its modes is a service.
pub fn judge(index: &Index, subject: &Subject) -> Verdict {
    let main = index.defs().body_of(subject.main);
    let asking: Vec<Shows> = subject.led.iter().flat_map(|body| asks(index, *body)).collect();
    let is_watched = |serving: &Shows| {
        asking.iter().any(|asking| main.is_none_or(|main| index.accompanies(main, asking.site, serving.site)))
    };
    let by_attribute = served_by_attribute(index, subject.main);
    // Where `main` goes on to its end, what nobody waits for ends with it.
    let waits =
        |body: &BodyRef| index.comes_back_late(*body) || subject.owns(index, *body) && index.waits_for_a_word(*body);
    let waits = subject.listens() || subject.inline.iter().any(waits);
    let lasts = |at: Site| waits || subject.attended.contains(&at.body) && !index.is_let_go(at);
    let serving = || {
        let all = subject.led.iter().flat_map(|body| serves(index, subject, *body));
        all.into_iter().find(|shows| lasts(shows.site) && !is_watched(shows))
    };
    match by_attribute.or_else(|| serving().map(|shows| shows.label)) {
        Some(why) => Verdict { kind: Kind::Service, why: Some(why) },
        None => match asking.into_iter().next() {
            Some(shows) => Verdict { kind: Kind::Interactive, why: Some(shows.label) },
            None => match waits_to_be_stopped(index, subject) {
                Some(why) => Verdict { kind: Kind::Service, why: Some(why) },
                None => Verdict { kind: Kind::OneShot, why: None },
            },
        },
    }
}

/// Where a program waits to be stopped, and for nothing else: whatever it runs by, it runs until then.
fn waits_to_be_stopped(index: &Index, subject: &Subject) -> Option<Label> {
    let main = index.defs().body_of(subject.main)?;
    let waits = waits_for_a_signal(index, subject, main).or_else(|| waits_for_the_word(index, subject, main))?;
    Some(Label::new(index.name_span(waits), "runs until it is told to stop"))
}

/// Where a program listens for what a supervisor stops it with, or where each of its runs waits to be interrupted.
fn waits_for_a_signal(index: &Index, subject: &Subject, main: BodyRef) -> Option<Site> {
    let told = subject.signals.iter().find(|at| {
        let body = at.site.body;
        let gets_there =
            subject.inline.contains(&body) || subject.owns(index, body) && subject.attended.contains(&body);
        let is_told = at.tells_of("terminate") && !index.is_raced_with_work(at.site)
            || at.tells_of("interrupt") && index.waits_for_nothing_else(at.site) && index.always_gets_to(main, at.site);
        gets_there && !at.by_server && is_told
    })?;
    Some(told.site)
}

/// Where each run of a program waits for the word that somebody gives who hears what a supervisor says.
fn waits_for_the_word(index: &Index, subject: &Subject, main: BodyRef) -> Option<Site> {
    let hears = |at: &SignalSite| at.reached && !at.by_server && at.tells_of("terminate");
    if !subject.signals.iter().any(hears) || !only_signals_order(index, subject) {
        return None;
    }
    let mut calls: Vec<Site> = subject.inline.iter().flat_map(|body| index.call_sites(*body)).collect();
    calls.sort_unstable();
    let waits = |call: &Site| {
        index.waits_for_a_token(*call) && index.waits_for_nothing_else(*call) && index.always_gets_to(main, *call)
    };
    calls.into_iter().find(waits)
}

/// Whether all code of a program that gives the word to stop waits for a signal to do so: where the work gives it as well, that is its end.
fn only_signals_order(index: &Index, subject: &Subject) -> bool {
    let orders = |path: Ustr| index.catalogue().lists(Calls::Orders, path);
    let listening: HashSet<BodyRef> =
        subject.signals.iter().flat_map(|signal| index.leading_to(signal.site.body)).collect();
    let mut ordering = subject.led.iter().filter(|body| {
        let mut calls = external_calls(index, **body).into_iter();
        calls.any(|(_, path)| orders(path))
    });
    ordering.all(|body| listening.contains(body))
}

/// An attribute that makes a function the program's entry and serves what it returns.
fn served_by_attribute(index: &Index, main: FnId) -> Option<Label> {
    let serves = |path: Ustr| index.catalogue().server(path).is_some();
    index.attribute_of(main, &serves).map(|span| Label::new(span, "its attribute serves until it is stopped"))
}

/// The calls of a library in a body, in evaluation order.
fn external_calls(index: &Index, body: BodyRef) -> Vec<(Site, Ustr)> {
    let callees = index.info(body).callees.iter();
    let mut calls: Vec<(Site, Ustr)> = callees
        .filter_map(|(node, callee)| match callee {
            Callee::External(path) => Some((Site { body, node: *node }, *path)),
            _ => None,
        })
        .collect();
    calls.sort_unstable_by_key(|(site, _)| *site);
    calls
}

/// Where a body serves, or loops around something it waits for. Of another package's body only what `main` gets into counts, and tasks that it waits for: what
/// others do in the background says nothing of this program.
fn serves(index: &Index, subject: &Subject, body: BodyRef) -> Vec<Shows> {
    let own = subject.owns(index, body);
    let catalogue = index.catalogue();
    let mut found = Vec::new();
    for (site, path) in external_calls(index, body) {
        if index.serves_forever(site, path) {
            found.push(Shows { site, label: Label::new(index.name_span(site), "serves until it is stopped") });
            continue;
        }
        let apart = || index.runs_in(site, Runs::Task) || index.runs_in(site, Runs::Thread);
        let attended = || subject.attended.contains(&body) && !(apart() && index.is_left_alone(site));
        let accepts = catalogue.lists(Calls::Accepts, path);
        if !(catalogue.lists(Calls::Waits, path) || accepts) || !(own || attended()) {
            continue;
        }
        // A program that listens to signals may end its loops when one comes. Where nothing but time passes that is no more than a retry.
        let until_told = |around: &Around| {
            subject.listens()
                && own
                && !around.over_items
                && (!catalogue.lists(Calls::Pauses, path) || told(index, site, around.region))
        };
        // Who takes connections until a word comes serves until then, whoever gives it.
        let until_word = |around: &Around| accepts && !around.over_items && index.ends_by_word(site, around.region);
        let only_fails = |around: &Around| accepts && index.is_left_by_failure_only(body, around.region);
        let lasts = |around: &Around| around.endless || until_told(around) || until_word(around) || only_fails(around);
        let fed = || index.fed_without_end(site).map(|turn| turn.around);
        let around = index.loops_around(site).into_iter().find(lasts).or_else(fed);
        if let Some(around) = around {
            found.push(Shows { site, label: Label::new(around.head.in_file(body.file), "loops without end") });
        }
    }
    if own || subject.inline.contains(&body) {
        let mut calls: Vec<Site> = index.call_sites(body).collect();
        calls.sort_unstable();
        found.extend(calls.into_iter().filter_map(|site| takes_by_function(index, site)));
    }
    found
}

/// Where a loop without end takes connections by a function of the workspace.
fn takes_by_function(index: &Index, site: Site) -> Option<Shows> {
    let is_own = index.external(site).is_none() && !index.runs_apart(site) && index.takes_connection(site);
    let around = index.loops_around(site).into_iter().find(|around| is_own && around.endless)?;
    Some(Shows { site, label: Label::new(around.head.in_file(site.body.file), "loops without end") })
}

/// Whether something tells a loop to stop: what it waits for is raced, or it asks a flag, perhaps through a function that answers yes or no.
fn told(index: &Index, site: Site, around: RegionId) -> bool {
    let (facts, info) = (index.body(site.body), index.info(site.body));
    let inside = |node: NodeId| facts.outwards(facts.node(node).region).any(|(at, _)| at == around);
    let raced = std::iter::successors(Some(site.node), |at| info.parent(*at))
        .any(|at| matches!(&facts.node(at).op, Op::Select { arms, .. } if arms.len() > 1));
    let asks = |(node, callee): (&NodeId, &Callee)| match callee {
        Callee::External(path) => is_word(index, *path) && inside(*node),
        Callee::Workspace(function) => inside(*node) && is_question(index, *function),
        _ => false,
    };
    raced || info.callees.iter().any(asks)
}

/// Whether a call tells if it is time to stop.
fn is_word(index: &Index, path: Ustr) -> bool {
    [Calls::Stops, Calls::Flags].iter().any(|list| index.catalogue().lists(*list, path))
}

/// Whether a function answers by yes or no what it asks such a call.
fn is_question(index: &Index, function: FnId) -> bool {
    let answers = matches!(&index.signatures().functions[function.index()].returns, Ty::Ext(path, _) if path == "bool");
    let body = index.defs().body_of(function).filter(|body| answers && index.is_linked(*body));
    body.is_some_and(|body| external_calls(index, body).into_iter().any(|(_, path)| is_word(index, path)))
}

/// Where a body runs a user interface, or asks a person again and again.
fn asks(index: &Index, body: BodyRef) -> Vec<Shows> {
    let catalogue = index.catalogue();
    let shows = |(site, path): (Site, Ustr)| {
        let again = || index.open_contexts(site).contains_key(&Context::Iteration);
        let text = if catalogue.lists(Calls::Windows, path) {
            "shows a window until a person closes it"
        } else if catalogue.lists(Calls::Asks, path) && again() {
            "waits for a person, again and again"
        } else {
            return None;
        };
        Some(Shows { site, label: Label::new(index.name_span(site), text) })
    };
    external_calls(index, body).into_iter().filter_map(shows).chain(redraws(index, body)).collect()
}

/// What clears the screen, or goes back to its start, on a terminal.
const REDRAWING: &[&str] = &["\u{1b}[2J", "\u{1b}[H", "\u{1b}[1;1H", "\u{1b}c"];

/// Where a body draws the screen anew in a loop: somebody is looking at it.
fn redraws(index: &Index, body: BodyRef) -> Vec<Shows> {
    let facts = index.body(body);
    let clears = |node: &Node| match &node.op {
        Op::Macro(call) => call.arguments.iter().any(|argument| match &facts.node(*argument).op {
            Op::Literal(Literal::Text(text)) => REDRAWING.iter().any(|code| text.contains(code)),
            _ => false,
        }),
        _ => false,
    };
    let sites = facts.iter().filter(|(_, node)| clears(node)).map(|(node, _)| Site { body, node });
    let repeated = sites.filter(|site| !index.loops_around(*site).is_empty());
    repeated
        .map(|site| Shows { site, label: Label::new(index.span(site), "draws the screen, again and again") })
        .collect()
}

impl Index {
    /// Whether every run of a body comes to a place, as far as `if` and `match` decide.
    fn always_gets_to(&self, body: BodyRef, site: Site) -> bool {
        let leading = self.leading_to(site.body);
        let straight = || self.branches(body, site.node).is_empty();
        if site.body == body { straight() } else { self.certain_of((site, &leading)).contains(&body) }
    }

    /// Whether a future is awaited where it is made, and the function waits for nothing beside it.
    fn waits_for_nothing_else(&self, future: Site) -> bool {
        let facts = self.body(future.body);
        let mut around = facts.outwards(facts.node(future.node).region);
        self.is_awaited(future)
            && !around.any(|(_, region)| matches!(region.kind, RegionKind::Async | RegionKind::Closure))
    }

    /// Whether on the way to a place something else is waited for as well, once: a command that a signal may cut short.
    fn is_raced_with_work(&self, site: Site) -> bool {
        let mut leading = self.leading_to(site.body);
        leading.insert(site.body);
        let is_work = |body: BodyRef, future: NodeId| {
            let callee = self.callee(Site { body, node: future });
            callee.is_some_and(|callee| !matches!(callee, Callee::External(_)))
                && !self.callees_at(body, future).any(|inner| leading.contains(&inner))
        };
        leading.iter().any(|body| {
            let once = |node: NodeId| self.loops_around(Site { body: *body, node }).is_empty();
            self.body(*body).iter().any(|(node, n)| {
                matches!(&n.op, Op::Select { arms, .. } if arms.iter().any(|arm| is_work(*body, arm.future)) && once(node))
            })
        })
    }

    /// Whether every run that comes from `main` to `site` by calls also comes to `other`, as far as `if` and `match` decide. So it is taken to be
    /// where no call is known to lead to `site`.
    fn accompanies(&self, main: BodyRef, other: Site, site: Site) -> bool {
        let (to_other, to_site) = (self.leading_to(other.body), self.leading_to(site.body));
        if !to_site.contains(&main) {
            return true;
        }
        let certain = self.certain_of((other, &to_other));
        let company = Company { other: (other, &to_other), site: (site, &to_site), certain: &certain };
        self.accompanies_below(main, &company, &mut HashMap::default())
    }

    fn accompanies_below(&self, body: BodyRef, company: &Company, known: &mut HashMap<BodyRef, bool>) -> bool {
        // A circle adds no way of its own.
        if let Some(known) = known.get(&body) {
            return *known;
        }
        known.insert(body, true);
        let (to_other, to_site) = (self.ways(body, company.other), self.ways(body, company.site));
        let accompanied = to_site.iter().all(|at| {
            let here = self.branches(body, *at);
            let beside = |with: NodeId| self.branches(body, with).iter().all(|branch| here.contains(branch));
            to_other.iter().any(|with| match with == at {
                true => self.callees_at(body, *at).any(|inner| self.accompanies_below(inner, company, known)),
                false => beside(*with) && self.leads_for_certain(body, *with, company.other.0, company.certain),
            })
        });
        known.insert(body, accompanied);
        accompanied
    }

    /// The bodies of which every run comes to a place, as far as `if` and `match` decide.
    fn certain_of(&self, to: Target) -> HashSet<BodyRef> {
        let mut certain = HashSet::default();
        loop {
            let straight = |body: &BodyRef| {
                let mut ways = self.ways(*body, to).into_iter();
                ways.any(|at| self.branches(*body, at).is_empty() && self.leads_for_certain(*body, at, to.0, &certain))
            };
            let more: Vec<BodyRef> = to.1.iter().copied().filter(|b| !certain.contains(b) && straight(b)).collect();
            if more.is_empty() {
                return certain;
            }
            certain.extend(more);
        }
    }

    /// Whether a node is a place, or calls a body of which every run comes to it.
    fn leads_for_certain(&self, body: BodyRef, node: NodeId, to: Site, certain: &HashSet<BodyRef>) -> bool {
        to == Site { body, node } || self.callees_at(body, node).any(|inner| certain.contains(&inner))
    }

    /// The bodies of the functions that a node calls or hands on.
    pub(in crate::index) fn callees_at(&self, body: BodyRef, node: NodeId) -> impl Iterator<Item = BodyRef> {
        let calls = self.calls.callees(body).iter().filter(move |call| call.site.node == node);
        calls.filter_map(|call| self.defs().body_of(call.to)).filter(|b| self.is_linked(*b))
    }

    /// The branches of `if` and `match` around a node, each with the choice it belongs to.
    pub(in crate::index) fn branches(&self, body: BodyRef, node: NodeId) -> Vec<(Option<NodeId>, RegionId)> {
        let (facts, info) = (self.body(body), self.info(body));
        let around = facts.outwards(facts.node(node).region);
        let branching = around.filter(|(_, r)| matches!(r.kind, RegionKind::Branch | RegionKind::Arm));
        branching.map(|(region, _)| (info.region_node(region), region)).collect()
    }
}

/// What libraries call on values of the workspace's types, by the bodies in which such types come up.
pub struct Lives {
    types: HashMap<BodyRef, Vec<TypeId>>,
    /// Functions of impls of library traits, by the type.
    called: HashMap<TypeId, Vec<BodyRef>>,
    /// Types of which a value comes up in something that is no method of theirs.
    known: HashSet<TypeId>,
}

impl Lives {
    /// Looks at all bodies that are no tests.
    pub fn of(index: &Index) -> Self {
        let mut lives = Lives { types: HashMap::default(), called: HashMap::default(), known: HashSet::default() };
        for (body, _, info) in index.bodies().filter(|(body, ..)| !index.is_test(*body)) {
            let mut types = HashSet::default();
            info.nodes.iter().chain(&info.locals).for_each(|ty| named_types(ty, &mut types));
            let function = index.function_of(body);
            let own = function.and_then(|function| index.type_around(function));
            lives.known.extend(types.iter().filter(|ty| Some(**ty) != own));
            lives.types.insert(body, types.into_iter().collect());
            if let Some(own) = own.filter(|_| function.is_some_and(|it| index.is_called_from_outside(it))) {
                lives.called.entry(own).or_default().push(body);
            }
        }
        lives
    }

    /// Whether a value of a type comes up anywhere but in its own methods.
    pub fn comes_up(&self, ty: TypeId) -> bool {
        self.known.contains(&ty)
    }

    /// The types of the workspace of which a value comes up in a body.
    pub fn types(&self, body: BodyRef) -> impl Iterator<Item = TypeId> {
        self.types.get(&body).map_or(&[][..], Vec::as_slice).iter().copied()
    }

    /// What libraries may call once a body has run.
    pub fn called_after(&self, body: BodyRef) -> impl Iterator<Item = BodyRef> {
        self.types(body).filter_map(|id| self.called.get(&id)).flatten().copied()
    }
}

/// All types of the workspace that are part of a type.
fn named_types(ty: &Ty, found: &mut HashSet<TypeId>) {
    match ty {
        Ty::Adt(id, parts) => {
            found.insert(*id);
            parts.iter().for_each(|part| named_types(part, found));
        }
        Ty::Ext(_, parts) | Ty::ExtFn(_, parts) | Ty::Tuple(parts) => parts.iter().for_each(|p| named_types(p, found)),
        Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => named_types(of, found),
        Ty::Constructor(id, _) => {
            found.insert(*id);
        }
        Ty::Callable(parameters, returns) => {
            parameters.iter().for_each(|part| named_types(part, found));
            named_types(returns, found);
        }
        Ty::Bounded(bounds) => {
            for bound in bounds {
                if let Bound::Ext(_, arguments) = bound {
                    arguments.iter().for_each(|part| named_types(part, found));
                }
            }
        }
        Ty::Unknown | Ty::Never | Ty::Fn(_) | Ty::Closure(_) | Ty::Param(_) => {}
    }
}

/// What a loop is left with.
#[derive(PartialEq, Eq)]
enum LeftWith {
    /// An answer, or what follows the loop: a `return` of something that is no error, a `break`.
    Success,
    /// `return;`: it is over, and nothing says how it went.
    Nothing,
    Failure,
}

/// A loop around a site, in the same function, closure or task.
pub struct Around {
    pub region: RegionId,
    /// Nothing but an error leaves it: `loop` without `break`, and without a `return` of anything else.
    pub endless: bool,
    /// It is a `for`.
    pub over_items: bool,
    /// Its keyword.
    pub head: Range,
}

impl Index {
    /// Whether a loop tries something until it succeeds: nothing but time passes in it, a success ends it, and nobody tells it to stop.
    pub fn is_retry(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let inside = |node: NodeId| facts.is_inside(facts.node(node).region, region);
        let catalogue = self.catalogue();
        let waits = [Calls::Waits, Calls::Accepts];
        let only_pauses = external_calls(self, body)
            .into_iter()
            .filter(|(site, path)| inside(site.node) && waits.iter().any(|list| catalogue.lists(*list, *path)))
            .all(|(site, path)| catalogue.lists(Calls::Pauses, path) && !told(self, site, region));
        let succeeds = || self.left_with(body, region).any(|with| with == LeftWith::Success);
        only_pauses && succeeds() || self.goes_on_by_error(body, region)
    }

    /// The variant that the condition of a `while let` takes.
    fn condition(&self, body: BodyRef, region: RegionId) -> Option<Ustr> {
        self.view(body).while_let(region)?.pattern.variant()
    }

    /// Whether a loop only goes on where what its condition tries has failed: `while let Err(error) = start().await`.
    fn goes_on_by_error(&self, body: BodyRef, region: RegionId) -> bool {
        self.body(body).region(region).kind == RegionKind::Loop
            && self.condition(body, region).is_some_and(|taken| taken == "Err")
    }

    /// What a loop is left with, on each way out of it.
    fn left_with(&self, body: BodyRef, region: RegionId) -> impl Iterator<Item = LeftWith> {
        let facts = self.body(body);
        leaving(facts, region).map(move |node| match facts.node(node).op {
            Op::Return(None) => LeftWith::Nothing,
            Op::Return(Some(value)) if self.is_failure(Site { body, node: value }) => LeftWith::Failure,
            _ => LeftWith::Success,
        })
    }

    /// Whether something else than an error can end a loop: a `break`, a `return`, or the end of the program, where it is left at all.
    pub(in crate::index) fn comes_to_an_end(&self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.body(body);
        let exits = |(site, path): (Site, Ustr)| {
            facts.is_inside(facts.node(site.node).region, region) && self.catalogue().lists(Calls::Exits, path)
        };
        let mut ways = self.left_with(body, region).peekable();
        ways.peek().is_some()
            && (ways.any(|with| with != LeftWith::Failure) || external_calls(self, body).into_iter().any(exits))
    }

    /// Whether a loop ends only where something fails or nothing more can come: `while let Ok(..)`, or a `loop` that is left in such a branch.
    pub(in crate::index) fn is_left_by_failure_only(&self, body: BodyRef, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let Some(Op::Loop { kind, .. }) = info.region_node(region).map(|owner| &facts.node(owner).op) else {
            return false;
        };
        let lasts = match kind {
            LoopKind::Loop => true,
            LoopKind::While => self.condition(body, region).is_some_and(|taken| taken == "Ok" || taken == "Some"),
            LoopKind::For { .. } => false,
        };
        let in_failure = |node: NodeId| {
            let within = facts.outwards(facts.node(node).region).map(|(at, _)| at).take_while(|at| *at != region);
            within.into_iter().any(|at| self.is_entered_by_error(body, at) || self.is_entered_by_nothing(body, at))
        };
        lasts && leaving(facts, region).all(in_failure)
    }

    /// The loop whose turns a region is.
    pub(in crate::index) fn loop_of(&self, body: BodyRef, region: RegionId) -> Option<Around> {
        let (facts, info) = (self.body(body), self.info(body));
        let owner = info.region_node(region)?;
        let Op::Loop { kind, .. } = &facts.node(owner).op else { return None };
        let start = facts.node(owner).range.start;
        Some(Around {
            region,
            endless: matches!(kind, LoopKind::Loop) && !self.comes_to_an_end(body, region),
            over_items: matches!(kind, LoopKind::For { .. }),
            head: Range { start, end: start + keyword_len(kind) },
        })
    }

    /// The loops around a site from the inside out.
    pub fn loops_around(&self, site: Site) -> Vec<Around> {
        let facts = self.body(site.body);
        let mut found = Vec::new();
        for (region, r) in facts.outwards(facts.node(site.node).region) {
            if matches!(r.kind, RegionKind::Closure) {
                break;
            }
            if r.kind != RegionKind::Loop {
                continue;
            }
            found.extend(self.loop_of(site.body, region));
        }
        found
    }
}

/// Length of a loop's keyword, in bytes.
pub fn keyword_len(kind: &LoopKind) -> u32 {
    match kind {
        LoopKind::Loop => "loop".len() as u32,
        LoopKind::While => "while".len() as u32,
        LoopKind::For { .. } => "for".len() as u32,
    }
}

/// Whether a `break` or `return` inside can end the loop; those of loops and closures further in are their own.
pub fn leaves(body: &Body, region: RegionId) -> bool {
    leaving(body, region).next().is_some()
}

/// The `break`s and `return`s that leave a loop.
pub fn leaving(body: &Body, region: RegionId) -> impl Iterator<Item = NodeId> {
    let inside = move |node: &Node| {
        let frame =
            body.outwards(node.region).take_while(|(_, r)| !matches!(r.kind, RegionKind::Closure | RegionKind::Async));
        frame.map(|(at, _)| at).any(|at| at == region)
    };
    let leaves = move |id: NodeId, node: &Node| match node.op {
        Op::Break(_) => {
            inside(node) && body.jump_target(id).is_some_and(|target| body.outwards(region).any(|(at, _)| at == target))
        }
        Op::Return(_) => inside(node),
        _ => false,
    };
    body.iter().filter(move |(id, node)| leaves(*id, node)).map(|(id, _)| id)
}
