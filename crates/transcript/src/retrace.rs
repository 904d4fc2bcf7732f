//! What a line editor wrote, without control sequences, in; the lines that may have been entered there out, the likeliest first.
//!
//! The agent takes returns and control sequences out of what it streams, and leaves backspaces. Of an editor's moves remain those to the left
//! that it made by backspaces; moves to the right, to the start of a line, insertions, erasures and deletions leave nothing. So several edits
//! write the same text. They are followed side by side, the cheaper (fewer and more usual keys) ahead, and their lines are weighed by whether
//! they make sense: programs that are known, a grammar that takes them, a line that was entered before.
//!
//! Sources: readline's display.c (how it moves, inserts and erases), zsh's zle_refresh.c.

mod recall;
mod sense;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_width::UnicodeWidthChar;

use crate::known;
use crate::shell::State;
use sense::BLANK_FIRST;

/// Longest text that is followed, in characters.
pub(crate) const WRITTEN_MAX: usize = 600;
/// The same in bytes.
pub(crate) const WRITTEN_BYTES_MAX: usize = 4096;
/// Edits followed side by side.
const BEAM: usize = 32;
/// The same of those that draw a line of the history.
const RECALLED_MAX: usize = 8;
/// Characters of a session that are followed, times edits: what a person types is a small part of it.
const WORK_MAX: usize = 40_000_000;
/// Earlier lines kept, to know them again.
const PAST_MAX: usize = 300;

/// What is known of a session when a line of it is retraced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    lines: VecDeque<String>,
    /// The words that they began with.
    firsts: HashSet<String>,
    programs: HashSet<String>,
    /// Its work is apart from that of the lines themselves.
    trial: State,
    work: usize,
}

impl Past {
    /// A line was entered. `ran`: the shell did not say that it knows no such program.
    pub(crate) fn note<'a>(&mut self, line: &str, programs: impl Iterator<Item = &'a str>) {
        if line.len() > WRITTEN_MAX || self.lines.iter().any(|known| known == line) {
            return;
        }
        if self.lines.len() == PAST_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
        if self.firsts.len() < PAST_MAX {
            self.firsts.extend(line.split_whitespace().next().map(str::to_owned));
        }
        if self.programs.len() < PAST_MAX {
            self.programs.extend(programs.filter(|program| program.len() < 64).map(str::to_owned));
        }
    }

    pub(crate) fn knows(&self, program: &str) -> bool {
        known::is_program(program) || self.programs.contains(program)
    }

    /// An earlier line's last word stands in this one, which is another: it may have been recalled over what stood there.
    fn ends_inside(&self, shown: &str) -> bool {
        let last = |line: &str| line.rsplit(' ').next().filter(|word| word.len() >= 4).is_some_and(|word| shown.contains(word));
        self.lines.iter().any(|line| line != shown && last(line))
    }

    /// This very line was entered before.
    pub(crate) fn holds(&self, line: &str) -> bool {
        self.lines.iter().any(|known| known == line)
    }

    /// The latest of the lines that hold `sought`, and whether another of them begins otherwise.
    pub(crate) fn found(&self, sought: &str) -> Option<(&str, bool)> {
        let mut holding = self.lines.iter().rev().filter(|line| line.contains(sought));
        let latest = holding.next()?;
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        Some((latest, holding.any(|other| first(other) != first(latest))))
    }

    fn is_spent(&self) -> bool {
        self.work > WORK_MAX || !self.trial.may_parse()
    }
}

/// A line that may have been entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Likely {
    pub(crate) line: String,
    /// Another is about as likely, and differs in whether it acts as another user.
    pub(crate) doubtful: bool,
}

/// How the editor moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moves {
    /// readline: to the left by backspaces, but by a return where the way from the row's start is shorter. The prompt's width.
    Readline(usize),
    /// zsh, fish: a longer way to the left is a control sequence.
    Unseen,
}

/// The likeliest line behind `written`, which stands behind the prompt, if another than `shown` is likelier: what a terminal would show.
pub(crate) fn retrace(written: &str, shown: &str, moves: Moves, state: &State, past: &mut Past) -> Option<Likely> {
    let followed = written.chars().filter(|letter| *letter != '\0').count() <= WRITTEN_MAX;
    if past.is_spent() || !followed {
        // What was moved about in cannot be told from what was typed.
        return written.contains('\u{8}').then(|| Likely { line: shown.to_owned(), doubtful: true });
    }
    if !sense::is_worth(written, shown, moves, state, past) {
        return None;
    }
    let tokens = tokens(written, moves);
    let mut edits = vec![Edit::default()];
    for place in 0..=tokens.len() {
        past.work += edits.iter().map(|edit| 8 + edit.line.len()).sum::<usize>();
        let rest = tokens.get(place..).unwrap_or_default();
        edits = step(edits, rest, moves, past);
    }
    sense::choose(edits, shown, moves, state, past)
}

/// One key or one redraw of the editor, as it stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Letter(char),
    Back(usize),
    /// `\b \b` and its like: characters before the cursor were erased.
    Erased(usize),
    /// Blanks, over what was erased or as they were typed.
    Blanked(usize),
}

fn tokens(written: &str, moves: Moves) -> Vec<Token> {
    let letters: Vec<char> = written.chars().filter(|letter| *letter != '\0').collect();
    let run = |from: usize, letter: char| letters.iter().skip(from).take_while(|next| **next == letter).count();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        let backs = run(at, '\u{8}');
        let blanks = if backs > 0 { run(at + backs, ' ') } else { 0 };
        let blanked = if moves == Moves::Unseen { run(at, ' ') } else { 0 };
        if blanked >= BLANKED_MIN {
            out.push(Token::Blanked(blanked));
            at += blanked;
        } else if backs == 0 {
            out.push(Token::Letter(*letter));
            at += 1;
        } else if blanks > 0 && blanks == backs.min(blanks) && run(at + backs + blanks, '\u{8}') >= blanks {
            if backs > blanks {
                out.push(Token::Back(backs - blanks));
            }
            out.push(Token::Erased(blanks));
            at += backs + 2 * blanks;
        } else {
            out.push(Token::Back(backs));
            at += backs;
        }
    }
    out
}

/// Where an editor may stand after what was written so far, and what it cost to come there, in tenths.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Edit {
    cost: u32,
    line: Vec<char>,
    at: usize,
    last: Last,
    /// What stood behind the cursor when it began to write over it.
    old: Vec<char>,
    /// Came to where it inserts by a move that nothing tells of.
    jumped: bool,
    /// So many tokens more are accounted for.
    ahead: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Last {
    #[default]
    Typed,
    /// Moved left by so many backspaces.
    Moved(usize),
    /// Moved, and nothing in the log tells it.
    Jumped,
    Inserting,
    /// Inserted a letter like the one before which it was inserted: an editor writes it behind that, and goes back.
    Repeated,
    /// About to draw the line's rest again.
    Drawing,
    /// Writing over what stood there.
    Over,
    Redrawn,
    /// Drew a line of the history.
    Recalled,
}

/// So many letters that are written again are a redraw.
const REDRAWN_MIN: usize = 3;
/// So many letters at the line's end that come again are hardly typed.
const WRITTEN_TWICE_MIN: usize = 6;
const WRITTEN_TWICE: u32 = 12;
/// So many blanks in a row erase, where moves are not seen.
const BLANKED_MIN: usize = 4;

const BLANKS_OUT: u32 = 2;
/// For each blank.
const BLANKS_TYPED: u32 = 3;
const DRAWS_AGAIN: u32 = 1;
const INSERTS: u32 = 10;
const INSERTS_A_STEP_BACK: u32 = 25;
const WRITES_OVER: u32 = 5;
const KEEPS_TAIL: u32 = 8;
const TO_THE_END: u32 = 5;
const TO_THE_START: u32 = 10;
const ELSEWHERE: u32 = 15;
const REPLACES: u32 = 20;
/// A program begins inside a word.
const REPLACES_GLUED: u32 = 15;
const DELETES: u32 = 10;
const DELETES_EACH: u32 = 5;
const DELETED_MAX: usize = 4;
/// Not whole words, and more than a slip.
const DELETES_PART: u32 = 4;
/// And less was written in its place.
const DELETES_MORE: u32 = 12;
const KILLS_REST: u32 = 12;
const POINTLESS: u32 = 10;
/// A move to the right between two to the left.
const UNSEEN_BETWEEN: u32 = 5;
/// A blank stands before it: it may as well go on.
const PARTED: u32 = 15;
const GROWN_TOGETHER: u32 = 12;
const BLANK_LAST: u32 = 5;
const IMPOSSIBLE: u32 = 60;

impl Edit {
    /// Where `columns` before the cursor are, and whether there are so many.
    fn before(&self, columns: usize) -> (usize, bool) {
        let (mut at, mut left) = (self.at, columns);
        while left > 0 && at > 0 {
            at -= 1;
            left = left.saturating_sub(self.line.get(at).map_or(1, |letter| columns_of(*letter)));
        }
        (at, left == 0)
    }

    /// The same for edits that go on alike.
    fn place(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.line, self.at, self.last, self.ahead).hash(&mut hasher);
        hasher.finish()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.line.len()
    }

    fn with(&self, cost: u32, at: usize, last: Last) -> Self {
        Self { cost: self.cost + cost, at, last, line: self.line.clone(), jumped: last == Last::Jumped, ..Self::default() }
    }

    fn insert(mut self, letter: char, cost: u32) -> Self {
        self.line.insert(self.at, letter);
        self.at += 1;
        self.cost += cost;
        self.last = if self.is_at_end() { Last::Typed } else { Last::Inserting };
        self
    }

    fn over(mut self, letter: char, cost: u32, last: Last) -> Self {
        if last == Last::Over && self.last != Last::Over {
            self.old = self.line.get(self.at..).unwrap_or_default().to_vec();
        }
        if let Some(old) = self.line.get_mut(self.at) {
            *old = letter;
        }
        self.at += 1;
        self.cost += cost;
        self.last = last;
        self
    }

    fn without(mut self, from: usize, to: usize, cost: u32, last: Last) -> Self {
        self.line.drain(from..to.min(self.line.len()));
        self.at = self.at.min(from);
        self.cost += cost;
        self.last = last;
        self
    }
}

/// A character of which bytes are missing was most likely a wide one.
fn columns_of(letter: char) -> usize {
    if letter == char::REPLACEMENT_CHARACTER { 2 } else { letter.width().unwrap_or(0) }
}

/// Follows each edit over the next token, or to the end of the line.
fn step(edits: Vec<Edit>, rest: &[Token], moves: Moves, past: &Past) -> Vec<Edit> {
    let mut next = Vec::new();
    for mut edit in edits {
        if edit.ahead > 0 {
            edit.ahead -= 1;
            next.push(edit);
            continue;
        }
        if moves == Moves::Unseen {
            next.extend(recall::recalls(&edit, rest, past));
        }
        for edit in settled(edit, rest.first()) {
            match rest.first() {
                Some(Token::Letter(letter)) => {
                    for edit in jumps(&edit, rest, moves, past) {
                        write(edit, *letter, &mut next);
                    }
                    let twice = moves == Moves::Unseen && edit.is_at_end() && redraws(&edit, rest, WRITTEN_TWICE_MIN).next().is_some();
                    write(Edit { cost: edit.cost + if twice { WRITTEN_TWICE } else { 0 }, ..edit }, *letter, &mut next);
                }
                Some(Token::Back(count)) => back(edit, *count, rest.get(1..).unwrap_or_default(), moves, past, &mut next),
                Some(Token::Blanked(count)) => blanked(edit, *count, &mut next),
                Some(Token::Erased(count)) => {
                    let ((from, enough), at) = (edit.before(*count), edit.at);
                    let missing = if enough { 0 } else { IMPOSSIBLE };
                    let mut edit = edit.without(from, at, missing, Last::Typed);
                    edit.at = from;
                    next.push(edit);
                }
                None => ends(edit, moves, &mut next),
            }
        }
    }
    next.sort_by_key(|edit| edit.cost);
    let mut seen = HashSet::new();
    let mut recalled = 0;
    next.retain(|edit| {
        // What a recalled line takes is paid at once, and must not be left behind while others go on for nothing.
        recalled += usize::from(edit.ahead > 0);
        (seen.len() < BEAM || edit.ahead > 0 && recalled <= RECALLED_MAX) && seen.insert(edit.place())
    });
    next
}

/// What was written over may have been the line's rest, or its rest was moved up.
fn settled(edit: Edit, next: Option<&Token>) -> Vec<Edit> {
    let goes_on = matches!(next, Some(Token::Letter(_)));
    if edit.last != Last::Over || goes_on || edit.is_at_end() {
        return vec![edit];
    }
    let blank = if edit.old.len() == edit.line.len() && edit.old.first() == Some(&' ') { BLANK_FIRST } else { 0 };
    let cut = edit.clone().without(edit.at, usize::MAX, blank, Last::Typed);
    let kept = edit.with(KEEPS_TAIL, edit.at, Last::Redrawn);
    vec![cut, kept]
}

fn write(edit: Edit, letter: char, next: &mut Vec<Edit>) {
    let Some(old) = edit.line.get(edit.at).copied() else {
        let over = edit.last == Last::Over;
        let mut edit = edit.insert(letter, 0);
        edit.last = if over { Last::Over } else { Last::Typed };
        return next.push(edit);
    };
    let insertion = match edit.last {
        Last::Inserting | Last::Repeated => 0,
        Last::Moved(1) => INSERTS_A_STEP_BACK,
        Last::Jumped => 0,
        _ => INSERTS,
    };
    if old == letter {
        let mut repeated = edit.clone().insert(letter, insertion);
        repeated.last = Last::Repeated;
        next.push(repeated);
    }
    next.push(edit.clone().insert(letter, insertion));
    if edit.last == Last::Inserting {
        return;
    }
    if edit.last == Last::Over || old != letter {
        let cost = if matches!(edit.last, Last::Over | Last::Drawing) { 0 } else { WRITES_OVER };
        next.push(edit.over(letter, cost, Last::Over));
    } else {
        next.push(edit.over(letter, 0, Last::Redrawn));
    }
}

fn back(edit: Edit, count: usize, rest: &[Token], moves: Moves, past: &Past, next: &mut Vec<Edit>) {
    let (to, enough) = edit.before(count);
    let cost = if enough { 0 } else { UNSEEN_BETWEEN };
    if edit.last == Last::Repeated && count == 1 {
        return next.push(edit.with(0, edit.at, Last::Inserting));
    }
    // What was inserted pushed the rest on, which was written again; the cursor goes back to where it begins.
    if edit.last == Last::Over && edit.is_at_end() && !edit.old.is_empty() && edit.line.get(to..) == Some(edit.old.as_slice()) {
        return next.push(edit.with(0, to, Last::Redrawn));
    }
    if edit.last == Last::Over && edit.is_at_end() && moves == Moves::Unseen && !edit.old.is_empty() {
        let drawn = edit.with(DRAWS_AGAIN, edit.line.len().saturating_sub(edit.old.len()), Last::Redrawn);
        let to = drawn.before(count).0;
        next.push(drawn.with(0, to, Last::Moved(count)));
    }
    if edit.is_at_end() && is_jumped_back(&edit, count, rest, moves, past) {
        next.push(edit.with(TO_THE_START + UNSEEN_BETWEEN, 0, Last::Jumped));
    }
    if edit.is_at_end() {
        let whole_words = to == 0 || count <= 3 || edit.line.get(to - 1) == Some(&' ');
        let retyped = rest.iter().take_while(|token| matches!(token, Token::Letter(_))).count();
        let odd = match (whole_words, retyped < count) {
            (true, _) => 1,
            (false, false) => DELETES_PART,
            (false, true) => DELETES_MORE,
        };
        next.push(edit.clone().without(to, usize::MAX, odd + cost + blank_first(&edit, to), Last::Typed));
    } else {
        let mut gone = edit.clone().without(to, edit.at, 8 + cost, Last::Redrawn);
        gone.at = to;
        next.push(gone);
    }
    next.push(edit.with(cost, to, Last::Moved(count)));
}

/// Who begins with a blank means to put a word in front of it, not to take all of it out again.
fn blank_first(edit: &Edit, to: usize) -> u32 {
    if to == 0 && edit.line.first() == Some(&' ') { BLANK_FIRST } else { 0 }
}

/// The cursor went to the line's start by a return, on by a word, and back by that word.
fn is_jumped_back(edit: &Edit, count: usize, rest: &[Token], moves: Moves, past: &Past) -> bool {
    let first = edit.line.iter().position(|letter| *letter == ' ').unwrap_or(edit.line.len());
    count == first && is_unseen(0, edit.at, moves) && begins_command(rest, past)
}

/// What stood before the cursor was erased by blanks, or what stands behind it.
fn blanked(edit: Edit, count: usize, next: &mut Vec<Edit>) {
    let (from, enough) = edit.before(count);
    if enough && edit.is_at_end() {
        next.push(edit.clone().without(from, usize::MAX, BLANKS_OUT, Last::Typed));
    }
    if !edit.is_at_end() {
        let cut = edit.at;
        next.push(edit.clone().without(cut, usize::MAX, BLANKS_OUT, Last::Typed));
    }
    if !edit.is_at_end() {
        let mut over = edit.clone();
        for place in 0..count {
            over =
                if over.is_at_end() { over.insert(' ', 0) } else { over.over(' ', if place == 0 { BLANKS_OUT } else { 0 }, Last::Redrawn) };
        }
        next.push(over);
    }
    let mut typed = edit;
    for _ in 0..count {
        typed = typed.insert(' ', BLANKS_TYPED);
    }
    next.push(typed);
}

/// Moves and deletions that the log does not show, before something is written that a command may begin with, or after a move.
fn jumps(edit: &Edit, rest: &[Token], moves: Moves, past: &Past) -> Vec<Edit> {
    let mut out = Vec::new();
    let moved = matches!(edit.last, Last::Moved(_) | Last::Redrawn | Last::Inserting) && !edit.is_at_end();
    if moved {
        let pointless = if matches!(edit.last, Last::Moved(_)) { POINTLESS } else { 0 };
        let letter_next = matches!(rest.first(), Some(Token::Letter(letter)) if !letter.is_whitespace());
        let grows_on = letter_next && edit.line.last() != Some(&' ');
        let grown = if is_grown_together(edit) || grows_on { GROWN_TOGETHER } else { 0 };
        out.push(edit.with(TO_THE_END + pointless + grown, edit.line.len(), Last::Typed));
        if !matches!(edit.last, Last::Inserting) {
            for count in 1..=DELETED_MAX.min(edit.line.len() - edit.at) {
                out.push(edit.clone().without(edit.at, edit.at + count, DELETES + DELETES_EACH * count as u32, Last::Redrawn));
            }
        }
    }
    if moves == Moves::Unseen && edit.last != Last::Over {
        out.extend(redraws(edit, rest, REDRAWN_MIN).map(|at| edit.with(DRAWS_AGAIN, at, Last::Drawing)));
    }
    // A letter was inserted and the rest drawn again: the cursor is before the rest, where the next one goes.
    if moves == Moves::Unseen && edit.last == Last::Over && edit.is_at_end() && !edit.old.is_empty() && edit.line.ends_with(&edit.old) {
        out.push(edit.with(DRAWS_AGAIN, edit.line.len() - edit.old.len(), Last::Drawing));
    }
    if edit.is_at_end() && edit.at > 0 && begins_command(rest, past) {
        let (parted, replaces) = match edit.line.last() {
            Some(' ') => (PARTED, REPLACES),
            Some(last) if last.is_alphanumeric() => (0, REPLACES_GLUED),
            _ => (0, REPLACES),
        };
        if is_unseen(0, edit.at, moves) {
            out.push(edit.with(parted + TO_THE_START, 0, Last::Jumped));
            out.push(edit.clone().without(0, usize::MAX, parted + replaces + blank_first(edit, 0), Last::Typed));
        }
        for at in (1..edit.at).filter(|at| edit.line.get(at - 1) == Some(&' ') && edit.line.get(*at) != Some(&' ')) {
            if is_unseen(at, edit.at, moves) {
                out.push(edit.with(parted + ELSEWHERE, at, Last::Jumped));
            }
        }
    }
    out
}

/// Where the line would have to be left for what comes to be its rest of `least` letters or more, drawn again, perhaps behind a letter that was
/// inserted.
fn redraws(edit: &Edit, rest: &[Token], least: usize) -> impl Iterator<Item = usize> {
    let comes = move |from: usize, what: &[char]| {
        let letters =
            rest.iter().skip(from).take(what.len()).map(|token| if let Token::Letter(letter) = token { Some(*letter) } else { None });
        letters.eq(what.iter().map(|letter| Some(*letter)))
    };
    (0..(edit.line.len() + 1).saturating_sub(least)).rev().filter(move |at| {
        let behind = edit.line.get(*at..).unwrap_or_default();
        // One letter behind it, and the same letter again: a text that stands there twice has that inside.
        let turned = rest.get(behind.len() + 1) == rest.first();
        comes(0, behind) || comes(1, behind) && !turned
    })
}

/// A move from one column to another further left of which the log has nothing.
fn is_unseen(to: usize, from: usize, moves: Moves) -> bool {
    match moves {
        Moves::Readline(prompt) => prompt + to + 1 < from - to,
        Moves::Unseen => true,
    }
}

/// A known program, or an earlier line, is written next.
fn begins_command(rest: &[Token], past: &Past) -> bool {
    let mut letters: Vec<char> = Vec::new();
    for token in rest.iter().take(40) {
        match token {
            Token::Letter(letter) if !letter.is_whitespace() => letters.push(*letter),
            Token::Letter(_) => break,
            Token::Blanked(_) => break,
            // A slip while it is written.
            Token::Back(count) | Token::Erased(count) => {
                letters.truncate(letters.len().saturating_sub(*count));
                if letters.is_empty() {
                    return false;
                }
            }
        }
    }
    let word: String = letters.into_iter().collect();
    let name = word.rsplit('/').next().unwrap_or_default();
    past.knows(name)
        || word.starts_with('#')
        || word.contains('=') && word.starts_with(|first: char| first.is_ascii_alphabetic())
        || past.firsts.contains(&word)
}

fn ends(edit: Edit, moves: Moves, next: &mut Vec<Edit>) {
    let pointless = if matches!(edit.last, Last::Moved(_)) { POINTLESS } else { 0 };
    let starts = [(edit.at, 0), (0, TO_THE_START)];
    for (at, cost) in starts {
        let jumped = at != edit.at;
        if at == edit.line.len() || jumped && !(edit.is_at_end() && is_unseen(at, edit.at, moves)) {
            continue;
        }
        if !jumped && !matches!(edit.last, Last::Moved(_) | Last::Redrawn) {
            continue;
        }
        for count in 1..=DELETED_MAX.min(edit.line.len() - at) {
            next.push(edit.clone().without(at, at + count, cost + DELETES + DELETES_EACH * (count as u32 - 1), Last::Typed));
        }
        if at > 0 {
            next.push(edit.clone().without(at, usize::MAX, cost + KILLS_REST, Last::Typed));
        }
    }
    let odd = if is_grown_together(&edit) { GROWN_TOGETHER } else { 0 } + if edit.line.last() == Some(&' ') { BLANK_LAST } else { 0 };
    next.push(edit.with(pointless + odd, edit.line.len(), Last::Typed));
}

/// Words that were put in front of others without a blank between them.
fn is_grown_together(edit: &Edit) -> bool {
    let letter = |at: usize| edit.line.get(at).is_some_and(|letter| !letter.is_whitespace());
    edit.jumped && edit.last == Last::Inserting && edit.at > 0 && letter(edit.at - 1) && letter(edit.at)
}
