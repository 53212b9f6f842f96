//! Closures that are handed on: the types they are run with.

use rustc_hash::FxHashMap as HashMap;
use ustr::Ustr;

use super::{Inference, more_specific};
use crate::catalogue::Runs;
use crate::facts::model::*;
use crate::index::declared::types::*;

impl Inference<'_> {
    /// Runs a closure argument with the parameter types its bound gives, and learns what the bound's output stands for.
    pub(super) fn callable_argument(
        &mut self,
        call: NodeId,
        declared: &Ty,
        argument: NodeId,
        generics: &Generics,
        map: &mut HashMap<Ustr, Ty>,
    ) {
        let declared = self.world.bounded(declared.clone(), generics);
        match self.ty(argument) {
            Ty::Closure(closure) => {
                let types: Vec<Ty> = match &declared {
                    Ty::Callable(parameters, _) => parameters.iter().map(|p| self.of_call(p, generics, map)).collect(),
                    _ => Vec::new(),
                };
                let returned = self.run_closure(closure, &types);
                if let Ty::Callable(_, output) = &declared {
                    output.unify(&returned, map);
                }
            }
            Ty::Fn(handed) => {
                self.info.handed.push((call, handed, Runs::Inline));
                if let Ty::Callable(_, output) = &declared {
                    output.unify(&self.world.signatures.functions[handed.index()].returns, map);
                }
            }
            _ => {}
        }
    }

    pub(super) fn run_closure(&mut self, closure: NodeId, types: &[Ty]) -> Ty {
        let body = self.body;
        let Op::Closure { region, parameters, types: written, returns, is_async } = &body.node(closure).op else {
            return Ty::Unknown;
        };
        for (at, pattern) in parameters.iter().enumerate() {
            let known = types.get(at).cloned().unwrap_or(Ty::Unknown);
            let annotated = written.get(at).map_or(Ty::Unknown, |ty| self.written(ty, *region));
            let ty = more_specific(annotated, known);
            self.bind(pattern, &ty);
        }
        let value = self.region(*region);
        let value = match returns {
            Some(written) => more_specific(self.written(written, *region), value),
            None => value,
        };
        if *is_async { Ty::Future(Box::new(value)) } else { value }
    }

    pub(super) fn run_loose_closures(&mut self, call: NodeId, arguments: &[NodeId]) {
        for argument in arguments {
            match self.ty(*argument) {
                Ty::Closure(closure) => {
                    self.run_closure(closure, &[]);
                }
                Ty::Fn(function) => self.info.handed.push((call, function, Runs::Inline)),
                _ => {}
            }
        }
    }
}
