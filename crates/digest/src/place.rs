//! A URI in; whose log or digest lies there, and of which chain, out.
//!
//! Judged by exact folder names after the last `AWSLogs/`, as `event::log_key` does, so that any bucket, prefix and organisation segment
//! read alike. The layout of digests: CloudTrail User Guide, "CloudTrail digest file structure".

use event::log_key::{Kind, classify};
use event::time::micros;
use serde::{Deserialize, Serialize};

/// An account and a region: what a chain, and a statement about coverage, is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// Twelve digits; empty for objects outside a trail's layout.
    pub account_id: String,
    /// As the folder is named; empty for objects outside a trail's layout.
    pub aws_region: String,
}

/// A chain of digests: those of one trail, for one account and region. Backfill digests form chains of their own.
///
/// Bucket and prefix are no part of it, since a trail may change them and its chain goes on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainId {
    /// Account and region of the logs.
    pub scope: Scope,
    /// `o-…` for an organisation's trail, else empty.
    pub organization_id: String,
    /// The trail's name.
    pub trail_name: String,
    /// The region in which the trail was made.
    pub home_region: String,
    /// Whether these are the digests of log files that were listed late.
    pub backfill: bool,
}

/// Where a log object lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogPlace<'a> {
    pub(crate) scope: Scope,
    /// Bucket, prefix, `AWSLogs/` and organisation: a trail's logs and digests share it.
    pub(crate) root: &'a str,
    /// Up to the last slash.
    pub(crate) folder: &'a str,
    pub(crate) name: &'a str,
    /// The folder that tells the kind: `CloudTrail`, `CloudTrail-Insight`, …
    pub(crate) kind: &'a str,
    /// Days since 1970 of the folder.
    pub(crate) day: Option<i64>,
    /// When the object was made, to the minute, in microseconds.
    pub(crate) stamp: Option<i64>,
}

/// What a digest's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestPlace<'a> {
    pub(crate) chain: ChainId,
    pub(crate) root: &'a str,
    /// The end of the digest's time, in microseconds.
    pub(crate) stamp: i64,
}

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Reads where a log object lies; what the layout does not tell is empty.
pub(crate) fn log_place(uri: &str) -> LogPlace<'_> {
    let read = classify(uri);
    let folder = uri.rfind('/').and_then(|at| uri.get(..=at)).unwrap_or("");
    let name = uri.get(folder.len()..).unwrap_or(uri);
    let (root, kind) = match read.kind {
        Kind::Unplaced => (folder, ""),
        _ => root_and_kind(uri, read.organization_id, read.account_id),
    };
    LogPlace {
        scope: Scope { account_id: read.account_id.to_owned(), aws_region: read.aws_region.to_owned() },
        root,
        folder,
        name,
        kind,
        day: day_of(folder),
        stamp: minute(read.stamp),
    }
}

/// Reads a digest's name by its exact grammar; none for any other.
pub(crate) fn digest_place(uri: &str) -> Option<DigestPlace<'_>> {
    let read = classify(uri);
    if read.kind != Kind::Digest {
        return None;
    }
    let (account_id, aws_region) = (read.account_id, read.aws_region);
    let (root, _) = root_and_kind(uri, read.organization_id, account_id);
    let below = uri.get(root.len()..)?.strip_prefix(account_id)?.strip_prefix("/CloudTrail-Digest/")?;
    let dated = below.strip_prefix(aws_region)?.strip_prefix('/')?;
    let (date, name) = dated.split_at_checked(11)?;
    if !is_date(date) {
        return None;
    }
    let parts = name.strip_prefix(account_id)?.strip_prefix("_CloudTrail-Digest_")?.strip_prefix(aws_region)?.strip_prefix('_')?;
    let parts = parts.strip_suffix(".json.gz")?;
    let (parts, backfill) = parts.strip_suffix("_backfill").map_or((parts, false), |parts| (parts, true));
    // A trail's name may hold underscores; what follows it may not.
    let (parts, stamp) = parts.rsplit_once('_')?;
    let (trail_name, home_region) = parts.rsplit_once('_')?;
    if trail_name.is_empty() || home_region.is_empty() || name.contains('/') || stamp.len() != 16 {
        return None;
    }
    Some(DigestPlace {
        chain: ChainId {
            scope: Scope { account_id: account_id.to_owned(), aws_region: aws_region.to_owned() },
            organization_id: read.organization_id.to_owned(),
            trail_name: trail_name.to_owned(),
            home_region: home_region.to_owned(),
            backfill,
        },
        root,
        stamp: basic(stamp)?,
    })
}

/// Account and region of anything in a trail's layout, a folder or prefix too.
pub(crate) fn scope_of(uri: &str) -> Option<Scope> {
    let read = classify(uri);
    let known = read.kind != Kind::Unplaced && !read.aws_region.is_empty();
    known.then(|| Scope { account_id: read.account_id.to_owned(), aws_region: read.aws_region.to_owned() })
}

fn root_and_kind<'a>(uri: &'a str, organization_id: &str, account_id: &str) -> (&'a str, &'a str) {
    let logs = uri.rfind("AWSLogs/").map_or(0, |at| at + 8);
    let length = logs + if organization_id.is_empty() { 0 } else { organization_id.len() + 1 };
    let rest = uri.get(length + account_id.len() + 1..).unwrap_or("");
    (uri.get(..length).unwrap_or(""), rest.split('/').next().unwrap_or(""))
}

/// `2026/11/18/` at the end of a folder.
fn day_of(folder: &str) -> Option<i64> {
    let date = folder.get(folder.len().checked_sub(11)?..)?;
    if !is_date(date) {
        return None;
    }
    let date = date.trim_end_matches('/').replace('/', "-");
    micros(&format!("{date}T00:00:00Z")).map(|time| time.div_euclid(DAY))
}

fn is_date(text: &str) -> bool {
    text.len() == 11
        && text.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7 | 10) { byte == b'/' } else { byte.is_ascii_digit() })
}

/// `20261118T0505Z`, with or without the `Z`.
fn minute(stamp: &str) -> Option<i64> {
    basic(&format!("{}00Z", stamp.get(..13)?))
}

/// `20261118T050211Z`.
fn basic(stamp: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| stamp.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(9..11)?, part(11..13)?, part(13..15)?);
    let whole = part(8..9) == Some("T") && stamp.get(15..) == Some("Z");
    micros(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20261118T050131Z";

    #[test]
    fn digest_names_of_account_and_organisation_trails_are_read() {
        for (uri, root, organization_id, backfill) in [
            (format!("s3://b/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/18/{NAME}.json.gz"), "s3://b/AWSLogs/", "", false),
            (
                format!("s3://b/p/q/AWSLogs/o-ab12/111122223333/CloudTrail-Digest/eu-west-1/2026/11/18/{NAME}_backfill.json.gz"),
                "s3://b/p/q/AWSLogs/o-ab12/",
                "o-ab12",
                true,
            ),
        ] {
            let place = digest_place(&uri).unwrap();
            assert_eq!((place.root, place.chain.organization_id.as_str(), place.chain.backfill), (root, organization_id, backfill));
            assert_eq!((place.chain.trail_name.as_str(), place.chain.home_region.as_str()), ("my_trail", "us-east-1"));
            assert_eq!(Some(place.stamp), micros("2026-11-18T05:01:31Z"));
            assert_eq!(scope_of(&uri), Some(place.chain.scope));
        }
    }

    #[test]
    fn names_that_are_almost_digests_are_not() {
        let folder = "s3://b/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/18/";
        for uri in [
            format!("{folder}{NAME}.json"),
            format!("{folder}{NAME}.json.gz.bak"),
            format!("{folder}x/{NAME}.json.gz"),
            format!("{folder}{}.json.gz", NAME.replace("111122223333", "111122223334")),
            format!("{folder}{}.json.gz", NAME.replace("eu-west-1", "eu-west-2")),
            format!("{folder}{}.json.gz", NAME.replace("T050131Z", "T0501Z")),
            format!("{folder}{}.json.gz", NAME.replace("20261118", "20261318")),
            format!("{}{NAME}.json.gz", folder.replace("2026/11/18", "2026/11/1x")),
            format!("{}{NAME}.json.gz", folder.replace("CloudTrail-Digest", "CloudTrail")),
            format!("{folder}111122223333_CloudTrail-Digest_eu-west-1_us-east-1_20261118T050131Z.json.gz"),
            format!("{folder}日本"),
        ] {
            assert_eq!(digest_place(&uri), None, "{uri}");
        }
    }

    #[test]
    fn places_of_logs_are_read() {
        let uri = "s3://b/p/AWSLogs/o-ab/111122223333/CloudTrail/eu-west-1/2026/11/18/111122223333_CloudTrail_eu-west-1_20261118T0505Z_AbCdEfGhIjKlMnOp.json.gz";
        let place = log_place(uri);
        assert_eq!((place.root, place.kind), ("s3://b/p/AWSLogs/o-ab/", "CloudTrail"));
        assert_eq!(place.stamp, micros("2026-11-18T05:05:00Z"));
        assert_eq!(place.day, Some(20_775));
        assert_eq!(format!("{}{}", place.folder, place.name), uri);
        let stray = log_place("s3://b/records.json");
        assert_eq!((stray.root, stray.kind, stray.scope.account_id.as_str(), stray.day, stray.stamp), ("s3://b/", "", "", None, None));
    }
}
