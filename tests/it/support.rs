//! Runs the built program in a home of its own, and reads what it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder that is home, data and configuration of the programs run in it; gone when dropped.
pub(crate) struct Home {
    place: Place,
}

enum Place {
    Own(TempDir),
    Shared(PathBuf),
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { place: Place::Own(TempDir::new().unwrap()) }
    }

    /// A home in a folder that somebody else looks after.
    pub(crate) fn at(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        Self { place: Place::Shared(folder) }
    }

    pub(crate) fn root(&self) -> &Path {
        match &self.place {
            Place::Own(folder) => folder.path(),
            Place::Shared(folder) => folder,
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    pub(crate) fn text(&self, below: &str) -> String {
        self.path(below).to_str().unwrap().to_owned()
    }

    /// The program, knowing nothing of the machine that it runs on.
    pub(crate) fn whodid(&self) -> Command {
        let temporary = self.path("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_whodid"));
        command.env_clear().current_dir(self.root()).stdin(Stdio::null());
        command.env("HOME", self.root()).env("TMPDIR", temporary);
        command.env("XDG_DATA_HOME", self.path("data")).env("XDG_CONFIG_HOME", self.path("config"));
        command
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", self.path("none"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.path("none"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        run(self.whodid().args(arguments))
    }

    /// Reads sources into a lake and gives back the summary.
    #[track_caller]
    pub(crate) fn ingest(&self, lake: &str, sources: &[&str]) -> Value {
        let mut arguments = vec!["--lake", lake, "--format", "json", "ingest"];
        arguments.extend(sources);
        let ended = self.run(&arguments);
        assert_eq!(ended.code, 0, "ingest {sources:?}: {}", ended.stderr);
        let summary = ended.json();
        check_sum(&summary);
        summary
    }

    /// The answer to a question, as programs read it.
    #[track_caller]
    pub(crate) fn ask(&self, lake: &str, thing: &str) -> Value {
        let ended = self.run(&["--lake", lake, "--format", "json", thing]);
        assert!(matches!(ended.code, 0 | 5), "{thing}: {} {}", ended.code, ended.stderr);
        ended.json()
    }

    /// The rows of a query.
    #[track_caller]
    pub(crate) fn sql(&self, lake: &str, query: &str) -> Vec<Value> {
        let ended = self.run(&["--lake", lake, "--format", "jsonl", "sql", "--maxrows", "1000000", "-c", query]);
        assert_eq!(ended.code, 0, "{query}: {}", ended.stderr);
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn count(&self, lake: &str, table: &str) -> i64 {
        self.sql(lake, &format!("SELECT count(*) AS n FROM {table}"))[0]["n"].as_i64().unwrap()
    }

    /// All rows of a table less some columns, in an order that does not depend on the files.
    #[track_caller]
    pub(crate) fn rows(&self, lake: &str, table: &str, without: &[&str]) -> Vec<String> {
        let mut rows: Vec<String> = self
            .sql(lake, &format!("SELECT * FROM {table}"))
            .into_iter()
            .map(|mut row| {
                row.as_object_mut().unwrap().retain(|column, _| !without.contains(&column.as_str()));
                row.to_string()
            })
            .collect();
        rows.sort_unstable();
        rows
    }
}

impl Ended {
    /// What stands on stdout, which has to be one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is no JSON ({error}): {:?}; stderr: {}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

pub(crate) fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().expect("ended by itself"), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// An audit log may not lose a record quietly.
#[track_caller]
pub(crate) fn check_sum(summary: &Value) {
    assert_eq!(summary["schema"], "whodid.ingest/v1", "{summary}");
    let records = |name: &str| summary["records"][name].as_i64().unwrap_or_else(|| panic!("records.{name} is missing: {summary}"));
    assert_eq!(records("read"), records("written") + records("duplicate") + records("rejected"), "{summary}");
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut packed).unwrap();
    packed.truncate(length);
    packed
}

pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let length = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap()) as usize;
    let mut plain = vec![0; length];
    let written = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut plain).unwrap();
    assert_eq!(written, length);
    plain
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, body: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, body).unwrap();
}

/// Every file below a folder, by its path from there.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The events of an answer's changes, newest first.
pub(crate) fn event_ids(answer: &Value) -> Vec<String> {
    let changes = answer["changes"].as_array().unwrap_or_else(|| panic!("no changes: {answer}"));
    changes.iter().map(|change| change["event_id"].as_str().unwrap().to_owned()).collect()
}
