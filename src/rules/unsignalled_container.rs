//! `unsignalled-container`: what stops a container or unit does not reach the program, is not what the program listens to, or leaves it less time than it
//! takes for itself.

use std::time::Duration;

use crate::deploy::model::{Form, Kind, Signals, Term, Then};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::index::Index;
use crate::index::programs::Program;
use crate::index::programs::deployments::{Between, Deployment, Standing};
use crate::source::Span;

const ID: &str = "unsignalled-container";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let is_stopped = |deployment: &Deployment| deployment.process.term != Term::Awaited;
    for deployment in index.deployments().into_iter().filter(is_stopped) {
        let flaws = [shelled(index, &deployment), unheard(index, &deployment), hurried(index, &deployment)];
        for flaw in flaws.into_iter().flatten() {
            // Stages and services inherit from each other: what is said once is one flaw.
            if !found.iter().any(|known| known.primary.span == flaw.primary.span) {
                found.push(flaw);
            }
        }
    }
    found
}

fn name(deployment: &Deployment) -> String {
    let path = &deployment.words[0].text;
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Where the program waits for SIGTERM, if it does.
fn listener(index: &Index, program: &Program) -> Option<Label> {
    let at = program.signals.iter().find(|at| at.reached && at.names.iter().any(|name| name == "terminate"))?;
    Some(Label::new(index.span(at.site), "the program listens to SIGTERM here"))
}

/// A shell stands between the runtime and the program.
fn shelled(index: &Index, deployment: &Deployment) -> Option<Diagnostic> {
    let Between::Shell(standing) = &deployment.between else { return None };
    let name = name(deployment);
    let (label, note) = if standing.stays { stays(standing) } else { (OPEN, OPEN_NOTE) };
    let confidence = match standing.stays {
        // Alone in front it would not hear the signal either, and has nothing to end.
        _ if !index.has_something_to_end(deployment.program) => Confidence::Hint,
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let script = standing.script.map(|span| Label::new(span, "which the container is started with"));
    Some(
        Diagnostic::new(
            ID,
            confidence,
            format!("`{name}` is started by a shell that does not pass SIGTERM on"),
            Label::new(deployment.span, label),
        )
        .about(item(deployment), "shell")
        .evidence(script.into_iter().chain(listener(index, deployment.program)))
        .note(note)
        .help(remedy(deployment, standing))
        .fix(standing.exec.filter(|_| !has_company(standing)).map(exec)),
    )
}

const OPEN: &str = "without `exec` the shell stays in front of it";
const OPEN_NOTE: &str = "a container is stopped by SIGTERM to its first process, which here is the shell: `dash`, the `sh` of Debian and Ubuntu, waits for the \
                         program and passes nothing on, so that both are killed when the grace period is over";

const STAYS_NOTE: &str = "a container is stopped by SIGTERM to its first process, which here is the shell: it waits and passes nothing on, so that the program \
                          is killed without notice when the grace period is over";

fn stays(standing: &Standing) -> (&'static str, &'static str) {
    let label = match standing.then {
        Then::Pipe => "the shell waits for this pipeline",
        Then::Background => "the shell goes on without it",
        Then::Next if standing.script.is_none() => "the shell waits for it, to run what follows",
        _ => "without `exec` the script stays in front of it",
    };
    (label, STAYS_NOTE)
}

/// What runs beside the program, or after it, needs the shell.
fn has_company(standing: &Standing) -> bool {
    matches!(standing.then, Then::Pipe | Then::Background) || standing.then == Then::Next && standing.script.is_none()
}

fn remedy(deployment: &Deployment, standing: &Standing) -> String {
    if has_company(standing) {
        return "make the program the first process by `exec`, or run the container with an init that signals the whole group".to_owned();
    }
    let given = deployment.process.command.as_ref().or(deployment.process.entrypoint.as_ref());
    let is_text = given.is_some_and(|command| matches!(command.form, Form::Shell { .. }));
    if standing.script.is_none() && deployment.described.kind == Kind::Dockerfile && is_text {
        let words: Vec<String> = deployment.words.iter().map(|word| format!("{:?}", word.text)).collect();
        let expands = deployment.words.iter().any(|word| word.text.contains(['$', '*', '`']));
        if !expands && deployment.settings.is_empty() {
            return format!("give the command as a list: `[{}]`", words.join(", "));
        }
    }
    "put `exec` in front of it, so that it takes the shell's place".to_owned()
}

fn exec(at: Span) -> Fix {
    Fix {
        title: "let it take the shell's place".into(),
        applicability: Applicability::MaybeIncorrect,
        edits: vec![Edit { span: Span { end: at.start, ..at }, content: "exec ".into() }],
    }
}

/// The signal it is stopped with is none that the program listens to.
fn unheard(index: &Index, deployment: &Deployment) -> Option<Diagnostic> {
    let (given, signal) = deployment.stop_signal()?;
    let program = deployment.program;
    let listens = |at: &&crate::index::programs::SignalSite| at.reached && !at.names.is_empty();
    let other = program.signals.iter().find(listens)?;
    if program.listens_to(signal) {
        return None;
    }
    let name = name(deployment);
    let written = given.text.trim_start_matches("SIG");
    let words = if signal == "kill" {
        format!("`{name}` is stopped with SIGKILL, which no program can handle")
    } else {
        format!("`{name}` is stopped with a signal that it does not listen to")
    };
    Some(
        Diagnostic::new(ID, Confidence::Certain, words, Label::new(given.span, "the program does not handle it"))
            .about(item(deployment), format!("signal {written}"))
            .evidence([Label::new(index.span(other.site), "what it listens to")])
            .note("what the program does when it is told to stop never runs")
            .help("name the signal that the program handles, or leave the line out: the default is SIGTERM"),
    )
}

/// The program allows itself more time to stop than it is given.
fn hurried(index: &Index, deployment: &Deployment) -> Option<Diagnostic> {
    let default = match deployment.described.kind {
        Kind::Compose => Duration::from_secs(10),
        Kind::Unit => Duration::from_secs(90),
        _ => return None,
    };
    let (deadline, site) = index.shutdown_deadline(deployment.program)?;
    let (grace, place) = deployment.process.grace.unwrap_or((default, deployment.process.span));
    if deadline <= grace {
        return None;
    }
    let name = name(deployment);
    let own = deployment.process.grace.is_some();
    let label = if own { "killed after this time" } else { "no time is given, so it is killed after the default" };
    let key = if deployment.process.signals == Signals::First && deployment.described.kind == Kind::Compose {
        "stop_grace_period"
    } else {
        "TimeoutStopSec"
    };
    Some(
        Diagnostic::new(
            ID,
            if own { Confidence::Certain } else { Confidence::Likely },
            format!("`{name}` may take {}s to stop and is killed after {}s", seconds(deadline), seconds(grace)),
            Label::new(place, label),
        )
        .about(item(deployment), "grace period")
        .evidence([Label::new(index.span(site), format!("the program allows {}s here", seconds(deadline)))])
        .note("what is still going on after the shorter of the two times is cut off, without a word in the log")
        .help(format!("set `{key}` to more than {}s, or shorten the program's own deadline", seconds(deadline))),
    )
}

fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds.fract() == 0.0 { format!("{}", duration.as_secs()) } else { format!("{seconds:.1}") }
}

/// The stable part of the fingerprint: which process of which language.
fn item(deployment: &Deployment) -> String {
    let language = match deployment.described.kind {
        Kind::Dockerfile => "image",
        Kind::Compose => "service",
        Kind::Procfile => "process",
        Kind::Unit => "unit",
        Kind::Script => "script",
    };
    format!("{language} {}", deployment.process.name).trim_end().to_owned()
}
