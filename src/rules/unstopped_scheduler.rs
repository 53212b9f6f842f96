//! `unstopped-scheduler`: what works in the background is started in a service that can be told to stop, and nothing tells the scheduler. Knows
//! schedulers by what the catalogue says: calls that start them, calls that end them, what is lost without.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::Op;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::flow::Fate;
use crate::index::programs::Program;
use crate::index::resources::{Construction, words};

const ID: &str = "unstopped-scheduler";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let started = started(index);
    if started.is_empty() {
        return Vec::new();
    }
    let made = index.constructions(|entry| entry.when_unended.is_some());
    made.filter_map(|made| diagnose(index, made, &started)).collect()
}

/// Calls that start a resource, and which.
fn started(index: &Index) -> Vec<(Site, Ustr)> {
    let sites = index.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
    let starts = |site: &Site| index.external(*site).is_some_and(|path| index.catalogue().lists(Calls::Starts, path));
    let resource = |site: Site| {
        let Op::Method { receiver, .. } = index.node(site).op else { return None };
        let owned = index.owned_resources(index.ty(Site { node: receiver, ..site }).peeled());
        let stopped = owned.into_iter().find(|path| index.resource(*path).is_some_and(|entry| !entry.close.is_empty()));
        Some((site, stopped?))
    };
    sites.filter(starts).filter(|site| !index.is_test(site.body)).filter_map(resource).collect()
}

/// Whether a program runs until a signal tells it to stop. One that listens to nothing has another flaw, which comes first.
fn is_told(program: &Program) -> bool {
    program.signals.iter().any(|signal| signal.reached)
}

fn diagnose(index: &Index, made: &Construction, started: &[(Site, Ustr)]) -> Option<Diagnostic> {
    // What is returned is its caller's, and what goes where it cannot be followed is somebody's.
    if !matches!(made.fate, Fate::Dies | Fate::Kept) || index.is_test(made.site.body) {
        return None;
    }
    let entry = index.resource(made.resource)?;
    let kind = words(&entry.kind?);
    let stopping =
        index.programs().iter().filter(|program| program.reach.contains(&made.site.body) && is_told(program));
    let unended = stopping.filter(|program| !index.ends_by_name(program, made.resource));
    let mut starts = unended.filter_map(|program| {
        started.iter().find(|(site, of)| *of == made.resource && program.reach.contains(&site.body))
    });
    let (start, _) = *starts.next()?;
    let close = entry.close_name()?;
    let inside = made.through.iter().map(|at| Label::new(index.span(*at), "it is made here"));
    let diagnostic = Diagnostic::new(
        ID,
        Confidence::Certain,
        format!("the {kind} is started and never shut down"),
        Label::new(index.name_span(made.site), "nothing stops it when the program is told to stop"),
    )
    .about(index.item_path(made.site.body), made.resource.as_str())
    .evidence(inside.chain([Label::new(index.name_span(start), "started here")]))
    .note(format!("when the program ends, {}", entry.when_unended.clone()?))
    .help(format!("keep it, and call `{close}` at shutdown, before what its jobs use is closed"));
    Some(diagnostic)
}
