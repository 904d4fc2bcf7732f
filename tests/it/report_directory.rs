//! Reports on people who left and on what is assigned, from listings of the directory: against the simulation's own knowledge, and where names
//! change hands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulate::{Ledger, Loss};

use crate::people::{by_id, by_session, lake, listing};
use crate::records::{ACCOUNT, event_id, topic};
use crate::report::Written;
use crate::support::{Home, write};
use crate::world::{deliver, plan, simulated};

/// Writes the simulation's listings of a day.
fn list(home: &Home, ledger: &Ledger, day: &str, without: &BTreeSet<String>) {
    for (name, json) in ledger.directory(without) {
        write(&home.path("directory").join(day).join(name), json.as_bytes());
    }
}

fn ingest_directory(home: &Home, lake: &str) {
    home.ingest(lake, &[&format!("directory://{}", home.text("directory"))]);
}

/// Every second one of the people who did something on a day and may be named.
fn leavers_of(ledger: &Ledger, day: &str) -> BTreeSet<String> {
    let acts = ledger.acts.iter().filter(|act| act.named() && act.actor.kind == "sso_user" && act.event_time.to_string().starts_with(day));
    let names: BTreeSet<&str> = acts.map(|act| act.actor.id.as_str()).collect();
    let of_name = |name: &&str| ledger.organisation.people.iter().find(|person| person.user_name == **name);
    names.iter().filter_map(of_name).map(|person| person.user_id.clone()).step_by(2).collect()
}

#[test]
fn leavers_and_assignments_are_those_of_the_simulation() {
    let day = "2026-11-17";
    for (seed, loss) in [(6, Loss::None), (7, Loss::IssuingEvents)] {
        let home = Home::new();
        let (objects, ledger) = simulated(&plan(seed, loss));
        deliver(&home.path("logs"), &objects);
        let lake = home.text("lake");
        home.ingest(&lake, &[&home.text("logs")]);
        let left = leavers_of(&ledger, day);
        assert!(left.len() > 2, "{left:?}");
        list(&home, &ledger, "2026-11-10", &BTreeSet::new());
        list(&home, &ledger, "2026-11-16", &left);
        ingest_directory(&home, &lake);
        let written = Written::of(&home, &lake, &["--date", day], 0);
        let people: BTreeMap<&str, &simulate::Person> = ledger
            .organisation
            .people
            .iter()
            .filter(|person| left.contains(&person.user_id))
            .flat_map(|person| [(person.user_name.as_str(), person), (person.user_id.as_str(), person)])
            .collect();
        let (mut changes, mut sure): (BTreeMap<&str, u64>, u64) = Default::default();
        for row in written.table("leavers") {
            let person = people.get(row["actor_id"].as_str().unwrap()).unwrap_or_else(|| panic!("seed {seed}: {row} has not left"));
            *changes.entry(&person.user_id).or_default() += row["changes"].as_u64().unwrap();
            assert_eq!((&row["left_source"], &row["gone_at"]), (&json!("directory"), &json!("2026-11-16T00:00:00Z")));
            assert_eq!((&row["listed_until"], &row["calls"]), (&json!("2026-11-10T00:00:00Z"), &row["calls_after"]));
            let is_sure = ["proven", "attested"].contains(&row["certainty"].as_str().unwrap());
            assert_eq!(is_sure, row["matched_by"] == "user_id", "seed {seed}: {row}");
            sure += u64::from(is_sure);
        }
        // The ledger holds a sample of the background's acts: there may be more.
        for act in ledger.acts.iter().filter(|act| act.named() && act.event_time.to_string().starts_with(day)) {
            if let Some(person) = people.get(act.actor.id.as_str()) {
                let held = changes.get_mut(person.user_id.as_str()).unwrap_or_else(|| panic!("seed {seed}: {} is left out", act.event_id));
                *held = held.checked_sub(1).unwrap_or_else(|| panic!("seed {seed}: too few of {}", act.actor.id));
            }
        }
        assert_eq!(written.finding("leavers"), sure, "seed {seed}");
        assignments(&home, &lake, &ledger, &left, seed);
    }
}

/// Over all days: what is assigned is told to be used where the simulation opened a session, and when.
fn assignments(home: &Home, lake: &str, ledger: &Ledger, left: &BTreeSet<String>, seed: u64) {
    let written = Written::of(home, lake, &["--from", "2026-11-14", "--to", "2026-11-19"], 0);
    let mut expected = ledger.assigned(left);
    assert!(expected.values().any(Option::is_some) && expected.values().any(Option::is_none));
    let unused = expected.values().filter(|last| last.is_none()).count() as u64;
    for row in written.table("assigned") {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let key = simulate::Use {
            permission_set: text("permission_set"),
            account_id: text("account_id"),
            user_id: text("identity_store_user_id"),
        };
        let last = expected.remove(&key).unwrap_or_else(|| panic!("seed {seed}: {row} is not assigned"));
        let truth = last.map_or(json!(["not_since", null]), |last| json!(["used", last.to_string()]));
        assert_eq!(json!([row["used"], row["last_time"]]), truth, "seed {seed}: {row}");
        assert_eq!(row["as_of"], "2026-11-16");
        let person = ledger.organisation.people.iter().find(|person| person.user_id == key.user_id).unwrap();
        assert_eq!(row["actor_id"], person.user_name.as_str());
        let by = if person.is_contractor() { "direct" } else { &person.team };
        assert_eq!(row["assigned_by"], by);
    }
    assert_eq!(expected, BTreeMap::new(), "seed {seed}");
    assert_eq!(written.total("unused_assignments"), unused);
}

/// Numbers of the leavers' rows by actor: source, certainty, match, calls, calls after.
fn told(written: &Written) -> Vec<Value> {
    let row = |row: &Value| {
        json!([row["left_source"], row["actor_id"], row["certainty"], row["matched_by"], row["calls"], row["calls_after"], row["event_id"]])
    };
    written.table("leavers").iter().map(row).collect()
}

const NOVEMBER: [&str; 2] = ["--month", "2026-11"];

#[test]
fn nobody_is_a_leaver_for_a_name_that_was_given_to_another() {
    let mut no_id = by_session(7, 20, "tanaka", "");
    no_id["userIdentity"].as_object_mut().unwrap().remove("onBehalfOf");
    let mut shared = by_session(8, 20, "ops", "");
    shared["userIdentity"].as_object_mut().unwrap().remove("onBehalfOf");
    let records = [
        // Before the last listing that has u-1; between that and the first that has not; after it, under another name.
        by_session(1, 3, "sato", "u-1"),
        by_session(2, 7, "sato", "u-1"),
        by_session(3, 20, "hsato", "u-1"),
        // The name goes to somebody else.
        by_session(4, 20, "sato", "u-2"),
        by_id(5, 21, "u-1"),
        by_session(6, 20, "suzuki", "u-4"),
        no_id,
        shared,
    ];
    let (home, lake) = lake(&records);
    listing(&home, "2026-11-05", &[("u-1", "sato", "S"), ("u-3", "tanaka", "T"), ("u-4", "suzuki", "Z"), ("u-5", "ops", "O")]);
    listing(&home, "2026-11-10", &[("u-2", "sato", "S"), ("u-4", "suzuki", "Z"), ("u-6", "ops", "O")]);
    ingest_directory(&home, &lake);
    let written = Written::of(&home, &lake, &NOVEMBER, 0);
    assert_eq!(
        told(&written),
        [
            json!(["directory", "hsato", "attested", "user_id", 1, 1, event_id(3)]),
            json!(["directory", "sato", "attested", "user_id", 1, 0, event_id(2)]),
            json!(["directory", "tanaka", "probable", "name", 1, 1, event_id(7)]),
            json!(["directory", "u-1", "attested", "user_id", 1, 1, event_id(5)]),
        ]
    );
    assert_eq!(written.finding("leavers"), 2, "only what is sure, and was done when the user was surely gone");
    // Who is there again has not left.
    listing(&home, "2026-11-12", &[("u-1", "sato", "S"), ("u-2", "sato2", "S"), ("u-3", "tanaka", "T"), ("u-4", "suzuki", "Z")]);
    ingest_directory(&home, &lake);
    assert_eq!(told(&Written::of(&home, &lake, &NOVEMBER, 0)), [json!(null); 0]);
    // A listing of after the period says nothing about it.
    listing(&home, "2026-12-01", &[("u-2", "sato", "S")]);
    ingest_directory(&home, &lake);
    assert_eq!(told(&Written::of(&home, &lake, &NOVEMBER, 0)), [json!(null); 0]);
}

#[test]
fn people_who_left_by_the_companys_own_table_are_told_from_the_day_after() {
    let (home, lake) =
        lake(&[by_session(1, 14, "sato", "u-1"), by_session(2, 16, "sato", "u-1"), by_session(3, 20, "sato", "u-2"), topic(4)]);
    let written = Written::of(&home, &lake, &NOVEMBER, 0);
    assert_eq!((written.note("leavers"), written.note("assigned")), (json!("no_leavers_known"), json!("no_directory")));
    for (language, says) in [("en", "what is assigned is not known"), ("ja", "何が割り当てられているか分かりません")] {
        assert!(written.text(&format!("report.{language}.html")).contains(says));
    }
    let people = "person,identity_store_user_id,iam_user_arn,left_on\nHanako Sato,u-1,,2026-11-15\nTaro Tanaka,,arn:aws:iam::111122223333:user/tanaka,2026-11-17\n";
    write(&home.path("config/whodid/people.csv"), people.as_bytes());
    write(&home.path("config/whodid/config.toml"), b"people = \"people.csv\"\n");
    let written = Written::of(&home, &lake, &NOVEMBER, 0);
    let tanaka = "arn:aws:iam::111122223333:user/tanaka";
    assert_eq!(
        told(&written),
        [
            json!(["people", tanaka, "proven", "people_table", 1, 1, event_id(4)]),
            json!(["people", "sato", "attested", "people_table", 1, 1, event_id(2)]),
        ]
    );
    assert_eq!(written.table("leavers")[0]["person"], "Taro Tanaka");
    assert_eq!((written.note("leavers"), written.finding("leavers")), (Value::Null, 2));
    // The day ends in the report's zone.
    let tokyo = Written::of(&home, &lake, &[&NOVEMBER[..], &["--tz", "Asia/Tokyo"]].concat(), 0);
    assert_eq!(tokyo.table("leavers")[1]["gone_at"], "2026-11-15T15:00:00Z");
}

fn assigned(account: &str, set: &str, kind: &str, id: &str) -> Value {
    json!({"AccountId": account, "PermissionSetArn": format!("arn:aws:sso:::permissionSet/ssoins-1/{set}"), "PrincipalType": kind, "PrincipalId": id})
}

#[test]
fn what_was_never_used_is_told_apart_from_what_was_not_seen() {
    let mut nameless = by_session(2, 20, "ghost", "");
    nameless["userIdentity"].as_object_mut().unwrap().remove("onBehalfOf");
    for part in ["arn", "sessionContext"] {
        let text = nameless["userIdentity"][part].to_string().replace("_Ops_", "_Audit_");
        nameless["userIdentity"][part] = serde_json::from_str(&text).unwrap();
    }
    let (home, lake) = lake(&[by_session(1, 3, "sato", "u-1"), nameless]);
    let day = |day: &str, assignments: Vec<Value>, members: &[&str]| {
        let users = [("u-1", "sato"), ("u-2", "suzuki"), ("u-3", "tanaka")];
        let users: Vec<Value> = users.iter().map(|(id, name)| json!({"UserId": id, "UserName": name, "IdentityStoreId": "d-1"})).collect();
        let members: Vec<Value> = members
            .iter()
            .map(|id| json!({"MembershipId": format!("m-{id}"), "GroupId": "g-1", "IdentityStoreId": "d-1", "MemberId": {"UserId": id}}))
            .collect();
        let groups = json!([{"GroupId": "g-1", "DisplayName": "sre", "IdentityStoreId": "d-1"}]);
        let all = json!({"Users": users, "Groups": groups, "GroupMemberships": members, "AccountAssignments": assignments});
        write(&home.path("directory").join(day).join("all.json"), all.to_string().as_bytes());
        for (id, name) in [("ps-1", "Ops"), ("ps-2", "Audit"), ("ps-3", "New")] {
            let set = json!({"PermissionSet": {"Name": name, "PermissionSetArn": format!("arn:aws:sso:::permissionSet/ssoins-1/{id}")}});
            write(&home.path("directory").join(day).join(format!("{id}.json")), set.to_string().as_bytes());
        }
    };
    let (old, other) = (assigned(ACCOUNT, "ps-1", "GROUP", "g-1"), "444455556666");
    let gone = assigned(ACCOUNT, "ps-3", "USER", "u-3");
    day("2026-11-05", vec![old.clone(), gone], &["u-1", "u-2"]);
    let audit = assigned(ACCOUNT, "ps-2", "USER", "u-2");
    day(
        "2026-11-10",
        vec![old, assigned(ACCOUNT, "ps-3", "USER", "u-2"), audit, assigned(other, "ps-1", "USER", "u-1")],
        &["u-1", "u-2", "u-3"],
    );
    ingest_directory(&home, &lake);
    let written = Written::of(&home, &lake, &NOVEMBER, 0);
    let row =
        |row: &Value| json!([row["permission_set"], row["account_id"], row["actor_id"], row["assigned_by"], row["used"], row["last_time"]]);
    let rows: Vec<Value> = written.table("assigned").iter().map(row).collect();
    assert_eq!(
        rows,
        [
            // A session whose user no record shows may have been of anybody.
            json!(["Audit", ACCOUNT, "suzuki", "direct", "not_known", null]),
            json!(["New", ACCOUNT, "suzuki", "direct", "never", null]),
            json!(["Ops", ACCOUNT, "sato", "sre", "used", "2026-11-03T04:00:00Z"]),
            json!(["Ops", ACCOUNT, "suzuki", "sre", "not_since", null]),
            json!(["Ops", ACCOUNT, "tanaka", "sre", "never", null]),
            // There is no log of that account.
            json!(["Ops", other, "sato", "direct", "not_known", null]),
        ]
    );
    assert_eq!(written.table("assigned")[3]["since"], "2026-11-03T05:00:00Z");
    assert_eq!(written.total("unused_assignments"), 3);
}
