//! What a shell's prompt looks like: the text of a line in, where its prompt ends and what it says out.
//!
//! Shapes only tell a first prompt from output; after that a prompt is the text that stood there before ([`Prompt::leads`]), or the same one
//! with another folder in it ([`Prompt::resembles`]).

use crate::known;

/// Prompts longer than this many bytes are not looked for.
pub(crate) const PROMPT_MAX: usize = 240;

/// Bytes of a sign.
const MARK_BYTES: usize = 4;
/// A prompt that is sought behind output must begin as the known one does, with so many letters.
const BEHIND_LETTERS: usize = 4;
/// Places of a line at which it is sought.
const BEHIND_PLACES_MAX: usize = 4;

/// What is left of a character of which a streamed log lacks bytes.
const MANGLED: char = char::REPLACEMENT_CHARACTER;

/// How sure a text's looks make it a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Looks {
    /// `$ ` alone: any text may begin so.
    Bare,
    /// A word or path and a mark: `~/src> `, `web-3% `.
    Weak,
    /// Names a shell and its version, a user and host, or is PowerShell's.
    Strong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// As it stood, with its trailing space.
    pub(crate) text: String,
    pub(crate) looks: Looks,
    /// The last mark: `$`, `#`, `%`, `>` or another.
    pub(crate) mark: Option<char>,
    /// The user that `user@host` names.
    pub(crate) user: Option<String>,
    /// What stays the same when the folder changes.
    identity: String,
    /// Where in `text` the folder stands; empty where none is seen.
    folder: std::ops::Range<usize>,
}

impl Prompt {
    /// The prompt that `line` begins with, by its looks alone.
    pub(crate) fn of(line: &str) -> Option<Self> {
        if let Some(found) = Self::of_arrow(line) {
            return Some(found);
        }
        if !may_hold_mark(line) {
            return None;
        }
        Self::with_mark(line, |mark| is_mark(mark) && mark != MANGLED)
            .or_else(|| line.contains(MANGLED).then(|| Self::with_mark(line, is_mark)).flatten())
    }

    /// `➜  src git:(main) ✗ `: a sign, two blanks, a folder, and what a version control says.
    fn of_arrow(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("➜  ")?;
        let mut end = rest.find(' ')? + 1;
        if let Some(branch) = rest.get(end..).filter(|rest| rest.starts_with("git:(")) {
            end += branch.find(')').map_or(branch.len(), |at| at + 1);
            end += usize::from(rest.get(end..).is_some_and(|rest| rest.starts_with(' ')));
        }
        end += rest.get(end..).filter(|rest| rest.starts_with("✗ ")).map_or(0, |_| "✗ ".len());
        line.get(..line.len() - rest.len() + end).map(|text| Self::new(text, Looks::Weak))
    }

    fn with_mark(line: &str, is_mark: impl Fn(char) -> bool) -> Option<Self> {
        for (at, mark) in line.char_indices() {
            if at > PROMPT_MAX {
                break;
            }
            let next = line.get(at + mark.len_utf8()..).and_then(|rest| rest.chars().next());
            let ends = next.is_none_or(|next| next == ' ');
            let windows = mark == '>' && line.get(..at).is_some_and(is_windows);
            if is_mark(mark) && (ends || windows) {
                let end = at + mark.len_utf8() + usize::from(next == Some(' '));
                if at == 0
                    && let Some(longer) = folder_behind(line.get(end..).unwrap_or_default(), mark)
                {
                    return line.get(..end + longer).map(|text| Self::new(text, Looks::Weak));
                }
                if let Some(looks) = line.get(..at).and_then(|head| looks(head, mark)) {
                    return line.get(..end).map(|text| Self::new(text, looks));
                }
            }
        }
        None
    }

    /// A prompt known to end where `text` ends.
    pub(crate) fn known(text: &str) -> Self {
        let looks = Self::of(text).filter(|found| found.text.trim_end() == text.trim_end()).map_or(Looks::Weak, |found| found.looks);
        Self::new(text, looks)
    }

    /// The prompt of a line that surely has one, though nothing says where it ends: it ends where a program's name begins. None: no word of the
    /// line is a program's.
    pub(crate) fn before_program(line: &str) -> Option<Self> {
        let mut begins = true;
        for (at, letter) in line.char_indices() {
            if begins && !letter.is_whitespace() {
                let word = line.get(at..)?.split([' ', ';', '|', '&']).next().unwrap_or_default();
                let name = word.rsplit('/').next().unwrap_or(word);
                if known::is_program(name) && name.chars().any(char::is_alphabetic) {
                    return line.get(..at).map(|text| Self::new(text, Looks::Weak));
                }
            }
            if at > PROMPT_MAX {
                return None;
            }
            // Inside a word, and behind a path's slash, none begins.
            begins = !letter.is_alphanumeric() && !matches!(letter, '/' | '-' | '_' | '.' | '=' | '~');
        }
        None
    }

    fn new(text: &str, looks: Looks) -> Self {
        let mark = text.trim_end().chars().next_back().filter(|mark| is_mark(*mark));
        let token = text.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | ':')).find(|token| token.contains('@'));
        let user = token.and_then(|token| token.split('@').next()).filter(|user| !user.is_empty()).map(str::to_owned);
        let identity = match token {
            Some(token) => token.trim_end_matches(['$', '#', '%', '>']).to_owned(),
            None if is_windows(text) => "PS".to_owned(),
            None => text
                .split_whitespace()
                .filter(|word| !word.contains('/') && !word.starts_with('~'))
                .map(|word| word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>())
                .collect::<Vec<_>>()
                .join(" "),
        };
        Self { text: text.to_owned(), looks, mark, user, identity, folder: folder_in(text) }
    }

    /// The rest of `line` if it begins with this prompt. Of a prompt alone the trailing space may be gone.
    pub(crate) fn leads<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.strip_prefix(self.text.as_str()).or_else(|| (line == self.text.trim_end()).then_some(""))
    }

    /// This prompt as it stands in `line` with another folder in the place of its own.
    pub(crate) fn in_another_folder(&self, line: &str) -> Option<Self> {
        let (head, tail) = (self.text.get(..self.folder.start)?, self.text.get(self.folder.end..)?);
        if self.folder.is_empty() || head.is_empty() || tail.len() < 2 {
            return None;
        }
        let rest = line.strip_prefix(head)?;
        let at = rest.find(tail).or_else(|| rest.strip_suffix(tail.trim_end()).map(str::len))?;
        let folder = rest.get(..at).filter(|folder| !folder.is_empty() && !folder.contains(char::is_whitespace))?;
        let end = (head.len() + folder.len() + tail.len()).min(line.len());
        Some(Self { text: line.get(..end)?.to_owned(), folder: head.len()..head.len() + folder.len(), ..self.clone() })
    }

    /// Where in `text`, behind what no newline ended, this prompt stands, or one that differs in a number or folder only.
    pub(crate) fn behind(&self, text: &str) -> Option<(usize, Self)> {
        if let Some(at) = text.find(self.text.as_str()) {
            return (at > 0).then(|| (at, self.clone()));
        }
        let begins = self.text.get(..self.text.char_indices().nth(BEHIND_LETTERS).map(|(at, _)| at)?)?;
        let mut places = text.match_indices(begins).map(|(at, _)| at).filter(|at| *at > 0).take(BEHIND_PLACES_MAX);
        let alike = |at: usize| Self::of(text.get(at..)?).filter(|found| self.looks == Looks::Strong && self.resembles(found));
        places.find_map(|at| Some((at, alike(at)?)))
    }

    /// The same shell's prompt in another folder.
    pub(crate) fn resembles(&self, other: &Self) -> bool {
        self.mark == other.mark
            && self.identity == other.identity
            && (self.looks == Looks::Strong
                || self.text.trim_end() == other.text.trim_end()
                || (self.looks == Looks::Weak && other.looks == Looks::Weak))
    }

    /// No program but a shell asks so: `$ `, `a@h:~# `, or a name and a version before the mark.
    pub(crate) fn is_a_shells(&self) -> bool {
        let name = self.text.trim_end().trim_end_matches(['$', '#', '%']);
        let version = name.rsplit_once('-').map(|(_, version)| version).filter(|version| version.contains('.'));
        let is_versioned = version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'));
        matches!(self.mark, Some('$' | '#' | '%')) && (matches!(self.looks, Looks::Strong | Looks::Bare) || is_versioned)
    }

    /// Whether its mark says root (`#`) or not (`$`, `%`, `>`).
    pub(crate) fn root(&self) -> Option<bool> {
        match self.user.as_deref() {
            Some("root") => Some(true),
            _ => match self.mark {
                Some('#') => Some(true),
                Some('$' | '%') => Some(false),
                _ => None,
            },
        }
    }
}

/// Most lines of output hold no sign that could be a prompt's: all its bytes are looked at, which is quicker than to stop at the first.
fn may_hold_mark(line: &str) -> bool {
    let start = line.as_bytes().get(..PROMPT_MAX + MARK_BYTES).unwrap_or(line.as_bytes());
    start.iter().fold(false, |found, byte| found | matches!(byte, b'$' | b'#' | b'%' | b'>') | !byte.is_ascii())
}

fn is_mark(character: char) -> bool {
    matches!(character, '$' | '#' | '%' | '>' | '❯' | '➜' | 'λ' | '»' | '›' | '⟩' | '▶' | '\u{e0b0}' | MANGLED)
}

/// The last part of a prompt that begins as a folder does.
fn folder_in(text: &str) -> std::ops::Range<usize> {
    let ends = |c: char| c.is_whitespace() || is_mark(c) || matches!(c, ':' | '[' | ']' | '(' | ')' | ',');
    let mut found = 0..0;
    let mut start = 0;
    for (at, character) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        if ends(character) {
            if text.get(start..at).is_some_and(|part| part.starts_with(['~', '/'])) {
                found = start..at;
            }
            start = at + character.len_utf8();
        }
    }
    found
}

/// `λ ~/src $ `: a sign, a folder, and only then the mark. How many bytes of `rest`, which follows the sign, are the prompt's.
fn folder_behind(rest: &str, sign: char) -> Option<usize> {
    if sign.is_ascii() {
        return None;
    }
    let (folder, after) = rest.split_once(' ')?;
    let is_folder =
        folder.starts_with(['~', '/']) || sign == 'λ' && folder.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\\'));
    let mark = after.chars().next().filter(|mark| matches!(mark, '$' | '#' | '%' | '>'))?;
    let next = after.get(mark.len_utf8()..).and_then(|text| text.chars().next());
    (is_folder && next.is_none_or(|next| next == ' ')).then(|| folder.len() + 1 + mark.len_utf8() + usize::from(next.is_some()))
}

fn is_windows(head: &str) -> bool {
    let head = head.strip_prefix("PS ").unwrap_or(head);
    let mut letters = head.chars();
    letters.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && letters.next() == Some(':') && letters.next() == Some('\\')
}

/// `head` is what stands before the mark.
fn looks(head: &str, mark: char) -> Option<Looks> {
    // An indented mark is an example in a text.
    let indented = head.starts_with(' ');
    let head = head.trim_end();
    if head.is_empty() && indented {
        return None;
    }
    if head.is_empty() {
        return (mark != '>').then_some(Looks::Bare);
    }
    if is_windows(head) && mark == '>' {
        return Some(Looks::Strong);
    }
    let words: Vec<&str> = head.split_whitespace().collect();
    let decoration = |word: &&str| {
        (word.starts_with(['(', '[', '┌', '╭']) && word.ends_with([')', ']']))
            || word.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '-' | '/'))
    };
    let first = words.iter().position(|word| !decoration(word) || word.contains('@')).unwrap_or(words.len());
    let name = words.get(first).or(words.last())?;
    let bare_name = name.trim_start_matches(['[', '(', '-', '└', '╰', '─']);
    if is_versioned_shell(bare_name) && words.len() == first + 1 {
        return Some(Looks::Strong);
    }
    if is_user_at_host(bare_name) {
        return (words.len() <= first + 5).then_some(Looks::Strong);
    }
    if words.iter().all(|word| word.chars().all(|c| matches!(c, '└' | '╰' | '─' | '┌' | '╭' | '>'))) {
        return Some(Looks::Strong);
    }
    // One word, perhaps with a folder: `web-3 ~/src% `.
    let plain =
        |word: &&str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '~' | ':' | '[' | ']' | MANGLED));
    (words.len() <= 2 && words.iter().all(plain) && (words.len() == 1 || words.last().is_some_and(|last| last.contains(['/', '~']))))
        .then_some(Looks::Weak)
}

/// `sh-5.2`, `bash-4.4`.
fn is_versioned_shell(word: &str) -> bool {
    let Some((shell, version)) = word.split_once('-') else { return false };
    ["sh", "bash", "rbash", "zsh", "ksh", "dash", "ash"].contains(&shell)
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// `ec2-user@ip-10-0-0-1`, `root@vm:/etc`.
fn is_user_at_host(word: &str) -> bool {
    let Some((user, rest)) = word.split_once('@') else { return false };
    let host = rest.split([':', ']', ')']).next().unwrap_or_default();
    let name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\\' | '㉿' | MANGLED));
    name(user) && name(host)
}

/// `quote> `, `for then> `, without the blank.
pub(crate) fn is_open_construct_prompt(prompt: &str) -> bool {
    prompt.strip_suffix('>').is_some_and(|names| !names.is_empty() && names.split(' ').all(is_open_construct))
}

/// zsh names what is open in its continuation prompt (zshmisc(1), `%_`), several names parted by blanks.
fn is_open_construct(name: &str) -> bool {
    let name = name.trim_end_matches('>');
    matches!(
        name,
        "quote"
            | "dquote"
            | "bquote"
            | "heredoc"
            | "heredocd"
            | "for"
            | "foreach"
            | "while"
            | "until"
            | "repeat"
            | "select"
            | "if"
            | "then"
            | "else"
            | "elif"
            | "elif-then"
            | "case"
            | "cursh"
            | "subsh"
            | "function"
            | "pipe"
            | "errpipe"
            | "cmdand"
            | "cmdor"
            | "cmdsubst"
            | "math"
            | "mathsubst"
            | "array"
            | "braceparam"
            | "cond"
            | "always"
            | "coproc"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, prompt: &str, looks: Looks) {
        let found = Prompt::of(line).unwrap();
        assert_eq!((found.text.as_str(), found.looks), (prompt, looks));
    }

    #[test]
    fn common_prompts_are_known_by_their_looks() {
        check("sh-5.2$ sudo -i", "sh-5.2$ ", Looks::Strong);
        check("[ec2-user@ip-10-0-0-1 ~]$ echo $ x", "[ec2-user@ip-10-0-0-1 ~]$ ", Looks::Strong);
        check("ssm-user@ip-10-0-0-1:/usr/bin$ ls", "ssm-user@ip-10-0-0-1:/usr/bin$ ", Looks::Strong);
        check("(venv) root@web:~# ls", "(venv) root@web:~# ", Looks::Strong);
        check("root@vm /tmp/x [127]# ls", "root@vm /tmp/x [127]# ", Looks::Strong);
        check("12:01:33 ops@web ~ $ ls", "12:01:33 ops@web ~ $ ", Looks::Strong);
        check("PS C:\\Windows> whoami", "PS C:\\Windows> ", Looks::Strong);
        check("C:\\Users\\a>dir", "C:\\Users\\a>", Looks::Strong);
        check("└─$ sudo id", "└─$ ", Looks::Strong);
        check("web-3% ls", "web-3% ", Looks::Weak);
        check("$ sudo id", "$ ", Looks::Bare);
        check("# id", "# ", Looks::Bare);
        check("λ ~ $ sudo id", "λ ~ $ ", Looks::Weak);
        check("➜  ~ git:(main) ✗ sudo id", "➜  ~ git:(main) ✗ ", Looks::Weak);
        check("➜  src ls", "➜  src ", Looks::Weak);
        check("λ src $ ls", "λ src $ ", Looks::Weak);
        check("❯ echo $ x", "❯ ", Looks::Bare);
    }

    #[test]
    fn sentences_are_not_prompts() {
        for line in
            ["the price is 5 $ now", "> quoted", "mail user@example.com > x", "total 12", "a b c # comment", "100% done", "<b> bold"]
        {
            assert!(Prompt::of(line).is_none_or(|found| found.looks < Looks::Strong), "{line}");
        }
        assert!(Prompt::of("  $ sudo halt").is_none());
        assert!(Prompt::of("the price is 5 $ now").is_none());
    }

    #[test]
    fn another_folder_is_the_same_shell() {
        let of = |line| Prompt::of(line).unwrap();
        assert!(of("[a@h ~]$ ").resembles(&of("[a@h src]$ ")));
        assert!(of("a@h:~$ ").resembles(&of("a@h:/etc$ ")));
        assert!(!of("[a@h ~]$ ").resembles(&of("[root@h ~]# ")));
        assert!(!of("$ ").resembles(&of("# ")));
        assert!(!of("sh-5.2$ ").resembles(&of("[a@h ~]$ ")));
        let moved = |prompt, line| of(prompt).in_another_folder(line).map(|found| found.text);
        assert_eq!(moved("web-3 ~ # ", "web-3 etc # sudo id").as_deref(), Some("web-3 etc # "));
        assert_eq!(moved("web-3 ~ # ", "web-3 etc #").as_deref(), Some("web-3 etc #"));
        assert_eq!(moved("web-3 ~ # ", "web-3 is down # now"), None);
        assert_eq!(moved("$ ", "x $ ls"), None);
    }
}
