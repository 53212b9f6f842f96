//! The user's configuration: `watertight.toml`, or a `metadata.watertight` table of the root manifest. Knows the grammar and nothing
//! of what the settings do; catalogue entries are handed on as they are written.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{LabeledSpan, MietteDiagnostic, NamedSource, miette};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Confidence;
use crate::report::{Level, LevelSetting, Override, PathSet, RuleInfo, Selector};
use crate::source::display_path;
use crate::words::{list, nearest};

/// The configuration file at the root of a workspace.
pub const FILE_NAME: &str = "watertight.toml";

const RULES: &str = "rules";
const OVERRIDES: &str = "overrides";
const PATHS: &str = "paths";
const MIN_CONFIDENCE: &str = "min-confidence";
const EXCLUDE: &str = "exclude";
const INCLUDE_TESTS: &str = "include-tests";

/// Top-level keys of our own.
const KEYS: [&str; 5] = [RULES, OVERRIDES, MIN_CONFIDENCE, EXCLUDE, INCLUDE_TESTS];

/// Top-level keys that belong to the catalogue: the grammar of `rules/resources/*.toml`.
const CATALOGUE_KEYS: [&str; 10] =
    ["aliases", "calls", "entries", "function", "handlers", "resource", "server", "signal", "trait", "type"];

/// Keys of an entry of `overrides`.
const OVERRIDE_KEYS: [&str; 2] = [PATHS, RULES];

/// Tables of a root manifest that may hold a configuration.
const METADATA: [&[&str]; 2] = [&["workspace", "metadata", "watertight"], &["package", "metadata", "watertight"]];

const LEVELS: [(&str, Level); 3] = [("allow", Level::Allow), ("warn", Level::Warn), ("deny", Level::Deny)];

const CONFIDENCES: [(&str, Confidence); 3] =
    [("certain", Confidence::Certain), ("likely", Confidence::Likely), ("hint", Confidence::Hint)];

type Value<'i> = Spanned<DeValue<'i>>;

/// What a configuration says; the default is that of a project without one.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Levels; later ones win, so rules stand behind families and these behind all.
    pub levels: Vec<LevelSetting>,
    /// Levels for some paths; later ones win.
    pub overrides: Vec<Override>,
    pub min_confidence: Option<Confidence>,
    /// What is analysed and not reported.
    pub exclude: PathSet,
    /// Whether test code is reported too.
    pub include_tests: bool,
    /// Entries for the catalogue.
    pub catalogue: Option<CatalogueEntries>,
}

/// Entries for the catalogue that a configuration contains, unread.
#[derive(Debug, Clone)]
pub struct CatalogueEntries {
    written: Written,
}

impl CatalogueEntries {
    /// The entries as a document of the catalogue's grammar. Spans are those of the configuration file, so that
    /// `Deserialize::deserialize(toml::Deserializer::from(table))` fails with places in it.
    pub fn table(&self) -> miette::Result<Spanned<DeTable<'_>>> {
        let table = self.written.table()?;
        let ours = |key: &str| CATALOGUE_KEYS.contains(&key);
        let span = table.span();
        Ok(Spanned::new(span, table.into_inner().into_iter().filter(|(key, _)| ours(key.get_ref())).collect()))
    }

    /// An error about the entries that points into the configuration file; `span` as in [`toml::de::Error::span`].
    pub fn error(&self, message: &str, help: Option<String>, span: Option<Range<usize>>) -> miette::Report {
        self.written.document.error(span, message, "here", help)
    }
}

impl Config {
    /// The configuration of the workspace at `root`: the file `explicit` if given; else `watertight.toml` there, or the table
    /// `workspace.metadata.watertight` or `package.metadata.watertight` of the manifest there; else the default.
    ///
    /// `base` is the folder that displayed paths are relative to; `rules` are the rules there are.
    ///
    /// # Errors
    /// Where a file cannot be read, where there are two configurations, and where one is not of the grammar, with the place.
    pub fn load(root: &Path, explicit: Option<&Path>, base: &Path, rules: &[RuleInfo]) -> miette::Result<Config> {
        let found = match explicit {
            Some(path) => vec![Written::file(path, base)?],
            None => Written::find(root, base)?,
        };
        match &found[..] {
            [] => Ok(Config::default()),
            [only] => only.read(rules),
            [first, second, ..] => Err(second.beside(first)),
        }
    }
}

/// The text of a file that a configuration stands in.
#[derive(Debug, Clone)]
struct Document {
    /// The path people see.
    name: String,
    text: Arc<str>,
}

impl Document {
    fn load(path: &Path, base: &Path) -> miette::Result<Document> {
        let name = display_path(path, base);
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Document { name, text: text.into() }),
            Err(error) => Err(miette!("cannot read the configuration `{name}`: {error}")),
        }
    }

    fn parse(&self) -> Result<Spanned<DeTable<'_>>, toml::de::Error> {
        DeTable::parse(&self.text)
    }

    fn error(&self, span: Option<Range<usize>>, message: &str, label: &str, help: Option<String>) -> miette::Report {
        let mut error = MietteDiagnostic::new(message);
        error.labels = span.map(|span| vec![LabeledSpan::new_primary_with_span(Some(label.to_owned()), span)]);
        error.help = help;
        miette::Report::new(error).with_source_code(NamedSource::new(&self.name, self.text.clone()))
    }
}

/// A configuration as it was found: a whole document, or a table in one.
#[derive(Debug, Clone)]
struct Written {
    document: Document,
    /// The keys that lead to its table.
    path: &'static [&'static str],
}

impl Written {
    /// Every configuration of the workspace at `root`; only one is allowed.
    fn find(root: &Path, base: &Path) -> miette::Result<Vec<Written>> {
        let own = root.join(FILE_NAME);
        let mut found = Vec::new();
        if own.exists() {
            found.push(Written::file(&own, base)?);
        }
        // A manifest that cannot be read is told where manifests are read.
        if let Ok(manifest) = Document::load(&root.join("Cargo.toml"), base) {
            let mut tables = METADATA.map(|path| Written { document: manifest.clone(), path });
            tables.sort_by_key(|table| table.key().map(|key| key.start));
            found.extend(tables.into_iter().filter(|table| table.key().is_some()));
        }
        Ok(found)
    }

    fn file(path: &Path, base: &Path) -> miette::Result<Written> {
        Ok(Written { document: Document::load(path, base)?, path: &[] })
    }

    /// The place of the key that names its table, if there is such a table.
    fn key(&self) -> Option<Range<usize>> {
        let mut table = self.document.parse().ok()?.into_inner();
        let mut place = None;
        for name in self.path {
            let (key, value) = table.remove_entry(*name)?;
            place = Some(key.span());
            table = match value.into_inner() {
                DeValue::Table(table) => table,
                _ => DeTable::default(),
            };
        }
        place
    }

    /// What is written in its table.
    fn table(&self) -> miette::Result<Spanned<DeTable<'_>>> {
        let parsed = self.document.parse();
        let mut table = parsed.map_err(|error| self.document.error(error.span(), error.message(), "here", None))?;
        for name in self.path {
            let inner =
                table.get_mut().remove(*name).unwrap_or_else(|| Spanned::new(0..0, DeValue::Table(DeTable::new())));
            let span = inner.span();
            match inner.into_inner() {
                DeValue::Table(inner) => table = Spanned::new(span, inner),
                other => return Err(self.wrong_type(&Spanned::new(span, other), "a table")),
            }
        }
        Ok(table)
    }

    /// The error that there is another configuration.
    fn beside(&self, first: &Written) -> miette::Report {
        let first = match first.path {
            [] => format!("`{}`", first.document.name),
            path => format!("`[{}]`", path.join(".")),
        };
        let help = Some("keep one of them".to_owned());
        let message = format!("the configuration stands in {first} already");
        self.document.error(self.key(), &message, "a second configuration", help)
    }

    fn read(&self, rules: &[RuleInfo]) -> miette::Result<Config> {
        let mut config = Config::default();
        for (key, value) in self.table()?.get_ref() {
            match key.get_ref().as_ref() {
                RULES => config.levels = self.levels(value, rules)?,
                OVERRIDES => config.overrides = self.overrides(value, rules)?,
                MIN_CONFIDENCE => config.min_confidence = Some(self.one_of(value, &CONFIDENCES)?),
                EXCLUDE => config.exclude = self.paths(value)?,
                INCLUDE_TESTS => config.include_tests = self.boolean(value)?,
                name if CATALOGUE_KEYS.contains(&name) => {
                    config.catalogue = Some(CatalogueEntries { written: self.clone() });
                }
                name => return Err(self.unknown_key(name, key.span(), &[&KEYS[..], &CATALOGUE_KEYS].concat())),
            }
        }
        Ok(config)
    }

    /// The settings of a `rules` table, the closer their aim the later.
    fn levels(&self, value: &Value, rules: &[RuleInfo]) -> miette::Result<Vec<LevelSetting>> {
        let mut settings = Vec::new();
        for (key, value) in self.expect(value, "a table", DeValue::as_table)? {
            let name = key.get_ref().as_ref();
            let selector = Selector::parse(name, rules).filter(|selector| *selector != Selector::Warnings);
            let selector = selector.ok_or_else(|| self.unknown_rule(name, key.span(), rules))?;
            settings.push(LevelSetting { selector, level: self.one_of(value, &LEVELS)? });
        }
        settings.sort_by_key(|setting| setting.selector.precision());
        Ok(settings)
    }

    fn overrides(&self, value: &Value, rules: &[RuleInfo]) -> miette::Result<Vec<Override>> {
        let entries = self.expect(value, "an array of tables", DeValue::as_array)?;
        entries.iter().map(|entry| self.one_override(entry, rules)).collect()
    }

    fn one_override(&self, value: &Value, rules: &[RuleInfo]) -> miette::Result<Override> {
        let (mut paths, mut settings) = (None, None);
        for (key, value) in self.expect(value, "a table", DeValue::as_table)? {
            match key.get_ref().as_ref() {
                PATHS => paths = Some(self.paths(value)?),
                RULES => settings = Some(self.levels(value, rules)?),
                name => return Err(self.unknown_key(name, key.span(), &OVERRIDE_KEYS)),
            }
        }
        match (paths, settings) {
            (Some(paths), Some(settings)) => Ok(Override { paths, settings }),
            (paths, _) => {
                let missing = if paths.is_none() { PATHS } else { RULES };
                let help = Some("an override has `paths` and `rules`".to_owned());
                let message = format!("`{missing}` is missing in this override");
                Err(self.document.error(Some(value.span()), &message, "in this override", help))
            }
        }
    }

    fn paths(&self, value: &Value) -> miette::Result<PathSet> {
        let mut paths = PathSet::default();
        for entry in self.expect(value, "an array of strings", DeValue::as_array)?.iter() {
            let glob = self.expect(entry, "a string", DeValue::as_str)?;
            let added = paths.add(glob);
            added.map_err(|why| {
                self.document.error(Some(entry.span()), &format!("invalid glob `{glob}`"), &why, None)
            })?;
        }
        Ok(paths)
    }

    fn boolean(&self, value: &Value) -> miette::Result<bool> {
        value.get_ref().as_bool().ok_or_else(|| self.wrong_type(value, "`true` or `false`"))
    }

    /// A word that stands for a value.
    fn one_of<T: Copy>(&self, value: &Value, words: &[(&str, T)]) -> miette::Result<T> {
        let names = || words.iter().map(|(name, _)| *name);
        let expected = list(names(), "or");
        let word = self.expect(value, &expected, DeValue::as_str)?;
        words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
            let label = format!("expected {expected}");
            let help = nearest(word, names()).map(similar);
            self.document.error(Some(value.span()), &format!("unknown value `{word}`"), &label, help)
        })
    }

    fn expect<'v, 'i, T: ?Sized>(
        &self,
        value: &'v Value<'i>,
        expected: &str,
        read: impl Fn(&'v DeValue<'i>) -> Option<&'v T>,
    ) -> miette::Result<&'v T> {
        read(value.get_ref()).ok_or_else(|| self.wrong_type(value, expected))
    }

    fn wrong_type(&self, value: &Value, expected: &str) -> miette::Report {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        let message = format!("expected {expected}, found {article} {found}");
        self.document.error(Some(value.span()), &message, "wrong type", None)
    }

    fn unknown_key(&self, name: &str, span: Range<usize>, known: &[&str]) -> miette::Report {
        let near = nearest(name, known.iter().copied()).map(|near| format!("{}; ", similar(near)));
        let help = format!("{}the known keys are {}", near.unwrap_or_default(), list(known.iter().copied(), "and"));
        self.document.error(Some(span), &format!("unknown key `{name}`"), "unknown key", Some(help))
    }

    fn unknown_rule(&self, name: &str, span: Range<usize>, rules: &[RuleInfo]) -> miette::Report {
        let known: Vec<&str> = Selector::names(rules).into_iter().filter(|name| *name != Selector::WARNINGS).collect();
        let help =
            nearest(name, known.iter().copied()).map_or("`watertight rules` lists all rules".to_owned(), similar);
        self.document.error(
            Some(span),
            &format!("unknown rule `{name}`"),
            "neither a rule, a family nor `all`",
            Some(help),
        )
    }
}

fn similar(name: &str) -> String {
    format!("a similar name exists: `{name}`")
}

#[cfg(test)]
mod tests;
