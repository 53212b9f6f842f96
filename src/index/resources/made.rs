//! Where values of the workspace's types are made and what their fields are assigned, and whether there is one of them or many.

use rustc_hash::FxHashMap as HashMap;
use ustr::Ustr;

use crate::catalogue::{Calls, Runs};
use crate::facts::model::{NodeId, Op};
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::calls::contexts::Repeats;
use crate::index::declared::defs::*;
use crate::index::{Index, Ty};

impl Index {
    /// Where values of a type of the workspace are made, tests aside: by literals, constructors, and functions of libraries that a derive gives it.
    pub fn made_at(&self, id: TypeId) -> &[Site] {
        self.made.get_or_init(|| self.all_made()).get(&id).map_or(&[], Vec::as_slice)
    }

    fn all_made(&self) -> HashMap<TypeId, Vec<Site>> {
        let mut all: HashMap<TypeId, Vec<Site>> = HashMap::default();
        for (body, facts, info) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for (node, n) in facts.iter() {
                let Ty::Adt(id, _) = info.ty(node) else { continue };
                let is_it = |other: NodeId| matches!(info.ty(other).peeled(), Ty::Adt(other, _) if other == id);
                let made = match (&n.op, info.callees.get(&node)) {
                    (Op::Struct { rest, .. }, _) => !rest.is_some_and(is_it),
                    (Op::Call { .. }, Some(Callee::Constructor(..))) => true,
                    (Op::Call { arguments, .. }, Some(Callee::External(_))) => !arguments.iter().any(|a| is_it(*a)),
                    _ => false,
                };
                if made {
                    all.entry(*id).or_default().push(Site { body, node });
                }
            }
        }
        all
    }

    /// The values that a field of a type of the workspace is assigned, tests aside.
    pub fn values_assigned(&self, id: TypeId, field: Ustr) -> &[Site] {
        self.assigned.get_or_init(|| self.all_assigned()).get(&(id, field)).map_or(&[], Vec::as_slice)
    }

    fn all_assigned(&self) -> HashMap<(TypeId, Ustr), Vec<Site>> {
        let mut all: HashMap<(TypeId, Ustr), Vec<Site>> = HashMap::default();
        for (body, facts, info) in self.bodies().filter(|(body, ..)| !self.is_test(*body)) {
            for node in &facts.nodes {
                let Op::Assign { place, value } = &node.op else { continue };
                let Op::Field { base, name } = &facts.node(*place).op else { continue };
                if let Some(id) = self.struct_behind(info.ty(*base)) {
                    all.entry((id, *name)).or_default().push(Site { body, node: *value });
                }
            }
        }
        all
    }

    /// Whether the values of a type live as long as a service: each place that makes one runs once, where a `main` leads.
    pub fn is_made_once(&self, id: TypeId) -> bool {
        let made = self.made_at(id);
        let leads = |site: &Site, service: bool| {
            self.programs().iter().any(|p| (!service || p.is_service()) && self.main_leads_to(p, site.body))
        };
        !made.is_empty()
            && !self.is_kept_in_numbers(id)
            && made
                .iter()
                .all(|site| leads(site, false) && self.repeated(*site).is_none() && !self.is_made_per_key(*site))
            && made.iter().any(|site| leads(site, true))
    }

    /// Whether one place makes the values of a type, and nothing is known to repeat it but the start of each worker.
    pub(in crate::index) fn is_made_alone(&self, id: TypeId) -> bool {
        let [site] = self.made_at(id) else { return false };
        self.repeated(*site).is_none_or(|repeated| repeated.repeats == Repeats::Worker)
            && !self.is_kept_in_numbers(id)
            && !self.is_made_per_key(*site)
    }

    /// Whether a static or field keeps a collection of values of a type, perhaps shared ones.
    fn is_kept_in_numbers(&self, id: TypeId) -> bool {
        let signatures = self.signatures();
        let fields = signatures.fields.iter().flat_map(|fields| fields.values());
        signatures.statics.iter().chain(fields).any(|ty| self.collects(ty, id, false))
    }

    fn collects(&self, ty: &Ty, id: TypeId, inside: bool) -> bool {
        match ty {
            Ty::Adt(of, parts) => inside && *of == id || parts.iter().any(|part| self.collects(part, id, inside)),
            Ty::Ext(path, parts) => {
                let inside = inside || self.catalogue().lists_a_member(Calls::Grows, *path);
                parts.iter().any(|part| self.collects(part, id, inside))
            }
            Ty::Ref(of) => self.collects(of, id, inside),
            Ty::Slice(of) => self.collects(of, id, true),
            Ty::Tuple(parts) => parts.iter().any(|part| self.collects(part, id, inside)),
            _ => false,
        }
    }

    /// Whether a closure around a site makes what is missing in a map: it runs once for each key.
    fn is_made_per_key(&self, site: Site) -> bool {
        let (body, info) = (self.body(site.body), self.info(site.body));
        let by_key = |node: NodeId| {
            self.external(Site { node, ..site }).is_some_and(|path| self.catalogue().lists(Calls::GrowsByKey, path))
        };
        body.outwards(body.node(site.node).region).any(|(region, _)| {
            let call = info.region_node(region).and_then(|closure| info.parent(closure));
            let receivers = std::iter::successors(call, |at| match body.node(*at).op {
                Op::Method { receiver, .. } => Some(receiver),
                _ => None,
            });
            info.runs.get(&region) == Some(&Runs::Once) && receivers.into_iter().any(by_key)
        })
    }
}
