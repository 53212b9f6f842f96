//! Functions of the workspace that run what they are given as a task, or on a thread of its own, and the calls that give them something to run. Knows
//! nothing of what that is.

use rustc_hash::FxHashMap as HashMap;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::*;
use crate::index::Outline;
use crate::index::bodies::infer::{BodyInfo, Callee};
use crate::index::bodies::runs::{mark_closure, mark_future};
use crate::index::calls::{Site, targets};
use crate::index::declared::defs::*;
use crate::index::declared::types::Ty;

/// Through how many functions what is to be run is handed on.
const HANDED_ON: usize = 4;

/// A call of such a function.
#[derive(Debug)]
pub struct Handed {
    /// The call that spawns, in the function or in one that it hands on to.
    pub by: Site,
    pub runs: Runs,
    /// What it is given to run.
    pub work: Vec<NodeId>,
    /// Nothing gives the work up before its end.
    pub whole: bool,
}

/// All such calls.
pub type Spawners = HashMap<Site, Handed>;

/// How a function runs one of its parameters.
#[derive(Debug, Clone, Copy)]
struct Spawned {
    /// Which one, its receiver aside.
    parameter: usize,
    runs: Runs,
    by: Site,
    whole: bool,
}

/// An argument that a call runs elsewhere.
struct Given {
    argument: NodeId,
    spawned: Spawned,
}

/// Finds the calls, and marks in all bodies what runs as a task of its own because of them.
pub fn find(outline: &Outline, infos: &mut HashMap<BodyRef, BodyInfo>) -> Spawners {
    let mut search = Search { outline, spawning: HashMap::default() };
    for _ in 0..HANDED_ON {
        let functions = infos.iter().filter_map(|(body, info)| match outline.defs.owners.get(body)? {
            BodyOwner::Function(function) => Some((*function, search.run_by(*body, info))),
            BodyOwner::Static(_) => None,
        });
        let found: HashMap<FnId, Vec<Spawned>> = functions.filter(|(_, spawned)| !spawned.is_empty()).collect();
        let grown = found.len() > search.spawning.len();
        search.spawning = found;
        if !grown {
            break;
        }
    }
    infos.iter_mut().flat_map(|(body, info)| search.mark(*body, info)).collect()
}

struct Search<'a> {
    outline: &'a Outline,
    /// The functions that run what they are given, as far as they are known.
    spawning: HashMap<FnId, Vec<Spawned>>,
}

impl Search<'_> {
    /// What a function runs of its parameters, in the order of the calls that do.
    fn run_by(&self, body: BodyRef, info: &BodyInfo) -> Vec<Spawned> {
        let facts = self.outline.defs.body(body);
        let runnable = |pattern: &Pattern| match pattern.locals()[..] {
            [local] => matches!(info.local(local).peeled(), Ty::Future(_) | Ty::Callable(..)).then_some(local),
            _ => None,
        };
        let parameters: Vec<(usize, LocalId)> =
            facts.parameters.iter().enumerate().filter_map(|(at, pattern)| Some((at, runnable(pattern)?))).collect();
        if parameters.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<Spawned> = Vec::new();
        for (call, _) in facts.iter() {
            for Given { argument, spawned } in self.given_to_run(facts, info, Site { body, node: call }) {
                for (parameter, local) in &parameters {
                    let Some(whole) = self.is_run(facts, info, argument, *local) else { continue };
                    if found.iter().all(|known| known.parameter != *parameter) {
                        found.push(Spawned { parameter: *parameter, whole: whole && spawned.whole, ..spawned });
                    }
                }
            }
        }
        found
    }

    /// What a call runs elsewhere of what it is given.
    fn given_to_run(&self, facts: &Body, info: &BodyInfo, call: Site) -> Vec<Given> {
        let arguments = match &facts.node(call.node).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments.iter().copied().enumerate(),
            _ => return Vec::new(),
        };
        match info.callees.get(&call.node) {
            Some(Callee::External(path)) => {
                let callable = self.outline.catalogue.callable_or_inherited(*path);
                let Some(runs) = callable.map(|callable| callable.runs).filter(Runs::is_apart) else {
                    return Vec::new();
                };
                let spawned = |parameter| Spawned { parameter, runs, by: call, whole: true };
                arguments.map(|(at, argument)| Given { argument, spawned: spawned(at) }).collect()
            }
            Some(Callee::Workspace(function) | Callee::Trait(function)) => {
                let is_method = matches!(facts.node(call.node).op, Op::Method { .. });
                let receiver = usize::from(!is_method && self.outline.defs.function(*function).receiver.is_some());
                let spawned = self.spawned_by(*function);
                let given = |(at, argument): (usize, NodeId)| {
                    let spawned = spawned.iter().find(|spawned| spawned.parameter + receiver == at)?;
                    Some(Given { argument, spawned: *spawned })
                };
                arguments.filter_map(given).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What all functions that a call may lead to run in the same way.
    fn spawned_by(&self, function: FnId) -> Vec<Spawned> {
        let known = |function: &FnId| self.spawning.get(function).map_or(&[][..], Vec::as_slice);
        let targets = targets(self.outline, function);
        let Some((first, others)) = targets.split_first() else { return Vec::new() };
        let alike = |a: &Spawned, b: &Spawned| a.parameter == b.parameter && a.runs == b.runs;
        let of_all = |spawned: &&Spawned| others.iter().all(|other| known(other).iter().any(|of| alike(of, spawned)));
        known(first).iter().filter(of_all).copied().collect()
    }

    /// Whether running a value runs a parameter; and if so whether nothing gives that up before its end.
    fn is_run(&self, facts: &Body, info: &BodyInfo, value: NodeId, parameter: LocalId) -> Option<bool> {
        let part = |node: NodeId| self.is_run(facts, info, node, parameter);
        match &facts.node(value).op {
            Op::Local(local) if *local == parameter => Some(true),
            Op::Local(local) => facts.named_init(*local).filter(|init| *init < value).and_then(part),
            // `work()`, `Box::pin(work)`
            Op::Call { callee, arguments } => match info.callees.get(&value) {
                Some(Callee::Workspace(_) | Callee::Trait(_)) => None,
                _ => {
                    let given = part(*callee).or_else(|| arguments.iter().find_map(|argument| part(*argument)));
                    given.map(|whole| whole && !self.gives_up(info, value))
                }
            },
            Op::Method { receiver, .. } => part(*receiver).map(|whole| whole && !self.gives_up(info, value)),
            Op::Async(region) | Op::Closure { region, .. } => {
                let inside = |node: &NodeId| facts.is_inside(facts.node(*node).region, *region);
                let races = facts.iter().any(|(node, n)| matches!(n.op, Op::Select { .. }) && inside(&node));
                facts.uses(parameter).any(|used| inside(&used)).then_some(!races)
            }
            _ => None,
        }
    }

    /// Whether a call gives up what it is given when the time is over, or something else is done first.
    fn gives_up(&self, info: &BodyInfo, call: NodeId) -> bool {
        let lists =
            |path| [Calls::BoundsTime, Calls::Races].iter().any(|list| self.outline.catalogue.lists(*list, path));
        matches!(info.callees.get(&call), Some(Callee::External(path)) if lists(*path))
    }

    /// Marks what a body gives to such functions, and finds its calls of them.
    fn mark(&self, body: BodyRef, info: &mut BodyInfo) -> Vec<(Site, Handed)> {
        let facts = self.outline.defs.body(body);
        let mut found = Vec::new();
        for node in info.callees.keys().copied().collect::<Vec<_>>() {
            let site = Site { body, node };
            if !matches!(info.callees[&node], Callee::Workspace(_) | Callee::Trait(_)) {
                continue;
            }
            let given = self.given_to_run(facts, info, site);
            for Given { argument, spawned } in &given {
                match *info.ty(*argument) {
                    Ty::Closure(closure) => mark_closure(facts, info, closure, spawned.runs),
                    Ty::Future(_) => mark_future(facts, info, *argument, spawned.runs),
                    Ty::Fn(function) => {
                        let handed = info.handed.iter_mut().filter(|(at, to, _)| *at == node && *to == function);
                        handed.for_each(|(_, _, runs)| *runs = spawned.runs);
                    }
                    _ => {}
                }
            }
            let Some(Given { spawned: Spawned { by, runs, .. }, .. }) = given.first() else { continue };
            let work = given.iter().map(|given| given.argument).collect();
            let whole = given.iter().all(|given| given.spawned.whole);
            found.push((site, Handed { by: *by, runs: *runs, work, whole }));
        }
        found
    }
}
