//! Which hosts are asked through a client, where the addresses of its requests are written out.

use std::collections::BTreeSet;

use crate::facts::model::{Literal, NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::StaticId;

impl Index {
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
                    let address = arguments.iter().find_map(|argument| self.text_in(Site { node: *argument, ..site }));
                    if let Some(host) = address.and_then(host) {
                        return Some(host);
                    }
                }
                _ => return None,
            }
            at = parent;
        }
    }

    /// The first text that is written in an expression.
    fn text_in(&self, site: Site) -> Option<&str> {
        let op = &self.node(site).op;
        if let Op::Literal(Literal::Text(text)) = op {
            return Some(text.as_str());
        }
        let mut parts: Vec<NodeId> = Vec::new();
        op.operands(&mut |part| parts.push(part));
        parts.into_iter().find_map(|node| self.text_in(Site { node, ..site }))
    }
}

/// The host of an address, where it is written out.
fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.is_empty() && !host.contains('{')).then_some(host)
}
