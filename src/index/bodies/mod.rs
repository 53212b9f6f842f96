//! What is known inside one body: the types of its expressions, whom its calls mean, which expressions name the same. Knows no other body's inside.

pub mod asked;
pub mod infer;
pub mod places;
pub(in crate::index) mod runs;
mod sources;
pub mod view;
