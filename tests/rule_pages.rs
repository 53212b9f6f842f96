//! The pages of the rules are their tests, and so are the further cases in `tests/cases`: they follow the grammar, they belong to the rules, and every example
//! is found as it is marked.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use support::{Expectation, Place, differences, expectations, lint, run};
use watertight::rules::page::{Example, Family, Page, cases};

const DEFAULT_MANIFEST: &str = include_str!("support/example.toml");

const PAGES: &str = "rules";
const CASES: &str = "tests/cases";

/// A page with the name of its file.
struct Named {
    /// As in `rules/per-call-pool.md`.
    path: String,
    page: Page,
}

/// The examples of a rule in one file.
struct Examples {
    /// As in `rules/per-call-pool.md`.
    path: String,
    /// The id of the rule.
    rule: String,
    examples: Vec<Example>,
}

fn pages() -> Vec<Named> {
    documents(PAGES)
        .into_iter()
        .filter(|(id, ..)| id != "README")
        .map(|(id, path, text)| page(&id, path, &text))
        .collect()
}

fn page(id: &str, path: String, text: &str) -> Named {
    let page = Page::parse(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(page.id, id, "{path}: a page is named after its rule");
    Named { path, page }
}

/// Those of the pages, and their further cases.
fn examples() -> Vec<Examples> {
    let of_pages =
        pages().into_iter().map(|Named { path, page }| Examples { path, rule: page.id, examples: page.examples });
    let further = documents(CASES).into_iter().map(|(rule, path, text)| {
        let examples = cases(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Examples { path, rule, examples }
    });
    of_pages.chain(further).collect()
}

/// The documents of a folder of the repository: stem, path and text, in the order of their names.
fn documents(folder: &str) -> Vec<(String, String, String)> {
    let below = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let name = format!("{folder}/{stem}.md");
        (stem, name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

fn all_expectations(example: &Example) -> Vec<Expectation> {
    example.files.iter().flat_map(|file| expectations(&file.path, &file.text)).collect()
}

/// Fails with all of `faults`, one per line.
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_rule_has_its_page_and_every_page_its_rule() {
    let list = run(Path::new(env!("CARGO_MANIFEST_DIR")), &["rules", "--format", "json"]).unwrap();
    let ids = |list: &serde_json::Value| {
        list.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
    };
    let rules: BTreeSet<String> = ids(&list);
    let pages: BTreeSet<String> = pages().into_iter().map(|named| named.page.id).collect();
    assert_eq!(rules, pages);
}

#[test]
fn the_list_of_rules_says_what_the_pages_say() {
    let list = run(Path::new(env!("CARGO_MANIFEST_DIR")), &["rules", "--format", "json"]).unwrap();
    for Named { path, page } in pages() {
        let rule = list.as_array().unwrap().iter().find(|rule| rule["id"] == page.id.as_str());
        let rule = rule.unwrap_or_else(|| panic!("{path} belongs to no rule"));
        assert_eq!(rule["family"], page.family.name(), "{path}");
        assert_eq!(rule["default_level"], serde_json::to_value(page.level).unwrap(), "{path}");
    }
}

#[test]
fn every_section_holds_what_the_grammar_asks_for() {
    let faults = pages().into_iter().flat_map(|Named { path, page }| {
        let owed = SECTIONS_HOLD.iter().filter(|owed| page.family != Family::Meta || owed.in_meta);
        let broken = owed.filter(|owed| !page.section(owed.title).is_some_and(|body| (owed.holds)(&page, body)));
        broken.map(|owed| format!("{path}: section `{}` {}", owed.title, owed.what)).collect::<Vec<_>>()
    });
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn every_example_is_marked_as_its_section_asks() {
    let ids: BTreeSet<String> = pages().into_iter().map(|named| named.page.id).collect();
    let faults = examples().into_iter().flat_map(|Examples { path, rule, examples }| {
        let unknown = (!ids.contains(&rule)).then(|| format!("{path} belongs to no rule"));
        let faults = examples.iter().filter_map(|example| {
            let fault = marker_fault(example, &rule, &ids)?;
            Some(format!("{path}:{}: {fault}", example.line))
        });
        unknown.into_iter().chain(faults).collect::<Vec<_>>()
    });
    assert_none(&faults.collect::<Vec<_>>());
}

/// What `rules/README.md` asks of a section.
struct Owed {
    title: &'static str,
    /// Whether a page of the family `meta` owes it, too.
    in_meta: bool,
    holds: fn(&Page, &str) -> bool,
    /// In words, behind the title.
    what: &'static str,
}

/// What sections hold, and how it is told that one does not.
const SECTIONS_HOLD: [Owed; 8] = [
    Owed { title: "Problem", in_meta: true, holds: |_, body| !body.is_empty(), what: "is empty" },
    Owed { title: "Wrong", in_meta: true, holds: |page, _| has_example(page, "Wrong"), what: "has no example" },
    Owed {
        title: "Why it matters",
        in_meta: false,
        holds: |_, body| body.contains("Symptom: ") || body.contains("Symptom:\n"),
        what: "tells no symptom",
    },
    Owed { title: "Right", in_meta: true, holds: |page, _| has_example(page, "Right"), what: "has no example" },
    Owed {
        title: "Architecture rule",
        in_meta: true,
        holds: |_, body| body.starts_with("> **") && body.ends_with("**"),
        what: "is not one quoted sentence in bold",
    },
    Owed {
        title: "Confirm at run time",
        in_meta: false,
        holds: |_, body| body.contains("```sh\n"),
        what: "has no `sh` block",
    },
    Owed {
        title: "Known limits",
        in_meta: false,
        holds: |page, _| has_example(page, "Known limits"),
        what: "has no example that asserts one",
    },
    Owed {
        title: "Related lints",
        in_meta: true,
        holds: tells_of_lints,
        what: "does not begin with one quoted sentence on clippy or rustc, or leaves out a lint of the head",
    },
];

fn has_example(page: &Page, title: &str) -> bool {
    page.examples.iter().any(|example| example.section == title)
}

fn tells_of_lints(page: &Page, body: &str) -> bool {
    let named = |text: &str| text.contains("clippy") || text.contains("rustc");
    let sentence = page.quote("Related lints").is_some_and(|quote| named(&quote) && quote.ends_with('.'));
    sentence && page.clippy.iter().all(|lint| body.contains(&format!("`{lint}`")))
}

/// What is wrong with the markers of an example, given where it stands.
fn marker_fault(example: &Example, id: &str, ids: &BTreeSet<String>) -> Option<String> {
    let expected = all_expectations(example);
    if let Some(unknown) = expected.iter().find(|it| !ids.contains(&it.rule)) {
        return Some(format!("a marker names `{}`, which has no page", unknown.rule));
    }
    let wrong = example.section == "Wrong";
    if wrong && !expected.iter().any(|it| it.rule == id) {
        return Some(format!("an example of `Wrong` has no marker of `{id}`"));
    }
    let found = !wrong && expected.iter().any(|it| !it.hint);
    found.then(|| format!("an example of `{}` has a marker that is not of a hint", example.section))
}

#[test]
fn every_example_is_found_as_it_is_marked() {
    let documents = examples();
    let all = documents.par_iter().flat_map(|document| document.examples.par_iter().map(|it| (&document.path, it)));
    assert_none(&all.flat_map_iter(|(path, example)| outcome(path, example)).collect::<Vec<_>>());
}

/// What the linter says of an example that its markers do not, with the places in its document.
fn outcome(document: &str, example: &Example) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write(example, folder.path(), DEFAULT_MANIFEST);
    match lint(folder.path(), &["--warn", "all"]) {
        Err(error) => vec![format!("{document}:{}: {error}", example.line)],
        Ok(found) => {
            let differences = differences(&all_expectations(example), found);
            differences
                .iter()
                .map(|difference| {
                    format!("{}: {}", place_in_document(document, example, &difference.place), difference.what)
                })
                .collect()
        }
    }
}

fn place_in_document(document: &str, example: &Example, place: &Place) -> String {
    match example.files.iter().find(|file| file.path == place.path) {
        Some(file) => format!("{document}:{}", file.line + place.line - 1),
        None => format!("{document}:{}: {}:{}", example.line, place.path, place.line),
    }
}

fn write(example: &Example, folder: &Path, manifest: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    for file in &example.files {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
}

/// Takes minutes and fetches all libraries that the examples use.
#[test]
#[ignore = "compiles the examples with their real dependencies: `cargo test --test rule_pages -- --ignored`"]
fn every_example_compiles() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    // One lock file has one version of a library for all that ask for compatible ones: who brings a manifest may ask for an older one.
    let workspaces = [("common", false), ("own", true)].map(|(name, own)| (folder.join(name), own));
    for (workspace, own) in &workspaces {
        let mut members = Vec::new();
        for Examples { path, rule, examples } in examples() {
            let further = if path.starts_with(CASES) { "case-" } else { "" };
            for example in examples.iter().filter(|example| brings_a_manifest(example) == *own) {
                let name = format!("{rule}-{further}{}", example.line);
                member(example, &name, &workspace.join(&name));
                members.push(name);
            }
        }
        let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
        fs::write(workspace.join("Cargo.toml"), manifest).unwrap();
    }
    let compiles = |workspace: &Path| {
        let arguments = ["check", "--workspace", "--all-targets", "--keep-going"];
        Command::new(env!("CARGO")).args(arguments).current_dir(workspace).status().unwrap().success()
    };
    let failed: Vec<_> = workspaces.iter().filter(|(workspace, _)| !compiles(workspace)).collect();
    assert!(failed.is_empty(), "see the errors of cargo above");
}

fn brings_a_manifest(example: &Example) -> bool {
    example.files.iter().any(|file| file.path == "Cargo.toml")
}

/// Writes an example as a member of a workspace, under a name of its own.
fn member(example: &Example, name: &str, folder: &Path) {
    write(example, folder, DEFAULT_MANIFEST);
    let manifest = folder.join("Cargo.toml");
    let library = if folder.join("src/lib.rs").exists() { "[lib]\nname = \"example\"\n\n" } else { "" };
    let text = fs::read_to_string(&manifest).unwrap();
    let renamed = text.replacen("name = \"example\"", &format!("name = \"{name}\""), 1);
    fs::write(manifest, renamed.replacen("[dependencies]", &format!("{library}[dependencies]"), 1)).unwrap();
}
