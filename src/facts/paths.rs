//! Types, paths, generics and attributes as written: from syn to plain data. Knows nothing of bodies.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use ustr::{Ustr, ustr};

use super::model::{Attribute, Generic, Path, QSelf, Segment, TypeRef};

/// An identifier without a raw prefix.
pub fn name(ident: &proc_macro2::Ident) -> Ustr {
    let text = ident.to_string();
    ustr(text.strip_prefix("r#").unwrap_or(&text))
}

/// Collects without room to grow: facts live as long as the run.
pub fn tight<T>(parts: impl Iterator<Item = T>) -> Vec<T> {
    let mut collected: Vec<T> = parts.collect();
    collected.shrink_to_fit();
    collected
}

pub fn path(path: &syn::Path, qself: Option<&syn::QSelf>) -> Path {
    Path {
        global: path.leading_colon.is_some(),
        qself: qself.map(|q| Box::new(QSelf { ty: type_ref(&q.ty), position: q.position as u32 })),
        segments: tight(path.segments.iter().map(segment)),
    }
}

fn segment(segment: &syn::PathSegment) -> Segment {
    let mut result = Segment { name: name(&segment.ident), arguments: Vec::new(), bindings: Vec::new() };
    match &segment.arguments {
        syn::PathArguments::None => {}
        syn::PathArguments::AngleBracketed(angle) => {
            result.arguments = arguments(angle);
            result.bindings = tight(angle.args.iter().filter_map(|argument| match argument {
                syn::GenericArgument::AssocType(assoc) => Some((name(&assoc.ident), type_ref(&assoc.ty))),
                _ => None,
            }));
        }
        syn::PathArguments::Parenthesized(call) => {
            result.arguments = vec![TypeRef::Tuple(tight(call.inputs.iter().map(|a| type_ref(&a.ty))))];
            result.bindings = vec![(ustr("Output"), returns(&call.output).unwrap_or(TypeRef::Tuple(Vec::new())))];
        }
    }
    result
}

/// The types among generic arguments.
pub fn arguments(angle: &syn::AngleBracketedGenericArguments) -> Vec<TypeRef> {
    tight(angle.args.iter().filter_map(|a| match a {
        syn::GenericArgument::Type(ty) => Some(type_ref(ty)),
        _ => None,
    }))
}

pub fn returns(output: &syn::ReturnType) -> Option<TypeRef> {
    match output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, ty) => Some(type_ref(ty)),
    }
}

pub fn type_ref(ty: &syn::Type) -> TypeRef {
    match ty {
        syn::Type::Path(p) => TypeRef::Path(path(&p.path, p.qself.as_ref())),
        syn::Type::Reference(r) => TypeRef::Reference(Box::new(type_ref(&r.elem))),
        syn::Type::Tuple(t) => TypeRef::Tuple(tight(t.elems.iter().map(type_ref))),
        syn::Type::Array(a) => TypeRef::Slice(Box::new(type_ref(&a.elem))),
        syn::Type::Slice(s) => TypeRef::Slice(Box::new(type_ref(&s.elem))),
        syn::Type::FnPtr(f) => TypeRef::Function(
            tight(f.inputs.iter().map(|a| type_ref(&a.ty))),
            Box::new(returns(&f.output).unwrap_or(TypeRef::Tuple(Vec::new()))),
        ),
        syn::Type::ImplTrait(i) => TypeRef::Impl(bounds(&i.bounds)),
        syn::Type::TraitObject(d) => TypeRef::Dyn(bounds(&d.bounds)),
        syn::Type::Group(g) => type_ref(&g.elem),
        syn::Type::Paren(p) => type_ref(&p.elem),
        syn::Type::Never(_) => TypeRef::Never,
        syn::Type::Infer(_) => TypeRef::Inferred,
        _ => TypeRef::Unseen,
    }
}

/// The traits of a bound; lifetimes say nothing here.
pub fn bounds<S>(bounds: &Punctuated<syn::TypeParamBound, S>) -> Vec<TypeRef> {
    tight(bounds.iter().filter_map(|bound| match bound {
        syn::TypeParamBound::Trait(t) => Some(TypeRef::Path(path(&t.path, None))),
        _ => None,
    }))
}

pub fn generics(generics: &syn::Generics) -> Vec<Generic> {
    let mut found: Vec<Generic> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            syn::GenericParam::Type(t) => Some(Generic { name: name(&t.ident), bounds: bounds(&t.bounds) }),
            _ => None,
        })
        .collect();
    for (bounded, said) in predicates(generics) {
        if let Some(generic) = found.iter_mut().find(|generic| generic.name == bounded) {
            generic.bounds.extend(said);
        }
    }
    found
}

/// Bounds of a `where` clause on what is no parameter of its own, by the name that is bounded: `T`, `T::Name`.
pub fn other_bounds(generics: &syn::Generics) -> Vec<Generic> {
    let is_own = |bounded: Ustr| generics.type_params().any(|param| name(&param.ident) == bounded);
    let others = predicates(generics).filter(|(bounded, said)| !is_own(*bounded) && !said.is_empty());
    tight(others.map(|(name, bounds)| Generic { name, bounds }))
}

/// The bounds of a `where` clause, by the name that is bounded.
fn predicates(generics: &syn::Generics) -> impl Iterator<Item = (Ustr, Vec<TypeRef>)> {
    let predicates = generics.where_clause.iter().flat_map(|w| &w.predicates);
    predicates.filter_map(|predicate| match predicate {
        syn::WherePredicate::Type(p) => Some((bounded_name(&type_ref(&p.bounded_ty))?, bounds(&p.bounds))),
        _ => None,
    })
}

/// `T`, and `T::Name` also where it is written `<T as Trait>::Name`.
fn bounded_name(ty: &TypeRef) -> Option<Ustr> {
    let TypeRef::Path(path) = ty else { return None };
    let names = path.names().map(|name| name.to_string());
    match &path.qself {
        None => Some(ustr(&names.collect::<Vec<_>>().join("::"))),
        Some(qself) => {
            let own: Vec<String> = names.skip(qself.position as usize).collect();
            Some(ustr(&format!("{}::{}", bounded_name(&qself.ty)?, own.join("::"))))
        }
    }
}

pub fn attributes(attributes: &[syn::Attribute]) -> Vec<Attribute> {
    tight(attributes.iter().flat_map(|a| shipped(&a.meta)))
}

/// An attribute, or those that `cfg_attr` stands for in some build that is shipped.
fn shipped(meta: &syn::Meta) -> Vec<Attribute> {
    let is_conditional = meta.path().is_ident("cfg_attr");
    match &if is_conditional { listed(meta) } else { Vec::new() }[..] {
        [condition, given @ ..] if !requires_test(condition) => given.iter().flat_map(shipped).collect(),
        // What documentation says is no attribute to look at; `doc(hidden)` is.
        _ if meta.path().is_ident("doc") && !matches!(meta, syn::Meta::List(_)) => Vec::new(),
        _ => vec![attribute(meta)],
    }
}

/// What an attribute or condition lists in parentheses: `all(unix, test)`.
fn listed(meta: &syn::Meta) -> Vec<syn::Meta> {
    let parse = |list: &syn::MetaList| list.parse_args_with(Punctuated::<_, syn::Token![,]>::parse_terminated).ok();
    meta.require_list().ok().and_then(parse).into_iter().flatten().collect()
}

fn attribute(meta: &syn::Meta) -> Attribute {
    let arguments = match meta {
        syn::Meta::Path(_) => String::new(),
        syn::Meta::List(list) => list.tokens.to_string(),
        syn::Meta::NameValue(pair) => pair.value.to_token_stream().to_string(),
    };
    Attribute { path: tight(meta.path().segments.iter().map(|s| name(&s.ident))), arguments }
}

/// What marks a function as a test by itself, whichever crate it comes from.
const TEST_ATTRIBUTES: &[&str] = &["test", "bench", "rstest", "test_case", "quickcheck", "wasm_bindgen_test"];

/// Whether an item with these attributes is compiled for tests only.
pub fn only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| is_for_tests(&attribute.meta))
}

/// Whether an attribute marks what is compiled for tests only.
pub fn is_for_tests(attribute: &syn::Meta) -> bool {
    let path = attribute.path();
    match attribute {
        syn::Meta::List(list) if path.is_ident("cfg") => {
            list.parse_args::<syn::Meta>().is_ok_and(|condition| requires_test(&condition))
        }
        _ => path.segments.last().is_some_and(|last| TEST_ATTRIBUTES.iter().any(|name| last.ident == name)),
    }
}

/// Whether an attribute keeps or leaves out what it stands before.
pub fn is_condition(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

/// Features that are switched on for tests only, by custom.
const TEST_FEATURES: &[&str] = &[
    "test",
    "tests",
    "testing",
    "test-util",
    "test-utils",
    "test-helpers",
    "test-support",
    "test-export",
    "testutil",
    "testutils",
    "testexport",
    "mock",
    "mocks",
];

/// Whether a condition of `cfg` holds in tests only, or in no build that is shipped.
pub fn requires_test(condition: &syn::Meta) -> bool {
    match condition {
        syn::Meta::Path(path) => ["test", "fuzzing", "debug_assertions"].iter().any(|name| path.is_ident(name)),
        syn::Meta::NameValue(pair) if pair.path.is_ident("feature") => {
            let text = pair.value.to_token_stream().to_string();
            TEST_FEATURES.contains(&text.trim_matches('"').replace('_', "-").as_str())
        }
        syn::Meta::List(list) if list.path.is_ident("all") => listed(condition).iter().any(requires_test),
        syn::Meta::List(list) if list.path.is_ident("any") => {
            let parts = listed(condition);
            !parts.is_empty() && parts.iter().all(requires_test)
        }
        _ => false,
    }
}

/// Whether a condition of an `if` holds in no build that is shipped: `cfg!(test) && …`.
pub fn holds_in_tests_only(condition: &syn::Expr) -> bool {
    match condition {
        syn::Expr::Paren(inner) => holds_in_tests_only(&inner.expr),
        syn::Expr::Binary(both) if matches!(both.op, syn::BinOp::And(_)) => {
            holds_in_tests_only(&both.left) || holds_in_tests_only(&both.right)
        }
        syn::Expr::Macro(call) if call.mac.path.is_ident("cfg") => {
            call.mac.parse_body::<syn::Meta>().is_ok_and(|condition| requires_test(&condition))
        }
        _ => false,
    }
}

/// The values of `#[path = "…"]`, those that `cfg_attr` makes depend on a condition first; last what holds otherwise, which may be none.
/// Each with whether it holds in tests only.
pub fn path_attributes(attributes: &[syn::Attribute]) -> Vec<(Option<String>, bool)> {
    let always = attributes.iter().find_map(|attribute| path_value(&attribute.meta));
    let conditional = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg_attr"));
    let conditional = conditional.map(|attribute| listed(&attribute.meta)).filter_map(|parts| {
        let path = parts.iter().skip(1).find_map(path_value)?;
        Some((Some(path), requires_test(parts.first()?)))
    });
    conditional.chain([(always, false)]).collect()
}

fn path_value(attribute: &syn::Meta) -> Option<String> {
    match attribute {
        syn::Meta::NameValue(syn::MetaNameValue {
            path,
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }),
            ..
        }) if path.is_ident("path") => Some(s.value()),
        _ => None,
    }
}
