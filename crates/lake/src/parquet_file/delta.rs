//! Numbers and texts in, what sets each apart from the one before it out (format: "Delta Encoding", "Delta Strings").

use super::hybrid::{pack, varint};

/// Numbers of a block, and of each of its parts that have a width of their own.
const BLOCK: usize = 128;
const PART: usize = 32;

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// Appends numbers (`DELTA_BINARY_PACKED`).
pub(super) fn numbers(values: &[i64], out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / PART) as u64, out);
    varint(values.len() as u64, out);
    varint(zigzag(values.first().copied().unwrap_or(0)), out);
    let mut deltas = [0_i64; BLOCK];
    let mut before = values.first().copied().unwrap_or(0);
    for block in values.get(1..).unwrap_or(&[]).chunks(BLOCK) {
        for (delta, value) in deltas.iter_mut().zip(block) {
            *delta = value.wrapping_sub(before);
            before = *value;
        }
        let deltas = deltas.get(..block.len()).unwrap_or(&[]);
        let least = deltas.iter().copied().min().unwrap_or(0);
        varint(zigzag(least), out);
        let above = |delta: &i64| delta.wrapping_sub(least).cast_unsigned();
        let width = |part: &[i64]| u64::BITS - part.iter().fold(0, |all, delta| all | above(delta)).leading_zeros();
        let mut parts = deltas.chunks(PART);
        out.extend(std::iter::from_fn(|| Some(parts.next().map_or(0, width) as u8)).take(BLOCK / PART));
        for part in deltas.chunks(PART) {
            let width = width(part);
            let end = out.len() + PART / 8 * width as usize;
            pack(part.iter().map(above), width, out);
            out.resize(end, 0);
        }
    }
}

/// Appends texts (`DELTA_BYTE_ARRAY`).
pub(super) fn texts<'v>(values: impl Iterator<Item = &'v [u8]>, out: &mut Vec<u8>) {
    let (mut shared, mut lengths, mut rests) = (Vec::new(), Vec::new(), Vec::new());
    let mut before: &[u8] = &[];
    for value in values {
        let same = common(before, value);
        let rest = value.get(same..).unwrap_or(&[]);
        shared.push(same as i64);
        lengths.push(rest.len() as i64);
        rests.extend_from_slice(rest);
        before = value;
    }
    numbers(&shared, out);
    numbers(&lengths, out);
    out.append(&mut rests);
}

/// Bytes with which both begin.
fn common(a: &[u8], b: &[u8]) -> usize {
    if std::ptr::eq(a, b) {
        return a.len();
    }
    let (heads, _) = a.as_chunks::<8>();
    let (others, _) = b.as_chunks::<8>();
    let whole = heads.iter().zip(others).take_while(|(a, b)| a == b).count() * 8;
    let rest = |bytes: &'_ [u8]| bytes.get(whole..).map_or(0, <[u8]>::len);
    let most = rest(a).min(rest(b));
    let tail = a.iter().skip(whole).zip(b.iter().skip(whole)).take(most).take_while(|(a, b)| a == b).count();
    whole + tail
}
