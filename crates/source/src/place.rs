//! Reads an S3 URL into a bucket and a prefix. Pure: whether they exist is the caller's question.

use crate::{Error, Result};

const SCHEME: &str = "s3://";

/// Whether the user means a bucket rather than a folder.
pub fn is_s3(spec: &str) -> bool {
    spec.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// The bucket, and the prefix byte for byte: S3 gives `?`, `#` and `%` no meaning of their own.
pub(crate) fn parse(spec: &str) -> Result<(String, String)> {
    let bad = |why| Error::BadSpec { spec: spec.to_owned(), why };
    if !is_s3(spec) {
        return Err(bad("it does not begin with s3://"));
    }
    let rest = spec.get(SCHEME.len()..).unwrap_or_default();
    if rest.starts_with("arn:") {
        return Err(bad("an access point is named by its alias, not by its ARN"));
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(bad("it names no bucket"));
    }
    if !bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
        return Err(bad("a bucket's name holds letters, digits, '.', '-' and '_'"));
    }
    Ok((bucket.to_owned(), prefix.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, expected: Option<(&str, &str)>) {
        let found = parse(spec).ok();
        assert_eq!(found.as_ref().map(|(bucket, prefix)| (bucket.as_str(), prefix.as_str())), expected, "{spec}");
    }

    #[test]
    fn bucket_and_prefix_are_taken_as_written() {
        check("s3://audit", Some(("audit", "")));
        check("s3://audit/", Some(("audit", "")));
        check("s3://audit/AWSLogs", Some(("audit", "AWSLogs")));
        check("s3://audit//a b?c#d%2F/", Some(("audit", "/a b?c#d%2F/")));
        check("S3://Old_Bucket/p", Some(("Old_Bucket", "p")));
    }

    #[test]
    fn what_names_no_bucket_is_refused() {
        for spec in ["s3://", "s3:///p", "s3:/b/p", "b/p", "", "s3://a b/p", "s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/x"] {
            check(spec, None);
        }
    }

    #[test]
    fn a_folder_is_not_a_bucket() {
        assert!(is_s3("s3://b") && is_s3("S3://b"));
        assert!(!is_s3("s3") && !is_s3("./s3://b") && !is_s3("日本語のログ") && !is_s3(""));
    }
}
