//! What every source promises, asked of each: memory, a folder, a bucket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod s3_server;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use futures::TryStreamExt;
use s3_server::Server;
use source::{Bucket, Error, Folder, Listed, Memory, Options, Source};
use tempfile::TempDir;

const BUCKET: &str = "audit";

/// Not in the order of their bytes: a folder's files come after `a.json`, whose dot is below the slash.
const AWKWARD: &[&str] = &[
    "b/c/d.json",
    "a/b.json",
    "a.json",
    "a0.json",
    "with space.json",
    "plus+equals=percent%.json",
    "%2F.json",
    "監査/ログ.json",
    "a/c",
    "Z",
];

/// A source, and what it reads from.
struct Case {
    source: Box<dyn Source>,
    root: Option<TempDir>,
    server: Option<Server>,
}

impl Case {
    fn memory(keys: &[&str]) -> Case {
        let objects = keys.iter().map(|key| (*key, body(key)));
        Case { source: Box::new(Memory::new("memory", objects)), root: None, server: None }
    }

    async fn folder(keys: &[&str]) -> Case {
        let root = written(keys);
        let path = root.path().join(BUCKET);
        Case { source: source::open(path.to_str().unwrap(), &Options::default()).await.unwrap(), root: Some(root), server: None }
    }

    async fn bucket(keys: &[&str]) -> Case {
        Case::bucket_at(keys, "s3://audit").await
    }

    async fn bucket_at(keys: &[&str], spec: &str) -> Case {
        let root = written(keys);
        let server = s3_server::start(root.path()).await;
        let source = Bucket::new(client(&server.endpoint, &server.access_key, &server.secret_key), spec).await.unwrap();
        Case { source: Box::new(source), root: Some(root), server: Some(server) }
    }

    async fn all(keys: &[&str]) -> [Case; 3] {
        [Case::memory(keys), Case::folder(keys).await, Case::bucket(keys).await]
    }

    /// The file behind a key of a folder or a bucket.
    fn path(&self, key: &str) -> Option<std::path::PathBuf> {
        self.root.as_ref().map(|root| root.path().join(BUCKET).join(key))
    }
}

fn body(key: &str) -> Bytes {
    format!("what lies in {key}").into()
}

fn written(keys: &[&str]) -> TempDir {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join(BUCKET)).unwrap();
    for key in keys {
        let path = root.path().join(BUCKET).join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body(key)).unwrap();
    }
    root
}

fn client(endpoint: &str, access_key: &str, secret_key: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn listed(source: &dyn Source) -> Vec<Listed> {
    source.list().await.unwrap().try_collect().await.unwrap()
}

async fn keys(source: &dyn Source) -> Vec<String> {
    listed(source).await.into_iter().map(|listed| listed.key).collect()
}

/// Keys and problems, in the order in which they come.
async fn with_problems(source: &dyn Source) -> Vec<Result<String, Error>> {
    use futures::StreamExt;
    source.list().await.unwrap().map(|listed| listed.map(|listed| listed.key)).collect().await
}

#[tokio::test]
async fn lists_every_object_in_the_byte_order_of_its_key_with_its_size() {
    let mut expected: Vec<(String, u64)> = AWKWARD.iter().map(|key| ((*key).to_owned(), body(key).len() as u64)).collect();
    expected.sort();
    for case in Case::all(AWKWARD).await {
        let found: Vec<(String, u64)> = listed(&*case.source).await.into_iter().map(|listed| (listed.key, listed.size)).collect();
        assert_eq!(found, expected, "{}", case.source.name());
    }
}

#[tokio::test]
async fn a_bucket_is_listed_level_by_level_and_between_keys() {
    let case = Case::bucket(&["a/1", "a/2", "a/b/3", "c d/+4", "e"]).await;
    let bucket = case.source.as_bucket().unwrap();
    let level = bucket.level("", 10).await.unwrap();
    assert_eq!((level.folders, level.objects.len(), level.whole), (vec!["a/".to_owned(), "c d/".to_owned()], 1, true));
    let level = bucket.level("a/", 10).await.unwrap();
    assert_eq!((level.folders, level.objects.len()), (vec!["a/b/".to_owned()], 2));
    assert_eq!(bucket.level("nowhere/", 10).await.unwrap().folders.len(), 0);
    let of = async |prefix: &str, after: Option<&str>, before: Option<&str>| {
        let range = source::Range { prefix: prefix.into(), after: after.map(str::to_owned), before: before.map(str::to_owned) };
        let found: Vec<Listed> = bucket.list_range(range).try_collect().await.unwrap();
        found.into_iter().map(|listed| listed.key).collect::<Vec<_>>()
    };
    assert_eq!(of("", None, None).await.len(), 5);
    assert_eq!(of("", Some("a/1"), Some("c d/")).await, ["a/2", "a/b/3"]);
    assert_eq!(of("a/", Some("a/2"), None).await, ["a/b/3"]);
    assert_eq!(of("c", None, Some("c d/+4")).await, [""; 0]);
}

#[tokio::test]
async fn fetches_the_bytes_of_awkward_keys() {
    for case in Case::all(AWKWARD).await {
        for object in listed(&*case.source).await {
            let bytes = case.source.fetch(&object, 1024).await.unwrap();
            assert_eq!(bytes, body(&object.key), "{}", object.uri);
        }
    }
}

#[tokio::test]
async fn names_an_object_by_where_it_lies() {
    let [memory, folder, bucket] = Case::all(&["a/b c.json"]).await;
    assert_eq!(listed(&*memory.source).await[0].uri, "memory://memory/a/b c.json");
    assert_eq!(listed(&*bucket.source).await[0].uri, "s3://audit/a/b c.json");
    let path = fs::canonicalize(folder.path("a/b c.json").unwrap()).unwrap();
    assert_eq!(listed(&*folder.source).await[0].uri, path.to_str().unwrap());
}

#[tokio::test]
async fn files_and_buckets_say_when_an_object_was_modified() {
    let year_2000 = 946_684_800_000_000;
    for case in [Case::folder(&["a"]).await, Case::bucket(&["a"]).await] {
        assert!(listed(&*case.source).await[0].modified.unwrap() > year_2000);
    }
}

#[tokio::test]
async fn an_object_over_the_cap_is_refused_and_one_at_the_cap_is_not() {
    for case in Case::all(&["a"]).await {
        let object = &listed(&*case.source).await[0];
        assert!(case.source.fetch(object, object.size).await.is_ok(), "{}", object.uri);
        let refused = case.source.fetch(object, object.size - 1).await.unwrap_err();
        assert!(matches!(refused, Error::TooLarge { bytes_max, .. } if bytes_max == object.size - 1), "{refused:?}");
    }
}

#[tokio::test]
async fn the_cap_holds_for_an_object_that_grew_since_it_was_listed() {
    for case in [Case::folder(&["a"]).await, Case::bucket(&["a"]).await] {
        let object = &listed(&*case.source).await[0];
        fs::write(case.path("a").unwrap(), vec![b'x'; 100_000]).unwrap();
        let refused = case.source.fetch(object, object.size).await.unwrap_err();
        assert!(matches!(refused, Error::TooLarge { .. }), "{refused:?}");
        assert_eq!(case.source.fetch(object, 100_000).await.unwrap().len(), 100_000);
    }
}

#[tokio::test]
async fn an_object_that_vanished_is_not_found() {
    for mut case in Case::all(&["a", "b"]).await {
        let object = listed(&*case.source).await.remove(0);
        match case.path("a") {
            Some(path) => fs::remove_file(path).unwrap(),
            None => case = Case::memory(&["b"]),
        }
        let missing = case.source.fetch(&object, 1024).await.unwrap_err();
        assert!(matches!(&missing, Error::NotFound { what } if *what == object.uri), "{missing:?}");
    }
}

#[tokio::test]
async fn of_objects_fetched_together_each_is_what_it_is_alone() {
    for case in Case::all(&["a", "b", "c"]).await {
        let objects = listed(&*case.source).await;
        let gone = Listed { key: "gone".to_owned(), uri: objects[1].uri.replace('b', "gone"), ..objects[1].clone() };
        let asked = [&objects[2], &gone, &objects[0], &objects[1]];
        let found = case.source.fetch_each(&asked, 1024).await;
        let bodies: Vec<Option<&Bytes>> = found.iter().map(|found| found.as_ref().ok()).collect();
        let (a, b, c) = (body("a"), body("b"), body("c"));
        assert_eq!(bodies, [Some(&c), None, Some(&a), Some(&b)], "{}", case.source.name());
        assert!(matches!(found[1].as_ref().unwrap_err(), Error::NotFound { .. }), "{found:?}");
        assert!(case.source.fetch_each(&[], 1024).await.is_empty());
        assert!(case.source.together() > 0);
    }
}

#[tokio::test]
async fn an_empty_source_lists_nothing() {
    for case in Case::all(&[]).await {
        assert_eq!(keys(&*case.source).await, Vec::<String>::new(), "{}", case.source.name());
    }
}

#[tokio::test]
async fn more_objects_than_a_page_or_a_batch_are_listed_once_each() {
    let many: Vec<String> = (0..1234).map(|number| format!("{:02}/{number:05}.json", number % 7)).collect();
    let mut expected = many.clone();
    expected.sort();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for case in Case::all(&many).await {
        assert_eq!(keys(&*case.source).await, expected, "{}", case.source.name());
    }
}

#[tokio::test]
async fn a_missing_bucket_or_folder_is_not_found_at_once() {
    let case = Case::bucket(&[]).await;
    let server = case.server.as_ref().unwrap();
    let missing = Bucket::new(client(&server.endpoint, &server.access_key, &server.secret_key), "s3://no-such-bucket/p").await.unwrap_err();
    assert!(matches!(&missing, Error::NotFound { what } if what == "s3://no-such-bucket"), "{missing:?}");
    assert!(missing.hint().unwrap().contains("aws s3 ls s3://no-such-bucket"));

    let missing = Folder::open("/no/such/folder").await.unwrap_err();
    assert!(matches!(&missing, Error::NotFound { what } if what == "/no/such/folder"), "{missing:?}");
    assert!(missing.hint().unwrap().contains("ls -l /no/such/folder"));
}

#[tokio::test]
async fn what_names_no_source_is_a_bad_spec() {
    for spec in ["", "s3://", "s3:///prefix", "/dev/null"] {
        let refused = source::open(spec, &Options::default()).await.err().unwrap();
        assert!(matches!(refused, Error::BadSpec { .. }), "{spec}: {refused:?}");
        assert!(refused.hint().is_some());
    }
}

#[tokio::test]
async fn credentials_that_the_server_does_not_know_are_credentials_errors() {
    let case = Case::bucket(&["a"]).await;
    let server = case.server.as_ref().unwrap();
    let secret = "a-secret-that-must-not-be-shown";
    for access_key in [server.access_key.as_str(), "AKIAUNKNOWN"] {
        let refused = Bucket::new(client(&server.endpoint, access_key, secret), "s3://audit").await.unwrap_err();
        assert!(matches!(refused, Error::Credentials { .. }), "{refused:?}");
        assert!(refused.hint().unwrap().contains("aws sso login"));
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(!format!("{refused}{refused:?}{cause}").contains(secret), "{refused:?}");
    }
}

#[tokio::test]
async fn a_prefix_with_keys_below_it_is_a_folder() {
    let keys_in_bucket = ["AWSLogs/a.json", "AWSLogs-old/b.json", "AWSLogs.txt"];
    for spec in ["s3://audit/AWSLogs", "s3://audit/AWSLogs/"] {
        assert_eq!(keys(&*Case::bucket_at(&keys_in_bucket, spec).await.source).await, ["AWSLogs/a.json"], "{spec}");
    }
}

#[tokio::test]
async fn a_prefix_without_keys_below_it_is_taken_as_it_is() {
    let keys_in_bucket = ["AWSLogs/a.json", "AWSLogs-old/b.json"];
    assert_eq!(keys(&*Case::bucket_at(&keys_in_bucket, "s3://audit/AWSL").await.source).await, ["AWSLogs-old/b.json", "AWSLogs/a.json"]);
    assert_eq!(keys(&*Case::bucket_at(&keys_in_bucket, "s3://audit/AWSLogs/a.json").await.source).await, ["AWSLogs/a.json"]);
    assert_eq!(keys(&*Case::bucket_at(&keys_in_bucket, "s3://audit/none").await.source).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_single_file_is_a_source_of_one_object() {
    let case = Case::folder(&["a/b.json", "a/c.json"]).await;
    let file = Folder::open(case.path("a/b.json").unwrap().to_str().unwrap()).await.unwrap();
    let objects = listed(&file).await;
    assert_eq!(objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["b.json"]);
    assert_eq!(file.fetch(&objects[0], 1024).await.unwrap(), body("a/b.json"));
    let other = Listed { key: "c.json".to_owned(), ..objects[0].clone() };
    assert!(matches!(file.fetch(&other, 1024).await.unwrap_err(), Error::NotFound { .. }));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// Keys as they are, problems by what they say of `bad`.
    async fn check(case: &Case, expected: &[Result<&str, &str>]) {
        let found = with_problems(&*case.source).await;
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            match (found, expected) {
                (Ok(key), Ok(expected)) => assert_eq!(key, expected),
                (Err(problem), Err(expected)) => assert!(problem.to_string().contains(expected), "{problem:?}"),
                _ => panic!("{found:?} is not {expected:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_link_in_a_circle_ends_and_is_told() {
        let case = Case::folder(&["a/b.json", "c.json"]).await;
        symlink(case.path("").unwrap(), case.path("a/circle").unwrap()).unwrap();
        symlink(case.path("b-self").unwrap(), case.path("b-self").unwrap()).unwrap();
        check(&case, &[Ok("a/b.json"), Err("a link to a folder is not followed"), Err("b-self"), Ok("c.json")]).await;
    }

    #[tokio::test]
    async fn a_link_that_leads_nowhere_is_a_problem_of_its_own() {
        let case = Case::folder(&["a.json", "c.json"]).await;
        symlink("nowhere", case.path("b.json").unwrap()).unwrap();
        check(&case, &[Ok("a.json"), Err("the link leads nowhere"), Ok("c.json")]).await;
    }

    #[tokio::test]
    async fn a_link_to_a_file_is_read_inside_the_folder_only() {
        let outside = Case::folder(&["secret.json"]).await;
        let case = Case::folder(&["a.json"]).await;
        symlink(case.path("a.json").unwrap(), case.path("inside.json").unwrap()).unwrap();
        symlink(outside.path("secret.json").unwrap(), case.path("outside.json").unwrap()).unwrap();
        check(&case, &[Ok("a.json"), Ok("inside.json"), Err("leads out of the folder")]).await;
        let inside = Listed { key: "inside.json".to_owned(), uri: String::new(), size: 0, etag: None, modified: None };
        assert_eq!(case.source.fetch(&inside, 1024).await.unwrap(), body("a.json"));
        for key in ["outside.json", "../../../../../../../../etc/passwd", "/etc/passwd"] {
            let stray = Listed { key: key.to_owned(), ..inside.clone() };
            let refused = case.source.fetch(&stray, 1024).await.unwrap_err();
            assert!(matches!(refused, Error::Skipped { .. } | Error::NotFound { .. }), "{key}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_not_utf_8_is_told_and_the_rest_is_listed() {
        let case = Case::folder(&["a.json", "c.json"]).await;
        fs::write(case.path("").unwrap().join(OsStr::from_bytes(b"b\xff.json")), "x").unwrap();
        check(&case, &[Ok("a.json"), Err("b\u{fffd}.json: its name is not UTF-8"), Ok("c.json")]).await;
    }

    #[tokio::test]
    async fn a_pipe_is_told_and_never_opened() {
        let case = Case::folder(&["a.json"]).await;
        let made = Command::new("mkfifo").arg(case.path("b.json").unwrap()).status().unwrap();
        assert!(made.success());
        check(&case, &[Ok("a.json"), Err("it is not a file")]).await;
        let pipe = Listed { key: "b.json".to_owned(), uri: String::new(), size: 0, etag: None, modified: None };
        assert!(matches!(case.source.fetch(&pipe, 1024).await.unwrap_err(), Error::Skipped { .. }));
    }

    /// Root reads everything: then there is nothing to deny, and the folder is listed whole.
    #[tokio::test]
    async fn an_unreadable_folder_is_a_problem_of_its_own() {
        let case = Case::folder(&["a.json", "b/hidden.json", "c.json"]).await;
        let locked = case.path("b").unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        let binds = fs::read_dir(&locked).is_err();
        let expected = if binds { Err("is denied") } else { Ok("b/hidden.json") };
        check(&case, &[Ok("a.json"), expected, Ok("c.json")]).await;
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Before what a child process is to open, in an argument that the test harness has no use for.
const CHILD: &str = "opens:";

/// In a child process only: opens what it is told to in that process's environment, and writes down what came of it.
#[tokio::test]
async fn opens_in_the_environment_it_is_given() {
    let Some(spec) = std::env::args().find_map(|argument| argument.strip_prefix(CHILD).map(str::to_owned)) else {
        return;
    };
    let profile = spec.split_once('#').map(|(_, profile)| profile.to_owned());
    let spec = spec.split('#').next().unwrap_or_default();
    let told = match source::open(spec, &Options { profile, ..Options::default() }).await {
        Ok(source) => format!("keys {:?}", keys(&*source).await),
        Err(error @ Error::Credentials { .. }) => format!("credentials {}", error.hint().unwrap()),
        Err(other) => format!("other {other:?}"),
    };
    fs::write("told", told).unwrap();
}

fn opened(spec: &str, home: &Path, environment: &[(&str, &str)]) -> String {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opens_in_the_environment_it_is_given", "--skip", &format!("{CHILD}{spec}")])
        .env_clear()
        .env("HOME", home)
        .envs(environment.iter().copied())
        .current_dir(home)
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    fs::read_to_string(home.join("told")).expect("the child said nothing")
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_a_bucket_with_credentials_from_the_environment() {
    let case = Case::bucket(&["p/a"]).await;
    let server = case.server.as_ref().unwrap();
    let home = TempDir::new().unwrap();
    let environment =
        [("AWS_ACCESS_KEY_ID", &*server.access_key), ("AWS_SECRET_ACCESS_KEY", &server.secret_key), ("AWS_ENDPOINT_URL", &server.endpoint)];
    assert_eq!(opened("s3://audit/p", home.path(), &environment), r#"keys ["p/a"]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_profile_wins_over_the_environment() {
    let case = Case::bucket(&["p/a"]).await;
    let server = case.server.as_ref().unwrap();
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    let profile = format!("[auditor]\naws_access_key_id={}\naws_secret_access_key={}\n", server.access_key, server.secret_key);
    fs::write(home.path().join(".aws/credentials"), profile).unwrap();
    let environment =
        [("AWS_ACCESS_KEY_ID", "AKIAOTHER"), ("AWS_SECRET_ACCESS_KEY", "other"), ("AWS_ENDPOINT_URL", server.endpoint.as_str())];
    assert_eq!(opened("s3://audit/p#auditor", home.path(), &environment), r#"keys ["p/a"]"#);
    assert!(opened("s3://audit/p", home.path(), &environment).starts_with("credentials"));
    assert!(opened("s3://audit/p#nobody", home.path(), &environment).contains("aws sso login --profile nobody"));
}

/// The metadata service here takes the call and never answers.
#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_at_all_are_told_within_seconds() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let metadata = format!("http://{}", silent.local_addr().unwrap());
    let home = TempDir::new().unwrap();
    let started = Instant::now();
    let environment = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str()), ("AWS_ENDPOINT_URL", metadata.as_str())];
    assert!(opened("s3://audit", home.path(), &environment).starts_with("credentials"));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}
