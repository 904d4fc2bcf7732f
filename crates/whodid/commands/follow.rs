//! `whodid alert --follow`: looks again and again, until interrupted.
//!
//! Everything is read and looked at each `--every` seconds. Log groups are asked each [`POLL`] whether anything is new; what was typed in a session
//! is then read and told at once, before anything else and while other sources are read, the rest of the lake as it was.

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
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use source::Source as _;
use std::cell::Cell;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two questions to a log group; one of its account's five requests a second.
const POLL: Duration = Duration::from_secs(1);

/// After a source could not be read.
const RETRY: Duration = Duration::from_secs(5);

/// A reading of sources; what comes back are the log groups, with how far they are noted to be read, and whether all that they held was.
type Ingesting = LocalBoxFuture<'static, Result<(Vec<Group>, bool), Failure>>;

/// What is followed.
struct Follower<'f> {
    settings: &'f Settings,
    options: &'f args::Alert,
    watch: Watch,
    /// None where they could not be opened, or where what they found was not read: the lake knows where to go on.
    opened: Option<Opened>,
    /// Where logs of sessions that go on are written; none before the first.
    logs: Option<SessionLogs>,
    /// Goes on between the turns: a bucket is long to list, and what is typed meanwhile is told at once.
    ingesting: Option<Ingesting>,
    /// Log groups have more to read.
    more: bool,
    /// All of the log groups that went before is in the lake, so that what they bring can be read as it comes.
    caught_up: bool,
    /// When the last turn began.
    begun: Option<Instant>,
    /// When everything is looked at next.
    due: Instant,
}

pub(super) async fn run(settings: &Settings, options: &args::Alert, watch: Watch) -> Result<Exit, Failure> {
    let (opened, logs, ingesting, begun) = (None, None, None, None);
    let mut follower =
        Follower { settings, options, watch, opened, logs, ingesting, more: false, caught_up: false, begun, due: Instant::now() };
    let any = Cell::new(false);
    // One for the whole run: what comes during a look must not be lost. To be cut off anywhere is no worse than a crash, which is made good.
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let step = async {
            let told = match follower.step().await {
                // What goes by itself is tried again; what the user must mend ends the run.
                Err(failure) if matches!(failure.code, "sink" | "source" | "lake") => {
                    render::failure(&failure, settings.format != Format::Human);
                    0
                }
                told => told?,
            };
            any.set(any.get() || told > 0);
            Ok::<(), Failure>(())
        };
        tokio::select! {
            outcome = step => outcome?,
            _ = &mut interrupted => return Ok(if options.exit_code && any.get() { Exit::Found } else { Exit::Done }),
        }
    }
}

impl Follower<'_> {
    fn every(&self) -> Duration {
        Duration::from_secs(self.options.every)
    }

    /// When the next turn is.
    fn next_turn(&self) -> Instant {
        let Some(begun) = self.begun else { return Instant::now() };
        // While sources are read, nothing else is due.
        let due = if self.ingesting.is_some() { begun + self.every() } else { self.due };
        match &self.opened {
            None => begun + RETRY.min(self.every()),
            Some(opened) if opened.groups.is_empty() => due,
            // By the clock, not after the work: what is typed now must not wait for both.
            Some(_) => due.min(begun + POLL),
        }
    }

    /// Waits for what comes first, the next turn or the end of a reading, and does what is then to be done; of how much was told.
    async fn step(&mut self) -> Result<usize, Failure> {
        let next = sleep_until(self.next_turn());
        let read = match &mut self.ingesting {
            None => {
                next.await;
                None
            }
            Some(ingesting) => tokio::select! {
                read = ingesting => Some(read),
                () = next => None,
            },
        };
        match read {
            Some(read) => {
                self.ingesting = None;
                self.look_at_everything(read).await
            }
            None => self.turn().await,
        }
    }

    /// Tells of what was typed; then begins to read everything, if that is due.
    async fn turn(&mut self) -> Result<usize, Failure> {
        self.begun = Some(Instant::now());
        let is_due = self.opened.is_none() || Instant::now() >= self.due;
        let typed = match self.poll(is_due).await {
            Ok(typed) => typed,
            Err(failure) => return Err(self.lost(failure)),
        };
        let told = match typed.session_ids.is_empty() {
            true => Ok(0),
            // A sink that does not take what was typed holds up nothing else.
            false => self.watch.look(self.settings, self.options, Depth::Commands(typed)).await,
        };
        if self.ingesting.is_some() || !(is_due || self.more) {
            return told;
        }
        if is_due {
            self.due = Instant::now() + self.every();
        }
        self.more = false;
        let ingesting = self.ingest(is_due)?;
        if !self.caught_up {
            let read = ingesting.await;
            let also_told = self.look_at_everything(read).await;
            return Ok(told? + also_told?);
        }
        self.ingesting = Some(ingesting);
        told
    }

    /// After everything was read.
    async fn look_at_everything(&mut self, read: Result<(Vec<Group>, bool), Failure>) -> Result<usize, Failure> {
        match read {
            Ok((groups, is_whole)) => {
                self.caught_up |= is_whole;
                if let Some(opened) = &mut self.opened {
                    opened.groups = groups;
                }
            }
            Err(failure) => return Err(self.lost(failure)),
        }
        // Another writer of this process has been at those tables.
        self.logs = None;
        self.watch.look(self.settings, self.options, Depth::Everything).await
    }

    /// What was found and is not in the lake is found again.
    fn lost(&mut self, failure: Failure) -> Failure {
        (self.opened, self.logs, self.ingesting, self.caught_up) = (None, None, None, false);
        failure
    }

    /// Asks log groups what is new, and brings what was typed into the lake; what was there before, a reading of everything brings.
    async fn poll(&mut self, is_due: bool) -> Result<Typed, Failure> {
        let lake = user_lake(self.settings)?;
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(log_groups::open(self.settings, &lake, &self.options.source).await?),
        };
        let mut typed = Typed::default();
        for group in &opened.groups {
            let news = group.source.poll().await?;
            self.more |= news.slices;
            let is_read_next = !self.caught_up && (is_due || self.more);
            if is_read_next || news.whole.is_empty() {
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
        Ok(typed)
    }

    /// Reads what is new in all sources, or in log groups alone.
    fn ingest(&self, all: bool) -> Result<Ingesting, Failure> {
        let (lake, settings, names) = (user_lake(self.settings)?, self.settings.clone(), self.options.source.clone());
        let (mut groups, sources) = match &self.opened {
            Some(opened) => (opened.groups.iter().map(Group::until_now).collect::<Vec<_>>(), opened.sources.clone()),
            None => (Vec::new(), Vec::new()),
        };
        let (mut is_whole, sources) = (self.caught_up, if all { sources } else { Vec::new() });
        let reading = async move {
            let of_groups: Vec<discover::Opened> = groups.iter().map(Group::opened).collect();
            if !groups.is_empty() && (!is_whole || sources.is_empty()) {
                let names: Vec<String> = groups.iter().map(|group| group.source.name().to_owned()).collect();
                let (summary, _) = ingest::ingest_from(&settings, &lake, &names, &of_groups, &mut groups, true).await?;
                summary.warn();
                is_whole |= log_groups::is_whole(&summary);
            }
            if is_whole {
                // What is typed from now on is read as it comes, and by nobody else: an older reading must not take the place of a newer one.
                groups.iter().for_each(|group| group.source.list_slices_only());
            }
            if !sources.is_empty() {
                let (summary, _) = ingest::ingest_from(&settings, &lake, &names, &sources, &mut groups, true).await?;
                summary.warn();
            }
            Ok((groups, is_whole))
        };
        Ok(reading.boxed_local())
    }
}
