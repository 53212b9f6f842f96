//! What kind of program a binary is, what it reaches, and what can happen in one run of it.

use super::{Linked, packages, program};
use crate::workspace::TargetKind;

/// Why the only program is a service.
fn service(code: &Linked) -> Option<&str> {
    let [program] = code.index.programs() else { panic!("one program is expected") };
    program.service.as_ref().map(|label| label.text.as_str())
}

#[test]
fn what_serves_or_waits_in_a_loop_is_a_service() {
    let serves = program("async fn main() { run().await; } async fn run() { axum::serve(listener, app).await; }");
    assert_eq!(service(&serves), Some("serves until it is stopped"));
    let loops = program("async fn main() { loop { tokio::time::sleep(t).await; work(); } }");
    assert_eq!(service(&loops), Some("loops without end"));
    let consumes = program(
        "async fn main(mut rx: tokio::sync::mpsc::Receiver<u8>) { tokio::signal::ctrl_c().await; while let Some(x) = rx.recv().await {} }",
    );
    assert_eq!(service(&consumes), Some("loops without end"), "it listens to signals");
    let drains = program(
        "async fn main(mut rx: tokio::sync::mpsc::Receiver<u8>) { while let Some(x) = rx.recv().await {} } \
         async fn forgotten() { tokio::signal::ctrl_c().await; }",
    );
    assert_eq!(service(&drains), None, "no way leads to the signal");
}

#[test]
fn what_ends_by_itself_is_no_service() {
    let once = "fn main() { std::fs::write(\"x\", \"y\"); }";
    let retries = "async fn main() { loop { if done() { break; } tokio::time::sleep(t).await; } }";
    let items = "async fn main() { for x in list() { tokio::time::sleep(t).await; } }";
    let unreached = "fn main() {} async fn forgotten() { axum::serve(listener, app).await; }";
    for text in [once, retries, items, unreached] {
        assert_eq!(service(&program(text)), None, "{text}");
    }
}

#[test]
fn a_library_is_no_program_and_one_of_the_workspace_is_reached_through_its_callers() {
    let code = packages(&[
        ("shared", TargetKind::Lib, "pub async fn run() { axum::serve(l, a).await; } pub fn unused() { x(); }", &[]),
        ("server", TargetKind::Bin, "async fn main() { shared::run().await; }", &[("shared", "shared")]),
        ("tool", TargetKind::Bin, "fn main() {}", &[("shared", "shared")]),
    ]);
    let kinds: Vec<(&str, bool)> = code
        .index
        .programs()
        .iter()
        .map(|program| (code.index.crates()[program.krate.index()].name.as_str(), program.is_service()))
        .collect();
    assert_eq!(kinds, [("server", true), ("tool", false)]);
    let services = |text: &str| code.index.services_reaching(code.site(text).body).count();
    assert_eq!(services("axum::serve(l, a)"), 1);
    assert_eq!(services("x()"), 0);
}

#[test]
fn signals_are_found_wherever_they_are_listened_to() {
    let code = program(
        "use tokio::signal::{self, unix::{signal, SignalKind}}; async fn main() { signal::ctrl_c().await; } \
         async fn forgotten() { signal(SignalKind::terminate()); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    assert!(program.listens_to("interrupt") && program.listens_to("terminate"));
    assert!(!program.listens_to("hangup"));
    let reached = |name: &str| program.signals.iter().any(|at| at.reached && at.names.iter().any(|n| n == name));
    assert!(reached("interrupt"));
    assert!(!reached("terminate"));
}

#[test]
fn branches_of_one_choice_exclude_each_other() {
    let code = program(
        "fn main() { both(); match mode { 1 => one(), _ => two() } if x { three(); } else { four(); } other(); } \
         fn one() { a(); } fn two() { b(); } fn three() { c(); } fn four() { d(); } fn both() { e(); f(); } fn other() { g(); one(); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    let coexist = |first: &str, second: &str| code.index.coexist(program, code.site(first), code.site(second));
    assert!(coexist("e()", "f()"));
    assert!(coexist("e()", "a()"));
    assert!(coexist("a()", "c()"), "two choices");
    assert!(!coexist("c()", "d()"));
    assert!(coexist("a()", "b()"), "`one` is also called elsewhere");
    assert!(!coexist("three()", "four()"));
}
