//! Resources that are given to a library which keeps them in a global of its own: nobody drops them, as nobody drops a static. Statics of the workspace
//! are not looked at here.

use ustr::Ustr;

use crate::catalogue::{Calls, TypeEntry};
use crate::facts::model::Op;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;

/// A resource in a library's global.
#[derive(Debug, Clone, Copy)]
pub struct Global {
    /// The call that the library is given it by.
    pub given: Site,
    pub resource: Ustr,
    /// Where it is made so that it gathers what it hands on later.
    pub made: Site,
}

impl Index {
    /// What gathers something, is kept by a library, and is ended by nothing in the sources; test code aside.
    pub fn unended_globals(&self) -> Vec<Global> {
        let bodies = self.bodies().filter(|(body, ..)| !self.is_test(*body));
        let sites = bodies.flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
        let given = sites
            .filter(|site| self.external(*site).is_some_and(|path| self.catalogue().lists(Calls::SetsGlobal, path)));
        given.filter_map(|site| self.unended_global(site)).collect()
    }

    fn unended_global(&self, given: Site) -> Option<Global> {
        let Op::Call { arguments, .. } = &self.node(given).op else { return None };
        let value = Site { node: *arguments.first()?, ..given };
        let made = self.made_behind(value, &|entry| entry.when_unended.is_some());
        let made = made.into_iter().find(|made| self.gathers(*made))?;
        let resource = self.callable(made)?.constructs?;
        let ended = self.resource(resource).is_none_or(|entry| self.is_ended_somewhere(entry));
        (!ended).then_some(Global { given, resource, made })
    }

    fn gathers(&self, made: Site) -> bool {
        self.settings(made).set.iter().any(|setter| self.catalogue().lists(Calls::Gathers, *setter))
    }

    /// Whether any code ends a value of this type, or may do so on something that is not known.
    fn is_ended_somewhere(&self, entry: &TypeEntry) -> bool {
        let may_end = |name: &str| !self.called_by_name(ustr::ustr(name)).is_empty();
        let ends = |path: Ustr| self.catalogue().callable(path).is_some_and(|it| it.closes == Some(entry.path));
        entry.close_names().any(may_end)
            || self.bodies().filter(|(body, ..)| !self.is_test(*body)).any(|(_, _, info)| {
                info.callees.values().any(|callee| matches!(callee, Callee::External(path) if ends(*path)))
            })
    }
}
