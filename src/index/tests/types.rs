//! What types expressions have, and what calls run.

use super::{packages, program};
use crate::workspace::TargetKind;

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

#[test]
fn places_say_what_is_made_there() {
    let code = program(
        "struct A; struct Holder { items: Vec<A>, name: String } struct Config; \
         impl From<u8> for Config { fn from(n: u8) -> Self { Config } } fn take(list: Vec<A>, config: Config) {} \
         fn all(xs: Vec<A>) -> Result<Vec<A>, String> { Ok(xs.into_iter().collect()) } \
         fn tried(text: &str) -> Option<u16> { Some(text.parse().ok()?) } \
         fn main(xs: Vec<A>, ys: Vec<Result<A, String>>, n: u8) { \
            let a: Vec<_> = xs.iter().collect(); a; let b = xs.iter().collect::<Vec<_>>().len(); b; \
            let c: Result<Vec<_>, _> = ys.into_iter().collect(); c; let port: u16 = text.parse().unwrap_or(1); \
            take(Vec::new(), n.into()); Holder { items: Vec::with_capacity(1), name: Default::default() }; \
            let pairs: HashMap<_, _> = xs.iter().map(|x| (1u8, x)).collect(); pairs; } \
         use std::collections::HashMap;",
    );
    let expected = [
        ("a", "std::vec::Vec<&A>"),
        ("b", "usize"),
        ("c", "std::result::Result<std::vec::Vec<A>, ?>"),
        ("xs.into_iter().collect()", "std::vec::Vec<A>"),
        ("text.parse()", "std::result::Result<u16, ?>"),
        ("Vec::new()", "std::vec::Vec<A>"),
        ("n.into()", "Config"),
        ("Vec::with_capacity(1)", "std::vec::Vec<A>"),
        ("Default::default()", "std::string::String"),
        ("pairs", "std::collections::HashMap<u8, &A>"),
    ];
    for (expression, ty) in expected {
        assert_eq!(code.ty(expression), ty, "{expression}");
    }
}

#[test]
fn what_goes_into_a_collection_says_what_it_holds() {
    let code = program(
        "use std::collections::HashMap; struct A; fn fill(list: &mut Vec<A>) {} \
         fn main() { let mut list = Vec::new(); list.push(A); list.pop(); \
            let mut map = HashMap::new(); map.insert(1u8, A); map.get(&1); \
            let mut filled = Vec::new(); fill(&mut filled); filled.first(); \
            let mut unfilled = Vec::new(); unfilled.first(); }",
    );
    assert_eq!(code.ty("list.pop()"), "std::option::Option<A>");
    assert_eq!(code.ty("map.get(&1)"), "std::option::Option<&A>");
    assert_eq!(code.ty("filled.first()"), "std::option::Option<&A>");
    assert_eq!(code.ty("unfilled.first()"), "std::option::Option<&?>");
}

#[test]
fn numbers_ranges_and_operators_have_types() {
    let code = program(
        "fn main(n: u64, list: Vec<String>, text: &str, d: std::time::Duration) { \
            n + 1; 1 + n; 1.5; 7u8; n < 1; b'x'; 'c'; d * 2; &list[1..]; &text[..2]; list[0]; \
            for at in 0..n { at; } (0..n).map(|i| i.pow(2)); u64::MAX; n + unheard; (1 + 2).pow(3); }",
    );
    let expected = [
        ("n + 1", "u64"),
        ("1 + n", "u64"),
        ("1.5", "fraction"),
        ("7u8", "u8"),
        ("n < 1", "bool"),
        ("b'x'", "u8"),
        ("'c'", "char"),
        ("d * 2", "std::time::Duration"),
        ("&list[1..]", "&std::vec::Vec<std::string::String>"),
        ("&text[..2]", "&str"),
        ("list[0]", "std::string::String"),
        ("at", "u64"),
        ("(0..n).map(|i| i.pow(2))", "std::iter::Iterator<u64>"),
        ("u64::MAX", "u64"),
        ("n + unheard", "?"),
    ];
    for (expression, ty) in expected {
        assert_eq!(code.ty(expression), ty, "{expression}");
    }
    assert_eq!(code.callee("(1 + 2).pow(3)"), "integer::pow");
}

#[test]
fn traits_give_what_they_provide() {
    let code = program(
        "trait Named { fn name(&self) -> String; fn shout(&self) -> String { self.name() } fn again(self) -> Self where Self: Sized; } \
         trait Loud: Named {} struct A; impl Named for A { fn name(&self) -> String { todo!() } fn again(self) -> Self { self } } \
         impl Named for Vec<A> { fn name(&self) -> String { todo!() } } \
         struct Lines; impl Iterator for Lines { type Item = A; fn next(&mut self) -> Option<Self::Item> { None } } \
         trait Store { type Row: Named; fn row(&self) -> Self::Row; fn make() -> Self; } \
         struct Db; impl Store for Db { type Row = A; fn row(&self) -> Self::Row { A } fn make() -> Self { Db } } \
         fn main<S: Store, L: Loud>(a: A, v: Vec<A>, l: L, s: S, d: Db, it: impl IntoIterator<Item = A>) { \
            a.shout(); v.shout(); l.shout(); A.again(); s.row(); s.row().name(); d.row(); S::make().row(); \
            for line in Lines { line; } Lines.map(|each| each); for given in it { given; } \
            a.clone(); l.to_string(); <Db as Store>::make(); S::Row::shout(&s.row()); }",
    );
    let callees = [
        ("a.shout()", "trait main::Named::shout"),
        ("v.shout()", "trait main::Named::shout"),
        ("l.shout()", "trait main::Named::shout"),
        ("s.row().name()", "trait main::Named::name"),
        ("S::make().row()", "trait main::Store::row"),
        ("a.clone()", "std::clone::Clone::clone"),
        ("l.to_string()", "std::string::ToString::to_string"),
        ("S::Row::shout(&s.row())", "trait main::Named::shout"),
    ];
    for (call, callee) in callees {
        assert_eq!(code.callee(call), callee, "{call}");
    }
    let types = [
        ("A.again()", "A"),
        ("d.row()", "A"),
        ("line", "A"),
        ("each", "A"),
        ("given", "A"),
        ("<Db as Store>::make()", "Db"),
    ];
    for (expression, ty) in types {
        assert_eq!(code.ty(expression), ty, "{expression}");
    }
}

#[test]
fn parameters_of_another_function_mean_nothing_here() {
    let code = program(
        "struct A; fn make<T>() -> T { todo!() } fn main<T: Clone>() { make(); make::<A>(); let a: A = make(); a; }",
    );
    assert_eq!(code.ty("make()"), "?");
    assert_eq!(code.ty("make::<A>()"), "A");
    assert_eq!(code.ty("a"), "A");
}

#[test]
fn enums_and_fields_of_libraries_are_taken_apart() {
    let code = program(
        "use std::net::IpAddr; use std::io; \
         fn main(ip: IpAddr, o: std::process::Output, r: io::Result<u8>, v: serde_json::Value) { \
            match ip { IpAddr::V4(four) => four, other => todo!() }; o.stdout; \
            if let Err(failure) = r { failure; } if let serde_json::Value::String(text) = v { text; } }",
    );
    let expected = [
        ("four", "std::net::Ipv4Addr"),
        ("o.stdout", "std::vec::Vec<u8>"),
        ("failure", "std::io::Error"),
        ("text", "std::string::String"),
    ];
    for (expression, ty) in expected {
        assert_eq!(code.ty(expression), ty, "{expression}");
    }
}

#[test]
fn what_every_type_has_comes_after_what_it_declares() {
    let code = program(
        "use std::sync::Arc; struct A; impl A { fn hash(&self) -> u8 { 1 } fn into(self) -> String { todo!() } } struct B; \
         #[pin_project::pin_project] struct P { inner: A } \
         fn main(a: Arc<A>, b: B, p: std::pin::Pin<&mut P>) { a.hash(); b.hash(h); p.project().inner; }",
    );
    assert_eq!(code.callee("a.hash()"), "main::A::hash");
    assert_eq!(code.callee("b.hash(h)"), "std::hash::Hash::hash");
    assert_eq!(code.ty("p.project().inner"), "A");
}

#[test]
fn where_clauses_bound_what_was_declared_around() {
    let code = program(
        "trait Work { fn work(&self) -> u8; } trait Has { type Part; fn part(&self) -> Self::Part; \
             fn run(&self) -> u8 where Self::Part: Work { self.part().work() } } \
         struct S<T> { t: T } impl<T> S<T> { fn f(&self) where T: Work { self.t.work(); } } \
         impl<T: Has> S<T> where T::Part: Work { fn g(&self) { let part = self.t.part(); part.work(); } } fn main() {}",
    );
    for call in ["self.part().work()", "self.t.work()", "part.work()"] {
        assert_eq!(code.callee(call), "trait main::Work::work", "{call}");
    }
}

#[test]
fn bounds_say_the_associated_types_and_arguments_of_their_trait() {
    let code = program(
        "struct Pool; impl Pool { fn close(&self) {} } trait Node { type Db; fn db(&self) -> &Self::Db; } \
         trait Takes<R> { fn take(&self) -> R; } \
         fn f<N: Node<Db = Pool>>(node: N) { node.db().close(); } fn g(taken: impl Takes<Pool>) { taken.take().close(); } \
         fn h<T: Takes<Pool>>(other: &T) { let pool = other.take(); pool.close(); } fn main() {}",
    );
    for call in ["node.db().close()", "taken.take().close()", "pool.close()"] {
        assert_eq!(code.callee(call), "main::Pool::close", "{call}");
    }
}

#[test]
fn closures_of_generic_functions_take_what_the_caller_knows() {
    let code = program(
        "trait Tx { fn get(&self) -> u8; } trait Database { type Tx: Tx; fn view<T, F: FnOnce(&Self::Tx) -> T>(&self, f: F) -> T; } \
         trait Types { type Db: Database; } struct Tool<N: Types> { db: N::Db } \
         impl<N: Types> Tool<N> { fn run(&self) { self.db.view(|tx| tx.get()); } } fn main() {}",
    );
    assert_eq!(code.callee("tx.get()"), "trait main::Tx::get");
}

#[test]
fn traits_of_the_workspace_give_types_of_libraries_functions() {
    let code = program(
        "trait Parsed { fn parsed(text: &str) -> Self; } impl Parsed for String { fn parsed(text: &str) -> String { text.into() } } \
         fn main() { let text = String::parsed(\"a\"); text.len(); }",
    );
    assert_eq!(code.callee("String::parsed(\"a\")"), "main::String::parsed");
    assert_eq!(code.callee("text.len()"), "std::string::String::len");
}

#[test]
fn what_is_left_open_at_first_is_learned_where_it_is_assigned() {
    let code = program(
        "struct A; impl A { fn b(&self) {} } fn main() { let mut first = None; first = Some(A); \
         if let Some(a) = first { a.b(); } let none = None::<A>; none.is_none(); }",
    );
    assert_eq!(code.callee("a.b()"), "main::A::b");
    assert_eq!(code.callee("none.is_none()"), "std::option::Option::is_none");
}

#[test]
fn a_match_that_gives_on_what_a_success_holds_asks_for_its_type() {
    let code = program(
        "fn main() { let value: serde_json::Value = match serde_json::from_str(text) { Ok(value) => value, Err(_) => return }; \
         let Ok(other) = serde_json::from_slice::<serde_json::Value>(data) else { return }; other.is_null(); value.is_null(); }",
    );
    assert_eq!(code.ty("serde_json::from_str(text)"), "std::result::Result<serde_json::Value, serde_json::Error>");
    assert_eq!(code.callee("other.is_null()"), "serde_json::Value::is_null");
}

#[test]
fn derives_write_derefs_and_constructors() {
    let code = packages(&[(
        "site",
        TargetKind::Bin,
        "use derive_more::{Constructor, Deref}; \
         struct Inner; impl Inner { fn go(&self) -> u8 { 1 } } \
         #[derive(Clone, Deref, Constructor)] struct Only(Inner); \
         #[derive(derive_more::Deref)] struct Marked { other: u8, #[deref] inner: Inner } \
         #[derive(Deref)] struct Open { other: u8, inner: Inner } \
         #[derive(Clone)] struct Plain(Inner); \
         #[derive(typed_builder::TypedBuilder)] struct Built { inner: Inner } \
         fn main() { let only = Only::new(Inner); only.go(); marked().go(); open().go(); plain().go(); \
         let built = Built::builder().inner(Inner).build(); built; } \
         fn marked() -> Marked { todo!() } fn open() -> Open { todo!() } fn plain() -> Plain { todo!() }",
        &[("derive_more", "derive_more"), ("typed_builder", "typed_builder")],
    )]);
    assert_eq!(code.ty("only"), "Only");
    assert_eq!(code.callee("only.go()"), "site::Inner::go");
    assert_eq!(code.callee("marked().go()"), "site::Inner::go");
    assert_eq!(code.callee("open().go()"), "unknown Method", "nothing says which of the two");
    assert_eq!(code.callee("plain().go()"), "unknown Method");
    assert_eq!(code.ty("built"), "Built");
}

#[test]
fn what_comes_from_a_pool_with_a_manager_of_the_workspace_is_what_that_connects() {
    let code = program(
        "use std::ops::Deref; struct Link; impl Link { fn ask(&self) -> u8 { 1 } } struct Manager; struct Wrapped; \
         impl deadpool::managed::Manager for Manager { type Type = Link; type Error = Error; } \
         impl r2d2::ManageConnection for Wrapped { type Connection = Link; type Error = Error; } \
         impl Deref for Wrapped { type Target = u8; fn deref(&self) -> &u8 { &1 } } \
         fn main() { let link = pool().get().await.unwrap(); link.ask(); let wrapped = shared().get().unwrap(); wrapped.ask(); } \
         fn pool() -> deadpool::managed::Pool<Manager> { todo!() } fn shared() -> r2d2::Pool<Wrapped> { todo!() }",
    );
    assert_eq!(code.callee("link.ask()"), "main::Link::ask");
    assert_eq!(code.callee("wrapped.ask()"), "u8::ask", "what it derefs to is said");
}

#[test]
fn an_enum_that_dispatches_has_the_methods_of_its_traits() {
    let code = packages(&[(
        "site",
        TargetKind::Bin,
        "use enum_dispatch::enum_dispatch; #[enum_dispatch] trait Store { fn get(&self) -> u8; } \
         struct A; impl Store for A { fn get(&self) -> u8 { 1 } } \
         #[enum_dispatch(Store)] enum Any { A(A) } enum Other { A(A) } \
         fn main() { any().get(); other().get(); } fn any() -> Any { todo!() } fn other() -> Other { todo!() }",
        &[("enum_dispatch", "enum_dispatch")],
    )]);
    assert_eq!(code.callee("any().get()"), "trait site::Store::get");
    assert_eq!(code.callee("other().get()"), "unknown Method");
}

#[test]
fn an_associated_type_may_be_that_of_a_parameter_or_of_a_part_of_a_tuple() {
    let code = program(
        "trait Has { type What; fn what(&self) -> &Self::What; } struct Wrapper<T>(T); struct Text; struct Rest; \
         impl<M, R> Has for (M, R) { type What = M; fn what(&self) -> &M { &self.0 } } \
         impl<T: Has> Has for Wrapper<T> { type What = T::What; fn what(&self) -> &Self::What { self.0.what() } } \
         fn main() { let found = Wrapper((Text, Rest)).what(); found; }",
    );
    assert_eq!(code.ty("found"), "&Text");
}

#[test]
fn what_returns_ok_is_a_result_by_whatever_name() {
    let text = "use common::{Outcome, Plain}; type Own<T> = common::Third<T>; struct Pool; \
        fn open() -> Outcome<Pool> { if no() { return Err(error()); } Ok(Pool) } \
        fn alias() -> Own<Pool> { Ok(Pool) } \
        fn other() -> Plain<Pool> { make() } \
        fn main() { open().unwrap(); alias().unwrap(); other().unwrap(); let tried = other()?; tried; }";
    let code = packages(&[("site", TargetKind::Bin, text, &[("common", "common")])]);
    assert_eq!(code.ty("open().unwrap()"), "Pool");
    assert_eq!(code.ty("alias().unwrap()"), "Pool");
    assert_eq!(code.ty("other().unwrap()"), "?", "nothing shows what it is");
    assert_eq!(code.ty("tried"), "Pool", "only what is like a `Result` can be tried");
}

#[test]
fn a_method_of_something_unknown_is_known_by_what_it_is_given() {
    let code = program(
        "use diesel::prelude::*; use diesel::connection::LoadConnection; struct Row; impl Row { fn first(&self, c: &mut PgConnection) -> u8 { 1 } } \
         trait Conn: LoadConnection {} \
         fn sync(c: &mut PgConnection) { users::table.find(1).first(c); Row.first(c); } \
         fn bound(b: &mut impl LoadConnection) { users::table.first(b); } fn own(o: &mut impl Conn) { users::table.load(o); } \
         async fn apart(a: &mut diesel_async::AsyncPgConnection) { diesel::delete(users::table).execute(a).await; } fn main() {}",
    );
    assert_eq!(code.callee("users::table.find(1).first(c)"), "diesel::RunQueryDsl::first");
    assert_eq!(code.callee("users::table.first(b)"), "diesel::RunQueryDsl::first");
    assert_eq!(code.callee("users::table.load(o)"), "diesel::RunQueryDsl::load");
    assert_eq!(
        code.ty("diesel::delete(users::table).execute(a).await"),
        "std::result::Result<usize, diesel::result::Error>"
    );
    assert_eq!(code.callee("Row.first(c)"), "main::Row::first", "what a type of the workspace has itself");
}
