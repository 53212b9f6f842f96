//! Suppression comments (placeholder until merged).
use serde::{Deserialize, Serialize};
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Suppression;
