//! Programs that act as another user: their arguments in, whom they become and what they start out.
//!
//! Sources: the manual pages of sudo(8), su(1), runuser(1), doas(1), pkexec(1), run0(1), machinectl(1), nsenter(1), systemd-run(1).

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Serialize;

/// What a program that changes the user was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The user asked for; none means root.
    pub(crate) as_user: Option<String>,
    pub(crate) runs: Runs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// A shell to type in.
    Shell,
    /// These words, as a command.
    Command(Vec<String>),
    /// A script for a shell.
    Script(String),
    /// Edits files with the other user's rights.
    Edit,
    /// Asks, lists or forgets only.
    Nothing,
}

/// What became of an attempt to act as another user, as far as the output shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran: output or a prompt followed, and no refusal.
    Succeeded,
    /// The rules of the host forbid it.
    Refused,
    /// The password was wrong or not given.
    PasswordFailed,
    /// There is no such program on the host.
    NotFound,
    /// The transcript does not show it.
    Unknown,
    /// The line was most likely only shown, or given up.
    NotRun,
}

/// Reads `argv` if its program changes the user. `program` is its file name.
pub(crate) fn request(program: &str, argv: &[String]) -> Option<Request> {
    let rest = argv.get(1..).unwrap_or_default();
    match program {
        "sudo" | "sudo-rs" | "dzdo" | "gsudo" => Some(sudo(rest)),
        "sudoedit" => Some(Request { runs: Runs::Edit, ..sudo(rest) }),
        "su" | "su-rs" | "ksu" => Some(su(rest)),
        "runuser" => Some(runuser(rest)),
        "doas" => Some(doas(rest)),
        "pkexec" => Some(simple(rest, &["--user", "-u"], &[], true)),
        "run0" => Some(simple(rest, &["--user", "-u"], RUN0_VALUES, true)),
        "pfexec" => Some(simple(rest, &[], &["-P"], false)),
        "systemd-run" => systemd_run(rest),
        "machinectl" => machinectl(rest),
        "nsenter" => nsenter(rest),
        "runas" | "runas.exe" => Some(runas(rest)),
        _ => None,
    }
}

/// Which programs [`request`] reads, for patterns in a command's place (`/usr/bin/sud?`).
pub(crate) const PROGRAMS: &[&str] =
    &["sudo", "sudo-rs", "dzdo", "gsudo", "sudoedit", "su", "su-rs", "ksu", "runuser", "doas", "pkexec", "run0", "pfexec"];

const RUN0_VALUES: &[&str] = &[
    "-g",
    "--group",
    "-D",
    "--chdir",
    "--setenv",
    "--background",
    "--nice",
    "--unit",
    "--property",
    "--slice",
    "--description",
    "--machine",
];

/// Splits off options. `values`: those that take the next word. Gives the options found, with their values, and where the rest begins.
fn options<'a>(words: &'a [String], values: &[&str], letters_with_value: &str) -> (Vec<(&'a str, Option<&'a str>)>, usize) {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return (found, at + 1);
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        if word.starts_with("--") {
            let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            if value.is_none() && values.contains(&name) {
                at += 1;
                found.push((name, words.get(at).map(String::as_str)));
            } else {
                found.push((name, value));
            }
            at += 1;
            continue;
        }
        at += 1 + short_options(word, words.get(at + 1), letters_with_value, &mut found);
    }
    (found, at)
}

/// `-nu root`: letters, the last of which may take the rest of the word or the next one. Gives how many words more were used.
fn short_options<'a>(word: &'a str, next: Option<&'a String>, with_value: &str, found: &mut Vec<(&'a str, Option<&'a str>)>) -> usize {
    for (place, letter) in word.char_indices().skip(1) {
        let end = place + letter.len_utf8();
        let name = word.get(place..end).unwrap_or_default();
        if with_value.contains(letter) {
            let rest = word.get(end..).unwrap_or_default();
            if rest.is_empty() {
                found.push((name, next.map(String::as_str)));
                return 1;
            }
            found.push((name, Some(rest.trim_start_matches('='))));
            return 0;
        }
        found.push((name, None));
    }
    0
}

fn has(found: &[(&str, Option<&str>)], names: &[&str]) -> bool {
    found.iter().any(|(name, _)| names.contains(name))
}

fn value(found: &[(&str, Option<&str>)], names: &[&str]) -> Option<String> {
    found.iter().rev().find(|(name, _)| names.contains(name)).and_then(|(_, value)| *value).map(str::to_owned)
}

fn user(name: Option<String>) -> Option<String> {
    name.filter(|name| name != "root" && name != "#0" && name != "0")
}

fn sudo(rest: &[String]) -> Request {
    let values = [
        "--user",
        "--group",
        "--host",
        "--prompt",
        "--close-from",
        "--role",
        "--type",
        "--command-timeout",
        "--other-user",
        "--chdir",
        "--chroot",
    ];
    let (found, at) = options(rest, &values, "ughpCrtTUDRa");
    let as_user = user(value(&found, &["u", "--user"]));
    let words: Vec<String> = rest.get(at..).unwrap_or_default().iter().skip_while(|word| is_assignment(word)).cloned().collect();
    let runs = if has(&found, &["l", "--list", "V", "--version", "K", "--remove-timestamp", "--help"])
        || (has(&found, &["h"]) && words.is_empty())
    {
        Runs::Nothing
    } else if has(&found, &["e", "--edit"]) {
        Runs::Edit
    } else if !words.is_empty() {
        // With -i or -s the words are handed to a shell; what they run is the same.
        Runs::Command(words)
    } else if has(&found, &["i", "--login", "s", "--shell"]) {
        Runs::Shell
    } else {
        Runs::Nothing
    };
    Request { as_user, runs }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn su(rest: &[String]) -> Request {
    // su takes options after the user's name too.
    let (mut words, mut command) = (Vec::new(), None);
    let mut left = rest;
    while !left.is_empty() {
        let (found, at) =
            options(left, &["--command", "--session-command", "--shell", "--group", "--supp-group", "--whitelist-environment"], "csgGwC");
        command = value(&found, &["c", "--command", "--session-command"]).or(command);
        if has(&found, &["--help", "--version", "V"]) {
            return Request { as_user: None, runs: Runs::Nothing };
        }
        left = left.get(at..).unwrap_or_default();
        if let Some((word, others)) = left.split_first() {
            words.push(word.clone());
            left = others;
        }
    }
    let as_user = user(words.iter().find(|word| *word != "-").cloned());
    Request { as_user, runs: command.map_or(Runs::Shell, Runs::Script) }
}

fn runuser(rest: &[String]) -> Request {
    let (found, at) = options(rest, &["--user", "--group", "--supp-group", "--command", "--shell"], "ugGcsw");
    match value(&found, &["u", "--user"]) {
        Some(name) => Request { as_user: user(Some(name)), runs: Runs::Command(rest.get(at..).unwrap_or_default().to_vec()) },
        None => su(rest),
    }
}

fn doas(rest: &[String]) -> Request {
    let (found, at) = options(rest, &[], "uaC");
    let words = rest.get(at..).unwrap_or_default();
    let runs = if has(&found, &["s"]) {
        Runs::Shell
    } else if words.is_empty() || has(&found, &["L", "C"]) {
        Runs::Nothing
    } else {
        Runs::Command(words.to_vec())
    };
    Request { as_user: user(value(&found, &["u"])), runs }
}

/// Options, then a command; without one a shell, where `shell` says so.
fn simple(rest: &[String], users: &[&str], values: &[&str], shell: bool) -> Request {
    let all: Vec<&str> = users.iter().chain(values).copied().collect();
    let letters: String = all.iter().filter(|name| !name.starts_with("--")).filter_map(|name| name.chars().nth(1)).collect();
    let (found, at) = options(rest, &all, &letters);
    let short: Vec<&str> = users.iter().map(|name| if name.starts_with("--") { name } else { name.trim_start_matches('-') }).collect();
    let words = rest.get(at..).unwrap_or_default();
    let runs = if has(&found, &["--help", "--version"]) {
        Runs::Nothing
    } else if !words.is_empty() {
        Runs::Command(words.to_vec())
    } else if shell {
        Runs::Shell
    } else {
        Runs::Nothing
    };
    Request { as_user: user(value(&found, &short)), runs }
}

/// Started by the system's own manager, so as root unless `--user` or `--uid` say otherwise.
fn systemd_run(rest: &[String]) -> Option<Request> {
    let values = [
        "--uid",
        "--gid",
        "--unit",
        "--property",
        "--description",
        "--slice",
        "--setenv",
        "--working-directory",
        "--machine",
        "--host",
        "--nice",
    ];
    let (found, at) = options(rest, &values, "pupEHMd");
    if has(&found, &["--user", "--help", "--version"]) {
        return None;
    }
    let words = rest.get(at..).unwrap_or_default().to_vec();
    let runs = if words.is_empty() { Runs::Shell } else { Runs::Command(words) };
    Some(Request { as_user: user(value(&found, &["--uid"])), runs })
}

fn machinectl(rest: &[String]) -> Option<Request> {
    let (found, at) = options(rest, &["--uid", "--setenv", "--machine"], "EMH");
    let words = rest.get(at..).unwrap_or_default();
    let (verb, words) = words.split_first()?;
    if verb != "shell" && verb != "login" {
        return None;
    }
    let name = words.first().and_then(|target| target.split_once('@')).map(|(name, _)| name.to_owned());
    let command = words.get(1..).unwrap_or_default().to_vec();
    let runs = if command.is_empty() { Runs::Shell } else { Runs::Command(command) };
    Some(Request { as_user: user(value(&found, &["--uid"]).or(name)), runs })
}

/// Enters another process's namespaces: from a container, the host's, as root.
fn nsenter(rest: &[String]) -> Option<Request> {
    let (found, at) = options(rest, &["--target", "--setuid", "--setgid"], "tSG");
    if !has(&found, &["t", "--target"]) {
        return None;
    }
    let words = rest.get(at..).unwrap_or_default().to_vec();
    let runs = if words.is_empty() { Runs::Shell } else { Runs::Command(words) };
    Some(Request { as_user: user(value(&found, &["S", "--setuid"])), runs })
}

/// Windows: `runas /user:Administrator cmd`.
fn runas(rest: &[String]) -> Request {
    let name = rest.iter().find_map(|word| word.strip_prefix("/user:")).map(str::to_owned);
    let words: Vec<String> = rest.iter().filter(|word| !word.starts_with('/')).cloned().collect();
    Request { as_user: name, runs: Runs::Command(words) }
}

/// What the lines after an attempt say became of it; `None` where they say nothing against it.
pub(crate) fn refusal<'a>(output: impl Iterator<Item = &'a str>) -> Option<Outcome> {
    let mut found = None;
    for line in output {
        let line = line.trim();
        if is_any(&FOUND_NOT_ALLOWED, line) && (is_by_elevator(line) || line.starts_with("Sorry, user ") || !line.starts_with("sudo")) {
            return Some(Outcome::Refused);
        }
        if is_any(&FOUND_WRONG_PASSWORD, line) {
            found = Some(Outcome::PasswordFailed);
        }
        if is_not_found(line) {
            return Some(Outcome::NotFound);
        }
    }
    found
}

fn is_by_elevator(line: &str) -> bool {
    let names = ["sudo:", "su:", "doas:", "pkexec:", "run0:", "runuser:", "Error executing command as another user"];
    names.iter().any(|name| line.starts_with(name))
}

/// Made once: a session may have a million lines.
type Finders = LazyLock<Vec<Finder<'static>>>;
static FOUND_NOT_ALLOWED: Finders = LazyLock::new(|| NOT_ALLOWED.iter().map(|text| Finder::new(*text)).collect());
static FOUND_WRONG_PASSWORD: Finders = LazyLock::new(|| WRONG_PASSWORD.iter().map(|text| Finder::new(*text)).collect());

fn is_any(finders: &Finders, line: &str) -> bool {
    finders.iter().any(|finder| finder.find(line.as_bytes()).is_some())
}

const NOT_ALLOWED: &[&str] = &[
    "is not in the sudoers file",
    "is not allowed to execute",
    "is not allowed to run sudo on",
    "may not run sudo on",
    "Sorry, you are not allowed to",
    "doas: Operation not permitted",
    "su: Permission denied",
    "su: must be suid",
    "runuser: may not be used by non-root users",
    "Error executing command as another user: Not authorized",
    "must be owned by uid 0 and have the setuid bit set",
    "The \"no new privileges\" flag is set",
    "sudoers ファイル内にありません",
    "sudoers ファイルにありません",
    "実行することは許可されていません",
];

const WRONG_PASSWORD: &[&str] = &[
    "incorrect password attempt",
    "sudo: a password is required",
    "sudo: no password was provided",
    "sudo: a terminal is required to read the password",
    "sudo: Authentication failed",
    "sudo: maximum 3 incorrect authentication attempts",
    "su: Authentication failure",
    "su: Authentication token",
    "su: incorrect password",
    "doas: Authentication failed",
    "doas: Authentication required",
    "Error executing command as another user: Request dismissed",
    "sudo: パスワードが必要です",
    "回パスワード試行を間違えました",
    "su: 認証失敗",
    "su: 認証に失敗しました",
];

/// The shell's own word that there is no such program; not a word of the program that sudo was to start.
fn is_not_found(line: &str) -> bool {
    let line = line.trim_end_matches(" ...");
    let whole_word = |before: &str| before.is_empty() || before.ends_with([' ', '/']);
    let named_before = [": command not found", ": not found", ": コマンドが見つかりません"].iter().any(|end| {
        let name = line.strip_suffix(end).and_then(|before| before.rsplit([' ', '/']).next());
        name.is_some_and(|name| PROGRAMS.contains(&name))
    });
    let named_behind = || {
        let (start, name) = line.strip_suffix('\'').unwrap_or(line).rsplit_once([' ', '\''])?;
        let quoted = line.ends_with('\'') && start.ends_with(' ');
        let says = if quoted { &["Unknown command "][..] } else { &["command not found:", "Unknown command:"] };
        let before = says.iter().find_map(|says| start.strip_suffix(says))?;
        (PROGRAMS.contains(&name) && whole_word(before)).then_some(())
    };
    (named_before || named_behind().is_some()) && !line.starts_with("sudo: sudo:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(line: &str, as_user: Option<&str>, runs: Runs) {
        let argv = words(line);
        let found = request(&argv[0], &argv).unwrap();
        assert_eq!((found.as_user.as_deref(), found.runs), (as_user, runs), "{line}");
    }

    #[test]
    fn arguments_say_who_and_what() {
        check("sudo reboot", None, Runs::Command(words("reboot")));
        check("sudo -nu postgres psql -c x", Some("postgres"), Runs::Command(words("psql -c x")));
        check("sudo --user=deploy -- A=1 ls", Some("deploy"), Runs::Command(words("ls")));
        check("sudo -u root id", None, Runs::Command(words("id")));
        check("sudo -i", None, Runs::Shell);
        check("sudo -iu deploy", Some("deploy"), Runs::Shell);
        check("sudo -s id", None, Runs::Command(words("id")));
        check("sudo -l", None, Runs::Nothing);
        check("sudo -v", None, Runs::Nothing);
        check("sudo -k id", None, Runs::Command(words("id")));
        check("sudo -e /etc/hosts", None, Runs::Edit);
        check("sudo", None, Runs::Nothing);
        check("su", None, Runs::Shell);
        check("su -", None, Runs::Shell);
        check("su - deploy", Some("deploy"), Runs::Shell);
        check("su deploy -c id", Some("deploy"), Runs::Script("id".to_owned()));
        check("su -lc id", None, Runs::Script("id".to_owned()));
        check("doas -u www ls", Some("www"), Runs::Command(words("ls")));
        check("doas -s", None, Runs::Shell);
        check("pkexec", None, Runs::Shell);
        check("pkexec --user www id", Some("www"), Runs::Command(words("id")));
        check("run0", None, Runs::Shell);
        check("machinectl shell deploy@.host", Some("deploy"), Runs::Shell);
        check("nsenter -t 1 -m -u bash", None, Runs::Command(words("bash")));
        check("runuser -u www -- id", Some("www"), Runs::Command(words("id")));
        check("systemd-run --pty bash", None, Runs::Command(words("bash")));
    }

    #[test]
    fn refusals_are_told_from_output() {
        let of = |line: &str| refusal(std::iter::once(line));
        assert_eq!(of("alice is not in the sudoers file.  This incident will be reported."), Some(Outcome::Refused));
        assert_eq!(of("Sorry, user alice may not run sudo on web."), Some(Outcome::Refused));
        assert_eq!(of("sudo: 3 incorrect password attempts"), Some(Outcome::PasswordFailed));
        assert_eq!(of("su: Authentication failure"), Some(Outcome::PasswordFailed));
        assert_eq!(of("bash: sudo: command not found"), Some(Outcome::NotFound));
        assert_eq!(of("sh: 1: sudo: not found"), Some(Outcome::NotFound));
        assert_eq!(of("zsh: command not found: sudo"), Some(Outcome::NotFound));
        assert_eq!(of("fish: Unknown command: /usr/bin/doas"), None);
        assert_eq!(of("fish: Unknown command 'doas'"), Some(Outcome::NotFound));
        assert_eq!(of("Unknown command: su ..."), Some(Outcome::NotFound));
        assert_eq!(of("-bash: /usr/bin/sudo: コマンドが見つかりません"), Some(Outcome::NotFound));
        assert_eq!(of("zsh: command not found: xsudo"), None);
        assert_eq!(of("sudo: sudo: command not found"), None);
        assert_eq!(of("sudo: foo: command not found"), None);
        assert_eq!(of("uid=0(root)"), None);
    }
}
