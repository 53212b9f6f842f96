//! What there is to analyse: roots, packages, targets, dependencies and the text of every file, as plain data.
//! Reads manifests and folders, executes nothing, and knows nothing of Rust's grammar.

mod assemble;
mod dependencies;
mod discover;
mod lock;
mod manifest;
mod members;
mod owners;
mod read;
mod survey;
mod targets;
#[cfg(test)]
mod tests;
mod walk;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use ustr::Ustr;

use crate::deploy::model::Kind;
use crate::diagnostic::Problem;
use crate::source::{FileId, Sources};

pub use discover::{DiscoverError, discover};
pub use read::normal;

/// Everything that is analysed in one run.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Where the analysis is rooted, sorted by folder.
    pub roots: Vec<Root>,
    /// Sorted by folder.
    pub packages: Vec<Package>,
    /// All files read, Rust files and manifests, sorted by path.
    pub sources: Sources,
    /// The Rust files in `sources`, each once, in the same order.
    pub rust_files: Vec<RustFile>,
    /// Container and process files in `sources`, each once, in the same order.
    pub deploy_files: Vec<DeployFile>,
    /// The arguments as absolute paths without symbolic links: what is reported. Empty means everything.
    pub selection: Vec<PathBuf>,
    /// What could not be read or is left out, sorted by path and place.
    pub problems: Vec<Problem>,
}

impl Workspace {
    /// Whether findings in this file are reported: it is one of the arguments or lies below one.
    pub fn selects(&self, file: FileId) -> bool {
        let path = &self.sources.get(file).path;
        self.selection.is_empty() || self.selection.iter().any(|chosen| path.starts_with(chosen))
    }
}

/// The top of a workspace, of a package that is its own root, or of a folder of files without a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Absolute.
    pub dir: PathBuf,
    /// The root's manifest, where a `[workspace.metadata.watertight]` may stand; none for loose files.
    pub manifest: Option<FileId>,
}

/// A Rust file and the package whose folder it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RustFile {
    pub file: FileId,
    /// Index into [`Workspace::packages`]; none for a loose file.
    pub package: Option<usize>,
}

/// A file that describes how something is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeployFile {
    pub file: FileId,
    pub kind: Kind,
    /// It, or a folder it lies in, is named as one for development or tests.
    pub is_aside: bool,
}

/// A package of the analysis, with what its workspace passes down already filled in.
#[derive(Debug, Clone)]
pub struct Package {
    /// As the manifest spells it; the folder's name where the manifest cannot be read.
    pub name: String,
    pub version: Option<String>,
    pub edition: Edition,
    /// The oldest toolchain it promises to build with (`1.88`).
    pub rust_version: Option<String>,
    pub manifest: FileId,
    /// Absolute.
    pub dir: PathBuf,
    /// Sorted by kind and name. Only those whose root file was read.
    pub targets: Vec<Target>,
    /// Sorted by kind and name in code.
    pub dependencies: Vec<Dependency>,
    /// It may be published, or its library is built for programs in other languages: somebody who is not part of the analysis may use it.
    pub for_others: bool,
}

/// What cargo would build as one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// For a library the crate's name in code; otherwise the target's name as spelled.
    pub name: String,
    pub kind: TargetKind,
    /// The crate's root file.
    pub root: FileId,
    pub edition: Edition,
    /// Cargo builds it only where features are asked for that are not on by themselves.
    pub on_request: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    Lib,
    ProcMacro,
    Bin,
    Test,
    Bench,
    Example,
    BuildScript,
}

/// A language edition, in the order of their years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Edition {
    #[serde(rename = "2015")]
    E2015,
    #[serde(rename = "2018")]
    E2018,
    #[serde(rename = "2021")]
    E2021,
    #[serde(rename = "2024")]
    E2024,
}

/// One dependency of a package. The same package may be there several times, under other kinds or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The name in code: `-` is `_`, after renaming; for a member that is not renamed, the name of its library.
    pub extern_name: Ustr,
    /// The package's real name, `-` is `_`.
    pub package: Ustr,
    pub kind: DependencyKind,
    /// The version requirement as written; none for a bare path or git dependency.
    pub requirement: Option<String>,
    /// The version in `Cargo.lock`, if there is one and it is unambiguous.
    pub locked: Option<String>,
    /// Index into [`Workspace::packages`], where the dependency's source is part of the analysis.
    pub member: Option<usize>,
    pub optional: bool,
    /// Features asked for.
    pub features: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyKind {
    Normal,
    Dev,
    Build,
}
