//! What the configuration calls sources: whether each can be read, and, of buckets, who could change what lies there.

use super::{Checks, policy};
use crate::commands::directory;
use crate::settings::Settings;
use source::{Account, LogGroup, Queue, Reading, Shape};

/// Bytes of the object that is read to see whether it can be.
const PROBE_BYTES_MAX: u64 = 256 << 20;
/// The entries of a log group that are asked for to see whether they can be.
const PROBE_MICROS: i64 = 5 * 60 * 1_000_000;

pub(super) async fn check(settings: &Settings, account: Option<&Account>, checks: &mut Checks) {
    if settings.sources().len() == 0 {
        checks.warn(
            "sources",
            None,
            "the configuration names none",
            "whodid init, or [sources] audit = \"s3://BUCKET/AWSLogs/\" in the configuration",
        );
    }
    for (name, spec) in settings.sources() {
        let subject = format!("{name} ({spec})");
        let of_aws = source::is_log_group(spec) || source::is_queue(spec);
        if of_aws && settings.offline {
            checks.skip("source", Some(&subject), "--offline");
            continue;
        }
        if of_aws || !source::is_s3(spec) {
            elsewhere(settings, name, spec, &subject, checks).await;
            continue;
        }
        let Some(account) = account else {
            checks.skip("source", Some(&subject), if settings.offline { "--offline" } else { "there are no credentials" });
            continue;
        };
        of_source(account, spec, &subject, checks).await;
        let bucket = spec.trim_start_matches("s3://").split('/').next().unwrap_or_default();
        of_bucket(account, bucket, spec.contains("AWSLogs"), checks).await;
    }
}

/// Log groups, queues, the directory, and folders.
async fn elsewhere(settings: &Settings, name: &str, spec: &str, subject: &str, checks: &mut Checks) {
    let subject = Some(subject);
    let options = settings.options_of(name);
    let (seen, detail) = if source::is_log_group(spec) {
        (log_group(spec, &options).await, "its entries can be read")
    } else if source::is_queue(spec) {
        // Whoever receives a message hides it from others for a while.
        (Queue::open(spec, &[], &options).await.map(drop), "the queue is there; that its messages may be received shows at ingest")
    } else if let Some(place) = directory::place(spec) {
        if place.is_empty() {
            return checks.skip(
                "source",
                subject,
                "what it lists shows at ingest; it takes the permissions of deploy/iam/directory-policy.json",
            );
        }
        (source::open(place, &options).await.map(drop), "it can be listed")
    } else {
        (source::open(spec, &options).await.map(drop), "it can be listed")
    };
    match seen {
        Ok(()) => checks.ok("source", subject, detail),
        Err(error) => checks.failed("source", subject, &error, true),
    }
}

/// Asks for the newest entries.
async fn log_group(spec: &str, options: &source::Options) -> source::Result<()> {
    let now = crate::settings::now;
    let reading = Reading { since: Some(now() - PROBE_MICROS), until: None, seen_until: None, now, shape: |_, _| Shape::Other };
    LogGroup::open(spec, options, reading).await?.poll().await.map(drop)
}

async fn of_source(account: &Account, spec: &str, subject: &str, checks: &mut Checks) {
    let subject = Some(subject);
    let layout = match account.layout(spec).await {
        Ok(layout) => layout,
        Err(error) => return checks.failed("source", subject, &error, true),
    };
    let accounts = layout.account_ids.len();
    let is_trails = spec.contains("AWSLogs");
    if accounts == 0 && is_trails {
        let fix = "name the folder that holds the accounts' or the organisation's folders: s3://BUCKET/PREFIX/AWSLogs/";
        checks.problem("source", subject, "no account's folder lies there", fix);
    } else {
        checks.ok(
            "source",
            subject,
            format!("it can be listed; {accounts} accounts, {} regions of the first of them", layout.aws_regions.len()),
        );
    }
    let fix = "switch on log file validation of the trail";
    if is_trails && accounts > 0 {
        checks.either("source_digests", subject, layout.has_digests, "digests lie beside the logs", "no digests lie beside the logs", fix);
    }
    let folder = layout.log_folders.first().map_or("", String::as_str);
    match account.read_one(spec, folder, PROBE_BYTES_MAX).await {
        Ok(Some(read)) => checks.ok("source_read", subject, format!("{} could be read, and decrypted if it was encrypted", read.uri)),
        Ok(None) => checks.warn("source_read", subject, "nothing lies there yet", "wait for the first delivery, some 15 minutes"),
        Err(error) => checks.failed("source_read", subject, &error, true),
    }
}

/// Whoever can change the bucket can change what whodid believes, as far as no digest contradicts.
async fn of_bucket(account: &Account, bucket: &str, is_trails: bool, checks: &mut Checks) {
    let subject = Some(bucket);
    let posture = match account.posture(bucket).await {
        Ok(posture) => posture,
        Err(error) => return checks.failed("bucket", subject, &error, true),
    };
    match posture.versioning {
        Err(error) => checks.failed("bucket_versioning", subject, &error, false),
        Ok(is_on) => {
            let fix = format!("aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled");
            checks.either("bucket_versioning", subject, is_on, "versions are kept", "what is overwritten or deleted is gone", &fix);
        }
    }
    match posture.object_lock {
        Err(error) => checks.failed("bucket_object_lock", subject, &error, false),
        Ok(mode) => {
            let fix = "switch on Object Lock with a default retention in compliance mode: then nobody can delete logs before their time";
            let detail = mode.as_deref().map_or_else(|| "Object Lock is off".to_owned(), |mode| format!("Object Lock: {mode}"));
            checks.either("bucket_object_lock", subject, mode.as_deref() == Some("COMPLIANCE"), &detail, &detail, fix);
        }
    }
    match posture.blocks_public {
        Err(error) => checks.failed("bucket_public_access", subject, &error, false),
        Ok(true) => checks.ok("bucket_public_access", subject, "public access is blocked"),
        Ok(false) => {
            let fix = format!(
                "aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
            );
            checks.problem("bucket_public_access", subject, "public access is not blocked", fix);
        }
    }
    match posture.policy {
        Err(error) => checks.failed("bucket_policy", subject, &error, false),
        Ok(None) if !is_trails => checks.ok("bucket_policy", subject, "it has no policy"),
        Ok(None) => checks.warn(
            "bucket_policy",
            subject,
            "it has no policy",
            "let only CloudTrail put objects, on behalf of your trail (aws:SourceArn)",
        ),
        Ok(Some(text)) => match policy::judge(&text, is_trails) {
            Ok(()) => checks.ok("bucket_policy", subject, "only those named may put objects"),
            Err(policy::Fault { is_grave: true, what, fix }) => checks.problem("bucket_policy", subject, what, fix),
            Err(policy::Fault { what, fix, .. }) => checks.warn("bucket_policy", subject, what, fix),
        },
    }
}
