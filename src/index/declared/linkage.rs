//! Which crates can be part of one program: by what the manifests name, whatever features are asked for. Knows nothing of what the crates do.

use crate::index::declared::defs::CrateId;
use crate::index::declared::modules::Modules;

/// For each crate, the wholes that it can be part of.
#[derive(Default)]
pub struct Linkage {
    wholes: Vec<Wholes>,
}

/// A set of wholes: crates that are linked into no other, each with all that is linked into it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Wholes(Vec<u64>);

impl Wholes {
    fn insert(&mut self, at: usize) {
        let word = at / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (at % 64);
    }

    /// Whether a crate is one of them.
    pub fn contains(&self, krate: CrateId) -> bool {
        let at = krate.index();
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// What is part of both; none where there is no such whole.
    pub fn with(&self, other: &Wholes) -> Option<Wholes> {
        let common: Vec<u64> = self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect();
        common.iter().any(|word| *word != 0).then_some(Wholes(common))
    }
}

impl Linkage {
    pub(in crate::index) fn of(tree: &Modules) -> Self {
        let count = tree.crates.len();
        let links: Vec<Vec<usize>> = (tree.crates.iter())
            .map(|krate| krate.links.iter().map(|root| tree.get(*root).krate.index()).collect())
            .collect();
        let mut linkage = Linkage { wholes: vec![Wholes::default(); count] };
        let is_part = |at: usize| links.iter().enumerate().any(|(other, links)| other != at && links.contains(&at));
        for whole in (0..count).filter(|at| !is_part(*at)) {
            linkage.link(whole, &links);
        }
        // Libraries that need each other are parts of nothing else.
        for whole in 0..count {
            if linkage.wholes[whole].0.is_empty() {
                linkage.link(whole, &links);
            }
        }
        linkage
    }

    fn link(&mut self, whole: usize, links: &[Vec<usize>]) {
        let mut seen = vec![false; links.len()];
        let mut queue = vec![whole];
        while let Some(at) = queue.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                self.wholes[at].insert(whole);
                queue.extend(&links[at]);
            }
        }
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
