//! Buckets, databases, keys, secrets, queues, topics, logs, events.

use super::{resource, write};
use crate::organisation::HOME_REGION;
use crate::random::Random;
use crate::record::Body;
use crate::text::quoted;

fn arn(service: &str, account: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{HOME_REGION}:{account}:{rest}")
}

pub(crate) fn create_bucket(bucket: &str) -> Body {
    write(
        "s3.amazonaws.com",
        "CreateBucket",
        format!(
            "{{\"CreateBucketConfiguration\":{{\"LocationConstraint\":\"{HOME_REGION}\",\"xmlns\":\"http://s3.amazonaws.com/doc/2006-03-01/\"}},\"bucketName\":\"{bucket}\",\"Host\":\"{bucket}.s3.{HOME_REGION}.amazonaws.com\"}}"
        ),
        String::new(),
        &[&format!("arn:aws:s3:::{bucket}"), bucket],
    )
}

pub(crate) fn put_bucket_policy(account: &str, bucket: &str, statements: usize) -> Body {
    let statements: Vec<String> = (0..statements.max(1))
        .map(|at| {
            format!("{{\"Sid\":\"S{at}\",\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"arn:aws:iam::{account}:root\"}},\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::{bucket}/*\"}}")
        })
        .collect();
    let mut body = write(
        "s3.amazonaws.com",
        "PutBucketPolicy",
        format!(
            "{{\"bucketPolicy\":{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}},\"bucketName\":\"{bucket}\",\"Host\":\"{bucket}.s3.{HOME_REGION}.amazonaws.com\",\"policy\":\"\"}}",
            statements.join(",")
        ),
        String::new(),
        &[&format!("arn:aws:s3:::{bucket}"), bucket],
    );
    body.resources = resource(account, "AWS::S3::Bucket", &format!("arn:aws:s3:::{bucket}"));
    body.additional = "{\"SignatureVersion\":\"SigV4\",\"AuthenticationMethod\":\"AuthHeader\",\"bytesTransferredOut\":0}".to_owned();
    body
}

/// The password is hidden by RDS itself.
pub(crate) fn create_db_instance(random: &mut Random, account: &str, name: &str) -> Body {
    let db = arn("rds", account, &format!("db:{name}"));
    write(
        "rds.amazonaws.com",
        "CreateDBInstance",
        format!(
            "{{\"dBInstanceIdentifier\":\"{name}\",\"allocatedStorage\":100,\"dBInstanceClass\":\"db.r6g.large\",\"engine\":\"postgres\",\"masterUsername\":\"app\",\"masterUserPassword\":\"HIDDEN_DUE_TO_SECURITY_REASONS\",\"multiAZ\":true,\"storageEncrypted\":true}}"
        ),
        format!(
            "{{\"dBInstanceIdentifier\":\"{name}\",\"dBInstanceClass\":\"db.r6g.large\",\"engine\":\"postgres\",\"dBInstanceStatus\":\"creating\",\"dBInstanceArn\":\"{db}\",\"dbiResourceId\":\"db-{}\",\"allocatedStorage\":100,\"preferredBackupWindow\":\"17:00-17:30\",\"multiAZ\":true,\"engineVersion\":\"17.6\",\"pendingModifiedValues\":{{\"masterUserPassword\":\"****\"}},\"vpcSecurityGroups\":[]}}",
            random.base32(26)
        ),
        &[&db, name],
    )
}

pub(crate) fn modify_db_instance(account: &str, name: &str) -> Body {
    let db = arn("rds", account, &format!("db:{name}"));
    write(
        "rds.amazonaws.com",
        "ModifyDBInstance",
        format!(
            "{{\"dBInstanceIdentifier\":\"{name}\",\"backupRetentionPeriod\":1,\"applyImmediately\":true,\"allowMajorVersionUpgrade\":false}}"
        ),
        format!(
            "{{\"dBInstanceIdentifier\":\"{name}\",\"dBInstanceArn\":\"{db}\",\"dBInstanceStatus\":\"available\",\"backupRetentionPeriod\":1}}"
        ),
        &[&db, name],
    )
}

pub(crate) fn create_key(account: &str, key: &str) -> Body {
    let key_arn = arn("kms", account, &format!("key/{key}"));
    let mut body = write(
        "kms.amazonaws.com",
        "CreateKey",
        "{\"keyUsage\":\"ENCRYPT_DECRYPT\",\"keySpec\":\"SYMMETRIC_DEFAULT\",\"description\":\"\",\"origin\":\"AWS_KMS\",\"multiRegion\":false}".to_owned(),
        format!("{{\"keyMetadata\":{{\"aWSAccountId\":\"{account}\",\"keyId\":\"{key}\",\"arn\":\"{key_arn}\",\"enabled\":true,\"keyState\":\"Enabled\",\"keyManager\":\"CUSTOMER\"}}}}"),
        &[&key_arn, key],
    );
    body.resources = resource(account, "AWS::KMS::Key", &key_arn);
    body
}

pub(crate) fn create_secret(random: &mut Random, account: &str, name: &str) -> Body {
    let secret = arn("secretsmanager", account, &format!("secret:{name}-{}", random.alnum(6)));
    write(
        "secretsmanager.amazonaws.com",
        "CreateSecret",
        format!("{{\"name\":\"{name}\",\"clientRequestToken\":\"{}\"}}", random.uuid()),
        format!("{{\"arn\":\"{secret}\",\"name\":\"{name}\",\"versionId\":\"{}\"}}", random.uuid()),
        &[&secret, name],
    )
}

/// The ARN takes the name's leading `/` in; `resources` has no type.
pub(crate) fn put_parameter(account: &str, name: &str) -> Body {
    let parameter = arn("ssm", account, &format!("parameter/{}", name.trim_start_matches('/')));
    let mut body = write(
        "ssm.amazonaws.com",
        "PutParameter",
        format!("{{\"name\":\"{name}\",\"type\":\"SecureString\",\"value\":\"HIDDEN_DUE_TO_SECURITY_REASONS\",\"overwrite\":true}}"),
        "{\"version\":2,\"tier\":\"Standard\"}".to_owned(),
        &[&parameter, name],
    );
    body.resources = format!("[{{\"accountId\":\"{account}\",\"ARN\":\"{parameter}\"}}]");
    body
}

pub(crate) fn create_topic(account: &str, name: &str) -> Body {
    let topic = arn("sns", account, name);
    write("sns.amazonaws.com", "CreateTopic", format!("{{\"name\":\"{name}\"}}"), format!("{{\"topicArn\":\"{topic}\"}}"), &[&topic, name])
}

pub(crate) fn create_queue(account: &str, name: &str) -> Body {
    queue(account, name, "CreateQueue", format!("{{\"queueName\":\"{name}\",\"attributes\":{{\"VisibilityTimeout\":\"60\"}}}}"), true)
}

pub(crate) fn set_queue_attributes(account: &str, name: &str) -> Body {
    let request = format!(
        "{{\"queueUrl\":\"https://sqs.{HOME_REGION}.amazonaws.com/{account}/{name}\",\"attributes\":{{\"VisibilityTimeout\":\"90\"}}}}"
    );
    queue(account, name, "SetQueueAttributes", request, false)
}

fn queue(account: &str, name: &str, event: &'static str, request: String, answers: bool) -> Body {
    let url = format!("https://sqs.{HOME_REGION}.amazonaws.com/{account}/{name}");
    let answer = if answers { format!("{{\"queueUrl\":\"{url}\"}}") } else { String::new() };
    write("sqs.amazonaws.com", event, request, answer, &[&arn("sqs", account, name), name, &url])
}

pub(crate) fn create_table(random: &mut Random, account: &str, name: &str) -> Body {
    let table = arn("dynamodb", account, &format!("table/{name}"));
    let keys = "\"attributeDefinitions\":[{\"attributeName\":\"pk\",\"attributeType\":\"S\"}],\"keySchema\":[{\"attributeName\":\"pk\",\"keyType\":\"HASH\"}]";
    let mut body = write(
        "dynamodb.amazonaws.com",
        "CreateTable",
        format!("{{\"tableName\":\"{name}\",{keys},\"billingMode\":\"PAY_PER_REQUEST\"}}"),
        format!(
            "{{\"tableDescription\":{{\"tableName\":\"{name}\",\"tableArn\":\"{table}\",\"tableId\":\"{}\",\"tableStatus\":\"CREATING\",{keys},\"itemCount\":0}}}}",
            random.uuid()
        ),
        &[&table, name],
    );
    body.resources = resource(account, "AWS::DynamoDB::Table", &table);
    body
}

pub(crate) fn create_log_group(account: &str, name: &str) -> Body {
    let group = arn("logs", account, &format!("log-group:{name}"));
    write("logs.amazonaws.com", "CreateLogGroup", format!("{{\"logGroupName\":{}}}", quoted(name)), String::new(), &[&group, name])
}

pub(crate) fn put_rule(account: &str, name: &str) -> Body {
    let rule = arn("events", account, &format!("rule/{name}"));
    write(
        "events.amazonaws.com",
        "PutRule",
        format!("{{\"name\":\"{name}\",\"scheduleExpression\":\"rate(5 minutes)\",\"state\":\"ENABLED\"}}"),
        format!("{{\"ruleArn\":\"{rule}\"}}"),
        &[&rule, name],
    )
}
