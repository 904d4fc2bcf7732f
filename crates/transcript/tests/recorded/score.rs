//! A recording and what was found of it in; which acts were found, which are lost and which are invented out.

use std::io::Read;

use serde::Deserialize;
use transcript::Command;

use crate::forms::Form;

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

/// The recordings of a file of them.
pub(crate) fn recordings(packed: &[u8]) -> Vec<Recording> {
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(packed).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Recording {
    /// Which half of the corpus it is of: what is mended is mended by the losses of one, and must hold in the other.
    pub(crate) fn half(&self) -> Half {
        let digits: u32 = self.name.chars().filter_map(|letter| letter.to_digit(10)).sum();
        if digits.is_multiple_of(2) { Half::First } else { Half::Second }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    First,
    Second,
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect()
}

/// Pairs of places, in order, as many as can be, at which both lists have the same.
pub(crate) fn matched<A, B>(expected: &[A], found: &[B], same: impl Fn(&A, &B) -> bool) -> Vec<(usize, usize)> {
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

pub(crate) fn is_line(truth: &Truth, command: &Command) -> bool {
    let line = squeezed(&command.line);
    line == squeezed(&truth.line) || truth.expanded.as_deref().is_some_and(|expanded| line == squeezed(expanded))
}

#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) acts: usize,
    pub(crate) found: usize,
    /// All that is told of, with or without a doubt, attempts that cannot run or cannot be seen left out.
    pub(crate) alerts: usize,
    /// Of these, such as nothing ran for.
    pub(crate) invented: usize,
    /// Of `alerts`, those with a doubt.
    pub(crate) doubtful: usize,
    /// Of `invented`, those with a doubt.
    pub(crate) doubted: usize,
    /// Listed with an attempt in them, and not told of.
    pub(crate) not_run: usize,
    /// Found, but the line reads otherwise than it was entered: what a streamed log lacks would tell.
    pub(crate) otherwise: usize,
    /// Missed, and put together by moving back, killing or recalling.
    pub(crate) rearranged: usize,
}

impl Score {
    pub(crate) fn recall(&self) -> f64 {
        self.found as f64 / self.acts.max(1) as f64
    }

    /// Of alerts without a doubt.
    pub(crate) fn precision_where_sure(&self) -> f64 {
        let (sure, wrong) = (self.alerts - self.doubtful, self.invented - self.doubted);
        (sure - wrong) as f64 / sure.max(1) as f64
    }

    pub(crate) fn precision(&self) -> f64 {
        (self.alerts - self.invented) as f64 / self.alerts.max(1) as f64
    }
}

/// Compares acts: a line that ran the stub, against a command that is told of. Gives what was lost, and what was invented.
pub(crate) fn score(recording: &Recording, form: Form, commands: &[Command], sum: &mut Score) -> Vec<String> {
    let mut losses = Vec::new();
    let acts: Vec<&Truth> = recording.truth.iter().filter(|line| !line.acts.is_empty() && !line.unseen).collect();
    let told: Vec<&Command> = commands.iter().filter(|command| command.elevates()).collect();
    sum.not_run += commands.iter().filter(|command| !command.elevations.is_empty() && command.not_run).count();
    let mut pairs = matched(&acts, &told, |truth, command| is_line(truth, command));
    if !form.is_whole() {
        sum.otherwise += pair_leftovers(&mut pairs, acts.len(), told.len());
    }
    sum.acts += acts.len();
    sum.found += pairs.len();
    for (place, truth) in acts.iter().enumerate() {
        if !pairs.iter().any(|(at, _)| *at == place) {
            sum.rearranged += usize::from(truth.is_rearranged());
            losses.push(format!("{} missed {:?} ({})", recording.name, truth.line, truth.style));
        }
    }
    for (place, command) in told.iter().enumerate() {
        let right = pairs.iter().any(|(_, to)| *to == place);
        let attempt = recording.truth.iter().any(|truth| (truth.told_not_run || truth.unseen) && is_line(truth, command));
        if attempt {
            continue;
        }
        let doubtful = command.doubt.is_some();
        sum.alerts += 1;
        sum.invented += usize::from(!right);
        sum.doubtful += usize::from(doubtful);
        sum.doubted += usize::from(doubtful && !right);
        if !right {
            losses.push(format!(
                "{} invented{} {:?} at {:?}",
                recording.name,
                if doubtful { " with a doubt" } else { "" },
                command.line,
                command.prompt
            ));
        }
    }
    losses
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
