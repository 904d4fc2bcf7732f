//! A queue of Amazon SQS, to which a bucket tells what was put into it.
//!
//! Messages come out, each with the objects that it tells of, or why it cannot be understood; objects are then a [`Source`] as any other. A
//! message that was received is hidden from others until it is deleted, given back, or nobody keeps it hidden any more.
//!
//! Whoever may send to a queue may name any bucket. So an object is only fetched from a bucket that the caller named, or that belongs to the
//! queue's own account, which S3 checks ("Verifying bucket ownership with bucket owner condition", S3 User Guide). Never deletes a message by
//! itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Region;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::bucket::{Bucket, is_folder};
use crate::connect::config;
use crate::fault::{Cause, classify};
use crate::notice::{self, Happened, Told};
use crate::{Error, Listed, Object, Options, Result, Source, place};

/// For how long a message is hidden from others, once it was received; [`Queue::keep`] prolongs it.
pub const VISIBILITY: Duration = Duration::from_secs(300);
/// Between two prolongations: two may fail.
pub const KEEP_EVERY: Duration = Duration::from_secs(90);

/// Entries of one request (SQS API Reference, `DeleteMessageBatch`, `ReceiveMessage`).
const ENTRIES_MAX: usize = 10;

/// What begins the spelling of a queue.
const SCHEME: &str = "sqs://";

/// Whether the user means a queue: `sqs://NAME`, or its ARN or URL, with or without `sqs://` before it.
pub fn is_queue(spec: &str) -> bool {
    let begins = |with: &str| spec.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    begins(SCHEME) || begins("https://") || begins("http://") || (begins("arn:") && spec.split(':').nth(2) == Some("sqs"))
}

/// A message, and what it tells.
#[derive(Debug, Clone)]
pub struct Message {
    /// SQS's own id.
    pub id: String,
    /// Objects that were put into a bucket; none for S3's test of the queue, or where nothing was put.
    pub objects: Vec<Listed>,
    /// Addresses of objects that were removed.
    pub removed: Vec<String>,
    /// Why nothing of it is understood.
    pub refused: Option<String>,
}

/// A queue, and the messages of it that are hidden from others.
pub struct Queue {
    client: Client,
    name: String,
    url: String,
    /// Whose it is.
    account: Option<String>,
    named: BTreeSet<String>,
    options: Options,
    buckets: Mutex<BTreeMap<String, Bucket>>,
    /// Receipt handles, by message id.
    held: Mutex<BTreeMap<String, String>>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Queue {
    /// Opens a queue; `buckets` are believed whoever owns them.
    ///
    /// # Errors
    /// As of every request to AWS.
    pub async fn open(spec: &str, buckets: &[String], options: &Options) -> Result<Self> {
        let named = Named::parse(spec)?;
        let shared = config(&Options { region: named.region.or_else(|| options.region.clone()), ..options.clone() }).await;
        let client = Client::new(&shared);
        let url = match named.url {
            Some(url) => url,
            None => {
                let asked =
                    client.get_queue_url().queue_name(&named.name).set_queue_owner_aws_account_id(named.account.clone()).send().await;
                let found = asked.map_err(|error| failed(&error, spec, options))?;
                found.queue_url.ok_or_else(|| Error::Queue { queue: spec.to_owned(), source: Cause::boxed("SQS tells no URL") })?
            }
        };
        let account = named.account.or_else(|| account_of(&url));
        let region = shared.region().map(Region::to_string);
        Ok(Self {
            client,
            name: spec.to_owned(),
            url,
            account,
            named: buckets.iter().cloned().collect(),
            options: Options { region, ..options.clone() },
            buckets: Mutex::default(),
            held: Mutex::default(),
        })
    }

    /// What the user called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next messages, ten at most, and hides them from others; none if none came for as long as `wait`, which is cut to seconds. From one
    /// second on SQS asks all of its servers ("Amazon SQS short and long polling"), so that none then means none.
    ///
    /// # Errors
    /// As of every request to AWS.
    pub async fn receive(&self, wait: Duration) -> Result<Vec<Message>> {
        let seconds = |duration: Duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(ENTRIES_MAX as i32);
        let request = request.wait_time_seconds(seconds(wait)).visibility_timeout(seconds(VISIBILITY));
        let received = request.send().await.map_err(|error| failed(&error, &self.name, &self.options))?;
        let mut messages = Vec::new();
        for message in received.messages.unwrap_or_default() {
            let (Some(id), Some(receipt)) = (message.message_id, message.receipt_handle) else { continue };
            lock(&self.held).insert(id.clone(), receipt);
            messages.push(self.understood(id, message.body.as_deref().unwrap_or_default()).await);
        }
        Ok(messages)
    }

    async fn understood(&self, id: String, body: &str) -> Message {
        let mut message = Message { id, objects: Vec::new(), removed: Vec::new(), refused: None };
        let told = match notice::read(body) {
            Ok(told) => told,
            Err(why) => {
                message.refused = Some(why.to_owned());
                return message;
            }
        };
        for object in told {
            let uri = format!("s3://{}/{}", object.bucket, object.key);
            match object.happened {
                Happened::Removed => message.removed.push(uri),
                Happened::Other => {}
                Happened::Made { .. } | Happened::Named => match self.listed(&object, uri.clone()).await {
                    Ok(listed) if is_folder(&listed) => {}
                    Ok(listed) => message.objects.push(listed),
                    // One that was named, and is not there any more, is fetched in vain, and noted so.
                    Err(Error::NotFound { .. }) => {
                        message.objects.push(Listed { uri, key: object.key, size: 0, etag: None, modified: None })
                    }
                    Err(error) => message.refused = Some(format!("{uri} cannot be looked at: {}", Cause::chain(&error))),
                },
            }
        }
        message
    }

    /// An object as a listing would have it.
    async fn listed(&self, told: &Told, uri: String) -> Result<Listed> {
        let bucket = self.bucket(&told.bucket, told.aws_region.as_deref()).await?;
        match &told.happened {
            Happened::Made { size, etag, time } => {
                Ok(Listed { uri, key: told.key.clone(), size: *size, etag: Some(etag.clone()), modified: micros(time) })
            }
            _ => bucket.head(&told.key).await,
        }
    }

    /// A bucket that is believed.
    async fn bucket(&self, name: &str, aws_region: Option<&str>) -> Result<Bucket> {
        if let Some(known) = lock(&self.buckets).get(name) {
            return Ok(known.clone());
        }
        let owner = if self.named.contains(name) {
            None
        } else {
            let unknown = || Error::Denied { what: format!("s3://{name}"), source: Cause::boxed("whose queue this is, is not known") };
            Some(self.account.clone().ok_or_else(unknown)?)
        };
        let options = Options { region: aws_region.map(str::to_owned).or_else(|| self.options.region.clone()), ..self.options.clone() };
        let bucket = Bucket::told_of(name, owner, &options).await;
        lock(&self.buckets).insert(name.to_owned(), bucket.clone());
        Ok(bucket)
    }

    /// The objects of some messages as a source.
    pub fn delivery(&self, messages: &[Message]) -> Delivery {
        let mut objects: Vec<Listed> = messages.iter().flat_map(|message| message.objects.iter().cloned()).collect();
        objects.sort_by(|a, b| (&a.key, &a.uri, &a.etag).cmp(&(&b.key, &b.uri, &b.etag)));
        objects.dedup();
        Delivery { name: self.name.clone(), objects, buckets: lock(&self.buckets).clone(), lost: Mutex::default() }
    }

    /// Keeps all that was received hidden from others; never returns by itself.
    pub async fn keep(&self) {
        loop {
            tokio::time::sleep(KEEP_EVERY).await;
            self.hide(VISIBILITY).await;
        }
    }

    /// Deletes messages; those that could not be deleted come again, and are known then.
    pub async fn delete(&self, ids: &[&str]) {
        for ids in ids.chunks(ENTRIES_MAX) {
            let entries: Vec<_> = {
                let mut held = lock(&self.held);
                let handles = ids.iter().filter_map(|id| held.remove(*id)).enumerate();
                handles.filter_map(|(number, handle)| delete_entry(number, handle)).collect()
            };
            if entries.is_empty() {
                continue;
            }
            let outcome = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            match outcome {
                Ok(done) if done.failed.is_empty() => {}
                Ok(done) => tracing::warn!(queue = self.name, failed = done.failed.len(), "messages could not be deleted; they come again"),
                Err(error) => {
                    let error = failed(&error, &self.name, &self.options);
                    tracing::warn!(queue = self.name, %error, "messages could not be deleted; they come again");
                }
            }
        }
    }

    /// Keeps messages hidden no longer: they come again when their time is up.
    pub fn forget(&self, ids: &[&str]) {
        let mut held = lock(&self.held);
        ids.iter().for_each(|id| drop(held.remove(*id)));
    }

    /// Gives back what is left of what was received: others see it at once, and it counts as received once more (`maxReceiveCount` of a
    /// queue with a dead-letter queue).
    pub async fn release(&self) {
        self.hide(Duration::ZERO).await;
        lock(&self.held).clear();
    }

    async fn hide(&self, time: Duration) {
        let seconds = i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
        let held: Vec<String> = lock(&self.held).values().cloned().collect();
        for handles in held.chunks(ENTRIES_MAX) {
            let entries = handles.iter().enumerate().filter_map(|(number, handle)| visibility_entry(number, handle, seconds)).collect();
            let request = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            if let Err(error) = request.send().await {
                let error = failed(&error, &self.name, &self.options);
                tracing::warn!(queue = self.name, %error, "messages could not be kept from others; what they read twice is written once");
            }
        }
    }
}

fn delete_entry(number: usize, handle: String) -> Option<DeleteMessageBatchRequestEntry> {
    DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(handle).build().ok()
}

fn visibility_entry(number: usize, handle: &str, seconds: i32) -> Option<ChangeMessageVisibilityBatchRequestEntry> {
    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string()).receipt_handle(handle);
    entry.visibility_timeout(seconds).build().ok()
}

fn failed<E>(error: &aws_sdk_sqs::error::SdkError<E, aws_sdk_sqs::config::http::HttpResponse>, queue: &str, options: &Options) -> Error
where
    E: aws_sdk_sqs::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = aws_sdk_sqs::error::ProvideErrorMetadata::code(error).unwrap_or_default();
    if code.contains("QueueDoesNotExist") || code.contains("NonExistentQueue") {
        return Error::NotFound { what: queue.to_owned() };
    }
    classify(error, queue, options.profile.as_deref(), |queue, source| Error::Queue { queue, source })
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(time: &str) -> Option<i64> {
    let time = aws_sdk_sqs::primitives::DateTime::from_str(time, aws_sdk_sqs::primitives::DateTimeFormat::DateTime).ok()?;
    i64::try_from(time.as_nanos() / 1_000).ok()
}

/// The objects that some messages tell of.
#[derive(Debug)]
pub struct Delivery {
    name: String,
    objects: Vec<Listed>,
    buckets: BTreeMap<String, Bucket>,
    /// Addresses of those that will never be had: gone, replaced, too large.
    lost: Mutex<BTreeSet<String>>,
}

impl Delivery {
    /// Whether an object could not be fetched and never can: to be told of it again would change nothing.
    pub fn is_lost(&self, uri: &str) -> bool {
        lock(&self.lost).contains(uri)
    }

    fn bucket(&self, uri: &str) -> Result<&Bucket> {
        let found = place::parse(uri).ok().and_then(|(bucket, _)| self.buckets.get(&bucket));
        found.ok_or_else(|| Error::NotFound { what: uri.to_owned() })
    }

    fn note<T>(&self, uri: &str, fetched: Result<T>) -> Result<T> {
        if let Err(Error::NotFound { .. } | Error::Changed { .. } | Error::TooLarge { .. }) = &fetched {
            lock(&self.lost).insert(uri.to_owned());
        }
        fetched
    }
}

#[async_trait]
impl Source for Delivery {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<BoxStream<'_, Result<Listed>>> {
        Ok(stream::iter(self.objects.iter().cloned().map(Ok)).boxed())
    }

    fn prefix(&self) -> Option<String> {
        None
    }

    async fn fetch(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes> {
        self.note(&listed.uri, self.bucket(&listed.uri)?.fetch(listed, bytes_max).await)
    }

    async fn fetch_object(&self, listed: &Listed, bytes_max: u64) -> Result<Object> {
        self.note(&listed.uri, self.bucket(&listed.uri)?.fetch_object(listed, bytes_max).await)
    }
}

/// A queue as it was spelt.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    url: Option<String>,
    region: Option<String>,
    account: Option<String>,
    name: String,
}

impl Named {
    fn parse(spec: &str) -> Result<Self> {
        let bad = |why| Error::BadSpec { spec: spec.to_owned(), why };
        let lower = spec.get(..SCHEME.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(SCHEME));
        let rest = if lower { spec.get(SCHEME.len()..).unwrap_or_default() } else { spec };
        if rest.starts_with("arn:") {
            let parts: Vec<&str> = rest.split(':').collect();
            return match parts.as_slice() {
                [_, _, "sqs", region, account, name] if is_account(account) && is_name(name) && !region.is_empty() => Ok(Self {
                    region: Some((*region).to_owned()),
                    account: Some((*account).to_owned()),
                    name: (*name).to_owned(),
                    ..Self::default()
                }),
                _ => Err(bad("a queue's ARN is arn:aws:sqs:REGION:ACCOUNT:NAME")),
            };
        }
        if !rest.contains('/') {
            return if is_name(rest) { Ok(Self { name: rest.to_owned(), ..Self::default() }) } else { Err(bad("it names no queue")) };
        }
        let url = if rest.contains("://") { rest.to_owned() } else { format!("https://{rest}") };
        let (Some(account), Some(name)) = (account_of(&url), url.rsplit('/').next().filter(|name| is_name(name))) else {
            return Err(bad("a queue's URL is https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"));
        };
        let host = url.split('/').nth(2).unwrap_or_default();
        let region = host.split('.').find(|label| is_region(label)).map(str::to_owned);
        let name = name.to_owned();
        Ok(Self { url: Some(url), region, account: Some(account), name })
    }
}

/// The account in a queue's URL: the part before its name.
fn account_of(url: &str) -> Option<String> {
    url.rsplit('/').nth(1).filter(|part| is_account(part)).map(str::to_owned)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `ap-northeast-1`, `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let is_number = |part: &&&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() >= 3 && parts.last().filter(is_number).is_some() && parts.first().is_some_and(|first| first.len() == 2)
}

/// Up to 80 letters, digits, hyphens and underscores; a FIFO queue's ends in `.fifo`, and S3 sends to none.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, url: Option<&str>, region: Option<&str>, account: Option<&str>, name: &str) {
        assert!(is_queue(spec), "{spec}");
        let own = |text: Option<&str>| text.map(str::to_owned);
        let expected = Named { url: own(url), region: own(region), account: own(account), name: name.to_owned() };
        assert_eq!(Named::parse(spec).unwrap(), expected, "{spec}");
    }

    #[test]
    fn a_queue_is_named_by_its_name_arn_or_url() {
        let url = "https://sqs.ap-northeast-1.amazonaws.com/111122223333/trail";
        let (region, account) = (Some("ap-northeast-1"), Some("111122223333"));
        check("sqs://trail", None, None, None, "trail");
        check("SQS://trail-1_x", None, None, None, "trail-1_x");
        for spec in ["arn:aws:sqs:ap-northeast-1:111122223333:trail", "sqs://arn:aws:sqs:ap-northeast-1:111122223333:trail"] {
            check(spec, None, region, account, "trail");
        }
        for spec in [url, &format!("sqs://{url}"), "sqs://sqs.ap-northeast-1.amazonaws.com/111122223333/trail"] {
            check(spec, Some(url), region, account, "trail");
        }
        let vpc = "https://vpce-0a1b-c2d3.sqs.us-gov-west-1.vpce.amazonaws.com/111122223333/trail";
        check(vpc, Some(vpc), Some("us-gov-west-1"), account, "trail");
        let local = "http://127.0.0.1:9324/111122223333/trail";
        check(local, Some(local), None, account, "trail");
    }

    #[test]
    fn what_names_no_queue_is_refused() {
        for spec in ["sqs://", "sqs://a b", "sqs:///x", "arn:aws:sqs:::x", "https://example.com/", "https://example.com/a/b", "sqs://x/y"] {
            assert!(is_queue(spec) && Named::parse(spec).is_err(), "{spec}");
        }
        for other in ["s3://b/p", "./sqs", "sqs", "arn:aws:sns:ap-northeast-1:111122223333:t", "logs/https://x", "日本"] {
            assert!(!is_queue(other), "{other}");
        }
    }
}
