use super::{Attribute, Said, Touch};
use serde_json::{Value, json};

#[track_caller]
fn check(attribute: &str, event_name: &str, request: Value, expected: Option<Touch>) {
    let said = Said { event_name, request: &request, response: &Value::Null };
    assert_eq!(Attribute::parse(attribute).unwrap().touched(&said), expected, "{attribute} {event_name} {request}");
}

fn set(value: &str) -> Option<Touch> {
    Some(Touch::Set(value.to_owned()))
}

#[test]
fn attributes_are_read_as_asked_for() {
    for (text, attribute) in [
        ("tag:aws:cloudformation:stack-name", Attribute::Tag("aws:cloudformation:stack-name".into())),
        ("rule:tcp, 443", Attribute::Rule(vec!["tcp".into(), "443".into()])),
        ("policy:Deploy", Attribute::Policy("Deploy".into())),
        ("statement:Read", Attribute::Statement("Read".into())),
        ("a.b", Attribute::Parameter(vec!["a".into(), "b".into()])),
    ] {
        assert_eq!(Attribute::parse(text), Some(attribute));
    }
    for nothing in ["", " ", "tag:", "rule:", "rule:tcp,,443", "a..b", "policy: "] {
        assert_eq!(Attribute::parse(nothing), None, "{nothing:?}");
    }
}

#[test]
fn a_tag_is_found_in_every_shape_in_which_services_write_them() {
    for request in [
        json!({"tagSet": {"items": [{"key": "team", "value": "shop"}, {"key": "x", "value": "y"}]}}),
        json!({"tags": {"team": "shop"}}),
        json!({"tags": [{"Key": "team", "Value": "shop"}]}),
        json!({"tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "team", "value": "shop"}]}]}}),
        json!({"Tagging": {"TagSet": {"Tag": {"Key": "team", "Value": "shop"}}}}),
    ] {
        check("tag:team", "CreateTags", request.clone(), set("shop"));
        check("tag:Team", "CreateTags", request.clone(), None);
        check("tag:team", "DeleteTags", request, Some(Touch::Removed));
    }
    check("tag:team", "UntagResource", json!({"tagKeys": ["x", "team"]}), Some(Touch::Removed));
    check("tag:team", "TagResource", json!({"tags": {"x": "team"}}), None);
    check("tag:team", "CreateQueue", json!({"attributes": {"team": "shop"}}), None);
}

#[test]
fn a_rule_is_found_by_any_of_its_words() {
    let open = json!({"groupId": "sg-1", "ipPermissions": {"items": [
        {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "groups": {}},
        {"ipProtocol": "tcp", "fromPort": 8000, "toPort": 8100, "groups": {"items": [{"groupId": "sg-2"}]}, "ipRanges": {}}
    ]}});
    for (attribute, found) in [
        ("rule:443", set("0.0.0.0/0 443 tcp")),
        ("rule:tcp,443,0.0.0.0/0", set("0.0.0.0/0 443 tcp")),
        ("rule:8080,sg-2", set("8000-8100 sg-2 tcp")),
        ("rule:8000-8100", set("8000-8100 sg-2 tcp")),
        ("rule:443,sg-2", None),
        ("rule:udp", None),
        ("rule:8101", None),
        ("rule:sg-1", None),
    ] {
        check(attribute, "AuthorizeSecurityGroupIngress", open.clone(), found);
    }
    check("rule:443", "RevokeSecurityGroupIngress", open, Some(Touch::Removed));
    let all = json!({"ipPermissions": {"items": [{"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}});
    check("rule:all", "AuthorizeSecurityGroupEgress", all.clone(), set("10.0.0.0/8 all"));
    check("rule:-1,10.0.0.0/8", "AuthorizeSecurityGroupEgress", all, set("10.0.0.0/8 all"));
    let by_id = json!({"securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-1"}]}});
    check("rule:sgr-1", "RevokeSecurityGroupEgress", by_id, Some(Touch::Removed));
}

#[test]
fn a_policy_is_found_by_name_and_by_arn() {
    let inline = json!({"roleName": "r", "policyName": "Deploy", "policyDocument": "{}"});
    check("policy:Deploy", "PutRolePolicy", inline.clone(), set("{}"));
    check("policy:r", "PutRolePolicy", inline, None);
    let attached = json!({"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"});
    check("policy:ReadOnlyAccess", "AttachRolePolicy", attached.clone(), set("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    check("policy:arn:aws:iam::aws:policy/ReadOnlyAccess", "DetachRolePolicy", attached, Some(Touch::Removed));
}

#[test]
fn a_statement_is_found_in_documents_as_text_and_as_they_are() {
    let read = json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [read]});
    let told = set(&read.to_string());
    check("statement:Read", "PutBucketPolicy", json!({"bucketPolicy": document}), told.clone());
    check("statement:Read", "PutRolePolicy", json!({"policyDocument": document.to_string()}), told.clone());
    check("statement:Read", "PutKeyPolicy", json!({"policy": json!({"Statement": read}).to_string()}), told);
    check("statement:Write", "PutBucketPolicy", json!({"bucketPolicy": document}), Some(Touch::LeftOut));
    check("statement:Read", "DeleteBucketPolicy", json!({"bucketName": "b"}), Some(Touch::LeftOut));
    check("statement:Read", "PutBucketTagging", json!({"bucketName": "b"}), None);
    check("statement:Read", "RemovePermission20150331v2", json!({"statementId": "Read"}), Some(Touch::Removed));
}

#[test]
fn a_parameter_is_found_by_its_path() {
    let request = json!({"VersioningConfiguration": {"Status": "Suspended", "count": 3}});
    check("versioningConfiguration.status", "PutBucketVersioning", request.clone(), set("Suspended"));
    check("versioningConfiguration.count", "PutBucketVersioning", request.clone(), set("3"));
    check("versioningConfiguration.mfa", "PutBucketVersioning", request, None);
}

#[test]
fn what_lies_deeper_than_the_limit_is_left_out() {
    let deep = (0..super::DEPTH_MAX).fold(json!([{"key": "team", "value": "shop"}]), |inner, _| json!([inner]));
    check("tag:team", "TagResource", json!({"tags": deep}), None);
    let wide: Vec<Value> = (0..super::VALUES_MAX).map(|number| json!(number)).chain([json!({"key": "team", "value": "x"})]).collect();
    check("tag:team", "TagResource", json!({"tags": wide}), None);
}
