//! Small numbers in, Parquet's mix of runs and packed bits out (format: "Run Length Encoding / Bit-Packing Hybrid").

/// Values of a group of packed bits.
const GROUP: usize = 8;

/// Bits that hold every number up to `max`.
pub(super) fn width_of(max: u32) -> u32 {
    u32::BITS - max.leading_zeros()
}

/// Appends a number in groups of seven bits, the lowest first.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends numbers of `width` bits each, without their length.
pub(super) fn hybrid<T: Copy + PartialEq + Into<u32>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    let mut rest = values;
    let mut literals = 0;
    while let Some(first) = rest.get(literals) {
        let run = rest.get(literals..).unwrap_or(&[]).iter().take_while(|value| *value == first).count();
        // What is packed comes in whole groups, so that a run may have to give some of its first.
        let missing = literals.next_multiple_of(GROUP) - literals;
        if run < missing + GROUP {
            literals += run;
            continue;
        }
        let (packed, others) = rest.split_at(literals + missing);
        pack_groups(packed, width, out);
        let run = run - missing;
        varint((run as u64) << 1, out);
        let bytes: u32 = (*first).into();
        out.extend_from_slice(bytes.to_le_bytes().get(..width.div_ceil(8) as usize).unwrap_or(&[]));
        rest = others.get(run..).unwrap_or(&[]);
        literals = 0;
    }
    pack_groups(rest, width, out);
}

fn pack_groups<T: Copy + Into<u32>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    pack(values.iter().map(|value| u64::from((*value).into())), width, out);
    out.resize(end, 0);
}

/// Appends numbers of `width` bits each, the lowest bit first, up to the last byte that has any.
pub(super) fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut held, mut bits) = (0_u128, 0);
    for value in values {
        held |= u128::from(value) << bits;
        bits += width;
        while bits >= u64::BITS {
            out.extend_from_slice(&(held as u64).to_le_bytes());
            held >>= u64::BITS;
            bits -= u64::BITS;
        }
    }
    out.extend_from_slice((held as u64).to_le_bytes().get(..bits.div_ceil(8) as usize).unwrap_or(&[]));
}
