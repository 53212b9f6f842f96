//! What each variable of a body is bound to or assigned from, through patterns, `if let`, `match` and closures of getters. Knows no types.

use crate::facts::model::*;

/// For each variable the values it is made from, in the order they are evaluated. `parents` has the user of each node's value.
pub fn find(body: &Body, parents: &[Option<NodeId>]) -> Vec<Vec<NodeId>> {
    let mut sources = vec![Vec::new(); body.locals.len()];
    for (id, node) in body.iter() {
        match &node.op {
            Op::Bind { pattern, init: Some(init), .. } => {
                for local in pattern.locals() {
                    sources[local.index()].extend(parts_bound(body, pattern, *init, local));
                }
            }
            Op::Let { pattern, of } => add(&mut sources, pattern.locals(), *of),
            Op::Match { scrutinee, arms } => {
                let bound = arms.iter().flat_map(|arm| arm.pattern.locals());
                add(&mut sources, bound, *scrutinee);
            }
            Op::Loop { kind: LoopKind::For { pattern, iterated }, .. } => {
                add(&mut sources, pattern.locals(), *iterated)
            }
            Op::Assign { place, value } => {
                if let Op::Local(local) = body.node(*place).op {
                    sources[local.index()].push(*value);
                }
            }
            // `STATIC.with(|value| ..)`, `option.map(|value| ..)`: the parameter is of the receiver.
            Op::Closure { parameters, .. } => {
                if let Some(Op::Method { receiver, .. }) = parents[id.index()].map(|call| &body.node(call).op) {
                    add(&mut sources, parameters.iter().flat_map(Pattern::locals), *receiver);
                }
            }
            _ => {}
        }
    }
    sources
}

/// Each variable has a value once, in however many branches it is bound.
fn add(sources: &mut [Vec<NodeId>], locals: impl IntoIterator<Item = LocalId>, value: NodeId) {
    for local in locals {
        let known = &mut sources[local.index()];
        if known.last() != Some(&value) {
            known.push(value);
        }
    }
}

/// What a local is bound to of a value: the part that stands in its place where a tuple is taken apart that is written out, perhaps in each branch of a choice;
/// else the whole.
fn parts_bound(facts: &Body, pattern: &Pattern, value: NodeId, local: LocalId) -> Vec<NodeId> {
    let PatternKind::Tuple(patterns) = &pattern.kind else { return vec![value] };
    let goes = |value: &NodeId| matches!(facts.node(*value).op, Op::Return(_) | Op::Break(_) | Op::Continue);
    let mut branches: Vec<NodeId> = Vec::new();
    match &facts.node(value).op {
        Op::Tuple(values) if values.len() == patterns.len() => {
            let mut places = patterns.iter().zip(values);
            let place = places.find(|(pattern, _)| pattern.locals().contains(&local));
            return place.map_or_else(|| vec![value], |(pattern, part)| parts_bound(facts, pattern, *part, local));
        }
        choice @ (Op::Block(_) | Op::If { .. } | Op::Match { .. }) => {
            choice.regions(&mut |region| branches.extend(facts.region(region).value.filter(|value| !goes(value))))
        }
        _ => {}
    }
    if branches.is_empty() {
        return vec![value];
    }
    branches.into_iter().flat_map(|branch| parts_bound(facts, pattern, branch, local)).collect()
}
