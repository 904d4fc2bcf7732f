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
mod score;

use std::collections::BTreeMap;

use forms::Form;
use score::{Half, Recording, Score, is_line, matched, score};
use transcript::{Entry, Outcome};

fn recordings() -> Vec<Recording> {
    score::recordings(include_bytes!("sessions.z"))
}

/// Sessions that nobody looked into while reading them was made: their figures are what another corpus would give.
fn unseen(form: Form) -> Score {
    unseen_of(form, |_| true)
}

fn unseen_of(form: Form, wanted: impl Fn(&Recording) -> bool) -> Score {
    let mut sum = Score::default();
    for recording in score::recordings(include_bytes!("unseen.z")).into_iter().filter(wanted) {
        score(&recording, form, &form.read(&recording).commands, &mut sum);
    }
    println!("{form:?}, unseen: precision {:.4} recall {:.4} {sum:?}", sum.precision(), sum.recall());
    sum
}

/// Of the whole corpus, and of its halves. Every alert counts, with a doubt or without.
fn whole(form: Form) -> (Score, [Score; 2]) {
    let (mut sum, mut halves) = (Score::default(), [Score::default(), Score::default()]);
    for recording in recordings() {
        let commands = form.read(&recording).commands;
        for loss in score(&recording, form, &commands, &mut sum) {
            println!("{form:?} {loss}");
        }
        score(&recording, form, &commands, &mut halves[usize::from(recording.half() == Half::Second)]);
    }
    for half in &halves {
        println!("{form:?}, half: precision {:.4} recall {:.4} {half:?}", half.precision(), half.recall());
    }
    println!("{form:?}: precision {:.4} recall {:.4} {sum:?}", sum.precision(), sum.recall());
    (sum, halves)
}

#[track_caller]
fn check_at_least(least: f64, form: Form, scores: &[&Score]) {
    for score in scores {
        assert!(score.precision() >= least && score.recall() >= least, "{form:?} {score:?}");
    }
}

#[test]
fn acts_are_found_and_none_invented_in_whole_logs() {
    for form in Form::ALL.into_iter().filter(|form| form.is_whole()) {
        let (sum, halves) = whole(form);
        check_at_least(0.99, form, &[&sum, &halves[0], &halves[1], &unseen(form)]);
        assert!(sum.doubtful * 8 < sum.acts, "{form:?} {sum:?}");
    }
}

/// The agent takes control sequences and returns out of what it streams, but for lines that hold a sequence it does not know.
#[test]
fn acts_are_found_and_none_invented_in_streamed_logs() {
    let (sum, halves) = whole(Form::Streamed);
    check_at_least(0.985, Form::Streamed, &[&sum, &halves[0], &halves[1]]);
    check_at_least(0.98, Form::Streamed, &[&unseen(Form::Streamed)]);
    assert!(sum.doubtful * 20 < sum.acts * 7, "{sum:?}");
}

/// Without any sequence, what fish draws reads otherwise: it writes suggestions, and takes them back by moves. The agent leaves fish's lines as they
/// are, since they hold a sequence that it does not know.
#[test]
fn most_acts_are_found_where_every_sequence_is_taken_out() {
    let (sum, halves) = whole(Form::Stripped);
    for score in [&sum, &halves[0], &halves[1], &unseen(Form::Stripped)] {
        assert!(score.precision_where_sure() >= 0.98 && score.recall() >= 0.97 && score.precision() >= 0.965, "{score:?}");
    }
    let others = |recording: &Recording| recording.shell != "fish";
    let mut without = Score::default();
    for recording in recordings().into_iter().filter(others) {
        score(&recording, Form::Stripped, &Form::Stripped.read(&recording).commands, &mut without);
    }
    println!("Stripped, without fish: precision {:.4} recall {:.4} {without:?}", without.precision(), without.recall());
    check_at_least(0.98, Form::Stripped, &[&without, &unseen_of(Form::Stripped, others)]);
    assert!(sum.doubtful * 2 < sum.acts, "{sum:?}");
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
        Outcome::NotRun => "not_run",
    }
}
