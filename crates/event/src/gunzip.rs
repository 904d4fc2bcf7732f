//! Compressed bytes in, the whole text out, or why not.
//!
//! One member, its checksum and length checked, nothing after it: what is hashed is what is parsed, and no reader that joins
//! several members can see records here that another one does not.

use std::borrow::Cow;

/// Bytes of one object after inflating, at most.
pub const OBJECT_BYTES_MAX: usize = 512 << 20;
/// Output for each byte of input, at most, once an object is over [`RATIO_FREE_BYTES`]. Trails compress about 8 to 1.
pub const RATIO_MAX: usize = 200;
/// Size under which the ratio is not looked at.
pub const RATIO_FREE_BYTES: usize = 16 << 20;

/// Why an object could not be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The stream ends before its trailer: the upload or the copy was cut.
    Truncated,
    /// Checksum or length of the trailer differ from what was inflated.
    Damaged,
    /// Bytes after the end of the member.
    Trailing,
    /// More output than [`OBJECT_BYTES_MAX`] or [`RATIO_MAX`] allow.
    TooLarge,
}

/// Whether the bytes begin as gzip does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Inflates gzip, or hands plain bytes back as they are.
///
/// # Errors
/// [`Fault`], and then nothing of the object may be used.
pub fn gunzip(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    gunzip_within(bytes, OBJECT_BYTES_MAX)
}

/// As [`gunzip`], for objects that may not be as large as those: more than `bytes_max` bytes are [`Fault::TooLarge`], and never held.
///
/// # Errors
/// As [`gunzip`].
pub fn gunzip_within(bytes: &[u8], bytes_max: usize) -> Result<Cow<'_, [u8]>, Fault> {
    Inflater::default().inflate_within(bytes, Vec::new(), bytes_max)
}

/// The first bytes of an object, `bytes_max` at most, to tell by them what it is; of gzip that cannot be inflated what came before the fault.
pub fn head(bytes: &[u8], bytes_max: usize) -> Vec<u8> {
    let Some(header) = is_gzip(bytes).then(|| header_length(bytes)).flatten() else {
        return bytes.get(..bytes_max).unwrap_or(bytes).to_vec();
    };
    let mut out = vec![0; bytes_max];
    let mut inflate = flate2::Decompress::new(false);
    // What was inflated before a fault counts; the fault is told by whoever reads the whole.
    let _ = inflate.decompress(bytes.get(header..).unwrap_or(&[]), &mut out, flate2::FlushDecompress::None);
    out.truncate(usize::try_from(inflate.total_out()).unwrap_or(0));
    out
}

/// Inflates objects, one after another, with tables that it keeps.
#[derive(Default)]
pub struct Inflater(libdeflater::Decompressor);

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

impl Inflater {
    /// As [`gunzip`], into `buffer`: whatever it holds is overwritten, and need not be cleared.
    ///
    /// # Errors
    /// [`Fault`], and then nothing of the object may be used.
    pub fn inflate<'b>(&mut self, bytes: &'b [u8], buffer: Vec<u8>) -> Result<Cow<'b, [u8]>, Fault> {
        self.inflate_within(bytes, buffer, OBJECT_BYTES_MAX)
    }

    fn inflate_within<'b>(&mut self, bytes: &'b [u8], buffer: Vec<u8>, bytes_max: usize) -> Result<Cow<'b, [u8]>, Fault> {
        let bytes_max = bytes_max.min(OBJECT_BYTES_MAX);
        if !is_gzip(bytes) {
            return if bytes.len() > bytes_max { Err(Fault::TooLarge) } else { Ok(Cow::Borrowed(bytes)) };
        }
        let Some(trailer) = bytes.len().checked_sub(8).filter(|at| *at >= 10).and_then(|at| bytes.get(at..)) else {
            return Err(Fault::Truncated);
        };
        let size = trailer.get(4..).and_then(|le| le.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        if size > bytes_max || (size > RATIO_FREE_BYTES && size / RATIO_MAX > bytes.len()) {
            return Err(diagnose(bytes));
        }
        let mut out = buffer;
        out.resize(size, 0);
        let inflated = self.0.gzip_decompress(bytes, &mut out) == Ok(size);
        // The decoder stops at the end of the first member and does not say where that was. There stands its trailer, which it has
        // checked: if the last eight bytes are that trailer, and stand nowhere earlier, the member ends where the object does.
        if inflated && ends_in_trailer_of(&out, trailer) && memchr::memmem::find(bytes, trailer) == Some(bytes.len() - 8) {
            return Ok(Cow::Owned(out));
        }
        match stream(bytes) {
            Ok(end) if end < bytes.len() => Err(Fault::Trailing),
            Ok(_) if inflated => Ok(Cow::Owned(out)),
            Ok(_) => Err(Fault::Damaged),
            Err(fault) => Err(fault),
        }
    }
}

fn ends_in_trailer_of(out: &[u8], trailer: &[u8]) -> bool {
    trailer.get(..4) == Some(&libdeflater::crc32(out).to_le_bytes())
}

fn diagnose(bytes: &[u8]) -> Fault {
    match stream(bytes) {
        Ok(end) if end < bytes.len() => Fault::Trailing,
        Ok(_) => Fault::TooLarge,
        Err(fault) => fault,
    }
}

/// Bytes of the first member, whatever follows it.
pub(crate) fn member_length(bytes: &[u8]) -> Result<usize, Fault> {
    stream(bytes)
}

/// Inflates bit by bit into nothing, to learn where and how a member ends.
fn stream(bytes: &[u8]) -> Result<usize, Fault> {
    let header = header_length(bytes).ok_or(Fault::Truncated)?;
    let mut inflate = flate2::Decompress::new(false);
    let mut window = vec![0; 1 << 16];
    let mut crc = libdeflater::Crc::new();
    let mut total = 0usize;
    loop {
        let at = header + inflate.total_in() as usize;
        let before = (inflate.total_in(), inflate.total_out());
        let input = bytes.get(at..).unwrap_or(&[]);
        let status = inflate.decompress(input, &mut window, flate2::FlushDecompress::None).map_err(|_| Fault::Damaged)?;
        let made = (inflate.total_out() - before.1) as usize;
        crc.update(window.get(..made).unwrap_or(&[]));
        total += made;
        if total > OBJECT_BYTES_MAX || (total > RATIO_FREE_BYTES && total / RATIO_MAX > bytes.len()) {
            return Err(Fault::TooLarge);
        }
        if status == flate2::Status::StreamEnd {
            break;
        }
        if before == (inflate.total_in(), inflate.total_out()) {
            return Err(Fault::Truncated);
        }
    }
    let end = header + inflate.total_in() as usize;
    let trailer = bytes.get(end..end + 8).ok_or(Fault::Truncated)?;
    let word = |range: std::ops::Range<usize>| trailer.get(range).and_then(|le| le.try_into().ok()).map_or(0, u32::from_le_bytes);
    if word(0..4) != crc.sum() || word(4..8) != total as u32 {
        return Err(Fault::Damaged);
    }
    Ok(end + 8)
}

/// RFC 1952, section 2.3: fixed part, then the optional extra field, name, comment and checksum.
fn header_length(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    (at <= bytes.len()).then_some(at)
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

    #[test]
    fn whole_member_is_inflated_and_plain_bytes_pass() {
        assert_eq!(gunzip(&gzip(b"{\"Records\":[]}")).unwrap().as_ref(), b"{\"Records\":[]}");
        assert_eq!(gunzip(b"[]").unwrap().as_ref(), b"[]");
        assert_eq!(gunzip(&gzip(b"")).unwrap().as_ref(), b"");
    }

    #[test]
    fn a_buffer_that_was_used_before_changes_nothing() {
        let (mut inflater, mut buffer) = (Inflater::default(), b"of an earlier object, and longer".to_vec());
        for text in [&b"{\"Records\":[1,2,3]}"[..], b"[]", b"", b"{\"Records\":[]}"] {
            assert_eq!(inflater.inflate(&gzip(text)[..20], buffer.clone()), Err(Fault::Truncated));
            buffer = inflater.inflate(&gzip(text), buffer).unwrap().into_owned();
            assert_eq!(buffer, text);
        }
    }

    #[test]
    fn what_only_one_of_the_two_decoders_takes_is_damaged() {
        let mut reserved_flags = gzip(b"{\"Records\":[]}");
        reserved_flags[3] = 0xe0;
        assert_eq!(Inflater::default().inflate(&reserved_flags, b"of an earlier object".to_vec()), Err(Fault::Damaged));
    }

    #[test]
    fn every_cut_is_refused() {
        let whole = gzip("{\"Records\":[1,2,3,4,5,6,7,8,9]}".repeat(20).as_bytes());
        for length in 2..whole.len() {
            assert!(gunzip(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
    }

    #[test]
    fn what_follows_the_member_is_refused() {
        let whole = gzip(b"{\"Records\":[]}");
        for tail in [&b"\0"[..], b"junk", &gzip(b"{\"Records\":[{}]}"), &whole[whole.len() - 8..]] {
            assert_eq!(gunzip(&[&whole, tail].concat()), Err(Fault::Trailing), "{} bytes after it", tail.len());
        }
    }

    #[test]
    fn forged_trailer_after_other_bytes_is_refused() {
        let whole = gzip(b"{\"Records\":[]}");
        let forged = [&whole[..], &gzip(b"{\"Records\":[{\"eventID\":\"forged\"}]}"), &whole[whole.len() - 8..]].concat();
        assert_eq!(gunzip(&forged), Err(Fault::Trailing));
    }

    #[test]
    fn member_of_the_same_length_after_the_first_is_refused() {
        let (one, other) = (gzip(b"{\"Records\":[1]}"), gzip(b"{\"Records\":[2]}"));
        assert_eq!(gunzip(&[&one[..], &other].concat()), Err(Fault::Trailing));
        assert_eq!(gunzip(&[&one[..], b"junk", &one[one.len() - 4..]].concat()), Err(Fault::Trailing));
    }

    #[test]
    fn flipped_bits_are_refused() {
        let whole = gzip("{\"Records\":[{\"eventID\":\"x\"}]}".repeat(9).as_bytes());
        for at in 10..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(gunzip(&bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn smaller_limit_holds_for_what_is_whole_and_names_other_faults_first() {
        let whole = gzip(&[b' '; 1000]);
        assert_eq!(gunzip_within(&whole, 1000).unwrap().len(), 1000);
        assert_eq!(gunzip_within(&whole, 999), Err(Fault::TooLarge));
        assert_eq!(gunzip_within(&[b' '; 1000], 999), Err(Fault::TooLarge));
        assert_eq!(gunzip_within(&[&whole[..], b"\xff\xff\xff\xff"].concat(), 999), Err(Fault::Trailing));
        assert_eq!(gunzip_within(&whole[..whole.len() - 2], 999), Err(Fault::Truncated));
    }

    #[test]
    fn bomb_is_refused_before_it_is_inflated() {
        assert_eq!(gunzip(&gzip(&vec![b' '; RATIO_FREE_BYTES * 20])), Err(Fault::TooLarge));
    }
}
