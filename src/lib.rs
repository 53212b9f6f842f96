//! Watertight: finds what leaks, runs dry, fails silently or dies half-written in Rust services.
//!
//! A straight staircase: source → facts → index → rules → report → render; `driver` is the picture, `docs/architecture.md` the map.
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod cli;
pub mod config;
pub mod deploy;
pub mod diagnostic;
pub mod driver;
pub mod facts;
pub mod index;
pub mod render;
pub mod report;
pub mod rules;
pub mod source;
pub mod suppression;
pub mod words;
pub mod workspace;
