//! A package's targets as cargo sees them: those the manifest declares and those it infers from file names. Opens no source file.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_toml::{OptionalFile, Product};

use super::manifest::{Manifest, PackageTable};
use super::read::{Note, normal};
use super::walk::is_rust;
use super::{Edition, TargetKind};

/// A target before its root file has been read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetFile {
    pub kind: TargetKind,
    pub name: String,
    /// Absolute path of a file that exists.
    pub path: PathBuf,
    pub edition: Edition,
    /// Cargo builds it only where features are asked for that are not on by themselves.
    pub on_request: bool,
}

/// All targets of a package, sorted; a declared target without a file is told instead.
pub(super) fn targets(manifest: &Manifest, edition: Edition) -> (Vec<TargetFile>, Vec<Note>) {
    let package = manifest.content.package.as_ref();
    let auto = |infers: fn(&PackageTable) -> bool| package.is_none_or(infers);
    let content = &manifest.content;
    let mut found = Found { manifest, edition, targets: Vec::new(), notes: Vec::new() };
    found.library(auto(|p| p.autolib));
    found.family(TargetKind::Bin, &content.bin, binaries(manifest), auto(|p| p.autobins));
    found.family(TargetKind::Test, &content.test, files_in(&manifest.dir, "tests"), auto(|p| p.autotests));
    found.family(TargetKind::Bench, &content.bench, files_in(&manifest.dir, "benches"), auto(|p| p.autobenches));
    found.family(TargetKind::Example, &content.example, files_in(&manifest.dir, "examples"), auto(|p| p.autoexamples));
    found.build_script(package.and_then(|p| p.build.as_ref()));
    found.targets.sort();
    (found.targets, found.notes)
}

struct Found<'m> {
    manifest: &'m Manifest,
    edition: Edition,
    targets: Vec<TargetFile>,
    notes: Vec<Note>,
}

impl Found<'_> {
    fn library(&mut self, infers: bool) {
        let inferred = self.manifest.dir.join("src/lib.rs");
        let Some(product) = &self.manifest.content.lib else {
            if infers && inferred.is_file() {
                self.add(TargetKind::Lib, crate_name(&self.manifest.name()), inferred);
            }
            return;
        };
        let is_macro = product.proc_macro || product.crate_type.iter().any(|kind| kind == "proc-macro");
        let kind = if is_macro { TargetKind::ProcMacro } else { TargetKind::Lib };
        let name = product.name.clone().unwrap_or_else(|| crate_name(&self.manifest.name()));
        let path = product.path.as_ref().map_or(inferred, |path| self.manifest.dir.join(path));
        self.declared(kind, name, Some(path), Some(product), &["lib", "path"]);
    }

    /// One table array such as `[[bin]]`: declared targets, and inferred ones whose name and file no declared one has.
    fn family(&mut self, kind: TargetKind, products: &[Product], inferred: Vec<(String, PathBuf)>, infers: bool) {
        let by_name = |name: &str| inferred.iter().find(|(other, _)| other == name).map(|(_, path)| path.clone());
        let (mut names, mut paths) = (HashSet::new(), HashSet::new());
        for (at, product) in products.iter().enumerate() {
            let declared = product.path.as_ref().map(|path| self.manifest.dir.join(path));
            let name = product.name.clone().or_else(|| declared.as_deref().map(stem)).unwrap_or_default();
            let path = declared.clone().or_else(|| by_name(&name));
            names.insert(name.clone());
            paths.extend(declared);
            let key = if product.path.is_some() { "path" } else { "name" };
            self.declared(kind, name, path, Some(product), &[table(kind), &at.to_string(), key]);
        }
        // Up to edition 2015 declaring one target switched the inference off.
        if infers && (products.is_empty() || self.edition > Edition::E2015) {
            for (name, path) in inferred {
                if !names.contains(&name) && !paths.contains(&path) {
                    self.add(kind, name, path);
                }
            }
        }
    }

    fn build_script(&mut self, declared: Option<&OptionalFile>) {
        let path = match declared {
            Some(OptionalFile::Flag(false)) => return,
            Some(OptionalFile::Path(path)) => self.manifest.dir.join(path),
            Some(OptionalFile::Flag(true)) | None => self.manifest.dir.join("build.rs"),
        };
        let name = format!("build-script-{}", stem(&path));
        if declared.is_some() {
            self.declared(TargetKind::BuildScript, name, Some(path), None, &["package", "build"]);
        } else if path.is_file() {
            self.add(TargetKind::BuildScript, name, path);
        }
    }

    /// Takes up a target the manifest speaks of, at `keys`; its file must be there.
    fn declared(
        &mut self,
        kind: TargetKind,
        name: String,
        path: Option<PathBuf>,
        product: Option<&Product>,
        keys: &[&str],
    ) {
        match path.filter(|path| path.is_file()) {
            Some(path) => {
                let edition = product.and_then(|product| product.edition).map_or(self.edition, Edition::from);
                let on_request = product.is_some_and(|product| self.is_on_request(product));
                self.targets.push(TargetFile { kind, name, path: normal(&path), edition, on_request });
            }
            None => {
                let message = format!("the {} `{name}` has no source file", word(kind));
                self.notes.extend(self.manifest.note(keys, message, "the target is left out"));
            }
        }
    }

    /// Whether a target needs a feature that is not on by default.
    fn is_on_request(&self, product: &Product) -> bool {
        let features = &self.manifest.content.features;
        let mut on: Vec<&str> = vec!["default"];
        let mut at = 0;
        while let Some(feature) = on.get(at).copied() {
            let more = features.get(feature).into_iter().flatten().map(String::as_str);
            let more: Vec<&str> = more.filter(|more| !on.contains(more)).collect();
            on.extend(more);
            at += 1;
        }
        product.required_features.iter().any(|needed| !on.contains(&needed.as_str()))
    }

    fn add(&mut self, kind: TargetKind, name: String, path: PathBuf) {
        let edition = self.edition;
        self.targets.push(TargetFile { kind, name, path: normal(&path), edition, on_request: false });
    }
}

fn binaries(manifest: &Manifest) -> Vec<(String, PathBuf)> {
    let main = manifest.dir.join("src/main.rs");
    let main = main.is_file().then(|| (manifest.name(), main));
    main.into_iter().chain(files_in(&manifest.dir, "src/bin")).collect()
}

/// Targets by their file names: `name.rs`, and `name/main.rs`.
fn files_in(dir: &Path, below: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(dir.join(below)).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries.filter_map(|entry| target_at(entry.path())).collect();
    found.sort();
    found
}

fn target_at(path: PathBuf) -> Option<(String, PathBuf)> {
    if is_rust(&path) && path.is_file() {
        return Some((stem(&path), path));
    }
    let main = path.join("main.rs");
    main.is_file().then(|| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), main))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A package's or library's name as code spells it.
pub(super) fn crate_name(name: &str) -> String {
    name.replace('-', "_")
}

fn table(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Lib | TargetKind::ProcMacro => "lib",
        TargetKind::Bin => "bin",
        TargetKind::Test => "test",
        TargetKind::Bench => "bench",
        TargetKind::Example => "example",
        TargetKind::BuildScript => "build",
    }
}

fn word(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Lib => "library",
        TargetKind::ProcMacro => "procedural macro library",
        TargetKind::Bin => "binary",
        TargetKind::Test => "test",
        TargetKind::Bench => "benchmark",
        TargetKind::Example => "example",
        TargetKind::BuildScript => "build script",
    }
}
