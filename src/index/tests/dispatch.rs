//! Where calls through traits lead: to what the program links, and to what callers give.

use super::{packages, program};
use crate::workspace::TargetKind;

#[test]
fn a_call_through_a_trait_goes_to_what_one_program_has_beside_it() {
    let shared = "pub trait Sink { fn put(&self); } pub fn store(sink: &dyn Sink) { sink.put(); }";
    let server = "struct Disk; impl shared::Sink for Disk { fn put(&self) { write(); } } #[actix_web::get(\"/\")] async fn index() { shared::store(&Disk); } \
                  #[tokio::main] async fn main() { actix_web::HttpServer::new(|| actix_web::App::new().service(index)).bind(a).run().await; }";
    let tool = "struct Screen; impl shared::Sink for Screen { fn put(&self) { show(); } } fn main() { shared::store(&Screen); }";
    let code = packages(&[
        ("shared", TargetKind::Lib, shared, &[]),
        ("server", TargetKind::Bin, server, &[("shared", "shared")]),
        ("tool", TargetKind::Bin, tool, &[("shared", "shared")]),
    ]);
    let repeats = |text: &str| code.index.repeated(code.site(text)).is_some();
    assert!(repeats("write()"), "the server has a disk");
    assert!(!repeats("show()"), "the tool answers nobody, and the server has no screen");
    let reaches = |name: &str, text: &str| {
        let named =
            |program: &&crate::index::programs::Program| code.index.crates()[program.krate.index()].name == name;
        let program = code.index.programs().iter().find(named).expect("a program of this name");
        program.reach.contains(&code.site(text).body)
    };
    assert_eq!([reaches("server", "write()"), reaches("server", "show()")], [true, false]);
    assert_eq!([reaches("tool", "write()"), reaches("tool", "show()")], [false, true]);
}

#[test]
fn crates_that_no_program_links_together_do_not_call_each_other() {
    let shared = "pub trait Sink { fn put(&self); }";
    let code = packages(&[
        ("shared", TargetKind::Lib, shared, &[]),
        (
            "user",
            TargetKind::Bin,
            "fn use_it(sink: &dyn shared::Sink) { sink.put(); } fn main() {}",
            &[("shared", "shared")],
        ),
        (
            "maker",
            TargetKind::Lib,
            "pub struct Made; impl shared::Sink for Made { fn put(&self) {} }",
            &[("shared", "shared")],
        ),
        (
            "other",
            TargetKind::Bin,
            "struct Own; impl shared::Sink for Own { fn put(&self) {} } fn main() {}",
            &[("shared", "shared"), ("maker", "maker")],
        ),
    ]);
    assert!(code.index.calls.callees(code.site("sink.put()").body).is_empty());
}

#[test]
fn callers_name_the_implementor_that_a_generic_function_calls() {
    let code = program(
        "use actix_web::get; trait Step { fn run(&self); fn twice(&self) { self.run(); } } struct Trim; struct Mask; struct Both<A>(A); \
         impl Step for Trim { fn run(&self) { trim(); } } impl Step for Mask { fn run(&self) { mask(); } } \
         impl<A: Step> Step for Both<A> { fn run(&self) { self.0.run(); } } \
         fn apply<T: Step>(step: T) { inner(&step); } fn inner<T: Step>(step: &T) { step.run(); } \
         #[get(\"/\")] async fn index() { apply(Trim); Trim.twice(); } fn main() { apply(Mask); Mask.twice(); }",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).is_some();
    assert_eq!([repeats("trim()"), repeats("mask()")], [true, false]);
}

#[test]
fn what_callers_do_not_name_may_be_any_implementor() {
    let code = program(
        "use actix_web::get; trait Step { fn run(&self); } struct Trim; struct Mask; struct Both<A>(A); \
         impl Step for Trim { fn run(&self) { trim(); } } impl Step for Mask { fn run(&self) { mask(); } } \
         impl<A: Step> Step for Both<A> { fn run(&self) { self.0.run(); } } fn apply<T: Step>(step: T) { step.run(); } \
         #[get(\"/\")] async fn index(chosen: Box<dyn Step>) { apply(Both(Trim)); chosen.run(); } fn main() {}",
    );
    let repeats = |text: &str| code.index.repeated(code.site(text)).is_some();
    assert_eq!([repeats("trim()"), repeats("mask()")], [true, true]);
}

/// A store in memory beside one in a network, behind the same trait; `Arc` passes on to what is in it.
const STORES: &str = "pub trait Store { fn list(&self) -> std::io::Result<u8>; } \
     impl<S: Store> Store for std::sync::Arc<S> { fn list(&self) -> std::io::Result<u8> { self.as_ref().list() } } \
     struct Memory; impl Store for Memory { fn list(&self) -> std::io::Result<u8> { Ok(0) } } \
     struct Remote; impl Store for Remote { fn list(&self) -> std::io::Result<u8> { std::net::TcpStream::connect(\"a:1\")?; Ok(1) } } ";

#[test]
fn a_field_holds_what_its_type_is_made_with() {
    let code = program(&format!(
        "{STORES} struct Scaler<S> {{ store: S }} \
         impl<S: Store> Scaler<S> {{ fn new(store: S) -> Self {{ Self {{ store }} }} fn reconcile(&self) {{ self.store.list(); }} }} \
         struct Reader {{ store: Box<dyn Store> }} impl Reader {{ fn read(&self) {{ self.store.as_ref().list(); }} }} \
         fn main() {{ Scaler::new(std::sync::Arc::new(Memory)).reconcile(); Reader {{ store: Box::new(Remote) }}.read(); }}"
    ));
    let fails = |text: &str| code.index.effect(code.site(text)).is_some();
    assert_eq!([fails("self.store.list()"), fails("self.store.as_ref().list()")], [false, true]);
}

#[test]
fn what_is_not_all_seen_to_be_made_may_be_any_implementor() {
    let code = program(&format!(
        "{STORES} struct Scaler {{ store: Box<dyn Store> }} impl Scaler {{ fn reconcile(&self) {{ self.store.list(); }} }} \
         struct Late {{ store: Option<Box<dyn Store>> }} impl Late {{ fn read(&self) {{ self.store.as_ref().unwrap().list(); }} }} \
         fn chosen() -> Box<dyn Store> {{ if rand::random() {{ Box::new(Memory) }} else {{ registry::find() }} }} \
         fn main() {{ Scaler {{ store: chosen() }}.reconcile(); let mut late = Late {{ store: None }}; late.store = other(); late.read(); }}"
    ));
    let fails = |text: &str| code.index.effect(code.site(text)).is_some();
    assert!(fails("self.store.list()"), "one way leads out of sight");
    assert!(fails("self.store.as_ref().unwrap().list()"), "nothing is in it yet where it is made");
}

#[test]
fn all_that_a_value_may_be_is_called() {
    let code = program(&format!(
        "{STORES} struct Scaler {{ store: Box<dyn Store> }} impl Scaler {{ fn reconcile(&self) {{ self.store.list(); }} }} \
         fn chosen(local: bool) -> Box<dyn Store> {{ if local {{ Box::new(Memory) }} else {{ Box::new(Remote) }} }} \
         fn main() {{ Scaler {{ store: chosen(true) }}.reconcile(); }}"
    ));
    assert!(code.index.effect(code.site("self.store.list()")).is_some());
}

#[test]
fn a_field_also_holds_what_it_is_assigned() {
    let code = program(&format!(
        "{STORES} struct Scaler {{ store: Box<dyn Store> }} \
         impl Scaler {{ fn over(mut self, store: Box<dyn Store>) -> Self {{ self.store = store; self }} fn reconcile(&self) {{ self.store.list(); }} }} \
         fn main() {{ Scaler {{ store: Box::new(Memory) }}.over(Box::new(Remote)).reconcile(); }}"
    ));
    assert!(code.index.effect(code.site("self.store.list()")).is_some());
}

#[test]
fn a_value_that_may_be_exchanged_or_chosen_may_be_any_implementor() {
    for (field, made, used) in [
        ("std::sync::Mutex<Box<dyn Store>>", "std::sync::Mutex::new(Box::new(Memory))", "self.store.lock().unwrap()"),
        ("Vec<Box<dyn Store>>", "vec![Box::new(Memory), Box::new(Remote)]", "self.store[0]"),
        ("Box<dyn Store>", "None.unwrap_or(Box::new(Memory))", "self.store"),
    ] {
        let code = program(&format!(
            "{STORES} struct Scaler {{ store: {field} }} impl Scaler {{ fn reconcile(&self) {{ {used}.list(); }} }} \
             fn main() {{ Scaler {{ store: {made} }}.reconcile(); }}"
        ));
        let call = format!("{used}.list()");
        assert!(code.index.effect(code.site(&call)).is_some(), "{call}");
    }
}

#[test]
fn what_is_taken_out_of_an_implementor_is_not_that() {
    let code = program(&format!(
        "{STORES} enum Either {{ Far(Box<dyn Store>), Near(Memory) }} \
         impl Store for Either {{ fn list(&self) -> std::io::Result<u8> {{ match self {{ Self::Far(far) => far.list(), Self::Near(near) => near.list() }} }} }} \
         struct Scaler {{ store: Either }} impl Scaler {{ fn reconcile(&self) {{ self.store.list(); }} }} \
         fn main() {{ Scaler {{ store: Either::Near(Memory) }}.reconcile(); }}"
    ));
    assert!(code.index.effect(code.site("self.store.list()")).is_some(), "the other variant may hold anything");
}
