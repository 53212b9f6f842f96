//! Who gives a future up besides itself: where it is awaited, in a function of the workspace that it is handed to, or where its task's handle comes to.
//! Follows values through calls, variables, lists in variables and what functions return; what lies in fields is not followed.

use ustr::ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Body, LocalId, NodeId, Op, RegionKind, SelectArm};
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};
use crate::index::declared::signatures::TypeKey;
use crate::index::declared::types::Ty;
use crate::index::programs::kinds::Around;
use crate::index::tasks::Task;

/// Through how many functions and variables a future is followed.
const FUEL: u32 = 6;

/// A future on its way outwards.
#[derive(Clone, Copy)]
struct Carried {
    at: NodeId,
    /// It has been waited for: what the function or block around gives is its end.
    awaited: bool,
}

impl Index {
    /// The `select!`, or the call that bounds it in time, by which the future that a site gives or is waited for in is given up by others than the
    /// function around it.
    pub fn given_up_by(&self, site: Site) -> Option<Site> {
        self.dropped_by(site, FUEL)
    }

    fn dropped_by(&self, site: Site, fuel: u32) -> Option<Site> {
        let fuel = fuel.checked_sub(1)?;
        let by = self.raced_by(site).map(|by| Site { node: by, ..site });
        if by.is_some_and(|by| self.ends_sooner(by, site.node)) {
            return by;
        }
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let mut carried = Carried { at: site.node, awaited: false };
        loop {
            let here = |node: NodeId| Site { node, ..site };
            let Some(parent) = info.parent(carried.at) else {
                match self.carried_out(site, carried)? {
                    Some(outer) => carried = outer,
                    None => return self.given_up_by_callers(site, carried, fuel),
                }
                continue;
            };
            match &facts.node(parent).op {
                Op::Await(_) => carried.awaited = true,
                Op::Macro(_) if self.waits_for_all(here(parent)) => carried.awaited = true,
                Op::Bind { pattern, .. } if !carried.awaited => {
                    return self.given_up_from(here(parent), pattern.locals(), fuel);
                }
                Op::Method { receiver, arguments, .. }
                    if !carried.awaited && arguments.contains(&carried.at) && self.grows(here(parent)) =>
                {
                    let list = self.variable_behind(site.body, *receiver)?;
                    return self.given_up_from(here(parent), vec![list], fuel);
                }
                Op::Discard(_) if !carried.awaited => return None,
                Op::Call { arguments, .. } | Op::Method { arguments, .. } if !carried.awaited => {
                    let position = arguments.iter().position(|argument| *argument == carried.at);
                    let raced = position.and_then(|position| self.given_up_in(here(parent), position, fuel));
                    if raced.is_some() {
                        return raced;
                    }
                }
                Op::Struct { .. } if !carried.awaited => {
                    return self.is_polled_beside_another(here(parent)).then(|| here(parent));
                }
                Op::Struct { .. } | Op::Tuple(_) | Op::Array(_) | Op::Assign { .. } => return None,
                _ => {}
            }
            carried.at = parent;
        }
    }

    /// Whether a value is a future of the workspace's own that polls another one besides what it is made of: the first that is ready may end it.
    fn is_polled_beside_another(&self, made: Site) -> bool {
        let Ty::Adt(id, _) = self.ty(made) else { return false };
        let polls = self.signatures().methods.get(&(TypeKey::Adt(*id), ustr("poll"))).into_iter().flatten();
        let is_of_future = |poll: &FnId| self.library_trait(*poll).is_some_and(|path| path == "std::future::Future");
        let mut bodies = polls.copied().filter(is_of_future).filter_map(|poll| self.linked_body(poll));
        bodies.any(|body| {
            let polled =
                self.body(body).nodes.iter().filter(|n| matches!(&n.op, Op::Method { name, .. } if name == "poll"));
            polled.count() > 1
        })
    }

    /// Where one of some variables, which have had it from a site on, is given up.
    fn given_up_from(&self, since: Site, locals: Vec<LocalId>, fuel: u32) -> Option<Site> {
        let facts = self.body(since.body);
        let mut uses = locals.into_iter().flat_map(|local| facts.uses(local)).filter(|used| *used > since.node);
        uses.find_map(|node| self.dropped_by(Site { node, ..since }, fuel))
    }

    /// Whether a call or macro waits for all of the futures it is given.
    pub fn waits_for_all(&self, call: Site) -> bool {
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::WaitsForAll, path))
    }

    /// Whether something that a future is raced against may be the word to stop, or is not known: what serves or works for as long as the program runs is not.
    fn ends_sooner(&self, by: Site, future: NodeId) -> bool {
        let Op::Select { arms, .. } = &self.node(by).op else { return true };
        let others = arms.iter().map(|arm| Site { node: arm.future, ..by });
        others.filter(|other| other.node != future).any(|other| self.may_tell_to_stop(other))
    }

    /// Whether waiting for a future may be waiting for the word to stop. What a function of the workspace gives is that where the function hears of it.
    fn may_tell_to_stop(&self, future: Site) -> bool {
        let facts = self.body(future.body);
        let mut at = future.node;
        loop {
            at = match &facts.node(at).op {
                Op::Reference { of, .. } | Op::Await(of) | Op::Try(of) => *of,
                Op::Local(local) => match self.init_of(future.body, *local).filter(|init| *init < at) {
                    Some(init) => init,
                    None => return true,
                },
                Op::Call { .. } | Op::Method { .. } => {
                    let hears = |body: BodyRef| self.call_sites(body).any(|inner| self.is_told(inner));
                    return match self.callee(Site { node: at, ..future }) {
                        Some(Callee::Workspace(function)) => self.linked_body(*function).is_some_and(hears),
                        _ => true,
                    };
                }
                Op::Async(region) => {
                    let inside = |site: &Site| facts.is_inside(facts.node(site.node).region, *region);
                    return self.call_sites(future.body).filter(inside).any(|inner| self.is_told(inner));
                }
                _ => return true,
            };
        }
    }

    /// The call that bounds the wait for a task in time and is given its handle: once the time is up the handle is dropped, and the task runs on. None where
    /// another handle of the task has been taken.
    pub fn outlived_wait(&self, task: &Task) -> Option<Site> {
        let (facts, info) = (self.body(task.spawn.body), self.info(task.spawn.body));
        let site = |node: NodeId| Site { node, ..task.spawn };
        let bounds = |node: &NodeId| {
            self.external(site(*node)).is_some_and(|path| self.catalogue().lists(Calls::BoundsTime, path))
        };
        let parent = info.parent(task.spawn.node)?;
        let Op::Bind { pattern, .. } = &facts.node(parent).op else { return Some(parent).filter(bounds).map(site) };
        let [local] = pattern.locals()[..] else { return None };
        let [only] = facts.uses(local).collect::<Vec<_>>()[..] else { return None };
        info.parent(only).filter(bounds).map(site)
    }

    /// The `select!` that is given the handle of a task itself: where another arm is done first, the handle is dropped and the task runs on. None where
    /// another handle of the task has been taken, or where something behind the `select!` may end the task after all.
    pub fn lost_race(&self, task: &Task) -> Option<Site> {
        let (facts, info) = (self.body(task.spawn.body), self.info(task.spawn.body));
        let Op::Bind { pattern, .. } = &facts.node(info.parent(task.spawn.node)?).op else { return None };
        let [local] = pattern.locals()[..] else { return None };
        let [only] = facts.uses(local).collect::<Vec<_>>()[..] else { return None };
        let race = info.parent(only)?;
        let Op::Select { arms, .. } = &facts.node(race).op else { return None };
        let is_one = arms.len() > 1 && arms.iter().any(|arm| arm.future == only);
        let behind = facts.iter().skip(race.index() + 1).map(|(node, _)| Site { node, ..task.spawn });
        let within = |arm: &SelectArm, site: Site| facts.is_inside(facts.node(site.node).region, arm.region);
        let mut after =
            behind.chain(self.call_sites(task.spawn.body).filter(|site| arms.iter().any(|arm| within(arm, *site))));
        (is_one && !after.any(|site| self.may_end_a_task(site))).then_some(Site { node: race, ..task.spawn })
    }

    /// Whether a call may end a task, or have it end: it gives a word, sends something, or ends or drops what it is given.
    fn may_end_a_task(&self, call: Site) -> bool {
        let lists = [Calls::Orders, Calls::Sends, Calls::Announces, Calls::Drops];
        let listed = |path| lists.iter().any(|list| self.catalogue().lists(*list, path));
        self.is_an_end(call) || self.external(call).is_some_and(listed)
    }

    /// Where a task waits in a loop for what others send as long as they like, and learns in no other way that it is time to stop: by a receiver that was
    /// got from its sender, in a loop that only a failure ends.
    pub fn hears_others(&self, task: &Task) -> Option<Site> {
        let sites = self.work_sites(task);
        let hears = |site: &Site| site.body == task.spawn.body && self.hears_news(*site);
        let told = |site: &Site| !hears(site) && (self.is_told(*site) || self.hears(*site));
        sites.iter().copied().find(hears).filter(|_| !sites.iter().any(told))
    }

    fn hears_news(&self, receive: Site) -> bool {
        let Op::Method { receiver, .. } = &self.node(receive).op else { return false };
        let Op::Local(local) = self.node(Site { node: *receiver, ..receive }).op else { return false };
        let lasts = |around: &Around| self.is_left_by_failure_only(receive.body, around.region);
        self.external(receive).is_some_and(|path| self.catalogue().lists(Calls::Receives, path))
            && self.is_subscribed(receive.body, local)
            && self.loops_around(receive).first().is_some_and(lasts)
    }

    /// Whether a receiver of more than a bare word is got from a sender, which goes on without it.
    fn is_subscribed(&self, body: BodyRef, receiver: LocalId) -> bool {
        let message = match self.info(body).local(receiver).peeled() {
            Ty::Ext(_, arguments) => arguments.first(),
            _ => None,
        };
        let sends = |ty: &Ty| match ty.peeled() {
            Ty::Ext(path, _) => self.catalogue().lists_a_member(Calls::Announces, *path),
            _ => false,
        };
        let init =
            self.init_of(body, receiver).filter(|_| message.is_some_and(|of| !of.is_unknown() && *of != Ty::unit()));
        init.is_some_and(|init| match &self.body(body).node(init).op {
            Op::Method { receiver: sender, .. } => sends(self.ty(Site { body, node: *sender })),
            _ => false,
        })
    }

    /// The block around what no other node uses, as far as its value or its end is that of the future: the async block as a future of its own; `Some(None)`
    /// where that is the whole function.
    fn carried_out(&self, site: Site, carried: Carried) -> Option<Option<Carried>> {
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let own = facts.node(carried.at).region;
        let is_value = facts.region(own).value == Some(carried.at);
        if !is_value && !carried.awaited {
            return None;
        }
        let is_frame = |kind: RegionKind| matches!(kind, RegionKind::Closure | RegionKind::Async);
        let region = if is_value {
            own
        } else {
            facts.outwards(own).find(|(at, r)| *at == Body::ROOT || is_frame(r.kind)).map(|(at, _)| at)?
        };
        let Some(owner) = info.region_node(region).filter(|_| region != Body::ROOT) else { return Some(None) };
        let awaited = carried.awaited && facts.region(region).kind != RegionKind::Async;
        Some(Some(Carried { at: owner, awaited }))
    }

    /// Where the callers of the function around a site give up what it gives.
    fn given_up_by_callers(&self, site: Site, carried: Carried, fuel: u32) -> Option<Site> {
        let function = self.function_of(site.body)?;
        let is_future = self.defs().function(function).is_async || !carried.awaited;
        let callers = self.calls.callers(function).iter().filter(|call| is_future && !self.is_test(call.site.body));
        callers.into_iter().find_map(|call| self.dropped_by(call.site, fuel))
    }

    /// Where a function of the workspace gives up what it is handed as one of its arguments.
    fn given_up_in(&self, call: Site, position: usize, fuel: u32) -> Option<Site> {
        let Some(Callee::Workspace(function) | Callee::Trait(function)) = self.callee(call) else { return None };
        let body = self.defs().body_of(*function).filter(|body| self.is_linked(*body))?;
        let facts = self.body(body);
        let parameter = facts.parameters.get(self.parameter_for(*function, call, position)?)?;
        let mut uses = parameter.locals().into_iter().flat_map(|local| facts.uses(local));
        uses.find_map(|node| self.dropped_by(Site { body, node }, fuel))
    }

    /// The parameter, the receiver not counted, that an argument of a call is for: `Type::method(self, x)` gives the receiver first.
    fn parameter_for(&self, function: FnId, call: Site, position: usize) -> Option<usize> {
        let by_path =
            matches!(self.node(call).op, Op::Call { .. }) && self.defs().function(function).receiver.is_some();
        position.checked_sub(usize::from(by_path))
    }
}
