//! Charts as inline SVG: numbers and our own words in, markup out. Meaning is never by colour alone: each part has its number in a title, and bars of
//! a stack have patterns. Our own: a few rectangles need no library, and those that draw charts put styles into attributes, which the page's policy refuses.

use crate::catalogue::Catalogue;
use crate::model::Rows;
use crate::period::Period;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bars of a chart, at most: hours of a week.
const BARS_MAX: usize = 168;
const HEIGHT: u64 = 90;
/// Days of a trend: with fewer, the bars do not grow wider.
const DAYS_SHOWN: usize = 30;
/// Steps of delays in minutes, as `queries/report/delay.sql` has them.
const DELAYS: [u64; 6] = [5, 10, 15, 30, 60, LONGER];
/// The step of all that took longer.
const LONGER: u64 = 999_999;
/// Words of the scale, the surest first.
const SCALE: [&str; 6] = ["proven", "attested", "probable", "ambiguous", "claimed", "unknown"];

/// Text within markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn frame(width: usize, title: &str, inner: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"{title}\" preserveAspectRatio=\"none\"><title>{title}</title>{inner}</svg>",
        HEIGHT + 2
    )
}

fn bar(inner: &mut String, place: usize, below: u64, height: u64, class: &str, title: &str) {
    let y = HEIGHT.saturating_sub(below + height) + 1;
    // Writing to a String cannot fail.
    let _ = write!(
        inner,
        "<rect class=\"{class}\" x=\"{}\" y=\"{y}\" width=\"8\" height=\"{height}\"><title>{}</title></rect>",
        place * 10 + 1,
        escaped(title)
    );
}

fn scaled(value: u64, most: u64) -> u64 {
    // What is there shows.
    if value == 0 { 0 } else { (value * HEIGHT / most.max(1)).max(1) }
}

/// Changes by hour of a period; none where that is longer than a week.
pub(crate) fn hours(rows: &Rows, period: &Period, catalogue: &Catalogue) -> Option<String> {
    let hours = usize::try_from((period.until - period.since) / 3_600_000_000).ok().filter(|hours| *hours <= BARS_MAX)?;
    let by_hour: BTreeMap<&str, (u64, u64)> = rows
        .rows
        .iter()
        .filter_map(|row| Some((rows.get(row, "hour")?, (rows.number(row, "changes"), rows.number(row, "person_changes")))))
        .collect();
    let most = by_hour.values().map(|(changes, _)| *changes).max()?;
    let mut inner = String::new();
    for hour in 0..hours {
        // Hours are counted in UTC, those of a zone half an hour off begin in the one before.
        let at = period.since.div_euclid(3_600_000_000) * 3_600_000_000 + i64::try_from(hour).ok()? * 3_600_000_000;
        let key = Period::utc(at);
        let Some((changes, people)) = by_hour.get(key.as_str()) else { continue };
        let (changes, people) = (changes.to_string(), people.to_string());
        let label = period.local(&key, "%m-%d %H:%M");
        let title = catalogue.with("chart-hour", &[("hour", &label), ("changes", &changes), ("people", &people)]);
        let (all, some) = by_hour.get(key.as_str()).map_or((0, 0), |(all, some)| (scaled(*all, most), scaled(*some, most)));
        bar(&mut inner, hour, some, all.saturating_sub(some), "machines", &title);
        bar(&mut inner, hour, 0, some, "people", &title);
    }
    Some(frame(hours * 10, &catalogue.text("chart-hours"), &inner))
}

/// How surely changes were attributed, by day, as parts of a whole.
pub(crate) fn certainty_by_day(rows: &Rows, catalogue: &Catalogue) -> Option<String> {
    let mut days: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for row in &rows.rows {
        let (Some(day), Some(word)) = (rows.get(row, "day"), rows.get(row, "certainty")) else { continue };
        *days.entry(day).or_default().entry(word).or_default() += rows.number(row, "changes");
    }
    if days.is_empty() {
        return None;
    }
    let mut inner = patterns();
    for (place, (day, words)) in days.iter().enumerate() {
        let all: u64 = words.values().sum();
        let mut below = 0;
        for word in SCALE {
            let changes = words.get(word).copied().unwrap_or_default();
            let height = scaled(changes, all).min(HEIGHT - below);
            let count = changes.to_string();
            let said = catalogue.text(&format!("certainty-{word}"));
            let title = catalogue.with("chart-day", &[("day", day), ("certainty", &said), ("changes", &count)]);
            if height > 0 {
                bar(&mut inner, place, below, height, word, &title);
                below += height;
            }
        }
    }
    Some(frame(days.len().max(DAYS_SHOWN) * 10, &catalogue.text("chart-certainty"), &inner))
}

/// A number's days, the busiest as high as the chart; the numbers stand in titles.
pub(crate) fn spark(days: &[(String, u64)], title: &str, catalogue: &Catalogue) -> Option<String> {
    let most = days.iter().map(|(_, number)| *number).max().filter(|most| *most > 0)?;
    let mut inner = String::new();
    for (place, (day, number)) in days.iter().enumerate().filter(|(_, (_, number))| *number > 0) {
        let said = catalogue.with("chart-number", &[("day", day), ("count", &number.to_string())]);
        bar(&mut inner, place, 0, scaled(*number, most), "people", &said);
    }
    let said = catalogue.with("chart-spark", &[("what", title), ("count", &most.to_string())]);
    Some(frame(days.len() * 10, &said, &inner).replacen("class=\"chart\"", "class=\"chart spark\"", 1))
}

/// How long objects took to come, in steps of minutes; none where none says.
pub(crate) fn delays(rows: &Rows, catalogue: &Catalogue) -> Option<String> {
    let objects: BTreeMap<u64, u64> = rows.rows.iter().map(|row| (rows.number(row, "minutes"), rows.number(row, "objects"))).collect();
    let most = objects.values().copied().max().filter(|most| *most > 0)?;
    let mut inner = String::new();
    for (place, minutes) in DELAYS.iter().enumerate() {
        let count = objects.get(minutes).copied().unwrap_or_default();
        let key = if *minutes == LONGER { "chart-delay-longer" } else { "chart-delay" };
        let said = catalogue.with(key, &[("minutes", &minutes.to_string()), ("count", &count.to_string())]);
        let class = if *minutes == LONGER { "machines" } else { "people" };
        bar(&mut inner, place, 0, scaled(count, most), class, &said);
    }
    Some(frame(DELAYS.len() * 10, &catalogue.text("chart-delays"), &inner))
}

/// Patterns by which the less sure words differ without colour.
fn patterns() -> String {
    let lines = [("ambiguous", "M0 4L4 0"), ("claimed", "M0 0L4 4"), ("unknown", "M0 2H4")];
    let pattern = |(word, path): &(&str, &str)| {
        format!(
            "<pattern id=\"p-{word}\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect class=\"ground {word}-ground\" width=\"4\" height=\"4\"/><path class=\"line\" d=\"{path}\"/></pattern>"
        )
    };
    format!("<defs>{}</defs>", lines.iter().map(pattern).collect::<String>())
}
