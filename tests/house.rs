//! The house in order: directions, homes of dependencies, wording, and what every file owes its reader. The rules of the house stand
//! where people read them, in `docs/architecture.md` and in `Cargo.toml`; here they are enforced.

#[path = "house/code.rs"]
mod code;
#[path = "support/repository.rs"]
mod repository;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use code::{paths, said};
use repository::{File, files, read};
use watertight::rules::page::{Family, Page};

/// Top-level files of `src/` that are no module of the library.
const NO_MODULES: [&str; 1] = ["lib"];

/// Files in `src/rules/` that belong to no rule.
const NO_RULES: [&str; 1] = ["page"];

/// Functions of `std::fs` that write.
const WRITES: [&str; 11] = [
    "write",
    "copy",
    "rename",
    "hard_link",
    "create_dir",
    "create_dir_all",
    "remove_dir",
    "remove_dir_all",
    "remove_file",
    "set_permissions",
    "OpenOptions",
];

/// Modules whose strings are read by people as messages, and what they say them with.
const SPEAKING: [&str; 3] = ["index", "report", "rules"];
const SAYING: [&str; 3] = ["new", "note", "help"];

/// A path of ours or of a library that a file of `src/` names.
struct Named {
    /// As in `facts::model::Body` or `std::fs::read`.
    path: String,
    /// As in `src/report/mod.rs:3`.
    place: String,
}

/// A module of ours, as a file of `src/`.
struct Module {
    /// As in `facts::model`.
    path: String,
    file: File,
    /// What it names of ours, by path from the crate's root.
    ours: Vec<Named>,
    /// All that it names, as written.
    all: Vec<Named>,
}

/// A row of a table in `docs/architecture.md`.
struct Row {
    name: String,
    /// What stands in the second column before a "not", and behind it.
    allowed: Vec<String>,
    denied: Vec<String>,
}

/// Our modules, without those that hold nothing but tests.
static MODULES: LazyLock<Vec<Module>> = LazyLock::new(|| {
    let ours = files().into_iter().filter(|file| file.path.starts_with("src/") && file.path.ends_with(".rs"));
    let modules = ours.filter(|file| !file.path.ends_with("/tests.rs")).map(Module::of);
    modules.filter(|module| !NO_MODULES.contains(&module.path.as_str())).collect()
});

impl Module {
    fn of(file: File) -> Module {
        let path = file.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let mut module = Module { path: path.replace('/', "::"), file, ours: Vec::new(), all: Vec::new() };
        for mention in paths(&module.file.text) {
            let place = format!("{}:{}", module.file.path, mention.line);
            if let Some(path) = module.resolve(&mention.segments).filter(|path| !path.is_empty()) {
                module.ours.push(Named { path, place: place.clone() });
            }
            module.all.push(Named { path: mention.segments.join("::"), place });
        }
        module
    }

    /// The module of the library it is or belongs to.
    fn top(&self) -> &str {
        self.path.split("::").next().unwrap_or(&self.path)
    }

    /// `crate::…` and `super::…` from the root; a binary names the library from outside.
    fn resolve(&self, segments: &[String]) -> Option<String> {
        let binary = ["main", "bin"].contains(&self.top());
        let own: Vec<&str> = self.path.split("::").collect();
        let (start, rest) = match segments.first()?.as_str() {
            "crate" => (&[][..], &segments[1..]),
            "watertight" if binary => (&[][..], &segments[1..]),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                (&own[..own.len().saturating_sub(ups)], &segments[ups..])
            }
            _ => return None,
        };
        Some(start.iter().copied().chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join("::"))
    }

    /// The first mention of something of a dependency.
    fn names(&self, dependency: &str) -> Option<&Named> {
        self.all.iter().find(|it| is_below(&it.path, dependency))
    }

    /// Whether it decides a rule.
    fn is_rule(&self) -> bool {
        self.path.strip_prefix("rules::").is_some_and(|name| !NO_RULES.contains(&name))
    }
}

/// Whether `path` is `above` or lies below it.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Row {
    fn allows(&self, path: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|name| is_below(path, name));
        among(&self.allowed) && !among(&self.denied)
    }
}

/// The first table below a heading of `docs/architecture.md`.
fn table(heading: &str) -> Vec<Row> {
    let page = read("docs/architecture.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|')).skip(2);
    lines.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
    let [name, rest] = cells[..] else { panic!("`{line}` has not two columns") };
    let (allowed, denied) = rest.split_once(" not ").unwrap_or((rest, ""));
    let [name] = &in_backticks(name)[..] else { panic!("`{line}` names not one module") };
    Row { name: name.clone(), allowed: in_backticks(allowed), denied: in_backticks(denied) }
}

fn in_backticks(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The homes of every dependency, as the comment above it in `Cargo.toml` tells them.
fn homes() -> BTreeMap<String, Vec<String>> {
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("\n[dependencies]\n").unwrap();
    let lines: Vec<&str> = section.lines().take_while(|line| !line.starts_with('[')).collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].starts_with("# "));
    pairs
        .map(|pair| {
            let name = pair[1].split([' ', '=']).next().unwrap().replace('-', "_");
            let (homes, _) = pair[0].trim_start_matches("# ").split_once(": ").unwrap();
            (name, homes.split(", ").map(str::to_owned).collect())
        })
        .collect()
}

/// Fails with all of `faults`, one per line.
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn whatever_a_module_may_import_stands_below_it() {
    let floors = table("The floors");
    let names: Vec<&str> = floors.iter().map(|row| row.name.as_str()).collect();
    let tops: BTreeSet<&str> = MODULES.iter().map(Module::top).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), tops, "rows on the left, modules on the right");
    for (at, row) in floors.iter().enumerate() {
        for allowed in &row.allowed {
            let below = names[at + 1..].iter().any(|name| is_below(allowed, name));
            assert!(below, "`{}` may import `{allowed}`, which does not stand below it", row.name);
        }
    }
}

#[test]
fn no_module_imports_what_its_floor_does_not_allow() {
    let floors = table("The floors");
    let mut faults = Vec::new();
    for module in &*MODULES {
        let allows = |path: &str| floors.iter().any(|row| row.name == module.top() && row.allows(path));
        let strange = module.ours.iter().filter(|it| !is_below(&it.path, module.top()) && !allows(&it.path));
        faults.extend(strange.map(|it| format!("{}: `{}` may not import `{}`", it.place, module.path, it.path)));
    }
    assert_none(&faults);
}

#[test]
fn a_rule_knows_no_level_and_no_other_rule() {
    let mut faults = Vec::new();
    for module in MODULES.iter().filter(|module| module.is_rule()) {
        let other =
            |path: &str| MODULES.iter().any(|it| it.is_rule() && it.path != module.path && is_below(path, &it.path));
        let strange = module.ours.iter().filter(|it| is_below(&it.path, "report") || other(&it.path));
        faults.extend(strange.map(|it| format!("{}: a rule may not import `{}`", it.place, it.path)));
    }
    assert_none(&faults);
}

#[test]
fn what_reaches_outside_stays_at_home() {
    let mut faults = Vec::new();
    for row in table("What reaches outside") {
        // Importing a whole module brings in what is below it.
        let reaches = |it: &&Named| is_below(&it.path, &row.name) || it.path != "std" && is_below(&row.name, &it.path);
        for module in MODULES.iter().filter(|module| !row.allows(&module.path)) {
            let strange = module.all.iter().filter(reaches);
            faults.extend(strange.map(|it| format!("{}: `{}` has no home in `{}`", it.place, row.name, module.path)));
        }
    }
    assert_none(&faults);
}

#[test]
fn nothing_is_written() {
    let writes = |it: &&Named| match it.path.rsplit_once("::") {
        Some((owner, function)) => {
            let owner = owner.rsplit("::").next().unwrap_or(owner);
            owner == "fs" && WRITES.contains(&function) || owner == "File" && !["open", "from"].contains(&function)
        }
        None => false,
    };
    let found = MODULES.iter().flat_map(|module| &module.all).filter(writes);
    assert_none(&found.map(|it| format!("{}: `{}` writes", it.place, it.path)).collect::<Vec<_>>());
}

#[test]
fn every_dependency_stays_at_home_and_every_home_needs_it() {
    let mut faults = Vec::new();
    for (name, homes) in homes() {
        let used_in = |home: &str| MODULES.iter().any(|it| is_below(&it.path, home) && it.names(&name).is_some());
        if homes == ["everywhere"] {
            continue;
        }
        let outside = MODULES.iter().filter(|module| !homes.iter().any(|home| is_below(&module.path, home)));
        let strange = outside.filter_map(|module| module.names(&name));
        faults.extend(strange.map(|it| format!("{}: `{name}` is at home in {}", it.place, homes.join(", "))));
        let idle = homes.iter().filter(|home| !used_in(home));
        faults.extend(idle.map(|home| format!("Cargo.toml: `{home}` is a home of `{name}` and does not use it")));
    }
    assert_none(&faults);
}

#[test]
fn every_dependency_gives_its_reason() {
    let manifest = read("Cargo.toml");
    let (mut section, mut above) = ("", "");
    let mut faults = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains('=') && !above.starts_with("# ") {
            faults.push(format!("Cargo.toml: `{line}` stands there without a reason above it"));
        }
        above = line;
    }
    assert_none(&faults);
}

#[test]
fn every_file_says_what_it_is_for() {
    let ours = files().into_iter().filter(|file| file.path.ends_with(".rs") && !file.path.starts_with("fixtures/"));
    let silent = ours.filter(|file| !file.text.starts_with("//! "));
    assert_none(&silent.map(|file| format!("{} does not open with `//!`", file.path)).collect::<Vec<_>>());
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let places = ["work", "root", "home", "Users"].map(|folder| format!("/{folder}/"));
    let mut faults = Vec::new();
    for file in files() {
        for (line, at) in file.text.lines().zip(1..) {
            let found = places.iter().find(|place| begins_a_path(line, place));
            faults.extend(found.map(|place| format!("{}:{at}: `{place}` is a place on one machine", file.path)));
        }
    }
    assert_none(&faults);
}

/// Whether `place` stands in `line` with no part of a path or word before it.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-})]>".contains(c)))
}

#[test]
fn every_locked_dependency_comes_from_the_public_registry() {
    const PUBLIC: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut faults = Vec::new();
    for file in files().into_iter().filter(|file| file.path.ends_with("Cargo.lock")) {
        let strange = file.text.lines().filter(|line| line.starts_with("source = ") && *line != PUBLIC);
        faults.extend(strange.map(|line| format!("{}: {line}", file.path)));
    }
    assert_none(&faults);
}

#[test]
fn messages_end_without_a_full_stop() {
    let mut faults = Vec::new();
    for module in MODULES.iter().filter(|module| SPEAKING.contains(&module.top())) {
        let stopped = said(&module.file.text, &SAYING).into_iter().filter(|it| it.text.ends_with('.'));
        faults.extend(
            stopped.map(|it| format!("{}:{}: \"{}\" ends with a full stop", module.file.path, it.line, it.text)),
        );
    }
    assert_none(&faults);
}

#[test]
fn every_rule_has_a_file_and_every_file_a_rule() {
    let files = files();
    let pages = files.iter().filter_map(|file| {
        let name = file.path.strip_prefix("rules/")?.strip_suffix(".md")?;
        (name != "README").then(|| Page::parse(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path)))
    });
    let told: BTreeSet<String> =
        pages.filter(|page| page.family != Family::Meta).map(|page| page.id.replace('-', "_")).collect();
    let decided = MODULES.iter().filter(|module| module.is_rule());
    let decided: BTreeSet<String> = decided.map(|module| module.path.replacen("rules::", "", 1)).collect();
    assert_eq!(told, decided, "pages on the left, files of src/rules on the right");
}

#[test]
fn a_page_tells_how_sure_its_rule_is() {
    let mut faults = Vec::new();
    for module in MODULES.iter().filter(|module| module.is_rule()) {
        let path = format!("rules/{}.md", module.path.replacen("rules::", "", 1).replace('_', "-"));
        let page = Page::parse(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let told: BTreeSet<&str> = page.confidence.iter().map(|it| it.name()).collect();
        let named: BTreeSet<String> =
            module.all.iter().filter_map(|it| it.path.strip_prefix("Confidence::")).map(str::to_lowercase).collect();
        if !told.iter().copied().eq(named.iter().map(String::as_str)) {
            faults.push(format!("{path} tells {told:?}, and {} names {named:?}", module.file.path));
        }
    }
    assert_none(&faults);
}
