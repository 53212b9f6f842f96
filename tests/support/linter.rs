//! Runs the linter as a user does. Knows nothing of what it says.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs `watertight` and reads the JSON it prints.
///
/// # Errors
///
/// What it printed instead.
pub fn run(folder: &Path, arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_watertight")).args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| error.to_string())?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!("{}: {stderr}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("no JSON on stdout: {error}\n{stderr}"))
}
