//! Times as the AWS SDK has them, and microseconds since 1970.

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

pub(crate) fn of_micros(micros: i64) -> DateTime {
    DateTime::from_nanos(i128::from(micros) * 1_000).unwrap_or_else(|_| DateTime::from_secs(micros.div_euclid(1_000_000)))
}

pub(crate) fn micros(time: &DateTime) -> Option<i64> {
    i64::try_from(time.as_nanos() / 1_000).ok()
}

/// Of a header such as `Date`.
pub(crate) fn of_header(text: &str) -> Option<i64> {
    DateTime::from_str(text, DateTimeFormat::HttpDate).ok().as_ref().and_then(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_a_time() {
        assert_eq!(of_header("Wed, 18 Nov 2026 05:02:11 GMT"), Some(1_794_978_131_000_000));
        assert_eq!(of_header("yesterday"), None);
        assert_eq!(micros(&of_micros(-1_500_000)), Some(-1_500_000));
    }
}
