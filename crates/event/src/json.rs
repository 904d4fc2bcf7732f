//! JSON bytes in, a flat tape of the values in them out.
//!
//! A [`Tape`] holds one record at a time: every value is a node that knows where its text lies and which node follows it, so that a
//! reader takes slices of the record and skips what it does not want. Numbers and unread objects keep their own text; only a string with an
//! escape in it is ever copied. The grammar is RFC 8259's, strictly: what another parser might read otherwise is an error here,
//! a key written twice in one object among it.
//!
//! Never recurses, so that nesting costs no stack; never allocates by what the text claims.

use std::borrow::Cow;

/// Objects and arrays inside each other, at most; deeper text is an error.
pub const NESTING_MAX: usize = 128;

/// Why text is not the JSON that was asked for, and the byte where that shows, counted from the start of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// Offset of the offending byte.
    pub at: usize,
    /// What is wrong there.
    pub what: Fault,
}

/// The ways in which text fails to be a value that every reader would read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The text ends inside a value.
    Ends,
    /// A byte that the grammar does not allow here.
    Unexpected,
    /// More than [`NESTING_MAX`] objects and arrays inside each other.
    Nesting,
    /// A key that stands twice in one object: readers differ in which they believe.
    DuplicateKey,
    /// A value longer than the caller's limit.
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// Text of the value, from the start of the record; of a string without its quotes.
    start: u32,
    end: u32,
    /// Index of the first node after this value and all that is in it.
    next: u32,
    kind: Kind,
    escaped: bool,
}

/// The values of one record; kept and refilled, so that reading a record allocates nothing once the tape has grown.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    open: Vec<u32>,
    keys: Vec<(u32, u32)>,
}

impl Tape {
    /// Reads the value that starts at `bytes[at]` (no space before it) and returns the offset just after it.
    ///
    /// # Errors
    /// [`SyntaxError`], with its offset counted in `bytes`; the tape is then of no use. A value over `bytes_max` is one.
    pub fn read(&mut self, bytes: &[u8], at: usize, bytes_max: usize) -> Result<usize, SyntaxError> {
        self.nodes.clear();
        self.open.clear();
        Reader { bytes, base: at, at, end_max: at.saturating_add(bytes_max.min(u32::MAX as usize - 1)), tape: self }.value()
    }

    /// The value that was read, whose text is `text` (the bytes that [`Tape::read`] went over).
    pub fn root<'t, 'a>(&'t self, text: &'a str) -> Option<Json<'t, 'a>> {
        (!self.nodes.is_empty()).then_some(Json { nodes: &self.nodes, text, at: 0 })
    }
}

struct Reader<'b, 't> {
    bytes: &'b [u8],
    base: usize,
    at: usize,
    end_max: usize,
    tape: &'t mut Tape,
}

impl Reader<'_, '_> {
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
        self.at = skip_space(self.bytes, self.at);
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.at - self.base).unwrap_or(u32::MAX)
    }

    fn push(&mut self, start: u32, kind: Kind, escaped: bool) {
        let next = self.tape.nodes.len() as u32 + 1;
        let end = self.offset();
        self.tape.nodes.push(Node { start, end, next, kind, escaped });
    }

    /// One value; containers are entered and left by the loop, never by a call.
    fn value(&mut self) -> Result<usize, SyntaxError> {
        loop {
            if self.at > self.end_max {
                return Err(self.fault(Fault::TooLong));
            }
            match self.peek() {
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
                b'"' => self.string()?,
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
                let object = self.tape.nodes.get(open as usize).is_some_and(|node| node.kind == Kind::Object);
                match (self.peek(), object) {
                    (b'}', true) => self.leave(true)?,
                    (b']', false) => self.leave(false)?,
                    (b',', _) if self.tape.nodes.len() as u32 > open + 1 => {
                        self.at += 1;
                        self.space();
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }

    fn enter(&mut self, kind: Kind) -> Result<(), SyntaxError> {
        if self.tape.open.len() == NESTING_MAX {
            return Err(self.fault(Fault::Nesting));
        }
        let index = self.tape.nodes.len() as u32;
        let start = self.offset();
        self.tape.open.push(index);
        self.tape.nodes.push(Node { start, end: 0, next: 0, kind, escaped: false });
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self, object: bool) -> Result<(), SyntaxError> {
        self.at += 1;
        let end = self.offset();
        let next = self.tape.nodes.len() as u32;
        if let Some(index) = self.tape.open.pop() {
            if object {
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
        const FEW: usize = 12;
        let mut keys = std::mem::take(&mut self.tape.keys);
        keys.clear();
        let mut at = object as usize + 1;
        let mut escaped = false;
        while let Some(key) = self.tape.nodes.get(at) {
            keys.push((key.start, key.end));
            escaped |= key.escaped;
            let value = at + 1;
            at = self.tape.nodes.get(value).map_or(usize::MAX, |node| node.next as usize);
        }
        let text = |&(start, end): &(u32, u32)| self.bytes.get(self.base + start as usize..self.base + end as usize).unwrap_or(&[]);
        let twice = if escaped {
            let mut names: Vec<Cow<'_, str>> =
                keys.iter().map(|key| unescape(&String::from_utf8_lossy(text(key))).into_owned().into()).collect();
            names.sort_unstable();
            names.windows(2).any(|pair| pair[0] == pair[1])
        } else if keys.len() <= FEW {
            keys.iter().enumerate().any(|(i, a)| keys.iter().skip(i + 1).any(|b| a.1 - a.0 == b.1 - b.0 && text(a) == text(b)))
        } else {
            let mut names: Vec<&[u8]> = keys.iter().map(text).collect();
            names.sort_unstable();
            names.windows(2).any(|pair| pair[0] == pair[1])
        };
        self.tape.keys = keys;
        if twice { Err(self.fault(Fault::DuplicateKey)) } else { Ok(()) }
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        self.string()?;
        self.space();
        if self.peek() != b':' {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        let start = self.offset();
        let mut escaped = false;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or(&[]));
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.unexpected()),
            }
        }
        self.push(start, Kind::String, escaped);
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

/// Bytes before the first quote, backslash or control character: eight at a time.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let has_zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    let mut run = 0;
    let (chunks, _) = bytes.as_chunks::<8>();
    for chunk in chunks {
        let x = u64::from_le_bytes(*chunk);
        let stop =
            has_zero(x ^ (ONES * u64::from(b'"'))) | has_zero(x ^ (ONES * u64::from(b'\\'))) | (x.wrapping_sub(ONES * 0x20) & !x & HIGH);
        if stop != 0 {
            return run + stop.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    run + bytes.get(run..).unwrap_or(&[]).iter().take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20).count()
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

/// A value on a [`Tape`], with the text it lies in. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Json<'t, 'a> {
    nodes: &'t [Node],
    text: &'a str,
    at: u32,
}

impl std::fmt::Debug for Json<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw())
    }
}

impl<'t, 'a> Json<'t, 'a> {
    fn node(&self) -> Option<&'t Node> {
        self.nodes.get(self.at as usize)
    }

    fn kind(&self) -> Kind {
        self.node().map_or(Kind::Null, |node| node.kind)
    }

    fn span(&self) -> &'a str {
        self.node().and_then(|node| self.text.get(node.start as usize..node.end as usize)).unwrap_or("")
    }

    /// The value as it stands in the record; a string with its quotes.
    pub fn raw(&self) -> &'a str {
        match self.node() {
            Some(node) if node.kind == Kind::String => {
                self.text.get((node.start as usize).saturating_sub(1)..node.end as usize + 1).unwrap_or("")
            }
            _ => self.span(),
        }
    }

    /// Where the value's text starts in the record, and ends; a string's quotes are outside.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.node().map_or(0..0, |node| node.start as usize..node.end as usize)
    }

    /// The text of a string, its escapes resolved. A lone surrogate becomes U+FFFD; [`Json::raw`] keeps it.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let node = self.node()?;
        match (node.kind, node.escaped) {
            (Kind::String, false) => Some(Cow::Borrowed(self.span())),
            (Kind::String, true) => Some(unescape(self.span())),
            _ => None,
        }
    }

    /// The text of a string, a number or a boolean: exporters write one for the other.
    pub fn scalar(&self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::String => self.text(),
            Kind::Number | Kind::Bool => Some(Cow::Borrowed(self.span())),
            _ => None,
        }
    }

    /// A boolean, or a string that spells one in any case.
    pub fn boolean(&self) -> Option<bool> {
        let word = self.scalar()?;
        if word.eq_ignore_ascii_case("true") {
            Some(true)
        } else if word.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether this is a string.
    pub fn is_string(&self) -> bool {
        self.kind() == Kind::String
    }

    /// Whether this is an object.
    pub fn is_object(&self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether this is an array.
    pub fn is_array(&self) -> bool {
        self.kind() == Kind::Array
    }

    /// The member of that name, if this is an object that has one.
    pub fn get(&self, name: &str) -> Option<Json<'t, 'a>> {
        self.entries().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The member of that name, or of the name with its first letter in the other case (AWS services differ in that).
    pub fn get_either_case(&self, name: &str) -> Option<Json<'t, 'a>> {
        self.entries()
            .find(|(key, _)| {
                key.len() == name.len()
                    && key.bytes().zip(name.bytes()).enumerate().all(|(i, (a, b))| if i == 0 { a.eq_ignore_ascii_case(&b) } else { a == b })
            })
            .map(|(_, value)| value)
    }

    /// The value at the end of a path of member names.
    pub fn at(&self, path: &[&str]) -> Option<Json<'t, 'a>> {
        path.iter().try_fold(*self, |value, name| value.get(name))
    }

    /// The text of the string member of that name, unless it is empty.
    pub fn text_of(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(|value| value.text()).filter(|text| !text.is_empty())
    }

    /// Names and values of an object, as written; nothing for any other value.
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'a, str>, Json<'t, 'a>)> + use<'t, 'a> {
        let here = *self;
        let end = if here.is_object() { here.node().map_or(0, |node| node.next) } else { 0 };
        let mut at = here.at + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let key = Json { at, ..here };
            let value = Json { at: at + 1, ..here };
            at = value.node()?.next;
            Some((key.text()?, value))
        })
    }

    /// Elements of an array; nothing for any other value.
    pub fn items(&self) -> impl Iterator<Item = Json<'t, 'a>> + use<'t, 'a> {
        let here = *self;
        let end = if here.is_array() { here.node().map_or(0, |node| node.next) } else { 0 };
        let mut at = here.at + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = Json { at, ..here };
            at = value.node()?.next;
            Some(value)
        })
    }
}

/// Resolves the escapes of a string's text, which the reader has found to be well formed.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        let Some(letter) = rest.chars().next() else { break };
        rest = rest.get(letter.len_utf8()..).unwrap_or("");
        match letter {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (unit, after) = hex4(rest);
                rest = after;
                let low = match unit {
                    0xd800..=0xdbff => rest.strip_prefix("\\u").map(hex4).filter(|(low, _)| (0xdc00..=0xdfff).contains(low)),
                    _ => None,
                };
                let point = match low {
                    Some((low, after)) => {
                        rest = after;
                        0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    None => unit,
                };
                out.push(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => out.push(other),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn hex4(text: &str) -> (u32, &str) {
    match (text.get(..4), text.get(4..)) {
        (Some(hex), Some(rest)) => (u32::from_str_radix(hex, 16).unwrap_or(0xfffd), rest),
        _ => (0xfffd, ""),
    }
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn quote(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if (control as u32) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
