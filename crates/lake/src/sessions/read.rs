//! An object in; the logs of sessions that it holds out, or that it is none.
//!
//! What it is, its content says: Session Manager's text in S3 (with the session's id for a name), CloudWatch's streamed entries as lines of JSON,
//! an export of CloudWatch Logs to S3, the payload of a subscription, a PowerShell transcript (amazon-ssm-agent, session logger and
//! cloudwatchlogspublisher; CloudWatch Logs User Guide, "Export log data to Amazon S3" and "Subscription filters").

use super::command::Rowed;
use super::subscription::{self, stream_id};
use super::{CommandRow, LogRead, LogReject, SessionLog};
use crate::rows::{ObjectRow, hex, object_number};
use event::gunzip::{self, Fault};
use event::payloads;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use transcript::kind::{self, Kind};
use transcript::message::{Streamed, exported};
use transcript::rules::Rules;
use transcript::{Setup, Sink, Summary, Transcript};

/// Bytes of one line, at most; a longer one is read in part, and noted.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Rejects noted of one object.
pub const REJECTS_MAX: usize = 100;
/// Sessions in one object.
pub(super) const SESSIONS_MAX: usize = 1_000;
/// [`transcript::Doubt::MayBeShown`], as it is written.
const MAY_BE_SHOWN: &str = "may_be_shown";
/// Bytes of a log after inflating, at most.
const LOG_BYTES_MAX: usize = 512 << 20;

/// What an object's name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The log of a session.
    Log,
    /// A log, but of no session that could have this id.
    OtherLog,
    /// Nothing.
    Other,
}

/// Reads a name.
pub fn named(key: &str) -> Named {
    let name = key.rsplit('/').next().unwrap_or(key);
    if !(name.ends_with(".log") || name.ends_with(".log.gz")) {
        return Named::Other;
    }
    if kind::session_id(name).is_some() { Named::Log } else { Named::OtherLog }
}

/// Reads an object that is a log of sessions; none where it is something else. `rules`: the shipped ones.
pub fn read(mut object: ObjectRow, key: &str, bytes: &[u8], rules: &Rules) -> Option<LogRead> {
    let head = payloads::beginning(bytes, kind::HEAD_BYTES);
    let form = form_of(key, &head)?;
    object.kind = "session_log";
    let plain = match inflate(bytes) {
        Ok(plain) => plain,
        Err(fault) => return Some(refused(object, bytes, fault_word(fault), "the compressed object cannot be read whole".to_owned())),
    };
    let mut found = match form {
        Form::Refused(reason, detail) => return Some(refused(object, &plain, reason, detail)),
        Form::Kind(Kind::Subscription) => subscription::parts(&plain, &object.uri)?,
        Form::Kind(kind) => parts(kind, key, &plain)?,
    };
    object.sha256 = hex(&Sha256::digest(&plain));
    object.uncompressed = plain.len() as u64;
    object.id = object_number(&object.uri, &object.sha256);
    let mut read = LogRead { object, logs: Vec::new(), rejects: std::mem::take(&mut found.rejects) };
    if !matches!(form, Form::Kind(Kind::Subscription)) {
        long_lines(&plain, &mut read.rejects);
    }
    for part in &found.parts {
        let mut rowed = Rowed::new(rules);
        let (summary, run_as_user) = part.play(&mut rowed);
        read.logs.push(SessionLog {
            object: read.object.uri.clone(),
            object_id: read.object.id,
            object_sha256: read.object.sha256.clone(),
            written: read.object.modified,
            run_as_user: part.log.run_as_user.clone().or(run_as_user),
            span: rowed.span,
            lines: rowed.lines,
            repeated: summary.repeated,
            malformed: summary.malformed,
            commands: if part.begins { rowed.commands } else { doubted(rowed.commands) },
            ..part.log.clone()
        });
    }
    read.object.records = read.logs.iter().map(|log| log.commands.len() as u64).sum();
    if read.logs.is_empty() && !read.rejects.is_empty() {
        read.object.state = "rejected";
    }
    Some(read)
}

/// Hands the lines of one session's log to `sink`. False: the object holds no log of it.
pub fn lines(key: &str, bytes: &[u8], session_id: &str, sink: &mut dyn Sink) -> bool {
    let head = payloads::beginning(bytes, kind::HEAD_BYTES);
    let Some(Form::Kind(kind)) = form_of(key, &head) else { return false };
    let Ok(plain) = inflate(bytes) else { return false };
    let Some(found) = parts(kind, key, &plain) else { return false };
    let mut any = false;
    for part in found.parts.iter().filter(|part| part.log.session_id == session_id) {
        part.play(sink);
        any = true;
    }
    any
}

/// The text of an object, compressed or not; of a subscription's object that of all its payloads.
fn inflate(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    payloads::inflate(bytes, LOG_BYTES_MAX).unwrap_or_else(|| gunzip::gunzip_within(bytes, LOG_BYTES_MAX))
}

/// Commands of a log that may begin in the middle of a session: which prompt is the shell's was learnt from what may be a program's output.
fn doubted(mut commands: Vec<CommandRow>) -> Vec<CommandRow> {
    for command in &mut commands {
        command.doubt.get_or_insert_with(|| MAY_BE_SHOWN.to_owned());
    }
    commands
}

/// What an object turned out to be.
enum Form {
    Kind(Kind),
    Refused(&'static str, String),
}

fn form_of(key: &str, head: &[u8]) -> Option<Form> {
    let kind = kind::of(head);
    let is_json = head.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'{' | b'['));
    match (kind, named(key)) {
        (Kind::Streamed | Kind::Subscription | Kind::Exported, _) => Some(Form::Kind(kind)),
        (_, Named::Other) => None,
        (Kind::Other, Named::Log) if !is_json => Some(Form::Refused("not_session_log", "it holds no text of a terminal".to_owned())),
        (Kind::Terminal | Kind::PowerShell, Named::Log) => Some(Form::Kind(kind)),
        (Kind::Terminal | Kind::PowerShell, Named::OtherLog) if !is_json => {
            Some(Form::Refused("session_id", "its name could not be that of a session".to_owned()))
        }
        _ => None,
    }
}

fn fault_word(fault: Fault) -> &'static str {
    match fault {
        Fault::Truncated => "truncated",
        Fault::Damaged => "damaged",
        Fault::Trailing => "trailing_data",
        Fault::TooLarge => "too_large",
    }
}

fn refused(mut object: ObjectRow, plain: &[u8], reason: &'static str, detail: String) -> LogRead {
    object.state = "rejected";
    object.sha256 = hex(&Sha256::digest(plain));
    object.uncompressed = plain.len() as u64;
    object.id = object_number(&object.uri, &object.sha256);
    let rejects = vec![LogReject { reason, detail, bytes: 0..plain.len() as u64 }];
    LogRead { object, logs: Vec::new(), rejects }
}

/// The sessions of an object, before they are read.
#[derive(Default)]
pub(super) struct Parts<'p> {
    pub(super) parts: Vec<Part<'p>>,
    pub(super) rejects: Vec<LogReject>,
}

/// The log of one session, and its text.
pub(super) struct Part<'p> {
    pub(super) log: SessionLog,
    /// It is known to be the session's log from the beginning.
    pub(super) begins: bool,
    pub(super) text: Text<'p>,
}

pub(super) enum Text<'p> {
    Whole(&'p [u8]),
    /// Entries with their times, milliseconds since 1970.
    Entries(Entries<'p>),
}

/// Entries with their times.
pub(super) type Entries<'p> = Vec<(i64, Cow<'p, str>)>;

impl Part<'_> {
    fn play(&self, sink: &mut dyn Sink) -> (Summary, Option<String>) {
        let mut transcript = Transcript::new(Setup::default());
        match &self.text {
            Text::Whole(bytes) => transcript.push(bytes, None, sink),
            Text::Entries(entries) => entries.iter().for_each(|(time, entry)| transcript.message(*time, entry, sink)),
        }
        let run_as_user = transcript.run_as_user().map(str::to_owned);
        (transcript.finish(sink), run_as_user)
    }
}

fn parts<'p>(kind: Kind, key: &str, plain: &'p [u8]) -> Option<Parts<'p>> {
    match kind {
        Kind::Streamed => streamed(plain),
        Kind::Subscription => subscription::parts(plain, key),
        Kind::Exported => export(key, plain),
        _ => {
            let form = if kind == Kind::PowerShell { "powershell" } else { "terminal" };
            let log = SessionLog { session_id: kind::session_id(key)?.to_owned(), form, ..SessionLog::default() };
            Some(Parts { parts: vec![Part { log, begins: true, text: Text::Whole(plain) }], rejects: Vec::new() })
        }
    }
}

/// An entry that is what the agent streams, and nothing of CloudTrail's.
pub(super) fn entry_of(line: &str) -> Option<Streamed> {
    let entry = Streamed::read(line).ok()?;
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    (!fields.contains_key("Records") && !fields.contains_key("eventSource") && fields.contains_key("sessionData")).then_some(entry)
}

/// What the nodes' entries say; several words on one thing stand side by side, so that they agree with none.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<&'static str, Vec<String>>);

impl Claims {
    pub(super) fn add(&mut self, entry: &Streamed) {
        for (name, value) in
            [("region", &entry.aws_region), ("target", &entry.target.id), ("arn", &entry.user_identity.arn), ("run_as", &entry.run_as_user)]
        {
            let held = self.0.entry(name).or_default();
            if !value.is_empty() && !held.contains(value) && held.len() < 8 {
                held.push(value.clone());
            }
        }
    }

    fn of(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|values| !values.is_empty()).map(|values| values.join(", "))
    }

    pub(super) fn log(&self, session_id: &str, form: &'static str) -> SessionLog {
        SessionLog {
            session_id: session_id.to_owned(),
            form,
            aws_region: self.of("region"),
            target: self.of("target"),
            user_arn: self.of("arn"),
            run_as_user: self.of("run_as"),
            ..SessionLog::default()
        }
    }
}

pub(super) fn is_id(id: &str) -> bool {
    kind::session_id(id) == Some(id)
}

pub(super) fn note(rejects: &mut Vec<LogReject>, reason: &'static str, detail: String, bytes: Range<u64>) {
    if rejects.len() < REJECTS_MAX {
        rejects.push(LogReject { reason, detail, bytes });
    }
}

/// Entries as lines of JSON, of any number of sessions.
fn streamed(plain: &[u8]) -> Option<Parts<'_>> {
    let mut found = Parts::default();
    let mut sessions: BTreeMap<String, (Claims, Entries<'_>)> = BTreeMap::new();
    let mut at = 0_u64;
    for (number, line) in plain.split(|byte| *byte == b'\n').enumerate() {
        let bytes = at..at + line.len() as u64;
        at = bytes.end + 1;
        let line = String::from_utf8_lossy(line.trim_ascii());
        if line.is_empty() {
            continue;
        }
        let Some(entry) = entry_of(&line) else {
            if number == 0 {
                return None;
            }
            note(&mut found.rejects, "not_session_log", format!("line {} is no entry of a session's log", number + 1), bytes);
            continue;
        };
        if !is_id(&entry.session_id) || (sessions.len() >= SESSIONS_MAX && !sessions.contains_key(&entry.session_id)) {
            note(&mut found.rejects, "session_id", format!("line {} names no session that could be", number + 1), bytes);
            continue;
        }
        let (claims, entries) = sessions.entry(entry.session_id.clone()).or_default();
        claims.add(&entry);
        entries.push((entry.time().unwrap_or(0).div_euclid(1_000), line));
    }
    for (session_id, (claims, entries)) in sessions {
        found.parts.push(Part { log: claims.log(&session_id, "streamed"), begins: true, text: Text::Entries(entries) });
    }
    Some(found)
}

/// An export: `<prefix>/<task>/<log stream, its slashes made hyphens>/000000.gz`, each line a time and an entry.
fn export<'p>(key: &str, plain: &'p [u8]) -> Option<Parts<'p>> {
    let mut names = key.rsplit('/');
    let name = names.next().and_then(kind::session_id);
    let folder = names.next().and_then(stream_id);
    let mut claims = Claims::default();
    let mut ids: Vec<String> = Vec::new();
    for line in plain.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let Some(entry) = exported(line.trim_end()).and_then(|(_, entry)| entry.starts_with('{').then(|| entry_of(entry)).flatten()) else {
            continue;
        };
        claims.add(&entry);
        if !ids.contains(&entry.session_id) && ids.len() < 8 {
            ids.push(entry.session_id);
        }
    }
    let by_name = folder.or(name);
    let mut found = Parts::default();
    let session_id = match (by_name, ids.as_slice()) {
        (None, []) => return None,
        (Some(id), []) => id.to_owned(),
        (named, [only]) if is_id(only) && named.is_none_or(|named| named == only) => only.clone(),
        _ => {
            let detail = "its entries are of another session than its name, or of several".to_owned();
            note(&mut found.rejects, "session_id", detail, 0..plain.len() as u64);
            return Some(found);
        }
    };
    // An export of a long stream goes on in 000001, 000002 …
    let begins =
        key.rsplit('/').next().is_some_and(|name| name.trim_end_matches(".gz").trim_start_matches('0').is_empty() || name == session_id);
    found.parts.push(Part { log: claims.log(&session_id, "exported"), begins, text: Text::Whole(plain) });
    Some(found)
}

fn long_lines(plain: &[u8], rejects: &mut Vec<LogReject>) {
    let mut start = 0;
    for end in memchr_lines(plain) {
        if end - start > LINE_BYTES_MAX {
            note(rejects, "line_too_long", format!("a line of {} bytes; it is read in part", end - start), start as u64..end as u64);
        }
        start = end + 1;
    }
}

/// Where lines end, the last one too.
fn memchr_lines(plain: &[u8]) -> impl Iterator<Item = usize> {
    let ends = plain.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    ends.chain((!plain.is_empty()).then_some(plain.len()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    fn get(key: &str, bytes: &[u8]) -> Option<LogRead> {
        get_at(&format!("/logs/{key}"), key, bytes)
    }

    pub(in super::super) fn get_at(uri: &str, key: &str, bytes: &[u8]) -> Option<LogRead> {
        let (rules, errors) = Rules::shipped();
        assert!(errors.is_empty());
        let object = ObjectRow { uri: uri.to_owned(), state: "read", ..ObjectRow::default() };
        read(object, key, bytes, &rules)
    }

    pub(in super::super) const ID: &str = "sato@example.co.jp-0a1b2c3d4e5f67890";

    pub(in super::super) fn entry(id: &str, line: &str) -> String {
        json!({"eventVersion": "1.0", "eventTime": "2026-11-20T01:02:03Z", "awsRegion": "ap-northeast-1", "target": {"id": "i-0a1b2c3d"},
            "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/R/sato"}, "runAsUser": "ssm-user", "sessionId": id,
            "sessionData": [format!("sh-4.2$ {line}"), "ok", "sh-4.2$ "]})
        .to_string()
    }

    #[track_caller]
    fn check(key: &str, body: &[u8], form: &str, expected: &[&str]) -> LogRead {
        let read = get(key, body).expect("a log");
        assert_eq!(read.logs.iter().map(|log| log.session_id.as_str()).collect::<Vec<_>>(), [ID], "{:?}", read.rejects);
        assert_eq!(read.logs[0].form, form);
        assert_eq!(read.logs[0].commands.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), expected);
        read
    }

    #[test]
    fn each_form_is_known_by_what_it_holds() {
        let text = b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ls\r\nx\r\nsh-4.2$ ";
        check(&format!("some/prefix/{ID}.log"), text, "terminal", &["sudo id", "ls"]);
        let streamed = format!("{}\n{}\n", entry(ID, "sudo id"), entry(ID, "ls"));
        let read = check("any/name.json", streamed.as_bytes(), "streamed", &["sudo id", "ls"]);
        assert_eq!(read.logs[0].target.as_deref(), Some("i-0a1b2c3d"));
        assert_eq!(read.logs[0].run_as_user.as_deref(), Some("ssm-user"));
        assert_eq!(read.logs[0].span, Some((1_795_136_523_000_000, 1_795_136_523_000_000)));
        let export = format!("2026-11-20T01:02:03.000Z {}\n2026-11-20T01:02:04.000Z {}\n", entry(ID, "sudo id"), entry(ID, "ls"));
        for (name, doubt) in [("000000.gz", None), ("000000", None), ("000001.gz", Some(MAY_BE_SHOWN))] {
            let read = check(&format!("exports/0a1b2c3d-0000/{ID}/{name}"), export.as_bytes(), "exported", &["sudo id", "ls"]);
            assert_eq!(read.logs[0].commands[0].doubt.as_deref(), doubt, "{name}");
        }
        let plain =
            "2026-11-20T01:02:03.000Z sh-4.2$ sudo id\n2026-11-20T01:02:04.000Z uid=0(root)\n2026-11-20T01:02:05.000Z sh-4.2$ exit\n";
        check(&format!("exports/0a1b2c3d-0000/{ID}/000000"), plain.as_bytes(), "exported", &["sudo id", "exit"]);
        let payload = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/ssm/sessions", "logStream": ID,
            "subscriptionFilters": ["x"], "logEvents": [{"id": "1", "timestamp": 1_795_136_523_000_i64, "message": entry(ID, "sudo id")}]});
        let read = check("firehose/2026/11/20/x", payload.to_string().as_bytes(), "subscription", &["sudo id"]);
        assert_eq!(read.logs[0].commands[0].doubt.as_deref(), Some(MAY_BE_SHOWN), "it may begin in the middle");
        assert_eq!(read.logs[0].owner_account_id.as_deref(), Some("111122223333"));
    }

    #[test]
    fn what_is_no_log_of_a_session_is_left_to_others() {
        let record =
            json!({"eventVersion": "1.11", "eventSource": "ssm.amazonaws.com", "sessionId": ID, "sessionData": [], "runAsUser": "x"});
        for (key, body) in [
            ("trail.json", json!({"Records": [record]}).to_string()),
            ("trail.json", json!({"Records": [], "sessionId": ID, "sessionData": []}).to_string()),
            ("lines.json", record.to_string()),
            ("notes", "sh-4.2$ sudo id\n".to_owned()),
            ("x/aws-logs-write-test", "Permission Check Successful".to_owned()),
            ("x/000000", format!("2026-11-20T01:02:03.000Z {record}\n")),
            (
                "x/y",
                json!({"messageType": "DATA_MESSAGE", "logGroup": "trail", "logStream": "111122223333_CloudTrail", "logEvents": [{"id": "1", "timestamp": 1, "message": record.to_string()}]})
                    .to_string(),
            ),
        ] {
            assert!(get(key, body.as_bytes()).is_none(), "{key} {body}");
        }
    }

    #[test]
    fn what_cannot_be_believed_is_refused_with_its_reason() {
        let reasons = |read: &LogRead| read.rejects.iter().map(|reject| reject.reason).collect::<Vec<_>>();
        for (key, body, reason) in [
            (format!("p/{ID}.log"), &b"\x7fELF\0\0\0\0garbage"[..], "not_session_log"),
            ("p/sato\u{1b}[31m-0a1b2c3d4e5f67890.log".to_owned(), b"sh-4.2$ id\n", "session_id"),
            ("p/install.log".to_owned(), b"all went well\n", "session_id"),
        ] {
            let read = get(&key, body).expect("refused");
            assert_eq!((reasons(&read), read.object.state, read.logs.len()), (vec![reason], "rejected", 0), "{key}");
        }
        for id in ["../../etc-0a1b2c3d4e5f67890", "sato\u{7}-0a1b2c3d4e5f67890", ""] {
            let read = get("x.json", format!("{}\n{}", entry(ID, "ls"), entry(id, "sudo id")).as_bytes()).expect("read in part");
            assert_eq!((reasons(&read), read.logs.len(), read.logs[0].commands.len()), (vec!["session_id"], 1, 1), "{id:?}");
        }
        let other = format!("2026-11-20T01:02:03.000Z {}\n", entry("tanaka-0a1b2c3d4e5f67890", "sudo id"));
        assert_eq!(reasons(&get(&format!("e/t/{ID}/000000"), other.as_bytes()).expect("refused")), ["session_id"]);
        let long = [b"sh-4.2$ id\r\n".to_vec(), vec![b'x'; LINE_BYTES_MAX + 1], b"\r\nsh-4.2$ sudo id\r\nsh-4.2$ ".to_vec()].concat();
        let read = get(&format!("p/{ID}.log"), &long).expect("read");
        assert_eq!(reasons(&read), ["line_too_long"]);
        assert_eq!(read.rejects[0].bytes, 12..12 + LINE_BYTES_MAX as u64 + 2);
        assert_eq!(read.logs[0].commands.len(), 2);
    }

    #[test]
    fn secrets_are_hidden_in_every_column() {
        let text = "sh-4.2$ echo 'S3cr3tPassw0rd' | sudo -S id\r\nuid=0\r\nsh-4.2$ curl -H 'X: S3cr3tPassw0rd' x\r\nsh-4.2$ ";
        let read = get(&format!("{ID}.log"), text.as_bytes()).expect("read");
        assert_eq!(read.logs[0].commands.len(), 2);
        assert!(!format!("{read:?}").contains("S3cr3t"), "{read:?}");
        assert_eq!(read.logs[0].commands[0].rules, ["sudo"]);
        assert!(read.logs[0].commands[0].elevates);
    }

    #[test]
    fn lines_are_those_of_the_session_asked_for() {
        let mut found = transcript::Collected::default();
        let body = format!("{}\n{}\n", entry(ID, "sudo id"), entry("tanaka-0a1b2c3d4e5f67890", "reboot"));
        assert!(lines("x.json", body.as_bytes(), ID, &mut found));
        assert_eq!(found.lines, ["sh-4.2$ sudo id", "ok", "sh-4.2$"]);
        assert!(!lines("x.json", body.as_bytes(), "other-0a1b2c3d4e5f67890", &mut found));
    }
}
