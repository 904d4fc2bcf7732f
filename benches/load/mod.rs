//! What the benches share: a simulated organisation's logs in a folder, and the built program run on them.
//!
//! The logs follow from the number of events; they are written once and kept below `target/bench`. Linux only (`/proc`).

#![allow(dead_code, reason = "not every bench uses all of it")]

use simulate::Ledger;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) type Error = Box<dyn std::error::Error>;

/// How a script ends whose engine is not there.
const NOT_INSTALLED: i32 = 3;

/// An organisation's logs of one day.
pub(crate) struct Load {
    pub(crate) root: PathBuf,
    pub(crate) logs: PathBuf,
    pub(crate) lake: PathBuf,
    pub(crate) ledger: Ledger,
}

/// What a process took from start to end.
pub(crate) struct Measured {
    /// User and system time.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    pub(crate) peak_bytes: u64,
}

impl Load {
    /// Logs of about as many events as the command line asks for, else a million; `deliver` gets each object's body. There is no lake yet.
    pub(crate) fn simulate(deliver: &mut dyn FnMut(&[u8])) -> Result<Self, Error> {
        let events: usize = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..").join("bench").join(events.to_string());
        let (logs, lake) = (root.join("logs"), root.join("lake"));
        let plan =
            simulate::Plan { seed: 7, events, until: "2026-11-18T09:00:00Z".parse()?, days: 1, loss: simulate::Loss::None, hostile: true };
        let fresh = !logs.exists();
        let mut failed: Option<std::io::Error> = None;
        let ledger = simulate::run(&plan, &mut |object| {
            if fresh && failed.is_none() {
                failed = write(&logs.join(&object.key), &object.body).err();
            }
            deliver(&object.body);
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        let load = Self { root, logs, lake, ledger };
        load.empty()?;
        Ok(load)
    }

    /// Takes the lake away.
    pub(crate) fn empty(&self) -> Result<(), Error> {
        if self.lake.exists() {
            std::fs::remove_dir_all(&self.lake)?;
        }
        Ok(())
    }

    /// Runs the built program to its end, with this load's lake.
    pub(crate) fn whodid(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Measured, Error> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whodid"));
        let command = command.env("WHODID_LAKE", &self.lake).env("XDG_DATA_HOME", &self.root).args(arguments);
        measure_installed(command)?.ok_or_else(|| format!("{command:?} ended with {NOT_INSTALLED}").into())
    }

    /// Ingests the logs.
    pub(crate) fn ingest(&self) -> Result<Measured, Error> {
        self.whodid(&["ingest", &self.logs.to_string_lossy()])
    }
}

fn write(path: &Path, body: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, body)
}

/// Runs a process to its end; its peak memory is read while it runs, its CPU from this process's account of its children. None where it
/// says that what it runs is not installed.
pub(crate) fn measure_installed(command: &mut Command) -> Result<Option<Measured>, Error> {
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
    if status.code() == Some(NOT_INSTALLED) {
        return Ok(None);
    }
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(Some(Measured { cpu: children_cpu()? - before, wall, peak_bytes: peak.load(Ordering::Relaxed) }))
}

/// User and system time of all children that have ended (proc(5), /proc/pid/stat, fields 16 and 17; 100 ticks a second).
fn children_cpu() -> Result<Duration, Error> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = rest.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Bytes of all files in a folder.
pub(crate) fn size(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += if kind.is_dir() { size(&entry.path())? } else { kind.len() };
    }
    Ok(sum)
}
