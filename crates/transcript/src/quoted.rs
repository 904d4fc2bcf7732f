//! Lines that look entered and were only shown: a program that shows text, and what follows it up to the next line that was surely entered, in;
//! which of those lines did not run, out.
//!
//! A text ends once: whatever tells that a program still wrote at some line tells it of all lines before, back to the last one whose programs
//! may have written it themselves. Nothing counts that somebody can write by entering lines: a line's own words, how many lines there are, what a
//! line's own programs say. So who wants a line that ran to be taken for text must first make a program lie, as who hides it in a script must.
//! What nothing speaks against stays as it is, with its doubt.

use crate::bland::{self, Writes};
use crate::command::{Command, Doubt};
use crate::prompt::{Looks, Prompt};
use crate::shell::How;
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
    /// It would have left the shell, and the same prompt followed.
    pub(crate) stays: bool,
    /// Its prompt stood behind other text.
    pub(crate) behind: bool,
    /// And that text asks for nothing.
    pub(crate) unasked: bool,
    /// Its prompt is another shell's, which nothing opened: some text began before it.
    pub(crate) foreign: bool,
}

impl Follower {
    /// Nothing is known of what stands around it.
    pub(crate) fn alone(command: Command) -> Self {
        Self {
            screen: command.line.clone(),
            command,
            expect: Expect::default(),
            below: Vec::new(),
            rows: 0,
            stays: false,
            behind: false,
            unasked: false,
            foreign: false,
        }
    }

    fn is_doubtful(&self) -> bool {
        self.command.doubt == Some(Doubt::MayBeShown)
    }

    fn shows(&self) -> bool {
        self.expect.shows || self.expect.shows_behind || self.foreign
    }

    /// Nothing that it runs could have written what tells of a text.
    fn is_bland(&self) -> bool {
        bland::writes(&self.command) < Writes::Anything
    }

    /// The shell's word for leaving, and nothing else: `exit` behind an operator may not have been reached.
    fn only_leaves(&self) -> bool {
        matches!(self.command.line.as_str(), "exit" | "logout") && self.command.programs.len() == 1
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
    /// A line before left something behind that may write at any time.
    haunted: bool,
}

impl Held {
    /// Takes the next line; hands out those that are settled.
    pub(crate) fn push(&mut self, next: Follower) -> Vec<Command> {
        let mut out = Vec::new();
        self.haunted |= leaves_a_writer(&next);
        if !next.is_doubtful() {
            out = self.settle_before(next.unasked);
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
        self.settle_before(false)
    }

    /// `unasked`: the next line's prompt stands behind text.
    fn settle_before(&mut self, unasked: bool) -> Vec<Command> {
        self.bytes = 0;
        let mut followers = std::mem::take(&mut self.followers);
        if !self.haunted {
            judge(&mut followers, unasked);
        }
        followers.into_iter().map(|follower| follower.command).collect()
    }
}

fn judge(followers: &mut [Follower], unasked: bool) {
    let end = followers.len();
    for at in 0..end {
        if followers.get(at).is_some_and(text_goes_on) {
            mark(followers, written_from(followers, at), at + 1);
        }
    }
    // A text that no newline ended: what filled the screen leaves one where a log has no sequences.
    for at in 0..=end {
        let is_behind = followers.get(at).map_or(unasked, |next| next.unasked);
        if is_behind {
            mark(followers, written_from(followers, at), at);
        }
    }
    let showing: Vec<usize> =
        (0..followers.len()).filter(|at| followers.get(*at).is_some_and(Follower::shows)).take(COMPARED_MAX).collect();
    for from in showing {
        let (Some(shower), rest) = (followers.get(from), followers.get(from + 1..).unwrap_or_default()) else { continue };
        if shower.command.not_run {
            continue;
        }
        let count = [printed(shower, rest), matched(shower, rest), fenced(shower, rest), named(shower, rest)].into_iter().max();
        mark(followers, from + 1, from + 1 + count.unwrap_or(0));
    }
}

fn mark(followers: &mut [Follower], from: usize, end: usize) {
    for follower in followers.iter_mut().take(end).skip(from).filter(|follower| follower.is_doubtful()) {
        follower.command.not_run = true;
    }
}

/// Behind the last line before `at` that may have written what tells.
fn written_from(followers: &[Follower], at: usize) -> usize {
    let before = followers.get(..at).unwrap_or_default();
    before.iter().rposition(|follower| !follower.is_bland()).map_or(0, |place| place + 1)
}

/// A text still went on at this line: the shell would have been left there, or a prompt of another shell stands below it.
fn text_goes_on(here: &Follower) -> bool {
    let quotes = || here.is_bland() && !here.shows() && here.quotes_a_shell();
    here.is_doubtful() && (here.stays && here.only_leaves() || quotes())
}

/// `echo` and `printf` of plain words: so many of the lines that follow are theirs.
fn printed(shower: &Follower, rest: &[Follower]) -> usize {
    let Some(text) = plainly_printed(&shower.command) else { return 0 };
    let mut lines = text.lines();
    if shower.rows != shower.below.len() as u64 || !shower.below.iter().all(|row| lines.next() == Some(row.trim_end())) {
        return 0;
    }
    let mut count = 0;
    for follower in rest {
        let screen = follower.screen.trim_end();
        let is_next = lines.next().is_some_and(|line| line.trim_end() == screen || follower.behind && line.trim_end().ends_with(screen));
        if !is_next {
            break;
        }
        count += 1;
        // What stands below a line of theirs is theirs for as long as they have lines.
        if !follower.below.iter().all(|row| lines.next().is_none_or(|line| line.trim_end() == row.trim_end())) {
            break;
        }
    }
    count
}

/// What the line prints, where its words alone say it.
fn plainly_printed(command: &Command) -> Option<String> {
    let [program] = command.programs.as_slice() else { return None };
    let words = program.argv.get(1..)?;
    if program.how != How::Direct || program.obscured || !command.parsed || program.unresolved && !words.iter().all(|word| is_literal(word))
    {
        return None;
    }
    // Nothing but the words stands in the line: no redirection, no condition.
    let mut rest = command.effective().to_owned();
    for word in &program.argv {
        rest = rest.replacen(word.as_str(), "", 1);
    }
    if !rest.chars().all(|letter| matches!(letter, ' ' | '\'' | '"')) || words.first().is_some_and(|word| word.starts_with('-')) {
        return None;
    }
    match (program.program.as_str(), words) {
        ("echo", words) if !words.iter().any(|word| word.contains('\\')) => Some(words.join(" ")),
        ("printf", [format]) => {
            let text = format.replace("\\n", "\n");
            (text.ends_with('\n') && !text.contains(['%', '\\'])).then_some(text)
        }
        _ => None,
    }
}

/// What the shell leaves as it is: a `$` before a blank, no pattern.
fn is_literal(word: &str) -> bool {
    let mut after_dollar = word.split('$').skip(1);
    after_dollar.all(|rest| rest.is_empty() || rest.starts_with(' ')) && !word.contains(['*', '?', '[', '{', '~', '`'])
}

/// A program that prints the lines with a word in them: it is in each, also in those below, which no line's own programs say.
fn matched(shower: &Follower, rest: &[Follower]) -> usize {
    let Some(word) = sought(&shower.command) else { return 0 };
    let word = word.to_lowercase();
    let holds = |line: &str| line.to_lowercase().contains(&word);
    let of_text = |follower: &&Follower| {
        bland::writes(&follower.command) == Writes::Complaints
            && holds(&follower.screen)
            && follower.all_below(holds)
            && follower.below.iter().any(|row| !bland::may_say(&follower.command, row))
    };
    if shower.all_below(holds) { rest.iter().take_while(of_text).count() } else { 0 }
}

/// What `grep`, `sed -n /…/p` and `awk /…/` look for, where it is a plain word.
fn sought(command: &Command) -> Option<&str> {
    let [program] = command.programs.as_slice() else { return None };
    let mut words = program.argv.iter().skip(1).map(String::as_str);
    let word = match program.program.as_str() {
        "grep" | "egrep" | "fgrep" => words.find(|word| !is_plain_option(word))?,
        "sed" => words.find(|word| *word != "-n")?.strip_prefix('/')?.strip_suffix("/p")?,
        "awk" | "gawk" | "mawk" => words.next()?.strip_prefix('/')?.strip_suffix('/')?,
        _ => return None,
    };
    (word.len() > 1 && word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ' '))).then_some(word)
}

/// Of `grep`: it changes neither what a line holds nor how it ends.
fn is_plain_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.chars().all(|letter| "inrHwEFsh".contains(letter)))
}

/// A document's lines between two fences, which none of them prints.
fn fenced(shower: &Follower, rest: &[Follower]) -> usize {
    let is_fence = |line: &&String| line.trim_start().starts_with("```");
    let mut open = shower.below.iter().filter(is_fence).count() % 2 == 1;
    let (mut inside, mut reach) = (false, 0);
    for (place, follower) in rest.iter().take_while(|follower| follower.is_bland()).enumerate() {
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
    let [program] = shower.command.programs.as_slice() else { return 0 };
    let is_grep = matches!(program.program.as_str(), "grep" | "egrep" | "fgrep") && program.how == How::Direct;
    let options_are_plain = program.argv.iter().skip(1).all(|word| !word.starts_with('-') || is_plain_option(word));
    if is_grep && options_are_plain { rest.iter().take_while(|follower| follower.behind).count() } else { 0 }
}

/// After this line something may write between others' lines: a program in the background, a trap, a prompt that runs one; or what programs print
/// goes elsewhere.
fn leaves_a_writer(follower: &Follower) -> bool {
    let command = &follower.command;
    let line = command.effective();
    let sets = ["PROMPT_COMMAND", "PS0"].iter().any(|name| line.contains(name)) || line.split_whitespace().any(|word| word == "exec");
    let runs = |program: &str| matches!(program, "trap" | "coproc" | "enable" | "bind" | "disown" | "bg" | "at");
    sets || command.programs.iter().any(|program| runs(&program.program)) || stays_behind(line) && !bland::is_silent_behind(command)
}

/// A lone `&`, outside quotes.
fn stays_behind(line: &str) -> bool {
    let bytes = line.as_bytes();
    let mut quote = None;
    bytes.iter().enumerate().any(|(at, byte)| {
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
        let near = |place: usize| bytes.get(place).is_some_and(|byte| matches!(byte, b'&' | b'<' | b'>' | b'|'));
        *byte == b'&' && quote.is_none() && !near(at.wrapping_sub(1)) && !near(at + 1)
    })
}
