//! Tasks that pile up, what bounds them, and the two halves of what tells them to stop.

use super::program;

#[test]
fn what_a_loop_only_adds_to_is_a_pile() {
    let piles = |start: &str, turn: &str| {
        let code = program(&format!(
            "use tokio::task::JoinSet; async fn work() {{}} fn reap(set: &mut JoinSet<()>) {{}} \
             async fn one(set: &mut JoinSet<()>) {{ set.spawn(work()); }} \
             async fn turned(set: &mut JoinSet<()>) {{ set.spawn(work()); set.join_next().await; }} #[tokio::main] async fn main() {{ {start} \
             let mut tick = tokio::time::interval(std::time::Duration::from_secs(1)); loop {{ tick.tick().await; {turn} }} }}"
        ));
        code.index.piles().into_iter().map(|pile| pile.name).collect::<Vec<String>>()
    };
    let set = "let mut set = JoinSet::new();";
    assert_eq!(piles(set, "set.spawn(work());"), ["set"]);
    assert_eq!(piles(set, "for _ in 0..9 { set.spawn(work()); }"), ["set"]);
    assert_eq!(piles("let mut all = Vec::new();", "all.push(tokio::spawn(work()));"), ["all"]);
    assert_eq!(piles("let mut all = Vec::new();", "all.push(1);"), [""; 0]);
    assert_eq!(piles(set, "set.spawn(work()); set.join_next().await;"), [""; 0]);
    assert_eq!(piles(set, "set.spawn(work()); reap(&mut set);"), [""; 0]);
    assert_eq!(piles(set, "one(&mut set).await;"), ["set"]);
    assert_eq!(piles(set, "one(&mut set).await; set.join_next().await;"), [""; 0]);
    assert_eq!(piles(set, "turned(&mut set).await;"), [""; 0]);
    assert_eq!(piles("", &format!("{set} one(&mut set).await;")), [""; 0]);
    assert_eq!(piles("", &format!("{set} set.spawn(work());")), [""; 0]);
    // A loop that counts down ends by itself.
    let count = "let mut set = JoinSet::new(); let mut left = 9; while left > 0 { left -= 1; set.spawn(work()); tick.tick().await; }";
    assert_eq!(piles("", count), [""; 0]);
}

#[test]
fn a_permit_bounds_tasks() {
    let text = |body: &str| {
        format!(
            "use std::sync::Arc; use tokio::sync::Semaphore; async fn work() {{}} async fn take(slots: Arc<Semaphore>) {{ slots.acquire_owned().await; }} \
             async fn f(slots: Arc<Semaphore>) {{ {body} }} fn main() {{}}"
        )
    };
    let limited = |body: &str, spawn: &str| {
        let code = program(&text(body));
        let task = code.index.task_at(code.site(spawn)).expect("a task");
        code.index.is_limited(task)
    };
    assert!(!limited("tokio::spawn(work());", "tokio::spawn(work())"));
    assert!(limited("let slot = slots.acquire_owned().await; tokio::spawn(work());", "tokio::spawn(work())"));
    assert!(limited("take(slots).await; tokio::spawn(work());", "tokio::spawn(work())"));
    assert!(limited("tokio::spawn(take(slots));", "tokio::spawn(take(slots))"));
}

#[test]
fn halves_are_known_where_a_token_can_be_followed() {
    let halves = |body: &str| {
        let code = program(&format!(
            "use tokio::sync::watch; use tokio_util::sync::CancellationToken; async fn wait(token: CancellationToken) {{ token.cancelled().await; }} \
             async fn hear(mut stopped: watch::Receiver<bool>) {{ stopped.changed().await; }} struct Held {{ token: CancellationToken }} \
             #[tokio::main] async fn main() {{ {body} }}"
        ));
        code.index.tokens().iter().map(|t| (t.ordered.len(), t.heard.len())).collect::<Vec<_>>()
    };
    let token = "let token = CancellationToken::new();";
    assert_eq!(halves(&format!("{token} tokio::spawn(wait(token.clone()));")), [(0, 1)]);
    assert_eq!(
        halves(&format!("{token} let child = token.child_token(); wait(child).await; token.cancel();")),
        [(1, 1)]
    );
    assert_eq!(halves(&format!("{token} tokio::spawn(async move {{ token.cancelled().await }});")), [(0, 1)]);
    assert_eq!(halves(&format!("{token} let held = Held {{ token }};")), []);
    assert_eq!(halves(&format!("{token} elsewhere(token);")), []);
    assert_eq!(halves("let (_stop, stopped) = watch::channel(false); hear(stopped).await;"), [(0, 1)]);
    assert_eq!(halves("let (stop, stopped) = watch::channel(false); stop.send(true); hear(stopped).await;"), []);
    assert_eq!(halves("let (_, stopped) = watch::channel(false); hear(stopped).await;"), []);
}
