//! A bucket by its folders: one level of them, or the objects between two keys.
//!
//! Folders are what S3 makes of keys at their `/` (S3 API Reference, ListObjectsV2, `delimiter` and `start-after`).

use aws_sdk_s3::types::EncodingType;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use crate::bucket::{Bucket, Position, decode, is_folder};
use crate::{Error, Listed, Result};

/// Keys of a bucket that are listed together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// What every key begins with.
    pub prefix: String,
    /// Only keys after this one, in the order of their bytes.
    pub after: Option<String>,
    /// Only keys before this one.
    pub before: Option<String>,
}

/// What lies in a folder, without what lies deeper.
#[derive(Debug, Default)]
pub struct Level {
    /// Paths of its folders from the bucket's root, each ending in `/`.
    pub folders: Vec<String>,
    /// Its own objects; an error among them is one whose name cannot be read.
    pub objects: Vec<Result<Listed>>,
    /// Whether that is all: a folder of more entries than were asked for is left.
    pub whole: bool,
}

/// One page of a listing, as it is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) after: Option<&'a str>,
    pub(crate) token: Option<String>,
    pub(crate) keys_max: Option<i32>,
    /// Whether what lies deeper is told by its folder alone.
    pub(crate) folders: bool,
}

impl<'a> Ask<'a> {
    pub(crate) fn below(prefix: &'a str) -> Self {
        Self { prefix, ..Self::default() }
    }
}

impl Bucket {
    /// The objects of a range, in the byte order of their keys, a page at a time. After a page that cannot be listed comes an error, and
    /// nothing more.
    pub fn list_range(&self, range: Range) -> BoxStream<'_, Result<Listed>> {
        let pages = stream::unfold(Some((range, Position::default())), async |at| {
            let (range, position) = at?;
            let (bucket, prefix) = (self.clone(), range.prefix.clone());
            // A request that nobody polled while what was listed is read would be out of time when it is looked at again.
            let page = tokio::spawn(async move {
                let (listed, next) = bucket.step(&range, position).await;
                (listed, next.map(|position| (range, position)))
            });
            Some(page.await.unwrap_or_else(|_| (vec![Err(self.broken_below(&prefix, "the listing was broken off"))], None)))
        });
        pages.flat_map(stream::iter).boxed()
    }

    /// One level of a folder (a path that ends in `/`, or the bucket's root), up to about so many entries.
    ///
    /// # Errors
    /// Where it cannot be listed.
    pub async fn level(&self, folder: &str, entries_max: usize) -> Result<Level> {
        let mut level = Level::default();
        let mut token = None;
        loop {
            let ask = Ask { token: token.clone(), folders: true, ..Ask::below(folder) };
            let page = self.page(&ask).await.map_err(|error| self.failed_below(folder, &error))?;
            let encoded = page.encoding_type() == Some(&EncodingType::Url);
            for prefix in page.common_prefixes().iter().filter_map(|prefix| prefix.prefix()) {
                match if encoded { decode(prefix) } else { Ok(prefix.to_owned()) } {
                    Ok(prefix) if level.folders.last() != Some(&prefix) => level.folders.push(prefix),
                    Ok(_) => {}
                    Err(shown) => {
                        level.objects.push(Err(Error::Skipped { uri: self.uri(&shown), why: "the folder's name is not UTF-8" }));
                    }
                }
            }
            let objects = page.contents().iter().map(|object| self.listed(object, encoded));
            level.objects.extend(objects.filter(|object| !object.as_ref().is_ok_and(is_folder)));
            match page.next_continuation_token {
                None if page.is_truncated == Some(true) => {
                    return Err(self.broken_below(folder, "S3 says that there is more, but not where to go on"));
                }
                None => {
                    level.whole = true;
                    return Ok(level);
                }
                next if next == token => return Err(self.broken_below(folder, "S3 gives the same page again and again")),
                next => token = next,
            }
            if level.folders.len() + level.objects.len() >= entries_max {
                return Ok(level);
            }
        }
    }
}
