//! Which program a command runs, as far as the sources write it out.

use ustr::ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Literal, Op};
use crate::index::Index;
use crate::index::calls::Site;

impl Index {
    /// Whether a command runs a program that talks to a peer, by itself or with an argument that it is given in the same expression.
    pub fn runs_network_program(&self, run: Site) -> bool {
        let lists = |words: &str| self.catalogue().lists(Calls::NetworkPrograms, ustr(words));
        self.settings(run)
            .makers
            .iter()
            .filter_map(|maker| self.program_named_in(*maker))
            .any(|program| lists(program) || self.states(run, &|argument| lists(&format!("{program} {argument}"))))
    }

    /// Whether a call makes a command for a program of a list of the catalogue.
    pub fn is_command_for(&self, made: Site, programs: Calls) -> bool {
        self.program_named_in(made).is_some_and(|program| self.catalogue().lists(programs, ustr(program)))
    }

    /// The file name of the program that a call names in its first argument.
    fn program_named_in(&self, made: Site) -> Option<&'static str> {
        let Op::Call { arguments, .. } = &self.node(made).op else { return None };
        match self.node(Site { node: *arguments.first()?, ..made }).op {
            Op::Literal(Literal::Text(path)) => {
                path.as_str().rsplit('/').next().map(|name| name.trim_end_matches(".exe"))
            }
            _ => None,
        }
    }
}
