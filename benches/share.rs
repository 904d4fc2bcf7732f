//! What resolving costs of an ingest: the CPU of all that crate `identity` does for it, beside the CPU of the whole process.
//!
//! In: `cargo bench --bench share -- [EVENTS]` (default 1,000,000). Out: CPU microseconds a record of each part, and their share on stdout; an
//! error where that is more than [`SHARE_MAX`]. The logs are those of the bench `whole`.
//!
//! The parts are measured here, on one thread and one after the other, as ingest does them: each object is decoded with a sink that looks
//! away and then with one that reads sessions, issuing events and causes, the difference being theirs; all of it goes into a graph; each
//! session is resolved. Ingest looks at a session again where a late event touches it: what that costs is in the whole only.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod load;

use event::{Decoder, Event, HashKey, Reject, Sink};
use identity::cause::told;
use identity::{Graph, Issue, SessionKey, Use};
use load::{Error, Load};
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// Resolving may take a quarter of an ingest's CPU.
const SHARE_MAX: f64 = 0.25;

/// Looks away.
struct Passing;

impl Sink for Passing {
    fn event(&mut self, _: &Event<'_>) {}

    fn reject(&mut self, _: Reject) {}
}

/// Keeps each session once, as ingest does, every issuing event, and counts what is told of causes. Sessions are told apart by their text
/// before anything of it is read.
#[derive(Default)]
struct Reading {
    texts: HashSet<u64>,
    hasher: RandomState,
    uses: Vec<Arc<Use>>,
    issues: Vec<Arc<Issue>>,
    causes: usize,
}

impl Sink for Reading {
    fn event(&mut self, event: &Event<'_>) {
        let delivered = event.user_identity.session.ec2_role_delivery.is_some();
        let region = if delivered { &*event.aws_region } else { "" };
        let text = (event.text.user_identity.as_deref(), event.session_credential_from_console, &*event.recipient_account_id, region);
        if self.texts.insert(self.hasher.hash_one(text)) {
            let mut seen = Use::of(event);
            if !delivered {
                seen.aws_region.clear();
            }
            self.uses.push(Arc::new(seen));
        }
        self.issues.extend(Issue::of(event).map(Arc::new));
        self.causes += told(event).len();
    }

    fn reject(&mut self, _: Reject) {}
}

fn main() -> Result<(), Error> {
    let mut objects = Vec::new();
    let load = Load::simulate(&mut |body| objects.push(body.to_vec()))?;
    let (reading, read) = read(&objects)?;
    drop(objects);
    let (graph, join) = timed(|| {
        let mut graph = Graph::default();
        reading.uses.iter().for_each(|seen| graph.add_use(Arc::clone(seen)));
        reading.issues.iter().for_each(|issue| graph.add_issue(Arc::clone(issue)));
        graph
    })?;
    let sessions: BTreeSet<SessionKey> = graph.sessions().cloned().collect();
    let (named, walk) = timed(|| sessions.iter().filter(|key| graph.resolve(key).actor.id().is_some()).count())?;
    let ingest = load.ingest()?;

    let records = load.ledger.records;
    let per_record = |nanoseconds: f64| nanoseconds / 1e3 / records as f64;
    let whole = per_record(ingest.cpu.as_secs_f64() * 1e9);
    let (read, join, walk) = (per_record(read), per_record(join), per_record(walk));
    let resolving = read + join + walk;
    println!(
        "load: {records} records, {} of them issuing credentials, {} sessions, {named} of them named, {} causes",
        reading.issues.len(),
        sessions.len(),
        reading.causes
    );
    println!(
        "ingest: {whole:.2} us of CPU a record, {:.1} s wall, peak {:.0} MiB",
        ingest.wall.as_secs_f64(),
        ingest.peak_bytes as f64 / 1_048_576.0
    );
    println!(
        "resolving: reading {read:.2}, joining {join:.2}, walking {walk:.2} us of CPU a record: {:.1} % of it",
        100.0 * resolving / whole
    );
    if resolving > SHARE_MAX * whole {
        return Err(format!("resolving takes more than {:.0} % of ingest's CPU", 100.0 * SHARE_MAX).into());
    }
    Ok(())
}

/// What the records say of sessions, and what reading that took beyond decoding: nanoseconds of CPU.
fn read(objects: &[Vec<u8>]) -> Result<(Reading, f64), Error> {
    let mut decoder = Decoder::new(HashKey::new([7; 32]));
    let mut reading = Reading::default();
    let mut decode = |object: &[u8], sink: &mut dyn Sink| {
        timed(|| {
            let text = decoder.decode(object, sink).1;
            decoder.recycle(text);
        })
    };
    let mut beyond = 0.0;
    // By turns, so that what else the machine does weighs on both alike; and once before, so that neither meets the object first.
    for object in objects {
        decode(object, &mut Passing)?;
        let ((), alone) = decode(object, &mut Passing)?;
        let ((), both) = decode(object, &mut reading)?;
        beyond += both - alone;
    }
    Ok((reading, beyond))
}

/// What `work` gives, and the nanoseconds of CPU that it took on this thread.
fn timed<T>(work: impl FnOnce() -> T) -> Result<(T, f64), Error> {
    let before = thread_cpu()?;
    let done = work();
    Ok((done, thread_cpu()? - before))
}

/// CPU time that this thread has had, in nanoseconds (Linux, `Documentation/scheduler/sched-stats`, `/proc/<pid>/schedstat`).
fn thread_cpu() -> Result<f64, Error> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or("").parse()?)
}
