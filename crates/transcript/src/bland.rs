//! Programs that write nothing of their caller's choosing: a line in; whether anything it runs could have written what stands below it out.
//!
//! What tells that a line was only shown stands below it, and whoever entered a line chooses most of what its programs write. Nobody makes one of
//! these write a prompt, a fence or a word at a line's start. None of them reads what is typed, or starts another program.

use crate::command::Command;
use crate::elevate::{self, Runs};
use crate::shell::Program;

/// What a program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Writes {
    /// Complaints alone, which begin with its name or a known word.
    Complaints,
    /// What is so, whoever asks.
    Facts,
    /// What its caller wants, or nobody knows.
    Anything,
}

/// How complaints of what starts services begin.
const SERVICES_SAY: &[&str] = &[
    "Failed ",
    "Warning: ",
    "Job ",
    "Unit ",
    "Created ",
    "Removed ",
    "See ",
    "Use ",
    "Synchronizing ",
    "Executing ",
    "Redirecting ",
    "* ",
];
/// What systemctl is asked that changes services and shows no text of theirs.
const SERVICE_VERBS: &[&str] = &[
    "start",
    "stop",
    "restart",
    "reload",
    "try-restart",
    "enable",
    "disable",
    "mask",
    "unmask",
    "kill",
    "daemon-reload",
    "reboot",
    "poweroff",
];

/// What the whole line may write.
pub(crate) fn writes(command: &Command) -> Writes {
    if !command.parsed {
        return Writes::Anything;
    }
    command.programs.iter().map(of_program).max().unwrap_or(Writes::Complaints)
}

/// Whether the line's programs may say this themselves.
pub(crate) fn may_say(command: &Command, row: &str) -> bool {
    let row = row.trim_start();
    let complains = |name: &str| row.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', '[']));
    row.is_empty()
        || row.starts_with("[sudo]")
        || command.programs.iter().any(|program| {
            complains(&program.program)
                || matches!(program.program.as_str(), "systemctl" | "service") && SERVICES_SAY.iter().any(|says| row.starts_with(says))
        })
}

/// Whether what the line leaves in the background writes nothing that tells. `sleep` is silent; in front, what is typed meanwhile is shown.
pub(crate) fn is_silent_behind(command: &Command) -> bool {
    command.parsed && command.programs.iter().all(|program| program.program == "sleep" || of_program(program) < Writes::Anything)
}

pub(crate) fn of_program(program: &Program) -> Writes {
    if program.unresolved || program.obscured {
        return Writes::Anything;
    }
    let words = program.argv.get(1..).unwrap_or_default();
    if let Some(request) = elevate::request(&program.program, &program.argv) {
        return of_elevator(&program.program, words, &request.runs);
    }
    match program.program.as_str() {
        "rm" | "rmdir" | "mkdir" | "mv" | "cp" | "ln" | "touch" | "chmod" | "chown" | "chgrp"
            if !words.iter().any(|word| is_chatty(word)) =>
        {
            Writes::Complaints
        }
        "kill" | "pkill" | "killall" | "true" | "false" | ":" | "exit" | "logout" | "umount" | "useradd" | "userdel" | "usermod"
        | "groupadd" | "service" => Writes::Complaints,
        "systemctl" => of_systemctl(words),
        // What these are given besides is shown to everybody.
        "reboot" | "halt" | "poweroff" if words.is_empty() => Writes::Facts,
        "id" | "whoami" | "pwd" | "cd" | "hostname" | "uptime" | "which" => Writes::Facts,
        _ => Writes::Anything,
    }
}

/// `sudo -p` and `-A` ask in words of the caller's. What it starts is a program of its own in the list.
fn of_elevator(name: &str, words: &[String], runs: &Runs) -> Writes {
    let own = match runs {
        Runs::Command(command) => words.len().saturating_sub(command.len()),
        Runs::Script(_) if name == "su" => words.len(),
        Runs::Script(_) | Runs::Shell | Runs::Edit | Runs::Nothing => return Writes::Anything,
    };
    let asks = |word: &String| word.starts_with('-') && word.contains(['p', 'A']);
    if words.iter().take(own).any(asks) { Writes::Anything } else { Writes::Complaints }
}

fn of_systemctl(words: &[String]) -> Writes {
    let is_verb = words.first().is_some_and(|verb| SERVICE_VERBS.contains(&verb.as_str()));
    if is_verb && words.iter().all(|word| !word.starts_with('-') || word == "--now") { Writes::Complaints } else { Writes::Anything }
}

/// `-v`, `--verbose`: it says what it does, or asks.
fn is_chatty(word: &str) -> bool {
    word.starts_with("--") && word.len() > 2 || word.starts_with('-') && word.contains(['v', 'i'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Collected, Setup, Transcript};

    fn command(line: &str) -> Command {
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        transcript.push(format!("sh-4.2$ {line}\r\nsh-4.2$ ").as_bytes(), None, &mut found);
        transcript.finish(&mut found);
        found.commands.remove(0)
    }

    #[test]
    fn what_a_caller_chooses_is_known() {
        for (line, expected) in [
            ("sudo rm -rf /srv/a", Writes::Complaints),
            ("sudo -u www systemctl restart web", Writes::Complaints),
            ("su -c 'rm x'", Writes::Complaints),
            ("sudo id", Writes::Facts),
            ("cd /srv && sudo reboot", Writes::Facts),
            ("# a comment", Writes::Complaints),
            ("sudo rm -v x", Writes::Anything),
            ("sudo -p '$ exit' rm x", Writes::Anything),
            ("sudo -np x rm x", Writes::Anything),
            ("sudo sh -c 'rm x; echo y'", Writes::Anything),
            ("sudo rm x; ./y", Writes::Anything),
            ("sudo -i", Writes::Anything),
            ("sudo reboot --message=x", Writes::Anything),
            ("sudo systemctl cat x", Writes::Anything),
            ("sudo $X", Writes::Anything),
            ("tee x", Writes::Anything),
        ] {
            assert_eq!(writes(&command(line)), expected, "{line}");
        }
    }

    #[test]
    fn complaints_are_known() {
        let line = command("sudo systemctl restart web");
        for row in ["", "sudo: unable to resolve host web-3", "[sudo] password for a:", "Failed to restart web.service: Unit not found."] {
            assert!(may_say(&line, row), "{row}");
        }
        for row in ["sudo tail -f /var/log/messages", "```", "Then `sudo -i`"] {
            assert!(!may_say(&line, row), "{row}");
        }
    }
}
