//! Lists and fetches the objects that logs lie in, and sends messages ([`Webhook`], [`Topic`], [`EventBus`]).
//!
//! In comes what the user called a source: `s3://bucket/prefix`, a log group ([`LogGroup`]), a folder, or a file. Out come its objects, each first
//! as [`Listed`], in the byte order of the keys, then as bytes.
//!
//! Never decides what the bytes mean: nothing is inflated, parsed, or left out for its name. Never writes, to a bucket
//! or to a folder. Never reads the environment by itself; the AWS SDK does, as every AWS tool.

mod aws_time;
mod bucket;
mod caller;
mod connect;
mod directory;
mod error;
mod event_bus;
mod fault;
mod folder;
mod log_address;
mod log_events;
mod log_group;
mod lookup;
mod memory;
mod notice;
mod place;
mod public_keys;
mod queue;
mod service;
mod session_directory;
mod spill;
mod topic;
mod trails;
mod tree;
mod webhook;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use bucket::{BODY_ATTEMPTS_MAX, BODY_BYTES_PER_SECOND_MIN, Bucket};
pub use caller::Caller;
pub use connect::{
    ATTEMPTS_MAX, CONNECT_TIMEOUT, CREDENTIALS_TIMEOUT, METADATA_TIMEOUT, OPERATION_ATTEMPT_TIMEOUT, OPERATION_TIMEOUT, READ_TIMEOUT,
};
pub use directory::{DirectoryPart, list_directory};
pub use error::{BoxError, Error, Result};
pub use event_bus::{EVENT_DETAIL_TYPE, EVENT_SOURCE, EventBus};
pub use folder::Folder;
pub use log_address::is_log_group;
pub use log_events::REQUEST_PAUSE;
pub use log_group::{DEEP_EVERY_MICROS, HELD_BYTES_MAX, LogGroup, News, OVERLAP_DEEP_MICROS, OVERLAP_MICROS, QUIET_MICROS, Reading, Shape};
pub use lookup::{
    Attribute, Clock, EventHistory, HISTORY_DAYS, HistoryEvent, LOOKUP_ATTEMPTS_MAX, LOOKUP_BACKOFF, LOOKUP_BACKOFF_MAX,
    LOOKUP_PAGE_EVENTS, LOOKUP_VALUE_LETTERS_MAX, LOOKUPS_PER_SECOND_MAX, Looked, Lookup,
};
pub use memory::Memory;
pub use notice::WRAPPINGS_MAX;
pub use place::is_s3;
pub use public_keys::{KEY_PAGES_MAX, ListedKey, list_public_keys, list_public_keys_by};
pub use queue::{Delivery, KEEP_EVERY, Message, Queue, VISIBILITY, is_queue};
pub use session_directory::{DescribedSession, SessionDirectory};
pub use topic::{Notice, SUBJECT_LETTERS_MAX, Topic};
pub use trails::{Account, LAYOUT_ACCOUNTS_MAX, LAYOUT_PAGES_MAX, Layout, Posture, Recorded, SessionPreferences, Trail, TrailStatus};
pub use tree::{Level, Range};
pub use webhook::{WEBHOOK_ATTEMPTS_MAX, WEBHOOK_TIMEOUT, Webhook};

/// One object of a source, before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// `s3://bucket/key`, or the absolute path of a file.
    pub uri: String,
    /// What follows the source's root, `/`-separated, to tell by its name what it is; for S3 the whole key.
    pub key: String,
    /// As listed. What [`Source::fetch`] returns is what counts: a file may have grown since.
    pub size: u64,
    /// S3's, without its quotes; `None` for a file.
    pub etag: Option<String>,
    /// Unix microseconds.
    pub modified: Option<i64>,
}

/// How AWS is reached. Each `None` is what the AWS SDK finds in the environment and in `~/.aws`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// As the AWS CLI means it: a profile named here wins over credentials in the environment.
    pub profile: Option<String>,
    /// Where to ask first; a bucket that lies in another region is found there.
    pub region: Option<String>,
    /// Another S3 than AWS's; its buckets are then part of the path, not of the host name.
    pub endpoint_url: Option<String>,
    /// ARN of a role to assume with the credentials found, for what lies in another account.
    pub role: Option<String>,
    /// What the role's trust policy asks for as `sts:ExternalId`.
    pub external_id: Option<String>,
}

/// An object, and what its store says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// As stored.
    pub bytes: Bytes,
    /// User metadata: S3's `x-amz-meta-*` by what follows that; of a file what lies in its [`SIDECAR`].
    pub metadata: BTreeMap<String, String>,
}

/// What the name of a file's sidecar ends in. It holds what `aws s3api head-object` said of the object that the file is a copy of: copies
/// made by `aws s3 cp` and `sync` have no metadata.
pub const SIDECAR: &str = ".metadata.json";

/// Where objects come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// What the user called it.
    fn name(&self) -> &str;

    /// Every object below the source, in the byte order of its key.
    ///
    /// A part that cannot be listed (an unreadable subfolder) comes as an error among the objects, and the rest goes on;
    /// after a page of a bucket that cannot be listed, nothing follows. Either way the listing had a hole.
    async fn list(&self) -> Result<BoxStream<'_, Result<Listed>>>;

    /// What every URI of the source begins with, ending in `/`, where a listing without errors names all objects below that; `None` for
    /// a single file or a part of a folder.
    fn prefix(&self) -> Option<String>;

    /// The source as a bucket, which can be listed in parts; `None` for what is always listed whole.
    fn as_bucket(&self) -> Option<&Bucket> {
        None
    }

    /// The bytes of an object; more than `bytes_max` is [`Error::TooLarge`], and never held in memory.
    async fn fetch(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes>;

    /// How many small objects are better fetched by one [`Source::fetch_each`]: one where each waits for a network.
    fn together(&self) -> usize {
        1
    }

    /// The bytes of several objects, in order, each as [`Source::fetch`] has them.
    async fn fetch_each(&self, listed: &[&Listed], bytes_max: u64) -> Vec<Result<Bytes>> {
        let mut fetched = Vec::with_capacity(listed.len());
        for listed in listed {
            fetched.push(self.fetch(listed, bytes_max).await);
        }
        fetched
    }

    /// As [`Source::fetch`], with the object's metadata.
    async fn fetch_object(&self, listed: &Listed, bytes_max: u64) -> Result<Object>;
}

/// Opens a folder, a file or a bucket, and makes sure at once that it is there and can be listed. A log group is opened by
/// [`LogGroup::open`], which wants to know how to read it.
pub async fn open(spec: &str, options: &Options) -> Result<Box<dyn Source>> {
    if is_s3(spec) { Ok(Box::new(Bucket::open(spec, options).await?)) } else { Ok(Box::new(Folder::open(spec).await?)) }
}
