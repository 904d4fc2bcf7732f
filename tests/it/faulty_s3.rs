//! An S3 that answers badly, for the trail and for the lake: a run ends complete or says what is wrong, leaves nothing half done, and the next
//! one completes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::s3_server::{self, Fault, Script, Server};
use crate::support::{Ended, Home, check_sum, run};
use crate::world::{deliver, plan, simulated};
use simulate::Loss;

/// A trail in one bucket and a lake in another, on a server that can be made to fail.
struct Faulty {
    home: Home,
    folder: TempDir,
    server: Server,
    /// `events` of a lake that was made without any fault.
    expected: Vec<String>,
    // Dropped last: the server stops in it.
    _runtime: tokio::runtime::Runtime,
}

/// What depends on the order of commits, and not on what was read.
const WITHOUT: [&str; 3] = ["object", "object_id", "resolved_version"];
const LAKE: &str = "s3://lake/whodid";
const OBJECTS: usize = 10;

impl Faulty {
    fn new() -> Self {
        let (objects, _) = simulated(&plan(6, Loss::None));
        let folder = TempDir::new().unwrap();
        std::fs::create_dir_all(folder.path().join("lake")).unwrap();
        deliver(&folder.path().join("trail"), &objects[..OBJECTS]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(s3_server::start(folder.path()));
        let home = Home::new();
        let mut faulty = Self { home, folder, server, expected: Vec::new(), _runtime: runtime };
        faulty.ingest("s3://lake/without-faults").expect(0);
        faulty.expected = faulty.events("s3://lake/without-faults");
        assert!(faulty.expected.len() > OBJECTS);
        faulty
    }

    /// As many objects again: whoever ingests them into a lake that has the first ones must read what it has.
    fn more(&mut self) {
        let (objects, _) = simulated(&plan(6, Loss::None));
        deliver(&self.folder.path().join("trail"), &objects[OBJECTS..2 * OBJECTS]);
        self.ingest("s3://lake/more-without-faults").expect(0);
        self.expected = self.events("s3://lake/more-without-faults");
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", &self.server.access_key).env("AWS_SECRET_ACCESS_KEY", &self.server.secret_key);
        run(command.args(["--endpoint-url", &self.server.endpoint, "--region", "us-east-1"]).args(arguments))
    }

    fn ingest(&self, lake: &str) -> Ended {
        self.run(&["--lake", lake, "--json", "ingest", "s3://trail/"])
    }

    fn events(&self, lake: &str) -> Vec<String> {
        let query = "SELECT * FROM events";
        let ended = self.run(&["--lake", lake, "--format", "jsonl", "sql", "--maxrows", "1000000", "-c", query]).expect(0);
        let mut rows: Vec<String> = ended
            .stdout
            .lines()
            .map(|line| {
                let mut row: Value = serde_json::from_str(line).unwrap();
                row.as_object_mut().unwrap().retain(|column, _| !WITHOUT.contains(&column.as_str()));
                row.to_string()
            })
            .collect();
        rows.sort_unstable();
        rows
    }

    /// Ingests with a fault and then without it: what is in the lake after that is what is in one that never saw a fault.
    #[track_caller]
    fn check(&self, mut script: Script) -> Ended {
        let faults = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&faults);
        let counted: Script = Box::new(move |method, path, query| {
            let fault = script(method, path, query);
            count.fetch_add(usize::from(fault.is_some()), Ordering::Relaxed);
            fault
        });
        *self.server.script.lock().unwrap() = Some(counted);
        let faulty = self.ingest(LAKE);
        *self.server.script.lock().unwrap() = None;
        // A run that stops at the first that cannot be waited out may meet one alone.
        assert!(faults.load(Ordering::Relaxed) > 0, "no fault was met");
        match faulty.code {
            0 => check_sum(&faulty.json()),
            2 | 4 => {
                let told: Value = serde_json::from_str(faulty.stderr.lines().last().unwrap_or("")).unwrap_or_default();
                assert_eq!(told["schema"], "whodid.error/v1", "{}", faulty.stderr);
                assert!(faulty.stdout.is_empty(), "{}", faulty.stdout);
            }
            code => panic!("{code}: {}", faulty.stderr),
        }
        let next = self.ingest(LAKE).expect(0).json();
        check_sum(&next);
        assert_eq!(next["problems"], serde_json::json!([]), "{next}");
        assert_eq!(self.events(LAKE), self.expected);
        assert_eq!(self.ingest(LAKE).expect(0).json()["records"]["read"], 0);
        faulty
    }
}

/// Does something to each third request that is meant.
fn third(is_meant: impl Fn(&str, &str) -> bool + Send + 'static, fault: Fault) -> Script {
    let mut count = 0;
    Box::new(move |method, path, _| {
        count += u32::from(is_meant(method, path));
        (is_meant(method, path) && count % 3 == 0).then(|| fault.clone())
    })
}

/// Does something to the first request for each third object that is meant: another attempt at it goes well, however many are under way.
fn first_of_third(is_meant: impl Fn(&str, &str) -> bool + Send + 'static, fault: Fault) -> Script {
    let mut asked = BTreeSet::new();
    Box::new(move |method, path, _| {
        let is_first = is_meant(method, path) && asked.insert(path.to_owned());
        (is_first && asked.len() % 3 == 0).then(|| fault.clone())
    })
}

#[test]
fn a_slow_store_is_waited_for() {
    let ended = Faulty::new().check(third(|_, _| true, Fault::Slow(Duration::from_millis(200))));
    assert_eq!((ended.code, &ended.json()["problems"]), (0, &serde_json::json!([])));
}

#[test]
fn refusals_that_pass_are_waited_out() {
    for (status, code) in [(500, "InternalError"), (503, "SlowDown")] {
        let ended = Faulty::new().check(third(|_, _| true, Fault::Refuse(status, code)));
        assert_eq!(ended.code, 0, "{code}: {}", ended.stderr);
    }
}

#[test]
fn bodies_that_break_off_are_read_again_or_told() {
    let ended = Faulty::new().check(first_of_third(|method, path| method == "GET" && path.contains("AWSLogs"), Fault::Cut));
    assert_eq!((ended.code, &ended.json()["problems"]), (0, &serde_json::json!([])));
    // Of the lake as well: whoever cannot read it writes nothing.
    let mut faulty = Faulty::new();
    faulty.ingest(LAKE).expect(0);
    faulty.more();
    faulty.check(third(|method, path| method == "GET" && path.ends_with(".parquet"), Fault::Cut));
}

#[test]
fn a_put_whose_reply_is_lost_is_done_once() {
    Faulty::new().check(third(|method, _| method == "PUT", Fault::Lose));
}

#[test]
fn objects_that_a_stale_listing_lacks_come_with_the_next() {
    let script: Script = Box::new(|_, path, query| {
        (path.trim_matches('/') == "trail" && query.contains("list-type=2")).then_some(Fault::Stale("us-east-1"))
    });
    assert_eq!(Faulty::new().check(script).code, 0);
}

#[test]
fn a_lake_whose_newest_commits_are_not_listed_takes_nothing_twice() {
    let script: Script = Box::new(|_, path, query| {
        let is_log = path.trim_matches('/') == "lake" && query.contains("_delta_log");
        is_log.then_some(Fault::Stale("00000000000000000001.json"))
    });
    Faulty::new().check(script);
}

#[test]
fn credentials_that_expire_half_way_are_said_with_code_4() {
    let faulty = Faulty::new();
    let mut fetched = 0;
    let script: Script = Box::new(move |method, path, _| {
        fetched += usize::from(method == "GET" && path.contains("AWSLogs/"));
        (fetched > OBJECTS / 2 && path.starts_with("/trail")).then_some(Fault::Refuse(400, "ExpiredToken"))
    });
    let ended = faulty.check(script);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
}
