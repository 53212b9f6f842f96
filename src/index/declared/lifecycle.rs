//! What libraries' interfaces the sources name as they are written, before aliases of the catalogue make old and new the same, and which toolchain builds
//! them.

use ustr::{Ustr, ustr};

use crate::facts::model::{FileFacts, Op, ScopeId, StaticKind};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::source::{FileId, Span};

/// A mention of something of a library.
#[derive(Debug, Clone, Copy)]
pub struct Mention {
    /// By the library's real name.
    pub path: Ustr,
    pub span: Span,
    pub krate: CrateId,
    /// It is written out as a path; otherwise it is a method, known by the type of its receiver.
    pub is_written: bool,
}

impl Index {
    /// All mentions of libraries, in imports, paths and calls of methods, in the order of files; test code aside.
    pub fn mentions(&self) -> Vec<Mention> {
        let files = (0..self.defs().facts.len()).map(|at| FileId(at as u32));
        let known = files.filter_map(|file| Some((file, self.defs().file(file)?, self.crate_of_file(file)?)));
        let mut mentions: Vec<Mention> =
            known.flat_map(|(file, facts, krate)| self.declared_mentions(file, facts, krate)).collect();
        for (body, facts, _) in self.bodies() {
            let krate = self.crate_of(body);
            for (node, fact) in facts.iter() {
                let site = Site { body, node };
                let path = match &fact.op {
                    Op::Path(path) => self.library_path(krate, &path.names().collect::<Vec<_>>()),
                    Op::Method { .. } => self.external(site),
                    _ => None,
                };
                let is_written = matches!(fact.op, Op::Path(_));
                mentions.extend(path.map(|path| Mention { path, span: self.name_span(site), krate, is_written }));
            }
        }
        mentions.retain(|mention| !self.is_test_code(mention.span));
        mentions.sort_by_key(|mention| mention.span);
        mentions
    }

    fn crate_of_file(&self, file: FileId) -> Option<CrateId> {
        let module = self.outline.tree.of_scope.get(&(file, ScopeId(0)))?;
        Some(self.outline.tree.get(*module).krate)
    }

    /// Whether a module is compiled for tests only.
    fn is_test_scope(&self, file: FileId, scope: ScopeId) -> bool {
        self.outline.tree.of_scope.get(&(file, scope)).is_some_and(|module| self.outline.tree.get(*module).test)
    }

    /// Imports, and statics that a macro declares.
    fn declared_mentions(&self, file: FileId, facts: &FileFacts, krate: CrateId) -> Vec<Mention> {
        let shipped = facts.uses.iter().filter(|import| !self.is_test_scope(file, import.scope));
        let imports = shipped.filter_map(|import| {
            let path = self.library_path(krate, &import.path)?;
            Some(Mention { path, span: import.range.in_file(file), krate, is_written: true })
        });
        let statics = facts.statics.iter().filter(|item| item.kind == StaticKind::LazyStatic).map(|item| Mention {
            path: ustr("lazy_static::lazy_static"),
            span: item.name_range.in_file(file),
            krate,
            is_written: true,
        });
        imports.chain(statics).collect()
    }

    /// A path that begins with the name of a dependency, with the dependency's real name.
    fn library_path(&self, krate: CrateId, names: &[Ustr]) -> Option<Ustr> {
        let (first, rest) = names.split_first()?;
        let Extern::Library(library) = self.crates()[krate.index()].externs.get(first)? else { return None };
        let parts = std::iter::once(*library).chain(rest.iter().copied()).map(|name| name.as_str());
        Some(ustr(&parts.collect::<Vec<_>>().join("::")))
    }

    /// Whether a crate of the workspace uses the library of a path with this feature: Cargo builds it once for all of them.
    pub fn uses_feature(&self, path: Ustr, feature: Ustr) -> bool {
        let library = ustr(path.split("::").next().unwrap_or_default());
        self.crates().iter().any(|krate| krate.features.contains(&(library, feature)))
    }

    /// Whether a crate is built by at least this version of the toolchain.
    pub fn has_toolchain(&self, krate: CrateId, version: &str) -> bool {
        self.crates()[krate.index()].toolchain.is_some_and(|promised| reaches(&promised, version))
    }
}

/// Whether one version is not older than another.
fn reaches(used: &str, version: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> { text.split('.').map_while(|number| number.parse().ok()).collect() };
    let (used, wanted) = (numbers(used), numbers(version));
    !used.is_empty() && used.iter().zip(&wanted).find(|(a, b)| a != b).is_none_or(|(a, b)| a > b)
}

#[cfg(test)]
mod tests {
    use super::reaches;

    #[test]
    fn versions_are_compared_number_by_number() {
        for (used, wanted) in [("1.90.0", "1.80"), ("1.80", "1.80"), ("2", "1.80")] {
            assert!(reaches(used, wanted), "{used} {wanted}");
        }
        for (used, wanted) in [("1.79.5", "1.80"), ("", "1"), ("stable", "1.80")] {
            assert!(!reaches(used, wanted), "{used} {wanted}");
        }
    }
}
