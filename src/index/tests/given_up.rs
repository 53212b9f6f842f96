//! Who gives up a future besides itself, and which wait lets a task run on.

use super::{Linked, program};

/// Whether somebody gives up what is served in `serve`.
fn is_given_up(text: &str) -> bool {
    let code = program(&format!(
        "async fn serve(app: axum::Router) {{ let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); axum::serve(listener, app).await.unwrap(); }} {text}"
    ));
    code.index.given_up_by(code.site("axum::serve(listener, app)")).is_some()
}

#[test]
fn a_future_is_given_up_where_it_is_awaited() {
    assert!(is_given_up(
        "async fn main() { tokio::select! { _ = serve(app()) => {} _ = tokio::signal::ctrl_c() => {} } }"
    ));
    assert!(is_given_up(
        "async fn outer() { serve(app()).await } async fn main() { let served = outer(); tokio::pin!(served); \
         tokio::select! { _ = &mut served => {} _ = told() => {} } } async fn told() { tokio::signal::ctrl_c().await; }"
    ));
    assert!(is_given_up(
        "fn start() -> tokio::task::JoinHandle<()> { tokio::spawn(async move { serve(app()).await; }) } \
         async fn run(token: tokio_util::sync::CancellationToken) { let mut task = start(); \
         tokio::select! { _ = &mut task => {} _ = token.cancelled() => task.abort() } } fn main() {}"
    ));
    assert!(!is_given_up("async fn main() { serve(app()).await }"));
    assert!(!is_given_up("async fn main() { tokio::spawn(serve(app())); tokio::signal::ctrl_c().await; }"));
    assert!(
        !is_given_up(
            "async fn main() { tokio::select! { _ = serve(app()) => {} _ = work() => {} } } async fn work() { loop { tokio::time::sleep(d()).await; } }"
        ),
        "both go on for ever"
    );
}

#[test]
fn a_future_is_given_up_by_what_it_is_handed_to() {
    let guard = "struct Guard { token: tokio_util::sync::CancellationToken } impl Guard { \
         fn spawn<T: std::future::Future>(&self, task: T) { self.inner(task) } \
         fn inner<T: std::future::Future>(&self, task: T) { let token = self.token.clone(); \
         tokio::spawn(async move { tokio::select! { _ = task => {} _ = token.cancelled() => {} } }); } }";
    assert!(is_given_up(&format!("{guard} fn main(guard: Guard) {{ guard.spawn(serve(app())); }}")));
    assert!(is_given_up(&format!(
        "{guard} async fn wrapped<T: std::future::Future>(task: T) {{ task.await; }} \
         fn main(guard: Guard) {{ guard.spawn(wrapped(async {{ serve(app()).await; }})); }}"
    )));
    assert!(!is_given_up(
        "fn keep<T: std::future::Future>(task: T) { tokio::spawn(task); } fn main() { keep(serve(app())); }"
    ));
}

fn outlived(code: &Linked, spawn: &str) -> bool {
    let task = code.index.task_at(code.site(spawn)).expect("a task");
    code.index.outlived_wait(task).is_some()
}

#[test]
fn a_task_outlives_a_wait_that_drops_its_handle() {
    let code = program(
        "async fn f() -> Result<(), E> { \
         tokio::time::timeout(limit(), tokio::spawn(first())).await; \
         let second = { let both = tokio::task::spawn(async move { tokio::join!(a(), b()) }); tokio::time::timeout(limit(), both).await.map_err(|_| E::Late)? }; \
         let mut third = tokio::spawn(third()); if tokio::time::timeout(limit(), &mut third).await.is_err() { third.abort(); } \
         let fourth = tokio::spawn(fourth()); let stop = fourth.abort_handle(); if tokio::time::timeout(limit(), fourth).await.is_err() { stop.abort(); } \
         tokio::spawn(fifth()).await; } fn main() {}",
    );
    assert!(outlived(&code, "tokio::spawn(first())"));
    assert!(outlived(&code, "tokio::task::spawn(async move { tokio::join!(a(), b()) })"));
    assert!(!outlived(&code, "tokio::spawn(third())"));
    assert!(!outlived(&code, "tokio::spawn(fourth())"));
    assert!(!outlived(&code, "tokio::spawn(fifth())"));
}

#[test]
fn a_task_loses_a_race_that_is_given_its_handle() {
    let race = |spawned: &str, arms: &str, behind: &str| {
        let code = program(&format!(
            "async fn f(news: tokio::sync::broadcast::Sender<String>) {{ let mut heard = news.subscribe(); \
             {spawned} let other = tokio::spawn(async move {{ work().await }}); tokio::select! {{ {arms} }} {behind} }} async fn work() {{}} fn main() {{}}"
        ));
        let task = code.index.tasks().iter().min_by_key(|task| task.spawn.node).expect("a task");
        (code.index.lost_race(task).is_some(), code.index.hears_others(task).is_some())
    };
    let loops = "let one = tokio::spawn(async move { while let Ok(text) = heard.recv().await { send(text).await; } });";
    let leaves = "let one = tokio::spawn(async move { while let Ok(text) = heard.recv().await { if text.is_empty() { break; } } });";
    let told = "let token = tokio_util::sync::CancellationToken::new(); \
         let one = tokio::spawn(async move { loop { tokio::select! { Ok(text) = heard.recv() => {} _ = token.cancelled() => break } } });";
    let both = "_ = one => {} _ = other => {}";
    assert_eq!(race(loops, both, ""), (true, true));
    assert_eq!(race(leaves, both, ""), (true, false), "what it hears may end it");
    assert_eq!(race(told, both, ""), (true, false), "a token ends it");
    assert_eq!(race(loops, "_ = &mut one => {} _ = other => one.abort()", ""), (false, true));
    assert_eq!(race(loops, both, "drop(news);"), (false, true), "that may end it");
}

#[test]
fn what_gives_up_the_wait_for_a_task_does_not_give_up_its_work() {
    let code = program(
        "async fn answer() { let task = tokio::spawn(async move { first().await; }); tokio::time::timeout(t(), task).await; \
         tokio::time::timeout(t(), second()).await; tokio::time::timeout(t(), tokio::spawn(outer())).await; } \
         async fn outer() { third().await; } async fn first() {} async fn second() {} async fn third() {} fn main() {}",
    );
    assert!(code.index.given_up_at(code.site("first()")).is_none());
    assert!(code.index.given_up_at(code.site("second()")).is_some());
    assert!(code.index.given_up_at(code.site("third()")).is_none());
}
