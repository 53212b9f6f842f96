//! One `Cargo.toml`: its text, its meaning, and where in the text something stands. Knows no other manifest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cargo_toml::{Inheritable, Publish};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::Edition;
use super::read::{Note, read_text};
use crate::source::Range;

/// The edition of a package whose manifest cannot be read: what most code is written in.
pub(super) const GUESSED_EDITION: Edition = Edition::E2021;

/// The tables cargo knows; `metadata` is nothing to us.
pub(super) type Content = cargo_toml::Manifest<IgnoredAny>;
pub(super) type PackageTable = cargo_toml::Package<IgnoredAny>;

pub(super) struct Manifest {
    /// Absolute path of the file.
    pub path: PathBuf,
    /// The folder it stands in.
    pub dir: PathBuf,
    /// Empty where the file cannot be read as text.
    pub text: Arc<str>,
    /// What it says; of a broken manifest as much as could be understood, perhaps nothing.
    pub content: Content,
    /// Cargo would refuse it: what it leaves unsaid is guessed, and nothing more is told about it.
    pub is_broken: bool,
    pub is_workspace: bool,
    pub is_package: bool,
}

impl Manifest {
    /// Reads and parses. Never fails: what is wrong comes back as a note.
    pub fn read(path: &Path) -> (Self, Option<Note>) {
        let dir = path.parent().unwrap_or(path).to_path_buf();
        let (text, unreadable) = match read_text(path) {
            Ok(text) => (text, None),
            Err(message) => (String::new(), Some(Note::new(path, message, GUESS))),
        };
        let (table, syntax) = DeTable::parse_recoverable(&text);
        let has = |key: &str| table.get_ref().contains_key(key);
        let (is_workspace, has_package) = (has("workspace"), has("package"));
        let content = Content::deserialize(Deserializer::from(table));
        let note = unreadable.or_else(|| syntax.first().or(content.as_ref().err()).map(|error| broken(path, error)));
        let manifest = Manifest {
            path: path.to_path_buf(),
            dir,
            content: content.unwrap_or_default(),
            is_broken: note.is_some(),
            is_workspace,
            is_package: has_package || note.is_some() && !is_workspace,
            text: text.into(),
        };
        (manifest, note)
    }

    /// The package's name; the folder's name where the manifest does not say.
    pub fn name(&self) -> String {
        let folder = || self.dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self.content.package.as_ref().map_or_else(folder, |package| package.name.clone())
    }

    pub fn version(&self, workspace: Option<&Manifest>) -> Option<String> {
        let own = &self.content.package.as_ref()?.version;
        inherited(own, template(workspace).and_then(|template| template.version.as_ref()))
    }

    pub fn rust_version(&self, workspace: Option<&Manifest>) -> Option<String> {
        let own = self.content.package.as_ref()?.rust_version.as_ref()?;
        inherited(own, template(workspace).and_then(|template| template.rust_version.as_ref()))
    }

    pub fn edition(&self, workspace: Option<&Manifest>) -> Edition {
        let inherit = |package: &PackageTable| {
            inherited(&package.edition, template(workspace).and_then(|template| template.edition.as_ref()))
        };
        self.content.package.as_ref().and_then(inherit).map_or(GUESSED_EDITION, Edition::from)
    }

    /// Whether somebody outside may use the package: it may be published, or its library is not only for Rust.
    pub fn is_for_others(&self, workspace: Option<&Manifest>) -> bool {
        let foreign = |kind: &String| kind != "lib" && kind != "rlib";
        let exported = self.content.lib.as_ref().is_some_and(|library| library.crate_type.iter().any(foreign));
        let publish = self
            .content
            .package
            .as_ref()
            .and_then(|package| inherited(&package.publish, template(workspace).map(|template| &template.publish)));
        exported || publish.is_none_or(|publish| publish != Publish::Flag(false))
    }

    /// A note about the value at the end of `keys` (numbers for places in arrays); none if the manifest is broken anyway.
    pub fn note(&self, keys: &[&str], message: impl Into<String>, consequence: impl Into<String>) -> Option<Note> {
        (!self.is_broken).then(|| Note::new(&self.path, message, consequence).at(self.place(keys)))
    }

    /// Where the value at the end of `keys` stands in the text, or the last value on the way to it that is there.
    fn place(&self, keys: &[&str]) -> Option<Range> {
        let table = DeTable::parse(&self.text).ok()?;
        let (first, rest) = keys.split_first()?;
        let mut value = table.get_ref().get(*first)?;
        for key in rest {
            let next = match value.get_ref() {
                DeValue::Table(table) => table.get(*key),
                DeValue::Array(array) => key.parse::<usize>().ok().and_then(|at| array.get(at)),
                _ => None,
            };
            let Some(next) = next else { break };
            value = next;
        }
        Some(range(value.span()))
    }
}

impl From<cargo_toml::Edition> for Edition {
    fn from(edition: cargo_toml::Edition) -> Self {
        match edition {
            cargo_toml::Edition::E2015 => Edition::E2015,
            cargo_toml::Edition::E2018 => Edition::E2018,
            cargo_toml::Edition::E2021 => Edition::E2021,
            _ => Edition::E2024,
        }
    }
}

const GUESS: &str = "what it does not tell is guessed from the files beside it";

fn broken(path: &Path, error: &Error) -> Note {
    let message = error.message().lines().next().unwrap_or_default().trim_end_matches('.');
    Note::new(path, format!("this manifest is broken: {}", lower_first(message)), GUESS).at(error.span().map(range))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn range(span: std::ops::Range<usize>) -> Range {
    Range { start: span.start as u32, end: span.end as u32 }
}

fn template(workspace: Option<&Manifest>) -> Option<&cargo_toml::PackageTemplate> {
    workspace?.content.workspace.as_ref()?.package.as_ref()
}

fn inherited<T: Clone>(own: &Inheritable<T>, above: Option<&T>) -> Option<T> {
    match own {
        Inheritable::Set(value) => Some(value.clone()),
        Inheritable::Inherited => above.cloned(),
    }
}
