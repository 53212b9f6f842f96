//! Which programs of the workspace the container and process files start, with which words, and what stands between the container runtime or service
//! manager and the program.

use std::path::Path;

use crate::deploy::launch::{Peeled, Run, base_name, launch, peel};
use crate::deploy::model::{
    Call, Command, Described, Kind, Process, Script, Setting, Shell, Signals, Term, Text, Then,
};
use crate::diagnostic::Label;
use crate::index::Index;
use crate::index::programs::Program;
use crate::index::programs::kinds::{self, Verdict};
use crate::source::Span;
use crate::workspace::normal;

/// One description of how a program is started.
pub struct Deployment<'i> {
    pub described: &'i Described,
    pub process: &'i Process,
    /// What the service is built from, where the workspace has it.
    pub image: Option<&'i Process>,
    pub program: &'i Program,
    /// Where it is called: in the start itself, or in a script that it runs.
    pub span: Span,
    /// The program's own name or path and its arguments.
    pub words: Vec<Text>,
    /// Variables that are set in front of it.
    pub settings: Vec<Setting>,
    pub between: Between,
}

/// What stands between the one who stops a program and the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Between {
    /// It is the first process, or all processes are told.
    Nothing,
    /// An init, or a script that deals with signals.
    Forwarder,
    Shell(Standing),
}

/// A shell that may be the first process while the program runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// It stays whatever shell it is.
    pub stays: bool,
    pub then: Then,
    /// The script it runs, as the start names it.
    pub script: Option<Span>,
    /// The command's first word, in front of which an `exec` can stand; none where the place is not known to the letter.
    pub exec: Option<Span>,
}

/// Signals by the names and numbers that files give them, and by the name the index has.
const SIGNALS: &[(&str, &str, &str)] = &[("INT", "2", "interrupt"), ("TERM", "15", "terminate"), ("KILL", "9", "kill")];

impl Deployment<'_> {
    /// The signal that a file says it is stopped with, as written and by the name the index has; none where it is the default, or not known here.
    pub fn stop_signal(&self) -> Option<(&Text, &'static str)> {
        let given = self.process.stop_signal.as_ref().or_else(|| self.image?.stop_signal.as_ref())?;
        let upper = given.text.to_uppercase();
        let name = upper.trim_start_matches("SIG");
        let known = SIGNALS.iter().find(|(known, number, _)| *known == name || *number == name);
        known.map(|(_, _, signal)| (given, *signal))
    }
}

/// The whole of a call, from its first word to its last.
fn whole(words: &[Text]) -> Option<Span> {
    let (first, last) = (words.first()?.span, words.last()?.span);
    Some(if first.file == last.file && first.end <= last.end { Span { end: last.end, ..first } } else { first })
}

impl Index {
    /// All known starts of services of the workspace, in the order of files and places. Files for development and tests do not count.
    pub fn deployments(&self) -> Vec<Deployment<'_>> {
        self.all_starts().filter(|deployment| deployment.program.is_service()).collect()
    }

    /// All known starts of a program, as `deployments` gives them for services.
    pub fn starts_of(&self, program: &Program) -> Vec<Deployment<'_>> {
        self.all_starts().filter(|deployment| deployment.program.krate == program.krate).collect()
    }

    /// The programs, by their place among all, of which nothing shows that they run on but a file that starts them, with the verdict that follows.
    pub(in crate::index) fn lasting_by_description(&self) -> Vec<(usize, Verdict)> {
        let mut found: Vec<(usize, Verdict)> = Vec::new();
        for start in self.all_starts().filter(|start| !start.program.is_service()) {
            let process = start.process;
            // What else an image is used for says nothing of what it is made for.
            let is_as_made = process.entrypoint.is_none() && process.command.is_none();
            let lasts = match process.term {
                Term::Open => start.image.filter(|_| is_as_made).and_then(|image| image.term.lasts()),
                said => said.lasts(),
            };
            let at = self.programs().iter().position(|program| program.krate == start.program.krate);
            let is_new = |at: &usize| !found.iter().any(|(known, _)| known == at);
            if let (Some(lasts), Some(at)) = (lasts, at.filter(is_new)) {
                let why = Some(Label::new(lasts, "is started to run on"));
                found.push((at, Verdict { kind: kinds::Kind::Service, why }));
            }
        }
        found
    }

    fn all_starts(&self) -> impl Iterator<Item = Deployment<'_>> {
        let files = self.described.iter().filter(|described| !described.is_aside);
        let processes = files.flat_map(|file| file.description.processes.iter().map(move |process| (file, process)));
        processes.filter_map(|(described, process)| self.deployment(described, process))
    }

    /// Whether all files that start a program, and there are some, say that it is stopped with this signal.
    pub fn is_stopped_with(&self, program: &Program, signal: &str) -> bool {
        let own = self.starts_of(program);
        !own.is_empty()
            && own.iter().all(|deployment| deployment.stop_signal().is_some_and(|(_, given)| given == signal))
    }

    fn deployment<'i>(&'i self, described: &'i Described, process: &'i Process) -> Option<Deployment<'i>> {
        let image = process.build.as_ref().and_then(|_| self.image_of(described, process));
        let (entrypoint, command) = start(process, image);
        let launch = launch(entrypoint, command)?;
        let place = Place { index: self, described, image: image.unwrap_or(process) };
        let found = place.find(&launch.run)?;
        let has_init = launch.has_init || process.has_init || self.is_only_run_below_init(described, process);
        let between = match found.between.clone() {
            Between::Shell(_) if process.signals == Signals::All => Between::Nothing,
            Between::Shell(_) if has_init => Between::Forwarder,
            between => between,
        };
        let Found { program, span, words, settings, .. } = found;
        Some(Deployment { described, process, image, program, span, words, settings, between })
    }

    /// The stage that a service is built from.
    fn image_of(&self, described: &Described, process: &Process) -> Option<&Process> {
        let build = process.build.as_ref()?;
        let path = normal(&Path::new(&described.path).parent()?.join(&build.dockerfile));
        let file = self.described.iter().find(|file| file.kind == Kind::Dockerfile && Path::new(&file.path) == path)?;
        let stages = &file.description.processes;
        match &build.target {
            Some(target) => stages.iter().find(|stage| stage.name.eq_ignore_ascii_case(target)),
            None => stages.last(),
        }
    }

    /// Whether services are built from this stage, and all of them run it below an init.
    fn is_only_run_below_init(&self, described: &Described, stage: &Process) -> bool {
        if described.kind != Kind::Dockerfile {
            return false;
        }
        let services = self.described.iter().filter(|file| file.kind == Kind::Compose);
        let services = services.flat_map(|file| file.description.processes.iter().map(move |process| (file, process)));
        let mut built = services
            .filter(|(file, service)| self.image_of(file, service).is_some_and(|image| std::ptr::eq(image, stage)))
            .map(|(_, service)| service.has_init)
            .peekable();
        built.peek().is_some() && built.all(|has_init| has_init)
    }

    /// The program whose binary has this name; of several a service.
    fn program_named(&self, name: &str) -> Option<&Program> {
        let spelled = |name: &str| name.replace('-', "_");
        let name = spelled(name);
        let named = |program: &&Program| spelled(&self.crates()[program.krate.index()].name) == name;
        let service = self.programs().iter().filter(named).find(|program| program.is_service());
        service.or_else(|| self.programs().iter().find(named))
    }
}

/// Entry point and command of a service: its own, else those of its image. An own entry point drops the image's command.
fn start<'p>(process: &'p Process, image: Option<&'p Process>) -> (Option<&'p Command>, Option<&'p Command>) {
    let inherited = image.filter(|_| process.entrypoint.is_none());
    let entrypoint = process.entrypoint.as_ref().or_else(|| image?.entrypoint.as_ref());
    (entrypoint, process.command.as_ref().or_else(|| inherited?.command.as_ref()))
}

/// A program among what is run.
struct Found<'i> {
    program: &'i Program,
    span: Span,
    words: Vec<Text>,
    settings: Vec<Setting>,
    between: Between,
}

/// Where a start is described.
struct Place<'i> {
    index: &'i Index,
    described: &'i Described,
    /// What knows which files were put where.
    image: &'i Process,
}

impl<'i> Place<'i> {
    fn find(&self, run: &Run) -> Option<Found<'i>> {
        let words = match run {
            Run::Shell { shell, script } => return self.in_script(script, &[], self.known(*shell), None),
            Run::Program(words) => words,
        };
        let first = words.first()?;
        if let Some(program) = self.program(&first.text) {
            let (span, words) = (whole(words)?, words.clone());
            return Some(Found { program, span, words, settings: Vec::new(), between: Between::Nothing });
        }
        let script = self.script(&first.text)?;
        self.in_script(script, &words[1..], Shell::Open, Some(first.span))
    }

    /// The shell of a text: what the image tells, where the text does not.
    fn known(&self, shell: Shell) -> Shell {
        if shell == Shell::Open { self.image.sh } else { shell }
    }

    fn program(&self, path: &str) -> Option<&'i Program> {
        self.index.program_named(self.original(path))
    }

    /// The name that a file of the image had before it was put there.
    fn original<'n>(&'n self, path: &'n str) -> &'n str {
        let name = base_name(path);
        let copied = self.image.copies.iter().rfind(|(_, to)| base_name(to) == name);
        copied.map_or(name, |(from, _)| from)
    }

    /// The script that a path of the image stands for: the only one of its name, or the one beside the file.
    fn script(&self, path: &str) -> Option<&'i Script> {
        let name = self.original(path);
        let named: Vec<&Described> = self
            .index
            .described
            .iter()
            .filter(|file| file.kind == Kind::Script && base_name(&file.path) == name)
            .collect();
        let folder = Path::new(&self.described.path).parent();
        let beside = || named.iter().find(|file| Path::new(&file.path).parent() == folder);
        let file = if let [only] = named[..] { only } else { beside()? };
        Some(&file.description.script)
    }

    /// The last command of a script that runs a service, unless it prepares for another that takes the script's place.
    fn in_script(&self, script: &Script, arguments: &[Text], shell: Shell, file: Option<Span>) -> Option<Found<'i>> {
        let found = script.calls.iter().enumerate().rev().find_map(|(at, call)| {
            let peeled = peel(&call.words)?;
            let words = expanded(&peeled.words, arguments);
            let program = self.program(&words.first()?.text)?;
            Some((at, call, peeled, program, words))
        });
        let Some((at, call, peeled, program, words)) = found else {
            return file.is_none().then(|| self.in_inner_script(script)).flatten();
        };
        let is_preparation = script.calls[at + 1..].iter().any(|later| peel(&later.words).is_some_and(|it| it.is_exec));
        let between = between(script, call, &peeled, shell, file);
        let span = whole(&call.words)?;
        (!is_preparation).then(|| Found { program, span, words, settings: call.settings.clone(), between })
    }

    /// A text that does nothing but run a script.
    fn in_inner_script(&self, script: &Script) -> Option<Found<'i>> {
        let peeled = peel(&script.calls.last()?.words)?;
        let (first, arguments) = peeled.words.split_first()?;
        self.in_script(self.script(&first.text)?, arguments, Shell::Open, Some(first.span))
    }
}

fn between(script: &Script, call: &Call, peeled: &Peeled, shell: Shell, file: Option<Span>) -> Between {
    let alone = matches!(call.then, Then::Next | Then::End);
    if peeled.is_exec && alone {
        return Between::Nothing;
    }
    if script.traps || peeled.has_init {
        return Between::Forwarder;
    }
    let is_last = call.then == Then::End;
    if is_last && file.is_none() && shell == Shell::Replaced && !call.redirected {
        return Between::Nothing;
    }
    let stays = !is_last || file.is_some() || shell == Shell::Replaced;
    let first = &call.words[0];
    let is_verbatim = (first.span.end - first.span.start) as usize == first.text.len();
    Between::Shell(Standing { stays, then: call.then, script: file, exec: is_verbatim.then_some(first.span) })
}

/// `"$@"` stands for the arguments.
fn expanded(words: &[Text], arguments: &[Text]) -> Vec<Text> {
    let given = |word: &Text| matches!(word.text.as_str(), "$@" | "$*" | "${@}");
    words.iter().flat_map(|word| if given(word) { arguments.to_vec() } else { vec![word.clone()] }).collect()
}
