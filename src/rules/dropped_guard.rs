//! `dropped-guard`: a value that works only while it lives is dropped at once, or before the program that needs it ends; or one that must be
//! driven never is.

use ustr::Ustr;

use crate::catalogue::TypeEntry;
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::facts::model::{Body, LocalId, NodeId, Op, Pattern, PatternKind, RegionKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::defs::BodyRef;
use crate::index::flow::Fate;
use crate::index::infer::BodyInfo;
use crate::index::resources::words;
use crate::index::types::Ty;
use crate::source::Span;

const ID: &str = "dropped-guard";

const KEEP: &str =
    "bind it to a name that starts with an underscore, such as `_guard`, and keep it for as long as it is needed";
const DRIVE: &str = "spawn it, or await it beside what uses it: nothing happens while nobody polls it";

/// Whether it works only while it is polled: living is not enough.
fn is_driver(entry: &TypeEntry) -> bool {
    entry.kind.is_some_and(|kind| kind == "driver")
}

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (body, facts, info) in index.bodies() {
        for (node, n) in facts.iter() {
            let at = Looked { index, body, facts, info };
            match &n.op {
                Op::Bind { pattern, init: Some(init), .. } => found.extend(at.binding(node, pattern, *init)),
                Op::Discard(of) => found.extend(at.statement(node, *of)),
                Op::Method { receiver, name, .. } => found.extend(at.temporary(node, *receiver, *name)),
                _ => {}
            }
        }
    }
    found
}

/// One body that is looked at.
struct Looked<'i> {
    index: &'i Index,
    body: BodyRef,
    facts: &'i Body,
    info: &'i BodyInfo,
}

impl<'i> Looked<'i> {
    /// The guard a value is, behind `Result` and `Option`.
    fn guard(&self, ty: &Ty) -> Option<&'i TypeEntry> {
        match ty {
            Ty::Ext(path, arguments) if path == "std::result::Result" || path == "std::option::Option" => {
                self.guard(arguments.first()?)
            }
            Ty::Ext(path, _) => self.index.resource(*path).filter(|entry| entry.when_dropped.is_some()),
            _ => None,
        }
    }

    /// `let _ = variable` drops nothing: only what a call, macro, `?` or `.await` gives is a temporary.
    fn is_temporary(&self, node: NodeId) -> bool {
        match &self.facts.node(node).op {
            Op::Call { .. } | Op::Method { .. } | Op::Macro(_) | Op::Struct { .. } => true,
            Op::Try(of) | Op::Await(of) => self.is_temporary(*of) || matches!(self.facts.node(*of).op, Op::Local(_)),
            _ => false,
        }
    }

    fn binding(&self, node: NodeId, pattern: &Pattern, init: NodeId) -> Option<Diagnostic> {
        let ty = self.info.ty(init);
        match &pattern.kind {
            PatternKind::Wild if self.is_temporary(init) => {
                self.dropped_at_once(node, self.guard(ty)?, init, Some(pattern))
            }
            PatternKind::Tuple(parts) => {
                let Ty::Tuple(types) = ty else { return None };
                parts.iter().zip(types).find_map(|(part, ty)| match part.kind {
                    PatternKind::Wild if self.is_temporary(init) => {
                        self.dropped_at_once(node, self.guard(ty)?, init, Some(part))
                    }
                    PatternKind::Bind { local, .. } => self.kept(self.guard(ty)?, local),
                    _ => None,
                })
            }
            PatternKind::Bind { local, .. } => self.kept(self.guard(self.info.local(*local))?, *local),
            _ => None,
        }
    }

    /// A guard that has a name: it may live too short a time, and what must be driven may only lie there.
    fn kept(&self, entry: &TypeEntry, local: LocalId) -> Option<Diagnostic> {
        if is_driver(entry) { self.never_driven(entry, local) } else { self.ends_early(entry, local) }
    }

    fn statement(&self, node: NodeId, of: NodeId) -> Option<Diagnostic> {
        // A `Result` that is thrown away whole is the compiler's to tell; the guard in it would be too.
        if !self.is_temporary(of)
            || !matches!(self.info.ty(of), Ty::Ext(path, _) if self.index.resource(*path).is_some())
        {
            return None;
        }
        self.dropped_at_once(node, self.guard(self.info.ty(of))?, of, None)
    }

    /// `tempdir()?.path()`: the folder is gone at the end of the statement that asked for its path.
    fn temporary(&self, node: NodeId, receiver: NodeId, name: Ustr) -> Option<Diagnostic> {
        let entry = self.guard(self.info.ty(receiver))?;
        let is_path = name == "path" && entry.kind.is_some_and(|kind| kind.starts_with("temp-"));
        let mut at = node;
        while let Some(parent) = self.info.parent(at) {
            match &self.facts.node(parent).op {
                Op::Bind { .. } if is_path && self.is_temporary(receiver) => {
                    return self.dropped_at_once(parent, entry, receiver, None);
                }
                Op::Method { receiver, .. } if *receiver == at => at = parent,
                Op::Reference { .. } | Op::Try(_) => at = parent,
                _ => return None,
            }
        }
        None
    }

    fn dropped_at_once(
        &self,
        statement: NodeId,
        entry: &TypeEntry,
        value: NodeId,
        pattern: Option<&Pattern>,
    ) -> Option<Diagnostic> {
        let span = self.facts.node(statement).range.in_file(self.body.file);
        let made = self.span(value);
        Some(
            self.diagnostic(entry, "is dropped at once", Label::new(span, "dropped at the end of this statement"))?
                .evidence((made != span).then(|| Label::new(made, "made here")))
                .help(if is_driver(entry) { DRIVE } else { KEEP })
                .fix(self.fix(entry, statement, pattern)),
        )
    }

    /// What does all the work of its companion is bound and never looked at again.
    fn never_driven(&self, entry: &TypeEntry, local: LocalId) -> Option<Diagnostic> {
        let used = self.facts.iter().any(|(_, node)| matches!(node.op, Op::Local(used) if used == local));
        if used || self.mentioned(local) {
            return None;
        }
        let bound = self.facts.local(local).range.in_file(self.body.file);
        Some(self.diagnostic(entry, "is never driven", Label::new(bound, "neither spawned nor awaited"))?.help(DRIVE))
    }

    /// A guard that should live as long as the program, bound where the scope ends before the program does.
    fn ends_early(&self, entry: &TypeEntry, local: LocalId) -> Option<Diagnostic> {
        if !entry.program_long || self.index.is_test(self.body) {
            return None;
        }
        let binding = self.facts.local(local);
        let (scope, ends) = self.scope(local)?;
        let mut uses = self.facts.iter().filter(|(_, n)| matches!(n.op, Op::Local(used) if used == local));
        let moved = |node: NodeId| self.index.fate(Site { body: self.body, node }, entry.path) != Fate::Dies;
        if self.lasts(scope) || uses.any(|(id, _)| moved(id)) || self.mentioned(local) {
            return None;
        }
        let diagnostic = self
            .diagnostic(entry, "is dropped too early", Label::new(binding.range.in_file(self.body.file), ends))?
            .help("return it to `main` and keep it there until the program ends");
        Some(diagnostic)
    }

    /// The region that the local lives in, and what its end is called; none where that is the end of the program.
    fn scope(&self, local: LocalId) -> Option<(crate::facts::model::RegionId, String)> {
        let region = self.facts.local(local).region;
        let function = self.index.function_of(self.body)?;
        let is_main = self.index.ends_the_program(function);
        let inner = self.facts.region(region).kind != RegionKind::Function;
        match (inner, is_main) {
            (true, _) => Some((region, "dropped at the end of this block".into())),
            (false, true) => None,
            (false, false) => {
                let name = self.index.fn_name(function);
                Some((region, format!("dropped when `{name}` returns")))
            }
        }
    }

    /// Whether the scope itself runs for as long as the program: it serves, waits in a loop, or runs all the rest.
    fn lasts(&self, scope: crate::facts::model::RegionId) -> bool {
        let inside = |node: NodeId| self.facts.outwards(self.facts.node(node).region).any(|(at, _)| at == scope);
        self.index.runs_the_program(self.body, &inside)
    }

    fn mentioned(&self, local: LocalId) -> bool {
        self.facts.nodes.iter().any(|node| matches!(&node.op, Op::Macro(call) if call.mentions.contains(&local)))
    }

    fn diagnostic(&self, entry: &TypeEntry, how: &str, primary: Label) -> Option<Diagnostic> {
        let name = entry.path.rsplit("::").next()?;
        let kind = words(&entry.kind?);
        let diagnostic = Diagnostic::new(ID, Confidence::Certain, format!("the {kind} `{name}` {how}"), primary)
            .about(self.index.item_path(self.body), entry.path.as_str())
            .note(entry.when_dropped.clone()?);
        Some(diagnostic)
    }

    fn span(&self, node: NodeId) -> Span {
        self.facts.node(node).range.in_file(self.body.file)
    }

    /// Gives a name to what is bound to `_`, or binds what is not bound at all. A guard that must outlive its function needs a person, and a
    /// name drives nothing.
    fn fix(&self, entry: &TypeEntry, statement: NodeId, pattern: Option<&Pattern>) -> Option<Fix> {
        if is_driver(entry) {
            return None;
        }
        let applicability =
            if entry.program_long { Applicability::MaybeIncorrect } else { Applicability::MachineApplicable };
        let span = self.span(statement);
        let edit = match (pattern, &self.facts.node(statement).op) {
            (Some(pattern), _) => Edit { span: pattern.range.in_file(self.body.file), content: "_guard".into() },
            (None, Op::Discard(_)) => Edit { span: Span { end: span.start, ..span }, content: "let _guard = ".into() },
            _ => return None,
        };
        // Inside a `Result` or `Option` the name keeps the guard all the same.
        Some(Fix { title: "keep it in a named variable".into(), applicability, edits: vec![edit] })
    }
}
