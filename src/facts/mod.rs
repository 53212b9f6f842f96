//! From the text of a file to its facts. The only home of syn, quote and proc-macro2; nothing is resolved here.

mod body;
pub mod comments;
pub mod depth;
mod editions;
mod expand;
mod extents;
mod items;
mod macro_rules;
mod macros;
pub mod model;
mod names;
mod offsets;
mod parse;
mod paths;

pub use expand::{Home, MacroText, Macros, declared};
pub use parse::{Unreadable, extract, extract_within};

#[cfg(test)]
mod tests;
