//! Facts of one file as plain data: items, and for each body a structured, MIR-like record. Nothing in them is resolved;
//! they depend on the bytes of the file and of the macros that it calls, and no syn type is among them.

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use ustr::Ustr;

use crate::source::{FileId, Range};
use crate::suppression::Suppression;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A name scope of the file: the file itself (0), an inline module, or a block that declares items.
    ScopeId,
    /// A body of the file.
    BodyId,
    /// An operand or event of a body.
    NodeId,
    /// A region of a body; 0 is the whole body.
    RegionId,
    /// A local variable of a body.
    LocalId,
}

/// All that is known of one file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FileFacts {
    /// Scope 0 is the file itself.
    pub scopes: Vec<Scope>,
    /// `mod name;`
    pub module_files: Vec<ModuleFile>,
    pub uses: Vec<Use>,
    /// Libraries whose macros `#[macro_use] extern crate` brings into the whole crate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub macro_libraries: Vec<Ustr>,
    pub functions: Vec<Function>,
    pub types: Vec<TypeDef>,
    pub aliases: Vec<TypeAlias>,
    pub traits: Vec<TraitDef>,
    pub impls: Vec<Impl>,
    pub statics: Vec<Static>,
    pub macros: Vec<MacroDef>,
    pub bodies: Vec<Body>,
    pub suppressions: Vec<Suppression>,
    /// What comments say is intended: a failure that may happen, a thing that is never ended.
    pub intents: Vec<Range>,
    /// The documentation at its head says that it is an example, a mock, or not meant for production.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tries_out: bool,
    /// It says so of more than a program: what is in the file is for tests, or not meant for production.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_tests: bool,
    /// The names that are mentioned anywhere, in ascending order. They are no part of what is shown.
    #[serde(skip)]
    pub mentioned: Vec<Ustr>,
    /// Item macros whose contents could not be read.
    pub unseen: Vec<Range>,
    /// Items that `cfg` keeps or leaves out, in the order they are met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditional: Vec<Range>,
    /// Calls of the workspace's own macros that were looked through, by what they wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expansions: Vec<Expansion>,
}

/// A call of a `macro_rules!` macro that was looked through. What the macro wrote by itself has places behind the end of the file; what
/// the caller wrote keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expansion {
    /// The places of what the macro wrote, in ascending order.
    pub range: Range,
    /// The call; a macro may have written it.
    pub call: Range,
    /// The file of the definition, where it is another one.
    pub file: Option<FileId>,
    /// Where there what stands at the start of `range` is written.
    pub at: u32,
}

impl Expansion {
    /// Where a part of what the macro wrote stands in the file of its definition.
    pub fn defined(&self, part: Range) -> Range {
        let place = |offset: u32| self.at + (offset - self.range.start);
        Range { start: place(part.start), end: place(part.end) }
    }
}

/// A scope that names are looked up in, outwards through `parent`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scope {
    pub kind: ScopeKind,
    /// The module's name; empty for the file and for blocks.
    pub name: Ustr,
    pub parent: Option<ScopeId>,
    /// Only compiled for tests.
    pub test: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeKind {
    File,
    Module,
    Block,
}

/// `mod name;`: a module in a file of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModuleFile {
    pub name: Ustr,
    pub scope: ScopeId,
    /// The `#[path]` attribute, as written.
    pub path: Option<String>,
    pub test: bool,
    pub range: Range,
}

/// One name brought in by a `use` (groups are spread out) or by `extern crate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Use {
    pub scope: ScopeId,
    pub path: Vec<Ustr>,
    /// Whether the path starts with `::`.
    pub global: bool,
    /// The name it gets here; empty for a glob, `_` for an unnamed import.
    pub name: Ustr,
    pub glob: bool,
    pub public: bool,
    /// Only compiled for tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    pub range: Range,
}

/// An attribute with its arguments as text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attribute {
    /// `tokio::main`.
    pub path: Vec<Ustr>,
    /// The text between the parentheses; empty where there are none.
    pub arguments: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Function {
    pub name: Ustr,
    pub name_range: Range,
    /// The whole item with its attributes.
    pub range: Range,
    pub scope: ScopeId,
    pub owner: Owner,
    pub is_async: bool,
    pub public: bool,
    pub generics: Vec<Generic>,
    /// Bounds of its `where` clause on what is no parameter of its own: `T` of the impl around, `T::Name`, `Self::Name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Generic>,
    pub receiver: Option<Receiver>,
    /// Types of the parameters without the receiver.
    pub parameters: Vec<TypeRef>,
    pub returns: Option<TypeRef>,
    pub attributes: Vec<Attribute>,
    /// Only compiled for tests.
    pub test: bool,
    pub body: Option<BodyId>,
}

/// Where a function stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    Free,
    /// Index in [`FileFacts::impls`].
    Impl(u32),
    /// Index in [`FileFacts::traits`].
    Trait(u32),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receiver {
    Value,
    Reference,
    MutableReference,
    /// `self: Arc<Self>`.
    Typed(TypeRef),
}

/// A generic type parameter with its bounds, those of the `where` clause included.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Generic {
    pub name: Ustr,
    pub bounds: Vec<TypeRef>,
}

/// A struct, enum or union.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TypeDef {
    pub name: Ustr,
    pub name_range: Range,
    pub range: Range,
    pub scope: ScopeId,
    pub public: bool,
    pub generics: Vec<Generic>,
    /// Fields of the struct, or of all variants one after the other.
    pub fields: Vec<Field>,
    /// Variants of an enum.
    pub variants: Vec<Ustr>,
    pub attributes: Vec<Attribute>,
    pub test: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Field {
    /// The name, or the index as text.
    pub name: Ustr,
    pub range: Range,
    pub ty: TypeRef,
    pub public: bool,
    /// The enum variant it belongs to.
    pub variant: Option<Ustr>,
    /// Whether a `#[deref]` stands before it: what `*` gives of several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deref: bool,
}

/// `type Name<T> = …;`, also in an impl (an associated type).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TypeAlias {
    pub name: Ustr,
    pub scope: ScopeId,
    pub generics: Vec<Generic>,
    pub ty: TypeRef,
    /// Only compiled for tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// The impl it is an associated type of.
    pub of_impl: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TraitDef {
    pub name: Ustr,
    pub scope: ScopeId,
    pub generics: Vec<Generic>,
    pub supertraits: Vec<TypeRef>,
    /// Associated types with their bounds.
    pub associated: Vec<Generic>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    pub range: Range,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Impl {
    pub scope: ScopeId,
    pub generics: Vec<Generic>,
    /// As those of a function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Generic>,
    pub trait_path: Option<Path>,
    pub self_ty: TypeRef,
    pub attributes: Vec<Attribute>,
    pub range: Range,
}

/// A `static`, `const`, `lazy_static!` or `thread_local!`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Static {
    pub name: Ustr,
    pub name_range: Range,
    pub range: Range,
    pub scope: ScopeId,
    pub kind: StaticKind,
    pub ty: TypeRef,
    pub public: bool,
    pub test: bool,
    pub body: Option<BodyId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaticKind {
    Static,
    Const,
    LazyStatic,
    ThreadLocal,
}

/// A `macro_rules!` definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MacroDef {
    pub name: Ustr,
    pub scope: ScopeId,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypeRef {
    Path(Path),
    Reference(Box<TypeRef>),
    Tuple(Vec<TypeRef>),
    /// An array or slice.
    Slice(Box<TypeRef>),
    Function(Vec<TypeRef>, Box<TypeRef>),
    Impl(Vec<TypeRef>),
    Dyn(Vec<TypeRef>),
    Never,
    Inferred,
    /// A macro, a pointer, or something newer than this tool.
    Unseen,
}

/// A path as written, with its generic arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// Whether it starts with `::`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub global: bool,
    /// `<T as Trait>::` or `<T>::`; the trait's segments stand first in `segments`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qself: Option<Box<QSelf>>,
    pub segments: Vec<Segment>,
}

/// `<ty as Trait>`: `position` segments of the path name the trait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QSelf {
    pub ty: TypeRef,
    pub position: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    pub name: Ustr,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<TypeRef>,
    /// `Item = T`, and `-> T` as `Output = T`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<(Ustr, TypeRef)>,
}

impl Path {
    /// The names without generic arguments.
    pub fn names(&self) -> impl Iterator<Item = Ustr> {
        self.segments.iter().map(|s| s.name)
    }

    /// The last name.
    pub fn last(&self) -> Ustr {
        self.segments.last().map_or(Ustr::from(""), |s| s.name)
    }

    /// The name, where the path is nothing but a name.
    pub fn single(&self) -> Option<Ustr> {
        match &self.segments[..] {
            [only] if !self.global && self.qself.is_none() => Some(only.name),
            _ => None,
        }
    }
}

/// What a function, closure, static or constant does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Body {
    /// Scope that its names are looked up in; regions with items of their own have a nearer one.
    pub scope: ScopeId,
    /// Patterns of the parameters without the receiver; `self` is the first local where there is one.
    pub parameters: Vec<Pattern>,
    pub nodes: Vec<Node>,
    pub regions: Vec<Region>,
    pub locals: Vec<Local>,
    /// Every `break 'label` and `continue 'label` with the loop or block it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jumps: Vec<(NodeId, RegionId)>,
}

impl Body {
    /// The outermost region.
    pub const ROOT: RegionId = RegionId(0);

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.index()]
    }

    /// All its regions, in the order they are numbered.
    pub fn region_ids(&self) -> impl Iterator<Item = RegionId> + use<> {
        (0..self.regions.len()).map(|at| RegionId(at as u32))
    }

    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.index()]
    }

    /// Regions from `id` outwards to the root, `id` included.
    pub fn outwards(&self, id: RegionId) -> impl Iterator<Item = (RegionId, &Region)> {
        std::iter::successors(Some(id), |at| self.region(*at).parent).map(|at| (at, self.region(at)))
    }

    /// Whether a region is another one or lies in it.
    pub fn is_inside(&self, inner: RegionId, outer: RegionId) -> bool {
        self.outwards(inner).any(|(at, _)| at == outer)
    }

    /// Whether a region is run by something else than one around it: a closure or a future of its own stands between them.
    pub fn is_run_apart(&self, inner: RegionId, outer: RegionId) -> bool {
        let mut between = self.outwards(inner).take_while(|(at, _)| *at != outer);
        between.any(|(_, region)| matches!(region.kind, RegionKind::Closure | RegionKind::Async))
    }

    /// Whether anything names a variable after it is bound, what could not be read of macros included.
    pub fn is_used(&self, local: LocalId) -> bool {
        self.uses(local).next().is_some()
    }

    /// What names a variable after it is bound, what could not be read of macros included.
    pub fn uses(&self, local: LocalId) -> impl Iterator<Item = NodeId> {
        let names = move |node: &Node| match &node.op {
            Op::Local(used) => *used == local,
            Op::Macro(call) => call.mentions.contains(&local),
            _ => false,
        };
        self.iter().filter(move |(_, node)| names(node)).map(|(id, _)| id)
    }

    /// The initialiser of a variable that is bound by name.
    pub fn named_init(&self, local: LocalId) -> Option<NodeId> {
        self.nodes.iter().find_map(|node| match &node.op {
            Op::Bind { pattern, init, .. } => match pattern.kind {
                PatternKind::Bind { local: bound, .. } if bound == local => *init,
                _ => None,
            },
            _ => None,
        })
    }

    /// The loop or labelled block that a `break` or `continue` leaves or goes on with.
    pub fn jump_target(&self, jump: NodeId) -> Option<RegionId> {
        let labelled = self.jumps.iter().find(|(at, _)| *at == jump).map(|(_, target)| *target);
        labelled.or_else(|| {
            let own = self
                .outwards(self.node(jump).region)
                .take_while(|(_, r)| !matches!(r.kind, RegionKind::Closure | RegionKind::Async));
            own.filter(|(_, r)| r.kind == RegionKind::Loop).map(|(region, _)| region).next()
        })
    }

    /// All nodes with their ids, in evaluation order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (NodeId(at as u32), node))
    }
}

/// A variable of a body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Local {
    pub name: Ustr,
    pub range: Range,
    /// The region whose end is the end of its scope.
    pub region: RegionId,
}

/// A part of a body that is entered as a whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Region {
    pub kind: RegionKind,
    pub parent: Option<RegionId>,
    /// The nodes that stand directly in it, in evaluation order.
    pub nodes: Vec<NodeId>,
    /// What it evaluates to, where it ends in an expression.
    pub value: Option<NodeId>,
    pub scope: ScopeId,
    pub range: Range,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegionKind {
    Function,
    Block,
    /// A branch of an `if`.
    Branch,
    /// An arm of a `match` or `select!`.
    Arm,
    /// The body of `loop`, `while` or `for`, with a `while`'s condition.
    Loop,
    Closure,
    Async,
}

/// An operand or event: every expression is one, in evaluation order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    pub op: Op,
    pub range: Range,
    pub region: RegionId,
}

/// What an operator makes of its two operands, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// A comparison: its value is a `bool`.
    Truth,
    /// `||`: whatever is behind it happens wherever one side is true.
    Either,
    /// `&&`: whatever is behind it happens only where both sides are true.
    Both,
    Product,
    Other,
}

/// What is large and rare is boxed: most nodes are locals, paths, literals and calls, and a large project has millions of nodes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    Local(LocalId),
    Path(Path),
    Literal(Literal),
    Field {
        base: NodeId,
        name: Ustr,
    },
    Index {
        base: NodeId,
        index: NodeId,
    },
    Reference {
        of: NodeId,
        mutable: bool,
    },
    Deref(NodeId),
    Cast {
        of: NodeId,
        ty: Box<TypeRef>,
    },
    Unary(NodeId),
    Binary {
        left: NodeId,
        right: NodeId,
        operator: Operator,
    },
    /// Tuples, arrays and ranges.
    Tuple(Vec<NodeId>),
    Array(Vec<NodeId>),
    Range(Vec<NodeId>),
    Struct {
        path: Box<Path>,
        fields: Vec<(Ustr, NodeId)>,
        rest: Option<NodeId>,
    },
    Call {
        callee: NodeId,
        arguments: Vec<NodeId>,
    },
    Method {
        receiver: NodeId,
        name: Ustr,
        name_range: Range,
        generics: Box<[TypeRef]>,
        arguments: Vec<NodeId>,
    },
    Macro(Box<MacroCall>),
    Closure {
        region: RegionId,
        parameters: Vec<Pattern>,
        types: Vec<TypeRef>,
        returns: Option<Box<TypeRef>>,
        is_async: bool,
    },
    Async(RegionId),
    Block(RegionId),
    If {
        condition: NodeId,
        then: RegionId,
        otherwise: Option<RegionId>,
    },
    /// `let pattern = of` as a condition.
    Let {
        pattern: Box<Pattern>,
        of: NodeId,
    },
    Match {
        scrutinee: NodeId,
        arms: Vec<Arm>,
    },
    Loop {
        kind: LoopKind,
        region: RegionId,
    },
    /// `select!`: every future is polled, one arm runs.
    Select {
        arms: Vec<SelectArm>,
        otherwise: Option<RegionId>,
    },
    /// A `let` statement.
    Bind {
        pattern: Box<Pattern>,
        ty: Option<Box<TypeRef>>,
        init: Option<NodeId>,
        otherwise: Option<RegionId>,
    },
    Assign {
        place: NodeId,
        value: NodeId,
    },
    Await(NodeId),
    Try(NodeId),
    Return(Option<NodeId>),
    Break(Option<NodeId>),
    Continue,
    /// `value;`: the value is dropped here.
    Discard(NodeId),
    Unseen,
}

/// Methods without arguments that give all of what they are called on, lent, copied or in another form, whatever its type.
const SAME: [&str; 11] = [
    "as_bytes",
    "as_path",
    "as_ref",
    "as_slice",
    "as_str",
    "clone",
    "into",
    "to_owned",
    "to_path_buf",
    "to_string",
    "to_vec",
];

impl Op {
    /// What a method is called on that gives it as it is, lent, copied or in another form.
    pub fn same_as(&self) -> Option<NodeId> {
        match self {
            Op::Method { receiver, name, arguments, .. } if arguments.is_empty() => {
                SAME.contains(&name.as_str()).then_some(*receiver)
            }
            _ => None,
        }
    }

    /// The nodes whose values this one uses, in evaluation order.
    pub fn operands(&self) -> SmallVec<[NodeId; 4]> {
        match self {
            Op::Field { base: of, .. }
            | Op::Reference { of, .. }
            | Op::Cast { of, .. }
            | Op::Let { of, .. }
            | Op::Deref(of)
            | Op::Unary(of)
            | Op::Await(of)
            | Op::Try(of)
            | Op::Discard(of)
            | Op::If { condition: of, .. }
            | Op::Match { scrutinee: of, .. }
            | Op::Loop { kind: LoopKind::For { iterated: of, .. }, .. } => smallvec![*of],
            Op::Index { base: one, index: other }
            | Op::Binary { left: one, right: other, .. }
            | Op::Assign { place: one, value: other } => smallvec![*one, *other],
            Op::Tuple(parts) | Op::Array(parts) | Op::Range(parts) => parts.iter().copied().collect(),
            Op::Struct { fields, rest, .. } => fields.iter().map(|(_, given)| *given).chain(*rest).collect(),
            Op::Call { callee: head, arguments } | Op::Method { receiver: head, arguments, .. } => {
                [head].into_iter().chain(arguments).copied().collect()
            }
            Op::Macro(call) => call.arguments.iter().copied().collect(),
            Op::Select { arms, .. } => arms.iter().map(|arm| arm.future).collect(),
            Op::Bind { init: value, .. } | Op::Return(value) | Op::Break(value) => value.iter().copied().collect(),
            Op::Local(_)
            | Op::Path(_)
            | Op::Literal(_)
            | Op::Closure { .. }
            | Op::Async(_)
            | Op::Block(_)
            | Op::Loop { .. }
            | Op::Continue
            | Op::Unseen => SmallVec::new(),
        }
    }

    /// Calls `f` with every region that belongs to this node.
    pub fn regions(&self, f: &mut dyn FnMut(RegionId)) {
        match self {
            Op::Closure { region, .. } | Op::Async(region) | Op::Block(region) | Op::Loop { region, .. } => f(*region),
            Op::If { then, otherwise, .. } => {
                f(*then);
                otherwise.iter().for_each(|r| f(*r));
            }
            Op::Match { arms, .. } => arms.iter().for_each(|arm| f(arm.region)),
            Op::Select { arms, otherwise } => {
                arms.iter().for_each(|arm| f(arm.region));
                otherwise.iter().for_each(|r| f(*r));
            }
            Op::Bind { otherwise, .. } => otherwise.iter().for_each(|r| f(*r)),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Literal {
    Text(Ustr),
    Bool(bool),
    /// An integer: its digits, in base ten, and its suffix, or nothing.
    Number(Ustr, Ustr),
    /// A number with a fraction: its suffix, or nothing.
    Fraction(Ustr),
    Character,
    Byte,
    Bytes,
    Other,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoopKind {
    Loop,
    While,
    For { pattern: Box<Pattern>, iterated: NodeId },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arm {
    pub pattern: Pattern,
    pub guarded: bool,
    /// Guard and body.
    pub region: RegionId,
    /// The whole arm.
    pub range: Range,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SelectArm {
    pub pattern: Pattern,
    /// The future that is awaited.
    pub future: NodeId,
    pub region: RegionId,
    /// It is only awaited where a condition holds.
    pub guarded: bool,
}

/// A macro call in a body; also `yield` and syntax newer than this tool, which treat values as a macro that was not read does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MacroCall {
    pub path: Path,
    /// Arguments that could be read as expressions.
    pub arguments: Vec<NodeId>,
    /// Locals that occur in what could not be read, or are captured by a format string.
    pub mentions: Vec<LocalId>,
    /// Whether all of it was read.
    pub seen: bool,
}

/// A pattern with the locals it binds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pattern {
    pub kind: PatternKind,
    pub range: Range,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatternKind {
    Wild,
    Bind { local: LocalId, of: Option<Box<Pattern>> },
    Tuple(Vec<Pattern>),
    Slice(Vec<Pattern>),
    TupleStruct { path: Path, parts: Vec<Pattern> },
    Struct { path: Path, fields: Vec<(Ustr, Pattern)> },
    Path(Path),
    Reference(Box<Pattern>),
    Or(Vec<Pattern>),
    Typed(Box<Pattern>, TypeRef),
    Rest,
    Literal,
    Unseen,
}

/// Whether `_` among these arms is for what failed: beside `Ok(..)`, and beside no arm for some errors, which would leave it what is left.
pub fn rest_is_errors(arms: &[Arm]) -> bool {
    arms.iter().any(|arm| arm.pattern.is_ok()) && !arms.iter().any(|arm| arm.pattern.is_err())
}

impl Pattern {
    /// Whether it does nothing but give what is matched a name.
    pub fn only_binds(&self, local: LocalId) -> bool {
        matches!(self.kind, PatternKind::Bind { local: bound, of: None } if bound == local)
    }

    /// Whether a local is all of what is matched, and no part of it; `all @ Some(_)` may ask for more.
    pub fn binds_whole(&self, local: LocalId) -> bool {
        matches!(self.kind, PatternKind::Bind { local: bound, .. } if bound == local)
    }

    /// Whether it is `Some(..)` or `Ok(..)`.
    pub fn is_success(&self) -> bool {
        matches!(&self.kind, PatternKind::TupleStruct { path, .. } if path.last() == "Some" || path.last() == "Ok")
    }

    /// Whether it names a constant, a variant or a type.
    pub fn names_a_variant(&self) -> bool {
        match &self.kind {
            PatternKind::TupleStruct { .. } | PatternKind::Struct { .. } | PatternKind::Path(_) => true,
            PatternKind::Reference(of) | PatternKind::Typed(of, _) => of.names_a_variant(),
            PatternKind::Or(parts) => parts.iter().any(Pattern::names_a_variant),
            _ => false,
        }
    }

    /// Whether it takes anything and binds nothing.
    pub fn is_wild(&self) -> bool {
        match &self.kind {
            PatternKind::Wild | PatternKind::Rest => true,
            PatternKind::Typed(of, _) => of.is_wild(),
            _ => false,
        }
    }

    /// Whether it takes a field of this name out of a struct.
    pub fn takes_field(&self, field: Ustr) -> bool {
        self.fields_taken().any(|(name, part)| name == field && !part.is_wild())
    }

    /// The fields that it, or a pattern within it, names of a struct, each with what it has to be.
    pub fn fields_taken(&self) -> impl Iterator<Item = (Ustr, &Pattern)> {
        self.outwards_in().into_iter().flat_map(|pattern| match &pattern.kind {
            PatternKind::Struct { fields, .. } => fields.iter().map(|(name, part)| (*name, part)).collect(),
            _ => Vec::new(),
        })
    }

    /// The name of the tuple variant it takes: `Ok` for `Ok(value)`.
    pub fn variant(&self) -> Option<Ustr> {
        match &self.kind {
            PatternKind::TupleStruct { path, .. } => Some(path.last()),
            PatternKind::Reference(of) | PatternKind::Typed(of, _) => of.variant(),
            _ => None,
        }
    }

    /// What stands between the parentheses of a tuple variant.
    pub fn parts(&self) -> &[Pattern] {
        match &self.kind {
            PatternKind::TupleStruct { parts, .. } => parts,
            PatternKind::Reference(of) | PatternKind::Typed(of, _) => of.parts(),
            _ => &[],
        }
    }

    /// Whether it is for one variant, with whatever that has to hold.
    pub fn is_variant(&self, wanted: &str) -> bool {
        self.variant().is_some_and(|name| name == wanted)
    }

    /// `Some(..)`, with whatever it has to hold.
    pub fn is_some(&self) -> bool {
        self.is_variant("Some")
    }

    /// `Ok(..)`, with whatever it has to hold.
    pub fn is_ok(&self) -> bool {
        self.is_variant("Ok")
    }

    /// `Err(..)`, with whatever it has to hold.
    pub fn is_err(&self) -> bool {
        self.is_variant("Err")
    }

    /// `Err(_)`, `Err(..)`: an error that is not looked at.
    pub fn ignores_error(&self) -> bool {
        self.is_err() && self.parts().iter().all(Pattern::is_wild)
    }

    /// The locals it binds, in the order written.
    pub fn locals(&self) -> Vec<LocalId> {
        let bound = self.outwards_in().into_iter().filter_map(|pattern| match pattern.kind {
            PatternKind::Bind { local, .. } => Some(local),
            _ => None,
        });
        bound.collect()
    }

    /// It, and all patterns within it, in the order written.
    fn outwards_in(&self) -> Vec<&Pattern> {
        let mut found = vec![self];
        match &self.kind {
            PatternKind::Tuple(parts)
            | PatternKind::Slice(parts)
            | PatternKind::Or(parts)
            | PatternKind::TupleStruct { parts, .. } => found.extend(parts.iter().flat_map(Self::outwards_in)),
            PatternKind::Struct { fields, .. } => found.extend(fields.iter().flat_map(|(_, part)| part.outwards_in())),
            PatternKind::Bind { of: Some(of), .. } | PatternKind::Reference(of) | PatternKind::Typed(of, _) => {
                found.extend(of.outwards_in());
            }
            PatternKind::Bind { of: None, .. }
            | PatternKind::Wild
            | PatternKind::Path(_)
            | PatternKind::Rest
            | PatternKind::Literal
            | PatternKind::Unseen => {}
        }
        found
    }
}
