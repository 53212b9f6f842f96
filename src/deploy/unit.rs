//! systemd units: sections of `Key=value` lines. Nothing is run by a shell, and by default all processes of the unit are signalled.

use std::time::Duration;

use super::Document;
use super::model::{Command, Form, Process, Setting, Signals, Term, Text};
use super::shell::{Origin, assignment, words};

/// A line of a unit with what continues it.
struct Entry<'t> {
    section: &'t str,
    key: &'t str,
    value: &'t str,
    /// The first byte of the value.
    at: usize,
}

/// Keys that bound what the processes may use.
const LIMITS: &[&str] = &["MemoryMax", "MemoryHigh", "MemoryLimit", "LimitNOFILE", "LimitNPROC", "LimitAS", "TasksMax"];

/// Characters in front of a program's path that say how systemd runs it.
const PREFIXES: &[char] = &['@', '-', ':', '+', '!', '|'];

/// The process of a unit that starts one.
pub fn read(document: Document) -> Vec<Process> {
    let entries = entries(document.text);
    let service = || entries.iter().filter(|entry| entry.section == "Service");
    let Some(start) = service().rfind(|entry| entry.key == "ExecStart" && !entry.value.is_empty()) else {
        return Vec::new();
    };
    let mut process = Process::new("", span(document, start), Signals::All);
    process.command = Some(command(document, start));
    for entry in service() {
        setting(document, entry, &mut process);
    }
    // A job is started again only until it has done its work.
    if service().any(|entry| entry.key == "Type" && entry.value == "oneshot") {
        process.term = Term::Ending;
    }
    vec![process]
}

fn setting(document: Document, entry: &Entry, process: &mut Process) {
    let text = || Text { text: entry.value.to_owned(), span: span(document, entry) };
    match entry.key {
        "KillSignal" => process.stop_signal = Some(text()),
        "KillMode" if matches!(entry.value, "process" | "mixed") => process.signals = Signals::First,
        "TimeoutStopSec" | "TimeoutSec" => {
            process.grace = duration(entry.value).map(|grace| (grace, span(document, entry)));
        }
        "Restart" => {
            process.term = match entry.value {
                "no" | "" => Term::Open,
                _ => Term::Lasting(span(document, entry)),
            }
        }
        "Environment" => process.environment.extend(variables(document, entry)),
        "EnvironmentFile" | "PassEnvironment" => process.hidden_environment = true,
        key if LIMITS.contains(&key) => process.limits.push(Setting { name: key.to_owned(), value: text() }),
        _ => {}
    }
}

fn span(document: Document, entry: &Entry) -> crate::source::Span {
    document.span(entry.at..entry.at + entry.value.len())
}

fn command(document: Document, entry: &Entry) -> Command {
    let span = span(document, entry);
    let mut words = words(entry.value, Origin::Verbatim(span));
    if let Some(program) = words.first_mut() {
        program.text = program.text.trim_start_matches(PREFIXES).to_owned();
    }
    Command { span, form: Form::Words(words) }
}

fn variables(document: Document, entry: &Entry) -> Vec<Setting> {
    let words = words(entry.value, Origin::Verbatim(span(document, entry)));
    let variable = |word: Text| {
        let (name, value) = assignment(&word.text)?;
        Some(Setting { name: name.to_owned(), value: Text { text: value.to_owned(), span: word.span } })
    };
    words.into_iter().filter_map(variable).collect()
}

/// All entries; a line that ends in a backslash goes on in the next.
fn entries(text: &str) -> Vec<Entry<'_>> {
    let (mut found, mut section, mut at) = (Vec::new(), "", 0);
    while at < text.len() {
        let start = at;
        at = logical_end(text, start);
        let line = text[start..at].trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
            let value = value.trim_start();
            let indent = text[start..at].len() - text[start..at].trim_start().len();
            found.push(Entry { section, key: key.trim(), value, at: start + indent + line.len() - value.len() });
        }
    }
    found
}

/// Behind the last line that continues the one at `start`. A comment is not continued.
fn logical_end(text: &str, start: usize) -> usize {
    let is_comment = text[start..].trim_start().starts_with(['#', ';']);
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        at += line.len();
        if is_comment || !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
            break;
        }
    }
    at
}

/// Units of time as systemd and compose write them, in seconds.
const UNITS: &[(&str, f64)] =
    &[("ms", 0.001), ("us", 0.000_001), ("min", 60.0), ("m", 60.0), ("h", 3600.0), ("sec", 1.0), ("s", 1.0), ("", 1.0)];

/// `90`, `1min 30s`, `1m30s`; none for `infinity` and what cannot be read.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = tail.trim_start();
    }
    Duration::try_from_secs_f64(seconds).ok()
}
