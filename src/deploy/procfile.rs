//! Procfiles: `type: command`, one per line. The command is given to a shell.

use super::Document;
use super::model::{Command, Form, Process, Shell, Signals, Term};
use super::shell::{Origin, script};

/// The types of processes. Process managers signal all processes of a type, and run the command by `exec`.
pub fn read(document: Document) -> Vec<Process> {
    document.lines().filter_map(|(start, line)| process(document, start, line)).collect()
}

fn process(document: Document, start: usize, line: &str) -> Option<Process> {
    let (name, command) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_name {
        return None;
    }
    let behind = start + name.len() + 1;
    let text = command.trim();
    let from = behind + command.len() - command.trim_start().len();
    let span = document.span(from..from + text.len());
    let form = Form::Shell { shell: Shell::Replaced, script: script(text, Origin::Verbatim(span)) };
    let mut process = Process::new(name, document.span(start..start + name.len()), Signals::All);
    process.command = Some(Command { span, form });
    // Other types may be commands that end, such as `release`.
    if name == "web" || name.contains("worker") {
        process.term = Term::Lasting(process.span);
    }
    // What the platform sets is written nowhere in the repository.
    process.hidden_environment = true;
    Some(process)
}
