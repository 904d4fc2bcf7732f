//! What is entered on the terminal's alternate screen is found, whoever switched to it; what a full-screen program draws there is not entered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use transcript::{Collected, Command, Setup, Transcript};

fn read(text: &str) -> Vec<Command> {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(text.as_bytes(), None, &mut found);
    transcript.finish(&mut found);
    found.commands
}

/// The agent's documents, with returns taken out, and sequences kept.
fn streamed(text: &str) -> Vec<Command> {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    for (number, line) in text.replace('\r', "").split('\n').enumerate() {
        let entry = serde_json::json!({"eventVersion": "1.0", "eventTime": "2026-11-20T01:02:03Z", "runAsUser": "a", "sessionId": "a-0a1b2c3d4e5f67890", "sessionData": [line]});
        transcript.message(number as i64, &entry.to_string(), &mut found);
    }
    transcript.finish(&mut found);
    found.commands
}

fn acts(found: &[Command]) -> Vec<&str> {
    found.iter().filter(|command| command.elevates()).map(|command| command.line.as_str()).collect()
}

/// A shell at `prompt`: whether its line editor announces itself, and each line with what stands below it.
fn session(prompt: &str, marked: bool, lines: &[(&str, &str)]) -> String {
    let (on, off) = if marked { ("\x1b[?2004h", "\x1b[?2004l\r") } else { ("", "") };
    let lines: String = lines.iter().map(|(line, shown)| format!("{on}{prompt}{line}\r\n{off}{shown}")).collect();
    lines + on + prompt
}

const PROMPTS: [&str; 4] = ["$ ", "sh-5.2$ ", "[a@web-3 ~]$ ", "a@web-3:~$ "];

#[track_caller]
fn finds(lines: &[(&str, &str)], expected: &[&str]) {
    for prompt in PROMPTS {
        for marked in [false, true] {
            let text = session(prompt, marked, lines);
            assert_eq!(acts(&read(&text)), expected, "{text:?}");
            if !marked {
                assert_eq!(acts(&streamed(&text)), expected, "streamed {text:?}");
            }
        }
    }
}

#[test]
fn who_asks_for_the_alternate_screen_at_a_prompt_hides_nothing() {
    for (line, shown) in [
        (r"printf '\033[?1049h'", "\x1b[?1049h"),
        (r"printf '\033[?47h'", "\x1b[?47h"),
        (r"printf '\033[?1047h'", "\x1b[?1047h"),
        (r"printf '\033[?25;1049h'", "\x1b[?25;1049h"),
        (r"printf '\033[?1049h\033[H\033[2J'", "\x1b[?1049h\x1b[H\x1b[2J"),
        (r"echo -e '\e[?1049h'", "\x1b[?1049h\r\n"),
        ("tput smcup", "\x1b[?1049h\x1b[22;0;0t"),
        ("cat notes.txt", "one\r\n\x1b[?1049htwo\r\n"),
        ("./x.sh", "\x1b[?1049h"),
        (r"git status; printf '\033[?1049h'", "clean\r\n\x1b[?1049h"),
        ("tput smcup; sudo true", "\x1b[?1049h"),
    ] {
        let mut expected = vec!["sudo rm x", "sudo id"];
        if line.contains("sudo") {
            expected.insert(0, line);
        }
        finds(&[("ls", "x\r\n"), (line, shown), ("sudo rm x", ""), ("ls", "y\r\n"), ("sudo id", "uid=0(root)\r\n")], &expected);
        let left = [(line, shown), ("sudo rm x", ""), (r"printf '\033[?1049l'", "\x1b[?1049l"), ("sudo id", "uid=0(root)\r\n")];
        finds(&left, &expected);
    }
}

#[test]
fn a_prompt_that_asks_for_the_alternate_screen_hides_nothing() {
    for prompt in ["\x1b[?1049h$ ", "$ \x1b[?1049h", "\x1b[?1049h$ \x1b[?1049l", "a@h:~$ \x1b[?1049h"] {
        for marked in [false, true] {
            let text = session(prompt, marked, &[("ls", "x\r\n"), ("sudo rm x", ""), ("ls", "x\r\n")]);
            assert_eq!(acts(&read(&text)), ["sudo rm x"], "{text:?}");
        }
    }
}

#[test]
fn what_is_entered_where_a_program_left_the_screen_on_is_found() {
    for opened in ["\x1b[?1049h", "\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\r:\x1b[K\r"] {
        let lines = [("less x", opened), ("sudo rm x", ""), ("ls", "y\r\n")];
        finds_whole(&lines);
        let lines = [("less x", opened), ("sudo rm x", ""), ("tput rmcup", "\x1b[?1049l"), ("ls", "y\r\n")];
        finds_whole(&lines);
    }
}

#[test]
fn so_many_lines_as_are_kept_hide_nothing_that_follows_them() {
    let many = vec![("ls", "y\r\n"); 255];
    for before in [254, 255] {
        let mut lines = vec![("less x", "\x1b[?1049h")];
        lines.extend_from_slice(&many[..before]);
        lines.extend([("sudo rm x", ""), ("ls", "y\r\n"), ("printf 'x\\033[?1049l'", "x\x1b[?1049l"), ("ls", "y\r\n")]);
        finds_whole(&lines);
    }
}

#[track_caller]
fn finds_whole(lines: &[(&str, &str)]) {
    for prompt in PROMPTS {
        for marked in [false, true] {
            let text = session(prompt, marked, lines);
            assert_eq!(acts(&read(&text)), ["sudo rm x"], "{text:?}");
        }
    }
}

#[test]
fn what_a_full_screen_program_draws_is_not_entered() {
    for prompt in PROMPTS {
        let log = format!("{prompt}sudo reboot\r\n{prompt}sudo id\r\nsudo -i\r\n$ sudo ls\r\n");
        let vim = format!(
            "\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\x1b[?2004h\x1b[1;24r\x1b[?25l\x1b[H\x1b[2J{log}\x1b[24;1H\"x\" 4L\x1b[1;1H\x1b[?25h\x1b[24;1H\x1b[K:q\r\x1b[?2004l\x1b[?1l\x1b>\x1b[?1049l\x1b[23;0;0t"
        );
        let less =
            format!("\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\r{log}\x1b[7m(END)\x1b[27m\x1b[K\r\x1b[K\x1b[?1l\x1b>\x1b[?1049l\x1b[23;0;0t");
        let top = format!("\x1b[?1049h\x1b[?1h\x1b=\x1b[H\x1b[2J{log}  1 root sudo rm x\x1b[K\r\n\x1b[6;1H\x1b[?1l\x1b>\x1b[?1049l");
        for marked in [false, true] {
            for (line, drawn) in [
                ("vim x", &vim),
                ("EDITOR=vim crontab -e", &vim),
                ("cd /etc && vi x", &vim),
                ("command view x", &vim),
                ("less x", &less),
                ("cat x | less", &less),
                ("git log", &less),
                ("env LESS=R journalctl -u x", &less),
                ("man ls", &less),
                ("kubectl edit pod x", &vim),
                ("top", &top),
                ("watch -n1 ps", &top),
            ] {
                let text = session(prompt, marked, &[("ls", "x\r\n"), (line, drawn), ("ls", "x\r\n")]);
                let found = read(&text);
                assert_eq!(found.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), ["ls", line, "ls"], "{text:?}");
            }
        }
    }
}
