//! What `cfg` keeps or leaves out: all that may be shipped is there, and what is for tests only stands aside.

use ustr::ustr;

use super::{Linked, files, program};
use crate::facts::model::Op;
use crate::index::Ty;

impl Linked {
    /// The paths of the functions that a call reaches.
    fn reached(&self, call: &str) -> Vec<String> {
        let site = self.site(call);
        let calls = self.index.calls.callees(site.body).iter().filter(|it| it.site == site);
        let mut paths: Vec<String> = calls
            .map(|it| {
                let place = self.index.defs().functions[it.to.index()];
                let name = self.sources.get(place.file).path.file_name().unwrap().to_string_lossy().into_owned();
                format!("{name} {}", self.index.fn_path(it.to))
            })
            .collect();
        paths.sort();
        paths
    }
}

#[test]
fn of_two_modules_of_one_name_both_are_there() {
    let code = files(&[(
        "main.rs",
        "#[cfg(unix)] mod sys { pub fn run() { sys_run() } fn sys_run() {} pub fn only_here() {} } \
                     #[cfg(not(unix))] mod sys { pub fn run() {} pub fn only_there() {} fn helper() {} } fn helper() {} \
                     fn main() { sys::run(); sys::only_here(); sys::only_there(); helper(); }",
    )]);
    assert_eq!(code.reached("sys::run()"), ["main.rs main::sys::run", "main.rs main::sys::run"]);
    assert_eq!(code.reached("sys::only_here()"), ["main.rs main::sys::only_here"]);
    assert_eq!(code.reached("sys::only_there()"), ["main.rs main::sys::only_there"]);
    assert_eq!(code.reached("helper()"), ["main.rs main::helper"]);
}

#[test]
fn a_module_may_have_a_path_for_each_build() {
    let code = files(&[
        (
            "main.rs",
            "#[cfg_attr(unix, path = \"unix.rs\")] #[cfg_attr(windows, path = \"win.rs\")] \
                     #[cfg_attr(test, path = \"mocked.rs\")] mod sys; fn main() { sys::run(); }",
        ),
        ("unix.rs", "pub fn run() {}"),
        ("win.rs", "pub fn run() {}"),
        ("mocked.rs", "pub fn run() {}"),
        ("sys.rs", "pub fn run() {}"),
    ]);
    assert_eq!(
        code.reached("sys::run()"),
        ["sys.rs main::sys::run", "unix.rs main::sys::run", "win.rs main::sys::run"]
    );
}

#[test]
fn functions_and_methods_are_chosen_by_condition() {
    let code = program(
        "#[cfg(unix)] fn wait() -> u8 { 1 } #[cfg(not(unix))] fn wait() -> u8 { 2 } struct S; \
         impl S { #[cfg(a)] fn go(&self) {} #[cfg(not(a))] fn go(&self) {} } \
         #[cfg(b)] impl S { fn stop(&self) {} } #[cfg(not(b))] impl S { fn stop(&self) {} } \
         fn main() { wait(); S.go(); S.stop(); }",
    );
    for call in ["wait()", "S.go()", "S.stop()"] {
        assert_eq!(code.reached(call).len(), 2, "{call}");
    }
}

#[test]
fn what_no_condition_decides_on_is_one_thing() {
    let code = program(
        "struct S<T>(T); impl S<u8> { fn go(&self) {} } impl S<u16> { fn go(&self) {} } \
         struct E; impl From<u8> for E { fn from(_: u8) -> E { E } } impl From<u16> for E { fn from(_: u16) -> E { E } } \
         #[cfg(a)] impl From<u32> for E { fn from(_: u32) -> E { E } } \
         fn main() { S(1u8).go(); E::from(1u8); }",
    );
    assert_eq!(code.reached("S(1u8).go()").len(), 1);
    assert_eq!(code.reached("E::from(1u8)").len(), 1);
}

#[test]
fn types_and_statics_are_chosen_by_condition() {
    let code = program(
        "#[cfg(unix)] struct Socket; #[cfg(not(unix))] struct Socket(u8); \
         #[cfg(unix)] impl Socket { fn open() -> Socket { Socket } fn read(&self) {} } \
         #[cfg(not(unix))] impl Socket { fn open() -> Socket { Socket(1) } fn read(&self) {} fn only(&self) {} } \
         #[cfg(unix)] static LIMIT: u8 = first(); #[cfg(not(unix))] static LIMIT: u8 = second(); \
         fn first() -> u8 { 1 } fn second() -> u8 { 2 } \
         fn main() { let socket = Socket::open(); socket.read(); socket.only(); LIMIT; }",
    );
    for call in ["Socket::open()", "socket.read()"] {
        assert_eq!(code.reached(call).len(), 2, "{call}");
    }
    assert_eq!(code.reached("socket.only()").len(), 1);
    let main = code.site("LIMIT").body;
    assert_eq!(code.index.calls.statics(main).len(), 2);
}

#[test]
fn imports_and_globs_are_chosen_by_condition() {
    let code = program(
        "mod unix { pub fn run() {} pub fn halt() {} fn inner() {} } mod win { pub fn run() {} pub fn halt() {} fn inner() {} } \
         mod by_name { #[cfg(unix)] pub use crate::unix::run; #[cfg(windows)] pub use crate::win::run; } \
         mod by_glob { #[cfg(unix)] pub use crate::unix::*; #[cfg(windows)] pub use crate::win::*; } \
         #[cfg(unix)] use unix as sys; #[cfg(windows)] use win as sys; \
         fn main() { by_name::run(); by_glob::halt(); sys::inner(); }",
    );
    assert_eq!(code.reached("by_name::run()"), ["main.rs main::unix::run", "main.rs main::win::run"]);
    assert_eq!(code.reached("by_glob::halt()"), ["main.rs main::unix::halt", "main.rs main::win::halt"]);
    assert_eq!(code.reached("sys::inner()"), ["main.rs main::unix::inner", "main.rs main::win::inner"]);
}

#[test]
fn globs_without_a_condition_say_nothing_of_each_other() {
    let code = program("mod a { pub fn run() {} } mod b { pub fn run() {} } use a::*; use b::*; fn main() { run(); }");
    assert_eq!(code.reached("run()").len(), 1);
}

#[test]
fn cfg_if_holds_alternatives() {
    let code = program(
        "cfg_if::cfg_if! { if #[cfg(test)] { fn now() -> u8 { 0 } } else if #[cfg(unix)] { fn now() -> u16 { 1 } } \
         else { fn now() -> u16 { 2 } } } fn main() { now(); }",
    );
    assert_eq!(code.ty("now()"), "u16");
    assert_eq!(code.reached("now()").len(), 2);
}

#[test]
fn what_is_for_tests_is_not_called_from_what_is_shipped() {
    let code = program(
        "#[cfg(test)] fn now() -> u8 { 0 } #[cfg(not(test))] fn now() -> u16 { 1 } \
         #[cfg(test)] use mocked::dial; #[cfg(not(test))] use real::dial; \
         #[cfg(test)] mod mocked { pub fn dial() -> u8 { 0 } } mod real { pub fn dial() -> u16 { 1 } } \
         #[cfg(test)] type Size = u8; #[cfg(not(test))] type Size = u16; fn size() -> Size { 1 } \
         fn main() { now(); dial(); size(); } \
         #[test] fn shipped_is_called_from_tests() { now(); }",
    );
    for call in ["now()", "dial()", "size()"] {
        assert_eq!(code.ty(call), "u16", "{call}");
        assert_eq!(code.reached(call).len(), 1, "{call}");
    }
}

#[test]
fn a_mock_is_nothing_that_a_program_comes_to() {
    let code = program(
        "trait Store { fn open(&self); } struct Real; struct MockReal; struct Mockingbird; \
         impl Store for Real { fn open(&self) { real() } } impl Store for MockReal { fn open(&self) { mock() } } \
         impl Store for Mockingbird { fn open(&self) { bird() } } fn main() { run(&Real); run(&MockReal); run(&Mockingbird); } fn run(store: &dyn Store) { store.open(); }",
    );
    let [program] = code.index.programs() else { panic!("one program is expected") };
    for (call, reached) in [("real()", true), ("mock()", false), ("bird()", true)] {
        assert_eq!(program.reach.contains(&code.site(call).body), reached, "{call}");
        assert_eq!(code.index.is_test(code.site(call).body), !reached, "{call}");
    }
}

#[test]
fn lets_of_one_name_declare_one_variable() {
    let code = program(
        "use tokio::sync::mpsc; fn main() { \
         #[cfg(unix)] let stop = mpsc::channel::<u8>(1); #[cfg(not(unix))] let stop = other(); stop; \
         #[cfg(unix)] let (first, second) = pair(); #[cfg(not(unix))] let (third, second) = others(); second; \
         #[cfg(test)] let limit = 1u8; #[cfg(not(test))] let limit = 1u16; limit; #[cfg(test)] mocked(); }",
    );
    assert_eq!(code.ty("limit"), "u16");
    let stop = code.site("stop");
    let body = code.index.body(stop.body);
    assert_eq!(body.locals.iter().filter(|local| local.name == ustr("stop")).count(), 1);
    let Op::Local(second) = code.index.node(code.site("second")).op else { panic!("a variable is expected") };
    assert_eq!(code.index.sources(stop.body, second).len(), 2, "both declare it");
    assert!(matches!(code.index.ty(stop), Ty::Tuple(parts) if parts.len() == 2));
    assert_eq!(code.sites("mocked()").count(), 0);
}
