//! Commands of a transcript in, rows without secrets out.

use serde_json::Value;
use std::collections::HashMap;
use transcript::mask::Masker;
use transcript::rules::{About, LogSource, Rules, of_command, outcome};
use transcript::{Command, Line, Sink};

/// What a person wrote, of the fields that rules read; the others are words of ours.
const FREE_TEXT: [&str; 6] = ["command", "line", "program", "argv", "as_user", "run_as_user"];

/// A line that was entered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandRow {
    /// Place among the log's commands, from 1.
    pub number: u64,
    /// How often this line was entered before in this log, itself counted; blanks make no difference.
    pub occurrence: u64,
    /// Lines of the transcript that show it, from 1.
    pub first_line: u64,
    /// See `first_line`.
    pub last_line: u64,
    /// When, microseconds since 1970, where the log has times.
    pub time: Option<i64>,
    /// As it stood when it was entered.
    pub line: String,
    /// What the shell's history made of it.
    pub expanded: Option<String>,
    /// What stood before it.
    pub prompt: String,
    /// `typed`, `pasted` or `recalled`.
    pub entry: String,
    /// What became of an attempt to act as another user.
    pub outcome: Option<String>,
    /// The user of the shell.
    pub user: Option<String>,
    /// The line that opened the shell.
    pub inside: Option<String>,
    /// Why it may not have run.
    pub doubt: Option<String>,
    /// What rules read, as JSON.
    pub fields: String,
    /// Exit status.
    pub exit: Option<i32>,
    /// Asks for another user's rights.
    pub elevates: bool,
    /// Asks for them, or the shell had root's.
    pub elevated: bool,
    /// The shell had root's rights.
    pub root_shell: bool,
    /// A root shell was open after it.
    pub entered_root_shell: bool,
    /// Written so that a search does not find it.
    pub obscured: bool,
    /// The grammar took the whole line.
    pub parsed: bool,
    /// From a log without control sequences.
    pub reconstructed: bool,
    /// Longer than is kept.
    pub truncated: bool,
    /// Names of the programs.
    pub programs: Vec<String>,
    /// How each is started.
    pub how: Vec<String>,
    /// Users that it asks to be.
    pub as_user: Vec<String>,
    /// Shipped rules that took it.
    pub rules: Vec<String>,
}

/// Makes rows of one session's commands.
pub(super) struct Rowed<'r> {
    rules: &'r Rules,
    masker: Masker,
    counts: HashMap<String, u64>,
    pub(super) commands: Vec<CommandRow>,
    pub(super) lines: u64,
    pub(super) span: Option<(i64, i64)>,
}

impl<'r> Rowed<'r> {
    /// `rules`: the shipped ones.
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self { rules, masker: Masker::default(), counts: HashMap::new(), commands: Vec::new(), lines: 0, span: None }
    }

    fn at(&mut self, time: Option<i64>) {
        if let Some(time) = time {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
    }

    fn hidden(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.masker.hide(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hidden(item)),
            _ => {}
        }
    }
}

impl Sink for Rowed<'_> {
    fn line(&mut self, line: &Line<'_>) {
        self.lines += 1;
        self.at(line.time);
    }

    fn command(&mut self, command: Command) {
        self.at(command.time);
        // The line before its words: a word alone may not show that it is a secret.
        let line = self.masker.hide(&command.line);
        let expanded = command.expanded.as_deref().map(|expanded| self.masker.hide(expanded));
        let mut fields = of_command(&command, &About::default());
        let mut rules: Vec<String> = self.rules.matching(LogSource::Session, &fields).into_iter().map(|found| found.rule.clone()).collect();
        rules.sort_unstable();
        if let Some(map) = fields.as_object_mut() {
            map.remove("tags");
            for name in FREE_TEXT {
                if let Some(value) = map.get_mut(name) {
                    self.hidden(value);
                }
            }
        }
        let occurrence = self.counts.entry(line.split_whitespace().collect::<Vec<_>>().join(" ")).or_default();
        *occurrence += 1;
        let occurrence = *occurrence;
        let listed = |name: &str| -> Vec<String> {
            fields.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        self.commands.push(CommandRow {
            number: self.commands.len() as u64 + 1,
            occurrence,
            first_line: command.first_line,
            last_line: command.last_line,
            time: command.time,
            line,
            expanded,
            prompt: self.masker.hide(&command.prompt),
            entry: word(&command.entry).unwrap_or_default(),
            outcome: outcome(&command).and_then(|outcome| word(&outcome)),
            user: command.user.as_deref().map(|user| self.masker.hide(user)),
            inside: command.inside.as_deref().map(|inside| self.masker.hide(inside)),
            doubt: command.doubt.and_then(|doubt| word(&doubt)),
            exit: command.exit,
            elevates: command.elevates(),
            elevated: command.elevated(),
            root_shell: command.root_shell,
            entered_root_shell: command.entered_root_shell,
            obscured: fields.get("obscured").and_then(Value::as_bool).unwrap_or(false),
            parsed: command.parsed,
            reconstructed: command.reconstructed,
            truncated: command.truncated,
            programs: listed("program"),
            how: listed("how"),
            as_user: listed("as_user"),
            rules,
            fields: fields.to_string(),
        });
    }
}

/// A value of an enumeration as programs read it.
fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
