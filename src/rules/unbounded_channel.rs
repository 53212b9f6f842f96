//! `unbounded-channel`: a channel without a capacity gets something with every request or connection, and is emptied more slowly than memory is filled.

use crate::catalogue::Effect;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::Op;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::flow::variety::Variety;
use crate::index::tasks::channels::Channel;

const ID: &str = "unbounded-channel";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let channels = index.channels(&|entry| entry.kind.is_some_and(|kind| kind == "unbounded-sender"));
    channels.iter().filter_map(|(made, channel)| diagnose(index, *made, channel)).collect()
}

fn diagnose(index: &Index, made: Site, channel: &Channel) -> Option<Diagnostic> {
    // A channel of its own for each request holds what that request sends.
    let own = index.repeated(made).is_some();
    if own || channel.measured || index.is_test(made.body) || index.is_intended(index.span(made)) {
        return None;
    }
    let (receive, work) = channel.receives.iter().find_map(|at| Some((*at, index.work_per_message(*at)?)))?;
    let (send, repeated) = channel.sends.iter().find_map(|at| Some((*at, floods(index, *at)?)))?;
    let resource = index.callable(made)?.constructs?;
    let often = repeated.repeats.words();
    // A peer is as slow as it likes. A disk or database mostly keeps up: of five such findings of first readings one was worth a change.
    let waits_for_a_peer = index.effect(work).is_some_and(|effected| effected.effect == Effect::Network);
    let confidence = if waits_for_a_peer { Confidence::Likely } else { Confidence::Hint };
    let work = (work != receive).then(|| Label::new(index.name_span(work), "each message waits for this"));
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        format!("a channel that gets something {often} has no capacity"),
        Label::new(index.span(made), "whoever sends never waits, however much is in it"),
    )
    .about(index.item_path(made.body), resource.as_str())
    .evidence([Label::new(index.name_span(send), "sent here")])
    .evidence(repeated.evidence)
    .evidence(work)
    .note(
        "while messages come faster than they are handled, they pile up in memory, and no sender is told to slow down",
    )
    .help("make it a bounded channel, and decide what happens when it is full: wait, refuse, or count what is dropped");
    Some(diagnostic)
}

/// The proof that others decide how often something is sent: with each request or connection, ever new, and without waiting for an answer.
fn floods(index: &Index, send: Site) -> Option<Repeated> {
    let repeated = index.repeated_if(send, &|body, region| index.is_accept_loop(body, region))?;
    let by_others = match repeated.repeats {
        Repeats::Request => true,
        Repeats::Iteration => repeated.in_loop.is_some_and(|(body, region)| index.is_accept_loop(body, region)),
        Repeats::Worker => false,
    };
    (by_others && !awaits_an_answer(index, send) && carries_data(index, send)).then_some(repeated)
}

/// Whether whoever sends has an end to hear from afterwards: it waits for an answer, or hands that on to somebody who does.
fn awaits_an_answer(index: &Index, send: Site) -> bool {
    let nodes = index.body(send.body).iter().skip(send.node.index() + 1);
    nodes
        .map(|(node, _)| Site { node, ..send })
        .any(|site| index.tells_once(index.ty(site)) || index.is_receiver(index.ty(site)))
}

/// Whether what is sent is more than one of a few words, such as "reload".
fn carries_data(index: &Index, send: Site) -> bool {
    let Op::Method { arguments, .. } = &index.node(send).op else { return false };
    let constructor = |node| matches!(index.callee(Site { node, ..send }), Some(Callee::Constructor(..)));
    arguments.iter().any(|node| {
        let variety = index.variety(Site { node: *node, ..send });
        variety == Variety::Endless || (variety == Variety::Unknown && !constructor(*node))
    })
}
