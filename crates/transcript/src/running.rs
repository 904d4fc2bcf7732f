//! The command that was entered last, until what follows shows what became of it.

use std::collections::VecDeque;

use crate::accept::Input;
use crate::command::{COMMAND_BYTES_MAX, Command, Doubt, Entry};
use crate::elevate::{self, Outcome};
use crate::expected;
use crate::given_up;
use crate::history::{edits_command, expands_history, is_expansion};
use crate::prompt::{Looks, Prompt, is_open_construct_prompt};
use crate::quoted::Follower;
use crate::reconstruct;
use crate::retrace::Past;
use crate::session::Driver;
use crate::shell::{self, Program, Scan, State};
use crate::shells::{Change, Expect, Kind, Shell};

/// Lines of output kept from the start and from the end, to tell an outcome by.
const OUTPUT_LINES_MAX: usize = 48;
/// What `echo` says is one line; a prompt of two or three lines stands below it.
const HEARD_ROWS_MAX: u64 = 3;
/// Of each, so many bytes.
const OUTPUT_LINE_BYTES_MAX: usize = 512;

pub(crate) struct Running {
    pub(crate) command: Command,
    pub(crate) expect: Expect,
    /// A line editor announced it.
    pub(crate) marked: bool,
    cancelled: bool,
    may_be_cancelled: bool,
    /// The bell rang right before the line's end, as it does for a completion that is not the only one.
    bell: bool,
    /// A blank stood behind the line, as where what follows it is completed.
    blank: bool,
    head: Vec<String>,
    tail: VecDeque<String>,
    lines: u64,
    /// What is still open after the lines so far.
    scan: Scan,
    /// Lines came that were not read yet.
    unread: bool,
    /// At a bare prompt: a pager, or a line that one may have shown.
    pub(crate) paged: bool,
    /// A program that is not known asked for the alternate screen: it may draw a full screen.
    pub(crate) draws: bool,
    /// The next line of output may be the line after history expansion.
    expands: bool,
    before: State,
    /// As a terminal would show the line, where it was taken for another.
    literal: Option<String>,
    /// The line as it stood, with its prompt.
    screen: String,
    behind: bool,
    unasked: bool,
    foreign: bool,
    given_up: bool,
    /// Lines below it, empty ones too.
    rows: u64,
}

impl Running {
    /// The shell says that it knows no such program as this line begins with.
    fn is_unknown(&self, line: &str) -> bool {
        let name = line.split_whitespace().next().unwrap_or_default();
        let said = |shown: &str| {
            shown.match_indices(name).any(|(at, _)| {
                let (before, behind) = (shown.get(..at).unwrap_or_default(), shown.get(at + name.len()..).unwrap_or_default());
                [": command not found", ": not found"].iter().any(|says| behind.starts_with(says))
                    || ["command not found: ", "Unknown command: "].iter().any(|says| before.ends_with(says))
            })
        };
        !name.is_empty() && self.shown().any(said)
    }

    pub(crate) fn is_incomplete(&self) -> bool {
        self.scan.is_open()
    }

    /// A full-screen program was left: if it was the editor that `fc` opens, what it was left with is shown next.
    pub(crate) fn leave_full_screen(&mut self) {
        self.expands |= self.lines == 0 && edits_command(&self.command.line);
    }

    /// Nothing stands below it yet.
    pub(crate) fn is_silent(&self) -> bool {
        self.rows == 0
    }

    /// The line editor did not say that it handed the line over, and something was printed all the same.
    pub(crate) fn ran_unsaid(&self) -> bool {
        self.given_up && self.lines > 0
    }

    /// It shows no more lines than it has shown.
    pub(crate) fn has_shown_all(&self) -> bool {
        self.expect.shows_lines.is_some_and(|lines| self.lines >= lines)
    }

    pub(crate) fn output(&mut self, text: &str) {
        self.rows += 1;
        if let Some(expanded) = self.command.expanded.as_mut().filter(|line| self.lines == 0 && shell::is_incomplete(line))
            && expanded.len() + text.len() < COMMAND_BYTES_MAX
        {
            expanded.push('\n');
            expanded.push_str(text.trim_end());
            return;
        }
        if self.lines == 0 && self.expands && !text.trim().is_empty() {
            self.expands = false;
            if is_expansion(&self.command.line, text) {
                self.command.expanded = Some(text.trim_end().to_owned());
                return;
            }
        }
        self.lines += u64::from(!text.trim().is_empty());
        let mut end = text.len().min(OUTPUT_LINE_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let line = text.get(..end).unwrap_or_default().to_owned();
        if self.head.len() < OUTPUT_LINES_MAX {
            self.head.push(line);
        } else {
            if self.tail.len() == OUTPUT_LINES_MAX {
                self.tail.pop_front();
            }
            self.tail.push_back(line);
        }
    }

    fn shown(&self) -> impl Iterator<Item = &str> {
        self.head.iter().chain(&self.tail).map(String::as_str)
    }

    /// What was shown is a list of completions: the line was not entered, and stands at the next prompt again.
    fn was_completed(&self, next: &str) -> bool {
        let line = self.command.line.as_str();
        if self.marked || self.lines == 0 || !next.starts_with(line) {
            return false;
        }
        let last = line.rsplit([' ', '/', '=', '\'', '"']).next().unwrap_or_default();
        let entries: Vec<&str> = self.shown().flat_map(str::split_whitespace).collect();
        let listed = !last.is_empty() && entries.len() > 1 && entries.iter().all(|entry| entry.starts_with(last));
        let after_blank = self.blank && next.strip_prefix(line).is_some_and(|rest| rest.starts_with(' '));
        self.bell && (listed || after_blank) || self.shown().any(|line| line.starts_with("Display all ") && line.contains("possibilities?"))
    }
}

impl Command {
    /// As it stands at a prompt of `shell`, its programs not yet read.
    pub(crate) fn entered(input: Input, shell: &Shell, time: Option<i64>) -> Self {
        Self {
            first_line: input.first_line,
            last_line: input.last_line,
            time,
            line: input.text,
            expanded: None,
            prompt: input.prompt.text,
            entry: input.entry,
            root_shell: shell.root,
            user: shell.user.clone(),
            inside: shell.inside.clone(),
            programs: Vec::new(),
            parsed: false,
            elevations: Vec::new(),
            entered_root_shell: false,
            prompt_changed: false,
            exit: None,
            doubt: match (input.may_be_shown, input.may_be_otherwise) {
                (true, _) => Some(Doubt::MayBeShown),
                (false, true) => Some(Doubt::MayBeOtherwise),
                (false, false) => None,
            },
            not_run: false,
            reconstructed: input.reconstructed,
            truncated: input.truncated,
        }
    }
}

impl Driver<'_> {
    /// A line was entered at a prompt.
    pub(crate) fn accept(&mut self, mut input: Input) {
        if self.continues(&input) {
            return self.continue_line(&input);
        }
        // After Ctrl-D a shell prints nothing: the outer one's prompt stands behind the inner one's.
        while let Some(outer) =
            self.session.shells.known(&input.text).filter(|outer| outer.text.len() > 1 && outer.text != input.prompt.text)
        {
            input.text = outer.leads(&input.text).unwrap_or_default().to_owned();
            input.prompt = outer;
            self.session.left = true;
        }
        self.note_prompted(&input.text);
        self.note_behind(&input);
        let was_paged = self.session.running.as_ref().is_some_and(|running| running.paged) && input.may_be_shown;
        // What a line opened that was only shown is shown as well.
        let follows_text = self.session.running.as_ref().is_some_and(|running| {
            running.command.doubt == Some(Doubt::MayBeShown) && running.expect.opens && running.is_silent() && !input.marked
        });
        input.may_be_shown |= follows_text && !input.text.is_empty();
        self.settle(Some(&input));
        self.tell_waited();
        let session = &mut *self.session;
        let Some(shell) = session.shells.current_mut() else { return };
        let before = shell.state.clone();
        let bare = shell.prompt.looks == Looks::Bare;
        if shell.kind == Kind::Interpreter {
            let escaped = ["\\!", "!", "system ", "shell "].iter().find_map(|start| input.text.strip_prefix(start));
            match escaped {
                Some(line) => input.text = line.trim().to_owned(),
                None => return,
            }
        }
        if input.text.is_empty() || input.cancelled {
            return;
        }
        let recalls = expands_history(&input.text) || edits_command(&input.text);
        input.entry = if input.entry == Entry::Typed && recalls { Entry::Recalled } else { input.entry };
        let mut end = input.text.len().min(COMMAND_BYTES_MAX);
        while !input.text.is_char_boundary(end) {
            end -= 1;
        }
        input.text.truncate(end);
        let screen = [&input.prompt.text, input.literal.as_ref().unwrap_or(&input.text)].map(String::as_str).concat();
        let cancelled = !input.marked && given_up::ends_in_sign(&input.text);
        let (marked, may_be_cancelled, literal) = (input.marked, input.may_be_cancelled, input.literal.take());
        let (behind, unasked, foreign, given_up) = (input.behind, input.unasked, input.foreign, input.given_up);
        let mut command = Command::entered(input, shell, session.time);
        let expect = expected::read(&mut command, &mut shell.state);
        if session.zsh {
            expected::read_comment(&mut command, &shell.state);
        }
        session.rebinds |= given_up::may_rebind(&command.line, &command.programs);
        // What another shell does with the keypad is not known yet.
        session.turns_keys_off &= !expect.opens && !expect.replaces;
        session.multiplexed |= multiplexes(&command.programs);
        let mut scan = Scan::default();
        scan.read(&command.line);
        session.running = Some(Running {
            scan,
            unread: false,
            paged: bare && (was_paged || command.programs.iter().any(|program| shell::is_pager(&program.program))),
            draws: false,
            expands: expands_history(&command.line),
            command,
            expect,
            marked,
            cancelled,
            may_be_cancelled,
            bell: std::mem::take(&mut session.bell),
            blank: session.screen.text_before(session.ended_at).ends_with(' '),
            head: Vec::new(),
            tail: VecDeque::new(),
            lines: 0,
            before,
            literal,
            screen,
            behind,
            unasked,
            foreign,
            given_up,
            rows: 0,
        });
        session.searched = false;
    }

    /// The prompt is a continuation's, and the line before asks for one.
    fn continues(&self, input: &Input) -> bool {
        let text = input.prompt.text.trim_end();
        let named = is_open_construct_prompt(text);
        (text == ">" || named)
            && self.session.running.as_ref().is_some_and(|running| running.is_incomplete() || named)
            && self.session.shells.current().is_some_and(|shell| shell.prompt.text != input.prompt.text)
    }

    fn continue_line(&mut self, input: &Input) {
        let session = &mut *self.session;
        let Some(running) = session.running.as_mut() else { return };
        if input.cancelled {
            session.running = None;
            return;
        }
        if running.command.line.len() + input.text.len() < COMMAND_BYTES_MAX {
            running.command.line.push('\n');
            running.command.line.push_str(&input.text);
            session.rebinds |= given_up::may_rebind(&input.text, &[]);
            running.scan.read(&input.text);
        } else {
            running.command.truncated = true;
        }
        running.command.last_line = input.last_line.max(running.command.last_line);
        running.command.time = session.time;
        running.cancelled = !input.marked && given_up::ends_in_sign(&input.text);
        // Read again only when it is whole, or nothing more comes.
        running.unread = true;
        if !running.is_incomplete() {
            self.reread();
        }
    }

    fn reread(&mut self) {
        if let (Some(running), Some(shell)) =
            (self.session.running.as_mut().filter(|running| running.unread), self.session.shells.current_mut())
        {
            running.unread = false;
            shell.state = running.before.clone();
            running.expect = expected::read(&mut running.command, &mut shell.state);
        }
    }

    /// The line that was entered last turned out to be another.
    pub(crate) fn correct(&mut self, line: String) {
        if let Some(running) = self.session.running.as_mut() {
            running.command.line = line;
            running.command.reconstructed = true;
            running.command.doubt = running.command.doubt.filter(|doubt| *doubt != Doubt::MayBeOtherwise);
            running.scan = Scan::default();
            running.scan.read(&running.command.line);
            running.expands = expands_history(&running.command.line);
            running.unread = true;
        }
        self.reread();
    }

    /// Of a streamed log: several lines that were pasted at once are one command, and what followed the first was their own.
    fn unfold_paste(&mut self) {
        let Some(running) = self.session.running.as_ref().filter(|running| self.session.stripped && running.head.len() > 1) else { return };
        let shown: Vec<&str> = running.head.iter().map(String::as_str).collect();
        let Some((rest, taken)) = reconstruct::pasted_lines(&running.command.line, &shown) else { return };
        let line = format!("{}\n{}", running.command.line, rest.join("\n"));
        self.correct(line);
        if let Some(running) = self.session.running.as_mut() {
            let gone = running.head.drain(..taken).filter(|line| !line.trim().is_empty()).count();
            running.lines = running.lines.saturating_sub(gone as u64);
            running.command.entry = Entry::Pasted;
        }
    }

    /// Of a streamed log of zsh: a list of completions stands below the line, and behind it the line again, with what was added to it.
    fn unfold_completions(&mut self) {
        let is_zsh = self.session.stripped && self.session.seeks_start && !self.session.fish;
        let Some(running) = self.session.running.as_mut().filter(|_| is_zsh) else { return };
        let shown: Vec<&str> = running.head.iter().map(String::as_str).collect();
        let Some((line, taken)) = reconstruct::completed(&running.command.line, &shown, self.session.right_prompt.as_deref()) else {
            return;
        };
        running.head.drain(..taken);
        running.lines = running.lines.saturating_sub(taken as u64);
        self.correct(line);
    }

    /// Of a streamed log: `echo` shows what stands below a line that seems to act, and that line ends in it.
    fn hear_echo(&mut self) {
        let session = &*self.session;
        let Some(running) = session.running.as_ref().filter(|running| session.stripped && !session.fish && !running.marked) else { return };
        if running.command.elevations.is_empty() || running.rows > HEARD_ROWS_MAX {
            return;
        }
        let line = running.literal.as_deref().unwrap_or(&running.command.line);
        let Some(heard) =
            running.head.first().and_then(|said| reconstruct::heard(line, said, session.seeks_start, |line| session.past.holds(line)))
        else {
            return;
        };
        self.correct(heard);
    }

    /// What stands below the last line is known now, and may tell that another was entered.
    fn settle_line(&mut self) {
        self.reread();
        let literal = self.session.running.as_ref().and_then(|running| running.literal.clone().filter(|line| running.is_unknown(line)));
        if let Some(literal) = literal {
            self.correct(literal);
        }
        self.unfold_paste();
        self.unfold_completions();
        self.hear_echo();
    }

    /// Of a streamed log: the line before `next` is the first that an arrow brings back.
    pub(crate) fn note_last(&mut self, next: &Input) {
        if self.continues(next) {
            return;
        }
        self.settle_line();
        let session = &mut *self.session;
        if let Some(running) = &session.running {
            note_entered(running, &mut session.past);
        }
    }

    /// What follows the last command is known now: a prompt, or nothing more.
    pub(crate) fn settle(&mut self, next: Option<&Input>) {
        self.settle_line();
        let session = &mut *self.session;
        let running = session.running.take();
        let left = std::mem::take(&mut session.left);
        let mut expect = running.as_ref().map(|running| running.expect.clone()).unwrap_or_default();
        expect.leaves |= left;
        if let Some(running) = &running {
            if next.is_some_and(|input| running.was_completed(&input.text)) {
                return;
            }
            if running.cancelled && running.lines == 0 && given_up::did_not_run(&running.command) {
                if let Some(shell) = self.session.shells.current_mut() {
                    shell.state = running.before.clone();
                }
                return self.enter(next, &Expect::default());
            }
        }
        let Some(mut running) = running else { return self.enter(next, &expect) };
        self.expand(&mut running, &mut expect);
        let opens = expect.opens;
        // Nothing is known that opened it; the shell in which its prompts stand goes on behind them.
        expect.opens |= next.is_some_and(|input| input.foreign) && self.session.shells.current().is_some_and(|shell| shell.marked);
        let asked = opens || !running.command.elevations.is_empty();
        let refused = asked.then(|| elevate::refusal(running.shown())).flatten();
        if refused.is_some() {
            expect.opens &= running.lines > 3;
        }
        if let Some(shell) = self.session.shells.current_mut() {
            note_identity(&running, shell);
        }
        let rooted = self.session.shells.current().is_some_and(|shell| shell.root);
        let (depth, prompt) = (self.session.shells.depth(), self.session.shells.current().map(|shell| shell.prompt.text.clone()));
        self.enter(next, &expect);
        let shells = &self.session.shells;
        let opened = shells.depth() > depth && !next.is_some_and(|input| input.foreign);
        let now_rooted = shells.current().is_some_and(|shell| shell.root);
        running.command.entered_root_shell = next.is_some() && now_rooted && !rooted && (opened || running.expect.opens);
        running.command.prompt_changed = next.is_some() && shells.current().map(|shell| &shell.prompt.text) != prompt.as_ref();
        if self.session.stripped {
            note_entered(&running, &mut self.session.past);
        }
        judge(&mut running, refused, next.map(|input| &input.prompt), opened || now_rooted && !rooted);
        let same = next.is_some_and(|input| input.prompt.text == running.command.prompt);
        let stays = running.expect.leaves && running.rows == 0 && same && self.session.shells.depth() == depth;
        self.hold(running, stays);
    }

    /// A line that may only have been shown goes out when it is known where the text before it ended.
    fn hold(&mut self, running: Running, stays: bool) {
        let Running { command, screen, expect, head, rows, behind, unasked, foreign, .. } = running;
        let follower = Follower { command, screen, expect, below: head, rows, stays, behind, unasked, foreign };
        for command in self.session.held.push(follower) {
            self.sink.command(command);
        }
    }

    fn enter(&mut self, next: Option<&Input>, expect: &Expect) {
        if let Some(input) = next {
            let change = self.session.shells.enter(&input.prompt, input.marked, expect);
            if let Some(shell) = self.session.shells.current_mut() {
                shell.dressed = input.dressed && (shell.dressed || matches!(change, Change::Opened | Change::Replaced));
            }
            if change == Change::Left {
                self.session.multiplexed = false;
            }
            self.session.turns_keys_off &= !matches!(change, Change::Opened | Change::Left);
        }
    }

    /// A line that history expansion changed is read again as what it became.
    fn expand(&mut self, running: &mut Running, expect: &mut Expect) {
        if running.command.expanded.is_none() {
            return;
        }
        if let Some(shell) = self.session.shells.current_mut() {
            shell.state = running.before.clone();
            *expect = Expect { leaves: expect.leaves, ..expected::read(&mut running.command, &mut shell.state) };
            running.expect = expect.clone();
        }
    }
}

/// Of a streamed log: keeps a line to know it again.
fn note_entered(running: &Running, past: &mut Past) {
    if !running.is_unknown(&running.command.line) {
        let programs = running.command.programs.iter().filter(|_| !running.command.reconstructed);
        past.note(&running.command.line, programs.map(|program| program.program.as_str()));
    }
}

fn multiplexes(programs: &[Program]) -> bool {
    programs.iter().any(|program| matches!(program.program.as_str(), "tmux" | "screen" | "byobu" | "zellij"))
}

/// `whoami` and `id` say who the shell is.
fn note_identity(running: &Running, shell: &mut Shell) {
    let [program] = running.command.programs.as_slice() else { return };
    if shell.kind != Kind::Shell || running.lines != 1 {
        return;
    }
    let Some(line) = running.shown().find(|line| !line.trim().is_empty()).map(str::trim) else { return };
    let words: Vec<&str> = program.argv.iter().map(String::as_str).collect();
    let user = match words.as_slice() {
        ["whoami"] | ["id", "-un"] => Some(line),
        ["id"] if line.starts_with("uid=") => line.split(['(', ')']).nth(1),
        _ => None,
    };
    if let Some(user) = user.filter(|user| !user.is_empty() && !user.contains(' ')) {
        shell.root = user == "root";
        shell.user = Some(user.to_owned());
    }
}

/// What became of the attempts in a command, and whether it ran at all.
fn judge(running: &mut Running, refused: Option<Outcome>, next: Option<&Prompt>, opened: bool) {
    let lines = running.lines;
    let asked_only = running.head.iter().all(|line| line.trim().is_empty() || is_password_prompt(line));
    for elevation in &mut running.command.elevations {
        elevation.outcome = match (refused, next) {
            (Some(outcome), _) => outcome,
            (None, Some(_)) if elevation.shell => {
                if opened || lines > 0 && !asked_only {
                    Outcome::Succeeded
                } else {
                    Outcome::Unknown
                }
            }
            (None, Some(_)) => Outcome::Succeeded,
            (None, None) if lines > 0 && !asked_only => Outcome::Succeeded,
            (None, None) => Outcome::Unknown,
        };
    }
    let silent = lines == 0 && !opened;
    if running.command.doubt.is_none() && silent && next.is_some() && (running.may_be_cancelled || running.cancelled) {
        running.command.doubt = Some(Doubt::MayBeCancelled);
        running.command.not_run = running.given_up;
    }
}

fn is_password_prompt(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    line.contains("password") && line.ends_with(':') || line.contains("パスワード") && line.ends_with([':', '：'])
}
