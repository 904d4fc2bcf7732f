//! Walks a parsed line and lists what it runs.

use tree_sitter::{Node, Parser};

use super::words::{self, Word};
use super::wrap::{self, Inner, SHELLS};
use super::{DEPTH_MAX, How, PARSED_BYTES_MAX, PROGRAMS_MAX, Parsed, Program, State};
use crate::elevate;

/// The grammar takes time by the square of a pipeline's length; what follows this many bars is not parsed.
const BARS_MAX: usize = 512;

pub(super) fn line(line: &str, state: &mut State) -> Parsed {
    let mut end = line.len().min(PARSED_BYTES_MAX);
    end = line.match_indices('|').nth(BARS_MAX).map_or(end, |(at, _)| end.min(at));
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let parser = state.may_parse().then(grammar).flatten();
    let line_read = line.get(..end).unwrap_or_default();
    if let Some((name, body)) = words::fish_function(line_read) {
        // What stands in it is read all the same: to zsh such a line is a function of its first command, and the others run.
        state.define_function(name, &format!("{{ {body}; }}"));
    }
    let mut walk = Walk { state, parser, out: Vec::new(), whole: end == line.len(), expanding: Vec::new(), nodes: 0 };
    walk.script(line_read, Place { how: How::Direct, under: None, depth: 0 });
    Parsed { programs: walk.out, whole: walk.whole }
}

fn grammar() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).is_ok().then_some(parser)
}

/// Where in the line a command stands.
#[derive(Clone, Copy)]
struct Place {
    how: How,
    under: Option<usize>,
    depth: usize,
}

impl Place {
    fn inside(self, how: How) -> Self {
        Self { how, depth: self.depth + 1, ..self }
    }

    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// Nodes visited for one line, scripts inside it included.
const NODES_MAX: usize = 50_000;

struct Walk<'a> {
    state: &'a mut State,
    /// None where the session's lines are no longer parsed.
    parser: Option<Parser>,
    out: Vec<Program>,
    whole: bool,
    /// Aliases and functions being expanded: they do not expand themselves.
    expanding: Vec<String>,
    nodes: usize,
}

impl Walk<'_> {
    fn script(&mut self, source: &str, place: Place) {
        // The grammar takes no braces in a command's place.
        let spread = source.starts_with('{').then(|| words::spread(source)).flatten();
        let source = spread.as_deref().unwrap_or(source);
        if place.depth > DEPTH_MAX {
            self.whole = false;
            return;
        }
        let may_parse = self.state.may_parse();
        let Some(tree) = self.parser.as_mut().filter(|_| may_parse).and_then(|parser| parser.parse(source, None)) else {
            self.whole = false;
            return self.loose(source, place);
        };
        let root = tree.root_node();
        self.state.note_parsed(source.len(), root.has_error());
        self.node(root, source, place);
        if root.has_error() {
            self.whole = false;
            self.loose(source, place);
        }
    }

    /// What the grammar does not take is cut at operators; of the pieces only what changes the user, or is a shell, is added.
    fn loose(&mut self, source: &str, place: Place) {
        for piece in source.split(['\n', ';', '|', '&', '(', ')', '{', '}', '`']) {
            let argv: Vec<String> = piece
                .split_whitespace()
                .skip_while(|word| matches!(*word, "if" | "then" | "else" | "do" | "while" | "until" | "!" | "time") || word.contains('='))
                .map(|word| word.replace(['"', '\'', '\\'], ""))
                .collect();
            let Some(first) = argv.first() else { continue };
            let name = file_name(first);
            let known = self.out.iter().any(|program| program.program == name);
            if !known && (elevate::request(name, &argv).is_some() || SHELLS.contains(&name)) {
                let words = argv.into_iter().map(|text| Word { text, plain: true, ..Word::default() }).collect();
                self.run(words, place, None);
            }
        }
    }

    fn node(&mut self, node: Node<'_>, source: &str, place: Place) {
        self.nodes += 1;
        if place.depth > DEPTH_MAX || self.nodes > NODES_MAX || self.out.len() >= PROGRAMS_MAX {
            self.whole = false;
            return;
        }
        match node.kind() {
            "command" => self.command(node, source, place, None),
            "pipeline" => self.pipeline(node, source, place),
            "redirected_statement" => self.redirected(node, source, place),
            "subshell" => self.children(node, source, place.inside(How::Subshell)),
            "command_substitution" | "process_substitution" => self.children(node, source, place.inside(How::Substitution)),
            "function_definition" => self.function(node, source),
            "variable_assignment" => self.assign(node, source, place),
            "comment" | "heredoc_body" | "raw_string" | "word" => {}
            // Lists and blocks nest as long as a line has parts; only what starts anew counts as deeper.
            "program" | "list" | "compound_statement" | "declaration_command" => self.children(node, source, place),
            _ => self.children(node, source, place.deeper()),
        }
    }

    fn children(&mut self, node: Node<'_>, source: &str, place: Place) {
        // `a; b; c …` nests to the left without limit: unrolled, or a long line would be a deep stack.
        let mut pending = vec![node];
        while let Some(node) = pending.pop() {
            let mut cursor = node.walk();
            let children: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
            for (at, child) in children.iter().enumerate() {
                if child.kind() == "list" && at == 0 {
                    pending.extend(children.iter().skip(1).rev().filter(|child| child.kind() != "list"));
                    pending.push(*child);
                    break;
                }
                self.node(*child, source, place);
            }
            if pending.len() > NODES_MAX {
                self.whole = false;
                return;
            }
            while let Some(next) = pending.pop_if(|next| next.kind() != "list") {
                self.node(next, source, place);
            }
        }
    }

    fn pipeline(&mut self, node: Node<'_>, source: &str, place: Place) {
        let place = if place.how == How::Direct { place.inside(How::Pipe) } else { place.deeper() };
        let mut cursor = node.walk();
        let mut fed = None;
        for child in node.named_children(&mut cursor) {
            if self.out.len() >= PROGRAMS_MAX {
                self.whole = false;
                return;
            }
            let (command, redirects) =
                if child.kind() == "redirected_statement" { (child.named_child(0), true) } else { (Some(child), false) };
            match command {
                Some(command) if command.kind() == "command" && !redirects => self.command(command, source, place, fed.as_deref()),
                _ => self.node(child, source, place),
            }
            fed = Some(command.and_then(|command| printed(command, source, self.state)).unwrap_or_default());
        }
    }

    fn redirected(&mut self, node: Node<'_>, source: &str, place: Place) {
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
        let from_file = children.iter().any(|child| child.kind() == "file_redirect" && reads(*child, source));
        let document = children.iter().find_map(|child| here_document(*child, source));
        let first = self.out.len();
        for (at, child) in children.iter().enumerate() {
            match child.kind() {
                "command" if at == 0 => self.command(*child, source, place, document.as_deref()),
                _ => self.node(*child, source, place),
            }
        }
        for program in self.out.iter_mut().skip(first) {
            program.fed |= from_file;
        }
    }

    fn function(&mut self, node: Node<'_>, source: &str) {
        let name = node.child_by_field_name("name").and_then(|name| source.get(name.byte_range()));
        let body = node.child_by_field_name("body").and_then(|body| source.get(body.byte_range()));
        if let (Some(name), Some(body)) = (name, body) {
            self.state.define_function(name, body);
        }
    }

    fn assign(&mut self, node: Node<'_>, source: &str, place: Place) {
        let name = node.child_by_field_name("name").and_then(|name| source.get(name.byte_range())).map(str::to_owned);
        match (name, node.child_by_field_name("value")) {
            (Some(name), Some(value)) => {
                let word = words::resolve(value, source, self.state);
                if word.unresolved {
                    self.state.forget(&name)
                } else {
                    self.state.set(&name, &word.text)
                }
                self.node(value, source, place.deeper());
            }
            (Some(name), None) => self.state.set(&name, ""),
            _ => {}
        }
    }

    /// `fed`: what is known of its input; empty where something feeds it, but not what.
    fn command(&mut self, node: Node<'_>, source: &str, place: Place, fed: Option<&str>) {
        let mut words = Vec::new();
        let mut nested = Vec::new();
        let mut input = fed.map(str::to_owned);
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            match child.kind() {
                "variable_assignment" => nested.extend(child.child_by_field_name("value")),
                "herestring_redirect" => {
                    input = child.named_child(0).map(|word| words::resolve(word, source, self.state).text);
                }
                "file_redirect" | "heredoc_redirect" => nested.push(child),
                _ => {
                    // Of an interactive shell it is not known what `set --` made of them.
                    let unknown = || Word {
                        text: source.get(child.byte_range()).unwrap_or_default().to_owned(),
                        unresolved: true,
                        ..Word::default()
                    };
                    if is_positional(child, source) {
                        match self.state.variable("@") {
                            None if !words.is_empty() => words.push(unknown()),
                            _ => words.extend(self.positional()),
                        }
                    } else {
                        let expanded = if child.kind() == "command_name" {
                            child
                                .named_child(0)
                                .filter(|_| child.named_child_count() == 1)
                                .map_or_else(|| words::expand(child, source, self.state), |only| words::expand(only, source, self.state))
                        } else {
                            words::expand(child, source, self.state)
                        };
                        let is_gone = !words.is_empty() && child.kind() == "simple_expansion" && expanded.is_empty();
                        words.extend(expanded);
                        if is_gone {
                            words.push(unknown());
                        }
                    }
                    nested.push(child);
                }
            }
        }
        for child in nested {
            // fish writes a substitution as `(…)`, which is no word to other shells.
            let text = source.get(child.byte_range()).unwrap_or_default();
            match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
                Some(inner) => self.script(inner, place.inside(How::Substitution)),
                None => self.substitutions(child, source, place),
            }
        }
        self.run(words, place, input.as_deref());
    }

    /// Commands inside a word: `"$(…)"`.
    fn substitutions(&mut self, node: Node<'_>, source: &str, place: Place) {
        self.nodes += 1;
        if place.depth > DEPTH_MAX || self.nodes > NODES_MAX {
            self.whole = false;
            return;
        }
        if matches!(node.kind(), "command_substitution" | "process_substitution") {
            return self.children(node, source, place.inside(How::Substitution));
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.substitutions(child, source, place.deeper());
        }
    }

    fn positional(&self) -> Vec<Word> {
        let Some(words) = self.state.variable("@") else { return Vec::new() };
        words.split('\u{0}').filter(|word| !word.is_empty()).map(|text| Word { text: text.to_owned(), ..Word::default() }).collect()
    }

    fn run(&mut self, mut words: Vec<Word>, place: Place, fed: Option<&str>) {
        if place.depth > DEPTH_MAX || self.out.len() >= PROGRAMS_MAX {
            self.whole = false;
            return;
        }
        words.retain(|word| !word.text.is_empty() || !word.plain);
        let Some(first) = words.first().cloned() else { return };
        let name = first.text.clone();
        if first.plain
            && !self.expanding.contains(&name)
            && let Some(value) = self.state.alias(&name).map(str::to_owned)
        {
            return self.expand_alias(name, &value, &words, place);
        }
        if !self.expanding.contains(&name)
            && let Some(body) = self.state.function(&name).map(str::to_owned)
        {
            return self.call(name, &body, &words, place);
        }
        match name.as_str() {
            "alias" | "unalias" | "abbr" => self.aliases(&words),
            "set" => self.set_as_fish_does(&words),
            _ => {}
        }
        let obscured = first.altered || is_pattern(&name);
        let resolved = if is_pattern(&name) { matching_elevator(&name) } else { None };
        let argv: Vec<String> = resolved
            .map(str::to_owned)
            .into_iter()
            .chain(words.iter().skip(usize::from(resolved.is_some())).map(|word| word.text.clone()))
            .collect();
        let program = file_name(argv.first().map_or("", String::as_str)).to_owned();
        let at = self.out.len();
        self.out.push(Program {
            program: program.clone(),
            argv: argv.clone(),
            how: place.how,
            obscured,
            unresolved: words.iter().any(|word| word.unresolved),
            fed: fed.is_some(),
            under: place.under,
        });
        self.inner(&program, &argv, at, place, fed);
    }

    /// fish: `set -gx NAME VALUE`. To other shells these are the words of `$1` and `$2`.
    fn set_as_fish_does(&mut self, words: &[Word]) {
        let of_fish = |word: &&Word| {
            word.text.starts_with('-') && word.text.len() > 1 && word.text.chars().skip(1).all(|letter| "gxlU".contains(letter))
        };
        let mut rest = words.iter().skip(1).skip_while(of_fish);
        let (Some(name), Some(value)) = (rest.next(), rest.next()) else { return };
        if name.text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && rest.next().is_none() && !value.unresolved {
            self.state.set(&name.text, &value.text);
        }
    }

    fn inner(&mut self, program: &str, argv: &[String], at: usize, place: Place, fed: Option<&str>) {
        let under = if elevate::request(program, argv).is_some() { Some(at) } else { place.under };
        for inner in wrap::inner(program, argv) {
            match inner {
                Inner::Command(argv, how) => {
                    let words = argv.into_iter().map(|text| Word { text, ..Word::default() }).collect();
                    self.run(words, Place { how, under, depth: place.depth + 1 }, fed);
                }
                Inner::Script(script, how) => self.script(&script, Place { how, under, depth: place.depth + 1 }),
            }
        }
        let reads_script = SHELLS.contains(&program) && argv.iter().skip(1).all(|word| word.starts_with('-'));
        if let Some(script) = fed.filter(|_| reads_script) {
            if script.is_empty() {
                if let Some(program) = self.out.get_mut(at) {
                    program.obscured = true;
                }
            } else {
                self.script(script, Place { how: How::ShellC, under, depth: place.depth + 1 });
            }
        }
    }

    fn expand_alias(&mut self, name: String, value: &str, words: &[Word], place: Place) {
        let rest: Vec<String> = words.iter().skip(1).map(|word| quote(&word.text)).collect();
        self.expanding.push(name);
        self.script(&format!("{value} {}", rest.join(" ")), place.inside(How::Alias));
        self.expanding.pop();
    }

    fn call(&mut self, name: String, body: &str, words: &[Word], place: Place) {
        let arguments: Vec<&str> = words.iter().skip(1).map(|word| word.text.as_str()).collect();
        let before = self.state.clone();
        self.state.set("@", &arguments.join("\u{0}"));
        for (number, argument) in arguments.iter().enumerate() {
            self.state.set(&(number + 1).to_string(), argument);
        }
        self.expanding.push(name);
        self.script(body, place.inside(How::Function));
        self.expanding.pop();
        *self.state = before;
    }

    fn aliases(&mut self, words: &[Word]) {
        let mut words = words.iter().map(|word| word.text.as_str());
        match words.next() {
            Some("unalias") => words.for_each(|name| self.state.remove_alias(name)),
            Some("abbr") => {
                let rest: Vec<&str> = words.filter(|word| !word.starts_with('-')).collect();
                if let Some((name, value)) = rest.split_first() {
                    self.state.define_alias(name, &value.join(" "));
                }
            }
            _ => {
                let rest: Vec<&str> = words.collect();
                // fish takes the name and the value as two words.
                if let [name, value] = rest.as_slice()
                    && !name.contains('=')
                    && !name.starts_with('-')
                {
                    return self.state.define_alias(name, value);
                }
                for (name, value) in rest.iter().filter_map(|word| word.split_once('=')) {
                    self.state.define_alias(name, value);
                }
            }
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn is_positional(node: Node<'_>, source: &str) -> bool {
    matches!(source.get(node.byte_range()), Some("$@" | "\"$@\"" | "$*" | "\"$*\""))
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?']) || (word.contains('[') && word.contains(']') && word.len() > 2)
}

/// The first program that changes the user whose usual path the pattern takes.
fn matching_elevator(pattern: &str) -> Option<&'static str> {
    let name = file_name(pattern);
    elevate::PROGRAMS
        .iter()
        .find(|program| glob(name.as_bytes(), program.as_bytes()) && name.contains(|c: char| c.is_alphanumeric()))
        .copied()
}

/// `*`, `?` and `[…]`, as the shell matches names. Linear memory; gives up (no match) on patterns with more than a few stars.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) if pattern.iter().filter(|byte| **byte == b'*').count() <= 3 => {
            (0..=name.len()).any(|skip| glob(rest, name.get(skip..).unwrap_or_default()))
        }
        ([b'?', rest @ ..], [_, others @ ..]) => glob(rest, others),
        ([b'[', rest @ ..], [byte, others @ ..]) => match rest.iter().position(|byte| *byte == b']') {
            Some(end) => rest.get(..end).is_some_and(|set| set.contains(byte)) && glob(rest.get(end + 1..).unwrap_or_default(), others),
            None => false,
        },
        ([one, rest @ ..], [other, others @ ..]) => one == other && glob(rest, others),
        _ => false,
    }
}

/// What `echo` or `printf` will print, if that can be known.
fn printed(command: Node<'_>, source: &str, state: &State) -> Option<String> {
    let name = command.child_by_field_name("name").and_then(|name| source.get(name.byte_range()))?;
    if name != "echo" && name != "printf" {
        return None;
    }
    let mut cursor = command.walk();
    let words: Vec<Word> =
        command.children_by_field_name("argument", &mut cursor).map(|word| words::resolve(word, source, state)).collect();
    if words.iter().any(|word| word.unresolved) {
        return None;
    }
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).filter(|text| !text.starts_with('-')).collect();
    Some(texts.join(" ").replace("\\n", "\n"))
}

/// `<file`, `0<file`, not `<&3`.
fn reads(redirect: Node<'_>, source: &str) -> bool {
    source
        .get(redirect.byte_range())
        .is_some_and(|text| text.trim_start_matches('0').strip_prefix('<').is_some_and(|rest| !rest.starts_with(['&', '>'])))
}

fn here_document(node: Node<'_>, source: &str) -> Option<String> {
    match node.kind() {
        "heredoc_redirect" => {
            let mut cursor = node.walk();
            let body = node.named_children(&mut cursor).find(|child| child.kind() == "heredoc_body")?;
            source.get(body.byte_range()).map(str::to_owned)
        }
        "heredoc_body" => source.get(node.byte_range()).map(str::to_owned),
        "herestring_redirect" => {
            node.named_child(0).and_then(|word| source.get(word.byte_range())).map(|word| word.trim_matches(['"', '\'']).to_owned())
        }
        _ => None,
    }
}
