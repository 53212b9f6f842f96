//! Reads the texts, gives files their ids, and puts the workspace together. Decides nothing about what belongs to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ustr::Ustr;

use super::dependencies::Declared;
use super::lock::Lock;
use super::owners::{Owner, Owners};
use super::read::{Note, SKIPPED, read_text};
use super::survey::{Member, Survey};
use super::targets::{TargetFile, crate_name};
use super::walk::deploy_kind;
use super::{Dependency, DeployFile, Package, Root, RustFile, Target, TargetKind, Workspace};
use crate::deploy::model::Kind;
use crate::diagnostic::Problem;
use crate::source::{SourceFile, Sources, display_path};

/// What `survey` found, with all texts. `current` is the folder that displayed paths are relative to.
pub(super) fn assemble(survey: &Survey, selection: Vec<PathBuf>, current: &Path) -> Workspace {
    let owners = Owners::new(survey);
    let owned = survey.tree.rust.iter().map(|path| (path.as_path(), owners.of(path)));
    let files: Vec<(&Path, Owner)> = owned.filter(|(_, owner)| *owner != Owner::Stranger).collect();
    let mut notes: BTreeSet<Note> = survey.notes().cloned().collect();
    notes.extend(owners.left_over(files.iter().copied()));

    let deploy: Vec<&Path> =
        survey.tree.deploy.iter().map(PathBuf::as_path).filter(|path| owners.of(path) != Owner::Stranger).collect();
    let sources = sources(survey, &files, &deploy, current, &mut notes);
    let packages = packages(survey, &owners, &sources, &mut notes);
    let rust_files = files
        .iter()
        .filter_map(|(path, owner)| Some(RustFile { file: sources.find(path)?, package: owner.package() }))
        .collect();
    let roots = roots(survey, &sources);
    let deploy_files = deploy.iter().filter_map(|path| deploy_file(path, &roots, &sources)).collect();
    let problems = notes.into_iter().map(|note| problem(note, &sources, current)).collect();
    Workspace { roots, packages, rust_files, deploy_files, selection, problems, sources }
}

/// A container or process file whose text was read.
fn deploy_file(path: &Path, roots: &[Root], sources: &Sources) -> Option<DeployFile> {
    // Of nested workspaces the outermost: in an inner one's own folder its name would not be seen.
    let around = roots.iter().filter(|root| path.starts_with(&root.dir));
    let root = around.min_by_key(|root| root.dir.components().count());
    let below = root.and_then(|root| path.strip_prefix(&root.dir).ok()).unwrap_or(path);
    let is_aside = below.iter().any(|name| name.to_str().is_some_and(Kind::is_aside));
    Some(DeployFile { file: sources.find(path)?, kind: deploy_kind(path)?, is_aside })
}

/// The texts of all Rust files, of container and process files and of the manifests that matter, in the order of their paths.
fn sources(
    survey: &Survey,
    files: &[(&Path, Owner)],
    deploy: &[&Path],
    current: &Path,
    notes: &mut BTreeSet<Note>,
) -> Sources {
    let mut texts: BTreeMap<&Path, Arc<str>> = BTreeMap::new();
    for path in files.iter().map(|(path, _)| path).chain(deploy) {
        match read_text(path) {
            Ok(text) => {
                texts.insert(path, text.into());
            }
            Err(message) => {
                notes.insert(Note::new(path, message, SKIPPED));
            }
        }
    }
    let members = survey.packages.values().map(|package| &package.manifest.path);
    let told = notes.iter().map(|note| &note.path);
    let manifests = survey.roots.iter().chain(members).chain(told);
    for manifest in manifests.filter_map(|path| survey.manifests.already_read(path)) {
        texts.insert(&manifest.path, Arc::clone(&manifest.text));
    }
    let mut sources = Sources::default();
    for (path, text) in texts {
        sources.add(SourceFile::new(path.to_path_buf(), current, text));
    }
    sources
}

fn roots(survey: &Survey, sources: &Sources) -> Vec<Root> {
    let manifests = survey.roots.iter().filter_map(|path| Some((path.parent()?, sources.find(path))));
    let loose = survey.loose.iter().map(|dir| (dir.as_path(), None));
    let mut roots: Vec<Root> =
        manifests.chain(loose).map(|(dir, manifest)| Root { dir: dir.to_path_buf(), manifest }).collect();
    roots.sort_by(|a, b| a.dir.cmp(&b.dir));
    roots
}

fn packages(survey: &Survey, owners: &Owners, sources: &Sources, notes: &mut BTreeSet<Note>) -> Vec<Package> {
    let members: Vec<&Member> = survey.packages.values().collect();
    let mut locks: BTreeMap<&Path, Lock> = BTreeMap::new();
    for member in &members {
        locks.entry(&member.root.dir).or_insert_with(|| {
            let (lock, note) = Lock::read(&member.root.dir);
            notes.extend(note);
            lock
        });
    }
    members
        .iter()
        .filter_map(|member| package(member, &locks[member.root.dir.as_path()], owners, &members, sources))
        .collect()
}

fn package(member: &Member, lock: &Lock, owners: &Owners, members: &[&Member], sources: &Sources) -> Option<Package> {
    let Member { manifest, root, .. } = member;
    let name = manifest.name();
    let dependency = |declared: &Declared| dependency(declared, &name, lock, owners, members);
    let mut dependencies: Vec<Dependency> = member.dependencies.iter().map(dependency).collect();
    dependencies.sort_by_key(|dependency| (dependency.kind, dependency.extern_name.as_str()));
    Some(Package {
        version: manifest.version(Some(root)),
        edition: manifest.edition(Some(root)),
        rust_version: manifest.rust_version(Some(root)),
        manifest: sources.find(&manifest.path)?,
        dir: manifest.dir.clone(),
        targets: targets(member, sources),
        dependencies,
        for_others: manifest.is_for_others(Some(root)),
        name,
    })
}

fn targets(member: &Member, sources: &Sources) -> Vec<Target> {
    let target = |target: &TargetFile| {
        let root = sources.find(&target.path)?;
        let TargetFile { kind, edition, on_request, .. } = *target;
        Some(Target { name: target.name.clone(), kind, root, edition, on_request })
    };
    member.targets.iter().filter_map(target).collect()
}

/// A dependency of the package called `of`.
fn dependency(declared: &Declared, of: &str, lock: &Lock, owners: &Owners, members: &[&Member]) -> Dependency {
    let member = declared.source.as_ref().and_then(|manifest| owners.package(manifest.parent()?));
    let library = member.filter(|_| !declared.is_renamed).and_then(|at| library_name(members[at]));
    Dependency {
        extern_name: Ustr::from(&library.map_or_else(|| crate_name(&declared.key), str::to_owned)),
        package: Ustr::from(&crate_name(&declared.package)),
        kind: declared.kind,
        locked: lock.version(of, &declared.package, declared.requirement.as_deref()).map(str::to_owned),
        requirement: declared.requirement.clone(),
        member,
        optional: declared.is_optional,
        features: declared.features.clone(),
    }
}

/// What code calls a package that it has not renamed: its library need not be called like the package.
fn library_name(member: &Member) -> Option<&str> {
    let is_library = |kind| matches!(kind, TargetKind::Lib | TargetKind::ProcMacro);
    member.targets.iter().find(|target| is_library(target.kind)).map(|target| target.name.as_str())
}

fn problem(note: Note, sources: &Sources, current: &Path) -> Problem {
    let shown = display_path(&note.path, current);
    Problem {
        message: note.message,
        path: if shown.is_empty() { ".".to_owned() } else { shown },
        span: note.range.and_then(|range| Some(range.in_file(sources.find(&note.path)?))),
        consequence: note.consequence,
    }
}
