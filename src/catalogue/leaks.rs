//! Calls after which nothing drops a value any more, and those that take it back. Knows paths and kinds, no Rust source.

use serde::Deserialize;
use ustr::Ustr;

use super::calls::CallList;

/// Calls that give up a value: what they are called on, or given, is never dropped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Leak {
    pub calls: Vec<Ustr>,
    /// Kinds of resources of which it matters; where there are none, of any value.
    #[serde(default)]
    pub of: Vec<Ustr>,
    /// Calls that take it back, given what the first call gave.
    #[serde(default)]
    pub back: CallList,
    /// Functions that only use what the first call gave: whoever calls them still has to take it back.
    #[serde(default)]
    pub lent: CallList,
    /// It matters where it happens once as well: what the drop would have done is the point of the value.
    #[serde(default)]
    pub even_once: bool,
    /// What to call instead, or later, in words.
    pub instead: String,
    /// What follows where nobody takes it back, as a clause.
    pub when_leaked: String,
}
