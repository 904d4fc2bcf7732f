//! What a log's bytes are: the start of an object in, its kind out.
//!
//! Sources: the agent's own code (amazon-ssm-agent: session logger, CloudWatch publisher), script(1), Start-Transcript (PowerShell).

/// How many bytes of the start tell the kind.
pub const HEAD_BYTES: usize = 4096;
/// Names of sessions that the agent of ECS Exec opens.
const ECS_PREFIX: &str = "ecs-execute-command-";
/// Longest session id believed, in characters.
const SESSION_ID_MAX: usize = 128;

/// What lies in a log of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text as a terminal got it: Session Manager in S3 and CloudWatch, ECS Exec, `script` with its header.
    Terminal,
    /// One JSON document an entry (or a line), as CloudWatch gets it while a session runs.
    Streamed,
    /// Entries that CloudWatch Logs exported to S3: a time, a blank, the entry.
    Exported,
    /// The payload of a CloudWatch Logs subscription, unpacked.
    Subscription,
    /// A PowerShell transcript.
    PowerShell,
    /// No log of a session.
    Other,
}

/// The kind of an object that begins with `head` (its first [`HEAD_BYTES`], uncompressed).
pub fn of(head: &[u8]) -> Kind {
    let text = text_of(head);
    let start = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    if start.starts_with('{') {
        let has = |key: &str| start.contains(key);
        return if has("\"messageType\"") && has("\"logGroup\"") {
            Kind::Subscription
        } else if has("\"sessionData\"") && has("\"sessionId\"") || has("\"eventVersion\"") && has("\"runAsUser\"") {
            Kind::Streamed
        } else if has("\"Records\"") || has("\"eventVersion\"") || has("\"digestS3Object\"") || has("\"digestStartTime\"") {
            Kind::Other
        } else {
            Kind::Terminal
        };
    }
    if is_stars(start.lines().next().unwrap_or_default()) {
        return Kind::PowerShell;
    }
    if let Some((time, rest)) = start.split_once(' ')
        && time.len() >= 20
        && time.len() <= 30
        && time.contains('T')
        && time.ends_with('Z')
        && time.parse::<jiff::Timestamp>().is_ok()
        && !rest.is_empty()
    {
        return Kind::Exported;
    }
    if is_binary(head) { Kind::Other } else { Kind::Terminal }
}

fn text_of(head: &[u8]) -> String {
    match head {
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        _ => String::from_utf8_lossy(head).into_owned(),
    }
}

/// Most newlines come without a return, as where a log's `\r\n` were made `\n` (CloudWatch). A header of `script` is no measure.
pub(crate) fn has_bare_newlines(head: &[u8]) -> bool {
    let (mut bare, mut whole) = (0_usize, 0_usize);
    for at in memchr::memchr_iter(b'\n', head) {
        let returned = at > 0 && head.get(at - 1) == Some(&b'\r');
        if returned { whole += 1 } else { bare += 1 }
    }
    bare -= usize::from(bare > 0 && head.starts_with(b"Script started on "));
    bare > whole
}

/// `**********************`
pub(crate) fn is_stars(line: &str) -> bool {
    let line = line.trim_end();
    line.len() >= 10 && line.bytes().all(|byte| byte == b'*')
}

/// Compressed or compiled: NULs, or a format's first bytes. What a terminal shows by mistake (`cat` of a program) comes after a prompt.
fn is_binary(head: &[u8]) -> bool {
    let magic: [&[u8]; 7] = [b"\x1f\x8b", b"PK\x03\x04", b"\x7fELF", b"PAR1", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"];
    if magic.iter().any(|magic| head.starts_with(magic)) {
        return true;
    }
    let start = head.get(..64).unwrap_or(head);
    !matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) && start.iter().filter(|byte| **byte == 0).count() > start.len() / 8
}

/// The session id in an object's key or a log stream's name: `<prefix>/<session id>.log`. None where it cannot be one.
pub fn session_id(name: &str) -> Option<&str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let id = last.strip_suffix(".gz").unwrap_or(last);
    let id = id.strip_suffix(".log").unwrap_or(id);
    let (owner, suffix) = id.rsplit_once('-')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+' | '=' | ',');
    let fits = !owner.is_empty() && id.chars().count() <= SESSION_ID_MAX && id.chars().all(plain);
    let suffixed = suffix.len() >= 10 && suffix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (fits && suffixed).then_some(id)
}

/// ECS Exec: the session's name holds no user.
pub fn is_ecs(session_id: &str) -> bool {
    session_id.starts_with(ECS_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        for (head, kind) in [
            (&b"sh-5.2$ ls\r\n"[..], Kind::Terminal),
            (b"Script started on 2026-11-20 01:02:03+00:00\nsh-5.2$ ", Kind::Terminal),
            (b"\x1b[?2004hsh-5.2$ ", Kind::Terminal),
            (b"", Kind::Terminal),
            (br#"{"eventVersion":"1.0","eventTime":"2026-11-20T01:02:03Z","sessionId":"a-1","sessionData":["x"]}"#, Kind::Streamed),
            (br#"{"Records":[{"eventVersion":"1.11"}]}"#, Kind::Other),
            (br#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[]}"#, Kind::Subscription),
            (b"2026-11-20T01:02:03.000Z sh-5.2$ ls", Kind::Exported),
            (b"**********************\r\nWindows PowerShell transcript start\r\n", Kind::PowerShell),
            (b"\x1f\x8b\x08", Kind::Other),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", Kind::Other),
        ] {
            assert_eq!(of(head), kind, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn session_ids_come_from_names() {
        assert_eq!(
            session_id("p/q/sato@example.co.jp-0a1b2c3d4e5f67890a1b2c3d4e.log"),
            Some("sato@example.co.jp-0a1b2c3d4e5f67890a1b2c3d4e")
        );
        assert_eq!(session_id("ecs-execute-command-0a1b2c3d4e5f6789a"), Some("ecs-execute-command-0a1b2c3d4e5f6789a"));
        for name in [
            "x.log",
            "a b-0a1b2c3d4e5f67890.log",
            "a\u{1b}-0a1b2c3d4e5f67890",
            "-0a1b2c3d4e5f67890",
            "AWSLogs/1/CloudTrail/x_us-east-1.json.gz",
        ] {
            assert_eq!(session_id(name), None, "{name:?}");
        }
        assert!(is_ecs("ecs-execute-command-0a1b2c3d4e5f6789a"));
    }
}
