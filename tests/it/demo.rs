//! The demo prints nothing that its lake does not say again when asked by another process.

use simulate::{Loss, Plan};

use crate::support::Home;
use crate::world::{plan, simulated};

#[test]
fn the_demo_of_the_first_seed_is_not_canned() {
    check(1, 3000); // the default
}

#[test]
fn the_demo_of_the_second_seed_is_not_canned() {
    check(2, 600);
}

#[test]
fn the_demo_of_another_seed_is_not_canned() {
    check(987_654_321, 600);
}

#[test]
fn another_seed_is_another_organisation() {
    let home = Home::new();
    let [one, two] = ["3", "4"].map(|seed| questions(&demo(&home, seed)));
    assert!(one.iter().all(|(thing, answer)| two.iter().all(|(other, said)| thing != other && answer != said)));
}

#[test]
fn the_same_seed_is_the_same_demo() {
    let home = Home::new();
    let one = demo(&home, "5");
    std::fs::remove_dir_all(home.path("demo-5")).unwrap();
    assert_eq!(questions(&one), questions(&demo(&home, "5")));
}

#[test]
fn every_command_that_the_demo_suggests_works() {
    let home = Home::new();
    let printed = demo(&home, "6");
    let lake = home.text("demo-6/lake");
    let suggested: Vec<&str> = printed.split("Try next:").nth(1).expect("something to try").lines().map(str::trim).collect();
    let commands: Vec<&&str> = suggested.iter().filter(|line| line.starts_with("whodid ")).collect();
    assert!(commands.len() >= 3, "{printed}");
    for line in commands {
        let ended = home.run(&[&["--lake", &lake][..], &words(line)[1..].iter().map(String::as_str).collect::<Vec<_>>()].concat());
        assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
        assert!(!ended.stdout.is_empty(), "{line}");
    }
}

fn demo(home: &Home, seed: &str) -> String {
    let folder = home.text(&format!("demo-{seed}"));
    home.run(&["demo", "--seed", seed, "--dir", &folder, "--events", "600"]).expect(0).stdout
}

/// Asks again what the demo asked, and compares the answers with its own and with the truth.
#[track_caller]
fn check(seed: u64, events: usize) {
    let home = Home::new();
    let printed = if events == 3000 {
        home.run(&["demo", "--seed", "1", "--dir", &home.text("demo-1")]).expect(0).stdout
    } else {
        demo(&home, &seed.to_string())
    };
    let lake = home.text(&format!("demo-{seed}/lake"));
    let (_, ledger) = simulated(&Plan { events, ..plan(seed, Loss::None) });
    let asked = questions(&printed);
    assert!(asked.len() >= 5, "{printed}");
    for (thing, said) in asked {
        let again = home.run(&["--lake", &lake, &thing]).expect(0);
        for line in said.lines() {
            assert!(again.stdout.lines().any(|other| other == line), "{thing}: {line:?} is not in {:?}", again.stdout);
        }
        let question = ledger.questions.iter().find(|question| question.thing == thing).expect("a question of this organisation");
        let act = &ledger.acts[question.act];
        let answer = home.ask(&lake, &thing);
        let change = &answer["changes"][0];
        assert_eq!((&change["event_id"], &change["actor"]["id"]), (&act.event_id.clone().into(), &act.actor.id.clone().into()), "{thing}");
        let first = said.lines().next().unwrap();
        let name = act.actor.repository.as_ref().unwrap_or(&act.actor.id);
        assert!(first.contains(name.as_str()), "{first:?} does not name {name}");
        assert!(said.contains(act.certainty), "{said}");
    }
}

/// What stands behind each `$ whodid`, and the lines below it.
fn questions(printed: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in printed.lines() {
        if let Some(question) = line.strip_prefix("$ whodid ") {
            found.push((words(question).concat(), String::new()));
            inside = true;
        } else if line.is_empty() {
            inside = false;
        } else if let Some((_, said)) = found.last_mut().filter(|_| inside) {
            said.push_str(line);
            said.push('\n');
        }
    }
    found
}

/// A command line's words; single quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (place, part) in line.split('\'').enumerate() {
        if place % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        let mut pieces = part.split(' ');
        words.last_mut().unwrap().push_str(pieces.next().unwrap());
        words.extend(pieces.map(str::to_owned));
    }
    words.retain(|word| !word.is_empty());
    words
}
