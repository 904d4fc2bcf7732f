//! Who may do what: IAM, STS, Identity Center, KMS, Secrets Manager.

use super::*;

#[test]
fn iam_things_are_found_with_their_path_and_without() {
    let role = r#"{"requestParameters":{"roleName":"deploy","path":"/ci/","assumeRolePolicyDocument":"{\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"}}"},
        "responseElements":{"role":{"path":"/ci/","roleName":"deploy","roleId":"AROAEXAMPLEEXAMPLE123","arn":"arn:aws:iam::111122223333:role/ci/deploy"}}}"#;
    check(
        "iam:CreateRole",
        role,
        "arn:aws:iam::111122223333:role/ci/deploy",
        &["deploy", "AROAEXAMPLEEXAMPLE123", "arn:aws:iam::111122223333:role/deploy"],
    );
    check(
        "iam:PutRolePolicy",
        &request(r#""roleName":"deploy","policyName":"inline""#),
        "arn:aws:iam::111122223333:role/deploy",
        &["deploy"],
    );
    check_found("iam:PutRolePolicy", &request(r#""roleName":"deploy","policyName":"inline""#), &["inline"]);
    let user = r#"{"requestParameters":{"userName":"sato"},"responseElements":{"user":{"path":"/","userName":"sato","userId":"AIDAEXAMPLEEXAMPLE123","arn":"arn:aws:iam::111122223333:user/sato"}}}"#;
    check("iam:CreateUser", user, "arn:aws:iam::111122223333:user/sato", &["sato", "AIDAEXAMPLEEXAMPLE123"]);
    let policy = r#"{"requestParameters":{"policyName":"p1"},"responseElements":{"policy":{"policyName":"p1","policyId":"ANPAEXAMPLEEXAMPLE123","arn":"arn:aws:iam::111122223333:policy/team/p1"}}}"#;
    check(
        "iam:CreatePolicy",
        policy,
        "arn:aws:iam::111122223333:policy/team/p1",
        &["p1", "ANPAEXAMPLEEXAMPLE123", "arn:aws:iam::111122223333:policy/p1"],
    );
    check(
        "iam:AttachRolePolicy",
        &request(r#""roleName":"deploy","policyArn":"arn:aws:iam::aws:policy/job-function/Billing""#),
        "arn:aws:iam::aws:policy/job-function/Billing",
        &["Billing"],
    );
    let profile = r#"{"requestParameters":{"instanceProfileName":"web"},"responseElements":{"instanceProfile":{"instanceProfileId":"AIPAEXAMPLEEXAMPLE123","arn":"arn:aws:iam::111122223333:instance-profile/web","instanceProfileName":"web","roles":[]}}}"#;
    check("iam:CreateInstanceProfile", profile, "arn:aws:iam::111122223333:instance-profile/web", &["web", "AIPAEXAMPLEEXAMPLE123"]);
}

#[test]
fn access_keys_are_keys_of_their_own() {
    let create = r#"{"requestParameters":{"userName":"sato"},"responseElements":{"accessKey":{"userName":"sato","accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Active"}}}"#;
    check("iam:CreateAccessKey", create, "arn:aws:iam::111122223333:user/sato", &["sato"]);
    let key = keys_of("iam:CreateAccessKey", R, create).into_iter().find(|m| m.key == "AKIAIOSFODNN7EXAMPLE").unwrap();
    assert_eq!((key.form, key.exact), (Form::AccessKey, true));
    check_found(
        "iam:UpdateAccessKey",
        &request(r#""accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Inactive","userName":"sato""#),
        &["AKIAIOSFODNN7EXAMPLE"],
    );
}

#[test]
fn assumed_roles_are_mentioned_and_session_tokens_are_not() {
    let record = r#"{"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/ci/deploy","roleSessionName":"build-7"},
        "responseElements":{"credentials":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionToken":"secretsecretsecret","expiration":"x"},
        "assumedRoleUser":{"assumedRoleId":"AROAEXAMPLEEXAMPLE123:build-7","arn":"arn:aws:sts::111122223333:assumed-role/deploy/build-7"}}}"#;
    check("sts:AssumeRole", record, "arn:aws:iam::111122223333:role/ci/deploy", &["deploy", "arn:aws:iam::111122223333:role/deploy"]);
    let found = keys_of("sts:AssumeRole", R, record);
    assert!(found.iter().any(|m| m.key == "AROAEXAMPLEEXAMPLE123"
        && m.form == Form::UniqueId
        && m.arn.as_deref() == Some("arn:aws:iam::111122223333:role/ci/deploy")));
    assert!(found.iter().any(|m| m.key == "ASIAIOSFODNN7EXAMPLE" && m.form == Form::AccessKey && m.exact));
    assert!(!found.iter().any(|m| m.key.contains("secretsecret") || m.key == "build-7"));
}

#[test]
fn keys_are_found_by_id_and_alias() {
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let arn = format!("arn:aws:kms:{R}:{A}:key/{id}");
    check("kms:ScheduleKeyDeletion", &request(&format!(r#""keyId":"{id}","pendingWindowInDays":7"#)), &arn, &[id]);
    check("kms:PutKeyPolicy", &request(&format!(r#""keyId":"{arn}""#)), &arn, &[id]);
    check("kms:CreateKey", &response(&format!(r#""keyMetadata":{{"aWSAccountId":"{A}","keyId":"{id}","arn":"{arn}"}}"#)), &arn, &[id]);
    let alias = format!("arn:aws:kms:{R}:{A}:alias/app");
    check("kms:CreateAlias", &request(&format!(r#""aliasName":"alias/app","targetKeyId":"{id}""#)), &alias, &["alias/app"]);
    check("kms:CreateAlias", &request(&format!(r#""aliasName":"alias/app","targetKeyId":"{id}""#)), &arn, &[id]);
}

#[test]
fn secrets_have_a_name_without_the_random_part() {
    let arn = "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:db/main-AbCdEf";
    check(
        "secretsmanager:CreateSecret",
        &format!(
            r#"{{"requestParameters":{{"name":"db/main","clientRequestToken":"t"}},"responseElements":{{"arn":"{arn}","name":"db/main"}}}}"#
        ),
        arn,
        &["db/main"],
    );
    check(
        "secretsmanager:DeleteSecret",
        &format!(r#"{{"requestParameters":{{"secretId":"db/main"}},"responseElements":{{"name":"db/main","aRN":"{arn}"}}}}"#),
        arn,
        &["db/main"],
    );
    check_found("secretsmanager:PutSecretValue", &request(r#""secretId":"db/main","secretString":"hunter2""#), &["db/main"]);
    assert!(
        !keys_of("secretsmanager:PutSecretValue", R, &request(r#""secretId":"db/main","secretString":"hunter2""#))
            .iter()
            .any(|m| m.key == "hunter2")
    );
    let asked = spellings(arn);
    let name = asked.iter().find(|spelling| spelling.key == "db/main").unwrap();
    assert_eq!((name.account_id.as_deref(), name.aws_region.as_deref()), (Some(A), Some(R)));
}

#[test]
fn identity_center_assigns_sets_to_people_for_accounts() {
    let record = request(
        r#""instanceArn":"arn:aws:sso:::instance/ssoins-72233af8ea2d1f14","targetId":"444455556666","targetType":"AWS_ACCOUNT","permissionSetArn":"arn:aws:sso:::permissionSet/ssoins-72233af8ea2d1f14/ps-ae5d1fa1f80b684e","principalType":"GROUP","principalId":"34887428-4081-7042-c3c6-928d413009e7""#,
    );
    check("sso:CreateAccountAssignment", &record, "arn:aws:sso:::permissionSet/ssoins-72233af8ea2d1f14/ps-ae5d1fa1f80b684e", &[]);
    check(
        "sso:CreateAccountAssignment",
        &record,
        "arn:aws:identitystore:::group/34887428-4081-7042-c3c6-928d413009e7",
        &["34887428-4081-7042-c3c6-928d413009e7"],
    );
    check_found("sso:CreateAccountAssignment", &record, &["444455556666"]);
    let member = request(
        r#""identityStoreId":"d-906791299c","groupId":"34887428-4081-7042-c3c6-928d413009e7","member":{"memberId":"94e80458-9021-70ea-08fa-c3a10a1d8a92"}"#,
    );
    check(
        "sso-directory:AddMemberToGroup",
        &member,
        "arn:aws:identitystore:::user/94e80458-9021-70ea-08fa-c3a10a1d8a92",
        &["94e80458-9021-70ea-08fa-c3a10a1d8a92"],
    );
    check_found(
        "organizations:AttachPolicy",
        &request(r#""policyId":"p-bvdv3rx3","targetId":"ou-abcd-12345678""#),
        &["p-bvdv3rx3", "ou-abcd-12345678"],
    );
}
