//! `init` and `doctor`: what they find in an account and on this machine, what they write, and what they say to do.

use std::process::Command;

use serde_json::{Value, json};

use crate::aws_server::{self, AwsServer, Estate};
use crate::records::{ACCOUNT, key, packed, topic};
use crate::support::{Ended, Home, run, write};

const TRAIL: &str = "arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/org-trail";
const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"*",
    "Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/org-trail"}}}]}"#;

/// AWS with one account, a home, and the runtime that the server lives in.
struct Aws {
    home: Home,
    server: AwsServer,
    // Dropped last: the server stops in it.
    _runtime: tokio::runtime::Runtime,
}

impl Aws {
    /// An account in which all is as it should be.
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(aws_server::start(healthy()));
        Self { home: Home::new(), server, _runtime: runtime }
    }

    fn whodid(&self) -> Command {
        let mut command = self.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.args(["--endpoint-url", &self.server.endpoint, "--region", "ap-northeast-1"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.whodid().args(arguments))
    }

    fn deny(&self, operation: &str) {
        self.server.estate.lock().unwrap().denied.insert(operation.to_owned());
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.home.path("config/whodid/config.toml")).unwrap()
    }

    /// The checks of a run that ends with that code.
    #[track_caller]
    fn doctor(&self, code: i32) -> Value {
        let checked = self.run(&["--json", "doctor"]).expect(code).json();
        assert_eq!(checked["schema"], "whodid.doctor/v1");
        checked
    }
}

fn healthy() -> Estate {
    let now = crate::signed::now();
    let session_logs = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {
        "s3BucketName": "session-logs", "s3KeyPrefix": "ssm", "cloudWatchLogGroupName": "/ssm/sessions", "cloudWatchStreamingEnabled": true,
    }});
    let answers = [
        (
            "DescribeTrails",
            json!({"trailList": [{
                "Name": "org-trail", "TrailARN": TRAIL, "HomeRegion": "ap-northeast-1", "S3BucketName": "audit-logs", "S3KeyPrefix": "ct",
                "IsMultiRegionTrail": true, "IsOrganizationTrail": true, "LogFileValidationEnabled": true, "IncludeGlobalServiceEvents": true,
                "KmsKeyId": "arn:aws:kms:ap-northeast-1:111122223333:key/k",
                "CloudWatchLogsLogGroupArn": "arn:aws:logs:ap-northeast-1:111122223333:log-group:trail:*",
            }]}),
        ),
        ("GetTrailStatus", json!({"IsLogging": true, "LatestDeliveryTime": now - 300, "LatestDigestDeliveryTime": now - 1_800})),
        ("GetEventSelectors", json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]})),
        ("GetDocument", json!({"Content": session_logs.to_string(), "Name": "SSM-SessionManagerRunShell"})),
        (
            "DescribeLogGroups",
            json!({"logGroups": [{
                "logGroupName": "/ssm/sessions",
                "arn": format!("arn:aws:logs:ap-northeast-1:{ACCOUNT}:log-group:/ssm/sessions:*"),
                "logGroupArn": format!("arn:aws:logs:ap-northeast-1:{ACCOUNT}:log-group:/ssm/sessions"),
            }]}),
        ),
        ("FilterLogEvents", json!({"events": []})),
        ("ListPublicKeys", json!({"PublicKeyList": []})),
    ];
    let lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode>\
                <Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
                 <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let of_bucket = |bucket: &str| {
        [("versioning", versions), ("object-lock", lock), ("publicAccessBlock", block), ("policy", POLICY)]
            .map(|(part, answer)| (format!("GET /{bucket}?{part}"), answer.to_owned()))
    };
    let log = format!("audit-logs/ct/{}", key("A").replace("AWSLogs/", "AWSLogs/o-exampleorg/"));
    let digest = log.replace("/CloudTrail/", "/CloudTrail-Digest/");
    Estate {
        account_id: ACCOUNT.to_owned(),
        answers: answers.into_iter().map(|(name, answer)| (name.to_owned(), answer)).collect(),
        settings: ["audit-logs", "session-logs"].iter().flat_map(|bucket| of_bucket(bucket)).collect(),
        objects: [
            (log, packed(&[topic(1)])),
            (digest, Vec::new()),
            ("session-logs/ssm/tanaka-0a1b2c3d4e5f60718.log".to_owned(), b"$ ls".to_vec()),
        ]
        .into(),
        ..Estate::default()
    }
}

fn named<'c>(checked: &'c Value, name: &str) -> &'c Value {
    let checks = checked["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no check {name}: {checked}"))
}

#[test]
fn init_finds_the_trail_and_its_bucket_and_ingest_reads_what_it_wrote() {
    let aws = Aws::new();
    let found = aws.run(&["--json", "init"]).expect(0).json();
    assert_eq!((&found["schema"], &found["account_id"]), (&"whodid.init/v1".into(), &ACCOUNT.into()));
    let trail = &found["trails"][0];
    assert_eq!((&trail["source"], &trail["address"]), (&"audit".into(), &"s3://audit-logs/ct/AWSLogs/".into()), "{found}");
    assert_eq!((&trail["is_logging"], &trail["is_validated"], &trail["records_writes"]), (&true.into(), &true.into(), &true.into()));
    let layout = json!({
        "organization_ids": ["o-exampleorg"], "account_ids": [ACCOUNT], "aws_regions": ["ap-northeast-1"], "has_digests": true,
    });
    assert_eq!(trail["layout"], layout);
    let sessions =
        json!({"address": "s3://session-logs/ssm/", "log_group": "/ssm/sessions", "is_streamed": true, "is_log_group_there": true});
    assert_eq!(found["session_logs"], sessions);
    assert_eq!((&found["unseen"], &found["next"]), (&json!([]), &"whodid ingest audit".into()));
    assert_eq!(found["config"], aws.config().as_str());
    assert!(aws.config().contains("audit = \"s3://audit-logs/ct/AWSLogs/\""), "{}", aws.config());
    for source in ["sessions = \"s3://session-logs/ssm/\"", "session_group = \"logs:///ssm/sessions\""] {
        assert!(aws.config().contains(source), "{source}: {}", aws.config());
    }
    // It does what it says.
    let mut ingest = aws.home.whodid();
    ingest.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    let summary = run(ingest.args(["--json", "ingest", "audit"])).expect(0).json();
    assert_eq!(summary["records"]["written"], 1, "{summary}");
}

#[test]
fn init_says_what_it_found_in_words_and_what_to_run_next() {
    let aws = Aws::new();
    let ended = aws.run(&["init"]).expect(0);
    for part in [
        "organisation trail org-trail",
        "all regions",
        "log file validation on",
        "o-exampleorg",
        "/ssm/sessions",
        "next: whodid ingest audit",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn init_overwrites_nothing_unless_told_to() {
    let aws = Aws::new();
    let path = aws.home.path("config/whodid/config.toml");
    write(&path, b"lake = \"mine\"\n");
    let ended = aws.run(&["init"]).expect(2);
    assert!(ended.stderr.contains("is there already") && ended.stderr.contains("--force"), "{}", ended.stderr);
    assert_eq!((aws.config().as_str(), aws.server.count("DescribeTrails")), ("lake = \"mine\"\n", 0));
    aws.run(&["init", "--force"]).expect(0);
    assert!(aws.config().contains("lake = \"mine\"") && aws.config().contains("audit ="), "{}", aws.config());
    let other = aws.home.text("other.toml");
    aws.run(&["--config", &other, "init"]).expect(0);
    assert!(std::fs::read_to_string(&other).unwrap().contains("[sources]"));
}

#[test]
fn init_names_each_permission_that_is_missing_and_finds_the_rest() {
    let aws = Aws::new();
    for operation in ["GetTrailStatus", "GetEventSelectors", "DescribeLogGroups", "GET /audit-logs?list-type"] {
        aws.deny(operation);
    }
    let found = aws.run(&["--json", "init"]).expect(0).json();
    let missing: Vec<&str> = found["unseen"].as_array().unwrap().iter().map(|unseen| unseen["permission"].as_str().unwrap()).collect();
    for permission in ["cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors", "logs:DescribeLogGroups", "s3:ListBucket"] {
        assert!(missing.iter().any(|missing| missing.starts_with(permission)), "{permission}: {missing:?}");
    }
    assert_eq!((&found["trails"][0]["source"], &found["trails"][0]["layout"]), (&"audit".into(), &Value::Null));
}

#[test]
fn init_that_sees_nothing_writes_nothing() {
    let aws = Aws::new();
    aws.deny("DescribeTrails");
    aws.deny("GetDocument");
    let ended = aws.run(&["init"]).expect(2);
    assert!(ended.stderr.contains("cloudtrail:DescribeTrails") && ended.stderr.contains("ssm:GetDocument"), "{}", ended.stderr);
    assert!(!aws.home.path("config/whodid/config.toml").exists());
    aws.run(&["--offline", "init"]).expect(2);
    run(aws.home.whodid().args(["--endpoint-url", &aws.server.endpoint, "init"])).expect(4);
}

#[test]
fn doctor_finds_nothing_wrong_where_nothing_is() {
    let aws = Aws::new();
    aws.run(&["init"]).expect(0);
    aws.run(&["ingest", "audit"]).expect(0);
    let checked = aws.doctor(0);
    let status: Vec<&str> = checked["checks"].as_array().unwrap().iter().map(|check| check["status"].as_str().unwrap()).collect();
    assert!(status.len() > 20 && !status.contains(&"problem") && !status.contains(&"skipped"), "{checked}");
    for name in [
        "credentials",
        "clock",
        "event_history",
        "public_keys",
        "trail_logging",
        "trail_validation",
        "source_read",
        "bucket_policy",
        "lake_writable",
    ] {
        assert_eq!(named(&checked, name)["status"], "ok", "{checked}");
    }
    let human = aws.run(&["doctor"]).expect(0).stdout;
    assert!(human.contains("ok       credentials: arn:aws:sts::111122223333:assumed-role/Auditor/tanaka"), "{human}");
    // It leaves nothing behind.
    assert!(!crate::support::files(&aws.home.path("data")).keys().any(|name| name.contains("probe")));
}

#[test]
fn doctor_says_of_each_problem_what_to_do() {
    let aws = Aws::new();
    aws.run(&["init"]).expect(0);
    aws.run(&["ingest", "audit"]).expect(0);
    {
        let mut estate = aws.server.estate.lock().unwrap();
        estate.answers.insert("GetTrailStatus".into(), json!({"IsLogging": false}));
        estate.answers.get_mut("DescribeTrails").unwrap()["trailList"][0]["LogFileValidationEnabled"] = false.into();
        estate.settings.remove("GET /audit-logs?publicAccessBlock");
        estate.settings.remove("GET /audit-logs?object-lock");
        estate.settings.remove("GET /audit-logs?versioning");
        estate.settings.insert("GET /audit-logs?policy".into(), POLICY.replace("aws:SourceArn", "s3:x-amz-acl"));
        estate.denied.insert("LookupEvents".into());
        estate.date = Some("Wed, 18 Nov 2020 05:02:11 GMT".into());
        let log = estate.objects.keys().find(|name| name.contains("/CloudTrail/")).unwrap().clone();
        estate.denied.insert(format!("GET /{log}"));
    }
    let checked = aws.doctor(2);
    for (name, status, fix) in [
        ("trail_logging", "problem", "start-logging"),
        ("trail_validation", "warning", "--enable-log-file-validation"),
        ("bucket_public_access", "problem", "put-public-access-block"),
        ("bucket_object_lock", "warning", "compliance"),
        ("bucket_versioning", "warning", "put-bucket-versioning"),
        ("bucket_policy", "warning", "aws:SourceArn"),
        ("event_history", "warning", "cloudtrail:LookupEvents"),
        ("clock", "problem", "NTP"),
        ("source_read", "problem", "kms:Decrypt"),
    ] {
        let check = named(&checked, name);
        assert_eq!(check["status"], status, "{name}: {check}");
        assert!(check["fix"].as_str().unwrap().contains(fix), "{name}: {check}");
    }
}

#[test]
fn doctor_looks_at_this_machine_without_a_network() {
    let home = Home::new();
    write(&home.path("logs").join(key("A")), &packed(&[topic(1)]));
    write(
        &home.path("config/whodid/config.toml"),
        format!("[sources]\nmine = {:?}\naudit = \"s3://audit-logs/\"\n", home.text("logs")).as_bytes(),
    );
    home.run(&["ingest", "mine"]).expect(0);
    let doctor = |code: i32| home.run(&["--json", "--offline", "doctor"]).expect(code).json();
    let checked = doctor(0);
    for (name, status) in [
        ("configuration", "ok"),
        ("hash_key", "ok"),
        ("lake", "ok"),
        ("lake_writable", "ok"),
        ("credentials", "skipped"),
        ("clock", "skipped"),
    ] {
        assert_eq!(named(&checked, name)["status"], status, "{checked}");
    }
    let sources: Vec<&str> = checked["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["name"] == "source")
        .map(|check| check["status"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["skipped", "ok"], "{checked}");
    // A key that others may read, and a source that is gone.
    let key_file = home.path("data/whodid/hash.key");
    std::fs::set_permissions(&key_file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::remove_dir_all(home.path("logs")).unwrap();
    let checked = doctor(2);
    let key = named(&checked, "hash_key");
    assert_eq!((&key["status"], key["fix"].as_str().unwrap().starts_with("chmod 600")), (&"problem".into(), true), "{key}");
    assert_eq!(checked["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "problem").count(), 2, "{checked}");
    // No credentials is a problem where AWS may be asked.
    let checked = home.run(&["--json", "doctor"]).expect(2).json();
    assert_eq!(named(&checked, "credentials")["status"], "problem", "{checked}");
    let table = home.run(&["--format", "csv", "--offline", "doctor"]).expect(2).stdout;
    assert!(table.starts_with("name,subject,status,detail,fix\r\n"), "{table}");
}

/// What the code names when AWS refuses it is what the policy allows.
#[test]
fn the_policy_allows_what_is_asked() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = std::fs::read_to_string(root.join("deploy/iam/setup-policy.json")).unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let allowed = policy["Statement"].to_string();
    let mut asked = 0;
    for file in ["lookup.rs", "trails.rs"] {
        let code = std::fs::read_to_string(root.join("crates/source/src").join(file)).unwrap();
        for permission in
            code.split('"').filter(|text| ["cloudtrail:", "logs:", "s3:Get", "s3:List", "ssm:"].iter().any(|start| text.starts_with(start)))
        {
            assert!(allowed.contains(&format!("\"{permission}\"")), "{permission}");
            asked += 1;
        }
    }
    assert!(asked >= 10, "{asked}");
}
