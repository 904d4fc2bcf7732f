//! Sessions on machines: who was in them, what their logs are worth, and the alarm on what was typed.

use std::path::Path;

use serde_json::{Value, json};

use crate::records::{ACCOUNT, key_of, packed};
use crate::support::{Home, gzip, write};

const REGION: &str = "ap-northeast-1";
#[test]
fn what_has_no_transcript_says_why() {
    let home = Home::new();
    let mut people = People::default();
    let missing = people.start(1, None);
    let forwarded = people.start(2, Some("AWS-StartPortForwardingSessionToRemoteHost"));
    let ssh = people.start(3, Some("AWS-StartSSHSession"));
    let own = people.start(4, Some("Company-Shell"));
    let present = people.start(5, None);
    people.denied(6);
    people.other(
        7,
        "SendSSHPublicKey",
        "ec2-instance-connect.amazonaws.com",
        json!({"instanceId": "i-0a1b2c3d", "instanceOSUser": "ec2-user"}),
    );
    people.deliver(&home.path("logs"));
    let text = b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ";
    write(&home.path(&format!("logs/ssm/{}.log", present.id)), text);
    write(&home.path("logs/ssm/sato-0123456789abcdefghijklmnop.log"), text);
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let list = home.run(&["--lake", &lake, "--format", "json", "sessions"]).expect(0).json();
    assert_eq!((&list["schema"], &list["attempts"]), (&json!("whodid.sessions/v1"), &json!(1)));
    let of = |id: &str| list["sessions"].as_array().unwrap().iter().find(|session| session["session_id"] == id).unwrap().clone();
    for (started, kind, state, finding) in [
        (&missing, "shell", "missing", json!("transcript_missing")),
        (&forwarded, "port_forwarding", "impossible", json!(null)),
        (&ssh, "ssh", "impossible", json!(null)),
        (&own, "custom", "missing", json!("transcript_missing")),
        (&present, "shell", "present", json!(null)),
    ] {
        let session = of(&started.id);
        assert_eq!((&session["kind"], &session["transcript"]["state"], &session["finding"]), (&json!(kind), &json!(state), &finding));
        assert_eq!(session["actor"]["id"], started.actor.as_str());
        assert_eq!(session["target"], started.instance.as_str());
        assert!(!session["transcript"]["why"].as_str().unwrap().is_empty());
    }
    let key = list["sessions"].as_array().unwrap().iter().find(|session| session["kind"] == "ssh_key").unwrap();
    assert_eq!((&key["run_as_user"], &key["transcript"]["state"]), (&json!("ec2-user"), &json!("impossible")));
    let orphan = of("sato-0123456789abcdefghijklmnop");
    check_orphan(&orphan);
    assert_eq!(list["sessions"].as_array().unwrap().len(), 7);
    let told = alerts(&home, &lake, &[]);
    let rules = |id: &str| -> Vec<&str> {
        told.iter().filter(|alert| alert["session_id"] == id).map(|alert| alert["rule"].as_str().unwrap()).collect()
    };
    assert_eq!(rules(&missing.id), ["transcript_missing"]);
    assert_eq!(rules(&forwarded.id), [""; 0]);
    assert_eq!(rules(&present.id), ["sudo"]);
    let mut own = rules("sato-0123456789abcdefghijklmnop");
    own.sort_unstable();
    assert_eq!(own, ["sudo", "transcript_missing"]);
    for alert in told.iter().filter(|alert| alert["session_id"] == "sato-0123456789abcdefghijklmnop") {
        assert_eq!(
            (&alert["actor"]["id"], &alert["actor"]["kind"], &alert["certainty"]),
            (&json!(null), &json!("unknown"), &json!("unknown"))
        );
    }
    home.run(&["--lake", &lake, "sessions"]).expect(0);
    home.run(&["--lake", &lake, "--format", "csv", "sessions"]).expect(0);
}

#[test]
fn shells_in_containers_and_commands_run_from_afar_are_sessions_too() {
    let home = Home::new();
    let mut people = People::default();
    let id = "ecs-execute-command-0a1b2c3d4e5f6g7h8";
    let request = json!({"cluster": "shop", "task": "0123456789abcdef", "container": "web", "command": "/bin/sh", "interactive": true});
    people.answered(1, "ExecuteCommand", "ecs.amazonaws.com", request, json!({"session": {"sessionId": id, "tokenValue": "hidden"}}));
    let request =
        json!({"documentName": "AWS-RunShellScript", "instanceIds": ["i-1", "i-2"], "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS"});
    people.answered(
        2,
        "SendCommand",
        "ssm.amazonaws.com",
        request,
        json!({"command": {"commandId": "11111111-2222-4333-8444-555555555555"}}),
    );
    let ended = people.start(3, None);
    people.other(4, "TerminateSession", "ssm.amazonaws.com", json!({"sessionId": ended.id}));
    people.deliver(&home.path("logs"));
    write(&home.path(&format!("logs/exec/{id}.log")), b"# id\r\nuid=0(root)\r\n# cat /etc/shadow\r\nroot:*\r\n# ");
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let list =
        home.run(&["--lake", &lake, "--format", "json", "--since", "2026-11-18", "--until", "2026-11-19", "sessions"]).expect(0).json();
    let of = |id: &str| list["sessions"].as_array().unwrap().iter().find(|session| session["session_id"] == id).unwrap().clone();
    let exec = of(id);
    assert_eq!(
        (&exec["kind"], &exec["target"], &exec["transcript"]["state"]),
        (&json!("ecs_exec"), &json!("shop/0123456789abcdef/web"), &json!("present"))
    );
    assert_eq!(exec["certainty"], "proven");
    let run = of("11111111-2222-4333-8444-555555555555");
    assert_eq!(
        (&run["kind"], &run["target"], &run["transcript"]["state"]),
        (&json!("run_command"), &json!("i-1, i-2"), &json!("impossible"))
    );
    assert_eq!(of(&ended.id)["end"], "2026-11-18T04:00:04Z");
    assert_eq!(list["sessions"].as_array().unwrap().len(), 3);
    let before = home.run(&["--lake", &lake, "--format", "json", "--until", "2026-11-18T04:00:00Z", "sessions"]).expect(5).json();
    assert_eq!(before["sessions"], json!([]));
    let detail = home.run(&["--lake", &lake, "--format", "json", "session", id]).expect(0).json();
    assert_eq!(detail["commands"].as_array().unwrap().len(), 2);
}

#[test]
fn a_log_that_speaks_of_another_machine_person_or_account_is_nobodys() {
    let home = Home::new();
    let mut people = People::default();
    let started: Vec<Started> = (1..=5).map(|number| people.start(number * 3, None)).collect();
    people.deliver(&home.path("logs"));
    let arn = &started[0].user_arn;
    let entry = |id: &str, target: &str, arn: &str| streamed(id, target, arn, &["sh-4.2$ sudo id".to_owned(), "uid=0(root)".to_owned()]);
    let payload = |id: &str, owner: &str| {
        json!({"messageType": "DATA_MESSAGE", "owner": owner, "logGroup": "/ssm", "logStream": id, "subscriptionFilters": [],
            "logEvents": [{"id": "1", "timestamp": 1_795_136_523_000_i64, "message": "sh-4.2$ sudo id\nuid=0(root)\nsh-4.2$ "}]})
    };
    write(&home.path("logs/cw/right.json"), entry(&started[0].id, &started[0].instance, arn).as_bytes());
    write(&home.path("logs/cw/machine.json"), entry(&started[1].id, "i-0ffffffffffffffff", &started[1].user_arn).as_bytes());
    write(
        &home.path("logs/cw/person.json"),
        entry(&started[2].id, &started[2].instance, "arn:aws:iam::111122223333:user/other").as_bytes(),
    );
    write(&home.path("logs/cw/account"), &gzip(payload(&started[3].id, "444455556666").to_string().as_bytes()));
    write(&home.path("logs/cw/own"), &gzip(payload(&started[4].id, ACCOUNT).to_string().as_bytes()));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    for (number, (started, right)) in started.iter().zip([true, false, false, false, true]).enumerate() {
        let detail = home.run(&["--lake", &lake, "--format", "json", "session", &started.id]).expect(0).json();
        let sessions = detail["sessions"].as_array().unwrap();
        if right {
            assert_eq!((sessions.len(), &sessions[0]["transcript"]["state"]), (1, &json!("present")), "{number}");
            continue;
        }
        let orphan = sessions.iter().find(|session| session["finding"] == "orphan").unwrap_or_else(|| panic!("{number}: {detail}"));
        check_orphan(orphan);
        let theirs = sessions.iter().find(|session| session["finding"] != "orphan").unwrap();
        assert_eq!((&theirs["transcript"]["state"], &theirs["actor"]["id"]), (&json!("missing"), &json!(started.actor)));
    }
    let told = alerts(&home, &lake, &["--rule", "sudo"]);
    let named: Vec<&str> =
        told.iter().filter(|alert| !alert["actor"]["id"].is_null()).map(|alert| alert["session_id"].as_str().unwrap()).collect();
    assert_eq!((told.len(), named.len()), (5, 2));
    assert!(named.contains(&started[0].id.as_str()) && named.contains(&started[4].id.as_str()));
}

#[test]
fn where_two_logs_of_a_session_contradict_each_other_nobody_is_blamed() {
    let home = Home::new();
    let mut people = People::default();
    let (forged, copied) = (people.start(1, None), people.start(2, None));
    people.deliver(&home.path("logs"));
    let (true_log, other) = (&b"sh-4.2$ ls\r\nx\r\nsh-4.2$ "[..], &b"sh-4.2$ sudo reboot\r\nsh-4.2$ "[..]);
    write(&home.path(&format!("logs/ssm/{}.log", forged.id)), true_log);
    write(&home.path(&format!("logs/other/{}.log", forged.id)), other);
    // A copy, and one that was taken earlier, are no contradiction.
    let whole = [true_log, b"sudo reboot\r\nsh-4.2$ "].concat();
    write(&home.path(&format!("logs/ssm/{}.log", copied.id)), &whole);
    write(&home.path(&format!("logs/copy/{}.log", copied.id)), &whole);
    write(&home.path(&format!("logs/early/{}.log", copied.id)), true_log);
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let told = alerts(&home, &lake, &["--rule", "sudo"]);
    let of = |id: &str| -> Vec<&Value> { told.iter().filter(|alert| alert["session_id"] == id).collect() };
    let [alert] = of(&forged.id)[..] else { panic!("{told:?}") };
    assert_eq!((&alert["actor"]["id"], &alert["certainty"]), (&json!(null), &json!("ambiguous")));
    assert_eq!(alert["candidates"][0]["actor"]["id"], forged.actor.as_str());
    let [alert] = of(&copied.id)[..] else { panic!("{told:?}") };
    assert_eq!((&alert["actor"]["id"], &alert["certainty"]), (&json!(copied.actor), &json!("proven")));
}

#[test]
fn an_alert_without_a_name_is_completed_when_the_proof_arrives() {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(3, None);
    write(
        &home.path(&format!("logs/ssm/{}.log", started.id)),
        b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ",
    );
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let first = alerts(&home, &lake, &["--rule", "sudo"]);
    assert_eq!(first.len(), 2, "two acts are two alerts");
    assert_ne!(first[0]["alert_id"], first[1]["alert_id"]);
    assert!(first.iter().all(|alert| alert["actor"]["id"].is_null() && alert["update_of"].is_null()));
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0]);
    people.deliver(&home.path("logs"));
    home.ingest(&lake, &[&home.text("logs")]);
    let second = alerts(&home, &lake, &["--rule", "sudo"]);
    assert_eq!(second.len(), 2);
    for (alert, before) in second.iter().zip(&first) {
        assert_eq!((&alert["actor"]["id"], &alert["certainty"]), (&json!(started.actor), &json!("proven")));
        assert_eq!(alert["update_of"], before["alert_id"]);
    }
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0]);
    assert_eq!(home.count(&lake, "alerts"), 4);
}

#[test]
fn what_was_told_before_a_crash_is_completed_by_the_proof_that_came_since() {
    if !lake::fail_point::COMPILED {
        return;
    }
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(3, None);
    write(&home.path(&format!("logs/ssm/{}.log", started.id)), b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ");
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let mut command = home.whodid();
    command.args(["--lake", &lake, "--format", "jsonl", "alert", "--rule", "sudo"]).env("WHODID_CRASH_AT", "told:1");
    let crashed = command.output().unwrap();
    assert!(!crashed.status.success());
    let first: Value = serde_json::from_slice(&crashed.stdout).unwrap();
    assert_eq!((&first["actor"]["id"], home.count(&lake, "alerts")), (&Value::Null, 0));
    people.deliver(&home.path("logs"));
    home.ingest(&lake, &[&home.text("logs")]);
    let second = alerts(&home, &lake, &["--rule", "sudo"]);
    let [alert] = second.as_slice() else { panic!("{second:?}") };
    assert_eq!((&alert["update_of"], &alert["actor"]["id"]), (&first["alert_id"], &json!(started.actor)));
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0]);
}

#[test]
fn a_log_that_grew_is_read_again_and_tells_only_what_is_new() {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(1, None);
    people.deliver(&home.path("logs"));
    let log = home.path(&format!("logs/ssm/{}.log", started.id));
    let (one, two) = ("sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ", "sudo reboot\r\nsh-4.2$ ls\r\nsh-4.2$ ");
    write(&log, one.as_bytes());
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]).len(), 1);
    write(&log, format!("{one}{two}").as_bytes());
    let summary = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!((&summary["session_logs"]["replaced"], &summary["session_logs"]["written"]), (&json!(1), &json!(0)));
    assert_eq!((home.count(&lake, "sessions"), home.count(&lake, "commands")), (1, 3));
    let told = alerts(&home, &lake, &["--rule", "sudo"]);
    assert_eq!(told.iter().map(|alert| alert["command"].as_str().unwrap()).collect::<Vec<_>>(), ["sudo reboot"]);
    // The same lake as from the grown log alone.
    let whole = home.text("whole");
    home.ingest(&whole, &[&home.text("logs")]);
    let without = ["run_id", "version"];
    for table in ["sessions", "commands"] {
        assert_eq!(home.rows(&lake, table, &without), home.rows(&whole, table, &without), "{table}");
    }
    // The upload at the end repeats what was streamed, and is told of no more.
    let lines = ["sh-4.2$ sudo id", "uid=0(root)", "sh-4.2$ sudo reboot", "sh-4.2$ ls"].map(str::to_owned);
    write(&home.path("logs/cw/stream.json"), streamed(&started.id, &started.instance, &started.user_arn, &lines).as_bytes());
    home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0]);
    let detail = home.run(&["--lake", &lake, "--format", "json", "session", &started.id]).expect(0).json();
    assert_eq!(
        (detail["commands"].as_array().unwrap().len(), detail["sessions"][0]["transcript"]["logs"].as_array().unwrap().len()),
        (3, 2)
    );
}

#[test]
fn garbage_is_rejected_with_its_reason_and_counted() {
    let home = Home::new();
    for (name, body) in [
        ("ssm/sato-0123456789abcdefghijklmnop.log", &b"\x7fELF\0\0\0\0\0\0\0\0"[..]),
        ("ssm/evil\u{1b}[2J-0123456789abcdefghijklmnop.log", b"sh-4.2$ sudo id\r\n"),
        ("ssm/tanaka-0123456789abcdefghijklmnop.log.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03 broken"),
    ] {
        write(&home.path(&format!("logs/{name}")), body);
    }
    let long = [b"sh-4.2$ id\r\n".to_vec(), vec![b'x'; 3 << 20], b"\r\nsh-4.2$ sudo id\r\nsh-4.2$ ".to_vec()].concat();
    write(&home.path("logs/ssm/suzuki-0123456789abcdefghijklmnop.log"), &long);
    let lake = home.text("lake");
    let summary = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(
        (&summary["objects"]["seen"], &summary["objects"]["rejected"], &summary["objects"]["read"]),
        (&json!(4), &json!(3), &json!(1))
    );
    let mut reasons: Vec<String> =
        home.sql(&lake, "SELECT reason FROM rejects").iter().map(|row| row["reason"].as_str().unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for reason in ["line_too_long", "not_session_log", "session_id"] {
        assert!(reasons.contains(&reason.to_owned()), "{reasons:?}");
    }
    assert_eq!((home.count(&lake, "objects"), home.count(&lake, "sessions"), home.count(&lake, "commands")), (4, 1, 2));
    home.run(&["--lake", &home.text("strict"), "ingest", "--strict", &home.text("logs")]).expect(6);
}

#[test]
fn a_session_id_that_none_can_have_is_refused_wherever_it_stands() {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(1, None);
    people.deliver(&home.path("logs"));
    let arn = &started.user_arn;
    let lines = ["sh-4.2$ sudo id".to_owned(), "uid=0(root)".to_owned()];
    let ids = [
        "../../etc/x-0123456789abcdefghijklmnop",
        "evil\u{1b}[2J\u{202e}-0123456789abcdefghijklmnop",
        "x\n-0123456789abcdefghijklmnop",
        "",
    ];
    for (number, id) in ids.into_iter().enumerate() {
        write(&home.path(&format!("logs/cw/{number}.json")), streamed(id, "i-0a1b2c3d", arn, &lines).as_bytes());
    }
    write(&home.path("logs/cw/own.json"), streamed(&started.id, &started.instance, arn, &lines).as_bytes());
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let known = home.sql(&lake, "SELECT session_id FROM sessions");
    assert_eq!(known, [json!({"session_id": started.id})]);
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]).len(), 1);
    assert!(!home.path("etc").exists());
    for id in ids.iter().filter(|id| !id.is_empty()) {
        let ended = home.run(&["--lake", &lake, "session", id, "--transcript"]);
        assert!(matches!(ended.code, 2 | 5), "{id:?}: {}", ended.code);
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n' || letter == '\u{202e}'), "{id:?}: {text:?}");
        }
    }
}

#[test]
fn a_session_that_was_resumed_by_another_stays_that_of_who_started_it() {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(3, None);
    people.other(64, "ResumeSession", "ssm.amazonaws.com", json!({"sessionId": started.id}));
    people.other(125, "TerminateSession", "ssm.amazonaws.com", json!({"sessionId": started.id}));
    people.deliver(&home.path("logs"));
    write(&home.path(&format!("logs/ssm/{}.log", started.id)), b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ");
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let detail = home.run(&["--lake", &lake, "--format", "json", "session", &started.id]).expect(0).json();
    let [session] = detail["sessions"].as_array().unwrap().as_slice() else { panic!("{detail}") };
    assert_eq!((&session["actor"]["id"], &session["transcript"]["state"]), (&json!(started.actor), &json!("present")));
    assert_eq!((&session["resumed"], &session["end"]), (&json!(["2026-11-18T04:01:04Z"]), &json!("2026-11-18T04:02:05Z")));
    let told = alerts(&home, &lake, &["--rule", "sudo"]);
    assert_eq!((told.len(), &told[0]["actor"]["id"]), (1, &json!(started.actor)));
}

#[test]
fn secrets_and_control_characters_reach_no_output() {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(1, None);
    people.deliver(&home.path("logs"));
    let text = "sh-4.2$ echo 'Tr0ub4dor&3x' | sudo -S id\r\nuid=0(root)\r\nsh-4.2$ curl -H \"X: Tr0ub4dor&3x\" x\r\n\u{1b}]0;title\u{7}\u{1b}[31mred\u{1b}[0m \u{202e}abc\r\nsh-4.2$ ";
    write(&home.path(&format!("logs/ssm/{}.log", started.id)), text.as_bytes());
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let mut all = home.rows(&lake, "commands", &[]).concat();
    for arguments in [
        &["session", &started.id][..],
        &["session", &started.id, "--transcript"],
        &["--format", "json", "session", &started.id, "--transcript"],
        &["sessions"],
        &["--format", "table", "session", &started.id],
        &["alert"],
    ] {
        let ended = home.run(&[&["--lake", &lake], arguments].concat()).expect(0);
        assert!(!ended.stdout.chars().any(|letter| letter.is_control() && letter != '\n'), "{arguments:?}: {:?}", ended.stdout);
        assert!(!ended.stdout.contains('\u{202e}'), "{arguments:?}");
        all.push_str(&ended.stdout);
    }
    all.push_str(&home.rows(&lake, "alerts", &[]).concat());
    assert!(!all.contains("Tr0ub4dor"), "{all}");
    let shown = home.run(&["--lake", &lake, "session", &started.id, "--transcript"]).expect(0).stdout;
    assert!(shown.contains("> sh-4.2$ echo **** | sudo -S id") && shown.contains("uid=0(root)") && shown.contains("red"), "{shown}");
}

#[test]
fn rules_suppressions_and_exit_codes() {
    let home = Home::new();
    let mut people = People::default();
    let (one, two) = (people.start(1, None), people.start(2, None));
    people.deliver(&home.path("logs"));
    for id in [&one.id, &two.id] {
        write(&home.path(&format!("logs/ssm/{id}.log")), b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ deploy now\r\nsh-4.2$ ");
    }
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let source = "logsource:\n  product: aws\n  service: ssm_session\n";
    let rule =
        format!("title: d\nname: deployed\n{source}detection:\n  s:\n    program: deploy\n    actor|contains: user\n  condition: s\n");
    write(&home.path("rules/a.yml"), rule.as_bytes());
    write(&home.path("rules/b.yml"), format!("title: broken\n{source}detection:\n  s:\n    x|nonsense: 1\n  condition: s\n").as_bytes());
    let suppression = format!(
        "title: known\nowner: ops\nreason: tested\nexpires: 2099-01-01\n{source}filter:\n  rules: [sudo]\n  s:\n    session_id: {}\n  condition: s\n",
        one.id
    );
    write(&home.path("suppress.yml"), suppression.as_bytes());
    let arguments = ["--lake", &lake, "--format", "json", "alert", "--exit-code", "--rules", "rules", "--suppress", "suppress.yml"];
    let ended = home.run(&arguments).expect(10);
    assert!(ended.stderr.contains("b.yml:7"), "the line of the fault: {}", ended.stderr);
    let told = ended.json();
    assert_eq!(told["schema"], "whodid.alert/v1");
    let mut rules: Vec<(String, String)> = told["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| (alert["rule"].as_str().unwrap().to_owned(), alert["session_id"].as_str().unwrap().to_owned()))
        .collect();
    rules.sort();
    let mut expected =
        vec![("deployed".to_owned(), one.id.clone()), ("deployed".to_owned(), two.id.clone()), ("sudo".to_owned(), two.id.clone())];
    expected.sort();
    assert_eq!(rules, expected);
    assert_eq!(told["suppressed"], json!([{"title": "known", "owner": "ops", "reason": "tested", "count": 1}]));
    assert_eq!(home.sql(&lake, "SELECT session_id FROM alerts WHERE disposition = 'suppressed'"), [json!({"session_id": one.id})]);
    home.run(&arguments).expect(0);
    home.run(&["--lake", &lake, "alert", "--rule", "no_such_rule"]).expect(2);
    home.run(&["--lake", &lake, "alert", "--rules", "no/such/file"]).expect(2);
    home.run(&["--lake", &lake, "session", "nobody-0123456789abcdefghijklmnop"]).expect(5);
    home.run(&["--lake", &home.text("none"), "alert"]).expect(2);
    home.run(&["--logs", &home.text("logs"), "sessions"]).expect(0);
}

#[track_caller]
fn check_orphan(session: &Value) {
    assert_eq!((&session["finding"], &session["transcript"]["state"]), (&json!("orphan"), &json!("orphan")));
    assert_eq!(
        (&session["actor"]["kind"], &session["actor"]["id"], &session["certainty"]),
        (&json!("unknown"), &json!(null), &json!("unknown"))
    );
}

#[track_caller]
pub(crate) fn alerts(home: &Home, lake: &str, arguments: &[&str]) -> Vec<Value> {
    let ended = home.run(&[&["--lake", lake, "--format", "jsonl", "alert"], arguments].concat()).expect(0);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for alert in &lines {
        for key in [
            "schema",
            "alert_id",
            "rule",
            "time",
            "actor",
            "certainty",
            "account_id",
            "aws_region",
            "instance_id",
            "run_as_user",
            "session_id",
            "command",
            "elevated",
            "how",
            "evidence",
            "update_of",
        ] {
            assert!(alert.get(key).is_some(), "{key} is missing: {alert}");
        }
    }
    lines
}

/// One entry as the agent streams it, with its newline.
pub(crate) fn streamed(id: &str, instance: &str, arn: &str, lines: &[String]) -> String {
    streamed_at("2026-11-18T05:10:00Z", id, instance, arn, lines)
}

/// The same, at a time.
pub(crate) fn streamed_at(time: &str, id: &str, instance: &str, arn: &str, lines: &[String]) -> String {
    let entry = json!({"eventVersion": "1.0", "eventTime": time, "awsRegion": REGION, "target": {"id": instance},
        "userIdentity": {"arn": arn}, "runAsUser": "ssm-user", "sessionId": id, "sessionData": lines});
    format!("{entry}\n")
}

/// A session that somebody started.
pub(crate) struct Started {
    pub(crate) id: String,
    pub(crate) instance: String,
    /// Who it was, in truth.
    pub(crate) actor: String,
    /// As CloudTrail names the caller.
    pub(crate) user_arn: String,
}

/// IAM users who start sessions: as themselves, through a role, and through a role under a colleague's name.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) records: Vec<Value>,
}

const NAMES: [&str; 5] = ["sato", "tanaka", "suzuki", "it-o", "yamada.t@example.co.jp"];

impl People {
    fn push(&mut self, (number, part): (u32, u32), identity: &Value, (source, name): (&str, &str), request: Value, response: Value) {
        self.records.push(json!({
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": format!("2026-11-18T04:{:02}:{:02}Z", number / 60 % 60, number % 60),
            "eventSource": source, "eventName": name, "awsRegion": REGION, "sourceIPAddress": "192.0.2.10", "userAgent": "aws-cli/2.31.0",
            "requestParameters": request, "responseElements": response, "eventID": format!("{number:08x}-{part:04x}-4000-8000-5e5510000000"),
            "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        }));
    }

    fn user(number: u32) -> (Value, String) {
        let name = NAMES[number as usize % NAMES.len()];
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        let place = number as usize % NAMES.len();
        let identity = json!({"type": "IAMUser", "principalId": format!("AIDAPERSON{place}XXEXAMPLE"), "arn": arn, "accountId": ACCOUNT,
            "accessKeyId": format!("AKIAPERSON{place}XXEXAMPLE"), "userName": name});
        (identity, arn)
    }

    fn caller(&mut self, number: u32) -> (Value, String, String) {
        let (user, actor) = Self::user(number);
        if number.is_multiple_of(3) {
            return (user, actor, NAMES[number as usize % NAMES.len()].to_owned());
        }
        // Every third takes a colleague's name for the session.
        let session = NAMES[(number + u32::from(number % 3 == 2)) as usize % NAMES.len()];
        let (key, role) = (format!("ASIA{number:08}EXAMPLE0"), "AROAOPERATXXXEXAMPLE");
        let time = format!("2026-11-18T04:{:02}:{:02}Z", number / 60 % 60, number % 60);
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/Operations/{session}");
        self.push(
            (number, 1),
            &user,
            ("sts.amazonaws.com", "AssumeRole"),
            json!({"roleArn": format!("arn:aws:iam::{ACCOUNT}:role/Operations"), "roleSessionName": session}),
            json!({"credentials": {"accessKeyId": key, "expiration": "Nov 18, 2026, 9:00:00 AM"},
                "assumedRoleUser": {"assumedRoleId": format!("{role}:{session}"), "arn": arn}}),
        );
        let identity = json!({"type": "AssumedRole", "principalId": format!("{role}:{session}"), "arn": arn, "accountId": ACCOUNT, "accessKeyId": key,
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": role, "arn": format!("arn:aws:iam::{ACCOUNT}:role/Operations"),
                "accountId": ACCOUNT, "userName": "Operations"}, "attributes": {"creationDate": time, "mfaAuthenticated": "false"}}});
        (identity, actor, session.to_owned())
    }

    pub(crate) fn start(&mut self, number: u32, document: Option<&str>) -> Started {
        let (identity, actor, name) = self.caller(number);
        let instance = format!("i-0{number:016x}");
        let id = format!("{name}-{number:026}");
        let mut request = json!({"target": instance});
        if let Some(document) = document {
            request["documentName"] = document.into();
        }
        let response = json!({"sessionId": id, "tokenValue": "Value hidden due to security reasons.", "streamUrl": "wss://x"});
        let user_arn = identity["arn"].as_str().unwrap().to_owned();
        self.push((number, 2), &identity, ("ssm.amazonaws.com", "StartSession"), request, response);
        Started { id, instance, actor, user_arn }
    }

    fn other(&mut self, number: u32, name: &str, source: &str, request: Value) {
        self.answered(number, name, source, request, Value::Null);
    }

    fn answered(&mut self, number: u32, name: &str, source: &str, request: Value, response: Value) {
        let (identity, _, _) = self.caller(number);
        self.push((number, 2), &identity, (source, name), request, response);
    }

    fn denied(&mut self, number: u32) {
        self.other(number, "StartSession", "ssm.amazonaws.com", json!({"target": "i-0a1b2c3d"}));
        self.records.last_mut().unwrap()["errorCode"] = "AccessDenied".into();
    }

    pub(crate) fn deliver(&self, logs: &Path) {
        write(&logs.join(key_of(ACCOUNT, "PEOPLE")), &packed(&self.records));
    }
}
