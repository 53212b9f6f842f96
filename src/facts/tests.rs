//! Tests of extraction: what the facts of small texts are.

mod bodies;
mod dump;
mod items;
mod places;

use super::model::FileFacts;

/// The facts of a text that is Rust.
fn facts(text: &str) -> FileFacts {
    super::extract(text).unwrap_or_else(|error| panic!("{}: {text}", error.message))
}
