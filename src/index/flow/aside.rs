//! What is done by the way: operations of which hardly anybody would miss that they failed. They change a file's mode, note which process works here,
//! make sure of what was made before, keep a database in order, give one message to a peer or take leave of it, report how the program is used to those who made it.

use ustr::{Ustr, ustr};

use crate::catalogue::{Calls, Effect};
use crate::facts::model::{Body, Literal, NodeId, Op, RegionId};
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::flow::statements;
use crate::index::{Index, Ty};

/// Modes that leave a file or folder to its owner alone.
const PRIVATE: [u32; 4] = [0o400, 0o500, 0o600, 0o700];

/// What stands behind an `or` in the names of functions that make what is not there yet.
const MAKES: [&str; 6] = ["build", "create", "generate", "init", "make", "new"];

impl Index {
    /// Whether the call of an operation is by the way.
    pub fn is_by_the_way(&self, operation: Site) -> bool {
        self.adjusts(operation)
            || self.notes_the_process(operation)
            || self.makes_sure(operation)
            || self.keeps_house(operation)
            || self.takes_leave(operation)
            || self.exports_the_rest(operation)
            || self.serves_one(operation)
            || self.says_something(operation)
            || self.reports_to_its_makers(operation)
    }

    /// Whether an operation makes something that was made before in all runs but the first, and then fails.
    fn makes_sure(&self, operation: Site) -> bool {
        self.external(operation).is_some_and(|path| self.catalogue().lists(Calls::MakesOnce, path))
            || self.asks_a_database(operation) && self.states(operation, &statements::makes_once)
    }

    /// Whether an operation keeps a database awake or in order: what is stored in it is the same before and after.
    pub fn keeps_house(&self, operation: Site) -> bool {
        self.asks_a_database(operation) && self.states(operation, &statements::stores_and_asks_nothing)
    }

    fn asks_a_database(&self, operation: Site) -> bool {
        self.callable(operation).is_some_and(|callable| callable.effect == Some(Effect::Database))
    }

    /// Whether a call gives one message to a peer. That it does not arrive matters to the peer; a loop that goes on giving them to one peer is told that it
    /// is gone by nothing else.
    fn says_something(&self, operation: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(operation).op else { return false };
        let facts = self.body(operation.body);
        let peer = self.variable_behind(operation.body, receiver).map(|local| facts.local(local).region);
        let is_of_a_round = |around: RegionId| peer.is_some_and(|peer| facts.is_inside(peer, around));
        self.external(operation).is_some_and(|path| self.catalogue().lists(Calls::Messages, path))
            && self.loops_around(operation).iter().all(|around| is_of_a_round(around.region))
    }

    /// Whether a call writes to whoever is at the other end of a connection.
    pub fn goes_to_a_peer(&self, operation: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(operation).op else { return false };
        let writer = self.innermost(self.ty(Site { node: receiver, ..operation }));
        self.external(operation).is_some_and(|path| self.catalogue().lists(Calls::Messages, path))
            || self.writer_effect(&writer) == Some(Effect::Network)
    }

    /// Whether the function around a site is there to report how the program is used, as the names say that lead to it.
    pub fn counts_use(&self, site: Site) -> bool {
        let path = self.item_path(site.body);
        let mut words = path.split("::").flat_map(|name| name.split('_'));
        words.any(|word| self.catalogue().lists(Calls::CountsUse, ustr(&word.to_lowercase())))
    }

    /// Whether a function is there to spare work, as its own name or that of its type says: what it could not keep or find is made again. What is to be taken
    /// out of a cache and stays there is taken for true, and what only the cache has is lost with it.
    pub fn spares_work(&self, site: Site) -> bool {
        let path = self.item_path(site.body);
        let names: Vec<&str> = path.rsplit("::").take(2).collect();
        let has = |name: &str, list: Calls| words_of(name).iter().any(|word| self.catalogue().lists(list, ustr(word)));
        names.iter().any(|name| has(name, Calls::SparesWork))
            && !names.first().is_some_and(|name| has(name, Calls::TakesAway) || has(name, Calls::SettlesCaches))
    }

    /// Whether a function tells how many there are of something, as its name says.
    pub fn tells_how_many(&self, name: &str) -> bool {
        name.split('_').any(|word| self.catalogue().lists(Calls::TellsHowMany, ustr(word)))
    }

    /// Whether a function is there to take something away, as its name says.
    pub fn takes_away(&self, body: BodyRef) -> bool {
        self.is_named_for(body, Calls::TakesAway)
    }

    /// Whether a function is there to give a peer one message, as its name says.
    pub fn gives_a_message(&self, body: BodyRef) -> bool {
        self.is_named_for(body, Calls::GivesMessage)
    }

    /// Whether a function makes something only where that is not there yet, as its name says: `get_or_generate_key`.
    pub fn makes_what_is_missing(&self, body: BodyRef) -> bool {
        let words = self.function_of(body).map(|function| words_of(&self.defs().function(function).name));
        words.unwrap_or_default().windows(2).any(|pair| pair[0] == "or" && MAKES.contains(&pair[1].as_str()))
    }

    /// Whether the name of a function has a word of a list.
    fn is_named_for(&self, body: BodyRef, list: Calls) -> bool {
        let name = self.function_of(body).map(|function| self.defs().function(function).name);
        name.is_some_and(|name| words_of(&name).iter().any(|word| self.catalogue().lists(list, ustr(word))))
    }

    /// Whether an operation reads a file of the kernel's that was opened by a path written out in the same file.
    pub fn reads_a_kernel_file(&self, operation: Site) -> bool {
        let opens = |body: BodyRef| {
            self.body(body).iter().any(|(node, n)| {
                let is_file =
                    || self.callable(Site { body, node }).is_some_and(|callable| callable.effect == Some(Effect::File));
                matches!(n.op, Op::Call { .. } | Op::Method { .. })
                    && is_file()
                    && self.touches_the_kernel(Site { body, node })
            })
        };
        let mut beside = self.bodies().map(|(body, ..)| body).filter(|body| body.file == operation.body.file);
        beside.any(opens)
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
        let ty = self.innermost(self.ty(Site { node: *receiver, ..operation }));
        let connects = |kind: Ustr| ["connection", "channel", "pool"].iter().any(|end| kind.ends_with(end));
        let closes = self.entry_of(&ty).is_some_and(|entry| {
            entry.kind.is_some_and(connects) && entry.close_names().any(|close| close == name.as_str())
        });
        closes || name == "flush" && self.writer_effect(&ty) == Some(Effect::Network)
    }

    /// Whether a call gives what was traced or measured at last to whoever collects it: most of that has arrived before.
    fn exports_the_rest(&self, operation: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(operation).op else { return false };
        let ty = self.innermost(self.ty(Site { node: receiver, ..operation }));
        self.is_kind(&ty, "telemetry-provider")
            && self.callable(operation).is_some_and(|callable| callable.effect == Some(Effect::Finish))
    }

    /// Whether a value is the service of one peer: that it went away is no loss.
    pub fn serves_one(&self, operation: Site) -> bool {
        let Ty::Ext(path, _) = self.ty(operation) else { return false };
        self.catalogue().lists(Calls::ServesOne, ustr(&format!("{path}::await")))
    }

    /// Whether a request goes to an address that is written into the program, and the function around gives nothing: statistics of use.
    pub fn reports_to_its_makers(&self, request: Site) -> bool {
        let nothing = |output: &Ty| *output == Ty::unit() || output.is_result() && output.tried() == Ty::unit();
        let gives_nothing = self.output(request.body).is_some_and(nothing);
        let mut at = request;
        if let (true, Op::Call { arguments, .. }) = (gives_nothing, &self.node(at).op) {
            return arguments.iter().any(|argument| self.is_written_address(Site { node: *argument, ..at }));
        }
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

/// The words that a name is made of, in lower case: `set_hash`, `CheckCache`.
pub(in crate::index) fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter != '_', words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
