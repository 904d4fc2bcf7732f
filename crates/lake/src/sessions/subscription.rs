//! Log streams of CloudWatch Logs: payloads of a subscription, or a stream read whole, in; the logs of sessions in them out.

use super::LogReject;
use super::SessionLog;
use super::read::{Claims, Entries, Part, Parts, SESSIONS_MAX, Text, entry_of, is_id, note};
use serde_json::Deserializer;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use transcript::message::{LogEvent, Subscription};

/// The session in a log stream's name: its id, or for ECS Exec what follows the stream's prefix.
pub(super) fn stream_id(stream: &str) -> Option<&str> {
    let ecs = stream.rfind("ecs-execute-command-").and_then(|at| stream.get(at..));
    ecs.filter(|id| is_id(id)).or_else(|| Some(stream).filter(|stream| is_id(stream)))
}

/// Whether a log stream is the log of a session, by its name and its first entry.
pub fn holds_session(stream: &str, entry: &str) -> bool {
    stream_id(stream).is_some() || entry_of(entry).is_some()
}

/// The logs in an object; none where nothing in it is one. `address`: the object's.
pub(super) fn parts<'p>(plain: &'p [u8], address: &str) -> Option<Parts<'p>> {
    let mut found = Found::default();
    let (mut others, mut tests) = (0, 0);
    let mut payloads = Deserializer::from_slice(plain).into_iter::<Subscription>();
    let mut start = 0;
    while let Some(read) = payloads.next() {
        let bytes = start as u64..payloads.byte_offset() as u64;
        start = payloads.byte_offset();
        match read {
            Ok(payload) if payload.is_control() => tests += 1,
            Ok(payload) if is_session(&payload) => found.add(payload, bytes),
            Ok(_) => others += 1,
            Err(error) => {
                note(&mut found.rejects, "not_json", format!("a payload cannot be read: {error}"), bytes.start..plain.len() as u64);
                break;
            }
        }
    }
    if found.logs.is_empty() && (others > 0 || tests == 0) && !found.any {
        return None;
    }
    if others > 0 {
        let detail = format!("{others} payloads beside them are of log streams that hold no session");
        note(&mut found.rejects, "not_session_log", detail, 0..plain.len() as u64);
    }
    Some(found.parts(address))
}

fn is_session(payload: &Subscription) -> bool {
    payload.log_events.first().is_some_and(|event| holds_session(&payload.log_stream, &event.message))
}

/// Logs by account, log group and session.
#[derive(Default)]
struct Found {
    logs: BTreeMap<(String, String, String), (Claims, Entries<'static>)>,
    rejects: Vec<LogReject>,
    /// A payload was a session's, whatever became of it.
    any: bool,
}

impl Found {
    fn add(&mut self, payload: Subscription, bytes: Range<u64>) {
        self.any = true;
        let by_entry = || payload.log_events.first().and_then(|event| entry_of(&event.message)).map(|entry| entry.session_id);
        let session_id = stream_id(&payload.log_stream).map(str::to_owned).or_else(|| by_entry().filter(|id| is_id(id)));
        let Some(session_id) = session_id else {
            return note(&mut self.rejects, "session_id", "its entries name no session that could be".to_owned(), bytes);
        };
        let key = (payload.owner, payload.log_group, session_id);
        if self.logs.len() >= SESSIONS_MAX && !self.logs.contains_key(&key) {
            return note(&mut self.rejects, "session_id", format!("more than {SESSIONS_MAX} sessions in one object"), bytes);
        }
        let session_id = key.2.clone();
        let (claims, entries) = self.logs.entry(key).or_default();
        for LogEvent { timestamp, message, .. } in payload.log_events {
            let entry = entry_of(&message);
            if entry.as_ref().is_some_and(|entry| entry.session_id != session_id) {
                let detail = "an entry is of another session than its log stream".to_owned();
                note(&mut self.rejects, "session_id", detail, bytes.clone());
                continue;
            }
            entry.iter().for_each(|entry| claims.add(entry));
            entries.push((timestamp, Cow::Owned(message)));
        }
    }

    fn parts<'p>(self, address: &str) -> Parts<'p> {
        // A stream that was read from CloudWatch Logs itself is whole, and lies in the region of its address.
        let stream_region = address.starts_with("arn:").then(|| address.split(':').nth(3)).flatten();
        let form = if stream_region.is_some() { "log_stream" } else { "subscription" };
        let mut parts = Vec::new();
        for ((owner, group, session_id), (claims, entries)) in self.logs {
            let log = claims.log(&session_id, form);
            let log = SessionLog {
                log_group: Some(group).filter(|group| !group.is_empty()),
                owner_account_id: Some(owner).filter(|owner| !owner.is_empty()),
                aws_region: log.aws_region.clone().or_else(|| stream_region.map(str::to_owned)),
                ..log
            };
            parts.push(Part { log, begins: stream_region.is_some(), text: Text::Entries(entries) });
        }
        Parts { parts, rejects: self.rejects }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::{ID, entry, get_at};
    use serde_json::json;

    fn payload(stream: &str, messages: &[String]) -> String {
        let events: Vec<_> =
            messages.iter().enumerate().map(|(at, text)| json!({"id": at.to_string(), "timestamp": at, "message": text})).collect();
        json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/ssm", "logStream": stream, "logEvents": events})
            .to_string()
    }

    const OTHER: &str = "tanaka-0a1b2c3d4e5f67890";

    #[test]
    fn payloads_of_one_object_are_put_together_by_session() {
        let control = json!({"messageType": "CONTROL_MESSAGE", "logGroup": "", "logStream": "", "logEvents": [{"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE"}]});
        let body = [
            control.to_string(),
            payload(ID, &[entry(ID, "sudo id")]),
            payload(OTHER, &[entry(OTHER, "ls")]),
            payload(ID, &[entry(ID, "sudo reboot")]),
        ]
        .concat();
        let read = get_at("s3://b/firehose/x", "firehose/x", body.as_bytes()).expect("logs");
        let shown: Vec<_> = read
            .logs
            .iter()
            .map(|log| (log.session_id.as_str(), log.form, log.commands.iter().map(|command| command.line.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(shown, [(ID, "subscription", vec!["sudo id", "sudo reboot"]), (OTHER, "subscription", vec!["ls"])]);
        assert!(read.rejects.is_empty(), "{:?}", read.rejects);
        let read = get_at("s3://b/x", "x", control.to_string().as_bytes()).expect("a test of the connection");
        assert_eq!((read.logs.len(), read.rejects.len(), read.object.state), (0, 0, "read"));
    }

    #[test]
    fn a_stream_of_the_group_itself_is_whole_and_lies_in_its_region() {
        let arn = format!("arn:aws:logs:eu-west-1:111122223333:log-group:/ssm:log-stream:{ID}");
        let read = get_at(&arn, ID, payload(ID, &["sh-4.2$ sudo id\nuid=0(root)\nsh-4.2$ ".to_owned()]).as_bytes()).expect("a log");
        let log = &read.logs[0];
        assert_eq!(
            (log.form, log.aws_region.as_deref(), log.owner_account_id.as_deref()),
            ("log_stream", Some("eu-west-1"), Some("111122223333"))
        );
        assert_eq!((log.commands[0].line.as_str(), log.commands[0].doubt.as_deref()), ("sudo id", None));
    }

    #[test]
    fn what_stands_beside_sessions_is_refused_and_said() {
        let record = json!({"eventVersion": "1.11", "eventSource": "ssm.amazonaws.com", "eventID": "e"}).to_string();
        let body = [payload(ID, &[entry(ID, "ls")]), payload("111122223333_CloudTrail_us-east-1", std::slice::from_ref(&record))].concat();
        let read = get_at("s3://b/x", "x", body.as_bytes()).expect("a log");
        assert_eq!((read.logs.len(), read.rejects[0].reason), (1, "not_session_log"));
        assert!(get_at("s3://b/x", "x", payload("111122223333_CloudTrail_us-east-1", &[record]).as_bytes()).is_none(), "left to others");
        let cut = payload(ID, &[entry(ID, "ls")]) + "{\"messageType\":";
        let read = get_at("s3://b/x", "x", cut.as_bytes()).expect("a log");
        assert_eq!((read.logs.len(), read.rejects[0].reason), (1, "not_json"));
    }
}
