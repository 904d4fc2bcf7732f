//! Line editors' marks that may not be what they seem: what ran before and what stands between them in; whether to read by them out.
//!
//! A mark is a few bytes that any program can print, and a shell's own marks can be switched off (`TERM=dumb`, `set +o emacs`). So a mark where no
//! line editor is known is a suspicion: an editor hands its line over at the first newline that ends it, and a terminal that shows the prompt
//! a second time, with another line behind it and more below, has none. A shell's lines without marks are read, with a doubt, unless all that
//! runs is known to show text and do nothing else.

use crate::bland::{self, Writes};
use crate::command::{COMMAND_BYTES_MAX, Command};
use crate::prompt::Prompt;
use crate::running::Running;
use crate::screen::Place;
use crate::session::{Driver, Session};
use crate::shell::Program;
use crate::shells::Kind;
use crate::shown;

/// Lines held while an editor is suspected, and their bytes; with more of them it is none.
const SUSPECTED_MAX: usize = 1024;
/// Prompts that may be the shell's.
const PROMPTS_MAX: usize = 8;

/// What a line may hold that changes which marks its shell gives from then on.
const SWITCHES: &[&str] = &["TERM", "INPUTRC", "PROMPT", "PS0", "PS1", "zle"];

/// An editor that announced itself where none need be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suspicion {
    rows: Vec<Ended>,
    bytes: usize,
    /// Rows that scrolled away before a newline ended their line.
    head: String,
    /// Prompts at which lines stand, and the last line of each.
    prompts: Vec<(Prompt, String)>,
    /// What may be an act stands without a prompt.
    acts: bool,
    /// It is none, if anything is printed before it hands its line over.
    due: bool,
}

/// A line that ended, and what was known of it then.
#[derive(Clone, Debug)]
struct Ended {
    text: String,
    /// Its rows, counted from the start of the session.
    rows: (u64, u64),
    time: Option<i64>,
    edited: bool,
    dressed: bool,
    bell: bool,
}

impl Session {
    /// The prompts of a shell that gives marks may come without them.
    pub(crate) fn may_have_lost_marks(&self) -> bool {
        let is_shell = self.shells.current().is_some_and(|shell| shell.kind == Kind::Shell);
        !self.stripped && is_shell && self.running.as_ref().is_none_or(|running| !running.marked || !only_shows(&running.command))
    }

    fn suspects(&self) -> bool {
        if self.stripped || self.multiplexed || self.screen.is_alternate() {
            return false;
        }
        let switched = |running: &Running| !running.marked || may_switch(&running.command);
        self.shells.current().is_none_or(|shell| !shell.marked || self.running.as_ref().is_some_and(switched))
    }
}

impl Suspicion {
    /// A row scrolled away.
    pub(crate) fn note_gone(&mut self, number: u64, text: &str) {
        if self.rows.last().is_none_or(|row| number > row.rows.1) {
            self.head.push_str(text);
        }
    }
}

impl Driver<'_> {
    /// A line editor announces itself.
    pub(crate) fn suspect(&mut self) {
        self.end_suspected();
        self.session.suspicion = self.session.suspects().then(Suspicion::default);
    }

    /// A line ended between an editor's marks.
    pub(crate) fn note_suspected(&mut self, row: usize) {
        let session = &mut *self.session;
        let first = session.screen.line_start(row);
        let rows = (session.screen.base() + first as u64, session.screen.base() + row as u64);
        let mut text = session.suspicion.as_mut().map(|suspicion| std::mem::take(&mut suspicion.head)).unwrap_or_default();
        text.push_str(&session.screen.text(first, row, 0));
        session.cut_given_up(row, &mut text);
        let input = self.input_in(&text).filter(|input| !input.text.is_empty());
        let session = &mut *self.session;
        let acts = input.is_none() && session.unprompted(&text).is_some();
        let ended = Ended { text, rows, time: session.time, edited: session.edited, dressed: session.dressed, bell: session.bell };
        let Some(suspicion) = session.suspicion.as_mut() else { return };
        // Of a list of completions the bell tells, and that the line goes on below it.
        if let Some(input) = input.filter(|_| !ended.bell) {
            let same = |prompt: &Prompt| prompt.text == input.prompt.text || prompt.resembles(&input.prompt);
            if let Some((_, line)) = suspicion.prompts.iter_mut().find(|(prompt, _)| same(prompt)) {
                suspicion.due |= !input.text.starts_with(line.as_str());
                *line = input.text;
            } else {
                suspicion.due |= suspicion.prompts.len() >= PROMPTS_MAX;
                suspicion.prompts.push((input.prompt, input.text));
            }
        }
        suspicion.acts |= acts;
        suspicion.bytes += ended.text.len();
        suspicion.rows.push(ended);
        suspicion.due |= suspicion.rows.len() >= SUSPECTED_MAX || suspicion.bytes >= COMMAND_BYTES_MAX;
    }

    pub(crate) fn disbelieve_if_due(&mut self) {
        if self.session.suspicion.as_ref().is_some_and(|suspicion| suspicion.due) {
            self.disbelieve();
        }
    }

    /// No line editor was there: what stands below its mark is read as the rest.
    pub(crate) fn disbelieve(&mut self) {
        let Some(suspicion) = self.session.suspicion.take() else { return };
        if self.session.editor.take().is_none() {
            return;
        }
        // Of what scrolled away, the rest is among the rows that are kept.
        self.session.set_head(suspicion.head);
        let session = &mut *self.session;
        let base = session.screen.base();
        for (first, last) in suspicion.rows.iter().map(|row| row.rows) {
            if let (Some(first), Some(last)) = (first.max(base).checked_sub(base), last.checked_sub(base)) {
                session.screen.clean(first as usize, last as usize);
            }
        }
        let now = (session.time, session.edited, session.dressed, session.bell);
        session.ended_at = Place::default();
        for row in suspicion.rows {
            let session = &mut *self.session;
            (session.time, session.edited, session.dressed, session.bell) = (row.time, row.edited, row.dressed, row.bell);
            self.finish_line(&row.text);
        }
        let session = &mut *self.session;
        (session.time, session.edited, session.dressed, session.bell) = now;
    }

    /// The log ends, or another editor begins, before this one handed over what was entered.
    pub(crate) fn end_suspected(&mut self) {
        if self.session.suspicion.as_ref().is_some_and(|suspicion| suspicion.acts || !suspicion.prompts.is_empty()) {
            self.disbelieve();
        }
    }

    /// In a shell without marks, both marks were printed by what only shows text.
    pub(crate) fn is_forged(&self) -> bool {
        let session = &*self.session;
        session.suspicion.is_some()
            && session.shells.current().is_some_and(|shell| !shell.marked)
            && session.running.as_ref().is_some_and(|running| only_shows(&running.command))
    }
}

/// It shows what is in files, or its words, and can neither start a shell nor change the one that runs it.
fn only_shows(command: &Command) -> bool {
    let shows = |program: &Program| shown::only_shows(&program.program, &program.argv);
    let plain = |program: &Program| shows(program) || bland::of_program(program) < Writes::Anything;
    command.parsed && command.programs.iter().any(shows) && command.programs.iter().all(plain) && !names_switch(command.effective())
}

/// It may change which marks its shell gives.
fn may_switch(command: &Command) -> bool {
    let switches = |program: &Program| {
        program.unresolved
            || matches!(
                program.program.as_str(),
                "." | "source"
                    | "eval"
                    | "exec"
                    | "set"
                    | "bind"
                    | "bindkey"
                    | "zle"
                    | "unset"
                    | "setopt"
                    | "unsetopt"
                    | "emulate"
                    | "trap"
            )
            || !crate::known::is_program(&program.program)
    };
    !command.parsed || command.programs.iter().any(switches) || names_switch(command.effective())
}

fn names_switch(line: &str) -> bool {
    // Most lines hold none of their letters.
    let may = line.as_bytes().iter().fold(false, |found, byte| found | matches!(byte, b'T' | b'P' | b'z'));
    may && SWITCHES.iter().any(|word| line.contains(word))
}
