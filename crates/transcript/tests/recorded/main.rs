//! Recorded sessions of real shells, each in every form of log: which acts are found, which are invented.
//!
//! The recordings are made by `record.py`; what ran is what its stub of sudo, su, doas and pkexec logged while each line ran.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; figures are shown with --nocapture"
)]

mod forms;

use std::collections::BTreeMap;
use std::io::Read;

use forms::Form;
use serde::Deserialize;
use transcript::{Command, Entry, Outcome};

#[derive(Deserialize)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) shell: String,
    /// What the terminal got.
    #[serde(deserialize_with = "bytes")]
    pub(crate) bytes: Vec<u8>,
    /// Seconds since the start, and length, of each piece as it came.
    pub(crate) chunks: Vec<(f64, usize)>,
    /// Each line that was entered, in order.
    pub(crate) truth: Vec<Truth>,
}

#[derive(Deserialize)]
pub(crate) struct Truth {
    pub(crate) line: String,
    /// What the shell made of it by history expansion.
    pub(crate) expanded: Option<String>,
    /// The user of the shell that it was entered in.
    pub(crate) user: String,
    pub(crate) entry: String,
    pub(crate) style: String,
    /// What the stub logged while it ran.
    pub(crate) acts: Vec<serde::de::IgnoredAny>,
    pub(crate) outcome: Option<String>,
    pub(crate) secret: Option<String>,
    /// It acts, and no terminal shows that it does.
    #[serde(default)]
    pub(crate) unseen: bool,
    /// An attempt with a program that the host lacks: it is told, and nothing ran.
    #[serde(default)]
    pub(crate) told_not_run: bool,
    /// The shell may have written it itself.
    #[serde(default)]
    pub(crate) optional: bool,
}

impl Truth {
    /// The line editor moved to, or took out, what stood there: a log without returns and control sequences does not tell.
    fn is_rearranged(&self) -> bool {
        matches!(self.style.as_str(), "head_last" | "hole" | "kill" | "yank" | "forward" | "insert_front" | "keys")
    }
}

fn bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Ok(String::deserialize(deserializer)?.chars().map(|byte| byte as u8).collect())
}

pub(crate) fn recordings() -> Vec<Recording> {
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&include_bytes!("sessions.z")[..]).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect()
}

/// Pairs of places, in order, as many as can be, at which both lists have the same.
fn matched<A, B>(expected: &[A], found: &[B], same: impl Fn(&A, &B) -> bool) -> Vec<(usize, usize)> {
    let mut best = vec![vec![0_usize; found.len() + 1]; expected.len() + 1];
    for (at, one) in expected.iter().enumerate().rev() {
        for (to, other) in found.iter().enumerate().rev() {
            best[at][to] = if same(one, other) { best[at + 1][to + 1] + 1 } else { best[at + 1][to].max(best[at][to + 1]) };
        }
    }
    let (mut at, mut to, mut out) = (0, 0, Vec::new());
    while at < expected.len() && to < found.len() {
        if same(&expected[at], &found[to]) && best[at][to] == best[at + 1][to + 1] + 1 {
            out.push((at, to));
            (at, to) = (at + 1, to + 1);
        } else if best[at + 1][to] >= best[at][to + 1] {
            at += 1;
        } else {
            to += 1;
        }
    }
    out
}

fn is_line(truth: &Truth, command: &Command) -> bool {
    let line = squeezed(&command.line);
    line == squeezed(&truth.line) || truth.expanded.as_deref().is_some_and(|expanded| line == squeezed(expanded))
}

#[derive(Debug, Default)]
struct Score {
    acts: usize,
    found: usize,
    /// Found with nothing that speaks against it.
    sure: usize,
    invented: usize,
    doubtful: usize,
    /// With a doubt, and rightly so: nothing ran.
    doubted: usize,
    /// Found, but the line reads otherwise than it was entered: what a streamed log lacks would tell.
    otherwise: usize,
    /// Missed, and put together by moving back, killing or recalling.
    rearranged: usize,
}

impl Score {
    fn recall(&self) -> f64 {
        self.found as f64 / self.acts.max(1) as f64
    }

    fn precision(&self) -> f64 {
        self.sure as f64 / (self.sure + self.invented).max(1) as f64
    }
}

/// Compares acts: a line that ran the stub, against a command that is told of.
fn score(recording: &Recording, form: Form, commands: &[Command], sum: &mut Score) {
    let acts: Vec<&Truth> = recording.truth.iter().filter(|line| !line.acts.is_empty() && !line.unseen).collect();
    let told: Vec<&Command> = commands.iter().filter(|command| !command.elevations.is_empty()).collect();
    let mut pairs = matched(&acts, &told, |truth, command| is_line(truth, command));
    if !form.is_whole() {
        sum.otherwise += pair_leftovers(&mut pairs, acts.len(), told.len());
    }
    sum.acts += acts.len();
    sum.found += pairs.len();
    for (place, truth) in acts.iter().enumerate() {
        if !pairs.iter().any(|(at, _)| *at == place) {
            sum.rearranged += usize::from(truth.is_rearranged());
            println!("{form:?} {} missed {:?} ({})", recording.name, truth.line, truth.style);
        }
    }
    for (place, command) in told.iter().enumerate() {
        let right = pairs.iter().any(|(_, to)| *to == place);
        let attempt = recording.truth.iter().any(|truth| (truth.told_not_run || truth.unseen) && is_line(truth, command));
        if attempt {
            continue;
        }
        let doubtful = command.doubt.is_some();
        sum.doubtful += usize::from(doubtful);
        sum.doubted += usize::from(doubtful && !right);
        sum.sure += usize::from(right && !doubtful);
        sum.invented += usize::from(!right && !doubtful);
        if !right {
            println!(
                "{form:?} {} invented{} {:?} at {:?}",
                recording.name,
                if doubtful { " with a doubt" } else { "" },
                command.line,
                command.prompt
            );
        }
    }
}

/// Between the acts that were found word by word, one that is told of stands for one that happened. Gives how many such pairs there are.
fn pair_leftovers(pairs: &mut Vec<(usize, usize)>, acts: usize, told: usize) -> usize {
    let mut ends = pairs.clone();
    ends.push((acts, told));
    let (mut at, mut to, mut more) = (0, 0, Vec::new());
    for (next_at, next_to) in ends {
        more.extend((at..next_at).zip(to..next_to));
        (at, to) = (next_at + 1, next_to + 1);
    }
    pairs.extend(&more);
    more.len()
}

fn whole(form: Form) -> Score {
    let mut sum = Score::default();
    for recording in recordings() {
        score(&recording, form, &form.read(&recording).commands, &mut sum);
    }
    println!("{form:?}: precision {:.4} recall {:.4} {sum:?}", sum.precision(), sum.recall());
    sum
}

#[test]
fn acts_are_found_and_none_invented_in_whole_logs() {
    for form in Form::ALL.into_iter().filter(|form| form.is_whole()) {
        let sum = whole(form);
        assert!(sum.precision() >= 0.995 && sum.recall() >= 0.995, "{form:?} {sum:?}");
        assert!(sum.doubted * 30 < sum.acts, "{form:?} {sum:?}");
    }
}

/// The agent takes control sequences and returns out of what it streams. A line that was put together by moving back, killing or recalling
/// reads otherwise then, and so does all that fish draws; the log that is uploaded when the session ends has them.
#[test]
fn most_acts_are_found_in_streamed_logs() {
    for form in [Form::Streamed, Form::Stripped] {
        let sum = whole(form);
        assert!(sum.precision() >= 0.96 && sum.recall() >= 0.85, "{form:?} {sum:?}");
    }
}

#[test]
fn every_line_is_found_once_and_in_order() {
    let mut by_shell: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for recording in recordings() {
        let commands = Form::Plain.read(&recording).commands;
        let pairs = matched(&recording.truth, &commands, is_line);
        let counts = by_shell.entry(recording.name.split('-').next().unwrap().to_owned()).or_default();
        counts[0] += recording.truth.len();
        counts[1] += pairs.len();
        counts[2] += commands.len() - pairs.len();
        for (place, truth) in recording.truth.iter().enumerate() {
            if !truth.optional && !pairs.iter().any(|(at, _)| *at == place) {
                counts[3] += 1;
                println!("{} line missed {:?} ({})", recording.name, truth.line, truth.style);
            }
        }
        for (place, command) in commands.iter().enumerate() {
            if !pairs.iter().any(|(_, to)| *to == place) {
                println!("{} line invented {:?} at {:?} {:?}", recording.name, command.line, command.prompt, command.doubt);
            }
        }
    }
    println!("lines, found, besides, missed: {by_shell:?}");
    let [lines, besides, missed] =
        by_shell.values().fold([0; 3], |sum, counts| [sum[0] + counts[0], sum[1] + counts[2], sum[2] + counts[3]]);
    assert!(missed as f64 <= 0.02 * lines as f64 && besides as f64 <= 0.02 * lines as f64, "{lines} {missed} {besides}");
}

#[test]
fn rights_entries_and_outcomes_are_as_they_were() {
    let (mut lines, mut wrong, mut unknowable) = (0, [0; 4], 0);
    for recording in recordings() {
        let commands = Form::Plain.read(&recording).commands;
        for (at, to) in matched(&recording.truth, &commands, is_line) {
            let (truth, command) = (&recording.truth[at], &commands[to]);
            let mut told = |which: usize, what: String| {
                wrong[which] += 1;
                println!("{} {:?}: {what}", recording.name, truth.line);
            };
            lines += 1;
            if command.root_shell != (truth.user == "root") {
                told(0, format!("root shell {} for {}", command.root_shell, truth.user));
            }
            let entry = match command.entry {
                Entry::Typed => "typed",
                Entry::Pasted => "pasted",
                Entry::Recalled => "recalled",
            };
            // An arrow brings an earlier line back in the very bytes of one that is typed, and zsh shows what it puts back as it shows a paste.
            let arrow = (entry, truth.entry.as_str()) == ("typed", "recalled");
            let put_back = (entry, truth.style.as_str()) == ("pasted", "yank") && recording.shell == "zsh";
            if arrow || put_back {
                unknowable += 1;
            } else if entry != truth.entry {
                told(1, format!("{entry} for {}", truth.entry));
            }
            if !truth.acts.is_empty() && !truth.unseen || truth.told_not_run {
                let outcome = transcript::rules::outcome(command).map(word).unwrap_or_default();
                let expected = truth.outcome.as_deref().unwrap_or("succeeded");
                if outcome != expected && at + 1 < recording.truth.len() {
                    told(2, format!("{outcome} for {expected}"));
                }
            }
            if let Some(secret) = &truth.secret
                && transcript::mask::secrets(command.effective()).contains(secret)
            {
                told(3, "the secret is shown".to_owned());
            }
        }
    }
    println!(
        "{lines} lines; wrong: root shell {}, entry {} ({unknowable} cannot be told), outcome {}, secret {}",
        wrong[0], wrong[1], wrong[2], wrong[3]
    );
    assert_eq!((wrong[0], wrong[2], wrong[3]), (0, 0, 0));
    // A search that was given up is not seen where the prompt shows the time.
    assert!(wrong[1] <= 2, "{}", wrong[1]);
    assert!(unknowable * 20 < lines, "{unknowable} of {lines}");
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Refused => "refused",
        Outcome::PasswordFailed => "password_failed",
        Outcome::NotFound => "not_found",
        Outcome::Unknown => "unknown",
    }
}
