//! What is gathered to be written later, and whether it is written at the end of the program.

use super::{Linked, program};

/// A service that gathers lines in a static; `how` is what empties it, `end` what `main` does behind the server.
fn service(how: &str, end: &str) -> Linked {
    program(&format!(
        "use std::sync::Mutex; use std::time::Duration; use axum::{{Router, routing::get}}; \
         static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new()); \
         async fn page() {{ LINES.lock().unwrap().push(String::new()); }} \
         async fn write(lines: Vec<String>) {{ tokio::fs::write(\"lines\", lines.join(\"\")).await.unwrap(); }} \
         async fn flush() {{ let lines = std::mem::take(&mut *LINES.lock().unwrap()); write(lines).await; }} \
         {how} async fn told() {{ tokio::signal::ctrl_c().await.unwrap(); }} \
         #[tokio::main] async fn main() {{ let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); \
         tokio::spawn(work()); \
         axum::serve(listener, Router::new().route(\"/\", get(page))).with_graceful_shutdown(told()).await.unwrap(); {end} }}"
    ))
}

fn left_behind(how: &str, end: &str) -> Vec<String> {
    let code = service(how, end);
    code.index.batches_left_behind().iter().map(|batch| code.index.keeper_words(batch.keeper)).collect()
}

const TICKS: &str = "async fn work() { loop { tokio::time::sleep(Duration::from_secs(1)).await; flush().await; } }";

#[test]
fn what_is_emptied_only_while_the_program_runs_is_left_behind() {
    assert_eq!(left_behind(TICKS, ""), ["LINES"]);
    let full = "async fn work() { more(String::new()).await } async fn more(line: String) { let lines = { let mut all = LINES.lock().unwrap(); all.push(line); \
                if all.len() < 9 { return; } std::mem::take(&mut *all) }; write(lines).await; }";
    assert_eq!(left_behind(full, "println!(\"bye\");"), ["LINES"]);
}

#[test]
fn what_may_be_emptied_at_the_end_is_not() {
    assert_eq!(left_behind(TICKS, "flush().await;"), [""; 0]);
    let over = "async fn work() { let mut x = 0; while x < 9 { tokio::time::sleep(Duration::from_secs(1)).await; flush().await; x += 1; } flush().await; }";
    assert_eq!(left_behind(over, ""), [""; 0]);
    let last = "async fn work() { loop { tokio::time::sleep(Duration::from_secs(1)).await; if over() { flush().await; break; } } } fn over() -> bool { true }";
    assert_eq!(left_behind(last, ""), [""; 0]);
    let stopping = format!("{TICKS} async fn stop() {{ flush().await }}");
    assert_eq!(left_behind(&stopping, ""), [""; 0]);
    let dropped = "struct Guard; impl Drop for Guard { fn drop(&mut self) { futures::executor::block_on(flush()); } } ";
    assert_eq!(left_behind(&format!("{TICKS} {dropped}"), ""), [""; 0]);
    let told = "enum Order { Flush, Go } async fn work() { let mut orders = orders(); while let Some(order) = orders.recv().await { \
                match order { Order::Flush => flush().await, Order::Go => {} } } } fn orders() -> tokio::sync::mpsc::Receiver<Order> { todo!() }";
    assert_eq!(left_behind(told, ""), [""; 0]);
    let by_name =
        format!("{TICKS} async fn ending(of: Unknown) {{ tokio::signal::ctrl_c().await.unwrap(); of.flush().await; }}");
    assert_eq!(left_behind(&by_name, ""), [""; 0]);
}

#[test]
fn what_is_not_written_or_not_collected_is_no_batch() {
    let counted = program(
        "use std::sync::Mutex; use axum::{Router, routing::get}; static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new()); \
         async fn page() -> usize { let mut seen = SEEN.lock().unwrap(); seen.push(String::new()); std::mem::take(&mut *seen).len() } \
         async fn told() { tokio::signal::ctrl_c().await.unwrap(); } \
         #[tokio::main] async fn main() { let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); \
         axum::serve(listener, Router::new().route(\"/\", get(page))).with_graceful_shutdown(told()).await.unwrap(); }",
    );
    assert!(counted.index.batches_left_behind().is_empty());
}

#[test]
fn what_is_saved_by_the_clock_alone_is_left_behind() {
    let saves = |callers: &str| {
        left_behind(
            &format!(
                "async fn save() {{ let text = LINES.lock().unwrap().join(\"\"); tokio::fs::write(\"all\", text).await.unwrap(); }} {callers}"
            ),
            "",
        )
    };
    let ticks = "async fn work() { loop { tokio::time::sleep(Duration::from_secs(1)).await; save().await; } }";
    assert_eq!(saves(ticks), ["LINES"]);
    let asked = format!("{ticks} async fn add(line: String) {{ LINES.lock().unwrap().push(line); save().await; }}");
    assert_eq!(saves(&asked), [""; 0]);
    assert_eq!(saves("async fn work() { save().await; }"), [""; 0]);
    let last = "async fn work() { while more() { tokio::time::sleep(Duration::from_secs(1)).await; save().await; } save().await; } fn more() -> bool { true }";
    assert_eq!(saves(last), [""; 0]);
}
