//! Which libraries a project uses, in which versions, and which of them an entry is true of. Knows versions, and nothing of manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::{Comparator, Op, Prerelease, Version, VersionReq};
use serde::{Deserialize, Deserializer};
use ustr::Ustr;

/// The libraries that a project uses, by their names in code, each in the versions it is used in.
#[derive(Debug, Clone, Default)]
pub struct Libraries {
    used: BTreeMap<Ustr, BTreeSet<Version>>,
    /// Names that packages may give their libraries other than their own: a fork `ord-bitcoincore-rpc` is `bitcoincore_rpc` in code, as the original.
    forked: BTreeSet<Ustr>,
    /// The project may use others, too.
    open: bool,
}

impl Libraries {
    /// Any library there is, in its newest version: what a project uses that says nothing about it.
    pub fn any() -> Self {
        Libraries { open: true, ..Libraries::default() }
    }

    /// As [`Libraries::any`], but in the versions known here.
    pub fn or_any(self) -> Self {
        Libraries { open: true, ..self }
    }

    /// Adds a use of a library: in the version that is locked, otherwise in the newest one that the requirement admits, as Cargo would
    /// take. Where neither can be read, only the use is known.
    pub fn add(&mut self, library: Ustr, locked: Option<&str>, requirement: Option<&str>) {
        let locked = locked.and_then(|version| Version::parse(version).ok());
        let admitted = || requirement.and_then(|text| VersionReq::parse(text).ok()).map(|r| newest(&r));
        self.used.entry(library).or_default().extend(locked.map(release).or_else(admitted));
        // A single word more often says what the package is about, as in `tower_http`.
        let without_prefix = library.match_indices('_').map(|(at, _)| &library[at + 1..]);
        self.forked.extend(without_prefix.filter(|name| name.contains('_')).map(ustr::ustr));
    }

    /// Whether the project may use a library of this name.
    pub fn may_use(&self, library: &str) -> bool {
        let is_forked = || ustr::existing_ustr(library).is_some_and(|library| self.forked.contains(&library));
        self.open || self.uses(library) || is_forked()
    }

    /// Whether the project names this library itself.
    pub fn uses(&self, library: &str) -> bool {
        ustr::existing_ustr(library).is_some_and(|library| self.used.contains_key(&library))
    }

    /// Whether what is true of `versions` is true of this library wherever the project uses it. A library of which no version is known
    /// counts as the newest.
    pub fn fit(&self, library: &str, versions: &Versions) -> bool {
        self.versions_of(library).iter().all(|version| versions.0.matches(version))
    }

    /// Whether what is true of `versions` is true of this library somewhere in the project.
    pub fn some_fit(&self, library: &str, versions: &Versions) -> bool {
        self.versions_of(library).iter().any(|version| versions.0.matches(version))
    }

    fn versions_of(&self, library: &str) -> BTreeSet<Version> {
        let used = ustr::existing_ustr(library).and_then(|library| self.used.get(&library));
        let known = used.filter(|used| !used.is_empty()).cloned();
        known.unwrap_or_else(|| BTreeSet::from([newest(&VersionReq::STAR)]))
    }
}

/// The versions of a library that an entry is true of, as in a requirement of Cargo: `>=0.7, <0.9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions(VersionReq);

impl Versions {
    /// The newest version among them.
    #[cfg(test)]
    pub fn newest(&self) -> Version {
        newest(&self.0)
    }

    /// Whether some version is among both.
    #[cfg(test)]
    pub fn meet(&self, other: &Versions) -> bool {
        let comparators = self.0.comparators.iter().chain(&other.0.comparators);
        let edges = comparators.flat_map(|comparator| [lowest(comparator), highest(comparator)]);
        let zero = Version::new(0, 0, 0);
        edges.chain([zero, newest(&VersionReq::STAR)]).any(|edge| self.0.matches(&edge) && other.0.matches(&edge))
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let invalid = |why| serde::de::Error::custom(format_args!("invalid versions `{text}`, {why}"));
        VersionReq::parse(&text).map(Versions).map_err(invalid)
    }
}

/// A version as if it had been released: what a pre-release does is what the release will do.
fn release(version: Version) -> Version {
    Version { pre: Prerelease::EMPTY, ..version }
}

/// The newest version a requirement admits; what it leaves open is as high as can be.
fn newest(requirement: &VersionReq) -> Version {
    let top = Version::new(u64::MAX, u64::MAX, u64::MAX);
    requirement.comparators.iter().map(highest).min().unwrap_or(top)
}

/// The newest version a single comparison admits.
fn highest(comparator: &Comparator) -> Version {
    const TOP: u64 = u64::MAX;
    let Comparator { op, major, minor, patch, .. } = *comparator;
    match (op, major, minor) {
        (Op::Greater | Op::GreaterEq, ..) => Version::new(TOP, TOP, TOP),
        (Op::Less, ..) => before(lowest(comparator)),
        (Op::Tilde, _, Some(minor)) => Version::new(major, minor, TOP),
        (Op::Caret, 1.., _) => Version::new(major, TOP, TOP),
        (Op::Caret, 0, Some(minor @ 1..)) => Version::new(0, minor, TOP),
        // `=1.2.3`, `<=1.2`, `1.*`, `~1`, `^0`, `^0.0.3`: what is written stays.
        _ => Version::new(major, minor.unwrap_or(TOP), patch.unwrap_or(TOP)),
    }
}

/// The oldest version that agrees with what a comparison names.
fn lowest(comparator: &Comparator) -> Version {
    Version::new(comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0))
}

/// The last version before another.
fn before(version: Version) -> Version {
    const TOP: u64 = u64::MAX;
    match (version.major, version.minor, version.patch) {
        (major, minor, patch @ 1..) => Version::new(major, minor, patch - 1),
        (major, minor @ 1.., 0) => Version::new(major, minor - 1, TOP),
        (major, 0, 0) => Version::new(major.saturating_sub(1), TOP, TOP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ustr::ustr;

    fn versions(text: &str) -> Versions {
        Versions(VersionReq::parse(text).expect(text))
    }

    fn fits(used: &[(Option<&str>, Option<&str>)], entry: &str) -> bool {
        let mut libraries = Libraries::default();
        used.iter().for_each(|(locked, requirement)| libraries.add(ustr("redis"), *locked, *requirement));
        libraries.fit("redis", &versions(entry))
    }

    #[test]
    fn a_requirement_stands_for_the_newest_version_it_admits() {
        for (requirement, holds) in [
            ("1", "^1.999"),
            ("0.27.3", ">=0.27.999, <0.28"),
            ("0.0.3", "=0.0.3"),
            ("^0.0", ">=0.0.999, <0.1"),
            ("~1.2.3", ">=1.2.999, <1.3"),
            ("~1", ">=1.999, <2"),
            ("1.2.*", ">=1.2.999, <1.3"),
            ("=1.2", ">=1.2.999, <1.3"),
            ("<=1.5", ">=1.5.999, <1.6"),
            ("<2", ">=1.999, <2"),
            (">=0.14, <0.14.9", "=0.14.8"),
            (">=0.14", ">999"),
            ("*", ">999"),
        ] {
            assert!(fits(&[(None, Some(requirement))], holds), "{requirement}: {holds}");
        }
    }

    #[test]
    fn what_is_locked_beats_what_is_required() {
        assert!(fits(&[(Some("1.4.0"), Some("1"))], "<1.5"));
        assert!(!fits(&[(None, Some("1"))], "<1.5"));
    }

    #[test]
    fn a_pre_release_counts_as_its_release() {
        assert!(fits(&[(Some("2.0.0-rc.5"), None)], ">=2"));
        assert!(!fits(&[(Some("2.0.0-rc.5"), None)], "<2"));
    }

    #[test]
    fn of_several_versions_all_have_to_fit() {
        let both = [(Some("0.32.7"), None), (Some("1.8.1"), None)];
        assert!(!fits(&both, ">=1"));
        assert!(!fits(&both, "<1"));
        assert!(fits(&both, ">=0.32"));
    }

    #[test]
    fn what_is_not_known_is_the_newest() {
        assert!(fits(&[], ">=1"));
        assert!(fits(&[(None, None)], ">=1"));
        assert!(fits(&[(Some("no version"), Some("none either"))], ">=1"));
        assert!(!fits(&[], "<1"));
    }

    #[test]
    fn only_what_is_named_is_used_unless_others_may_be() {
        let mut libraries = Libraries::default();
        libraries.add(ustr("redis"), None, None);
        assert!(libraries.may_use("redis") && !libraries.may_use("sqlx"));
        assert!(Libraries::any().may_use("sqlx"));
        let mut forks = Libraries::default();
        forks.add(ustr("ord_bitcoincore_rpc"), Some("0.17.1"), None);
        assert!(forks.may_use("bitcoincore_rpc") && !forks.uses("bitcoincore_rpc") && !forks.may_use("bitcoincore"));
    }

    #[test]
    fn versions_meet_where_one_is_among_both() {
        for (one, other, meet) in [
            (">=1", "<1", false),
            (">=0.28", "<=0.28", true),
            (">=0.3, <0.5", "^0.5", false),
            (">=0.3, <0.5", "^0.4.2", true),
            ("*", "=2.1.0", true),
        ] {
            assert_eq!(versions(one).meet(&versions(other)), meet, "{one}: {other}");
            assert_eq!(versions(other).meet(&versions(one)), meet, "{other}: {one}");
        }
    }
}
