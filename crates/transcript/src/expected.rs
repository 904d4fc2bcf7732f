//! A command's line in, what it asks for and what is expected of the next prompt out.

use crate::command::{Command, Doubt, Elevation};
use crate::elevate::{self, Outcome, Runs};
use crate::shell::{self, How, Program, State};
use crate::shells::Expect;
use crate::shown::{self, Shown};

/// Reads a command's programs and attempts to elevate, and what they lead to expect of the next prompt.
pub(crate) fn read(command: &mut Command, state: &mut State) -> Expect {
    let parsed = shell::programs(command.effective(), state);
    command.parsed = parsed.whole && !command.truncated;
    command.programs = parsed.programs;
    command.elevations = command.programs.iter().filter_map(elevation).collect();
    let mut expect = Expect { line: command.effective().to_owned(), ..Expect::default() };
    let shown = command.programs.iter().map(|program| shown::of(&program.program, &program.argv, program.unresolved)).max();
    expect.shows = shown == Some(Shown::Text);
    expect.shows_behind = shown == Some(Shown::BehindSigns);
    expect.shows_lines = match command.programs.as_slice() {
        [program] if !program.unresolved => shown::lines_max(&program.argv),
        _ => None,
    };
    expect.leaves = command.programs.iter().any(|program| matches!(program.program.as_str(), "exit" | "logout"));
    expect.replaces = command.programs.iter().any(|program| program.program == "exec");
    expect.sets_prompt = command.effective().contains("PS1=") || command.effective().contains("PROMPT=");
    expect.changes_prompt = expect.sets_prompt
        || command.programs.iter().any(|program| matches!(program.program.as_str(), "." | "source" | "exec" | "conda" | "deactivate"));
    let Some(last) = command.programs.iter().rposition(|program| !program.fed && shell::opens_shell(&program.program, &program.argv))
    else {
        expect.interpreter = command.programs.last().is_some_and(|program| shell::is_interpreter(&program.program));
        return expect;
    };
    expect.opens = true;
    let opener = command.programs.get(last);
    let by = command.elevations.iter().rev().find(|by| by.shell || opener.is_some_and(|opener| opener.under.is_some()));
    if let Some(by) = by {
        expect.root = Some(by.as_user.is_none());
        expect.user = Some(by.as_user.clone().unwrap_or_else(|| "root".to_owned()));
    }
    expect
}

/// zsh knows no comments where people type, unless it is told to (`interactive_comments`): what stands behind `#` may have run.
pub(crate) fn read_comment(command: &mut Command, state: &State) {
    let line = command.effective();
    if !command.elevations.is_empty() || !line.contains('#') {
        return;
    }
    let words = line.replace(" #", " \\#");
    let words = if words.starts_with('#') { format!("\\{words}") } else { words };
    let parsed = shell::programs(&words, &mut state.clone());
    let elevations: Vec<_> = parsed.programs.iter().filter_map(elevation).collect();
    if !elevations.is_empty() {
        command.programs = parsed.programs;
        command.elevations = elevations;
        command.doubt.get_or_insert(Doubt::MayBeOtherwise);
    }
}

fn elevation(program: &Program) -> Option<Elevation> {
    let request = elevate::request(&program.program, &program.argv)?;
    let shell = match &request.runs {
        Runs::Nothing => return None,
        Runs::Shell => true,
        Runs::Command(words) => words.first().is_some_and(|first| {
            let name = first.rsplit('/').next().unwrap_or(first);
            shell::opens_shell(name, words) && name != "ssh"
        }),
        Runs::Script(_) | Runs::Edit => false,
    };
    Some(Elevation {
        program: program.program.clone(),
        as_user: request.as_user,
        how: program.how,
        shell,
        obscured: program.obscured || program.how == How::Alias,
        outcome: Outcome::Unknown,
    })
}
