//! What stands under one name where `cfg` chooses: modules, types, functions and statics of which no two are compiled together. Compares
//! names only; which conditions hold is not asked.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::index::declared::defs::*;
use crate::index::declared::modules::Alternatives;
use crate::index::declared::names::{Meaning, Names, Space};
use crate::index::declared::signatures::{Signatures, TypeKey};
use crate::source::{FileId, Range};

impl Alternatives {
    /// All that the names of modules stand for.
    pub fn of_names(names: &Names) -> Self {
        let mut finder = Finder { names, found: Alternatives::default(), seen: HashSet::default() };
        for module in (0..names.tree.modules.len() as u32).map(ModuleId) {
            finder.declared_twice(module);
            finder.opened_twice(module);
        }
        finder.found
    }

    /// Adds the functions of impls: those of one name in one impl or in two of the same head, and those of types that are alternatives.
    pub fn with_methods(mut self, names: &Names, signatures: &Signatures) -> Self {
        let mut all: Vec<_> = signatures.methods.iter().collect();
        all.sort_by_key(|(_, functions)| functions.first().copied());
        for ((key, name), functions) in all {
            self.of_impls(names, signatures, functions);
            if let (TypeKey::Adt(id), Some(function)) = (key, functions.first()) {
                let twins = self.of_type(*id).iter().map(|other| (TypeKey::Adt(*other), *name));
                let twins: Vec<FnId> = twins.filter_map(|key| signatures.methods.get(&key)?.first().copied()).collect();
                twins.into_iter().for_each(|twin| self.link_functions(names, *function, twin));
            }
        }
        self
    }

    /// Functions of one type and name.
    fn of_impls(&mut self, names: &Names, signatures: &Signatures, functions: &[FnId]) {
        let decided = |id: &FnId| {
            let (file, range) = (names.defs.functions[id.index()].file, names.defs.function(*id).range);
            conditional(names.defs, file, range)
        };
        for (at, one) in functions.iter().enumerate() {
            let same = functions[at + 1..].iter().filter(|other| same_head(names.defs, signatures, *one, **other));
            for other in same.filter(|other| decided(one) || decided(other)) {
                self.link_functions(names, *one, *other);
            }
        }
    }

    fn link_functions(&mut self, names: &Names, one: FnId, other: FnId) {
        let tested = |id: FnId| (id, names.is_test(&Def::Fn(id)));
        link(&mut self.functions, tested(one), tested(other));
    }
}

/// Makes two items alternatives of each other; one for tests is none of one that is shipped.
fn link<I: Copy + Eq + std::hash::Hash>(all: &mut HashMap<I, Vec<I>>, one: (I, bool), other: (I, bool)) {
    for ((from, from_test), (to, to_test)) in [(one, other), (other, one)] {
        let known = all.entry(from).or_default();
        if from != to && (from_test || !to_test) && !known.contains(&to) {
            known.push(to);
        }
    }
}

/// Whether `cfg` decides on an item at this place.
fn conditional(defs: &Defs, file: FileId, item: Range) -> bool {
    defs.file(file).is_some_and(|facts| facts.conditional.iter().any(|range| range.contains(item)))
}

/// Whether two functions of one type and name stand in impls that cannot both be there with them: of the type itself, or of one trait.
fn same_head(defs: &Defs, signatures: &Signatures, one: FnId, other: FnId) -> bool {
    let (Some(one), Some(other)) = (defs.impl_of(one), defs.impl_of(other)) else { return false };
    let (this, that) = (&signatures.impl_types[one.index()], &signatures.impl_types[other.index()]);
    one == other
        || this == that && this.is_whole() && defs.impl_block(one).trait_path == defs.impl_block(other).trait_path
}

struct Finder<'a> {
    names: &'a Names<'a>,
    found: Alternatives,
    /// Pairs of modules that were compared, so that circles end.
    seen: HashSet<(ModuleId, ModuleId)>,
}

impl Finder<'_> {
    /// Names that a module declares or imports more than once.
    fn declared_twice(&mut self, module: ModuleId) {
        let names = &self.names.tree.get(module).names;
        let mut twice: Vec<Ustr> = names.iter().filter(|(_, defs)| defs.len() > 1).map(|(name, _)| *name).collect();
        twice.sort_unstable();
        for name in twice {
            for space in [Space::Type, Space::Value] {
                let all = self.names.all_declared(module, name, space);
                for (at, one) in all.iter().enumerate() {
                    for other in &all[at + 1..] {
                        self.meet(one, other);
                    }
                }
            }
        }
    }

    /// Public items of one name in two modules that globs under `cfg` open.
    fn opened_twice(&mut self, module: ModuleId) {
        let globs = self.names.tree.get(module).globs.iter().filter(|glob| glob.conditional);
        let opened: Vec<ModuleId> = globs.filter_map(|glob| self.names.opened(module, glob)).collect();
        for (at, one) in opened.iter().enumerate() {
            for other in opened[at + 1..].iter().filter(|other| *other != one) {
                self.meet_members(*one, *other, true);
            }
        }
    }

    /// What two modules of which one is compiled have under the same names.
    fn meet_members(&mut self, one: ModuleId, other: ModuleId, only_public: bool) {
        if !self.seen.insert((one, other)) {
            return;
        }
        let tree = self.names.tree;
        let mut shared: Vec<Ustr> =
            tree.get(one).names.keys().filter(|name| tree.get(other).names.contains_key(name)).copied().collect();
        shared.sort_unstable();
        for (name, space) in shared.iter().flat_map(|name| [(*name, Space::Type), (*name, Space::Value)]) {
            let first = |module| self.names.all_declared(module, name, space).into_iter().next().map(|it| it.def);
            if let (Some(here), Some(there)) = (first(one), first(other))
                && (!only_public || self.is_public(&here) && self.is_public(&there))
            {
                self.link(&here, &there);
            }
        }
    }

    /// Two things under one name; but for modules, which no macro makes twice, `cfg` has to decide on one of them.
    fn meet(&mut self, one: &Meaning, other: &Meaning) {
        let decided = |it: &Meaning| it.conditional || self.is_conditional(&it.def);
        if matches!(one.def, Def::Module(_)) || decided(one) || decided(other) {
            self.link(&one.def, &other.def);
        }
    }

    fn link(&mut self, one: &Def, other: &Def) {
        let tests = (self.names.is_test(one), self.names.is_test(other));
        match (one, other) {
            (Def::Module(one), Def::Module(other)) if one != other => {
                link(&mut self.found.modules, (*one, tests.0), (*other, tests.1));
                self.meet_members(*one, *other, false);
            }
            (Def::Type(one), Def::Type(other)) => link(&mut self.found.types, (*one, tests.0), (*other, tests.1)),
            (Def::Fn(one), Def::Fn(other)) => link(&mut self.found.functions, (*one, tests.0), (*other, tests.1)),
            (Def::Static(one), Def::Static(other)) => {
                link(&mut self.found.statics, (*one, tests.0), (*other, tests.1));
            }
            _ => {}
        }
    }

    fn place(&self, def: &Def) -> Option<(FileId, Range, bool)> {
        let defs = self.names.defs;
        match def {
            Def::Fn(id) => {
                let item = defs.function(*id);
                Some((defs.functions[id.index()].file, item.range, item.public))
            }
            Def::Type(id) => {
                let item = defs.type_def(*id);
                Some((defs.types[id.index()].file, item.range, item.public))
            }
            Def::Static(id) => {
                let item = defs.static_item(*id);
                Some((defs.statics[id.index()].file, item.range, item.public))
            }
            _ => None,
        }
    }

    fn is_public(&self, def: &Def) -> bool {
        self.place(def).is_some_and(|(_, _, public)| public)
    }

    fn is_conditional(&self, def: &Def) -> bool {
        self.place(def).is_some_and(|(file, range, _)| conditional(self.names.defs, file, range))
    }
}
