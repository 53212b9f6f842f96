//! What kind of program a binary is, what it reaches, and what can happen in one run of it.

use ustr::ustr;

use super::{Linked, packages, program, program_using};
use crate::catalogue::Libraries;
use crate::index::programs::kinds::Kind;
use crate::workspace::TargetKind;

/// Why the only program is a service.
fn service(code: &Linked) -> Option<&str> {
    let [program] = code.index.programs() else { panic!("one program is expected") };
    program.verdict.why.as_ref().filter(|_| program.is_service()).map(|label| label.text.as_str())
}

fn kind(text: &str) -> Kind {
    let code = program(text);
    let [program] = code.index.programs() else { panic!("one program is expected") };
    code.index.kind_of(program.krate).expect("a program is of some kind").kind
}

#[test]
fn what_serves_or_waits_in_a_loop_is_a_service() {
    let serves = program("async fn main() { run().await; } async fn run() { axum::serve(listener, app).await; }");
    assert_eq!(service(&serves), Some("serves until it is stopped"));
    let loops = program("async fn main() { loop { tokio::time::sleep(t).await; work(); } }");
    assert_eq!(service(&loops), Some("loops without end"));
    let consumes = program(
        "async fn main(mut rx: tokio::sync::mpsc::Receiver<u8>) { tokio::signal::ctrl_c().await; while let Some(x) = rx.recv().await {} }",
    );
    assert_eq!(service(&consumes), Some("loops without end"), "it listens to signals");
    let drains = program(
        "async fn main(mut rx: tokio::sync::mpsc::Receiver<u8>) { while let Some(x) = rx.recv().await {} } \
         async fn forgotten() { tokio::signal::ctrl_c().await; }",
    );
    assert_eq!(service(&drains), None, "no way leads to the signal");
}

#[test]
fn what_ends_by_itself_is_no_service() {
    let once = "fn main() { std::fs::write(\"x\", \"y\"); }";
    let retries = "async fn main() { loop { if done() { break; } tokio::time::sleep(t).await; } }";
    let items = "async fn main() { for x in list() { tokio::time::sleep(t).await; } }";
    let unreached = "fn main() {} async fn forgotten() { axum::serve(listener, app).await; }";
    for text in [once, retries, items, unreached] {
        assert_eq!(service(&program(text)), None, "{text}");
    }
}

#[test]
fn a_loop_that_only_lets_time_pass_is_a_retry_unless_something_tells_it_to_stop() {
    let listening = |work: &str| {
        kind(&format!(
            "async fn main() {{ ctrlc::set_handler(|| stop()); work().await; }} \
             async fn work(token: tokio_util::sync::CancellationToken, stop: std::sync::atomic::AtomicBool) {{ {work} }}"
        ))
    };
    let retries = "loop { if done() { break; } tokio::time::sleep(t).await; }";
    assert_eq!(listening(retries), Kind::OneShot);
    let asks = "while !stop.load(o) { std::thread::sleep(t); }";
    assert_eq!(listening(asks), Kind::Service);
    let raced = "loop { tokio::select! { _ = token.cancelled() => break, _ = tokio::time::sleep(t) => beat() } }";
    assert_eq!(listening(raced), Kind::Service);
    let endless = "loop { std::thread::sleep(t); beat(); }";
    assert_eq!(listening(endless), Kind::Service);
}

#[test]
fn who_sends_a_signal_does_not_listen_to_it() {
    let signals = |text: &str| program(text).index.programs()[0].signals.len();
    assert_eq!(signals("fn main() { signal_hook::iterator::Signals::new([libc::SIGTERM]); }"), 1);
    assert_eq!(signals("fn main() { unsafe { libc::kill(-7, libc::SIGTERM); } }"), 0);
    assert_eq!(
        signals(
            "fn main() { tell(7, nix::sys::signal::Signal::SIGTERM); } \
             fn tell(id: i32, signal: nix::sys::signal::Signal) { nix::sys::signal::kill(id, Some(signal)); }"
        ),
        0
    );
}

#[test]
fn what_a_person_uses_is_interactive() {
    let terminal = "fn main() { run(); } fn run() { loop { if crossterm::event::poll(t)? { key(); } } } \
                    fn key() -> Option<K> { match crossterm::event::read()? { _ => None } }";
    let window =
        "fn main() { std::thread::spawn(|| loop { std::thread::sleep(t); }); eframe::run_native(\"x\", o, app); }";
    let dialogue = "fn main() { let mut lines = rustyline::DefaultEditor::new().unwrap(); \
                    loop { match lines.readline(\"> \") { Ok(line) => run(line), Err(_) => break } } }";
    let serves_beside =
        "async fn main() { tokio::spawn(async { axum::serve(l, a).await }); tauri::Builder::default().run(c); }";
    for text in [terminal, window, dialogue, serves_beside] {
        assert_eq!(kind(text), Kind::Interactive, "{text}");
    }
}

#[test]
fn a_question_is_no_dialogue_and_a_mode_of_its_own_makes_no_interactive_program() {
    let confirms = "fn main() { if dialoguer::Confirm::new().interact()? { remove(); } }";
    assert_eq!(kind(confirms), Kind::OneShot);
    let modes = "async fn main() { match mode { Mode::Watch => watch(), Mode::Serve => { axum::serve(l, a).await; } } } \
                 fn watch() { loop { crossterm::event::read(); } }";
    assert_eq!(kind(modes), Kind::Service);
    let optional = "async fn main() { if args.watch { std::thread::spawn(watch); } axum::serve(l, a).await; } \
                    fn watch() { loop { crossterm::event::read(); } }";
    assert_eq!(kind(optional), Kind::Service);
    let elsewhere = "async fn main() { command(); axum::serve(l, a).await; } \
                     fn command() { match mode { Mode::Watch => watch(), _ => report() } } fn watch() { loop { crossterm::event::read(); } }";
    assert_eq!(kind(elsewhere), Kind::Service);
    let deeper = "async fn main() { run().await; } async fn run() { match mode { Mode::Desk => desk().await, _ => report() } } \
                  async fn desk() { tokio::spawn(back()); loop { crossterm::event::read(); } } \
                  async fn back() { loop { tokio::time::sleep(t).await; } }";
    assert_eq!(kind(deeper), Kind::Interactive);
}

#[test]
fn what_nobody_waits_for_ends_with_main() {
    let beside = |main: &str| {
        kind(&format!(
            "async fn main() {{ tokio::spawn(metrics()); {main} }} async fn metrics() {{ axum::serve(l, a).await; }} \
             async fn work() {{ tokio::fs::read(\"a\").await; }} async fn other() {{ lib::serve().await; }}"
        ))
    };
    assert_eq!(beside("work().await;"), Kind::OneShot);
    assert_eq!(beside("let handle = tokio::spawn(work()); handle.await;"), Kind::OneShot);
    assert_eq!(beside("let shown = tokio::spawn(metrics()); work().await; shown.abort();"), Kind::OneShot);
    assert_eq!(beside("tokio::signal::ctrl_c().await;"), Kind::Service);
    assert_eq!(beside("let served = tokio::spawn(metrics()); served.await;"), Kind::Service);
    assert_eq!(beside("other().await;"), Kind::Service, "who knows what that does");
    let threads = "fn main() { let _beat = std::thread::spawn(|| loop { std::thread::sleep(t); tell(); }); work(); } fn work() {}";
    assert_eq!(kind(threads), Kind::OneShot);
    let joined =
        "fn main() { let beat = std::thread::spawn(|| loop { std::thread::sleep(t); tell(); }); beat.join(); }";
    assert_eq!(kind(joined), Kind::Service);
}

#[test]
fn who_takes_connections_until_a_word_comes_is_a_service() {
    let until = |waits: &str| {
        kind(&format!(
            "async fn main() {{ let (stop, told) = tokio::sync::oneshot::channel(); serve(told).await; }} \
             async fn serve(mut told: tokio::sync::oneshot::Receiver<()>) {{ \
               let door = tokio::net::TcpListener::bind(a).await?; \
               loop {{ tokio::select! {{ guest = {waits} => greet(guest), _ = &mut told => break }} }} }}"
        ))
    };
    assert_eq!(until("door.accept()"), Kind::Service);
    assert_eq!(until("tokio::time::sleep(t)"), Kind::OneShot);
    let in_time = "async fn main() { let door = tokio::net::TcpListener::bind(a).await?; \
                   loop { tokio::select! { guest = door.accept() => greet(guest), _ = tokio::time::sleep(t) => break } } }";
    assert_eq!(kind(in_time), Kind::OneShot, "a time limit is no word");
}

#[test]
fn a_task_of_another_package_counts_where_somebody_waits_for_it() {
    let kind = |main: &str| {
        let daemon = "pub async fn serve() { let door = tokio::net::TcpListener::bind(a).await?; \
                      let task = tokio::spawn(async move { loop { door.accept().await?; } }); task.await; } \
                      pub async fn beside() { let door = tokio::net::TcpListener::bind(a).await?; \
                      tokio::spawn(async move { loop { door.accept().await?; } }); work(); } \
                      pub struct Client { task: tokio::task::JoinHandle<()> } \
                      impl Client { pub fn new() -> Client { \
                        Client { task: tokio::spawn(async { loop { tokio::time::sleep(t).await; } }) } } }";
        let code = packages(&[
            ("daemon", TargetKind::Lib, daemon, &[]),
            ("tool", TargetKind::Bin, main, &[("daemon", "daemon")]),
        ]);
        let [program] = code.index.programs() else { panic!("one program is expected") };
        program.verdict.kind
    };
    assert_eq!(kind("async fn main() { daemon::serve().await; }"), Kind::Service);
    assert_eq!(kind("async fn main() { daemon::beside().await; }"), Kind::OneShot);
    assert_eq!(kind("async fn main() { let client = daemon::Client::new(); client.ask(); }"), Kind::OneShot);
}

#[test]
fn what_never_does_anything_leaves_it_to_what_it_is_raced_with() {
    let raced = |other: &str| {
        kind(&format!(
            "async fn main() {{ let late = async {{ match deadline() {{ Some(at) => tokio::time::sleep_until(at).await, None => std::future::pending().await }} }}; \
             tokio::select! {{ _ = late => {{}}, _ = {other} => {{}} }} }} async fn work() {{ tokio::fs::read(\"a\").await; }}"
        ))
    };
    assert_eq!(raced("work()"), Kind::OneShot);
    assert_eq!(raced("tokio::signal::ctrl_c()"), Kind::Service);
    assert_eq!(kind("async fn main() { start(); std::future::pending::<()>().await; } fn start() {}"), Kind::Service);
}

#[test]
fn an_attribute_can_write_main_and_serve() {
    let text = "#[rocket::launch] fn rocket() -> _ { rocket::build() }";
    let code = packages(&[("site", TargetKind::Bin, text, &[("rocket", "rocket")])]);
    assert_eq!(service(&code), Some("its attribute serves until it is stopped"));
}

#[test]
fn what_a_library_calls_counts_where_its_value_comes_up() {
    let shared = "pub struct Bridge; impl std::future::Future for Bridge { fn poll(&self) { axum::serve(l, a); } } pub fn other() {}";
    let code = packages(&[
        ("shared", TargetKind::Lib, shared, &[]),
        ("server", TargetKind::Bin, "async fn main() { shared::Bridge.await; }", &[("shared", "shared")]),
        ("tool", TargetKind::Bin, "fn main() { shared::other(); }", &[("shared", "shared")]),
    ]);
    let kind = |name: &str| {
        let at = code.index.crates().iter().position(|krate| krate.name == name).expect("it is there");
        code.index.kind_of(crate::index::declared::defs::CrateId(at as u32)).map(|verdict| verdict.kind)
    };
    assert_eq!(kind("server"), Some(Kind::Service));
    assert_eq!(kind("tool"), Some(Kind::OneShot));
    assert_eq!(kind("shared"), Some(Kind::Library));
}

#[test]
fn a_library_is_no_program_and_one_of_the_workspace_is_reached_through_its_callers() {
    let code = packages(&[
        ("shared", TargetKind::Lib, "pub async fn run() { axum::serve(l, a).await; } pub fn unused() { x(); }", &[]),
        ("server", TargetKind::Bin, "async fn main() { shared::run().await; }", &[("shared", "shared")]),
        ("tool", TargetKind::Bin, "fn main() {}", &[("shared", "shared")]),
    ]);
    let kinds: Vec<(&str, bool)> = code
        .index
        .programs()
        .iter()
        .map(|program| (code.index.crates()[program.krate.index()].name.as_str(), program.is_service()))
        .collect();
    assert_eq!(kinds, [("server", true), ("tool", false)]);
    let services = |text: &str| code.index.services_reaching(code.site(text).body).count();
    assert_eq!(services("axum::serve(l, a)"), 1);
    assert_eq!(services("x()"), 0);
}

#[test]
fn a_private_method_that_nobody_is_known_to_call_is_called_by_its_name_in_its_file() {
    let code = program(
        "struct Context<D> { data: D } struct Worker; struct Other; \
         async fn within<D, M: FnOnce(Context<D>) -> F, F: Future>(data: D, main: M) { main(Context { data }).await; } \
         impl Worker { async fn run(self, times: u8) { works(); } async fn rest(self) { rests(); } pub async fn offer(self) { offers(); } } \
         impl Worker { fn plain(self) { plainly(); } async fn both(self) { both(); } #[allow(dead_code)] async fn dead(self) { dies(); } } \
         impl Worker { fn twice(&self) { first(); } } impl Other { fn twice(&self) { second(); } } \
         fn plainly() {} fn both() {} fn dies() {} fn works() {} fn rests() {} fn offers() {} fn first() {} fn second() {} \
         async fn main() { within(elsewhere::made(), |context| async move { \
             context.data.run(1).await; context.data.rest(1).await; context.data.offer().await; context.data.twice(); \
             context.data.plain().await; context.data.both().await; elsewhere::other().both().await; context.data.dead().await; }).await; }",
    );
    let program = &code.index.programs()[0];
    let reached = |text: &str| program.reach.contains(&code.site(text).body);
    assert!(reached("works()"));
    for text in ["rests()", "offers()", "first()", "second()", "plainly()", "both()", "dies()"] {
        assert!(!reached(text), "{text}");
    }
}

#[test]
fn an_implementor_runs_where_a_value_of_it_comes_up() {
    let shared = "pub trait Store { fn put(&self); } pub fn serve(store: Box<dyn Store>) { loop { store.put(); } } \
        pub struct Disk; impl Disk { pub fn open() -> Self { Disk } } impl Store for Disk { fn put(&self) { on_disk(); } } \
        pub struct Memory; impl Memory { pub fn new() -> Self { Memory } } impl Store for Memory { fn put(&self) { in_memory(); } } \
        fn on_disk() {} fn in_memory() {}";
    let code = packages(&[
        ("shared", TargetKind::Lib, shared, &[]),
        (
            "server",
            TargetKind::Bin,
            "async fn main() { tokio::signal::ctrl_c().await; shared::serve(Box::new(shared::Memory::new())); }",
            &[("shared", "shared")],
        ),
        (
            "tool",
            TargetKind::Bin,
            "fn main() { shared::serve(Box::new(shared::Disk::open())); }",
            &[("shared", "shared")],
        ),
    ]);
    let services = |text: &str| code.index.services_reaching(code.site(text).body).count();
    assert_eq!(services("in_memory()"), 1);
    assert_eq!(services("on_disk()"), 0, "the server gives another one");
}

#[test]
fn an_implementor_that_nobody_is_seen_to_make_may_run() {
    let code = program(
        "trait Store { fn put(&self); } struct Disk; impl Disk { fn open() -> Self { Disk } } \
         impl Store for Disk { fn put(&self) { on_disk(); } } fn on_disk() {} fn stores() -> Vec<Box<dyn Store>> { gathered() } \
         async fn main() { for store in stores() { store.put(); } tokio::signal::ctrl_c().await; loop { work().await; } }",
    );
    assert_eq!(code.index.services_reaching(code.site("on_disk()").body).count(), 1);
}

#[test]
fn what_a_library_gathers_from_statics_runs() {
    let code = program(
        "trait Part { fn start(&self); } struct Http; impl Part for Http { fn start(&self) { listen(); } } fn listen() {} \
         static HTTP: fn() -> Box<dyn Part> = || Box::new(Http); fn parts() -> Vec<Box<dyn Part>> { gathered() } \
         async fn main() { for part in parts() { part.start(); } tokio::signal::ctrl_c().await; loop { work().await; } }",
    );
    assert_eq!(code.index.services_reaching(code.site("listen()").body).count(), 1);
}

#[test]
fn a_server_whose_configuration_says_so_handles_no_signals() {
    let handled = |set: &str| {
        let code = program(&format!(
            "async fn main() {{ let mut config = rocket::Config::from(rocket::Config::figment()); {set} rocket::custom(config).launch().await; }}"
        ));
        code.index.programs()[0].signals.iter().any(|at| at.by_server)
    };
    assert!(handled(""));
    assert!(handled("config.shutdown.ctrlc = true;"));
    assert!(handled("config.cli_colors = false;"));
    assert!(!handled("config.shutdown.ctrlc = false;"));
}

#[test]
fn signals_are_found_wherever_they_are_listened_to() {
    let code = program(
        "use tokio::signal::{self, unix::{signal, SignalKind}}; async fn main() { signal::ctrl_c().await; } \
         async fn forgotten() { signal(SignalKind::terminate()); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    assert!(program.listens_to("interrupt") && program.listens_to("terminate"));
    assert!(!program.listens_to("hangup"));
    let reached = |name: &str| program.signals.iter().any(|at| at.reached && at.names.iter().any(|n| n == name));
    assert!(reached("interrupt"));
    assert!(!reached("terminate"));
}

#[test]
fn a_function_does_not_hide_the_module_of_its_name() {
    for imports in [
        "use tokio::signal::unix::{signal, SignalKind}; use tokio::signal;",
        "use tokio::signal; use tokio::signal::unix::{SignalKind, signal};",
    ] {
        let code = program(&format!(
            "{imports} async fn main() {{ signal(SignalKind::terminate()); signal::ctrl_c().await; }}"
        ));
        let [program] = code.index.programs() else { panic!("one program is expected") };
        assert!(program.listens_to("interrupt") && program.listens_to("terminate"), "{imports}");
    }
    let code = program(
        "use tokio::signal; \
         async fn main() { use signal::unix::signal; use signal::unix::SignalKind; signal(SignalKind::terminate()); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    assert!(program.listens_to("terminate"), "what a block imports starts with what is around it");
}

#[test]
fn commands_are_parted_by_a_choice_that_each_run_makes_once() {
    let code = program(
        "fn main() { before(); match mode { 1 => one(), _ => two() } loop { match next { 1 => three(), _ => four() } } } \
         fn before() { a(); } fn one() { b(); both(); } fn two() { c(); both(); } fn both() { d(); } fn three() { e(); } fn four() { f(); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    let parted = |first: &str, second: &str| code.index.parted(program, code.site(first), code.site(second)).is_some();
    assert!(parted("b()", "c()") && parted("c()", "b()"));
    assert!(!parted("a()", "b()"), "heard before the choice");
    assert!(!parted("b()", "d()"), "both commands call it");
    assert!(!parted("e()", "f()"), "one run comes to both in turn");
}

#[test]
fn branches_of_one_choice_exclude_each_other() {
    let code = program(
        "fn main() { both(); match mode { 1 => one(), _ => two() } if x { three(); } else { four(); } other(); } \
         fn one() { a(); } fn two() { b(); } fn three() { c(); } fn four() { d(); } fn both() { e(); f(); } fn other() { g(); one(); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    let coexist = |first: &str, second: &str| code.index.coexist(program, code.site(first), code.site(second));
    assert!(coexist("e()", "f()"));
    assert!(coexist("e()", "a()"));
    assert!(coexist("a()", "c()"), "two choices");
    assert!(!coexist("c()", "d()"));
    assert!(coexist("a()", "b()"), "`one` is also called elsewhere");
    assert!(!coexist("three()", "four()"));
}

#[test]
fn what_implements_a_trait_for_tests_is_nothing_that_a_program_comes_to() {
    let code = program(
        "trait Bus { async fn send(&self); } struct Real; impl Bus for Real { async fn send(&self) {} } \
         #[cfg(test)] mod stalls { struct Stall; impl crate::Bus for Stall { async fn send(&self) { std::future::pending::<()>().await } } } \
         async fn run(bus: impl Bus) { bus.send().await } #[tokio::main] async fn main() { run(Real).await }",
    );
    assert!(!code.index.programs()[0].is_service());
}

#[test]
fn a_loop_that_draws_the_screen_is_watched() {
    let drawing = |drawn: &str| {
        program(&format!(
            "#[tokio::main] async fn main() {{ loop {{ print!(\"{drawn}\"); tokio::time::sleep(second()).await; }} }}"
        ))
    };
    assert_eq!(drawing("\\x1B[2J\\x1B[1;1H").index.programs()[0].verdict.kind, Kind::Interactive);
    assert_eq!(drawing("still there").index.programs()[0].verdict.kind, Kind::Service);
}

#[test]
fn an_older_server_is_one_under_the_name_of_its_framework() {
    let mut libraries = Libraries::default();
    libraries.add(ustr("axum"), Some("0.6.4"), None);
    let code = program_using(
        libraries,
        "use axum::Server; #[tokio::main] async fn main() { Server::bind(&address()).serve(service()).await.unwrap(); }",
    );
    assert!(service(&code).is_some());
    let mut libraries = Libraries::default();
    libraries.add(ustr("hyper"), Some("1.6.0"), None);
    libraries.add(ustr("axum"), Some("0.8.1"), None);
    let text = "#[tokio::main] async fn main() { hyper::Server::bind(&address()).serve(service()).await.unwrap(); }";
    assert!(service(&program_using(libraries, text)).is_none(), "from 1 on there is no such server");
}

#[test]
fn what_waits_to_be_stopped_is_a_service_whatever_it_runs_by() {
    let term = "async fn stopped() { tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv().await; }";
    assert_eq!(kind(&format!("async fn main() {{ unheard::of(); stopped().await; }} {term}")), Kind::Service);
    assert_eq!(kind("async fn main() { unheard::of(); tokio::signal::ctrl_c().await; }"), Kind::Service);
    let by_command = "async fn main() { match command() { A => {} B => { tokio::signal::ctrl_c().await; } } }";
    assert_eq!(kind(by_command), Kind::OneShot, "a command may be a tool that a person interrupts");
    let aside = "async fn main() { work(async { tokio::signal::ctrl_c().await; }).await; } async fn work<F>(f: F) {}";
    assert_eq!(kind(aside), Kind::OneShot, "what is done with the future is not known");
    let raced = format!(
        "async fn main() {{ tokio::select! {{ _ = work() => {{}} _ = stopped() => {{}} }} }} async fn work() {{}} {term}"
    );
    assert_eq!(kind(&raced), Kind::OneShot, "a signal cuts a command short");
}

#[test]
fn a_loop_that_takes_connections_until_that_fails_is_a_service() {
    let takes = |work: &str| kind(&format!("async fn main(listener: tokio::net::TcpListener) {{ {work} }}"));
    assert_eq!(takes("while let Ok((socket, _)) = listener.accept().await { serve(socket); }"), Kind::Service);
    assert_eq!(
        takes("loop { let Ok(socket) = listener.accept().await else { break }; serve(socket); }"),
        Kind::Service
    );
    assert_eq!(
        takes("loop { match listener.accept().await { Ok(socket) => serve(socket), Err(_) => return } }"),
        Kind::Service
    );
    let answered = "loop { let (socket, _) = listener.accept().await.unwrap(); if answers(socket) { break; } }";
    assert_eq!(takes(answered), Kind::OneShot, "a login that waits for its call back");
}

#[test]
fn a_loop_that_ends_with_an_error_alone_is_a_service() {
    let ends = |how: &str| {
        kind(&format!(
            "fn main() -> Result<(), String> {{ loop {{ std::thread::sleep(t); if work.is_finished() {{ {how} }} }} }}"
        ))
    };
    assert_eq!(ends("return Err(\"a worker stopped\".into());"), Kind::Service);
    assert_eq!(ends("return Ok(());"), Kind::OneShot, "it waits for the work to be done");
    let exits = "if failed() { return Err(\"failed\".into()); } std::process::exit(0)";
    assert_eq!(ends(exits), Kind::OneShot, "it ends the program when the work is done");
    let returns = "fn main() { loop { std::thread::sleep(t); if work.is_finished() { return; } } }";
    assert_eq!(kind(returns), Kind::OneShot, "it waits for the work to be done");
}

#[test]
fn what_waits_for_the_word_of_who_listens_is_a_service() {
    let waits = |main: &str, heard: &str| {
        kind(&format!(
            "async fn main() {{ let stop = tokio_util::sync::CancellationToken::new(); tokio::spawn(listen(stop.clone())); {main} }} \
             async fn listen(stop: tokio_util::sync::CancellationToken) {{ {heard}; stop.cancel(); }}"
        ))
    };
    let term = "tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv().await";
    assert_eq!(waits("stop.cancelled().await; drain();", term), Kind::Service);
    assert_eq!(waits("stop.cancelled().await;", "work().await"), Kind::OneShot, "nobody listens to a signal");
    let done = "tokio::spawn(copy(stop.clone())); stop.cancelled().await; } \
                async fn copy(stop: tokio_util::sync::CancellationToken) { work().await; stop.cancel();";
    assert_eq!(waits(done, term), Kind::OneShot, "the work gives the word as well");
    let raced = "tokio::select! { () = stop.cancelled() => {} () = work() => {} }";
    assert_eq!(waits(raced, term), Kind::OneShot, "the work may be done before");
}

#[test]
fn a_server_whose_signals_are_switched_off_handles_none() {
    let serves = |off: &str| {
        program(&format!(
            "async fn main() {{ let server = actix_web::HttpServer::new(|| app()){off}; server.bind(\"x\").unwrap().run().await; }}"
        ))
    };
    for (off, listens) in [("", true), (".disable_signals()", false)] {
        let code = serves(off);
        let [program] = code.index.programs() else { panic!("one program is expected") };
        assert_eq!(program.listens_to("terminate"), listens, "{off}");
    }
}

#[test]
fn a_person_looks_at_what_a_browser_is_opened_for() {
    let looked_at = |opens: &str| {
        let code = program(&format!(
            "async fn main() {{ view().await; }} \
             async fn view() {{ tokio::spawn(async move {{ {opens}; }}); serve().await; }} \
             async fn serve() {{ axum::serve(listener, app).await; }}"
        ));
        code.index.is_looked_at(code.site("axum::serve(listener, app)"))
    };
    assert!(looked_at("open::that(format!(\"http://{addr}\"))"));
    assert!(looked_at("let page = \"http://localhost:8000/\"; webbrowser::open(page)"));
    assert!(!looked_at("open::that(\"https://accounts.example.com/login\")"));
    assert!(!looked_at("log(\"http://localhost:8000/\")"));
}

#[test]
fn what_is_measured_is_served_by_what_is_named_so() {
    let shows = |name: &str| {
        let code = program(&format!(
            "async fn main() {{ {name}::start().await; axum::serve(listener, app).await; }} struct {name}; \
             impl {name} {{ async fn start() {{ tokio::spawn(async move {{ axum::serve(other, routes).await; }}); }} }}"
        ));
        let [program] = code.index.programs() else { panic!("one program is expected") };
        code.index.only_shows_another(program, code.site("axum::serve(other, routes)"))
    };
    assert!(shows("MetricsServer"));
    assert!(shows("StatusServer"));
    assert!(!shows("OrderServer"));
}

#[test]
fn what_implements_a_trait_that_a_generator_wrote_is_called_by_a_library() {
    let code = program(
        "mod rest { include!(concat!(env!(\"OUT_DIR\"), \"/api.rs\")); } struct Api; struct Spare; \
         impl rest::Volumes for Api { fn list(&self) { listed(); } } impl rest::Volumes for Spare { fn list(&self) { spared(); } } \
         impl Api { fn forgotten(&self) { never(); } } \
         async fn main() { rest::register(Api); axum::serve(listener, app).await; }",
    );
    let services = |text: &str| code.index.services_reaching(code.site(text).body).count();
    assert_eq!([services("listed()"), services("spared()"), services("never()")], [1, 0, 0]);
}
