//! What a person would list from a log that CloudWatch got while the session ran: returns and control sequences are gone, or returns alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use transcript::{Collected, Command, Doubt, Setup, Transcript};

fn read(lines: &[&str]) -> Vec<Command> {
    let entry = serde_json::json!({"eventVersion": "1.0", "eventTime": "2026-11-20T01:02:03Z", "awsRegion": "ap-northeast-1", "target": {"id": "i-0a1b2c3d"},
        "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/R/sato"}, "runAsUser": "ssm-user", "sessionId": "sato-0a1b2c3d4e5f67890", "sessionData": lines});
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.message(0, &entry.to_string(), &mut found);
    transcript.finish(&mut found);
    found.commands
}

/// `«` stands for a backspace, `␛` for an escape.
#[track_caller]
fn check(lines: &[&str], expected: &[&str]) -> Vec<Command> {
    let lines: Vec<String> = lines.iter().map(|line| line.replace('«', "\u{8}").replace('␛', "\u{1b}")).collect();
    let found = read(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(found.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), expected);
    found
}

fn acts(found: &[Command]) -> Vec<&str> {
    found.iter().filter(|command| !command.elevations.is_empty()).map(|command| command.line.as_str()).collect()
}

#[test]
fn a_word_put_in_front_is_in_front() {
    let found =
        check(&["[a@web-3 ~]$ systemctl restart nginx«««««««««««««««««««««««sudo ", "[a@web-3 ~]$ "], &["sudo systemctl restart nginx"]);
    // Another line may have left the same letters.
    assert!(found[0].reconstructed && found[0].doubt == Some(Doubt::MayBeOtherwise));
    // With a short prompt the way back is a return, which is gone.
    check(&["$ systemctl restart nginxsudo ", "$ "], &["sudo systemctl restart nginx"]);
}

#[test]
fn a_line_that_the_shell_does_not_know_was_entered_so() {
    check(&["$ xsudo id", "uid=0(root)", "$ "], &["sudo id"]);
    let found = check(&["$ xsudo id", "sh: 1: xsudo: not found", "$ ls", "a", "$ "], &["xsudo id", "ls"]);
    assert_eq!(acts(&found), Vec::<&str>::new());
}

#[test]
fn what_is_about_as_likely_is_told_with_a_doubt() {
    let found = check(
        &["[a@web-3 ~]$ find .-maxdepth 0 -exec sudo ls {} +«««««««««««««««««««««««««««««« ", "[a@web-3 ~]$ "],
        &["find . -maxdepth 0 -exec sudo ls {} +"],
    );
    assert_eq!(found[0].doubt, Some(Doubt::MayBeOtherwise));
}

#[test]
fn recalled_and_given_up_lines_are_gone() {
    check(&["[a@web-3 ~]$ sudo reboot««««««««««««ls", "x", "[a@web-3 ~]$ "], &["ls"]);
    check(&["[a@web-3 ~]$ sudo reboot^C", "[a@web-3 ~]$ ls", "x", "[a@web-3 ~]$ "], &["ls"]);
}

#[test]
fn several_lines_pasted_at_once_are_one_command() {
    let found = check(
        &["[a@web-3 ~]$ echo a", "sudo id", "lsecho a", "sudo id", "ls", "a", "uid=0(root)", "notes.txt", "[a@web-3 ~]$ "],
        &["echo a\nsudo id\nls"],
    );
    assert_eq!(acts(&found).len(), 1);
}

#[test]
fn a_search_leaves_what_it_found() {
    check(
        &[
            "[a@web-3 ~]$ sudo echo papa27",
            "papa27",
            "[a@web-3 ~]$ (reverse-i-search)`': «««p': sudo echo papa27««««««««a[a@web-3 ~]$",
            "papa27",
            "[a@web-3 ~]$ ",
        ],
        &["sudo echo papa27", "sudo echo papa27"],
    );
}

#[test]
fn lines_that_kept_their_sequences_get_their_returns_back() {
    // fish goes back to the row's start and on to the cursor after each key, and draws its mark before each prompt.
    let mark = format!("␛[2m⏎␛(B␛[m{}⏎ ␛[K␛[?2004h␛]0;~\u{7}␛[30m␛(B␛[m", " ".repeat(59));
    let typed = "a@web-3 ~> ␛[K␛[11Cs␛[12C«␛[91ms␛[12C␛[38;5;240manstats ␛[12C␛[91mu␛[30m␛(B␛[m␛[K␛[13C««␛[34msu␛[13Cdo id␛[18C";
    let entered = "␛[30m␛(B␛[m␛[?2004l␛]0;sudo id ~\u{7}␛[30m␛(B␛[muid=0(root)";
    let found =
        check(&[&format!("␛[?2004h␛]0;~\u{7}␛[30m␛(B␛[m{typed}"), entered, &format!("{mark}{typed}"), entered], &["sudo id", "sudo id"]);
    assert_eq!(found[0].prompt, "a@web-3 ~> ");
    // zsh moves by sequences, and readline by a return and steps to the right where that is shorter.
    check(&["a% ␛[K␛[?1h␛=␛[?2004hl«ls x␛[4D    ␛[4Ds«sudo id␛[?1l␛>␛[?2004l", "uid=0(root)"], &["sudo id"]);
    let home = "␛[C".repeat(7);
    check(
        &[&format!("␛]0;t\u{7}a@h:~$ systemctl restart nginx{home}␛[1@s␛[1@u␛[1@d␛[1@o␛[1@ "), "a@h:~$ "],
        &["sudo systemctl restart nginx"],
    );
}

#[test]
fn a_title_tells_how_the_line_begins() {
    // A line longer than a row is drawn in several, and only its title stands in one piece.
    let found = check(
        &[
            "␛[?2004h␛]0;~\u{7}␛[30m␛(B␛[ma@web-3 ~> ␛[K␛[11Csudo ech␛[19Co␛[A",
            "␛[m␛(B␛[?2004l␛]0;sudo echo one two th ~\u{7}one two three",
        ],
        &["sudo echo one two th"],
    );
    assert!(found[0].reconstructed);
}

#[test]
fn a_search_at_a_prompt_in_parentheses_leaves_what_it_found() {
    let prompt = "(venv) [a@web-3 ~]$ ";
    let search = format!("{prompt}(reverse-i-search)`': «««p': sudo echo papa27««««««««a{}sudo echo papa27", &prompt[1..]);
    check(&[&format!("{prompt}sudo echo papa27"), "papa27", &search, "papa27", prompt], &["sudo echo papa27", "sudo echo papa27"]);
}

#[test]
fn a_counting_prompt_is_known_behind_output() {
    let found =
        check(&["[a@web-3 9]$ cat token", "0123456789abcdef[a@web-3 10]$ sudo id -u", "0", "[a@web-3 11]$ "], &["cat token", "sudo id -u"]);
    assert_eq!(found[1].doubt, Some(Doubt::MayBeShown));
}

#[test]
fn a_substitution_of_history_is_no_edit() {
    let found = check(
        &["[a@web-3 ~]$ sudo echo one", "one", "[a@web-3 ~]$ ^echo^printf", "sudo printf one", "one[a@web-3 ~]$ "],
        &["sudo echo one", "^echo^printf"],
    );
    assert_eq!(found[1].expanded.as_deref(), Some("sudo printf one"));
    assert_eq!(acts(&found).len(), 2);
}

#[test]
fn a_rest_that_stands_twice_was_drawn_again() {
    check(&["$  <<< 'sudo id'sh <<< 'sudo id'", "uid=0(root)", "$ "], &["sh <<< 'sudo id'"]);
}

#[test]
fn a_line_that_may_have_taken_anothers_place_has_a_doubt() {
    let found = check(&["bash-5.2$ sudo reboot nowhostname", "web-3", "bash-5.2$ "], &["sudo reboot nowhostname"]);
    assert_eq!(found[0].doubt, Some(Doubt::MayBeOtherwise));
}

#[test]
fn what_a_pager_showed_is_doubtful_until_it_ends() {
    let found = check(
        &["$ less runbook.md", "# Restart", "$ sudo reboot", "~", "$ sudo reboot", "(END)$ sudo id", "uid=0(root)", "$ "],
        &["less runbook.md", "sudo reboot", "sudo reboot", "sudo id"],
    );
    let doubts: Vec<_> = found.iter().map(|command| command.doubt).collect();
    assert_eq!(doubts, [None, Some(Doubt::MayBeShown), Some(Doubt::MayBeShown), None]);
}

#[test]
fn the_mark_with_which_zsh_seeks_a_lines_start_tells_its_prompt_from_a_file() {
    let mark = format!("%{}", " ".repeat(79));
    let own = |line: &str| format!("{mark}a@web-3 ~ % {line}");
    let found = check(
        &[&own("cat runbook.md"), "a@web-3 ~ % sudo reboot", &own("sudo id"), "uid=0(root)", &own("")],
        &["cat runbook.md", "sudo id"],
    );
    assert_eq!(found[1].doubt, None);
}

#[test]
fn shown_text_is_no_act() {
    let found = read(&[
        "[a@web-3 ~]$ cat runbook.md",
        "$ sudo systemctl restart web",
        "# reboot",
        "sudo -i",
        "[a@web-3 ~]$ grep -n sudo x",
        "1:sudo id",
        "[a@web-3 ~]$ ",
    ]);
    assert_eq!(acts(&found), Vec::<&str>::new());
    let found = read(&["[a@web-3 ~]$ cat > x <<'E'", "> sudo id", "> E", "[a@web-3 ~]$ echo sudo id", "sudo id", "[a@web-3 ~]$ "]);
    assert_eq!(acts(&found), Vec::<&str>::new());
}
