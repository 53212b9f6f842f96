//! What container and process files describe, as plain data: which processes are started, how, and under which limits.

use std::time::Duration;

use crate::source::{FileId, Span};
use crate::suppression::Suppression;

/// The languages that starts are described in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Dockerfile,
    Compose,
    Procfile,
    /// A systemd unit.
    Unit,
    /// A shell script, which an image may start with.
    Script,
}

/// Words of a file's name that say what it is for, apart from production.
const ASIDE: &[&str] = &[
    "dev",
    "devel",
    "development",
    "test",
    "tests",
    "testing",
    "debug",
    "local",
    "override",
    "ci",
    "examples",
    "demo",
    "fixtures",
    "playground",
    "sandbox",
    "bench",
    "benches",
];

/// Endings of files that only look like one of the languages.
const OTHERS: &[&str] = &["dockerignore", "j2", "tmpl", "tpl", "template", "jinja", "erb", "md", "rs", "py", "txt"];

impl Kind {
    /// The language of a file by its name; none for all other files.
    pub fn of(name: &str) -> Option<Kind> {
        let lower = name.to_lowercase();
        // What a build system fills in before it is installed.
        let lower = lower.strip_suffix(".in").filter(|name| name.ends_with(".service")).unwrap_or(&lower);
        let (stem, extension) = lower.rsplit_once('.').unwrap_or((lower, ""));
        let begins =
            |word: &str| lower.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']));
        match extension {
            _ if OTHERS.contains(&extension) => None,
            "sh" => Some(Kind::Script),
            "service" => Some(Kind::Unit),
            "yml" | "yaml" => ["compose", "docker-compose"]
                .iter()
                .any(|name| {
                    stem.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
                })
                .then_some(Kind::Compose),
            "dockerfile" | "containerfile" => Some(Kind::Dockerfile),
            _ if begins("dockerfile") || begins("containerfile") => Some(Kind::Dockerfile),
            _ => begins("procfile").then_some(Kind::Procfile),
        }
    }

    /// Whether a file or folder of this name is for development and tests: what it describes is not what runs in production.
    pub fn is_aside(name: &str) -> bool {
        let lower = name.to_lowercase();
        let has = |wanted: &[&str]| lower.split(['.', '-', '_']).any(|word| wanted.contains(&word));
        // A unit may be named after a program that is called so.
        has(ASIDE) || has(&["example"]) && has(&["compose", "containerfile", "dockerfile"])
    }
}

/// What one file describes.
#[derive(Debug, Default)]
pub struct Description {
    /// In the order of the file.
    pub processes: Vec<Process>,
    /// What a script runs; empty for the other languages.
    pub script: Script,
    pub suppressions: Vec<Suppression>,
}

/// A file with what it describes.
#[derive(Debug)]
pub struct Described {
    pub file: FileId,
    pub kind: Kind,
    /// Absolute, `/` between components.
    pub path: String,
    /// It is for development or tests.
    pub is_aside: bool,
    pub description: Description,
}

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub span: Span,
}

/// A name with its value: a variable, a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: Text,
}

/// A stage of a Dockerfile, a service, a type of process, a unit: what is started as one.
#[derive(Debug)]
pub struct Process {
    /// Empty for a stage without a name.
    pub name: String,
    /// What introduces it: `FROM …`, the service's or type's name, the unit's section.
    pub span: Span,
    pub entrypoint: Option<Command>,
    pub command: Option<Command>,
    pub signals: Signals,
    /// The signal it is stopped with, where the file says so.
    pub stop_signal: Option<Text>,
    /// How long it may take to stop, where the file says so.
    pub grace: Option<(Duration, Span)>,
    /// Run below an init of the container runtime.
    pub has_init: bool,
    pub term: Term,
    /// What the file says it is built from.
    pub build: Option<Build>,
    pub environment: Vec<Setting>,
    /// Variables that the file cannot show: from another file, or from the host.
    pub hidden_environment: bool,
    /// Memory, descriptors, processes.
    pub limits: Vec<Setting>,
    /// What its `sh` does, as far as the image that it is built on tells.
    pub sh: Shell,
    /// Files that are put into the image: the last part of where they come from, and the whole path of where they go.
    pub copies: Vec<(String, String)>,
}

impl Process {
    pub fn new(name: impl Into<String>, span: Span, signals: Signals) -> Self {
        Process {
            name: name.into(),
            span,
            entrypoint: None,
            command: None,
            signals,
            stop_signal: None,
            grace: None,
            has_init: false,
            term: Term::Open,
            build: None,
            environment: Vec::new(),
            hidden_environment: false,
            limits: Vec::new(),
            sh: Shell::Open,
            copies: Vec::new(),
        }
    }
}

/// How long a process is meant to run, as far as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Nothing is said of it.
    Open,
    /// What says that it runs on: it is started again when it has ended, others reach it at a port, or somebody asks whether it still works.
    Lasting(Span),
    /// It is not started again, or only until it has done its work.
    Ending,
    /// Another one is started when this one has ended: it sets something up, and nobody stops it.
    Awaited,
}

impl Term {
    /// What says that a process runs on.
    pub fn lasts(self) -> Option<Span> {
        match self {
            Term::Lasting(said) => Some(said),
            _ => None,
        }
    }
}

/// Whom the request to stop reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signals {
    /// The process that was started first, and nobody else.
    First,
    /// All processes that stem from it.
    All,
}

/// What a service is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The Dockerfile, relative to the file that names it.
    pub dockerfile: String,
    /// The stage; the last one where it is not said.
    pub target: Option<String>,
}

/// How something is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub span: Span,
    pub form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A program and its arguments, without a shell.
    Words(Vec<Text>),
    /// A text that a shell runs.
    Shell { shell: Shell, script: Script },
}

/// What becomes of a shell whose last command is a plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash, zsh and the ash of busybox give their place to it.
    Replaced,
    /// It is up to the shell: dash stays, and waits.
    Open,
}

/// The commands of a shell text, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    pub calls: Vec<Call>,
    /// Signals are dealt with by the script itself.
    pub traps: bool,
}

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `NAME=value` in front of it.
    pub settings: Vec<Setting>,
    pub words: Vec<Text>,
    /// Input or output go elsewhere.
    pub redirected: bool,
    pub then: Then,
}

/// What comes behind a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Another command.
    Next,
    /// A command that reads its output.
    Pipe,
    /// The script goes on at once.
    Background,
    /// Nothing.
    End,
}
