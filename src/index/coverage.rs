//! How much the index knows: the share of calls whose callee is known, and why the others are not.

use std::collections::BTreeMap;

use super::Index;
use super::infer::{Callee, Unknown};
use crate::facts::model::Op;

/// Calls counted by whether their callee is known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coverage {
    pub paths: Count,
    pub methods: Count,
    /// Method calls whose callee is not known, by reason.
    pub reasons: BTreeMap<Unknown, usize>,
}

/// Calls of one kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub known: usize,
    pub total: usize,
}

impl Count {
    /// The unknown part, in per cent.
    fn unknown_share(self) -> f64 {
        if self.total == 0 { 0.0 } else { (self.total - self.known) as f64 * 100.0 / self.total as f64 }
    }
}

impl Coverage {
    /// Counts the calls of all bodies.
    pub fn of(index: &Index) -> Self {
        let mut coverage = Coverage::default();
        for (_, body, info) in index.bodies() {
            for (node, facts) in body.iter() {
                let count = match facts.op {
                    Op::Call { .. } => &mut coverage.paths,
                    Op::Method { .. } => &mut coverage.methods,
                    _ => continue,
                };
                count.total += 1;
                match info.callees.get(&node) {
                    Some(Callee::Unknown(reason)) => *coverage.reasons.entry(*reason).or_default() += 1,
                    Some(_) => count.known += 1,
                    None => {}
                }
            }
        }
        coverage
    }

    /// For people: a line per kind of call.
    pub fn lines(&self) -> Vec<String> {
        let line = |name: &str, count: Count| {
            format!("{name}: {} of {} resolved, {:.1} % unknown", count.known, count.total, count.unknown_share())
        };
        let reason = |unknown: &Unknown| match unknown {
            Unknown::Path => "path not resolved",
            Unknown::Receiver => "type of the receiver unknown",
            Unknown::Method => "method of a known type unknown",
            Unknown::Value => "value that is called unknown",
        };
        let reasons: Vec<String> =
            self.reasons.iter().map(|(why, count)| format!("{}: {count}", reason(why))).collect();
        vec![
            line("path calls", self.paths),
            line("method calls", self.methods),
            format!("unknown because: {}", reasons.join(", ")),
        ]
    }
}
