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

pub fn path(path: &syn::Path, qself: Option<&syn::QSelf>) -> Path {
    Path {
        global: path.leading_colon.is_some(),
        qself: qself.map(|q| Box::new(QSelf { ty: type_ref(&q.ty), position: q.position as u32 })),
        segments: path.segments.iter().map(segment).collect(),
    }
}

fn segment(segment: &syn::PathSegment) -> Segment {
    let mut result = Segment { name: name(&segment.ident), arguments: Vec::new(), bindings: Vec::new() };
    match &segment.arguments {
        syn::PathArguments::None => {}
        syn::PathArguments::AngleBracketed(angle) => {
            for argument in &angle.args {
                match argument {
                    syn::GenericArgument::Type(ty) => result.arguments.push(type_ref(ty)),
                    syn::GenericArgument::AssocType(assoc) => {
                        result.bindings.push((name(&assoc.ident), type_ref(&assoc.ty)))
                    }
                    _ => {}
                }
            }
        }
        syn::PathArguments::Parenthesized(call) => {
            result.arguments.push(TypeRef::Tuple(call.inputs.iter().map(|a| type_ref(&a.ty)).collect()));
            result.bindings.push((ustr("Output"), returns(&call.output).unwrap_or(TypeRef::Tuple(Vec::new()))));
        }
    }
    result
}

/// The arguments of a turbofish.
pub fn turbofish(angle: &syn::AngleBracketedGenericArguments) -> Vec<TypeRef> {
    angle
        .args
        .iter()
        .filter_map(|a| match a {
            syn::GenericArgument::Type(ty) => Some(type_ref(ty)),
            _ => None,
        })
        .collect()
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
        syn::Type::Tuple(t) => TypeRef::Tuple(t.elems.iter().map(type_ref).collect()),
        syn::Type::Array(a) => TypeRef::Slice(Box::new(type_ref(&a.elem))),
        syn::Type::Slice(s) => TypeRef::Slice(Box::new(type_ref(&s.elem))),
        syn::Type::FnPtr(f) => TypeRef::Function(
            f.inputs.iter().map(|a| type_ref(&a.ty)).collect(),
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
    bounds
        .iter()
        .filter_map(|bound| match bound {
            syn::TypeParamBound::Trait(t) => Some(TypeRef::Path(path(&t.path, None))),
            _ => None,
        })
        .collect()
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
    let predicates = generics.where_clause.iter().flat_map(|w| &w.predicates);
    for predicate in predicates {
        if let syn::WherePredicate::Type(p) = predicate
            && let TypeRef::Path(bounded) = type_ref(&p.bounded_ty)
            && let Some(generic) = found.iter_mut().find(|g| bounded.single() == Some(g.name))
        {
            generic.bounds.extend(bounds(&p.bounds));
        }
    }
    found
}

pub fn attributes(attributes: &[syn::Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|a| !a.path().is_ident("doc")).map(attribute).collect()
}

fn attribute(attribute: &syn::Attribute) -> Attribute {
    let arguments = match &attribute.meta {
        syn::Meta::Path(_) => String::new(),
        syn::Meta::List(list) => list.tokens.to_string(),
        syn::Meta::NameValue(pair) => pair.value.to_token_stream().to_string(),
    };
    Attribute { path: attribute.path().segments.iter().map(|s| name(&s.ident)).collect(), arguments }
}

/// Whether an item with these attributes is compiled for tests only.
pub fn only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .filter(|a| a.path().is_ident("cfg"))
        .filter_map(|a| a.parse_args::<syn::Meta>().ok())
        .any(|condition| requires_test(&condition))
}

fn requires_test(condition: &syn::Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        list.parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated).unwrap_or_default()
    };
    match condition {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("all") => parts(list).iter().any(requires_test),
        syn::Meta::List(list) if list.path.is_ident("any") => {
            let parts = parts(list);
            !parts.is_empty() && parts.iter().all(requires_test)
        }
        _ => false,
    }
}

/// The value of `#[path = "…"]`.
pub fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find(|a| a.path().is_ident("path")).and_then(|a| match &a.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }),
            ..
        }) => Some(s.value()),
        _ => None,
    })
}
