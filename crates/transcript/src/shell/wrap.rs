//! Programs that start another: their arguments in, what they start out.

use crate::elevate::{self, Runs};

use super::How;

/// What a program starts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Inner {
    Command(Vec<String>, How),
    Script(String, How),
}

/// Shells whose `-c` takes a script, and which read one from their input.
pub(crate) const SHELLS: &[&str] =
    &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash", "mksh", "csh", "tcsh", "pwsh", "powershell"];

/// Wrappers that are followed by options, then a command. Letters and names take a value; `skip` words come before the command.
struct Wrapper {
    name: &'static str,
    letters: &'static str,
    long: &'static [&'static str],
    skip: usize,
}

const fn wrapper(name: &'static str, letters: &'static str, long: &'static [&'static str], skip: usize) -> Wrapper {
    Wrapper { name, letters, long, skip }
}

const WRAPPERS: &[Wrapper] = &[
    wrapper("env", "uCS", &["--unset", "--chdir"], 0),
    wrapper("nohup", "", &[], 0),
    wrapper("setsid", "", &[], 0),
    wrapper("time", "fo", &["--format", "--output"], 0),
    wrapper("nice", "n", &["--adjustment"], 0),
    wrapper("ionice", "cnpPu", &["--class", "--classdata"], 0),
    wrapper("chrt", "pTPD", &[], 1),
    wrapper("taskset", "", &[], 1),
    wrapper("timeout", "ks", &["--kill-after", "--signal"], 1),
    wrapper("stdbuf", "ioe", &["--input", "--output", "--error"], 0),
    wrapper("unbuffer", "", &[], 0),
    wrapper("command", "", &[], 0),
    wrapper("builtin", "", &[], 0),
    wrapper("exec", "a", &[], 0),
    wrapper("noglob", "", &[], 0),
    wrapper("nocorrect", "", &[], 0),
    wrapper("xargs", "aEIiLlnPsd", &["--arg-file", "--delimiter", "--max-lines", "--max-args", "--max-procs", "--replace"], 0),
    wrapper("parallel", "jaSN", &["--jobs"], 0),
    wrapper("watch", "nd", &["--interval"], 0),
    wrapper("strace", "abeIoOpPsSuUX", &[], 0),
    wrapper("ltrace", "aeloprsuwx", &[], 0),
    wrapper("flock", "wcE", &["--timeout", "--wait", "--conflict-exit-code"], 1),
    wrapper("chroot", "", &[], 1),
    wrapper("busybox", "", &[], 0),
    wrapper("toybox", "", &[], 0),
    wrapper("caffeinate", "tw", &[], 0),
    wrapper("proxychains", "f", &[], 0),
    wrapper("unshare", "SGRw", &[], 0),
    wrapper("setpriv", "", &[], 0),
    wrapper("cgexec", "g", &[], 0),
    wrapper("faketime", "f", &[], 1),
    wrapper("setarch", "", &[], 0),
    wrapper("prlimit", "", &[], 0),
    wrapper("coproc", "", &[], 0),
    wrapper("repeat", "", &[], 1),
    wrapper("-", "", &[], 0),
    wrapper("and", "", &[], 0),
    wrapper("or", "", &[], 0),
    wrapper("not", "", &[], 0),
];

/// What `argv` starts, `program` being its file name.
pub(crate) fn inner(program: &str, argv: &[String]) -> Vec<Inner> {
    let rest = argv.get(1..).unwrap_or_default();
    if let Some(request) = elevate::request(program, argv) {
        return match request.runs {
            Runs::Command(words) => vec![Inner::Command(words, How::Elevator)],
            Runs::Script(script) => vec![Inner::Script(script, How::Elevator)],
            Runs::Shell | Runs::Edit | Runs::Nothing => Vec::new(),
        };
    }
    if SHELLS.contains(&program) {
        return script_argument(rest).map(|script| Inner::Script(script, How::ShellC)).into_iter().collect();
    }
    match program {
        "eval" => vec![Inner::Script(rest.join(" "), How::ShellC)],
        "trap" => trap(rest),
        "tmux" => multiplexer(rest),
        "xargs" | "parallel" => {
            command_after(program, rest).map(|words| Inner::Command(appended(words), How::Wrapper)).into_iter().collect()
        }
        "ssh" => remote(rest),
        "find" | "fd" => found(rest),
        "script" => named_value(rest, &["-c", "--command"]).map(|script| Inner::Script(script, How::ShellC)).into_iter().collect(),
        "watch" => command_after(program, rest).map(|words| Inner::Script(words.join(" "), How::ShellC)).into_iter().collect(),
        "env" => env(rest),
        "kubectl" | "docker" | "podman" | "oc" | "nerdctl" => container(rest),
        "command" if rest.first().is_some_and(|word| word.starts_with("-v") || word.starts_with("-V")) => Vec::new(),
        _ => command_after(program, rest).map(|words| Inner::Command(words, How::Wrapper)).into_iter().collect(),
    }
}

/// `trap 'SCRIPT' SIGNAL …`
fn trap(rest: &[String]) -> Vec<Inner> {
    let words = rest.get(after_options(rest, "", &[])..).unwrap_or_default();
    match words {
        [script, _, ..] if script != "-" && !script.is_empty() => vec![Inner::Script(script.clone(), How::ShellC)],
        _ => Vec::new(),
    }
}

/// `tmux new-session 'SCRIPT'`, and the other commands that start a shell's line.
fn multiplexer(rest: &[String]) -> Vec<Inner> {
    let starts = |word: &String| {
        matches!(
            word.as_str(),
            "new" | "new-session" | "neww" | "new-window" | "splitw" | "split-window" | "respawnp" | "respawn-pane" | "run" | "run-shell"
        )
    };
    let Some(words) = rest.iter().position(starts).and_then(|at| rest.get(at + 1..)) else { return Vec::new() };
    let script = words.get(after_options(words, "cFnstxyelp", &[])..).unwrap_or_default().join(" ");
    if script.is_empty() { Vec::new() } else { vec![Inner::Script(script, How::ShellC)] }
}

/// What these start gets more words from their input; of a program that changes the user, the command may be among them.
fn appended(mut words: Vec<String>) -> Vec<String> {
    let asks = |words: &[String]| words.first().and_then(|first| elevate::request(first.rsplit('/').next().unwrap_or(first), words));
    if asks(&words).is_some_and(|request| matches!(request.runs, Runs::Shell | Runs::Nothing)) {
        words.push("{}".to_owned());
    }
    words
}

fn command_after(program: &str, rest: &[String]) -> Option<Vec<String>> {
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == program)?;
    let start = after_options(rest, wrapper.letters, wrapper.long) + wrapper.skip;
    let words = rest.get(start..)?.to_vec();
    (!words.is_empty()).then_some(words)
}

fn after_options(rest: &[String], letters: &str, long: &[&str]) -> usize {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        if word == "--" {
            return at + 1;
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        let takes = if word.starts_with("--") {
            long.contains(&word.as_str())
        } else {
            word.len() == 2 && word.chars().nth(1).is_some_and(|letter| letters.contains(letter))
        };
        at += 1 + usize::from(takes);
    }
    at
}

/// Options of a shell, with the values of those that take one, and nothing else.
fn has_no_script(rest: &[String]) -> bool {
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if matches!(word.as_str(), "-o" | "-O" | "+o" | "+O" | "--rcfile" | "--init-file") {
            words.next();
        } else if !word.starts_with(['-', '+']) {
            return false;
        }
    }
    true
}

/// The script of `sh -c SCRIPT`, also as `-lc`, `-xec`, `--norc -c`.
fn script_argument(rest: &[String]) -> Option<String> {
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if word == "-o" || word == "-O" || word == "--rcfile" || word == "--init-file" {
            words.next();
            continue;
        }
        let lower = word.to_ascii_lowercase();
        if (word.starts_with('-') && !word.starts_with("--") && word.contains('c')) || lower == "-command" || word == "--command" {
            return words.find(|word| !word.starts_with('-')).cloned();
        }
        if !word.starts_with('-') && !word.starts_with('+') {
            return None;
        }
    }
    None
}

fn env(rest: &[String]) -> Vec<Inner> {
    if let Some(script) = named_value(rest, &["-S", "--split-string"]) {
        return vec![Inner::Script(script, How::Wrapper)];
    }
    let start = after_options(rest, "uC", &["--unset", "--chdir"]);
    let words: Vec<String> = rest.get(start..).unwrap_or_default().iter().skip_while(|word| word.contains('=')).cloned().collect();
    if words.is_empty() { Vec::new() } else { vec![Inner::Command(words, How::Wrapper)] }
}

fn named_value(rest: &[String], names: &[&str]) -> Option<String> {
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if names.contains(&word.as_str()) {
            return words.next().cloned();
        }
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| names.contains(name)) {
            let _ = name;
            return Some(value.to_owned());
        }
        // `script -qc 'command'`
        if word.starts_with('-') && !word.starts_with("--") && word.ends_with('c') && names.contains(&"-c") {
            return words.next().cloned();
        }
    }
    None
}

fn remote(rest: &[String]) -> Vec<Inner> {
    let start = after_options(rest, "bcDEeFIiJLlmOopQRSWw", &[]) + 1;
    let words = rest.get(start..).unwrap_or_default();
    if words.is_empty() { Vec::new() } else { vec![Inner::Script(words.join(" "), How::Remote)] }
}

/// `find … -exec COMMAND {} ;`
fn found(rest: &[String]) -> Vec<Inner> {
    let mut out = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec") {
            let command: Vec<String> = words.by_ref().take_while(|word| *word != ";" && *word != "+").cloned().collect();
            if !command.is_empty() {
                out.push(Inner::Command(command, How::Wrapper));
            }
        }
    }
    out
}

/// `docker exec -it NAME COMMAND`, `kubectl exec -it POD -- COMMAND`.
fn container(rest: &[String]) -> Vec<Inner> {
    let Some(at) = rest.iter().position(|word| word == "exec") else { return Vec::new() };
    let rest = rest.get(at + 1..).unwrap_or_default();
    let words = match rest.iter().position(|word| word == "--") {
        Some(at) => rest.get(at + 1..),
        None => rest.get(after_options(rest, "eucwn", &["--env", "--user", "--workdir", "--container", "--namespace"]) + 1..),
    };
    words.filter(|words| !words.is_empty()).map(|words| Inner::Command(words.to_vec(), How::Remote)).into_iter().collect()
}

/// Whether `argv` asks for a shell or another place to type in, so that prompts of another shape may follow.
pub(crate) fn opens_shell(program: &str, argv: &[String]) -> bool {
    let rest = argv.get(1..).unwrap_or_default();
    if let Some(request) = elevate::request(program, argv) {
        return request.runs == Runs::Shell;
    }
    if SHELLS.contains(&program) {
        return script_argument(rest).is_none() && has_no_script(rest);
    }
    match program {
        "ssh" => remote(rest).is_empty() && !rest.is_empty() && !rest.iter().any(|word| word == "-N" || word == "-V"),
        "tmux" | "screen" | "byobu" | "zellij" | "mosh" | "telnet" | "login" | "newgrp" | "sg" | "virsh" | "lxc-attach" | "nix-shell"
        | "su-exec" => true,
        "script" => named_value(rest, &["-c", "--command"]).is_none(),
        "chroot" => rest.len() == 1,
        "unshare" => rest.iter().all(|word| word.starts_with('-')),
        "docker" | "podman" | "kubectl" | "oc" | "nerdctl" | "lxc" | "multipass" => {
            rest.first().is_some_and(|verb| matches!(verb.as_str(), "run" | "exec" | "attach" | "shell" | "debug" | "compose"))
        }
        "aws" => rest.iter().any(|word| word == "start-session" || word == "execute-command"),
        _ => false,
    }
}

/// Programs with a prompt of their own, whose lines are no commands of a shell.
pub(crate) fn is_interpreter(program: &str) -> bool {
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        name,
        "python"
            | "ipython"
            | "node"
            | "irb"
            | "pry"
            | "perl"
            | "php"
            | "lua"
            | "ruby"
            | "psql"
            | "mysql"
            | "mariadb"
            | "sqlite"
            | "sqlplus"
            | "mongo"
            | "mongosh"
            | "redis-cli"
            | "gdb"
            | "lldb"
            | "bc"
            | "dc"
            | "ftp"
            | "sftp"
            | "lftp"
            | "gnuplot"
            | "R"
            | "Rscript"
            | "ghci"
            | "scala"
            | "jshell"
            | "duckdb"
            | "clickhouse-client"
            | "bconsole"
            | "nslookup"
            | "fdisk"
            | "parted"
            | "cqlsh"
            | "vault"
            | "rails"
            | "bundle"
            | "iex"
            | "erl"
            | "swipl"
            | "octave"
            | "jdb"
            | "pdb"
            | "spark-shell"
            | "pyspark"
            | "spark-sql"
            | "hive"
            | "beeline"
            | "impala-shell"
            | "trino"
            | "presto"
    )
}

/// Programs that draw the whole screen.
pub(crate) fn is_full_screen(program: &str) -> bool {
    matches!(
        program,
        "vi" | "vim"
            | "nvim"
            | "view"
            | "vimdiff"
            | "visudo"
            | "vipw"
            | "nano"
            | "emacs"
            | "less"
            | "more"
            | "man"
            | "top"
            | "htop"
            | "watch"
            | "mc"
            | "crontab"
            | "sudoedit"
            | "journalctl"
            | "git"
            | "systemctl"
    )
}

/// Others that draw on the terminal's alternate screen, or start a program that does: a pager, an editor, what was stopped.
pub(crate) fn uses_alternate(program: &str) -> bool {
    is_full_screen(program)
        || is_pager(program)
        || matches!(
            program,
            "vim.basic"
                | "vim.tiny"
                | "vimx"
                | "rvim"
                | "rview"
                | "ex"
                | "hx"
                | "helix"
                | "micro"
                | "joe"
                | "pico"
                | "ne"
                | "jed"
                | "mg"
                | "mcedit"
                | "mcview"
                | "zless"
                | "zmore"
                | "xzless"
                | "bzless"
                | "zstdless"
                | "vigr"
                | "vigpg"
                | "info"
                | "pinfo"
                | "perldoc"
                | "pydoc"
                | "pydoc3"
                | "btop"
                | "bpytop"
                | "atop"
                | "iotop"
                | "iftop"
                | "nethogs"
                | "nload"
                | "bmon"
                | "glances"
                | "nmon"
                | "powertop"
                | "slabtop"
                | "mtr"
                | "ncdu"
                | "ranger"
                | "nnn"
                | "lf"
                | "vifm"
                | "yazi"
                | "mutt"
                | "neomutt"
                | "alpine"
                | "irssi"
                | "weechat"
                | "lynx"
                | "links"
                | "elinks"
                | "w3m"
                | "fzf"
                | "sk"
                | "dialog"
                | "whiptail"
                | "tig"
                | "lazygit"
                | "lazydocker"
                | "gitui"
                | "gh"
                | "k9s"
                | "ctop"
                | "aptitude"
                | "dpkg-reconfigure"
                | "nmtui"
                | "cfdisk"
                | "alsamixer"
                | "raspi-config"
                | "vimtutor"
                | "emacsclient"
                | "tmux"
                | "screen"
                | "byobu"
                | "zellij"
                | "fg"
                | "fc"
                | "edquota"
                | "loginctl"
                | "timedatectl"
                | "machinectl"
                | "coredumpctl"
                | "systemd-analyze"
                | "edit"
                | "editor"
                | "sensible-editor"
                | "pager"
                | "sensible-pager"
                | "aws"
                | "funced"
                | "vared"
        )
        || program.starts_with('%')
}

/// Programs that show such text a page at a time.
pub(crate) fn is_pager(program: &str) -> bool {
    matches!(
        program,
        "less" | "more" | "most" | "man" | "view" | "vi" | "vim" | "nano" | "git" | "journalctl" | "systemctl" | "bat" | "batcat"
    )
}
