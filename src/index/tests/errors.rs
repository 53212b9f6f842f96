//! Where errors lead, what sequences are read from, what tasks fail of, what is being ended.

use super::program;
use crate::catalogue::Effect;
use crate::facts::model::Op;
use crate::index::bodies::infer::Callee;
use crate::index::calls::Site;

#[test]
fn a_path_fails_where_an_error_enters_or_leaves() {
    let code = program(
        "fn main() -> std::io::Result<()> { before(); if let Err(error) = save() { inside(); return Err(error); } \
            match save() { Ok(()) => fine(), Err(_) => caught() } \
            save().map_err(|error| { replaced(); error })?; \
            let Ok(()) = save() else { refused(); return Ok(()) }; \
            if save().is_err() { failed(); } Ok(()) } \
         fn save() -> std::io::Result<()> { std::fs::write(\"a\", \"b\") }",
    );
    let failing = |text: &str| code.index.is_on_failing_path(code.site(text));
    for on_the_way in ["inside()", "caught()", "replaced()", "refused()", "failed()"] {
        assert!(failing(on_the_way), "{on_the_way}");
    }
    assert!(!failing("before()"));
    assert!(!failing("fine()"));
}

#[test]
fn a_function_tells_of_its_errors_by_itself_or_through_what_it_calls() {
    let code = program(
        "fn silent() -> std::io::Result<()> { tracing::info!(\"start\"); std::fs::write(\"a\", \"b\") } \
         fn told() -> std::io::Result<()> { std::fs::write(\"a\", \"b\").inspect_err(|e| tracing::error!(\"{e}\")) } \
         fn returned() -> std::io::Result<()> { if bad() { tracing::error!(\"bad\"); return Err(error()); } Ok(()) } \
         fn inner() -> std::io::Result<()> { told()?; Ok(()) } \
         fn elsewhere() -> std::io::Result<()> { read().inspect_err(|e| tracing::warn!(\"{e}\")).ok(); std::fs::write(\"a\", \"b\") } \
         #[tracing::instrument(skip_all, err)] fn traced() -> std::io::Result<()> { std::fs::write(\"a\", \"b\") } \
         fn main() {}",
    );
    let tells = |name: &str| {
        let body = code.index.defs().body_of(code.function(name)).expect("it has a body");
        code.index.tells_of_its_errors(body)
    };
    assert!(!tells("silent"), "a message about something else says nothing of the error");
    assert!(!tells("elsewhere"), "a message about an error that stays says nothing of the one that leaves");
    for name in ["told", "returned", "inner", "traced"] {
        assert!(tells(name), "{name}");
    }
}

#[test]
fn a_function_of_a_trait_tells_of_its_errors_where_what_implements_it_does() {
    let code = program(
        "trait Store { fn save(&self) -> std::io::Result<()>; } struct Disk; \
         impl Store for Disk { #[tracing::instrument(skip_all, err)] fn save(&self) -> std::io::Result<()> { std::fs::write(\"a\", \"b\") } } \
         fn keep(store: &impl Store) -> std::io::Result<()> { store.save()?; Ok(()) } fn main() {}",
    );
    let body = code.index.defs().body_of(code.function("keep")).expect("it has a body");
    assert!(code.index.tells_of_its_errors(body));
}

#[test]
fn what_a_call_is_given_to_run_may_reach_out_of_the_program() {
    let code = program(
        "async fn save() -> std::io::Result<()> { tokio::fs::write(\"a\", \"b\").await } async fn close() { if save().await.is_err() {} } \
         async fn count(n: &mut u32) { *n += 1; } \
         fn main() { tokio::spawn(save()); tokio::spawn(async { close().await }); tokio::spawn(async { count(n).await; let _ = n; }); }",
    );
    let reaches = |text: &str| code.index.reaches_out(code.site(text));
    assert!(reaches("tokio::spawn(save())"));
    assert!(reaches("tokio::spawn(async { close().await })"));
    assert!(!reaches("tokio::spawn(async { count(n).await; let _ = n; })"));
}

#[test]
fn a_reader_that_is_a_parameter_reads_what_the_callers_give() {
    let code = program(
        "use std::{fs::File, io::{BufRead, BufReader, Cursor}, net::TcpStream}; \
         fn file(reader: impl BufRead) { look(&reader, 1); inner(reader); } fn inner(mut reader: impl BufRead) { look(&reader, 2); } \
         fn memory(reader: impl BufRead) { look(&reader, 3); } fn mixed(reader: impl BufRead) { look(&reader, 4); } \
         fn main() -> std::io::Result<()> { file(BufReader::new(File::open(\"a\")?)); memory(Cursor::new(\"a\")); \
            mixed(BufReader::new(File::open(\"a\")?)); mixed(BufReader::new(TcpStream::connect(\"a:1\")?)); Ok(()) }",
    );
    let reads = |at: u32| {
        let call = code.site(&format!("look(&reader, {at})"));
        let Op::Call { arguments, .. } = &code.index.node(call).op else { panic!("a call") };
        code.index.read_effect(crate::index::calls::Site { node: arguments[0], ..call })
    };
    assert_eq!([reads(1), reads(2), reads(3), reads(4)], [Some(Effect::File), Some(Effect::File), None, None]);
}

#[test]
fn sequences_are_followed_to_what_they_are_read_from() {
    let code = program(
        "use std::io::BufRead; \
         fn main() -> std::io::Result<()> { let entries = std::fs::read_dir(\"a\")?; \
            take(entries.skip(1)); \
            take(std::io::BufReader::new(std::fs::File::open(\"a\")?).lines()); \
            take(std::io::stdin().lock().lines()); \
            take(text.lines()); \
            take(walkdir::WalkDir::new(\"a\").max_depth(1).into_iter()); \
            let listener = std::net::TcpListener::bind(\"a\")?; take(listener.incoming()); Ok(()) }",
    );
    let source = |text: &str| code.index.sequence(code.site(text)).map(|source| (source.effect, source.accepts));
    assert_eq!(source("entries.skip(1)"), Some((Effect::File, false)));
    assert_eq!(source("std::io::BufReader::new(std::fs::File::open(\"a\")?).lines()"), Some((Effect::File, false)));
    assert_eq!(source("std::io::stdin().lock().lines()"), None, "nothing is lost that somebody typed");
    assert_eq!(source("text.lines()"), None);
    assert_eq!(source("walkdir::WalkDir::new(\"a\").max_depth(1).into_iter()"), Some((Effect::File, false)));
    assert_eq!(source("listener.incoming()"), Some((Effect::Network, true)));
}

#[test]
fn a_sequence_that_is_given_fails_of_what_its_errors_stem_from() {
    let code = program(
        "use futures::StreamExt; \
         async fn rows(mut rows: futures::stream::BoxStream<'_, Result<String, sqlx::Error>>) { rows.next().await; } \
         async fn lines(mut lines: futures::stream::BoxStream<'_, std::io::Result<String>>) { lines.next().await; } \
         async fn texts(mut texts: futures::stream::BoxStream<'_, Result<String, Broken>>) { texts.next().await; } \
         fn main() {}",
    );
    let effect = |text: &str| code.index.next_of(code.site(text)).map(|source| source.effect);
    assert_eq!(effect("rows.next()"), Some(Effect::Database));
    assert_eq!(effect("lines.next()"), None, "a disk, a network, a pipe");
    assert_eq!(effect("texts.next()"), None);
}

#[test]
fn an_error_of_a_sequence_has_somewhere_to_go_or_not() {
    let code = program(
        "fn tried() -> std::io::Result<()> { take(std::fs::read_dir(\"a\")?); Ok(()) } \
         fn empty() -> std::io::Result<()> { if let Ok(found) = std::fs::read_dir(\"b\") { take(found); } Ok(()) } \
         fn no_result() { take(std::fs::read_dir(\"c\").unwrap()); } fn main() {}",
    );
    let can_tell = |text: &str| {
        let source = code.index.sequence(code.site(text)).expect("it reads a folder");
        code.index.can_tell(source)
    };
    assert!(can_tell("std::fs::read_dir(\"a\")?"));
    assert!(!can_tell("std::fs::read_dir(\"b\")"), "what cannot be opened is taken for empty");
    assert!(!can_tell("std::fs::read_dir(\"c\").unwrap()"), "the function returns no error");
}

#[test]
fn tasks_fail_of_what_they_do() {
    let code = program(
        "async fn save() -> std::io::Result<()> { tokio::fs::write(\"a\", \"b\").await } \
         async fn told() -> std::io::Result<()> { save().await.inspect_err(|e| tracing::error!(\"{e}\")) } \
         async fn main() { let one = tokio::spawn(save()); wait(one); \
            let mut many = Vec::new(); many.push(tokio::spawn(async { save().await })); wait(many); \
            let logged = tokio::spawn(told()); wait(logged); \
            let number = tokio::spawn(async { 7 }); wait(number); \
            let (client, connection) = tokio_postgres::connect(\"host=a\", tokio_postgres::NoTls).await.unwrap(); \
            let driver = tokio::spawn(connection); wait(driver); \
            let block = tokio::spawn({ let name = 1; save() }); wait(block); \
            given(save()); } \
         fn given<F: std::future::Future<Output = std::io::Result<()>>>(work: F) { let helper = tokio::spawn(work); wait(helper); }",
    );
    let tasks = |text: &str| {
        let handle = code.sites(text).last().unwrap_or_else(|| panic!("no `{text}`"));
        assert!(matches!(code.index.node(handle).op, Op::Local(_)));
        let tasks = code.index.fallible_tasks(handle);
        tasks.into_iter().map(|task| (task.effected.map(|of| of.effect), task.tells)).collect::<Vec<_>>()
    };
    assert_eq!(tasks("one"), [(Some(Effect::File), false)]);
    assert_eq!(tasks("many"), [(Some(Effect::File), false)], "what is pushed into a collection is found behind it");
    assert_eq!(tasks("logged"), [(Some(Effect::File), true)]);
    assert_eq!(tasks("number"), [], "what gives no `Result` has no error to lose");
    assert_eq!(tasks("driver"), [(Some(Effect::Database), false)], "a future of a library is work, too");
    assert_eq!(tasks("block"), [(Some(Effect::File), false)]);
    assert_eq!(tasks("helper"), [(Some(Effect::File), false)], "what its callers give it to run");
}

#[test]
fn things_are_ended_by_name_by_caller_or_after_a_stop() {
    let code = program(
        "struct Service; impl Service { fn shutdown(&self) { by_name(); self.last(); } fn last(&self) { by_caller(); } \
            fn run(&self) { at_work(); } } \
         async fn race(token: tokio_util::sync::CancellationToken) { early(); token.cancel(); late(); } \
         fn main() { Service.run(); }",
    );
    let ending = |text: &str| code.index.is_teardown(code.site(text));
    assert!(ending("by_name()"));
    assert!(ending("by_caller()"), "nothing but `shutdown` calls it");
    assert!(ending("late()"));
    assert!(!ending("early()"));
    assert!(!ending("at_work()"));
}

#[test]
fn functions_that_make_errors_may_have_found_nothing() {
    let code = program(
        "fn passes() -> std::io::Result<String> { Ok(std::fs::read_to_string(\"a\")?) } \
         fn absent(map: std::collections::HashMap<u8, u8>) -> Result<u8, String> { map.get(&1).copied().ok_or(none()) } \
         fn main() {}",
    );
    let makes = |name: &str| code.index.makes_errors(code.index.defs().body_of(code.function(name)).expect("a body"));
    assert!(!makes("passes"));
    assert!(makes("absent"));
}

/// What each function gives is told of, as far as `name` says `told…` or `untold…`.
fn assert_told(text: &str) {
    let code = program(text);
    let calls = code.index.bodies().flat_map(|(body, facts, _)| facts.iter().map(move |(node, _)| Site { body, node }));
    let mut seen = 0;
    for site in calls {
        let Some(Callee::Workspace(function)) = code.index.callee(site) else { continue };
        let name = code.index.defs().function(*function).name;
        if name.starts_with("told") || name.starts_with("untold") {
            assert_eq!(code.index.error_is_told(site), name.starts_with("told"), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn an_error_is_told_of_where_every_way_to_it_says_so() {
    assert_told(
        "use std::{fs, io}; struct Bad; impl Bad { fn log(self) -> Self { tracing::error!(\"bad\"); self } } \
         fn told_adapted() -> Result<(), Bad> { let text = fs::read(\"a\").map_err(|e| { tracing::warn!(\"{e}\"); Bad })?; \
            fs::write(\"b\", text).map_err(|_| Bad).map_err(|bad| bad.log()) } \
         fn told_by_name() -> Result<(), Bad> { fs::write(\"b\", \"\").map_err(|_| Bad).map_err(Bad::log) } \
         fn told_branches(n: u8) -> io::Result<()> { match fs::write(\"b\", \"\") { Ok(()) => Ok(()), \
            Err(e) if n > 0 => { tracing::warn!(\"{e}\"); Err(e) } Err(e) => { eprintln!(\"{e}\"); return Err(e); } } } \
         fn told_deeper(n: u8) -> io::Result<()> { told_branches(n)?; if n > 1 { told_deeper(n - 1) } else { Ok(()) } } \
         fn untold_adapted() -> Result<(), Bad> { fs::write(\"b\", \"\").map_err(|_| Bad) } \
         fn untold_by_name() -> Result<(), Bad> { fs::write(\"b\", \"\").map_err(Bad::from) } \
         fn untold_one_way() -> io::Result<()> { let text = fs::read(\"a\")?; fs::write(\"b\", text).inspect_err(|e| tracing::warn!(\"{e}\")) } \
         fn untold_branches(n: u8) -> io::Result<()> { match fs::write(\"b\", \"\") { Ok(()) => Ok(()), \
            Err(e) => { if n > 0 { tracing::warn!(\"{e}\"); } Err(e) } } } \
         fn untold_before() -> io::Result<()> { tracing::info!(\"writing\"); if let Err(e) = fs::write(\"b\", \"\") { return Err(e); } Ok(()) } \
         fn main() { let _ = (told_adapted(), told_by_name(), told_branches(1), told_deeper(1), untold_adapted(), untold_by_name(), \
            untold_one_way(), untold_branches(1), untold_before()); }",
    );
}

#[test]
fn an_error_whose_type_cannot_be_made_in_silence_is_told_of() {
    assert_told(
        "pub struct Loud { text: String } \
         impl Loud { pub fn new(text: String) -> Self { let it = Self { text }; it.log(); it } fn quiet(text: String) -> Self { Self { text } } \
            fn log(&self) { match self.text.len() { 0 => tracing::warn!(\"?\"), _ => tracing::error!(\"{}\", self.text) } } } \
         pub struct Delayed { inner: Loud } impl Delayed { pub fn new(text: String) -> Self { Self { inner: Loud::quiet(text) } } } \
         impl Drop for Delayed { fn drop(&mut self) { self.inner.log(); } } \
         pub struct Soft { text: String } impl Soft { pub fn new(text: String) -> Self { if text.len() > 9 { tracing::warn!(\"{text}\"); } Self { text } } } \
         pub struct Mixed; impl Mixed { pub fn new() -> Self { tracing::warn!(\"bad\"); Mixed {} } pub fn quiet() -> Self { Mixed {} } } \
         fn save() -> std::io::Result<()> { std::fs::write(\"a\", \"b\") } \
         fn told_new() -> Result<(), Loud> { save().map_err(|e| Loud::new(e.to_string()))?; Ok(()) } \
         fn untold_soft() -> Result<(), Soft> { save().map_err(|e| Soft::new(e.to_string())) } \
         fn untold_mixed() -> Result<(), Mixed> { save().map_err(|e| Mixed::new())?; save().map_err(|e| Mixed::quiet()) } \
         fn main() { let _ = (told_new(), untold_soft(), untold_mixed(), Delayed::new(String::new())); }",
    );
}

#[test]
fn a_line_of_a_log_has_no_log_to_tell_of_it() {
    let code = program(
        "use std::{fs::File, io::Write}; struct Out { file: File } struct Entry(String); struct State { file: File } impl State { fn logged(&mut self, line: &str) { self.file.write_all(b\"state\"); } } \
         impl Out { fn log_entry(&mut self, entry: Entry) { self.file.write_all(entry.0.as_bytes()); } fn log(&mut self, line: &str) { self.file.write_all(line.as_bytes()); } fn log_twice(&mut self, line: &str) { writeln!(self.file, \"{line}{line}\"); } \
            fn log_size(&mut self) -> usize { self.file.write_all(b\"size\"); 4 } } \
         fn both(file: &mut File, text: &str, more: &str) { tracing::info!(\"{text}\"); if more.len() > 1 { writeln!(file, \"{text}\"); } \
            writeln!(file, \"{text} {more}\"); writeln!(file, \"fixed\"); } fn main() {}",
    );
    let logs = |text: &str| code.index.writes_a_log(code.site(text));
    for line in
        ["self.file.write_all(line.as_bytes())", "writeln!(self.file, \"{line}{line}\")", "writeln!(file, \"{text}\")"]
    {
        assert!(logs(line), "{line}");
    }
    for data in [
        "self.file.write_all(entry.0.as_bytes())",
        "self.file.write_all(b\"state\")",
        "self.file.write_all(b\"size\")",
        "writeln!(file, \"{text} {more}\")",
        "writeln!(file, \"fixed\")",
    ] {
        assert!(!logs(data), "{data}");
    }
}

#[test]
fn a_variable_stands_for_what_it_is_bound_to_where_nothing_else_looks_at_it() {
    let code = program(
        "fn main() { let once = make(); take(once); let twice = make(); take(twice); take(twice); \
            let (part, _) = pair(); take(part); let said = make(); println!(\"{said}\"); take(said); }",
    );
    let bound = |text: &str| {
        let site = code.sites(text).last().unwrap_or_else(|| panic!("no `{text}`"));
        let Op::Local(local) = code.index.node(site).op else { panic!("`{text}` is no variable") };
        code.index.bound_for_one_use(site.body, local).is_some()
    };
    assert!(bound("once"));
    for more in ["twice", "part", "said"] {
        assert!(!bound(more), "{more}");
    }
}

#[test]
fn what_is_done_for_each_of_several_passes_on_what_each_does() {
    let code = program(
        "use futures::future::join_all; async fn save(name: &str) -> std::io::Result<()> { tokio::fs::write(name, \"b\").await } \
         async fn all(names: Vec<String>) { join_all(names.iter().map(|name| save(name))).await; \
            join_all(names.iter().map(|name| async move { tokio::fs::remove_file(name).await })).await; \
            join_all(names.iter().map(|name| async move { name.len() })).await; \
            names.iter().map(|name| std::fs::write(name, \"a\")).collect::<Vec<_>>(); } fn main() {}",
    );
    let effect = |text: &str| code.index.effect(code.site(text)).map(|found| found.effect);
    assert_eq!(effect("join_all(names.iter().map(|name| save(name))).await"), Some(Effect::File));
    assert_eq!(effect("names.iter().map(|name| std::fs::write(name, \"a\")).collect::<Vec<_>>()"), Some(Effect::File));
    assert_eq!(effect("join_all(names.iter().map(|name| async move { name.len() })).await"), None);
}

#[test]
fn what_a_branch_gives_back_or_a_helper_is_given_to_run_keeps_its_error() {
    let code = program(
        "fn save() -> std::io::Result<()> { std::fs::write(\"a\", \"b\") } struct Failed(std::io::Error); \
         fn by_hand() -> Result<(), Failed> { match save() { Ok(()) => Ok(()), Err(error) => Err(Failed(error)) } } \
         fn early() -> Result<(), Failed> { if let Err(error) = save() { return Err(Failed(error)); } Ok(()) } \
         fn aloud() -> Result<(), Failed> { match save() { Ok(()) => Ok(()), Err(error) => { tracing::warn!(\"lost\"); Err(Failed(error)) } } } \
         fn another() -> Result<(), u8> { match save() { Ok(()) => Ok(()), Err(error) => Err(7) } } \
         fn run<T>(work: impl Fn() -> std::io::Result<T>) -> std::io::Result<T> { let done = work(); done } \
         fn other<T>(work: impl Fn() -> std::io::Result<T>) -> Result<u8, u8> { let _ = work(); Err(1) } \
         fn given() -> std::io::Result<()> { run(|| { save()?; Ok(()) }) } fn unheard() -> Result<u8, u8> { other(|| save()) } \
         fn main() { by_hand(); early(); aloud(); another(); given(); unheard(); }",
    );
    let told = |call: &str| code.index.effect(code.site(call)).map(|found| found.told);
    for (call, expected) in [
        ("by_hand()", Some(false)),
        ("early()", Some(false)),
        ("aloud()", Some(true)),
        ("another()", None),
        ("given()", Some(false)),
        ("unheard()", None),
    ] {
        assert_eq!(told(call), expected, "{call}");
    }
}

#[test]
fn what_clients_of_services_build_and_send_may_fail() {
    let code = program(
        "use async_nats::jetstream; use aws_sdk_sqs::Client; use octocrab::Octocrab; \
         async fn take(client: &Client) { client.receive_message().queue_url(\"a\").max_number_of_messages(1).send().await; \
            client.delete_message().queue_url(\"a\").send().await; client.receive_message().queue_url(\"a\"); } \
         async fn ask(github: &Octocrab) { github.issues(\"a\", \"b\").create_comment(1, \"c\").await; \
            github.repos(\"a\", \"b\").get_content().path(\"c\").send().await; github.issues(\"a\", \"b\"); } \
         async fn keep(store: jetstream::kv::Store) { store.put(\"a\", \"b\".into()).await; store.get(\"a\").await; } fn main() {}",
    );
    let found = |text: &str| code.index.effect(code.site(text)).map(|found| (found.effect, found.looks));
    for (call, looks) in [
        ("client.receive_message().queue_url(\"a\").max_number_of_messages(1).send().await", true),
        ("client.delete_message().queue_url(\"a\").send().await", false),
        ("github.issues(\"a\", \"b\").create_comment(1, \"c\").await", false),
        ("github.repos(\"a\", \"b\").get_content().path(\"c\").send().await", true),
        ("store.put(\"a\", \"b\".into()).await", false),
        ("store.get(\"a\").await", true),
    ] {
        assert_eq!(found(call), Some((Effect::Network, looks)), "{call}");
    }
    assert_eq!(found("client.receive_message().queue_url(\"a\")"), None);
    assert_eq!(found("github.issues(\"a\", \"b\")"), None);
}

#[test]
fn several_futures_that_are_waited_for_together_pass_on_what_each_does() {
    let code = program(
        "async fn save() -> std::io::Result<()> { tokio::fs::write(\"a\", \"b\").await } async fn rest() {} \
         async fn all() -> std::io::Result<()> { tokio::try_join!(save(), save())?; Ok(()) } \
         async fn each() { let _ = tokio::join!(rest(), save()); let _ = tokio::try_join!(save(), save()); let _ignored = tokio::join!(rest(), save()); let _ = all().await; \
            let kept = async { save().await?; Ok::<(), std::io::Error>(()) }; let _ = tokio::join!(kept, rest()); } fn main() {}",
    );
    let effect = |text: &str| code.index.effect(code.site(text)).map(|found| found.effect);
    assert_eq!(effect("all().await"), Some(Effect::File));
    assert_eq!(effect("async { save().await?; Ok::<(), std::io::Error>(()) }"), Some(Effect::File));
    assert_eq!(effect("rest()"), None);
    let vanished: Vec<bool> =
        code.sites("save()").map(|at| code.index.view(at.body).vanished(at.node).is_some()).collect();
    assert_eq!(
        vanished.iter().filter(|vanished| **vanished).count(),
        1,
        "only what is thrown away with others: {vanished:?}"
    );
}
