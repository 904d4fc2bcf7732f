//! `whodid alert --follow`: looks again and again, until interrupted.
//!
//! Everything is looked at each `--every` seconds. Log groups are asked each [`POLL`] whether anything is new; what was typed in a session is
//! then read and told at once, before anything else, the rest of the lake as it was.

use crate::args::{self, Format};
use crate::commands::alert::{Depth, Watch};
use crate::commands::discover;
use crate::commands::log_groups::{self, Group, Opened, Typed};
use crate::commands::session_logs::SessionLogs;
use crate::commands::{ingest, user_lake};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use std::cell::Cell;
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
        let begun = Instant::now();
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
            tokio::time::sleep(follower.pause(begun)).await;
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

    /// Until the next turn, if the last one began then.
    fn pause(&self, begun: Instant) -> Duration {
        let until_due = self.due.saturating_duration_since(Instant::now());
        match &self.opened {
            None => until_due.min(RETRY),
            Some(opened) if opened.groups.is_empty() => until_due,
            // By the clock, not after the work: what is typed now must not wait for both.
            Some(_) => until_due.min((begun + POLL).saturating_duration_since(Instant::now())),
        }
    }

    /// Reads what is new and tells of it; of how much.
    async fn turn(&mut self) -> Result<usize, Failure> {
        let is_first = self.opened.is_none();
        let (typed, more) = match self.poll(is_first).await {
            Ok(news) => news,
            Err(failure) => return Err(self.lost(failure)),
        };
        let told = match typed.session_ids.is_empty() {
            true => Ok(0),
            false => self.watch.look(self.settings, self.options, Depth::Commands(typed)).await,
        };
        let is_due = Instant::now() >= self.due;
        if is_due {
            self.due = Instant::now() + self.every();
        }
        if !(is_due || is_first || more) {
            return told;
        }
        // A sink that does not take what was typed holds up nothing else.
        if let Err(failure) = self.ingest(is_due || is_first).await {
            return Err(self.lost(failure));
        }
        let also_told = self.watch.look(self.settings, self.options, Depth::Everything).await;
        Ok(told? + also_told?)
    }

    /// What was found and is not in the lake is found again.
    fn lost(&mut self, failure: Failure) -> Failure {
        (self.opened, self.logs) = (None, None);
        failure
    }

    /// Asks log groups what is new, and brings what was typed into the lake; whether there is more to read. The first time everything is read
    /// together.
    async fn poll(&mut self, is_first: bool) -> Result<(Typed, bool), Failure> {
        let lake = user_lake(self.settings)?;
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(log_groups::open(self.settings, &lake, &self.options.source).await?),
        };
        let (mut typed, mut more) = (Typed::default(), false);
        for group in &opened.groups {
            let news = group.source.poll().await?;
            more |= news.slices;
            if is_first || news.whole.is_empty() {
                continue;
            }
            let logs = match &mut self.logs {
                Some(logs) => logs,
                none => none.insert(SessionLogs::open(&lake).await?),
            };
            let found = log_groups::read(logs, &group.source, &news.whole).await?;
            self.watch.ask_owners(group.source.aws_region(), &found.session_ids).await;
            log_groups::write(logs).await?;
            typed.add(found);
        }
        Ok((typed, more))
    }

    /// Reads what is new in all sources, or in log groups alone.
    async fn ingest(&mut self, all: bool) -> Result<(), Failure> {
        let Some(opened) = self.opened.as_mut().filter(|opened| !opened.sources.is_empty()) else { return Ok(()) };
        let sources: Vec<discover::Opened> = match all {
            true => opened.sources.clone(),
            false => opened.groups.iter().map(Group::opened).collect(),
        };
        let lake = user_lake(self.settings)?;
        let (summary, _) = ingest::ingest_from(self.settings, &lake, &self.options.source, &sources, &mut opened.groups, true).await?;
        summary.warn();
        // Another writer of this process has been at those tables.
        self.logs = None;
        Ok(())
    }
}
