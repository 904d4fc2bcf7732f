//! A record in, a number out that is the same for every way of writing that record down.
//!
//! Two trails that deliver one event may order its keys differently and escape its text differently; their fingerprints agree.

use crate::json::Json;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

/// 128 bits over the values of a record, whatever the order of its keys, its spacing and its escapes.
pub fn fingerprint(record: Json<'_, '_>) -> u128 {
    if record.is_object() {
        record.entries().fold(1, |sum, (key, value)| sum.wrapping_add(mix(xxh3_128(key.as_bytes()), fingerprint(value))))
    } else if record.is_array() {
        record.items().fold(2, |sum, value| mix(sum, fingerprint(value)))
    } else if let Some(text) = record.text() {
        xxh3_128_with_seed(text.as_bytes(), 3)
    } else {
        xxh3_128_with_seed(record.raw().as_bytes(), 4)
    }
}

/// Joins two numbers into one that depends on both and on their order.
fn mix(a: u128, b: u128) -> u128 {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let x = (a ^ b.rotate_left(47)).wrapping_mul(ODD);
    let y = (x ^ (x >> 61)).wrapping_add(b).wrapping_mul(ODD);
    y ^ (y >> 67)
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
