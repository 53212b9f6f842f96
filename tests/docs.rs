//! What the documents say is so: links lead somewhere, no page is an orphan, the README shows what there is, and the table of the
//! rules is made of their pages.

#[path = "docs/forgotten_resource.rs"]
mod forgotten_resource;
#[path = "support/repository.rs"]
mod repository;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use repository::{File, files, read, root};
use watertight::catalogue::{Catalogue, Libraries};
use watertight::diagnostic::Confidence;
use watertight::facts::extract;
use watertight::index::{Index, Outline};
use watertight::rules::page::{Family, Page, Section};
use watertight::workspace::discover;

/// A link that leads to something in this repository.
struct Link {
    /// As in `docs/architecture.md:12`.
    place: String,
    /// The file it leads to, relative to the repository; that of the link itself where it only names a heading.
    path: String,
    heading: Option<String>,
}

fn documents() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".md")).collect()
}

/// The lines that are prose, with their numbers from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => lines.push((number, line)),
        }
    }
    lines
}

fn links(file: &File) -> Vec<Link> {
    let mut found = Vec::new();
    for (number, line) in prose(&file.text) {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (path, heading) =
                target.split_once('#').map_or((target, None), |(path, it)| (path, Some(it.to_owned())));
            let path = if path.is_empty() { file.path.clone() } else { beside(&file.path, path) };
            found.push(Link { place: format!("{}:{number}", file.path), path, heading });
        }
    }
    found
}

/// The path that `link`, said in `file`, leads to.
fn beside(file: &str, link: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names that headings can be linked by: GitHub's, in lower case, without punctuation, `-` for blanks.
fn headings(text: &str) -> Vec<String> {
    let headings = prose(text).into_iter().filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
        })
        .collect()
}

/// Runs `watertight` in `folder`.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_watertight")).args(arguments).current_dir(folder).output().unwrap()
}

/// The first fenced block between two lines of a document, without its fences.
fn block(document: &str, from: &str, to: &str) -> Option<String> {
    let text = read(document);
    let (_, rest) = text.split_once(from)?;
    let (part, _) = rest.split_once(to)?;
    let (_, fenced) = part.split_once("```")?;
    let (fenced, _) = fenced.split_once("\n```")?;
    Some(fenced.split_once('\n')?.1.to_owned())
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let mut faults = Vec::new();
    for Link { place, path, heading } in documents.iter().flat_map(links) {
        if !root().join(&path).exists() {
            faults.push(format!("{place}: there is no `{path}`"));
        } else if let Some(heading) = heading
            && !documents.iter().any(|it| it.path == path && headings(&it.text).contains(&heading))
        {
            faults.push(format!("{place}: `{path}` has no heading `#{heading}`"));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_document_is_linked_from_the_readme() {
    let documents = documents();
    let readme = documents.iter().find(|file| file.path == "README.md").unwrap();
    let linked: Vec<String> = links(readme).into_iter().map(|link| link.path).collect();
    let orphans = documents.iter().map(|file| file.path.as_str()).filter(|path| !linked.iter().any(|it| it == path));
    // The further cases of a rule bear its name, and are for the tests.
    let orphans: Vec<&str> = orphans.filter(|path| !path.starts_with("tests/cases/")).collect();
    assert_eq!(orphans, ["README.md"]);
}

/// The pages of the rules with their paths, by family and then by id.
fn pages() -> Vec<(String, Page)> {
    let files = files().into_iter().filter(|file| file.path.starts_with("rules/") && file.path.ends_with(".md"));
    let pages = files.filter(|file| !file.path.ends_with("/README.md")).map(|file| {
        let page = Page::parse(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        (file.path, page)
    });
    let mut pages: Vec<(String, Page)> = pages.collect();
    pages.sort_by_key(|(_, page)| (page.family, page.id.clone()));
    pages
}

/// The head of the table below, with what the columns mean.
const TABLE_HEAD: &str = "\
# The rules in one table

Made of the heads of [their pages](../rules/README.md), and checked by a test; `UPDATE_DOCS=1 cargo test --test docs` writes it anew.

- *level*: what holds where the [configuration](configuration.md) says nothing. What is at `allow` is off.
- *confidence*: how sure its findings are. `hint` is shown with `--min-confidence hint` only.
- *nearest lint*: of clippy or rustc, that sees part of the same, and how the rule differs.

| rule | family | finds | level | confidence | nearest lint | difference |
|---|---|---|---|---|---|---|
";

/// A row of the table: what a page says of its rule.
fn row(path: &str, page: &Page) -> String {
    let listed = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let cells = [
        format!("[`{}`](../{path})", page.id),
        page.family.name().to_owned(),
        page.summary.clone(),
        page.level.name().to_owned(),
        listed(page.confidence.iter().map(|it| it.name().to_owned()).collect()),
        listed(page.clippy.iter().map(|lint| format!("`{lint}`")).collect()),
        page.quote("Related lints").unwrap_or_else(|| panic!("{path}: says nothing of clippy and rustc")),
    ];
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

#[test]
fn the_table_of_the_rules_says_what_their_pages_say() {
    let rows = pages().iter().map(|(path, page)| row(path, page)).collect::<String>();
    let table = format!("{TABLE_HEAD}{rows}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join("docs/rules.md"), &table).unwrap();
    }
    let stale = "docs/rules.md is not what the pages say; `UPDATE_DOCS=1 cargo test --test docs` writes it anew";
    assert!(read("docs/rules.md") == table, "{stale}");
}

#[test]
fn a_row_of_the_table_keeps_its_columns() {
    let page = Page {
        id: "a-flaw".into(),
        family: Family::Errors,
        level: watertight::report::Level::Warn,
        confidence: vec![Confidence::Hint, Confidence::Certain],
        since: "0.1.0".into(),
        clippy: vec!["map_err_ignore".into()],
        summary: "Finds a flaw.".into(),
        sections: vec![Section { title: "Related lints".into(), line: 9, body: "> Not `|_| ..`.\n\nMore.".into() }],
        examples: Vec::new(),
    };
    let expected = "| [`a-flaw`](../rules/a-flaw.md) | errors | Finds a flaw. | warn | hint, certain | `map_err_ignore` | \
        Not `\\|_\\| ..`. |\n";
    assert_eq!(row("rules/a-flaw.md", &page), expected);
}

#[test]
fn the_readme_lists_the_rules_as_their_pages_say() {
    let readme = read("README.md");
    for (path, page) in pages() {
        let row = format!("| [`{}`]({path}) | {} | {} |\n", page.id, page.family.name(), page.summary);
        assert!(readme.contains(&row), "README.md lacks the row\n{row}");
    }
}

#[test]
fn the_readme_shows_what_is_printed() {
    let output = run(root(), &["check", "fixtures/tracker_bot"]);
    let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let shown = block("README.md", "<!-- output: tracker_bot -->", "<!-- end of output -->")
        .unwrap_or_else(|| panic!("README.md shows no output; this is what is printed:\n{printed}"));
    // A line `…` stands for what is left out; how long it took differs from run to run.
    for piece in shown.trim_start_matches("…\n").split("\n…\n") {
        let timeless = piece.rsplit_once("; ").filter(|(_, time)| time.ends_with(" s")).map_or(piece, |(rest, _)| rest);
        assert!(printed.contains(timeless), "README.md shows\n{timeless}\nwhich is not part of\n{printed}");
    }
}

#[test]
fn the_configuration_in_the_readme_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = block("README.md", "## Configuration in a nutshell", "## Beside clippy").unwrap();
    fs::write(folder.path().join("watertight.toml"), configuration).unwrap();
    fs::write(folder.path().join("lib.rs"), "").unwrap();
    let output = run(folder.path(), &["check", "lib.rs"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_rule_that_is_added_in_the_walk_works() {
    let told = block("docs/adding_a_rule.md", "<!-- tests/docs/forgotten_resource.rs -->", "What to notice").unwrap();
    let source = read("tests/docs/forgotten_resource.rs").replace("watertight::", "crate::");
    assert_eq!(told, source.trim_end(), "docs/adding_a_rule.md shows another rule than the one that is tested");

    let forgotten = "use std::{fs::File, io::BufWriter};\nfn f(w: BufWriter<File>) { std::mem::forget(w) }\n";
    let found = forgotten_resource::check(&index(forgotten));
    assert_eq!(found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), ["a `std::io::BufWriter` is forgotten"]);
    assert_eq!(forgotten_resource::check(&index("fn f(w: Vec<u8>) { std::mem::forget(w) }")), []);
}

/// The index of a package with one file.
fn index(text: &str) -> Index {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"example\"\nedition = \"2024\"\n").unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), text).unwrap();
    let workspace = discover(&[], folder.path()).unwrap();
    let facts = workspace.sources.iter().map(|(_, file)| extract(&file.text).ok()).collect();
    let outline = Outline::link(&workspace, facts, Catalogue::embedded(Libraries::any()));
    let bodies = outline.bodies().into_iter().map(|body| (body, outline.infer(body))).collect();
    Index::new(outline, bodies)
}

#[test]
fn links_and_headings_are_read_as_github_reads_them() {
    let text = "# The *page*, of `a`\n[one](b.md#two-parts) and [three](../c/#x) [out](https://d.e)\n```md\n[no](no.md)\n```\n[here](#y)\n";
    let file = File { path: "docs/a.md".into(), text: text.into() };
    let found: Vec<(String, Option<String>)> = links(&file).into_iter().map(|it| (it.path, it.heading)).collect();
    let link = |path: &str, heading: &str| (path.to_owned(), Some(heading.to_owned()));
    assert_eq!(found, [link("docs/b.md", "two-parts"), link("c", "x"), link("docs/a.md", "y")]);
    assert_eq!(headings(text), ["the-page-of-a"]);
}
