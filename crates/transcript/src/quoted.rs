//! Lines that look entered and were only shown: a program that shows text, and what follows it up to the next line that was surely entered, in;
//! which of those lines did not run, out.
//!
//! A text ends once: whatever tells that a program still wrote at some line tells it of all lines before. What nothing speaks against stays as
//! it is, with its doubt.

use crate::command::{Command, Doubt};
use crate::prompt::{Looks, Prompt};
use crate::shell;
use crate::shells::Expect;

/// Lines with a prompt held at most, and bytes of what stood below them.
const HELD_MAX: usize = 48;
const HELD_BYTES_MAX: usize = 64 * 1024;
/// Programs whose own words are compared with what follows them.
const COMPARED_MAX: usize = 8;

/// A line with a prompt, and what stood below it.
pub(crate) struct Follower {
    pub(crate) command: Command,
    /// As it stood, with its prompt.
    pub(crate) screen: String,
    pub(crate) expect: Expect,
    /// The first lines below it.
    pub(crate) below: Vec<String>,
    /// How many there were, empty ones too.
    pub(crate) rows: u64,
    /// It would have left the shell, which went on.
    pub(crate) stays: bool,
    /// A pager said below it where it was.
    pub(crate) paging: bool,
    /// Its prompt stood behind other text.
    pub(crate) behind: bool,
    /// Its prompt is another shell's, which nothing opened: some text began before it.
    pub(crate) foreign: bool,
}

impl Follower {
    fn is_doubtful(&self) -> bool {
        self.command.doubt == Some(Doubt::MayBeShown)
    }

    fn shows(&self) -> bool {
        self.expect.shows || self.expect.shows_behind || self.foreign
    }

    fn runs(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.command.programs.iter().any(|program| wanted(&program.program))
    }

    /// A prompt of another shell with a line behind it, though nothing opened one.
    fn quotes_a_shell(&self) -> bool {
        let foreign = |line: &String| {
            Prompt::of(line).is_some_and(|prompt| {
                prompt.looks == Looks::Strong
                    && prompt.text != self.command.prompt
                    && prompt.leads(line).is_some_and(|rest| !rest.is_empty())
            })
        };
        !self.expect.opens && !self.expect.interpreter && self.below.iter().any(foreign)
    }

    fn all_below(&self, test: impl Fn(&str) -> bool) -> bool {
        self.below.iter().all(|line| test(line))
    }
}

/// Lines held until it is known which of them ran.
#[derive(Default)]
pub(crate) struct Held {
    followers: Vec<Follower>,
    bytes: usize,
}

impl Held {
    /// Takes the next line; hands out those that are settled.
    pub(crate) fn push(&mut self, next: Follower) -> Vec<Command> {
        let mut out = Vec::new();
        if !next.is_doubtful() {
            out = self.settle();
            if !next.shows() {
                out.push(next.command);
                return out;
            }
        }
        self.bytes += next.screen.len() + next.below.iter().map(String::len).sum::<usize>();
        self.followers.push(next);
        if self.followers.len() >= HELD_MAX || self.bytes >= HELD_BYTES_MAX {
            out.extend(self.settle());
        }
        out
    }

    pub(crate) fn settle(&mut self) -> Vec<Command> {
        self.bytes = 0;
        let mut followers = std::mem::take(&mut self.followers);
        judge(&mut followers);
        followers.into_iter().map(|follower| follower.command).collect()
    }
}

fn judge(followers: &mut [Follower]) {
    for at in 1..followers.len() {
        if let Some(from) = text_goes_on(followers, at) {
            let is_text = followers.get(from).is_some_and(|follower| follower.foreign);
            mark(followers, if is_text { from } else { from + 1 }, at);
        }
    }
    let showing: Vec<usize> =
        (0..followers.len()).filter(|at| followers.get(*at).is_some_and(Follower::shows)).take(COMPARED_MAX).collect();
    for from in showing {
        let (Some(shower), rest) = split(followers, from) else { continue };
        if shower.command.not_run {
            continue;
        }
        let reach = [counted(shower, rest), repeated(shower, rest), matched(shower, rest), fenced(shower, rest), named(shower, rest)];
        if let Some(count) = reach.into_iter().max().filter(|count| *count > 0) {
            mark(followers, from + 1, from + count);
        }
    }
}

fn split(followers: &[Follower], from: usize) -> (Option<&Follower>, &[Follower]) {
    (followers.get(from), followers.get(from + 1..).unwrap_or_default())
}

fn mark(followers: &mut [Follower], from: usize, to: usize) {
    for follower in followers.iter_mut().take(to + 1).skip(from).filter(|follower| follower.is_doubtful()) {
        follower.command.not_run = true;
    }
}

/// The place of the program whose text still went on at the line at `at`, if anything there tells.
fn text_goes_on(followers: &[Follower], at: usize) -> Option<usize> {
    let (before, here) = (followers.get(..at)?, followers.get(at).filter(|follower| follower.is_doubtful())?);
    if here.paging && !here.runs(shell::is_pager) {
        return before.iter().rposition(|shower| shower.runs(shell::is_pager));
    }
    // cat -v writes a return so.
    let told = here.stays || here.screen.ends_with("^M") || !here.shows() && here.quotes_a_shell();
    told.then(|| before.iter().rposition(|shower| shower.shows() && !shower.command.not_run)).flatten()
}

/// `head` and `tail`: a prompt stands right where their lines end, and none of them was there before the first prompt, or one of another shell.
fn counted(shower: &Follower, rest: &[Follower]) -> usize {
    let Some(most) = shower.expect.shows_lines.filter(|_| shower.rows == 0 || shower.quotes_a_shell()) else { return 0 };
    let mut rows = shower.rows;
    for (place, follower) in rest.iter().enumerate() {
        if rows >= most {
            return if rows == most { place } else { 0 };
        }
        rows += 1 + follower.rows;
    }
    if rows == most { rest.len() } else { 0 }
}

/// `echo` and `printf` with the very line among their words, and nothing below it.
fn repeated(shower: &Follower, rest: &[Follower]) -> usize {
    let line = shower.command.effective();
    if !shower.runs(|program| matches!(program, "echo" | "printf")) || !shower.all_below(|below| line.contains(below)) {
        return 0;
    }
    let Some(first) = rest.first().map(|first| first.screen.trim_end()).filter(|first| line.contains(first)) else { return 0 };
    // Only where what is printed comes to the terminal, and as it is.
    let plain = !line.replace(first, "").contains(['>', '<', '|', '&']);
    let silent = |follower: &&Follower| follower.rows == 0 && line.contains(follower.screen.trim_end());
    if plain { rest.iter().take_while(silent).count() } else { 0 }
}

/// A program that prints the lines with a word in them: it is in each, also in those below.
fn matched(shower: &Follower, rest: &[Follower]) -> usize {
    let Some(word) = sought(&shower.command) else { return 0 };
    let word = word.to_lowercase();
    let holds = |line: &str| line.to_lowercase().contains(&word);
    if !shower.all_below(holds) {
        return 0;
    }
    let of_text = |follower: &&Follower| follower.rows > 0 && !follower.shows() && holds(&follower.screen) && follower.all_below(holds);
    rest.iter().take_while(of_text).count()
}

/// What `grep`, `sed -n /…/p` and `awk /…/` look for, where it is a plain word.
fn sought(command: &Command) -> Option<&str> {
    let [program] = command.programs.as_slice() else { return None };
    let mut words = program.argv.iter().skip(1).map(String::as_str);
    let word = match program.program.as_str() {
        "grep" | "egrep" | "fgrep" => {
            let plain = |word: &&str| word.starts_with('-') && word.chars().skip(1).all(|letter| "iEFwsh".contains(letter));
            words.find(|word| !plain(word))?
        }
        "sed" => words.find(|word| *word != "-n")?.strip_prefix('/')?.strip_suffix("/p")?,
        "awk" | "gawk" | "mawk" => words.next()?.strip_prefix('/')?.strip_suffix('/')?,
        _ => return None,
    };
    (word.len() > 1 && word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ' '))).then_some(word)
}

/// A document's lines between two fences.
fn fenced(shower: &Follower, rest: &[Follower]) -> usize {
    let is_fence = |line: &&String| line.trim_start().starts_with("```");
    let mut open = shower.below.iter().filter(is_fence).count() % 2 == 1;
    let (mut inside, mut reach) = (false, 0);
    // What a later program of its kind shows may be that one's.
    for (place, follower) in rest.iter().take_while(|follower| !follower.shows()).enumerate() {
        inside |= open;
        for _ in follower.below.iter().filter(is_fence) {
            if open && inside {
                reach = place + 1;
            }
            open = !open;
            inside = false;
        }
    }
    reach
}

/// `grep` ends each of its lines: no prompt stands behind one.
fn named(shower: &Follower, rest: &[Follower]) -> usize {
    let last = shower.command.programs.last().is_some_and(|program| matches!(program.program.as_str(), "grep" | "egrep" | "fgrep" | "rg"));
    if last { rest.iter().take_while(|follower| follower.behind).count() } else { 0 }
}
