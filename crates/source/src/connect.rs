//! Makes S3 clients: whose credentials, which region, and how long to wait.
//!
//! Credentials and region come from [`Options`], else from the environment and `~/.aws`, as for every AWS tool. Every
//! wait ends: nothing here hangs on a laptop that has no instance metadata to ask.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{SharedCredentialsProvider, StalledStreamProtectionConfig};

use crate::{Error, Options, Result};

/// Attempts at one request, with jittered waits between them.
pub const ATTEMPTS_MAX: u32 = 5;
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Without a byte received.
pub const READ_TIMEOUT: Duration = Duration::from_secs(20);
pub const OPERATION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// All attempts at one request and the waits between them.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(120);
/// For a helper program or an SSO service to give credentials.
pub const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);
/// For an instance's metadata service, which most machines do not have.
pub const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// By which the sessions of a role that is assumed are known in the logs of its account.
const ROLE_SESSION_NAME: &str = "whodid";

/// Where to ask first when nobody names a region: S3 then says where the bucket lies.
const REGION_FALLBACK: &str = "us-east-1";

/// A client that asks in the configured region.
pub(crate) async fn client(options: &Options) -> Client {
    let config = config(options).await;
    let path_style = config.endpoint_url().is_some();
    Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style).build())
}

pub(crate) async fn config(options: &Options) -> SdkConfig {
    let region = region(options).await;
    config_at(options, region.or_else(|| Some(Region::from_static(REGION_FALLBACK)))).await
}

/// For a service that knows of its own region only: that of the thing's ARN, else the configured one.
///
/// # Errors
/// [`Error::BadSpec`] where nobody names one.
pub(crate) async fn config_in(options: &Options, arn_region: Option<&str>, spec: &str) -> Result<SdkConfig> {
    let region = match arn_region {
        Some(region) => Region::new(region.to_owned()),
        None => region(options).await.ok_or_else(|| Error::BadSpec { spec: spec.to_owned(), why: "no region is known for it" })?,
    };
    Ok(config_at(options, Some(region)).await)
}

async fn config_at(options: &Options, region: Option<Region>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials(options, region).await)
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .operation_attempt_timeout(OPERATION_ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(READ_TIMEOUT).build());
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint_url) = &options.endpoint_url {
        loader = loader.endpoint_url(endpoint_url);
    }
    let config = loader.load().await;
    let Some(role) = &options.role else { return config };
    let mut assumed = AssumeRoleProvider::builder(role).configure(&config).session_name(ROLE_SESSION_NAME);
    if let Some(external_id) = &options.external_id {
        assumed = assumed.external_id(external_id);
    }
    let assumed = SharedCredentialsProvider::new(assumed.build().await);
    config.into_builder().credentials_provider(assumed).build()
}

/// Leaves out the instance metadata service, which the SDK would ask as well, and wait for.
async fn region(options: &Options) -> Option<Region> {
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    RegionProviderChain::first_try(options.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .region()
        .await
}

/// A profile named on the command line is meant: the SDK alone would prefer keys that it finds in the environment.
async fn credentials(options: &Options, region: Option<Region>) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region().with_behavior_version(Some(BehaviorVersion::latest())).with_region(region.clone());
    if let Some(profile) = &options.profile {
        return SharedCredentialsProvider::new(ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build());
    }
    let metadata = imds::Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .operation_attempt_timeout(METADATA_TIMEOUT)
        .operation_timeout(METADATA_TIMEOUT)
        .build();
    let mut chain = DefaultCredentialsChain::builder().configure(config).imds_client(metadata);
    chain.set_region(region);
    SharedCredentialsProvider::new(chain.build().await)
}
