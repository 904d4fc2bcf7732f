//! Which days and objects a window takes.

use super::day_of;
use crate::settings::Settings;

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// How long after an event its object is made, mostly (CloudTrail User Guide: about 5 minutes on average; measured: up to 10).
const DELIVERY_MICROS: i64 = 15 * 60 * 1_000_000;

/// The time that was asked about; without either end everything is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    since: Option<i64>,
    until: Option<i64>,
    /// When the run began, and its day.
    pub(super) started: i64,
    pub(super) today: i32,
}

impl Window {
    pub(super) fn of(settings: &Settings, started: i64) -> Self {
        Self { since: settings.since, until: settings.until, started, today: day_of(started) }
    }

    /// Whether no time was asked about.
    pub(super) fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// The folders of days that may hold objects of the window: an object made before midnight may lie in the folder of the day after.
    pub(super) fn folders(&self) -> (Option<i32>, Option<i32>) {
        let until = self.until.map(|until| day_of(until.saturating_add(DELIVERY_MICROS)).saturating_add(1));
        (self.since.map(day_of), until.filter(|until| *until < self.today))
    }

    /// Of these days those of which the window takes every object: first and last.
    pub(super) fn full(&self, from: i32, until: i32) -> Option<(i32, i32)> {
        let since = self.since.map_or(i32::MIN, |since| day_of(since.saturating_add(DAY - 1)));
        let last = self.until.map_or(i32::MAX, |until| day_of(until.saturating_add(DELIVERY_MICROS)).saturating_sub(1));
        let (from, until) = (from.max(since), until.min(last));
        (from <= until).then_some((from, until))
    }

    /// Whether an object belongs to the window: by the day of its folder where the whole day does, else by when it was made; one that does
    /// not say when it was made does. What a trail delivers late is in the window of its delivery.
    pub(super) fn takes(&self, day: Option<i32>, stamp: &str) -> bool {
        if self.is_all() || day.is_some_and(|day| self.full(day, day).is_some()) {
            return true;
        }
        let part = |range: std::ops::Range<usize>| stamp.get(range).unwrap_or("");
        let time = format!("{}-{}-{}T{}:{}:00Z", part(0..4), part(4..6), part(6..8), part(9..11), part(11..13));
        let Some(made) = event::time::micros(&time) else { return true };
        self.since.is_none_or(|since| made >= since) && self.until.is_none_or(|until| made < until.saturating_add(DELIVERY_MICROS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(since: Option<&str>, until: Option<&str>) -> Window {
        let time = |text: &str| event::time::micros(text).unwrap();
        let started = time("2026-11-20T12:00:00Z");
        Window { since: since.map(time), until: until.map(time), started, today: day_of(started) }
    }

    #[test]
    fn a_window_takes_whole_days_and_the_edges_by_name() {
        let day = day_of(event::time::micros("2026-11-18T00:00:00Z").unwrap());
        let two = window(Some("2026-11-18T00:00:00Z"), Some("2026-11-20T00:00:00Z"));
        assert_eq!(two.folders(), (Some(day), None));
        assert_eq!(two.full(day - 5, day + 5), Some((day, day + 1)));
        // Delivered on the day after its name.
        assert!(two.takes(Some(day), "20261117T2359Z") && !two.takes(Some(day - 1), "20261117T2359Z"));
        assert!(two.takes(Some(day + 2), "20261120T0010Z") && !two.takes(Some(day + 2), "20261120T0015Z"));
        let hours = window(Some("2026-11-18T09:00:00Z"), Some("2026-11-18T10:00:00Z"));
        assert_eq!((hours.folders(), hours.full(day, day)), ((Some(day), Some(day + 1)), None));
        assert!(hours.takes(Some(day), "20261118T0900Z") && !hours.takes(Some(day), "20261118T0855Z") && hours.takes(None, ""));
        let all = window(None, None);
        assert!(all.is_all() && all.takes(Some(1), "") && all.folders() == (None, None));
        assert_eq!(all.full(3, 4), Some((3, 4)));
    }
}
