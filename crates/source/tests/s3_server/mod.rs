//! An S3 server in this process, on loopback, that checks signatures.
//!
//! In comes a folder: each folder in it is a bucket, each file below that an object. It stops when it is dropped.
//! Never leaves the machine. Lists without etags, and knows no If-Match.

#![allow(clippy::unwrap_used, dead_code, reason = "a test server; not every test that includes it uses all of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// User metadata of objects, by `/bucket/key`: the server itself cannot keep it of keys as long as CloudTrail's.
pub(crate) type Metadata = Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>;

/// A running server, and how to reach it.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`
    pub(crate) endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) metadata: Metadata,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves the folders of `root` as buckets, on a port of its own.
pub(crate) async fn start(root: &Path) -> Server {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let metadata = Metadata::default();
    let of_objects = Arc::clone(&metadata);
    let accepting = tokio::spawn(async move {
        let mut connections = JoinSet::new(); // dropped with this task, and all connections with it
        while let Ok((socket, _)) = listener.accept().await {
            let (service, of_objects) = (service.clone(), Arc::clone(&of_objects));
            connections.spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let answer = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                    let told = of_objects.lock().unwrap().get(request.uri().path()).cloned().unwrap_or_default();
                    let answered = hyper::service::Service::call(&service, request);
                    async move {
                        let mut answered = answered.await?;
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
    Server { endpoint, access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned(), metadata, accepting: accepting.abort_handle() }
}
