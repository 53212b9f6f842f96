//! All facts linked into one index that answers questions about the whole workspace, each with its evidence, any of them with *unknown*.

pub mod defs;
pub mod infer;
mod modules;
mod names;
pub mod types;

pub struct Index;
