//! What bodies become: nodes in evaluation order, regions, locals, macros.

use super::dump::dump;
use super::facts;

/// The record of the first function among `items`.
fn body_of(items: &str) -> String {
    let facts = facts(items);
    let body = facts.functions.iter().find_map(|function| function.body).expect("there is a body");
    dump(&facts.bodies[body.index()])
}

/// Asserts the record of the statements of a function whose parameters are `a` and `b`.
fn check(statements: &str, record: &str) {
    let text = body_of(&format!("async fn f(a: A, b: B) {{ {statements} }}"));
    let text = text.strip_prefix("parameters a#0, b#1\n").expect("there are two parameters");
    assert_eq!(text.trim_end(), record.trim(), "{statements}");
}

#[test]
fn a_chain_is_a_node_per_call() {
    check(
        "let c = Client::builder().timeout(a.b)?.build().await;",
        r#"
0 path Client::builder
1 call 0()
2 a#0
3 field 2.b
4 method 1.timeout(3)
5 try 4
6 method 5.build()
7 await 6
8 bind c#2 = 7
"#,
    );
}

#[test]
fn operands_come_before_their_users() {
    check(
        "a.m(x, &mut b)[c(1)];",
        r#"
0 a#0
1 path x
2 b#1
3 &mut 2
4 method 0.m(1, 3)
5 path c
6 1
7 call 5(6)
8 index 4[7]
9 discard 8
"#,
    );
    check(
        "A { a, b: c, ..d };",
        r#"
0 a#0
1 path c
2 path d
3 struct A { a: 0, b: 1, ..2 }
4 discard 3
"#,
    );
    check(
        "A::B { 0: a };",
        r#"
0 a#0
1 struct A::B { 0: 0 }
2 discard 1
"#,
    );
}

#[test]
fn the_value_of_an_assignment_comes_first() {
    check(
        "a[0] = b();",
        r#"
0 b#1
1 call 0()
2 a#0
3 0
4 index 2[3]
5 assign 4 = 1
"#,
    );
    check(
        "a += b();",
        r#"
0 a#0
1 b#1
2 call 1()
3 binary 0, 2
4 assign 0 = 3
"#,
    );
    check(
        "(_, b) = a;",
        r#"
0 a#0
1 unseen
2 b#1
3 tuple (1, 2)
4 assign 3 = 0
"#,
    );
}

#[test]
fn every_kind_of_expression_is_a_node() {
    check(
        "a as u8; -a; !a; *a;",
        r#"
0 a#0
1 0 as u8
2 discard 1
3 a#0
4 unary 3
5 discard 4
6 a#0
7 unary 6
8 discard 7
9 a#0
10 *9
11 discard 10
"#,
    );
    check(
        "&a; &mut a; &raw const a; &raw mut a;",
        r#"
0 a#0
1 &0
2 discard 1
3 a#0
4 &mut 3
5 discard 4
6 a#0
7 &6
8 discard 7
9 a#0
10 &mut 9
11 discard 10
"#,
    );
    check(
        "(a, b); [a, b]; [a; 2];",
        r#"
0 a#0
1 b#1
2 tuple (0, 1)
3 discard 2
4 a#0
5 b#1
6 array [4, 5]
7 discard 6
8 a#0
9 array [8]
10 discard 9
"#,
    );
    check(
        "a..b; ..=b; a..; ..;",
        r#"
0 a#0
1 b#1
2 range 0, 1
3 discard 2
4 b#1
5 range 4
6 discard 5
7 a#0
8 range 7
9 discard 8
10 range
11 discard 10
"#,
    );
    check(
        "a && b; a.0.1; a?; a()(); (a.f)(b); a[b];",
        r#"
0 a#0
1 b#1
2 binary 0, 1
3 discard 2
4 a#0
5 field 4.0
6 field 5.1
7 discard 6
8 a#0
9 try 8
10 discard 9
11 a#0
12 call 11()
13 call 12()
14 discard 13
15 a#0
16 field 15.f
17 b#1
18 call 16(17)
19 discard 18
20 a#0
21 b#1
22 index 20[21]
23 discard 22
"#,
    );
    check(
        "unsafe { a }; const { 1 }; try { a? }; 'l: { break 'l a };",
        r#"
1 block
  block
    0 a#0
    = 0
2 discard 1
4 block
  block
    3 1
    = 3
5 discard 4
8 block
  block
    6 a#0
    7 try 6
    = 7
9 discard 8
12 block
  block
    10 a#0
    11 break 10
    = 11
13 discard 12
"#,
    );
    check(
        "return; return a;",
        r#"
0 return
1 a#0
2 return 1
"#,
    );
    check(
        "loop { continue; }",
        r#"
1 loop
  loop
    0 continue
= 1
"#,
    );
    check(
        "<A as B<C>>::new::<D>(); ::x::y();",
        r#"
0 path <A as 1>B<C>::new<D>
1 call 0()
2 discard 1
3 path ::x::y
4 call 3()
5 discard 4
"#,
    );
}

#[test]
fn literals_keep_what_a_rule_can_use() {
    check(
        r#""x\n"; r"\"; true; 1_000; 0xffu8;"#,
        r#"
0 "x\n"
1 discard 0
2 "\\"
3 discard 2
4 true
5 discard 4
6 1000
7 discard 6
8 255u8
9 discard 8
"#,
    );
    check(
        r#"b"x"; c"x"; 'x'; 1.5f32;"#,
        r#"
0 bytes
1 discard 0
2 literal
3 discard 2
4 character
5 discard 4
6 fraction f32
7 discard 6
"#,
    );
}

#[test]
fn blocks_are_regions_with_a_value() {
    check(
        "{ let x = a; x }",
        r#"
3 block
  block
    0 a#0
    1 bind x#2 = 0
    2 x#2
    = 2
= 3
"#,
    );
    check(
        "{ a; }",
        r#"
2 block
  block
    0 a#0
    1 discard 0
= 2
"#,
    );
    check(
        "async move { a.await? }",
        r#"
3 async
  async
    0 a#0
    1 await 0
    2 try 1
    = 2
= 3
"#,
    );
}

#[test]
fn shadowing_gives_a_new_local_after_the_initialiser() {
    check(
        "let x = a; let x = x + 1; { let x = x; x }; x",
        r#"
0 a#0
1 bind x#2 = 0
2 x#2
3 1
4 binary 2, 3
5 bind x#3 = 4
9 block
  block
    6 x#3
    7 bind x#4 = 6
    8 x#4
    = 8
10 discard 9
11 x#3
= 11
"#,
    );
}

#[test]
fn a_binding_without_value_is_assigned_later() {
    check(
        "let y: B; y = a;",
        r#"
0 bind y#2: B
1 a#0
2 y#2
3 assign 2 = 1
"#,
    );
}

#[test]
fn patterns_bind_what_they_name() {
    check(
        "let (c, Some(d), [e, .., f], &g, &mut h): T = a;",
        r#"
0 a#0
1 bind (c#2, Some(d#3), [e#4, .., f#5], &g#6, &h#7): T = 0
"#,
    );
    check(
        "let A { i, j: k, .. } = a;",
        r#"
0 a#0
1 bind A { i: i#2, j: k#3 } = 0
"#,
    );
    check(
        "let l @ m = a;",
        r#"
0 a#0
1 bind l#2 @ m#3 = 0
"#,
    );
    check(
        "let (n) = a;",
        r#"
0 a#0
1 bind n#2 = 0
"#,
    );
    check(
        "let MAX = a;",
        r#"
0 a#0
1 bind MAX = 0
"#,
    );
}

#[test]
fn names_of_if_let_are_known_in_its_branch_alone() {
    check(
        "if let Some(x) = a && let Ok(y) = x { x; y } else { x }; y",
        r#"
0 a#0
1 let Some(x#2) = 0
2 x#2
3 let Ok(y#3) = 2
4 binary 1, 3
9 if 4
  then: branch
    5 x#2
    6 discard 5
    7 y#3
    = 7
  else: branch
    8 path x
    = 8
10 discard 9
11 path y
= 11
"#,
    );
}

#[test]
fn names_of_while_let_are_known_in_its_body() {
    check(
        "while let Some(x) = a.next() { x } x",
        r#"
4 while
  loop
    0 a#0
    1 method 0.next()
    2 let Some(x#2) = 1
    3 x#2
    = 3
5 path x
= 5
"#,
    );
}

#[test]
fn names_of_for_are_known_in_its_body() {
    check(
        "for (i, x) in a.iter() { x } i",
        r#"
0 a#0
1 method 0.iter()
3 for (i#2, x#3) in 1
  loop
    2 x#3
    = 2
4 path i
= 4
"#,
    );
}

#[test]
fn let_else_does_not_know_its_names() {
    check(
        "let Some(x) = a else { return x }; x",
        r#"
0 a#0
3 bind Some(x#2) = 0 else
  branch
    1 path x
    2 return 1
    = 2
4 x#2
= 4
"#,
    );
}

#[test]
fn alternatives_share_their_locals() {
    check(
        "match a { Some(x) | Other { x, .. } => x }",
        r#"
0 a#0
2 match 0
  Some(x#2) | Other { x: x#2 }: arm
    1 x#2
    = 1
= 2
"#,
    );
    check(
        "if let (Some(x), y) | (y, Ok(x)) = a { x; y }",
        r#"
0 a#0
1 let (Some(x#2), y#3) | (y#3, Ok(x#2)) = 0
5 if 1
  then: branch
    2 x#2
    3 discard 2
    4 y#3
    = 4
= 5
"#,
    );
}

#[test]
fn guards_stand_in_their_arm() {
    check(
        "match a { Some(x) if x > 0 => x, Some(x) if let Some(y) = b => y, _ => x }",
        r#"
0 a#0
9 match 0
  Some(x#2) if: arm
    1 x#2
    2 0
    3 binary 1, 2
    4 x#2
    = 4
  Some(x#3) if: arm
    5 b#1
    6 let Some(y#4) = 5
    7 y#4
    = 7
  _: arm
    8 path x
    = 8
= 9
"#,
    );
}

#[test]
fn arms_end_with_their_value() {
    check(
        "match a { A | A::B => 1, ref x @ [first, .., rest @ ..] => { first; rest } }",
        r#"
0 a#0
5 match 0
  A | A::B: arm
    1 1
    = 1
  x#2 @ [first#3, .., rest#4 @ ..]: arm
    2 first#3
    3 discard 2
    4 rest#4
    = 4
= 5
"#,
    );
}

#[test]
fn else_if_is_nested() {
    check(
        "if a { 1 } else if b { 2 } else { 3 }",
        r#"
0 a#0
6 if 0
  then: branch
    1 1
    = 1
  else: branch
    2 b#1
    5 if 2
      then: branch
        3 2
        = 3
      else: branch
        4 3
        = 4
    = 5
= 6
"#,
    );
}

#[test]
fn a_loop_breaks_with_a_value() {
    check(
        "let y = loop { break 1; };",
        r#"
2 loop
  loop
    0 1
    1 break 0
3 bind y#2 = 2
"#,
    );
}

#[test]
fn parameters_of_closures_are_locals_of_their_region() {
    check(
        "let f = move |x: u8, (y, z), A { w, .. }| -> u8 { x + a }; f(x)",
        r#"
3 closure |x#2, (y#3, z#4), A { w: w#5 }| (u8, _, _) -> u8
  closure
    0 x#2
    1 a#0
    2 binary 0, 1
    = 2
4 bind f#6 = 3
5 f#6
6 path x
7 call 5(6)
= 7
"#,
    );
    check(
        "|x| |y| x + y",
        r#"
4 closure |x#2| (_)
  closure
    3 closure |y#3| (_)
      closure
        0 x#2
        1 y#3
        2 binary 0, 1
        = 2
    = 3
= 4
"#,
    );
    check(
        "async |x| x.await",
        r#"
2 async closure |x#2| (_)
  closure
    0 x#2
    1 await 0
    = 1
= 2
"#,
    );
}

#[test]
fn items_in_blocks_open_a_scope() {
    check(
        "fn inner() { a } struct S; inner(); { use x::y; y() }",
        r#"
0 path inner
1 call 0()
2 discard 1
5 block
  block scope 2
    3 path y
    4 call 3()
    = 4
= 5
"#,
    );
}

#[test]
fn select_makes_its_futures_before_any_arm() {
    check(
        "tokio::select! { biased; Some(x) = a.recv(), if b.ready() => x, _ = sleep(1) => { return; } y = &mut b => y, else => break }",
        r#"
0 b#1
1 method 0.ready()
2 a#0
3 method 2.recv()
4 path sleep
5 1
6 call 4(5)
7 b#1
8 &mut 7
13 select
  Some(x#2) = 3: arm
    9 x#2
    = 9
  _ = 6: arm
    10 return
  y#3 = 8: arm
    11 y#3
    = 11
  else: arm
    12 break
    = 12
= 13
"#,
    );
    check(
        "futures::select! { x = a => x, default => {} }",
        r#"
0 a#0
2 select
  x#2 = 0: arm
    1 x#2
    = 1
  else: arm
= 2
"#,
    );
}

#[test]
fn joins_evaluate_their_arguments() {
    check(
        "join!(a, b.c());",
        r#"
0 a#0
1 b#1
2 method 1.c()
3 macro join!(0, 2)
4 discard 3
"#,
    );
    check(
        "tokio::try_join!(biased; a(), b)?;",
        r#"
0 a#0
1 call 0()
2 b#1
3 macro tokio::try_join!(1, 2)
4 try 3
5 discard 4
"#,
    );
}

#[test]
fn log_macros_may_name_and_mark_their_arguments() {
    check(
        r#"info!(target: "x", field = %a.value, ?b, other.name = 1, "fmt {a} {b:?}", c);"#,
        r#"
0 "x"
1 a#0
2 field 1.value
3 b#1
4 1
5 "fmt {a} {b:?}"
6 path c
7 macro info!(0, 2, 3, 4, 5, 6) mentions a#0, b#1
8 discard 7
"#,
    );
    check(
        r#"slog_info!(a, "x"; "k" => b, "l" => %c);"#,
        r#"
0 a#0
1 "x"
2 "k"
3 b#1
4 "l"
5 path c
6 macro slog_info!(0, 1, 2, 3, 4, 5) unseen
7 discard 6
"#,
    );
}

#[test]
fn format_strings_capture_locals() {
    check(
        r#"println!("{a} {b:?}");"#,
        r#"
0 "{a} {b:?}"
1 macro println!(0) mentions a#0, b#1
2 discard 1
"#,
    );
    check(
        r#"println!("{:a$.b$}", 1);"#,
        r#"
0 "{:a$.b$}"
1 1
2 macro println!(0, 1) mentions a#0, b#1
3 discard 2
"#,
    );
    check(
        r#"println!("{{a}} {0} {}", b);"#,
        r#"
0 "{{a}} {0} {}"
1 b#1
2 macro println!(0, 1)
3 discard 2
"#,
    );
}

#[test]
fn macros_that_read_like_calls_are_read() {
    check(
        r#"assert!(matches!(a, Some(x) if x > 0), "no {b}");"#,
        r#"
0 a#0
1 macro matches!(0)
2 "no {b}"
3 macro assert!(1, 2) mentions b#1
4 discard 3
"#,
    );
    check(
        "vec![a; 3]; vec![a, b,];",
        r#"
0 a#0
1 3
2 macro vec!(0, 1)
3 discard 2
4 a#0
5 b#1
6 macro vec!(4, 5)
7 discard 6
"#,
    );
    check(
        r#"write!(a, "{}", b)?;"#,
        r#"
0 a#0
1 "{}"
2 b#1
3 macro write!(0, 1, 2)
4 try 3
5 discard 4
"#,
    );
}

#[test]
fn macros_that_are_not_known_mention_locals() {
    check(
        r#"json!({ "k": a, "l": [b] });"#,
        r#"
0 macro json!() mentions a#0, b#1 unseen
1 discard 0
"#,
    );
    check(
        "unknown!(a, b);",
        r#"
0 a#0
1 b#1
2 macro unknown!(0, 1) unseen
3 discard 2
"#,
    );
    check(
        "crossbeam::select! { recv(a) -> msg => msg }",
        r#"
0 macro crossbeam::select!() mentions a#0 unseen
= 0
"#,
    );
}

#[test]
fn macros_with_statements_are_looked_into() {
    check(
        "pin! { let x = a; } x",
        r#"
0 a#0
1 bind x#2 = 0
2 macro pin!()
3 x#2
= 3
"#,
    );
    check(
        "defer! { a.close(); }",
        r#"
3 closure || ()
  closure
    0 a#0
    1 method 0.close()
    2 discard 1
4 macro defer!(3)
= 4
"#,
    );
    check(
        "stream! { yield a; }",
        r#"
3 async
  async
    0 a#0
    1 macro yield!(0) unseen
    2 discard 1
4 macro stream!(3)
= 4
"#,
    );
    check(
        "cfg_if! { if #[cfg(x)] { a } else { b } }",
        r#"
1 block
  block
    0 a#0
    = 0
3 block
  block
    2 b#1
    = 2
4 macro cfg_if!()
= 4
"#,
    );
    check(
        "cfg_if! { if #[cfg(x)] { let y = a; let y = f(y); } else { let y = b; } } y",
        r#"
6 block
  block
    0 a#0
    1 bind y#2 = 0
    2 path f
    3 y#2
    4 call 2(3)
    5 bind y#3 = 4
9 block
  block
    7 b#1
    8 bind y#3 = 7
10 macro cfg_if!()
11 y#3
= 11
"#,
    );
}

#[test]
fn lone_semicolons_are_nothing() {
    check(";;", "");
}

#[test]
fn parameters_are_locals_of_the_body() {
    let record =
        body_of("impl S { fn f(&self, mut x: u8, (y, _): (A, B), Some(A { z, .. }): C) { self.x; x; y; z; } }");
    let expected = "parameters x#1, (y#2, _), Some(A { z: z#3 })\n0 self#0\n1 field 0.x\n2 discard 1\n3 x#1\n4 discard 3\n5 y#2\n6 discard 5\n7 z#3\n8 discard 7\n";
    assert_eq!(record, expected);
}

#[test]
fn functions_in_functions_know_no_locals_of_theirs() {
    let facts = facts("fn f(a: A) { fn g() { a } }");
    let inner = facts.functions[1].body.expect("it has a body");
    assert_eq!(dump(&facts.bodies[inner.index()]), "0 path a\n= 0\n");
}
