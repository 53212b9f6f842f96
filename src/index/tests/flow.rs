//! Where values come from, where they go, where they end, and how they are built.

use ustr::ustr;

use super::{Linked, program};
use crate::facts::model::{Op, RegionKind};
use crate::index::calls::Site;
use crate::index::flow::Fate;

const POOL: &str = "sqlx::Pool";

fn fate(code: &Linked, text: &str) -> Fate {
    code.index.fate(code.site(text), ustr(POOL))
}

#[test]
fn a_value_dies_is_returned_kept_or_lost_from_sight() {
    let code = program(
        "use sqlx::PgPool; static CELL: std::sync::OnceLock<PgPool> = std::sync::OnceLock::new(); struct App { pool: Option<PgPool> } \
         fn dies() { let pool = PgPool::connect_lazy(\"dies\").unwrap(); pool.size(); } \
         fn returned() -> PgPool { let pool = PgPool::connect_lazy(\"returned\").unwrap(); pool } \
         fn wrapped() -> App { App { pool: PgPool::connect_lazy(\"wrapped\").ok() } } \
         fn unknown(lib: Lib) { let pool = PgPool::connect_lazy(\"unknown\").unwrap(); lib.take(pool); } \
         impl App { fn kept(&mut self) { self.pool = Some(PgPool::connect_lazy(\"kept\").unwrap()); } } \
         fn dropped() { drop(PgPool::connect_lazy(\"dropped\").unwrap()); } \
         fn passed() { look(PgPool::connect_lazy(\"passed\").unwrap()); } fn look(pool: PgPool) { pool.size(); } \
         fn listed() -> Vec<PgPool> { let mut all = Vec::new(); all.push(PgPool::connect_lazy(\"listed\").unwrap()); all } \
         fn pushed() { let mut all = Vec::new(); all.push(PgPool::connect_lazy(\"pushed\").unwrap()); all.len(); } \
         fn replaced(app: &mut App) { drop(std::mem::replace(&mut app.pool, Some(PgPool::connect_lazy(\"replaced\").unwrap()))); } \
         trait Store {} struct Sql(PgPool); impl Store for Sql {} struct Site { store: Box<dyn Store> } \
         fn hidden() -> Site { let store: Box<dyn Store> = Box::new(Sql(PgPool::connect_lazy(\"hidden\").unwrap())); Site { store } } \
         fn noted(entry: std::collections::hash_map::VacantEntry<String, PgPool>) { let pool = PgPool::connect_lazy(\"noted\").unwrap(); entry.insert(pool); } \
         trait Tip<T> { fn tip(self) -> Result<T, String>; } impl<T> Tip<T> for Result<T, sqlx::Error> { fn tip(self) -> Result<T, String> { self.map_err(|e| e.to_string()) } } \
         fn tipped(lib: Lib) -> Result<(), String> { let pool = PgPool::connect_lazy(\"tipped\").tip()?; lib.add(pool); Ok(()) } \
         fn named() -> Option<PgPool> { let pool = lends(PgPool::connect_lazy(\"named\").unwrap()).ok()?; Some(pool) } fn lends(pool: PgPool) -> wide::Result<PgPool> { wide::fine(pool) } \
         fn through() -> PgPool { same(PgPool::connect_lazy(\"through\").unwrap()) } fn same(pool: PgPool) -> PgPool { pool } \
         fn asked() { let pool = PgPool::connect_lazy(\"asked\").unwrap(); pool.nobody_knows(); pool.size(); } \
         fn lent() { asks(&PgPool::connect_lazy(\"lent\").unwrap()); } fn asks(pool: &PgPool) { pool.nobody_knows(); } \
         fn taken() { let pool = PgPool::connect_lazy(\"taken\").unwrap(); pool.nobody_knows(); } \
         fn either(first: bool) { let pool = PgPool::connect_lazy(\"either\").unwrap(); match first { true => pool.nobody_knows(), false => { pool.size(); } } } \
         fn main() {}",
    );
    let expected = [
        ("asked", Fate::Dies),
        ("lent", Fate::Dies),
        ("taken", Fate::Unknown),
        ("either", Fate::Unknown),
        ("dies", Fate::Dies),
        ("returned", Fate::Returned),
        ("wrapped", Fate::Returned),
        ("unknown", Fate::Unknown),
        ("kept", Fate::Kept),
        ("dropped", Fate::Dies),
        ("passed", Fate::Dies),
        ("through", Fate::Returned),
        ("listed", Fate::Returned),
        ("pushed", Fate::Unknown),
        ("replaced", Fate::Kept),
        ("hidden", Fate::Returned),
        ("noted", Fate::Unknown),
        ("tipped", Fate::Unknown),
        ("named", Fate::Unknown),
    ];
    for (name, found) in expected {
        assert_eq!(fate(&code, &format!("PgPool::connect_lazy(\"{name}\")")), found, "{name}");
    }
}

#[test]
fn what_a_closure_gives_back_outlives_its_turn() {
    let code = program(
        "use sqlx::PgPool; struct Store { pool: PgPool } \
         async fn all(names: Vec<String>) -> Vec<Store> { \
             let made = names.iter().map(|name| async move { Store { pool: PgPool::connect(\"given back\").await.unwrap() } }); \
             futures::future::join_all(made).await } \
         fn each(names: Vec<String>) { names.iter().for_each(|name| { let pool = PgPool::connect_lazy(\"used up\").unwrap(); pool.size(); }); } fn main() {}",
    );
    for (call, outlives) in [("PgPool::connect(\"given back\")", true), ("PgPool::connect_lazy(\"used up\")", false)] {
        let site = code.site(call);
        let body = code.index.body(site.body);
        let around = body.outwards(body.node(site.node).region).find(|(_, r)| r.kind == RegionKind::Closure);
        let (region, _) = around.expect("a closure around the call");
        assert_eq!(code.index.outlives_turn(site, ustr(POOL), region), outlives, "{call}");
    }
}

#[test]
fn what_is_made_of_the_request_comes_with_it() {
    let code = program(
        "use actix_web::{post, web}; use reqwest::Client; struct Target { proxy: String } struct App { proxy: String } struct Row { proxy: String } \
         #[post(\"/a\")] async fn a(target: web::Json<Target>) { let probe = Probe::new(target.into_inner()); probe.run(); } \
         struct Probe { proxy: String } impl Probe { fn new(target: Target) -> Self { Probe { proxy: target.proxy } } \
             fn run(&self) { said(&self.proxy); } } \
         fn said(proxy: &str) { let b = Client::builder(); b.user_agent(proxy).build(); } \
         #[post(\"/b\")] async fn b(app: web::Data<App>, target: web::Json<Target>) { kept(&app.proxy, 1); } \
         fn kept(proxy: &str, n: u8) { Client::builder().user_agent(proxy).build(); } \
         #[post(\"/c\")] async fn c(pool: web::Data<sqlx::PgPool>, id: web::Path<i64>) { let row = row(&pool).await.unwrap(); looked(row.proxy); } \
         async fn row(pool: &sqlx::PgPool) -> Result<Row, sqlx::Error> { sqlx::query_as(\"select\").fetch_one(pool).await } \
         fn looked(proxy: String) { Client::builder().user_agent(&proxy).build(); } fn main() {}",
    );
    for (call, comes) in [
        ("b.user_agent(proxy).build()", true),
        ("Client::builder().user_agent(proxy).build()", false),
        ("Client::builder().user_agent(&proxy).build()", true),
    ] {
        let site = code.site(call);
        let repeated = code.index.repeated(site).expect("a request leads there");
        let made = code.index.constructions(|_| true).find(|made| made.site == site).expect("it builds a client");
        assert_eq!(code.index.comes_with_request(made, &repeated.way), comes, "{call}");
    }
}

#[test]
fn a_loop_over_what_there_is_to_try_ends_with_the_first_success() {
    let code = program(
        "fn first() -> Option<u8> { for x in 0..3 { let answer = ask(); if answer.is_ok() { return Some(1); } } None } \
         fn each() { for x in 0..3 { work(); } } \
         fn checked() -> Result<(), u8> { for x in 0..3 { build(); if x > 1 { return Err(1); } } Ok(()) } \
         fn stopped() { for x in 0..3 { if x > 1 { break; } late(); } } \
         fn serving() { loop { answer(); if done() { break; } } } fn main() {}",
    );
    let tries = |text: &str| {
        let site = code.site(text);
        code.index.tries_again(site, code.index.loops_around(site)[0].region)
    };
    assert!(tries("ask()"));
    for text in ["work()", "build()", "late()", "answer()"] {
        assert!(!tries(text), "{text}");
    }
}

#[test]
fn what_leaves_a_loop_is_not_made_in_each_turn() {
    let code = program(
        "fn retry() -> u8 { loop { match connect() { Ok(pool) => return pool, Err(_) => continue } } } \
         fn found() { let pool = loop { if let Ok(pool) = open() { break pool; } }; pool; } \
         fn outside() { let mut last = 0; for x in 0..3 { last = make(); } last; } \
         fn put() { let mut all = Vec::new(); for x in 0..3 { all.push(fresh()); } } \
         fn inside() { for x in 0..3 { let pool = build(); pool.get(); } } fn main() {}",
    );
    let leaves = |text: &str| {
        let site = code.site(text);
        let around = code.index.loops_around(site);
        code.index.leaves_loop(site, around[0].region)
    };
    for text in ["connect()", "open()", "make()", "fresh()"] {
        assert!(leaves(text), "{text}");
    }
    assert!(!leaves("build()"));
}

#[test]
fn values_stem_from_statics_through_getters_and_locals() {
    let code = program(
        "use std::sync::Mutex; static A: Mutex<Option<u8>> = Mutex::new(None); static B: u8 = 1; \
         fn getter() -> &'static Mutex<Option<u8>> { let it = &A; it } \
         fn main() { let guard = getter().lock().unwrap(); let b = if x { B } else { 2 }; use_all(guard.take(), b); other(7); }",
    );
    let origins = |text: &str| -> Vec<_> { code.index.origins(code.site(text)).into_iter().collect() };
    assert_eq!(origins("guard.take()"), [code.static_item("A")]);
    assert_eq!(origins("use_all(guard.take(), b)"), [code.static_item("A"), code.static_item("B")]);
    assert!(origins("other(7)").is_empty());
}

#[test]
fn releases_are_found_through_functions_and_traits() {
    let code = program(
        "use sqlx::PgPool; struct App { pool: PgPool } trait Stop { async fn stop(&self); } \
         impl Stop for App { async fn stop(&self) { self.pool.close().await; } } \
         async fn end(first: u8, pool: &PgPool) { pool.close().await; } async fn far(pool: &PgPool) { end(1, pool).await; } \
         async fn main(app: App, other: PgPool, stop: &dyn Stop) { app.stop(); far(&other); stop.stop(); other.size(); drop(other); }",
    );
    let releases: Vec<_> = code.index.releases().collect();
    let ended = |call: &str, operand: &str| {
        let call = code.site(call);
        let found = releases.iter().find(|it| it.site == call).map(|it| (it.site.body.file, it.operand));
        let text = found.map(|(file, node)| code.sources.get(file).slice(code.index.body(call.body).node(node).range));
        assert_eq!(text, Some(operand), "{operand}");
    };
    ended("self.pool.close()", "self.pool");
    ended("app.stop()", "app");
    ended("end(1, pool)", "pool");
    ended("far(&other)", "&other");
    ended("stop.stop()", "stop");
    ended("drop(other)", "other");
    assert!(releases.iter().all(|it| it.site != code.site("other.size()")));
}

#[test]
fn what_is_owned_is_found_through_fields() {
    let code = program(
        "struct Db { pool: sqlx::PgPool } struct App { name: String, db: std::sync::Arc<Db> } \
         fn f() -> App { todo!() } fn g() -> &'static App { todo!() } fn main() { f(); g(); }",
    );
    let owned = |text: &str| code.index.owned_resources(code.index.ty(code.site(text)));
    assert_eq!(owned("f()").into_iter().collect::<Vec<_>>(), [ustr(POOL)]);
    assert!(owned("g()").is_empty(), "a reference owns nothing");
    let path = code.index.ownership_path(code.index.ty(code.site("f()")), ustr(POOL));
    let told: Vec<&str> = path.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(told, ["`App` owns a `Db`", "`Db` owns the connection pool"]);
}

#[test]
fn functions_that_return_what_they_make_are_constructors() {
    let code = program(
        "struct Db { pool: sqlx::PgPool } impl Db { fn new(url: &str) -> Db { Db { pool: sqlx::PgPool::connect_lazy(url).unwrap() } } } \
         fn main() { let a = Db::new(\"one\"); let b = Db::new(\"one\"); let c = Db::new(\"two\"); }",
    );
    let made: Vec<_> = code.index.constructions(|entry| entry.path == POOL).collect();
    let of = |text: &str| made.iter().filter(|c| code.sites(text).any(|site| site == c.site)).collect::<Vec<_>>();
    let one = of("Db::new(\"one\")");
    assert_eq!(one.len(), 2);
    assert!(one.iter().all(|c| c.fate == Fate::Dies && c.through == [code.site("sqlx::PgPool::connect_lazy(url)")]));
    let recipe = |at| code.index.recipe(at).expect("all parts are known");
    assert_eq!(recipe(one[0]), recipe(one[1]));
    assert_ne!(recipe(one[0]), recipe(of("Db::new(\"two\")")[0]));
}

#[test]
fn a_recipe_of_a_value_that_goes_into_itself_again_and_again_ends() {
    let steps: String = (0..20).map(|_| "let url = format_it(url, url, url, url, url, url, url, url);").collect();
    let code = program(&format!(
        "fn main() {{ let url = \"a\"; {steps} sqlx::PgPool::connect_lazy(url); }} fn format_it(a: u8) -> String {{ todo!() }}"
    ));
    let made: Vec<_> = code.index.constructions(|entry| entry.path == POOL).collect();
    assert_eq!(made.len(), 1);
    assert!(code.index.recipe(made[0]).is_none_or(|recipe| recipe.len() < 65_536));
}

#[test]
fn what_is_written_out_is_the_same_each_time() {
    let code = program(
        "const WORD: &str = \"a+\"; struct Rules { pattern: String } impl Rules { fn own(&self) { compile(&self.pattern); } } \
         fn given(text: &str) { compile_given(text); } fn told(text: &str) { compile_told(text); } \
         fn main() { let part = \"b\"; first(WORD); second(&format!(\"{part}{WORD}\")); third(&read()); given(\"c\"); told(&std::env::args().nth(1).unwrap()); \
         fourth(uuid::Uuid::new_v4()); }",
    );
    let written = |call: &str| {
        let site = code.site(call);
        let Op::Call { arguments, .. } = &code.index.node(site).op else { panic!("a call") };
        code.index.is_written_out(Site { node: arguments[0], ..site })
    };
    assert!(written("first(WORD)") && written("compile_given(text)"));
    assert!(written("second(&format!(\"{part}{WORD}\"))"));
    assert!(!written("compile(&self.pattern)"));
    assert!(!written("fourth(uuid::Uuid::new_v4())"));
}

#[test]
fn who_goes_through_a_stream_waits_for_work_where_its_items_come_from_outside() {
    let code = program(
        "use futures::{Stream, StreamExt}; use tokio::sync::mpsc; use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream}; \
         use std::{pin::Pin, task::{Context, Poll}}; \
         struct Own { from: mpsc::Receiver<u8> } impl Stream for Own { type Item = u8; \
         fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u8>> { self.from.poll_recv(cx) } } \
         struct List { of: Vec<u8> } impl Stream for List { type Item = u8; \
         fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u8>> { Poll::Ready(self.of.pop()) } } \
         async fn wrapped(mut from: ReceiverStream<u8>) { while let Some(item) = from.next().await { one(item); } } \
         async fn adapted(from: ReceiverStream<u8>) { let mut from = from.map(|x| x); while let Some(item) = from.next().await { two(item); } } \
         async fn own(mut from: Own) { while let Some(item) = from.next().await { three(item); } } \
         async fn given(mut from: impl Stream<Item = u8> + Unpin) { while let Some(item) = from.next().await { four(item); } } \
         async fn boxed(listener: tokio::net::TcpListener) { \
         let mut from = Box::pin(TcpListenerStream::new(listener)); while let Some(item) = from.next().await { five(item); } } \
         async fn list(mut from: List) { while let Some(item) = from.next().await { six(item); } } \
         async fn either(mut from: impl Stream<Item = u8> + Unpin) { while let Some(item) = from.next().await { seven(item); } } \
         async fn main() { let (_, from) = mpsc::channel(1); given(ReceiverStream::new(from)).await; \
         either(futures::stream::iter([1])).await; }",
    );
    let waits = |call: &str| {
        let site = code.site(call);
        let around = code.index.loops_around(site);
        around.iter().any(|around| code.index.is_work_loop(site.body, around.region))
    };
    for call in ["one(item)", "two(item)", "three(item)", "four(item)", "five(item)"] {
        assert!(waits(call), "{call}");
    }
    for call in ["six(item)", "seven(item)"] {
        assert!(!waits(call), "{call}");
    }
}

#[test]
fn a_part_of_a_tuple_that_is_written_out_comes_from_what_stands_in_its_place() {
    let code = program(
        "fn pair() -> (u8, u16) { (1, 2) } fn main() { let (one, other) = (first(), second()); one; other; \
         let (left, right) = if true { (third(), fourth()) } else if false { return } else { pair() }; left; right; } \
         fn first() -> u8 { 1 } fn second() -> u16 { 2 } fn third() -> u8 { 3 } fn fourth() -> u16 { 4 }",
    );
    let sources = |name: &str| -> Vec<&str> {
        let site = code.site(name);
        let Op::Local(local) = code.index.node(site).op else { panic!("a variable is expected") };
        let written = |node| {
            let span = code.index.span(Site { node, ..site });
            code.sources.get(span.file).slice(span.range())
        };
        code.index.sources(site.body, local).into_iter().map(written).collect()
    };
    assert_eq!(sources("one"), ["first()"]);
    assert_eq!(sources("other"), ["second()"]);
    assert_eq!(sources("left")[0], "third()");
    assert_eq!(sources("right")[0], "fourth()");
    assert_eq!(sources("right").len(), 2);
}
