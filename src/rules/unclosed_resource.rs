//! `unclosed-resource`: a variable owns something that must be ended by hand, and on some way out nothing does.

use crate::catalogue::{Effect, TypeEntry};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::types::Ty;
use crate::index::flow::ways::Exit;
use crate::index::resources::obligations::{Abandoned, How};
use crate::index::resources::words;

const ID: &str = "unclosed-resource";

/// Kinds whose end has a name and a rule of its own.
const ELSEWHERE: [&str; 9] = [
    "async-file",
    "buffered-writer",
    "child-process",
    "encoder",
    "self-ending-encoder",
    "self-flushing-line-writer",
    "self-flushing-writer",
    "transaction",
    "upload",
];

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let abandoned = index.abandoned(|entry| entry.kind.is_some_and(|kind| !ELSEWHERE.contains(&kind.as_str())));
    let sockets = index.left_sockets().into_iter().filter_map(|bind| left_behind(index, bind));
    abandoned.filter_map(|abandoned| diagnose(index, abandoned)).chain(sockets).collect()
}

/// A socket of a service whose file nothing removes.
fn left_behind(index: &Index, bind: Site) -> Option<Diagnostic> {
    let service = index.services_reaching(bind.body).next()?;
    let span = index.name_span(bind);
    if index.is_intended(span) {
        return None;
    }
    let diagnostic =
        Diagnostic::new(ID, Confidence::Likely, "the socket's file is never removed", Label::new(span, "bound here"))
            .about(index.item_path(bind.body), "socket")
            .evidence(service.verdict.why.clone())
            .note("closing a socket leaves its file: when the program is started again, `bind` fails with `AddrInUse`")
            .help("remove the file before it is bound, or where the socket is closed");
    Some(diagnostic)
}

/// Whether all that is ever given to producers of this type is waited for until it has arrived: then nothing is left in a queue.
fn each_message_is_awaited(index: &Index, entry: &TypeEntry) -> bool {
    let shipped = index.bodies().filter(|(body, ..)| !index.is_test(*body));
    let sites = shipped.flat_map(|(body, _, info)| info.callees.keys().map(move |node| Site { body, node: *node }));
    let gives = |site: &Site| {
        let callable = index.callable(*site).filter(|callable| callable.effect == Some(Effect::Network));
        let is_its = index.external(*site).and_then(|path| path.rsplit_once("::").map(|(of, _)| of == entry.path));
        callable.is_some() && is_its == Some(true)
    };
    let mut given = sites.filter(gives).peekable();
    given.peek().is_some() && given.all(|site| matches!(index.ty(site), Ty::Future(_)) && index.is_waited_for(site))
}

fn diagnose(index: &Index, abandoned: &Abandoned) -> Option<Diagnostic> {
    let (site, resource) = (abandoned.made.site, abandoned.made.resource);
    let entry = index.resource(resource)?;
    let kind = words(&entry.kind?);
    // What outlives the program is left behind by a command as well.
    let outlives = entry.kind.is_some_and(|kind| kind.starts_with("browser"));
    // What should be shared and is opened again and again has one flaw, and that is it.
    if entry.when_repeated.is_some() && index.repeated(site).is_some() && !index.differs_each_time(&abandoned.made) {
        return None;
    }
    let service = index.services_reaching(site.body).next();
    if service.is_none() && !outlives {
        return None;
    }
    let close = entry.close_name()?;
    if entry.kind.is_some_and(|kind| kind == "producer") && each_message_is_awaited(index, entry) {
        return None;
    }
    let (message, left) = match &abandoned.how {
        How::Lent(_) => return None,
        How::AtOnce | How::Forgotten(_) => (format!("the {kind} is never closed"), None),
        How::Missed(obligation, ways) => {
            let filled = index.first_filled(obligation, entry)?;
            let early = ways.iter().filter(|way| matches!(way.0, Exit::Error | Exit::Return));
            let left = early.filter_map(|way| way.1).find(|node| *node > filled)?;
            let text = format!("left here without `{close}`");
            (
                format!("the {kind} is not closed on every way out"),
                Some(Label::new(index.span(Site { node: left, ..site }), text)),
            )
        }
    };
    let inside = abandoned.made.through.iter().map(|at| Label::new(index.span(*at), "it is opened here"));
    let diagnostic =
        Diagnostic::new(ID, Confidence::Certain, message, Label::new(index.name_span(site), "opened here"))
            .about(index.item_path(site.body), resource.as_str())
            .evidence(inside.chain(left))
            .note(format!("dropping it is no end: {}", entry.when_abandoned.clone()?))
            .help(format!("call `{close}` on every way out, also where an error leaves early"));
    Some(diagnostic)
}
