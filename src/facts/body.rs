//! Bodies: from syn expressions to a record of nodes in evaluation order, in a tree of regions. Locals are told from paths by
//! scope; nothing else is resolved. Knows of macros only that `macros` reads them.

use proc_macro2::Span;
use ustr::{Ustr, ustr};

mod expressions;
mod patterns;

use super::extents::{self, Extent};
use super::items::{Extractor, typed_parameters};
use super::macros::{self, Statements};
use super::model::*;
use super::paths;
use crate::source::Range;

/// Builds one body.
pub struct BodyBuilder<'e, 't> {
    file: &'e mut Extractor<'t>,
    body: Body,
    /// Where nodes go now.
    region: RegionId,
    /// The region whose end drops the locals that are bound now.
    binding: RegionId,
    scope: ScopeId,
    /// Locals in scope, innermost last.
    names: Vec<(Ustr, LocalId)>,
    /// How many macros were defined before the body.
    defined: usize,
    /// Labels in scope with the region of their loop or block, innermost last.
    labels: Vec<(Ustr, RegionId)>,
    /// Variables of this block that a `let` under a `cfg` declares: another such `let` of the same name means the same variable.
    conditional: Vec<LocalId>,
    /// What is read now is one of several alternatives, of which at most one is compiled.
    in_alternative: bool,
}

impl<'e, 't> BodyBuilder<'e, 't> {
    /// The body of a function.
    pub fn function(
        file: &'e mut Extractor<'t>,
        scope: ScopeId,
        signature: &syn::Signature,
        block: &syn::Block,
    ) -> Body {
        let range = file.range(block.brace_token.span);
        let mut builder = BodyBuilder::new(file, scope, RegionKind::Function, range);
        if let Some(receiver) = signature.receiver() {
            let range = builder.range(receiver.self_token.span);
            builder.bind_local(ustr("self"), range);
        }
        for parameter in typed_parameters(signature) {
            let pattern = builder.pattern(&parameter.pat);
            builder.body.parameters.push(pattern);
        }
        builder.statements(&block.stmts);
        builder.finish()
    }

    /// The body of a static or constant.
    pub fn expression(file: &'e mut Extractor<'t>, scope: ScopeId, expr: &syn::Expr) -> Body {
        let mut builder = BodyBuilder::new(file, scope, RegionKind::Function, Range::default());
        let value = builder.expr(expr);
        builder.body.regions[0].value = Some(value);
        builder.body.regions[0].range = builder.range_of(value);
        builder.finish()
    }

    /// Bodies live as long as the run: what was allocated ahead goes back.
    fn finish(mut self) -> Body {
        self.file.expander.end_body(self.defined);
        self.body.nodes.shrink_to_fit();
        self.body.regions.shrink_to_fit();
        self.body.regions.iter_mut().for_each(|region| region.nodes.shrink_to_fit());
        self.body.locals.shrink_to_fit();
        self.body
    }

    fn new(file: &'e mut Extractor<'t>, scope: ScopeId, kind: RegionKind, range: Range) -> Self {
        let root = Region { kind, parent: None, nodes: Vec::new(), value: None, scope, range };
        let body = Body {
            scope,
            parameters: Vec::new(),
            nodes: Vec::new(),
            regions: vec![root],
            locals: Vec::new(),
            jumps: Vec::new(),
        };
        BodyBuilder {
            defined: file.expander.begin_body(),
            file,
            body,
            region: Body::ROOT,
            binding: Body::ROOT,
            scope,
            names: Vec::new(),
            labels: Vec::new(),
            conditional: Vec::new(),
            in_alternative: false,
        }
    }

    fn range(&self, extent: impl Into<Extent>) -> Range {
        self.file.range(extent)
    }

    fn start(&self, first: Span) -> u32 {
        self.file.offsets.start(first)
    }

    fn end(&self, last: Span) -> u32 {
        self.file.offsets.end(last)
    }

    fn range_of(&self, node: NodeId) -> Range {
        self.body.node(node).range
    }

    fn push(&mut self, op: Op, range: Range) -> NodeId {
        let id = NodeId(self.body.nodes.len() as u32);
        self.body.nodes.push(Node { op, range, region: self.region });
        self.body.regions[self.region.index()].nodes.push(id);
        id
    }

    /// From the start of an operand to the end of a token.
    fn push_from(&mut self, first: NodeId, last: Span, op: Op) -> NodeId {
        let range = Range { start: self.range_of(first).start, end: self.end(last) };
        self.push(op, range)
    }

    /// From the start of a token to the end of an operand.
    fn push_to(&mut self, first: Span, last: NodeId, op: Op) -> NodeId {
        let range = Range { start: self.start(first), end: self.range_of(last).end };
        self.push(op, range)
    }

    fn bind_local(&mut self, name: Ustr, range: Range) -> LocalId {
        let id = LocalId(self.body.locals.len() as u32);
        self.body.locals.push(Local { name, range, region: self.binding });
        self.names.push((name, id));
        id
    }

    /// The local that a name at an offset means: a macro's own names and its caller's are different ones.
    fn local(&self, name: Ustr, offset: u32) -> Option<LocalId> {
        let mut known = self.names.iter().rev().filter(|(known, _)| *known == name).map(|(_, id)| *id);
        known.find(|id| self.file.expander.sees(offset, self.body.local(*id).range.start))
    }

    /// The innermost local of this name, whoever wrote it.
    fn any_local(&self, name: Ustr) -> Option<LocalId> {
        self.names.iter().rev().find(|(n, _)| *n == name).map(|(_, id)| *id)
    }

    fn open(&mut self, kind: RegionKind, range: Range) -> RegionId {
        let (parent, scope) = (Some(self.region), self.scope);
        self.body.regions.push(Region { kind, parent, nodes: Vec::new(), value: None, scope, range });
        RegionId(self.body.regions.len() as u32 - 1)
    }

    /// Runs `fill` inside `region`; names bound there are gone afterwards.
    fn inside(&mut self, region: RegionId, fill: impl FnOnce(&mut Self)) {
        let outer = (self.region, self.binding, self.names.len(), self.scope);
        (self.region, self.binding) = (region, region);
        fill(self);
        (self.region, self.binding, self.scope) = (outer.0, outer.1, outer.3);
        self.names.truncate(outer.2);
    }

    /// Runs `fill` inside `region`, which is one of several alternatives and no scope of its own: what is bound there is known afterwards.
    fn beside(&mut self, region: RegionId, fill: impl FnOnce(&mut Self)) {
        let (outer, scope, known) = (self.region, self.scope, self.names.len());
        let nested = std::mem::replace(&mut self.in_alternative, true);
        self.region = region;
        fill(self);
        (self.region, self.scope, self.in_alternative) = (outer, scope, nested);
        self.conditional.extend(self.names[known..].iter().map(|(_, local)| *local));
    }

    /// As `inside`, with a label that names the region.
    fn labelled(&mut self, label: Option<&syn::Label>, region: RegionId, fill: impl FnOnce(&mut Self)) {
        let known = self.labels.len();
        self.labels.extend(label.map(|label| (paths::name(&label.name.ident), region)));
        self.inside(region, fill);
        self.labels.truncate(known);
    }

    fn set_value(&mut self, value: NodeId) {
        self.body.regions[self.region.index()].value = Some(value);
    }

    fn block_region(&mut self, kind: RegionKind, block: &syn::Block) -> RegionId {
        let range = self.range(block.brace_token.span);
        let region = self.open(kind, range);
        self.inside(region, |b| b.statements(&block.stmts));
        region
    }

    /// A region around one expression; a block's statements stand directly in it.
    fn expr_region(&mut self, kind: RegionKind, expr: &syn::Expr) -> RegionId {
        if let syn::Expr::Block(syn::ExprBlock { block, label: None, .. }) = expr {
            return self.block_region(kind, block);
        }
        let region = self.open(kind, Range::default());
        self.inside(region, |b| {
            let value = b.expr(expr);
            b.set_value(value);
            b.body.regions[region.index()].range = b.range_of(value);
        });
        region
    }

    /// Statements of a block, in the present region. What is compiled for tests only is no part of what is shipped.
    pub fn statements(&mut self, statements: &[syn::Stmt]) {
        let is_for_tests = |statement: &&syn::Stmt| paths::only_for_tests(attributes_of(statement));
        if !self.file.is_test() && statements.iter().any(|statement| is_for_tests(&statement)) {
            let shipped: Vec<syn::Stmt> = statements.iter().filter(|it| !is_for_tests(it)).cloned().collect();
            return self.statements(&shipped);
        }
        if statements.iter().any(declares_items) {
            self.scope = self.file.block_scope(self.scope);
            self.body.regions[self.region.index()].scope = self.scope;
        }
        for statement in statements {
            if let syn::Stmt::Item(item) = statement {
                self.file.item(item, self.scope);
            }
        }
        for (at, statement) in statements.iter().enumerate() {
            self.statement(statement, at + 1 == statements.len());
        }
    }

    fn statement(&mut self, statement: &syn::Stmt, last: bool) {
        match statement {
            syn::Stmt::Local(local) => {
                let bind = self.let_statement(local);
                self.file.coverable.push(self.body.node(bind).range);
            }
            syn::Stmt::Item(_) => {}
            // A lone semicolon.
            syn::Stmt::Expr(syn::Expr::Verbatim(tokens), _) if tokens.is_empty() => {}
            syn::Stmt::Expr(expr, semi) => {
                let value = self.expr(expr);
                let end = semi.map_or(self.range_of(value).end, |s| self.end(s.span));
                let start = self.range_of(value).start;
                self.file.coverable.push(Range { start, end });
                match semi {
                    Some(_) if drops_a_value(&self.body.node(value).op) => {
                        self.push(Op::Discard(value), Range { start, end });
                    }
                    None if last => self.set_value(value),
                    _ => {}
                }
            }
            syn::Stmt::Macro(mac) => self.statement_macro(mac, last),
        }
    }

    fn statement_macro(&mut self, statement: &syn::StmtMacro, last: bool) {
        let call = extents::macro_call(&statement.mac);
        let range = self.range(Extent { last: statement.semi_token.map_or(call.last, |s| s.span), ..call });
        self.file.coverable.push(range);
        if macros::is_item_macro(&statement.mac) {
            return self.file.item_macro(None, &statement.mac, self.scope, range);
        }
        if let Some(Statements(statements)) = self.file.enter(&statement.mac) {
            self.expanded(&statements, last && statement.semi_token.is_none());
            return self.file.leave();
        }
        let value = self.macro_call(&statement.mac);
        match statement.semi_token {
            Some(_) => {
                self.push(Op::Discard(value), range);
            }
            None if last => self.set_value(value),
            None => {}
        }
    }

    /// What a macro statement stands for; `last` where its value is that of the block.
    fn expanded(&mut self, statements: &[syn::Stmt], last: bool) {
        let value = self.body.region(self.region).value;
        self.statements(statements);
        let given = std::mem::replace(&mut self.body.regions[self.region.index()].value, value);
        match given.filter(|_| given != value) {
            Some(given) if last => self.set_value(given),
            Some(given) if drops_a_value(&self.body.node(given).op) => {
                let range = self.range_of(given);
                self.push(Op::Discard(given), range);
            }
            _ => {}
        }
    }

    fn let_statement(&mut self, local: &syn::Local) -> NodeId {
        let range = Range { start: self.start(local.let_token.span), end: self.end(local.semi_token.span) };
        let init = local.init.as_ref().map(|init| self.expr(&init.expr));
        let otherwise = local.init.as_ref().and_then(|init| init.diverge.as_ref());
        let otherwise = otherwise.map(|(_, expr)| self.expr_region(RegionKind::Branch, expr));
        let (pattern, ty) = match &local.pat {
            syn::Pat::Type(typed) => (&*typed.pat, Some(Box::new(paths::type_ref(&typed.ty)))),
            pattern => (pattern, None),
        };
        let is_conditional = local.attrs.iter().any(paths::is_condition);
        let pattern = self.declaration(pattern, is_conditional);
        if is_conditional {
            self.conditional.extend(pattern.locals());
        }
        self.push(Op::Bind { pattern: Box::new(pattern), ty, init, otherwise }, range)
    }
}

fn declares_items(statement: &syn::Stmt) -> bool {
    match statement {
        syn::Stmt::Item(_) => true,
        syn::Stmt::Macro(mac) => macros::is_item_macro(&mac.mac),
        _ => false,
    }
}

/// The attributes of a statement that is no item.
fn attributes_of(statement: &syn::Stmt) -> &[syn::Attribute] {
    match statement {
        syn::Stmt::Local(local) => &local.attrs,
        syn::Stmt::Macro(mac) => &mac.attrs,
        syn::Stmt::Expr(expr, _) => attributes_of_expr(expr),
        syn::Stmt::Item(_) => &[],
    }
}

/// The attributes before an expression; syn keeps those before `a = b` with `a`.
fn attributes_of_expr(expr: &syn::Expr) -> &[syn::Attribute] {
    match expr {
        syn::Expr::Assign(e) => attributes_of_expr(&e.left),
        syn::Expr::Binary(e) => attributes_of_expr(&e.left),
        syn::Expr::Await(e) => &e.attrs,
        syn::Expr::Block(e) => &e.attrs,
        syn::Expr::Call(e) => &e.attrs,
        syn::Expr::Field(e) => &e.attrs,
        syn::Expr::ForLoop(e) => &e.attrs,
        syn::Expr::If(e) => &e.attrs,
        syn::Expr::Index(e) => &e.attrs,
        syn::Expr::Loop(e) => &e.attrs,
        syn::Expr::Macro(e) => &e.attrs,
        syn::Expr::Match(e) => &e.attrs,
        syn::Expr::MethodCall(e) => &e.attrs,
        syn::Expr::Path(e) => &e.attrs,
        syn::Expr::Return(e) => &e.attrs,
        syn::Expr::Try(e) => &e.attrs,
        syn::Expr::Unary(e) => &e.attrs,
        syn::Expr::Unsafe(e) => &e.attrs,
        syn::Expr::While(e) => &e.attrs,
        _ => &[],
    }
}

/// Whether `op;` drops a value that could matter: exits, loops and assignments have none.
fn drops_a_value(op: &Op) -> bool {
    !matches!(op, Op::Assign { .. } | Op::Return(_) | Op::Break(_) | Op::Continue | Op::Loop { .. } | Op::Let { .. })
}
