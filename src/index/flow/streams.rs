//! Streams whose items come from outside while a program runs, as what is sent into a channel or who connects: whoever goes through one waits for work. What
//! ends by itself, as a list or the rows of an answer, is none of them, nor is one that cannot be followed to what it was made of.

use rustc_hash::FxHashSet as HashSet;
use ustr::ustr;

use crate::catalogue::Calls;
use crate::facts::model::{NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::flow::sequences::LAID_AROUND;
use crate::index::{Index, Ty};

/// How far a stream is followed back.
const FUEL: u32 = 12;

/// Through how many functions of the workspace a poll is followed.
const CALLS: u32 = 2;

impl Index {
    /// Whether a call takes the next item of a stream that gives what comes from outside: what one of `lists` waits for.
    pub(in crate::index) fn takes_what_comes(&self, call: Site, lists: &[Calls]) -> bool {
        let stream = match &self.node(call).op {
            Op::Method { receiver, .. } => Some(*receiver),
            Op::Call { arguments, .. } => arguments.first().copied(),
            _ => None,
        };
        self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Streams, path))
            && stream.is_some_and(|node| self.gives_what_comes(Site { node, ..call }, lists, FUEL))
    }

    /// Whether a stream is one of a type that gives what comes from outside, or is laid around one. An item that is a stream itself is another one.
    fn gives_what_comes(&self, stream: Site, lists: &[Calls], fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        if self.is_fed_from_outside(self.ty(stream), lists) {
            return true;
        }
        let follow = |site: Site| self.gives_what_comes(site, lists, fuel);
        let all = |sites: Vec<Site>| !sites.is_empty() && sites.into_iter().all(follow);
        let to = |node: NodeId| Site { node, ..stream };
        let is_laid_around = || self.external(stream).is_some_and(|path| LAID_AROUND.contains(&path.as_str()));
        match &self.node(stream).op {
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) => follow(to(*of)),
            Op::Local(local) => match self.parameter_of(stream.body, *local) {
                Some(Some(at)) => all(self
                    .function_of(stream.body)
                    .map(|function| self.given_for(function, at).collect())
                    .unwrap_or_default()),
                Some(None) => false,
                None => match self.sources(stream.body, *local)[..] {
                    [only] => follow(to(only)),
                    _ => false,
                },
            },
            op @ (Op::Match { .. } | Op::If { .. } | Op::Block(_)) => {
                let mut values = Vec::new();
                op.regions(&mut |region| values.extend(self.body(stream.body).region(region).value.map(to)));
                all(values)
            }
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => match self.callee(stream) {
                Some(Callee::Workspace(function)) => {
                    let body = self.defs().body_of(*function).filter(|body| self.is_linked(*body));
                    let returned = |body| self.returned_values(body).into_iter().map(move |node| Site { body, node });
                    all(body.map(|body| returned(body).collect()).unwrap_or_default())
                }
                _ => match &self.node(stream).op {
                    Op::Method { receiver, .. } => follow(to(*receiver)),
                    _ => is_laid_around() && arguments.first().is_some_and(|node| follow(to(*node))),
                },
            },
            _ => false,
        }
    }

    fn is_fed_from_outside(&self, ty: &Ty, lists: &[Calls]) -> bool {
        match ty.peeled() {
            Ty::Ext(path, _) => {
                let next = ustr(&format!("{path}::next"));
                let work = lists.contains(&Calls::Waits).then_some(Calls::Polls);
                lists.iter().copied().chain(work).any(|list| self.catalogue().lists(list, next))
            }
            Ty::Adt(id, _) => lists.contains(&Calls::Waits) && self.streams_of_work().contains(id),
            _ => false,
        }
    }

    /// The types of the workspace that are such streams: giving the next item, they look whether something has come.
    fn streams_of_work(&self) -> &HashSet<TypeId> {
        self.streams.get_or_init(|| {
            let shipped = self.bodies().filter(|(body, ..)| !self.is_test(*body)).map(|(body, ..)| body);
            shipped.filter_map(|body| self.streams_by(body).filter(|_| self.looks_for_work(body, CALLS))).collect()
        })
    }

    /// The type of the workspace that a body gives the next item of as a stream.
    fn streams_by(&self, body: BodyRef) -> Option<TypeId> {
        let function = self.function_of(body)?;
        let path = ustr(&format!("{}::{}", self.library_trait(function)?, self.defs().function(function).name));
        match &self.signatures().impl_types[self.defs().impl_of(function)?.index()] {
            Ty::Adt(id, _) if self.catalogue().lists(Calls::Streams, path) => Some(*id),
            _ => None,
        }
    }

    fn looks_for_work(&self, body: BodyRef, calls: u32) -> bool {
        self.call_sites(body).any(|site| match self.callee(site) {
            Some(Callee::External(path)) => self.catalogue().lists(Calls::Polls, *path),
            Some(Callee::Workspace(function) | Callee::Trait(function)) if calls > 0 => {
                let bodies = self.may_call(site, *function).into_iter().filter_map(|id| self.defs().body_of(id));
                bodies.filter(|body| self.is_linked(*body)).any(|body| self.looks_for_work(body, calls - 1))
            }
            _ => false,
        })
    }
}
