//! Items of a file: from syn to facts. Bodies are handed to `body`, item macros to `macros`.

use syn::parse::Parse;
use ustr::{Ustr, ustr};

use super::body::BodyBuilder;
use super::expand::Expander;
use super::extents::{self, Extent};
use super::macro_rules::parsed;
use super::macros::{self, ImplItems, ItemMacro, Items};
use super::model::*;
use super::offsets::Offsets;
use super::paths;
use crate::source::Range;

/// Collects the facts of one file.
pub struct Extractor<'t> {
    pub facts: FileFacts,
    pub offsets: Offsets,
    pub expander: Expander<'t>,
    /// Ranges of items, statements, arms and fields: what a suppression comment can cover.
    pub coverable: Vec<Range>,
    test: bool,
}

/// What the functions of an impl or trait have in common.
#[derive(Clone, Copy)]
struct Context {
    scope: ScopeId,
    owner: Owner,
}

impl<'t> Extractor<'t> {
    pub fn new(offsets: Offsets, expander: Expander<'t>) -> Self {
        let file = Scope { kind: ScopeKind::File, name: ustr(""), parent: None, test: false };
        Extractor {
            facts: FileFacts { scopes: vec![file], ..FileFacts::default() },
            offsets,
            expander,
            coverable: Vec::new(),
            test: false,
        }
    }

    /// Bytes of a piece of syntax in the file on disk.
    pub fn range(&self, extent: impl Into<Extent>) -> Range {
        let Extent { first, last } = extent.into();
        Range { start: self.offsets.start(first), end: self.offsets.end(last) }
    }

    /// What a call of one of the workspace's own macros stands for, as one kind of syntax; see [`Extractor::leave`].
    pub fn enter<T: Parse>(&mut self, mac: &syn::Macro) -> Option<T> {
        let call = self.range(extents::macro_call(mac));
        let tokens = self.expander.expand(mac, call, &mut self.offsets)?;
        let parsed = parsed(&tokens)?;
        self.expander.enter();
        self.offsets.look_inside(true);
        Some(parsed)
    }

    /// Ends what was entered.
    pub fn leave(&mut self) {
        self.offsets.look_inside(self.expander.leave());
    }

    /// What a comment of this file can cover, in its macros too.
    pub fn written_here(&self) -> Vec<Range> {
        let expansions = &self.expander.expansions;
        let here = self.coverable.iter().filter_map(|range| {
            let (first, last) = (self.expander.writer(range.start), self.expander.writer(range.end));
            match first.checked_sub(1).map(|at| &expansions[at]) {
                _ if first != last => None,
                None => Some(*range),
                Some(expansion) => expansion.file.is_none().then(|| expansion.defined(*range)),
            }
        });
        here.collect()
    }

    /// All of a file.
    pub fn file(&mut self, file: &syn::File) {
        self.test = paths::only_for_tests(&file.attrs);
        self.facts.scopes[0].test = self.test;
        self.expander.note_imports(&file.items);
        self.items(&file.items, ScopeId(0));
    }

    fn items(&mut self, items: &[syn::Item], scope: ScopeId) {
        for item in items {
            self.item(item, scope);
        }
    }

    /// A scope for items inside a block.
    pub fn block_scope(&mut self, parent: ScopeId) -> ScopeId {
        self.add_scope(ScopeKind::Block, ustr(""), parent)
    }

    fn add_scope(&mut self, kind: ScopeKind, name: Ustr, parent: ScopeId) -> ScopeId {
        self.facts.scopes.push(Scope { kind, name, parent: Some(parent), test: self.test });
        ScopeId(self.facts.scopes.len() as u32 - 1)
    }

    pub fn item(&mut self, item: &syn::Item, scope: ScopeId) {
        let range = self.range(extents::item(item));
        self.coverable.push(range);
        let outer = self.test;
        self.condition(attributes_of(item), range);
        self.item_inner(item, scope, range);
        self.test = outer;
    }

    /// Notes what the attributes of an item say of when it is compiled.
    fn condition(&mut self, attributes: &[syn::Attribute], range: Range) {
        self.test |= paths::only_for_tests(attributes);
        if attributes.iter().any(paths::is_condition) {
            self.facts.conditional.push(range);
        }
    }

    /// Whether what is read now is only compiled for tests.
    pub fn is_test(&self) -> bool {
        self.test
    }

    fn item_inner(&mut self, item: &syn::Item, scope: ScopeId, range: Range) {
        match item {
            syn::Item::Fn(f) => {
                let context = Context { scope, owner: Owner::Free };
                self.function(&f.sig, Some(&f.block), &f.attrs, is_public(&f.vis), range, context);
            }
            syn::Item::Mod(m) => self.module(m, scope, range),
            syn::Item::Use(u) => self.use_tree(&u.tree, &mut Vec::new(), u, scope),
            syn::Item::ExternCrate(e) => self.extern_crate(e, scope, range),
            syn::Item::Struct(s) => {
                let fields = self.fields(&s.fields, None);
                self.type_def(&s.ident, &s.generics, fields, Vec::new(), &s.attrs, is_public(&s.vis), range, scope);
            }
            syn::Item::Union(u) => {
                let fields = self.fields(&syn::Fields::Named(u.fields.clone()), None);
                self.type_def(&u.ident, &u.generics, fields, Vec::new(), &u.attrs, is_public(&u.vis), range, scope);
            }
            syn::Item::Enum(e) => {
                let mut fields = Vec::new();
                for variant in &e.variants {
                    fields.extend(self.fields(&variant.fields, Some(paths::name(&variant.ident))));
                }
                let variants = e.variants.iter().map(|v| paths::name(&v.ident)).collect();
                self.type_def(&e.ident, &e.generics, fields, variants, &e.attrs, is_public(&e.vis), range, scope);
            }
            syn::Item::Type(t) => {
                let alias = TypeAlias {
                    name: paths::name(&t.ident),
                    scope,
                    generics: paths::generics(&t.generics),
                    ty: paths::type_ref(&t.ty),
                    test: self.test,
                    of_impl: None,
                };
                self.facts.aliases.push(alias);
            }
            syn::Item::Trait(t) => self.trait_def(t, scope, range),
            syn::Item::Impl(i) => self.impl_block(i, scope, range),
            syn::Item::Static(s) => {
                let name_range = self.range(s.ident.span());
                self.static_item(
                    &s.ident,
                    name_range,
                    StaticKind::Static,
                    &s.ty,
                    Some(&s.expr),
                    is_public(&s.vis),
                    range,
                    scope,
                );
            }
            syn::Item::Const(c) => {
                let name_range = self.range(c.ident.span());
                self.static_item(
                    &c.ident,
                    name_range,
                    StaticKind::Const,
                    &c.ty,
                    Some(&c.expr),
                    is_public(&c.vis),
                    range,
                    scope,
                );
            }
            syn::Item::Macro(m) => self.item_macro(m.ident.as_ref(), &m.mac, scope, range),
            _ => {}
        }
    }

    /// `extern crate library as name;`, with `#[macro_use]` for all files.
    fn extern_crate(&mut self, item: &syn::ItemExternCrate, scope: ScopeId, range: Range) {
        let library = paths::name(&item.ident);
        let name = item.rename.as_ref().map_or(library, |(_, ident)| paths::name(ident));
        if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_use")) {
            self.facts.macro_libraries.push(library);
        }
        let (path, public, test) = (vec![library], is_public(&item.vis), self.test);
        self.facts.uses.push(Use { scope, path, global: true, name, glob: false, public, test, range });
    }

    /// A macro call where items may stand.
    pub fn item_macro(&mut self, ident: Option<&proc_macro2::Ident>, mac: &syn::Macro, scope: ScopeId, range: Range) {
        if let (None, Some(Items(items))) = (ident, self.enter(mac)) {
            self.items(&items, scope);
            return self.leave();
        }
        match macros::item_macro(ident, mac) {
            ItemMacro::Definition(name) => {
                let delimiters = mac.delimiter.span();
                let start = self.offsets.end(delimiters.open());
                let text = Range { start, end: self.offsets.start(delimiters.close()) };
                self.expander.define(name, text, self.test);
                self.facts.macros.push(MacroDef { name, scope });
            }
            ItemMacro::Statics(kind, statics) => {
                for s in &statics {
                    let (name_range, range) = (self.range(s.ident.span()), self.range(s.extent));
                    self.static_item(&s.ident, name_range, kind, &s.ty, s.init.as_ref(), s.public, range, scope);
                }
            }
            ItemMacro::Items(items) => self.items(&items, scope),
            ItemMacro::Alternatives(blocks) => {
                self.facts.conditional.push(range);
                for (condition, Items(items)) in &blocks {
                    let outer = self.test;
                    self.test |= condition.as_ref().is_some_and(paths::requires_test);
                    self.items(items, scope);
                    self.test = outer;
                }
            }
            ItemMacro::Unseen => self.facts.unseen.push(range),
        }
    }

    fn module(&mut self, module: &syn::ItemMod, scope: ScopeId, range: Range) {
        let name = paths::name(&module.ident);
        match &module.content {
            Some((_, items)) => {
                let inner = self.add_scope(ScopeKind::Module, name, scope);
                let defined = self.expander.defined();
                self.items(items, inner);
                if !module.attrs.iter().any(|attribute| attribute.path().is_ident("macro_use")) {
                    self.expander.forget(defined);
                }
            }
            None => {
                // Of several paths the build's configuration picks one.
                for (path, for_tests) in paths::path_attributes(&module.attrs) {
                    let test = self.test || for_tests;
                    self.facts.module_files.push(ModuleFile { name, scope, path, test, range });
                }
            }
        }
    }

    fn use_tree(&mut self, tree: &syn::UseTree, prefix: &mut Vec<Ustr>, item: &syn::ItemUse, scope: ScopeId) {
        match tree {
            syn::UseTree::Path(p) => {
                prefix.push(paths::name(&p.ident));
                self.use_tree(&p.tree, prefix, item, scope);
                prefix.pop();
            }
            syn::UseTree::Name(n) => self.use_name(paths::name(&n.ident), None, n.ident.span(), prefix, item, scope),
            syn::UseTree::Rename(r) => {
                let rename = Some(paths::name(&r.rename));
                self.use_name(paths::name(&r.ident), rename, r.ident.span(), prefix, item, scope);
            }
            syn::UseTree::Glob(g) => {
                let range = self.range(g.star_token.span);
                self.facts.uses.push(Use {
                    scope,
                    path: prefix.clone(),
                    global: item.leading_colon.is_some(),
                    name: ustr(""),
                    glob: true,
                    public: is_public(&item.vis),
                    test: self.test,
                    range,
                });
            }
            syn::UseTree::Group(g) => {
                for tree in &g.items {
                    self.use_tree(tree, prefix, item, scope);
                }
            }
        }
    }

    fn use_name(
        &mut self,
        last: Ustr,
        rename: Option<Ustr>,
        span: proc_macro2::Span,
        prefix: &[Ustr],
        item: &syn::ItemUse,
        scope: ScopeId,
    ) {
        let mut path = prefix.to_vec();
        // `use a::b::{self}` brings in `b`.
        let is_self = last == "self" && !path.is_empty();
        if !is_self {
            path.push(last);
        }
        let name = rename.or(path.last().copied()).unwrap_or(last);
        let range = self.range(span);
        let (global, public, test) = (item.leading_colon.is_some(), is_public(&item.vis), self.test);
        self.facts.uses.push(Use { scope, path, global, name, glob: false, public, test, range });
    }

    fn fields(&mut self, fields: &syn::Fields, variant: Option<Ustr>) -> Vec<Field> {
        let mut found = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let range = self.range(extents::field(field));
            self.coverable.push(range);
            // What is shipped has no such field.
            if !self.test && paths::only_for_tests(&field.attrs) {
                continue;
            }
            found.push(Field {
                name: field.ident.as_ref().map_or_else(|| ustr(&at.to_string()), paths::name),
                range,
                ty: paths::type_ref(&field.ty),
                public: is_public(&field.vis) || variant.is_some(),
                variant,
                deref: field.attrs.iter().any(|attribute| attribute.path().is_ident("deref")),
            });
        }
        found
    }

    #[expect(clippy::too_many_arguments, reason = "the parts that structs, enums and unions share in syn, taken apart")]
    fn type_def(
        &mut self,
        ident: &proc_macro2::Ident,
        generics: &syn::Generics,
        fields: Vec<Field>,
        variants: Vec<Ustr>,
        attributes: &[syn::Attribute],
        public: bool,
        range: Range,
        scope: ScopeId,
    ) {
        self.facts.types.push(TypeDef {
            name: paths::name(ident),
            name_range: self.range(ident.span()),
            range,
            scope,
            public,
            generics: paths::generics(generics),
            fields,
            variants,
            attributes: paths::attributes(attributes),
            test: self.test,
        });
    }

    fn trait_def(&mut self, item: &syn::ItemTrait, scope: ScopeId, range: Range) {
        let id = self.facts.traits.len() as u32;
        self.facts.traits.push(TraitDef {
            name: paths::name(&item.ident),
            scope,
            generics: paths::generics(&item.generics),
            supertraits: paths::bounds(&item.supertraits),
            associated: associated_types(item),
            attributes: paths::attributes(&item.attrs),
            range,
        });
        for part in &item.items {
            if let syn::TraitItem::Fn(f) = part {
                let range = self.range(extents::provided(f));
                self.coverable.push(range);
                let outer = self.test;
                self.condition(&f.attrs, range);
                let context = Context { scope, owner: Owner::Trait(id) };
                self.function(&f.sig, f.default.as_ref(), &f.attrs, true, range, context);
                self.test = outer;
            }
        }
    }

    fn impl_block(&mut self, item: &syn::ItemImpl, scope: ScopeId, range: Range) {
        let id = self.facts.impls.len() as u32;
        self.facts.impls.push(Impl {
            scope,
            generics: paths::generics(&item.generics),
            bounds: paths::other_bounds(&item.generics),
            trait_path: item.trait_.as_ref().map(|(path, _)| paths::path(path, None)),
            self_ty: paths::type_ref(&item.self_ty),
            attributes: paths::attributes(&item.attrs),
            range,
        });
        item.items.iter().for_each(|part| self.impl_item(part, item.trait_.is_some(), id, scope));
    }

    fn impl_item(&mut self, part: &syn::ImplItem, of_trait: bool, id: u32, scope: ScopeId) {
        match part {
            syn::ImplItem::Fn(f) => {
                let range = self.range(extents::method(f));
                self.coverable.push(range);
                let outer = self.test;
                self.condition(&f.attrs, range);
                let context = Context { scope, owner: Owner::Impl(id) };
                self.function(&f.sig, Some(&f.block), &f.attrs, is_public(&f.vis) || of_trait, range, context);
                self.test = outer;
            }
            syn::ImplItem::Type(t) => self.facts.aliases.push(TypeAlias {
                name: paths::name(&t.ident),
                scope,
                generics: paths::generics(&t.generics),
                ty: paths::type_ref(&t.ty),
                test: self.test,
                of_impl: Some(id),
            }),
            syn::ImplItem::Macro(m) => {
                if let Some(ImplItems(parts)) = self.enter(&m.mac) {
                    parts.iter().for_each(|part| self.impl_item(part, of_trait, id, scope));
                    self.leave();
                }
            }
            _ => {}
        }
    }

    fn function(
        &mut self,
        signature: &syn::Signature,
        block: Option<&syn::Block>,
        attributes: &[syn::Attribute],
        public: bool,
        range: Range,
        context: Context,
    ) {
        let receiver = signature.receiver().map(|r| match &r.kind {
            syn::ReceiverKind::Value => Receiver::Value,
            syn::ReceiverKind::Reference(_, _, None) => Receiver::Reference,
            syn::ReceiverKind::Reference(_, _, Some(_)) => Receiver::MutableReference,
            syn::ReceiverKind::Typed(_, ty) => Receiver::Typed(paths::type_ref(ty)),
            _ => Receiver::Typed(TypeRef::Unseen),
        });
        let parameters = paths::tight(typed_parameters(signature).map(|p| paths::type_ref(&p.ty)));
        let id = self.facts.functions.len();
        self.facts.functions.push(Function {
            name: paths::name(&signature.ident),
            name_range: self.range(signature.ident.span()),
            range,
            scope: context.scope,
            owner: context.owner,
            is_async: signature.asyncness.is_some(),
            public,
            generics: paths::generics(&signature.generics),
            bounds: paths::other_bounds(&signature.generics),
            receiver,
            parameters,
            returns: paths::returns(&signature.output),
            attributes: paths::attributes(attributes),
            test: self.test,
            body: None,
        });
        if let Some(block) = block {
            let body = BodyBuilder::function(self, context.scope, signature, block);
            self.facts.functions[id].body = Some(self.add_body(body));
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts that statics, constants and their macros share in syn, taken apart"
    )]
    fn static_item(
        &mut self,
        ident: &proc_macro2::Ident,
        name_range: Range,
        kind: StaticKind,
        ty: &syn::Type,
        init: Option<&syn::Expr>,
        public: bool,
        range: Range,
        scope: ScopeId,
    ) {
        let body = init.map(|expr| BodyBuilder::expression(self, scope, expr)).map(|body| self.add_body(body));
        let (name, ty, test) = (paths::name(ident), paths::type_ref(ty), self.test);
        self.facts.statics.push(Static { name, name_range, range, scope, kind, ty, public, test, body });
    }

    fn add_body(&mut self, body: Body) -> BodyId {
        self.facts.bodies.push(body);
        BodyId(self.facts.bodies.len() as u32 - 1)
    }
}

/// The parameters that are not the receiver.
pub fn typed_parameters(signature: &syn::Signature) -> impl Iterator<Item = &syn::PatType> {
    signature.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(typed) => Some(typed),
        syn::FnArg::Receiver(_) => None,
    })
}

fn is_public(visibility: &syn::Visibility) -> bool {
    !matches!(visibility, syn::Visibility::Inherited)
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::ExternCrate(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::ForeignMod(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::TraitAlias(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Union(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

fn associated_types(item: &syn::ItemTrait) -> Vec<Generic> {
    paths::tight(item.items.iter().filter_map(|part| match part {
        syn::TraitItem::Type(ty) => Some(Generic { name: paths::name(&ty.ident), bounds: paths::bounds(&ty.bounds) }),
        _ => None,
    }))
}
