//! Tasks that pile up: a set of tasks or a collection of their handles that gets more in every turn of a loop, or with every request, and out of
//! which nobody takes those that are done. What is done with it after the loop is too late, and is not asked.

use crate::catalogue::Calls;
use crate::diagnostic::Label;
use crate::facts::model::*;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::declared::defs::BodyRef;
use crate::index::flow::variety::Variety;
use crate::index::programs::kinds::Around;
use crate::index::resources::growth::Growing;
use crate::index::resources::keepers::Keeper;
use crate::index::{Index, Ty};
use crate::source::Span;

/// A pile of tasks.
#[derive(Debug, Clone)]
pub struct Pile {
    /// `tasks`, `Server::tasks`: how people speak of it.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// The first call that adds to it again and again.
    pub added: Site,
    pub repeated: Repeated,
}

impl Index {
    /// The piles of all variables, fields and statics; each is given once.
    pub fn piles(&self) -> Vec<Pile> {
        let mut found: Vec<Pile> = Vec::new();
        for pile in self.shipped_sites().filter_map(|site| self.pile_in_variable(site)) {
            if !found.iter().any(|known| known.span == pile.span) {
                found.push(pile);
            }
        }
        let growing = self.growing();
        found.extend(growing.iter().filter_map(|growing| self.pile_that_stays(growing)));
        found
    }

    /// Whether a type is a set of tasks or a collection of their handles. What a type of the workspace owns beside other things ends with that.
    pub fn collects_tasks(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ext(path, arguments) => {
                let kind = self.kind(*path);
                kind.is_some_and(|kind| matches!(kind.as_str(), "task-set" | "task-handle" | "thread-handle"))
                    || arguments.iter().any(|argument| self.collects_tasks(argument))
            }
            Ty::Tuple(parts) => parts.iter().any(|part| self.collects_tasks(part)),
            Ty::Ref(of) | Ty::Slice(of) | Ty::Future(of) => self.collects_tasks(of),
            _ => false,
        }
    }

    /// Whether what a static or field keeps are tasks.
    pub fn keeps_tasks(&self, keeper: Keeper) -> bool {
        self.collects_tasks(&self.keeper_type(keeper))
    }

    /// Whether what a static or field keeps is, or holds, a resource of a kind.
    pub fn keeps_kind(&self, keeper: Keeper, kind: &str) -> bool {
        let owned = self.owned_resources(&self.keeper_type(keeper));
        owned.into_iter().any(|path| self.kind(path).is_some_and(|of| of == kind))
    }

    fn pile_that_stays(&self, growing: &Growing) -> Option<Pile> {
        if !self.keeps_tasks(growing.keeper) || !self.stays(growing.keeper) {
            return None;
        }
        let ever_new = growing.added.iter().filter(|site| self.added_variety(**site) == Variety::Endless);
        let mut again = ever_new.filter_map(|site| Some((*site, self.while_serving(*site)?)));
        let (added, repeated) = again.next()?;
        let (name, span) = (self.keeper_words(growing.keeper), self.keeper_span(growing.keeper));
        Some(Pile { name, span, added, repeated })
    }

    /// The proof that a site runs again and again for as long as a program serves: per request, or in a loop that waits for work.
    pub fn while_serving(&self, site: Site) -> Option<Repeated> {
        let repeated = self.repeated_if(site, &|body, region| self.is_heartbeat(body, region))?;
        self.goes_with_serving(site, &repeated).then_some(repeated)
    }

    /// Whether what repeats a site does so for as long as a program serves.
    pub(in crate::index) fn goes_with_serving(&self, site: Site, repeated: &Repeated) -> bool {
        match repeated.repeats {
            Repeats::Request => true,
            Repeats::Iteration => repeated.in_loop.is_some() && self.runs_beside_serving(site),
            Repeats::Worker => false,
        }
    }

    /// Whether a site runs in a service while it serves: not in another command of the same program.
    fn runs_beside_serving(&self, site: Site) -> bool {
        self.services_reaching(site.body).any(|program| !self.is_apart_from_serving(program, site))
    }

    /// The pile that a call adds to: a variable from outside of the loop around it, which the loop does nothing else with.
    fn pile_in_variable(&self, site: Site) -> Option<Pile> {
        let Op::Method { receiver, arguments, .. } = &self.node(site).op else { return None };
        if !self.adds(site) || !self.adds_tasks(site, *receiver, arguments) {
            return None;
        }
        let Op::Local(local) = self.node(Site { node: *receiver, ..site }).op else {
            return self.pile_behind_lock(site, *receiver);
        };
        self.pile_in_loop(site, site, local).or_else(|| {
            let (call, lent) = self.lent_for(site.body, local)?;
            self.pile_in_loop(call, site, lent)
        })
    }

    /// The pile that a call adds to through a lock, where the variable around that lock has handles in this function alone, and they only serve to add.
    fn pile_behind_lock(&self, site: Site, receiver: NodeId) -> Option<Pile> {
        let way = std::iter::successors(Some(receiver), |at| match &self.body(site.body).node(*at).op {
            Op::Method { receiver: of, .. }
            | Op::Try(of)
            | Op::Await(of)
            | Op::Reference { of, .. }
            | Op::Deref(of) => Some(*of),
            _ => None,
        });
        let Op::Local(local) = self.node(Site { node: way.last()?, ..site }).op else { return None };
        let first = self.first_handle(site.body, local).filter(|first| self.is_new(site.body, *first))?;
        let facts = self.body(site.body);
        let is_handle = |local: LocalId| self.first_handle(site.body, local) == Some(first);
        let serves_to_add = |node: NodeId, local: LocalId| {
            !is_handle(local) || self.makes_a_handle(site.body, node) || self.adds_through(site.body, node)
        };
        let only_adds = facts.iter().all(|(node, n)| match &n.op {
            Op::Local(used) => serves_to_add(node, *used),
            Op::Macro(call) => !call.mentions.iter().any(|local| is_handle(*local)),
            _ => true,
        });
        if !only_adds {
            return None;
        }
        let around = self.work_loop_within(site, first)?;
        if !self.may_serve(site.body) {
            return None;
        }
        self.pile(site.body, &around, site, first)
    }

    /// Whether a variable is bound to something that is made there, out of nothing that others have.
    fn is_new(&self, body: BodyRef, local: LocalId) -> bool {
        let facts = self.body(body);
        let Some(init) = self.init_of(body, local) else { return false };
        let whole = facts.node(init).range;
        let is_given = |node: &Node| {
            matches!(node.op, Op::Local(_) | Op::Field { .. } | Op::Macro(_)) && whole.contains(node.range)
        };
        matches!(facts.node(init).op, Op::Call { .. }) && !facts.nodes.iter().any(is_given)
    }

    /// Whether a use of a variable is what another variable is a clone of.
    fn makes_a_handle(&self, body: BodyRef, used: NodeId) -> bool {
        let info = self.info(body);
        let clone = info.parent(used).and_then(|at| match self.body(body).node(at).op {
            Op::Reference { .. } => info.parent(at),
            _ => Some(at),
        });
        let clone = clone.map(|node| Site { body, node }).filter(|site| self.cloned(*site).is_some());
        let user = clone.and_then(|site| info.parent(site.node));
        user.is_some_and(
            |user| matches!(&self.body(body).node(user).op, Op::Bind { pattern, .. } if pattern.locals().len() == 1),
        )
    }

    /// Whether a use of a variable goes through a lock to a call that adds to what is behind it.
    fn adds_through(&self, body: BodyRef, used: NodeId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let mut at = used;
        while let Some(parent) = info.parent(at) {
            at = match &facts.node(parent).op {
                Op::Method { receiver, .. } if *receiver != at => return false,
                Op::Method { .. } if self.adds(Site { body, node: parent }) => return true,
                Op::Method { .. } | Op::Try(_) | Op::Await(_) | Op::Reference { .. } | Op::Deref(_)
                    if self.collects_tasks(info.ty(parent)) =>
                {
                    parent
                }
                _ => return false,
            };
        }
        false
    }

    /// The variable that every call of a function lends for a parameter which the function only adds to, where there is one call.
    fn lent_for(&self, body: BodyRef, local: LocalId) -> Option<(Site, LocalId)> {
        let function = self.function_of(body)?;
        let at = self.body(body).parameters.iter().position(|pattern| pattern.locals() == [local])?;
        let (facts, mut calls) = (self.body(body), self.calls.callers(function).iter());
        let (Some(call), None) = (calls.next(), calls.next()) else { return None };
        let only_adds =
            facts.iter().filter(|(_, n)| mentions(&n.op, local)).all(|(node, _)| self.only_adds(body, node));
        let given = self.argument_at(call.site, function, at).filter(|_| only_adds && !self.is_test(call.site.body))?;
        match self.node(given).op {
            Op::Reference { of, .. } => match self.node(Site { node: of, ..given }).op {
                Op::Local(lent) => Some((call.site, lent)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The pile in a variable, where the loop around a turn does nothing with it but add, here or in what it lends it to.
    fn pile_in_loop(&self, turn: Site, added: Site, local: LocalId) -> Option<Pile> {
        let around = self.work_loop_within(turn, local)?;
        let region = around.region;
        if !self.may_serve(turn.body) || self.is_drained_behind(turn.body, local, region) {
            return None;
        }
        let lends = |used: NodeId| {
            turn != added
                && std::iter::successors(Some(used), |at| self.info(turn.body).parent(*at)).any(|at| at == turn.node)
        };
        let mut uses = self.uses_within(turn.body, local, region).into_iter();
        if uses.any(|node| !self.only_adds(turn.body, node) && !lends(node)) {
            return None;
        }
        self.pile(turn.body, &around, added, local)
    }

    /// The pile in a variable that a loop adds to.
    fn pile(&self, body: BodyRef, around: &Around, added: Site, local: LocalId) -> Option<Pile> {
        let declared = self.body(body).local(local);
        let repeated = Repeated {
            repeats: Repeats::Iteration,
            in_loop: Some((body, around.region)),
            evidence: vec![Label::new(around.head.in_file(body.file), "this loop runs it again and again")],
            way: Vec::new(),
            function: None,
            on_condition: false,
        };
        let (name, span) = (declared.name.to_string(), declared.range.in_file(body.file));
        Some(Pile { name, span, added, repeated })
    }

    /// Whether a loop that ends with what it reads is followed by a wait for all tasks of a set: both belong to one piece of work, which has an end.
    fn is_drained_behind(&self, body: BodyRef, local: LocalId, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        let Some(owner) = info.region_node(region) else { return false };
        let ends = matches!(facts.node(owner).op, Op::Loop { kind: LoopKind::While, .. });
        let behind = facts.node(owner).range.end;
        ends && facts.iter().any(|(node, n)| match &n.op {
            Op::Method { receiver, .. } if n.range.start >= behind => {
                let joins =
                    self.external(Site { body, node }).is_some_and(|path| self.catalogue().lists(Calls::Joins, path));
                joins && matches!(facts.node(*receiver).op, Op::Local(used) if used == local)
            }
            _ => false,
        })
    }

    fn adds(&self, site: Site) -> bool {
        self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Grows, path))
    }

    fn adds_tasks(&self, site: Site, receiver: NodeId, arguments: &[NodeId]) -> bool {
        let info = self.info(site.body);
        self.collects_tasks(info.ty(receiver))
            || arguments.iter().any(|argument| self.collects_tasks(info.ty(*argument)))
    }

    /// The outermost loop around a site that waits for work and that a variable is older than; none where a closure stands between.
    fn work_loop_within(&self, site: Site, local: LocalId) -> Option<Around> {
        let body = self.body(site.body);
        let declared = body.local(local).region;
        let older = |around: &Around| body.outwards(around.region).skip(1).any(|(at, _)| at == declared);
        let loops = self.loops_around(site).into_iter().filter(older);
        loops
            .filter(|around| self.is_work_loop(site.body, around.region) && self.goes_on(site.body, around.region))
            .last()
    }

    /// Whether a loop goes on for as long as there is work or nobody stops it, and does not count down to an end of its own.
    fn goes_on(&self, body: BodyRef, region: RegionId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        match info.region_node(region).map(|owner| &facts.node(owner).op) {
            Some(Op::Loop { kind: LoopKind::While, .. }) => {
                let condition = facts.region(region).nodes.iter();
                condition.map(|node| Site { body, node: *node }).any(|site| self.decides_a_while(site))
            }
            _ => true,
        }
    }

    /// Whether a node of a `while` is a `let`, or asks whether it is time to stop.
    fn decides_a_while(&self, site: Site) -> bool {
        let stops = |path| [Calls::Stops, Calls::Flags].into_iter().any(|list| self.catalogue().lists(list, path));
        matches!(self.node(site).op, Op::Let { .. }) || self.external(site).is_some_and(stops)
    }

    /// The uses of a variable in a region.
    fn uses_within(&self, body: BodyRef, local: LocalId, region: RegionId) -> Vec<NodeId> {
        let facts = self.body(body);
        let inside = |node: &Node| facts.outwards(node.region).any(|(at, _)| at == region);
        facts.iter().filter(|(_, node)| mentions(&node.op, local) && inside(node)).map(|(node, _)| node).collect()
    }

    /// Whether a use of a variable is the receiver of a call that adds to it.
    fn only_adds(&self, body: BodyRef, used: NodeId) -> bool {
        let Some(call) = self.info(body).parent(used) else { return false };
        let site = Site { body, node: call };
        matches!(self.node(site).op, Op::Method { receiver, .. } if receiver == used) && self.adds(site)
    }
}

/// Whether a node is a variable, or a macro that mentions it.
fn mentions(op: &Op, local: LocalId) -> bool {
    match op {
        Op::Local(used) => *used == local,
        Op::Macro(call) => call.mentions.contains(&local),
        _ => false,
    }
}
