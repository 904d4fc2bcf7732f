//! An S3 server in this process, on loopback, that checks signatures.
//!
//! In comes a folder: each folder in it is a bucket, each file below that an object. It stops when it is dropped.
//! Never leaves the machine. Lists without etags, and knows no If-Match.

#![allow(clippy::unwrap_used, dead_code, reason = "a test server; not every test that includes it uses all of it")]

mod folders;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use folders::Folders;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// User metadata of objects, by `/bucket/key`: the server itself cannot keep it of keys as long as CloudTrail's.
pub(crate) type Metadata = Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>;

/// Answers of CloudTrail's `ListPublicKeys`, in JSON, each given once; and what was asked.
#[derive(Default)]
pub(crate) struct PublicKeys {
    pub(crate) answers: VecDeque<String>,
    pub(crate) regions: Vec<String>,
}

/// What a server does to a request, or to its own answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answers so much later.
    Slow(std::time::Duration),
    /// Refuses, with this status and code.
    Refuse(u16, &'static str),
    /// Sends half of the body, and breaks off.
    Cut,
    /// Does what it is asked, and breaks off without a word.
    Lose,
    /// Leaves out of a listing what has this in its key.
    Stale(&'static str),
}

/// Says what is done to a request, by its method, its path and its query.
pub(crate) type Script = Box<dyn FnMut(&str, &str, &str) -> Option<Fault> + Send>;

/// A running server, and how to reach it.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`
    pub(crate) endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) metadata: Metadata,
    pub(crate) public_keys: Arc<Mutex<PublicKeys>>,
    pub(crate) script: Arc<Mutex<Option<Script>>>,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves the folders of `root` as buckets, on a port of its own.
pub(crate) async fn start(root: &Path) -> Server {
    let mut service = S3ServiceBuilder::new(Folders::new(root));
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let metadata = Metadata::default();
    let public_keys = Arc::<Mutex<PublicKeys>>::default();
    let script = Arc::<Mutex<Option<Script>>>::default();
    let (of_objects, keys, faults) = (Arc::clone(&metadata), Arc::clone(&public_keys), Arc::clone(&script));
    // The server looks whether there is an object, and then writes it: of two at once both would find none.
    let writing = Arc::new(tokio::sync::Mutex::new(()));
    let accepting = tokio::spawn(async move {
        let mut connections = JoinSet::new(); // dropped with this task, and all connections with it
        while let Ok((socket, _)) = listener.accept().await {
            // Head and body of an answer are written apart: else the second waits for the client's acknowledgement of the first.
            socket.set_nodelay(true).unwrap();
            let (service, of_objects, keys, faults) = (service.clone(), Arc::clone(&of_objects), Arc::clone(&keys), Arc::clone(&faults));
            let writing = Arc::clone(&writing);
            connections.spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let answer = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                    let told = of_objects.lock().unwrap().get(request.uri().path()).cloned().unwrap_or_default();
                    let asks_keys = request.headers().get("x-amz-target").is_some_and(|name| name == "CloudTrail_20131101.ListPublicKeys");
                    let answer = if asks_keys { next_answer(&keys, &request) } else { None };
                    let (method, uri) = (request.method().clone(), request.uri().clone());
                    let fault =
                        faults.lock().unwrap().as_mut().and_then(|script| script(method.as_str(), uri.path(), uri.query().unwrap_or("")));
                    let writing = request.headers().contains_key("if-none-match").then(|| Arc::clone(&writing));
                    let answered = hyper::service::Service::call(&service, request);
                    async move {
                        if let Some(answer) = answer {
                            return Ok(hyper::Response::new(s3s::Body::from(answer)));
                        }
                        let alone = match writing {
                            Some(writing) => Some(writing.lock_owned().await),
                            None => None,
                        };
                        let mut answered = match fault {
                            Some(Fault::Refuse(status, code)) => return Ok(refusal(status, code)),
                            Some(Fault::Slow(time)) => {
                                tokio::time::sleep(time).await;
                                answered.await?
                            }
                            Some(Fault::Lose) => {
                                answered.await?;
                                return Err(s3s::HttpError::new(Box::new(std::io::Error::other("lost"))));
                            }
                            Some(Fault::Cut) => cut(answered.await?).await,
                            Some(Fault::Stale(part)) => without(answered.await?, part).await,
                            None => answered.await?,
                        };
                        drop(alone);
                        if answered.status().is_success() {
                            for (name, value) in &told {
                                let name = HeaderName::from_bytes(format!("x-amz-meta-{name}").as_bytes()).unwrap();
                                answered.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
                            }
                        }
                        Ok::<_, s3s::HttpError>(answered)
                    }
                });
                let _ = server.serve_connection(TokioIo::new(socket), answer).await;
            });
        }
    });
    Server {
        endpoint,
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        metadata,
        public_keys,
        script,
        accepting: accepting.abort_handle(),
    }
}

/// The next of the answers that were given; notes the region for which the request is signed.
fn next_answer(keys: &Mutex<PublicKeys>, request: &hyper::Request<hyper::body::Incoming>) -> Option<String> {
    let mut keys = keys.lock().unwrap();
    let signed = request.headers().get("authorization")?.to_str().ok()?;
    keys.regions.push(signed.split('/').nth(2)?.to_owned());
    keys.answers.pop_front()
}

type Answer = hyper::Response<s3s::Body>;

/// Bytes of an answer that is changed, at most.
const CHANGED_BYTES_MAX: usize = 64 << 20;

fn refusal(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    hyper::Response::builder().status(status).header("content-type", "application/xml").body(s3s::Body::from(body)).unwrap()
}

/// Announces all of a body, and brings half of it.
async fn cut(mut answer: Answer) -> Answer {
    let body = answer.body_mut().store_all_limited(CHANGED_BYTES_MAX).await.unwrap();
    let half = body.slice(..body.len() / 2);
    let broken = futures::stream::iter([Ok(half), Err(std::io::Error::other("cut"))]);
    let length = HeaderValue::from(body.len());
    let mut answer = answer.map(|_| s3s::Body::from(s3s::dto::StreamingBlob::wrap(broken)));
    answer.headers_mut().insert("content-length", length);
    answer
}

/// A listing without the objects that have this in their keys.
async fn without(mut answer: Answer, part: &str) -> Answer {
    let body = answer.body_mut().store_all_limited(CHANGED_BYTES_MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let mut kept = String::new();
    let mut rest = text.as_str();
    while let Some((before, from)) = rest.split_once("<Contents>") {
        let (object, after) = from.split_once("</Contents>").unwrap();
        kept.push_str(before);
        if !object.contains(part) {
            kept.push_str(&format!("<Contents>{object}</Contents>"));
        }
        rest = after;
    }
    kept.push_str(rest);
    answer.headers_mut().remove("content-length");
    answer.map(|_| s3s::Body::from(kept))
}
