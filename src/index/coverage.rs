//! How much the index knows: the share of calls and types that are known, why the others are not, and where their types were lost.
//! Judges nothing; what is unknown is counted as unknown, whatever it might be.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use ustr::Ustr;

use crate::facts::model::{Body, LocalId, LoopKind, NodeId, Op};
use crate::index::Index;
use crate::index::bodies::infer::{Callee, Unknown};
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::declared::types::Ty;
use crate::source::{Sources, Span};

/// Calls and types counted by what is known of them.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Calls of paths: functions, constructors, values.
    pub paths: Calls,
    pub methods: Calls,
    pub locals: Types,
    pub fields: Types,
    /// Calls whose callee is not known, by reason.
    pub reasons: BTreeMap<Unknown, usize>,
    /// What gave the value whose type is not known, for calls with an unknown receiver; see [`Coverage::lost`].
    lost: BTreeMap<String, usize>,
    #[serde(skip)]
    unknown: Vec<(Site, Unknown)>,
}

/// Calls of one kind, by what is known of the callee.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// A function, closure or constructor of the workspace.
    pub workspace: usize,
    /// A function of a library that the catalogue describes.
    pub catalogued: usize,
    /// A function of a library of which nothing but the path is known.
    pub named: usize,
    pub unknown: usize,
}

impl Calls {
    fn total(self) -> usize {
        self.workspace + self.catalogued + self.named + self.unknown
    }

    fn row(self, name: &str) -> [String; 7] {
        let counts = [self.workspace, self.catalogued, self.named, self.unknown];
        let [workspace, catalogued, named, unknown] = counts.map(|count| count.to_string());
        let share = format!("{:.1} %", share(self.unknown, self.total()));
        [name.to_owned(), self.total().to_string(), workspace, catalogued, named, unknown, share]
    }
}

/// Types of one kind of declaration, by how much of them is known.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Types {
    pub known: usize,
    /// Known but for an argument, as in `Vec<_>`.
    pub partly: usize,
    pub unknown: usize,
}

impl Types {
    fn count(&mut self, ty: &Ty) {
        match ty {
            Ty::Unknown => self.unknown += 1,
            ty if ty.is_whole() => self.known += 1,
            _ => self.partly += 1,
        }
    }

    fn total(self) -> usize {
        self.known + self.partly + self.unknown
    }

    fn row(self, name: &str) -> [String; 6] {
        let [total, known, partly, unknown] =
            [self.total(), self.known, self.partly, self.unknown].map(|count| count.to_string());
        [name.to_owned(), total, known, partly, unknown, format!("{:.1} %", share(self.unknown, self.total()))]
    }
}

/// In per cent.
fn share(part: usize, total: usize) -> f64 {
    if total == 0 { 0.0 } else { part as f64 * 100.0 / total as f64 }
}

/// A call whose callee is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sampled {
    /// The displayed path.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// The call on one line, shortened at its start.
    pub call: String,
    pub reason: Unknown,
    /// What gave the value whose type is not known.
    pub lost: Option<String>,
}

impl Coverage {
    /// Counts the calls and types of all bodies and types that stand in a place that is `asked` for.
    pub fn of(index: &Index, asked: &dyn Fn(Span) -> bool) -> Self {
        let mut coverage = Coverage::default();
        for (body, facts, info) in index.bodies() {
            let root = facts.region(Body::ROOT).range.in_file(body.file);
            if !asked(root) {
                continue;
            }
            info.locals.iter().for_each(|ty| coverage.locals.count(ty));
            for (node, _) in facts.iter() {
                coverage.call(index, Site { body, node });
            }
        }
        for id in index.defs().type_ids() {
            let place = index.defs().types[id.index()];
            if asked(index.defs().type_def(id).range.in_file(place.file)) {
                index.signatures().fields[id.index()].values().for_each(|ty| coverage.fields.count(ty));
            }
        }
        coverage
    }

    fn call(&mut self, index: &Index, site: Site) {
        let calls = match index.node(site).op {
            Op::Call { .. } => &mut self.paths,
            Op::Method { .. } => &mut self.methods,
            _ => return,
        };
        match index.callee(site) {
            None => {}
            Some(Callee::Unknown(reason)) => {
                calls.unknown += 1;
                *self.reasons.entry(*reason).or_default() += 1;
                self.unknown.push((site, *reason));
                if let Some(lost) = lost(index, site) {
                    *self.lost.entry(lost).or_default() += 1;
                }
            }
            Some(Callee::External(path)) if index.catalogue().describes(*path) => calls.catalogued += 1,
            Some(Callee::External(_)) => calls.named += 1,
            Some(_) => calls.workspace += 1,
        }
    }

    /// What most often gives a value whose type is not known, the most frequent first.
    pub fn lost(&self) -> Vec<(&str, usize)> {
        let mut lost: Vec<_> = self.lost.iter().map(|(what, count)| (what.as_str(), *count)).collect();
        lost.sort_by_key(|(what, count)| (std::cmp::Reverse(*count), *what));
        lost
    }

    /// Unknown calls in the order of their places: all, or as many as asked, the same ones for the same seed.
    pub fn sample(&self, index: &Index, sources: &Sources, count: usize, seed: u64) -> Vec<Sampled> {
        let key = |(site, _): &(Site, Unknown)| {
            let span = index.span(*site);
            mixed(
                sources.get(span.file).display.bytes().fold(mixed(seed), |hash, byte| mixed(hash ^ u64::from(byte)))
                    ^ (u64::from(span.start) << 32 | u64::from(span.end)),
            )
        };
        let mut chosen = self.unknown.clone();
        chosen.sort_by_cached_key(key);
        chosen.truncate(count);
        chosen.sort_unstable_by_key(|(site, _)| *site);
        chosen.iter().map(|(site, reason)| sampled(index, sources, *site, *reason)).collect()
    }

    /// For people: tables of what is known, why the rest is not, and where types are lost most often.
    pub fn table(&self) -> String {
        let head = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let calls = aligned(&[
            head(&["calls", "total", "workspace", "catalogued", "named", "unknown", ""]),
            self.paths.row("of paths").to_vec(),
            self.methods.row("of methods").to_vec(),
        ]);
        let types = aligned(&[
            head(&["types", "total", "known", "partly", "unknown", ""]),
            self.locals.row("of locals").to_vec(),
            self.fields.row("of fields").to_vec(),
        ]);
        let reasons = self.reasons.iter().map(|(why, count)| vec![why.words().to_owned(), count.to_string()]);
        let reasons = aligned(&[head(&["unknown because", "calls"])].into_iter().chain(reasons).collect::<Vec<_>>());
        let lost = self.lost().into_iter().take(LOST).map(|(what, count)| vec![what.to_owned(), count.to_string()]);
        let lost = aligned(&[head(&["type lost at", "calls"])].into_iter().chain(lost).collect::<Vec<_>>());
        [calls, types, reasons, lost].join("\n")
    }

    /// For people, on a line each: the shares that stay unknown.
    pub fn lines(&self) -> Vec<String> {
        let line = |name: &str, calls: Calls| {
            let (total, unknown) = (calls.total(), calls.unknown);
            format!("{name}: {} of {total} resolved, {:.1} % unknown", total - unknown, share(unknown, total))
        };
        let reasons: Vec<String> =
            self.reasons.iter().map(|(why, count)| format!("{}: {count}", why.words())).collect();
        vec![
            line("path calls", self.paths),
            line("method calls", self.methods),
            format!("unknown because: {}", reasons.join(", ")),
        ]
    }
}

/// How many places where types are lost the table shows.
const LOST: usize = 15;

/// How much of a call is shown.
const SHOWN: usize = 100;

impl Unknown {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Unknown::Path => "path not resolved",
            Unknown::Receiver => "type of the receiver unknown",
            Unknown::Method => "method of a known type unknown",
            Unknown::Library => "method of a type that the catalogue does not describe",
            Unknown::Value => "value that is called unknown",
        }
    }
}

/// SplitMix64's finaliser: neighbouring places are not neighbours in a sample.
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn sampled(index: &Index, sources: &Sources, site: Site, reason: Unknown) -> Sampled {
    let (call, name) = (index.place_written(index.span(site)), index.place_written(index.name_span(site)));
    let file = sources.get(name.file);
    let text = sources.get(call.file).slice(call.range()).split_whitespace().collect::<Vec<_>>().join(" ");
    let hidden = text.chars().count().saturating_sub(SHOWN);
    let shown: String = text.chars().skip(hidden).collect();
    Sampled {
        path: file.display.clone(),
        line: file.position(name.start).line,
        call: if hidden > 0 { format!("…{shown}") } else { shown },
        reason,
        lost: lost(index, site),
    }
}

/// Rows with the first column to the left and numbers to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, width))| if at == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

// Where a type is lost

/// What gave the value whose type is not known, in words; for a known type the type itself.
fn lost(index: &Index, site: Site) -> Option<String> {
    let (Op::Method { receiver: from, name, .. }, info) = (&index.node(site).op, index.info(site.body)) else {
        return match &index.node(site).op {
            Op::Call { callee, .. } => match &index.node(Site { node: *callee, ..site }).op {
                Op::Path(path) => Some(path.names().map(|n| n.to_string()).collect::<Vec<_>>().join("::")),
                _ => None,
            },
            _ => None,
        };
    };
    match info.ty(*from).peeled() {
        Ty::Unknown => Some(Trace { index, body: site.body, steps: STEPS }.node(*from)),
        ty => Some(format!("`{name}` of {}", head(index, &index.innermost(ty)))),
    }
}

/// The outermost constructor of a type, without references.
fn head(index: &Index, ty: &Ty) -> String {
    match ty.peeled() {
        Ty::Adt(id, _) => index.defs().type_def(*id).name.to_string(),
        Ty::Ext(path, _) => path.to_string(),
        Ty::Tuple(_) => "a tuple".into(),
        Ty::Slice(_) => "a slice".into(),
        Ty::Future(_) => "a future".into(),
        Ty::Fn(id) => format!("the function {}", index.fn_path(*id)),
        Ty::ExtFn(path, _) => format!("the value {path}"),
        Ty::Closure(_) | Ty::Callable(..) | Ty::Constructor(..) => "a function".into(),
        Ty::Param(name) => format!("a `{name}`"),
        Ty::Bounded(_) => "a bounded parameter".into(),
        Ty::Never | Ty::Unknown | Ty::Ref(_) => "no value".into(),
    }
}

/// How many steps back the loss of a type is traced.
const STEPS: u32 = 64;

/// Goes back from a value of unknown type to what first gave one.
#[derive(Clone, Copy)]
struct Trace<'i> {
    index: &'i Index,
    body: BodyRef,
    steps: u32,
}

impl Trace<'_> {
    fn node(self, node: NodeId) -> String {
        let Some(steps) = self.steps.checked_sub(1) else { return "a long way".into() };
        let back = Trace { steps, ..self };
        let (facts, info) = (self.index.body(self.body), self.index.info(self.body));
        let known = |node: NodeId| !info.ty(node).peeled().is_unknown();
        match &facts.node(node).op {
            Op::Local(local) => back.local(*local),
            Op::Field { base, name } if known(*base) => {
                format!("field `{name}` of {}", head(self.index, info.ty(*base)))
            }
            Op::Index { base, .. } if known(*base) => format!("index of {}", head(self.index, info.ty(*base))),
            Op::Await(of) if known(*of) => format!("await of {}", head(self.index, info.ty(*of))),
            Op::Try(of) if known(*of) => format!("`?` on {}", back.argument_of(*of)),
            Op::Deref(of) if known(*of) => format!("`*` on {}", head(self.index, info.ty(*of))),
            Op::Field { base: of, .. } | Op::Index { base: of, .. } => back.node(*of),
            Op::Await(of) | Op::Try(of) | Op::Deref(of) | Op::Unary(of) | Op::Reference { of, .. } => back.node(*of),
            Op::Call { .. } | Op::Method { .. } | Op::Macro(_) => back.call(node),
            Op::Block(region) | Op::If { then: region, .. } => match facts.region(*region).value {
                Some(value) => back.node(value),
                None => "a block".into(),
            },
            Op::Match { arms, .. } => match arms.iter().find_map(|arm| facts.region(arm.region).value) {
                Some(value) => back.node(value),
                None => "a match".into(),
            },
            Op::Path(path) => format!("path {}", path.names().map(|n| n.to_string()).collect::<Vec<_>>().join("::")),
            Op::Binary { .. } => "an operator".into(),
            Op::Range(_) => "a range".into(),
            Op::Literal(_) => "a literal".into(),
            Op::Cast { .. } => "a cast".into(),
            Op::Struct { path, .. } => format!("struct {}", path.last()),
            _ => "an expression".into(),
        }
    }

    /// A known type with an unknown argument: what made it.
    fn argument_of(self, node: NodeId) -> String {
        match &self.index.body(self.body).node(node).op {
            Op::Call { .. } | Op::Method { .. } | Op::Macro(_) => self.call(node),
            Op::Await(of) => match self.steps.checked_sub(1) {
                Some(steps) => Trace { steps, ..self }.argument_of(*of),
                None => "a long way".into(),
            },
            _ => head(self.index, self.index.info(self.body).ty(node)),
        }
    }

    fn call(self, node: NodeId) -> String {
        let site = Site { body: self.body, node };
        let back = |of: NodeId| match self.steps.checked_sub(1) {
            Some(steps) => Trace { steps, ..self }.node(of),
            None => "a long way".into(),
        };
        match (self.index.callee(site), &self.index.node(site).op) {
            (Some(Callee::Unknown(Unknown::Receiver)), Op::Method { receiver, .. }) => back(*receiver),
            (Some(Callee::Unknown(_)), Op::Method { receiver, name, .. }) => {
                let ty = self.index.innermost(self.index.info(self.body).ty(*receiver));
                format!("`{name}` of {}", head(self.index, &ty))
            }
            (Some(Callee::External(path)), _) if self.index.catalogue().describes(*path) => {
                format!("{path} (catalogued)")
            }
            (Some(Callee::External(path)), _) => path.to_string(),
            (Some(Callee::Workspace(id) | Callee::Trait(id)), _) => format!("fn {}", self.index.fn_path(*id)),
            (_, Op::Call { callee, .. }) => match &self.index.body(self.body).node(*callee).op {
                Op::Path(path) => path.names().map(|n: Ustr| n.to_string()).collect::<Vec<_>>().join("::"),
                _ => "a value that is called".into(),
            },
            (_, Op::Macro(call)) => format!("{}!", call.path.last()),
            _ => "a call".into(),
        }
    }

    /// What a local was bound to, or what hands it to a closure.
    fn local(self, local: LocalId) -> String {
        let facts = self.index.body(self.body);
        let info = self.index.info(self.body);
        let bound = facts.iter().find_map(|(id, node)| match &node.op {
            Op::Bind { pattern, init, .. } if pattern.locals().contains(&local) => init.map(|init| (id, init)),
            Op::Let { pattern, of } if pattern.locals().contains(&local) => Some((id, *of)),
            Op::Match { scrutinee, arms } if arms.iter().any(|arm| arm.pattern.locals().contains(&local)) => {
                Some((id, *scrutinee))
            }
            Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } if pattern.locals().contains(&local) => {
                Some((id, *iterated))
            }
            Op::Closure { parameters, .. } if parameters.iter().any(|p| p.locals().contains(&local)) => Some((id, id)),
            _ => None,
        });
        match bound {
            Some((closure, same)) if closure == same => match info.parent(closure) {
                Some(parent) => format!("closure of {}", self.call(parent)),
                None => "a closure".into(),
            },
            Some((at, from)) if !info.ty(from).peeled().is_unknown() => match facts.node(at).op {
                Op::Loop { .. } => format!("element of {}", self.argument_of(from)),
                _ => format!("pattern on {}", self.argument_of(from)),
            },
            Some((_, from)) => self.node(from),
            None => match self.index.owner(self.body) {
                Some(_) => "a parameter or `let` without value".into(),
                None => "a local".into(),
            },
        }
    }
}
