//! Bytes of a terminal in any of the encodings that Japanese hosts use in, UTF-8 that is safe to hand to the escape parser out.
//!
//! Works on segments (a line, or [`SEGMENT_MAX`] bytes of one), so that where the input was cut into chunks makes no difference. A segment that
//! is no UTF-8 is read as EUC-JP or CP932, whichever it is without error; what is neither keeps its readable part. An unfinished control
//! string (window title and the like) ends with its line: real ones hold no newline, and one that never ends would hide all that follows.

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_16BE, UTF_16LE};

/// A longer line is decoded in pieces of this many bytes.
pub(crate) const SEGMENT_MAX: usize = 64 * 1024;
/// Longest control string (OSC, DCS, APC, PM, SOS) that is taken for one, in bytes.
pub(crate) const CONTROL_STRING_MAX: usize = 4096;

const ESCAPE: u8 = 0x1b;
/// Aborts a control string.
const CANCEL: u8 = 0x18;

#[derive(Default)]
pub(crate) struct Charset {
    /// The start of the input, until it is long enough to hold a byte order mark.
    started: bool,
    wide: Option<Box<encoding_rs::Decoder>>,
    held: Vec<u8>,
    legacy: Option<&'static Encoding>,
    strings: ControlStrings,
}

impl Charset {
    /// Hands the decoded segments that `bytes` complete to `take`.
    pub(crate) fn push(&mut self, bytes: &[u8], take: &mut dyn FnMut(&[u8])) {
        if !self.started {
            self.held.extend_from_slice(bytes);
            if self.held.len() < 3 {
                return;
            }
            self.started = true;
            let first = std::mem::take(&mut self.held);
            let skip = self.byte_order_mark(&first);
            self.decode(first.get(skip..).unwrap_or_default(), take);
        } else {
            self.decode(bytes, take);
        }
    }

    /// Hands out what is left.
    pub(crate) fn finish(&mut self, take: &mut dyn FnMut(&[u8])) {
        self.started = true;
        if let Some(mut decoder) = self.wide.take() {
            let mut text = String::with_capacity(16);
            let _ = decoder.decode_to_string(&[], &mut text, true);
            self.segments(text.as_bytes(), take);
        }
        let rest = std::mem::take(&mut self.held);
        if !rest.is_empty() {
            self.segment(&rest, take);
        }
    }

    fn byte_order_mark(&mut self, start: &[u8]) -> usize {
        let (encoding, length) = match start {
            [0xef, 0xbb, 0xbf, ..] => return 3,
            [0xff, 0xfe, ..] => (UTF_16LE, 2),
            [0xfe, 0xff, ..] => (UTF_16BE, 2),
            _ => return 0,
        };
        self.wide = Some(Box::new(encoding.new_decoder_without_bom_handling()));
        length
    }

    fn decode(&mut self, bytes: &[u8], take: &mut dyn FnMut(&[u8])) {
        let Some(mut decoder) = self.wide.take() else { return self.segments(bytes, take) };
        for piece in bytes.chunks(SEGMENT_MAX) {
            let mut text = String::with_capacity(decoder.max_utf8_buffer_length(piece.len()).unwrap_or(SEGMENT_MAX * 4));
            let _ = decoder.decode_to_string(piece, &mut text, false);
            self.segments(text.as_bytes(), take);
        }
        self.wide = Some(decoder);
    }

    fn segments(&mut self, mut bytes: &[u8], take: &mut dyn FnMut(&[u8])) {
        while !bytes.is_empty() {
            let room = SEGMENT_MAX - self.held.len().min(SEGMENT_MAX - 1);
            let window = bytes.get(..room).unwrap_or(bytes);
            let end = memchr::memchr(b'\n', window).map(|at| at + 1);
            let whole = end.is_some() || window.len() == room;
            let (piece, rest) = bytes.split_at(end.unwrap_or(window.len()));
            bytes = rest;
            if !whole {
                self.held.extend_from_slice(piece);
            } else if self.held.is_empty() {
                self.segment(piece, take);
            } else {
                let mut segment = std::mem::take(&mut self.held);
                segment.extend_from_slice(piece);
                self.segment(&segment, take);
                segment.clear();
                if self.held.is_empty() {
                    self.held = segment;
                }
            }
        }
    }

    fn segment(&mut self, segment: &[u8], take: &mut dyn FnMut(&[u8])) {
        match std::str::from_utf8(segment) {
            Ok(text) => self.strings.pass(text.as_bytes(), take),
            Err(error) if error.error_len().is_none() && segment.len() >= SEGMENT_MAX => {
                // A long line was cut inside a character: its bytes wait for the rest.
                let (whole, cut) = segment.split_at(error.valid_up_to());
                self.strings.pass(whole, take);
                self.held.extend_from_slice(cut);
            }
            Err(_) => {
                let text = self.foreign(segment);
                self.strings.pass(text.as_bytes(), take);
            }
        }
    }

    /// The encoding that reads all of `segment`, the one found earlier first.
    fn foreign(&mut self, segment: &[u8]) -> String {
        let mut best: Option<(i64, &'static Encoding, String)> = None;
        for encoding in [EUC_JP, SHIFT_JIS] {
            let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(segment) else { continue };
            let score = plausibility(&text) + if self.legacy == Some(encoding) { 2 } else { 0 };
            if best.as_ref().is_none_or(|(other, _, _)| score > *other) {
                best = Some((score, encoding, text.into_owned()));
            }
        }
        match best {
            Some((_, encoding, text)) => {
                self.legacy = Some(encoding);
                text
            }
            None => String::from_utf8_lossy(segment).into_owned(),
        }
    }
}

/// Japanese text is kana and kanji; the wrong encoding shows as half-width katakana and rare characters.
fn plausibility(text: &str) -> i64 {
    text.chars()
        .map(|character| match character {
            '\u{3040}'..='\u{30ff}' => 3,
            '\u{4e00}'..='\u{9fff}' | '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}' => 1,
            '\u{ff61}'..='\u{ff9f}' => -2,
            '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' => -4,
            _ => 0,
        })
        .sum()
}

/// Watches for control strings and ends those that go on beyond their line or their limit.
#[derive(Default)]
struct ControlStrings {
    state: State,
    length: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    Inside,
    InsideEscape,
}

/// Where the first escape stands that begins a control string, or may, where the text ends behind it. Others need no watching.
fn string_start(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(ESCAPE, text).find(|at| text.get(at + 1).is_none_or(|next| begins_string(*next) || *next == ESCAPE))
}

/// ESC and this byte begin a string: OSC, DCS, APC, PM, SOS (ECMA-48, 5.6).
fn begins_string(byte: u8) -> bool {
    matches!(byte, b']' | b'P' | b'_' | b'^' | b'X')
}

impl ControlStrings {
    fn pass(&mut self, text: &[u8], take: &mut dyn FnMut(&[u8])) {
        let mut rest = text;
        while !rest.is_empty() {
            if self.state == State::Ground {
                let Some(at) = string_start(rest) else { return take(rest) };
                let (before, after) = rest.split_at(at + 1);
                take(before);
                rest = after;
                self.state = State::Escape;
                continue;
            }
            let mut used = 0;
            let mut cut = false;
            for byte in rest {
                if self.state == State::Ground || cut {
                    break;
                }
                used += 1;
                cut = self.step(*byte);
            }
            let (inside, after) = rest.split_at(if cut { used - 1 } else { used });
            take(inside);
            if cut {
                take(&[CANCEL]);
                self.state = State::Ground;
            }
            rest = after;
        }
    }

    /// True where the string must end before this byte.
    fn step(&mut self, byte: u8) -> bool {
        self.length += 1;
        match self.state {
            State::Ground => {}
            State::Escape if begins_string(byte) => {
                self.length = 0;
                self.state = State::Inside;
            }
            State::Escape if byte == ESCAPE => {}
            State::Escape => self.state = State::Ground,
            State::Inside | State::InsideEscape if matches!(byte, b'\n' | b'\r') || self.length > CONTROL_STRING_MAX => return true,
            State::Inside => match byte {
                0x07 | CANCEL | 0x1a => self.state = State::Ground,
                ESCAPE => self.state = State::InsideEscape,
                _ => {}
            },
            State::InsideEscape => {
                // ESC ends a string; ESC \ is its regular end, anything else starts a new sequence.
                self.state = State::Escape;
                return self.step(byte);
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(chunks: &[&[u8]]) -> String {
        let mut charset = Charset::default();
        let mut out = Vec::new();
        for chunk in chunks {
            charset.push(chunk, &mut |text| out.extend_from_slice(text));
        }
        charset.finish(&mut |text| out.extend_from_slice(text));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn japanese_encodings_are_told_apart() {
        for encoding in [EUC_JP, SHIFT_JIS] {
            let (bytes, _, _) = encoding.encode("$ echo 設定ファイルを確認しました\n");
            assert_eq!(decoded(&[&bytes]), "$ echo 設定ファイルを確認しました\n", "{}", encoding.name());
        }
        assert_eq!(decoded(&["日本語\n".as_bytes()]), "日本語\n");
    }

    #[test]
    fn utf_16_and_marks_are_read() {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend("PS C:\\> dir\r\n".encode_utf16().flat_map(u16::to_le_bytes));
        let (first, second) = bytes.split_at(5);
        assert_eq!(decoded(&[first, second]), "PS C:\\> dir\r\n");
        assert_eq!(decoded(&[&[0xef], &[0xbb, 0xbf, b'a']]), "a");
    }

    #[test]
    fn characters_cut_between_chunks_are_whole() {
        let text = "あ".repeat(40_000);
        let bytes = text.as_bytes();
        assert_eq!(decoded(&bytes.chunks(7).collect::<Vec<_>>()), text);
        assert_eq!(decoded(&[bytes]), text);
    }

    #[test]
    fn garbage_stays_readable() {
        assert_eq!(decoded(&[b"ok \xff\xfe\x80 ok\n"]), "ok \u{fffd}\u{fffd}\u{fffd} ok\n");
    }

    #[test]
    fn unfinished_title_ends_with_its_line() {
        assert_eq!(decoded(&[b"\x1b]0;never ends\n$ sudo id\n"]), "\x1b]0;never ends\u{18}\n$ sudo id\n");
        assert_eq!(decoded(&[b"\x1b]0;title\x07$ id\n"]), "\x1b]0;title\x07$ id\n");
        assert_eq!(decoded(&[b"\x1b]0;title\x1b\\$ id\n"]), "\x1b]0;title\x1b\\$ id\n");
        let long = decoded(&[&[b"\x1bP".to_vec(), vec![b'x'; CONTROL_STRING_MAX * 2]].concat()]);
        assert!(long.contains('\u{18}'));
    }
}
