//! Where things stand: every range is that of the file on disk, whatever precedes or interrupts the text.

use super::facts;
use crate::facts::model::*;
use crate::facts::{Unreadable, extract};
use crate::source::Range;

fn slice(text: &str, range: Range) -> &str {
    &text[range.start as usize..range.end as usize]
}

/// The text of the nodes of the first function, in evaluation order.
fn nodes(text: &str) -> Vec<String> {
    facts(text).bodies[0].nodes.iter().map(|node| slice(text, node.range).to_owned()).collect()
}

/// The text of the nodes of some statements.
fn nodes_in(statements: &str) -> Vec<String> {
    nodes(&format!("fn f() {{ {statements} }}"))
}

#[test]
fn what_stands_before_the_code_shifts_everything() {
    for before in [
        "",
        "\u{feff}",
        "#!/usr/bin/env run\n",
        "\u{feff}#!/usr/bin/env rün\r\n",
        "#![allow(a)]\n",
        "#!\n  [allow(a)]\r\n",
        "---\n[dependencies]\nb = \"1\"\n---\n",
        "#!/usr/bin/env run\n\n---- cargo\n--- é\n----\n",
        "// é\r\n/* ü\r\n */",
    ] {
        let text = format!("{before}fn f() {{ a(\"é\",\r\n b) }}");
        assert_eq!(nodes(&text), ["a", "\"é\"", "b", "a(\"é\",\r\n b)"], "{before:?}");
        let facts = facts(&text);
        assert_eq!(slice(&text, facts.functions[0].name_range), "f", "{before:?}");
        assert_eq!(slice(&text, facts.bodies[0].regions[0].range), "{ a(\"é\",\r\n b) }", "{before:?}");
    }
}

#[test]
fn characters_of_many_bytes_count_as_bytes() {
    assert_eq!(nodes_in("\"日本\"; 'é'; ñandú.ö(\"🦀\", x);")[0..2], ["\"日本\"", "\"日本\";"]);
    assert_eq!(nodes_in("/* 🦀 */ ñandú.ö(\"🦀\", x)"), ["ñandú", "\"🦀\"", "x", "ñandú.ö(\"🦀\", x)"]);
}

#[test]
fn nodes_have_the_text_they_come_from() {
    let of = |statement: &str| nodes_in(statement).pop().unwrap_or_default();
    for whole in [
        "(a + b).c()",
        "(a)(b)",
        "<T as U>::v::<W>(x)",
        "<T>::v()",
        "::a::b()",
        "a as Vec<Option<u8>>",
        "a as &dyn B",
        "&mut *a",
        "&raw const a",
        "-a.b?",
        "a.0.1",
        "a[b][..c]",
        "..=a",
        "a..",
        "a = b = c",
        "a += b",
        "return (a)",
        "break 'l a",
        "[a; 3]",
        "(a, b)",
        "::a::B { c, ..d }",
        "unsafe { a }",
        "const { a }",
        "async move { a }",
        "move |a: u8| -> u8 { a }",
        "async |a| a",
        "if a { b } else if c { d } else { e }",
        "match a { b => c }",
        "while a { b }",
        "for a in b { c }",
        "loop { a }",
        "::m::n! { a }",
        "a.await",
        "yield a",
        "become a()",
    ] {
        assert_eq!(of(&format!("x = {whole}")).strip_prefix("x = "), Some(whole));
    }
}

#[test]
fn statements_reach_to_their_semicolon() {
    assert_eq!(nodes_in("let a: B = c;").pop().as_deref(), Some("let a: B = c;"));
    assert_eq!(nodes_in("a.b() ;").pop().as_deref(), Some("a.b() ;"));
    assert_eq!(nodes_in("m!(a);").pop().as_deref(), Some("m!(a);"));
}

#[test]
fn arguments_of_macros_keep_their_places() {
    assert_eq!(nodes_in("info!(x = %é.b, \"{}\", c)"), ["é", "é.b", "\"{}\"", "c", "info!(x = %é.b, \"{}\", c)"]);
    assert_eq!(nodes_in("select! { é = a() => b, }")[..2], ["a", "a()"]);
}

#[test]
fn patterns_have_the_text_they_come_from() {
    for pattern in [
        "a",
        "ref mut a",
        "a @ B(..)",
        "(a, _)",
        "[a, ..]",
        "B(a)",
        "::b::C::<D> { a, .. }",
        "<B>::C",
        "&mut a",
        "(a | b)",
        "-1",
        "'a'..='z'",
        "m!(a)",
    ] {
        let text = format!("fn f() {{ match x {{ {pattern} => 1 }} }}");
        let facts = facts(&text);
        let arms = facts.bodies[0].nodes.iter().find_map(|node| match &node.op {
            Op::Match { arms, .. } => Some(arms),
            _ => None,
        });
        let arm = &arms.expect("there is a match")[0];
        assert_eq!(slice(&text, arm.pattern.range), pattern);
        assert_eq!(slice(&text, arm.range), format!("{pattern} => 1"));
    }
}

#[test]
fn locals_are_where_they_are_named() {
    let text = "fn f(mut é: A) { let (ref b, C { d, e: f }) = é; }";
    let locals: Vec<String> = facts(text).bodies[0].locals.iter().map(|l| slice(text, l.range).to_owned()).collect();
    assert_eq!(locals, ["é", "b", "d", "f"]);
}

#[test]
fn items_reach_from_their_attributes_to_their_end() {
    for item in [
        "/// Docs.\n#[a] pub(crate) async unsafe fn f() { #![b] }",
        "extern \"C\" fn f() {}",
        "const fn f() {}",
        "fn f() {}",
    ] {
        let text = format!("mod m {{ {item} }}");
        assert_eq!(slice(&text, facts(&text).functions[0].range), item);
    }
    for item in ["#[a] pub struct S { x: u8 }", "struct S(u8);", "struct S;", "pub enum E { A }", "union U { a: u8 }"] {
        let text = format!("use a; {item} use b;");
        assert_eq!(slice(&text, facts(&text).types[0].range), item);
    }
    let text = "impl A { #[b] pub default fn f() {} } trait B { #[c] fn g(); unsafe fn h() {} } unsafe impl B for A {}";
    let facts = facts(text);
    let functions: Vec<&str> = facts.functions.iter().map(|f| slice(text, f.range)).collect();
    assert_eq!(functions, ["#[b] pub default fn f() {}", "#[c] fn g();", "unsafe fn h() {}"]);
    assert_eq!(slice(text, facts.impls[1].range), "unsafe impl B for A {}");
}

#[test]
fn fields_and_statics_have_their_places() {
    let text = "struct S { #[a] pub b: Vec<u8>, c: D } struct T(pub &'static u8, E);
        pub static U: V = W; lazy_static! { pub static ref X: Y = Z; }";
    let facts = facts(text);
    let fields: Vec<&str> = facts.types.iter().flat_map(|t| &t.fields).map(|f| slice(text, f.range)).collect();
    assert_eq!(fields, ["#[a] pub b: Vec<u8>", "c: D", "pub &'static u8", "E"]);
    let statics: Vec<&str> = facts.statics.iter().map(|s| slice(text, s.range)).collect();
    assert_eq!(statics, ["pub static U: V = W;", "static ref X: Y = Z"]);
}

/// What the only suppression of a text covers.
fn covered(text: &str) -> String {
    let facts = facts(text);
    assert_eq!(facts.suppressions.len(), 1);
    slice(text, facts.suppressions[0].covers).to_owned()
}

#[test]
fn suppressions_cover_the_syntax_below_them() {
    let allow = "// watertight: allow(x) -- y\n";
    for (before, node, after) in [
        ("", "#[a]\npub fn f() {\n b();\n}", "fn g() {}"),
        ("fn f() { ", "let a = b(\n c,\n);", "d(); }"),
        ("fn f() { ", "a\n .b()\n .c();", "d(); }"),
        ("fn f() { ", "#[d] a(\n);", "d(); }"),
        ("fn f() { ", "m! {\n a\n}", "d(); }"),
        ("fn f() { ", "m!(\n a\n);", "d(); }"),
        ("fn f() { match a { ", "B(\n_) if c => {\n d()\n}", " _ => {} } }"),
        ("fn f() { select! { ", "b = c() => {\n d()\n}", " _ = e() => {} } }"),
        ("struct S { ", "a: Vec<\nu8>", ", b: u8 }"),
        ("enum S { A {", "a: Vec<\nu8>", ", b: u8 } }"),
        ("fn f() { S { ", "a: b(\n)", ", c } }"),
        ("impl S { ", "pub fn f() {\n}", "fn g() {} }"),
        ("trait S { ", "fn f()\n;", "fn g() {} }"),
        ("mod m { ", "static S: T =\n U;", "fn g() {} }"),
        ("macro_of_items! { ", "fn f() {\n}", "fn g() {} }"),
    ] {
        let text = format!("{before}\n{allow}{node}\n{after}");
        assert_eq!(covered(&text).trim_start_matches("#[d] "), node.trim_start_matches("#[d] "), "{text}");
    }
}

#[test]
fn errors_point_at_their_place() {
    let said = |message: &str, found: &str| (message.to_owned(), found.to_owned());
    assert_eq!(error("\u{feff}fn é() { let x }"), said("expected `;`", "}"));
    assert_eq!(error("struct é { x u8 }"), said("expected `:`", "u8"));
    assert_eq!(error("fn f() {}\n+ x"), said("expected item, found `+`", "+"));
    assert_eq!(error("fn f() { /* é */ x = }"), said("unexpected end of input, expected an expression", "}"));
    assert_eq!(error("// é\nstruct\n"), said("unexpected end of input, expected identifier", ""));
}

#[test]
fn what_is_not_made_of_tokens_is_said_in_the_words_of_rustc() {
    for (text, message, found) in [
        ("fn f() {\n if x {\n}\n", "this file contains an unclosed delimiter", "{"),
        ("fn f() { ( }", "unexpected closing delimiter: `}`", "}"),
        ("fn f() )", "unexpected closing delimiter: `)`", ")"),
        ("fn f() { \"a }", "invalid or unterminated literal", "\""),
        ("fn f() { 'ab' }", "invalid or unterminated literal", "'"),
        ("fn f() { br#\"a }", "invalid or unterminated literal", "br"),
        ("fn f() { /* }", "unterminated block comment", "/"),
        ("fn f() { § }", "unknown start of token: `§`", "§"),
        ("fn f() {}\n<<<<<<< ours\nfn g() {}", "encountered diff marker", "<"),
    ] {
        assert_eq!(error(text), (message.to_owned(), found.to_owned()), "{text}");
    }
}

/// What is said of a text that is not Rust, and the text it points at.
fn error(text: &str) -> (String, String) {
    let Err(Unreadable { message, range }) = extract(text) else { panic!("{text} is Rust") };
    (message, slice(text, range).to_owned())
}

#[test]
fn the_documentation_of_a_function_says_little_of_what_its_statements_intend() {
    let intended = |comment: &str| facts(&format!("{comment}\nfn f() {{ step(); }}")).intents.len();
    assert_eq!(intended("/// Deliberately cheap; may fail."), 0, "said of the function's work and of what it returns");
    assert_eq!(intended("/// An error here fails closed."), 1);
    let above = |comment: &str| facts(&format!("fn f() {{\n {comment}\n let _ = step();\n}}")).intents.len();
    assert_eq!(above("// may fail"), 1);
    assert_eq!(above("// Fail open."), 1);
    assert_eq!(above("// just silently swallow any auth errors"), 1);
}
