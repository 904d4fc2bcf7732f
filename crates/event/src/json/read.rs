//! Bytes in, the nodes of one value out, or the byte at which they are not JSON.

use super::text::unescape;
use super::{Fault, Kind, NESTING_MAX, Node, SyntaxError, Tape};

pub(super) struct Reader<'b, 't> {
    bytes: &'b [u8],
    base: usize,
    at: usize,
    end_max: usize,
    tape: &'t mut Tape,
}

impl<'b, 't> Reader<'b, 't> {
    /// Reads the value at `bytes[at]`, of `bytes_max` bytes at most, onto an empty tape.
    pub(super) fn new(bytes: &'b [u8], at: usize, bytes_max: usize, tape: &'t mut Tape) -> Self {
        Self { bytes, base: at, at, end_max: at.saturating_add(bytes_max.min(u32::MAX as usize - 1)), tape }
    }

    fn fault(&self, what: Fault) -> SyntaxError {
        SyntaxError { at: self.at, what }
    }

    fn unexpected(&self) -> SyntaxError {
        self.fault(if self.at < self.bytes.len() { Fault::Unexpected } else { Fault::Ends })
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        // Nearly always there is none.
        if self.peek() <= b' ' {
            self.at = skip_space(self.bytes, self.at);
        }
    }

    /// Where the reader is, counted from the value's start; of use while that is within [`Reader::new`]'s limit, and no longer.
    #[inline]
    fn offset(&self) -> u32 {
        (self.at - self.base) as u32
    }

    fn push(&mut self, start: u32, kind: Kind, escaped: bool) {
        let next = self.tape.nodes.len() as u32 + 1;
        let end = self.offset();
        self.tape.nodes.push(Node { start, end, next, kind, escaped });
    }

    /// One value; containers are entered and left by the loop, never by a call.
    pub(super) fn value(mut self) -> Result<usize, SyntaxError> {
        loop {
            if self.at > self.end_max {
                return Err(self.fault(Fault::TooLong));
            }
            match self.peek() {
                b'"' => self.string(Kind::String)?,
                b'{' if self.tape.open.len() == 1 && self.recall() => {}
                b'{' => {
                    self.enter(Kind::Object)?;
                    self.space();
                    if self.peek() != b'}' {
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.enter(Kind::Array)?;
                    self.space();
                    if self.peek() != b']' {
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true", Kind::Bool)?,
                b'f' => self.word(b"false", Kind::Bool)?,
                b'n' => self.word(b"null", Kind::Null)?,
                _ => return Err(self.unexpected()),
            }
            // Close what ends here, then go on to the next member of what is still open.
            loop {
                let Some(&open) = self.tape.open.last() else {
                    return if self.at > self.end_max { Err(self.fault(Fault::TooLong)) } else { Ok(self.at) };
                };
                self.space();
                let object = open.kind == Kind::Object;
                match (self.peek(), object) {
                    (b',', _) if self.tape.nodes.len() as u32 > open.node + 1 => {
                        self.at += 1;
                        self.space();
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => self.leave()?,
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }

    /// Puts the value here on the tape from memory, if it is one that comes again; notes it where it is new.
    fn recall(&mut self) -> bool {
        let Tape { nodes, names, recall, fresh, sums, .. } = &mut *self.tape;
        let Some(name) = nodes.last().filter(|node| node.kind == Kind::Key).map(|key| key.next) else { return false };
        if !names.traits(name).is_some_and(|traits| traits.comes_again) {
            return false;
        }
        let (place, start) = (nodes.len() as u32, (self.at - self.base) as u32);
        match recall.find(self.bytes.get(self.at..).unwrap_or(&[]), name) {
            Ok(value) if self.at + value.length() <= self.end_max => {
                nodes.extend(value.nodes(start, place));
                names.expect(value.last);
                if value.secretive {
                    names.note_secretive();
                }
                sums.push((place, value.sum));
                self.at += value.length();
                true
            }
            Ok(_) => false,
            Err(slot) => {
                fresh.extend(slot.map(|slot| (place, slot)));
                false
            }
        }
    }

    fn enter(&mut self, kind: Kind) -> Result<(), SyntaxError> {
        if self.tape.open.len() == NESTING_MAX {
            return Err(self.fault(Fault::Nesting));
        }
        let node = self.tape.nodes.len() as u32;
        let start = self.offset();
        self.tape.open.push(Open { node, kind });
        self.tape.nodes.push(Node { start, end: 0, next: 0, kind, escaped: false });
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        let end = self.offset();
        let next = self.tape.nodes.len() as u32;
        if let Some(Open { node: index, kind }) = self.tape.open.pop() {
            if kind == Kind::Object {
                self.distinct_keys(index)?;
            }
            if let Some(node) = self.tape.nodes.get_mut(index as usize) {
                node.end = end;
                node.next = next;
            }
        }
        Ok(())
    }

    /// Refuses an object in which one key stands twice, an escaped spelling of it included.
    fn distinct_keys(&mut self, object: u32) -> Result<(), SyntaxError> {
        let Tape { nodes, names, .. } = &mut *self.tape;
        let mut at = object as usize + 1;
        names.next_object();
        let mut twice = false;
        while let Some(key) = nodes.get(at) {
            match names.is_first(key.next) {
                Some(first) => twice |= !first,
                None => {
                    twice = self.any_twice(object);
                    break;
                }
            }
            at = nodes.get(at + 1).map_or(usize::MAX, |value| value.next as usize);
        }
        if twice { Err(self.fault(Fault::DuplicateKey)) } else { Ok(()) }
    }

    /// The same by the keys' text, for an object with a key that is not on the list of names.
    fn any_twice(&self, object: u32) -> bool {
        let mut keys = Vec::new();
        let mut escaped = false;
        let mut at = object as usize + 1;
        while let Some(key) = self.tape.nodes.get(at) {
            keys.push(self.bytes.get(self.base + key.start as usize..self.base + key.end as usize).unwrap_or(&[]));
            escaped |= key.escaped;
            at = self.tape.nodes.get(at + 1).map_or(usize::MAX, |value| value.next as usize);
        }
        if escaped {
            any_pair_alike(keys.into_iter().map(|key| unescape(&String::from_utf8_lossy(key)).into_owned()).collect())
        } else {
            any_pair_alike(keys)
        }
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        let start = self.at + 1;
        if let Some((next, end)) = self.tape.names.guess(self.bytes, start) {
            let span = (start - self.base) as u32..(end - self.base) as u32;
            self.tape.nodes.push(Node { start: span.start, end: span.end, next, kind: Kind::Key, escaped: false });
            self.at = end + 1;
        } else {
            self.string(Kind::Key)?;
            if let Some(node) = self.tape.nodes.last_mut() {
                node.next = self.tape.names.place(self.bytes, start..self.at - 1, node.escaped);
            }
        }
        self.space();
        if self.peek() != b':' {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn string(&mut self, kind: Kind) -> Result<(), SyntaxError> {
        self.at += 1;
        let start = self.offset();
        let mut escaped = false;
        loop {
            self.at = end_of_plain(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.unexpected()),
            }
        }
        self.push(start, kind, escaped);
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_ascii_hexdigit() {
                        return Err(self.unexpected());
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !self.peek().is_ascii_digit() {
            return Err(self.unexpected());
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.offset();
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(start, Kind::Number, false);
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), SyntaxError> {
        let start = self.offset();
        for &letter in word {
            if self.peek() != letter {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        self.push(start, kind, false);
        Ok(())
    }
}

/// A container that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    node: u32,
    kind: Kind,
}

fn any_pair_alike<T: Ord>(mut texts: Vec<T>) -> bool {
    texts.sort_unstable();
    !texts.is_sorted_by(|one, other| one < other)
}

/// The offset of the first quote, backslash or control character at or after `at`.
#[inline]
fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let both = u128::from_le_bytes(*chunk);
        let stops = stops_in(both as u64);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize / 8;
        }
        let stops = stops_in((both >> 64) as u64);
        if stops != 0 {
            return at + 8 + stops.trailing_zeros() as usize / 8;
        }
        at += 16;
    }
    at + bytes.get(at..).unwrap_or(&[]).iter().take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20).count()
}

/// The highest bit of each of eight bytes that is a quote, a backslash or a control character. The lowest bit set is right; those above it
/// may be a borrow's.
#[inline]
fn stops_in(x: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Both signs are ASCII, so that what is done to a byte leaves its highest bit as it is.
    let quote = (x ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (x ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote | backslash | x.wrapping_sub(ONES * 0x20)) & !x & HIGH
}

/// The offset of the first byte at or after `at` that is not white space.
pub(crate) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The offset after the value at `at`, found by its brackets and quotes alone: for stepping over one that cannot be read.
pub(crate) fn step_over(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at += 1;
                loop {
                    at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                    if bytes.get(at)? == &b'"' {
                        break;
                    }
                    at += 2;
                }
                at += 1;
            }
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<usize, Fault> {
        Tape::default().read(text.as_bytes(), 0, usize::MAX).map_err(|error| error.what)
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_however_it_is_written() {
        let long = "k".repeat(crate::json::names::NAME_BYTES_MAX + 1);
        for twice in [
            r#"{"a":1,"a":2}"#.to_owned(),
            r#"{"a":1,"b":{"a":1},"a":2}"#.to_owned(),
            r#"{"a":1,"\u0061":2}"#.to_owned(),
            r#"[{"x":{"y":1,"b":2,"y":3}}]"#.to_owned(),
            format!(r#"{{"{long}":1,"b":2,"{long}":3}}"#),
        ] {
            assert_eq!(read(&twice), Err(Fault::DuplicateKey), "{twice}");
        }
        for once in [r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#.to_owned(), format!(r#"{{"{long}":1,"{long}x":{{"{long}":2}}}}"#)] {
            assert_eq!(read(&once), Ok(once.len()), "{once}");
        }
    }

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_lies() {
        for length in 0..70 {
            let plain = "é".repeat(length / 2) + &"x".repeat(length % 2);
            for (tail, fault) in
                [("\"", None), ("", Some(Fault::Ends)), ("\n\"", Some(Fault::Unexpected)), ("\\x\"", Some(Fault::Unexpected))]
            {
                let text = format!("\"{plain}{tail}");
                assert_eq!(read(&text), fault.map_or(Ok(text.len()), Err), "{text:?}");
            }
            assert_eq!(read(&format!("\"{plain}\\\"{plain}\"")), Ok(2 * plain.len() + 4));
        }
    }
}
