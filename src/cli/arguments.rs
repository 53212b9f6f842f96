//! The grammar of the command line. Knows words and their places, not what is done with them.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::diagnostic::Confidence;
use crate::render::Format;
use crate::render::inventory::InventoryFormat;
use crate::report::{Level, LevelSetting, RuleInfo, Selector};

/// Names of the commands, for whoever mistypes one.
pub(super) const COMMANDS: [&str; 6] = ["check", "explain", "rules", "facts", "coverage", "inventory"];

const EXAMPLES: &str = "\
Examples:
  watertight                              check the workspace around this folder
  watertight crates/server src/db.rs      report only what lies there
  watertight -D warnings --format github  fail on warnings too, in a workflow

RULE is a rule, a family, `all` or `warnings`; of several, the last one counts.
Exit codes: 0 no errors found, 1 errors found, 2 the run itself failed.
Configuration file and suppression comments: docs/configuration.md";

/// Finds what leaks, runs dry, fails silently or dies half-written in Rust services.
#[derive(Debug, Parser)]
#[command(name = "watertight", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: CheckArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a workspace, package, folder or file (the default)
    Check(CheckArguments),
    /// Print the page of a rule
    Explain {
        /// Id of the rule
        rule: String,
    },
    /// List all rules
    Rules {
        /// human (default) or json
        #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
        format: ListFormat,
    },
    /// Print what is read from a file, as JSON
    Facts {
        /// A Rust file
        file: PathBuf,
    },
    /// Measure how much of the code the analysis understands
    Coverage(CoverageArguments),
    /// List what is alive when a program is told to stop
    Inventory(InventoryArguments),
}

impl Command {
    pub(super) fn color(&self) -> Color {
        match self {
            Command::Check(arguments) => arguments.color,
            _ => Color::Auto,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// What to report [default: the workspace around this folder]
    pub(super) paths: Vec<PathBuf>,
    /// human (default), short, json, rustc-json, github
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    pub(super) format: OutputFormat,
    /// auto, always or never; auto heeds NO_COLOR
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) color: Color,
    /// Do not report a rule
    #[arg(short = 'A', long, value_name = "RULE")]
    allow: Vec<String>,
    /// Report a rule as a warning
    #[arg(short = 'W', long, value_name = "RULE")]
    warn: Vec<String>,
    /// Report a rule as an error
    #[arg(short = 'D', long, value_name = "RULE")]
    deny: Vec<String>,
    /// certain, likely or hint [default: likely]
    #[arg(long, value_enum, value_name = "C", hide_possible_values = true)]
    pub(super) min_confidence: Option<Sureness>,
    /// Report test code too
    #[arg(long)]
    pub(super) include_tests: bool,
    /// Read this instead of watertight.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Tell more about the run
    #[arg(short, long, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Print findings and failures only
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Show no progress bar
    #[arg(long)]
    pub(super) no_progress: bool,
    /// Levels from the command line in the order they were written; clap keeps an order per option only.
    #[arg(skip)]
    flags: Vec<(Level, String)>,
}

#[derive(Debug, Args)]
pub(super) struct CoverageArguments {
    /// What to measure [default: the workspace around this folder]
    pub(super) paths: Vec<PathBuf>,
    /// table (default) or json
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    pub(super) format: CoverageFormat,
    /// Show N calls whose callee is unknown, picked at random
    #[arg(long, value_name = "N", default_value_t, hide_default_value = true)]
    pub(super) sample: usize,
    /// Which random ones [default: 0]
    #[arg(long, value_name = "S", default_value_t, hide_default_value = true)]
    pub(super) seed: u64,
    /// Measure test code too
    #[arg(long)]
    pub(super) include_tests: bool,
    /// Read this instead of watertight.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(super) struct InventoryArguments {
    /// What to list [default: the workspace around this folder]
    pub(super) paths: Vec<PathBuf>,
    /// table (default), json, markdown or mermaid
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    pub(super) format: Picture,
    /// Read this instead of watertight.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

impl CheckArguments {
    /// The levels of `-A`, `-W` and `-D`, in the order they were written.
    ///
    /// # Errors
    /// The first name that stands for no rule.
    pub(super) fn levels(&self, rules: &[RuleInfo]) -> Result<Vec<LevelSetting>, String> {
        let setting = |(level, name): &(Level, String)| {
            let selector = Selector::parse(name, rules).ok_or_else(|| name.clone())?;
            Ok(LevelSetting { selector, level: *level })
        };
        self.flags.iter().map(setting).collect()
    }

    fn order_flags(&mut self, matches: &ArgMatches) {
        let options = [
            ("allow", Level::Allow, &self.allow),
            ("warn", Level::Warn, &self.warn),
            ("deny", Level::Deny, &self.deny),
        ];
        let mut flags = Vec::new();
        for (option, level, names) in options {
            let places = matches.indices_of(option).into_iter().flatten();
            flags.extend(places.zip(names).map(|(place, name)| (place, level, name.clone())));
        }
        flags.sort_by_key(|(place, ..)| *place);
        self.flags = flags.into_iter().map(|(_, level, name)| (level, name)).collect();
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    #[default]
    Human,
    Short,
    Json,
    RustcJson,
    Github,
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Format {
        match format {
            OutputFormat::Human => Format::Human,
            OutputFormat::Short => Format::Short,
            OutputFormat::Json => Format::Json,
            OutputFormat::RustcJson => Format::RustcJson,
            OutputFormat::Github => Format::Github,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    #[default]
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CoverageFormat {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    #[default]
    Table,
    Json,
    Markdown,
    Mermaid,
}

impl From<Picture> for InventoryFormat {
    fn from(picture: Picture) -> InventoryFormat {
        match picture {
            Picture::Table => InventoryFormat::Table,
            Picture::Json => InventoryFormat::Json,
            Picture::Markdown => InventoryFormat::Markdown,
            Picture::Mermaid => InventoryFormat::Mermaid,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Sureness {
    Certain,
    Likely,
    Hint,
}

impl From<Sureness> for Confidence {
    fn from(sureness: Sureness) -> Confidence {
        match sureness {
            Sureness::Certain => Confidence::Certain,
            Sureness::Likely => Confidence::Likely,
            Sureness::Hint => Confidence::Hint,
        }
    }
}

/// Reads the arguments, the first of which is the program's name; without a command they are those of `check`.
///
/// # Errors
/// What clap has to say, which includes help and version.
pub(super) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let matches = CommandLine::command().try_get_matches_from(arguments)?;
    let line = CommandLine::from_arg_matches(&matches)?;
    let mut command = line.command.unwrap_or(Command::Check(line.check));
    if let Command::Check(arguments) = &mut command {
        arguments.order_flags(matches.subcommand_matches("check").unwrap_or(&matches));
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[RuleInfo] = &[RuleInfo { id: "per-call-pool", family: "creation", default_level: Level::Deny }];

    fn check(line: &str) -> CheckArguments {
        match read(line.split(' ').map(OsString::from)) {
            Ok(Command::Check(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_grammar_is_sound() {
        CommandLine::command().debug_assert();
        let names: Vec<String> = CommandLine::command().get_subcommands().map(|it| it.get_name().to_owned()).collect();
        assert_eq!(names, COMMANDS);
    }

    #[test]
    fn check_may_be_left_out() {
        for line in ["watertight a b --format json -q", "watertight check a b --format json -q"] {
            let arguments = check(line);
            assert_eq!(arguments.paths, [PathBuf::from("a"), PathBuf::from("b")]);
            assert_eq!((arguments.format, arguments.quiet), (OutputFormat::Json, true));
        }
        assert_eq!(check("watertight").paths, [] as [PathBuf; 0]);
    }

    #[test]
    fn levels_keep_the_order_they_were_written_in() {
        for line in ["watertight", "watertight check"] {
            let arguments = check(&format!("{line} -D all -A creation x -D per-call-pool -W warnings --allow=all"));
            let levels = arguments.levels(RULES).unwrap();
            let levels: Vec<_> = levels.into_iter().map(|it| (it.level, it.selector)).collect();
            assert_eq!(
                levels,
                [
                    (Level::Deny, Selector::All),
                    (Level::Allow, Selector::Family("creation".into())),
                    (Level::Deny, Selector::Rule("per-call-pool".into())),
                    (Level::Warn, Selector::Warnings),
                    (Level::Allow, Selector::All),
                ]
            );
        }
    }

    #[test]
    fn unknown_names_are_given_back() {
        assert_eq!(check("watertight -D all -W pools").levels(RULES).unwrap_err(), "pools");
    }
}
