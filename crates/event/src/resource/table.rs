//! Which field of which service's records names which resource.
//!
//! A [`Row`] is read as "a string under `key`, there, in a call whose name has one of these words, names that resource". Spellings that
//! services vary are the reader's business: the case of a key, lists and sets around it, the wrappers of calls that were XML.
//!
//! Never names a resource that a call only refers to (the subnet of a new instance): those are found by their looks.

use super::Form;

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

/// The rows of a service, by `eventSource`; none for one that the table does not know.
pub(crate) fn rows(event_source: &str) -> &'static [Row] {
    match event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source) {
        "ec2" => compute::EC2,
        "ec2-instance-connect" => compute::EC2_INSTANCE_CONNECT,
        "autoscaling" => compute::AUTOSCALING,
        "lambda" => compute::LAMBDA,
        "ecs" => compute::ECS,
        "eks" => compute::EKS,
        "ecr" => compute::ECR,
        "batch" => compute::BATCH,
        "s3" => data::S3,
        "rds" => data::RDS,
        "dynamodb" => data::DYNAMODB,
        "redshift" => data::REDSHIFT,
        "elasticache" => data::ELASTICACHE,
        "es" | "opensearch" => data::OPENSEARCH,
        "elasticfilesystem" => data::EFS,
        "fsx" => data::FSX,
        "kafka" => data::KAFKA,
        "kinesis" => data::KINESIS,
        "firehose" => data::FIREHOSE,
        "glue" => data::GLUE,
        "backup" => data::BACKUP,
        "athena" => data::ATHENA,
        "iam" => identity::IAM,
        "sts" => identity::STS,
        "sso" => identity::SSO,
        "sso-directory" | "identitystore" => identity::IDENTITY_STORE,
        "cognito-idp" => identity::COGNITO_IDP,
        "cognito-identity" => identity::COGNITO_IDENTITY,
        "rolesanywhere" => identity::ROLES_ANYWHERE,
        "kms" => identity::KMS,
        "secretsmanager" => identity::SECRETS_MANAGER,
        "acm" => identity::ACM,
        "route53" => network::ROUTE53,
        "route53resolver" => network::ROUTE53_RESOLVER,
        "cloudfront" => network::CLOUDFRONT,
        "elasticloadbalancing" => network::ELASTIC_LOAD_BALANCING,
        "apigateway" => network::API_GATEWAY,
        "appmesh" => network::APP_MESH,
        "wafv2" => network::WAFV2,
        "sns" => application::SNS,
        "sqs" => application::SQS,
        "events" => application::EVENTS,
        "scheduler" => application::SCHEDULER,
        "states" => application::STATES,
        "ses" => application::SES,
        "codebuild" => application::CODEBUILD,
        "codepipeline" => application::CODEPIPELINE,
        "cloudformation" => application::CLOUDFORMATION,
        "cloudtrail" => governance::CLOUDTRAIL,
        "logs" => governance::LOGS,
        "monitoring" => governance::CLOUDWATCH,
        "config" => governance::CONFIG,
        "guardduty" => governance::GUARDDUTY,
        "organizations" => governance::ORGANIZATIONS,
        "ssm" => governance::SSM,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_lower_case_and_templates_have_four_parts() {
        for source in SOURCES {
            let rows = rows(source);
            assert!(!rows.is_empty(), "{source}");
            for row in rows {
                assert_eq!(row.key, row.key.to_ascii_lowercase(), "{source}");
                assert!(row.arn.is_empty() || row.arn.splitn(4, ':').count() == 4, "{source} {}", row.arn);
                assert!(row.arn.is_empty() || row.arn.contains('{'), "{source} {}", row.arn);
            }
        }
    }

    const SOURCES: &[&str] = &[
        "ec2",
        "ec2-instance-connect",
        "autoscaling",
        "lambda",
        "ecs",
        "eks",
        "ecr",
        "batch",
        "s3",
        "rds",
        "dynamodb",
        "redshift",
        "elasticache",
        "es",
        "elasticfilesystem",
        "fsx",
        "kafka",
        "kinesis",
        "firehose",
        "glue",
        "backup",
        "athena",
        "iam",
        "sts",
        "sso",
        "sso-directory",
        "cognito-idp",
        "cognito-identity",
        "rolesanywhere",
        "kms",
        "secretsmanager",
        "acm",
        "route53",
        "route53resolver",
        "cloudfront",
        "elasticloadbalancing",
        "apigateway",
        "appmesh",
        "wafv2",
        "sns",
        "sqs",
        "events",
        "scheduler",
        "states",
        "ses",
        "codebuild",
        "codepipeline",
        "cloudformation",
        "cloudtrail",
        "logs",
        "monitoring",
        "config",
        "guardduty",
        "organizations",
        "ssm",
    ];
}
