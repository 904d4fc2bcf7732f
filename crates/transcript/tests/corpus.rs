//! Simulated sessions with known answers: which acts are found, and which are invented.

#![allow(clippy::print_stdout, reason = "figures, shown with --nocapture")]

use simulate::terminal::{Entered, Recording, Shell, record};
use transcript::{Collected, Command, Doubt, Outcome, Setup, Transcript};

/// Sessions of each shell; five shells, so five times as many.
const SESSIONS: u64 = 100;
const LINES: usize = 14;

#[derive(Debug, Default)]
struct Score {
    acts: usize,
    /// Of all that is told of, with or without a doubt, such as happened.
    found: usize,
    invented: usize,
    doubtful: usize,
}

impl Score {
    fn recall(&self) -> f64 {
        self.found as f64 / self.acts.max(1) as f64
    }

    fn precision(&self) -> f64 {
        self.found as f64 / (self.found + self.invented).max(1) as f64
    }
}

fn read(bytes: &[u8]) -> Vec<Command> {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(bytes, None, &mut found);
    transcript.finish(&mut found);
    found.commands
}

/// The longest run of lines that stand in both, in order: what was found, rightly.
fn common(expected: &[&str], found: &[&str]) -> usize {
    let mut best = vec![0_usize; found.len() + 1];
    for line in expected {
        let mut diagonal = 0;
        for (at, other) in found.iter().enumerate() {
            let above = best[at + 1];
            best[at + 1] = if line == other { diagonal + 1 } else { above.max(best[at]) };
            diagonal = above;
        }
    }
    best[found.len()]
}

fn score(recording: &Recording, entered: &[&Entered], commands: &[Command], score: &mut Score, told: &str) {
    let expected: Vec<&str> = entered.iter().filter(|line| line.elevates).map(|line| line.line.as_str()).collect();
    let found: Vec<&str> = commands.iter().filter(|command| command.elevates()).map(|command| command.line.as_str()).collect();
    let right = common(&expected, &found);
    score.acts += expected.len();
    score.found += right;
    score.invented += found.len() - right;
    score.doubtful += commands.iter().filter(|command| command.elevates() && command.doubt == Some(Doubt::MayBeShown)).count();
    if right < expected.len() || right < found.len() {
        let missing: Vec<&&str> = expected.iter().filter(|line| !found.contains(line)).collect();
        let extra: Vec<&&str> = found.iter().filter(|line| !expected.contains(line)).collect();
        println!(
            "{told} {:?} {}: missing {missing:?}, invented {extra:?}, doubtful {:?}",
            recording.shell,
            recording.width,
            doubtful(commands)
        );
    }
}

fn doubtful(commands: &[Command]) -> Vec<&str> {
    commands.iter().filter(|command| command.doubt == Some(Doubt::MayBeShown)).map(|command| command.line.as_str()).collect()
}

fn whole(form: fn(&Recording) -> Vec<u8>) -> Score {
    let mut sum = Score::default();
    for shell in Shell::ALL {
        for seed in 0..SESSIONS {
            let recording = record(seed, shell, LINES);
            let entered: Vec<&Entered> = recording.entered.iter().collect();
            score(&recording, &entered, &read(&form(&recording)), &mut sum, &format!("seed {seed}"));
        }
    }
    println!("{sum:?} precision {:.4} recall {:.4}", sum.precision(), sum.recall());
    sum
}

#[test]
fn every_act_is_found_and_none_invented_as_the_terminal_got_it() {
    let sum = whole(|recording| recording.bytes.clone());
    assert!(sum.precision() >= 0.98 && sum.recall() >= 0.98, "{sum:?}");
}

#[test]
fn every_act_is_found_and_none_invented_in_s3() {
    let sum = whole(Recording::as_s3);
    assert!(sum.precision() >= 0.98 && sum.recall() >= 0.98, "{sum:?}");
}

#[test]
fn every_act_is_found_and_none_invented_in_cloudwatch_text() {
    let sum = whole(Recording::as_text);
    assert!(sum.precision() >= 0.98 && sum.recall() >= 0.98, "{sum:?}");
}

/// The agent takes control sequences and returns out of what it streams, so that a line which was put together by moving back is lost; the log
/// that is uploaded when the session ends has it.
#[test]
fn acts_are_found_in_a_streamed_log_unless_its_line_was_rearranged() {
    let mut sum = Score::default();
    for shell in [Shell::Bash, Shell::OldBash, Shell::Dash] {
        for seed in 0..SESSIONS {
            let recording = record(seed, shell, LINES);
            let mut found = Collected::default();
            let mut transcript = Transcript::new(Setup::default());
            for (number, lines) in recording.as_streamed().chunks(7).enumerate() {
                let entry = serde_json::json!({"eventVersion": "1.0", "eventTime": "2026-11-20T01:02:03Z", "awsRegion": "ap-northeast-1", "target": {"id": "i-0a1b2c3d"},
                    "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/R/sato"}, "runAsUser": "ssm-user", "sessionId": "sato-0a1b2c3d4e5f67890", "sessionData": lines});
                transcript.message(number as i64, &entry.to_string(), &mut found);
            }
            transcript.finish(&mut found);
            let acts = |all: bool| -> Vec<String> {
                recording
                    .entered
                    .iter()
                    .filter(|line| line.elevates && (all || !line.rearranged))
                    .map(|line| squeezed(&line.line))
                    .collect()
            };
            let acting = found.commands.iter().filter(|command| command.elevates());
            let told: Vec<String> = acting.clone().map(|command| squeezed(&command.line)).collect();
            let count = |expected: &[String], found: &[String]| {
                common(&expected.iter().map(String::as_str).collect::<Vec<_>>(), &found.iter().map(String::as_str).collect::<Vec<_>>())
            };
            sum.acts += acts(false).len();
            sum.found += count(&acts(false), &told);
            sum.invented += told.len() - count(&acts(true), &told);
            sum.doubtful += acting.filter(|command| command.doubt == Some(Doubt::MayBeShown)).count();
        }
    }
    println!("streamed {sum:?} precision {:.4} recall {:.4}", sum.precision(), sum.recall());
    assert!(sum.precision() >= 0.98 && sum.recall() >= 0.98, "{sum:?}");
}

#[test]
fn lines_outcomes_and_root_shells_are_as_they_were() {
    let (mut lines, mut same, mut outcomes, mut right, mut rooted) = (0, 0, 0, 0, 0);
    for shell in Shell::ALL {
        for seed in 0..SESSIONS {
            let recording = record(seed, shell, LINES);
            let commands = read(&recording.bytes);
            let found: Vec<&str> = commands.iter().map(|command| command.line.as_str()).collect();
            let expected: Vec<&str> = recording.entered.iter().map(|line| line.line.as_str()).collect();
            lines += expected.len();
            same += common(&expected, &found);
            if commands.len() != recording.entered.len() {
                continue;
            }
            for (line, command) in recording.entered.iter().zip(&commands) {
                rooted += usize::from(line.root_shell != command.root_shell);
                if line.elevates {
                    outcomes += 1;
                    let outcome = transcript::rules::outcome(command).map(word).unwrap_or_default();
                    right += usize::from(outcome == line.outcome);
                    if outcome != line.outcome {
                        println!("seed {seed} {shell:?} {:?}: {outcome} for {}", line.line, line.outcome);
                    }
                }
            }
        }
    }
    println!("lines {same}/{lines}, outcomes {right}/{outcomes}, root shell wrong {rooted}");
    assert!(same as f64 >= 0.98 * lines as f64, "{same} of {lines}");
    assert!(right as f64 >= 0.97 * outcomes as f64, "{right} of {outcomes}");
    assert_eq!(rooted, 0);
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect()
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Refused => "refused",
        Outcome::PasswordFailed => "password_failed",
        Outcome::NotFound => "not_found",
        Outcome::Unknown => "unknown",
        Outcome::NotRun => "not_run",
    }
}
