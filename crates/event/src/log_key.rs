//! An object's key in, what the trail says lies there out.
//!
//! Judged by the last `AWSLogs/` in the key and exact folder names, so that any prefix before it, an organisation segment or none,
//! Control Tower's and Landing Zone Accelerator's buckets all read alike (CloudTrail User Guide, "Getting and viewing your CloudTrail log files").

/// What an object is, as far as its key tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A trail's log file.
    CloudTrail,
    /// A digest of log files.
    Digest,
    /// CloudTrail Insights.
    Insight,
    /// CloudTrail network activity.
    NetworkActivity,
    /// CloudTrail aggregated events.
    Aggregated,
    /// Under `AWSLogs/`, of another service or another kind.
    OtherService,
    /// Outside any `AWSLogs/` layout: what it is shows when it is read.
    Unplaced,
}

/// The parts of a key in a trail's layout; what is absent is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogKey<'a> {
    /// What lies there.
    pub kind: Kind,
    /// `o-…`, where the trail is an organisation's.
    pub organization_id: &'a str,
    /// Account whose events they are.
    pub account_id: &'a str,
    /// Region of the folder.
    pub aws_region: &'a str,
    /// `YYYYMMDDTHHMMZ` of the name: when the file was made.
    pub stamp: &'a str,
}

/// Reads a key.
pub fn classify(key: &str) -> LogKey<'_> {
    let unplaced = LogKey { kind: Kind::Unplaced, organization_id: "", account_id: "", aws_region: "", stamp: "" };
    let Some(at) = key.rfind("AWSLogs/").filter(|at| *at == 0 || key.as_bytes().get(at - 1) == Some(&b'/')) else { return unplaced };
    let mut parts = key.get(at + 8..).unwrap_or("").split('/').peekable();
    let organization_id = parts.next_if(|part| part.starts_with("o-")).unwrap_or("");
    let account_id = parts.next().unwrap_or("");
    if !is_account_id(account_id) {
        return unplaced;
    }
    let kind = kind_of(parts.next().unwrap_or(""));
    let aws_region = parts.next().unwrap_or("");
    let name = key.rsplit('/').next().unwrap_or("");
    let stamp = name.split(['_', '-', '.']).find(|part| is_stamp(part)).unwrap_or("");
    LogKey { kind, organization_id, account_id, aws_region, stamp }
}

/// What lies below a folder of a bucket, by the last `AWSLogs/` in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder<'a> {
    /// Anything: it is above `AWSLogs/`, or of no trail's shape.
    Outside,
    /// Accounts: it is `AWSLogs/`, or an organisation's folder in it.
    Accounts,
    /// Kinds of logs of one account.
    Kinds { account_id: &'a str },
    /// Regions of one kind of logs.
    Regions { kind: Kind, account_id: &'a str },
    /// Years, and in them months and days.
    Days { kind: Kind, account_id: &'a str, aws_region: &'a str },
    /// Objects of a year, a month or a day.
    Objects,
}

/// Reads the path of a folder, which ends in `/`.
pub fn folder(path: &str) -> Folder<'_> {
    let Some(at) = path.rfind("AWSLogs/").filter(|at| *at == 0 || path.as_bytes().get(at - 1) == Some(&b'/')) else {
        return Folder::Outside;
    };
    let mut parts = path.get(at + 8..).unwrap_or("").split_terminator('/').peekable();
    let _ = parts.next_if(|part| part.starts_with("o-"));
    let Some(account_id) = parts.next() else { return Folder::Accounts };
    if !is_account_id(account_id) {
        return Folder::Outside;
    }
    let Some(kind) = parts.next().map(kind_of) else { return Folder::Kinds { account_id } };
    let Some(aws_region) = parts.next() else { return Folder::Regions { kind, account_id } };
    if parts.next().is_none() { Folder::Days { kind, account_id, aws_region } } else { Folder::Objects }
}

/// The folder of a trail's account and region that a log or digest lies in, with its closing `/`, and the day of its folder there in days
/// since 1970. The day is that of delivery (CloudTrail User Guide, "Finding your CloudTrail log files").
pub fn day_folder(key: &str) -> Option<(&str, i32)> {
    let mut slashes = key.rmatch_indices('/').map(|(at, _)| at);
    let (day_end, _, _, region_end) = (slashes.next()?, slashes.next()?, slashes.next()?, slashes.next()?);
    let region = key.get(..=region_end)?;
    let Folder::Days { kind: Kind::CloudTrail | Kind::Digest, .. } = folder(region) else { return None };
    day_of_path(key.get(region_end + 1..day_end)?).map(|day| (region, day))
}

/// The days since 1970 of `2026/11/18`.
pub fn day_of_path(path: &str) -> Option<i32> {
    if path.len() != 10 || path.as_bytes().get(4) != Some(&b'/') || path.as_bytes().get(7) != Some(&b'/') {
        return None;
    }
    let midnight = crate::time::micros(&format!("{}T00:00:00Z", path.replace('/', "-")))?;
    i32::try_from(midnight.div_euclid(86_400_000_000)).ok()
}

/// `2026/11/18/` of a day since 1970.
pub fn path_of_day(day: i32) -> String {
    let midnight = crate::time::rfc3339(i64::from(day) * 86_400_000_000);
    format!("{}/", midnight.get(..10).unwrap_or("").replace('-', "/"))
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn kind_of(folder: &str) -> Kind {
    match folder {
        "CloudTrail" => Kind::CloudTrail,
        "CloudTrail-Digest" => Kind::Digest,
        "CloudTrail-Insight" => Kind::Insight,
        "CloudTrail-NetworkActivity" => Kind::NetworkActivity,
        "CloudTrail-Aggregated" => Kind::Aggregated,
        _ => Kind::OtherService,
    }
}

fn is_stamp(part: &str) -> bool {
    let digits = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    (13..=16).contains(&part.len()) && digits(part.get(..8)) && part.get(8..9) == Some("T") && digits(part.get(9..13))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_told_apart_by_exact_folder_names() {
        let file = "111122223333_CloudTrail_eu-west-1_20261118T0505Z_AbCdEfGhIjKlMnOp.json.gz";
        for (key, kind, organization_id) in [
            (format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18/{file}"), Kind::CloudTrail, ""),
            (format!("any/prefix/AWSLogs/o-1a2b3c/111122223333/CloudTrail/eu-west-1/2026/11/18/{file}"), Kind::CloudTrail, "o-1a2b3c"),
            (format!("o-1a2b3c/AWSLogs/o-1a2b3c/111122223333/CloudTrail/eu-west-1/2026/11/18/{file}"), Kind::CloudTrail, "o-1a2b3c"),
            (format!("AWSLogs/old/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18/{file}"), Kind::CloudTrail, ""),
            (
                format!("cloudtrail-organization/AWSLogs/o-1a2b3c/111122223333/CloudTrail-Digest/eu-west-1/2026/11/18/{file}"),
                Kind::Digest,
                "o-1a2b3c",
            ),
            (format!("AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/11/18/{file}"), Kind::Insight, ""),
            (format!("AWSLogs/111122223333/CloudTrail-Aggregated/eu-west-1/2026/11/18/{file}"), Kind::Aggregated, ""),
            (format!("AWSLogs/111122223333/CloudTrail-NetworkActivity/eu-west-1/2026/11/18/{file}"), Kind::NetworkActivity, ""),
            (format!("AWSLogs/111122223333/Config/eu-west-1/2026/11/18/{file}"), Kind::OtherService, ""),
        ] {
            let read = classify(&key);
            assert_eq!(
                (read.kind, read.organization_id, read.account_id, read.aws_region),
                (kind, organization_id, "111122223333", "eu-west-1"),
                "{key}"
            );
            assert_eq!(read.stamp, "20261118T0505Z", "{key}");
        }
        for key in ["records.json", "NotAWSLogs/111122223333/CloudTrail/x.json.gz", "AWSLogs/short/CloudTrail/x.json.gz"] {
            assert_eq!(classify(key).kind, Kind::Unplaced, "{key}");
        }
        assert_eq!(
            classify("AWSLogs/o-ab/811596193553/CloudTrail/us-east-1/2020/09/30/811596193553_CloudTrail_us-east-1-20200930T2300.json")
                .stamp,
            "20200930T2300"
        );
    }

    #[test]
    fn folders_say_what_lies_below_them() {
        let account_id = "111122223333";
        for (path, expected) in [
            ("", Folder::Outside),
            ("o-1a2b3c/", Folder::Outside),
            ("NotAWSLogs/111122223333/", Folder::Outside),
            ("AWSLogs/short/", Folder::Outside),
            ("AWSLogs/", Folder::Accounts),
            ("o-1a2b3c/AWSLogs/o-1a2b3c/", Folder::Accounts),
            ("AWSLogs/old/AWSLogs/111122223333/", Folder::Kinds { account_id }),
            ("p/AWSLogs/o-1a2b3c/111122223333/CloudTrail/", Folder::Regions { kind: Kind::CloudTrail, account_id }),
            ("AWSLogs/111122223333/Config/", Folder::Regions { kind: Kind::OtherService, account_id }),
            ("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/", Folder::Days { kind: Kind::Digest, account_id, aws_region: "eu-west-1" }),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/", Folder::Objects),
        ] {
            assert_eq!(folder(path), expected, "{path}");
        }
    }

    #[test]
    fn days_of_folders_are_read_and_written() {
        let region = "AWSLogs/111122223333/CloudTrail/eu-west-1/";
        assert_eq!(day_folder(&format!("{region}2026/11/18/x.json.gz")), Some((region, 20_775)));
        assert_eq!(path_of_day(20_775), "2026/11/18/");
        assert_eq!(day_of_path("1970/01/01"), Some(0));
        for key in ["2026/11/x.json.gz", "x.json.gz", "2026/13/01/x", "2026/11/18/deeper/x", "2026-11-18/a/b/x"] {
            assert_eq!(day_folder(&format!("{region}{key}")), None, "{key}");
        }
        assert_eq!(day_folder("AWSLogs/111122223333/Config/eu-west-1/2026/11/18/x"), None);
        assert_eq!(day_folder("x"), None);
    }
}
