//! `swallowed-iteration`: elements that could not be read are skipped, or end the loop as if there were no more.

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Arm, Literal, LocalId, LoopKind, NodeId, Op, Pattern, PatternKind, RegionId};
use crate::index::Index;
use crate::index::bodies::view::{View, WhileLet};
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::flow::sequences::Source;
use crate::index::flow::statements::asks_for_the_schema;
use crate::index::programs::kinds::leaving;
use crate::index::tasks::Work;
use crate::source::Range;

const ID: &str = "swallowed-iteration";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.look(|view, node| {
        let ends = || lagging(view, node).or_else(|| stops_consuming(view, node));
        broken_off(view, node).or_else(|| diagnose(view, node)).or_else(ends)
    })
}

/// What an error does to the iteration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Skips,
    Ends,
}

fn diagnose(view: View, node: NodeId) -> Option<Diagnostic> {
    match view.op(node) {
        Op::Method { receiver, name, arguments, .. } => {
            let way = adapter(view, *receiver, name, arguments)?;
            let source = view.index.sequence(view.site(*receiver))?;
            if source.effect == Effect::File && swept_in(view, node).is_some_and(|round| view.only_takes_away(round)) {
                return None;
            }
            let found = swallowed(view, source, way, view.name_range(node))?;
            Some(Diagnostic {
                confidence: if only_measures_or_finds(view, node, way) { Confidence::Hint } else { found.confidence },
                ..found
            })
        }
        Op::Loop { kind: LoopKind::For { pattern, iterated }, region } => {
            if !view.index.element(view.ty(*iterated)).is_result() {
                return None;
            }
            let range = skipped_in(view, *region, *pattern.locals().first()?)?;
            let source = view.index.sequence(view.site(*iterated))?;
            let sweeps = source.effect == Effect::File && view.only_takes_away(*region);
            let found = (!sweeps).then(|| swallowed(view, source, Way::Skips, range))??;
            Some(Diagnostic {
                confidence: if finds(view, *region) { Confidence::Hint } else { found.confidence },
                ..found
            })
        }
        Op::Loop { kind: LoopKind::While, region } => {
            let Some(condition) = only_success(view, *region) else {
                let Parts { of, errors, .. } = only_good_parts(view, *region)?;
                return swallowed(view, view.index.next_of(view.site(of))?, Way::Skips, errors);
            };
            swallowed(view, view.index.next_of(view.site(condition.of))?, Way::Ends, view.range(condition.node))
        }
        _ => None,
    }
}

/// `flatten()`, `filter_map(Result::ok)` and the like.
fn adapter(view: View, receiver: NodeId, name: &str, arguments: &[NodeId]) -> Option<Way> {
    let fails = || view.index.element(view.ty(receiver)).is_result();
    let given = |names: &[&str]| matches!(arguments, [only] if only_asks(view, *only, names));
    match name {
        "flatten" if arguments.is_empty() && fails() => Some(Way::Skips),
        "filter_map" | "flat_map" if given(&["ok"]) => Some(Way::Skips),
        "flat_map" if fails() && given(&[]) => Some(Way::Skips),
        "filter" if given(&["is_ok"]) => Some(Way::Skips),
        "map_while" if given(&["ok"]) => Some(Way::Ends),
        "take_while" if given(&["is_ok"]) => Some(Way::Ends),
        _ => None,
    }
}

/// The loop that goes through what an adapter gives.
fn swept_in(view: View, adapter: NodeId) -> Option<RegionId> {
    match view.op(view.info.parent(adapter)?) {
        Op::Loop { kind: LoopKind::For { iterated, .. }, region } if *iterated == adapter => Some(*region),
        _ => None,
    }
}

/// `.flatten().count()`: a number of all is seldom meant to be exact. Where some are passed over, nor is a sum, and what is looked for is mostly found or missed
/// all the same.
fn only_measures_or_finds(view: View, adapter: NodeId, way: Way) -> bool {
    let mut at = adapter;
    while let Some(parent) = view.info.parent(at) {
        let Op::Method { receiver, name, arguments, .. } = view.op(parent) else { return false };
        match name.as_str() {
            _ if *receiver != at => return false,
            "count" if at == adapter => return true,
            _ if way == Way::Ends => return false,
            "sum" | "find" | "find_map" | "position" | "any" => return true,
            "fold" => {
                let first = arguments.first().map(|first| view.op(*first));
                return matches!(first, Some(Op::Literal(Literal::Number(..))));
            }
            _ => at = parent,
        }
    }
    false
}

/// Whether a loop is left with what it looks for: `return Ok(path)`.
fn finds(view: View, region: RegionId) -> bool {
    leaving(view.facts, region).any(|way| match *view.op(way) {
        Op::Return(Some(of)) => !view.index.is_failure(view.site(of)),
        Op::Break(of) => of.is_some(),
        _ => false,
    })
}

/// Whether an argument is `Result::ok` or `|element| element.ok()`, for a method of these names; without names, `|element| element`.
fn only_asks(view: View, argument: NodeId, names: &[&str]) -> bool {
    match view.op(argument) {
        Op::Path(path) => {
            let of_result = path.segments.len() == 2 && path.segments[0].name == "Result";
            of_result && names.contains(&path.last().as_str())
        }
        Op::Closure { region, .. } if view.index.warns(view.body, *region) => false,
        Op::Closure { region, parameters, .. } => {
            let (Some(value), [parameter]) = (view.facts.region(*region).value, &parameters[..]) else {
                return false;
            };
            let element = parameter.locals();
            let is_element =
                |node: NodeId| matches!(view.facts.node(node).op, Op::Local(local) if element.contains(&local));
            match view.op(value) {
                Op::Method { .. } | Op::Try(_) => asks_first(view, value, names, &is_element),
                // `|element| async { element.ok() }`, `|element| ready(element.ok())`
                Op::Async(inner) => view.facts.region(*inner).value.is_some_and(|value| {
                    matches!(view.op(value), Op::Method { receiver, name, .. }
                            if is_element(*receiver) && names.contains(&name.as_str()))
                }),
                Op::Call { arguments, .. } => matches!(arguments[..], [only]
                        if matches!(view.op(only), Op::Method { receiver, name, .. }
                            if is_element(*receiver) && names.contains(&name.as_str()))),
                _ => names.is_empty() && is_element(value),
            }
        }
        _ => false,
    }
}

/// Whether an expression begins with a call of one of some methods on the element: `element.ok().map(..)`, `element.ok()?.path()`.
fn asks_first(view: View, value: NodeId, names: &[&str], is_element: &dyn Fn(NodeId) -> bool) -> bool {
    match view.op(value) {
        Op::Method { receiver, name, .. } if is_element(*receiver) => names.contains(&name.as_str()),
        Op::Method { receiver: of, .. } | Op::Try(of) => asks_first(view, *of, names, is_element),
        _ => false,
    }
}

/// Where a loop passes over the elements that are errors; none where it does more with them, or looks at them twice.
fn skipped_in(view: View, region: RegionId, element: LocalId) -> Option<Range> {
    let mut uses = view.facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(local) if local == element));
    let (used, _) = uses.next()?;
    if uses.next().is_some() {
        return None;
    }
    let user = view.info.parent(used)?;
    match view.op(user) {
        Op::Bind { pattern, otherwise: Some(otherwise), .. } if pattern.is_ok() => {
            goes_on(view, *otherwise).then(|| view.range(user))
        }
        Op::Let { pattern, .. } if pattern.is_ok() => {
            let at = view.info.parent(user)?;
            let Op::If { otherwise, .. } = view.op(at) else { return None };
            let around = view.facts.region(region);
            let is_last = || around.nodes.last() == Some(&at) || around.value == Some(at);
            let passes_over = otherwise.map_or_else(is_last, |otherwise| goes_on(view, otherwise));
            passes_over.then(|| Range { start: view.range(at).start, end: view.range(user).end })
        }
        Op::Match { arms, .. } => {
            let takes_good = arms.iter().any(|arm| arm.pattern.is_ok());
            let ignored = |arm: &&Arm| {
                let error = arm.pattern.ignores_error() || takes_good && arm.pattern.is_wild();
                error && !arm.guarded && goes_on(view, arm.region)
            };
            arms.iter().find(ignored).map(|arm| arm.range)
        }
        _ => None,
    }
}

/// Whether a branch does nothing but go on with the next element.
fn goes_on(view: View, region: RegionId) -> bool {
    view.facts.region(region).nodes.iter().all(|node| matches!(view.op(*node), Op::Continue | Op::Tuple(_)))
}

/// The condition of a `while let Ok(..)` or `while let Some(Ok(..))`, and what it asks for the next.
fn only_success<'v>(view: View<'v>, region: RegionId) -> Option<WhileLet<'v>> {
    view.while_let(region).filter(|WhileLet { pattern, .. }| {
        pattern.is_ok() || (pattern.is_some() && pattern.parts().iter().any(Pattern::is_ok))
    })
}

/// A body that breaks off, which is taken for one that is whole.
fn broken_off(view: View, node: NodeId) -> Option<Diagnostic> {
    let Op::Loop { kind: LoopKind::While, region } = *view.op(node) else { return None };
    let Parts { of, errors, label } = only_good_parts(view, region)?;
    let part = part_of_a_body(view, of)?;
    let span = view.in_file(errors);
    // What is only read to its end is kept by nobody; what is asked for again and again has no end of its own.
    let again = || view.index.loops_around(view.site(node)).iter().any(|around| around.endless);
    let leaves_early = || leaving(view.facts, region).any(|way| matches!(view.op(way), Op::Break(_)));
    if view.index.is_intended(span) || again() || leaves_early() || is_compared_behind(view, node) {
        return None;
    }
    let read = view.index.name_span(view.site(part));
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            "where the body breaks off, what has arrived is taken for all of it",
            Label::new(span, label),
        )
        .about(view.index.item_path(view.body), "part")
        .evidence((read.start < span.start).then(|| Label::new(read, "its parts are read here")))
        .note("what is kept or answered from then on is incomplete, and nothing tells")
        .help("handle each `Result`: refuse the body where a part of it cannot be read"),
    )
}

/// A loop that goes through parts, and keeps those that could be read.
struct Parts {
    of: NodeId,
    /// Where errors are passed over.
    errors: Range,
    label: &'static str,
}

/// `while let Some(Ok(part)) = ..`, or `while let Some(part) = .. { if let Ok(part) = part { .. } }`.
fn only_good_parts(view: View, region: RegionId) -> Option<Parts> {
    if let Some(WhileLet { node, pattern, of }) = only_success(view, region) {
        let kept = !pattern.locals().is_empty();
        return kept.then_some(Parts { of, errors: view.range(node), label: "an error is taken for the end" });
    }
    let WhileLet { pattern, of, .. } = view.while_let(region)?;
    let [part] = pattern.locals()[..] else { return None };
    let errors = skipped_in(view, region, part).filter(|_| pattern.is_some())?;
    Some(Parts { of, errors, label: "an error is passed over" })
}

/// Whether the function fails behind a loop by how much has come: `if whole.len() != expected { return Err(..) }`.
fn is_compared_behind(view: View, owner: NodeId) -> bool {
    let counts = |node: NodeId| matches!(view.op(node), Op::Method { name, .. } if name == "len");
    view.facts.iter().skip(owner.index() + 1).any(|(_, n)| match n.op {
        Op::If { condition, then, .. } => {
            let compares =
                matches!(view.op(condition), Op::Binary { left, right, .. } if counts(*left) || counts(*right));
            compares && view.index.fails_at_end(view.body, then)
        }
        _ => false,
    })
}

/// The call that gives the next part of a body, or that made the stream which the next is taken of.
fn part_of_a_body(view: View, of: NodeId) -> Option<NodeId> {
    let Op::Await(call) = *view.op(of) else { return None };
    let brings = |node: &NodeId| {
        view.index.external(view.site(*node)).is_some_and(|path| view.index.catalogue().lists(Calls::BringsPart, path))
    };
    let of_stream = || {
        let Op::Method { receiver, .. } = view.op(call) else { return None };
        let Op::Local(local) = view.op(*receiver) else { return None };
        view.index.init_of(view.body, *local)
    };
    Some(call).filter(brings).or_else(|| of_stream().filter(brings))
}

/// A receiver that was too slow for what came, which is taken for one whose senders are gone.
fn lagging(view: View, node: NodeId) -> Option<Diagnostic> {
    let (end, call) = ends_at_error_of(view, node, Calls::Lags)?;
    let Op::Method { receiver, .. } = view.op(call) else { return None };
    // Of a bare word only that it came counts.
    if matches!(view.ty(*receiver).peeled(), Ty::Ext(_, of) if of.first() == Some(&Ty::Tuple(Vec::new()))) {
        return None;
    }
    let lasting = is_last(view, end.owner) && is_lasting_task(view, end.owner);
    let confidence = if lasting { Confidence::Likely } else { Confidence::Hint };
    Some(
        Diagnostic::new(
            ID,
            confidence,
            "the first burst that this receiver is too slow for ends the loop",
            Label::new(view.in_file(end.range), "an error is taken for the end"),
        )
        .about(view.index.item_path(view.body), "message")
        .evidence([Label::new(
            view.index.name_span(view.site(call)),
            "also fails where messages were dropped before they were received",
        )])
        .note("the channel is still open, but what comes from then on is not looked at")
        .help("tell `Lagged` apart and go on with the next message; leave the loop only where the channel is closed"),
    )
}

/// A consumer of messages that ends, and says nothing, at an error after which more may come.
fn stops_consuming(view: View, node: NodeId) -> Option<Diagnostic> {
    let (end, call) = ends_at_error_of(view, node, Calls::Consumes).filter(|(end, _)| ends_with(view, end.owner))?;
    let apart = view.index.repeated(view.site(end.owner)).is_none();
    Some(
        Diagnostic::new(
            ID,
            if apart { Confidence::Likely } else { Confidence::Hint },
            "the first message that cannot be received ends the consumer",
            Label::new(view.in_file(end.range), "an error is taken for the end"),
        )
        .about(view.index.item_path(view.body), "consumer")
        .evidence([Label::new(
            view.index.name_span(view.site(call)),
            "also fails for a moment, as while the connection is made anew",
        )])
        .note("the program goes on, but what is sent to it from then on is not looked at, and nothing tells")
        .help("log the error and ask for the next message, or pass it on to somebody who consumes anew"),
    )
}

/// Whether nothing follows a loop where it stands but that all went well: `Ok(())`.
fn ends_with(view: View, owner: NodeId) -> bool {
    let around = view.facts.region(view.facts.node(owner).region);
    let mut behind = around.nodes.iter().skip_while(|node| **node != owner).skip(1);
    let says_so = |value: NodeId| {
        says_all_went_well(view, value) && behind.all(|node| view.range(value).contains(view.range(*node)))
    };
    is_last(view, owner) || around.value.is_some_and(says_so)
}

/// `Ok(())`
fn says_all_went_well(view: View, node: NodeId) -> bool {
    let is_nothing = |node: &NodeId| matches!(view.op(*node), Op::Tuple(parts) if parts.is_empty());
    match view.op(node) {
        Op::Call { callee, arguments } => {
            let ok = matches!(view.op(*callee), Op::Path(path) if path.last() == "Ok");
            ok && matches!(&arguments[..], [only] if is_nothing(only))
        }
        _ => false,
    }
}

/// A loop that takes any error for its end, and does nothing else about it.
struct End {
    of: NodeId,
    range: Range,
    owner: NodeId,
    round: RegionId,
    /// The branch for errors; none where the condition of the loop is one.
    failed: Option<RegionId>,
}

/// A loop that ends at any error of a call of a list, without having been meant to: what leaves it otherwise waits for one message or for its own end.
fn ends_at_error_of(view: View, node: NodeId, list: Calls) -> Option<(End, NodeId)> {
    // A burst does not ask what the message would have been.
    let is_taken = |pattern: &Pattern| takes_each(pattern) || list == Calls::Lags && pattern.is_ok();
    let end = end_at_error(view, node, &is_taken)?;
    let Op::Await(call) = *view.op(end.of) else { return None };
    view.index.external(view.site(call)).filter(|path| view.index.catalogue().lists(list, *path))?;
    let leaves_otherwise =
        leaving(view.facts, end.round).any(|way| !end.failed.is_some_and(|failed| view.is_inside(way, failed)));
    (!leaves_otherwise && !view.index.is_intended(view.in_file(end.range))).then_some((end, call))
}

/// The loop that ends at any error of what `is_taken` takes where it succeeds.
fn end_at_error(view: View, node: NodeId, is_taken: &dyn Fn(&Pattern) -> bool) -> Option<End> {
    if let Op::Loop { kind: LoopKind::While, region } = *view.op(node) {
        let condition = only_success(view, region).filter(|condition| is_taken(condition.pattern))?;
        let range = view.range(condition.node);
        return Some(End { of: condition.of, range, owner: node, round: region, failed: None });
    }
    let (of, failed, range) = match view.op(node) {
        Op::Match { scrutinee, arms } => {
            let [first, second] = &arms[..] else { return None };
            let (taken, failed) = if takes_each(&first.pattern) { (first, second) } else { (second, first) };
            let ignored = failed.pattern.ignores_error() || failed.pattern.is_wild();
            (takes_each(&taken.pattern) && ignored && !taken.guarded && !failed.guarded).then_some((
                *scrutinee,
                failed.region,
                failed.range,
            ))?
        }
        Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. } if takes_each(pattern) => {
            (*init, *otherwise, view.range(node))
        }
        _ => return None,
    };
    let around = view.index.loops_around(view.site(node)).into_iter().next()?;
    let owner = view.info.region_node(around.region)?;
    let endless = matches!(view.op(owner), Op::Loop { kind: LoopKind::Loop, .. });
    (endless && only_leaves(view, failed)).then_some(End {
        of,
        range,
        owner,
        round: around.region,
        failed: Some(failed),
    })
}

/// `Ok(message)`, `Some(Ok(message))`, `Ok(Some(message))`: whatever the message is, it is looked at.
fn takes_each(pattern: &Pattern) -> bool {
    let all = |pattern: &Pattern| pattern.parts().iter().all(takes_any);
    match pattern.parts().first() {
        Some(inner) if pattern.is_ok() && inner.is_some() || pattern.is_some() && inner.is_ok() => all(inner),
        _ => pattern.is_ok() && all(pattern),
    }
}

/// A name, or names for the parts of a tuple.
fn takes_any(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Bind { of: None, .. } => true,
        PatternKind::Tuple(parts) => parts.iter().all(|part| part.is_wild() || takes_any(part)),
        _ => false,
    }
}

/// Whether a branch does nothing but leave.
fn only_leaves(view: View, region: RegionId) -> bool {
    let nodes = &view.facts.region(region).nodes;
    let leaves = |node: &NodeId| matches!(view.op(*node), Op::Break(None) | Op::Return(None));
    !nodes.is_empty()
        && nodes.iter().all(|node| leaves(node) || matches!(view.op(*node), Op::Tuple(_)))
        && nodes.iter().any(leaves)
}

/// Whether nothing follows a loop where it stands: what does may tell of the end, or begin anew.
fn is_last(view: View, owner: NodeId) -> bool {
    let around = view.facts.region(view.facts.node(owner).region);
    around.nodes.last() == Some(&owner) || around.value == Some(owner)
}

/// Whether a loop runs in a task that is spawned once, not for each request or connection: there one slow reader may be meant to lose its place.
fn is_lasting_task(view: View, owner: NodeId) -> bool {
    let around = |region: RegionId| view.is_inside(owner, region);
    let runs = |work: &Work| match *work {
        Work::Region(region) => around(region),
        Work::Function(function) => view.index.function_of(view.body) == Some(function),
    };
    let mut tasks = view.index.tasks().iter().filter(|task| {
        let here = |work: &Work| matches!(work, Work::Function(_)) || task.spawn.body == view.body;
        task.work.iter().any(|work| here(work) && runs(work))
    });
    tasks.next().is_some() && view.index.repeated(view.site(owner)).is_none()
}

fn swallowed(view: View, source: Source, way: Way, range: Range) -> Option<Diagnostic> {
    // A peer that goes away ends its connection: only one that never comes is missed.
    if source.effect == Effect::Network && !source.accepts && way == Way::Ends {
        return None;
    }
    // What would have to wait fails instead: that is its end.
    if way == Way::Ends && is_emptied(view, source) {
        return None;
    }
    let asks_for_the_schema = || view.index.states(source.call, &asks_for_the_schema);
    match source.effect {
        Effect::Database if way == Way::Skips && asks_for_the_schema() => return None,
        Effect::File if way == Way::Skips && view.index.touches_the_kernel(source.call) => return None,
        _ => {}
    }
    let span = view.in_file(range);
    let of_a_child = source.effect == Effect::Process;
    if of_a_child && (way != Way::Ends || !decodes(view, source))
        || matches!(source.effect, Effect::Join | Effect::Finish)
        || view.index.is_intended(span)
    {
        return None;
    }
    let read = view.index.name_span(source.call);
    let what = if source.accepts { "connection" } else { elements(source.effect) };
    let (message, label, note) = match way {
        Way::Skips => (
            format!("every {what} that cannot be read is skipped"),
            "an error is taken for nothing at all",
            "what is found is incomplete, and nothing tells",
        ),
        Way::Ends if source.accepts => (
            "the first connection that cannot be accepted ends the loop".to_owned(),
            "an error is taken for the end",
            "one refused connection, or a lack of descriptors, stops the server without a word",
        ),
        Way::Ends if of_a_child => (
            "the first line that is no UTF-8 ends the loop as if the child had said all".to_owned(),
            "an error is taken for the end",
            "what the child says from then on is not read: it waits forever or fails, and nothing tells",
        ),
        Way::Ends => (
            format!("the first {what} that cannot be read ends the loop as if it were the last"),
            "an error is taken for the end",
            "the rest is missing, and nothing tells",
        ),
    };
    // What a database cannot give any more it will not give in the next round either.
    let stays = source.effect == Effect::Database;
    // Most programs that are started for their lines write nothing but text: six of eight such findings of three first readings were false.
    let counts = !of_a_child && (source.accepts || stays || view.index.can_tell(source));
    let confidence = if counts { Confidence::Likely } else { Confidence::Hint };
    Some(
        Diagnostic::new(ID, confidence, message, Label::new(span, label))
            .about(view.index.item_path(view.body), what)
            .evidence((read.start != span.start).then(|| Label::new(read, "read here")))
            .note(note)
            .help("handle each `Result`: use `?` in the loop, collect into a `Result`, or log the error and go on"),
    )
}

/// Whether what is read is taken for text.
fn decodes(view: View, source: Source) -> bool {
    view.index.external(source.call).is_some_and(|path| view.index.catalogue().lists(Calls::Decodes, path))
}

/// Whether a descriptor that never waits is read until there is nothing more for now.
fn is_emptied(view: View, source: Source) -> bool {
    match view.index.node(source.call).op {
        Op::Method { receiver, .. } => view.index.never_waits(Site { node: receiver, ..source.call }),
        _ => false,
    }
}

fn elements(effect: Effect) -> &'static str {
    match effect {
        Effect::Database => "row",
        Effect::File => "entry",
        Effect::Storage => "object",
        Effect::Process => "line",
        _ => "part",
    }
}
