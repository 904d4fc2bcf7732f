//! Machines' acts in, who stands behind each out.
//!
//! Round by round: [`identity::Graph::caused_by`] names the keys and sessions that it looked for; what the lake has of them is read,
//! all acts' together, and it is asked again, until it names nothing new. Nothing is read where no machine acted.

use crate::answer::{CausedBy, Change, Evidence, actor};
use crate::error::Result;
use crate::hits::{Event, Hit, text};
use crate::holes::Holes;
use crate::payload;
use crate::place::Places;
use crate::reader::Reader;
use crate::trace::Conflicts;
use crate::walk::{Asked, Walked};
use datafusion::arrow::array::Array as _;
use event::json::Tape;
use event::time::rfc3339;
use identity::cause::marks;
use identity::{Act, Actor, Cause, CauseFacts, Certainty, Resolution, SessionKey};
use lake::{KeptCause, Moments, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Facts looked at for one question, at most; beyond it nobody is told to be the likely one.
const FACTS_MAX: usize = 200_000;

/// A machine's act, and the place of its change in the answer.
pub(crate) struct Machine {
    pub(crate) change: usize,
    act: Act,
    /// Whether a service acted: then the request may say for what.
    by_service: bool,
}

impl Machine {
    /// The act, if a machine made the call.
    pub(crate) fn of(change: usize, hit: &Hit, event: &Event, session: Option<&SessionKey>, resolution: &Resolution) -> Option<Self> {
        let by_service = matches!(resolution.actor, Actor::AwsService(_));
        if !by_service && !matches!(resolution.actor, Actor::Workload { .. }) {
            return None;
        }
        let act = Act {
            event_id: event.event_id.clone(),
            event_time: hit.event_time,
            event_name: event.event_name.clone(),
            recipient_account_id: hit.recipient_account_id.clone(),
            aws_region: hit.aws_region.clone(),
            session: session?.clone(),
            resources: event.resource_arns.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
            marks: Vec::new(),
        };
        Some(Self { change, act, by_service })
    }
}

/// What the lake has of causes, as far as it was read.
#[derive(Default)]
struct Read {
    facts: CauseFacts,
    /// Where the record of each event lies, and who made the call.
    events: BTreeMap<String, (i64, u64, SessionKey)>,
    keys: BTreeSet<String>,
    sessions: BTreeSet<SessionKey>,
    /// The days on which a session that bears no date was seen.
    days: BTreeMap<SessionKey, BTreeSet<i32>>,
    count: usize,
}

impl Read {
    fn add(&mut self, found: Vec<KeptCause>, conflicts: &Conflicts) {
        self.count += found.len();
        for KeptCause { fact, object_id, record } in found {
            if conflicts.lost.contains(&(object_id, record)) {
                continue;
            }
            if fact.session.creation_date.is_none() {
                self.days.entry(fact.session.clone()).or_default().insert(lake::day_of(fact.event_time));
            }
            self.events.insert(fact.event_id.clone(), (object_id, record, fact.session.clone()));
            self.facts.add(fact);
        }
    }
}

impl Reader {
    /// Finds who stands behind machines' acts, and writes it into their changes; where each record lies too, if it is asked for.
    pub(crate) async fn add_causes(
        &self,
        walked: &mut Walked,
        mut asked: Vec<Machine>,
        conflicts: &Conflicts,
        evidence: bool,
        changes: &mut [Change],
    ) -> Result<()> {
        let Some(until) = asked.iter().map(|asked| asked.act.event_time).max() else { return Ok(()) };
        self.read_marks(&mut asked).await?;
        let mut read = Read::default();
        let found = loop {
            let found: Vec<identity::CausedBy> = asked.iter().map(|asked| walked.graph.caused_by(&asked.act, &read.facts)).collect();
            let keys: BTreeSet<String> =
                found.iter().flat_map(|found| &found.keys).filter(|key| !read.keys.contains(*key)).cloned().collect();
            let named = found.iter().flat_map(|found| &found.sessions);
            let sessions: BTreeSet<SessionKey> = named.filter(|session| !read.sessions.contains(*session)).cloned().collect();
            if keys.is_empty() && sessions.is_empty() {
                break found;
            }
            if !keys.is_empty() && read.count < FACTS_MAX {
                let table = self.points(Table::Causes).await?;
                read.add(table.causes_of(&keys, until, FACTS_MAX - read.count).await?, conflicts);
            }
            let ids = sessions.iter().map(|session| {
                let days = read.days.get(session).cloned().unwrap_or_default();
                (session.credential_id(), Asked { principal_id: session.principal_id.clone(), days })
            });
            let ids: BTreeMap<String, Asked> = ids.filter(|(id, _)| !walked.sessions.contains_key(id)).collect();
            if !ids.is_empty() {
                self.walk(walked, &ids).await?;
            }
            read.keys.extend(keys);
            read.sessions.extend(sessions);
        };
        let ids: BTreeSet<&String> = found.iter().flat_map(|found| &found.causes).flat_map(|cause| &cause.evidence).collect();
        let cited: Vec<_> = ids.into_iter().filter_map(|id| Some((id, read.events.get(id)?))).collect();
        let mut objects: BTreeSet<i64> = cited.iter().map(|(_, (object, ..))| *object).collect();
        if self.known().await?.is_some() {
            objects.extend(read.events.values().map(|(object, ..)| *object));
        }
        let places = self.places(objects).await?;
        let planted = read.events.values().any(|(object, ..)| places.is_doubtful(*object));
        let callers: BTreeMap<&String, Resolution> =
            cited.iter().map(|(id, (_, _, session))| (*id, walked.graph.resolve(session))).collect();
        let integrity = self.doubts(callers.values()).await?;
        let of_caller = |(id, (object, ..)): &(&String, &(i64, u64, SessionKey))| {
            let doubt = integrity.of(places.is_doubtful(*object), callers.get(*id)?)?;
            Some(((*id).clone(), doubt))
        };
        let altered = cited.iter().filter_map(of_caller).collect();
        let likely = found.iter().flat_map(|found| &found.causes).filter(|cause| cause.certainty >= Certainty::Probable);
        let holes = self.holes(likely.flat_map(|cause| &cause.rests_on)).await?;
        let doubts = Doubts { was_cut: read.count >= FACTS_MAX, planted, conflicts, altered, holes };
        for (Machine { change, .. }, found) in asked.iter().zip(found) {
            let Some(change) = changes.get_mut(*change) else { continue };
            let told = |cause: Cause| {
                let records = cause.evidence.iter().filter(|_| evidence).filter_map(|id| place(&read, &places, id)).collect();
                told(cause, &doubts, records)
            };
            change.caused_by = found.causes.into_iter().map(told).collect();
        }
        Ok(())
    }

    /// Reads what requests of services say of what they acted for.
    async fn read_marks(&self, asked: &mut [Machine]) -> Result<()> {
        let mut days: BTreeMap<i32, Moments> = BTreeMap::new();
        for Machine { act, .. } in asked.iter().filter(|asked| asked.by_service) {
            days.entry(lake::day_of(act.event_time)).or_default().insert((act.event_time, act.recipient_account_id.clone()));
        }
        let mut found: BTreeMap<(String, String), Vec<(String, String)>> = BTreeMap::new();
        for (day, moments) in days {
            let events = self.points(Table::Events).await?;
            let columns = ["event_id", "recipient_account_id", "request_parameters"];
            for batch in events.events_at(day, &moments, &columns).await? {
                let (ids, accounts) = (text(&batch, "event_id")?, text(&batch, "recipient_account_id")?);
                let requests = text(&batch, "request_parameters")?;
                for row in (0..batch.num_rows()).filter(|row| requests.is_valid(*row)) {
                    found.insert((ids.value(row).to_owned(), accounts.value(row).to_owned()), marks_of(requests.value(row))?);
                }
            }
        }
        for Machine { act, .. } in asked.iter_mut().filter(|asked| asked.by_service) {
            let place = (act.event_id.clone(), act.recipient_account_id.clone());
            act.marks = found.get(&place).cloned().unwrap_or_default();
        }
        Ok(())
    }
}

/// The tags of a request as `events` has it that AWS alone can have written.
fn marks_of(request: &str) -> Result<Vec<(String, String)>> {
    Ok(marks(payload::read(&mut Tape::default(), Some(request))?))
}

fn place(read: &Read, places: &Places, event_id: &str) -> Option<Evidence> {
    let (object_id, record) = read.events.get(event_id).map(|(object_id, record, _)| (*object_id, *record))?;
    let hit = Hit { object_id, record, ..Hit::default() };
    Some(Evidence { event_id: Some(event_id.to_owned()), ..places.evidence(&hit) })
}

/// What keeps anybody from being the likely one.
struct Doubts<'c> {
    /// Not all that there is was looked at.
    was_cut: bool,
    /// Something of it lies in an object that is not what CloudTrail delivered: whoever put it there may have meant to mislead.
    planted: bool,
    conflicts: &'c Conflicts,
    /// Events that are no more than a claim, or whose callers are, and why.
    altered: BTreeMap<String, &'static str>,
    holes: Holes,
}

impl Doubts<'_> {
    fn about(&self, cause: &Cause) -> Option<String> {
        if self.was_cut {
            return Some("there was more to look at than one question may".to_owned());
        }
        if self.planted {
            return Some("something that was looked at lies in an object that is not what CloudTrail delivered".to_owned());
        }
        if cause.evidence.iter().any(|id| self.conflicts.has(id)) {
            return Some("another record under that event id says something else, and is in the table rejects".to_owned());
        }
        let (span, from, until) = self.holes.find(&cause.rests_on)?;
        let (account, region) = (&span.recipient_account_id, &span.aws_region);
        let (from, until) = (rfc3339(from), rfc3339(until));
        Some(format!("the log of account {account}, {region}, is not whole from {from} to {until}, and may hold another cause"))
    }
}

/// A cause as programs read it; no likely one where there is a doubt, and nobody where a record is no more than a claim.
fn told(cause: Cause, doubts: &Doubts<'_>, records: Vec<Evidence>) -> CausedBy {
    if let Some(doubt) = cause.evidence.iter().find_map(|id| doubts.altered.get(id)) {
        let certainty = cause.certainty.min(Certainty::Claimed).word();
        let named = cause.actor.id().map(|id| format!("as the records say, {id} ")).unwrap_or_default();
        let why = format!("{named}{}; {doubt}", cause.why);
        return CausedBy { actor: actor(&Actor::Unknown), certainty, why, evidence: cause.evidence, records };
    }
    let doubt = if cause.certainty >= Certainty::Probable { doubts.about(&cause) } else { None };
    let certainty = if doubt.is_some() { Certainty::Ambiguous } else { cause.certainty };
    let why = doubt.map_or(cause.why.clone(), |doubt| format!("{}; {doubt}", cause.why));
    CausedBy { actor: actor(&cause.actor), certainty: certainty.word(), why, evidence: cause.evidence, records }
}
