//! What events told of machines, kept until the next commit: names by their numbers, in the order of the events.

use crate::rows::at;
use crate::texts::Names;
use event::Event;
use identity::CauseKind;
use identity::cause::{Told, marks, told};

/// What an event told of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CauseRow {
    pub(crate) key: u32,
    pub(crate) kind: CauseKind,
    pub(crate) event: u32,
    pub(crate) role_arn: Option<u32>,
    pub(crate) detail: Option<u32>,
    pub(crate) marks: Option<u32>,
}

/// Tags that AWS alone can write, of one event.
pub(crate) type Marks = Vec<(String, String)>;

/// What the events of a commit told.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    rows: Vec<CauseRow>,
    marks: Vec<Marks>,
}

impl Causes {
    /// Keeps what `event`, which is in row `row`, tells.
    pub(crate) fn note(&mut self, event: &Event<'_>, row: u32, names: &mut Names) {
        let told = told(event);
        if told.is_empty() {
            return;
        }
        let found = marks(event.request);
        let marks = (!found.is_empty()).then(|| {
            self.marks.push(found);
            self.marks.len() as u32 - 1
        });
        for Told { key, kind, role_arn, detail } in told {
            let mut number = |name: String| names.number(&name);
            let (key, role_arn, detail) = (number(key), role_arn.map(&mut number), detail.map(&mut number));
            self.rows.push(CauseRow { key, kind, event: row, role_arn, detail, marks });
        }
    }

    /// Takes over what another worker noted; `names` are the numbers here of its names, and `events` came before its events.
    pub(crate) fn append(&mut self, other: &mut Self, names: &[u32], events: u32) {
        let before = self.marks.len() as u32;
        self.marks.append(&mut other.marks);
        self.rows.extend(other.rows.drain(..).map(|row| CauseRow {
            key: at(names, row.key),
            role_arn: row.role_arn.map(|name| at(names, name)),
            detail: row.detail.map(|name| at(names, name)),
            marks: row.marks.map(|marks| marks + before),
            event: row.event + events,
            ..row
        }));
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.marks.clear();
    }

    /// The tags of a row.
    pub(crate) fn marks_of(&self, row: &CauseRow) -> &[(String, String)] {
        row.marks.and_then(|marks| self.marks.get(marks as usize)).map_or(&[], Vec::as_slice)
    }

    /// All, in the order of the events.
    pub(crate) fn rows(&self) -> &[CauseRow] {
        &self.rows
    }
}
