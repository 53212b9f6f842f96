//! The definitions of the whole workspace under global ids. Owns the facts; answers nothing but look-ups by id.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use ustr::Ustr;

use crate::facts::model::{self as facts, FileFacts, Owner, ScopeId};
use crate::source::FileId;
use crate::workspace::TargetKind;

macro_rules! global_ids {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

global_ids! {
    /// A function of the workspace.
    FnId,
    /// A struct, enum or union.
    TypeId,
    AliasId,
    TraitId,
    ImplId,
    /// A static or constant.
    StaticId,
    /// A module, or a block that declares items.
    ModuleId,
    /// A crate: one target of one package.
    CrateId,
}

/// An item of a file: the file and its index in the file's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub file: FileId,
    pub at: u32,
}

/// A body, by its file and its place in the file's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyRef {
    pub file: FileId,
    pub body: facts::BodyId,
}

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyOwner {
    Function(FnId),
    Static(StaticId),
}

/// One crate of the workspace.
#[derive(Debug, Clone)]
pub struct Crate {
    /// The name in code.
    pub name: Ustr,
    pub kind: TargetKind,
    /// Index into the workspace's packages; none for loose files.
    pub package: Option<usize>,
    pub root: ModuleId,
    /// What a path may start with: names of dependencies, and what they stand for.
    pub externs: HashMap<Ustr, Extern>,
    /// Names of libraries whose macros need no path: `#[macro_use] extern crate`.
    pub macro_libraries: Vec<Ustr>,
    /// Libraries of the workspace that are built into it.
    pub links: Vec<ModuleId>,
    /// Features its package asks of libraries: the library's real name and the feature.
    pub features: HashSet<(Ustr, Ustr)>,
    /// The oldest toolchain that builds it, by `rust-version` or by its edition.
    pub toolchain: Option<Ustr>,
    /// Somebody who is not part of the analysis may use its package.
    pub for_others: bool,
    /// It is built only where features are asked for that are not on by themselves.
    pub on_request: bool,
}

/// What the name of a dependency stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extern {
    /// A library of the workspace.
    Member(ModuleId),
    /// A library outside, by its real name.
    Library(Ustr),
}

/// A module, or a block that declares items.
#[derive(Debug, Clone)]
pub struct Module {
    pub name: Ustr,
    pub parent: Option<ModuleId>,
    pub file: FileId,
    pub scope: ScopeId,
    pub krate: CrateId,
    pub is_block: bool,
    /// Compiled for tests only, or part of a test, bench, example or build script.
    pub test: bool,
    pub names: HashMap<Ustr, Vec<Def>>,
    pub globs: Vec<Import>,
}

/// A `use` that has not been followed.
#[derive(Debug, Clone)]
pub struct Import {
    pub path: Vec<Ustr>,
    pub global: bool,
    /// Whether `cfg` decides on it.
    pub conditional: bool,
    /// Only compiled for tests.
    pub test: bool,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Def {
    Module(ModuleId),
    Fn(FnId),
    Type(TypeId),
    Alias(AliasId),
    Trait(TraitId),
    Static(StaticId),
    /// A variant of an enum of the workspace.
    Variant(TypeId, Ustr),
    Macro,
    Import(Import),
    /// Something of a library, by its path before aliases are undone.
    External(Ustr),
}

/// All facts of a run with the tables that number them through.
pub struct Defs {
    pub facts: Vec<Option<FileFacts>>,
    pub functions: Vec<Place>,
    pub types: Vec<Place>,
    pub aliases: Vec<Place>,
    pub traits: Vec<Place>,
    pub impls: Vec<Place>,
    pub statics: Vec<Place>,
    pub owners: HashMap<BodyRef, BodyOwner>,
    /// All bodies, in the order of files and places.
    pub bodies: Vec<BodyRef>,
    starts: Vec<Starts>,
    impl_aliases: HashMap<ImplId, Vec<AliasId>>,
}

/// The first global id of each table of a file.
#[derive(Debug, Clone, Copy, Default)]
struct Starts {
    traits: u32,
    impls: u32,
}

impl Defs {
    /// Numbers all items through; `facts` has one entry per file of the run, by its id.
    pub fn new(facts: Vec<Option<FileFacts>>) -> Self {
        let mut defs = Defs {
            facts: Vec::new(),
            functions: Vec::new(),
            types: Vec::new(),
            aliases: Vec::new(),
            traits: Vec::new(),
            impls: Vec::new(),
            statics: Vec::new(),
            owners: HashMap::default(),
            bodies: Vec::new(),
            starts: Vec::new(),
            impl_aliases: HashMap::default(),
        };
        for (file, facts) in facts.iter().enumerate() {
            let file = FileId(file as u32);
            defs.starts.push(Starts { traits: defs.traits.len() as u32, impls: defs.impls.len() as u32 });
            let Some(facts) = facts else { continue };
            for (at, function) in facts.functions.iter().enumerate() {
                if let Some(body) = function.body {
                    let owner = BodyOwner::Function(FnId(defs.functions.len() as u32));
                    defs.owners.insert(BodyRef { file, body }, owner);
                }
                defs.functions.push(Place { file, at: at as u32 });
            }
            for (at, item) in facts.statics.iter().enumerate() {
                if let Some(body) = item.body {
                    defs.owners.insert(BodyRef { file, body }, BodyOwner::Static(StaticId(defs.statics.len() as u32)));
                }
                defs.statics.push(Place { file, at: at as u32 });
            }
            let places = |count: usize| (0..count).map(move |at| Place { file, at: at as u32 });
            defs.types.extend(places(facts.types.len()));
            defs.aliases.extend(places(facts.aliases.len()));
            defs.traits.extend(places(facts.traits.len()));
            defs.impls.extend(places(facts.impls.len()));
        }
        defs.facts = facts;
        defs.bodies = defs.owners.keys().copied().collect();
        defs.bodies.sort_unstable();
        for alias in (0..defs.aliases.len() as u32).map(AliasId) {
            if let Some(block) = defs.impl_of_alias(alias) {
                defs.impl_aliases.entry(block).or_default().push(alias);
            }
        }
        defs
    }

    /// The facts of a file; none where it could not be read.
    pub fn file(&self, file: FileId) -> Option<&FileFacts> {
        self.facts.get(file.0 as usize)?.as_ref()
    }

    fn known(&self, file: FileId) -> &FileFacts {
        self.file(file).expect("a place is only made for a file with facts")
    }

    pub fn function(&self, id: FnId) -> &facts::Function {
        let place = self.functions[id.index()];
        &self.known(place.file).functions[place.at as usize]
    }

    pub fn type_def(&self, id: TypeId) -> &facts::TypeDef {
        let place = self.types[id.index()];
        &self.known(place.file).types[place.at as usize]
    }

    pub fn alias(&self, id: AliasId) -> &facts::TypeAlias {
        let place = self.aliases[id.index()];
        &self.known(place.file).aliases[place.at as usize]
    }

    pub fn trait_def(&self, id: TraitId) -> &facts::TraitDef {
        let place = self.traits[id.index()];
        &self.known(place.file).traits[place.at as usize]
    }

    pub fn impl_block(&self, id: ImplId) -> &facts::Impl {
        let place = self.impls[id.index()];
        &self.known(place.file).impls[place.at as usize]
    }

    pub fn static_item(&self, id: StaticId) -> &facts::Static {
        let place = self.statics[id.index()];
        &self.known(place.file).statics[place.at as usize]
    }

    pub fn body(&self, body: BodyRef) -> &facts::Body {
        &self.known(body.file).bodies[body.body.index()]
    }

    /// The body of a function, where it has one.
    pub fn body_of(&self, id: FnId) -> Option<BodyRef> {
        let body = self.function(id).body?;
        Some(BodyRef { file: self.functions[id.index()].file, body })
    }

    /// The initialiser of a static, where it was read.
    pub fn init_of(&self, id: StaticId) -> Option<BodyRef> {
        let body = self.static_item(id).body?;
        Some(BodyRef { file: self.statics[id.index()].file, body })
    }

    /// The impl a function stands in.
    pub fn impl_of(&self, id: FnId) -> Option<ImplId> {
        match self.function(id).owner {
            Owner::Impl(at) => Some(ImplId(self.starts[self.functions[id.index()].file.0 as usize].impls + at)),
            _ => None,
        }
    }

    /// The trait a function is declared in.
    pub fn trait_of(&self, id: FnId) -> Option<TraitId> {
        match self.function(id).owner {
            Owner::Trait(at) => Some(TraitId(self.starts[self.functions[id.index()].file.0 as usize].traits + at)),
            _ => None,
        }
    }

    /// The associated types of an impl.
    pub fn aliases_of(&self, id: ImplId) -> impl Iterator<Item = AliasId> {
        self.impl_aliases.get(&id).into_iter().flatten().copied()
    }

    /// The impl an associated type stands in.
    pub fn impl_of_alias(&self, id: AliasId) -> Option<ImplId> {
        let of_impl = self.alias(id).of_impl?;
        Some(ImplId(self.starts[self.aliases[id.index()].file.0 as usize].impls + of_impl))
    }

    pub fn fn_ids(&self) -> impl Iterator<Item = FnId> + use<> {
        (0..self.functions.len() as u32).map(FnId)
    }

    pub fn static_ids(&self) -> impl Iterator<Item = StaticId> + use<> {
        (0..self.statics.len() as u32).map(StaticId)
    }

    pub fn type_ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    pub fn trait_ids(&self) -> impl Iterator<Item = TraitId> + use<> {
        (0..self.traits.len() as u32).map(TraitId)
    }

    pub fn impl_ids(&self) -> impl Iterator<Item = ImplId> + use<> {
        (0..self.impls.len() as u32).map(ImplId)
    }
}
