//! A record in, a number out that is the same for every way of writing that record down.
//!
//! Two trails that deliver one event may order its keys differently and escape its text differently; their fingerprints agree.
//!
//! The sum of a number for each value, made of the value and of the names and places that lead to it: a sum knows no order, and members have
//! none. Tells contents apart that differ by chance or by mistake; it is no cryptographic hash, and keeps nobody from making two that agree.

use crate::json::Json;
use xxhash_rust::xxh3::xxh3_64;

/// 128 bits over the values of a record, whatever the order of its keys, its spacing and its escapes.
pub fn fingerprint(record: Json<'_, '_>) -> u128 {
    let mut sum = own(OBJECT, 0);
    if !record.is_object() {
        sum = 0;
        add(record, 0, &mut sum);
        return sum;
    }
    let known = record.known_sums();
    for member in record.members() {
        let value = member.value();
        sum = sum.wrapping_add(known(value).unwrap_or_else(|| of_member(member.traits.hash, value)));
    }
    sum
}

/// What a member of a record adds to its fingerprint.
pub(crate) fn of_member(name: u64, value: Json<'_, '_>) -> u128 {
    let mut sum = 0;
    add(value, inside(0, name), &mut sum);
    sum
}

/// Adds a value, and all that is in it, that stands at the end of `path`.
#[inline]
fn add(value: Json<'_, '_>, path: u64, sum: &mut u128) {
    // Most values are plain strings.
    match value.plain_bytes() {
        Some(plain) => *sum = sum.wrapping_add(own(xxh3_64(plain), path)),
        None => add_other(value, path, sum),
    }
}

fn add_other(value: Json<'_, '_>, path: u64, sum: &mut u128) {
    let number = if value.is_object() {
        for member in value.members() {
            add(member.value(), inside(path, member.traits.hash), sum);
        }
        OBJECT
    } else if value.is_array() {
        for (item, place) in value.items().zip(1u64..) {
            add(item, fold(path ^ ARRAY, place.wrapping_mul(STEP)), sum);
        }
        ARRAY
    } else if let Some(text) = value.text() {
        xxh3_64(text.as_bytes())
    } else {
        xxh3_64(value.raw().as_bytes()) ^ UNQUOTED
    };
    *sum = sum.wrapping_add(own(number, path));
}

/// The path of a member of the object at `path`.
#[inline]
fn inside(path: u64, name: u64) -> u64 {
    fold(path ^ OBJECT, name ^ STEP)
}

/// What one value adds, without those in it.
#[inline]
fn own(number: u64, path: u64) -> u128 {
    u128::from(fold(path ^ HIGH, number ^ STEP)) << 64 | u128::from(fold(path ^ LOW, number.rotate_left(32) ^ STEP))
}

// Any numbers with as many ones as zeroes do: these are digits of pi.
const OBJECT: u64 = 0x243f_6a88_85a3_08d3;
const ARRAY: u64 = 0x1319_8a2e_0370_7344;
const UNQUOTED: u64 = 0xa409_3822_299f_31d0;
const STEP: u64 = 0x082e_fa98_ec4e_6c89;
const HIGH: u64 = 0x4528_21e6_38d0_1377;
const LOW: u64 = 0xbe54_66cf_34e9_0c6c;

/// Both halves of a product: each of its bits depends on all of both numbers.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use crate::json::Tape;

    fn of(text: &str) -> u128 {
        let mut tape = Tape::default();
        tape.read(text.as_bytes(), 0, text.len()).unwrap();
        super::fingerprint(tape.root(text).unwrap())
    }

    #[test]
    fn order_spacing_and_escapes_of_a_record_do_not_change_it() {
        assert_eq!(of(r#"{"a":1,"b":{"c":"é/","d":[1,2]}}"#), of("{ \"b\": {\"d\":[1, 2],\"c\":\"\\u00e9\\/\"},\n\"a\":1}"));
    }

    #[test]
    fn every_other_change_shows() {
        let base = of(r#"{"a":1,"b":{"c":"x","d":[1,2]}}"#);
        for other in [
            r#"{"a":2,"b":{"c":"x","d":[1,2]}}"#,
            r#"{"a":"1","b":{"c":"x","d":[1,2]}}"#,
            r#"{"a":1,"b":{"c":"x","d":[2,1]}}"#,
            r#"{"a":1,"b":{"c":"x","d":[1,2,null]}}"#,
            r#"{"a":1,"b":{"d":"x","c":[1,2]}}"#,
            r#"{"a":1,"c":"x","b":{"d":[1,2]}}"#,
            r#"{"a":1,"b":{"c":"x","d":[[1,2]]}}"#,
        ] {
            assert_ne!(base, of(other), "{other}");
        }
    }
}
