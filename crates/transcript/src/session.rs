//! A session as its terminal showed it: what is known of it so far, and what the screen says of the line at the cursor. [`Driver`] hands out its
//! lines.
//!
//! Three things announce that a line is input: the line editor's own marks (bracketed paste on and off, OSC 133), where the shell has one that
//! gives them; else a prompt that is known, at the start of a line that a newline ends. Text between two marks of a shell that gives them is
//! output, whatever it looks like.

mod driver;

pub(crate) use driver::Driver;

use crate::alternate::Hiding;
use crate::believed::Suspicion;
use crate::quoted::Held;
use crate::retrace;
use crate::returns::Kept;
use crate::running::Running;
use crate::screen::{Place, Row, Screen};
use crate::shells::Shells;
use crate::unprompted::Unprompted;

/// Columns of a line that are looked at for its prompt.
const PROMPT_COLUMNS: usize = crate::prompt::PROMPT_MAX + 16;
/// What a history search shows while it runs.
const SEARCH: &[u8] = b"-search";

#[derive(Default)]
pub(crate) struct Session {
    pub(crate) screen: Screen,
    pub(crate) shells: Shells,
    pub(crate) editor: Option<Editor>,
    pub(crate) running: Option<Running>,
    /// The end of input was typed at an empty prompt.
    pub(crate) left: bool,
    /// Lines handed out.
    pub(crate) lines: u64,
    /// Lines of output before the first prompt.
    pub(crate) preamble: u64,
    pub(crate) time: Option<i64>,
    /// The log has no control sequences: what a return or an erasure hid stands in the line.
    pub(crate) stripped: bool,
    /// A PowerShell transcript: a banner between lines of stars comes first.
    pub(crate) powershell: bool,
    /// Lines of stars seen.
    stars: u64,
    /// The log has newlines without returns: each begins a row.
    pub(crate) bare_newlines: bool,
    /// Rows of the current line that scrolled away.
    head: String,
    head_cut: bool,
    blanks: usize,
    before_blanks: char,
    /// Of a streamed log: a shell sought the start of a line, and its prompt begins with a newline.
    ends_in_mark: bool,
    printed: bool,
    wrap_hint: Option<usize>,
    /// Where the cursor stood when it last returned to its row's start.
    returned_from: Place,
    /// Where the cursor stood when a newline ended its row.
    pub(crate) ended_at: Place,
    /// The shell marks lines without a newline as fish does.
    pub(crate) fish: bool,
    /// It marks them as zsh does.
    pub(crate) zsh: bool,
    pub(crate) bell: bool,
    /// The current line was edited as it was written: someone types.
    pub(crate) edited: bool,
    /// Of a streamed log: what was written in the current line, with backspaces.
    pub(crate) written: String,
    /// Of a streamed log: what the agent kept of the current line.
    pub(crate) kept: Kept,
    /// Of a streamed log: what was entered before.
    pub(crate) past: retrace::Past,
    /// Of a streamed log: what stood to the right of the last input, digits as `0`.
    pub(crate) right_prompt: Option<String>,
    /// Of a streamed log: a shell seeks the start of a line before its prompt, as zsh and fish do.
    pub(crate) seeks_start: bool,
    /// Colours or a window's title were set in the current line; of a streamed log, a shell sought its start.
    pub(crate) dressed: bool,
    /// zsh or fish sought the start of this line: its prompt stands here.
    pub(crate) fresh: bool,
    /// The column in which that prompt ends.
    pub(crate) prompt_end: Option<usize>,
    /// Of a streamed log: a shell sought the start of the line before, which is the first of its prompt's.
    prompt_begun: bool,
    pub(crate) search: usize,
    /// The keypad sends sequences.
    pub(crate) keys_on: bool,
    /// The line editor takes the keypad back before it hands a line over; not where the line was given up.
    pub(crate) turns_keys_off: bool,
    /// A line may have changed that.
    pub(crate) rebinds: bool,
    /// What may only have been shown, until that is known.
    pub(crate) held: Held,
    /// Acts that stand at no prompt that is known.
    pub(crate) unprompted: Unprompted,
    pub(crate) searched: bool,
    /// A terminal multiplexer draws its shells on the alternate screen.
    pub(crate) multiplexed: bool,
    /// A line editor announced itself where none need be.
    pub(crate) suspicion: Option<Suspicion>,
    /// What stands in a file that `script` wrote.
    pub(crate) shows_typescript: bool,
    /// What is asked of the alternate screen, and what stands there.
    pub(crate) hiding: Hiding,
}

/// A line editor is reading a line.
#[derive(Clone, Debug)]
pub(crate) struct Editor {
    /// The row it began in, counted from the start of the session.
    pub(crate) row: u64,
    pub(crate) column: usize,
    /// The prompt, where it was printed before the editor announced itself (zsh), or OSC 133 said where it ends.
    pub(crate) prompt: Option<String>,
    pub(crate) pasted: bool,
    /// It took the keypad back, as zsh does before it hands a line over, where the host's files tell it to.
    pub(crate) keys_off: bool,
}

impl Session {
    /// Something other than text came: what was printed is no longer the last thing.
    fn quiet(&mut self) {
        self.printed = false;
        self.wrap_hint = None;
    }

    fn note_written(&mut self, character: char) {
        if self.stripped && self.written.len() <= retrace::WRITTEN_BYTES_MAX {
            self.written.push(character);
        }
    }

    fn watch(&mut self, character: char) {
        let next = SEARCH.get(self.search).copied();
        self.search = if next.is_some_and(|next| char::from(next) == character) { self.search + 1 } else { usize::from(character == '-') };
        if self.search == SEARCH.len() {
            self.searched = true;
            self.search = 0;
        }
        if let Some(editor) = self.editor.as_mut() {
            editor.pasted |= self.screen.is_standing_out() && !self.multiplexed;
        }
    }

    /// Ctrl-C in the middle of a line is shown over what stands there; what stands behind it was given up as well.
    pub(crate) fn cut_given_up(&self, row: usize, text: &mut String) {
        let before = self.screen.text_before(self.returned_from);
        if self.returned_from.row == row && before.ends_with("^C") && text.starts_with(before.as_str()) {
            text.truncate(before.len());
        }
    }

    /// A line ended. The line behind a mark may be the first of a prompt of two.
    fn undress(&mut self) {
        let was_input = self.running.as_ref().is_some_and(|running| running.command.last_line == self.lines);
        self.prompt_begun = self.stripped && self.dressed && !self.prompt_begun && !was_input;
        self.dressed = self.prompt_begun;
    }

    /// The row and column of the cursor as if its line had not been wrapped.
    fn column_in_line(&self) -> (usize, usize) {
        let at = self.screen.cursor();
        let start = self.screen.line_start(at.row);
        let before: usize = (start..at.row).filter_map(|row| self.screen.row(row)).map(Row::len).sum();
        (start, before + at.column + usize::from(self.screen.is_pending()))
    }

    /// The prompt stands alone again: the search was given up.
    fn is_search_over(&self) -> bool {
        let row = self.screen.cursor().row;
        // zsh shows what is sought below the line.
        let below = self.screen.row(row + 1).is_some_and(|below| below.len() > 0);
        if below || self.screen.row(row).is_none_or(|row| row.len() > crate::prompt::PROMPT_MAX) {
            return false;
        }
        let known = self
            .editor
            .as_ref()
            .and_then(|editor| editor.prompt.as_deref())
            .or_else(|| self.shells.current().map(|shell| shell.prompt.text.as_str()));
        known.is_some_and(|prompt| self.screen.text(self.screen.line_start(row), row, 0) == prompt.trim_end())
    }

    /// Whether the cursor stands in a line that someone is typing.
    fn is_in_input(&self) -> bool {
        if self.editor.is_some() {
            return true;
        }
        let row = self.screen.cursor().row;
        let start = self.screen.line_start(row);
        // A prompt stands at the line's beginning; the line may be long, and asked about again and again.
        let text = self.screen.text_to(start, 0, Place { row: start, column: PROMPT_COLUMNS });
        match self.shells.current() {
            Some(shell) if !shell.marked => self.shells.known(&text).is_some(),
            Some(_) => false,
            None => crate::prompt::Prompt::of(&text).is_some(),
        }
    }

    /// The cursor goes up inside a line that is longer than a row: it was wrapped, though nothing said so. At 80 columns, as most are.
    fn guess_width(&mut self) {
        let (start, column) = self.column_in_line();
        if self.screen.width().is_none() && start == self.screen.cursor().row && column > 80 && self.is_in_input() {
            self.screen.set_width(80);
        }
    }

    /// readline takes the cursor to be in the next row of its line when it has filled one, and inserts and takes out there. A terminal that still
    /// stands behind the last column would do so in this row, and all that readline draws then would stand a row too high.
    fn go_on_in_next_row(&mut self) {
        let row = self.screen.cursor().row;
        let goes_on = self.screen.is_pending() && self.screen.row(row).is_some_and(|row| row.wrapped);
        if goes_on && self.is_in_input() {
            self.screen.carriage_return();
            self.screen.index();
        }
    }

    /// The editor's line is drawn again further up: the screen was cleared, or the window made narrower than the line.
    fn follow_editor(&mut self) {
        let at = self.screen.base() + self.screen.cursor().row as u64;
        if let Some(editor) = self.editor.as_mut()
            && at < editor.row
            && self.screen.line_start(self.screen.cursor().row) == self.screen.cursor().row
        {
            editor.row = at;
            editor.column = 0;
        }
    }

    /// A file that `script` wrote is shown: what stands in it, marks too, was entered another time.
    pub(crate) fn note_typescript(&mut self, text: &str) {
        // What `script` itself says goes on with a comma or a full stop.
        if text.strip_prefix("Script started").is_some_and(|rest| !rest.starts_with(',')) {
            self.shows_typescript = self.running.is_some();
        } else if text.strip_prefix("Script done").is_some_and(|rest| !rest.starts_with(['.', ','])) {
            self.shows_typescript = false;
        }
    }

    pub(crate) fn set_head(&mut self, head: String) {
        self.head = head;
    }

    /// Rows moved up between margins, the editor's too.
    pub(crate) fn lift_editor(&mut self) {
        if let Some(editor) = self.editor.as_mut().filter(|editor| editor.row > self.screen.base()) {
            editor.row -= 1;
        }
    }

    /// A program addressed the screen by row: numbers of rows that left it are gone.
    pub(crate) fn editor_row(&self, editor: &Editor) -> usize {
        editor.row.saturating_sub(self.screen.base()) as usize
    }
}
