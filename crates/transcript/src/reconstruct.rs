//! A line of a streamed log in, the lines out that may have been entered there.
//!
//! The agent takes returns and control sequences out of what it streams, and leaves backspaces. So what a line editor moved to, inserted and
//! erased is not told; only what it wrote, one after the other. The line that the screen would show is tried first; these are what else would
//! have left the same text, and matter where one of them acts as another user and the shown line does not.

use crate::elevate;
use crate::shell::{self, State};

/// Longest line that is looked at, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 4096;

/// A shorter one may be a word written twice.
const PASTED_BYTES_MIN: usize = 8;

/// The line among those possible that acts as another user, if `shown` does not. `written`: what was written after the prompt, with backspaces.
pub(crate) fn better(shown: &str, written: &str, state: &State) -> Option<String> {
    if written.len() > LINE_BYTES_MAX || elevates(shown, state) {
        return None;
    }
    let mut possible = vec![inserted(written)];
    possible.extend(put_in_front(shown));
    possible.extend(written_again(shown));
    possible.into_iter().find(|line| line != shown && elevates(line, state))
}

/// The line that was shown as pasted, and drawn again when it was entered: it stands there twice.
pub(crate) fn pasted(shown: &str) -> Option<&str> {
    let (first, second) = shown.split_at_checked(shown.len() / 2)?;
    (first == second && first.len() >= PASTED_BYTES_MIN).then_some(first)
}

fn elevates(line: &str, state: &State) -> bool {
    let found = shell::programs(line, &mut state.clone()).programs;
    found
        .iter()
        .any(|program| elevate::request(&program.program, &program.argv).is_some_and(|request| request.runs != elevate::Runs::Nothing))
}

/// As if each letter was inserted where the cursor stood: `do id`, back to the start, `su`.
fn inserted(written: &str) -> String {
    let mut before = Vec::new();
    let mut behind = Vec::new();
    for letter in written.chars() {
        if letter == '\u{8}' {
            behind.extend(before.pop());
        } else {
            before.push(letter);
        }
    }
    before.into_iter().chain(behind.into_iter().rev()).collect::<String>().trim_end().to_owned()
}

/// As if the cursor had gone to the line's start before the end of it was typed: `reboot`, Ctrl-A, `sudo `.
fn put_in_front(shown: &str) -> Option<String> {
    ["sudo", "doas", "pkexec"].into_iter().find_map(|name| {
        let rest = shown.strip_suffix(name)?;
        (rest.ends_with(char::is_alphanumeric) && !shown.ends_with("visudo")).then(|| format!("{name} {rest}"))
    })
}

/// As if the end was typed first, then the line was drawn again: ` id` and `sudo id`.
fn written_again(shown: &str) -> Option<String> {
    let letters: Vec<char> = shown.chars().collect();
    (1..letters.len() / 2 + 1).rev().find_map(|length| {
        let (first, rest) = letters.split_at(length);
        (rest.len() > length && rest.ends_with(first)).then(|| rest.iter().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, shown: &str, expected: Option<&str>) {
        assert_eq!(better(shown, written, &State::default()).as_deref(), expected, "{written:?}");
    }

    #[test]
    fn lines_that_act_are_seen_behind_what_is_shown() {
        check("do id\u{8}\u{8}\u{8}\u{8}\u{8}su", "su id", None);
        check("s id\u{8}\u{8}\u{8}udo", "sudo", Some("sudo id"));
        check("systemctl restart nginxsudo", "systemctl restart nginxsudo", Some("sudo systemctl restart nginx"));
        check(" id -usudo id -u", " id -usudo id -u", Some("sudo id -u"));
    }

    #[test]
    fn pasted_lines_stand_twice() {
        assert_eq!(pasted("sudo reboot nowsudo reboot now"), Some("sudo reboot now"));
        assert_eq!(pasted("lsls"), None);
        assert_eq!(pasted("echo 日本日本"), None);
    }

    #[test]
    fn other_lines_stay() {
        check("sudo reboot\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}echo a", "echo a", None);
        check("visudo", "visudo", None);
        check("cat /etc/pam.d/sudo", "cat /etc/pam.d/sudo", None);
        check("echo sudo", "echo sudo", None);
        check("grep sudo xgrep sudo x", "grep sudo xgrep sudo x", None);
    }
}
