//! What a file says, as plain data that depends on its bytes alone. Nothing is resolved here.

pub mod comments;
pub mod model;
