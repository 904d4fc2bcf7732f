//! Some log objects in, what digests say of each out, without looking at the rest of the bucket.

use std::collections::{BTreeMap, BTreeSet};

use crate::chain::Walk;
use crate::error::Error;
use crate::page::Seen;
use crate::place::{DAY, log_place};
use crate::report::{Ask, Logs, Tally, Verdict};
use crate::store::{Pages, Store};
use crate::verifier::LogFact;

/// Days of digests around the time at which an object was made, or delivered, that are looked at: an hour's digest may end on the next.
const REACH_DAYS: i64 = 1;

/// The verdict on each object, in their order, as a report of everything would have it.
pub(crate) fn judge<P: Pages>(store: &mut Store<P>, facts: &[LogFact<'_>], now: i64) -> Result<Vec<Verdict>, Error> {
    let mut of_scope: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, fact) in facts.iter().enumerate() {
        of_scope.entry(log_place(fact.uri).scope).or_default().push(at);
    }
    let mut verdicts = vec![Verdict::NotCovered; facts.len()];
    for (scope, members) in of_scope {
        if !store.index()?.scopes.contains(&scope) {
            continue;
        }
        let page = store.scope(&scope)?.clone();
        let mut wanted: BTreeSet<i64> = page.digest_days.first().copied().into_iter().collect();
        for fact in members.iter().filter_map(|at| facts.get(*at)) {
            for time in log_place(fact.uri).stamp.into_iter().chain(fact.modified) {
                let day = time.div_euclid(DAY);
                wanted.extend(page.digest_days.range(day - REACH_DAYS..=day + REACH_DAYS));
            }
        }
        let unlisted = |_: &str, _: i64| false;
        let mut walk = Walk::new(&unlisted, true);
        for day in wanted {
            walk.day(store.digests(&scope, Some(day))?);
        }
        let (_, roots) = walk.finish();
        let (ask, mut tally) = (Ask { now, from: None, until: now }, Tally::default());
        let logs = Logs { roots: &roots, page: &page, listed: &unlisted, ask, gaps: BTreeMap::new(), tally: &mut tally };
        for at in members {
            let (Some(fact), Some(verdict)) = (facts.get(at), verdicts.get_mut(at)) else { continue };
            let place = log_place(fact.uri);
            let seen = Seen { sha256: fact.sha256, modified: fact.modified };
            // A folder that was never noted has no page.
            let entry = if page.folders.contains(place.folder) { store.logs(place.folder)?.objects.get(place.name) } else { None };
            *verdict = logs.verdict(entry, &place, &seen);
        }
    }
    Ok(verdicts)
}
