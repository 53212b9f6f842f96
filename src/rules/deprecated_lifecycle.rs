//! `deprecated-lifecycle`: an interface of a library that starts, shares or ends things has a successor.

use std::collections::BTreeMap;

use crate::catalogue::Superseded;
use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::declared::lifecycle::Mention;

const ID: &str = "deprecated-lifecycle";

/// So many further places are shown.
const SHOWN: usize = 3;

/// What is superseded, with all its mentions in a package.
type Found<'i> = (&'i Superseded, Vec<Mention>);

/// One finding per package and interface, at its first place.
pub fn check(index: &Index) -> Vec<Diagnostic> {
    let mut found: BTreeMap<(Option<usize>, &str), Found> = BTreeMap::new();
    for mention in index.mentions() {
        let Some(old) = index.catalogue().superseded(mention.path) else { continue };
        // Methods of the successor may share the canonical path of a type that it has taken the place of.
        let is_meant = mention.is_written || old.path == mention.path;
        let is_kept = old.unless_feature.is_some_and(|feature| index.uses_feature(mention.path, feature));
        let has_successor = old.rust.as_ref().is_none_or(|rust| index.has_toolchain(mention.krate, rust));
        if is_meant && has_successor && !is_kept {
            let package = index.crates()[mention.krate.index()].package;
            found.entry((package, old.path.as_str())).or_insert_with(|| (old, Vec::new())).1.push(mention);
        }
    }
    found.values().filter_map(|(old, mentions)| diagnose(index, old, mentions)).collect()
}

fn diagnose(index: &Index, old: &Superseded, mentions: &[Mention]) -> Option<Diagnostic> {
    let (first, others) = mentions.split_first()?;
    let evidence = others.iter().take(SHOWN).map(|other| Label::new(other.span, "and here"));
    let more = match others.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; {more} more places are not shown"),
    };
    // What the standard library offers as well does no harm where it is.
    let (confidence, why) = match &old.rust {
        Some(rust) => (Confidence::Hint, format!("the standard library has it since Rust {rust}")),
        None => (
            Confidence::Likely,
            "what is superseded holds back updates, and keeps the flaw that it was replaced for".to_owned(),
        ),
    };
    Some(
        Diagnostic::new(ID, confidence, format!("`{}` is superseded", old.path), Label::new(first.span, "used here"))
            .about(format!("package {}", index.crates()[first.krate.index()].name), old.path.as_str())
            .evidence(evidence)
            .note(format!("{why}{more}"))
            .help(format!("use {}", old.by)),
    )
}
