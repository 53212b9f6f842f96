//! The types that catalogue texts write, and how they are read.

use serde::{Deserialize, Deserializer};
use ustr::{Ustr, ustr};

/// A type as the catalogue writes it: `async Result<sqlx::Pool>`, `&T`, `(A, B)`, `?` (unknown), `fn` (what a closure argument
/// returns), `arg1` (the type of the first argument), `await arg1` (what awaiting it gives), `type1` (the first type that the call is
/// given, as in `get::<T>()`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeExpr {
    Unknown,
    /// `Self` or a generic parameter of the entry.
    Param(Ustr),
    Path(Ustr, Vec<TypeExpr>),
    Ref(Box<TypeExpr>),
    Tuple(Vec<TypeExpr>),
    /// What `.await` unwraps.
    Future(Box<TypeExpr>),
    /// What awaiting a value of the inner type gives; of no use where that is no future.
    Awaited(Box<TypeExpr>),
    /// What iterating over a value of the inner type gives.
    Item(Box<TypeExpr>),
    /// The return type of the closure or function given as an argument.
    ClosureReturn,
    /// The type of the argument of this number, 1-based, the receiver not counted.
    Argument(u8),
    /// The type argument of this number that the call is given, 1-based.
    TypeArgument(u8),
}

/// What is not said.
pub(super) fn unknown() -> TypeExpr {
    TypeExpr::Unknown
}

/// Short names a catalogue text may use for the types every library returns.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("Result", "std::result::Result"),
    ("Option", "std::option::Option"),
    ("Vec", "std::vec::Vec"),
    ("Box", "std::boxed::Box"),
    ("Arc", "std::sync::Arc"),
    ("String", "std::string::String"),
];

impl TypeExpr {
    /// Reads the text form.
    ///
    /// # Errors
    /// Says what was expected and where the text went wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = TypeParser { rest: text.trim() };
        let parsed = parser.ty()?;
        if parser.rest.is_empty() {
            Ok(parsed)
        } else {
            Err(format!("unexpected `{}` in the type `{text}`", parser.rest))
        }
    }

    /// The error of a `Result`, also of one that must be awaited.
    pub(super) fn error(&self) -> Option<Ustr> {
        match self {
            TypeExpr::Future(of) => of.error(),
            TypeExpr::Path(path, parts) if path == "std::result::Result" => match parts.get(1)? {
                TypeExpr::Path(error, _) => Some(*error),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether what a closure argument returns is part of it.
    pub(super) fn mentions_closure(&self) -> bool {
        match self {
            TypeExpr::ClosureReturn => true,
            TypeExpr::Path(_, parts) | TypeExpr::Tuple(parts) => parts.iter().any(TypeExpr::mentions_closure),
            TypeExpr::Ref(of) | TypeExpr::Future(of) | TypeExpr::Awaited(of) | TypeExpr::Item(of) => {
                of.mentions_closure()
            }
            TypeExpr::Unknown | TypeExpr::Param(_) | TypeExpr::Argument(_) | TypeExpr::TypeArgument(_) => false,
        }
    }

    /// `Self` replaced by the entry's own path with its parameters.
    pub fn with_self(self, path: Ustr, params: &[Ustr]) -> Self {
        let this = TypeExpr::Path(path, params.iter().map(|p| TypeExpr::Param(*p)).collect());
        self.map_params(&|name| {
            if name == "Self" { this.clone() } else { TypeExpr::Param(name) }
        })
    }

    /// Every parameter replaced by what `f` gives for it.
    pub fn map_params(self, f: &dyn Fn(Ustr) -> TypeExpr) -> Self {
        match self {
            TypeExpr::Param(name) => f(name),
            TypeExpr::Path(path, args) => TypeExpr::Path(path, args.into_iter().map(|a| a.map_params(f)).collect()),
            TypeExpr::Ref(of) => TypeExpr::Ref(Box::new(of.map_params(f))),
            TypeExpr::Future(of) => TypeExpr::Future(Box::new(of.map_params(f))),
            TypeExpr::Awaited(of) => TypeExpr::Awaited(Box::new(of.map_params(f))),
            TypeExpr::Item(of) => TypeExpr::Item(Box::new(of.map_params(f))),
            TypeExpr::Tuple(parts) => TypeExpr::Tuple(parts.into_iter().map(|p| p.map_params(f)).collect()),
            TypeExpr::Unknown | TypeExpr::ClosureReturn | TypeExpr::Argument(_) | TypeExpr::TypeArgument(_) => self,
        }
    }
}

impl<'de> Deserialize<'de> for TypeExpr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        TypeExpr::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Recursive descent over the text form.
struct TypeParser<'a> {
    rest: &'a str,
}

impl TypeParser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn ty(&mut self) -> Result<TypeExpr, String> {
        if self.eat("async ") {
            return Ok(TypeExpr::Future(Box::new(self.ty()?)));
        }
        if self.eat("await ") {
            return Ok(TypeExpr::Awaited(Box::new(self.ty()?)));
        }
        if self.eat("item ") {
            return Ok(TypeExpr::Item(Box::new(self.ty()?)));
        }
        if self.eat("&") {
            return Ok(TypeExpr::Ref(Box::new(self.ty()?)));
        }
        if self.eat("?") {
            return Ok(TypeExpr::Unknown);
        }
        if self.eat("(") {
            return Ok(TypeExpr::Tuple(self.list(")")?));
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(format!("expected a type at `{}`", self.rest));
        }
        self.rest = rest.trim_start();
        let args = if self.eat("<") { self.list(">")? } else { Vec::new() };
        Ok(named(name, args))
    }

    fn list(&mut self, close: &str) -> Result<Vec<TypeExpr>, String> {
        let mut parts = Vec::new();
        while !self.eat(close) {
            parts.push(self.ty()?);
            if !self.eat(",") && !self.rest.starts_with(close) {
                return Err(format!("expected `,` or `{close}` at `{}`", self.rest));
            }
        }
        Ok(parts)
    }
}

fn named(name: &str, args: Vec<TypeExpr>) -> TypeExpr {
    if name == "fn" {
        return TypeExpr::ClosureReturn;
    }
    let numbered = |prefix: &str| name.strip_prefix(prefix)?.parse().ok().filter(|number| *number > 0);
    if let Some(number) = numbered("arg") {
        return TypeExpr::Argument(number);
    }
    if let Some(number) = numbered("type") {
        return TypeExpr::TypeArgument(number);
    }
    if let Some((_, full)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return TypeExpr::Path(ustr(full), args);
    }
    let is_param = !name.contains("::") && name.starts_with(|c: char| c.is_uppercase());
    if is_param { TypeExpr::Param(ustr(name)) } else { TypeExpr::Path(ustr(name), args) }
}
