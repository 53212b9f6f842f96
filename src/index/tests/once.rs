//! What is proved to run once, and all contexts that code runs in.

use super::{Linked, packages, program};
use crate::index::calls::contexts::Context;
use crate::workspace::TargetKind;

/// The proof that an expression runs once.
fn proof(code: &Linked, text: &str) -> Option<Vec<String>> {
    let evidence = code.index.runs_once(code.site(text))?;
    Some(evidence.into_iter().map(|label| label.text).collect())
}

fn contexts(code: &Linked, text: &str) -> Vec<Context> {
    code.index.contexts_of(code.site(text)).into_iter().map(|found| found.context).collect()
}

#[test]
fn what_only_main_leads_to_runs_once() {
    let code = program(
        "struct App; impl App { fn new() -> Self { first(); App } } \
         async fn main() { let app = App::new(); if x { second(); } tokio::spawn(async { third() }); spawned(); serve(app); } \
         fn second() { deep(); } fn spawned() { std::thread::spawn(|| fourth()); std::thread::spawn(fifth); } fn fifth() { sixth(); }",
    );
    for text in ["App::new()", "first()", "deep()", "third()", "fourth()", "sixth()"] {
        assert!(proof(&code, text).is_some(), "{text}");
    }
    assert_eq!(proof(&code, "deep()").expect("proved above"), ["`second` is called here", "`main` runs once"]);
}

#[test]
fn what_fills_a_static_runs_once_whoever_asks_for_it() {
    let code = program(
        "static CELL: std::sync::OnceLock<u8> = std::sync::OnceLock::new(); \
         static LAZY: std::sync::LazyLock<u8> = std::sync::LazyLock::new(|| lazily()); \
         #[actix_web::get(\"/\")] async fn home() { CELL.get_or_init(|| filled()); CELL.get_or_init(make); each(); } \
         fn make() -> u8 { made() } fn main() {}",
    );
    for text in ["filled()", "made()", "lazily()"] {
        assert!(proof(&code, text).is_some(), "{text}");
    }
    assert_eq!(proof(&code, "filled()").expect("proved above"), ["`CELL` is initialised once"]);
    assert_eq!(proof(&code, "made()").expect("proved above"), ["`make` is called here", "`CELL` is filled once"]);
    assert_eq!(proof(&code, "each()"), None);
}

#[test]
fn what_runs_again_is_not_proved() {
    let code = program(
        "thread_local! { static OWN: u8 = per_thread(); } const FIXED: u8 = per_use(); \
         fn main() { for x in list() { looped(); } list().iter().map(|x| each(x)); while more() { called(); } \
            axum::Router::new().route(\"/\", axum::routing::get(home)); recursive(3); } \
         fn called() { inner(); } async fn home() { handled(); } fn recursive(n: u8) { step(); recursive(n - 1); } \
         #[test] fn checks() { tested(); } impl Drop for Guard { fn drop(&mut self) { dropped(); } } struct Guard;",
    );
    let again = [
        "looped()",
        "each(x)",
        "more()",
        "inner()",
        "handled()",
        "step()",
        "tested()",
        "dropped()",
        "per_thread()",
        "per_use()",
    ];
    for text in again {
        assert_eq!(proof(&code, text), None, "{text}");
    }
    assert!(proof(&code, "list()").is_some(), "what is iterated over is evaluated once");
}

#[test]
fn what_is_not_understood_is_not_proved() {
    let code = program(
        "struct App; impl App { fn load(&self) { a(); } fn open() { b(); } } \
         fn main(app: App, thing: X, mut list: Vec<u8>) { app.load(); App::open(); handed_on(|| c()); thing.run(|| d()); \
            let twice = || e(); twice(); twice(); let once = || f(); once(); let kept = g1; keep(kept); \
            let boxed = Box::new(|| i()); loop { boxed(); } Some(3).map(|x| j()); list.sort_by_key(|x| k()); } \
         fn g1() { g(); } fn nobody() { h(); } fn other(thing: X) { thing.load(); }",
    );
    assert_eq!(proof(&code, "a()"), None, "`thing.load()` may be `App::load`");
    assert!(proof(&code, "b()").is_some());
    assert_eq!(proof(&code, "c()"), None, "nothing is known of `handed_on`");
    assert_eq!(proof(&code, "d()"), None);
    assert_eq!(proof(&code, "e()"), None, "it is called twice");
    assert!(proof(&code, "f()").is_some());
    assert_eq!(proof(&code, "g()"), None, "where the function goes is not known");
    assert_eq!(proof(&code, "h()"), None, "nobody calls it");
    assert_eq!(proof(&code, "i()"), None, "a box keeps it");
    assert!(proof(&code, "j()").is_some());
    assert_eq!(proof(&code, "k()"), None);
}

#[test]
fn a_library_runs_once_where_its_programs_say_so() {
    let code = packages(&[
        ("shared", TargetKind::Lib, "pub fn init() { first(); } pub fn open() { second(); }", &[]),
        (
            "server",
            TargetKind::Bin,
            "fn main() { shared::init(); for x in y { shared::open(); } }",
            &[("shared", "shared")],
        ),
        ("tool", TargetKind::Bin, "fn main() { shared::init(); shared::open(); }", &[("shared", "shared")]),
    ]);
    assert!(proof(&code, "first()").is_some());
    assert_eq!(proof(&code, "second()"), None);
}

#[test]
fn all_contexts_are_told_each_by_the_shortest_way() {
    let code = program(
        "fn main() { start(); axum::Router::new().route(\"/\", axum::routing::get(home)); \
            tokio::spawn(async { loop { shared(); } }); std::thread::spawn(back); } \
         fn start() { shared(); } async fn home() { shared(); } fn back() { shared(); } fn shared() { work(); } \
         struct G; impl Drop for G { fn drop(&mut self) { shared(); } } #[test] fn checks() { shared(); } fn nobody() { lost(); }",
    );
    let all = [Context::Request, Context::Iteration, Context::Task, Context::Thread, Context::Drop, Context::Test];
    assert_eq!(contexts(&code, "work()"), all);
    assert_eq!(contexts(&code, "start()"), [Context::Once]);
    assert_eq!(contexts(&code, "lost()"), []);
    let found = code.index.contexts_of(code.site("work()"));
    let request = found.iter().find(|found| found.context == Context::Request).expect("it is among them");
    let told: Vec<&str> = request.evidence.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(told, ["`shared` is called here", "`home` is run for every request here"]);
}

#[test]
fn shutdown_and_workers_are_contexts_of_their_own() {
    let code = program(
        "fn main() { actix_web::HttpServer::new(|| worker()); rocket::build().attach(rocket::fairing::AdHoc::on_shutdown(\"x\", |_| end())); }",
    );
    assert_eq!(contexts(&code, "worker()"), [Context::Worker]);
    assert_eq!(contexts(&code, "end()"), [Context::Once, Context::Shutdown]);
}

#[test]
fn what_a_flag_lets_through_once_is_not_repeated() {
    let code = program(
        "use std::sync::atomic::{AtomicBool, Ordering}; struct Reaper { started: AtomicBool } impl Reaper { \
         fn ensure(&self) { if !self.started.swap(true, Ordering::SeqCst) { swapped(); } again(); } \
         fn start(&self) { if self.started.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_err() { return; } exchanged(); } \
         fn stop(&self) { if self.started.swap(false, Ordering::SeqCst) { stopped(); } } } \
         #[actix_web::get(\"/\")] async fn home(reaper: &Reaper) { reaper.ensure(); reaper.start(); reaper.stop(); } fn main() {}",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).is_some();
    let all = ["swapped()", "exchanged()", "again()", "stopped()"].map(repeats);
    assert_eq!(all, [false, false, true, true]);
}
