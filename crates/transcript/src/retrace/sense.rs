//! Lines that may have been entered in, the one that makes the most sense out: a known program, whole grammar, nothing grown together.

use std::collections::BTreeMap;

use super::{Edit, Likely, Moves, Past};
use crate::elevate::{self, Runs};
use crate::shell::{self, State};

/// Lines weighed at the end.
const WEIGHED_MAX: usize = 9;
/// The same where more edits are about as cheap.
const WEIGHED_UNSEEN_MAX: usize = 24;

/// Whether it is worth asking what was entered: not where what stands there makes sense as it is, nothing was moved and its programs are known.
pub(super) fn is_worth(written: &str, shown: &str, moves: Moves, state: &State, past: &Past) -> bool {
    if shown.is_empty() && !written.contains('\u{8}') || is_substitution(shown) {
        return false;
    }
    written.contains('\u{8}')
        || shown.starts_with(' ')
        || is_glued(shown)
        || is_grown_over(shown, past)
        || moves == Moves::Unseen && past.ends_inside(shown)
        || sense(shown, state, past).cost > 0
}

/// `^old^new`: the shell writes the line that it becomes (bash(1), "Event Designators").
fn is_substitution(line: &str) -> bool {
    line.strip_prefix('^').is_some_and(|rest| rest.find('^').is_some_and(|at| at > 0)) && !line.contains('\u{8}')
}

/// A known program begins inside a word: `nowecho `.
fn is_grown_over(line: &str, past: &Past) -> bool {
    line.split(' ').skip(1).any(|word| {
        let inside = |at: usize| word.get(at..).is_some_and(|rest| rest.len() >= 4 && past.knows(rest));
        let after_letter = |at: usize| word.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric));
        word.len() <= 64 && !past.knows(word) && (1..word.len()).any(|at| after_letter(at) && inside(at))
    })
}

/// The line's rest stands there twice: an editor wrote it again behind what was put in front of it.
fn ends_twice(line: &str) -> bool {
    line.match_indices(' ').any(|(at, _)| {
        let (before, end) = line.split_at(at);
        end.len() >= ENDS_TWICE_MIN && before.len() > end.len() && before.ends_with(end)
    })
}

/// A program that changes the user begins inside a word: `nginxsudo `, `suchdoas id`.
fn is_glued(line: &str) -> bool {
    ["sudo", "doas", "pkexec"].iter().any(|name| {
        line.match_indices(name).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let behind = line.get(at + name.len()..).and_then(|behind| behind.chars().next());
            before.is_some_and(char::is_alphanumeric) && behind.is_none_or(|behind| behind == ' ')
        })
    })
}

#[derive(Clone, Copy, Debug, Default)]
struct Sense {
    cost: u32,
    acts: bool,
}

const UNKNOWN_PROGRAM: u32 = 30;
const UNKNOWN_MORE: u32 = 10;
const NO_GRAMMAR: u32 = 20;
const INCOMPLETE: u32 = 8;
const NOTHING: u32 = 30;
const ASKS_FOR_NOTHING: u32 = 20;
pub(super) const BLANK_FIRST: u32 = 12;
const GLUED: u32 = 9;
const ENDS_TWICE: u32 = 12;
/// A shorter end may well be typed twice.
const ENDS_TWICE_MIN: usize = 6;
const KNOWN_LINE: u32 = 15;

fn sense(line: &str, state: &State, past: &Past) -> Sense {
    if line.trim_matches(['#', ' ']).is_empty() {
        return Sense { cost: NOTHING, acts: false };
    }
    let mut state = state.with_work_of(&past.trial);
    let parsed = shell::programs(line, &mut state);
    let mut cost = match (parsed.whole, shell::is_incomplete(line)) {
        (_, true) => INCOMPLETE,
        (true, false) => 0,
        (false, false) => NO_GRAMMAR,
    };
    let mut acts = false;
    let mut unknown = 0;
    for program in &parsed.programs {
        let plain = !program.unresolved && program.argv.first().is_some_and(|word| !word.contains('/'));
        if plain && !program.obscured && !past.knows(&program.program) {
            unknown += 1;
        }
        if let Some(request) = elevate::request(&program.program, &program.argv) {
            if request.runs == Runs::Nothing {
                cost += if program.argv.len() == 1 { ASKS_FOR_NOTHING } else { 0 };
            } else {
                acts = true;
            }
        }
    }
    cost += match unknown {
        0 => 0,
        more => UNKNOWN_PROGRAM + UNKNOWN_MORE * (more - 1).min(2),
    };
    cost += if line.starts_with(' ') { BLANK_FIRST } else { 0 };
    cost += if ends_twice(line) { ENDS_TWICE } else { 0 };
    cost += if is_glued(line) || acts && is_grown_over(line, past) { GLUED } else { 0 };
    Sense { cost, acts }
}

/// Lines that differ by less than this are about as likely.
const NEAR: u32 = 7;

/// Where the likeliest line acts as another user, and one that costs so much more to come to does not, it may have been that.
const SURE: u32 = 16;

pub(super) fn choose(edits: Vec<Edit>, shown: &str, moves: Moves, state: &State, past: &Past) -> Option<Likely> {
    let mut lines: BTreeMap<String, u32> = BTreeMap::new();
    for edit in edits {
        let line = edit.line.iter().collect::<String>().trim_end().to_owned();
        let cost = lines.entry(line).or_insert(edit.cost);
        *cost = edit.cost.min(*cost);
    }
    let mut ranked: Vec<(u32, String)> = lines.into_iter().map(|(line, cost)| (cost, line)).collect();
    ranked.sort();
    let all = ranked.clone();
    ranked.truncate(if moves == Moves::Unseen { WEIGHED_UNSEEN_MAX } else { WEIGHED_MAX });
    let mut weighed: Vec<(u32, bool, String)> = Vec::new();
    for (cost, line) in ranked {
        let best = weighed.iter().map(|(cost, ..)| *cost).min();
        if best.is_some_and(|best| cost > best + NEAR) {
            break;
        }
        let sense = sense(&line, state, past);
        let known = if past.lines.contains(&line) { 0 } else { KNOWN_LINE };
        weighed.push((cost + sense.cost + known, sense.acts, line));
    }
    weighed.sort_by_key(|(cost, _, line)| (*cost, line != shown));
    let (best, acts, line) = weighed.first()?;
    let other = weighed.iter().find(|(_, other, _)| other != acts);
    let known = past.lines.contains(line);
    let edited = all.iter().find(|(_, other)| other == line).map_or(0, |(cost, _)| *cost);
    let unsure = *acts && !known && {
        let mut others = all.iter().filter(|(cost, other)| *cost < edited + SURE && other != line);
        // `sudo` alone, before what it was put in front of, is no other reading.
        others.any(|(_, other)| !line.starts_with(other.as_str()) && !sense(other, state, past).acts)
    };
    let near = unsure || other.is_some_and(|(cost, ..)| cost - best < NEAR);
    let line = if near && !acts { other.map_or(line, |(.., line)| line) } else { line };
    if line == shown && !near || line.is_empty() {
        return None;
    }
    Some(Likely { line: line.clone(), doubtful: near })
}
