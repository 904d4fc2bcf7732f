//! `whodid alert`: runs the rules on what is new in the lake, tells of what they take, remembers it.
//!
//! Told first, remembered after: a crash between the two tells again, under the same `alert_id`; or as an update of it, where the session's
//! start was delivered in between.

use crate::args;
use crate::commands::log_groups::Typed;
use crate::commands::owners::Owners;
use crate::commands::sinks::{Sinks, Taken};
use crate::commands::{follow, match_of, user_lake};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use lake::fail_point::{Point, reach};
use lake::sessions::{AlertRow, SessionWriter};
use match_of::{Found, Scope};
use query::{AlertRuns, CommandFilter, Known, Question, Reader, Session, SessionQuestion, Verb, Watermarks, disputed, merged};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use transcript::rules::{LogSource, Match, Rules, of_session, placed};
use transcript::suppress::Suppressions;

/// Days after which an alert that names nobody is no longer completed, and a session without a transcript no longer looked for.
const OPEN_DAYS: i64 = 30;
/// Days before the first of a streamed log of which a look at it reads logs and alerts as well: another log of the session may have begun then.
const STREAMED_DAYS: i32 = 2;
/// After which a streamed session whose start CloudTrail has not delivered is told of: it delivers mostly within 5 minutes, and nearly always
/// within 15.
const START_MICROS: i64 = 30 * 60 * 1_000_000;
/// Records that one run tells of, at most; the rest is for the next.
const RECORDS_MAX: usize = 10_000;

/// What a run came to.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Told {
    pub(crate) schema: &'static str,
    pub(crate) alerts: Vec<Value>,
    pub(crate) suppressed: Vec<Suppressed>,
    /// Rules and suppressions that could not be used.
    pub(crate) refused: Vec<String>,
    /// Suppressions that have run out.
    pub(crate) expired: Vec<String>,
}

/// What a suppression took.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Suppressed {
    pub(crate) title: String,
    pub(crate) owner: String,
    pub(crate) reason: String,
    pub(crate) count: u64,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Depth {
    /// What was typed in sessions whose streams went on.
    Commands(Typed),
    /// Sessions and records of CloudTrail as well.
    Everything,
}

impl Depth {
    /// Older logs and alerts do not matter.
    fn first_day(&self) -> Option<i32> {
        match self {
            Self::Commands(typed) => typed.from_day.map(|day| day - STREAMED_DAYS),
            Self::Everything => None,
        }
    }
}

/// What stays from one look to the next.
pub(super) struct Watch {
    sinks: Sinks,
    owners: Owners,
    /// What earlier runs and looks noted; none before the first look.
    runs: Option<AlertRuns>,
    /// Alerts that stand on standard output.
    printed: BTreeSet<String>,
    /// What was said of rules and suppressions.
    said: (Vec<String>, Vec<String>),
}

/// The sink that standard output is.
const STDOUT: &str = "stdout";
/// Stands for all sinks: what is about to be told.
const ANNOUNCED: &str = "announced";

pub(crate) async fn run(settings: &Settings, options: &args::Alert) -> Result<Exit, Failure> {
    let mut watch = Watch::open(settings, options).await?;
    if options.follow {
        return follow::run(settings, options, watch).await;
    }
    let told = watch.look(settings, options, Depth::Everything).await?;
    Ok(if options.exit_code && told > 0 { Exit::Found } else { Exit::Done })
}

impl Watch {
    async fn open(settings: &Settings, options: &args::Alert) -> Result<Self, Failure> {
        let sinks = Sinks::open(settings, options).await?;
        let owners = Owners::new((!settings.offline).then(|| settings.source_options()), options.follow);
        Ok(Self { sinks, owners, runs: None, printed: BTreeSet::new(), said: (Vec::new(), Vec::new()) })
    }

    /// Asks Systems Manager who opened sessions of which something was read, while that is written.
    pub(super) async fn ask_owners(&mut self, aws_region: &str, session_ids: &BTreeSet<String>) {
        self.owners.ask(aws_region, session_ids, crate::settings::now()).await;
    }

    /// Looks once at what is new; returns of how much it told.
    pub(super) async fn look(&mut self, settings: &Settings, options: &args::Alert, depth: Depth) -> Result<usize, Failure> {
        let now = crate::settings::now();
        let mut told = Told { schema: "whodid.alert/v1", ..Told::default() };
        let mut monitor = Monitor::load(options, now, &mut told)?;
        self.say(&told);
        let lake = user_lake(settings)?;
        let reader = Reader::new(&lake).knowing(settings.configured.clone());
        let mut runs = match self.runs.take() {
            Some(runs) => runs,
            None => reader.alert_runs().await?,
        };
        let seen = if settings.since.is_some() { Watermarks::new() } else { runs.watermarks.clone() };
        let mut marks = Marks::of(&monitor.names(), &seen);
        let mut found = monitor.commands(&reader, settings, &mut marks, &mut self.owners, (&depth, now)).await?;
        if depth == Depth::Everything {
            found.extend(monitor.findings(&reader, settings, !seen.is_empty(), now).await?);
            found.extend(monitor.records(&reader, settings, &mut marks).await?);
        }
        let pending: BTreeSet<String> = runs.taken.values().flatten().chain(&self.printed).cloned().collect();
        let rows = monitor.news(&reader, found, &pending, (&depth, now)).await?;
        announce(&lake, &rows, &seen, &mut runs.taken, now).await?;
        let alerts = rows.iter().filter(|row| row.disposition == "sent").map(|row| serde_json::from_str(&row.alert));
        let alerts: Vec<Value> = alerts.collect::<Result<_, _>>().map_err(|error| Failure::internal(&error))?;
        self.print(settings, options, &monitor, &alerts, &runs, &mut told)?;
        let mut delivered = self.sinks.deliver(&reader, &alerts, &runs.taken, now).await?;
        if delivered.failed.is_none() {
            let printed = told.alerts.iter().filter_map(|alert| alert["alert_id"].as_str()).map(str::to_owned);
            delivered.taken.entry(STDOUT.to_owned()).or_default().extend(printed);
        }
        reach(Point::Told);
        // What a sink has not taken is not remembered, and found again from the same place.
        let is_done = |row: &&AlertRow| row.disposition != "sent" || self.sinks.have(&row.alert_id, &runs.taken, &delivered.taken);
        let (done, waiting): (Vec<&AlertRow>, Vec<&AlertRow>) = rows.iter().partition(is_done);
        for row in &waiting {
            marks.stay(if row.session_id.is_some() { "sessions" } else { "events" }, &seen);
        }
        let done: Vec<AlertRow> = done.into_iter().cloned().collect();
        let waiting: BTreeSet<&str> = waiting.iter().map(|row| row.alert_id.as_str()).collect();
        delivered.taken.values_mut().for_each(|ids| ids.retain(|id| waiting.contains(id.as_str())));
        delivered.taken.retain(|_, ids| !ids.is_empty());
        remember(&lake, &done, &seen, &marks, &delivered.taken, now).await?;
        runs.watermarks = marks.new;
        for (sink, ids) in delivered.taken {
            runs.taken.entry(sink).or_default().extend(ids);
        }
        self.runs = Some(runs);
        delivered.failed.map_or(Ok(told.alerts.len()), |error| Err(error.into()))
    }

    /// Writes what does not stand on standard output yet.
    fn print(
        &mut self,
        settings: &Settings,
        options: &args::Alert,
        monitor: &Monitor,
        alerts: &[Value],
        runs: &AlertRuns,
        told: &mut Told,
    ) -> Result<(), Failure> {
        for alert in alerts {
            let id = alert["alert_id"].as_str().unwrap_or_default();
            let stands = self.printed.contains(id) || runs.taken.get(STDOUT).is_some_and(|ids| ids.contains(id));
            if !stands {
                told.alerts.push(alert.clone());
            }
        }
        for (suppression, count) in monitor.suppressions.counts().filter(|(_, count)| *count > 0) {
            let (title, owner, reason) = (suppression.title.clone(), suppression.owner.clone(), suppression.reason.clone());
            told.suppressed.push(Suppressed { title, owner, reason, count });
        }
        if !options.follow || !told.alerts.is_empty() {
            render::alerts(settings, told)?;
        }
        self.printed.extend(told.alerts.iter().filter_map(|alert| alert["alert_id"].as_str()).map(str::to_owned));
        Ok(())
    }

    /// Says what cannot be used of rules and suppressions, when that changes.
    fn say(&mut self, told: &Told) {
        let now = (told.refused.clone(), told.expired.clone());
        if now != self.said {
            render::bad_rules(&told.refused, &told.expired);
            self.said = now;
        }
    }
}

/// Notes, before they are told, alerts of sessions that nobody knows yet. If this process ends before it remembers them, and the session is known
/// when the next one looks, that one's alert has another id, and says which it completes.
async fn announce(lake: &lake::Lake, rows: &[AlertRow], seen: &Watermarks, taken: &mut Taken, now: i64) -> Result<(), Failure> {
    let announced = taken.entry(ANNOUNCED.to_owned()).or_default();
    let is_orphan = |row: &&AlertRow| row.session_id.is_some() && (row.account_id.is_none() || row.aws_region.is_none());
    let sent = rows.iter().filter(|row| row.disposition == "sent" && !announced.contains(&row.alert_id));
    let ids: BTreeSet<String> = sent.filter(is_orphan).map(|row| row.alert_id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    announced.extend(ids.iter().cloned());
    remember(lake, &[], seen, &Marks::of(&[], seen), &Taken::from([(ANNOUNCED.to_owned(), ids)]), now).await
}

async fn remember(lake: &lake::Lake, rows: &[AlertRow], seen: &Watermarks, marks: &Marks, taken: &Taken, now: i64) -> Result<(), Failure> {
    let is_further = marks.new != *seen;
    if rows.is_empty() && !is_further && taken.is_empty() {
        return Ok(());
    }
    let mut writer = SessionWriter::open(lake).await?;
    let run_id = format!("alert-{now}-{}", std::process::id());
    writer.note_alerts(rows, &run_id, now).await?;
    if !is_further && taken.is_empty() {
        return Ok(());
    }
    let tally = serde_json::json!({"watermarks": marks.new, "taken": taken, "alerts": rows.len()}).to_string();
    let run = lake::RunRow {
        run_id,
        command: "alert".into(),
        source: lake.place().into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        tally,
        started: now,
        ended: crate::settings::now(),
    };
    Ok(writer.note_run(&run).await?)
}

/// Up to where the rules of a run have looked, and will have.
struct Marks {
    old: BTreeMap<&'static str, i64>,
    new: Watermarks,
    names: Vec<String>,
}

impl Marks {
    /// A run begins where the rule that has seen least has stopped.
    fn of(names: &[String], seen: &Watermarks) -> Self {
        let least = |table: &str| {
            let mark = |name: &String| seen.get(name).and_then(|tables| tables.get(table)).copied().unwrap_or(0);
            names.iter().map(mark).min().unwrap_or(0)
        };
        let old = ["sessions", "events"].map(|table| (table, least(table)));
        Self { old: BTreeMap::from(old), new: seen.clone(), names: names.to_vec() }
    }

    fn old(&self, table: &'static str) -> i64 {
        self.old.get(table).copied().unwrap_or(0)
    }

    fn reached(&mut self, table: &'static str, version: i64) {
        for name in &self.names {
            let held = self.new.entry(name.clone()).or_default().entry(table.to_owned()).or_default();
            *held = version.max(*held);
        }
    }

    /// Takes back how far a table was looked at: something in it waits.
    fn stay(&mut self, table: &'static str, seen: &Watermarks) {
        for name in &self.names {
            let old = seen.get(name).and_then(|tables| tables.get(table)).copied();
            let Some(tables) = self.new.get_mut(name) else { continue };
            match old {
                Some(old) => drop(tables.insert(table.to_owned(), old)),
                None => drop(tables.remove(table)),
            }
        }
        self.new.retain(|_, tables| !tables.is_empty());
    }
}

/// Rules, and what is not to be told.
pub(super) struct Monitor {
    rules: Rules,
    suppressions: Suppressions,
    only: Vec<String>,
}

impl Monitor {
    fn load(options: &args::Alert, now: i64, told: &mut Told) -> Result<Self, Failure> {
        let (mut rules, mut errors) = Rules::shipped();
        for path in options.rules.iter().flat_map(|path| rule_files(path)) {
            errors.extend(rules.load(&path.to_string_lossy(), &text_of(&path)?));
        }
        let mut suppressions = Suppressions::default();
        for path in &options.suppress {
            errors.extend(suppressions.load(&path.to_string_lossy(), &text_of(path)?));
        }
        if let Some(unknown) = options.rule.iter().find(|name| !rules.list().any(|rule| rule.rule == **name)) {
            let known: BTreeSet<&str> = rules.list().map(|rule| rule.rule.as_str()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return Err(Failure::usage(format!("no rule is called {unknown}"), format!("there are: {}", known.join(", "))));
        }
        told.refused = errors.iter().map(ToString::to_string).collect();
        told.expired = suppressions.expired(now).map(|suppression| suppression.title.clone()).collect();
        Ok(Self { rules, suppressions, only: options.rule.clone() })
    }

    fn names(&self) -> Vec<String> {
        self.rules.list().filter(|rule| self.wants(rule)).map(|rule| rule.rule.clone()).collect()
    }

    fn wants(&self, rule: &Match) -> bool {
        self.only.is_empty() || self.only.contains(&rule.rule)
    }

    fn matching(&self, source: LogSource, event: &Value) -> Vec<Match> {
        self.rules.matching(source, event).into_iter().filter(|rule| self.wants(rule)).cloned().collect()
    }

    /// Sessions that have something new, or whose alerts name nobody yet.
    async fn changed(&self, reader: &Reader, settings: &Settings, marks: &mut Marks, now: i64) -> Result<BTreeSet<String>, Failure> {
        let from_day = settings.since.map(|since| lake::day_of(since) - 1);
        let after_version = Some(marks.old("sessions")).filter(|version| settings.since.is_none() && *version > 0);
        let new = reader.commands(&CommandFilter { from_day, after_version, ..CommandFilter::default() }).await?;
        let mut ids: BTreeSet<String> = new.iter().map(|command| command.session_id.clone()).collect();
        ids.extend(reader.nameless_sessions(lake::day_of(now - OPEN_DAYS * lake::rows::DAY_MICROS)).await?);
        if let Some(newest) = new.iter().map(|command| command.version).max() {
            marks.reached("sessions", newest);
        }
        Ok(ids)
    }

    /// Matches in what was typed.
    async fn commands(
        &self,
        reader: &Reader,
        settings: &Settings,
        marks: &mut Marks,
        owners: &mut Owners,
        (depth, now): (&Depth, i64),
    ) -> Result<Vec<Found>, Failure> {
        let ids = match depth {
            Depth::Commands(typed) => typed.session_ids.clone(),
            Depth::Everything => self.changed(reader, settings, marks, now).await?,
        };
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let from_day = depth.first_day();
        let (session_ids, logs_from_day) = (Some(ids.clone()), from_day);
        let question = SessionQuestion { session_ids, logs_from_day, now, limit: usize::MAX, ..SessionQuestion::default() };
        let mut sessions = reader.sessions(&question).await?.sessions;
        owners.name(&mut sessions, now).await;
        let commands = reader.commands(&CommandFilter { session_ids: Some(ids), from_day, ..CommandFilter::default() }).await?;
        let mut by_session: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for command in &commands {
            by_session.entry(&command.session_id).or_default().push(command.clone());
        }
        let mut found = Vec::new();
        for session in &sessions {
            let own = by_session.get(session.session_id.as_str()).map_or(&[][..], Vec::as_slice);
            let doubtful = disputed(&session.transcript.logs, own).then(|| session.in_dispute());
            let session = doubtful.as_ref().unwrap_or(session);
            let about = match_of::about(session);
            for command in merged(&session.transcript.logs, own) {
                let event = placed(&command.fields, &about);
                let mut taken = self.matching(LogSource::Session, &event);
                // Shipped rules saw the line before its secrets were hidden.
                let before = |rule: &&Match| command.rules.contains(&rule.rule) && !taken.contains(rule) && self.wants(rule);
                let more: Vec<Match> = self.rules.list().filter(before).cloned().collect();
                taken.extend(more);
                found.extend(taken.into_iter().map(|rule| match_of::command(rule, session, &command, event.clone())));
            }
        }
        Ok(found)
    }

    /// Sessions whose transcript did not come, and transcripts that belong to none.
    async fn findings(&self, reader: &Reader, settings: &Settings, ran_before: bool, now: i64) -> Result<Vec<Found>, Failure> {
        let open = now - OPEN_DAYS * lake::rows::DAY_MICROS;
        let since = settings.since.or(ran_before.then_some(open));
        let question = SessionQuestion { since, now, limit: usize::MAX, ..SessionQuestion::default() };
        let list = reader.sessions(&question).await?;
        let mut found = Vec::new();
        // Where no logs of sessions are read at all, that one lacks says nothing.
        let is_finding = |session: &&Session| list.session_logs > 0 && session.finding.is_some() && !is_awaited(session, now);
        for session in list.sessions.iter().filter(is_finding) {
            let event = of_session(&match_of::about(session), session.transcript.state, &session.transcript.why);
            let taken = self.matching(LogSource::Session, &event);
            found.extend(taken.into_iter().map(|rule| match_of::session(rule, session, event.clone())));
        }
        Ok(found)
    }

    /// Matches in CloudTrail's records.
    async fn records(&self, reader: &Reader, settings: &Settings, marks: &mut Marks) -> Result<Vec<Found>, Failure> {
        let mut taken: Vec<(Vec<Match>, Value)> = Vec::new();
        let old = if settings.since.is_some() { 0 } else { marks.old("events") };
        let newest = reader
            .records(old, settings.since, &mut |record, _| {
                let rules = if taken.len() < RECORDS_MAX { self.matching(LogSource::CloudTrail, &record) } else { Vec::new() };
                if !rules.is_empty() {
                    taken.push((rules, record));
                }
            })
            .await?;
        if taken.len() < RECORDS_MAX {
            marks.reached("events", newest);
        }
        let mut found = Vec::new();
        for (rules, record) in taken {
            let event_id = record["eventID"].as_str().unwrap_or_default().to_owned();
            let question = Question {
                thing: event_id,
                verb: Verb::Show,
                since: None,
                until: None,
                limit: usize::MAX,
                include_reads: true,
                include_denied: true,
                tags: Vec::new(),
                attribute: None,
                evidence: false,
            };
            let changes = reader.answer(&question).await?.changes;
            let account = record["recipientAccountId"].as_str().unwrap_or_default();
            let change = changes.iter().find(|change| change.recipient_account_id == account).or(changes.first());
            found.extend(rules.into_iter().map(|rule| match_of::record(rule, &record, change)));
        }
        Ok(found)
    }

    /// What of the matches is to be told, and what is suppressed; what was told before is left out. `pending`: what some sinks have and others
    /// have not.
    async fn news(
        &mut self,
        reader: &Reader,
        mut found: Vec<Found>,
        pending: &BTreeSet<String>,
        (depth, now): (&Depth, i64),
    ) -> Result<Vec<AlertRow>, Failure> {
        let ids = found.iter().flat_map(|found| [found.id(), found.orphan_id(), found.named_id()]).collect();
        let known = reader.known_alerts(&ids, depth.first_day()).await?;
        found.sort_by_key(|found| (found.row.time, found.row.session_id.clone(), found.place, found.row.rule.clone()));
        let mut rows = Vec::new();
        let mut told = BTreeSet::new();
        for found in found {
            let Some((alert_id, update_of)) = found.due(&known, pending) else { continue };
            if !told.insert(alert_id.clone()) {
                continue;
            }
            let suppressed = self.suppressions.check(&found.row.rule, found.rule_id.as_deref(), found.source, &found.event, now);
            let suppressed_by = suppressed.map(|suppression| suppression.title.clone());
            rows.push(found.row(alert_id, update_of, suppressed_by));
        }
        Ok(rows)
    }
}

/// Whether the record that started a session is likely on its way: its stream came first.
fn is_awaited(session: &Session, now: i64) -> bool {
    let is_streamed = session.transcript.logs.iter().any(|log| matches!(log.form.as_str(), "log_stream" | "subscription"));
    session.finding == Some("orphan") && is_streamed && now.saturating_sub(session.time) < START_MICROS
}

/// The rules of a file, or of the files of a folder, in the order of their names.
pub(super) fn rule_files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let is_rule = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_rule).collect();
    files.sort();
    files
}

pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}", path.display()), "give a readable file of Sigma rules or suppressions")
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > transcript::rules::RULE_BYTES_MAX as u64 {
        return Err(Failure::usage(
            format!("{} is longer than {} bytes", path.display(), transcript::rules::RULE_BYTES_MAX),
            "part it into several files",
        ));
    }
    std::fs::read_to_string(path).map_err(failed)
}

impl Found {
    /// The id to tell it under, and the alert that it completes; none where there is nothing to tell.
    fn due(&self, known: &BTreeMap<String, Known>, pending: &BTreeSet<String>) -> Option<(String, Option<String>)> {
        let is_known = |id: &String| known.contains_key(id);
        let named = self.row.actor_id.is_some();
        let (id, orphan_id, named_id) = (self.id(), self.orphan_id(), self.named_id());
        match known.get(&id) {
            Some(told) if named && told.actor_id.is_none() && !is_known(&named_id) => Some((named_id, Some(id))),
            Some(_) => None,
            None if self.scope != Scope::Orphan && (is_known(&orphan_id) || pending.contains(&orphan_id)) => Some((id, Some(orphan_id))),
            None => Some((id, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;
    use query::Watermarks;
    use std::collections::BTreeMap;

    #[test]
    fn a_rule_that_is_new_begins_at_the_beginning() {
        let seen = Watermarks::from([("sudo".to_owned(), BTreeMap::from([("sessions".to_owned(), 7)]))]);
        let names = ["sudo".to_owned(), "new".to_owned()];
        assert_eq!(Marks::of(&names[..1], &seen).old("sessions"), 7);
        let mut marks = Marks::of(&names, &seen);
        assert_eq!(marks.old("sessions"), 0);
        marks.reached("sessions", 9);
        assert_eq!((marks.new["sudo"]["sessions"], marks.new["new"]["sessions"]), (9, 9));
    }
}
