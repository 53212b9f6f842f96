//! The findings that were judged in their source: that the data is whole, and, where the projects lie at hand, what today's findings make of it.

#[path = "support/linter.rs"]
mod linter;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use linter::run;
use serde::Deserialize;

/// On what the rules were tried on.
const TRIED: &str = include_str!("judged.toml");

/// On services that nobody had looked at.
const AT_FIRST: &str = include_str!("judged_at_first.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    project: Vec<Project>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    /// `owner/name`.
    name: String,
    /// In full.
    commit: String,
    finding: Vec<Finding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    rule: String,
    /// Relative to the project's root.
    path: String,
    /// 1-based, where the finding begins.
    line: usize,
    verdict: Verdict,
    reason: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    True,
    False,
    Unsure,
}

/// Rule, path and line.
type Place = (String, String, usize);

impl Finding {
    fn place(&self) -> Place {
        (self.rule.clone(), self.path.clone(), self.line)
    }
}

fn read(text: &str) -> Vec<Project> {
    toml::from_str::<Judged>(text).expect("judgements are in their own grammar").project
}

fn judged() -> Vec<Project> {
    read(TRIED).into_iter().chain(read(AT_FIRST)).collect()
}

#[test]
fn every_judgement_is_of_a_rule_and_says_why() {
    for project in judged() {
        assert_eq!(project.commit.len(), 40, "{}: a commit in full", project.name);
        for finding in &project.finding {
            let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(format!("{}.md", finding.rule));
            assert!(page.is_file(), "{}: there is no rule `{}`", project.name, finding.rule);
            assert!(!finding.reason.trim().is_empty(), "{} {}:{}: no reason", project.name, finding.path, finding.line);
        }
    }
}

#[test]
fn nothing_is_judged_twice() {
    let projects = judged();
    let names: BTreeSet<&str> = projects.iter().map(|project| project.name.as_str()).collect();
    assert_eq!(names.len(), projects.len(), "a project has one table");
    for project in &projects {
        let mut seen = BTreeSet::new();
        for finding in &project.finding {
            assert!(seen.insert(finding.place()), "{}: {:?}", project.name, finding.place());
        }
    }
}

/// What became of the judgements of one rule.
#[derive(Default)]
struct Tally {
    true_positives: usize,
    unsure: usize,
    false_positives: usize,
    /// Judged true and no longer reported.
    lost: Vec<String>,
    /// Judged false and no longer reported.
    repaired: usize,
    projects: BTreeSet<String>,
}

impl Tally {
    fn count(&mut self, project: &str, finding: &Finding, reported: bool) {
        match (finding.verdict, reported) {
            (Verdict::True, true) => self.true_positives += 1,
            (Verdict::False, true) => self.false_positives += 1,
            (Verdict::Unsure, true) => self.unsure += 1,
            (Verdict::True, false) => self.lost.push(format!("{project} {}:{}", finding.path, finding.line)),
            (Verdict::False, false) => self.repaired += 1,
            (Verdict::Unsure, false) => {}
        }
        if reported {
            self.projects.insert(project.to_owned());
        }
    }
}

/// Compares today's findings with the judgements: `CORPUS` names a folder with a checkout of each project, under its name without the owner.
#[test]
#[ignore = "needs the corpus: CORPUS=folder cargo test --test judged -- --ignored --nocapture"]
fn what_was_judged_true_is_still_reported() {
    let corpus = PathBuf::from(env::var_os("CORPUS").expect("CORPUS names the folder of the checkouts"));
    for (title, text) in [("What the rules were tried on", TRIED), ("At a first reading", AT_FIRST)] {
        println!("\n# {title}");
        compare(&corpus, read(text));
    }
}

fn compare(corpus: &Path, projects: Vec<Project>) {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut noise = Vec::new();
    for project in projects {
        let folder = corpus.join(project.name.rsplit('/').next().unwrap_or_default());
        if !folder.is_dir() {
            println!("left out, for there is no checkout: {}", project.name);
            continue;
        }
        let run = reported(&folder);
        for finding in &project.finding {
            let is_reported = run.places.contains(&finding.place());
            tallies.entry(finding.rule.clone()).or_default().count(&project.name, finding, is_reported);
        }
        noise.push((project.name, run));
    }
    print_precision(&tallies);
    print_noise(&noise);
    let lost: Vec<_> = tallies
        .iter()
        .flat_map(|(rule, tally)| tally.lost.iter().map(move |place| format!("{rule} {place}")))
        .collect();
    println!("\nJudged true and no longer reported:\n{}", lost.join("\n"));
}

struct Run {
    /// Where findings begin, and where they say that the same flaw is as well.
    places: BTreeSet<Place>,
    findings: usize,
    lines: usize,
}

/// What a finding says of a place where its flaw is a second time.
const AGAIN: &str = "and here";

/// What the linter says of a checkout at its defaults.
fn reported(folder: &Path) -> Run {
    let report = run(folder, &["check", ".", "--format", "json", "--no-progress"]).expect("the linter runs");
    let diagnostics = report["diagnostics"].as_array().expect("a list of diagnostics");
    let mut places = BTreeSet::new();
    for diagnostic in diagnostics {
        let rule = diagnostic["rule"].as_str().expect("a rule");
        let evidence = diagnostic["evidence"].as_array().into_iter().flatten();
        let again = evidence.filter(|label| label["label"] == AGAIN);
        places.extend(std::iter::once(diagnostic).chain(again).map(|at| place(rule, at)));
    }
    Run { places, findings: diagnostics.len(), lines: lines_below(folder) }
}

fn place(rule: &str, at: &serde_json::Value) -> Place {
    let line = at["range"]["start"]["line"].as_u64().expect("a line");
    let path = at["path"].as_str().expect("a path");
    (rule.to_owned(), path.to_owned(), usize::try_from(line).expect("a line that fits"))
}

fn lines_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| match path.extension() {
            _ if path.is_dir() => lines_below(&path),
            Some(extension) if extension == "rs" => {
                fs::read(&path).expect("a file").iter().filter(|byte| **byte == b'\n').count()
            }
            _ => 0,
        })
        .sum()
}

fn print_precision(tallies: &BTreeMap<String, Tally>) {
    println!(
        "\n| rule | true | false | unsure | projects | true, no longer | false, no longer |\n|---|---|---|---|---|---|---|"
    );
    for (rule, tally) in tallies {
        let Tally { true_positives, false_positives, unsure, projects, repaired, lost } = tally;
        let (projects, lost) = (projects.len(), lost.len());
        println!("| `{rule}` | {true_positives} | {false_positives} | {unsure} | {projects} | {lost} | {repaired} |");
    }
    let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    println!(
        "| all | {} | {} | {} | | {} | {} |",
        sum(|t| t.true_positives),
        sum(|t| t.false_positives),
        sum(|t| t.unsure),
        sum(|t| t.lost.len()),
        sum(|t| t.repaired)
    );
}

fn print_noise(runs: &[(String, Run)]) {
    println!("\n| project | lines of Rust | findings | per 100,000 lines |\n|---|---|---|---|");
    for (name, run) in runs {
        let findings = run.findings;
        println!("| {name} | {} | {findings} | {:.1} |", run.lines, findings as f64 * 1e5 / run.lines.max(1) as f64);
    }
}
