//! What a path stands for: locals aside, through `use`, aliases, globs, re-exports, Cargo renames and the prelude.

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use crate::catalogue::Catalogue;
use crate::facts::model::{Field, ScopeId, TypeRef};
use crate::index::declared::defs::*;
use crate::index::declared::modules::{Inside, Modules, Reach};

/// A path as far as it could be followed.
#[derive(Debug, Clone)]
pub enum Resolved {
    /// A definition of the workspace and how many segments are left behind it (associated items).
    Def(Def, usize),
    /// A canonical path of a library.
    External(Ustr),
    Unknown,
}

/// Names every program has without importing them.
const PRELUDE: &[(&str, &str)] = &[
    ("Option", "std::option::Option"),
    ("Some", "std::option::Option::Some"),
    ("None", "std::option::Option::None"),
    ("Result", "std::result::Result"),
    ("Ok", "std::result::Result::Ok"),
    ("Err", "std::result::Result::Err"),
    ("Vec", "std::vec::Vec"),
    ("String", "std::string::String"),
    ("Box", "std::boxed::Box"),
    ("drop", "std::mem::drop"),
    ("Drop", "std::ops::Drop"),
    ("Default", "std::default::Default"),
    ("Iterator", "std::iter::Iterator"),
    ("IntoIterator", "std::iter::IntoIterator"),
    ("Clone", "std::clone::Clone"),
    ("From", "std::convert::From"),
    ("Into", "std::convert::Into"),
    ("AsRef", "std::convert::AsRef"),
    ("ToString", "std::string::ToString"),
    ("Fn", "std::ops::Fn"),
    ("FnMut", "std::ops::FnMut"),
    ("FnOnce", "std::ops::FnOnce"),
    ("AsyncFn", "std::ops::AsyncFn"),
    ("AsyncFnMut", "std::ops::AsyncFnMut"),
    ("AsyncFnOnce", "std::ops::AsyncFnOnce"),
    ("Send", "std::marker::Send"),
    ("Sync", "std::marker::Sync"),
    ("Sized", "std::marker::Sized"),
    ("Future", "std::future::Future"),
    ("IntoFuture", "std::future::IntoFuture"),
    ("Copy", "std::marker::Copy"),
    ("Unpin", "std::marker::Unpin"),
    ("ToOwned", "std::borrow::ToOwned"),
    ("AsMut", "std::convert::AsMut"),
    ("TryFrom", "std::convert::TryFrom"),
    ("TryInto", "std::convert::TryInto"),
    ("PartialEq", "std::cmp::PartialEq"),
    ("Eq", "std::cmp::Eq"),
    ("PartialOrd", "std::cmp::PartialOrd"),
    ("Ord", "std::cmp::Ord"),
    ("Debug", "std::fmt::Debug"),
    ("Hash", "std::hash::Hash"),
    ("Extend", "std::iter::Extend"),
    ("FromIterator", "std::iter::FromIterator"),
    ("DoubleEndedIterator", "std::iter::DoubleEndedIterator"),
    ("ExactSizeIterator", "std::iter::ExactSizeIterator"),
    ("size_of", "std::mem::size_of"),
    ("size_of_val", "std::mem::size_of_val"),
    ("align_of", "std::mem::align_of"),
];

const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64",
];

/// The namespace a name is looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// Types, traits and modules.
    Type,
    /// Functions, statics, constructors; macros, which are only asked for by value here.
    Value,
}

/// What a name stands for in one build.
#[derive(Debug, Clone)]
pub struct Meaning {
    pub def: Def,
    /// Whether `cfg` decides on the import that brings it in.
    pub conditional: bool,
}

/// Answers what paths stand for.
pub struct Names<'a> {
    pub defs: &'a Defs,
    pub tree: &'a Modules,
    pub catalogue: &'a Catalogue,
}

/// Names that are looked up or are not there, so that circles end.
type Visited = HashSet<(ModuleId, Ustr, Space)>;

impl Names<'_> {
    /// What a path means, said in `module`.
    pub fn resolve(&self, module: ModuleId, path: &[Ustr], global: bool, space: Space) -> Resolved {
        match self.written(module, path, global, space) {
            Resolved::External(path) => Resolved::External(self.catalogue.canonical(path)),
            resolved => resolved,
        }
    }

    /// What the path of a macro means: as [`Names::resolve`], or what `#[macro_use] extern crate` brings in.
    pub fn resolve_macro(&self, module: ModuleId, path: &[Ustr], global: bool) -> Resolved {
        let krate = self.tree.krate(self.tree.get(module).krate);
        match (self.resolve(module, path, global, Space::Value), path) {
            (Resolved::Unknown, [name]) if !global => {
                let brought = krate.macro_libraries.iter().find_map(|library| self.known_member(*library, *name));
                brought.or_else(|| self.macro_of_a_dependency(krate, *name)).unwrap_or(Resolved::Unknown)
            }
            (resolved, _) => resolved,
        }
    }

    /// What a macro is that neither the language nor anything in sight declares, as one that comes by the glob of a library which hands on those of another:
    /// that of the only dependency of which one with the name is known.
    fn macro_of_a_dependency(&self, krate: &Crate, name: Ustr) -> Option<Resolved> {
        if self.known_member(ustr("std"), name).is_some() {
            return None;
        }
        let libraries = krate.externs.values().filter_map(|dependency| match dependency {
            Extern::Library(library) => self.known_member(*library, name),
            Extern::Member(_) => None,
        });
        let mut known = libraries.collect::<Vec<_>>().into_iter();
        known.next().filter(|_| known.next().is_none())
    }

    /// A library's item that is known only where the catalogue knows the name.
    fn known_member(&self, of: Ustr, name: Ustr) -> Option<Resolved> {
        let path = self.catalogue.canonical(join(of, &[name]));
        self.catalogue.knows(path).then_some(Resolved::External(path))
    }

    /// As [`Names::resolve`]; a library's path stays as it is written, before its aliases are undone.
    pub fn written(&self, module: ModuleId, path: &[Ustr], global: bool, space: Space) -> Resolved {
        self.follow(module, path, global, space, &mut Visited::default())
    }

    /// Follows a path; what it says may be enough where what it leads to is written by a generator.
    fn follow(&self, module: ModuleId, path: &[Ustr], global: bool, space: Space, visited: &mut Visited) -> Resolved {
        match self.follow_read(module, path, global, space, visited) {
            Resolved::Unknown => self.catalogue.generated(path).map_or(Resolved::Unknown, Resolved::External),
            found => found,
        }
    }

    fn follow_read(
        &self,
        module: ModuleId,
        path: &[Ustr],
        global: bool,
        space: Space,
        visited: &mut Visited,
    ) -> Resolved {
        let Some((first, rest)) = path.split_first() else { return Resolved::Unknown };
        let krate = self.tree.krate(self.tree.get(module).krate);
        if global {
            return self
                .external(krate, *first, rest, space, visited)
                .unwrap_or(Resolved::External(join(*first, rest)));
        }
        match first.as_str() {
            "crate" | "$crate" => return self.within(krate.root, rest, space, visited),
            "self" => return self.within(self.tree.named(module), rest, space, visited),
            "super" => {
                return match self.above(module, path) {
                    Some((at, rest)) => self.within(at, rest, space, visited),
                    None => Resolved::Unknown,
                };
            }
            _ => {}
        }
        if let Some(def) = self.in_scope(module, *first, space_of(rest, space), visited) {
            // `use anyhow::anyhow` and `use cached::proc_macro::cached` bring a macro in; `anyhow::Result` still starts with the library.
            if let (Resolved::External(item), Some(Extern::Library(library))) = (&def, krate.externs.get(first))
                && !rest.is_empty()
                && item.strip_prefix(library.as_str()).is_some_and(|item| item.starts_with("::"))
                && item.rsplit("::").next() == Some(first.as_str())
            {
                return Resolved::External(join(*library, rest));
            }
            return self.onwards(def, rest, space, visited);
        }
        if let Some(found) = self.external(krate, *first, rest, space, visited) {
            return found;
        }
        if let Some((_, full)) = PRELUDE.iter().find(|(name, _)| *name == first) {
            return Resolved::External(join(ustr(full), rest));
        }
        if PRIMITIVES.contains(&first.as_str()) {
            return Resolved::External(join(*first, rest));
        }
        // In the 2015 edition imports start at the crate's root; later editions have no such path that compiles.
        if let found @ (Resolved::Def(..) | Resolved::External(_)) = self.within(krate.root, path, space, visited) {
            return found;
        }
        self.of_unnamed_library(krate, *first, rest)
    }

    /// The module that is as far up as a path says, and what follows.
    fn above<'p>(&self, module: ModuleId, path: &'p [Ustr]) -> Option<(ModuleId, &'p [Ustr])> {
        let (mut at, mut rest) = (self.tree.named(module), path);
        while let [first, more @ ..] = rest
            && first == "super"
        {
            (at, rest) = (self.tree.named(self.tree.get(at).parent?), more);
        }
        Some((at, rest))
    }

    /// What a name means that is declared or imported in a module or, where that is a block, around it.
    fn in_scope(&self, module: ModuleId, name: Ustr, space: Space, visited: &mut Visited) -> Option<Resolved> {
        let around = |here: &ModuleId| {
            let module = self.tree.get(*here);
            module.parent.filter(|_| module.is_block)
        };
        std::iter::successors(Some(module), around).find_map(|here| self.member(here, name, space, visited))
    }

    /// A path of several segments whose first is no item: in a loose file a library that no manifest names, elsewhere something that a macro made.
    fn of_unnamed_library(&self, krate: &Crate, first: Ustr, rest: &[Ustr]) -> Resolved {
        if rest.is_empty() || !first.starts_with(|c: char| c.is_lowercase()) {
            return Resolved::Unknown;
        }
        let full = join(first, rest);
        let is_library = krate.package.is_none() || self.catalogue.knows(self.catalogue.canonical(full));
        if is_library { Resolved::External(full) } else { Resolved::Unknown }
    }

    fn external(
        &self,
        krate: &Crate,
        first: Ustr,
        rest: &[Ustr],
        space: Space,
        visited: &mut Visited,
    ) -> Option<Resolved> {
        if matches!(first.as_str(), "std" | "core" | "alloc") {
            return Some(Resolved::External(join(ustr("std"), rest)));
        }
        match krate.externs.get(&first)? {
            Extern::Member(root) => Some(self.within(*root, rest, space, visited)),
            Extern::Library(real) => Some(Resolved::External(join(*real, rest))),
        }
    }

    /// A path inside a module, or else inside one that stands for it in another build.
    fn within(&self, module: ModuleId, path: &[Ustr], space: Space, visited: &mut Visited) -> Resolved {
        let others = self.tree.alternatives.of_module(module).iter().copied();
        let mut found = std::iter::once(module).chain(others).map(|module| self.inside(module, path, space, visited));
        found.find(|found| !matches!(found, Resolved::Unknown)).unwrap_or(Resolved::Unknown)
    }

    fn inside(&self, module: ModuleId, path: &[Ustr], space: Space, visited: &mut Visited) -> Resolved {
        let Some((first, rest)) = path.split_first() else { return Resolved::Def(Def::Module(module), 0) };
        match self.member(module, *first, space_of(rest, space), visited) {
            Some(Resolved::Def(Def::Type(id), 0)) => match self.generated(module, id) {
                Some(generated) => Resolved::External(join(generated, rest)),
                None => self.onwards(Resolved::Def(Def::Type(id), 0), rest, space, visited),
            },
            Some(def) => self.onwards(def, rest, space, visited),
            None => Resolved::Unknown,
        }
    }

    /// What a type stands for that a generator wrote and that is kept among the sources: it has the names that the generator gives, and is made of one thing
    /// of its library.
    fn generated(&self, module: ModuleId, id: TypeId) -> Option<Ustr> {
        let ty = self.defs.type_def(id);
        let generated = self.catalogue.generated(&[self.tree.get(module).name, ty.name])?;
        let library = generated.split("::").next()?;
        match &ty.fields[..] {
            [Field { ty: TypeRef::Path(path), .. }] => path.names().next().filter(|first| first == library),
            _ => None,
        }
        .map(|_| generated)
    }

    fn onwards(&self, def: Resolved, rest: &[Ustr], space: Space, visited: &mut Visited) -> Resolved {
        match def {
            Resolved::Def(Def::Module(module), 0) => self.within(module, rest, space, visited),
            Resolved::Def(Def::Type(id), 0)
                if rest.len() == 1 && self.defs.type_def(id).variants.contains(&rest[0]) =>
            {
                Resolved::Def(Def::Variant(id, rest[0]), 0)
            }
            Resolved::Def(def, left) => Resolved::Def(def, left + rest.len()),
            Resolved::External(path) => Resolved::External(join(path, rest)),
            Resolved::Unknown => Resolved::Unknown,
        }
    }

    /// A name of a module, imports followed.
    fn member(&self, module: ModuleId, name: Ustr, space: Space, visited: &mut Visited) -> Option<Resolved> {
        if !visited.insert((module, name, space)) {
            return None;
        }
        let found =
            self.declared(module, name, space, visited).or_else(|| self.through_globs(module, name, space, visited));
        // What was looked for in vain stays visited: among modules that import all of each other every way would be tried otherwise.
        if found.is_some() {
            visited.remove(&(module, name, space));
        }
        found
    }

    fn declared(&self, module: ModuleId, name: Ustr, space: Space, visited: &mut Visited) -> Option<Resolved> {
        self.candidates(module, name, space).into_iter().find_map(|def| match def {
            Def::Import(import) => match self.follow(module, &import.path, import.global, space, visited) {
                Resolved::Unknown => None,
                // `signal::ctrl_c` beside `use tokio::signal::unix::signal`: a function has no members.
                Resolved::External(path) if space == Space::Type && self.is_function(path) => None,
                resolved => Some(resolved),
            },
            Def::External(path) => Some(Resolved::External(*path)),
            def => Some(Resolved::Def(def.clone(), 0)),
        })
    }

    /// Whether an item of a library is known to be a function.
    fn is_function(&self, path: Ustr) -> bool {
        let named_as_one = path.rsplit("::").next().is_some_and(|name| name.starts_with(|c: char| c.is_lowercase()));
        named_as_one && self.catalogue.callable(self.catalogue.canonical(path)).is_some()
    }

    /// What a module itself says of a name, the most likely meaning first.
    fn candidates(&self, module: ModuleId, name: Ustr, space: Space) -> Vec<&Def> {
        let Some(candidates) = self.tree.get(module).names.get(&name) else { return Vec::new() };
        // A struct's name is its constructor too.
        let fits = |def: &&Def| match def {
            Def::Fn(_) | Def::Static(_) | Def::Macro => space == Space::Value,
            Def::Module(_) | Def::Trait(_) => space == Space::Type,
            _ => true,
        };
        // What is compiled for tests only stands in for what is shipped. An item beats an import of the same name in another namespace; macros
        // come last.
        let rank = |def: &&Def| match def {
            Def::Macro => 3,
            Def::Import(_) => 2,
            Def::Type(_) | Def::Alias(_) if space == Space::Value => 1,
            _ => 0,
        };
        let mut ordered: Vec<&Def> = candidates.iter().filter(fits).collect();
        if ordered.len() > 1 {
            ordered.sort_by_key(|def| (self.is_test(def), rank(def)));
        }
        ordered
    }

    /// Whether a definition is compiled for tests only.
    pub fn is_test(&self, def: &Def) -> bool {
        match def {
            Def::Module(id) => self.tree.get(*id).test,
            Def::Fn(id) => {
                let item = self.defs.function(*id);
                item.test || self.is_test_scope(self.defs.functions[id.index()], item.scope)
            }
            Def::Type(id) => {
                let item = self.defs.type_def(*id);
                item.test || self.is_test_scope(self.defs.types[id.index()], item.scope)
            }
            Def::Static(id) => {
                let item = self.defs.static_item(*id);
                item.test || self.is_test_scope(self.defs.statics[id.index()], item.scope)
            }
            Def::Alias(id) => self.defs.alias(*id).test,
            Def::Import(import) => import.test,
            Def::Trait(_) | Def::Variant(..) | Def::Macro | Def::External(_) => false,
        }
    }

    fn is_test_scope(&self, place: Place, scope: ScopeId) -> bool {
        self.tree.of_scope.get(&(place.file, scope)).is_some_and(|module| self.tree.get(*module).test)
    }

    /// All items of the workspace that a module itself gives a name, imports followed; more than one only where `cfg` chooses.
    pub fn all_declared(&self, module: ModuleId, name: Ustr, space: Space) -> Vec<Meaning> {
        let meanings = self.candidates(module, name, space).into_iter().filter_map(|def| match def {
            Def::Import(import) => {
                match self.follow(module, &import.path, import.global, space, &mut Visited::default()) {
                    Resolved::Def(def, 0) => Some(Meaning { def, conditional: import.conditional }),
                    _ => None,
                }
            }
            def => Some(Meaning { def: def.clone(), conditional: false }),
        });
        meanings.collect()
    }

    /// The module that a glob opens.
    pub fn opened(&self, module: ModuleId, glob: &Import) -> Option<ModuleId> {
        match self.follow(module, &glob.path, glob.global, Space::Type, &mut Visited::default()) {
            Resolved::Def(Def::Module(target), 0) if target != module => Some(target),
            _ => None,
        }
    }

    /// A name that globs bring in, those of the modules they lead to included.
    fn through_globs(&self, module: ModuleId, name: Ustr, space: Space, visited: &mut Visited) -> Option<Resolved> {
        let reach = self.tree.reach.get(module.index())?;
        if self.tree.declared.contains(&name) {
            let found = reach.inside.iter().find_map(|target| match target {
                Inside::Module(target) => {
                    if !visited.insert((*target, name, space)) {
                        return None;
                    }
                    let found = self.declared(*target, name, space, visited);
                    if found.is_some() {
                        visited.remove(&(*target, name, space));
                    }
                    found
                }
                Inside::Enum(id) => {
                    let is_variant = self.defs.type_def(*id).variants.contains(&name);
                    is_variant.then_some(Resolved::Def(Def::Variant(*id, name), 0))
                }
            });
            if found.is_some() {
                return found;
            }
        }
        reach.libraries.iter().find_map(|prefix| self.known_member(*prefix, name))
    }

    /// Where the globs of a module lead, said by what is known of the others' so far.
    fn glob_targets(&self, module: ModuleId) -> Reach {
        let mut reach = Reach::default();
        for glob in &self.tree.get(module).globs {
            match self.follow(module, &glob.path, glob.global, Space::Type, &mut Visited::default()) {
                Resolved::Def(Def::Module(target), 0) if target != module => {
                    let others = self.tree.alternatives.of_module(target);
                    reach.inside.extend(std::iter::once(&target).chain(others).copied().map(Inside::Module));
                }
                Resolved::Def(Def::Type(id), 0) => reach.inside.push(Inside::Enum(id)),
                Resolved::External(prefix) => reach.libraries.push(prefix),
                _ => {}
            }
        }
        reach
    }
}

impl<'a> Names<'a> {
    /// The names under which traits are implemented that a macro makes services of, in the modules of these.
    fn services(&'a self) -> impl Iterator<Item = (ModuleId, Ustr, Def)> {
        self.defs.trait_ids().filter_map(|id| {
            let item = self.defs.trait_def(id);
            let module = self.module(self.defs.traits[id.index()].file, item.scope)?;
            let services = &self.catalogue.handlers().services;
            let named = item.attributes.iter().find_map(|attribute| {
                match self.resolve_macro(module, &attribute.path, false) {
                    Resolved::External(path) => services.get(&path),
                    _ => None,
                }
            })?;
            let name = ustr(&named.replace('*', &item.name));
            let is_free = !self.tree.get(module).names.contains_key(&name);
            is_free.then_some((module, name, Def::Trait(id)))
        })
    }
}

/// How often globs that are only found through other globs are looked for again.
const ROUNDS: usize = 4;

/// Follows all globs, so that a name is looked up in a list of modules and not in a graph.
pub fn follow_globs(defs: &Defs, tree: &mut Modules, catalogue: &Catalogue) {
    tree.declared = declared_names(defs, tree);
    let all = || (0..tree.modules.len() as u32).map(ModuleId);
    let ids: Vec<ModuleId> = all().collect();
    let mut direct: Vec<Reach> = vec![Reach::default(); ids.len()];
    for _ in 0..ROUNDS {
        let names = Names { defs, tree, catalogue };
        let found: Vec<Reach> = ids.iter().map(|id| names.glob_targets(*id)).collect();
        if found == direct {
            break;
        }
        tree.reach = ids.iter().map(|id| closure(&found, *id)).collect();
        direct = found;
    }
}

/// Declares what macros of libraries write beside the types and traits they are put on: `Entity` and `ActiveModel` beside a `Model`, `ApiServer` beside an
/// `Api`. What the module declares itself comes first.
pub fn declare_generated(defs: &Defs, tree: &mut Modules, catalogue: &Catalogue) {
    let names = Names { defs, tree, catalogue };
    let beside_types = defs
        .type_ids()
        .filter_map(|id| Some((id, names.module(defs.types[id.index()].file, defs.type_def(id).scope)?)))
        .flat_map(|(id, module)| names.generators(id).into_iter().map(move |derive| (module, derive)))
        .flat_map(|(module, derive)| {
            catalogue.declared_by(derive).map(move |(name, path)| (module, name, Def::External(path)))
        });
    let generated: Vec<(ModuleId, Ustr, Def)> = beside_types.chain(names.services()).collect();
    for (module, name, def) in generated {
        tree.declared.insert(name);
        tree.modules[module.index()].names.entry(name).or_default().push(def);
    }
}

/// Every name that some module declares or imports, and every variant.
fn declared_names(defs: &Defs, tree: &Modules) -> HashSet<Ustr> {
    let names = tree.modules.iter().flat_map(|module| module.names.keys().copied());
    names.chain(defs.type_ids().flat_map(|id| defs.type_def(id).variants.iter().copied())).collect()
}

/// All that is reached from a module by globs of globs, the nearest way first.
fn closure(direct: &[Reach], from: ModuleId) -> Reach {
    let mut all = Reach::default();
    let mut seen: HashSet<Inside> = [Inside::Module(from)].into_iter().collect();
    let mut libraries: HashSet<Ustr> = HashSet::default();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        let here = &direct[module.index()];
        all.libraries.extend(here.libraries.iter().filter(|prefix| libraries.insert(**prefix)));
        let new: Vec<Inside> = here.inside.iter().filter(|target| seen.insert(**target)).copied().collect();
        all.inside.extend(&new);
        open.extend(new.iter().rev().filter_map(|target| match target {
            Inside::Module(id) => Some(*id),
            Inside::Enum(_) => None,
        }));
    }
    all
}

/// What comes before `::` is a type or module.
fn space_of(rest: &[Ustr], space: Space) -> Space {
    if rest.is_empty() { space } else { Space::Type }
}

fn join(first: Ustr, rest: &[Ustr]) -> Ustr {
    rest.iter().fold(first, |path, name| ustr(&format!("{path}::{name}")))
}
