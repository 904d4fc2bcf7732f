//! Which field of which service's records names which resource.
//!
//! A [`Row`] is read as "a string under `key`, there, in a call whose name has one of these words, names that resource". Spellings that
//! services vary are the reader's business: the case of a key, lists and sets around it, the wrappers of calls that were XML.
//!
//! Never names a resource that a call only refers to (the subnet of a new instance): those are found by their looks.

use super::Form;
use std::collections::HashMap;
use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_64;

mod application;
mod compute;
mod data;
mod governance;
mod identity;
mod network;

/// Where in the request or response a key must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// At any depth.
    Any,
    /// A member of the request or response itself.
    Top,
    /// A member of an object of this name, or of the elements of a list of this name; in lower case.
    In(&'static str),
}

/// How the value is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    /// A name or id; an ARN in its place is taken as it is.
    Plain,
    /// A name that the service keeps in lower case (RDS).
    Lower,
    /// Only an ARN counts.
    Arn,
    /// An id whose prefix tells the type.
    Prefixed,
    /// A queue's URL, which holds its region, account and name.
    Queue,
    /// A function's name, perhaps with account before it or qualifier behind.
    Function,
    /// A log group's name, perhaps with `:*`.
    LogGroup,
    /// A parameter's name, perhaps with a slash before it.
    Parameter,
    /// A key's id, or `alias/NAME`.
    Key,
    /// A hosted zone's id, perhaps with `/hostedzone/` before it.
    Zone,
    /// A rule's name, which lies on an event bus.
    Rule,
    /// A classic load balancer's name: version 2 of the API has the key too, for another type.
    Classic,
    /// Where a session goes: an instance, or `ecs:CLUSTER_TASK_RUNTIME`.
    Target,
    /// A name whose `resourceType` stands beside it (tags of Systems Manager).
    Tagged,
    /// The user or group that an assignment is for; `principalType` says which.
    SsoPrincipal,
    /// An access key id.
    AccessKey,
    /// An IAM unique id, perhaps with a session name behind a colon.
    Unique,
}

/// One field that names a resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// The key, in lower case, singular.
    pub(crate) key: &'static str,
    /// Where it stands.
    pub(crate) at: At,
    /// Words of which one stands in `eventName`, with `|` between; empty for every call.
    pub(crate) on: &'static str,
    /// What kind of spelling the value is.
    pub(crate) form: Form,
    /// How the value is read.
    pub(crate) take: Take,
    /// The ARN: service, region (`R`), account (`A`) and resource, in which `{}` is the value and `{key}` another field's.
    /// Empty where an ARN cannot be built, because AWS puts something random in it: then only one that stands in the record counts.
    pub(crate) arn: &'static str,
}

const fn row(key: &'static str, arn: &'static str) -> Row {
    Row { key, at: At::Any, on: "", form: Form::Name, take: Take::Plain, arn }
}

const fn id(key: &'static str, arn: &'static str) -> Row {
    Row { form: Form::Id, ..row(key, arn) }
}

const fn arn(key: &'static str) -> Row {
    Row { form: Form::Arn, take: Take::Arn, ..row(key, "") }
}

const fn unique(key: &'static str) -> Row {
    Row { form: Form::UniqueId, take: Take::Unique, ..row(key, "") }
}

impl Row {
    const fn top(self) -> Row {
        Row { at: At::Top, ..self }
    }

    const fn inside(self, parent: &'static str) -> Row {
        Row { at: At::In(parent), ..self }
    }

    const fn on(self, words: &'static str) -> Row {
        Row { on: words, ..self }
    }

    const fn take(self, take: Take) -> Row {
        Row { take, ..self }
    }

    const fn form(self, form: Form) -> Row {
        Row { form, ..self }
    }

    /// Whether a call of this name is meant.
    pub(crate) fn fits(&self, event_name: &str) -> bool {
        self.on.is_empty() || self.on.split('|').any(|word| event_name.contains(word))
    }
}

/// What the table says of one kind of call.
#[derive(Debug, Default)]
pub(crate) struct Call {
    event_source: Box<str>,
    event_name: Box<str>,
    /// The service's rows for it, each with the number of its key.
    rows: Vec<(u16, &'static Row)>,
}

impl Call {
    /// Looks up a service by `eventSource` and in its rows those for `eventName`; none where the table does not know it.
    pub(crate) fn of(event_source: &str, event_name: &str) -> Self {
        let service = event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source);
        let at = SERVICES.binary_search_by(|(name, _)| (*name).cmp(service)).ok();
        let rows = at.and_then(|at| SERVICES.get(at)).map_or(&[][..], |(_, rows)| rows);
        let fitting = rows.iter().filter(|row| row.fits(event_name)).map(|row| (row_keys(row.key.as_bytes())[0], row));
        Self { event_source: event_source.into(), event_name: event_name.into(), rows: fitting.collect() }
    }

    /// The rows for a key, by its number or that of its singular, in the order of the table.
    #[inline]
    pub(crate) fn rows(&self, key: u16, singular: u16) -> impl Iterator<Item = &'static Row> {
        self.rows.iter().filter(move |(number, _)| *number == key || *number == singular).map(|(_, row)| *row)
    }
}

/// Calls that were met: a few hundred kinds make up all of a log, so that each is looked up once and not once a record.
#[derive(Debug, Default)]
pub struct Calls {
    seen: Vec<Call>,
    other: Call,
}

/// Kinds of calls that are remembered, at most; one pushes out another that falls on its place.
const CALLS_MAX: usize = 1_024;

/// Bytes of the two names of a call that is remembered, at most.
const CALL_BYTES_MAX: usize = 256;

impl Calls {
    /// As [`Call::of`].
    pub(crate) fn get(&mut self, event_source: &str, event_name: &str) -> &Call {
        if event_source.len() + event_name.len() > CALL_BYTES_MAX {
            self.other = Call::of(event_source, event_name);
            return &self.other;
        }
        if self.seen.is_empty() {
            self.seen.resize_with(CALLS_MAX, Call::default);
        }
        let hash = xxh3_64(event_source.as_bytes()).rotate_left(1) ^ xxh3_64(event_name.as_bytes());
        let call = self.seen.get_mut(hash as usize % CALLS_MAX).unwrap_or(&mut self.other);
        if *call.event_name != *event_name || *call.event_source != *event_source {
            *call = Call::of(event_source, event_name);
        }
        call
    }
}

/// The numbers of a key and, where it may be a list's, of its singular among the keys of all rows, counted from 1; 0 for what has no row.
pub(crate) fn row_keys(key: &[u8]) -> [u16; 2] {
    static NUMBERS: LazyLock<HashMap<&[u8], u16>> = LazyLock::new(|| {
        let mut numbers = HashMap::new();
        for row in SERVICES.iter().flat_map(|(_, rows)| *rows) {
            let next = numbers.len() as u16 + 1;
            numbers.entry(row.key.as_bytes()).or_insert(next);
        }
        numbers
    });
    let of = |key: &[u8]| NUMBERS.get(key).copied().unwrap_or(0);
    [of(key), key.strip_suffix(b"s").map_or(0, of)]
}

/// The rows of each service, by the first part of its `eventSource`.
static SERVICES: &[(&str, &[Row])] = &[
    ("acm", identity::ACM),
    ("apigateway", network::API_GATEWAY),
    ("appmesh", network::APP_MESH),
    ("athena", data::ATHENA),
    ("autoscaling", compute::AUTOSCALING),
    ("backup", data::BACKUP),
    ("batch", compute::BATCH),
    ("cloudformation", application::CLOUDFORMATION),
    ("cloudfront", network::CLOUDFRONT),
    ("cloudtrail", governance::CLOUDTRAIL),
    ("codebuild", application::CODEBUILD),
    ("codepipeline", application::CODEPIPELINE),
    ("cognito-identity", identity::COGNITO_IDENTITY),
    ("cognito-idp", identity::COGNITO_IDP),
    ("config", governance::CONFIG),
    ("dynamodb", data::DYNAMODB),
    ("ec2", compute::EC2),
    ("ec2-instance-connect", compute::EC2_INSTANCE_CONNECT),
    ("ecr", compute::ECR),
    ("ecs", compute::ECS),
    ("eks", compute::EKS),
    ("elasticache", data::ELASTICACHE),
    ("elasticfilesystem", data::EFS),
    ("elasticloadbalancing", network::ELASTIC_LOAD_BALANCING),
    ("es", data::OPENSEARCH),
    ("events", application::EVENTS),
    ("firehose", data::FIREHOSE),
    ("fsx", data::FSX),
    ("glue", data::GLUE),
    ("guardduty", governance::GUARDDUTY),
    ("iam", identity::IAM),
    ("identitystore", identity::IDENTITY_STORE),
    ("kafka", data::KAFKA),
    ("kinesis", data::KINESIS),
    ("kms", identity::KMS),
    ("lambda", compute::LAMBDA),
    ("logs", governance::LOGS),
    ("monitoring", governance::CLOUDWATCH),
    ("opensearch", data::OPENSEARCH),
    ("organizations", governance::ORGANIZATIONS),
    ("rds", data::RDS),
    ("redshift", data::REDSHIFT),
    ("rolesanywhere", identity::ROLES_ANYWHERE),
    ("route53", network::ROUTE53),
    ("route53resolver", network::ROUTE53_RESOLVER),
    ("s3", data::S3),
    ("scheduler", application::SCHEDULER),
    ("secretsmanager", identity::SECRETS_MANAGER),
    ("ses", application::SES),
    ("sns", application::SNS),
    ("sqs", application::SQS),
    ("ssm", governance::SSM),
    ("sso", identity::SSO),
    ("sso-directory", identity::IDENTITY_STORE),
    ("states", application::STATES),
    ("sts", identity::STS),
    ("wafv2", network::WAFV2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_service_stands_twice() {
        assert!(SERVICES.is_sorted_by(|(one, _), (other, _)| one < other));
    }

    #[test]
    fn keys_are_lower_case_and_templates_have_four_parts() {
        for (source, rows) in SERVICES {
            assert!(!rows.is_empty(), "{source}");
            for row in *rows {
                assert_eq!(row.key, row.key.to_ascii_lowercase(), "{source}");
                assert!(row.arn.is_empty() || row.arn.splitn(4, ':').count() == 4, "{source} {}", row.arn);
                assert!(row.arn.is_empty() || row.arn.contains('{'), "{source} {}", row.arn);
            }
        }
    }

    #[test]
    fn a_row_is_found_by_its_key_and_the_plural() {
        let mut calls = Calls::default();
        for (source, rows) in SERVICES {
            for row in *rows {
                for word in row.on.split('|') {
                    let call = calls.get(&format!("{source}.amazonaws.com"), &format!("Do{word}Now"));
                    let [key, _] = row_keys(row.key.as_bytes());
                    let [_, singular] = row_keys(format!("{}s", row.key).as_bytes());
                    for (key, singular) in [(key, 0), (0, singular)] {
                        assert!(call.rows(key, singular).any(|found| std::ptr::eq(found, row)), "{source} {}", row.key);
                    }
                }
                assert!(row.on.is_empty() || !calls.get(source, "Nothing").rows.iter().any(|(_, held)| std::ptr::eq(*held, row)));
            }
        }
        assert_eq!(row_keys(b"nosuchkey"), [0, 0]);
        assert!(calls.get("newthing.amazonaws.com", "CreateThing").rows.is_empty());
        assert!(calls.get("iam.amazonaws.com", "CreateRole").rows(0, 0).next().is_none());
    }

    #[test]
    fn calls_that_fall_on_one_place_and_overlong_ones_are_looked_up_all_the_same() {
        let mut calls = Calls::default();
        let long = "x".repeat(CALL_BYTES_MAX);
        for at in 0..4 * CALLS_MAX {
            for (source, name) in [("ec2.amazonaws.com", format!("CreateKeyPair{at}")), ("ec2.amazonaws.com", format!("{long}KeyPair"))] {
                let call = calls.get(source, &name);
                assert_eq!(call.rows.len(), Call::of(source, &name).rows.len(), "{name}");
                assert!(call.rows.iter().any(|(_, row)| row.key == "keyname"), "{name}");
            }
        }
        assert_eq!(calls.seen.len(), CALLS_MAX);
    }
}
