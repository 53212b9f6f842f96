//! `cargo watertight`.
fn main() {}
