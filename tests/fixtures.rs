//! The crates in `fixtures/` are linted as they are, and found as they are marked.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{Expectation, differences, expectations, lint};

#[test]
fn every_fixture_is_found_as_it_is_marked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let fixtures = fixtures_below(&root);
    assert!(!fixtures.is_empty(), "there are no fixtures");
    let faults: Vec<String> = fixtures.iter().flat_map(|fixture| outcome(&root, fixture)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The packages and workspaces below `folder`; what lies below one of them is a part of it.
fn fixtures_below(folder: &Path) -> Vec<PathBuf> {
    let folders = entries(folder).into_iter().filter(|path| path.is_dir() && !path.ends_with("target"));
    folders.flat_map(|path| if path.join("Cargo.toml").exists() { vec![path] } else { fixtures_below(&path) }).collect()
}

/// What the linter says of a fixture that its markers do not.
fn outcome(root: &Path, fixture: &Path) -> Vec<String> {
    let name = format!("fixtures/{}", fixture.strip_prefix(root).unwrap().display());
    match lint(fixture, &["--warn", "all"]) {
        Err(error) => vec![format!("{name}: {error}")],
        Ok(found) => {
            let differences = differences(&all_expectations(fixture, fixture), found);
            differences.iter().map(|it| format!("{name}/{}:{}: {}", it.place.path, it.place.line, it.what)).collect()
        }
    }
}

/// The markers of all files below `folder`, a part of `fixture`.
fn all_expectations(fixture: &Path, folder: &Path) -> Vec<Expectation> {
    let paths = entries(folder).into_iter().filter(|path| !path.ends_with("target"));
    paths
        .flat_map(|path| if path.is_dir() { all_expectations(fixture, &path) } else { of_file(fixture, &path) })
        .collect()
}

fn of_file(fixture: &Path, path: &Path) -> Vec<Expectation> {
    // What is no text has no markers.
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let components: Vec<&str> =
        path.strip_prefix(fixture).unwrap().iter().map(|component| component.to_str().unwrap()).collect();
    expectations(&components.join("/"), &text)
}

/// What lies in `folder`, in the order of the names; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
