//! How scopes are left, what is settled on each way out, and which values are forgotten on some of them.

use ustr::ustr;

use super::{Linked, program};
use crate::facts::model::{NodeId, Op};
use crate::index::calls::Site;
use crate::index::flow::ways::{Exit, Way};
use crate::index::resources::obligations::{Abandoned, How};

/// The statement `let x = begin();`, the scope of `x`, and calls of `settle()`.
fn ways(text: &str) -> Vec<String> {
    let code = program(&format!("fn begin() -> u8 {{ 0 }} fn settle() {{}} {text} fn main() {{}}"));
    let made = code.site("begin()");
    let bound = Site { node: code.index.info(made.body).parent(made.node).expect("bound"), ..made };
    let settles: Vec<NodeId> = code.sites("settle()").map(|site| site.node).collect();
    let scope = code.index.node(bound).region;
    let ways = code.index.ways_out(bound, scope, &|node| settles.contains(&node));
    let mut shown: Vec<String> = ways.all.iter().map(|way| show(&code, made, way)).collect();
    shown.extend(ways.awaits.iter().map(|node| format!("waits at {}", slice(&code, made, *node))));
    shown
}

fn show(code: &Linked, at: Site, way: &Way) -> String {
    let what = match (way.open, way.settled) {
        (true, true) => "either",
        (true, false) => "open",
        _ => "settled",
    };
    let exit = format!("{:?}", way.exit).to_lowercase();
    match way.node {
        Some(node) => format!("{exit} {what} at {}", slice(code, at, node)),
        None => format!("{exit} {what}"),
    }
}

fn slice(code: &Linked, at: Site, node: NodeId) -> &str {
    code.sources.get(at.body.file).slice(code.index.body(at.body).node(node).range)
}

#[test]
fn a_straight_way_ends_settled_or_open() {
    assert_eq!(ways("fn f() { let x = begin(); settle(); }"), ["end settled"]);
    assert_eq!(ways("fn f() { let x = begin(); other(); }"), ["end open"]);
}

#[test]
fn a_question_mark_before_and_behind() {
    assert_eq!(
        ways("fn f() -> Result<(), E> { let x = begin(); early()?; settle(); late()?; Ok(()) }"),
        ["end settled", "error open at early()?", "error settled at late()?"]
    );
}

#[test]
fn branches_meet_again() {
    assert_eq!(ways("fn f(a: bool) { let x = begin(); if a { settle(); } }"), ["end either"]);
    assert_eq!(ways("fn f(a: bool) { let x = begin(); if a { settle(); } else { settle(); } }"), ["end settled"]);
    assert_eq!(
        ways("fn f(a: u8) { let x = begin(); match a { 0 => settle(), _ => return, } }"),
        ["end settled", "return open at return"]
    );
}

#[test]
fn loops_may_take_no_turn_and_end_by_break() {
    assert_eq!(ways("fn f() { let x = begin(); for y in 0..3 { settle(); } }"), ["end either"]);
    assert_eq!(ways("fn f() { let x = begin(); loop { settle(); break; } }"), ["end settled"]);
    assert_eq!(ways("fn f() { let x = begin(); loop { other(); } }"), [""; 0]);
    assert_eq!(
        ways("fn f() { let x = begin(); while a() { if b() { return; } settle(); } }"),
        ["end either", "return either at return"]
    );
}

#[test]
fn a_scope_inside_a_loop_is_left_by_its_jumps() {
    assert_eq!(
        ways("fn f() { loop { let x = begin(); if a() { break; } if b() { continue; } settle(); } }"),
        ["end settled", "break open at break", "continue open at continue"]
    );
}

#[test]
fn labels_say_where_a_jump_goes() {
    assert_eq!(ways("fn f() { let x = begin(); 'out: loop { loop { settle(); break 'out; } } }"), ["end settled"]);
    assert_eq!(ways("fn f() { let x = begin(); 'skip: { if a() { break 'skip; } settle(); } }"), ["end either"]);
    assert_eq!(
        ways("fn f() { 'out: loop { loop { let x = begin(); continue 'out; } } }"),
        ["continue open at continue"]
    );
}

#[test]
fn panics_and_what_never_returns_are_no_ways() {
    assert_eq!(ways("fn f(a: u8) { let x = begin(); match a { 0 => settle(), _ => panic!(), } }"), ["end settled"]);
    assert_eq!(
        ways("fn f(a: u8) { let x = begin(); if a == 1 { stop(); } settle(); } fn stop() -> ! { loop {} }"),
        ["end settled"]
    );
    assert_eq!(ways("fn f() { let x = begin(); std::process::exit(1); }"), ["process open at std::process::exit(1)"]);
}

#[test]
fn failing_values_are_errors() {
    assert_eq!(
        ways("fn f(a: bool) -> Result<(), E> { let x = begin(); if a { return Err(E); } settle(); Ok(()) }"),
        ["end settled", "error open at return Err(E)"]
    );
    assert_eq!(
        ways("fn f(a: bool) -> Result<(), E> { let x = begin(); if a { Err(E) } else { settle(); Ok(()) } }"),
        ["end settled", "error open at Err(E)"]
    );
    assert_eq!(
        ways(
            "use anyhow::{bail, ensure}; fn f(a: bool) -> anyhow::Result<()> { let x = begin(); ensure!(a); if a { bail!(\"no\"); } settle(); Ok(()) }"
        ),
        ["end settled", "error open at ensure!(a)", "error open at bail!(\"no\")"]
    );
}

#[test]
fn closures_and_async_blocks_have_ways_of_their_own() {
    assert_eq!(ways("fn f() { let x = begin(); let g = || { return; }; settle(); }"), ["end settled"]);
    assert_eq!(ways("fn f() { let x = begin(); let g = async { bad()?; Ok(()) }; settle(); }"), ["end settled"]);
}

#[test]
fn waits_are_told_until_it_is_settled() {
    assert_eq!(
        ways("async fn f() { let x = begin(); early().await; settle(); late().await; }"),
        ["end settled", "waits at early().await"]
    );
}

#[test]
fn let_else_leaves() {
    assert_eq!(
        ways("fn f() { let x = begin(); let Some(y) = g() else { return }; settle(); }"),
        ["end settled", "return open at return"]
    );
}

#[test]
fn a_place_in_a_branch_goes_on_behind_it() {
    let code = program(
        "fn f(a: bool) { if a { let x = begin(); other(); } settle(); } fn begin() -> u8 { 0 } fn settle() {} fn main() {}",
    );
    let made = code.site("begin()");
    let settle = code.site("settle()").node;
    let ways = code.index.ways_out(made, code.index.frame_of(made), &|node| node == settle);
    assert_eq!(ways.all, [Way { exit: Exit::End, node: None, open: false, settled: true }]);
}

/// What is said of the transaction that `pool.begin()` begins: the open ways, or what settles it.
fn transaction(text: &str) -> Vec<String> {
    let code = program(&format!("use sqlx::{{PgPool, Transaction, Postgres}}; {text} fn main() {{}}"));
    let made = code.site("pool.begin()");
    let Some(found) = code.index.obligation(made, ustr("sqlx::Transaction")) else { return vec!["not bound".into()] };
    if found.is_forgotten() {
        return vec!["forgotten".into()];
    }
    found.ways.open().map(|way| show(&code, made, way)).collect()
}

#[test]
fn what_is_packed_is_ended_with_what_it_is_in() {
    let ended = |body: &str| {
        transaction(&format!(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> {{ let tx = pool.begin().await?; {body} Ok(()) }}"
        ))
    };
    let none: [&str; 0] = [];
    assert_eq!(ended("let both = (tx, 1); both.0.commit().await?;"), none);
    assert_eq!(ended("let boxed = Box::new(tx); boxed.commit().await?;"), none);
    assert_eq!(ended("for one in vec![tx] { one.commit().await?; }"), ["end either"]);
    assert_eq!(ended("let all = [tx]; for one in all { one.commit().await?; }"), ["end either"]);
    assert_eq!(ended("let both = (tx, 1); println!(\"{}\", both.1);"), ["forgotten"]);
    assert_eq!(ended("let boxed = Box::new(tx); work(&boxed);"), ["forgotten"]);
}

#[test]
fn what_becomes_part_of_a_type_of_the_workspace_is_for_that_to_end() {
    let abandoned = |body: &str| {
        let code = program(&format!(
            "use sqlx::{{PgPool, Transaction, Postgres}}; struct Unit {{ tx: Transaction<'static, Postgres> }} \
             impl Unit {{ fn new(tx: Transaction<'static, Postgres>) -> Unit {{ Unit {{ tx }} }} }} \
             struct Only(Transaction<'static, Postgres>); fn work(unit: Unit) {{}} \
             async fn f(pool: &PgPool, a: bool) -> sqlx::Result<()> {{ let tx = pool.begin().await?; {body} Ok(()) }} fn main() {{}}"
        ));
        let found = code.index.abandoned(|_| true);
        found.into_iter().map(|it| matches!(it.how, How::Missed(..))).collect::<Vec<bool>>()
    };
    let none: [bool; 0] = [];
    assert_eq!(abandoned("let unit = Unit { tx }; println!(\"{}\", a);"), none);
    assert_eq!(abandoned("let unit = Unit::new(tx); println!(\"{}\", a);"), none);
    assert_eq!(abandoned("work(Unit { tx });"), none);
    assert_eq!(abandoned("let only = Only(tx); println!(\"{}\", a);"), none);
    assert_eq!(abandoned("if a { return Ok(()); } let unit = Unit { tx };"), [true], "left before it has an owner");
    assert_eq!(abandoned("println!(\"{}\", a);"), [false]);
}

#[test]
fn an_obligation_is_met_missed_or_handed_on() {
    let none: [&str; 0] = [];
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> { let tx = pool.begin().await?; tx.commit().await?; Ok(()) }"
        ),
        none
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> { let mut tx = pool.begin().await?; work(&mut tx).await?; Ok(()) } async fn work(tx: &mut Transaction<'_, Postgres>) -> sqlx::Result<()> { Ok(()) }"
        ),
        ["forgotten"]
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool, a: bool) -> sqlx::Result<()> { let tx = pool.begin().await?; if a { return Ok(()); } tx.commit().await?; Ok(()) }"
        ),
        ["return open at return Ok(())"]
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> { let tx = pool.begin().await?; Ok(tx) }"
        ),
        none
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> { let tx = pool.begin().await?; end(tx).await } async fn end(tx: Transaction<'_, Postgres>) -> sqlx::Result<()> { tx.commit().await }"
        ),
        none
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> { if let Ok(tx) = pool.begin().await { let mine = tx; mine.rollback().await?; } Ok(()) }"
        ),
        none
    );
    assert_eq!(
        transaction("async fn f(pool: &PgPool) { tokio::spawn(async move { pool.begin().await; }); }"),
        ["not bound"]
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> { let tx = pool.begin().await?; tokio::spawn(async move { tx.commit().await }); Ok(()) }"
        ),
        none
    );
    assert_eq!(
        transaction(
            "async fn f(pool: &PgPool) -> sqlx::Result<()> { let tx = pool.begin().await?; keep!(tx); Ok(()) }"
        ),
        none
    );
}

#[test]
fn a_value_is_held_across_the_waits_before_its_end() {
    let code = program(
        "use tokio::sync::Mutex; async fn f(state: &Mutex<u8>) { let guard = state.lock().await; first().await; drop(guard); second().await; } fn main() {}",
    );
    let made = code.site("state.lock()");
    let held = code.index.held_across(made, ustr("tokio::sync::MutexGuard"));
    let shown: Vec<&str> = held.iter().map(|node| slice(&code, made, *node)).collect();
    assert_eq!(shown, ["first().await"]);
    assert!(matches!(code.index.node(made).op, Op::Method { .. }));
}

#[test]
fn what_lies_in_another_is_ended_by_what_gives_it_out_and_ends_it() {
    let abandoned = |end: &str| {
        let code = program(&format!(
            "use std::fs::File; use flate2::write::GzEncoder; \
             fn pack(file: File) -> std::io::Result<()> {{ \
                let encoder = GzEncoder::new(file, flate2::Compression::default()); \
                let mut archive = tar::Builder::new(encoder); archive.append_dir_all(\".\", \"data\")?; {end} Ok(()) }} \
             fn main() {{ pack(File::create(\"data.tar.gz\").unwrap()).unwrap(); }}"
        ));
        let forgotten = |found: &&Abandoned| matches!(found.how, How::Forgotten(_));
        let found: Vec<_> =
            code.index.abandoned(|_| true).filter(forgotten).map(|it| it.made.resource.to_string()).collect();
        found
    };
    let (archive, encoder) = ("tar::Builder", "flate2::write::GzEncoder");
    assert_eq!(abandoned("archive.finish()?;"), [encoder]);
    assert_eq!(abandoned("archive.into_inner()?;"), [encoder]);
    assert_eq!(abandoned(""), [encoder, archive]);
    let none: [&str; 0] = [];
    assert_eq!(abandoned("archive.into_inner()?.finish()?;"), none);
    assert_eq!(abandoned("let encoder = archive.into_inner()?; encoder.finish()?;"), none);
}
