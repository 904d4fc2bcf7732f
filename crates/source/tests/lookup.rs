//! Event history through the real SDK, against a server of our own: paging, pace, retries, and what is said of failures.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod aws_server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_server::{AwsServer, Estate, Past, start};
use serde_json::json;
use source::{Attribute, Caller, Clock, Error, EventHistory, LOOKUP_ATTEMPTS_MAX, LOOKUPS_PER_SECOND_MAX, Lookup};

const NOON: i64 = 1_794_978_131;

/// A clock that stands still but for what is slept.
#[derive(Debug, Default)]
struct Stopped(Mutex<Duration>);

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, span: Duration) {
        *self.0.lock().unwrap() += span;
    }
}

fn past(number: i64) -> Past {
    let record = json!({
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventName": "RunInstances", "eventSource": "ec2.amazonaws.com",
        "userIdentity": {"accessKeyId": "ASIAEXAMPLEEXAMPLE01"},
    });
    Past { record, seconds: NOON - number, username: "sato".into(), resources: vec![format!("i-{}", number % 2)] }
}

/// Event history whose requests are noted by a clock of the test's.
struct Asking {
    server: AwsServer,
    history: EventHistory,
    starts: Arc<Mutex<Vec<Duration>>>,
}

async fn asking(estate: Estate) -> Asking {
    let clock = Arc::new(Stopped::default());
    let starts: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let (noting, noted) = (Arc::clone(&clock), Arc::clone(&starts));
    let on_lookup = Some(Box::new(move || noted.lock().unwrap().push(noting.now())) as Box<dyn FnMut() + Send>);
    let server = start(Estate { on_lookup, account_id: "111122223333".into(), ..estate }).await;
    let credentials = aws_sdk_s3::config::Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
    let shared = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::from_static("ap-northeast-1"))
        .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
        .endpoint_url(&server.endpoint)
        .build();
    let caller = Caller { account_id: "111122223333".into(), arn: String::new(), aws_now: None };
    let history = EventHistory::by(&shared, caller, None).with_clock(clock);
    Asking { server, history, starts }
}

fn all() -> Lookup {
    Lookup { attribute: None, from: (NOON - 86_400) * 1_000_000, until: NOON * 1_000_000 }
}

/// However many requests, and however many of them are refused: no second has more than AWS allows.
#[track_caller]
fn check_pace(starts: &[Duration]) {
    let most = LOOKUPS_PER_SECOND_MAX as usize;
    for window in starts.windows(most + 1) {
        assert!(window[most] - window[0] >= Duration::from_secs(1), "{window:?}");
    }
}

#[tokio::test]
async fn pages_are_fetched_to_the_end_at_two_a_second() {
    let mut asking = asking(Estate { history: (0..230).map(past).collect(), ..Estate::default() }).await;
    let looked = asking.history.look_up(&all(), 100).await.unwrap();
    assert!(looked.complete);
    assert_eq!(looked.events.len(), 230);
    assert_eq!((looked.events[0].event_time, looked.events[229].event_time), (NOON * 1_000_000, (NOON - 229) * 1_000_000));
    assert!(looked.events[0].record.contains("RunInstances"));
    let starts = asking.starts.lock().unwrap().clone();
    assert_eq!((starts.len(), asking.history.requests()), (5, 5));
    check_pace(&starts);
    let sizes: Vec<_> = asking.server.estate.lock().unwrap().asked.iter().map(|asked| asked.body["MaxResults"].clone()).collect();
    assert_eq!(sizes, vec![json!(50); 5]);
}

#[tokio::test]
async fn what_is_not_fetched_to_its_end_says_so() {
    let mut asking = asking(Estate { history: (0..230).map(past).collect(), ..Estate::default() }).await;
    let looked = asking.history.look_up(&all(), 2).await.unwrap();
    assert_eq!((looked.complete, looked.events.len()), (false, 100));
    assert!(!asking.history.look_up(&all(), 0).await.unwrap().complete);
}

#[tokio::test]
async fn an_attribute_is_handed_on() {
    let mut asking = asking(Estate { history: (0..10).map(past).collect(), ..Estate::default() }).await;
    let lookup = Lookup { attribute: Some((Attribute::ResourceName, "i-1".into())), ..all() };
    assert_eq!(asking.history.look_up(&lookup, 9).await.unwrap().events.len(), 5);
    assert_eq!(asking.server.lookups(), [("ResourceName".to_owned(), "i-1".to_owned())]);
}

#[tokio::test]
async fn who_is_throttled_asks_again_and_never_faster() {
    let mut asking = asking(Estate { history: (0..120).map(past).collect(), throttled: 6, ..Estate::default() }).await;
    let looked = asking.history.look_up(&all(), 9).await.unwrap();
    assert_eq!((looked.events.len(), looked.complete), (120, true));
    let starts = asking.starts.lock().unwrap().clone();
    assert_eq!((starts.len(), asking.history.requests()), (9, 9), "six were refused");
    check_pace(&starts);
}

#[tokio::test]
async fn who_is_throttled_for_ever_ends_with_an_error() {
    let mut asking = asking(Estate { throttled: usize::MAX, ..Estate::default() }).await;
    let error = asking.history.look_up(&all(), 9).await.unwrap_err();
    assert!(matches!(&error, Error::Call { what, .. } if what.contains("111122223333")), "{error}");
    assert_eq!(asking.starts.lock().unwrap().len(), LOOKUP_ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn a_refusal_names_the_permission_and_expired_credentials_are_told_apart() {
    let mut asking = asking(Estate { denied: ["LookupEvents".to_owned()].into(), ..Estate::default() }).await;
    let error = asking.history.look_up(&all(), 9).await.unwrap_err();
    assert!(matches!(error, Error::Permission { permission: "cloudtrail:LookupEvents", .. }), "{error}");
    assert_eq!(asking.starts.lock().unwrap().len(), 0, "refused before it was looked up, and not tried again");
    asking.server.estate.lock().unwrap().is_expired = true;
    assert!(matches!(asking.history.look_up(&all(), 9).await.unwrap_err(), Error::Credentials { .. }));
    assert_eq!(asking.server.count("LookupEvents"), 2);
}
