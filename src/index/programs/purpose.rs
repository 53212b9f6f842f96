//! Which programs stand beside what a workspace is there for: examples, mocks and tools that nobody deploys. A program is taken for one on what its own file or
//! the files around it say, never for what it is called.

use crate::deploy::model::{Command, Form, Process, Script};
use crate::index::Index;
use crate::index::declared::defs::Extern;
use crate::index::programs::Program;

impl Index {
    /// Whether a program stands by the side: the documentation at its head says that it is an example or not meant for production; or no container and process
    /// file starts or carries it, and it is built only on request beside a service that is not, or its package is not published and uses nothing of the workspace
    /// while such files name other programs of the workspace.
    pub fn is_by_the_side(&self, program: &Program) -> bool {
        let krate = &self.crates()[program.krate.index()];
        let file = self.outline.tree.get(krate.root).file;
        let says_so = self.defs().file(file).is_some_and(|facts| facts.tries_out);
        let delivered = || self.programs().iter().any(|other| other.krate != program.krate && self.is_delivered(other));
        let stands_alone = krate.externs.values().all(|named| !self.is_of_another_package(named, krate.package));
        let on_request = || krate.on_request && self.programs().iter().any(|other| self.is_built_anyway(other));
        says_so || !self.is_delivered(program) && (on_request() || !krate.for_others && stands_alone && delivered())
    }

    /// Whether a program is a service that Cargo builds without being asked for features.
    fn is_built_anyway(&self, program: &Program) -> bool {
        program.is_service() && !self.crates()[program.krate.index()].on_request
    }

    fn is_of_another_package(&self, named: &Extern, package: Option<usize>) -> bool {
        match named {
            Extern::Member(root) => self.crates()[self.outline.tree.get(*root).krate.index()].package != package,
            Extern::Library(_) => false,
        }
    }

    /// Whether a container or process file names a program: it is started there, or put into an image.
    fn is_delivered(&self, program: &Program) -> bool {
        let spelled = |name: &str| name.replace('-', "_");
        let name = spelled(&self.crates()[program.krate.index()].name);
        let is_it = |path: &str| spelled(path.rsplit('/').next().unwrap_or(path)) == name;
        self.described.iter().any(|file| {
            in_script(&file.description.script, &is_it) || file.description.processes.iter().any(|it| names(it, &is_it))
        })
    }
}

fn names(process: &Process, is_it: &dyn Fn(&str) -> bool) -> bool {
    let commands = [&process.entrypoint, &process.command];
    is_it(&process.name)
        || process.copies.iter().any(|(from, to)| is_it(from) || is_it(to))
        || commands.into_iter().flatten().any(|command| in_command(command, is_it))
}

fn in_command(command: &Command, is_it: &dyn Fn(&str) -> bool) -> bool {
    match &command.form {
        Form::Words(words) => words.iter().any(|word| is_it(&word.text)),
        Form::Shell { script, .. } => in_script(script, is_it),
    }
}

fn in_script(script: &Script, is_it: &dyn Fn(&str) -> bool) -> bool {
    script.calls.iter().flat_map(|call| &call.words).any(|word| is_it(&word.text))
}
