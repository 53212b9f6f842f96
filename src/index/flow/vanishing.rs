//! How the error of a `Result` vanishes: the forms in which code goes on as if there had been none. Whether the operation behind it matters is not asked here.

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{
    Arm, Literal, NodeId, Op, Operator, Pattern, PatternKind, RegionId, RegionKind, SelectArm, rest_is_errors,
};
use crate::index::bodies::asked::Outcome;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeats;
use crate::index::declared::types::Ty;
use crate::index::flow::statements::makes_a_part;
use crate::source::Range;

/// A `Result` whose error nobody will see.
#[derive(Debug, Clone, Copy)]
pub struct Vanished {
    pub value: NodeId,
    pub way: Way,
    /// What shows that the error is not looked at.
    pub range: Range,
}

/// How an error vanishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `let _ = ..`, `_ = ..`, `let _answer = ..`
    Underscore,
    /// `drop(write());`
    Dropped,
    /// `.ok();`
    Ok,
    /// `if let Ok(..) = .. { .. }`, and no `else`.
    IfLet,
    /// `Err(_) => {}`
    Arm,
    /// `unwrap_or_default()`, `Err(_) => Vec::new()`
    Default,
    /// `if write().is_ok() { .. }`: only success has consequences.
    Tested,
    /// `if let Ok(Some(..)) = load() { .. } else { store(); }`, `_ => delete()` behind `Ok(None)`: an error looks like the other answer, and what is stored is
    /// changed for it.
    Answered,
    /// `_ => return not_found()` behind `Ok(Some(..))`: whoever asked is told that there is nothing.
    Denied,
    /// `.ok()?`, `.ok().flatten()`, `.ok()` for an answer: from here on an error looks like something that is not there.
    Absent,
    /// `.filter_map(|item| load(item).ok())`: what an error is about is left out.
    LeftOut,
    /// `let Ok(..) = .. else { return }`
    Otherwise,
    /// `Err(_) => stand_in()`: something else is taken instead.
    Instead(StandIn),
    /// `_ = serve() => {}` in a `select!`
    Raced,
    /// `join_all(..).await;`, `let _ = join!(..)`: the results of several.
    Several,
    /// `command.output()?;`: whether a program could be run is looked at, and not how it ended.
    Ended,
    /// `timeout(limit, load()).await.is_ok()`, `if let Err(_) = timeout(..).await { .. }`: only whether the time ran out is looked at.
    Timed,
}

/// What is taken where something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandIn {
    /// What a function of the workspace gives: the way is foreseen, and it is worth knowing that it is taken.
    Made,
    Value,
}

/// First words of variables that say of what they hold that it is not looked at on purpose.
const NAMES_OF_INTENT: [&str; 8] = ["ignore", "ignored", "ignoring", "ign", "ig", "unused", "discard", "discarded"];

/// Through how many variables it is followed what becomes of a stand-in.
const VARIABLES: u32 = 3;

impl View<'_> {
    /// The `Result` whose error vanishes at a node.
    pub fn vanished(self, node: NodeId) -> Option<Vanished> {
        let whole = self.range(node);
        let found = |value, way, range| Some(Vanished { value, way, range });
        let is_result = |value: NodeId| self.ty(value).is_result();
        if let Some(arm) = arm_of(self, node).filter(|arm| is_passed_over(self, arm)) {
            return found(node, Way::Raced, Range { start: arm.pattern.range.start, end: whole.end });
        }
        if self.is_thrown_away_with_others(node) && self.index.awaited(self.ty(node)).is_result() {
            return found(node, Way::Several, whole);
        }
        if let Some(inner) = within_its_time(self, node) {
            return found(inner, Way::Timed, self.range(node));
        }
        match self.op(node) {
            Op::Bind { pattern, init: Some(init), .. } if pattern.is_wild() && is_result(*init) => {
                found(*init, Way::Underscore, whole)
            }
            Op::Bind { pattern, init: Some(init), otherwise: None, .. } if is_thrown_away(self, pattern) => {
                is_result(*init).then_some(())?;
                found(*init, Way::Underscore, whole)
            }
            Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. }
                if pattern.is_ok() && is_result(*init) && gives_up_silently(self, *otherwise) =>
            {
                found(*init, Way::Otherwise, Range { start: whole.start, end: self.range(*init).end })
            }
            Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. }
                if pattern.is_ok() && is_result(*init) =>
            {
                let denied = || (is_found(pattern) && denies(self, *otherwise)).then_some(Way::Denied);
                let way = leaves_without(self, *otherwise).or_else(denied)?;
                found(*init, way, self.facts.region(*otherwise).range)
            }
            Op::Bind { pattern, init: Some(init), otherwise: None, .. }
                if (pattern.is_wild() || is_thrown_away(self, pattern))
                    && fallible_behind_ok(self, *init).is_some() =>
            {
                found(fallible_behind_ok(self, *init)?, Way::Ok, whole)
            }
            Op::Bind { pattern, init: Some(init), otherwise: None, .. }
                if (pattern.is_wild() || is_thrown_away(self, pattern)) && gives_results(self, *init) =>
            {
                found(*init, Way::Several, whole)
            }
            Op::Discard(of) if gives_results(self, *of) => found(*of, Way::Several, whole),
            Op::Discard(of) if gives_an_end(self, *of) => found(tried(self, *of)?, Way::Ended, whole),
            Op::Discard(of) => found(fallible_behind_ok(self, *of)?, Way::Ok, whole),
            Op::Call { .. } => {
                let given = self.index.given_to_drop(self.site(node)).filter(|given| is_result(*given))?;
                found(given, Way::Dropped, whole)
            }
            Op::If { condition, then, otherwise } => in_condition(self, node, *condition, *then, *otherwise),
            Op::Try(of) => found(fallible_behind_ok(self, *of)?, Way::Absent, whole),
            Op::Match { scrutinee, arms } if is_result(*scrutinee) => {
                let (arm, way) = in_arms(self, arms)?;
                found(*scrutinee, way, arm.range)
            }
            Op::Method { .. } if is_answer(self, node) => {
                found(fallible_behind_ok(self, node)?, Way::Absent, self.name_range(node))
            }
            Op::Method { receiver, name, arguments, .. } => match left_out(self, name, arguments) {
                Some((value, range)) => found(value, Way::LeftOut, range),
                None => {
                    let (value, way) = in_chain(self, *receiver, name, arguments)?;
                    found(value, way, whole)
                }
            },
            _ => None,
        }
    }

    /// Whether a future is waited for together with others, and nobody looks at what any of them gave: `let _ = join!(load(), store())`. What fails as a whole is a
    /// result like any other.
    fn is_thrown_away_with_others(self, future: NodeId) -> bool {
        let all = self.info.parent(future).filter(|wait| match self.op(*wait) {
            Op::Macro(call) => call.arguments.contains(&future) && self.index.waits_for_all(self.site(*wait)),
            _ => false,
        });
        let given = all.filter(|all| !self.ty(*all).is_result()).and_then(|all| self.info.parent(all));
        given.is_some_and(|owner| match self.op(owner) {
            Op::Discard(_) => true,
            Op::Bind { pattern, .. } => {
                pattern.is_wild() || is_thrown_away(self, pattern) && !self.is_named_as_ignored(owner)
            }
            _ => false,
        })
    }

    /// `let _ignored = ..`: whether a name says that nobody is to look at what is bound to it.
    pub fn is_named_as_ignored(self, node: NodeId) -> bool {
        let Op::Bind { pattern, .. } = self.op(node) else { return false };
        pattern.locals().into_iter().any(|local| {
            let said = self.facts.local(local).name.strip_prefix('_');
            let word = said.and_then(|said| said.split('_').next());
            // `_ignored1`, `_ignored2`
            word.is_some_and(|word| NAMES_OF_INTENT.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())))
        })
    }

    /// Whether what stands for a failure is refused further on, where it leads to an error or a panic: then the cause is gone, but not the
    /// failure.
    pub fn is_refused(self, stand_in: NodeId) -> bool {
        self.is_refused_within(stand_in, VARIABLES)
    }

    fn is_refused_within(self, stand_in: NodeId, fuel: u32) -> bool {
        let Some(parent) = self.info.parent(stand_in) else { return false };
        let fails = |region: RegionId| self.index.fails_at_end(self.body, region);
        match self.op(parent) {
            Op::Method { receiver, name, .. } if *receiver == stand_in => {
                refuses(name) || self.is_refused_within(parent, fuel)
            }
            Op::Await(_) | Op::Reference { .. } | Op::Binary { .. } | Op::Unary(_) => {
                self.is_refused_within(parent, fuel)
            }
            Op::If { then, otherwise, .. } => fails(*then) || otherwise.is_some_and(fails),
            Op::Match { arms, .. } => arms.iter().any(|arm| fails(arm.region)),
            Op::Let { .. } => self.is_refused_within(parent, fuel),
            Op::Bind { otherwise: Some(otherwise), .. } => fails(*otherwise),
            Op::Bind { pattern, otherwise: None, .. } => match (&pattern.kind, fuel.checked_sub(1)) {
                (PatternKind::Bind { local, of: None }, Some(fuel)) => {
                    self.facts.uses(*local).any(|used| self.is_refused_within(used, fuel))
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// The arm of a `select!` in which a future is awaited.
fn arm_of(view: View<'_>, future: NodeId) -> Option<&SelectArm> {
    match view.op(view.info.parent(future)?) {
        Op::Select { arms, .. } => arms.iter().find(|arm| arm.future == future),
        _ => None,
    }
}

/// Whether an arm awaits a `Result` and asks only for its being there: no word of warning follows, and no other error. What a task gave is not meant.
fn is_passed_over(view: View, arm: &SelectArm) -> bool {
    let ty = view.ty(arm.future);
    arm.pattern.is_wild()
        && view.index.awaited(ty).is_result()
        && view.index.task_output(ty).is_none()
        && !view.index.warns(view.body, arm.region)
        && !view.index.fails_at_end(view.body, arm.region)
}

/// The `Result` of a future that is given so much time, where it is only looked at whether the time ran out.
fn within_its_time(view: View, node: NodeId) -> Option<NodeId> {
    let takes_any = |pattern: &Pattern| pattern.parts().iter().all(Pattern::is_wild);
    let timed = match view.op(node) {
        Op::Let { pattern, of } if pattern.is_err() || pattern.is_ok() && takes_any(pattern) => *of,
        Op::Bind { pattern, init: Some(init), otherwise: Some(_), .. } if pattern.is_ok() && takes_any(pattern) => {
            *init
        }
        Op::Method { .. } => view.asked(node)?.0,
        Op::Match { scrutinee, arms } => {
            arms.iter().find(|arm| arm.pattern.is_ok()).filter(|arm| takes_any(&arm.pattern) && !arm.guarded)?;
            *scrutinee
        }
        _ => return None,
    };
    let Op::Await(call) = *view.op(timed) else { return None };
    let (true, Op::Call { arguments, .. }) = (view.index.bounds_time(view.site(call)), view.op(call)) else {
        return None;
    };
    // Where one result tells of both, it is the operation's own.
    let inner = view.ty(timed).tried();
    let has_own = inner.is_result() || inner == Ty::ext("bool", Vec::new());
    arguments.iter().filter(|_| has_own).find_map(|given| result_of(view, *given))
}

/// The `Result` that a future comes to, or that a yes or no is made of in its end.
fn result_of(view: View, future: NodeId) -> Option<NodeId> {
    let end = match view.op(future) {
        Op::Async(region) => view.facts.region(*region).value?,
        _ => return view.index.awaited(view.ty(future)).is_result().then_some(future),
    };
    let given = view.asked(end).map_or(end, |(value, _)| value);
    view.ty(given).is_result().then_some(given)
}

/// `let _answer = ..`: a variable that is named as one that nobody uses, and that nobody uses.
fn is_thrown_away(view: View, pattern: &Pattern) -> bool {
    match pattern.kind {
        PatternKind::Bind { local, of: None } => {
            view.facts.local(local).name.starts_with('_') && !view.facts.is_used(local)
        }
        _ => false,
    }
}

/// Methods of `Option` that make an error or a panic of what is not there.
fn refuses(name: &str) -> bool {
    matches!(name, "unwrap" | "expect" | "ok_or" | "ok_or_else" | "context" | "with_context" | "ok_or_eyre")
}

/// `if let Ok(..)`, `if let Err(_)`, `if ..is_ok()`
fn in_condition(
    view: View,
    node: NodeId,
    condition: NodeId,
    then: RegionId,
    otherwise: Option<RegionId>,
) -> Option<Vanished> {
    let head = Range { start: view.range(node).start, end: view.range(condition).end };
    let is_result = |value: NodeId| view.ty(value).is_result();
    let Some(otherwise) = otherwise else {
        let last = asked_last(view, condition);
        if let Some((value, asked)) = view.asked(last).filter(|(value, _)| is_result(*value)) {
            let way = on_a_yes(view, asked, then)?;
            return Some(Vanished { value, way, range: if way == Way::Arm { view.range(node) } else { head } });
        }
        return match view.op(last) {
            Op::Let { pattern, of } if pattern.is_ok() && is_result(*of) && !leaves(view, then) => {
                Some(Vanished { value: *of, way: Way::IfLet, range: head })
            }
            Op::Let { pattern, of } if pattern.ignores_error() && does_nothing(view, then) => {
                Some(Vanished { value: *of, way: Way::Arm, range: view.range(node) })
            }
            Op::Let { pattern, of } if pattern.ignores_error() && is_result(*of) => {
                Some(Vanished { value: *of, way: leaves_without(view, then)?, range: head })
            }
            _ => None,
        };
    };
    match view.op(condition) {
        Op::Let { pattern, of } if pattern.is_ok() && is_result(*of) && becomes_empty(view, otherwise) => {
            Some(Vanished { value: *of, way: Way::Default, range: view.facts.region(otherwise).range })
        }
        Op::Let { pattern, of } if is_one_answer(pattern) && is_result(*of) && changes_for_it(view, otherwise) => {
            Some(Vanished { value: *of, way: Way::Answered, range: head })
        }
        Op::Let { pattern, of } if is_found(pattern) && is_result(*of) && denies(view, otherwise) => {
            Some(Vanished { value: *of, way: Way::Denied, range: view.facts.region(otherwise).range })
        }
        _ => None,
    }
}

/// How an error vanishes where a `Result` is only asked for a yes or no, and this runs on a yes.
fn on_a_yes(view: View, asked: Outcome, then: RegionId) -> Option<Way> {
    match asked {
        Outcome::Ok => (!leaves(view, then) && !remembers(view, then)).then_some(Way::Tested),
        Outcome::Err if does_nothing(view, then) => Some(Way::Arm),
        Outcome::Err => leaves_without(view, then),
        Outcome::Some | Outcome::None => None,
    }
}

/// `Ok(Some(..))`, `Ok(None)`: what is left is the other answer, and all errors with it.
fn is_one_answer(pattern: &Pattern) -> bool {
    let some_or_none = |part: &Pattern| match part.kind {
        PatternKind::Path(_) => true,
        _ => part.variant().is_some(),
    };
    pattern.is_ok() && matches!(pattern.parts(), [only] if some_or_none(only))
}

/// `Ok(Some(found))`
fn is_found(pattern: &Pattern) -> bool {
    pattern.is_ok() && matches!(pattern.parts(), [only] if only.is_some())
}

/// Whether a branch, for what is not there and for errors alike, leaves the function with an answer for whoever asked: not a mere yes or no, and no word for
/// the log.
fn denies(view: View, region: RegionId) -> bool {
    let is_no = |value: NodeId| matches!(view.op(value), Op::Literal(Literal::Bool(_)));
    answered(view, region).is_some_and(|(value, _)| !is_no(value))
        && !view.index.tells(view.body, region)
        && !view.index.fails_at_end(view.body, region)
        && is_for_a_client(view, region)
}

/// Whether a region runs for each request of a client.
fn is_for_a_client(view: View, region: RegionId) -> bool {
    let owner = view.info.region_node(region);
    let repeated = owner.and_then(|owner| view.index.repeated_if(view.site(owner), &|_, _| false));
    repeated.is_some_and(|repeated| repeated.repeats == Repeats::Request)
}

/// Whether a branch changes what a database has, asks nobody else for it, and neither tells of what led there nor fails. What makes a part of the schema is
/// there for a database that has none yet, of which a question fails; who asks somebody else fills a cache.
fn changes_for_it(view: View, region: RegionId) -> bool {
    let inside = || view.facts.iter().map(|(node, _)| node).filter(|node| view.is_inside(*node, region));
    let operation = |node: NodeId| {
        let effected = view.index.effect(view.site(node))?;
        let call = *effected.chain.last()?;
        Some((effected.effect, effected.looks, call))
    };
    let asks = |node: NodeId| {
        operation(node)
            .is_some_and(|(effect, looks, _)| looks || effect != Effect::Database && effect != Effect::Finish)
    };
    let changes = |node: NodeId| {
        operation(node).is_some_and(|(effect, looks, call)| {
            let makes_schema = || view.index.states(call, &makes_a_part);
            effect == Effect::Database && !looks && !is_no_statement(view, call) && !makes_schema()
        })
    };
    !view.index.tells(view.body, region)
        && !view.index.fails_at_end(view.body, region)
        && !inside().any(asks)
        && inside().any(changes)
}

/// Whether an operation only begins something, or sends a request of which it is not seen what it does.
fn is_no_statement(view: View, operation: Site) -> bool {
    view.index.callable(operation).is_some_and(|callable| callable.constructs.is_some())
        || match &view.index.node(operation).op {
            Op::Method { name, .. } => name == "send",
            Op::Await(_) => true,
            _ => false,
        }
}

/// The arm of a `match` in which an error is not looked at.
fn in_arms<'a>(view: View, arms: &'a [Arm]) -> Option<(&'a Arm, Way)> {
    let fails_else = rest_is_errors(arms);
    let ignores = || arms.iter().find(|arm| ignores_error(view, arm, fails_else)).map(|arm| (arm, Way::Arm));
    let empty = || arms.iter().find(|arm| empties(view, arm, fails_else)).map(|arm| (arm, Way::Default));
    // Whoever takes some errors apart has thought of the others.
    let by_kind = arms.iter().any(|arm| arm.pattern.is_err() && !arm.pattern.ignores_error());
    let leaves = || {
        let mut blind = arms.iter().filter(|arm| !by_kind && takes_unseen(arm, fails_else));
        blind.find_map(|arm| Some((arm, leaves_without(view, arm.region)?)))
    };
    let instead = || arms.iter().find_map(|arm| Some((arm, Way::Instead(taken_instead(view, arm)?))));
    let changed = || {
        let answers = arms.iter().any(|arm| is_one_answer(&arm.pattern));
        let mut rest = arms.iter().filter(|arm| answers && !by_kind && arm.pattern.is_wild() && !arm.guarded);
        rest.find(|arm| changes_for_it(view, arm.region)).map(|arm| (arm, Way::Answered))
    };
    let denied = || {
        let finds = arms.iter().any(|arm| is_found(&arm.pattern)) && !by_kind;
        let mut rest = arms.iter().filter(|arm| finds && arm.pattern.is_wild() && !arm.guarded);
        rest.find(|arm| denies(view, arm.region)).map(|arm| (arm, Way::Denied))
    };
    ignores().or_else(empty).or_else(leaves).or_else(instead).or_else(changed).or_else(denied)
}

/// `.unwrap_or_else(|_| ..)`, `.ok().flatten()`, `.unwrap_or_default()`
fn in_chain(view: View, receiver: NodeId, name: &str, arguments: &[NodeId]) -> Option<(NodeId, Way)> {
    if let Some(value) = fallible_behind_ok(view, receiver) {
        return goes_on_without(name).then_some((value, Way::Absent));
    }
    // Of a future as well: `load().unwrap_or_else(|_| none()).await`.
    if name == "unwrap_or_else" && view.ty(receiver).given().is_result() {
        let stand_in = arguments.iter().find_map(|argument| made_blindly(view, *argument));
        if let Some(stand_in) = stand_in {
            return Some((receiver, Way::Instead(stand_in)));
        }
    }
    if !view.ty(receiver).is_result() {
        return None;
    }
    match (name, arguments) {
        ("map_or_else", [failed, _]) => Some((receiver, Way::Instead(made_blindly(view, *failed)?))),
        ("map_or", [failed, _]) if is_empty(view, *failed) || is_unit(view, *failed) => Some((receiver, Way::Default)),
        ("unwrap_or_else", [failed]) if does_nothing_blindly(view, *failed) => Some((receiver, Way::Default)),
        ("unwrap_or", [failed]) if is_unit(view, *failed) || is_empty(view, *failed) => Some((receiver, Way::Default)),
        ("unwrap_or", [failed]) => match view.op(*failed) {
            Op::Literal(_) => Some((receiver, Way::Default)),
            // What has a name of its own is a default that is meant.
            Op::Path(_) => None,
            _ => Some((receiver, Way::Instead(stands_in(view, *failed)?))),
        },
        ("unwrap_or_default", _) => Some((receiver, Way::Default)),
        _ => None,
    }
}

/// `()`
fn is_unit(view: View, value: NodeId) -> bool {
    matches!(view.op(value), Op::Tuple(parts) if parts.is_empty())
}

/// `|_| {}`
fn does_nothing_blindly(view: View, closure: NodeId) -> bool {
    match view.op(closure) {
        Op::Closure { region, parameters, .. } => {
            parameters.iter().all(Pattern::is_wild) && does_nothing(view, *region)
        }
        _ => false,
    }
}

/// The `Result` that is made for each element of a sequence, where only what succeeded goes on, and what shows that. The element itself is another's to fail.
fn left_out(view: View, name: &str, arguments: &[NodeId]) -> Option<(NodeId, Range)> {
    let [closure] = arguments else { return None };
    let Op::Closure { region, .. } = view.op(*closure) else { return None };
    let mut given = view.facts.region(*region).value?;
    if let Op::Async(inner) = view.op(given) {
        given = view.facts.region(*inner).value?;
    }
    let bare = |value: NodeId| view.ty(value).is_result().then_some(value);
    let value = match (name, view.op(given)) {
        ("filter_map", _) => fallible_behind_ok(view, given),
        ("flat_map", Op::Method { receiver, name, .. }) if name == "into_iter" => bare(*receiver),
        ("flat_map", _) => fallible_behind_ok(view, given).or_else(|| bare(given)),
        _ => None,
    }?;
    (!matches!(view.op(value), Op::Local(_))).then(|| (value, view.range(given)))
}

/// Whether a value holds the results of several operations that have been run: what was awaited, or collected.
fn gives_results(view: View, value: NodeId) -> bool {
    let ty = view.ty(value);
    let is_run = match view.op(value) {
        Op::Await(_) => true,
        Op::Method { name, .. } => name == "collect",
        _ => false,
    };
    is_run && !ty.is_option() && !ty.is_result() && view.index.element(ty).is_result()
}

/// Whether a value says how a program ended that has been waited for.
fn gives_an_end(view: View, value: NodeId) -> bool {
    let ty = view.ty(value);
    ["std::process::ExitStatus", "std::process::Output"].iter().any(|path| *ty == Ty::ext(path, Vec::new()))
}

/// The `Result` whose success is taken: what a `?` is behind, or what panics otherwise.
fn tried(view: View, value: NodeId) -> Option<NodeId> {
    match view.op(value) {
        Op::Try(of) => Some(*of),
        Op::Method { receiver, name, .. } if matches!(name.as_str(), "unwrap" | "expect") => Some(*receiver),
        _ => None,
    }
}

/// The `Result` that `.ok()` is called on.
fn fallible_behind_ok(view: View, value: NodeId) -> Option<NodeId> {
    match view.op(value) {
        Op::Method { receiver, name, .. } if name == "ok" && view.ty(*receiver).is_result() => Some(*receiver),
        _ => None,
    }
}

/// Whether what `.ok()` gives is used: bound, given back, handed on. Where it is thrown away, tried, or called on, that tells how the error vanishes, and who
/// only asks whether there is something, or refuses that there is nothing, has seen the failure.
fn is_answer(view: View, node: NodeId) -> bool {
    let is_ok = matches!(view.op(node), Op::Method { name, .. } if name == "ok");
    is_ok
        && !is_for_an_element(view, node)
        && view.info.parent(node).is_none_or(|parent| match view.op(parent) {
            Op::Discard(_) | Op::Try(_) => false,
            Op::Bind { pattern, otherwise: None, .. } => !pattern.is_wild() && !is_thrown_away(view, pattern),
            Op::Method { receiver, name, .. } if *receiver == node => {
                !refuses(name) && !goes_on_without(name) && !matches!(name.as_str(), "is_some" | "is_none")
            }
            _ => true,
        })
}

/// Whether a value is what a closure gives for an element of a sequence, from which it is left out where it failed.
fn is_for_an_element(view: View, node: NodeId) -> bool {
    let mut around = view.facts.outwards(view.facts.node(node).region);
    let closure = around.find(|(_, region)| region.kind == RegionKind::Closure);
    let call = closure.and_then(|(region, _)| view.info.parent(view.info.region_node(region)?));
    call.is_some_and(|call| match view.op(call) {
        Op::Method { name, arguments, .. } => {
            left_out(view, name, arguments).is_some_and(|(value, _)| fallible_behind_ok(view, node) == Some(value))
        }
        _ => false,
    })
}

/// Whether a method of `Option` goes on as if what is not there had never been.
fn goes_on_without(name: &str) -> bool {
    matches!(name, "flatten" | "and_then" | "unwrap_or_default")
}

/// Whether a region does no more than remember that something works: what was tried was a question.
fn remembers(view: View, region: RegionId) -> bool {
    let sets = |node: &NodeId| match view.op(*node) {
        Op::Assign { value, .. } => matches!(view.op(*value), Op::Literal(Literal::Bool(_))),
        Op::Macro(_) => true,
        Op::Discard(of) => matches!(view.op(*of), Op::Macro(_)),
        _ => false,
    };
    let statements = view.facts.region(region).nodes.iter().filter(|node| view.info.parent(**node).is_none());
    statements.clone().count() > 0 && statements.into_iter().all(sets)
}

/// Whether the `else` of a `let` leaves with nothing in its hands, and without a word: neither an error nor an answer is made there.
fn gives_up_silently(view: View, region: RegionId) -> bool {
    let facts = view.facts;
    let inside = facts.iter().filter(|(_, node)| facts.is_inside(node.region, region));
    inside.into_iter().all(|(node, n)| match &n.op {
        Op::Return(_) | Op::Break(_) | Op::Continue | Op::Local(_) | Op::Literal(_) | Op::Path(_) | Op::Tuple(_) => {
            true
        }
        Op::Discard(of) => matches!(view.op(*of), Op::Return(_) | Op::Break(_) | Op::Continue),
        Op::Call { arguments, .. } if view.index.is_ok(view.site(node)) => arguments
            .iter()
            .all(|given| matches!(view.op(*given), Op::Tuple(parts) if parts.is_empty()) || is_empty(view, *given)),
        _ => is_empty(view, node),
    })
}

/// `Err(_) => {}` and the like: the error is not looked at, and nothing is said or done instead.
fn ignores_error(view: View, arm: &Arm, fails_else: bool) -> bool {
    let takes_any = || !arm.guarded && arm.pattern.is_err() && arm.pattern.parts().iter().all(takes_whole);
    (takes_unseen(arm, fails_else) || takes_any()) && does_nothing(view, arm.region)
}

/// `_`, `error`
fn takes_whole(part: &Pattern) -> bool {
    part.is_wild() || matches!(part.kind, PatternKind::Bind { of: None, .. })
}

/// Whether an arm takes every error that comes to it and looks at none; `_` does where it is for errors.
fn takes_unseen(arm: &Arm, fails_else: bool) -> bool {
    !arm.guarded && (arm.pattern.ignores_error() || fails_else && arm.pattern.is_wild())
}

/// `Err(_) => Vec::new()`: what could not be read looks like something that is empty.
fn empties(view: View, arm: &Arm, fails_else: bool) -> bool {
    takes_unseen(arm, fails_else) && becomes_empty(view, arm.region)
}

/// Whether a region gives nothing, and neither says a word nor passes on an error of its own.
fn becomes_empty(view: View, region: RegionId) -> bool {
    let value = view.facts.region(region).value;
    let tries = || view.facts.iter().any(|(node, n)| matches!(n.op, Op::Try(_)) && view.is_inside(node, region));
    value.is_some_and(|value| is_empty(view, value)) && !tries() && !view.index.tells(view.body, region)
}

/// What is asked last in a condition: of `due && let Ok(rows) = load()` the `let`.
fn asked_last(view: View, condition: NodeId) -> NodeId {
    match view.op(condition) {
        Op::Binary { right, operator: Operator::Both, .. } => asked_last(view, *right),
        _ => condition,
    }
}

/// What a region returns as its last step, and where: an answer that is given early.
fn answered(view: View, region: RegionId) -> Option<(NodeId, NodeId)> {
    let region = view.facts.region(region);
    let at = |node: NodeId| match *view.op(node) {
        Op::Discard(of) => of,
        _ => node,
    };
    let last = at(region.value.or_else(|| region.nodes.last().copied())?);
    match *view.op(last) {
        Op::Return(Some(value)) => Some((value, last)),
        _ => None,
    }
}

/// How an error vanishes in a region that it enters and that leaves the function or the round: with nothing in its hands, or with an answer that is no error. That
/// it did not go well is said by a yes or no.
fn leaves_without(view: View, region: RegionId) -> Option<Way> {
    let inside = || view.facts.iter().filter(|(_, node)| view.facts.is_inside(node.region, region));
    let jumps = inside().any(|(_, n)| matches!(n.op, Op::Return(_) | Op::Break(_) | Op::Continue));
    let says_no = inside().any(|(_, n)| matches!(n.op, Op::Literal(Literal::Bool(_))));
    if jumps && !says_no && gives_up_silently(view, region) {
        return Some(Way::Otherwise);
    }
    answered(view, region)?;
    stand_in(view, region).map(Way::Instead)
}

/// `Err(_) => stand_in()`
fn taken_instead(view: View, arm: &Arm) -> Option<StandIn> {
    let blind = arm.pattern.ignores_error() && !arm.guarded;
    blind.then(|| stand_in(view, arm.region))?
}

/// `|_| stand_in()`
fn made_blindly(view: View, closure: NodeId) -> Option<StandIn> {
    match view.op(closure) {
        Op::Closure { region, parameters, .. } if parameters.iter().all(Pattern::is_wild) => stand_in(view, *region),
        _ => None,
    }
}

/// What a region gives in place of what failed. No stand-in is what answers: a text to be shown, which says that something is not known, a yes or
/// no, an error, another way to the same.
fn stand_in(view: View, region: RegionId) -> Option<StandIn> {
    let (value, leaves_with) = match answered(view, region) {
        Some((value, at)) => (value, Some(at)),
        None => (view.facts.region(region).value?, None),
    };
    let inside = view.facts.iter().filter(|(_, node)| view.facts.is_inside(node.region, region));
    let fails = |node: NodeId| {
        let diverges = |path| view.index.catalogue().lists(Calls::Diverges, path);
        view.index.is_failure(view.site(node)) || view.index.external(view.site(node)).is_some_and(diverges)
    };
    let goes = |op: &Op| matches!(op, Op::Return(_) | Op::Break(_) | Op::Continue);
    if inside.into_iter().any(|(node, n)| fails(node) || goes(&n.op) && leaves_with != Some(node))
        || view.index.tells(view.body, region)
    {
        return None;
    }
    stands_in(view, value)
}

/// How a value takes the place of what failed; none where it answers.
fn stands_in(view: View, value: NodeId) -> Option<StandIn> {
    if is_text(view, value)
        || is_text_given(view, value)
        || matches!(view.op(value), Op::Literal(Literal::Bool(_)))
        || view.ty(value).is_result()
        || !is_given(view, value)
    {
        return None;
    }
    let made = matches!(view.op(value), Op::Call { .. }) && view.index.called_directly(view.site(value)).is_some();
    Some(if made { StandIn::Made } else { StandIn::Value })
}

/// Whether an expression gives something: what only does something, as counting, has looked at the failure.
fn is_given(view: View, value: NodeId) -> bool {
    match view.op(value) {
        Op::Path(_)
        | Op::Local(_)
        | Op::Field { .. }
        | Op::Literal(_)
        | Op::Struct { .. }
        | Op::Tuple(_)
        | Op::Macro(_) => true,
        Op::Call { .. } | Op::Method { .. } | Op::Await(_) => {
            !view.ty(value).is_unknown() && *view.ty(value) != Ty::unit()
        }
        _ => false,
    }
}

/// A text that stands there, perhaps with something put into it.
fn is_text(view: View, value: NodeId) -> bool {
    match view.op(value) {
        Op::Literal(Literal::Text(_)) => true,
        Op::Method { receiver: of, .. } | Op::Reference { of, .. } => is_text(view, *of),
        Op::Call { arguments, .. } => matches!(arguments[..], [only] if is_text(view, only)),
        Op::Macro(call) => call.path.last() == "format",
        _ => false,
    }
}

/// A text that the function around is given and makes a text of: what somebody is named by stands for the name.
fn is_text_given(view: View, value: NodeId) -> bool {
    match view.op(value) {
        Op::Method { receiver: of, arguments, .. } if arguments.is_empty() => is_text_given(view, *of),
        Op::Reference { of, .. } => is_text_given(view, *of),
        Op::Local(local) => match view.index.parameter_of(view.body, *local) {
            Some(_) => view.ty(value).is_text() && view.index.output(view.body).is_some_and(Ty::is_text),
            None => {
                let init = view.index.init_of(view.body, *local).filter(|init| *init < value);
                init.is_some_and(|init| is_text_given(view, init))
            }
        },
        _ => false,
    }
}

/// Whether an expression stands for nothing: `None`, a number, a collection that was just made, `Ok(..)` of these.
fn is_empty(view: View, node: NodeId) -> bool {
    match view.op(node) {
        Op::Path(path) => path.last() == "None",
        Op::Literal(Literal::Number(..) | Literal::Fraction(_)) => true,
        Op::Tuple(parts) => !parts.is_empty() && parts.iter().all(|part| is_empty(view, *part)),
        Op::Macro(call) => call.path.last() == "vec" && call.seen && call.arguments.is_empty(),
        Op::Call { arguments, .. } => view.index.external(view.site(node)).is_some_and(|path| match arguments[..] {
            [] => path.ends_with("::new") || path.ends_with("::default"),
            [only] => path == "std::result::Result::Ok" && is_empty(view, only),
            _ => false,
        }),
        _ => false,
    }
}

fn does_nothing(view: View, region: RegionId) -> bool {
    let nodes = &view.facts.region(region).nodes;
    let in_vain: Vec<Range> =
        nodes.iter().filter(|node| is_made_in_vain(view, **node)).map(|node| view.range(*node)).collect();
    nodes.iter().all(|node| {
        matches!(view.op(*node), Op::Continue | Op::Tuple(_))
            || in_vain.iter().any(|made| made.contains(view.range(*node)))
            || matches!(view.op(*node), Op::Discard(of) if is_made_in_vain(view, *of))
    })
}

/// `format!("not saved: {error}");`: a text that nobody gets.
fn is_made_in_vain(view: View, node: NodeId) -> bool {
    matches!(view.op(node), Op::Macro(call) if call.path.last() == "format") && view.is_unused(node)
}

fn leaves(view: View, region: RegionId) -> bool {
    view.facts
        .nodes
        .iter()
        .any(|node| matches!(node.op, Op::Return(_) | Op::Break(_)) && view.facts.is_inside(node.region, region))
}
