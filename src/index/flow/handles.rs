//! Reference-counted handles inside one body: which variable a value is a handle of, through references, clones and other variables. Of what lies
//! in fields only the variable is known whose field it is.

use crate::facts::model::*;
use crate::index::calls::Site;
use crate::index::declared::defs::BodyRef;
use crate::index::{Index, Ty};

impl Index {
    /// What a call clones: `x` of `x.clone()` and of `Arc::clone(&x)`.
    pub fn cloned(&self, call: Site) -> Option<NodeId> {
        match &self.node(call).op {
            Op::Method { receiver, name, arguments, .. } if name == "clone" && arguments.is_empty() => Some(*receiver),
            Op::Call { arguments, .. } => match arguments[..] {
                [only] if self.external(call).is_some_and(|path| path.ends_with("::clone")) => Some(only),
                _ => None,
            },
            _ => None,
        }
    }

    /// The variable that an expression is, or is a clone or reference of.
    pub fn cloned_from(&self, site: Site) -> Option<LocalId> {
        match &self.node(site).op {
            Op::Local(local) => Some(*local),
            Op::Reference { of, .. } | Op::Deref(of) => self.cloned_from(Site { node: *of, ..site }),
            _ => self.cloned_from(Site { node: self.cloned(site)?, ..site }),
        }
    }

    /// The variable that a handle was bound to first; nothing where there could be several.
    pub fn first_handle(&self, body: BodyRef, local: LocalId) -> Option<LocalId> {
        match self.sources(body, local)[..] {
            [] => Some(local),
            [only] => {
                let of = self.cloned_from(Site { body, node: only }).filter(|of| *of != local);
                match of.filter(|of| is_counted(self.info(body).local(*of))) {
                    Some(of) => self.first_handle(body, of),
                    None => Some(local),
                }
            }
            _ => None,
        }
    }

    /// The variable out of whose field a handle was cloned: `value` of `let part = value.part.clone()`.
    pub fn cloned_out_of(&self, body: BodyRef, handle: LocalId) -> Option<LocalId> {
        let [only] = self.sources(body, handle)[..] else { return None };
        let mut at = self.cloned(Site { body, node: only })?;
        loop {
            at = match self.body(body).node(at).op {
                Op::Field { base, .. } => match self.body(body).node(base).op {
                    Op::Local(owner) => return Some(owner),
                    _ => return None,
                },
                Op::Reference { of, .. } => of,
                _ => return None,
            }
        }
    }
}

/// Whether values of a type are handles that count their owners.
pub fn is_counted(ty: &Ty) -> bool {
    matches!(ty.peeled(), Ty::Ext(path, _) if path == "std::sync::Arc" || path == "std::rc::Rc")
}
