//! Listings of a server whose objects are files: only the folder of the prefix is walked.
//!
//! All else is the library's, which walks the whole bucket for each listing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

pub(crate) struct Folders {
    files: FileSystem,
    root: PathBuf,
}

impl Folders {
    pub(crate) fn new(root: &Path) -> Self {
        Self { files: FileSystem::new(root).unwrap(), root: root.to_owned() }
    }
}

/// What a listing has under a key: an object, or a common prefix.
type Found = BTreeMap<String, Option<Object>>;

macro_rules! s3 {
    ($($name:ident $input:ident $output:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Folders {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    self.files.$name(request).await
                }
            )*

            async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
                let bucket = self.root.join(&request.input.bucket);
                if !bucket.is_dir() {
                    return Err(s3_error!(NoSuchBucket));
                }
                Ok(S3Response::new(tokio::task::spawn_blocking(move || listed(&bucket, request.input)).await.unwrap()))
            }
        }
    };
}

s3! {
    abort_multipart_upload AbortMultipartUploadInput AbortMultipartUploadOutput;
    complete_multipart_upload CompleteMultipartUploadInput CompleteMultipartUploadOutput;
    copy_object CopyObjectInput CopyObjectOutput;
    create_multipart_upload CreateMultipartUploadInput CreateMultipartUploadOutput;
    delete_object DeleteObjectInput DeleteObjectOutput;
    delete_objects DeleteObjectsInput DeleteObjectsOutput;
    get_bucket_location GetBucketLocationInput GetBucketLocationOutput;
    get_object GetObjectInput GetObjectOutput;
    head_bucket HeadBucketInput HeadBucketOutput;
    head_object HeadObjectInput HeadObjectOutput;
    list_objects ListObjectsInput ListObjectsOutput;
    put_object PutObjectInput PutObjectOutput;
    upload_part UploadPartInput UploadPartOutput;
}

/// A page of a listing, in the order of UTF-8 bytes (S3 API Reference, ListObjectsV2).
fn listed(bucket: &Path, input: ListObjectsV2Input) -> ListObjectsV2Output {
    let prefix = input.prefix.clone().unwrap_or_default();
    assert!(input.delimiter.as_deref().is_none_or(|delimiter| delimiter == "/"), "no other delimiter is asked for");
    let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Found::new();
    walk(&bucket.join(folder), folder, &prefix, input.delimiter.is_none(), &mut found);
    let after = input.continuation_token.clone().max(input.start_after.clone());
    let most = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap();
    let mut rest = found.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let page: Vec<(String, Option<Object>)> = rest.by_ref().take(most).collect();
    let is_truncated = rest.next().is_some();
    let token = page.last().filter(|_| is_truncated).map(|(key, _)| key.clone());
    let (count, mut objects, mut prefixes) = (page.len(), Vec::new(), Vec::new());
    for (key, object) in page {
        match object {
            Some(object) => objects.push(object),
            None => prefixes.push(CommonPrefix { prefix: Some(key) }),
        }
    }
    ListObjectsV2Output {
        key_count: Some(i32::try_from(count).unwrap()),
        max_keys: Some(i32::try_from(most).unwrap()),
        is_truncated: Some(is_truncated),
        contents: Some(objects).filter(|objects| !objects.is_empty()),
        common_prefixes: Some(prefixes).filter(|prefixes| !prefixes.is_empty()),
        continuation_token: input.continuation_token,
        next_continuation_token: token,
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        prefix: input.prefix,
        start_after: input.start_after,
        ..ListObjectsV2Output::default()
    }
}

/// Adds what lies in a folder and begins with the prefix; what goes while it is walked is passed over.
fn walk(folder: &Path, name: &str, prefix: &str, deep: bool, found: &mut Found) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(file_name) = entry.file_name().into_string() else { continue };
        let key = if name.is_empty() { file_name } else { format!("{name}/{file_name}") };
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            let inner = format!("{key}/");
            if deep && (inner.starts_with(prefix) || prefix.starts_with(&inner)) {
                walk(&entry.path(), &key, prefix, deep, found);
            } else if !deep && inner.starts_with(prefix) && holds_files(&entry.path()) {
                found.insert(inner, None);
            }
        } else if key.starts_with(prefix) {
            let object = Object {
                key: Some(key.clone()),
                last_modified: metadata.modified().ok().map(Timestamp::from),
                size: i64::try_from(metadata.len()).ok(),
                ..Object::default()
            };
            found.insert(key, Some(object));
        }
    }
}

/// The files of deleted objects leave their folders behind: S3 knows no folders.
fn holds_files(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir() || holds_files(&entry.path())))
}
