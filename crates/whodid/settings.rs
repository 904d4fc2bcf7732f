//! Flags, environment, the user's configuration file and defaults, merged once. Alone reads the environment and the clock.

use crate::args::{Format, Global};
use crate::failure::Failure;
use event::HashKey;
use identity::{People, Vendors};
use query::Configured;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The configuration file; unknown keys are refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    lake: Option<String>,
    profile: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
    hash_key_file: Option<PathBuf>,
    #[serde(default)]
    public_keys: Vec<String>,
    #[serde(default)]
    copies: BTreeMap<String, String>,
    #[serde(default)]
    sources: BTreeMap<String, NamedSource>,
    #[serde(default)]
    accounts: BTreeSet<String>,
    people: Option<PathBuf>,
    #[serde(default)]
    vendors: BTreeMap<String, String>,
    #[serde(default)]
    exceptions: Vec<ExceptionTable>,
}

/// `[[exceptions]]`: what is accepted although a rule or a report says otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionTable {
    kind: String,
    what: String,
    owner: String,
    reason: String,
    until: String,
}

/// What is accepted, by whom, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) kind: String,
    pub(crate) what: String,
    pub(crate) owner: String,
    pub(crate) reason: String,
    /// The end of its last day, UTC, microseconds since 1970.
    pub(crate) expires: i64,
}

/// A source of the configuration: its address, or a table that says more.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum NamedSource {
    Address(String),
    Table(SourceTable),
}

impl NamedSource {
    fn address(&self) -> &str {
        match self {
            NamedSource::Address(url) | NamedSource::Table(SourceTable { url, .. }) => url,
        }
    }

    fn table(&self) -> Option<&SourceTable> {
        match self {
            NamedSource::Address(_) => None,
            NamedSource::Table(table) => Some(table),
        }
    }
}

/// `[sources.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    url: String,
    role: Option<String>,
    external_id: Option<String>,
    profile: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
    #[serde(default)]
    accounts: Vec<String>,
    #[serde(default)]
    aws_regions: Vec<String>,
}

/// The accounts and regions whose logs are read; where none is named, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) accounts: Vec<String>,
    pub(crate) aws_regions: Vec<String>,
}

impl Filter {
    /// Whether logs of an account and region are read; what is not known (empty) is.
    pub(crate) fn takes(&self, account_id: &str, aws_region: &str) -> bool {
        let takes = |named: &[String], value: &str| named.is_empty() || value.is_empty() || named.iter().any(|name| name == value);
        takes(&self.accounts, account_id) && takes(&self.aws_regions, aws_region)
    }

    /// Whether everything is read.
    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.aws_regions.is_empty()
    }
}

/// What a command needs to know of its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) lake: String,
    /// Whether the user said where the lake is.
    pub(crate) is_lake_named: bool,
    /// Whether CloudTrail's event history is asked too.
    pub(crate) live: bool,
    pub(crate) format: Format,
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) offline: bool,
    pub(crate) logs: Vec<String>,
    /// What of sources is read, by the command line.
    pub(crate) filter: Filter,
    /// Objects of one commit, at most, where `WHODID_COMMIT_OBJECTS` wants fewer than usual.
    pub(crate) commit_objects: Option<usize>,
    /// Folder for what whodid keeps for itself.
    pub(crate) data: PathBuf,
    pub(crate) terminal: bool,
    /// The configuration file, whether it is there or not.
    pub(crate) config_path: PathBuf,
    pub(crate) source: SourceOptions,
    /// As the command line has it: that goes before what the configuration says of one source.
    asked: SourceOptions,
    /// Places, in a folder or bucket, and the `s3://` prefix of which each is a copy; all end in `/`.
    pub(crate) copies: BTreeMap<String, String>,
    /// What the configuration says of people, vendors and accounts.
    pub(crate) configured: Arc<Configured>,
    /// Exceptions that the configuration names.
    pub(crate) exceptions: Vec<Exception>,
    /// SHA-256 of each list that the configuration says, by its name.
    pub(crate) hashes: BTreeMap<String, String>,
    public_keys: Vec<String>,
    sources: BTreeMap<String, NamedSource>,
    hash_key_file: PathBuf,
    environment: HashMap<String, String>,
}

/// How AWS is reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceOptions {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint_url: Option<String>,
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment() -> HashMap<String, String> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// How soon the allocator gives freed memory back to the system, and after how many milliseconds where that is to be soon: by itself it waits
/// for a second, in which a large report frees a third of what it uses.
const GIVEN_BACK: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "200");

/// Begins this process anew with an allocator that gives memory back soon, which it can be told of at its start alone. Goes on as it is where
/// somebody has said how soon, or the system does not let it.
pub(crate) fn give_memory_back_soon() {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        let (name, delay) = GIVEN_BACK;
        let mut arguments = std::env::args_os();
        let (Some(own_name), Ok(program)) = (arguments.next(), std::env::current_exe()) else { return };
        if environment().contains_key(name) {
            return;
        }
        let error = std::process::Command::new(program).arg0(own_name).args(arguments).env(name, delay).exec();
        tracing::debug!(%error, "the report may take more memory");
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl Settings {
    /// Merges what the user gave.
    ///
    /// `makes_config`: the file that `--config` names is yet to be made.
    pub(crate) fn of(global: &Global, makes_config: bool) -> Result<Self, Failure> {
        let environment = environment();
        let home = |variable: &str, below: &str| {
            let own = environment.get(variable).filter(|value| Path::new(value).is_absolute()).map(PathBuf::from);
            own.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(below))).unwrap_or_else(|| PathBuf::from("."))
        };
        arm(&environment)?;
        let config_path = global.config.clone().unwrap_or_else(|| home("XDG_CONFIG_HOME", ".config").join("whodid").join("config.toml"));
        let file = read_config(&config_path, global.config.is_some() && !makes_config)?;
        let data = home("XDG_DATA_HOME", ".local/share").join("whodid");
        let now = now();
        let format = match (&global.json, global.format) {
            (Some(_), Some(format)) if format != Format::Json => {
                return Err(Failure::usage("--json and --format disagree", "give one of them"));
            }
            (Some(_), _) => Format::Json,
            (None, format) => format.unwrap_or(Format::Human),
        };
        let fields = global
            .json
            .clone()
            .flatten()
            .map(|fields| fields.split(',').map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect());
        let since = global.since.as_deref().map(|text| time(text, now, "--since")).transpose()?;
        let until = global.until.as_deref().map(|text| time(text, now, "--until")).transpose()?;
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(Failure::usage("--since is not before --until", "give the earlier time to --since"));
        }
        let lake = global.lake.clone().or(file.lake);
        let exceptions = file.exceptions.into_iter().map(exception).collect::<Result<Vec<_>, _>>()?;
        let mut hashes = BTreeMap::new();
        let configured = Arc::new(configured(file.accounts, file.people.as_deref(), file.vendors, &config_path, &mut hashes)?);
        if !exceptions.is_empty() {
            hashes.insert("exceptions".to_owned(), lake::sha256(format!("{exceptions:?}").as_bytes()));
        }
        Ok(Self {
            is_lake_named: lake.is_some(),
            lake: lake.unwrap_or_else(|| data.join("lake").to_string_lossy().into_owned()),
            live: global.live,
            format,
            fields,
            since,
            until,
            offline: global.offline,
            logs: global.logs.clone(),
            filter: Filter::default(),
            terminal: std::io::stderr().is_terminal(),
            commit_objects: commit_objects(&environment)?,
            source: SourceOptions {
                profile: global.profile.clone().or(file.profile),
                region: global.region.clone().or(file.region),
                endpoint_url: global.endpoint_url.clone().or(file.endpoint_url),
            },
            asked: SourceOptions {
                profile: global.profile.clone(),
                region: global.region.clone(),
                endpoint_url: global.endpoint_url.clone(),
            },
            copies: file.copies.into_iter().map(|(read, recorded)| (folder(read), folder(recorded))).collect(),
            public_keys: global.public_keys.iter().cloned().chain(file.public_keys).collect(),
            configured,
            exceptions,
            hashes,
            sources: file.sources,
            hash_key_file: file.hash_key_file.unwrap_or_else(|| data.join("hash.key")),
            data,
            config_path,
            environment,
        })
    }

    /// The address of a source, by its name in the configuration or as it stands.
    pub(crate) fn source_named<'s>(&'s self, name: &'s str) -> &'s str {
        match self.sources.get(name) {
            Some(NamedSource::Address(url)) => url,
            Some(NamedSource::Table(table)) => &table.url,
            None => name,
        }
    }

    /// How a source is reached, by its name or its address: the configuration may name a role for it.
    pub(crate) fn options_of(&self, name: &str) -> source::Options {
        let mut options = self.source_options();
        if let Some(table) = self.table_of(name) {
            options.role.clone_from(&table.role);
            options.external_id.clone_from(&table.external_id);
            let own = |asked: &Option<String>, own: &Option<String>, all| asked.clone().or_else(|| own.clone()).or(all);
            options.profile = own(&self.asked.profile, &table.profile, options.profile);
            options.region = own(&self.asked.region, &table.region, options.region);
            options.endpoint_url = own(&self.asked.endpoint_url, &table.endpoint_url, options.endpoint_url);
        }
        options
    }

    /// What of a source is read: what the command line names, else what the configuration does.
    pub(crate) fn filter_of(&self, name: &str) -> Filter {
        let asked = &self.filter;
        let table = self.table_of(name);
        let of = |asked: &[String], configured: Option<&Vec<String>>| {
            if asked.is_empty() { configured.cloned().unwrap_or_default() } else { asked.to_vec() }
        };
        Filter {
            accounts: of(&asked.accounts, table.map(|table| &table.accounts)),
            aws_regions: of(&asked.aws_regions, table.map(|table| &table.aws_regions)),
        }
    }

    /// The table of a source, by its name, or by the address of something in it.
    fn table_of(&self, name: &str) -> Option<&SourceTable> {
        let holds = |url: &str| name == url || name.strip_prefix(url).is_some_and(|rest| url.ends_with('/') || rest.starts_with('/'));
        let of_name = self.sources.get(name).and_then(NamedSource::table);
        of_name.or_else(|| {
            self.sources.values().filter_map(NamedSource::table).filter(|table| holds(&table.url)).max_by_key(|table| table.url.len())
        })
    }

    /// The sources of the configuration: names and addresses.
    pub(crate) fn sources(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.sources.iter().map(|(name, source)| (name.as_str(), source.address()))
    }

    /// Whether the key for hashing secrets comes from the environment.
    pub(crate) fn has_hash_key_in_environment(&self) -> bool {
        self.environment.contains_key("WHODID_HASH_KEY")
    }

    /// Where that key is kept, or will be.
    pub(crate) fn hash_key_file(&self) -> &Path {
        &self.hash_key_file
    }

    /// Buckets of the sources in the configuration.
    pub(crate) fn source_buckets(&self) -> Vec<String> {
        let in_s3 = self.sources.values().map(NamedSource::address).filter(|spec| source::is_s3(spec));
        in_s3.filter_map(|spec| spec.split('/').nth(2).map(str::to_owned)).collect()
    }

    /// How AWS is reached.
    pub(crate) fn source_options(&self) -> source::Options {
        let SourceOptions { profile, region, endpoint_url } = self.source.clone();
        source::Options { profile, region, endpoint_url, role: None, external_id: None }
    }

    /// Adds the public keys of the files that the user named.
    pub(crate) fn add_public_keys(&self, keys: &mut digest::PublicKeys) -> Result<(), Failure> {
        for named in &self.public_keys {
            let (aws_region, path) = named.split_once('=').map_or((None, named.as_str()), |(aws_region, path)| (Some(aws_region), path));
            let hint = "give a file that whodid wrote, or REGION=FILE with the output of: aws cloudtrail list-public-keys --region REGION";
            let failed = |why: String| Failure::usage(format!("cannot take public keys from {path}: {why}"), hint);
            let json = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let added = match aws_region {
                Some(aws_region) => keys.add_listing(aws_region, &json),
                None => keys.add_json(&json),
            };
            added.map_err(|error| failed(crate::failure::causes(&error)))?;
        }
        Ok(())
    }

    /// Options of the object store that holds an S3 lake.
    pub(crate) fn store_options(&self) -> HashMap<String, String> {
        let mut options = HashMap::new();
        let mut set = |key: &str, value: Option<&String>| {
            if let Some(value) = value {
                options.insert(key.to_owned(), value.clone());
            }
        };
        let endpoint = self
            .source
            .endpoint_url
            .as_ref()
            .or_else(|| self.environment.get("AWS_ENDPOINT_URL_S3"))
            .or_else(|| self.environment.get("AWS_ENDPOINT_URL"));
        set("AWS_ENDPOINT_URL", endpoint);
        set(
            "AWS_REGION",
            self.source
                .region
                .as_ref()
                .or_else(|| self.environment.get("AWS_REGION"))
                .or_else(|| self.environment.get("AWS_DEFAULT_REGION")),
        );
        set("AWS_PROFILE", self.source.profile.as_ref());
        if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
            set("AWS_ALLOW_HTTP", Some(&"true".to_owned()));
        }
        options
    }

    /// The key that turns secrets into hashes: `WHODID_HASH_KEY` (64 hexadecimal digits), else the installation's own, made on first use.
    pub(crate) fn hash_key(&self) -> Result<HashKey, Failure> {
        let bad = |what: String| Failure::usage(what, "it holds 64 hexadecimal digits, for example from: openssl rand -hex 32");
        if let Some(text) = self.environment.get("WHODID_HASH_KEY") {
            return key_of(text).ok_or_else(|| bad("WHODID_HASH_KEY is no key".into()));
        }
        let path = &self.hash_key_file;
        if let Ok(text) = std::fs::read_to_string(path) {
            return key_of(&text).ok_or_else(|| bad(format!("{} holds no key", path.display())));
        }
        let mut bytes = [0; 32];
        std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes))?;
        let text = lake::hex(&bytes);
        match write_private(path, &text) {
            Ok(()) => {}
            // Another process was first; its key is the installation's.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let text = std::fs::read_to_string(path)?;
                return key_of(&text).ok_or_else(|| bad(format!("{} holds no key", path.display())));
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the key for hashing secrets could not be kept; hashes of this run compare with no other's")
            }
        }
        Ok(HashKey::new(bytes))
    }
}

fn commit_objects(environment: &HashMap<String, String>) -> Result<Option<usize>, Failure> {
    let Some(text) = environment.get("WHODID_COMMIT_OBJECTS") else { return Ok(None) };
    let bad = |_| Failure::usage(format!("WHODID_COMMIT_OBJECTS={text:?} is no number of objects"), "give a whole number from 1 on");
    text.parse::<std::num::NonZeroUsize>().map(|objects| Some(objects.get())).map_err(bad)
}

/// Arms the point of `WHODID_CRASH_AT=POINT:TIME` in a build that has them: tests end the process there.
fn arm(environment: &HashMap<String, String>) -> Result<(), Failure> {
    use lake::fail_point;
    let Some(text) = environment.get("WHODID_CRASH_AT").filter(|_| fail_point::COMPILED) else { return Ok(()) };
    let armed = text.split_once(':').and_then(|(point, time)| Some((point.parse().ok()?, time.parse().ok()?)));
    let Some((point, time)) = armed else {
        let points: Vec<String> = fail_point::Point::all().map(|point| point.to_string()).collect();
        return Err(Failure::usage(
            format!("WHODID_CRASH_AT={text:?} is no point"),
            format!("POINT:TIME, where POINT is one of: {}", points.join(", ")),
        ));
    };
    fail_point::arm(point, time);
    Ok(())
}

/// Keeps `text` at `path`, readable by its owner alone and seen by others whole or not at all; `AlreadyExists` if another was first.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|refused| refused.error)
}

fn key_of(text: &str) -> Option<HashKey> {
    let text = text.trim();
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, index) in bytes.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(HashKey::new(bytes))
}

fn read_config(path: &Path, named: bool) -> Result<File, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| Failure {
            exit: crate::exit::Exit::Failed,
            code: "config",
            message: format!("cannot understand {}: {}", path.display(), error.message()),
            hint: Some("known keys: lake, profile, region, endpoint_url, hash_key_file, public_keys, accounts, people, [vendors], [[exceptions]] (kind, what, owner, reason, until), [copies], [sources] (NAME = \"s3://…\", or [sources.NAME] with url, role, external_id, profile, region, endpoint_url, accounts, aws_regions)".into()),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => Ok(File::default()),
        Err(error) => Err(Failure::usage(format!("cannot read {}: {error}", path.display()), "give a readable file to --config")),
    }
}

const DAY_MICROS: i64 = 86_400_000_000;

/// Bytes of a table of people, at most.
const PEOPLE_BYTES_MAX: u64 = 64 << 20;

/// An exception of the configuration, if it says all that one has to say.
fn exception(said: ExceptionTable) -> Result<Exception, Failure> {
    let ExceptionTable { kind, what, owner, reason, until } = said;
    let words = [&kind, &what, &owner, &reason];
    let end = event::time::micros(&format!("{until}T00:00:00Z")).map(|start| start + DAY_MICROS);
    match end {
        Some(expires) if words.iter().all(|word| !word.trim().is_empty()) => Ok(Exception { kind, what, owner, reason, expires }),
        _ => Err(Failure::usage(
            format!("the exception for {what:?} of the configuration is none"),
            "[[exceptions]] says kind, what, owner, reason and until (YYYY-MM-DD), none of them empty",
        )),
    }
}

/// What the configuration says of people, vendors and accounts, and the hash of each list. A table of people lies beside the configuration, unless its
/// path is whole.
fn configured(
    accounts: BTreeSet<String>,
    people: Option<&Path>,
    vendors: BTreeMap<String, String>,
    config: &Path,
    hashes: &mut BTreeMap<String, String>,
) -> Result<Configured, Failure> {
    let is_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(bad) = accounts.iter().find(|account| !is_account(account)) {
        return Err(Failure::usage(format!("{bad:?} in accounts is no account"), "an account id has twelve digits"));
    }
    if !accounts.is_empty() {
        hashes.insert("accounts".to_owned(), lake::sha256(format!("{accounts:?}").as_bytes()));
    }
    if !vendors.is_empty() {
        hashes.insert("vendors".to_owned(), lake::sha256(format!("{vendors:?}").as_bytes()));
    }
    let mut known = Vendors::shipped();
    for (account, name) in vendors {
        known.add(&account, &name).map_err(|_| {
            Failure::usage(format!("{account:?} = {name:?} in [vendors] is no vendor"), "write it as \"111122223333\" = \"Name\"")
        })?;
    }
    let people = match people {
        Some(path) => {
            let (people, hash) = read_people(&config.parent().unwrap_or(Path::new(".")).join(path))?;
            hashes.insert("people".to_owned(), hash);
            people
        }
        None => People::default(),
    };
    Ok(Configured { people, vendors: known, accounts })
}

/// The people of a table, and its SHA-256.
fn read_people(path: &Path) -> Result<(People, String), Failure> {
    let failed = |why: String| {
        Failure::usage(
            format!("cannot take people from {}: {why}", path.display()),
            "its first line names columns such as person,email,sso_user,iam_user_arn",
        )
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let read = file.take(PEOPLE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    if read as u64 > PEOPLE_BYTES_MAX {
        return Err(failed("it is over 64 MiB".to_owned()));
    }
    let people = People::parse(&text).map_err(|bad| failed(bad.to_string()))?;
    Ok((people, lake::sha256(text.as_bytes())))
}

/// A prefix that ends in `/`.
fn folder(place: String) -> String {
    if place.ends_with('/') { place } else { place + "/" }
}

/// A time of a flag: a span before now, a date, or a time; microseconds since 1970.
fn time(text: &str, now: i64, flag: &str) -> Result<i64, Failure> {
    let text = text.trim();
    let span = text.strip_prefix("T-").unwrap_or(text);
    if let Some((count, unit)) = span.len().checked_sub(1).and_then(|at| span.split_at_checked(at))
        && let Ok(count) = count.parse::<i64>()
    {
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            _ => 0,
        };
        if seconds > 0 && (0..=1_000_000_000).contains(&count) {
            return Ok(now.saturating_sub(count.saturating_mul(seconds * 1_000_000)));
        }
    }
    let day = event::time::micros(&format!("{text}T00:00:00Z"));
    day.or_else(|| event::time::micros(text))
        .ok_or_else(|| Failure::usage(format!("{flag} {text:?} is no time"), "write it as 2h, 7d, 2026-11-01 or 2026-11-01T09:00:00+09:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_flags() {
        let now = 1_794_978_131_000_000;
        let read = |text: &str| time(text, now, "--since").ok();
        assert_eq!(read("2h"), Some(now - 7_200_000_000));
        assert_eq!(read("T-7d"), Some(now - 7 * 86_400_000_000));
        assert_eq!(read("2026-11-18T05:02:11Z"), Some(now));
        assert_eq!(read("2026-11-18"), event::time::micros("2026-11-18T00:00:00Z"));
        for bad in ["", "yesterday", "7", "d", "2026-13-01", "-3d", "99999999999999999999d", "日"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn unknown_configuration_keys_are_refused() {
        assert!(toml::from_str::<File>("lake = 'x'\nlaek = 'y'").is_err());
        assert!(toml::from_str::<File>("lake = 'x'\n[sources]\naudit = 's3://b/p'").is_ok());
        assert!(toml::from_str::<File>("[sources.audit]\nurl = 's3://b/p'\nrole = 'arn:aws:iam::111122223333:role/read'").is_ok());
        assert!(toml::from_str::<File>("[sources.audit]\nurl = 's3://b/p'\nrloe = 'x'").is_err());
        assert!(toml::from_str::<File>("[sources.audit]\nrole = 'x'").is_err());
        assert!(toml::from_str::<File>("[[exceptions]]\nkind = 'key'\nwhat = 'AKIA'").is_err());
    }

    #[test]
    fn an_exception_says_who_why_and_until_when() {
        let said = |owner: &str, until: &str| {
            let word = |text: &str| text.to_owned();
            exception(ExceptionTable {
                kind: word("key"),
                what: word("AKIA"),
                owner: word(owner),
                reason: word("legacy"),
                until: word(until),
            })
        };
        assert_eq!(said("ops", "2026-12-31").ok().map(|exception| exception.expires), event::time::micros("2027-01-01T00:00:00Z"));
        for (owner, until) in [("", "2026-12-31"), (" ", "2026-12-31"), ("ops", "never"), ("ops", "2026-02-30"), ("ops", "")] {
            assert!(said(owner, until).is_err(), "{owner:?} {until:?}");
        }
    }

    #[test]
    fn a_filter_takes_what_it_names_and_what_is_not_known() {
        let filter = Filter { accounts: vec!["111122223333".into()], aws_regions: vec!["eu-west-1".into()] };
        assert!(filter.takes("111122223333", "eu-west-1") && filter.takes("", "") && filter.takes("111122223333", ""));
        assert!(!filter.takes("444455556666", "eu-west-1") && !filter.takes("111122223333", "us-east-1"));
        assert!(Filter::default().takes("444455556666", "us-east-1") && Filter::default().is_empty());
    }

    #[test]
    fn a_key_that_many_make_at_once_is_one_key_and_never_seen_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("hash.key");
        let start = std::sync::Barrier::new(8);
        let firsts: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let (path, start) = (&path, &start);
                    scope.spawn(move || {
                        start.wait();
                        let made = write_private(path, &format!("{number:064}"));
                        assert!(key_of(&std::fs::read_to_string(path).unwrap()).is_some());
                        made.map_err(|error| assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists)).is_ok()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(firsts.iter().filter(|first| **first).count(), 1);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }
}
