//! Dockerfiles: every stage that starts something is a process. The parser is BuildKit's grammar; here its instructions are summed up as a build would.

use parse_dockerfile::{Command as Given, CopyInstruction, Instruction, Source, UnescapedString};

use super::launch::shell_named;
use super::model::{Command, Form, Process, Setting, Shell, Signals, Term, Text};
use super::shell::{Origin, assignment, script, words};
use super::{Document, Unreadable};
use crate::source::{Range, Span};

/// The stages, each with what it inherits from an earlier one; `nodes` gets the places of all instructions.
pub fn read(document: Document, nodes: &mut Vec<Range>) -> Result<Vec<Process>, Unreadable> {
    let parsed = parse_dockerfile::parse(document.text).map_err(|error| unreadable(document, &error))?;
    let mut stages: Vec<Stage> = Vec::new();
    for instruction in &parsed.instructions {
        if let Instruction::From(from) = instruction {
            let name = from.as_.as_ref().map_or("", |(_, name)| &name.value);
            let base = stages.iter().rfind(|stage| stage.process.name.eq_ignore_ascii_case(&from.image.value));
            let span = document.span(from.from.span.start..from.image.span.end);
            let mut stage = Stage::new(name, span, base.filter(|base| !base.process.name.is_empty()));
            if has_ash(&from.image.value) {
                stage.process.sh = Shell::Replaced;
            }
            stages.push(stage);
        } else if let Some(stage) = stages.last_mut() {
            nodes.extend(stage.take(document, instruction).map(Span::range));
        }
    }
    Ok(stages.into_iter().map(|stage| stage.process).collect())
}

/// Whether the `sh` of an image is the ash of busybox, which gives its place to the last command of `sh -c` (seen with busybox 1.35).
fn has_ash(image: &str) -> bool {
    ["alpine", "busybox"].iter().any(|name| image.contains(name))
}

fn unreadable(document: Document, error: &parse_dockerfile::Error) -> Unreadable {
    let (start, line) = document.lines().nth(error.line().saturating_sub(1)).unwrap_or((document.text.len(), ""));
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let range = Range { start: start as u32, end: (start + line.len()) as u32 };
    Unreadable { message: format!("no Dockerfile: {message}"), range }
}

struct Stage {
    process: Process,
    /// What runs texts that are given without brackets.
    shell: Shell,
}

impl Stage {
    fn new(name: &str, span: Span, base: Option<&Stage>) -> Self {
        let mut process = Process::new(name, span, Signals::First);
        if let Some(base) = base {
            process.entrypoint.clone_from(&base.process.entrypoint);
            process.command.clone_from(&base.process.command);
            process.stop_signal.clone_from(&base.process.stop_signal);
            process.term = base.process.term;
            process.environment.clone_from(&base.process.environment);
            process.copies.clone_from(&base.process.copies);
            process.sh = base.process.sh;
        }
        Stage { process, shell: base.map_or(Shell::Open, |base| base.shell) }
    }

    /// Takes up an instruction; its place, where it says something of how the stage starts.
    fn take(&mut self, document: Document, instruction: &Instruction) -> Option<Span> {
        let from = |start: usize, end: usize| document.span(start..end);
        match instruction {
            Instruction::Cmd(cmd) => {
                let command = self.command(document, &cmd.arguments);
                let span = from(cmd.cmd.span.start, command.span.end as usize);
                self.process.command = Some(command);
                Some(span)
            }
            Instruction::Entrypoint(entrypoint) => {
                let command = self.command(document, &entrypoint.arguments);
                let span = from(entrypoint.entrypoint.span.start, command.span.end as usize);
                self.process.entrypoint = Some(command);
                // A stage that sets its own entry point does not take over its base's arguments.
                Some(span)
            }
            Instruction::Shell(shell) => {
                let program = shell.arguments.first().map(|word| word.value.as_ref());
                self.shell = program.and_then(shell_named).unwrap_or(Shell::Open);
                None
            }
            Instruction::Stopsignal(stop) => {
                let signal = text(document, &stop.arguments);
                let span = from(stop.stopsignal.span.start, signal.span.end as usize);
                self.process.stop_signal = Some(signal);
                Some(span)
            }
            Instruction::Env(env) => {
                self.process.environment.extend(variables(document, &env.arguments));
                Some(from(env.env.span.start, env.arguments.span.end))
            }
            Instruction::Expose(expose) => {
                self.process.term = Term::Lasting(document.span(expose.expose.span.clone()));
                None
            }
            Instruction::Healthcheck(asked) => {
                self.process.term = Term::Lasting(document.span(asked.healthcheck.span.clone()));
                None
            }
            Instruction::Copy(copy) => {
                self.process.copies.extend(copies(copy));
                None
            }
            _ => None,
        }
    }

    fn command(&self, document: Document, given: &Given) -> Command {
        match given {
            Given::Exec(words) => Command {
                span: document.span(words.span.clone()),
                form: Form::Words(words.value.iter().map(|word| text(document, word)).collect()),
            },
            Given::Shell(given) => {
                let span = document.span(given.span.clone());
                let script = script(given.value, Origin::Verbatim(span));
                Command { span, form: Form::Shell { shell: self.shell, script } }
            }
            _ => Command { span: document.span(0..0), form: Form::Words(Vec::new()) },
        }
    }
}

fn text(document: Document, given: &UnescapedString) -> Text {
    Text { text: given.value.clone().into_owned(), span: document.span(given.span.clone()) }
}

/// `NAME=value …`, or the old `NAME value`.
fn variables(document: Document, given: &UnescapedString) -> Vec<Setting> {
    let span = document.span(given.span.clone());
    let raw = document.text.get(given.span.clone()).unwrap_or_default();
    let words = words(raw, Origin::Verbatim(span));
    let setting =
        |name: &str, value: String, span: Span| Setting { name: name.to_owned(), value: Text { text: value, span } };
    match &words[..] {
        [name, value, ..] if assignment(&name.text).is_none() => vec![setting(&name.text, value.text.clone(), span)],
        _ => words
            .iter()
            .filter_map(|word| assignment(&word.text).map(|(name, value)| setting(name, value.to_owned(), word.span)))
            .collect(),
    }
}

fn copies(copy: &CopyInstruction) -> Vec<(String, String)> {
    let target = copy.dest.value.as_ref();
    let is_folder = copy.src.len() > 1 || target.ends_with('/') || target.ends_with('.');
    let source = |source: &Source| match source {
        Source::Path(path) => Some(path.value.rsplit('/').next().unwrap_or(&path.value).to_owned()),
        _ => None,
    };
    let place = |name: String| {
        let to = if is_folder { format!("{}/{name}", target.trim_end_matches('/')) } else { target.to_owned() };
        (name, to)
    };
    copy.src.iter().filter_map(source).map(place).collect()
}
