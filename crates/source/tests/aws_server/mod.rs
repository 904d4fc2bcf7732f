//! AWS's APIs in this process, on loopback, as far as they are asked for trails, event history and buckets' settings.
//!
//! In comes what an account has ([`Estate`]); requests come from the SDK itself, so that what is read and written here is held to its
//! models. Notes every request. It stops when it is dropped. Never leaves the machine, checks no signature.

#![allow(clippy::unwrap_used, dead_code, reason = "a test server; not every test that includes it uses all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use hyper::body::{Body as _, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// An account as AWS would show it.
#[derive(Default)]
pub(crate) struct Estate {
    pub(crate) account_id: String,
    /// Event history: a record, its time in seconds, and the names that AWS lists it under.
    pub(crate) history: Vec<Past>,
    /// Requests of event history that are refused next, for being too many.
    pub(crate) throttled: usize,
    /// Operations that the caller may not use, as `LookupEvents` or `GET /bucket?versioning`.
    pub(crate) denied: BTreeSet<String>,
    /// Whether credentials have expired.
    pub(crate) is_expired: bool,
    /// Answers of JSON operations by name.
    pub(crate) answers: BTreeMap<String, Value>,
    /// Answers of S3, as `GET /bucket?versioning`; what is not there is answered with 404 and the code that S3 has for it.
    pub(crate) settings: BTreeMap<String, String>,
    /// Objects, by `bucket/key`.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// The header `Date`; the real time without it.
    pub(crate) date: Option<String>,
    /// What was asked, in order.
    pub(crate) asked: Vec<Asked>,
    /// Called at each request of event history, before it is answered.
    pub(crate) on_lookup: Option<Box<dyn FnMut() + Send>>,
}

/// An event of the history.
#[derive(Clone)]
pub(crate) struct Past {
    pub(crate) record: Value,
    pub(crate) seconds: i64,
    pub(crate) username: String,
    pub(crate) resources: Vec<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// `LookupEvents`, `GetCallerIdentity`, or `GET /bucket?list-type`.
    pub(crate) operation: String,
    /// The region that it is signed for.
    pub(crate) aws_region: String,
    /// Its JSON; null otherwise.
    pub(crate) body: Value,
}

/// A running server, and how to reach it.
pub(crate) struct AwsServer {
    /// `http://127.0.0.1:port`
    pub(crate) endpoint: String,
    pub(crate) estate: Arc<Mutex<Estate>>,
    accepting: AbortHandle,
}

impl Drop for AwsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl AwsServer {
    /// How often an operation was asked for.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.estate.lock().unwrap().asked.iter().filter(|asked| asked.operation == operation).count()
    }

    /// What event history was asked for: attribute and value, empty for all events.
    pub(crate) fn lookups(&self) -> Vec<(String, String)> {
        let estate = self.estate.lock().unwrap();
        let lookups = estate.asked.iter().filter(|asked| asked.operation == "LookupEvents");
        lookups.map(|asked| attribute(&asked.body)).collect()
    }
}

struct Answer {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn ok(body: impl Into<Vec<u8>>) -> Self {
        Answer { status: 200, body: body.into(), headers: Vec::new() }
    }

    fn refused(status: u16, code: &str, is_json: bool) -> Self {
        let body = if is_json {
            json!({"__type": code, "message": "refused by the test's server"}).to_string()
        } else {
            format!("<Error><Code>{code}</Code><Message>refused by the test's server</Message></Error>")
        };
        Answer { status, body: body.into_bytes(), headers: Vec::new() }
    }
}

/// Serves an account, on a port of its own.
pub(crate) async fn start(estate: Estate) -> AwsServer {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let estate = Arc::new(Mutex::new(estate));
    let shared = Arc::clone(&estate);
    let accepting = tokio::spawn(async move {
        let mut connections = JoinSet::new(); // dropped with this task, and all connections with it
        while let Ok((socket, _)) = listener.accept().await {
            let estate = Arc::clone(&shared);
            connections.spawn(async move {
                let answer = service_fn(|request: Request<Incoming>| {
                    let estate = Arc::clone(&estate);
                    async move { Ok::<_, std::convert::Infallible>(respond(&estate, request).await) }
                });
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
            });
        }
    });
    AwsServer { endpoint, estate, accepting: accepting.abort_handle() }
}

async fn respond(estate: &Mutex<Estate>, request: Request<Incoming>) -> Response<s3s::Body> {
    let (parts, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.unwrap().into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let target = header("x-amz-target");
    let aws_region = header("authorization").split('/').nth(2).unwrap_or_default().to_owned();
    let mut estate = estate.lock().unwrap();
    let form = String::from_utf8_lossy(&bytes).into_owned();
    let (operation, is_json) = if !target.is_empty() {
        (target.rsplit('.').next().unwrap().to_owned(), true)
    } else if form.contains("Action=GetCallerIdentity") {
        ("GetCallerIdentity".to_owned(), false)
    } else {
        let first = parts.uri.query().unwrap_or_default().split(['=', '&']).next().unwrap_or_default().to_owned();
        let first = if parts.uri.query().is_some_and(|query| query.contains("list-type=2")) { "list-type".to_owned() } else { first };
        let first = if first.is_empty() || first == "x-id" { String::new() } else { format!("?{first}") };
        (format!("{} {}{first}", parts.method, parts.uri.path().trim_end_matches('/')), false)
    };
    let body: Value = if is_json { serde_json::from_slice(&bytes).unwrap_or_default() } else { Value::Null };
    estate.asked.push(Asked { operation: operation.clone(), aws_region, body: body.clone() });
    let answer = if estate.is_expired && operation == "GetCallerIdentity" {
        let error = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>";
        Answer { status: 403, body: error.into(), headers: Vec::new() }
    } else if estate.is_expired {
        Answer::refused(if is_json { 400 } else { 403 }, "ExpiredTokenException", is_json)
    } else if estate.denied.contains(&operation) {
        Answer::refused(if is_json { 400 } else { 403 }, if is_json { "AccessDeniedException" } else { "AccessDenied" }, is_json)
    } else if operation == "LookupEvents" {
        lookup(&mut estate, &body)
    } else if operation == "GetCallerIdentity" {
        Answer::ok(caller(&estate.account_id))
    } else if is_json {
        match estate.answers.get(&operation) {
            Some(answer) => Answer::ok(answer.to_string()),
            None if operation == "GetDocument" => Answer::refused(400, "InvalidDocument", true),
            None => Answer::refused(400, "UnknownOperationException", true),
        }
    } else {
        s3(&estate, &operation, parts.uri.path(), parts.uri.query().unwrap_or_default())
    };
    let mut response = Response::new(s3s::Body::from(bytes::Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    let date = estate.date.clone().map(|date| ("date", date));
    for (name, value) in answer.headers.into_iter().chain(date) {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
    }
    response
}

fn caller(account_id: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:sts::{account_id}:assumed-role/Auditor/tanaka</Arn><UserId>AROAEXAMPLE:tanaka</UserId><Account>{account_id}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

fn attribute(body: &Value) -> (String, String) {
    let attribute = &body["LookupAttributes"][0];
    let text = |name: &str| attribute[name].as_str().unwrap_or_default().to_owned();
    (text("AttributeKey"), text("AttributeValue"))
}

/// As documented: newest first, one attribute, both ends included, 50 a page at most.
fn lookup(estate: &mut Estate, body: &Value) -> Answer {
    if let Some(on_lookup) = &mut estate.on_lookup {
        on_lookup();
    }
    if estate.throttled > 0 {
        estate.throttled -= 1;
        return Answer::refused(400, "ThrottlingException", true);
    }
    let (key, value) = attribute(body);
    let bound = |name: &str, default: f64| body[name].as_f64().unwrap_or(default);
    let (from, until) = (bound("StartTime", 0.0), bound("EndTime", f64::MAX));
    let fits = |past: &&Past| {
        let found = match key.as_str() {
            "" => true,
            "ResourceName" => past.resources.contains(&value),
            "EventId" => past.record["eventID"] == value.as_str(),
            "AccessKeyId" => past.record["userIdentity"]["accessKeyId"] == value.as_str(),
            "EventName" => past.record["eventName"] == value.as_str(),
            "Username" => past.username == value,
            other => panic!("no attribute of LookupEvents: {other}"),
        };
        found && (from..=until).contains(&(past.seconds as f64))
    };
    let mut found: Vec<&Past> = estate.history.iter().filter(fits).collect();
    found.sort_by_key(|past| -past.seconds);
    let start: usize = body["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let size = body["MaxResults"].as_u64().unwrap_or(50).min(50) as usize;
    let events: Vec<Value> = found.iter().skip(start).take(size).map(|past| event(past)).collect();
    let mut page = json!({"Events": events});
    if start + size < found.len() {
        page["NextToken"] = (start + size).to_string().into();
    }
    Answer::ok(page.to_string())
}

fn event(past: &Past) -> Value {
    json!({
        "EventId": past.record["eventID"], "EventName": past.record["eventName"], "EventSource": past.record["eventSource"],
        "ReadOnly": past.record["readOnly"].to_string(), "AccessKeyId": past.record["userIdentity"]["accessKeyId"],
        "EventTime": past.seconds, "Username": past.username,
        "Resources": past.resources.iter().map(|name| json!({"ResourceType": "AWS::Any::Thing", "ResourceName": name})).collect::<Vec<_>>(),
        "CloudTrailEvent": past.record.to_string(),
    })
}

fn s3(estate: &Estate, operation: &str, path: &str, query: &str) -> Answer {
    if let Some(found) = estate.settings.get(operation) {
        return Answer::ok(found.as_str());
    }
    let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let there = estate.objects.keys().any(|held| held.starts_with(&format!("{bucket}/")));
    if operation.starts_with("HEAD") {
        let headers = vec![("x-amz-bucket-region", "ap-northeast-1".to_owned())];
        return Answer { status: if there { 200 } else { 404 }, body: Vec::new(), headers };
    }
    if operation.ends_with("?list-type") {
        return if there { Answer::ok(listing(estate, bucket, query)) } else { Answer::refused(404, "NoSuchBucket", false) };
    }
    let absent = match operation.rsplit('?').next().unwrap() {
        "versioning" => return Answer::ok("<VersioningConfiguration/>"),
        "object-lock" => "ObjectLockConfigurationNotFoundError",
        "publicAccessBlock" => "NoSuchPublicAccessBlockConfiguration",
        "policy" => "NoSuchBucketPolicy",
        _ => "NoSuchKey",
    };
    match estate.objects.get(&format!("{bucket}/{}", decoded(key))).filter(|_| absent == "NoSuchKey") {
        Some(body) => Answer::ok(body.clone()),
        None => Answer::refused(404, absent, false),
    }
}

fn listing(estate: &Estate, bucket: &str, query: &str) -> String {
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(decoded).unwrap_or_default();
    let (prefix, delimiter) = (parameter("prefix"), parameter("delimiter"));
    let most: usize = parameter("max-keys").parse().unwrap_or(1_000);
    let (mut keys, mut folders) = (String::new(), BTreeSet::new());
    let mut count = 0;
    for (held, body) in &estate.objects {
        let Some(key) = held.strip_prefix(&format!("{bucket}/")).filter(|key| key.starts_with(&prefix)) else { continue };
        match key[prefix.len()..].find('/').filter(|_| !delimiter.is_empty()) {
            Some(at) => {
                folders.insert(key[..prefix.len() + at + 1].to_owned());
            }
            None if count < most => {
                count += 1;
                let _ = write!(keys, "<Contents><Key>{key}</Key><Size>{}</Size></Contents>", body.len());
            }
            None => {}
        }
    }
    let folders: String = folders.iter().map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")).collect();
    format!(
        "<ListBucketResult><Name>{bucket}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>{keys}{folders}</ListBucketResult>"
    )
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}
