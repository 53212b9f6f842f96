//! From diagnostics and comments to a report, on small files whose flaws are the word `flaw`.

use std::path::Path;

use super::*;
use crate::diagnostic::Label;
use crate::facts::comments::suppressions;
use crate::source::Range;

const RULES: &[RuleInfo] = &[
    RuleInfo { id: "per-call-pool", family: "creation", default_level: Level::Deny },
    RuleInfo { id: "swallowed-error", family: "errors", default_level: Level::Warn },
    RuleInfo { id: "unlimited-pool", family: "creation", default_level: Level::Allow },
];

fn policy() -> Policy {
    Policy {
        root: "/w".into(),
        levels: Levels::new(RULES.iter().copied(), Vec::new(), Vec::new(), Vec::new()),
        min_confidence: Confidence::Likely,
        exclude: PathSet::default(),
        only: Vec::new(),
    }
}

fn flag(name: &str, level: Level) -> LevelSetting {
    LevelSetting { selector: Selector::parse(name, RULES).unwrap(), level }
}

fn with_flags(flags: Vec<LevelSetting>) -> Policy {
    Policy { levels: Levels::new(RULES.iter().copied(), Vec::new(), Vec::new(), flags), ..policy() }
}

fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(SourceFile::new(format!("/w/{path}").into(), Path::new("/w"), *text));
    }
    sources
}

fn diagnostic(rule: &str, file: FileId, start: u32) -> Diagnostic {
    let span = Range { start, end: start + 4 }.in_file(file);
    Diagnostic::new(rule, Confidence::Certain, "a flaw", Label::new(span, "here")).about("crate::f", "Pool")
}

/// One diagnostic of `rule` at every `flaw` of the files.
fn flaws(sources: &Sources, rule: &str) -> Vec<Diagnostic> {
    let places = sources.iter().flat_map(|(id, file)| file.text.match_indices("flaw").map(move |(at, _)| (id, at)));
    places.map(|(id, at)| diagnostic(rule, id, at as u32)).collect()
}

/// The report on files in which nothing is known to be a node.
fn report(sources: &Sources, diagnostics: Vec<Diagnostic>, policy: &Policy) -> Report {
    let comments: Vec<_> = sources
        .iter()
        .flat_map(|(id, file)| suppressions(&file.text, &[]).into_iter().map(move |it| (id, it)))
        .collect();
    let summary = Summary { files: sources.len(), ..Summary::default() };
    Report::new(diagnostics, comments.iter().map(|(id, it)| (*id, it)), sources, policy, summary)
}

/// `path:line level rule`, as the findings are reported.
fn told(report: &Report, sources: &Sources) -> Vec<String> {
    let tell = |finding: &Finding| {
        let span = finding.diagnostic.primary.span;
        let file = sources.get(span.file);
        let line = file.position(span.start).line;
        format!("{}:{line} {} {}", file.display, finding.level.name(), finding.diagnostic.rule)
    };
    report.findings.iter().map(tell).collect()
}

fn check(text: &str, rule: &str, policy: &Policy) -> Vec<String> {
    let sources = sources(&[("a.rs", text)]);
    told(&report(&sources, flaws(&sources, rule), policy), &sources)
}

#[test]
fn findings_are_levelled_counted_and_sorted() {
    let sources = sources(&[("b.rs", "flaw flaw"), ("a.rs", "\nflaw")]);
    let mut diagnostics = flaws(&sources, "swallowed-error");
    diagnostics.extend(flaws(&sources, "per-call-pool"));
    diagnostics.extend(flaws(&sources, "unlimited-pool"));
    let report = report(&sources, diagnostics, &policy());
    assert_eq!(
        told(&report, &sources),
        [
            "a.rs:2 deny per-call-pool",
            "a.rs:2 warn swallowed-error",
            "b.rs:1 deny per-call-pool",
            "b.rs:1 warn swallowed-error",
            "b.rs:1 deny per-call-pool",
            "b.rs:1 warn swallowed-error",
        ]
    );
    let summary = &report.summary;
    assert_eq!((summary.files, summary.denied, summary.warned, summary.suppressed), (2, 3, 3, 0));
    assert_eq!(report.findings[0].family, "creation");
}

#[test]
fn what_is_said_twice_is_shown_once() {
    let sources = sources(&[("a.rs", "flaw")]);
    let twice = [flaws(&sources, "per-call-pool"), flaws(&sources, "per-call-pool")].concat();
    assert_eq!(report(&sources, twice, &policy()).findings.len(), 1);
}

#[test]
fn a_comment_silences_its_rule_where_it_stands() {
    let text = "flaw // watertight: allow(per-call-pool) -- once\nflaw\n";
    let sources = sources(&[("a.rs", text)]);
    let report = report(&sources, flaws(&sources, "per-call-pool"), &policy());
    assert_eq!(told(&report, &sources), ["a.rs:2 deny per-call-pool"]);
    assert_eq!(report.summary.suppressed, 1);
}

#[test]
fn a_comment_for_the_file_silences_that_file_only() {
    let sources =
        sources(&[("a.rs", "flaw\nflaw\n// watertight: allow-file(per-call-pool) -- ported"), ("b.rs", "flaw")]);
    let report = report(&sources, flaws(&sources, "per-call-pool"), &policy());
    assert_eq!(told(&report, &sources), ["b.rs:1 deny per-call-pool"]);
    assert_eq!(report.summary.suppressed, 2);
}

#[test]
fn a_comment_without_use_is_reported() {
    let text = "fine // watertight: allow(per-call-pool) -- once\nflaw\n";
    assert_eq!(
        check(text, "swallowed-error", &policy()),
        ["a.rs:1 warn unused-suppression", "a.rs:2 warn swallowed-error"]
    );
}

#[test]
fn of_several_names_only_the_useless_are_reported() {
    let text = "flaw // watertight: allow(per-call-pool, swallowed-error) -- once\n";
    let sources = sources(&[("a.rs", text)]);
    let report = report(&sources, flaws(&sources, "per-call-pool"), &policy());
    assert_eq!(told(&report, &sources), ["a.rs:1 warn unused-suppression"]);
    let unused = &report.findings[0].diagnostic;
    assert_eq!(sources.get(FileId(0)).slice(unused.primary.span.range()), "swallowed-error");
    assert_eq!(unused.message, "this comment suppresses nothing: there is no `swallowed-error` in what it covers");
}

#[test]
fn a_comment_about_a_rule_that_is_off_is_not_called_unused() {
    let text = "fine // watertight: allow(unlimited-pool) -- once\n";
    assert_eq!(check(text, "per-call-pool", &policy()), [] as [&str; 0]);
    let on = with_flags(vec![flag("unlimited-pool", Level::Warn)]);
    assert_eq!(check(text, "per-call-pool", &on), ["a.rs:1 warn unused-suppression"]);
}

#[test]
fn a_comment_without_reason_silences_and_is_reported() {
    let text = "flaw // watertight: allow(per-call-pool)\n";
    assert_eq!(check(text, "per-call-pool", &policy()), ["a.rs:1 warn unreasoned-suppression"]);
    // What is to be removed needs no reason.
    assert_eq!(check(text, "swallowed-error", &policy())[1..], ["a.rs:1 warn unused-suppression"]);
}

#[test]
fn a_name_that_is_no_rule_is_reported_with_the_nearest() {
    let text = "flaw // watertight: allow(per-cal-pool) -- once\n";
    let sources = sources(&[("a.rs", text)]);
    let report = report(&sources, flaws(&sources, "per-call-pool"), &policy());
    assert_eq!(told(&report, &sources), ["a.rs:1 deny per-call-pool", "a.rs:1 warn unknown-rule"]);
    let unknown = &report.findings[1].diagnostic;
    assert_eq!(unknown.help.as_deref(), Some("a rule with a similar name exists: `per-call-pool`"));
    assert_eq!(unknown.fixes[0].edits[0].content, "per-call-pool");
    assert_eq!(sources.get(FileId(0)).slice(unknown.fixes[0].edits[0].span.range()), "per-cal-pool");
}

#[test]
fn families_cannot_be_suppressed() {
    let sources = sources(&[("a.rs", "// watertight: allow-file(creation) -- all of it\n")]);
    let report = report(&sources, Vec::new(), &policy());
    assert_eq!(told(&report, &sources), ["a.rs:1 warn unknown-rule"]);
    assert_eq!(
        report.findings[0].diagnostic.help.as_deref(),
        Some("a comment names rules; the level of a family is set in `watertight.toml`")
    );
}

#[test]
fn a_comment_that_cannot_be_read_is_reported() {
    let text = "flaw // watertight: allow per-call-pool\n";
    let sources = sources(&[("a.rs", text)]);
    let report = report(&sources, flaws(&sources, "per-call-pool"), &policy());
    assert_eq!(told(&report, &sources), ["a.rs:1 deny per-call-pool", "a.rs:1 warn unused-suppression"]);
    assert_eq!(report.findings[1].diagnostic.primary.text, "expected `(` after `allow`");
}

#[test]
fn what_is_said_of_comments_is_levelled_but_never_suppressed() {
    let text =
        "// watertight: allow-file(unused-suppression) -- quiet\n// watertight: allow-file(per-call-pool) -- old\n";
    assert_eq!(check(text, "x", &policy()), ["a.rs:1 warn unused-suppression", "a.rs:2 warn unused-suppression"]);
    assert_eq!(check(text, "x", &with_flags(vec![flag("unused-suppression", Level::Allow)])), [] as [&str; 0]);
    assert_eq!(check(text, "x", &with_flags(vec![flag("meta", Level::Deny)])).len(), 2);
}

#[test]
fn what_is_not_sure_enough_is_not_shown_but_uses_its_comment() {
    let sources = sources(&[("a.rs", "flaw\nflaw // watertight: allow(per-call-pool) -- once\n")]);
    let mut diagnostics = flaws(&sources, "per-call-pool");
    diagnostics.iter_mut().for_each(|it| it.confidence = Confidence::Hint);
    let shown = report(&sources, diagnostics.clone(), &policy());
    assert_eq!((told(&shown, &sources).len(), shown.summary.suppressed), (0, 0));
    let hints = Policy { min_confidence: Confidence::Hint, ..policy() };
    let shown = report(&sources, diagnostics, &hints);
    assert_eq!(told(&shown, &sources), ["a.rs:1 deny per-call-pool"]);
    assert_eq!(shown.summary.suppressed, 1);
}

#[test]
fn only_what_is_asked_for_and_not_excluded_is_shown() {
    let sources = sources(&[("src/a.rs", "flaw"), ("src/ab/c.rs", "flaw"), ("vendor/a.rs", "flaw")]);
    let shown = |policy: &Policy| told(&report(&sources, flaws(&sources, "per-call-pool"), policy), &sources);
    let only = |paths: &[&str]| Policy { only: paths.iter().map(PathBuf::from).collect(), ..policy() };
    assert_eq!(shown(&only(&["/w/src/a.rs"])), ["src/a.rs:1 deny per-call-pool"]);
    // Components, not letters.
    assert_eq!(shown(&only(&["/w/src/a"])), [] as [&str; 0]);
    assert_eq!(shown(&only(&["/w/src", "/w/x"])).len(), 2);
    let mut exclude = PathSet::default();
    exclude.add("vendor/**").unwrap();
    assert_eq!(shown(&Policy { exclude, ..policy() }).len(), 2);
}

#[test]
fn overrides_hold_for_their_paths() {
    let sources = sources(&[("src/a.rs", "flaw"), ("legacy/a.rs", "flaw")]);
    let mut paths = PathSet::default();
    paths.add("legacy/**").unwrap();
    let legacy = Override { paths, settings: vec![flag("creation", Level::Warn)] };
    let policy =
        Policy { levels: Levels::new(RULES.iter().copied(), Vec::new(), vec![legacy], Vec::new()), ..policy() };
    let shown = told(&report(&sources, flaws(&sources, "per-call-pool"), &policy), &sources);
    assert_eq!(shown, ["legacy/a.rs:1 warn per-call-pool", "src/a.rs:1 deny per-call-pool"]);
}

#[test]
fn fingerprints_do_not_depend_on_places_nor_on_what_is_shown() {
    let fingerprints = |text: &str| -> Vec<String> {
        let sources = sources(&[("a.rs", text)]);
        let report = report(&sources, flaws(&sources, "per-call-pool"), &policy());
        report.findings.into_iter().map(|finding| finding.fingerprint).collect()
    };
    let two = fingerprints("flaw flaw");
    assert_eq!(two, fingerprints("\n\n  flaw\n\nflaw"));
    assert_ne!(two[0], two[1]);
    assert!(two.iter().all(|it| it.len() == 16 && it.chars().all(|c| c.is_ascii_hexdigit())));
    // A silenced first one does not make the second one new.
    assert_eq!(fingerprints("flaw // watertight: allow(per-call-pool) -- once\nflaw"), two[1..]);
    // Baselines are kept in repositories: this value may never change.
    assert_eq!(two[0], "535c473ce083dff3");
}

#[test]
fn the_order_of_diagnostics_does_not_matter() {
    let sources = sources(&[
        ("a.rs", "flaw flaw // watertight: allow(x, y) -- z\nflaw"),
        ("b.rs", "flaw // watertight: allow()"),
    ]);
    let mut diagnostics = [flaws(&sources, "per-call-pool"), flaws(&sources, "swallowed-error")].concat();
    let first = report(&sources, diagnostics.clone(), &policy());
    diagnostics.reverse();
    let second = report(&sources, diagnostics, &policy());
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}
