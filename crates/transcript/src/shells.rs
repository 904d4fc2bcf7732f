//! The shells a session is in, one inside the other, and what is known of each: its prompt, its user, its rights.

use crate::prompt::{Looks, Prompt};
use crate::shell::State;

/// Shells inside shells that are kept; a deeper one takes the place of the innermost.
const SHELLS_MAX: usize = 32;
/// Prompt lines kept to learn from what they share.
const SEEN_MAX: usize = 6;
/// So many lines share a prompt.
const SHARED_BY: usize = 3;
/// Longest line learnt from, in bytes.
const SEEN_BYTES_MAX: usize = 512;

/// What a prompt belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Shell,
    /// A program with a prompt of its own.
    Interpreter,
}

#[derive(Clone, Debug)]
pub(crate) struct Shell {
    pub(crate) prompt: Prompt,
    /// Its prompt before that one.
    former: Option<Prompt>,
    /// A line editor announces its prompts (bracketed paste on).
    pub(crate) marked: bool,
    /// All its prompts came with colours or a window's title.
    pub(crate) dressed: bool,
    pub(crate) kind: Kind,
    pub(crate) root: bool,
    pub(crate) user: Option<String>,
    /// The line that opened it.
    pub(crate) inside: Option<String>,
    pub(crate) state: State,
}

/// What the line before a prompt makes likely.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expect {
    /// It may have opened a shell, or another place with prompts.
    pub(crate) opens: bool,
    /// That shell has root's rights; none: those of the shell it was opened in.
    pub(crate) root: Option<bool>,
    pub(crate) user: Option<String>,
    pub(crate) interpreter: bool,
    /// It shows text that others wrote.
    pub(crate) shows: bool,
    /// The same, each line behind a sign, a number or a name.
    pub(crate) shows_behind: bool,
    /// No more lines than these.
    pub(crate) shows_lines: Option<u64>,
    /// It may change the prompt of its own shell.
    pub(crate) changes_prompt: bool,
    /// It says what the prompt is from now on.
    pub(crate) sets_prompt: bool,
    /// It leaves the shell: `exit`, or the end of input.
    pub(crate) leaves: bool,
    /// It puts another program in the shell's place: `exec`.
    pub(crate) replaces: bool,
    pub(crate) line: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Shells {
    open: Vec<Shell>,
    seen: Vec<String>,
    /// The session's own user, where the log names one.
    pub(crate) run_as_user: Option<String>,
}

/// How a prompt changed the shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Same,
    Opened,
    Left,
    /// Another prompt of the same shell, or the first.
    Replaced,
}

impl Shell {
    fn has(&self, prompt: &Prompt) -> bool {
        std::iter::once(&self.prompt).chain(&self.former).any(|own| own.text == prompt.text || own.resembles(prompt))
    }
}

impl Shells {
    pub(crate) fn current(&self) -> Option<&Shell> {
        self.open.last()
    }

    pub(crate) fn current_mut(&mut self) -> Option<&mut Shell> {
        self.open.last_mut()
    }

    pub(crate) fn is_current(&self, prompt: &Prompt) -> bool {
        self.current().is_some_and(|shell| shell.has(prompt))
    }

    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The prompt that `line` begins with, where it is one that is known already.
    pub(crate) fn known(&self, line: &str) -> Option<Prompt> {
        // The longest that fits: `$ ` also begins `$ $ `.
        let mut found: Option<&Prompt> = None;
        for prompt in self.open.iter().rev().flat_map(|shell| std::iter::once(&shell.prompt).chain(&shell.former)) {
            if !prompt.text.is_empty() && prompt.leads(line).is_some() && found.is_none_or(|other| other.text.len() < prompt.text.len()) {
                found = Some(prompt);
            }
        }
        if let Some(found) = found {
            return Some(found.clone());
        }
        if let Some(moved) = self.open.iter().rev().find_map(|shell| shell.prompt.in_another_folder(line)) {
            return Some(moved);
        }
        let looks = Prompt::of(line)?;
        self.open.iter().rev().any(|shell| shell.prompt.resembles(&looks)).then_some(looks)
    }

    /// No line editor announces this prompt. `leaves`: the innermost shell was left, so it may be an outer one's that looks the same.
    pub(crate) fn is_unmarked(&self, prompt: &Prompt, leaves: bool) -> bool {
        let mut having = self.open.iter().rev().filter(|shell| shell.has(prompt));
        // The outermost that we know may stand in one that we do not.
        let outermost = self.open.len() == 1;
        if leaves { outermost || having.any(|shell| !shell.marked) } else { having.next().is_some_and(|shell| !shell.marked) }
    }

    /// The prompt of a line that a line editor announced: known, by its looks, or what such lines have in common.
    pub(crate) fn announced(&mut self, line: &str) -> Option<Prompt> {
        let known = self.known(line);
        if line.len() <= SEEN_BYTES_MAX && !self.seen.iter().any(|seen| seen == line) {
            if self.seen.len() == SEEN_MAX {
                self.seen.remove(0);
            }
            self.seen.push(line.to_owned());
        }
        if known.is_some() {
            return known;
        }
        let looks = Prompt::of(line);
        if looks.as_ref().is_some_and(|prompt| prompt.looks != Looks::Weak) {
            return looks;
        }
        // What they share may lack the mark, where that changed with the user.
        let shared = self.shared(line).filter(|shared| looks.as_ref().is_none_or(|looks| !looks.text.starts_with(&shared.text)));
        shared.or(looks).or_else(|| any_mark(line))
    }

    /// What the last lines begin with, cut at a space.
    fn shared(&self, line: &str) -> Option<Prompt> {
        let last = self.seen.get(self.seen.len().checked_sub(SHARED_BY)?..)?;
        let mut end = line.len();
        for seen in last {
            end = line
                .char_indices()
                .zip(seen.chars())
                .take_while(|((at, a), b)| *at < end && a == b)
                .map(|((at, a), _)| at + a.len_utf8())
                .last()
                .unwrap_or(0);
        }
        let shared = line.get(..end)?;
        let cut = shared.rfind(' ')? + 1;
        line.get(..cut).filter(|text| text.trim_end().chars().next_back().is_some_and(|last| !last.is_alphanumeric())).map(Prompt::known)
    }

    /// A prompt is shown: which shell are we in now?
    pub(crate) fn enter(&mut self, prompt: &Prompt, marked: bool, expect: &Expect) -> Change {
        let place = self.open.iter().rposition(|shell| shell.has(prompt));
        let last = self.open.len().checked_sub(1);
        match (place, last) {
            (Some(place), Some(last)) if place == last => self.again(prompt, marked, expect),
            // A shell was opened, and looks like one further out.
            (Some(_), Some(_)) if expect.opens && !expect.leaves => {
                self.push(prompt, marked, expect);
                Change::Opened
            }
            (Some(place), Some(_)) => {
                self.open.truncate(place + 1);
                self.refresh(prompt, marked);
                Change::Left
            }
            (None, Some(_)) if expect.opens || expect.interpreter => {
                self.push(prompt, marked, expect);
                Change::Opened
            }
            (None, Some(_)) => {
                self.replace(prompt, marked);
                if let Some(shell) = self.open.last_mut().filter(|_| expect.sets_prompt) {
                    shell.former = None;
                }
                Change::Replaced
            }
            (_, None) => {
                let user = prompt.user.clone().or_else(|| self.run_as_user.clone());
                let root = self.run_as_user.as_deref() == Some("root") || prompt.root() == Some(true);
                self.open.push(Shell {
                    prompt: prompt.clone(),
                    former: None,
                    marked,
                    dressed: false,
                    kind: Kind::Shell,
                    root,
                    user,
                    inside: None,
                    state: State::default(),
                });
                Change::Replaced
            }
        }
    }

    /// The prompt is the one before. Where a shell was opened that looks no different, only what its line asked for tells.
    fn again(&mut self, prompt: &Prompt, marked: bool, expect: &Expect) -> Change {
        let says_other = prompt.root() == Some(false) && prompt.looks >= Looks::Strong;
        if expect.leaves && self.open.len() > 1 && self.open.iter().rev().nth(1).is_some_and(|outer| outer.prompt.text == prompt.text) {
            self.open.pop();
            return Change::Left;
        }
        let differs = self.current().is_some_and(|shell| shell.marked != marked);
        // A shell that gives marks gives them from its first prompt on: whatever opened it, it is another.
        if differs && (expect.opens || marked) {
            self.push(prompt, marked, expect);
            return Change::Opened;
        }
        // An outer shell that nothing showed before, or one in the place of this.
        if differs && (expect.leaves || expect.replaces) {
            self.replace(prompt, marked);
            return Change::Replaced;
        }
        let rises = expect.root == Some(true) && self.current().is_some_and(|shell| !shell.root);
        if expect.opens && (!rises || !says_other) && prompt.root() != Some(false) {
            self.push(prompt, marked, expect);
            return Change::Opened;
        }
        self.refresh(prompt, marked);
        Change::Same
    }

    fn refresh(&mut self, prompt: &Prompt, marked: bool) {
        if let Some(shell) = self.open.last_mut() {
            let old = std::mem::replace(&mut shell.prompt, prompt.clone());
            if !old.resembles(prompt) && old.text != prompt.text {
                shell.former = Some(old);
            }
            shell.marked |= marked;
        }
    }

    fn replace(&mut self, prompt: &Prompt, marked: bool) {
        let Some(shell) = self.open.last_mut() else { return };
        if shell.kind == Kind::Shell {
            if let Some(root) = prompt.root().filter(|_| prompt.user.is_some() || shell.prompt.mark != prompt.mark) {
                shell.root = root;
            }
            if prompt.user.is_some() {
                shell.user.clone_from(&prompt.user);
            }
        }
        shell.former = Some(std::mem::replace(&mut shell.prompt, prompt.clone()));
        shell.marked = marked;
    }

    fn push(&mut self, prompt: &Prompt, marked: bool, expect: &Expect) {
        let outer = self.current();
        let kind = if expect.interpreter && !expect.opens && !prompt.is_a_shells() { Kind::Interpreter } else { Kind::Shell };
        let inherited = outer.is_some_and(|shell| shell.root);
        let root = match (&kind, prompt.root(), expect.root) {
            (Kind::Interpreter, _, _) => inherited,
            (_, Some(shown), _) => shown,
            (_, None, Some(asked)) => asked,
            (_, None, None) => inherited,
        };
        let user = prompt.user.clone().or_else(|| expect.user.clone()).or_else(|| match (root, inherited) {
            (true, _) => Some("root".to_owned()),
            (false, false) => outer.and_then(|shell| shell.user.clone()),
            (false, true) => None,
        });
        let shell = Shell {
            prompt: prompt.clone(),
            former: None,
            marked,
            dressed: false,
            kind,
            root,
            user,
            inside: Some(expect.line.clone()),
            state: self.current().map(|outer| outer.state.inner()).unwrap_or_default(),
        };
        if self.open.len() >= SHELLS_MAX {
            self.open.pop();
        }
        self.open.push(shell);
    }
}

/// The first mark before a space, whatever stands before it: a line editor said that a prompt is here.
fn any_mark(line: &str) -> Option<Prompt> {
    let at = line.char_indices().find(|(at, c)| {
        let end = at + c.len_utf8();
        matches!(c, '$' | '#' | '%' | '>' | '❯' | '➜' | 'λ' | '»' | '›' | '\u{e0b0}')
            && line.get(end..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    });
    let (at, mark) = at?;
    let end = at + mark.len_utf8();
    line.get(..(end + 1).min(line.len())).map(Prompt::known)
}
