//! Lines of a streamed log: where what was taken out of them stood.
//!
//! The agent's library gives a line up that holds a sequence it does not know, and the line stays as it was; only returns are taken out of every
//! line. fish, zsh and prompts that set a window's title write such lines. Where a return stood is told by what follows it: a move to the
//! right that would leave what is written began at the row's start.

use vte::Params;

use crate::prompt::{Looks, Prompt};
use crate::session::{Driver, Session};

/// fish puts so many characters of the line that it runs into the window's title (fish_title).
const TITLE_LINE_MAX: usize = 20;

#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// A control sequence stands in the line, so none was taken out of it.
    sequences: bool,
    /// Moves to the right since anything else came, and the column they began in.
    rights: usize,
    rights_from: usize,
    /// Where the input begins, once a return showed it.
    home: Option<usize>,
    mark: Mark,
    /// A line editor announced itself, and nothing was printed since.
    announced: bool,
    /// The keypad was switched over, as zsh does before it announces itself, and nothing was printed since.
    keypad: bool,
    /// zsh wrote the first character of a wrapped row, which it writes again.
    wrapped: Option<char>,
    /// A line editor handed its line over, and nothing was printed since.
    handed_over: bool,
}

/// fish's sign of a line without a newline is drawn again at the row's start, and drawn over then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    None,
    Awaited,
    Drawn,
    Passed,
}

impl Kept {
    pub(crate) fn is_whole(&self) -> bool {
        self.sequences
    }

    pub(crate) fn begin_mark(&mut self) {
        self.mark = Mark::Awaited;
        self.home = None;
    }

    pub(crate) fn end_line(&mut self) {
        *self = Self { handed_over: self.handed_over, home: self.home, ..Self::default() };
    }
}

impl Session {
    /// What is printed next, or a control sequence: after fish's sign and its blank stood a return.
    pub(crate) fn follow_mark(&mut self, printed: Option<char>) {
        if let (Some(first), Some(printed)) = (self.kept.wrapped.take(), printed)
            && first == printed
        {
            self.screen.carriage_return();
        }
        let at = self.screen.cursor();
        let wraps = self.screen.is_pending() && self.editor.as_ref().is_some_and(|editor| editor.prompt.is_some());
        self.kept.wrapped = printed.filter(|_| wraps && at.column + 1 == self.screen.width().unwrap_or(0));
        self.kept.mark = match (self.kept.mark, printed) {
            (Mark::Awaited, Some('⏎')) => Mark::Drawn,
            (Mark::Drawn, Some(' ')) => Mark::Passed,
            (Mark::Passed, _) => {
                let row = self.screen.cursor().row;
                self.screen.carriage_return();
                self.screen.clear_row(row);
                self.written.clear();
                self.fish = true;
                Mark::None
            }
            (Mark::Awaited | Mark::Drawn, None) => self.kept.mark,
            _ => Mark::None,
        };
        if printed.is_some() {
            self.kept.rights = 0;
            self.kept.announced = false;
            self.kept.keypad = false;
            self.kept.handed_over = false;
        }
    }

    /// A control sequence is about to be followed: puts the return back that stood before it.
    pub(crate) fn keep_sequence(&mut self, params: &Params, intermediates: &[u8], action: char) {
        self.follow_mark(None);
        self.kept.sequences = true;
        if action != 'C' || !intermediates.is_empty() {
            // Colours do not part moves.
            if action != 'm' {
                self.kept.rights = 0;
            }
            return;
        }
        let number = params.iter().next().and_then(|param| param.first().copied()).map_or(0, usize::from);
        let count = number.max(1);
        // readline moves a step at a time, fish from the row's start; zsh moves from where it is.
        let fish = self.fish && self.editor.is_some();
        if !fish && number > 0 {
            self.kept.rights = 0;
            return;
        }
        let at = self.screen.cursor();
        if count > 1 || self.kept.rights == 0 {
            self.kept.rights_from = at.column;
            self.kept.rights = 0;
        }
        let written = self.screen.row(at.row).map_or(0, |row| row.len());
        let total = self.kept.rights + count;
        let from = self.kept.rights_from;
        let begins_input = self.kept.home.is_some_and(|home| count >= home && count > 1 && home > 0);
        if from + total > written || begins_input {
            if total == at.column && count > 1 {
                self.kept.home = Some(total);
            }
            self.screen.carriage_return();
            self.screen.right(self.kept.rights);
        }
        self.kept.rights = total;
    }
}

impl Session {
    /// Where erasures were taken out of a log, what was erased still stands behind the cursor.
    pub(crate) fn cut_erased(&self, start: usize, row: usize, text: &mut String) {
        if start == row && !self.screen.is_pending() {
            let kept = self.screen.text_before(self.screen.cursor());
            if text.starts_with(kept.as_str()) {
                text.truncate(kept.len());
            }
        }
    }

    /// Backspaces whose moves to the right were taken out would go on into the prompt.
    pub(crate) fn keep_prompt(&self, text: &mut String) {
        let written = self.written.trim_start();
        let head = written.split('\u{8}').next().unwrap_or_default();
        let first = || Prompt::of(head).filter(|prompt| self.shells.depth() == 0 && prompt.looks == Looks::Strong);
        let Some(prompt) = self.shells.known(head).or_else(first).filter(|prompt| prompt.leads(text).is_none()) else {
            return;
        };
        let mut shown = Vec::new();
        for letter in written.get(prompt.text.len()..).unwrap_or_default().chars() {
            match letter {
                '\u{8}' => shown.truncate(shown.len().saturating_sub(1)),
                _ => shown.push(letter),
            }
        }
        *text = prompt.text + &shown.into_iter().collect::<String>();
    }
}

impl Driver<'_> {
    pub(crate) fn keep_escape(&mut self, intermediates: &[u8], byte: u8) {
        let session = &mut *self.session;
        session.follow_mark(None);
        session.kept.sequences = true;
        session.kept.keypad = (intermediates, byte) == (b"", b'=');
        // fish alone names a character set after it announced itself.
        if std::mem::take(&mut session.kept.announced) && (intermediates, byte) == (b"(", b'B') && session.screen.cursor().column == 0 {
            session.fish = true;
            session.kept.home = None;
            self.start_editor();
        }
    }

    /// Bracketed paste is switched on or off.
    pub(crate) fn keep_marks(&mut self, on: bool) {
        self.session.kept.announced = on;
        if self.session.editor.is_some() {
            self.end_editor();
            self.session.kept.handed_over = !on;
        }
        if on && self.session.kept.keypad && self.session.screen.cursor().column > 0 {
            self.session.kept.announced = false;
            self.start_editor_after_prompt();
        }
    }

    pub(crate) fn keep_title(&mut self, params: &[&[u8]]) {
        self.session.follow_mark(None);
        self.session.kept.sequences = true;
        if let [b"0", title @ ..] = params
            && std::mem::take(&mut self.session.kept.handed_over)
        {
            let title = String::from_utf8_lossy(&title.join(&b';')).into_owned();
            self.entitle(&title);
        }
    }

    /// fish names what it runs, or how that begins, and the folder.
    fn entitle(&mut self, title: &str) {
        let line = title.rsplit_once(' ').map_or(title, |(line, _)| line);
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let Some(running) = self.session.running.as_ref() else { return };
        if line.trim().is_empty() || squeezed(&running.command.line).starts_with(&squeezed(line)) {
            return;
        }
        let rest = if line.chars().count() < TITLE_LINE_MAX { None } else { rest_of(&running.command.line, line) };
        self.correct(format!("{}{}", line.trim_end(), rest.unwrap_or_default()));
    }
}

/// What follows in `shown` on the last words of `start`.
fn rest_of(shown: &str, start: &str) -> Option<String> {
    let last = start.split(' ').next_back().filter(|last| last.len() > 2)?;
    shown.rfind(last).and_then(|at| shown.get(at + last.len()..)).map(str::to_owned)
}
