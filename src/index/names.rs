//! What a path stands for: locals aside, through `use`, aliases, globs, re-exports, Cargo renames and the prelude.

use std::collections::HashSet;

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

/// Answers what paths stand for.
pub struct Names<'a> {
    pub defs: &'a Defs,
    pub tree: &'a Modules,
    pub catalogue: &'a Catalogue,
}

/// Imports under way, so that circles end.
type Visited = HashSet<(ModuleId, Ustr)>;

impl Names<'_> {
    /// What a path means, said in `module`.
    pub fn resolve(&self, module: ModuleId, path: &[Ustr], global: bool) -> Resolved {
        match self.follow(module, path, global, &mut Visited::new()) {
            Resolved::External(path) => Resolved::External(self.catalogue.canonical(path)),
            resolved => resolved,
        }
    }

    fn follow(&self, module: ModuleId, path: &[Ustr], global: bool, visited: &mut Visited) -> Resolved {
        let Some((first, rest)) = path.split_first() else { return Resolved::Unknown };
        let krate = self.tree.krate(self.tree.get(module).krate);
        if global {
            return self.external(krate, *first, rest, visited).unwrap_or(Resolved::External(join(*first, rest)));
        }
        match first.as_str() {
            "crate" | "$crate" => return self.within(krate.root, rest, visited),
            "self" => return self.within(self.tree.named(module), rest, visited),
            "super" => {
                let mut at = self.tree.named(module);
                let mut rest = path;
                while let [first, more @ ..] = rest
                    && first == "super"
                {
                    let Some(up) = self.tree.get(at).parent else { return Resolved::Unknown };
                    (at, rest) = (self.tree.named(up), more);
                }
                return self.within(at, rest, visited);
            }
            _ => {}
        }
        let mut scope = Some(module);
        while let Some(here) = scope {
            if let Some(def) = self.member(here, *first, rest.is_empty(), visited) {
                return self.onwards(def, rest, visited);
            }
            let module = self.tree.get(here);
            scope = module.parent.filter(|_| module.is_block);
        }
        if let Some(found) = self.external(krate, *first, rest, visited) {
            return found;
        }
        if let Some((_, full)) = PRELUDE.iter().find(|(name, _)| *name == first) {
            return Resolved::External(join(ustr(full), rest));
        }
        if PRIMITIVES.contains(&first.as_str()) {
            return Resolved::External(join(*first, rest));
        }
        // A path of several segments whose first is no item: a library that no manifest names, as in a loose file.
        let names_a_library = !rest.is_empty() && first.starts_with(|c: char| c.is_lowercase());
        if names_a_library { Resolved::External(join(*first, rest)) } else { Resolved::Unknown }
    }

    fn external(&self, krate: &Crate, first: Ustr, rest: &[Ustr], visited: &mut Visited) -> Option<Resolved> {
        if matches!(first.as_str(), "std" | "core" | "alloc") {
            return Some(Resolved::External(join(ustr("std"), rest)));
        }
        match krate.externs.get(&first)? {
            Extern::Member(root) => Some(self.within(*root, rest, visited)),
            Extern::Library(real) => Some(Resolved::External(join(*real, rest))),
        }
    }

    /// A path inside a module.
    fn within(&self, module: ModuleId, path: &[Ustr], visited: &mut Visited) -> Resolved {
        let Some((first, rest)) = path.split_first() else { return Resolved::Def(Def::Module(module), 0) };
        match self.member(module, *first, rest.is_empty(), visited) {
            Some(def) => self.onwards(def, rest, visited),
            None => Resolved::Unknown,
        }
    }

    fn onwards(&self, def: Resolved, rest: &[Ustr], visited: &mut Visited) -> Resolved {
        match def {
            Resolved::Def(Def::Module(module), 0) => self.within(module, rest, visited),
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

    /// A name of a module, imports followed. `last` tells whether nothing comes after it: then a function is as good as a type.
    fn member(&self, module: ModuleId, name: Ustr, last: bool, visited: &mut Visited) -> Option<Resolved> {
        if !visited.insert((module, name)) {
            return None;
        }
        let found =
            self.declared(module, name, last, visited).or_else(|| self.through_globs(module, name, last, visited));
        visited.remove(&(module, name));
        found
    }

    fn declared(&self, module: ModuleId, name: Ustr, last: bool, visited: &mut Visited) -> Option<Resolved> {
        let candidates = self.tree.get(module).names.get(&name)?;
        let fits = |def: &&Def| last || !matches!(def, Def::Fn(_) | Def::Static(_) | Def::Macro);
        // An item beats an import of the same name in another namespace; macros come last.
        let rank = |def: &&Def| match def {
            Def::Macro => 3,
            Def::Import(_) => 2,
            Def::Module(_) if last => 1,
            _ => 0,
        };
        let mut ordered: Vec<&Def> = candidates.iter().filter(fits).collect();
        ordered.sort_by_key(rank);
        ordered.into_iter().find_map(|def| match def {
            Def::Import(import) => match self.follow_import(module, import, visited) {
                Resolved::Unknown => None,
                resolved => Some(resolved),
            },
            def => Some(Resolved::Def(def.clone(), 0)),
        })
    }

    fn follow_import(&self, module: ModuleId, import: &Import, visited: &mut Visited) -> Resolved {
        self.follow(module, &import.path, import.global, visited)
    }

    fn through_globs(&self, module: ModuleId, name: Ustr, last: bool, visited: &mut Visited) -> Option<Resolved> {
        self.tree.get(module).globs.iter().find_map(|glob| match self.follow_import(module, glob, visited) {
            Resolved::Def(Def::Module(target), 0) if target != module => self.member(target, name, last, visited),
            Resolved::Def(Def::Type(id), 0) if self.defs.type_def(id).variants.contains(&name) => {
                Some(Resolved::Def(Def::Variant(id, name), 0))
            }
            // What a library's glob brings in is only known where the catalogue knows the name.
            Resolved::External(prefix) => {
                let path = self.catalogue.canonical(join(prefix, &[name]));
                self.catalogue.knows(path).then_some(Resolved::External(path))
            }
            _ => None,
        })
    }
}

fn join(first: Ustr, rest: &[Ustr]) -> Ustr {
    rest.iter().fold(first, |path, name| ustr(&format!("{path}::{name}")))
}
