//! What a subscription of CloudWatch Logs puts down through Firehose: an object's bytes in, the text of its payloads out.
//!
//! Each payload is a gzip member of its own, and Firehose puts many into one object, one after another; compresses that once more where it is
//! told to; or inflates them and leaves the documents side by side (CloudWatch Logs User Guide, "Log group-level subscription filters"; Amazon
//! Data Firehose Developer Guide, "Decompress CloudWatch Logs").
//!
//! Every member must be such a payload: a log file of CloudTrail with something behind its end stays refused, whatever follows it.

use crate::gunzip::{Fault, OBJECT_BYTES_MAX, gunzip_within, head, is_gzip, member_length};
use std::borrow::Cow;

/// Payloads in one object, at most.
pub const PAYLOADS_MAX: usize = 100_000;
/// What every payload begins with.
const BEGINNING: &[u8] = b"{\"messageType\":";

/// The beginning of an object, as [`head`] gives it; that of the first payload where the object is compressed twice.
pub fn beginning(bytes: &[u8], bytes_max: usize) -> Vec<u8> {
    let outer = head(bytes, bytes_max);
    if is_gzip(bytes) && is_gzip(&outer) { head(&outer, bytes_max) } else { outer }
}

/// Inflates an object of payloads; none where it is something else, or one member as any other.
///
/// # Errors
/// [`Fault`], and then nothing of the object may be used.
pub fn inflate(bytes: &[u8], bytes_max: usize) -> Option<Result<Cow<'_, [u8]>, Fault>> {
    if !is_gzip(bytes) {
        return None;
    }
    if is_payload(&head(bytes, BEGINNING.len())) {
        return Some(members(bytes, bytes_max).map(Cow::Owned));
    }
    let inner = head(bytes, 256);
    if !is_gzip(&inner) || !is_payload(&head(&inner, BEGINNING.len())) {
        return None;
    }
    Some(gunzip_within(bytes, bytes_max).and_then(|inner| members(&inner, bytes_max)).map(Cow::Owned))
}

fn is_payload(head: &[u8]) -> bool {
    head.starts_with(BEGINNING)
}

fn members(mut bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let bytes_max = bytes_max.min(OBJECT_BYTES_MAX);
    let mut text = Vec::new();
    let mut count = 0;
    while !bytes.is_empty() {
        count += 1;
        if count > PAYLOADS_MAX {
            return Err(Fault::TooLarge);
        }
        if !is_gzip(bytes) {
            return Err(Fault::Trailing);
        }
        let (member, rest) = bytes.split_at_checked(member_length(bytes)?).ok_or(Fault::Truncated)?;
        let payload = gunzip_within(member, bytes_max.saturating_sub(text.len()))?;
        if !is_payload(&payload) {
            return Err(Fault::Trailing);
        }
        text.extend_from_slice(&payload);
        text.push(b'\n');
        bytes = rest;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut out = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut out).unwrap();
        out.truncate(length);
        out
    }

    const ONE: &[u8] = br#"{"messageType":"DATA_MESSAGE","logEvents":[1]}"#;
    const TWO: &[u8] = br#"{"messageType":"DATA_MESSAGE","logEvents":[2]}"#;

    #[test]
    fn payloads_of_an_object_come_one_after_another() {
        let both = [ONE, b"\n", TWO, b"\n"].concat();
        let members = [gzip(ONE), gzip(TWO)].concat();
        assert_eq!(inflate(&members, 1 << 20).unwrap().unwrap(), both);
        assert_eq!(inflate(&gzip(&members), 1 << 20).unwrap().unwrap(), both, "compressed twice");
        assert!(beginning(&gzip(&members), 64).starts_with(ONE));
        assert!(beginning(&members, 64).starts_with(ONE));
    }

    #[test]
    fn what_is_no_payload_is_left_to_others_or_refused() {
        let trail = gzip(b"{\"Records\":[]}");
        assert!(inflate(&[&trail[..], &gzip(ONE)].concat(), 1 << 20).is_none(), "a log file with something behind its end");
        assert!(inflate(ONE, 1 << 20).is_none());
        assert_eq!(inflate(&[&gzip(ONE)[..], &trail].concat(), 1 << 20), Some(Err(Fault::Trailing)));
        assert_eq!(inflate(&[&gzip(ONE)[..], b"junk"].concat(), 1 << 20), Some(Err(Fault::Trailing)));
        let members = [gzip(ONE), gzip(TWO)].concat();
        assert_eq!(inflate(&members[..members.len() - 3], 1 << 20), Some(Err(Fault::Truncated)));
        assert_eq!(inflate(&members, ONE.len() + 5), Some(Err(Fault::TooLarge)));
    }
}
