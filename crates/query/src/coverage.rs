//! What the logs could have shown.

use crate::answer::{Coverage, CoverageGap};
use crate::error::Result;
use crate::hits::{column, text};
use crate::reader::Reader;
use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use event::time::rfc3339;
use identity::{Directory, Organisation};
use lake::Table;
use std::collections::{BTreeMap, BTreeSet};

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
        let mut complete = false;
        if let Some(holes) = self.uncovered(since.or(first), until, &scopes).await? {
            complete = holes.is_empty() && !scopes.is_empty();
            gaps = if scopes.is_empty() { gaps } else { holes };
        }
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
        let from = since.or(first).map(rfc3339);
        let until = until.or(last).map(rfc3339);
        Ok((organisation, Coverage { from, until, complete, gaps }))
    }

    /// For each account and region the first and last event read, microseconds since 1970.
    async fn spans(&self) -> Result<BTreeMap<(String, String), (i64, i64)>> {
        let mut spans = BTreeMap::new();
        let columns = ["account_id", "aws_region", "first_event_time", "last_event_time"];
        for batch in self.points(Table::Objects).await?.objects_read(&columns).await? {
            let (account, region) = (text(&batch, "account_id")?, text(&batch, "aws_region")?);
            let times = |name| column(&batch, name).map(|column| column.as_primitive::<TimestampMicrosecondType>().clone());
            let (from, to) = (times("first_event_time")?, times("last_event_time")?);
            for row in 0..batch.num_rows() {
                let place = (account.value(row).to_owned(), region.value(row).to_owned());
                let held = spans.entry(place).or_insert((from.value(row), to.value(row)));
                *held = (held.0.min(from.value(row)), held.1.max(to.value(row)));
            }
        }
        Ok(spans)
    }
}
