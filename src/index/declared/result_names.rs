//! What a library that nobody described calls `Result`, by how the workspace uses it: what a function declares that returns `Ok(..)` or `Err(..)`
//! can be nothing else.

use rustc_hash::FxHashSet as HashSet;
use ustr::Ustr;

use crate::facts::model::{Body, NodeId, Op, Path, TypeRef};
use crate::index::declared::defs::*;
use crate::index::declared::names::{Names, Resolved, Space};

/// How many aliases of aliases are followed.
const ALIASES: usize = 8;

/// The paths of such types, each once.
pub fn find(names: &Names) -> Vec<Ustr> {
    let mut seen = HashSet::default();
    let declared = names.defs.fn_ids().filter_map(|id| {
        let (file, item) = (names.defs.functions[id.index()].file, names.defs.function(id));
        let Some(TypeRef::Path(returned)) = &item.returns else { return None };
        let body = names.defs.body_of(id).map(|body| names.defs.body(body))?;
        let path = library_type(names, names.module(file, item.scope)?, returned)?;
        returns_a_result(body).then_some(path)
    });
    declared.filter(|path| seen.insert(*path)).collect()
}

/// The library's type that is written here, aliases of the workspace followed; none that the catalogue describes.
fn library_type(names: &Names, module: ModuleId, written: &Path) -> Option<Ustr> {
    let (mut module, mut path) = (module, written);
    for _ in 0..ALIASES {
        let segments: Vec<Ustr> = path.names().collect();
        match names.written(module, &segments, path.global, Space::Type) {
            Resolved::External(full) => {
                let known = names.catalogue.type_entry(names.catalogue.canonical(full)).is_some();
                return Some(full).filter(|full| !known && full.contains("::"));
            }
            Resolved::Def(Def::Alias(id), 0) => {
                let alias = names.defs.alias(id);
                let TypeRef::Path(meant) = &alias.ty else { return None };
                (module, path) = (names.module(names.defs.aliases[id.index()].file, alias.scope)?, meant);
            }
            _ => return None,
        }
    }
    None
}

/// Whether a body returns `Ok(..)` or `Err(..)` as such.
fn returns_a_result(body: &Body) -> bool {
    let returned =
        body.nodes.iter().filter(|node| !body.is_run_apart(node.region, Body::ROOT)).filter_map(|node| match node.op {
            Op::Return(value) => value,
            _ => None,
        });
    let mut values = body.region(Body::ROOT).value.into_iter().chain(returned);
    values.any(|value| is_result(body, value))
}

fn is_result(body: &Body, value: NodeId) -> bool {
    let Op::Call { callee, .. } = body.node(value).op else { return false };
    let Op::Path(path) = &body.node(callee).op else { return false };
    path.single().is_some_and(|name| name == "Ok" || name == "Err")
}
