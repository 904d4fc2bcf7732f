//! What digests say of the objects that an answer rests on, and of the window that was asked about.
//!
//! Verdicts are worked out for each question, from the pages that ingest keeps and the time of the question: an object that waits for its
//! digest today is verified or unlisted tomorrow, without anything being written.

use crate::answer::CoverageGap;
use crate::error::{Error, Result};
use crate::hits::{self, text};
use crate::reader::Reader;
use crate::trace::{Question, Verb};
use datafusion::arrow::array::{Array as _, ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::common::{JoinType, ScalarValue};
use datafusion::logical_expr::{col, lit};
use digest::{Ask, DELIVERY_DELAY, Fault, Findings, LogFact, LogFinding, Verdict, Verifier, Why};
use event::resource::{Look, looks_like};
use event::time::rfc3339;
use identity::Resolution;
use lake::{DigestPages, Digests, LedgerObject, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Days from that on which a session began in which it may still be used: role sessions last 12 hours, the console's as long.
const SESSION_DAYS: i32 = 2;
/// Values in one list of a query, at most.
const VALUES_MAX: usize = 150;

/// The digests of a lake, as they were when they were first asked for.
pub(crate) struct Known {
    digests: Digests,
    verifier: Mutex<Verifier<DigestPages>>,
}

/// Sessions and events for which there is no more than an object that is not what CloudTrail delivered.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    sessions: BTreeSet<String>,
    events: BTreeSet<String>,
}

/// Nothing of it is kept: a report is asked for its coverage.
struct Unheard;

impl Findings for Unheard {
    fn log(&mut self, _: &LogFinding<'_>) {}
    fn digest(&mut self, _: &str, _: Fault, _: bool) {}
}

fn failed(error: digest::Error) -> Error {
    Error::Query { source: error.into() }
}

impl Known {
    fn new(digests: Digests) -> Self {
        let verifier = Mutex::new(digests.verifier());
        Self { digests, verifier }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Verifier<DigestPages>) -> std::result::Result<T, digest::Error>) -> Result<T> {
        work(&mut self.verifier.lock().unwrap_or_else(PoisonError::into_inner)).map_err(failed)
    }
}

/// The objects of a batch with [`LedgerObject::COLUMNS`].
pub(crate) fn ledger_objects(batch: &RecordBatch) -> Result<Vec<LedgerObject>> {
    let (object, sha256) = (text(batch, "object")?, text(batch, "sha256")?);
    let numbers = [hits::number(batch, "modified")?, hits::number(batch, "size")?, hits::number(batch, "uncompressed")?];
    let numbers = |row| numbers.map(|column| column.is_valid(row).then(|| column.value(row)));
    Ok((0..batch.num_rows()).map(|row| LedgerObject::new(object.value(row), sha256.value(row), numbers(row))).collect())
}

impl Reader {
    /// The digests of the lake, if any was ever read.
    pub(crate) async fn known(&self) -> Result<Option<&Known>> {
        let load = async || Ok::<_, Error>(self.lake().digests().await?.map(Known::new));
        Ok(self.known_cell().get_or_try_init(load).await?.as_ref())
    }

    /// What digests say of each object, in their order.
    pub(crate) async fn verdicts(&self, objects: &[LedgerObject]) -> Result<Vec<Verdict>> {
        let Some(known) = self.known().await? else { return Ok(vec![Verdict::NotCovered; objects.len()]) };
        let places: Vec<_> = objects.iter().map(|object| known.digests.recorded(&object.uri)).collect();
        let asked = objects.iter().zip(&places);
        let facts: Vec<LogFact<'_>> = asked
            .filter_map(|(object, uri)| {
                let uri = uri.as_deref()?;
                Some(LogFact { uri, sha256: object.sha256, modified: object.modified })
            })
            .collect();
        let mut verdicts = known.with(|verifier| verifier.judge(&facts, self.now()))?.into_iter();
        // An object of a place that no digest speaks of is not covered.
        Ok(places.iter().map(|place| place.as_ref().and_then(|_| verdicts.next()).unwrap_or(Verdict::NotCovered)).collect())
    }

    /// Puts what digests say into the column `integrity` of the table `objects`, for a user's query.
    pub(crate) async fn show_verdicts(&self) -> Result<()> {
        let objects = self.context().await?.table("objects").await?;
        let logs = objects.clone().filter(col("kind").eq(lit("cloudtrail")))?;
        let (mut numbers, mut logs_found) = (Vec::new(), Vec::new());
        for batch in logs.select_columns(&[&["object_id"][..], &LedgerObject::COLUMNS].concat())?.distinct()?.collect().await? {
            let number = hits::number(&batch, "object_id")?;
            numbers.extend((0..batch.num_rows()).map(|row| number.value(row)));
            logs_found.extend(ledger_objects(&batch)?);
        }
        let verdicts = self.verdicts(&logs_found).await?;
        let of_number: BTreeMap<i64, &str> = numbers.into_iter().zip(verdicts.iter().map(|verdict| verdict.name())).collect();
        let columns: [(&str, ArrayRef); 2] = [
            ("log_id", Arc::new(of_number.keys().copied().collect::<Int64Array>())),
            ("verdict", Arc::new(of_number.values().copied().map(Some).collect::<StringArray>())),
        ];
        let batch = RecordBatch::try_from_iter(columns).map_err(|error| Error::Query { source: error.into() })?;
        let column = |name: &String| if name == "integrity" { col("verdict").alias(name.as_str()) } else { col(name.as_str()) };
        let names: Vec<String> = objects.schema().fields().iter().map(|field| field.name().clone()).collect();
        let verdicts = self.context().await?.read_batch(batch)?;
        let joined = objects.join(verdicts, JoinType::Left, &["object_id"], &["log_id"], None)?;
        let view = joined.select(names.iter().map(column).collect::<Vec<_>>())?.into_view();
        self.context().await?.deregister_table("objects")?;
        self.context().await?.register_table("objects", view)?;
        Ok(())
    }

    /// Why the logs of a window are not known to be whole; empty if they are. `scopes` are the accounts and regions of which there are
    /// logs; `None` where there are no digests at all.
    pub(crate) async fn uncovered(
        &self,
        from: Option<i64>,
        until: Option<i64>,
        scopes: &BTreeSet<(String, String)>,
    ) -> Result<Option<Vec<CoverageGap>>> {
        let Some(known) = self.known().await? else { return Ok(None) };
        let gap = |(account_id, aws_region): &(String, String), from: Option<i64>, until: Option<i64>, why: &str| CoverageGap {
            account_id: account_id.clone(),
            aws_region: aws_region.clone(),
            from: from.map(rfc3339),
            until: until.map(rfc3339),
            why: why.to_owned(),
        };
        let (Some(from), Some(end)) = (from, until) else {
            let why = "digests come an hour late and more, so a window that does not end (--until) is never whole";
            return Ok(Some(scopes.iter().map(|scope| gap(scope, from, until, why)).collect()));
        };
        let now = self.now();
        let ask = Ask { now, from: Some(from), until: end.saturating_add(DELIVERY_DELAY).min(now) };
        let report = known.with(|verifier| verifier.report(ask, &mut Unheard))?;
        let mut open: BTreeSet<&(String, String)> = scopes.iter().collect();
        let mut gaps = Vec::new();
        for coverage in &report.coverage {
            let scope = (coverage.scope.account_id.clone(), coverage.scope.aws_region.clone());
            open.remove(&scope);
            if coverage.complete(from, end) {
                continue;
            }
            let told = coverage.gaps.iter().map(|hole| gap(&scope, hole.from, Some(hole.until), &hole.why.name().replace('_', " ")));
            let before = gaps.len();
            gaps.extend(told);
            if gaps.len() == before {
                gaps.push(gap(&scope, Some(from), Some(end), "no verified digest covers all of it, and what may be delivered late"));
            }
        }
        gaps.extend(open.into_iter().map(|scope| gap(scope, Some(from), Some(end), "no verified digest covers it")));
        gaps.extend(
            self.unparsed()
                .await?
                .iter()
                .map(|scope| gap(scope, Some(from), Some(end), "some input could not be understood (table rejects)")),
        );
        Ok(Some(gaps))
    }

    /// Times of an account's log in a region of which digests show that something is missing, altered, unread or cut out of the chain; in
    /// microseconds since 1970. Nothing where no digests are known.
    pub(crate) async fn broken(&self, account: &str, region: &str, since: i64, until: i64) -> Result<Vec<(i64, i64)>> {
        let Some(known) = self.known().await? else { return Ok(Vec::new()) };
        // Gaps are told in times of delivery, which comes after the event.
        let ask = Ask { now: self.now(), from: Some(since), until: until.saturating_add(DELIVERY_DELAY).min(self.now()) };
        let report = known.with(|verifier| verifier.report(ask, &mut Unheard))?;
        let here = report.coverage.iter().filter(|coverage| coverage.scope.account_id == account && coverage.scope.aws_region == region);
        let gaps = here.flat_map(|coverage| &coverage.gaps).filter(|gap| hides_something(gap.why));
        Ok(gaps.map(|gap| (gap.from.unwrap_or(i64::MIN).saturating_sub(DELIVERY_DELAY), gap.until)).collect())
    }

    /// Accounts and regions of which something was rejected.
    async fn unparsed(&self) -> Result<Vec<(String, String)>> {
        self.need(&[Table::Objects, Table::Rejects]).await?;
        let batches = self.run(include_str!("../../../queries/trace/unparsed.sql"), Vec::new()).await?;
        let mut found = Vec::new();
        for batch in &batches {
            let (account, region) = (text(batch, "account_id")?, text(batch, "aws_region")?);
            found.extend((0..batch.num_rows()).map(|row| (account.value(row).to_owned(), region.value(row).to_owned())));
        }
        Ok(found)
    }

    /// Which of the sessions and events that resolutions rest on are told by an altered or unlisted object. A session is in doubt if any of
    /// its records lies in one, since each could have added to what is believed of it; an event that was recorded twice, if both do.
    pub(crate) async fn doubts<'r>(&self, resolutions: impl Iterator<Item = &'r Resolution>) -> Result<Doubts> {
        let mut doubts = Doubts::default();
        if self.known().await?.is_none() {
            return Ok(doubts);
        }
        let mut sessions: BTreeMap<i32, BTreeSet<&str>> = BTreeMap::new();
        let mut issues: BTreeMap<i32, BTreeSet<&str>> = BTreeMap::new();
        for credential in resolutions.flat_map(|resolution| &resolution.chain) {
            // An id begins with the day of the session's creation, in five hexadecimal digits; none for a user's own key, who is named by
            // each of its records alone.
            let day = credential.credential_id.get(..5).and_then(|day| i32::from_str_radix(day, 16).ok());
            if let Some(day) = day.filter(|day| *day > 0) {
                sessions.entry(day).or_default().insert(&credential.credential_id);
            }
            if let Some(issued) = &credential.issued_by {
                issues.entry(lake::day_of(issued.event_time)).or_default().extend(issued.event_ids.iter().map(String::as_str));
            }
        }
        for (day, ids) in sessions {
            let found = self.objects_of("credential_id", (day, day + SESSION_DAYS), &ids).await?;
            let places = self.places(found.iter().map(|(_, object_id)| *object_id).collect()).await?;
            let doubtful = found.into_iter().filter(|(_, object_id)| places.is_doubtful(*object_id));
            doubts.sessions.extend(doubtful.map(|(id, _)| id));
        }
        for (day, ids) in issues {
            let found = self.objects_of("event_id", (day, day), &ids).await?;
            let places = self.places(found.iter().map(|(_, object_id)| *object_id).collect()).await?;
            let (doubtful, sound): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, object_id)| places.is_doubtful(*object_id));
            let sound: BTreeSet<String> = sound.into_iter().map(|(id, _)| id).collect();
            doubts.events.extend(doubtful.into_iter().map(|(id, _)| id).filter(|id| !sound.contains(id)));
        }
        Ok(doubts)
    }

    /// The objects in which events with these values lie.
    async fn objects_of(&self, column: &str, days: (i32, i32), values: &BTreeSet<&str>) -> Result<BTreeSet<(String, i64)>> {
        self.need(&[Table::Events]).await?;
        let values: Vec<&str> = values.iter().copied().collect();
        let mut found = BTreeSet::new();
        for part in values.chunks(VALUES_MAX) {
            let day = |day| lit(ScalarValue::Date32(Some(day)));
            let list = part.iter().map(|value| lit(*value)).collect();
            let condition = col("dt").between(day(days.0), day(days.1)).and(col(column).in_list(list, false));
            let frame =
                self.context().await?.table("events").await?.filter(condition)?.select_columns(&[column, "object_id"])?.distinct()?;
            for batch in frame.collect().await? {
                let (value, number) = (text(&batch, column)?, hits::number(&batch, "object_id")?);
                found.extend((0..batch.num_rows()).map(|row| (value.value(row).to_owned(), number.value(row))));
            }
        }
        Ok(found)
    }
}

/// Whether a gap may hide a record that there was. That digests did not begin yet, or are not there yet, says nothing of that.
fn hides_something(why: Why) -> bool {
    why.is_tampering() || matches!(why, Why::LogNotRead | Why::DigestNotRead | Why::ValidationRestarted | Why::TimesApart)
}

impl Doubts {
    /// Why a resolution of a call is worth no more than a claim, if it is.
    pub(crate) fn of(&self, hit_is_doubtful: bool, resolution: &Resolution) -> Option<&'static str> {
        let of_session = |credential: &identity::Credential| {
            self.sessions.contains(&credential.credential_id)
                || credential.issued_by.as_ref().is_some_and(|issued| issued.event_ids.iter().all(|id| self.events.contains(id)))
        };
        match () {
            () if hit_is_doubtful => Some("the record lies in an object that is not what CloudTrail delivered"),
            () if resolution.chain.iter().any(of_session) => {
                Some("records of a session on the way lie in an object that is not what CloudTrail delivered")
            }
            () => None,
        }
    }
}

/// Why a question is about calls of which it is not known that trails record them; `None` for management calls that write.
pub(crate) fn unrecorded(question: &Question) -> Option<&'static str> {
    let thing = question.thing.trim();
    let is_object = match looks_like(thing) {
        Look::Arn => thing.split(':').nth(2) == Some("s3") && thing.contains('/'),
        Look::S3Url => thing.trim_start_matches("s3://").contains('/'),
        Look::ResourceId | Look::Bare => false,
        // An id that may be a call's, or a principal, whose calls may be of any kind.
        _ => true,
    };
    match () {
        () if question.include_reads => Some("that calls which only read are recorded is not known"),
        () if is_object || matches!(question.verb, Verb::By | Verb::Show) => {
            Some("it may be a call on data, and that those are recorded is not known")
        }
        () => None,
    }
}
