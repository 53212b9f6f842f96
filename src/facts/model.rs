//! Facts of one file as plain data.

pub use super::comments::Suppression;
