//! `swallowed-error`: the error of an operation that matters vanishes, and what follows goes on as if it had worked.

use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label, grouped_by};
use crate::facts::model::{
    Arm, Attribute, Body, Literal, LocalId, MacroCall, NodeId, Op, PatternKind, RegionId, RegionKind,
};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::bodies::view::View;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, Extern};
use crate::index::declared::types::Ty;
use crate::index::flow::anew::Named;
use crate::index::flow::effects::Effected;
use crate::index::flow::nothing::Against;
use crate::index::flow::statements::{always_has_a_row, undoes};
use crate::index::flow::vanishing::{StandIn, Vanished, Way};
use crate::source::{Range, Span};

const ID: &str = "swallowed-error";

/// Through how many functions that only hand on an answer it is looked who gives it.
const HANDED_ON: usize = 3;

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let found = index.look(|view, node| {
        let vanished = view.vanished(node)?;
        let found = swallowed(view, node, vanished)
            .or_else(|| written_empty(view, node, vanished))
            .or_else(|| committed_by_half(view, node, vanished));
        let diagnostic = found.filter(|_| !ends_things(index, view.body))?;
        // An operation that is called several times in one function, each time thrown away in the same way, is one flaw.
        let flaw = (view.body, diagnostic.confidence, diagnostic.message.clone(), diagnostic.primary.text.clone());
        Some((flaw, diagnostic))
    });
    grouped_by(found)
}

/// `drop` has nobody to tell; what is marked as dead, or hidden and called by nobody, is not run.
fn ends_things(index: &Index, body: BodyRef) -> bool {
    let Some(function) = index.function_of(body) else { return false };
    let says = |name: &str, word: &str| {
        let says = |a: &Attribute| a.path.last().is_some_and(|n| n == name) && a.arguments.contains(word);
        index.defs().function(function).attributes.iter().any(says)
    };
    let is_called = || index.calls.callers(function).iter().any(|call| !index.is_test(call.site.body));
    if says("allow", "dead_code") || says("doc", "hidden") && !is_called() {
        return true;
    }
    let of_trait =
        index.defs().impl_of(function).is_some_and(|block| index.defs().impl_block(block).trait_path.is_some());
    of_trait && matches!(index.defs().function(function).name.as_str(), "drop" | "async_drop")
}

fn swallowed(view: View, node: NodeId, vanished: Vanished) -> Option<Diagnostic> {
    let Vanished { value, way, range } = vanished;
    let site = view.site(value);
    // An error that says nothing lost its cause where it was made.
    let says_nothing = view.ty(value).error().is_some_and(|error| view.index.says_nothing(error));
    if says_nothing || view.index.states(site, &undoes) || is_used_elsewhere(view, value) || view.index.is_of_task(site)
    {
        return None;
    }
    let effected = view.index.effect(site).filter(|effected| !effected.told)?;
    if may_vanish(view, node, value, &effected, way) || view.index.is_intended(view.in_file(range)) {
        return None;
    }
    let (effect, how) = (effected.effect.noun(), words(way));
    let operation = operation(view, &effected);
    let confidence = confidence(view, node, value, &effected, way);
    let against = match confidence {
        Confidence::Hint if !spares_work(view, &effected) && !fails_anyway(view, &effected) => {
            view.against_nothing(node, vanished, &effected)
        }
        _ => None,
    };
    let confidence = if against.is_some() { Confidence::Likely } else { confidence };
    let span = view.in_file(range);
    let inside = effected
        .chain
        .iter()
        .skip(1)
        .map(|at| Label::new(view.index.span(*at), format!("the {effect} error stems from here")));
    let success = success_after(view, node).map(|at| Label::new(at, "and success is reported here"));
    let message = match way {
        Way::Ended => format!("how the program ended that `{operation}` ran is not looked at"),
        _ => format!("the {effect} error of `{operation}` is swallowed"),
    };
    let diagnostic = Diagnostic::new(ID, confidence, message, Label::new(span, how))
        .about(view.index.item_path(view.body), operation.clone())
        .evidence(inside.chain(success))
        .evidence(against.and_then(|against| shown(view, against)))
        .note("when it fails nothing tells: the data is missing and the log is clean")
        .help("return the error, or log it with what was being done")
        .fix(fix(view, node, value, way, &operation));
    Some(diagnostic)
}

/// Whether nobody misses an error, or it is seen after all: told elsewhere, of something that ends or is over anyway, of a question, of a choice.
fn may_vanish(view: View, node: NodeId, value: NodeId, effected: &Effected, way: Way) -> bool {
    let site = view.site(value);
    let turns_away =
        matches!(way, Way::Tested | Way::Absent | Way::LeftOut | Way::Otherwise | Way::Instead(_) | Way::Timed);
    let told = || view.index.called_directly(site).is_some_and(|body| view.index.tells_of_its_errors(body));
    effected.effect == Effect::Join
        || view.index.error_is_seen(site)
        || (turns_away && told())
        || view.index.error_is_told(site)
        || is_logging(view, effected)
        || view.index.is_on_failing_path(view.site(node))
        || shutting_down(effected)
        || lets_go(view, node, effected)
        || view.is_named_as_ignored(node)
        || effected.effect == Effect::Database && view.index.drops_what_goes(site)
        || says_goodbye(view, value)
        || (matches!(way, Way::Default | Way::Instead(_)) && only_tells_the_time(view, value))
        || has_no_consequence(view, node, way)
        || is_only_tested(view)
        || is_a_choice(view, node, value)
        || is_never_come_to(view, effected)
        || way == Way::Dropped && view.index.callable(site).is_some_and(|callable| callable.constructs.is_some())
        || way == Way::IfLet && is_only_asked_when_failing(view)
        || goes_on_reading(view, value, effected)
        // A function that runs a program and gives back what that said mostly looks at how it ended.
        || way == Way::Ended && effected.chain.len() > 1
}

/// What a function did in a transaction has failed, of whatever, and the transaction is committed all the same. Where it is known what failed, that has been
/// looked at.
fn committed_by_half(view: View, node: NodeId, vanished: Vanished) -> Option<Diagnostic> {
    let Vanished { value, way, range } = vanished;
    let call = match *view.op(value) {
        Op::Await(of) => of,
        _ => value,
    };
    let thrown_away = matches!(way, Way::Underscore | Way::Dropped | Way::Ok | Way::Arm);
    let Some(Callee::Workspace(function)) = view.index.callee(view.site(call)) else { return None };
    let name = view.index.defs().function(*function).name;
    if !thrown_away
        || view.index.effect(view.site(value)).is_some()
        || view.ty(value).error().is_some_and(|error| view.index.says_nothing(error))
        || view.index.catalogue().lists(Calls::Looks, name)
        || view.index.error_is_told(view.site(value))
        || view.index.is_on_failing_path(view.site(node))
        || view.is_named_as_ignored(node)
        || view.index.is_intended(view.in_file(range))
    {
        return None;
    }
    let commit = view.committed_behind(call)?;
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("the error of `{name}` is swallowed, and what it did by half is committed"),
            Label::new(view.in_file(range), words(way)),
        )
        .about(view.index.item_path(view.body), name.as_str())
        .evidence([Label::new(view.index.name_span(view.site(commit)), "the transaction is committed here all the same")])
        .note("a transaction is there so that all of it happens or nothing: what failed is missing from then on, and nothing tells")
        .help("return the error before the commit, so that the transaction is rolled back"),
    )
}

/// Through how many variables and calls the body of an answer is followed to where it is written.
const STEPS: u32 = 6;

/// The body of an answer that could not be read to its end, and that is written as if it were empty.
fn written_empty(view: View, node: NodeId, vanished: Vanished) -> Option<Diagnostic> {
    let Vanished { value, way: Way::Default, range } = vanished else { return None };
    let call = match *view.op(value) {
        Op::Await(of) => of,
        _ => value,
    };
    let path = view.index.external(view.site(call))?;
    if !view.index.catalogue().lists(Calls::BringsBody, path)
        || view.index.is_on_failing_path(view.site(node))
        || view.is_refused(node)
        || view.is_named_as_ignored(node)
        || view.index.is_intended(view.in_file(range))
    {
        return None;
    }
    let written = written_at(view, node, STEPS)?;
    let name = path.rsplit("::").next()?;
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("the network error of `{name}` is swallowed"),
            Label::new(view.in_file(range), words(Way::Default)),
        )
        .about(view.index.item_path(view.body), name)
        .evidence([Label::new(view.index.name_span(view.site(written)), "and is written here")])
        .note("where the connection breaks, what is empty takes the place of what was asked for, and looks as if it had arrived")
        .help("return the error before anything is written"),
    )
}

/// The call that writes a value to a file or store.
fn written_at(view: View, value: NodeId, fuel: u32) -> Option<NodeId> {
    let fuel = fuel.checked_sub(1)?;
    let parent = view.info.parent(value)?;
    let call = |arguments: &[NodeId]| {
        let site = view.site(parent);
        let stores = |effect: Effect| effect != Effect::Network;
        let takes = |node: &NodeId| *node != value && view.index.writer_effect(view.ty(*node)).is_some_and(stores);
        let copies = |path| view.index.catalogue().lists(Calls::Writes, path) && arguments.iter().any(takes);
        let writes = view.index.changes(site).is_some_and(stores) || view.index.external(site).is_some_and(copies);
        let wraps = || view.index.external(site).is_some_and(|path| path == "std::io::Cursor::new");
        match arguments.contains(&value) {
            true if writes => Some(parent),
            true if wraps() => written_at(view, parent, fuel),
            _ => None,
        }
    };
    match view.op(parent) {
        Op::Reference { .. } | Op::Deref(_) => written_at(view, parent, fuel),
        op if op.same_as() == Some(value) => written_at(view, parent, fuel),
        Op::Method { receiver, name, .. } if *receiver == value => {
            matches!(name.as_str(), "into_bytes" | "reader").then(|| written_at(view, parent, fuel))?
        }
        Op::Method { arguments, .. } | Op::Call { arguments, .. } => call(arguments),
        Op::Bind { pattern, otherwise: None, .. } => match pattern.kind {
            PatternKind::Bind { local, of: None } => {
                view.facts.uses(local).find_map(|used| written_at(view, used, fuel))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether nothing but what people see comes of success, or the stand-in for what failed is refused further on.
fn has_no_consequence(view: View, node: NodeId, way: Way) -> bool {
    match (way, view.op(node)) {
        (Way::Default | Way::Instead(_), _) => view.is_only_shown(node) || view.is_refused(node),
        (Way::Absent, _) => view.is_only_shown(node) || view.is_refused(node),
        (Way::IfLet | Way::Tested, Op::If { then, .. }) => view.only_shows(*then) || view.only_counts(*then),
        _ => false,
    }
}

/// A function that only tests call, and a trait asks for or whose callers are all known: those of a library that is part of no program may be others'.
fn is_only_tested(view: View) -> bool {
    let Some(function) = view.index.function_of(view.body) else { return false };
    let of_trait =
        view.index.defs().impl_of(function).is_some_and(|id| view.index.defs().impl_block(id).trait_path.is_some());
    let callers_are_known = || of_trait || !view.index.is_offered(view.body) || view.index.is_of_a_program(view.body);
    view.index.is_called_by_tests_alone(function) && callers_are_known()
}

/// `if self.ignores { let _ = save(); } else { save()?; }`: whether the error counts is decided right here.
fn is_a_choice(view: View, node: NodeId, value: NodeId) -> bool {
    let passes_on = |region: RegionId| {
        let mut tried = view.facts.iter().filter_map(|(id, n)| match n.op {
            Op::Try(of) if view.is_inside(id, region) => Some(of),
            _ => None,
        });
        tried.any(|tried| view.does_the_same(tried, value))
    };
    view.facts.outwards(view.facts.node(node).region).any(|(own, _)| {
        match view.info.region_node(own).map(|around| view.op(around)) {
            Some(Op::If { then, otherwise: Some(otherwise), .. }) => {
                passes_on(if *then == own { *otherwise } else { *then })
            }
            _ => false,
        }
    })
}

/// Whether all that may fail in a function stands in branches for what the call never gives.
fn is_never_come_to(view: View, effected: &Effected) -> bool {
    let [call, inside, ..] = effected.chain[..] else { return false };
    let site = |node: NodeId| Site { body: inside.body, node };
    let mut may_fail = view.index.passed_on(inside.body).into_iter().map(site);
    view.index.is_never_come_to(call, inside)
        && may_fail.all(|at| view.index.effect(at).is_none() || view.index.is_never_come_to(call, at))
}

/// What adds to what is known, in a function that is only called where something has failed: that is told in any case.
fn is_only_asked_when_failing(view: View) -> bool {
    view.index.function_of(view.body).is_some_and(|function| view.index.is_only_called_when_failing(function))
}

/// What is sent to a peer that the same function goes on listening to: that it is gone is told by the next read.
fn goes_on_reading(view: View, value: NodeId, effected: &Effected) -> bool {
    let Some(peer) = called_on(view, value).filter(|_| effected.effect == Effect::Network) else { return false };
    let reads = |name: &str| ["next", "recv", "read", "try_next"].iter().any(|read| name.starts_with(read));
    view.facts.iter().skip(value.index()).any(|(id, n)| match &n.op {
        Op::Method { name, .. } => reads(name) && called_on(view, id) == Some(peer),
        _ => false,
    })
}

/// The variable that a method is called on, perhaps awaited.
fn called_on(view: View, value: NodeId) -> Option<LocalId> {
    match view.op(value) {
        Op::Await(of) => called_on(view, *of),
        Op::Method { receiver, .. } => match view.op(*receiver) {
            Op::Local(local) => Some(*local),
            _ => called_on(view, *receiver),
        },
        _ => None,
    }
}

/// `async { first().await?; second().await }.await`, perhaps by way of a variable: several steps may fail.
fn is_block_in_place(view: View, value: NodeId) -> bool {
    let behind = |node: NodeId| match view.op(node) {
        Op::Local(local) => view.index.init_of(view.body, *local).filter(|init| *init < node),
        _ => Some(node),
    };
    let future = behind(value).and_then(|value| match *view.op(value) {
        Op::Await(of) => behind(of),
        _ => None,
    });
    future.is_some_and(|future| match *view.op(future) {
        Op::Async(region) => {
            let leaving = view.index.passed_on_in(view.body, region).into_iter();
            leaving.filter(|node| !view.index.is_ok(view.site(*node))).count() > 1
        }
        _ => false,
    })
}

/// A variable that is looked at more than once: who looks only for success here may look for the error there.
fn is_used_elsewhere(view: View, value: NodeId) -> bool {
    let (mut at, mut by_value) = (value, false);
    let local = loop {
        match view.op(at) {
            Op::Reference { of, .. } => (at, by_value) = (*of, false),
            Op::Method { receiver, name, .. } => {
                by_value = !matches!(name.as_str(), "as_ref" | "as_mut" | "as_deref");
                at = *receiver
            }
            Op::Local(local) if !by_value => break *local,
            _ => return false,
        }
    };
    view.facts.iter().any(|(id, node)| id != at && matches!(node.op, Op::Local(used) if used == local))
}

/// What only looks is often allowed to fail: then the claim needs more than a missing branch. A program that is run and whose exit nobody
/// asks for is at most worth a look, and so is a function that fails as well where there is nothing to be found.
fn confidence(view: View, node: NodeId, value: NodeId, effected: &Effected, way: Way) -> Confidence {
    let direct = if effected.chain.len() == 1 { Confidence::Certain } else { Confidence::Likely };
    let unused = matches!(way, Way::Underscore | Way::Dropped | Way::Ok | Way::Several);
    let operation = effected.chain.last();
    match effected.effect {
        // Whoever gathers several steps in a block to wait for it there and then means what becomes of their errors.
        _ if is_block_in_place(view, value) => Confidence::Hint,
        // Who asks a database for nothing, and waits so long for it, wants to know whether it answers.
        _ if way == Way::Timed && operation.is_some_and(|call| view.index.keeps_house(*call)) => direct,
        _ if direct == Confidence::Certain && operation.is_some_and(|call| view.index.is_by_the_way(*call)) => {
            Confidence::Hint
        }
        _ if !unused && effected.looks && (expects_one(view, node, effected) || is_advised(view, node)) => {
            Confidence::Hint
        }
        // How many there are is told as if there were none, to people.
        _ if !unused
            && tells_how_many(view, effected)
            && (view.is_only_stated(node) || view.index.tells_how_many(function_name(view))) =>
        {
            Confidence::Hint
        }
        // What is put in the place of what could not be read is taken for it.
        _ if !matches!(way, Way::Default | Way::Instead(_)) && spares_work(view, effected) => Confidence::Hint,
        // What the kernel tells is read again, and its file cannot go away.
        Effect::File
            if unused && effected.looks && operation.is_some_and(|call| view.index.reads_a_kernel_file(*call)) =>
        {
            Confidence::Hint
        }
        // Where the function fails anyway, only the cause is another one.
        _ if !unused && fails_anyway(view, effected) => Confidence::Hint,
        // Who goes on only where a peer has answered has mostly another chance, and what a function makes of a file that cannot be read is mostly meant: of
        // sixteen such findings of first readings three were true.
        Effect::Network if way == Way::IfLet && success_after(view, node).is_none() => Confidence::Hint,
        Effect::File if way == Way::Default && effected.chain.len() > 1 && !writes_back(view, node, value) => {
            Confidence::Hint
        }
        Effect::Process if view.index.takes_away(view.body) => Confidence::Hint,
        Effect::Network if is_one_of_several(view, node, value) || is_a_state(view, node, way) => Confidence::Hint,
        Effect::Network if !unused && is_asked_again(view, node) => Confidence::Hint,
        Effect::Network
            if unused
                && (is_last_word(view, node) || passes_on_a_message(view, effected))
                && operation.is_some_and(|call| view.index.goes_to_a_peer(*call)) =>
        {
            Confidence::Hint
        }
        Effect::Network if effected.chain.iter().any(|call| view.index.counts_use(*call)) => Confidence::Hint,
        _ if !unused && effected.looks && may_find_nothing(view, effected) => Confidence::Hint,
        // What is taken for an answer is one, where the function also fails for what it was given.
        _ if way == Way::Absent && is_answer(view, node) && may_find_nothing(view, effected) => Confidence::Hint,
        // Whoever has asked whether it is there means to have it.
        Effect::File if success_after(view, node).is_none() && misses_what_is_there(view, node, effected, way) => {
            Confidence::Likely
        }
        // The change may fail as well, but what is there and could not be read is taken for gone.
        _ if way == Way::Answered => match effected.effect {
            Effect::Database if effected.looks => direct,
            _ => Confidence::Hint,
        },
        // Of a file or a peer "not there" and "not reached" are often the same; of rows they are not.
        _ if way == Way::Denied && effected.effect != Effect::Database => Confidence::Hint,
        _ if is_a_question(way, effected) => Confidence::Hint,
        _ if success_after(view, node).is_some() => direct,
        // A program that is run for what it does somewhere else, and not for what it says.
        Effect::Process if unused && operation.is_some_and(|run| view.index.runs_network_program(*run)) => {
            Confidence::Likely
        }
        // What a program said was kept to be looked at, and is thrown away with that.
        Effect::Process if way == Way::Ended => {
            let says_why = matches!(view.ty(value).tried(), Ty::Ext(path, _) if path == "std::process::Output");
            match operation {
                Some(run) if says_why && !only_clears_up(view, *run) => Confidence::Likely,
                _ => Confidence::Hint,
            }
        }
        // Who asks and wants no answer has nothing to miss.
        _ if unused && effected.looks && effected.chain.len() == 1 && has_answer(view, value) => Confidence::Hint,
        Effect::Process if unused && passes_on_a_command(view, value, effected) => Confidence::Likely,
        Effect::Process => Confidence::Hint,
        _ if unused || !effected.looks => direct,
        Effect::Database => direct,
        Effect::Network if matches!(way, Way::Instead(StandIn::Made)) => Confidence::Likely,
        _ if way == Way::LeftOut && matches!(view.ty(value).tried(), Ty::Adt(..)) => Confidence::Likely,
        Effect::File if matches!(way, Way::Default) && writes_back(view, node, value) => Confidence::Likely,
        _ => Confidence::Hint,
    }
}

/// Whether a service reads a file or folder that is known to be there, other than one of the kernel's, what is in it is missing from then on, and the function
/// tells of other failures of the kind: it leaves out none on purpose. A yes or no is an answer, as is what stands for "unknown"; and what is looked at to be
/// cleared away stays for the next time. Who runs a command sees what it gives.
fn misses_what_is_there(view: View, node: NodeId, effected: &Effected, way: Way) -> bool {
    let [read] = effected.chain[..] else { return false };
    let is_bool = |ty: &Ty| *ty == Ty::ext("bool", Vec::new());
    let removes = |node: NodeId| {
        view.index.external(view.site(node)).is_some_and(|path| view.index.catalogue().lists(Calls::RemovesFile, path))
    };
    let is_missed = match (way, view.op(node)) {
        (Way::IfLet, Op::If { then, .. }) => {
            !view.facts.iter().any(|(node, _)| view.is_inside(node, *then) && removes(node))
        }
        (Way::Default, _) => !is_bool(view.ty(node)),
        (Way::Otherwise, _) => !view.index.output(view.body).is_some_and(is_bool),
        (Way::Arm | Way::LeftOut, _) => true,
        _ => false,
    };
    let serves = !view.index.is_of_a_program(view.body) || view.index.services_reaching(view.body).next().is_some();
    is_missed
        && serves
        && view.index.reads_what_is_there(read)
        && !view.index.reads_a_kernel_file(read)
        && tells_of_failures(view)
}

/// Whether a function passes on some error of the file system, or warns where something has failed.
fn tells_of_failures(view: View) -> bool {
    let is_of_file = |node: NodeId| {
        let effected = view.index.effect(view.site(node)).filter(|_| view.ty(node).is_result());
        effected.is_some_and(|found| found.effect == Effect::File)
    };
    let warns =
        |region: RegionId| view.index.is_entered_by_error(view.body, region) && view.index.warns(view.body, region);
    view.index.passed_on(view.body).into_iter().any(is_of_file) || view.facts.region_ids().any(warns)
}

/// Where it can be seen that nothing is not all there is to it.
fn shown(view: View, against: Against) -> Option<Label> {
    let (at, text) = match against {
        Against::StoredAnew(at) => (at, "and what could not be read is stored anew here"),
        Against::TakenSeriously(at) => (at, "the same call is taken seriously here"),
        Against::WholeAnswer => return None,
    };
    Some(Label::new(view.index.name_span(at), text))
}

/// What the function around is called.
fn function_name(view: View<'_>) -> &str {
    view.index.function_of(view.body).map_or("", |function| view.index.defs().function(function).name.as_str())
}

/// Whether what failed only asked how many there are of something.
fn tells_how_many(view: View, effected: &Effected) -> bool {
    let name = operation(view, effected);
    name.rsplit("::").next().is_some_and(|name| view.index.tells_how_many(name))
}

/// Whether a function that failed, or the one around it, is there to spare work.
fn spares_work(view: View, effected: &Effected) -> bool {
    effected.chain.iter().any(|call| view.index.spares_work(*call))
}

/// Whether a value is what a function of the workspace gives that passes on that a command could not be run, and neither its name nor what it is given says
/// that it only clears up.
fn passes_on_a_command(view: View, value: NodeId, effected: &Effected) -> bool {
    let [first, .., _] = effected.chain[..] else { return false };
    let is_it = view.site(value) == first || matches!(view.op(value), Op::Await(of) if view.site(*of) == first);
    let function = view.index.called_directly(first).and_then(|body| view.index.function_of(body));
    let Some(function) = function.filter(|_| is_it) else { return false };
    let takes_away = |word: &str| view.index.catalogue().lists(Calls::TakesAway, ustr(word));
    let whole = view.range(value);
    let clears_up = view.facts.iter().any(|(_, n)| match &n.op {
        Op::Literal(Literal::Text(text)) => whole.contains(n.range) && text.split_whitespace().any(takes_away),
        Op::Local(local) => whole.contains(n.range) && view.facts.local(*local).name.split('_').any(takes_away),
        // Who is given the words of a command runs whatever that is.
        Op::Array(_) => whole.contains(n.range),
        _ => false,
    });
    let name = view.index.defs().function(function).name.to_lowercase();
    !clears_up && !name.split('_').any(takes_away)
}

/// Whether the words of a command say that it only clears up or asks, or the function around it is named so.
fn only_clears_up(view: View, run: Site) -> bool {
    let takes_away = |word: &str| view.index.catalogue().lists(Calls::TakesAway, ustr(word));
    let asks = |word: &str| matches!(word, "--help" | "--version" | "-V" | "which");
    let says = |word: &str| takes_away(word) || takes_away(word.trim_start_matches('-')) || asks(word);
    view.index.states(run, &|text| text.split_whitespace().any(says))
}

/// Whether somebody may mean to ask no more than whether something can be done or is there. A statement of a database that is tried may tell what
/// its tables look like; of a file or a peer "not there" and "not reached" are often the same. Rows are there or not, reached or not.
fn is_a_question(way: Way, effected: &Effected) -> bool {
    match way {
        Way::Absent | Way::Otherwise => effected.effect != Effect::Database,
        // Of one thing among others it may be asked whether it is there; who makes something of each means to have all.
        Way::LeftOut => effected.looks && effected.chain.len() == 1 && effected.effect != Effect::Database,
        Way::Tested => match effected.effect {
            Effect::File | Effect::Storage => effected.looks,
            Effect::Database | Effect::Network => effected.looks || effected.chain.len() == 1,
            _ => true,
        },
        Way::Instead(stand_in) => match effected.effect {
            Effect::Database => false,
            Effect::Network => stand_in != StandIn::Made,
            _ => true,
        },
        _ => false,
    }
}

/// Whether a failed question to a peer is an answer of its own: no instead of yes, or a record of it such as success makes as well.
fn is_a_state(view: View, node: NodeId, way: Way) -> bool {
    match (way, view.op(node)) {
        (Way::Default, _) => *view.ty(node) == Ty::ext("bool", Vec::new()),
        (Way::Instead(StandIn::Made), Op::Match { arms, .. }) => {
            let makes = |node: NodeId| match view.index.callee(view.site(node)) {
                Some(Callee::Workspace(function)) if view.index.makes_its_own(*function) => Some(*function),
                _ => None,
            };
            let (failed, rest): (Vec<&Arm>, Vec<&Arm>) = arms.iter().partition(|arm| arm.pattern.ignores_error());
            let stand_in = failed.iter().find_map(|arm| makes(view.facts.region(arm.region).value?));
            let records = |arm: &&Arm| {
                let inside = view.facts.iter().filter(|(_, n)| view.facts.is_inside(n.region, arm.region));
                inside.into_iter().any(|(id, _)| makes(id) == stand_in)
            };
            stand_in.is_some() && rest.iter().any(records)
        }
        _ => false,
    }
}

/// Whether more comes of success than that it went well.
fn has_answer(view: View, value: NodeId) -> bool {
    let answer = view.ty(value).tried();
    !answer.is_unknown() && answer != Ty::unit()
}

/// Whether `.ok()` stands for a value that is used.
fn is_answer(view: View, node: NodeId) -> bool {
    matches!(view.op(node), Op::Method { name, .. } if name == "ok")
}

/// Whether the function that failed, or one whose answer it only hands on, may have said no more than that nothing is there.
fn may_find_nothing(view: View, effected: &Effected) -> bool {
    let called = || view.index.called_directly(*effected.chain.first()?);
    let mut at = effected.chain.get(1).map(|inner| inner.body).or_else(called);
    for _ in 0..HANDED_ON {
        let Some(body) = at else { return false };
        if view.index.makes_errors(body) {
            return true;
        }
        let only = view.index.body(body).region(Body::ROOT);
        at = only
            .value
            .filter(|_| only.nodes.last() == only.value.as_ref())
            .and_then(|node| view.index.called_directly(Site { body, node }).filter(|inner| *inner != body));
    }
    false
}

/// Whether an operation that a function passes the error of stands where the function fails already.
fn fails_anyway(view: View, effected: &Effected) -> bool {
    effected.chain.iter().skip(1).any(|call| {
        let body = view.index.body(call.body);
        let mut around = body.outwards(body.node(call.node).region).take_while(|(region, _)| *region != Body::ROOT);
        around.any(|(region, _)| view.index.fails_at_end(call.body, region))
    })
}

/// Whether a function looks for something that has to be there: its error may say no more than that it is not. So does the query itself, where a default stands
/// right behind it.
fn expects_one(view: View, node: NodeId, effected: &Effected) -> bool {
    let has_default = matches!(view.op(node), Op::Method { name, arguments, .. }
        if name == "unwrap_or" && !matches!(arguments[..], [only] if matches!(view.op(only), Op::Literal(_))));
    let inner = match effected.chain[..] {
        [_, .., inner] => inner,
        [own] if has_default => own,
        _ => return false,
    };
    let operation = view.index.operation_behind(inner);
    // How many there are is answered where there are none.
    let counts = matches!(view.index.node(operation).op, Op::Method { receiver, .. }
        if matches!(&view.index.body(operation.body).node(receiver).op, Op::Method { name, .. } if name == "count"));
    !counts
        && !view.index.states_here(operation, &always_has_a_row)
        && view.index.external(operation).is_some_and(|path| view.index.catalogue().lists(Calls::ExpectsOne, path))
}

/// Whether all that is done with what was found is advice: it may fail as well, and no more than a message comes of that.
fn is_advised(view: View, node: NodeId) -> bool {
    let Op::If { then, .. } = view.op(node) else { return false };
    let region = view.facts.region(*then);
    let statements: Vec<NodeId> =
        region.nodes.iter().copied().filter(|node| view.info.parent(*node).is_none()).collect();
    let may_fail = |node: &NodeId| {
        let value = match view.op(*node) {
            Op::Discard(of) => *of,
            _ => *node,
        };
        matches!(view.op(value), Op::Method { receiver, name, .. }
            if view.ty(*receiver).is_result() && (name == "ok" || name == "unwrap_or_else" && view.index.error_is_seen(view.site(value))))
    };
    !statements.is_empty() && statements.iter().all(may_fail)
}

/// Whether a peer is asked as others are in the same function, each in a way of its own, and what comes of whoever answers is taken.
fn is_one_of_several(view: View, node: NodeId, value: NodeId) -> bool {
    let asks = |node: NodeId| match view.op(node) {
        Op::If { condition, then, otherwise: None } => match view.op(*condition) {
            Op::Let { of, .. } => view.ty(*of).is_result().then_some((*of, *then)),
            _ => None,
        },
        _ => None,
    };
    let takes = |region: RegionId| {
        view.facts.iter().any(|(_, n)| {
            let adds = |name: &str| matches!(name, "push" | "push_back" | "insert" | "extend" | "send" | "try_send");
            matches!(&n.op, Op::Method { name, .. } if adds(name)) && view.facts.is_inside(n.region, region)
        })
    };
    let answers = |node: NodeId| asks(node).filter(|(_, then)| takes(*then)).map(|(of, _)| of);
    let is_peer = |of: &NodeId| view.index.effect(view.site(*of)).is_some_and(|found| found.effect == Effect::Network);
    let asked = |of: NodeId| view.index.called_directly(view.site(of)).filter(|_| is_peer(&of));
    let others = view.facts.iter().filter_map(|(id, _)| answers(id)).filter_map(asked);
    answers(node).is_some() && asked(value).is_some_and(|body| others.into_iter().any(|other| other != body))
}

/// Whether a function failed that gives a peer one message: that it does not arrive matters to the peer.
fn passes_on_a_message(view: View, effected: &Effected) -> bool {
    let [first, .., _] = effected.chain[..] else { return false };
    view.index.called_directly(first).is_some_and(|body| view.index.gives_a_message(body))
}

/// Whether a loop asks a peer until it answers.
fn is_asked_again(view: View, node: NodeId) -> bool {
    let around = view.index.loops_around(view.site(node));
    around.first().is_some_and(|around| !around.over_items && view.index.is_retry(view.body, around.region))
}

/// Whether the same function writes later to where it read from: what could not be read is written over.
fn writes_back(view: View, node: NodeId, value: NodeId) -> bool {
    let Some(read) = place(view, value) else { return false };
    view.facts.iter().skip(node.index()).any(|(id, _)| {
        let site = view.site(id);
        let Some(path) = view.index.external(site) else { return false };
        let writes = view.index.callable(site).is_some_and(|callable| callable.effect == Some(Effect::File));
        writes && !view.index.catalogue().lists(Calls::Looks, path) && place(view, id) == Some(read)
    })
}

/// What a call of a file system function works on: its first argument, where that is a variable or a text.
fn place(view: View, call: NodeId) -> Option<Named> {
    let mut at = match view.op(call) {
        Op::Call { arguments, .. } => *arguments.first()?,
        Op::Await(of) | Op::Try(of) | Op::Method { receiver: of, .. } => return place(view, *of),
        _ => return None,
    };
    loop {
        match view.op(at) {
            Op::Reference { of, .. } => at = *of,
            Op::Local(local) => return Some(Named::Local(*local)),
            Op::Literal(Literal::Text(text)) => return Some(Named::Text(*text)),
            Op::Field { name, .. } => return Some(Named::Text(*name)),
            Op::Path(path) => return Some(Named::Text(path.last())),
            Op::Method { receiver, .. } => at = *receiver,
            _ => return None,
        }
    }
}

fn operation(view: View, effected: &Effected) -> String {
    let Some(first) = effected.chain.first() else { return String::new() };
    match &view.index.node(*first).op {
        Op::Method { name, .. } => name.to_string(),
        Op::Call { callee, .. } => match &view.index.body(first.body).node(*callee).op {
            Op::Path(path) => {
                let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
                names[names.len().saturating_sub(2)..].join("::")
            }
            _ => "call".into(),
        },
        Op::Macro(call) => format!("{}!", call.path.last()),
        _ => "operation".into(),
    }
}

/// A line of a log that could not be written has no log to go to.
fn is_logging(view: View, effected: &Effected) -> bool {
    effected.chain.last().is_some_and(|write| view.index.writes_a_log(*write))
}

/// Closing and flushing what is given up anyway.
fn shutting_down(effected: &Effected) -> bool {
    effected.effect == Effect::Finish && effected.chain.len() > 1
}

/// What is said to the other side, or run, while things are being ended.
fn lets_go(view: View, node: NodeId, effected: &Effected) -> bool {
    matches!(effected.effect, Effect::Network | Effect::Process)
        && view.index.is_teardown(view.site(node))
        && !ends_what_is_on_record(view)
}

/// Whether a function changes what a database has, and passes on that it could not: what it ends is a thing on record, and who is told of that belongs to it.
fn ends_what_is_on_record(view: View) -> bool {
    let changes = |node: NodeId| {
        let effected = view.index.effect(view.site(node));
        effected.is_some_and(|found| found.effect == Effect::Database && !found.looks)
    };
    view.index.passed_on(view.body).into_iter().any(changes)
}

/// `socket.send(Message::Close(..))`, `flock(&file, FlockOperation::Unlock)`: who goes away has nothing to lose. What is sent may have been made before.
fn says_goodbye(view: View, value: NodeId) -> bool {
    let ends = |name: Ustr| {
        let name = name.to_lowercase();
        matches!(name.as_str(), "close" | "goodbye" | "disconnect") || name.starts_with("unlock") || name == "lock_un"
    };
    let says = |range: Range| {
        view.facts.iter().any(|(_, n)| {
            let named = match &n.op {
                Op::Path(path) => ends(path.last()),
                Op::Struct { path, .. } => ends(path.last()),
                _ => false,
            };
            named && range.contains(n.range)
        })
    };
    let whole = view.range(value);
    let given = view.facts.iter().filter(|(_, n)| whole.contains(n.range)).filter_map(|(_, n)| match &n.op {
        Op::Local(local) => view.index.init_of(view.body, *local).map(|init| view.range(init)),
        _ => None,
    });
    says(whole) || given.into_iter().any(says)
}

/// The error of a deadline says that the time is over: a branch for it knows all there is. That of the operation is in the result within.
fn only_tells_the_time(view: View, value: NodeId) -> bool {
    matches!(view.op(value), Op::Await(of) if view.index.bounds_time(view.site(*of)))
}

/// A message about success right after.
fn success_after(view: View, node: NodeId) -> Option<Span> {
    let region = view.facts.region(view.facts.node(node).region);
    let at = region.nodes.iter().position(|n| *n == node)?;
    let decides = |op: &Op| {
        matches!(op, Op::Macro(_) | Op::Bind { .. } | Op::If { .. } | Op::Match { .. } | Op::Loop { .. } | Op::Try(_))
    };
    let next = region.nodes[at + 1..].iter().find(|n| decides(view.op(**n)))?;
    let Op::Macro(call) = view.op(*next) else { return None };
    let says = view.index.catalogue().lists(Calls::Mentions, call.path.last());
    (says && !announces(view, call)).then(|| view.span(*next))
}

/// Whether what follows leaves the function or the loop: who is given a last word is not heard of any more.
fn is_last_word(view: View, node: NodeId) -> bool {
    let mut at = node;
    loop {
        let region = view.facts.node(at).region;
        let mut later = view.facts.region(region).nodes.iter().skip_while(|other| **other != at).skip(1);
        match later.find(|other| view.info.parent(**other).is_none()) {
            Some(next) => return matches!(view.op(*next), Op::Return(_) | Op::Break(_)),
            None if view.facts.region(region).kind == RegionKind::Branch => {
                let Some(owner) = view.info.region_node(region) else { return false };
                at = owner;
            }
            None => return false,
        }
    }
}

/// `info!("loading the service")`: a message about what comes next.
fn announces(view: View, call: &MacroCall) -> bool {
    call.arguments.iter().any(|argument| match view.op(*argument) {
        Op::Literal(Literal::Text(text)) => text.split_whitespace().next().is_some_and(|word| word.ends_with("ing")),
        _ => false,
    })
}

/// `if let Err(error) = ..` around what is thrown away, with the logger the crate has.
fn fix(view: View, node: NodeId, value: NodeId, way: Way, operation: &str) -> Option<Fix> {
    if !matches!(way, Way::Underscore | Way::Ok) {
        return None;
    }
    let (statement, value) = (view.range(node), view.range(value));
    let krate = &view.index.crates()[view.index.crate_of(view.body).index()];
    let has = |name: &str| matches!(krate.externs.get(&ustr(name)), Some(Extern::Library(_)));
    let log = if has("tracing") {
        format!("tracing::warn!(?error, \"{operation} failed\")")
    } else if has("log") {
        format!("log::warn!(\"{operation} failed: {{error:?}}\")")
    } else {
        format!("eprintln!(\"{operation} failed: {{error:?}}\")")
    };
    let head = Range { start: statement.start, end: value.start }.in_file(view.body.file);
    let tail = Range { start: value.end, end: statement.end }.in_file(view.body.file);
    Some(Fix {
        title: "log the error".into(),
        applicability: Applicability::MaybeIncorrect,
        edits: vec![
            Edit { span: head, content: "if let Err(error) = ".into() },
            Edit { span: tail, content: format!(" {{ {log}; }}") },
        ],
    })
}

fn words(way: Way) -> &'static str {
    match way {
        Way::Underscore => "the result is bound to `_`, or to a name that nobody uses",
        Way::Dropped => "`drop` throws the result away, whatever it is",
        Way::Ok => "`.ok()` turns the error into nothing",
        Way::Answered => "an error is taken for an answer, and what is stored is changed for it",
        Way::IfLet => "only success is looked at",
        Way::Arm => "the error is thrown away here",
        Way::Default => "an error looks like an empty value from here on",
        Way::Tested => "only success has consequences",
        Way::Absent => "an error looks like something that is not there",
        Way::Instead(_) => "an error is replaced by this, and nothing tells",
        Way::Raced => "whoever wins the race, its result is not looked at",
        Way::LeftOut => "an error leaves out what it is about",
        Way::Otherwise => "an error ends this as if there were nothing to do",
        Way::Several => "the results of all are thrown away",
        Way::Denied => "an error is answered as if nothing were there",
        Way::Ended => "whether it could be run is looked at, and not whether it did what it was run for",
        Way::Timed => "this only tells whether the time ran out, not whether it failed",
    }
}
