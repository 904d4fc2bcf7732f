//! Which field of which service's records names which resource.
//!
//! A [`Row`] is read as "a string under `key`, there, in a call whose name has one of these words, names that resource". Spellings that
//! services vary are the reader's business: the case of a key, lists and sets around it, the wrappers of calls that were XML.
//!
//! Never names a resource that a call only refers to (the subnet of a new instance): those are found by their looks.

use super::Form;
use std::collections::HashMap;
use std::sync::LazyLock;

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

/// A service that the table knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// Its bit in [`services_with`].
    bit: u64,
    rows: &'static [Row],
}

impl Service {
    /// The service of an `eventSource`; one without rows where the table does not know it.
    pub(crate) fn of(event_source: &str) -> Self {
        static OF_NAME: LazyLock<HashMap<&str, Service>> =
            LazyLock::new(|| SERVICES.iter().enumerate().map(|(at, &(name, rows))| (name, Service { bit: 1 << at, rows })).collect());
        let name = event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source);
        OF_NAME.get(name).copied().unwrap_or(Self { bit: 0, rows: &[] })
    }

    /// Its rows, if one of them is for a key that has rows in `services`.
    pub(crate) fn rows(&self, services: u64) -> &'static [Row] {
        if self.bit & services == 0 { &[] } else { self.rows }
    }
}

/// The services, a bit each, that have a row for this key or, where it may be a list's, for its singular.
pub(crate) fn services_with(key: &[u8]) -> u64 {
    static OF_KEY: LazyLock<HashMap<&[u8], u64>> = LazyLock::new(|| {
        let mut of_key = HashMap::new();
        for (at, (_, rows)) in SERVICES.iter().enumerate() {
            for row in *rows {
                *of_key.entry(row.key.as_bytes()).or_default() |= 1 << at;
            }
        }
        of_key
    });
    let of = |key: &[u8]| OF_KEY.get(key).copied().unwrap_or(0);
    of(key) | key.strip_suffix(b"s").map_or(0, of)
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

// Each service has a bit of its own.
const _: () = assert!(SERVICES.len() <= u64::BITS as usize);

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
        for (source, rows) in SERVICES {
            let service = Service::of(&format!("{source}.amazonaws.com"));
            for row in *rows {
                assert!(!service.rows(services_with(row.key.as_bytes())).is_empty(), "{source} {}", row.key);
                assert!(!service.rows(services_with(format!("{}s", row.key).as_bytes())).is_empty(), "{source} {}", row.key);
            }
            assert!(service.rows(services_with(b"nosuchkey")).is_empty());
        }
        assert!(Service::of("newthing.amazonaws.com").rows(u64::MAX).is_empty());
    }
}
