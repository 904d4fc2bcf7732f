//! Rows of `sessions` and `commands` as values.

use crate::error::{Error, Result};
use crate::hits::{column, flag, number, optional, text, wrong};
use crate::reader::Reader;
use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit};
use event::time::rfc3339;
use lake::Table;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Values in one list of a query, at most.
pub(crate) const VALUES_MAX: usize = 150;

/// A log of a session, as the lake has it. What the node says in it is no proof of anything.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct LogFound {
    /// The session that its name says.
    #[serde(skip)]
    pub session_id: String,
    /// Address of the object.
    pub object: String,
    /// SHA-256 of the uncompressed object.
    pub sha256: String,
    /// `terminal`, `streamed`, `log_stream`, `exported`, `subscription` or `powershell`.
    pub form: String,
    /// CloudWatch's log group.
    pub log_group: Option<String>,
    /// Account of the log group, as CloudWatch says.
    pub owner_account_id: Option<String>,
    /// Region, by the node.
    pub aws_region: Option<String>,
    /// Instance, by the node.
    pub target: Option<String>,
    /// Who opened the session, by the node.
    pub user_arn: Option<String>,
    /// The operating system's user, by the node.
    pub run_as_user: Option<String>,
    /// Lines that it shows.
    pub lines: i64,
    /// Commands in it.
    pub commands: i64,
    /// Its number.
    #[serde(skip)]
    pub object_id: i64,
    /// First entry, where it has times; microseconds since 1970.
    #[serde(serialize_with = "moment")]
    pub first_time: Option<i64>,
    /// Last entry.
    #[serde(serialize_with = "moment")]
    pub last_time: Option<i64>,
    /// When the object was written.
    #[serde(serialize_with = "moment")]
    pub written: Option<i64>,
    /// The version of `sessions` that brought it.
    #[serde(skip)]
    pub version: i64,
}

/// A line that was entered.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct CommandFound {
    /// The session that its log's name says.
    #[serde(skip)]
    pub session_id: String,
    /// Address of the log.
    pub object: String,
    /// The log's number.
    #[serde(skip)]
    pub object_id: i64,
    /// Place among the log's commands, from 1.
    pub number: i64,
    /// How often the line was entered in this log until then.
    #[serde(skip)]
    pub occurrence: i64,
    /// Lines of the transcript that show it.
    pub first_line: i64,
    /// See `first_line`.
    pub last_line: i64,
    /// When, microseconds since 1970, where the log has times.
    #[serde(serialize_with = "moment")]
    pub time: Option<i64>,
    /// As it was entered, its secrets hidden.
    pub line: String,
    /// What the shell's history made of it.
    pub expanded: Option<String>,
    /// `typed`, `pasted` or `recalled`.
    pub how: String,
    /// Whether it had, or asked for, another user's rights.
    pub elevated: bool,
    /// Whether it asked for them.
    pub elevates: bool,
    /// What became of that.
    pub outcome: Option<String>,
    /// Whether the shell had root's rights.
    pub root_shell: bool,
    /// The user of the shell.
    pub user: Option<String>,
    /// Why it may not have run.
    pub doubt: Option<String>,
    /// Exit status.
    pub exit: Option<i64>,
    /// Whether it may differ from what was entered: the log has no control sequences.
    pub reconstructed: bool,
    /// Whether only its start is kept.
    pub truncated: bool,
    /// Shipped rules that took it.
    pub rules: Vec<String>,
    /// What rules read.
    #[serde(skip)]
    pub fields: Value,
    /// The version of `sessions` that brought it.
    #[serde(skip)]
    pub version: i64,
}

fn moment<S: serde::Serializer>(micros: &Option<i64>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    micros.map(rfc3339).serialize(serializer)
}

/// Which commands are wanted; each that is given narrows the others.
#[derive(Debug, Clone, Default)]
pub struct CommandFilter {
    /// Of these sessions.
    pub session_ids: Option<BTreeSet<String>>,
    /// Brought by a later version of `sessions` than this.
    pub after_version: Option<i64>,
    /// Kept under this day or a later one, counted from 1970.
    pub from_day: Option<i32>,
    /// Kept under this day or an earlier one.
    pub until_day: Option<i32>,
}

impl CommandFilter {
    fn parts(&self) -> Vec<Option<Expr>> {
        let mut all: Option<Expr> = None;
        let mut narrow = |more: Expr| all = Some(all.take().map_or(more.clone(), |all| all.and(more)));
        if let Some(version) = self.after_version {
            narrow(col("version").gt(lit(version)));
        }
        if let Some(day) = self.from_day {
            narrow(col("dt").gt_eq(lit(ScalarValue::Date32(Some(day)))));
        }
        if let Some(day) = self.until_day {
            narrow(col("dt").lt_eq(lit(ScalarValue::Date32(Some(day)))));
        }
        let Some(ids) = &self.session_ids else { return vec![all] };
        let ids: Vec<&String> = ids.iter().collect();
        let listed = |part: &[&String]| col("session_id").in_list(part.iter().map(|id| lit(id.as_str())).collect(), false);
        ids.chunks(VALUES_MAX).map(|part| Some(all.clone().map_or(listed(part), |all| all.and(listed(part))))).collect()
    }
}

impl Reader {
    /// Logs of sessions, by session, then address.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn session_logs(&self, filter: &CommandFilter) -> Result<Vec<LogFound>> {
        let mut found = Vec::new();
        for batch in self.filtered(Table::Sessions, filter).await? {
            read_logs(&batch, &mut found)?;
        }
        found.sort_by(|a, b| (&a.session_id, &a.object).cmp(&(&b.session_id, &b.object)));
        Ok(found)
    }

    /// Commands, by session, log and place.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn commands(&self, filter: &CommandFilter) -> Result<Vec<CommandFound>> {
        let mut found = Vec::new();
        for batch in self.filtered(Table::Commands, filter).await? {
            read_commands(&batch, &mut found)?;
        }
        found.sort_by(|a, b| (&a.session_id, &a.object, a.number).cmp(&(&b.session_id, &b.object, b.number)));
        Ok(found)
    }

    async fn filtered(&self, table: Table, filter: &CommandFilter) -> Result<Vec<RecordBatch>> {
        self.need(&[table]).await?;
        let mut batches = Vec::new();
        for condition in filter.parts() {
            let frame = self.context().await?.table(table.name()).await?;
            let frame = match condition {
                Some(condition) => frame.filter(condition)?,
                None => frame,
            };
            batches.extend(frame.collect().await?);
        }
        Ok(batches)
    }

    /// The newest version of a table.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub async fn version(&self, table: Table) -> Result<i64> {
        Ok(self.points(table).await?.version() as i64)
    }
}

/// The commands of one session out of all its logs: what several logs show is told once, by the log that shows it best.
///
/// Of a log stream that came in several objects these are parts of one log. `occurrence` is counted over the whole log.
pub fn merged(logs: &[LogFound], commands: &[CommandFound]) -> Vec<CommandFound> {
    let rank = |form: &str| {
        ["terminal", "powershell", "log_stream", "exported", "subscription", "streamed"].iter().position(|known| *known == form)
    };
    let mut groups: BTreeMap<(Option<usize>, &str), Vec<&LogFound>> = BTreeMap::new();
    for log in logs {
        // Uploaded logs are whole; copies of one have one content.
        let whole = matches!(log.form.as_str(), "terminal" | "powershell").then_some(log.sha256.as_str()).unwrap_or_default();
        groups.entry((rank(&log.form), whole)).or_default().push(log);
    }
    let (mut told, mut all) = (BTreeSet::new(), Vec::new());
    for ((_, whole), mut logs) in groups {
        logs.sort_by(|a, b| (a.first_time, &a.object).cmp(&(b.first_time, &b.object)));
        logs.truncate(if whole.is_empty() { usize::MAX } else { 1 });
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for command in logs.iter().flat_map(|log| commands.iter().filter(|command| command.object_id == log.object_id)) {
            let line = squeezed(&command.line);
            let count = counts.entry(line.clone()).or_default();
            *count += 1;
            if told.insert((line, *count)) {
                all.push(CommandFound { occurrence: *count, ..command.clone() });
            }
        }
    }
    all
}

/// Whether uploaded logs of one session tell different stories: neither is the other, cut short. At most one is then the session's.
pub fn disputed(logs: &[LogFound], commands: &[CommandFound]) -> bool {
    let stories: BTreeMap<&str, Vec<String>> = logs
        .iter()
        .filter(|log| matches!(log.form.as_str(), "terminal" | "powershell"))
        .map(|log| {
            let own = commands.iter().filter(|command| command.object_id == log.object_id);
            (log.sha256.as_str(), own.map(|command| squeezed(&command.line)).collect())
        })
        .collect();
    let longest = stories.values().max_by_key(|story| story.len());
    longest.is_some_and(|longest| stories.values().any(|story| !longest.starts_with(story)))
}

/// A line whose blanks make no difference.
pub fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn times(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>> {
    let column = column(batch, name)?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| wrong(name))?;
    Ok(column.iter().collect())
}

fn read_logs(batch: &RecordBatch, found: &mut Vec<LogFound>) -> Result<()> {
    let (id, object, sha256, form) =
        (text(batch, "session_id")?, text(batch, "object")?, text(batch, "object_sha256")?, text(batch, "form")?);
    let (group, owner, region) = (text(batch, "log_group")?, text(batch, "owner_account_id")?, text(batch, "aws_region")?);
    let (target, arn, user) = (text(batch, "target")?, text(batch, "user_arn")?, text(batch, "run_as_user")?);
    let (lines, commands, object_id, version) =
        (number(batch, "lines")?, number(batch, "commands")?, number(batch, "object_id")?, number(batch, "version")?);
    let (first, last, written) = (times(batch, "first_time")?, times(batch, "last_time")?, times(batch, "written")?);
    for (row, ((first_time, last_time), written)) in first.into_iter().zip(last).zip(written).enumerate() {
        found.push(LogFound {
            session_id: id.value(row).to_owned(),
            object: object.value(row).to_owned(),
            sha256: sha256.value(row).to_owned(),
            form: form.value(row).to_owned(),
            log_group: optional(&group, row),
            owner_account_id: optional(&owner, row),
            aws_region: optional(&region, row),
            target: optional(&target, row),
            user_arn: optional(&arn, row),
            run_as_user: optional(&user, row),
            lines: lines.value(row),
            commands: commands.value(row),
            object_id: object_id.value(row),
            first_time,
            last_time,
            written,
            version: version.value(row),
        });
    }
    Ok(())
}

fn read_commands(batch: &RecordBatch, found: &mut Vec<CommandFound>) -> Result<()> {
    let (id, object, line, expanded) = (text(batch, "session_id")?, text(batch, "object")?, text(batch, "line")?, text(batch, "expanded")?);
    let (entry, outcome, user, doubt) = (text(batch, "entry")?, text(batch, "outcome")?, text(batch, "user")?, text(batch, "doubt")?);
    let (fields, exit, object_id) = (text(batch, "fields")?, number(batch, "exit")?, number(batch, "object_id")?);
    let (place, occurrence) = (number(batch, "number")?, number(batch, "occurrence")?);
    let (first, last) = (number(batch, "first_line")?, number(batch, "last_line")?);
    let (elevated, elevates, root) = (flag(batch, "elevated")?, flag(batch, "elevates")?, flag(batch, "root_shell")?);
    let (reconstructed, truncated) = (flag(batch, "reconstructed")?, flag(batch, "truncated")?);
    let version = number(batch, "version")?;
    let rules = column(batch, "rules")?.as_list_opt::<i32>().ok_or_else(|| wrong("rules"))?;
    for (row, time) in times(batch, "time")?.into_iter().enumerate() {
        let taken = cast(&rules.value(row), &DataType::Utf8).map_err(|error| Error::Query { source: error.into() })?;
        found.push(CommandFound {
            session_id: id.value(row).to_owned(),
            object: object.value(row).to_owned(),
            object_id: object_id.value(row),
            number: place.value(row),
            occurrence: occurrence.value(row),
            first_line: first.value(row),
            last_line: last.value(row),
            time,
            line: line.value(row).to_owned(),
            expanded: optional(&expanded, row),
            how: entry.value(row).to_owned(),
            elevated: elevated.value(row),
            elevates: elevates.value(row),
            outcome: optional(&outcome, row),
            root_shell: root.value(row),
            user: optional(&user, row),
            doubt: optional(&doubt, row),
            exit: exit.is_valid(row).then(|| exit.value(row)),
            reconstructed: reconstructed.value(row),
            truncated: truncated.value(row),
            rules: taken.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
            version: version.value(row),
            fields: serde_json::from_str(fields.value(row)).map_err(|error| Error::Query { source: error.into() })?,
        });
    }
    Ok(())
}
