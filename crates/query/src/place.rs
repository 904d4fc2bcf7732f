//! Objects by their numbers: where a record lies, for whoever wants to see it.

use crate::answer::Evidence;
use crate::error::Result;
use crate::hits::{self, Hit, text};
use crate::integrity::ledger_objects;
use crate::reader::Reader;
use digest::Verdict;
use lake::{LedgerObject, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Addresses and hashes of objects, and what digests say of them.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<i64, Place>);

#[derive(Debug, Clone)]
struct Place {
    object: String,
    sha256: String,
    verdict: Verdict,
}

impl Places {
    /// Where the record of a hit lies.
    pub(crate) fn evidence(&self, hit: &Hit) -> Evidence {
        let unknown = || Place { object: String::new(), sha256: String::new(), verdict: Verdict::NotCovered };
        let Place { object, sha256, verdict } = self.0.get(&hit.object_id).cloned().unwrap_or_else(unknown);
        Evidence { event_id: None, object, record: hit.record, sha256, integrity: verdict.name() }
    }

    /// Whether the object is not what CloudTrail delivered: nothing in it is more than a claim.
    pub(crate) fn is_doubtful(&self, object_id: i64) -> bool {
        self.0.get(&object_id).is_some_and(|place| matches!(place.verdict, Verdict::Altered | Verdict::Unlisted))
    }
}

impl Reader {
    /// Looks up objects.
    pub(crate) async fn places(&self, numbers: BTreeSet<i64>) -> Result<Places> {
        let (mut found, mut objects) = (Vec::new(), Vec::new());
        if numbers.is_empty() {
            return Ok(Places::default());
        }
        let columns = [&["object_id"][..], &LedgerObject::COLUMNS].concat();
        for batch in self.points(Table::Objects).await?.objects_numbered(&numbers, &columns).await? {
            let number = hits::number(&batch, "object_id")?;
            let (object, sha256) = (text(&batch, "object")?, text(&batch, "sha256")?);
            found.extend((0..batch.num_rows()).map(|row| (number.value(row), object.value(row).to_owned(), sha256.value(row).to_owned())));
            objects.extend(ledger_objects(&batch)?);
        }
        let verdicts = self.verdicts(&objects).await?;
        let places = found.into_iter().zip(verdicts);
        Ok(Places(places.map(|((number, object, sha256), verdict)| (number, Place { object, sha256, verdict })).collect()))
    }
}
