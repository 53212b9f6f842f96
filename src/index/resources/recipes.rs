//! What a resource is built from: whether two are built alike, and whether one is another each time, by what requests, callers or other programs give for it.

use std::cell::Cell;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::catalogue::Effect;
use crate::facts::model::{Literal, LocalId, NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::flow::variety::Variety;
use crate::index::resources::Construction;
use crate::index::{Index, Ty};

/// How far a value is followed into what it is built of: so deep, and through so many parts in all.
#[derive(Clone, Copy)]
struct Fuel<'f> {
    depth: u32,
    parts: &'f Cell<u32>,
}

impl Fuel<'_> {
    /// What is left behind one more part.
    fn spend(self) -> Option<Self> {
        self.parts.set(self.parts.get().checked_sub(1)?);
        Some(Fuel { depth: self.depth.checked_sub(1)?, ..self })
    }
}

impl Index {
    /// How a value is built, as text that is equal for equal targets and settings; none where part of it is not known.
    pub fn recipe(&self, construction: &Construction) -> Option<String> {
        let calls: Vec<Site> = [construction.site].into_iter().chain(construction.through.iter().copied()).collect();
        let (site, outer) = calls.split_last()?;
        self.recipe_of(*site, outer, Fuel { depth: 16, parts: &Cell::new(1024) })
    }

    /// `outer` are the calls that lead to this one, from the outside in: what a parameter stands for.
    fn recipe_of(&self, site: Site, outer: &[Site], fuel: Fuel) -> Option<String> {
        let fuel = fuel.spend()?;
        let info = self.info(site.body);
        let part = |node: NodeId| self.recipe_of(Site { node, ..site }, outer, fuel);
        if let Some(item) = info.statics.get(&site.node) {
            return Some(self.static_path(*item));
        }
        match &self.node(site).op {
            Op::Literal(Literal::Text(text)) => Some(format!("{text:?}")),
            Op::Literal(Literal::Bool(value)) => Some(value.to_string()),
            Op::Literal(Literal::Number(value, _)) => Some(value.to_string()),
            Op::Path(_) => match info.ty(site.node) {
                Ty::ExtFn(path, _) => Some(format!("{path}()")),
                Ty::Fn(function) => Some(format!("{}()", self.fn_path(*function))),
                _ => info.externals.get(&site.node).map(|path| path.to_string()),
            },
            Op::Local(local) if let Some((argument, outer)) = self.given(site.body, *local, outer) => {
                self.recipe_of(argument, outer, fuel)
            }
            Op::Local(local) => match self.init_of(site.body, *local).and_then(part) {
                Some(recipe) => {
                    let set: Option<Vec<String>> = self
                        .fields_set(site.body, *local)
                        .iter()
                        .map(|(name, value)| Some(format!(".{name} = {}", part(*value)?)))
                        .collect();
                    Some(recipe + &set?.concat())
                }
                // Behind a call it may be another value each time.
                None if !outer.is_empty() => None,
                // The same variable is the same value, whatever it is.
                None => Some(format!("{:?}#{}", site.body, local.0)),
            },
            Op::Field { base, name } => Some(format!("{}.{name}", part(*base)?)),
            Op::Reference { of, .. } | Op::Deref(of) | Op::Try(of) | Op::Await(of) => part(*of),
            // A constructor that a cell is given by name is the recipe of what is in the cell.
            Op::Call { arguments, .. } if arguments.len() == 1 && self.fills_once(site) => part(arguments[0]),
            Op::Call { arguments, callee } => {
                let called = match info.callees.get(&site.node)? {
                    Callee::External(path) => path.to_string(),
                    Callee::Workspace(function) => self.fn_path(*function),
                    _ => part(*callee)?,
                };
                let arguments: Option<Vec<String>> = arguments.iter().map(|a| part(*a)).collect();
                Some(format!("{called}({})", arguments?.join(", ")))
            }
            Op::Method { receiver, name, arguments, .. } => {
                let receiver = part(*receiver)?;
                if self.node(site).op.same_as().is_some() || matches!(name.as_str(), "unwrap" | "expect") {
                    return Some(receiver);
                }
                let arguments: Option<Vec<String>> = arguments.iter().map(|a| part(*a)).collect();
                Some(format!("{receiver}.{name}({})", arguments?.join(", ")))
            }
            _ => None,
        }
    }

    /// What is assigned to the fields of a variable, with their names, in order.
    fn fields_set(&self, body: BodyRef, local: LocalId) -> Vec<(Ustr, NodeId)> {
        let facts = self.body(body);
        let is_it = |base: NodeId| matches!(facts.node(base).op, Op::Local(used) if used == local);
        let assigned = facts.iter().filter_map(|(_, node)| match &node.op {
            Op::Assign { place, value } => match &facts.node(*place).op {
                Op::Field { base, name } if is_it(*base) => Some((*name, *value)),
                _ => None,
            },
            _ => None,
        });
        assigned.collect()
    }

    /// Whether what is built is another one each time, by what it is built from: it cannot simply be shared.
    pub fn differs_each_time(&self, construction: &Construction) -> bool {
        let kind = self.resource(construction.resource).and_then(|entry| entry.kind);
        let is_what_it_is_built_from = kind.is_some_and(|kind| is_built_from_settings(&kind));
        self.depends_on_input(construction, !is_what_it_is_built_from)
            || is_what_it_is_built_from && self.stems_from_requests(construction)
    }

    /// Whether what is built is made of what a request or message says.
    fn stems_from_requests(&self, construction: &Construction) -> bool {
        let built = construction.through.last().copied().unwrap_or(construction.site);
        let mut given = self.node(built).op.operands().into_iter();
        // `reqwest::get(url)` builds a client inside, and not of what it is given.
        self.owns(self.ty(built), construction.resource)
            && given.any(|node| self.variety(Site { node, ..built }) == Variety::Endless)
    }

    /// Whether what is built depends on data that the repeated function is given, rather than on constants, settings of an object or statics.
    /// With `settings`, a field of something given counts as a setting, as in `connect(&config.url)`.
    fn depends_on_input(&self, construction: &Construction, settings: bool) -> bool {
        let calls: Vec<Site> = [construction.site].into_iter().chain(construction.through.iter().copied()).collect();
        calls
            .split_last()
            .is_some_and(|(site, outer)| self.input_in(*site, outer, settings, 24, &mut HashSet::default()))
    }

    fn input_in(&self, site: Site, outer: &[Site], settings: bool, fuel: u32, seen: &mut HashSet<Site>) -> bool {
        if fuel == 0 || !seen.insert(site) {
            return false;
        }
        let body = self.body(site.body);
        if settings && matches!(self.node(site).op, Op::Field { .. }) {
            return false;
        }
        if let Op::Local(local) = &self.node(site).op {
            if let Some((argument, outer)) = self.given(site.body, *local, outer) {
                return self.input_in(argument, outer, settings, fuel - 1, seen);
            }
            return match self.parameter_of(site.body, *local) {
                Some(None) => false,
                Some(Some(_)) if settings && !is_data(self.info(site.body).local(*local)) => false,
                Some(Some(at)) => !self.is_given_settings(site.body, at),
                None if self
                    .set_on(site.body, *local)
                    .into_iter()
                    .any(|node| self.input_in(Site { node, ..site }, outer, settings, fuel - 1, seen)) =>
                {
                    true
                }
                None => {
                    let sources = self.sources(site.body, *local);
                    // What a loop or pattern binds is data too.
                    sources.is_empty()
                        || sources.into_iter().any(|node| {
                            let iterated = matches!(
                                self.info(site.body).parent(node).map(|p| &body.node(p).op),
                                Some(Op::Loop { .. })
                            );
                            iterated || self.input_in(Site { node, ..site }, outer, settings, fuel - 1, seen)
                        })
                }
            };
        }
        if !settings && self.is_read_anew(site) {
            return true;
        }
        let mut parts = self.node(site).op.operands().into_iter();
        parts.any(|node| self.input_in(Site { node, ..site }, outer, settings, fuel - 1, seen))
    }

    /// Whether a call asks a database or somebody else: what they say may be another thing each time. A file is a setting, and so is what only builds.
    fn is_read_anew(&self, site: Site) -> bool {
        matches!(self.node(site).op, Op::Call { .. } | Op::Method { .. })
            && self.callable(site).is_none_or(|callable| callable.constructs.is_none())
            && self.owned_resources(self.ty(site)).is_empty()
            && self.effect(site).is_some_and(|it| {
                matches!(it.effect, Effect::Network | Effect::Database | Effect::Storage | Effect::Process)
            })
    }

    /// What is put into a variable by methods that are called on it as statements: `config.dbname(name);`.
    pub(in crate::index) fn set_on(&self, body: BodyRef, local: LocalId) -> Vec<NodeId> {
        let (facts, info) = (self.body(body), self.info(body));
        let is_statement =
            |call: NodeId| info.parent(call).is_none_or(|parent| matches!(facts.node(parent).op, Op::Discard(_)));
        let is_it = |receiver: NodeId| matches!(facts.node(receiver).op, Op::Local(used) if used == local);
        let calls = facts.iter().filter_map(|(call, node)| match &node.op {
            Op::Method { receiver, arguments, .. } if is_it(*receiver) && is_statement(call) => Some(arguments),
            _ => None,
        });
        calls.flatten().copied().collect()
    }

    /// Whether every caller gives a parameter one of its settings: a field of its own object, a static, a literal.
    fn is_given_settings(&self, body: BodyRef, at: usize) -> bool {
        let Some(function) = self.function_of(body).filter(|function| self.handler(*function).is_none()) else {
            return false;
        };
        let mut shipped = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body)).peekable();
        shipped.peek().is_some()
            && shipped.all(|call| self.argument_at(call.site, function, at).is_some_and(|given| self.is_setting(given)))
    }

    fn is_setting(&self, site: Site) -> bool {
        let part = |node: NodeId| self.is_setting(Site { node, ..site });
        match &self.node(site).op {
            Op::Literal(_) => true,
            Op::Local(local) => {
                self.init_of(site.body, *local).is_some_and(part) && self.set_on(site.body, *local).is_empty()
            }
            Op::Path(_) => self.info(site.body).statics.contains_key(&site.node),
            Op::Reference { of, .. } | Op::Deref(of) => part(*of),
            Op::Field { base, .. } => part(*base) || self.is_own(Site { node: *base, ..site }),
            Op::Method { receiver, arguments, .. } => arguments.is_empty() && part(*receiver),
            _ => false,
        }
    }

    /// Whether an expression is the receiver of the function it stands in.
    fn is_own(&self, site: Site) -> bool {
        matches!(self.node(site).op, Op::Local(local) if self.parameter_of(site.body, local) == Some(None))
    }

    /// What the call on the way here gives for a parameter, with the calls outside of it.
    fn given<'c>(&self, body: BodyRef, local: LocalId, outer: &'c [Site]) -> Option<(Site, &'c [Site])> {
        let at = self.parameter_of(body, local)??;
        let (call, rest) = outer.split_last()?;
        let arguments = match &self.node(*call).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments,
            _ => return None,
        };
        arguments.get(at).map(|node| (Site { node: *node, ..*call }, rest))
    }
}

/// Kinds that are what they are built from: a pattern, a configuration, a client with its proxies and certificates.
fn is_built_from_settings(kind: &str) -> bool {
    matches!(
        kind,
        "regex" | "tls-config" | "http-client" | "cloud-client" | "cloud-config" | "mail-transport" | "grpc-channel"
    )
}

/// Text, paths and addresses: what tells one target from another.
fn is_data(ty: &Ty) -> bool {
    match ty.peeled() {
        Ty::Ext(path, _) => matches!(
            path.as_str(),
            "str"
                | "std::string::String"
                | "std::path::Path"
                | "std::path::PathBuf"
                | "url::Url"
                | "std::net::SocketAddr"
        ),
        Ty::Unknown => true,
        _ => false,
    }
}
