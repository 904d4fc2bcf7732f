//! Where alerts go: topics and event buses, one message a session, and nothing lost while a sink is down.

use serde_json::{Value, json};

use crate::alarm::{one_session, webhook};
use crate::moto::{Moto, REGION, Relay};
use crate::records::ACCOUNT;
use crate::support::{Ended, Home, run, write};

fn alert(home: &Home, lake: &str, endpoint: &str, arguments: &[&str]) -> Ended {
    let mut command = home.whodid();
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    command.args(["--endpoint-url", endpoint, "--region", REGION, "--lake", lake, "--format", "jsonl", "alert", "--rule", "sudo"]);
    run(command.args(arguments))
}

/// A topic and a bus that put what they take into queues: their names, and the URLs of the queues.
fn sinks(moto: &Moto) -> ([String; 2], [String; 2]) {
    let (by_topic, topic_queue) = moto.queue("by-topic");
    let (by_bus, bus_queue) = moto.queue("by-bus");
    let topic = moto.query("sns", "Action=CreateTopic&Version=2010-03-31&Name=alerts", "TopicArn");
    let escaped = |text: &str| text.replace(':', "%3A");
    let subscribe =
        format!("Action=Subscribe&Version=2010-03-31&Protocol=sqs&TopicArn={}&Endpoint={}", escaped(&topic), escaped(&topic_queue));
    moto.query("sns", &subscribe, "SubscriptionArn");
    moto.call("events", "AWSEvents.CreateEventBus", &json!({"Name": "security"}));
    let rule = json!({"Name": "all", "EventBusName": "security", "EventPattern": "{\"source\":[\"whodid\"],\"detail-type\":[\"alert\"]}"});
    moto.call("events", "AWSEvents.PutRule", &rule);
    let targets = json!({"Rule": "all", "EventBusName": "security", "Targets": [{"Id": "1", "Arn": bus_queue}]});
    moto.call("events", "AWSEvents.PutTargets", &targets);
    ([topic, "security".to_owned()], [by_topic, by_bus])
}

#[test]
fn a_session_is_one_message_to_a_topic_and_to_a_bus() {
    let (home, lake) = one_session();
    let moto = Moto::start();
    let ([topic, bus], [by_topic, by_bus]) = sinks(&moto);
    let arguments = ["--topic", &topic, "--event-bus", &bus];
    assert_eq!(alert(&home, &lake, &moto.endpoint, &arguments).expect(0).stdout.lines().count(), 2);
    assert_eq!(home.count(&lake, "alerts"), 2);
    let [published] = moto.take(&by_topic).try_into().expect("one message");
    assert_eq!(published["Subject"], "whodid: 2 matches (sudo) on i-00000000000000002");
    assert_eq!(published["MessageAttributes"]["level"]["Value"], "medium", "{published}");
    let message: Value = serde_json::from_str(published["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&message["schema"], &message["count"]), (&json!("whodid.message/v1"), &json!(2)));
    assert_eq!(message["alerts"][1]["command"], "sudo reboot");
    let [event] = moto.take(&by_bus).try_into().expect("one event");
    assert_eq!((&event["source"], &event["detail-type"]), (&json!("whodid"), &json!("alert")));
    assert_eq!(event["detail"], message);
    assert_eq!(alert(&home, &lake, &moto.endpoint, &arguments).expect(0).stdout, "", "told once");
    assert!(moto.take(&by_topic).is_empty() && moto.take(&by_bus).is_empty());
}

#[test]
fn a_busy_hour_is_one_message_and_what_waits_is_not_lost() {
    let (home, lake) = one_session();
    let moto = Moto::start();
    let ([topic, _], [by_topic, _]) = sinks(&moto);
    let logs = home.text("logs");
    let log = std::fs::read_dir(home.path("logs/ssm")).unwrap().next().unwrap().unwrap().path();
    alert(&home, &lake, &moto.endpoint, &["--topic", &topic]).expect(0);
    assert_eq!(moto.take(&by_topic).len(), 1);
    let mut text = std::fs::read(&log).unwrap();
    for number in 0..3 {
        text.extend_from_slice(format!("sudo busy {number}\r\nsh-4.2$ ").as_bytes());
        write(&log, &text);
        home.ingest(&lake, &[&logs]);
        let ended = alert(&home, &lake, &moto.endpoint, &["--topic", &topic]).expect(0);
        assert_eq!(ended.stdout.lines().count(), 1, "on standard output once, and at once: {}", ended.stdout);
        assert_eq!(moto.take(&by_topic), [Value::Null; 0], "the hour is not over");
        assert_eq!(home.count(&lake, "alerts"), 2, "not told of, not remembered");
    }
    let ended = alert(&home, &lake, &moto.endpoint, &["--topic", &topic, "--pause", "0"]).expect(0);
    assert_eq!(ended.stdout, "");
    let [published] = moto.take(&by_topic).try_into().expect("one message");
    let message: Value = serde_json::from_str(published["Message"].as_str().unwrap()).unwrap();
    assert_eq!((message["count"].as_u64(), message["alerts"].as_array().unwrap().len()), (Some(3), 3), "{message}");
    assert_eq!(home.count(&lake, "alerts"), 5);
    assert_eq!(alert(&home, &lake, &moto.endpoint, &["--topic", &topic, "--pause", "0"]).expect(0).stdout, "");
    assert!(moto.take(&by_topic).is_empty());
}

#[test]
fn a_sink_that_is_down_loses_nothing_and_the_others_are_told_once() {
    let (home, lake) = one_session();
    let moto = Moto::start();
    let ([topic, bus], [by_topic, by_bus]) = sinks(&moto);
    let (url, messages) = webhook(vec![500, 500, 500, 500, 500, 500, 200]);
    let arguments = ["--webhook", &url, "--topic", &topic, "--event-bus", &bus];
    for _ in 0..2 {
        let ended = alert(&home, &lake, &moto.endpoint, &arguments).expect(2);
        assert!(ended.stderr.contains("\"sink\"") && !ended.stderr.contains("SECRET"), "{}", ended.stderr);
        assert_eq!(home.count(&lake, "alerts"), 0);
    }
    alert(&home, &lake, &moto.endpoint, &arguments).expect(0);
    assert_eq!((moto.take(&by_topic).len(), moto.take(&by_bus).len()), (1, 1), "those that took it are not told again");
    let sent: Vec<Value> = messages.try_iter().collect();
    assert_eq!((sent.len(), &sent[6]["count"]), (7, &json!(2)));
    assert_eq!(home.count(&lake, "alerts"), 2);
    alert(&home, &lake, &moto.endpoint, &arguments[2..]).expect(0);
    assert!(moto.take(&by_topic).is_empty());
}

#[test]
fn a_sink_that_is_not_there_or_not_ours_to_tell_is_said_with_what_to_do() {
    let (home, lake) = one_session();
    let moto = Moto::start();
    let denied = |operation: &str, _: &Value| {
        let refused = json!({"__type": "AccessDeniedException", "message": "no"});
        (operation == "AWSEvents.PutEvents").then_some((400, refused))
    };
    let relay = Relay::start(Some(&moto), denied);
    moto.call("events", "AWSEvents.CreateEventBus", &json!({"Name": "security"}));
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:none");
    for (arguments, said) in [
        (["--topic", topic.as_str()], "aws sns list-topics"),
        (["--topic", "alerts"], "arn:aws:sns:REGION:ACCOUNT:NAME"),
        (["--event-bus", "none"], "aws events list-event-buses"),
        (["--event-bus", "a b"], "arn:aws:events:REGION:ACCOUNT:event-bus/NAME"),
        (["--event-bus", "security"], "events:PutEvents"),
    ] {
        let ended = alert(&home, &lake, &relay.endpoint, &arguments).expect(2);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
        assert_eq!(home.count(&lake, "alerts"), 0, "{arguments:?}");
    }
    home.run(&["--lake", &lake, "--offline", "alert", "--topic", &topic]).expect(2);
    let refused = |operation: &str, _: &Value| match operation {
        "AWSEvents.PutEvents" => {
            Some((200, json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "later"}]})))
        }
        _ => None,
    };
    let relay = Relay::start(Some(&moto), refused);
    let ended = alert(&home, &lake, &relay.endpoint, &["--event-bus", "security"]).expect(2);
    assert!(ended.stderr.contains("\"sink\"") && ended.stderr.contains("InternalFailure"), "{}", ended.stderr);
}
