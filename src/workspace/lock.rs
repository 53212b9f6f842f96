//! `Cargo.lock`: which version of a dependency is in use. Knows no manifest and resolves nothing itself.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::read::{Note, read_text};

/// The locked packages by name.
#[derive(Default)]
pub(super) struct Lock {
    packages: HashMap<String, Vec<Locked>>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// `name`, or `name version` where several versions are locked.
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// The lock file in `dir`; empty if there is none.
    pub fn read(dir: &Path) -> (Self, Option<Note>) {
        let path = dir.join("Cargo.lock");
        if !path.exists() {
            return (Lock::default(), None);
        }
        let parsed = read_text(&path).and_then(|text| {
            toml::from_str::<File>(&text).map_err(|error| format!("cannot be understood: {}", error.message()))
        });
        match parsed {
            Ok(file) => (Lock::new(file.package), None),
            Err(message) => (Lock::default(), Some(Note::new(&path, message, "the versions in use are unknown"))),
        }
    }

    fn new(locked: Vec<Locked>) -> Self {
        let mut packages: HashMap<String, Vec<Locked>> = HashMap::new();
        for package in locked {
            packages.entry(package.name.clone()).or_default().push(package);
        }
        Lock { packages }
    }

    /// The version of `dependency` that the package `of` uses; none unless there is exactly one that fits.
    pub fn version(&self, of: &str, dependency: &str, requirement: Option<&str>) -> Option<&str> {
        let locked = self.packages.get(dependency)?;
        let used = self.packages.get(of).map_or(&[][..], Vec::as_slice);
        let used_by_it = |version: &str| {
            let entry = format!("{dependency} {version}");
            used.iter()
                .flat_map(|package| &package.dependencies)
                .any(|name| *name == entry || name.starts_with(&format!("{entry} ")))
        };
        let all: Vec<&str> = locked.iter().map(|package| package.version.as_str()).collect();
        only(&all).or_else(|| {
            let used: Vec<&str> = all.iter().copied().filter(|version| used_by_it(version)).collect();
            only(&used).or_else(|| {
                let wanted = series(requirement?);
                let fitting: Vec<&str> = used.into_iter().filter(|version| series(version) == wanted).collect();
                only(&fitting)
            })
        })
    }
}

fn only<'v>(versions: &[&'v str]) -> Option<&'v str> {
    match versions {
        [version] => Some(version),
        _ => None,
    }
}

/// The part of a version or plain requirement that compatible versions share: up to the first number that is not zero.
fn series(version: &str) -> Vec<&str> {
    let numbers: Vec<&str> = version.trim_start_matches(['^', '=', '~', ' ']).split(['.', '-', '+']).collect();
    let significant = numbers.iter().position(|number| *number != "0").map_or(numbers.len(), |at| at + 1);
    numbers[..significant].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(text: &str) -> Lock {
        Lock::new(toml::from_str::<File>(text).expect("a lock file").package)
    }

    #[test]
    fn the_only_version_is_the_one_in_use() {
        let lock = lock("[[package]]\nname = \"tokio\"\nversion = \"1.40.0\"\n");
        assert_eq!(lock.version("app", "tokio", Some("1")), Some("1.40.0"));
        assert_eq!(lock.version("app", "hyper", Some("1")), None);
    }

    #[test]
    fn of_several_versions_the_one_the_package_lists_counts() {
        let lock = lock(
            "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"hyper 1.4.0\"]\n\
             [[package]]\nname = \"old\"\nversion = \"0.1.0\"\ndependencies = [\"hyper 0.14.30\", \"hyper 1.4.0\"]\n\
             [[package]]\nname = \"hyper\"\nversion = \"0.14.30\"\n[[package]]\nname = \"hyper\"\nversion = \"1.4.0\"\n",
        );
        assert_eq!(lock.version("app", "hyper", Some("1")), Some("1.4.0"));
        assert_eq!(lock.version("old", "hyper", Some("0.14.2")), Some("0.14.30"));
        assert_eq!(lock.version("old", "hyper", Some(">=0.14, <2")), None);
        assert_eq!(lock.version("old", "hyper", None), None);
    }

    #[test]
    fn compatible_versions_share_a_series() {
        assert_eq!(series("1.2.3"), ["1"]);
        assert_eq!(series("^0.12.1"), ["0", "12"]);
        assert_eq!(series("0.0.3-rc.1"), ["0", "0", "3"]);
    }
}
