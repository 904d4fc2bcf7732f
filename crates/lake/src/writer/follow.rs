//! The tables that follow `events`: brought up to its version from the manifests that its commits name.

use super::{APPLICATION, HEALED, MANIFEST_KEY, Writer};
use crate::error::{BoxError, Error, Result, read_error};
use crate::fail_point::{Point, reach};
use crate::schema::Table;
use crate::table::{Attempt, commit};
use deltalake::DeltaTable;
use deltalake::kernel::{Action, Add};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Tables whose files a manifest names.
pub(super) const FOLLOWERS: [Table; 5] = [Table::Credentials, Table::Mentions, Table::Causes, Table::Objects, Table::Rejects];

/// Folder, in that of `events`, for manifests. A leading underscore keeps it out of every reader's and vacuum's way.
const MANIFESTS: &str = "_whodid";

fn read_failed(error: impl Into<BoxError>) -> Error {
    read_error("events")(error.into())
}

/// Writes a manifest that no commit names yet, and returns its name.
pub(crate) async fn write_manifest<M: serde::Serialize>(events: &DeltaTable, manifest: &M) -> Result<String> {
    let name = uuid::Uuid::new_v4().to_string();
    let write = |error: BoxError| Error::Write { table: "events", source: error };
    let bytes = serde_json::to_vec(manifest).map_err(|error| write(error.into()))?;
    events.object_store().put(&manifest_path(&name), bytes.into()).await.map_err(|error| write(error.into()))?;
    reach(Point::Manifest);
    Ok(name)
}

pub(crate) fn manifest_path(name: &str) -> Path {
    Path::from(format!("{MANIFESTS}/{name}.json"))
}

/// The manifest that a commit of `events` names.
pub(crate) async fn manifest_of(events: &DeltaTable, version: u64) -> Result<Option<String>> {
    let Some(bytes) = events.log_store().read_commit_entry(version).await.map_err(read_failed)? else { return Ok(None) };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let action: serde_json::Value = serde_json::from_slice(line).map_err(read_failed)?;
        if let Some(name) = action.get("commitInfo").and_then(|info| info.get(MANIFEST_KEY)).and_then(|name| name.as_str()) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// Looks for an own commit among the versions from `from` on.
pub(crate) async fn find_own(events: &mut DeltaTable, from: i64, name: &str) -> Result<Option<i64>> {
    events.update_state().await.map_err(read_failed)?;
    let newest = events.version().map_or(0, |version| version as i64);
    for version in from..=newest {
        if manifest_of(events, version as u64).await?.as_deref() == Some(name) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

impl Writer {
    /// Commits to the other tables what `events` has and they have not.
    pub(super) async fn follow(&mut self) -> Result<()> {
        let newest = self.table(Table::Events)?.version().map_or(0, |version| version as i64);
        let mut manifests: HashMap<i64, Option<BTreeMap<String, Vec<Add>>>> = HashMap::new();
        for table in FOLLOWERS {
            let mut seen = self.followed(table).await?;
            while seen < newest {
                let version = seen + 1;
                if let Entry::Vacant(place) = manifests.entry(version) {
                    place.insert(self.manifest(version).await?);
                }
                let adds = manifests
                    .get(&version)
                    .and_then(Option::as_ref)
                    .and_then(|manifest| manifest.get(table.name()))
                    .cloned()
                    .unwrap_or_default();
                let last = version == newest;
                // A version that adds nothing here need not be noted unless it is the newest.
                if adds.is_empty() && !last {
                    seen = version;
                    continue;
                }
                let open = self.table_mut(table)?;
                let actions = adds.into_iter().map(Action::Add).collect();
                if commit(table, open, actions, Some((APPLICATION, version)), HashMap::new()).await? == Attempt::Lost {
                    open.update_state().await.map_err(|error| read_error(table.name())(error.into()))?;
                }
                // Not `version`: what the log says now may come from another writer, who was further.
                seen = self.followed(table).await?;
            }
        }
        reach(Point::Followed);
        Ok(())
    }

    /// Days whose credentials were committed and not healed: what a run that died left.
    pub(super) async fn unhealed_days(&self) -> Result<BTreeSet<i32>> {
        let newest = self.table(Table::Events)?.version().map_or(0, |version| version as i64);
        let mut days = BTreeSet::new();
        for version in self.noted(Table::Credentials, HEALED).await? + 1..=newest {
            let manifest = self.manifest(version).await?.unwrap_or_default();
            for add in manifest.get(Table::Credentials.name()).into_iter().flatten() {
                let day = add.partition_values.get("dt").and_then(Option::as_deref);
                days.extend(day.and_then(super::day_named));
            }
        }
        Ok(days)
    }

    /// The version of `events` up to which a table has followed.
    async fn followed(&self, table: Table) -> Result<i64> {
        self.noted(table, APPLICATION).await
    }

    /// The version that an application noted in a table's log.
    async fn noted(&self, table: Table, application: &str) -> Result<i64> {
        let open = self.table(table)?;
        let failed = |error: deltalake::DeltaTableError| read_error(table.name())(error.into());
        let state = open.snapshot().map_err(failed)?;
        Ok(state.transaction_version(open.log_store().as_ref(), application).await.map_err(failed)?.unwrap_or(0))
    }

    async fn manifest(&self, version: i64) -> Result<Option<BTreeMap<String, Vec<Add>>>> {
        let events = self.table(Table::Events)?;
        let Some(name) = manifest_of(events, version as u64).await? else { return Ok(None) };
        let Some(bytes) = self.lake.get(events, &manifest_path(&name)).await? else {
            return Err(read_failed(format!("the manifest {name} that version {version} names is gone")));
        };
        serde_json::from_slice(&bytes).map(Some).map_err(read_failed)
    }
}
