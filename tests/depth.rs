//! No input overflows a stack: every shape of nesting and chaining, just below the accepted depth, goes through parser, extraction,
//! serialisation and drop on the stack that workers get; far above it, the file is refused. Knows nothing of what facts mean.

use watertight::facts::{self, depth};

/// A shape: `before`, `open` n times, `core`, `close` n times, `after`.
struct Shape {
    name: &'static str,
    parts: [&'static str; 5],
}

impl Shape {
    fn text(&self, n: usize) -> String {
        let [before, open, core, close, after] = self.parts;
        [before, &open.repeat(n), core, &close.repeat(n), after].concat()
    }

    /// Whether it is closed as it was opened.
    fn is_rust(&self) -> bool {
        !self.name.contains("closed")
    }

    /// The greatest repetition that is accepted.
    fn deepest(&self) -> usize {
        let mut refused = 1;
        while depth::too_deep(&self.text(refused)).is_none() {
            assert!(refused <= depth::LIMIT as usize, "{} is not bounded", self.name);
            refused *= 2;
        }
        let mut accepted = refused / 2;
        while refused - accepted > 1 {
            let middle = accepted.midpoint(refused);
            match depth::too_deep(&self.text(middle)) {
                None => accepted = middle,
                Some(_) => refused = middle,
            }
        }
        accepted
    }
}

/// An expression in a function.
const fn expr(name: &'static str, open: &'static str, core: &'static str, close: &'static str) -> Shape {
    Shape { name, parts: ["fn f() { g(", open, core, close, ") }"] }
}

/// A type of an alias.
const fn ty(name: &'static str, open: &'static str, core: &'static str, close: &'static str) -> Shape {
    Shape { name, parts: ["type T = ", open, core, close, ";"] }
}

/// A pattern of a `let`.
const fn pattern(name: &'static str, open: &'static str, core: &'static str, close: &'static str) -> Shape {
    Shape { name, parts: ["fn f() { let ", open, core, close, " = x; }"] }
}

/// Items in items.
const fn item(name: &'static str, open: &'static str, core: &'static str, close: &'static str) -> Shape {
    Shape { name, parts: ["", open, core, close, ""] }
}

const SHAPES: &[Shape] = &[
    expr("parentheses", "(", "x", ")"),
    expr("tuples", "(", "x", ",)"),
    expr("tuples with a chain at each level", "(", "x", ",).a.b()?[0]"),
    expr("arrays", "[", "x", "]"),
    expr("blocks", "{", "x", "}"),
    expr("labelled blocks", "'a: {", "x", "}"),
    expr("blocks with items", "{ use a::b;", "x", "}"),
    expr("unsafe blocks", "unsafe {", "x", "}"),
    expr("const blocks", "const {", "x", "}"),
    expr("try blocks", "try {", "x", "}"),
    expr("async blocks", "async {", "x", "}"),
    expr("awaited async blocks", "async move {", "x", "}.await"),
    expr("calls", "f(", "x", ")"),
    expr("called results", "", "f", "()"),
    expr("method calls in arguments", "a.b(", "x", ")"),
    expr("method chains", "", "x", ".b()"),
    expr("method chains with a turbofish", "", "x", ".b::<A>()"),
    expr("field chains", "", "x", ".b"),
    expr("await chains", "", "x", ".await"),
    expr("question marks", "", "x", "?"),
    expr("index chains", "", "x", "[0]"),
    expr("indices in indices", "x[", "0", "]"),
    expr("casts", "", "x", " as u8"),
    expr("references", "&", "x", ""),
    expr("mutable references", "&mut ", "x", ""),
    expr("raw borrows", "&raw const ", "x", ""),
    expr("dereferences", "*", "x", ""),
    expr("negations", "!", "x", ""),
    expr("minus signs", "-", "x", ""),
    expr("closures", "|x| ", "x", ""),
    expr("closures without parameters", "||", "x", ""),
    expr("moving closures", "move || ", "x", ""),
    expr("async closures", "async || ", "x", ""),
    expr("closures with blocks", "|x| {", "x", "}"),
    expr("closures with types", "|x: u8| -> u8 {", "x", "}"),
    expr("closures as arguments", "f(|x| ", "x", ")"),
    expr("closures in patterns", "|A { a: [", "x", "] }| x"),
    expr("sums", "a + ", "x", ""),
    expr("disjunctions", "a || ", "x", ""),
    expr("comparisons", "a < b && ", "x", ""),
    expr("assignments", "a = ", "x", ""),
    expr("compound assignments", "a += ", "x", ""),
    expr("open ranges", "..(", "x", ")"),
    expr("ranges", "a..(", "x", ")"),
    expr("returns", "return ", "x", ""),
    expr("breaks", "break ", "x", ""),
    expr("breaks with labels", "break 'a ", "x", ""),
    expr("yields", "yield ", "x", ""),
    expr("else if", "if a {} else ", "{}", ""),
    expr("else blocks", "if a {} else {", "x", "}"),
    expr("ifs in conditions", "if ", "a", " {}"),
    expr("chains of let conditions", "if let A = b && ", "c", " {}"),
    expr("matches in arms", "match x { _ => ", "x", "}"),
    expr("matches in guards", "match x { _ if ", "x", " => x }"),
    expr("matches in scrutinees", "match ", "x", " {}"),
    expr("loops", "loop {", "x", "}"),
    expr("while conditions", "while ", "x", " {}"),
    expr("iterated expressions", "for a in ", "x", " {}"),
    expr("for loops", "for a in b {", "x", "}"),
    expr("let else", "{ let Some(a) = b else {", "x", "}; }"),
    expr("let statements", "{ let a = ", "x", "; }"),
    expr("struct literals", "A { a: ", "x", "}"),
    expr("struct bases", "A { ..", "x", "}"),
    expr("attributes on expressions", "#[a] ", "x", ""),
    expr("attributes on nested expressions", "#[a] {", "x", "}"),
    expr("turbofish", "f::<fn([u8; {", "1", "}])>()"),
    expr("vec!", "vec![", "x", "]"),
    expr("statements of vec!", "{ vec![", "x", "]; }"),
    expr("format!", "format!(\"{x}\", ", "x", ")"),
    expr("select!", "select! { a = b => ", "x", " }"),
    expr("futures of select!", "select! { a = ", "x", " => {} }"),
    expr("matches!", "matches!(", "x", ", A)"),
    expr("cfg_if!", "cfg_if! { if #[cfg(a)] {", "x", "} }"),
    expr("defer!", "defer! {", "x", "}"),
    expr("stream!", "stream! {", "x", "}"),
    expr("pin!", "pin! { let a = ", "x", "; }"),
    expr("macros that are not read", "m! { a => ", "x", "; => }"),
    expr("statics in blocks", "{ lazy_static! { static ref A: B = ", "x", "; } }"),
    expr("functions in expressions", "{ fn f() {", "x", "} }"),
    expr("const items in expressions", "{ const A: u8 = ", "x", "; }"),
    expr("types in casts", "0 as [u8; ", "1", "]"),
    ty("type arguments", "A<", "u8", ">"),
    ty("type arguments after others", "A<u8, ", "u8", ">"),
    ty("trait objects", "Box<dyn F<", "u8", ">>"),
    ty("opaque types", "impl F<", "u8", ">"),
    ty("associated types", "A<B = ", "u8", ">"),
    ty("associated bounds", "A<B: ", "F", ">"),
    ty("references in types", "&", "u8", ""),
    ty("references with lifetimes in types", "&'a mut ", "u8", ""),
    ty("pointers", "*const ", "u8", ""),
    ty("parentheses in types", "(", "u8", ")"),
    ty("tuples in types", "(", "u8", ",)"),
    ty("slices in types", "[", "u8", "]"),
    ty("arrays in types", "[", "u8", "; 1]"),
    ty("lengths of arrays", "[u8; {", "1", "}]"),
    ty("types in lengths of arrays", "[u8; {let x: ", "u8", "; 1}]"),
    ty("constant arguments", "A<{ f::<", "u8", ">() }>"),
    ty("function pointers", "fn(", "u8", ")"),
    ty("returned function pointers", "fn() -> ", "u8", ""),
    ty("Fn traits", "dyn Fn(", "u8", ")"),
    ty("returned Fn traits", "impl Fn() -> ", "u8", ""),
    ty("bounds with lifetimes", "dyn for<'a> F<", "u8", ">"),
    ty("qualified paths", "<", "u8", " as A>::B"),
    ty("long paths", "a::", "u8", ""),
    ty("macros in types", "m![", "u8", "]"),
    pattern("tuple patterns", "(", "a", ",)"),
    pattern("parentheses in patterns", "(", "a", ")"),
    pattern("tuple struct patterns", "Some(", "a", ")"),
    pattern("struct patterns", "A { a: ", "a", "}"),
    pattern("slice patterns", "[", "a", "]"),
    pattern("reference patterns", "&", "a", ""),
    pattern("bindings of patterns", "a @ ", "a", ""),
    pattern("bindings of alternatives", "a @ (b | ", "a", ")"),
    Shape { name: "alternatives", parts: ["fn f() { if let ", "_ | ", "_", "", " = x {} }"] },
    Shape { name: "alternatives of ranges", parts: ["fn f() { if let ", "'a'..='b' | ", "_", "", " = x {} }"] },
    pattern("const patterns", "const {", "1", "}"),
    pattern("macros in patterns", "m![", "a", "]"),
    item("modules", "mod m {", "", "}"),
    item("functions", "fn f() {", "", "}"),
    item("methods", "impl X { fn f() {", "", "}}"),
    item("methods of traits", "impl A<B> for X { fn f(&self) -> u8 {", "1", "}}"),
    item("provided methods", "trait T { fn f() {", "", "}}"),
    item("constants", "const A: u8 = {", "1", "};"),
    item("functions in functions in types", "fn f(a: [u8; {", "1", "}]) {}"),
    item("fields of structs", "struct A { a: [u8; {", "1", "}] }"),
    item("discriminants", "enum A { B = {", "1", "} }"),
    item("macros of items", "m! {", "fn f() {}", "}"),
    item("cfg_if! of items", "cfg_if! { if #[cfg(a)] {", "fn f() {}", "} }"),
    item("thread_local!", "thread_local! { static A: B = {", "1", "}; }"),
    item("attributes", "#[a]", "fn f() {}", ""),
    Shape { name: "arguments of attributes", parts: ["#[a", "(", "b", ")", "] fn f() {}"] },
    Shape { name: "values of attributes", parts: ["#[a = ", "(", "b", ")", "] fn f() {}"] },
    Shape { name: "conditions", parts: ["#[cfg(", "all(", "test", ")", ")] fn f() {}"] },
    Shape { name: "use trees", parts: ["use ", "{", "a", "}", ";"] },
    Shape { name: "use paths", parts: ["use ", "a::", "a", "", ";"] },
    Shape { name: "use paths with groups", parts: ["use ", "a::{", "a", "}", ";"] },
    Shape { name: "supertraits", parts: ["trait T: ", "A<", "B", ">", " {}"] },
    Shape { name: "where clauses", parts: ["fn f() where ", "A<", "B", ">", ": C {}"] },
    Shape { name: "generics", parts: ["fn f<A: ", "A<", "B", ">", ">() {}"] },
    Shape { name: "macro_rules!", parts: ["macro_rules! m { () => { ", "(", "x", ")", " } }"] },
    Shape { name: "blocks that are never closed", parts: ["fn f() ", "{", "", "", ""] },
    Shape { name: "parentheses that are never closed", parts: ["fn f() { ", "(", "", "", ""] },
    Shape { name: "types that are never closed", parts: ["type T = ", "A<", "", "", ""] },
    Shape { name: "brackets that are closed by others", parts: ["fn f() { ", "(", "", "]", ""] },
];

/// What is said of a file, if it is refused.
fn through_the_whole_stage(text: &str) -> Option<String> {
    match facts::extract(text) {
        Ok(facts) => {
            assert!(serde_json::to_string(&facts).is_ok_and(|json| !json.is_empty()));
            None
        }
        Err(unreadable) => Some(unreadable.message),
    }
}

/// Checks a shape; if a stack overflows, which aborts the tests, the name of the thread tells which.
fn check(shape: &'static Shape) {
    let deepest = shape.deepest();
    let refused = through_the_whole_stage(&shape.text(deepest));
    assert_eq!(refused.is_none(), shape.is_rust(), "{}: {refused:?}", shape.name);
    let refused = through_the_whole_stage(&shape.text(10 * deepest));
    assert_eq!(refused.as_deref(), Some("too deeply nested to be analysed"), "{}", shape.name);
}

#[test]
fn what_is_accepted_fits_the_stack_and_the_rest_is_refused() {
    let at_once = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    for shapes in SHAPES.chunks(at_once) {
        let worker = |shape: &'static Shape| {
            let worker = std::thread::Builder::new().name(shape.name.into()).stack_size(depth::STACK_BYTES);
            worker.spawn(move || check(shape)).expect("threads can be had")
        };
        let workers: Vec<_> = shapes.iter().map(worker).collect();
        workers.into_iter().for_each(|worker| worker.join().expect("the shape is as it should be"));
    }
}
