//! The page of a rule, `rules/<id>.md`, and its further cases, `tests/cases/<id>.md`, as plain data.
//! Knows the grammar of `rules/README.md` and nothing of the linter: no rule, no file system.

use std::fmt;

use crate::diagnostic::Confidence;
use crate::report::Level;

/// What a rule says of itself: shown by `explain`, listed by `rules`, executed by the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Kebab-case, names the flaw, reads well after "allow".
    pub id: String,
    pub family: Family,
    /// The level where the configuration says nothing.
    pub level: Level,
    /// How sure its findings are, ascending: each that there is.
    pub confidence: Vec<Confidence>,
    /// The first version that has the rule.
    pub since: String,
    /// Lints of clippy or rustc that see part of the same flaw.
    pub clippy: Vec<String>,
    /// One sentence: what the rule finds.
    pub summary: String,
    /// In the order of the grammar.
    pub sections: Vec<Section>,
    /// In the order of the page.
    pub examples: Vec<Example>,
}

/// The groups the rules come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Unclosed,
    Creation,
    Errors,
    Shutdown,
    /// About suppressions, not about the code.
    Meta,
}

/// A second-level heading with the text below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    /// Line of the heading in the page, from 1.
    pub line: usize,
    /// Markdown, without the heading and without blank lines around it.
    pub body: String,
}

/// A fenced `rust` block: a whole small package for the linter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Title of the section it stands in.
    pub section: String,
    /// Line of the opening fence in the page, from 1.
    pub line: usize,
    /// Never empty, no path twice.
    pub files: Vec<ExampleFile>,
}

/// One file of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFile {
    /// Relative to the package's folder, `/` between components.
    pub path: String,
    /// Line of the page, from 1, that holds the file's first line.
    pub line: usize,
    pub text: String,
}

/// A page that does not follow the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageError {
    /// From 1.
    pub line: usize,
    /// Lower case, no full stop.
    pub message: String,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for PageError {}

impl Family {
    pub const ALL: [Family; 5] = [Family::Unclosed, Family::Creation, Family::Errors, Family::Shutdown, Family::Meta];

    /// The word on the page, in the configuration and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Family::Unclosed => "unclosed",
            Family::Creation => "creation",
            Family::Errors => "errors",
            Family::Shutdown => "shutdown",
            Family::Meta => "meta",
        }
    }
}

/// The sections in their order, and whether a page of the family `meta` must have them too.
const SECTIONS: [(&str, bool); 9] = [
    ("Problem", true),
    ("Wrong", true),
    ("Why it matters", true),
    ("Right", true),
    ("Stays silent", false),
    ("Architecture rule", true),
    ("Confirm at run time", false),
    ("Known limits", true),
    ("Related lints", false),
];

/// The sections of a page that may have further cases in a file of their own, in their order.
const SECTIONS_OF_CASES: [&str; 2] = ["Wrong", "Stays silent"];

/// Where an example's text goes before its first `//@` line.
const DEFAULT_FILE: &str = "src/main.rs";
const LIBRARY_FILE: &str = "src/lib.rs";

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    ///
    /// The first place where `text` does not follow the grammar of `rules/README.md`.
    pub fn parse(text: &str) -> Result<Page, PageError> {
        let lines = numbered(text);
        let (head, body) = split_head(&lines);
        let Head { id, meta, summary } = parse_head(head)?;
        let blocks = split_sections(body)?;
        check_sections(&blocks, meta.family, lines.len())?;
        let examples = examples_of(&blocks)?;
        Ok(Page {
            id,
            family: meta.family,
            level: meta.level,
            confidence: meta.confidence,
            since: meta.since,
            clippy: meta.clippy,
            summary,
            sections: blocks.iter().map(Block::section).collect(),
            examples,
        })
    }

    /// The text below the heading `title`.
    pub fn section(&self, title: &str) -> Option<&str> {
        self.sections.iter().find(|section| section.title == title).map(|section| section.body.as_str())
    }

    /// The sentence that a section quotes at its beginning, on one line.
    pub fn quote(&self, title: &str) -> Option<String> {
        let lines: Vec<&str> = self.section(title)?.lines().map_while(|line| line.strip_prefix("> ")).collect();
        (!lines.is_empty()).then(|| lines.join(" "))
    }
}

/// Reads the further cases of a rule: what its page leaves out, below the headings of the page.
///
/// # Errors
///
/// The first place where `text` does not follow the grammar of `rules/README.md`.
pub fn cases(text: &str) -> Result<Vec<Example>, PageError> {
    let lines = numbered(text);
    let blocks = split_sections(split_head(&lines).1)?;
    let mut sections = SECTIONS_OF_CASES.iter();
    for block in &blocks {
        let known = sections.any(|title| *title == block.title);
        let expected = || format!("expected the sections `{}`, in this order", SECTIONS_OF_CASES.join("` and `"));
        known.then_some(()).ok_or_else(|| block.heading.error(expected()))?;
    }
    examples_of(&blocks)
}

fn numbered(text: &str) -> Vec<Line<'_>> {
    text.lines().enumerate().map(|(index, text)| Line { number: index + 1, text }).collect()
}

/// What stands in front of the first section, and the rest.
fn split_head<'l, 'a>(lines: &'l [Line<'a>]) -> (&'l [Line<'a>], &'l [Line<'a>]) {
    lines.split_at(lines.iter().position(|line| line.text.starts_with("## ")).unwrap_or(lines.len()))
}

fn examples_of(blocks: &[Block]) -> Result<Vec<Example>, PageError> {
    let mut examples = Vec::new();
    for block in blocks {
        parse_examples(block, &mut examples)?;
    }
    Ok(examples)
}

#[derive(Clone, Copy)]
struct Line<'a> {
    /// From 1.
    number: usize,
    text: &'a str,
}

impl Line<'_> {
    fn error(self, message: impl Into<String>) -> PageError {
        PageError { line: self.number, message: message.into() }
    }
}

struct Head {
    id: String,
    meta: Meta,
    summary: String,
}

struct Meta {
    family: Family,
    level: Level,
    confidence: Vec<Confidence>,
    since: String,
    clippy: Vec<String>,
}

/// Heading, metadata and summary: three paragraphs.
fn parse_head(lines: &[Line]) -> Result<Head, PageError> {
    let paragraphs: Vec<&[Line]> =
        lines.split(|line| line.text.trim().is_empty()).filter(|paragraph| !paragraph.is_empty()).collect();
    let [title, meta, summary] = paragraphs[..] else {
        let line = lines.last().map_or(1, |line| line.number);
        return Err(PageError {
            line,
            message: "a page begins with a heading, a metadata line and one paragraph of summary".into(),
        });
    };
    Ok(Head { id: parse_title(single(title)?)?, meta: parse_meta(single(meta)?)?, summary: join(summary, " ") })
}

fn single<'a>(paragraph: &[Line<'a>]) -> Result<Line<'a>, PageError> {
    match paragraph {
        [line] => Ok(*line),
        [_, second, ..] => Err(second.error("expected a blank line")),
        [] => unreachable!("paragraphs are not empty"),
    }
}

fn parse_title(line: Line) -> Result<String, PageError> {
    let id = line.text.strip_prefix("# `").and_then(|rest| rest.strip_suffix('`')).filter(|id| is_kebab_case(id));
    id.map(str::to_owned)
        .ok_or_else(|| line.error("expected a heading with the id of the rule, as in # `per-call-pool`"))
}

fn is_kebab_case(id: &str) -> bool {
    id.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}

fn parse_meta(line: Line) -> Result<Meta, PageError> {
    let shape = || line.error("expected `> family: … · level: … · confidence: … · since: … · clippy: …`");
    let fields: Vec<&str> = line.text.strip_prefix("> ").ok_or_else(shape)?.split(" · ").collect();
    let [family, level, confidence, since, clippy] = fields[..] else {
        return Err(shape());
    };
    let value = |field: &str, key: &str| -> Result<String, PageError> {
        field.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).map(str::to_owned).ok_or_else(shape)
    };
    Ok(Meta {
        family: parse_family(&value(family, "family")?, line)?,
        level: parse_level(&value(level, "level")?, line)?,
        confidence: parse_confidence(&value(confidence, "confidence")?, line)?,
        since: value(since, "since")?,
        clippy: parse_lints(&value(clippy, "clippy")?),
    })
}

fn parse_family(word: &str, line: Line) -> Result<Family, PageError> {
    let known = || Family::ALL.map(Family::name).join("`, `");
    let family = Family::ALL.into_iter().find(|family| family.name() == word);
    family.ok_or_else(|| line.error(format!("unknown family `{word}`, expected one of `{}`", known())))
}

fn parse_level(word: &str, line: Line) -> Result<Level, PageError> {
    match word {
        "allow" => Ok(Level::Allow),
        "warn" => Ok(Level::Warn),
        "deny" => Ok(Level::Deny),
        _ => Err(line.error(format!("unknown level `{word}`, expected one of `allow`, `warn`, `deny`"))),
    }
}

fn parse_confidence(list: &str, line: Line) -> Result<Vec<Confidence>, PageError> {
    let known = || Confidence::ALL.map(Confidence::name).join("`, `");
    let parse = |word: &str| {
        let confidence = Confidence::ALL.into_iter().find(|confidence| confidence.name() == word);
        confidence.ok_or_else(|| line.error(format!("unknown confidence `{word}`, expected some of `{}`", known())))
    };
    let confidence = list.split(", ").map(parse).collect::<Result<Vec<Confidence>, PageError>>()?;
    let ascending = confidence.is_sorted_by(|a, b| a < b);
    ascending.then_some(confidence).ok_or_else(|| line.error("each confidence is named once, the least sure first"))
}

fn parse_lints(list: &str) -> Vec<String> {
    list.split(", ").filter(|lint| *lint != "none").map(str::to_owned).collect()
}

/// A section with its lines still numbered.
struct Block<'a> {
    heading: Line<'a>,
    title: &'a str,
    lines: Vec<Line<'a>>,
}

impl Block<'_> {
    fn section(&self) -> Section {
        Section {
            title: self.title.to_owned(),
            line: self.heading.number,
            body: join(&self.lines, "\n").trim().to_owned(),
        }
    }
}

fn join(lines: &[Line], separator: &str) -> String {
    lines.iter().map(|line| line.text).collect::<Vec<_>>().join(separator)
}

/// Splits at second-level headings; what looks like one inside a fenced block is text.
fn split_sections<'a>(lines: &[Line<'a>]) -> Result<Vec<Block<'a>>, PageError> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<Line> = None;
    for &line in lines {
        if is_fence(line)? {
            fence = if fence.is_some() { None } else { Some(line) };
        }
        match (line.text.strip_prefix("## "), blocks.last_mut()) {
            (Some(title), _) if fence.is_none() => blocks.push(Block { heading: line, title, lines: Vec::new() }),
            (_, Some(block)) => block.lines.push(line),
            (_, None) => unreachable!("the first line is a heading"),
        }
    }
    match fence {
        Some(open) => Err(open.error("this block is not closed")),
        None => Ok(blocks),
    }
}

fn is_fence(line: Line) -> Result<bool, PageError> {
    match line.text.find("```") {
        Some(0) => Ok(true),
        Some(column) if line.text[..column].trim().is_empty() => {
            Err(line.error("a fence starts at the beginning of its line"))
        }
        _ => Ok(false),
    }
}

/// All that are asked for, nothing else, in their order. `end` is the last line of the page.
fn check_sections(blocks: &[Block], family: Family, end: usize) -> Result<(), PageError> {
    let mut next = 0;
    for block in blocks {
        let place = SECTIONS.iter().position(|(title, _)| *title == block.title);
        let place = place.ok_or_else(|| block.heading.error(format!("unknown section `{}`", block.title)))?;
        if place < next {
            let before = SECTIONS[next - 1].0;
            return Err(block.heading.error(format!("section `{}` does not come after `{before}`", block.title)));
        }
        check_none_left_out(next..place, family, block.heading.number)?;
        next = place + 1;
    }
    check_none_left_out(next..SECTIONS.len(), family, end)
}

fn check_none_left_out(skipped: std::ops::Range<usize>, family: Family, line: usize) -> Result<(), PageError> {
    let missing = SECTIONS[skipped].iter().find(|(_, in_meta)| *in_meta || family != Family::Meta);
    match missing {
        Some((title, _)) => Err(PageError { line, message: format!("section `{title}` is missing before this line") }),
        None => Ok(()),
    }
}

fn parse_examples(block: &Block, examples: &mut Vec<Example>) -> Result<(), PageError> {
    let mut rest = block.lines.iter().copied();
    while let Some(open) = rest.find(|line| line.text.starts_with("```")) {
        let lines: Vec<Line> = rest.by_ref().take_while(|line| !line.text.starts_with("```")).collect();
        match &open.text[3..] {
            "rust" => examples.push(Example {
                section: block.title.to_owned(),
                line: open.number,
                files: split_files(open, &lines)?,
            }),
            info if info.starts_with("rust") => {
                return Err(open.error("a `rust` block is an example and takes no attributes"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Splits an example at its `//@` lines, which belong to no file.
fn split_files(open: Line, lines: &[Line]) -> Result<Vec<ExampleFile>, PageError> {
    let mut files: Vec<ExampleFile> = Vec::new();
    let mut current = start_file(DEFAULT_FILE, open);
    for &line in lines {
        match line.text.strip_prefix("//@ ") {
            Some(directive) => {
                finish_file(&mut files, current, line)?;
                current = start_file(directive_path(directive, line)?, line);
            }
            None => {
                current.text.push_str(line.text);
                current.text.push('\n');
            }
        }
    }
    finish_file(&mut files, current, open)?;
    if files.is_empty() { Err(open.error("this example is empty")) } else { Ok(files) }
}

fn start_file(path: &str, before: Line) -> ExampleFile {
    ExampleFile { path: path.to_owned(), line: before.number + 1, text: String::new() }
}

/// Keeps `file` unless it is blank, as the default file is where an example names all its files.
fn finish_file(files: &mut Vec<ExampleFile>, file: ExampleFile, line: Line) -> Result<(), PageError> {
    if file.text.trim().is_empty() {
        return Ok(());
    }
    if files.iter().any(|other| other.path == file.path) {
        return Err(line.error(format!("the example has two files `{}`", file.path)));
    }
    files.push(file);
    Ok(())
}

fn directive_path<'a>(directive: &'a str, line: Line) -> Result<&'a str, PageError> {
    match (directive, directive.strip_prefix("file: ")) {
        ("lib", _) => Ok(LIBRARY_FILE),
        (_, Some(path)) if is_inside(path) => Ok(path),
        (_, Some(path)) => Err(line.error(format!("`{path}` does not lie inside the package"))),
        _ => Err(line.error(format!("unknown directive `{directive}`, expected `lib` or `file: PATH`"))),
    }
}

fn is_inside(path: &str) -> bool {
    path.split('/').all(|component| !matches!(component, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# `a-flaw`\n\n\
        > family: creation · level: warn · confidence: hint, certain · since: 0.1.0 · clippy: none\n\nFinds a flaw.\n\n";

    fn page_with(wrong: &str) -> String {
        let sections =
            SECTIONS.map(|(title, _)| format!("## {title}\n\n{}\n", if title == "Wrong" { wrong } else { "Text." }));
        format!("{HEAD}{}", sections.join("\n"))
    }

    fn error(text: &str) -> (usize, String) {
        let error = Page::parse(text).unwrap_err();
        (error.line, error.message)
    }

    #[test]
    fn a_page_is_its_head_its_sections_and_its_examples() {
        let page = Page::parse(&page_with("```rust\nfn main() {}\n```")).unwrap();
        assert_eq!((page.id.as_str(), page.family, page.level), ("a-flaw", Family::Creation, Level::Warn));
        assert_eq!((page.summary.as_str(), page.since.as_str()), ("Finds a flaw.", "0.1.0"));
        assert_eq!(page.confidence, [Confidence::Hint, Confidence::Certain]);
        assert!(page.clippy.is_empty());
        assert_eq!(page.sections.len(), SECTIONS.len());
        assert_eq!(page.section("Problem"), Some("Text."));
        assert_eq!(page.section("Wrong"), Some("```rust\nfn main() {}\n```"));
        let [example] = &page.examples[..] else { panic!("one example") };
        assert_eq!((example.section.as_str(), example.files[0].path.as_str()), ("Wrong", "src/main.rs"));
    }

    #[test]
    fn a_summary_may_run_over_several_lines() {
        let page = Page::parse(&page_with("").replace("Finds a flaw.", "Finds a flaw\nof two lines.")).unwrap();
        assert_eq!(page.summary, "Finds a flaw of two lines.");
    }

    #[test]
    fn lints_are_listed_by_name() {
        let page = Page::parse(&page_with("").replace("clippy: none", "clippy: let_underscore_lock, unused_must_use"))
            .unwrap();
        assert_eq!(page.clippy, ["let_underscore_lock", "unused_must_use"]);
    }

    #[test]
    fn a_section_may_begin_with_a_quoted_sentence() {
        let page = Page::parse(&page_with("> Said\n> before.\n\nText.")).unwrap();
        assert_eq!(page.quote("Wrong").as_deref(), Some("Said before."));
        assert_eq!(page.quote("Right"), None);
        assert_eq!(page.quote("No such section"), None);
    }

    #[test]
    fn files_know_their_place_in_the_page() {
        let text = page_with("```rust\n//@ file: src/db.rs\nfn a() {}\n\nfn b() {}\n//@ lib\nmod db;\n```");
        let page = Page::parse(&text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [example] = &page.examples[..] else { panic!("one example") };
        assert_eq!(lines[example.line - 1], "```rust");
        let [db, lib] = &example.files[..] else { panic!("two files") };
        assert_eq!((db.path.as_str(), db.text.as_str()), ("src/db.rs", "fn a() {}\n\nfn b() {}\n"));
        assert_eq!(lines[db.line - 1], "fn a() {}");
        assert_eq!((lib.path.as_str(), lib.text.as_str()), ("src/lib.rs", "mod db;\n"));
        assert_eq!(lines[lib.line - 1], "mod db;");
    }

    #[test]
    fn other_blocks_are_text() {
        let page = Page::parse(&page_with("```sh\n## not a section\n//@ nor a file\n```")).unwrap();
        assert!(page.examples.is_empty());
    }

    #[test]
    fn a_missing_section_is_told_where_it_should_be() {
        let text = page_with("").replace("## Right\n\nText.\n\n", "");
        let line = text.lines().position(|line| line == "## Stays silent").unwrap() + 1;
        assert_eq!(error(&text), (line, "section `Right` is missing before this line".into()));
        let text = page_with("").replace("## Related lints\n\nText.\n", "");
        assert_eq!(error(&text).1, "section `Related lints` is missing before this line");
    }

    #[test]
    fn a_page_of_the_family_meta_is_shorter() {
        let text = page_with("").replace("family: creation", "family: meta").replace("## Related lints\n\nText.\n", "");
        let text = text.replace("## Stays silent\n\nText.\n\n", "").replace("## Confirm at run time\n\nText.\n\n", "");
        assert_eq!(Page::parse(&text).unwrap().sections.len(), 6);
    }

    #[test]
    fn sections_out_of_order_are_told() {
        let text = format!("{}\n## Wrong\n", page_with(""));
        let line = text.lines().count();
        assert_eq!(error(&text), (line, "section `Wrong` does not come after `Related lints`".into()));
    }

    #[test]
    fn unknown_words_are_told_with_the_known_ones() {
        let wrong = |from: &str, to: &str| error(&page_with("").replace(from, to));
        let families = "`unclosed`, `creation`, `errors`, `shutdown`, `meta`";
        assert_eq!(wrong("creation", "leaks"), (3, format!("unknown family `leaks`, expected one of {families}")));
        assert_eq!(wrong("warn", "error").1, "unknown level `error`, expected one of `allow`, `warn`, `deny`");
        let confidences = "`hint`, `likely`, `certain`";
        assert_eq!(wrong("hint,", "sure,").1, format!("unknown confidence `sure`, expected some of {confidences}"));
        assert_eq!(wrong("hint, certain", "certain, hint").1, "each confidence is named once, the least sure first");
        assert_eq!(wrong("hint,", "certain,").1, "each confidence is named once, the least sure first");
        assert_eq!(wrong("## Right", "## Correct").1, "unknown section `Correct`");
        assert_eq!(wrong("`a-flaw`", "`A_flaw`").0, 1);
        assert_eq!(wrong(" · since: 0.1.0", "").0, 3);
        assert_eq!(
            wrong("Finds a flaw.\n\n", "").1,
            "a page begins with a heading, a metadata line and one paragraph of summary"
        );
    }

    #[test]
    fn further_cases_stand_below_the_headings_of_a_page() {
        let text = "# Further cases of `a-flaw`\n\nMore.\n\n## Wrong\n\n```rust\nfn main() {}\n```\n\n## Stays silent\n\n```rust\nfn f() {}\n```\n";
        let sections: Vec<String> = cases(text).unwrap().into_iter().map(|example| example.section).collect();
        assert_eq!(sections, ["Wrong", "Stays silent"]);
        let message = "expected the sections `Wrong` and `Stays silent`, in this order";
        let wrong = |text: &str| cases(text).map(|_| ()).unwrap_err();
        let of = |line| PageError { line, message: message.to_owned() };
        assert_eq!(wrong("# Cases\n\n## Right\n"), of(3));
        assert_eq!(wrong("# Cases\n\n## Stays silent\n\n## Wrong\n"), of(5));
    }

    #[test]
    fn broken_examples_are_told_at_their_line() {
        let line = page_with("HERE").lines().position(|line| line == "HERE").unwrap() + 1;
        let wrong = |block: &str| error(&page_with(block));
        assert_eq!(wrong("```rust\nfn main() {}"), (line, "this block is not closed".into()));
        assert_eq!(wrong("```rust,ignore\n```"), (line, "a `rust` block is an example and takes no attributes".into()));
        assert_eq!(wrong("```rust\n\n```"), (line, "this example is empty".into()));
        assert_eq!(wrong("  ```rust\n```"), (line, "a fence starts at the beginning of its line".into()));
        assert_eq!(
            wrong("```rust\n//@ bin\n```"),
            (line + 1, "unknown directive `bin`, expected `lib` or `file: PATH`".into())
        );
        assert_eq!(
            wrong("```rust\n//@ file: ../a.rs\n```"),
            (line + 1, "`../a.rs` does not lie inside the package".into())
        );
        assert_eq!(wrong("```rust\na\n//@ lib\nb\n//@ lib\nc\n```").1, "the example has two files `src/lib.rs`");
    }
}
