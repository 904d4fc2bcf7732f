//! A word of the grammar in, the text that the shell makes of it out.

use tree_sitter::Node;

use super::State;

/// Words that one word's braces may become.
const BRACES_MAX: usize = 64;

/// A word as a program would get it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Quoted or escaped inside, expanded, or a pattern: not what was typed.
    pub(crate) altered: bool,
    pub(crate) unresolved: bool,
    /// No quotes anywhere: an alias may stand for it, braces and patterns count.
    pub(crate) plain: bool,
}

/// The words that `node` becomes; more than one by braces, or by a variable that holds spaces.
pub(crate) fn expand(node: Node<'_>, source: &str, state: &State) -> Vec<Word> {
    let word = resolve(node, source, state);
    if node.kind() == "simple_expansion" || node.kind() == "expansion" {
        if word.unresolved {
            return vec![word];
        }
        let parts = word.text.split_whitespace().map(|part| Word { text: part.to_owned(), ..word.clone() });
        return parts.collect();
    }
    if !word.plain {
        return vec![word];
    }
    let braces = braces(&word.text);
    match braces.len() {
        0 | 1 => vec![word],
        _ => braces.into_iter().map(|text| Word { text, altered: true, ..word.clone() }).collect(),
    }
}

pub(crate) fn resolve(node: Node<'_>, source: &str, state: &State) -> Word {
    let mut word = Word { plain: true, ..Word::default() };
    part(node, source, state, &mut word, 0);
    word
}

fn text_of<'a>(node: Node<'_>, source: &'a str) -> &'a str {
    source.get(node.byte_range()).unwrap_or_default()
}

fn part(node: Node<'_>, source: &str, state: &State, word: &mut Word, depth: usize) {
    let text = text_of(node, source);
    if depth > super::DEPTH_MAX {
        word.unresolved = true;
        word.text.push_str(text);
        return;
    }
    match node.kind() {
        "raw_string" => {
            word.plain = false;
            word.altered = true;
            word.text.push_str(text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text));
        }
        "ansi_c_string" => {
            word.plain = false;
            word.altered = true;
            ansi_c(text.strip_prefix("$'").and_then(|text| text.strip_suffix('\'')).unwrap_or(text), &mut word.text);
        }
        "string" | "translated_string" => string(node, source, state, word, depth),
        "simple_expansion" | "expansion" => expansion(text, state, word),
        "command_substitution" | "process_substitution" | "arithmetic_expansion" => {
            word.altered = true;
            word.unresolved |= named(text).is_none();
            word.text.push_str(named(text).unwrap_or(text));
        }
        "concatenation" | "command_name" => {
            let mut cursor = node.walk();
            let mut end = node.start_byte();
            for child in node.children(&mut cursor) {
                unescape(source.get(end..child.start_byte()).unwrap_or_default(), word);
                part(child, source, state, word, depth + 1);
                end = child.end_byte();
            }
            unescape(source.get(end..node.end_byte()).unwrap_or_default(), word);
        }
        _ => unescape(text, word),
    }
}

/// `$(which sudo)`, `$(echo sudo)`: the word that comes of it.
fn named(substitution: &str) -> Option<&str> {
    let inner = substitution.strip_prefix("$(").and_then(|text| text.strip_suffix(')'));
    let inner = inner.or_else(|| substitution.strip_prefix('`').and_then(|text| text.strip_suffix('`')))?;
    let words: Vec<&str> = inner.split_whitespace().collect();
    let (["which" | "echo" | "printf", word] | ["command", "-v", word] | ["type", "-P", word]) = words.as_slice() else { return None };
    word.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/')).then_some(*word)
}

fn string(node: Node<'_>, source: &str, state: &State, word: &mut Word, depth: usize) {
    word.plain = false;
    word.altered = true;
    let mut cursor = node.walk();
    let (mut end, last) = (node.start_byte() + text_of(node, source).find('"').map_or(0, |at| at + 1), node.end_byte());
    for child in node.children(&mut cursor) {
        if child.kind() == "\"" || child.kind() == "string_content" || child.start_byte() < end {
            continue;
        }
        double_quoted(source.get(end..child.start_byte()).unwrap_or_default(), &mut word.text);
        part(child, source, state, word, depth + 1);
        end = child.end_byte();
    }
    let rest = source.get(end..last).unwrap_or_default();
    double_quoted(rest.strip_suffix('"').unwrap_or(rest), &mut word.text);
}

fn unescape(text: &str, word: &mut Word) {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            word.text.push(character);
            continue;
        }
        word.altered = true;
        word.plain = false;
        match characters.next() {
            Some('\n') | None => {}
            Some(next) => word.text.push(next),
        }
    }
}

/// Inside double quotes a backslash escapes only these.
fn double_quoted(text: &str, out: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('$' | '`' | '"' | '\\')) => out.extend(characters.next()),
            ('\\', Some('\n')) => {
                characters.next();
            }
            _ => out.push(character),
        }
    }
}

/// `$name`, `${name}`, `${name:-default}`: known if the session set it.
fn expansion(text: &str, state: &State, word: &mut Word) {
    word.altered = true;
    let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).or_else(|| text.strip_prefix('$')).unwrap_or(text);
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    match (state.variable(name), rest) {
        (Some(value), "") => word.text.push_str(value),
        // Positional parameters of nothing, as in a one-letter trick: `su$@do`, `s${1}udo`.
        (None, _) if name.is_empty() && matches!(rest, "@" | "*") => {}
        (None, "") if !name.is_empty() && name.chars().all(|c| c.is_ascii_digit()) && name != "0" => {}
        (None, "") if matches!(name, "SHELL" | "BASH" | "0") => word.text.push_str("bash"),
        (None, rest) if rest.starts_with(":-") || rest.starts_with('-') => {
            word.text.push_str(rest.trim_start_matches(':').trim_start_matches('-').trim_matches(['"', '\'']));
        }
        _ => {
            word.unresolved = true;
            word.text.push_str(text);
        }
    }
}

/// `$'…'`: C escapes.
fn ansi_c(text: &str, out: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('e' | 'E') => out.push('\u{1b}'),
            Some('x') => out.extend(number(&mut characters, 16, 2)),
            Some('u') => out.extend(number(&mut characters, 16, 4)),
            Some('U') => out.extend(number(&mut characters, 16, 8)),
            Some(digit @ '0'..='7') => {
                let mut value = digit.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(next) = characters.peek().and_then(|c| c.to_digit(8)) else { break };
                    characters.next();
                    value = value * 8 + next;
                }
                out.extend(char::from_u32(value & 0xff));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
}

fn number(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, digits: usize) -> Option<char> {
    let mut value = 0_u32;
    for _ in 0..digits {
        let Some(digit) = characters.peek().and_then(|c| c.to_digit(radix)) else { break };
        characters.next();
        value = value.wrapping_mul(radix).wrapping_add(digit);
    }
    char::from_u32(value)
}

/// `{sudo,id} x` as `sudo id x`, if the line begins with such a list.
pub(crate) fn spread(source: &str) -> Option<String> {
    let end = source.find(char::is_whitespace).unwrap_or(source.len());
    let (first, rest) = source.split_at_checked(end)?;
    let parts = braces(first);
    (parts.len() > 1).then(|| format!("{}{rest}", parts.join(" ")))
}

/// `{a,b}` becomes `a` and `b`, with what stands around it.
fn braces(text: &str) -> Vec<String> {
    let Some(open) = text.find('{') else { return Vec::new() };
    if text.get(..open).is_some_and(|before| before.ends_with('$')) {
        return Vec::new();
    }
    let mut depth = 0_usize;
    let (mut start, mut close) = (open + 1, None);
    let mut parts = Vec::new();
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => {
                parts.extend(text.get(start..at));
                close = Some(at);
                break;
            }
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 1 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    let Some(close) = close.filter(|_| parts.len() > 1) else { return Vec::new() };
    let (before, after) = (text.get(..open).unwrap_or_default(), text.get(close + 1..).unwrap_or_default());
    parts.into_iter().take(BRACES_MAX).map(|part| format!("{before}{part}{after}")).collect()
}

/// The name and the body of a function as fish defines one: `function NAME; BODY; end` (fish documentation, `function`).
pub(crate) fn fish_function(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim().strip_prefix("function ")?.trim_start();
    let (head, rest) = rest.split_once([';', '\n'])?;
    let name = head.split_whitespace().next().filter(|name| !name.contains(['(', '{']))?;
    let body = rest.strip_suffix("end")?.trim_end_matches(' ').strip_suffix([';', '\n'])?;
    Some((name, body))
}

/// Whether a shell would ask for more before it runs `line`.
pub(crate) fn is_incomplete(line: &str) -> bool {
    let mut scan = Scan::default();
    scan.read(line);
    scan.is_open()
}

/// Follows quotes, here-documents and open blocks as a shell's reader does.
#[derive(Default)]
pub(crate) struct Scan {
    quote: Option<char>,
    continued: bool,
    documents: Vec<String>,
    inside: bool,
    parens: usize,
    blocks: usize,
}

impl Scan {
    /// Takes the next lines of a command.
    pub(crate) fn read(&mut self, lines: &str) {
        for line in lines.split_inclusive('\n') {
            self.line(line);
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.quote.is_some() || self.continued || !self.documents.is_empty() || self.parens > 0 || self.blocks > 0
    }

    fn line(&mut self, line: &str) {
        if self.inside {
            let body = line.trim_end_matches('\n').trim_start_matches('\t');
            if self.documents.first().is_some_and(|end| end == body) {
                self.documents.remove(0);
                self.inside = !self.documents.is_empty();
            }
            return;
        }
        self.continued = false;
        let mut word = String::new();
        let mut heads = true;
        let mut characters = line.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match (self.quote, character) {
                (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') => self.quote = None,
                (Some('\''), _) => {}
                (_, '\\') => match characters.next() {
                    None | Some((_, '\n')) => self.continued = true,
                    Some((_, next)) => word.push(next),
                },
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => {
                    self.quote = Some(character);
                    word.push(character);
                }
                (None, '#') if word.is_empty() && self.starts_word(line, at) => break,
                (None, '<') if line.get(at..).is_some_and(|rest| rest.starts_with("<<<")) => {
                    characters.next();
                    characters.next();
                }
                // Two open parentheses: arithmetic, where it shifts.
                (None, '<') if self.parens < 2 && line.get(at..).is_some_and(|rest| rest.starts_with("<<")) => {
                    if let Some((delimiter, length)) = document(line.get(at + 2..).unwrap_or_default()) {
                        self.documents.push(delimiter);
                        for _ in 0..=length {
                            characters.next();
                        }
                    }
                }
                (None, '(') => {
                    self.parens += 1;
                    heads = true;
                    word.clear();
                }
                (None, c) if c.is_whitespace() || matches!(c, ';' | '|' | '&' | ')') => {
                    self.keyword(&word, heads);
                    heads = c != ' ' && c != '\t' || (heads && word.is_empty()) || is_opener(&word);
                    word.clear();
                    if c == ')' {
                        self.parens = self.parens.saturating_sub(1);
                    }
                }
                (None, c) => word.push(c),
            }
        }
        if self.quote.is_none() {
            self.keyword(&word, heads);
            let end = line.trim_end();
            self.continued |= end.ends_with("&&") || end.ends_with("||") || end.ends_with('|');
        }
        self.inside = !self.documents.is_empty();
    }

    fn starts_word(&self, line: &str, at: usize) -> bool {
        line.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '('))
    }

    fn keyword(&mut self, word: &str, heads: bool) {
        if !heads {
            return;
        }
        match word {
            "if" | "for" | "while" | "until" | "case" | "select" | "{" => self.blocks += 1,
            "fi" | "done" | "esac" | "}" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }
}

fn is_opener(word: &str) -> bool {
    matches!(word, "do" | "then" | "else" | "elif" | "if" | "while" | "until" | "!" | "{" | "time")
}

/// The delimiter of a here-document and how many characters of `rest` name it.
fn document(rest: &str) -> Option<(String, usize)> {
    let trimmed = rest.trim_start_matches('-').trim_start_matches(' ');
    let skipped = rest.len() - trimmed.len();
    let end = trimmed.find(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '<' | '>' | ')')).unwrap_or(trimmed.len());
    let raw = trimmed.get(..end)?;
    let name: String = raw.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
    (!name.is_empty()).then_some((name, skipped + raw.chars().count()))
}
