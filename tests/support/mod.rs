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
    /// The finding is a hint, which is shown to those who ask for it.
    pub hint: bool,
}

/// What the linter said.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Where its primary range begins.
    pub place: Place,
    pub rule: String,
    pub hint: bool,
    pub message: String,
}

/// An expectation that was not met, or a finding that was not expected.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub place: Place,
    pub what: String,
}

/// Reads the markers of a file: `//~ rule` asks for a finding on its own line, each `^` behind the tilde moves that up by one, and a `?` behind these asks
/// for a hint. Where comments begin with `#`, so do markers.
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
    let rest = marker.trim_start_matches('^');
    let up = marker.len() - rest.len();
    let hint = rest.starts_with('?');
    let rule = rest.strip_prefix('?').unwrap_or(rest).trim();
    assert!(line > up, "{path}:{line}: this marker points above the file");
    assert!(!rule.is_empty() && !rule.contains(char::is_whitespace), "{path}:{line}: a marker names one rule");
    Expectation { place: Place { path: path.to_owned(), line: line - up }, rule: rule.to_owned(), hint }
}

/// Lints `folder` as a user would who stands in it and asks for hints, with the options for levels that are given.
///
/// # Errors
///
/// What the linter said instead of a report, or what it had to skip.
pub fn lint(folder: &Path, levels: &[&str]) -> Result<Vec<Finding>, String> {
    let arguments = ["check", ".", "--format", "json", "--min-confidence", "hint"];
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
    let (rule, message, hint) = (text("rule")?, text("message")?, text("confidence")? == "hint");
    let found = |place: Place| Finding { place, rule: rule.clone(), hint, message: message.clone() };
    Some(places.into_iter().map(found).collect())
}

/// Where what was found is not what was expected, in the order of the places. A hint that nobody expects is no difference: most people never see it.
pub fn differences(expected: &[Expectation], found: Vec<Finding>) -> Vec<Difference> {
    let mut unexpected = found;
    let mut differences = Vec::new();
    for Expectation { place, rule, hint } in expected {
        let meets = |found: &Finding| found.place == *place && found.rule == *rule && found.hint == *hint;
        match unexpected.iter().position(meets) {
            Some(index) => drop(unexpected.remove(index)),
            None => {
                let what = if *hint { "the hint " } else { "" };
                let what = format!("expected {what}`{rule}`, which was not found");
                differences.push(Difference { place: place.clone(), what });
            }
        }
    }
    unexpected.retain(|finding| !finding.hint);
    differences.extend(unexpected.into_iter().map(|Finding { place, rule, message, .. }| {
        let what = format!("unexpected `{rule}`: {message}");
        Difference { place, what }
    }));
    differences.sort();
    differences
}

#[test]
fn markers_point_at_lines_and_differences_name_them() {
    let expected = expectations("src/a.rs", "let a; //~ one //~ two\n// comment\n//~^ three\n//~^^? four\n");
    let place = |line| Place { path: "src/a.rs".into(), line };
    let rules: Vec<(usize, &str, bool)> =
        expected.iter().map(|it| (it.place.line, it.rule.as_str(), it.hint)).collect();
    assert_eq!(rules, [(1, "one", false), (1, "two", false), (2, "three", false), (2, "four", true)]);

    let told = |line, rule: &str, hint| Finding { place: place(line), rule: rule.into(), hint, message: "text".into() };
    let (found, hint) = (|line, rule| told(line, rule, false), |line, rule| told(line, rule, true));
    let all = vec![hint(2, "four"), found(2, "three"), found(1, "two"), found(1, "one"), hint(3, "five")];
    assert_eq!(differences(&expected, all), []);
    let some = vec![found(1, "two"), found(1, "one"), found(1, "one"), found(2, "four"), hint(2, "three")];
    let wrong = differences(&expected, some);
    let wrong: Vec<(usize, &str)> = wrong.iter().map(|it| (it.place.line, it.what.as_str())).collect();
    assert_eq!(
        wrong,
        [
            (1, "unexpected `one`: text"),
            (2, "expected `three`, which was not found"),
            (2, "expected the hint `four`, which was not found"),
            (2, "unexpected `four`: text"),
        ]
    );
}
