//! Line editors: keys in, the bytes they write to the terminal out.

use super::Shell;

/// How a line is brought to stand at the prompt.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Type(String),
    /// So many characters before the cursor.
    Rub(usize),
    Home,
    End,
    Paste(String),
    /// Replaces the line by one of the history.
    Recall(String),
    /// A search of the history for the first text finds the second.
    Search(String, String),
    /// The completions of the line are listed, and the prompt is shown again.
    List(Vec<String>),
    /// The line is emptied.
    Kill,
}

pub(super) struct Editor<'a> {
    pub(super) shell: Shell,
    pub(super) width: usize,
    pub(super) prompt: &'a str,
    pub(super) out: &'a mut Vec<u8>,
    line: Vec<char>,
    cursor: usize,
}

impl<'a> Editor<'a> {
    pub(super) fn new(shell: Shell, width: usize, prompt: &'a str, out: &'a mut Vec<u8>) -> Self {
        Self { shell, width, prompt, out, line: Vec::new(), cursor: 0 }
    }

    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// The prompt, with what its shell writes around it.
    pub(super) fn start(&mut self) {
        let prompt = self.prompt;
        match self.shell {
            Shell::Bash => self.write(&format!("\u{1b}[?2004h{prompt}")),
            Shell::OldBash | Shell::Dash => self.write(prompt),
            Shell::Zsh => {
                let blanks = " ".repeat(self.width - 1);
                self.write(&format!("\u{1b}[1m\u{1b}[7m%\u{1b}[27m\u{1b}[1m\u{1b}[0m{blanks}\r \r\r\u{1b}[0m\u{1b}[27m\u{1b}[24m\u{1b}[J{prompt}\u{1b}[K\u{1b}[?2004h"));
            }
            Shell::Fish => {
                let blanks = " ".repeat(self.width - 1);
                self.write(&format!("\u{1b}[2m⏎\u{1b}(B\u{1b}[m{blanks}\r⏎ \r\u{1b}[K\u{1b}[?2004h\u{1b}]0;/home\u{7}\u{1b}[30m\u{1b}(B\u{1b}[m{prompt}\u{1b}[K\r\u{1b}[{}C", columns(prompt)));
            }
        }
    }

    /// Enter.
    pub(super) fn enter(mut self) -> String {
        match self.shell {
            Shell::Bash => self.write("\r\n\u{1b}[?2004l\r"),
            Shell::OldBash | Shell::Dash => self.write("\r\n"),
            Shell::Zsh => self.write("\u{1b}[?2004l\r\r\n"),
            Shell::Fish => self.write("\r\n\u{1b}[30m\u{1b}(B\u{1b}[m\u{1b}[?2004l\u{1b}]0;x /home\u{7}\u{1b}[30m\u{1b}(B\u{1b}[m\r"),
        }
        self.line.into_iter().collect()
    }

    /// Ctrl-C. zsh shows nothing of it, so that it is not used there.
    pub(super) fn give_up(mut self) {
        match self.shell {
            Shell::Bash => self.write("^C\u{1b}[?2004l\r\u{1b}[?2004h\u{1b}[?2004l\r\r\n"),
            Shell::OldBash | Shell::Dash => self.write("^C\r\n"),
            Shell::Zsh => self.write("\u{1b}[?2004l\r\r\n"),
            Shell::Fish => self.write("\u{1b}[7m^C\u{1b}[30m\u{1b}(B\u{1b}[m\r\n"),
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Type(text) => text.chars().for_each(|character| self.insert(character)),
            Step::Rub(count) => (0..*count).for_each(|_| self.rub()),
            Step::Home => self.home(),
            Step::End => self.end(),
            Step::Paste(text) => self.paste(text),
            Step::Recall(text) => {
                self.kill();
                self.replace(text);
            }
            Step::Search(wanted, found) => self.search(wanted, found),
            Step::List(entries) => self.list(entries),
            Step::Kill => self.kill(),
        }
    }

    /// The column of the `place`th character, the prompt counted.
    fn column(&self, place: usize) -> usize {
        columns(self.prompt) + self.line.iter().take(place).map(|character| width(*character)).sum::<usize>()
    }

    fn insert(&mut self, character: char) {
        let at_end = self.cursor == self.line.len();
        self.line.insert(self.cursor, character);
        self.cursor += 1;
        match self.shell {
            Shell::Dash => self.write(&character.to_string()),
            // Beyond a row only what is new is written.
            Shell::Fish if at_end && self.column(self.line.len()) + 12 > self.width => self.write(&character.to_string()),
            Shell::Fish => self.redraw_fish(),
            _ if at_end => {
                if self.shell == Shell::Zsh && self.line.len() == 2 {
                    let both: String = self.line.iter().collect();
                    self.write(&format!("\u{8}{both}"));
                } else {
                    self.write(&character.to_string());
                }
                if self.column(self.line.len()).is_multiple_of(self.width) {
                    self.write(if self.shell == Shell::Zsh { " \r\u{1b}[K" } else { " \r" });
                }
            }
            Shell::Zsh => {
                let rest: String = self.line.iter().skip(self.cursor).collect();
                self.write(&format!("{character}{rest}{}", "\u{8}".repeat(columns(&rest))));
            }
            _ => self.write(&format!("\u{1b}[{}@{character}", width(character))),
        }
    }

    fn rub(&mut self) {
        if self.cursor == 0 {
            return;
        }
        self.cursor -= 1;
        let gone = self.line.remove(self.cursor);
        let back = "\u{8}".repeat(width(gone));
        match self.shell {
            Shell::Fish => self.redraw_fish(),
            Shell::Dash => self.write(&format!("{back}{}{back}", " ".repeat(width(gone)))),
            Shell::Zsh => {
                let rest: String = self.line.iter().skip(self.cursor).collect();
                let blanks = " ".repeat(width(gone));
                self.write(&format!("{back}{rest}{blanks}{}", "\u{8}".repeat(columns(&rest) + width(gone))));
            }
            _ if self.cursor == self.line.len() => self.write(&format!("{back}\u{1b}[K")),
            _ => self.write(&format!("{back}\u{1b}[{}P", width(gone))),
        }
    }

    fn home(&mut self) {
        let back = self.column(self.cursor) - columns(self.prompt);
        self.cursor = 0;
        match self.shell {
            Shell::Dash => {}
            Shell::Fish => self.write(&format!("\r\u{1b}[{}C", columns(self.prompt))),
            _ => self.write(&"\u{8}".repeat(back)),
        }
    }

    fn end(&mut self) {
        let rest: String = self.line.iter().skip(self.cursor).collect();
        self.cursor = self.line.len();
        match self.shell {
            Shell::Dash => {}
            Shell::Fish => self.write(&format!("\r\u{1b}[{}C", self.column(self.cursor))),
            Shell::Zsh if !rest.is_empty() => self.write(&format!("\u{1b}[{}C", columns(&rest))),
            _ => self.write(&rest),
        }
    }

    fn kill(&mut self) {
        self.end();
        let back = self.column(self.line.len()) - columns(self.prompt);
        self.line.clear();
        self.cursor = 0;
        match self.shell {
            Shell::Fish => self.redraw_fish(),
            Shell::Dash => self.write(&"\u{8} \u{8}".repeat(back)),
            _ => self.write(&format!("{}\u{1b}[K", "\u{8}".repeat(back))),
        }
    }

    fn replace(&mut self, text: &str) {
        self.line = text.chars().collect();
        self.cursor = self.line.len();
        match self.shell {
            Shell::Fish => self.redraw_fish(),
            _ => self.write(text),
        }
    }

    fn paste(&mut self, text: &str) {
        match self.shell {
            Shell::Bash => {
                self.write(&format!("\u{1b}[7m{text}\u{1b}[27m{}{text}", "\u{8}".repeat(columns(text))));
                self.line.extend(text.chars());
                self.cursor = self.line.len();
            }
            Shell::Zsh => {
                let plain: String = text.chars().map(|character| format!("\u{1b}[27m{character}")).collect();
                self.write(&format!("\u{1b}[7m{text}\u{1b}[27m\u{1b}[{}D{plain}", columns(text)));
                self.line.extend(text.chars());
                self.cursor = self.line.len();
            }
            _ => text.chars().for_each(|character| self.insert(character)),
        }
    }

    fn search(&mut self, wanted: &str, found: &str) {
        match self.shell {
            Shell::Bash | Shell::OldBash => {
                let head = columns(self.prompt);
                let mut shown = "(reverse-i-search)`': ".to_owned();
                self.write(&format!("\r{shown}"));
                for end in 1..=wanted.chars().count() {
                    let part: String = wanted.chars().take(end).collect();
                    shown = format!("(reverse-i-search)`{part}': {found}");
                    self.write(&format!("\r{shown}\u{1b}[K"));
                }
                self.write(&format!("\r\u{1b}[{}P{}{found}\u{1b}[K", columns(&shown).saturating_sub(head + columns(found)), self.prompt));
            }
            Shell::Zsh => {
                self.write("\r\r\nbck-i-search: _\u{1b}[K\u{1b}[A");
                self.write(&format!(
                    "\r\u{1b}[{}C{found}\u{1b}[1B\rbck-i-search: {wanted}_\u{1b}[K\r\u{1b}[K\u{1b}[A\r\u{1b}[{}C",
                    columns(self.prompt),
                    columns(self.prompt) + columns(found)
                ));
            }
            _ => return self.step(&Step::Recall(found.to_owned())),
        }
        self.line = found.chars().collect();
        self.cursor = self.line.len();
    }

    fn list(&mut self, entries: &[String]) {
        let line: String = self.line.iter().collect();
        match self.shell {
            Shell::Bash | Shell::OldBash => self.write(&format!("\u{7}\r\n{}\r\n{}{line}", entries.join("  "), self.prompt)),
            Shell::Zsh => {
                let column = self.column(self.cursor);
                self.write(&format!(
                    "\u{7}\r\r\n\u{1b}[J{}\u{1b}[A\u{1b}[0m\u{1b}[27m\u{1b}[24m\r\u{1b}[{column}C\u{1b}[K",
                    entries.join("  ")
                ));
            }
            Shell::Fish => {
                let column = self.column(self.cursor);
                self.write(&format!("\r\n\u{1b}[1m{}\u{1b}(B\u{1b}[m\u{1b}[K\u{1b}[A\r\u{1b}[{column}C", entries.join("  ")));
                self.write(&format!("\r\n\u{1b}[K\u{1b}[A\r\u{1b}[{column}C"));
            }
            Shell::Dash => {}
        }
    }

    /// fish draws the line again at each key, a suggestion in grey behind it.
    fn redraw_fish(&mut self) {
        let line: String = self.line.iter().collect();
        let (start, cursor) = (columns(self.prompt), self.column(self.cursor));
        self.write(&format!("\r\u{1b}[{start}C\u{1b}[91m{line}\u{1b}[38;5;240mo reboot\r\u{1b}[{cursor}C\u{1b}[30m\u{1b}(B\u{1b}[m"));
        self.write(&format!("\r\u{1b}[{start}C\u{1b}[34m{line}\u{1b}[30m\u{1b}(B\u{1b}[m\u{1b}[K\r\u{1b}[{cursor}C"));
    }
}

fn width(character: char) -> usize {
    if matches!(character, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}')
    {
        2
    } else {
        1
    }
}

pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}
