//! From the text of a file to its facts. The only home of syn, quote and proc-macro2; nothing is resolved here.

mod comments;
pub mod depth;
pub mod model;
