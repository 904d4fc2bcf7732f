//! A report in, its files out.

use crate::catalogue::{Catalogue, Language};
use crate::error::{Error, Result};
use crate::manifest::{Manifest, parts, sha256};
use crate::model::{Data, Report};
use crate::{csv, html, markdown};

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// What `report.json` is, for programs: JSON Schema, draft 2020-12.
const SCHEMA: &str = include_str!("../schema/report.schema.json");

/// A file of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

fn file(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> File {
    File { name: name.into(), bytes: bytes.into() }
}

fn json(name: &str, value: &impl serde::Serialize) -> Result<File> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| Error::Write { part: name.to_owned(), source: error.into() })?;
    bytes.push(b'\n');
    Ok(file(name, bytes))
}

/// Every file of a report, the manifest last: a page and a summary in each language, a CSV for each table, `report.json` and its schema.
///
/// # Errors
/// Where one cannot be written: a mistake of ours.
pub fn files(data: &Data, languages: &[Language]) -> Result<Vec<File>> {
    let report = Report::of(data);
    let mut files = Vec::new();
    for language in languages {
        let catalogue = Catalogue::new(*language);
        files.push(file(format!("report.{}.html", language.code()), html::page(&report, data, &catalogue)?));
        files.push(file(format!("summary.{}.md", language.code()), markdown::summary(&report, &catalogue)));
    }
    for section in &report.sections {
        for table in &section.tables {
            files.push(file(format!("{:02}-{}.csv", section.number, table.id), csv::bytes(&table.named.0)));
        }
    }
    files.push(json("report.json", &report)?);
    files.push(file("report.schema.json", SCHEMA));
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
        parts: parts(&files),
    };
    files.push(json(MANIFEST, &manifest)?);
    Ok(files)
}
