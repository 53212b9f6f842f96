//! What a path stands for: locals aside, through `use`, aliases, globs, re-exports, Cargo renames and the prelude.

use rustc_hash::FxHashSet as HashSet;
use ustr::{Ustr, ustr};

use super::defs::*;
use super::modules::Modules;
use crate::catalogue::Catalogue;

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
        match self.follow(module, path, global, space, &mut Visited::default()) {
            Resolved::External(path) => Resolved::External(self.catalogue.canonical(path)),
            resolved => resolved,
        }
    }

    fn follow(&self, module: ModuleId, path: &[Ustr], global: bool, space: Space, visited: &mut Visited) -> Resolved {
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
                let mut at = self.tree.named(module);
                let mut rest = path;
                while let [first, more @ ..] = rest
                    && first == "super"
                {
                    let Some(up) = self.tree.get(at).parent else { return Resolved::Unknown };
                    (at, rest) = (self.tree.named(up), more);
                }
                return self.within(at, rest, space, visited);
            }
            _ => {}
        }
        let mut scope = Some(module);
        while let Some(here) = scope {
            if let Some(def) = self.member(here, *first, space_of(rest, space), visited) {
                return self.onwards(def, rest, space, visited);
            }
            let module = self.tree.get(here);
            scope = module.parent.filter(|_| module.is_block);
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
        // A path of several segments whose first is no item: a library that no manifest names, as in a loose file.
        let names_a_library = !rest.is_empty() && first.starts_with(|c: char| c.is_lowercase());
        if names_a_library { Resolved::External(join(*first, rest)) } else { Resolved::Unknown }
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

    /// A path inside a module.
    fn within(&self, module: ModuleId, path: &[Ustr], space: Space, visited: &mut Visited) -> Resolved {
        let Some((first, rest)) = path.split_first() else { return Resolved::Def(Def::Module(module), 0) };
        match self.member(module, *first, space_of(rest, space), visited) {
            Some(def) => self.onwards(def, rest, space, visited),
            None => Resolved::Unknown,
        }
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
        let candidates = self.tree.get(module).names.get(&name)?;
        // A struct's name is its constructor too.
        let fits = |def: &&Def| match def {
            Def::Fn(_) | Def::Static(_) | Def::Macro => space == Space::Value,
            Def::Module(_) | Def::Trait(_) => space == Space::Type,
            _ => true,
        };
        // An item beats an import of the same name in another namespace; macros come last.
        let rank = |def: &&Def| match def {
            Def::Macro => 3,
            Def::Import(_) => 2,
            Def::Type(_) | Def::Alias(_) if space == Space::Value => 1,
            _ => 0,
        };
        let mut ordered: Vec<&Def> = candidates.iter().filter(fits).collect();
        ordered.sort_by_key(rank);
        ordered.into_iter().find_map(|def| match def {
            Def::Import(import) => match self.follow(module, &import.path, import.global, space, visited) {
                Resolved::Unknown => None,
                resolved => Some(resolved),
            },
            def => Some(Resolved::Def(def.clone(), 0)),
        })
    }

    fn through_globs(&self, module: ModuleId, name: Ustr, space: Space, visited: &mut Visited) -> Option<Resolved> {
        self.tree.get(module).globs.iter().find_map(|glob| {
            match self.follow(module, &glob.path, glob.global, Space::Type, visited) {
                Resolved::Def(Def::Module(target), 0) if target != module => self.member(target, name, space, visited),
                Resolved::Def(Def::Type(id), 0) if self.defs.type_def(id).variants.contains(&name) => {
                    Some(Resolved::Def(Def::Variant(id, name), 0))
                }
                // What a library's glob brings in is only known where the catalogue knows the name.
                Resolved::External(prefix) => {
                    let path = self.catalogue.canonical(join(prefix, &[name]));
                    self.catalogue.knows(path).then_some(Resolved::External(path))
                }
                _ => None,
            }
        })
    }
}

/// What comes before `::` is a type or module.
fn space_of(rest: &[Ustr], space: Space) -> Space {
    if rest.is_empty() { space } else { Space::Type }
}

fn join(first: Ustr, rest: &[Ustr]) -> Ustr {
    rest.iter().fold(first, |path, name| ustr(&format!("{path}::{name}")))
}
