//! How many values an expression can have while a program runs: a few that are settled when it starts, or ever new ones that come from outside.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet as HashSet;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::{LocalId, NodeId, Op, Operator, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// How many values there can be, in the order in which one answer outweighs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variety {
    /// Constants, settings, what the program was started with.
    Few,
    Unknown,
    /// It stems from a request, a message, or from what gives another value each time.
    Endless,
}

/// How far a value is followed through locals and callers.
const FUEL: u32 = 32;

impl Index {
    /// How many values an expression can have.
    pub fn variety(&self, site: Site) -> Variety {
        self.variety_of(site, &mut HashSet::default(), FUEL)
    }

    /// Whether a value is made of nothing but what is written out in the sources: literals, constants, and what callers write out for a parameter.
    pub fn is_written_out(&self, site: Site) -> bool {
        self.is_written_out_within(site, FUEL)
    }

    fn is_written_out_within(&self, site: Site, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        let of = |node: NodeId| self.is_written_out_within(Site { node, ..site }, fuel);
        let local = |local: LocalId| self.is_local_written_out(site.body, local, fuel);
        match &self.node(site).op {
            Op::Literal(_) | Op::Path(_) => true,
            Op::Local(id) => local(*id),
            Op::Macro(call) => {
                call.seen && call.arguments.iter().all(|node| of(*node)) && call.mentions.iter().all(|id| local(*id))
            }
            Op::Await(_) | Op::Closure { .. } | Op::Async(_) | Op::Unseen | Op::Field { .. } => false,
            Op::Call { .. } | Op::Method { .. } if self.variety_of_call(site) == Variety::Endless => false,
            op => {
                let body = self.body(site.body);
                let mut parts = op.operands();
                op.regions(&mut |region| parts.extend(body.region(region).value));
                parts.into_iter().all(of)
            }
        }
    }

    fn is_local_written_out(&self, body: BodyRef, local: LocalId, fuel: u32) -> bool {
        let of = |site: Site| self.is_written_out_within(site, fuel);
        match self.parameter_of(body, local) {
            Some(Some(at)) => {
                // Who registers a handler does not give it what it is called with.
                let Some(function) = self.function_of(body).filter(|id| !self.is_given_requests(*id)) else {
                    return false;
                };
                let mut calls = self.calls.callers(function).iter().filter(|c| !self.is_test(c.site.body)).peekable();
                calls.peek().is_some() && calls.all(|call| self.argument_at(call.site, function, at).is_some_and(of))
            }
            Some(None) => false,
            None => {
                let sources = self.sources(body, local);
                !sources.is_empty() && sources.into_iter().all(|node| of(Site { body, node }))
            }
        }
    }

    fn variety_of(&self, site: Site, seen: &mut HashSet<Site>, fuel: u32) -> Variety {
        if fuel == 0 {
            return Variety::Unknown;
        }
        if !seen.insert(site) || self.has_few_values(self.ty(site)) {
            return Variety::Few;
        }
        let own = match &self.node(site).op {
            Op::Local(local) => return self.variety_of_local(site.body, *local, seen, fuel),
            // There are no more than the largest of what is counted.
            Op::Method { name, arguments, .. } if name == "len" && arguments.is_empty() => return Variety::Few,
            _ if self.external(site).is_some_and(|path| self.catalogue().lists(Calls::Settled, path)) => {
                return Variety::Few;
            }
            Op::Call { .. } | Op::Method { .. } => self.variety_of_call(site),
            Op::Macro(call) => {
                let of = |local: &LocalId| self.variety_of_local(site.body, *local, seen, fuel - 1);
                let mentioned = call.mentions.iter().map(of).max().unwrap_or(Variety::Few);
                mentioned.max(if call.seen { Variety::Few } else { Variety::Unknown })
            }
            Op::Closure { .. } | Op::Async(_) | Op::Unseen => Variety::Unknown,
            _ => Variety::Few,
        };
        let mut widest = own;
        for node in self.made_of(site) {
            if widest < Variety::Endless {
                widest = widest.max(self.variety_of(Site { node, ..site }, seen, fuel - 1));
            }
        }
        widest
    }

    /// What the value of an expression is made of. What is looked up or selected is made of where it lies, whatever it is looked up by.
    fn made_of(&self, site: Site) -> Vec<NodeId> {
        let (body, node) = (self.body(site.body), self.node(site));
        if let Op::Method { receiver, name, .. } = &node.op
            && (self.is_collected(self.ty(Site { node: *receiver, ..site }))
                || crate::index::flow::errors::only_explains(name))
        {
            return vec![*receiver];
        }
        if let Some(lenders) = self.lenders(site) {
            return lenders;
        }
        let mut parts = node.op.operands().into_vec();
        // A time that stands beside other things tells when something happened, not what.
        if matches!(&node.op, Op::Struct { .. }) && parts.len() > 1 {
            parts.retain(|part| !self.is_time(self.ty(Site { node: *part, ..site })));
        }
        node.op.regions(&mut |region| parts.extend(body.region(region).value));
        parts
    }

    /// Of what a function of the workspace is given, that of which it gives back a part, where it gives nothing else.
    fn lenders(&self, site: Site) -> Option<Vec<NodeId>> {
        let Some(Callee::Workspace(function)) = self.callee(site) else { return None };
        let body = self.defs().body_of(*function).filter(|body| self.is_linked(*body))?;
        let mut lent = BTreeSet::new();
        let mut parts = self.returned_values(body);
        while let Some(part) = parts.pop() {
            match self.body(body).node(part).op {
                Op::Literal(_) | Op::Path(_) => continue,
                _ => {}
            }
            let inner = self.selected_from(Site { body, node: part });
            if inner.is_empty() {
                lent.insert(self.part_of_parameter(body, part)?);
            }
            parts.extend(inner);
        }
        lent.into_iter().map(|parameter| self.operand_for(site, *function, parameter)).collect()
    }

    /// The parameter that a value is, or is selected out of; `Some(None)` is the receiver.
    pub fn part_of_parameter(&self, body: BodyRef, part: NodeId) -> Option<Option<usize>> {
        let mut at = part;
        loop {
            at = match &self.body(body).node(at).op {
                Op::Local(local) => match (self.parameter_of(body, *local), &self.sources(body, *local)[..]) {
                    (Some(parameter), _) => return Some(parameter),
                    (None, [source]) if *source < at => *source,
                    _ => return None,
                },
                Op::Field { base: of, .. } | Op::Index { base: of, .. } => *of,
                Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => *of,
                Op::Method { receiver, name, arguments, .. } => {
                    let selects = arguments.is_empty() || self.is_collected(self.ty(Site { body, node: *receiver }));
                    (selects || crate::index::flow::errors::only_explains(name)).then_some(*receiver)?
                }
                _ => return None,
            }
        }
    }

    /// What an expression only selects from or wraps: the values of branches, the elements of a list, what a variant is made with.
    fn selected_from(&self, site: Site) -> Vec<NodeId> {
        let body = self.body(site.body);
        match &self.node(site).op {
            op @ (Op::Match { .. } | Op::If { .. } | Op::Block(_)) => {
                let mut values = Vec::new();
                op.regions(&mut |region| values.extend(body.region(region).value));
                values
            }
            Op::Array(parts) | Op::Tuple(parts) => parts.clone(),
            Op::Macro(call) if call.seen => call.arguments.clone(),
            Op::Return(value) => value.iter().copied().collect(),
            Op::Call { arguments, .. } if matches!(self.ty(site), Ty::Ext(..)) && self.external(site).is_some() => {
                arguments.clone()
            }
            _ => Vec::new(),
        }
    }

    /// What a call gives for a parameter; none is the receiver.
    pub(in crate::index) fn operand_for(&self, call: Site, function: FnId, parameter: Option<usize>) -> Option<NodeId> {
        match (parameter, &self.node(call).op) {
            (Some(at), _) => self.argument_at(call, function, at).map(|given| given.node),
            (None, Op::Method { receiver, .. }) => Some(*receiver),
            (None, Op::Call { arguments, .. }) => arguments.first().copied(),
            _ => None,
        }
    }

    /// Whether a type is a collection, or iterates over one.
    fn is_collected(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Slice(_) => true,
            Ty::Ext(path, _) => path == "std::iter::Iterator" || self.catalogue().lists_a_member(Calls::Grows, *path),
            _ => false,
        }
    }

    /// What a call adds to the variety of its receiver and arguments.
    fn variety_of_call(&self, site: Site) -> Variety {
        let catalogue = self.catalogue();
        match self.callee(site) {
            Some(Callee::External(path)) => {
                let new_each_time = [Calls::Unique, Calls::Waits, Calls::Accepts];
                if new_each_time.iter().any(|list| catalogue.lists(*list, *path)) {
                    return Variety::Endless;
                }
                let reads = self.callable(site).is_some_and(|callable| callable.effect.is_some());
                if reads { Variety::Unknown } else { Variety::Few }
            }
            Some(Callee::Constructor(..)) => Variety::Few,
            Some(Callee::Workspace(function)) => {
                let makes_own = self.defs().function(*function).returns.is_some();
                let given = self.defs().function(*function).receiver.is_some()
                    || !self.defs().function(*function).parameters.is_empty();
                match () {
                    _ if self.gives_another(*function, &mut HashSet::default(), FUEL) => Variety::Endless,
                    _ if makes_own && !given => Variety::Unknown,
                    _ => Variety::Few,
                }
            }
            _ => Variety::Unknown,
        }
    }

    /// Whether a function gives another value each time, whatever it is given.
    fn gives_another(&self, function: FnId, seen: &mut HashSet<Site>, fuel: u32) -> bool {
        let Some(body) = self.defs().body_of(function).filter(|body| self.is_linked(*body)) else { return false };
        self.returned_values(body).into_iter().any(|node| self.is_made_up(Site { body, node }, seen, fuel))
    }

    /// Whether an expression is made of what gives another value each time it is evaluated.
    fn is_made_up(&self, site: Site, seen: &mut HashSet<Site>, fuel: u32) -> bool {
        if fuel == 0 || !seen.insert(site) {
            return false;
        }
        let mut parts = match &self.node(site).op {
            // What carries such a value among others is no such value, nor is what one decides.
            Op::Struct { .. }
            | Op::Field { .. }
            | Op::Binary { operator: Operator::Truth | Operator::Either | Operator::Both, .. }
            | Op::Closure { .. } => {
                return false;
            }
            Op::If { .. } | Op::Match { .. } | Op::Block(_) => self.selected_from(site),
            _ => self.made_of(site),
        };
        match (&self.node(site).op, self.callee(site)) {
            (_, Some(Callee::External(path))) if self.catalogue().lists(Calls::Unique, *path) => return true,
            (_, Some(Callee::Workspace(function))) if self.gives_another(*function, seen, fuel - 1) => return true,
            (Op::Local(local), _) => parts.extend(self.sources(site.body, *local)),
            (Op::Macro(call), _) => parts.extend(call.mentions.iter().flat_map(|l| self.sources(site.body, *l))),
            _ => {}
        }
        parts.into_iter().any(|node| self.is_made_up(Site { node, ..site }, seen, fuel - 1))
    }

    fn variety_of_local(&self, body: BodyRef, local: LocalId, seen: &mut HashSet<Site>, fuel: u32) -> Variety {
        if fuel == 0 {
            return Variety::Unknown;
        }
        if self.is_given_by_a_request(body, local) {
            return Variety::Endless;
        }
        if self.body(body).local(local).name == "self" {
            return Variety::Few;
        }
        if let Some(at) = self.position_among_parameters(body, local) {
            return self.variety_of_parameter(body, local, at, seen, fuel);
        }
        let sources = self.sources(body, local);
        let of = |node: &NodeId| self.variety_of(Site { body, node: *node }, seen, fuel - 1);
        sources.iter().map(of).max().unwrap_or(Variety::Unknown)
    }

    fn variety_of_parameter(
        &self,
        body: BodyRef,
        local: LocalId,
        at: usize,
        seen: &mut HashSet<Site>,
        fuel: u32,
    ) -> Variety {
        let Some(function) = self.function_of(body) else { return Variety::Unknown };
        let callers: Vec<_> = self.calls.callers(function).iter().filter(|c| !self.is_test(c.site.body)).collect();
        if self.is_given_requests(function) {
            let state = self.struct_behind(self.info(body).local(local)).is_some_and(|id| self.is_made_at_start(id));
            return if state { Variety::Few } else { Variety::Endless };
        }
        let mut widest = if callers.is_empty() { Variety::Unknown } else { Variety::Few };
        for call in callers {
            let given = self.argument_at(call.site, function, at);
            widest = widest.max(given.map_or(Variety::Unknown, |given| self.variety_of(given, seen, fuel - 1)));
        }
        widest
    }

    /// Whether a function is called with what requests bring.
    fn is_given_requests(&self, function: FnId) -> bool {
        let mut callers = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
        self.handler(function).is_some() || callers.any(|call| call.runs == Runs::Request)
    }

    /// Whether the program itself makes the values of a type, and none of them for a request: what is shared, not what is sent.
    pub(in crate::index) fn is_made_at_start(&self, id: TypeId) -> bool {
        let made = self.made_at(id);
        !made.is_empty() && made.iter().all(|site| self.repeated(*site).is_none())
    }

    fn position_among_parameters(&self, body: BodyRef, local: LocalId) -> Option<usize> {
        self.body(body).parameters.iter().position(|pattern| pattern.locals().contains(&local))
    }

    /// Whether a local is the parameter of a closure that runs per request.
    pub(in crate::index) fn is_given_by_a_request(&self, body: BodyRef, local: LocalId) -> bool {
        let (facts, info) = (self.body(body), self.info(body));
        facts.nodes.iter().any(|node| match &node.op {
            Op::Closure { region, parameters, .. } => {
                debug_assert_eq!(facts.region(*region).kind, RegionKind::Closure);
                info.runs.get(region) == Some(&Runs::Request)
                    && parameters.iter().any(|pattern| pattern.locals().contains(&local))
            }
            _ => false,
        })
    }

    pub(in crate::index) fn is_time(&self, ty: &Ty) -> bool {
        matches!(ty.peeled(), Ty::Ext(path, _) if self.catalogue().lists_a_member(Calls::Clocks, *path))
    }

    /// Whether a type has only so many values: an enum without fields, `bool`, a byte, a type's id; and what holds nothing but one of these.
    pub fn has_few_values(&self, ty: &Ty) -> bool {
        match ty.peeled() {
            Ty::Adt(id, _) => {
                let item = self.defs().type_def(*id);
                let fields = &self.signatures().fields[id.index()];
                match (item.variants.is_empty(), fields.len()) {
                    (false, _) => item.fields.is_empty(),
                    (true, 1) => fields.values().all(|ty| self.has_few_values(ty)),
                    (true, _) => false,
                }
            }
            Ty::Ext(path, _) if matches!(path.as_str(), "bool" | "u8" | "i8") => true,
            Ty::Ext(path, _) => match ty.content() {
                Some(inner) => self.has_few_values(inner),
                None => self.catalogue().lists(Calls::Settled, *path),
            },
            Ty::Tuple(parts) => parts.iter().all(|part| self.has_few_values(part)),
            _ => false,
        }
    }
}
