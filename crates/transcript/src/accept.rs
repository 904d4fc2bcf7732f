//! From a line on the screen to what was entered: finds the prompt, and the text after it.

use crate::command::{Doubt, Entry, LineKind};
use crate::prompt::{Looks, Prompt, is_open_construct_prompt};
use crate::reconstruct;
use crate::retrace::{self, Moves};
use crate::running::Running;
use crate::screen::Place;
use crate::session::{Driver, Editor};
use crate::shell;
use unicode_width::UnicodeWidthStr;

/// So many lines before a session's first sign may be the first line of its prompt.
const SECOND_LINE_MAX: u64 = 2;

/// A shorter prompt that stands twice may be the start of a line.
const PROMPT_TWICE_MIN: usize = 2;

/// A line that was entered.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) prompt: Prompt,
    pub(crate) text: String,
    /// A line editor announced it.
    pub(crate) marked: bool,
    pub(crate) entry: Entry,
    /// Given up, as the line editor's marks show.
    pub(crate) cancelled: bool,
    /// The marks do not tell a line that was given up from one that ran (zsh).
    pub(crate) may_be_cancelled: bool,
    pub(crate) may_be_shown: bool,
    /// Its prompt stands behind other text.
    pub(crate) behind: bool,
    /// That text asks for nothing that would be typed behind it.
    pub(crate) unasked: bool,
    /// Its prompt is another shell's, which nothing opened.
    pub(crate) foreign: bool,
    /// Left without the sequence with which this editor hands a line over.
    pub(crate) given_up: bool,
    /// Control sequences that show nothing (colours, a window's title) came with the prompt.
    pub(crate) dressed: bool,
    pub(crate) reconstructed: bool,
    /// Another line is about as likely.
    pub(crate) may_be_otherwise: bool,
    /// As a terminal would show it, where the line was taken for another.
    pub(crate) literal: Option<String>,
    pub(crate) truncated: bool,
    pub(crate) first_line: u64,
    pub(crate) last_line: u64,
}

impl Input {
    fn new(prompt: Prompt, text: &str, marked: bool) -> Self {
        Self {
            prompt,
            text: text.trim_end().to_owned(),
            marked,
            entry: Entry::Typed,
            cancelled: false,
            may_be_cancelled: false,
            may_be_shown: false,
            behind: false,
            unasked: false,
            foreign: false,
            given_up: false,
            dressed: false,
            reconstructed: false,
            may_be_otherwise: false,
            literal: None,
            truncated: false,
            first_line: 0,
            last_line: 0,
        }
    }
}

impl Input {
    /// A prompt with nothing entered yet.
    pub(crate) fn at(prompt: Prompt, marked: bool) -> Self {
        Self::new(prompt, "", marked)
    }

    pub(crate) fn on_lines_of(self, other: &Self) -> Self {
        Self { first_line: other.first_line, last_line: other.last_line, ..self }
    }

    pub(crate) fn with_text(self, text: &str) -> Self {
        Self { text: text.trim_end().to_owned(), ..self }
    }
}

impl Driver<'_> {
    /// The input in a line that a newline ended, if a shell without marks may have read one there.
    pub(crate) fn input_in(&self, text: &str) -> Option<Input> {
        let session = &*self.session;
        let expect = session.running.as_ref().map(|running| &running.expect);
        let opens = expect.is_some_and(|expect| expect.opens);
        // A line that may itself be shown text does not end the text.
        let doubtful = session.running.as_ref().is_some_and(|running| running.command.doubt == Some(Doubt::MayBeShown));
        // A pager shows the next page when it is told to.
        let paged = session.running.as_ref().is_some_and(|running| running.paged);
        let later = session.running.as_ref().is_some_and(|running| running.command.time != session.time);
        let typed = session.edited || later && !paged;
        let expect_shows = session.running.as_ref().is_some_and(|running| shows_still(running, text));
        let shows = expect_shows && !session.edited || doubtful && !typed;
        let leaves = session.left || expect.is_some_and(|expect| expect.leaves);
        if let Some(input) = self.after_full_screen(text) {
            return Some(input);
        }
        let Some(shell) = session.shells.current() else {
            // The session's first prompt; a bare mark only where nothing came before it.
            if let Some(prompt) = self.drawn_prompt() {
                return Some(self.entered(prompt, text));
            }
            let prompt = Prompt::of(text)?;
            let first = session.preamble == 0;
            // A prompt of two lines ends with a sign; of one that a streamed log cut into, only this is left.
            let sign = session.preamble <= SECOND_LINE_MAX && !prompt.text.is_ascii();
            return (prompt.looks == Looks::Strong || first || sign).then(|| self.entered(prompt, text));
        };
        let lost = || shell.marked && session.may_have_lost_marks();
        match session.shells.known(text) {
            Some(prompt) if session.multiplexed || session.shells.is_unmarked(&prompt, leaves) => {
                return self.at_known(prompt, text, (shows, expect_shows, leaves));
            }
            Some(prompt) if lost() => {
                let input = self.entered(prompt, text);
                // zsh hands its line over before the newline that ends it.
                let is_same = |running: &Running| running.marked && running.is_silent() && running.command.line == input.text;
                let is_new = !input.text.is_empty() && !session.running.as_ref().is_some_and(is_same);
                return is_new.then_some(Input { may_be_shown: true, ..input });
            }
            _ => {}
        }
        if let Some(input) = self.assigned(text) {
            return Some(input);
        }
        if let Some(prompt) = Prompt::of(text).filter(|prompt| opens && prompt.looks == Looks::Strong) {
            return Some(self.entered(prompt, text));
        }
        if let Some(input) = self.behind_output(text, shows) {
            return Some(input);
        }
        if session.running.as_ref().is_some_and(|running| !running.marked && running.is_incomplete())
            && let Some((prompt, rest)) = continuation(text)
        {
            return Some(Input::new(Prompt::known(prompt), rest, false));
        }
        if let Some(prompt) = self.drawn_prompt().filter(|_| !shell.marked || lost()) {
            return Some(self.entered(prompt, text));
        }
        let prompt = Prompt::of(text)?;
        let changes = expect.is_some_and(|expect| expect.changes_prompt);
        if opens || changes {
            return Some(self.entered(prompt, text));
        }
        let other = || !shell.marked || matches!(prompt.mark, Some('$' | '#' | '%')) && lost();
        if prompt.looks == Looks::Strong && !shows && other() {
            return Some(Input { may_be_shown: true, foreign: true, ..self.entered(prompt, text) });
        }
        None
    }

    /// `shows`: the program shows text, and so does what was entered; `leaves`: the shell was left.
    fn at_known(&self, prompt: Prompt, text: &str, (shows, expect_shows, leaves): (bool, bool, bool)) -> Option<Input> {
        let session = &*self.session;
        let shell = session.shells.current()?;
        // A bare mark, or a file that quotes this very prompt: the text of a file may begin so.
        // An outer shell's prompt, though the inner one was not left.
        if shows && !leaves && !session.shells.is_current(&prompt) {
            return None;
        }
        // A file that quotes this prompt has its words, not its colours.
        if shows && shell.dressed && !session.dressed {
            return None;
        }
        let bare = prompt.looks == Looks::Bare;
        let mut input = self.entered(prompt, text);
        // Backspaces in it tell nothing: a file may hold them too. That a shell sought the line's start does.
        let is_shells = shell.dressed || session.stripped && session.dressed;
        input.may_be_shown = (shows || expect_shows || session.may_be_drawn()) && !is_shells && !input.text.is_empty();
        // A lone sign in a text does not end it.
        (!(shows && bare && !is_shells && input.text.is_empty())).then_some(input)
    }

    /// The prompt that the line before set: word for word where that line says it, else by its looks, at the first line below.
    fn assigned(&self, text: &str) -> Option<Input> {
        let session = &*self.session;
        let running = session.running.as_ref().filter(|running| running.expect.sets_prompt)?;
        if running.marked && !session.may_have_lost_marks() {
            return None;
        }
        if let Some(prompt) = self.said_prompt().filter(|prompt| prompt.leads(text).is_some()) {
            let input = self.entered(prompt, text);
            let may_be_shown = (running.marked || !running.is_silent()) && !input.text.is_empty();
            return Some(Input { may_be_shown, ..input });
        }
        let prompt = Prompt::of(text).filter(|prompt| running.is_silent() && prompt.looks > Looks::Bare && !running.marked)?;
        Some(self.entered(prompt, text))
    }

    /// The prompt that the line before gives its shell, where it says it word for word. Where something in it stands for something else, no line
    /// begins so.
    fn said_prompt(&self) -> Option<Prompt> {
        self.session.running.as_ref().filter(|running| running.expect.sets_prompt)?;
        let state = &self.session.shells.current()?.state;
        let said = ["PS1", "PROMPT"].iter().find_map(|name| state.variable(name))?;
        // Of a prompt of several lines the last one leads the line.
        said.rsplit('\n').next().filter(|said| !said.trim().is_empty()).map(Prompt::known)
    }

    /// zsh and fish seek the start of a line, write the prompt, and take away what may stand behind it.
    fn drawn_prompt(&self) -> Option<Prompt> {
        let session = &*self.session;
        let column = session.prompt_end.filter(|_| !session.stripped && session.editor.is_none())?;
        let start = session.screen.line_start(session.screen.cursor().row);
        let mut text = session.screen.text_to(start, 0, Place { row: start, column });
        text.push_str(&" ".repeat(column.saturating_sub(text.width()).min(1)));
        Some(Prompt::known(&text))
    }

    /// The prompt of a shell without marks stands behind output that no newline ended.
    fn behind_output(&self, text: &str, shows: bool) -> Option<Input> {
        let session = &*self.session;
        let shell = session.shells.current().filter(|shell| !shell.marked && session.running.is_some())?;
        let bare = shell.prompt.looks == Looks::Bare;
        let expect_shows = session.running.as_ref().is_some_and(|running| shows_still(running, text));
        let (at, prompt) = shell.prompt.behind(text)?;
        if bare && text.get(..at).is_some_and(|before| before.ends_with(' ')) || shows && shell.dressed && !session.dressed {
            return None;
        }
        let mut input = self.entered(prompt, text.get(at..)?);
        input.behind = true;
        input.unasked = text.get(..at).is_some_and(|before| !before.trim_end().ends_with([':', '：', '?', ']']));
        // less writes this below the last page, and its file does not go on behind it.
        let left_pager =
            session.running.as_ref().is_some_and(|running| running.paged) && text.get(..at).is_some_and(|before| before.ends_with("(END)"));
        input.may_be_shown = (shows || bare || expect_shows) && !shell.dressed && !left_pager && !input.text.is_empty();
        Some(input)
    }

    /// What a full-screen program drew stands before the prompt, where a log has no control sequences.
    fn after_full_screen(&self, text: &str) -> Option<Input> {
        let session = &*self.session;
        let drew = session
            .running
            .as_ref()
            .is_some_and(|running| running.command.programs.iter().any(|program| shell::is_full_screen(&program.program)));
        let prompt = &session.shells.current()?.prompt;
        let at = text.rfind(prompt.text.as_str()).filter(|at| *at > 0 && session.stripped && drew && prompt.text.len() > 2)?;
        let mut input = self.entered(prompt.clone(), text.get(at..)?);
        input.reconstructed = true;
        Some(input)
    }

    fn entered(&self, prompt: Prompt, text: &str) -> Input {
        let rest = prompt.leads(text).unwrap_or_default();
        // Without returns and erasures a search of the history stands in the line, then the prompt again.
        let searches = self.session.stripped && !self.session.seeks_start;
        let drawn = reconstruct::drawn_after_search(&prompt.text);
        let again = rest.rfind(drawn).filter(|_| searches && drawn.len() > 2);
        let rest = again.map_or(rest, |at| rest.get(at + drawn.len()..).unwrap_or_default());
        let mut input = Input::new(prompt, rest, false);
        input.dressed = self.session.dressed;
        input.reconstructed =
            again.is_some() || (self.session.stripped && self.session.edited) || (self.session.stripped && rest.contains("-i-search"));
        if self.session.searched {
            input.entry = Entry::Recalled;
        }
        input
    }

    /// Of a streamed log: the line that was likelier entered than the one that a terminal would show.
    pub(crate) fn reconstruct(&mut self, input: &mut Input) {
        if !self.session.stripped {
            return;
        }
        self.note_last(input);
        if self.session.kept.is_whole() {
            return;
        }
        let session = &mut *self.session;
        if let Some(line) = reconstruct::pasted(&input.text) {
            input.text = line.to_owned();
            input.entry = Entry::Pasted;
            input.reconstructed = true;
            return;
        }
        // zsh takes a line that was given up from the screen as one that was entered.
        input.may_be_cancelled |= session.seeks_start && !session.fish;
        let mut written = written_behind(&session.written, &input.prompt.text, !session.seeks_start).unwrap_or(&input.text);
        let mut shown = input.text.clone();
        let moves = if session.seeks_start { Moves::Unseen } else { Moves::Readline(input.prompt.text.width()) };
        if session.seeks_start && !session.fish {
            let apart = reconstruct::right_prompt(written, &mut session.right_prompt);
            shown = shown.strip_prefix(written.get(..apart).unwrap_or_default()).map(str::to_owned).unwrap_or(shown);
            written = written.get(apart..).unwrap_or_default();
        }
        let state = session.shells.current().map(|shell| shell.state.clone()).unwrap_or_default();
        let likely = retrace::retrace(written, &shown, moves, &state, &mut session.past);
        let (mut line, mut doubtful) = likely.map_or((shown, false), |likely| (likely.line, likely.doubtful));
        if session.fish
            && let Some(acts) = reconstruct::recoloured(written)
        {
            (line, doubtful) = (acts, true);
        }
        if line != input.text {
            input.literal = Some(std::mem::replace(&mut input.text, line));
            input.reconstructed = true;
        }
        input.may_be_otherwise = doubtful;
    }

    /// Of a streamed log of zsh: a search of the history stands below the prompt that nothing was entered at.
    pub(crate) fn sought_below(&self) -> Option<Input> {
        let session = &*self.session;
        let shell = session.shells.current().filter(|_| session.stripped && session.seeks_start && session.running.is_none())?;
        let (line, several) = session.past.found(&reconstruct::sought_below(&session.written)?)?;
        let mut input = Input::new(shell.prompt.clone(), line, false);
        input.entry = Entry::Recalled;
        input.reconstructed = true;
        input.may_be_otherwise = several;
        Some(input)
    }

    pub(crate) fn start_editor(&mut self) {
        self.suspect();
        let session = &mut *self.session;
        let at = session.screen.cursor();
        let before = session.screen.text_before(at);
        let known = session.shells.known(&before).is_some_and(|prompt| prompt.text.trim_end() == before.trim_end());
        let looks = Prompt::of(&before).is_some_and(|prompt| prompt.text.trim_end() == before.trim_end());
        let zsh =
            session.screen.width().is_some() && !before.trim().is_empty() && session.shells.current().is_none_or(|shell| shell.marked);
        if at.column > 0 && (known || looks || zsh) {
            return self.start_editor_after_prompt();
        }
        let at = if at.column > 0 { self.end_output_before_editor() } else { at };
        let session = &mut *self.session;
        session.searched = false;
        session.screen.start_input(at);
        let row = session.screen.base() + at.row as u64;
        session.editor = Some(Editor { row, column: at.column, prompt: None, pasted: false, keys_off: false });
    }

    /// The prompt stands already, and ends at the cursor.
    pub(crate) fn start_editor_after_prompt(&mut self) {
        self.suspect();
        let session = &mut *self.session;
        let at = session.screen.cursor();
        let prompt = session.screen.text_before(at);
        let start = session.screen.line_start(at.row);
        session.searched = false;
        session.editor =
            Some(Editor { row: session.screen.base() + start as u64, column: 0, prompt: Some(prompt), pasted: false, keys_off: false });
    }

    /// The line editor handed its line over, or was left.
    pub(crate) fn end_editor(&mut self) {
        if self.is_forged() {
            return self.disbelieve();
        }
        self.session.suspicion = None;
        let Some(editor) = self.session.editor.take() else { return };
        let head = self.take_head();
        let screen = &self.session.screen;
        let first = self.session.editor_row(&editor);
        let cursor = screen.cursor();
        // readline and fish end the line before they say so: what stands in the row they went to is not theirs.
        let echoed = editor.prompt.is_none() && cursor.column == 0 && cursor.row > first;
        let last = if echoed { cursor.row - 1 } else { screen.line_end(cursor.row) };
        let mut lines = Vec::new();
        let mut row = first;
        while row <= last {
            let end = screen.line_end(row).min(last);
            let column = if row == first && head.is_empty() { editor.column } else { 0 };
            lines.push(screen.input_text(row, end, column));
            row = end + 1;
        }
        if let Some(line) = lines.first_mut().filter(|_| !head.is_empty()) {
            line.insert_str(0, &head);
        }
        while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let truncated = lines.iter().map(String::len).sum::<usize>() > crate::command::COMMAND_BYTES_MAX || screen.is_spent();
        self.cut_suggestion(&editor, echoed, last, &mut lines);
        let found = self.find_input(&editor, &lines).map(|(at, mut input)| {
            let shown = self.session.shows_typescript && !input.text.is_empty();
            input.may_be_shown |=
                shown || self.session.may_be_drawn() && !self.session.shells.is_current(&input.prompt) && !input.text.is_empty();
            (at, input)
        });
        let first_line = self.session.lines + 1;
        let at = found.as_ref().map_or(usize::MAX, |(at, _)| *at);
        for (place, line) in lines.iter().enumerate() {
            if !(line.is_empty() && lines.len() == 1) {
                self.emit(line, if place >= at { LineKind::Input } else { LineKind::Output });
            }
        }
        self.session.screen.clean(first, last);
        let Some((at, mut input)) = found else { return };
        input.first_line = first_line + at as u64;
        input.last_line = self.session.lines.max(input.first_line);
        input.truncated = truncated;
        let left = self.judge_end(&editor, echoed, &mut input);
        self.accept(input);
        self.session.left = left;
    }

    /// fish goes to the input's end before it hands it over: what stands behind is a suggestion. Other editors may be left in the middle of
    /// their line.
    fn cut_suggestion(&self, editor: &Editor, echoed: bool, last: usize, lines: &mut [String]) {
        let session = &*self.session;
        if session.multiplexed || !session.fish {
            return;
        }
        let end = if echoed { session.ended_at } else { session.screen.cursor() };
        if let Some(line) = lines.last_mut().filter(|_| end.row == last && end.column > 0) {
            let start = session.screen.line_start(last).max(session.editor_row(editor));
            let column = if start == session.editor_row(editor) { editor.column } else { 0 };
            let kept = session.screen.text_to(start, column, end);
            if line.starts_with(kept.as_str()) && !kept.trim().is_empty() {
                line.truncate(kept.len());
            }
        }
    }

    /// The line that the prompt leads, counted from the editor's first, and what follows it.
    fn find_input(&mut self, editor: &Editor, lines: &[String]) -> Option<(usize, Input)> {
        let said = self.said_prompt().filter(|prompt| lines.iter().any(|line| prompt.leads(line).is_some()));
        let session = &mut *self.session;
        if let Some(text) = editor.prompt.as_ref().filter(|text| !text.trim().is_empty()) {
            let prompt = Prompt::known(text);
            let at = lines.iter().rposition(|line| prompt.leads(line).is_some())?;
            let mut input = Input::new(prompt.clone(), "", true);
            input.text = self.following(lines, at, &prompt);
            // bash may write it, and readline once more.
            if let Some(rest) = input.text.strip_prefix(prompt.text.as_str()).filter(|_| prompt.text.len() > PROMPT_TWICE_MIN) {
                input.text = rest.to_owned();
            }
            return Some((at, input));
        }
        let open = session.running.as_ref().filter(|running| running.marked && running.is_incomplete());
        let goes_on = open.and_then(|_| lines.iter().find_map(|line| continuation(line))).map(|(prompt, _)| Prompt::known(prompt));
        let prompt =
            goes_on.or(said).or_else(|| lines.iter().find_map(|line| session.shells.announced(line))).or_else(|| unknown_prompt(lines))?;
        // A list of completions is followed by the prompt again.
        let at = lines.iter().rposition(|line| prompt.leads(line).is_some())?;
        let text = self.following(lines, at, &prompt);
        Some((at, Input::new(prompt, &text, true)))
    }

    /// The input of the line that `prompt` leads, and the lines after it, which the editor held too.
    fn following(&self, lines: &[String], at: usize, prompt: &Prompt) -> String {
        let mut text = lines.get(at).and_then(|line| prompt.leads(line)).unwrap_or_default().to_owned();
        for line in lines.iter().skip(at + 1) {
            // A multiplexer draws the output first, and says then that the input ended.
            if self.session.multiplexed && !shell::is_incomplete(&text) {
                break;
            }
            text.push('\n');
            text.push_str(line);
        }
        text.trim_end().to_owned()
    }

    /// True where the end of input was typed at an empty prompt.
    fn judge_end(&mut self, editor: &Editor, echoed: bool, input: &mut Input) -> bool {
        let session = &mut *self.session;
        if editor.prompt.is_none() && !echoed {
            // readline gives the line a newline before its mark; Ctrl-C and Ctrl-D do not.
            input.cancelled = input.text.ends_with("^C") || input.text.is_empty();
        }
        let left = editor.prompt.is_none() && !echoed && input.text.is_empty();
        input.may_be_cancelled = editor.prompt.is_some();
        // What printed something was handed over, so this editor says so no more.
        let unsaid = session.running.as_ref().is_some_and(Running::ran_unsaid);
        session.turns_keys_off &= !unsaid && !session.rebinds;
        input.given_up = session.turns_keys_off && session.keys_on;
        session.turns_keys_off |= editor.keys_off;
        input.entry = match (session.searched, editor.pasted) {
            (true, _) => Entry::Recalled,
            (false, true) => Entry::Pasted,
            (false, false) => Entry::Typed,
        };
        session.searched = false;
        left
    }
}

/// The prompt of lines that an editor surely held, though none is known.
fn unknown_prompt(lines: &[String]) -> Option<Prompt> {
    let first = || lines.iter().any(|line| !line.trim().is_empty()).then(|| Prompt::known(""));
    lines.iter().find_map(|line| Prompt::before_program(line)).or_else(first)
}

/// Whether a line that begins so may be text that the command shows.
fn shows_still(running: &Running, line: &str) -> bool {
    let behind_sign =
        line.starts_with(|first: char| first.is_ascii_digit() || matches!(first, ' ' | '<' | '>' | '+' | '-' | '!' | '\\' | '@'));
    let shows = running.expect.shows || running.expect.shows_behind && behind_sign;
    shows && !running.has_shown_all()
}

/// What was written behind the prompt; if the editor `searches` in that very line, behind the last prompt there, or what it found.
fn written_behind<'a>(written: &'a str, prompt: &str, searches: bool) -> Option<&'a str> {
    let start = written.find(prompt)? + prompt.len();
    let behind = written.get(start..)?;
    let drawn = reconstruct::drawn_after_search(prompt);
    let again = behind.rfind(drawn.trim_end()).filter(|_| searches && drawn.len() > 2);
    let Some(last) = again.and_then(|at| behind.get((at + drawn.len()).min(behind.len())..)) else { return Some(behind) };
    if last.trim().is_empty() { reconstruct::sought(behind).or(Some(last)) } else { Some(last) }
}

/// The prompt at which a shell asks for the rest of a command, and what follows it: `> `, or zsh's `dquote> `.
fn continuation(text: &str) -> Option<(&str, &str)> {
    let end = text.find('>')? + 1;
    let (prompt, rest) = text.split_at_checked(end)?;
    let asks = prompt == ">" || is_open_construct_prompt(prompt);
    let space = usize::from(rest.starts_with(' '));
    (asks && (rest.is_empty() || space == 1)).then(|| (text.get(..end + space).unwrap_or(prompt), rest.get(space..).unwrap_or_default()))
}
