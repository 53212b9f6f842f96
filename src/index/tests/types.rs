//! What types expressions have, and what calls run.

use super::program;

#[test]
fn wrappers_are_looked_through() {
    let code = program(
        "use std::sync::{Arc, Mutex, LazyLock}; struct Pool; impl Pool { fn size(&self) {} } \
         static POOL: LazyLock<Arc<Pool>> = LazyLock::new(make); fn make() -> Arc<Pool> { todo!() } \
         fn main(a: Arc<Mutex<Pool>>, b: Option<&Box<Pool>>) { \
            a.lock().unwrap().size(); b.as_ref().unwrap().size(); POOL.size(); }",
    );
    for call in ["a.lock().unwrap().size()", "b.as_ref().unwrap().size()", "POOL.size()"] {
        assert_eq!(code.callee(call), "main::Pool::size", "{call}");
    }
}

#[test]
fn patterns_take_types_apart() {
    let code = program(
        "struct A; struct B; struct P { a: A, rest: (B, A) } enum E { One(A), Two { b: B } } \
         fn main(p: P, e: E, o: Option<(A, B)>, r: Result<A, B>) { \
            let P { a, rest: (b, ..) } = p; a; b; \
            match e { E::One(one) => { one; } E::Two { b: two } => { two; } } \
            if let Some((_, second)) = o { second; } \
            let Err(failure) = r else { return }; failure; \
            for (at, item) in vec![(A, B)] { item; } }",
    );
    let expected =
        [("a", "A"), ("b", "B"), ("one", "A"), ("two", "B"), ("second", "B"), ("failure", "B"), ("item", "B")];
    for (name, ty) in expected {
        assert_eq!(code.ty(name), ty, "{name}");
    }
}

#[test]
fn generics_are_filled_in() {
    let code = program(
        "struct W<T> { inner: T } impl<T> W<T> { fn new(inner: T) -> Self { W { inner } } fn get(self) -> T { todo!() } } \
         struct A; fn same<T>(value: T) -> Option<T> { Some(value) } type Found<T> = Result<Vec<T>, String>; \
         fn find() -> Found<A> { todo!() } \
         fn main() { let w = W::new(A); w.inner; w.get(); same(A); find(); }",
    );
    assert_eq!(code.ty("w.inner"), "A");
    assert_eq!(code.ty("w.get()"), "A");
    assert_eq!(code.ty("same(A)"), "std::option::Option<A>");
    assert_eq!(code.ty("find()"), "std::result::Result<std::vec::Vec<A>, std::string::String>");
}

#[test]
fn chains_keep_their_types() {
    let code = program(
        "fn main() -> Result<(), reqwest::Error> { \
            let built = reqwest::Client::builder().timeout(t).user_agent(\"x\").build()?; built; \
            let taken = Some(String::new()).map(|text| text.len()).unwrap_or_default(); }",
    );
    assert_eq!(code.ty("built"), "reqwest::Client");
    assert_eq!(code.ty("text"), "std::string::String");
}

#[test]
fn closures_give_what_they_return() {
    let code = program(
        "struct A; struct B; fn with<T, R>(value: T, work: impl Fn(T) -> R) -> R { work(value) } \
         fn main() { let make = || A; make(); let b = with(A, |given| { given; B }); b; \
            let c = Some(A).map(|inner| { inner; B }); c; let d = Some(A).map(turn); d; } fn turn(a: A) -> B { B }",
    );
    assert_eq!(code.callee("make()"), "closure");
    assert_eq!(code.ty("make()"), "A");
    for (name, ty) in [("given", "A"), ("b", "B"), ("inner", "A")] {
        assert_eq!(code.ty(name), ty, "{name}");
    }
    for name in ["c", "d"] {
        assert_eq!(code.ty(name), "std::option::Option<B>", "{name}");
    }
}

#[test]
fn awaits_unwrap_futures_alone() {
    let code = program(
        "struct A; async fn make() -> Option<A> { None } fn boxed() -> std::pin::Pin<Box<dyn Future<Output = A>>> { todo!() } \
         fn imp() -> impl Future<Output = A> { async { A } } \
         async fn main() { make(); make().await; boxed().await; imp().await; async { A }.await; \
            let (x, y) = tokio::join!(boxed(), make()); y; }",
    );
    assert_eq!(code.ty("make()"), "async std::option::Option<A>");
    assert_eq!(code.ty("make().await"), "std::option::Option<A>");
    for awaited in ["boxed().await", "imp().await", "async { A }.await"] {
        assert_eq!(code.ty(awaited), "A", "{awaited}");
    }
    assert_eq!(code.ty("y"), "std::option::Option<A>");
}

#[test]
fn callees_are_functions_methods_traits_and_constructors() {
    let code = program(
        "trait T { fn go(&self); fn all() {} } struct S(u8); enum E { V(u8) } impl T for S { fn go(&self) {} } \
         impl S { fn own(&self) {} } impl std::ops::Deref for Outer { type Target = S; } struct Outer; \
         fn main(t: &dyn T, s: S, g: impl T, o: Outer, f: fn(u8), z: Unheard) { \
            t.go(); s.go(); g.go(); s.own(); o.own(); S(1); E::V(1); f(1); S::own(&s); <S as T>::all(); z.x(); s.none(); q.x(); }",
    );
    let expected = [
        ("t.go()", "trait main::T::go"),
        ("s.go()", "main::S::go"),
        ("g.go()", "trait main::T::go"),
        ("s.own()", "main::S::own"),
        ("o.own()", "main::S::own"),
        ("S(1)", "new S"),
        ("E::V(1)", "new E::V"),
        ("f(1)", "unknown Value"),
        ("S::own(&s)", "main::S::own"),
        ("s.none()", "unknown Method"),
        ("q.x()", "unknown Receiver"),
    ];
    for (call, callee) in expected {
        assert_eq!(code.callee(call), callee, "{call}");
    }
}

#[test]
fn calls_go_to_all_implementors_of_a_trait() {
    let code = program(
        "trait T { fn go(&self); } struct A; struct B; impl T for A { fn go(&self) {} } impl T for B { fn go(&self) {} } \
         fn main(t: &dyn T) { t.go(); run(helper); } fn run(f: fn()) {} fn helper() {}",
    );
    let main = code.site("t.go()").body;
    let called: Vec<String> = code.index.calls.callees(main).iter().map(|call| code.index.fn_path(call.to)).collect();
    assert_eq!(called, ["main::A::go", "main::B::go", "main::run", "main::helper"]);
}

#[test]
fn circles_of_aliases_are_unknown() {
    let code = program(
        "type A = Vec<A>; type B<T> = (B<C>, T); type C = Option<B<C>>; \
         fn a() -> A { todo!() } fn b() -> B<u8> { todo!() } fn main() { a(); b(); }",
    );
    assert_eq!(code.ty("a()"), "std::vec::Vec<?>");
    assert_eq!(code.ty("b()"), "(?, u8)");
}

#[test]
fn types_that_grow_without_end_are_unknown() {
    let doubled = "let x = (x, x);".repeat(40);
    let code = program(&format!("fn main() {{ let x = String::new(); {doubled} last(x); }}"));
    assert!(code.ty("x").len() < 4096);
    assert_eq!(code.callee("last(x)"), "unknown Path");
}
