//! What those did who had left: users whom the directory's listings no longer have, and people of whom the configuration says so.
//!
//! Names change hands. A session is a leaver's by the user id that AWS wrote on it; by its name alone only where no listing and no event of that
//! time shows the name beside another id, and then no more than `probable`. What a session did before its user was last listed is left out.

use crate::error::Result;
use crate::hits::{flag, optional, text};
use crate::reader::Reader;
use crate::report::ReportSpan;
use crate::session_log::{VALUES_MAX, times};
use crate::sql_rows::SqlRows;
use crate::walk::{Asked, Walked};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{col, lit};
use event::time::rfc3339;
use futures::StreamExt as _;
use identity::directory::identity_store_id;
use identity::{Actor, Certainty};
use std::collections::{BTreeMap, BTreeSet};

/// Leavers of one report who did something, at most.
const LEAVERS_MAX: usize = 1_000;

const LEFT_USERS: &str = include_str!("../../../queries/report/left_users.sql");
const LISTED_NAMES: &str = include_str!("../../../queries/report/listed_names.sql");
const SHOWN_NAMES: &str = include_str!("../../../queries/report/shown_names.sql");
const PEOPLE_SESSIONS: &str = include_str!("../../../queries/report/people_sessions.sql");

const COLUMNS: [&str; 15] = [
    "left_source",
    "actor_kind",
    "actor_id",
    "person",
    "certainty",
    "matched_by",
    "listed_until",
    "gone_at",
    "calls",
    "changes",
    "calls_after",
    "account_ids",
    "first_time",
    "last_time",
    "event_id",
];

/// A user: identity store, and id in it.
type User = (String, String);

/// When somebody was last known to belong, and from when on surely not; microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Left {
    until: Option<i64>,
    gone_at: i64,
}

impl Left {
    /// From when on a call is to be told.
    fn from(self) -> i64 {
        self.until.unwrap_or(self.gone_at)
    }
}

/// Whose sessions these are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Leaver {
    source: &'static str,
    kind: String,
    id: String,
    person: Option<String>,
    certainty: String,
    matched_by: &'static str,
    left: Left,
}

/// What listings say of those who left, and of names.
#[derive(Debug, Default)]
struct Listings {
    gone: BTreeMap<User, Left>,
    by_name: BTreeMap<String, BTreeSet<User>>,
}

impl Listings {
    /// Whether an actor left, and by what that is known: the id, or a name that nobody else has.
    fn left(&self, name: Option<&str>, user: Option<(Option<&str>, &str)>) -> Option<(Left, &'static str)> {
        if let Some((store, id)) = user {
            let ids = self.gone.iter().filter(|((of, gone), _)| gone == id && store.is_none_or(|store| of == identity_store_id(store)));
            let ids: Vec<_> = ids.collect();
            return match ids.as_slice() {
                [(_, left)] => Some((**left, "user_id")),
                _ => None,
            };
        }
        let users = self.by_name.get(name?)?;
        let only = users.first().filter(|_| users.len() == 1)?;
        self.gone.get(only).map(|left| (*left, "name"))
    }

    /// Whether a user is known by a name alone that stands, or stood, beside two ids, and not by one of a person's identities.
    fn is_shared(&self, actor: &Actor, identities: &BTreeSet<&str>) -> bool {
        let Actor::SsoUser { user_name: Some(name), user_id, .. } = actor else { return false };
        let by_id = user_id.as_ref().is_some_and(|id| identities.contains(id.as_str()));
        !by_id && self.by_name.get(name).is_some_and(|users| users.len() > 1)
    }

    /// Names and ids under which sessions of leavers may be found.
    fn candidates(&self) -> BTreeSet<&str> {
        let ids: BTreeSet<&str> = self.gone.keys().map(|(_, id)| id.as_str()).collect();
        let names = self.by_name.iter().filter(|(_, users)| users.iter().any(|(_, id)| ids.contains(id.as_str())));
        names.map(|(name, _)| name.as_str()).chain(ids.iter().copied()).collect()
    }
}

/// What a leaver did.
#[derive(Debug, Default)]
struct Activity {
    calls: u64,
    changes: u64,
    calls_after: u64,
    accounts: BTreeSet<String>,
    first: Option<i64>,
    /// The last call: its time and event id.
    last: Option<(i64, String)>,
}

/// A session of somebody in the period.
struct Seen {
    credential_id: String,
    kind: String,
    id: String,
    certainty: String,
    last_time: i64,
}

impl Reader {
    /// Whether there is a listing of the directory before a time, microseconds since 1970.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn has_directory(&self, until: i64) -> Result<bool> {
        if self.directory_table().await?.is_none() {
            return Ok(false);
        }
        self.need_all().await?;
        let time = lit(ScalarValue::TimestampMicrosecond(Some(until), Some("UTC".into())));
        let frame = self.context().await?.table("directory").await?.filter(col("snapshot_time").lt(time))?.limit(0, Some(1))?;
        Ok(frame.count().await? > 0)
    }

    /// What leavers did in the period since they were last known to belong; `day_end` is the end of a day of the report's time zone,
    /// microseconds since 1970.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn leavers(&self, span: ReportSpan, day_end: &(dyn Fn(&str) -> Option<i64> + Sync)) -> Result<SqlRows> {
        let columns = COLUMNS.iter().map(|column| (*column).to_owned()).collect();
        let configured = &self.configured().people;
        let listings = self.listings(span).await?;
        let mut candidates = listings.candidates();
        for (_, _, identities) in configured.leavers() {
            // A user of whom the table says the id may be seen under a name alone, and the other way round.
            let beside = listings
                .by_name
                .iter()
                .filter(|(name, users)| identities.contains(name.as_str()) || users.iter().any(|(_, id)| identities.contains(id.as_str())));
            for (name, users) in beside {
                candidates.insert(name);
                candidates.extend(users.iter().map(|(_, id)| id.as_str()));
            }
            candidates.extend(identities);
        }
        if candidates.is_empty() {
            return Ok(SqlRows { columns, ..SqlRows::default() });
        }
        let seen = self.seen_sessions(span, &candidates).await?;
        let asked = seen.iter().filter(|seen| seen.kind == "sso_user");
        let asked: BTreeMap<String, Asked> = asked.map(|seen| (seen.credential_id.clone(), asked_on(seen.last_time))).collect();
        let organisation = self.organisation().await?;
        let mut walked = Walked::new(&organisation);
        self.walk(&mut walked, &asked).await?;
        let mut leavers: BTreeMap<Leaver, BTreeSet<String>> = BTreeMap::new();
        for seen in seen {
            let actor = match seen.kind.as_str() {
                "sso_user" => walked.resolve(&seen.credential_id).actor,
                "iam_user" => Actor::IamUser(seen.id.clone()),
                _ => Actor::SamlUser { subject: seen.id.clone(), provider: String::new() },
            };
            let person = configured.person_of(&actor).map(str::to_owned);
            let by_table = person.as_deref().and_then(|person| day_end(configured.left_on(person)?));
            let by_table = by_table.map(|gone_at| {
                let identities = configured.identities(person.as_deref().unwrap_or_default());
                let by = if listings.is_shared(&actor, &identities) { "name" } else { "people_table" };
                (Left { until: None, gone_at }, by, "people")
            });
            let by_listing = match &actor {
                Actor::SsoUser { user_name, user_id, identity_store_arn, .. } => {
                    listings.left(user_name.as_deref(), user_id.as_deref().map(|id| (identity_store_arn.as_deref(), id)))
                }
                _ => None,
            };
            let by_listing = by_listing.map(|(left, by)| (left, by, "directory"));
            for (left, matched_by, source) in by_table.into_iter().chain(by_listing).filter(|(left, ..)| seen.last_time >= left.from()) {
                let certainty = at_most(&seen.certainty, matched_by);
                let leaver =
                    Leaver { source, kind: seen.kind.clone(), id: seen.id.clone(), person: person.clone(), certainty, matched_by, left };
                leavers.entry(leaver).or_default().insert(seen.credential_id.clone());
            }
        }
        let mut found = SqlRows { columns, truncated: leavers.len() > LEAVERS_MAX, ..SqlRows::default() };
        for (leaver, sessions) in leavers.into_iter().take(LEAVERS_MAX) {
            let activity = self.activity(span, &sessions, leaver.left).await?;
            found.rows.extend(row(leaver, activity));
        }
        Ok(found)
    }

    async fn listings(&self, span: ReportSpan) -> Result<Listings> {
        let mut listings = Listings::default();
        self.need_all().await?;
        if self.directory_table().await?.is_some() {
            for batch in self.run_of(LEFT_USERS, span).await? {
                let (store, id) = (text(&batch, "identity_store_id")?, text(&batch, "user_id")?);
                let (until, gone_at) = (times(&batch, "listed_until")?, times(&batch, "gone_at")?);
                for (row, (until, gone_at)) in until.into_iter().zip(gone_at).enumerate() {
                    let Some(gone_at) = gone_at else { continue };
                    let user = (optional(&store, row).unwrap_or_default(), id.value(row).to_owned());
                    listings.gone.insert(user, Left { until, gone_at });
                }
            }
        }
        let queries =
            [(LISTED_NAMES, "identity_store_id", self.directory_table().await?.is_some()), (SHOWN_NAMES, "identity_store_arn", true)];
        for (query, store, _) in queries.into_iter().filter(|(.., there)| *there) {
            for batch in self.run_of(query, span).await? {
                let (stores, id, name) = (text(&batch, store)?, text(&batch, "user_id")?, text(&batch, "name")?);
                for row in 0..batch.num_rows() {
                    let store = identity_store_id(stores.value(row)).to_owned();
                    listings.by_name.entry(name.value(row).to_owned()).or_default().insert((store, id.value(row).to_owned()));
                }
            }
        }
        Ok(listings)
    }

    async fn seen_sessions(&self, span: ReportSpan, candidates: &BTreeSet<&str>) -> Result<Vec<Seen>> {
        let mut found = Vec::new();
        self.need_report(PEOPLE_SESSIONS, Some(span)).await?;
        for batch in self.run_of(PEOPLE_SESSIONS, span).await? {
            let (credential_id, kind) = (text(&batch, "credential_id")?, text(&batch, "actor_kind")?);
            let (id, certainty) = (text(&batch, "actor_id")?, text(&batch, "certainty")?);
            for (row, last_time) in times(&batch, "last_time")?.into_iter().enumerate() {
                let Some(last_time) = last_time.filter(|_| candidates.contains(id.value(row))) else { continue };
                found.push(Seen {
                    credential_id: credential_id.value(row).to_owned(),
                    kind: kind.value(row).to_owned(),
                    id: id.value(row).to_owned(),
                    certainty: certainty.value(row).to_owned(),
                    last_time,
                });
            }
        }
        Ok(found)
    }

    /// What sessions did in the period since somebody was last known to belong.
    async fn activity(&self, span: ReportSpan, sessions: &BTreeSet<String>, left: Left) -> Result<Activity> {
        let time = |micros: i64| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
        let day = |micros: i64| lit(ScalarValue::Date32(Some(lake::day_of(micros))));
        let from = span.since.max(left.from());
        let mut activity = Activity::default();
        let ids: Vec<&String> = sessions.iter().collect();
        for part in ids.chunks(VALUES_MAX) {
            let list = part.iter().map(|id| lit(id.as_str())).collect();
            let of_time = col("dt")
                .between(day(from), day(span.until))
                .and(col("event_time").gt_eq(time(from)))
                .and(col("event_time").lt(time(span.until)));
            let wanted = of_time.and(col("credential_id").in_list(list, false)).and(col("actor_id").is_not_null());
            let frame = self.context().await?.table("attributed").await?.filter(wanted)?;
            let frame = frame.select_columns(&["event_time", "event_id", "account_id", "changes_something", "error_code"])?;
            let mut stream = frame.execute_stream().await?;
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                let (id, account, error) = (text(&batch, "event_id")?, text(&batch, "account_id")?, text(&batch, "error_code")?);
                let changes = flag(&batch, "changes_something")?;
                for (row, at) in times(&batch, "event_time")?.into_iter().enumerate() {
                    let Some(at) = at else { continue };
                    activity.calls += 1;
                    activity.changes += u64::from(changes.value(row) && optional(&error, row).is_none());
                    activity.calls_after += u64::from(at >= left.gone_at);
                    activity.accounts.extend(optional(&account, row));
                    activity.first = Some(activity.first.map_or(at, |first| first.min(at)));
                    activity.last = activity.last.take().max(Some((at, id.value(row).to_owned())));
                }
            }
        }
        Ok(activity)
    }
}

/// A session's call was made on this day; a session that bears no date is looked for there.
fn asked_on(last_time: i64) -> Asked {
    Asked { principal_id: None, days: [lake::day_of(last_time)].into() }
}

/// A name is less than the id that AWS gives once.
fn at_most(certainty: &str, matched_by: &str) -> String {
    let capped = matched_by == "name" && [Certainty::Proven.word(), Certainty::Attested.word()].contains(&certainty);
    if capped { Certainty::Probable.word().to_owned() } else { certainty.to_owned() }
}

/// A row; none where all was done before.
fn row(leaver: Leaver, activity: Activity) -> Option<Vec<Option<String>>> {
    let (last_time, event_id) = activity.last?;
    Some(vec![
        Some(leaver.source.to_owned()),
        Some(leaver.kind),
        Some(leaver.id),
        leaver.person,
        Some(leaver.certainty),
        Some(leaver.matched_by.to_owned()),
        leaver.left.until.map(rfc3339),
        Some(rfc3339(leaver.left.gone_at)),
        Some(activity.calls.to_string()),
        Some(activity.changes.to_string()),
        Some(activity.calls_after.to_string()),
        Some(activity.accounts.into_iter().collect::<Vec<_>>().join(" ")),
        activity.first.map(rfc3339),
        Some(rfc3339(last_time)),
        Some(event_id),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(store: &str, id: &str) -> User {
        (store.to_owned(), id.to_owned())
    }

    #[test]
    fn the_id_decides_and_a_name_only_where_it_is_one_persons() {
        let left = Left { until: Some(10), gone_at: 20 };
        let mut listings = Listings::default();
        listings.gone.insert(user("d-1", "u-1"), left);
        for (name, of) in [("sato", "u-1"), ("tanaka", "u-2"), ("ops", "u-1"), ("ops", "u-3")] {
            listings.by_name.entry(name.into()).or_default().insert(user("d-1", of));
        }
        let store = Some("arn:aws:identitystore::111122223333:identitystore/d-1");
        for (name, id, expected) in [
            (Some("sato"), Some((store, "u-1")), Some((left, "user_id"))),
            // Whatever the leaver was called, this is somebody else.
            (Some("sato"), Some((store, "u-9")), None),
            (Some("new name"), Some((None, "u-1")), Some((left, "user_id"))),
            (Some("new name"), Some((Some("arn:aws:identitystore::111122223333:identitystore/d-2"), "u-1")), None),
            (Some("sato"), None, Some((left, "name"))),
            (Some("ops"), None, None),
            (Some("tanaka"), None, None),
            (Some("nobody"), None, None),
            (None, None, None),
        ] {
            assert_eq!(listings.left(name, id), expected, "{name:?} {id:?}");
        }
        assert_eq!(listings.candidates(), ["ops", "sato", "u-1"].into());
        let called = |name: &str, id: Option<&str>| Actor::SsoUser {
            user_name: Some(name.to_owned()),
            user_id: id.map(str::to_owned),
            identity_store_arn: None,
            account_id: None,
        };
        let identities = ["ops", "u-1"].into();
        for (actor, shared) in [
            (called("ops", None), true),
            (called("ops", Some("u-1")), false),
            (called("ops", Some("u-3")), true),
            (called("sato", None), false),
        ] {
            assert_eq!(listings.is_shared(&actor, &identities), shared, "{actor:?}");
        }
        // One id in two stores, and the event does not say which.
        listings.gone.insert(user("d-2", "u-1"), left);
        assert_eq!(listings.left(None, Some((None, "u-1"))), None);
    }

    #[test]
    fn a_name_alone_is_never_more_than_probable() {
        for (certainty, matched_by, expected) in [
            ("proven", "user_id", "proven"),
            ("proven", "name", "probable"),
            ("attested", "name", "probable"),
            ("probable", "name", "probable"),
            ("attested", "people_table", "attested"),
        ] {
            assert_eq!(at_most(certainty, matched_by), expected);
        }
    }
}
