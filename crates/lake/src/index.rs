//! What events are found by, held compactly from many readings until it is committed at once: few large files of `mentions` and `causes`
//! then take the place of many small ones.

use crate::causes::{CauseRow, Marks};
use crate::rows::{AWS_REGION, ERROR_CODE, EVENT_ID, EVENT_NAME, EVENT_SOURCE, RECIPIENT, Rows, SHARED, at, shared_event};
use crate::texts::{Names, Span, Texts};
use event::resource::Form;
use hashbrown::HashSet;
use identity::{CauseKind, SessionKey};

/// No name.
pub(crate) const NONE: u32 = u32::MAX;

/// Flags of an event.
pub(crate) const READ_ONLY: u8 = 1;
pub(crate) const FAILED: u8 = 2;
pub(crate) const OWN: u8 = 4;
/// Whether it has a `sharedEventID`.
pub(crate) const HAS_SHARED: u8 = 8;

/// Rows of `mentions` and `causes` to be; events, words, names and sessions by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Accounts, regions and names of calls.
    pub(crate) words: Names,
    /// Keys, and what they stand for.
    pub(crate) names: Names,
    pub(crate) events: Vec<Found>,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) causes: Vec<Cause>,
    /// Events that told something of a machine.
    pub(crate) told: Vec<Told>,
    pub(crate) sessions: Vec<SessionKey>,
    marks: Vec<Marks>,
    texts: Texts,
    text_bytes: usize,
}

/// What both tables need of an event, all of it together: their order is not that of the events.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    pub(crate) time: i64,
    /// Of an event with [`HAS_SHARED`].
    pub(crate) shared: i64,
    pub(crate) object: u32,
    pub(crate) record: u32,
    pub(crate) recipient: u32,
    pub(crate) region: u32,
    pub(crate) flags: u8,
}

/// A key under which an event is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mention {
    pub(crate) key: u32,
    /// [`NONE`] where it stands for nothing.
    pub(crate) arn: u32,
    pub(crate) event: u32,
    pub(crate) form: Form,
    pub(crate) exact: bool,
}

/// What an event told of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause {
    pub(crate) key: u32,
    pub(crate) role_arn: u32,
    pub(crate) detail: u32,
    pub(crate) told: u32,
    marks: u32,
    pub(crate) kind: CauseKind,
}

/// An event that told something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) event: u32,
    pub(crate) event_id: Span,
    pub(crate) shared: Span,
    pub(crate) source: u32,
    pub(crate) name: u32,
    pub(crate) session: u32,
}

/// Numbers of one set of names in another, looked up once each.
struct Renamed(Vec<u32>);

impl Renamed {
    fn number(&mut self, number: u32, from: &Names, to: &mut Names) -> u32 {
        let Some(held) = self.0.get_mut(number as usize) else { return NONE };
        if *held == NONE {
            *held = to.number_of(from, number);
        }
        *held
    }
}

impl Index {
    /// Bytes that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        const EVENT: usize = size_of::<Found>();
        const TOLD: usize = size_of::<Told>();
        let rows = self.mentions.len() * size_of::<Mention>() + self.causes.len() * size_of::<Cause>() + self.told.len() * TOLD;
        rows + self.events.len() * EVENT + self.names.bytes() + self.text_bytes
    }

    /// Takes over what is to be found of the events in `kept`, which are in order; `objects` came before those of `rows`. Returns how many
    /// events came before.
    pub(crate) fn extend(&mut self, rows: &Rows, kept: &[u32], objects: u32) -> u32 {
        let before = self.events.len() as u32;
        let mut words = Renamed(vec![NONE; rows.words.len() as usize]);
        let mut names = Renamed(vec![NONE; rows.names.len() as usize]);
        let mut row_of = vec![NONE; rows.len()];
        for (event, row) in kept.iter().copied().zip(before..) {
            if let Some(place) = row_of.get_mut(event as usize) {
                *place = row;
            }
            self.event(rows, event, objects, &mut words);
            let mentions = rows.mentions_of(event);
            for mention in rows.mentions.get(mentions.start as usize..mentions.end as usize).unwrap_or(&[]) {
                let key = names.number(mention.key, &rows.names, &mut self.names);
                let arn = mention.arn.map_or(NONE, |arn| names.number(arn, &rows.names, &mut self.names));
                self.mentions.push(Mention { key, arn, event: row, form: mention.form, exact: mention.exact });
            }
        }
        let mut sessions = vec![NONE; rows.sessions.len()];
        let (mut last, mut marks) = (NONE, (NONE, NONE));
        for cause in rows.causes.rows() {
            let event = at(&row_of, cause.event);
            if event == NONE {
                continue;
            }
            if last != event {
                last = event;
                self.told(rows, cause.event, event, &mut words, &mut sessions);
            }
            if let Some(place) = cause.marks
                && marks.0 != place
            {
                marks = (place, self.marks.len() as u32);
                self.marks.push(rows.causes.marks_of(cause).to_vec());
            }
            self.cause(rows, cause, &mut names, marks.1);
        }
        before
    }

    fn event(&mut self, rows: &Rows, event: u32, objects: u32, words: &mut Renamed) {
        let of = &rows.events;
        let mut word = |column: usize| {
            of.words.get(column).and_then(|held| at(held, event)).map(|word| words.number(word, &rows.words, &mut self.words))
        };
        let (recipient, region) = (word(RECIPIENT).unwrap_or(NONE), word(AWS_REGION).unwrap_or(NONE));
        let shared = rows.text(event, SHARED).map(shared_event);
        let own = rows.session_of(event).is_some_and(|session| session.own);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags = flag(at(&of.read_only, event), READ_ONLY) | flag(rows.has_word(event, ERROR_CODE), FAILED) | flag(own, OWN);
        self.events.push(Found {
            time: at(&of.time, event),
            shared: shared.unwrap_or(0),
            object: at(&of.object, event) + objects,
            record: at(&of.record, event),
            recipient,
            region,
            flags: flags | flag(shared.is_some(), HAS_SHARED),
        });
    }

    fn told(&mut self, rows: &Rows, event: u32, row: u32, words: &mut Renamed, sessions: &mut [u32]) {
        let mut word = |column: usize| {
            let held = rows.events.words.get(column).and_then(|held| at(held, event));
            held.map_or(NONE, |word| words.number(word, &rows.words, &mut self.words))
        };
        let (source, name) = (word(EVENT_SOURCE), word(EVENT_NAME));
        let mut text = |column: usize| match rows.text(event, column) {
            Some(text) => {
                self.text_bytes += text.len();
                self.texts.keep(text)
            }
            None => Span::NONE,
        };
        let (event_id, shared) = (text(EVENT_ID), text(SHARED));
        let held = at(&rows.events.session, event);
        let mut session = NONE;
        if let (Some(place), Some(of)) = (sessions.get_mut(held as usize), rows.sessions.get(held as usize)) {
            if *place == NONE {
                *place = self.sessions.len() as u32;
                self.sessions.push(of.key.clone());
                self.text_bytes += size_of::<SessionKey>();
            }
            session = *place;
        }
        self.told.push(Told { event: row, event_id, shared, source, name, session });
    }

    fn cause(&mut self, rows: &Rows, cause: &CauseRow, names: &mut Renamed, marks: u32) {
        let mut name = |name: u32| names.number(name, &rows.names, &mut self.names);
        let key = name(cause.key);
        let (role_arn, detail) = (cause.role_arn.map_or(NONE, &mut name), cause.detail.map_or(NONE, &mut name));
        let marks = if cause.marks.is_some() { marks } else { NONE };
        self.causes.push(Cause { key, role_arn, detail, told: self.told.len() as u32 - 1, marks, kind: cause.kind });
    }

    /// A text of an event that told something.
    pub(crate) fn text(&self, span: Span) -> Option<&[u8]> {
        self.texts.get(span)
    }

    /// The tags of a cause.
    pub(crate) fn marks_of(&self, cause: &Cause) -> &[(String, String)] {
        self.marks.get(cause.marks as usize).map_or(&[], Vec::as_slice)
    }

    /// The event that told of a cause.
    pub(crate) fn told_by(&self, cause: &Cause) -> Option<&Told> {
        self.told.get(cause.told as usize)
    }

    /// Forgets what is to be found of some events.
    pub(crate) fn without(&mut self, events: &HashSet<u32>) {
        self.mentions.retain(|mention| !events.contains(&mention.event));
        let told = &self.told;
        self.causes.retain(|cause| told.get(cause.told as usize).is_none_or(|told| !events.contains(&told.event)));
    }

    /// The mentions of each bucket, by their places, in the order of their keys and times; `rank` is the order of names.
    pub(crate) fn mentions_by_bucket(&self, rank: &[u32]) -> Vec<(i32, Vec<u32>)> {
        let mut ends = vec![0_u32; rank.len() + 1];
        for mention in &self.mentions {
            if let Some(count) = ends.get_mut(at(rank, mention.key) as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        // Each key's mentions go to where those of the key before it end.
        let starts = ends.clone();
        let mut order = vec![0_u32; self.mentions.len()];
        for (mention, place) in self.mentions.iter().zip(0..) {
            if let Some(next) = ends.get_mut(at(rank, mention.key) as usize) {
                if let Some(slot) = order.get_mut(*next as usize) {
                    *slot = place;
                }
                *next += 1;
            }
        }
        let event = |place: u32| self.mentions.get(place as usize).map_or(0, |mention| mention.event);
        let mut found: Vec<Vec<u32>> = (0..crate::BUCKETS).map(|_| Vec::new()).collect();
        for (start, end) in starts.iter().zip(starts.iter().skip(1)) {
            let Some(of_key) = order.get_mut(*start as usize..*end as usize).filter(|of_key| !of_key.is_empty()) else { continue };
            of_key.sort_unstable_by_key(|place| (at(&self.events, event(*place)).time, *place));
            let key = of_key.first().and_then(|place| self.mentions.get(*place as usize)).map_or("", |mention| self.names.get(mention.key));
            if let Some(bucket) = found.get_mut(crate::bucket(key) as usize) {
                bucket.extend_from_slice(of_key);
            }
        }
        (0..).zip(found).filter(|(_, places)| !places.is_empty()).collect()
    }

    /// The causes of each bucket, in the order of their keys and times.
    pub(crate) fn causes_by_bucket(&self, rank: &[u32]) -> Vec<(i32, Vec<Cause>)> {
        let time = |cause: &Cause| self.told_by(cause).map_or(0, |told| at(&self.events, told.event).time);
        let mut causes = self.causes.clone();
        causes.sort_by_cached_key(|cause| (at(rank, cause.key), time(cause), cause.told, cause.kind));
        let mut found: Vec<Vec<Cause>> = (0..crate::schema::CAUSE_BUCKETS).map(|_| Vec::new()).collect();
        for of_key in causes.chunk_by(|a, b| a.key == b.key) {
            let key = of_key.first().map_or("", |cause| self.names.get(cause.key));
            if let Some(bucket) = found.get_mut(crate::schema::cause_bucket(key) as usize) {
                bucket.extend_from_slice(of_key);
            }
        }
        (0..).zip(found).filter(|(_, causes)| !causes.is_empty()).collect()
    }
}
