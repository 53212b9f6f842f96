//! What the workspace declares, under its names and with its types. Knows nothing of what bodies do.

pub(in crate::index) mod alternatives;
pub mod defs;
pub(in crate::index) mod expansions;
pub mod lifecycle;
pub mod linkage;
pub(in crate::index) mod lookup;
pub(in crate::index) mod modules;
pub(in crate::index) mod names;
pub(in crate::index) mod result_names;
pub mod signatures;
pub mod types;
