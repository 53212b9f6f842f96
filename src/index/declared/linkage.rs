//! Which crates can be part of one program: by what the manifests name, whatever features are asked for. Knows nothing of what the crates do.

use std::sync::Arc;

use crate::index::declared::defs::CrateId;
use crate::index::declared::modules::Modules;

/// For each crate, the wholes that it can be part of.
#[derive(Default)]
pub struct Linkage {
    wholes: Vec<Wholes>,
}

/// A set of wholes: crates that are linked into no other, each with all that is linked into it. A bit for each crate; clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wholes(Arc<[u64]>);

impl Wholes {
    fn of(members: &[usize], crates: usize) -> Self {
        let mut words = vec![0; crates.div_ceil(64)];
        members.iter().for_each(|at| words[at / 64] |= 1 << (at % 64));
        Wholes(words.into())
    }

    /// Whether a crate is one of them.
    pub fn contains(&self, krate: CrateId) -> bool {
        let at = krate.index();
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// What is part of both; none where there is no such whole.
    pub fn with(&self, other: &Wholes) -> Option<Wholes> {
        let common = || self.0.iter().zip(&*other.0).map(|(a, b)| a & b);
        let is_within = common().eq(self.0.iter().copied());
        common().any(|word| word != 0).then(|| if is_within { self.clone() } else { Wholes(common().collect()) })
    }
}

impl Linkage {
    pub(in crate::index) fn of(tree: &Modules) -> Self {
        let count = tree.crates.len();
        let links: Vec<Vec<usize>> = (tree.crates.iter())
            .map(|krate| krate.links.iter().map(|root| tree.get(*root).krate.index()).collect())
            .collect();
        let is_part = |at: usize| links.iter().enumerate().any(|(other, links)| other != at && links.contains(&at));
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        for whole in (0..count).filter(|at| !is_part(*at)) {
            link(whole, &links, &mut members);
        }
        // Libraries that need each other are parts of nothing else.
        for whole in 0..count {
            if members[whole].is_empty() {
                link(whole, &links, &mut members);
            }
        }
        Linkage { wholes: members.iter().map(|of| Wholes::of(of, count)).collect() }
    }

    /// The wholes that a crate can be part of.
    pub fn wholes(&self, krate: CrateId) -> &Wholes {
        &self.wholes[krate.index()]
    }

    /// Whether two crates can be part of one program.
    pub fn meet(&self, a: CrateId, b: CrateId) -> bool {
        self.wholes(a).with(self.wholes(b)).is_some()
    }
}

/// Notes a whole with all that is linked into it.
fn link(whole: usize, links: &[Vec<usize>], members: &mut [Vec<usize>]) {
    let mut seen = vec![false; links.len()];
    let mut queue = vec![whole];
    while let Some(at) = queue.pop() {
        if !std::mem::replace(&mut seen[at], true) {
            members[at].push(whole);
            queue.extend(&links[at]);
        }
    }
}
