//! `deploy-drift`: two files describe how the same program is started, and only one of them gives it a limit.

use std::collections::BTreeMap;

use crate::deploy::model::{Kind, Text};
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::programs::deployments::Deployment;
use crate::source::FileId;

const ID: &str = "deploy-drift";

/// Parts of a flag's or variable's name that say it bounds something: how much, how many, how long.
const LIMITS: &[&str] = &[
    "max",
    "limit",
    "limits",
    "memory",
    "mem",
    "workers",
    "threads",
    "concurrency",
    "timeout",
    "deadline",
    "grace",
    "keepalive",
    "lifetime",
    "ttl",
    "recycle",
    "jitter",
];

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let starts: Vec<Start> = comparable(index.deployments().into_iter().map(Start::new).collect());
    starts.iter().filter_map(|start| diagnose(start, &starts)).collect()
}

/// How a file starts a program.
struct Start<'i> {
    deployment: Deployment<'i>,
    /// The program and its subcommand.
    what: (String, String),
    /// Flags and variables that bound something, by name.
    limits: BTreeMap<String, Text>,
    /// More may be given than is written: by a variable, or by a configuration.
    is_open: bool,
}

impl<'i> Start<'i> {
    fn new(deployment: Deployment<'i>) -> Self {
        let (program, arguments) = deployment.words.split_first().expect("a start has a program");
        let name = program.text.rsplit('/').next().unwrap_or(&program.text).to_owned();
        let subcommand = arguments.first().filter(|word| !word.text.starts_with(['-', '$']));
        let what = (name, subcommand.map_or_else(String::new, |word| word.text.clone()));
        let flags = arguments.iter().filter(|word| word.text.starts_with("--")).map(|word| {
            let name = word.text.split('=').next().unwrap_or_default();
            (name.to_owned(), word.clone())
        });
        let variables = deployment.settings.iter().map(|setting| (setting.name.clone(), setting.value.clone()));
        let limits = flags.chain(variables).filter(|(name, _)| is_limit(name)).collect();
        let is_open = arguments.iter().any(|word| word.text.contains("config") || is_many(&word.text));
        Start { deployment, what, limits, is_open }
    }

    /// Whether both are units by different names: what a service manager knows apart are services apart.
    fn is_another_unit(&self, other: &Start) -> bool {
        let described = [self.deployment.described, other.deployment.described];
        let [own, others] = described.map(|file| file.path.rsplit('/').next());
        described.iter().all(|file| file.kind == Kind::Unit) && own != others
    }

    fn file(&self) -> FileId {
        self.deployment.span.file
    }
}

/// `$OPTIONS` and `$@` may stand for any number of words.
fn is_many(word: &str) -> bool {
    word.starts_with('$')
}

fn is_limit(name: &str) -> bool {
    name.to_lowercase().split(['-', '_']).any(|part| LIMITS.contains(&part))
}

/// What can be held against each other: of a file that starts a program in several ways, each is a service of its own.
fn comparable(starts: Vec<Start>) -> Vec<Start> {
    let same =
        |a: &Start, b: &Start| a.what == b.what && a.file() == b.file() && a.deployment.span != b.deployment.span;
    let alone: Vec<bool> = starts.iter().map(|start| !starts.iter().any(|other| same(start, other))).collect();
    let mut kept: Vec<Start> = Vec::new();
    for (start, alone) in starts.into_iter().zip(alone) {
        // A service without a command of its own is started as its image is.
        if alone && !kept.iter().any(|known| known.deployment.span == start.deployment.span) {
            kept.push(start);
        }
    }
    kept
}

/// The limits that another file gives, and this one does not.
fn diagnose(start: &Start, all: &[Start]) -> Option<Diagnostic> {
    if start.is_open {
        return None;
    }
    let others = all
        .iter()
        .filter(|other| other.what == start.what && other.file() != start.file() && !start.is_another_unit(other));
    let missing: BTreeMap<&str, &Text> = others
        .flat_map(|other| other.limits.iter().map(|(name, text)| (name.as_str(), text)))
        .filter(|(name, _)| !start.limits.contains_key(*name))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let names: Vec<String> = missing.keys().map(|name| format!("`{name}`")).collect();
    let (program, subcommand) = &start.what;
    let command = format!("{program} {subcommand}");
    let evidence = missing.values().map(|text| Label::new(text.span, "given here"));
    Some(
        Diagnostic::new(
            ID,
            Confidence::Likely,
            format!("`{}` is started without {}", command.trim_end(), names.join(", ")),
            Label::new(start.deployment.span, format!("this {} does not have it", language(start.deployment.described.kind))),
        )
        .about(format!("{} {}", language(start.deployment.described.kind), start.deployment.process.name).trim_end(), program.as_str())
        .evidence(evidence)
        .note("what is started here runs without the limit that keeps it in bounds elsewhere, and nothing tells which of the two is in use")
        .help("start the program in the same way everywhere, or let it read its limits from one configuration"),
    )
}

fn language(kind: Kind) -> &'static str {
    match kind {
        Kind::Dockerfile => "image",
        Kind::Compose => "service",
        Kind::Procfile => "process",
        Kind::Unit => "unit",
        Kind::Script => "script",
    }
}
