//! What calls of the workspace's own macros stand for.

use super::{files, packages, program};
use crate::workspace::TargetKind;

#[test]
fn a_macro_that_is_an_expression_is_looked_through() {
    let code = program(
        "struct A; impl A { fn b(&self) -> u8 { 0 } } fn log(_: &str) {} \
         macro_rules! logged { ($name:expr, $value:expr) => {{ log($name); $value }}; } \
         fn main() { let a = logged!(\"a\", A); a.b(); }",
    );
    assert_eq!(code.callee("log($name)"), "main::log");
    assert_eq!(code.callee("a.b()"), "main::A::b");
}

#[test]
fn the_first_rule_that_fits_is_taken() {
    let code = program(
        "fn one(a: u8) {} fn two(a: u8, b: u8) {} fn many(a: &[u8]) {} \
         macro_rules! send { ($a:expr $(,)?) => { one($a) }; ($a:expr, $b:expr) => { two($a, $b) }; \
                             ($($a:expr),+; all) => { many(&[$($a),+]) }; } \
         fn main() { send!(1,); send!(2, 3); send!(4, 5, 6; all); send!(); }",
    );
    for (call, callee) in [("one($a)", "main::one"), ("two($a, $b)", "main::two"), ("many(&[$($a),+])", "main::many")] {
        assert_eq!(code.callee(call), callee);
    }
    assert_eq!(code.sites("one($a)").count(), 1);
}

#[test]
fn statements_bind_what_the_caller_names() {
    let code = program(
        "struct A; fn make() -> A { A } \
         macro_rules! made { ($name:ident) => { let hidden = make(); let $name = hidden; }; } \
         fn main() { let hidden = 1u8; made!(a); use_it(a, hidden); }",
    );
    assert_eq!(code.ty("a"), "A");
    let hidden: Vec<String> = code.sites("hidden").map(|site| code.show(code.index.ty(site))).collect();
    assert_eq!(hidden, ["A", "u8"], "a macro's own names are not its caller's");
}

#[test]
fn a_macro_inside_a_function_names_what_is_around_it() {
    let code = program(
        "struct A; impl A { fn b(&self) -> u8 { 0 } \
         fn f(&self) { macro_rules! own { ($x:ident) => { $x + self.b() }; } let c = 1; own!(c); } } fn main() {}",
    );
    assert_eq!(code.callee("self.b()"), "main::A::b");
}

#[test]
fn what_a_caller_writes_keeps_its_place_and_its_precedence() {
    let code = program(
        "fn a() -> u8 { 0 } macro_rules! twice { ($e:expr) => { $e * 2 }; } fn main() { let x = twice!(a() + 1); }",
    );
    assert_eq!(code.callee("a()"), "main::a");
    assert_eq!(code.ty("a() + 1"), "u8");
}

#[test]
fn macros_call_macros() {
    let code = program(
        "fn end() {} macro_rules! inner { ($x:expr) => { end() }; } macro_rules! outer { ($x:expr) => { inner!($x) }; } \
         macro_rules! forever { ($x:expr) => { forever!($x + 1) }; } \
         fn main() { outer!(1); forever!(1); }",
    );
    assert_eq!(code.callee("end()"), "main::end");
}

#[test]
fn macros_define_items() {
    let code = program(
        "trait T { fn t(&self) -> u8; } \
         macro_rules! define { ($($name:ident),*) => { $(pub struct $name { x: u16 } \
             impl T for $name { fn t(&self) -> u8 { 0 } } impl $name { methods!(); })* }; } \
         macro_rules! methods { () => { fn own(&self) -> bool { true } }; } \
         define!(A, B); fn main() { let a = A { x: 1 }; a.t(); a.own(); a.x; }",
    );
    assert_eq!(code.callee("a.t()"), "main::A::t");
    assert_eq!(code.callee("a.own()"), "main::A::own");
    assert_eq!(code.ty("a.x"), "u16");
}

#[test]
fn a_macro_is_in_scope_behind_its_definition_and_inside_its_module() {
    let code = program(
        "fn f() {} fn g() {} mod a { macro_rules! hidden { () => { crate::f() }; } } \
         #[macro_use] mod b { macro_rules! shown { () => { crate::g() }; } } \
         fn main() { shown!(); macro_rules! own { ($x:expr) => { f() }; } own!(1); }",
    );
    assert_eq!(code.callee("crate::g()"), "main::g");
    assert_eq!(code.callee("f()"), "main::f");
}

#[test]
fn macros_of_other_files_are_known_by_their_name_or_their_import() {
    let code = files(&[
        ("main.rs", "#[macro_use] mod a; mod b; mod c; fn f() {} fn main() {}"),
        (
            "a.rs",
            "macro_rules! called { ($x:expr) => { crate::f() }; } macro_rules! info { ($x:expr) => { crate::f() }; }",
        ),
        ("b.rs", "fn b() { called!(1); }"),
        ("c.rs", "use tracing::info; fn c() { info!(\"x\"); }"),
    ]);
    assert_eq!(code.sites("crate::f()").count(), 1, "`info!` is the library's");
    assert_eq!(code.callee("crate::f()"), "main::f");
}

#[test]
fn exported_macros_are_called_from_other_packages() {
    let library = "pub fn run(_: u8) {} #[macro_export] macro_rules! started { ($x:expr) => { $crate::run($x) }; } \
                   macro_rules! private { () => { $crate::run(2) }; }";
    let code = packages(&[
        ("tools", TargetKind::Lib, library, &[]),
        (
            "app",
            TargetKind::Bin,
            "use tools::started; fn main() { started!(1); private!(); tools::started!(3); }",
            &[("tools", "tools")],
        ),
    ]);
    let calls: Vec<_> = code.sites("crate::run($x)").collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(code.callee("crate::run($x)"), "tools::run");
    assert_eq!(code.sites("crate::run(2)").count(), 0, "it is not exported");
}

#[test]
fn exported_macros_reach_other_packages_without_being_named() {
    let library = "pub fn run(_: u8) {} #[macro_export] macro_rules! started { ($x:expr) => { $crate::run($x) }; } \
                   #[macro_export] macro_rules! stopped { () => { $crate::run(2) }; }";
    let app = "mod prelude { pub use tools::started; } mod a { use crate::prelude::*; fn a() { started!(1); } } \
               macro_rules! stopped { () => { own() }; } fn own() {} fn main() { stopped!(); }";
    let code =
        packages(&[("tools", TargetKind::Lib, library, &[]), ("app", TargetKind::Bin, app, &[("tools", "tools")])]);
    assert_eq!(code.callee("crate::run($x)"), "tools::run");
    assert_eq!(code.sites("crate::run(2)").count(), 0, "the package has one of its own");
}

#[test]
fn two_macros_of_one_name_leave_open_which_is_meant() {
    let code = files(&[
        ("main.rs", "mod a; mod b; mod c; fn f() {} fn main() {}"),
        ("a.rs", "macro_rules! called { ($x:expr) => { crate::f() }; }"),
        ("b.rs", "macro_rules! called { ($x:expr) => { crate::f() }; }"),
        ("c.rs", "fn c() { called!(1); }"),
    ]);
    assert_eq!(code.sites("crate::f()").count(), 0);
}

#[test]
fn places_are_those_of_the_definition_and_of_the_call() {
    let code = program("fn f() {} // é\nmacro_rules! m { ($x:expr) => { f($x + 1) }; }\nfn main() { m!(2); }");
    let site = code.site("f($x + 1)");
    let written = |span: crate::source::Span| code.sources.get(span.file).slice(span.range()).to_owned();
    assert_eq!(written(code.index.place_written(code.index.span(site))), "f($x + 1)");
    assert_eq!(written(code.index.place_called(code.index.span(site))), "m!(2)");
    let argument = code.site("2");
    assert_eq!(written(code.index.place_called(code.index.span(argument))), "2");
}

#[test]
fn what_a_macro_writes_for_tests_is_test_code() {
    let code = program("fn f() {} macro_rules! m { () => { f() }; } #[test] fn t() { m!(); } fn main() { m!(); }");
    let tests: Vec<bool> = code.sites("f()").map(|site| code.index.is_test_code(code.index.span(site))).collect();
    assert_eq!(tests, [true, false]);
}

#[test]
fn names_that_paste_puts_together_are_names() {
    let code = program(
        "macro_rules! getters { ($($name:ident)*) => { paste::paste! { $(fn [<get_ $name:lower>]() -> u8 { opened() })* } } } \
         getters! { First SECOND } fn opened() -> u8 { 1 } \
         paste! { struct [<Cache Map>]; impl [<Cache Map>] { fn [<my_Name:snake>](&self) {} } fn [<1 2>]() {} } \
         fn main() { get_first(); get_second(); CacheMap.my_name(); }",
    );
    assert_eq!(code.callee("get_first()"), "main::get_first");
    assert_eq!(code.callee("get_second()"), "main::get_second");
    assert_eq!(code.callee("CacheMap.my_name()"), "unknown Receiver", "what is no name leaves all of it unseen");
}

#[test]
fn statements_in_paste_run() {
    let code = program("mod calls { pub fn run_now() {} } fn main() { paste::paste! { calls::[<run_ now>](); } }");
    let main = code.index.defs().body_of(code.function("main")).unwrap();
    let reached = code.index.calls.callees(main).iter().map(|call| code.index.fn_path(call.to));
    assert_eq!(reached.collect::<Vec<_>>(), ["main::calls::run_now"]);
}

#[test]
fn of_a_macro_and_its_twin_for_tests_the_one_that_is_shipped_is_meant() {
    let [one, two] = ["fn one(_: u8) {} fn two(_: u8) {}", "macro_rules! send { ($a:expr) => { two($a) }; }"];
    for condition in ["cfg(test)", "cfg(feature = \"test\")"] {
        let for_tests = format!("#[{condition}] macro_rules! send {{ ($a:expr) => {{ one($a) }}; }}");
        let shipped = format!("#[cfg(not(test))] {two}");
        for both in [format!("{for_tests} {shipped}"), format!("{shipped} {for_tests}")] {
            let code = program(&format!("{one} {both} fn main() {{ send!(1); }}"));
            assert_eq!(code.callee("two($a)"), "main::two", "{both}");
        }
        let code = files(&[
            ("main.rs", "#[macro_use] mod given; mod user; fn one(_: u8) {} fn two(_: u8) {} fn main() {}"),
            (
                "given.rs",
                &format!("{} {}", for_tests.replace("one", "crate::one"), shipped.replace("two", "crate::two")),
            ),
            ("user.rs", "fn user() { send!(1); }"),
        ]);
        assert_eq!(code.callee("crate::two($a)"), "main::two");
    }
}

#[test]
fn of_two_macros_that_are_both_shipped_none_is_taken() {
    let code = files(&[
        ("main.rs", "#[macro_use] mod given; mod user; fn one(_: u8) {} fn two(_: u8) {} fn main() {}"),
        (
            "given.rs",
            "#[cfg(unix)] macro_rules! send { ($a:expr) => { crate::one($a) }; } \
             #[cfg(not(unix))] macro_rules! send { ($a:expr) => { crate::two($a) }; }",
        ),
        ("user.rs", "fn user() { send!(1); }"),
    ]);
    assert_eq!(code.sites("crate::one($a)").count() + code.sites("crate::two($a)").count(), 0);
}
