//! Acts without a prompt that is known: a line of output in; whether somebody may have entered it out.
//!
//! A line can hide from its prompt: the prompt was changed to one that nobody can know, or to none; the line was typed before the prompt came, and
//! the shell, which has no line editor, does not show it again; a program opened a shell whose prompt is a bare mark. There only the line itself
//! speaks, so it counts only where it acts as another user, and with a doubt.

use crate::accept::Input;
use crate::bland::{self, Writes};
use crate::command::{Command, Doubt};
use crate::expected;
use crate::known;
use crate::prompt::{Looks, Prompt};
use crate::quoted::Follower;
use crate::running::Running;
use crate::session::{Driver, Session};
use crate::shell::{self, Program};
use crate::shells::Kind;

/// Acts kept until it is known whether the shell shows them again.
const UNPROMPTED_MAX: usize = 16;
/// One of these is in the name of each program that changes the user.
const PARTS: &[&str] = &["su", "do", "run", "exec"];
/// So many other lines may be entered before one that was typed ahead is shown again.
const PATIENCE: usize = 3;

/// The line is among so many words.
const PROMPT_WORDS: usize = 3;

#[derive(Default)]
pub(crate) struct Unprompted {
    acts: Vec<Follower>,
    patience: usize,
}

impl Session {
    /// What was entered, if that is what `text` shows, and the prompt before it.
    pub(crate) fn unprompted(&self, text: &str) -> Option<Input> {
        // What is itself not sure says nothing of what stands below it.
        let running = self.running.as_ref().filter(|running| running.command.doubt.is_none() && !running.command.reconstructed)?;
        let shell = self.shells.current().filter(|shell| shell.kind == Kind::Shell)?;
        if !PARTS.iter().any(|part| text.contains(part)) {
            return None;
        }
        let unmarked = !shell.marked && !running.marked;
        let reads = || running.expect.opens || takes_lines(&running.command);
        let blind = (running.expect.changes_prompt || !self.stripped && reads()) && (unmarked || self.may_have_lost_marks());
        if blind || unmarked && is_silent(&running.command, self.stripped) {
            let prompt = if blind { behind_any_prompt(text) } else { 0 };
            return Some(Input::at(Prompt::known(text.get(..prompt)?), false).with_text(text.get(prompt..)?));
        }
        let prompt = Prompt::of(text)
            .filter(|prompt| !self.stripped && prompt.looks < Looks::Strong && prompt.root().is_some() && runs_unknown(running))?;
        let rest = prompt.leads(text)?.to_owned();
        Some(Input::at(prompt, false).with_text(&rest))
    }
}

/// Where a line begins, if what is before it is a prompt that says nothing: at the first program's name. A sentence has more words before one.
fn behind_any_prompt(text: &str) -> usize {
    let mut at = 0;
    for word in text.split_inclusive(' ').take(PROMPT_WORDS) {
        let name = word.trim_end().rsplit('/').next().unwrap_or_default();
        if known::is_program(name) {
            return at;
        }
        at += word.len();
    }
    0
}

/// What it runs says nothing but complaints. `strictly`: it says nothing.
fn is_silent(command: &Command, strictly: bool) -> bool {
    let silent = |program: &Program| {
        matches!(program.program.as_str(), "sleep" | "wait") || !strictly && bland::of_program(program) == Writes::Complaints
    };
    command.parsed && !command.programs.is_empty() && command.programs.iter().all(silent)
}

/// It runs lines that it reads, which may come from the terminal.
fn takes_lines(command: &Command) -> bool {
    let takes = |program: &Program| {
        matches!(program.program.as_str(), "eval" | "xargs" | "parallel" | "at" | "batch")
            || program.program.starts_with('$')
            || shell::is_shell(&program.program) && program.fed
    };
    command.programs.iter().any(takes)
}

/// Something that only this host has, or that may go by another's name: it may open a shell.
fn runs_unknown(running: &Running) -> bool {
    let unknown = |program: &Program| {
        let by_path = program.argv.first().is_some_and(|name| name.contains('/'));
        by_path || !known::is_program(&program.program)
    };
    running.command.programs.iter().any(unknown)
}

/// It was typed before its prompt came.
fn may_come_again(act: &Follower) -> bool {
    act.command.prompt.is_empty()
}

impl Driver<'_> {
    /// A line of output, number `number`.
    pub(crate) fn note_unprompted(&mut self, text: &str, number: u64) {
        if let Some(input) = self.session.unprompted(text) {
            self.keep_act(Input { first_line: number, last_line: number, ..input });
        }
    }

    /// A prompt stands behind output that ends in the same prompt: what seems a line may be that, and the line what is behind the last.
    pub(crate) fn note_behind(&mut self, input: &Input) {
        let prompt = &input.prompt;
        let Some(at) = input.text.rfind(prompt.text.as_str()).filter(|_| !prompt.text.trim().is_empty() && !self.session.stripped) else {
            return;
        };
        let may_print = self.session.running.as_ref().is_some_and(|running| bland::writes(&running.command) == Writes::Anything);
        if !input.marked && may_print && (at == 0 || prompt.looks != Looks::Bare) {
            let line = input.text.get(at + prompt.text.len()..).unwrap_or_default().to_owned();
            self.keep_act(Input::at(prompt.clone(), false).with_text(&line).on_lines_of(input));
        }
    }

    /// The alternate screen is about to be left: vi and less ask there for what they run meanwhile.
    pub(crate) fn note_escaped(&mut self) {
        let session = &*self.session;
        let runs = |running: &Running| {
            let asks = |program: &Program| shell::is_full_screen(&program.program) || shell::is_pager(&program.program);
            running.command.programs.iter().any(asks)
        };
        if !session.running.as_ref().is_some_and(runs) {
            return;
        }
        let row = session.screen.cursor().row;
        let asked = [Some(row), row.checked_sub(1)].into_iter().flatten().find_map(|row| {
            let text = session.screen.text(row, row, 0);
            let prompt = [":!", "!", ":"].into_iter().find(|prompt| text.starts_with(prompt))?;
            Some((prompt, text.get(prompt.len()..)?.to_owned()))
        });
        let number = session.lines + 1;
        if let Some((prompt, line)) = asked {
            let input = Input::at(Prompt::known(prompt), false).with_text(&line);
            self.open_if_asked(prompt, &line);
            if prompt != ":" {
                self.keep_act(Input { first_line: number, last_line: number, ..input });
            }
        }
    }

    /// `:sh` and `!sh`: the next prompt is a shell's.
    fn open_if_asked(&mut self, prompt: &str, line: &str) {
        let Some(shell) = self.session.shells.current() else { return };
        let programs = shell::programs(line, &mut shell.state.clone()).programs;
        let opens = programs.iter().any(|program| shell::opens_shell(&program.program, &program.argv));
        if let Some(running) = self.session.running.as_mut() {
            running.expect.opens |=
                opens || line.trim().is_empty() && prompt == "!" || matches!((prompt, line.trim()), (":", "sh" | "shell"));
        }
    }

    /// What acts as another user waits for the next line.
    fn keep_act(&mut self, input: Input) {
        let Some(shell) = self.session.shells.current() else { return };
        let mut state = shell.state.clone();
        let mut command = Command::entered(input, shell, self.session.time);
        expected::read(&mut command, &mut state);
        let makes_sense = command.line.split_whitespace().next().is_some_and(|first| known::is_program(first) || first.contains('/'));
        if command.elevations.is_empty() || !makes_sense || !command.parsed {
            return;
        }
        command.doubt = Some(Doubt::MayBeShown);
        let waiting = &mut self.session.unprompted;
        waiting.patience = PATIENCE;
        waiting.acts.push(Follower::alone(command));
        if waiting.acts.len() >= UNPROMPTED_MAX {
            self.tell_unprompted();
        }
    }

    /// A line was entered at a prompt: what was typed ahead of it may stand there again, and go on.
    pub(crate) fn note_prompted(&mut self, line: &str) {
        let waiting = &mut self.session.unprompted;
        if waiting.acts.is_empty() {
            return;
        }
        match waiting.acts.iter().position(|act| may_come_again(act) && line.starts_with(&act.command.line)) {
            Some(at) => {
                waiting.acts.remove(at);
                waiting.patience = PATIENCE;
            }
            None => waiting.patience = waiting.patience.saturating_sub(1),
        }
    }

    /// Tells the acts that stand at no other prompt.
    pub(crate) fn tell_waited(&mut self) {
        let waiting = &self.session.unprompted;
        if waiting.patience == 0 || !waiting.acts.iter().any(may_come_again) {
            self.tell_unprompted();
        }
    }

    pub(crate) fn tell_unprompted(&mut self) {
        for act in std::mem::take(&mut self.session.unprompted.acts) {
            for command in self.session.held.push(act) {
                self.sink.command(command);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_one_of_the_parts() {
        for program in crate::elevate::PROGRAMS {
            assert!(PARTS.iter().any(|part| program.contains(part)), "{program}");
        }
    }
}
