//! `missing-sigterm`: a service, or a program that a container or process file starts, waits for Ctrl-C and for nothing else; what a container runtime or
//! service manager sends ends it at once.

use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::facts::model::Owner;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::programs::kinds::Kind;
use crate::index::programs::{Program, SignalSite};
use crate::source::Span;

const ID: &str = "missing-sigterm";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    index
        .programs()
        .iter()
        .filter(|program| program.is_service() || is_sent_sigterm(index, program))
        .filter_map(|program| diagnose(index, program))
        .collect()
}

/// Whether whoever starts a program that is not known to run on stops it with SIGTERM all the same.
fn is_sent_sigterm(index: &Index, program: &Program) -> bool {
    program.verdict.kind == Kind::OneShot && !index.starts_of(program).is_empty()
}

fn diagnose(index: &Index, program: &Program) -> Option<Diagnostic> {
    if index.is_stopped_with(program, "interrupt") {
        return None;
    }
    let does_more =
        |at: &&SignalSite| waits_for_interrupt(at) && !is_of_windows(index, at.site) && !index.only_leaves(at.site);
    let mut waits: Vec<&SignalSite> = program.signals.iter().filter(does_more).collect();
    let of_another = |heard: &SignalSite| !waits.is_empty() && waits.iter().all(|at| is_of_another(index, heard, at));
    let own = |at: &&SignalSite| hears_of_sigterm(at) && !of_another(at);
    let heard: Vec<&SignalSite> = program.signals.iter().filter(own).collect();
    waits.retain(|at| heard.iter().all(|heard| index.parted(program, at.site, heard.site).is_some()));
    // Where another command of the program hears of SIGTERM, one that only waits may be there for somebody at the keyboard.
    let serves = |at: &SignalSite| heard.iter().all(|heard| serves_itself(index, program, at, heard));
    waits.sort_by_cached_key(|at| !serves(at));
    // A server that handles SIGTERM ends the program on it all the same: then it is what hangs on Ctrl-C alone that is missing.
    let served = program.signals.iter().any(|at| at.by_server && at.tells_of("terminate"));
    let hook = |at: &SignalSite| index.done_only_behind(program, at.site);
    let at = waits.iter().find(|at| !served || hook(at).is_some())?;
    let skipped = hook(at).filter(|_| served);
    let site = index.call_of(at.site);
    let span = index.span(site);
    let others = waits.iter().filter(|other| other.site != at.site);
    let others = others.map(|other| index.span(index.call_of(other.site))).filter(|other| *other != span);
    let mut others: Vec<Span> = others.collect();
    // A call and the path that names it are one place.
    others.dedup();
    let others = others.into_iter().map(|other| Label::new(other, "and here"));
    let started = index.starts_of(program).into_iter().next().filter(|_| !program.is_service());
    let confidence = match (index.is_by_the_side(program), served) {
        (true, _) => Confidence::Hint,
        _ if !serves(at) => Confidence::Hint,
        // Then only destructors are missed.
        _ if index.only_waits_for_end(at.site) => Confidence::Hint,
        (false, true) => Confidence::Likely,
        (false, false) if started.is_some() || !heard.is_empty() => Confidence::Likely,
        (false, false) => Confidence::Certain,
    };
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        "the program handles Ctrl-C but not SIGTERM",
        Label::new(span, "only Ctrl-C is waited for"),
    )
    .about(index.item_path(site.body), "signals")
    .evidence(skipped.map(|call| Label::new(index.name_span(call), "SIGTERM ends the server, and this does not run")))
    .evidence(heard.first().map(|heard| Label::new(index.span(heard.site), "another command waits for SIGTERM")))
    .evidence(others.chain(program.verdict.why.clone()))
    .evidence(started.map(|start| Label::new(start.span, "started here, and stopped with SIGTERM")))
    .note("container runtimes and service managers stop a program with SIGTERM: without a handler it ends at once, and what follows the wait never runs")
    .help("wait for SIGTERM as well, with `tokio::signal::unix::signal(SignalKind::terminate())` or what the signal library offers")
    .fix(fix(index, site));
    Some(diagnostic)
}

/// Whether code of the program asks for SIGTERM, and no server by itself.
fn hears_of_sigterm(at: &SignalSite) -> bool {
    !at.by_server && at.tells_of("terminate")
}

/// Whether this program does not lead to where a signal is asked for, and others of the workspace do, none of which comes to a wait of this one.
fn is_of_another(index: &Index, heard: &SignalSite, wait: &SignalSite) -> bool {
    let mut others = index.programs().iter().filter(|other| other.reach.contains(&heard.site.body)).peekable();
    !heard.reached && others.peek().is_some() && others.all(|other| !other.reach.contains(&wait.site.body))
}

/// Whether the command of a wait, which is not the one that hears of SIGTERM, serves or takes connections.
fn serves_itself(index: &Index, program: &Program, at: &SignalSite, heard: &SignalSite) -> bool {
    let command = index.parted(program, at.site, heard.site);
    command.is_some_and(|command| index.serves_in(command))
}

fn waits_for_interrupt(at: &SignalSite) -> bool {
    at.reached && !at.by_server && at.names.iter().any(|name| name == "interrupt")
}

/// Whether a wait is for what Windows has in the place of signals, which knows no SIGTERM.
fn is_of_windows(index: &Index, wait: Site) -> bool {
    index.external(index.call_of(wait)).is_some_and(|path| path.contains("::windows::"))
}

const HELPER: &str = "

/// Completes when the program is told to stop: by Ctrl-C or by SIGTERM.
async fn told_to_stop() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}";

/// Where the wait is tokio's, a function that waits for both takes its place.
fn fix(index: &Index, site: Site) -> Option<Fix> {
    if index.external(site)? != "tokio::signal::ctrl_c" {
        return None;
    }
    let function = index.defs().function(index.function_of(site.body)?);
    if function.owner != Owner::Free {
        return None;
    }
    let end = Span { file: site.body.file, start: function.range.end, end: function.range.end };
    Some(Fix {
        title: "wait for SIGTERM as well".into(),
        applicability: Applicability::MaybeIncorrect,
        edits: vec![
            Edit { span: index.span(site), content: "told_to_stop()".into() },
            Edit { span: end, content: HELPER.into() },
        ],
    })
}
