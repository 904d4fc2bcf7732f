//! What a program may show: its words in; whether a line of what others wrote may stand at a line's start, and how many there may be, out.
//!
//! A line of a file may look like a prompt with a command behind it. What a program cannot show needs no doubt.

/// How a program shows what others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shown {
    /// Not at all.
    Nothing,
    /// Each line behind a sign, a number or a file's name.
    BehindSigns,
    /// As it is; a line of it may look like a prompt.
    Text,
}

/// `unresolved`: its words may be others when it runs.
pub(crate) fn of(program: &str, argv: &[String], unresolved: bool) -> Shown {
    if !shows_text(program) {
        return Shown::Nothing;
    }
    if unresolved {
        return Shown::Text;
    }
    let options = || argv.iter().skip(1).map(String::as_str).take_while(|word| *word != "--").filter(|word| word.starts_with('-'));
    // What follows some letters is their value.
    let letters = |wanted: &str| {
        let bare = |word: &str| {
            word.split(['e', 'f', 'm', 'A', 'B', 'C']).next().is_some_and(|word| word.contains(|letter| wanted.contains(letter)))
        };
        options().any(|word| !word.starts_with("--") && bare(word))
    };
    let long = |wanted: &[&str]| options().any(|word| wanted.iter().any(|name| word.split('=').next() == Some(name)));
    match program {
        "echo" | "printf" if !argv.iter().skip(1).any(|word| has_mark(word)) => Shown::Nothing,
        "grep" | "egrep" | "fgrep" | "zgrep" if letters("cqlL") || long(&["--count", "--quiet", "--silent", "--files-with-matches"]) => {
            Shown::Nothing
        }
        "grep" | "egrep" | "fgrep" | "zgrep" if letters("nH") || long(&["--line-number", "--with-filename"]) => Shown::BehindSigns,
        // Side by side, and scripts for other programs, have lines as they are.
        "diff" if options().all(|word| word.chars().skip(1).all(|letter| "ubwicrNaqBp".contains(letter))) => Shown::BehindSigns,
        "cat" if letters("n") => Shown::BehindSigns,
        "history" | "xxd" | "od" => Shown::BehindSigns,
        _ => Shown::Text,
    }
}

/// How many lines it shows at most: `head` and `tail` of one file.
pub(crate) fn lines_max(argv: &[String]) -> Option<u64> {
    const LINES: u64 = 10;
    let (program, words) = argv.split_first()?;
    if !matches!(program.rsplit('/').next(), Some("head" | "tail")) {
        return None;
    }
    let (mut lines, mut files) = (LINES, 0);
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let number = match word.strip_prefix('-') {
            None | Some("") => {
                if word.contains(['*', '?', '[', '{', '$']) {
                    return None;
                }
                files += 1;
                continue;
            }
            Some("n") => words.next()?,
            Some(rest) => rest.strip_prefix('n').unwrap_or(rest),
        };
        // `+3`, `-3`: all but so many. Other options: followed, bytes, more files.
        lines = number.parse().ok().filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    }
    (files <= 1).then_some(lines)
}

/// Whether what is printed of a word may hold a prompt's mark: it holds one, or what may become one.
fn has_mark(word: &str) -> bool {
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        let may_be = match letter {
            '$' | '#' | '>' | '`' => true,
            '%' => next.is_none_or(|next| matches!(next, '%' | ' ' | 'b' | 'c')),
            '\\' => next.is_some_and(|next| next.is_ascii_digit() || matches!(next, 'x' | 'u' | 'U' | 'e' | 'E')),
            _ => !letter.is_ascii() && !letter.is_alphanumeric(),
        };
        if may_be {
            return true;
        }
    }
    false
}

/// It shows what is in files, or its words, and starts nothing: no shell can be entered from it.
pub(crate) fn only_shows(program: &str, argv: &[String]) -> bool {
    let calls = |word: &String| word.contains("system") || word.contains('|');
    let starts = match program {
        "awk" | "gawk" => argv.iter().any(calls),
        name => matches!(
            name,
            "less"
                | "more"
                | "most"
                | "zless"
                | "man"
                | "info"
                | "tldr"
                | "help"
                | "git"
                | "journalctl"
                | "aws"
                | "script"
                | "scriptreplay"
                | "fc"
                | "view"
                | "vim"
                | "vi"
                | "nano"
                | "perl"
                | "gpg"
        ),
    };
    shows_text(program) && !starts
}

/// Programs that show text that others wrote.
fn shows_text(program: &str) -> bool {
    matches!(
        program,
        "cat"
            | "tac"
            | "head"
            | "tail"
            | "less"
            | "more"
            | "most"
            | "bat"
            | "batcat"
            | "grep"
            | "egrep"
            | "fgrep"
            | "zgrep"
            | "rg"
            | "ag"
            | "ack"
            | "man"
            | "info"
            | "git"
            | "diff"
            | "echo"
            | "printf"
            | "curl"
            | "wget"
            | "sed"
            | "awk"
            | "gawk"
            | "strings"
            | "journalctl"
            | "history"
            | "fc"
            | "cut"
            | "sort"
            | "uniq"
            | "nl"
            | "tr"
            | "aws"
            | "zcat"
            | "script"
            | "scriptreplay"
            | "column"
            | "fold"
            | "xxd"
            | "od"
            | "type"
            | "help"
            | "tldr"
            | "jq"
            | "tee"
            | "view"
            | "vim"
            | "vi"
            | "nano"
            | "expand"
            | "unexpand"
            | "fmt"
            | "pr"
            | "paste"
            | "join"
            | "comm"
            | "iconv"
            | "nkf"
            | "perl"
            | "base64"
            | "bzcat"
            | "xzcat"
            | "zless"
            | "gpg"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_cannot_hold_a_prompt_is_known() {
        for (line, expected) in [
            ("cat x", Shown::Text),
            ("cat -n x", Shown::BehindSigns),
            ("grep sudo x", Shown::Text),
            ("grep -c sudo x", Shown::Nothing),
            ("grep -in sudo x", Shown::BehindSigns),
            ("grep -- -c x", Shown::Text),
            ("grep -ec x", Shown::Text),
            ("diff -u a b", Shown::BehindSigns),
            ("diff -y a b", Shown::Text),
            ("diff --side-by-side a b", Shown::Text),
            ("echo a b", Shown::Nothing),
            ("echo a# b", Shown::Text),
            ("printf %s\\n a", Shown::Nothing),
            ("printf %s$ a", Shown::Text),
            ("printf \\044 a", Shown::Text),
            ("printf %b a", Shown::Text),
            ("echo ❯ a", Shown::Text),
            ("ls x", Shown::Nothing),
        ] {
            let words = words(line);
            assert_eq!(of(&words[0], &words, false), expected, "{line}");
        }
        assert_eq!(of("echo", &words("echo a"), true), Shown::Text);
    }

    #[test]
    fn head_and_tail_end() {
        for (line, expected) in [
            ("tail -n 1 x", Some(1)),
            ("head -5 x", Some(5)),
            ("head -n5 x", Some(5)),
            ("/usr/bin/head x", Some(10)),
            ("tail -f x", None),
            ("tail -n +3 x", None),
            ("head -n -3 x", None),
            ("head -c 9 x", None),
            ("head -n 1 x y", None),
            ("head -n 1 *", None),
            ("cat x", None),
        ] {
            assert_eq!(lines_max(&words(line)), expected, "{line}");
        }
    }
}
