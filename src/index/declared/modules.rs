//! The module tree: which file is which module of which crate, and what names each module declares. Follows `mod`, `#[path]` and inline
//! modules; resolves nothing.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::path::{Path, PathBuf};

use ustr::{Ustr, ustr};

use crate::facts::model::{Owner, ScopeId, ScopeKind};
use crate::index::declared::defs::*;
use crate::source::FileId;
use crate::workspace::{DependencyKind, Edition, Package, Target, TargetKind, Workspace, normal};

/// All crates and modules of the workspace.
#[derive(Default)]
pub struct Modules {
    pub crates: Vec<Crate>,
    pub modules: Vec<Module>,
    /// The module of every scope that is part of a crate.
    pub of_scope: HashMap<(FileId, ScopeId), ModuleId>,
    /// Every name that anything declares; what is not among them no module has.
    pub declared: HashSet<Ustr>,
    /// Per module: where its globs lead, those of the modules they lead to included.
    pub reach: Vec<Reach>,
    pub alternatives: Alternatives,
}

/// Where globs lead.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reach {
    pub inside: Vec<Inside>,
    /// Paths of libraries.
    pub libraries: Vec<Ustr>,
}

/// What a glob opens inside the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inside {
    Module(ModuleId),
    Enum(TypeId),
}

/// Per item: the others that a path to it may mean in another build. What is compiled for tests only is none for what is shipped.
#[derive(Debug, Default)]
pub struct Alternatives {
    pub modules: HashMap<ModuleId, Vec<ModuleId>>,
    pub types: HashMap<TypeId, Vec<TypeId>>,
    pub functions: HashMap<FnId, Vec<FnId>>,
    pub statics: HashMap<StaticId, Vec<StaticId>>,
}

impl Alternatives {
    pub fn of_module(&self, id: ModuleId) -> &[ModuleId] {
        others(&self.modules, id)
    }

    pub fn of_type(&self, id: TypeId) -> &[TypeId] {
        others(&self.types, id)
    }

    pub fn of_function(&self, id: FnId) -> &[FnId] {
        others(&self.functions, id)
    }

    pub fn of_static(&self, id: StaticId) -> &[StaticId] {
        others(&self.statics, id)
    }
}

fn others<I: Copy + Eq + std::hash::Hash>(all: &HashMap<I, Vec<I>>, id: I) -> &[I] {
    all.get(&id).map_or(&[], Vec::as_slice)
}

impl Modules {
    pub fn get(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    pub fn krate(&self, id: CrateId) -> &Crate {
        &self.crates[id.index()]
    }

    /// The nearest module around a scope that has a name of its own.
    pub fn named(&self, id: ModuleId) -> ModuleId {
        let mut at = id;
        while self.get(at).is_block {
            match self.get(at).parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    }

    /// `crate_name::module::module`.
    pub fn path(&self, id: ModuleId) -> String {
        let mut names = Vec::new();
        let mut at = Some(self.named(id));
        while let Some(here) = at {
            names.push(self.get(here).name.as_str());
            at = self.get(here).parent.map(|parent| self.named(parent));
        }
        names.reverse();
        names.join("::")
    }
}

/// Links all files into crates; libraries first, so that a file shared with a binary belongs to the library.
pub fn link(workspace: &Workspace, defs: &Defs) -> Modules {
    let mut linker = Linker { workspace, defs, tree: Modules::default(), files: files_by_path(workspace) };
    let mut targets: Vec<(Option<usize>, &Target)> = workspace
        .packages
        .iter()
        .enumerate()
        .flat_map(|(at, p)| p.targets.iter().map(move |t| (Some(at), t)))
        .collect();
    targets.sort_by_key(|(_, target)| !matches!(target.kind, TargetKind::Lib | TargetKind::ProcMacro));
    for (package, target) in targets {
        linker.krate(package, ustr(&target.name.replace('-', "_")), target.kind, target.root);
    }
    linker.loose_files();
    linker.externs();
    linker.declare();
    linker.tree
}

fn files_by_path(workspace: &Workspace) -> HashMap<PathBuf, FileId> {
    workspace.rust_files.iter().map(|f| (workspace.sources.get(f.file).path.clone(), f.file)).collect()
}

struct Linker<'w> {
    workspace: &'w Workspace,
    defs: &'w Defs,
    tree: Modules,
    files: HashMap<PathBuf, FileId>,
}

impl Linker<'_> {
    fn krate(&mut self, package: Option<usize>, name: Ustr, kind: TargetKind, root: FileId) {
        if self.defs.file(root).is_none() {
            return;
        }
        let id = CrateId(self.tree.crates.len() as u32);
        // A procedural macro runs while something else is compiled, as a build script does.
        let product = matches!(kind, TargetKind::Lib | TargetKind::Bin);
        let test = !product
            || self.in_test_folder(root)
            || package.is_some_and(|at| self.is_for_tests(at, kind))
            || kind == TargetKind::Bin && package.is_some() && self.is_tool_for_tests(&name);
        let dir = parent(&self.workspace.sources.get(root).path);
        let module = self.file_module(root, name, None, id, test, &dir);
        self.tree.crates.push(Crate {
            name,
            kind,
            package,
            root: module,
            externs: HashMap::default(),
            macro_libraries: self.defs.file(root).map_or_else(Vec::new, |facts| facts.macro_libraries.clone()),
            links: Vec::new(),
            features: HashSet::default(),
            toolchain: None,
            for_others: package.is_none_or(|at| self.workspace.packages[at].for_others),
            on_request: package.is_some_and(|at| {
                let own = |target: &&Target| target.kind == kind && target.root == root;
                self.workspace.packages[at].targets.iter().find(own).is_some_and(|target| target.on_request)
            }),
        });
    }

    /// A library that nobody outside uses, and no program or library beside it but for tests: its own tests do, or those of others.
    fn is_for_tests(&self, at: usize, kind: TargetKind) -> bool {
        let packages = &self.workspace.packages;
        let has = |package: &Package, kind: TargetKind| package.targets.iter().any(|target| target.kind == kind);
        let needs = |package: &Package, for_tests: bool| {
            let mut needed = package.dependencies.iter().filter(|needed| needed.member == Some(at));
            needed.any(|needed| (needed.kind == DependencyKind::Dev) == for_tests)
        };
        kind == TargetKind::Lib
            && !packages[at].for_others
            && (has(&packages[at], TargetKind::Test) || packages.iter().any(|beside| needs(beside, true)))
            && !has(&packages[at], TargetKind::Bin)
            && packages.iter().any(|beside| has(beside, TargetKind::Bin))
            && !packages.iter().any(|beside| needs(beside, false))
    }

    /// A program that is named after tests, as a load generator is, beside others that are not.
    fn is_tool_for_tests(&self, name: &str) -> bool {
        let mut targets = self.workspace.packages.iter().flat_map(|package| &package.targets);
        is_test_folder(name) && targets.any(|other| other.kind == TargetKind::Bin && !is_test_folder(&other.name))
    }

    /// Packages below `tests/`, `examples/`, `tests-integration/` and the like are no product, whatever their targets are called; nor are workspaces there,
    /// beside others.
    fn in_test_folder(&self, file: FileId) -> bool {
        let path = &self.workspace.sources.get(file).path;
        let Some(common) = self.common_folder() else { return false };
        let Ok(inside) = path.strip_prefix(common) else { return false };
        let mut folders: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        folders.pop();
        let root =
            self.workspace.roots.iter().filter(|root| path.starts_with(&root.dir)).map(|root| root.dir.as_path());
        let apart = root.max_by_key(|dir| dir.components().count()).and_then(|dir| dir.strip_prefix(common).ok());
        let is_apart = |folder: &str| apart.is_some_and(|dir| dir.iter().any(|name| name == folder));
        folders.iter().any(|folder| {
            is_test_folder(folder)
                || ASIDE.contains(&folder.as_ref())
                || ASIDE_AND_APART.contains(&folder.as_ref()) && is_apart(folder)
        })
    }

    /// The innermost folder that all workspaces stand in.
    fn common_folder(&self) -> Option<&Path> {
        let (first, others) = self.workspace.roots.split_first()?;
        first.dir.ancestors().find(|folder| others.iter().all(|root| root.dir.starts_with(folder)))
    }

    /// A file without a manifest is a crate of its own, unless another file already declares it as a module.
    fn loose_files(&mut self) {
        let mut loose: Vec<FileId> =
            self.workspace.rust_files.iter().filter(|f| f.package.is_none()).map(|f| f.file).collect();
        loose.sort_by_key(|file| {
            let path = &self.workspace.sources.get(*file).path;
            let is_root = path.file_name().is_some_and(|n| n == "main.rs" || n == "lib.rs");
            (!is_root, path.components().count(), path.clone())
        });
        for file in loose {
            if self.tree.of_scope.contains_key(&(file, ScopeId(0))) {
                continue;
            }
            let path = &self.workspace.sources.get(file).path;
            let name = path.file_stem().map_or_else(|| ustr("crate"), |s| ustr(&s.to_string_lossy().replace('-', "_")));
            let has_main = self.defs.file(file).is_some_and(|f| {
                f.functions.iter().any(|f| f.name == "main" && f.owner == Owner::Free && f.scope == ScopeId(0))
            });
            self.krate(None, name, if has_main { TargetKind::Bin } else { TargetKind::Lib }, file);
        }
    }

    fn add(&mut self, module: Module) -> ModuleId {
        let id = ModuleId(self.tree.modules.len() as u32);
        self.tree.of_scope.insert((module.file, module.scope), id);
        self.tree.modules.push(module);
        id
    }

    /// The module of a file with all that is inside it; `dir` is where its `mod name;` are looked for.
    fn file_module(
        &mut self,
        file: FileId,
        name: Ustr,
        up: Option<ModuleId>,
        krate: CrateId,
        test: bool,
        dir: &Path,
    ) -> ModuleId {
        if let Some(known) = self.tree.of_scope.get(&(file, ScopeId(0))) {
            return *known;
        }
        let Some(facts) = self.defs.file(file) else { unreachable!("only files with facts are linked") };
        let mut dirs: Vec<PathBuf> = Vec::new();
        let mut first = None;
        for (at, scope) in facts.scopes.iter().enumerate() {
            let (scope_id, outer) = (ScopeId(at as u32), scope.parent.map(|p| self.tree.of_scope[&(file, p)]));
            let module = Module {
                name: if at == 0 { name } else { scope.name },
                parent: outer.or(up),
                file,
                scope: scope_id,
                krate,
                is_block: scope.kind == ScopeKind::Block,
                test: test
                    || scope.test
                    || facts.for_tests
                    || is_test_name(if at == 0 { &name } else { &scope.name })
                    || outer.is_some_and(|o| self.tree.get(o).test),
                names: HashMap::default(),
                globs: Vec::new(),
            };
            let base = scope.parent.map_or(dir, |p| &dirs[p.index()]);
            dirs.push(if scope.kind == ScopeKind::Module { base.join(scope.name.as_str()) } else { base.to_owned() });
            let id = self.add(module);
            if let Some(outer) = outer
                && scope.kind == ScopeKind::Module
            {
                self.declare_name(outer, scope.name, Def::Module(id));
            }
            first = first.or(Some(id));
        }
        for declared in &facts.module_files {
            let outer = self.tree.of_scope[&(file, declared.scope)];
            let test = declared.test || self.tree.get(outer).test;
            let Some((target, inner)) = self.module_file(declared, &dirs[declared.scope.index()], file) else {
                continue;
            };
            let id = self.file_module(target, declared.name, Some(outer), krate, test, &inner);
            self.declare_name(outer, declared.name, Def::Module(id));
        }
        first.unwrap_or(ModuleId(0))
    }

    /// The file of `mod name;` and the folder its own modules are in.
    fn module_file(
        &self,
        declared: &crate::facts::model::ModuleFile,
        dir: &Path,
        from: FileId,
    ) -> Option<(FileId, PathBuf)> {
        let known = |path: PathBuf| self.files.get(&path).filter(|f| self.defs.file(**f).is_some()).map(|f| (*f, path));
        if let Some(written) = &declared.path {
            let base = if declared.scope == ScopeId(0) {
                parent(&self.workspace.sources.get(from).path)
            } else {
                dir.to_owned()
            };
            return known(normal(&base.join(written))).map(|(file, path)| (file, parent(&path)));
        }
        let name = declared.name.as_str();
        let inner = dir.join(name);
        let candidates = [dir.join(format!("{name}.rs")), inner.join("mod.rs")];
        candidates.into_iter().find_map(known).map(|(file, _)| (file, inner))
    }

    fn declare_name(&mut self, module: ModuleId, name: Ustr, def: Def) {
        self.tree.modules[module.index()].names.entry(name).or_default().push(def);
    }

    /// What the paths of every crate may start with.
    fn externs(&mut self) {
        let libraries: HashMap<usize, ModuleId> = self
            .tree
            .crates
            .iter()
            .filter(|c| matches!(c.kind, TargetKind::Lib | TargetKind::ProcMacro))
            .filter_map(|c| Some((c.package?, c.root)))
            .collect();
        for at in 0..self.tree.crates.len() {
            let Some(package) = self.tree.crates[at].package else { continue };
            let externs = externs(&self.workspace.packages[package], package, &libraries, &self.tree);
            self.tree.crates[at].externs = externs;
            let dependencies = &self.workspace.packages[package].dependencies;
            let built_in = dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).filter_map(|d| d.member);
            let of_packages = built_in.chain([package]).filter_map(|member| libraries.get(&member).copied());
            self.tree.crates[at].links = of_packages.filter(|root| *root != self.tree.crates[at].root).collect();
            let asked = dependencies.iter().flat_map(|d| d.features.iter().map(|f| (d.package, ustr(f))));
            self.tree.crates[at].features = asked.collect();
            self.tree.crates[at].toolchain = toolchain(&self.workspace.packages[package]);
        }
    }

    /// Every item under its name.
    fn declare(&mut self) {
        let defs = self.defs;
        macro_rules! declare {
            ($ids:expr, $place:ident, $get:ident, $def:path) => {
                for id in $ids {
                    let item = defs.$get(id);
                    self.declare_in(defs.$place[id.index()].file, item.scope, item.name, $def(id));
                }
            };
        }
        for id in defs.fn_ids().filter(|id| defs.function(*id).owner == Owner::Free) {
            let item = defs.function(id);
            self.declare_in(defs.functions[id.index()].file, item.scope, item.name, Def::Fn(id));
        }
        declare!(defs.type_ids(), types, type_def, Def::Type);
        declare!(defs.static_ids(), statics, static_item, Def::Static);
        declare!((0..defs.traits.len() as u32).map(TraitId), traits, trait_def, Def::Trait);
        for id in (0..defs.aliases.len() as u32).map(AliasId).filter(|id| defs.alias(*id).of_impl.is_none()) {
            let item = defs.alias(id);
            self.declare_in(defs.aliases[id.index()].file, item.scope, item.name, Def::Alias(id));
        }
        for (file, facts) in defs.facts.iter().enumerate() {
            let file = FileId(file as u32);
            let Some(facts) = facts else { continue };
            for item in &facts.macros {
                self.declare_in(file, item.scope, item.name, Def::Macro);
            }
            for item in &facts.uses {
                let Some(module) = self.tree.of_scope.get(&(file, item.scope)).copied() else { continue };
                let conditional = facts.conditional.iter().any(|range| range.contains(item.range));
                let import = Import { path: item.path.clone(), global: item.global, conditional, test: item.test };
                if item.glob {
                    self.tree.modules[module.index()].globs.push(import);
                } else if item.name != "_" {
                    self.declare_name(module, item.name, Def::Import(import));
                }
            }
        }
    }

    fn declare_in(&mut self, file: FileId, scope: ScopeId, name: Ustr, def: Def) {
        if let Some(module) = self.tree.of_scope.get(&(file, scope)).copied() {
            self.declare_name(module, name, def);
        }
    }
}

/// The toolchain that a package promises to build with, or the first one that knows its edition.
fn toolchain(package: &Package) -> Option<Ustr> {
    let by_edition = (package.edition == Edition::E2024).then_some("1.85");
    package.rust_version.as_deref().or(by_edition).map(ustr)
}

fn externs(
    package: &Package,
    at: usize,
    libraries: &HashMap<usize, ModuleId>,
    tree: &Modules,
) -> HashMap<Ustr, Extern> {
    let mut found = HashMap::default();
    if let Some(own) = libraries.get(&at) {
        found.insert(tree.get(*own).name, Extern::Member(*own));
    }
    for dependency in &package.dependencies {
        let member = dependency.member.and_then(|m| libraries.get(&m)).map(|root| Extern::Member(*root));
        found.insert(dependency.extern_name, member.unwrap_or(Extern::Library(dependency.package)));
    }
    found
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// Names of folders of what is not shipped.
const ASIDE: &[&str] = &[
    "demo",
    "demos",
    "docs",
    "fixture",
    "fixtures",
    "sample",
    "samples",
    "snippets",
    "testdata",
    "tutorial",
    "tutorials",
];

/// Names of folders whose workspaces and packages are not shipped, where these stand apart from the others.
const ASIDE_AND_APART: &[&str] = &["archive", "archived", "experiment", "old"];

/// Words that folders of what is not shipped are named with.
const TEST_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "example",
    "examples",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "benchrunner",
    "e2e",
    "experiments",
    "fake",
    "fakes",
    "fuzz",
    "fuzzer",
    "fuzzers",
    "fuzzing",
    "loadtest",
    "loadtests",
    "mock",
    "mocks",
    "perftest",
    "perftests",
    "playground",
    "playgrounds",
    "regress",
    "scripts",
    "sim",
    "simulator",
    "simulators",
    "stress",
    "testutil",
    "testutils",
    "xtask",
];

/// Whether a folder of this name holds what is not shipped, by custom: a whole word of it says so.
fn is_test_folder(name: &str) -> bool {
    name.split(['-', '_']).any(|word| TEST_WORDS.contains(&word))
}

/// Modules that exist for tests, by custom.
fn is_test_name(name: &str) -> bool {
    let whole = matches!(
        name,
        "fake"
            | "fakes"
            | "mock"
            | "mocks"
            | "sim"
            | "test"
            | "tests"
            | "test_utils"
            | "test_util"
            | "testutils"
            | "testutil"
            | "test_helpers"
            | "test_support"
            | "testing"
    );
    whole || name.ends_with("_tests")
}
