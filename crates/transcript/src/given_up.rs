//! Lines given up before they were handed over: what a line shows of it in; whether it surely did not run out.
//!
//! A terminal writes `^C` where Ctrl-C was typed, and the same two letters where they were typed. So a line that acts as another user and ends in
//! them was given up only if, had it run, they would have spoilt it: the program's name would be another, or the one thing it acts on. zsh may
//! take the keypad back before it hands a line over; that says nothing once a line may have told it otherwise.

use crate::bland::{self, Writes};
use crate::command::Command;
use crate::elevate::{self, Runs};
use crate::shell::{Program, is_incomplete};

/// What a terminal writes for Ctrl-C.
const SIGN: &str = "^C";
/// Words of lines that may change what zsh does when it hands a line over (zshzle(1): `zle-line-finish`).
const REBINDS: &[&str] = &["zle", "bindkey", "autoload", "emulate", "terminfo", "echoti", "TERM", "source"];

pub(crate) fn ends_in_sign(line: &str) -> bool {
    line.ends_with(SIGN)
}

/// Nothing stands below the line, which ends in `^C`: whether it surely did not run, or does nothing worth telling.
pub(crate) fn did_not_run(command: &Command) -> bool {
    let Some(before) = command.line.strip_suffix(SIGN) else { return false };
    // In quotes or a comment it was typed as such.
    if before.contains('#') || is_incomplete(before) && before.contains(['\'', '"']) {
        return false;
    }
    match command.elevations.as_slice() {
        [] => true,
        [_] if command.parsed && !before.ends_with(char::is_whitespace) => {
            command.programs.last().is_some_and(|last| is_spoilt(command, last))
        }
        _ => false,
    }
}

/// The last program of a line, whose last word ends in the sign, would not do what the line without it does.
fn is_spoilt(command: &Command, last: &Program) -> bool {
    // The shell says that there is no such program.
    if ends_in_sign(&last.program) && !last.argv.first().is_some_and(|name| name.contains('/')) {
        return true;
    }
    // The program that changes the user says that there is no such option or user.
    if elevate::request(&last.program, &last.argv).is_some_and(|request| request.runs == Runs::Shell) {
        return command.programs.len() == 1;
    }
    let operands = last.argv.iter().skip(1).filter(|word| !word.starts_with('-')).count();
    let alone = operands == 1 || operands == 2 && last.program == "systemctl";
    let [_, _] = command.programs.as_slice() else { return false };
    alone && last.under == Some(0) && bland::writes(command) == Writes::Complaints
}

/// After this line zsh's keypad tells nothing.
pub(crate) fn may_rebind(line: &str, programs: &[Program]) -> bool {
    REBINDS.iter().any(|word| line.contains(word))
        || programs.iter().any(|program| matches!(program.program.as_str(), "zle" | "." | "eval"))
}

#[cfg(test)]
mod tests {
    use crate::{Collected, Setup, Transcript};

    /// How many acts a shell without marks tells of a line that ends so, with nothing below it.
    fn told(line: &str) -> usize {
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        transcript.push(format!("sh-4.2$ {line}\r\nsh-4.2$ ls\r\nx\r\nsh-4.2$ ").as_bytes(), None, &mut found);
        transcript.finish(&mut found);
        found.commands.iter().filter(|command| command.elevates()).count()
    }

    #[test]
    fn what_the_sign_would_have_spoilt_was_given_up() {
        for line in ["sudo reboot^C", "sudo rm -rf /srv/data^C", "su -^C", "sudo -i^C", "sudo systemctl stop web^C", "ls | sudo reboot^C"] {
            assert_eq!(told(line), 0, "{line}");
        }
    }

    #[test]
    fn what_may_have_run_with_the_sign_is_told() {
        for line in [
            "sudo rm -rf /srv ^C",
            "sudo rm -rf /srv x^C",
            "sudo rm x # ^C",
            "sudo rm x;: ^C",
            "sudo rm x; rm -f y^C",
            "sudo rm 'x ^C",
            "sudo ./x^C",
            "sudo sh x^C",
            "sudo systemctl stop web x^C",
        ] {
            assert_eq!(told(line), 1, "{line}");
        }
    }
}
