//! The list of rules: for each what it says (its page) and how it decides (its module). Pure: no I/O, no syn, no level of its own.

mod blocking_in_async;
mod dead_token;
mod deploy_drift;
mod deprecated_lifecycle;
mod detached_task;
mod dropped_guard;
mod duplicate_pool;
mod erased_cause;
mod exit_without_cleanup;
mod growing_global;
mod incomplete_close;
mod leaked_handle;
mod lost_task_error;
mod missing_graceful_shutdown;
mod missing_sigterm;
mod missing_timeout;
pub mod page;
mod per_call_pool;
mod racy_lazy_init;
mod reference_cycle;
mod shutdown_order;
mod skipped_cleanup;
mod spinning_error_loop;
mod swallowed_error;
mod swallowed_iteration;
mod unbounded_channel;
mod unbounded_shutdown;
mod unbounded_spawn;
mod uncalled_close;
mod unclosed_global;
mod unclosed_resource;
mod uncommitted_transaction;
mod unflushed_writer;
mod unlimited_pool;
mod unreaped_child;
mod unreaped_tasks;
mod unsignalled_container;
mod unstopped_scheduler;
mod work_in_drop;

use std::sync::LazyLock;

use self::page::Page;
use crate::diagnostic::Diagnostic;
use crate::index::Index;
use crate::report::{Level, RuleInfo};

/// How a rule decides.
pub type Check = fn(&Index) -> Vec<Diagnostic>;

/// A rule with its page.
#[derive(Debug, Clone)]
pub struct RuleEntry {
    pub id: &'static str,
    pub family: &'static str,
    pub default_level: Level,
    /// One line.
    pub summary: String,
    /// The rule's page, Markdown.
    pub page: &'static str,
    /// None for the meta rules: what is said of suppression comments is the report's.
    pub check: Option<Check>,
}

impl RuleEntry {
    /// What the report must know of it.
    pub fn info(&self) -> RuleInfo {
        RuleInfo { id: self.id, family: self.family, default_level: self.default_level }
    }
}

macro_rules! rules {
    ($($id:literal => $check:expr,)*) => {
        &[$(($id, include_str!(concat!("../../rules/", $id, ".md")), $check),)*]
    };
}

/// Id, page and check of every rule: the one list to add a line to.
const RULES: &[(&str, &str, Option<Check>)] = rules![
    "unclosed-global" => Some(unclosed_global::check),
    "unclosed-resource" => Some(unclosed_resource::check),
    "unflushed-writer" => Some(unflushed_writer::check),
    "uncommitted-transaction" => Some(uncommitted_transaction::check),
    "leaked-handle" => Some(leaked_handle::check),
    "reference-cycle" => Some(reference_cycle::check),
    "unreaped-child" => Some(unreaped_child::check),
    "uncalled-close" => Some(uncalled_close::check),
    "incomplete-close" => Some(incomplete_close::check),
    "work-in-drop" => Some(work_in_drop::check),
    "exit-without-cleanup" => Some(exit_without_cleanup::check),
    "skipped-cleanup" => Some(skipped_cleanup::check),
    "dropped-guard" => Some(dropped_guard::check),
    "per-call-pool" => Some(per_call_pool::check),
    "missing-timeout" => Some(missing_timeout::check),
    "duplicate-pool" => Some(duplicate_pool::check),
    "unbounded-channel" => Some(unbounded_channel::check),
    "unlimited-pool" => Some(unlimited_pool::check),
    "racy-lazy-init" => Some(racy_lazy_init::check),
    "growing-global" => Some(growing_global::check),
    "swallowed-error" => Some(swallowed_error::check),
    "detached-task" => Some(detached_task::check),
    "unreaped-tasks" => Some(unreaped_tasks::check),
    "unbounded-spawn" => Some(unbounded_spawn::check),
    "dead-token" => Some(dead_token::check),
    "swallowed-iteration" => Some(swallowed_iteration::check),
    "lost-task-error" => Some(lost_task_error::check),
    "erased-cause" => Some(erased_cause::check),
    "spinning-error-loop" => Some(spinning_error_loop::check),
    "missing-graceful-shutdown" => Some(missing_graceful_shutdown::check),
    "missing-sigterm" => Some(missing_sigterm::check),
    "shutdown-order" => Some(shutdown_order::check),
    "unbounded-shutdown" => Some(unbounded_shutdown::check),
    "unstopped-scheduler" => Some(unstopped_scheduler::check),
    "unsignalled-container" => Some(unsignalled_container::check),
    "blocking-in-async" => Some(blocking_in_async::check),
    "deploy-drift" => Some(deploy_drift::check),
    "deprecated-lifecycle" => Some(deprecated_lifecycle::check),
    "unused-suppression" => None,
    "unreasoned-suppression" => None,
    "unknown-rule" => None,
];

static CATALOG: LazyLock<Vec<RuleEntry>> = LazyLock::new(|| RULES.iter().map(entry).collect());

fn entry((id, text, check): &(&'static str, &'static str, Option<Check>)) -> RuleEntry {
    let page = Page::parse(text).unwrap_or_else(|error| panic!("rules/{id}.md:{}: {}", error.line, error.message));
    RuleEntry {
        id,
        family: page.family.name(),
        default_level: page.level,
        summary: page.summary,
        page: text,
        check: *check,
    }
}

/// All rules.
pub fn catalog() -> &'static [RuleEntry] {
    &CATALOG
}
