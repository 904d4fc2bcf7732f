//! A report in, its files out.

use crate::catalogue::{Catalogue, Language};
use crate::error::{Error, Result};
use crate::manifest::{Manifest, Part, hexadecimal, sha256};
use crate::model::{Data, Report};
use crate::{csv, html, json, markdown};
use sha2::{Digest as _, Sha256};
use std::io::{BufWriter, Write};

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// What `report.json` is, for programs: JSON Schema, draft 2020-12.
const SCHEMA: &str = include_str!("../schema/report.schema.json");

/// Where the files of a report go.
pub trait Parts {
    /// Begins a file; the one before is done.
    ///
    /// # Errors
    /// Where it cannot be made.
    fn part(&mut self, name: &str) -> std::io::Result<Box<dyn Write>>;
}

/// Counts and hashes what goes through it.
struct Hashed {
    to: Box<dyn Write>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Files that are written, and what the manifest says of those that were.
struct Writing<'p> {
    to: &'p mut dyn Parts,
    parts: Vec<Part>,
}

impl Writing<'_> {
    fn file(&mut self, name: &str, write: impl FnOnce(&mut BufWriter<Hashed>) -> std::io::Result<()>) -> Result<()> {
        let failed = |source: std::io::Error| Error::Write { part: name.to_owned(), source: source.into() };
        let to = self.to.part(name).map_err(failed)?;
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, Hashed { to, hash: Sha256::new(), bytes: 0 });
        write(&mut file).and_then(|()| file.flush()).map_err(failed)?;
        let Hashed { hash, bytes, .. } = file.into_inner().map_err(|error| failed(error.into_error()))?;
        self.parts.push(Part { name: name.to_owned(), bytes, sha256: hexadecimal(&hash.finalize()) });
        Ok(())
    }
}

/// Writes every file of a report but the manifest, whose bytes are returned: a page and a summary in each language, a CSV for each table,
/// `report.json` and its schema. The manifest is to be written last, so that a folder that has one is whole.
///
/// # Errors
/// Where one cannot be written.
pub fn write(data: &Data, languages: &[Language], parts: &mut dyn Parts) -> Result<Vec<u8>> {
    let report = Report::of(data);
    let mut files = Writing { to: parts, parts: Vec::new() };
    for language in languages {
        let catalogue = Catalogue::new(*language);
        let page = html::page(&report, data, &catalogue, languages)?;
        files.file(&format!("report.{}.html", language.code()), |file| file.write_all(page.as_bytes()))?;
        let summary = markdown::summary(&report, &catalogue);
        files.file(&format!("summary.{}.md", language.code()), |file| file.write_all(summary.as_bytes()))?;
    }
    for section in &report.sections {
        for table in &section.tables {
            files.file(&format!("{:02}-{}.csv", section.number, table.id), |file| csv::write(table.named.0, file))?;
        }
    }
    files.file("report.json", |file| json::write(&report, file))?;
    files.file("report.schema.json", |file| file.write_all(SCHEMA.as_bytes()))?;
    let manifest = Manifest {
        schema: "whodid.report-manifest/v1".into(),
        tool_version: report.tool_version.clone(),
        period: report.period.label.clone(),
        since_micros: data.period.since,
        until_micros: data.period.until,
        time_zone: report.period.time_zone.clone(),
        as_of: report.as_of.clone(),
        opinion: report.opinion.state.word().into(),
        lake_versions: data.versions.clone(),
        queries: data.queries.iter().map(|(name, text)| (name.clone(), sha256(text.as_bytes()))).collect(),
        configuration: data.configuration.clone(),
        previous: data.previous.clone(),
        parts: files.parts,
    };
    let mut bytes = Vec::new();
    json::write(&manifest, &mut bytes).map_err(|error| Error::Write { part: MANIFEST.to_owned(), source: error.into() })?;
    Ok(bytes)
}
