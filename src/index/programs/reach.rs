//! What a program comes to: all that can run from `main`, and what of it is known to. Follows calls; what kind of program it is, is judged elsewhere.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::catalogue::Runs;
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::*;
use crate::index::programs::kinds::Lives;

/// All that can run from `main`. Code that only a framework calls counts where it is linked in: handlers named in attributes, methods of
/// impls of library traits, `Drop`.
pub(super) fn reach(index: &Index, linked: &HashSet<CrateId>, entries: &[BodyRef]) -> HashSet<BodyRef> {
    let mut reach = reach_from(index, entries.iter().copied(), Along::All);
    reach.retain(|body| linked.contains(&index.crate_of(*body)));
    reach
}

/// What of a program's reach is known to run: a method of a trait only where a value of the type that it is implemented for comes up in what runs. Of a
/// type that nothing outside of its own methods makes, who makes it is not in sight.
pub(super) fn runs(
    index: &Index,
    linked: &HashSet<CrateId>,
    entries: Vec<BodyRef>,
    lives: &Lives,
    unseen: &[BodyRef],
) -> HashSet<BodyRef> {
    let needs = |body: BodyRef| index.implementor(index.function_of(body)?).filter(|ty| lives.comes_up(*ty));
    // What a library's trait calls on a type comes with the type.
    let comes_later = |body: &BodyRef| {
        index.function_of(*body).is_some_and(|it| index.is_called_from_outside(it) && index.implementor(it).is_some())
    };
    let mut queue = entries;
    queue.retain(|body| !comes_later(body));
    queue.extend(unseen);
    let mut runs = HashSet::default();
    let mut seen: HashSet<TypeId> = HashSet::default();
    let mut waiting: HashMap<TypeId, Vec<BodyRef>> = HashMap::default();
    while let Some(body) = queue.pop() {
        if !linked.contains(&index.crate_of(body)) || !runs.insert(body) {
            continue;
        }
        for ty in lives.types(body).filter(|ty| seen.insert(*ty)) {
            queue.extend(waiting.remove(&ty).unwrap_or_default());
        }
        queue.extend(lives.called_after(body));
        for step in steps(index, body, Along::All) {
            match needs(step).filter(|ty| !seen.contains(ty)) {
                Some(ty) => waiting.entry(ty).or_default().push(step),
                None => queue.push(step),
            }
        }
    }
    runs
}

/// Functions that no call is known to lead to, but for those of tests, while one that leads nobody knows where may be theirs.
pub(super) fn called_unseen(index: &Index) -> Vec<BodyRef> {
    let doubtful = index.doubtful();
    let uncalled = index.defs().fn_ids().filter(|function| {
        let mut callers = index.calls.callers(*function).iter();
        index.implementor(*function).is_none() && callers.all(|call| index.is_test(call.site.body))
    });
    let bodies =
        uncalled.filter(|function| doubtful.may_be(index, *function)).filter_map(|it| index.defs().body_of(it));
    bodies.filter(|body| index.is_linked(*body) && !index.is_test(*body)).collect()
}

/// What is called from outside: `main`, what frameworks call, and what statics are made of that no code mentions, as where a library gathers them.
pub(super) fn entries(index: &Index, linked: &HashSet<CrateId>, main: FnId) -> Vec<BodyRef> {
    let start = index.defs().body_of(main).into_iter().filter(|body| index.is_linked(*body));
    let called = index.defs().fn_ids().filter_map(|id| {
        let body = index.defs().body_of(id).filter(|body| index.is_linked(*body))?;
        let counts = linked.contains(&index.crate_of(body)) && called_by_frameworks(index, id) && !index.is_test(body);
        counts.then_some(body)
    });
    let gathered = index.defs().static_ids().filter(|item| index.calls.mentions(*item).is_empty());
    let gathered = gathered.filter_map(|item| index.defs().init_of(item).filter(|body| index.is_linked(*body)));
    let gathered = gathered.filter(|body| linked.contains(&index.crate_of(*body)) && !index.is_test(*body));
    start.chain(called).chain(gathered).collect()
}

/// Which calls are followed.
#[derive(Clone, Copy)]
pub(super) enum Along<'k> {
    All,
    /// Without those of some kind.
    Others(&'k dyn Fn(Site) -> bool),
    /// Without what runs as a task or thread of its own.
    Inline,
    /// Without what runs in tasks and threads that nobody waits for.
    Attended,
}

/// All bodies reached from some.
pub(super) fn reach_from(index: &Index, from: impl IntoIterator<Item = BodyRef>, along: Along) -> HashSet<BodyRef> {
    let mut queue: VecDeque<BodyRef> = from.into_iter().filter(|b| index.is_linked(*b)).collect();
    let mut reach = HashSet::default();
    while let Some(body) = queue.pop_front() {
        if reach.insert(body) {
            queue.extend(steps(index, body, along));
        }
    }
    reach
}

/// The bodies that one leads to by a call or by a static it mentions.
fn steps<'i>(index: &'i Index, body: BodyRef, along: Along<'i>) -> impl Iterator<Item = BodyRef> {
    let left_out = move |call: &&crate::index::calls::Call| match along {
        Along::All => false,
        Along::Others(left_out) => left_out(call.site),
        Along::Inline => matches!(call.runs, Runs::Task | Runs::Thread) || index.runs_in(call.site, Runs::Task),
        Along::Attended => index.is_let_go(call.site),
    };
    let called =
        index.calls.callees(body).iter().filter(move |c| !left_out(c)).filter_map(|call| index.defs().body_of(call.to));
    let statics = index.calls.statics(body).iter().filter_map(|(_, item)| index.defs().init_of(*item));
    // A trait's implementor that is there for tests is nothing that a program comes to.
    let for_tests = index.is_for_tests(body);
    called.chain(statics).filter(move |b| index.is_linked(*b) && (for_tests || !index.is_for_tests(*b)))
}

/// The crate itself and the libraries of the workspace that are built into it.
pub(super) fn linked_crates(index: &Index, krate: &Crate) -> HashSet<CrateId> {
    let mut linked = HashSet::default();
    let mut queue = vec![index.outline.tree.get(krate.root).krate];
    while let Some(id) = queue.pop() {
        if linked.insert(id) {
            let links = &index.crates()[id.index()].links;
            queue.extend(links.iter().map(|root| index.outline.tree.get(*root).krate));
        }
    }
    linked
}

fn called_by_frameworks(index: &Index, id: FnId) -> bool {
    index.is_called_from_outside(id) || index.handler(id).is_some()
}

/// The bodies that `main` leads to: by calls, and by what libraries call on values that came up on the way.
pub(super) fn led_to(index: &Index, main: Option<BodyRef>, lives: &Lives, along: Along) -> HashSet<BodyRef> {
    let mut led: HashSet<BodyRef> = HashSet::default();
    let mut queue: Vec<BodyRef> = main.into_iter().filter(|body| index.is_linked(*body)).collect();
    while let Some(body) = queue.pop() {
        if led.insert(body) {
            queue.extend(steps(index, body, along));
            queue.extend(lives.called_after(body));
        }
    }
    led
}
