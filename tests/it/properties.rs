//! What holds for any order, split, repetition and damage of the input.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::ingest::without_evidence;
use crate::records::{packed, plain, put, topic};
use crate::scenarios;
use crate::support::{Home, check_sum, files, gunzip, gzip, write};

/// A scenario with a chain over two accounts, a thing of it, and another one of its own.
const SCENARIO: &str = "sso_user_is_found_behind_a_cross_account_role";
const THING: &str = "sg-0a1b2c3d4e5f60718";

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_split_and_repetition_change_no_answer(order in Just((0..4usize).collect::<Vec<_>>()).prop_shuffle(), cuts in proptest::collection::vec(any::<bool>(), 4), again in any::<Index>()) {
        let home = Home::new();
        let whole = home.text("whole");
        home.ingest(&whole, &[scenarios::root().join(SCENARIO).join("logs").to_str().unwrap()]);
        let records = records();
        let mut runs = vec![Vec::new()];
        for (place, cut) in order.iter().zip(&cuts) {
            runs.last_mut().unwrap().push(records[*place].clone());
            if *cut {
                runs.push(Vec::new());
            }
        }
        runs.push(vec![records[again.index(records.len())].clone()]);
        for (number, run) in runs.iter().enumerate() {
            for (place, (account, record)) in run.iter().enumerate() {
                write(&home.path(&format!("runs/{number}")).join(crate::records::key_of(account, &format!("RUN{number}N{place}"))), &packed(std::slice::from_ref(record)));
            }
            if !run.is_empty() {
                home.ingest(&home.text("parts"), &[&home.text(&format!("runs/{number}"))]);
            }
        }
        let [one, other] = ["parts", "whole"].map(|lake| without_coverage(home.ask(&home.text(lake), THING)));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one["changes"][0]["certainty"], "proven");
        let columns = "event_id, actor_kind, actor_id, certainty, role_chain, session_tags";
        let [one, other] = ["parts", "whole"].map(|lake| home.sql(&home.text(lake), &format!("SELECT {columns} FROM changes ORDER BY event_id")));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn the_sum_holds_for_any_damage_to_the_compressed_bytes(damage in damage()) {
        check(|body| damage.apply(body));
    }

    #[test]
    fn the_sum_holds_for_any_damage_to_the_text(damage in damage()) {
        check(|body| gzip(&damage.apply(&gunzip(body))));
    }
}

/// What happens to bytes on their way.
#[derive(Debug, Clone)]
enum Damage {
    Flipped(Vec<(Index, u8)>),
    Cut(Index),
    Joined(Vec<u8>),
    Gone(Index, Index),
}

impl Damage {
    fn apply(&self, body: &[u8]) -> Vec<u8> {
        let (mut body, length) = (body.to_vec(), body.len());
        match self {
            Self::Flipped(places) => places.iter().for_each(|(place, bits)| body[place.index(length)] ^= bits),
            Self::Cut(place) => body.truncate(place.index(length)),
            Self::Joined(more) => body.extend(more),
            Self::Gone(one, other) => {
                let (one, other) = (one.index(length), other.index(length));
                body.drain(one.min(other)..one.max(other));
            }
        }
        body
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        proptest::collection::vec((any::<Index>(), 1u8..), 1..4).prop_map(Damage::Flipped),
        any::<Index>().prop_map(Damage::Cut),
        proptest::collection::vec(any::<u8>(), 1..64).prop_map(Damage::Joined),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Damage::Gone(one, other)),
    ]
}

/// Four damaged objects and a whole one: the whole one is read, and every record that was read is accounted for.
#[track_caller]
fn check(mangle: impl Fn(&[u8]) -> Vec<u8>) {
    let home = Home::new();
    put(&home.path("logs"), "WHOLE", &packed(&[topic(1), topic(2)]));
    for number in 1..5 {
        let records: Vec<Value> = (0..3).map(|place| topic(number * 10 + place)).collect();
        put(&home.path("logs"), &format!("DAMAGED{number}"), &mangle(&gzip(&plain(&records))));
    }
    let lake = home.text("lake");
    let summary = home.ingest(&lake, &[&home.text("logs")]);
    check_sum(&summary);
    assert_eq!(summary["objects"]["seen"], 5);
    let count = |name: &str| summary["records"][name].as_i64().unwrap();
    assert_eq!(home.count(&lake, "events"), count("written"));
    assert!(count("written") >= 2);
    let rejects = home.count(&lake, "rejects");
    assert_eq!(rejects, count("rejected") + summary["objects"]["rejected"].as_i64().unwrap());
    let again = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(again["records"]["written"], 0);
    assert_eq!(home.count(&lake, "rejects"), rejects);
}

fn records() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (_, body) in files(&scenarios::root().join(SCENARIO).join("logs")) {
        let document: Value = serde_json::from_slice(&body).unwrap();
        let records = document["Records"].as_array().unwrap().clone();
        found.extend(records.into_iter().map(|record| (record["recipientAccountId"].as_str().unwrap().to_owned(), record)));
    }
    assert_eq!(found.len(), 4);
    found
}

fn without_coverage(answer: Value) -> Value {
    let mut answer = without_evidence(answer);
    answer["coverage"] = json!(null);
    answer
}
