//! CloudTrail's public keys, from a server on loopback that answers as CloudTrail does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod s3_server;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::{BehaviorVersion, Credentials, Region};
use source::{Error, ListedKey, list_public_keys_by};

const KEY: &str = r#"{"Value":"b25l","Fingerprint":"f1","ValidityStartTime":1794978131.0,"ValidityEndTime":1795064531.5}"#;

async fn ask(answers: &[String]) -> (Result<Vec<ListedKey>, Error>, Vec<String>) {
    let folder = tempfile::TempDir::new().unwrap();
    let server = s3_server::start(folder.path()).await;
    server.public_keys.lock().unwrap().answers.extend(answers.iter().cloned());
    let config = aws_sdk_cloudtrail::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new(&server.access_key, &server.secret_key, None, None, "test"))
        .endpoint_url(&server.endpoint);
    let keys = list_public_keys_by(&Client::from_conf(config.build()), "eu-west-1", 0, 1_800_000_000_000_000, None).await;
    let regions = server.public_keys.lock().unwrap().regions.clone();
    (keys, regions)
}

#[tokio::test]
async fn keys_of_all_pages_are_read() {
    let second = KEY.replace("f1", "f2").replace("b25l", "dHdv");
    let pages = [format!(r#"{{"PublicKeyList":[{KEY}],"NextToken":"more"}}"#), format!(r#"{{"PublicKeyList":[{second}]}}"#)];
    let (keys, regions) = ask(&pages).await;
    let keys = keys.unwrap();
    assert_eq!(
        keys[0],
        ListedKey { fingerprint: "f1".into(), der: b"one".to_vec(), valid_from: 1_794_978_131_000_000, valid_until: 1_795_064_531_500_000 }
    );
    assert_eq!((keys.len(), keys[1].der.as_slice()), (2, &b"two"[..]));
    assert_eq!(regions, ["eu-west-1", "eu-west-1"]);
}

#[tokio::test]
async fn answers_that_cannot_be_believed_whole_are_errors() {
    let part = r#"{"PublicKeyList":[{"Value":"b25l","Fingerprint":"f1","ValidityStartTime":1.0}]}"#.to_owned();
    let endless = vec![r#"{"PublicKeyList":[],"NextToken":"more"}"#.to_owned(); source::KEY_PAGES_MAX];
    for answers in [vec![part], endless] {
        let (keys, _) = ask(&answers).await;
        assert!(matches!(&keys, Err(Error::List { what, .. }) if what.contains("eu-west-1")), "{keys:?}");
    }
}
