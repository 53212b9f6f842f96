//! Waits for the first words of a peer, be it one that connects or one that is connected to: calls of libraries that are such a wait, functions of the
//! project that say so by their name and read, and reads of what somebody answers whom the program has connected to.
//! Knows nothing of deadlines around them, only of those that functions of the project set within.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::{Calls, Runs, TypeEntry};
use crate::facts::model::{LocalId, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::{Call, Site};
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;

/// Through how many functions of the project a read is looked for.
const DEPTH: u32 = 3;

impl Index {
    /// The handshakes that code which is no test waits for; of those that are a part of each other the innermost, where the peer is waited for.
    pub fn handshakes(&self) -> Vec<Site> {
        let is_one = |site: &Site| {
            let is_one =
                self.is_listed_handshake(*site) || self.is_own_handshake(*site) || self.is_first_exchange(*site);
            is_one && !self.has_both_ends_here(*site)
        };
        self.shipped_sites().filter(is_one).collect()
    }

    /// Where code that is no test waits for what a peer answers that it has connected to, and where it has.
    pub fn answers(&self) -> Vec<(Site, Site)> {
        self.first_reads(Calls::Dials)
    }

    /// Where code that is no test waits for what somebody says first who connects over the network, and where the connection is taken.
    pub fn first_words(&self) -> Vec<(Site, Site)> {
        let mut found = self.first_reads(Calls::Accepts);
        // A handshake is told of where it is called.
        found.retain(|(read, taken)| !self.is_part_of_a_handshake(*read) && self.listens_to_the_network(*taken));
        found
    }

    /// Whether a call is given a stream whose other end is in the same program.
    fn has_both_ends_here(&self, call: Site) -> bool {
        let here =
            |ty: &Ty| matches!(ty.peeled(), Ty::Ext(path, _) if self.catalogue().lists(Calls::BothEndsHere, *path));
        self.node(call).op.operands().into_iter().any(|given| here(self.ty(Site { node: given, ..call })))
    }

    fn is_part_of_a_handshake(&self, read: Site) -> bool {
        let calls = self.function_of(read.body).map(|function| self.calls.callers(function));
        let is_called_so = calls.unwrap_or_default().iter().any(|call| self.is_called_handshake(call.site));
        is_called_so || self.is_called_handshake(self.unawaited(read))
    }

    /// Whether connections are taken from elsewhere: not over a path of this machine, nor at an address that is written out and is its own.
    pub(super) fn listens_to_the_network(&self, taken: Site) -> bool {
        let over_a_path = self.external(taken).is_some_and(|path| path.contains("Unix"));
        let Op::Method { receiver, .. } = self.node(taken).op else { return !over_a_path };
        let is_listener = |entry: &TypeEntry| entry.kind.is_some_and(|kind| kind == "listener");
        let bound = self.made_behind(Site { node: receiver, ..taken }, &is_listener);
        !over_a_path && !bound.into_iter().any(|bound| self.names_loopback(bound))
    }

    /// The first reads of connections that calls of a kind make: reads of the connection, or calls of functions of the project that are given it and read.
    /// What reads in a loop may wait for whatever comes next.
    fn first_reads(&self, makes: Calls) -> Vec<(Site, Site)> {
        let read = |site: Site| Some((site, self.connection_read(site, makes)?));
        let mut found: Vec<(Site, Site)> = self.shipped_sites().filter_map(read).collect();
        // Of one connection the first read is one too many to wait for.
        let mut seen = HashSet::default();
        found.retain(|(_, made)| seen.insert(*made));
        found
    }

    /// The call that makes the connection that is read of, once for each.
    fn connection_read(&self, site: Site, makes: Calls) -> Option<Site> {
        let Op::Await(call) = self.node(site).op else { return None };
        let call = Site { node: call, ..site };
        let given: Vec<NodeId> = match &self.node(call).op {
            Op::Method { receiver, .. } if self.external(call).is_some() && self.reads(site) => vec![*receiver],
            Op::Call { arguments, .. } | Op::Method { arguments, .. } if self.only_reads_once(call) => {
                arguments.clone()
            }
            _ => return None,
        };
        let made_behind = |node: NodeId| {
            let value = Site { node, ..site };
            self.connections_behind(value).into_iter().filter(move |made| self.is_anew_for_each(value, *made))
        };
        let is_wanted = |made: &Site| self.external(*made).is_some_and(|path| self.catalogue().lists(makes, path));
        given.into_iter().flat_map(made_behind).filter(is_wanted).min()
    }

    /// Whether a connection is read of once where it is given as a value: every loop around that makes one, or it was given away to where there is no loop.
    /// Who is lent a connection may be called for each message on it.
    fn is_anew_for_each(&self, value: Site, made: Site) -> bool {
        let facts = self.body(value.body);
        let around = self.loops_around(value);
        if made.body == value.body {
            return around.iter().all(|around| facts.is_inside(facts.node(made.node).region, around.region));
        }
        around.is_empty() && self.is_given_away(value)
    }

    /// Whether a value is a parameter that the function owns.
    fn is_given_away(&self, value: Site) -> bool {
        match self.node(value).op {
            Op::Reference { of, .. } => self.is_given_away(Site { node: of, ..value }),
            Op::Local(local) => {
                let is_parameter = self.parameter_of(value.body, local).flatten().is_some();
                is_parameter && !matches!(self.info(value.body).local(local), Ty::Ref(_))
            }
            _ => false,
        }
    }

    /// Whether a function of the project waits for what comes next and is done with that.
    fn only_reads_once(&self, call: Site) -> bool {
        let Some(Callee::Workspace(_)) = self.callee(call) else { return false };
        let Some(body) = self.called_directly(call) else { return false };
        let leads = |wanted: &dyn Fn(Site) -> bool| self.leads_to(body, wanted, DEPTH, &mut HashSet::default());
        leads(&|site| self.reads(site))
            && !leads(&|site| {
                let goes_on = matches!(self.node(site).op, Op::Await(_)) && !self.loops_around(site).is_empty();
                goes_on
                    || self.bounds_time(site)
                    || self.is_listed_handshake(site)
                    || matches!(self.node(site).op, Op::Select { .. })
            })
    }

    fn is_listed_handshake(&self, site: Site) -> bool {
        let listed = |path: Ustr| self.catalogue().lists(Calls::Handshakes, path);
        self.external(site).is_some_and(listed) || self.introduces(site)
    }

    /// Whether a call turns to a peer, and waits for what it answers.
    pub fn introduces(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Introduces, path))
    }

    fn is_own_handshake(&self, site: Site) -> bool {
        if !self.is_called_handshake(site) {
            return false;
        }
        let Some(body) = self.called_directly(site) else { return false };
        let leads = |wanted: &dyn Fn(Site) -> bool| self.leads_to(body, wanted, DEPTH, &mut HashSet::default());
        leads(&|site| self.reads(site))
            && !leads(&|site| {
                self.is_listed_handshake(site) || self.is_called_handshake(site) || self.bounds_time(site)
            })
    }

    /// Whether it is the first read of a function that is given a connection, says and reads something on it, and gives it back as a part of what it makes:
    /// who is on the other side is found out there.
    fn is_first_exchange(&self, site: Site) -> bool {
        let Some((_, local)) = self.spoken_on(site).filter(|_| self.reads(site)) else { return false };
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let is_given = self.parameter_of(site.body, local).flatten().is_some();
        let ty = info.local(local);
        let is_lent = matches!(ty, Ty::Ref(_));
        // A file, or what a program on this machine reads, answers at once.
        let owned: Vec<Ustr> = self.owned_resources(ty).into_iter().filter_map(|path| self.kind(path)).collect();
        let is_socket = !owned.is_empty() && owned.iter().all(|kind| kind == "socket");
        if !is_given || is_lent || !is_socket || !self.loops_around(site).is_empty() {
            return false;
        }
        let others = || facts.iter().map(|(node, _)| Site { node, ..site });
        let on_it = |other: &Site| matches!(self.spoken_on(*other), Some((_, of)) if of == local);
        let answers = |name: &str| name.starts_with("write") || name.starts_with("send");
        let is_answer = |other: Site| on_it(&other) && self.spoken_on(other).is_some_and(|(name, _)| answers(&name));
        let is_first = !others().any(|other| other.node < site.node && on_it(&other) && self.reads(other));
        is_first && others().any(is_answer) && self.keeps_in_what_it_gives(site.body, local)
    }

    /// The method that an awaited call is of a variable, and that variable.
    fn spoken_on(&self, site: Site) -> Option<(Ustr, LocalId)> {
        let Op::Await(call) = self.node(site).op else { return None };
        let Op::Method { receiver, name, .. } = &self.node(Site { node: call, ..site }).op else { return None };
        match self.node(Site { node: *receiver, ..site }).op {
            Op::Local(local) => Some((*name, local)),
            _ => None,
        }
    }

    /// Whether a variable is a part of a value that a body makes and gives back.
    fn keeps_in_what_it_gives(&self, body: BodyRef, local: LocalId) -> bool {
        let facts = self.body(body);
        let is_it = |node: &NodeId| matches!(facts.node(*node).op, Op::Local(of) if of == local);
        let mut values = self.returned_values(body);
        while let Some(node) = values.pop() {
            match &facts.node(node).op {
                Op::Struct { fields, .. } if fields.iter().any(|(_, given)| is_it(given)) => return true,
                op => values.extend(op.operands()),
            }
        }
        false
    }

    /// Whether a function of the project is called that has the word in its name, and not as what it sends.
    fn is_called_handshake(&self, site: Site) -> bool {
        match self.callee(site) {
            Some(Callee::Workspace(function)) => {
                let mut words = self.defs().function(*function).name.as_str().split('_').peekable();
                !matches!(words.peek(), Some(&"send" | &"write")) && words.any(|word| word == "handshake")
            }
            _ => false,
        }
    }

    /// Whether an awaited call reads, as methods that read are called.
    pub(super) fn reads(&self, site: Site) -> bool {
        let Op::Await(of) = self.node(site).op else { return false };
        match &self.node(Site { node: of, ..site }).op {
            // `lock.read().await` waits for a lock.
            Op::Method { name, arguments, .. } if name == "read" => !arguments.is_empty(),
            Op::Method { name, .. } => name.starts_with("read") || name == "next" || name == "next_line",
            _ => false,
        }
    }

    /// Whether a body comes to a place that is wanted, itself or in a function that it calls and waits for.
    fn leads_to(&self, body: BodyRef, wanted: &dyn Fn(Site) -> bool, depth: u32, seen: &mut HashSet<BodyRef>) -> bool {
        self.led_to_from(body, wanted, depth, seen).is_some()
    }

    /// A place that is wanted and that a body comes to, as in [`Index::leads_to`].
    fn led_to_from(
        &self,
        body: BodyRef,
        wanted: &dyn Fn(Site) -> bool,
        depth: u32,
        seen: &mut HashSet<BodyRef>,
    ) -> Option<Site> {
        if !seen.insert(body) {
            return None;
        }
        let mut own = self.body(body).iter().map(|(node, _)| Site { body, node });
        if let Some(site) = own.find(|site| self.is_run_by_body_itself(*site) && wanted(*site)) {
            return Some(site);
        }
        let depth = depth.checked_sub(1)?;
        let waited_for = |call: &&Call| call.runs == Runs::Inline && self.is_run_by_body_itself(call.site);
        let calls = self.calls.callees(body).iter().filter(waited_for);
        let callees = calls.filter_map(|call| self.called_directly(call.site));
        callees.collect::<Vec<_>>().into_iter().find_map(|callee| self.led_to_from(callee, wanted, depth, seen))
    }

    /// The first place that is wanted to which a function comes that is called for one peer, itself or in what it calls and waits for, unless anything
    /// there sets a limit, or is a handshake that is told of by itself.
    pub(super) fn waits_for_peer_within(&self, body: BodyRef, wanted: &dyn Fn(Site) -> bool) -> Option<Site> {
        let limits = |site: Site| {
            self.bounds_time(site)
                || self.limits_a_socket(site)
                || self.is_listed_handshake(site)
                || self.is_called_handshake(site)
        };
        let found = self.led_to_from(body, wanted, DEPTH, &mut HashSet::default())?;
        (!self.leads_to(body, &limits, DEPTH, &mut HashSet::default())).then_some(found)
    }

    /// Whether a call sets how long is waited for what a socket reads.
    pub(super) fn limits_a_socket(&self, site: Site) -> bool {
        let entry = |path: Ustr| self.resource(Ustr::from(path.rsplit_once("::")?.0));
        let sets = |path: Ustr| {
            let socket = entry(path).filter(|entry| entry.kind.is_some_and(|kind| kind == "socket"));
            socket.is_some_and(|entry| entry.timeouts.contains(&path))
        };
        self.external(site).is_some_and(sets)
    }
}
