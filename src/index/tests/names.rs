//! What paths stand for.

use super::{files, packages, program};
use crate::workspace::TargetKind;

#[test]
fn imports_are_followed_through_aliases_and_re_exports() {
    let code = program(
        "mod a { pub mod b { pub fn f() {} } pub use self::b::f as renamed; } \
         mod c { pub use crate::a::renamed as again; } \
         use c::again; use a::b; \
         fn main() { again(); b::f(); a::renamed(); crate::c::again(); missing(); }",
    );
    for call in ["again()", "b::f()", "a::renamed()", "crate::c::again()"] {
        assert_eq!(code.callee(call), "main::a::b::f", "{call}");
    }
    assert_eq!(code.callee("missing()"), "unknown Path");
}

#[test]
fn globs_bring_in_what_is_not_declared() {
    let code = program(
        "mod a { pub fn f() {} pub fn g() {} pub enum E { V } } use a::*; use a::E::*; fn g() {} \
         fn main() { f(); g(); let v = V; }",
    );
    assert_eq!(code.callee("f()"), "main::a::f");
    assert_eq!(code.callee("g()"), "main::g", "a declaration beats a glob");
    assert_eq!(code.ty("V"), "E");
}

#[test]
fn a_glob_of_a_library_brings_in_what_is_known_of_it() {
    let code = program("use tokio::sync::mpsc::*; fn main() { unbounded_channel::<u8>(); unheard_of(); }");
    assert_eq!(code.callee("unbounded_channel::<u8>()"), "tokio::sync::mpsc::unbounded_channel");
    assert_eq!(code.callee("unheard_of()"), "unknown Path");
}

#[test]
fn macros_of_a_library_are_known_through_its_glob_and_through_macro_use() {
    let needs = [("tracing", "tracing"), ("log", "log")];
    let code = |text| packages(&[("site", TargetKind::Bin, text, &needs)]);
    let through_glob = code("use tracing::*; fn main() { error!(\"no\"); unheard_of!(); }");
    assert_eq!(through_glob.callee("error!(\"no\")"), "tracing::error");
    let handed_on = code("use of_another::util::*; fn main() { error!(\"no\"); println!(\"\"); }");
    assert_eq!(handed_on.callee("error!(\"no\")"), "std::error", "it may be that of either logger");
    assert_eq!(handed_on.callee("println!(\"\")"), "std::println");
    let handed_on_by_one = packages(&[(
        "site",
        TargetKind::Bin,
        "use of_another::util::*; fn main() { error!(\"no\"); }",
        &[("tracing", "tracing"), ("of_another", "of_another")],
    )]);
    assert_eq!(handed_on_by_one.callee("error!(\"no\")"), "tracing::error");
    let crate_wide = code(
        "#[macro_use] extern crate log; mod inner { pub fn f() { warn!(\"no\"); dbg!(1); } } fn main() { inner::f(); unheard_of!(); }",
    );
    assert_eq!(crate_wide.callee("warn!(\"no\")"), "log::warn");
    assert_eq!(crate_wide.callee("dbg!(1)"), "std::dbg", "what the library does not have is the language's");
}

#[test]
fn modules_functions_and_types_may_share_a_name() {
    let code = program(
        "mod run { pub fn now() {} } fn run() -> Text { Text } struct Text; fn Text() {} \
         mod other { use super::run; fn f() { run::now(); run().len(); } } fn main() { }",
    );
    assert_eq!(code.callee("run::now()"), "main::run::now");
    assert_eq!(code.callee("run()"), "main::run");
    assert_eq!(code.ty("run()"), "Text");
}

#[test]
fn names_of_blocks_hide_those_around() {
    let code = program("fn f() {} fn main() { f(); { fn f() -> Inner { Inner } struct Inner; let x = f(); x; } }");
    assert_eq!(code.sites("f()").count(), 2);
    assert_eq!(code.ty("x"), "Inner");
}

#[test]
fn files_are_modules_where_mod_or_path_says_so() {
    let code = files(&[
        ("deep/odd.rs", "pub fn g() {} mod below;"),
        ("deep/below.rs", "pub fn h() { super::g(); }"),
        ("main.rs", "mod a; #[path = \"deep/odd.rs\"] mod b; fn main() { a::f(); b::g(); }"),
        ("a.rs", "pub mod inner; pub use self::inner::f;"),
        ("a/inner.rs", "pub fn f() {}"),
    ]);
    assert_eq!(code.callee("a::f()"), "main::a::inner::f");
    assert_eq!(code.callee("b::g()"), "main::b::g");
    assert_eq!(code.callee("super::g()"), "main::b::g");
}

#[test]
fn a_file_that_is_its_own_module_is_linked_once() {
    let code = files(&[
        ("a.rs", "#[path = \"main.rs\"] mod up; #[path = \"a.rs\"] mod me; pub fn f() { me::me::f(); up::main(); }"),
        ("main.rs", "mod a; fn main() { a::f(); }"),
    ]);
    assert_eq!(code.callee("me::me::f()"), "main::a::f");
    assert_eq!(code.callee("up::main()"), "main::main");
}

#[test]
fn dependencies_go_by_their_name_in_code() {
    let code = packages(&[
        ("shared", TargetKind::Lib, "pub fn f() {} pub use web::Client;", &[("web", "reqwest")]),
        (
            "server",
            TargetKind::Bin,
            "fn main() { ours::f(); let c = ours::Client::new(); http::get(1); web::get(1); }",
            &[("ours", "shared"), ("http", "reqwest")],
        ),
    ]);
    assert_eq!(code.callee("ours::f()"), "shared::f");
    assert_eq!(code.ty("ours::Client::new()"), "reqwest::Client");
    assert_eq!(code.callee("http::get(1)"), "reqwest::get");
    assert_eq!(code.callee("web::get(1)"), "unknown Path", "another package's rename says nothing here");
}

#[test]
fn circles_of_imports_end() {
    let code = program(
        "mod a { pub use super::b::f; pub use super::b::*; } mod b { pub use super::a::f; pub use super::a::*; } \
         fn main() { a::f(); a::g(); }",
    );
    assert_eq!(code.callee("a::f()"), "unknown Path");
    assert_eq!(code.callee("a::g()"), "unknown Path");
}

#[test]
fn modules_that_import_all_of_each_other_do_not_take_forever() {
    let modules = 14;
    let module = |at: usize| {
        let globs = (0..modules).filter(|other| *other != at).map(|other| format!("pub use super::m{other}::*;"));
        format!("pub mod m{at} {{ {} pub fn f{at}() {{}} }}", globs.collect::<String>())
    };
    let text = (0..modules).map(module).collect::<String>() + "fn main() { m0::f13(); m0::missing(); }";
    let code = program(&text);
    assert_eq!(code.callee("m0::f13()"), "main::m13::f13");
    assert_eq!(code.callee("m0::missing()"), "unknown Path");
}

#[test]
fn a_macro_named_like_its_library_does_not_hide_it() {
    let code = packages(&[(
        "server",
        TargetKind::Bin,
        "use anyhow::anyhow; fn f() -> anyhow::Result<u8> { todo!() } fn main() { f(); }",
        &[("anyhow", "anyhow")],
    )]);
    assert_eq!(code.ty("f()"), "std::result::Result<u8, anyhow::Error>");
}

#[test]
fn globs_that_lead_to_globs_are_followed() {
    let code = program(
        "mod a { pub use super::b::*; } mod b { pub use self::inner::*; pub mod inner { pub use super::super::c::*; } } \
         mod c { pub fn far() {} pub enum E { V(u8) } pub use self::E::*; } use a::*; \
         fn main() { far(); V(1); nowhere(); }",
    );
    assert_eq!(code.callee("far()"), "main::c::far");
    assert_eq!(code.callee("V(1)"), "new E::V");
    assert_eq!(code.callee("nowhere()"), "unknown Path");
}

#[test]
fn a_type_s_own_function_hides_that_of_a_trait() {
    let code = program(
        "struct Disk; struct Own; struct Given; trait Store { fn open(&self) -> Given; } \
         impl Store for Disk { fn open(&self) -> Given { Given } } impl Disk { fn open(&self) -> Own { Own } } fn main() { let d = Disk; d.open(); }",
    );
    assert_eq!(code.ty("d.open()"), "Own");
}

#[test]
fn what_a_library_nobody_described_re_exports_is_what_it_is() {
    let library = [("common", "common")];
    let text = "use common::tokio::{self, net::TcpListener}; use common::tokio::spawn as start; \
         async fn f() { let listener = TcpListener::bind(\"a\").await.unwrap(); start(async {}); tokio::spawn(async {}); \
                        common::tokio::time::sleep(d); common::own::spawn(1); listener.accept(); } fn main() {}";
    let code = packages(&[("app", TargetKind::Bin, text, &library)]);
    assert_eq!(code.callee("listener.accept()"), "tokio::net::TcpListener::accept");
    assert_eq!(code.callee("start(async {})"), "tokio::spawn");
    assert_eq!(code.callee("tokio::spawn(async {})"), "tokio::spawn");
    assert_eq!(code.callee("common::tokio::time::sleep(d)"), "tokio::time::sleep");
    assert_eq!(code.callee("common::own::spawn(1)"), "common::own::spawn");
}

#[test]
fn a_derive_declares_items_beside_its_type() {
    let text = "mod user { use sea_orm::entity::prelude::*; #[derive(DeriveEntityModel)] pub struct Model { id: u32 } } \
         mod own { use sea_orm::entity::prelude::*; #[derive(DeriveEntityModel)] pub struct Model; pub struct Entity; impl Entity { pub fn find() {} } } \
         use user::Entity as Users; \
         async fn main(db: sea_orm::DatabaseConnection) { \
             Users::find().filter(x).one(&db).await; user::ActiveModel { id: y }.update(&db).await; own::Entity::find(); }";
    let code = packages(&[("site", TargetKind::Bin, text, &[("sea_orm", "sea_orm")])]);
    assert_eq!(code.callee("Users::find().filter(x).one(&db)"), "sea_orm::Select::one");
    assert_eq!(code.callee("user::ActiveModel { id: y }.update(&db)"), "sea_orm::ActiveModel::update");
    assert_eq!(
        code.callee("own::Entity::find()"),
        "site::own::Entity::find",
        "what the module declares itself comes first"
    );
}
