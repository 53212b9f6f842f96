//! The catalogue from outside: how the errors in a project's own entries look, and that the examples of `rules/resources/` compile with the
//! libraries they are about.

#[path = "house/code.rs"]
mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use code::paths;
use insta::assert_snapshot;
use tempfile::TempDir;
use toml::{Table, Value};

const WATERTIGHT: &str = env!("CARGO_BIN_EXE_watertight");

/// A package with this manifest below its name, this `main.rs` and this configuration.
fn package(manifest: &str, main: &str, configuration: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    write("Cargo.toml", &format!("[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{manifest}"));
    write("src/main.rs", main);
    write("watertight.toml", configuration);
    folder
}

/// What a run says of a configuration that is wrong.
fn error(configuration: &str) -> String {
    let folder = package("", "fn main() {}\n", configuration);
    let output = Command::new(WATERTIGHT).current_dir(folder.path()).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{configuration}");
    // Snapshots know no trailing blanks.
    String::from_utf8(output.stderr).unwrap().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A resource with one more line.
fn resource(line: &str) -> String {
    format!("[[resource]]\npath = \"our_pool::Pool\"\nkind = \"connection-pool\"\n{line}\n")
}

#[test]
fn errors_in_entries_point_at_the_key() {
    assert_snapshot!("unknown_key", error("[[signal]]\npath = \"our_signals::on_stop\"\nsignal = [\"terminate\"]\n"));
    assert_snapshot!("missing_path", error("[[function]]\nreturns = \"bool\"\n"));
    assert_snapshot!("missing_kind", error("include-tests = true\n\n[[resource]]\npath = \"our_pool::Pool\"\n"));
    assert_snapshot!("unknown_runs", error("[[function]]\npath = \"our_pool::each\"\nruns = \"requests\"\n"));
    assert_snapshot!("unknown_effect", error(&resource("methods = { put = { effect = \"databse\" } }")));
    assert_snapshot!("bad_type", error(&resource("constructors = { open = \"async Result<Self, our_pool::Error\" }")));
    assert_snapshot!("wrong_type", error(&resource("constructors = { open = true }")));
    assert_snapshot!("bad_versions", error(&resource("versions = \"since 2\"")));
    assert_snapshot!("unknown_close", error(&resource("close = [\"close\"]\nmethods = { closed = \"async ()\" }")));
}

/// The compiled form of a file's examples: those that are true of the same versions, with what they depend on.
struct Group {
    name: String,
    dependencies: Table,
    examples: Vec<String>,
}

fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The examples of a catalogue file, by the versions of a library that they are true of.
fn groups(file: &Path) -> Vec<Group> {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let mut examples: BTreeMap<Option<(String, String)>, Vec<String>> = BTreeMap::new();
    for (section, entries) in read(file) {
        let entries = if ["resource", "server", "signal"].contains(&section.as_str()) { entries } else { continue };
        for entry in entries.as_array().unwrap() {
            let Some(example) = entry.get("example").and_then(Value::as_str) else { continue };
            let path = entry.get("path").or_else(|| entry.get("serve")?.get(0)).and_then(Value::as_str).unwrap();
            let library = path.split("::").next().unwrap().to_owned();
            let versions = entry.get("versions").and_then(Value::as_str).map(|versions| (library, versions.to_owned()));
            examples.entry(versions).or_default().push(example.to_owned());
        }
    }
    let needs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/catalogue").join(format!("{name}.toml"));
    let needs = if needs.exists() { read(&needs) } else { Table::new() };
    let dependencies = |versions: &Option<(String, String)>| match versions {
        Some((library, versions)) => pinned(&needs, library, versions),
        None => unpinned(&needs),
    };
    let numbered = examples.into_iter().enumerate();
    let group = numbered.map(|(at, (versions, examples))| Group {
        name: format!("{name}-{at}"),
        dependencies: dependencies(&versions),
        examples,
    });
    group.collect()
}

/// What examples need that are true of all versions: the keys that are names of packages.
fn unpinned(needs: &Table) -> Table {
    needs.iter().filter(|(name, _)| !name.contains(' ')).map(|(name, needed)| (name.clone(), needed.clone())).collect()
}

/// What examples need that are true of these versions of a library: what stands under the name with the versions, otherwise what
/// stands under the name, in these versions.
fn pinned(needs: &Table, library: &str, versions: &str) -> Table {
    let mut dependencies = unpinned(needs);
    let (name, dependency) = dependencies
        .iter_mut()
        .find(|(name, _)| name.replace('-', "_") == library)
        .unwrap_or_else(|| panic!("`{library}` is no dependency of its examples"));
    match (needs.get(&format!("{name} {versions}")), dependency) {
        (Some(special), dependency) => *dependency = special.clone(),
        (None, Value::Table(details)) => drop(details.insert("version".into(), versions.into())),
        (None, plain) => *plain = versions.into(),
    }
    dependencies
}

impl Group {
    /// The library that its examples make up.
    fn text(&self) -> String {
        let functions = self.examples.iter().enumerate().map(|(at, example)| {
            format!("pub async fn example_{at}() -> Result<(), Box<dyn std::error::Error>> {{\n{example}\nOk(())\n}}\n")
        });
        functions.collect()
    }

    fn manifest(&self) -> Table {
        let text = |text: &str| Value::from(text);
        let package = Table::from_iter([("name", text(&self.name)), ("edition", text("2024"))].map(own));
        let dependencies = Value::from(self.dependencies.clone());
        let tables = [("package", package.into()), ("dependencies", dependencies), ("workspace", Table::new().into())];
        Table::from_iter(tables.map(own))
    }

    /// Whether a package of its examples below `folder` compiles.
    fn compiles(&self, folder: &Path, target: &Path) -> bool {
        let folder = folder.join(&self.name);
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::write(folder.join("Cargo.toml"), toml::to_string(&self.manifest()).unwrap()).unwrap();
        fs::write(folder.join("src/lib.rs"), self.text()).unwrap();
        let mut check = Command::new(env!("CARGO"));
        check.args(["check", "--target-dir"]).arg(target.join("target")).current_dir(&folder);
        check.status().unwrap().success()
    }
}

fn own<T>((key, value): (&str, T)) -> (String, T) {
    (key.to_owned(), value)
}

/// Takes long and fetches every library there is an example of; `CATALOGUE_FILES=sqlx,redis` chooses files. Each group is a workspace of
/// its own, since not all libraries can be linked into one program.
#[test]
#[ignore = "compiles the examples with their real libraries: `cargo test --test catalogue -- --ignored`"]
fn every_example_compiles() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalogue");
    let folder = target.join("packages");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let chosen = std::env::var("CATALOGUE_FILES").ok();
    let chosen = |file: &Path| {
        let name = file.file_stem().unwrap().to_str().unwrap();
        chosen.as_ref().is_none_or(|chosen| chosen.split(',').any(|it| it == name))
    };
    let groups = files().into_iter().filter(|file| chosen(file)).flat_map(|file| groups(&file));
    let broken: Vec<String> = groups.filter(|group| !group.compiles(&folder, &target)).map(|it| it.name).collect();
    assert!(broken.is_empty(), "see the errors of cargo above, on {}", broken.join(", "));
}

/// The files of the catalogue, in their order.
fn files() -> Vec<PathBuf> {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/resources")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_library_that_an_example_names_is_there_to_compile_it() {
    let mut faults = Vec::new();
    for group in files().iter().flat_map(|file| groups(file)) {
        let needed: BTreeSet<String> = group.dependencies.keys().map(|name| name.replace('-', "_")).collect();
        let mentions = paths(&group.text());
        // What an example imports or is given by another library may begin a path, too.
        let given: BTreeSet<&String> = mentions.iter().flat_map(|it| it.segments.iter().skip(1)).collect();
        let named = mentions.iter().filter_map(|it| it.segments.first()).filter(|name| !given.contains(name));
        let named: BTreeSet<&String> = named.filter(|name| name.starts_with(char::is_lowercase)).collect();
        let missing = named.into_iter().filter(|name| *name != "std" && !needed.contains(*name));
        faults.extend(missing.map(|name| format!("{}: `{name}` is no dependency of its examples", group.name)));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
