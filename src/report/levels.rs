//! Which level a rule has at a place: defaults, then configuration, then per-path overrides, then the command line. Knows no rule
//! by name; what rules there are is told to it.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use ustr::Ustr;

use super::Level;
use super::suppress::META;

/// What the report must know of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo {
    /// Kebab-case id.
    pub id: &'static str,
    pub family: &'static str,
    pub default_level: Level,
}

/// Which rules a level is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `all`: every rule.
    All,
    /// `warnings`: every rule that has the level warn so far.
    Warnings,
    Family(Ustr),
    Rule(Ustr),
}

impl Selector {
    /// Every rule.
    pub const ALL: &str = "all";
    /// Every rule that only warns so far.
    pub const WARNINGS: &str = "warnings";

    /// What a name stands for among these rules; `None` where it stands for nothing.
    pub fn parse(name: &str, rules: &[RuleInfo]) -> Option<Selector> {
        let known = || rules.iter().chain(META);
        match name {
            Selector::ALL => Some(Selector::All),
            Selector::WARNINGS => Some(Selector::Warnings),
            _ if known().any(|rule| rule.id == name) => Some(Selector::Rule(name.into())),
            _ if known().any(|rule| rule.family == name) => Some(Selector::Family(name.into())),
            _ => None,
        }
    }

    /// All names that stand for something, each once: the groups first, then families and rules in their order.
    pub fn names(rules: &[RuleInfo]) -> Vec<&'static str> {
        let known = || rules.iter().chain(META);
        let mut names = vec![Selector::ALL, Selector::WARNINGS];
        for name in known().map(|rule| rule.family).chain(known().map(|rule| rule.id)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How closely it aims: a rule beats its family, a family beats all.
    pub fn precision(self) -> u8 {
        match self {
            Selector::All | Selector::Warnings => 0,
            Selector::Family(_) => 1,
            Selector::Rule(_) => 2,
        }
    }
}

/// A level for some rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelSetting {
    pub selector: Selector,
    pub level: Level,
}

/// Paths as globs, relative to the root of the workspace, `/` between components. A folder that matches stands for all below it.
#[derive(Debug, Clone, Default)]
pub struct PathSet(Vec<GlobMatcher>);

impl PathSet {
    /// Adds the paths that a glob describes; `*` stays within a component, `**` spans them.
    ///
    /// # Errors
    /// Says what is wrong with a glob that cannot be read.
    pub fn add(&mut self, glob: &str) -> Result<(), String> {
        let plain = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
        let glob = GlobBuilder::new(plain).literal_separator(true).build().map_err(|error| error.kind().to_string())?;
        self.0.push(glob.compile_matcher());
        Ok(())
    }

    /// Whether a path, or a folder it lies in, is one of them.
    pub fn contains(&self, path: &str) -> bool {
        Path::new(path).ancestors().any(|path| self.0.iter().any(|glob| glob.is_match(path)))
    }
}

/// Levels for what lies under some paths.
#[derive(Debug, Clone, Default)]
pub struct Override {
    pub paths: PathSet,
    /// Later ones win.
    pub settings: Vec<LevelSetting>,
}

/// All that decides on levels.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    rules: Vec<RuleInfo>,
    configured: Vec<LevelSetting>,
    overrides: Vec<Override>,
    flags: Vec<LevelSetting>,
}

impl Levels {
    /// From the weakest to the strongest: the rules' defaults, the configuration, its overrides, the command line. In each, later
    /// ones win. The rules about suppressions need not be among `rules`.
    pub fn new(
        rules: impl IntoIterator<Item = RuleInfo>,
        configured: Vec<LevelSetting>,
        overrides: Vec<Override>,
        flags: Vec<LevelSetting>,
    ) -> Self {
        let mut rules: Vec<RuleInfo> = rules.into_iter().collect();
        let missing = META.iter().filter(|meta| rules.iter().all(|rule| rule.id != meta.id)).copied();
        rules.extend(missing.collect::<Vec<_>>());
        Levels { rules, configured, overrides, flags }
    }

    /// All rules, those about suppressions included.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.rules
    }

    /// The rule of this id.
    pub fn rule(&self, id: Ustr) -> Option<&RuleInfo> {
        self.rules.iter().find(|rule| rule.id == id.as_str())
    }

    /// The level of a rule in the file at `path` (relative to the root of the workspace).
    pub fn level(&self, rule: &RuleInfo, path: &str) -> Level {
        let overridden = self.overrides.iter().filter(|it| it.paths.contains(path)).flat_map(|it| &it.settings);
        let settings = self.configured.iter().chain(overridden).chain(&self.flags);
        settings.fold(rule.default_level, |level, setting| {
            let meant = match setting.selector {
                Selector::All => true,
                Selector::Warnings => level == Level::Warn,
                Selector::Family(family) => rule.family == family.as_str(),
                Selector::Rule(id) => rule.id == id.as_str(),
            };
            if meant { setting.level } else { level }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[RuleInfo] = &[
        RuleInfo { id: "per-call-pool", family: "creation", default_level: Level::Deny },
        RuleInfo { id: "duplicate-pool", family: "creation", default_level: Level::Warn },
        RuleInfo { id: "swallowed-error", family: "errors", default_level: Level::Warn },
    ];

    fn set(name: &str, level: Level) -> LevelSetting {
        LevelSetting { selector: Selector::parse(name, RULES).unwrap(), level }
    }

    fn paths(globs: &[&str]) -> PathSet {
        let mut paths = PathSet::default();
        globs.iter().for_each(|glob| paths.add(glob).unwrap());
        paths
    }

    /// The levels of the three rules in a file.
    fn levels(configured: &[LevelSetting], overrides: &[Override], flags: &[LevelSetting], path: &str) -> [Level; 3] {
        let levels = Levels::new(RULES.iter().copied(), configured.to_vec(), overrides.to_vec(), flags.to_vec());
        [0, 1, 2].map(|at| levels.level(&RULES[at], path))
    }

    use Level::{Allow, Deny, Warn};

    #[test]
    fn rules_have_their_default_level() {
        assert_eq!(levels(&[], &[], &[], "a.rs"), [Deny, Warn, Warn]);
    }

    #[test]
    fn the_configuration_changes_rules_families_and_all() {
        assert_eq!(levels(&[set("swallowed-error", Deny)], &[], &[], "a.rs"), [Deny, Warn, Deny]);
        assert_eq!(levels(&[set("creation", Allow)], &[], &[], "a.rs"), [Allow, Allow, Warn]);
        assert_eq!(levels(&[set("all", Allow), set("errors", Warn)], &[], &[], "a.rs"), [Allow, Allow, Warn]);
    }

    #[test]
    fn overrides_beat_the_configuration_where_their_paths_match() {
        let legacy = Override { paths: paths(&["crates/legacy/**"]), settings: vec![set("all", Allow)] };
        let core = Override { paths: paths(&["**/core.rs"]), settings: vec![set("errors", Deny)] };
        let configured = [set("creation", Deny)];
        let both = [legacy, core];
        assert_eq!(levels(&configured, &both, &[], "src/a.rs"), [Deny, Deny, Warn]);
        assert_eq!(levels(&configured, &both, &[], "crates/legacy/src/a.rs"), [Allow, Allow, Allow]);
        assert_eq!(levels(&configured, &both, &[], "crates/legacy/src/core.rs"), [Allow, Allow, Deny]);
    }

    #[test]
    fn the_command_line_beats_all_and_its_last_word_counts() {
        let legacy = Override { paths: paths(&["legacy"]), settings: vec![set("all", Deny)] };
        let flags = [set("all", Allow), set("creation", Warn), set("duplicate-pool", Deny)];
        assert_eq!(levels(&[], &[legacy], &flags, "legacy/a.rs"), [Warn, Deny, Allow]);
    }

    #[test]
    fn warnings_are_what_warns_so_far() {
        let configured = [set("swallowed-error", Allow)];
        assert_eq!(levels(&configured, &[], &[set("warnings", Deny)], "a.rs"), [Deny, Deny, Allow]);
        assert_eq!(levels(&[], &[], &[set("warnings", Allow)], "a.rs"), [Deny, Allow, Allow]);
    }

    #[test]
    fn paths_are_globs_and_folders_stand_for_their_contents() {
        assert!(paths(&["vendor"]).contains("vendor/a/b.rs"));
        assert!(paths(&["./vendor/"]).contains("vendor/a/b.rs"));
        assert!(paths(&["crates/*/src"]).contains("crates/a/src/x.rs"));
        assert!(!paths(&["*.rs"]).contains("src/x.rs"));
        assert!(paths(&["**/*.rs"]).contains("x.rs"));
        assert!(!paths(&[]).contains("x.rs"));
        assert_eq!(PathSet::default().add("a[").unwrap_err(), "unclosed character class; missing ']'");
    }

    #[test]
    fn every_name_stands_for_something() {
        for name in Selector::names(RULES) {
            assert!(Selector::parse(name, RULES).is_some(), "{name}");
        }
        assert_eq!(Selector::parse("pools", RULES), None);
        assert_eq!(Selector::parse("unknown-rule", RULES), Some(Selector::Rule("unknown-rule".into())));
    }
}
