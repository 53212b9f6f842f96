//! What only a change from outside sets going, what a flag lets through once, and what ends a process.

use super::{Linked, program};

/// Whether the loop around a call in `work` only turns where something has changed outside.
fn turns_on_change(text: &str) -> bool {
    let code = program(text);
    let repeated = code.index.repeated(code.site("work()")).expect("a loop");
    code.index.is_repeated_by_change(&repeated)
}

const FED: &str = "use tokio::sync::mpsc; fn work() {} \
     fn watch() -> mpsc::Receiver<u8> { let (tx, rx) = mpsc::channel(8); \
     let watcher = notify::recommended_watcher(move |event| { tx.blocking_send(1); }).unwrap(); keep(watcher); rx }";

#[test]
fn a_loop_turns_on_change_where_only_a_watcher_feeds_it() {
    assert!(turns_on_change(&format!(
        "{FED} #[tokio::main] async fn main() {{ let mut changes = watch(); while let Some(c) = changes.recv().await {{ work(); }} }}"
    )));
    assert!(turns_on_change(&format!(
        "{FED} async fn pass_on(mut changes: mpsc::Receiver<u8>, to: mpsc::Sender<u8>) {{ loop {{ \
         if changes.recv().await.is_none() {{ return; }} tokio::time::sleep(pause()).await; to.send(1).await; }} }} \
         struct Reloads {{ from: mpsc::Receiver<u8> }} \
         impl Reloads {{ async fn run(&mut self, stop: tokio_util::sync::CancellationToken) {{ loop {{ tokio::select! {{ \
         Some(c) = self.from.recv() => work(), _ = stop.cancelled() => break }} }} }} }} \
         #[tokio::main] async fn main() {{ let (to, from) = mpsc::channel(8); tokio::spawn(pass_on(watch(), to)); \
         let mut reloads = Reloads {{ from }}; reloads.run(stop()).await; }}"
    )));
    assert!(turns_on_change(
        "fn work() {} #[tokio::main] async fn main() { let mut hangups = \
         tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).unwrap(); \
         loop { hangups.recv().await; work(); } }"
    ));
}

#[test]
fn a_loop_that_others_set_going_too_turns_on_more_than_change() {
    assert!(!turns_on_change(&format!(
        "{FED} #[tokio::main] async fn main() {{ let mut changes = watch(); let mut tick = tokio::time::interval(pause()); \
         loop {{ tokio::select! {{ Some(c) = changes.recv() => work(), _ = tick.tick() => work() }} }} }}"
    )));
    assert!(!turns_on_change(
        "use tokio::sync::mpsc; fn work() {} \
         #[actix_web::get(\"/\")] async fn home(jobs: actix_web::web::Data<mpsc::Sender<u8>>) { jobs.send(1).await; } \
         async fn serve(jobs: mpsc::Sender<u8>) { jobs.send(2).await; } \
         #[tokio::main] async fn main() { let (jobs, mut taken) = mpsc::channel(8); tokio::spawn(serve(jobs)); \
         while let Some(job) = taken.recv().await { work(); } }"
    ));
}

/// Whether a flag keeps all but the first away from `connect()`.
fn is_latched(more: &str) -> bool {
    let code = program(&format!(
        "use std::sync::Arc; use std::sync::atomic::{{AtomicBool, Ordering}}; struct State {{ live: AtomicBool }} \
         async fn join(state: Arc<State>) -> bool {{ if state.live.load(Ordering::Relaxed) {{ return false; }} \
         let made = connect(); state.live.store(true, Ordering::Relaxed); made }} fn connect() -> bool {{ true }} {more} fn main() {{}}"
    ));
    code.index.is_latched(code.site("connect()"))
}

#[test]
fn a_flag_that_is_never_set_back_lets_one_through() {
    assert!(is_latched("async fn show(state: Arc<State>) -> bool { state.live.load(Ordering::Relaxed) }"));
    assert!(!is_latched("async fn leave(state: Arc<State>) { state.live.store(false, Ordering::Relaxed); }"));
    assert!(!is_latched("async fn toggle(state: Arc<State>, on: bool) { state.live.store(on, Ordering::Relaxed); }"));
}

fn ends_after(code: &Linked, text: &str) -> bool {
    code.index.ends_the_process_after(code.site(text))
}

#[test]
fn a_process_ends_behind_what_leads_straight_to_its_exit() {
    let code = program(
        "fn stop(x: bool) { if x { first(); std::process::exit(1); } second(); loop { third(); if x { break; } } std::process::exit(0); } \
         fn main() { loop { fourth(); if done() { std::process::exit(0); } } }",
    );
    assert!(ends_after(&code, "first()") && ends_after(&code, "second()"));
    assert!(!ends_after(&code, "third()") && !ends_after(&code, "fourth()"));
}

#[test]
fn a_constructor_that_tests_alone_call_builds_for_tests() {
    let code = program(
        "struct Proxy { client: reqwest::Client } impl Proxy { fn new() -> Proxy { Proxy { client: first() } } \
         fn open() -> Proxy { Proxy { client: second() } } } \
         #[cfg(test)] mod tests { use super::Proxy; #[test] fn it_works() { Proxy::new(); Proxy::open(); } } \
         fn main() { Proxy::open(); } fn first() -> reqwest::Client { todo!() } fn second() -> reqwest::Client { todo!() }",
    );
    assert!(code.index.is_built_by_tests_alone(code.site("first()")));
    assert!(!code.index.is_built_by_tests_alone(code.site("second()")));
}

#[test]
fn texts_are_followed_to_where_they_are_written() {
    let code = program(
        "const PATH: &str = \"/v1\"; struct Router { url: String } impl Router { async fn ask(&self) { send(&self.url); } } \
         fn main() { let base = std::env::var(\"BASE\").unwrap_or_else(|_| \"http://localhost:1\".to_string()); \
         let router = Router { url: base.clone() + PATH }; serve(router); }",
    );
    let call = code.site("send(&self.url)");
    let crate::facts::model::Op::Call { arguments, .. } = &code.index.node(call).op else { panic!("a call") };
    let texts = code.index.texts_behind(super::Site { node: arguments[0], ..call });
    assert!(texts.iter().any(|text| text == "http://localhost:1"), "{texts:?}");
}
