//! From what a file says to what runs: programs that give their place to another are taken off, shells are looked into.

use super::model::{Command, Form, Script, Shell, Text};
use super::shell::{Origin, assignment, script};

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub run: Run,
    /// An init is in front of it, which passes signals on and collects children.
    pub has_init: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// A program in the place of the first process.
    Program(Vec<Text>),
    /// A shell is the first process and runs a text.
    Shell { shell: Shell, script: Script },
}

/// Inits for containers.
const INITS: &[&str] =
    &["tini", "tini-static", "dumb-init", "catatonit", "docker-init", "s6-svscan", "init", "supervisord"];

/// Programs that end by giving their place to the one they are told, with how many words of their own come before it; options and assignments do not count.
const PASSING: &[(&str, usize)] = &[
    ("exec", 0),
    ("env", 0),
    ("nice", 0),
    ("ionice", 0),
    ("nohup", 0),
    ("stdbuf", 0),
    ("setpriv", 0),
    ("gosu", 1),
    ("su-exec", 1),
    ("chroot", 1),
    ("setuidgid", 1),
];

/// Shells, and whether they give their place to a plain last command.
const SHELLS: &[(&str, Shell)] = &[
    ("sh", Shell::Open),
    ("dash", Shell::Open),
    ("ash", Shell::Open),
    ("ksh", Shell::Open),
    ("bash", Shell::Replaced),
    ("zsh", Shell::Replaced),
];

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What becomes of a shell of this name; none where it is no shell.
pub fn shell_named(program: &str) -> Option<Shell> {
    SHELLS.iter().find(|(name, _)| *name == base_name(program)).map(|(_, shell)| *shell)
}

/// What an entry point and a command come to together: a command that is given with an entry point is its arguments.
pub fn launch(entrypoint: Option<&Command>, command: Option<&Command>) -> Option<Launch> {
    let words = match (entrypoint.map(|it| &it.form), command.map(|it| &it.form)) {
        (Some(Form::Shell { shell, script }), _) | (None, Some(Form::Shell { shell, script })) => {
            return Some(in_shell(*shell, script.clone()));
        }
        (Some(Form::Words(entry)), Some(Form::Words(arguments))) => [&entry[..], arguments].concat(),
        (Some(Form::Words(words)), None) | (None, Some(Form::Words(words))) => words.clone(),
        // The arguments of the entry point are `sh -c …`: they end in a shell where it runs what it is given.
        (Some(Form::Words(entry)), Some(Form::Shell { shell, script })) => {
            let is_init = peel(entry).is_some_and(|peeled| peeled.words.is_empty() && peeled.has_init);
            return is_init.then(|| Launch { has_init: true, ..in_shell(*shell, script.clone()) });
        }
        (None, None) => return None,
    };
    of_words(&words)
}

fn in_shell(shell: Shell, script: Script) -> Launch {
    // `sh -c "tini -- server"` has an init as well, though behind a shell.
    let has_init = script.calls.iter().any(|call| peel(&call.words).is_some_and(|peeled| peeled.has_init));
    Launch { run: Run::Shell { shell, script }, has_init }
}

fn of_words(words: &[Text]) -> Option<Launch> {
    let peeled = peel(words)?;
    let run = match shell_text(&peeled.words) {
        Some((shell, text)) => {
            let script = script(&text.text, Origin::Rewritten(text.span));
            return Some(Launch { has_init: peeled.has_init, ..in_shell(shell, script) });
        }
        // `sh start.sh` is as good as the script.
        None if peeled.words.first().and_then(|word| shell_named(&word.text)).is_some() => {
            let file = peeled.words.iter().skip(1).position(|word| !word.text.starts_with('-'))?;
            Run::Program(peeled.words[file + 1..].to_vec())
        }
        None => Run::Program(peeled.words),
    };
    Some(Launch { run, has_init: peeled.has_init })
}

/// The text behind `sh -c`.
fn shell_text(words: &[Text]) -> Option<(Shell, &Text)> {
    let (program, rest) = words.split_first()?;
    let shell = shell_named(&program.text)?;
    let flag = rest.iter().position(|word| word.text.starts_with('-') && word.text.ends_with('c'))?;
    rest[..flag].iter().all(|word| word.text.starts_with('-')).then_some(())?;
    Some((shell, rest.get(flag + 1)?))
}

/// A command without what only passes its place on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeled {
    pub words: Vec<Text>,
    /// It began with `exec`, so that no shell stays behind.
    pub is_exec: bool,
    pub has_init: bool,
}

/// Takes off `exec`, inits and the like; none where words are missing.
pub fn peel(words: &[Text]) -> Option<Peeled> {
    let mut rest = words;
    let mut peeled = Peeled { words: Vec::new(), is_exec: false, has_init: false };
    while let Some((first, behind)) = rest.split_first() {
        let name = base_name(&first.text);
        let own = PASSING.iter().find(|(passing, _)| *passing == name).map(|(_, own)| *own);
        let is_init = INITS.contains(&name);
        if own.is_none() && !is_init {
            break;
        }
        peeled.is_exec |= name == "exec";
        peeled.has_init |= is_init;
        rest = behind_options(behind).get(own.unwrap_or(0)..)?;
    }
    peeled.words = rest.to_vec();
    Some(peeled)
}

/// What stands behind options and assignments; options that take the next word are told apart by a `--` only.
fn behind_options(words: &[Text]) -> &[Text] {
    let is_option = |word: &Text| word.text.starts_with('-');
    if words.first().is_some_and(is_option)
        && let Some(dashes) = words.iter().position(|word| word.text == "--")
    {
        return &words[dashes + 1..];
    }
    let is_own = |word: &&Text| is_option(word) || assignment(&word.text).is_some();
    &words[words.iter().take_while(is_own).count()..]
}
