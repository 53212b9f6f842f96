//! `per-call-pool`: what should be built once and shared is built for every request, iteration or worker.

use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::facts::model::{Body, LoopKind, NodeId, Op, RegionId, RegionKind};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::index::flow::Fate;
use crate::index::resources::{Construction, words};

const ID: &str = "per-call-pool";

/// Behind so many calls, or behind a condition, what a loop does in one of its turns is no longer what it does in each.
const FAR: usize = 4;

/// Behind so many calls a request starts a whole job, for which things are built as they are for a program.
const FAR_FROM_REQUEST: usize = 6;

/// Behind so many calls, what also runs at the start of the program is what sets it up, which a request may ask for once more.
const FAR_FROM_START: usize = 3;

/// How many ways are looked at until one is found that surely comes along often.
const WAYS: usize = 8;

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found: Vec<(&Construction, Diagnostic)> = Vec::new();
    for construction in index.constructions(|entry| entry.when_repeated.is_some()) {
        if index.is_test(construction.site.body) {
            continue;
        }
        // One call may build several things: one flaw.
        let span = index.span(construction.site);
        if !found.iter().any(|(_, known)| known.primary.span == span) {
            found.extend(diagnose(index, construction).map(|diagnostic| (construction, diagnostic)));
        }
    }
    // What one function builds anew, for several callers or in the arms of a choice, is one flaw: told at the first place of those of which it is as
    // certain.
    let flaw = |built: &Construction, found: &Diagnostic| (built_at(built).body, built.resource, found.confidence);
    grouped_by(found.into_iter().map(|(built, diagnostic)| (flaw(built, &diagnostic), diagnostic)))
}

/// Where it is built in the end: in a function that callers come to from many sides.
fn built_at(construction: &Construction) -> Site {
    construction.through.last().copied().unwrap_or(construction.site)
}

fn diagnose(index: &Index, construction: &Construction) -> Option<Diagnostic> {
    let entry = index.resource(construction.resource)?;
    let kind = entry.kind?;
    let site = construction.site;
    // A connection that a loop opens again is a reconnect; a pool or client that leaves the loop is a retry; what has one for each item of a list has as
    // many as there are items.
    let counts = |body: BodyRef, region: RegionId| {
        if !construction.through.is_empty() && index.is_made_of_item(site, region) {
            return false;
        }
        if index.body(body).region(region).kind == RegionKind::Closure {
            return !index.outlives_turn(site, construction.resource, region);
        }
        let reconnects = kind.ends_with("connection") && !is_for(index, body, region)
            || body == site.body && lasts_a_loop(index, site, region);
        let tries_again =
            index.tries_again(site, region) || index.is_timed_loop(body, region) && index.is_retry(body, region);
        !(reconnects || index.leaves_loop(site, region) || tries_again)
    };
    let mut ways = index.all_repeated_in(site, &counts).take(WAYS);
    let Some(shortest) = ways.next() else { return in_each_call(index, construction) };
    let first = along(index, construction, shortest)?;
    // What the shortest way does seldom may be all the work of another.
    let sure = |other: &Diagnostic| other.confidence > Confidence::Hint;
    let mut other = || ways.find_map(|way| along(index, construction, way).filter(sure));
    Some(if sure(&first) { first } else { other().unwrap_or(first) })
}

/// The finding that a way to where it is built gives by itself.
fn along(index: &Index, construction: &Construction, repeated: Repeated) -> Option<Diagnostic> {
    let entry = index.resource(construction.resource)?;
    let (kind, site) = (entry.kind?, construction.site);
    // Whatever it connects to, one connection needs no pool.
    let for_one = kind == "connection-pool" && gives_one_connection(index, construction);
    let differs = || index.differs_each_time(construction) || index.comes_with_request(construction, &repeated.way);
    if is_right(index, construction, entry, &repeated) || !for_one && differs() {
        return None;
    }
    let library = construction.resource.as_str();
    let often = repeated.repeats.words();
    let message = match constructor_name(index, site) {
        Some(name) if !construction.through.is_empty() => format!("`{name}` builds a `{library}` {often}"),
        _ => format!("a `{library}` is built {often}"),
    };
    let inside = construction.through.iter().map(|at| {
        let built_by_library = index.callable(*at).is_some();
        let what = if built_by_library { format!("the {}", words(&kind)) } else { "which".to_owned() };
        Label::new(index.span(*at), format!("{what} is built here"))
    });
    let confidence = confidence(index, construction, entry, &repeated);
    let diagnostic =
        Diagnostic::new(ID, confidence, message, Label::new(index.span(site), format!("built anew {often}")))
            .about(index.item_path(built_at(construction).body), library)
            .evidence(inside.chain(repeated.evidence))
            .note(entry.when_repeated.clone()?)
            .help(if for_one {
                "only one connection is taken out of it: open that alone, or share the pool".to_owned()
            } else {
                how_to_share(index, site, &kind)
            });
    Some(diagnostic)
}

/// Whether what is built along a way is kept for longer, or built as seldom as it should be.
fn is_right(index: &Index, construction: &Construction, entry: &TypeEntry, repeated: &Repeated) -> bool {
    let site = construction.site;
    let stays = match repeated.repeats {
        Repeats::Worker => entry.per_worker || construction.fate == Fate::Returned,
        _ => construction.fate != Fate::Dies,
    };
    let mut all_the_way = repeated.way.iter().chain([&site]);
    lives_on(index, site, repeated)
        || works_on_in_task(index, construction)
        || stays
        || !long_running(index, repeated, site)
        || entry.kind.is_some_and(|kind| in_own_thread(index, &kind, site))
        || is_only_tried(index, site)
        || all_the_way.any(|site| index.comes_before_a_heartbeat(*site) || index.is_latched(*site))
}

/// How sure it is that sharing is worth it: less where it is built seldom, from afar, or at little cost.
fn confidence(index: &Index, construction: &Construction, entry: &TypeEntry, repeated: &Repeated) -> Confidence {
    let site = construction.site;
    let is_kind = |kind: &str| entry.kind.is_some_and(|known| known == kind);
    let weak = entry.kind.is_some_and(|kind| is_far(repeated, &kind))
        || is_turned_by_command(index, repeated, site)
        || index.is_repeated_by_change(repeated)
        || index.is_asked_by_operator(site, repeated)
        || repeated.repeats == Repeats::Request && index.runs_for_a_person(site.body)
        || !entry.is_session() && !entry.starts_threads() && index.is_rare(site, repeated)
        || !entry.starts_threads() && sets_up_again(index, repeated, site)
        || is_kind("runtime") && repeated.repeats == Repeats::Iteration && has_no_workers(index, site)
        || is_kind("regex") && !is_fixed_pattern(index, built_at(construction));
    match weak {
        true => Confidence::Hint,
        false if index.callable(site).is_some() || !construction.through.is_empty() => Confidence::Certain,
        false => Confidence::Likely,
    }
}

/// Whether all that is done with a pool in the function that has it is to take one connection out of it, once.
fn gives_one_connection(index: &Index, construction: &Construction) -> bool {
    let site = construction.site;
    let (facts, info) = (index.body(site.body), index.info(site.body));
    let Some(entry) = index.resource(construction.resource).filter(|_| construction.fate == Fate::Dies) else {
        return false;
    };
    let around = std::iter::successors(Some(site.node), |node| info.parent(*node));
    let bound = around.into_iter().find_map(|node| match &facts.node(node).op {
        Op::Bind { pattern, .. } => Some(pattern.locals()),
        _ => None,
    });
    let Some([pool]) = bound.as_deref() else { return false };
    let uses = facts.iter().filter(|(_, node)| matches!(node.op, Op::Local(used) if used == *pool));
    let loops = |node: NodeId| index.loops_around(Site { node, ..site }).len();
    let mut taken = 0;
    for (used, _) in uses {
        let Some(call) = info.parent(used) else { return false };
        match &facts.node(call).op {
            Op::Method { receiver, name, .. }
                if *receiver == used && entry.close_names().any(|close| close == name) => {}
            Op::Method { receiver, .. }
                if *receiver == used
                    && loops(used) == loops(site.node)
                    && gives_a_connection(index, Site { node: call, ..site }) =>
            {
                taken += 1;
            }
            _ => return false,
        }
    }
    taken == 1
}

/// Whether a call of a pool gives a connection: no answer of a database, but what it is asked with.
fn gives_a_connection(index: &Index, call: Site) -> bool {
    match index.ty(call).given().content() {
        Some(Ty::Ext(path, _)) => {
            path.ends_with("Connection") || index.kind(*path).is_some_and(|kind| kind == "transaction")
        }
        _ => false,
    }
}

fn how_to_share(index: &Index, site: Site, kind: &str) -> String {
    match index.constant_named(site) {
        Some(constant) => {
            format!("make `{constant}` a `static`: the value of a constant is made anew wherever it is named")
        }
        None => format!("build the {} once, before serving, and hand out references or clones of it", words(kind)),
    }
}

/// Built for one call of a method and thrown away, while its object stays: nobody is known to repeat that, but the object could have kept it.
fn in_each_call(index: &Index, construction: &Construction) -> Option<Diagnostic> {
    let entry = index.resource(construction.resource)?;
    let (kind, site) = (entry.kind?, construction.site);
    let operation = index.operation_around(site)?;
    // To open a connection may be what a method is there for; a client is there to be shared.
    let is_shared_kind = kind.ends_with("-client") && !entry.is_session() || kind == "dns-resolver";
    if !is_shared_kind
        || !construction.through.is_empty()
        || construction.fate != Fate::Dies
        || is_only_tried(index, site)
        || !is_made_of_object(index, site)
    {
        return None;
    }
    let serves = index.led_to_by_service(site)?;
    let (name, library) = (index.fn_name(operation), construction.resource.as_str());
    let label = Label::new(index.span(site), format!("built anew in each call of `{name}`"));
    let diagnostic =
        Diagnostic::new(ID, Confidence::Likely, format!("a `{library}` is built in each call of `{name}`"), label)
            .about(index.item_path(built_at(construction).body), library)
            .evidence([serves])
            .note(entry.when_repeated.clone()?)
            .help(format!("build the {} with the object that `{name}` is called on, and keep it there", words(&kind)));
    Some(diagnostic)
}

/// Whether it lies so far inwards that what is known to be repeated need not repeat it each time.
fn is_far(repeated: &Repeated, kind: &str) -> bool {
    match repeated.repeats {
        // A pattern costs no more than the time to compile it.
        Repeats::Request => repeated.way.len() + usize::from(kind == "regex") > FAR_FROM_REQUEST,
        Repeats::Iteration => repeated.function.is_some() && (repeated.evidence.len() > FAR || repeated.on_condition),
        Repeats::Worker => false,
    }
}

/// Whether a loop repeats it that waits in programs which are known to end by themselves alone, and that takes no connections.
fn is_turned_by_command(index: &Index, repeated: &Repeated, site: Site) -> bool {
    let accepts = repeated.in_loop.is_some_and(|(body, region)| index.is_accept_loop(body, region));
    repeated.repeats == Repeats::Iteration && !accepts && !index.may_serve(site.body)
}

/// Whether it is part of what sets a program up, and only runs again where somebody asks for all of that: by a request, or by a message to a task.
fn sets_up_again(index: &Index, repeated: &Repeated, site: Site) -> bool {
    let again = match repeated.repeats {
        Repeats::Request => repeated.way.len() > FAR_FROM_START,
        // What time sets going does its own work.
        Repeats::Iteration => {
            let timed = repeated.in_loop.is_some_and(|(body, region)| index.is_timed_loop(body, region));
            !timed && repeated.way.last().is_some_and(|last| index.runs_apart(*last))
        }
        Repeats::Worker => false,
    };
    again && index.services_reaching(site.body).any(|program| index.runs_at_start(program, site))
}

/// Whether all that a call is given is written out, or comes out of the object around it.
fn is_made_of_object(index: &Index, call: Site) -> bool {
    index.node(call).op.operands().into_iter().all(|node| {
        let part = Site { node, ..call };
        let own = index.part_of_parameter(part.body, part.node) == Some(None);
        let inner =
            matches!(index.node(part).op, Op::Call { .. } | Op::Method { .. } | Op::Reference { .. } | Op::Try(_));
        own || index.is_written_out(part) || inner && is_made_of_object(index, part)
    })
}

/// Whether a pattern is the same each time for certain.
fn is_fixed_pattern(index: &Index, compiled: Site) -> bool {
    index.node(compiled).op.operands().into_iter().all(|node| index.is_written_out(Site { node, ..compiled }))
}

/// A thread that runs its own runtime, or one that blocks on a runtime without workers.
fn in_own_thread(index: &Index, kind: &str, site: Site) -> bool {
    kind == "runtime"
        && (index.runs_in(site, Runs::Thread) || index.runs_in(site, Runs::Blocking) && has_no_workers(index, site))
}

/// Whether a runtime does its work on the thread that blocks on it.
fn has_no_workers(index: &Index, site: Site) -> bool {
    let settings = index.settings(site);
    settings.set.iter().any(|path| index.catalogue().lists(Calls::StaysOnThread, *path))
}

/// Whether what is built is thrown away at once: it was only asked whether it can be built.
fn is_only_tried(index: &Index, site: Site) -> bool {
    let (facts, info) = (index.body(site.body), index.info(site.body));
    let mut at = site.node;
    while let Some(parent) = info.parent(at) {
        match &facts.node(parent).op {
            Op::Try(_) | Op::Await(_) => {}
            Op::Method { receiver, name, .. } if *receiver == at => match name.as_str() {
                "is_ok" | "is_err" => return true,
                _ if index.ty(Site { node: at, ..site }).error().is_some() => {}
                _ => return false,
            },
            Op::Discard(_) => return true,
            Op::Bind { pattern, .. } => return pattern.is_wild(),
            _ => return false,
        }
        at = parent;
    }
    false
}

/// Whether a request starts a task of its own that builds it, and then works for as long as there is work.
fn lives_on(index: &Index, site: Site, repeated: &Repeated) -> bool {
    repeated.repeats == Repeats::Request
        && repeated.way.iter().any(|call| index.runs_apart(*call))
        && lasts_a_loop(index, site, Body::ROOT)
}

/// Whether a task that is started behind it has it for a loop of its own: it is used there again and again.
fn works_on_in_task(index: &Index, construction: &Construction) -> bool {
    let (site, built) = (construction.site, built_at(construction));
    let loops = |body: BodyRef| {
        index.body(body).iter().any(|(_, node)| match node.op {
            Op::Loop { region, .. } => index.is_work_loop(body, region),
            _ => false,
        })
    };
    let works_on = |call: Site| {
        let Some(Callee::Workspace(function)) = index.callee(call) else { return false };
        index.defs().body_of(*function).is_some_and(|body| index.is_linked(body) && loops(body))
    };
    index.body(site.body).iter().any(|(node, n)| {
        let Op::Method { receiver, .. } = n.op else { return false };
        let call = Site { node, ..site };
        index.runs_in(call, Runs::Task)
            && works_on(call)
            && index
                .made_behind(Site { node: receiver, ..site }, &|entry| entry.path == construction.resource)
                .contains(&built)
    })
}

/// Whether what a turn of a loop makes is there for a loop inside that waits for work: the turn is over when that is.
fn lasts_a_loop(index: &Index, site: Site, region: RegionId) -> bool {
    let facts = index.body(site.body);
    let later = facts.iter().skip(site.node.index()).filter(|(_, node)| facts.is_inside(node.region, region));
    let loops = later.filter_map(|(_, node)| match &node.op {
        Op::Loop { region: inner, .. } => Some(*inner),
        _ => None,
    });
    let around = |inner: RegionId| facts.is_inside(facts.node(site.node).region, inner);
    around(region) && loops.into_iter().any(|inner| !around(inner) && index.is_work_loop(site.body, inner))
}

fn is_for(index: &Index, body: BodyRef, region: RegionId) -> bool {
    let owner = index.info(body).region_node(region);
    owner.is_some_and(|owner| matches!(index.body(body).node(owner).op, Op::Loop { kind: LoopKind::For { .. }, .. }))
}

/// A request implies a service, and so does a loop that waits for work; any other loop is one only where a service runs it.
fn long_running(index: &Index, repeated: &Repeated, site: Site) -> bool {
    match repeated.repeats {
        Repeats::Request | Repeats::Worker => true,
        Repeats::Iteration => {
            let waits = repeated.in_loop.is_some_and(|(body, region)| index.is_work_loop(body, region));
            waits || index.services_reaching(site.body).next().is_some()
        }
    }
}

fn constructor_name(index: &Index, site: Site) -> Option<String> {
    if let Some(constant) = index.constant_named(site) {
        return Some(constant.to_string());
    }
    match index.callee(site)? {
        Callee::Workspace(function) | Callee::Trait(function) => Some(index.fn_name(*function)),
        _ => None,
    }
}
