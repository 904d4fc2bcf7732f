//! Single records, each with the grade and the actor that it allows when it is all there is. Written by hand.

use std::path::Path;

use serde_json::Value;

use crate::records::{key_of, packed};
use crate::scenarios::lacks;
use crate::support::{Home, files, write};

#[test]
fn each_record_alone_has_the_grade_and_actor_that_it_allows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graded");
    let graded = files(&folder);
    assert!(graded.len() >= 30);
    let mut wrong = Vec::new();
    for (name, text) in graded {
        let case: Value = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        wrong.extend(grade(&case).into_iter().map(|line| format!("{name}: {line} ({})", case["because"])));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn grade(case: &Value) -> Vec<String> {
    let (record, expected) = (&case["record"], &case["expected"]);
    let home = Home::new();
    let account = record["recipientAccountId"].as_str().unwrap();
    write(&home.path("logs").join(key_of(account, "GRADED")), &packed(std::slice::from_ref(record)));
    let ended = home.run(&["--logs", &home.text("logs"), "--format", "json", "show", record["eventID"].as_str().unwrap()]);
    if ended.code != 0 {
        return vec![format!("ended with {}: {}", ended.code, ended.stderr)];
    }
    let change = &ended.json()["changes"][0];
    let mut wrong = Vec::new();
    let grades: Vec<&Value> = match &expected["certainty"] {
        Value::Null => vec![&change["certainty"]],
        Value::Array(grades) => grades.iter().collect(),
        grade => vec![grade],
    };
    if !grades.contains(&&change["certainty"]) {
        wrong.push(format!("is {} and not {}", change["certainty"], expected["certainty"]));
    }
    if change["reason"].is_null() != (change["certainty"] == "proven") {
        wrong.push(format!("gives {} as its reason", change["reason"]));
    }
    for key in ["actor", "claims"] {
        if let Some(expected) = expected.get(key) {
            lacks(expected, &change[key], key, &mut wrong);
        }
    }
    wrong
}
