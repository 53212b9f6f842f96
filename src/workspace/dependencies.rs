//! What a manifest says it depends on, with the workspace's share filled in. Resolves no version.

use std::path::PathBuf;

use cargo_toml::{Dependency as Entry, DependencyDetail, DepsSet};

use super::DependencyKind;
use super::manifest::Manifest;
use super::members::manifest_in;
use super::read::{Note, listed};
use super::walk::MANIFEST;

/// What `[patch]` calls the registry that dependencies come from where they do not say.
const REGISTRY: &str = "crates-io";

/// A dependency as declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Declared {
    pub kind: DependencyKind,
    /// The key in the table: the name in code, unless the dependency's library is called otherwise.
    pub key: String,
    /// The package's real name.
    pub package: String,
    /// Whether `package = ".."` sets the name in code apart from the package's own.
    pub is_renamed: bool,
    pub requirement: Option<String>,
    pub is_optional: bool,
    /// Features asked for, those of an inherited entry and its own.
    pub features: Vec<String>,
    /// The manifest of a path dependency, or of what a `[patch]` puts in its place, by its real path, if it is there.
    pub source: Option<PathBuf>,
    /// The source is a patch's: it makes no member of a workspace.
    pub is_patched: bool,
}

/// A table such as `[dev-dependencies]` and the keys that lead to it.
struct Table<'m> {
    kind: DependencyKind,
    keys: Vec<&'m str>,
    entries: &'m DepsSet,
}

/// All dependencies of a package, platform-specific ones included, sorted; each once.
pub(super) fn dependencies(manifest: &Manifest, workspace: Option<&Manifest>) -> (Vec<Declared>, Vec<Note>) {
    let (mut found, mut notes, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for table in tables(manifest) {
        for (key, entry) in table.entries {
            let place: Vec<&str> = table.keys.iter().copied().chain([key.as_str()]).collect();
            match declare(manifest, workspace, table.kind, key, entry) {
                None => missing.push(place),
                Some((declared, is_there)) => {
                    if !is_there {
                        let message = format!("the dependency `{key}` has no `{MANIFEST}` at its path");
                        notes.extend(manifest.note(&place, message, "nothing but its name is known"));
                    }
                    found.push(declared);
                }
            }
        }
    }
    if let Some(first) = missing.first() {
        let names: Vec<&str> = missing.iter().filter_map(|place| place.last().copied()).collect();
        let message = format!("no workspace around this package names {}", listed(&names));
        notes.extend(manifest.note(first, message, "what is to be taken from the workspace is unknown"));
    }
    found.sort();
    found.dedup();
    (found, notes)
}

fn tables(manifest: &Manifest) -> Vec<Table<'_>> {
    use DependencyKind::{Build, Dev, Normal};
    let content = &manifest.content;
    let mut tables = vec![
        Table { kind: Normal, keys: vec!["dependencies"], entries: &content.dependencies },
        Table { kind: Dev, keys: vec!["dev-dependencies"], entries: &content.dev_dependencies },
        Table { kind: Build, keys: vec!["build-dependencies"], entries: &content.build_dependencies },
    ];
    for (platform, target) in &content.target {
        let keys = |table| vec!["target", platform.as_str(), table];
        tables.extend([
            Table { kind: Normal, keys: keys("dependencies"), entries: &target.dependencies },
            Table { kind: Dev, keys: keys("dev-dependencies"), entries: &target.dev_dependencies },
            Table { kind: Build, keys: keys("build-dependencies"), entries: &target.build_dependencies },
        ]);
    }
    tables
}

/// What an entry says, and whether a path that it has leads to a manifest; nothing where the workspace lacks what is to be inherited.
fn declare(
    manifest: &Manifest,
    workspace: Option<&Manifest>,
    kind: DependencyKind,
    key: &str,
    entry: &Entry,
) -> Option<(Declared, bool)> {
    let (home, full) = match entry {
        Entry::Inherited(_) => from_workspace(workspace, key)?,
        own => (manifest, own),
    };
    let (version, detail): (_, Option<&DependencyDetail>) = match full {
        Entry::Simple(version) => (Some(version), None),
        Entry::Detailed(detail) => (detail.version.as_ref(), Some(detail)),
        Entry::Inherited(_) => (None, None),
    };
    let folder = detail.and_then(|detail| detail.path.as_ref()).map(|path| home.dir.join(path));
    let own = folder.as_deref().and_then(manifest_in);
    let is_there = folder.is_none() || own.is_some();
    let renamed = detail.and_then(|detail| detail.package.as_deref());
    let package = renamed.unwrap_or(key);
    let patch = || patched(workspace.unwrap_or(manifest), package, detail.and_then(|detail| detail.git.as_deref()));
    let patch = if folder.is_none() { patch() } else { None };
    let declared = Declared {
        kind,
        key: key.to_owned(),
        package: package.to_owned(),
        is_renamed: renamed.is_some(),
        requirement: version.cloned(),
        is_optional: entry.optional(),
        features: features(full, entry),
        is_patched: patch.is_some(),
        source: own.or(patch),
    };
    Some((declared, is_there))
}

/// The manifest of the folder that a root's `[patch]` takes a package from, in place of the registry or repository that it would come from.
fn patched(root: &Manifest, package: &str, repository: Option<&str>) -> Option<PathBuf> {
    let replaces = |source: &str| match repository {
        Some(url) => source == url,
        None => source == REGISTRY,
    };
    let patches = root.content.patch.iter().filter(|(source, _)| replaces(source)).flat_map(|(_, patches)| patches);
    let mut folders = patches.filter_map(|(key, entry)| {
        let detail = entry.detail()?;
        let is_it = detail.package.as_deref().unwrap_or(key) == package;
        detail.path.as_ref().filter(|_| is_it)
    });
    manifest_in(&root.dir.join(folders.next()?))
}

fn features(full: &Entry, entry: &Entry) -> Vec<String> {
    let mut all: Vec<String> = full.req_features().iter().chain(entry.req_features()).cloned().collect();
    all.sort();
    all.dedup();
    all
}

/// The workspace's own entry of that name, and the manifest its path is relative to.
fn from_workspace<'m>(workspace: Option<&'m Manifest>, key: &str) -> Option<(&'m Manifest, &'m Entry)> {
    let root = workspace?;
    Some((root, root.content.workspace.as_ref()?.dependencies.get(key)?))
}
