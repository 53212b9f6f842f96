//! The same bytes give the same output, however many threads share the work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is printed of a folder with so many threads.
fn printed(folder: &Path, threads: &str) -> String {
    let arguments =
        ["check", ".", "--format", "json", "--min-confidence", "hint", "--include-tests", "--threads", threads];
    let output = Command::new(env!("CARGO_BIN_EXE_watertight")).args(arguments).current_dir(folder).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders: Vec<PathBuf> = fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path()).collect();
    for folder in folders.iter().filter(|folder| folder.join("Cargo.toml").exists()) {
        let alone = printed(folder, "1");
        assert!(alone.contains("\"schema_version\""), "{}: {alone}", folder.display());
        for threads in ["2", "4"] {
            assert!(printed(folder, threads) == alone, "{}: {threads} threads say something else", folder.display());
        }
    }
}
