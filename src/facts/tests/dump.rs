//! Bodies as text a person can check: a line per node, with the regions that belong to it below it, indented.
//!
//! `3 call 1(2)` is node 3, which calls the value of node 1 with that of node 2; `x#0` is local 0; `= 3` is a region's value.

use crate::facts::model::*;

/// All of a body.
pub fn dump(body: &Body) -> String {
    let mut dump = Dump { body, text: String::new(), depth: 0 };
    if !body.parameters.is_empty() {
        let parameters = dump.patterns(&body.parameters);
        dump.line(&format!("parameters {parameters}"));
    }
    dump.region_content(Body::ROOT);
    dump.text
}

/// A type as written.
pub fn ty(of: &TypeRef) -> String {
    match of {
        TypeRef::Path(p) => path(p),
        TypeRef::Reference(of) => format!("&{}", ty(of)),
        TypeRef::Tuple(parts) => format!("({})", types(parts)),
        TypeRef::Slice(of) => format!("[{}]", ty(of)),
        TypeRef::Function(inputs, output) => format!("fn({}) -> {}", types(inputs), ty(output)),
        TypeRef::Impl(bounds) => format!("impl {}", types(bounds)),
        TypeRef::Dyn(bounds) => format!("dyn {}", types(bounds)),
        TypeRef::Never => "!".into(),
        TypeRef::Inferred => "_".into(),
        TypeRef::Unseen => "?".into(),
    }
}

pub fn path(path: &Path) -> String {
    let segments: Vec<String> = path.segments.iter().map(segment).collect();
    let text = format!("{}{}", if path.global { "::" } else { "" }, segments.join("::"));
    match &path.qself {
        Some(qself) => format!("<{} as {}>{text}", ty(&qself.ty), qself.position),
        None => text,
    }
}

fn segment(segment: &Segment) -> String {
    let bindings = segment.bindings.iter().map(|(name, of)| format!("{name} = {}", ty(of)));
    let arguments: Vec<String> = segment.arguments.iter().map(ty).chain(bindings).collect();
    if arguments.is_empty() { segment.name.to_string() } else { format!("{}<{}>", segment.name, arguments.join(", ")) }
}

fn types(of: &[TypeRef]) -> String {
    of.iter().map(ty).collect::<Vec<_>>().join(", ")
}

fn ids(of: &[NodeId]) -> String {
    of.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ")
}

fn id(of: &NodeId) -> String {
    of.0.to_string()
}

struct Dump<'a> {
    body: &'a Body,
    text: String,
    depth: usize,
}

impl Dump<'_> {
    fn line(&mut self, line: &str) {
        self.text += &format!("{}{line}\n", "  ".repeat(self.depth));
    }

    fn region(&mut self, label: &str, region: RegionId) {
        let facts = self.body.region(region);
        let scope = facts.parent.map_or(self.body.scope, |parent| self.body.region(parent).scope);
        let scope = if facts.scope == scope { String::new() } else { format!(" scope {}", facts.scope.0) };
        let kind = format!("{:?}", facts.kind).to_lowercase();
        self.depth += 1;
        self.line(&format!("{}{kind}{scope}", if label.is_empty() { String::new() } else { format!("{label}: ") }));
        self.depth += 1;
        self.region_content(region);
        self.depth -= 2;
    }

    fn region_content(&mut self, region: RegionId) {
        let facts = self.body.region(region);
        for node in &facts.nodes {
            assert_eq!(self.body.node(*node).region, region, "a node knows its region");
            self.node(*node);
        }
        if let Some(value) = facts.value {
            self.line(&format!("= {}", value.0));
        }
    }

    fn node(&mut self, node: NodeId) {
        let op = &self.body.node(node).op;
        let text = self.op(op);
        self.line(&format!("{} {text}", node.0));
        match op {
            Op::If { then, otherwise, .. } => {
                self.region("then", *then);
                otherwise.iter().for_each(|region| self.region("else", *region));
            }
            Op::Match { arms, .. } => {
                for arm in arms {
                    let label = self.pattern(&arm.pattern);
                    self.region(&format!("{label}{}", if arm.guarded { " if" } else { "" }), arm.region);
                }
            }
            Op::Select { arms, otherwise } => {
                for arm in arms {
                    let label = self.pattern(&arm.pattern);
                    self.region(&format!("{label} = {}", arm.future.0), arm.region);
                }
                otherwise.iter().for_each(|region| self.region("else", *region));
            }
            other => other.regions(&mut |region| self.region("", region)),
        }
    }

    fn op(&self, op: &Op) -> String {
        match op {
            Op::Local(local) => self.local(*local),
            Op::Path(p) => format!("path {}", path(p)),
            Op::Literal(literal) => match literal {
                Literal::Text(text) => format!("{:?}", text.as_str()),
                Literal::Bool(value) => value.to_string(),
                Literal::Number(digits, suffix) => format!("{digits}{suffix}"),
                Literal::Fraction(suffix) => format!("fraction {suffix}"),
                Literal::Character => "character".into(),
                Literal::Byte => "byte".into(),
                Literal::Bytes => "bytes".into(),
                Literal::Other => "literal".into(),
            },
            Op::Field { base, name } => format!("field {}.{name}", base.0),
            Op::Index { base, index } => format!("index {}[{}]", base.0, index.0),
            Op::Reference { of, mutable } => format!("&{}{}", if *mutable { "mut " } else { "" }, of.0),
            Op::Deref(of) => format!("*{}", of.0),
            Op::Cast { of, ty: to } => format!("{} as {}", of.0, ty(to)),
            Op::Unary(of) => format!("unary {}", of.0),
            Op::Binary { left, right, .. } => format!("binary {}, {}", left.0, right.0),
            Op::Tuple(parts) => format!("tuple ({})", ids(parts)),
            Op::Array(parts) => format!("array [{}]", ids(parts)),
            Op::Range(parts) => format!("range {}", ids(parts)),
            Op::Struct { path: of, fields, rest } => {
                let fields = fields.iter().map(|(name, value)| format!("{name}: {}", value.0));
                let rest = rest.iter().map(|rest| format!("..{}", rest.0));
                format!("struct {} {{ {} }}", path(of), fields.chain(rest).collect::<Vec<_>>().join(", "))
            }
            Op::Call { callee, arguments } => format!("call {}({})", callee.0, ids(arguments)),
            Op::Method { receiver, name, generics, arguments, .. } => {
                let generics = if generics.is_empty() { String::new() } else { format!("::<{}>", types(generics)) };
                format!("method {}.{name}{generics}({})", receiver.0, ids(arguments))
            }
            Op::Macro(call) => {
                let mentions: Vec<String> = call.mentions.iter().map(|local| self.local(*local)).collect();
                let mentions =
                    if mentions.is_empty() { "".into() } else { format!(" mentions {}", mentions.join(", ")) };
                let unseen = if call.seen { "" } else { " unseen" };
                format!("macro {}!({}){mentions}{unseen}", path(&call.path), ids(&call.arguments))
            }
            Op::Closure { parameters, types: written, returns, is_async, .. } => {
                let returns = returns.as_ref().map_or(String::new(), |of| format!(" -> {}", ty(of)));
                let kind = if *is_async { "async closure" } else { "closure" };
                format!("{kind} |{}| ({}){returns}", self.patterns(parameters), types(written))
            }
            Op::Async(_) => "async".into(),
            Op::Block(_) => "block".into(),
            Op::If { condition, .. } => format!("if {}", condition.0),
            Op::Let { pattern, of } => format!("let {} = {}", self.pattern(pattern), of.0),
            Op::Match { scrutinee, .. } => format!("match {}", scrutinee.0),
            Op::Loop { kind: LoopKind::Loop, .. } => "loop".into(),
            Op::Loop { kind: LoopKind::While, .. } => "while".into(),
            Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } => {
                format!("for {} in {}", self.pattern(pattern), iterated.0)
            }
            Op::Select { .. } => "select".into(),
            Op::Bind { pattern, ty: written, init, otherwise } => {
                let written = written.as_ref().map_or(String::new(), |of| format!(": {}", ty(of)));
                let init = init.as_ref().map_or(String::new(), |init| format!(" = {}", init.0));
                let otherwise = if otherwise.is_some() { " else" } else { "" };
                format!("bind {}{written}{init}{otherwise}", self.pattern(pattern))
            }
            Op::Assign { place, value } => format!("assign {} = {}", place.0, value.0),
            Op::Await(of) => format!("await {}", of.0),
            Op::Try(of) => format!("try {}", of.0),
            Op::Return(value) => format!("return {}", value.as_ref().map_or(String::new(), id)),
            Op::Break(value) => format!("break {}", value.as_ref().map_or(String::new(), id)),
            Op::Continue => "continue".into(),
            Op::Discard(value) => format!("discard {}", value.0),
            Op::Unseen => "unseen".into(),
        }
        .trim_end()
        .to_owned()
    }

    fn local(&self, local: LocalId) -> String {
        let facts = self.body.local(local);
        format!("{}#{}", facts.name, local.0)
    }

    fn patterns(&self, patterns: &[Pattern]) -> String {
        patterns.iter().map(|p| self.pattern(p)).collect::<Vec<_>>().join(", ")
    }

    fn pattern(&self, pattern: &Pattern) -> String {
        match &pattern.kind {
            PatternKind::Wild => "_".into(),
            PatternKind::Bind { local, of: None } => self.local(*local),
            PatternKind::Bind { local, of: Some(of) } => format!("{} @ {}", self.local(*local), self.pattern(of)),
            PatternKind::Tuple(parts) => format!("({})", self.patterns(parts)),
            PatternKind::Slice(parts) => format!("[{}]", self.patterns(parts)),
            PatternKind::TupleStruct { path: of, parts } => format!("{}({})", path(of), self.patterns(parts)),
            PatternKind::Struct { path: of, fields } => {
                let fields: Vec<String> = fields.iter().map(|(n, p)| format!("{n}: {}", self.pattern(p))).collect();
                format!("{} {{ {} }}", path(of), fields.join(", "))
            }
            PatternKind::Path(of) => path(of),
            PatternKind::Reference(of) => format!("&{}", self.pattern(of)),
            PatternKind::Or(parts) => parts.iter().map(|p| self.pattern(p)).collect::<Vec<_>>().join(" | "),
            PatternKind::Typed(of, written) => format!("{}: {}", self.pattern(of), ty(written)),
            PatternKind::Rest => "..".into(),
            PatternKind::Literal => "literal".into(),
            PatternKind::Unseen => "unseen".into(),
        }
    }
}
