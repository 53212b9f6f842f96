//! Sequences whose elements may fail, and the call that reads them: directory entries, lines, rows, connections.

use ustr::ustr;

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{Literal, LoopKind, NodeId, Op, Pattern, PatternKind, RegionId};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::{Index, Ty};

/// Where a sequence is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// What its elements fail of.
    pub effect: Effect,
    /// The call that starts reading, or that reads the next.
    pub call: Site,
    /// Its elements are connections.
    pub accepts: bool,
}

/// What a function lays around the sequence that it gives.
pub(super) const LAID_AROUND: [&str; 4] =
    ["std::result::Result::Ok", "std::option::Option::Some", "std::boxed::Box::new", "std::boxed::Box::pin"];

/// How many steps a sequence is followed back.
const FUEL: u32 = 16;

/// Through how many variables it is followed of what a path is made.
const STEPS: u32 = 4;

impl Index {
    /// Whether a call is given an item of what the loop or closure `region` around it goes through, or a part of one.
    pub fn is_made_of_item(&self, call: Site, region: RegionId) -> bool {
        let (facts, info) = (self.body(call.body), self.info(call.body));
        let items = match info.region_node(region).map(|owner| &facts.node(owner).op) {
            Some(Op::Loop { kind: LoopKind::For { pattern, .. }, .. }) => pattern.locals(),
            Some(Op::Closure { parameters, .. }) => parameters.iter().flat_map(Pattern::locals).collect(),
            _ => return false,
        };
        facts.node(call.node).op.operands().into_iter().any(|part| {
            let mut at = part;
            loop {
                at = match &facts.node(at).op {
                    Op::Local(local) => return items.contains(local),
                    Op::Field { base: of, .. } | Op::Index { base: of, .. } | Op::Method { receiver: of, .. } => *of,
                    Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => *of,
                    _ => return false,
                };
            }
        })
    }

    /// Where the elements of a sequence come from, each as a `Result` of its own; adapters that keep the elements are seen through.
    pub fn sequence(&self, site: Site) -> Option<Source> {
        self.sequence_within(site, FUEL)
    }

    fn sequence_within(&self, site: Site, fuel: u32) -> Option<Source> {
        let fuel = fuel.checked_sub(1)?;
        if let Some(effect) = self.next_effect(self.ty(site)) {
            return Some(Source { effect, call: site, accepts: false });
        }
        let follow = |node: NodeId| self.sequence_within(Site { node, ..site }, fuel);
        match &self.node(site).op {
            Op::Await(of) | Op::Try(of) | Op::Deref(of) | Op::Reference { of, .. } => follow(*of),
            Op::Local(local) => match self.sources(site.body, *local)[..] {
                [only] => follow(only),
                [] => self.handed_in(site),
                _ => None,
            },
            Op::Call { .. } => self.source(site, None).or_else(|| self.given_by(site, fuel)),
            Op::Method { receiver, arguments, .. } => {
                let elements = |node: NodeId| self.element(self.ty(Site { node, ..site }));
                let keeps = || {
                    elements(site.node).is_result()
                        && elements(site.node) == elements(*receiver)
                        && !self.warns_of_elements(site, arguments)
                };
                // What unwraps the sequence itself: `read_dir(..).unwrap()`, `.context(..)`.
                let unwraps = || self.ty(Site { node: *receiver, ..site }).is_result();
                self.source(site, Some(*receiver))
                    .or_else(|| self.given_by(site, fuel))
                    .or_else(|| (keeps() || unwraps()).then(|| follow(*receiver))?)
            }
            _ => None,
        }
    }

    /// Whether an adapter says of elements that something is wrong: `inspect(|entry| if let Err(error) = entry { warn!(%error) })`.
    fn warns_of_elements(&self, adapter: Site, arguments: &[NodeId]) -> bool {
        arguments.iter().any(|node| match self.node(Site { node: *node, ..adapter }).op {
            Op::Closure { region, .. } => self.warns(adapter.body, region),
            _ => false,
        })
    }

    /// The sequence that a function of the workspace gives, in whatever box: what any of the functions that a call may go to reads it from, or else what the
    /// errors of its elements stem from.
    fn given_by(&self, call: Site, fuel: u32) -> Option<Source> {
        let Some(Callee::Workspace(function) | Callee::Trait(function)) = self.callee(call) else { return None };
        let bodies = self.may_call(call, *function).into_iter().filter_map(|id| self.defs().body_of(id));
        let shipped = bodies.filter(|body| self.is_linked(*body) && !self.is_test(*body));
        let mut given =
            shipped.flat_map(|body| self.returned_values(body).into_iter().map(move |node| Site { body, node }));
        let read = given.find_map(|value| self.read_for(value, fuel)).map(|source| Source { call, ..source });
        read.or_else(|| self.handed_in(call))
    }

    /// Where the elements of what a function gives come from, each still a `Result`, whatever was made of those that are none.
    fn read_for(&self, value: Site, fuel: u32) -> Option<Source> {
        let fuel = fuel.checked_sub(1)?;
        let to = |node: NodeId| Site { node, ..value };
        let elements_fail = |node: NodeId| self.element(self.ty(to(node))).is_result();
        match &self.node(value).op {
            Op::Call { arguments, .. }
                if self.external(value).is_some_and(|path| LAID_AROUND.contains(&path.as_str())) =>
            {
                self.read_for(to(*arguments.first()?), fuel)
            }
            Op::Method { arguments, .. } if self.warns_of_elements(value, arguments) => None,
            Op::Method { receiver, .. } if elements_fail(value.node) && elements_fail(*receiver) => {
                self.sequence_within(value, fuel).or_else(|| self.read_for(to(*receiver), fuel))
            }
            Op::Local(local) => match self.sources(value.body, *local)[..] {
                [only] => self.read_for(to(only), fuel),
                _ => None,
            },
            Op::Try(of) | Op::Await(of) => self.read_for(to(*of), fuel),
            _ => self.sequence_within(value, fuel),
        }
    }

    /// A sequence that somebody gives: its elements fail of what their errors stem from.
    fn handed_in(&self, site: Site) -> Option<Source> {
        let Ty::Ext(_, arguments) = self.element(self.ty(site)) else { return None };
        let Some(Ty::Ext(error, _)) = arguments.get(1) else { return None };
        let effect = self.catalogue().failure(*error)?;
        Some(Source { effect, call: site, accepts: false })
    }

    /// What reading the next element of a value touches.
    fn next_effect(&self, ty: &Ty) -> Option<Effect> {
        let Ty::Ext(path, _) = ty.peeled() else { return None };
        self.catalogue().method(*path, ustr("next")).and_then(|(_, callable)| callable.effect)
    }

    /// The call that reads, where its result is a sequence or its next element.
    fn source(&self, site: Site, receiver: Option<NodeId>) -> Option<Source> {
        let path = self.external(site)?;
        let read = receiver.and_then(|receiver| self.read_effect(Site { node: receiver, ..site }));
        let effect = self.callable(site)?.effect.or(read)?;
        Some(Source { effect, call: site, accepts: self.catalogue().lists(Calls::Accepts, path) })
    }

    /// What a call that gives the next element reads from: the reader, listener or sequence that it is called on.
    pub fn next_of(&self, site: Site) -> Option<Source> {
        match &self.node(site).op {
            Op::Await(of) => self.next_of(Site { node: *of, ..site }),
            Op::Method { receiver, .. } => {
                let inner = || self.sequence(Site { node: *receiver, ..site });
                self.source(site, Some(*receiver)).or_else(inner)
            }
            _ => None,
        }
    }

    /// Whether an error has somewhere to go: the function returns one, and who opens the sequence there does not take a failure for nothing.
    pub fn can_tell(&self, source: Source) -> bool {
        !self.is_taken_for_nothing(self.opened(source.call)) && self.returns_result(source.call)
    }

    /// The call that opens what another call reads the next of.
    fn opened(&self, call: Site) -> Site {
        let Op::Method { receiver, .. } = &self.node(call).op else { return call };
        let mut at = *receiver;
        for _ in 0..FUEL {
            at = match &self.node(Site { node: at, ..call }).op {
                Op::Await(of) | Op::Try(of) | Op::Reference { of, .. } => *of,
                Op::Local(local) => match self.sources(call.body, *local)[..] {
                    [only] => only,
                    _ => return call,
                },
                Op::Match { scrutinee, .. } => *scrutinee,
                Op::Call { .. } | Op::Method { .. } if self.awaited_type(Site { node: at, ..call }).is_result() => {
                    return Site { node: at, ..call };
                }
                _ => return call,
            };
        }
        call
    }

    /// The type of a value, awaited where it is a future.
    fn awaited_type(&self, site: Site) -> Ty {
        match self.ty(site) {
            Ty::Future(output) => (**output).clone(),
            ty => ty.clone(),
        }
    }

    /// Whether the failure of a call looks like an empty result: `if let Ok(..)`, `let Ok(..) = .. else`, `Err(_) => continue`.
    fn is_taken_for_nothing(&self, call: Site) -> bool {
        let (body, info) = (self.body(call.body), self.info(call.body));
        let mut at = call.node;
        while let Some(parent) = info.parent(at) {
            match &body.node(parent).op {
                Op::Await(_) => at = parent,
                Op::Let { pattern, .. } => return info.parent(parent).is_some() && pattern.variant().is_some(),
                Op::Bind { pattern, .. } => return matches!(pattern.kind, PatternKind::TupleStruct { .. }),
                Op::Match { arms, .. } => {
                    let failed = arms.iter().filter(|arm| arm.pattern.variant().is_none_or(|name| name == "Err"));
                    return failed
                        .into_iter()
                        .any(|arm| !self.fails_at_end(call.body, arm.region) && !self.tells(call.body, arm.region));
                }
                _ => return false,
            }
        }
        false
    }

    /// Whether what a call reads or writes lies where the kernel keeps what it tells of itself, as far as the texts say that it is made of: entries there
    /// cannot be broken, they come and go, and what is written there waits for no disk.
    pub fn touches_the_kernel(&self, call: Site) -> bool {
        self.is_of_the_kernel(call, STEPS)
    }

    fn is_of_the_kernel(&self, value: Site, fuel: u32) -> bool {
        let whole = self.node(value).range;
        let facts = self.body(value.body);
        let within = facts.iter().filter(|(_, node)| whole.contains(node.range));
        within.into_iter().any(|(id, node)| match &node.op {
            Op::Literal(Literal::Text(text)) => is_kernel_path(text),
            Op::Path(_) => self.is_constant_of_the_kernel(Site { node: id, ..value }),
            Op::Local(local) => fuel.checked_sub(1).is_some_and(|fuel| {
                let made_of = self.sources(value.body, *local).into_iter().filter(|made| *made < value.node);
                made_of.into_iter().any(|node| self.is_of_the_kernel(Site { node, ..value }, fuel))
            }),
            _ => false,
        })
    }

    /// Whether a constant is named that holds a text for something of the kernel's.
    fn is_constant_of_the_kernel(&self, named: Site) -> bool {
        let init = self.info(named.body).statics.get(&named.node).and_then(|item| self.defs().init_of(*item));
        init.is_some_and(|body| {
            self.body(body)
                .iter()
                .any(|(_, n)| matches!(&n.op, Op::Literal(Literal::Text(text)) if is_kernel_path(text)))
        })
    }

    /// Whether the function or closure around a site returns a `Result`.
    pub fn returns_result(&self, site: Site) -> bool {
        self.output(site.body).is_some_and(Ty::is_result)
    }
}

/// `/proc/..`, `/sys/..`, and `/dev/..`, which lists devices as the kernel finds them.
pub(in crate::index) fn is_kernel_path(text: &str) -> bool {
    ["/proc", "/sys", "/dev"]
        .iter()
        .any(|root| text.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}
