//! What operations touch: the effect whose error a value carries, followed through adapters and through workspace functions that pass it on.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use ustr::Ustr;

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{Body, LocalId, NodeId, Op, Region, RegionId, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId, TypeId};
use crate::index::{Index, Ty};

/// The effect behind a value, with the calls that lead to it from the outside in.
#[derive(Debug, Clone)]
pub struct Effected {
    pub effect: Effect,
    /// The operation only looks: nothing that should have happened is missing when it fails.
    pub looks: bool,
    /// A function on the way tells of its error before it passes it on.
    pub told: bool,
    /// The call of the operation itself comes last.
    pub chain: Vec<Site>,
}

/// What the error of each function of the workspace stems from.
pub type Effects = HashMap<FnId, Passed>;

/// The operation whose error a function passes on.
#[derive(Debug, Clone, Copy)]
pub struct Passed {
    effect: Effect,
    looks: bool,
    told: bool,
    /// A branch gives it back: what is told apart there may be less than all that the operation fails with.
    by_branch: bool,
    site: Site,
}

impl Passed {
    /// Of several operations the one that is missed most comes first: one that nothing tells of, and one that changes something.
    fn rank(&self) -> (bool, bool, bool) {
        (self.told, self.looks, self.by_branch)
    }
}

const FUEL: u32 = 12;

/// Of several operations of which any may fail the one whose error is missed most: one that nothing tells of, and one that changes something.
fn most_missed(found: impl Iterator<Item = Effected>) -> Option<Effected> {
    found.min_by_key(|found| (found.told, found.looks))
}

/// Functions that return a `Result` whose error is that of an operation inside them, directly or through others.
pub fn find(index: &Index) -> Effects {
    let mut effects = Effects::default();
    let candidates: Vec<(FnId, Vec<NodeId>)> = index
        .bodies()
        .filter_map(|(body, _, _)| Some((index.function_of(body)?, body)))
        .filter(|(id, _)| index.signatures().functions[id.index()].returns.given().is_result())
        .map(|(id, body)| (id, index.passed_on(body)))
        .collect();
    loop {
        let mut grown = false;
        for (id, values) in &candidates {
            if effects.get(id).is_some_and(|known| known.rank() == (false, false, false)) {
                continue;
            }
            let Some(body) = index.defs().body_of(*id) else { continue };
            let found = values.iter().filter_map(|node| index.passed(Site { body, node: *node }, &effects));
            let Some(best) = found.min_by_key(Passed::rank) else { continue };
            if effects.get(id).is_none_or(|known| best.rank() < known.rank()) {
                effects.insert(*id, best);
                grown = true;
            }
        }
        if !grown {
            return effects;
        }
    }
}

impl Index {
    /// The value whose error a `?` passes on: `.ok()?` passes on that there is nothing, and no error.
    fn tried(&self, body: BodyRef, op: &Op) -> Option<NodeId> {
        match *op {
            Op::Try(of) => Some(of).filter(|of| !self.ty(Site { body, node: *of }).is_option()),
            _ => None,
        }
    }

    /// Values whose error leaves the function: under `?`, returned, or its last value.
    pub fn passed_on(&self, body: BodyRef) -> Vec<NodeId> {
        let tried = self.body(body).nodes.iter().filter_map(|node| self.tried(body, &node.op));
        self.returned_values(body).into_iter().chain(tried).collect()
    }

    /// Values whose error leaves a function, closure or async block, those of blocks further in aside.
    pub fn passed_on_in(&self, body: BodyRef, whole: RegionId) -> Vec<NodeId> {
        let facts = self.body(body);
        let is_whole = |r: &Region| matches!(r.kind, RegionKind::Function | RegionKind::Closure | RegionKind::Async);
        let left = |region: RegionId| facts.outwards(region).find(|(_, r)| is_whole(r)).map(|(at, _)| at);
        let leaving =
            facts.nodes.iter().filter(|node| left(node.region) == Some(whole)).filter_map(|node| match node.op {
                Op::Return(Some(of)) => Some(of),
                _ => self.tried(body, &node.op),
            });
        facts.region(whole).value.into_iter().chain(leaving).collect()
    }

    /// Whether an error has nothing in it that could tell what went wrong: `()`, or a type of the workspace that is no more than its name.
    pub fn says_nothing(&self, error: &Ty) -> bool {
        let is_bare = |id: TypeId| {
            let item = self.defs().type_def(id);
            item.fields.is_empty() && item.variants.is_empty()
        };
        *error == Ty::unit() || matches!(error, Ty::Adt(id, _) if is_bare(*id))
    }

    /// Whether a function also fails where nothing is broken: it makes an error of its own, as for what is not there.
    pub fn makes_errors(&self, body: BodyRef) -> bool {
        self.body(body).iter().any(|(node, facts)| {
            let site = Site { body, node };
            let made = match &facts.op {
                Op::Method { receiver, name, .. }
                    if name == "ok_or" || name == "ok_or_else" || name.contains("context") =>
                {
                    self.ty(Site { node: *receiver, ..site }).is_option()
                }
                Op::Call { .. } | Op::Macro(_) => self.is_failure(site),
                _ => false,
            };
            made && !self.body(body).outwards(facts.region).any(|(region, _)| self.is_entered_by_error(body, region))
        })
    }

    /// What a value that leaves its function passes on.
    fn passed(&self, value: Site, effects: &Effects) -> Option<Passed> {
        let Effected { effect, looks, told, chain } = self.effect_with(value, effects, FUEL)?;
        let told = told || self.is_told_on_its_way(value);
        let by_branch = matches!(self.node(value).op, Op::Match { .. }) || self.is_failure(value);
        Some(Passed { effect, looks, told, by_branch, site: chain.first().copied().unwrap_or(value) })
    }

    /// The operation whose error a value carries, where that is known.
    pub fn effect(&self, site: Site) -> Option<Effected> {
        self.effect_with(site, &self.effects, FUEL)
    }

    /// Whether each function that a call may run, and that passes an error on, tells of its errors: of a trait's all that implement it.
    pub fn all_tell_of_their_errors(&self, call: Site) -> bool {
        let Some(Callee::Trait(function)) = self.callee(call) else { return false };
        let mut failing = self.may_call(call, *function);
        failing.retain(|id| self.may_run_from(call.body, *id) && self.effects.contains_key(id));
        failing.into_iter().all(|id| self.linked_body(id).is_some_and(|body| self.tells_of_its_errors(body)))
    }

    /// The call of a library whose error a call passes on in the end.
    pub fn operation_behind(&self, call: Site) -> Site {
        self.way_to_operation(call).last().unwrap_or(call)
    }

    /// The calls that lead from one to the operation whose error it passes on, from the outside in, both among them.
    pub fn way_to_operation(&self, call: Site) -> impl Iterator<Item = Site> + '_ {
        let next =
            |at: &Site| self.effect(*at).and_then(|found| found.chain.last().copied()).filter(|inner| inner != at);
        std::iter::successors(Some(call), next).take(FUEL as usize)
    }

    /// What a call of a library changes outside of the program; none where it only looks, or where nobody would miss it.
    pub fn changes(&self, site: Site) -> Option<Effect> {
        let called = self.called(site, &Effects::default()).filter(|called| !called.looks && !self.only_asks(site));
        let changes =
            |effect: &Effect| matches!(effect, Effect::File | Effect::Database | Effect::Network | Effect::Storage);
        called.map(|called| called.effect).filter(changes)
    }

    /// Whether a call sends a request that only asks for something.
    fn only_asks(&self, site: Site) -> bool {
        let begins = |path: &Ustr| self.catalogue().lists(Calls::Requests, *path);
        match self.node(site).op {
            Op::Method { .. } => self.settings(site).set.iter().any(begins),
            _ => self.external(site).is_some_and(|path| begins(&path)),
        }
    }

    /// Whether what a call is given to run reaches out of the program, as far as that is known: in the blocks and closures that are written in it, and
    /// in the functions of the workspace that are called there.
    pub fn reaches_out(&self, call: Site) -> bool {
        let written = self.node(call).range;
        let mut queue: Vec<Site> =
            self.info(call.body).callees.keys().map(|node| Site { node: *node, ..call }).collect();
        queue.retain(|site| *site != call && written.contains(self.node(*site).range));
        let mut seen = HashSet::default();
        while let Some(site) = queue.pop() {
            let called = match self.callee(site) {
                Some(Callee::External(_)) if self.callable(site).is_some_and(|callable| callable.effect.is_some()) => {
                    return true;
                }
                Some(Callee::Workspace(function) | Callee::Trait(function)) => self.may_call(site, *function),
                _ => continue,
            };
            let bodies =
                called.into_iter().filter_map(|id| self.defs().body_of(id).filter(|body| self.is_linked(*body)));
            for body in bodies.filter(|body| seen.insert(*body)) {
                queue.extend(self.info(body).callees.keys().map(|node| Site { body, node: *node }));
            }
        }
        false
    }

    /// What is lost with the error of a library's future that does the work of something else, as that of a connection or a server.
    pub fn effect_when_awaited(&self, future: Site) -> Option<Effected> {
        let Ty::Ext(path, _) = self.ty(future) else { return None };
        let effect = self.catalogue().method(*path, ustr::ustr("await"))?.1.effect?;
        Some(Effected { effect, looks: false, told: false, chain: vec![future] })
    }

    fn effect_with(&self, site: Site, effects: &Effects, fuel: u32) -> Option<Effected> {
        // What waits for a task passes on the errors of that.
        let awaited = || self.effect_when_awaited(site).filter(|found| found.effect != Effect::Join);
        self.effect_made(site, effects, fuel).or_else(awaited)
    }

    fn effect_made(&self, site: Site, effects: &Effects, fuel: u32) -> Option<Effected> {
        let fuel = fuel.checked_sub(1)?;
        let (body, info) = (self.body(site.body), self.info(site.body));
        let part = |node: NodeId| self.effect_with(Site { node, ..site }, effects, fuel);
        match &self.node(site).op {
            Op::Await(of) | Op::Try(of) | Op::Reference { of, .. } => part(*of),
            Op::Block(region) => part(body.region(*region).value?),
            Op::Async(region) => {
                let leaving = self.passed_on_in(site.body, *region).into_iter();
                most_missed(leaving.filter_map(|node| {
                    let told = || self.is_told_on_its_way(Site { node, ..site });
                    part(node).map(|found| Effected { told: found.told || told(), ..found })
                }))
            }
            Op::Local(local) => match self.sources(site.body, *local)[..] {
                [only] if self.is_bound_whole(body, *local) || self.is_awaited_for_more(info.local(*local)) => {
                    part(only)
                }
                [] => part(self.raced_for(body, *local)?),
                _ => None,
            },
            Op::Match { arms, .. } => arms.iter().filter_map(|arm| given_at_end(body, arm.region)).find_map(part),
            Op::Call { arguments, .. } => self
                .called(site, effects)
                .or_else(|| self.run_for(site, &part))
                .or_else(|| self.of_an_earlier(site, &part))
                .or_else(|| self.wrapped(site, None, arguments, &part))
                .or_else(|| self.of_elements(site, None, arguments, &part)),
            Op::Method { receiver, name, arguments, .. } => self
                .called(site, effects)
                .or_else(|| self.run_for(site, &part))
                .or_else(|| self.wrapped(site, Some(*receiver), arguments, &part))
                .or_else(|| self.of_elements(site, Some(*receiver), arguments, &part))
                .or_else(|| self.given_a_connection(site, *name, arguments))
                .or_else(|| self.asked_of_a_channel(site, *name, *receiver)),
            Op::If { then, otherwise, .. } => [Some(*then), *otherwise]
                .into_iter()
                .flatten()
                .filter_map(|region| body.region(region).value)
                .find_map(part),
            Op::Macro(_) if self.is_failure(site) => self.of_an_earlier(site, &part),
            Op::Macro(call) if self.waits_for_all(site) && self.ty(site).is_result() => {
                most_missed(call.arguments.iter().copied().filter_map(part))
            }
            Op::Macro(call) => self.written(site, info.ty(*call.arguments.first()?)),
            _ => None,
        }
    }

    /// An error that is made of another is the error of what failed with that.
    fn of_an_earlier(&self, made: Site, part: &dyn Fn(NodeId) -> Option<Effected>) -> Option<Effected> {
        let (failed, tells) = self.failed_with(made)?;
        let found = part(failed.node)?;
        Some(Effected { told: found.told || tells, ..found })
    }

    /// A function of the workspace passes on what the closure or block fails with that it is given to run.
    fn run_for(&self, call: Site, part: &dyn Fn(NodeId) -> Option<Effected>) -> Option<Effected> {
        let Some(Callee::Workspace(function)) = self.callee(call) else { return None };
        let regions = self.given_to_run(call, *function).into_iter();
        let leaving = regions.flat_map(|region| self.leaving_when_run(call.body, region));
        let found = most_missed(leaving.filter_map(part))?;
        let tells = || self.linked_body(*function).is_some_and(|body| self.tells_of_its_errors(body));
        Some(Effected { told: found.told || tells(), ..found })
    }

    /// Whether a local is the value it is bound to, not a part of it.
    fn is_bound_whole(&self, body: &Body, local: LocalId) -> bool {
        body.nodes.iter().any(|node| matches!(&node.op, Op::Bind { pattern, .. } if pattern.binds_whole(local)))
    }

    /// The future of the arm of a `select!` that binds a local to what it gives.
    fn raced_for(&self, body: &Body, local: LocalId) -> Option<NodeId> {
        body.nodes.iter().find_map(|node| match &node.op {
            Op::Select { arms, .. } => arms.iter().find(|arm| arm.pattern.binds_whole(local)).map(|arm| arm.future),
            _ => None,
        })
    }

    /// Whether what awaiting a value gives is a `Result` around what an inner future gives, as with one that can be aborted.
    fn is_awaited_for_more(&self, ty: &Ty) -> bool {
        let Ty::Ext(path, arguments) = ty else { return false };
        let awaited = self.catalogue().method(*path, ustr::ustr("await")).is_some();
        awaited && matches!(arguments[..], [Ty::Future(_)])
    }

    fn called(&self, site: Site, effects: &Effects) -> Option<Effected> {
        match self.callee(site)? {
            Callee::External(path) => {
                let effect = self.callable(site)?.effect?;
                if matches!(effect, Effect::Finish | Effect::File) && self.stays_in_memory(site) {
                    return None;
                }
                let looks = self.catalogue().lists(Calls::Looks, *path) || self.built_to_look(site);
                Some(Effected { effect, looks, told: false, chain: vec![site] })
            }
            Callee::Workspace(function) => self.through(site, *function, effects),
            Callee::Trait(function) => {
                let all = self.may_call(site, *function).into_iter().filter(|id| self.may_run_from(site.body, *id));
                all.filter_map(|function| Some((effects.get(&function)?.rank(), function)))
                    .min_by_key(|(rank, _)| *rank)
                    .and_then(|(_, function)| self.through(site, function, effects))
            }
            _ => None,
        }
    }

    fn through(&self, site: Site, function: FnId, effects: &Effects) -> Option<Effected> {
        let inner = effects.get(&function)?;
        Some(Effected { effect: inner.effect, looks: inner.looks, told: inner.told, chain: vec![site, inner.site] })
    }

    /// A request that was built by `client.get(..)` looks, one by `client.post(..)` does not. What had to be waited for or may have failed is no
    /// part of a request: `pool.get().await?.execute(..)` changes something.
    fn built_to_look(&self, site: Site) -> bool {
        let Op::Method { receiver, .. } = &self.node(site).op else { return false };
        let mut at = Site { node: *receiver, ..site };
        while let Op::Method { receiver, .. } = &self.node(at).op {
            let on = Site { node: *receiver, ..at };
            // What gives another of what it is called on sets a header or a body: what kind of request it is has been said.
            let begins = self.ty(at) != self.ty(on);
            if begins && self.external(at).is_some_and(|path| self.catalogue().lists(Calls::Looks, path)) {
                return true;
            }
            at = on;
        }
        false
    }

    /// An adapter passes on what it is given: a method of a `Result`, `Option` or future, or a call that takes a future.
    fn wrapped(
        &self,
        site: Site,
        receiver: Option<NodeId>,
        arguments: &[NodeId],
        part: &dyn Fn(NodeId) -> Option<Effected>,
    ) -> Option<Effected> {
        let info = self.info(site.body);
        let carries = |node: &NodeId| {
            let ty = info.ty(*node);
            ty.is_result() || matches!(ty, Ty::Future(_)) || ty.is_option()
        };
        match (receiver, self.callee(site)) {
            (Some(receiver), Some(Callee::External(_) | Callee::Unknown(_))) if carries(&receiver) => part(receiver),
            (None, Some(Callee::External(_))) => arguments.iter().filter(|a| carries(a)).find_map(|a| part(*a)),
            _ => None,
        }
    }

    /// What is made element by element passes on what the closure does that makes an element, or what it is made of.
    fn of_elements(
        &self,
        site: Site,
        receiver: Option<NodeId>,
        arguments: &[NodeId],
        part: &dyn Fn(NodeId) -> Option<Effected>,
    ) -> Option<Effected> {
        if !matches!(self.callee(site), Some(Callee::External(_))) {
            return None;
        }
        let (body, info) = (self.body(site.body), self.info(site.body));
        let may_fail = |node: &NodeId| {
            let element = self.element(info.ty(*node));
            element.is_result() || self.awaited(&element).is_result()
        };
        let made =
            arguments.iter().filter(|_| may_fail(&site.node)).find_map(|argument| match body.node(*argument).op {
                Op::Closure { region, .. } => body.region(region).value.and_then(part),
                _ => None,
            });
        made.or_else(|| receiver.into_iter().chain(arguments.iter().copied()).filter(|n| may_fail(n)).find_map(part))
    }

    /// A method that is not known and is given a database connection or pool talks to the database: `model.delete(&db)`.
    fn given_a_connection(&self, site: Site, name: Ustr, arguments: &[NodeId]) -> Option<Effected> {
        if !matches!(self.callee(site), Some(Callee::Unknown(_))) {
            return None;
        }
        let info = self.info(site.body);
        let is_connection = |node: &NodeId| {
            let kinds = ["connection-pool", "database-connection", "pooled-connection", "transaction"];
            kinds.iter().any(|kind| self.is_kind(info.ty(*node), kind))
        };
        let talks = arguments.iter().any(is_connection);
        talks.then(|| Effected {
            effect: Effect::Database,
            looks: self.catalogue().lists(Calls::Looks, name),
            told: false,
            chain: vec![site],
        })
    }

    /// A method that is not known, is awaited, and is called on what was built around a gRPC channel, as generated clients are: a request.
    fn asked_of_a_channel(&self, site: Site, name: Ustr, receiver: NodeId) -> Option<Effected> {
        let unknown = matches!(self.callee(site), Some(Callee::Unknown(_)));
        let asked = self.is_awaited(site) && unknown && self.is_around_a_channel(Site { node: receiver, ..site }, FUEL);
        let looks = self.catalogue().lists(Calls::Looks, name);
        asked.then(|| Effected { effect: Effect::Network, looks, told: false, chain: vec![site] })
    }

    fn is_around_a_channel(&self, site: Site, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let part = |node: NodeId| self.is_around_a_channel(Site { node, ..site }, fuel);
        let is_channel = |node: &NodeId| self.is_kind(self.info(site.body).ty(*node), "grpc-channel");
        match &self.node(site).op {
            Op::Local(local) => {
                self.sources(site.body, *local).into_iter().filter(|source| *source < site.node).any(part)
            }
            Op::Method { receiver, .. } => part(*receiver),
            Op::Try(of) | Op::Await(of) | Op::Reference { of, .. } | Op::Deref(of) => part(*of),
            Op::Call { arguments, .. } => {
                matches!(self.callee(site), Some(Callee::Unknown(_))) && arguments.iter().any(is_channel)
            }
            _ => false,
        }
    }

    /// `write!` and `writeln!` do what the writer's own `write_all` does.
    fn written(&self, site: Site, writer: &Ty) -> Option<Effected> {
        let path = self.external(site)?;
        if path != "std::write" && path != "std::writeln" {
            return None;
        }
        let effect = self.writer_effect(writer)?;
        Some(Effected { effect, looks: false, told: false, chain: vec![site] })
    }

    /// Whether a method is called on a writer around a buffer in memory, as an encoder over a `Vec` is: there it cannot fail for want of anything.
    fn stays_in_memory(&self, call: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        match self.ty(Site { node: receiver, ..call }).peeled() {
            Ty::Ext(path, arguments) => {
                let inner = arguments.first().map(Ty::peeled);
                self.catalogue().type_entry(*path).is_some_and(|entry| !entry.holds.is_empty())
                    && inner.is_some_and(is_in_memory)
            }
            _ => false,
        }
    }

    /// What writing into a value of this type touches; nothing where it stays in memory.
    pub fn writer_effect(&self, writer: &Ty) -> Option<Effect> {
        match writer.peeled() {
            Ty::Ext(path, arguments) => {
                let own = self.method_effect(*path, "write_all");
                // A buffer writes where its inner writer does.
                let inner = arguments.first().filter(|inner| !inner.is_unknown());
                match inner {
                    Some(inner) => own.and(self.writer_effect(inner)),
                    None => own,
                }
            }
            _ => None,
        }
    }

    /// What reading from a value touches: a buffered reader reads where its inner reader does.
    pub fn reader_effect(&self, reader: &Ty) -> Option<Effect> {
        let Ty::Ext(path, arguments) = reader.peeled() else { return None };
        let inner = || arguments.first().and_then(|inner| self.reader_effect(inner));
        self.method_effect(*path, "read").or_else(inner)
    }

    /// What reading from a value touches; where it is a parameter whose type is left open, that of what the callers give, if they agree.
    pub fn read_effect(&self, reader: Site) -> Option<Effect> {
        self.read_within(reader, FUEL)
    }

    fn read_within(&self, reader: Site, fuel: u32) -> Option<Effect> {
        let fuel = fuel.checked_sub(1)?;
        if let Some(effect) = self.reader_effect(self.ty(reader)) {
            return Some(effect);
        }
        match &self.node(reader).op {
            Op::Reference { of, .. } | Op::Deref(of) => self.read_within(Site { node: *of, ..reader }, fuel),
            Op::Local(local) => {
                let (function, at) = (self.function_of(reader.body)?, self.parameter_of(reader.body, *local)??);
                let mut effects = self.given_for(function, at).filter_map(|argument| self.read_within(argument, fuel));
                let first = effects.next()?;
                effects.all(|effect| effect == first).then_some(first)
            }
            _ => None,
        }
    }

    fn method_effect(&self, path: Ustr, name: &str) -> Option<Effect> {
        self.catalogue().method(path, ustr::ustr(name)).and_then(|(_, callable)| callable.effect)
    }
}

/// Whether a writer is a buffer in memory: `Vec<u8>`, `Cursor<Vec<u8>>`.
fn is_in_memory(writer: &Ty) -> bool {
    match writer.peeled() {
        Ty::Ext(path, arguments) => match path.as_str() {
            "std::vec::Vec" | "bytes::BytesMut" => true,
            "std::io::Cursor" => arguments.first().is_some_and(is_in_memory),
            _ => false,
        },
        _ => false,
    }
}

/// What a branch gives: its value, or the error it ends with.
fn given_at_end(body: &Body, region: RegionId) -> Option<NodeId> {
    let region = body.region(region);
    region.value.or_else(|| {
        let last = *region.nodes.last()?;
        match body.node(last).op {
            Op::Discard(of) => Some(of),
            _ => Some(last),
        }
    })
}
