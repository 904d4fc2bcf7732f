//! The list of a report's parts with the hash of each: made with the report, compared with its folder later.

use crate::error::{Error, Result};
use crate::write::MANIFEST;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What `manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `whodid.report-manifest/v1`
    pub schema: String,
    /// Whodid's version.
    pub tool_version: String,
    /// The period's name.
    pub period: String,
    /// Its beginning, microseconds since 1970.
    pub since_micros: i64,
    /// Its end.
    pub until_micros: i64,
    /// Whose days these are.
    pub time_zone: String,
    /// Until when the lake knew anything.
    pub as_of: Option<String>,
    /// The opinion in a word.
    pub opinion: String,
    /// Versions of the lake's tables.
    pub lake_versions: BTreeMap<String, i64>,
    /// SHA-256 of each query's text.
    pub queries: BTreeMap<String, String>,
    /// SHA-256 of what was in force beside the lake: lists of the configuration, files of rules and suppressions.
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
    /// The report before this one.
    pub previous: Option<Previous>,
    /// Every other file.
    pub parts: Vec<Part>,
}

/// A file of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash.
    pub sha256: String,
}

/// The report before this one, by the hash of its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its period's name.
    pub period: String,
    /// Its period's end, microseconds since 1970.
    pub until_micros: i64,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
}

/// What is not as the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file.
    pub name: String,
    /// `altered`, `missing`, `extra`, or `previous_differs`.
    pub fault: &'static str,
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Manifest {
    /// Reads one.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|source| Error::Manifest { source })
    }

    /// What a later report keeps of this one, `bytes` being those of its manifest.
    pub fn previous(&self, bytes: &[u8]) -> Previous {
        Previous { period: self.period.clone(), until_micros: self.until_micros, manifest_sha256: sha256(bytes) }
    }
}

/// Compares files, by name, with the manifest among them; and with the manifest of the report before, where that is at hand.
///
/// # Errors
/// Where there is no manifest, or none that can be understood.
pub fn verify(files: &BTreeMap<String, Vec<u8>>, previous: Option<&[u8]>) -> Result<Vec<Fault>> {
    let manifest = Manifest::read(files.get(MANIFEST).map_or(&[][..], Vec::as_slice))?;
    let mut faults = Vec::new();
    let mut listed = BTreeSet::from([MANIFEST]);
    for part in &manifest.parts {
        listed.insert(part.name.as_str());
        match files.get(&part.name) {
            None => faults.push(Fault { name: part.name.clone(), fault: "missing" }),
            Some(bytes) if sha256(bytes) != part.sha256 => faults.push(Fault { name: part.name.clone(), fault: "altered" }),
            Some(_) => {}
        }
    }
    let extra = files.keys().filter(|name| !listed.contains(name.as_str()));
    faults.extend(extra.map(|name| Fault { name: name.clone(), fault: "extra" }));
    if let (Some(bytes), Some(said)) = (previous, &manifest.previous)
        && sha256(bytes) != said.manifest_sha256
    {
        faults.push(Fault { name: said.period.clone(), fault: "previous_differs" });
    }
    Ok(faults)
}
