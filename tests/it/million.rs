//! What it takes to list very many objects and to remember them. `WHODID_TEST_OBJECTS=1000000` makes it a million (figures in the README).

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lake::{Lake, ObjectRow, Rows, Writer};
use serde_json::Value;

use crate::listing_server::{EMPTY_SIZE, ListingServer, Stored, etag};
use crate::support::Home;

const OBJECTS: usize = 25_000;
const ACCOUNTS: usize = 5;
const REGIONS: [&str; 4] = ["ap-northeast-1", "eu-west-1", "us-east-1", "us-east-2"];
/// Days of the bucket, the last of them yesterday.
const DAYS: usize = 10;
/// Resident memory of a run, at most.
const BYTES_MAX: u64 = 256 << 20;

/// The objects of an organisation's bucket, by arithmetic.
fn keys(objects: usize) -> impl Iterator<Item = String> {
    let now = jiff::Timestamp::now().as_second();
    let days: Vec<String> = (0..DAYS as i64)
        .map(|day| jiff::Timestamp::from_second(now - (DAYS as i64 - day) * 86_400).unwrap().to_string()[..10].to_owned())
        .collect();
    (0..objects).map(move |number| {
        let (account, region) = (111_122_220_000 + number % ACCOUNTS, REGIONS[number / ACCOUNTS % REGIONS.len()]);
        let day = &days[number / ACCOUNTS / REGIONS.len() % DAYS];
        let (folder, stamp, minute) = (day.replace('-', "/"), day.replace('-', ""), number / 1_000 % 1_440);
        let name = format!("{account}_CloudTrail_{region}_{stamp}T{:02}{:02}Z_{number:016}.json.gz", minute / 60, minute % 60);
        format!("o-exampleorg1/AWSLogs/o-exampleorg1/{account}/CloudTrail/{region}/{folder}/{name}")
    })
}

/// What a run said, how much memory it had at most, and how long it took.
struct Measured {
    summary: Value,
    bytes: u64,
    time: Duration,
}

fn measured(command: &mut Command) -> Measured {
    let started = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (ended, waiting) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut most = 0;
        // The kernel keeps the most that there was.
        while waiting.recv_timeout(Duration::from_millis(20)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|line| line.split_whitespace().next());
            most = line.and_then(|kilobytes| kilobytes.parse::<u64>().ok()).map_or(most, |kilobytes| most.max(kilobytes * 1024));
        }
        most
    });
    let output = child.wait_with_output().unwrap();
    drop(ended);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = serde_json::from_slice(&output.stdout).unwrap();
    Measured { summary, bytes: watch.join().unwrap(), time: started.elapsed() }
}

/// Writes the ledger of a lake that has read all of them.
fn remember(lake: &str, objects: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut writer = Writer::open(&Lake::at(lake, HashMap::new()).unwrap()).await.unwrap();
        let mut parts = [Rows::default()];
        for (number, key) in (1..).zip(keys(objects)) {
            let object = ObjectRow {
                uri: format!("s3://trail/{key}"),
                kind: "cloudtrail",
                state: "read",
                etag: Some(etag(&key, 0)),
                size: EMPTY_SIZE as u64,
                ..ObjectRow::default()
            };
            parts[0].note(object);
            if number % 5_000 == 0 || number == objects {
                writer.commit(&mut parts, "run", 0).await.unwrap();
            }
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "how long to run is the environment's word")]
fn objects() -> usize {
    std::env::var("WHODID_TEST_OBJECTS").map_or(OBJECTS, |count| count.parse().unwrap())
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures, for whoever asks with --nocapture")]
fn very_many_objects_are_listed_and_remembered_in_little_memory() {
    let objects = objects();
    let (home, server) = (Home::new(), ListingServer::new());
    {
        let mut state = server.state.lock().unwrap();
        state.objects.extend(keys(objects).map(|key| (key, Stored::default())));
    }
    let lake = home.text("lake");
    let run = |arguments: &[&str]| {
        let mut command = home.whodid();
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.args(["--endpoint-url", &server.endpoint, "--region", "us-east-1", "--lake", &lake, "--json", "ingest", "s3://trail"]);
        let ended = measured(command.args(arguments));
        println!("{arguments:?}: {} MiB, {:.1} s, {} pages", ended.bytes >> 20, ended.time.as_secs_f64(), server.asked().0.len());
        assert!(ended.bytes > 0 && ended.bytes <= BYTES_MAX, "{} MiB", ended.bytes >> 20);
        ended.summary
    };
    let plan = run(&["--dry-run", "--since", "30d"]);
    assert_eq!((&plan["objects"]["seen"], &plan["objects"]["new"]), (&objects.into(), &objects.into()), "{plan}");
    remember(&lake, objects);
    let all = run(&["--since", "30d"]);
    assert_eq!((&all["objects"]["seen"], &all["objects"]["new"]), (&objects.into(), &0.into()), "{all}");
    // The sweep of the first days, and then what every run asks: the folders, and each region once for its last two days.
    run(&[]);
    let again = run(&[]);
    assert_eq!(again["objects"]["new"], 0, "{again}");
    let pages_of_a_region = (objects / ACCOUNTS / REGIONS.len() / DAYS).div_ceil(1_000) as u64 + 1;
    let pages_max = (5 + 2 * ACCOUNTS) as u64 + (ACCOUNTS * REGIONS.len()) as u64 * pages_of_a_region;
    assert!(again["listing"]["requests"].as_u64().unwrap() <= pages_max, "more than {pages_max}: {again}");
}
