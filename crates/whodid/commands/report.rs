//! `whodid report`: a period's files for an auditor; a sample of its changes; a check of a report's files.
//!
//! A report says what the lake knew when logs were last read into it, not what it knows at the time of writing: so the same lake gives the same
//! bytes on any day.

use crate::args::{Report, ReportPeriod, ReportVerb};
use crate::commands::asking;
use crate::commands::exceptions::InForce;
use crate::commands::making::Making;
use crate::commands::verify::{Tally, verify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use ::report::{Data, Fault, Language, MANIFEST, Manifest, Period, Previous, Rows};
use lake::Lake;
use query::{Change, Question, REPORT_QUERIES, Reader, ReportSpan, Session, SessionQuestion, SqlRows, Verb};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Sessions of a report, at most.
const SESSIONS_MAX: usize = 50_000;
/// How far before the report before this one corrections are looked for.
const LATE_MICROS: i64 = 90 * 86_400_000_000;
/// Reports of one period, at most: each keeps what it said.
const REVISIONS_MAX: usize = 1_000;
/// Bytes of a report's file that is read again, at most.
const PART_BYTES_MAX: u64 = 1 << 30;
/// Changes of a sample, at most.
const SAMPLE_MAX: usize = 1_000;
/// Queries whose rows are not shown as they are.
const NOT_SHOWN: [&str; 2] = ["elevated", "population"];

/// A report that was written.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    pub(crate) schema: &'static str,
    pub(crate) folder: String,
    pub(crate) manifest: Manifest,
    #[serde(skip)]
    pub(crate) summary: String,
}

/// How a report's files compare with its manifest.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    pub(crate) schema: &'static str,
    pub(crate) parts: usize,
    pub(crate) faults: Vec<Fault>,
}

/// Changes that were drawn.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) schema: &'static str,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) seed: u64,
    pub(crate) population: usize,
    pub(crate) changes: Vec<Change>,
}

pub(crate) async fn run(settings: &Settings, asked: Report) -> Result<Exit, Failure> {
    match asked.verb {
        Some(ReportVerb::Verify { dir, exit_code }) => check(settings, &dir, exit_code),
        Some(ReportVerb::Sample { period, n, seed }) => sample(settings, &self::period(settings, &period)?, n, seed).await,
        None => make(settings, &asked).await,
    }
}

fn period(settings: &Settings, asked: &ReportPeriod) -> Result<Period, Failure> {
    let zone = asked.tz.as_str();
    Ok(match (&asked.date, &asked.from, &asked.to, asked.month.as_ref().or(asked.year.as_ref()), settings.since) {
        (Some(date), ..) => Period::days(date, date, zone)?,
        (_, Some(from), Some(to), ..) => Period::days(from, to, zone)?,
        (.., Some(label), _) => Period::whole(label, zone)?,
        (.., Some(since)) => Period::span(since, settings.until.unwrap_or_else(crate::settings::now), zone)?,
        _ => Period::yesterday(crate::settings::now(), zone)?,
    })
}

async fn make(settings: &Settings, asked: &Report) -> Result<Exit, Failure> {
    let period = self::period(settings, &asked.period)?;
    let mut languages = Vec::new();
    for code in &asked.lang {
        let known = Language::of(code);
        languages.push(known.ok_or_else(|| Failure::usage(format!("--lang {code:?} is no language of reports"), "give en, ja, or both"))?);
    }
    languages.sort_unstable();
    languages.dedup();
    let folder = asked.out.clone().unwrap_or_else(|| Path::new("whodid-reports").join(&period.label));
    let before = match &asked.previous {
        Some(previous) => Some(read_manifest(previous)?),
        None => newest_before(&folder, period.since)?,
    };
    let in_force = InForce::read(settings, &asked.suppress, &asked.rules)?;
    let asking = asking(settings).await?;
    let data = gather(settings, &asking.lake, period, before, (asked.company.clone(), &in_force)).await?;
    let mut making = Making::within(&folder, crate::settings::now())?;
    let manifest = ::report::write(&data, &languages, &mut making)?;
    let folder = free(&folder, &manifest)?;
    let wanted = format!("summary.{}.md", asked.lang.first().map_or("", String::as_str));
    let summary = making.text(&wanted)?;
    making.finish(&folder, &manifest)?;
    let made = Made {
        schema: "whodid.report-made/v1",
        folder: folder.to_string_lossy().into_owned(),
        manifest: Manifest::read(&manifest)?,
        summary,
    };
    render::made(settings, &made)?;
    let findings = made.manifest.opinion != ::report::State::Clear.word();
    Ok(if asked.exit_code && findings { Exit::Found } else { Exit::Done })
}

/// Asks everything that a report is made of.
async fn gather(
    settings: &Settings,
    lake: &Lake,
    period: Period,
    before: Option<(Manifest, Previous)>,
    (company, in_force): (Option<String>, &InForce),
) -> Result<Data, Failure> {
    let as_of = Reader::new(lake).known_until().await?;
    let now = as_of.unwrap_or(period.since);
    let reader = Reader::new(lake).at(now).knowing(settings.configured.clone()).on_one_core();
    let span = ReportSpan { since: period.since, until: period.until, trend: period.trend_since(), version: 0 };
    let mut tables = BTreeMap::new();
    let has_directory = reader.has_directory(period.until).await?;
    reader.read_period(span).await?;
    tracing::debug!(query = "read_period", "asked");
    let is_asked = |name: &str| !matches!(name, "access_rights" | "late_changes" | "population") && (has_directory || name != "assigned");
    for (name, text) in REPORT_QUERIES.iter().filter(|(name, _)| is_asked(name)) {
        let found = reader.report_rows(text, span).await?;
        tracing::debug!(query = name, rows = found.rows.len(), "asked");
        tables.insert((*name).to_owned(), rows(found));
    }
    for (name, is_shown) in [("suppliers", true), ("contractors", false)] {
        if let Some(rows) = tables.get_mut(name) {
            add_companies(rows, &settings.configured, is_shown);
        }
    }
    tables.insert("leavers".into(), rows(reader.leavers(span, &|day| period.end_of(day)).await?));
    tracing::debug!(query = "leavers", "asked");
    tables.insert("causes".into(), rows(reader.machine_causes(span).await?));
    tracing::debug!(query = "causes", "asked");
    let register = tables.get("alerts").map(|alerts| in_force.register(&period, alerts)).unwrap_or_default();
    tables.insert("exceptions".into(), register);
    let (_, coverage) = reader.coverage(Some(period.since), Some(period.until)).await?;
    tables.insert("gaps".into(), gaps(&coverage));
    let (_, of_days) = reader.coverage(Some(period.trend_since()), Some(period.until)).await?;
    tables.insert("gaps_of_days".into(), gaps(&of_days));
    let question = SessionQuestion {
        since: Some(period.since),
        until: Some(period.until),
        session_ids: None,
        logs_from_day: None,
        now,
        limit: SESSIONS_MAX,
    };
    let sessions = reader.sessions(&question).await?;
    tracing::debug!(query = "sessions", "asked");
    reader.forget_pages().await?;
    let entered = tables.remove("elevated").unwrap_or_default();
    tables.insert("sessions".into(), Rows { truncated: sessions.truncated, ..session_rows(&sessions.sessions, &entered) });
    let mut window = settings.clone();
    (window.since, window.until) = (Some(period.since), Some(period.until));
    tables.insert("verdicts".into(), verdicts(&verify(&window, lake, now).await?.tally));
    tracing::debug!(query = "verdicts", "asked");
    // Without a report before this one there is nothing to correct: an empty span.
    let (since, until, version) = before.as_ref().map_or((period.since, period.since, i64::MAX), |(manifest, _)| {
        let version = manifest.lake_versions.get("events").copied();
        (manifest.until_micros - LATE_MICROS, manifest.until_micros, version.unwrap_or(i64::MAX))
    });
    let late = reader.report_rows(query("late_changes"), ReportSpan { since, until, version, ..span }).await?;
    tracing::debug!(query = "late_changes", rows = late.rows.len(), "asked");
    tables.insert("late_changes".into(), rows(late));
    // Last, when little else is in memory: these rows have the longest texts.
    let rights = reader.report_rows_by_time(query("access_rights"), span).await?;
    tracing::debug!(query = "access_rights", rows = rights.rows.len(), "asked");
    reader.forget_window().await?;
    tables.insert("access_rights".into(), rows(reader.add_before(rights).await?));
    tracing::debug!(query = "before", "asked");
    let mut notes = BTreeMap::new();
    let none = |name: &str| tables.get(name).is_none_or(|rows| rows.rows.iter().flatten().flatten().all(|value| value == "0"));
    if none("alert_runs") && none("alerts") {
        notes.insert("alerts".to_owned(), "not_run");
    }
    if !settings.configured.people.has_companies() {
        notes.insert("contractors".to_owned(), "no_companies_known");
    }
    if !has_directory {
        notes.insert("assigned".to_owned(), "no_directory");
        if settings.configured.people.leavers().next().is_none() {
            notes.insert("leavers".to_owned(), "no_leavers_known");
        }
    }
    Ok(Data {
        period,
        as_of,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        company,
        complete: coverage.complete,
        versions: reader.versions().await?,
        queries: REPORT_QUERIES
            .iter()
            .filter(|(name, _)| !NOT_SHOWN.contains(name))
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        configuration: in_force.hashes.clone(),
        notes,
        previous: before.map(|(_, previous)| previous),
        tables,
    })
}

/// The text of a query.
fn query(wanted: &str) -> &'static str {
    REPORT_QUERIES.iter().find(|(name, _)| *name == wanted).map(|(_, text)| *text).unwrap_or_default()
}

fn rows(found: SqlRows) -> Rows {
    Rows { columns: found.columns, rows: found.rows, truncated: found.truncated }
}

/// Puts whose each row's actor is before it, as the configuration says; rows of those of whom it says nothing stay where they are `shown` all the same.
fn add_companies(rows: &mut Rows, configured: &query::Configured, shown: bool) {
    let place = |name: &str| rows.columns.iter().position(|column| column == name);
    let (kind, id) = (place("actor_kind"), place("actor_id"));
    let value = |row: &[Option<String>], place: Option<usize>| place.and_then(|place| row.get(place)?.clone()).unwrap_or_default();
    let company = |row: &Vec<Option<String>>| configured.company(&value(row, kind), &value(row, id)).map(str::to_owned);
    let found =
        std::mem::take(&mut rows.rows).into_iter().map(|row| (company(&row), row)).filter(|(company, _)| shown || company.is_some());
    rows.rows = found.map(|(company, row)| std::iter::once(company).chain(row).collect()).collect();
    rows.columns.insert(0, "company".to_owned());
}

fn gaps(coverage: &query::Coverage) -> Rows {
    let rows = coverage.gaps.iter().filter(|_| !coverage.complete).map(|gap| {
        vec![Some(gap.account_id.clone()), Some(gap.aws_region.clone()), gap.from.clone(), gap.until.clone(), Some(gap.why.to_string())]
    });
    Rows::new(&["account_id", "aws_region", "from", "until", "why"], rows.collect())
}

fn verdicts(tally: &Tally) -> Rows {
    let counts = [
        ("verified", tally.verified),
        ("altered", tally.altered),
        ("missing", tally.missing),
        ("unlisted", tally.unlisted),
        ("pending", tally.pending),
        ("not_covered", tally.not_covered),
        ("not_read", tally.not_read),
        ("digests", tally.digests),
        ("digests_refused", tally.digests_refused),
    ];
    let rows =
        counts.iter().filter(|(_, count)| *count > 0).map(|(verdict, count)| vec![Some((*verdict).to_owned()), Some(count.to_string())]);
    Rows::new(&["verdict", "count"], rows.collect())
}

/// Sessions with what was entered in them; of several logs of one session, the one that shows most counts.
fn session_rows(sessions: &[Session], entered: &Rows) -> Rows {
    let place = |name: &str| entered.columns.iter().position(|column| column == name);
    let places = [place("session_id"), place("object_id"), place("commands"), place("elevates"), place("elevated")];
    let mut counts: BTreeMap<(&str, &str), [u64; 3]> = BTreeMap::new();
    for row in &entered.rows {
        let value = |index: usize| places.get(index).copied().flatten().and_then(|place| row.get(place)?.as_deref()).unwrap_or_default();
        counts.insert((value(0), value(1)), [2, 3, 4].map(|index| value(index).parse().unwrap_or_default()));
    }
    let row = |session: &Session| {
        let of = |log: &query::LogFound| counts.get(&(session.session_id.as_str(), log.object_id.to_string().as_str())).copied();
        let most = session
            .transcript
            .logs
            .iter()
            .filter_map(of)
            .reduce(|one, other| [0, 1, 2].map(|index: usize| one.get(index).max(other.get(index)).copied().unwrap_or_default()));
        let [commands, elevates, elevated] = most.map_or([None, None, None], |most| most.map(|count| Some(count.to_string())));
        let actor = |key: &str| session.actor[key].as_str().map(str::to_owned);
        vec![
            session.start.clone(),
            session.end.clone(),
            actor("kind"),
            actor("id"),
            Some(session.certainty.to_owned()),
            Some(session.kind.to_owned()),
            session.target.clone(),
            session.account_id.clone(),
            session.aws_region.clone(),
            session.run_as_user.clone(),
            session.stated_reason.clone(),
            Some(session.transcript.state.to_owned()),
            commands,
            elevates,
            elevated,
            session.finding.map(str::to_owned),
            Some(session.session_id.clone()),
            session.event_ids.first().cloned(),
        ]
    };
    let columns = [
        "start",
        "end",
        "actor_kind",
        "actor_id",
        "certainty",
        "session_kind",
        "target",
        "account_id",
        "aws_region",
        "run_as_user",
        "stated_reason",
        "transcript",
        "commands",
        "elevates",
        "elevated",
        "finding",
        "session_id",
        "event_id",
    ];
    Rows::new(&columns, sessions.iter().map(row).collect())
}

async fn sample(settings: &Settings, period: &Period, n: usize, seed: u64) -> Result<Exit, Failure> {
    if n == 0 || n > SAMPLE_MAX {
        return Err(Failure::usage(format!("a sample has 1 to {SAMPLE_MAX} changes"), "whodid report sample --n 25 --seed 20261120"));
    }
    let asking = asking(settings).await?;
    let reader = Reader::new(&asking.lake).knowing(settings.configured.clone());
    let now = reader.known_until().await?.unwrap_or(period.since);
    let reader = reader.at(now);
    let span = ReportSpan { since: period.since, until: period.until, trend: period.trend_since(), version: 0 };
    let rows = reader.report_rows(query("population"), span).await?;
    if rows.truncated {
        return Err(Failure::usage("the period has more changes than a sample is drawn from", "ask for a shorter one"));
    }
    let population = rows.rows.len();
    let key = |row: &Vec<Option<String>>| row.iter().take(2).flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut changes = Vec::new();
    for drawn in ::report::draw(rows.rows, n, seed, key) {
        let (event_id, account_id) = (drawn.first().cloned().flatten().unwrap_or_default(), drawn.get(1).cloned().flatten());
        let question = Question {
            thing: event_id.clone(),
            verb: Verb::Show,
            since: None,
            until: None,
            attribute: None,
            limit: SAMPLE_MAX,
            include_reads: false,
            include_denied: false,
            tags: Vec::new(),
            evidence: true,
        };
        let answer = reader.answer(&question).await?;
        let same = |change: &Change| change.event_id == event_id && Some(&change.recipient_account_id) == account_id.as_ref();
        changes.extend(answer.changes.into_iter().find(same));
    }
    let (from, until) = (event::time::rfc3339(period.since), event::time::rfc3339(period.until));
    render::sample(settings, &Sample { schema: "whodid.report-sample/v1", from, until, seed, population, changes })?;
    Ok(Exit::Done)
}

fn check(settings: &Settings, dir: &Path, exit_code: bool) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", dir.display()), "give the folder of a report");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What is no file, or too large to be a part, is extra or altered all the same.
        let part = entry.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= PART_BYTES_MAX);
        files.insert(name, if part { std::fs::read(entry.path()).map_err(failed)? } else { Vec::new() });
    }
    let (manifest, _) = read_manifest(dir)?;
    let said = manifest.previous.as_ref();
    let beside: Vec<(Vec<u8>, Previous)> =
        beside(dir)?.into_iter().map(|(_, bytes, manifest)| (bytes.clone(), manifest.previous(&bytes))).collect();
    let of_period: Vec<_> = beside.iter().filter(|(_, found)| said.is_some_and(|said| said.period == found.period)).collect();
    let before = of_period.iter().find(|(_, found)| Some(found) == said).or(of_period.first()).map(|(bytes, _)| bytes.as_slice());
    let faults = ::report::verify(&files, before)?;
    let verified = Verified { schema: "whodid.report-verify/v1", parts: manifest.parts.len(), faults };
    render::report_verified(settings, &verified)?;
    Ok(if exit_code && !verified.faults.is_empty() { Exit::Found } else { Exit::Done })
}

fn read_manifest(folder: &Path) -> Result<(Manifest, Previous), Failure> {
    let path = folder.join(MANIFEST);
    let failed = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}", path.display()), "give the folder of a report that whodid made")
    };
    let bytes = std::fs::read(&path).map_err(failed)?;
    let manifest = Manifest::read(&bytes)?;
    let previous = manifest.previous(&bytes);
    Ok((manifest, previous))
}

/// Reports beside a folder: its place, its manifest's bytes, and what these say. What is no report is passed over.
fn beside(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>, Manifest)>, Failure> {
    let folder = std::path::absolute(folder)?;
    let Some(parent) = folder.parent() else { return Ok(Vec::new()) };
    let entries = match std::fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path == folder {
            continue;
        }
        if let Ok(bytes) = std::fs::read(path.join(MANIFEST))
            && let Ok(manifest) = Manifest::read(&bytes)
        {
            found.push((path, bytes, manifest));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// The newest report beside a folder whose period ended by then; of several of one period, the last that was made.
fn newest_before(folder: &Path, since: i64) -> Result<Option<(Manifest, Previous)>, Failure> {
    let reports = beside(folder)?.into_iter().filter(|(_, _, manifest)| manifest.until_micros <= since);
    let newest = reports.max_by_key(|(_, _, manifest)| (manifest.until_micros, manifest.lake_versions.values().sum::<i64>()));
    Ok(newest.map(|(_, bytes, manifest)| {
        let previous = manifest.previous(&bytes);
        (manifest, previous)
    }))
}

/// Where a report is written: the folder, if it holds none or this one; else the next that is free. What was once said stays.
fn free(folder: &Path, manifest: &[u8]) -> Result<PathBuf, Failure> {
    for revision in 1..=REVISIONS_MAX {
        let mut name = folder.as_os_str().to_owned();
        if revision > 1 {
            name.push(format!(".r{revision}"));
        }
        let place = PathBuf::from(name);
        match std::fs::read(place.join(MANIFEST)) {
            Ok(held) if held == manifest => return Ok(place),
            Ok(_) => tracing::warn!(folder = %place.display(), "holds another report of this period, which stays"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(place),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::usage(format!("{} and its revisions hold other reports", folder.display()), "give another folder to --out"))
}
