//! The command line: reads arguments, starts a run, shows its outcome, chooses the exit code. Knows no rule and nothing of analysis.
//!
//! Findings go to standard output, everything else that is told to standard error.

mod arguments;
mod progress;

use std::env;
use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use miette::{MietteDiagnostic, miette};

use crate::driver::{self, Options, Outcome};
use crate::render::{self, Format, Style};
use crate::report::{RuleInfo, Selector};
use crate::rules::{self, RuleEntry};
use crate::words::nearest;
use arguments::{CheckArguments, Color, Command, CoverageArguments, CoverageFormat, InventoryArguments, ListFormat};
use progress::Bar;

/// Something at level deny was found.
const FOUND: u8 = 1;
/// The tool could not do its job.
const FAILED: u8 = 2;

/// Runs the program; the first of the arguments is its own name.
///
/// Exit codes: 0 where nothing is found at level deny, 1 where something is, 2 where the tool could not do its job.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match arguments::read(arguments) {
        Ok(command) => command,
        Err(answer) => {
            // Also how clap answers `--help` and `--version`.
            let _ = answer.print();
            return if answer.use_stderr() { FAILED.into() } else { ExitCode::SUCCESS };
        }
    };
    let style = style(command.color(), &io::stderr());
    run(command).unwrap_or_else(|error| {
        let _ = render::error(&*error, &style, &mut io::stderr());
        FAILED.into()
    })
}

fn run(command: Command) -> miette::Result<ExitCode> {
    match command {
        Command::Check(arguments) => return check(arguments),
        Command::Explain { rule } => print(explain(&rule)?.trim_end())?,
        Command::Rules { format } => print(&list(format, rules::catalog()))?,
        Command::Facts { file } => {
            exists(&file)?;
            print(&driver::facts(&file)?)?;
        }
        Command::Coverage(arguments) => print(coverage(&arguments)?.trim_end())?,
        Command::Inventory(arguments) => print(&inventory(&arguments)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(arguments: CheckArguments) -> miette::Result<ExitCode> {
    let started = Instant::now();
    let bar = Bar::new(!arguments.quiet && !arguments.no_progress);
    let outcome = driver::check(&options(&arguments)?, &bar)?;
    bar.finish();
    show(&outcome, &arguments, started.elapsed())?;
    Ok(if outcome.report.summary.denied > 0 { FOUND.into() } else { ExitCode::SUCCESS })
}

/// What is asked of the driver; paths and names are known to exist.
fn options(arguments: &CheckArguments) -> miette::Result<Options> {
    arguments.paths.iter().try_for_each(|path| exists(path))?;
    let rules: Vec<RuleInfo> = rules::catalog().iter().map(RuleEntry::info).collect();
    Ok(Options {
        paths: arguments.paths.clone(),
        current: current()?,
        config: arguments.config.clone(),
        levels: arguments.levels(&rules).map_err(|name| unknown_rule(&name, Selector::names(&rules)))?,
        min_confidence: arguments.min_confidence.map(Into::into),
        include_tests: arguments.include_tests,
        threads: arguments.threads.map(Into::into),
    })
}

/// What is measured, as tables or as JSON.
fn coverage(arguments: &CoverageArguments) -> miette::Result<String> {
    arguments.paths.iter().try_for_each(|path| exists(path))?;
    let options = Options {
        paths: arguments.paths.clone(),
        current: current()?,
        config: arguments.config.clone(),
        include_tests: arguments.include_tests,
        threads: arguments.threads.map(Into::into),
        ..Options::default()
    };
    let bar = Bar::new(true);
    let measured = driver::coverage(&options, arguments.sample, arguments.seed, &bar)?;
    bar.finish();
    Ok(match arguments.format {
        CoverageFormat::Table => measured.table(),
        CoverageFormat::Json => format!("{:#}", serde_json::json!(measured)),
    })
}

/// What is alive at the end of each program, as asked for.
fn inventory(arguments: &InventoryArguments) -> miette::Result<String> {
    arguments.paths.iter().try_for_each(|path| exists(path))?;
    let options = Options {
        paths: arguments.paths.clone(),
        current: current()?,
        config: arguments.config.clone(),
        threads: arguments.threads.map(Into::into),
        ..Options::default()
    };
    let bar = Bar::new(true);
    let (programs, sources) = driver::inventory(&options, &bar)?;
    bar.finish();
    Ok(render::inventory::inventory(arguments.format.into(), &programs, &sources))
}

fn current() -> miette::Result<PathBuf> {
    env::current_dir().map_err(|error| miette!("cannot tell the current folder: {error}"))
}

fn show(outcome: &Outcome, arguments: &CheckArguments, took: Duration) -> miette::Result<()> {
    let Outcome { report, sources, statistics } = outcome;
    let format = Format::from(arguments.format);
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = render::render(format, report, sources, &style(arguments.color, &io::stdout()), &mut out);
    written(shown.and_then(|()| out.flush()))?;

    // Nobody may be listening; that is no reason to fail.
    let mut talk = io::stderr().lock();
    if arguments.verbose {
        let _ = statistics.iter().try_for_each(|line| writeln!(talk, "{line}"));
    }
    // The other formats carry the summary themselves. What could not be read is told even when quiet.
    let for_people = matches!(format, Format::Human | Format::Short);
    if for_people && (!arguments.quiet || !report.summary.problems.is_empty()) {
        let _ = render::closing(report, sources, &style(arguments.color, &io::stderr()), Some(took), &mut talk);
    }
    Ok(())
}

fn exists(path: &Path) -> miette::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let name = path.display().to_string();
    let help =
        nearest(&name, arguments::COMMANDS).map(|near| format!("a command with a similar name exists: `{near}`"));
    Err(failure(format!("there is no file or folder `{name}`"), help))
}

fn explain(name: &str) -> miette::Result<&'static str> {
    let rule = rules::catalog().iter().find(|rule| rule.id == name);
    rule.map(|rule| rule.page).ok_or_else(|| unknown_rule(name, rules::catalog().iter().map(|rule| rule.id)))
}

fn unknown_rule(name: &str, known: impl IntoIterator<Item = &'static str>) -> miette::Report {
    let near = nearest(name, known);
    let help =
        near.map_or("`watertight rules` lists all rules".to_owned(), |near| format!("a similar name exists: `{near}`"));
    failure(format!("unknown rule `{name}`"), Some(help))
}

fn failure(message: String, help: Option<String>) -> miette::Report {
    let mut error = MietteDiagnostic::new(message);
    error.help = help;
    error.into()
}

/// The list of rules, as a table or as JSON.
fn list(format: ListFormat, rules: &[RuleEntry]) -> String {
    match format {
        ListFormat::Human => {
            let rows = rules.iter().map(|rule| [rule.id, rule.family, rule.default_level.name(), &rule.summary]);
            table(&rows.collect::<Vec<_>>())
        }
        ListFormat::Json => {
            let entries = rules.iter().map(|rule| {
                serde_json::json!({
                    "id": rule.id,
                    "family": rule.family,
                    "default_level": rule.default_level,
                    "summary": rule.summary,
                })
            });
            format!("{:#}", serde_json::Value::from_iter(entries))
        }
    }
}

/// Rows with their columns aligned; the last column is as wide as it likes.
fn table(rows: &[[&str; 4]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    let lines = rows.iter().map(|[a, b, c, d]| format!("{a:first$}  {b:second$}  {c:third$}  {d}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn print(text: &str) -> miette::Result<()> {
    written(writeln!(io::stdout(), "{text}"))
}

/// A reader who has seen enough is no failure.
fn written(result: io::Result<()>) -> miette::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(miette!("cannot write the output: {error}")),
        _ => Ok(()),
    }
}

/// What `stream` can show.
fn style(color: Color, stream: &impl IsTerminal) -> Style {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            stream.is_terminal() && !set("NO_COLOR") && env::var_os("TERM").is_none_or(|name| name != "dumb")
        }
    };
    let width = terminal_size::terminal_size().filter(|_| stream.is_terminal());
    let plain = Style::default();
    Style { color, width: width.map_or(plain.width, |(width, _)| width.0.into()), ..plain }
}
