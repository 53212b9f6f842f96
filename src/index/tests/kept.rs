//! Resources that are out of reach of those who should end them: kept with others and ended by half, or left to a library; and what methods begin and end.

use super::{Linked, program};
use crate::catalogue::Calls;
use crate::index::calls::Site;

fn words(code: &Linked, site: Site) -> String {
    let span = code.index.span(site);
    code.sources.get(span.file).slice(span.range()).to_owned()
}

fn half_ended(code: &Linked) -> Vec<String> {
    let kills = |path| code.index.catalogue().lists(Calls::Kills, path);
    code.index.half_ended(&kills).iter().map(|half| code.index.keeper_words(half.keeper)).collect()
}

const CHILDREN: &str = "use std::collections::HashMap; use std::process::Child; use std::sync::Mutex; \
    struct Jobs { children: Mutex<HashMap<u8, Child>> } fn main() {} \
    impl Jobs { fn stop(&self, id: u8) { if let Some(mut child) = self.children.lock().unwrap().remove(&id) { drop(child.kill()); } } ";

#[test]
fn what_is_only_killed_is_ended_by_half() {
    let code = program(&format!("{CHILDREN} }} fn own(mut child: Child) {{ drop(child.wait()); }}"));
    assert_eq!(half_ended(&code), [""; 0], "somebody waits for a child, whose it may be is not known");
    let code = program(&format!("{CHILDREN} }}"));
    assert_eq!(half_ended(&code), ["Jobs::children"]);
}

#[test]
fn what_is_looked_after_is_not() {
    let reaped =
        "fn look(&self) { self.children.lock().unwrap().retain(|_, child| matches!(child.try_wait(), Ok(None))); } }";
    assert_eq!(half_ended(&program(&format!("{CHILDREN} {reaped}"))), [""; 0]);
    let any = "} fn reap() { unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0); } }";
    assert_eq!(half_ended(&program(&format!("{CHILDREN} {any}"))), [""; 0]);
}

#[test]
fn what_only_libraries_have_is_out_of_reach() {
    let code = program(
        "use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider}; struct Kept { provider: SdkTracerProvider } \
         fn lost(exporter: Exporter) -> SdkTracer { let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build(); provider.tracer(\"a\") } \
         fn inline(exporter: Exporter) -> SdkTracer { SdkTracerProvider::builder().with_batch_exporter(exporter).build().tracer(\"b\") } \
         fn at_once(exporter: Exporter) -> SdkTracer { SdkTracerProvider::builder().with_simple_exporter(exporter).build().tracer(\"c\") } \
         fn kept(exporter: Exporter) -> Kept { let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build(); \
             drop(provider.tracer(\"d\")); Kept { provider } } \
         fn given(exporter: Exporter) { let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build(); elsewhere(provider); } \
         fn ended(exporter: Exporter) { let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build(); drop(provider.shutdown()); } \
         fn elsewhere(_: SdkTracerProvider) {} struct Exporter; fn main() {}",
    );
    let lost: Vec<String> =
        code.index.unended_globals().iter().map(|global| code.index.item_path(global.lost.body)).collect();
    assert_eq!(lost.iter().map(|path| path.rsplit("::").next().unwrap()).collect::<Vec<_>>(), ["lost", "inline"]);
}

#[test]
fn what_somebody_may_end_is_within_reach() {
    let lost = |elsewhere: &str| {
        let code = program(&format!(
            "use opentelemetry_sdk::trace::SdkTracerProvider; struct Exporter; fn main() {{}} {elsewhere} fn lost(exporter: Exporter) -> SdkTracerProvider {{ \
                 let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build(); \
                 opentelemetry::global::set_tracer_provider(provider.clone()); provider }}"
        ));
        code.index.unended_globals().len()
    };
    assert_eq!(lost("fn end() { elsewhere::each(|what| drop(what.shutdown())); }"), 0, "it may be the provider");
    assert_eq!(
        lost("fn end() { elsewhere::each(|what| async move { what.shutdown().await }); }"),
        1,
        "the provider's gives no future"
    );
}

#[test]
fn of_what_is_made_together_that_is_lost_which_is_given_away() {
    let code = program(
        "use opentelemetry_sdk::{logs::SdkLoggerProvider, trace::SdkTracerProvider}; struct Exporter; \
         fn both(logs: Exporter, traces: Exporter) -> (SdkLoggerProvider, SdkTracerProvider) { \
             (SdkLoggerProvider::builder().with_batch_exporter(logs).build(), SdkTracerProvider::builder().with_batch_exporter(traces).build()) } \
         fn main() { let (logs, traces) = both(Exporter, Exporter); opentelemetry::global::set_tracer_provider(traces); keep(logs); } fn keep(_: SdkLoggerProvider) {}",
    );
    let lost: Vec<&str> = code.index.unended_globals().iter().map(|global| global.resource.as_str()).collect();
    assert_eq!(lost, ["opentelemetry_sdk::trace::SdkTracerProvider"]);
}

fn skipped(code: &Linked) -> Vec<String> {
    let skipped = code.index.skipped_ends();
    skipped.iter().filter(|skipped| !skipped.left.is_empty()).map(|skipped| words(code, skipped.begin)).collect()
}

#[test]
fn methods_begin_and_end_what_their_receiver_keeps() {
    let code = program(
        "use std::collections::HashMap; use std::sync::{Arc, Mutex}; #[derive(Default)] struct Open { ids: Mutex<HashMap<u8, u8>> } struct Guard<'a>(&'a Open); \
         impl Open { fn enter(&self, id: u8) { self.ids.lock().unwrap().insert(id, 1); } fn leave(&self, id: u8) { self.ids.lock().unwrap().remove(&id); } \
             fn guard(&self, id: u8) -> Guard<'_> { self.ids.lock().unwrap().insert(id, 1); Guard(self) } } \
         impl Drop for Guard<'_> { fn drop(&mut self) { self.0.ids.lock().unwrap().clear(); } } \
         struct App { open: Open, other: Open } fn io() -> Result<(), String> { Ok(()) } \
         impl App { fn bad(&self, id: u8) -> Result<(), String> { self.open.enter(id); io()?; self.open.leave(id); Ok(()) } \
             fn good(&self, id: u8) -> Result<(), String> { self.open.enter(id); let done = io(); self.open.leave(id); done } \
             fn others(&self, id: u8) -> Result<(), String> { self.open.enter(id); io()?; self.other.leave(id); Ok(()) } \
             fn keys(&self, id: u8, of: u8) -> Result<(), String> { self.open.enter(id); io()?; self.open.leave(of); Ok(()) } \
             fn guarded(&self, id: u8) -> Result<(), String> { let guard = self.open.guard(id); io()?; self.open.leave(id); drop(guard); Ok(()) } } \
         fn own(id: u8) -> Result<(), String> { let open = Open::default(); open.enter(id); io()?; open.leave(id); Ok(()) } fn main() {}",
    );
    assert_eq!(skipped(&code), ["self.open.enter(id)"]);
}

#[test]
fn a_task_ends_what_was_begun_for_it() {
    let start = "use std::collections::HashMap; use std::sync::{Arc, Mutex}; fn work(_: u64) -> bool { true } fn main() {} \
         async fn serve(mut next: u64) { let all: Arc<Mutex<HashMap<u64, u8>>> = Arc::default(); \
             loop { tokio::time::sleep(std::time::Duration::from_secs(1)).await; next += 1; let id = next; let mine = all.clone(); \
                 all.lock().unwrap().insert(id, 1); ";
    let left = "tokio::spawn(async move { if !work(id) { return; } mine.lock().unwrap().remove(&id); }); } }";
    assert_eq!(skipped(&program(&format!("{start} {left}"))), ["all.lock().unwrap().insert(id, 1)"]);
    let sometimes = "tokio::spawn(async move { if work(9) { mine.lock().unwrap().remove(&id); } }); } }";
    assert_eq!(skipped(&program(&format!("{start} {sometimes}"))), ["all.lock().unwrap().insert(id, 1)"]);
    let always =
        "tokio::spawn(async move { if work(id) { println!(\"done\"); } mine.lock().unwrap().remove(&id); }); } }";
    assert_eq!(skipped(&program(&format!("{start} {always}"))), [""; 0]);
    let asked = "tokio::spawn(async move { if mine.lock().unwrap().contains_key(&id) { mine.lock().unwrap().remove(&id); } }); } }";
    assert_eq!(skipped(&program(&format!("{start} {asked}"))), [""; 0]);
    let swept = "all.lock().unwrap().retain(|_, age| *age < 9); tokio::spawn(async move { if work(9) { mine.lock().unwrap().remove(&id); } }); } }";
    assert_eq!(skipped(&program(&format!("{start} {swept}"))), [""; 0]);
}
