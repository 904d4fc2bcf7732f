//! A line of the history takes the place of what stood at the prompt.
//!
//! zsh writes the columns in which the two differ and moves over the others, which leaves nothing in the log: `echo a` over `sudo id` is
//! `ech a`. What it does not need any more it blanks, or erases to the row's end.

use super::{Edit, Last, Past, Token};

const RECALLS: u32 = 24;
/// What stood there ends in the middle of a word, and an earlier line follows.
const RECALLS_GLUED: u32 = 8;
/// Columns were left out that are the same in both: nothing else writes so.
const RECALLS_IN_PARTS: u32 = 6;
/// Who looks for a line goes past others.
const RECALLS_ON: u32 = 2;
/// Fewer written letters say little.
const WRITTEN_MIN: usize = 3;

/// The edits in which a line that was entered before is drawn next over all that stands there.
pub(super) fn recalls(edit: &Edit, rest: &[Token], past: &Past) -> Vec<Edit> {
    let Some(Token::Letter(first)) = rest.first() else { return Vec::new() };
    if edit.line.is_empty() {
        return Vec::new();
    }
    let recalled = past.lines.iter().filter_map(|line| {
        let line: Vec<char> = line.chars().collect();
        let same = line.iter().zip(&edit.line).take_while(|(new, old)| new == old).count();
        if line.get(same) != Some(first) || same == edit.line.len() {
            return None;
        }
        let (taken, in_parts) = drawn_over(&edit.line, &line, same, rest)?;
        let at = line.len();
        let glued = edit.line.last().is_some_and(|last| last.is_alphanumeric());
        let cost = match (in_parts, glued) {
            _ if edit.last == Last::Recalled => RECALLS_ON,
            (true, _) => RECALLS_IN_PARTS,
            (false, true) => RECALLS_GLUED,
            (false, false) => RECALLS,
        };
        Some(Edit { cost: edit.cost + cost, line, at, last: Last::Recalled, ahead: taken - 1, ..Edit::default() })
    });
    recalled.collect()
}

/// How many tokens draw `new` from column `from` on over `old`, and whether that left columns out.
fn drawn_over(old: &[char], new: &[char], from: usize, rest: &[Token]) -> Option<(usize, bool)> {
    let (mut taken, mut in_parts) = (0, false);
    for (column, letter) in new.iter().enumerate().skip(from) {
        if rest.get(taken) == Some(&Token::Letter(*letter)) {
            taken += 1;
        } else if old.get(column) == Some(letter) {
            in_parts = true;
        } else {
            return None;
        }
    }
    if taken < WRITTEN_MIN {
        return None;
    }
    let over = old.len().saturating_sub(new.len());
    let letters = |from: usize| rest.iter().skip(from).take_while(|token| **token == Token::Letter(' ')).count();
    if over > 0 {
        match rest.get(taken) {
            Some(Token::Blanked(count)) if *count >= over => taken += 1,
            _ if letters(taken) >= over => taken += over,
            _ => {}
        }
        if let Some(Token::Back(count)) = rest.get(taken)
            && *count == over
        {
            taken += 1;
        }
    }
    Some((taken, in_parts))
}
