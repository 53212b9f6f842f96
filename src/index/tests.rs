//! Tests of the index: what small programs are known to be, question by question. Programs are texts in memory; questions point at them
//! by the text of an expression.

mod accepts;
mod batches;
mod behaviour;
mod changes;
mod conditions;
mod cycles;
mod dispatch;
mod endings;
mod errors;
mod examples;
mod flow;
mod given_up;
mod growth;
mod inventory;
mod kept;
mod leaks;
mod macros;
mod names;
mod once;
mod peers;
mod programs;
mod settings;
mod shared;
mod state;
mod tokens;
mod types;
mod unseen;
mod ways;

use std::path::{Path, PathBuf};

use ustr::ustr;

use super::bodies::infer::Callee;
use super::calls::Site;
use super::declared::defs::{FnId, StaticId, TypeId};
use super::declared::types::{Bound, Ty};
use super::{Index, Outline};
use crate::catalogue::{Catalogue, Libraries};
use crate::facts;
use crate::facts::model::Op;
use crate::source::{FileId, SourceFile, Sources};
use crate::workspace::{Dependency, DependencyKind, Edition, Package, Root, RustFile, Target, TargetKind, Workspace};

/// A linked program with its texts.
struct Linked {
    index: Index,
    sources: Sources,
}

/// A program in one file.
fn program(text: &str) -> Linked {
    files(&[("main.rs", text)])
}

/// A program in one file that uses libraries in these versions.
fn program_using(libraries: Libraries, text: &str) -> Linked {
    let mut workspace = Workspace { roots: vec![root()], ..Workspace::default() };
    add(&mut workspace, "main.rs", text, None);
    link(workspace, libraries)
}

/// Files without a manifest; `main.rs` and what it declares are one program.
fn files(files: &[(&str, &str)]) -> Linked {
    let mut workspace = Workspace { roots: vec![root()], ..Workspace::default() };
    for (path, text) in files {
        add(&mut workspace, path, text, None);
    }
    link(workspace, Libraries::any())
}

/// A package: its name, its kind of target, the text of its root file, and its dependencies as name in code and package.
type Source<'a> = (&'a str, TargetKind, &'a str, &'a [(&'a str, &'a str)]);

/// Packages of one target each, in `name/lib.rs` or `name/main.rs`: name, text, and dependencies as the name in code and that of the package.
fn packages(packages: &[Source]) -> Linked {
    let mut workspace = Workspace { roots: vec![root()], ..Workspace::default() };
    for (at, (name, kind, text, dependencies)) in packages.iter().enumerate() {
        let file = if *kind == TargetKind::Bin { "main.rs" } else { "lib.rs" };
        let root = add(&mut workspace, &format!("{name}/{file}"), text, Some(at));
        let dependencies = dependencies.iter().map(|(extern_name, package)| Dependency {
            extern_name: ustr(extern_name),
            package: ustr(package),
            kind: DependencyKind::Normal,
            requirement: None,
            locked: None,
            member: packages.iter().position(|(other, ..)| other == package),
            optional: false,
            features: Vec::new(),
        });
        workspace.packages.push(Package {
            name: (*name).to_owned(),
            version: None,
            edition: Edition::E2024,
            rust_version: None,
            manifest: root,
            dir: Path::new("/code").join(name),
            targets: vec![Target {
                name: (*name).to_owned(),
                kind: *kind,
                root,
                edition: Edition::E2024,
                on_request: false,
            }],
            dependencies: dependencies.collect(),
            for_others: true,
        });
    }
    link(workspace, Libraries::any())
}

fn root() -> Root {
    Root { dir: PathBuf::from("/code"), manifest: None }
}

fn add(workspace: &mut Workspace, path: &str, text: &str, package: Option<usize>) -> FileId {
    let base = Path::new("/code");
    let file = workspace.sources.add(SourceFile::new(base.join(path), base, text));
    workspace.rust_files.push(RustFile { file, package });
    file
}

fn link(workspace: Workspace, libraries: Libraries) -> Linked {
    let home = |rust: &RustFile| {
        let library = rust.package.map(|at| ustr(&workspace.packages[at].name));
        facts::Home { file: rust.file, package: rust.package, library }
    };
    let text = |rust: &RustFile| &workspace.sources.get(rust.file).text;
    let mut macros = facts::Macros::default();
    workspace.rust_files.iter().for_each(|rust| macros.add(home(rust), text(rust), facts::declared(text(rust))));
    let extracted = workspace.rust_files.iter().map(|rust| facts::extract_within(text(rust), &macros, home(rust)));
    let facts = extracted.map(|facts| Some(facts.unwrap_or_else(|error| panic!("{}", error.message)))).collect();
    let outline = Outline::link(&workspace, facts, Catalogue::embedded(libraries));
    let infos = outline.bodies().into_iter().map(|body| (body, outline.infer(body))).collect();
    Linked { index: Index::new(outline, infos), sources: workspace.sources }
}

impl Linked {
    /// The first expression that is written like this, statements aside.
    fn site(&self, text: &str) -> Site {
        self.sites(text).next().unwrap_or_else(|| panic!("no expression `{text}`"))
    }

    /// All expressions that are written like this.
    fn sites<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Site> + 'a {
        self.index.bodies().flat_map(move |(body, facts, _)| {
            let written = facts.iter().filter(move |(_, node)| {
                let span = self.index.place_written(node.range.in_file(body.file));
                let is_statement = matches!(node.op, Op::Discard(_) | Op::Bind { .. });
                !is_statement && self.sources.get(span.file).slice(span.range()) == text
            });
            written.map(move |(node, _)| Site { body, node })
        })
    }

    /// The type of an expression, as people would write it; a library's types by their canonical path.
    fn ty(&self, text: &str) -> String {
        self.show(self.index.ty(self.site(text)))
    }

    /// What a call runs: a path, or what is not known of it.
    fn callee(&self, text: &str) -> String {
        match self.index.callee(self.site(text)) {
            Some(Callee::Workspace(id)) => self.index.fn_path(*id),
            Some(Callee::Trait(id)) => format!("trait {}", self.index.fn_path(*id)),
            Some(Callee::External(path)) => path.to_string(),
            Some(Callee::Constructor(id, variant)) => {
                let name = self.index.defs().type_def(*id).name;
                variant.map_or_else(|| format!("new {name}"), |variant| format!("new {name}::{variant}"))
            }
            Some(Callee::Closure(_)) => "closure".to_owned(),
            Some(Callee::Unknown(reason)) => format!("unknown {reason:?}"),
            None => "no call".to_owned(),
        }
    }

    fn function(&self, name: &str) -> FnId {
        let mut ids = self.index.defs().fn_ids();
        ids.find(|id| self.index.defs().function(*id).name == name).unwrap_or_else(|| panic!("no function `{name}`"))
    }

    fn static_item(&self, name: &str) -> StaticId {
        let mut ids = self.index.defs().static_ids();
        ids.find(|id| self.index.defs().static_item(*id).name == name).unwrap_or_else(|| panic!("no static `{name}`"))
    }

    fn show(&self, ty: &Ty) -> String {
        let all = |parts: &[Ty]| parts.iter().map(|part| self.show(part)).collect::<Vec<_>>().join(", ");
        let with = |name: &str, parts: &[Ty]| {
            if parts.is_empty() { name.to_owned() } else { format!("{name}<{}>", all(parts)) }
        };
        let type_name = |id: &TypeId| self.index.defs().type_def(*id).name;
        match ty {
            Ty::Unknown => "?".to_owned(),
            Ty::Never => "!".to_owned(),
            Ty::Adt(id, parts) => with(&type_name(id), parts),
            Ty::Ext(path, parts) => with(path, parts),
            Ty::Ref(of) => format!("&{}", self.show(of)),
            Ty::Tuple(parts) => format!("({})", all(parts)),
            Ty::Slice(of) => format!("[{}]", self.show(of)),
            Ty::Future(of) => format!("async {}", self.show(of)),
            Ty::Fn(id) => format!("fn {}", self.index.fn_path(*id)),
            Ty::ExtFn(path, parts) => format!("fn {}", with(path, parts)),
            Ty::Constructor(id, variant) => variant.map_or_else(
                || format!("new {}", type_name(id)),
                |variant| format!("new {}::{variant}", type_name(id)),
            ),
            Ty::Closure(_) => "closure".to_owned(),
            Ty::Callable(parameters, returns) => format!("fn({}) -> {}", all(parameters), self.show(returns)),
            Ty::Param(name) => name.to_string(),
            Ty::Bounded(bounds) => {
                let bound = |bound: &Bound| match bound {
                    Bound::Trait(id, _) => self.index.defs().trait_def(*id).name.to_string(),
                    Bound::Ext(path, _) => path.to_string(),
                };
                format!("impl {}", bounds.iter().map(bound).collect::<Vec<_>>().join(" + "))
            }
        }
    }
}
