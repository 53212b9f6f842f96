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
