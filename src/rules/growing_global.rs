//! `growing-global`: a collection that stays as long as the program gets more with every request or turn, and nothing ever takes anything away.

use crate::diagnostic::{Confidence, Diagnostic, Label, grouped_by};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::calls::contexts::{Repeated, Repeats};
use crate::index::flow::variety::Variety;
use crate::index::resources::growth::Growing;
use crate::index::resources::labels::EndlessLabel;

const ID: &str = "growing-global";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let collections = index.growing().into_iter().filter_map(|growing| diagnose(index, &growing));
    let labels = index.endless_labels().into_iter().filter_map(|label| of_label(index, &label));
    collections.chain(grouped_by(labels.map(|found| (found.message.clone(), found)))).collect()
}

/// A family of metrics that gets a series for each thing that the program has to do with.
fn of_label(index: &Index, label: &EndlessLabel) -> Option<Diagnostic> {
    let span = index.span(label.value);
    if index.is_intended(span) || index.is_intended(index.span(label.call)) {
        return None;
    }
    let family = label.family.map_or("a metric".to_owned(), |name| format!("`{name}`"));
    let diagnostic = Diagnostic::new(
        ID,
        if label.sure { Confidence::Likely } else { Confidence::Hint },
        format!("{family} gets another series with every new value of a label, without end"),
        Label::new(span, format!("ever new values come from here, {}", label.repeated.repeats.words())),
    )
    .about(index.item_path(label.call.body), label.family.as_ref().map_or("metric", |name| name.as_str()))
    .evidence(label.repeated.evidence.clone())
    .note(
        "a series stays in memory until the program ends, and is part of every answer to whoever collects the metrics",
    )
    .help(
        "leave out of the labels what tells single requests, peers or objects apart, and put it in the log or a trace",
    );
    Some(diagnostic)
}

/// How sure it is that there is no end to what is kept. What a loop adds in its turns is mostly as much as there is of what it goes through: workers, blobs,
/// names of the settings; there it takes what is kept to tell that ever new keys are expected. Of collections that are emptied a key is left, and a key may be
/// one of few, as that of a tenant; there are only so many others to keep a connection to; what is also filled at the start may mirror what is stored; what
/// stands for a store is mostly tried out with; what a thread keeps ends with it; and what is only added where somebody changes something outside is no more
/// than that says.
fn confidence(index: &Index, growing: &Growing, weak: bool) -> Confidence {
    let while_serving = |site: &Site| index.while_serving(*site).is_some();
    let filled_at_start = || {
        growing.added.iter().any(while_serving)
            && growing.added.iter().any(|site| !while_serving(site) && is_at_start(index, *site))
    };
    if weak
        || growing.emptied
        || forgotten(index, growing).is_none() && index.keeps_ways_to_others(growing)
        || index.is_kept_by_thread(growing.keeper)
        || index.stands_for_a_store(growing)
        || filled_at_start()
    {
        Confidence::Hint
    } else {
        Confidence::Likely
    }
}

/// Where what one of its keys stands for is removed, and its entry is left.
fn forgotten(index: &Index, growing: &Growing) -> Option<Label> {
    let removed = growing.added.iter().find_map(|site| index.forgotten_by(*site))?;
    Some(Label::new(removed, "this removes what a key stands for, and leaves its entry"))
}

/// The proof that something is added for as long as a service runs. Where what is kept tells that ever new keys are expected, it is enough that a
/// service leads there.
fn again_and_again(index: &Index, site: Site, open: bool) -> Option<Option<Repeated>> {
    let serves = || index.services_reaching(site.body).next().is_some() && index.runs_once(site).is_none();
    index.while_serving(site).map(Some).or_else(|| (open && serves()).then_some(None))
}

fn is_at_start(index: &Index, site: Site) -> bool {
    index.runs_once(site).is_some()
        || index.services_reaching(site.body).any(|program| index.runs_at_start(program, site))
}

fn diagnose(index: &Index, growing: &Growing) -> Option<Diagnostic> {
    // Nobody compiles what there are only few of into a cache, as those are statics of their own, and nobody counts what only the settings name.
    let window = index.is_window(growing);
    let compiled = || index.keeps_kind(growing.keeper, "regex");
    let left = forgotten(index, growing);
    let open = |site: Site| window || (index.adds_by_key(site) && compiled()) || left.is_some();
    let mut ever_new = growing.added.iter().filter(|site| match index.added_variety(**site) {
        Variety::Endless => true,
        Variety::Unknown => open(**site),
        // What is removed by its key while the program runs is not settled when it starts.
        Variety::Few => left.is_some(),
    });
    let (site, repeated) = ever_new.find_map(|site| Some((*site, again_and_again(index, *site, open(*site))?)))?;
    let span = index.keeper_span(growing.keeper);
    // Tasks that pile up have a rule of their own.
    if !(window || index.stays(growing.keeper))
        || index.keeps_tasks(growing.keeper)
        || index.is_made_by_tests_alone(growing.keeper)
        || index.is_intended(span)
        || index.is_intended(index.span(site))
    {
        return None;
    }
    let few = |repeated: &Repeated| {
        repeated.repeats == Repeats::Iteration && !open(site) || index.is_repeated_by_change(repeated)
    };
    let bounded = left.is_none() && index.is_looked_up_first(site);
    let weak = bounded || repeated.as_ref().is_some_and(few);
    let name = index.keeper_words(growing.keeper);
    let often = repeated.as_ref().map_or(String::new(), |repeated| format!(", {}", repeated.repeats.words()));
    let others = growing.added.iter().filter(|other| **other != site).take(3);
    let diagnostic = Diagnostic::new(
        ID,
        confidence(index, growing, weak),
        format!("`{name}` only ever grows"),
        Label::new(span, "nothing removes from it, replaces it or bounds its size"),
    )
    .about(index.item_path(site.body), &name)
    .evidence([Label::new(index.name_span(site), format!("it gets more here{often}"))])
    .evidence(others.map(|other| Label::new(index.name_span(*other), "and here")))
    .evidence(repeated.into_iter().flat_map(|repeated| repeated.evidence))
    .evidence(left)
    .note("it lives as long as the program: what is put in stays in memory until the program ends")
    .help("remove what is no longer needed, or keep it in a cache with a capacity or a time to live");
    Some(diagnostic)
}
