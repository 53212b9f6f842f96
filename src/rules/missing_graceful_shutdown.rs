//! `missing-graceful-shutdown`: a server runs without a signal that tells it to stop, so that stopping the program cuts off what it is serving.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::catalogue::Server;
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::facts::model::{NodeId, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::programs::Program;
use crate::source::Span;

const ID: &str = "missing-graceful-shutdown";

const NOTE: &str = "when the program is told to stop, requests in flight are cut off and nothing after the server runs";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (body, _, info) in index.bodies() {
        let Some(program) = index.services_reaching(body).next() else { continue };
        let mut calls: Vec<NodeId> = info.callees.keys().copied().collect();
        calls.sort_unstable();
        let before = found.len();
        for node in calls {
            let site = Site { body, node };
            match index.external(site).and_then(|path| index.catalogue().server(path)) {
                Some(server) => found.extend(served(index, program, site, server)),
                None if index.takes_connection(site) => found.extend(accepted(index, program, site)),
                None => {}
            }
        }
        // With and without TLS, IPv4 and IPv6: one function, one flaw.
        let more: Vec<Label> = found.drain((before + 1).min(found.len())..).map(|d: Diagnostic| d.primary).collect();
        if let Some(first) = found.get_mut(before) {
            first.evidence.extend(more.into_iter().map(|label| Label { text: "and here".into(), ..label }));
        }
    }
    found
}

fn served(index: &Index, program: &Program, site: Site, server: &Server) -> Option<Diagnostic> {
    let attach = server.attach.as_ref()?;
    let chain = index.receivers(site);
    let called = |paths: &[Ustr]| chain.iter().any(|at| index.external(*at).is_some_and(|path| paths.contains(&path)));
    let stopped = || calls_any(index, program, &server.graceful);
    let silent = if server.handles_signals {
        !called(&server.signals_off) || stopped()
    } else {
        called(&server.graceful)
            || attached_later(index, site, server)
            || raced(index, site)
            || !awaited_here(index, site)
            || (has_handle(server) && stopped())
    };
    if silent || index.serves_itself(site.body) {
        return None;
    }
    let given_up = index.given_up_by(site);
    // Whoever listens to signals may have settled what they end.
    let is_minor = given_up.is_some()
        || !program.signals.is_empty()
        || index.is_by_the_side(program)
        || index.is_looked_at(site)
        || is_chosen(index, site, server)
        || index.serves_on_for_a_while(program)
        || index.answers_probes_only(site)
        || index.only_shows_another(program, site);
    let confidence = if is_minor { Confidence::Hint } else { Confidence::Certain };
    let span = index.span(site);
    let (message, label) = match given_up {
        None => (format!("the {} runs without a shutdown signal", server.name), "nothing tells it to stop"),
        Some(_) => (format!("the {} is given up with the requests it serves", server.name), "nothing lets it finish"),
    };
    let diagnostic = Diagnostic::new(ID, confidence, message, Label::new(first_line(index, site, span), label))
        .about(index.item_path(site.body), server.name.clone())
        .evidence(given_up.map(|by| Label::new(index.name_span(by), "it is dropped here once something else is done")))
        .note(NOTE)
        .help(format!("attach a signal that completes on SIGTERM and Ctrl-C: `{attach}`"))
        .fix(fix(index, site, server));
    Some(diagnostic)
}

/// A loop that accepts connections by hand, in a program that listens to no signal.
fn accepted(index: &Index, program: &Program, site: Site) -> Option<Diagnostic> {
    let turn = index.accept_loop(site)?;
    if !program.signals.is_empty() || raced(index, turn.waits) || index.serves_itself(site.body) {
        return None;
    }
    let is_minor = !index.serves_requests(program)
        || index.is_by_the_side(program)
        || index.answers_probes_only(site)
        || index.only_shows_another(program, site);
    let diagnostic = Diagnostic::new(
        ID,
        if is_minor { Confidence::Hint } else { Confidence::Likely },
        "connections are accepted without a shutdown signal",
        Label::new(index.span(site), "nothing ends this loop"),
    )
    .about(index.item_path(site.body), "accept loop")
    .evidence([Label::new(turn.around.head.in_file(site.body.file), "loops without end")])
    .note(NOTE)
    .help("race `accept` against a signal that completes on SIGTERM and Ctrl-C, then wait for the open connections");
    Some(diagnostic)
}

/// Whether the branch beside the one around attaches a signal: who chooses this one knows of the other.
fn is_chosen(index: &Index, site: Site, server: &Server) -> bool {
    let (body, info) = (index.body(site.body), index.info(site.body));
    let attaches = |region: RegionId| {
        let mut inside = body.iter().filter(|(_, n)| body.is_inside(n.region, region));
        inside
            .any(|(node, _)| index.external(Site { node, ..site }).is_some_and(|path| server.graceful.contains(&path)))
    };
    body.outwards(body.node(site.node).region).any(|(region, _)| {
        match info.region_node(region).map(|owner| &body.node(owner).op) {
            Some(Op::If { then, otherwise: Some(otherwise), .. }) => {
                attaches(if *then == region { *otherwise } else { *then })
            }
            _ => false,
        }
    })
}

/// Whether a later method of the served value attaches a signal, also through a local.
fn attached_later(index: &Index, site: Site, server: &Server) -> bool {
    let (body, info) = (index.body(site.body), index.info(site.body));
    let attaches = |name: Ustr| server.graceful.iter().any(|path| path.rsplit("::").next() == Some(name.as_str()));
    let mut queue = vec![site.node];
    let mut steps = 0;
    while let Some(at) = queue.pop() {
        steps += 1;
        match info.parent(at).map(|parent| (parent, &body.node(parent).op)) {
            Some((_, Op::Method { receiver, name, .. })) if *receiver == at && attaches(*name) => return true,
            Some((parent, Op::Method { receiver, .. })) if *receiver == at => queue.push(parent),
            Some((parent, Op::Try(_) | Op::Await(_))) => queue.push(parent),
            Some((_, Op::Bind { pattern, .. })) if steps < 64 => {
                let bound = pattern.locals();
                let uses = body.iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if bound.contains(&local)));
                queue.extend(uses.map(|(id, _)| id));
            }
            _ => {}
        }
    }
    false
}

/// Whether the future is one of several that `select!` polls: another of them can end it.
fn raced(index: &Index, site: Site) -> bool {
    let (body, info) = (index.body(site.body), index.info(site.body));
    let mut at = site.node;
    loop {
        match info.parent(at) {
            Some(parent) => {
                if let Op::Select { arms, .. } = &body.node(parent).op {
                    return arms.len() > 1;
                }
                at = parent;
            }
            None => match &body.node(at).op {
                // The future is bound first and polled by name.
                Op::Bind { pattern, .. } => {
                    let bound = pattern.locals();
                    let polled = |node: &NodeId| {
                        let mut of = *node;
                        while let Op::Reference { of: inner, .. } = &body.node(of).op {
                            of = *inner;
                        }
                        matches!(body.node(of).op, Op::Local(local) if bound.contains(&local))
                    };
                    return body.nodes.iter().any(|node| match &node.op {
                        Op::Select { arms, .. } => arms.len() > 1 && arms.iter().any(|arm| polled(&arm.future)),
                        _ => false,
                    });
                }
                _ => {
                    let region = body.node(at).region;
                    let is_async = body.region(region).kind == RegionKind::Async;
                    match info.region_node(region) {
                        // An async block that is raced as a whole.
                        Some(owner) if is_async || body.region(region).value == Some(at) => at = owner,
                        _ => return false,
                    }
                }
            },
        }
    }
}

/// Whether the served value is awaited, returned or handed to a task here, rather than given to code that may stop it.
fn awaited_here(index: &Index, site: Site) -> bool {
    let (body, info) = (index.body(site.body), index.info(site.body));
    let mut at = site.node;
    // What is given back as a part of something else is whoever's that takes it apart.
    let mut is_part = false;
    // What a closure gives back is what the call that runs it makes of it.
    let of_closure = |at: NodeId| {
        let region = body.node(at).region;
        let is_value = body.region(region).value == Some(at) && body.region(region).kind == RegionKind::Closure;
        info.region_node(region).filter(|_| is_value)
    };
    while let Some(parent) = info.parent(at).or_else(|| of_closure(at)) {
        match &body.node(parent).op {
            Op::Await(_) => return true,
            Op::Closure { .. } => at = parent,
            Op::Method { receiver, .. } if *receiver == at => at = parent,
            // `Box::pin(server)`, `Ok(server)`, `try_join!(server, ..)`, `servers.push(server)`: whoever waits for them all waits for it.
            Op::Call { .. } if is_boxed(index, Site { node: parent, ..site }) => at = parent,
            Op::Tuple(_) => (at, is_part) = (parent, true),
            Op::Call { .. } if index.is_ok(Site { node: parent, ..site }) => (at, is_part) = (parent, true),
            Op::Macro(_) if index.waits_for_all(Site { node: parent, ..site }) => return true,
            Op::Call { .. } | Op::Method { .. } => {
                let call = Site { node: parent, ..site };
                if index.external(call).is_some_and(|path| index.catalogue().lists(Calls::Grows, path)) {
                    return true;
                }
                return index.callable(call).is_some_and(|callable| callable.runs != crate::catalogue::Runs::Inline);
            }
            Op::Bind { pattern, .. } => {
                let bound = pattern.locals();
                let mut uses = body.iter().filter(|(_, n)| matches!(n.op, Op::Local(local) if bound.contains(&local)));
                return uses.any(|(node, _)| info.parent(node).is_some() && awaited_here(index, Site { node, ..site }));
            }
            Op::Try(_) | Op::Discard(_) | Op::Return(_) => at = parent,
            _ => return false,
        }
    }
    !is_part || is_awaited_by_callers(index, site.body)
}

fn is_boxed(index: &Index, call: Site) -> bool {
    index.external(call).is_some_and(|path| path == "std::boxed::Box::pin")
}

/// Whether those who call a function take the server out of what it gives, and each of them awaits it in plain sight.
fn is_awaited_by_callers(index: &Index, body: BodyRef) -> bool {
    let Some(function) = index.function_of(body) else { return false };
    let mut calls = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body)).peekable();
    calls.peek().is_some() && calls.all(|call| is_bound_and_awaited(index, call.site))
}

fn is_bound_and_awaited(index: &Index, call: Site) -> bool {
    let (body, info) = (index.body(call.body), index.info(call.body));
    let mut at = call.node;
    while let Some(parent) = info.parent(at) {
        match &body.node(parent).op {
            Op::Try(_) | Op::Await(_) => at = parent,
            Op::Method { receiver, .. } if *receiver == at => at = parent,
            Op::Bind { pattern, .. } => {
                let mut uses = pattern.locals().into_iter().flat_map(|local| body.uses(local));
                return uses.any(|used| matches!(waited_as(index, Site { node: used, ..call }), Some(Op::Await(_))));
            }
            _ => return false,
        }
    }
    false
}

/// What is done with a value, or with what methods make of it.
fn waited_as(index: &Index, value: Site) -> Option<&Op> {
    let (body, info) = (index.body(value.body), index.info(value.body));
    let mut at = value.node;
    loop {
        let parent = info.parent(at)?;
        match &body.node(parent).op {
            Op::Method { receiver, .. } if *receiver == at => at = parent,
            op => return Some(op),
        }
    }
}

/// Whether the server is stopped through a handle that other code holds.
fn has_handle(server: &Server) -> bool {
    server.attach.as_ref().is_some_and(|text| text.contains("handle"))
}

/// Whether a program calls one of some functions, or a method of that name on something that is not known. What ends a server is told how to: a
/// `stop()` without a word is that of something else.
fn calls_any(index: &Index, program: &Program, paths: &[Ustr]) -> bool {
    let has_name = |name: Ustr| paths.iter().any(|path| path.rsplit("::").next() == Some(name.as_str()));
    program.reach.iter().any(|body| {
        index.info(*body).callees.iter().any(|(node, callee)| match callee {
            Callee::External(path) => paths.contains(path),
            Callee::Unknown(_) => {
                matches!(&index.body(*body).node(*node).op, Op::Method { name, arguments, .. } if has_name(*name) && !arguments.is_empty())
            }
            _ => false,
        })
    })
}

/// A long chain is pointed at by its last call's name.
fn first_line(index: &Index, site: Site, span: Span) -> Span {
    let name = index.name_span(site);
    if matches!(index.node(site).op, Op::Call { .. }) { span } else { Span { start: span.start, ..name } }
}

/// Appends the call that attaches a signal, where that is all it takes.
fn fix(index: &Index, site: Site, server: &Server) -> Option<Fix> {
    let suffix = server.suffix.as_ref()?.replace("{signal}", "shutdown_signal()");
    let end = index.span(site).end;
    let span = Span { file: site.body.file, start: end, end };
    Some(Fix {
        title: "attach a shutdown signal; `shutdown_signal` stands for a function that waits for SIGTERM and Ctrl-C"
            .into(),
        applicability: Applicability::HasPlaceholders,
        edits: vec![Edit { span, content: suffix }],
    })
}
