//! An S3 server in this process, on loopback, that checks signatures.
//!
//! In comes a folder: each folder in it is a bucket, each file below that an object. It stops when it is dropped.
//! Never leaves the machine. Lists without etags, and knows no If-Match.

#![allow(clippy::unwrap_used, dead_code, reason = "a test server; not every test that includes it uses all of it")]

use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A running server, and how to reach it.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`
    pub(crate) endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
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
    let accepting = tokio::spawn(async move {
        let mut connections = JoinSet::new(); // dropped with this task, and all connections with it
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            connections.spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    Server { endpoint, access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned(), accepting: accepting.abort_handle() }
}
