//! Values of records that come again and again, with the nodes that they are read into.
//!
//! A session writes the same `userIdentity` into each of its records, a client the same `tlsDetails`: a value whose text is, byte for byte, one
//! that was read before is put on the tape from memory, and its part of the fingerprint with it. Only whole objects that are members of
//! the tape's outermost object, so that depth and path are the same. What logs invent pushes others out; it can fill no more than [`RECALLED_MAX`].

use super::names::NAMES_MAX;
use super::{Kind, Node};
use xxhash_rust::xxh3::xxh3_64;

/// Values that are remembered, at most.
pub(crate) const RECALLED_MAX: usize = 1_024;

/// Bytes of a value that is remembered, at most.
pub(crate) const RECALLED_BYTES_MAX: usize = 4_096;

/// Places that one value may lie in.
const WAYS: usize = 4;

/// The values that a tape has met, in sets of [`WAYS`]; the one used last first.
#[derive(Debug, Default)]
pub(super) struct Recall {
    values: Vec<Value>,
}

/// An object that was read.
#[derive(Debug, Default)]
pub(super) struct Value {
    text: Box<[u8]>,
    hash: u64,
    /// Its nodes: offsets count from its own start, places on the tape from its first node.
    nodes: Box<[Node]>,
    /// The place of the name that it is a member by.
    name: u32,
    /// The place of the name that is written last in it.
    pub(super) last: u32,
    /// What it adds to the fingerprint.
    pub(super) sum: u128,
    /// Whether the record that it was read in had the name of a secret.
    pub(super) secretive: bool,
}

/// A value that was looked for: where it would lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    hash: u64,
    name: u32,
}

impl Recall {
    /// Forgets all: the places of names have changed.
    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// The value that `bytes` begins with, if it was read before as a member of that name; else where to keep it.
    pub(super) fn find(&mut self, bytes: &[u8], name: u32) -> Result<&Value, Option<Slot>> {
        // An object holds a brace, and what is before its first one is its own text whatever follows it.
        let head = bytes.get(..bytes.len().min(RECALLED_BYTES_MAX)).unwrap_or(&[]);
        let Some(head) = memchr::memchr(b'}', head).and_then(|end| head.get(..end)) else { return Err(None) };
        let slot = Slot { hash: xxh3_64(head) ^ u64::from(name), name };
        let set = self.set(slot);
        let same =
            |value: &Value| value.hash == slot.hash && value.name == name && bytes.starts_with(&value.text) && !value.text.is_empty();
        match set.iter().position(same) {
            Some(at) => {
                if let Some(front) = set.get_mut(..=at) {
                    front.rotate_right(1);
                }
                set.first().ok_or(Some(slot))
            }
            None => Err(Some(slot)),
        }
    }

    /// Keeps a value with its nodes, of which the first is the `base`th of the tape; not one with a name that is known for one record only.
    pub(super) fn keep(&mut self, slot: Slot, text: &[u8], nodes: &[Node], base: u32, sum: u128, secretive: bool) {
        let lasting = |node: &Node| node.kind != Kind::Key || (node.next as usize) < NAMES_MAX;
        let (Some(first), true) = (nodes.first(), text.len() <= RECALLED_BYTES_MAX && nodes.iter().all(lasting)) else { return };
        let start = first.start;
        let nodes: Box<[Node]> = nodes.iter().map(|node| node.moved(start.wrapping_neg(), base.wrapping_neg())).collect();
        let last = nodes.iter().rev().find(|node| node.kind == Kind::Key).map_or(slot.name, |key| key.next);
        let value = Value { text: text.into(), hash: slot.hash, nodes, name: slot.name, last, sum, secretive };
        let set = self.set(slot);
        set.rotate_right(1);
        if let Some(first) = set.first_mut() {
            *first = value;
        }
    }

    fn set(&mut self, slot: Slot) -> &mut [Value] {
        if self.values.is_empty() {
            self.values.resize_with(RECALLED_MAX, Value::default);
        }
        let start = (slot.hash as usize % (RECALLED_MAX / WAYS)) * WAYS;
        self.values.get_mut(start..start + WAYS).unwrap_or(&mut [])
    }
}

impl Value {
    /// How long its text is.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// Its nodes where its text starts at `start` and the next node is the `base`th.
    pub(super) fn nodes(&self, start: u32, base: u32) -> impl Iterator<Item = Node> {
        self.nodes.iter().map(move |node| node.moved(start, base))
    }
}

impl Node {
    /// The same node where its text and the nodes before it lie elsewhere, by so much; a key's name stays what it is.
    #[inline]
    fn moved(&self, by: u32, places: u32) -> Self {
        let places = if self.kind == Kind::Key { 0 } else { places };
        Self { start: self.start.wrapping_add(by), end: self.end.wrapping_add(by), next: self.next.wrapping_add(places), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::fingerprint;
    use crate::json::{NESTING_MAX, SyntaxError, Tape};

    /// Reads with a tape that has read other records, and with a new one.
    fn check(used: &mut Tape, text: &str, bytes_max: usize) -> Result<usize, SyntaxError> {
        let mut new = Tape::default();
        let read = new.read(text.as_bytes(), 0, bytes_max);
        assert_eq!(used.read(text.as_bytes(), 0, bytes_max), read, "{text}");
        if let Ok(end) = read {
            let number = |tape: &Tape| tape.root(&text[..end]).map(fingerprint);
            let plain = |tape: &Tape| {
                format!("{:?}", tape.root(&text[..end]).map(|root| root.all().map(|(_, value)| value.range()).collect::<Vec<_>>()))
            };
            assert_eq!((number(used), plain(used)), (number(&new), plain(&new)), "{text}");
        }
        read
    }

    #[test]
    fn a_value_that_comes_again_is_read_as_the_first_time() {
        let identity =
            r#"{"type":"AssumedRole","arn":"a","sessionContext":{"attributes":{"mfaAuthenticated":"false"}},"n":[1,{"x":"\u00e9é"}]}"#;
        let tape = &mut Tape::default();
        for _ in 0..3 {
            for text in [
                format!(r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"t","tlsDetails":{{"tlsVersion":"1"}}}}"#),
                format!(r#"{{ "userIdentity" : {identity} , "tlsDetails":{identity}}}"#),
                format!(r#"{{"tlsDetails":{{}},"userIdentity":{identity}}} "#),
                format!(r#"{{"detail":{{"eventID":"e","userIdentity":{identity}}},"userIdentity":{{"userIdentity":{identity}}}}}"#),
                format!(r#"{{"userIdentity":{},"eventID":"e"}}"#, identity.replace("false", "true")),
                format!(r#"[{{"userIdentity":{identity}}},{{"userIdentity":{identity}}}]"#),
            ] {
                check(tape, &text, usize::MAX).unwrap();
            }
        }
        assert!(tape.recall.values.iter().any(|value| &*value.text == identity.as_bytes()));
    }

    #[test]
    fn what_is_wrong_stays_wrong_beside_a_value_that_is_known() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(NESTING_MAX - 1) + "1", "}".repeat(NESTING_MAX - 1));
        let identity = r#"{"type":"AssumedRole","arn":"a"}"#;
        let tape = &mut Tape::default();
        for known in [identity, &deep] {
            let whole = format!(r#"{{"userIdentity":{known},"b":1}}"#);
            for _ in 0..2 {
                check(tape, &whole, usize::MAX).unwrap();
            }
            for end in 0..whole.len() {
                assert!(check(tape, &whole[..end], usize::MAX).is_err(), "{end} of {whole}");
                assert!(check(tape, &whole, end).is_err(), "at most {end} of {whole}");
            }
            for wrong in [
                format!(r#"{{"userIdentity":{known}1}}"#),
                format!(r#"{{"userIdentity":{known},"userIdentity":{known}}}"#),
                format!(r#"{{"a":{{"userIdentity":{known},"a":1,"a":2}}}}"#),
            ] {
                assert!(check(tape, &wrong, usize::MAX).is_err(), "{wrong}");
            }
        }
        assert!(check(tape, &format!(r#"{{"detail":{{"userIdentity":{deep}}}}}"#), usize::MAX).is_err());
    }

    #[test]
    fn names_that_are_not_listed_and_long_values_are_not_kept() {
        let tape = &mut Tape::default();
        let long = "x".repeat(RECALLED_BYTES_MAX);
        for value in [r#"{"\u0061":1}"#.to_owned(), format!(r#"{{"a":"{long}"}}"#), format!(r#"{{"{long}":1}}"#)] {
            for _ in 0..2 {
                check(tape, &format!(r#"{{"userIdentity":{value}}}"#), usize::MAX).unwrap();
            }
        }
        assert!(tape.recall.values.iter().all(|value| value.text.is_empty()));
    }

    #[test]
    fn invented_values_and_names_push_others_out_and_no_more() {
        let tape = &mut Tape::default();
        for at in 0..4 * RECALLED_MAX {
            check(tape, &format!(r#"{{"userIdentity":{{"arn":"{at}","invented-{at}":{at}}},"eventID":"{at}"}}"#), usize::MAX).unwrap();
        }
        assert_eq!(tape.recall.values.len(), RECALLED_MAX);
    }
}
