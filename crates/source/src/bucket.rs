//! An S3 bucket, or the part of it below a prefix, as a source.
//!
//! Lists in pages and fetches whole objects: the version that was listed, or an error. A body that breaks off, stalls or
//! is shorter than announced is fetched again from its start.
//!
//! Never writes to a bucket, never holds more of an object than the caller allows, never mixes two versions of one.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Error, ListObjectsV2Output};
use aws_sdk_s3::types::{EncodingType, Object};
use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, warn};

use crate::connect::{OPERATION_TIMEOUT, READ_TIMEOUT, client};
use crate::fault::{Cause, classify, elsewhere, region_header, unreadable};
use crate::trails::LAYOUT_PAGES_MAX;
use crate::tree::{Ask, Range};
use crate::{BoxError, Error, Listed, Object as Fetched, Options, Result, Source, place};

/// Times that an object whose body broke off is fetched from its start.
pub const BODY_ATTEMPTS_MAX: u32 = 3;
/// A body that comes slower than this, on the whole, is given up.
pub const BODY_BYTES_PER_SECOND_MIN: u64 = 64 * 1024;

/// Before a body is fetched again; twice as long before the next time.
const BODY_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Keys that are looked at for a first object: a console's folder may stand before it.
const FIRST_KEYS: i32 = 5;

pub(crate) type ListError = SdkError<ListObjectsV2Error, HttpResponse>;

/// A bucket, with all keys that begin with its prefix.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    bucket: String,
    prefix: String,
    profile: Option<String>,
    read_timeout: Duration,
    listings: Arc<AtomicU64>,
    /// Whose it must be: S3 refuses every request else.
    owner: Option<String>,
}

impl Bucket {
    /// Opens `s3://bucket/prefix` with the caller's AWS configuration.
    pub async fn open(spec: &str, options: &Options) -> Result<Bucket> {
        place::parse(spec)?;
        Bucket::found(client(options).await, spec, options.profile.clone()).await
    }

    /// Opens `s3://bucket/prefix` with a client of the caller's, whose retries and timeouts stay as they are.
    pub async fn new(client: Client, spec: &str) -> Result<Bucket> {
        Bucket::found(client, spec, None).await
    }

    /// In whichever region the bucket lies: S3 tells it to who asks in another one.
    async fn found(client: Client, spec: &str, profile: Option<String>) -> Result<Bucket> {
        let (bucket, prefix) = place::parse(spec)?;
        let name = spec.to_owned();
        let listings = Arc::default();
        let mut bucket = Bucket { client, name, bucket, prefix, profile, read_timeout: READ_TIMEOUT, listings, owner: None };
        if let Err(error) = bucket.settle().await {
            let Some(region) = bucket.region(&error).await else {
                return Err(bucket.list_failed(&error));
            };
            debug!(bucket = bucket.bucket, region, "bucket lies in another region");
            bucket.client = Client::from_conf(bucket.client.config().to_builder().region(Region::new(region)).build());
            bucket.settle().await.map_err(|error| bucket.list_failed(&error))?;
        }
        Ok(bucket)
    }

    /// A bucket of which something else told, in `options.region`; nothing is asked yet. It must be `owner`'s, an account, if one is given.
    pub(crate) async fn told_of(bucket: &str, owner: Option<String>, options: &Options) -> Bucket {
        let (name, bucket, profile) = (format!("s3://{bucket}"), bucket.to_owned(), options.profile.clone());
        let listings = Arc::default();
        Bucket { client: client(options).await, name, bucket, prefix: String::new(), profile, read_timeout: READ_TIMEOUT, listings, owner }
    }

    /// What a listing would say of an object.
    pub(crate) async fn head(&self, key: &str) -> Result<Listed> {
        let uri = self.uri(key);
        let asked = self.client.head_object().bucket(&self.bucket).key(key).set_expected_bucket_owner(self.owner.clone()).send().await;
        let head = asked.map_err(|error| classify(&error, &uri, self.profile.as_deref(), |uri, source| Error::Fetch { uri, source }))?;
        Ok(Listed {
            uri,
            key: key.to_owned(),
            size: head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            etag: head.e_tag().map(|etag| etag.trim_matches('"').to_owned()),
            modified: head.last_modified().and_then(|time| i64::try_from(time.as_nanos() / 1000).ok()),
        })
    }

    /// Gives up on a body that brings no byte for so long; [`READ_TIMEOUT`] unless set.
    pub fn with_read_timeout(mut self, read_timeout: Duration) -> Bucket {
        self.read_timeout = read_timeout;
        self
    }

    /// Makes sure that the bucket can be listed, and decides what the prefix means: with keys below `prefix/` it is a
    /// folder, so that `AWSLogs` does not bring `AWSLogs-old/` with it; else it is a plain prefix, or one key.
    /// A prefix without keys is an empty source, not an error.
    async fn settle(&mut self) -> Result<(), ListError> {
        if self.prefix.is_empty() || self.prefix.ends_with('/') {
            return self.page(&Ask { keys_max: Some(1), ..Ask::below(&self.prefix) }).await.map(drop);
        }
        let folder = format!("{}/", self.prefix);
        let mut token = None;
        loop {
            let page = self.page(&Ask { token: token.take(), keys_max: Some(1), ..Ask::below(&folder) }).await?;
            if !page.contents().is_empty() {
                self.prefix = folder;
                return Ok(());
            }
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// The region that the bucket lies in, if that is why the listing failed.
    async fn region(&self, error: &ListError) -> Option<String> {
        let told = elsewhere(error)?;
        let found = match told {
            Some(region) => Some(region),
            None => match self.client.head_bucket().bucket(&self.bucket).send().await {
                Ok(head) => head.bucket_region,
                Err(refused) => region_header(&refused),
            },
        };
        found.filter(|region| self.client.config().region().is_none_or(|asked| asked.as_ref() != region))
    }

    /// XML cannot hold every character that a key can: a page that cannot be read is asked for again, URL-encoded. Not
    /// at first, since some servers say that they encode, and do not.
    pub(crate) async fn page(&self, ask: &Ask<'_>) -> Result<ListObjectsV2Output, ListError> {
        self.listings.fetch_add(1, Ordering::Relaxed);
        let prefix = (!ask.prefix.is_empty()).then(|| ask.prefix.to_owned());
        let request = self.client.list_objects_v2().bucket(&self.bucket).set_max_keys(ask.keys_max);
        let request = request.set_prefix(prefix).set_continuation_token(ask.token.clone());
        // A token knows where the listing began.
        let request = request.set_start_after(ask.after.filter(|_| ask.token.is_none()).map(str::to_owned));
        let request = request.set_delimiter(ask.folders.then(|| "/".to_owned()));
        match request.clone().send().await {
            Err(error) if unreadable(&error) => request.encoding_type(EncodingType::Url).send().await,
            answered => answered,
        }
    }

    /// Pages of listings asked for since the bucket was opened, attempts at one page counting as one.
    pub fn listings(&self) -> u64 {
        self.listings.load(Ordering::Relaxed)
    }

    /// The prefix that the source is: empty, or ending in `/` where it is a folder.
    pub fn root(&self) -> &str {
        &self.prefix
    }

    /// The folders directly in a folder (a key that ends in `/`; empty for the source's own): the name of each, and its key.
    pub(crate) async fn folders(&self, folder: &str) -> Result<Vec<(String, String)>> {
        let folder = if folder.is_empty() { self.prefix.as_str() } else { folder };
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..LAYOUT_PAGES_MAX {
            let request = self.client.list_objects_v2().bucket(&self.bucket).delimiter("/").set_continuation_token(token.take());
            let page = request.prefix(folder).send().await.map_err(|error| self.list_failed(&error))?;
            for below in page.common_prefixes().iter().filter_map(|below| below.prefix()) {
                let name = below.strip_prefix(folder).unwrap_or(below).trim_end_matches('/');
                found.push((name.to_owned(), below.to_owned()));
            }
            token = page.next_continuation_token;
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The first object below a folder (a key that ends in `/`; empty for the source's own), by its key; `None` where there is none.
    pub(crate) async fn first(&self, folder: &str) -> Result<Option<Listed>> {
        let folder = if folder.is_empty() { self.prefix.as_str() } else { folder };
        let ask = Ask { keys_max: Some(FIRST_KEYS), ..Ask::below(folder) };
        let page = self.page(&ask).await.map_err(|error| self.list_failed(&error))?;
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        let mut listed = page.contents().iter().filter_map(|object| self.listed(object, encoded).ok());
        Ok(listed.find(|object| !is_folder(object)))
    }

    fn list_failed(&self, error: &ListError) -> Error {
        self.failed_below(&self.prefix, error)
    }

    pub(crate) fn failed_below(&self, prefix: &str, error: &ListError) -> Error {
        classify(error, &self.uri(prefix), self.profile.as_deref(), |what, source| Error::List { what, source })
    }

    pub(crate) fn broken_below(&self, prefix: &str, why: &'static str) -> Error {
        Error::List { what: self.uri(prefix), source: Cause::boxed(why) }
    }

    /// `s3://bucket/key`.
    pub fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// The next page of a listing, and where to go on. A page may be empty and still not be the last one.
    pub(crate) async fn step(&self, range: &Range, mut position: Position) -> (Vec<Result<Listed>>, Option<Position>) {
        let prefix = range.prefix.as_str();
        let ask = Ask { token: position.token.clone(), after: range.after.as_deref(), ..Ask::below(prefix) };
        let page = match self.page(&ask).await {
            Ok(page) => page,
            Err(error) => return (vec![Err(self.failed_below(prefix, &error))], None),
        };
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        let mut keys = HashSet::new();
        let mut listed = Vec::new();
        for object in page.contents() {
            match self.listed(object, encoded) {
                Ok(object) if is_folder(&object) => {}
                // Keys come in the order of their bytes: nothing that is asked for follows.
                Ok(object) if range.before.as_ref().is_some_and(|before| object.key >= *before) => return (listed, None),
                Ok(object) => {
                    if !position.previous.contains(&object.key) && keys.insert(object.key.clone()) {
                        listed.push(Ok(object));
                    }
                }
                Err(error) => listed.push(Err(error)),
            }
        }
        match (page.next_continuation_token, page.is_truncated) {
            (None, Some(true)) => listed.push(Err(self.broken_below(prefix, "S3 says that there is more, but not where to go on"))),
            (None, _) => {}
            (token, _) if token == position.token => {
                listed.push(Err(self.broken_below(prefix, "S3 gives the same page again and again")));
            }
            (token, _) => {
                if !keys.is_empty() {
                    position.previous = keys;
                }
                return (listed, Some(Position { token, previous: position.previous }));
            }
        }
        (listed, None)
    }

    pub(crate) fn listed(&self, object: &Object, encoded: bool) -> Result<Listed> {
        let key = object.key().unwrap_or_default();
        let key = if encoded { decode(key) } else { Ok(key.to_owned()) };
        let key = key.map_err(|key| Error::Skipped { uri: self.uri(&key), why: "its key is not UTF-8" })?;
        Ok(Listed {
            uri: self.uri(&key),
            size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            etag: object.e_tag().map(|etag| etag.trim_matches('"').to_owned()),
            modified: object.last_modified().and_then(|time| i64::try_from(time.as_nanos() / 1000).ok()),
            key,
        })
    }

    /// One attempt at an object, from its first byte to its last.
    async fn whole(&self, listed: &Listed, bytes_max: u64) -> Result<Fetched, Failure> {
        let too_large = || Failure::Final(Error::TooLarge { uri: listed.uri.clone(), bytes_max });
        let etag = listed.etag.as_ref().map(|etag| format!("\"{etag}\""));
        let request = self.client.get_object().bucket(&self.bucket).key(&listed.key).set_if_match(etag);
        let request = request.set_expected_bucket_owner(self.owner.clone());
        let object = request.send().await.map_err(|error| {
            let fetch = |uri, source| Error::Fetch { uri, source };
            Failure::Final(classify(&error, &listed.uri, self.profile.as_deref(), fetch))
        })?;
        let announced = object.content_length.and_then(|length| u64::try_from(length).ok());
        let expected = announced.unwrap_or(listed.size);
        if expected > bytes_max {
            return Err(too_large());
        }
        let deadline = Instant::now() + OPERATION_TIMEOUT + Duration::from_secs(expected / BODY_BYTES_PER_SECOND_MIN);
        let metadata = object.metadata.unwrap_or_default().into_iter().collect();
        let mut body = object.body;
        let mut bytes = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default());
        loop {
            let patience = deadline.min(Instant::now() + self.read_timeout);
            match timeout_at(patience, body.next()).await {
                Err(_) => return Err(Failure::Broken(Cause::boxed(format!("the body stalled after {} bytes", bytes.len())))),
                Ok(Some(Err(error))) => return Err(Failure::Broken(Cause::chain(&error))),
                Ok(Some(Ok(chunk))) if (bytes.len() as u64).saturating_add(chunk.len() as u64) > bytes_max => return Err(too_large()),
                Ok(Some(Ok(chunk))) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
            }
        }
        if announced.is_some_and(|announced| announced != bytes.len() as u64) {
            return Err(Failure::Broken(Cause::boxed(format!("the body holds {} bytes of {expected} announced", bytes.len()))));
        }
        Ok(Fetched { bytes: bytes.freeze(), metadata })
    }
}

#[async_trait]
impl Source for Bucket {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<BoxStream<'_, Result<Listed>>> {
        Ok(self.list_range(Range { prefix: self.prefix.clone(), ..Range::default() }))
    }

    fn as_bucket(&self) -> Option<&Bucket> {
        Some(self)
    }

    fn prefix(&self) -> Option<String> {
        let prefix = self.uri(&self.prefix);
        prefix.ends_with('/').then_some(prefix)
    }

    async fn fetch(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes> {
        self.fetch_object(listed, bytes_max).await.map(|object| object.bytes)
    }

    async fn fetch_object(&self, listed: &Listed, bytes_max: u64) -> Result<Fetched> {
        if listed.size > bytes_max {
            return Err(Error::TooLarge { uri: listed.uri.clone(), bytes_max });
        }
        let (mut attempt, mut delay) = (1, BODY_RETRY_DELAY);
        loop {
            match self.whole(listed, bytes_max).await {
                Ok(object) => {
                    debug!(uri = listed.uri, bytes = object.bytes.len(), attempt, "object fetched");
                    return Ok(object);
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Broken(source)) if attempt >= BODY_ATTEMPTS_MAX => {
                    return Err(Error::Fetch { uri: listed.uri.clone(), source });
                }
                Err(Failure::Broken(cause)) => warn!(uri = listed.uri, attempt, %cause, "object broke off, fetching it again"),
            }
            sleep(delay).await;
            attempt += 1;
            delay *= 2;
        }
    }
}

/// Where a listing stands. Pages may overlap by a key; only the page before can hold it again.
#[derive(Default)]
pub(crate) struct Position {
    token: Option<String>,
    previous: HashSet<String>,
}

/// Why an attempt at an object failed: for good, or on the way.
enum Failure {
    Final(Error),
    Broken(BoxError),
}

/// Consoles make an empty object for a folder.
pub(crate) fn is_folder(listed: &Listed) -> bool {
    listed.size == 0 && listed.key.ends_with('/')
}

/// Undoes S3's URL encoding, in which a space is a plus; a key that is not UTF-8 comes back as far as it can be shown.
pub(crate) fn decode(encoded: &str) -> Result<String, String> {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = encoded.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match (first, hex(tail.first()), hex(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                rest = tail.get(2..).unwrap_or_default();
                high << 4 | low
            }
            (b'+', ..) => b' ',
            (other, ..) => *other,
        });
    }
    String::from_utf8(bytes).map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_keys_come_back_as_they_are() {
        assert_eq!(decode("a+b%2Bc%3D%25/%E7%9B%A3%0A").as_deref(), Ok("a b+c=%/監\n"));
        assert_eq!(decode("50%").as_deref(), Ok("50%"));
        assert_eq!(decode("%zz%4").as_deref(), Ok("%zz%4"));
        assert_eq!(decode("a%FF").map_err(|shown| shown.starts_with('a')), Err(true));
    }
}
