//! The two halves of what tells tasks to stop: who gives the word, and who listens for it. Follows a value through variables, clones and the
//! parameters of functions of the workspace; one that goes elsewhere has halves that are not known.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::*;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId};
use crate::index::{Index, Ty};
use crate::source::Range;

/// Something that tells tasks to stop, of which both halves are known.
#[derive(Debug, Clone)]
pub struct Token {
    /// Where it is made.
    pub made: Site,
    /// A channel, of which one end gives the word and the other listens.
    pub is_channel: bool,
    /// The calls that give the word, in the order in which they were found.
    pub ordered: Vec<Site>,
    /// The calls that listen for it.
    pub heard: Vec<Site>,
}

/// A parameter that could tell a function to stop, and that the function has no use for.
#[derive(Debug, Clone, Copy)]
pub struct Unheard {
    pub body: BodyRef,
    pub range: Range,
    /// Where it is given.
    pub given: Site,
    /// What goes on in the function until it is told to stop.
    pub goes_on: Site,
}

/// What becomes of a value.
#[derive(Default)]
struct Halves {
    ordered: Vec<Site>,
    heard: Vec<Site>,
    /// Variables whose uses were looked at.
    seen: HashSet<(BodyRef, LocalId)>,
    escapes: bool,
}

impl Index {
    /// The tokens that are made and bound to a variable outside of tests, and never go where they cannot be followed.
    pub fn tokens(&self) -> Vec<Token> {
        self.shipped_sites().filter_map(|site| self.token(site).or_else(|| self.unsent_channel(site))).collect()
    }

    /// What functions that run for long are given to be told by that they have to stop, and never look at. A trait may ask for such a parameter.
    pub fn unheard(&self) -> Vec<Unheard> {
        let functions = self.bodies().filter_map(|(body, ..)| Some((self.function_of(body)?, body)));
        let free = functions.filter(|(function, body)| {
            let block = self.defs().impl_of(*function);
            let of_trait = block.is_some_and(|id| self.defs().impl_block(id).trait_path.is_some());
            !of_trait && !self.is_test(*body)
        });
        free.into_iter().filter_map(|(function, body)| self.unheard_in(function, body)).collect()
    }

    fn unheard_in(&self, function: FnId, body: BodyRef) -> Option<Unheard> {
        let goes_on = self.call_sites(body).find(|site| self.keeps_running(*site))?;
        let mut calls = self.calls.callers(function).iter().map(|call| call.site);
        let given = calls.find(|site| !self.is_test(site.body))?;
        let types = &self.signatures().functions[function.index()].parameters;
        let mut parameters = self.body(body).parameters.iter().zip(types);
        let (pattern, _) = parameters.find(|(pattern, ty)| {
            let is_unused = match pattern.kind {
                PatternKind::Bind { local, of: None } => !self.is_mentioned(body, local),
                _ => pattern.is_wild(),
            };
            is_unused && self.only_tells_to_stop(ty)
        })?;
        Some(Unheard { body, range: pattern.range, given, goes_on })
    }

    /// Whether a value is there for nothing but to tell somebody to stop: a token, or a receiver of bare words.
    pub(in crate::index) fn only_tells_to_stop(&self, ty: &Ty) -> bool {
        let Ty::Ext(path, arguments) = ty.peeled() else { return false };
        let is_word = |word: &Ty| *word == Ty::unit() || *word == Ty::ext("bool", Vec::new());
        let is_receiver = || {
            let catalogue = self.catalogue();
            catalogue.lists_a_member(Calls::Stops, *path) && !catalogue.lists_a_member(Calls::Sends, *path)
        };
        self.has_both_halves(*path) || arguments.first().is_some_and(is_word) && is_receiver()
    }

    fn token(&self, made: Site) -> Option<Token> {
        if !self.makes_a_token(made) {
            return None;
        }
        if self.is_given_away_at_once(made) && !self.has_another_token(made) {
            return None;
        }
        let mut halves = Halves::default();
        self.follow_token(made, &mut halves);
        (!halves.escapes).then_some(Token { made, is_channel: false, ordered: halves.ordered, heard: halves.heard })
    }

    /// `run(&Token::new())`: who makes one in the argument itself has nothing to tell, and says so.
    fn is_given_away_at_once(&self, made: Site) -> bool {
        let info = self.info(made.body);
        let mut at = made.node;
        while let Some(parent) = info.parent(at) {
            match &self.node(Site { node: parent, ..made }).op {
                Op::Reference { .. } => at = parent,
                Op::Call { .. } | Op::Method { .. } => return true,
                _ => return false,
            }
        }
        false
    }

    /// Whether a token of the same type is at hand where one is made: a parameter, a field, a variable.
    fn has_another_token(&self, made: Site) -> bool {
        let wanted = self.ty(made);
        let info = self.info(made.body);
        self.body(made.body).iter().any(|(node, n)| {
            matches!(n.op, Op::Local(_) | Op::Field { .. }) && info.ty(node).peeled() == wanted.peeled()
        })
    }

    /// A channel whose sending end lies unused in a variable until the program ends. Where it is dropped before, that is a word, too.
    fn unsent_channel(&self, made: Site) -> Option<Token> {
        let (Op::Call { .. }, Ty::Tuple(ends)) = (&self.node(made).op, self.ty(made)) else { return None };
        let [Ty::Ext(..), Ty::Ext(receiver, _)] = &ends[..] else { return None };
        if !self.catalogue().lists_a_member(Calls::Stops, *receiver) {
            return None;
        }
        let parent = Site { node: self.info(made.body).parent(made.node)?, ..made };
        let Op::Bind { pattern, .. } = &self.node(parent).op else { return None };
        let PatternKind::Tuple(parts) = &pattern.kind else { return None };
        let [sender, listener] = &parts[..] else { return None };
        let PatternKind::Bind { local, .. } = sender.kind else { return None };
        let lives_on = self.body(made.body).local(local).region == Body::ROOT
            && self.ends_the_program(self.function_of(made.body)?);
        if !lives_on || self.is_mentioned(made.body, local) {
            return None;
        }
        let mut halves = Halves::default();
        self.follow_pattern(made.body, listener, &mut halves);
        (!halves.escapes).then_some(Token { made, is_channel: true, ordered: Vec::new(), heard: halves.heard })
    }

    fn is_mentioned(&self, body: BodyRef, local: LocalId) -> bool {
        self.body(body).nodes.iter().any(|node| match &node.op {
            Op::Local(used) => *used == local,
            Op::Macro(call) => call.mentions.contains(&local),
            _ => false,
        })
    }

    /// Whether a call waits for somebody to give the word by the other half of the same value.
    pub(in crate::index) fn waits_for_a_token(&self, call: Site) -> bool {
        let Op::Method { receiver, .. } = self.node(call).op else { return false };
        let listens = self.external(call).is_some_and(|path| self.catalogue().lists(Calls::Stops, path));
        let of_token = |ty: &Ty| matches!(ty.peeled(), Ty::Ext(path, _) if self.has_both_halves(*path));
        listens && of_token(self.ty(Site { node: receiver, ..call }))
    }

    /// Whether a type has both halves: what gives the word, and what listens for it.
    fn has_both_halves(&self, path: Ustr) -> bool {
        self.catalogue().lists_a_member(Calls::Orders, path) && self.catalogue().lists_a_member(Calls::Stops, path)
    }

    fn makes_a_token(&self, site: Site) -> bool {
        let Op::Call { arguments, .. } = &self.node(site).op else { return false };
        match (self.ty(site), self.external(site)) {
            (Ty::Ext(path, _), Some(called)) if arguments.is_empty() => {
                self.has_both_halves(*path)
                    && called.strip_prefix(path.as_str()).is_some_and(|name| name.starts_with("::"))
            }
            _ => false,
        }
    }

    /// Follows a value from a node to what uses it.
    fn follow_token(&self, from: Site, halves: &mut Halves) {
        let (facts, info) = (self.body(from.body), self.info(from.body));
        let mut at = from.node;
        while !halves.escapes {
            let Some(parent) = info.parent(at) else {
                // The value of a block or function goes on to somebody.
                halves.escapes = facts.region(facts.node(at).region).value == Some(at);
                return;
            };
            let site = Site { node: parent, ..from };
            match &facts.node(parent).op {
                Op::Reference { .. } | Op::Deref(_) => at = parent,
                Op::Discard(_) => return,
                Op::Bind { pattern, .. } => return self.follow_pattern(from.body, pattern, halves),
                Op::Method { receiver, .. } if *receiver == at => match self.used_by(site, halves) {
                    true => at = parent,
                    false => return,
                },
                Op::Call { arguments, .. } | Op::Method { arguments, .. } => {
                    return self.follow_argument(site, at, arguments, halves);
                }
                _ => halves.escapes = true,
            }
        }
    }

    /// Notes what a method does with the token it is called on. True where it gives the token, or one like it.
    fn used_by(&self, call: Site, halves: &mut Halves) -> bool {
        match self.callee(call) {
            Some(Callee::External(path)) if self.catalogue().lists(Calls::Orders, *path) => halves.ordered.push(call),
            Some(Callee::External(path)) if self.catalogue().lists(Calls::Stops, *path) => halves.heard.push(call),
            Some(Callee::External(_)) if self.gives_its_like(call) => return true,
            _ => halves.escapes = true,
        }
        false
    }

    /// Whether a method gives a value of its receiver's own type: a clone, a child.
    fn gives_its_like(&self, call: Site) -> bool {
        let Op::Method { receiver, .. } = &self.node(call).op else { return false };
        let of = self.ty(Site { node: *receiver, ..call }).peeled();
        matches!((of, self.ty(call)), (Ty::Ext(of, _), Ty::Ext(given, _)) if of == given)
    }

    fn follow_pattern(&self, body: BodyRef, pattern: &Pattern, halves: &mut Halves) {
        match &pattern.kind {
            PatternKind::Bind { local, of: None } => self.follow_variable(body, *local, halves),
            PatternKind::Wild => {}
            PatternKind::Typed(inner, _) => self.follow_pattern(body, inner, halves),
            _ => halves.escapes = true,
        }
    }

    fn follow_variable(&self, body: BodyRef, local: LocalId, halves: &mut Halves) {
        if !halves.seen.insert((body, local)) {
            return;
        }
        for (node, n) in self.body(body).iter() {
            match &n.op {
                Op::Local(used) if *used == local => self.follow_token(Site { body, node }, halves),
                Op::Macro(call) if !call.seen && call.mentions.contains(&local) => halves.escapes = true,
                _ => {}
            }
        }
    }

    fn follow_argument(&self, call: Site, argument: NodeId, arguments: &[NodeId], halves: &mut Halves) {
        match self.callee(call) {
            _ if self.given_to_drop(call).is_some() => {}
            Some(Callee::Workspace(function)) => {
                let position = arguments.iter().position(|given| *given == argument);
                match position.and_then(|at| self.parameter_pattern(call, *function, at)) {
                    Some((body, pattern)) => self.follow_pattern(body, pattern, halves),
                    None => halves.escapes = true,
                }
            }
            _ => halves.escapes = true,
        }
    }

    /// The pattern of the parameter that an argument is given to.
    fn parameter_pattern(&self, call: Site, function: FnId, at: usize) -> Option<(BodyRef, &Pattern)> {
        let body = self.defs().body_of(function).filter(|body| self.is_linked(*body))?;
        let takes_self = self.defs().function(function).receiver.is_some();
        let by_path = matches!(self.node(call).op, Op::Call { .. });
        let at = if takes_self && by_path { at.checked_sub(1)? } else { at };
        Some((body, self.body(body).parameters.get(at)?))
    }
}
