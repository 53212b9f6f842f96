//! `dead-token`: a token that should tell tasks to stop, of which one half is missing: nobody gives the word, or nobody listens for it. Sees tokens
//! that stay in variables and parameters.

use crate::diagnostic::{Confidence, Diagnostic, Label};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::tasks::halves::{Token, Unheard};
use crate::index::tasks::{Handle, Task, Work};

const ID: &str = "dead-token";

pub fn check(index: &Index) -> Vec<Diagnostic> {
    let tokens = index.tokens();
    let unheard = index.unheard().into_iter().filter_map(|parameter| never_heard(index, &parameter));
    tokens.iter().filter_map(|token| diagnose(index, token)).chain(unheard).collect()
}

/// A parameter that nobody looks at, of a function that runs until it is told to stop.
fn never_heard(index: &Index, parameter: &Unheard) -> Option<Diagnostic> {
    let span = parameter.range.in_file(parameter.body.file);
    let service = index.services_reaching(parameter.body).next();
    (index.may_serve(parameter.body) && !index.is_intended(span)).then(|| {
        Diagnostic::new(
            ID,
            Confidence::Likely,
            "this function never looks at what should tell it to stop",
            Label::new(span, "no use of it follows"),
        )
        .about(index.item_path(parameter.body), "parameter")
        .evidence([
            Label::new(index.name_span(parameter.given), "who calls it counts on that"),
            Label::new(index.name_span(parameter.goes_on), "this goes on until the process ends"),
        ])
        .evidence(service.into_iter().flat_map(|service| service.verdict.why.clone()))
        .note("what should stop goes on, and is killed with the process")
        .help("wait for it beside the work, in `select!` or as the signal of a graceful shutdown, or leave it out")
    })
}

/// Whether what listens runs in a task that ends with its handle, or with a set that knows it.
fn ends_otherwise(index: &Index, heard: Site) -> bool {
    let runs = |task: &Task| {
        task.spawn.body == heard.body && index.node(task.spawn).range.contains(index.node(heard).range)
            || index.function_of(heard.body).is_some_and(|function| task.work.contains(&Work::Function(function)))
    };
    index.tasks().iter().any(|task| task.handle == Handle::Tracked && runs(task))
}

/// Whether all that listens is a function that others call as well, from elsewhere: there is nothing to tell here, and the parameter wants a value.
fn only_fills_a_parameter(index: &Index, token: &Token) -> bool {
    let made_in = token.made.body;
    !token.is_channel
        && token.heard.iter().all(|heard| {
            let function = index.function_of(heard.body).filter(|_| heard.body != made_in);
            function.is_some_and(|function| {
                let mut calls = index.calls.callers(function).iter().map(|call| call.site.body);
                calls.any(|body| body != made_in && !index.is_test(body))
            })
        })
}

fn diagnose(index: &Index, token: &Token) -> Option<Diagnostic> {
    let span = index.name_span(token.made);
    let service = index.services_reaching(token.made.body).next()?;
    if index.is_intended(span) {
        return None;
    }
    let what = if token.is_channel { "channel" } else { "token" };
    let report = |message: String, label: &str| {
        Diagnostic::new(ID, Confidence::Certain, message, Label::new(span, label))
            .about(index.item_path(token.made.body), what)
            .evidence(service.verdict.why.clone())
    };
    match (token.ordered.first(), token.heard.first()) {
        (None, Some(heard)) if !ends_otherwise(index, *heard) && !only_fills_a_parameter(index, token) => Some(
            report(
                format!("nobody ever gives the word on this {what}"),
                "it is made here, and no use of it gives the word to stop",
            )
            .evidence([Label::new(index.name_span(*heard), "this waits for a word that never comes")])
            .note("what listens to it runs until the process is killed, as if it did not listen")
            .help("give it where the program learns that it has to stop, or leave it out"),
        ),
        (Some(ordered), None) => Some(
            report(
                format!("nobody listens to this {what}"),
                "it is made here, and no use of it waits for the word to stop",
            )
            .evidence([Label::new(index.name_span(*ordered), "this stops nothing")])
            .note("what should stop goes on, and is killed with the process")
            .help("give a clone of it to each task, and let the task wait for it in `select!`"),
        ),
        _ => None,
    }
}
