//! Marks of line editors that are missing, or printed by others; prompts that nobody can know.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use transcript::{Collected, Command, Doubt, Setup, Transcript};

const ON: &str = "\x1b[?2004h";
const OFF: &str = "\x1b[?2004l\r";

fn read(text: &str) -> Vec<Command> {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(text.as_bytes(), None, &mut found);
    transcript.finish(&mut found);
    found.commands
}

/// The acts that are told, and whether with a doubt.
fn acts(text: &str) -> Vec<(String, bool)> {
    read(text).into_iter().filter(Command::elevates).map(|command| (command.line, command.doubt.is_some())).collect()
}

#[track_caller]
fn check(text: &str, expected: &[(&str, bool)]) {
    let expected: Vec<_> = expected.iter().map(|(line, doubt)| ((*line).to_owned(), *doubt)).collect();
    assert_eq!(acts(text), expected, "{text:?}");
}

/// Lines as bash writes them with its marks.
fn marked(prompt: &str, line: &str, below: &str) -> String {
    format!("{ON}{prompt}{line}\r\n{OFF}{below}")
}

#[test]
fn a_shell_whose_marks_were_switched_off_is_read() {
    let rest = "sh-5.2$ sudo id\r\nuid=0(root)\r\nsh-5.2$ sudo ls\r\nx\r\nsh-5.2$ exit\r\nexit\r\n";
    for line in [
        "TERM=dumb",
        "bind 'set enable-bracketed-paste off'",
        "set +o emacs",
        "cat /dev/null; set +o emacs",
        ". ./x",
        "./opens-a-shell",
        "make shell",
        "python3 -c 'import pty; pty.spawn(\"sh\")'",
        "TERM=dumb; cat x",
        "awk 'BEGIN { system(\"sh\") }'",
    ] {
        check(&format!("{}{rest}", marked("sh-5.2$ ", line, "")), &[("sudo id", true), ("sudo ls", true)]);
    }
    // Switched on again.
    let on = "sh-5.2$ sudo id\r\nuid=0(root)\r\nsh-5.2$ set -o emacs\r\n";
    let text = [&marked("sh-5.2$ ", "set +o emacs", ""), on, &marked("sh-5.2$ ", "sudo ls", "x\r\n"), ON, "sh-5.2$ "].concat();
    check(&text, &[("sudo id", true), ("sudo ls", false)]);
    // zsh draws its prompt as before, but for the mark.
    let zsh = |line: &str, on: &str, off: &str| {
        format!(
            "\x1b[1m\x1b[7m%\x1b[27m\x1b[1m\x1b[0m{}\r \r\r\x1b[0m\x1b[27m\x1b[24m\x1b[Jvm% \x1b[K{on}{line}{off}\r\r\n",
            " ".repeat(79)
        )
    };
    let text = [zsh("unset zle_bracketed_paste", ON, "\x1b[?2004l"), zsh("sudo id", "", ""), "uid=0(root)\r\n".to_owned()].concat();
    check(&text, &[("sudo id", true)]);
}

#[test]
fn what_a_program_shows_between_a_shells_marks_is_no_line() {
    let rest = "sh-5.2$ sudo id\r\nuid=0(root)\r\nroot@db-1:~# sudo ls\r\n";
    for line in ["cat x", "tail -n 9 x | grep -v y", "sudo cat x", "sed -n 1,9p x", "printf '%s\\n' \"$x\""] {
        let text = [marked("sh-5.2$ ", line, rest), marked("sh-5.2$ ", "ls", "x\r\n"), format!("{ON}sh-5.2$ ")].concat();
        let expected: &[(&str, bool)] = if line.starts_with("sudo") { &[("sudo cat x", false)] } else { &[] };
        check(&text, expected);
    }
}

#[test]
fn a_shell_on_another_host_that_a_script_opens_is_read() {
    let inside = "ec2-user@db-1:~$ sudo id\r\nuid=0(root)\r\nec2-user@db-1:~$ sudo ls\r\nx\r\nec2-user@db-1:~$ exit\r\nlogout\r\n";
    let text = [marked("sh-5.2$ ", "./connect db-1", inside), marked("sh-5.2$ ", "sudo true", ""), format!("{ON}sh-5.2$ ")].concat();
    check(&text, &[("sudo id", true), ("sudo ls", true), ("sudo true", false)]);
    // A shell that nothing opened is not told as one that root's rights were gained in.
    assert!(read(&text.replace("db-1:~$", "db-1:~#")).iter().all(|command| !command.entered_root_shell));
    // Of a prompt that is a bare mark, only what acts.
    for outer in ["$ ls\r\nx\r\n$ ./connect c\r\n".to_owned(), marked("sh-5.2$ ", "./connect c", "")] {
        let left = if outer.starts_with('$') { "$ sudo id -u\r\n" } else { "\x1b[?2004hsh-5.2$ sudo id -u\r\n\x1b[?2004l\r" };
        check(&format!("{outer}/ # sudo id\r\nuid=0(root)\r\n/ # exit\r\n{left}"), &[("sudo id", true), ("sudo id -u", false)]);
    }
}

#[test]
fn marks_that_programs_print_in_a_shell_without_hide_nothing() {
    let both: &[(&str, bool)] = &[("sudo id", false), ("sudo ls", false)];
    let rest = |prompt: &str| format!("{prompt}sudo id\r\nuid=0(root)\r\n{prompt}sudo ls\r\nx\r\n{prompt}exit\r\n");
    // With the prompt that is known, and with one that the same line set.
    check(&format!("$ id\r\nuid=1\r\n$ ./x\r\n{ON}{}", rest("$ ")), both);
    check(&format!("$ id\r\nuid=1\r\n$ PS1='% '; printf '\\033[?2004h'\r\n{ON}{}", rest("% ")), both);
    check(&format!("$ id\r\nuid=1\r\n$ PS1='x '; printf '\\033[?2004h'\r\n{ON}{}", rest("x ")), both);
    // A single line, and the log ends.
    check(&format!("$ id\r\nuid=1\r\n$ PS1='% '; printf '\\033[?2004h'\r\n{ON}% sudo id\r\nuid=0(root)\r\n"), &both[..1]);
    // Each prompt bears one.
    let each = format!("{ON}% sudo id\r\nuid=0(root)\r\n{ON}% sudo ls\r\nx\r\n{ON}% exit\r\n");
    check(&format!("$ id\r\nuid=1\r\n$ PS1=$(printf '\\033[?2004h%% ')\r\n{each}"), both);
    // A whole line with its marks, or OSC 133's, that nobody entered: what stands below may be its text.
    let doubted: &[(&str, bool)] = &[("sudo id", true), ("sudo ls", true)];
    check(&format!("$ id\r\nuid=1\r\n$ printf '…'\r\n{ON}$ cat x\r\n{OFF}{}", rest("$ ")), doubted);
    check(&format!("$ id\r\nuid=1\r\n$ printf '…'\r\n\x1b]133;A\x07$ \x1b]133;B\x07cat x\r\n\x1b]133;C\x07{}", rest("$ ")), doubted);
    // Before the first prompt, as a file that a shell reads first may.
    check(&format!("{ON}{}", rest("sh-4.2$ ")), both);
    // In a shell whose own marks were switched off in the same line.
    let line = "set +o emacs; printf '\\033[?2004h'";
    check(&format!("{}{ON}{}", marked("sh-5.2$ ", line, ""), rest("sh-5.2$ ")), doubted);
}

#[test]
fn a_shell_with_marks_inside_one_without_is_read_by_them() {
    let inner = |line: &str, below: &str| marked("$ ", line, below);
    let paste = format!(
        "{ON}$ \x1b[7mecho a\x1b[27m\r\n\r\x1b[7msudo id\x1b[27m\x1b[A\r\x1b[C\x1b[Cecho a\r\n\rsudo id\r\n{OFF}a\r\nuid=0(root)\r\n"
    );
    for opener in ["bash", "./x"] {
        let text =
            format!("$ id\r\nuid=1\r\n$ {opener}\r\n{paste}{}{}$ sudo true\r\n$ ", inner("sudo ls", "x\r\n"), inner("exit", "exit\r\n"));
        check(&text, &[("echo a\nsudo id", false), ("sudo ls", false), ("sudo true", false)]);
    }
    // Completions below the line, before it is handed over.
    let completed =
        format!("{ON}r@h:~# su\x07\r\nsu    sudo\r\nr@h:~# sudo id\r\n{OFF}uid=0(root)\r\n{}", marked("r@h:~# ", "ls", "x\r\n"));
    check(&format!("$ id\r\nuid=1\r\n$ bash\r\n{completed}"), &[("sudo id", false)]);
}

#[test]
fn acts_at_no_prompt_that_is_known_are_told_with_a_doubt() {
    // The prompt was taken away, or set to what nobody can know.
    for (line, prompt) in [("PS1=", ""), ("PS1=$(cat x)' '", "hm "), (". ./x", "")] {
        let text = format!("$ id\r\nuid=1\r\n$ {line}\r\n{prompt}sudo id\r\nuid=0(root)\r\n{prompt}ls\r\nx\r\n{prompt}sudo ls\r\nx\r\n");
        check(&text, &[("sudo id", true), ("sudo ls", true)]);
    }
    // Typed before the prompt came: a shell without a line editor does not show it again, one with an editor does.
    check(
        "$ id\r\nuid=1\r\n$ sleep 5\r\nsudo id\r\nsudo ls\r\n$ uid=0(root)\r\n$ x\r\n$ ls\r\nx\r\n$ ",
        &[("sudo id", true), ("sudo ls", true)],
    );
    check(
        "$ id\r\nuid=1\r\n$ sleep 5\r\nsudo id\r\nls\r\nsudo ls\r\n$ sudo id\r\nuid=0(root)\r\n$ ls\r\nx\r\n$ sudo ls\r\nx\r\n$ ",
        &[("sudo id", false), ("sudo ls", false)],
    );
    let found = read("$ id\r\nuid=1\r\n$ sleep 5\r\nsudo id\r\n$ uid=0(root)\r\n$ ");
    let act = found.iter().find(|command| command.elevates()).unwrap();
    assert_eq!((act.first_line, act.prompt.as_str(), act.doubt), (4, "", Some(Doubt::MayBeShown)));
}

#[test]
fn a_prompt_that_bash_writes_twice_is_none_of_the_line() {
    let twice = |line: &str| format!("sh-5.2$ {ON}sh-5.2$ {line}\r\n{OFF}");
    let text = [marked("sh-5.2$ ", ". ./x", ""), twice("sudo id"), "uid=0(root)\r\n".to_owned(), twice("sudo ls")].concat();
    check(&text, &[("sudo id", false), ("sudo ls", false)]);
}

/// Kept lines are bounded; beyond that nothing waits for a mark that may never come.
#[test]
fn lines_below_a_suspected_mark_are_bounded() {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(format!("$ id\r\nuid=1\r\n$ ./x\r\n{ON}$ sudo id\r\n").as_bytes(), None, &mut found);
    let row = format!("{}\r\n", "x".repeat(40));
    for _ in 0..1000 {
        transcript.push(row.as_bytes(), None, &mut found);
    }
    assert!(found.lines.len() < 10, "{}", found.lines.len());
    for _ in 0..60 {
        transcript.push(row.as_bytes(), None, &mut found);
    }
    assert!(found.lines.len() > 1000, "{}", found.lines.len());
    // Each row may be a prompt of its own.
    let prompts: String = ('a'..='j').map(|user| format!("{user}@h:~$ sudo {user}\r\n")).collect();
    let told = acts(&format!("$ id\r\nuid=1\r\n$ . ./x\r\n{ON}{prompts}x\r\n{OFF}"));
    assert_eq!(told.len(), 10, "{told:?}");
}

/// As many acts are kept as one may type ahead; more are told at once.
#[test]
fn acts_typed_ahead_are_bounded() {
    let acts_before: String = (0..40).map(|number| format!("sudo kill {number}\r\n")).collect();
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(format!("$ id\r\nuid=1\r\n$ sleep 9\r\n{acts_before}").as_bytes(), None, &mut found);
    transcript.finish(&mut found);
    assert_eq!(found.commands.iter().filter(|command| command.elevates()).count(), 40);
}

#[test]
fn a_line_that_an_editor_held_is_read_at_any_prompt() {
    for prompt in
        ["", " ", "$", "ready ", "hi: ", "[10:22:33] ", "a@h:~$", "\u{1f680} ", "a@h ~\r\n", "$ \r", "\x1b[s$ \x1b[u", "\x1b]133;B\x07$ "]
    {
        let text = [
            marked("sh-5.2$ ", "./x", ""),
            marked(prompt, "sudo id", "uid=0(root)\r\n"),
            marked(prompt, "ls", "x\r\n"),
            marked(prompt, "sudo ls", "x\r\n"),
        ]
        .concat();
        check(&text, &[("sudo id", false), ("sudo ls", false)]);
        // From the start.
        check(&[marked(prompt, "sudo id", "uid=0(root)\r\n"), marked(prompt, "exit", "")].concat(), &[("sudo id", false)]);
    }
    // The line that sets it says what it is.
    let text =
        [marked("sh-5.2$ ", "PS1='$ echo '", ""), marked("$ echo ", "sudo id", "uid=0(root)\r\n"), marked("$ echo ", "ls", "")].concat();
    check(&text, &[("sudo id", false)]);
}

#[test]
fn a_line_below_a_margin_is_read() {
    let line = |line: &str, below: &str| marked("sh-5.2$ ", line, below);
    for margins in ["\x1b[1;2r", "\x1b[1;3r", "\x1b[5;6r\x1b[6H"] {
        let text =
            [line("printf '…'", margins), line("sudo id", "uid=0(root)\r\n"), line("ls", "a\r\nb\r\nc\r\n"), line("sudo ls", "x\r\n")];
        check(&text.concat(), &[("sudo id", false), ("sudo ls", false)]);
    }
}

#[test]
fn lines_of_a_shell_whose_prompt_is_not_shown_are_told_with_a_doubt() {
    for line in ["bash 2>/dev/null", "cat | bash", "while read l; do eval \"$l\"; done", "xargs -I{} sh -c {}"] {
        let text = [marked("sh-5.2$ ", line, "sudo id\r\nuid=0(root)\r\n"), marked("sh-5.2$ ", "ls", "x\r\n")].concat();
        check(&text, &[("sudo id", true)]);
    }
    // What a host greets with is none.
    let greeting = "See https://ubuntu.com/esm for more, and run: sudo pro status\r\nRun \"sudo yum update\" to apply all updates.\r\nTry this now: sudo id\r\n";
    check(&format!("{}a@db-1:~$ ls\r\nx\r\n", marked("sh-5.2$ ", "ssh db-1", greeting)), &[]);
    // What is only read is no line.
    check(&[marked("sh-5.2$ ", "read answer", "sudo id\r\n"), marked("sh-5.2$ ", "ls", "x\r\n")].concat(), &[]);
    check(&[marked("sh-5.2$ ", "sh -c 'echo sudo id'", "sudo id\r\n"), marked("sh-5.2$ ", "ls", "x\r\n")].concat(), &[]);
}

#[test]
fn a_prompt_that_output_repeats_hides_no_line() {
    for (prompt, printed) in [("# ", "# "), ("a@h:~$ ", "a@h:~$ echo "), ("sh-4.2$ ", "sh-4.2$ : ")] {
        let text = format!(
            "{prompt}ls\r\nx\r\n{prompt}printf '{printed}'\r\n{printed}{prompt}sudo id\r\nuid=0(root)\r\n{prompt}ls\r\nx\r\n{prompt}"
        );
        check(&text, &[("sudo id", true)]);
    }
}

#[test]
fn what_vi_and_less_were_told_to_run_is_told_with_a_doubt() {
    let vi = "\x1b[?1049h\x1b[H\x1b[2J~\x1b[24;1H:!sudo id\r\x1b[9C\x1b[?1049l\r\nuid=0(root)\r\n\r\nPress ENTER\x1b[?1049h\x1b[H\x1b[2J\x1b[?1049l";
    let less = "\x1b[?1049htext\r\n\x1b[7mx\x1b[27m\x1b[K\r\x1b[K!sudo id\r\n\x1b[?1049luid=0(root)\r\n!done  (press RETURN)\r\n\x1b[?1049h\x1b[?1049l";
    for (line, shown) in [("vim x", vi), ("less x", less)] {
        let text = [marked("sh-5.2$ ", line, shown), marked("sh-5.2$ ", "ls", "x\r\n")].concat();
        check(&text, &[("sudo id", true)]);
    }
}

#[test]
fn lines_of_a_file_that_script_wrote_carry_a_doubt() {
    let inner = marked("a@h$ ", "sudo id", "uid=0(root)\r\n");
    for (head, foot) in [
        (
            "Script started on 2026-11-20 01:02:03+00:00 [TERM=\"xterm\"]\r\n",
            "\r\nScript done on 2026-11-20 01:02:09+00:00 [COMMAND_EXIT_CODE=\"0\"]\r\n",
        ),
        ("Script started\r\n", "Script done\r\n"),
    ] {
        let text =
            [&marked("a@h$ ", "cat typescript", head), inner.as_str(), foot, &marked("a@h$ ", "sudo ls", "x\r\n"), ON, "a@h$ "].concat();
        check(&text, &[("sudo id", true), ("sudo ls", false)]);
    }
    // What it says while it runs begins no file.
    let live = marked("a@h$ ", "script", "Script started, output log file is 'typescript'.\r\n");
    check(&[live, inner].concat(), &[("sudo id", false)]);
}

/// zsh and fish without marks: they seek the start of a line, write the prompt, and erase what stands behind it.
#[test]
fn a_prompt_that_a_shell_drew_is_known_by_that() {
    let sought = format!("\x1b[2m\u{23ce}\x1b(B\x1b[m{}\r\u{23ce} \r\x1b[K", " ".repeat(79));
    for prompt in ["> \x1b[K\r\x1b[C\x1b[C", "top\x1b[K\r\n> \x1b[K\r\x1b[C\x1b[C", "web> \x1b[K\r\x1b[5C"] {
        let line = |line: &str, below: &str| format!("{sought}{prompt}{line}\r\n{below}");
        let text = [
            line("id -un", "root\r\n"),
            line("sudo id", "uid=0(root)\r\n"),
            line("ls", "x\r\n"),
            line("sudo ls", "x\r\n"),
            line("exit", ""),
        ];
        check(&text.concat(), &[("sudo id", false), ("sudo ls", false)]);
    }
}

#[test]
fn a_line_that_goes_on_is_no_prompt() {
    let on = |line: &str| marked("> ", line, "");
    for prompt in ["sh-5.2$ ", "[a@h ~]$ ", "a@h:~$ "] {
        let first = |line: &str| marked(prompt, line, "");
        let text = [
            first("cat > q <<'E'"),
            on("#!/bin/sh"),
            on("# restart"),
            on("sudo systemctl restart x"),
            on("$ sudo apt update"),
            on("> a note"),
            on("E"),
        ];
        check(&[&text.concat(), &first("ls")[..]].concat(), &[]);
        let text = [first("for i in 1; do"), on("# it's"), on("sudo id # '"), on("done"), first("ls")];
        check(&text.concat(), &[("for i in 1; do\n# it's\nsudo id # '\ndone", false)]);
        let text = [first(": 'a"), on("# '; sudo id; : \\'"), first("ls")];
        check(&text.concat(), &[(": 'a\n# '; sudo id; : \\'", false)]);
    }
}

#[test]
fn zsh_takes_no_comments_where_people_type() {
    let line = |line: &str| {
        format!(
            "\x1b[1m\x1b[7m%\x1b[27m\x1b[1m\x1b[0m{}\r \r\r\x1b[0m\x1b[27m\x1b[24m\x1b[Jvm% \x1b[K{ON}{line}\x1b[?2004l\r\r\n",
            " ".repeat(79)
        )
    };
    for entered in ["ls /dev/null # ; sudo id", "# ; sudo id", "cd /tmp # go there; sudo id"] {
        check(&[line(entered), "x\r\n".to_owned(), line("ls")].concat(), &[(entered, true)]);
        check(&[marked("sh-5.2$ ", entered, "x\r\n"), marked("sh-5.2$ ", "ls", "")].concat(), &[]);
    }
    check(&[line("echo a # sudo id"), line("ls #sudo")].concat(), &[]);
}

#[test]
fn a_shell_by_another_programs_name_is_a_shell() {
    let inside = "mysql-5.2$ sudo id\r\nuid=0(root)\r\nmysql-5.2$ exit\r\nexit\r\n";
    check(&format!("{}{inside}", marked("sh-5.2$ ", "./mysql", "")), &[("sudo id", true)]);
    let inside = [marked("python3-5.2$ ", "sudo id", "uid=0(root)\r\n"), marked("python3-5.2$ ", "exit", "exit\r\n")].concat();
    check(&[marked("sh-5.2$ ", "./python3 --norc", ""), inside].concat(), &[("sudo id", false)]);
    check(&format!("{}# sudo id\r\nuid=0(root)\r\n", marked("sh-5.2$ ", "./mysql", "")), &[("sudo id", true)]);
    let repl = [marked(">>> ", "sudo = 1", ""), marked(">>> ", "print('sudo id')", "sudo id\r\n")].concat();
    check(&[marked("sh-5.2$ ", "python3", ""), repl].concat(), &[]);
    // A shell that less or vi was told to open.
    let less = "\x1b[?1049htext\r\n!sh\r\n\x1b[?1049l$ sudo id\r\nuid=0(root)\r\n$ exit\r\n!done  (press RETURN)\r\n\x1b[?1049h\x1b[?1049l";
    let vi = "\x1b[?1049h\x1b[H~\x1b[24;1H:sh\r\x1b[?1049l\r\n$ sudo id\r\nuid=0(root)\r\n$ exit\r\n\x1b[?1049h\x1b[?1049l";
    for (line, shown) in [("less x", less), ("vim x", vi)] {
        check(&[marked("sh-5.2$ ", line, shown), marked("sh-5.2$ ", "ls", "x\r\n")].concat(), &[("sudo id", false)]);
    }
}

#[test]
fn what_a_shown_line_opened_is_shown() {
    let text =
        "[a@h ~]$ ls\r\nx\r\n[a@h ~]$ cat runbook\r\nThen:\r\n[a@h ~]$ sudo -i\r\n[root@h ~]# sudo id\r\n[a@h ~]$ ls\r\nx\r\n[a@h ~]$ ";
    assert!(acts(text).iter().all(|(_, doubt)| *doubt), "{:?}", acts(text));
    // One that ran stays one that ran.
    let nested = "# id -un\r\nroot\r\n# bash --noediting\r\nsh-5.2# sudo id\r\nuid=0(root)\r\nsh-5.2# echo '# sudo id'\r\n# sudo id\r\nsh-5.2# exit\r\nexit\r\n# exit\r\n";
    assert_eq!(acts(nested).first(), Some(&("sudo id".to_owned(), false)));
}

/// What scrolled away below a mark that was none is in the transcript all the same.
#[test]
fn a_long_line_below_a_suspected_mark_is_kept() {
    let kept = |mark: &str| {
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        let text = format!("$ id\r\nuid=1\r\n$ ./x\r\n{mark}{}\r\n$ sudo id\r\nuid=0\r\n$ sudo ls\r\nx\r\n$ ", "y".repeat(1_300_000));
        transcript.push(text.as_bytes(), None, &mut found);
        transcript.finish(&mut found);
        (
            found.lines.iter().map(|line| line.matches('y').count()).sum::<usize>(),
            found.commands.iter().filter(|command| command.elevates()).count(),
        )
    };
    assert_eq!(kept(""), (1_300_000, 2));
    // A row that scrolls away as its line ends may stand there twice; none is missing.
    let (letters, acts) = kept(ON);
    assert!((1_300_000..=1_300_000 + 4096).contains(&letters) && acts == 2, "{letters} {acts}");
}
