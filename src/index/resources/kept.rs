//! Resources that are kept with others of their kind, to be taken out and ended one by one: which of them are only ever ended by half. Where one may be ended
//! in another way, all of them are taken to be.

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::index::Index;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;
use crate::index::declared::defs::CrateId;
use crate::index::resources::keepers::Keeper;
use crate::index::resources::releases::Release;

/// A resource that is taken out of where several are kept, and ended by a call that is not enough.
#[derive(Debug, Clone, Copy)]
pub struct HalfEnded {
    /// The first call that ends one.
    pub end: Site,
    pub resource: Ustr,
    pub keeper: Keeper,
}

impl Index {
    /// What is kept with others, of the resources of which a drop is no end, and only ever ended by calls that `is_half` accepts; test code aside. Each
    /// static and field is given once.
    pub fn half_ended(&self, is_half: &dyn Fn(Ustr) -> bool) -> Vec<HalfEnded> {
        let mut found: Vec<HalfEnded> = Vec::new();
        let ends = |release: &Release| self.external(release.site).is_some_and(is_half);
        for release in self.releases().filter(|release| ends(release) && !self.is_test(release.site.body)) {
            let half =
                self.out_of_several(release).filter(|half| !found.iter().any(|known| known.keeper == half.keeper));
            found.extend(half.filter(|half| !self.may_end_otherwise(half, is_half)));
        }
        found
    }

    fn out_of_several(&self, release: &Release) -> Option<HalfEnded> {
        let resource = release.resource?;
        self.resource(resource)?.when_abandoned.as_ref()?;
        let (keepers, _) = self.perhaps_kept_by(Site { node: release.operand, ..release.site });
        let several = |keeper: &Keeper| {
            let ty = self.keeper_type(*keeper);
            self.is_collection(&ty) && self.owns(&ty, resource)
        };
        Some(HalfEnded { end: release.site, resource, keeper: keepers.into_iter().find(several)? })
    }

    /// Whether the crate may end one of them by another call: one on something that cannot be followed counts.
    fn may_end_otherwise(&self, half: &HalfEnded, is_half: &dyn Fn(Ustr) -> bool) -> bool {
        let krate = self.crate_of(half.end.body);
        let is_other = |release: &Release| {
            let ended = self.ty(Site { node: release.operand, ..release.site });
            let is_one = match release.resource {
                Some(of) => of == half.resource,
                None => ended.is_unknown() || self.owns(ended, half.resource),
            };
            is_one && !self.external(release.site).is_some_and(is_half) && self.crate_of(release.site.body) == krate
        };
        let may_be_one = |release: &Release| {
            let (keepers, open) = self.perhaps_kept_by(Site { node: release.operand, ..release.site });
            keepers.contains(&half.keeper) || keepers.is_empty() && !open.is_empty()
        };
        let unknown = |name: &str| {
            let calls = self.called_by_name(ustr::ustr(name));
            calls.iter().any(|site| self.crate_of(site.body) == krate)
        };
        let names = self.resource(half.resource).into_iter().flat_map(|entry| {
            entry.close_names().filter(|name| !is_half(ustr::ustr(&format!("{}::{name}", entry.path))))
        });
        self.releases().any(|release| is_other(release) && may_be_one(release))
            || names.into_iter().any(unknown)
            || self.reaps_any(krate)
    }

    /// Whether a crate waits for whatever child of it ends.
    fn reaps_any(&self, krate: CrateId) -> bool {
        let reaps =
            |callee: &Callee| matches!(callee, Callee::External(path) if self.catalogue().lists(Calls::Reaps, *path));
        let bodies = self.bodies().filter(|(body, ..)| self.crate_of(*body) == krate);
        bodies.into_iter().any(|(_, _, info)| info.callees.values().any(reaps))
    }
}
