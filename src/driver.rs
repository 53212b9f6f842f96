//! The run, stage by stage: discover → parse → link → rules → report. The only place where stages meet and where work is spread over threads.

use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic, NamedSource, miette};
use rayon::prelude::*;
use rustc_hash::FxHashSet as HashSet;
use serde::Serialize;
use ustr::ustr;

use crate::catalogue::{Catalogue, Libraries};
use crate::config::Config;
use crate::deploy::{self, model::Described};
use crate::diagnostic::{Confidence, Diagnostic, Label, Problem};
use crate::facts::{self, Home, MacroText, Macros, model::FileFacts};
use crate::index::coverage::{Coverage, Sampled};
use crate::index::programs::Program;
use crate::index::programs::inventory::Inventory;
use crate::index::{Index, Outline};
use crate::report::{LevelSetting, Levels, Policy, Report, RuleInfo, Summary};
use crate::rules::{self, RuleEntry};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::workspace::{self, DeployFile, RustFile, TargetKind, Workspace};

/// What is asked of a run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What to report; empty for the workspace around `current`.
    pub paths: Vec<PathBuf>,
    /// The current folder, absolute.
    pub current: PathBuf,
    /// A configuration file instead of the workspace's own.
    pub config: Option<PathBuf>,
    /// Levels from the command line; later ones win.
    pub levels: Vec<LevelSetting>,
    pub min_confidence: Option<Confidence>,
    pub include_tests: bool,
    pub threads: Option<usize>,
}

/// What a run gives.
#[derive(Debug, Default)]
pub struct Outcome {
    pub report: Report,
    pub sources: Sources,
    /// Lines for `--verbose`.
    pub statistics: Vec<String>,
}

/// Is told how far a run is.
pub trait Progress: Sync {
    /// The number of files to be read is known.
    fn total(&self, files: usize);
    /// The file at a displayed path was read.
    fn done(&self, path: &str);
}

/// Finds what is wrong.
///
/// # Errors
/// Arguments, configuration and the file system; never the code that is read.
pub fn check(options: &Options, progress: &dyn Progress) -> miette::Result<Outcome> {
    let Analysis { mut workspace, root, infos, config, pool, index } = analyse(options, progress)?;
    let diagnostics = pool.install(|| find(&index, options.include_tests || config.include_tests));
    let statistics = Coverage::of(&index, &|_| true).lines();
    let policy = Policy {
        root,
        levels: Levels::new(infos, config.levels, config.overrides, options.levels.clone()),
        min_confidence: options.min_confidence.or(config.min_confidence).unwrap_or(Confidence::Likely),
        exclude: config.exclude,
        only: std::mem::take(&mut workspace.selection),
    };
    let report = report(&workspace, &index, diagnostics, &policy);
    // To drop what nests deep takes as much stack as to walk it.
    pool.install(|| drop(index));
    Ok(Outcome { report, sources: workspace.sources, statistics })
}

/// All that is read, linked, and what every question about it begins with.
struct Analysis {
    workspace: Workspace,
    root: PathBuf,
    infos: Vec<RuleInfo>,
    config: Config,
    pool: rayon::ThreadPool,
    index: Index,
}

fn analyse(options: &Options, progress: &dyn Progress) -> miette::Result<Analysis> {
    let mut workspace = workspace::discover(&options.paths, &options.current)?;
    let infos: Vec<RuleInfo> = rules::catalog().iter().map(RuleEntry::info).collect();
    let root = workspace.roots.first().map_or_else(|| options.current.clone(), |root| root.dir.clone());
    let config = Config::load(&root, options.config.as_deref(), &options.current, &infos)?;
    let catalogue = catalogue(&workspace, &config)?;
    let pool = threads(options.threads)?;
    let facts = pool.install(|| parse(&mut workspace, progress));
    let described = describe(&mut workspace);
    let index = pool.install(|| link(&workspace, facts, catalogue)).with_described(described);
    Ok(Analysis { workspace, root, infos, config, pool, index })
}

/// What is alive at the end of each program, with the sources that it speaks of.
///
/// # Errors
/// As [`check`].
pub fn inventory(options: &Options, progress: &dyn Progress) -> miette::Result<(Vec<Inventory>, Sources)> {
    let Analysis { workspace, pool, index, .. } = analyse(options, progress)?;
    let root_of = |program: &Program| index.defs().body_of(program.main).map(|body| body.file);
    let asked = |program: &Program| root_of(program).is_some_and(|file| workspace.selects(file));
    let found = pool.install(|| index.inventory(&asked));
    pool.install(|| drop(index));
    Ok((found, workspace.sources))
}

/// How much of the code the analysis knows.
#[derive(Debug, Serialize)]
pub struct Measured {
    #[serde(flatten)]
    pub coverage: Coverage,
    /// Unknown calls, as many as were asked for.
    pub sample: Vec<Sampled>,
}

impl Measured {
    /// For people: the tables, and the sample with a place and a reason each.
    pub fn table(&self) -> String {
        let calls = self.sample.iter().map(|call| {
            let lost = call.lost.as_ref().map_or_else(String::new, |lost| format!(": {lost}"));
            format!("{}:{}: {}\n    {}{lost}\n", call.path, call.line, call.call, call.reason.words())
        });
        std::iter::once(self.coverage.table()).chain(calls).collect::<Vec<_>>().join("\n")
    }
}

/// Measures how much is known of what is asked for, and takes a sample of unknown calls.
///
/// # Errors
/// As [`check`].
pub fn coverage(options: &Options, sample: usize, seed: u64, progress: &dyn Progress) -> miette::Result<Measured> {
    let Analysis { workspace, config, pool, index, .. } = analyse(options, progress)?;
    let include_tests = options.include_tests || config.include_tests;
    let asked = |span: Span| workspace.selects(span.file) && (include_tests || !index.is_test_code(span));
    let measured = pool.install(|| {
        let coverage = Coverage::of(&index, &asked);
        let sample = coverage.sample(&index, &workspace.sources, sample, seed);
        Measured { coverage, sample }
    });
    pool.install(|| drop(index));
    Ok(measured)
}

/// The embedded catalogue with the configuration's own entries, which may lead to any library.
fn catalogue(workspace: &Workspace, config: &Config) -> miette::Result<Catalogue> {
    let Some(entries) = &config.catalogue else { return Ok(Catalogue::embedded(libraries(workspace))) };
    let mut catalogue = Catalogue::embedded(libraries(workspace).or_any());
    catalogue.extend_table(entries.table()?).map_err(|error| entries.error(&error.message, error.help, error.span))?;
    Ok(catalogue)
}

/// What the manifests say of libraries. Files without one, and manifests that could not be read in full, leave open what else is used.
fn libraries(workspace: &Workspace) -> Libraries {
    let all_told = workspace.problems.is_empty() && workspace.rust_files.iter().all(|file| file.package.is_some());
    let mut libraries = if all_told { Libraries::default() } else { Libraries::any() };
    let dependencies = || workspace.packages.iter().flat_map(|package| &package.dependencies);
    // What lies at a path or in a repository and was not read may pass on any library.
    if dependencies().any(|dependency| dependency.member.is_none() && dependency.requirement.is_none()) {
        libraries = libraries.or_any();
    }
    for dependency in dependencies() {
        libraries.add(dependency.package, dependency.locked.as_deref(), dependency.requirement.as_deref());
    }
    libraries
}

/// Workers whose stack fits the deepest file that is accepted.
fn threads(count: Option<usize>) -> miette::Result<rayon::ThreadPool> {
    let builder = rayon::ThreadPoolBuilder::new().stack_size(facts::depth::STACK_BYTES).num_threads(count.unwrap_or(0));
    builder.build().into_diagnostic()
}

/// One file, one task: from text to facts. What cannot be read is told and left out.
fn parse(workspace: &mut Workspace, progress: &dyn Progress) -> Vec<Option<FileFacts>> {
    let sources = &workspace.sources;
    progress.total(workspace.rust_files.len());
    let macros = macros(workspace);
    let parsed: Vec<(FileId, Result<FileFacts, Problem>)> = workspace
        .rust_files
        .par_iter()
        .map(|rust| {
            let file = sources.get(rust.file);
            let facts = facts::extract_within(&file.text, &macros, home(workspace, rust));
            let facts = facts.map_err(|error| unreadable(rust.file, file, error));
            progress.done(&file.display);
            (rust.file, facts)
        })
        .collect();
    let mut all: Vec<Option<FileFacts>> = (0..sources.len()).map(|_| None).collect();
    for (file, facts) in parsed {
        match facts {
            Ok(facts) => all[file.0 as usize] = Some(facts),
            Err(problem) => workspace.problems.push(problem),
        }
    }
    all
}

/// The macros that files may call of each other.
pub fn macros(workspace: &Workspace) -> Macros {
    let text = |rust: &RustFile| &workspace.sources.get(rust.file).text;
    let declared = |rust: &RustFile| facts::declared(text(rust));
    let found: Vec<Vec<MacroText>> = workspace.rust_files.par_iter().map(declared).collect();
    let mut macros = Macros::default();
    for (rust, declared) in workspace.rust_files.iter().zip(found) {
        macros.add(home(workspace, rust), text(rust), declared);
    }
    macros
}

/// Where a file belongs.
pub fn home(workspace: &Workspace, rust: &RustFile) -> Home {
    let targets = rust.package.map_or(&[][..], |at| &workspace.packages[at].targets);
    let library = targets.iter().find(|target| matches!(target.kind, TargetKind::Lib | TargetKind::ProcMacro));
    Home { file: rust.file, package: rust.package, library: library.map(|target| ustr(&target.name)) }
}

/// Container and process files; they are few and short. What cannot be read is told and left out.
fn describe(workspace: &mut Workspace) -> Vec<Described> {
    let mut all = Vec::new();
    for DeployFile { file, kind, is_aside } in workspace.deploy_files.iter().copied() {
        let source = workspace.sources.get(file);
        match deploy::read(kind, file, &source.text) {
            Ok(description) => {
                let path = source.path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
                all.push(Described { file, kind, path, is_aside, description });
            }
            Err(deploy::Unreadable { message, range }) => {
                let error = facts::Unreadable { message, range };
                workspace.problems.push(unreadable(file, source, error));
            }
        }
    }
    all
}

fn unreadable(id: FileId, file: &SourceFile, error: facts::Unreadable) -> Problem {
    Problem {
        message: error.message,
        path: file.display.clone(),
        span: Some(error.range.in_file(id)),
        consequence: "the file is skipped".into(),
    }
}

/// All facts in one index; bodies are inferred side by side.
fn link(workspace: &Workspace, facts: Vec<Option<FileFacts>>, catalogue: Catalogue) -> Index {
    let outline = Outline::link(workspace, facts, catalogue);
    let infos = outline.bodies().into_par_iter().map(|body| (body, outline.infer(body))).collect();
    Index::new(outline, infos)
}

/// One rule, one task.
fn find(index: &Index, include_tests: bool) -> Vec<Diagnostic> {
    let checks: Vec<rules::Check> = rules::catalog().iter().filter_map(|rule| rule.check).collect();
    let found: Vec<Vec<Diagnostic>> = checks.par_iter().map(|check| check(index)).collect();
    let shown = |d: &Diagnostic| include_tests || !index.is_test_code(d.primary.span);
    let mut of_macros = HashSet::default();
    let once = |d: &Diagnostic| {
        let written = index.place_written(d.primary.span);
        written == d.primary.span
            || index.place_called(d.primary.span) == written
            || of_macros.insert((d.rule, written))
    };
    let shown = found.into_iter().flatten().filter(shown).filter(once);
    shown.map(|diagnostic| written(index, as_far_as_it_runs(index, diagnostic))).collect()
}

/// A diagnostic, and no more than a hint where what it speaks of never runs.
fn as_far_as_it_runs(index: &Index, mut diagnostic: Diagnostic) -> Diagnostic {
    if let Some(function) = index.never_run(diagnostic.primary.span) {
        diagnostic.confidence = Confidence::Hint;
        diagnostic.evidence.push(Label::new(function, "nothing in the workspace mentions this function"));
    }
    diagnostic
}

/// A diagnostic whose places are those of the text: what a macro wrote stands in its definition, and the call is said.
fn written(index: &Index, mut diagnostic: Diagnostic) -> Diagnostic {
    let (place, call) = (index.place_written(diagnostic.primary.span), index.place_called(diagnostic.primary.span));
    if place != call {
        diagnostic.evidence.push(Label::new(call, "in what this macro call expands to"));
        diagnostic.fixes.clear();
    }
    diagnostic.primary.span = place;
    diagnostic.evidence.iter_mut().for_each(|label| label.span = index.place_written(label.span));
    let is_apart = |span: Span| index.place_written(span) != span;
    diagnostic.fixes.retain(|fix| !fix.edits.iter().any(|edit| is_apart(edit.span)));
    diagnostic
}

fn report(workspace: &Workspace, index: &Index, diagnostics: Vec<Diagnostic>, policy: &Policy) -> Report {
    let comments = workspace.rust_files.iter().flat_map(|rust| {
        let facts = index.defs().file(rust.file);
        facts.into_iter().flat_map(move |facts| facts.suppressions.iter().map(move |comment| (rust.file, comment)))
    });
    let described = index.described().iter();
    let described = described.flat_map(|file| file.description.suppressions.iter().map(|comment| (file.file, comment)));
    let comments = comments.chain(described);
    let shown = comments.filter(|(file, comment)| !index.is_test_code(comment.range.in_file(*file)));
    let summary = Summary {
        files: workspace.rust_files.len(),
        lines: workspace.rust_files.iter().map(|rust| workspace.sources.get(rust.file).lines()).sum(),
        problems: workspace.problems.clone(),
        ..Summary::default()
    };
    Report::new(diagnostics, shown, &workspace.sources, policy, summary)
}

/// The facts of a file as JSON.
///
/// # Errors
/// Where the file cannot be read or is not Rust.
pub fn facts(file: &Path) -> miette::Result<String> {
    let text = std::fs::read_to_string(file).map_err(|error| miette!("cannot read `{}`: {error}", file.display()))?;
    let shown = threads(Some(1))?.install(|| facts::extract(&text).map(|facts| serde_json::to_string_pretty(&facts)));
    let shown = shown.map_err(|error| {
        let place = error.range.start as usize..error.range.end as usize;
        miette!(labels = vec![miette::LabeledSpan::at(place, "here")], "{}", error.message)
            .with_source_code(NamedSource::new(file.display().to_string(), text))
    })?;
    shown.into_diagnostic()
}
