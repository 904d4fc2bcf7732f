//! Logs that come bit by bit, with everything that has a table of its own, and the truth about them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use simulate::{LogObject, Loss, Plan};

use crate::records::{packed, put, topic};
use crate::sessions::People;
use crate::signed::{Signed, copy};
use crate::support::{files, gunzip, write};
use crate::world::simulated;

/// Hours of the signed trail: one comes with each delivery, as long as there are any.
const HOURS: u32 = 48;
/// Numbers of topics, beyond those of the signed trail.
const TOPICS: u32 = 10_000;
/// Day of the first listing of users; each later one is of the next day.
const FIRST_LISTING: jiff::civil::Date = jiff::civil::date(2026, 1, 1);
/// Simulated objects of one delivery.
const OBJECTS: usize = 2;

pub(crate) struct Inputs {
    simulated: std::vec::IntoIter<LogObject>,
    signed: Signed,
    people: People,
    deliveries: u32,
    records: Vec<Value>,
    commands: Vec<(String, String)>,
    users: Vec<Value>,
    /// Issuing events that are still on their way.
    late: Vec<Value>,
}

impl Inputs {
    pub(crate) fn new(seed: u64) -> Self {
        let plan = Plan { seed, events: 300, until: "2026-11-18T09:00:00Z".parse().unwrap(), days: 1, loss: Loss::None, hostile: false };
        Self {
            simulated: simulated(&plan).0.into_iter(),
            signed: Signed::new(HOURS, 6 * 3600),
            people: People::default(),
            deliveries: 0,
            records: Vec::new(),
            commands: Vec::new(),
            users: Vec::new(),
            late: Vec::new(),
        }
    }

    /// Adds a listing of the company's users, one more than the last time.
    pub(crate) fn list_users(&mut self, directory: &Path) {
        let number = self.users.len();
        self.users.push(json!({"UserId": format!("u-{number}"), "UserName": format!("user{number}"), "IdentityStoreId": "d-0a1b2c3d4e"}));
        let day = FIRST_LISTING.checked_add(jiff::Span::new().days(number as i64)).unwrap();
        write(&directory.join(format!("{day}/users.json")), json!({"Users": self.users}).to_string().as_bytes());
    }

    /// What is made by the first delivery, and never again.
    pub(crate) fn first_thing(&self) -> String {
        format!("topic-{TOPICS}")
    }

    /// Adds to the logs: simulated objects; a log that repeats and contradicts earlier ones and holds a record that is none; a session, its
    /// log and, next time, the event that issued it; a log of a session that is none; an hour of a signed trail.
    pub(crate) fn deliver(&mut self, logs: &Path) {
        let number = self.deliveries;
        self.deliveries += 1;
        for object in self.simulated.by_ref().take(OBJECTS) {
            let records: Value = serde_json::from_slice(&gunzip(&object.body)).unwrap();
            self.records.extend(records["Records"].as_array().unwrap().iter().cloned());
            write(&logs.join(&object.key), &object.body);
        }
        let mut contradiction = topic(TOPICS + number / 2);
        contradiction["requestParameters"] = json!({"name": "another", "attributes": number});
        let mut records = vec![topic(TOPICS + number), topic(TOPICS + number / 3)];
        if number > 0 && number.is_multiple_of(2) {
            records.push(contradiction);
        }
        self.records.extend(records.iter().cloned());
        records.push(json!({"eventVersion": "1.11", "eventName": "WithoutAnId"}));
        self.session(number, &mut records, logs);
        put(logs, &format!("D{number}"), &packed(&records));
        write(&logs.join(format!("ssm/sato-{:026}.log", 900_000 + number)), &[0, 159, 146, 150, 0, 1, 2, 3]);
        let at = number as usize;
        if let Some((log, digest)) = self.signed.logs.get(at).zip(self.signed.digests.get(at)) {
            let hour = [log, digest].map(|key| (key.clone(), self.signed.files[key].clone()));
            copy(logs, &hour.into(), true);
            let text: Value = serde_json::from_slice(&gunzip(&self.signed.files[log].0)).unwrap();
            self.records.push(text["Records"][0].clone());
        }
    }

    fn session(&mut self, number: u32, records: &mut Vec<Value>, logs: &Path) {
        let started = self.people.start(number, None);
        records.append(&mut self.late);
        for record in self.people.records.drain(..) {
            self.records.push(record.clone());
            // The session is used before its issue is known. That of the last delivery never comes.
            if record["eventName"] == "AssumeRole" { self.late.push(record) } else { records.push(record) }
        }
        let line = format!("sudo -u user{number} id");
        write(&logs.join(format!("ssm/{}.log", started.id)), format!("sh-4.2$ {line}\r\nuid=0(root)\r\nsh-4.2$ ").as_bytes());
        self.commands.push((started.id, line));
    }

    /// Each event once, as SQL has it.
    pub(crate) fn events(&self) -> Vec<String> {
        let late: BTreeSet<&str> = self.late.iter().filter_map(|record| record["eventID"].as_str()).collect();
        let rows: BTreeSet<String> = self
            .records
            .iter()
            .filter(|record| !late.contains(record["eventID"].as_str().unwrap()))
            .map(|record| json!({"event_id": record["eventID"], "recipient_account_id": record["recipientAccountId"]}).to_string())
            .collect();
        rows.into_iter().collect()
    }

    /// Each user once for each listing that has it.
    pub(crate) fn listed(&self) -> Vec<String> {
        let listings = 1..=self.users.len();
        let mut rows: Vec<String> =
            listings.flat_map(|listing| (0..listing).map(|user| json!({"id": format!("u-{user}")}).to_string())).collect();
        rows.sort_unstable();
        rows
    }

    pub(crate) fn objects(&self, logs: &Path) -> Vec<String> {
        let logs = logs.canonicalize().unwrap();
        let named = files(&logs).into_keys().filter(|name| !name.ends_with(".metadata.json"));
        let mut rows: Vec<String> = named.map(|name| json!({"object": logs.join(name)}).to_string()).collect();
        rows.sort_unstable();
        rows
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        let mut rows: Vec<String> =
            self.commands.iter().map(|(session, line)| json!({"session_id": session, "line": line}).to_string()).collect();
        rows.sort_unstable();
        rows
    }
}
