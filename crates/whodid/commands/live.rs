//! `--live`: CloudTrail's event history is asked too, and put over the lake for one question; without a lake it is all there is.
//!
//! The same decoding, identities and walk as for any logs: what it gave is committed to a lake in memory over the user's, which stays as
//! it is. A record that the lake has as well stays the lake's, which digests may cover. For sessions whose issuing event is missing, that
//! is looked up too. The answer says what was asked, and what that cannot show.

use crate::args::Format;
use crate::commands::{Asking, asking};
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use event::Decoder;
use event::resource::{Look, looks_like, spellings};
use event::time::rfc3339;
use lake::{Lake, ObjectRow, Rows, Table, Writer};
use query::{Answer, Configured, LiveCoverage, LiveLookup, Question, Reader, Verb};
use source::{Attribute, EventHistory, HISTORY_DAYS, HistoryEvent, LOOKUP_VALUE_LETTERS_MAX, Lookup};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Lookups that one question begins with.
const LOOKUPS_MAX: usize = 4;
/// Pages of one lookup.
const PAGES_MAX: u32 = 20;
/// Requests of one question: at two a second, half a minute.
const REQUESTS_MAX: u64 = 60;
/// Sessions whose issuing event is looked up, for one question.
const FOLLOWED_MAX: usize = 10;
/// How far before the last event of the lake is looked again: what a trail delivers late.
const OVERLAP_MICROS: i64 = 3_600 * 1_000_000;
/// How long before a call its session may have begun: a chain of role sessions and a sign-in of 12 hours each.
const SESSION_MICROS: i64 = 36 * 3_600 * 1_000_000;

const DAY_MICROS: i64 = 86_400_000_000;

/// What is looked up: an attribute and its value, or all events.
type Sought = Option<(Attribute, String)>;

/// Answers with event history over the user's lake, if there is one.
pub(crate) async fn answer(settings: &Settings, question: &Question) -> Result<Answer, Failure> {
    let asking = asking(settings).await?;
    let base = match asking.lake.open(Table::Events).await {
        Ok(_) => Some(asking),
        Err(lake::Error::Absent { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let history = EventHistory::open(&settings.source_options()).await?;
    Live::open(settings, base, history).await?.answer(question).await
}

/// Answers by event history alone where the user has no lake yet and has credentials; `None` where there are none.
pub(crate) async fn without_lake(settings: &Settings, question: &Question) -> Result<Option<Answer>, Failure> {
    let history = match EventHistory::open(&settings.source_options()).await {
        Ok(history) => history,
        Err(source::Error::Credentials { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Programs read it from `coverage.live`.
    if settings.format == Format::Human {
        render::note(&format!(
            "whodid: there is no lake yet; asking CloudTrail's event history of account {} in {}\n",
            render::plain(history.account_id()),
            render::plain(history.aws_region())
        ));
    }
    Live::open(settings, None, history).await?.answer(question).await.map(Some)
}

/// A lake that is added to for one question.
struct Live {
    base: Option<Asking>,
    lake: Lake,
    writer: Writer,
    decoder: Decoder,
    history: EventHistory,
    asked: BTreeSet<Sought>,
    seen: BTreeSet<String>,
    /// Keys of sessions that events which were looked up by their caller gave out.
    given_out: BTreeSet<String>,
    /// Whether there were more sessions to follow than one question may.
    was_cut: bool,
    coverage: LiveCoverage,
    configured: Arc<Configured>,
    now: i64,
}

impl Live {
    async fn open(settings: &Settings, base: Option<Asking>, history: EventHistory) -> Result<Self, Failure> {
        // AWS counts in whole seconds.
        let now = crate::settings::now() / 1_000_000 * 1_000_000;
        let lake = Lake::over(base.as_ref().map(|base| &base.lake))?;
        let writer = Writer::open(&lake).await?;
        let coverage = LiveCoverage {
            account_id: history.account_id().to_owned(),
            aws_region: history.aws_region().to_owned(),
            from: rfc3339(now),
            until: rfc3339(now),
            with_lake: base.is_some(),
            lookups: Vec::new(),
            events: 0,
            duplicate: 0,
            rejected: 0,
            requests: 0,
            lacks: Vec::new(),
        };
        let decoder = Decoder::new(settings.hash_key()?);
        Ok(Self {
            configured: Arc::clone(&settings.configured),
            base,
            lake,
            writer,
            decoder,
            history,
            asked: BTreeSet::new(),
            seen: BTreeSet::new(),
            given_out: BTreeSet::new(),
            was_cut: false,
            coverage,
            now,
        })
    }

    async fn answer(mut self, question: &Question) -> Result<Answer, Failure> {
        let until = question.until.unwrap_or(self.now).min(self.now);
        let from = self.from(question).await?.min(until);
        let sought = sought(question);
        let mut whole_from = from;
        for what in &sought {
            // One event is one request, wherever in the history it lies.
            let one = matches!(what, Some((Attribute::EventId, _)));
            whole_from = whole_from.max(self.look_up(what.clone(), if one { self.reach() } else { from }, until).await?);
        }
        self.coverage.from = rfc3339(whole_from);
        self.coverage.until = rfc3339(until);
        let mut answer = self.ask(question).await?;
        let mut left = FOLLOWED_MAX;
        loop {
            let before = self.seen.len();
            // What somebody did is recorded under the names of the sessions that they opened: by their keys it is found.
            let opened = if question.verb == Verb::By { std::mem::take(&mut self.given_out) } else { BTreeSet::new() };
            for access_key_id in opened {
                self.follow(&mut left, Attribute::AccessKeyId, access_key_id, from, until).await?;
            }
            for (access_key_id, event_time) in unexplained(&answer) {
                let from = (event_time - SESSION_MICROS).max(self.reach());
                self.follow(&mut left, Attribute::ResourceName, access_key_id, from, event_time.max(until)).await?;
            }
            if self.seen.len() == before {
                break;
            }
            answer = self.ask(question).await?;
        }
        // What was followed counts as asked, though it found nothing.
        self.finish();
        answer.coverage.live = Some(self.coverage.clone());
        self.say_where_it_ends(&mut answer);
        Ok(answer)
    }

    /// Looks up a session's key, unless that was done, or too many were.
    async fn follow(&mut self, left: &mut usize, attribute: Attribute, key: String, from: i64, until: i64) -> Result<(), Failure> {
        let what = Some((attribute, key));
        if self.asked.contains(&what) {
            return Ok(());
        }
        match left.checked_sub(1) {
            Some(rest) => *left = rest,
            None => {
                self.was_cut = true;
                return Ok(());
            }
        }
        self.look_up(what, from, until).await.map(drop)
    }

    /// The oldest time that event history has.
    fn reach(&self) -> i64 {
        self.now - HISTORY_DAYS * DAY_MICROS
    }

    /// From when is looked: as asked, else from where the lake ends, else all that event history has.
    async fn from(&self, question: &Question) -> Result<i64, Failure> {
        let from = match (question.since, &self.base) {
            (Some(since), _) => Some(since),
            (None, Some(base)) => {
                let last = Reader::new(&base.lake).last_event(self.history.account_id(), self.history.aws_region()).await?;
                last.map(|last| last - OVERLAP_MICROS)
            }
            (None, None) => None,
        };
        Ok(from.unwrap_or(i64::MIN).max(self.reach()))
    }

    async fn ask(&mut self, question: &Question) -> Result<Answer, Failure> {
        if self.writer.needs_healing() {
            self.writer.heal(self.now).await?;
        }
        self.finish();
        Ok(Reader::new(&self.lake)
            .at(self.now)
            .knowing(Arc::clone(&self.configured))
            .with_live(self.coverage.clone())
            .answer(question)
            .await?)
    }

    /// Looks up events and adds them; says from when on all are there.
    async fn look_up(&mut self, what: Sought, from: i64, until: i64) -> Result<i64, Failure> {
        if !self.asked.insert(what.clone()) {
            return Ok(from);
        }
        let left = REQUESTS_MAX.saturating_sub(self.history.requests());
        let pages_max = u32::try_from(left).unwrap_or(PAGES_MAX).min(PAGES_MAX);
        let looked = self.history.look_up(&Lookup { attribute: what.clone(), from, until }, pages_max).await?;
        if matches!(what, Some((Attribute::Username | Attribute::AccessKeyId, _))) {
            self.given_out.extend(looked.events.iter().filter_map(given_out));
        }
        let oldest = looked.events.iter().map(|event| event.event_time).min();
        let from = if looked.complete { from } else { oldest.unwrap_or(until) };
        self.coverage.events += looked.events.len() as u64;
        self.coverage.lookups.push(LiveLookup {
            attribute: what.as_ref().map(|(attribute, _)| attribute.name().to_owned()),
            value: what.as_ref().map(|(_, value)| value.clone()),
            from: rfc3339(from),
            until: rfc3339(until),
            events: looked.events.len() as u64,
            complete: looked.complete,
        });
        self.add(what, looked.events).await?;
        Ok(from)
    }

    /// Adds what neither the lake nor an earlier lookup has.
    async fn add(&mut self, what: Sought, mut events: Vec<HistoryEvent>) -> Result<(), Failure> {
        let all = events.len();
        events.retain(|event| event.event_id.is_empty() || self.seen.insert(event.event_id.clone()));
        if let Some(base) = &self.base {
            let ids: Vec<(String, i64)> = events.iter().map(|event| (event.event_id.clone(), event.event_time)).collect();
            let held = Reader::new(&base.lake).held(self.history.account_id(), &ids).await?;
            events.retain(|event| !held.contains(&event.event_id));
        }
        self.coverage.duplicate += (all - events.len()) as u64;
        if events.is_empty() {
            return Ok(());
        }
        let (attribute, value) = what.as_ref().map_or(("all", ""), |(attribute, value)| (attribute.name(), value.as_str()));
        let number = self.coverage.lookups.len();
        let (account_id, aws_region) = (self.history.account_id(), self.history.aws_region());
        let text = serde_json::to_vec(&serde_json::json!({"Events": events.iter().map(wrapped).collect::<Vec<_>>()}));
        let text = text.map_err(|error| Failure::internal(&error))?;
        let object = ObjectRow {
            uri: format!("cloudtrail://{account_id}/{aws_region}/LookupEvents/{number}/{attribute}={value}"),
            kind: lake::LOOKED_UP,
            state: "read",
            account_id: account_id.to_owned(),
            aws_region: aws_region.to_owned(),
            size: text.len() as u64,
            ..ObjectRow::default()
        };
        let uri = object.uri.clone();
        let mut rows = Rows::default();
        rows.read(&mut self.decoder, object, &text);
        for reject in rows.rejects() {
            render::note(&format!("warning: {}: {} [{}]\n", render::plain(&uri), render::plain(&reject.detail), reject.reason.code()));
        }
        let tally = self.writer.commit(&mut [rows], &format!("live-{}", std::process::id()), self.now).await?;
        self.coverage.duplicate += tally.duplicate;
        self.coverage.rejected += tally.rejected;
        Ok(())
    }

    /// Brings up to date what the answer says of what was asked.
    fn finish(&mut self) {
        self.coverage.requests = self.history.requests();
        self.coverage.lacks = lacks(&self.coverage);
        if self.was_cut {
            self.coverage.lacks.push(format!("no more than {FOLLOWED_MAX} sessions were followed"));
        }
    }

    /// Adds to each end of a chain that a log could close where that log is not.
    fn say_where_it_ends(&self, answer: &mut Answer) {
        let LiveCoverage { account_id, aws_region, .. } = &self.coverage;
        for gap in answer.changes.iter_mut().filter_map(|change| change.gap.as_mut()).filter(|gap| gap.needs != "no log can close this") {
            gap.needs = format!(
                "{}; event history was asked of account {account_id} in {aws_region} alone, the trail's bucket has the other accounts and regions",
                gap.needs
            );
        }
    }
}

/// As `aws cloudtrail lookup-events` prints it.
fn wrapped(event: &HistoryEvent) -> serde_json::Value {
    let mut wrapped = serde_json::json!({"EventId": event.event_id});
    if let Some(map) = wrapped.as_object_mut().filter(|_| !event.record.is_empty()) {
        map.insert("CloudTrailEvent".into(), event.record.as_str().into());
    }
    wrapped
}

/// The key of the session that an event gave out.
fn given_out(event: &HistoryEvent) -> Option<String> {
    let record: serde_json::Value = serde_json::from_str(&event.record).ok()?;
    let key = record.get("responseElements")?.get("credentials")?.get("accessKeyId")?.as_str()?;
    Some(key.to_owned())
}

/// Keys of sessions whose issuing event the answer does not have, each with the time of a call that needs it.
fn unexplained(answer: &Answer) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for change in &answer.changes {
        let Some(event_time) = event::time::micros(&change.event_time) else { continue };
        for credential in change.chain.iter().filter(|credential| credential.issued_by.is_none()) {
            // Those of AWS's long-term keys are issued by nobody.
            if let Some(key) = credential.access_key_id.as_ref().filter(|key| key.starts_with("ASIA")) {
                found.push((key.clone(), event_time));
            }
        }
    }
    found
}

/// What a question is looked up by: what AWS can find it under, else all events.
fn sought(question: &Question) -> Vec<Sought> {
    let thing = question.thing.trim();
    let by = |attribute: Attribute, value: &str| Some((attribute, value.to_owned()));
    let after_colon = || thing.split_once(':').map(|(_, name)| name);
    let last = || thing.rsplit('/').next().unwrap_or(thing);
    let found = match (question.verb, looks_like(thing)) {
        (Verb::Show, _) => vec![by(Attribute::EventId, thing)],
        (Verb::By, Look::AccessKey) => vec![by(Attribute::AccessKeyId, thing)],
        (_, Look::UniqueId) => match after_colon() {
            Some(name) if question.verb == Verb::By => vec![by(Attribute::Username, name)],
            Some(name) => vec![by(Attribute::ResourceName, thing), by(Attribute::Username, name)],
            None => vec![None],
        },
        (Verb::By, Look::AssumedRoleArn) => vec![by(Attribute::Username, last())],
        (Verb::By, Look::Arn) if thing.contains(":user/") => vec![by(Attribute::Username, last())],
        (Verb::By, Look::Arn) => vec![None],
        (Verb::By, _) => vec![by(Attribute::Username, thing)],
        // A UUID is an event's id, or a key's.
        (_, Look::EventId) => vec![by(Attribute::EventId, thing), by(Attribute::ResourceName, thing)],
        (_, Look::AccessKey) => vec![by(Attribute::AccessKeyId, thing), by(Attribute::ResourceName, thing)],
        (_, Look::AssumedRoleArn) => vec![by(Attribute::Username, last()), by(Attribute::ResourceName, thing)],
        (_, Look::SessionId) => vec![by(Attribute::EventName, "StartSession"), by(Attribute::ResourceName, thing)],
        (_, Look::Email) => vec![by(Attribute::Username, thing), by(Attribute::ResourceName, thing)],
        (_, Look::Bare) => {
            let names = names(thing).into_iter().take(LOOKUPS_MAX - 1).map(|name| Some((Attribute::ResourceName, name)));
            names.chain([by(Attribute::Username, thing)]).collect()
        }
        _ => names(thing).into_iter().map(|name| Some((Attribute::ResourceName, name))).collect(),
    };
    let fits = |sought: &Sought| sought.as_ref().is_none_or(|(_, value)| !value.is_empty() && value.len() <= LOOKUP_VALUE_LETTERS_MAX);
    let mut distinct = Vec::new();
    for sought in found.into_iter().filter(fits) {
        if !distinct.contains(&sought) {
            distinct.push(sought);
        }
    }
    distinct.truncate(LOOKUPS_MAX);
    if distinct.is_empty() { vec![None] } else { distinct }
}

/// Names under which a list of resources may have a thing: services write its ARN, its id or its name.
fn names(thing: &str) -> Vec<String> {
    let mut names = vec![thing.to_owned()];
    if let Some(rest) = thing.strip_prefix("s3://") {
        names = vec![rest.split('/').next().unwrap_or(rest).to_owned()];
    } else if thing.starts_with("arn:") {
        let resource = thing.splitn(6, ':').nth(5).unwrap_or(thing);
        names.push(resource.rsplit(['/', ':']).next().unwrap_or(resource).to_owned());
        names.push(resource.to_owned());
    }
    names.extend(spellings(thing).into_iter().map(|spelling| spelling.key));
    names
}

/// What event history does not show, in words.
fn lacks(coverage: &LiveCoverage) -> Vec<String> {
    let mut lacks = vec![
        "event history holds management events of the last 90 days, an event up to 15 minutes late, and no digest covers it".to_owned(),
    ];
    if coverage.lookups.iter().any(|lookup| lookup.attribute.as_deref() == Some("ResourceName")) {
        lacks.push("a lookup by name finds the events that AWS lists under that name, not all that mention it".to_owned());
    }
    if coverage.aws_region != "us-east-1" {
        lacks.push("what goes to global services (IAM, sign-in, the global endpoint of STS) is recorded in us-east-1".to_owned());
    }
    for lookup in coverage.lookups.iter().filter(|lookup| !lookup.complete) {
        let what = lookup.attribute.as_deref().map_or("all events".to_owned(), |attribute| format!("the lookup by {attribute}"));
        lacks.push(format!("{what} was not fetched to its end: what is older than {} was left out", lookup.from));
    }
    lacks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(verb: Verb, thing: &str) -> Vec<String> {
        let question = Question {
            thing: thing.to_owned(),
            verb,
            since: None,
            until: None,
            limit: 1,
            include_reads: false,
            include_denied: false,
            tags: Vec::new(),
            attribute: None,
            evidence: false,
        };
        let spelt = |sought: Sought| sought.map_or("all".to_owned(), |(attribute, value)| format!("{}={value}", attribute.name()));
        sought(&question).into_iter().map(spelt).collect()
    }

    #[test]
    fn things_are_looked_up_by_what_fits_them() {
        for (verb, thing, expected) in [
            (Verb::Trace, "sg-0a1b2c3d4e5f60718", &["ResourceName=sg-0a1b2c3d4e5f60718"][..]),
            (Verb::Trace, "AKIAIOSFODNN7EXAMPLE", &["AccessKeyId=AKIAIOSFODNN7EXAMPLE", "ResourceName=AKIAIOSFODNN7EXAMPLE"]),
            (Verb::Trace, "s3://logs-of-ours/a/b", &["ResourceName=logs-of-ours"]),
            (Verb::Trace, "sato@example.co.jp", &["Username=sato@example.co.jp", "ResourceName=sato@example.co.jp"]),
            (Verb::Trace, "orders", &["ResourceName=orders", "Username=orders"]),
            (Verb::Trace, "AROAEXAMPLEEXAMPLE123", &["all"]),
            (Verb::By, "arn:aws:iam::111122223333:user/ops/tanaka", &["Username=tanaka"]),
            (Verb::By, "arn:aws:iam::111122223333:role/Deploy", &["all"]),
            (Verb::By, "sato@example.co.jp", &["Username=sato@example.co.jp"]),
            (Verb::Show, "11111111-2222-4333-8444-555555555555", &["EventId=11111111-2222-4333-8444-555555555555"]),
        ] {
            let found = plan(verb, thing);
            assert!(found.starts_with(&expected.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()), "{thing}: {found:?}");
            assert!(found.len() <= LOOKUPS_MAX, "{thing}: {found:?}");
        }
        let role = plan(Verb::Trace, "arn:aws:iam::111122223333:role/ops/Deploy");
        assert!(role.contains(&"ResourceName=Deploy".to_owned()), "{role:?}");
        assert_eq!(plan(Verb::Trace, &"x".repeat(3_000)), ["all"]);
    }
}
