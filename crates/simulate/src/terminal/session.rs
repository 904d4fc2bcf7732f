//! Plays a session: chooses lines, and how each is entered.

use super::editor::{Editor, Step};
use super::lines::{ABANDONED, AS_ROOT, ELEVATING, FAILING, HARMLESS, ROOT_SHELLS};
use super::{Entered, Recording, Shell};
use crate::random::Random;

/// Records a session of about `lines` lines in `shell`. The same arguments give the same bytes.
pub fn record(seed: u64, shell: Shell, lines: usize) -> Recording {
    let mut random = Random::new(seed, "terminal");
    let width = *[80_usize, 100, 120, 132].get(random.index(4)).unwrap_or(&80);
    let prompts = prompts(shell, &mut random);
    let mut play =
        Play { random, shell, width, prompts, root: false, bytes: Vec::new(), entered: Vec::new(), history: Vec::new(), pleased: false };
    if shell == Shell::Fish {
        play.print("Welcome to fish, the friendly interactive shell");
    }
    while play.entered.len() < lines {
        play.turn();
    }
    if play.root {
        play.leave_root();
    }
    play.editor().start();
    Recording { shell, width, bytes: play.bytes, entered: play.entered }
}

/// The prompts of the person's shell and of root's.
fn prompts(shell: Shell, random: &mut Random) -> (String, String) {
    let pick = |random: &mut Random, choices: &[(&str, &str)]| {
        let (own, root) = choices.get(random.index(choices.len())).copied().unwrap_or(("$ ", "# "));
        (own.to_owned(), root.to_owned())
    };
    match shell {
        Shell::Bash | Shell::OldBash => pick(
            random,
            &[
                ("sh-5.2$ ", "sh-5.2# "),
                ("sh-4.2$ ", "[root@ip-10-0-0-1 ~]# "),
                ("[ssm-user@ip-10-0-0-1 ~]$ ", "[root@ip-10-0-0-1 ~]# "),
                ("ssm-user@web-3:/usr/bin$ ", "root@web-3:~# "),
                ("(venv) sato@web-3:~/手順$ ", "root@web-3:/home/sato# "),
            ],
        ),
        Shell::Zsh => pick(random, &[("web-3% ", "web-3# "), ("sato@web-3 ~ % ", "root@web-3 ~ # "), ("➜  app ", "root@web-3 # ")]),
        Shell::Fish => pick(random, &[("sato@web-3 ~> ", "root@web-3 /h/sato# ")]),
        Shell::Dash => pick(random, &[("$ ", "# ")]),
    }
}

struct Play {
    random: Random,
    shell: Shell,
    width: usize,
    prompts: (String, String),
    root: bool,
    bytes: Vec<u8>,
    entered: Vec<Entered>,
    history: Vec<String>,
    /// The alias is defined.
    pleased: bool,
}

impl Play {
    fn prompt(&self) -> String {
        if self.root { self.prompts.1.clone() } else { self.prompts.0.clone() }
    }

    fn editor(&mut self) -> PlayEditor<'_> {
        let prompt = self.prompt();
        PlayEditor { play: self, prompt }
    }

    fn turn(&mut self) {
        if self.root {
            if self.random.chance(350) {
                return self.leave_root();
            }
            let (line, output) = AS_ROOT.get(self.random.index(AS_ROOT.len())).copied().unwrap_or(("id", "0"));
            self.run(line, output, false, "");
            return;
        }
        match self.random.below(100) {
            0..34 => {
                let (line, output) = ELEVATING.get(self.random.index(ELEVATING.len())).copied().unwrap_or(("sudo id", ""));
                self.run(line, output, true, "succeeded");
            }
            34..42 => {
                let (line, output, outcome) = FAILING.get(self.random.index(FAILING.len())).copied().unwrap_or(("sudo id", "", ""));
                self.run(line, output, true, outcome);
            }
            42..76 => {
                let (line, output) = HARMLESS.get(self.random.index(HARMLESS.len())).copied().unwrap_or(("ls", ""));
                self.run(line, output, false, "");
            }
            76..82 => self.abandon(),
            82..86 => self.alias(),
            86..90 => self.block(),
            90..93 => self.expand(),
            _ => self.enter_root(),
        }
    }

    fn print(&mut self, output: &str) {
        if !output.is_empty() {
            self.bytes.extend_from_slice(output.replace('\n', "\r\n").as_bytes());
            if !output.ends_with('\u{1b}') && !output.ends_with("[3J") && !output.ends_with("1049l") {
                self.bytes.extend_from_slice(b"\r\n");
            }
        }
    }

    fn run(&mut self, line: &str, output: &str, elevates: bool, outcome: &'static str) {
        let steps = self.steps(line);
        let long = super::editor::columns(&self.prompt()) + super::editor::columns(line) >= self.width;
        let rearranged = long || steps.iter().any(|step| matches!(step, Step::Home | Step::Search(..)));
        let (shell, width, prompt) = (self.shell, self.width, self.prompt());
        let mut editor = Editor::new(shell, width, &prompt, &mut self.bytes);
        editor.start();
        steps.iter().for_each(|step| editor.step(step));
        let line = editor.enter();
        self.note(line, elevates, outcome, rearranged);
        self.print(output);
    }

    fn note(&mut self, line: String, elevates: bool, outcome: &'static str, rearranged: bool) {
        self.history.push(line.clone());
        self.entered.push(Entered { line, elevates, outcome, root_shell: self.root, rearranged });
    }

    /// How `line` is brought to the prompt.
    fn steps(&mut self, line: &str) -> Vec<Step> {
        let fits = line.chars().count() + 30 < self.width;
        let typed = || Step::Type(line.to_owned());
        let cut = |at: usize| -> (String, String) { (line.chars().take(at).collect(), line.chars().skip(at).collect()) };
        let length = line.chars().count();
        let at = 1 + self.random.index(length.saturating_sub(1).max(1));
        match self.random.below(8) {
            0 if fits => {
                let (head, tail) = cut(at);
                let wrong = self.random.lower(3);
                vec![Step::Type(head), Step::Type(wrong), Step::Rub(3), Step::Type(tail)]
            }
            1 if fits && self.shell != Shell::Dash => {
                let (head, tail) = cut(at.min(4));
                vec![Step::Type(tail), Step::Home, Step::Type(head), Step::End]
            }
            2 if fits => vec![Step::Paste(line.to_owned())],
            3 if fits && self.shell != Shell::Dash && self.history.iter().any(|old| old == line) => vec![Step::Recall(line.to_owned())],
            4 if fits && self.shell != Shell::Dash && self.history.iter().any(|old| old == line) => {
                vec![Step::Search(line.chars().take(3).collect(), line.to_owned())]
            }
            5 if fits && self.shell != Shell::Dash && line.starts_with("sudo ") => {
                let (head, tail) = cut(4.min(length));
                vec![
                    Step::Type(head),
                    Step::List(vec!["sudo".to_owned(), "sudoedit".to_owned(), "sudoreplay".to_owned()]),
                    Step::Type(tail),
                ]
            }
            6 if fits => vec![Step::Type("sudo halt".to_owned()), Step::Kill, typed()],
            _ => vec![typed()],
        }
    }

    /// Begun and given up.
    fn abandon(&mut self) {
        if self.shell == Shell::Zsh {
            return;
        }
        let line = ABANDONED.get(self.random.index(ABANDONED.len())).copied().unwrap_or("su");
        let (shell, width, prompt) = (self.shell, self.width, self.prompt());
        let mut editor = Editor::new(shell, width, &prompt, &mut self.bytes);
        editor.start();
        editor.step(&Step::Type(line.to_owned()));
        editor.give_up();
    }

    fn alias(&mut self) {
        if !self.pleased {
            self.pleased = true;
            return self.run("alias please='sudo -n'", "", false, "");
        }
        self.run("please id", "uid=0(root) gid=0(root) groups=0(root)", true, "succeeded");
    }

    /// A loop over several lines, each at a prompt of its own.
    fn block(&mut self) {
        if matches!(self.shell, Shell::Fish) {
            return;
        }
        let continued = if self.shell == Shell::Zsh { "for> " } else { "> " };
        let mut lines = Vec::new();
        for (number, line) in ["for i in 1 2; do", "sudo echo $i", "done"].iter().enumerate() {
            let prompt = if number == 0 { self.prompt() } else { continued.to_owned() };
            let (shell, width) = (self.shell, self.width);
            let mut editor = Editor::new(shell, width, &prompt, &mut self.bytes);
            if number > 0 && shell == Shell::Zsh {
                editor.out.extend_from_slice(format!("\r\u{1b}[0m\u{1b}[27m\u{1b}[24m\u{1b}[J{prompt}\u{1b}[K\u{1b}[?2004h").as_bytes());
            } else {
                editor.start();
            }
            editor.step(&Step::Type((*line).to_owned()));
            lines.push(editor.enter());
        }
        self.note(lines.join("\n"), true, "succeeded", false);
        self.print("1\n2");
    }

    /// `!sud`: the line that ran is shown before its output.
    fn expand(&mut self) {
        if matches!(self.shell, Shell::Fish | Shell::Dash) || self.history.last().is_none_or(|last| last != "sudo id") {
            return self.run("sudo id", "uid=0(root) gid=0(root) groups=0(root)", true, "succeeded");
        }
        let (shell, width, prompt) = (self.shell, self.width, self.prompt());
        let mut editor = Editor::new(shell, width, &prompt, &mut self.bytes);
        editor.start();
        editor.step(&Step::Type("!sud".to_owned()));
        let line = editor.enter();
        self.note(line, true, "succeeded", false);
        self.history.push("sudo id".to_owned());
        self.print("sudo id\nuid=0(root) gid=0(root) groups=0(root)");
    }

    fn enter_root(&mut self) {
        let line = ROOT_SHELLS.get(self.random.index(ROOT_SHELLS.len())).copied().unwrap_or("sudo -i");
        self.run(line, "", true, "succeeded");
        self.root = true;
    }

    fn leave_root(&mut self) {
        self.run("exit", if self.shell == Shell::Dash { "" } else { "exit" }, false, "");
        self.root = false;
    }
}

/// The prompt alone, at the end.
struct PlayEditor<'a> {
    play: &'a mut Play,
    prompt: String,
}

impl PlayEditor<'_> {
    fn start(self) {
        Editor::new(self.play.shell, self.play.width, &self.prompt, &mut self.play.bytes).start();
    }
}
