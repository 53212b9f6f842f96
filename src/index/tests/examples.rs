//! The examples of the embedded catalogue: the index sees in them what their entries say.

use std::collections::BTreeMap;
use std::fmt;

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use super::{Linked, program_using};
use crate::catalogue::Libraries;
use crate::catalogue::tests::{Entry, Shown, shown};
use crate::index::declared::defs::FnId;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Resource { path, .. } => write!(f, "the resource `{path}`"),
            Entry::Server(serve) => write!(f, "the server `{}`", serve[0]),
            Entry::Signal(path) => write!(f, "the signal `{path}`"),
        }
    }
}

impl Shown {
    /// The libraries in the newest versions that the entry is true of.
    fn libraries(&self) -> Libraries {
        let path = match &self.entry {
            Entry::Resource { path, .. } | Entry::Signal(path) => *path,
            Entry::Server(serve) => serve[0],
        };
        let mut libraries = Libraries::default();
        if let Some(versions) = &self.versions {
            let library = path.split("::").next().expect("a path");
            libraries.add(library.into(), Some(&versions.newest().to_string()), None);
        }
        libraries.or_any()
    }
}

/// A function for each example, in one program.
fn program_of(examples: &[&Shown]) -> Linked {
    let function = |(at, shown): (usize, &&Shown)| {
        let code = shown.example.as_deref().expect("chosen by it");
        format!("async fn example_{at}() -> Result<(), Box<dyn std::error::Error>> {{\n{code}\nOk(())\n}}\n")
    };
    let functions: String = examples.iter().enumerate().map(function).collect();
    program_using(examples[0].libraries(), &format!("{functions}fn main() {{}}\n"))
}

/// What the index sees in a program, with the functions it stands in.
struct Seen {
    made: HashSet<(FnId, Ustr)>,
    ended: HashSet<(FnId, Ustr)>,
    mentioned: HashSet<(FnId, Ustr)>,
}

impl Seen {
    fn of(code: &Linked) -> Self {
        let index = &code.index;
        let within = |site: super::Site| index.function_of(site.body);
        let made = index.constructions(|_| true).filter_map(|it| Some((within(it.site)?, it.resource)));
        // What drives another comes with it, from the constructor of that.
        let given = index.bodies().flat_map(|(body, _, info)| {
            let sites = info.callees.keys().map(move |node| super::Site { body, node: *node });
            sites.flat_map(|site| index.owned_resources(index.ty(site)).into_iter().map(move |owned| (site, owned)))
        });
        let is_driver = |path: Ustr| index.kind(path).is_some_and(|kind| kind == "driver");
        let given = given.filter(|(_, owned)| is_driver(*owned));
        let made = made.chain(given.filter_map(|(site, owned)| Some((within(site)?, owned))));
        let ended = index.releases().filter_map(|it| Some((within(it.site)?, index.callable(it.site)?.closes?)));
        let mentioned = index.bodies().flat_map(|(body, _, info)| {
            let function = index.function_of(body);
            let called = info.callees.keys().filter_map(move |node| index.external(super::Site { body, node: *node }));
            called.chain(info.externals.values().copied()).filter_map(move |path| Some((function?, path)))
        });
        Seen { made: made.collect(), ended: ended.collect(), mentioned: mentioned.collect() }
    }

    /// What an entry says and the index does not see in its example.
    fn missing(&self, entry: &Entry, example: FnId) -> Option<&'static str> {
        let mentioned = |path: &Ustr| self.mentioned.contains(&(example, *path));
        match entry {
            Entry::Resource { path, .. } if !self.made.contains(&(example, *path)) => Some("is not made"),
            Entry::Resource { path, ends: true } if !self.ended.contains(&(example, *path)) => Some("is not ended"),
            Entry::Server(serve) if !serve.iter().any(mentioned) => Some("does not serve"),
            Entry::Signal(path) if !mentioned(path) => Some("is not listened to"),
            _ => None,
        }
    }
}

#[test]
fn every_example_is_seen() {
    let all = shown();
    let mut programs: BTreeMap<String, Vec<&Shown>> = BTreeMap::new();
    for shown in all.iter().filter(|shown| shown.example.is_some()) {
        programs.entry(format!("{:?}", shown.libraries())).or_default().push(shown);
    }
    let mut problems = Vec::new();
    for examples in programs.values() {
        let code = program_of(examples);
        let seen = Seen::of(&code);
        for (at, shown) in examples.iter().enumerate() {
            let missing = seen.missing(&shown.entry, code.function(&format!("example_{at}")));
            problems.extend(missing.map(|what| format!("{}: {} {what} in its example", shown.file, shown.entry)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_entry_has_an_example() {
    let bare = shown().into_iter().filter(|it| it.example.is_none());
    let problems: Vec<String> = bare.map(|it| format!("{}: {} has no example", it.file, it.entry)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
