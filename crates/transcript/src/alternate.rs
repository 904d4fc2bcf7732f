//! The alternate screen: what a program asks of it in; whether what stands there is a full-screen program's, out.
//!
//! Anyone who is at a prompt can ask for it, so it is given only where a program runs that is known to use it. Another's request changes nothing:
//! what is entered goes on to be read as before. A program that uses it may also be made to leave it on: the shell's prompt in its own marks
//! tells that. Without marks nothing does, until the screen is left by a line that was entered there, or never.

use vte::Params;

use crate::known;
use crate::session::{Driver, Editor, Session};
use crate::shell::{self, How, Program};
use crate::shells::Kind;

/// Lines kept that may have been entered on the screen of a program; with so many of them, these and all that follow are taken for entered.
const HIDDEN_MAX: usize = 256;

#[derive(Clone, Debug, Default)]
pub(crate) struct Hiding {
    /// The alternate screen was asked for, and not given.
    refused: bool,
    /// On the screen of a program, a line editor announced itself here, and its prompt is awaited.
    awaited: Option<(u64, usize)>,
    /// Lines on the screen of a program that begin with a shell's prompt.
    hidden: Vec<String>,
    /// There were more of them than are kept.
    full: bool,
    /// The last thing written was the end of such a line.
    fresh: bool,
    /// What is read now was hidden.
    told: bool,
}

impl Session {
    /// A line with a prompt may be of a full screen that something drew.
    pub(crate) fn may_be_drawn(&self) -> bool {
        self.hiding.told || self.running.as_ref().is_some_and(|running| running.draws)
    }

    /// A line ended on the screen of a program.
    pub(crate) fn note_hidden(&mut self, row: usize) {
        let start = self.screen.line_start(row);
        let text = self.screen.text(start, row, 0);
        let entered = self.shells.known(&text).filter(|prompt| prompt.leads(&text).is_some_and(|rest| !rest.trim().is_empty()));
        // What is announced is known by that.
        let announced = |session: &Self| session.shells.current().is_some_and(|shell| shell.marked);
        self.hiding.fresh = entered.is_some() && !announced(self);
        if self.hiding.fresh {
            self.hiding.hidden.push(text);
            self.hiding.full |= self.hiding.hidden.len() >= HIDDEN_MAX;
        }
    }

    /// Whether a program that runs is known to ask for it.
    fn grants_alternate(&self) -> bool {
        if self.multiplexed {
            return true;
        }
        if self.editor.is_some() {
            return false;
        }
        if self.shells.current().is_some_and(|shell| shell.kind == Kind::Interpreter) {
            return true;
        }
        self.running.as_ref().is_some_and(|running| {
            let programs = &running.command.programs;
            programs.iter().any(asks_for_alternate)
                && !programs.iter().enumerate().any(|(at, program)| prints(program, &programs[at + 1..]))
        })
    }
}

/// It draws a full screen, or something in its arguments does, which it runs where nothing can be said (`docker exec`).
fn asks_for_alternate(program: &Program) -> bool {
    let runs = || {
        let words = program.argv.iter().skip(1).flat_map(|word| word.split_whitespace());
        words.map(|word| word.rsplit('/').next().unwrap_or(word)).any(|word| word == "edit" || shell::uses_alternate(word))
    };
    shell::uses_alternate(&program.program)
        || matches!(
            program.program.as_str(),
            "docker" | "podman" | "kubectl" | "oc" | "nerdctl" | "ssh" | "lxc" | "chroot" | "nsenter" | "script"
        ) && runs()
}

/// What it runs is not known.
fn may_draw(program: &Program) -> bool {
    let runs_scripts = matches!(program.program.as_str(), "sh" | "bash" | "dash" | "zsh" | "ksh" | "fish");
    runs_scripts || !known::is_program(&program.program) || shell::is_interpreter(&program.program)
}

/// It may print any sequence to the terminal: what it prints is not another's input.
fn prints(program: &Program, later: &[Program]) -> bool {
    let feeds = program.how == How::Pipe && later.iter().any(|program| program.fed && shell::uses_alternate(&program.program));
    let any = matches!(
        program.program.as_str(),
        "echo"
            | "printf"
            | "print"
            | "tput"
            | "setterm"
            | "cat"
            | "tac"
            | "head"
            | "tail"
            | "sed"
            | "awk"
            | "gawk"
            | "perl"
            | "python"
            | "python3"
            | "ruby"
            | "php"
            | "node"
            | "base64"
            | "xxd"
            | "tr"
            | "dd"
            | "tee"
            | "strings"
            | "curl"
            | "wget"
    );
    let unknown = !known::is_program(&program.program) && !shell::uses_alternate(&program.program) && program.under.is_none();
    !feeds && program.how != How::Substitution && (any || unknown)
}

/// The alternate screen is switched on, or off.
fn switches_alternate(params: &Params, intermediates: &[u8], action: char) -> Option<bool> {
    let is_mode = matches!((intermediates, action), ([b'?'], 'h' | 'l'));
    let asks = || params.iter().any(|param| matches!(param, [47 | 1047 | 1049, ..]));
    (is_mode && asks()).then_some(action == 'h')
}

impl Driver<'_> {
    /// A control sequence comes.
    pub(crate) fn ask_for_alternate(&mut self, params: &Params, intermediates: &[u8], action: char) {
        let switches = switches_alternate(params, intermediates, action);
        let session = &mut *self.session;
        if switches.is_none() {
            // Colours stand in prompts.
            session.hiding.fresh &= action == 'm';
            if !matches!((intermediates, action), ([], 'm' | 'K') | ([b'?'], 'h' | 'l')) {
                session.hiding.awaited = None;
            }
            return;
        }
        if session.screen.is_alternate() {
            if switches == Some(false) {
                self.note_escaped();
            }
            return;
        }
        match switches {
            Some(true) => {
                let grants = session.grants_alternate();
                session.screen.refuse_alternate(!grants);
                session.hiding = Hiding { refused: !grants, ..Hiding::default() };
                if !grants {
                    self.refuse();
                }
            }
            _ if std::mem::take(&mut session.hiding.refused) => self.end_refused(),
            _ => {}
        }
    }

    /// The screen stays; a terminal would have shown an empty one.
    fn refuse(&mut self) {
        let session = &mut *self.session;
        if let Some(running) = session.running.as_mut() {
            running.draws |= running.command.programs.iter().any(may_draw);
        }
        let at = session.screen.cursor();
        let is_blank = session.screen.row(at.row).is_some_and(|row| row.len() == 0);
        if session.editor.is_none() && !session.stripped && at.column == 0 && is_blank {
            self.flush_screen();
            for row in 0..self.session.screen.height() {
                self.session.screen.clear_row(row);
            }
        }
    }

    /// What was drawn ends: a terminal would show the prompt where the cursor stood before.
    fn end_refused(&mut self) {
        let session = &mut *self.session;
        let at = session.screen.cursor();
        let before = session.screen.text_before(at);
        let is_prompt = before.trim_end().ends_with(['$', '#', '%', '>', ':']) || session.shells.known(&before).is_some();
        let draws = session.running.as_ref().is_some_and(|running| running.draws);
        if draws && session.editor.is_none() && !session.stripped && at.column > 0 && !is_prompt {
            self.complete(at.row);
            self.session.screen.carriage_return();
            self.session.screen.index();
        }
        if let Some(running) = self.session.running.as_mut() {
            running.leave_full_screen();
        }
    }

    /// Bracketed paste was switched on or off on the screen of a program: an editor does so as well as a shell.
    pub(crate) fn follow_hidden_editor(&mut self, on: bool) {
        let at = self.session.screen.cursor();
        self.session.hiding.awaited = on.then(|| (self.session.screen.base() + at.row as u64, at.column));
        if on && at.column > 0 {
            // zsh writes its prompt first.
            let before = self.session.screen.text_before(at);
            if self.is_prompt(&before) {
                self.session.screen.keep_alternate();
                self.flush_gone();
                self.start_editor_after_prompt();
            }
        }
    }

    /// The shell's prompt, and nothing behind it.
    fn is_prompt(&self, text: &str) -> bool {
        text.ends_with(' ') && self.session.shells.known(text).is_some_and(|prompt| prompt.text == text)
    }

    /// A character was printed: on the screen of a program, it may be the last of a prompt that a line editor announced.
    pub(crate) fn await_prompt(&mut self) {
        let session = &mut *self.session;
        session.hiding.fresh = false;
        let Some((row, column)) = session.hiding.awaited else { return };
        let at = session.screen.cursor();
        if !session.screen.is_alternate() || session.screen.base() + at.row as u64 != row || at.column <= column {
            session.hiding.awaited = None;
            return;
        }
        let text: String = session.screen.text_before(at).chars().skip(column).collect();
        if self.is_prompt(&text) {
            self.session.hiding = Hiding::default();
            self.session.screen.keep_alternate();
            self.flush_gone();
            self.session.searched = false;
            self.session.editor = Some(Editor { row, column, prompt: None, pasted: false, keys_off: false });
        }
    }

    /// The alternate screen was left. A line that was entered there may have done so; a program does more before it ends.
    pub(crate) fn leave_alternate(&mut self) {
        let hiding = std::mem::take(&mut self.session.hiding);
        if hiding.fresh || hiding.full {
            self.tell_hidden(hiding.hidden);
        }
    }

    /// Tells the lines that are kept, once they are too many to be a program's.
    pub(crate) fn tell_if_full(&mut self) {
        if self.session.hiding.full {
            let lines = std::mem::take(&mut self.session.hiding.hidden);
            self.tell_hidden(lines);
        }
    }

    /// The log ends there.
    pub(crate) fn end_in_alternate(&mut self) {
        if self.session.screen.is_alternate() && !self.session.multiplexed {
            let hidden = std::mem::take(&mut self.session.hiding.hidden);
            self.tell_hidden(hidden);
        }
    }

    fn tell_hidden(&mut self, lines: Vec<String>) {
        self.session.hiding.told = true;
        for line in lines {
            self.finish_line(&line);
        }
        self.session.hiding.told = false;
    }
}
