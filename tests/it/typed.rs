//! What was typed, against the truth of simulated terminals: each act as another user told of once, with the right person.

#![expect(clippy::print_stdout, reason = "figures, shown with --nocapture")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use simulate::Loss;
use simulate::terminal::{Entered, Recording, Shell, record};

use crate::records::ACCOUNT;
use crate::sessions::{People, alerts, streamed};
use crate::support::{Home, gzip, write};
use crate::world::{deliver, plan, simulated};

/// Sessions of each shell.
const SEEDS: u64 = 32;
const LINES: usize = 12;

#[test]
fn every_sudo_is_found_with_the_right_person_and_none_is_invented() {
    let home = Home::new();
    let (objects, ledger) = simulated(&plan(1, Loss::None));
    deliver(&home.path("logs"), &objects);
    let mut truth = BTreeMap::new();
    for act in ledger.acts.iter().filter(|act| act.event_name == "StartSession") {
        let id = act.things.iter().find(|thing| !thing.starts_with("arn:") && thing.rsplit('-').next().unwrap().len() == 26).unwrap();
        let session = Simulated { recording: record(1_000 + truth.len() as u64, Shell::Bash, LINES), form: Form::S3 };
        session.put(&home.path("logs"), id, "i-0a1b2c3d");
        truth.insert(id.clone(), (act.actor.id.clone(), session));
    }
    assert!(truth.len() >= 2, "the organisation has sessions of its own");
    let mut people = People::default();
    for (place, shell) in Shell::ALL.into_iter().enumerate() {
        for seed in 0..SEEDS {
            let number = place as u32 * 100 + seed as u32;
            let started = people.start(number, None);
            let form = Form::ALL[number as usize % Form::ALL.len()];
            // What fish and zsh draw is lost where control sequences are taken out.
            let form = if matches!(shell, Shell::Zsh | Shell::Fish) && form.is_stripped() { Form::S3 } else { form };
            let session = Simulated { recording: record(seed, shell, LINES), form };
            session.put(&home.path("logs"), &started.id, &started.instance);
            truth.insert(started.id, (started.actor, session));
        }
    }
    people.deliver(&home.path("logs"));
    let lake = home.text("lake");
    let summary = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(summary["session_logs"]["read"], truth.len());
    assert_eq!(summary["session_logs"]["rejected"], 0, "{}", summary["problems"]);
    let told = alerts(&home, &lake, &["--rule", "sudo"]);
    let mut score = Score::default();
    for (id, (actor, session)) in &truth {
        let own: Vec<&Value> = told.iter().filter(|alert| alert["session_id"] == id.as_str()).collect();
        for alert in &own {
            assert_eq!(alert["actor"]["id"], actor.as_str(), "the right person: {alert}");
            assert_eq!(alert["certainty"], "proven", "{alert}");
        }
        score.add(session, &own, id);
    }
    assert_eq!(told.iter().filter(|alert| !truth.contains_key(alert["session_id"].as_str().unwrap())).count(), 0);
    println!("{} sessions: {score:?}", truth.len());
    assert!(score.invented == 0 && score.recall() >= 0.98, "{score:?}");
    assert!(score.stripped_invented as f64 <= 0.03 * score.stripped_acts as f64, "{score:?}");
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0], "told once");
    let before: Vec<_> = TABLES.map(|table| home.rows(&lake, table, &[])).into();
    let again = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(again["objects"]["new"], 0);
    assert_eq!(before, TABLES.map(|table| home.rows(&lake, table, &[])));
}

/// Tables that a second reading leaves as they are.
const TABLES: [&str; 5] = ["sessions", "commands", "objects", "rejects", "events"];

/// Where a log comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    S3,
    Packed,
    Text,
    Streamed,
    Exported,
    Subscribed,
}

impl Form {
    const ALL: [Self; 6] = [Self::S3, Self::Packed, Self::Text, Self::Streamed, Self::Exported, Self::Subscribed];

    fn is_stripped(self) -> bool {
        matches!(self, Self::Streamed | Self::Exported | Self::Subscribed)
    }
}

struct Simulated {
    recording: Recording,
    form: Form,
}

impl Simulated {
    fn put(&self, logs: &Path, id: &str, instance: &str) {
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/any/{}", id.rsplit_once('-').unwrap().0);
        let entries =
            || -> Vec<String> { self.recording.as_streamed().chunks(7).map(|lines| streamed(id, instance, &arn, lines)).collect() };
        match self.form {
            Form::S3 => write(&logs.join(format!("ssm/prefix/{id}.log")), &self.recording.as_s3()),
            Form::Packed => write(&logs.join(format!("ssm/prefix/{id}.log.gz")), &gzip(&self.recording.as_s3())),
            Form::Text => write(&logs.join(format!("ssm/{id}.log")), &self.recording.as_text()),
            Form::Streamed => write(&logs.join(format!("cw/{id}.json")), entries().concat().as_bytes()),
            Form::Exported => {
                let lines: String = entries()
                    .iter()
                    .enumerate()
                    .map(|(at, entry)| format!("2026-11-18T05:{:02}:{:02}.000Z {entry}", at / 60, at % 60))
                    .collect();
                write(&logs.join(format!("exports/0a1b2c3d-1111/{id}/000000.gz")), &gzip(lines.as_bytes()));
            }
            Form::Subscribed => {
                let events: Vec<Value> = (0..)
                    .zip(entries())
                    .map(|(at, entry)| json!({"id": at.to_string(), "timestamp": 1_794_978_131_000_i64 + at * 1000, "message": entry.trim_end()}))
                    .collect();
                let payload = json!({"messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": "/ssm", "logStream": id, "subscriptionFilters": ["f"], "logEvents": events});
                write(&logs.join(format!("firehose/2026/11/18/{id}")), &gzip(payload.to_string().as_bytes()));
            }
        }
    }
}

#[derive(Debug, Default)]
struct Score {
    acts: usize,
    found: usize,
    invented: usize,
    doubtful: usize,
    stripped_acts: usize,
    stripped_found: usize,
    stripped_invented: usize,
}

impl Score {
    fn recall(&self) -> f64 {
        (self.found + self.stripped_found) as f64 / (self.acts + self.stripped_acts).max(1) as f64
    }

    fn add(&mut self, session: &Simulated, told: &[&Value], id: &str) {
        let stripped = session.form.is_stripped();
        // A log without control sequences does not show a line that was put together by moving back.
        let wanted = |line: &&Entered| line.elevates && !(stripped && line.rearranged);
        let squeeze = |line: &str| line.split_whitespace().collect::<String>();
        let expand = |line: &str| if line == "!sud" { "sudoid".to_owned() } else { squeeze(line) };
        let count = |lines: Vec<String>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            lines.into_iter().for_each(|line| *counts.entry(line).or_default() += 1);
            counts
        };
        let all = count(session.recording.entered.iter().filter(|line| line.elevates).map(|line| expand(&line.line)).collect());
        let expected = count(session.recording.entered.iter().filter(wanted).map(|line| expand(&line.line)).collect());
        let command = |alert: &&&Value| squeeze(alert["command"].as_str().unwrap());
        let found = count(told.iter().map(|alert| command(&alert)).collect());
        let certain = |alert: &&&Value| !matches!(alert["doubt"].as_str(), Some("may_be_shown" | "may_be_otherwise"));
        let sure = count(told.iter().filter(certain).map(|alert| command(&alert)).collect());
        let both = |a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>| -> usize {
            a.iter().map(|(line, count)| b.get(line).copied().unwrap_or(0).min(*count)).sum()
        };
        let (acts, right) = (expected.values().sum::<usize>(), both(&expected, &found));
        let invented = sure.values().sum::<usize>() - both(&sure, &all);
        if right < acts || invented > 0 {
            println!("{id} {:?}: expected {expected:?}, found {found:?}", session.recording.shell);
        }
        self.doubtful += told.len() - sure.values().sum::<usize>();
        if stripped {
            (self.stripped_acts, self.stripped_found, self.stripped_invented) =
                (self.stripped_acts + acts, self.stripped_found + right, self.stripped_invented + invented);
        } else {
            (self.acts, self.found, self.invented) = (self.acts + acts, self.found + right, self.invented + invented);
        }
    }
}
