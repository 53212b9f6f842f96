//! Every language as text, and what is understood of it.

use std::time::Duration;

use super::launch::{Run, launch};
use super::model::*;
use super::{Unreadable, read};
use crate::source::{FileId, Span};

fn described(kind: Kind, text: &str) -> Description {
    read(kind, FileId(0), text).expect("a good file")
}

fn refused(kind: Kind, text: &str) -> Unreadable {
    read(kind, FileId(0), text).expect_err("a bad file")
}

fn at(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn texts(words: &[Text]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// The words of all calls of a script, with what comes behind each.
fn calls(text: &str) -> Vec<(String, Then)> {
    let script = described(Kind::Script, text).script;
    script.calls.iter().map(|call| (texts(&call.words).join(" "), call.then)).collect()
}

/// What a process comes to, as one line.
fn line(process: &Process) -> String {
    let launched = launch(process.entrypoint.as_ref(), process.command.as_ref()).expect("a start");
    let init = if launched.has_init { "init: " } else { "" };
    match launched.run {
        Run::Program(words) => format!("{init}{}", texts(&words).join(" ")),
        Run::Shell { shell, script } => {
            let calls: Vec<String> = script.calls.iter().map(|call| texts(&call.words).join(" ")).collect();
            format!("{init}{shell:?}[{}]", calls.join("; "))
        }
    }
}

fn image(start: &str) -> String {
    let text = format!("FROM debian\n{start}\n");
    line(described(Kind::Dockerfile, &text).processes.last().expect("a stage"))
}

#[test]
fn files_are_known_by_their_names() {
    for (name, kind) in [
        ("Dockerfile", Some(Kind::Dockerfile)),
        ("Dockerfile.prod", Some(Kind::Dockerfile)),
        ("Dockerfile-web", Some(Kind::Dockerfile)),
        ("web.Dockerfile", Some(Kind::Dockerfile)),
        ("Containerfile", Some(Kind::Dockerfile)),
        ("Dockerfile.dockerignore", None),
        ("Dockerfile.j2", None),
        ("dockerfile_reader.rs", None),
        ("compose.yaml", Some(Kind::Compose)),
        ("docker-compose.prod.yml", Some(Kind::Compose)),
        ("composer.yml", None),
        ("Procfile", Some(Kind::Procfile)),
        ("app@.service", Some(Kind::Unit)),
        ("app.service.in", Some(Kind::Unit)),
        ("Cargo.toml.in", None),
        ("start.sh", Some(Kind::Script)),
        ("Cargo.toml", None),
    ] {
        assert_eq!(Kind::of(name), kind, "{name}");
    }
    assert!(
        [
            "compose.override.yml",
            "Dockerfile.dev",
            "example.Dockerfile",
            "tests",
            "docker-compose-test.yaml",
            "playground"
        ]
        .into_iter()
        .all(Kind::is_aside)
    );
    assert!(!["compose.yml", "Dockerfile.latest", "developer"].into_iter().any(Kind::is_aside));
}

#[test]
fn a_script_is_its_commands_and_what_follows_them() {
    assert_eq!(
        calls(
            "#!/bin/sh\nset -e # strict\nif [ -n \"$A\" ]; then\n  a 'b c' \"d;e\"\nfi\nb | c && d &\nexec \\\n  e\n"
        ),
        [
            ("set -e".into(), Then::Next),
            ("[ -n $A ]".into(), Then::Next),
            ("a b c d;e".into(), Then::Next),
            ("b".into(), Then::Pipe),
            ("c".into(), Then::Next),
            ("d".into(), Then::Background),
            ("exec e".into(), Then::End),
        ]
    );
}

#[test]
fn what_is_no_command_of_the_script_is_passed_over() {
    assert_eq!(
        calls("cat <<EOF > out\nrm -rf /; b\nEOF\nA=1 B=$(date; whoami) a 2>&1 >> log\n"),
        [("cat".into(), Then::Next), ("a".into(), Then::End)]
    );
    let script = described(Kind::Script, "A=1 B=\"x y\" a > log\n").script;
    let settings: Vec<(&str, &str)> =
        script.calls[0].settings.iter().map(|it| (it.name.as_str(), it.value.text.as_str())).collect();
    assert_eq!(settings, [("A", "1"), ("B", "x y")]);
    assert!(script.calls[0].redirected);
}

#[test]
fn a_script_that_traps_says_so() {
    assert!(described(Kind::Script, "trap 'kill $P' TERM\na &\nwait\n").script.traps);
    assert!(!described(Kind::Script, "echo trap\n").script.traps);
}

#[test]
fn broken_shell_text_ends_quietly() {
    for text in ["'", "\"a", "$(", "a |", "<<", "<<E\n", "\\", "`", "(", ")", "a >", ";;", "\u{e9}'\u{e9}"] {
        described(Kind::Script, text);
    }
}

#[test]
fn an_image_starts_its_entry_point_with_its_command() {
    assert_eq!(image("CMD [\"a\", \"b\"]"), "a b");
    assert_eq!(image("ENTRYPOINT [\"a\"]\nCMD [\"b\"]"), "a b");
    assert_eq!(image("CMD a b"), "Open[a b]");
    assert_eq!(image("ENTRYPOINT a\nCMD [\"b\"]"), "Open[a]");
    assert_eq!(image("SHELL [\"/bin/bash\", \"-c\"]\nCMD a && b"), "Replaced[a; b]");
    assert_eq!(image("CMD [\"sh\", \"-ec\", \"exec a\"]"), "Open[exec a]");
    assert_eq!(image("CMD [\"sh\", \"-x\", \"/a.sh\", \"b\"]"), "/a.sh b");
    assert_eq!(image("CMD first\nCMD [\"second\"]"), "second");
}

#[test]
fn what_passes_its_place_on_is_taken_off() {
    assert_eq!(image("ENTRYPOINT [\"tini\", \"-e\", \"143\", \"--\"]\nCMD [\"a\"]"), "init: a");
    assert_eq!(image("ENTRYPOINT [\"/usr/bin/dumb-init\"]\nCMD a"), "init: Open[a]");
    assert_eq!(image("CMD [\"env\", \"A=1\", \"gosu\", \"app\", \"a\", \"-b\"]"), "a -b");
    assert_eq!(image("CMD [\"a\", \"--\", \"env\"]"), "a -- env");
}

#[test]
fn stages_take_over_what_they_are_built_on() {
    let text = "FROM rust AS build\nENV A=1\nCMD [\"a\"]\nFROM build AS end\nENV B 2 3\nSTOPSIGNAL SIGINT\nCOPY --from=build /x/a /y/b\nCOPY c d /e/\n";
    let processes = described(Kind::Dockerfile, text).processes;
    let end = &processes[1];
    assert_eq!((end.name.as_str(), line(end).as_str()), ("end", "a"));
    assert_eq!(end.environment.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(end.stop_signal.as_ref().map(|it| at(text, it.span)), Some("SIGINT"));
    let copies = [("a", "/y/b"), ("c", "/e/c"), ("d", "/e/d")].map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(end.copies, copies);
}

#[test]
fn a_broken_dockerfile_points_at_its_line() {
    let text = "FROM debian\nNONSENSE a\n";
    let error = refused(Kind::Dockerfile, text);
    assert!(error.message.starts_with("no Dockerfile: "), "{}", error.message);
    assert_eq!(at(text, error.range.in_file(FileId(0))), "NONSENSE a");
}

const COMPOSE: &str = "\
x-base: &base
  init: true
  environment: [A=1, B]
services:
  # \u{e9} is two bytes
  web:
    <<: *base
    build: {context: web, dockerfile: prod.Dockerfile, target: end}
    command: a --b 'c d'
    stop_grace_period: 1m30s
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 99}
    deploy:
      resources:
        limits: {memory: 1G}
  db:
    image: postgres
    environment:
      C: 2
    command: [\"x\", \"y z\"]
";

#[test]
fn a_service_is_what_its_keys_and_the_merged_ones_say() {
    let processes = described(Kind::Compose, COMPOSE).processes;
    let [web, db] = &processes[..] else { panic!("two services") };
    assert_eq!((line(web).as_str(), line(db).as_str()), ("a --b c d", "x y z"));
    assert!(web.has_init && !db.has_init);
    assert_eq!(web.grace.map(|(grace, _)| grace), Some(Duration::from_secs(90)));
    let build = Build { dockerfile: "web/prod.Dockerfile".into(), target: Some("end".into()) };
    assert_eq!(web.build, Some(build));
    let limits: Vec<(&str, &str)> = web.limits.iter().map(|it| (it.name.as_str(), it.value.text.as_str())).collect();
    assert_eq!(limits, [("ulimit nofile", "1024"), ("ulimit nproc", "99"), ("limits.memory", "1G")]);
    assert_eq!(web.environment.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["A"]);
    assert_eq!(db.environment.iter().map(|it| it.value.text.as_str()).collect::<Vec<_>>(), ["2"]);
}

#[test]
fn a_service_that_another_waits_for_ends_by_itself() {
    let text = "services:\n  up:\n    image: a\n  db:\n    image: b\n  web:\n    depends_on:\n      \
                up: {condition: service_completed_successfully}\n      db: {condition: service_healthy}\n  \
                old:\n    depends_on: [web]\n";
    let processes = described(Kind::Compose, text).processes;
    let awaited: Vec<&str> =
        processes.iter().filter(|it| it.term == Term::Awaited).map(|it| it.name.as_str()).collect();
    assert_eq!(awaited, ["up"]);
}

#[test]
fn places_in_yaml_are_bytes() {
    let processes = described(Kind::Compose, COMPOSE).processes;
    assert_eq!(at(COMPOSE, processes[0].span), "web");
    let Some(Command { form: Form::Words(words), span }) = &processes[0].command else { panic!("words") };
    assert_eq!(at(COMPOSE, *span), "a --b 'c d'");
    assert_eq!(at(COMPOSE, words[2].span), "'c d'");
}

#[test]
fn yaml_that_is_broken_or_too_deep_is_refused() {
    assert!(refused(Kind::Compose, "services:\n  web: [\n").message.starts_with("no YAML: "));
    assert_eq!(refused(Kind::Compose, &"[".repeat(100)).message, "nested too deep");
    assert!(described(Kind::Compose, "services:\n  web: &web\n    extends: *web\n").processes.len() < 2);
    assert!(described(Kind::Compose, "- a list\n").processes.is_empty());
    assert!(described(Kind::Compose, "").processes.is_empty());
}

#[test]
fn a_unit_is_its_service_section() {
    let text = "[Unit]\nDescription=x\n\n[Service]\n# ExecStart=/old\nExecStartPre=/bin/true\nExecStart=-/usr/bin/a \\\n  --b \"c d\"\nEnvironment=A=1 \"B=2 3\"\nKillMode=mixed\nTimeoutStopSec=1min 30s\nMemoryMax=1G\n[Install]\nExecStart=/no\n";
    let processes = described(Kind::Unit, text).processes;
    let [unit] = &processes[..] else { panic!("one process") };
    assert_eq!(line(unit), "/usr/bin/a --b c d");
    assert_eq!(unit.signals, Signals::First);
    assert_eq!(unit.grace.map(|(grace, span)| (grace, at(text, span))), Some((Duration::from_secs(90), "1min 30s")));
    let variables: Vec<(&str, &str)> =
        unit.environment.iter().map(|it| (it.name.as_str(), it.value.text.as_str())).collect();
    assert_eq!(variables, [("A", "1"), ("B", "2 3")]);
    assert_eq!(unit.limits[0].name, "MemoryMax");
    assert!(described(Kind::Unit, "[Unit]\nDescription=no service\n").processes.is_empty());
}

#[test]
fn durations_are_read_in_all_their_spellings() {
    let read = super::unit::duration;
    assert_eq!(read("90"), Some(Duration::from_secs(90)));
    assert_eq!(read("1min 30s"), Some(Duration::from_secs(90)));
    assert_eq!(read("1h5m"), Some(Duration::from_secs(3900)));
    assert_eq!(read("1.5s"), Some(Duration::from_millis(1500)));
    assert_eq!(read("200ms"), Some(Duration::from_millis(200)));
    for bad in ["", "infinity", "s", "1 fortnight", "-1", "1e999999s"] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_procfile_has_a_process_per_line() {
    let text = "# none\nweb: a --port $PORT\nworker-2:  b | c\nnot a process\n";
    let processes = described(Kind::Procfile, text).processes;
    let lines: Vec<(&str, String)> = processes.iter().map(|it| (it.name.as_str(), line(it))).collect();
    assert_eq!(lines, [("web", "Replaced[a --port $PORT]".into()), ("worker-2", "Replaced[b; c]".into())]);
    assert_eq!(at(text, processes[1].command.as_ref().expect("a command").span), "b | c");
}

/// The bytes that the only suppression of a file covers.
fn covered(kind: Kind, text: &str) -> &str {
    let description = described(kind, text);
    let [only] = &description.suppressions[..] else { panic!("one suppression") };
    at(text, only.covers.in_file(FileId(0)))
}

#[test]
fn a_comment_covers_what_begins_below_it_or_its_line() {
    let docker = "FROM a\n# watertight: allow(x) -- y\nCMD a \\\n  b\n";
    assert_eq!(covered(Kind::Dockerfile, docker), "CMD a \\\n  b");
    let compose =
        "services:\n  # watertight: allow(x) -- y\n\n  web:\n    image: a\n    command: b\n  db:\n    image: c\n";
    assert_eq!(covered(Kind::Compose, compose), "web:\n    image: a\n    command: b");
    let behind = "services:\n  web:\n    command: b # watertight: allow(x) -- y\n    image: a\n";
    assert_eq!(covered(Kind::Compose, behind), "    command: b # watertight: allow(x) -- y");
    assert_eq!(covered(Kind::Script, "# watertight: allow(x) -- y\na b\nc\n"), "a b");
    assert_eq!(
        covered(Kind::Unit, "[Service]\n# watertight: allow-file(x) -- y\n"),
        "[Service]\n# watertight: allow-file(x) -- y\n"
    );
    assert_eq!(covered(Kind::Script, "a\n# watertight: allow(x) -- y\n"), "");
}

#[test]
fn only_comments_ask_for_silence() {
    assert!(described(Kind::Script, "echo x#watertight: allow\n").suppressions.is_empty());
    assert!(described(Kind::Script, "a # see watertight: allow(x)\n").suppressions.is_empty());
}

#[test]
fn what_is_meant_to_run_on_says_so() {
    let lasts = |kind: Kind, text: &str| {
        let process = described(kind, text).processes.pop().expect("a process");
        process.term.lasts().map(|span| at(text, span).to_owned())
    };
    let compose = |key: &str| lasts(Kind::Compose, &format!("services:\n  web:\n    image: web\n    {key}\n"));
    assert_eq!(compose("restart: unless-stopped").as_deref(), Some("unless-stopped"));
    assert_eq!(compose("ports: [80]").as_deref(), Some("ports"));
    assert_eq!(compose("restart: on-failure"), None, "it sets something up until that has worked");
    let unit = |keys: &str| lasts(Kind::Unit, &format!("[Service]\nExecStart=/usr/bin/web\n{keys}\n"));
    assert_eq!(unit("Restart=on-failure").as_deref(), Some("on-failure"));
    assert_eq!(unit("Restart=no"), None);
    assert_eq!(unit("Restart=always\nRestart="), None, "an empty value takes back what was said");
    assert_eq!(unit("Type=oneshot\nRestart=on-failure"), None, "a job is done some time");
    let image = |start: &str| lasts(Kind::Dockerfile, &format!("FROM debian\n{start}CMD [\"web\"]\n"));
    assert_eq!(image("EXPOSE 80\n").as_deref(), Some("EXPOSE"));
    assert_eq!(image("HEALTHCHECK CMD curl localhost\n").as_deref(), Some("HEALTHCHECK"));
    assert_eq!(image(""), None, "a tool in an image is a tool");
    assert_eq!(lasts(Kind::Procfile, "web: web serve").as_deref(), Some("web"));
    assert_eq!(lasts(Kind::Procfile, "release: web migrate"), None);
    let merged = "x-common: &common\n  restart: always\nservices:\n  migrate:\n    <<: *common\n    restart: \"no\"\n    image: web\n";
    let service = described(Kind::Compose, merged).processes.pop().expect("a service");
    assert_eq!(service.term, Term::Ending, "its own word counts");
}
