//! What ends tasks and programs: handles, loops, the way from `main` to where it serves, and what comes behind.

use super::{Linked, program};
use crate::catalogue::Effect;
use crate::index::flow::time_bounds::{Bound, Callers};
use crate::index::tasks::{End, Handle};

fn task(text: &str, spawn: &str) -> (&'static str, &'static str) {
    let code = program(&format!("{text} fn main() {{}}"));
    let task = code.index.task_at(code.site(spawn)).unwrap_or_else(|| panic!("`{spawn}` spawns nothing"));
    let handle = match task.handle {
        Handle::Dropped => "dropped",
        Handle::Ended(_) => "ended",
        Handle::Kept => "kept",
        Handle::Tracked => "tracked",
    };
    let end = match task.end {
        End::ByItself => "by itself",
        End::WithChannel(_) => "with its channel",
        End::WithReader(_) => "with its reader",
        End::WhenTold(_) => "when told",
        End::Unknown => "unknown",
        End::Fails(_) => "fails",
        End::Never(_) => "never",
    };
    (handle, end)
}

#[test]
fn functions_that_spawn_what_they_are_given_spawn_where_they_are_called() {
    let endless = "async fn work() { loop { tokio::time::sleep(d).await; } }";
    let text = |spawner: &str, body: &str| format!("{endless} {spawner} fn f() {{ {body} }}");
    let of = |spawner: &str| task(&text(spawner, "run(work());"), "run(work())");
    let given = "use std::future::Future; fn run<F: Future<Output = ()> + Send + 'static>(work: F)";
    assert_eq!(of(&format!("{given} {{ tokio::spawn(work); }}")), ("dropped", "never"));
    assert_eq!(of(&format!("{given} {{ tokio::spawn(async move {{ work.await; told(); }}); }}")), ("dropped", "never"));
    assert_eq!(of(&format!("{given} {{ let boxed = Box::pin(work); tokio::spawn(boxed); }}")), ("dropped", "never"));
    assert_eq!(
        of(&format!("{given} {{ run_on(work); }} fn run_on(w: impl Future) {{ tokio::spawn(w); }}")),
        ("dropped", "never")
    );
    assert_eq!(of(&format!("{given} -> tokio::task::JoinHandle<()> {{ tokio::spawn(work) }}")).0, "dropped");
    assert_eq!(
        of(&format!("{given} -> Task {{ Task(tokio::spawn(work)) }} struct Task(tokio::task::JoinHandle<()>);")).0,
        "kept"
    );
    let raced = format!(
        "{given} {{ tokio::spawn(async move {{ tokio::select! {{ _ = work => {{}}, _ = stop() => {{}} }} }}); }}"
    );
    assert_eq!(of(&raced), ("dropped", "unknown"));
    let blocking = "fn run(work: impl FnOnce() + Send + 'static) { std::thread::spawn(move || work()); }";
    let looping = text(blocking, "run(|| loop { std::thread::sleep(d); });");
    assert_eq!(task(&looping, "run(|| loop { std::thread::sleep(d); })"), ("dropped", "never"));
    let through_a_trait = "use std::future::Future; trait Runs { fn run(&self, work: impl Future); } struct Own; \
         impl Runs for Own { fn run(&self, work: impl Future) { tokio::spawn(work); } }";
    let called = format!("{endless} {through_a_trait} fn f(on: &dyn Runs) {{ on.run(work()); }}");
    assert_eq!(task(&called, "on.run(work())"), ("dropped", "never"));
    let here = program(&format!(
        "{endless} use std::future::Future; async fn run(work: impl Future) {{ work.await; }} \
         async fn f() {{ run(work()).await; }} fn main() {{}}"
    ));
    assert!(here.index.task_at(here.site("run(work())")).is_none());
}

#[test]
fn handles_are_dropped_kept_or_waited_for() {
    let spawn = "tokio::spawn(work())";
    let text = |body: &str| format!("async fn work() {{}} async fn f() {{ {body} }}");
    assert_eq!(task(&text("tokio::spawn(work());"), spawn).0, "dropped");
    assert_eq!(task(&text("let _ = tokio::spawn(work());"), spawn).0, "dropped");
    assert_eq!(task(&text("let handle = tokio::spawn(work());"), spawn).0, "dropped");
    assert_eq!(task(&text("tokio::spawn(work()).await;"), spawn).0, "ended");
    assert_eq!(task(&text("let handle = tokio::spawn(work()); handle.await;"), spawn).0, "ended");
    assert_eq!(task(&text("let handle = tokio::spawn(work()); handle.abort();"), spawn).0, "ended");
    assert_eq!(
        task(
            &text("let mut handle = tokio::spawn(work()); tokio::select! { _ = &mut handle => {} _ = other() => {} }"),
            spawn
        )
        .0,
        "ended"
    );
    assert_eq!(task(&text("let mut all = Vec::new(); all.push(tokio::spawn(work()));"), spawn).0, "kept");
    assert_eq!(task(&text("let handle = tokio::spawn(work()); keep(handle);"), spawn).0, "kept");
    assert_eq!(task(&text("let handle = tokio::spawn(work()); keep(handle.abort_handle());"), spawn).0, "kept");
    assert_eq!(task(&text("let handle = tokio::spawn(work()); log(handle.is_finished());"), spawn).0, "dropped");
    assert_eq!(
        task("async fn work() {} fn f() -> tokio::task::JoinHandle<()> { tokio::spawn(work()) }", spawn).0,
        "kept"
    );
    assert_eq!(
        task(
            "async fn work() {} async fn f() { let mut set = tokio::task::JoinSet::new(); set.spawn(work()); }",
            "set.spawn(work())"
        )
        .0,
        "tracked"
    );
    assert_eq!(
        task(
            "async fn work() {} fn f(shared: &std::sync::Mutex<tokio::task::JoinSet<()>>) { let mut set = shared.lock().unwrap(); set.spawn(work()); }",
            "set.spawn(work())"
        )
        .0,
        "tracked"
    );
    assert_eq!(task("fn f() { std::thread::spawn(|| {}).join(); }", "std::thread::spawn(|| {})").0, "ended");
}

#[test]
fn loops_say_what_ends_a_task() {
    let end = |body: &str| {
        let spawn = format!("tokio::spawn(async move {{ {body} }})");
        task(&format!("use tokio::sync::mpsc; use std::time::Duration; fn f(mut rx: mpsc::Receiver<u8>, mut stop: mpsc::Receiver<()>, token: tokio_util::sync::CancellationToken, flag: std::sync::Arc<std::sync::atomic::AtomicBool>) {{ {spawn}; }}"), &spawn).1
    };
    assert_eq!(end("work().await;"), "by itself");
    assert_eq!(end("loop { tokio::time::sleep(Duration::from_secs(1)).await; }"), "never");
    assert_eq!(end("loop { if done() { break; } }"), "by itself");
    assert_eq!(end("loop { let x = rx.recv().await.unwrap(); use_it(x); }"), "with its channel");
    assert_eq!(end("loop { std::fs::read(\"x\")?; }"), "fails");
    assert_eq!(end("loop { async { std::fs::read(\"x\")? }.await; }"), "never");
    assert_eq!(end("while let Some(x) = rx.recv().await { use_it(x); }"), "with its channel");
    assert_eq!(end("loop { tokio::select! { _ = token.cancelled() => break, _ = work() => {} } }"), "when told");
    assert_eq!(end("loop { tokio::select! { _ = stop.recv() => break, _ = work() => {} } }"), "when told");
    assert_eq!(end("while !flag.load(std::sync::atomic::Ordering::Relaxed) { work().await; }"), "when told");
    assert_eq!(
        end("loop { if flag.load(std::sync::atomic::Ordering::Relaxed) { break; } work().await; }"),
        "when told"
    );
    assert_eq!(end("loop { let on = flag.load(std::sync::atomic::Ordering::Relaxed); tell(on).await; }"), "never");
    assert_eq!(end("loop { tokio::spawn(async { loop {} }); break; }"), "by itself");
}

#[test]
fn a_poll_that_only_a_failed_send_ends_ends_with_its_reader() {
    let end = |body: &str| {
        let spawn = format!("tokio::spawn(async move {{ loop {{ {body} }} }})");
        task(
            &format!("use tokio::sync::mpsc; fn f(tx: mpsc::Sender<u8>, mut rx: mpsc::Receiver<u8>) {{ {spawn}; }}"),
            &spawn,
        )
        .1
    };
    let pause = "tokio::time::sleep(std::time::Duration::from_secs(1)).await;";
    assert_eq!(
        end(&format!("{pause} for x in news() {{ if tx.send(x).await.is_err() {{ return; }} }}")),
        "with its reader"
    );
    assert_eq!(
        end(&format!("{pause} if let Some(x) = new() {{ let Ok(()) = tx.send(x).await else {{ break }}; }}")),
        "with its reader"
    );
    assert_eq!(
        end(&format!("{pause} if old() {{ continue; }} if tx.send(1).await.is_err() {{ break; }}")),
        "with its reader"
    );
    // Every turn sends, so that none is slept through after the reader is gone.
    assert_eq!(end(&format!("{pause} if tx.send(1).await.is_err() {{ break; }}")), "by itself");
    assert_eq!(
        end(&format!(
            "{pause} match new() {{ Some(x) => if tx.send(x).await.is_err() {{ break; }}, None => if tx.send(0).await.is_err() {{ break; }} }}"
        )),
        "by itself"
    );
    // It is done at some time, or asks whether it is.
    assert_eq!(
        end(&format!(
            "{pause} if done() {{ break; }} for x in news() {{ if tx.send(x).await.is_err() {{ return; }} }}"
        )),
        "by itself"
    );
    assert_eq!(
        end(&format!(
            "{pause} if tx.is_closed() {{ break; }} for x in news() {{ if tx.send(x).await.is_err() {{ return; }} }}"
        )),
        "when told"
    );
    assert_eq!(
        end(
            "tokio::select! { _ = tx.closed() => break, _ = later() => {} } for x in news() { if tx.send(x).await.is_err() { return; } }"
        ),
        "when told"
    );
    // What waits for news is no poll.
    assert_eq!(end("let x = rx.recv().await; for x in x { if tx.send(x).await.is_err() { return; } }"), "by itself");
}

#[test]
fn what_a_task_calls_is_looked_into() {
    let text = "async fn inner() { loop { tokio::time::sleep(std::time::Duration::from_secs(1)).await; } } async fn outer() { inner().await } fn f() { tokio::spawn(outer()); }";
    assert_eq!(task(text, "tokio::spawn(outer())"), ("dropped", "never"));
    let raced = "async fn inner() { loop { tokio::time::sleep(std::time::Duration::from_secs(1)).await; } } fn f(other: Other) { tokio::spawn(async { tokio::select! { _ = inner() => {} _ = other.done() => {} } }); }";
    assert_eq!(task(raced, &raced[raced.find("tokio::spawn").unwrap()..raced.len() - 3]).1, "by itself");
    assert_eq!(task("fn f(work: Work) { tokio::spawn(work.run()); }", "tokio::spawn(work.run())").1, "unknown");
}

#[test]
fn a_set_behind_a_lock_knows_its_tasks() {
    let locked = |ty: &str, lock: &str| {
        let text = format!(
            "struct S {{ tasks: {ty} }} impl S {{ async fn f(&self) {{ self.tasks.{lock}.spawn(work()); }} }} async fn work() {{}}"
        );
        let code = program(&format!("{text} fn main() {{}}"));
        let spawn = format!("self.tasks.{lock}.spawn(work())");
        code.index.task_at(code.site(&spawn)).map(|task| task.handle.clone())
    };
    let set = "tokio::task::JoinSet<()>";
    let of = [
        locked(&format!("std::sync::Mutex<{set}>"), "lock().unwrap()"),
        locked(&format!("std::sync::Arc<tokio::sync::Mutex<{set}>>"), "lock().await"),
    ];
    assert_eq!(of, [Some(Handle::Tracked), Some(Handle::Tracked)]);
}

#[test]
fn what_a_task_does_is_known_through_its_calls() {
    let code = program(
        "use std::time::Duration; async fn save() { tokio::fs::write(\"state\", \"\").await; } async fn look() { tokio::fs::read(\"state\").await; } \
         fn f(token: tokio_util::sync::CancellationToken) { tokio::spawn(async { loop { save().await; } }); tokio::spawn(async { loop { look().await; } }); \
         tokio::spawn(async move { loop { step(&token).await; } }); tokio::spawn(listen()); } \
         async fn step(token: &tokio_util::sync::CancellationToken) { token.cancelled().await; } \
         async fn listen() { let l = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); loop { l.accept().await; } } fn main() {}",
    );
    let task = |text: &str| code.index.task_at(code.site(text)).expect("a task");
    let saves = task("tokio::spawn(async { loop { save().await; } })");
    let looks = task("tokio::spawn(async { loop { look().await; } })");
    let effects = |task| code.index.changes_of(task).into_iter().map(|(_, effect)| effect).collect::<Vec<_>>();
    assert_eq!(effects(saves), [Effect::File]);
    assert_eq!(effects(looks), []);
    assert!(!code.index.listens(saves) && !code.index.is_server(saves));
    assert!(code.index.listens(task("tokio::spawn(async move { loop { step(&token).await; } })")));
    assert!(code.index.is_server(task("tokio::spawn(listen())")));
}

fn phases(code: &Linked, text: &str) -> (bool, bool) {
    let program = &code.index.programs()[0];
    let site = code.site(text);
    (code.index.runs_at_start(program, site), code.index.runs_at_shutdown(program, site))
}

#[test]
fn a_program_starts_serves_and_stops() {
    let code = program(
        "use axum::Router; async fn handler() { while_serving(); } fn while_serving() {} fn setup() { deep_setup(); } fn deep_setup() {} fn cleanup() { deep_cleanup(); } fn deep_cleanup() {} \
         async fn serve(app: Router) { prepare(); let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); axum::serve(listener, app).await.unwrap(); inner_cleanup(); } fn prepare() {} fn inner_cleanup() {} \
         async fn background() { tokio::signal::ctrl_c().await; on_signal(); } fn on_signal() {} \
         #[tokio::main] async fn main() { setup(); tokio::spawn(background()); let app = Router::new().route(\"/\", axum::routing::get(handler)); serve(app).await; cleanup(); }",
    );
    let (start, serving, stop) = ((true, false), (false, false), (false, true));
    assert_eq!(phases(&code, "setup()"), start);
    assert_eq!(phases(&code, "deep_setup()"), start);
    assert_eq!(phases(&code, "prepare()"), start);
    assert_eq!(phases(&code, "while_serving()"), serving);
    assert_eq!(phases(&code, "inner_cleanup()"), stop);
    assert_eq!(phases(&code, "cleanup()"), stop);
    assert_eq!(phases(&code, "deep_cleanup()"), stop);
    assert_eq!(phases(&code, "on_signal()"), stop);
    let program = &code.index.programs()[0];
    let order = |text: &str| code.index.shutdown_order(program, code.site(text));
    assert!(order("inner_cleanup()") < order("cleanup()"));
}

#[test]
fn what_is_handed_over_or_runs_apart_is_no_start() {
    let code = program(
        "fn wrapped<F: Fn()>(handler: F) -> Box<dyn Fn()> { Box::new(handler) } fn handler() { while_serving(); } fn while_serving() {} \
         fn named() -> Box<dyn Fn()> { wrapped(handler) } fn given(name: &str) { each(); } fn each() {} \
         async fn background() { beside(); } fn beside() {} fn connected() { once(); } fn once() {} \
         #[poise::command] fn command() { told(); } fn told() {} \
         #[tokio::main] async fn main() { let run = named(); undescribed::retry(connected); let all = vec![command()]; [\"a\"].iter().for_each(|name| given(name)); tokio::spawn(async { background().await }); \
         let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); axum::serve(listener, axum::Router::new()).await.unwrap(); }",
    );
    assert_eq!(phases(&code, "while_serving()"), (false, false));
    assert_eq!(phases(&code, "beside()"), (false, false));
    assert_eq!(phases(&code, "each()"), (true, false));
    assert_eq!(phases(&code, "once()"), (true, false));
    assert_eq!(phases(&code, "told()"), (false, false));
    assert_eq!(phases(&code, "wrapped(handler)"), (true, false));
}

#[test]
fn the_arms_of_a_loop_that_hear_a_signal_come_after() {
    let code = program(
        "fn work() {} fn cleanup() {} #[tokio::main] async fn main() { let mut tick = tokio::time::interval(std::time::Duration::from_secs(1)); \
         loop { tokio::select! { _ = tick.tick() => work(), _ = tokio::signal::ctrl_c() => { cleanup(); break; } } } }",
    );
    assert_eq!(phases(&code, "work()"), (false, false));
    assert_eq!(phases(&code, "cleanup()"), (false, true));
}

#[test]
fn what_a_program_ends_by_name_is_ended_in_any_of_its_functions() {
    let text = |stop: &str| {
        format!(
            "use tokio_cron_scheduler::JobScheduler; \
             async fn stop(mut scheduler: JobScheduler) {{ {stop} }} \
             #[cfg(test)] mod tests {{ async fn ended(mut s: super::JobScheduler) {{ s.shutdown().await; }} }} \
             #[tokio::main] async fn main() {{ let scheduler = JobScheduler::new().await.unwrap(); stop(scheduler).await; }}"
        )
    };
    let ends = |stop: &str| {
        let code = program(&text(stop));
        code.index.ends_by_name(&code.index.programs()[0], "tokio_cron_scheduler::JobScheduler".into())
    };
    assert!(ends("scheduler.shutdown().await;"));
    // A receiver that is not known may be the one that is meant.
    assert!(ends("unseen(scheduler).shutdown().await;"));
    assert!(!ends("drop(scheduler);"));
    assert!(!ends("scheduler.start().await;"));
}

/// What waits for tasks in a function, and whether each wait has a deadline.
fn waits(body: &str) -> Vec<bool> {
    let code = program(&format!(
        "use std::time::Duration; use tokio::time::timeout; async fn work() {{}} \
         async fn f(mut set: tokio::task::JoinSet<()>, handle: tokio::task::JoinHandle<()>) {{ {body} }} fn main() {{}}"
    ));
    let body = code.index.defs().body_of(code.function("f")).unwrap();
    code.index
        .waits_in(body)
        .iter()
        .map(|wait| code.index.is_bounded_in_time(wait.site, Callers::All, Bound::Any))
        .collect()
}

#[test]
fn waits_for_tasks_have_a_deadline_where_something_around_bounds_them() {
    assert_eq!(waits("handle.await;"), [false]);
    assert_eq!(waits("while let Some(ended) = set.join_next().await {}"), [false]);
    assert_eq!(waits("futures::future::join_all(vec![handle]).await;"), [false]);
    assert_eq!(waits("timeout(Duration::from_secs(1), async { handle.await; }).await;"), [true]);
    assert_eq!(waits("let all = async { handle.await; }; timeout(Duration::from_secs(1), all).await;"), [true]);
    // The handle itself is bounded, and only the bound is awaited.
    assert!(waits("timeout(Duration::from_secs(1), handle).await;").is_empty());
    assert!(waits("work().await; set.try_join_next();").is_empty());
}
