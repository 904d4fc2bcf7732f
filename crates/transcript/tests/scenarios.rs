//! What a person would list from a transcript: one scenario a test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use transcript::{Collected, Command, Doubt, Entry, Outcome, Setup, Transcript};

fn collected(text: &str) -> Collected {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(text.as_bytes(), None, &mut found);
    transcript.finish(&mut found);
    found
}

fn read(text: &str) -> Vec<Command> {
    collected(text).commands
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(read(text).iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), expected);
}

#[test]
fn mistakes_are_as_corrected() {
    check("sh-4.2$ sdu\x08\x1b[K\x08\x1b[Kudo id\r\nuid=0\r\nsh-4.2$ ", &["sudo id"]);
    check("sh-4.2$ do x\x08\x08\x08\x08\x1b[1@s\x1b[1@u\r\nsh-4.2$ ", &["sudo x"]);
    check("$ sdu\x08 \x08\x08 \x08udo id\r\n$ ", &["sudo id"]);
}

#[test]
fn a_prompt_behind_output_without_a_newline_is_edited_from_where_its_shell_takes_it_to_begin() {
    // readline goes back to the start of the row, past its prompt, and inserts.
    let edited = "\x1b[?2004hbash-5.2$  $x echo y\r\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[1@x\x1b[1@=\x1b[1@s\x1b[1@u\x1b[1@d\x1b[1@o\x1b[1@;";
    let text = format!(
        "\x1b[?2004hbash-5.2$ whoami\r\n\x1b[?2004l\rsato\r\n\x1b[?2004hbash-5.2$ printf z\r\n\x1b[?2004l\rz{edited}\r\n\x1b[?2004l\ry\r\n\x1b[?2004hbash-5.2$ "
    );
    check(&text, &["whoami", "printf z", "x=sudo; $x echo y"]);
    assert!(collected(&text).lines.contains(&"z".to_owned()));
}

#[test]
fn a_mark_that_a_program_prints_in_a_shell_without_marks_hides_nothing() {
    let on = "\x1b[?2004h";
    for printed in [format!("x{on}"), format!("x\r\n{on}"), format!("x{on}\r\n"), format!("{on}\r\n"), format!("x{on}\x1b[?2004l")] {
        let text = format!("$ id\r\nuid=1\r\n$ ./x\r\n{printed}$ sudo id\r\nuid=0\r\n$ sudo ls\r\nx\r\n$ ");
        check(&text, &["id", "./x", "sudo id", "sudo ls"]);
    }
}

#[test]
fn what_a_streamed_log_does_not_erase_was_not_entered() {
    // `sudo halt` was recalled, rubbed out up to its `lt`, which one sequence erased; that sequence is not in the log.
    let lines = [
        "sh-4.2$ ls",
        "x",
        "sh-4.2$ sudo halt\x08\x08\x08\x08\x08\x08\x08\x08\x08su -c id",
        "sh-4.2$ sudo halt\x08\x08\x08\x08\x08\x08\x08\x08\x08run0 id",
        "sh-4.2$ ",
    ];
    let entry = serde_json::json!({"eventVersion": "1.0", "eventTime": "2026-11-20T01:02:03Z", "awsRegion": "ap-northeast-1", "target": {"id": "i-0a1b2c3d"},
        "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/R/sato"}, "runAsUser": "ssm-user", "sessionId": "sato-0a1b2c3d4e5f67890", "sessionData": lines});
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.message(0, &entry.to_string(), &mut found);
    transcript.finish(&mut found);
    let told: Vec<_> = found.commands.iter().map(|command| command.line.as_str()).collect();
    assert_eq!(told, ["ls", "su -c id", "run0 id"]);
}

#[test]
fn a_shell_without_marks_after_one_with_them_is_read() {
    let marked = |line: &str, shown: &str| format!("\x1b[?2004ha@h$ {line}\r\n\x1b[?2004l\r{shown}");
    let after = "a@h$ sudo id\r\nuid=0(root)\r\na@h$ sudo rm x\r\na@h$ ls\r\nx\r\na@h$ ";
    let rest = ["sudo id", "sudo rm x", "ls"];
    for (before, lines) in [
        (marked("exec dash", ""), vec!["exec dash"]),
        (marked("exec ./sh2", ""), vec!["exec ./sh2"]),
        (marked("exit", "exit\r\n"), vec!["exit"]),
        (marked("exit", "logout\r\n"), vec!["exit"]),
        (format!("a@h$ bash\r\n{}", marked("exit", "exit\r\n")), vec!["bash", "exit"]),
        (format!("a@h$ bash --rcfile rc\r\n{}", marked("exit", "exit\r\n")), vec!["bash --rcfile rc", "exit"]),
        (format!("a@h$ ./sh2\r\n{}", marked("exit", "exit\r\n")), vec!["./sh2", "exit"]),
    ] {
        check(&format!("{before}{after}"), &[lines, rest.to_vec()].concat());
    }
    // Text between two marks stays text.
    check(&format!("{}{}", marked("cat log", &format!("{after}\r\n")), marked("ls", "x\r\n")), &["cat log", "ls"]);
}

#[test]
fn readline_draws_a_full_row_of_a_wrapped_line_again() {
    // At 60 columns: the cursor goes back into the first row, a letter is put in, the row is written to its end, and the letter that no longer
    // fits is inserted in the next row, where readline takes the cursor to be.
    let typed = format!("sh-4.2$ echo {} && sud \ro id && echo b", "a".repeat(40));
    let back = format!("{}\r\x1b[A{}", "\x08".repeat(14), "\x1b[C".repeat(53));
    let entered = format!("a && su\x1b[1@d\x1b[A\rsh-4.2$ {}\r\n\r\r\nuid=0(root)\r\n", "\x1b[C".repeat(46));
    let line = format!("echo {} && sudo id && echo b", "a".repeat(41));
    check(&format!("sh-4.2$ ls\r\nx\r\n{typed}{back}{entered}sh-4.2$ "), &["ls", &line]);
}

#[test]
fn wrapped_line_is_one() {
    // As bash writes it at 60 columns, then Ctrl-A, `x`, Ctrl-E and rubbing out.
    let typed = format!("\x1b[?2004hsh-5.2$ echo {}", "a".repeat(47));
    let text = format!("{typed} \r{} bbb\x1b[A\r{}x", "a".repeat(39), "\x1b[C".repeat(8));
    let rest = format!(
        "echo {}{}a bbb\x1b[A\r{}\r\n\r{}\r\n\x1b[?2004l\rx\r\n",
        "a".repeat(47),
        "\x1b[C".repeat(38),
        "\x1b[C".repeat(9),
        "\x1b[C".repeat(44)
    );
    check(&(text + &rest), &[&format!("xecho {} bbb", "a".repeat(86))]);
}

#[test]
fn shown_text_is_not_entered() {
    check(
        "\x1b[?2004hsh-5.2$ cat x\r\n\x1b[?2004l\rsh-5.2$ sudo reboot\r\n$ sudo id\r\n# id\r\n\x1b[?2004hsh-5.2$ ls\r\n\x1b[?2004l\r",
        &["cat x", "ls"],
    );
    check("[a@h ~]$ cat x\r\n$ sudo id\r\nroot@h:~# id\r\n[a@h ~]$ ls\r\n", &["cat x", "ls"]);
    check("$ cat x\r\n  $ sudo reboot\r\n$ ls\r\n", &["cat x", "ls"]);
    let bare = read("$ cat x\r\n$ sudo reboot\r\nbye\r\n$ ");
    assert_eq!((bare[1].line.as_str(), bare[1].doubt), ("sudo reboot", Some(Doubt::MayBeShown)));
}

#[test]
fn given_up_lines_did_not_run() {
    check("\x1b[?2004hsh-5.2$ sudo reboot^C\x1b[?2004l\r\x1b[?2004h\x1b[?2004l\r\r\n\x1b[?2004hsh-5.2$ ls\r\n\x1b[?2004l\r", &["ls"]);
    check("$ sudo reboot^C\r\n$ ls\r\nx\r\n$ ", &["ls"]);
    check("sh-4.2$ sudo sys\x07\r\nsystemctl  systemd-run\r\nsh-4.2$ sudo systemctl stop x\r\nsh-4.2$ ", &["sudo systemctl stop x"]);
    check("sh-4.2$ sudo id\x08\x08\x08\x08\x08\x08^C\r\nsh-4.2$ ls\r\nsh-4.2$ ", &["ls"]);
    // Nothing to complete, and entered then.
    check("sh-4.2$ sudo ls\x07\r\na  b\r\nsh-4.2$ sudo ls -l\r\na\r\nsh-4.2$ ", &["sudo ls", "sudo ls -l"]);
    check("sh-4.2$ sudo systemctl \x07\r\nstart  stop\r\nsh-4.2$ sudo systemctl stop x\r\nsh-4.2$ ", &["sudo systemctl stop x"]);
    // Typed as such, in a comment: it ran.
    check("\x1b[?2004hsh-5.2$ sudo id #^C\r\n\x1b[?2004l\ruid=0\r\n\x1b[?2004hsh-5.2$ ", &["sudo id #^C"]);
}

#[test]
fn root_shell_is_entered_and_left() {
    let found = read("sh-4.2$ sudo -i\r\n[root@h ~]# rm x\r\n[root@h ~]# exit\r\nlogout\r\nsh-4.2$ ls\r\nsh-4.2$ ");
    let told: Vec<_> = found
        .iter()
        .map(|command| (command.line.as_str(), command.root_shell, command.entered_root_shell, command.user.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("sudo -i", false, true, None),
            ("rm x", true, false, Some("root")),
            ("exit", true, false, Some("root")),
            ("ls", false, false, None)
        ]
    );
    assert_eq!(found[0].elevations[0].outcome, Outcome::Succeeded);
    assert_eq!(found[1].inside.as_deref(), Some("sudo -i"));
}

#[test]
fn a_shell_of_another_user_is_not_roots() {
    let found = read("sh-4.2$ sudo -iu deploy\r\n[deploy@h ~]$ id\r\nuid=1001(deploy)\r\n[deploy@h ~]$ ");
    assert_eq!(found[0].elevations[0].as_user.as_deref(), Some("deploy"));
    assert_eq!((found[0].entered_root_shell, found[1].root_shell, found[1].user.as_deref()), (false, false, Some("deploy")));
}

#[test]
fn whoami_tells_where_the_prompt_does_not() {
    let found = read("\x1b[?2004h❯ whoami\r\n\x1b[?2004l\rroot\r\n\x1b[?2004h❯ reboot\r\n\x1b[?2004l\r");
    assert!(!found[0].root_shell && found[1].root_shell);
}

#[test]
fn outcomes_are_told_by_what_follows() {
    for (output, outcome) in [
        ("uid=0(root)", Outcome::Succeeded),
        ("", Outcome::Succeeded),
        ("sato is not in the sudoers file.", Outcome::Refused),
        ("Sorry, user sato is not allowed to execute '/bin/id' as root on h.", Outcome::Refused),
        ("[sudo] password for sato: \r\nsudo: 3 incorrect password attempts", Outcome::PasswordFailed),
        ("sh: sudo: command not found", Outcome::NotFound),
    ] {
        let found = read(&format!("sh-4.2$ sudo id\r\n{output}{}sh-4.2$ ", if output.is_empty() { "" } else { "\r\n" }));
        assert_eq!(found[0].elevations[0].outcome, outcome, "{output}");
    }
    assert_eq!(read("sh-4.2$ sudo id\r\n")[0].elevations[0].outcome, Outcome::Unknown);
}

#[test]
fn lines_of_one_command_belong_together() {
    check("sh-4.2$ for i in 1 2; do\r\n> sudo echo $i\r\n> done\r\n1\r\n2\r\nsh-4.2$ ", &["for i in 1 2; do\nsudo echo $i\ndone"]);
    check("sh-4.2$ cat <<E > x\r\n> sudo id\r\n> E\r\nsh-4.2$ ls\r\nsh-4.2$ ", &["cat <<E > x\nsudo id\nE", "ls"]);
    assert!(read("sh-4.2$ cat <<E > x\r\n> sudo id\r\n> E\r\nsh-4.2$ ")[0].elevations.is_empty());
}

#[test]
fn history_expansion_runs_what_it_became() {
    let found = read("sh-4.2$ !su\r\nsudo reboot\r\nbye\r\nsh-4.2$ ");
    assert_eq!((found[0].expanded.as_deref(), found[0].entry, found[0].elevations.len()), (Some("sudo reboot"), Entry::Recalled, 1));
}

#[test]
fn a_pasted_line_is_told_from_a_typed_one() {
    let found = read(
        "\x1b[?2004hsh-5.2$ \x1b[7msudo id\x1b[27m\x08\x08\x08\x08\x08\x08\x08sudo id\r\n\x1b[?2004l\r\x1b[?2004hsh-5.2$ ls\r\n\x1b[?2004l\r",
    );
    assert_eq!((found[0].entry, found[1].entry), (Entry::Pasted, Entry::Typed));
}

#[test]
fn interpreters_have_lines_of_their_own() {
    check(
        "\x1b[?2004hsh-5.2$ psql\r\n\x1b[?2004l\r\x1b[?2004hpostgres=# select 'sudo id';\r\n\x1b[?2004l\r\x1b[?2004hpostgres=# \\! sudo id\r\n\x1b[?2004l\r\x1b[?2004hpostgres=# \\q\r\n\x1b[?2004l\r\x1b[?2004hsh-5.2$ ls\r\n\x1b[?2004l\r",
        &["psql", "sudo id", "ls"],
    );
}

#[test]
fn full_screen_programs_show_nothing_to_run() {
    let found = collected(
        "\x1b[?2004hsh-5.2$ vim x\r\n\x1b[?2004l\r\x1b[?1049h\x1b[?2004h\x1b[Hsh-5.2$ sudo id\r\n\x1b[?2004l\x1b[?1049l\x1b[?2004hsh-5.2$ ls\r\n\x1b[?2004l\r",
    );
    assert_eq!(found.commands.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), ["vim x", "ls"]);
    assert!(found.lines.iter().all(|line| !line.contains("sudo")));
}

#[test]
fn semantic_marks_say_where_input_begins_and_how_it_ended() {
    let found = read(
        "\x1b]133;A\x07odd prompt | \x1b]133;B\x07sudo id\r\n\x1b]133;C\x07uid=0\r\n\x1b]133;D;3\x07\x1b]133;A\x07odd prompt | \x1b]133;B\x07",
    );
    assert_eq!((found[0].line.as_str(), found[0].exit), ("sudo id", Some(3)));
}

#[test]
fn japanese_encodings_show_sudo() {
    for encoding in [encoding_rs::EUC_JP, encoding_rs::SHIFT_JIS, encoding_rs::UTF_8] {
        let (bytes, _, _) = encoding.encode("[佐藤@web ~]$ sudo echo 設定ファイルを確認\r\n設定ファイルを確認\r\n[佐藤@web ~]$ ");
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        transcript.push(&bytes, None, &mut found);
        transcript.finish(&mut found);
        assert_eq!(found.commands[0].line, "sudo echo 設定ファイルを確認", "{}", encoding.name());
    }
}

#[test]
fn powershell_transcripts_are_read() {
    let found = collected(
        "**********************\r\nWindows PowerShell transcript start\r\nStart time: 20261120010203\r\nUsername: CORP\\ssm-user\r\nRunAs User: CORP\\ssm-user\r\nMachine: WEB\r\n**********************\r\nPS C:\\Windows\\system32> whoami\r\ncorp\\ssm-user\r\nPS C:\\Windows\\system32> runas /user:Administrator cmd\r\nPS C:\\> exit\r\n**********************\r\nWindows PowerShell transcript end\r\n**********************\r\n",
    );
    assert_eq!(
        found.commands.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(),
        ["whoami", "runas /user:Administrator cmd", "exit"]
    );
    assert_eq!(found.commands[1].elevations[0].as_user.as_deref(), Some("Administrator"));
    assert_eq!(found.commands[0].user.as_deref(), Some("CORP\\ssm-user"));
}

#[test]
fn what_is_printed_is_safe() {
    let found = collected("$ printf x\r\n\x1b[31mred\x1b[0m \x1b]0;title\x07\u{202e}evil\u{9b}31m\x07\r\n$ ");
    assert_eq!(found.lines[1], "red \\u{202e}evil31m");
}

#[test]
fn a_repeated_entry_is_passed_over() {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    let entry = r#"{"eventTime":"2026-11-20T01:02:03Z","runAsUser":"root","sessionId":"a-1","sessionData":["sh-5.2# id","uid=0(root)"]}"#;
    transcript.message(1, entry, &mut found);
    transcript.message(1, entry, &mut found);
    transcript.message(
        2,
        r#"{"eventTime":"2026-11-20T01:02:09Z","runAsUser":"root","sessionId":"a-1","sessionData":["sh-5.2# reboot"]}"#,
        &mut found,
    );
    assert_eq!(transcript.open().map(|command| command.line.as_str()), Some("reboot"));
    assert_eq!(transcript.finish(&mut found).repeated, 1);
    let told: Vec<_> = found.commands.iter().map(|command| (command.line.as_str(), command.root_shell, command.time)).collect();
    assert_eq!(told, [("id", true, Some(1_795_136_523_000_000)), ("reboot", true, Some(1_795_136_529_000_000))]);
}

#[test]
fn other_bytes_give_nothing() {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(b"\x1f\x8b\x08\x00\x00sh-5.2$ sudo id\n", None, &mut found);
    transcript.finish(&mut found);
    assert_eq!(found, Collected::default());
}

#[test]
fn lines_typed_ahead_are_entered_once() {
    check(
        "\x1b[?2004hsh-5.2$ sleep 5\r\n\x1b[?2004l\rsudo id\r\n\x1b[?2004hsh-5.2$ sudo id\r\n\x1b[?2004l\ruid=0\r\n\x1b[?2004hsh-5.2$ ",
        &["sleep 5", "sudo id"],
    );
    check("[a@h ~]$ sleep 5\r\nsudo id\r\n[a@h ~]$ sudo id\r\nuid=0\r\n[a@h ~]$ ", &["sleep 5", "sudo id"]);
}

#[test]
fn traced_lines_and_notices_of_jobs_are_no_input() {
    check(
        "[a@h ~]$ set -x\r\n[a@h ~]$ ls && sudo id\r\n+ ls --color=auto\r\nx\r\n+ sudo id\r\nuid=0\r\n[a@h ~]$ ",
        &["set -x", "ls && sudo id"],
    );
    check(
        "[a@h ~]$ sleep 1 &\r\n[1] 4711\r\n[a@h ~]$ ls\r\nx\r\n[1]+  Done                    sleep 1\r\n[a@h ~]$ sudo id\r\nuid=0\r\n[a@h ~]$ ",
        &["sleep 1 &", "ls", "sudo id"],
    );
}

#[test]
fn shells_inside_containers_and_on_other_hosts_are_seen() {
    let found = read(
        "[a@h ~]$ docker exec -it web bash\r\nroot@3f2a1b:/# rm -rf /srv\r\nroot@3f2a1b:/# exit\r\nexit\r\n[a@h ~]$ ssh db-1\r\n[a@db-1 ~]$ sudo id\r\nuid=0\r\n[a@db-1 ~]$ exit\r\nlogout\r\nConnection to db-1 closed.\r\n[a@h ~]$ id\r\nuid=1\r\n[a@h ~]$ ",
    );
    let told: Vec<_> = found.iter().map(|command| (command.line.as_str(), command.root_shell)).collect();
    assert_eq!(
        told,
        [
            ("docker exec -it web bash", false),
            ("rm -rf /srv", true),
            ("exit", true),
            ("ssh db-1", false),
            ("sudo id", false),
            ("exit", false),
            ("id", false)
        ]
    );
}

#[test]
fn asking_who_may_and_comments_are_no_acts() {
    for line in ["sudo -v", "sudo -l", "sudo -k", "# sudo id", "ls # sudo id", "echo sudo id", "man sudo", "which sudo"] {
        let found = read(&format!("[a@h ~]$ {line}\r\nx\r\n[a@h ~]$ "));
        assert!(found.iter().all(|command| command.elevations.is_empty()), "{line}");
    }
}

/// As bash 5.2 and vim 9 write it; the line that the editor was left with is shown, and runs.
#[test]
fn what_an_editor_made_of_an_earlier_line_is_what_ran() {
    let vim = |line: &str| {
        format!(
            "\x1b[?1049h\x1b[22;0;0t\x1b[1;24r\x1b[H\x1b[2J\x1b[24;1H\"/tmp/bash-fc.irmkWx\" 1 line, 9 bytes\x1b[1;1H{line}\r\n\x1b[34m~\x1b[24;1H:wq\r\r\r\n\x1b[?1l\x1b>\x1b[?1049l\x1b[23;0;0t\x1b[?25h"
        )
    };
    let run = |entered: &str, after: &str| {
        read(&format!(
            "\x1b[?2004hsh-5.2$ id\r\n\x1b[?2004l\ruid=1\r\n\x1b[?2004hsh-5.2$ {entered}\r\n\x1b[?2004l\r{after}\x1b[?2004hsh-5.2$ "
        ))
    };
    for entered in ["fc", "fc id", "fc -e vim 1 1"] {
        let found = run(entered, &format!("{}sudo id\r\nuid=0(root)\r\n", vim("id")));
        assert_eq!((found[1].line.as_str(), found[1].expanded.as_deref()), (entered, Some("sudo id")));
        assert_eq!((found[1].elevations.len(), found[1].entry), (1, Entry::Recalled));
    }
    // Left with an error nothing runs; a list runs nothing; of an editor that is no full-screen one it is not known where its own text ends.
    for (entered, after) in
        [("fc", vim("sudo id")), ("fc -l", "1 sudo id\r\n".to_owned()), ("fc", "sudo id\r\n1,$p\r\nsudo id\r\n".to_owned())]
    {
        let found = run(entered, &after);
        assert_eq!((found[1].expanded.as_deref(), found[1].elevations.len()), (None, 0), "{entered} {after:?}");
    }
}
