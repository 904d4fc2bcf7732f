//! Questions in, answers out, over the tables of a lake.
//!
//! [`Reader`] holds the one DataFusion session: SQL of `queries/` with bound parameters, views, and the point reads of a walk. The
//! walk from a call to its actor is Rust ([`Reader::walk`]) over a few rows read past SQL; everything else is SQL.
//!
//! Never writes; never puts a user's text into SQL.

mod alerts;
mod answer;
mod attribute;
mod before;
mod blame;
mod causes;
mod checkpoints;
mod complete;
mod control;
mod coverage;
mod described;
mod error;
mod fold;
mod guard;
mod held;
mod hits;
mod holes;
mod integrity;
mod kept;
mod leavers;
mod machines;
mod payload;
mod people;
mod period;
mod place;
mod principal;
mod reader;
mod report;
mod runs;
mod session_log;
mod sessions;
mod setting;
mod sql_rows;
mod status;
mod texts;
mod trace;
mod walk;
mod whole_runs;
mod window;

pub use alerts::{AlertRuns, Known, LastTold, Watermarks};
pub use answer::{
    Answer, AttributeChange, Candidate, CausedBy, Chain, Change, Claim, Coverage, CoverageGap, Evidence, Gap, IssuedBy, LiveCoverage,
    LiveLookup, Run, Subject,
};
pub use attribute::Attribute;
pub use checkpoints::LOG_GROUP_RUN;
pub use described::SessionOwner;
pub use error::{Error, Result};
pub use hits::Hit;
pub use people::Configured;
pub use reader::{Reader, VIEWS, View};
pub use report::{REPORT_QUERIES, ReportSpan};
pub use session_log::{CommandFilter, CommandFound, LogFound, disputed, merged, squeezed};
pub use sessions::{Session, SessionList, SessionQuestion, Transcript};
pub use sql_rows::SqlRows;
pub use status::{LastRun, SourceStatus};
pub use trace::{Question, Verb};
