//! A recording in, its log out: in each of the forms in which Session Manager and ECS Exec keep it.
//!
//! Source: amazon-ssm-agent (session logger, CloudWatch publisher), and the library that it takes control sequences out with.

use serde_json::json;
use transcript::{Collected, Setup, Transcript};

use crate::score::Recording;

/// The agent reads so many bytes of a line at once, and sends so many in an entry.
const ENTRY_BYTES: usize = 33_000;
/// The same for a log that is uploaded when the session ended.
const UPLOAD_BYTES: usize = 200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// What the terminal got: `PREFIX/SESSION_ID.log` of an agent that finds no `script`.
    Plain,
    /// The same, replayed through `script` when the session ended: a header, a footer, returns twice.
    Replayed,
    /// ECS Exec, with the header of an older `script`.
    Ecs,
    /// CloudWatch Logs, uploaded when the session ended.
    Text,
    /// CloudWatch Logs, exported to S3.
    Exported,
    /// CloudWatch Logs, entry by entry while the session runs, as the agent's library strips it: a line that holds something unknown to it
    /// stays as it was, but for its returns.
    Streamed,
    /// The same, with every control sequence taken out.
    Stripped,
}

impl Form {
    pub(crate) const ALL: [Self; 7] = [Self::Plain, Self::Replayed, Self::Ecs, Self::Text, Self::Exported, Self::Streamed, Self::Stripped];

    /// Nothing that the terminal got was left out.
    pub(crate) fn is_whole(self) -> bool {
        !matches!(self, Self::Streamed | Self::Stripped)
    }

    pub(crate) fn read(self, recording: &Recording) -> Collected {
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        match self {
            Self::Plain => transcript.push(&recording.bytes, None, &mut found),
            Self::Replayed => transcript.push(&replayed(&recording.bytes), None, &mut found),
            Self::Ecs => {
                let header = b"Script started on Fri Nov 20 01:02:03 2026\n".to_vec();
                let footer = b"\nScript done on Fri Nov 20 01:09:03 2026\n";
                transcript.push(&[&header[..], &recording.bytes, &footer[..]].concat(), None, &mut found);
            }
            Self::Text => {
                for (number, piece) in pieces(&recording.bytes).iter().enumerate() {
                    transcript.message(1_795_136_523_000 + number as i64, piece, &mut found);
                }
            }
            Self::Exported => {
                let mut object = String::new();
                for piece in pieces(&recording.bytes) {
                    object.push_str(&format!("2026-11-20T01:02:03.000Z {piece}\n"));
                }
                transcript.push(object.as_bytes(), None, &mut found);
            }
            Self::Streamed | Self::Stripped => {
                for (number, entry) in streamed(recording, self == Self::Streamed).iter().enumerate() {
                    transcript.message(1_795_136_523_000 + number as i64 * 1000, entry, &mut found);
                }
            }
        }
        transcript.finish(&mut found);
        found
    }
}

fn replayed(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"Script started on 2026-11-20 01:02:03+00:00 [COMMAND=\"cat /var/lib/amazon/ssm/i-0a1b2c3d4e5f67890/session/orchestration/s/ipcTempFile.log\" <not executed on terminal>]\n".to_vec();
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out.extend_from_slice(b"\r\n\nScript done on 2026-11-20 01:02:04+00:00 [COMMAND_EXIT_CODE=\"0\"]\n");
    out
}

/// Whole lines, as many as an entry takes; newlines without returns, the last one cut.
fn pieces(bytes: &[u8]) -> Vec<String> {
    let mut out = vec![Vec::new()];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if out.last().is_some_and(|piece: &Vec<u8>| piece.len() + line.len() > UPLOAD_BYTES) {
            out.push(Vec::new());
        }
        out.last_mut().unwrap().extend_from_slice(line);
    }
    out.iter().map(|piece| String::from_utf8_lossy(piece).replace("\r\n", "\n").trim_end_matches('\n').to_owned()).collect()
}

/// An entry for each second in which a line was completed.
pub(crate) fn streamed(recording: &Recording, by_library: bool) -> Vec<String> {
    let mut ends = Vec::new();
    let mut at = 0;
    for (seconds, length) in &recording.chunks {
        at += length;
        ends.push((*seconds as u64, at));
    }
    let mut out = Vec::new();
    let mut message: Vec<u8> = Vec::new();
    let (mut place, mut second) = (0, 0);
    for line in recording.bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(ENTRY_BYTES)) {
        place += line.len();
        let now = ends.iter().find(|(_, end)| *end >= place).map_or(second, |(seconds, _)| *seconds);
        let line = if by_library { by_the_library(line) } else { without_sequences(line) };
        if !message.is_empty() && (now != second || message.len() + line.len() > ENTRY_BYTES) {
            out.push(entry(recording, second, &std::mem::take(&mut message)));
        }
        second = now;
        message.extend_from_slice(&line);
    }
    if !message.is_empty() {
        out.push(entry(recording, second, &message));
    }
    out
}

fn entry(recording: &Recording, second: u64, message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).replace('\t', " ").replace('\r', "");
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    json!({"eventVersion": "1.0", "eventTime": format!("2026-11-20T01:{:02}:{:02}Z", second / 60 % 60, second % 60), "awsRegion": "ap-northeast-1",
        "target": {"id": "i-0a1b2c3d4e5f67890"}, "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/R/sato"}, "runAsUser": "sato",
        "sessionId": format!("{}-0a1b2c3d4e5f67890a1b2c3d4e", recording.name), "sessionData": lines})
    .to_string()
}

/// Bytes 0x80 to 0x9f are taken for controls, also inside a character; a sequence that the library does not know leaves the whole line.
fn by_the_library(line: &[u8]) -> Vec<u8> {
    strip(line, true).unwrap_or_else(|| line.to_vec())
}

fn without_sequences(line: &[u8]) -> Vec<u8> {
    strip(line, false).unwrap_or_default()
}

fn strip(line: &[u8], strict: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = line;
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            0x80..=0x9f if strict => {}
            0x1b => rest = sequence(rest, strict)?,
            _ => out.push(*first),
        }
    }
    Some(out)
}

/// What follows the sequence whose escape stood before `rest`; none where the library gives up.
fn sequence(rest: &[u8], strict: bool) -> Option<&[u8]> {
    match rest {
        [b'[', after @ ..] => {
            let end = after.iter().position(|byte| (0x40..=0x7e).contains(byte));
            end.map(|end| &after[end + 1..]).or(if strict { None } else { Some(&[]) })
        }
        [b']' | b'P' | b'_' | b'^' | b'X', after @ ..] => {
            if let Some(end) = after.windows(2).position(|pair| pair == b"\x1b\\") {
                return Some(&after[end + 2..]);
            }
            // The agent's copy of the library does not end a title at a bell.
            let bell = after.iter().position(|byte| *byte == 7).filter(|_| !strict)?;
            Some(&after[bell + 1..])
        }
        [0x40..=0x7e, after @ ..] => Some(after),
        [b'(' | b')', _, after @ ..] if !strict => Some(after),
        [_, after @ ..] if !strict => Some(after),
        _ => {
            if strict {
                None
            } else {
                Some(&[])
            }
        }
    }
}
