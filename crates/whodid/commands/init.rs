//! `whodid init`: looks at the account for its trail, bucket and logs of sessions, and writes the configuration.
//!
//! What one permission hides is told with that permission, and the rest is found without it. Nothing is asked of the user, nothing is
//! changed in AWS, and a configuration that is there is not overwritten unless `--force` says so.

use crate::exit::Exit;
use crate::failure::{Failure, causes};
use crate::render;
use crate::settings::Settings;
use event::time::rfc3339;
use serde::Serialize;
use source::{Account, Layout, Recorded, Trail, TrailStatus};
use std::collections::BTreeMap;
use std::path::Path;

/// What was found, and what was written.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) schema: &'static str,
    pub(crate) account_id: String,
    pub(crate) aws_region: String,
    pub(crate) trails: Vec<FoundTrail>,
    pub(crate) session_logs: Option<SessionLogs>,
    /// What could not be seen, and which permission it takes.
    pub(crate) unseen: Vec<Unseen>,
    /// Where the configuration was written.
    pub(crate) written: String,
    pub(crate) config: String,
    /// What to run next.
    pub(crate) next: String,
}

/// A trail, and what lies in its bucket.
#[derive(Debug, Serialize)]
pub(crate) struct FoundTrail {
    /// Its name in the configuration.
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) home_region: String,
    pub(crate) address: String,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) log_group_arn: Option<String>,
    pub(crate) is_multi_region: bool,
    pub(crate) is_organization: bool,
    pub(crate) is_validated: bool,
    pub(crate) is_logging: Option<bool>,
    pub(crate) last_delivery: Option<String>,
    pub(crate) records_writes: Option<bool>,
    pub(crate) records_data: Option<bool>,
    pub(crate) layout: Option<FoundLayout>,
}

/// What lies in a bucket.
#[derive(Debug, Serialize)]
pub(crate) struct FoundLayout {
    pub(crate) organization_ids: Vec<String>,
    pub(crate) account_ids: Vec<String>,
    pub(crate) aws_regions: Vec<String>,
    pub(crate) has_digests: bool,
}

/// Where logs of sessions go.
#[derive(Debug, Serialize)]
pub(crate) struct SessionLogs {
    pub(crate) address: Option<String>,
    pub(crate) log_group: Option<String>,
    pub(crate) is_streamed: bool,
    pub(crate) is_log_group_there: Option<bool>,
}

/// Something that could not be seen.
#[derive(Debug, Serialize)]
pub(crate) struct Unseen {
    pub(crate) what: String,
    pub(crate) permission: Option<String>,
    pub(crate) why: String,
}

impl Unseen {
    pub(crate) fn of(error: &source::Error, permission: &str) -> Self {
        let (what, permission) = match error {
            source::Error::Permission { what, permission, .. } => (what.clone(), Some((*permission).to_owned())),
            source::Error::Denied { what, .. } => (what.clone(), Some(permission.to_owned())),
            other => (other.to_string(), None),
        };
        Self { what, permission, why: causes(error) }
    }
}

/// Those who look at more than their own account's trail see it in the organisation's.
fn rank(trail: &Trail, status: Option<&TrailStatus>) -> (bool, bool, bool, bool) {
    (status.is_some_and(|status| status.is_logging), trail.is_organization, trail.is_multi_region, trail.is_validated)
}

pub(crate) async fn run(settings: &Settings, force: bool) -> Result<Exit, Failure> {
    if settings.offline {
        return Err(Failure::usage(
            "--offline, and init looks at an AWS account",
            "leave --offline out, or write the configuration by hand",
        ));
    }
    let path = settings.config_path.as_path();
    if path.exists() && !force {
        return Err(Failure::usage(
            format!("{} is there already", path.display()),
            "look at it with `whodid doctor`, write another one with --config FILE, or overwrite it with --force",
        ));
    }
    let account = Account::open(&settings.source_options()).await;
    let caller = account.caller().await?;
    let mut unseen = Vec::new();
    let trails = trails(&account, &mut unseen).await?;
    let session_logs = session_logs(&account, &mut unseen).await?;
    if trails.is_empty() && session_logs.is_none() {
        return Err(nothing_found(&caller.account_id, &account.aws_region(), &unseen));
    }
    let (sources, config) = config(settings, &caller.account_id, &account.aws_region(), &trails, session_logs.as_ref())?;
    let first = trails.first().map(|trail| &trail.source).or_else(|| sources.keys().next());
    let next = first.map_or_else(|| "whodid doctor".to_owned(), |source| format!("whodid ingest {source}"));
    write(path, &config, force)?;
    let found = Found {
        schema: "whodid.init/v1",
        account_id: caller.account_id,
        aws_region: account.aws_region(),
        trails,
        session_logs,
        unseen,
        written: path.display().to_string(),
        config,
        next,
    };
    render::found(settings, &found)?;
    Ok(Exit::Done)
}

/// Nothing can be seen without credentials; what one permission hides, the others show.
fn seen<T>(asked: source::Result<T>, permission: &str, unseen: &mut Vec<Unseen>) -> Result<Option<T>, Failure> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error @ source::Error::Credentials { .. }) => Err(error.into()),
        Err(error) => {
            unseen.push(Unseen::of(&error, permission));
            Ok(None)
        }
    }
}

async fn trails(account: &Account, unseen: &mut Vec<Unseen>) -> Result<Vec<FoundTrail>, Failure> {
    let mut found: Vec<(Trail, Option<TrailStatus>, Option<Recorded>)> = Vec::new();
    for trail in seen(account.trails().await, "cloudtrail:DescribeTrails", unseen)?.unwrap_or_default() {
        if trail.bucket.is_empty() || found.iter().any(|(held, ..)| held.arn == trail.arn) {
            continue;
        }
        let status = seen(account.trail_status(&trail).await, "cloudtrail:GetTrailStatus", unseen)?;
        let recorded = seen(account.recorded(&trail).await, "cloudtrail:GetEventSelectors", unseen)?;
        found.push((trail, status, recorded));
    }
    found.sort_by(|one, other| (rank(&other.0, other.1.as_ref()), &one.0.arn).cmp(&(rank(&one.0, one.1.as_ref()), &other.0.arn)));
    let mut layouts: BTreeMap<String, Option<Layout>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut told = Vec::new();
    for (trail, status, recorded) in found {
        let address = trail.address();
        if !layouts.contains_key(&address) {
            let layout = seen(account.layout(&address).await, "s3:ListBucket (and, for objects, s3:GetObject and kms:Decrypt)", unseen)?;
            layouts.insert(address.clone(), layout);
            let name = if names.is_empty() { "audit".to_owned() } else { trail.name.clone() };
            let taken = names.values().any(|held| *held == name);
            names.insert(address.clone(), if taken { format!("{name}-{}", names.len()) } else { name });
        }
        told.push(FoundTrail {
            source: names.get(&address).cloned().unwrap_or_default(),
            layout: layouts.get(&address).and_then(Option::as_ref).map(|layout| FoundLayout {
                organization_ids: layout.organization_ids.iter().cloned().collect(),
                account_ids: layout.account_ids.iter().cloned().collect(),
                aws_regions: layout.aws_regions.iter().cloned().collect(),
                has_digests: layout.has_digests,
            }),
            address,
            is_logging: status.as_ref().map(|status| status.is_logging),
            last_delivery: status.as_ref().and_then(|status| status.last_delivery).map(rfc3339),
            records_writes: recorded.as_ref().map(|recorded| recorded.management_writes),
            records_data: recorded.as_ref().map(|recorded| recorded.data),
            name: trail.name,
            arn: trail.arn,
            home_region: trail.home_region,
            kms_key_id: trail.kms_key_id,
            log_group_arn: trail.log_group_arn,
            is_multi_region: trail.is_multi_region,
            is_organization: trail.is_organization,
            is_validated: trail.is_validated,
        });
    }
    Ok(told)
}

async fn session_logs(account: &Account, unseen: &mut Vec<Unseen>) -> Result<Option<SessionLogs>, Failure> {
    let Some(Some(preferences)) = seen(account.session_preferences().await, "ssm:GetDocument", unseen)? else { return Ok(None) };
    if preferences.bucket.is_none() && preferences.log_group.is_none() {
        return Ok(None);
    }
    let is_log_group_there = match &preferences.log_group {
        Some(name) => seen(account.has_log_group(name).await, "logs:DescribeLogGroups", unseen)?,
        None => None,
    };
    let prefix = preferences.prefix.as_deref().map(|prefix| prefix.trim_matches('/')).filter(|prefix| !prefix.is_empty());
    let below = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
    Ok(Some(SessionLogs {
        address: preferences.bucket.map(|bucket| format!("s3://{bucket}/{below}")),
        log_group: preferences.log_group,
        is_streamed: preferences.is_streamed,
        is_log_group_there,
    }))
}

fn nothing_found(account_id: &str, aws_region: &str, unseen: &[Unseen]) -> Failure {
    let permissions: Vec<&str> = unseen.iter().filter_map(|unseen| unseen.permission.as_deref()).collect();
    let hint = if permissions.is_empty() {
        "ask in the account and region of the trail (--profile, --region), or write [sources] audit = \"s3://BUCKET/AWSLogs/\" into the configuration".to_owned()
    } else {
        format!("allow the caller {}, or write [sources] audit = \"s3://BUCKET/AWSLogs/\" into the configuration", permissions.join(", "))
    };
    let why: Vec<&str> = unseen.iter().map(|unseen| unseen.why.as_str()).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    Failure::usage(format!("no trail can be seen in account {account_id}, {aws_region}, and nothing was written{why}"), hint)
}

/// Sources by name: trails' buckets, and where sessions' logs go: to a bucket, a log group, or both. A log group that is not there is none.
fn sources(trails: &[FoundTrail], session_logs: Option<&SessionLogs>) -> BTreeMap<String, String> {
    let mut sources: BTreeMap<String, String> = trails.iter().map(|trail| (trail.source.clone(), trail.address.clone())).collect();
    let Some(logs) = session_logs else { return sources };
    if let Some(address) = &logs.address {
        sources.insert("sessions".to_owned(), address.clone());
    }
    if let Some(group) = logs.log_group.as_ref().filter(|_| logs.is_log_group_there != Some(false)) {
        let name = if logs.address.is_some() { "session_group" } else { "sessions" };
        sources.insert(name.to_owned(), format!("logs://{group}"));
    }
    sources
}

/// The sources and the configuration that names them: values quoted as TOML wants them, comments on one line each.
fn config(
    settings: &Settings,
    account_id: &str,
    aws_region: &str,
    trails: &[FoundTrail],
    session_logs: Option<&SessionLogs>,
) -> Result<(BTreeMap<String, String>, String), Failure> {
    #[derive(Serialize)]
    struct File<'f> {
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<&'f String>,
        region: &'f str,
        #[serde(skip_serializing_if = "Option::is_none")]
        endpoint_url: Option<&'f String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        lake: Option<&'f String>,
        sources: &'f BTreeMap<String, String>,
    }
    let sources = sources(trails, session_logs);
    let file = File {
        profile: settings.source.profile.as_ref(),
        region: aws_region,
        endpoint_url: settings.source.endpoint_url.as_ref(),
        lake: settings.is_lake_named.then_some(&settings.lake),
        sources: &sources,
    };
    let mut text = comment(&format!("Made by whodid init in account {account_id}, {aws_region}."));
    for trail in trails {
        let kind = if trail.is_organization { "organisation" } else { "account" };
        let digests = if trail.is_validated { "with digests" } else { "without digests (log file validation is off)" };
        let key = trail.kms_key_id.as_ref().map(|key| format!(", encrypted with {key}")).unwrap_or_default();
        text += &comment(&format!("{}: {kind} trail {} of {}, {digests}{key}", trail.source, trail.name, trail.home_region));
    }
    if let Some(logs) = session_logs.filter(|logs| logs.is_log_group_there == Some(false)) {
        let group = logs.log_group.as_deref().unwrap_or_default();
        text += &comment(&format!("Sessions are to be logged to the log group {group}, which is not there."));
    }
    let body = toml::to_string(&file).map_err(|error| Failure::internal(&error))?;
    Ok((sources, format!("{text}\n{body}")))
}

fn comment(text: &str) -> String {
    format!("# {}\n", render::plain(text))
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| {
        Failure::usage(format!("cannot write {}: {error}", path.display()), "name a file that can be written with --config FILE")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    // Seen whole or not at all, and not over one that somebody else has just made.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(drop).map_err(|refused| failed(refused.error))
}
