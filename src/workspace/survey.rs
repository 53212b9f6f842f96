//! Which roots, packages and Rust files there are. Opens manifests, but no Rust file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::dependencies::Declared;
use super::manifest::Manifest;
use super::members::{Manifests, nearest};
use super::read::Note;
use super::targets::{TargetFile, targets};
use super::walk::{Tree, is_rust, leads_outside, project};

/// What is known so far; each step adds to it.
#[derive(Default)]
pub(super) struct Survey {
    /// Manifests that are their own workspace root.
    pub roots: BTreeSet<PathBuf>,
    /// Folders with Rust files that no manifest claims.
    pub loose: BTreeSet<PathBuf>,
    /// The packages of the analysis by their folders.
    pub packages: BTreeMap<PathBuf, Member>,
    pub manifests: Manifests,
    pub tree: Tree,
    notes: Vec<Note>,
}

/// A package before files have ids.
pub(super) struct Member {
    pub manifest: Rc<Manifest>,
    /// The root of its workspace; its own manifest if it is in none.
    pub root: Rc<Manifest>,
    pub targets: Vec<TargetFile>,
    pub dependencies: Rc<Vec<Declared>>,
}

impl Survey {
    /// Everything to tell so far.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().chain(&self.manifests.notes).chain(&self.tree.notes)
    }

    /// The roots around every argument and below every folder that is one or, without arguments, around the current folder.
    pub fn find_roots(&mut self, selection: &[PathBuf], current: &Path) {
        for place in selection {
            if place.is_file() { self.find_root_of_file(place) } else { self.find_roots_below(place) }
        }
        if selection.is_empty() {
            match nearest(current) {
                Some(manifest) => self.add_root(&manifest),
                None => self.find_roots_below(current),
            }
        }
    }

    fn find_root_of_file(&mut self, file: &Path) {
        let dir = file.parent().unwrap_or(file);
        match nearest(dir) {
            Some(manifest) => self.add_root(&manifest),
            None => {
                self.loose.insert(dir.to_path_buf());
            }
        }
    }

    /// A folder stands for the roots of its Rust files, and for its own; if it has neither, for what is around it.
    fn find_roots_below(&mut self, dir: &Path) {
        self.tree.walk(dir);
        let files = self.tree.rust.iter().filter(|path| path.starts_with(dir));
        let folders: BTreeSet<&Path> = files.filter_map(|path| path.parent()).collect();
        let manifests: BTreeSet<Option<PathBuf>> = folders.into_iter().map(nearest).collect();
        if manifests.contains(&None) {
            self.loose.insert(dir.to_path_buf());
        }
        let around = nearest(dir).filter(|around| manifests.is_empty() || around.parent() == Some(dir));
        for manifest in manifests.into_iter().flatten().chain(around) {
            self.add_root(&manifest);
        }
    }

    fn add_root(&mut self, manifest: &Path) {
        self.roots.insert(self.manifests.root_of(manifest));
    }

    /// The roots' members, and what they take by path from elsewhere in the same project.
    pub fn find_packages(&mut self) {
        let mut queue: Vec<(PathBuf, PathBuf)> = Vec::new();
        for root in &self.roots {
            queue.extend(self.manifests.members(root).iter().map(|member| (member.clone(), root.clone())));
        }
        while let Some((path, root_path)) = queue.pop() {
            let (manifest, root) = (self.manifests.get(&path), self.manifests.get(&root_path));
            if !manifest.is_package || self.packages.contains_key(&manifest.dir) {
                continue;
            }
            let dependencies = self.manifests.dependencies(&path, &root_path);
            let project = project(&root.dir);
            let sources = dependencies
                .iter()
                .filter_map(|dependency| dependency.source.as_ref())
                .filter(|path| path.starts_with(project));
            queue.extend(sources.map(|path| (path.clone(), self.manifests.root_of(path))));
            let (targets, notes) = targets(&manifest, manifest.edition(Some(&root)));
            self.notes.extend(notes);
            self.packages.insert(manifest.dir.clone(), Member { manifest, root, targets, dependencies });
        }
    }

    /// All Rust files of roots and packages. What a manifest or an argument names is found even where `.gitignore` hides it.
    pub fn find_files(&mut self, selection: &[PathBuf]) {
        let roots = self.roots.iter().filter_map(|path| path.parent().map(Path::to_path_buf));
        for dir in roots.chain(self.packages.keys().cloned()) {
            self.tree.walk(&dir);
        }
        let Survey { packages, tree, notes, .. } = self;
        for package in packages.values() {
            let outside = package.targets.iter().filter(|target| !take_target(tree, package, &target.path));
            notes.extend(outside.map(|target| leads_outside(&target.path)));
        }
        self.tree.rust.extend(selection.iter().filter(|path| path.is_file() && is_rust(path)).cloned());
    }
}

/// Makes sure of a target's root file, and of the folder it shares with its modules. False if it is none of the project's.
fn take_target(tree: &mut Tree, package: &Member, path: &Path) -> bool {
    if tree.rust.contains(path) {
        return true;
    }
    let home = &package.manifest.dir;
    let is_inside =
        fs::canonicalize(path).is_ok_and(|real| real.starts_with(home) || real.starts_with(project(&package.root.dir)));
    if is_inside {
        path.parent().filter(|dir| dir.starts_with(home)).into_iter().for_each(|dir| tree.walk(dir));
        tree.rust.insert(path.to_path_buf());
    }
    is_inside
}
