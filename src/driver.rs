//! Placeholder: the stages replace this file. It takes files through suppression comments and report only.

use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic, miette};

use crate::config::Config;
use crate::diagnostic::Confidence;
use crate::facts;
use crate::facts::model::Suppression;
use crate::report::{LevelSetting, Levels, Policy, Report, RuleInfo, Summary};
use crate::rules::{self, RuleEntry};
use crate::source::{SourceFile, Sources};

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
pub fn check(options: &Options, progress: &dyn Progress) -> miette::Result<Outcome> {
    let infos: Vec<RuleInfo> = rules::catalog().iter().map(RuleEntry::info).collect();
    let config = Config::load(&options.current, options.config.as_deref(), &options.current, &infos)?;
    let mut sources = Sources::default();
    progress.total(options.paths.len());
    for path in &options.paths {
        let path = options.current.join(path);
        let text = std::fs::read_to_string(&path).into_diagnostic()?;
        let file = SourceFile::new(path, &options.current, text);
        progress.done(&file.display);
        sources.add(file);
    }
    let policy = Policy {
        root: options.current.clone(),
        levels: Levels::new(infos, config.levels, config.overrides, options.levels.clone()),
        min_confidence: options.min_confidence.or(config.min_confidence).unwrap_or(Confidence::Likely),
        exclude: config.exclude,
        only: options.paths.iter().map(|path| options.current.join(path)).collect(),
    };
    let comments: Vec<_> =
        sources.iter().flat_map(|(id, file)| comments(file).into_iter().map(move |it| (id, it))).collect();
    let summary = Summary { files: sources.len(), ..Summary::default() };
    let report = Report::new(Vec::new(), comments.iter().map(|(id, it)| (*id, it)), &sources, &policy, summary);
    Ok(Outcome { report, sources, statistics: vec!["no stage but the report was run".into()] })
}

fn comments(file: &SourceFile) -> Vec<Suppression> {
    facts::extract(&file.text).map(|facts| facts.suppressions).unwrap_or_default()
}

/// The facts of a file as JSON.
pub fn facts(file: &Path) -> miette::Result<String> {
    let text = std::fs::read_to_string(file).into_diagnostic()?;
    let facts = facts::extract(&text).map_err(|error| miette!("{}", error.message))?;
    serde_json::to_string_pretty(&facts).into_diagnostic()
}
