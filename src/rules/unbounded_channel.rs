//! `unbounded-channel`: a channel without a capacity gets something with every request or connection, and is emptied more slowly than memory is filled; or
//! others fill it for a peer, which reads as slowly as it likes.

use crate::catalogue::Effect;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::Op;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::declared::types::Ty;
use crate::index::flow::variety::Variety;
use crate::index::tasks::channels::Channel;

const ID: &str = "unbounded-channel";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let channels = index.channels(&|entry| entry.kind.is_some_and(|kind| kind == "unbounded-sender"));
    channels.iter().filter_map(|(made, channel)| diagnose(index, *made, channel)).collect()
}

fn diagnose(index: &Index, made: Site, channel: &Channel) -> Option<Diagnostic> {
    if channel.measured || index.is_test(made.body) || index.is_intended(index.span(made)) {
        return None;
    }
    match index.repeated(made) {
        Some(_) => of_each_peer(index, made, channel),
        None => of_all(index, made, channel),
    }
}

/// A channel of its own for each connection or request holds what that sends by itself. Where others fill it, and what they send is written to the peer, it
/// holds what the peer does not read.
fn of_each_peer(index: &Index, made: Site, channel: &Channel) -> Option<Diagnostic> {
    let repeated = by_others(index, made)?;
    let (receive, write) = channel.receives.iter().find_map(|at| Some((*at, index.written_to_a_peer(*at)?)))?;
    if is_a_word(index, receive, channel) {
        return None;
    }
    let kept = channel.kept.iter().filter(|at| is_for_others(index, **at));
    let kept = kept.map(|at| (Confidence::Likely, *at, "others get it from here"));
    let fed = channel.sends.iter().filter_map(|at| Some((fed(index, made, *at)?, *at, "sent here")));
    // The first of those that are as sure.
    let (confidence, filled, how) = kept.chain(fed).min_by_key(|(confidence, ..)| *confidence == Confidence::Hint)?;
    let resource = index.callable(made)?.constructs?;
    let written =
        (write != receive).then(|| Label::new(index.name_span(write), "each message waits here until the peer reads"));
    let diagnostic = Diagnostic::new(
        ID,
        confidence,
        "the queue of what is written to a peer has no capacity",
        Label::new(index.span(made), "whoever sends never waits, however much is in it"),
    )
    .about(index.item_path(made.body), resource.as_str())
    .evidence([Label::new(index.name_span(filled), how)])
    .evidence(written)
    .evidence(repeated.evidence)
    .note("what a peer does not read stays in memory, and a peer that never reads is enough to use up all of it")
    .help("make it a bounded channel, and close the connection or drop what is oldest when it is full");
    Some(diagnostic)
}

/// Whether what is received says which of a few things is meant, and no more, or has with it where somebody waits for an answer. Where the receiver does not
/// show what that is, what its sender is kept in may.
fn is_a_word(index: &Index, receive: Site, channel: &Channel) -> bool {
    let is_word = |message: &Ty| index.has_few_values(message) || index.sends_such(message, &|_| true);
    let received = match index.node(receive).op {
        Op::Method { receiver, .. } => index.message_of(index.ty(Site { node: receiver, ..receive })),
        _ => None,
    };
    let mut kept = channel.kept.iter().filter_map(|at| index.place_put_into(*at));
    received.map_or_else(|| kept.any(|at| index.sends_such(index.ty(at), &is_word)), &is_word)
}

/// Whether what a sender is put into is there for others as well.
fn is_for_others(index: &Index, put: Site) -> bool {
    index.place_put_into(put).is_some_and(|to| index.lasting_for_others(to))
}

/// How sure it is that a channel which is made for a connection gets more than that connection takes, by what is sent at a place: again and again with what
/// others say, or for other connections and requests. Answers to what the peer itself asks are as many as it asks for, mostly one after the other.
fn fed(index: &Index, made: Site, send: Site) -> Option<Confidence> {
    let again = index.repeated_if(send, &|body, region| !index.is_accept_loop(body, region))?;
    let is_own = send.body == made.body || again.way.iter().any(|at| at.body == made.body);
    let confidence = match (again.repeats, again.in_loop) {
        (Repeats::Iteration, Some((body, region))) if is_own && !index.receives_in(body, region) => Confidence::Hint,
        (Repeats::Iteration, Some(_)) => Confidence::Likely,
        (Repeats::Request, _) if !is_own => Confidence::Likely,
        _ => return None,
    };
    carries_data(index, send).then_some(confidence)
}

/// The proof that others decide how often something is done: with each request or connection.
fn by_others(index: &Index, site: Site) -> Option<Repeated> {
    let repeated = index.repeated_if(site, &|body, region| index.is_accept_loop(body, region))?;
    let by_others = match repeated.repeats {
        Repeats::Request => true,
        Repeats::Iteration => repeated.in_loop.is_some_and(|(body, region)| index.is_accept_loop(body, region)),
        Repeats::Worker => false,
    };
    by_others.then_some(repeated)
}

/// A channel that is there for all requests and connections.
fn of_all(index: &Index, made: Site, channel: &Channel) -> Option<Diagnostic> {
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
    by_others(index, send).filter(|_| !awaits_an_answer(index, send) && carries_data(index, send))
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
