//! Columns of `sessions`, `commands` and `alerts`, and rows as columns.

use crate::error::{Error, Result};
use crate::schema::{Table, flag, number, text, text_list, time};
use crate::sessions::{AlertRow, CommandRow, LogRead, LogReject, SessionLog};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;

/// A log of a session, as it was read. `owner_account_id` is CloudWatch's word on whose log group it was; `target`, `user_arn`, `aws_region` and
/// `run_as_user` are the node's.
pub(crate) fn sessions() -> Vec<Field> {
    let mut fields: Vec<Field> = [
        "session_id",
        "object",
        "object_sha256",
        "form",
        "log_group",
        "owner_account_id",
        "aws_region",
        "target",
        "user_arn",
        "run_as_user",
        "run_id",
    ]
    .iter()
    .map(|name| text(name))
    .collect();
    fields.extend(["object_id", "lines", "commands", "repeated", "malformed", "version"].map(number));
    fields.extend(["first_time", "last_time", "written"].map(time));
    fields
}

/// A line that was entered, without secrets. `fields` is what rules read, as JSON; `rules` are the shipped ones that took it before secrets were
/// hidden.
pub(crate) fn commands() -> Vec<Field> {
    let mut fields: Vec<Field> =
        ["session_id", "object", "line", "expanded", "prompt", "entry", "outcome", "user", "inside", "doubt", "fields"]
            .iter()
            .map(|name| text(name))
            .collect();
    fields.extend(["object_id", "number", "occurrence", "first_line", "last_line", "exit", "version"].map(number));
    fields
        .extend(["elevates", "elevated", "root_shell", "entered_root_shell", "obscured", "parsed", "reconstructed", "truncated"].map(flag));
    fields.extend(["programs", "how", "as_user", "rules"].map(text_list));
    fields.push(time("time"));
    fields
}

/// A match, with what became of it: `sent`, or `suppressed` by whom. `alert` is the line that went out, as JSON.
pub(crate) fn alerts() -> Vec<Field> {
    let mut fields: Vec<Field> = [
        "alert_id",
        "update_of",
        "rule",
        "level",
        "session_id",
        "event_id",
        "actor_kind",
        "actor_id",
        "certainty",
        "account_id",
        "aws_region",
        "instance_id",
        "command",
        "disposition",
        "suppressed_by",
        "alert",
        "run_id",
    ]
    .iter()
    .map(|name| text(name))
    .collect();
    fields.push(flag("elevated"));
    fields.extend(["time", "noted"].map(time));
    fields
}

/// Rows as columns, each by a function of the row.
struct Made<'r, T> {
    rows: &'r [&'r T],
}

impl<T> Made<'_, T> {
    fn text(&self, value: impl Fn(&T) -> Option<&str>) -> ArrayRef {
        Arc::new(self.rows.iter().map(|row| value(row)).collect::<StringArray>())
    }

    fn always(&self, value: &str) -> ArrayRef {
        Arc::new(self.rows.iter().map(|_| Some(value)).collect::<StringArray>())
    }

    fn number(&self, value: impl Fn(&T) -> Option<i64>) -> ArrayRef {
        Arc::new(self.rows.iter().map(|row| value(row)).collect::<Int64Array>())
    }

    fn count(&self, value: impl Fn(&T) -> u64) -> ArrayRef {
        self.number(|row| i64::try_from(value(row)).ok())
    }

    fn flag(&self, value: impl Fn(&T) -> bool) -> ArrayRef {
        Arc::new(self.rows.iter().map(|row| Some(value(row))).collect::<BooleanArray>())
    }

    fn time(&self, value: impl Fn(&T) -> Option<i64>) -> ArrayRef {
        Arc::new(self.rows.iter().map(|row| value(row)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    }

    fn list(&self, value: impl Fn(&T) -> &[String]) -> ArrayRef {
        let mut builder = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
        for row in self.rows {
            value(row).iter().for_each(|item| builder.values().append_value(item));
            builder.append(true);
        }
        Arc::new(builder.finish())
    }

    fn batch(table: Table, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
        RecordBatch::try_new(table.file_schema(), columns).map_err(|error| Error::Write { table: table.name(), source: error.into() })
    }
}

pub(super) fn session_batch(rows: &[&SessionLog], run_id: &str, version: i64) -> Result<RecordBatch> {
    let made = Made { rows };
    let columns = vec![
        made.text(|row| Some(&row.session_id)),
        made.text(|row| Some(&row.object)),
        made.text(|row| Some(&row.object_sha256)),
        made.text(|row| Some(row.form)),
        made.text(|row| row.log_group.as_deref()),
        made.text(|row| row.owner_account_id.as_deref()),
        made.text(|row| row.aws_region.as_deref()),
        made.text(|row| row.target.as_deref()),
        made.text(|row| row.user_arn.as_deref()),
        made.text(|row| row.run_as_user.as_deref()),
        made.always(run_id),
        made.number(|row| Some(row.object_id)),
        made.count(|row| row.lines),
        made.count(|row| row.commands.len() as u64),
        made.count(|row| row.repeated),
        made.count(|row| row.malformed),
        made.number(|_| Some(version)),
        made.time(|row| row.span.map(|span| span.0)),
        made.time(|row| row.span.map(|span| span.1)),
        made.time(|row| row.written),
    ];
    Made::<SessionLog>::batch(Table::Sessions, columns)
}

pub(super) fn command_batch(rows: &[(&SessionLog, &CommandRow)], version: i64) -> Result<RecordBatch> {
    let rows: Vec<&(&SessionLog, &CommandRow)> = rows.iter().collect();
    let made = Made { rows: &rows };
    let columns = vec![
        made.text(|(log, _)| Some(&log.session_id)),
        made.text(|(log, _)| Some(&log.object)),
        made.text(|(_, row)| Some(&row.line)),
        made.text(|(_, row)| row.expanded.as_deref()),
        made.text(|(_, row)| Some(&row.prompt)),
        made.text(|(_, row)| Some(&row.entry)),
        made.text(|(_, row)| row.outcome.as_deref()),
        made.text(|(_, row)| row.user.as_deref()),
        made.text(|(_, row)| row.inside.as_deref()),
        made.text(|(_, row)| row.doubt.as_deref()),
        made.text(|(_, row)| Some(&row.fields)),
        made.number(|(log, _)| Some(log.object_id)),
        made.count(|(_, row)| row.number),
        made.count(|(_, row)| row.occurrence),
        made.count(|(_, row)| row.first_line),
        made.count(|(_, row)| row.last_line),
        made.number(|(_, row)| row.exit.map(i64::from)),
        made.number(|_| Some(version)),
        made.flag(|(_, row)| row.elevates),
        made.flag(|(_, row)| row.elevated),
        made.flag(|(_, row)| row.root_shell),
        made.flag(|(_, row)| row.entered_root_shell),
        made.flag(|(_, row)| row.obscured),
        made.flag(|(_, row)| row.parsed),
        made.flag(|(_, row)| row.reconstructed),
        made.flag(|(_, row)| row.truncated),
        made.list(|(_, row)| &row.programs),
        made.list(|(_, row)| &row.how),
        made.list(|(_, row)| &row.as_user),
        made.list(|(_, row)| &row.rules),
        made.time(|(_, row)| row.time),
    ];
    Made::<CommandRow>::batch(Table::Commands, columns)
}

pub(super) fn reject_batch(rows: &[(&LogRead, &LogReject)], run_id: &str) -> Result<RecordBatch> {
    let rows: Vec<&(&LogRead, &LogReject)> = rows.iter().collect();
    let made = Made { rows: &rows };
    let columns = vec![
        made.text(|(read, _)| Some(&read.object.uri)),
        made.text(|(_, reject)| Some(reject.reason)),
        made.text(|(_, reject)| Some(&reject.detail)),
        made.text(|_| None),
        made.text(|_| None),
        made.text(|(read, _)| Some(&read.object.sha256)),
        made.always(run_id),
        made.number(|_| None),
        made.count(|(_, reject)| reject.bytes.start),
        made.count(|(_, reject)| reject.bytes.end),
        made.number(|_| None),
    ];
    Made::<LogReject>::batch(Table::Rejects, columns)
}

pub(super) fn alert_batch(rows: &[&AlertRow], run_id: &str, noted: i64) -> Result<RecordBatch> {
    let made = Made { rows };
    let columns = vec![
        made.text(|row| Some(&row.alert_id)),
        made.text(|row| row.update_of.as_deref()),
        made.text(|row| Some(&row.rule)),
        made.text(|row| row.level.as_deref()),
        made.text(|row| row.session_id.as_deref()),
        made.text(|row| row.event_id.as_deref()),
        made.text(|row| row.actor_kind.as_deref()),
        made.text(|row| row.actor_id.as_deref()),
        made.text(|row| Some(&row.certainty)),
        made.text(|row| row.account_id.as_deref()),
        made.text(|row| row.aws_region.as_deref()),
        made.text(|row| row.instance_id.as_deref()),
        made.text(|row| row.command.as_deref()),
        made.text(|row| Some(row.disposition)),
        made.text(|row| row.suppressed_by.as_deref()),
        made.text(|row| Some(&row.alert)),
        made.always(run_id),
        made.flag(|row| row.elevated),
        made.time(|row| row.time),
        made.time(|_| Some(noted)),
    ];
    Made::<AlertRow>::batch(Table::Alerts, columns)
}
