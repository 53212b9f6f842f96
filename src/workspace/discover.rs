//! From path arguments to everything there is to analyse. The plot: arguments → roots → packages → files → texts.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Workspace;
use super::assemble::assemble;
use super::read::unreadable;
use super::survey::Survey;

/// A path argument that does not exist or cannot be read.
#[derive(Debug, miette::Diagnostic)]
#[diagnostic(help(
    "give folders or files that exist; without arguments the workspace around the current folder is linted"
))]
pub struct DiscoverError {
    /// The argument as given.
    pub path: PathBuf,
    cause: io::Error,
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), unreadable(&self.cause))
    }
}

impl Error for DiscoverError {}

/// Finds and reads everything around `paths` (relative ones start at `current`), or around `current` if there are none.
///
/// Arguments choose what is reported, so each leads to the whole workspace around it, and a folder to all that lie below it, too.
///
/// # Errors
///
/// Only if an argument does not exist or cannot be read at all. Whatever else goes wrong is one of [`Workspace::problems`].
pub fn discover(paths: &[PathBuf], current: &Path) -> Result<Workspace, DiscoverError> {
    let current = argument(current, current)?;
    let selection = paths.iter().map(|path| argument(&current, path)).collect::<Result<Vec<_>, _>>()?;
    let mut survey = Survey::default();
    survey.find_roots(&selection, &current);
    survey.find_packages();
    survey.find_files(&selection);
    Ok(assemble(&survey, selection, &current))
}

/// The absolute path behind an argument, symbolic links resolved.
fn argument(current: &Path, path: &Path) -> Result<PathBuf, DiscoverError> {
    let real = fs::canonicalize(current.join(path)).and_then(|real| open(&real).map(|()| real));
    real.map_err(|cause| DiscoverError { path: path.to_path_buf(), cause })
}

/// Tries whether the file or folder can be read. A pipe or device is never opened: that could wait forever.
fn open(path: &Path) -> io::Result<()> {
    match fs::metadata(path)? {
        kind if kind.is_dir() => fs::read_dir(path).map(drop),
        kind if kind.is_file() => fs::File::open(path).map(drop),
        _ => Err(io::Error::other("neither a file nor a folder")),
    }
}
