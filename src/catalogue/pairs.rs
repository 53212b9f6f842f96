//! Calls that begin something and calls that end it again, where no value in between reminds anybody. Knows paths and literals, no Rust source.

use serde::{Deserialize, Deserializer};
use ustr::{Ustr, ustr};

/// Calls that begin something, and those of which one has to follow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pair {
    pub begin: Vec<PairedCall>,
    pub end: Vec<PairedCall>,
    /// What follows where the end is skipped, as a clause.
    pub when_skipped: String,
    /// What they are called on belongs to the caller alone: only behind a lock does what they change outlive the call around them.
    #[serde(default)]
    pub exclusive: bool,
    /// What is begun again with the same first argument takes the place of what was left: that only piles up where there is ever another one.
    #[serde(default)]
    pub replaces: bool,
}

/// A call by canonical path, and the literal that its first argument has to be: `std::sync::atomic::AtomicBool::swap(true)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedCall {
    pub path: Ustr,
    pub first: Option<First>,
}

/// A literal that tells what a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    Flag(bool),
    /// By how much something is changed: one, up or down.
    Up,
    Down,
}

impl PairedCall {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((path, rest)) = text.split_once('(') else { return Ok(PairedCall { path: ustr(text), first: None }) };
        let first = match rest {
            "true)" => First::Flag(true),
            "false)" => First::Flag(false),
            "1)" => First::Up,
            "-1)" => First::Down,
            _ => return Err(format!("expected `(true)`, `(false)`, `(1)` or `(-1)` behind the path in `{text}`")),
        };
        Ok(PairedCall { path: ustr(path), first: Some(first) })
    }
}

impl<'de> Deserialize<'de> for PairedCall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PairedCall::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
