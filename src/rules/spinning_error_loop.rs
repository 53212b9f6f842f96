//! `spinning-error-loop`: a loop asks again at once for what has just failed, and will fail again as long as the cause lasts.

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{
    Arm, Body, Literal, LocalId, LoopKind, Node, NodeId, Op, Operator, Pattern, PatternKind, RegionId, RegionKind,
    SelectArm,
};
use crate::index::Index;
use crate::index::bodies::asked::Outcome;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::flow::effects::Effected;
use crate::index::flow::errors::only_explains;
use crate::source::{Range, Span};

const ID: &str = "spinning-error-loop";

/// What follows where errors skip the pause.
const FILLS_THE_LOG: &str =
    "for as long as the cause lasts every round fails: the loop asks as fast as it can and fills the log";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index.look(|view, node| {
        let asks_again = || {
            skips_the_pause(view, node).or_else(|| pauses_otherwise(view, node)).or_else(|| never_pauses(view, node))
        };
        let at_end = || {
            asks_what_is_closed(view, node)
                .or_else(|| begins_anew(view, node))
                .or_else(|| reads_past_the_end(view, node))
        };
        let unasked = || goes_on_with_nothing(view, node);
        diagnose(view, node).or_else(asks_again).or_else(at_end).or_else(unasked)
    })
}

/// A branch that an error enters.
struct Branch {
    region: Option<RegionId>,
    range: Range,
}

fn diagnose(view: View, node: NodeId) -> Option<Diagnostic> {
    let (value, branch) = error_branch(view, node)?;
    let call = asks(view, value)?;
    let fails = view.index.fails_at_once(view.site(call))?;
    let path = view.index.external(fails)?;
    let lists = |list| view.index.catalogue().lists(list, path);
    let accepts = lists(Calls::Accepts);
    let round = round(view, call, node)?;
    let some = branch.region.and_then(|branch| some_errors(view, branch, fails));
    let goes_on = |branch: RegionId| {
        let set_aside = |id: NodeId| {
            accepts && leaves_for_a_kind(view, id, branch) || some.is_some_and(|some| view.is_inside(id, some))
        };
        goes_on_apart_from(view, branch, round.is_elsewhere, &set_aside)
    };
    if branch.region.is_some_and(|branch| !goes_on(branch))
        || waits_or_leaves(view, round.within, call, node, branch.region)
    {
        return None;
    }
    let name = path.rsplit("::").next()?;
    let span = view.in_file(branch.range);
    if view.index.is_intended(span) {
        return None;
    }
    let stems =
        (fails != view.site(call)).then(|| Label::new(view.index.name_span(fails), "the error stems from here"));
    // Who holds the senders of a channel, and for how long, is mostly not seen.
    let is_channel = lists(Calls::Receives) || lists(Calls::Waits) && asked_outside(view.index, fails).is_none();
    let only_some =
        some.map(|some| Label::new(view.in_file(view.facts.region(some).range), "only for some of its errors"));
    let diagnostic = Diagnostic::new(
        ID,
        // Who sends mostly does so for as long as the loop runs.
        if is_channel { Confidence::Hint } else { Confidence::Likely },
        format!("this loop spins when `{name}` keeps failing"),
        Label::new(
            span,
            match only_some {
                Some(_) => "for all other errors nothing here waits or leaves the loop",
                None => "nothing here waits or leaves the loop",
            },
        ),
    )
    .about(view.index.item_path(view.body), name)
    .evidence([
        Label::new(view.index.name_span(view.site(call)), "fails again at once for as long as the cause lasts"),
        Label::new(round.head, "asked again in the next round"),
    ])
    .evidence(stems)
    .evidence(only_some)
    .note(if accepts {
        "when descriptors run out, every round fails: the loop takes a whole core and fills the log"
    } else {
        "once the other side is gone every round fails: the loop takes a whole core and fills the log"
    })
    .help(
        "wait a little before the next round, growing with each failure, or leave the loop where the error will stay",
    );
    Some(diagnostic)
}

/// Where a branch for errors does what it does for some of them only: those of one kind, of all that a call to another program may fail with. The others
/// mean as well that it is not there.
fn some_errors(view: View, branch: RegionId, fails: Site) -> Option<RegionId> {
    let Ty::Ext(error, _) = view.index.ty(fails).given().error()? else { return None };
    let takes_some = |pattern: &Pattern| view.index.takes_a_kind_of(view.body, branch, pattern, *error);
    let mut inside = view.facts.iter().filter(|(id, _)| view.is_inside(*id, branch));
    let found = inside.find_map(|(_, n)| match n.op {
        Op::If { condition, then, .. } => match view.op(condition) {
            Op::Let { pattern, .. } if takes_some(pattern) => Some(then),
            _ => None,
        },
        _ => None,
    });
    found.filter(|_| asked_outside(view.index, fails).is_some())
}

/// The round of a loop in which something is asked for.
struct Round {
    /// What is run in each round: the body of the loop, or all of the function that does a round.
    within: RegionId,
    head: Span,
    /// The loop stands where the function is called: who returns from it goes on with the next round.
    is_elsewhere: bool,
}

fn round(view: View, call: NodeId, branch: NodeId) -> Option<Round> {
    if let Some((within, head)) = loop_around(view, call, branch) {
        return Some(Round { within, head: view.in_file(head), is_elsewhere: false });
    }
    let function =
        view.index.function_of(view.body).filter(|_| view.index.loops_around(view.site(branch)).is_empty())?;
    let callers = view.index.calls.callers(function).iter().map(|call| call.site);
    let shipped = callers.filter(|caller| !view.index.is_test(caller.body));
    let mut heads = shipped.filter_map(|caller| {
        let (outer, node) = (view.index.view(caller.body), caller.node);
        let awaited = outer.info.parent(node).filter(|parent| matches!(outer.op(*parent), Op::Await(_)));
        let whole = awaited.unwrap_or(node);
        let stands_alone = outer.info.parent(whole).is_none_or(|parent| matches!(outer.op(parent), Op::Discard(_)));
        let around =
            outer.index.loops_around(caller).into_iter().next().filter(|around| around.endless && stands_alone)?;
        (!waits_or_leaves(outer, around.region, node, whole, None)).then(|| outer.in_file(around.head))
    });
    Some(Round { within: Body::ROOT, head: heads.next()?, is_elsewhere: true })
}

/// Whether a receiver belongs to something whose senders are with others: mostly somebody holds one for as long as a loop runs.
fn is_left(view: View, call: NodeId) -> bool {
    matches!(view.op(call), Op::Method { receiver, .. } if view.index.is_left_by_senders(view.site(*receiver)))
}

/// What comes to an end, and gives nothing more from then on.
struct Source {
    /// How it is said that it is over.
    over: &'static str,
    gives: &'static str,
    note: &'static str,
}

const CHANNEL: Source = Source {
    over: "the channel is closed",
    gives: "gives `None` at once when all senders are gone",
    note: "a closed channel never opens again: from then on the loop takes a whole core",
};

const STREAM: Source = Source {
    over: "the stream has ended",
    gives: "gives `None` at once when the stream has ended",
    note: "a stream that has ended does not begin anew: from then on the loop takes a whole core",
};

/// What a call asks for the next of, and gets `None` once nothing will ever come again.
fn source(view: View, call: NodeId) -> Option<Source> {
    let path = view.index.external(view.site(call))?;
    let lists = |list| view.index.catalogue().lists(list, path);
    if lists(Calls::Receives) {
        return (!lists(Calls::FailsAtOnce)).then_some(CHANNEL);
    }
    lists(Calls::Streams).then_some(STREAM)
}

impl Source {
    /// The finding at what goes on where `call` gives nothing more.
    fn spins(&self, view: View, confidence: Confidence, label: Label, call: NodeId, head: Span) -> Diagnostic {
        Diagnostic::new(ID, confidence, format!("this loop spins once {}", self.over), label)
            .about(view.index.item_path(view.body), "closed")
            .evidence([
                Label::new(view.index.name_span(view.site(call)), self.gives),
                Label::new(head, "asked again in the next round"),
            ])
            .note(self.note)
            .help("leave the loop when nothing more can come")
    }
}

/// A loop that goes on asking where nothing will ever come again.
fn asks_what_is_closed(view: View, node: NodeId) -> Option<Diagnostic> {
    let (call, branch) = nothing_branch(view, node)?;
    let source = source(view, call)?;
    let round = round(view, call, node)?;
    let span = view.in_file(branch.range);
    let arm = arms_around(view, call).iter().find(|arm| arm.future == call);
    // Where nobody thought of the end, what it races with may end the loop.
    let raced = branch.region.is_none() && arm.is_some();
    if branch.region.is_some_and(|branch| !only_goes_on(view, branch, round.is_elsewhere, false))
        || waits_or_leaves(view, round.within, call, node, branch.region)
        || arm.is_some_and(|arm| arm.guarded)
        || view.index.is_intended(span)
    {
        return None;
    }
    let confidence = if is_left(view, call) && !raced { Confidence::Likely } else { Confidence::Hint };
    let label = Label::new(span, "nothing here waits or leaves the loop");
    Some(source.spins(view, confidence, label, call, round.head))
}

/// A loop around another one that takes whatever comes, and ends where nothing more will.
fn begins_anew(view: View, node: NodeId) -> Option<Diagnostic> {
    let Op::Loop { kind: LoopKind::While, region } = *view.op(node) else { return None };
    let condition = view.while_let(region).filter(|condition| condition.pattern.is_some())?;
    let call = asks(view, condition.of)?;
    let source = source(view, call)?;
    let around = view.index.loops_around(view.site(node)).into_iter().next()?;
    let stands_there = view.facts.node(node).region == around.region && is_endless(view, around.region);
    let span = view.span(node);
    if !stands_there
        || is_made_within(view, call, around.region)
        || !goes_on_apart_from(view, around.region, false, &|id| view.range(node).contains(view.range(id)))
        || view.index.is_intended(span)
    {
        return None;
    }
    let label = Label::new(span, "ends at once, and nothing behind it waits or leaves the loop around it");
    Some(source.spins(view, Confidence::Likely, label, call, view.in_file(around.head)))
}

/// Whether what a method is called on is made anew in a region, as far as it shows.
fn is_made_within(view: View, call: NodeId, region: RegionId) -> bool {
    let Op::Method { receiver, .. } = view.op(call) else { return true };
    let mut at = *receiver;
    loop {
        at = match *view.op(at) {
            Op::Field { base: of, .. } | Op::Reference { of, .. } | Op::Deref(of) => of,
            Op::Local(local) => {
                let binds = |n: &Node| matches!(&n.op, Op::Bind { pattern, .. } if pattern.locals().contains(&local));
                return view.facts.iter().any(|(id, n)| binds(n) && view.is_inside(id, region));
            }
            _ => return true,
        };
    }
}

/// What a node receives, and the branch that is entered when nothing more comes.
fn nothing_branch(view: View, node: NodeId) -> Option<(NodeId, Branch)> {
    // What comes is not looked at.
    if let Op::Select { arms, .. } = view.op(node) {
        let mut unread = arms.iter().filter(|arm| arm.pattern.is_wild() && source(view, arm.future).is_some());
        let arm = unread.find(|arm| only_goes_on(view, arm.region, false, false))?;
        return Some((arm.future, Branch { region: Some(arm.region), range: view.range(arm.future) }));
    }
    let (value, branch) = branch_without(view, node, "Some", "None")?;
    Some((asks(view, value)?, branch))
}

/// A future without what only says that it is polled no more once it is done: `listener.accept().fuse()`.
fn unfused(view: View, future: NodeId) -> NodeId {
    match view.op(future) {
        Op::Method { receiver, name, .. } if name == "fuse" && matches!(view.ty(*receiver), Ty::Future(_)) => *receiver,
        _ => future,
    }
}

/// The arms of the `select!` in which a call is the future of one, or what one waits for.
fn arms_around<'v>(view: View<'v>, call: NodeId) -> &'v [SelectArm] {
    let races = |op: &'v Op| match op {
        Op::Select { arms, .. } if arms.iter().any(|arm| is_of_arm(view, arm, call)) => Some(&arms[..]),
        _ => None,
    };
    view.facts.iter().filter_map(|(_, node)| races(&node.op)).last().unwrap_or(&[])
}

/// Whether a call is the future of an arm, or what the block that is its future waits for.
fn is_of_arm(view: View, arm: &SelectArm, call: NodeId) -> bool {
    unfused(view, arm.future) == call
        || matches!(view.op(arm.future), Op::Async(_)) && view.range(arm.future).contains(view.range(call))
}

/// What a round asks for: one call, or one of several by a choice.
struct Asked {
    calls: Vec<NodeId>,
    /// The `select!` or the choice between several that they stand in, with what races with them.
    raced: Option<Range>,
}

/// The calls of which one gives a value: where it is chosen by a `match`, one for each arm.
fn asked(view: View, value: NodeId) -> Option<Asked> {
    let whole = match view.op(value) {
        Op::Local(local) => bound_by_name(view, *local).unwrap_or(value),
        _ => value,
    };
    let calls = match view.op(whole) {
        Op::Match { arms, .. } => {
            let given = |arm: &Arm| asks(view, view.facts.region(arm.region).value?);
            arms.iter().map(given).collect::<Option<Vec<NodeId>>>()?
        }
        _ => vec![asks(view, value)?],
    };
    let raced = matches!(view.op(whole), Op::Match { .. } | Op::Select { .. }).then(|| view.range(whole));
    (!calls.is_empty()).then_some(Asked { calls, raced })
}

/// A loop that asks another program, and waits for nothing else: who is refused is refused at once.
fn never_pauses(view: View, node: NodeId) -> Option<Diagnostic> {
    let (value, branch) = error_branch(view, node)?;
    let Asked { calls, raced } = asked(view, value)?;
    let call = calls[0];
    let (region, head) = loop_around(view, call, node)?;
    let refused =
        |site: Site| view.index.external(site).is_some_and(|path| view.index.catalogue().lists(Calls::Refused, path));
    if !refused(view.site(call))
        && !asks_until_done(view, value, node, branch.region, region, &refused)
        && !calls.iter().all(|call| asks_straight_away(view, *call))
    {
        return None;
    }
    let span = view.in_file(branch.range);
    // What stands on the way of a round that fails: all but the branch for success, and nothing behind the jump to the next round.
    let jump = jump_behind(view, branch.region, region);
    let fails_there = |id: NodeId| match jump {
        Some(jump) => id < jump,
        None => !std::iter::successors(Some(view.facts.node(id).region), |at| view.facts.region(*at).parent)
            .any(|at| view.info.region_node(at) == Some(node)),
    };
    let is_the_call = |n: &Node| matches!(n.op, Op::Await(of) if calls.contains(&of));
    // What races with the call is given up as soon as that fails.
    let is_given_up = |n: &Node| raced.is_some_and(|raced| raced.contains(n.range));
    let mut on_the_way = view.facts.iter().filter(|(id, _)| view.is_inside(*id, region) && fails_there(*id));
    if !is_endless(view, region)
        || on_the_way.any(|(id, n)| !is_the_call(n) && !is_given_up(n) && waits_or_ends(view, id))
        || branch.region.is_some_and(|branch| !only_goes_on(view, branch, false, false))
        || view.index.is_intended(span)
    {
        return None;
    }
    let label = Label::new(span, "nothing here waits or leaves the loop");
    Some(
        asked_again(view, "this loop asks again without a pause", label, call, view.in_file(head))
        .note("until the other side is there, the loop asks as fast as it can: it takes a whole core, and the other side gets all of it")
        .help("wait a little before the next round, growing with each failure"),
    )
}

/// A round that takes a failure for an empty answer, and comes to its end at once.
fn goes_on_with_nothing(view: View, node: NodeId) -> Option<Diagnostic> {
    let Op::Method { receiver, name, .. } = view.op(node) else { return None };
    if name != "unwrap_or_default" || !view.ty(*receiver).is_result() {
        return None;
    }
    let call = awaited_at_root(view, *receiver)?;
    let (within, head) = match view.index.loops_around(view.site(node)).into_iter().next() {
        Some(around) if is_endless(view, around.region) && !is_run_apart(view, node, around.region) => {
            (around.region, view.in_file(around.head))
        }
        Some(_) => return None,
        None => (Body::ROOT, endless_rounds(view)?),
    };
    let holds_up = |(id, n): (NodeId, &Node)| match n.op {
        Op::Await(of) => of != call && n.region == within,
        Op::Select { .. } | Op::Unseen => true,
        Op::Break(_) | Op::Return(_) => {
            within != Body::ROOT && view.facts.jump_target(id).is_none_or(|to| to == within)
        }
        // What there is none of keeps nobody waiting.
        _ => {
            pauses(view, id) && !view.index.loops_around(view.site(id)).first().is_some_and(|around| around.over_items)
        }
    };
    let span = view.span(node);
    if !asks_straight_away(view, call)
        || view.facts.iter().filter(|(id, _)| view.is_inside(*id, within)).any(holds_up)
        || view.index.is_intended(span)
    {
        return None;
    }
    let label = Label::new(
        view.index.name_span(view.site(node)),
        "a failure is taken for an empty answer, and nothing waits after it",
    );
    Some(
        asked_again(view, "this loop asks again at once where it got no answer", label, call, head)
            .note(FILLS_THE_LOG)
            .help("pass the error on to the loop, and wait there before the next round, growing with each failure"),
    )
}

/// A loop whose next round makes a call again that has just failed.
fn asked_again(view: View, message: &str, label: Label, call: NodeId, head: Span) -> Diagnostic {
    Diagnostic::new(ID, Confidence::Likely, message, label).about(view.index.item_path(view.body), "pause").evidence([
        Label::new(view.index.name_span(view.site(call)), "fails at once where nobody listens"),
        Label::new(head, "asked again in the next round"),
    ])
}

/// Whether asynchronous code asks another program, and comes to that without waiting for anything before.
fn asks_straight_away(view: View, call: NodeId) -> bool {
    let site = view.site(call);
    view.index.is_async_code(site)
        && asked_outside(view.index, view.site(call)).is_some_and(|effected| {
            !view.index.may_wait_itself(site, &effected.chain) && view.index.goes_straight_to(site)
        })
}

/// The call whose `Result` a value is, perhaps by way of variables, where it is awaited beside the value.
fn awaited_at_root(view: View, value: NodeId) -> Option<NodeId> {
    match view.op(value) {
        Op::Await(of) => Some(*of).filter(|_| !matches!(view.op(*of), Op::Local(_))),
        Op::Method { receiver, .. } if view.ty(*receiver).is_result() => awaited_at_root(view, *receiver),
        Op::Local(local) => {
            let init = view.index.init_of(view.body, *local).filter(|init| *init < value)?;
            awaited_at_root(view, init)
        }
        _ => None,
    }
}

/// Where the function is called, for nothing that it gives, by a loop that waits for nothing else in its rounds.
fn endless_rounds(view: View) -> Option<Span> {
    let function = view.index.function_of(view.body)?;
    let callers = view.index.calls.callers(function).iter().map(|call| call.site);
    callers.into_iter().filter(|caller| !view.index.is_test(caller.body)).find_map(|caller| {
        let (outer, call) = (view.index.view(caller.body), caller.node);
        let parent = outer.info.parent(call)?;
        let around = outer.index.loops_around(caller).into_iter().next()?;
        let (raced, whole) = match outer.op(parent) {
            Op::Select { arms, .. } => {
                let own = arms.iter().find(|arm| arm.future == call && arm.pattern.is_wild())?;
                only_goes_on(outer, own.region, false, false).then_some((Some(outer.range(parent)), parent))?
            }
            Op::Await(_) => (None, parent),
            _ => return None,
        };
        let stands_alone = outer.info.parent(whole).is_none_or(|at| matches!(outer.op(at), Op::Discard(_)));
        let is_the_call = |id: NodeId, n: &Node| id == whole || raced.is_some_and(|raced| raced.contains(n.range));
        let mut others =
            outer.facts.iter().filter(|(id, n)| outer.is_inside(*id, around.region) && !is_the_call(*id, n));
        let waits = others.any(|(id, n)| matches!(n.op, Op::Unseen) || waits_or_ends(outer, id));
        let lasts = is_endless(outer, around.region) && !is_run_apart(outer, call, around.region);
        (stands_alone && lasts && !waits).then(|| outer.in_file(around.head))
    })
}

/// Whether a loop asks another program until it succeeds, perhaps through functions of the workspace, and nothing on the way to the operation waits by itself.
fn asks_until_done(
    view: View,
    value: NodeId,
    choice: NodeId,
    failed: Option<RegionId>,
    region: RegionId,
    refused: &dyn Fn(Site) -> bool,
) -> bool {
    let mut branches = Vec::new();
    view.op(choice).regions(&mut |branch| branches.extend(Some(branch).filter(|branch| Some(*branch) != failed)));
    let leaves = |branch: &RegionId| {
        view.facts.iter().any(|(id, n)| {
            let out = matches!(n.op, Op::Return(_))
                || matches!(n.op, Op::Break(_)) && view.facts.jump_target(id) == Some(region);
            out && view.is_inside(id, *branch)
        })
    };
    let asks = || asked_outside(view.index, view.site(value));
    !branches.is_empty()
        && branches.iter().all(leaves)
        && asks().is_some_and(|effected| {
            effected.chain.last().is_some_and(|last| refused(view.index.operation_behind(*last)))
                && !view.index.may_wait_itself(view.site(value), &effected.chain)
        })
}

/// Whether a node of a loop is run by something else.
fn is_run_apart(view: View, node: NodeId, region: RegionId) -> bool {
    view.facts.is_run_apart(view.facts.node(node).region, region)
}

/// What a value asks of another program over the network, be it a database.
fn asked_outside(index: &Index, value: Site) -> Option<Effected> {
    let effected = index.effect(value)?;
    matches!(effected.effect, Effect::Database | Effect::Network | Effect::Storage).then_some(effected)
}

/// Whether a loop is left by a jump alone: `loop`.
fn is_endless(view: View, region: RegionId) -> bool {
    let owner = view.info.region_node(region).map(|owner| view.op(owner));
    matches!(owner, Some(Op::Loop { kind: LoopKind::Loop, .. }))
}

/// A loop that pauses in each round, but for the rounds that fail: these go on from where they are.
fn skips_the_pause(view: View, node: NodeId) -> Option<Diagnostic> {
    let (value, branch) = error_branch(view, node)?;
    let effected = asked_outside(view.index, view.site(value))?;
    let waits_for_its_turn = view.index.waits_for_its_turn(view.index.operation_behind(*effected.chain.last()?));
    let at = branch.region.filter(|_| !waits_for_its_turn)?;
    let (region, head) = loop_around(view, value, node)?;
    let jump = view.facts.iter().find_map(|(id, n)| {
        let goes_on = n.region == at && matches!(n.op, Op::Continue) && view.facts.jump_target(id) == Some(region);
        goes_on.then_some(id)
    })?;
    let later = |id: NodeId| id > jump && view.facts.node(id).region == region;
    let pause = view.facts.iter().map(|(id, _)| id).find(|id| later(*id) && pauses(view, *id))?;
    let waits_before = view.facts.iter().any(|(id, n)| {
        let other = !view.range(value).contains(n.range) && id < jump && view.is_inside(id, region);
        other && (matches!(n.op, Op::Await(_)) || pauses(view, id))
    });
    let span = view.in_file(branch.range);
    if waits_before || !only_goes_on(view, at, false, false) || view.index.is_intended(span) {
        return None;
    }
    let noun = effected.effect.noun();
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("this loop goes on without its pause after a {noun} error"),
            Label::new(view.span(jump), "jumps over the pause"),
        )
        .about(view.index.item_path(view.body), "pause")
        .evidence([
            Label::new(view.span(pause), "the only wait of the loop"),
            Label::new(view.in_file(head), "asked again in the next round"),
        ])
        .note(FILLS_THE_LOG)
        .help("wait before `continue` as well, or wait at the start of each round"),
    )
}

/// A loop that pauses where all went well, and asks again at once where it failed.
fn pauses_otherwise(view: View, node: NodeId) -> Option<Diagnostic> {
    let Op::Match { arms, .. } = view.op(node) else { return None };
    let (value, branch) = error_branch(view, node)?;
    let at = branch.region?;
    let effected = asked_outside(view.index, view.site(value))?;
    let (region, head) = loop_around(view, value, node)?;
    let mut others = arms.iter().filter(|arm| arm.region != at);
    let pause = others.find_map(|arm| {
        let mut inside = view.facts.iter().filter(|(id, _)| view.is_inside(*id, arm.region));
        inside.find(|(id, _)| pauses(view, *id)).map(|(id, _)| id)
    })?;
    let span = view.in_file(branch.range);
    if !is_endless(view, region)
        || waits_beside(view, node, region)
        || view.index.may_wait_itself(view.site(value), &effected.chain)
        || !only_goes_on(view, at, false, false)
        || view.index.is_intended(span)
    {
        return None;
    }
    let noun = effected.effect.noun();
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("this loop asks again at once after a {noun} error"),
            Label::new(span, "nothing here waits or leaves the loop"),
        )
        .about(view.index.item_path(view.body), "pause")
        .evidence([
            Label::new(view.span(pause), "the only wait of the loop, where nothing failed"),
            Label::new(view.in_file(head), "asked again in the next round"),
        ])
        .note(FILLS_THE_LOG)
        .help("wait after an error as well, growing with each failure"),
    )
}

/// Whether each round of a loop waits, or may be counted, apart from a `match` in it.
fn waits_beside(view: View, choice: NodeId, region: RegionId) -> bool {
    let beside = |(id, n): &(NodeId, &Node)| view.is_inside(*id, region) && !view.range(choice).contains(n.range);
    view.facts.iter().filter(beside).any(|(id, n)| match n.op {
        Op::Await(_) | Op::Select { .. } | Op::Assign { .. } | Op::Loop { .. } | Op::Unseen => true,
        _ => pauses(view, id),
    })
}

/// A loop whose only way out is an error, around something that tells its end by reading nothing.
fn reads_past_the_end(view: View, node: NodeId) -> Option<Diagnostic> {
    let path = view.index.external(view.site(node))?;
    if !view.index.catalogue().lists(Calls::Counts, path) {
        return None;
    }
    let parent = |of: NodeId| view.info.parent(of);
    let awaited = parent(node).filter(|at| matches!(view.op(*at), Op::Await(_))).unwrap_or(node);
    let outer = parent(awaited)?;
    let (thrown_away, exit) = match view.op(outer) {
        Op::Let { pattern, .. } if pattern.is_err() => (parent(outer).is_some(), parent(outer)),
        Op::Try(_) => (view.is_unused(outer), None),
        Op::Method { receiver, name, .. } if *receiver == awaited && matches!(name.as_str(), "unwrap" | "expect") => {
            (view.is_unused(outer), None)
        }
        _ => return None,
    };
    let around = view.index.loops_around(view.site(node)).into_iter().next()?;
    let branch = exit.and_then(|exit| match view.op(exit) {
        Op::If { then, otherwise: None, .. } => Some(*then),
        _ => None,
    });
    let inside = |at: RegionId| move |(id, _): &(NodeId, &Node)| view.is_inside(*id, at);
    let mut others = view
        .facts
        .iter()
        .filter(inside(around.region))
        .filter(|(id, _)| *id != outer && branch.is_none_or(|branch| !view.is_inside(*id, branch)));
    let may_leave = others.any(|(id, n)| match n.op {
        Op::Break(_) | Op::Return(_) | Op::Try(_) | Op::Unseen => true,
        _ => pauses(view, id) || ends(view, id),
    });
    let span = view.span(node);
    if !thrown_away
        || exit.is_some() && branch.is_none()
        || !is_endless(view, around.region)
        || is_run_apart(view, node, around.region)
        || may_leave
        || view.index.is_intended(span)
    {
        return None;
    }
    let name = path.rsplit("::").next()?;
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            "this loop spins once there is nothing more to read",
            Label::new(span, "how much was read is thrown away"),
        )
        .about(view.index.item_path(view.body), name)
        .evidence([Label::new(view.in_file(around.head), "asked again in the next round")])
        .note(format!("at its end `{name}` gives `Ok(0)` at once, in every round: the loop takes a whole core"))
        .help("leave the loop where nothing was read"),
    )
}

/// Whether a call does not come back, or may not: the process or the thread ends.
fn ends(view: View, node: NodeId) -> bool {
    match view.index.callee(view.site(node)) {
        Some(Callee::External(path)) => {
            let lists = |list| view.index.catalogue().lists(list, *path);
            lists(Calls::Exits) || lists(Calls::Diverges) || lists(Calls::Bails) || lists(Calls::Ensures)
        }
        _ => false,
    }
}

/// Whether a round waits at a node, or may come to its end there.
fn waits_or_ends(view: View, node: NodeId) -> bool {
    match view.op(node) {
        Op::Await(_) | Op::Select { .. } | Op::Break(_) | Op::Return(_) | Op::Try(_) => true,
        _ => pauses(view, node),
    }
}

/// Whether a call waits for time to pass.
fn pauses(view: View, node: NodeId) -> bool {
    let waits =
        |path| view.index.catalogue().lists(Calls::Pauses, path) || view.index.catalogue().lists(Calls::Waits, path);
    view.index.external(view.site(node)).is_some_and(waits)
}

/// What a node asks for, and the branch that any error of it enters.
fn error_branch(view: View, node: NodeId) -> Option<(NodeId, Branch)> {
    branch_without(view, node, "Ok", "Err")
}

/// What a node asks for, and the branch that is entered where it is not the variant that is wanted, whatever the other one holds. A branch by whose value the
/// loop is left, or that only says that it was taken, is none.
fn branch_without(view: View, node: NodeId, wanted: &str, other: &str) -> Option<(NodeId, Branch)> {
    let (value, branch) = branch_of(view, node, wanted, other)?;
    let decides = |region: RegionId| decides_to_leave(view, node, region) || says_which(view, region);
    (!branch.region.is_some_and(decides)).then_some((value, branch))
}

/// Whether a branch gives a yes or no by which others are told that it was taken: what they do then is not followed.
fn says_which(view: View, branch: RegionId) -> bool {
    let value = view.facts.region(branch).value.map(|value| view.op(value));
    matches!(value, Some(Op::Literal(Literal::Bool(_))))
}

/// Whether the value of a branch is one by which a later choice leaves: `None => Action::Break`, and then `match action { Action::Break => break, .. }`.
fn decides_to_leave(view: View, choice: NodeId, branch: RegionId) -> bool {
    let Some(Op::Path(given)) = view.facts.region(branch).value.map(|value| view.op(value)) else { return false };
    let bound = match view.info.parent(choice).map(|parent| view.op(parent)) {
        Some(Op::Bind { pattern, .. }) if is_name(pattern) => pattern.locals(),
        _ => return false,
    };
    let turn = view.index.loops_around(view.site(choice)).first().map(|around| around.region);
    let leaves = |region: RegionId| {
        let mut inside = view.facts.iter().filter(|(_, n)| n.region == region);
        inside.any(|(id, n)| match n.op {
            Op::Break(_) => view.facts.jump_target(id) == turn,
            Op::Return(_) => true,
            _ => false,
        })
    };
    let names = |arm: &Arm| {
        let is_given = matches!(&arm.pattern.kind, PatternKind::Path(path) if path.last() == given.last());
        is_given && !arm.guarded
    };
    view.facts.iter().any(|(_, n)| match &n.op {
        Op::Match { scrutinee, arms } => {
            let is_it = matches!(view.op(*scrutinee), Op::Local(local) if bound.contains(local));
            is_it && arms.iter().any(|arm| names(arm) && leaves(arm.region))
        }
        _ => false,
    })
}

/// As [`branch_without`], whatever comes of the branch.
fn branch_of(view: View, node: NodeId, wanted: &str, other: &str) -> Option<(NodeId, Branch)> {
    let is_other = |pattern: &Pattern| match &pattern.kind {
        PatternKind::Path(path) => path.last() == other,
        _ => pattern.is_variant(other),
    };
    let takes_all = |pattern: &Pattern| pattern.is_wild() || pattern.parts().iter().all(is_name);
    match view.op(node) {
        Op::Match { scrutinee, arms } => {
            let of_a_kind = |arm: &Arm| other == "Err" && is_guarded_by_a_kind(view, arm);
            let mut others = arms.iter().filter(|arm| is_other(&arm.pattern) && !of_a_kind(arm));
            let arm = match (others.next(), others.next()) {
                (Some(only), None) => only,
                (None, _) if arms.iter().any(|arm| arm.pattern.is_variant(wanted)) => {
                    arms.iter().find(|arm| arm.pattern.is_wild())?
                }
                _ => return None,
            };
            let branch = Branch { region: Some(arm.region), range: arm.pattern.range };
            (!arm.guarded && takes_all(&arm.pattern)).then_some((*scrutinee, branch))
        }
        Op::If { condition, then, otherwise } => match view.op(*condition) {
            Op::Let { pattern, of } if is_other(pattern) && takes_all(pattern) => {
                Some((*of, Branch { region: Some(*then), range: pattern.range }))
            }
            Op::Let { pattern, of } if pattern.is_variant(wanted) => {
                let range = Range { start: view.range(node).start, end: view.range(*condition).end };
                Some((*of, Branch { region: *otherwise, range }))
            }
            _ => {
                let value = asked_about(view, *condition, if other == "Err" { Outcome::Err } else { Outcome::None })?;
                Some((value, Branch { region: Some(*then), range: view.range(*condition) }))
            }
        },
        Op::Bind { pattern, init: Some(init), otherwise: Some(otherwise), .. } if pattern.is_variant(wanted) => {
            Some((*init, Branch { region: Some(*otherwise), range: view.facts.region(*otherwise).range }))
        }
        _ => None,
    }
}

/// `Err(error) if error.kind() == ErrorKind::WouldBlock`: all other errors come to another arm. That descriptors ran out is no kind by name.
fn is_guarded_by_a_kind(view: View, arm: &Arm) -> bool {
    let guard = || view.facts.region(arm.region).nodes.iter().find(|node| view.info.parent(**node).is_none());
    arm.guarded
        && guard().is_some_and(|guard| {
            let asked = view.range(*guard);
            view.facts.iter().any(|(id, n)| asked.contains(n.range) && view.index.asks_for_a_kind(view.site(id)))
        })
}

/// What a condition holds for whenever it is this: `none_yet || accepted.is_err()`.
fn asked_about(view: View, condition: NodeId, wanted: Outcome) -> Option<NodeId> {
    match view.op(condition) {
        Op::Binary { operator: Operator::Either, left, right } => {
            asked_about(view, *left, wanted).or_else(|| asked_about(view, *right, wanted))
        }
        _ => view.asked(condition).filter(|(_, asked)| *asked == wanted).map(|(value, _)| value),
    }
}

/// The call that is asked again. A wrapper such as a deadline delays it, and so is not seen through.
fn asks(view: View, value: NodeId) -> Option<NodeId> {
    match view.facts.node(value).op {
        Op::Await(of) => Some(of),
        Op::Select { ref arms, .. } => {
            let gives = |arm: &&SelectArm| {
                let value = view.facts.region(arm.region).value.map(|value| view.op(value));
                matches!(value, Some(Op::Local(local)) if arm.pattern.locals() == [*local])
            };
            asks(view, arms.iter().find(gives)?.future)
        }
        // The result of a branch of `select!`, or a variable that was just bound.
        Op::Local(local) => asks_for(view, local),
        // `listener.accept().await.context("not accepted")`
        Op::Method { receiver, name, .. } if only_explains(&name) && view.ty(receiver).is_result() => {
            asks(view, receiver)
        }
        // An arm of `select!` that is there only in some configurations: otherwise its future never ends.
        Op::Async(region) => match *view.op(view.facts.region(region).value?) {
            Op::Await(of) => only_way_back(view, of).filter(|call| !waits_before(view, *call)),
            _ => None,
        },
        _ => Some(unfused(view, value)),
    }
}

/// Whether the block around a call waits for anything before it comes to that.
fn waits_before(view: View, call: NodeId) -> bool {
    let way = |region: RegionId| {
        let mut around = view.facts.outwards(view.facts.node(call).region).map(|(at, _)| at);
        around.any(|at| at == region)
    };
    let block = view.facts.outwards(view.facts.node(call).region).find(|(_, r)| r.kind == RegionKind::Async);
    let Some((block, _)) = block else { return false };
    let before = view.facts.iter().filter(|(id, n)| *id < call && way(n.region) && view.is_inside(*id, block));
    before.into_iter().any(|(id, n)| matches!(n.op, Op::Await(_) | Op::Select { .. }) || pauses(view, id))
}

/// The value of the only branch of a choice that gives one; the value itself, where there is no choice.
fn only_way_back(view: View, value: NodeId) -> Option<NodeId> {
    let mut branches = Vec::new();
    match view.op(value) {
        Op::If { .. } | Op::Match { .. } => view.op(value).regions(&mut |branch| branches.push(branch)),
        _ => return Some(value),
    }
    let mut values = branches.into_iter().filter_map(|branch| view.facts.region(branch).value);
    let first = values.next()?;
    values.next().is_none().then(|| only_way_back(view, first))?
}

fn asks_for(view: View, local: LocalId) -> Option<NodeId> {
    let by_select = view.facts.nodes.iter().find_map(|node| match &node.op {
        Op::Select { arms, .. } => arms.iter().find(|arm| arm.pattern.locals() == [local]).map(|arm| arm.future),
        Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } if pattern.locals() == [local] => Some(*iterated),
        _ => None,
    });
    let whole = || bound_by_name(view, local);
    let value = by_select.or_else(whole).filter(|value| !matches!(view.facts.node(*value).op, Op::Local(_)))?;
    asks(view, value)
}

/// What a variable is bound to as a whole.
fn bound_by_name(view: View, local: LocalId) -> Option<NodeId> {
    view.facts.nodes.iter().find_map(|node| match &node.op {
        Op::Bind { pattern, init, .. } if is_name(pattern) && pattern.locals() == [local] => *init,
        _ => None,
    })
}

/// The innermost loop around the branch that asks again: one that does not end by itself. What a round starts apart, such as a task for a connection, does not
/// keep the loop going.
fn loop_around(view: View, call: NodeId, branch: NodeId) -> Option<(RegionId, Range)> {
    let innermost = view.index.loops_around(view.site(branch)).into_iter().next();
    let around = innermost.filter(|around| !is_run_apart(view, branch, around.region))?;
    let owner = view.info.region_node(around.region)?;
    let asks_inside = view.is_inside(call, around.region);
    let again = match view.op(owner) {
        Op::Loop { kind: LoopKind::For { iterated, .. }, .. } => *iterated == call,
        _ => asks_inside,
    };
    again.then_some((around.region, around.head))
}

/// Whether a branch does nothing but tell and go on: what is not known may wait or leave. Where a function does one round, who returns goes on; and
/// that descriptors ran out is no kind of error by name, so that who leaves for one kind goes on with it.
fn only_goes_on(view: View, branch: RegionId, returning: bool, accepting: bool) -> bool {
    goes_on_apart_from(view, branch, returning, &|id| accepting && leaves_for_a_kind(view, id, branch))
}

fn leaves_for_a_kind(view: View, node: NodeId, branch: RegionId) -> bool {
    matches!(view.op(node), Op::Break(_) | Op::Return(_)) && is_for_a_kind(view, node, branch)
}

/// As [`only_goes_on`], where some nodes are set aside.
fn goes_on_apart_from(view: View, branch: RegionId, returning: bool, set_aside: &dyn Fn(NodeId) -> bool) -> bool {
    let inside = view.facts.iter().filter(|(_, node)| view.facts.is_inside(node.region, branch));
    inside.into_iter().filter(|(id, _)| !set_aside(*id)).all(|(id, node)| match &node.op {
        Op::Return(None) if returning => true,
        Op::Break(_) | Op::Return(_) => false,
        Op::Try(_) | Op::Await(_) | Op::Loop { .. } | Op::Select { .. } | Op::Unseen => false,
        Op::Assign { .. } => false,
        Op::Macro(_) => match view.index.callee(view.site(id)) {
            Some(Callee::External(path)) => {
                view.index.catalogue().lists(Calls::Tells, *path) && !is_end(path)
                    || path == "std::format"
                    || view.index.callable(view.site(id)).is_some()
            }
            _ => false,
        },
        Op::Call { .. } | Op::Method { .. } => {
            is_told(view, id)
                || is_harmless(view, id)
                || view.index.asks_for_a_kind(view.site(id))
                || view.index.only_tells(view.site(id))
        }
        _ => true,
    })
}

/// Whether a node in a branch is reached only for one kind of error, by a condition that asks for it.
fn is_for_a_kind(view: View, node: NodeId, branch: RegionId) -> bool {
    let around = view.facts.outwards(view.facts.node(node).region).map(|(region, _)| region);
    around.take_while(|region| *region != branch).any(|region| {
        match view.info.region_node(region).map(|at| view.op(at)) {
            Some(Op::If { condition, then, .. }) if *then == region => {
                let asked = view.range(*condition);
                view.facts.iter().any(|(id, n)| asked.contains(n.range) && view.index.asks_for_a_kind(view.site(id)))
            }
            _ => false,
        }
    })
}

/// What is worked out for a message.
fn is_told(view: View, node: NodeId) -> bool {
    let parents = std::iter::successors(view.info.parent(node), |at| view.info.parent(*at));
    parents.into_iter().any(|at| matches!(view.facts.node(at).op, Op::Macro(_)))
}

/// A call of a library that neither waits nor ends anything.
fn is_harmless(view: View, node: NodeId) -> bool {
    let Some(path) = view.index.external(view.site(node)) else { return false };
    let catalogue = view.index.catalogue();
    let waits = catalogue.lists(Calls::Waits, path) || catalogue.lists(Calls::Forever, path);
    !waits && view.index.callable(view.site(node)).is_some() && !path.starts_with("std::process")
}

/// Whether every round of the loop waits for time to pass or ends it, whatever the call gave. What stands behind the jump to the next round is not come to, and
/// what races with the call is given up as soon as that fails.
fn waits_or_leaves(view: View, region: RegionId, call: NodeId, branch: NodeId, failed: Option<RegionId>) -> bool {
    let around = view.facts.outwards(view.facts.node(branch).region).map(|(at, _)| at);
    let way: Vec<RegionId> = around.take_while(|at| *at != region).chain([region]).collect();
    let jump = jump_behind(view, failed, region);
    let others = arms_around(view, call).iter().filter(|arm| !is_of_arm(view, arm, call));
    let raced: Vec<Range> = others.map(|arm| view.range(arm.future)).collect();
    view.facts.iter().any(|(id, node)| {
        let on_the_way = way.contains(&node.region) && id != call && jump.is_none_or(|jump| id < jump);
        on_the_way
            && !raced.iter().any(|future| future.contains(node.range))
            && match &node.op {
                Op::Await(of) => *of != call && !is_known_quick(view, *of),
                Op::Break(_) | Op::Return(_) => true,
                Op::Call { .. } | Op::Method { .. } => view.index.external(view.site(id)).is_some_and(|path| {
                    let lists = |list| view.index.catalogue().lists(list, path);
                    lists(Calls::Waits) || lists(Calls::Accepts)
                }),
                _ => false,
            }
    })
}

/// The `continue` to the next round of a loop with which a branch ends.
fn jump_behind(view: View, branch: Option<RegionId>, region: RegionId) -> Option<NodeId> {
    let jumps = |id: &NodeId| matches!(view.op(*id), Op::Continue) && view.facts.jump_target(*id) == Some(region);
    view.facts.region(branch?).nodes.iter().copied().find(jumps)
}

/// Whether what is awaited is a library's and no wait for time: a lock, a permit.
fn is_known_quick(view: View, future: NodeId) -> bool {
    view.index.external(view.site(future)).is_some_and(|path| !view.index.catalogue().lists(Calls::Waits, path))
}

/// A pattern that takes every error: a name, or nothing.
fn is_name(pattern: &Pattern) -> bool {
    pattern.is_wild() || matches!(pattern.kind, PatternKind::Bind { of: None, .. })
}

/// Macros that end the thread.
fn is_end(path: &str) -> bool {
    matches!(path.rsplit("::").next(), Some("panic" | "unreachable" | "todo" | "unimplemented"))
}
