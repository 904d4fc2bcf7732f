//! What recorded sessions lose in a form of log, loss by loss.
//!
//! ```sh
//! cargo run --manifest-path crates/transcript/Cargo.toml --example losses -- FILE FORM [first|second|all]    # figures, and each loss
//! cargo run --manifest-path crates/transcript/Cargo.toml --example losses -- FILE FORM SESSION               # what the log holds, what was found
//! cargo run --manifest-path crates/transcript/Cargo.toml --example losses -- FILE FORM NAME …                # of those whose name begins so
//! ```
//! FILE is what `tests/recorded/record.py` writes, FORM is `plain`, `replayed`, `ecs`, `text`, `exported`, `streamed` or `stripped`.

#![allow(
    dead_code,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a listing, run by hand; it shares its modules with the test of recorded sessions"
)]

#[path = "../tests/recorded/forms.rs"]
mod forms;
#[path = "../tests/recorded/score.rs"]
mod score;

use forms::Form;
use score::{Half, Recording, Score, score};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, form, rest @ ..] = arguments.as_slice() else { panic!("FILE FORM [first|second|all|SESSION]") };
    let form = Form::ALL.into_iter().find(|known| format!("{known:?}").eq_ignore_ascii_case(form)).unwrap();
    let recordings = score::recordings(&std::fs::read(file).unwrap());
    match rest.first().map_or("all", String::as_str) {
        "all" => list(form, recordings.iter().collect()),
        "first" => list(form, recordings.iter().filter(|recording| recording.half() == Half::First).collect()),
        "second" => list(form, recordings.iter().filter(|recording| recording.half() == Half::Second).collect()),
        name => match recordings.iter().find(|recording| recording.name == name) {
            Some(recording) => show(form, recording),
            None => list(form, recordings.iter().filter(|recording| rest.iter().any(|name| recording.name.starts_with(name))).collect()),
        },
    }
}

fn list(form: Form, recordings: Vec<&Recording>) {
    let mut sum = Score::default();
    for recording in recordings {
        let commands = form.read(recording).commands;
        for command in commands.iter().filter(|command| command.doubt.is_some() && !command.elevations.is_empty()) {
            let told = if command.not_run { "not told" } else { "doubted" };
            println!("{} {told} {:?} {:?}", recording.name, command.line, command.doubt);
        }
        for loss in score(recording, form, &commands, &mut sum) {
            println!("{loss}");
        }
    }
    println!("{form:?}: precision {:.4} recall {:.4} {sum:?}", sum.precision(), sum.recall());
}

fn show(form: Form, recording: &Recording) {
    if form.is_whole() {
        for line in recording.bytes.split_inclusive(|byte| *byte == b'\n') {
            println!("  {:?}", String::from_utf8_lossy(line));
        }
    } else {
        for entry in forms::streamed(recording, form == Form::Streamed) {
            let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
            for line in entry["sessionData"].as_array().unwrap() {
                println!("  {:?}", line.as_str().unwrap());
            }
        }
    }
    for truth in &recording.truth {
        println!("entered {:?} ({}{})", truth.line, truth.style, if truth.acts.is_empty() { "" } else { ", acts" });
    }
    for command in form.read(recording).commands {
        let acts = if command.elevates() {
            "ACTS "
        } else if command.not_run {
            "NOT RUN "
        } else {
            ""
        };
        println!("found {acts}{:?} at {:?} {:?} reconstructed {}", command.line, command.prompt, command.doubt, command.reconstructed);
    }
}
