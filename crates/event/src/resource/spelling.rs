//! A question in, the keys to look up for it out.

use super::{Form, arn, ids};

/// One key to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The key.
    pub key: String,
    /// Set where the key alone would find namesakes: the account whose records count.
    pub account_id: Option<String>,
    /// Set where the key alone would find namesakes: the region whose records count.
    pub aws_region: Option<String>,
}

/// The keys under which records may hold what is asked, the question itself first.
///
/// A key with an account or a region is a bare name: a record found by it whose mention resolves to another ARN than was asked is
/// about a namesake.
pub fn spellings(thing: &str) -> Vec<Spelling> {
    let (asked, thing) = (thing, thing.trim());
    let mut out = Spellings(vec![Spelling { key: thing.to_owned(), account_id: None, aws_region: None }]);
    // An object's key may begin or end in a space.
    out.add(asked);
    if let Some(parts) = arn::parse(thing) {
        out.of_arn(thing, &parts);
    } else if let Some(rest) = thing.strip_prefix("s3://") {
        out.of_bucket(rest);
    } else if let Some((region, account_id, name)) = arn::queue(thing, "") {
        out.add(&format!("arn:{}:sqs:{region}:{account_id}:{name}", arn::partition_of(region)));
    } else if let Some(name) = thing.strip_suffix(":*") {
        out.add(name);
    } else if let (Some(account_id), name) = arn::function(thing) {
        out.scoped(name, account_id, "");
    } else if let Some((id, _)) = thing.split_once(':').filter(|(id, _)| ids::is_unique_id(id)) {
        out.add(id);
    } else if let Some(id) = thing.strip_prefix("/hostedzone/") {
        out.add(id);
    } else if let Some(name) = thing.strip_prefix('/') {
        out.add(name);
    } else if thing.contains('/') && !thing.contains("://") && !thing.starts_with("alias/") {
        out.add(&format!("/{thing}"));
    }
    out.0
}

struct Spellings(Vec<Spelling>);

impl Spellings {
    fn add(&mut self, key: &str) {
        self.scoped(key, "", "");
    }

    fn scoped(&mut self, key: &str, account_id: &str, aws_region: &str) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let spelling = Spelling {
            key: key.to_owned(),
            account_id: some(account_id).filter(|id| ids::is_account_id(id)),
            aws_region: some(aws_region),
        };
        if !key.is_empty() && !self.0.iter().any(|held| held.key == key) {
            self.0.push(spelling);
        }
    }

    fn of_bucket(&mut self, rest: &str) {
        let bucket_or_object = rest.trim_end_matches('/');
        // An URL does not say in which partition the bucket lies.
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            self.add(&format!("arn:{partition}:s3:::{bucket_or_object}"));
            if bucket_or_object != rest && bucket_or_object.contains('/') {
                self.add(&format!("arn:{partition}:s3:::{rest}"));
            }
        }
    }

    fn of_arn(&mut self, thing: &str, parts: &arn::Arn<'_>) {
        let reading = arn::read(thing, parts);
        if let Some(canonical) = reading.canonical {
            self.add(canonical);
        }
        if let Some(other) = arn::other(parts) {
            self.add(&other.concat());
        }
        match parts.service {
            "logs"
                if parts.resource.starts_with("log-group:") && !parts.resource.contains(":log-stream:") && reading.canonical.is_none() =>
            {
                self.add(&format!("{thing}:*"))
            }
            // AWS gives each of these ids once: a record in another account's trail may have resolved it to that account.
            "ec2" | "elasticfilesystem" => {
                for (id, _) in reading.names().filter(|(id, _)| ids::is_resource_id(id)) {
                    self.add(id);
                }
            }
            service => {
                let built = can_be_built(service, parts.resource);
                for (name, form) in reading.names().filter(|_| !built) {
                    match form {
                        Form::Id if service != "organizations" && service != "secretsmanager" => self.add(name),
                        _ => self.scoped(name, parts.account_id, parts.region),
                    }
                }
            }
        }
    }
}

/// Whether a record that holds the name alone still has the whole ARN for a key, because the table builds it. Not where AWS puts something
/// random or the organization's id in it, nor for what the table does not know.
fn can_be_built(service: &str, resource: &str) -> bool {
    match service {
        "iam" | "sts" | "lambda" | "s3" | "kms" | "ssm" | "sqs" | "sns" | "dynamodb" | "rds" | "ecs" | "ecr" | "logs" | "events"
        | "kinesis" | "firehose" | "redshift" | "elasticache" | "es" | "cloudtrail" | "route53" | "cloudfront" | "identitystore"
        | "guardduty" | "states" | "codebuild" | "codepipeline" | "scheduler" | "appmesh" => true,
        "eks" => resource.starts_with("cluster/"),
        "elasticloadbalancing" => resource.starts_with("loadbalancer/") && resource.matches('/').count() == 1,
        _ => false,
    }
}
