//! The walk over folders: which Rust files, manifests, container and process files there are, after `.gitignore`. Opens no file but the ignore files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use walkdir::{DirEntry, WalkDir};

use super::read::{Note, SKIPPED, unreadable};
use crate::deploy::model::Kind;

pub(super) const MANIFEST: &str = "Cargo.toml";

const NOT_FOLLOWED: &str = "it is not followed";

/// What the walks have found so far. A folder is walked once, whichever walk comes first.
#[derive(Default)]
pub(super) struct Tree {
    /// Absolute paths of Rust files.
    pub rust: BTreeSet<PathBuf>,
    /// Absolute paths of manifests.
    pub manifests: BTreeSet<PathBuf>,
    /// Absolute paths of container and process files.
    pub deploy: BTreeSet<PathBuf>,
    pub notes: Vec<Note>,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    folders: HashSet<PathBuf>,
    ignores: Ignores,
    notes: Vec<Note>,
}

impl Tree {
    /// Walks `start`, which is entered even if it is ignored or hidden itself. Symbolic links are followed within its project.
    pub fn walk(&mut self, start: &Path) {
        if self.seen.folders.contains(start) {
            return;
        }
        let limit = project(start);
        let Tree { rust, manifests, deploy, notes, seen } = self;
        seen.ignores.load_above(start);
        let entries = WalkDir::new(start).follow_links(true).sort_by_file_name().into_iter();
        let mut errors = Vec::new();
        for entry in entries.filter_entry(|entry| seen.enters(entry, limit)) {
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) if is_rust(entry.path()) => {
                    rust.insert(entry.into_path());
                }
                Ok(entry) if entry.file_name() == MANIFEST => {
                    manifests.insert(entry.into_path());
                }
                Ok(entry) => {
                    deploy.insert(entry.into_path());
                }
                Err(error) => errors.push(error),
            }
        }
        notes.extend(errors.iter().filter_map(walk_note).filter(|note| !seen.ignores.hides(&note.path, false)));
        notes.append(&mut seen.notes);
    }
}

impl Seen {
    /// Whether the walk takes up this entry; a folder is taken up once.
    fn enters(&mut self, entry: &DirEntry, limit: &Path) -> bool {
        let (path, is_dir) = (entry.path(), entry.file_type().is_dir());
        if entry.depth() > 0 && (is_hidden(entry.file_name()) || self.ignores.hides(path, is_dir)) {
            return false;
        }
        if !is_dir {
            let wanted = is_rust(path) || entry.file_name() == MANIFEST || deploy_kind(path).is_some();
            return wanted && self.stays_inside(entry, limit);
        }
        if entry.depth() > 0 && (is_build_output(path) || is_vendored(path)) || !self.stays_inside(entry, limit) {
            return false;
        }
        self.ignores.load(path);
        self.folders.insert(path.to_path_buf())
    }

    /// A link that leads out of the project is told and not followed.
    fn stays_inside(&mut self, entry: &DirEntry, limit: &Path) -> bool {
        let inside = entry.depth() == 0
            || !entry.path_is_symlink()
            || fs::canonicalize(entry.path()).is_ok_and(|real| real.starts_with(limit));
        if !inside {
            self.notes.push(leads_outside(entry.path()));
        }
        inside
    }
}

/// A link or target path of an untrusted project could show files of the machine that lints it.
pub(super) fn leads_outside(path: &Path) -> Note {
    Note::new(path, "this path leads out of the project", NOT_FOLLOWED)
}

pub(super) fn is_rust(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("rs"))
}

/// The language of a container or process file.
pub(super) fn deploy_kind(path: &Path) -> Option<Kind> {
    Kind::of(path.file_name()?.to_str()?)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Cargo's target folder, also under another name. A module folder called `target` has no manifest beside it.
pub(super) fn is_build_output(dir: &Path) -> bool {
    dir.file_name() == Some(OsStr::new("target")) && dir.with_file_name(MANIFEST).exists()
        || dir.join("CACHEDIR.TAG").exists()
}

/// A copy of somebody else's package, as `cargo vendor` makes it.
fn is_vendored(dir: &Path) -> bool {
    dir.join(".cargo-checksum.json").exists()
}

/// What to tell about an entry that could not be walked; nothing about a dead link that would not have been read anyway.
fn walk_note(error: &walkdir::Error) -> Option<Note> {
    let path = error.path()?;
    if error.loop_ancestor().is_some() {
        return Some(Note::new(path, "a symbolic link leads back to a folder above it", NOT_FOLLOWED));
    }
    let is_dead_link = path.is_symlink();
    if is_dead_link && (!is_rust(path) || is_hidden(path.file_name()?)) {
        return None;
    }
    let (message, consequence) = match error.io_error() {
        _ if is_dead_link => ("a symbolic link leads nowhere".to_owned(), SKIPPED),
        Some(cause) => (unreadable(cause), "it is skipped"),
        None => (error.to_string(), "it is skipped"),
    };
    Some(Note::new(path, message, consequence))
}

/// How far a project reaches that has a folder `dir`: its repository, or `dir` alone.
pub(super) fn project(dir: &Path) -> &Path {
    repository(dir).unwrap_or(dir)
}

/// The folder that holds the repository around `dir`, if there is one.
fn repository(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

/// The ignore files of the folders seen so far.
#[derive(Default)]
struct Ignores {
    by_folder: HashMap<PathBuf, Folder>,
}

struct Folder {
    matcher: Gitignore,
    /// Ignore files above a repository's top do not count inside.
    is_top: bool,
}

impl Ignores {
    /// Takes in the ignore files between `start` and the top of its repository.
    fn load_above(&mut self, start: &Path) {
        if let Some(top) = repository(start) {
            start.ancestors().take_while(|dir| dir.starts_with(top)).for_each(|dir| self.load(dir));
        }
    }

    fn load(&mut self, dir: &Path) {
        if self.by_folder.contains_key(dir) {
            return;
        }
        let is_top = dir.join(".git").exists();
        let mut builder = GitignoreBuilder::new(dir);
        // The last pattern that matches decides, so the weaker file goes first. Git passes over a line it cannot read; so do we.
        let exclude = is_top.then(|| exclude_file(&dir.join(".git"))).flatten();
        for file in exclude.into_iter().chain([dir.join(".gitignore")]).filter(|file| file.is_file()) {
            builder.add(file);
        }
        let matcher = builder.build().unwrap_or_else(|_| Gitignore::empty());
        if is_top || !matcher.is_empty() {
            self.by_folder.insert(dir.to_path_buf(), Folder { matcher, is_top });
        }
    }

    /// Whether the nearest ignore file that has a say hides this path.
    fn hides(&self, path: &Path, is_dir: bool) -> bool {
        for folder in path.ancestors().skip(1).filter_map(|dir| self.by_folder.get(dir)) {
            match folder.matcher.matched(path, is_dir) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None if folder.is_top => return false,
                Match::None => {}
            }
        }
        false
    }
}

/// The repository's own `info/exclude`; `git` is its `.git`, which in a linked worktree is a file that points elsewhere.
fn exclude_file(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.join("info/exclude"));
    }
    let pointer = fs::read_to_string(git).ok()?;
    let private = git.parent()?.join(pointer.strip_prefix("gitdir:")?.trim());
    let common =
        fs::read_to_string(private.join("commondir")).map_or(private.clone(), |path| private.join(path.trim()));
    Some(common.join("info/exclude"))
}
