//! Placeholder: the list of rules replaces this file.

use crate::report::suppress;
use crate::report::{Level, RuleInfo};

/// What is known of a rule besides how it decides.
#[derive(Debug, Clone, Copy)]
pub struct RuleEntry {
    pub id: &'static str,
    pub family: &'static str,
    pub default_level: Level,
    /// One line.
    pub summary: &'static str,
    /// The rule's page, Markdown.
    pub page: &'static str,
}

impl RuleEntry {
    /// What the report must know of it.
    pub fn info(&self) -> RuleInfo {
        RuleInfo { id: self.id, family: self.family, default_level: self.default_level }
    }
}

/// All rules.
pub fn catalog() -> &'static [RuleEntry] {
    &[
        RuleEntry {
            id: suppress::UNUSED,
            family: "meta",
            default_level: Level::Warn,
            summary: "a suppression comment suppresses nothing",
            page: "# unused-suppression\n",
        },
        RuleEntry {
            id: suppress::UNREASONED,
            family: "meta",
            default_level: Level::Warn,
            summary: "a suppression comment gives no reason",
            page: "# unreasoned-suppression\n",
        },
        RuleEntry {
            id: suppress::UNKNOWN,
            family: "meta",
            default_level: Level::Warn,
            summary: "a suppression comment names a rule that does not exist",
            page: "# unknown-rule\n",
        },
    ]
}
