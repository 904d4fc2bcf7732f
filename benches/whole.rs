//! Whole processes, measured from outside: ingest of a simulated organisation, then questions.
//!
//! In: `cargo bench --bench whole -- [EVENTS]` (default 1,000,000). Out: a table of CPU, time and memory on stdout. The logs
//! are made once and kept below `target/bench`; the lake is made anew. CPU is of the whole child process, user and system.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod load;

use load::{Error, Load};

/// Questions asked, each by a process of its own.
const QUESTIONS: usize = 25;

fn main() -> Result<(), Error> {
    let (mut objects, mut stored) = (0_u64, 0_u64);
    let load = Load::simulate(&mut |body| {
        objects += 1;
        stored += body.len() as u64;
    })?;
    let ledger = &load.ledger;
    let raw = ledger.bytes_uncompressed as f64;
    println!(
        "load: {} records, {} duplicates, {objects} objects, {:.0} MB of JSON in {:.0} MB of gzip",
        ledger.records,
        ledger.duplicates,
        raw / 1e6,
        stored as f64 / 1e6
    );
    let ingest = load.ingest()?;
    let per_event = ingest.cpu.as_secs_f64() * 1e6 / ledger.records as f64;
    println!(
        "ingest: {per_event:.2} us of CPU an event; {:.0} MiB/s of JSON by wall time; {:.1} s wall; peak {:.0} MiB",
        raw / 1_048_576.0 / ingest.wall.as_secs_f64(),
        ingest.wall.as_secs_f64(),
        ingest.peak_bytes as f64 / 1_048_576.0
    );
    println!("lake: {:.0} MB at rest", load::size(&load.lake)? as f64 / 1e6);
    let step = (ledger.questions.len() / QUESTIONS).max(1);
    for (name, flags) in [("question", &["--format", "json"][..]), ("question with evidence", &["-E", "--format", "json"])] {
        let mut walls = Vec::new();
        let (mut cpus, mut peak) = (Vec::new(), 0);
        for question in ledger.questions.iter().step_by(step).take(QUESTIONS) {
            let asked = load.whodid(&[&["trace", &question.thing], flags].concat())?;
            walls.push(asked.wall.as_secs_f64() * 1e3);
            cpus.push(asked.cpu.as_secs_f64() * 1e3);
            peak = peak.max(asked.peak_bytes);
        }
        walls.sort_by(f64::total_cmp);
        cpus.sort_by(f64::total_cmp);
        let middle = walls.len() / 2;
        println!(
            "{name}: median {:.0} ms wall, {:.0} ms CPU; slowest of {} {:.0} ms; peak {:.0} MiB",
            walls.get(middle).copied().unwrap_or_default(),
            cpus.get(middle).copied().unwrap_or_default(),
            walls.len(),
            walls.last().copied().unwrap_or_default(),
            peak as f64 / 1_048_576.0
        );
    }
    Ok(())
}
