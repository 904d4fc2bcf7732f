//! CloudTrail's event history (`LookupEvents`): an attribute and a time in, records as CloudTrail wrote them out.
//!
//! One account and region, management events of the last 90 days, newest first (CloudTrail API Reference, LookupEvents). Never asks more
//! often than AWS allows: every attempt counts, those that are refused as well. Never says that it has all when it stopped early.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::error::SdkError;
use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsError, LookupEventsOutput};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_sdk_s3::config::http::HttpResponse;

use crate::caller::{Caller, caller};
use crate::connect::config;
use crate::fault::{Cause, classify_call, is_transient};
use crate::{Error, Options, Result, aws_time};

/// Requests a second that AWS allows an account in a region (CloudTrail API Reference, LookupEvents).
pub const LOOKUPS_PER_SECOND_MAX: u32 = 2;
/// Events of a page, as many as AWS gives.
pub const LOOKUP_PAGE_EVENTS: i32 = 50;
/// How far back event history reaches.
pub const HISTORY_DAYS: i64 = 90;
/// Letters of a value that is looked up (CloudTrail API Reference, LookupAttribute).
pub const LOOKUP_VALUE_LETTERS_MAX: usize = 2_000;
/// Attempts at one page: whoever else asks in the account uses up the same two requests a second.
pub const LOOKUP_ATTEMPTS_MAX: u32 = 8;
/// The longest wait before the second attempt; it doubles up to [`LOOKUP_BACKOFF_MAX`], and a random part of it is waited.
pub const LOOKUP_BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait between two attempts.
pub const LOOKUP_BACKOFF_MAX: Duration = Duration::from_secs(20);

/// The permission that it takes.
const PERMISSION: &str = "cloudtrail:LookupEvents";

/// What can be looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// A name in the event's list of resources.
    ResourceName,
    /// `eventID`.
    EventId,
    /// The key that signed the call.
    AccessKeyId,
    /// The user's name; of a role session its session name.
    Username,
    /// `eventName`.
    EventName,
}

impl Attribute {
    /// As AWS spells it.
    pub fn name(self) -> &'static str {
        match self {
            Attribute::ResourceName => "ResourceName",
            Attribute::EventId => "EventId",
            Attribute::AccessKeyId => "AccessKeyId",
            Attribute::Username => "Username",
            Attribute::EventName => "EventName",
        }
    }

    fn key(self) -> LookupAttributeKey {
        LookupAttributeKey::from(self.name())
    }
}

/// What is looked up: all events of a time, or those with one attribute. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// AWS takes one at most.
    pub attribute: Option<(Attribute, String)>,
    /// From when.
    pub from: i64,
    /// Until when, both included.
    pub until: i64,
}

/// An event of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// `EventId`.
    pub event_id: String,
    /// `EventTime`, microseconds since 1970.
    pub event_time: i64,
    /// `CloudTrailEvent`: the record, as JSON text. Empty where AWS left it out.
    pub record: String,
}

/// What a lookup found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Newest first, as AWS gives them.
    pub events: Vec<HistoryEvent>,
    /// Whether these are all; else older ones were not fetched.
    pub complete: bool,
}

/// Time, so that tests need none.
#[async_trait]
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// Since any moment that stays the same.
    fn now(&self) -> Duration;
    /// Waits.
    async fn sleep(&self, span: Duration);
}

#[derive(Debug)]
struct Running(tokio::time::Instant);

#[async_trait]
impl Clock for Running {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// The event history of one account and region.
#[derive(Debug)]
pub struct EventHistory {
    client: Client,
    caller: Caller,
    aws_region: String,
    profile: Option<String>,
    clock: Arc<dyn Clock>,
    last_request: Option<Duration>,
    requests: u64,
}

impl EventHistory {
    /// The event history that the caller's credentials and region lead to.
    ///
    /// # Errors
    /// [`Error::Credentials`] where there are none that hold; as of every request to AWS.
    pub async fn open(options: &Options) -> Result<Self> {
        let shared = config(options).await;
        let caller = caller(&shared, options.profile.as_deref()).await?;
        Ok(Self::by(&shared, caller, options.profile.clone()))
    }

    /// As [`EventHistory::open`], with a configuration and a caller that are known.
    pub fn by(shared: &SdkConfig, caller: Caller, profile: Option<String>) -> Self {
        // Attempts are counted here: the SDK's own would come on top of the two a second.
        let client = Client::from_conf(aws_sdk_cloudtrail::config::Builder::from(shared).retry_config(RetryConfig::disabled()).build());
        let aws_region = shared.region().map(ToString::to_string).unwrap_or_default();
        let clock = Arc::new(Running(tokio::time::Instant::now()));
        Self { client, caller, aws_region, profile, clock, last_request: None, requests: 0 }
    }

    /// Waits by another clock.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Whose history it is.
    pub fn account_id(&self) -> &str {
        &self.caller.account_id
    }

    /// Where.
    pub fn aws_region(&self) -> &str {
        &self.aws_region
    }

    /// Requests made, attempts that were refused among them.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Looks up events, at most `pages_max` pages of them.
    ///
    /// # Errors
    /// As of every request to AWS; [`Error::Permission`] where it is not allowed.
    pub async fn look_up(&mut self, lookup: &Lookup, pages_max: u32) -> Result<Looked> {
        let (mut looked, mut token) = (Looked::default(), None);
        for _ in 0..pages_max {
            let page = self.page(lookup, token.take()).await?;
            for event in page.events() {
                let time = event.event_time().and_then(aws_time::micros);
                looked.events.push(HistoryEvent {
                    event_id: event.event_id().unwrap_or_default().to_owned(),
                    event_time: time.ok_or_else(|| self.broken("an event has no time"))?,
                    record: event.cloud_trail_event().unwrap_or_default().to_owned(),
                });
            }
            token = page.next_token;
            if token.is_none() {
                looked.complete = true;
                break;
            }
        }
        Ok(looked)
    }

    async fn page(&mut self, lookup: &Lookup, token: Option<String>) -> Result<LookupEventsOutput> {
        let mut request = self.client.lookup_events().max_results(LOOKUP_PAGE_EVENTS).set_next_token(token);
        request = request.start_time(aws_time::of_micros(lookup.from)).end_time(aws_time::of_micros(lookup.until));
        if let Some((attribute, value)) = &lookup.attribute {
            let attribute = LookupAttribute::builder().attribute_key(attribute.key()).attribute_value(value).build();
            request = request.lookup_attributes(attribute.map_err(|error| self.broken(&error.to_string()))?);
        }
        let mut attempt = 1;
        loop {
            self.pace().await;
            match request.clone().send().await {
                Ok(page) => return Ok(page),
                Err(error) if attempt < LOOKUP_ATTEMPTS_MAX && is_transient(&error) => {
                    let wait = jittered(attempt);
                    tracing::debug!(attempt, ?wait, "event history asks to slow down, or did not answer");
                    self.clock.sleep(wait).await;
                    attempt += 1;
                }
                Err(error) => return Err(self.failed(&error)),
            }
        }
    }

    /// Waits until the next request is allowed, and counts it. Evenly apart rather than two at once, so that what the network holds up
    /// does not make three of them.
    async fn pace(&mut self) {
        let apart = Duration::from_secs(1) / LOOKUPS_PER_SECOND_MAX;
        if let Some(last) = self.last_request {
            let wait = (last + apart).saturating_sub(self.clock.now());
            if !wait.is_zero() {
                self.clock.sleep(wait).await;
            }
        }
        self.last_request = Some(self.clock.now());
        self.requests += 1;
    }

    fn what(&self) -> String {
        format!("the event history of account {} in {}", self.caller.account_id, self.aws_region)
    }

    fn failed(&self, error: &SdkError<LookupEventsError, HttpResponse>) -> Error {
        classify_call(error, &self.what(), PERMISSION, self.profile.as_deref())
    }

    fn broken(&self, why: &str) -> Error {
        Error::Call { what: self.what(), source: Cause::boxed(why) }
    }
}

/// A wait of random length up to a bound that doubles from attempt to attempt.
fn jittered(attempt: u32) -> Duration {
    let bound = LOOKUP_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LOOKUP_BACKOFF_MAX);
    // The standard library seeds its hashers anew each time; nothing better is needed to spread callers.
    let random = RandomState::new().build_hasher().finish();
    bound.mul_f64((random >> 11) as f64 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_within_a_bound_that_doubles() {
        for attempt in 1..=LOOKUP_ATTEMPTS_MAX {
            let bound = LOOKUP_BACKOFF.saturating_mul(1 << (attempt - 1)).min(LOOKUP_BACKOFF_MAX);
            let waits: std::collections::BTreeSet<Duration> = (0..50).map(|_| jittered(attempt)).collect();
            assert!(waits.iter().all(|wait| *wait <= bound) && waits.len() > 25, "{attempt}: {waits:?}");
        }
    }
}
