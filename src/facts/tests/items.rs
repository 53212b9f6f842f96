//! What items become: names, scopes, types, statics, tests.

use super::dump::{path, ty};
use super::facts;
use crate::facts::model::*;

fn uses(text: &str) -> Vec<String> {
    let show = |import: &Use| {
        let path: Vec<&str> = import.path.iter().map(|name| name.as_str()).collect();
        let global = if import.global { "::" } else { "" };
        let public = if import.public { "pub " } else { "" };
        let name = if import.glob { "*" } else { import.name.as_str() };
        format!("{public}{global}{} as {name} in {}", path.join("::"), import.scope.0)
    };
    facts(text).uses.iter().map(show).collect()
}

/// The functions that are compiled for tests only.
fn tests(text: &str) -> Vec<&'static str> {
    facts(text).functions.iter().filter(|f| f.test).map(|f| f.name.as_str()).collect()
}

#[test]
fn use_trees_are_spread_out() {
    assert_eq!(uses("use a::b;"), ["a::b as b in 0"]);
    assert_eq!(uses("pub(crate) use ::a::b as c;"), ["pub ::a::b as c in 0"]);
    assert_eq!(
        uses("use a::{self, b::{c, d as e}, f::*, g::{self as h}};"),
        ["a as a in 0", "a::b::c as c in 0", "a::b::d as e in 0", "a::f as * in 0", "a::g as h in 0"]
    );
    assert_eq!(uses("use {a, self::b, crate::c};"), ["a as a in 0", "self::b as b in 0", "crate::c as c in 0"]);
    assert_eq!(uses("use a::T as _; use r#type::r#fn;"), ["a::T as _ in 0", "type::fn as fn in 0"]);
    assert_eq!(uses("extern crate a; extern crate b as c;"), ["::a as a in 0", "::b as c in 0"]);
}

#[test]
fn modules_and_blocks_are_scopes() {
    let facts = facts("mod a { mod b; use x::y; fn f() { use z::w; } } #[path = \"d.rs\"] mod c;");
    let scopes: Vec<_> = facts.scopes.iter().map(|s| (s.kind, s.name.as_str(), s.parent.map(|p| p.0))).collect();
    let expected = [(ScopeKind::File, "", None), (ScopeKind::Module, "a", Some(0)), (ScopeKind::Block, "", Some(1))];
    assert_eq!(scopes, expected);
    let files: Vec<_> = facts.module_files.iter().map(|m| (m.name.as_str(), m.scope.0, m.path.as_deref())).collect();
    assert_eq!(files, [("b", 1, None), ("c", 0, Some("d.rs"))]);
    assert_eq!(facts.uses.iter().map(|u| u.scope.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_a_configuration_compiles_for_tests_only_is_marked() {
    assert_eq!(tests("#[cfg(test)] fn a() {} fn b() {}"), ["a"]);
    assert_eq!(tests("#[cfg(debug_assertions)] fn a() {} #[cfg(not(debug_assertions))] fn b() {}"), ["a"]);
    assert_eq!(tests("#[cfg(all(unix, test))] fn a() {} #[cfg(all(unix, not(test)))] fn b() {}"), ["a"]);
    assert_eq!(
        tests("#[cfg(any(test, feature = \"x\"))] fn a() {} #[cfg(any(test, all(test, unix)))] fn b() {}"),
        ["b"]
    );
    assert_eq!(
        tests("#[cfg(not(test))] fn a() {} #[cfg(feature = \"fast\")] fn b() {} #[cfg(any())] fn c() {}"),
        [""; 0]
    );
    assert_eq!(tests("#[cfg(any(test, feature = \"test_utils\"))] fn a() {}"), ["a"]);
    assert_eq!(tests("#[cfg_attr(test, allow(x))] fn a() {}"), [""; 0]);
}

#[test]
fn what_stands_in_a_test_is_a_test() {
    assert_eq!(tests("#[cfg(test)] mod m { fn a() { fn b() {} } } fn c() {}"), ["a", "b"]);
    assert_eq!(tests("mod m { #![cfg(test)] fn a() {} } fn c() {}"), ["a"]);
    assert_eq!(tests("#![cfg(test)] fn a() {}"), ["a"]);
    assert_eq!(tests("#[cfg(test)] impl S { fn a() {} } impl S { #[cfg(test)] fn b() {} fn c() {} }"), ["a", "b"]);
    assert_eq!(tests("trait T { #[cfg(test)] fn a() {} fn b(); }"), ["a"]);
    assert!(facts("#![cfg(test)] fn a() {}").scopes[0].test);
    assert!(facts("#[cfg(test)] mod m;").module_files[0].test);
}

#[test]
fn test_functions_are_tests() {
    let text = "#[test] fn a() {} #[tokio::test(flavor = \"x\")] async fn b() {} #[rstest] fn c() {} #[bench] fn d() {}
        #[tokio::main] async fn e() {} #[test_only] fn f() {}";
    assert_eq!(tests(text), ["a", "b", "c", "d"]);
}

#[test]
fn signatures_are_kept_as_written() {
    let facts = facts(
        "pub async fn f<T: A, U>(x: Arc<T>, (y, z): (u8, &'a mut U), w: [u8; 3]) -> Result<impl B + 'a, Box<dyn C>>
        where T: D<E = F>, U: for<'b> Fn(&'b u8) -> G {}",
    );
    let f = &facts.functions[0];
    assert!(f.is_async && f.public && f.receiver.is_none());
    assert_eq!(f.parameters.iter().map(ty).collect::<Vec<_>>(), ["Arc<T>", "(u8, &U)", "[u8]"]);
    assert_eq!(f.returns.as_ref().map(ty).as_deref(), Some("Result<impl B, Box<dyn C>>"));
    let bounds: Vec<_> = f.generics.iter().map(|g| g.bounds.iter().map(ty).collect::<Vec<_>>().join(" + ")).collect();
    assert_eq!(bounds, ["A + D<E = F>", "Fn<(&u8), Output = G>"]);
}

#[test]
fn functions_know_their_owner_and_receiver() {
    let facts = facts(
        "fn a() {} impl S { pub fn b(&self) {} fn c(&mut self) {} } impl T for S { fn d(self) {} }
        trait T { fn e(self: Arc<Self>); fn f(mut self: Box<Self>) {} }",
    );
    let show = |f: &Function| format!("{} {:?} {:?} {}", f.name, f.owner, f.public, f.body.is_some());
    let expected = [
        "a Free false true",
        "b Impl(0) true true",
        "c Impl(0) false true",
        "d Impl(1) true true",
        "e Trait(0) true false",
        "f Trait(0) true true",
    ];
    assert_eq!(facts.functions.iter().map(show).collect::<Vec<_>>(), expected);
    let receivers: Vec<String> = facts.functions.iter().flat_map(|f| &f.receiver).map(receiver).collect();
    assert_eq!(receivers, ["&self", "&mut self", "self", "self: Arc<Self>", "self: Box<Self>"]);
    assert_eq!(facts.impls[1].trait_path.as_ref().map(path).as_deref(), Some("T"));
}

fn receiver(of: &Receiver) -> String {
    match of {
        Receiver::Value => "self".into(),
        Receiver::Reference => "&self".into(),
        Receiver::MutableReference => "&mut self".into(),
        Receiver::Typed(written) => format!("self: {}", ty(written)),
    }
}

#[test]
fn types_list_the_fields_of_all_variants() {
    let facts =
        facts("pub enum E { A, B(u8, #[x] Vec<u8>), C { d: D } } struct S(pub u8, E); union U { a: u8 } struct N;");
    let show = |t: &TypeDef| {
        let field = |f: &Field| {
            let variant = f.variant.map_or(String::new(), |v| format!("{v}."));
            format!("{}{variant}{}: {}", if f.public { "pub " } else { "" }, f.name, ty(&f.ty))
        };
        format!("{} {:?} {}", t.name, t.variants, t.fields.iter().map(field).collect::<Vec<_>>().join(", "))
    };
    let expected = [
        "E [u!(\"A\"), u!(\"B\"), u!(\"C\")] pub B.0: u8, pub B.1: Vec<u8>, pub C.d: D",
        "S [] pub 0: u8, 1: E",
        "U [] a: u8",
        "N [] ",
    ];
    assert_eq!(facts.types.iter().map(show).collect::<Vec<_>>(), expected);
}

#[test]
fn statics_come_from_items_and_macros() {
    let facts = facts(
        "pub static A: LazyLock<P> = LazyLock::new(|| p()); const B: u8 = 1; static mut C: u8 = 2;
        lazy_static! { /// Docs.
            pub static ref D: Mutex<P> = Mutex::new(p()); static ref E: P = { p() }; }
        lazy_static::lazy_static! {}
        thread_local! { static F: RefCell<P> = const { RefCell::new(p()) }; pub(crate) static G: P = p() }
        tokio::task_local! { static H: P; }
        fn f() { static I: P = p(); thread_local! { static J: P = p(); } const { K }; }
        #[cfg(test)] mod m { static L: P = p(); }",
    );
    let show = |s: &Static| {
        let marks = [(s.public, " public"), (s.test, " test"), (s.body.is_none(), " without value")];
        let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        format!("{} {:?} {} in {}{marks}", s.name, s.kind, ty(&s.ty), s.scope.0)
    };
    let expected = [
        "A Static LazyLock<P> in 0 public",
        "B Const u8 in 0",
        "C Static u8 in 0",
        "D LazyStatic Mutex<P> in 0 public",
        "E LazyStatic P in 0",
        "F ThreadLocal RefCell<P> in 0",
        "G ThreadLocal P in 0 public",
        "H ThreadLocal P in 0 without value",
        "I Static P in 1",
        "J ThreadLocal P in 1",
        "L Static P in 2 test",
    ];
    assert_eq!(facts.statics.iter().map(show).collect::<Vec<_>>(), expected);
}

#[test]
fn item_macros_are_read_where_they_hold_items() {
    let facts = facts(
        "cfg_if! { if #[cfg(a)] { fn a() {} } else if #[cfg(b)] { fn b() {} } else { mod c; } }
        cfg_rt! { pub fn d() {} }
        macro_rules! e { () => { fn not() {} } }
        unknown! { x => y }
        also_unknown!();",
    );
    assert_eq!(facts.functions.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a", "b", "d"]);
    assert_eq!(facts.module_files.len(), 1);
    assert_eq!(facts.macros.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["e"]);
    assert_eq!(facts.unseen.len(), 2);
}

#[test]
fn aliases_and_associated_types_are_aliases() {
    let facts = facts("type A<T> = Vec<T>; impl I for S { type B = u8; }");
    let show = |a: &TypeAlias| format!("{} = {} {:?}", a.name, ty(&a.ty), a.of_impl);
    assert_eq!(facts.aliases.iter().map(show).collect::<Vec<_>>(), ["A = Vec<T> None", "B = u8 Some(0)"]);
}

#[test]
fn what_cfg_attr_gives_outside_of_tests_is_an_attribute() {
    let facts = facts(
        "#[cfg_attr(not(feature = \"client\"), rpc(server), inline)] #[cfg_attr(unix, cfg_attr(fast, a::hot))] #[cfg_attr(test, ignore)] fn f() {}",
    );
    let paths =
        facts.functions[0].attributes.iter().map(|a| a.path.iter().map(|name| name.as_str()).collect::<Vec<_>>());
    assert_eq!(paths.map(|path| path.join("::")).collect::<Vec<_>>(), ["rpc", "inline", "a::hot", "cfg_attr"]);
}

#[test]
fn attributes_keep_path_and_arguments() {
    let facts = facts("/// Docs.\n#[tokio::main(flavor = \"current_thread\")] #[x] #[y = \"z\"] fn f() {}");
    let show = |a: &Attribute| {
        format!("{}({})", a.path.iter().map(|p| p.as_str()).collect::<Vec<_>>().join("::"), a.arguments)
    };
    let shown: Vec<String> = facts.functions[0].attributes.iter().map(show).collect();
    assert_eq!(shown, ["tokio::main(flavor = \"current_thread\")", "x()", "y(\"z\")"]);
}

#[test]
fn types_are_kept_as_written() {
    let types = |written: &str| ty(&facts(&format!("type A = {written};")).aliases[0].ty);
    assert_eq!(types("&'a mut [(u8, !, _)]"), "&[(u8, !, _)]");
    assert_eq!(types("fn(u8) -> B"), "fn(u8) -> B");
    assert_eq!(types("Box<dyn Fn(u8) + Send + 'static>"), "Box<dyn Fn<(u8), Output = ()>, Send>");
    assert_eq!(types("<T as a::B>::C<D>"), "<T as 2>a::B::C<D>");
    assert_eq!(types("::a::B<'static, 3, C, D = E>"), "::a::B<C, D = E>");
    assert_eq!(types("(A)"), "A");
    assert_eq!(types("*const u8"), "?");
}

#[test]
fn function_traits_may_lack_dyn_as_in_older_editions() {
    let text =
        "type A = Fn(&u8) + Send; fn é(a: &Fn(u8) -> u8, b: &'a mut (FnMut() + 'a), c: Box<FnOnce(A)>) { Fn(x) < y; }";
    let facts = facts(text);
    assert_eq!(ty(&facts.aliases[0].ty), "dyn Fn<(&u8), Output = ()>, Send");
    let parameters: Vec<String> = facts.functions[0].parameters.iter().map(ty).collect();
    let expected = ["&dyn Fn<(u8), Output = u8>", "&dyn FnMut<(), Output = ()>", "Box<dyn FnOnce<(A), Output = ()>>"];
    assert_eq!(parameters, expected);
    let range = facts.functions[0].name_range;
    assert_eq!(&text[range.start as usize..range.end as usize], "é");
    assert!(crate::facts::extract("type A = Fn(&u8) + Send").is_err());
}

#[test]
fn what_cfg_decides_on_is_noted() {
    let text =
        "#[cfg(unix)] fn a() {} fn b() {} #[cfg_attr(unix, inline)] fn c() {} cfg_if! { if #[cfg(x)] { fn d() {} } }";
    let conditional: Vec<&str> =
        facts(text).conditional.iter().map(|range| &text[range.start as usize..range.end as usize]).collect();
    assert_eq!(conditional, ["#[cfg(unix)] fn a() {}", "cfg_if! { if #[cfg(x)] { fn d() {} } }"]);
}

#[test]
fn a_module_has_a_file_for_each_path() {
    let facts = facts(
        "#[cfg_attr(unix, path = \"u.rs\")] #[cfg_attr(test, path = \"t.rs\")] mod a; \
         #[path = \"p.rs\"] mod b; #[cfg_attr(unix, allow(dead_code))] mod c;",
    );
    let show = |m: &ModuleFile| format!("{} {:?} {}", m.name, m.path.as_deref(), m.test);
    assert_eq!(
        facts.module_files.iter().map(show).collect::<Vec<_>>(),
        ["a Some(\"u.rs\") false", "a Some(\"t.rs\") true", "a None false", "b Some(\"p.rs\") false", "c None false"]
    );
}

#[test]
fn what_is_for_tests_is_no_part_of_what_is_shipped() {
    let facts = facts(
        "struct S { a: u8, #[cfg(test)] b: u8, #[cfg(unix)] c: u8 } #[cfg(test)] struct T { #[cfg(test)] d: u8 } \
         #[cfg(test)] use x::y; use x::z; cfg_if! { if #[cfg(test)] { fn mocked() {} } else { fn real() {} } }",
    );
    let fields = |at: usize| facts.types[at].fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>();
    assert_eq!((fields(0), fields(1)), (vec!["a", "c"], vec!["d"]));
    assert_eq!(facts.uses.iter().map(|u| u.test).collect::<Vec<_>>(), [true, false]);
    assert_eq!(facts.functions.iter().map(|f| f.test).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_field_may_be_what_a_derived_deref_gives() {
    let facts = facts("struct S { a: u8, #[deref] b: u8 }");
    assert_eq!(facts.types[0].fields.iter().map(|f| f.deref).collect::<Vec<_>>(), [false, true]);
}
