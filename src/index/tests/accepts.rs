//! Which calls take the next connection.

use super::{Linked, program};

fn takes(code: &Linked, call: &str) -> bool {
    code.index.takes_connection(code.site(call))
}

#[test]
fn a_function_that_takes_a_connection_and_comes_back_takes_it_for_its_caller() {
    let code = program(
        "trait Listen { fn next(&self) -> std::io::Result<std::net::TcpStream>; } struct Port(std::net::TcpListener); \
         impl Listen for Port { fn next(&self) -> std::io::Result<std::net::TcpStream> { let (s, _) = self.0.accept()?; Ok(s) } } \
         fn patient(l: &std::net::TcpListener) -> std::net::TcpStream { loop { if let Ok((s, _)) = l.accept() { return s; } } } \
         fn forever(l: &std::net::TcpListener) { loop { let one = l.accept(); } } \
         fn apart(l: std::net::TcpListener) { std::thread::spawn(move || { let one = l.accept(); }); } \
         fn serve(l: &std::net::TcpListener, p: &Port, d: &dyn Listen) { p.next(); d.next(); patient(l); forever(l); apart(l.try_clone().unwrap()); } \
         fn main() {}",
    );
    assert!(takes(&code, "l.accept()"));
    assert!(takes(&code, "p.next()"));
    assert!(takes(&code, "d.next()"), "through the trait");
    assert!(takes(&code, "patient(l)"));
    assert!(!takes(&code, "forever(l)"), "it never comes back");
    assert!(!takes(&code, "apart(l.try_clone().unwrap())"), "a thread takes it");
}

#[test]
fn a_loop_over_the_connections_that_a_call_gives_goes_on_until_it_is_left() {
    let code = program(
        "fn each(l: &std::net::TcpListener) { for one in l.incoming() { println!(\"{one:?}\"); } } \
         fn named(m: &std::net::TcpListener) { let all = m.incoming(); for one in all { println!(\"{one:?}\"); } } \
         fn next(n: &std::net::TcpListener) { let mut all = n.incoming(); while let Some(one) = all.next() { println!(\"{one:?}\"); } } \
         fn some(o: &std::net::TcpListener) { for one in o.incoming().take(3) { println!(\"{one:?}\"); } } \
         fn first(p: &std::net::TcpListener) { for one in p.incoming() { if one.is_ok() { return; } } } \
         fn main() {}",
    );
    let lasts = |call: &str| code.index.accept_loop(code.site(call)).is_some();
    assert!(lasts("l.incoming()"));
    assert!(lasts("m.incoming()"), "by name");
    assert!(lasts("n.incoming()"), "one after the other");
    assert!(!lasts("o.incoming()"), "only a few of them");
    assert!(!lasts("p.incoming()"), "it is left with a success");
}
