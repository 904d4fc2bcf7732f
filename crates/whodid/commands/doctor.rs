//! `whodid doctor`: looks at what whodid needs, here and in AWS, and says of each problem what to do.
//!
//! Reads only, but for one small file that it puts into the lake and takes away again. What takes AWS is skipped with `--offline`, and
//! where there are no credentials. Exit code 2 where there is a problem: a warning is something that works and could be better.

use crate::commands::user_lake;
use crate::exit::Exit;
use crate::failure::{Failure, causes};
use crate::render;
use crate::settings::Settings;
use lake::Table;
use query::Reader;
use serde::Serialize;
use source::{Account, EventHistory, Lookup, Trail};

mod policy;
mod sources;

/// AWS refuses a request whose time is further off (Signature Version 4: five minutes; S3 takes fifteen).
const SKEW_MICROS_MAX: i64 = 5 * 60 * 1_000_000;
/// A clock that is further off will be too far off one day.
const SKEW_MICROS_LIKELY: i64 = 30 * 1_000_000;
/// A trail that has put nothing for so long has likely stopped.
const SILENCE_MICROS_MAX: i64 = 24 * 3_600 * 1_000_000;

/// Everything that was checked.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) schema: &'static str,
    pub(crate) checks: Vec<Check>,
}

/// One thing.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// Which source, bucket or trail, where there may be several.
    pub(crate) subject: Option<String>,
    pub(crate) status: Status,
    pub(crate) detail: String,
    /// What to do, in a sentence.
    pub(crate) fix: Option<String>,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Warning,
    /// Something does not work, or cannot be relied on.
    Problem,
    /// Not looked at.
    Skipped,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Problem => "problem",
            Status::Skipped => "skipped",
        }
    }
}

/// Gathers checks.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &'static str, subject: Option<&str>, status: Status, detail: impl Into<String>, fix: Option<String>) {
        self.0.push(Check { name, subject: subject.map(str::to_owned), status, detail: detail.into(), fix });
    }

    fn ok(&mut self, name: &'static str, subject: Option<&str>, detail: impl Into<String>) {
        self.add(name, subject, Status::Ok, detail, None);
    }

    fn warn(&mut self, name: &'static str, subject: Option<&str>, detail: impl Into<String>, fix: impl Into<String>) {
        self.add(name, subject, Status::Warning, detail, Some(fix.into()));
    }

    fn problem(&mut self, name: &'static str, subject: Option<&str>, detail: impl Into<String>, fix: impl Into<String>) {
        self.add(name, subject, Status::Problem, detail, Some(fix.into()));
    }

    fn skip(&mut self, name: &'static str, subject: Option<&str>, why: impl Into<String>) {
        self.add(name, subject, Status::Skipped, why, None);
    }

    /// Says that something failed: what cannot be seen is a warning, what is needed and refused a problem.
    fn failed(&mut self, name: &'static str, subject: Option<&str>, error: &source::Error, is_needed: bool) {
        let status = if is_needed { Status::Problem } else { Status::Warning };
        self.add(name, subject, status, causes(error), error.hint());
    }

    fn either(&mut self, name: &'static str, subject: Option<&str>, is_fine: bool, fine: &str, otherwise: &str, fix: &str) {
        if is_fine { self.ok(name, subject, fine) } else { self.warn(name, subject, otherwise, fix) }
    }
}

pub(crate) async fn run(settings: &Settings) -> Result<Exit, Failure> {
    let mut checks = Checks::default();
    configuration(settings, &mut checks);
    hash_key(settings, &mut checks);
    lake(settings, &mut checks).await;
    let account = account(settings, &mut checks).await;
    if let Some(account) = &account {
        history(settings, &mut checks).await;
        trails(settings, account, &mut checks).await;
        sessions(account, &mut checks).await;
    }
    sources::check(settings, account.as_ref(), &mut checks).await;
    let checked = Checked { schema: "whodid.doctor/v1", checks: checks.0 };
    render::checked(settings, &checked)?;
    let is_ill = checked.checks.iter().any(|check| check.status == Status::Problem);
    Ok(if is_ill { Exit::Failed } else { Exit::Done })
}

fn configuration(settings: &Settings, checks: &mut Checks) {
    let path = settings.config_path.display().to_string();
    if settings.config_path.exists() {
        checks.ok("configuration", None, format!("{path}, with {} sources", settings.sources().len()));
    } else {
        checks.warn("configuration", None, format!("there is none at {path}"), "run `whodid init` in the account and region of the trail");
    }
}

/// The key must stay the same for equal secrets to keep equal hashes, and must stay secret for these to say nothing.
fn hash_key(settings: &Settings, checks: &mut Checks) {
    if settings.has_hash_key_in_environment() {
        return match settings.hash_key() {
            Ok(_) => checks.ok("hash_key", None, "taken from WHODID_HASH_KEY"),
            Err(failure) => checks.problem("hash_key", None, failure.message, failure.hint.unwrap_or_default()),
        };
    }
    let path = settings.hash_key_file();
    let shown = path.display().to_string();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            checks.ok("hash_key", None, format!("there is none yet; the first ingest makes {shown}"));
        }
        Err(error) => checks.problem("hash_key", None, format!("{shown}: {error}"), format!("make {shown} readable for who runs whodid")),
        Ok(found) => match settings.hash_key() {
            Err(failure) => checks.problem("hash_key", None, failure.message, failure.hint.unwrap_or_default()),
            Ok(_) if is_open_to_others(&found) => {
                checks.problem("hash_key", None, format!("others may read {shown}"), format!("chmod 600 {shown}"));
            }
            Ok(_) => checks.ok("hash_key", None, format!("{shown}, readable by its owner alone")),
        },
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

async fn lake(settings: &Settings, checks: &mut Checks) {
    let lake = match user_lake(settings) {
        Ok(lake) => lake,
        Err(failure) if settings.offline => return checks.skip("lake", Some(&settings.lake), failure.message),
        Err(failure) => return checks.problem("lake", Some(&settings.lake), failure.message, failure.hint.unwrap_or_default()),
    };
    let place = Some(settings.lake.as_str());
    match lake.open(Table::Events).await {
        Ok(_) => checks.ok("lake", place, "it can be read"),
        Err(error @ lake::Error::Absent { .. }) => {
            return checks.warn("lake", place, causes(&error), "make it with `whodid ingest SOURCE`, or name another one with --lake");
        }
        Err(error) => {
            let fix = "see that it is a lake of whodid's and that you may read it";
            return checks.problem("lake", place, causes(&error), fix);
        }
    }
    match lake.try_write().await {
        Ok(()) => checks.ok("lake_writable", place, "it can be written"),
        Err(error) => {
            let fix = "questions are answered all the same; whoever runs ingest needs to put and delete objects there";
            checks.warn("lake_writable", place, causes(&error), fix);
        }
    }
    let now = crate::settings::now();
    match Reader::new(&lake).at(now).status().await {
        Err(error) => checks.problem("lake_fresh", place, causes(&error), "see that all tables of the lake can be read"),
        Ok((sources, _)) => {
            let age = sources.iter().filter_map(|source| source.age_seconds).min();
            let fix = "run `whodid ingest` by a schedule, every hour or oftener; `whodid status` tells which account and region is late";
            match age {
                None => checks.warn("lake_fresh", place, "it holds no events", "whodid ingest SOURCE"),
                Some(age) if age.saturating_mul(1_000_000) > SILENCE_MICROS_MAX => {
                    checks.warn("lake_fresh", place, format!("the newest event is {} hours old", age / 3_600), fix);
                }
                Some(age) => checks.ok("lake_fresh", place, format!("the newest event is {} minutes old", age / 60)),
            }
            let unread: i64 = sources.iter().map(|source| source.rejected + source.unread).sum();
            let fix = "whodid sql -c 'select object, record, reason, detail from rejects'";
            checks.either(
                "lake_rejects",
                place,
                unread == 0,
                "all that was read was understood",
                &format!("{unread} records or objects were rejected or could not be read"),
                fix,
            );
        }
    }
}

/// The account, if there are credentials that hold.
async fn account(settings: &Settings, checks: &mut Checks) -> Option<Account> {
    if settings.offline {
        checks.skip("credentials", None, "--offline");
        checks.skip("clock", None, "--offline");
        return None;
    }
    let account = Account::open(&settings.source_options()).await;
    match account.caller().await {
        Err(error) => {
            checks.failed("credentials", None, &error, true);
            checks.skip("clock", None, "AWS did not answer");
            None
        }
        Ok(caller) => {
            checks.ok("credentials", None, format!("{} in account {}, {}", caller.arn, caller.account_id, account.aws_region()));
            clock(crate::settings::now(), caller.aws_now, checks);
            Some(account)
        }
    }
}

fn clock(now: i64, aws_now: Option<i64>, checks: &mut Checks) {
    let Some(aws_now) = aws_now else { return checks.skip("clock", None, "AWS's answer has no time") };
    let skew = now - aws_now;
    let detail = format!("{} s {} AWS's", (skew / 1_000_000).abs(), if skew < 0 { "behind" } else { "ahead of" });
    let fix = "set this machine's clock by NTP (timedatectl set-ntp true)";
    match skew.abs() {
        0..=SKEW_MICROS_LIKELY => checks.ok("clock", None, detail),
        ..=SKEW_MICROS_MAX => checks.warn("clock", None, detail, fix),
        _ => checks.problem("clock", None, detail, fix),
    }
}

/// Whether `--live` can be asked, and public keys be had.
async fn history(settings: &Settings, checks: &mut Checks) {
    let now = crate::settings::now();
    let minute = Lookup { attribute: None, from: now - 60_000_000, until: now };
    let asked = match EventHistory::open(&settings.source_options()).await {
        Ok(mut history) => history.look_up(&minute, 1).await.map(|_| history.aws_region().to_owned()),
        Err(error) => Err(error),
    };
    match asked {
        Ok(aws_region) => {
            checks.ok("event_history", None, "--live can be asked");
            match source::list_public_keys(&aws_region, now - 60_000_000, now, &settings.source_options()).await {
                Ok(_) => checks.ok("public_keys", None, "digests' public keys can be had"),
                Err(error) => {
                    let fix = "allow the caller cloudtrail:ListPublicKeys, or name files with --public-keys";
                    checks.warn("public_keys", None, causes(&error), fix);
                }
            }
        }
        Err(error) => checks.failed("event_history", None, &error, false),
    }
}

async fn trails(settings: &Settings, account: &Account, checks: &mut Checks) {
    let trails = match account.trails().await {
        Ok(trails) => trails,
        Err(error) => return checks.failed("trails", None, &error, false),
    };
    let read: Vec<&str> = settings.sources().map(|(_, spec)| spec).collect();
    let is_read = |trail: &&Trail| read.iter().any(|spec| spec.starts_with(&format!("s3://{}/", trail.bucket)));
    let ours: Vec<&Trail> =
        if trails.iter().any(|trail| is_read(&trail)) { trails.iter().filter(is_read).collect() } else { trails.iter().collect() };
    if ours.is_empty() {
        let fix =
            "make one over all regions, of the organisation if there is one, with log file validation; or ask in the account that has it";
        return checks.warn("trails", None, "no trail of this account and region can be seen", fix);
    }
    checks.ok("trails", None, format!("{} can be seen", ours.len()));
    let covered = ours.iter().any(|trail| trail.is_organization);
    for trail in ours {
        of_trail(account, trail, covered, checks).await;
    }
}

async fn of_trail(account: &Account, trail: &Trail, is_organisation_covered: bool, checks: &mut Checks) {
    let subject = Some(trail.arn.as_str());
    match account.trail_status(trail).await {
        Err(error) => checks.failed("trail_logging", subject, &error, false),
        Ok(status) if !status.is_logging => {
            checks.problem("trail_logging", subject, "it is switched off", format!("aws cloudtrail start-logging --name {}", trail.arn));
        }
        Ok(status) => match (status.delivery_error.or(status.digest_error), status.last_delivery) {
            (Some(error), _) => {
                let fix = "let CloudTrail write to the bucket, and use the key, again: their policies must allow cloudtrail.amazonaws.com";
                checks.problem("trail_logging", subject, format!("it cannot deliver: {error}"), fix);
            }
            (None, Some(last)) if crate::settings::now() - last > SILENCE_MICROS_MAX => {
                checks.warn(
                    "trail_logging",
                    subject,
                    format!("its last delivery was at {}", event::time::rfc3339(last)),
                    "see whether its bucket and key are still there",
                );
            }
            _ => checks.ok("trail_logging", subject, "it records and delivers"),
        },
    }
    let fix = format!("aws cloudtrail update-trail --name {} --is-multi-region-trail", trail.arn);
    checks.either("trail_regions", subject, trail.is_multi_region, "it covers all regions", "it covers one region", &fix);
    let fix = format!("aws cloudtrail update-trail --name {} --include-global-service-events", trail.arn);
    checks.either(
        "trail_global",
        subject,
        trail.has_global_services,
        "it records global services",
        "it leaves out IAM, STS and sign-ins",
        &fix,
    );
    let fix = format!("aws cloudtrail update-trail --name {} --enable-log-file-validation", trail.arn);
    let without = "it has no digests: nothing can show that its logs are whole";
    checks.either("trail_validation", subject, trail.is_validated, "it signs digests of its logs", without, &fix);
    let fix = "make an organisation trail in the management account: a session's chain leads through several accounts";
    let without = "it covers this account alone";
    checks.either(
        "trail_organization",
        subject,
        trail.is_organization || is_organisation_covered,
        "the organisation is covered",
        without,
        fix,
    );
    match account.recorded(trail).await {
        Err(error) => checks.failed("trail_recorded", subject, &error, false),
        Ok(recorded) => {
            let fix = "let its event selectors take management events, reads and writes: AssumeRole is one that reads";
            let all = recorded.management_writes && recorded.management_reads;
            checks.either("trail_recorded", subject, all, "it records management events", "it leaves out some management events", fix);
        }
    }
}

async fn sessions(account: &Account, checks: &mut Checks) {
    let fix = "switch on session logging to S3, and streaming to CloudWatch Logs, in Session Manager's preferences";
    match account.session_preferences().await {
        Err(error) => checks.failed("session_logs", None, &error, false),
        Ok(Some(preferences)) if preferences.bucket.is_some() || preferences.log_group.is_some() => {
            let places = [preferences.bucket.map(|bucket| format!("s3://{bucket}")), preferences.log_group];
            let places: Vec<String> = places.into_iter().flatten().collect();
            let late = if preferences.is_streamed { "" } else { ", after a session's end: alerts come no earlier" };
            checks.ok("session_logs", None, format!("transcripts go to {}{late}", places.join(" and ")));
        }
        Ok(_) => checks.warn("session_logs", None, "sessions leave no transcript in this account and region", fix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_aws_takes() {
        let judge = |seconds: i64| {
            let mut checks = Checks::default();
            clock(seconds * 1_000_000, Some(0), &mut checks);
            checks.0.remove(0).status
        };
        assert_eq!([0, 30, -30].map(judge), [Status::Ok; 3]);
        assert_eq!([31, -300].map(judge), [Status::Warning; 2]);
        assert_eq!([301, -86_400].map(judge), [Status::Problem; 2]);
    }
}
