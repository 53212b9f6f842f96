//! Tasks that take what they have to do out of a channel: whether anything is lost with what is still in it. Knows nothing of programs and how they end.

use std::collections::BTreeMap;

use ustr::Ustr;

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{Body, LoopKind, NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::TypeId;
use crate::index::declared::types::{Ty, field_key};
use crate::index::tasks::{End, Task, Work};

/// So deep in types the way back to a sender is looked for.
const TYPES: u32 = 3;

impl Index {
    /// What a task stores for those who send to it and go on: its first change of a file, database or storage. None where each of them is answered, and so may wait for
    /// its answer, or where the task gives word when its channel is closed.
    pub fn stores_for_others(&self, task: &Task) -> Option<(Site, Effect)> {
        let End::WithChannel(_) = task.end else { return None };
        let sites = self.work_sites(task);
        let stores = |effect: &Effect| matches!(effect, Effect::File | Effect::Database | Effect::Storage);
        let stored = sites.iter().find_map(|site| Some((*site, self.changes(*site).filter(stores)?)))?;
        let is_answered = sites.iter().filter_map(|site| self.receiver_at(*site)).any(|end| self.may_answer(end));
        (!is_answered && !self.gives_word_at_its_end(task)).then_some(stored)
    }

    /// The receiving end that a call or loop takes something out of.
    fn receiver_at(&self, site: Site) -> Option<Site> {
        let node = match &self.node(site).op {
            Op::Method { receiver, .. } => *receiver,
            Op::Loop { kind: LoopKind::For { iterated, .. }, .. } => *iterated,
            _ => return None,
        };
        Some(Site { node, ..site }).filter(|end| self.is_receiver(self.ty(*end)))
    }

    /// Whether whoever sends to a receiver may be answered: by the type of the messages, or by what is sent where that is not known.
    fn may_answer(&self, receiver: Site) -> bool {
        let message = match self.ty(receiver).peeled() {
            Ty::Ext(_, parts) => parts.first().filter(|message| !message.is_unknown()),
            _ => None,
        };
        if let Some(message) = message {
            return self.may_be_answered(message, TYPES);
        }
        let channels = self.channels_behind(receiver);
        let sends: Vec<Site> =
            channels.iter().filter_map(|channel| self.sent_into().get(channel)).flatten().copied().collect();
        let sent = |send: &Site| match &self.node(*send).op {
            Op::Method { arguments, .. } => arguments.first().map(|node| self.ty(Site { node: *node, ..*send })),
            _ => None,
        };
        sends.is_empty() || sends.iter().any(|send| sent(send).is_none_or(|ty| self.may_be_answered(ty, TYPES)))
    }

    /// Whether all that can be sent as a value of a type has a way back with it, or what it is cannot be seen.
    fn may_be_answered(&self, message: &Ty, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        match message {
            Ty::Ext(path, parts) => {
                self.catalogue().lists_a_member(Calls::Sends, *path)
                    || parts.iter().any(|part| self.may_be_answered(part, fuel))
            }
            Ty::Tuple(parts) => parts.iter().any(|part| self.may_be_answered(part, fuel)),
            Ty::Ref(of) | Ty::Slice(of) => self.may_be_answered(of, fuel),
            Ty::Adt(id, parts) => {
                parts.iter().any(|part| self.may_be_answered(part, fuel)) || self.answers_each_form(*id, fuel)
            }
            Ty::Unknown | Ty::Param(_) | Ty::Bounded(_) => true,
            _ => false,
        }
    }

    /// Whether each form of a type that holds anything holds a way back.
    fn answers_each_form(&self, id: TypeId, fuel: u32) -> bool {
        let signatures = self.signatures();
        let mut forms: BTreeMap<Option<&str>, bool> = BTreeMap::new();
        for field in &self.defs().type_def(id).fields {
            let ty = &signatures.fields[id.index()][&field_key(field.variant, field.name)];
            let form = forms.entry(field.variant.as_ref().map(Ustr::as_str)).or_default();
            *form |= !ty.is_unknown() && self.may_be_answered(ty, fuel);
        }
        !forms.is_empty() && forms.into_values().all(|answered| answered)
    }

    /// Whether a task sends something, or wakes somebody, behind its loop: whoever ends the program may wait for that.
    fn gives_word_at_its_end(&self, task: &Task) -> bool {
        let behind = |body, region| {
            let facts = self.body(body);
            let is_own = move |node: NodeId| self.runs_within(body, region, node);
            let own = || facts.iter().filter(move |(node, _)| is_own(*node));
            let last = own().filter(|(_, n)| matches!(n.op, Op::Loop { .. })).map(|(_, n)| n.range.end).max();
            let gives = |node: NodeId| {
                let word = [Calls::Sends, Calls::Announces, Calls::Orders];
                let path = self.external(Site { body, node });
                path.is_some_and(|path| word.iter().any(|list| self.catalogue().lists(*list, path)))
            };
            last.is_some_and(|last| own().any(|(node, n)| n.range.start > last && gives(node)))
        };
        task.work.iter().any(|work| match work {
            Work::Region(region) => behind(task.spawn.body, *region),
            Work::Function(function) => self.linked_body(*function).is_some_and(|body| behind(body, Body::ROOT)),
        })
    }
}
