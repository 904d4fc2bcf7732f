//! One session's log in, its lines and commands out.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use vte::Parser;

use crate::charset::Charset;
use crate::command::{Command, LineKind, Sink};
use crate::kind::{self, Kind};
use crate::message::{self, Streamed};
use crate::session::{Driver, Session};

/// Entries remembered to pass over those that are delivered again.
const RECENT_MAX: usize = 512;
/// Longest line of an exported log, in bytes; the rest of a longer one is another.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What is known of a session beside its log.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The operating system's user, where StartSession or the configuration names it. A streamed log names its own.
    pub run_as_user: Option<String>,
}

/// What was read, for the tally.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines handed out.
    pub lines: u64,
    pub commands: u64,
    /// Entries that were delivered a second time and passed over.
    pub repeated: u64,
    /// Lines of an object of entries that are none; their text was read as the terminal's.
    pub malformed: u64,
}

/// Reads the log of one session.
pub struct Transcript {
    kind: Option<Kind>,
    charset: Charset,
    parser: Parser,
    session: Session,
    recent: VecDeque<u64>,
    summary: Summary,
    /// The object's first bytes, or the start of an entry, until there is enough to read.
    held: Vec<u8>,
}

impl Transcript {
    pub fn new(setup: Setup) -> Self {
        let mut session = Session::default();
        session.shells.run_as_user = setup.run_as_user;
        Self {
            kind: None,
            charset: Charset::default(),
            parser: Parser::new(),
            session,
            recent: VecDeque::new(),
            summary: Summary::default(),
            held: Vec::new(),
        }
    }

    /// Takes the next bytes of an object, uncompressed and cut anywhere; its kind is found by itself. `time`: microseconds since 1970 UTC, where
    /// the caller knows when these bytes were written.
    ///
    /// Whole lines are read at once; the rest of a line waits for its newline, or for [`Transcript::finish`].
    pub fn push(&mut self, bytes: &[u8], time: Option<i64>, sink: &mut dyn Sink) {
        if self.kind.is_some() {
            return self.read(bytes, time, sink);
        }
        let missing = kind::HEAD_BYTES.saturating_sub(self.held.len());
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        self.held.extend_from_slice(head);
        if self.held.len() >= kind::HEAD_BYTES {
            self.start(time, sink);
            self.read(rest, time, sink);
        }
    }

    fn start(&mut self, time: Option<i64>, sink: &mut dyn Sink) {
        let head = std::mem::take(&mut self.held);
        let kind = kind::of(&head);
        self.kind = Some(kind);
        self.session.powershell = kind == Kind::PowerShell;
        self.session.bare_newlines = kind::has_bare_newlines(&head) || matches!(kind, Kind::Streamed | Kind::Exported);
        self.read(&head, time, sink);
    }

    /// Takes one entry of the session's CloudWatch log stream, in order. `timestamp`: milliseconds since 1970 UTC, as CloudWatch gives it.
    pub fn message(&mut self, timestamp: i64, message: &str, sink: &mut dyn Sink) {
        let mut hasher = DefaultHasher::new();
        (timestamp, message).hash(&mut hasher);
        let hash = hasher.finish();
        if self.recent.contains(&hash) {
            self.summary.repeated += 1;
            return;
        }
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(hash);
        self.kind.get_or_insert(Kind::Terminal);
        self.session.bare_newlines = true;
        self.entry(timestamp.saturating_mul(1000), message, sink);
    }

    fn entry(&mut self, time: i64, message: &str, sink: &mut dyn Sink) {
        match message.trim_start().starts_with('{').then(|| Streamed::read(message)) {
            Some(Ok(streamed)) => {
                self.session.stripped = true;
                if !streamed.run_as_user.is_empty() {
                    self.session.shells.run_as_user.get_or_insert(streamed.run_as_user.clone());
                }
                self.text(streamed.text().as_bytes(), streamed.time().or(Some(time)), sink);
            }
            _ => {
                self.text(message.as_bytes(), Some(time), sink);
                if !message.ends_with('\n') {
                    self.text(b"\n", Some(time), sink);
                }
            }
        }
    }

    fn read(&mut self, bytes: &[u8], time: Option<i64>, sink: &mut dyn Sink) {
        match self.kind {
            Some(Kind::Streamed | Kind::Exported) => self.entries(bytes, sink),
            Some(Kind::Other) => {}
            _ => self.text(bytes, time, sink),
        }
    }

    /// An object of entries, one a line.
    fn entries(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) {
        while let Some(end) = memchr::memchr(b'\n', bytes).map(|at| at + 1).or_else(|| {
            (self.held.len() + bytes.len() > LINE_BYTES_MAX).then(|| LINE_BYTES_MAX.saturating_sub(self.held.len()).clamp(1, bytes.len()))
        }) {
            let (line, rest) = bytes.split_at(end);
            self.held.extend_from_slice(line);
            bytes = rest;
            self.entry_line(sink);
        }
        self.held.extend_from_slice(bytes);
    }

    fn entry_line(&mut self, sink: &mut dyn Sink) {
        let held = std::mem::take(&mut self.held);
        let line = String::from_utf8_lossy(&held);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            // An empty line of an entry that has several.
            if self.kind == Some(Kind::Exported) {
                self.text(b"\n", None, sink);
            }
            return;
        }
        match message::exported(line) {
            Some((time, entry)) => self.entry(time, entry, sink),
            None if line.starts_with('{') && Streamed::read(line).is_ok() => self.entry(self.session.time.unwrap_or(0), line, sink),
            None => {
                self.summary.malformed += u64::from(line.starts_with('{'));
                self.text(line.as_bytes(), None, sink);
                self.text(b"\n", None, sink);
            }
        }
    }

    fn text(&mut self, bytes: &[u8], time: Option<i64>, sink: &mut dyn Sink) {
        self.session.time = time.or(self.session.time);
        let (parser, session) = (&mut self.parser, &mut self.session);
        let mut counted = Counted { sink, summary: &mut self.summary };
        self.charset.push(bytes, &mut |text| parser.advance(&mut Driver { session, sink: &mut counted }, text));
    }

    /// What the log is, once enough of it was read; [`Kind::Other`] gives no lines.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The operating system's user that the log itself names.
    pub fn run_as_user(&self) -> Option<&str> {
        self.session.shells.run_as_user.as_deref()
    }

    /// The command that was entered last, if nothing that follows it settled its outcome yet. It may turn out to be a line that was completed or
    /// given up, and then never reach the sink.
    pub fn open(&self) -> Option<&Command> {
        self.session.running.as_ref().map(|running| &running.command)
    }

    /// The log ended.
    pub fn finish(mut self, sink: &mut dyn Sink) -> Summary {
        if self.kind.is_none() {
            self.start(None, sink);
        }
        if !self.held.is_empty() {
            self.entry_line(sink);
        }
        let (parser, session) = (&mut self.parser, &mut self.session);
        let mut counted = Counted { sink, summary: &mut self.summary };
        self.charset.finish(&mut |text| parser.advance(&mut Driver { session, sink: &mut counted }, text));
        Driver { session, sink: &mut counted }.finish();
        self.summary
    }
}

/// Counts what goes to a sink.
struct Counted<'a> {
    sink: &'a mut dyn Sink,
    summary: &'a mut Summary,
}

impl Sink for Counted<'_> {
    fn line(&mut self, line: &crate::Line<'_>) {
        self.summary.lines += 1;
        self.sink.line(line);
    }

    fn command(&mut self, command: Command) {
        self.summary.commands += 1;
        self.sink.command(command);
    }
}

/// Whether a line was written by what recorded the session, not by the session (script(1), Start-Transcript).
pub(crate) fn recorder(text: &str, number: u64, powershell: bool) -> Option<LineKind> {
    let script = number == 1 && text.starts_with("Script started on ") || text.starts_with("Script done on ");
    (script || powershell && kind::is_stars(text)).then_some(LineKind::Recorder)
}
