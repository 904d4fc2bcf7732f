//! Entries of CloudWatch Logs in, what they say of a session out.

use serde::Deserialize;

use crate::Error;

/// What the agent sends while a session runs (amazon-ssm-agent, cloudwatchlogspublisher; `eventTime` is when it was sent).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Streamed {
    #[serde(default)]
    pub event_time: String,
    #[serde(default)]
    pub aws_region: String,
    #[serde(default)]
    pub target: Target,
    #[serde(default)]
    pub user_identity: UserIdentity,
    #[serde(default)]
    pub run_as_user: String,
    pub session_id: String,
    #[serde(default)]
    pub session_data: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// The instance, or what else was connected to.
    #[serde(default)]
    pub id: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct UserIdentity {
    /// Who the service says opened the session: the node passes it on, so it is a claim.
    #[serde(default)]
    pub arn: String,
}

/// The agent sends at most so many raw bytes an entry; one near it was cut in the middle of a line.
const FULL_BYTES: usize = 32_900;

impl Streamed {
    /// Reads an entry; an error where it is no such document.
    pub fn read(message: &str) -> Result<Self, Error> {
        serde_json::from_str(message).map_err(Error::Message)
    }

    /// When it was sent, microseconds since 1970 UTC.
    pub fn time(&self) -> Option<i64> {
        micros(&self.event_time)
    }

    /// Its last line goes on in the next entry.
    pub fn is_cut(&self) -> bool {
        self.session_data.iter().map(|line| line.len() + 1).sum::<usize>() >= FULL_BYTES
    }

    /// The lines as text, the newline that parted them put back.
    pub fn text(&self) -> String {
        let mut text = self.session_data.join("\n");
        if !self.is_cut() && !self.session_data.is_empty() {
            text.push('\n');
        }
        text
    }
}

/// A subscription's payload, unpacked (CloudWatch Logs User Guide, subscription filters).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub message_type: String,
    #[serde(default)]
    pub owner: String,
    #[serde(default)]
    pub log_group: String,
    #[serde(default)]
    pub log_stream: String,
    #[serde(default)]
    pub log_events: Vec<LogEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LogEvent {
    #[serde(default)]
    pub id: String,
    /// Milliseconds since 1970 UTC.
    pub timestamp: i64,
    pub message: String,
}

impl Subscription {
    pub fn read(payload: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(payload).map_err(Error::Message)
    }

    /// A test of the connection, without entries.
    pub fn is_control(&self) -> bool {
        self.message_type == "CONTROL_MESSAGE"
    }
}

/// A line that CloudWatch Logs exported to S3: its time (microseconds since 1970 UTC) and the entry. None: it belongs to the entry before.
pub fn exported(line: &str) -> Option<(i64, &str)> {
    let (time, rest) = line.split_once(' ')?;
    (time.ends_with('Z') && time.len() >= 20).then_some(())?;
    Some((micros(time)?, rest))
}

fn micros(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streamed_entries_are_read() {
        let read = Streamed::read(
            r#"{"eventVersion":"1.0","eventTime":"2026-11-20T01:02:03Z","awsRegion":"ap-northeast-1","target":{"id":"i-0"},
                "userIdentity":{"arn":"arn:aws:sts::111122223333:assumed-role/R/taro"},"runAsUser":"ssm-user","sessionId":"taro-abc","sessionData":["a","b"]}"#,
        )
        .unwrap();
        assert_eq!((read.text().as_str(), read.time(), read.run_as_user.as_str()), ("a\nb\n", Some(1_795_136_523_000_000), "ssm-user"));
        assert!(Streamed::read("sh-5.2$ ls").is_err());
        assert!(Streamed::read("{}").is_err());
    }

    #[test]
    fn subscriptions_and_exports_are_read() {
        let read = Subscription::read(br#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"taro-1","logEvents":[{"id":"1","timestamp":5,"message":"m"}]}"#).unwrap();
        assert_eq!((read.log_stream.as_str(), read.log_events.len(), read.is_control()), ("taro-1", 1, false));
        assert_eq!(exported("2026-11-20T01:02:03.000Z sh-5.2$ ls"), Some((1_795_136_523_000_000, "sh-5.2$ ls")));
        assert_eq!(exported("continued line"), None);
    }
}
