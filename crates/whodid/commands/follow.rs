//! `whodid alert --follow`: looks again and again, until interrupted.
//!
//! Everything is looked at each `--every` seconds. Log groups are asked each [`POLL`] whether anything is new; what was typed in a session is
//! then read and told at once, the rest of the lake as it was.

use crate::args::{self, Format};
use crate::commands::alert::{Depth, Watch};
use crate::commands::discover;
use crate::commands::log_groups::{self, Group, Opened};
use crate::commands::session_logs::SessionLogs;
use crate::commands::{ingest, user_lake};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Between two questions to a log group; one of its account's five requests a second.
const POLL: Duration = Duration::from_secs(1);

/// After a source could not be read.
const RETRY: Duration = Duration::from_secs(5);

/// What is followed.
struct Follower<'f> {
    settings: &'f Settings,
    options: &'f args::Alert,
    watch: Watch,
    /// None where they could not be opened, or where what they found was not read: the lake knows where to go on.
    opened: Option<Opened>,
    /// Where logs of sessions that go on are written; none before the first.
    logs: Option<SessionLogs>,
    /// When everything is looked at next.
    due: Instant,
}

pub(super) async fn run(settings: &Settings, options: &args::Alert, watch: Watch) -> Result<Exit, Failure> {
    let mut follower = Follower { settings, options, watch, opened: None, logs: None, due: Instant::now() };
    let any = Cell::new(false);
    // One for the whole run: what comes during a look must not be lost. To be cut off anywhere is no worse than a crash, which is made good.
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let turn = async {
            let told = match follower.turn().await {
                // What goes by itself is tried again; what the user must mend ends the run.
                Err(failure) if matches!(failure.code, "sink" | "source" | "lake") => {
                    render::failure(&failure, settings.format != Format::Human);
                    0
                }
                told => told?,
            };
            any.set(any.get() || told > 0);
            tokio::time::sleep(follower.pause()).await;
            Ok::<(), Failure>(())
        };
        tokio::select! {
            outcome = turn => outcome?,
            _ = &mut interrupted => return Ok(if options.exit_code && any.get() { Exit::Found } else { Exit::Done }),
        }
    }
}

impl Follower<'_> {
    fn every(&self) -> Duration {
        Duration::from_secs(self.options.every)
    }

    /// Until the next turn.
    fn pause(&self) -> Duration {
        let until_due = self.due.saturating_duration_since(Instant::now());
        match &self.opened {
            None => until_due.min(RETRY),
            Some(opened) if opened.groups.is_empty() => until_due,
            Some(_) => until_due.min(POLL),
        }
    }

    /// Reads what is new and tells of it; of how much.
    async fn turn(&mut self) -> Result<usize, Failure> {
        let is_due = Instant::now() >= self.due;
        if is_due {
            self.due = Instant::now() + self.every();
        }
        let depth = match self.read(is_due).await {
            Ok(depth) => depth,
            Err(failure) => {
                // What was found and is not in the lake is found again.
                (self.opened, self.logs) = (None, None);
                return Err(failure);
            }
        };
        match depth {
            Some(depth) => self.watch.look(self.settings, self.options, depth).await,
            None => Ok(0),
        }
    }

    /// Brings the lake up to date; how much of it has to be looked at.
    async fn read(&mut self, is_due: bool) -> Result<Option<Depth>, Failure> {
        let lake = user_lake(self.settings)?;
        let (opened, is_due) = match &mut self.opened {
            Some(opened) => (opened, is_due),
            none => (none.insert(log_groups::open(self.settings, &lake, &self.options.source).await?), true),
        };
        let mut depth = is_due.then_some(Depth::Everything);
        let mut typed = BTreeSet::new();
        for group in &opened.groups {
            let news = group.source.poll().await?;
            if news.slices {
                depth = Some(Depth::Everything);
            }
            if !is_due && !news.whole.is_empty() {
                let logs = match &mut self.logs {
                    Some(logs) => logs,
                    none => none.insert(SessionLogs::open(&lake).await?),
                };
                typed.extend(log_groups::take(logs, &group.source, &news.whole).await?);
            }
        }
        if depth.is_none() && !typed.is_empty() {
            depth = Some(Depth::Commands(typed));
        }
        if depth == Some(Depth::Everything) && !opened.sources.is_empty() {
            let sources: Vec<discover::Opened> = match is_due {
                true => opened.sources.clone(),
                false => opened.groups.iter().map(Group::opened).collect(),
            };
            let (summary, _) = ingest::ingest_from(self.settings, &lake, &self.options.source, &sources, &mut opened.groups, true).await?;
            summary.warn();
            // Another writer of this process has been at those tables.
            self.logs = None;
        }
        Ok(depth)
    }
}
