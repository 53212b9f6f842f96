//! In what context code runs, what its operations touch, what is meant, what is test code.

use super::{files, program};
use crate::catalogue::Effect;
use crate::index::calls::contexts::Repeats;

#[test]
fn what_handlers_do_is_repeated() {
    let by_attribute =
        program("#[actix_web::get(\"/\")] async fn home() { work(); } fn work() { deep(); } fn main() {}");
    let deep = by_attribute.index.repeated(by_attribute.site("deep()")).expect("it runs per request");
    assert_eq!(deep.repeats, Repeats::Request);
    assert_eq!(deep.function, Some(by_attribute.function("work")));
    let told: Vec<&str> = deep.evidence.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(told, ["`work` is called here", "`#[get]` makes it a handler"]);

    let by_glob = program("use salvo::prelude::*; #[handler] async fn home() { work(); } fn main() {}");
    assert!(by_glob.index.repeated(by_glob.site("work()")).is_some(), "the glob brings the attribute in");

    for registers in
        ["apalis::prelude::WorkerBuilder::new(\"x\").backend(b).build(home)", "consumer.set_delegate(home)"]
    {
        let code =
            program(&format!("async fn home() {{ work(); }} fn main(consumer: lapin::Consumer) {{ {registers}; }}"));
        assert!(code.index.repeated(code.site("work()")).is_some(), "{registers}");
    }

    let by_registration = program(
        "async fn home() { work(); } fn main() { axum::Router::new().route(\"/\", axum::routing::get(home)); once(); }",
    );
    let work = by_registration.index.repeated(by_registration.site("work()")).expect("it runs per request");
    assert_eq!(work.evidence[0].text, "`home` is registered as a handler here");
    assert!(by_registration.index.repeated(by_registration.site("once()")).is_none());
}

#[test]
fn a_method_that_a_trait_asks_for_is_a_handler_by_its_parameters() {
    let code = program(
        "struct Words; #[tonic::async_trait] impl counter_server::Counter for Words { \
            async fn add(&self, request: tonic::Request<Word>) { each(); } } \
         impl Words { fn send(&self, request: tonic::Request<Word>) { sent(); } } fn main() {}",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).map(|found| found.repeats);
    assert_eq!(repeats("each()"), Some(Repeats::Request));
    assert_eq!(repeats("sent()"), None, "a client of one's own");
}

#[test]
fn methods_of_a_service_are_handlers_under_the_name_that_its_macro_gives_it() {
    let code = program(
        "mod api { use jsonrpsee::proc_macros::rpc; \
            #[cfg_attr(not(feature = \"client\"), rpc(server))] #[cfg_attr(feature = \"client\", rpc(server, client))] pub trait Eth { async fn load(&self); } \
            #[tarpc::service] pub trait World { async fn hello(); } \
            #[cfg_attr(test, rpc(server))] pub trait Own { async fn work(&self); } } \
         use api::*; struct Api; \
         impl EthServer for Api { async fn load(&self) { loaded(); } } impl api::World for Api { async fn hello(self) { said(); } } \
         impl api::Own for Api { async fn work(&self) { worked(); } } impl api::OwnServer for Api { async fn none(&self) { missed(); } } fn main() {}",
    );
    let told = |text: &str| {
        let evidence = code.index.repeated(code.site(text)).map(|found| found.evidence);
        evidence.into_iter().flatten().map(|label| label.text).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(told("loaded()"), "`#[rpc]` on its trait makes it a handler");
    assert_eq!(told("said()"), "`#[service]` on its trait makes it a handler");
    assert_eq!([told("worked()"), told("missed()")], ["", ""]);
}

#[test]
fn a_flag_that_is_written_out_rules_a_branch_out() {
    let code = program(
        "use actix_web::get; #[get(\"/\")] async fn shared() { fetch(false); keep(true); } #[get(\"/new\")] async fn new() { renew(true); } \
         fn fetch(fresh: bool) { if fresh { a(); } } fn renew(fresh: bool) { if fresh { b(); } } fn keep(kept: bool) { if !kept { c(); } } fn main() {}",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).is_some();
    assert_eq!([repeats("a()"), repeats("b()"), repeats("c()")], [false, true, false]);
}

#[test]
fn a_pause_or_a_look_at_the_clock_tells_how_often_code_runs() {
    let code = program(
        "use std::time::{Duration, Instant}; use tokio::time::{interval, sleep}; const DAY: Duration = Duration::from_secs(86_400); \
         async fn daily() { let mut ticks = interval(DAY); loop { ticks.tick().await; a(); } } \
         async fn soon() { loop { b(); sleep(Duration::from_secs(5)).await; } } \
         async fn woken(rx: &mut tokio::sync::mpsc::Receiver<u8>) { loop { tokio::select! { _ = rx.recv() => {} _ = sleep(DAY) => {} } c(); } } \
         async fn guarded() { let last = Instant::now(); loop { if last.elapsed() > DAY { d(); } sleep(Duration::from_secs(1)).await; } } \
         async fn set_up() { e(); loop { sleep(DAY).await; } } #[tokio::main] async fn main() { daily().await; soon().await; guarded().await; }",
    );
    let is_rare = |text: &str| {
        let site = code.site(text);
        code.index.is_rare(site, &code.index.repeated(site).expect("a loop is around it"))
    };
    assert_eq!(["a()", "b()", "c()", "d()"].map(is_rare), [true, false, false, true]);
    assert!(
        code.index.comes_before_a_heartbeat(code.site("e()")) && !code.index.comes_before_a_heartbeat(code.site("a()"))
    );
}

#[test]
fn pauses_of_a_turn_add_up_and_what_is_not_written_out_may_be_long() {
    let code = program(
        "use std::time::Duration; use tokio::time::{interval, sleep}; \
         async fn summed() { let mut ticks = interval(Duration::from_secs(60 * 30)); loop { ticks.tick().await; a(); sleep(Duration::from_secs(3)).await; } } \
         async fn set(every: Duration) { loop { b(); sleep(every).await; } } async fn given(every: Duration) { loop { c(); sleep(every).await; } } \
         async fn told(stop: &mut tokio::sync::broadcast::Receiver<bool>) { loop { tokio::select! { _ = stop.recv() => break, _ = sleep(Duration::from_secs(3600)) => d(), } } } \
         async fn limited() { loop { tokio::select! { _ = e() => {} _ = sleep(Duration::from_secs(3600)) => {} } } } \
         async fn tries() { loop { if f() { sleep(Duration::from_secs(5)).await; } } } \
         #[tokio::main] async fn main() { summed().await; set(settings().every).await; given(Duration::from_secs(5)).await; limited().await; tries().await; }",
    );
    let is_rare = |text: &str| {
        let site = code.site(text);
        code.index.is_rare(site, &code.index.repeated(site).expect("a loop is around it"))
    };
    assert_eq!(["a()", "b()", "c()", "d()", "e()", "f()"].map(is_rare), [true, true, false, true, false, false]);
}

#[test]
fn a_loop_that_goes_on_by_an_error_is_a_retry() {
    let code = program(
        "use std::time::Duration; use tokio::time::sleep; async fn start() -> Result<(), u8> { a(); Ok(()) } async fn turn() -> Result<(), u8> { b(); Ok(()) } \
         #[tokio::main] async fn main() { while let Err(e) = start().await { sleep(Duration::from_secs(1)).await; } \
         while let Ok(()) = turn().await { sleep(Duration::from_secs(1)).await; } }",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).is_some();
    assert_eq!([repeats("a()"), repeats("b()")], [false, true]);
}

#[test]
fn that_there_is_something_in_a_list_is_no_condition() {
    let code = program(
        "use std::time::Duration; async fn send(list: Vec<u8>) { if list.len() > 0 { a(); } if !list.is_empty() { b(); } if list.is_empty() { c(); } if ready() { d(); } } \
         #[tokio::main] async fn main() { loop { send(next()).await; tokio::time::sleep(Duration::from_secs(1)).await; } }",
    );
    let decided = |text: &str| code.index.repeated(code.site(text)).expect("a heartbeat").on_condition;
    assert_eq!(["a()", "b()", "c()", "d()"].map(decided), [false, false, true, true]);
}

#[test]
fn what_loops_do_is_repeated() {
    let code = program(
        "fn main() { before(); for x in list() { inside(); } while more() { again(); } helper(); \
            loop { tokio::time::sleep(t).await; beat(); } } \
         fn helper() { once(); } fn beat() { pulse(); } fn per_item() { item(); }",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).map(|found| found.repeats);
    assert_eq!(repeats("before()"), None);
    assert_eq!(repeats("list()"), None, "what is iterated over is evaluated once");
    assert_eq!(repeats("inside()"), Some(Repeats::Iteration));
    assert_eq!(repeats("again()"), Some(Repeats::Iteration));
    assert_eq!(repeats("once()"), None);
    assert_eq!(repeats("pulse()"), Some(Repeats::Iteration), "a heartbeat repeats what it calls");
    assert_eq!(repeats("item()"), None, "nobody calls it");
}

#[test]
fn closures_are_repeated_by_what_runs_them() {
    let code = program(
        "fn main(list: Vec<u8>) { list.iter().map(|x| each(x)); let f = || alone(); \
            CELL.get_or_init(|| filled()); tokio::spawn(async { task() }); \
            actix_web::HttpServer::new(|| worker()); } \
         static CELL: std::sync::OnceLock<u8> = std::sync::OnceLock::new();",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).map(|found| found.repeats);
    assert_eq!(repeats("each(x)"), Some(Repeats::Iteration));
    assert_eq!(repeats("alone()"), None);
    assert_eq!(repeats("filled()"), None);
    assert_eq!(repeats("task()"), None);
    assert_eq!(repeats("worker()"), Some(Repeats::Worker));
}

#[test]
fn a_cell_is_filled_once_whatever_is_around_it() {
    let code = program(
        "#[actix_web::get(\"/\")] async fn home() { CELL.get_or_init(|| filled()); CELL.get_or_init(make); each(); } \
         fn make() -> u8 { made() } \
         static CELL: std::sync::OnceLock<u8> = std::sync::OnceLock::new(); fn main() {}",
    );
    for text in ["filled()", "made()"] {
        assert!(code.index.repeated(code.site(text)).is_none(), "{text}");
    }
    assert!(code.index.repeated(code.site("each()")).is_some());
}

#[test]
fn what_fills_a_cache_is_known() {
    let code = program(
        "struct S { map: std::collections::HashMap<String, u8> } impl S { \
            fn early(&self) -> u8 { if let Some(known) = self.map.get(\"k\") { return *known; } build() } \
            fn arm(&self) -> u8 { match self.map.get(\"k\") { Some(known) => *known, None => make() } } \
            fn never(&self, x: Option<u8>) { if let Some(x) = x { return; } anew() } \
            fn fails(&self) -> Result<u8, u8> { if let Some(known) = self.map.get(\"k\") { match read(known) { Ok(_) => {} Err(e) => return Err(e) } } \
                Ok(always()) } } fn main() {}",
    );
    assert!(code.index.fills_a_cache(code.site("build()")));
    assert!(!code.index.fills_a_cache(code.site("always()")), "an error is no answer");
    assert!(code.index.fills_a_cache(code.site("make()")));
    assert!(!code.index.fills_a_cache(code.site("anew()")));
}

#[test]
fn a_looked_up_value_that_is_assigned_many_times_does_not_take_forever() {
    let steps: String = (0..60).map(|at| format!("b = b.step{at}(b);")).collect();
    let code = program(&format!(
        "fn main(z: Z) {{ let mut b = z.start(); {steps} if let Some(_) = b {{ return; }} build(); }}"
    ));
    assert!(!code.index.fills_a_cache(code.site("build()")));
}

#[test]
fn a_program_is_kept_running_through_calls() {
    let calls = |at: usize| (0..40).map(move |other| format!("f{}();", (at * 7 + other * 3 + 1) % 80));
    let web: String = (0..80).map(|at| format!("fn f{at}() {{ {} }}", calls(at).collect::<String>())).collect();
    let code = program(&format!(
        "{web} fn main() {{ f0(); start(); }} fn start() {{ serve(); }} fn serve() {{ axum::serve(l, a).await; }}"
    ));
    let body = code.site("start()").body;
    let only = |text: &str| {
        let site = code.site(text);
        code.index.runs_the_program(body, &|node| node == site.node)
    };
    assert!(only("start()"));
    assert!(!only("f0()"));
    assert!(code.index.function_runs_for_long(code.function("serve")));
    assert!(!code.index.function_runs_for_long(code.function("start")));
}

#[test]
fn operations_look_or_change() {
    let code = program(
        "async fn main(pool: sqlx::PgPool) { std::fs::read(\"x\"); std::fs::write(\"x\", \"y\"); \
            sqlx::query(\"..\").execute(&pool).await; sqlx::query(\"..\").fetch_one(&pool).await.map_err(|e| e); \
            reqwest::Client::new().get(u).send().await; reqwest::Client::new().post(u).send().await; \"1\".parse::<u8>(); }",
    );
    let effect = |text: &str| code.index.effect(code.site(text)).map(|found| (found.effect, found.looks));
    let expected = [
        ("std::fs::read(\"x\")", Some((Effect::File, true))),
        ("std::fs::write(\"x\", \"y\")", Some((Effect::File, false))),
        ("sqlx::query(\"..\").execute(&pool).await", Some((Effect::Database, false))),
        ("sqlx::query(\"..\").fetch_one(&pool).await.map_err(|e| e)", Some((Effect::Database, true))),
        ("reqwest::Client::new().get(u).send().await", Some((Effect::Network, true))),
        ("reqwest::Client::new().post(u).send().await", Some((Effect::Network, false))),
        ("\"1\".parse::<u8>()", None),
    ];
    for (text, found) in expected {
        assert_eq!(effect(text), found, "{text}");
    }
}

#[test]
fn every_call_of_a_generated_client_asks_the_network() {
    let code = program(
        "use pb::greeter_client::GreeterClient; mod pb { tonic::include_proto!(\"greeter\"); } \
         async fn f(channel: tonic::transport::Channel, layer: Layer) { let mut client = GreeterClient::with_interceptor(channel, layer); \
         client.say_hello(request()).await; client.clone().say_more().await; client.max_decoding_message_size(4); } fn main() {}",
    );
    let effect = |text: &str| code.index.effect(code.site(text)).map(|found| found.effect);
    for (text, found) in [
        ("client.say_hello(request())", Some(Effect::Network)),
        ("client.clone().say_more()", Some(Effect::Network)),
        ("client.max_decoding_message_size(4)", None),
    ] {
        assert_eq!(effect(text), found, "{text}");
    }
}

#[test]
fn a_generated_client_may_be_kept_among_the_sources() {
    let code = program(
        "use pb::greeter_client::GreeterClient; use api::own_client::OwnClient; \
         mod pb { pub mod greeter_client { pub struct GreeterClient<T> { inner: tonic::client::Grpc<T> } \
             impl<T> GreeterClient<T> { pub fn new(inner: T) -> Self { todo!() } pub async fn say_hello(&mut self) { todo!() } } } } \
         mod api { pub mod own_client { pub struct OwnClient { inner: String } impl OwnClient { pub fn new() -> Self { todo!() } \
             pub async fn say_nothing(&self) { todo!() } } } } \
         async fn f(channel: tonic::transport::Channel) { GreeterClient::new(channel).say_hello().await; \
         OwnClient::new().say_nothing().await; } fn main() {}",
    );
    let effect = |text: &str| code.index.effect(code.site(text)).map(|found| found.effect);
    assert_eq!(effect("GreeterClient::new(channel).say_hello()"), Some(Effect::Network));
    assert_eq!(effect("OwnClient::new().say_nothing()"), None, "it only has such a name");
}

#[test]
fn effects_go_through_functions_and_traits() {
    let code = program(
        "use std::io::Result; fn outer() -> Result<()> { inner()?; Ok(()) } fn inner() -> Result<()> { std::fs::write(\"x\", \"y\") } \
         trait Store { fn put(&self) -> Result<()>; } struct Files; \
         impl Store for Files { fn put(&self) -> Result<()> { inner() } } \
         fn both() -> Result<()> { std::fs::read(\"x\")?; std::fs::rename(\"x\", \"y\") } \
         fn swallowed() -> Result<()> { let _ = inner(); Ok(()) } \
         fn main(store: &dyn Store) { outer(); store.put(); both(); swallowed(); }",
    );
    let effect = |text: &str| code.index.effect(code.site(text)).map(|found| (found.effect, found.looks));
    for text in ["outer()", "store.put()", "both()"] {
        assert_eq!(effect(text), Some((Effect::File, false)), "{text}");
    }
    assert_eq!(effect("swallowed()"), None);
    let chain = code.index.effect(code.site("outer()")).expect("known above").chain;
    assert_eq!(chain, [code.site("outer()"), code.site("inner()")]);
}

#[test]
fn a_comment_says_what_is_meant() {
    let code = program(
        "fn main() {\n    // Best effort.\n    meant();\n    slipped();\n\n    // Best effort.\n    let name = prepared();\n    \
            followed(name);\n\n    apart();\n}\n",
    );
    let intended = |text: &str| code.index.is_intended(code.index.span(code.site(text)));
    assert!(intended("meant()"));
    assert!(!intended("slipped()"));
    assert!(intended("followed(name)"), "the comment is before a `let` that prepares it");
    assert!(!intended("apart()"), "an empty line ends what is meant");
}

#[test]
fn test_code_is_known_by_attribute_configuration_and_custom() {
    let code = files(&[
        (
            "main.rs",
            "#[test] fn a() { a1(); } #[tokio::test] async fn b() { b1(); } #[cfg(test)] mod checks { fn c() { c1(); } } \
             mod test_utils { pub fn d() { d1(); } } #[cfg(not(test))] mod real { pub fn e() { e1(); } } fn main() { m1(); }",
        ),
        ("tests/it.rs", "fn main() { t1(); }"),
        ("tests-fuzz/lib.rs", "fn f() { t2(); }"),
        ("latest/lib.rs", "fn g() { l1(); }"),
    ]);
    let is_test = |text: &str| {
        let site = code.site(text);
        let in_body = code.index.is_test(site.body);
        assert_eq!(in_body, code.index.is_test_code(code.index.span(site)), "{text}");
        in_body
    };
    for text in ["a1()", "b1()", "c1()", "d1()", "t1()", "t2()"] {
        assert!(is_test(text), "{text}");
    }
    for text in ["e1()", "m1()", "l1()"] {
        assert!(!is_test(text), "{text}");
    }
}

#[test]
fn a_branch_that_tests_alone_come_to_is_no_part_of_what_is_shipped() {
    let code = program(
        "fn main() { if cfg!(test) && more() { mocked(); } else { real(); } if (cfg!(debug_assertions)) { checked(); } \
         if cfg!(unix) { shipped(); } if cfg!(test) || more() { either(); } }",
    );
    let called =
        |name: &str| code.index.bodies().any(|(_, facts, _)| facts.iter().any(|(_, node)| names(&node.op, name)));
    for name in ["real", "shipped", "either"] {
        assert!(called(name), "{name}");
    }
    for name in ["mocked", "checked"] {
        assert!(!called(name), "{name}");
    }
}

fn names(op: &crate::facts::model::Op, name: &str) -> bool {
    matches!(op, crate::facts::model::Op::Path(path) if path.names().any(|part| part == name))
}

#[test]
fn what_a_branch_decides_runs_on_condition() {
    let code = program(
        "use std::time::Duration; fn make(n: u8) {} fn always() { make(1); } fn sometimes(kind: u8) { match kind { 0 => make(2), _ => {} } } \
         fn arrived(found: Option<u8>) { if let Some(n) = found { make(3); } } \
         async fn main() { loop { tokio::time::sleep(Duration::from_secs(1)).await; always(); sometimes(1); arrived(None); } }",
    );
    for (call, on_condition) in [("make(1)", false), ("make(2)", true), ("make(3)", false)] {
        let repeated = code.index.repeated(code.site(call)).unwrap_or_else(|| panic!("{call} is not repeated"));
        assert_eq!(repeated.on_condition, on_condition, "{call}");
    }
}

#[test]
fn a_closure_with_a_name_runs_where_it_is_called() {
    let code = program(
        "#[actix_web::get(\"/\")] async fn home() { let add = |n: u8| inner(n); if true { add(1); } \
            let kept = |n: u8| handed(n); std::thread::spawn(kept); } \
         fn plain() { let add = |n: u8| nowhere(n); add(1); } fn main() {}",
    );
    let worker = code.index.workers(code.site("inner(n)")).next().expect("it runs in an async function");
    assert_eq!(worker.calls, [code.site("inner(n)"), code.site("add(1)")]);
    assert_eq!(worker.entry, code.site("add(1)"));
    assert!(code.index.workers(code.site("handed(n)")).next().is_none(), "a closure that is handed on");
    assert!(code.index.workers(code.site("nowhere(n)")).next().is_none());
}

#[test]
fn one_of_many_is_what_a_loop_does_without_a_rest() {
    let code = program(
        "async fn all(paths: Vec<String>, n: usize) { for path in &paths { each(path); } \
            for path in &paths { if true { return; } found(path); } for path in &paths { rests(path); wait().await; } \
            for path in [\"a\", \"b\"] { written(path); } for at in 0..n { counted(at); } \
            loop { endless(); } } fn main() {}",
    );
    let many = |text: &str| code.index.one_of_many(&[code.site(text)]).is_some();
    assert!(many("each(path)"));
    assert!(many("counted(at)"));
    for few in ["found(path)", "rests(path)", "written(path)", "endless()"] {
        assert!(!many(few), "{few}");
    }
}

#[test]
fn what_a_client_sends_is_written_where_the_data_is_of_the_request() {
    let code = program(
        "#[actix_web::post(\"/\")] async fn upload(body: actix_web::web::Bytes) { std::fs::write(\"a\", &body); std::fs::write(\"b\", \"yes\"); \
            tokio::fs::write(\"c\", &body).await; std::fs::rename(\"d\", \"e\"); } fn main() {}",
    );
    let sent = |text: &str| code.index.writes_what_is_sent(code.site(text), &[]);
    assert!(sent("std::fs::write(\"a\", &body)"));
    assert!(!sent("std::fs::write(\"b\", \"yes\")"), "what the program says itself");
    assert!(!sent("tokio::fs::write(\"c\", &body)"), "its thread goes on");
    assert!(!sent("std::fs::rename(\"d\", \"e\")"));
}

#[test]
fn what_main_gives_away_is_not_known_to_run_on_a_worker() {
    let code = program(
        "fn main() { somewhere::run(program()) } async fn program() { fast(n); } fn fast(n: u32) {} \
         async fn task() { slow(n); } fn slow(n: u32) {} fn start() { somewhere::run(task()) }",
    );
    assert!(code.index.workers(code.site("fast(n)")).next().is_none());
    assert!(
        code.index.workers(code.site("slow(n)")).next().is_some(),
        "nothing says that this is the thread of `main`"
    );
}
