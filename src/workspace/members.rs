//! Which manifests belong together, by cargo's rules: workspace roots, members, globs, exclusions and path dependencies.
//! Knows no source file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use globset::Glob;
use walkdir::WalkDir;

use super::dependencies::{Declared, dependencies};
use super::manifest::Manifest;
use super::read::Note;
use super::walk::{MANIFEST, is_build_output};

/// All manifests looked at, each read once. Manifests are named by their absolute path without symbolic links.
#[derive(Default)]
pub(super) struct Manifests {
    read: BTreeMap<PathBuf, Rc<Manifest>>,
    members: BTreeMap<PathBuf, Rc<BTreeSet<PathBuf>>>,
    roots: BTreeMap<PathBuf, PathBuf>,
    /// By package and root.
    dependencies: BTreeMap<(PathBuf, PathBuf), Rc<Vec<Declared>>>,
    pub notes: Vec<Note>,
}

impl Manifests {
    /// The manifest at a path that exists.
    pub fn get(&mut self, path: &Path) -> Rc<Manifest> {
        if let Some(manifest) = self.read.get(path) {
            return Rc::clone(manifest);
        }
        let (manifest, note) = Manifest::read(path);
        self.notes.extend(note);
        let manifest = Rc::new(manifest);
        self.read.insert(path.to_path_buf(), Rc::clone(&manifest));
        manifest
    }

    /// The manifest at a path, if it has been looked at.
    pub fn already_read(&self, path: &Path) -> Option<&Manifest> {
        self.read.get(path).map(Rc::as_ref)
    }

    /// The manifest of the workspace that `manifest` is a member of; itself, if it is in none.
    pub fn root_of(&mut self, manifest: &Path) -> PathBuf {
        if let Some(root) = self.roots.get(manifest) {
            return root.clone();
        }
        let root = self.find_root(manifest).unwrap_or_else(|| manifest.to_path_buf());
        self.roots.insert(manifest.to_path_buf(), root.clone());
        root
    }

    fn find_root(&mut self, path: &Path) -> Option<PathBuf> {
        let manifest = self.get(path);
        if manifest.is_workspace {
            return None;
        }
        if let Some(pointer) = manifest.content.package.as_ref().and_then(|package| package.workspace.as_ref()) {
            let root = manifest_in(&manifest.dir.join(pointer)).filter(|root| self.get(root).is_workspace);
            if root.is_none() {
                let message = format!("there is no workspace at `{}`", pointer.display());
                let note = manifest.note(&["package", "workspace"], message, "the package is taken for its own root");
                self.notes.extend(note);
            }
            return root;
        }
        // The nearest workspace that does not exclude the package decides; whoever it does not count in stands alone.
        let above = manifest.dir.ancestors().skip(1).map(|dir| dir.join(MANIFEST)).filter(|path| path.is_file());
        let root = above.into_iter().find(|above| {
            let above = self.get(above);
            above.is_workspace && !excludes(&above, path)
        })?;
        self.members(&root).contains(path).then_some(root)
    }

    /// The packages of the workspace at `root`, or the root alone.
    ///
    /// Default members are members; which of them a command builds by default is nothing to a linter.
    pub fn members(&mut self, root: &Path) -> Rc<BTreeSet<PathBuf>> {
        if let Some(members) = self.members.get(root) {
            return Rc::clone(members);
        }
        let manifest = self.get(root);
        let mut members = BTreeSet::new();
        let mut queue: Vec<PathBuf> = manifest.is_package.then(|| root.to_path_buf()).into_iter().collect();
        queue.extend(self.named_members(&manifest));
        while let Some(path) = queue.pop() {
            if path != root && excludes(&manifest, &path) || members.contains(&path) || !self.get(&path).is_package {
                continue;
            }
            if manifest.is_workspace {
                let dependencies = self.dependencies(&path, root);
                let own = dependencies.iter().filter(|dependency| !dependency.is_patched);
                let sources = own.filter_map(|dependency| dependency.source.as_ref());
                let below =
                    sources.filter(|source| source.starts_with(&manifest.dir) && !self.get(source).is_workspace);
                queue.extend(below.cloned());
            }
            members.insert(path);
        }
        let members = Rc::new(members);
        self.members.insert(root.to_path_buf(), Rc::clone(&members));
        members
    }

    /// The manifests that `members` names. A broken workspace may have lost some of its list, so there every package below is one.
    fn named_members(&mut self, root: &Manifest) -> Vec<PathBuf> {
        let mut named = Vec::new();
        if let Some(workspace) = &root.content.workspace {
            for (list, patterns) in [("members", &workspace.members), ("default-members", &workspace.default_members)] {
                for (at, pattern) in patterns.iter().enumerate() {
                    let found = expand(&root.dir, pattern);
                    if found.is_empty() && !has_wildcard(pattern) {
                        let message = format!("the member `{pattern}` has no `{MANIFEST}`");
                        let keys = ["workspace", list, &at.to_string()];
                        self.notes.extend(root.note(&keys, message, "the member is left out"));
                    }
                    named.extend(found);
                }
            }
        }
        if root.is_broken && root.is_workspace {
            named.extend(expand(&root.dir, "**"));
        }
        named
    }

    /// What a package depends on, with the share of the workspace at `root`.
    pub fn dependencies(&mut self, path: &Path, root: &Path) -> Rc<Vec<Declared>> {
        let key = (path.to_path_buf(), root.to_path_buf());
        if let Some(found) = self.dependencies.get(&key) {
            return Rc::clone(found);
        }
        let (manifest, root) = (self.get(path), self.get(root));
        let (found, notes) = dependencies(&manifest, root.is_workspace.then_some(&root));
        self.notes.extend(notes);
        let found = Rc::new(found);
        self.dependencies.insert(key, Rc::clone(&found));
        found
    }
}

/// The nearest manifest in `dir` or above.
pub(super) fn nearest(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().map(|dir| dir.join(MANIFEST)).find(|path| path.is_file())
}

/// The manifest in a folder, if there is one, by its real path.
pub(super) fn manifest_in(dir: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(dir).ok()?.join(MANIFEST);
    path.is_file().then_some(path)
}

/// Whether the workspace at `root` lists this manifest, or a folder above it, in `exclude` and not word for word in `members`.
pub(super) fn excludes(root: &Manifest, path: &Path) -> bool {
    let Some(workspace) = &root.content.workspace else {
        return false;
    };
    let lists = |paths: &[String]| paths.iter().any(|listed| path.starts_with(root.dir.join(listed)));
    lists(&workspace.exclude) && !lists(&workspace.members)
}

/// The manifests in the folders that a member pattern stands for. Folders without one are passed over.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let folders = pattern
        .split('/')
        .fold(vec![root.to_path_buf()], |folders, part| folders.iter().flat_map(|folder| step(folder, part)).collect());
    folders.iter().filter_map(|folder| manifest_in(folder)).collect()
}

/// The folders that one component of a pattern leads to.
fn step(dir: &Path, part: &str) -> Vec<PathBuf> {
    if part == "**" {
        let below = WalkDir::new(dir)
            .into_iter()
            .filter_entry(|entry| entry.file_type().is_dir() && (entry.depth() == 0 || is_ordinary(entry.path())));
        return below.flatten().map(|entry| entry.into_path()).collect();
    }
    if !has_wildcard(part) {
        return vec![dir.join(part)];
    }
    let Ok(glob) = Glob::new(part) else {
        return Vec::new();
    };
    let glob = glob.compile_matcher();
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| glob.is_match(entry.file_name()))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

fn is_ordinary(dir: &Path) -> bool {
    let is_hidden = dir.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !is_hidden && !is_build_output(dir)
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}
