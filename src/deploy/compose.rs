//! Compose files: every service is a process. A command that is one string is split into words and run without a shell.

use std::collections::BTreeSet;

use super::model::{Build, Command, Form, Process, Setting, Signals, Term, Text};
use super::shell::{Origin, assignment, words};
use super::unit::duration;
use super::yaml::{Value, Yaml};
use super::{Document, Unreadable};
use crate::source::Range;

/// Keys of a service, and of its `deploy.resources.limits`, that bound what it may use.
const LIMITS: &[&str] = &["mem_limit", "memswap_limit", "pids_limit", "cpus"];

/// The services of a file; `nodes` gets the places of services and of their keys.
pub fn read(document: Document, nodes: &mut Vec<Range>) -> Result<Vec<Process>, Unreadable> {
    let yaml = Yaml::read(document)?;
    let services = yaml.root().and_then(|root| root.get("services"));
    let services = services.map_or_else(Vec::new, Value::entries);
    let awaited: BTreeSet<&str> = services.iter().flat_map(|(_, service)| awaits(*service)).collect();
    let processes = services.into_iter().filter_map(|(name, service)| process(document, name, service, nodes));
    let known = processes.map(|process| match awaited.contains(process.name.as_str()) {
        true => Process { term: Term::Awaited, ..process },
        false => process,
    });
    Ok(known.collect())
}

/// The services that one waits for until they have ended.
fn awaits<'y>(service: Value<'y>) -> Vec<&'y str> {
    let others = service.get("depends_on").map_or_else(Vec::new, Value::entries);
    let ended = |value: &Value| value.get("condition").and_then(Value::text) == Some("service_completed_successfully");
    others.into_iter().filter(|(_, value)| ended(value)).filter_map(|(name, _)| name.text()).collect()
}

fn process(document: Document, name: Value, service: Value, nodes: &mut Vec<Range>) -> Option<Process> {
    let mut process = Process::new(name.text()?, name.span(), Signals::First);
    let whole = |key: Value, value: Value| Range { start: key.span().start, end: value.span().end.max(key.span().end) };
    nodes.push(whole(name, service));
    for (key, value) in service.entries() {
        nodes.push(whole(key, value));
        match key.text()? {
            "entrypoint" => process.entrypoint = command(document, value),
            "command" => process.command = command(document, value),
            "ports" | "expose" | "healthcheck" if process.term == Term::Open => {
                process.term = Term::Lasting(key.span())
            }
            "init" => process.has_init = value.text() == Some("true"),
            "stop_signal" => process.stop_signal = text(value),
            "stop_grace_period" => process.grace = value.text().and_then(duration).map(|grace| (grace, value.span())),
            "build" => process.build = build(value),
            "environment" => process.environment = environment(value),
            "env_file" => process.hidden_environment = true,
            "ulimits" => process.limits.extend(value.entries().into_iter().filter_map(|(name, value)| {
                let first = value.get("soft").unwrap_or(value);
                Some(Setting { name: format!("ulimit {}", name.text()?), value: text(first)? })
            })),
            "deploy" => process.limits.extend(deployed(value)),
            limit if LIMITS.contains(&limit) => process.limits.extend(setting(limit, value)),
            _ => {}
        }
    }
    // The service's own key comes before one that is merged in.
    if let Some((policy, span)) = service.get("restart").and_then(|key| Some((key.text()?, key.span()))) {
        process.term = match policy {
            "always" | "unless-stopped" => Term::Lasting(span),
            _ => Term::Ending,
        };
    }
    Some(process)
}

fn text(value: Value) -> Option<Text> {
    Some(Text { text: value.text()?.to_owned(), span: value.span() })
}

fn setting(name: &str, value: Value) -> Option<Setting> {
    Some(Setting { name: name.to_owned(), value: text(value)? })
}

/// A list of words, or a string that is split into them. `null` asks for the image's own.
fn command(document: Document, value: Value) -> Option<Command> {
    let span = value.span();
    if let Some(items) = value.items() {
        return Some(Command { span, form: Form::Words(items.into_iter().filter_map(text).collect()) });
    }
    let text = value.text()?;
    let raw = &document.text[span.start as usize..span.end as usize];
    let origin = if raw == text { Origin::Verbatim(span) } else { Origin::Rewritten(span) };
    let is_null = matches!(raw, "" | "~" | "null");
    (!is_null).then(|| Command { span, form: Form::Words(words(text, origin)) })
}

fn build(value: Value) -> Option<Build> {
    let text = |key: &str| value.get(key).and_then(Value::text);
    let context = value.text().or_else(|| text("context")).unwrap_or(".");
    if value.get("dockerfile_inline").is_some() || context.contains("://") {
        return None;
    }
    let dockerfile = text("dockerfile").unwrap_or("Dockerfile");
    Some(Build { dockerfile: format!("{context}/{dockerfile}"), target: text("target").map(str::to_owned) })
}

fn environment(value: Value) -> Vec<Setting> {
    match value.items() {
        Some(items) => items
            .into_iter()
            .filter_map(|item| {
                let (name, value) = assignment(item.text()?)?;
                Some(Setting { name: name.to_owned(), value: Text { text: value.to_owned(), span: item.span() } })
            })
            .collect(),
        None => value.entries().into_iter().filter_map(|(name, value)| setting(name.text()?, value)).collect(),
    }
}

/// `resources.limits` below `deploy`.
fn deployed(value: Value) -> Vec<Setting> {
    let limits = value.get("resources").and_then(|resources| resources.get("limits"));
    let entries = limits.map_or_else(Vec::new, Value::entries);
    entries.into_iter().filter_map(|(name, value)| setting(&format!("limits.{}", name.text()?), value)).collect()
}
