//! Places at which a test may end the process, as a crash would.
//!
//! They are in builds with debug assertions, and in those that ask for them by the feature `fail-points`; in every other build [`reach`] is
//! nothing. A process has one armed at most, by [`arm`]. Which ones it comes by stands in its log.

use crate::compact::COMPACTED;
use crate::schema::Table;
use std::fmt;
use std::str::FromStr;

/// Whether this build has them.
pub const COMPILED: bool = cfg!(any(debug_assertions, feature = "fail-points"));

/// A step after which a crash must cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// A table was made.
    Made(Table),
    /// A data file was put down, which no commit names yet.
    Staged(Table),
    /// A manifest was put down, which no commit names yet.
    Manifest,
    /// A commit of a table went through, and its writer does not know yet.
    Committed(Table),
    /// A file was put down that holds what several hold, and no commit names it yet.
    Merged(Table),
    /// The commit went through that puts larger files in the place of smaller ones, and its writer does not know yet.
    Rearranged(Table),
    /// Every table has what `events` has.
    Followed,
    /// Sessions were resolved again, and nothing of it is written yet.
    Resolved,
    /// A page beside the tables was put down; those that it replaces are still there.
    PagePut,
    /// A page that another replaces was removed.
    PageRemoved,
    /// Digests are in the pages, and not in the ledger.
    Judged,
    /// Alerts were told, and are not remembered.
    Told,
    /// What messages of a queue tell of is in the lake, and they are still in the queue.
    Taken,
    /// Messages were deleted from a queue, and the run is not noted.
    Deleted,
}

impl Point {
    /// Every one of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = [
            Self::Manifest,
            Self::Followed,
            Self::Resolved,
            Self::PagePut,
            Self::PageRemoved,
            Self::Judged,
            Self::Told,
            Self::Taken,
            Self::Deleted,
        ];
        let written = Table::ALL.into_iter().flat_map(|table| [Self::Made(table), Self::Staged(table), Self::Committed(table)]);
        let compacted = COMPACTED.into_iter().flat_map(|table| [Self::Merged(table), Self::Rearranged(table)]);
        written.chain(compacted).chain(others)
    }
}

/// As `WHODID_CRASH_AT` names it: `staged.events`.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(table) => write!(f, "made.{}", table.name()),
            Self::Staged(table) => write!(f, "staged.{}", table.name()),
            Self::Manifest => f.write_str("manifest"),
            Self::Committed(table) => write!(f, "committed.{}", table.name()),
            Self::Merged(table) => write!(f, "merged.{}", table.name()),
            Self::Rearranged(table) => write!(f, "rearranged.{}", table.name()),
            Self::Followed => f.write_str("followed"),
            Self::Resolved => f.write_str("resolved"),
            Self::PagePut => f.write_str("page_put"),
            Self::PageRemoved => f.write_str("page_removed"),
            Self::Judged => f.write_str("judged"),
            Self::Told => f.write_str("told"),
            Self::Taken => f.write_str("taken"),
            Self::Deleted => f.write_str("deleted"),
        }
    }
}

impl FromStr for Point {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::all().find(|point| point.to_string() == name).ok_or(())
    }
}

#[cfg(any(debug_assertions, feature = "fail-points"))]
mod armed {
    use super::Point;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ARMED: OnceLock<(Point, AtomicU32)> = OnceLock::new();

    /// Ends the process when it comes by `point` for the `time`-th time. Only the first call of a process counts.
    pub fn arm(point: Point, time: u32) {
        ARMED.get_or_init(|| (point, AtomicU32::new(time)));
    }

    /// Comes by a point.
    pub fn reach(point: Point) {
        tracing::debug!(%point, "reached");
        #[cfg(test)]
        super::act(point);
        if let Some((armed, left)) = ARMED.get()
            && *armed == point
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            // No destructor runs and nothing is flushed, as with SIGKILL.
            std::process::abort();
        }
    }
}

#[cfg(not(any(debug_assertions, feature = "fail-points")))]
mod armed {
    use super::Point;

    /// This build has no points.
    pub fn arm(_: Point, _: u32) {}

    /// This build has no points.
    #[inline(always)]
    pub fn reach(_: Point) {}
}

pub use armed::{arm, reach};

#[cfg(test)]
type Act = (Point, Box<dyn FnOnce()>);

#[cfg(test)]
thread_local! {
    static ACT: std::cell::RefCell<Option<Act>> = const { std::cell::RefCell::new(None) };
}

/// Does something the next time that this thread comes by a point: what another process does just then.
#[cfg(test)]
pub(crate) fn when(point: Point, act: impl FnOnce() + 'static) {
    ACT.set(Some((point, Box::new(act))));
}

#[cfg(test)]
fn act(point: Point) {
    if let Some((_, act)) = ACT.with_borrow_mut(|held| held.take_if(|(wanted, _)| *wanted == point)) {
        act();
    }
}

#[cfg(test)]
mod tests {
    use super::Point;
    use std::collections::BTreeSet;

    #[test]
    fn each_point_has_a_name_of_its_own() {
        let names: BTreeSet<String> = Point::all().map(|point| point.to_string()).collect();
        assert_eq!(names.len(), Point::all().count());
        for point in Point::all() {
            assert_eq!(point.to_string().parse(), Ok(point));
        }
        assert_eq!("staged.nothing".parse::<Point>(), Err(()));
    }
}
