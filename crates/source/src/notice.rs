//! Reads a message of a queue: JSON in, what it tells of objects out. Pure.
//!
//! S3's own notifications, those that Amazon SNS or EventBridge wrapped, and CloudTrail's own ("Configuring Amazon SNS notifications for
//! CloudTrail") are understood; anything else is refused with a reason, whole: a message is never understood in part.

use serde_json::Value;

use crate::bucket::decode;

/// Messages inside messages, at most: EventBridge behind SNS are two.
pub const WRAPPINGS_MAX: usize = 3;

/// What a message tells of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Where the bucket lies, if that is said.
    pub(crate) aws_region: Option<String>,
    pub(crate) happened: Happened,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It was put there.
    Made {
        size: u64,
        etag: String,
        /// RFC 3339.
        time: String,
    },
    /// It was put there, and nothing else is said.
    Named,
    /// It is gone, or hidden by a delete marker.
    Removed,
    /// Something that changes no bytes: tags, a restore, a transition.
    Other,
}

type Refused = &'static str;

/// What a message tells; nothing where it is S3's test of the queue.
pub(crate) fn read(body: &str) -> Result<Vec<Told>, Refused> {
    let mut message: Value = serde_json::from_str(body).map_err(|_| "it is no JSON")?;
    for _ in 0..WRAPPINGS_MAX {
        match (text(&message, "/Type"), text(&message, "/Message")) {
            (Some("Notification"), Some(inner)) => {
                message = serde_json::from_str(inner).map_err(|_| "what Amazon SNS sends in it is no JSON")?
            }
            (Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"), _) => return Err("it is about a subscription to a topic"),
            _ => break,
        }
    }
    if text(&message, "/Event") == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    if text(&message, "/source") == Some("aws.s3") {
        return of_event_bridge(&message).map(|told| vec![told]);
    }
    if let Some(records) = message.get("Records").and_then(Value::as_array) {
        return records.iter().map(of_s3).collect();
    }
    if let Some(keys) = message.get("s3ObjectKey").and_then(Value::as_array) {
        return keys.iter().map(|key| of_cloudtrail(&message, key)).collect();
    }
    Err("it is no notification of S3 or CloudTrail")
}

fn text<'m>(message: &'m Value, pointer: &str) -> Option<&'m str> {
    message.pointer(pointer)?.as_str()
}

/// A record as in "Event message structure" of the S3 User Guide: the key is URL-encoded, with `+` for a space.
fn of_s3(record: &Value) -> Result<Told, Refused> {
    if text(record, "/eventSource") != Some("aws:s3") {
        return Err("it holds a record that is not of S3");
    }
    let name = text(record, "/eventName").ok_or("a record says not what happened")?;
    let key = text(record, "/s3/object/key").ok_or("a record names no object")?;
    let happened = match name.strip_prefix("s3:").unwrap_or(name).split(':').next() {
        Some("ObjectCreated") => made(record, "/s3/object/size", "/s3/object/eTag", "/eventTime")?,
        Some("ObjectRemoved" | "LifecycleExpiration") => Happened::Removed,
        _ => Happened::Other,
    };
    let key = decode(key).map_err(|_| "a key is not UTF-8")?;
    told(text(record, "/s3/bucket/name"), key, text(record, "/awsRegion"), happened)
}

/// As in "Event message structure" for EventBridge in the S3 User Guide: the key stands as it is.
fn of_event_bridge(event: &Value) -> Result<Told, Refused> {
    let key = text(event, "/detail/object/key").ok_or("the event names no object")?;
    let happened = match text(event, "/detail-type") {
        Some("Object Created") => made(event, "/detail/object/size", "/detail/object/etag", "/time")?,
        Some("Object Deleted") => Happened::Removed,
        Some(_) => Happened::Other,
        None => return Err("the event says not what happened"),
    };
    told(text(event, "/detail/bucket/name"), key.to_owned(), text(event, "/region"), happened)
}

fn of_cloudtrail(message: &Value, key: &Value) -> Result<Told, Refused> {
    let key = key.as_str().ok_or("it names an object by something that is no text")?;
    told(text(message, "/s3Bucket"), key.to_owned(), None, Happened::Named)
}

fn made(message: &Value, size: &str, etag: &str, time: &str) -> Result<Happened, Refused> {
    let size = message.pointer(size).and_then(Value::as_u64).ok_or("an object has no size")?;
    let etag = text(message, etag).ok_or("an object has no ETag")?.trim_matches('"').to_owned();
    Ok(Happened::Made { size, etag, time: text(message, time).ok_or("it says not when")?.to_owned() })
}

fn told(bucket: Option<&str>, key: String, aws_region: Option<&str>, happened: Happened) -> Result<Told, Refused> {
    let bucket = bucket.ok_or("it names no bucket")?;
    // Goes into addresses: `s3://bucket/key`.
    let is_name = !bucket.is_empty() && bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !is_name {
        return Err("what it names is no bucket");
    }
    if key.is_empty() {
        return Err("it names no object");
    }
    let is_region =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let aws_region = aws_region.filter(is_region).map(str::to_owned);
    Ok(Told { bucket: bucket.to_owned(), key, aws_region, happened })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As in the S3 User Guide, "Event message structure".
    fn record(name: &str, key: &str) -> Value {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-west-2", "eventTime": "2026-11-18T05:10:00.000Z",
            "eventName": name, "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"}, "requestParameters": {"sourceIPAddress": "192.0.2.1"},
            "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "audit",
                "bucket": {"name": "audit", "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}, "arn": "arn:aws:s3:::audit"},
                "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5"}}
        })
    }

    fn bridge(kind: &str) -> Value {
        json!({
            "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": kind, "source": "aws.s3",
            "account": "111122223333", "time": "2026-11-18T05:10:00Z", "region": "ca-central-1", "resources": ["arn:aws:s3:::audit"],
            "detail": {"version": "0", "bucket": {"name": "audit"}, "object": {"key": "a b+c%2F", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "617f08299329d189"}, "request-id": "N4N7GDK58NMKJ12R",
                "requester": "123456789012", "source-ip-address": "1.2.3.4", "reason": "PutObject"}
        })
    }

    fn wrapped(message: &Value) -> Value {
        json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-west-2:111122223333:audit", "Subject": "Amazon S3 Notification",
            "Message": message.to_string(), "Timestamp": "2026-11-18T05:10:01.000Z", "SignatureVersion": "1", "Signature": "x"})
    }

    fn one(message: &Value) -> Told {
        let mut told = read(&message.to_string()).unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }

    #[test]
    fn an_object_that_was_made_is_told_of_however_it_is_wrapped() {
        let direct = json!({"Records": [record("ObjectCreated:Put", "AWSLogs/x/2026/11/18/f.json.gz")]});
        let told = one(&direct);
        assert_eq!((told.bucket.as_str(), told.key.as_str()), ("audit", "AWSLogs/x/2026/11/18/f.json.gz"));
        assert_eq!(told.aws_region.as_deref(), Some("us-west-2"));
        let (etag, time) = ("d41d8cd98f00b204e9800998ecf8427e".to_owned(), "2026-11-18T05:10:00.000Z".to_owned());
        assert_eq!(told.happened, Happened::Made { size: 1024, etag, time });
        assert_eq!(one(&wrapped(&direct)), told);
        assert_eq!(one(&wrapped(&wrapped(&direct))), told);
        assert_eq!(one(&json!({"Records": [record("s3:ObjectCreated:CompleteMultipartUpload", "k")]})).key, "k");
        let told = one(&bridge("Object Created"));
        let (etag, time) = ("b1946ac92492d2347c6235b4d2611184".to_owned(), "2026-11-18T05:10:00Z".to_owned());
        assert_eq!((told.key.as_str(), &told.happened), ("a b+c%2F", &Happened::Made { size: 5, etag, time }));
        assert_eq!(one(&wrapped(&bridge("Object Created"))), told);
    }

    #[test]
    fn keys_are_decoded_once() {
        for (encoded, key) in [
            ("a+b", "a b"),
            ("a%20b%2Bc", "a b+c"),
            ("%E6%97%A5%E6%9C%AC", "日本"),
            ("100%25", "100%"),
            ("%252F", "%2F"),
            ("a%0Ab", "a\nb"),
        ] {
            assert_eq!(one(&json!({"Records": [record("ObjectCreated:Put", encoded)]})).key, key);
        }
        for bad in ["%ff", "a%C3"] {
            assert!(read(&json!({"Records": [record("ObjectCreated:Put", bad)]}).to_string()).is_err(), "{bad}");
        }
    }

    #[test]
    fn cloudtrails_own_message_names_objects_and_nothing_else() {
        let message = json!({"s3Bucket": "audit", "s3ObjectKey": ["a+b", "c"]});
        let told = read(&wrapped(&message).to_string()).unwrap();
        let keys: Vec<&str> = told.iter().map(|told| told.key.as_str()).collect();
        assert_eq!(keys, ["a+b", "c"]);
        assert!(told.iter().all(|told| told.happened == Happened::Named && told.bucket == "audit"));
    }

    #[test]
    fn what_is_no_object_that_was_made_is_told_apart() {
        for name in ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "s3:LifecycleExpiration:Delete"] {
            assert_eq!(one(&json!({"Records": [record(name, "k")]})).happened, Happened::Removed, "{name}");
        }
        assert_eq!(one(&json!({"Records": [record("ObjectTagging:Put", "k")]})).happened, Happened::Other);
        assert_eq!(one(&bridge("Object Deleted")).happened, Happened::Removed);
        assert_eq!(one(&bridge("Object Tags Added")).happened, Happened::Other);
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-18T05:10:00.000Z", "Bucket": "audit",
            "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"});
        assert_eq!(read(&test.to_string()), Ok(Vec::new()));
        assert_eq!(read(&wrapped(&test).to_string()), Ok(Vec::new()));
    }

    #[test]
    fn anything_else_is_refused_whole() {
        let mut without_size = record("ObjectCreated:Put", "k");
        without_size["s3"]["object"].as_object_mut().unwrap().remove("size");
        let mut bad_bucket = record("ObjectCreated:Put", "k");
        bad_bucket["s3"]["bucket"]["name"] = "audit/../x".into();
        let deep = (0..10).fold(json!({"Records": []}), |inner, _| wrapped(&inner));
        for message in [
            json!({}),
            json!([]),
            json!("s3:TestEvent"),
            json!({"Records": "none"}),
            json!({"Records": [record("ObjectCreated:Put", "k"), {"eventSource": "aws:sqs"}]}),
            json!({"Records": [without_size]}),
            json!({"Records": [bad_bucket]}),
            json!({"Records": [record("ObjectCreated:Put", "")]}),
            json!({"Type": "SubscriptionConfirmation", "Message": "x", "SubscribeURL": "https://sns.us-west-2.amazonaws.com/"}),
            json!({"Type": "Notification", "Message": "hello"}),
            json!({"source": "aws.s3", "detail": {}}),
            json!({"source": "aws.ec2", "detail-type": "Object Created"}),
            json!({"s3Bucket": "audit", "s3ObjectKey": [1]}),
            deep,
        ] {
            assert!(read(&message.to_string()).is_err(), "{message}");
        }
        for body in ["", "hello", "{", "\u{0}", &"[".repeat(100_000)] {
            assert!(read(body).is_err());
        }
        // Without records there is nothing to do.
        assert_eq!(read(r#"{"Records":[]}"#), Ok(Vec::new()));
    }
}
