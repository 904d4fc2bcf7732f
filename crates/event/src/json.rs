//! JSON bytes in, a flat tape of the values in them out.
//!
//! A [`Tape`] holds one record at a time: every value is a node that knows where its text lies and which node follows it, so that a
//! reader takes slices of the record and skips what it does not want. Numbers and unread objects keep their own text; only a string with an
//! escape in it is ever copied. The grammar is RFC 8259's, strictly: what another parser might read otherwise is an error here,
//! a key written twice in one object among it.
//!
//! Never recurses, so that nesting costs no stack; never allocates by what the text claims.

mod names;
mod read;
mod recall;
mod text;

use crate::fingerprint;
use crate::name::Traits;
use names::Names;
use read::{Open, Reader};
use recall::{Recall, Slot};
use std::borrow::Cow;

pub(crate) use read::{skip_space, step_over};
pub use text::{quote, unescape};

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
    /// A member's name; its value is the next node.
    Key,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    /// Text of the value, from the start of the record; of a string without its quotes.
    start: u32,
    end: u32,
    /// Index of the first node after this value and all that is in it; of a key its place among the names.
    next: u32,
    kind: Kind,
    escaped: bool,
}

/// The values of one record; kept and refilled, so that reading a record allocates nothing once the tape has grown.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    open: Vec<Open>,
    names: Names,
    recall: Recall,
    /// Members of the outermost object that are to be remembered, by their nodes.
    fresh: Vec<(u32, Slot)>,
    /// Members of the outermost object of which the part of the fingerprint is known, by their nodes.
    sums: Vec<(u32, u128)>,
}

impl Tape {
    /// Reads the value that starts at `bytes[at]` (no space before it) and returns the offset just after it.
    ///
    /// # Errors
    /// [`SyntaxError`], with its offset counted in `bytes`; the tape is then of no use. A value over `bytes_max` is one.
    pub fn read(&mut self, bytes: &[u8], at: usize, bytes_max: usize) -> Result<usize, SyntaxError> {
        self.nodes.clear();
        self.open.clear();
        self.fresh.clear();
        self.sums.clear();
        if self.names.next_record() {
            self.recall.clear();
        }
        let end = Reader::new(bytes, at, bytes_max, self).value()?;
        if !self.fresh.is_empty() {
            self.remember(bytes.get(at..end).unwrap_or(&[]));
        }
        Ok(end)
    }

    /// Keeps the values that were new, for the records to come.
    fn remember(&mut self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for (at, slot) in std::mem::take(&mut self.fresh) {
            let value = Json { tape: self, text, at };
            let Some(name) = at.checked_sub(1).and_then(|key| self.names.traits(self.nodes.get(key as usize)?.next)) else { continue };
            let sum = fingerprint::of_member(name.hash, value);
            let nodes = value.node().and_then(|node| self.nodes.get(at as usize..node.next as usize)).unwrap_or(&[]);
            self.recall.keep(slot, value.raw().as_bytes(), nodes, at, sum, !self.names.are_plain());
            self.sums.push((at, sum));
        }
    }

    /// The value that was read, whose text is `text` (the bytes that [`Tape::read`] went over).
    pub fn root<'t, 'a>(&'t self, text: &'a str) -> Option<Json<'t, 'a>> {
        (!self.nodes.is_empty()).then_some(Json { tape: self, text, at: 0 })
    }
}

/// A value on a [`Tape`], with the text it lies in. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Json<'t, 'a> {
    tape: &'t Tape,
    text: &'a str,
    at: u32,
}

impl std::fmt::Debug for Json<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw())
    }
}

impl<'t, 'a> Json<'t, 'a> {
    #[inline]
    fn node(&self) -> Option<&'t Node> {
        self.tape.nodes.get(self.at as usize)
    }

    #[inline]
    fn kind(&self) -> Kind {
        self.node().map_or(Kind::Null, |node| node.kind)
    }

    #[inline]
    fn span(&self) -> &'a str {
        self.node().and_then(|node| self.text.get(node.start as usize..node.end as usize)).unwrap_or("")
    }

    /// The value as it stands in the record; a string with its quotes.
    #[inline]
    pub fn raw(&self) -> &'a str {
        match self.node() {
            Some(node) if node.kind == Kind::String => {
                self.text.get((node.start as usize).saturating_sub(1)..node.end as usize + 1).unwrap_or("")
            }
            _ => self.span(),
        }
    }

    /// Where the value's text starts in the record, and ends; a string's quotes are outside.
    #[inline]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.node().map_or(0..0, |node| node.start as usize..node.end as usize)
    }

    /// The text of a string, its escapes resolved. A lone surrogate becomes U+FFFD; [`Json::raw`] keeps it.
    #[inline]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let node = self.node().filter(|node| matches!(node.kind, Kind::String | Kind::Key))?;
        let text = self.text.get(node.start as usize..node.end as usize)?;
        Some(if node.escaped { unescape(text) } else { Cow::Borrowed(text) })
    }

    /// The bytes of a string that has no escapes, without its quotes.
    #[inline]
    pub(crate) fn plain_bytes(&self) -> Option<&'a [u8]> {
        let node = self.node().filter(|node| node.kind == Kind::String && !node.escaped)?;
        self.text.as_bytes().get(node.start as usize..node.end as usize)
    }

    /// The text of a string, a number or a boolean: exporters write one for the other.
    #[inline]
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
    #[inline]
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether this is a string.
    #[inline]
    pub fn is_string(&self) -> bool {
        self.kind() == Kind::String
    }

    /// Whether this is an object.
    #[inline]
    pub fn is_object(&self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether this is an array.
    #[inline]
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
    #[inline]
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'a, str>, Json<'t, 'a>)> + use<'t, 'a> {
        self.members().map(|member| (member.name(), member.value()))
    }

    /// The members of an object with what is known of their names; nothing for any other value.
    #[inline]
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'t, 'a>> + use<'t, 'a> {
        let here = *self;
        let end = if here.is_object() { here.node().map_or(0, |node| node.next) } else { 0 };
        let mut at = here.at + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let key = Json { at, ..here };
            at = here.tape.nodes.get(at as usize + 1)?.next;
            Some(Member { traits: here.tape.names.traits(key.node()?.next)?, key })
        })
    }

    /// This value and every one in it, in the order written, however deep.
    #[inline]
    pub(crate) fn all(&self) -> All<'t, 'a> {
        All { value: *self, end: self.node().map_or(self.at, |node| node.next) }
    }

    /// What members of this object add to a fingerprint of which it is the whole, as far as that is known: by their values' nodes.
    pub(crate) fn known_sums(&self) -> impl Fn(Json<'t, 'a>) -> Option<u128> + use<'t, 'a> {
        let sums = if self.at == 0 { self.tape.sums.as_slice() } else { &[] };
        move |value| sums.iter().find(|(at, _)| *at == value.at).map(|(_, sum)| *sum)
    }

    /// Whether no name of the record says that what stands under it is a secret.
    pub(crate) fn has_plain_names(&self) -> bool {
        self.tape.names.are_plain()
    }

    /// The strings in this value, or it itself, that are longer in the record than so many bytes, each with whether it has escapes; the keys
    /// are none.
    pub(crate) fn strings_above(&self, bytes: u32) -> impl Iterator<Item = (&'a str, bool)> + use<'t, 'a> {
        let (text, end) = (self.text, self.node().map_or(self.at, |node| node.next));
        let nodes = self.tape.nodes.get(self.at as usize..end as usize).unwrap_or(&[]);
        let long = nodes.iter().filter(move |node| node.kind == Kind::String && node.end - node.start > bytes);
        long.filter_map(move |node| Some((text.get(node.start as usize..node.end as usize)?, node.escaped)))
    }

    /// Elements of an array; nothing for any other value.
    #[inline]
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

/// One member of an object.
#[derive(Clone, Copy)]
pub(crate) struct Member<'t, 'a> {
    /// What its name means.
    pub(crate) traits: &'t Traits,
    key: Json<'t, 'a>,
}

impl<'t, 'a> Member<'t, 'a> {
    #[inline]
    pub(crate) fn value(&self) -> Json<'t, 'a> {
        Json { at: self.key.at + 1, ..self.key }
    }

    /// Its name, escapes resolved.
    #[inline]
    pub(crate) fn name(&self) -> Cow<'a, str> {
        self.key.text().unwrap_or_default()
    }
}

/// Values in the order written, each with what its name means where it is a member.
pub(crate) struct All<'t, 'a> {
    /// The next one, or its key.
    value: Json<'t, 'a>,
    end: u32,
}

impl<'t, 'a> All<'t, 'a> {
    /// Leaves out what is in a value.
    pub(crate) fn pass_over(&mut self, value: Json<'t, 'a>) {
        self.value.at = value.node().map_or(self.end, |node| node.next);
    }
}

impl<'t, 'a> Iterator for All<'t, 'a> {
    type Item = (Option<&'t Traits>, Json<'t, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut value = self.value;
        if value.at >= self.end {
            return None;
        }
        let mut traits = None;
        if let Some(key) = value.node().filter(|node| node.kind == Kind::Key) {
            traits = value.tape.names.traits(key.next);
            value.at += 1;
        }
        self.value.at = value.at + 1;
        Some((traits, value))
    }
}
