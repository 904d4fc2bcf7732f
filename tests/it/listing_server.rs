//! An S3 server of many objects, on loopback: lists as S3 does, by prefix, delimiter, start and pages, in time that goes with the answer and
//! not with the bucket. Checks no signatures. Counts what it is asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;

use crate::support::gzip;

/// Keys of a page, as S3 has it.
const PAGE: usize = 1_000;
/// Bytes of an object without records, as it is listed.
pub(crate) const EMPTY_SIZE: usize = 35;
/// Whom STS makes of those who assume a role.
pub(crate) const ROLE_KEY: &str = "ASIAROLEXXXXXEXAMPLE";

/// An object: its body, or an object without records.
#[derive(Clone, Default)]
pub(crate) struct Stored {
    pub(crate) body: Option<Arc<[u8]>>,
    /// Part of its ETag: another one is another version.
    pub(crate) version: u32,
}

/// What a server holds and was asked.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) objects: BTreeMap<String, Stored>,
    /// Queries of listings, as they came.
    pub(crate) listings: Vec<String>,
    /// Access keys that requests of S3 were signed with.
    pub(crate) signers: std::collections::BTreeSet<String>,
    /// Forms of `AssumeRole` that came.
    pub(crate) assumed: Vec<String>,
    /// Keys that were fetched.
    pub(crate) fetched: Vec<String>,
    /// Listings of these prefixes, and objects of which the key holds one, are refused with that status.
    pub(crate) refused: Vec<(String, u16)>,
    /// After so many objects, answer no more, and say so.
    pub(crate) hangs_after: Option<(usize, std::sync::mpsc::Sender<()>)>,
}

/// A server, and the runtime that it lives in.
pub(crate) struct ListingServer {
    pub(crate) endpoint: String,
    pub(crate) state: Arc<Mutex<State>>,
    _runtime: tokio::runtime::Runtime,
}

impl ListingServer {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let empty: Arc<[u8]> = gzip(br#"{"Records":[]}"#).into();
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (state, empty) = (Arc::clone(&shared), Arc::clone(&empty));
                tokio::spawn(async move {
                    let answer = service_fn(|request: Request<hyper::body::Incoming>| {
                        let state = Arc::clone(&state);
                        let empty = Arc::clone(&empty);
                        async move {
                            if request.method() == hyper::Method::POST {
                                let form = s3s::Body::from(request.into_body()).store_all_limited(1 << 20).await.unwrap();
                                state.lock().unwrap().assumed.push(url_parts::decoded(std::str::from_utf8(&form).unwrap()));
                                return Ok(Response::new(s3s::Body::from(assumed_role())));
                            }
                            let answer = answer(&state, &empty, &request);
                            match answer {
                                Some(answer) => Ok::<_, std::convert::Infallible>(answer),
                                None => std::future::pending().await,
                            }
                        }
                    });
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
                });
            }
        });
        Self { endpoint, state, _runtime: runtime }
    }

    pub(crate) fn put(&self, key: &str, body: Option<Vec<u8>>) {
        let mut state = self.state.lock().unwrap();
        let version = state.objects.get(key).map_or(0, |stored| stored.version + 1);
        state.objects.insert(key.to_owned(), Stored { body: body.map(Into::into), version });
    }

    /// Forgets what was asked, and gives it back: queries of listings, and keys that were fetched.
    pub(crate) fn asked(&self) -> (Vec<String>, Vec<String>) {
        let mut state = self.state.lock().unwrap();
        (std::mem::take(&mut state.listings), std::mem::take(&mut state.fetched))
    }
}

fn assumed_role() -> String {
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>{ROLE_KEY}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROAREADXXXXXEXAMPLE:whodid</AssumedRoleId><Arn>arn:aws:sts::444455556666:assumed-role/whodid-read/whodid</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
    )
}

fn answer(state: &Mutex<State>, empty: &Arc<[u8]>, request: &Request<hyper::body::Incoming>) -> Option<Response<s3s::Body>> {
    let mut state = state.lock().unwrap();
    let uri = url_parts::Parts::of(request.uri());
    let signed = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    state.signers.extend(signed.and_then(|value| value.split(['=', '/']).nth(1)).map(str::to_owned));
    let respond = |status: u16, etag: Option<&str>, body: Vec<u8>| {
        let mut response = Response::builder().status(status);
        if let Some(etag) = etag {
            response = response.header("etag", format!("\"{etag}\""));
        }
        Some(response.body(s3s::Body::from(body)).unwrap())
    };
    let refused =
        state.refused.iter().find(|(part, _)| uri.key.contains(part) || uri.get("prefix").is_some_and(|prefix| prefix.contains(part)));
    if let Some((_, status)) = refused {
        return respond(*status, None, b"<Error><Code>InternalError</Code><Message>scripted</Message></Error>".to_vec());
    }
    if uri.key.is_empty() {
        state.listings.push(uri.query.clone());
        return respond(200, None, list(&state.objects, &uri).into_bytes());
    }
    if let Some((_, hung)) = state.hangs_after.as_ref().filter(|(count, _)| state.fetched.len() >= *count) {
        // Whoever waits for it hears it once.
        let _ = hung.send(());
        return None;
    }
    let Some(stored) = state.objects.get(&uri.key).cloned() else {
        return respond(404, None, b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
    };
    state.fetched.push(uri.key.clone());
    let body = stored.body.as_ref().unwrap_or(empty);
    respond(200, Some(&etag(&uri.key, stored.version)), body.to_vec())
}

pub(crate) fn etag(key: &str, version: u32) -> String {
    format!(
        "{:016x}{version:016x}",
        key.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    )
}

fn list(objects: &BTreeMap<String, Stored>, uri: &url_parts::Parts) -> String {
    let prefix = uri.get("prefix").unwrap_or_default();
    let after = uri.get("continuation-token").or_else(|| uri.get("start-after"));
    let delimiter = uri.get("delimiter").is_some();
    let keys_max = uri.get("max-keys").map_or(PAGE, |keys| keys.parse::<usize>().unwrap().min(PAGE));
    let mut from = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix.clone()),
    };
    let (mut contents, mut count, mut last, mut more) = (String::new(), 0, String::new(), false);
    while let Some((key, stored)) = objects.range((from.clone(), Bound::Unbounded)).next().filter(|(key, _)| key.starts_with(&prefix)) {
        if count == keys_max {
            more = true;
            break;
        }
        count += 1;
        let folder = delimiter.then(|| key[prefix.len()..].find('/')).flatten().map(|at| &key[..prefix.len() + at + 1]);
        match folder {
            Some(folder) => {
                write!(contents, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>").unwrap();
                // What begins with the folder is passed over: `0` follows `/`.
                last = format!("{}0", &folder[..folder.len() - 1]);
                from = Bound::Included(last.clone());
                last = format!("{folder}\u{10ffff}");
            }
            None => {
                let size = stored.body.as_ref().map_or(EMPTY_SIZE, |body| body.len());
                write!(
                    contents,
                    "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>&quot;{}&quot;</ETag><LastModified>2026-11-18T05:02:11.000Z</LastModified></Contents>",
                    etag(key, stored.version)
                )
                .unwrap();
                last.clone_from(key);
                from = Bound::Excluded(last.clone());
            }
        }
    }
    let token = if more { format!("<NextContinuationToken>{last}</NextContinuationToken>") } else { String::new() };
    format!("<ListBucketResult><KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>{token}{contents}</ListBucketResult>")
}

/// Path and query of a request, decoded.
mod url_parts {
    pub(crate) struct Parts {
        pub(crate) key: String,
        pub(crate) query: String,
        values: Vec<(String, String)>,
    }

    impl Parts {
        pub(crate) fn of(uri: &hyper::Uri) -> Self {
            let path = uri.path().trim_start_matches('/');
            let key = decoded(path.split_once('/').map_or("", |(_, key)| key));
            let query = uri.query().unwrap_or("");
            let values = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), decoded(value)));
            Self { key, query: decoded(query), values: values.collect() }
        }

        pub(crate) fn get(&self, name: &str) -> Option<String> {
            self.values.iter().find(|(held, _)| held == name).map(|(_, value)| value.clone())
        }
    }

    pub(crate) fn decoded(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                }
                b'+' => bytes.push(b' '),
                other => bytes.push(other),
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}
