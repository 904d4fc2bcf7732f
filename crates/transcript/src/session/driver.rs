//! Escape sequences in, finished lines and input lines out.

use vte::{Params, Perform};

use super::Session;
use crate::accept::Input;
use crate::command::{COMMAND_BYTES_MAX, Line, LineKind, Sink, printable};
use crate::screen::Place;
use crate::transcript::recorder;

/// So many blanks and a return are how zsh and fish find the start of a line; fewer may be anything.
const BLANKS_MIN: usize = 20;
/// Narrower terminals are not believed where only a blank and a return tell of them.
const WRAP_MIN: usize = 40;
/// What zsh and fish print before those blanks, to show where a last line lacked its newline.
const PARTIAL_MARKS: [char; 6] = ['%', '#', '⏎', '¶', '⤶', '↵'];
pub(crate) struct Driver<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) sink: &'a mut dyn Sink,
}

impl Perform for Driver<'_> {
    fn print(&mut self, character: char) {
        if character.is_control() {
            return;
        }
        if self.session.suspicion.is_some() {
            self.disbelieve_if_due();
        }
        if self.session.stripped {
            if character != ' ' && self.session.blanks >= BLANKS_MIN {
                self.return_after_blanks();
            }
            self.session.follow_mark(Some(character));
        }
        let session = &mut *self.session;
        session.note_written(character);
        if session.searched && session.is_search_over() {
            session.searched = false;
            // What was sought stood out, as what is pasted does.
            if let Some(editor) = session.editor.as_mut() {
                editor.pasted = false;
            }
        }
        if let Some(width) = session.wrap_hint.take() {
            // A search of the history, or the prompt again, is drawn over the line from its start; a wrapped line goes on.
            let begins = session.shells.current().and_then(|shell| shell.prompt.text.chars().next());
            if character != '(' && (character != ' ' || begins != Some(' ')) {
                session.screen.set_width_at(width, width);
            }
        }
        session.screen.print(character);
        session.printed = true;
        session.bell = false;
        if character == ' ' {
            session.blanks += 1;
        } else {
            session.blanks = 0;
            session.before_blanks = character;
        }
        session.watch(character);
        self.await_prompt();
        if self.session.screen.has_gone() {
            self.flush_gone();
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.line_feed(),
            b'\r' => self.carriage_return(),
            0x07 => self.session.bell = true,
            _ => {
                self.session.edited |= byte == 0x08;
                self.session.note_written(char::from(byte));
                self.session.screen.control(byte);
                self.session.quiet();
            }
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if ignore {
            return;
        }
        if self.session.stripped {
            self.session.keep_sequence(params, intermediates, action);
        }
        if matches!((intermediates, action), ([b'?'], 'h' | 'l')) {
            self.modes(params, action == 'h');
        }
        self.ask_for_alternate(params, intermediates, action);
        let session = &mut *self.session;
        let (row, alternate) = (session.screen.cursor().row, session.screen.is_alternate());
        if action == 'A' && intermediates.is_empty() {
            session.guess_width();
        }
        if action == 'K' && session.fresh && session.prompt_end.is_none() {
            session.prompt_end = Some(session.screen.cursor().column).filter(|column| *column > 0);
        }
        if action == 'm' {
            session.dressed = !session.stripped;
        } else {
            session.quiet();
        }
        if action == 'J' && !alternate && session.editor.is_none() && params.iter().next().is_some_and(|param| matches!(param, [2 | 3])) {
            self.flush_screen();
        }
        let session = &mut *self.session;
        if matches!(action, '@' | 'P') && intermediates.is_empty() {
            session.go_on_in_next_row();
        }
        session.screen.sequence(params, intermediates, action);
        session.follow_editor();
        if session.multiplexed && session.screen.is_alternate() && session.screen.cursor().row > row {
            self.complete(row);
        }
        if session_left_full_screen(alternate, self.session) {
            self.leave_alternate();
            self.emit("[a full-screen program, not shown]", LineKind::Recorder);
            if let Some(running) = self.session.running.as_mut() {
                running.leave_full_screen();
            }
        }
        if self.session.screen.has_gone() {
            self.flush_gone();
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        self.session.quiet();
        if self.session.stripped {
            self.keep_escape(intermediates, byte);
        }
        if byte == b'c' {
            self.flush_screen();
        }
        self.session.screen.escape(intermediates, byte);
        if self.session.screen.has_gone() {
            self.flush_gone();
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _bell_terminated: bool) {
        self.session.dressed = !self.session.stripped;
        if self.session.stripped {
            return self.keep_title(params);
        }
        if let [b"133", mark, rest @ ..] = params {
            self.semantic(mark, rest);
        }
    }
}

fn session_left_full_screen(alternate: bool, session: &Session) -> bool {
    alternate && !session.screen.is_alternate() && !session.multiplexed
}

impl Driver<'_> {
    fn line_feed(&mut self) {
        let session = &mut *self.session;
        session.quiet();
        let blanks = std::mem::take(&mut session.blanks);
        session.ends_in_mark = session.stripped && blanks >= BLANKS_MIN && PARTIAL_MARKS.contains(&session.before_blanks);
        session.seeks_start |= session.ends_in_mark;
        let at = session.screen.cursor();
        let row = at.row;
        session.ended_at = if at.column == 0 && session.returned_from.row == row { session.returned_from } else { at };
        let shown = !session.screen.is_alternate() || session.multiplexed;
        if !shown {
            session.note_hidden(row);
            self.tell_if_full();
        }
        let session = &mut *self.session;
        if shown && session.suspicion.is_some() && session.screen.line_end(row) == row {
            self.note_suspected(row);
        }
        let session = &mut *self.session;
        if shown && session.editor.is_none() && session.screen.line_end(row) == row {
            self.complete(row);
        }
        if self.session.bare_newlines {
            self.session.screen.carriage_return();
        }
        let before = (self.session.screen.base(), self.session.screen.cursor().row);
        self.session.screen.index();
        if before == (self.session.screen.base(), self.session.screen.cursor().row) {
            self.session.lift_editor();
        }
        self.session.bell = false;
        self.session.edited = false;
        // A prompt may have several lines.
        self.session.fresh &= self.session.prompt_end.is_none_or(|end| end >= at.column);
        self.session.prompt_end = None;
        self.session.undress();
        self.session.written.clear();
        self.session.kept.end_line();
        if self.session.screen.has_gone() {
            self.flush_gone();
        }
    }

    /// Output ended without a newline, and a line editor begins. readline takes its prompt to begin a row: where it goes back to a column and
    /// inserts, it counts from there, and what the terminal made of it is not the line that it hands over.
    pub(crate) fn end_output_before_editor(&mut self) -> Place {
        let row = self.session.screen.cursor().row;
        if self.session.screen.line_end(row) == row {
            self.complete(row);
        }
        self.session.screen.carriage_return();
        self.session.screen.index();
        if self.session.screen.has_gone() {
            self.flush_gone();
        }
        self.session.screen.cursor()
    }

    fn carriage_return(&mut self) {
        let session = &mut *self.session;
        let blanks = std::mem::take(&mut session.blanks);
        if blanks >= BLANKS_MIN && PARTIAL_MARKS.contains(&session.before_blanks) {
            session.zsh = matches!(session.before_blanks, '%' | '#');
            session.fish = !session.zsh;
            session.screen.set_width(blanks + 1);
            session.screen.carriage_return();
            session.quiet();
            return self.fresh_line();
        }
        let at = session.screen.cursor();
        let (start, column) = session.column_in_line();
        let natural = session.screen.width().is_some() && at.column == 1 && start < at.row;
        session.wrap_hint = None;
        if session.printed && blanks > 0 && blanks < BLANKS_MIN && !natural && column > WRAP_MIN && session.is_in_input() {
            session.wrap_hint = Some(column - 1);
        }
        session.printed = false;
        // A log that was replayed has its returns twice.
        if at.column > 0 || at.row != session.returned_from.row {
            session.returned_from = at;
        }
        session.screen.carriage_return();
    }

    /// A streamed log has no returns: those by which zsh and fish find the start of a line stood before this character. fish draws its mark
    /// once more.
    fn return_after_blanks(&mut self) {
        let session = &mut *self.session;
        let blanks = std::mem::take(&mut session.blanks);
        if !PARTIAL_MARKS.contains(&session.before_blanks) {
            return;
        }
        if matches!(session.before_blanks, '%' | '#') {
            session.screen.set_width(blanks);
        }
        session.screen.carriage_return();
        session.written.clear();
        session.kept.begin_mark();
        session.seeks_start = true;
        // A file that quotes the prompt does not quote this.
        session.dressed = true;
        session.prompt_begun = false;
        self.fresh_line();
    }

    /// A shell found, or made, the start of a line: its prompt comes. What the row held before is only the mark.
    fn fresh_line(&mut self) {
        let session = &mut *self.session;
        let row = session.screen.cursor().row;
        if let Some(editor) = session.editor.as_mut() {
            // fish after Ctrl-C: a new prompt of the same editor.
            editor.row = session.screen.base() + row as u64;
            editor.column = 0;
            editor.pasted = false;
        }
        if row > 0 && session.editor.is_none() && session.screen.row(row - 1).is_some_and(|above| above.wrapped) {
            session.screen.unwrap(row - 1);
            let text = session.screen.text(session.screen.line_start(row - 1), row - 1, 0);
            let start = session.screen.line_start(row - 1);
            if session.screen.clean(start, row - 1) {
                let text = text.trim_end_matches(|c: char| PARTIAL_MARKS.contains(&c) || c == ' ').to_owned();
                self.finish_line(&text);
            }
        }
        let row = self.session.screen.cursor().row;
        self.session.screen.clear_row(row);
        self.session.fresh = true;
        self.session.prompt_end = None;
    }

    /// A newline ended the line that `row` ends.
    pub(crate) fn complete(&mut self, row: usize) {
        let session = &mut *self.session;
        let start = session.screen.line_start(row);
        let dirty = session.screen.clean(start, row);
        if !dirty && session.head.is_empty() && session.screen.row(row).is_some_and(|row| row.len() > 0) {
            return;
        }
        let unscrolled = session.head.is_empty();
        let mut text = std::mem::take(&mut session.head);
        text.push_str(&session.screen.text(start, row, 0));
        if session.stripped {
            if unscrolled && session.shells.known(&text).is_some() {
                text = session.screen.input_text(start, row, 0);
            }
            if session.edited && !session.kept.is_whole() {
                session.cut_erased(start, row, &mut text);
            }
            if session.edited && !session.kept.is_whole() {
                session.keep_prompt(&mut text);
            }
            if session.ends_in_mark {
                text.truncate(text.trim_end().trim_end_matches(PARTIAL_MARKS).len());
                if text.is_empty() {
                    return;
                }
            }
        }
        if session.shells.depth() == 0 || session.shells.known(&text).is_some() {
            session.cut_given_up(row, &mut text);
        }
        self.finish_line(&text);
        self.session.head_cut = false;
    }

    pub(crate) fn finish_line(&mut self, text: &str) {
        if text.is_empty() {
            self.emit(text, LineKind::Output);
            return self.output(text);
        }
        let cut = self.session.head_cut || self.session.screen.is_spent();
        if self.recorded(text) {
            return;
        }
        let input = self.input_in(text).map(|mut input| {
            self.reconstruct(&mut input);
            input
        });
        match input.or_else(|| self.sought_below()) {
            Some(input) => {
                let number = self.emit(text.trim_end(), LineKind::Input);
                self.accept(Input { first_line: number, last_line: number, truncated: cut || text.len() > COMMAND_BYTES_MAX, ..input });
            }
            None => {
                let number = self.emit(text, LineKind::Output);
                self.note_unprompted(text, number);
                self.output(text);
            }
        }
    }

    /// A header or footer of the recorder: handed out, but neither input nor output.
    fn recorded(&mut self, text: &str) -> bool {
        let session = &mut *self.session;
        let kind = recorder(text, session.lines + 1, session.powershell);
        session.note_typescript(text);
        if session.powershell && kind.is_some() {
            session.stars += 1;
        }
        let banner = session.powershell && session.stars % 2 == 1;
        if banner && let Some((_, user)) = text.split_once(": ").filter(|(key, _)| matches!(*key, "RunAs User" | "実行ユーザー")) {
            session.shells.run_as_user = Some(user.trim().to_owned());
        }
        if kind.is_none() && !banner {
            return false;
        }
        self.emit(text, LineKind::Recorder);
        // Written to a file, not to a terminal: its newline has no return.
        self.session.screen.carriage_return();
        true
    }

    fn output(&mut self, text: &str) {
        if self.session.running.is_none() && self.session.shells.depth() == 0 && !text.trim().is_empty() {
            self.session.preamble += 1;
        }
        if let Some(running) = self.session.running.as_mut() {
            running.output(text);
        }
    }

    /// Hands a line out and gives its number.
    pub(crate) fn emit(&mut self, text: &str, kind: LineKind) -> u64 {
        self.session.lines += 1;
        let number = self.session.lines;
        self.sink.line(&Line { number, time: self.session.time, text: &printable(text), kind });
        number
    }

    /// Rows that scrolled away before a newline ended their line, or were never ended.
    pub(crate) fn flush_gone(&mut self) {
        let gone = self.session.screen.take_gone();
        for (number, row) in gone {
            let edited = self.session.editor.as_ref().is_some_and(|editor| number >= editor.row);
            let mut text = String::new();
            row.text_into(0, &mut text);
            let session = &mut *self.session;
            if edited || row.wrapped {
                if session.head.len() + text.len() <= COMMAND_BYTES_MAX {
                    session.head.push_str(&text);
                    if let Some(suspicion) = session.suspicion.as_mut() {
                        suspicion.note_gone(number, &text);
                    }
                } else {
                    session.head_cut = true;
                    self.emit(&text, LineKind::Output);
                }
            } else {
                let mut line = std::mem::take(&mut session.head);
                line.push_str(&text);
                self.emit(&line, LineKind::Output);
                self.output(&line);
            }
        }
    }

    /// Hands out what the screen still holds.
    pub(crate) fn flush_screen(&mut self) {
        if self.session.screen.is_alternate() {
            return;
        }
        let mut row = 0;
        while row < self.session.screen.height() {
            let end = self.session.screen.line_end(row);
            let written = (row..=end).any(|row| self.session.screen.row(row).is_some_and(|row| row.dirty && row.len() > 0));
            if self.session.screen.clean(row, end) && written {
                let mut text = std::mem::take(&mut self.session.head);
                text.push_str(&self.session.screen.text(row, end, 0));
                let known = self.session.shells.known(&text).is_some();
                self.emit(&text, if known { LineKind::Input } else { LineKind::Output });
                if !known {
                    self.output(&text);
                }
            }
            row = end + 1;
        }
    }

    pub(crate) fn take_head(&mut self) -> String {
        std::mem::take(&mut self.session.head)
    }

    fn modes(&mut self, params: &Params, on: bool) {
        // Of a streamed log the line that ends an input may have lost its mark, while others kept theirs.
        if self.session.stripped {
            if params.iter().any(|param| matches!(param, [2004])) {
                self.keep_marks(on);
            }
            return;
        }
        if self.session.screen.is_alternate() && !self.session.multiplexed {
            if params.iter().any(|param| matches!(param, [2004])) {
                self.follow_hidden_editor(on);
            }
            return;
        }
        if params.iter().any(|param| matches!(param, [1])) {
            self.session.keys_on = on;
            if let Some(editor) = self.session.editor.as_mut() {
                editor.keys_off |= !on;
            }
        }
        if params.iter().any(|param| matches!(param, [2004])) {
            if on { self.start_editor() } else { self.end_editor() }
        }
    }

    /// OSC 133 (FinalTerm; fish, and shells with an integration): A prompt, B input, C output, D;status.
    fn semantic(&mut self, mark: &[u8], rest: &[&[u8]]) {
        match mark {
            b"B" => {
                self.session.editor = None;
                self.start_editor_after_prompt();
            }
            b"C" => self.end_editor(),
            b"D" => {
                let exit = rest.first().and_then(|text| std::str::from_utf8(text).ok()).and_then(|text| text.parse().ok());
                if let Some(running) = self.session.running.as_mut() {
                    running.command.exit = exit.or(running.command.exit);
                }
            }
            _ => {}
        }
    }
}

impl Driver<'_> {
    /// No more comes: what stands on the screen is handed out, and the last command goes without a prompt after it.
    pub(crate) fn finish(&mut self) {
        self.end_in_alternate();
        self.end_suspected();
        self.settle_at_end();
        self.flush_screen();
        self.tell_unprompted();
        for command in self.session.held.settle() {
            self.sink.command(command);
        }
    }

    /// A prompt with nothing entered tells that the last command ended.
    fn settle_at_end(&mut self) {
        let session = &*self.session;
        let row = session.screen.cursor().row;
        let start = session.screen.line_start(row);
        let start = session.editor.as_ref().map_or(start, |editor| session.editor_row(editor));
        let text = session.screen.text(start, session.screen.line_end(row), 0);
        let marked = session.editor.is_some();
        let input = if marked {
            self.session.shells.announced(&text).map(|prompt| (prompt, text))
        } else {
            self.input_in(&text).map(|input| (input.prompt, text))
        };
        match input {
            Some((prompt, _)) => self.settle(Some(&Input::at(prompt, marked))),
            None => {
                self.unfinished_output();
                self.settle(None);
            }
        }
    }

    fn unfinished_output(&mut self) {
        let screen = &self.session.screen;
        let row = screen.cursor().row;
        let text = screen.text(screen.line_start(row), row, 0);
        if !text.is_empty() {
            self.output(&text);
        }
    }
}
