//! The program as people start it: arguments, what goes where, exit codes. What is found in which code is tested elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const WATERTIGHT: &str = env!("CARGO_BIN_EXE_watertight");
const CARGO_WATERTIGHT: &str = env!("CARGO_BIN_EXE_cargo-watertight");

/// A package whose only fault is a comment that names no rule, in line 2 of `src/main.rs`, and a clean second file.
fn package() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    write("Cargo.toml", "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    write(
        "src/main.rs",
        "mod clean;\n// watertight: allow(quantum-leak) -- there is no such rule\nfn main() {\n    clean::work();\n}\n",
    );
    write("src/clean.rs", "pub fn work() {}\n");
    folder
}

fn start(program: &str, folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments.split_whitespace()).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &str) -> Output {
    start(WATERTIGHT, folder, arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The run ends with code 2, prints nothing, and tells all of `told`.
fn fails(folder: &Path, arguments: &str, told: &[&str]) {
    let output = run(folder, arguments);
    assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{arguments}: {}", err(&output));
    for part in told {
        assert!(err(&output).contains(part), "{arguments}: `{part}` is not in\n{}", err(&output));
    }
}

#[test]
fn help_fits_a_screen_and_gives_examples() {
    let folder = TempDir::new().unwrap();
    for arguments in [
        "--help",
        "-h",
        "check --help",
        "explain --help",
        "rules --help",
        "facts --help",
        "coverage --help",
        "inventory --help",
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 0, "{arguments}");
        let lines = out(&output).lines().count();
        assert!((3..=40).contains(&lines), "{arguments} has {lines} lines");
        let widest = out(&output).lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{arguments}: {widest:?} columns");
    }
    let help = out(&run(folder.path(), "--help"));
    assert!(help.contains("Examples:\n  watertight "), "{help}");
    assert!(help.contains("Usage: watertight [OPTIONS] [PATHS]..."), "{help}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = run(Path::new("."), "--version");
    assert_eq!(out(&output), concat!("watertight ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_arguments_are_told_and_fail() {
    let package = package();
    fails(package.path(), "--colour never", &["unexpected argument '--colour'", "--color"]);
    fails(package.path(), "--format xml", &["'xml'", "human, short, json, rustc-json, github"]);
    fails(package.path(), "--threads 0", &["'0'"]);
    fails(package.path(), "--verbose --quiet", &["cannot be used with"]);
    fails(package.path(), "explain", &["<RULE>"]);
}

#[test]
fn unknown_rules_are_told_and_fail() {
    let package = package();
    fails(package.path(), "-D warning", &["unknown rule `warning`", "`warnings`"]);
    fails(package.path(), "-D unknown-rul", &["unknown rule `unknown-rul`", "`unknown-rule`"]);
    fails(
        package.path(),
        "check -A quantum-leak",
        &["unknown rule `quantum-leak`", "`watertight rules` lists all rules"],
    );
    fails(package.path(), "explain unused-supression", &["unknown rule `unused-supression`", "`unused-suppression`"]);
}

#[test]
fn paths_that_are_not_there_are_told_and_fail() {
    let package = package();
    fails(package.path(), "src/nothing.rs", &["there is no file or folder `src/nothing.rs`"]);
    fails(package.path(), "check src/main.rs nowhere", &["there is no file or folder `nowhere`"]);
    fails(package.path(), "chekc", &["there is no file or folder `chekc`", "`check`"]);
    fails(package.path(), "facts nowhere.rs", &["there is no file or folder `nowhere.rs`"]);
    fails(package.path(), "--config none.toml src/main.rs", &["none.toml"]);
}

#[test]
fn warnings_do_not_fail_a_run_and_errors_do() {
    let package = package();
    let warned = run(package.path(), "src/main.rs --format short");
    assert_eq!(out(&warned), "src/main.rs:2:22: warning[unknown-rule]: unknown rule `quantum-leak`\n");
    assert_eq!(code(&warned), 0);
    assert!(err(&warned).starts_with("watertight: "), "{}", err(&warned));

    for levels in ["-D unknown-rule", "-D meta", "-D warnings", "-A all -D all", "--deny=unknown-rule"] {
        let denied = run(package.path(), &format!("check {levels} src/main.rs --format short"));
        assert_eq!(out(&denied), "src/main.rs:2:22: error[unknown-rule]: unknown rule `quantum-leak`\n");
        assert_eq!(code(&denied), 1, "{levels}");
    }

    let allowed = run(package.path(), "-D all -A unknown-rule src/main.rs --format short");
    assert_eq!((code(&allowed), out(&allowed).as_str()), (0, ""));
}

#[test]
fn paths_choose_what_is_reported() {
    let package = package();
    let clean = run(package.path(), "-D all src/clean.rs --format short");
    assert_eq!((code(&clean), out(&clean).as_str()), (0, ""));
    assert!(err(&clean).contains("nothing found"), "{}", err(&clean));
}

#[test]
fn a_library_that_only_tests_use_is_test_code() {
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n{more}")
    };
    // What only tests call would be left alone by itself.
    let flaw = "pub fn save() {\n    let _ = std::fs::write(\"a\", \"b\");\n}\n\npub fn name() -> &'static str {\n    \"a\"\n}\n";
    let found = |app: &str, own_tests: bool| {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace]\nmembers = [\"app\", \"harness\"]\n");
        write("app/Cargo.toml", &package("app", app));
        let uses = if app.starts_with("[dependencies]") { "harness::save();" } else { "" };
        write("app/src/main.rs", &format!("fn main() {{ {uses} }}\n"));
        write("harness/Cargo.toml", &package("harness", ""));
        write("harness/src/lib.rs", flaw);
        if own_tests {
            write("harness/tests/all.rs", "#[test]\nfn is_named() {\n    assert_eq!(harness::name(), \"a\");\n}\n");
        }
        out(&run(folder.path(), "check -q --format short"))
    };
    let needed = |by: &str| format!("[{by}]\nharness = {{ path = \"../harness\" }}\n");
    assert_eq!(found("", true), "");
    for own_tests in [true, false] {
        assert_eq!(found(&needed("dev-dependencies"), own_tests), "");
        assert!(found(&needed("dependencies"), own_tests).contains("swallowed-error"));
    }
    assert!(found("", false).contains("swallowed-error"), "whom it is for is not known");
}

#[test]
fn what_lies_beside_the_product_is_not_shipped() {
    let flaw = "pub fn save() {\n    let _ = std::fs::write(\"a\", \"b\");\n}\n";
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
    };
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"archive\", \"sample-store\", \"samples/one\"]\nexclude = [\"old\", \"agent\"]\n",
    );
    for member in ["archive", "sample-store", "samples/one"] {
        write(&format!("{member}/Cargo.toml"), &package(member.rsplit('/').next().unwrap(), ""));
        write(&format!("{member}/src/lib.rs"), flaw);
    }
    for apart in ["old/server", "agent"] {
        write(&format!("{apart}/Cargo.toml"), &package("apart", "[workspace]\n"));
        write(&format!("{apart}/src/lib.rs"), flaw);
    }
    let found = |arguments: &str| {
        let shown = out(&run(folder.path(), arguments));
        let paths: BTreeSet<&str> = shown.lines().filter_map(|line| line.split("/src/").next()).collect();
        paths.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        found("check . -q --format short"),
        ["agent", "archive", "sample-store"],
        "what stands apart is asked for, too"
    );
    assert_eq!(found("check -q --format short"), ["archive", "sample-store"]);
}

#[test]
fn quiet_says_nothing_but_findings() {
    let package = package();
    let output = run(package.path(), "-q src/main.rs --format short");
    assert_eq!((out(&output).lines().count(), err(&output).as_str()), (1, ""));
}

#[test]
fn the_configuration_counts_and_the_command_line_beats_it() {
    let package = package();
    fs::write(package.path().join("watertight.toml"), "[rules]\nunknown-rule = \"deny\"\n").unwrap();
    fs::write(package.path().join("lenient.toml"), "[[overrides]]\npaths = [\"src\"]\nrules.meta = \"allow\"\n")
        .unwrap();
    assert_eq!(code(&run(package.path(), "src/main.rs")), 1);
    assert_eq!(code(&run(package.path(), "src/main.rs -W unknown-rule")), 0);
    let lenient = run(package.path(), "src/main.rs --config lenient.toml --format short");
    assert_eq!((code(&lenient), out(&lenient).as_str()), (0, ""));
}

#[test]
fn a_wrong_configuration_is_shown_where_it_is_wrong() {
    let package = package();
    fs::write(package.path().join("watertight.toml"), "[rules]\nunknow-rule = \"deny\"\n").unwrap();
    fails(package.path(), "src/main.rs", &["unknown rule `unknow-rule`", "watertight.toml:2:1", "`unknown-rule`"]);
}

#[test]
fn colour_needs_a_terminal_or_a_wish() {
    let package = package();
    let colourful = |arguments: &str| {
        let output = start(WATERTIGHT, package.path(), arguments).env("NO_COLOR", "1").output().unwrap();
        (out(&output) + &err(&output)).contains('\u{1b}')
    };
    for arguments in ["src/main.rs", "src/main.rs --color never", "nowhere --color never"] {
        assert!(!colourful(arguments), "{arguments}");
    }
    for arguments in ["src/main.rs --color always", "nowhere --color always"] {
        assert!(colourful(arguments), "{arguments}");
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = TempDir::new().unwrap();
    let list = run(folder.path(), "rules");
    assert_eq!(code(&list), 0);
    let line = out(&list).lines().find(|line| line.starts_with("unused-suppression ")).map(str::to_owned).unwrap();
    assert_eq!(line.split_whitespace().take(3).collect::<Vec<_>>(), ["unused-suppression", "meta", "warn"]);

    let json: serde_json::Value = serde_json::from_slice(&run(folder.path(), "rules --format json").stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), out(&list).lines().count());
    for rule in json.as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        assert!(
            rule["family"].is_string() && rule["default_level"].is_string() && rule["summary"].is_string(),
            "{rule}"
        );
        let page = run(folder.path(), &format!("explain {id}"));
        assert_eq!(code(&page), 0);
        assert!(out(&page).contains(id), "the page of {id} does not name it");
    }
}

#[test]
fn facts_are_json() {
    let package = package();
    let output = run(package.path(), "facts src/main.rs");
    assert_eq!(code(&output), 0);
    let facts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(facts.to_string().contains("there is no such rule"), "{facts}");
}

#[test]
fn coverage_counts_what_is_asked_for() {
    let package = package();
    let measured = |arguments: &str| {
        let output = run(package.path(), arguments);
        assert_eq!(code(&output), 0, "{arguments}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let whole = measured("coverage --format json");
    assert_eq!(whole["paths"], serde_json::json!({"workspace": 1, "catalogued": 0, "named": 0, "unknown": 0}));
    assert_eq!(whole["sample"], serde_json::json!([]));
    assert_eq!(measured("coverage src/clean.rs --format json")["paths"]["workspace"], 0);
    fs::write(package.path().join("src/clean.rs"), "pub fn work() {\n    let x = made();\n    x.run();\n}\n").unwrap();
    let sample = &measured("coverage --format json --sample 9")["sample"];
    let expected = serde_json::json!([
        {"path": "src/clean.rs", "line": 2, "call": "made()", "reason": "path", "lost": "made"},
        {"path": "src/clean.rs", "line": 3, "call": "x.run()", "reason": "receiver", "lost": "made"},
    ]);
    assert_eq!(*sample, expected);
    let table = out(&run(package.path(), "coverage --sample 1 --seed 7"));
    assert_eq!(table, out(&run(package.path(), "coverage --sample 1 --seed 7")));
    for part in ["of methods", "type of the receiver unknown", "src/clean.rs:"] {
        assert!(table.contains(part), "`{part}` is not in\n{table}");
    }
}

#[test]
fn cargo_names_its_subcommand_first() {
    let package = package();
    let plain = run(package.path(), "src/main.rs --format short -D all");
    for arguments in ["watertight src/main.rs --format short -D all", "src/main.rs --format short -D all"] {
        let output = start(CARGO_WATERTIGHT, package.path(), arguments).output().unwrap();
        assert_eq!((code(&output), out(&output)), (1, out(&plain)), "{arguments}");
    }
    let help = start(CARGO_WATERTIGHT, package.path(), "watertight --help").output().unwrap();
    assert!(out(&help).contains("Usage: cargo watertight [OPTIONS]"), "{}", out(&help));
}

/// As in `watertight rules | head -0`: the reader is gone before the first line.
#[test]
fn a_reader_who_leaves_is_no_failure() {
    let package = package();
    for (arguments, expected) in
        [("rules", 0), ("src/main.rs --format short", 0), ("-D all src/main.rs --format short", 1)]
    {
        let mut child =
            start(WATERTIGHT, package.path(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(!err(&output).contains("panicked") && !err(&output).contains("cannot write"), "{}", err(&output));
        assert_eq!(code(&output), expected, "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_fails() {
    let package = package();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = start(WATERTIGHT, package.path(), "src/main.rs").stdout(full).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("cannot write the output"), "{}", err(&output));
}
