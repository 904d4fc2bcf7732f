//! What an account has that matters here: its trails, their bucket, where logs of sessions go, and how all that is protected.
//!
//! In come the caller's credentials and a region; out come facts, each asked for on its own, so that one permission that is missing hides
//! one thing. Never judges them, never changes anything.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_cloudtrail::config::Region;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{BucketVersioningStatus, ObjectLockEnabled};
use serde_json::Value;

use crate::caller::{Caller, caller};
use crate::connect::config;
use crate::fault::{Cause, classify_call, region_header};
use crate::{Bucket, Error, Listed, Options, Result, Source as _, aws_time};

/// Pages of one listing of folders, at most: 1,000 folders each.
pub const LAYOUT_PAGES_MAX: usize = 20;
/// Accounts of a bucket whose regions are looked at; the others are counted.
pub const LAYOUT_ACCOUNTS_MAX: usize = 5;

/// The document that holds an account's preferences for sessions (Systems Manager User Guide, "Update Session Manager preferences").
const PREFERENCES: &str = "SSM-SessionManagerRunShell";

/// A trail (CloudTrail API Reference, Trail).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Where it is kept, and where its state is asked for.
    pub home_region: String,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs/` there, without slashes around it.
    pub prefix: String,
    /// The key that encrypts its files.
    pub kms_key_id: Option<String>,
    /// The log group that it delivers to as well.
    pub log_group_arn: Option<String>,
    /// Whether it covers all regions.
    pub is_multi_region: bool,
    /// Whether it covers the organisation.
    pub is_organization: bool,
    /// Whether it has digests.
    pub is_validated: bool,
    /// Whether it records calls to global services.
    pub has_global_services: bool,
}

impl Trail {
    /// Where its logs lie: `s3://BUCKET/PREFIX/AWSLogs/`.
    pub fn address(&self) -> String {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        format!("s3://{}/{prefix}AWSLogs/", self.bucket)
    }
}

/// Whether a trail delivers (CloudTrail API Reference, GetTrailStatus). Times are microseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailStatus {
    /// Whether it records.
    pub is_logging: bool,
    /// When it last put a log.
    pub last_delivery: Option<i64>,
    /// What S3 said to the last attempt, where that failed.
    pub delivery_error: Option<String>,
    /// When it last put a digest.
    pub last_digest: Option<i64>,
    /// What S3 said to the last attempt at one, where that failed.
    pub digest_error: Option<String>,
}

/// What a trail records (CloudTrail API Reference, GetEventSelectors).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Management calls that change something.
    pub management_writes: bool,
    /// Management calls that read.
    pub management_reads: bool,
    /// Any calls on data.
    pub data: bool,
}

/// Where an account's logs of sessions go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionPreferences {
    /// Bucket for transcripts.
    pub bucket: Option<String>,
    /// What stands before them there.
    pub prefix: Option<String>,
    /// Log group for transcripts.
    pub log_group: Option<String>,
    /// Whether that gets them while the session runs.
    pub is_streamed: bool,
}

/// What lies in a trail's bucket, by its folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// `o-…`.
    pub organization_ids: BTreeSet<String>,
    /// Accounts that have a folder.
    pub account_ids: BTreeSet<String>,
    /// Regions of the first [`LAYOUT_ACCOUNTS_MAX`] accounts.
    pub aws_regions: BTreeSet<String>,
    /// Whether any of these has a folder of digests.
    pub has_digests: bool,
    /// Folders of logs, each of an account and region, of these accounts.
    pub log_folders: Vec<String>,
}

/// How a bucket is protected. Each part is asked for on its own.
#[derive(Debug)]
pub struct Posture {
    /// Whether versions are kept.
    pub versioning: Result<bool>,
    /// The default retention of Object Lock (`GOVERNANCE` or `COMPLIANCE`), or that it is on without one; `None` where it is off.
    pub object_lock: Result<Option<String>>,
    /// Whether all four parts of the public access block are on.
    pub blocks_public: Result<bool>,
    /// The bucket's policy, if it has one.
    pub policy: Result<Option<String>>,
}

/// An account, in the eyes of the caller.
#[derive(Debug)]
pub struct Account {
    shared: SdkConfig,
    options: Options,
}

impl Account {
    /// Nothing is asked yet.
    pub async fn open(options: &Options) -> Self {
        Self { shared: config(options).await, options: options.clone() }
    }

    /// The region that is asked.
    pub fn aws_region(&self) -> String {
        self.shared.region().map(ToString::to_string).unwrap_or_default()
    }

    fn profile(&self) -> Option<&str> {
        self.options.profile.as_deref()
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`Error::Credentials`] where there are no credentials that hold; as of every request to AWS.
    pub async fn caller(&self) -> Result<Caller> {
        caller(&self.shared, self.profile()).await
    }

    fn cloudtrail(&self, aws_region: &str) -> aws_sdk_cloudtrail::Client {
        let builder = aws_sdk_cloudtrail::config::Builder::from(&self.shared);
        let region = (!aws_region.is_empty()).then(|| Region::new(aws_region.to_owned()));
        aws_sdk_cloudtrail::Client::from_conf(match region {
            Some(region) => builder.region(region).build(),
            None => builder.build(),
        })
    }

    /// The trails of the account, those of other regions and of its organisation among them.
    ///
    /// # Errors
    /// As of every request to AWS.
    pub async fn trails(&self) -> Result<Vec<Trail>> {
        let asked = self.cloudtrail("").describe_trails().include_shadow_trails(true).send().await;
        let found = asked.map_err(|error| classify_call(&error, "the trails", "cloudtrail:DescribeTrails", self.profile()))?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let trails = found.trail_list().iter().map(|trail| Trail {
            name: text(trail.name()),
            arn: text(trail.trail_arn()),
            home_region: text(trail.home_region()),
            bucket: text(trail.s3_bucket_name()),
            prefix: text(trail.s3_key_prefix()).trim_matches('/').to_owned(),
            kms_key_id: trail.kms_key_id().map(str::to_owned),
            log_group_arn: trail.cloud_watch_logs_log_group_arn().map(str::to_owned),
            is_multi_region: trail.is_multi_region_trail().unwrap_or_default(),
            is_organization: trail.is_organization_trail().unwrap_or_default(),
            is_validated: trail.log_file_validation_enabled().unwrap_or_default(),
            has_global_services: trail.include_global_service_events().unwrap_or_default(),
        });
        Ok(trails.collect())
    }

    /// Whether a trail delivers.
    ///
    /// # Errors
    /// As of every request to AWS.
    pub async fn trail_status(&self, trail: &Trail) -> Result<TrailStatus> {
        let asked = self.cloudtrail(&trail.home_region).get_trail_status().name(&trail.arn).send().await;
        let what = format!("the state of trail {}", trail.name);
        let status = asked.map_err(|error| classify_call(&error, &what, "cloudtrail:GetTrailStatus", self.profile()))?;
        let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(TrailStatus {
            is_logging: status.is_logging().unwrap_or_default(),
            last_delivery: status.latest_delivery_time().and_then(aws_time::micros),
            delivery_error: said(status.latest_delivery_error()),
            last_digest: status.latest_digest_delivery_time().and_then(aws_time::micros),
            digest_error: said(status.latest_digest_delivery_error()),
        })
    }

    /// What a trail records.
    ///
    /// # Errors
    /// As of every request to AWS.
    pub async fn recorded(&self, trail: &Trail) -> Result<Recorded> {
        let asked = self.cloudtrail(&trail.home_region).get_event_selectors().trail_name(&trail.arn).send().await;
        let what = format!("the event selectors of trail {}", trail.name);
        let found = asked.map_err(|error| classify_call(&error, &what, "cloudtrail:GetEventSelectors", self.profile()))?;
        let mut recorded = Recorded::default();
        for selector in found.event_selectors() {
            let kind = selector.read_write_type().map_or("All", |kind| kind.as_str());
            let management = selector.include_management_events().unwrap_or(true);
            recorded.management_writes |= management && kind != "ReadOnly";
            recorded.management_reads |= management && kind != "WriteOnly";
            recorded.data |= !selector.data_resources().is_empty();
        }
        for selector in found.advanced_event_selectors() {
            let is = |name: &str, value: &str| {
                let mut fields = selector.field_selectors().iter().filter(|field| field.field() == name);
                fields.any(|field| field.equals().iter().any(|held| held == value))
            };
            let management = is("eventCategory", "Management");
            recorded.management_writes |= management && !is("readOnly", "true");
            recorded.management_reads |= management && !is("readOnly", "false");
            recorded.data |= is("eventCategory", "Data");
        }
        Ok(recorded)
    }

    /// Where logs of sessions go in this account and region; `None` where nobody ever said.
    ///
    /// # Errors
    /// As of every request to AWS; [`Error::Call`] where what is there cannot be understood.
    pub async fn session_preferences(&self) -> Result<Option<SessionPreferences>> {
        let what = "where logs of sessions go (the document SSM-SessionManagerRunShell)";
        let asked = aws_sdk_ssm::Client::new(&self.shared).get_document().name(PREFERENCES).send().await;
        let found = match asked {
            Ok(found) => found,
            Err(error) if error.code() == Some("InvalidDocument") => return Ok(None),
            Err(error) => return Err(classify_call(&error, what, "ssm:GetDocument", self.profile())),
        };
        let document: Value = serde_json::from_str(found.content().unwrap_or_default())
            .map_err(|error| Error::Call { what: what.to_owned(), source: Cause::chain(&error) })?;
        let inputs = document.get("inputs").cloned().unwrap_or_default();
        let text = |name: &str| inputs.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Some(SessionPreferences {
            bucket: text("s3BucketName"),
            prefix: text("s3KeyPrefix"),
            log_group: text("cloudWatchLogGroupName"),
            is_streamed: inputs.get("cloudWatchStreamingEnabled").and_then(Value::as_bool).unwrap_or(false),
        }))
    }

    /// Whether a log group is there.
    ///
    /// # Errors
    /// As of every request to AWS.
    pub async fn has_log_group(&self, name: &str) -> Result<bool> {
        let client = aws_sdk_cloudwatchlogs::Client::new(&self.shared);
        let asked = client.describe_log_groups().log_group_name_prefix(name).send().await;
        let what = format!("the log group {name}");
        let found = asked.map_err(|error| classify_call(&error, &what, "logs:DescribeLogGroups", self.profile()))?;
        Ok(found.log_groups().iter().any(|group| group.log_group_name() == Some(name)))
    }

    /// Looks at the folders of a place such as `s3://BUCKET/PREFIX/AWSLogs/`.
    ///
    /// # Errors
    /// As of every request to S3.
    pub async fn layout(&self, address: &str) -> Result<Layout> {
        let bucket = Bucket::open(address, &self.options).await?;
        let mut layout = Layout::default();
        let mut accounts = Vec::new();
        for (name, folder) in bucket.folders("").await? {
            if is_account(&name) {
                accounts.push((name, folder));
            } else if name.starts_with("o-") {
                accounts.extend(bucket.folders(&folder).await?.into_iter().filter(|(name, _)| is_account(name)));
                layout.organization_ids.insert(name);
            }
        }
        for (_, folder) in accounts.iter().take(LAYOUT_ACCOUNTS_MAX) {
            for (kind, folder) in bucket.folders(folder).await? {
                layout.has_digests |= kind == "CloudTrail-Digest";
                if kind == "CloudTrail" {
                    let regions = bucket.folders(&folder).await?;
                    layout.aws_regions.extend(regions.iter().map(|(region, _)| region.clone()));
                    layout.log_folders.extend(regions.into_iter().map(|(_, folder)| folder));
                }
            }
        }
        layout.account_ids = accounts.into_iter().map(|(account_id, _)| account_id).collect();
        Ok(layout)
    }

    /// Reads one object below a folder of `address`, to see whether it can be read and decrypted; `None` where nothing lies there.
    ///
    /// # Errors
    /// As of every request to S3.
    pub async fn read_one(&self, address: &str, folder: &str, bytes_max: u64) -> Result<Option<Listed>> {
        let bucket = Bucket::open(address, &self.options).await?;
        let Some(first) = bucket.first(folder).await? else { return Ok(None) };
        bucket.fetch(&first, bytes_max).await?;
        Ok(Some(first))
    }

    /// How a bucket is protected.
    ///
    /// # Errors
    /// Where the bucket cannot be reached at all; else each part has its own.
    pub async fn posture(&self, bucket: &str) -> Result<Posture> {
        let client = self.bucket_client(bucket).await?;
        let what = format!("the settings of bucket {bucket}");
        let profile = self.profile();
        let versioning = client.get_bucket_versioning().bucket(bucket).send().await;
        let versioning = versioning.map_err(|error| classify_call(&error, &what, "s3:GetBucketVersioning", profile));
        let lock = client.get_object_lock_configuration().bucket(bucket).send().await;
        let lock = unless(lock, "ObjectLockConfigurationNotFoundError", &what, "s3:GetBucketObjectLockConfiguration", profile);
        let block = client.get_public_access_block().bucket(bucket).send().await;
        let block = unless(block, "NoSuchPublicAccessBlockConfiguration", &what, "s3:GetBucketPublicAccessBlock", profile);
        let policy = client.get_bucket_policy().bucket(bucket).send().await;
        let policy = unless(policy, "NoSuchBucketPolicy", &what, "s3:GetBucketPolicy", profile);
        Ok(Posture {
            versioning: versioning.map(|found| found.status() == Some(&BucketVersioningStatus::Enabled)),
            object_lock: lock.map(|found| {
                let lock = found.and_then(|found| found.object_lock_configuration)?;
                let mode = lock.rule().and_then(|rule| rule.default_retention()).and_then(|retention| retention.mode());
                let is_on = lock.object_lock_enabled() == Some(&ObjectLockEnabled::Enabled);
                is_on.then(|| mode.map_or_else(|| "no default retention".to_owned(), |mode| mode.as_str().to_owned()))
            }),
            blocks_public: block.map(|found| {
                found.and_then(|found| found.public_access_block_configuration).is_some_and(|block| {
                    [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets]
                        .iter()
                        .all(|part| *part == Some(true))
                })
            }),
            policy: policy.map(|found| found.and_then(|found| found.policy)),
        })
    }

    /// A client for the region that a bucket lies in: S3 tells it, even to whom it refuses the rest.
    async fn bucket_client(&self, bucket: &str) -> Result<aws_sdk_s3::Client> {
        let client = crate::connect::client(&self.options).await;
        let told = match client.head_bucket().bucket(bucket).send().await {
            Ok(head) => head.bucket_region,
            Err(error) => match region_header(&error) {
                Some(region) => Some(region),
                // Who may not list it may still be allowed to look at its settings.
                None if error.raw_response().is_some_and(|response| response.status().as_u16() == 403) => None,
                None => {
                    return Err(match classify_call(&error, &format!("bucket {bucket}"), "s3:ListBucket", self.profile()) {
                        Error::Call { what, .. } if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => {
                            Error::NotFound { what }
                        }
                        other => other,
                    });
                }
            },
        };
        Ok(match told {
            Some(region) => aws_sdk_s3::Client::from_conf(client.config().to_builder().region(Region::new(region)).build()),
            None => client,
        })
    }
}

/// An answer; `None` where AWS says with `absent` that there is nothing of the kind.
fn unless<T, E>(
    asked: std::result::Result<T, SdkError<E, HttpResponse>>,
    absent: &str,
    what: &str,
    permission: &'static str,
    profile: Option<&str>,
) -> Result<Option<T>>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some(absent) => Ok(None),
        Err(error) => Err(classify_call(&error, what, permission, profile)),
    }
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}
