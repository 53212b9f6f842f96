//! Errors that nobody looks at: how they vanish, whether anybody would miss them, and which calls do not wait at all.

use super::{Linked, program};
use crate::index::flow::vanishing::{StandIn, Way};
use crate::source::Span;

/// How an error vanishes at an expression or statement that is written like this, with or without its semicolon.
fn way(code: &Linked, text: &str) -> Option<Way> {
    let written = |at: Span| code.sources.get(at.file).slice(at.range()).trim_end_matches(';');
    let views = code.index.bodies().map(|(body, ..)| code.index.view(body));
    let nodes = views.flat_map(|view| view.facts.iter().map(move |(node, _)| (view, node)));
    let meant = nodes.filter(|(view, node)| written(view.span(*node)) == text.trim_end_matches(';'));
    let ways: Vec<Option<Way>> = meant.map(|(view, node)| Some(view.vanished(node)?.way)).collect();
    assert!(!ways.is_empty(), "nothing is written `{text}`");
    ways.into_iter().flatten().next()
}

const SAVE: &str =
    "fn save() -> std::io::Result<u32> { std::fs::write(\"a\", \"b\")?; Ok(1) } fn spare() -> u32 { 7 } ";

#[test]
fn an_error_vanishes_in_many_ways() {
    let code = program(&format!(
        "{SAVE} fn main() {{ let _ = save(); save().ok(); if let Ok(n) = save() {{ use_it(n); }} if let Err(_) = save() {{}} \
            let a = save().unwrap_or_default(); let b = save().unwrap_or(3); let c = save().unwrap_or_else(|_| spare()); \
            if save().is_ok() {{ go(); }} let Ok(d) = save() else {{ return }}; let e = save().ok().and_then(even); \
            let f = match save() {{ Ok(n) => n, Err(_) => 0 }}; match save() {{ Ok(n) => use_it(n), Err(_) => {{}} }} }} \
         fn maybe() -> Option<u32> {{ let n = save().ok()?; Some(n) }}",
    ));
    for (text, expected) in [
        ("let _ = save();", Way::Underscore),
        ("save().ok();", Way::Ok),
        ("if let Ok(n) = save() { use_it(n); }", Way::IfLet),
        ("if let Err(_) = save() {}", Way::Arm),
        ("save().unwrap_or_default()", Way::Default),
        ("save().unwrap_or(3)", Way::Default),
        ("save().unwrap_or_else(|_| spare())", Way::Instead(StandIn::Made)),
        ("if save().is_ok() { go(); }", Way::Tested),
        ("let Ok(d) = save() else { return };", Way::Otherwise),
        ("save().ok().and_then(even)", Way::Absent),
        ("match save() { Ok(n) => n, Err(_) => 0 }", Way::Default),
        ("match save() { Ok(n) => use_it(n), Err(_) => {} }", Way::Arm),
        ("save().ok()?", Way::Absent),
    ] {
        assert_eq!(way(&code, text), Some(expected), "{text}");
    }
}

#[test]
fn an_error_that_is_looked_at_or_answered_does_not_vanish() {
    let code = program(&format!(
        "{SAVE} fn main() {{ let n = save(); if let Ok(n) = save() {{ return; }} if let Ok(n) = save() {{ a(); }} else {{ b(); }} \
            if let Err(error) = save() {{ tell(error); }} if save().is_ok() {{ good = true; }} \
            let Ok(d) = save() else {{ tracing::warn!(\"no\"); return }}; \
            let f = match save() {{ Ok(_) => \"yes\", Err(_) => \"no\" }}; \
            let g = match save() {{ Err(error) => tell(error), Ok(1) => one(), _ => {{}} }}; let h = save().unwrap_or_else(|e| tell(e)); }}",
    ));
    for text in [
        "let n = save();",
        "if let Ok(n) = save() { return; }",
        "if let Ok(n) = save() { a(); } else { b(); }",
        "if let Err(error) = save() { tell(error); }",
        "if save().is_ok() { good = true; }",
        "let Ok(d) = save() else { tracing::warn!(\"no\"); return };",
        "match save() { Ok(_) => \"yes\", Err(_) => \"no\" }",
        "match save() { Err(error) => tell(error), Ok(1) => one(), _ => {} }",
        "save().unwrap_or_else(|e| tell(e))",
    ] {
        assert_eq!(way(&code, text), None, "{text}");
    }
}

#[test]
fn a_stand_in_may_be_refused_further_on() {
    let code = program(&format!(
        "{SAVE} fn main() -> std::io::Result<()> {{ let a = save().unwrap_or(1); if a == 1 {{ return Err(bad()); }} \
            let b = save().unwrap_or(2); go(b); let c = save().ok().filter(even).expect(\"even\"); Ok(()) }}",
    ));
    let refused = |text: &str| {
        let site = code.site(text);
        code.index.view(site.body).is_refused(site.node)
    };
    assert!(refused("save().unwrap_or(1)"));
    assert!(refused("save().ok()"));
    assert!(!refused("save().unwrap_or(2)"));
}

#[test]
fn what_only_people_see_goes_into_messages_and_metrics() {
    let code = program(&format!(
        "{SAVE} fn main() {{ let a = save().unwrap_or(1); tracing::info!(a, \"still at work\"); \
            let b = save().unwrap_or(2); if b > 7 {{ tracing::warn!(\"much\"); }} let c = save().unwrap_or(3); tracing::info!(c); keep(c); \
            let d = save().unwrap_or(4); }}",
    ));
    let shown = |text: &str| {
        let site = code.site(text);
        code.index.view(site.body).is_only_shown(site.node)
    };
    assert!(shown("save().unwrap_or(1)"));
    assert!(shown("save().unwrap_or(2)"), "it only decides on a message");
    assert!(!shown("save().unwrap_or(3)"), "it is kept as well");
    assert!(!shown("save().unwrap_or(4)"), "what nobody uses is seen by nobody");
}

#[test]
fn what_hardly_anybody_would_miss_is_done_by_the_way() {
    let code = program(
        "use std::{fs, io::Write, net::TcpStream}; \
         async fn tables(pool: &sqlx::PgPool) { sqlx::query(\"ALTER TABLE a ADD COLUMN b TEXT\").execute(pool).await.ok(); \
            sqlx::query(\"create index i on a (b)\").execute(pool).await.ok(); \
            sqlx::query(\"CREATE TABLE IF NOT EXISTS a (b TEXT)\").execute(pool).await.ok(); \
            sqlx::query(\"ALTER TABLE a DROP COLUMN b\").execute(pool).await.ok(); } \
         async fn awake(pool: &sqlx::PgPool) { let ping = sqlx::query(\"SELECT 1\"); ping.execute(pool).await.ok(); \
            sqlx::query(\"VACUUM\").execute(pool).await.ok(); sqlx::query(\"DELETE FROM a\").execute(pool).await.ok(); } \
         fn talk(peer: &mut TcpStream) { peer.write_all(b\"1\").ok(); loop { peer.write_all(b\"2\").ok(); } } \
         fn serve(door: std::net::TcpListener) { loop { if let Ok((mut guest, _)) = door.accept() { guest.write_all(b\"3\").ok(); } } } \
         fn main() { fs::set_permissions(\"a\", open()).ok(); fs::write(\"a\", \"b\").ok(); }",
    );
    let by_the_way = |text: &str| code.index.is_by_the_way(code.site(text));
    assert!(by_the_way("sqlx::query(\"ALTER TABLE a ADD COLUMN b TEXT\").execute(pool)"));
    assert!(by_the_way("sqlx::query(\"create index i on a (b)\").execute(pool)"));
    assert!(!by_the_way("sqlx::query(\"CREATE TABLE IF NOT EXISTS a (b TEXT)\").execute(pool)"));
    assert!(!by_the_way("sqlx::query(\"ALTER TABLE a DROP COLUMN b\").execute(pool)"));
    assert!(by_the_way("ping.execute(pool)"), "its text stands where it was made");
    assert!(by_the_way("sqlx::query(\"VACUUM\").execute(pool)"));
    assert!(!by_the_way("sqlx::query(\"DELETE FROM a\").execute(pool)"));
    assert!(by_the_way("peer.write_all(b\"1\")"));
    assert!(!by_the_way("peer.write_all(b\"2\")"), "nothing else tells this loop that the peer is gone");
    assert!(by_the_way("guest.write_all(b\"3\")"), "each round has a peer of its own");
    assert!(by_the_way("fs::set_permissions(\"a\", open())"));
    assert!(!by_the_way("fs::write(\"a\", \"b\")"));
}

#[test]
fn a_call_that_is_told_not_to_wait_returns_at_once() {
    let code = program(
        "use std::{net::UdpSocket, sync::mpsc::Receiver, thread::JoinHandle, time::Duration}; \
         fn hear(told: UdpSocket, other: UdpSocket) { told.set_nonblocking(true).ok(); told.recv(b).ok(); other.recv(b).ok(); } \
         fn take(jobs: Receiver<u32>) { jobs.recv_timeout(Duration::ZERO).ok(); jobs.recv_timeout(Duration::from_secs(0)).ok(); \
            jobs.recv_timeout(Duration::from_secs(1)).ok(); } \
         fn tidy(a: JoinHandle<()>, b: JoinHandle<()>) { if a.is_finished() { a.join().ok(); } else { b.join().ok(); } } fn main() {}",
    );
    let at_once = |text: &str| code.index.returns_at_once(code.site(text));
    for text in
        ["told.recv(b)", "jobs.recv_timeout(Duration::ZERO)", "jobs.recv_timeout(Duration::from_secs(0))", "a.join()"]
    {
        assert!(at_once(text), "{text}");
    }
    for text in ["other.recv(b)", "jobs.recv_timeout(Duration::from_secs(1))", "b.join()"] {
        assert!(!at_once(text), "{text}");
    }
}
