//! Errors that have been told of by the time somebody gets them: by the function that makes them or passes them on, or by their type, of which no value
//! is made in silence. All that is said here is certain: where one way to fail cannot be followed, the error counts as untold.

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::Calls;
use crate::facts::model::{Arm, Body, LocalId, NodeId, Op, RegionId, RegionKind};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::{BodyRef, FnId, TypeId};
use crate::index::declared::signatures::TypeKey;
use crate::index::flow::errors::takes_errors;
use crate::index::{Index, Ty};

/// Through how many calls a message is looked for, and how many constructors may stand one behind the other.
const CALLS: u32 = 5;

impl Index {
    /// Whether any error that a value carries has been told of: what fails in the functions of the workspace that give it is logged there, on every
    /// way out. A closure or async block stands for what running it gives.
    pub fn error_is_told(&self, value: Site) -> bool {
        Ways { index: self, followed: HashSet::default() }.value(value)
    }

    /// Whether an adapter on the way of a value tells of its error: `inspect_err`, or a closure for errors that says something. A mere mention, as in a
    /// trace, is none.
    pub fn is_told_on_its_way(&self, value: Site) -> bool {
        let inner = |node: NodeId| Site { node, ..value };
        let mentions = |argument: &NodeId| match self.node(inner(*argument)).op {
            Op::Closure { region, .. } => self.tells(value.body, region) && !self.warns(value.body, region),
            _ => false,
        };
        match &self.node(value).op {
            Op::Method { receiver, name, arguments, .. } => {
                let tells = || arguments.iter().any(|argument| self.is_a_teller(inner(*argument)));
                let sees = name == "inspect_err" || takes_errors(name) && tells();
                sees && !arguments.iter().any(mentions) || self.is_told_on_its_way(inner(*receiver))
            }
            Op::Await(of) | Op::Try(of) => self.is_told_on_its_way(inner(*of)),
            Op::Local(local) => {
                self.bound_for_one_use(value.body, *local).is_some_and(|init| self.is_told_on_its_way(inner(init)))
            }
            _ => false,
        }
    }

    /// Whether a branch before a site is entered by the error of what a variable holds, and tells of it: `if let Err(error) = &answer { warn!(..) }`.
    pub(in crate::index) fn is_told_before(&self, site: Site, local: LocalId) -> bool {
        let facts = self.body(site.body);
        let region = facts.node(site.node).region;
        let is_before = |node: NodeId| node < site.node && facts.is_inside(region, facts.node(node).region);
        facts.uses(local).any(|used| match self.asked_of(Site { node: used, ..site }) {
            Some((at, Op::Match { arms, .. })) if is_before(at) => {
                let failed: Vec<&Arm> = arms.iter().filter(|arm| arm.pattern.is_err()).collect();
                !failed.is_empty() && failed.iter().all(|arm| self.surely_tells(site.body, arm.region))
            }
            Some((at, Op::If { condition, then, .. })) if is_before(at) => match &facts.node(*condition).op {
                Op::Let { pattern, .. } => pattern.is_err() && self.surely_tells(site.body, *then),
                _ => false,
            },
            _ => false,
        })
    }

    /// The `match` or `if let` that looks into a variable, which may be lent to it.
    fn asked_of(&self, used: Site) -> Option<(NodeId, &Op)> {
        let (facts, info) = (self.body(used.body), self.info(used.body));
        let at = info.parent(used.node)?;
        match &facts.node(at).op {
            Op::Reference { .. } => self.asked_of(Site { node: at, ..used }),
            Op::Method { name, .. } if name == "as_ref" => self.asked_of(Site { node: at, ..used }),
            Op::Let { .. } => info.parent(at).map(|at| (at, &facts.node(at).op)),
            op @ Op::Match { .. } => Some((at, op)),
            _ => None,
        }
    }

    /// Whether a region says something whenever it is run to its end: itself, in all branches of a choice, or through a function of the workspace.
    pub fn surely_tells(&self, body: BodyRef, region: RegionId) -> bool {
        self.says(body, region, CALLS)
    }

    /// Whether a call writes a line of a log: in a function that is there to log, or next to a message that says the same. Who would tell of its
    /// failure has nothing else to tell with.
    pub fn writes_a_log(&self, write: Site) -> bool {
        let text = match &self.node(write).op {
            Op::Macro(call) if writes_a_text(self.external(write)) => call.arguments.get(1..).unwrap_or_default(),
            Op::Method { name, arguments, .. } if name == "write_all" || name == "write" => arguments,
            Op::Method { name, arguments, .. } if name == "flush" => arguments,
            _ => return false,
        };
        self.is_of_a_log(write) || self.is_said_beside(write, text)
    }

    /// Whether code is part of a log: a function that is called to log a text, a method of a trait that a log is written through, what runs when a thread
    /// panics.
    fn is_of_a_log(&self, site: Site) -> bool {
        let listed = |path: Ustr| self.catalogue().lists(Calls::Logs, path);
        let through_a_trait = || {
            let function = self.function_of(site.body)?;
            let of_trait = self.library_trait(function)?;
            ustr::existing_ustr(&format!("{of_trait}::{}", self.defs().function(function).name)).map(listed)
        };
        let (facts, info) = (self.body(site.body), self.info(site.body));
        let is_given = |region: RegionId| {
            let owner = info.region_node(region).filter(|owner| matches!(facts.node(*owner).op, Op::Closure { .. }));
            let parents = std::iter::successors(owner.and_then(|owner| info.parent(owner)), |at| info.parent(*at));
            parents.into_iter().any(|node| self.external(Site { node, ..site }).is_some_and(listed))
        };
        self.is_there_to_log(site.body)
            || self.is_of_a_logger(site.body) && self.runs_apart(site)
            || through_a_trait() == Some(true)
            || facts.outwards(facts.node(site.node).region).any(|(region, _)| is_given(region))
    }

    /// Whether a function is called to log a text, or belongs to a logger, and gives nothing back. What writes a type of the program's own keeps records,
    /// such as an audit trail.
    fn is_there_to_log(&self, body: BodyRef) -> bool {
        let is_text = |ty: &Ty| match ty.peeled() {
            Ty::Ext(path, _) => {
                ["str", "std::string::String", "std::fmt::Arguments", "log::Record"].contains(&path.as_str())
            }
            _ => false,
        };
        self.function_of(body).is_some_and(|id| {
            let function = self.defs().function(id);
            let name = function.name.as_str();
            let is_named = name.starts_with("log_")
                || matches!(name, "log" | "error" | "warn" | "warning" | "info" | "debug" | "trace");
            let takes_text = self.signatures().functions[id.index()].parameters.iter().any(is_text);
            function.returns.is_none() && (is_named && takes_text || self.is_of_a_logger(body))
        })
    }

    /// Whether a body is a method of a logger.
    fn is_of_a_logger(&self, body: BodyRef) -> bool {
        let name = self.function_of(body).map(|id| self.fn_name(id));
        name.is_some_and(|name| name.split_once("::").is_some_and(|(owner, _)| owner.ends_with("Logger")))
    }

    /// Whether a message of the regions around tells all that a text is made of.
    fn is_said_beside(&self, write: Site, text: &[NodeId]) -> bool {
        let facts = self.body(write.body);
        let mut made_of = self.locals_written(write.body, text);
        if let Op::Macro(call) = &facts.node(write.node).op {
            made_of.extend(&call.mentions);
        }
        let around: Vec<RegionId> = facts.outwards(facts.node(write.node).region).map(|(region, _)| region).collect();
        !made_of.is_empty()
            && facts.iter().any(|(node, n)| {
                let Op::Macro(call) = &n.op else { return false };
                let tells =
                    self.external(Site { node, ..write }).is_some_and(|p| self.catalogue().lists(Calls::Tells, p));
                let told = self.locals_written(write.body, &call.arguments);
                let says = |local: &LocalId| told.contains(local) || call.mentions.contains(local);
                tells && around.contains(&n.region) && made_of.iter().all(says)
            })
    }

    /// The variables that values are, lent or by what a method makes of them; what is made of more names none.
    fn locals_written(&self, body: BodyRef, values: &[NodeId]) -> Vec<LocalId> {
        let bare = |node: &NodeId| match &self.body(body).node(*node).op {
            Op::Reference { of, .. } | Op::Method { receiver: of, .. } => *of,
            _ => *node,
        };
        let locals = values.iter().filter_map(|node| match self.body(body).node(bare(node)).op {
            Op::Local(local) => Some(local),
            _ => None,
        });
        locals.collect()
    }

    /// Whether what a method is given for errors says something of them: a closure, or a function by name.
    pub(super) fn is_a_teller(&self, argument: Site) -> bool {
        match (&self.node(argument).op, self.ty(argument)) {
            (Op::Closure { region, .. }, _) => self.surely_tells(argument.body, *region),
            (Op::Path(_), Ty::Fn(function)) => self.function_says(*function, CALLS),
            (Op::Path(_), Ty::ExtFn(path, _)) => self.catalogue().lists(Calls::Tells, *path),
            (Op::Call { .. }, _) => self.gives_a_teller(argument),
            _ => false,
        }
    }

    /// Whether a function of the workspace gives a closure that says something: `map_err(log_and(..))`.
    fn gives_a_teller(&self, call: Site) -> bool {
        let Some(Callee::Workspace(function)) = self.callee(call) else { return false };
        let Some(body) = self.linked_body(*function) else { return false };
        let given = self.returned_values(body);
        let tells = |node: &NodeId| match self.body(body).node(*node).op {
            Op::Closure { region, .. } => self.surely_tells(body, region),
            _ => false,
        };
        !given.is_empty() && given.iter().all(tells)
    }

    fn says(&self, body: BodyRef, region: RegionId, fuel: u32) -> bool {
        let facts = self.body(body);
        let says = |region: &RegionId| self.says(body, *region, fuel);
        facts.region(region).nodes.iter().any(|node| match &facts.node(*node).op {
            Op::Block(inner) => says(inner),
            Op::If { then, otherwise: Some(otherwise), .. } => says(then) && says(otherwise),
            Op::Match { arms, .. } => !arms.is_empty() && arms.iter().all(|arm| says(&arm.region)),
            Op::Call { .. } | Op::Method { .. } | Op::Macro(_) => match self.callee(Site { body, node: *node }) {
                Some(Callee::External(path)) => self.may_tell(&facts.node(*node).op, *path),
                Some(Callee::Workspace(function)) => self.function_says(*function, fuel),
                _ => false,
            },
            _ => false,
        })
    }

    fn function_says(&self, function: FnId, fuel: u32) -> bool {
        let body = self.defs().body_of(function).filter(|body| self.is_linked(*body));
        fuel.checked_sub(1).zip(body).is_some_and(|(fuel, body)| self.says(body, Body::ROOT, fuel))
    }

    /// Whether there is no way to make a value of a struct without telling of it: what its constructors do, or who calls them.
    fn is_told_when_made(&self, id: TypeId) -> bool {
        let made = self.made_at(id);
        self.defs().type_def(id).variants.is_empty()
            && !made.is_empty()
            && made.iter().all(|site| self.is_made_aloud(*site, id, CALLS))
    }

    /// A constructor says something itself, belongs to a type that does when it is dropped, or is only called by such.
    fn is_made_aloud(&self, making: Site, id: TypeId, fuel: u32) -> bool {
        let facts = self.body(making.body);
        let own = facts.outwards(facts.node(making.node).region).find(|(_, r)| r.kind != RegionKind::Block);
        let Some(((region, _), fuel)) = own.zip(fuel.checked_sub(1)) else { return false };
        let Some(function) = self.function_of(making.body).filter(|_| region == Body::ROOT) else {
            return self.surely_tells(making.body, region);
        };
        let signature = &self.signatures().functions[function.index()];
        let gives_it = matches!(signature.returns, Ty::Adt(of, _) if of == id);
        if gives_it && self.surely_tells(making.body, region) || self.tells_when_dropped(function) {
            return true;
        }
        let mut callers = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body)).peekable();
        gives_it && callers.peek().is_some() && callers.all(|call| self.is_made_aloud(call.site, id, fuel))
    }

    /// Whether a function belongs to a type that says something when it is dropped.
    fn tells_when_dropped(&self, function: FnId) -> bool {
        let Some(block) = self.defs().impl_of(function) else { return false };
        let Ty::Adt(id, _) = &self.signatures().impl_types[block.index()] else { return false };
        let drops = self.signatures().methods.get(&(TypeKey::Adt(*id), ustr("drop"))).into_iter().flatten();
        let bodies = drops.filter(|drop| self.is_destructor(**drop)).filter_map(|drop| self.defs().body_of(*drop));
        bodies.filter(|body| self.is_linked(*body)).any(|body| {
            let regions = self.body(body).region_ids();
            regions.into_iter().any(|region| self.surely_tells(body, region))
        })
    }
}

/// Follows the ways on which a value may be an error.
struct Ways<'i> {
    index: &'i Index,
    /// Functions whose ways are known or being followed: what calls itself adds no way of its own.
    followed: HashSet<FnId>,
}

impl Ways<'_> {
    fn value(&mut self, site: Site) -> bool {
        let index = self.index;
        let part = |node: NodeId| Site { node, ..site };
        if *index.ty(site) == Ty::Never || self.is_of_a_loud_type(index.ty(site)) {
            return true;
        }
        match &index.node(site).op {
            Op::Await(of) | Op::Reference { of, .. } => self.value(part(*of)),
            Op::Block(region) => self.ends(site.body, [*region]),
            Op::Async(region) | Op::Closure { region, .. } => self.frame(site.body, *region),
            Op::If { then, otherwise: Some(otherwise), .. } => self.ends(site.body, [*then, *otherwise]),
            Op::Match { arms, .. } => self.ends(site.body, arms.iter().map(|arm| arm.region)),
            Op::Loop { region, .. } => self.loop_gives(site.body, *region),
            Op::Local(local) => {
                index.is_told_before(site, *local)
                    || index.init_of(site.body, *local).is_some_and(|init| self.value(part(init)))
            }
            _ if index.is_failure(site) => self.is_in_telling_branch(site),
            Op::Call { .. } => match index.callee(site) {
                Some(Callee::External(path)) => path == "std::result::Result::Ok",
                Some(Callee::Workspace(function) | Callee::Trait(function)) => self.function(site, *function),
                _ => false,
            },
            Op::Method { receiver, name, arguments, .. } => match index.callee(site) {
                Some(Callee::Workspace(function) | Callee::Trait(function)) => self.function(site, *function),
                _ => {
                    let looks = name == "inspect_err" || takes_errors(name);
                    looks && arguments.iter().any(|argument| index.is_a_teller(part(*argument)))
                        || keeps_the_error(name) && self.value(part(*receiver))
                }
            },
            _ => false,
        }
    }

    /// What regions evaluate to. One without a value is left before its end, and that way is followed by itself.
    fn ends(&mut self, body: BodyRef, regions: impl IntoIterator<Item = RegionId>) -> bool {
        let values = regions.into_iter().filter_map(|region| self.index.body(body).region(region).value);
        values.into_iter().all(|node| self.value(Site { body, node }))
    }

    /// What a loop is left with; one that never is gives nothing.
    fn loop_gives(&mut self, body: BodyRef, region: RegionId) -> bool {
        let facts = self.index.body(body);
        facts.iter().all(|(node, n)| match n.op {
            Op::Break(Some(value)) if facts.jump_target(node) == Some(region) => self.value(Site { body, node: value }),
            _ => true,
        })
    }

    /// Whatever leaves a function, closure or async block.
    fn frame(&mut self, body: BodyRef, whole: RegionId) -> bool {
        let left = self.index.passed_on_in(body, whole);
        !left.is_empty() && left.into_iter().all(|node| self.value(Site { body, node }))
    }

    /// A function, or all that implement it.
    fn function(&mut self, call: Site, function: FnId) -> bool {
        let index = self.index;
        let mut all = index.may_call(call, function);
        all.retain(|id| index.may_run_from(call.body, *id));
        !all.is_empty()
            && all.into_iter().all(|id| {
                let body = index.defs().body_of(id).filter(|body| index.is_linked(*body));
                !self.followed.insert(id)
                    || body.is_some_and(|body| index.is_instrumented(body) || self.frame(body, Body::ROOT))
            })
    }

    /// Whether the branch in which an error is made says something.
    fn is_in_telling_branch(&self, site: Site) -> bool {
        let facts = self.index.body(site.body);
        let around = facts.outwards(facts.node(site.node).region).find(|(_, r)| r.kind != RegionKind::Block);
        around.is_some_and(|(region, r)| {
            !matches!(r.kind, RegionKind::Function | RegionKind::Loop) && self.index.surely_tells(site.body, region)
        })
    }

    fn is_of_a_loud_type(&self, ty: &Ty) -> bool {
        let ty = ty.given();
        let Ty::Ext(_, arguments) = ty.peeled() else { return false };
        let error = arguments.get(1).filter(|_| ty.is_result());
        error.is_some_and(|error| matches!(error, Ty::Adt(id, _) if self.index.is_told_when_made(*id)))
    }
}

fn writes_a_text(path: Option<Ustr>) -> bool {
    path.is_some_and(|path| path == "std::write" || path == "std::writeln")
}

/// Whether a method of a `Result` or future gives on the error it is called on, as it is or as another.
fn keeps_the_error(name: &str) -> bool {
    matches!(
        name,
        "map"
            | "map_err"
            | "inspect"
            | "inspect_err"
            | "or_else"
            | "context"
            | "with_context"
            | "wrap_err"
            | "wrap_err_with"
    ) || matches!(name, "boxed" | "instrument" | "in_current_span" | "map_ok" | "into")
}
