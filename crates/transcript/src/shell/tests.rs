use super::*;

/// `program argv… how`, one a line.
fn listed(line: &str, state: &mut State) -> Vec<String> {
    programs(line, state).programs.iter().map(|found| format!("{:?} {}", found.how, found.argv.join(" "))).collect()
}

#[track_caller]
fn check(line: &str, expected: &[&str]) {
    assert_eq!(listed(line, &mut State::default()), expected, "{line}");
}

#[test]
fn words_are_what_the_shell_makes_of_them() {
    check(r#"s""udo reboot"#, &["Direct sudo reboot", "Elevator reboot"]);
    check(r"\sudo -n true", &["Direct sudo -n true", "Elevator true"]);
    check("'su'do id", &["Direct sudo id", "Elevator id"]);
    check(r"su\do id", &["Direct sudo id", "Elevator id"]);
    check(r"$'\x73udo' id", &["Direct sudo id", "Elevator id"]);
    check("/usr/bin/sudo id", &["Direct /usr/bin/sudo id", "Elevator id"]);
    check("su$@do id", &["Direct sudo id", "Elevator id"]);
    check("{sudo,id}", &["Direct sudo id", "Elevator id"]);
    check("echo 'sudo reboot'", &["Direct echo sudo reboot"]);
    check("grep sudo /etc/group # sudo reboot", &["Direct grep sudo /etc/group"]);
    check("echo a\\ b \"c d\"", &["Direct echo a b c d"]);
}

#[test]
fn patterns_that_name_sudo_are_obscured() {
    let found = programs("/usr/bin/sud? id", &mut State::default()).programs;
    assert_eq!((found[0].program.as_str(), found[0].obscured), ("sudo", true));
    assert!(programs(r#"s""udo id"#, &mut State::default()).programs[0].obscured);
    assert!(!programs("sudo id", &mut State::default()).programs[0].obscured);
}

#[test]
fn parameters_that_only_the_shell_knows_are_words() {
    for word in ["\"$@\"", "$@", "$*", "$1"] {
        let found = programs(&format!("sudo {word}"), &mut State::default()).programs;
        assert!(found.len() == 2 && found[0].unresolved, "{word} {found:?}");
    }
    // In a command's place they are nothing.
    check("$@ sudo id", &["Direct sudo id", "Elevator id"]);
}

#[test]
fn a_program_that_another_names_is_known_and_obscured() {
    for name in ["$(which sudo)", "$(command -v sudo)", "`echo sudo`", "$(type -P sudo)"] {
        let found = programs(&format!("{name} id"), &mut State::default()).programs;
        let sudo = found.iter().find(|program| program.program == "sudo");
        assert!(sudo.is_some_and(|program| program.obscured && program.argv.len() == 2), "{name} {found:?}");
    }
}

#[test]
fn operators_pipes_and_subshells_are_walked() {
    check("a; sudo b && c", &["Direct a", "Direct sudo b", "Elevator b", "Direct c"]);
    check("ls | sudo tee /etc/x", &["Pipe ls", "Pipe sudo tee /etc/x", "Elevator tee /etc/x"]);
    check("(cd /; sudo id)", &["Subshell cd /", "Subshell sudo id", "Elevator id"]);
    check("x=$(sudo id)", &["Substitution sudo id", "Elevator id"]);
    check("echo \"`sudo id`\"", &["Substitution sudo id", "Elevator id", "Direct echo `sudo id`"]);
    check("diff <(sudo cat a) b", &["Substitution sudo cat a", "Elevator cat a", "Direct diff <(sudo cat a) b"]);
    check("if sudo -n true; then id; fi", &["Direct sudo -n true", "Elevator true", "Direct id"]);
    check("for i in 1 2; do sudo kill $i; done", &["Direct sudo kill $i", "Elevator kill $i"]);
    check("sudo id > /tmp/x 2>&1 &", &["Direct sudo id", "Elevator id"]);
    check("! sudo id", &["Direct sudo id", "Elevator id"]);
    check("A=1 sudo id", &["Direct sudo id", "Elevator id"]);
}

#[test]
fn wrappers_and_scripts_are_opened() {
    check("env X=1 sudo id", &["Direct env X=1 sudo id", "Wrapper sudo id", "Elevator id"]);
    check("nohup sudo id &", &["Direct nohup sudo id", "Wrapper sudo id", "Elevator id"]);
    check("timeout -k 1 5 sudo id", &["Direct timeout -k 1 5 sudo id", "Wrapper sudo id", "Elevator id"]);
    check("ls | xargs -n 1 sudo rm", &["Pipe ls", "Pipe xargs -n 1 sudo rm", "Wrapper sudo rm", "Elevator rm"]);
    check("find / -name x -exec sudo rm {} \\;", &["Direct find / -name x -exec sudo rm {} ;", "Wrapper sudo rm {}", "Elevator rm {}"]);
    check("echo id | xargs sudo", &["Pipe echo id", "Pipe xargs sudo", "Wrapper sudo {}", "Elevator {}"]);
    check("prlimit --nofile=99 sudo id", &["Direct prlimit --nofile=99 sudo id", "Wrapper sudo id", "Elevator id"]);
    check("$SHELL -c 'sudo id'", &["Direct bash -c sudo id", "ShellC sudo id", "Elevator id"]);
    check("$0 -c 'sudo id'", &["Direct bash -c sudo id", "ShellC sudo id", "Elevator id"]);
    check("coproc sudo id", &["Direct coproc sudo id", "Wrapper sudo id", "Elevator id"]);
    check("repeat 2 sudo id", &["Direct repeat 2 sudo id", "Wrapper sudo id", "Elevator id"]);
    check("trap 'sudo id' EXIT", &["Direct trap sudo id EXIT", "ShellC sudo id", "Elevator id"]);
    check("trap - EXIT", &["Direct trap - EXIT"]);
    check("tmux new -d -s x 'sudo id; ls'", &["Direct tmux new -d -s x sudo id; ls", "ShellC sudo id", "Elevator id", "ShellC ls"]);
    check("sh -c 'sudo id; ls'", &["Direct sh -c sudo id; ls", "ShellC sudo id", "Elevator id", "ShellC ls"]);
    check("bash -lc \"sudo id\"", &["Direct bash -lc sudo id", "ShellC sudo id", "Elevator id"]);
    check("eval sudo id", &["Direct eval sudo id", "ShellC sudo id", "Elevator id"]);
    check("echo 'sudo id' | sh", &["Pipe echo sudo id", "Pipe sh", "ShellC sudo id", "Elevator id"]);
    check("bash <<< 'sudo id'", &["Direct bash", "ShellC sudo id", "Elevator id"]);
    check("bash <<E\nsudo id\nE", &["Direct bash", "ShellC sudo id", "Elevator id"]);
    check("ssh web sudo id", &["Direct ssh web sudo id", "Remote sudo id", "Elevator id"]);
    check("sudo -u a sh -c 'id'", &["Direct sudo -u a sh -c id", "Elevator sh -c id", "ShellC id"]);
    check("time sudo id", &["Direct time sudo id", "Wrapper sudo id", "Elevator id"]);
    check("watch -n 5 'sudo id'", &["Direct watch -n 5 sudo id", "ShellC sudo id", "Elevator id"]);
    check("script -qc 'sudo id' /dev/null", &["Direct script -qc sudo id /dev/null", "ShellC sudo id", "Elevator id"]);
}

#[test]
fn unknown_input_of_a_shell_is_obscured() {
    let found = programs("echo c3Vkbw== | base64 -d | sh", &mut State::default()).programs;
    assert!(found.iter().any(|program| program.program == "sh" && program.obscured));
}

#[test]
fn definitions_of_the_session_hold() {
    let mut state = State::default();
    assert_eq!(listed("alias please='sudo -n'", &mut state), ["Direct alias please=sudo -n"]);
    assert_eq!(listed("please id", &mut state), ["Alias sudo -n id", "Elevator id"]);
    assert_eq!(listed("\\please id", &mut state), ["Direct please id"]);
    assert_eq!(listed("up() { sudo \"$@\"; }", &mut state), [""; 0]);
    assert_eq!(listed("up reboot now", &mut state), ["Function sudo reboot now", "Elevator reboot now"]);
    assert_eq!(listed("x=su", &mut state), [""; 0]);
    assert_eq!(listed("${x}do id", &mut state), ["Direct sudo id", "Elevator id"]);
    assert_eq!(listed("alias ls='ls --color'", &mut state), ["Direct alias ls=ls --color"]);
    assert_eq!(listed("ls /", &mut state), ["Alias ls --color /"]);
    assert_eq!(listed("unalias please", &mut state), ["Direct unalias please"]);
    assert_eq!(listed("please id", &mut state), ["Direct please id"]);
}

#[test]
fn what_is_no_shell_still_shows_its_programs() {
    let parsed = programs("if [ x ]; sudo id (", &mut State::default());
    assert!(!parsed.whole);
    assert!(parsed.programs.iter().any(|program| program.program == "sudo"));
}

#[test]
fn deep_and_long_lines_are_bounded() {
    for line in [
        "$(".repeat(30_000),
        "(".repeat(60_000),
        "a;".repeat(30_000),
        "sh -c ".repeat(9_000),
        "a && ".repeat(12_000),
        "a|".repeat(30_000),
        "{ ".repeat(30_000),
        "if ".repeat(20_000),
        "`".repeat(60_000),
    ] {
        let found = programs(&line, &mut State::default());
        assert!(found.programs.len() <= PROGRAMS_MAX);
    }
    let mut state = State::default();
    programs("alias a=b; alias b=a", &mut state);
    programs("f() { f; f; }", &mut state);
    assert!(programs("a; f", &mut state).programs.len() <= PROGRAMS_MAX);
}

#[test]
fn a_shell_asks_for_more() {
    for line in
        ["echo 'a", "echo \"a", "a \\", "a &&", "a |", "cat <<E", "cat <<'E'\nx", "for i in 1 2; do", "if true; then\nx", "f() {", "(a"]
    {
        assert!(is_incomplete(line), "{line}");
    }
    for line in [
        "echo a",
        "cat <<E\nx\nE",
        "for i in 1; do x; done",
        "if a; then b; fi",
        "f() { a; }",
        "echo 'a b' # don't",
        "echo \"it's\"",
        "a & b",
        "cat <<< x",
        "x=$((1<<2))",
    ] {
        assert!(!is_incomplete(line), "{line}");
    }
}

#[test]
fn fish_substitutions_are_seen() {
    check("echo (sudo id -u)", &["Substitution sudo id -u", "Elevator id -u", "Direct echo (sudo id -u)"]);
}

#[test]
fn functions_of_fish_are_read_where_they_are_called() {
    for definition in ["function f; sudo $argv; end", "function f -d 'x'\n sudo $argv\nend", "function f; true; sudo $argv; end"] {
        let mut state = State::default();
        programs(definition, &mut state);
        let called = programs("f echo x", &mut state).programs;
        assert!(called.iter().any(|program| program.program == "sudo"), "{definition}: {called:?}");
    }
    // zsh runs what stands behind the first command.
    let run = programs("function f; true; sudo id; end", &mut State::default()).programs;
    assert!(run.iter().any(|program| program.program == "sudo"), "{run:?}");
}

#[test]
fn a_line_entered_again_is_read_with_what_was_defined_since() {
    let mut state = State::default();
    let names = |line: &str, state: &mut State| -> Vec<String> {
        programs(line, state).programs.into_iter().map(|program| program.program).collect()
    };
    for _ in 0..2 {
        assert_eq!(names("s id", &mut state), ["s"]);
    }
    let before = state.clone();
    names("alias s=sudo", &mut state);
    let inner = state.inner();
    for _ in 0..2 {
        assert_eq!(names("s id", &mut state), ["sudo", "id"]);
        assert_eq!(names("s id", &mut before.clone()), ["s"]);
        assert_eq!(names("s id", &mut inner.clone()), ["s"]);
    }
    names("alias s=doas", &mut state);
    assert_eq!(names("s id", &mut state), ["doas", "id"]);
    // What a line defines is defined again.
    for _ in 0..2 {
        names("unalias s", &mut state);
        assert_eq!(names("s id", &mut state), ["s"]);
        names("alias s=sudo", &mut state);
        assert_eq!(names("s id", &mut state), ["sudo", "id"]);
    }
}
