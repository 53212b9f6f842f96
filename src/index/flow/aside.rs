//! What is done by the way: operations of which hardly anybody would miss that they failed. They change a file's mode, note which process works here,
//! take leave of a peer, report how the program is used to those who made it.

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{Body, Literal, NodeId, Op};
use crate::index::calls::Site;
use crate::index::{Index, Ty};

/// Modes that leave a file or folder to its owner alone.
const PRIVATE: [u32; 4] = [0o400, 0o500, 0o600, 0o700];

impl Index {
    /// Whether the call of an operation is by the way.
    pub fn is_by_the_way(&self, operation: Site) -> bool {
        self.adjusts(operation)
            || self.notes_the_process(operation)
            || self.takes_leave(operation)
            || self.reports_to_its_makers(operation)
    }

    /// Whether what a file is called by the system is changed. Where the mode takes the file away from all others, it is what protects a secret.
    fn adjusts(&self, operation: Site) -> bool {
        let protects = |op: &Op| match op {
            Op::Literal(Literal::Number(digits, _)) => digits.parse().is_ok_and(|mode| PRIVATE.contains(&mode)),
            _ => false,
        };
        self.external(operation).is_some_and(|path| self.catalogue().lists(Calls::Adjusts, path))
            && !self.body(operation.body).nodes.iter().any(|node| protects(&node.op))
    }

    /// `writeln!(lock, "{}", std::process::id())`: the open file is what counts, not what it says.
    fn notes_the_process(&self, write: Site) -> bool {
        let Op::Macro(call) = &self.node(write).op else { return false };
        let names = |node: &NodeId| self.names_the_process(Site { node: *node, ..write });
        let is_text = |node: &NodeId| matches!(self.body(write.body).node(*node).op, Op::Literal(Literal::Text(_)));
        let mut said = call.arguments.iter().skip(1).filter(|node| !is_text(node)).peekable();
        call.mentions.is_empty() && said.peek().is_some() && said.all(names)
    }

    fn names_the_process(&self, value: Site) -> bool {
        match self.node(value).op {
            Op::Block(region) => {
                let inner = self.body(value.body).region(region).value;
                inner.is_some_and(|node| self.names_the_process(Site { node, ..value }))
            }
            Op::Call { .. } => {
                self.external(value).is_some_and(|path| self.catalogue().lists(Calls::NamesProcess, path))
            }
            _ => false,
        }
    }

    /// Whether a call closes a connection, or flushes what goes to a peer: that the peer is gone is no loss, or told by the next read.
    fn takes_leave(&self, operation: Site) -> bool {
        let Op::Method { receiver, name, .. } = &self.node(operation).op else { return false };
        let ty = self.ty(Site { node: *receiver, ..operation });
        match ty.peeled() {
            Ty::Ext(path, _) => {
                let closes = self.resource(*path).is_some_and(|entry| {
                    let connects = entry.kind.is_some_and(|kind| {
                        kind.ends_with("connection") || kind.ends_with("channel") || kind.ends_with("pool")
                    });
                    connects && entry.close_names().any(|close| close == name.as_str())
                });
                closes || name == "flush" && self.writer_effect(ty) == Some(Effect::Network)
            }
            _ => false,
        }
    }

    /// Whether a request goes to an address that is written into the program, and the function around gives nothing: statistics of use.
    fn reports_to_its_makers(&self, request: Site) -> bool {
        let gives_nothing = self.output(request.body).is_some_and(|output| *output == Ty::unit());
        let mut at = request;
        while let (true, Op::Method { receiver, arguments, .. }) = (gives_nothing, &self.node(at).op) {
            if arguments.iter().any(|argument| self.is_written_address(Site { node: *argument, ..at })) {
                return true;
            }
            at.node = *receiver;
        }
        false
    }

    /// Whether a value is the address of a host of the world, and a literal or a constant.
    fn is_written_address(&self, value: Site) -> bool {
        let text = match &self.node(value).op {
            Op::Literal(Literal::Text(text)) => Some(*text),
            Op::Path(_) => self.info(value.body).statics.get(&value.node).and_then(|item| {
                let body = self.body(self.defs().init_of(*item)?);
                match body.node(body.region(Body::ROOT).value?).op {
                    Op::Literal(Literal::Text(text)) => Some(text),
                    _ => None,
                }
            }),
            _ => None,
        };
        let host =
            |text: &str| text.strip_prefix("https://").is_some_and(|rest| rest.contains('.') && !rest.contains('{'));
        text.is_some_and(|text| host(&text))
    }
}
