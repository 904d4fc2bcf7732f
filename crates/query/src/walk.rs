//! Sessions in, a graph out that holds all that could change who stands behind them.
//!
//! Level by level: what is known of the sessions themselves, of the events that may have issued them, then of the callers of those.
//! Each level is one read of `credentials`, on the days on which its sessions began.

use crate::error::{Error, Result};
use crate::reader::Reader;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit};
use identity::{Graph, HOPS_MAX, Organisation, SessionKey, ViaLookups};
use lake::{Fact, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Microseconds around midnight within which an issuing event may lie on the other day.
const MIDNIGHT_MICROS: i64 = 10_000_000;

/// Values of one read, at most.
const VALUES_MAX: usize = 150;

/// Hours before a role switch within which the session switched from began.
const SWITCH_DAYS: i32 = 1;

/// Days before and after a session's beginning on which the tokens around it are given out.
const TOKEN_DAYS: i32 = 1;

/// What to look for on one day.
#[derive(Debug, Default)]
struct Wanted {
    credentials: BTreeSet<String>,
    keys: BTreeSet<String>,
    principals: BTreeSet<String>,
    arns: BTreeSet<String>,
    sign_ins: BTreeSet<String>,
    tokens: BTreeSet<String>,
    /// Accounts for which Identity Center gave out credentials in the second in which a session began.
    fetched: BTreeSet<(String, i64)>,
}

/// What is known of the sessions asked for so far.
#[derive(Debug)]
pub struct Walked {
    /// A graph from which each of them can be resolved.
    pub graph: Graph,
    /// Those that were seen, by their ids.
    pub sessions: BTreeMap<String, SessionKey>,
    asked_for: BTreeSet<String>,
    walked: BTreeSet<SessionKey>,
    seen: Via,
}

impl Walked {
    /// Nothing yet, of an organisation whose accounts are known.
    pub fn new(organisation: &Organisation) -> Self {
        Self {
            graph: Graph::new(organisation),
            sessions: BTreeMap::new(),
            asked_for: BTreeSet::new(),
            walked: BTreeSet::new(),
            seen: Via::default(),
        }
    }
}

impl Reader {
    /// Adds what it takes to resolve each of the given sessions; with each id the days of the calls that are asked about, for sessions
    /// that bear no date.
    ///
    /// # Errors
    /// Where `credentials` cannot be read.
    pub async fn walk(&self, walked: &mut Walked, credential_ids: &BTreeMap<String, BTreeSet<i32>>) -> Result<()> {
        self.need(&[Table::Credentials]).await?;
        let Walked { graph, sessions, asked_for, walked: asked, seen } = walked;
        let mut wanted: BTreeMap<i32, Wanted> = BTreeMap::new();
        for (id, days) in credential_ids {
            asked_for.insert(id.clone());
            let day = id.get(..5).and_then(|day| i32::from_str_radix(day, 16).ok()).unwrap_or(0);
            wanted.entry(day).or_default().credentials.insert(id.clone());
            for day in days.iter().filter(|_| day == 0) {
                wanted.entry(*day).or_default().credentials.insert(id.clone());
            }
        }
        for _ in 0..=HOPS_MAX {
            let mut facts = self.facts(&wanted).await?;
            wanted.clear();
            let mut fresh: BTreeSet<SessionKey> = BTreeSet::new();
            for fact in facts.drain(..) {
                match fact {
                    Fact::Used(used) => {
                        let session = used.identity.session();
                        let id = session.credential_id();
                        if asked_for.contains(&id) {
                            sessions.insert(id, session.clone());
                        }
                        fresh.insert(session);
                        graph.add_use(used);
                    }
                    Fact::Issued(issue) => {
                        fresh.insert(issue.caller.session());
                        if let Some(from) = issue.switch_from.as_ref().filter(|from| from.contains(":assumed-role/")) {
                            let day = lake::day_of(issue.event_time);
                            for day in day - SWITCH_DAYS..=day {
                                wanted.entry(day).or_default().arns.insert(from.clone());
                            }
                        }
                        graph.add_issue(issue);
                    }
                    Fact::Resolved { .. } => {}
                }
            }
            for session in fresh {
                if asked.insert(session.clone()) {
                    want(&mut wanted, &session);
                }
            }
            for session in asked.iter() {
                let found = graph.via_lookups(session);
                seen.want(&mut wanted, session, found);
            }
            if wanted.is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn facts(&self, wanted: &BTreeMap<i32, Wanted>) -> Result<Vec<Fact>> {
        let mut found = Vec::new();
        for (day, wanted) in wanted {
            let columns: [(&str, &BTreeSet<String>); 8] = [
                ("credential_id", &wanted.credentials),
                ("access_key_id", &wanted.keys),
                ("issued_access_key_id", &wanted.keys),
                ("principal_id", &wanted.principals),
                ("issued_principal_id", &wanted.principals),
                ("user_arn", &wanted.arns),
                ("issued_sign_in_session_arn", &wanted.sign_ins),
                ("issued_credential_id", &wanted.tokens),
            ];
            for part in wanted.fetched.iter().collect::<Vec<_>>().chunks(VALUES_MAX) {
                let time = |micros: i64| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
                let accounts = part.iter().map(|(account, _)| lit(account.as_str())).collect();
                let times = part.iter().map(|(_, micros)| time(*micros)).collect();
                let any = col("target_account_id").in_list(accounts, false).and(col("event_time").in_list(times, false));
                found.extend(self.facts_where(*day, any).await?);
            }
            let largest = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
            for start in (0..largest).step_by(VALUES_MAX) {
                let terms = columns.iter().filter_map(|(column, values)| {
                    let list: Vec<Expr> = values.iter().skip(start).take(VALUES_MAX).map(|value| lit(value.as_str())).collect();
                    (!list.is_empty()).then(|| col(*column).in_list(list, false))
                });
                let Some(any) = terms.reduce(Expr::or) else { continue };
                found.extend(self.facts_where(*day, any).await?);
            }
        }
        Ok(found)
    }

    async fn facts_where(&self, day: i32, condition: Expr) -> Result<Vec<Fact>> {
        let of_day = col("dt").eq(lit(ScalarValue::Date32(Some(day))));
        let frame =
            self.context().await?.table("credentials").await?.filter(of_day.and(condition))?.filter(col("fact").not_eq(lit("resolved")))?;
        let mut found = Vec::new();
        for batch in frame.collect().await? {
            found.extend(lake::facts::read(&plain(&batch)?)?);
        }
        Ok(found)
    }
}

/// What was looked up already of whoever acted for somebody.
#[derive(Debug, Default)]
struct Via {
    sign_ins: BTreeSet<String>,
    tokens: BTreeSet<String>,
    fetched: BTreeSet<(String, i64)>,
    sessions: BTreeSet<SessionKey>,
}

impl Via {
    fn want(&mut self, wanted: &mut BTreeMap<i32, Wanted>, session: &SessionKey, found: ViaLookups) {
        let Some(day) = session.creation_date.map(lake::day_of) else { return };
        for sign_in in found.sign_in_session_arn.into_iter().filter(|sign_in| self.sign_ins.insert(sign_in.clone())) {
            for day in day - TOKEN_DAYS..=day + TOKEN_DAYS {
                wanted.entry(day).or_default().sign_ins.insert(sign_in.clone());
            }
        }
        for token in found.credential_ids.into_iter().filter(|token| self.tokens.insert(token.clone())) {
            for day in day - TOKEN_DAYS..=day {
                wanted.entry(day).or_default().tokens.insert(token.clone());
            }
        }
        for fetched in found.fetched.into_iter().filter(|fetched| self.fetched.insert(fetched.clone())) {
            wanted.entry(lake::day_of(fetched.1)).or_default().fetched.insert(fetched);
        }
        for session in found.sessions.into_iter().filter(|session| self.sessions.insert(session.clone())) {
            want(wanted, &session);
        }
    }
}

fn want(wanted: &mut BTreeMap<i32, Wanted>, session: &SessionKey) {
    let Some(created) = session.creation_date else { return };
    let days = [created - MIDNIGHT_MICROS, created, created + MIDNIGHT_MICROS].map(lake::day_of);
    for day in BTreeSet::from(days) {
        let wanted = wanted.entry(day).or_default();
        wanted.keys.extend(session.access_key_id.clone());
        wanted.principals.extend(session.principal_id.clone());
    }
}

/// The batch with the lake's own types, where the engine chose others for text.
fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let failed = |error: datafusion::arrow::error::ArrowError| Error::Query { source: error.into() };
    let schema = Table::Credentials.file_schema();
    let columns = schema
        .fields()
        .iter()
        .map(|field| cast(crate::hits::column(batch, field.name())?, field.data_type()).map_err(failed))
        .collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(schema, columns).map_err(failed)
}
