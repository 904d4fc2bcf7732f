//! What holds for every record and question: limits, secrets, looks, spellings.

use super::*;

#[test]
fn partitions_come_from_the_record_or_the_region() {
    check_in(
        "dynamodb:DeleteTable",
        "cn-north-1",
        &request(r#""tableName":"t""#),
        "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/t",
        &["t"],
    );
    check_in(
        "dynamodb:DeleteTable",
        "us-gov-west-1",
        &request(r#""tableName":"t""#),
        "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/t",
        &["t"],
    );
    let record = r#"{"requestParameters":{"bucketName":"b"},"resources":[{"ARN":"arn:aws-cn:iam::111122223333:role/x"}]}"#;
    check_in("s3:PutBucketPolicy", "", record, "arn:aws-cn:s3:::b", &["b"]);
}

#[test]
fn unknown_services_are_found_by_looks() {
    let record = r#"{"requestParameters":{"jobName":"tune-1","clientRequestToken":"11111111-2222-3333-4444-555555555555","engineVersion":"3"},
        "responseElements":{"jobArn":"arn:aws:newthing:ap-northeast-1:111122223333:job/tune-1","nested":{"deeper":{"vpcIds":["vpc-0a1b2c3d"],"keyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}}}}"#;
    let found = keys_of("newthing:CreateJob", R, record);
    let name = found.iter().find(|m| m.key == "tune-1").unwrap();
    assert_eq!(
        (name.arn.as_deref(), name.exact, name.form),
        (Some("arn:aws:newthing:ap-northeast-1:111122223333:job/tune-1"), false, Form::Name)
    );
    let vpc = found.iter().find(|m| m.key == "vpc-0a1b2c3d").unwrap();
    assert_eq!((vpc.arn.as_deref(), vpc.exact), (Some(ec2("vpc/vpc-0a1b2c3d").as_str()), false));
    assert!(found.iter().any(|m| m.key == "1234abcd-12ab-34cd-56ef-1234567890ab" && m.form == Form::Id));
    assert!(!found.iter().any(|m| m.key.starts_with("11111111") || m.key == "3"));
    let document = r#"{"additionalEventData":"{\"MountTargetId\":\"fsmt-0a1b2c3d\"}","serviceEventDetails":{"cause":"by arn:aws:iam::111122223333:role/x, later"}}"#;
    check_found("elasticfilesystem:NewClientConnection", document, &["fsmt-0a1b2c3d", "arn:aws:iam::111122223333:role/x"]);
}

#[test]
fn secrets_are_never_keys() {
    let members = r#""name":"n","sessionToken":"s3cret-0a1b2c3d","secretAccessKey":"s3cret-0a1b2c3d","password":"s3cret-0a1b2c3d","masterUserPassword":"s3cret-0a1b2c3d","userData":"s3cret-0a1b2c3d","secretString":"s3cret-0a1b2c3d","tokenValue":"s3cret-0a1b2c3d","authTokens":["s3cret-0a1b2c3d"],"credentials":{"sessionToken":"arn:aws:s3:::s3cret"},
        "userName":"HIDDEN_DUE_TO_SECURITY_REASONS","groupName":"****","keyName":"<sensitiveDataRemoved>","roleName":"***""#;
    for source in ["newthing", "iam", "secretsmanager", "ec2"] {
        let found = keys_of(&format!("{source}:CreateThing"), R, &request(members));
        assert!(found.iter().all(|m| m.key == "n"), "{found:?}");
    }
}

#[test]
fn a_record_has_no_more_keys_than_the_limit() {
    let mut out = Mentions::default();
    for at in 0..2 * KEYS_MAX {
        out.add(Mention { key: Cow::Owned(format!("loose-{at}")), form: Form::Name, arn: None, exact: false });
    }
    assert_eq!(out.as_slice().len(), KEYS_MAX);
    for at in 0..KEYS_MAX + 10 {
        let mention = Mention { key: Cow::Owned(format!("exact-{at}")), form: Form::Id, arn: None, exact: true };
        out.add(mention.clone());
        out.add(mention);
    }
    assert_eq!(out.as_slice().len(), KEYS_MAX);
    assert!(out.as_slice().iter().all(|m| m.exact));
    let ids: Vec<String> = (0..20_000).map(|at| format!(r#"{{"instanceId":"i-{at:017x}"}}"#)).collect();
    let started = std::time::Instant::now();
    let found = keys_of("ec2:TerminateInstances", R, &request(&format!(r#""instancesSet":{{"items":[{}]}}"#, ids.join(","))));
    assert_eq!(found.len(), KEYS_MAX);
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn an_overlong_string_is_no_key() {
    let long = "x".repeat(KEY_BYTES_MAX + 1);
    assert!(keys_of("s3:CreateBucket", R, &request(&format!(r#""bucketName":"{long}""#))).is_empty());
    let most = "x".repeat(KEY_BYTES_MAX - "arn:aws:s3:::".len());
    assert!(keys_of("s3:CreateBucket", R, &request(&format!(r#""bucketName":"{most}""#))).iter().any(|m| m.key == most));
}

#[test]
fn an_exact_key_wins_over_the_same_found_by_looks() {
    let mut out = Mentions::default();
    let arn = Cow::Borrowed("arn:aws:s3:::b");
    out.add(Mention { key: "b".into(), form: Form::Id, arn: None, exact: false });
    out.add(Mention { key: "b".into(), form: Form::Name, arn: Some(arn.clone()), exact: true });
    out.add(Mention { key: "b".into(), form: Form::Id, arn: None, exact: false });
    assert_eq!(out.as_slice(), [Mention { key: "b".into(), form: Form::Name, arn: Some(arn), exact: true }]);
}

#[test]
fn shapes_are_told_apart() {
    let cases = [
        ("arn:aws:s3:::b", Look::Arn),
        ("arn:aws:sts::111122223333:assumed-role/deploy/build-7", Look::AssumedRoleArn),
        ("AKIAIOSFODNN7EXAMPLE", Look::AccessKey),
        ("akiaiosfodnn7example", Look::Bare),
        ("AROAEXAMPLEEXAMPLE123", Look::UniqueId),
        ("AROAEXAMPLEEXAMPLE123:build-7", Look::UniqueId),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", Look::EventId),
        (" sg-0a1b2c3d ", Look::ResourceId),
        ("sato-0abcdefghijklmnopqrstuvwxy", Look::SessionId),
        ("sato@example.co.jp-0abcdefghijklmnop", Look::SessionId),
        ("sato@example.co.jp", Look::Email),
        ("s3://logs/a.gz", Look::S3Url),
        ("web", Look::Bare),
        ("", Look::Bare),
    ];
    for (thing, look) in cases {
        assert_eq!(looks_like(thing), look, "{thing}");
    }
}

#[test]
fn questions_are_spelt_every_way() {
    let cases: &[(&str, &[&str])] = &[
        ("arn:aws:iam::111122223333:role/ci/deploy", &["arn:aws:iam::111122223333:role/deploy"]),
        ("arn:aws:lambda:ap-northeast-1:111122223333:function:f:live", &["arn:aws:lambda:ap-northeast-1:111122223333:function:f"]),
        ("arn:aws:logs:ap-northeast-1:111122223333:log-group:g:*", &["arn:aws:logs:ap-northeast-1:111122223333:log-group:g"]),
        ("arn:aws:logs:ap-northeast-1:111122223333:log-group:g", &["arn:aws:logs:ap-northeast-1:111122223333:log-group:g:*"]),
        ("arn:aws:ec2:ap-northeast-1:111122223333:instance/i-0a1b2c3d", &["i-0a1b2c3d"]),
        ("arn:aws:cloudformation:ap-northeast-1:111122223333:stack/web/19182870-87c7-11ef-bc78-0e34431d21e9", &["web"]),
        ("s3://logs/a/b.gz", &["arn:aws:s3:::logs/a/b.gz"]),
        ("s3://logs/", &["arn:aws:s3:::logs"]),
        ("https://sqs.eu-west-1.amazonaws.com/111122223333/jobs", &["arn:aws:sqs:eu-west-1:111122223333:jobs"]),
        ("/app", &["app"]),
        ("app/db", &["/app/db"]),
        ("AROAEXAMPLEEXAMPLE123:build-7", &["AROAEXAMPLEEXAMPLE123"]),
        ("/hostedzone/Z0123456789ABC", &["Z0123456789ABC"]),
        ("web", &[]),
    ];
    for (thing, others) in cases {
        let keys: Vec<String> = spellings(&format!(" {thing}\n")).into_iter().map(|spelling| spelling.key).collect();
        assert_eq!(keys.first().map(String::as_str), Some(*thing));
        for other in *others {
            assert!(keys.iter().any(|key| key == other), "{thing}: {keys:?}");
        }
    }
}

#[test]
fn what_is_built_for_one_record_has_a_limit() {
    // Each name would have an ARN as long as the name of the bucket.
    let bucket = "b".repeat(KEY_BYTES_MAX - 100);
    let keys: Vec<String> = (0..18_000).map(|at| format!(r#"{{"tableName":"t-{at}"}}"#)).collect();
    let record = request(&format!(r#""databaseName":"{bucket}","tables":[{}]"#, keys.join(",")));
    let texts = bumpalo::Bump::new();
    let mut tape = Tape::default();
    tape.read(record.as_bytes(), 0, usize::MAX).unwrap();
    let touched = Touched {
        event_source: "glue.amazonaws.com",
        event_name: "BatchCreateTable",
        aws_region: R,
        account_id: A,
        api_version: None,
        request: tape.root(&record).and_then(|root| root.get("requestParameters")),
        response: None,
        resources: None,
        service_event_details: None,
        additional: None,
    };
    let mut found = Mentions::default();
    mentions(&touched, &mut Calls::default(), &texts, &mut found);
    assert_eq!(found.as_slice().len(), KEYS_MAX);
    assert!(texts.allocated_bytes() < 4 * walk::BUILT_BYTES_MAX, "{}", texts.allocated_bytes());
}
