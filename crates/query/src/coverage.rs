//! What the logs could have shown.

use crate::answer::{Coverage, CoverageGap, LiveCoverage};
use crate::error::Result;
use crate::hits::{column, text};
use crate::reader::Reader;
use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use event::time::rfc3339;
use identity::{Directory, Organisation};
use lake::Table;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const DAY_MICROS: i64 = 86_400_000_000;
/// Accounts and regions that an answer lists; what is beyond is summed up in one.
const GAPS_MAX: usize = 500;

/// Accounts that the directory lists and of which there is no log at all.
fn silent(listed: &Directory, scopes: &BTreeSet<(String, String)>, from: Option<i64>, until: Option<i64>) -> Vec<CoverageGap> {
    let Some((as_of, accounts)) = listed.open_accounts() else { return Vec::new() };
    let heard: BTreeSet<&str> = scopes.iter().map(|(account, _)| account.as_str()).collect();
    let gap = |account: &str| CoverageGap {
        account_id: account.to_owned(),
        aws_region: String::new(),
        from: from.map(rfc3339),
        until: until.map(rfc3339),
        why: format!("the directory lists this account as of {}, and no log of it is in the lake", rfc3339(as_of)),
    };
    accounts.into_iter().filter(|account| !heard.contains(account)).map(gap).collect()
}

impl Reader {
    /// The accounts whose own trail is in the lake, and what of the window the logs cover.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn coverage(&self, since: Option<i64>, until: Option<i64>) -> Result<(Organisation, Coverage)> {
        let (spans, listed) = futures::try_join!(self.spans(), self.listed_accounts())?;
        let mut organisation = Organisation { accounts: self.configured().accounts.clone() };
        organisation.accounts.extend(listed.accounts().into_iter().map(str::to_owned));
        let (mut gaps, mut scopes) = (Vec::new(), BTreeSet::new());
        let (mut first, mut last): (Option<i64>, Option<i64>) = (None, None);
        for ((account, region), (from, to)) in spans {
            if !account.is_empty() {
                organisation.accounts.insert(account.clone());
            }
            first = Some(first.map_or(from, |first| first.min(from)));
            last = Some(last.map_or(to, |last| last.max(to)));
            gaps.push(CoverageGap {
                account_id: account.clone(),
                aws_region: region.clone(),
                from: Some(rfc3339(since.unwrap_or(from))),
                until: Some(rfc3339(until.unwrap_or(to))),
                why: "no verified digest covers it: that nothing is missing cannot be shown".into(),
            });
            scopes.insert((account, region));
        }
        if gaps.is_empty() {
            gaps.push(CoverageGap {
                account_id: String::new(),
                aws_region: String::new(),
                from: None,
                until: None,
                why: "no log of any account is in the lake".into(),
            });
        }
        if let Some(live) = self.live() {
            organisation.accounts.insert(live.account_id.clone());
        }
        let mut complete = false;
        if let Some(holes) = self.uncovered(since.or(first), until, &scopes).await? {
            complete = holes.is_empty() && !scopes.is_empty();
            gaps = if scopes.is_empty() { gaps } else { holes };
        }
        let left_out = self.not_ingested(since, until).await?;
        complete &= left_out.is_empty();
        gaps.splice(0..0, left_out);
        let silent = silent(&listed, &scopes, since.or(first), until.or(last));
        complete &= silent.is_empty();
        gaps.extend(silent);
        let more = gaps.len().saturating_sub(GAPS_MAX);
        gaps.truncate(GAPS_MAX);
        if more > 0 {
            gaps.push(CoverageGap {
                account_id: String::new(),
                aws_region: String::new(),
                from: None,
                until: None,
                why: format!("{more} more times of accounts and regions"),
            });
        }
        let live = self.live().cloned();
        let told = |told: fn(&LiveCoverage) -> &String| live.as_ref().map(|live| told(live).clone());
        let from = since.or(first).map(rfc3339).or_else(|| told(|live| &live.from));
        let until = until.or(last).map(rfc3339).or_else(|| told(|live| &live.until));
        if !complete {
            gaps.extend(live.as_ref().into_iter().flat_map(gaps_of));
        }
        Ok((organisation, Coverage { from, until, complete, gaps, live }))
    }

    /// The accounts that are ours: whose own trail is in the lake, and those that the directory or the configuration names.
    pub(crate) async fn organisation(&self) -> Result<Organisation> {
        let (spans, listed) = futures::try_join!(self.spans(), self.listed_accounts())?;
        let mut accounts = self.configured().accounts.clone();
        accounts.extend(listed.accounts().into_iter().map(str::to_owned));
        accounts.extend(spans.into_keys().map(|(account, _)| account).filter(|account| !account.is_empty()));
        accounts.extend(self.live().map(|live| live.account_id.clone()));
        Ok(Organisation { accounts })
    }

    /// The last event that a trail's objects in the lake hold of an account and region, microseconds since 1970.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn last_event(&self, account_id: &str, aws_region: &str) -> Result<Option<i64>> {
        let spans = self.spans().await?;
        Ok(spans.get(&(account_id.to_owned(), aws_region.to_owned())).map(|(_, last)| *last))
    }

    /// Which of an account's events, each an id and a time, the lake holds.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn held(&self, account_id: &str, events: &[(String, i64)]) -> Result<BTreeSet<String>> {
        let mut days: BTreeMap<i32, (BTreeSet<i64>, BTreeSet<String>)> = BTreeMap::new();
        for (event_id, time) in events {
            let (times, ids) = days.entry(lake::day_of(*time)).or_default();
            times.insert(*time);
            ids.insert(event_id.clone());
        }
        let mut held = BTreeSet::new();
        let table = self.points(Table::Events).await?;
        for (day, (times, ids)) in days {
            for batch in table.events_named(day, &times, &ids, &["event_id", "recipient_account_id"]).await? {
                let (ids, accounts) = (text(&batch, "event_id")?, text(&batch, "recipient_account_id")?);
                let ours = (0..batch.num_rows()).filter(|row| accounts.value(*row) == account_id);
                held.extend(ours.map(|row| ids.value(row).to_owned()));
            }
        }
        Ok(held)
    }

    /// Days of the window whose logs lie in a bucket that was ingested in part.
    async fn not_ingested(&self, since: Option<i64>, until: Option<i64>) -> Result<Vec<CoverageGap>> {
        let micros = |day: i32| i64::from(day) * DAY_MICROS;
        let today = lake::day_of(self.now());
        let days = self.lake().listings().await?.unlisted(today);
        let of_window = days
            .into_iter()
            .filter(|days| until.is_none_or(|until| micros(days.from) < until) && since.is_none_or(|since| since < micros(days.until)));
        let gap = |days: lake::Unlisted| CoverageGap {
            account_id: days.account_id,
            aws_region: days.aws_region,
            from: Some(rfc3339(micros(days.from).max(since.unwrap_or(i64::MIN)))),
            until: Some(rfc3339(micros(days.until).min(until.unwrap_or(i64::MAX)))),
            why: "logs of these days lie in the bucket and were not ingested: whodid ingest SOURCE --since DATE".into(),
        };
        Ok(of_window.map(gap).collect())
    }

    /// For each account and region the first and last event read, microseconds since 1970.
    async fn spans(&self) -> Result<BTreeMap<(String, String), (i64, i64)>> {
        let mut spans: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        let columns = ["account_id", "aws_region", "first_event_time", "last_event_time"];
        for batch in self.points(Table::Objects).await?.objects_read(&columns).await? {
            let (account, region) = (text(&batch, "account_id")?, text(&batch, "aws_region")?);
            let times = |name| column(&batch, name).map(|column| column.as_primitive::<TimestampMicrosecondType>().clone());
            let (from, to) = (times("first_event_time")?, times("last_event_time")?);
            let mut of_batch: HashMap<(&str, &str), (i64, i64)> = HashMap::new();
            for row in 0..batch.num_rows() {
                let held = of_batch.entry((account.value(row), region.value(row))).or_insert((from.value(row), to.value(row)));
                *held = (held.0.min(from.value(row)), held.1.max(to.value(row)));
            }
            for ((account, region), (from, to)) in of_batch {
                let held = spans.entry((account.to_owned(), region.to_owned())).or_insert((from, to));
                *held = (held.0.min(from), held.1.max(to));
            }
        }
        Ok(spans)
    }
}

/// Why event history makes nothing whole.
fn gaps_of(live: &LiveCoverage) -> [CoverageGap; 2] {
    let gap = |account_id: &str, aws_region: &str, why: String| CoverageGap {
        account_id: account_id.to_owned(),
        aws_region: aws_region.to_owned(),
        from: Some(live.from.clone()),
        until: Some(live.until.clone()),
        why,
    };
    [
        gap(&live.account_id, &live.aws_region, live.lacks.join("; ")),
        gap("", "", "event history was asked of one account and region: no other was".to_owned()),
    ]
}
