//! What configurations mean, and how the errors in them look.

use std::fs;

use insta::assert_snapshot;
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Deserialize;
use tempfile::TempDir;

use super::*;

const RULES: &[RuleInfo] = &[
    RuleInfo { id: "per-call-pool", family: "creation", default_level: Level::Deny },
    RuleInfo { id: "swallowed-error", family: "errors", default_level: Level::Warn },
];

/// A workspace with these files.
fn workspace(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(files: &[(&str, &str)]) -> miette::Result<Config> {
    let folder = workspace(files);
    Config::load(folder.path(), None, folder.path(), RULES)
}

fn read(text: &str) -> Config {
    load(&[(FILE_NAME, text)]).unwrap()
}

/// The error as people see it.
fn error_of(loaded: miette::Result<Config>) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(80);
    handler.render_report(&mut text, &*loaded.unwrap_err()).unwrap();
    // Snapshots know no trailing blanks.
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn error(text: &str) -> String {
    error_of(load(&[(FILE_NAME, text)]))
}

#[test]
fn without_a_configuration_everything_has_its_default() {
    let config = load(&[("Cargo.toml", "[workspace]\nmembers = []\n[workspace.metadata.other]\na = 1\n")]).unwrap();
    assert!(config.levels.is_empty() && config.overrides.is_empty() && config.catalogue.is_none());
    assert_eq!((config.min_confidence, config.include_tests), (None, false));
}

#[test]
fn every_key_is_read() {
    let config = read(
        r#"
            min-confidence = "hint"
            exclude = ["vendor/**"]
            include-tests = true

            [rules]
            swallowed-error = "deny"
            errors = "allow"
            all = "warn"

            [[overrides]]
            paths = ["crates/legacy/**", "*.rs"]
            rules = { per-call-pool = "allow" }

            [[overrides]]
            paths = []
            [overrides.rules]
            meta = "deny"
        "#,
    );
    assert_eq!(config.min_confidence, Some(Confidence::Hint));
    assert!(config.include_tests);
    assert!(config.exclude.contains("vendor/a.rs") && !config.exclude.contains("src/a.rs"));
    let set = |name, level| LevelSetting { selector: Selector::parse(name, RULES).unwrap(), level };
    assert_eq!(
        config.levels,
        [set("all", Level::Warn), set("errors", Level::Allow), set("swallowed-error", Level::Deny)]
    );
    assert_eq!(config.overrides.len(), 2);
    assert!(config.overrides[0].paths.contains("crates/legacy/src/a.rs") && config.overrides[0].paths.contains("a.rs"));
    assert_eq!(config.overrides[0].settings, [set("per-call-pool", Level::Allow)]);
    assert_eq!(config.overrides[1].settings, [set("meta", Level::Deny)]);
}

#[test]
fn the_manifest_may_hold_the_configuration() {
    for table in ["workspace", "package"] {
        let manifest = format!("[{table}.metadata.watertight]\ninclude-tests = true\n");
        assert!(load(&[("Cargo.toml", &manifest)]).unwrap().include_tests);
    }
}

#[test]
fn a_broken_manifest_is_not_the_configurations_concern() {
    assert!(load(&[("Cargo.toml", "[workspace")]).is_ok());
}

#[test]
fn a_file_that_is_asked_for_replaces_all_others() {
    let folder = workspace(&[
        (FILE_NAME, "nonsense"),
        ("Cargo.toml", "[workspace.metadata.watertight]\n"),
        ("strict.toml", "include-tests = true\n"),
    ]);
    let strict = folder.path().join("strict.toml");
    let config = Config::load(folder.path(), Some(&strict), folder.path(), RULES).unwrap();
    assert!(config.include_tests);
    let missing = Config::load(folder.path(), Some(&folder.path().join("none.toml")), folder.path(), RULES);
    assert!(error_of(missing).contains("cannot read the configuration `none.toml`"));
}

#[derive(Deserialize)]
struct Entry {
    path: String,
}

#[derive(Deserialize)]
struct Entries {
    resource: Vec<Entry>,
}

#[test]
fn entries_for_the_catalogue_are_handed_on_with_their_places() {
    let good = "include-tests = true\n[[resource]]\npath = \"a::Pool\"\n";
    let manifest = format!("[package.metadata.watertight]\n{}", good.replace("[[", "[[package.metadata.watertight."));
    for config in [read(good), load(&[("Cargo.toml", &manifest)]).unwrap()] {
        let entries = config.catalogue.unwrap();
        let table = entries.table().unwrap();
        assert_eq!(table.get_ref().len(), 1, "only keys of the catalogue");
        let entries = Entries::deserialize(toml::Deserializer::from(table)).unwrap();
        assert_eq!(entries.resource[0].path, "a::Pool");
    }

    let entries = read("include-tests = true\n\n[[resource]]\npath = 7\n").catalogue.unwrap();
    let wrong = Entries::deserialize(toml::Deserializer::from(entries.table().unwrap())).err().unwrap();
    assert_snapshot!(error_of(Err(entries.error(wrong.message(), None, wrong.span()))));
}

#[test]
fn unknown_keys_are_errors() {
    assert_snapshot!("unknown_key", error("include-tests = true\ninclude-test = false\n"));
    assert_snapshot!("unknown_key_far", error("[lints]\na = 1\n"));
    assert_snapshot!("unknown_key_override", error("[[overrides]]\npath = [\"a\"]\nrules = {}\n"));
}

#[test]
fn unknown_rules_are_errors() {
    assert_snapshot!("unknown_rule", error("[rules]\nper_call_pool = \"deny\"\n"));
    assert_snapshot!("unknown_rule_warnings", error("[rules]\nwarnings = \"deny\"\n"));
    assert_snapshot!(
        "unknown_rule_manifest",
        error_of(load(&[(
            "Cargo.toml",
            "[package]\nname = \"a\"\n\n[package.metadata.watertight.rules]\npools = \"deny\"\n"
        )]))
    );
}

#[test]
fn unknown_words_are_errors() {
    assert_snapshot!("unknown_level", error("[rules]\nall = \"error\"\n"));
    assert_snapshot!("unknown_confidence", error("min-confidence = \"likly\"\n"));
}

#[test]
fn wrong_types_are_errors() {
    assert_snapshot!("type_of_level", error("[rules]\nall = 2\n"));
    assert_snapshot!("type_of_boolean", error("include-tests = \"yes\"\n"));
    assert_snapshot!("type_of_table", error("rules = [\"all\"]\n"));
    assert_snapshot!("type_of_overrides", error("[overrides]\npaths = []\n"));
    assert_snapshot!("type_of_glob", error("exclude = [\"a\", 1]\n"));
    assert_snapshot!("type_of_metadata", error_of(load(&[("Cargo.toml", "[package]\nmetadata.watertight = 1\n")])));
}

#[test]
fn broken_globs_and_toml_are_errors() {
    assert_snapshot!("broken_glob", error("exclude = [\"a\", \"b[\"]\n"));
    assert_snapshot!("broken_toml", error("[rules]\nall = deny\n"));
}

#[test]
fn an_override_needs_both_its_parts() {
    assert_snapshot!("override_without_paths", error("[[overrides]]\n[overrides.rules]\nall = \"allow\"\n"));
    assert_snapshot!("override_without_rules", error("[[overrides]]\npaths = [\"a\"]\n"));
}

#[test]
fn two_configurations_are_an_error() {
    let manifest = "[workspace]\n\n[workspace.metadata.watertight.rules]\nall = \"warn\"\n";
    assert_snapshot!("two_files", error_of(load(&[(FILE_NAME, ""), ("Cargo.toml", manifest)])));
    let both = "[package.metadata.watertight]\n[workspace.metadata.watertight]\n";
    assert_snapshot!("two_tables", error_of(load(&[("Cargo.toml", both)])));
}

#[test]
fn a_configuration_that_is_no_text_is_an_error() {
    let folder = workspace(&[]);
    fs::write(folder.path().join(FILE_NAME), [0xff, 0xfe]).unwrap();
    let loaded = Config::load(folder.path(), None, folder.path(), RULES);
    let message = loaded.unwrap_err().to_string();
    assert!(message.starts_with("cannot read the configuration `watertight.toml`: "), "{message}");
}

/// The examples of `docs/configuration.md` are configurations.
#[test]
fn the_documentation_is_right() {
    let page = include_str!("../../docs/configuration.md");
    let examples: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2);
    let own = read(examples[0]);
    assert_eq!((own.levels.len(), own.overrides.len(), own.catalogue.is_some()), (3, 1, true));
    assert_eq!(load(&[("Cargo.toml", examples[1])]).unwrap().levels.len(), 1);
    let keys = || KEYS.iter().chain(&OVERRIDE_KEYS).chain(&CATALOGUE_KEYS);
    assert_eq!(keys().find(|key| !page.contains(&format!("`{key}`"))), None, "a key is not described");
}
