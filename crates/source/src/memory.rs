//! A source that is a list of keys and bytes: for `demo` and for tests. Never touches a disk or a network.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::{Error, Listed, Object, Result, Source};

/// Objects held in memory; each is known as `memory://name/key`.
#[derive(Debug, Clone)]
pub struct Memory {
    name: String,
    objects: BTreeMap<String, Bytes>,
}

impl Memory {
    /// Of two objects with one key the later one stays.
    pub fn new<K: Into<String>, B: Into<Bytes>>(name: impl Into<String>, objects: impl IntoIterator<Item = (K, B)>) -> Memory {
        Memory { name: name.into(), objects: objects.into_iter().map(|(key, bytes)| (key.into(), bytes.into())).collect() }
    }

    fn uri(&self, key: &str) -> String {
        format!("memory://{}/{key}", self.name)
    }
}

#[async_trait]
impl Source for Memory {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<BoxStream<'_, Result<Listed>>> {
        let listed = |(key, bytes): (&String, &Bytes)| {
            Ok(Listed { uri: self.uri(key), key: key.clone(), size: bytes.len() as u64, etag: None, modified: None })
        };
        Ok(stream::iter(self.objects.iter().map(listed)).boxed())
    }

    fn prefix(&self) -> Option<String> {
        Some(self.uri(""))
    }

    async fn fetch_object(&self, listed: &Listed, bytes_max: u64) -> Result<Object> {
        Ok(Object { bytes: self.fetch(listed, bytes_max).await?, metadata: BTreeMap::new() })
    }

    async fn fetch(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes> {
        match self.objects.get(&listed.key) {
            None => Err(Error::NotFound { what: self.uri(&listed.key) }),
            Some(bytes) if bytes.len() as u64 > bytes_max => Err(Error::TooLarge { uri: self.uri(&listed.key), bytes_max }),
            Some(bytes) => Ok(bytes.clone()),
        }
    }
}
