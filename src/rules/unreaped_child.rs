//! `unreaped-child`: a long-running program spawns a process and never waits for it, so that each one stays behind as a zombie.

use crate::catalogue::{Calls, TypeEntry};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{Literal, NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::flow::Fate;
use crate::index::flow::ways::Exit;
use crate::index::resources::kept::HalfEnded;
use crate::index::resources::obligations::{Abandoned, How, Obligation};
use crate::index::resources::{Construction, words};

const ID: &str = "unreaped-child";

/// Behind so many calls it is no longer the wait for a child that is given up, but all that leads there.
const FAR: usize = 4;

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let wanted = |kind: Option<ustr::Ustr>| kind.is_some_and(|kind| kind == "child-process");
    let abandoned = index.abandoned(|entry| wanted(entry.kind));
    let mut found: Vec<Diagnostic> = abandoned.filter_map(|abandoned| diagnose(index, abandoned)).collect();
    found.extend(killed(index));
    found.extend(killed_later(index));
    found.extend(given_up(index));
    found.extend(left_running(index));
    found.extend(left_half_way(index));
    found.sort_by_key(|diagnostic| (diagnostic.primary.span.file, diagnostic.primary.span.start));
    found
}

fn diagnose(index: &Index, abandoned: &Abandoned) -> Option<Diagnostic> {
    let site = abandoned.made.site;
    let (message, left) = match &abandoned.how {
        How::Lent(_) => return None,
        How::AtOnce | How::Forgotten(_) => ("the child process is never waited for", None),
        How::Missed(_, ways) => {
            let spawn = abandoned.made.site;
            let never =
                |node: Option<NodeId>| node.is_some_and(|node| asks_for_its_pipe(index, spawn, Site { node, ..spawn }));
            let left = ways.iter().find(|way| matches!(way.0, Exit::Error | Exit::Return) && !never(way.1))?;
            ("the child process is not waited for on every way out", left.1)
        }
    };
    let left =
        left.map(|node| Label::new(index.span(Site { node, ..site }), "left here while the child may still run"));
    report(index, abandoned.made.site, abandoned.made.resource, message, left.into_iter().collect())
}

/// Processes that are told to end and then dropped: that does not reap them.
fn killed(index: &Index) -> Vec<Diagnostic> {
    let made = index.constructions(|entry| entry.when_abandoned.is_some() && can_only_kill(index, entry));
    let made = made.filter(|made| !index.is_test(made.site.body));
    made.filter_map(|made| {
        let obligation = index.obligation(made.site, made.resource)?;
        let kills = only_killed(index, &obligation)?;
        let labels =
            kills.into_iter().map(|kill| Label::new(index.name_span(kill), "told to end here, and not waited for"));
        let kind = index.resource(made.resource)?.kind?;
        let message = format!("the {} is told to end but never waited for", words(&kind));
        report(index, made.site, made.resource, &message, labels.collect())
    })
    .collect()
}

/// Processes that are kept together, taken out to be told to end, and that nothing waits for.
fn killed_later(index: &Index) -> Vec<Diagnostic> {
    let kills = |path| index.catalogue().lists(Calls::Kills, path);
    index.half_ended(&kills).iter().filter_map(|half| killed_out_of(index, half)).collect()
}

fn killed_out_of(index: &Index, half: &HalfEnded) -> Option<Diagnostic> {
    let krate = index.crate_of(half.end.body);
    let mut made = index.constructions(|entry| entry.path == half.resource).map(|made| made.site.body);
    let service =
        made.find_map(|body| index.services_reaching(body).next().filter(|_| index.crate_of(body) == krate))?;
    if index.is_intended(index.span(half.end)) || index.is_over_by(half.end) {
        return None;
    }
    let reason = index.resource(half.resource)?.when_abandoned.clone()?;
    let name = index.keeper_words(half.keeper);
    let label = Label::new(index.name_span(half.end), "told to end here, and not waited for");
    Some(
        Diagnostic::new(ID, Confidence::Likely, format!("the child processes in `{name}` are never waited for"), label)
            .about(index.item_path(half.end.body), &name)
            .evidence([Label::new(index.keeper_span(half.keeper), "they are kept here")])
            .evidence(service.verdict.why.clone())
            .note(format!("where one is dropped without `wait`, {reason}"))
            .help("call `wait` after `kill`, and look with `try_wait` for those that end by themselves"),
    )
}

/// Whether one of the calls that end a resource leaves its process behind.
fn can_only_kill(index: &Index, entry: &TypeEntry) -> bool {
    entry.close_names().any(|name| {
        let path = ustr::ustr(&format!("{}::{name}", entry.path));
        index.catalogue().lists(Calls::Kills, path)
    })
}

/// Children that a wait owns which something gives up after a time: dropped, they run on.
fn given_up(index: &Index) -> Vec<Diagnostic> {
    index.look(|view, node| runs_on(index, view.site(node)))
}

fn runs_on(index: &Index, wait: Site) -> Option<Diagnostic> {
    let waits = index.external(wait).filter(|path| index.catalogue().lists(Calls::OwnsChild, *path))?;
    if index.is_test(wait.body) || index.is_intended(index.span(wait)) || detaches(index, wait) {
        return None;
    }
    let service = index.services_reaching(wait.body).next()?;
    let (bound, way) = index.given_up_after(wait).filter(|(bound, _)| !index.is_lent_to(*bound))?;
    if may_be_killed_on_drop(index, wait) {
        return None;
    }
    let settings = index.settings(wait);
    let ends_soon = settings.makers.iter().any(|made| ends_soon(index, *made)) || ends_another(index, wait);
    if ends_soon || runs_what_it_is_told(index, wait) {
        return None;
    }
    // Many things are given up so far outwards, and not just when this one hangs.
    let confidence = if way.len() > FAR { Confidence::Hint } else { Confidence::Certain };
    let built = settings.makers.iter().map(|made| Label::new(index.name_span(*made), "the command is made here"));
    let label = Label::new(index.name_span(wait), "where this is given up, the child runs on");
    Some(
        Diagnostic::new(ID, confidence, "the child process outlives the wait for it", label)
            .about(index.item_path(wait.body), waits.as_str())
            .evidence([Label::new(index.name_span(bound), "this gives up the wait")])
            .evidence(built)
            .evidence(service.verdict.why.clone())
            .note("the child is no part of the future: what hangs goes on hanging, with its files and connections, and nobody waits for it")
            .help("set `kill_on_drop(true)` on the command, or keep the child outside and kill it where the wait is given up"),
    )
}

fn ends_soon(index: &Index, made: Site) -> bool {
    index.is_command_for(made, Calls::BriefPrograms)
}

/// Whether a command is given the word to end something else, as in `tmux kill-session`: it is the clean-up itself.
fn ends_another(index: &Index, wait: Site) -> bool {
    let facts = index.body(wait.body);
    let (mut at, mut given) = (wait.node, Vec::new());
    while let Op::Method { receiver, arguments, .. } = &facts.node(at).op {
        given.extend(arguments.iter().copied());
        at = *receiver;
    }
    while let Some(node) = given.pop() {
        if matches!(&facts.node(node).op, Op::Literal(Literal::Text(text)) if text.split('-').next() == Some("kill")) {
            return true;
        }
        given.extend(facts.node(node).op.operands());
    }
    false
}

/// Whether a shell runs what the caller of the function gives: how long that takes is not known here.
fn runs_what_it_is_told(index: &Index, wait: Site) -> bool {
    let facts = index.body(wait.body);
    let (mut at, mut told) = (wait.node, false);
    loop {
        at = match &facts.node(at).op {
            Op::Method { receiver, arguments, .. } => {
                told |= arguments.iter().any(|argument| match facts.node(*argument).op {
                    Op::Local(local) => index.parameter_of(wait.body, local).is_some(),
                    _ => false,
                });
                *receiver
            }
            Op::Call { .. } => {
                return told && index.is_command_for(Site { node: at, ..wait }, Calls::Shells);
            }
            _ => return false,
        };
    }
}

/// Children of an async runtime, which reaps them, that are left where something took too long: what hangs is not ended by that.
fn left_running(index: &Index) -> Vec<Diagnostic> {
    let reaped =
        |entry: &TypeEntry| entry.when_abandoned.is_none() && entry.kind.is_some_and(|kind| kind == "child-process");
    let made = index.constructions(reaped).filter(|made| !index.is_test(made.site.body));
    made.filter_map(|made| left_hanging(index, made.site, made.resource)).collect()
}

fn left_hanging(index: &Index, spawn: Site, resource: ustr::Ustr) -> Option<Diagnostic> {
    let service = index.services_reaching(spawn.body).next()?;
    let obligation = index.obligation(spawn, resource).filter(|obligation| !obligation.ended.is_empty())?;
    let left = obligation.missed().into_iter().find_map(|(_, node)| {
        let left = Site { node: node?, ..spawn };
        Some((left, index.gave_up_before(left)?))
    });
    let (left, bound) = left?;
    let intended = index.is_intended(index.span(spawn)) || detaches(index, spawn);
    if intended || may_be_killed_on_drop(index, spawn) {
        return None;
    }
    let label = Label::new(index.name_span(spawn), "spawned here");
    Some(
        Diagnostic::new(ID, Confidence::Likely, "the child process runs on after it took too long", label)
            .about(index.item_path(spawn.body), resource.as_str())
            .evidence([
                Label::new(index.name_span(bound), "this gives up"),
                Label::new(index.span(left), "left here while the child still runs"),
            ])
            .evidence(service.verdict.why.clone())
            .note("dropping it neither ends it nor waits for it: what hangs goes on hanging, with its files and connections")
            .help("set `kill_on_drop(true)` on the command, or kill the child before this way out"),
    )
}

/// Children that are kept where all goes well, and left running where an error comes before somebody owns them.
fn left_half_way(index: &Index) -> Vec<Diagnostic> {
    let made = index.constructions(|entry| entry.kind.is_some_and(|kind| kind == "child-process"));
    let made = made.filter(|made| !index.is_test(made.site.body));
    made.filter_map(|made| left_unowned(index, made)).collect()
}

fn left_unowned(index: &Index, made: &Construction) -> Option<Diagnostic> {
    let spawn = made.site;
    let service = index.services_reaching(spawn.body).next()?;
    let obligation = index.bare_obligation(made).filter(|_| matches!(made.fate, Fate::Returned | Fate::Kept))?;
    let at = |node: NodeId| Site { node, ..spawn };
    let errors = obligation.missed().into_iter().filter(|(exit, _)| *exit == Exit::Error).filter_map(|(_, node)| node);
    let left = errors.map(at).find(|left| !is_of_the_child(index, &obligation, *left))?;
    let begun = made.through.last().copied().unwrap_or(spawn);
    let ends_soon = index.settings(begun).makers.iter().any(|made| ends_soon(index, *made));
    let intended = index.is_intended(index.span(spawn)) || detaches(index, spawn);
    if intended || ends_soon || may_be_killed_on_drop(index, begun) {
        return None;
    }
    let owner = obligation.handed_on.last().map(|node| Label::new(index.span(at(*node)), "it gets an owner here"));
    let label = Label::new(index.name_span(spawn), "spawned here");
    Some(
        Diagnostic::new(ID, Confidence::Likely, "the child process runs on where its start fails half way", label)
            .about(index.item_path(spawn.body), made.resource.as_str())
            .evidence([Label::new(index.span(left), "left here while the child runs")])
            .evidence(owner)
            .evidence(service.verdict.why.clone())
            .note("dropping it does not end it: nobody knows of it any more, and the next attempt starts another one")
            .help("have an owner that kills the child when it is dropped before anything can fail, or kill it on this way out"),
    )
}

/// Whether an error is that the child has ended, or that what it was surely given is not there: `child.stdout.take().ok_or(NoOutput)?`.
fn is_of_the_child(index: &Index, obligation: &Obligation, left: Site) -> bool {
    let facts = index.body(left.body);
    let Op::Try(mut at) = facts.node(left.node).op else { return false };
    loop {
        at = match &facts.node(at).op {
            Op::Method { receiver, .. } => *receiver,
            Op::Await(of) | Op::Field { base: of, .. } | Op::Reference { of, .. } => *of,
            Op::Local(local) => return obligation.locals.contains(local),
            _ => return false,
        };
    }
}

/// Whether an error is that a child has no end of a pipe that its command gives it: `child.stdout.take().ok_or(..)?`.
fn asks_for_its_pipe(index: &Index, spawn: Site, left: Site) -> bool {
    let facts = index.body(left.body);
    let Op::Try(mut at) = facts.node(left.node).op else { return false };
    loop {
        at = match &facts.node(at).op {
            Op::Method { receiver, .. } => *receiver,
            Op::Field { name, .. } => {
                let settings = index.settings(spawn);
                return settings.set.iter().any(|path| path.rsplit("::").next() == Some(name.as_str()));
            }
            _ => return false,
        };
    }
}

/// Whether the command of a child has it killed when it is dropped, as far as that is known.
fn may_be_killed_on_drop(index: &Index, call: Site) -> bool {
    let settings = index.settings(call);
    settings.open || settings.set.iter().any(|path| index.catalogue().lists(Calls::KillsOnDrop, *path))
}

/// The calls that end a process, where all of them only kill it.
fn only_killed(index: &Index, obligation: &Obligation) -> Option<Vec<Site>> {
    let ended: Vec<Site> = obligation.ended.iter().map(|node| Site { node: *node, ..obligation.bound }).collect();
    let kills = |site: &Site| index.external(*site).is_some_and(|path| index.catalogue().lists(Calls::Kills, path));
    (obligation.handed_on.is_empty() && !ended.is_empty() && ended.iter().all(kills)).then_some(ended)
}

fn report(index: &Index, site: Site, resource: ustr::Ustr, message: &str, left: Vec<Label>) -> Option<Diagnostic> {
    let service = index.services_reaching(site.body).next()?;
    if detaches(index, site) {
        return None;
    }
    // One child more or less is nothing; one for every turn fills the table.
    let repeated = index.repeated(site).filter(|repeated| match repeated.in_loop {
        // A loop over candidates stops at the first that does.
        Some((body, region)) => index.is_work_loop(body, region),
        None => true,
    });
    let confidence = match repeated {
        Some(_) => Confidence::Certain,
        // Whoever drops the value takes it to be gone.
        None if index.function_of(site.body).is_some_and(|function| index.is_destructor(function)) => {
            Confidence::Likely
        }
        None => Confidence::Hint,
    };
    let again = repeated.into_iter().flat_map(|repeated| repeated.evidence);
    let diagnostic = Diagnostic::new(ID, confidence, message, Label::new(index.name_span(site), "spawned here"))
        .about(index.item_path(site.body), resource.as_str())
        .evidence(left.into_iter().chain(again).chain(service.verdict.why.clone()))
        .note(format!("where it is dropped without `wait`, {}", index.resource(resource)?.when_abandoned.clone()?))
        .help(
            "call `wait` on every way out, also after `kill`, or hand the child to a task or thread that waits for it",
        );
    Some(diagnostic)
}

/// Whether the function that spawns it lets the child live on by itself.
fn detaches(index: &Index, site: Site) -> bool {
    let called = index.info(site.body).callees.keys().map(|node| Site { node: *node, ..site });
    called.filter_map(|call| index.external(call)).any(|path| index.catalogue().lists(Calls::Daemonizes, path))
}
