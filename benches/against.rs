//! whodid beside the engines that somebody might use instead: the same logs, the same work, one run.
//!
//! In: `cargo bench --bench against -- [EVENTS]` (default 1,000,000), and in `WHODID_BENCH_PYTHON` a Python that has duckdb and chdb (else
//! `python3`). Out: a table on stdout, whole processes by CPU (user and system), and how many times what whodid takes the best of the
//! others does. What is not installed is left out. What they do less: none of them hashes objects, keeps what it cannot read, hides
//! secrets, or says who stands behind a role; a chain of DuckDB's ends at the first access key.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod load;

use load::{Error, Load, Measured};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Times that what takes less than a second is run; the median counts.
const RUNS: usize = 10;
/// Times that what takes longer is run, all engines after one another each time; the median counts.
const ROUNDS: usize = 3;
/// The load's day, as a report's period: it ends at 09:00 UTC.
const REPORT_DAY: [&str; 4] = ["--date", "2026-11-18", "--tz", "+15:00"];
/// Events taken back to their beginnings.
const CHAINS: usize = 200;

const PEERS: [(&str, &str, &[&str]); 3] = [
    ("DuckDB", "duckdb", &["ingest", "question", "raw", "chains", "day"]),
    ("ClickHouse", "clickhouse", &["ingest", "question", "raw", "day"]),
    ("ripgrep + jq", "ripgrep", &["raw"]),
];

const DAY: &str = "SELECT CAST(event_time AS DATE) AS day, recipient_account_id, actor_kind, actor_id, event_source, count(*) AS calls, \
    count(*) FILTER (WHERE error_code IS NOT NULL) AS failed, count(*) FILTER (WHERE NOT read_only) AS writes, \
    count(*) FILTER (WHERE event_name IN ('CreateRole','DeleteRole','AttachRolePolicy','DetachRolePolicy','PutRolePolicy','UpdateAssumeRolePolicy',\
    'CreatePolicyVersion','CreateAccessKey','PutBucketPolicy','PutKeyPolicy','CreateGrant','StopLogging','StartSession',\
    'AuthorizeSecurityGroupIngress')) AS privileged FROM changes GROUP BY 1, 2, 3, 4, 5 ORDER BY privileged DESC, calls DESC";

/// One figure of each engine; none where it cannot do that, or is not there.
struct Row {
    work: &'static str,
    unit: &'static str,
    ours: f64,
    others: Vec<Option<f64>>,
}

fn main() -> Result<(), Error> {
    let load = Load::simulate(&mut |_| {})?;
    let records = load.ledger.records as f64;
    let arns = arns(&load);
    let ids: Vec<&str> =
        load.ledger.acts.iter().filter(|act| !act.chain.is_empty()).map(|act| act.event_id.as_str()).take(CHAINS).collect();
    let file = load.root.join("events");
    std::fs::write(&file, ids.join("\n"))?;
    let mut rows = Vec::new();

    let (mut ours, mut reports, mut peers): (Vec<Measured>, Vec<Measured>, [Option<Vec<Measured>>; PEERS.len()]) = Default::default();
    for _ in 0..ROUNDS {
        load.empty()?;
        ours.push(load.ingest()?);
        for (all, found) in peers.iter_mut().zip(on_peers(&load, "ingest", &[""])?) {
            if let Some(found) = found {
                all.get_or_insert_default().extend(found);
            }
        }
        reports.push(report(&load)?);
    }
    let micros = |found: &Vec<Measured>| median(found.iter().map(|measured| measured.cpu.as_secs_f64() * 1e6 / records).collect());
    let mebibytes = |found: &Vec<Measured>| median(found.iter().map(|measured| measured.peak_bytes as f64 / 1_048_576.0).collect());
    rows.push(row("ingest, with an index of resources", "us of CPU a record", micros(&ours), &peers, micros));
    rows.push(row("its peak memory", "MiB", mebibytes(&ours), &peers, mebibytes));
    let stores: Vec<Option<f64>> = PEERS
        .iter()
        .zip(&peers)
        .map(|((_, engine, _), found)| found.as_ref().map(|_| Ok(load::size(&store(&load, engine))? as f64 / 1e6)).transpose())
        .collect::<Result<_, Error>>()?;
    rows.push(Row { work: "at rest", unit: "MB", ours: load::size(&load.lake)? as f64 / 1e6, others: stores });

    let millis = |measured: &Measured| measured.cpu.as_secs_f64() * 1e3;
    let middle = |found: &Vec<Measured>| median(found.iter().map(millis).collect());
    let mut compared = |work: &'static str, verb: &str, arguments: &[&str], ask: &dyn Fn(&str) -> Vec<String>| -> Result<(), Error> {
        let ours: Vec<Measured> = arguments.iter().map(|argument| load.whodid(&ask(argument))).collect::<Result<_, Error>>()?;
        let peers = on_peers(&load, verb, arguments)?;
        rows.push(row(work, "ms of CPU", middle(&ours), &peers, middle));
        Ok(())
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let asked: Vec<&str> = arns.iter().map(String::as_str).collect();
    let logs = load.logs.to_string_lossy().into_owned();
    compared("who changed this ARN", "question", &asked, &|arn| words(&["trace", arn, "--format", "json"]))?;
    compared("the same from the logs alone", "raw", asked.get(..2).unwrap_or(&asked), &|arn| {
        words(&["--logs", &logs, "trace", arn, "--format", "json"])
    })?;
    let file = file.to_string_lossy().into_owned();
    let wanted = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    let chains = format!("SELECT event_id, actor_kind, actor_id, certainty, role_chain FROM changes WHERE event_id IN ({wanted})");
    compared("who stands behind 200 calls", "chains", &[file.as_str(); RUNS], &|_| words(&["--format", "json", "sql", "-c", &chains]))?;
    compared("a day by caller, service and account", "day", &[""; RUNS], &|_| {
        words(&["--format", "json", "sql", "--maxrows", "1000000", "-c", DAY])
    })?;
    let none = PEERS.map(|_| None);
    rows.push(row("the report of that day, in two languages", "ms of CPU", middle(&reports), &none, middle));
    rows.push(row("its peak memory", "MiB", mebibytes(&reports), &none, mebibytes));
    print(&rows, &load);
    Ok(())
}

/// The nightly report of the load's day, in its default languages and formats.
fn report(load: &Load) -> Result<Measured, Error> {
    let folder = load.root.join("report");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let out = folder.to_string_lossy();
    load.whodid(&[&["report"], &REPORT_DAY[..], &["--out", &out]].concat())
}

/// Things whose ARN stands in the logs as it is: the others find nothing else.
fn arns(load: &Load) -> Vec<String> {
    let things: BTreeSet<&String> =
        load.ledger.questions.iter().map(|question| &question.thing).filter(|thing| thing.starts_with("arn:")).collect();
    let step = (things.len() / RUNS).max(1);
    things.into_iter().step_by(step).take(RUNS).cloned().collect()
}

fn store(load: &Load, engine: &str) -> std::path::PathBuf {
    load.root.join(engine)
}

/// What each engine takes for a piece of work, once for each argument; none where it has no such, or is not there.
#[expect(clippy::disallowed_methods, reason = "which Python has the other engines is its caller's to say")]
fn on_peers(load: &Load, verb: &str, arguments: &[&str]) -> Result<Vec<Option<Vec<Measured>>>, Error> {
    let python = std::env::var("WHODID_BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peers.py");
    let mut found = Vec::new();
    for (_, engine, verbs) in PEERS {
        let run = |argument: &&str| {
            let mut command = Command::new(&python);
            command.arg(&script).args([engine, verb]).arg(&load.logs).arg(store(load, engine));
            load::measure_installed(command.args(Some(*argument).filter(|argument| !argument.is_empty())))
        };
        found.push(if verbs.contains(&verb) { arguments.iter().map(run).collect::<Result<Option<Vec<_>>, Error>>()? } else { None });
    }
    Ok(found)
}

fn row(work: &'static str, unit: &'static str, ours: f64, peers: &[Option<Vec<Measured>>], figure: impl Fn(&Vec<Measured>) -> f64) -> Row {
    Row { work, unit, ours, others: peers.iter().map(|found| found.as_ref().filter(|found| !found.is_empty()).map(&figure)).collect() }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn print(rows: &[Row], load: &Load) {
    let names = PEERS.map(|(name, ..)| name).join(" | ");
    println!("{} records, {:.0} MB of JSON\n", load.ledger.records, load.ledger.bytes_uncompressed as f64 / 1e6);
    println!("| work | | whodid | {names} | best other / whodid |\n| --- | --- | --- |{} --- |", " --- |".repeat(PEERS.len()));
    let digits = |figure: f64| if figure < 100.0 { format!("{figure:.1}") } else { format!("{figure:.0}") };
    for Row { work, unit, ours, others } in rows {
        let cells: Vec<String> = others.iter().map(|other| other.map_or_else(|| "-".to_owned(), digits)).collect();
        let best = others.iter().flatten().copied().min_by(f64::total_cmp);
        let ratio = best.map_or_else(|| "-".to_owned(), |best| format!("{:.2}", best / ours));
        println!("| {work} | {unit} | {} | {} | {ratio} |", digits(*ours), cells.join(" | "));
    }
}
