//! What a bucket's listing and bodies do when S3 answers badly: a scripted server plays each answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use futures::StreamExt;
use source::{Bucket, Error, Listed, Source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

const EMPTY: &str = r#"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"#;

/// Answers requests one by one as its script says, then holds on to what it was asked.
struct Script {
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
    accepting: AbortHandle,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What to send, and whether to leave the connection open and silent after it.
#[derive(Clone)]
struct Answer {
    bytes: Vec<u8>,
    stalls: bool,
}

fn answer(status: &str, headers: &str, body: &str) -> Answer {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    Answer { bytes: [head.as_bytes(), body.as_bytes()].concat(), stalls: false }
}

fn ok(body: &str) -> Answer {
    answer("200 OK", "", body)
}

fn refused(status: &str, code: &str) -> Answer {
    answer(status, "", &format!("<Error><Code>{code}</Code><Message>no {code}</Message></Error>"))
}

/// An object's answer that announces ten bytes, and brings these.
fn part(body: &str, stalls: bool) -> Answer {
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{body}");
    Answer { bytes: text.into_bytes(), stalls }
}

fn page(keys: &[&str], token: Option<&str>) -> Answer {
    let contents: String = keys
        .iter()
        .map(|key| {
            format!("<Contents><Key>{key}</Key><Size>10</Size><ETag>&quot;e-{key}&quot;</ETag><LastModified>2026-11-18T05:02:11.123Z</LastModified></Contents>")
        })
        .collect();
    let more = token.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>")).unwrap_or_default();
    ok(&format!("<ListBucketResult><IsTruncated>{}</IsTruncated>{more}{contents}</ListBucketResult>", token.is_some()))
}

async fn play(script: Vec<Answer>) -> Script {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let accepting = tokio::spawn(async move {
        let mut open = Vec::new();
        for answer in script {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            heard.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            socket.write_all(&answer.bytes).await.unwrap();
            if answer.stalls {
                open.push(socket);
            }
        }
        std::future::pending::<()>().await;
    });
    Script { endpoint, asked, accepting: accepting.abort_handle() }
}

/// A bucket on a server that first answers the opening, then plays the script.
async fn bucket(script: impl IntoIterator<Item = Answer>) -> (Bucket, Script) {
    let server = play([ok(EMPTY)].into_iter().chain(script).collect()).await;
    let bucket = Bucket::new(client(&server), "s3://audit").await.unwrap();
    (bucket.with_read_timeout(Duration::from_millis(200)), server)
}

fn client(server: &Script) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test"))
        .endpoint_url(&server.endpoint)
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

fn object(etag: Option<&str>) -> Listed {
    Listed { uri: "s3://audit/a".to_owned(), key: "a".to_owned(), size: 10, etag: etag.map(str::to_owned), modified: None }
}

async fn list(script: impl IntoIterator<Item = Answer>) -> (Vec<source::Result<Listed>>, Script) {
    let (bucket, server) = bucket(script).await;
    let found = bucket.list().await.unwrap().collect().await;
    (found, server)
}

fn keys(found: &[source::Result<Listed>]) -> Vec<&str> {
    found.iter().map(|listed| listed.as_ref().map_or("error", |listed| listed.key.as_str())).collect()
}

async fn fetch(script: impl IntoIterator<Item = Answer>) -> (source::Result<bytes::Bytes>, usize) {
    let (bucket, server) = bucket(script).await;
    let fetched = bucket.fetch(&object(None), 10).await;
    let asked = server.asked.lock().unwrap().len() - 1;
    (fetched, asked)
}

#[tokio::test]
async fn an_empty_page_with_a_token_goes_on_and_a_repeated_key_comes_once() {
    let pages = [page(&["a", "b"], Some("1")), page(&[], Some("2")), page(&["b", "c", "c"], Some("3")), page(&["d"], None)];
    let (found, server) = list(pages).await;
    assert_eq!(keys(&found), ["a", "b", "c", "d"]);
    assert!(server.asked.lock().unwrap()[3].contains("continuation-token=2"));
}

#[tokio::test]
async fn a_listed_object_carries_its_etag_and_the_microsecond_it_was_modified() {
    let (found, _server) = list([page(&["a"], None)]).await;
    let listed = found[0].as_ref().unwrap();
    assert_eq!(listed.etag.as_deref(), Some("e-a"));
    assert_eq!(listed.modified, Some(1_794_978_131_123_000));
}

#[tokio::test]
async fn what_a_console_makes_for_a_folder_is_not_listed() {
    let marker = "<Contents><Key>p/</Key><Size>0</Size></Contents><Contents><Key>q/</Key><Size>3</Size></Contents>";
    let (found, _server) = list([ok(&format!("<ListBucketResult>{marker}</ListBucketResult>"))]).await;
    assert_eq!(keys(&found), ["q/"]);
}

#[tokio::test]
async fn a_listing_that_cannot_go_on_ends_in_an_error() {
    let (found, _server) = list([page(&["a"], Some("1")), page(&["b"], Some("1"))]).await;
    assert_eq!(keys(&found), ["a", "b", "error"]);
    let no_token = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
    let (found, _server) = list([page(&["a"], Some("1")), ok(no_token)]).await;
    assert_eq!(keys(&found), ["a", "error"]);
    let (found, _server) = list([page(&["a"], Some("1")), refused("500 Internal Server Error", "InternalError")]).await;
    assert_eq!(keys(&found), ["a", "error"]);
    assert!(matches!(&found[1], Err(Error::List { what, .. }) if what == "s3://audit/"), "{found:?}");
}

#[tokio::test]
async fn a_page_that_xml_cannot_hold_is_asked_for_encoded() {
    let encoded =
        "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a%01+%2B</Key><Size>1</Size></Contents></ListBucketResult>";
    let (found, server) = list([ok("<ListBucketResult><Contents><Key>a\u{1} +<</Key>"), ok(encoded)]).await;
    assert_eq!(keys(&found), ["a\u{1} +"]);
    assert!(server.asked.lock().unwrap()[2].contains("encoding-type=url"));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_fetched_again_from_its_start() {
    let (fetched, asked) = fetch([part("0123", false), part("", false), part("0123456789", false)]).await;
    assert_eq!((fetched.unwrap().as_ref(), asked), (b"0123456789".as_slice(), 3));
}

#[tokio::test]
async fn a_body_that_stalls_is_fetched_again() {
    for stalled in ["", "0", "01234", "012345678"] {
        let (fetched, asked) = fetch([part(stalled, true), part("0123456789", false)]).await;
        assert_eq!((fetched.unwrap().as_ref(), asked), (b"0123456789".as_slice(), 2), "after {stalled:?}");
    }
}

#[tokio::test]
async fn a_body_that_always_breaks_off_is_given_up() {
    let (fetched, asked) = fetch(vec![part("0123", false); 3]).await;
    assert!(matches!(&fetched, Err(Error::Fetch { uri, .. }) if uri == "s3://audit/a"), "{fetched:?}");
    assert_eq!(asked, 3);
}

#[tokio::test]
async fn an_object_without_announced_length_is_still_capped() {
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(100_000));
    let (fetched, _) = fetch([Answer { bytes: endless.into_bytes(), stalls: true }]).await;
    assert!(matches!(fetched, Err(Error::TooLarge { bytes_max: 10, .. })), "{fetched:?}");
}

#[tokio::test]
async fn only_the_version_that_was_listed_is_fetched() {
    let (bucket, server) = bucket([refused("412 Precondition Failed", "PreconditionFailed")]).await;
    let changed = bucket.fetch(&object(Some("e-1")), 10).await.unwrap_err();
    assert!(matches!(changed, Error::Changed { .. }), "{changed:?}");
    assert!(server.asked.lock().unwrap()[1].to_lowercase().contains("if-match: \"e-1\""));
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    type Is = fn(&Error) -> bool;
    let cases: [(&str, &str, Is); 9] = [
        ("403 Forbidden", "AccessDenied", |error| matches!(error, Error::Denied { .. })),
        ("400 Bad Request", "KMS.DisabledException", |error| matches!(error, Error::Fetch { .. })),
        ("403 Forbidden", "InvalidObjectState", |error| matches!(error, Error::Archived { .. })),
        ("404 Not Found", "NoSuchKey", |error| matches!(error, Error::NotFound { what } if what == "s3://audit/a")),
        ("404 Not Found", "NoSuchBucket", |error| matches!(error, Error::NotFound { what } if what == "s3://audit")),
        ("400 Bad Request", "ExpiredToken", |error| matches!(error, Error::Credentials { .. })),
        ("400 Bad Request", "TokenRefreshRequired", |error| matches!(error, Error::Credentials { .. })),
        ("403 Forbidden", "SignatureDoesNotMatch", |error| matches!(error, Error::Credentials { .. })),
        ("503 Slow Down", "SlowDown", |error| matches!(error, Error::Fetch { .. })),
    ];
    for (status, code, is) in cases {
        let error = fetch([refused(status, code)]).await.0.unwrap_err();
        assert!(is(&error), "{code}: {error:?}");
        assert!(error.hint().is_some(), "{code}");
        if let Some(cause) = std::error::Error::source(&error) {
            assert!(cause.to_string().starts_with(&format!("{code}: no {code}")), "{cause}");
        }
    }
}

#[tokio::test]
async fn a_bucket_in_another_region_is_opened_there() {
    let region = "x-amz-bucket-region: eu-west-1\r\n";
    let moved = "<Error><Code>PermanentRedirect</Code></Error>";
    let told_at_once = vec![answer("301 Moved Permanently", region, moved), ok(EMPTY)];
    let told_by_the_head = vec![answer("301 Moved Permanently", "", moved), answer("403 Forbidden", region, ""), ok(EMPTY)];
    for script in [told_at_once, told_by_the_head] {
        let server = play(script).await;
        Bucket::new(client(&server), "s3://audit").await.unwrap();
        let asked = server.asked.lock().unwrap();
        assert!(asked.first().unwrap().contains("/us-east-1/s3/") && asked.last().unwrap().contains("/eu-west-1/s3/"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_may_not_be_listed_is_denied_at_once() {
    for spec in ["s3://audit", "s3://audit/p", "s3://audit/p/"] {
        let server = play(vec![refused("403 Forbidden", "AccessDenied")]).await;
        let denied = Bucket::new(client(&server), spec).await.unwrap_err();
        assert!(matches!(&denied, Error::Denied { what, .. } if what.starts_with(spec)), "{denied:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_cause() {
    let mut nobody = play(Vec::new()).await;
    nobody.endpoint = "http://127.0.0.1:1".to_owned();
    let error = Bucket::new(client(&nobody), "s3://audit").await.unwrap_err();
    assert!(matches!(error, Error::List { .. }), "{error:?}");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("refused"), "{error:?}");
}
