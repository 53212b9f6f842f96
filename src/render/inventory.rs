//! The inventory of programs: a table for a terminal, Markdown and Mermaid for a design review, JSON for programs. Shows what the index says
//! and judges nothing.

use std::fmt::Write as _;

use serde::Serialize;

use crate::index::programs::inventory::{Inventory, Living, Owner, Stop};
use crate::source::{Sources, Span};

/// How an inventory is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InventoryFormat {
    Table,
    Json,
    Markdown,
    Mermaid,
}

/// The text of some inventories, without a line break at its end.
pub fn inventory(format: InventoryFormat, programs: &[Inventory], sources: &Sources) -> String {
    let shown = programs.iter().filter(|program| program.service.is_some() || !program.alive.is_empty());
    let each = |show: &dyn Fn(&Inventory, &Sources) -> String| {
        let texts: Vec<String> = shown.clone().map(|program| show(program, sources)).collect();
        if texts.is_empty() {
            "no program with anything alive at its end was found".to_owned()
        } else {
            texts.join("\n\n")
        }
    };
    match format {
        InventoryFormat::Table => each(&table),
        InventoryFormat::Markdown => each(&markdown),
        InventoryFormat::Mermaid => mermaid(&shown.collect::<Vec<_>>(), sources),
        InventoryFormat::Json => {
            let entries: Vec<ProgramEntry> = shown.map(|program| ProgramEntry::new(program, sources)).collect();
            serde_json::to_string_pretty(&entries).unwrap_or_else(|error| error.to_string())
        }
    }
}

/// `path:line`, the line from 1.
fn place(span: Span, sources: &Sources) -> String {
    let file = sources.get(span.file);
    format!("{}:{}", file.display, file.position(span.start).line)
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Static(path) => format!("static {path}"),
        Owner::Field(field) => format!("field {field}"),
        Owner::Variable(name, function) => format!("{name} in {function}"),
        Owner::Function(function) => function.clone(),
        Owner::HandedOn => "handed on".into(),
        Owner::Detached => "nobody".into(),
    }
}

fn stop(living: &Living, sources: &Sources) -> String {
    match &living.stop {
        Stop::Call(span) => format!("{} ({})", said(*span, sources), place(*span, sources)),
        Stop::Elsewhere(span) => format!("not at shutdown: {} ({})", said(*span, sources), place(*span, sources)),
        Stop::Dropped => "dropped with its variable".into(),
        Stop::Itself(label) => format!("{} ({})", label.text, place(label.span, sources)),
        Stop::Unknown => "unknown".into(),
        Stop::Nothing if loses(living) => "NOTHING".into(),
        Stop::Nothing => "nothing, and nothing is lost".into(),
    }
}

/// Whether something happens to what is never ended: work is cut off, or the catalogue says what is lost.
fn loses(living: &Living) -> bool {
    living.lost.is_some() || matches!(living.what.as_str(), "task" | "thread" | "server")
}

/// The text of a call on one line, shortened.
fn said(span: Span, sources: &Sources) -> String {
    let text = sources.get(span.file).slice(span.range());
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { format!("{}…", line.chars().take(MOST).collect::<String>()) }
}

/// Characters of a call that are shown.
const MOST: usize = 40;

fn order(living: &Living) -> String {
    living.order.map_or_else(String::new, |order| order.to_string())
}

fn heading(program: &Inventory, sources: &Sources) -> String {
    let kind = match &program.service {
        Some(label) => format!("a service: {} at {}", label.text, place(label.span, sources)),
        None => "not known to run on".into(),
    };
    let stopped: Vec<String> = program
        .signals
        .iter()
        .map(|at| {
            let names: Vec<&str> = at.names.iter().map(|name| name.as_str()).collect();
            format!("{} at {}", names.join(" and "), place(at.at, sources))
        })
        .collect();
    let signals = if stopped.is_empty() {
        "no signal is listened to".to_owned()
    } else {
        format!("signals: {}", stopped.join(", "))
    };
    format!("{kind}; {signals}")
}

const COLUMNS: [&str; 6] = ["what", "of", "starts", "owner", "stopped by", "order"];

fn row(living: &Living, sources: &Sources) -> [String; 6] {
    [
        living.what.clone(),
        living.of.clone(),
        place(living.started, sources),
        owner(&living.owner),
        stop(living, sources),
        order(living),
    ]
}

fn table(program: &Inventory, sources: &Sources) -> String {
    let mut rows: Vec<[String; 6]> = vec![COLUMNS.map(str::to_owned)];
    rows.extend(program.alive.iter().map(|living| row(living, sources)));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let mut text = format!("{}: {}", program.program, heading(program, sources));
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = write!(text, "\n  {}", cells.join("  ").trim_end());
    }
    let lost = program.alive.iter().filter(|living| living.stop == Stop::Nothing);
    for living in lost {
        if let Some(lost) = &living.lost {
            let _ = write!(
                text,
                "\n  without a stop for the {} at {}, {lost}",
                living.what,
                place(living.started, sources)
            );
        }
    }
    text
}

fn markdown(program: &Inventory, sources: &Sources) -> String {
    let mut text =
        format!("### `{}`\n\n{}.\n\n| {} |", program.program, heading(program, sources), COLUMNS.join(" | "));
    let _ = write!(text, "\n|{}", "---|".repeat(COLUMNS.len()));
    for living in &program.alive {
        let cells = row(living, sources).map(|cell| cell.replace('|', "\\|"));
        let _ = write!(text, "\n| {} |", cells.join(" | "));
    }
    text
}

/// One picture of all programs: what starts from them, with its stop behind it.
fn mermaid(programs: &[&Inventory], sources: &Sources) -> String {
    let mut text = String::from("flowchart LR");
    let quoted = |text: String| text.replace('"', "#quot;").replace('<', "&lt;").replace('>', "&gt;");
    for (at, program) in programs.iter().enumerate() {
        let _ = write!(text, "\n  p{at}([\"{}\"])", quoted(program.program.clone()));
        for (number, living) in program.alive.iter().enumerate() {
            let id = format!("p{at}n{number}");
            let words = format!("{}<br/>{}<br/>{}", living.what, living.of, place(living.started, sources));
            let words = quoted(words).replace("&lt;br/&gt;", "<br/>");
            let _ = write!(text, "\n  p{at} -->|\"{}\"| {id}[\"{words}\"]", quoted(owner(&living.owner)));
            let behind = quoted(stop(living, sources));
            let label = living.order.map_or_else(String::new, |order| format!("|\"{order}\"|"));
            match living.stop {
                Stop::Nothing if loses(living) => {
                    let _ = write!(text, "\n  {id} --x {id}s{{{{\"no stop\"}}}}:::missing");
                }
                _ => {
                    let _ = write!(text, "\n  {id} -.->{label} {id}s[\"{behind}\"]");
                }
            }
        }
    }
    text.push_str("\n  classDef missing stroke:#c00,color:#c00");
    text
}

#[derive(Serialize)]
struct ProgramEntry {
    program: String,
    service: bool,
    serves: Option<PlaceEntry>,
    signals: Vec<SignalEntry>,
    alive: Vec<LivingEntry>,
}

#[derive(Serialize)]
struct SignalEntry {
    names: Vec<String>,
    at: PlaceEntry,
}

#[derive(Serialize)]
struct LivingEntry {
    what: String,
    of: String,
    owner: OwnerEntry,
    started: PlaceEntry,
    stop: StopEntry,
    /// From 1.
    order: Option<usize>,
    lost: Option<String>,
}

#[derive(Serialize)]
struct OwnerEntry {
    kind: &'static str,
    name: Option<String>,
}

#[derive(Serialize)]
struct StopEntry {
    kind: &'static str,
    at: Option<PlaceEntry>,
}

/// `line` and `column` (in characters) count from 1.
#[derive(Serialize)]
struct PlaceEntry {
    path: String,
    line: u32,
    column: u32,
}

impl PlaceEntry {
    fn new(span: Span, sources: &Sources) -> Self {
        let file = sources.get(span.file);
        let at = file.position(span.start);
        PlaceEntry { path: file.display.clone(), line: at.line, column: at.column }
    }
}

impl ProgramEntry {
    fn new(program: &Inventory, sources: &Sources) -> Self {
        let signals = program.signals.iter().map(|signals| SignalEntry {
            names: signals.names.iter().map(ToString::to_string).collect(),
            at: PlaceEntry::new(signals.at, sources),
        });
        ProgramEntry {
            program: program.program.clone(),
            service: program.service.is_some(),
            serves: program.serves.map(|span| PlaceEntry::new(span, sources)),
            signals: signals.collect(),
            alive: program.alive.iter().map(|living| LivingEntry::new(living, sources)).collect(),
        }
    }
}

impl LivingEntry {
    fn new(living: &Living, sources: &Sources) -> Self {
        let (kind, name) = match &living.owner {
            Owner::Static(path) => ("static", Some(path.clone())),
            Owner::Field(field) => ("field", Some(field.clone())),
            Owner::Variable(name, function) => ("variable", Some(format!("{function}::{name}"))),
            Owner::Function(function) => ("function", Some(function.clone())),
            Owner::HandedOn => ("handed-on", None),
            Owner::Detached => ("detached", None),
        };
        let (stop, at) = match &living.stop {
            Stop::Call(span) => ("call", Some(*span)),
            Stop::Elsewhere(span) => ("elsewhere", Some(*span)),
            Stop::Dropped => ("dropped", None),
            Stop::Itself(label) => ("itself", Some(label.span)),
            Stop::Unknown => ("unknown", None),
            Stop::Nothing => ("nothing", None),
        };
        LivingEntry {
            what: living.what.clone(),
            of: living.of.clone(),
            owner: OwnerEntry { kind, name },
            started: PlaceEntry::new(living.started, sources),
            stop: StopEntry { kind: stop, at: at.map(|span| PlaceEntry::new(span, sources)) },
            order: living.order,
            lost: living.lost.clone(),
        }
    }
}
