//! Changes of access rights in, the values before and after each out.
//!
//! The value before is that of the last earlier event in the lake that set the same thing, found by the index of mentions; where there is none, or
//! where the last one does not say what it set, it is not known. What digests contradict sets nothing.

use crate::error::Result;
use crate::hits::{self, number, optional, text};
use crate::payload::read;
use crate::reader::Reader;
use crate::session_log::times;
use crate::setting::{Done, Setting, done, is_in_response, may_set};
use crate::sql_rows::SqlRows;
use event::json::Tape;
use event::resource::spellings;
use event::time::micros;
use hashbrown::{HashMap, HashSet};
use lake::{Moments, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Things of one report of which earlier values are looked for, at most.
const THINGS_MAX: usize = 200;
/// Earlier calls about one thing that are looked at, the newest, at most.
const EARLIER_MAX: usize = 200;
/// Moments of which what was asked for and answered is in memory at a time: requests and answers are long.
const MOMENTS_AT_ONCE: usize = 2_000;
/// Letters of a value in a report, at most; a longer one is cut, and its SHA-256 stands behind it.
const VALUE_LETTERS_MAX: usize = 1_000;

/// What stands where the lake does not have a value.
const NOT_IN_LAKE: &str = "not_in_lake";
/// What stands where there was, or is, nothing.
const NONE: &str = "none";

const EVENT_COLUMNS: [&str; 10] = [
    "event_id",
    "event_time",
    "recipient_account_id",
    "aws_region",
    "event_source",
    "event_name",
    "error_code",
    "request_parameters",
    "response_elements",
    "object_id",
];

/// A setting, whose account and in which region; first what tells most of them apart.
type Key = (Setting, String, String);

/// When a setting was changed: time, event id.
type At = (i64, String);

/// What was done to settings, in order.
type Timeline = BTreeMap<Key, BTreeMap<At, Done>>;

/// What stood before an event, and after it.
#[derive(Debug, PartialEq, Eq)]
struct Values {
    before: String,
    after: String,
}

/// A row of the table.
struct Row<'r> {
    at: At,
    account: &'r str,
    region: &'r str,
    event_source: &'r str,
    event_name: &'r str,
    request: Option<&'r str>,
    object_id: i64,
}

impl<'r> Row<'r> {
    const COLUMNS: [&'static str; 8] =
        ["event_source", "event_name", "event_time", "event_id", "account_id", "aws_region", "request", "object_id"];

    /// A row that may have set something, its values at the places of [`Row::COLUMNS`].
    fn of(places: [Option<usize>; 8], row: &'r [Option<String>]) -> Option<Self> {
        let [event_source, event_name, time, id, account, region, request, object] =
            places.map(|place| row.get(place?).and_then(Option::as_deref));
        let (event_source, event_name) = (event_source?, event_name?);
        if !may_set(event_source, event_name) {
            return None;
        }
        Some(Self {
            at: (micros(time?)?, id?.to_owned()),
            account: account?,
            region: region?,
            event_source,
            event_name,
            request,
            object_id: object?.parse().ok()?,
        })
    }
}

/// What a call set, before it is known whether its object is to be believed.
type Found = (i64, Key, At, Done);

impl Reader {
    /// Adds what was set before and after to rows of `access_rights.sql`, in columns `before` and `after` that take the place of `object_id`;
    /// nothing for calls that set no whole value.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn add_before(&self, mut rows: SqlRows) -> Result<SqlRows> {
        let mut timeline = Timeline::new();
        let mut asked: Vec<Option<(String, String)>> = Vec::with_capacity(rows.rows.len());
        let (mut found, mut moments): (Vec<Found>, BTreeMap<i32, Moments>) = Default::default();
        let mut tape = Tape::default();
        let places = Row::COLUMNS.map(|name| rows.columns.iter().position(|column| column == name));
        for row in &rows.rows {
            let row = Row::of(places, row);
            asked.push(row.as_ref().map(|row| (row.account.to_owned(), row.at.1.clone())));
            let Some(row) = row else { continue };
            if is_in_response(row.event_source, row.event_name) {
                moments.entry(lake::day_of(row.at.0)).or_default().insert((row.at.0, row.account.to_owned()));
            } else if let Some((setting, done)) = done(row.event_source, row.event_name, read(&mut tape, row.request)?, None) {
                found.push((row.object_id, (setting, row.account.to_owned(), row.region.to_owned()), row.at, shortened(done)));
            }
        }
        self.add_settings(found, &mut timeline).await?;
        self.read_settings(moments, &mut timeline).await?;
        // Only what the rows are about is looked for further.
        let ids: HashSet<&str> = asked.iter().flatten().map(|(_, id)| id.as_str()).collect();
        timeline.retain(|_, done| done.keys().any(|(_, id)| ids.contains(id.as_str())));
        let things: BTreeSet<(String, String, i64)> = timeline.iter().filter_map(|(key, done)| needs_more(key, done)).collect();
        let looked = self.read_earlier(&things, &mut timeline).await?;
        self.forget_pages().await?;
        let mut by_event: HashMap<(String, String), Values> = HashMap::new();
        for ((setting, account, _), done) in timeline {
            let whole = looked.contains(&(account.as_str(), setting.thing.as_str()));
            let values = values(done.values(), whole);
            by_event.extend(done.into_keys().zip(values).map(|((_, id), values)| ((account.clone(), id), values)));
        }
        let hidden = rows.columns.iter().position(|column| column == "object_id");
        for (row, asked) in rows.rows.iter_mut().zip(&asked) {
            let values = asked.as_ref().and_then(|asked| by_event.remove(asked));
            let (before, after) = values.map(|Values { before, after }| (before, after)).unzip();
            if let Some(hidden) = hidden.filter(|hidden| *hidden < row.len()) {
                row.remove(hidden);
            }
            row.reserve_exact(2);
            row.extend([before, after]);
        }
        if let Some(hidden) = hidden {
            rows.columns.remove(hidden);
        }
        rows.columns.extend(["before".to_owned(), "after".to_owned()]);
        Ok(rows)
    }

    /// Looks for earlier calls about things; of which things all of them were looked at.
    async fn read_earlier<'t>(
        &self,
        things: &'t BTreeSet<(String, String, i64)>,
        timeline: &mut Timeline,
    ) -> Result<BTreeSet<(&'t str, &'t str)>> {
        let mentions = self.points(Table::Mentions).await?;
        let (mut moments, mut looked): (BTreeMap<i32, Moments>, _) = (BTreeMap::new(), BTreeSet::new());
        for (account, thing, until) in things.iter().take(THINGS_MAX) {
            let mut hits = Vec::new();
            for spelling in spellings(thing) {
                hits.extend(hits::read_mentions(&mentions.mentions_of(&spelling.key, i64::MIN..*until).await?)?);
            }
            hits.retain(|hit| !hit.read_only && !hit.failed && hit.recipient_account_id == *account);
            hits.sort_by_key(|hit| std::cmp::Reverse(hit.event_time));
            if hits.len() <= EARLIER_MAX {
                looked.insert((account.as_str(), thing.as_str()));
            }
            for hit in hits.into_iter().take(EARLIER_MAX) {
                moments.entry(lake::day_of(hit.event_time)).or_default().insert((hit.event_time, hit.recipient_account_id));
            }
        }
        let mut earlier = Timeline::new();
        self.read_settings(moments, &mut earlier).await?;
        for (key, done) in earlier {
            if let Some(held) = timeline.get_mut(&key) {
                held.extend(done);
            }
        }
        Ok(looked)
    }

    /// Reads what the calls of given moments set.
    async fn read_settings(&self, moments: BTreeMap<i32, Moments>, timeline: &mut Timeline) -> Result<()> {
        if moments.is_empty() {
            return Ok(());
        }
        let events = self.points(Table::Events).await?;
        let mut found = Vec::new();
        let (mut of_request, mut of_response) = (Tape::default(), Tape::default());
        let parts = moments.into_iter().flat_map(|(day, moments)| {
            let moments: Vec<_> = moments.into_iter().collect();
            moments.chunks(MOMENTS_AT_ONCE).map(|part| (day, part.iter().cloned().collect::<Moments>())).collect::<Vec<_>>()
        });
        for (day, moments) in parts {
            for batch in events.events_at(day, &moments, &EVENT_COLUMNS).await? {
                let (id, account) = (text(&batch, "event_id")?, text(&batch, "recipient_account_id")?);
                let region = text(&batch, "aws_region")?;
                let (source, name, error) = (text(&batch, "event_source")?, text(&batch, "event_name")?, text(&batch, "error_code")?);
                let (request, response) = (text(&batch, "request_parameters")?, text(&batch, "response_elements")?);
                let object = number(&batch, "object_id")?;
                for (row, time) in times(&batch, "event_time")?.into_iter().enumerate() {
                    let Some(time) = time.filter(|_| optional(&error, row).is_none()) else { continue };
                    if !may_set(source.value(row), name.value(row)) {
                        continue;
                    }
                    let (request, response) = (optional(&request, row), optional(&response, row));
                    let request = read(&mut of_request, request.as_deref())?;
                    let response = read(&mut of_response, response.as_deref())?;
                    let said = done(source.value(row), name.value(row), request, response);
                    let Some((setting, done)) = said else { continue };
                    let key = (setting, account.value(row).to_owned(), region.value(row).to_owned());
                    found.push((object.value(row), key, (time, id.value(row).to_owned()), shortened(done)));
                }
            }
        }
        self.add_settings(found, timeline).await
    }

    /// Puts what calls set in order; what lies in an object that is not to be believed does not say it.
    async fn add_settings(&self, found: Vec<Found>, timeline: &mut Timeline) -> Result<()> {
        let places = self.places(found.iter().map(|(object, ..)| *object).collect()).await?;
        for (object, key, at, done) in found {
            let done = if places.is_doubtful(object) { Done::Unsaid } else { done };
            timeline.entry(key).or_default().insert(at, done);
        }
        Ok(())
    }
}

/// A thing whose first change in hand does not say what was before: account, thing, and before when to look.
fn needs_more((setting, account, _): &Key, done: &BTreeMap<At, Done>) -> Option<(String, String, i64)> {
    let ((time, _), first) = done.first_key_value()?;
    (!matches!(first, Done::Made(_))).then(|| (account.clone(), setting.thing.clone(), *time))
}

/// The values around each change of a setting, in order. `looked`: whether earlier changes were looked for.
fn values<'d>(done: impl Iterator<Item = &'d Done>, looked: bool) -> Vec<Values> {
    let mut held = if looked { NOT_IN_LAKE } else { "not_looked_for" };
    let step = |done: &'d Done| {
        let after = match done {
            Done::Set(value) | Done::Made(value) => value,
            Done::Removed => NONE,
            Done::Unsaid => NOT_IN_LAKE,
        };
        let before = if matches!(done, Done::Made(_)) { NONE } else { held };
        held = after;
        Values { before: before.to_owned(), after: after.to_owned() }
    };
    done.map(step).collect()
}

/// What was done, its value as a report has it.
fn shortened(done: Done) -> Done {
    match done {
        Done::Set(value) => Done::Set(shown(value)),
        Done::Made(value) => Done::Made(shown(value)),
        Done::Removed | Done::Unsaid => done,
    }
}

/// A value as a report has it.
fn shown(value: String) -> String {
    let end = match value.as_bytes().get(..=VALUE_LETTERS_MAX) {
        None => None,
        Some(first) if first.is_ascii() => Some(VALUE_LETTERS_MAX),
        Some(_) => value.char_indices().nth(VALUE_LETTERS_MAX).map(|(end, _)| end),
    };
    match end {
        Some(end) => format!("{}… (SHA-256 {})", value.get(..end).unwrap_or_default(), lake::sha256(value.as_bytes())),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: &[Done], looked: bool) -> Vec<(String, String)> {
        values(done.iter(), looked).into_iter().map(|values| (values.before, values.after)).collect()
    }

    #[test]
    fn each_value_was_set_by_the_last_change_that_says_it() {
        let set = |value: &str| Done::Set(value.to_owned());
        let pairs =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(before, after)| ((*before).to_owned(), (*after).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            told(&[set("a"), set("b"), Done::Removed, set("c")], true),
            pairs(&[("not_in_lake", "a"), ("a", "b"), ("b", "none"), ("none", "c")])
        );
        assert_eq!(told(&[set("a")], false), pairs(&[("not_looked_for", "a")]));
        assert_eq!(
            told(&[Done::Made("a".into()), Done::Unsaid, set("b")], true),
            pairs(&[("none", "a"), ("a", "not_in_lake"), ("not_in_lake", "b")])
        );
    }

    #[test]
    fn a_long_value_is_cut_and_known_by_its_hash() {
        let long = "漢".repeat(VALUE_LETTERS_MAX + 1);
        let cut = shown(long.clone());
        assert!(cut.starts_with(&"漢".repeat(VALUE_LETTERS_MAX)) && cut.contains("… (SHA-256 ") && cut.len() < long.len() + 100);
        assert_ne!(cut, shown("漢".repeat(VALUE_LETTERS_MAX) + "字"));
        assert_eq!(shown(long[..3 * VALUE_LETTERS_MAX].to_owned()), long[..3 * VALUE_LETTERS_MAX]);
    }
}
