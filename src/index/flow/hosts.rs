//! Which hosts are asked, as far as their addresses are written out: through a client, by a call, on this machine or elsewhere.

use std::collections::BTreeSet;

use ustr::Ustr;

use crate::facts::model::{Literal, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::StaticId;

/// The expressions that an address stands in.
pub struct Address<'i> {
    index: &'i Index,
    parts: Vec<Site>,
}

impl Index {
    /// The address among what a call is given.
    pub fn address_given_to(&self, call: Site) -> Address<'_> {
        let arguments = match &self.node(call).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => &arguments[..],
            _ => &[],
        };
        Address { index: self, parts: arguments.iter().map(|node| Site { node: *node, ..call }).collect() }
    }

    /// The address that an operation goes to. Of a chain of methods the first is that of the client itself.
    pub fn address_asked_by(&self, operation: Site) -> Address<'_> {
        let mut first = operation;
        while let Op::Method { receiver, .. } = self.node(first).op
            && matches!(self.node(Site { node: receiver, ..first }).op, Op::Method { .. })
        {
            first.node = receiver;
        }
        self.address_given_to(first)
    }

    /// The one host that all requests go to whose address is written out where a static is used; none where there are several, or none.
    pub fn host_asked_through(&self, item: StaticId) -> Option<&str> {
        let hosts: BTreeSet<&str> =
            self.calls.mentions(item).iter().filter_map(|site| self.host_asked_at(*site)).collect();
        match hosts.into_iter().collect::<Vec<_>>()[..] {
            [host] => Some(host),
            _ => None,
        }
    }

    /// The host in the first address that is given to a method called on a value.
    fn host_asked_at(&self, site: Site) -> Option<&str> {
        let info = self.info(site.body);
        let mut at = site.node;
        loop {
            let parent = info.parent(at)?;
            match &self.node(Site { node: parent, ..site }).op {
                Op::Reference { .. } | Op::Deref(_) => {}
                Op::Method { receiver, arguments, .. } if *receiver == at => {
                    let mut texts = arguments.iter().flat_map(|node| self.texts_in(Site { node: *node, ..site }));
                    if let Some(host) = texts.next().and_then(host) {
                        return Some(host);
                    }
                }
                _ => return None,
            }
            at = parent;
        }
    }

    /// The texts that are written in an expression, in their order.
    fn texts_in(&self, site: Site) -> Vec<&str> {
        let op = &self.node(site).op;
        if let Op::Literal(Literal::Text(text)) = op {
            return vec![text.as_str()];
        }
        op.operands().into_iter().flat_map(|node| self.texts_in(Site { node, ..site })).collect()
    }
}

impl Address<'_> {
    /// Whether it never leaves this machine: that is written where it is given.
    pub fn names_this_machine(&self) -> bool {
        self.parts.iter().any(|part| self.index.texts_in(*part).into_iter().any(is_local))
    }

    /// Whether it names this machine, or is put together of such an address and nothing else. What stands alone may be what is taken where nothing else is
    /// set.
    pub fn leads_to_this_machine(&self) -> bool {
        self.names_this_machine() || self.is_local_throughout(&|text| text.contains('{'))
    }

    /// Whether all that is written out of it names this machine, be it what is taken where nothing else is set. With a place for a port or path it is put
    /// together for something that the program knows more of.
    pub fn defaults_to_this_machine(&self) -> bool {
        self.is_local_throughout(&|text| !text.contains('{'))
    }

    /// Whether a text that it may be made of names this machine in some form, and none another one.
    fn is_local_throughout(&self, form: &dyn Fn(&str) -> bool) -> bool {
        let texts: Vec<Ustr> = self.parts.iter().flat_map(|part| self.index.texts_behind(*part)).collect();
        let is_elsewhere = |text: &Ustr| text.contains("://") && !is_local(text);
        texts.iter().any(|text| is_local(text) && form(text)) && !texts.iter().any(is_elsewhere)
    }
}

/// Whether a text names this machine.
fn is_local(text: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].iter().any(|name| text.contains(name))
}

/// The host of an address, where it is written out.
fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.is_empty() && !host.contains('{')).then_some(host)
}
