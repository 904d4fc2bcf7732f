//! Whole processes, measured from outside: ingest of a simulated organisation, then questions.
//!
//! In: `cargo bench --bench whole -- [EVENTS]` (default 1,000,000). Out: a table of CPU, time and memory on stdout. The logs
//! are made once and kept below `target/bench`; the lake is made anew. CPU is of the whole child process, user and system.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Error = Box<dyn std::error::Error>;

/// Questions asked, each by a process of its own.
const QUESTIONS: usize = 25;

struct Measured {
    cpu: Duration,
    wall: Duration,
    peak_bytes: u64,
}

fn main() -> Result<(), Error> {
    let events: usize = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..").join("bench").join(events.to_string());
    let (logs, lake) = (root.join("logs"), root.join("lake"));
    let plan =
        simulate::Plan { seed: 7, events, until: "2026-11-18T09:00:00Z".parse()?, days: 1, loss: simulate::Loss::None, hostile: true };
    let (mut objects, mut stored) = (0_u64, 0_u64);
    let fresh = !logs.exists();
    let mut failed: Option<std::io::Error> = None;
    let ledger = simulate::run(&plan, &mut |object| {
        objects += 1;
        stored += object.body.len() as u64;
        if fresh && failed.is_none() {
            failed = write(&logs.join(&object.key), &object.body).err();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    if lake.exists() {
        std::fs::remove_dir_all(&lake)?;
    }
    let whodid = PathBuf::from(env!("CARGO_BIN_EXE_whodid"));
    let run = |arguments: &[&str]| measure(Command::new(&whodid).env("WHODID_LAKE", &lake).env("XDG_DATA_HOME", &root).args(arguments));
    let raw = ledger.bytes_uncompressed as f64;
    println!(
        "load: {} records, {} duplicates, {objects} objects, {:.0} MB of JSON in {:.0} MB of gzip",
        ledger.records,
        ledger.duplicates,
        raw / 1e6,
        stored as f64 / 1e6
    );
    let ingest = run(&["ingest", &logs.to_string_lossy()])?;
    let per_event = ingest.cpu.as_secs_f64() * 1e6 / ledger.records as f64;
    println!(
        "ingest: {per_event:.2} us of CPU an event; {:.0} MiB/s of JSON by wall time; {:.1} s wall; peak {:.0} MiB",
        raw / 1_048_576.0 / ingest.wall.as_secs_f64(),
        ingest.wall.as_secs_f64(),
        ingest.peak_bytes as f64 / 1_048_576.0
    );
    println!("lake: {:.0} MB at rest", size(&lake)? as f64 / 1e6);
    let step = (ledger.questions.len() / QUESTIONS).max(1);
    for (name, flags) in [("question", &["--format", "json"][..]), ("question with evidence", &["-E", "--format", "json"])] {
        let mut walls = Vec::new();
        let (mut cpus, mut peak) = (Vec::new(), 0);
        for question in ledger.questions.iter().step_by(step).take(QUESTIONS) {
            let asked = run(&[flags, &["trace", &question.thing]].concat())?;
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

fn write(path: &Path, body: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, body)
}

fn size(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += if kind.is_dir() { size(&entry.path())? } else { kind.len() };
    }
    Ok(sum)
}

/// Runs a process to its end; its peak memory is read while it runs, its CPU from this process's account of its children.
fn measure(command: &mut Command) -> Result<Measured, Error> {
    let before = children_cpu()?;
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
    let (done, peak) = (AtomicBool::new(false), AtomicU64::new(0));
    let status_file = format!("/proc/{}/status", child.id());
    let status = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if let Ok(text) = std::fs::read_to_string(&status_file) {
                    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0);
                    peak.fetch_max(kilobytes * 1024, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let status = child.wait();
        done.store(true, Ordering::Relaxed);
        status
    })?;
    let wall = started.elapsed();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(Measured { cpu: children_cpu()? - before, wall, peak_bytes: peak.load(Ordering::Relaxed) })
}

/// User and system time of all children that have ended (proc(5), /proc/pid/stat, fields 16 and 17; 100 ticks a second).
fn children_cpu() -> Result<Duration, Error> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = rest.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
