//! Whatever is killed, wherever, and however many write at once: each event is there once, and whoever asks can always read.
//!
//! Small runs are tests like any other. A long one is by hand, and prints its seed and what was killed in which phase:
//! `WHODID_KILLS=1500 WHODID_KILL_SEED=7 WHODID_KILL_PLACE=folder cargo test --workspace --test it killed_at_any_moment -- --nocapture`
//! (`WHODID_KILL_PLACE=s3` for a lake in a bucket). Half of the kills are at the points, each of them as often as the others.

#![expect(clippy::print_stdout, reason = "figures, shown with --nocapture")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lake::fail_point::{COMPILED, Point};
use lake::{Lake, Table};
use query::{Question, Reader, Verb};

use crate::kill_inputs::Inputs;
use crate::s3_server::{self, ACCESS_KEY, SECRET_KEY, Server};
use crate::signed::write_keys;
use crate::support::{Home, run};

/// Kills of one lake; then it is looked at whole, and the next one begins.
const ROUND_KILLS: usize = 40;
/// Compactions until one comes by a point.
const COMPACTIONS_MAX: usize = 5;
/// A process that takes longer hangs.
const RUN_MAX: Duration = Duration::from_secs(900);

#[test]
fn an_ingest_killed_at_every_step_loses_and_doubles_nothing() {
    let points: Vec<Point> = points().collect();
    let report = Killing { seed: 1, kills: points.len(), each: 1, in_bucket: false }.run();
    if COMPILED {
        let missed: Vec<String> = points.iter().filter(|point| !report.hits.contains_key(*point)).map(ToString::to_string).collect();
        assert!(missed.is_empty(), "never came by {missed:?}");
    }
}

/// In a bucket, a few kills; as `WHODID_KILLS` and its kin say, where somebody asks for more.
#[test]
#[expect(clippy::disallowed_methods, reason = "how long a run by hand takes is its caller's to say")]
fn an_ingest_killed_at_any_moment_loses_and_doubles_nothing() {
    let asked = |name: &str| std::env::var(name).ok();
    let kills = asked("WHODID_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let seed = asked("WHODID_KILL_SEED").map_or(2, |seed| seed.parse().unwrap());
    let in_bucket = asked("WHODID_KILL_PLACE").is_none_or(|place| place == "s3");
    let each = kills / 2 / points().count();
    let report = Killing { seed, kills, each, in_bucket }.run();
    assert!(report.kills() >= kills);
}

/// Points that an ingest of a folder, a compaction or a monitor comes by: all but those of queues.
fn points() -> impl Iterator<Item = Point> {
    Point::all().filter(|point| ![Point::Taken, Point::Deleted].contains(point))
}

struct Killing {
    seed: u64,
    kills: usize,
    /// How often each point is to be hit at least.
    each: usize,
    in_bucket: bool,
}

/// What was killed.
#[derive(Debug, Default)]
struct Report {
    /// Kills at points.
    hits: BTreeMap<Point, usize>,
    /// Kills at any moment, by the point that the process had come by last.
    moments: BTreeMap<String, usize>,
    /// Processes that ended before they were killed.
    ended: usize,
}

impl Report {
    fn kills(&self) -> usize {
        self.hits.values().chain(self.moments.values()).sum()
    }
}

/// How a process is to end.
#[derive(Debug, Clone, Copy)]
enum End {
    At(Point, u32),
    After(Duration),
    ByItself,
}

struct Running {
    child: Child,
    end: End,
    began: Instant,
    log: std::path::PathBuf,
}

impl Killing {
    fn run(&self) -> Report {
        let mut chance = Chance(self.seed);
        let mut report = Report::default();
        let mut wanted: Vec<Point> = if COMPILED { points().flat_map(|point| vec![point; self.each]).collect() } else { Vec::new() };
        chance.shuffle(&mut wanted);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut number = 0;
        while report.kills() < self.kills || !wanted.is_empty() {
            let mut round = Round::new(self.seed + number, self.in_bucket, &runtime);
            let until = self.kills.max(report.kills() + wanted.len()).min(report.kills() + ROUND_KILLS);
            round.make_tables(&mut wanted, &mut report);
            while report.kills() < until {
                round.step(&mut chance, &mut wanted, &mut report);
            }
            round.check();
            number += 1;
            println!("round {number}: {} kills so far, {} processes ended first", report.kills(), report.ended);
        }
        println!("seed {}, {}: {} kills", self.seed, if self.in_bucket { "bucket" } else { "folder" }, report.kills());
        report.hits.iter().for_each(|(point, kills)| println!("  at {point}: {kills}"));
        report.moments.iter().for_each(|(phase, kills)| println!("  at any moment after {phase}: {kills}"));
        report
    }
}

/// One lake, from nothing to the look at all of it.
struct Round<'r> {
    home: Home,
    inputs: Inputs,
    place: String,
    options: HashMap<String, String>,
    runtime: &'r tokio::runtime::Runtime,
    /// How long an ingest takes that nobody kills.
    usual: Duration,
    /// How many changes of the first thing a reader has found.
    found: usize,
    _server: Option<Server>,
}

impl<'r> Round<'r> {
    fn new(seed: u64, in_bucket: bool, runtime: &'r tokio::runtime::Runtime) -> Self {
        let home = Home::new();
        write_keys(&home.path("keys.json"));
        let mut options = HashMap::new();
        let (mut place, mut server) = (home.text("lake"), None);
        if in_bucket {
            let buckets = home.path("buckets");
            std::fs::create_dir_all(buckets.join("lake")).unwrap();
            let started = runtime.block_on(s3_server::start(&buckets));
            place = "s3://lake/whodid".to_owned();
            for (name, value) in [
                ("AWS_ENDPOINT_URL", started.endpoint.as_str()),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ALLOW_HTTP", "true"),
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
                ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ] {
                options.insert(name.to_owned(), value.to_owned());
            }
            server = Some(started);
        }
        let mut inputs = Inputs::new(seed);
        inputs.deliver(&home.path("logs"));
        inputs.list_users(&home.path("directory"));
        Self { home, inputs, place, options, runtime, usual: Duration::from_millis(1500), found: 0, _server: server }
    }

    fn command(&self, lake: &str, arguments: &[&str]) -> Command {
        let mut command = self.home.whodid();
        command.envs(&self.options).args(["-vv", "--lake", lake, "--public-keys", &self.home.text("keys.json")]).args(arguments);
        command
    }

    /// The logs and the company's directory.
    fn sources(&self) -> [String; 2] {
        [self.home.text("logs"), format!("directory://{}", self.home.text("directory"))]
    }

    fn ingest(&self, end: End, number: usize, objects: Option<usize>) -> Running {
        let [logs, directory] = self.sources();
        let mut command = self.command(&self.place, &["ingest", &logs, &directory]);
        if let Some(objects) = objects {
            command.env("WHODID_COMMIT_OBJECTS", objects.to_string());
        }
        self.start(command, end, number)
    }

    fn start(&self, mut command: Command, end: End, number: usize) -> Running {
        if let End::At(point, time) = end {
            command.env("WHODID_CRASH_AT", format!("{point}:{time}"));
        }
        let log = self.home.path(&format!("log-{number}"));
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        Running { child: command.spawn().unwrap(), end, began: Instant::now(), log }
    }

    /// Kills those who make the tables one after the other, as far as that is wanted.
    fn make_tables(&mut self, wanted: &mut Vec<Point>, report: &mut Report) {
        // The order in which a run makes them: what a kill leaves out is the next one's.
        for table in [Table::Directory, Table::Sessions, Table::Commands, Table::Alerts].into_iter().chain([
            Table::Credentials,
            Table::Mentions,
            Table::Causes,
            Table::Objects,
            Table::Rejects,
            Table::Runs,
            Table::Events,
        ]) {
            if let Some(place) = wanted.iter().position(|point| *point == Point::Made(table)) {
                wanted.swap_remove(place);
                let running = self.ingest(End::At(Point::Made(table), 1), 0, None);
                self.finish(running, report);
                self.ask();
            }
        }
    }

    /// Something new to read.
    fn deliver(&mut self) {
        self.inputs.deliver(&self.home.path("logs"));
        self.inputs.list_users(&self.home.path("directory"));
    }

    fn compact(&self, end: End, number: usize) -> Running {
        self.start(self.command(&self.place, &["compact"]), end, number)
    }

    /// Kills a compaction at a point. Which tables have files to merge depends on what came in since the last one.
    fn kill_compaction(&mut self, point: Point, report: &mut Report) {
        let before = report.hits.get(&point).copied();
        for _ in 0..COMPACTIONS_MAX {
            let done = self.ingest(End::ByItself, 0, Some(2));
            self.finish(done, report);
            let killed = self.compact(End::At(point, 1), 0);
            self.finish(killed, report);
            self.ask();
            if report.hits.get(&point).copied() != before {
                return;
            }
            self.deliver();
        }
        panic!("{COMPACTIONS_MAX} compactions never came by {point}");
    }

    /// New logs, and one to three ingests of them at once, of which some are killed; sometimes a compaction beside them, or the monitor.
    fn step(&mut self, chance: &mut Chance, wanted: &mut Vec<Point>, report: &mut Report) {
        self.deliver();
        let later = |point: &Point| !matches!(point, Point::Made(_));
        let next = wanted.iter().rposition(later).map(|place| wanted.swap_remove(place));
        if next == Some(Point::Told) || matches!(next, Some(Point::Staged(Table::Alerts) | Point::Committed(Table::Alerts))) {
            let done = self.ingest(End::ByItself, 0, None);
            self.finish(done, report);
            let end = next.map_or(End::ByItself, |point| End::At(point, 1));
            let alert = self.start(self.command(&self.place, &["alert"]), end, 0);
            self.finish(alert, report);
            self.ask();
            return;
        }
        if let Some(point @ (Point::Merged(_) | Point::Rearranged(_))) = next {
            self.kill_compaction(point, report);
            return;
        }
        let hits = |report: &Report| next.and_then(|point| report.hits.get(&point).copied());
        let before = hits(report);
        let processes = [1, 1, 2, 3][chance.below(4)];
        let killed = chance.below(processes);
        let running: Vec<Running> = (0..processes)
            .map(|number| {
                let any = End::After(self.usual.mul_f64(chance.below(1_200) as f64 / 1_000.0));
                let end = match next {
                    Some(point) if number == killed => End::At(point, 1 + chance.below(if processes == 1 { 2 } else { 1 }) as u32),
                    _ if number == killed || chance.below(2) == 0 => any,
                    _ => End::ByItself,
                };
                // Where there is a lake already.
                if self.found > 0 && !matches!(end, End::At(..)) && chance.below(4) == 0 {
                    self.compact(end, number)
                } else {
                    self.ingest(end, number, [Some(2), Some(5), None, None][chance.below(4)])
                }
            })
            .collect();
        for process in running {
            self.finish(process, report);
        }
        if let Some(point) = next
            && hits(report) == before
        {
            // Another was first, or it comes by only once: alone, with nothing else to wait for.
            self.deliver();
            let alone = self.ingest(End::At(point, 1), 0, None);
            self.finish(alone, report);
        }
        self.ask();
    }

    /// Waits for a process, or kills it; it either ends well or is killed.
    fn finish(&mut self, mut running: Running, report: &mut Report) {
        let status = loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                break status;
            }
            let passed = running.began.elapsed();
            if matches!(running.end, End::After(delay) if passed >= delay) {
                running.child.kill().unwrap();
                break running.child.wait().unwrap();
            }
            assert!(passed < RUN_MAX, "it hangs: {:?}\n{}", running.end, tail(&running.log));
            std::thread::park_timeout(Duration::from_millis(3));
        };
        match (status.code(), running.end) {
            (None, End::At(point, _)) => *report.hits.entry(point).or_default() += 1,
            (None, _) => *report.moments.entry(phase(&running.log)).or_default() += 1,
            (Some(0), end) => {
                if matches!(end, End::ByItself) {
                    self.usual = (self.usual + running.began.elapsed()) / 2;
                } else {
                    report.ended += 1;
                }
            }
            (Some(code), end) => panic!("{end:?} ended with {code}:\n{}", tail(&running.log)),
        }
    }

    fn lake(&self) -> Lake {
        Lake::at(&self.place, self.options.clone()).unwrap()
    }

    /// Every table can be read, and what was found once is found again.
    fn ask(&mut self) {
        let reader = Reader::new(&self.lake());
        let question = Question {
            thing: self.inputs.first_thing(),
            verb: Verb::Log,
            since: None,
            until: None,
            limit: 1000,
            include_reads: true,
            include_denied: true,
            tags: Vec::new(),
            attribute: None,
            evidence: true,
        };
        let asked = self.runtime.block_on(async {
            reader.need_all().await?;
            reader.answer(&question).await
        });
        let found = match asked {
            Ok(answer) => answer.changes.len(),
            Err(query::Error::Lake(lake::Error::Absent { .. })) => 0,
            Err(error) => panic!("a reader is refused: {error:?}"),
        };
        assert!(found >= self.found, "of {} changes {found} are left", self.found);
        self.found = found;
    }

    fn rows(&self, lake: &Lake, text: &str) -> Vec<String> {
        let found = self.runtime.block_on(Reader::new(lake).sql_rows(text, usize::MAX >> 1, None)).unwrap();
        let mut rows: Vec<String> = found.json.iter().map(|row| row.get().to_owned()).collect();
        rows.sort_unstable();
        rows
    }

    /// Once nobody is killed any more, the lake holds what went in, each once, and says of it what a lake says that was made in one go.
    fn check(&mut self) {
        let done = self.ingest(End::ByItself, 0, None);
        self.finish(done, &mut Report::default());
        let lake = self.lake();
        let whole = self.home.text("whole");
        let [logs, directory] = self.sources();
        run(&mut self.command(&whole, &["ingest", &logs, &directory])).expect(0);
        let whole = Lake::at(&whole, HashMap::new()).unwrap();
        let same = |what: &str, found: &[String], expected: &[String]| {
            let lost: Vec<_> = expected.iter().filter(|row| found.binary_search(row).is_err()).take(3).collect();
            let more: Vec<_> = found.iter().filter(|row| expected.binary_search(row).is_err()).take(3).collect();
            assert!(found == expected, "{what}: {} for {}; lost {lost:#?}; more {more:#?}", found.len(), expected.len());
        };
        same("events", &self.rows(&lake, "SELECT event_id, recipient_account_id FROM events"), &self.inputs.events());
        same("objects", &self.rows(&lake, "SELECT object FROM objects"), &self.inputs.objects(&self.home.path("logs")));
        same("commands", &self.rows(&lake, "SELECT line, session_id FROM commands"), &self.inputs.commands());
        same("directory", &self.rows(&lake, "SELECT id FROM directory"), &self.inputs.listed());
        for (what, query) in QUERIES {
            same(what, &self.rows(&lake, query), &self.rows(&whole, query));
        }
        let facts = |lake: &Lake| -> Vec<String> {
            let rows: BTreeSet<String> = self.rows(lake, FACTS).into_iter().collect();
            rows.into_iter().collect()
        };
        same("facts", &facts(&lake), &facts(&whole));
        for (table, key) in ONCE {
            let query = format!("SELECT {key}, count(*) AS n FROM {table} GROUP BY {key} HAVING count(*) > 1");
            same(table, &self.rows(&lake, &query), &[]);
        }
        let again = run(&mut self.command(&self.place, &["--json", "ingest", &logs, &directory])).expect(0).json();
        for what in ["objects", "digests", "directory"] {
            assert_eq!(again[what]["new"], 0, "{what}: {again}");
        }
        let [one, other] =
            [self.place.as_str(), whole.place()].map(|lake| run(&mut self.command(lake, &["--json", "verify"])).expect(0).json());
        assert_eq!(one["tally"], other["tally"]);
    }
}

/// What two lakes of the same logs have in common, however each came about: not where a record lies that is in several objects.
const QUERIES: [(&str, &str); 8] = [
    (
        "changes",
        "SELECT event_id, recipient_account_id, event_time, event_name, user_identity, request_parameters, response_elements, credential_id, actor_kind, actor_id, certainty, role_chain FROM changes",
    ),
    (
        "mentions",
        "SELECT e.event_id, e.recipient_account_id, m.key, m.form, m.arn, m.exact FROM mentions m JOIN events e ON e.object_id = m.object_id AND e.record = m.record",
    ),
    (
        "causes",
        "SELECT e.event_id, e.recipient_account_id, c.key, c.kind, c.role_arn, c.detail FROM causes c JOIN events e ON e.object_id = c.object_id AND e.record = c.record",
    ),
    ("last words", "SELECT credential_id, actor_kind, actor_id, certainty FROM resolved_credentials"),
    ("rejects", "SELECT object, record, reason FROM rejects WHERE reason <> 'conflict'"),
    // Of a record that gives way and is in several objects, those are noted that were not passed over as copies before.
    ("conflicts", "SELECT DISTINCT event_id, recipient_account_id FROM rejects WHERE reason = 'conflict'"),
    ("sessions", "SELECT session_id, object, target, run_as_user, lines, commands FROM sessions"),
    ("commands", "SELECT session_id, object, line, elevates, first_line, occurrence FROM commands"),
];

/// A fact comes with every commit that shows it.
const FACTS: &str = "SELECT fact, access_key_id, principal_id, creation_date, issued_access_key_id, issued_principal_id, role_arn, role_session_name FROM credentials WHERE fact <> 'resolved'";

const ONCE: [(&str, &str); 10] = [
    ("(SELECT * FROM rejects WHERE reason = 'conflict') conflicts", "object, record"),
    ("events", "event_id, recipient_account_id"),
    ("mentions", "key, form, arn, object_id, record"),
    ("causes", "key, kind, role_arn, detail, object_id, record"),
    ("objects", "object"),
    ("sessions", "session_id"),
    ("commands", "session_id, first_line, line, occurrence"),
    ("alerts", "alert_id"),
    ("directory", "id, object"),
    ("runs", "run_id"),
];

/// The point that a process had come by last, by its own log.
fn phase(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let reached = text.lines().rev().find(|line| line.contains("reached point="));
    reached.and_then(|line| line.split("point=").nth(1)).unwrap_or("the start").trim().to_owned()
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// SplitMix64: chance that comes out the same again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}
