//! What never runs, since what it is there for is never given: a branch for something that all callers leave out.

use ustr::Ustr;

use crate::facts::model::{NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;

/// Through how many variables and callers a value is followed.
const FUEL: u32 = 6;

impl Index {
    /// Whether a place in a function never runs where a call leads to that: it stands in a branch for what is there, and what the call gives is always `None`.
    pub fn is_never_come_to(&self, call: Site, inside: Site) -> bool {
        let view = self.view(inside.body);
        view.facts.outwards(view.facts.node(inside.node).region).any(|(region, _)| {
            view.found_in(region).is_some_and(|node| self.is_left_out(call, Site { node, ..inside }))
        })
    }

    /// Whether a value of a function is always `None` where a call leads to that: a parameter of it, or a field of what the call is made on.
    fn is_left_out(&self, call: Site, value: Site) -> bool {
        let inner = |node: NodeId| self.is_left_out(call, Site { node, ..value });
        match &self.node(value).op {
            Op::Reference { of, .. } => inner(*of),
            Op::Method { receiver, name, .. } if matches!(name.as_str(), "as_ref" | "as_mut" | "as_deref") => {
                inner(*receiver)
            }
            Op::Local(local) => {
                let given = self.function_of(value.body).and_then(|function| {
                    let at = self.parameter_of(value.body, *local)??;
                    self.argument_at(call, function, at)
                });
                given.is_some_and(|given| self.is_always_none(given, FUEL))
            }
            Op::Field { base, name } => {
                let of_object = matches!(self.node(Site { node: *base, ..value }).op, Op::Local(local)
                    if self.parameter_of(value.body, local) == Some(None));
                let field = || self.field_of_receiver(call, *name);
                of_object && field().is_some_and(|given| self.is_always_none(given, FUEL))
            }
            _ => false,
        }
    }

    /// What a field is made with of the object that a method is called on, where the function around makes that object itself.
    fn field_of_receiver(&self, call: Site, name: Ustr) -> Option<Site> {
        let Op::Method { receiver, .. } = self.node(call).op else { return None };
        let Op::Local(object) = self.node(Site { node: receiver, ..call }).op else { return None };
        let made = self.init_of(call.body, object)?;
        let Op::Struct { fields, .. } = &self.node(Site { node: made, ..call }).op else { return None };
        let (_, node) = fields.iter().find(|(field, _)| *field == name)?;
        Some(Site { node: *node, ..call })
    }

    /// Whether a value is `None` whoever calls the function around it.
    fn is_always_none(&self, value: Site, fuel: u32) -> bool {
        let Some(fuel) = fuel.checked_sub(1) else { return false };
        match &self.node(value).op {
            Op::Path(path) => path.last() == "None",
            Op::Local(local) => match self.parameter_of(value.body, *local) {
                Some(Some(at)) => self.function_of(value.body).is_some_and(|function| {
                    let calls = self.calls.callers(function).iter().filter(|call| !self.is_test(call.site.body));
                    let mut sites = calls.map(|call| call.site).peekable();
                    let all_are_known = !self.is_offered(value.body) || self.is_of_a_program(value.body);
                    all_are_known
                        && sites.peek().is_some()
                        && sites.all(|site| {
                            self.argument_at(site, function, at).is_some_and(|given| self.is_always_none(given, fuel))
                        })
                }),
                Some(None) => false,
                None => {
                    let init = self.init_of(value.body, *local).filter(|init| *init < value.node);
                    let whole = self.sources(value.body, *local).len() == 1;
                    whole && init.is_some_and(|node| self.is_always_none(Site { node, ..value }, fuel))
                }
            },
            _ => false,
        }
    }
}
