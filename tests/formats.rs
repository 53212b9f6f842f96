//! Every output format on one hand-made report, read by a person as snapshots and by the programs the format is meant for.
//! Knows nothing of how findings come about.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use regex::Regex;
use serde_json::Value;
use watertight::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label, Problem};
use watertight::render::{Format, Style, closing, error, render};
use watertight::report::{Finding, Level, Report, Summary};
use watertight::source::{FileId, SourceFile, Sources, Span};

const MAIN: &str = r#"use axum::{Router, routing::get};

mod api;
mod logging;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let _ = logging::init();
    let routes = Router::new().route("/price", get(api::price));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await?;
    axum::serve(listener, routes).await
}
"#;

const API: &str = "//! Prices from the exchange.
use reqwest::Client;

/// What a quote costs now.
pub async fn price() -> String {
    let client = Client::builder()
        .user_agent(\"tracker\")
        .build()
        .unwrap_or_default();
    quote(&client).await
}

async fn quote(client: &Client) -> String {
    let answer = client.get(\"https://exchange.example/quote\").send().await;
    match answer {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    }
}
";

/// A byte order mark, tabs, characters of two and three bytes, carriage returns.
const WIDE: &str = "\u{feff}static GRÖSSE: &str = \"größe\"; fn ärger() { let _ = wächter(\"日本\"); }\r\n\
\tfn b() {\r\n\t\tlet _ = wächter(\"\u{1b}[31m\");\r\n\t}\r\n";

/// The last line has no end.
const CUT: &str = "fn main() {\n    run(\n";

struct Sample {
    sources: Sources,
    main: FileId,
    api: FileId,
    wide: FileId,
    odd: FileId,
    cut: FileId,
    manifest: FileId,
}

impl Sample {
    fn new() -> Self {
        let mut sources = Sources::default();
        let mut add = |path: &str, text: &str| {
            sources.add(SourceFile::new(Path::new("/project").join(path), Path::new("/project"), text))
        };
        Sample {
            main: add("src/main.rs", MAIN),
            api: add("src/api.rs", API),
            wide: add("src/größe.rs", WIDE),
            odd: add("src/odd: 100%, (1:2).rs", "fn f() { spawn(f); }"),
            cut: add("src/cut.rs", CUT),
            manifest: add("member/Cargo.toml", "[package]\nname = \"member\nedition = \"2024\"\n"),
            sources,
        }
    }

    /// The `nth` (from 0) occurrence of `text`.
    fn nth(&self, file: FileId, text: &str, nth: usize) -> Span {
        let (start, _) = self.sources.get(file).text.match_indices(text).nth(nth).expect("the text is in the file");
        Span { file, start: start as u32, end: (start + text.len()) as u32 }
    }

    fn at(&self, file: FileId, text: &str) -> Span {
        self.nth(file, text, 0)
    }

    fn after(&self, file: FileId, text: &str) -> Span {
        let span = self.at(file, text);
        Span { start: span.end, ..span }
    }

    /// A pool per request, its evidence in two other places of two files, over several lines.
    fn per_call_pool(&self) -> Finding {
        let builder = "Client::builder()\n        .user_agent(\"tracker\")\n        .build()";
        let primary = Label::new(self.at(self.api, builder), "built here, with no connection to reuse");
        finding(
            Diagnostic::new(
                "per-call-pool",
                Confidence::Certain,
                "a `reqwest::Client` is built on every request",
                primary,
            )
            .about("tracker::api::price", "reqwest::Client")
            .evidence([
                Label::new(self.at(self.main, "get(api::price)"), "`price` is registered as a handler here"),
                Label::new(self.at(self.api, "quote(&client)"), "and used for a single call"),
                Label::new(self.at(self.api, "client.get("), "the only request it makes"),
            ])
            .note("each `Client` has a connection pool of its own: every request pays for a new TCP and TLS handshake, and the connections stay open until they idle out")
            .help("build one `Client` at the start and pass it on: a clone shares the pool"),
            "creation",
            Level::Deny,
        )
    }

    fn dropped_guard(&self) -> Finding {
        let statement = self.at(self.main, "let _ = logging::init();");
        let pattern = Span { start: statement.start + 4, end: statement.start + 5, ..statement };
        finding(
            Diagnostic::new(
                "dropped-guard",
                Confidence::Certain,
                "the `WorkerGuard` is dropped at once",
                Label::new(pattern, "`_` binds nothing: the guard ends with this statement"),
            )
            .about("tracker::main", "WorkerGuard")
            .evidence([Label::new(self.at(self.main, "logging::init()"), "returns a `WorkerGuard`")])
            .note("without its guard the writer stops and log lines are lost")
            .fix(Some(Fix {
                title: "bind the guard, so that it lives as long as `main`".into(),
                applicability: Applicability::MachineApplicable,
                edits: vec![Edit { span: pattern, content: "_guard".into() }],
            })),
            "unclosed",
            Level::Warn,
        )
    }

    /// A fix in several places of a file.
    fn missing_sigterm(&self) -> Finding {
        let serve = self.at(self.main, "axum::serve(listener, routes)");
        let import = Span { start: 0, end: 0, ..serve };
        let end = MAIN.len() as u32;
        finding(
            Diagnostic::new(
                "missing-graceful-shutdown",
                Confidence::Likely,
                "the server runs without a shutdown signal",
                Label::new(serve, "runs until the process is killed"),
            )
            .about("tracker::main", "axum::serve")
            .help("attach a signal with `with_graceful_shutdown`")
            .fix(Some(Fix {
                title: "serve until Ctrl-C or SIGTERM".into(),
                applicability: Applicability::MaybeIncorrect,
                edits: vec![
                    Edit { span: import, content: "use tokio::signal;\n".into() },
                    Edit {
                        span: self.after(self.main, "axum::serve(listener, routes)"),
                        content: "\n        .with_graceful_shutdown(stop())\n        ".into(),
                    },
                    Edit {
                        span: Span { start: end, end, ..serve },
                        content: "\nasync fn stop() {\n    signal::ctrl_c().await.ok();\n}\n".into(),
                    },
                ],
            }))
            .fix(Some(Fix {
                title: "wait for a channel of your own".into(),
                applicability: Applicability::HasPlaceholders,
                edits: vec![Edit {
                    span: self.after(self.main, "axum::serve(listener, routes)"),
                    content: ".with_graceful_shutdown(/* when to stop */)".into(),
                }],
            })),
            "shutdown",
            Level::Warn,
        )
    }

    /// On the first line behind a byte order mark, and in a fix to a line with tabs and a carriage return.
    fn wide(&self) -> Finding {
        let second = self.nth(self.wide, "_ =", 1);
        finding(
            Diagnostic::new(
                "dropped-guard",
                Confidence::Certain,
                "the `Wächter` is dropped at once",
                Label::new(self.at(self.wide, "let _ = wächter(\"日本\")"), "dropped here"),
            )
            .about("tracker::ärger", "Wächter")
            .evidence([
                Label::new(self.at(self.wide, "GRÖSSE"), "the limit it guards"),
                Label::new(self.at(self.wide, "\"日本\""), "its name"),
                Label::new(self.nth(self.wide, "wächter", 1), "and once more"),
            ])
            .fix(Some(Fix {
                title: "bind both guards".into(),
                applicability: Applicability::MachineApplicable,
                edits: vec![
                    Edit { span: self.nth(self.wide, "_ =", 0), content: "_a =".into() },
                    Edit { span: second, content: "_b =".into() },
                ],
            })),
            "unclosed",
            Level::Warn,
        )
    }

    /// Two marks that start together, in a file of one line without an end.
    fn odd(&self) -> Finding {
        finding(
            Diagnostic::new(
                "detached-task",
                Confidence::Hint,
                "the task is detached: 100% of it, with `a:b`, cannot be stopped",
                Label::new(self.at(self.odd, "spawn(f);"), "its handle is dropped"),
            )
            .about("odd::f", "spawn")
            .evidence([
                Label::new(self.at(self.odd, "spawn(f)"), "spawned here"),
                Label::new(self.at(self.odd, "f()"), "runs for ever"),
            ]),
            "shutdown",
            Level::Warn,
        )
    }

    fn problems(&self) -> Vec<Problem> {
        let end = CUT.len() as u32;
        vec![
            Problem {
                message: "invalid basic string, expected `\"`".into(),
                path: "member/Cargo.toml".into(),
                span: Some(self.at(self.manifest, "\"member")),
                consequence: "the package is skipped; its files are read without their dependencies".into(),
            },
            Problem {
                message: "unexpected end of input, expected an expression".into(),
                path: "src/cut.rs".into(),
                span: Some(Span { file: self.cut, start: end, end }),
                consequence: "the file is skipped".into(),
            },
            Problem {
                message: "not UTF-8".into(),
                path: "src/latin, 1.rs".into(),
                span: None,
                consequence: "the file is skipped".into(),
            },
        ]
    }

    fn report(&self) -> Report {
        let findings =
            vec![self.per_call_pool(), self.wide(), self.dropped_guard(), self.missing_sigterm(), self.odd()];
        let problems = self.problems();
        let summary = Summary { files: 6, lines: 42, denied: 1, warned: 4, suppressed: 2, problems };
        Report { findings, summary }
    }

    fn one(&self, finding: Finding) -> Report {
        Report { findings: vec![finding], summary: Summary::default() }
    }

    fn rendered(&self, format: Format, report: &Report) -> String {
        self.styled(format, report, &Style::default())
    }

    fn styled(&self, format: Format, report: &Report, style: &Style) -> String {
        written(|out| render(format, report, &self.sources, style, out))
    }
}

fn finding(diagnostic: Diagnostic, family: &str, level: Level) -> Finding {
    Finding { diagnostic, family: family.into(), level, fingerprint: "0123456789abcdef".into() }
}

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory takes all that is written");
    String::from_utf8(out).expect("every format is UTF-8")
}

fn quiet() -> Report {
    Report { findings: Vec::new(), summary: Summary { files: 3, lines: 120, ..Summary::default() } }
}

#[test]
fn human() {
    let sample = Sample::new();
    assert_snapshot!(sample.rendered(Format::Human, &sample.report()));
}

#[test]
fn human_in_ascii_and_narrow() {
    let sample = Sample::new();
    let style = Style { unicode: false, width: 60, ..Style::default() };
    let text = sample.styled(Format::Human, &sample.one(sample.per_call_pool()), &style);
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!(text);
}

#[test]
fn human_in_colour() {
    let sample = Sample::new();
    let style = Style { color: true, ..Style::default() };
    let coloured = sample.styled(Format::Human, &sample.one(sample.dropped_guard()), &style);
    assert_snapshot!(coloured.replace('\u{1b}', "␛"));
    let escapes = Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let plain = sample.rendered(Format::Human, &sample.one(sample.dropped_guard()));
    assert_eq!(escapes.replace_all(&coloured, ""), plain, "colour changes nothing but colour");
    assert!(!plain.contains('\u{1b}'));
}

#[test]
fn human_can_point_at_every_place() {
    let sample = Sample::new();
    for (id, file) in sample.sources.iter() {
        let last = file.text.len();
        let offsets: Vec<usize> = file.text.char_indices().map(|(at, _)| at).chain([last]).collect();
        for (at, start) in offsets.iter().enumerate() {
            let next = offsets.get(at + 1).unwrap_or(&last);
            for end in [start, next, &last] {
                let span = Span { file: id, start: *start as u32, end: *end as u32 };
                let point = Span { end: span.start, ..span };
                let diagnostic = Diagnostic::new("r", Confidence::Certain, "m", Label::new(span, "here"))
                    .evidence([Label::new(point, "there")]);
                let text = sample.rendered(Format::Human, &sample.one(finding(diagnostic, "errors", Level::Warn)));
                assert!(text.contains("╰─┤ here") && text.contains("│ there"), "{span:?}\n{text}");
            }
        }
    }
}

#[test]
fn closing_tells_what_could_not_be_read() {
    let sample = Sample::new();
    let report = sample.report();
    let took = Some(Duration::from_millis(1234));
    assert_snapshot!(written(|out| closing(&report, &sample.sources, &Style::default(), took, out)));
}

#[test]
fn closing_of_a_run_that_found_nothing() {
    let text = written(|out| closing(&quiet(), &Sources::default(), &Style::default(), None, out));
    assert_eq!(text, "watertight: nothing found in 3 files (120 lines)\n");
}

#[test]
fn an_error_points_at_its_place() {
    let text = "[rules]\nper-call-poll = \"deny\"\n";
    let start = text.find("per-call-poll").unwrap();
    let wrong = miette::miette!(
        labels = vec![miette::LabeledSpan::at(start..start + 13, "no rule has this name")],
        help = "the rules are `per-call-pool`, `duplicate-pool` and `unclosed-global`",
        "unknown rule `per-call-poll`"
    )
    .with_source_code(miette::NamedSource::new("watertight.toml", text));
    assert_snapshot!(written(|out| error(wrong.as_ref(), &Style::default(), out)));
}

#[test]
fn an_error_tells_its_causes() {
    let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file or directory");
    let wrong = miette::miette!("`src/nowhere` cannot be read").wrap_err("nothing to check");
    assert_snapshot!(written(|out| error(wrong.as_ref(), &Style::default(), out)));
    let wrong = miette::Report::msg(cause);
    assert_snapshot!(written(|out| error(wrong.as_ref(), &Style::default(), out)));
}

#[test]
fn short() {
    let sample = Sample::new();
    assert_snapshot!(sample.rendered(Format::Short, &sample.report()));
}

#[test]
fn github() {
    let sample = Sample::new();
    assert_snapshot!(sample.rendered(Format::Github, &sample.report()));
}

/// What GitHub makes of a command: its properties and its text, unescaped.
fn command(line: &str) -> (Vec<(String, String)>, String) {
    let (head, text) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (_, properties) = head.split_once(' ').unwrap();
    let plain = |text: &str| {
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    };
    let pairs = properties.split(',').map(|pair| pair.split_once('=').unwrap());
    (pairs.map(|(key, value)| (key.to_string(), plain(value))).collect(), plain(text))
}

#[test]
fn github_escapes_what_it_must() {
    let sample = Sample::new();
    let text = sample.rendered(Format::Github, &sample.one(sample.odd()));
    let (properties, body) = command(text.trim_end());
    assert_eq!(properties[0], ("file".into(), "src/odd: 100%, (1:2).rs".into()));
    assert!(body.starts_with("the task is detached: 100% of it, with `a:b`, cannot be stopped\n"), "{body}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn json() {
    let sample = Sample::new();
    let text = sample.rendered(Format::Json, &sample.report());
    assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn json_places_are_those_of_the_file_on_disk() {
    let sample = Sample::new();
    let document: Value = serde_json::from_str(&sample.rendered(Format::Json, &sample.one(sample.wide()))).unwrap();
    let range = &document["diagnostics"][0]["range"];
    let byte = |end: &str| range[end]["byte"].as_u64().unwrap() as usize;
    assert_eq!(&WIDE[byte("start")..byte("end")], "let _ = wächter(\"日本\")");
    assert_eq!(range["start"]["line"], 1);
    let before = WIDE.trim_start_matches('\u{feff}').split("let _").next().unwrap().chars().count();
    assert_eq!(range["start"]["column"], before + 1);
}

/// The keys of all objects in a document.
fn keys(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(object) => {
            object.iter().flat_map(|(key, value)| keys(value).into_iter().chain([key.clone()])).collect()
        }
        Value::Array(values) => values.iter().flat_map(keys).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn json_fields_are_described() {
    let sample = Sample::new();
    let document = serde_json::from_str(&sample.rendered(Format::Json, &sample.report())).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/output_formats.md");
    let page = std::fs::read_to_string(path).unwrap();
    for key in keys(&document) {
        assert!(page.contains(&format!("`{key}`")), "docs/output_formats.md does not describe `{key}`");
    }
}

#[test]
fn no_findings() {
    let text = |format| Sample::new().rendered(format, &quiet());
    assert_eq!(text(Format::Human), "");
    assert_eq!(text(Format::Short), "");
    assert_eq!(text(Format::Github), "");
    assert_eq!(text(Format::RustcJson), "{\"reason\":\"build-finished\",\"success\":true}\n");
    let document: Value = serde_json::from_str(&text(Format::Json)).unwrap();
    assert_eq!(document["diagnostics"], serde_json::json!([]));
    assert_eq!(
        document["summary"],
        serde_json::json!({"files": 3, "lines": 120, "findings": {"deny": 0, "warn": 0}, "suppressed": 0, "skipped": []})
    );
}

#[test]
fn rustc_json() {
    let sample = Sample::new();
    let mut report = sample.one(sample.dropped_guard());
    report.summary.problems = sample.problems().into_iter().take(1).collect();
    let text = sample.rendered(Format::RustcJson, &report);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_snapshot!(serde_json::to_string_pretty(&lines).unwrap());
}

#[test]
fn rustc_json_is_what_rust_analyzer_reads() {
    use cargo_metadata::Message;
    use cargo_metadata::diagnostic::DiagnosticLevel;

    let sample = Sample::new();
    let text = sample.rendered(Format::RustcJson, &sample.report());
    // rust-analyzer's order: a line that is no message of Cargo would be taken as plain text.
    let messages: Vec<Message> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let diagnostics: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::CompilerMessage(message) => Some(&message.message),
            _ => None,
        })
        .collect();
    assert_eq!(diagnostics.len(), 5 + 3);
    assert!(matches!(messages.last(), Some(Message::BuildFinished(finished)) if !finished.success));

    let pool = diagnostics[0];
    assert_eq!(pool.level, DiagnosticLevel::Error);
    assert_eq!(pool.code.as_ref().unwrap().code, "watertight::per-call-pool");
    assert_eq!(pool.spans.iter().filter(|span| span.is_primary).count(), 1);
    assert!(pool.spans.iter().all(|span| span.label.is_some()));
    assert_eq!(pool.spans[0].text.len(), 3, "every line of the span, for columns in other encodings");
    for span in diagnostics.iter().flat_map(|diagnostic| &diagnostic.spans) {
        assert_eq!(span.text.len(), span.line_end - span.line_start + 1);
    }
}

/// Applies the suggestions that `filter` lets pass with the library of `cargo fix`.
fn mended(sample: &Sample, finding: Finding, text: &str, filter: rustfix::Filter) -> String {
    let lines = sample.rendered(Format::RustcJson, &sample.one(finding));
    let message: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let suggestions =
        rustfix::get_suggestions_from_json(&message["message"].to_string(), &HashSet::new(), filter).unwrap();
    rustfix::apply_suggestions(text, &suggestions).unwrap()
}

#[test]
fn rustc_json_is_what_cargo_fix_applies() {
    use rustfix::Filter;

    let sample = Sample::new();
    assert_eq!(
        mended(&sample, sample.dropped_guard(), MAIN, Filter::MachineApplicableOnly),
        MAIN.replace("let _ = logging", "let _guard = logging")
    );
    assert_eq!(
        mended(&sample, sample.wide(), WIDE, Filter::MachineApplicableOnly),
        WIDE.replacen("_ =", "_a =", 1).replacen("_ =", "_b =", 1)
    );
    assert_eq!(mended(&sample, sample.missing_sigterm(), MAIN, Filter::MachineApplicableOnly), MAIN);
}

/// The pattern of a problem matcher, and the groups it names.
struct Matcher {
    regex: Regex,
    pattern: Value,
}

impl Matcher {
    /// The pattern at `place` in a file of `docs/matchers/`.
    fn new(file: &str, place: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/matchers").join(file);
        let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let pattern = document.pointer(place).unwrap().clone();
        // JavaScript's and .NET's `\d` match ASCII alone or no digit that is written here.
        Matcher { regex: Regex::new(pattern["regexp"].as_str().unwrap()).unwrap(), pattern }
    }

    fn both() -> [Matcher; 2] {
        [
            Matcher::new("github.json", "/problemMatcher/0/pattern/0"),
            Matcher::new("vscode-tasks.json", "/tasks/0/problemMatcher/pattern"),
        ]
    }

    /// What the matcher takes from a line: file, line, column, severity, code, message.
    fn read(&self, line: &str) -> Option<[String; 6]> {
        let captures = self.regex.captures(line)?;
        let group = |name: &str| captures[self.pattern[name].as_u64().unwrap() as usize].to_string();
        Some(["file", "line", "column", "severity", "code", "message"].map(group))
    }
}

#[test]
fn problem_matchers_read_short_output() {
    let sample = Sample::new();
    let report = sample.report();
    let text = sample.rendered(Format::Short, &report);
    for matcher in Matcher::both() {
        let read: Vec<_> = text.lines().map(|line| matcher.read(line).expect(line)).collect();
        assert_eq!(read.len(), report.findings.len());
        for (found, [file, line, column, severity, code, message]) in report.findings.iter().zip(read) {
            let diagnostic = &found.diagnostic;
            let source = sample.sources.get(diagnostic.primary.span.file);
            let at = source.position(diagnostic.primary.span.start);
            assert_eq!(file, source.display);
            assert_eq!((line, column), (at.line.to_string(), at.column.to_string()));
            assert_eq!(severity, if found.level == Level::Deny { "error" } else { "warning" });
            assert_eq!(code, diagnostic.rule.as_str());
            assert_eq!(message, diagnostic.message);
        }
    }
}

#[test]
fn problem_matchers_leave_other_lines_alone() {
    let sample = Sample::new();
    let report = sample.report();
    let talk = written(|out| closing(&report, &sample.sources, &Style::default(), None, out));
    let lines = talk.lines().chain(["warning: unused variable: `x`", "  --> src/main.rs:1:2", ""]);
    for line in lines {
        assert!(Matcher::both().iter().all(|matcher| matcher.read(line).is_none()), "{line}");
    }
}

#[test]
fn problem_matchers_read_absolute_paths_of_every_system() {
    for matcher in Matcher::both() {
        for path in ["/srv/app/src/main.rs", "C:/app/src/main.rs", r"\\host\share\a b.rs", "src/größe:1:2.rs"] {
            let read = matcher.read(&format!("{path}:12:3: error[per-call-pool]: a `[x]`: b")).unwrap();
            assert_eq!(read.each_ref().map(String::as_str), [path, "12", "3", "error", "per-call-pool", "a `[x]`: b"]);
        }
    }
}

#[test]
fn the_same_report_is_the_same_text() {
    let (one, other) = (Sample::new(), Sample::new());
    for format in Format::ALL {
        assert_eq!(one.rendered(format, &one.report()), other.rendered(format, &other.report()), "{format:?}");
    }
}
