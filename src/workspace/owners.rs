//! Whose a Rust file is, by the nearest manifest above it, and what is left over. Opens no file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use super::members::excludes;
use super::read::{Note, listed};
use super::survey::Survey;
use super::walk::MANIFEST;
use crate::source::display_path;

/// What follows for Rust files that belong to no package.
const ALONE: &str = "what belongs to no package is read on its own, without crates and dependencies";

/// Whose a Rust file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'s> {
    /// A package of the analysis, by its index.
    Package(usize),
    /// A workspace root that is no package itself, by its folder.
    Root(&'s Path),
    /// A package that is not part of the analysis: its files are not read.
    Stranger,
    /// There is no manifest above the file.
    Nobody,
}

impl<'s> Owner<'s> {
    /// The folder of the root, if it is one.
    fn root(self) -> Option<&'s Path> {
        match self {
            Owner::Root(dir) => Some(dir),
            Owner::Package(_) | Owner::Stranger | Owner::Nobody => None,
        }
    }

    /// The index of the package, if it is one of the analysis.
    pub fn package(self) -> Option<usize> {
        match self {
            Owner::Package(package) => Some(package),
            Owner::Root(_) | Owner::Stranger | Owner::Nobody => None,
        }
    }
}

/// The folders that have a manifest.
pub(super) struct Owners<'s> {
    survey: &'s Survey,
    packages: HashMap<&'s Path, usize>,
    roots: BTreeSet<&'s Path>,
    manifests: BTreeSet<&'s Path>,
    /// Root files of targets. A target may lie in a folder that is not its package's.
    targets: HashMap<&'s Path, usize>,
}

impl<'s> Owners<'s> {
    pub fn new(survey: &'s Survey) -> Self {
        let packages = survey.packages.values().enumerate();
        Owners {
            survey,
            packages: survey.packages.keys().enumerate().map(|(at, dir)| (dir.as_path(), at)).collect(),
            roots: survey.roots.iter().filter_map(|path| path.parent()).collect(),
            manifests: survey.tree.manifests.iter().filter_map(|path| path.parent()).collect(),
            targets: packages
                .flat_map(|(at, package)| package.targets.iter().map(move |target| (target.path.as_path(), at)))
                .collect(),
        }
    }

    /// The package whose folder this is.
    pub fn package(&self, dir: &Path) -> Option<usize> {
        self.packages.get(dir).copied()
    }

    pub fn of(&self, file: &Path) -> Owner<'s> {
        let by_folder = file.ancestors().skip(1).find_map(|dir| self.at(dir));
        match (by_folder, self.targets.get(file)) {
            (Some(Owner::Package(package)), _) | (_, Some(&package)) => Owner::Package(package),
            (other, None) => other.unwrap_or(Owner::Nobody),
        }
    }

    fn at(&self, dir: &Path) -> Option<Owner<'s>> {
        let package = self.package(dir).map(Owner::Package);
        let root = || self.roots.get(dir).map(|root| Owner::Root(root));
        package.or_else(root).or_else(|| self.manifests.contains(dir).then_some(Owner::Stranger))
    }

    /// What to tell about files and packages that nobody in the analysis claims.
    pub fn left_over(&self, files: impl Iterator<Item = (&'s Path, Owner<'s>)>) -> Vec<Note> {
        let mut notes = Vec::new();
        for (root, files) in by_root(files.filter_map(|(file, owner)| Some((owner.root()?, file)))) {
            let message = format!("no package claims {files}");
            notes.push(Note::new(&root.join(MANIFEST), message, ALONE));
        }
        for (root, packages) in by_root(self.strangers()) {
            let message = format!("not members of this workspace, though below it: {packages}");
            let consequence = "they are not linted; give their folders as arguments to lint them";
            notes.push(Note::new(&root.join(MANIFEST), message, consequence));
        }
        for dir in &self.survey.loose {
            notes.push(Note::new(dir, "no `Cargo.toml` here or above", ALONE));
        }
        notes
    }

    /// The folders of packages that are not part of the analysis, each with the root it lies below.
    fn strangers(&self) -> impl Iterator<Item = (&'s Path, &'s Path)> {
        let strangers = self.manifests.iter().copied().filter(|dir| self.at(dir) == Some(Owner::Stranger));
        strangers.filter_map(|dir| {
            let root = dir.ancestors().find_map(|dir| self.roots.get(dir).copied())?;
            (!self.is_accounted_for(dir, root)).then_some((root, dir))
        })
    }

    /// Whether the workspace excludes the package in `dir` by intent, or has it as a member under its real path.
    fn is_accounted_for(&self, dir: &Path, root: &Path) -> bool {
        let root = self.survey.manifests.already_read(&root.join(MANIFEST));
        let is_excluded = root.is_some_and(|root| excludes(root, &dir.join(MANIFEST)));
        is_excluded || fs::canonicalize(dir).is_ok_and(|real| self.packages.contains_key(real.as_path()))
    }
}

/// The names below each root, listed.
fn by_root<'p>(found: impl Iterator<Item = (&'p Path, &'p Path)>) -> BTreeMap<&'p Path, String> {
    let mut names: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
    for (root, path) in found {
        names.entry(root).or_default().push(display_path(path, root));
    }
    names.into_iter().map(|(root, names)| (root, listed(&names))).collect()
}
