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

impl LogKey<'_> {
    /// Whether a record of this account's trail may lie here. CloudTrail puts each record into the folder of the account whose trail it is
    /// (`recipientAccountId`); the caller's account and the region may be others. Where key or record do not say, they do not contradict.
    pub fn admits(&self, recipient_account_id: &str) -> bool {
        self.kind != Kind::CloudTrail || recipient_account_id.is_empty() || recipient_account_id == self.account_id
    }
}

/// Reads a key.
pub fn classify(key: &str) -> LogKey<'_> {
    let unplaced = LogKey { kind: Kind::Unplaced, organization_id: "", account_id: "", aws_region: "", stamp: "" };
    let Some(at) = key.rfind("AWSLogs/").filter(|at| *at == 0 || key.as_bytes().get(at - 1) == Some(&b'/')) else { return unplaced };
    let mut parts = key.get(at + 8..).unwrap_or("").split('/').peekable();
    let organization_id = parts.next_if(|part| part.starts_with("o-")).unwrap_or("");
    let account_id = parts.next().unwrap_or("");
    if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return unplaced;
    }
    let kind = match parts.next().unwrap_or("") {
        "CloudTrail" => Kind::CloudTrail,
        "CloudTrail-Digest" => Kind::Digest,
        "CloudTrail-Insight" => Kind::Insight,
        "CloudTrail-NetworkActivity" => Kind::NetworkActivity,
        "CloudTrail-Aggregated" => Kind::Aggregated,
        _ => Kind::OtherService,
    };
    let aws_region = parts.next().unwrap_or("");
    let name = key.rsplit('/').next().unwrap_or("");
    let stamp = name.split(['_', '-', '.']).find(|part| is_stamp(part)).unwrap_or("");
    LogKey { kind, organization_id, account_id, aws_region, stamp }
}

fn is_stamp(part: &str) -> bool {
    let digits = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    (13..=16).contains(&part.len()) && digits(part.get(..8)) && part.get(8..9) == Some("T") && digits(part.get(9..13))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_of_another_accounts_trail_does_not_belong_here() {
        let trail = classify("AWSLogs/o-1a2b3c/111122223333/CloudTrail/eu-west-1/2026/11/18/x.json.gz");
        assert!(trail.admits("111122223333") && trail.admits(""));
        assert!(!trail.admits("444455556666"));
        assert!(classify("export/records.json").admits("444455556666"));
    }

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
}
