//! What the tests of pages and fixtures share: markers, findings, and how the two differ.
//! Knows the command line and the JSON document, nothing of the library.

pub mod linter;

use std::path::Path;

use serde_json::Value;

pub use linter::run;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the folder that is linted, `/` between components.
    pub path: String,
    /// From 1.
    pub line: usize,
}

/// What a marker asks for: exactly one finding of the rule whose primary range begins on the line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expectation {
    pub place: Place,
    pub rule: String,
}

/// What the linter said.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Where its primary range begins.
    pub place: Place,
    pub rule: String,
    pub message: String,
}

/// An expectation that was not met, or a finding that was not expected.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub place: Place,
    pub what: String,
}

/// Reads the markers of a file: `//~ rule` asks for a finding on its own line, each `^` behind the tilde moves that up by one. Where comments begin with
/// `#`, so do markers.
///
/// # Panics
///
/// If a marker does not name one rule, or points above the file.
pub fn expectations(path: &str, text: &str) -> Vec<Expectation> {
    let opener = if path.ends_with(".rs") { "//~" } else { "#~" };
    let numbered = text.lines().zip(1..);
    numbered
        .flat_map(|(text, line)| text.split(opener).skip(1).map(move |marker| expectation(path, line, marker)))
        .collect()
}

fn expectation(path: &str, line: usize, marker: &str) -> Expectation {
    let rule = marker.trim_start_matches('^');
    let up = marker.len() - rule.len();
    let rule = rule.trim();
    assert!(line > up, "{path}:{line}: this marker points above the file");
    assert!(!rule.is_empty() && !rule.contains(char::is_whitespace), "{path}:{line}: a marker names one rule");
    Expectation { place: Place { path: path.to_owned(), line: line - up }, rule: rule.to_owned() }
}

/// Lints `folder` as a user would who stands in it, with the options for levels that are given.
///
/// # Errors
///
/// What the linter said instead of a report, or what it had to skip.
pub fn lint(folder: &Path, levels: &[&str]) -> Result<Vec<Finding>, String> {
    let arguments = ["check", ".", "--format", "json", "--min-confidence", "likely"];
    let document = run(folder, &[&arguments, levels].concat())?;
    let skipped = document["summary"]["skipped"].as_array().ok_or("the summary does not list what was skipped")?;
    if !skipped.is_empty() {
        return Err(format!("skipped: {}", Value::from(skipped.clone())));
    }
    let diagnostics = document["diagnostics"].as_array().ok_or("the document has no diagnostics")?;
    let found = diagnostics
        .iter()
        .map(|diagnostic| findings(diagnostic).ok_or_else(|| format!("incomplete: {diagnostic}")))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// What a diagnostic says of its own place, and of others where it names more of the same.
fn findings(diagnostic: &Value) -> Option<Vec<Finding>> {
    let text = |key: &str| diagnostic[key].as_str().map(str::to_owned);
    let place = |at: &Value| {
        let line = usize::try_from(at["range"]["start"]["line"].as_u64()?).ok()?;
        Some(Place { path: at["path"].as_str()?.to_owned(), line })
    };
    let more = diagnostic["evidence"].as_array()?.iter().filter(|label| label["label"] == "and here").map(place);
    let places = std::iter::once(place(diagnostic)).chain(more).collect::<Option<Vec<_>>>()?;
    let (rule, message) = (text("rule")?, text("message")?);
    let found = |place: Place| Finding { place, rule: rule.clone(), message: message.clone() };
    Some(places.into_iter().map(found).collect())
}

/// Where what was found is not what was expected, in the order of the places.
pub fn differences(expected: &[Expectation], found: Vec<Finding>) -> Vec<Difference> {
    let mut unexpected = found;
    let mut differences = Vec::new();
    for Expectation { place, rule } in expected {
        match unexpected.iter().position(|finding| finding.place == *place && finding.rule == *rule) {
            Some(index) => drop(unexpected.remove(index)),
            None => differences
                .push(Difference { place: place.clone(), what: format!("expected `{rule}`, which was not found") }),
        }
    }
    differences.extend(unexpected.into_iter().map(|Finding { place, rule, message }| {
        let what = format!("unexpected `{rule}`: {message}");
        Difference { place, what }
    }));
    differences.sort();
    differences
}

#[test]
fn markers_point_at_lines_and_differences_name_them() {
    let expected = expectations("src/a.rs", "let a; //~ one //~ two\n// comment\n//~^ three\n");
    let place = |line| Place { path: "src/a.rs".into(), line };
    let rules: Vec<(usize, &str)> = expected.iter().map(|it| (it.place.line, it.rule.as_str())).collect();
    assert_eq!(rules, [(1, "one"), (1, "two"), (2, "three")]);

    let found = |line, rule: &str| Finding { place: place(line), rule: rule.into(), message: "text".into() };
    assert_eq!(differences(&expected, vec![found(2, "three"), found(1, "two"), found(1, "one")]), []);
    let wrong = differences(&expected, vec![found(1, "two"), found(1, "one"), found(1, "one"), found(3, "three")]);
    let wrong: Vec<(usize, &str)> = wrong.iter().map(|it| (it.place.line, it.what.as_str())).collect();
    assert_eq!(
        wrong,
        [(1, "unexpected `one`: text"), (2, "expected `three`, which was not found"), (3, "unexpected `three`: text")]
    );
}
