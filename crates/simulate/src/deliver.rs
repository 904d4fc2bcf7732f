//! Packs records into log objects: pending records in; objects, as the trail puts them into its bucket, out.
//!
//! An object holds one account's and region's records of a window, in no order, some minutes late. Now and then
//! a record comes a second time, in a later object.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::LogObject;
use crate::ledger::Call;
use crate::organisation::Organisation;
use crate::random::Random;
use crate::scene::{Pending, placed};
use crate::text::civil;

/// How long records gather before an object is written.
pub(crate) const WINDOW_SECONDS: i64 = 300;
const OBJECT_RECORDS_MAX: i64 = 3000;
const REPEATED_PER_MILLE: u64 = 3;

/// A record on its way: its time and text.
#[derive(Clone)]
struct Sent {
    time: i64,
    body: String,
}

pub(crate) struct Delivery<'a> {
    organisation: &'a Organisation,
    random: Random,
    press: Press,
    deliver: &'a mut dyn FnMut(LogObject),
    waiting: Vec<Vec<Sent>>,
    /// To come again with the next window.
    repeats: Vec<Vec<Sent>>,
    pub(crate) records: usize,
    pub(crate) duplicates: usize,
    pub(crate) objects: usize,
    pub(crate) bytes_uncompressed: u64,
}

impl<'a> Delivery<'a> {
    pub(crate) fn new(organisation: &'a Organisation, places: usize, deliver: &'a mut dyn FnMut(LogObject)) -> Self {
        Self {
            organisation,
            random: Random::new(organisation.seed, "delivery"),
            press: Press::new(),
            deliver,
            waiting: vec![Vec::new(); places],
            repeats: vec![Vec::new(); places],
            records: 0,
            duplicates: 0,
            objects: 0,
            bytes_uncompressed: 0,
        }
    }

    /// Takes a record, and gives back what was noted of it.
    pub(crate) fn take(&mut self, pending: Pending) -> Option<Box<Call>> {
        let sent = Sent { time: pending.time, body: pending.body };
        if self.random.chance(REPEATED_PER_MILLE) {
            self.repeats[pending.place].push(sent.clone());
        }
        self.waiting[pending.place].push(sent);
        pending.call
    }

    /// Writes what waits, for a window that ended at `end`.
    pub(crate) fn close_window(&mut self, end: i64) {
        for place in 0..self.waiting.len() {
            let mut records = std::mem::take(&mut self.waiting[place]);
            let again = std::mem::take(&mut self.repeats[place]);
            if !records.is_empty() {
                self.random.shuffle(&mut records);
                let mut rest = records.as_slice();
                while !rest.is_empty() {
                    let most = self.random.between(OBJECT_RECORDS_MAX / 3, OBJECT_RECORDS_MAX) as usize;
                    let (chunk, left) = rest.split_at(most.min(rest.len()));
                    self.write(place, end, chunk);
                    rest = left;
                }
            }
            // What `take` put aside in this window comes again in an object of its own, behind the others.
            if !again.is_empty() {
                self.duplicates += again.len();
                self.write(place, end + 60, &again);
            }
        }
        while let Ok(object) = self.press.output.try_recv() {
            (self.deliver)(object);
        }
    }

    fn write(&mut self, place: usize, end: i64, records: &[Sent]) {
        let mut text = String::with_capacity(records.iter().map(|record| record.body.len() + 1).sum::<usize>() + 16);
        text.push_str("{\"Records\":[");
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&record.body);
        }
        text.push_str("]}");
        // A name's stamp is cut to the minute: at least one and less than ten after the newest and oldest event.
        let stamp = end + self.random.between(120, 230);
        let key = self.key(place, stamp);
        self.records += records.len();
        self.objects += 1;
        self.bytes_uncompressed += text.len() as u64;
        let times = records.iter().map(|record| record.time);
        let (oldest, newest) = (times.clone().min().unwrap_or(end), times.max().unwrap_or(end));
        self.press.put(Sheet { key, text, records: records.len(), oldest, newest, stamp: stamp - stamp.rem_euclid(60) });
    }

    /// Delivers what is still being compressed.
    pub(crate) fn finish(&mut self) {
        self.press.input = None;
        while let Ok(object) = self.press.output.recv() {
            (self.deliver)(object);
        }
    }

    fn key(&mut self, place: usize, stamp: i64) -> String {
        let (account, region) = placed(self.organisation, place);
        let (year, month, day, hour, minute, _) = civil(stamp);
        format!(
            "AWSLogs/{}/{account}/CloudTrail/{region}/{year:04}/{month:02}/{day:02}/{account}_CloudTrail_{region}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z_{}.json.gz",
            self.organisation.id,
            self.random.alnum(16)
        )
    }
}

/// An object before it is compressed.
struct Sheet {
    key: String,
    text: String,
    records: usize,
    oldest: i64,
    newest: i64,
    stamp: i64,
}

/// Compresses on a thread of its own, in order: it takes as long as making the records.
struct Press {
    input: Option<SyncSender<Sheet>>,
    output: Receiver<LogObject>,
}

impl Press {
    fn new() -> Self {
        // Few may wait, so that memory stays small where compressing is the slower half.
        let (input, sheets) = sync_channel(64);
        let (objects, output) = channel();
        std::thread::spawn(move || compress(&sheets, &objects));
        Self { input: Some(input), output }
    }

    fn put(&self, sheet: Sheet) {
        if let Some(input) = &self.input {
            // It refuses only where the other side is gone; the count of objects would tell.
            let _ = input.send(sheet);
        }
    }
}

fn compress(sheets: &Receiver<Sheet>, objects: &Sender<LogObject>) {
    // The lightest level that compresses at all: 0 only stores.
    let level = libdeflater::CompressionLvl::new(1).unwrap_or_default();
    let mut compressor = libdeflater::Compressor::new(level);
    while let Ok(Sheet { key, text, records, oldest, newest, stamp }) = sheets.recv() {
        let mut body = vec![0; compressor.gzip_compress_bound(text.len())];
        // The bound is by definition enough; were it not, the object would be empty.
        let size = compressor.gzip_compress(text.as_bytes(), &mut body).unwrap_or(0);
        body.truncate(size);
        body.shrink_to_fit();
        let time = |second| jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let object = LogObject { key, body, records, oldest: time(oldest), newest: time(newest), delivered: time(stamp) };
        if objects.send(object).is_err() {
            return;
        }
    }
}
