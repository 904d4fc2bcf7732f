//! The command line as typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Changes in an answer, unless asked otherwise.
const LIMIT: usize = 1_000;

const AFTER: &str = "\
Exit codes: 0 answered; 1 nothing found in complete logs; 2 error, or a problem that doctor found; 3 less certain than
--require; 4 AWS credentials; 5 nothing found, and the logs may be incomplete; 6 some input rejected (--strict);
10 tampering found, an alert matched, or a report has something to look at (verify, alert, report: --exit-code).";

/// Names the person or pipeline behind an AWS change, and proves each hop.
#[derive(Debug, Parser)]
#[command(name = "whodid", version, after_help = AFTER, subcommand_negates_reqs = true, infer_subcommands = false)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    /// ARN, id, name, event id, access key id, unique id or user name: who changed it
    #[arg(required = true)]
    pub(crate) thing: Option<String>,
    #[command(flatten)]
    pub(crate) trace: Trace,
}

/// Flags that every verb takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Folder or s3:// prefix of the lake
    #[arg(long, global = true, env = "WHODID_LAKE", value_name = "PATH|s3://URL")]
    pub(crate) lake: Option<String>,
    /// How the answer is written
    #[arg(long, global = true, value_enum)]
    pub(crate) format: Option<Format>,
    /// Same as --format json; --json=FIELDS keeps those fields only
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, value_name = "FIELDS")]
    pub(crate) json: Option<Option<String>>,
    /// Only what happened from then on: 2h, 7d, 2026-11-01 or 2026-11-01T09:00:00Z
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what happened before then
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// AWS profile
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// AWS region
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// Another endpoint for AWS's APIs
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Make no AWS call
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Ask CloudTrail's event history too (LookupEvents): the newest minutes of one account and region, or without any lake
    #[arg(long, global = true)]
    pub(crate) live: bool,
    /// Answer straight from raw logs, no lake kept (may be repeated)
    #[arg(long, global = true, value_name = "SOURCE")]
    pub(crate) logs: Vec<String>,
    /// CloudTrail's public keys, to verify digests without asking AWS: a file that whodid wrote, or REGION=FILE with the output of
    /// `aws cloudtrail list-public-keys` (may be repeated)
    #[arg(long, global = true, value_name = "[REGION=]FILE")]
    pub(crate) public_keys: Vec<String>,
    /// Read this configuration file instead of the user's
    #[arg(long, global = true, env = "WHODID_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Say what is being done on stderr (-vv: every object)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Ways to write an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Sentences for a person
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// A table in a box
    Table,
    /// Comma-separated, safe for spreadsheets
    Csv,
    /// Tab-separated, safe for spreadsheets
    Tsv,
    /// One answer as a page without network or script, to attach to an incident
    Html,
    /// One answer as Markdown
    Markdown,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Who changed a thing (the same as `whodid THING`)
    Trace {
        /// ARN, id, name, event id, access key id, unique id or user name
        thing: String,
        #[command(flatten)]
        trace: Trace,
    },
    /// Every change of a thing, newest first
    Log {
        /// ARN, id, name, event id, access key id, unique id or user name
        thing: String,
        #[command(flatten)]
        trace: Trace,
    },
    /// What a person, role, session or key did
    By {
        /// User name, e-mail, ARN, access key id or unique id
        principal: String,
        #[command(flatten)]
        trace: Trace,
    },
    /// One event: who made the call, through which sessions
    Show {
        /// The event id
        event_id: String,
        #[command(flatten)]
        trace: Trace,
    },
    /// Who was in which Session Manager session, and whether there is a transcript
    Sessions {
        /// Sessions, at most
        #[arg(long, default_value_t = LIMIT, value_name = "N")]
        limit: usize,
    },
    /// One session: who, where, and what was typed
    Session {
        /// The session id, whole
        session_id: String,
        /// Read its log again and print what the terminal showed
        #[arg(long)]
        transcript: bool,
    },
    /// Run the rules on what is new, and tell of what they take
    Alert(Alert),
    /// Read CloudTrail and session logs into the lake; what is there already is not read again
    Ingest(Ingest),
    /// Find the trail, its bucket and where logs of sessions go, and write the configuration
    Init {
        /// Overwrite a configuration that is there
        #[arg(long)]
        force: bool,
    },
    /// Check what whodid needs, here and in AWS, and say what to do about each problem; code 2 if there is one
    Doctor,
    /// How fresh the lake is: per source, account and region the first and last event, delay, gaps and rejected input
    Status,
    /// Make few large files of many small ones, and delete what was replaced long enough ago; ingest does so where it pays
    Compact {
        /// Hours for which replaced files are kept, for whoever is reading an older version
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8_784))]
        keep_hours: u64,
    },
    /// What CloudTrail's digests prove: every log object, every chain, and where the logs are whole
    Verify {
        /// End with code 10 if anything is not as CloudTrail delivered it
        #[arg(long)]
        exit_code: bool,
    },
    /// The report of a day, month or year, for an auditor: pages, tables and a manifest; or a sample; or a check of one
    Report(Box<Report>),
    /// Query the lake's tables and views with SQL; --since and --until are $since and $until in it
    Sql {
        /// The query
        #[arg(short, long, value_name = "QUERY", conflicts_with = "file", allow_hyphen_values = true)]
        command: Option<String>,
        /// A file with the query
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Rows to print, at most
        #[arg(long, default_value_t = 1_000)]
        maxrows: usize,
    },
    /// Write a sample organisation, ingest it and ask it five questions
    Demo {
        /// Which organisation
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Folder for its logs and its lake; a new one by default
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Records, about
        #[arg(long, default_value_t = 3_000)]
        events: usize,
    },
}

/// What to read into the lake.
#[derive(Debug, Clone, Args)]
pub(crate) struct Ingest {
    /// Folders, files, s3://bucket/prefix, logs://log-group or its ARN, queues of S3's notifications (sqs://NAME, an ARN or
    /// URL), or sources named in the configuration
    #[arg(required = true)]
    pub(crate) sources: Vec<String>,
    /// End with code 6 if any input was rejected or could not be read
    #[arg(long)]
    pub(crate) strict: bool,
    /// Go on reading a queue when it is empty, until interrupted
    #[arg(long)]
    pub(crate) follow: bool,
    /// Read objects of this bucket when a queue tells of them, although another account than the queue's owns it (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Vec<String>,
    /// Only say what there is to read, and what the requests for it cost; nothing is written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only logs of this account (may be repeated)
    #[arg(long = "account", value_name = "ACCOUNT_ID", value_parser = account_id)]
    pub(crate) accounts: Vec<String>,
    /// Only logs of this region (may be repeated)
    #[arg(long = "aws-region", value_name = "REGION")]
    pub(crate) aws_regions: Vec<String>,
}

fn account_id(text: &str) -> Result<String, String> {
    let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_one { Ok(text.to_owned()) } else { Err("an account id has 12 digits".to_owned()) }
}

/// Flags of the monitor.
#[derive(Debug, Clone, Args)]
pub(crate) struct Alert {
    /// Only this rule (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Vec<String>,
    /// A file or folder of Sigma rules, beside those that come with whodid (may be repeated)
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// A file of suppressions: each with owner, reason and expiry (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppress: Vec<PathBuf>,
    /// Send a message for each session to this address too (Slack's incoming webhooks and their like)
    #[arg(long, value_name = "URL", env = "WHODID_WEBHOOK", hide_env_values = true)]
    pub(crate) webhook: Option<String>,
    /// Publish it to this topic of SNS too (may be repeated)
    #[arg(long, value_name = "ARN")]
    pub(crate) topic: Vec<String>,
    /// Put it on this event bus of EventBridge too (may be repeated)
    #[arg(long, value_name = "NAME|ARN")]
    pub(crate) event_bus: Vec<String>,
    /// Minutes after a session's message in which further matches of it wait, to go out as one; graver ones, and who it was, do not wait
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=1_440))]
    pub(crate) pause: u64,
    /// Go on: look again and again, until interrupted
    #[arg(long)]
    pub(crate) follow: bool,
    /// With --follow, ingest this before each look; a log group is asked each second (may be repeated)
    #[arg(long, value_name = "SOURCE", requires = "follow")]
    pub(crate) source: Vec<String>,
    /// With --follow, seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "follow", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: u64,
    /// End with code 10 if a rule took something new
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Flags of a report.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Report {
    #[command(subcommand)]
    pub(crate) verb: Option<ReportVerb>,
    #[command(flatten)]
    pub(crate) period: ReportPeriod,
    /// Languages of its pages
    #[arg(long, value_delimiter = ',', default_value = "ja,en", value_name = "LANG,…")]
    pub(crate) lang: Vec<String>,
    /// Folder for its files [default: whodid-reports/PERIOD]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Folder of the report before this one [default: the newest beside --out]
    #[arg(long, value_name = "DIR")]
    pub(crate) previous: Option<PathBuf>,
    /// Whose report it is
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// A file of suppressions that alert was given: it stands in the register of exceptions (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) suppress: Vec<PathBuf>,
    /// A file or folder of Sigma rules that alert was given: its hash stands in the manifest (may be repeated)
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// End with code 10 if there is anything to look at
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// What else is done about reports.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ReportVerb {
    /// Draw changes of a period by a seed, each with its chain and where every record lies
    Sample {
        #[command(flatten)]
        period: ReportPeriod,
        /// Changes to draw
        #[arg(long, default_value_t = 25)]
        n: usize,
        /// The seed: the same draws the same
        #[arg(long)]
        seed: u64,
    },
    /// Compare a report's files with its manifest
    Verify {
        /// The report's folder
        dir: PathBuf,
        /// End with code 10 if anything differs
        #[arg(long)]
        exit_code: bool,
    },
}

/// Which days; yesterday by default, or the span of --since and --until.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReportPeriod {
    /// One day
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "month", "year"])]
    pub(crate) date: Option<String>,
    /// The first of several days
    #[arg(long, value_name = "YYYY-MM-DD", requires = "to", conflicts_with_all = ["month", "year"])]
    pub(crate) from: Option<String>,
    /// The last of them
    #[arg(long, value_name = "YYYY-MM-DD", requires = "from")]
    pub(crate) to: Option<String>,
    /// A month
    #[arg(long, value_name = "YYYY-MM", conflicts_with = "year")]
    pub(crate) month: Option<String>,
    /// A year
    #[arg(long, value_name = "YYYY")]
    pub(crate) year: Option<String>,
    /// Whose days: UTC, Asia/Tokyo, +09:00
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    pub(crate) tz: String,
}

/// Flags of a question.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(skip)]
#[command(next_help_heading = "Question options")]
pub(crate) struct Trace {
    /// Show the chain hop by hop, and where the record that proves each lies
    #[arg(short = 'E', long)]
    pub(crate) evidence: bool,
    /// Changes in the answer, at most
    #[arg(long, default_value_t = LIMIT, value_name = "N")]
    pub(crate) limit: usize,
    /// Calls that only read, too
    #[arg(long)]
    pub(crate) include_reads: bool,
    /// Denied and failed calls, too
    #[arg(long)]
    pub(crate) include_denied: bool,
    /// Only through a session with this tag (may be repeated)
    #[arg(long, value_name = "K=V")]
    pub(crate) tag: Vec<String>,
    /// Only what changed one attribute: tag:KEY, rule:tcp,443, policy:NAME, statement:SID, or a request parameter's path
    #[arg(long, value_name = "PATH")]
    pub(crate) attribute: Option<String>,
    /// End with code 3 if the newest change is less certain
    #[arg(long, value_enum)]
    pub(crate) require: Option<Require>,
    /// Language of a page (--format html or markdown) [default: en]
    #[arg(long, value_enum)]
    pub(crate) lang: Option<PageLanguage>,
}

/// Languages of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageLanguage {
    /// English
    En,
    /// Japanese
    Ja,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            evidence: false,
            limit: LIMIT,
            include_reads: false,
            include_denied: false,
            tag: Vec::new(),
            attribute: None,
            require: None,
            lang: None,
        }
    }
}

/// The least certainty that a script accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Require {
    /// Every hop joined by AWS's own values
    Proven,
    /// AWS wrote the actor, an issuing event may be missing
    Attested,
    /// One candidate by other evidence
    Probable,
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn thing_and_verbs_are_told_apart() {
        for (line, verb, thing) in [
            ("whodid sg-1", false, Some("sg-1")),
            ("whodid -E sg-1 --limit 3", false, Some("sg-1")),
            ("whodid --lake x --format json sg-1", false, Some("sg-1")),
            ("whodid --json=actor,event_id sg-1", false, Some("sg-1")),
            ("whodid --json sg-1", false, Some("sg-1")),
            ("whodid --logs a --logs b sg-1", false, Some("sg-1")),
            ("whodid trace report -E", true, None),
            ("whodid log sg-1 --include-reads", true, None),
            ("whodid --lake x by sato@example.co.jp", true, None),
            ("whodid by sato@example.co.jp --lake x", true, None),
        ] {
            let read = Arguments::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!((read.verb.is_some(), read.thing.as_deref()), (verb, thing), "{line}");
        }
        assert!(Arguments::try_parse_from(["whodid"]).is_err());
    }
}
