//! How much more a whole run costs than reading the same files and parsing them with syn, on the same threads, side by side.
//!
//! `cargo bench --bench whole_run -- FOLDER [ROUNDS]`: the ratio is that of the fastest of each; what else the machine does cancels out. Behind it
//! stands what reading, facts and linking take of a run, each as the fastest of all rounds.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use watertight::catalogue::{Catalogue, Libraries};
use watertight::driver::{self, Options, Progress};
use watertight::index::{Index, Outline};
use watertight::workspace::RustFile;

struct Quiet;

impl Progress for Quiet {
    fn total(&self, _: usize) {}
    fn done(&self, _: &str) {}
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "fixtures/tracker_bot".into()));
    let rounds: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(5);
    let pool =
        rayon::ThreadPoolBuilder::new().stack_size(watertight::facts::depth::STACK_BYTES).build().expect("threads");
    let (mut parse, mut run) = (Duration::MAX, Duration::MAX);
    let mut lines = 0;
    for _ in 0..rounds {
        let (took, read) = timed(|| pool.install(|| parse_only(&folder)));
        (parse, lines) = (parse.min(took), read);
        run = run.min(timed(|| whole_run(&folder)).0);
    }
    let ratio = run.as_secs_f64() / parse.as_secs_f64();
    println!("{lines} lines: parsing {parse:.2?}, whole run {run:.2?}, ratio {ratio:.1}");
    let stages = (0..rounds).map(|_| pool.install(|| stages(&folder))).reduce(Stages::fastest).unwrap_or_default();
    println!("{stages:.2?}");
}

/// What the parts of an analysis take.
#[derive(Debug, Default)]
struct Stages {
    discover: Duration,
    macros: Duration,
    facts: Duration,
    outline: Duration,
    infer: Duration,
    index: Duration,
}

impl Stages {
    fn fastest(self, other: Stages) -> Stages {
        Stages {
            discover: self.discover.min(other.discover),
            macros: self.macros.min(other.macros),
            facts: self.facts.min(other.facts),
            outline: self.outline.min(other.outline),
            infer: self.infer.min(other.infer),
            index: self.index.min(other.index),
        }
    }
}

fn stages(folder: &Path) -> Stages {
    let current = std::env::current_dir().expect("a current folder");
    let (discover, workspace) =
        timed(|| watertight::workspace::discover(&[folder.to_owned()], &current).expect("a folder"));
    let (macros, known) = timed(|| driver::macros(&workspace));
    let extract = |rust: &RustFile| {
        let text = &workspace.sources.get(rust.file).text;
        (rust.file, watertight::facts::extract_within(text, &known, driver::home(&workspace, rust)).ok())
    };
    let (facts, extracted) = timed(|| workspace.rust_files.par_iter().map(extract).collect::<Vec<_>>());
    let mut all: Vec<_> = (0..workspace.sources.len()).map(|_| None).collect();
    extracted.into_iter().for_each(|(id, facts)| all[id.0 as usize] = facts);
    let (outline, linked) = timed(|| Outline::link(&workspace, all, Catalogue::embedded(Libraries::any())));
    let (infer, infos) =
        timed(|| linked.bodies().into_par_iter().map(|body| (body, linked.infer(body))).collect::<Vec<_>>());
    let (index, _) = timed(|| Index::new(linked, infos));
    Stages { discover, macros, facts, outline, infer, index }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// Reads and parses every Rust file below a folder; gives the number of lines.
fn parse_only(folder: &Path) -> usize {
    let files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "rs"))
        .map(walkdir::DirEntry::into_path)
        .collect();
    let lines = files.par_iter().map(|file| {
        proc_macro2::extra::invalidate_current_thread_spans();
        let Ok(text) = std::fs::read_to_string(file) else { return 0 };
        std::hint::black_box(syn::parse_file(&text).is_ok());
        text.lines().count()
    });
    lines.sum()
}

fn whole_run(folder: &Path) -> usize {
    let current = std::env::current_dir().expect("a current folder");
    let options = Options { paths: vec![folder.to_owned()], current, ..Options::default() };
    driver::check(&options, &Quiet).map(|outcome| outcome.report.findings.len()).unwrap_or(0)
}
