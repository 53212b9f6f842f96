//! `detached-task`: a task or thread that never ends, which nobody holds and nothing can stop. Sees tasks whose handle is dropped where they are
//! spawned, or lies in a field that nothing looks at; what else a handle that is kept is used for is not asked.

use std::time::Duration;

use crate::catalogue::{Calls, Effect, Runs};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::programs::{Program, SignalSite};
use crate::index::tasks::shares::Shared;
use crate::index::tasks::{End, Handle, Task};

const ID: &str = "detached-task";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let tasks = index.tasks().iter().filter_map(|task| diagnose(index, task));
    tasks.chain(index.look(|view, node| goes_on(index, view.site(node)))).collect()
}

/// A failed send that leaves an inner loop only.
fn goes_on(index: &Index, jump: Site) -> Option<Diagnostic> {
    let found = index.sends_on_after(jump).filter(|_| !index.is_test(jump.body))?;
    let span = index.span(jump);
    if !index.may_serve(jump.body) || index.is_intended(span) {
        return None;
    }
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            "this loop goes on after its reader is gone",
            Label::new(span, "leaves the inner loop only"),
        )
        .about(index.item_path(jump.body), "reader")
        .evidence([
            Label::new(index.name_span(found.send), "fails once nobody reads any more, and then always"),
            Label::new(found.left, "this loop is left"),
            Label::new(found.goes_on, "this one goes on, and asks nothing of the reader"),
        ])
        .note("what runs for a reader that is gone works for nobody, and stays with all that it holds")
        .help("leave the outer loop as well: give it a label, or return"),
    )
}

fn diagnose(index: &Index, task: &Task) -> Option<Diagnostic> {
    let (body, span) = (task.spawn.body, index.name_span(task.spawn));
    if index.is_test(body) || index.is_intended(span) {
        return None;
    }
    if let Some(finding) = outlives_its_wait(index, task) {
        return Some(finding.report(index, task));
    }
    if let Some(finding) = loses_its_race(index, task) {
        return Some(finding.report(index, task));
    }
    if let Some(finding) = holds_up_the_end(index, task) {
        return Some(finding.report(index, task));
    }
    if task.handle == Handle::Kept {
        return kept_unseen(index, task).map(|finding| finding.report(index, task));
    }
    if task.handle != Handle::Dropped {
        return None;
    }
    // A server that nothing stops is a flaw of its own.
    if index.listens(task) || index.is_server(task) {
        return None;
    }
    let finding = match &task.end {
        // What fails with its connection or job ends with it.
        End::Never(_) => piles_up(index, task)
            .or_else(|| is_cut_off(index, task))
            .or_else(|| keeps_alive(index, task))
            .or_else(|| outlasts_its_end(index, task)),
        End::Fails(_) if spawned_again(index, task).is_none() => is_cut_off(index, task),
        End::WithReader(_) => polls_for_nobody(index, task),
        End::ByItself => sleeps_on(index, task),
        _ => return None,
    };
    finding.or_else(|| nothing_stops(index, task)).map(|finding| finding.report(index, task))
}

/// What is wrong with a task, in the words of a diagnostic.
struct Finding {
    confidence: Confidence,
    message: String,
    label: String,
    evidence: Vec<Label>,
    note: Option<String>,
    help: &'static str,
}

impl Finding {
    fn report(self, index: &Index, task: &Task) -> Diagnostic {
        let end = match &task.end {
            End::Never(label) | End::Fails(label) | End::WithReader(label) => Some(label.clone()),
            _ => None,
        };
        let label = Label::new(index.name_span(task.spawn), self.label);
        let diagnostic = Diagnostic::new(ID, self.confidence, self.message, label)
            .about(index.item_path(task.spawn.body), what(task))
            .evidence(end)
            .evidence(self.evidence)
            .help(self.help);
        match self.note {
            Some(note) => diagnostic.note(note),
            None => diagnostic,
        }
    }
}

fn what(task: &Task) -> &'static str {
    if task.runs == Runs::Task { "task" } else { "thread" }
}

/// The wait for it is bounded in time, and the task is not.
fn outlives_its_wait(index: &Index, task: &Task) -> Option<Finding> {
    if task.runs != Runs::Task || index.services_reaching(task.spawn.body).next().is_none() {
        return None;
    }
    let wait = index.outlived_wait(task)?;
    let at_an_end = index.is_teardown(wait) || index.runs_once(wait).is_some();
    (!at_an_end).then(|| Finding {
        confidence: Confidence::Likely,
        message: "this task runs on when the time for it is up".into(),
        label: "spawned here".into(),
        evidence: vec![Label::new(index.name_span(wait), "this drops its handle once the time is up, which ends nothing")],
        note: Some("whoever waited has given up by then, and the work goes on with all that it holds: with each slow call there are more of them".into()),
        help: "put the limit into the task, or wait for `&mut handle` and abort it where the time is up",
    })
}

/// It is one of the tasks of a request or connection, of which the first to end has the others forgotten, and it waits for what others send.
fn loses_its_race(index: &Index, task: &Task) -> Option<Finding> {
    let race = index.lost_race(task).filter(|_| task.runs == Runs::Task)?;
    let repeated = spawned_again(index, task)?;
    let known = repeated.repeats == Repeats::Request || index.services_reaching(task.spawn.body).next().is_some();
    let heard = index.hears_others(task).filter(|_| known)?;
    let often = repeated.repeats.words();
    Some(Finding {
        confidence: Confidence::Likely,
        message: "this task runs on where the other one ends first".into(),
        label: format!("spawned {often}"),
        evidence: [
            Label::new(index.name_span(race), "this drops its handle once another arm is done, which ends nothing"),
            Label::new(index.name_span(heard), "it goes on waiting here for what others send"),
        ]
        .into_iter()
        .chain(repeated.evidence)
        .collect(),
        note: Some(
            "what it works for is over by then, and it stays with all that it holds until it happens to notice".into(),
        ),
        help: "wait for `&mut handle`, and abort the tasks that are left",
    })
}

/// Its handle lies in a field by which nothing ends it, of values that are made again and again: dropping one of them ends no task.
fn kept_unseen(index: &Index, task: &Task) -> Option<Finding> {
    let handle = index.callable(task.spawn)?.constructs?;
    let (owner, field) = index.stored_in(task.spawn, handle)?;
    if !matches!(task.end, End::Never(_)) || !index.is_only_asked(owner, field) {
        return None;
    }
    let item = index.defs().type_def(owner);
    let kept = item.fields.iter().find(|known| known.name == field && !known.public)?.range;
    let label = format!("its handle lies in `{field}`, and nothing aborts it");
    let mut finding = piles_up(index, task)?;
    finding
        .evidence
        .insert(0, Label::new(kept.in_file(index.defs().types[owner.index()].file), "dropping this ends no task"));
    Some(Finding { label, ..finding })
}

/// One more for every request or turn, and none of them ends.
fn piles_up(index: &Index, task: &Task) -> Option<Finding> {
    index.services_reaching(task.spawn.body).next()?;
    let repeated = spawned_again(index, task)?;
    Some(Finding {
        confidence: Confidence::Certain,
        message: format!("a {} that never ends is spawned {}", what(task), repeated.repeats.words()),
        label: "spawned here, and its handle is dropped".into(),
        evidence: repeated.evidence,
        note: Some("each one stays, with all that it holds, until the process ends".into()),
        help: "let it end with what it is for: give it a token or channel that says so, or keep its handle and abort it",
    })
}

/// The runtime waits for it when the program stops in order, and it never ends.
fn holds_up_the_end(index: &Index, task: &Task) -> Option<Finding> {
    let listed = |list| index.external(task.spawn).is_some_and(|path| index.catalogue().lists(list, path));
    if !matches!(task.end, End::Never(_)) || !listed(Calls::HoldsRuntime) || index.listens(task) {
        return None;
    }
    let program = index.services_reaching(task.spawn.body).find(|program| index.drops_its_runtime(program))?;
    let signal = stops_in_order(index, program)?;
    Some(Finding {
        confidence: Confidence::Likely,
        message: "this thread never ends, and the program waits for it when it stops".into(),
        label: "spawned here, and it listens to nothing".into(),
        evidence: vec![signal],
        note: Some("where `main` returns, its runtime is dropped, and that waits for every blocking task that has begun: the process stays until it is killed".into()),
        help: "give it a token or channel that tells it to stop, or use a thread of its own, which ends with the process",
    })
}

/// The program stops in order, and the task works on: it changes something, or uses what is being shut down.
fn is_cut_off(index: &Index, task: &Task) -> Option<Finding> {
    let program = index.services_reaching(task.spawn.body).next()?;
    let signal = stops_in_order(index, program)?;
    let changed = half_done(index, task).map(|(site, effect)| {
        Label::new(index.name_span(site), format!("its work on the {} may be cut off here", effect.noun()))
    });
    let works_on = changed.or_else(|| uses_what_is_ended(index, task, program))?;
    Some(Finding {
        confidence: Confidence::Likely,
        message: format!("this {} is not told when the program stops", what(task)),
        label: "its handle is dropped, and it listens to nothing".into(),
        evidence: vec![works_on, signal],
        note: Some("the program stops in order, and this work is cut off wherever it stands".into()),
        help: "give it the token or channel that tells the others to stop, and wait for it before `main` returns",
    })
}

/// The first of the changes that a cut leaves half done: of a file or an object in a storage; of a database of which a peer was told, or the other way round;
/// of anything where what is written was taken out of memory before. Statements that a database carries out one by one are taken up where they were left.
fn half_done(index: &Index, task: &Task) -> Option<(Site, Effect)> {
    let changes = index.changes_of(task);
    let of = |effect: Effect| changes.iter().copied().find(|(_, changed)| *changed == effect);
    let told = of(Effect::Network).filter(|_| of(Effect::Database).is_some());
    let taken_out = || changes.first().copied().filter(|_| index.empties_what_it_keeps(task));
    of(Effect::File).or_else(|| of(Effect::Storage)).or(told).or_else(taken_out)
}

/// Where something that the task shares is ended at shutdown, while the task goes on with it.
fn uses_what_is_ended(index: &Index, task: &Task, program: &Program) -> Option<Label> {
    let shared = index.shared_with(task);
    let calls = shared.iter().flat_map(|shared| index.calls_on_shared(task, shared));
    // What another task does to it at the end may be all there is to do.
    let mut own = calls.filter(|call| !index.runs_apart(*call));
    let ended = own.find(|call| index.is_an_end(*call) && index.runs_at_shutdown(program, *call))?;
    Some(Label::new(index.name_span(ended), "what it works with is shut down here, and it works on"))
}

/// The caller gets what the task holds, and cannot let go of it.
fn keeps_alive(index: &Index, task: &Task) -> Option<Finding> {
    let body = task.spawn.body;
    // What a command starts ends with it, and what a service makes is mostly held for as long as it runs: there it is the one made again and again that counts.
    let known = index.programs().iter().any(|program| program.reach.contains(&body));
    if known {
        return None;
    }
    let (shared, returned) = returned_share(index, task)?;
    let name = index.body(body).local(shared.origin).name;
    let (given, lost) = match index.cloned_out_of(body, shared.origin) {
        Some(_) => (
            "the caller gets what it was cloned out of",
            "whoever drops what this function gave does not end the task: it works on with its part, and each call leaves one more behind",
        ),
        None => (
            "the caller gets the same value",
            "whoever drops what this function gave frees nothing: its destructor never runs, and each call leaves one more behind",
        ),
    };
    Some(Finding {
        confidence: Confidence::Likely,
        message: format!("this {} never ends and keeps `{name}` alive for ever", what(task)),
        label: "its handle is dropped, and it listens to nothing".into(),
        evidence: vec![
            Label::new(index.span(shared.given), format!("it holds `{name}`")),
            Label::new(index.span(returned), given),
        ],
        note: Some(lost.into()),
        help: "hold a `Weak` in the task and end when it is gone, or keep the handle and abort it in `Drop`",
    })
}

/// A value that the task holds and that the function returns.
fn returned_share(index: &Index, task: &Task) -> Option<(Shared, Site)> {
    let body = task.spawn.body;
    let returned: Vec<Site> = index.returned_values(body).into_iter().map(|node| Site { body, node }).collect();
    index.shared_with(task).into_iter().find_map(|shared| {
        let value = returned.iter().find(|value| index.contains_shared(**value, &shared))?;
        Some((shared, *value))
    })
}

/// What it works with has a method that ends it, which does not end the task.
fn outlasts_its_end(index: &Index, task: &Task) -> Option<Finding> {
    if !index.may_serve(task.spawn.body) {
        return None;
    }
    let outlasted = index.outlasted_end(task)?;
    let owner = index.defs().type_def(outlasted.owner).name;
    Some(Finding {
        confidence: Confidence::Likely,
        message: format!("this {} is not told when its `{owner}` is ended", what(task)),
        label: "its handle is dropped, and it listens to nothing".into(),
        evidence: vec![
            Label::new(index.span(outlasted.given), format!("it works on a part of the `{owner}`")),
            Label::new(
                index.fn_span(outlasted.end),
                format!("this ends the `{owner}`, and the {} works on", what(task)),
            ),
        ],
        note: Some(
            "it keeps that part in use until the process ends, and where the value is started again there is one more"
                .into(),
        ),
        help: "keep its handle and abort it where the value is ended, or give it a token that is cancelled there",
    })
}

/// It looks for news for a reader that may be long gone.
fn polls_for_nobody(index: &Index, task: &Task) -> Option<Finding> {
    index.services_reaching(task.spawn.body).next()?;
    let repeated = spawned_again(index, task)?;
    let often = repeated.repeats.words();
    Some(Finding {
        confidence: Confidence::Likely,
        message: format!("this {} polls on after its reader is gone", what(task)),
        label: format!("spawned {often}, and its handle is dropped"),
        evidence: repeated.evidence,
        note: Some("while there is nothing to send it learns neither that nobody reads any more nor that the program stops, and keeps all that it holds".into()),
        help: "wait for `closed()` of the sender, and for what tells the program to stop, beside the pause",
    })
}

/// A watchdog that nobody calls off.
fn sleeps_on(index: &Index, task: &Task) -> Option<Finding> {
    index.services_reaching(task.spawn.body).next()?;
    let watchdog = index.watchdog(task)?;
    let short = index.duration_argument(watchdog.sleep).is_some_and(|time| time < Duration::from_secs(1));
    if short || index.runs_once(task.spawn).is_some() {
        return None;
    }
    Some(Finding {
        confidence: Confidence::Likely,
        message: "this thread sleeps on after what it watches is done".into(),
        label: "its handle is dropped, and nothing can wake it".into(),
        evidence: vec![
            Label::new(index.name_span(watchdog.sleep), "it sleeps for all of its time"),
            Label::new(index.span(watchdog.acts), "then it acts on this"),
            Label::new(index.span(watchdog.watched), "which is used here in the meantime"),
        ],
        note: Some(
            "each call leaves a sleeping thread behind, and when it wakes it acts on what others use by then".into(),
        ),
        help: "let it wait for a channel or park it, both with the time as a limit, and wake it when the work is done",
    })
}

fn nothing_stops(index: &Index, task: &Task) -> Option<Finding> {
    index.services_reaching(task.spawn.body).next()?;
    matches!(task.end, End::Never(_) | End::Fails(_)).then(|| Finding {
        confidence: Confidence::Hint,
        message: format!("nothing can stop this {}", what(task)),
        label: "its handle is dropped, and it listens to nothing".into(),
        evidence: Vec::new(),
        note: None,
        help: "keep its handle, or give it a token or channel that tells it to stop",
    })
}

/// The proof that it is spawned for every request, or in every turn of a loop that waits for work: what a `for` sets up is bounded.
fn spawned_again(index: &Index, task: &Task) -> Option<Repeated> {
    let repeated = index.repeated_if(task.spawn, &|body, region| index.is_work_loop(body, region))?;
    let latched = || repeated.way.iter().chain([&task.spawn]).any(|at| index.is_latched(*at));
    (repeated.repeats != Repeats::Worker && !latched()).then_some(repeated)
}

/// Where a program learns that it has to stop, if it does.
fn stops_in_order(index: &Index, program: &Program) -> Option<Label> {
    let stops = |name: &str| matches!(name, "interrupt" | "terminate");
    let told =
        |at: &&SignalSite| at.reached && at.names.iter().any(|name| stops(name)) && !index.only_waits_for_end(at.site);
    let signal = program.signals.iter().filter(told).find(|at| !index.exits_after(at.site))?;
    Some(Label::new(index.name_span(signal.site), "here the program learns that it has to stop"))
}
