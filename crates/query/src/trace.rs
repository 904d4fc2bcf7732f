//! A question in, an [`Answer`] out: find the calls, fold their copies, walk each to its actor.

use crate::answer::{Answer, Change, Evidence, Subject};
use crate::attribute::Attribute;
use crate::blame::Blamed;
use crate::causes::Machine;
use crate::complete::HIT_COLUMNS;
use crate::error::Result;
use crate::hits::{self, Event, Hit, text};
use crate::integrity::unrecorded;
use crate::principal::Principal;
use crate::reader::Reader;
use crate::runs::{self, Step};
use crate::walk::{Asked, Walked};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{col, lit};
use event::resource::{Look, Spelling, looks_like, spellings};
use futures::future::try_join_all;
use identity::is_agents_call;
use lake::Table;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Events of one question that are looked at, at most.
const HITS_MAX: usize = 200_000;
/// Values in one list of a query, at most.
const VALUES_MAX: usize = 150;

/// What is asked of the lake.
#[derive(Debug, Clone)]
pub struct Question {
    /// The thing, or the principal.
    pub thing: String,
    /// What to do with it.
    pub verb: Verb,
    /// From when, microseconds since 1970.
    pub since: Option<i64>,
    /// Before when.
    pub until: Option<i64>,
    /// Changes in the answer, at most.
    pub limit: usize,
    /// Whether calls that only read are changes too.
    pub include_reads: bool,
    /// Whether denied and failed calls are changes too.
    pub include_denied: bool,
    /// Session tags that a change's chain must have.
    pub tags: Vec<(String, String)>,
    /// An attribute, as it was asked for: only calls that changed it.
    pub attribute: Option<(String, Attribute)>,
    /// Whether each issuing event's place is looked up.
    pub evidence: bool,
}

/// The kinds of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Who changed a thing.
    Trace,
    /// Every change of a thing.
    Log,
    /// What a principal did.
    By,
    /// One event.
    Show,
}

impl Reader {
    /// Answers a question.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn answer(&self, question: &Question) -> Result<Answer> {
        self.open(&[Table::Objects, Table::Mentions, Table::Credentials, Table::Events, Table::Rejects]).await?;
        let ((organisation, mut coverage), (mut hits, kind, principal)) =
            futures::try_join!(self.coverage(question.since, question.until), self.find(question))?;
        let conflicts = self.drop_conflicts(&mut hits).await?;
        let cut = hits.len() >= HITS_MAX;
        let matched = matched(&hits, question);
        let asked_event = kind == "event";
        let (mut reads, mut attempts) = (0, 0);
        let folded = self.fold(hits).await?;
        let folded: Vec<Folded> = folded
            .into_iter()
            .filter(|Folded { hit, .. }| {
                if asked_event {
                    return true;
                }
                let failed = hit.failed;
                let keep = (!failed || question.include_denied) && (!hit.read_only || question.include_reads);
                if !keep {
                    attempts += u64::from(failed);
                    reads += u64::from(!failed);
                }
                keep
            })
            .collect();
        let (folded, mut blamed) = match &question.attribute {
            Some((path, attribute)) => self.blame(folded, path, attribute).await?,
            None => (folded, Blamed::new()),
        };
        let all = folded.len();
        let wanted = self.newest(folded, if question.tags.is_empty() { question.limit } else { usize::MAX }).await?;
        let mut ids: BTreeMap<String, Asked> = BTreeMap::new();
        for Call { hit, event, .. } in &wanted {
            let asked = ids.entry(event.credential_id.clone()).or_default();
            asked.principal_id.clone_from(&event.principal_id);
            asked.days.insert(lake::day_of(hit.event_time));
        }
        let mut walked = Walked::new(&organisation);
        self.walk(&mut walked, &ids).await?;
        let places = self.places(wanted.iter().map(|call| call.hit.object_id).collect()).await?;
        let caller = |event: &Event| (event.credential_id.clone(), is_agents_call(&event.event_source));
        let mut resolved = HashMap::new();
        for Call { event, .. } in &wanted {
            resolved.entry(caller(event)).or_insert_with(|| walked.resolve_call(&event.credential_id, &event.event_source));
        }
        let doubts = self.doubts(resolved.values()).await?;
        let (mut changes, mut machines, mut steps) = (Vec::with_capacity(wanted.len()), Vec::new(), Vec::new());
        for Call { hit, event, copies } in wanted {
            let session = walked.sessions.get(&event.credential_id);
            let Some(resolution) = resolved.get(&caller(&event)) else { continue };
            let doubted = doubts.of(places.is_doubtful(hit.object_id), resolution).map(|why| resolution.clone().rests_on_doubtful(why));
            let resolution = doubted.as_ref().unwrap_or(resolution);
            let has_tags = question.tags.iter().all(|tag| resolution.chain.iter().any(|credential| credential.session_tags.contains(tag)));
            if has_tags {
                let mut change = Change::of(&hit, &event, copies, resolution, places.evidence(&hit));
                change.attribute = blamed.remove(&hit.place());
                if conflicts.doubtful.contains(&(event.event_id.clone(), hit.recipient_account_id.clone())) {
                    let said = change.reason.take().map(|reason| format!("{reason}; ")).unwrap_or_default();
                    change.reason =
                        Some(format!("{said}another record under this event id says something else, and is in the table rejects"));
                }
                if let Some(tool) = event.tool {
                    let session = resolution.chain.first().map_or(&event.credential_id, |session| &session.credential_id).clone();
                    steps.push(Step { change: changes.len(), tool, session, event_time: hit.event_time });
                }
                machines.extend(Machine::of(changes.len(), &hit, &event, session, resolution));
                changes.push(change);
            }
        }
        let found = if question.tags.is_empty() { all } else { changes.len() };
        changes.truncate(question.limit);
        steps.retain(|step| step.change < changes.len());
        match question.verb {
            Verb::By => runs::fold(steps, &mut changes),
            _ => self.add_runs(steps, &mut changes).await?,
        }
        machines.retain(|machine: &Machine| machine.change < changes.len());
        self.add_causes(&mut walked, machines, &conflicts, question.evidence, &mut changes).await?;
        self.name_people(&organisation, &mut changes).await?;
        let named = changes.len();
        changes.retain(|change| principal.is_meant(change));
        let found = found - (named - changes.len());
        if question.evidence {
            self.place_issuers(&mut changes).await?;
        }
        if coverage.complete
            && let Some(why) = unrecorded(question)
        {
            coverage.doubt(why);
        }
        let schema = match question.verb {
            Verb::Trace => "whodid.answer/v1",
            Verb::Log => "whodid.log/v1",
            Verb::By => "whodid.by/v1",
            Verb::Show => "whodid.show/v1",
        };
        Ok(Answer {
            schema: schema.into(),
            subject: Subject { value: question.thing.clone(), kind, matched },
            truncated: found > changes.len() || cut,
            changes,
            attempts,
            reads,
            coverage,
        })
    }

    /// The events that a question is about, newest first, and what kind of thing it asks for.
    async fn find(&self, question: &Question) -> Result<(Vec<Hit>, &'static str, Principal)> {
        let thing = question.thing.trim();
        let look = looks_like(thing);
        if question.verb != Verb::By && look == Look::EventId || question.verb == Verb::Show {
            let hits = self.event(thing).await?;
            if !hits.is_empty() || question.verb == Verb::Show {
                return Ok((hits, "event", Principal::default()));
            }
        }
        if question.verb == Verb::By {
            let (acts, principal) = self.acts_of(thing, question).await?;
            return Ok((acts, "principal", principal));
        }
        let mut hits = self.mentions(&spellings(thing), question).await?;
        let kind = match look {
            Look::AccessKey => "access_key",
            Look::UniqueId => "unique_id",
            Look::AssumedRoleArn => "principal",
            Look::SessionId => "session",
            _ => "resource",
        };
        // A principal is asked for to learn what it did, a thing to learn what was done to it; these are both.
        if matches!(look, Look::AccessKey | Look::UniqueId | Look::AssumedRoleArn)
            || (hits.is_empty() && matches!(look, Look::Email | Look::Bare | Look::Arn))
        {
            let (acts, principal) = self.acts_of(thing, question).await?;
            let kind = if hits.is_empty() && kind == "resource" && !acts.is_empty() { "principal" } else { kind };
            hits.extend(acts);
            return Ok((newest_first(hits), kind, principal));
        }
        if hits.is_empty() && thing.starts_with("none-") {
            return Ok((self.event(thing).await?, "event", Principal::default()));
        }
        Ok((hits, kind, Principal::default()))
    }

    /// Events under one id.
    pub(crate) async fn event(&self, event_id: &str) -> Result<Vec<Hit>> {
        self.need(&[Table::Events]).await?;
        hits::read_events(&self.run(include_str!("../../../queries/trace/event.sql"), vec![("event_id", event_id.into())]).await?)
    }

    async fn mentions(&self, spellings: &[Spelling], question: &Question) -> Result<Vec<Hit>> {
        let mentions = self.points(Table::Mentions).await?;
        let window = question.since.unwrap_or(i64::MIN)..question.until.unwrap_or(i64::MAX);
        let asked: BTreeSet<&str> = spellings.iter().map(|spelling| spelling.key.as_str()).collect();
        let mut found = Vec::new();
        let read = try_join_all(spellings.iter().map(|spelling| mentions.mentions_of(&spelling.key, window.clone()))).await?;
        for (spelling, batches) in spellings.iter().zip(read) {
            found.extend(hits::read_mentions(&batches)?.into_iter().filter(|hit| {
                // A bare name in another account, or one that stands for another ARN, is a namesake.
                let here = spelling.account_id.as_ref().is_none_or(|account| *account == hit.recipient_account_id)
                    && spelling.aws_region.as_ref().is_none_or(|region| *region == hit.aws_region);
                let scoped = spelling.account_id.is_some() || spelling.aws_region.is_some();
                here && (!scoped || hit.arn.as_deref().is_none_or(|arn| asked.contains(arn)))
            }));
        }
        Ok(newest_first(found))
    }

    /// What a principal did, under any of its names, through every session that comes down to it.
    async fn acts_of(&self, asked: &str, question: &Question) -> Result<(Vec<Hit>, Principal)> {
        self.need(&[Table::Credentials, Table::Events]).await?;
        let principal = self.principal(asked).await?;
        let ids: Vec<String> = self.sessions_of(&principal).await?.into_iter().collect();
        let mut found = Vec::new();
        for part in ids.chunks(VALUES_MAX) {
            let list = part.iter().map(|id| lit(id.as_str())).collect();
            let mut condition = col("credential_id").in_list(list, false);
            let time = |micros: i64| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
            if let Some(since) = question.since {
                condition = condition.and(col("event_time").gt_eq(time(since)));
            }
            if let Some(until) = question.until {
                condition = condition.and(col("event_time").lt(time(until)));
            }
            let frame = self.context().await?.table("events").await?.filter(condition)?.select_columns(&HIT_COLUMNS)?;
            found.extend(hits::read_events(&frame.collect().await?)?);
        }
        Ok((newest_first(found), principal))
    }

    /// Leaves out mentions of records that gave way to another one under their id; returns all such.
    pub(crate) async fn drop_conflicts(&self, hits: &mut Vec<Hit>) -> Result<Conflicts> {
        if hits.is_empty() {
            return Ok(Conflicts::default());
        }
        let conflicts = self.conflicts().await?;
        hits.retain(|hit| !conflicts.lost.contains(&hit.place()));
        Ok(conflicts)
    }

    /// All records of which another one bears the id.
    pub(crate) async fn conflicts(&self) -> Result<Conflicts> {
        let mut conflicts = Conflicts::default();
        let columns = ["event_id", "recipient_account_id", "object", "object_sha256", "record"];
        for batch in self.points(Table::Rejects).await?.rejects_of("conflict", &columns).await? {
            let (id, account) = (text(&batch, "event_id")?, text(&batch, "recipient_account_id")?);
            let (object, sha256, record) = (text(&batch, "object")?, text(&batch, "object_sha256")?, hits::number(&batch, "record")?);
            for row in 0..batch.num_rows() {
                conflicts.doubtful.insert((id.value(row).to_owned(), account.value(row).to_owned()));
                let lost = &mut conflicts.lost;
                lost.insert((lake::object_number(object.value(row), sha256.value(row)), u64::try_from(record.value(row)).unwrap_or(0)));
            }
        }
        Ok(conflicts)
    }

    /// Joins the copies of one call that two accounts recorded: the caller's own stays, else the one with the smaller id.
    async fn fold(&self, mut hits: Vec<Hit>) -> Result<Vec<Folded>> {
        let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (index, hit) in hits.iter().enumerate() {
            if let Some(shared) = hit.shared_event {
                groups.entry(shared).or_default().push(index);
            }
        }
        groups.retain(|_, members| {
            let accounts: BTreeSet<&str> =
                members.iter().filter_map(|index| hits.get(*index)).map(|hit| hit.recipient_account_id.as_str()).collect();
            accounts.len() > 1
        });
        let alone = |members: &&Vec<usize>| members.iter().filter_map(|index| hits.get(*index)).filter(|hit| hit.own).count() == 1;
        let unclear: BTreeSet<usize> = groups.values().filter(|members| !alone(members)).flatten().copied().collect();
        self.complete(hits.iter_mut().enumerate().filter(|(index, _)| unclear.contains(index)).map(|(_, hit)| hit).collect()).await?;
        let mut copies: HashMap<usize, Vec<usize>> = HashMap::new();
        for members in groups.into_values() {
            let order = |index: &&usize| hits.get(**index).map(|hit| (!hit.own, hit.event_id().to_owned()));
            let Some(kept) = members.iter().min_by_key(order).copied() else { continue };
            copies.insert(kept, members.into_iter().filter(|index| *index != kept).collect());
        }
        let dropped: BTreeSet<usize> = copies.values().flatten().copied().collect();
        let copies_of = |index: usize| copies.get(&index).into_iter().flatten().filter_map(|copy| hits.get(*copy)).cloned().collect();
        let kept = hits.iter().enumerate().filter(|(index, _)| !dropped.contains(index));
        Ok(kept.map(|(index, hit)| Folded { hit: hit.clone(), copies: copies_of(index) }).collect())
    }

    /// The newest calls, all of each known. Which of several in the last second are the newest, their ids decide.
    async fn newest(&self, mut folded: Vec<Folded>, limit: usize) -> Result<Vec<Call>> {
        let last = limit.checked_sub(1).and_then(|last| folded.get(last)).map(|last| last.hit.event_time);
        let end = folded.iter().position(|folded| last.is_some_and(|last| folded.hit.event_time < last)).unwrap_or(folded.len());
        folded.truncate(if limit == 0 { 0 } else { end });
        self.complete(folded.iter_mut().flat_map(|folded| std::iter::once(&mut folded.hit).chain(&mut folded.copies)).collect()).await?;
        folded.sort_by(|a, b| order(&a.hit, &b.hit));
        let call = |Folded { mut hit, copies }: Folded| {
            let event = hit.event.take()?;
            Some(Call { hit, event, copies: copies.iter().map(|copy| copy.event_id().to_owned()).collect() })
        };
        Ok(folded.into_iter().filter_map(call).take(limit).collect())
    }

    /// Looks up where the issuing events lie.
    async fn place_issuers(&self, changes: &mut [Change]) -> Result<()> {
        let mut wanted: BTreeMap<i32, (BTreeSet<i64>, BTreeSet<String>)> = BTreeMap::new();
        for issued in changes.iter().flat_map(|change| &change.chain).filter_map(|credential| credential.issued_by.as_ref()) {
            let Some(time) = event::time::micros(&issued.event_time) else { continue };
            let (times, ids) = wanted.entry(lake::day_of(time)).or_default();
            times.insert(time);
            ids.extend(issued.event_ids.iter().cloned());
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let events = self.points(Table::Events).await?;
        let mut found = Vec::new();
        for (day, (times, ids)) in wanted {
            found.extend(hits::read_events(&events.events_named(day, &times, &ids, &HIT_COLUMNS).await?)?);
        }
        let places = self.places(found.iter().map(|hit| hit.object_id).collect()).await?;
        let mut placed: HashMap<String, Vec<Evidence>> = HashMap::new();
        for hit in &found {
            placed
                .entry(hit.event_id().to_owned())
                .or_default()
                .push(Evidence { event_id: Some(hit.event_id().to_owned()), ..places.evidence(hit) });
        }
        for issued in changes.iter_mut().flat_map(|change| &mut change.chain).filter_map(|credential| credential.issued_by.as_mut()) {
            issued.evidence.extend(issued.event_ids.iter().filter_map(|id| placed.get(id)).flatten().cloned());
        }
        Ok(())
    }
}

/// Records of which two bear one id.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    /// The ids, by account.
    doubtful: BTreeSet<(String, String)>,
    /// The records that gave way.
    pub(crate) lost: BTreeSet<(i64, u64)>,
}

impl Conflicts {
    /// Whether an event's id is one of them, in whatever account.
    pub(crate) fn has(&self, event_id: &str) -> bool {
        self.doubtful.range((event_id.to_owned(), String::new())..).next().is_some_and(|(id, _)| id == event_id)
    }
}

/// A call of which all is known, and the event ids of its copies.
struct Call {
    hit: Hit,
    event: Event,
    copies: Vec<String>,
}

/// A call, and the copies of it that other accounts recorded.
pub(crate) struct Folded {
    pub(crate) hit: Hit,
    copies: Vec<Hit>,
}

/// Newest first.
fn order(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    (b.event_time, b.event_id(), &b.recipient_account_id, b.place()).cmp(&(a.event_time, a.event_id(), &a.recipient_account_id, a.place()))
}

/// Newest first, each event once: the mention that is about the thing wins over one in passing.
fn newest_first(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by(|a, b| (a.place(), !a.exact, a.event.is_none(), &a.arn).cmp(&(b.place(), !b.exact, b.event.is_none(), &b.arn)));
    hits.dedup_by_key(|hit| hit.place());
    hits.sort_by(order);
    hits.truncate(HITS_MAX);
    hits
}

/// The ARNs that a question turned out to stand for; the fuller spelling where two are of one thing.
fn matched(hits: &[Hit], question: &Question) -> Vec<String> {
    if question.verb == Verb::Show {
        return hits.iter().map(|hit| hit.event_id().to_owned()).collect::<BTreeSet<_>>().into_iter().collect();
    }
    let arns: BTreeSet<&String> = hits.iter().filter_map(|hit| hit.arn.as_ref()).collect();
    let pathless = |arn: &str| {
        let (head, rest) = arn.split_once(":iam::").and_then(|(_, rest)| rest.split_once(':')).unwrap_or(("", ""));
        let (kind, name) = rest.split_once('/')?;
        Some(format!("{head}:{kind}/{}", name.rsplit('/').next()?))
    };
    let full: BTreeSet<String> = arns.iter().filter(|arn| arn.matches('/').count() > 1).filter_map(|arn| pathless(arn)).collect();
    arns.into_iter()
        .filter(|arn| arn.matches('/').count() > 1 || pathless(arn).is_none_or(|short| !full.contains(&short)))
        .cloned()
        .collect()
}
