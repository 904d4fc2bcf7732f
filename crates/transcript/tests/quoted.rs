//! Lines that look entered below a program that shows text: which of them ran.

#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use transcript::{Collected, Command, Doubt, Outcome, Setup, Transcript, rules};

fn read(text: &str) -> Vec<Command> {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(text.replace('\n', "\r\n").as_bytes(), None, &mut found);
    transcript.finish(&mut found);
    found.commands
}

/// Of a session at a bare prompt without a line editor's marks: the lines that are told of.
#[track_caller]
fn check(text: &str, told: &[&str]) {
    let commands = read(text);
    let found: Vec<&str> = commands.iter().filter(|command| command.elevates()).map(|command| command.line.as_str()).collect();
    assert_eq!(found, told, "{commands:#?}");
    for command in commands.iter().filter(|command| command.not_run) {
        assert!(command.doubt.is_some() && rules::outcome(command) == Some(Outcome::NotRun), "{command:?}");
    }
}

#[test]
fn a_shell_that_was_left_does_not_go_on() {
    check("$ cat log\n$ sudo reboot\nrebooting\n$ exit\n$ sudo id\nuid=0(root)\n$ ", &["sudo id"]);
    // Not where the shell may not have read it, or an inner one was left.
    check("$ cat log\n$ sudo rm x\n$ false && exit\n$ ls\nx\n$ ", &["sudo rm x"]);
    check("sh-4.2$ ./enter\n[a@b ~]$ cat log\n[a@b ~]$ sudo rm x\n[a@b ~]$ exit\nsh-4.2$ ls\nx\nsh-4.2$ ", &["sudo rm x"]);
    // A file that is empty, and nothing that speaks against what follows it.
    check("$ cat log\n$ sudo reboot\nrebooting\n$ ls\nx\n$ ", &["sudo reboot"]);
}

#[test]
fn what_ran_before_the_last_text_stays() {
    check("$ cat a\none\n$ sudo id\nuid=0(root)\n$ cat log\n$ sudo reboot\n$ exit\n$ ls\nx\n$ ", &["sudo id"]);
    check("$ cat a\n$ sudo id\nuid=0(root)\n$ cat b.md\n```\n$ sudo reboot\n```\n$ sudo ls\nx\n$ ", &["sudo id", "sudo ls"]);
}

#[test]
fn what_is_printed_of_the_line_itself_did_not_run() {
    check("$ printf '$ sudo id\\n'\n$ sudo id\n$ ls\nx\n$ ", &[]);
    check("$ echo \"$ sudo id\"\n$ sudo id\n$ ls\nx\n$ ", &[]);
    check("$ printf '$ sudo id\\n'\n$ sudo id\n$ sudo id\nuid=0(root)\n$ ", &["sudo id"]);
    // Once, if it is printed once.
    check("$ printf '$ sudo rm x\\n'\n$ sudo rm x\n$ sudo rm x\n$ ls\nx\n$ ", &["sudo rm x"]);
    check("$ printf '$ sudo id\\n'\n$ sudo id\n$ ls\nx\n$ ", &[]);
}

#[test]
fn a_search_finds_lines_with_its_word() {
    check("$ grep sudo runbook\n$ sudo systemctl stop a\nsudo -i, then look\n$ ls\nx\n$ ", &[]);
    check("$ grep sudo runbook\nsudo -i\n$ sudo id\nuid=0(root)\n$ ls\nx\n$ ", &["sudo id"]);
    check("$ grep -n sudo *\nrunbook:4:$ sudo reboot\n$ ls\nx\n$ ", &[]);
}

#[test]
fn a_document_and_a_recorded_session_are_no_input() {
    check("$ cat x.md\n# Restart\n```\n$ sudo reboot\n# reboot\n```\nDone.\n$ sudo id\n$ ", &["sudo id"]);
    check("$ cat log\n$ sudo reboot\nrebooting\n[root@web-3 ~]# rm -rf /srv\n$ ls\nx\n$ ", &[]);
}

#[test]
fn what_fills_the_screen_ends_without_a_newline() {
    check("$ vim notes\n$ sudo halt\n-- INSERT --$ ls\nx\n$ ", &[]);
    // Not what a line that ran may have asked.
    check("$ cat log\n$ sudo rm x\n[sudo] password for a: $ ls\nx\n$ ", &["sudo rm x"]);
    check("$ cat log\n$ sudo rm x\n$ printf a\na$ ls\nx\n$ ", &["sudo rm x"]);
}

/// What ran, with what somebody may enter or have printed to make it look shown.
#[test]
fn no_line_that_ran_is_made_to_look_shown() {
    for (before, own, after) in [
        // As many lines as were asked for.
        ("head -n 1 /dev/null", "sudo rm x\n", ""),
        ("head -n 2 log\none", "sudo rm x\n", ""),
        // What the line's own programs print.
        ("cat log", "sudo sh -c 'rm x; cat log2'\n[root@b ~]# ls\n", ""),
        ("cat log\n```", "sudo ./x\n```\n", ""),
        ("grep sudo log", "sudo sh -c 'rm x; echo sudo'\nsudo\n", ""),
        ("grep web log", "sudo hostname\nweb-3\n", ""),
        ("grep sudo log", "sudo systemctl stop a\nsudo: unable to resolve host a\n", ""),
        ("less log", "sudo sh -c 'rm x; cat log2'\n(END)\n", ""),
        ("cat log", "sudo -p '[root@b ~]# ls' rm x\n[root@b ~]# ls\n", ""),
        // What a later line prints.
        ("cat log", "sudo rm x\n", "$ ./y\n$ exit\n[root@b ~]# ls\n"),
        ("cat log", "sudo rm x\n", "$ ls\n[root@b ~]# ls\n"),
        // Its own words.
        ("cat -v log", "sudo rm x #^M\n", ""),
        ("printf '%.0s' '$ sudo rm x'", "sudo rm x\n", ""),
        ("echo -e '\\c$ sudo rm x'", "sudo rm x\n", ""),
        ("echo '$ sudo rm x' > log", "sudo rm x\n", ""),
        ("false && echo '$ sudo rm x'", "sudo rm x\n", ""),
        ("printf foo; grep -q x log\nfoo", "sudo rm x\n", ""),
        // What is left behind to write later.
        ("(sleep 9; cat log) & cat log2", "sudo rm x\n[root@b ~]# ls\n", ""),
        ("ls\n$ (sleep 9; cat log) &\n$ cat log2", "sudo rm x\n[root@b ~]# ls\n", ""),
        ("exec > log\n$ echo '$ sudo rm x'", "sudo rm x\n", ""),
    ] {
        let told = read(&format!("$ {before}\n$ {own}{after}$ ls\nx\n$ ")).iter().filter(|command| command.elevates()).count();
        assert_eq!(told, 1, "{before:?} {own:?} {after:?}");
    }
}

#[test]
fn a_prompt_that_was_set_is_the_prompt() {
    let commands = read("$ ls\nx\n$ PS1='web$ '\nweb$ sudo id\nuid=0(root)\nweb$ ls\nx\nweb$ ");
    assert_eq!(commands.iter().map(|command| command.prompt.as_str()).collect::<Vec<_>>(), ["$ ", "$ ", "web$ ", "web$ "]);
    assert_eq!(commands[2].doubt, None);
}

#[test]
fn zsh_takes_the_keypad_back_when_a_line_is_handed_over() {
    let mark = format!(
        "\x1b[1m\x1b[7m%\x1b[27m\x1b[1m\x1b[0m{}\r \r\r\x1b[0m\x1b[27m\x1b[24m\x1b[Ja@h ~ $ \x1b[K\x1b[?1h\x1b=\x1b[?2004h",
        " ".repeat(79)
    );
    let entered = |line: &str, shown: &str| format!("{mark}{line}\x1b[?1l\x1b>\x1b[?2004l\r\r\n{shown}");
    let given_up = |line: &str, shown: &str| format!("{mark}{line}\x1b[?2004l\r\r\n{shown}");
    let acts = |text: String| -> Vec<(String, bool)> {
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        transcript.push(text.as_bytes(), None, &mut found);
        transcript.finish(&mut found);
        let acts = found.commands.into_iter().filter(|command| !command.elevations.is_empty());
        acts.map(|command| (command.line.clone(), command.elevates())).collect()
    };
    let told = |line: &str, told: bool| (line.to_owned(), told);
    let text = [entered("ls", "x\r\n"), given_up("sudo a", ""), entered("sudo b", ""), mark.clone()].concat();
    assert_eq!(acts(text), [told("sudo a", false), told("sudo b", true)]);
    // What printed something ran, and those after it are believed to have run as well.
    let text = [entered("ls", "x\r\n"), given_up("sudo a", "y\r\n"), given_up("sudo b", ""), mark.clone()].concat();
    assert_eq!(acts(text), [told("sudo a", true), told("sudo b", true)]);
    // Nor does the keypad tell anything once it may be told otherwise.
    let text = [entered("zle -D zle-line-finish", ""), given_up("sudo a", ""), entered("ls", "x\r\n"), mark.clone()].concat();
    assert_eq!(acts(text), [told("sudo a", true)]);
    // Another shell has not shown yet what it does.
    for opener in ["exec zsh -f", "printf '\\e[?1h'; exec zsh -f", "zsh -f"] {
        let text = [entered("ls", "x\r\n"), entered(opener, ""), given_up("sudo a", ""), given_up("sudo b", ""), mark.clone()].concat();
        assert_eq!(acts(text), [told("sudo a", true), told("sudo b", true)], "{opener}");
    }
}

#[test]
fn no_rule_takes_what_did_not_run() {
    let (shipped, errors) = rules::Rules::shipped();
    assert!(errors.is_empty(), "{errors:?}");
    let commands = read("$ cat log\n$ sudo rm ~/.aws/credentials\n$ exit\n$ ls\nx\n$ ");
    let shown = commands.iter().find(|command| command.line.contains("credentials"));
    let Some(shown) = shown else { panic!("{commands:?}") };
    assert_eq!((shown.doubt, shown.not_run, shown.elevated()), (Some(Doubt::MayBeShown), true, false));
    let event = rules::of_command(shown, &rules::About::default());
    assert!(shipped.matching(rules::LogSource::Session, &event).is_empty());
}
