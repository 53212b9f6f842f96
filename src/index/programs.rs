//! The programs of the workspace: what each binary reaches from `main`, and whether it is a service or a one-shot command.

use std::collections::{HashSet, VecDeque};

use super::Index;
use super::calls::Site;
use super::defs::*;
use super::infer::Callee;
use super::types::TraitName;
use crate::diagnostic::Label;
use crate::facts::model::{LoopKind, NodeId, Op, Owner, RegionId, RegionKind};
use crate::workspace::TargetKind;

/// One binary target.
pub struct Program {
    pub krate: CrateId,
    pub main: FnId,
    /// Bodies that can run in it: from `main` through calls, handed functions, statics, handlers and trait impls of libraries.
    pub reach: HashSet<BodyRef>,
    /// Why it is a service; none for a one-shot command, or where nothing shows it.
    pub service: Option<Label>,
}

impl Program {
    pub fn is_service(&self) -> bool {
        self.service.is_some()
    }
}

/// All programs, in the order of their crates.
pub fn find(index: &Index) -> Vec<Program> {
    let mut programs = Vec::new();
    for (at, krate) in index.crates().iter().enumerate().filter(|(_, c)| c.kind == TargetKind::Bin) {
        let Some(main) = main_of(index, krate) else { continue };
        let reach = reach(index, krate, main);
        let mut bodies: Vec<BodyRef> = reach.iter().copied().collect();
        bodies.sort_unstable();
        let service = bodies.iter().find_map(|body| serves(index, *body));
        programs.push(Program { krate: CrateId(at as u32), main, reach, service });
    }
    programs
}

fn main_of(index: &Index, krate: &Crate) -> Option<FnId> {
    let defs = index.defs();
    let root = index.outline.tree.get(krate.root);
    root.names.get(&ustr::ustr("main"))?.iter().find_map(|def| match def {
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
    let mut reach = HashSet::new();
    while let Some(body) = queue.pop_front() {
        if !reach.insert(body) {
            continue;
        }
        let called = index.calls.callees(body).iter().filter_map(|call| index.defs().body_of(call.to));
        let statics = index.calls.statics(body).iter().filter_map(|(_, item)| index.defs().init_of(*item));
        queue.extend(called.chain(statics).filter(|b| index.is_linked(*b)));
    }
    reach
}

/// The crate itself and the libraries of the workspace it can name.
fn linked_crates(index: &Index, krate: &Crate) -> HashSet<CrateId> {
    let mut linked = HashSet::new();
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
    let of_library = index.defs().impl_of(id).is_some_and(|block| {
        matches!(index.signatures().impl_traits[block.index()], Some(TraitName::Ext(_)))
    });
    of_library || index.handler(id).is_some()
}

/// What shows that a body is part of a service: it runs a server, or loops without end around something it waits for.
fn serves(index: &Index, body: BodyRef) -> Option<Label> {
    let mut sites: Vec<(NodeId, &Callee)> = index.info(body).callees.iter().map(|(n, c)| (*n, c)).collect();
    sites.sort_by_key(|(node, _)| *node);
    for (node, callee) in sites {
        let Callee::External(path) = callee else { continue };
        let site = Site { body, node };
        let catalogue = index.catalogue();
        if catalogue.servers().iter().any(|server| server.serve.contains(path)) || catalogue.runs_forever(*path) {
            return Some(Label::new(index.name_span(site), "serves until it is stopped"));
        }
        if catalogue.waits(*path) && let Some(region) = endless_loop(index, body, node) {
            let owner = index.info(body).region_node(region)?;
            let start = index.body(body).node(owner).range.start;
            let head = crate::source::Range { start, end: start + 4 };
            return Some(Label::new(head.in_file(body.file), "loops without end"));
        }
    }
    None
}

/// The innermost loop around a node that nothing but an error or a signal ends.
pub fn endless_loop(index: &Index, body: BodyRef, node: NodeId) -> Option<RegionId> {
    let (facts, info) = (index.body(body), index.info(body));
    for (region, r) in facts.outwards(facts.node(node).region) {
        if r.kind == RegionKind::Loop {
            let owner = info.region_node(region)?;
            if matches!(facts.node(owner).op, Op::Loop { kind: LoopKind::Loop, .. }) {
                return Some(region);
            }
        }
    }
    None
}
