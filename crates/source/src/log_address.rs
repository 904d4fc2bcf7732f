//! What the user calls a log group in, its parts out. Pure: whether it exists is the caller's question.
//!
//! `logs://LOG-GROUP`, or the ARN of a log group as AWS writes it, with `:*` or without; either may end in `:log-stream:PREFIX`, as ARNs of log
//! streams do. Names of groups hold slashes, so that a slash could not part the two; a colon is in neither's name (CloudWatch Logs API
//! Reference, CreateLogGroup and CreateLogStream).

use crate::{Error, Result};

const SCHEME: &str = "logs://";
/// Letters of a group's name, at most.
const GROUP_LETTERS_MAX: usize = 512;

/// A log group, and which of its streams are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogAddress {
    pub(crate) group: String,
    /// Where the ARN says that it lies.
    pub(crate) place: Option<Place>,
    /// What the names of streams begin with.
    pub(crate) stream_prefix: String,
}

/// The parts of an ARN before its resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) partition: String,
    pub(crate) region: String,
    pub(crate) account_id: String,
}

/// Whether the user means a log group of CloudWatch Logs: `logs://…`, or its ARN.
pub fn is_log_group(spec: &str) -> bool {
    scheme(spec).is_some() || (spec.starts_with("arn:") && spec.split(':').nth(2) == Some("logs"))
}

fn scheme(spec: &str) -> Option<&str> {
    let (start, rest) = spec.split_at_checked(SCHEME.len())?;
    start.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

pub(crate) fn parse(spec: &str) -> Result<LogAddress> {
    let bad = |why| Error::BadSpec { spec: spec.to_owned(), why };
    let (place, rest) = match scheme(spec) {
        Some(rest) => (None, rest),
        None => {
            let mut parts = spec.splitn(7, ':');
            let mut next = || parts.next().unwrap_or_default();
            let (arn, partition, service, region, account_id, kind, rest) = (next(), next(), next(), next(), next(), next(), next());
            if arn != "arn" || service != "logs" || kind != "log-group" {
                return Err(bad("it is no ARN of a log group"));
            }
            if partition.is_empty() || region.is_empty() || account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Err(bad("the ARN lacks its region or account"));
            }
            let place = Place { partition: partition.to_owned(), region: region.to_owned(), account_id: account_id.to_owned() };
            (Some(place), rest)
        }
    };
    let (group, stream) = match rest.split_once(':') {
        None => (rest, ""),
        Some((group, "" | "*")) => (group, ""),
        Some((group, stream)) => {
            let stream = stream.strip_prefix("*:").unwrap_or(stream);
            let stream = stream.strip_prefix("log-stream:").ok_or_else(|| bad("after a group's name comes :log-stream:PREFIX"))?;
            (group, stream.strip_suffix('*').unwrap_or(stream))
        }
    };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'#');
    if group.is_empty() || group.len() > GROUP_LETTERS_MAX || !group.bytes().all(letter) {
        return Err(bad("a log group's name holds letters, digits, '.', '-', '_', '/' and '#'"));
    }
    if stream.contains([':', '*']) {
        return Err(bad("a log stream's name holds neither ':' nor '*'"));
    }
    Ok(LogAddress { group: group.to_owned(), place, stream_prefix: stream.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, expected: Option<(&str, Option<&str>, &str)>) {
        let found = parse(spec).ok();
        let found = found
            .as_ref()
            .map(|found| (found.group.as_str(), found.place.as_ref().map(|place| place.account_id.as_str()), found.stream_prefix.as_str()));
        assert_eq!(found, expected, "{spec}");
    }

    #[test]
    fn a_group_is_named_by_its_name_or_its_arn() {
        check("logs:///aws/ssm/sessions", Some(("/aws/ssm/sessions", None, "")));
        check("LOGS://sessions", Some(("sessions", None, "")));
        check("logs://sessions:log-stream:sato@", Some(("sessions", None, "sato@")));
        let arn = "arn:aws:logs:ap-northeast-1:111122223333:log-group:/ssm";
        check(arn, Some(("/ssm", Some("111122223333"), "")));
        check(&format!("{arn}:*"), Some(("/ssm", Some("111122223333"), "")));
        check(&format!("{arn}:log-stream:a/b*"), Some(("/ssm", Some("111122223333"), "a/b")));
        check(&format!("{arn}:*:log-stream:a"), Some(("/ssm", Some("111122223333"), "a")));
        assert!(is_log_group(arn) && is_log_group("logs://x") && is_log_group("logs://"));
        assert!(!is_log_group("log") && !is_log_group("s3://logs") && !is_log_group("arn:aws:s3:::logs") && !is_log_group("日本語"));
    }

    #[test]
    fn what_names_no_group_is_refused() {
        for spec in [
            "logs://",
            "logs://a b",
            "logs://a:b",
            "logs://a:log-stream:x:y",
            "logs://監査",
            "arn:aws:logs:ap-northeast-1:1:log-group:x",
            "arn:aws:logs::111122223333:log-group:x",
            "arn:aws:logs:ap-northeast-1:111122223333:destination:x",
            "arn:aws:logs:ap-northeast-1:111122223333:log-group:",
        ] {
            check(spec, None);
        }
    }
}
