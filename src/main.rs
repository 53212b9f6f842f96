//! `watertight`.
fn main() {}
