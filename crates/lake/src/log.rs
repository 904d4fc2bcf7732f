//! A table's log in, the files of its newest version out.
//!
//! Opening a table through the Delta library makes columns of its whole log and checkpoint, which costs a question more than its rows
//! do. A log as our own writers leave it is read here: one checkpoint file and the commits after it (Delta protocol, "Action Reconciliation").
//! Whatever else a log may have is for the library to understand: [`read`] then says nothing.

use crate::place::Place;
use arrow::array::{Array as _, AsArray as _, StructArray};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

const FOLDER: &str = "_delta_log";
/// Commits after a checkpoint that are read one by one; our writers make a checkpoint every ten.
const COMMITS_MAX: u64 = 1_000;

/// A data file of a table.
#[derive(Debug)]
pub(crate) struct LogFile {
    pub(crate) path: Path,
    pub(crate) size: u64,
    /// The value of the table's partition column.
    pub(crate) partition: Option<String>,
    statistics: Option<String>,
    spans: OnceLock<HashMap<String, (String, String)>>,
}

/// A table as of one version.
#[derive(Debug)]
pub(crate) struct TableLog {
    pub(crate) version: u64,
    pub(crate) files: Vec<LogFile>,
}

impl LogFile {
    pub(crate) fn new(path: Path, size: u64, partition: Option<String>, statistics: Option<String>) -> Self {
        Self { path, size, partition, statistics, spans: OnceLock::new() }
    }

    /// The least and greatest value of a column, where the log has them as text.
    pub(crate) fn span(&self, column: &str) -> Option<(&str, &str)> {
        let spans = self.spans.get_or_init(|| {
            let statistics: Statistics<'_> =
                self.statistics.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let Statistics { min_values, mut max_values } = statistics;
            let text = |value: Option<serde_json::Value>| value.and_then(|value| value.as_str().map(str::to_owned));
            let both = min_values.into_iter().filter_map(|(name, low)| {
                let span = (text(Some(low))?, text(max_values.remove(&name))?);
                Some((name.into_owned(), span))
            });
            both.collect()
        });
        spans.get(column).map(|(low, high)| (low.as_str(), high.as_str()))
    }
}

#[derive(Default, Deserialize)]
struct Statistics<'l> {
    #[serde(borrow, default, rename = "minValues")]
    min_values: HashMap<Cow<'l, str>, serde_json::Value>,
    #[serde(borrow, default, rename = "maxValues")]
    max_values: HashMap<Cow<'l, str>, serde_json::Value>,
}

/// A line of a commit, as far as it says which files there are.
#[derive(Deserialize)]
struct Action<'l> {
    #[serde(borrow)]
    add: Option<Add<'l>>,
    #[serde(borrow)]
    remove: Option<Remove<'l>>,
    protocol: Option<Protocol>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Add<'l> {
    #[serde(borrow)]
    path: Cow<'l, str>,
    #[serde(borrow)]
    partition_values: HashMap<Cow<'l, str>, Option<Cow<'l, str>>>,
    size: u64,
    #[serde(borrow)]
    stats: Option<Cow<'l, str>>,
    deletion_vector: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Remove<'l> {
    #[serde(borrow)]
    path: Cow<'l, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Protocol {
    min_reader_version: i32,
}

/// The files of a log's newest version, by the partition column `partition`; nothing where the log is not of the form that is read here,
/// or cannot be read now.
pub(crate) async fn read(place: &Place, partition: &str) -> Option<TableLog> {
    let hint = if place.is_far() { last_checkpoint(place).await } else { None };
    let names = place.names(FOLDER, &format!("{:020}", hint.unwrap_or(0))).await.ok()?;
    let Listed { checkpoint, commits } = Listed::of(&names)?;
    let version = commits.last().copied().or(checkpoint)?;
    let file = |name: String| Path::from(format!("{FOLDER}/{name}"));
    let commits = commits.iter().map(|version| {
        let path = file(format!("{version:020}.json"));
        async move { place.get(&path).await.ok() }
    });
    let base = async {
        match checkpoint {
            Some(version) => Some(Some(place.get(&file(format!("{version:020}.checkpoint.parquet"))).await.ok()?)),
            None => Some(None),
        }
    };
    let (base, commits) = futures::join!(base, futures::future::join_all(commits));
    let mut state = State::new(partition);
    if let Some(bytes) = base? {
        state.checkpoint(bytes)?;
    }
    for bytes in commits {
        state.commit(&bytes?)?;
    }
    Some(TableLog { version, files: state.files()? })
}

/// Whether a table has a log; nothing where that cannot be learnt now.
pub(crate) async fn is_there(place: &Place) -> Option<bool> {
    match place.names(FOLDER, "").await {
        Ok(names) => Some(!names.is_empty()),
        Err(object_store::Error::NotFound { .. }) => Some(false),
        Err(_) => None,
    }
}

/// The version of the checkpoint that the log names; it may have newer ones.
async fn last_checkpoint(place: &Place) -> Option<u64> {
    #[derive(Deserialize)]
    struct Hint {
        version: u64,
    }
    let bytes = place.get(&Path::from(format!("{FOLDER}/_last_checkpoint"))).await.ok()?;
    serde_json::from_slice::<Hint>(&bytes).ok().map(|hint| hint.version)
}

/// The version that such a file of a log is named by.
fn version_of(name: &str, ending: &str) -> Option<u64> {
    let digits = name.strip_suffix(ending)?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// What a log's newest version is made of.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    checkpoint: Option<u64>,
    /// The versions after it, none left out.
    commits: Vec<u64>,
}

impl Listed {
    fn of(names: &[String]) -> Option<Self> {
        let checkpoint = names.iter().filter_map(|name| version_of(name, ".checkpoint.parquet")).max();
        // A checkpoint of several files, or one of another form, that may be newer.
        let is_other = |name: &String| name.contains(".checkpoint.") && version_of(name, ".checkpoint.parquet").is_none();
        if names.iter().any(is_other) {
            return None;
        }
        let first = checkpoint.map_or(0, |version| version + 1);
        let mut commits: Vec<u64> = names.iter().filter_map(|name| version_of(name, ".json")).filter(|version| *version >= first).collect();
        commits.sort_unstable();
        let whole = commits.iter().zip(first..).all(|(held, wanted)| *held == wanted);
        let any = checkpoint.is_some() || !commits.is_empty();
        (whole && any && commits.len() as u64 <= COMMITS_MAX).then_some(Self { checkpoint, commits })
    }
}

/// The files so far: the newest commit's first, then those of the one before.
struct State<'p> {
    partition: &'p str,
    reader_version: Option<i32>,
    levels: Vec<Vec<LogFile>>,
    places: HashMap<Path, (usize, usize)>,
    removed: HashSet<(usize, usize)>,
}

impl<'p> State<'p> {
    fn new(partition: &'p str) -> Self {
        Self { partition, reader_version: None, levels: Vec::new(), places: HashMap::new(), removed: HashSet::new() }
    }

    fn add(&mut self, file: LogFile) {
        let level = self.levels.len().saturating_sub(1);
        if let Some(files) = self.levels.last_mut() {
            // A path that is added again says something new of the same file.
            if let Some(before) = self.places.insert(file.path.clone(), (level, files.len())) {
                self.removed.insert(before);
            }
            files.push(file);
        }
    }

    fn commit(&mut self, bytes: &Bytes) -> Option<()> {
        self.levels.push(Vec::new());
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            let Action { add, remove, protocol } = serde_json::from_slice(line).ok()?;
            if let Some(protocol) = protocol {
                self.reader_version = Some(protocol.min_reader_version);
            }
            if let Some(remove) = remove
                && let Some(place) = self.places.remove(&path_of(&remove.path)?)
            {
                self.removed.insert(place);
            }
            if let Some(Add { path, partition_values, size, stats, deletion_vector }) = add {
                if deletion_vector.is_some() {
                    return None;
                }
                let partition = partition_values.get(self.partition).and_then(Option::as_deref).map(str::to_owned);
                self.add(LogFile::new(path_of(&path)?, size, partition, stats.map(Cow::into_owned)));
            }
        }
        Some(())
    }

    fn checkpoint(&mut self, bytes: Bytes) -> Option<()> {
        self.levels.push(Vec::new());
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).ok()?;
        let columns = ["add.path", "add.partitionValues", "add.size", "add.stats", "add.deletionVector", "protocol.minReaderVersion"];
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
        for batch in builder.with_projection(mask).build().ok()? {
            let batch = batch.ok()?;
            let part = |name: &str| batch.column_by_name(name).and_then(|column| column.as_struct_opt());
            let (adds, protocols) = (part("add")?, part("protocol")?);
            let versions = protocols.column_by_name("minReaderVersion")?.as_primitive_opt::<Int32Type>()?;
            let mut newest =
                (0..versions.len()).filter(|row| protocols.is_valid(*row) && versions.is_valid(*row)).map(|row| versions.value(row));
            self.reader_version = newest.next_back().or(self.reader_version);
            self.adds(adds)?;
        }
        Some(())
    }

    fn adds(&mut self, adds: &StructArray) -> Option<()> {
        let text = |name: &str| adds.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (paths, stats) = (text("path")?, text("stats"));
        let sizes = adds.column_by_name("size")?.as_primitive_opt::<Int64Type>()?;
        let partitions = adds.column_by_name("partitionValues")?.as_map_opt()?;
        let (keys, values) = (partitions.keys().as_string_opt::<i32>()?, partitions.values().as_string_opt::<i32>()?);
        let vectors = adds.column_by_name("deletionVector");
        for row in (0..adds.len()).filter(|row| adds.is_valid(*row)) {
            if vectors.is_some_and(|vectors| vectors.is_valid(row)) {
                return None;
            }
            let ends = partitions.value_offsets().get(row..row + 2)?;
            let entries = usize::try_from(*ends.first()?).ok()?..usize::try_from(*ends.last()?).ok()?;
            let held = entries.into_iter().find(|entry| keys.value(*entry) == self.partition);
            let partition = held.filter(|entry| values.is_valid(*entry)).map(|entry| values.value(entry).to_owned());
            let statistics = stats.filter(|stats| stats.is_valid(row)).map(|stats| stats.value(row).to_owned());
            self.add(LogFile::new(path_of(paths.value(row))?, u64::try_from(sizes.value(row)).ok()?, partition, statistics));
        }
        Some(())
    }

    fn files(self) -> Option<Vec<LogFile>> {
        // From version 2 on, a table may name its columns otherwise, and have rows of its files deleted.
        if self.reader_version != Some(1) {
            return None;
        }
        let Self { levels, removed, .. } = self;
        let mut files = Vec::new();
        for (level, held) in levels.into_iter().enumerate().rev() {
            let there = held.into_iter().enumerate().filter(|(index, _)| !removed.contains(&(level, *index)));
            files.extend(there.map(|(_, file)| file));
        }
        Some(files)
    }
}

/// A path below the table's folder. One that is escaped, or lies elsewhere, is for the library.
fn path_of(text: &str) -> Option<Path> {
    if text.contains(['%', ':']) {
        return None;
    }
    Path::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parquet_file::Encoded;
    use crate::schema::Table;
    use crate::table::{Lake, append, stage};
    use deltalake::kernel::{Action, Add, Remove};
    use std::collections::HashMap as Map;

    /// What is read here and what the library reads.
    async fn both(lake: &Lake) -> (Option<TableLog>, TableLog) {
        let open = lake.open(Table::Mentions).await.unwrap();
        let state = open.snapshot().unwrap();
        let data = state.log_data();
        let files = data.iter().map(|file| {
            let partition = file.partition_values_map().remove("bucket").flatten();
            LogFile::new(file.object_store_path(), file.size() as u64, partition, file.stats().as_deref().map(str::to_owned))
        });
        let library = TableLog { version: state.version() as u64, files: files.collect() };
        (read(&lake.place_of(Table::Mentions).unwrap(), "bucket").await, library)
    }

    type Told<'l> = Vec<(&'l str, u64, Option<&'l str>, Option<(&'l str, &'l str)>)>;

    fn told(log: &TableLog) -> Told<'_> {
        let mut told: Told<'_> =
            log.files.iter().map(|file| (file.path.as_ref(), file.size, file.partition.as_deref(), file.span("key"))).collect();
        told.sort();
        told
    }

    fn removed(add: &Add) -> Action {
        Action::Remove(Remove {
            path: add.path.clone(),
            data_change: true,
            deletion_timestamp: Some(1),
            extended_file_metadata: Some(true),
            partition_values: Some(add.partition_values.clone()),
            size: Some(add.size),
            ..Remove::default()
        })
    }

    #[tokio::test]
    async fn each_version_has_the_files_that_the_library_finds() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(&folder.path().to_string_lossy(), Map::new()).unwrap();
        let mut open = lake.open_or_create(Table::Mentions).await.unwrap();
        let mut added: Vec<Add> = Vec::new();
        for number in 0..24_usize {
            let mut actions = Vec::new();
            for part in 0..3 {
                let key = format!("k\"{number}é");
                let statistics = serde_json::json!({"numRecords": 1, "minValues": {"key": key, "n": 1}, "maxValues": {"key": key, "n": 2}});
                let encoded = Encoded { bytes: Bytes::from(vec![0; number + 1]), statistics: statistics.to_string() };
                let add = stage(open.object_store().as_ref(), Table::Mentions, &part.to_string(), encoded, 1).await.unwrap();
                actions.push(Action::Add(add.clone()));
                added.push(add);
            }
            if number % 3 == 2 {
                actions.extend([removed(&added.remove(number)), removed(&added.remove(0))]);
            }
            append(Table::Mentions, &mut open, actions).await.unwrap();
            let (read, library) = both(&lake).await;
            let read = read.unwrap();
            assert_eq!((read.version, told(&read)), (library.version, told(&library)), "{number}");
            assert!(told(&read).iter().all(|(.., span)| span.is_some()));
        }
        // The names of others, and what is half written, say nothing.
        let log = folder.path().join("mentions/_delta_log");
        std::fs::write(log.join("_commit_1.json.tmp"), b"{").unwrap();
        std::fs::write(log.join("00000000000000000003.crc"), b"{").unwrap();
        assert_eq!(told(&both(&lake).await.0.unwrap()), told(&both(&lake).await.1));
        // A log with a hole is not read here, nor one with a checkpoint in parts.
        std::fs::write(log.join("00000000000000000020.checkpoint.0000000001.0000000002.parquet"), b"").unwrap();
        assert!(read(&lake.place_of(Table::Mentions).unwrap(), "bucket").await.is_none());
        std::fs::remove_file(log.join("00000000000000000020.checkpoint.0000000001.0000000002.parquet")).unwrap();
        std::fs::remove_file(log.join("00000000000000000023.json")).unwrap();
        assert!(read(&lake.place_of(Table::Mentions).unwrap(), "bucket").await.is_none());
    }

    #[tokio::test]
    async fn tables_of_a_newer_protocol_are_for_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("_delta_log");
        std::fs::create_dir(&log).unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let add =
            r#"{"add":{"path":"bucket=1/a.parquet","partitionValues":{"bucket":"1"},"size":7,"modificationTime":0,"dataChange":true}}"#;
        let write = |lines: &[&str]| std::fs::write(log.join("00000000000000000000.json"), lines.join("\n")).unwrap();
        let protocol = |version: u32| format!(r#"{{"protocol":{{"minReaderVersion":{version},"minWriterVersion":2}}}}"#);
        write(&[&protocol(1), add]);
        assert_eq!(read(&place, "bucket").await.unwrap().files.len(), 1);
        for version in [2, 3] {
            write(&[&protocol(version), add]);
            assert!(read(&place, "bucket").await.is_none());
        }
        write(&[add]);
        assert!(read(&place, "bucket").await.is_none(), "no protocol");
        for path in ["a%20b.parquet", "s3://elsewhere/a.parquet", "../a.parquet"] {
            write(&[&protocol(1), &add.replace("bucket=1/a.parquet", path)]);
            assert!(read(&place, "bucket").await.is_none(), "{path}");
        }
        write(&[&protocol(1), &add.replace(r#""size""#, r#""deletionVector":{"storageType":"u"},"size""#)]);
        assert!(read(&place, "bucket").await.is_none(), "a deletion vector");
        write(&[&protocol(1), r#"{"add":"#]);
        assert!(read(&place, "bucket").await.is_none(), "a line that was cut");
    }

    #[test]
    fn a_log_is_whole_from_its_checkpoint_on() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let json = |version: u64| format!("{version:020}.json");
        let checkpoint = |version: u64| format!("{version:020}.checkpoint.parquet");
        let listed = |held: &[String]| Listed::of(held).map(|listed| (listed.checkpoint, listed.commits));
        assert_eq!(listed(&[json(1), json(0)]), Some((None, vec![0, 1])));
        assert_eq!(listed(&[checkpoint(1), json(1), json(3), json(2), json(0)]), Some((Some(1), vec![2, 3])));
        assert_eq!(listed(&[checkpoint(9), checkpoint(19), json(20)]), Some((Some(19), vec![20])));
        assert_eq!(listed(&[checkpoint(9)]), Some((Some(9), vec![])));
        assert_eq!(listed(&[json(1)]), None);
        assert_eq!(listed(&[checkpoint(1), json(3)]), None);
        assert_eq!(listed(&[]), None);
        assert_eq!(listed(&names(&["_last_checkpoint"])), None);
    }
}
