//! How far a run is, on a terminal; nothing where there is none.

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr: objects and bytes of those listed so far, their rate, and how long they will take.
pub(crate) struct Progress {
    bar: ProgressBar,
    objects: (u64, u64),
}

impl Progress {
    /// A bar, seen only on a terminal.
    pub(crate) fn new(terminal: bool) -> Self {
        let bar = if terminal { ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()) } else { ProgressBar::hidden() };
        // A wrong template would only leave the default one.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}  {msg}") {
            bar.set_style(style);
        }
        bar.set_message("listing");
        Self { bar, objects: (0, 0) }
    }

    /// More objects to read, by their bytes.
    pub(crate) fn more(&mut self, sizes: impl Iterator<Item = u64>) {
        let bytes = sizes.inspect(|_| self.objects.1 += 1).sum();
        self.bar.inc_length(bytes);
    }

    /// Objects that were read, by their bytes; records in all.
    pub(crate) fn done(&mut self, sizes: impl Iterator<Item = u64>, records: u64) {
        let bytes = sizes.inspect(|_| self.objects.0 += 1).sum();
        self.bar.inc(bytes);
        self.bar.set_message(format!("{} of {} objects, {records} records", self.objects.0, self.objects.1));
    }

    /// Objects that were listed, where none is read.
    pub(crate) fn listed(&mut self, objects: u64) {
        self.bar.set_message(format!("{objects} objects listed"));
        self.bar.tick();
    }

    pub(crate) fn end(&mut self) {
        tracing::debug!(objects = self.objects.0, bytes = %HumanBytes(self.bar.position()), "read");
        self.bar.finish_and_clear();
    }
}
