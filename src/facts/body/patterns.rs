//! Patterns: the names that they bind become locals of the body. Whether a name is a variable or a constant goes by its first letter.

use ustr::Ustr;

use super::BodyBuilder;
use super::expressions::member;
use crate::facts::extents::{self, Extent};
use crate::facts::model::*;
use crate::facts::paths;
use crate::source::Range;

impl BodyBuilder<'_, '_> {
    /// A pattern; its names are bound from here on.
    pub fn pattern(&mut self, pattern: &syn::Pat) -> Pattern {
        let (kind, range) = match pattern {
            syn::Pat::Wild(w) => (PatternKind::Wild, self.range(w.underscore_token.span)),
            syn::Pat::Rest(r) => (PatternKind::Rest, self.range(extents::spanned(&r.dot2_token))),
            syn::Pat::Ident(i) => return self.identifier(i),
            syn::Pat::Paren(p) => {
                let inner = self.pattern(&p.pat);
                (inner.kind, self.range(p.paren_token.span))
            }
            syn::Pat::Guard(g) => return self.pattern(&g.pat),
            syn::Pat::Or(o) => return self.alternatives(o),
            syn::Pat::Tuple(t) => (PatternKind::Tuple(self.patterns(&t.elems)), self.range(t.paren_token.span)),
            syn::Pat::Slice(s) => (PatternKind::Slice(self.patterns(&s.elems)), self.range(s.bracket_token.span)),
            syn::Pat::Path(p) => {
                let path = paths::path(&p.path, p.qself.as_ref());
                (PatternKind::Path(path), self.range(extents::path(&p.path, p.qself.as_ref())))
            }
            syn::Pat::TupleStruct(t) => {
                let path = paths::path(&t.path, t.qself.as_ref());
                let first = extents::path(&t.path, t.qself.as_ref()).first;
                let parts = self.patterns(&t.elems);
                let range = self.range(Extent { first, last: t.paren_token.span.close() });
                (PatternKind::TupleStruct { path, parts }, range)
            }
            syn::Pat::Struct(s) => {
                let path = paths::path(&s.path, s.qself.as_ref());
                let first = extents::path(&s.path, s.qself.as_ref()).first;
                let fields = s.fields.iter().map(|f| (member(&f.member).0, self.pattern(&f.pat))).collect();
                let range = self.range(Extent { first, last: s.brace_token.span.close() });
                (PatternKind::Struct { path, fields }, range)
            }
            syn::Pat::Reference(r) => {
                let of = self.pattern(&r.pat);
                let range = Range { start: self.start(r.and_token.span), end: of.range.end };
                (PatternKind::Reference(Box::new(of)), range)
            }
            syn::Pat::Type(t) => {
                let of = self.pattern(&t.pat);
                let range = Range { start: of.range.start, end: self.end(extents::ty(&t.ty).last) };
                (PatternKind::Typed(Box::new(of), paths::type_ref(&t.ty)), range)
            }
            syn::Pat::Lit(l) => (PatternKind::Literal, self.range(extents::spanned(l))),
            syn::Pat::Range(r) => (PatternKind::Literal, self.range(extents::spanned(r))),
            syn::Pat::Const(c) => (PatternKind::Literal, self.range(extents::spanned(c))),
            other => (PatternKind::Unseen, self.range(extents::spanned(other))),
        };
        Pattern { kind, range }
    }

    /// The pattern of a `let`. Where it stands under a `cfg` and names what another such `let` declares, at most one of them is compiled: they declare one
    /// variable.
    pub(super) fn declaration(&mut self, pattern: &syn::Pat, is_conditional: bool) -> Pattern {
        let (before, declared) = (self.names.len(), self.body.locals.len());
        let mut pattern = self.pattern(pattern);
        if is_conditional || self.in_alternative {
            let is_twin =
                |local: LocalId| self.conditional.contains(&local) && self.body.local(local).region == self.binding;
            let twins: Vec<(Ustr, LocalId)> =
                self.names[..before].iter().rev().filter(|(_, local)| is_twin(*local)).copied().collect();
            unify(&mut pattern, &self.body, &twins);
            for (name, local) in &mut self.names[before..] {
                *local = twins.iter().find(|(twin, _)| twin == name).map_or(*local, |(_, twin)| *twin);
            }
            if pattern.locals().iter().all(|local| local.index() < declared) {
                self.body.locals.truncate(declared);
            }
        }
        pattern
    }

    fn patterns<'a>(&mut self, patterns: impl IntoIterator<Item = &'a syn::Pat>) -> Vec<Pattern> {
        paths::tight(patterns.into_iter().map(|p| self.pattern(p)))
    }

    /// Every alternative binds the same names; they are one local each.
    fn alternatives(&mut self, or: &syn::PatOr) -> Pattern {
        let before = self.names.len();
        let mut parts: Vec<Pattern> = Vec::new();
        for case in &or.cases {
            let first: Vec<(Ustr, LocalId)> = self.names[before..].to_vec();
            let mut part = self.pattern(case);
            if !parts.is_empty() {
                unify(&mut part, &self.body, &first);
                self.names.truncate(before);
                self.names.extend(first);
            }
            parts.push(part);
        }
        let ends = parts.first().map_or(0, |p| p.range.start)..parts.last().map_or(0, |p| p.range.end);
        let start = or.leading_vert.map_or(ends.start, |t| self.start(t.span));
        Pattern { kind: PatternKind::Or(parts), range: Range { start, end: ends.end } }
    }

    /// A name in a pattern: a constant or unit variant by convention where it starts with a capital, else a new local.
    fn identifier(&mut self, ident: &syn::PatIdent) -> Pattern {
        let name = paths::name(&ident.ident);
        let name_range = self.range(ident.ident.span());
        let is_constant =
            name.starts_with(|c: char| c.is_uppercase()) && ident.by_ref.is_none() && ident.subpat.is_none();
        if is_constant {
            let segment = Segment { name, arguments: Vec::new(), bindings: Vec::new() };
            let path = Path { global: false, qself: None, segments: vec![segment] };
            return Pattern { kind: PatternKind::Path(path), range: name_range };
        }
        let local = self.bind_local(name, name_range);
        let of = ident.subpat.as_ref().map(|(_, p)| Box::new(self.pattern(p)));
        let modifier = ident.by_ref.map(|t| t.span).or(ident.mutability.map(|t| t.span));
        let start = modifier.map_or(name_range.start, |m| self.start(m));
        let end = of.as_ref().map_or(name_range.end, |of| of.range.end);
        Pattern { kind: PatternKind::Bind { local, of }, range: Range { start, end } }
    }
}

/// Gives the names of a later alternative the locals of the first.
fn unify(pattern: &mut Pattern, body: &Body, first: &[(Ustr, LocalId)]) {
    let known =
        |local: LocalId| first.iter().find(|(name, _)| *name == body.local(local).name).map_or(local, |(_, id)| *id);
    match &mut pattern.kind {
        PatternKind::Bind { local, of } => {
            *local = known(*local);
            if let Some(of) = of {
                unify(of, body, first);
            }
        }
        PatternKind::Tuple(parts)
        | PatternKind::Slice(parts)
        | PatternKind::Or(parts)
        | PatternKind::TupleStruct { parts, .. } => parts.iter_mut().for_each(|p| unify(p, body, first)),
        PatternKind::Struct { fields, .. } => fields.iter_mut().for_each(|(_, p)| unify(p, body, first)),
        PatternKind::Reference(of) | PatternKind::Typed(of, _) => unify(of, body, first),
        PatternKind::Wild | PatternKind::Path(_) | PatternKind::Rest | PatternKind::Literal | PatternKind::Unseen => {}
    }
}
