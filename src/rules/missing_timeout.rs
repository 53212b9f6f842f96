//! `missing-timeout`: something waits for the other side, and nothing on its way or around it ever gives up.

use std::collections::{BTreeMap, BTreeSet};

use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect, Runs, TypeEntry};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::facts::model::{NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::CrateId;
use crate::index::declared::types::Ty;
use crate::index::flow::in_line::ServedInLine;
use crate::index::flow::settings::Settings;
use crate::index::resources::{Construction, words};
use crate::source::Span;

const ID: &str = "missing-timeout";

/// Through so many functions a client is followed that is lent to each.
const LENT: u32 = 4;

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let survey = Survey::new(index);
    let constructions = index.constructions(|entry| entry.when_untimed.is_some());
    let built = constructions.filter(|c| c.through.is_empty()).flat_map(|c| survey.built(c));
    let run = survey.operations.iter().filter_map(|(owner, sites)| {
        let entry = index.catalogue().type_entry(*owner)?;
        (entry.kind.is_none() && entry.when_untimed.is_some()).then_some((entry, sites))
    });
    let run = run.flat_map(|(entry, sites)| sites.iter().filter_map(|site| survey.run(*site, entry)));
    let greeted = index.handshakes().into_iter().filter_map(|site| greeted(index, site));
    let answered = index.answers().into_iter().filter_map(|(site, connected)| answered(index, site, connected));
    let spoken = index.first_words().into_iter().filter_map(|(site, taken)| spoken_to(index, site, taken));
    let lost = index.datagram_answers().into_iter().filter_map(|(site, sent)| may_be_lost(index, site, sent));
    let in_line = index.served_in_line().into_iter().filter_map(|served| in_line(index, &served));
    // Builds that begin with one helper are one flaw: the helper's.
    let mut found: BTreeMap<Span, Diagnostic> = BTreeMap::new();
    for diagnostic in built.chain(run).chain(greeted).chain(answered).chain(in_line).chain(spoken).chain(lost) {
        found.entry(diagnostic.primary.span).or_insert(diagnostic);
    }
    found.into_values().collect()
}

/// What waits, and what is set, in code that is no test.
struct Survey<'i> {
    index: &'i Index,
    /// Methods that wait for the other side, by the type they are of, in the order of files and places.
    operations: BTreeMap<Ustr, Vec<Site>>,
    /// Those that could be followed back to the call that builds what they are called on, by that call.
    sent_with: BTreeMap<Site, Vec<Site>>,
    /// Those that could not.
    unfollowed: BTreeSet<Site>,
    /// What is built and given away to be used within a limit only: `Timeout::new(channel, limit)`.
    limited: BTreeSet<Site>,
    /// Calls of libraries that wait with a client which they are lent, and that client.
    lent_to: BTreeMap<Site, Site>,
    /// Names of the functions of the project.
    own: BTreeSet<Ustr>,
    /// Methods and functions that each crate calls.
    called: BTreeSet<(CrateId, Ustr)>,
}

impl<'i> Survey<'i> {
    fn new(index: &'i Index) -> Self {
        let mut survey = Survey {
            index,
            operations: BTreeMap::new(),
            sent_with: BTreeMap::new(),
            limited: BTreeSet::new(),
            lent_to: BTreeMap::new(),
            own: index.defs().fn_ids().map(|function| index.defs().function(function).name).collect(),
            unfollowed: BTreeSet::new(),
            called: BTreeSet::new(),
        };
        for (body, facts, _) in index.bodies().filter(|(body, ..)| !index.is_test(*body)) {
            for (node, _) in facts.iter() {
                let site = Site { body, node };
                survey.lend(site);
                survey.limit(site);
                let Some(path) = index.external(site) else { continue };
                survey.called.insert((index.crate_of(body), path));
                let owner = path.rsplit_once("::").map(|(owner, _)| owner);
                if let Some(owner) = owner.filter(|owner| is_operation(index, site) && !is_server(index, owner)) {
                    survey.operations.entry(ustr(owner)).or_default().push(site);
                    survey.follow(site);
                }
            }
        }
        survey
    }

    /// Notes what an operation is done with.
    fn follow(&mut self, operation: Site) {
        let Some(used) = self.used_by(operation) else { return };
        let built = self.index.made_behind(used, &|entry| entry.when_untimed.is_some());
        if built.is_empty() {
            self.unfollowed.insert(operation);
        }
        for site in built {
            self.sent_with.entry(site).or_default().push(operation);
        }
    }

    /// What an operation is done with: what it is called on, or the client that it is lent.
    fn used_by(&self, operation: Site) -> Option<Site> {
        let lent = self.lent_to.get(&operation);
        let receiver = || match self.index.node(operation).op {
            Op::Method { receiver, .. } => Some(Site { node: receiver, ..operation }),
            _ => None,
        };
        lent.copied().or_else(receiver)
    }

    /// Notes the clients and connections that a call is given which bounds the time of all that is done with them.
    fn limit(&mut self, call: Site) {
        let index = self.index;
        let bounds = |path: Ustr| index.catalogue().lists(Calls::BoundsTime, path);
        let Op::Call { arguments, .. } = &index.node(call).op else { return };
        if !index.external(call).is_some_and(bounds) {
            return;
        }
        let given = arguments.iter().map(|node| Site { node: *node, ..call });
        let given = given.filter(|value| {
            let untimed = |path: &Ustr| index.resource(*path).is_some_and(|entry| entry.when_untimed.is_some());
            !matches!(index.ty(*value), Ty::Future(_)) && index.owned_resources(index.ty(*value)).iter().any(untimed)
        });
        let built = given.flat_map(|value| index.made_behind(value, &|entry| entry.when_untimed.is_some()));
        self.limited.extend(built);
    }

    /// Notes a client that is lent to a call of somebody else's that is waited for: `token.request_async(&client).await`. It asks with that client.
    fn lend(&mut self, wait: Site) {
        let index = self.index;
        let Op::Await(call) = index.node(wait).op else { return };
        let call = Site { node: call, ..wait };
        let (Op::Call { arguments, .. } | Op::Method { arguments, .. }) = &index.node(call).op else { return };
        let client = |given: Site| match index.ty(given) {
            Ty::Ref(of) => Some((given, self.asked_with(of)?)),
            _ => None,
        };
        let lent = arguments.iter().find_map(|node| client(Site { node: *node, ..call }));
        let Some((given, client)) = lent.filter(|_| self.is_foreign(call)) else { return };
        self.lent_to.insert(call, given);
        self.operations.entry(client).or_default().push(call);
        self.follow(call);
    }

    /// Whether a call is none of a function of the project, as far as its name tells.
    fn is_foreign(&self, call: Site) -> bool {
        match (self.index.callee(call), &self.index.node(call).op) {
            (Some(Callee::External(_)), _) => true,
            (Some(Callee::Unknown(_)) | None, Op::Method { name, .. }) => !self.own.contains(name),
            _ => false,
        }
    }

    /// The client that a type is which requests are sent with, and which sets no limit by itself.
    fn asked_with(&self, ty: &Ty) -> Option<Ustr> {
        let Ty::Ext(path, _) = ty.peeled() else { return None };
        let entry = self.index.resource(*path).filter(|entry| entry.when_untimed.is_some())?;
        entry.kind.filter(|kind| kind == "http-client").map(|_| *path)
    }

    /// What waits with a client or connection that is built without a timeout: that is the client's flaw, or that of each request where limits are set on
    /// some of them.
    fn built(&self, construction: &Construction) -> Vec<Diagnostic> {
        let entry = self.index.resource(construction.resource);
        match entry.filter(|entry| self.is_set_by_request(construction.site, entry)) {
            Some(entry) => self.requests_left_out(construction.site, entry),
            None => self.client(construction).into_iter().collect(),
        }
    }

    /// Requests without a limit, where others have one.
    fn requests_left_out(&self, site: Site, entry: &TypeEntry) -> Vec<Diagnostic> {
        let index = self.index;
        let settings = index.settings(site);
        let never_sent = index.is_test(site.body)
            || index.is_built_by_tests_alone(site)
            || index.address_given_to(site).names_this_machine();
        if never_sent || settings.may_include(&entry.timeouts) {
            return Vec::new();
        }
        let sent = self.sent_with.get(&site).into_iter().flatten();
        sent.filter(|at| self.may_wait(site, **at) && !self.may_be_set_on_the_way(site, **at, entry))
            .filter_map(|at| self.left_out(site, *at, entry))
            .collect()
    }

    fn left_out(&self, built: Site, at: Site, entry: &TypeEntry) -> Option<Diagnostic> {
        let index = self.index;
        let calls = self.lent_at(built, at, LENT);
        let proof = self.proof(at, &calls)?;
        let kind = words(&entry.kind?);
        let text = format!("a request over a `{}` has no timeout", entry.path);
        let label = Label::new(index.name_span(at), "waits for as long as the other side likes");
        let setter = entry.request_timeouts.first().and_then(|path| path.rsplit("::").next())?;
        Some(
            Diagnostic::new(ID, confidence(&entry.kind?), text, label)
                .about(index.item_path(at.body), entry.path.as_str())
                .evidence([Label::new(index.name_span(built), format!("the {kind} is built here"))])
                .evidence(proof)
                .note(entry.when_untimed.clone()?)
                .help(format!("set one with `{setter}`, as other requests do, or wait inside `timeout(..)`")),
        )
    }

    /// Whether an operation waits for what is built at a site, with nothing around it that gives up.
    fn may_wait(&self, site: Site, at: Site) -> bool {
        let index = self.index;
        index.is_waited_for(at)
            && (index.waits_without_end(at) || index.waits_while_serving(at).is_some())
            && !index.is_bounded_by_choice(at)
            && self.may_meet(site, at)
    }

    /// Whether a limit may be set on a request. What was set on a client that the request is known to be sent with is seen where that is built, but for clients
    /// that take a limit for the next request alone.
    fn may_be_set_on_the_way(&self, built: Site, at: Site, entry: &TypeEntry) -> bool {
        let setters = [&entry.timeouts[..], &entry.request_timeouts].concat();
        let is_own = |setter: &Ustr| setter.rsplit_once("::").is_some_and(|(owner, _)| entry.path == owner);
        let is_set_where_built = self.sent_with.contains_key(&built) && !setters.iter().any(is_own);
        let settings =
            if is_set_where_built { self.index.settings_since(entry.path, at) } else { self.index.settings(at) };
        settings.may_include(&setters) || self.is_set_on_argument(at, &setters)
    }

    /// A client or connection that is built without a timeout and waits.
    fn client(&self, construction: &Construction) -> Option<Diagnostic> {
        let (index, site) = (self.index, construction.site);
        let entry = index.resource(construction.resource)?;
        let has_effect = index.constructor(site)?.effect.is_some();
        // What is sent in the same call cannot be set later.
        let is_sent_at_once = has_effect && !index.owns(index.ty(site), construction.resource);
        let is_set_somewhere = !is_sent_at_once && self.is_set_later(site, entry);
        let is_followed = self.sent_with.contains_key(&site);
        if index.is_test(site.body)
            || index.is_built_by_tests_alone(site)
            || self.limited.contains(&site)
            || (is_set_somewhere && !is_followed)
            || index.address_given_to(site).names_this_machine()
        {
            return None;
        }
        let settings = index.settings(site);
        let connects = has_effect && !(is_followed && only_connects_in_time(&settings, entry));
        let bounds =
            if connects { [&entry.timeouts[..], &entry.connect_timeouts].concat() } else { entry.timeouts.clone() };
        if settings.may_include(&bounds) || self.is_set_for_another(construction, &bounds) {
            return None;
        }
        // What connects when it is built waits there, and with each of the requests that are known to be sent over it.
        let waiting = match (connects, self.sent_with.get(&site)) {
            (true, Some(sent)) if !entry.timeouts.is_empty() => {
                std::iter::once(site).chain(sent.iter().copied()).collect()
            }
            (true, _) => vec![site],
            (false, _) => self.requests(site, entry),
        };
        let bounded = |at: Site| {
            let on_the_way = || index.settings(at).includes(&entry.timeouts);
            at != site && if is_set_somewhere { self.may_be_set_on_the_way(site, at, entry) } else { on_the_way() }
        };
        let waiting = waiting.into_iter().filter(|at| self.may_wait(site, *at) && !bounded(*at));
        // What is lent for a call waits where that call is made.
        let lent: Vec<(Site, Vec<Site>)> = waiting.map(|at| (at, self.lent_at(site, at, LENT))).collect();
        self.untimed(site, entry, &settings, &lent)
    }

    /// Whether bounds are set where something else is built in place of this: what it stands in for, or what all choices around it build.
    fn is_set_for_another(&self, construction: &Construction, bounds: &[Ustr]) -> bool {
        let (index, site) = (self.index, construction.site);
        // What is made of something else, as by `map`, stands in for nothing.
        let is_alike = |first: &Site| {
            let ty = index.ty(*first);
            !ty.is_whole() || index.owns(ty, construction.resource)
        };
        let first = index.stands_in_for(site).filter(is_alike);
        first.is_some_and(|first| index.settings(first).may_include(bounds))
            || index.choices_around(site).into_iter().any(|all| index.settings(all).includes(bounds))
    }

    /// What is built at a site, of which one of the waits comes again and again, or in a service; with each of them the calls that it is done for.
    fn untimed(
        &self,
        site: Site,
        entry: &TypeEntry,
        settings: &Settings,
        lent: &[(Site, Vec<Site>)],
    ) -> Option<Diagnostic> {
        let index = self.index;
        let again = || lent.iter().find_map(|(at, calls)| Some((*at, self.repeated(*at, calls)?)));
        let led_to = || lent.iter().find_map(|(at, calls)| Some((*at, self.led_to(*at, calls)?)));
        let (waiting, proof) = again().or_else(led_to)?;
        // Who listens there was mostly put beside the program, and its limits are not seen here.
        let local = lent.iter().all(|(at, _)| index.address_asked_by(*at).defaults_to_this_machine());
        let begin = settings.begins.first().copied().unwrap_or(site);
        let kind = words(&entry.kind?);
        let elsewhere = |at: Site, text: String| (at != begin).then(|| Label::new(index.name_span(at), text));
        let evidence = [
            elsewhere(site, format!("the {kind} is built here")).filter(|_| begin.body != site.body),
            elsewhere(waiting, "waits here for as long as the other side likes".to_owned()),
        ];
        let only_connects = if settings.may_include(&entry.connect_timeouts) { " but to connect" } else { "" };
        let message = format!("a `{}` has no timeout{only_connects}", entry.path);
        let label = Label::new(index.span(begin), "nothing here or on the way sets one");
        let confidence = if local {
            Confidence::Hint
        } else if index.is_an_attempt(waiting) {
            // What is tried next is not tried until this has been given up.
            Confidence::Likely
        } else {
            confidence(&entry.kind?)
        };
        let setter = entry.timeouts.first().and_then(|path| path.rsplit("::").next());
        let set = setter.map_or(String::new(), |setter| format!("set one with `{setter}`, or "));
        Some(
            Diagnostic::new(ID, confidence, message, label)
                .about(index.item_path(begin.body), entry.path.as_str())
                .evidence(evidence.into_iter().flatten())
                .evidence(proof)
                .note(entry.when_untimed.clone()?)
                .help(format!("{set}wait inside `timeout(..)`")),
        )
    }

    /// What shows that a wait matters which is done for some calls.
    fn proof(&self, at: Site, calls: &[Site]) -> Option<Vec<Label>> {
        self.repeated(at, calls).or_else(|| self.led_to(at, calls))
    }

    /// What shows that a wait without end is come to again and again while a program serves, by way of one of the calls that it is done for.
    fn repeated(&self, at: Site, calls: &[Site]) -> Option<Vec<Label>> {
        let index = self.index;
        if index.waits_without_end(at) {
            return calls.iter().find_map(|at| Some(index.while_serving(*at)?.evidence));
        }
        let way = index.waits_while_serving(at)?;
        let is_on_it = |call: &Site| *call == at || way.way.contains(call);
        calls.iter().any(is_on_it).then_some(way.evidence)
    }

    /// What shows that a service leads to one of the calls that a wait is done for. Where something gives up on one of the ways, it may be this one.
    fn led_to(&self, at: Site, calls: &[Site]) -> Option<Vec<Label>> {
        if !self.index.waits_without_end(at) {
            return None;
        }
        calls.iter().find_map(|call| Some(vec![self.index.led_to_by_service(*call)?]))
    }

    /// A command that is run while serving and waited for. Most end by themselves, and are a hint; what talks to a peer ends when the peer likes.
    fn run(&self, site: Site, entry: &TypeEntry) -> Option<Diagnostic> {
        let index = self.index;
        let repeated = index.waits_while_serving(site)?;
        if index.settings(site).may_include(&entry.timeouts) {
            return None;
        }
        let often = repeated.repeats.words();
        let text = format!("a command is run {often} with no timeout");
        let label = Label::new(index.name_span(site), "waits for as long as the child likes");
        let confidence = if index.runs_network_program(site) { Confidence::Likely } else { Confidence::Hint };
        Some(
            Diagnostic::new(ID, confidence, text, label)
                .about(index.item_path(site.body), entry.path.as_str())
                .evidence(repeated.evidence)
                .note(entry.when_untimed.clone()?)
                .help("give up on it after a while: have it killed on drop, and wait inside `timeout(..)`"),
        )
    }

    /// Requests that are sent with what a site builds. Where it is not known to send any, those of the same crate of which it is not known what
    /// sends them.
    fn requests(&self, site: Site, entry: &TypeEntry) -> Vec<Site> {
        if let Some(sent) = self.sent_with.get(&site) {
            return sent.clone();
        }
        let krate = self.index.crate_of(site.body);
        let sites = owners(entry).into_iter().filter_map(|owner| self.operations.get(&owner)).flatten();
        let sites = sites.copied().filter(|site| self.unfollowed.contains(site));
        sites.filter(|site| self.index.crate_of(site.body) == krate).collect()
    }

    /// The calls that an operation is done in with what a site builds, as seen from where that is no parameter any more; the operation itself, where its
    /// resource is none.
    fn lent_at(&self, built: Site, at: Site, fuel: u32) -> Vec<Site> {
        let Some(used) = self.used_by(at) else { return vec![at] };
        self.lenders(built, at, used, fuel)
    }

    /// The same for a call that is given a value to do it with.
    fn lenders(&self, built: Site, at: Site, used: Site, fuel: u32) -> Vec<Site> {
        let index = self.index;
        let lent = index.function_of(at.body).zip(self.parameter_itself(used)).zip(fuel.checked_sub(1));
        let Some(((function, position), fuel)) = lent.filter(|_| !self.turns_here(at)) else { return vec![at] };
        let calls = index.calls.callers(function).iter().filter(|call| !index.is_test(call.site.body));
        // Who hands a handler to a server does not call it.
        let calls = calls.filter(|call| call.runs != Runs::Request);
        let given: Vec<(Site, Site)> =
            calls.filter_map(|call| Some((call.site, index.argument_at(call.site, function, position)?))).collect();
        // Who calls a handler is not known here.
        if given.is_empty() {
            return vec![at];
        }
        let own = given.into_iter().filter(|(_, given)| {
            let made = index.made_behind(*given, &|entry| entry.when_untimed.is_some());
            made.is_empty() || made.contains(&built)
        });
        own.flat_map(|(call, given)| self.lenders(built, call, given, fuel)).collect()
    }

    /// Whether a loop around a call in its own function repeats it, whoever calls that.
    fn turns_here(&self, at: Site) -> bool {
        let repeated = self.index.while_serving(at);
        repeated.is_some_and(|repeated| repeated.in_loop.is_some_and(|(body, _)| body == at.body))
    }

    /// The parameter that a value is itself, or that methods are called on one after the other: no field of one.
    fn parameter_itself(&self, value: Site) -> Option<usize> {
        let mut at = value;
        loop {
            at.node = match &self.index.node(at).op {
                Op::Local(local) => return self.index.parameter_of(at.body, *local).flatten(),
                Op::Method { receiver, .. } => *receiver,
                Op::Reference { of, .. } | Op::Deref(of) => *of,
                _ => return None,
            };
        }
    }

    /// Whether what is built at one place may be used at another: one program comes to both, or it is not known which comes to the first.
    fn may_meet(&self, built: Site, used: Site) -> bool {
        let mut building =
            self.index.programs().iter().filter(|program| program.reach.contains(&built.body)).peekable();
        building.peek().is_none() || building.any(|program| program.is_service() && program.reach.contains(&used.body))
    }

    /// Whether what is built sets no timeout that counts for what is sent with it, and some requests that are sent set their own.
    fn is_set_by_request(&self, site: Site, entry: &TypeEntry) -> bool {
        let sent = self.sent_with.get(&site).into_iter().flatten();
        let mut crates: BTreeSet<CrateId> = sent.map(|at| self.index.crate_of(at.body)).collect();
        let is_sent = !crates.is_empty();
        crates.insert(self.index.crate_of(site.body));
        let is_called = |setter: &Ustr| crates.iter().any(|krate| self.called.contains(&(*krate, *setter)));
        is_sent && entry.request_timeouts.iter().any(is_called)
    }

    /// Whether the crate sets a timeout on some request, or on something that was built: it may be for this one.
    fn is_set_later(&self, site: Site, entry: &TypeEntry) -> bool {
        let krate = self.index.crate_of(site.body);
        let is_called = |setter: &Ustr| self.called.contains(&(krate, *setter));
        let on_some_request = entry.request_timeouts.iter().any(is_called);
        on_some_request
            || entry.timeouts.iter().filter(|setter| is_called(setter)).any(|setter| {
                let owner = setter.rsplit_once("::").map(|(owner, _)| ustr(owner));
                owner.is_some_and(|owner| {
                    owner == entry.path || self.operations.contains_key(&owner) || self.is_sent(entry, owner)
                })
            })
    }

    /// Whether a timeout may be set on something that an operation is given.
    fn is_set_on_argument(&self, operation: Site, setters: &[Ustr]) -> bool {
        let Op::Method { arguments, .. } = &self.index.node(operation).op else { return false };
        let takes_one = |ty: &Ty| match ty.peeled() {
            Ty::Ext(path, _) => setters.iter().any(|s| s.rsplit_once("::").is_some_and(|(of, _)| of == path.as_str())),
            ty => matches!(ty, Ty::Unknown | Ty::Param(_) | Ty::Bounded(_)),
        };
        let arguments = arguments.iter().map(|node| Site { node: *node, ..operation });
        let mut requests =
            arguments.filter(|argument| takes_one(self.index.ty(*argument)) && !self.is_a_message(*argument));
        requests.any(|request| self.index.settings(request).may_include(setters))
    }

    /// Whether a value is what a request says, and not the request: of a type that somebody generates, as a literal or a parameter shows.
    fn is_a_message(&self, value: Site) -> bool {
        let index = self.index;
        let is_literal = |node: NodeId| matches!(index.node(Site { node, ..value }).op, Op::Struct { .. });
        *index.ty(value) == Ty::Unknown
            && match index.node(value).op {
                Op::Local(local) => {
                    index.parameter_of(value.body, local).flatten().is_some()
                        || index.init_of(value.body, local).is_some_and(is_literal)
                }
                _ => is_literal(value.node),
            }
    }

    /// Whether values of a type are given to operations of a resource: `client.execute(request)`.
    fn is_sent(&self, entry: &TypeEntry, ty: Ustr) -> bool {
        let is_it = |site: Site| matches!(self.index.ty(site).peeled(), Ty::Ext(path, _) if *path == ty);
        self.operations.get(&entry.path).into_iter().flatten().any(|site| match &self.index.node(*site).op {
            Op::Method { arguments, .. } => arguments.iter().any(|node| is_it(Site { node: *node, ..*site })),
            _ => false,
        })
    }
}

/// A peer's first words that nobody stops waiting for.
fn greeted(index: &Index, site: Site) -> Option<Diagnostic> {
    let introduces = index.introduces(site);
    if !index.is_waited_for(site)
        || index.is_bounded_by_choice(site)
        || introduces && index.address_given_to(site).leads_to_this_machine()
    {
        return None;
    }
    let peer = if introduces { "takes the connection" } else { "connects" };
    Some(waited_for(index, site, "a peer's handshake", "handshake", None)?.note(format!(
        "a peer that {peer} and then says nothing keeps the socket, and all that waits for the handshake, forever"
    )))
}

/// What a peer answers that nobody stops waiting for.
fn answered(index: &Index, site: Site, connected: Site) -> Option<Diagnostic> {
    if index.address_given_to(connected).names_this_machine() {
        return None;
    }
    let connects = Label::new(index.name_span(connected), "it is connected to here");
    Some(
        waited_for(index, site, "the answer of a peer", "answer", Some(connects))?
            .note("a peer that takes the connection and then says nothing holds the socket, and all that waits for the answer, forever"),
    )
}

/// What somebody who connects says first, that nobody stops waiting for.
fn spoken_to(index: &Index, site: Site, taken: Site) -> Option<Diagnostic> {
    let connects = Label::new(index.name_span(taken), "the connection is taken here");
    Some(
        waited_for(index, site, "what a client says first", "first words", Some(connects))?
            .note("whoever connects and then says nothing keeps the socket, and all that waits for it, forever"),
    )
}

/// The answer to a datagram, which nobody sends again.
fn may_be_lost(index: &Index, site: Site, sent: Site) -> Option<Diagnostic> {
    let sends = Label::new(index.name_span(sent), "what it answers is sent here");
    Some(
        waited_for(index, site, "the answer to a datagram", "datagram", Some(sends))?
            .note("a datagram may be lost on either way: then there is no answer, and this waits forever")
            .help("wait inside `timeout(..)`, and send it again where the time is up"),
    )
}

/// A client that is served before the next one is let in, for as long as it likes.
fn in_line(index: &Index, served: &ServedInLine) -> Option<Diagnostic> {
    let ServedInLine { service, taken, wait } = *served;
    let span = index.span(service);
    if !index.waits_without_end(wait) || !index.waits_without_end(service) || index.is_intended(span) {
        return None;
    }
    let proof = index.led_to_by_service(service)?;
    let within = (wait != service).then(|| Label::new(index.span(wait), "waits for as long as the client likes"));
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            "clients are served one after the other, each without a deadline",
            Label::new(span, "nobody else is let in until this client is done"),
        )
        .about(index.item_path(service.body), "one after the other")
        .evidence([Label::new(index.name_span(taken), "connections are taken here")])
        .evidence(within)
        .evidence([proof])
        .note("one client that connects and then says nothing keeps all others waiting, forever")
        .help("serve each connection in a task of its own, or wait inside `timeout(..)`"),
    )
}

/// A wait for a peer again and again, or in a service.
fn waited_for(index: &Index, site: Site, what: &str, about: &str, first: Option<Label>) -> Option<Diagnostic> {
    let span = index.span(site);
    let again = || index.waits_while_serving(site).map(|repeated| repeated.evidence);
    let led = || index.led_to_by_service(site).filter(|_| index.waits_without_end(site));
    let proof = again().or_else(|| Some(vec![led()?]))?;
    (!index.is_intended(span)).then(|| {
        let label = Label::new(span, "waits for as long as the peer likes");
        Diagnostic::new(ID, Confidence::Likely, format!("{what} is waited for without a deadline"), label)
            .about(index.item_path(site.body), about)
            .evidence(first)
            .evidence(proof)
            .help("wait inside `timeout(..)`, and close the connection where the time is up")
    })
}

/// Whether only the wait for a connection is bounded, of something that requests are sent with: they are what may still wait. How long a database works on a
/// question is its own affair.
fn only_connects_in_time(settings: &Settings, entry: &TypeEntry) -> bool {
    settings.includes(&entry.connect_timeouts) && entry.kind.is_some_and(|kind| confidence(&kind) > Confidence::Hint)
}

/// The kernel gives up connecting by itself, after minutes: only a server that takes the connection and then says nothing is waited for without end.
fn confidence(kind: &str) -> Confidence {
    if ["socket", "database-connection"].contains(&kind) { Confidence::Hint } else { Confidence::Likely }
}

/// Whether a method has an effect and gives its result, and so waits for it. One that makes something that goes on by itself, such as a child, does not.
fn is_operation(index: &Index, site: Site) -> bool {
    let waits = index.callable(site).filter(|callable| callable.constructs.is_none());
    let effect = waits.and_then(|callable| callable.effect);
    let gives = index.ty(site).given().is_result();
    let is_method = matches!(index.node(site).op, Op::Method { .. });
    is_method && gives && effect.is_some_and(|effect| effect != Effect::Finish)
}

/// Whether a type is a server, as what ends it gracefully tells: it waits for others, and asks nobody.
fn is_server(index: &Index, ty: &str) -> bool {
    let mut endings = index.catalogue().servers().iter().flat_map(|server| &server.graceful);
    endings.any(|path| path.rsplit_once("::").is_some_and(|(owner, _)| owner == ty))
}

/// The types whose operations wait: the resource and those of its setters.
fn owners(entry: &TypeEntry) -> BTreeSet<Ustr> {
    let of_setters = entry.timeouts.iter().filter_map(|path| path.rsplit_once("::").map(|(owner, _)| ustr(owner)));
    of_setters.chain([entry.path]).collect()
}
