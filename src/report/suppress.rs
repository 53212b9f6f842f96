//! Suppression comments meet diagnostics: which are silenced, and which comments are themselves at fault. Sets no level.

use std::collections::BTreeMap;

use ustr::Ustr;

use super::{Level, Policy, RuleInfo};
use crate::diagnostic::{Applicability, Confidence, Diagnostic, Edit, Fix, Label};
use crate::source::{FileId, Range, Sources};
use crate::suppression::Suppression;
use crate::words::nearest;

/// A comment suppresses nothing.
pub const UNUSED: &str = "unused-suppression";
/// A comment gives no reason.
pub const UNREASONED: &str = "unreasoned-suppression";
/// A comment names a rule that does not exist.
pub const UNKNOWN: &str = "unknown-rule";

/// The rules about suppressions, which no comment can suppress.
pub const META: &[RuleInfo] = &[meta(UNUSED), meta(UNREASONED), meta(UNKNOWN)];

const fn meta(id: &'static str) -> RuleInfo {
    RuleInfo { id, family: "meta", default_level: Level::Warn }
}

/// A comment with the file it stands in and what came of each name in it.
struct Comment<'a> {
    file: FileId,
    suppression: &'a Suppression,
    used: Vec<bool>,
}

/// What came of a name in a comment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It silenced something.
    Used,
    /// It silenced nothing, and it need not: the rule is switched off here.
    Off,
    Unused,
    /// There is no such rule.
    Unknown,
}

/// For each diagnostic whether a comment silences it, and what is to be said of the comments.
pub(super) fn suppress<'a>(
    diagnostics: &[Diagnostic],
    suppressions: impl IntoIterator<Item = (FileId, &'a Suppression)>,
    sources: &Sources,
    policy: &Policy,
) -> (Vec<bool>, Vec<Diagnostic>) {
    let mut comments: BTreeMap<FileId, Vec<Comment>> = BTreeMap::new();
    for (file, suppression) in suppressions {
        let used = vec![false; suppression.rules.len()];
        comments.entry(file).or_default().push(Comment { file, suppression, used });
    }
    let silenced = diagnostics.iter().map(|it| silence(it, &mut comments)).collect();
    let faults = comments.values().flatten().flat_map(|comment| faults(comment, sources, policy)).collect();
    (silenced, faults)
}

/// Whether a comment silences the diagnostic; every comment that does is marked as used.
fn silence(diagnostic: &Diagnostic, comments: &mut BTreeMap<FileId, Vec<Comment>>) -> bool {
    let primary = diagnostic.primary.span;
    let mut silenced = false;
    for comment in comments.get_mut(&primary.file).into_iter().flatten() {
        if !comment.suppression.covers(primary.start) {
            continue;
        }
        for ((rule, _), used) in comment.suppression.rules.iter().zip(&mut comment.used) {
            if *rule == diagnostic.rule {
                *used = true;
                silenced = true;
            }
        }
    }
    silenced
}

/// What is to be said of a comment.
fn faults(comment: &Comment, sources: &Sources, policy: &Policy) -> Vec<Diagnostic> {
    let place = policy.place(sources.get(comment.file));
    let suppression = comment.suppression;
    let opener = if sources.get(comment.file).slice(suppression.range).starts_with('#') { "#" } else { "//" };
    if let Some(why) = &suppression.malformed {
        return vec![malformed(comment, why, opener).about(place, "")];
    }
    let uses: Vec<Use> = (0..suppression.rules.len()).map(|at| comment.outcome(at, &place, policy)).collect();
    let mut faults: Vec<Diagnostic> = std::iter::zip(&suppression.rules, &uses)
        .filter_map(|((rule, range), outcome)| {
            let fault = match outcome {
                Use::Used | Use::Off => return None,
                Use::Unused => unused(comment, *rule, *range),
                Use::Unknown => unknown(comment, *rule, *range, policy),
            };
            Some(fault.about(&place, rule.as_str()))
        })
        .collect();
    let needed = uses.iter().any(|outcome| matches!(outcome, Use::Used | Use::Off));
    if needed && suppression.reason.is_none() {
        faults.push(unreasoned(comment, opener).about(&place, list(suppression)));
    }
    faults
}

impl Comment<'_> {
    fn outcome(&self, at: usize, place: &str, policy: &Policy) -> Use {
        let (rule, _) = self.suppression.rules[at];
        match policy.levels.rule(rule) {
            None => Use::Unknown,
            Some(_) if self.used[at] => Use::Used,
            Some(info) if policy.levels.level(info, place) == Level::Allow => Use::Off,
            Some(_) => Use::Unused,
        }
    }

    fn label(&self, range: Range, text: impl Into<String>) -> Label {
        Label::new(range.in_file(self.file), text)
    }
}

fn list(suppression: &Suppression) -> String {
    let names: Vec<&str> = suppression.rules.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn certain(rule: &str, message: String, label: Label) -> Diagnostic {
    Diagnostic::new(rule, Confidence::Certain, message, label)
}

fn malformed(comment: &Comment, why: &str, opener: &str) -> Diagnostic {
    certain(UNUSED, "this comment suppresses nothing".into(), comment.label(comment.suppression.range, why))
        .help(format!("write `{opener} watertight: allow(rule-name) -- reason`, or `allow-file` for the whole file"))
}

fn unused(comment: &Comment, rule: Ustr, range: Range) -> Diagnostic {
    if META.iter().any(|meta| meta.id == rule.as_str()) {
        let message = format!("this comment suppresses nothing: no comment can suppress `{rule}`");
        return certain(UNUSED, message, comment.label(range, "this rule is about comments like this one"))
            .help("set its level in `watertight.toml`");
    }
    let help = if comment.suppression.file_wide {
        "remove it"
    } else {
        "remove it, or move it: on a line of its own it covers the item or statement below, behind code its line"
    };
    let message = format!("this comment suppresses nothing: there is no `{rule}` in what it covers");
    certain(UNUSED, message, comment.label(range, format!("`{rule}` is not found here")))
        .note("a suppression that has outlived its flaw hides the next one")
        .help(help)
}

fn unreasoned(comment: &Comment, opener: &str) -> Diagnostic {
    let names = list(comment.suppression);
    let verb = if comment.suppression.file_wide { "allow-file" } else { "allow" };
    certain(
        UNREASONED,
        "this suppression gives no reason".into(),
        comment.label(comment.suppression.range, "expected `-- reason` behind it"),
    )
    .note("the next reader cannot tell whether it still holds")
    .help(format!("say why: `{opener} watertight: {verb}({names}) -- reason`"))
}

fn unknown(comment: &Comment, rule: Ustr, range: Range, policy: &Policy) -> Diagnostic {
    let name = rule.as_str();
    let group = policy.levels.rules().iter().any(|it| it.family == name);
    let near = nearest(name, policy.levels.rules().iter().map(|it| it.id));
    let help = match near {
        _ if group => "a comment names rules; the level of a family is set in `watertight.toml`".to_owned(),
        Some(near) => format!("a rule with a similar name exists: `{near}`"),
        None => "`watertight rules` lists all rules".to_owned(),
    };
    let fix = near.filter(|_| !group).map(|near| Fix {
        title: format!("name `{near}`"),
        applicability: Applicability::MaybeIncorrect,
        edits: vec![Edit { span: range.in_file(comment.file), content: near.to_owned() }],
    });
    certain(UNKNOWN, format!("unknown rule `{name}`"), comment.label(range, "there is no rule of this name"))
        .help(help)
        .fix(fix)
}
