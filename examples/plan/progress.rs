//! Progress on a terminal: a bar while a file is read, a line while the rest is worked out. Elsewhere, nothing.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kohort::transaction::ReadProgress;

/// Shows what is going on, on the error stream and only where that is a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// What takes a while without saying how far it is.
    pub(crate) fn stage(message: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// A file that is read.
    pub(crate) fn reading(path: &Path) -> Self {
        let bar = ProgressBar::new(0).with_message(format!("reading {}", path.display()));
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// How far the file is read.
    pub(crate) fn read(&self, progress: ReadProgress) -> ControlFlow<()> {
        self.0.set_length(progress.total_bytes.unwrap_or(progress.bytes));
        self.0.set_position(progress.bytes);
        ControlFlow::Continue(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
