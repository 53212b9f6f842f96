//! Bugs that somebody repaired: that the data is whole, and, where the histories lie at hand, which of them are found before the repair and gone after it.

#[path = "support/linter.rs"]
mod linter;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use linter::run;
use serde::Deserialize;

const BUGS: &str = include_str!("fixed_bugs.toml");

/// How many lines a finding may stand beside the bug.
const SLACK: u64 = 2;

/// Ends of the names of files that the linter reads.
const READ_ENDS: [&str; 7] =
    [".rs", "Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "Procfile", ".service"];

/// Parts of such names.
const READ_PARTS: [&str; 2] = ["Dockerfile", "compose"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    /// The rules whose finding counts, by class.
    classes: BTreeMap<String, BTreeSet<String>>,
    bug: Vec<Bug>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bug {
    id: String,
    /// `owner/name`.
    repository: String,
    /// The commit before the repair, in full.
    before: String,
    /// The repair, in full.
    after: String,
    /// Relative to the repository's root.
    path: String,
    /// 1-based.
    first: u64,
    /// 1-based, inclusive.
    last: u64,
    class: String,
    /// Whether nothing should be said any more after the repair.
    gone_after: bool,
    summary: String,
}

fn data() -> Data {
    toml::from_str(BUGS).expect("fixed_bugs.toml is in its own grammar")
}

#[test]
fn every_bug_is_of_a_class_and_in_full() {
    let data = data();
    let mut ids = BTreeSet::new();
    for bug in &data.bug {
        assert!(ids.insert(&bug.id), "{} is given twice", bug.id);
        assert!(data.classes.contains_key(&bug.class), "{}: no class `{}`", bug.id, bug.class);
        assert!(bug.before.len() == 40 && bug.after.len() == 40, "{}: commits in full", bug.id);
        assert!((1..=bug.last).contains(&bug.first), "{}: lines {} to {}", bug.id, bug.first, bug.last);
        assert!(bug.repository.contains('/') && !bug.summary.is_empty(), "{}: whose it is, and what", bug.id);
    }
    let rules = data.classes.values().flatten();
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for rule in rules {
        assert!(pages.join(format!("{rule}.md")).is_file(), "there is no rule `{rule}`");
    }
}

/// `HISTORIES` names a folder with a bare clone of each repository, as `owner+name` or a folder in it; `BUGS` what the ids must contain.
#[test]
#[ignore = "needs the histories: HISTORIES=folder cargo test --test fixed_bugs -- --ignored --nocapture"]
fn what_was_repaired_is_found_before_and_gone_after() {
    let histories = PathBuf::from(env::var_os("HISTORIES").expect("HISTORIES names the folder of the clones"));
    let asked = env::var("BUGS").unwrap_or_default();
    let data = data();
    let mut classes: BTreeMap<&str, Tally> = BTreeMap::new();
    for bug in data.bug.iter().filter(|bug| bug.id.contains(&asked)) {
        let Some(history) = history_of(&histories, &bug.repository) else {
            println!("left out, for there is no clone of {}: {}", bug.repository, bug.id);
            continue;
        };
        let hits = hits(&data.classes[&bug.class], bug, &findings(&history, &bug.before));
        let stays = !hits.is_empty() && findings(&history, &bug.after).iter().any(|f| hits.contains(&f.fingerprint));
        let tally = classes.entry(&bug.class).or_default();
        tally.bugs += 1;
        tally.found += usize::from(!hits.is_empty());
        tally.gone += usize::from(!hits.is_empty() && !stays);
        let verdict = match (hits.is_empty(), stays) {
            (true, _) => "missed",
            (false, true) if bug.gone_after => "found, and stays",
            (false, _) => "found",
        };
        println!("{verdict:18}{:26}{}", bug.class, bug.id);
    }
    println!("\n| class | bugs | found | gone after the repair |\n|---|---|---|---|");
    for (class, Tally { bugs, found, gone }) in &classes {
        println!("| {class} | {bugs} | {found} | {gone} |");
    }
    let sum = |of: fn(&Tally) -> usize| classes.values().map(of).sum::<usize>();
    println!("| all | {} | {} | {} |", sum(|t| t.bugs), sum(|t| t.found), sum(|t| t.gone));
}

#[derive(Default)]
struct Tally {
    bugs: usize,
    found: usize,
    gone: usize,
}

/// A finding, by what the formats say of it.
struct Finding {
    rule: String,
    fingerprint: String,
    /// Paths with their first and last lines: its own range, then its evidence.
    places: Vec<(String, u64, u64)>,
}

/// The fingerprints of the findings that tell of a bug.
fn hits(rules: &BTreeSet<String>, bug: &Bug, findings: &[Finding]) -> BTreeSet<String> {
    let touches = |(path, first, last): &(String, u64, u64)| {
        *path == bug.path && *first <= bug.last + SLACK && last + SLACK >= bug.first
    };
    let telling = findings.iter().filter(|f| rules.contains(&f.rule) && f.places.iter().any(touches));
    telling.map(|finding| finding.fingerprint.clone()).collect()
}

fn history_of(histories: &Path, repository: &str) -> Option<PathBuf> {
    let base = histories.join(repository.replace('/', "+"));
    let inside = base.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(base.clone()).chain(inside).find(|folder| folder.join("HEAD").is_file())
}

/// What the linter says of a commit at its defaults.
fn findings(history: &Path, commit: &str) -> Vec<Finding> {
    let tree = tempfile::tempdir().expect("a folder for the sources");
    write_sources(history, commit, tree.path());
    let report = run(tree.path(), &["check", ".", "--format", "json", "--no-progress"]).expect("the linter runs");
    let diagnostics = report["diagnostics"].as_array().expect("a list of diagnostics");
    diagnostics.iter().map(finding).collect()
}

fn finding(diagnostic: &serde_json::Value) -> Finding {
    let text = |key: &str| diagnostic[key].as_str().expect("a text").to_owned();
    let line = |at: &serde_json::Value, end: &str| at["range"][end]["line"].as_u64().expect("a line");
    let place =
        |at: &serde_json::Value| (at["path"].as_str().expect("a path").to_owned(), line(at, "start"), line(at, "end"));
    let evidence = diagnostic["evidence"].as_array().into_iter().flatten();
    let places = std::iter::once(diagnostic).chain(evidence).map(place).collect();
    Finding { rule: text("rule"), fingerprint: text("fingerprint"), places }
}

/// Writes what the linter reads of a commit, but for links. What a partial clone does not have is told of.
fn write_sources(history: &Path, commit: &str, into: &Path) {
    let listed = git(history, &["ls-tree", "-r", "-z", "--full-tree", commit]).output().expect("git runs");
    assert!(listed.status.success(), "{} has no commit {commit}", history.display());
    let listed = String::from_utf8_lossy(&listed.stdout);
    let files: Vec<(&str, &str)> =
        listed.split('\0').filter_map(regular_file).filter(|(_, path)| is_read(path)).collect();
    let mut contents = git(history, &["cat-file", "--batch"]).stdin(Stdio::piped()).spawn().expect("git runs");
    let mut asked = contents.stdin.take().expect("the input of git");
    let mut told = BufReader::new(contents.stdout.take().expect("the output of git"));
    for (object, path) in files {
        writeln!(asked, "{object}").expect("git listens");
        let mut head = String::new();
        told.read_line(&mut head).expect("git answers");
        let Some(bytes) = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()) else {
            println!("left out, for the clone does not have it: {path} of {commit}");
            continue;
        };
        let mut content = vec![0; bytes + 1];
        told.read_exact(&mut content).expect("git gives as much as it said");
        let file = into.join(path);
        fs::create_dir_all(file.parent().expect("below the folder")).expect("a folder for a file");
        fs::write(file, &content[..bytes]).expect("a file of the sources");
    }
    drop(asked);
    contents.wait().expect("git ends");
}

fn git(history: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.args(["-c", "safe.directory=*", "--git-dir"]).arg(history).args(arguments).stdout(Stdio::piped());
    git
}

/// The object and the path of an entry of a tree that is a regular file: `100644 blob <object>\t<path>`.
fn regular_file(entry: &str) -> Option<(&str, &str)> {
    let (of, path) = entry.split_once('\t')?;
    let object = of.strip_prefix("100644 blob ").or_else(|| of.strip_prefix("100755 blob "))?;
    Some((object, path))
}

/// Whether a file may be one that the linter reads.
fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    READ_ENDS.iter().any(|end| name.ends_with(end)) || READ_PARTS.iter().any(|part| name.contains(part))
}
