//! Input that cannot be read is kept as a reject with its reason; the rest is read; nothing is lost quietly.

use serde_json::{Value, json};

use crate::records::{event_id, packed, plain, put, topic};
use crate::support::{Home, check_sum, gzip, run};

#[test]
fn a_truncated_object_is_rejected_as_a_whole() {
    let whole = packed(&[topic(2)]);
    check_objects([whole.len() / 2, whole.len() - 1, whole.len() - 8, 12, 1].map(|cut| whole[..cut].to_vec()));
}

#[test]
fn an_object_with_a_wrong_checksum_or_length_is_rejected() {
    let whole = packed(&[topic(2)]);
    check_objects([8, 1].map(|back| {
        let mut body = whole.clone();
        body[whole.len() - back] ^= 0x55;
        body
    }));
}

#[test]
fn records_appended_as_a_second_gzip_member_are_taken_for_nothing() {
    assert_eq!(plain(&[topic(2)]).len(), plain(&[topic(3)]).len(), "two members of one length");
    check_objects([packed(&[topic(3)]), packed(&[topic(30)]), gzip(b"")].map(|member| [packed(&[topic(2)]), member].concat()));
}

#[test]
fn junk_after_an_object_is_not_looked_over() {
    let length = (plain(&[topic(2)]).len() as u32).to_le_bytes();
    let ends_alike = [&b"junk that ends as the object does"[..], &length].concat();
    check_objects([b"junk".to_vec(), vec![0; 512], ends_alike].map(|junk| [packed(&[topic(2)]), junk].concat()));
}

#[test]
fn a_gzip_bomb_is_stopped_in_little_memory() {
    for claimed in [u32::MAX, 100] {
        let home = one_beside([bomb(claimed)]);
        let mut limited = std::process::Command::new("/bin/sh");
        let program = home.whodid();
        limited.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(home.root());
        limited.args(["-c", "ulimit -v 3000000; exec \"$0\" --lake \"$1\" --format json ingest \"$2\""]);
        limited.arg(program.get_program()).args([home.text("lake"), home.text("logs")]);
        let ended = run(&mut limited).expect(0);
        check_sum(&ended.json());
        assert_eq!(ended.json()["objects"]["rejected"], 1);
        kept(&home, &[1], 1);
    }
}

#[test]
fn bytes_that_are_no_gzip_are_rejected() {
    check_objects([&b""[..], b"\x00\x01\x02\x03 nothing of the kind", b"PK\x03\x04 an archive of another kind"].map(<[u8]>::to_vec));
}

#[test]
fn text_that_is_no_json_is_rejected() {
    let texts = ["", "hello", "{", "{\"Records\":[", "[1,2]", "\u{feff}", "{\"Records\":[{}]} {\"Records\":[]}", "{\"Records\":[],}"];
    check_objects(texts.map(|text| gzip(text.as_bytes())));
}

#[test]
fn json_without_a_list_of_records_is_rejected() {
    let texts = ["{}", "{\"Records\":null}", "{\"Records\":{}}", "{\"Records\":\"x\"}", "{\"records\":[]}", "null"];
    check_objects(texts.map(|text| gzip(text.as_bytes())));
}

#[test]
fn no_records_are_no_fault() {
    let home = one_beside([gzip(b"{\"Records\":[]}")]);
    let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
    assert_eq!((&summary["objects"]["rejected"], &summary["records"]["rejected"]), (&json!(0), &json!(0)));
    home.run(&["--lake", &home.text("strict"), "ingest", "--strict", &home.text("logs")]).expect(0);
}

#[test]
fn records_without_a_time_are_rejected_and_their_neighbours_are_read() {
    let mut bad = topic(2);
    bad.as_object_mut().unwrap().remove("eventTime");
    let mut texts = vec![bad.to_string()];
    for value in [
        Value::Null,
        json!(7),
        json!(""),
        json!({}),
        json!("yesterday"),
        json!("2026-11-18"),
        json!("2026-13-01T00:00:00Z"),
        json!("2026-11-18T25:00:00Z"),
    ] {
        bad["eventTime"] = value;
        texts.push(bad.to_string());
    }
    check_records(&texts);
}

/// Records of version 1.0 have none.
#[test]
fn a_record_without_an_id_is_kept_once() {
    let mut bare = topic(2);
    bare.as_object_mut().unwrap().remove("eventID");
    let mut other = topic(3);
    other.as_object_mut().unwrap().remove("eventID");
    let home = Home::new();
    put(&home.path("logs"), "BARE", &packed(&[bare.clone(), other, bare, topic(1)]));
    let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
    assert_eq!(summary["records"]["read"], 4);
    assert_eq!(summary["records"]["written"], 3, "{summary}");
    let answer = home.ask(&home.text("lake"), "topic-2");
    assert_eq!(answer["changes"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["changes"][0]["actor"]["id"], crate::records::USER);
    assert!(matches!(answer["changes"][0]["evidence"]["record"].as_u64(), Some(0 | 2)), "{answer}");
}

#[test]
fn records_of_another_major_version_are_rejected() {
    let version = |version: &str| {
        let mut bad = topic(2);
        bad["eventVersion"] = json!(version);
        bad.to_string()
    };
    check_records(&["2.0", "10.1", "0.9"].map(version));
}

#[test]
fn records_that_are_no_objects_are_rejected() {
    check_records(&["null", "7", "\"text\"", "[]", "[[]]", "true"].map(str::to_owned));
}

#[test]
fn records_with_a_key_twice_are_rejected() {
    let good = topic(2).to_string();
    check_records(&[
        good.replacen('{', "{\"userIdentity\":{\"type\":\"Root\"},", 1),
        good.replacen("\"accessKeyId\"", "\"accessKeyId\":\"AKIAOTHERXXXXEXAMPLE\",\"accessKeyId\"", 1),
        good.replacen("\"eventName\"", "\"eventN\\u0061me\":\"DeleteTopic\",\"eventName\"", 1),
    ]);
}

#[test]
fn records_nested_without_end_are_rejected() {
    let nested = |deep: &str| topic(2).to_string().replace("{\"name\":\"topic-2\"}", deep);
    let lists = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    check_records(&[nested(&lists), nested(&objects)]);
}

#[test]
fn a_record_that_is_no_text_is_rejected() {
    let body = String::from_utf8(plain(&[topic(1), topic(2), topic(3)])).unwrap();
    for bad in [&b"\xff\xfe"[..], b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"] {
        let (before, after) = body.split_once("topic-2").unwrap();
        let bytes = [before.as_bytes(), bad, after.as_bytes()].concat();
        let home = Home::new();
        put(&home.path("logs"), "BAD", &gzip(&bytes));
        let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
        assert_eq!(summary["records"], json!({"read": 3, "written": 2, "duplicate": 0, "rejected": 1}), "{bad:?}");
        kept(&home, &[1, 3], 1);
    }
}

#[test]
fn a_record_with_huge_fields_is_read_or_rejected_and_its_neighbours_are_read() {
    for field in ["userAgent", "eventName", "errorMessage", "requestParameters"] {
        let mut big = topic(2);
        big[field] = json!("x".repeat(1 << 20));
        let home = Home::new();
        put(&home.path("logs"), "BIG", &packed(&[topic(1), big, topic(3)]));
        let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
        assert_eq!(summary["records"]["read"], 3, "{field}");
        let rejected = summary["records"]["rejected"].as_i64().unwrap();
        assert_eq!(home.count(&home.text("lake"), "events") + rejected, 3, "{field}");
        assert_eq!(home.ask(&home.text("lake"), &event_id(3))["changes"][0]["actor"]["kind"], "iam_user", "{field}");
    }
}

#[test]
fn a_record_without_a_user_is_kept_with_an_unknown_actor() {
    for identity in [None, Some(Value::Null), Some(json!({})), Some(json!("text")), Some(json!({"type": "SomethingNew"}))] {
        let mut record = topic(2);
        match identity.clone() {
            Some(identity) => record["userIdentity"] = identity,
            None => drop(record.as_object_mut().unwrap().remove("userIdentity")),
        }
        let home = Home::new();
        put(&home.path("logs"), "BARE", &packed(&[topic(1), record]));
        let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
        assert_eq!(summary["records"]["written"], 2, "{identity:?}");
        let change = &home.ask(&home.text("lake"), "topic-2")["changes"][0];
        assert_eq!(
            (&change["actor"]["kind"], &change["actor"]["id"], &change["certainty"]),
            (&json!("unknown"), &Value::Null, &json!("unknown")),
            "{identity:?}"
        );
        assert!(change["reason"].is_string() && change["gap"].is_object(), "{identity:?}: {change}");
    }
}

#[test]
fn later_minor_versions_and_unknown_fields_are_kept() {
    let mut record = topic(2);
    record["eventVersion"] = json!("1.99");
    record["newField"] = json!({"with": ["a", 1.5, null]});
    let home = Home::new();
    put(&home.path("logs"), "NEW", &packed(&[record]));
    assert_eq!(home.ingest(&home.text("lake"), &[&home.text("logs")])["records"]["written"], 1);
    let row = &home.sql(&home.text("lake"), "SELECT other_fields FROM events")[0];
    assert!(row.to_string().contains("newField"), "{row}");
}

#[test]
fn one_id_with_two_contents_is_a_conflict_and_not_a_copy() {
    let mut other = topic(1);
    other["userIdentity"]["arn"] = json!("arn:aws:iam::111122223333:user/suzuki");
    let mut kept_rows = Vec::new();
    for (first, second) in [(topic(1), other.clone()), (other, topic(1))] {
        let home = Home::new();
        put(&home.path("logs"), "ONE", &packed(&[first]));
        put(&home.path("logs"), "TWO", &packed(&[second]));
        let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
        assert_eq!(summary["records"], json!({"read": 2, "written": 1, "duplicate": 0, "rejected": 1}));
        assert_eq!(home.sql(&home.text("lake"), "SELECT reason FROM rejects")[0]["reason"], "conflict");
        let change = home.ask(&home.text("lake"), "topic-1")["changes"][0].clone();
        assert!(change["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "the answer says so: {change}");
        kept_rows.push(home.sql(&home.text("lake"), "SELECT user_arn FROM events"));
    }
    assert_eq!(kept_rows[0], kept_rows[1], "whichever came first");
}

#[test]
fn what_is_no_log_is_left_out_and_counted() {
    let home = Home::new();
    put(&home.path("logs"), "GOOD", &packed(&[topic(1)]));
    for name in [
        "README.md",
        "AWSLogs/111122223333/Config/x.json.gz",
        "AWSLogs/111122223333/CloudTrail-Insight/ap-northeast-1/2026/11/18/x.json.gz",
    ] {
        crate::support::write(&home.path("logs").join(name), b"something else");
    }
    let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
    assert_eq!(
        (&summary["objects"]["read"], &summary["objects"]["rejected"], &summary["objects"]["skipped"]),
        (&json!(1), &json!(0), &json!(3))
    );
}

/// Objects of which nothing may be taken; the one beside them is read.
#[track_caller]
fn check_objects<const N: usize>(bodies: [Vec<u8>; N]) {
    let home = one_beside(bodies);
    let ended = home.run(&["--lake", &home.text("lake"), "ingest", &home.text("logs")]).expect(0);
    assert!(ended.stderr.contains("warning") && ended.stderr.contains("hint:"), "{}{}", ended.stdout, ended.stderr);
    kept(&home, &[1], N);
    let strict = home.run(&["--lake", &home.text("lake"), "--format", "json", "ingest", "--strict", &home.text("logs")]).expect(6);
    let again = strict.json();
    assert_eq!((&again["records"]["written"], &again["objects"]["rejected_before"]), (&json!(0), &json!(N)), "the second time");
    let objects = home.sql(&home.text("lake"), "SELECT DISTINCT object FROM rejects");
    assert_eq!(objects.len(), N, "each bad object is a reject: {objects:?}");
    let strict = home.run(&["--lake", &home.text("strict"), "--format", "json", "ingest", "--strict", &home.text("logs")]).expect(6);
    check_sum(&strict.json());
    assert_eq!(strict.json()["records"]["written"], 1);
    // Whether an object is no log, or one of a record that is none, is the reader's to say.
    let rejected = |of: &str| strict.json()[of]["rejected"].as_u64().unwrap() as usize;
    assert!(rejected("objects") + rejected("records") >= N, "{}", strict.stdout);
}

/// Records that are rejected; those beside them, in the same object, are read.
#[track_caller]
fn check_records(texts: &[String]) {
    let home = Home::new();
    let body = format!("{{\"Records\":[{},{},{}]}}", topic(1), texts.join(","), topic(3));
    put(&home.path("logs"), "BAD", &gzip(body.as_bytes()));
    let ended = home.run(&["--lake", &home.text("lake"), "--format", "json", "ingest", "--strict", &home.text("logs")]).expect(6);
    check_sum(&ended.json());
    assert_eq!(ended.json()["records"], json!({"read": texts.len() + 2, "written": 2, "duplicate": 0, "rejected": texts.len()}));
    kept(&home, &[1, 3], texts.len());
    let places: Vec<Value> =
        home.sql(&home.text("lake"), "SELECT record FROM rejects ORDER BY record").iter().map(|row| row["record"].clone()).collect();
    assert_eq!(places, (1..=texts.len()).map(|place| json!(place)).collect::<Vec<_>>(), "where each lies");
}

#[track_caller]
fn kept(home: &Home, numbers: &[u32], rejects_min: usize) {
    let lake = home.text("lake");
    let mut ids: Vec<String> =
        home.sql(&lake, "SELECT event_id FROM events").iter().map(|row| row["event_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, numbers.iter().map(|number| event_id(*number)).collect::<Vec<_>>());
    let rows = home.sql(&lake, "SELECT object, reason FROM rejects");
    assert!(rows.len() >= rejects_min, "{rows:?}");
    for row in rows {
        assert!(row["object"].as_str().unwrap().contains("BAD") && !row["reason"].as_str().unwrap().is_empty(), "{row}");
    }
}

fn one_beside<const N: usize>(bad: [Vec<u8>; N]) -> Home {
    let home = Home::new();
    put(&home.path("logs"), "GOOD", &packed(&[topic(1)]));
    for (number, body) in bad.iter().enumerate() {
        put(&home.path("logs"), &format!("BAD{number}"), body);
    }
    home
}

/// Four gigabytes out of some megabytes: one block of fixed codes, each copying 258 bytes from one byte before.
fn bomb(claimed: u32) -> Vec<u8> {
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut bits = Bits { done: Vec::new(), pending: 0, held: 0 };
    bits.push(0b011, 3); // the last block, fixed codes
    bits.push(0b0000_1100, 8); // a zero byte: 00110000, most significant bit first
    for _ in 0..8 * 1_000 {
        bits.push(0b1010_0011, 8); // length 258: 11000101
        bits.push(0, 5); // distance 1
    }
    body.extend(&bits.done);
    // Every eight copies end on the bit where they began.
    let eight = bits.done[bits.done.len() - 13..].to_vec();
    for _ in 0..2_000_000 {
        body.extend(&eight);
    }
    body.extend([0; 4]);
    body.extend(claimed.to_le_bytes());
    body
}

struct Bits {
    done: Vec<u8>,
    pending: u32,
    held: u32,
}

impl Bits {
    /// Takes the low `count` bits, the lowest first.
    fn push(&mut self, value: u32, count: u32) {
        self.pending |= value << self.held;
        self.held += count;
        while self.held >= 8 {
            self.done.push(self.pending as u8);
            self.pending >>= 8;
            self.held -= 8;
        }
    }
}
