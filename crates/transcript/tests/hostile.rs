//! Lines that nobody would write so: random keys of a line editor, as a streamed log keeps them. What they came to is known.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking; figures are shown with --nocapture")]

use transcript::{Collected, Command, Doubt, Setup, Transcript};

const LINES: usize = 4000;
const WORDS: &[&str] =
    &["sudo", "sudo", "id", "ls", "echo", "cat", "x", "xfoo", "bar", "-n", "su", "-c", "do", "notes.txt", "doas", "reboot", "'", ";"];

/// A multiplicative generator: the same lines each time.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}

/// A line editor as readline is: what it holds, and of what it writes that which is left when returns and control sequences are taken out.
#[derive(Default)]
struct Editor {
    line: Vec<char>,
    at: usize,
    written: String,
    /// A way to the left is a return, or a sequence, where it is longer than this.
    longest: usize,
}

impl Editor {
    fn write(&mut self, text: &str) {
        for letter in text.chars() {
            self.line.insert(self.at, letter);
            self.at += 1;
            self.written.push(letter);
        }
    }

    fn left(&mut self, count: usize) {
        let count = count.min(self.at);
        self.at -= count;
        if count <= self.longest {
            self.written.push_str(&"\u{8}".repeat(count));
        }
    }

    fn rub_out(&mut self, count: usize) {
        for _ in 0..count.min(self.at) {
            self.at -= 1;
            self.line.remove(self.at);
            self.written.push('\u{8}');
            if self.at == self.line.len() {
                self.written.push_str(" \u{8}");
            }
        }
    }

    fn press(&mut self, random: &mut Random) {
        match random.below(12) {
            0..=5 => {
                let word = WORDS[random.below(WORDS.len())];
                self.write(word);
                self.write(if random.below(4) > 0 { " " } else { "" });
            }
            6 => self.left(1 + random.below(8)),
            7 => self.left(usize::MAX),
            8 => self.at = self.line.len(),
            9 => self.rub_out(1 + random.below(4)),
            10 => self.line.truncate(self.at),
            _ => {
                let count = (1 + random.below(4)).min(self.line.len() - self.at);
                self.line.drain(self.at..self.at + count);
            }
        }
    }
}

fn read(lines: &[String]) -> Vec<Command> {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    for (number, line) in lines.iter().enumerate() {
        let entry = serde_json::json!({"eventVersion": "1.0", "eventTime": "2026-11-20T01:02:03Z", "runAsUser": "a", "sessionId": "a-0a1b2c3d4e5f67890", "sessionData": [line]});
        transcript.message(number as i64, &entry.to_string(), &mut found);
    }
    transcript.finish(&mut found);
    found.commands
}

/// Acts that are told of without a doubt: how many, and of how many of these nothing acted.
fn sure(prompt: &str, seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let (mut told, mut wrong) = (0, 0);
    for _ in 0..LINES {
        let mut editor = Editor { longest: prompt.len(), ..Editor::default() };
        for _ in 0..2 + random.below(7) {
            editor.press(&mut random);
        }
        let truth: String = editor.line.iter().collect();
        let found = read(&[format!("{prompt}{}", editor.written), prompt.to_owned()]);
        let acts = |commands: &[Command]| commands.iter().any(|command| !command.elevations.is_empty() && command.doubt.is_none());
        if acts(&found) {
            told += 1;
            // What the line itself would be read as.
            if !read(&[format!("{prompt}{}", truth.trim_end()), prompt.to_owned()]).iter().any(|command| !command.elevations.is_empty()) {
                wrong += 1;
                if wrong <= 12 {
                    println!("{:?} came to {truth:?}, told {:?}", editor.written, found[0].line);
                }
            }
        }
    }
    println!("{prompt:?}: {told} of {LINES} told for sure, {wrong} of them wrong");
    (told, wrong)
}

#[test]
fn lines_that_read_otherwise_too_carry_a_doubt() {
    let second = sure("sh-4.2$ ", 2);
    let (told, wrong) = sure("[a@web-3 ~]$ ", 1);
    assert!(wrong * 200 <= told, "{wrong} of {told}");
    // Behind a short prompt the way to the line's start is a return, which leaves nothing: some of these are the very text of a line that was
    // typed as it stands.
    let (told, wrong) = second;
    assert!(wrong * 33 <= told, "{wrong} of {told}");
}

/// Words that no editor writes so, with more steps back than there are letters.
#[test]
fn steps_back_into_the_prompt_are_no_act() {
    for number in [0, 1, 12, 123, 1234, 12345] {
        let line = format!("[a@web-3 ~]$ xfoo{number} bar sudo id{}", "\u{8}".repeat(18));
        let lines = [line.clone(), line, "[a@web-3 ~]$ ".to_owned()];
        for command in read(&lines) {
            assert!(command.elevations.is_empty() || command.doubt == Some(Doubt::MayBeOtherwise), "{command:?}");
        }
    }
}
