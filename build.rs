//! Lists `rules/resources/*.toml` so that a new catalogue file is embedded without a registry to edit.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("rules/resources");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("rules/resources is part of the package")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut text = String::from("const CATALOGUE_FILES: &[(&str, &str)] = &[\n");
    for path in files {
        let name = path.file_name().expect("a file").to_string_lossy();
        writeln!(text, "    ({name:?}, include_str!({:?})),", path.display().to_string()).expect("writing to a string");
    }
    text.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("catalogue_files.rs"), text)
        .expect("OUT_DIR is writable");
}
