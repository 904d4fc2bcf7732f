//! IAM, and what is recorded in us-east-1 with it.

use super::write;
use crate::organisation::{IamUser, Role};
use crate::random::Random;
use crate::record::Body;
use crate::text::{percent, quoted, wordy};

const IAM: &str = "iam.amazonaws.com";
const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn global(body: Body) -> Body {
    Body { global: true, ..body }
}

/// The path comes back in the answer only.
pub(crate) fn create_role(role: &Role, at: i64) -> Body {
    let (name, path) = (&role.name, &role.path);
    global(write(
        IAM,
        "CreateRole",
        format!("{{\"roleName\":\"{name}\",\"path\":\"{path}\",\"assumeRolePolicyDocument\":{}}}", quoted(TRUST)),
        format!(
            "{{\"role\":{{\"path\":\"{path}\",\"roleName\":\"{name}\",\"roleId\":\"{}\",\"arn\":\"{}\",\"createDate\":\"{}\",\"assumeRolePolicyDocument\":\"{}\"}}}}",
            role.id,
            role.arn(),
            wordy(at, false),
            percent(TRUST)
        ),
        &[&role.arn(), name, &role.id],
    ))
}

pub(crate) fn delete_role(role: &Role) -> Body {
    let request = format!("{{\"roleName\":\"{}\"}}", role.name);
    global(write(IAM, "DeleteRole", request, String::new(), &[&role.arn(), &role.name]))
}

pub(crate) fn attach_role_policy(role: &Role, policy: &str) -> Body {
    let request = format!("{{\"roleName\":\"{}\",\"policyArn\":\"arn:aws:iam::aws:policy/{policy}\"}}", role.name);
    global(write(IAM, "AttachRolePolicy", request, String::new(), &[&role.arn(), &role.name]))
}

/// `statements` sets the record's size: each is about 200 bytes.
pub(crate) fn put_role_policy(role: &Role, statements: usize) -> Body {
    let statements: Vec<String> = (0..statements.max(1))
        .map(|at| {
            format!(
                "{{\"Sid\":\"S{at}\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\",\"s3:ListBucket\"],\"Resource\":[\"arn:aws:s3:::example-data-{at}\",\"arn:aws:s3:::example-data-{at}/*\"]}}"
            )
        })
        .collect();
    let policy = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","));
    let request = format!("{{\"roleName\":\"{}\",\"policyName\":\"inline\",\"policyDocument\":{}}}", role.name, quoted(&policy));
    global(write(IAM, "PutRolePolicy", request, String::new(), &[&role.arn(), &role.name]))
}

pub(crate) fn create_user(user: &IamUser, at: i64) -> Body {
    let name = &user.name;
    global(write(
        IAM,
        "CreateUser",
        format!("{{\"userName\":\"{name}\"}}"),
        format!(
            "{{\"user\":{{\"path\":\"/\",\"userName\":\"{name}\",\"userId\":\"{}\",\"arn\":\"{}\",\"createDate\":\"{}\"}}}}",
            user.id,
            user.arn(),
            wordy(at, false)
        ),
        &[&user.arn(), name, &user.id],
    ))
}

pub(crate) fn create_access_key(user: &IamUser, at: i64) -> Body {
    let (name, key) = (&user.name, &user.key);
    global(write(
        IAM,
        "CreateAccessKey",
        format!("{{\"userName\":\"{name}\"}}"),
        format!(
            "{{\"accessKey\":{{\"userName\":\"{name}\",\"accessKeyId\":\"{key}\",\"status\":\"Active\",\"createDate\":\"{}\"}}}}",
            wordy(at, false)
        ),
        &[&user.arn(), name, key],
    ))
}

pub(crate) fn attach_user_policy(user: &IamUser, policy: &str) -> Body {
    let request = format!("{{\"userName\":\"{}\",\"policyArn\":\"arn:aws:iam::aws:policy/{policy}\"}}", user.name);
    global(write(IAM, "AttachUserPolicy", request, String::new(), &[&user.arn(), &user.name]))
}

pub(crate) fn change_record_sets(random: &mut Random, zone: &str, names: &[String]) -> Body {
    let changes: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{{\"action\":\"UPSERT\",\"resourceRecordSet\":{{\"name\":\"{name}\",\"type\":\"A\",\"tTL\":300,\"resourceRecords\":[{{\"value\":\"192.0.2.{}\"}}]}}}}",
                random.between(1, 254)
            )
        })
        .collect();
    let mut body = global(write(
        "route53.amazonaws.com",
        "ChangeResourceRecordSets",
        format!("{{\"hostedZoneId\":\"{zone}\",\"changeBatch\":{{\"changes\":[{}]}}}}", changes.join(",")),
        format!(
            "{{\"changeInfo\":{{\"id\":\"/change/C{}\",\"status\":\"PENDING\",\"submittedAt\":\"Nov 18, 2026, 5:02:11 AM\"}}}}",
            random.base32(18)
        ),
        &[&format!("arn:aws:route53:::hostedzone/{zone}"), zone],
    ));
    body.additional = "{\"Note\":\"Do not use to reconstruct hosted zone\"}".to_owned();
    body.things.extend(names.iter().cloned());
    body
}
