//! A period's report: rows of queries in, the bytes of its files out.
//!
//! [`Data`] holds what queries and digests said of a [`Period`]; [`Report::of`] puts it in sections and gives the opinion;
//! [`write()`] makes pages, tables and a manifest of it; [`verify`] compares a folder's files with their manifest.
//!
//! Never reads a clock, a file or the network, and writes to what it is given: the same data gives the same bytes. Nothing that a log wrote reaches a page or a cell unescaped.

mod answer;
mod calendar;
mod catalogue;
mod csv;
mod error;
mod html;
mod json;
mod manifest;
mod markdown;
mod model;
mod opinion;
mod period;
mod said;
mod sample;
mod sections;
mod svg;
pub mod text;
mod trend;
mod write;

pub use answer::{answer_markdown, answer_page};
pub use catalogue::{Catalogue, Language};
pub use error::{Error, Result};
pub use manifest::{Fault, Manifest, Part, Previous, verify};
pub use model::{Data, Report, Rows, Section, Table};
pub use opinion::{Finding, Opinion, State};
pub use period::{Period, zone};
pub use sample::draw;
pub use sections::tables;
pub use write::{MANIFEST, Parts, write};
