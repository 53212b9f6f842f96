//! Expressions: each becomes a node behind those that it evaluates first. One exhaustive walk; what syntax is not understood is recorded as unread.

use proc_macro2::Span;
use ustr::{Ustr, ustr};

use super::BodyBuilder;
use crate::facts::extents;
use crate::facts::macros::{self, Reading};
use crate::facts::model::*;
use crate::facts::paths;
use crate::source::Range;

impl BodyBuilder<'_, '_> {
    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a syn::Expr>) -> Vec<NodeId> {
        paths::tight(exprs.into_iter().map(|e| self.expr(e)))
    }

    /// Records an expression and all that it evaluates; gives its node.
    pub fn expr(&mut self, expr: &syn::Expr) -> NodeId {
        match expr {
            syn::Expr::Path(p) => self.path_expr(p),
            syn::Expr::Lit(l) => {
                let range = self.range(l.lit.span());
                self.push(Op::Literal(literal(&l.lit)), range)
            }
            syn::Expr::Call(c) => {
                let callee = self.expr(&c.func);
                let arguments = self.exprs(&c.args);
                self.push_from(callee, c.paren_token.span.close(), Op::Call { callee, arguments })
            }
            syn::Expr::MethodCall(m) => self.method_call(m),
            syn::Expr::Macro(m) => self.macro_call(&m.mac),
            syn::Expr::Await(a) => {
                let of = self.expr(&a.base);
                self.push_from(of, a.await_token.span, Op::Await(of))
            }
            syn::Expr::Try(t) => {
                let of = self.expr(&t.expr);
                self.push_from(of, t.question_token.span, Op::Try(of))
            }
            syn::Expr::Field(f) => {
                let base = self.expr(&f.base);
                let (name, span) = member(&f.member);
                self.push_from(base, span, Op::Field { base, name })
            }
            syn::Expr::Index(i) => {
                let base = self.expr(&i.expr);
                let index = self.expr(&i.index);
                self.push_from(base, i.bracket_token.span.close(), Op::Index { base, index })
            }
            syn::Expr::Reference(r) => {
                let of = self.expr(&r.expr);
                self.push_to(r.and_token.span, of, Op::Reference { of, mutable: r.mutability.is_some() })
            }
            syn::Expr::RawAddr(r) => {
                let of = self.expr(&r.expr);
                let mutable = matches!(r.mutability, syn::PointerMutability::Mut(_));
                self.push_to(r.and_token.span, of, Op::Reference { of, mutable })
            }
            syn::Expr::Unary(u) => {
                let of = self.expr(&u.expr);
                let op = if matches!(u.op, syn::UnOp::Deref(_)) { Op::Deref(of) } else { Op::Unary(of) };
                self.push_to(extents::spanned(&u.op).first, of, op)
            }
            syn::Expr::Binary(b) => self.binary(b),
            syn::Expr::Assign(syn::ExprAssign { left, right, .. }) if matches!(**left, syn::Expr::Infer(_)) => {
                let wild = self.expr(left);
                self.assigned_to_nothing(wild, right)
            }
            syn::Expr::Assign(a) => {
                let value = self.expr(&a.right);
                let place = self.expr(&a.left);
                let range = Range { start: self.range_of(place).start, end: self.range_of(value).end };
                self.push(Op::Assign { place, value }, range)
            }
            syn::Expr::Cast(c) => {
                let of = self.expr(&c.expr);
                let ty = Box::new(paths::type_ref(&c.ty));
                self.push_from(of, extents::ty(&c.ty).last, Op::Cast { of, ty })
            }
            syn::Expr::Paren(p) => {
                let of = self.expr(&p.expr);
                self.body.nodes[of.index()].range = self.range(p.paren_token.span);
                of
            }
            syn::Expr::Group(g) => self.expr(&g.expr),
            syn::Expr::Tuple(t) => {
                let parts = self.exprs(&t.elems);
                let range = self.range(t.paren_token.span);
                self.push(Op::Tuple(parts), range)
            }
            syn::Expr::Array(a) => {
                let parts = self.exprs(&a.elems);
                let range = self.range(a.bracket_token.span);
                self.push(Op::Array(parts), range)
            }
            syn::Expr::Repeat(r) => {
                let parts = vec![self.expr(&r.expr)];
                let range = self.range(r.bracket_token.span);
                self.push(Op::Array(parts), range)
            }
            syn::Expr::Range(r) => self.range_expr(r),
            syn::Expr::Struct(s) => self.struct_literal(s),
            syn::Expr::Closure(c) => self.closure(c),
            syn::Expr::Async(a) => {
                let region = self.block_region(RegionKind::Async, &a.block);
                let range = Range { start: self.start(a.async_token.span), end: self.body.region(region).range.end };
                self.push(Op::Async(region), range)
            }
            syn::Expr::Block(b) => self.block(&b.block, b.label.as_ref(), None),
            syn::Expr::Unsafe(u) => self.block(&u.block, None, Some(u.unsafe_token.span)),
            syn::Expr::Const(c) => self.block(&c.block, None, Some(c.const_token.span)),
            syn::Expr::TryBlock(t) => self.block(&t.block, None, Some(t.try_token.span)),
            syn::Expr::If(i) => self.if_expr(i),
            syn::Expr::Let(l) => {
                let of = self.expr(&l.expr);
                let pattern = Box::new(self.pattern(&l.pat));
                self.push_to(l.let_token.span, of, Op::Let { pattern, of })
            }
            syn::Expr::Match(m) => self.match_expr(m),
            syn::Expr::Loop(l) => self.loop_expr(l),
            syn::Expr::While(w) => self.while_expr(w),
            syn::Expr::ForLoop(f) => self.for_expr(f),
            syn::Expr::Return(r) => {
                let value = r.expr.as_ref().map(|e| self.expr(e));
                self.exit(r.return_token.span, value, Op::Return(value))
            }
            syn::Expr::Break(b) => {
                let value = b.expr.as_ref().map(|e| self.expr(e));
                let node = self.exit(b.break_token.span, value, Op::Break(value));
                self.jump(node, b.label.as_ref())
            }
            syn::Expr::Continue(c) => {
                let node = self.exit(c.continue_token.span, None, Op::Continue);
                self.jump(node, c.label.as_ref())
            }
            syn::Expr::Yield(y) => {
                let arguments: Vec<NodeId> = y.expr.iter().map(|e| self.expr(e)).collect();
                let value = arguments.first().copied();
                self.exit(y.yield_token.span, value, unread("yield", arguments, Vec::new()))
            }
            syn::Expr::Verbatim(tokens) => {
                let range = self.range(extents::spanned(tokens));
                let mentions = self.mentioned(&macros::words(tokens));
                self.push(unread("", Vec::new(), mentions), range)
            }
            other => {
                let range = self.range(extents::spanned(other));
                self.push(Op::Unseen, range)
            }
        }
    }

    fn range_expr(&mut self, expr: &syn::ExprRange) -> NodeId {
        let parts: Vec<NodeId> = expr.start.iter().chain(&expr.end).map(|end| self.expr(end)).collect();
        let limits = self.range(extents::spanned(&expr.limits));
        let start = expr.start.as_ref().map_or(limits.start, |_| self.range_of(parts[0]).start);
        let end = expr.end.as_ref().map_or(limits.end, |_| self.range_of(parts[parts.len() - 1]).end);
        self.push(Op::Range(parts), Range { start, end })
    }

    fn loop_expr(&mut self, expr: &syn::ExprLoop) -> NodeId {
        let body = self.range(expr.body.brace_token.span);
        let region = self.open(RegionKind::Loop, body);
        self.labelled(expr.label.as_ref(), region, |b| b.statements(&expr.body.stmts));
        let range = self.whole_loop(expr.loop_token.span, &expr.body);
        self.push(Op::Loop { kind: LoopKind::Loop, region }, range)
    }

    /// The condition is asked in every round.
    fn while_expr(&mut self, expr: &syn::ExprWhile) -> NodeId {
        let range = self.whole_loop(expr.while_token.span, &expr.body);
        let region = self.open(RegionKind::Loop, range);
        self.labelled(expr.label.as_ref(), region, |b| {
            b.expr(&expr.cond);
            b.statements(&expr.body.stmts);
        });
        self.push(Op::Loop { kind: LoopKind::While, region }, range)
    }

    /// What is iterated is evaluated once, the pattern bound in every round.
    fn for_expr(&mut self, expr: &syn::ExprForLoop) -> NodeId {
        let range = self.whole_loop(expr.for_token.span, &expr.body);
        let iterated = self.expr(&expr.expr);
        let region = self.open(RegionKind::Loop, range);
        let mut pattern = None;
        self.labelled(expr.label.as_ref(), region, |b| {
            pattern = Some(b.pattern(&expr.pat));
            b.statements(&expr.body.stmts);
        });
        let pattern = Box::new(pattern.unwrap_or(Pattern { kind: PatternKind::Unseen, range }));
        self.push(Op::Loop { kind: LoopKind::For { pattern, iterated }, region }, range)
    }

    fn whole_loop(&self, keyword: Span, body: &syn::Block) -> Range {
        Range { start: self.start(keyword), end: self.end(body.brace_token.span.close()) }
    }

    /// Notes where a labelled `break` or `continue` goes.
    fn jump(&mut self, node: NodeId, label: Option<&syn::Lifetime>) -> NodeId {
        let target = label.and_then(|label| {
            let name = paths::name(&label.ident);
            self.labels.iter().rev().find(|(known, _)| *known == name).map(|(_, region)| *region)
        });
        self.body.jumps.extend(target.map(|target| (node, target)));
        node
    }

    fn exit(&mut self, keyword: Span, value: Option<NodeId>, op: Op) -> NodeId {
        match value {
            Some(value) => self.push_to(keyword, value, op),
            None => {
                let range = self.range(keyword);
                self.push(op, range)
            }
        }
    }

    fn path_expr(&mut self, expr: &syn::ExprPath) -> NodeId {
        let range = self.range(extents::path(&expr.path, expr.qself.as_ref()));
        let path = paths::path(&expr.path, expr.qself.as_ref());
        let local = path.single().and_then(|name| self.local(name, range.start));
        self.push(local.map_or(Op::Path(path), Op::Local), range)
    }

    fn method_call(&mut self, call: &syn::ExprMethodCall) -> NodeId {
        let receiver = self.expr(&call.receiver);
        let arguments = self.exprs(&call.args);
        let op = Op::Method {
            receiver,
            name: paths::name(&call.method),
            name_range: self.range(call.method.span()),
            generics: call.turbofish.as_ref().map(paths::arguments).unwrap_or_default().into(),
            arguments,
        };
        self.push_from(receiver, call.paren_token.span.close(), op)
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> NodeId {
        let left = self.expr(&binary.left);
        let right = self.expr(&binary.right);
        let range = Range { start: self.range_of(left).start, end: self.range_of(right).end };
        let value = self.push(Op::Binary { left, right, operator: operator(&binary.op) }, range);
        if assigns(&binary.op) { self.push(Op::Assign { place: left, value }, range) } else { value }
    }

    fn struct_literal(&mut self, literal: &syn::ExprStruct) -> NodeId {
        let mut fields = Vec::new();
        for field in &literal.fields {
            let value = self.expr(&field.expr);
            let (name, span) = member(&field.member);
            let range = Range { start: self.start(span), end: self.range_of(value).end };
            self.file.coverable.push(range);
            fields.push((name, value));
        }
        let rest = literal.rest.as_ref().map(|e| self.expr(e));
        let first = extents::path(&literal.path, literal.qself.as_ref()).first;
        let range = Range { start: self.start(first), end: self.end(literal.brace_token.span.close()) };
        let path = paths::path(&literal.path, literal.qself.as_ref());
        self.push(Op::Struct { path: Box::new(path), fields, rest }, range)
    }

    /// `_ = value`, which is `let _ = value` as an expression.
    fn assigned_to_nothing(&mut self, wild: NodeId, value: &syn::Expr) -> NodeId {
        let (init, wild) = (self.expr(value), self.range_of(wild));
        let pattern = Box::new(Pattern { kind: PatternKind::Wild, range: wild });
        let range = Range { start: wild.start, end: self.range_of(init).end };
        self.push(Op::Bind { pattern, ty: None, init: Some(init), otherwise: None }, range)
    }

    fn closure(&mut self, closure: &syn::ExprClosure) -> NodeId {
        let region = self.open(RegionKind::Closure, Range::default());
        let mut parameters = Vec::new();
        let mut types = Vec::new();
        self.inside(region, |b| {
            for input in &closure.inputs {
                let (pattern, ty) = match input {
                    syn::Pat::Type(typed) => (b.pattern(&typed.pat), paths::type_ref(&typed.ty)),
                    pattern => (b.pattern(pattern), TypeRef::Inferred),
                };
                parameters.push(pattern);
                types.push(ty);
            }
            let range = match &*closure.body {
                syn::Expr::Block(syn::ExprBlock { block, label: None, .. }) => {
                    b.statements(&block.stmts);
                    b.range(block.brace_token.span)
                }
                body => {
                    let value = b.expr(body);
                    b.set_value(value);
                    b.range_of(value)
                }
            };
            b.body.regions[region.index()].range = range;
        });
        let first = [closure.asyncness.map(|t| t.span), closure.capture.map(|t| t.span)];
        let start = first.into_iter().flatten().next().unwrap_or(closure.inputs_begin.span);
        let range = Range { start: self.start(start), end: self.body.region(region).range.end };
        let (returns, is_async) = (paths::returns(&closure.output).map(Box::new), closure.asyncness.is_some());
        self.push(Op::Closure { region, parameters, types, returns, is_async }, range)
    }

    fn block(&mut self, block: &syn::Block, label: Option<&syn::Label>, keyword: Option<Span>) -> NodeId {
        let inner = self.range(block.brace_token.span);
        let region = self.open(RegionKind::Block, inner);
        self.labelled(label, region, |b| b.statements(&block.stmts));
        let start = keyword.map_or(inner.start, |k| self.start(k));
        self.push(Op::Block(region), Range { start, end: inner.end })
    }

    fn if_expr(&mut self, expr: &syn::ExprIf) -> NodeId {
        let range = self.range(expr.then_branch.brace_token.span);
        let then = self.open(RegionKind::Branch, range);
        let known = self.names.len();
        let outer = std::mem::replace(&mut self.binding, then);
        let condition = self.expr(&expr.cond);
        self.binding = outer;
        let shipped = self.file.is_test() || !paths::holds_in_tests_only(&expr.cond);
        self.inside(then, |b| b.statements(if shipped { &expr.then_branch.stmts } else { &[] }));
        self.names.truncate(known);
        let otherwise = expr.else_branch.as_ref().map(|(_, e)| self.expr_region(RegionKind::Branch, e));
        let end = otherwise.map_or(range.end, |region| self.body.region(region).range.end);
        let start = self.start(expr.if_token.span);
        self.push(Op::If { condition, then, otherwise }, Range { start, end })
    }

    fn match_expr(&mut self, expr: &syn::ExprMatch) -> NodeId {
        let scrutinee = self.expr(&expr.expr);
        let mut arms = Vec::new();
        for arm in &expr.arms {
            let region = self.open(RegionKind::Arm, Range::default());
            let mut pattern = None;
            let mut guarded = false;
            self.inside(region, |b| {
                let parsed = match &arm.pat {
                    syn::Pat::Guard(guard) => {
                        let parsed = b.pattern(&guard.pat);
                        guarded = true;
                        b.expr(&guard.guard);
                        parsed
                    }
                    pat => b.pattern(pat),
                };
                let range = b.arm_body(&arm.body);
                b.body.regions[region.index()].range = range;
                pattern = Some(parsed);
            });
            let Some(pattern) = pattern else { continue };
            let range = Range { start: pattern.range.start, end: self.body.region(region).range.end };
            self.file.coverable.push(range);
            arms.push(Arm { pattern, guarded, region, range });
        }
        let range = Range { start: self.start(expr.match_token.span), end: self.end(expr.brace_token.span.close()) };
        self.push(Op::Match { scrutinee, arms }, range)
    }

    /// A block's statements, or an expression as the value, in the present region.
    pub fn arm_body(&mut self, body: &syn::Expr) -> Range {
        if let syn::Expr::Block(syn::ExprBlock { block, label: None, .. }) = body {
            self.statements(&block.stmts);
            return self.range(block.brace_token.span);
        }
        let value = self.expr(body);
        self.set_value(value);
        self.range_of(value)
    }

    pub(super) fn macro_call(&mut self, mac: &syn::Macro) -> NodeId {
        if let Some(expr) = self.file.enter::<syn::Expr>(mac) {
            let value = self.expr(&expr);
            self.file.leave();
            return value;
        }
        let range = self.range(extents::macro_call(mac));
        let path = paths::path(&mac.path, None);
        let mut call = MacroCall { path, arguments: Vec::new(), mentions: Vec::new(), seen: true };
        match macros::read(mac) {
            Reading::Arguments { exprs, captured, known } => {
                call.arguments = self.exprs(&exprs);
                call.mentions = self.mentioned(&captured);
                call.seen = known;
            }
            Reading::Statements(statements) => self.statements(&statements),
            Reading::Alternatives(blocks) => {
                let test = self.file.is_test();
                let is_shipped = |condition: &Option<syn::Meta>| !condition.as_ref().is_some_and(paths::requires_test);
                for (_, statements) in blocks.into_iter().filter(|(condition, _)| test || is_shipped(condition)) {
                    let region = self.open(RegionKind::Block, range);
                    self.beside(region, |b| b.statements(&statements));
                    self.push(Op::Block(region), range);
                }
            }
            Reading::Deferred(statements) => {
                let region = self.open(RegionKind::Closure, range);
                self.inside(region, |b| b.statements(&statements));
                let closure =
                    Op::Closure { region, parameters: Vec::new(), types: Vec::new(), returns: None, is_async: false };
                call.arguments.push(self.push(closure, range));
            }
            Reading::Stream(statements) => {
                let region = self.open(RegionKind::Async, range);
                self.inside(region, |b| b.statements(&statements));
                call.arguments.push(self.push(Op::Async(region), range));
            }
            Reading::Select(select) => return self.select(&select, range),
            Reading::Unseen(words) => {
                call.mentions = self.mentioned(&words);
                call.seen = false;
            }
        }
        self.push(Op::Macro(Box::new(call)), range)
    }

    /// The locals among names, each once.
    fn mentioned(&self, names: &[Ustr]) -> Vec<LocalId> {
        let mut locals: Vec<LocalId> = names.iter().filter_map(|name| self.any_local(*name)).collect();
        locals.sort_unstable();
        locals.dedup();
        locals
    }

    fn select(&mut self, select: &macros::Select, range: Range) -> NodeId {
        // All conditions are evaluated first, then all futures are made, whatever the conditions say.
        self.exprs(select.arms.iter().filter_map(|arm| arm.condition.as_ref()));
        let futures = self.exprs(select.arms.iter().map(|arm| &arm.future));
        let mut arms = Vec::new();
        for (arm, future) in select.arms.iter().zip(futures) {
            let region = self.open(RegionKind::Arm, range);
            let mut pattern = None;
            self.inside(region, |b| {
                pattern = Some(b.pattern(&arm.pattern));
                let range = b.arm_body(&arm.body);
                b.body.regions[region.index()].range = range;
            });
            let Some(pattern) = pattern else { continue };
            self.file.coverable.push(Range { start: pattern.range.start, end: self.body.region(region).range.end });
            arms.push(SelectArm { pattern, future, region, guarded: arm.condition.is_some() });
        }
        let otherwise = select.otherwise.as_ref().map(|body| self.expr_region(RegionKind::Arm, body));
        self.push(Op::Select { arms, otherwise }, range)
    }
}

/// What syntax that is not understood does to values: the same as a macro that was not read.
fn unread(keyword: &str, arguments: Vec<NodeId>, mentions: Vec<LocalId>) -> Op {
    let segments = vec![Segment { name: ustr(keyword), arguments: Vec::new(), bindings: Vec::new() }];
    let path = Path { global: false, qself: None, segments };
    Op::Macro(Box::new(MacroCall { path, arguments, mentions, seen: false }))
}

fn operator(op: &syn::BinOp) -> Operator {
    use syn::BinOp::*;
    match op {
        And(_) => Operator::Both,
        Or(_) => Operator::Either,
        Eq(_) | Lt(_) | Le(_) | Ne(_) | Ge(_) | Gt(_) => Operator::Truth,
        Mul(_) => Operator::Product,
        _ => Operator::Other,
    }
}

fn assigns(op: &syn::BinOp) -> bool {
    use syn::BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

pub(super) fn member(member: &syn::Member) -> (Ustr, Span) {
    match member {
        syn::Member::Named(ident) => (paths::name(ident), ident.span()),
        syn::Member::Unnamed(index) => (ustr(&index.index.to_string()), index.span),
    }
}

fn literal(lit: &syn::Lit) -> Literal {
    match lit {
        syn::Lit::Str(s) => Literal::Text(ustr(&s.value())),
        syn::Lit::Bool(b) => Literal::Bool(b.value),
        syn::Lit::Int(i) => Literal::Number(ustr(i.base10_digits()), ustr(i.suffix())),
        syn::Lit::Float(f) => Literal::Fraction(ustr(f.suffix())),
        syn::Lit::Char(_) => Literal::Character,
        syn::Lit::Byte(_) => Literal::Byte,
        syn::Lit::ByteStr(_) => Literal::Bytes,
        _ => Literal::Other,
    }
}
