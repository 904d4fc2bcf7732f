//! A number of the summary, day by day of UTC, over the 30 days up to a period's end.

use crate::calendar;
use crate::model::{Data, Rows};
use crate::period::Period;
use std::collections::BTreeMap;

/// Days of a week.
const WEEK: usize = 7;

/// A card's number on each day; nothing for what is no card.
pub(crate) fn days(card: &str, data: &Data, clock: &Period) -> Vec<(String, u64)> {
    let trend = data.table("trend");
    let whole = |column: &str| -> BTreeMap<String, u64> {
        let days = trend.rows.iter().filter(|row| trend.get(row, "certainty").is_none());
        days.filter_map(|row| Some((trend.get(row, "day")?.to_owned(), trend.number(row, column)))).collect()
    };
    let found = match card {
        "changes" | "person_changes" | "people" => whole(card),
        "unattributed" => {
            let mut days = BTreeMap::new();
            for row in &trend.rows {
                let (Some(day), Some("ambiguous" | "claimed" | "unknown")) = (trend.get(row, "day"), trend.get(row, "certainty")) else {
                    continue;
                };
                *days.entry(day.to_owned()).or_default() += trend.number(row, "changes");
            }
            days
        }
        "alerts" => of_table(data.table("alerts_by_day"), "alerts"),
        "privileged_sessions" => of_table(data.table("privileged_by_day"), "sessions"),
        _ => return Vec::new(),
    };
    let number = |day: &String| found.get(day).copied().unwrap_or_default();
    calendar::days(clock)
        .into_iter()
        .map(|(day, _)| {
            let number = number(&day);
            (day, number)
        })
        .collect()
}

/// A table's numbers by its days.
fn of_table(table: &Rows, column: &str) -> BTreeMap<String, u64> {
    table.rows.iter().filter_map(|row| Some((table.get(row, "day")?.to_owned(), table.number(row, column)))).collect()
}

/// The same day a week before the last; none of a day of which the lake has no change at all.
pub(crate) fn week_before<'d>(days: &'d [(String, u64)], data: &Data) -> Option<(&'d str, u64)> {
    let (day, number) = days.get(days.len().checked_sub(WEEK + 1)?)?;
    let trend = data.table("trend");
    trend.rows.iter().any(|row| trend.get(row, "day") == Some(day)).then_some((day.as_str(), *number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_card_has_its_days_and_an_unknown_week_before_is_no_nought() {
        let clock = Period::days("2026-11-17", "2026-11-17", "UTC").unwrap();
        let row =
            |values: &[&str]| values.iter().map(|value| Some((*value).to_owned()).filter(|value| !value.is_empty())).collect::<Vec<_>>();
        let rows = [
            ["2026-11-10", "claimed", "2", "0", "0"],
            ["2026-11-10", "proven", "5", "3", "2"],
            ["2026-11-10", "", "7", "3", "2"],
            ["2026-11-17", "proven", "4", "4", "1"],
            ["2026-11-17", "", "4", "4", "1"],
        ];
        let trend =
            Rows::new(&["day", "certainty", "changes", "person_changes", "people"], rows.iter().map(|values| row(values)).collect());
        let alerts = Rows::new(&["day", "alerts"], vec![row(&["2026-11-17", "3"])]);
        let mut data = crate::opinion::tests::clear();
        let privileged = Rows::new(&["day", "sessions"], vec![row(&["2026-11-10", "1"]), row(&["2026-11-17", "6"])]);
        let tables = [("trend", trend), ("alerts_by_day", alerts), ("privileged_by_day", privileged)];
        data.tables.extend(tables.map(|(name, rows)| (name.to_owned(), rows)));
        for (card, last, before) in [
            ("changes", 4, 7),
            ("person_changes", 4, 3),
            ("people", 1, 2),
            ("unattributed", 0, 2),
            ("alerts", 3, 0),
            ("privileged_sessions", 6, 1),
        ] {
            let days = days(card, &data, &clock);
            assert_eq!((days.len(), days.last().map(|(day, number)| (day.as_str(), *number))), (30, Some(("2026-11-17", last))), "{card}");
            assert_eq!(week_before(&days, &data), Some(("2026-11-10", before)), "{card}");
        }
        let later = Period::days("2026-11-18", "2026-11-18", "UTC").unwrap();
        assert_eq!(week_before(&days("changes", &data, &later), &data), None);
    }
}
