//! Sources of a run, opened; of log groups where the last run ended in, and how far this one got noted.

use crate::commands::ingest::{OBJECT_BYTES_MAX, Summary, object_row};
use crate::commands::session_logs::{self, SessionLogs};
use crate::commands::{directory, discover};
use crate::failure::Failure;
use crate::settings::{Filter, Settings};
use event::Reason;
use event::log_key::Kind;
use lake::sessions::{SessionLog, holds_session};
use lake::{Lake, RunRow, Writer};
use query::{LOG_GROUP_RUN, Reader};
use source::{Listed, LogGroup, Reading, Shape, Source};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much further a group must have been read before that is noted again: the next run looks further back than this by itself.
const NOTED_EVERY_MICROS: i64 = 600 * 1_000_000;

/// The sources of a run.
pub(crate) struct Opened {
    pub(crate) sources: Vec<discover::Opened>,
    /// Those of them that are log groups.
    pub(crate) groups: Vec<Group>,
}

/// A log group, and up to when it was noted to be read.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) source: Arc<LogGroup>,
    filter: Filter,
    noted: Option<i64>,
    /// What was found until then is being read; none where nobody else asks the group meanwhile.
    read_until: Option<i64>,
}

impl Group {
    /// The group as it is to be read, while it is asked for more.
    pub(crate) fn until_now(&self) -> Self {
        Self { read_until: self.source.seen_until(), ..self.clone() }
    }

    /// The group as any other source.
    pub(crate) fn opened(&self) -> discover::Opened {
        discover::Opened { source: Arc::clone(&self.source) as Arc<dyn Source>, filter: self.filter.clone() }
    }
}

/// Opens what the user named.
pub(crate) async fn open(settings: &Settings, lake: &Lake, names: &[String]) -> Result<Opened, Failure> {
    let mut opened = Opened { sources: Vec::new(), groups: Vec::new() };
    for name in names {
        let spec = settings.source_named(name);
        if directory::is_directory(spec) {
            continue;
        }
        let is_group = source::is_log_group(spec);
        if !is_group {
            opened.sources.extend(discover::open(settings, std::slice::from_ref(name)).await?);
            continue;
        }
        if settings.offline {
            return Err(Failure::usage(format!("--offline, and {spec} is in CloudWatch Logs"), "name a folder, or leave --offline out"));
        }
        let reading = Reading { since: settings.since, until: settings.until, seen_until: None, now: crate::settings::now, shape };
        let mut group = LogGroup::open(spec, &settings.options_of(name), reading).await?;
        let noted = Reader::new(lake).log_group_seen_until(&group.checkpoint_name()).await?;
        group.resume(noted);
        let source = Arc::new(group);
        let group = Group { source, filter: settings.filter_of(name), noted, read_until: None };
        opened.sources.push(group.opened());
        opened.groups.push(group);
    }
    Ok(opened)
}

/// What a log stream holds. CloudTrail's are called so (CloudTrail User Guide, "CloudWatch log group and log stream naming").
fn shape(stream: &str, entry: &str) -> Shape {
    const RECORDS: [&str; 4] = ["\"eventSource\"", "\"eventID\"", "\"detail-type\"", "\"Records\""];
    if holds_session(stream, entry) {
        Shape::Whole
    } else if stream.contains("_CloudTrail_") || (entry.starts_with('{') && RECORDS.iter().any(|name| entry.contains(name))) {
        Shape::Slices
    } else {
        Shape::Other
    }
}

/// Whether a run could read everything.
pub(crate) fn is_whole(summary: &Summary) -> bool {
    !summary.problems.iter().any(|problem| problem.reason == "unlisted" || problem.reason == Reason::Unreadable.code())
}

/// Notes how far the groups were read, unless the run could not read everything: then the next one begins where this one did.
pub(crate) async fn note(groups: &mut [Group], writer: &mut Writer, summary: &Summary, started: i64) -> Result<(), Failure> {
    if !is_whole(summary) {
        return Ok(());
    }
    for Group { source, noted, read_until, .. } in groups {
        let Some(seen_until) =
            read_until.or(source.seen_until()).filter(|seen| noted.is_none_or(|noted| seen - noted >= NOTED_EVERY_MICROS))
        else {
            continue;
        };
        let run = RunRow {
            run_id: format!("log-group-{started}-{}", std::process::id()),
            command: LOG_GROUP_RUN.into(),
            source: source.checkpoint_name(),
            tool_version: env!("CARGO_PKG_VERSION").into(),
            tally: "{}".into(),
            started,
            ended: seen_until,
        };
        writer.note_run(&run).await?;
        *noted = Some(seen_until);
    }
    Ok(())
}

/// Sessions in which something was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) session_ids: BTreeSet<String>,
    /// The first day of their logs, counted from 1970, by the node's clock or CloudWatch's, whichever is earlier: the lake has nothing of these
    /// logs from before, and nothing of them was told before.
    pub(crate) from_day: Option<i32>,
}

impl Typed {
    fn of(log: &SessionLog, begun: Option<i64>, now: i64) -> Self {
        let day = log.day(now).min(lake::day_of(begun.unwrap_or(now)));
        Self { session_ids: BTreeSet::from([log.session_id.clone()]), from_day: Some(day) }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.session_ids.extend(other.session_ids);
        self.from_day = self.from_day.into_iter().chain(other.from_day).min();
    }
}

/// Reads logs of sessions that began or went on: what a person typed is then ready to be written. Returns the sessions.
pub(crate) async fn read(logs: &mut SessionLogs, group: &LogGroup, news: &[Listed]) -> Result<Typed, Failure> {
    let now = crate::settings::now();
    let mut typed = Typed::default();
    for listed in news {
        let bytes = group.fetch(listed, OBJECT_BYTES_MAX).await?;
        let read = session_logs::read(object_row(listed, "read"), Kind::Unplaced, &listed.key, &bytes);
        for log in read.iter().flat_map(|read| &read.logs) {
            typed.add(Typed::of(log, group.begun(&listed.key), now));
        }
        logs.waiting.extend(read);
    }
    Ok(typed)
}

/// Writes what was read, and nothing else: what a person typed is in the lake before the next look at everything.
pub(crate) async fn write(logs: &mut SessionLogs) -> Result<(), Failure> {
    let started = crate::settings::now();
    let mut summary = Summary::default();
    logs.commit(&format!("{started}-{}", std::process::id()), started, &mut summary).await?;
    summary.warn();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_looked_up_from_its_first_day_on_whichever_clock_says_so() {
        let day = lake::rows::DAY_MICROS;
        let log = |from: i64| SessionLog { session_id: "a-1".into(), span: Some((from * day, 20 * day)), ..SessionLog::default() };
        for (node, begun, expected) in [(17, Some(17), 17), (17, Some(18), 17), (40, Some(18), 18), (3, Some(18), 3), (19, None, 19)] {
            let mut typed = Typed::of(&log(node), begun.map(|begun| begun * day), 20 * day);
            assert_eq!(typed.from_day, Some(expected), "{node} {begun:?}");
            typed.add(Typed::of(&log(19), Some(19 * day), 20 * day));
            assert_eq!(typed.from_day, Some(expected.min(19)), "the earliest of all");
        }
    }

    #[test]
    fn streams_are_known_by_name_or_by_what_they_hold() {
        let entry = r#"{"eventVersion":"1.0","eventTime":"2026-11-20T01:02:03Z","sessionId":"a-0a1b2c3d4e5f67890","sessionData":["x"]}"#;
        let record = r#"{"eventVersion":"1.11","eventSource":"ssm.amazonaws.com","eventID":"x"}"#;
        for (stream, entry, expected) in [
            ("sato@example.co.jp-0a1b2c3d4e5f67890", "sh-4.2$ ls", Shape::Whole),
            ("app/ecs-execute-command-0a1b2c3d4e5f67890", "sh-4.2$ ls", Shape::Whole),
            ("any/name", entry, Shape::Whole),
            ("111122223333_CloudTrail_eu-west-1_3", record, Shape::Slices),
            ("o-1a2b3c_111122223333_CloudTrail_eu-west-1", "damaged", Shape::Slices),
            ("any", record, Shape::Slices),
            ("app/web/0a1b2c3d4e5f67890", "GET /", Shape::Other),
            ("../../etc/passwd\u{1b}[2J", "sh-4.2$ sudo id", Shape::Other),
        ] {
            assert_eq!(shape(stream, entry), expected, "{stream}");
        }
    }
}
