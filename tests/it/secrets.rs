//! What is secret in a record is nowhere that whodid writes.

use std::path::Path;

use simulate::Loss;

use crate::support::{Home, files, gunzip};
use crate::world::{World, world};

#[test]
fn the_logs_hold_the_canaries() {
    let world = world(1, Loss::None);
    assert!(world.ledger.canaries.len() >= 3);
    for canary in &world.ledger.canaries {
        let held = world.objects.iter().any(|object| contains(&gunzip(&object.body), canary));
        assert!(held, "a canary that lies nowhere would show nothing");
    }
}

#[test]
fn no_file_of_the_lake_holds_a_canary() {
    let world = world(1, Loss::None);
    check_files(&world, &world.home.path("lake"));
}

#[test]
fn no_column_of_the_lake_holds_a_canary() {
    let world = world(1, Loss::None);
    for table in ["events", "credentials", "mentions", "objects", "rejects", "runs", "changes"] {
        let rows = world.home.rows(&world.lake(), table, &[]);
        check_text(&world, table, &rows.join("\n"));
    }
}

#[test]
fn no_answer_in_any_format_holds_a_canary() {
    let world = world(1, Loss::None);
    let lake = world.lake();
    let stories = ["jenkins", "github", "terraform", "federation_token", "function"];
    for story in stories {
        let question = world.ledger.questions.iter().find(|question| world.ledger.acts[question.act].story == story).unwrap();
        for format in ["human", "json", "csv"] {
            let ended = world
                .home
                .run(&["--lake", &lake, "--format", format, "-E", "--include-reads", "--include-denied", &question.thing])
                .expect(0);
            check_text(&world, story, &(ended.stdout + &ended.stderr));
        }
    }
}

#[test]
fn a_loud_ingest_says_no_canary() {
    let world = world(1, Loss::None);
    let home = Home::new();
    let ended = home.run(&["-vvv", "--lake", &home.text("lake"), "ingest", &world.logs()]).expect(0);
    check_text(&world, "ingest -vvv", &(ended.stdout + &ended.stderr));
    check_files(&world, home.root());
}

#[test]
fn logs_asked_without_a_lake_leave_nothing_behind() {
    let world = world(1, Loss::None);
    let home = Home::new();
    let question = &world.ledger.questions[0];
    home.run(&["--logs", &world.logs(), &question.thing]).expect(0);
    check_files(&world, home.root());
    let left: Vec<String> = files(home.root()).into_keys().filter(|name| !name.ends_with("hash.key")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// As it stands, and inside the data pages: a file that compresses would hide it.
#[track_caller]
fn check_files(world: &World, folder: &Path) {
    let found = files(folder);
    for (name, bytes) in found {
        for canary in &world.ledger.canaries {
            assert!(!contains(&bytes, canary), "{name} holds a canary");
        }
    }
}

#[track_caller]
fn check_text(world: &World, what: &str, text: &str) {
    for canary in &world.ledger.canaries {
        assert!(!text.contains(canary.as_str()), "{what} holds a canary");
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
