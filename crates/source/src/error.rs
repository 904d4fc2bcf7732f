//! What can go wrong with a source, and what the user should do about it.
//!
//! A variant for each thing a caller does differently. The text names the thing; why is in the `source`, written out in
//! full. Neither holds a secret: an AWS error is copied as its code, message and request id, never as the response.

use crate::queue::is_queue;

/// Any cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the calls of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a source, or an object of it, could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such folder, file or bucket; or the object went away after it was listed.
    #[error("cannot find {what}")]
    NotFound { what: String },
    /// It may be there, but we may not read it. What lies there is not covered.
    #[error("access to {what} is denied")]
    Denied { what: String, source: BoxError },
    /// AWS refuses a call: the caller lacks a permission.
    #[error("access to {what} is denied: the permission {permission} is missing")]
    Permission { what: String, permission: &'static str, source: BoxError },
    /// A call of an AWS API failed, after all attempts.
    #[error("cannot ask AWS for {what}")]
    Call { what: String, source: BoxError },
    /// AWS credentials are missing, expired or not accepted: nothing of this source can be read.
    #[error("AWS credentials are missing, expired or not accepted")]
    Credentials { profile: Option<String>, source: BoxError },
    /// The object is over the caller's limit.
    #[error("{uri} is larger than {bytes_max} bytes")]
    TooLarge { uri: String, bytes_max: u64 },
    /// The object was overwritten after it was listed: CloudTrail never does that.
    #[error("{uri} was overwritten after it was listed")]
    Changed { uri: String },
    /// The object lies in an archive (Glacier) and must be restored before it can be read.
    #[error("{uri} is archived")]
    Archived { uri: String },
    /// A file that is left out on purpose: a link that leads elsewhere, a name that is not UTF-8, a pipe.
    #[error("skipped {uri}: {why}")]
    Skipped { uri: String, why: &'static str },
    /// What the user wrote names no source.
    #[error("{spec:?} is not a source: {why}")]
    BadSpec { spec: String, why: &'static str },
    /// What the user wrote is no address of a webhook; the address itself is a secret.
    #[error("that is no address of a webhook: {why}")]
    BadWebhook { why: &'static str },
    /// What the user wrote is no topic or event bus.
    #[error("that is no {what}: {why}")]
    BadTarget { what: &'static str, why: &'static str },
    /// A message was not taken, after all attempts.
    #[error("the webhook at {host} did not take a message")]
    Webhook { host: String, source: BoxError },
    /// A topic or an event bus did not take a message, after all attempts.
    #[error("{what} did not take a message")]
    Sink { what: String, source: BoxError },
    /// The object could not be read, after all attempts.
    #[error("cannot read {uri}")]
    Fetch { uri: String, source: BoxError },
    /// A queue could not be read, after all attempts.
    #[error("cannot read the queue {queue}")]
    Queue { queue: String, source: BoxError },
    /// The source, or a part of it, could not be listed, after all attempts.
    #[error("cannot list {what}")]
    List { what: String, source: BoxError },
}

impl Error {
    /// What the user should do.
    pub fn hint(&self) -> Option<String> {
        if let Some(hint) = crate::service::hint(self) {
            return Some(hint);
        }
        let hint = match self {
            Error::NotFound { what } if in_bucket(what) => format!("check the bucket's name, the account and the region: aws s3 ls {what}"),
            Error::NotFound { what } if is_queue(what) => {
                "check the queue's name, the account and the region: aws sqs get-queue-url --queue-name NAME".to_owned()
            }
            Error::NotFound { what } => format!("check the path: ls -l {what}; a bucket is written s3://bucket/prefix"),
            Error::Denied { what, .. } if in_bucket(what) => {
                "the caller needs s3:ListBucket on the bucket and s3:GetObject on its objects, and kms:Decrypt if they are encrypted with a key"
                    .to_owned()
            }
            Error::Denied { what, .. } if is_queue(what) => {
                "the caller needs sqs:GetQueueUrl, sqs:ReceiveMessage, sqs:ChangeMessageVisibility and sqs:DeleteMessage on the queue".to_owned()
            }
            Error::Denied { what, .. } => format!("check who may read it: ls -ld {what}"),
            Error::Permission { permission, .. } => format!("the caller's policy, and whatever limits it, must allow {permission}"),
            Error::Call { .. } => "check the network, the region and the endpoint, then ask again".to_owned(),
            Error::Credentials { profile: Some(profile), .. } => {
                format!("run `aws sso login --profile {profile}`, then `aws sts get-caller-identity --profile {profile}` to see who you are")
            }
            Error::Credentials { profile: None, .. } => {
                "name a profile (--profile or AWS_PROFILE) and run `aws sso login` for it, then `aws sts get-caller-identity` to see who you are"
                    .to_owned()
            }
            Error::Archived { uri } => format!("restore it first (aws s3api restore-object), then run again to read {uri}"),
            Error::Changed { .. } => "list the source again; find out who may write to the bucket".to_owned(),
            Error::BadSpec { .. } => "write s3://bucket/prefix, logs://LOG-GROUP, a folder or a file, or a queue as sqs://NAME, its ARN or its URL".to_owned(),
            Error::Fetch { uri, .. } | Error::List { what: uri, .. } if in_bucket(uri) => {
                "check the network, the region and the endpoint, then run again: what is already read is kept".to_owned()
            }
            Error::Fetch { uri, .. } | Error::List { what: uri, .. } => format!("check the disk and the path: ls -l {uri}"),
            Error::BadTarget { what, .. } => format!("copy the ARN of the {what} from the console"),
            Error::Queue { .. } => "check the network, the region and the endpoint, then run again: no message was deleted unread".to_owned(),
            Error::BadWebhook { .. } => "write https://HOST/PATH as the chat service gave it".to_owned(),
            Error::Webhook { .. } | Error::Sink { .. } => "what was not delivered is told again by the next run; see whether the address still holds".to_owned(),
            Error::TooLarge { .. } | Error::Skipped { .. } => return None,
        };
        Some(hint)
    }
}

fn in_bucket(what: &str) -> bool {
    what.starts_with("s3://")
}
