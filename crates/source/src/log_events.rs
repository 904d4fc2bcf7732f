//! Entries of a log group, page by page: a span of time or one stream in, `FilterLogEvents` of CloudWatch Logs asked, entries out.
//!
//! An account may ask five times a second in a region, all its programs together (CloudWatch Logs quotas, FilterLogEvents): requests of this
//! process keep [`REQUEST_PAUSE`] apart, whichever group they are about.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, LogGroupClass};
use tokio::time::{Instant, sleep_until};

use crate::fault::{Cause, classify};
use crate::log_address::{LogAddress, Place};
use crate::service::LOG_GROUP;
use crate::{Error, Result};

/// Between two requests to one region's CloudWatch Logs: below four a second.
pub const REQUEST_PAUSE: Duration = Duration::from_millis(260);
/// Groups whose names begin alike that are looked through for the one that is meant, in pages of fifty.
const GROUP_PAGES_MAX: usize = 20;

/// When the next request to a region may go out.
static TURNS: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

/// A log group, and how it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    client: Client,
    /// Name, or ARN where the group is another account's.
    by: By,
    /// Words for messages.
    what: String,
    /// Whose requests share one limit.
    turns: String,
    profile: Option<String>,
}

#[derive(Debug, Clone)]
enum By {
    Name(String),
    Arn(String),
}

/// Which entries are wanted; times are milliseconds since 1970.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) from: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) stream: Option<String>,
    pub(crate) stream_prefix: String,
}

/// A walk over the pages of what is wanted.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    asked: &'a Asked,
    wanted: Wanted,
    token: Option<String>,
    tokens: HashSet<u64>,
    ended: bool,
}

impl Asked {
    /// Finds the group, and makes sure that its entries may be read. Returns its ARN.
    pub(crate) async fn open(client: Client, address: &LogAddress, profile: Option<String>) -> Result<(Asked, String)> {
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        let what = format!("{LOG_GROUP} {} in {region}", address.group);
        let mut asked = Asked { client, by: By::Name(address.group.clone()), what, turns: region, profile };
        let stated = address.place.as_ref().map(|place| arn(place, &address.group));
        let arn = match (asked.own_arn(&address.group).await, stated) {
            (Ok(found), Some(stated)) if found.as_ref() == Some(&stated) => stated,
            // Another account's, seen through a monitoring account; or one that may be read and not be described.
            (Ok(_) | Err(Error::Denied { .. }), Some(stated)) => {
                asked.by = By::Arn(stated.clone());
                stated
            }
            (Ok(Some(found)), None) => found,
            (Ok(None), None) => return Err(Error::NotFound { what: asked.what }),
            (Err(error), _) => return Err(error),
        };
        let wanted = Wanted { stream_prefix: address.stream_prefix.clone(), from: Some(1), until: Some(1), ..Wanted::default() };
        asked.pages(wanted).next().await?;
        Ok((asked, arn))
    }

    /// The ARN of the caller's own group of this name.
    async fn own_arn(&self, group: &str) -> Result<Option<String>> {
        let mut token = None;
        for _ in 0..GROUP_PAGES_MAX {
            self.turn().await;
            let request = self.client.describe_log_groups().log_group_name_prefix(group).set_next_token(token.take());
            let page = request.send().await;
            let page =
                page.map_err(|error| classify(&error, &self.what, self.profile.as_deref(), |what, source| Error::List { what, source }))?;
            for found in page.log_groups() {
                if found.log_group_name() == Some(group) {
                    if matches!(found.log_group_class(), Some(LogGroupClass::InfrequentAccess | LogGroupClass::Delivery)) {
                        let why = "entries of a group of this class cannot be read back; only of the class Standard";
                        return Err(Error::BadSpec { spec: format!("logs://{group}"), why });
                    }
                    let arn = found.log_group_arn().or_else(|| found.arn()).map(|arn| arn.trim_end_matches(":*").to_owned());
                    return Ok(arn);
                }
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(None)
    }

    pub(crate) fn pages(&self, wanted: Wanted) -> Pages<'_> {
        Pages { asked: self, wanted, token: None, tokens: HashSet::new(), ended: false }
    }

    pub(crate) fn broken(&self, why: impl Into<String>) -> Error {
        Error::List { what: self.what.clone(), source: Cause::boxed(why) }
    }

    /// Waits until the region may be asked again.
    async fn turn(&self) {
        let at = {
            let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
            let next = turns.entry(self.turns.clone()).or_insert_with(Instant::now);
            let at = (*next).max(Instant::now());
            *next = at + REQUEST_PAUSE;
            at
        };
        sleep_until(at).await;
    }
}

impl Pages<'_> {
    /// The next page; it may be empty and still not be the last. None after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<FilteredLogEvent>>> {
        if self.ended {
            return Ok(None);
        }
        self.asked.turn().await;
        let Wanted { from, until, stream, stream_prefix } = self.wanted.clone();
        let mut request = self.asked.client.filter_log_events().set_start_time(from).set_end_time(until);
        request = match &self.asked.by {
            By::Name(name) => request.log_group_name(name),
            By::Arn(arn) => request.log_group_identifier(arn),
        };
        request = match stream {
            Some(stream) => request.log_stream_names(stream),
            None => request.set_log_stream_name_prefix(Some(stream_prefix).filter(|prefix| !prefix.is_empty())),
        };
        let page = request.set_next_token(self.token.take()).send().await.map_err(|error| {
            classify(&error, &self.asked.what, self.asked.profile.as_deref(), |what, source| Error::List { what, source })
        })?;
        self.token = page.next_token.filter(|token| !token.is_empty());
        match &self.token {
            None => self.ended = true,
            Some(token) => {
                let mut hasher = DefaultHasher::new();
                token.hash(&mut hasher);
                if !self.tokens.insert(hasher.finish()) {
                    return Err(self.asked.broken("CloudWatch Logs gives the same page again and again"));
                }
            }
        }
        Ok(Some(page.events.unwrap_or_default()))
    }
}

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
pub(crate) fn arn(place: &Place, group: &str) -> String {
    let Place { partition, region, account_id } = place;
    format!("arn:{partition}:logs:{region}:{account_id}:log-group:{group}")
}
