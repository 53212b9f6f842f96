//! `skipped-cleanup`: what a function begins by one call and ends by another is not ended where the function is left in between.

use crate::catalogue::Calls;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeats;
use crate::index::flow::ways::Exit;
use crate::index::resources::pairs::Skipped;
use crate::index::resources::session_locks::SessionLock;

const ID: &str = "skipped-cleanup";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> =
        index.skipped_ends().iter().filter_map(|skipped| diagnose(index, skipped)).collect();
    found.extend(index.kept_session_locks().iter().filter_map(|lock| lock_kept(index, lock)));
    found
}

fn diagnose(index: &Index, skipped: &Skipped) -> Option<Diagnostic> {
    let begin = skipped.begin;
    let label = |node, text: String| Label::new(index.name_span(Site { node, ..begin }), text);
    let end = *skipped.ends.last()?;
    let (confidence, left) = match skipped.left.first() {
        Some((exit, node)) => {
            let others = if skipped.left.len() > 1 { ", and there are further ways" } else { "" };
            let way = match exit {
                Exit::Error => "an error leaves here without that",
                Exit::End => "only what is decided here leads to that",
                _ => "it is left here without that",
            };
            let confidence = if skipped.piles_up { Confidence::Likely } else { Confidence::Hint };
            (confidence, label(*node, format!("{way}{others}")))
        }
        None => {
            let (confidence, at, why) = cancelled_at(index, skipped)?;
            (confidence, Label::new(index.name_span(at), why))
        }
    };
    let name = called(index, begin)?;
    Some(
        Diagnostic::new(
            ID,
            confidence,
            format!("what `{name}` begins is not ended on every way out"),
            Label::new(index.name_span(begin), "begun here"),
        )
        .about(index.item_path(begin.body), &name)
        .evidence([left, label(end, "it is ended here".into())])
        .note(format!("where the end is skipped, {}", skipped.pair.when_skipped))
        .help("end it in the `Drop` of a guard that is made where it begins, so that every way out does"),
    )
}

/// A lock of the database that a pooled session keeps.
fn lock_kept(index: &Index, lock: &SessionLock) -> Option<Diagnostic> {
    if index.is_intended(index.span(lock.taken)) {
        return None;
    }
    let word = lock.word;
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("the lock that `{word}` takes is not given back on every way out"),
            Label::new(index.span(lock.taken), "taken here, for as long as the session lasts"),
        )
        .about(index.item_path(lock.taken.body), word)
        .evidence([
            Label::new(index.span(lock.left), "an error leaves here without that"),
            Label::new(index.span(lock.given_back), "it is given back here"),
        ])
        .note("the session goes back to its pool with the lock: whoever wants it next waits in vain, until that connection is closed")
        .help("give it back before the error is passed on, or take a lock that ends with the transaction")
    )
}

/// What drops the future at a wait before the end: a deadline, or, where only a client that goes away does, the first wait of its request's handler. That is
/// told of what every request begins alike, as a count: whether an entry is missed hangs on what its key is.
fn cancelled_at(index: &Index, skipped: &Skipped) -> Option<(Confidence, Site, &'static str)> {
    let waits = || skipped.awaits.iter().map(|node| Site { node: *node, ..skipped.begin });
    let is_deadline =
        |bound: &Site| index.external(*bound).is_some_and(|path| index.catalogue().lists(Calls::Deadlines, path));
    let mut deadlines = waits().filter_map(|wait| index.given_up_at(wait)).filter(is_deadline);
    if let Some(deadline) = deadlines.find(|bound| !index.is_lent_to(*bound)) {
        return Some((Confidence::Likely, deadline, "when this time is over, it ends in between"));
    }
    let repeated = index.repeated(skipped.begin).filter(|repeated| repeated.repeats == Repeats::Request)?;
    let wait = waits().next()?;
    let counts = !skipped.pair.exclusive && !skipped.pair.replaces;
    let is_sure = counts && index.ends_with_its_request(skipped.begin, &repeated);
    let confidence = if is_sure { Confidence::Likely } else { Confidence::Hint };
    Some((confidence, wait, "a request that is cancelled ends here"))
}

/// The name of what a call calls.
fn called(index: &Index, site: Site) -> Option<String> {
    match index.callee(site)? {
        Callee::Workspace(function) => Some(index.fn_name(*function)),
        _ => Some(index.external(site)?.rsplit("::").next()?.to_owned()),
    }
}
