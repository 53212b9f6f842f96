//! What a rule says about the code: message, labels, evidence, fixes. Names no rule and no output format; sets no level.

use std::collections::HashMap;
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use ustr::Ustr;

use crate::source::Span;

/// How far the evidence carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Worth a look; not shown by default.
    Hint,
    /// True unless something outside the sources prevents it.
    Likely,
    /// Every step of the claim is visible in the sources.
    Certain,
}

impl Confidence {
    /// The least sure first.
    pub const ALL: [Confidence; 3] = [Confidence::Hint, Confidence::Likely, Confidence::Certain];

    /// The word for it on pages and in lists.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Hint => "hint",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

/// A span with what there is to say about it: lower case, no full stop, names in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

impl Label {
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Label { span, text: text.into() }
    }
}

/// rustc's scale of how safely a fix can be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Keeps the program's meaning apart from the flaw; may be applied without asking.
    MachineApplicable,
    /// Probably what is wanted; a person should look.
    MaybeIncorrect,
    /// Has parts a person must fill in.
    HasPlaceholders,
}

/// Replaces the text of `span` by `content`; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub content: String,
}

/// One way to make the flaw go away; all its edits belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    pub applicability: Applicability,
    pub edits: Vec<Edit>,
}

/// One flaw, as a rule found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kebab-case id of the rule.
    pub rule: Ustr,
    pub confidence: Confidence,
    /// What is wrong.
    pub message: String,
    /// Where it is wrong.
    pub primary: Label,
    /// What makes the claim true, also in other files, in the order a reader should follow it.
    pub evidence: Vec<Label>,
    /// Why it matters.
    pub note: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Path of the enclosing item (`crate::module::function`), the stable part of the fingerprint.
    pub item: String,
    /// What the flaw is about (a resource type, a static's name): with `rule` and `item` the fingerprint, never a line.
    pub subject: String,
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A diagnostic with nothing but its claim; the rest is added by the `with` methods.
    pub fn new(rule: &str, confidence: Confidence, message: impl Into<String>, primary: Label) -> Self {
        Diagnostic {
            rule: Ustr::from(rule),
            confidence,
            message: message.into(),
            primary,
            evidence: Vec::new(),
            note: None,
            help: None,
            item: String::new(),
            subject: String::new(),
            fixes: Vec::new(),
        }
    }

    /// Says which item the flaw is in and what it is about.
    pub fn about(mut self, item: impl Into<String>, subject: impl Into<String>) -> Self {
        self.item = item.into();
        self.subject = subject.into();
        self
    }

    /// No more certain than that.
    pub fn at_most(mut self, confidence: Confidence) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }

    pub fn evidence(mut self, labels: impl IntoIterator<Item = Label>) -> Self {
        self.evidence.extend(labels);
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fixes.extend(fix);
        self
    }
}

/// What is found several times under one key is one flaw: told at the first place with the others as evidence, mended at all.
pub fn grouped_by<K: Eq + Hash>(found: impl IntoIterator<Item = (K, Diagnostic)>) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = Vec::new();
    let mut at: HashMap<K, usize> = HashMap::new();
    for (key, diagnostic) in found {
        let Some(first) = at.get(&key).and_then(|at| told.get_mut(*at)) else {
            at.insert(key, told.len());
            told.push(diagnostic);
            continue;
        };
        first.evidence.push(Label { text: "and here".into(), ..diagnostic.primary });
        let edits: Vec<Edit> = diagnostic.fixes.into_iter().flat_map(|fix| fix.edits).collect();
        first.fixes.iter_mut().for_each(|fix| fix.edits.extend(edits.iter().cloned()));
    }
    told
}

/// Something that could not be read: a broken manifest, a file that does not parse. Told, never silently passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// The path people see.
    pub path: String,
    /// Where in the file, if the file was read and the place is known.
    pub span: Option<Span>,
    /// What follows from it ("the file is skipped").
    pub consequence: String,
}
