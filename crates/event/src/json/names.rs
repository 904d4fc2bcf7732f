//! Names of members in, a small number for each distinct one out, with what is asked of names again and again.
//!
//! Records of all services together have a few hundred names, each in thousands of records: what a name means to the readers of records is
//! worked out when it is first seen. What logs invent cannot fill the list for good, nor slow a look-up down: a name that is escaped, overlong,
//! not UTF-8, or finds its places taken stands beside the list for the length of one record.

use super::text::unescape;
use crate::name::Traits;
use std::ops::Range;

/// Names on the list, at most; a full one is begun anew with the next record.
pub(crate) const NAMES_MAX: usize = 2_048;

/// Bytes of a name on the list, at most.
pub(crate) const NAME_BYTES_MAX: usize = 64;

/// Places of the list that one name may lie in.
const PROBES: usize = 8;

const SLOTS: usize = 2 * NAMES_MAX;

/// The names that a tape has met.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// For each hash the place of a name on the list, counted from 1; 0 where there is none.
    slots: Vec<u16>,
    listed: Vec<Listed>,
    /// Names of this record that are not on the list; placed from [`NAMES_MAX`] on.
    others: Vec<Traits>,
    /// For each name on the list the object that last had it.
    last_in: Vec<u32>,
    object: u32,
    /// Whether a name found no room on the list.
    full: bool,
    /// Whether a name of this record says that what stands under it is a secret, or holds some.
    secretive: bool,
    /// The place of the name that was read last.
    last: u32,
    /// The place and the length of the one that is expected next.
    expected: (u32, usize),
}

#[derive(Debug)]
struct Listed {
    ends: Ends,
    /// The place of the name that came next, the last time: records of one kind have theirs in one order.
    follower: u32,
    secretive: bool,
    text: Box<[u8]>,
    traits: Traits,
}

/// Length, first and last bytes of a name: all of it, up to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    head: u64,
    tail: u64,
    length: usize,
}

impl Ends {
    fn of(bytes: &[u8], name: &Range<usize>) -> Self {
        let word = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map(|word| u64::from_le_bytes(*word));
        let length = name.len();
        if length >= 8 {
            Self { head: word(name.start).unwrap_or(0), tail: word(name.end - 8).unwrap_or(0), length }
        } else {
            let short = || bytes.get(name.clone()).unwrap_or(&[]).iter().rev().fold(0, |head, &byte| head << 8 | u64::from(byte));
            let head = word(name.start).map_or_else(short, |word| word & ((1 << (8 * length)) - 1));
            Self { head, tail: 0, length }
        }
    }

    fn hash(&self) -> usize {
        let product = u128::from(self.head ^ 0x9e37_79b9_7f4a_7c15) * u128::from(self.tail ^ 0xd1b5_4a32_d192_ed03 ^ self.length as u64);
        (product >> 64) as usize ^ product as usize
    }
}

impl Names {
    /// Begins a record; says whether names have lost their places.
    pub(super) fn next_record(&mut self) -> bool {
        self.others.clear();
        self.secretive = false;
        let anew = self.full || self.slots.is_empty();
        if anew {
            self.full = false;
            self.slots.clear();
            self.slots.resize(SLOTS, 0);
            self.listed.clear();
            self.last_in.clear();
        }
        anew
    }

    /// The place of the name that starts at `bytes[start]`, and where it ends, if it is the one that came next the last time.
    pub(super) fn guess(&mut self, bytes: &[u8], start: usize) -> Option<(u32, usize)> {
        let (place, length) = self.expected;
        let end = start + length;
        if bytes.get(end) != Some(&b'"') || !self.is_at(place, bytes, &(start..end), &Ends::of(bytes, &(start..end))) {
            return None;
        }
        self.expect(place);
        Some((place, end))
    }

    /// Notes which name was read, and with it which one to expect.
    pub(super) fn expect(&mut self, last: u32) {
        self.last = last;
        let follower = self.listed.get(last as usize).map_or(0, |listed| {
            self.secretive |= listed.secretive;
            listed.follower
        });
        self.expected = (follower, self.listed.get(follower as usize).map_or(0, |listed| listed.ends.length));
    }

    /// The place of the name at `name` in `bytes`, which holds until the next record.
    pub(super) fn place(&mut self, bytes: &[u8], name: Range<usize>, escaped: bool) -> u32 {
        let place = self.find(bytes, name, escaped);
        if let Some(last) = self.listed.get_mut(self.last as usize) {
            last.follower = place;
        }
        self.expect(place);
        place
    }

    fn find(&mut self, bytes: &[u8], name: Range<usize>, escaped: bool) -> u32 {
        if name.len() <= NAME_BYTES_MAX && !escaped {
            let ends = Ends::of(bytes, &name);
            let first = ends.hash();
            for probe in 0..PROBES {
                let slot = first.wrapping_add(probe) % SLOTS;
                let place = match self.slots.get(slot) {
                    Some(0) | None => return self.list(bytes.get(name).unwrap_or(&[]), ends, slot),
                    Some(place) => u32::from(*place) - 1,
                };
                if self.is_at(place, bytes, &name, &ends) {
                    return place;
                }
            }
            self.full = true;
        }
        self.set_aside(bytes.get(name).unwrap_or(&[]))
    }

    /// Whether the listed name at that place is the one at `name` in `bytes`.
    fn is_at(&self, place: u32, bytes: &[u8], name: &Range<usize>, ends: &Ends) -> bool {
        let same = |held: &Listed| held.ends == *ends && (ends.length <= 16 || bytes.get(name.clone()) == Some(&held.text));
        self.listed.get(place as usize).is_some_and(same)
    }

    #[cold]
    fn list(&mut self, name: &[u8], ends: Ends, slot: usize) -> u32 {
        self.full |= self.listed.len() == NAMES_MAX;
        let (Ok(text), Some(slot), false) = (std::str::from_utf8(name), self.slots.get_mut(slot), self.full) else {
            return self.set_aside(name);
        };
        let traits = Traits::of(text);
        self.listed.push(Listed { ends, follower: 0, secretive: !traits.secrecy.is_plain(), text: name.into(), traits });
        self.last_in.push(0);
        *slot = self.listed.len() as u16;
        self.listed.len() as u32 - 1
    }

    #[cold]
    fn set_aside(&mut self, name: &[u8]) -> u32 {
        let traits = Traits::of(&unescape(&String::from_utf8_lossy(name)));
        self.secretive |= !traits.secrecy.is_plain();
        self.others.push(traits);
        (NAMES_MAX + self.others.len() - 1) as u32
    }

    /// Whether no name of this record says that what stands under it is a secret.
    pub(super) fn are_plain(&self) -> bool {
        !self.secretive
    }

    /// Notes that one does.
    pub(super) fn note_secretive(&mut self) {
        self.secretive = true;
    }

    /// What is known of the name at a place.
    #[inline]
    pub(super) fn traits(&self, place: u32) -> Option<&Traits> {
        let place = place as usize;
        match self.listed.get(place) {
            Some(listed) => Some(&listed.traits),
            None => self.others.get(place.checked_sub(NAMES_MAX)?),
        }
    }

    /// Begins to look at the names of one object.
    pub(super) fn next_object(&mut self) {
        if self.object == u32::MAX {
            self.last_in.fill(0);
            self.object = 0;
        }
        self.object += 1;
    }

    /// Whether the name is new to the object; `None` for one that is not on the list.
    pub(super) fn is_first(&mut self, place: u32) -> Option<bool> {
        let last = self.last_in.get_mut(place as usize)?;
        Some(std::mem::replace(last, self.object) != self.object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(names: &mut Names, name: &str) -> u32 {
        names.place(name.as_bytes(), 0..name.len(), name.contains('\\'))
    }

    #[test]
    fn a_name_keeps_its_place() {
        let mut names = Names::default();
        names.next_record();
        let all = ["", "a", "b", "ab", "arn", "eventName", "eventNames", "requestParameters", "requestParameterX", "requestXarameters"];
        let places: Vec<u32> = all.iter().map(|name| place(&mut names, name)).collect();
        assert_eq!(places, (0..all.len() as u32).collect::<Vec<_>>());
        names.next_record();
        for (name, at) in all.iter().zip(places) {
            assert_eq!(place(&mut names, name), at, "{name}");
            assert_eq!(names.traits(at), Some(&Traits::of(name)), "{name}");
        }
    }

    #[test]
    fn what_came_next_is_guessed_and_compared() {
        let mut names = Names::default();
        names.next_record();
        let (a, b) = (place(&mut names, "eventVersion"), place(&mut names, "userIdentity"));
        place(&mut names, "eventVersion");
        for wrong in ["userIdentity", "userIdentitx\"", "xserIdentity\"", "userIdentityX\"", "\"", ""] {
            assert_eq!(names.guess(wrong.as_bytes(), 0), None, "{wrong}");
        }
        assert_eq!(names.guess(b"{\"userIdentity\":1}", 2), Some((b, 14)));
        assert_eq!(names.guess(b"eventVersion\"", 0), Some((a, 12)));
    }

    #[test]
    fn what_is_not_listed_is_known_for_one_record() {
        let mut names = Names::default();
        names.next_record();
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for name in [long.as_str(), "\\u0061rn"] {
            let at = place(&mut names, name);
            assert_eq!(names.traits(at), Some(&Traits::of(&unescape(name))));
            assert_eq!(names.is_first(at), None);
            names.next_record();
            assert_eq!(names.traits(at), None);
        }
    }

    #[test]
    fn invented_names_do_not_grow_the_list_beyond_its_limit() {
        let mut names = Names::default();
        names.next_record();
        for at in 0..4 * NAMES_MAX {
            let name = format!("invented-{at}");
            let at = place(&mut names, &name);
            assert_eq!(names.traits(at), Some(&Traits::of(&name)));
        }
        assert!((NAMES_MAX / 2..=NAMES_MAX).contains(&names.listed.len()));
        names.next_record();
        names.next_object();
        let at = place(&mut names, "eventName");
        assert_eq!(names.is_first(at), Some(true));
    }
}
