//! The programs of the workspace: what each binary reaches from `main`, and whether it is a service or a one-shot command.

use std::collections::VecDeque;

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use super::Index;
use super::calls::Site;
use super::defs::*;
use super::infer::Callee;
use super::types::TraitName;
use crate::catalogue::{Calls, Runs};
use crate::diagnostic::Label;
use crate::facts::model::{Body, LoopKind, Node, NodeId, Op, Owner, RegionId, RegionKind};
use crate::source::Range;
use crate::workspace::TargetKind;

/// One binary target.
pub struct Program {
    pub krate: CrateId,
    pub main: FnId,
    /// Bodies that can run in it: from `main` through calls, handed functions, statics, handlers and trait impls of libraries.
    pub reach: HashSet<BodyRef>,
    /// Where it learns of signals, in the order of files and places; also in code that nothing is known to call.
    pub signals: Vec<SignalSite>,
    /// Why it is a service; none for a one-shot command, or where nothing shows it.
    pub service: Option<Label>,
}

/// A place, and all bodies that lead there.
type Target<'t> = (Site, &'t HashSet<BodyRef>);

/// A place that learns of signals.
pub struct SignalSite {
    pub site: Site,
    /// `interrupt`, `terminate`, …
    pub names: Vec<Ustr>,
    /// Whether `main` leads there.
    pub reached: bool,
}

impl Program {
    /// Whether it runs until it is stopped.
    pub fn is_service(&self) -> bool {
        self.service.is_some()
    }

    /// Whether any code of the program listens to a signal.
    pub fn listens_to(&self, signal: &str) -> bool {
        self.signals.iter().any(|at| at.names.iter().any(|name| name == signal))
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

    fn coexist_below(&self, body: BodyRef, first: Target, second: Target, seen: &mut HashSet<BodyRef>) -> bool {
        if !seen.insert(body) {
            return false;
        }
        let ways = |(to, leading): Target| -> Vec<NodeId> {
            let own = (to.body == body).then_some(to.node);
            let leads = |inner: Option<BodyRef>| inner.is_some_and(|inner| leading.contains(&inner));
            let calls = self.calls.callees(body).iter().filter(|call| leads(self.defs().body_of(call.to)));
            let statics = self.calls.statics(body).iter().filter(|(_, item)| leads(self.defs().init_of(*item)));
            own.into_iter().chain(calls.map(|call| call.site.node)).chain(statics.map(|(node, _)| *node)).collect()
        };
        let (to_first, to_second) = (ways(first), ways(second));
        // One of them is reached by frameworks only: nothing is known to keep them apart.
        if to_first.is_empty() || to_second.is_empty() {
            return seen.len() == 1;
        }
        to_first.iter().any(|a| {
            to_second.iter().any(|b| {
                if a != b {
                    return !self.exclusive(body, *a, *b);
                }
                let inner = self.calls.callees(body).iter().filter(|call| call.site.node == *a);
                inner
                    .filter_map(|call| self.defs().body_of(call.to))
                    .any(|b| self.coexist_below(b, first, second, seen))
            })
        })
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
    fn leading_to(&self, body: BodyRef) -> HashSet<BodyRef> {
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
    fn exclusive(&self, body: BodyRef, a: NodeId, b: NodeId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let branches = |node: NodeId| -> Vec<(Option<NodeId>, RegionId)> {
            let around = facts.outwards(facts.node(node).region);
            let branching = around.filter(|(_, r)| matches!(r.kind, RegionKind::Branch | RegionKind::Arm));
            branching.map(|(region, _)| (info.region_node(region), region)).collect()
        };
        let of_b = branches(b);
        branches(a).iter().any(|(owner, region)| of_b.iter().any(|(other, inner)| owner == other && region != inner))
    }

    /// The services that a body can run in.
    pub fn services_reaching(&self, body: BodyRef) -> impl Iterator<Item = &Program> {
        self.programs.iter().filter(move |program| program.is_service() && program.reach.contains(&body))
    }
}

/// All mentions of signals in the program's crates. A server that handles signals by itself counts as one.
fn signals(index: &Index, krate: &Crate, reach: &[BodyRef]) -> Vec<SignalSite> {
    let linked = linked_crates(index, krate);
    let reach: HashSet<BodyRef> = reach.iter().copied().collect();
    let mut found = Vec::new();
    for (body, _, info) in index.bodies() {
        if !linked.contains(&index.crate_of(body)) || index.is_test(body) {
            continue;
        }
        let mut mentions: Vec<(NodeId, Ustr)> = info.externals.iter().map(|(n, p)| (*n, *p)).collect();
        mentions.extend(info.callees.iter().filter_map(|(node, callee)| match callee {
            Callee::External(path) => Some((*node, *path)),
            _ => None,
        }));
        mentions.sort_unstable_by_key(|(node, path)| (*node, path.as_str()));
        for (node, path) in mentions {
            let names = signal_names(index, krate, path);
            if !names.is_empty() {
                found.push(SignalSite { site: Site { body, node }, names, reached: reach.contains(&body) });
            }
        }
    }
    found
}

fn signal_names(index: &Index, krate: &Crate, path: Ustr) -> Vec<Ustr> {
    let catalogue = index.catalogue();
    let by_itself = catalogue.servers().iter().any(|server| server.handles_signals && server.serve.contains(&path));
    if by_itself {
        return vec![ustr("interrupt"), ustr("terminate")];
    }
    let Some(signal) = catalogue.signal(path) else { return Vec::new() };
    let library = ustr(path.split("::").next().unwrap_or_default());
    let with_feature = signal.terminate_feature.is_some_and(|feature| krate.features.contains(&(library, feature)));
    signal.signals.iter().copied().chain(with_feature.then(|| ustr("terminate"))).collect()
}

/// All programs, in the order of their crates.
pub fn find(index: &Index) -> Vec<Program> {
    let mut programs = Vec::new();
    for (at, krate) in index.crates().iter().enumerate().filter(|(_, c)| c.kind == TargetKind::Bin) {
        let Some(main) = main_of(index, krate) else { continue };
        let reach = reach(index, krate, main);
        let mut bodies: Vec<BodyRef> = reach.iter().copied().collect();
        bodies.sort_unstable();
        let signals = signals(index, krate, &bodies);
        let listens = signals.iter().any(|signal| signal.reached);
        let own = |body: &BodyRef| index.crates()[index.crate_of(*body).index()].package == krate.package;
        let inline = reach_from(index, index.defs().body_of(main), true);
        // A loop keeps a program running where `main` gets into it, or where the program's own package runs it as a task.
        let service =
            bodies.iter().find_map(|body| serves(index, *body, listens, own(body), own(body) || inline.contains(body)));
        programs.push(Program { krate: CrateId(at as u32), main, reach, service, signals });
    }
    programs
}

fn main_of(index: &Index, krate: &Crate) -> Option<FnId> {
    let defs = index.defs();
    let root = index.outline.tree.get(krate.root);
    root.names.get(&ustr("main"))?.iter().find_map(|def| match def {
        Def::Fn(id) if defs.function(*id).owner == Owner::Free => Some(*id),
        _ => None,
    })
}

/// All that can run from `main`. Code that only a framework calls counts where it is linked in: handlers named in attributes, methods of
/// impls of library traits, `Drop`.
fn reach(index: &Index, krate: &Crate, main: FnId) -> HashSet<BodyRef> {
    let linked = linked_crates(index, krate);
    let mut queue: VecDeque<BodyRef> = index.defs().body_of(main).into_iter().filter(|b| index.is_linked(*b)).collect();
    for id in index.defs().fn_ids() {
        let Some(body) = index.defs().body_of(id).filter(|b| index.is_linked(*b)) else { continue };
        if linked.contains(&index.crate_of(body)) && called_by_frameworks(index, id) && !index.is_test(body) {
            queue.push_back(body);
        }
    }
    reach_from(index, queue, false)
}

/// All bodies reached from some; `inline` leaves out what runs as a task or thread of its own.
fn reach_from(index: &Index, from: impl IntoIterator<Item = BodyRef>, inline: bool) -> HashSet<BodyRef> {
    let mut queue: VecDeque<BodyRef> = from.into_iter().filter(|b| index.is_linked(*b)).collect();
    let mut reach = HashSet::default();
    while let Some(body) = queue.pop_front() {
        if !reach.insert(body) {
            continue;
        }
        let apart = |call: &&super::calls::Call| {
            inline && (matches!(call.runs, Runs::Task | Runs::Thread) || index.runs_in(call.site, Runs::Task))
        };
        let called =
            index.calls.callees(body).iter().filter(|c| !apart(c)).filter_map(|call| index.defs().body_of(call.to));
        let statics = index.calls.statics(body).iter().filter_map(|(_, item)| index.defs().init_of(*item));
        queue.extend(called.chain(statics).filter(|b| index.is_linked(*b)));
    }
    reach
}

/// The crate itself and the libraries of the workspace it can name.
fn linked_crates(index: &Index, krate: &Crate) -> HashSet<CrateId> {
    let mut linked = HashSet::default();
    let mut queue = vec![index.outline.tree.get(krate.root).krate];
    while let Some(id) = queue.pop() {
        if linked.insert(id) {
            let externs = index.crates()[id.index()].externs.values();
            queue.extend(externs.filter_map(|e| match e {
                Extern::Member(root) => Some(index.outline.tree.get(*root).krate),
                Extern::Library(_) => None,
            }));
        }
    }
    linked
}

fn called_by_frameworks(index: &Index, id: FnId) -> bool {
    let of_library = index
        .defs()
        .impl_of(id)
        .is_some_and(|block| matches!(index.signatures().impl_traits[block.index()], Some(TraitName::Ext(_))));
    of_library || index.handler(id).is_some()
}

/// What shows that a body is part of a service: it runs a server, or loops without end around something it waits for. In a program whose
/// `main` leads to signals any loop around a wait will do.
fn serves(index: &Index, body: BodyRef, signals: bool, own: bool, loops: bool) -> Option<Label> {
    let mut sites: Vec<(NodeId, &Callee)> = index.info(body).callees.iter().map(|(n, c)| (*n, c)).collect();
    sites.sort_by_key(|(node, _)| *node);
    for (node, callee) in sites {
        let Callee::External(path) = callee else { continue };
        let site = Site { body, node };
        let catalogue = index.catalogue();
        if catalogue.servers().iter().any(|server| server.serve.contains(path))
            || catalogue.lists(Calls::Forever, *path)
        {
            return Some(Label::new(index.name_span(site), "serves until it is stopped"));
        }
        // What a task of another package does in the background says nothing of this program.
        let background = !own && (index.runs_in(site, Runs::Task) || index.runs_in(site, Runs::Thread));
        if background || !loops || !(catalogue.lists(Calls::Waits, *path) || catalogue.lists(Calls::Accepts, *path)) {
            continue;
        }
        let around =
            index.loops_around(site).into_iter().find(|around| around.endless || signals && own && !around.over_items);
        if let Some(around) = around {
            return Some(Label::new(around.head.in_file(body.file), "loops without end"));
        }
    }
    None
}

/// A loop around a site, in the same function, closure or task.
pub struct Around {
    pub region: RegionId,
    /// Nothing but an error leaves it: `loop` without `break` and `return`.
    pub endless: bool,
    /// It is a `for`.
    pub over_items: bool,
    /// Its keyword.
    pub head: Range,
}

impl Index {
    /// The loops around a site from the inside out.
    pub fn loops_around(&self, site: Site) -> Vec<Around> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut found = Vec::new();
        for (region, r) in facts.outwards(facts.node(site.node).region) {
            if matches!(r.kind, RegionKind::Closure) {
                break;
            }
            if r.kind != RegionKind::Loop {
                continue;
            }
            let Some(owner) = info.region_node(region) else { continue };
            let Op::Loop { kind, .. } = &facts.node(owner).op else { continue };
            let start = facts.node(owner).range.start;
            found.push(Around {
                region,
                endless: matches!(kind, LoopKind::Loop) && !leaves(facts, region),
                over_items: matches!(kind, LoopKind::For { .. }),
                head: Range { start, end: start + keyword_len(kind) },
            });
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
    let inside = |node: &Node| {
        let frame =
            body.outwards(node.region).take_while(|(_, r)| !matches!(r.kind, RegionKind::Closure | RegionKind::Async));
        frame.map(|(at, _)| at).any(|at| at == region)
    };
    body.iter().any(|(id, node)| match node.op {
        Op::Break(_) => {
            inside(node) && body.jump_target(id).is_some_and(|target| body.outwards(region).any(|(at, _)| at == target))
        }
        Op::Return(_) => inside(node),
        _ => false,
    })
}
