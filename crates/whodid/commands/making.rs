//! Files of a report are made in a folder of their own and moved to their place when all are there. What a run that was killed left is swept by the
//! next one.

use crate::failure::Failure;
use ::report::{MANIFEST, Parts};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// How such a folder is called: this, something random, and [`ENDING`].
const BEGINNING: &str = ".making-";
const ENDING: &str = ".part";
/// A file in it that its run keeps locked; the system lets go of the lock when the run ends, however that comes.
const LOCK: &str = "lock";
/// Where locks say nothing, a folder that nothing was added to for so long is left over.
const LEFT_AFTER: Duration = Duration::from_secs(24 * 3600);

/// A folder in which the files of a report are made before it is known whether they belong into the one around it; gone when dropped.
pub(crate) struct Making {
    place: TempDir,
    names: Vec<String>,
    // Closed, and so unlocked, when all else is done.
    _lock: File,
}

impl Making {
    /// A new one within a folder; `now` in microseconds since 1970. What killed runs left there and in the folders beside it is removed.
    pub(crate) fn within(folder: &Path, now: i64) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder)?;
        let now = UNIX_EPOCH + Duration::from_micros(now.unsigned_abs());
        sweep(folder, now);
        let place = tempfile::Builder::new().prefix(BEGINNING).suffix(ENDING).tempdir_in(folder)?;
        // Locked before it has its name: nobody finds it unlocked while this run lasts.
        let unnamed = place.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        if let Err(error) = lock.try_lock() {
            tracing::debug!(file = %unnamed.display(), %error, "is not locked");
        }
        std::fs::rename(&unnamed, place.path().join(LOCK))?;
        Ok(Self { place, names: Vec::new(), _lock: lock })
    }

    /// A file that was made, as text; empty where it was not.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        let made = self.names.iter().any(|made| made == name);
        Ok(if made { std::fs::read_to_string(self.place.path().join(name))? } else { String::new() })
    }

    /// Moves the files to where they belong. The manifest comes last, so that a folder that has one is whole.
    pub(crate) fn finish(self, folder: &Path, manifest: &[u8]) -> Result<(), Failure> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(self.place.path().join(MANIFEST), manifest)?;
        for name in self.names.iter().map(String::as_str).chain([MANIFEST]) {
            std::fs::rename(self.place.path().join(name), folder.join(name))?;
        }
        Ok(())
    }
}

impl Parts for Making {
    fn part(&mut self, name: &str) -> std::io::Result<Box<dyn std::io::Write>> {
        self.names.push(name.to_owned());
        Ok(Box::new(File::create(self.place.path().join(name))?))
    }
}

/// Removes what killed runs left in a folder and in those beside it. What cannot be read or removed stays, and hinders nobody.
fn sweep(folder: &Path, now: SystemTime) {
    let Ok(folder) = std::path::absolute(folder) else { return };
    let Some(parent) = folder.parent() else { return };
    for beside in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        for held in std::fs::read_dir(beside.path()).into_iter().flatten().flatten() {
            let name = held.file_name();
            let named = name.to_str().is_some_and(|name| name.starts_with(BEGINNING) && name.ends_with(ENDING));
            // A link is followed nowhere.
            if named && held.file_type().is_ok_and(|kind| kind.is_dir()) {
                remove_left(&held.path(), now);
            }
        }
    }
}

/// Removes a folder whose run is gone.
fn remove_left(place: &Path, now: SystemTime) {
    let lock = File::options().write(true).open(place.join(LOCK));
    let left = match &lock {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(_)) => is_old(place, now),
        },
        Err(error) => error.kind() == ErrorKind::NotFound && is_old(place, now),
    };
    if left {
        match std::fs::remove_dir_all(place) {
            Ok(()) => tracing::info!(folder = %place.display(), "was left over and is removed"),
            Err(error) => tracing::warn!(folder = %place.display(), %error, "is left over"),
        }
    }
}

fn is_old(place: &Path, now: SystemTime) -> bool {
    let changed = std::fs::metadata(place).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > LEFT_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let place = |name: &str| root.path().join(name);
        let now = i64::try_from(3 * LEFT_AFTER.as_micros()).unwrap();
        let (old, fresh) = (UNIX_EPOCH, UNIX_EPOCH + 3 * LEFT_AFTER);
        for name in ["one/.making-a.part", "two/.making-b.part", "two/.making-c.part", "two/.making-d.part", "two/making", "two/.e.part"] {
            std::fs::create_dir_all(place(name)).unwrap();
        }
        for name in ["one/.making-a.part", "two/.making-b.part", "two/making", "two/.e.part"] {
            std::fs::write(place(name).join(LOCK), "").unwrap();
        }
        File::open(place("two/.making-c.part")).unwrap().set_modified(fresh).unwrap();
        File::open(place("two/.making-d.part")).unwrap().set_modified(old).unwrap();
        std::fs::write(place("two/.making-file.part"), "").unwrap();
        let runs = Making::within(&place("two"), now).unwrap();
        for name in ["one/.making-a.part", "two/.making-b.part", "two/.making-d.part"] {
            assert!(!place(name).exists(), "{name}: its run is gone");
        }
        // One that begins, and what is none.
        for name in ["two/.making-c.part", "two/making", "two/.e.part", "two/.making-file.part"] {
            assert!(place(name).exists(), "{name}");
        }
        let running = runs.place.path().to_owned();
        let other = Making::within(&place("one"), now).unwrap();
        assert!(running.join(LOCK).exists(), "another run sweeps none that lasts");
        drop(runs);
        assert!(!running.exists());
        drop(other);
        assert_eq!(std::fs::read_dir(place("one")).unwrap().count(), 0);
    }
}
