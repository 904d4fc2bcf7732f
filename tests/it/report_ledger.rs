//! Every number of a report against the simulation's own notes, and the chain of each change that a sample draws.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use simulate::{Call, Loss, Plan};

use crate::report::Written;
use crate::report_truth::{Folded, Truth, Who, delays, is_done, is_person, open, who};
use crate::support::{Home, write};
use crate::truth;
use crate::world::{World, plan, world};

/// The days of the simulated organisations that tests share.
const DAYS: [&str; 2] = ["2026-11-14", "2026-11-19"];

#[test]
fn every_number_is_that_of_the_notes() {
    for (seed, loss) in [(1, Loss::None), (4, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        check(&world, DAYS);
        assert!(world.calls.iter().any(|call| is_right_or_log(call).0));
    }
}

/// Records that reach back four months: keys are old, and days of a trend have a week before.
#[test]
fn keys_of_months_and_trends_are_those_of_the_notes() {
    let world = World::of(&Plan { days: 120, ..plan(6, Loss::None) }, Home::new());
    let contractors = world.ledger.organisation.people.iter().filter(|person| person.is_contractor());
    let rows = contractors.map(|person| format!("{},{},Partner Inc.\n", person.display_name, person.user_name));
    let table = std::iter::once("person,sso_user,company\n".to_owned()).chain(rows).collect::<String>();
    write(&world.home.path("config/whodid/people.csv"), table.as_bytes());
    write(&world.home.path("config/whodid/config.toml"), b"people = \"people.csv\"\n[vendors]\n\"999900001111\" = \"Monitoring Inc.\"\n");
    check(&world, ["2026-07-01", "2026-11-19"]);
    check(&world, ["2026-11-18", "2026-11-18"]);
}

fn midnight(day: &str, after: i64) -> Timestamp {
    let start: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
    Timestamp::from_second(start.as_second() + 86_400 * after).unwrap()
}

#[track_caller]
fn check(world: &World, [from, to]: [&str; 2]) {
    let truth = Truth::of(&world.calls, midnight(from, 0), midnight(to, 1));
    let written = Written::of(&world.home, &world.lake(), &["--from", from, "--to", to], 0);
    for (name, number) in truth.totals() {
        assert_eq!(written.total(name), number, "{name}");
    }
    completeness(world, &truth, &written);
    changes(&truth, &written);
    single_calls(&truth, &written);
    identities(world, &truth, &written);
    trends(world, &truth, &written);
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

fn time(row: &Value, column: &str) -> Option<Timestamp> {
    row[column].as_str().map(|time| time.parse().unwrap())
}

fn number(row: &Value, column: &str) -> u64 {
    row[column].as_u64().unwrap_or_else(|| panic!("no number {column}: {row}"))
}

fn actor(row: &Value) -> Who {
    row["actor_id"].as_str().map(|id| (text(row, "actor_kind"), id.to_owned()))
}

/// A table's rows by a key, each key once.
#[track_caller]
fn keyed<K: Ord + std::fmt::Debug, V>(rows: &[Value], key: impl Fn(&Value) -> K, value: impl Fn(&Value) -> V) -> BTreeMap<K, V> {
    let found: BTreeMap<K, V> = rows.iter().map(|row| (key(row), value(row))).collect();
    assert_eq!(found.len(), rows.len(), "each stands once");
    found
}

/// Calls, changes, and when the last was.
fn counts(row: &Value) -> (u64, u64, Option<Timestamp>) {
    (number(row, "calls"), number(row, "changes"), time(row, "last_time"))
}

/// The same by a key, over its rows: a table may have one for each grade.
fn summed<K: Ord>(rows: &[Value], key: impl Fn(&Value) -> K) -> BTreeMap<K, (u64, u64, Option<Timestamp>)> {
    let mut found = BTreeMap::new();
    for row in rows {
        let (calls, changes, last) = counts(row);
        let held = found.entry(key(row)).or_insert((0, 0, None));
        *held = (held.0 + calls, held.1 + changes, held.2.max(last));
    }
    found
}

fn counted<K: Ord>(folded: BTreeMap<K, Folded>) -> BTreeMap<K, (u64, u64, Option<Timestamp>)> {
    folded.into_iter().map(|(key, of)| (key, (of.calls, of.changes, of.last))).collect()
}

fn completeness(world: &World, truth: &Truth<'_>, written: &Written) {
    let places = truth.fold(|call| Some((call.recipient_account_id.clone(), call.aws_region.clone())));
    let mut objects: BTreeMap<(String, String), (u64, i64)> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let of_period = world.objects.iter().filter(|object| {
        let mut parts = object.key.split('/').skip(2);
        let (account, _, region) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        known.insert((account.to_owned(), region.to_owned()));
        let within = object.newest >= truth.from && object.oldest < truth.until;
        if within {
            let (count, longest) = objects.entry((account.to_owned(), region.to_owned())).or_default();
            *count += 1;
            *longest = (object.delivered.as_second() - object.newest.as_second()).max(*longest);
        }
        within
    });
    let of_period: Vec<_> = of_period.cloned().collect();
    let told = keyed(written.table("completeness"), |row| (text(row, "account_id"), text(row, "aws_region")), Value::clone);
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), known);
    for (place, row) in &told {
        let none = Folded::default();
        let of = places.get(place).unwrap_or(&none);
        assert_eq!((number(row, "events"), time(row, "first_event_time"), time(row, "last_event_time")), (of.calls, of.first, of.last));
        let (count, longest) = objects.get(place).copied().unwrap_or_default();
        let minutes = objects.contains_key(place).then_some((longest + 59) / 60);
        assert_eq!((number(row, "objects"), row["delay_minutes"].as_i64()), (count, minutes), "{place:?}");
        assert_eq!((number(row, "rejected"), number(row, "unread")), (0, 0));
    }
    assert_eq!(written.total("logged_accounts") as usize, known.iter().map(|(account, _)| account).collect::<BTreeSet<_>>().len());
    assert_eq!(written.total("logged_regions") as usize, known.iter().map(|(_, region)| region).collect::<BTreeSet<_>>().len());
    let told = keyed(written.table("delay"), |row| number(row, "minutes"), |row| number(row, "objects"));
    assert_eq!(told, delays(&of_period));
    for language in ["en", "ja"] {
        let page = written.text(&format!("report.{language}.html"));
        let section = page.split("<section id=\"completeness\">").nth(1).unwrap().split("</section>").next().unwrap();
        let bars: Vec<&str> = section.split("<rect ").skip(1).map(|bar| bar.split("</title>").next().unwrap()).collect();
        assert_eq!(bars.len(), 6, "a bar for each step");
        for objects in told.values() {
            assert!(bars.iter().any(|bar| bar.contains(&format!("{objects} "))), "{objects} in {bars:?}");
        }
    }
}

fn changes(truth: &Truth<'_>, written: &Written) {
    let changes =
        |of: &dyn Fn(&Call) -> bool| -> Vec<Call> { truth.changes().filter(|call| of(call)).map(|call| (**call).clone()).collect() };
    let fold = |calls: &[Call], key: &dyn Fn(&Call) -> Option<Vec<String>>| Truth::of(calls, truth.from, truth.until).fold(key);
    let sum = |rows: &[Value], columns: &[&str], count: &str| {
        let mut sums: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for row in rows {
            *sums.entry(columns.iter().map(|column| text(row, column)).collect()).or_default() += number(row, count);
        }
        sums
    };
    let calls = |folded: BTreeMap<Vec<String>, Folded>| -> BTreeMap<Vec<String>, u64> {
        folded.into_iter().map(|(key, of)| (key, of.calls)).collect()
    };
    let all = changes(&|_| true);
    let hour = |call: &Call| Some(vec![format!("{}:00:00Z", &call.event_time.to_string()[..13])]);
    assert_eq!(sum(written.table("changes_by_hour"), &["hour"], "changes"), calls(fold(&all, &hour)));
    let peoples = changes(&|call| is_person(&who(call)));
    let told: BTreeMap<_, _> =
        sum(written.table("changes_by_hour"), &["hour"], "person_changes").into_iter().filter(|(_, sum)| *sum > 0).collect();
    assert_eq!(told, calls(fold(&peoples, &hour)));
    let mut words: BTreeMap<String, u64> = BTreeMap::new();
    for row in written.table("certainty") {
        *words.entry(open(&text(row, "certainty"))).or_default() += number(row, "changes");
    }
    assert_eq!(words, truth.certainty());
    let what = |call: &Call| vec![call.recipient_account_id.clone(), call.aws_region.clone(), call.event_source.clone()];
    let unnamed = fold(&changes(&|call| who(call).is_none()), &|call| Some([what(call), vec![call.event_name.clone()]].concat()));
    let columns = ["account_id", "aws_region", "event_source", "event_name"];
    assert_eq!(sum(written.table("unattributed"), &columns, "changes"), calls(unnamed));
    let by_whom = |call: &Call| who(call).map(|(kind, id)| [vec![kind, id], what(call)].concat());
    let columns = ["actor_kind", "actor_id", "account_id", "aws_region", "event_source"];
    for (table, is_one) in [("changes_by_person", true), ("changes_by_machine", false)] {
        let folded = fold(
            &changes(&|call| who(call).is_some_and(|(kind, _)| kind != "external_account") && is_person(&who(call)) == is_one),
            &by_whom,
        );
        assert_eq!(sum(written.table(table), &columns, "changes"), calls(folded.clone()), "{table}");
        let mut told: BTreeMap<Vec<String>, Folded> = BTreeMap::new();
        for row in written.table(table) {
            let of = told.entry(columns.iter().map(|column| text(row, column)).collect()).or_default();
            of.names.extend(text(row, "event_names").split(' ').map(str::to_owned));
            of.first = [of.first, time(row, "first_time")].into_iter().flatten().min();
            of.last = of.last.max(time(row, "last_time"));
        }
        for (key, of) in folded {
            assert_eq!((&told[&key].names, told[&key].first, told[&key].last), (&of.names, of.first, of.last), "{table}: {key:?}");
        }
    }
    let folded = fold(&peoples, &|call| who(call).map(|(_, id)| vec![id, call.recipient_account_id.clone()]));
    assert_eq!(sum(written.table("people_by_account"), &["actor_id", "account_id"], "changes"), calls(folded));
    let attempts: Vec<Call> = truth.attempts().map(|call| (**call).clone()).collect();
    let folded = fold(&attempts, &|call| {
        let (kind, id) = who(call).unwrap_or_else(|| ("unknown".to_owned(), String::new()));
        let principal = call.caller.as_ref().map(|caller| caller.principal.clone()).unwrap_or_default();
        let failed = [call.event_name.clone(), call.error_code.clone().unwrap_or_default()];
        Some([vec![kind, id, principal, call.recipient_account_id.clone(), call.event_source.clone()], failed.into()].concat())
    });
    let columns = ["actor_kind", "actor_id", "user_arn", "account_id", "event_source", "event_name", "error_code"];
    assert_eq!(sum(written.table("failures"), &columns, "attempts"), calls(folded));
}

/// Whether the simulation changes by that call who may do what, and whether that can touch the logs.
fn is_right_or_log(call: &Call) -> (bool, bool) {
    let name = call.event_name.as_str();
    match call.event_source.as_str() {
        "iam.amazonaws.com" | "sso.amazonaws.com" => (true, false),
        "s3.amazonaws.com" => (name == "PutBucketPolicy", name == "PutBucketPolicy"),
        "kms.amazonaws.com" => (name == "CreateGrant", name == "ScheduleKeyDeletion"),
        _ => (false, false),
    }
}

/// Tables that have a row for each call.
fn single_calls(truth: &Truth<'_>, written: &Written) {
    let rights: BTreeMap<String, Who> =
        truth.changes().filter(|call| is_right_or_log(call).0).map(|call| (call.event_id.clone(), who(call))).collect();
    assert_eq!(keyed(written.table("access_rights"), |row| text(row, "event_id"), actor), rights);
    let touching = truth.changes().chain(truth.attempts()).filter(|call| is_right_or_log(call).1);
    let touching: BTreeMap<String, Who> = touching.map(|call| (call.event_id.clone(), who(call))).collect();
    assert_eq!(keyed(written.table("log_protection"), |row| text(row, "event_id"), actor), touching);
    assert_eq!(written.finding("log_protection") as usize, touching.len());
    // Sessions to machines, by whom.
    let opened = truth.changes().filter(|call| call.event_name == "StartSession");
    let mut opened: Vec<(Timestamp, Who)> = opened.map(|call| (call.event_time, who(call))).collect();
    let mut told: Vec<(Timestamp, Who)> = written.table("sessions").iter().map(|row| (time(row, "start").unwrap(), actor(row))).collect();
    opened.sort();
    told.sort();
    assert_eq!(told, opened);
    for row in written.table("runs") {
        assert_eq!(row["command"], "ingest");
    }
}

fn identities(world: &World, truth: &Truth<'_>, written: &Written) {
    privileged(truth, written);
    let sets = truth.fold(|call| {
        let set = call.caller.as_ref()?.permission_set.clone().filter(|_| !call.is_copy)?;
        Some((set, call.recipient_account_id.clone(), who(call).map(|(_, id)| id)))
    });
    let by = |row: &Value| (text(row, "permission_set"), text(row, "account_id"), row["actor_id"].as_str().map(str::to_owned));
    assert_eq!(summed(written.table("permission_sets"), by), counted(sets));
    keys(world, truth, written);
    let shared = truth.fold(|call| {
        let (kind, id) = who(call)?;
        (["iam_user", "root_user"].contains(&kind.as_str()) && !call.by_service && !call.is_copy).then_some((kind, id))
    });
    let shared: BTreeMap<(String, String), [u64; 4]> = shared
        .into_iter()
        .filter(|(_, of)| of.addresses.len() > 1)
        .map(|(who, of)| (who, [of.calls, of.changes, of.addresses.len() as u64, of.programs.len() as u64]))
        .collect();
    assert!(!shared.is_empty() || truth.from == midnight("2026-11-18", 0));
    let numbers = |row: &Value| ["calls", "changes", "addresses", "user_agents"].map(|column| number(row, column));
    assert_eq!(keyed(written.table("shared_identities"), |row| actor(row).unwrap(), numbers), shared);
    let signed_in = truth.fold(|call| {
        let caller = call.caller.as_ref().filter(|_| call.event_name == "ConsoleLogin")?;
        let kind = if caller.actor.kind == "root_user" { "Root" } else { "IAMUser" };
        let mfa = if caller.mfa { "yes" } else { "no" };
        Some([kind, &caller.principal, &call.recipient_account_id, mfa].map(str::to_owned))
    });
    let signed_in: BTreeMap<_, _> = signed_in.into_iter().map(|(key, of)| (key, (of.calls, of.failed, of.last))).collect();
    let by = |row: &Value| ["user_type", "user_arn", "account_id", "mfa"].map(|column| text(row, column));
    let told = keyed(written.table("sign_ins"), by, |row| (number(row, "sign_ins"), number(row, "failed"), time(row, "last_time")));
    assert_eq!(told, signed_in);
    let outside = truth.fold(|call| {
        let (kind, id) = who(call)?;
        ["external_account", "oidc_user"].contains(&kind.as_str()).then(|| (kind, id, call.recipient_account_id.clone()))
    });
    assert!(!outside.is_empty() || truth.from == midnight("2026-11-18", 0));
    let outside: BTreeMap<_, _> =
        outside.into_iter().map(|(key, of)| (key, (of.calls, of.changes, of.failed, of.first, of.last))).collect();
    let by = |row: &Value| (text(row, "actor_kind"), text(row, "actor_id"), text(row, "account_id"));
    let numbers = |row: &Value| {
        (number(row, "calls"), number(row, "changes"), number(row, "failed"), time(row, "first_time"), time(row, "last_time"))
    };
    assert_eq!(keyed(written.table("suppliers"), by, numbers), outside);
    contractors(world, truth, written);
}

/// People of another company, whom the table of people alone knows as such.
fn contractors(world: &World, truth: &Truth<'_>, written: &Written) {
    if !world.home.path("config/whodid/people.csv").exists() {
        assert_eq!((written.table("contractors").len(), written.note("contractors")), (0, json!("no_companies_known")));
        return;
    }
    let of: BTreeMap<&str, &str> = world
        .ledger
        .organisation
        .people
        .iter()
        .filter(|person| person.is_contractor())
        .map(|person| (person.user_name.as_str(), person.user_id.as_str()))
        .collect();
    let calls = truth.fold(|call| {
        let (_, id) = who(call).filter(|(_, id)| !call.is_copy && of.contains_key(id.as_str()))?;
        // By the id alone where the records say no name: Identity Center's own.
        let known = call.caller.as_ref()?.principal != "signin.amazonaws.com" || call.event_source == "sts.amazonaws.com";
        known.then(|| (id, call.recipient_account_id.clone()))
    });
    let mut told: BTreeMap<(String, String), [u64; 3]> = BTreeMap::new();
    for row in written.table("contractors") {
        assert_eq!(row["company"], "Partner Inc.");
        let sums = told.entry((text(row, "actor_id"), text(row, "account_id"))).or_default();
        for (sum, column) in sums.iter_mut().zip(["calls", "changes", "failed"]) {
            *sum += number(row, column);
        }
    }
    assert_eq!(told, calls.into_iter().map(|(key, of)| (key, [of.calls, of.changes, of.failed])).collect::<BTreeMap<_, _>>());
    assert_eq!(written.note("contractors"), Value::Null);
    let vendors = written.table("suppliers").iter().filter(|row| row["actor_kind"] == "external_account");
    assert!(vendors.map(|row| &row["company"]).all(|company| company == "Monitoring Inc."));
}

fn privileged(truth: &Truth<'_>, written: &Written) {
    let of = |means: &str, who: &Who, account: &str, of: &Folded| {
        let who = who.as_ref().map(|(kind, id)| format!("{kind} {id}")).unwrap_or_default();
        json!([
            means,
            who,
            account,
            of.calls,
            of.changes,
            of.failed,
            of.first.map(|time| time.to_string()),
            of.last.map(|time| time.to_string())
        ])
    };
    let mut sessions: Vec<String> =
        truth.privileged().iter().map(|((means, who, account, _), folded)| of(means, who, account, folded).to_string()).collect();
    let row = |row: &Value| {
        let folded = Folded {
            calls: number(row, "calls"),
            changes: number(row, "changes"),
            failed: number(row, "failed"),
            first: time(row, "first_time"),
            last: time(row, "last_time"),
            ..Folded::default()
        };
        of(&text(row, "means"), &actor(row), &text(row, "account_id"), &folded).to_string()
    };
    let mut told: Vec<String> = written.table("privileged").iter().map(row).collect();
    sessions.sort();
    told.sort();
    assert_eq!(told, sessions);
    let by_root = told.iter().filter(|session| session.starts_with("[\"root\"")).count();
    assert_eq!(written.finding("root_used") as usize, by_root);
}

/// Long-lived keys: whose, how much they were used, from where and by what, when they were made, and how old that makes them.
fn keys(world: &World, truth: &Truth<'_>, written: &Written) {
    let used = truth.fold(|call| {
        let key = call.access_key_id.clone().filter(|key| key.starts_with("AKIA"))?;
        let principal = call.caller.as_ref()?.principal.clone();
        Some((principal.clone(), key, principal.split(':').nth(4)?.to_owned()))
    });
    let expected: BTreeMap<_, _> = used
        .into_iter()
        .map(|(key, of)| {
            let made = world.ledger.keys.get(&key.1).filter(|made| **made < truth.until);
            let age = made.map(|made| (truth.until.as_second() - made.as_second()) / 86_400);
            let numbers = [of.calls, of.changes, of.addresses.len() as u64, of.programs.len() as u64];
            (key, (numbers, made.copied(), age, of.last))
        })
        .collect();
    let by = |row: &Value| (text(row, "user_arn"), text(row, "access_key_id"), text(row, "account_id"));
    let numbers = |row: &Value| {
        let numbers = ["calls", "changes", "addresses", "user_agents"].map(|column| number(row, column));
        (numbers, time(row, "created"), row["age_days"].as_i64(), time(row, "last_time"))
    };
    let told = keyed(written.table("long_lived_keys"), by, numbers);
    assert_eq!(told, expected);
    let oldest = told.values().filter_map(|(_, _, age, _)| *age).max();
    let reach = (truth.until.as_second() - world.calls.iter().map(|call| call.event_time.as_second()).min().unwrap()) / 86_400;
    assert!(oldest.is_some_and(|oldest| oldest + 1 >= reach), "{oldest:?} of {reach}");
}

/// The days of each card's trend, as its chart says them, and the number of the week before.
fn trends(world: &World, truth: &Truth<'_>, written: &Written) {
    let last = Timestamp::from_second(truth.until.as_second() - 1).unwrap();
    let until = midnight(&last.to_string()[..10], 1);
    let page = written.text("report.en.html");
    let cards = page.split("<dl class=\"cards\">").nth(1).unwrap().split("</dl>").next().unwrap();
    let cards: Vec<&str> = cards.split("<dt>").skip(1).collect();
    let names = ["people", "privileged_sessions", "changes", "person_changes", "alerts", "unattributed"];
    assert_eq!(cards.len(), names.len());
    for (name, card) in names.into_iter().zip(cards) {
        let mut expected = BTreeMap::new();
        // A longer period has all of its days.
        let days = ((until.as_second() - truth.from.as_second()) / 86_400).max(30);
        for back in 1..=days {
            let from = Timestamp::from_second(until.as_second() - 86_400 * back).unwrap();
            let day = Truth::of(&world.calls, from, Timestamp::from_second(from.as_second() + 86_400).unwrap());
            let number = day.totals()[name];
            if number > 0 {
                expected.insert(from.to_string()[..10].to_owned(), number);
            }
        }
        let titles = card.split("<rect ").skip(1).map(|bar| bar.split("<title>").nth(1).unwrap().split("</title>").next().unwrap());
        let told: BTreeMap<String, u64> = titles
            .map(|title| {
                let (day, number) = title.split_once(": ").unwrap();
                (day.to_owned(), number.parse().unwrap())
            })
            .collect();
        assert_eq!(told, expected, "{name}");
        let week = Timestamp::from_second(until.as_second() - 8 * 86_400).unwrap().to_string()[..10].to_owned();
        if !told.is_empty() && world.calls.iter().any(|call| is_done(call) && call.event_time.to_string().starts_with(&week)) {
            let before = format!("({week}, UTC): {}", expected.get(&week).copied().unwrap_or_default());
            assert!(card.contains(&before), "{name}: {before} in {card}");
        }
    }
}

/// A sample's changes have the chains that the simulation opened, as far as its records allow.
#[test]
fn a_sample_has_the_chain_of_each_change_as_the_ledger_has_it() {
    for (seed, loss) in [(2, Loss::None), (5, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let truth = Truth::of(&world.calls, midnight(DAYS[0], 0), midnight(DAYS[1], 1));
        let lake = world.lake();
        let asked =
            ["--lake", &lake, "--format", "json", "report", "sample", "--from", DAYS[0], "--to", DAYS[1], "--n", "40", "--seed", "7"];
        let sample = world.home.run(&asked).expect(0).json();
        assert_eq!(sample["population"].as_u64().unwrap() as usize, truth.changes().count());
        let by_id: BTreeMap<&str, &&Call> = truth.changes().map(|call| (call.event_id.as_str(), call)).collect();
        let (mut wrong, mut chains) = (Vec::new(), 0);
        let drawn = sample["changes"].as_array().unwrap();
        for change in drawn {
            let id = change["event_id"].as_str().unwrap();
            let call = by_id.get(id).unwrap_or_else(|| panic!("{change} is no change of the period"));
            let caller = call.caller.as_ref().unwrap();
            let kind = if caller.named() { caller.actor.kind } else { "unknown" };
            assert_eq!((&change["actor"]["kind"], open(change["certainty"].as_str().unwrap())), (&json!(kind), open(caller.certainty)));
            // Calls that nobody would ask about have no act in the ledger.
            if let Some(act) = world.ledger.acts.iter().find(|act| act.event_id == id) {
                truth::compare(act, change, &mut wrong);
                chains += usize::from(!act.chain.is_empty());
            }
        }
        assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
        assert_eq!(drawn.len(), 40);
        assert!(chains > 20, "seed {seed}: {chains}");
    }
}
