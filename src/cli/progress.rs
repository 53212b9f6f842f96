//! The progress bar of a run that takes its time. Knows nothing of what is done meanwhile.

use std::sync::Once;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::driver::Progress;

/// A run that is done by then shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on standard error, which indicatif leaves alone unless it is a terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    started: Instant,
    shown: Once,
    wanted: bool,
}

impl Bar {
    pub(super) fn new(wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        // A template that does not parse would be a bug of ours; the default will do.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} files  {wide_msg}") {
            bar.set_style(style);
        }
        Bar { bar, started: Instant::now(), shown: Once::new(), wanted }
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A run that fails leaves no bar behind.
impl Drop for Bar {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Progress for Bar {
    fn total(&self, files: usize) {
        self.bar.set_length(files as u64);
    }

    fn done(&self, path: &str) {
        self.bar.inc(1);
        if self.wanted && self.started.elapsed() > PATIENCE {
            self.shown.call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
            self.bar.set_message(path.to_owned());
        }
    }
}
