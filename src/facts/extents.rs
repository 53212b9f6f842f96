//! The first and last token of a piece of syntax. syn's own `Spanned` prints the piece back into tokens to find them, which costs its
//! whole length, and for nested pieces the square of it.

use proc_macro2::Span;
use syn::spanned::Spanned;

/// From the start of `first` to the end of `last`.
#[derive(Clone, Copy)]
pub struct Extent {
    pub first: Span,
    pub last: Span,
}

impl From<Span> for Extent {
    fn from(span: Span) -> Self {
        Extent { first: span, last: span }
    }
}

impl From<proc_macro2::extra::DelimSpan> for Extent {
    fn from(span: proc_macro2::extra::DelimSpan) -> Self {
        Extent { first: span.open(), last: span.close() }
    }
}

/// An item with its attributes.
pub fn item(item: &syn::Item) -> Extent {
    use syn::Item::*;
    let inherited = &syn::Visibility::Inherited;
    let (attributes, visibility, keyword, last) = match item {
        Const(i) => (&i.attrs, &i.vis, i.const_token.span, i.semi_token.span),
        Enum(i) => (&i.attrs, &i.vis, i.enum_token.span, i.brace_token.span.close()),
        ExternCrate(i) => (&i.attrs, &i.vis, i.extern_token.span, i.semi_token.span),
        Fn(i) => (&i.attrs, &i.vis, function(&i.modifiers, &i.sig), i.block.brace_token.span.close()),
        ForeignMod(i) => {
            let first = i.unsafety.map_or(i.abi.extern_token.span, |t| t.span);
            (&i.attrs, inherited, first, i.brace_token.span.close())
        }
        Impl(i) => {
            let first = i.modifiers.defaultness.map(|t| t.span).or(i.unsafety.map(|t| t.span));
            (&i.attrs, inherited, first.unwrap_or(i.impl_token.span), i.brace_token.span.close())
        }
        Macro(i) => {
            let call = macro_call(&i.mac);
            (&i.attrs, inherited, call.first, i.semi_token.map_or(call.last, |t| t.span))
        }
        Mod(i) => {
            let brace = i.content.as_ref().map(|(brace, _)| brace.span.close());
            let first = i.unsafety.map_or(i.mod_token.span, |t| t.span);
            (&i.attrs, &i.vis, first, brace.or(i.semi.map(|t| t.span)).unwrap_or(i.ident.span()))
        }
        Static(i) => (&i.attrs, &i.vis, i.static_token.span, i.semi_token.span),
        Struct(i) => {
            let fields = match &i.fields {
                syn::Fields::Named(f) => f.brace_token.span.close(),
                syn::Fields::Unnamed(f) => f.paren_token.span.close(),
                syn::Fields::Unit => i.ident.span(),
            };
            (&i.attrs, &i.vis, i.struct_token.span, i.semi_token.map_or(fields, |t| t.span))
        }
        Trait(i) => {
            let first = i.unsafety.map(|t| t.span).or(i.modifiers.auto_token.map(|t| t.span));
            (&i.attrs, &i.vis, first.unwrap_or(i.trait_token.span), i.brace_token.span.close())
        }
        TraitAlias(i) => (&i.attrs, &i.vis, i.trait_token.span, i.semi_token.span),
        Type(i) => (&i.attrs, &i.vis, i.type_token.span, i.semi_token.span),
        Union(i) => (&i.attrs, &i.vis, i.union_token.span, i.fields.brace_token.span.close()),
        Use(i) => (&i.attrs, &i.vis, i.use_token.span, i.semi_token.span),
        other => return spanned(other),
    };
    Extent { first: first(attributes, visibility, keyword), last }
}

/// A function of an impl with its attributes.
pub fn method(method: &syn::ImplItemFn) -> Extent {
    let keyword = function(&method.modifiers, &method.sig);
    Extent { first: first(&method.attrs, &method.vis, keyword), last: method.block.brace_token.span.close() }
}

/// A function of a trait with its attributes.
pub fn provided(method: &syn::TraitItemFn) -> Extent {
    let keyword = function(&method.modifiers, &method.sig);
    let block = method.default.as_ref().map(|block| block.brace_token.span.close());
    let last = block.or(method.semi_token.map(|t| t.span)).unwrap_or(method.sig.paren_token.span.close());
    Extent { first: first(&method.attrs, &syn::Visibility::Inherited, keyword), last }
}

/// A field of a struct or variant with its attributes.
pub fn field(field: &syn::Field) -> Extent {
    let ty = ty(&field.ty);
    let name = field.ident.as_ref().map_or(ty.first, |ident| ident.span());
    let last = field.default.as_ref().map_or(ty.last, |(_, value)| spanned(value).last);
    Extent { first: first(&field.attrs, &field.vis, name), last }
}

/// A path with its generic arguments.
pub fn path(path: &syn::Path, qself: Option<&syn::QSelf>) -> Extent {
    let ident = path.segments.first().map(|s| s.ident.span());
    let colon = path.leading_colon.map(|c| c.spans[0]);
    let first = qself.map(|q| q.lt_token.span).or(colon).or(ident).unwrap_or_else(Span::call_site);
    let last = path.segments.last().map_or(first, |s| match &s.arguments {
        syn::PathArguments::None => s.ident.span(),
        syn::PathArguments::AngleBracketed(a) => a.gt_token.span,
        syn::PathArguments::Parenthesized(p) => match &p.output {
            syn::ReturnType::Default => p.paren_token.span.close(),
            syn::ReturnType::Type(_, returned) => ty(returned).last,
        },
    });
    Extent { first, last }
}

/// A macro call without its semicolon.
pub fn macro_call(mac: &syn::Macro) -> Extent {
    Extent { first: path(&mac.path, None).first, last: mac.delimiter.span().close() }
}

/// A type.
pub fn ty(of: &syn::Type) -> Extent {
    match of {
        syn::Type::Path(p) => path(&p.path, p.qself.as_ref()),
        syn::Type::Reference(r) => Extent { first: r.and_token.span, last: ty(&r.elem).last },
        syn::Type::Ptr(p) => Extent { first: p.star_token.span, last: ty(&p.elem).last },
        syn::Type::Tuple(t) => t.paren_token.span.into(),
        syn::Type::Paren(p) => p.paren_token.span.into(),
        syn::Type::Array(a) => a.bracket_token.span.into(),
        syn::Type::Slice(s) => s.bracket_token.span.into(),
        syn::Type::Macro(m) => macro_call(&m.mac),
        other => spanned(other),
    }
}

/// What is rare enough to be printed back.
pub fn spanned(syntax: &impl Spanned) -> Extent {
    syntax.span().into()
}

/// The first token of what may have attributes and a visibility before its keyword.
fn first(attributes: &[syn::Attribute], visibility: &syn::Visibility, keyword: Span) -> Span {
    let outer = attributes.iter().find(|a| matches!(a.style, syn::AttrStyle::Outer)).map(|a| a.pound_token.span);
    outer.unwrap_or(match visibility {
        syn::Visibility::Public(token) => token.span,
        syn::Visibility::Restricted(restricted) => restricted.pub_token.span,
        syn::Visibility::Inherited => keyword,
    })
}

/// The first token of a function behind its visibility.
fn function(modifiers: &syn::FnModifiers, signature: &syn::Signature) -> Span {
    let safety = match &signature.safety {
        syn::Safety::Safe(token) => Some(token.span),
        syn::Safety::Unsafe(token) => Some(token.span),
        _ => None,
    };
    let keywords = [
        modifiers.defaultness.map(|t| t.span),
        signature.constness.map(|t| t.span),
        signature.asyncness.map(|t| t.span),
        safety,
        signature.abi.as_ref().map(|abi| abi.extern_token.span),
    ];
    keywords.into_iter().flatten().next().unwrap_or(signature.fn_token.span)
}
