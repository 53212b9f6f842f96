//! What is stored anew because it could not be read: from a value that stands for nothing where a question failed, through variables and out of functions,
//! to the branch that takes it for an answer and what that stores in the same place. Knows nothing of how the error vanished.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{Arm, Body, Literal, LocalId, NodeId, Op, Pattern, PatternKind, RegionId};
use crate::index::Index;
use crate::index::bodies::view::View;
use crate::index::calls::{Call, Site};
use crate::index::declared::types::Ty;
use crate::index::flow::statements::{makes_a_part, only_adds};

/// Through how many functions what stands for nothing is given back.
const CALLERS: u32 = 2;

/// Through how many functions it is looked whether a file is written.
const STEPS: u32 = 4;

/// How a part of a call is written: what two calls have in common may be where both go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    Local(LocalId),
    Text(Ustr),
}

struct Search<'i> {
    index: &'i Index,
    /// What is asked, and stored in: a file, a database, a store.
    store: Effect,
    seen: HashSet<Site>,
}

/// Where what stands for nothing is looked at, and which call of the same body asked.
#[derive(Clone, Copy)]
struct At<'v> {
    view: View<'v>,
    asked: NodeId,
    /// How many functions it may still leave.
    callers: u32,
    /// The variant that stands for nothing, where it is one of the project's own.
    named: Option<Ustr>,
}

impl View<'_> {
    /// The call that stores something where `nothing` stands for what could not be read from the same store by `asked`.
    pub fn stored_anew(self, nothing: NodeId, asked: NodeId, store: Effect) -> Option<Site> {
        let named = self.stand_ins(nothing).into_iter().find_map(|stand_in| match self.op(stand_in) {
            Op::Path(path) => Some(path.last()),
            _ => None,
        });
        let at = At { view: self, asked, callers: CALLERS, named };
        Search { index: self.index, store, seen: HashSet::default() }.value(at, nothing)
    }

    /// The same where the function gives back nothing as soon as it could not read.
    pub fn stored_anew_by_callers(self, asked: NodeId, store: Effect) -> Option<Site> {
        let at = At { view: self, asked, callers: CALLERS, named: None };
        Search { index: self.index, store, seen: HashSet::default() }.returned(at)
    }

    /// The values that the branches of an expression give.
    fn stand_ins(self, branches: NodeId) -> Vec<NodeId> {
        let mut regions = Vec::new();
        self.op(branches).regions(&mut |region| regions.push(region));
        regions.into_iter().filter_map(|region| self.facts.region(region).value).collect()
    }
}

impl Search<'_> {
    /// What is stored because of a value that is nothing, or a stand-in for it.
    fn value(&mut self, at: At, value: NodeId) -> Option<Site> {
        let view = at.view;
        if !self.seen.insert(view.site(value)) {
            return None;
        }
        let region = view.facts.node(value).region;
        let Some(user) = view.info.parent(value) else {
            let is_value = view.facts.region(region).value == Some(value);
            return match view.info.region_node(region).filter(|_| is_value) {
                Some(branches) => self.value(at, branches),
                None if is_value && region == Body::ROOT => self.returned(at),
                None => None,
            };
        };
        match view.op(user) {
            Op::Try(_) if view.ty(value).is_option() => self.returned(at),
            Op::Await(_) | Op::Try(_) | Op::Reference { .. } | Op::Deref(_) => self.value(at, user),
            Op::Return(_) => self.returned(at),
            Op::Call { .. } if self.index.is_ok(view.site(user)) => self.value(at, user),
            Op::Method { receiver, name, arguments, .. } if *receiver == value => match name.as_str() {
                "unwrap_or_else" | "or_else" => {
                    let made = arguments.iter().find_map(|given| match view.op(*given) {
                        Op::Closure { region, .. } => self.stored_in(at, *region),
                        _ => None,
                    });
                    made.or_else(|| self.value(at, user))
                }
                "flatten" | "map" | "and_then" | "filter" | "as_ref" | "as_mut" | "as_deref" | "cloned" | "copied"
                | "unwrap_or_default" | "unwrap_or" => self.value(at, user),
                _ if view.op(user).same_as() == Some(value) => self.value(at, user),
                _ => None,
            },
            Op::Let { pattern, .. } if pattern.is_success() => {
                let branches = view.info.parent(user)?;
                match view.op(branches) {
                    Op::If { otherwise: Some(otherwise), .. } => self.taken(at, branches, *otherwise),
                    _ => None,
                }
            }
            Op::Match { arms, .. } => {
                let is_named = |pattern: &Pattern| matches!(&pattern.kind, PatternKind::Path(path) if at.named == Some(path.last()));
                let takes_nothing = |arm: &&Arm| (is_nothing(&arm.pattern) || is_named(&arm.pattern)) && !arm.guarded;
                arms.iter().find(takes_nothing).and_then(|arm| self.taken(at, user, arm.region))
            }
            Op::Bind { otherwise: Some(otherwise), .. } => self.stored_in(at, *otherwise),
            Op::Bind { pattern, otherwise: None, .. } => match pattern.kind {
                PatternKind::Bind { local, of: None } => {
                    let uses: Vec<NodeId> = view.facts.uses(local).collect();
                    let branched = uses.iter().find_map(|used| self.value(at, *used));
                    branched.or_else(|| self.written_back(at, local))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What a branch stores that is taken for nothing, or what is stored of what it gives.
    fn taken(&mut self, at: At, branches: NodeId, region: RegionId) -> Option<Site> {
        self.stored_in(at, region).or_else(|| {
            at.view.facts.region(region).value?;
            self.value(at, branches)
        })
    }

    /// What the callers store where a function gives them nothing.
    fn returned(&mut self, at: At) -> Option<Site> {
        let callers = at.callers.checked_sub(1)?;
        let function = self.index.function_of(at.view.body)?;
        let index = self.index;
        let mut shipped = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body));
        shipped.find_map(|Call { site, .. }| {
            let view = index.view(site.body);
            self.value(At { view, asked: site.node, callers, named: at.named }, site.node)
        })
    }

    /// A stand-in that is stored: it takes the place of all that was there. What is neither made whole nor changed is only a part of something.
    fn written_back(&self, at: At, local: LocalId) -> Option<Site> {
        let view = at.view;
        let names_it = |node: NodeId| root(view, node) == Some(local);
        let is_changed = view.facts.iter().any(|(node, n)| match &n.op {
            Op::Assign { place, .. } => !matches!(view.op(*place), Op::Local(_)) && names_it(*place),
            Op::Method { receiver, .. } => names_it(*receiver) && self.index.grows(view.site(node)),
            _ => false,
        });
        // What is stored is this, and not something else that this is a part of.
        let asked = names(view, at.asked);
        let is_where = |node: NodeId| root(view, node).is_none_or(|local| asked.contains(&Named::Local(local)));
        let is_it = |arguments: &[NodeId]| {
            arguments.iter().any(|node| names_it(*node))
                && arguments.iter().all(|node| names_it(*node) || is_where(*node))
        };
        let takes_it = |node: NodeId| match view.op(node) {
            Op::Method { receiver, arguments, .. } => names_it(*receiver) || is_it(arguments),
            Op::Call { arguments, .. } => is_it(arguments),
            _ => false,
        };
        let is_whole = matches!(view.info.local(local).peeled(), Ty::Adt(..));
        let mut stores =
            view.facts.iter().map(|(node, _)| node).filter(|node| (is_changed || is_whole) && takes_it(*node));
        stores.find(|node| self.stores_where_it_was_asked(at, *node)).map(|node| view.site(node))
    }

    /// What a branch stores that neither tells of what led there nor fails. A file that cannot be read can mostly not be written where it is either.
    fn stored_in(&self, at: At, region: RegionId) -> Option<Site> {
        let view = at.view;
        if self.store == Effect::File
            || self.index.tells(view.body, region)
            || self.index.fails_at_end(view.body, region)
        {
            return None;
        }
        let mut inside = view.facts.iter().map(|(node, _)| node).filter(|node| view.is_inside(*node, region));
        inside.find(|node| self.stores_where_it_was_asked(at, *node)).map(|node| view.site(node))
    }

    fn stores_where_it_was_asked(&self, at: At, call: NodeId) -> bool {
        let asked = names(at.view, at.asked);
        call != at.asked
            && names(at.view, call).iter().any(|name| asked.contains(name))
            && self.stores(at.view.site(call))
    }

    /// Whether a call puts something into the store, here or in a function that it goes to.
    fn stores(&self, call: Site) -> bool {
        let takes_away = self.index.called_directly(call).is_some_and(|body| self.index.takes_away(body));
        let stored = self.index.effect(call).filter(|found| found.effect == self.store && !found.looks && !takes_away);
        let Some(effected) = stored else { return false };
        match (self.store, effected.chain.last()) {
            // Whoever saves a file makes its folder first, and may do so in several steps.
            (Effect::File, _) => self.replaces(call, STEPS) && !self.reads_again(call),
            (_, Some(inner)) => {
                let operation = self.index.operation_behind(*inner);
                self.index.changes(operation).is_some()
                    && !self.index.states(operation, &makes_a_part)
                    && !self.only_adds(operation)
            }
            (_, None) => false,
        }
    }

    /// Whether the function that stores reads first what is there: then it fails as well.
    fn reads_again(&self, store: Site) -> bool {
        let reads = |path| self.index.catalogue().lists(Calls::ReadsContents, path);
        let body = self.index.called_directly(store);
        body.is_some_and(|body| self.index.call_sites(body).any(|call| self.index.external(call).is_some_and(reads)))
    }

    /// Whether an operation adds a row, and fails where there is one with the same key.
    fn only_adds(&self, operation: Site) -> bool {
        let chain = self.index.receivers(operation);
        let named = |start: &str| {
            chain
                .iter()
                .filter_map(|call| self.index.external(*call))
                .any(|path| path.rsplit("::").next().is_some_and(|name| name.starts_with(start)))
        };
        self.index.states(operation, &only_adds) || named("insert") && !named("on_conflict") && !named("on_duplicate")
    }

    fn replaces(&self, call: Site, steps: u32) -> bool {
        let listed = |path| self.index.catalogue().lists(Calls::Replaces, path);
        if self.index.external(call).is_some_and(listed) || self.creates(call) {
            return true;
        }
        let (Some(body), Some(steps)) = (self.index.called_directly(call), steps.checked_sub(1)) else { return false };
        self.index.call_sites(body).any(|inner| self.replaces(inner, steps))
    }

    /// Whether a file is opened with options by which it is made, or emptied.
    fn creates(&self, open: Site) -> bool {
        let makes = |path: &Ustr| ["::create", "::create_new", "::truncate"].iter().any(|name| path.ends_with(name));
        self.index.settings(open).set.iter().any(makes)
    }
}

/// Whether a pattern takes what is not there: `None`, `_`, `Ok(None)`.
fn is_nothing(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Wild => true,
        PatternKind::Path(path) => path.last() == "None",
        _ => pattern.is_ok() && matches!(pattern.parts(), [only] if is_nothing(only)),
    }
}

/// The variables, fields and texts that a call is made of.
fn names(view: View, call: NodeId) -> Vec<Named> {
    let mut parts: Vec<NodeId> = match view.op(call) {
        Op::Method { receiver, arguments, .. } => std::iter::once(*receiver).chain(arguments.iter().copied()).collect(),
        Op::Call { arguments, .. } => arguments.clone(),
        Op::Await(of) | Op::Try(of) => return names(view, *of),
        _ => Vec::new(),
    };
    let mut names = Vec::new();
    while let Some(part) = parts.pop() {
        match view.op(part) {
            Op::Local(local) => names.push(Named::Local(*local)),
            Op::Literal(Literal::Text(text)) => names.push(Named::Text(*text)),
            Op::Path(path) => names.push(Named::Text(path.last())),
            Op::Field { base, name } => {
                names.push(Named::Text(*name));
                parts.push(*base);
            }
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => parts.push(*of),
            Op::Method { receiver, .. } => parts.push(*receiver),
            _ => {}
        }
    }
    names
}

/// The variable that a place is, or is a part of.
fn root(view: View, place: NodeId) -> Option<LocalId> {
    match view.op(place) {
        Op::Local(local) => Some(*local),
        Op::Field { base: of, .. } | Op::Index { base: of, .. } | Op::Reference { of, .. } | Op::Deref(of) => {
            root(view, *of)
        }
        _ => None,
    }
}
