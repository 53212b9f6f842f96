//! The files of this repository as a clean clone has them. Knows `.gitignore`, nothing of what the files mean.

use std::fs;
use std::path::Path;

use ignore::WalkBuilder;

/// A text file of the repository.
pub struct File {
    /// Relative to the repository, `/` between components.
    pub path: String,
    pub text: String,
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All text files, without what `.gitignore` names, in the order of their paths.
pub fn files() -> Vec<File> {
    let walk = WalkBuilder::new(root()).hidden(false).filter_entry(|entry| entry.file_name() != ".git").build();
    let paths = walk.map(|entry| entry.unwrap().into_path()).filter(|path| path.is_file());
    let mut files: Vec<File> = paths
        .filter_map(|path| {
            let parts: Vec<&str> =
                path.strip_prefix(root()).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
            Some(File { path: parts.join("/"), text: fs::read_to_string(&path).ok()? })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The text of one file.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
