//! Simulated organisations that tests share: their logs in a folder, their lake, and the truth.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use lake::Lake;
use query::{Question, Reader, Verb};
use serde_json::Value;
use simulate::{Call, Ledger, LogObject, Loss, Plan};

use crate::support::{Home, write};

/// Read-only by agreement.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) objects: Vec<LogObject>,
    pub(crate) ledger: Ledger,
    /// The truth about each distinct record.
    pub(crate) calls: Vec<Call>,
    /// What ingest said.
    pub(crate) summary: Value,
}

impl World {
    /// The organisation of a plan, ingested.
    pub(crate) fn of(plan: &Plan, home: Home) -> Self {
        let (mut objects, mut calls) = (Vec::new(), Vec::new());
        let ledger = simulate::run_noting(plan, &mut |object| objects.push(object), &mut |call| calls.push(call));
        deliver(&home.path("logs"), &objects);
        let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
        Self { home, objects, ledger, calls, summary }
    }

    pub(crate) fn lake(&self) -> String {
        self.home.text("lake")
    }

    pub(crate) fn logs(&self) -> String {
        self.home.text("logs")
    }

    /// Asks by a process, as a user does.
    pub(crate) fn ask(&self, thing: &str) -> Value {
        self.home.ask(&self.lake(), thing)
    }

    /// Asks within this process: the same answers, for many questions.
    pub(crate) fn asker(&self) -> Asker {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let reader = runtime.block_on(async { Reader::new(&Lake::at(&self.lake(), HashMap::new()).unwrap()) });
        Asker { reader, runtime }
    }
}

pub(crate) struct Asker {
    reader: Reader,
    runtime: tokio::runtime::Runtime,
}

impl Asker {
    pub(crate) fn ask(&self, thing: &str) -> Value {
        self.answer(thing, Verb::Trace)
    }

    pub(crate) fn show(&self, event_id: &str) -> Value {
        self.answer(event_id, Verb::Show)
    }

    fn answer(&self, thing: &str, verb: Verb) -> Value {
        let question = Question {
            thing: thing.to_owned(),
            verb,
            since: None,
            until: None,
            limit: 1000,
            include_reads: false,
            include_denied: false,
            tags: Vec::new(),
            attribute: None,
            evidence: false,
        };
        serde_json::to_value(self.runtime.block_on(self.reader.answer(&question)).unwrap()).unwrap()
    }
}

/// The organisation of a seed, ingested once for all tests of this run.
pub(crate) fn world(seed: u64, loss: Loss) -> Arc<World> {
    type Worlds = BTreeMap<(u64, bool), Arc<OnceLock<Arc<World>>>>;
    static WORLDS: Mutex<Worlds> = Mutex::new(Worlds::new());
    let lossy = loss == Loss::IssuingEvents;
    let slot = WORLDS.lock().unwrap().entry((seed, lossy)).or_default().clone();
    slot.get_or_init(|| Arc::new(make(seed, loss, &folder().join(format!("{seed}-{lossy}"))))).clone()
}

pub(crate) fn plan(seed: u64, loss: Loss) -> Plan {
    Plan { seed, events: 600, until: "2026-11-18T09:00:00Z".parse().unwrap(), days: 3, loss, hostile: true }
}

/// The objects of a plan, in the order of their delivery, and the truth about them.
pub(crate) fn simulated(plan: &Plan) -> (Vec<LogObject>, Ledger) {
    let mut objects = Vec::new();
    let ledger = simulate::run(plan, &mut |object| objects.push(object));
    (objects, ledger)
}

pub(crate) fn deliver(folder: &Path, objects: &[LogObject]) {
    for object in objects {
        write(&folder.join(&object.key), &object.body);
    }
}

fn make(seed: u64, loss: Loss, folder: &Path) -> World {
    World::of(&plan(seed, loss), Home::at(folder.to_owned()))
}

/// This run's folder. Those of runs that have ended go: nothing drops what is static.
fn folder() -> PathBuf {
    static SWEPT: OnceLock<PathBuf> = OnceLock::new();
    let ours = SWEPT.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds");
        std::fs::create_dir_all(&all).unwrap();
        for entry in std::fs::read_dir(&all).unwrap().flatten() {
            let alive = Path::new("/proc").join(entry.file_name()).exists();
            if !alive {
                // Another run may sweep at the same time.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        all.join(std::process::id().to_string())
    });
    ours.clone()
}
