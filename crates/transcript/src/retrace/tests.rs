use super::*;

fn likely(written: &str, prompt: usize, past: &[&str]) -> (String, bool) {
    let mut known = Past::default();
    for line in past {
        known.note(line, std::iter::empty());
    }
    let written = written.replace('«', "\u{8}");
    let shown = shown(&written);
    match retrace(&written, &shown, Moves::Readline(prompt), &State::default(), &mut known) {
        Some(likely) => (likely.line, likely.doubtful),
        None => (shown, false),
    }
}

/// What a terminal shows before the cursor.
fn shown(written: &str) -> String {
    let mut out: Vec<char> = Vec::new();
    for letter in written.chars() {
        match letter {
            '\u{8}' => out.truncate(out.len().saturating_sub(1)),
            _ => out.push(letter),
        }
    }
    out.iter().collect::<String>().trim_end().to_owned()
}

#[track_caller]
fn check(written: &str, expected: &str) {
    assert_eq!(likely(written, 23, &[]).0, expected, "{written}");
}

#[test]
fn corrected_slips_are_gone() {
    check("sudf«o id", "sudo id");
    check("ls wrong«««««notes.txt", "ls notes.txt");
    check("ls /no/such«««««««««««sudo grep -n sudo runbook.md", "sudo grep -n sudo runbook.md");
    check("sdu««udo id", "sudo id");
    check("find . -name '*sudo*'xx««", "find . -name '*sudo*'");
    check("wz« «hoami", "whoami");
}

#[test]
fn what_was_put_in_front_is_in_front() {
    check(" id -u««««««sudo", "sudo id -u");
    check(" -i«««sudo -i«««", "sudo -i");
    check(" -n 5 sudo id«««««««««««««nice", "nice -n 5 sudo id");
    check(" B=oscar60 sudo -E id«««««««««««««««««««««A=1", "A=1 B=oscar60 sudo -E id");
    check(" cat \u{fffd}\u{fffd}\u{fffd}.txt«««««««««««««««sudo", "sudo cat \u{fffd}\u{fffd}\u{fffd}.txt");
    check("cat <<END««««««««««««sudo ", "sudo cat <<END");
    check("systemctl restart nginx«««««««««««««««««««««««sudo ", "sudo systemctl restart nginx");
    assert_eq!(likely("systemctl restart nginxsudo ", 4, &[]).0, "sudo systemctl restart nginx");
    assert_eq!(likely(" cat <notes.txt >outsudo", 4, &[]), ("sudo cat <notes.txt >out".to_owned(), true));
    assert_eq!(likely("sudo reboot#", 2, &[]).0, "#sudo reboot");
}

#[test]
fn what_was_deleted_in_front_is_gone() {
    check("xsudo -s««««««««", "sudo -s");
    check("xecho sudo; ls««««««««««««««", "echo sudo; ls");
    assert_eq!(likely("xsudo id", 2, &[]).0, "sudo id");
    assert_eq!(likely("5 sudo id«timeout ", 4, &[]).0, "timeout 5 sudo id");
}

#[test]
fn what_was_left_out_is_filled_in() {
    check("/usr/bin/sudoid«« id««", "/usr/bin/sudo id");
    check("sh < deploy.sh««««««««««««««««s«udo ", "sudo sh < deploy.sh");
    check("sdo id«««««udo id«««««", "sudo id");
    check("find .-maxdepth 0 -exec sudo ls -d {} \\;«««««««««««««««««««««««««««««««««« ", "find . -maxdepth 0 -exec sudo ls -d {} \\;");
}

#[test]
fn recalled_lines_take_the_place_of_what_stood_there() {
    let past = ["true", "echo sierra62", "sudo id -u"];
    assert_eq!(likely("true««««echo sierra62«««««««««««««sudo id -u««««««««««true", 23, &past).0, "true");
    assert_eq!(likely("ls /no/suchdoas id", 4, &["doas id"]).0, "doas id");
    assert_eq!(likely("hostnamesudo echo zulu10x", 4, &["sudo echo zulu10", "hostname"]).0, "sudo echo zulu10x");
}

#[test]
fn who_goes_past_lines_of_the_history_enters_the_last() {
    let mut known = Past::default();
    for line in ["echo golf49", "sudo id -u", "true"] {
        known.note(line, std::iter::empty());
    }
    let written = "true««««echo golf49sudid -u «echgolf49true       «««««««".replace('«', "\u{8}");
    let likely = retrace(&written, "trueh", Moves::Unseen, &State::default(), &mut known).unwrap();
    assert_eq!((likely.line.as_str(), likely.doubtful), ("true", false));
}

#[test]
fn moves_of_zsh_are_not_seen() {
    let of = |written: &str| {
        let written = written.replace('«', "\u{8}");
        retrace(&written, "", Moves::Unseen, &State::default(), &mut Past::default()).unwrap().line
    };
    assert_eq!(of("l«ls /no/such           s«sudo -E env | head -n 1"), "sudo -E env | head -n 1");
    // A suggestion stands behind the cursor, and is taken out.
    assert_eq!(of("s reboot««««««««su reboot«««««««d reboot«««««««o reboot«««««««       ««««««echo a"), "sudo echo a");
}

#[test]
fn lines_that_make_sense_stay() {
    let erased = format!("ls /no/such{}echo 'sudo rm -rf /' > out.txt", "\u{8} \u{8}".repeat(11));
    assert_eq!(likely(&erased, 2, &[]), ("echo 'sudo rm -rf /' > out.txt".to_owned(), false));
    assert_eq!(likely("python3 -c \"po« «rint('sudo s« «id')\"", 8, &[]).0, "python3 -c \"print('sudo id')\"");
    for line in
        ["echo sudo id", "printf 'sudo id'", "nosuchcommand-oscar41", "visudo", "cat /etc/pam.d/sudo", "grep pseudo sudo.txt", "ls sudo"]
    {
        assert_eq!(likely(line, 4, &[]), (line.to_owned(), false));
    }
}
