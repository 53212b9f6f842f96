//! What is set on the way of a value, and what bounds a call in time.

use ustr::ustr;

use super::program;
use crate::index::flow::time_bounds::{Bound, Callers};

#[test]
fn setters_are_seen_on_chains_locals_and_in_helpers() {
    let code = program(
        "use reqwest::{Client, ClientBuilder}; use std::time::Duration; \
         fn chained() { Client::builder().timeout(Duration::from_secs(1)).build().unwrap(); } \
         fn local() { let mut b = ClientBuilder::new(); b = b.timeout(Duration::from_secs(1)); b.user_agent(\"local\").build(); } \
         fn helped() { bounded().user_agent(\"helped\").build(); } fn bounded() -> ClientBuilder { Client::builder().timeout(Duration::from_secs(2)) } \
         fn given(b: ClientBuilder) { b.user_agent(\"given\").build(); } fn gives() { given(bounded()); } \
         fn bare() { plain().user_agent(\"bare\").build(); } fn plain() -> ClientBuilder { Client::builder().gzip(true) } \
         fn unknown(b: ClientBuilder) { b.user_agent(\"unknown\").build(); } fn main() {}",
    );
    let timeouts = [ustr("reqwest::ClientBuilder::timeout")];
    for (call, may, open) in [
        ("Client::builder().timeout(Duration::from_secs(1)).build()", true, false),
        ("b.user_agent(\"local\").build()", true, false),
        ("bounded().user_agent(\"helped\").build()", true, false),
        ("b.user_agent(\"given\").build()", true, false),
        ("plain().user_agent(\"bare\").build()", false, false),
        ("b.user_agent(\"unknown\").build()", true, true),
    ] {
        let settings = code.index.settings(code.site(call));
        assert_eq!((settings.may_include(&timeouts), settings.open), (may, open), "{call}");
    }
}

#[test]
fn a_way_begins_in_the_helper_that_makes_the_builder() {
    let code = program(
        "use reqwest::{Client, ClientBuilder}; fn main() { plain().user_agent(\"here\").build(); } fn plain() -> ClientBuilder { Client::builder() }",
    );
    let settings = code.index.settings(code.site("plain().user_agent(\"here\").build()"));
    assert!(settings.begins.contains(&code.site("Client::builder()")), "{:?}", settings.begins);
}

#[test]
fn what_is_around_a_call_or_its_callers_bounds_it() {
    let code = program(
        "use tokio::time::{sleep, timeout}; use std::time::Duration; async fn ask(n: u8) -> u8 { n } \
         async fn direct() { let _ = timeout(Duration::from_secs(1), ask(1)).await; } \
         async fn block() { let _ = timeout(Duration::from_secs(1), async { ask(2).await }).await; } \
         async fn held() { let asked = ask(3); let _ = timeout(Duration::from_secs(1), asked).await; } \
         async fn raced() { tokio::select! { _ = ask(4) => {} _ = sleep(Duration::from_secs(1)) => {} } } \
         async fn inner() { ask(5).await; } async fn outer() { let _ = timeout(Duration::from_secs(1), inner()).await; } \
         async fn bare() { ask(6).await; } async fn main() { bare().await; } \
         async fn task() { ask(7).await; } async fn starts() { tokio::spawn(task()); } async fn given_up() { let _ = timeout(Duration::from_secs(1), starts()).await; } \
         async fn lent() { let answer = ask(8).await; let _ = timeout(Duration::from_secs(1), ask(answer)).await; } \
         async fn later() { let asking = async { ask(9).await }; let _ = timeout(Duration::from_secs(1), asking).await; }",
    );
    for (call, bounded) in [
        ("ask(1)", true),
        ("ask(2)", true),
        ("ask(3)", true),
        ("ask(4)", true),
        ("ask(5)", true),
        ("ask(6)", false),
        ("ask(7)", false),
        ("ask(8)", false),
        ("ask(9)", true),
    ] {
        assert_eq!(code.index.is_bounded_in_time(code.site(call), Callers::Some, Bound::Sooner), bounded, "{call}");
    }
}

#[test]
fn what_ends_with_the_program_bounds_nothing_before() {
    let code = program(
        "use tokio::time::sleep; use tokio::sync::{mpsc, oneshot, watch}; use std::time::Duration; async fn ask(n: u8) -> u8 { n } \
         async fn stopped() { tokio::signal::ctrl_c().await.unwrap(); } async fn serve() { loop { sleep(Duration::from_secs(1)).await; } } \
         async fn token(t: tokio_util::sync::CancellationToken) { tokio::select! { _ = ask(1) => {} _ = t.cancelled() => {} } } \
         async fn signal() { let told = stopped(); tokio::pin!(told); tokio::select! { _ = ask(2) => {} _ = &mut told => {} _ = serve() => {} } } \
         async fn word(mut stop: watch::Receiver<bool>) { tokio::select! { _ = ask(3) => {} _ = stop.changed() => {} } } \
         async fn news(mut news: watch::Receiver<String>) { tokio::select! { _ = ask(4) => {} _ = news.changed() => {} } } \
         async fn message(mut rx: mpsc::Receiver<u8>) { tokio::select! { _ = ask(5) => {} _ = rx.recv() => {} } } \
         async fn late(t: tokio_util::sync::CancellationToken) { tokio::select! { _ = ask(6) => {} _ = t.cancelled() => {} _ = sleep(LIMIT) => {} } } \
         async fn main() {}",
    );
    for (call, sooner) in
        [("ask(1)", false), ("ask(2)", false), ("ask(3)", false), ("ask(4)", true), ("ask(5)", true), ("ask(6)", true)]
    {
        let bounded = |by: Bound| code.index.is_bounded_in_time(code.site(call), Callers::Some, by);
        assert_eq!(bounded(Bound::Sooner), sooner, "{call}");
        assert!(bounded(Bound::Any), "{call}");
    }
}

#[test]
fn what_ends_all_turns_bounds_none_but_by_the_clock() {
    let code = program(
        "use tokio::time::{sleep, timeout}; use std::time::Duration; async fn ask(n: u8) -> u8 { n } async fn other() -> u8 { 0 } \
         async fn turns() { loop { ask(1).await; sleep(Duration::from_secs(1)).await; } } \
         async fn within() { loop { tokio::select! { _ = ask(2) => {} _ = other() => {} } } } \
         async fn once() { ask(3).await; } \
         async fn timed() { loop { ask(4).await; sleep(Duration::from_secs(1)).await; } } \
         async fn late() { loop { ask(5).await; sleep(Duration::from_secs(1)).await; } } \
         async fn each() { loop { tokio::select! { _ = async { for n in 7..8 { ask(7).await; } } => {} _ = other() => {} } } } \
         async fn called() { let work = || async { ask(6).await; }; loop { work().await; } } \
         async fn main() { tokio::select! { _ = turns() => {} _ = within() => {} _ = once() => {} _ = each() => {} _ = called() => {} _ = other() => {} } \
            let _ = timeout(Duration::from_secs(9), timed()).await; \
            let over = sleep(Duration::from_secs(9)); tokio::select! { _ = late() => {} _ = over => {} } }",
    );
    for (call, bounded) in [
        ("ask(1)", false),
        ("ask(2)", true),
        ("ask(3)", true),
        ("ask(4)", true),
        ("ask(5)", true),
        ("ask(6)", false),
        ("ask(7)", true),
    ] {
        assert_eq!(code.index.is_bounded_in_time(code.site(call), Callers::Some, Bound::Sooner), bounded, "{call}");
    }
}

#[test]
fn a_place_is_come_to_because_something_took_too_long() {
    let code = program(
        "async fn main() { \
            match tokio::time::timeout(LIMIT, work()).await { Ok(done) => fine(), Err(_) => late() } \
            if tokio::time::timeout(LIMIT, work()).await.is_err() { later(); } \
            let Ok(done) = tokio::time::timeout(LIMIT, work()).await else { last() }; \
            if let Err(error) = work().await { failed(); } }",
    );
    let gave_up = |text: &str| code.index.gave_up_before(code.site(text)).is_some();
    for late in ["late()", "later()", "last()"] {
        assert!(gave_up(late), "{late}");
    }
    assert!(!gave_up("fine()"));
    assert!(!gave_up("failed()"), "an error of the work itself is no elapsed time");
}

#[test]
fn a_helper_or_what_a_closure_gives_may_be_what_is_bounded() {
    let code = program(
        "use tokio::time::timeout; use std::future::Future; use std::time::Duration; async fn ask(n: u8) -> u8 { n } \
         fn within<F: Future<Output = u8>>(limit: Duration, asked: F) -> impl Future { timeout(limit, asked) } \
         fn told<F: Future<Output = u8>>(limit: Duration, asked: F) -> F { let _ = timeout(limit, ask(0)); asked } \
         async fn helped() { within(Duration::from_secs(1), Box::pin(ask(1))).await; } \
         async fn other() { told(Duration::from_secs(1), ask(2)).await; } \
         async fn closure() { let asks = async |n| ask(3).await + n; let asked = asks(1); let _ = timeout(Duration::from_secs(1), asked).await; } \
         fn tried<F: Fn() -> R, R: Future<Output = u8>>(limit: Duration, asks: F) -> impl Future { timeout(limit, asks()) } \
         async fn lent() { tried(Duration::from_secs(1), || async { ask(5).await }).await; } \
         async fn task() { let _ = timeout(Duration::from_secs(1), tokio::spawn(async { ask(6).await })).await; } \
         async fn inside() { tokio::spawn(async { let _ = timeout(Duration::from_secs(1), ask(7)).await; }).await; } \
         async fn raced() { tokio::select! { _ = tokio::spawn(ask(8)) => {} _ = tokio::time::sleep(Duration::from_secs(1)) => {} } } \
         async fn untimed() { let asks = async |n| ask(4).await + n; asks(1).await; } async fn main() {}",
    );
    let of_tasks = [("ask(6)", false), ("ask(7)", true), ("ask(8)", false)];
    let here = [("ask(1)", true), ("ask(2)", false), ("ask(3)", true), ("ask(4)", false), ("ask(5)", true)];
    for (call, bounded) in here.into_iter().chain(of_tasks) {
        assert_eq!(code.index.is_bounded_in_time(code.site(call), Callers::Some, Bound::Sooner), bounded, "{call}");
    }
}

#[test]
fn a_future_that_is_given_away_is_not_waited_for() {
    let code = program(
        "use std::future::Future; async fn ask(n: u8) -> u8 { n } struct Asked<F> { asked: F } \
         async fn waits() { ask(1).await; } async fn later() { let asked = ask(2); asked.await; } \
         fn gives() -> impl Future<Output = u8> { ask(3) } fn keeps() -> Asked<impl Future> { Asked { asked: ask(4) } } \
         async fn chosen(c: bool) { (if c { ask(5) } else { ask(6) }).await; } async fn dropped() { ask(7); } \
         async fn raced() { tokio::select! { _ = ask(8) => {} _ = gives() => {} } } fn blocks() -> u8 { 9 } fn main() { blocks(); }",
    );
    for (call, waited) in [
        ("ask(1)", true),
        ("ask(2)", true),
        ("ask(3)", false),
        ("ask(4)", false),
        ("ask(5)", true),
        ("ask(7)", false),
        ("ask(8)", true),
        ("blocks()", true),
    ] {
        assert_eq!(code.index.is_waited_for(code.site(call)), waited, "{call}");
    }
}

#[test]
fn a_value_is_one_outcome_of_the_choices_around_it() {
    let code = program(
        "use reqwest::Client; use std::time::Duration; \
         fn chosen(on: bool) { let client = if on { Client::builder().timeout(Duration::from_secs(1)).build() } else { Client::builder().build() }; } \
         fn beside(on: bool) { if on { Client::builder().timeout(Duration::from_secs(1)).build(); } Client::builder().gzip(true).build(); } fn main() {}",
    );
    let timeouts = [ustr("reqwest::ClientBuilder::timeout")];
    let chosen = |text: &str| {
        let choices = code.index.choices_around(code.site(text));
        choices.into_iter().any(|all| code.index.settings(all).includes(&timeouts))
    };
    assert!(chosen("Client::builder().build()"));
    assert!(!chosen("Client::builder().gzip(true).build()"));
}

#[test]
fn a_limit_that_is_a_setting_is_seen_in_the_other_branch() {
    let code = program(
        "use std::time::Duration; use tokio::time::timeout; \
         async fn set(client: reqwest::Client, r: reqwest::Request, limit: Option<Duration>) { \
            if let Some(limit) = limit { timeout(limit, client.execute(r)).await; } else { client.execute(other(r)).await; } \
            if ready() { client.execute(third(r)).await; } else { client.execute(r).await; } } fn main() {}",
    );
    let bounded = |text: &str| code.index.is_bounded_by_choice(code.site(text));
    assert!(bounded("client.execute(other(r))"));
    assert!(!bounded("client.execute(third(r))"));
}

#[test]
fn what_a_generator_writes_opens_a_channel() {
    let code = program(
        "use tonic::transport::Endpoint; use std::time::Duration; use pb::greeter_client::GreeterClient; use pb::other_client; \
         mod pb { tonic::include_proto!(\"greeter\"); } \
         async fn plain() { GreeterClient::connect(\"http://greeter\").await; } \
         async fn through_module() { other_client::OtherClient::connect(\"http://other\").await; } \
         async fn bounded(url: String) { let endpoint = Endpoint::from_shared(url).unwrap().timeout(Duration::from_secs(1)); GreeterClient::connect(endpoint).await; } \
         async fn given(settings: Settings) { GreeterClient::connect(settings.endpoint()).await; } \
         async fn other() { pb::greeter_client::Channel::connect(\"http://x\").await; } fn main() {}",
    );
    let timeouts = [ustr("tonic::transport::Endpoint::timeout")];
    let connects = ustr("tonic::client::Generated::connect");
    for (call, may) in [
        ("GreeterClient::connect(\"http://greeter\")", false),
        ("other_client::OtherClient::connect(\"http://other\")", false),
        ("GreeterClient::connect(endpoint)", true),
        ("GreeterClient::connect(settings.endpoint())", true),
    ] {
        let site = code.site(call);
        assert_eq!(code.index.external(site), Some(connects), "{call}");
        assert_eq!(code.index.settings(site).may_include(&timeouts), may, "{call}");
    }
    assert_eq!(code.index.external(code.site("pb::greeter_client::Channel::connect(\"http://x\")")), None);
}

#[test]
fn what_is_counted_configures_nothing_and_statics_and_pairs_are_followed() {
    let code = program(
        "use reqwest::{Client, ClientBuilder}; use std::sync::{LazyLock, OnceLock}; use std::time::Duration; use tonic::transport::Channel; \
         use pb::greeter_client::GreeterClient; mod pb { tonic::include_proto!(\"greeter\"); } \
         static PLAIN: LazyLock<Client> = LazyLock::new(|| Client::builder().gzip(true).build().unwrap()); \
         static LIMITED: LazyLock<Client> = LazyLock::new(|| Client::builder().timeout(Duration::from_secs(1)).build().unwrap()); \
         static LATER: OnceLock<Client> = OnceLock::new(); static NEVER: OnceLock<Client> = OnceLock::new(); \
         fn fill() { let client = Client::builder().timeout(Duration::from_secs(1)).build().unwrap(); LATER.set(client); } \
         fn pair() -> (String, ClientBuilder) { (String::new(), Client::builder().gzip(true)) } \
         fn limited() -> (String, ClientBuilder) { (String::new(), Client::builder().timeout(Duration::from_secs(1))) } \
         async fn counts(channel: Channel, limits: Limits) { let mut client = GreeterClient::new(channel); \
             client = client.max_decoding_message_size(limits.most * 1024); client.hello(Hello { n: 1 }).await; } \
         fn main() { PLAIN.get(\"a\"); LIMITED.get(\"b\"); LATER.get().unwrap().post(\"c\"); NEVER.get().unwrap().post(\"d\"); \
             let (name, first) = pair(); first.build(); let (name, second) = limited(); second.build(); }",
    );
    let timeouts = [ustr("reqwest::ClientBuilder::timeout")];
    for (call, may, open) in [
        ("PLAIN.get(\"a\")", false, false),
        ("LIMITED.get(\"b\")", true, false),
        ("LATER.get().unwrap().post(\"c\")", true, false),
        ("NEVER.get().unwrap().post(\"d\")", true, true),
        ("first.build()", false, false),
        ("second.build()", true, false),
        ("client.hello(Hello { n: 1 })", false, false),
    ] {
        let settings = code.index.settings(code.site(call));
        assert_eq!((settings.may_include(&timeouts), settings.open), (may, open), "{call}");
    }
}
