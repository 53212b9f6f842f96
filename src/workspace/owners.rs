//! Whose a Rust file is, by the nearest manifest above it, and what is left over. Opens no file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use super::members::excludes;
use super::read::{Note, listed};
use super::survey::Survey;
use super::walk::MANIFEST;
use crate::source::display_path;

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
    pub fn left_over<'f>(&self, files: impl Iterator<Item = (&'f Path, Owner<'s>)>) -> Vec<Note> {
        let mut orphans: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
        for (file, owner) in files {
            if let Owner::Root(root) = owner {
                orphans.entry(root).or_default().push(display_path(file, root));
            }
        }
        let mut strangers: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
        for dir in self.manifests.iter().copied().filter(|dir| self.at(dir) == Some(Owner::Stranger)) {
            let root = dir.ancestors().find_map(|dir| self.roots.get(dir).copied());
            if let Some(root) = root.filter(|root| !self.is_accounted_for(dir, root)) {
                strangers.entry(root).or_default().push(display_path(dir, root));
            }
        }
        let orphans = orphans.into_iter().map(|(root, names)| {
            let message = format!("no package claims {}", listed(&names));
            Note::new(
                &root.join(MANIFEST),
                message,
                "what belongs to no package is read on its own, without crates and dependencies",
            )
        });
        let strangers = strangers.into_iter().map(|(root, names)| {
            let message = format!("not members of this workspace, though below it: {}", listed(&names));
            Note::new(
                &root.join(MANIFEST),
                message,
                "they are not linted; give their folders as arguments to lint them",
            )
        });
        let loose = self.survey.loose.iter().map(|dir| {
            Note::new(
                dir,
                "no `Cargo.toml` here or above",
                "the Rust files are read on their own, without crates and dependencies",
            )
        });
        orphans.chain(strangers).chain(loose).collect()
    }

    /// Whether the workspace excludes the package in `dir` by intent, or has it as a member under its real path.
    fn is_accounted_for(&self, dir: &Path, root: &Path) -> bool {
        let root = self.survey.manifests.already_read(&root.join(MANIFEST));
        let is_excluded = root.is_some_and(|root| excludes(root, &dir.join(MANIFEST)));
        is_excluded || fs::canonicalize(dir).is_ok_and(|real| self.packages.contains_key(real.as_path()))
    }
}
