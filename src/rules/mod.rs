//! What each rule says (`page`) and how it decides. Pure: no I/O, no syn, no level of its own.

pub mod page;
