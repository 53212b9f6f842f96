//! What is alive when a program is told to stop, who owns it and what stops it.

use super::{Linked, packages, program};
use crate::index::programs::inventory::{Living, Owner, Stop};
use crate::workspace::TargetKind;

/// What is alive in the only program, apart from what stands beside each test: `what: owner, stop`.
fn alive(code: &Linked) -> Vec<String> {
    let [inventory] = &code.index.inventory(&|_| true)[..] else { panic!("one program is expected") };
    inventory.alive.iter().map(shown).collect()
}

fn shown(living: &Living) -> String {
    let owner = match &living.owner {
        Owner::Static(name) | Owner::Field(name) | Owner::Function(name) => name.clone(),
        Owner::Variable(name, function) => format!("{name} in {function}"),
        Owner::HandedOn => "handed on".to_owned(),
        Owner::Detached => "nobody".to_owned(),
    };
    let stop = match &living.stop {
        Stop::Call(_) => "stopped",
        Stop::Elsewhere(_) => "not at shutdown",
        Stop::Dropped => "dropped",
        Stop::Itself(label) => &label.text,
        Stop::Unknown => "unknown",
        Stop::Nothing => "nothing",
    };
    format!("{}: {owner}, {stop}", living.what)
}

#[test]
fn what_is_waited_for_on_the_spot_is_a_helper_of_its_callers() {
    let code = program(
        "async fn blocking<F: FnOnce() -> R, R>(job: F) -> R { \
             match tokio::task::spawn_blocking(job).await { Ok(value) => value, Err(error) => match error.try_into_panic() { \
                 Ok(panic) => std::panic::resume_unwind(panic), Err(_) => unreachable!() } } } \
         async fn main() { blocking(|| work()).await; axum::serve(l, a).await; }",
    );
    assert_eq!(alive(&code), ["server: main, nothing"]);
}

#[test]
fn what_a_thread_takes_along_lives_as_long_as_the_thread() {
    let code = program(
        "fn main() { jobs(); rouille::start_server(\"a\", handler); } \
         fn jobs() { \
             let runtime = tokio::runtime::Runtime::new().unwrap(); \
             let first = std::fs::File::open(\"first\").unwrap(); \
             std::thread::spawn(move || { \
                 read(&first); \
                 let log = std::fs::File::create(\"log\").unwrap(); \
                 { let once = std::fs::File::open(\"once\").unwrap(); read(&once); } \
                 loop { runtime.block_on(tokio::time::sleep(t)); note(&log); } \
             }); } \
         fn read(file: &std::fs::File) {} fn note(file: &std::fs::File) {}",
    );
    let expected = ["runtime: runtime in jobs, nothing", "thread: nobody, nothing", "file: log in jobs, nothing"];
    assert_eq!(alive(&code), [&["server: main, nothing"][..], &expected[..]].concat());
}

#[test]
fn what_a_task_makes_before_it_settles_down_lives_as_long_as_the_task() {
    let code = program(
        "async fn main() { tokio::spawn(metrics()); tokio::spawn(report()); axum::serve(l, a).await; } \
         async fn metrics() { let listener = tokio::net::TcpListener::bind(\"a\").await.unwrap(); axum::serve(listener, app).await; } \
         async fn report() { let listener = tokio::net::TcpListener::bind(\"b\").await.unwrap(); tell(&listener); } \
         fn tell(listener: &tokio::net::TcpListener) {}",
    );
    let of_metrics = "listener: listener in metrics, ends with its server";
    assert_eq!(alive(&code).iter().filter(|line| line.starts_with("listener")).collect::<Vec<_>>(), [of_metrics]);
}

#[test]
fn what_a_library_makes_that_nobody_described_is_what_the_workspace_says_it_is() {
    let bound = |body: &str| {
        let text = format!(
            "use tokio::net::TcpListener; \
             async fn listen(port: u16) -> nets::Outcome<TcpListener> {{ {body} }} \
             async fn run(first: &TcpListener, second: &TcpListener) {{ loop {{ first.accept().await; }} }} \
             async fn main() {{ let first = listen(1).await?; let second = listen(2).await?; run(&first, &second).await; }}"
        );
        let code = packages(&[("site", TargetKind::Bin, &text, &[("nets", "nets"), ("tokio", "tokio")])]);
        alive(&code)
    };
    let both = ["listener: first in main, nothing", "listener: second in main, nothing"];
    assert_eq!(bound("if port == 0 { return Err(no()); } nets::bind(port).await"), both);
    assert_eq!(bound("if port == 0 { return Err(no()); } nets::shared().await"), [""; 0], "it may be there already");
}

#[test]
fn a_variable_has_one_thing_at_a_time() {
    let code = program(
        "async fn main() { let mut listener = tokio::net::TcpListener::bind(\"a\").await.unwrap(); \
         if moved() { listener = tokio::net::TcpListener::bind(\"b\").await.unwrap(); } loop { listener.accept().await; } }",
    );
    assert_eq!(alive(&code), ["listener: listener in main, dropped"]);
}

#[test]
fn a_static_of_a_type_that_nobody_described_owns_what_it_is_made_of() {
    let code = program(
        "static CHAIN: tokio::sync::OnceCell<credentials::Chain> = tokio::sync::OnceCell::const_new(); \
         static START: std::sync::Once = std::sync::Once::new(); \
         async fn chain() { CHAIN.get_or_init(|| async { let client = reqwest::Client::new(); credentials::Chain::of(client) }).await; \
             START.call_once(|| told(reqwest::Client::new())); } \
         async fn main() { chain().await; axum::serve(l, a).await; }",
    );
    let clients: Vec<String> = alive(&code).into_iter().filter(|line| line.starts_with("http client")).collect();
    assert_eq!(clients, ["http client: main::CHAIN, unknown"]);
}

#[test]
fn an_attribute_can_bring_a_runtime() {
    let main = |text: &str| alive(&packages(&[("site", TargetKind::Bin, text, &[("tokio", "tokio")])]));
    let runtime = "runtime: main, ends when the function returns";
    let serves = "#[tokio::main] async fn main() { loop { tokio::time::sleep(t).await; beat(); } }";
    assert_eq!(main(serves), [runtime]);
    assert_eq!(main("#[tokio::main] async fn main() { work().await; }"), [""; 0], "it is gone before anybody asks");
}
