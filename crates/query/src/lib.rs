//! Questions in, answers out, over the tables of a lake.
//!
//! [`Reader`] holds the one DataFusion session: SQL of `queries/` with bound parameters, views, and the point reads of a walk. The
//! walk from a call to its actor is Rust ([`Reader::graph`]); everything else is SQL.
//!
//! Never writes; never puts a user's text into SQL.

mod answer;
mod attribute;
mod blame;
mod causes;
mod complete;
mod coverage;
mod error;
mod guard;
mod hits;
mod holes;
mod place;
mod reader;
mod runs;
mod sql_rows;
mod trace;
mod walk;

pub use answer::{
    Answer, AttributeChange, Candidate, CausedBy, Chain, Change, Claim, Coverage, CoverageGap, Evidence, Gap, IssuedBy, Run, Subject,
};
pub use attribute::Attribute;
pub use error::{Error, Result};
pub use hits::Hit;
pub use reader::{Reader, VIEWS, View};
pub use sql_rows::SqlRows;
pub use trace::{Question, Verb};
