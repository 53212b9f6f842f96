//! Lists `rules/resources/*.toml` with the libraries that each speaks of, so that a new catalogue file is embedded without a registry
//! to edit, and a run reads only the files of the libraries in use.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml::{Table, Value};

/// Names of libraries as code calls them: the first segments of paths.
type Names = BTreeSet<String>;

/// Keys of an entry whose text is for people, or a word of the grammar.
const PROSE: [&str; 17] = [
    "by",
    "effect",
    "example",
    "instead",
    "kind",
    "name",
    "of",
    "runs",
    "rust",
    "versions",
    "when-dropped",
    "when-leaked",
    "when-repeated",
    "when-skipped",
    "when-unended",
    "when-unlimited",
    "when-untimed",
];

/// Tables of which the paths are entries themselves: lists of calls, handlers, entry points.
const LISTS: [&str; 3] = ["calls", "entries", "handlers"];

/// What every project uses; what is said of no library is read together with it.
const ANY_PROJECT: &str = "std";

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("rules/resources");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("rules/resources is part of the package")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut text = String::from("const CATALOGUE_FILES: &[CatalogueFile] = &[\n");
    files.iter().for_each(|path| text.push_str(&embedded(path)));
    text.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("catalogue_files.rs"), text)
        .expect("OUT_DIR is writable");
}

/// A file as an expression of its embedded form.
fn embedded(path: &PathBuf) -> String {
    let name = path.file_name().expect("a file").to_string_lossy();
    let text = fs::read_to_string(path).expect("a readable file");
    let document: Table = text.parse().unwrap_or_else(|error| panic!("rules/resources/{name}: {error}"));
    let (mut describes, mut names) = (Names::new(), Names::new());
    for (section, content) in &document {
        match content {
            Value::Table(aliases) if section == "aliases" => {
                aliases.keys().filter(|path| !path.contains('*')).for_each(|path| note(path, &mut describes));
                aliases.values().filter_map(Value::as_str).for_each(|path| note(path, &mut names));
            }
            Value::Table(lists) if LISTS.contains(&section.as_str()) => {
                let calls = lists.values().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
                calls.for_each(|call| note(if call.contains("::") { call } else { ANY_PROJECT }, &mut describes));
            }
            Value::Array(entries) => entries.iter().filter_map(Value::as_table).for_each(|entry| {
                read_entry(entry, &mut describes, &mut names);
            }),
            _ => {}
        }
    }
    let mut text = String::new();
    let source = path.display().to_string();
    writeln!(
        text,
        "    CatalogueFile {{ name: {name:?}, text: include_str!({source:?}), describes: &{describes:?}, names: &{names:?} }},",
        describes = Vec::from_iter(describes),
        names = Vec::from_iter(names),
    )
    .expect("writing to a string");
    text
}

/// A `[[type]]`, `[[function]]`, `[[server]]`, … describes the libraries of its own path and of the calls that it lists, and names those of
/// the types that come up in it.
fn read_entry(entry: &Table, describes: &mut Names, names: &mut Names) {
    for (key, value) in entry {
        match (key.as_str(), value) {
            (key, _) if PROSE.contains(&key) => {}
            // What takes back what an entry gives up is looked for, and not described.
            ("back" | "lent", _) => {}
            ("begin" | "end" | "calls" | "path" | "serve" | "graceful" | "signals-off" | "close", path) => {
                note_all(path, describes)
            }
            ("constructors", Value::Table(calls)) => {
                calls.keys().for_each(|path| note_qualified(path, describes));
                calls.values().for_each(|call| note_all(call, names));
            }
            (_, value) => note_all(value, names),
        }
    }
}

/// The libraries of all paths in all texts of a value.
fn note_all(value: &Value, libraries: &mut Names) {
    match value {
        Value::String(text) => note_qualified(text, libraries),
        Value::Array(parts) => parts.iter().for_each(|part| note_all(part, libraries)),
        Value::Table(table) => {
            let read = table.iter().filter(|(key, _)| !PROSE.contains(&key.as_str()));
            read.for_each(|(_, value)| note_all(value, libraries));
        }
        _ => {}
    }
}

/// The libraries of all paths in a type expression: each word before a `::` that none stands before.
fn note_qualified(text: &str, libraries: &mut Names) {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.contains("::")).for_each(|word| note(word, libraries));
}

/// The library of a path.
fn note(path: &str, libraries: &mut Names) {
    libraries.extend(path.split("::").next().map(str::to_owned));
}
