//! `racy-lazy-init`: what is built when it is first needed is looked for under one lock and put there under another, so that several callers build one each.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::resources::lazy::RacyInit;
use crate::index::resources::words;

const ID: &str = "racy-lazy-init";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for racy in index.racy_inits(|entry| entry.when_repeated.is_some()) {
        // One call may build several things: one flaw.
        let span = index.span(racy.made.site);
        if !found.iter().any(|known| known.primary.span == span) {
            found.extend(diagnose(index, &racy));
        }
    }
    found
}

fn diagnose(index: &Index, racy: &RacyInit) -> Option<Diagnostic> {
    let site = racy.made.site;
    let entry = index.resource(racy.made.resource)?;
    if index.services_reaching(site.body).next().is_none() || index.is_intended(index.span(site)) {
        return None;
    }
    let kind = words(&entry.kind?);
    let keeper = index.keeper_words(racy.keeper);
    let message = format!("two callers may each build a `{}` for `{keeper}`", entry.path);
    // Callers that come one after the other find what the first one built, and where one takes the place of another nobody builds for nothing that is there already.
    let wasted = index.may_meet_itself(site) && !racy.replaces;
    let confidence = if wasted { Confidence::Likely } else { Confidence::Hint };
    let diagnostic = Diagnostic::new(ID, confidence, message, Label::new(index.span(site), "built with nothing locked"))
        .about(index.item_path(site.body), &keeper)
        .evidence([
            Label::new(index.name_span(racy.look), format!("the {kind} is looked for under this lock, which is released again")),
            Label::new(index.name_span(racy.store), "put there under another one, without a second look"),
        ])
        .note(format!("whoever comes in between finds nothing either; of several, the last one stays, and {}", entry.when_repeated.clone()?))
        .help("use a cell that is initialised once (`OnceCell::get_or_try_init`), hold one lock across both, or look again under the second");
    Some(diagnostic)
}
