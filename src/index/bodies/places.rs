//! What an expression names, so that two of them can be known to name the same: a static, a variable, a field of one, what a getter gives.
//! What cannot be told is nothing, and equal to nothing. Says nothing of values: what a place holds may change in between.

use std::collections::VecDeque;

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::Calls;
use crate::facts::model::*;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

/// What an expression names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Static(StaticId),
    Local(LocalId),
    /// A literal, a constant or a variant, as written.
    Constant(Ustr),
    Field(Box<Place>, Ustr),
    /// What a call gives for these, its receiver first: the same each time.
    Got(Ustr, Vec<Place>),
    All(Vec<Place>),
}

/// How far an expression is followed.
const FUEL: u32 = 16;

/// Traits by which a type gives what it is put around.
const LIES_AROUND: [&str; 4] =
    ["std::convert::AsRef", "std::convert::AsMut", "std::borrow::Borrow", "std::borrow::BorrowMut"];

impl Place {
    /// What it is a part of, or got out of.
    pub fn root(&self) -> &Place {
        match self {
            Place::Field(base, _) => base.root(),
            Place::Got(_, of) => of.first().map_or(self, Place::root),
            _ => self,
        }
    }

    /// Whether it is what another place names, or a part of that.
    pub fn is_within(&self, whole: &Place) -> bool {
        self == whole
            || match self {
                Place::Field(base, _) => base.is_within(whole),
                Place::Got(_, of) => of.first().is_some_and(|of| of.is_within(whole)),
                _ => false,
            }
    }

    /// The name of a field, or of what it is got by.
    pub fn name(&self) -> Option<Ustr> {
        match self {
            Place::Field(_, name) | Place::Got(name, _) => Some(*name),
            _ => None,
        }
    }
}

impl Index {
    /// What an expression names, in its body. Locks, references and copies of a handle name what lies behind them.
    pub fn place(&self, site: Site) -> Option<Place> {
        self.place_within(site, FUEL)
    }

    /// The fields that a value is, or is got out of, within its body: the nearest first.
    pub fn fields_behind(&self, site: Site) -> Vec<Site> {
        let facts = self.body(site.body);
        let (mut found, mut seen) = (Vec::new(), HashSet::default());
        let mut queue = VecDeque::from([site.node]);
        while let Some(at) = queue.pop_front() {
            match &facts.node(at).op {
                Op::Local(local) if seen.insert(*local) => queue.extend(self.sources(site.body, *local)),
                Op::Field { base, .. } => {
                    found.push(Site { node: at, ..site });
                    queue.push_back(*base);
                }
                Op::Index { base: of, .. } | Op::Method { receiver: of, .. } => queue.push_back(*of),
                Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => queue.push_back(*of),
                _ => {}
            }
        }
        found
    }

    /// The field of the receiver that a value is, or is got out of.
    pub fn field_behind(&self, site: Site) -> Option<Ustr> {
        self.fields_behind(site).into_iter().find_map(|field| self.field_of_self(field))
    }

    /// The field of the receiver that a node names.
    fn field_of_self(&self, named: Site) -> Option<Ustr> {
        let Op::Field { base, name } = self.node(named).op else { return None };
        let facts = self.body(named.body);
        matches!(facts.node(base).op, Op::Local(local) if facts.local(local).name == "self").then_some(name)
    }

    /// The field of a type of the workspace that a value is, or is got out of: the nearest, of whatever value it is.
    pub fn owning_field(&self, site: Site) -> Option<(TypeId, Ustr)> {
        let field = *self.fields_behind(site).first()?;
        match &self.node(field).op {
            Op::Field { base, name } => Some((self.struct_behind(self.ty(Site { node: *base, ..field }))?, *name)),
            _ => None,
        }
    }

    /// Whether anything may name a field of a type besides what builds a value of it.
    pub fn is_field_named(&self, owner: TypeId, field: Ustr) -> bool {
        let may_be_own = |ty: &Ty| self.struct_behind(ty).is_none_or(|of| of == owner);
        self.bodies().any(|(_, facts, info)| {
            facts.nodes.iter().any(|node| match &node.op {
                Op::Field { base, name } => *name == field && may_be_own(info.ty(*base)),
                Op::Bind { pattern, .. } | Op::Let { pattern, .. } => pattern.takes_field(field),
                Op::Match { arms, .. } => arms.iter().any(|arm| arm.pattern.takes_field(field)),
                _ => false,
            })
        })
    }

    /// Whether all that is done with a field is to ask of it whether something is over, if anything names it at all.
    pub fn is_only_asked(&self, owner: TypeId, field: Ustr) -> bool {
        let may_be_own = |ty: &Ty| self.struct_behind(ty).is_none_or(|of| of == owner);
        self.bodies().all(|(body, facts, info)| {
            let asks = |node: NodeId| {
                let user = info.parent(node).map(|node| Site { body, node });
                user.is_some_and(|user| {
                    let is_asked = matches!(self.node(user).op, Op::Method { receiver, .. } if receiver == node);
                    is_asked && self.external(user).is_some_and(|path| self.catalogue().lists(Calls::AsksIfOver, path))
                })
            };
            facts.iter().all(|(node, n)| match &n.op {
                Op::Field { base, name } if *name == field && may_be_own(info.ty(*base)) => asks(node),
                Op::Bind { pattern, .. } | Op::Let { pattern, .. } => !pattern.takes_field(field),
                Op::Match { arms, .. } => !arms.iter().any(|arm| arm.pattern.takes_field(field)),
                _ => true,
            })
        })
    }

    fn place_within(&self, site: Site, fuel: u32) -> Option<Place> {
        let fuel = fuel.checked_sub(1)?;
        if let Some(item) = self.info(site.body).statics.get(&site.node) {
            return Some(Place::Static(*item));
        }
        let part = |node: NodeId| self.place_within(Site { node, ..site }, fuel);
        let parts = |nodes: &[NodeId]| nodes.iter().map(|node| part(*node)).collect::<Option<Vec<Place>>>();
        match &self.node(site).op {
            Op::Local(local) => Some(self.bound_place(site.body, *local, fuel).unwrap_or(Place::Local(*local))),
            Op::Path(path) => {
                Some(Place::Constant(ustr(&path.names().map(|n| n.to_string()).collect::<Vec<_>>().join("::"))))
            }
            Op::Literal(Literal::Text(text) | Literal::Number(text, _)) => Some(Place::Constant(*text)),
            Op::Field { base, name } => Some(Place::Field(Box::new(part(*base)?), *name)),
            Op::Index { base, index } => Some(Place::Got(ustr("[]"), vec![part(*base)?, part(*index)?])),
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) | Op::Cast { of, .. } => part(*of),
            Op::Tuple(of) | Op::Array(of) => parts(of).map(Place::All),
            Op::Macro(call) if call.seen => Some(Place::Got(call.path.last(), parts(&call.arguments)?)),
            Op::Method { receiver, name, arguments, .. } => {
                let of = part(*receiver)?;
                let telling: Vec<NodeId> =
                    arguments.iter().copied().filter(|node| !self.is_fallback(Site { node: *node, ..site })).collect();
                let passes_on = telling.is_empty() && self.external(site).is_some() || name == "expect";
                if passes_on {
                    return Some(of);
                }
                if let Some(field) = self.field_given(site) {
                    return Some(Place::Field(Box::new(of), field));
                }
                Some(Place::Got(*name, std::iter::once(of).chain(parts(&telling)?).collect()))
            }
            Op::Call { arguments, .. } => match (self.callee(site)?, &arguments[..]) {
                (Callee::External(_), _) => part(self.cloned(site)?),
                (Callee::Workspace(function), _) => {
                    Some(Place::Got(self.defs().function(*function).name, parts(arguments)?))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The field that a call gives by a trait which says what a type lies around: `AsRef`.
    fn field_given(&self, call: Site) -> Option<Ustr> {
        let Callee::Workspace(function) = *self.callee(call)? else { return None };
        self.library_trait(function).filter(|of| LIES_AROUND.contains(&of.as_str()))?;
        let body = self.linked_body(function)?;
        let facts = self.body(body);
        let given = facts.region(Body::ROOT).value?;
        let lent = match facts.node(given).op {
            Op::Reference { of, .. } => of,
            _ => given,
        };
        self.field_of_self(Site { body, node: lent })
    }

    /// What a variable stands for: it is bound once, to something that names a place.
    fn bound_place(&self, body: BodyRef, local: LocalId, fuel: u32) -> Option<Place> {
        let [source] = self.sources(body, local)[..] else { return None };
        let init = self.init_of(body, local).filter(|init| *init == source)?;
        let names = !matches!(self.body(body).node(init).op, Op::Call { .. } | Op::Macro(_) | Op::Literal(_));
        names.then(|| self.place_within(Site { body, node: init }, fuel))?
    }

    /// What a call does only where something went wrong: a closure, or a function that is named.
    fn is_fallback(&self, site: Site) -> bool {
        matches!(self.node(site).op, Op::Closure { .. }) || matches!(self.ty(site), Ty::Fn(_) | Ty::ExtFn(..))
    }
}
