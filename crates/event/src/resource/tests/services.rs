//! Stores, containers and the other services.

use super::*;

#[test]
fn buckets_and_objects_have_no_account() {
    check("s3:CreateBucket", &request(r#""bucketName":"logs-1","Host":"s3.amazonaws.com""#), "arn:aws:s3:::logs-1", &["logs-1"]);
    let put = r#"{"requestParameters":{"bucketName":"logs-1","key":"a b/2%20.csv"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::logs-1/a b/2%20.csv"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::logs-1"}]}"#;
    check("s3:PutObject", put, "arn:aws:s3:::logs-1/a b/2%20.csv", &["a b/2%20.csv"]);
    check("s3:PutObject", put, "arn:aws:s3:::logs-1", &["logs-1"]);
}

#[test]
fn functions_are_one_whatever_their_qualifier() {
    let arn = "arn:aws:lambda:ap-northeast-1:111122223333:function:resize";
    let update = r#"{"requestParameters":{"fullyQualifiedArn":{"relativeId":{"functionName":"resize"}},"functionName":"arn:aws:lambda:ap-northeast-1:111122223333:function:resize"},
        "responseElements":{"functionName":"resize","functionArn":"arn:aws:lambda:ap-northeast-1:111122223333:function:resize:7","role":"arn:aws:iam::111122223333:role/lambda"}}"#;
    check("lambda:UpdateFunctionCode20150331v2", update, arn, &["resize", "arn:aws:lambda:ap-northeast-1:111122223333:function:resize:7"]);
    for name in ["resize", "resize:live", "111122223333:function:resize"] {
        check("lambda:AddPermission20150331v2", &request(&format!(r#""functionName":"{name}""#)), arn, &["resize", name]);
    }
    let role = keys_of("lambda:UpdateFunctionCode20150331v2", R, update)
        .into_iter()
        .find(|m| m.key == "arn:aws:iam::111122223333:role/lambda")
        .unwrap();
    assert!(!role.exact);
}

#[test]
fn databases_are_lower_case() {
    let record = r#"{"requestParameters":{"dBInstanceIdentifier":"Orders","masterUserPassword":"****"},"responseElements":{"dBInstanceIdentifier":"orders","dBInstanceArn":"arn:aws:rds:ap-northeast-1:111122223333:db:orders","dbiResourceId":"db-7WHDN5VYHL4Q4ZXXM6CSILMFOM"}}"#;
    check(
        "rds:CreateDBInstance",
        record,
        "arn:aws:rds:ap-northeast-1:111122223333:db:orders",
        &["orders", "Orders", "db-7WHDN5VYHL4Q4ZXXM6CSILMFOM"],
    );
    check(
        "rds:ModifyDBSnapshotAttribute",
        &request(r#""dBSnapshotIdentifier":"nightly""#),
        "arn:aws:rds:ap-northeast-1:111122223333:snapshot:nightly",
        &["nightly"],
    );
    check(
        "rds:DeleteDBCluster",
        &request(r#""dBClusterIdentifier":"aurora""#),
        "arn:aws:rds:ap-northeast-1:111122223333:cluster:aurora",
        &["aurora"],
    );
}

#[test]
fn containers_lie_in_clusters() {
    let cluster = r#"{"requestParameters":{"clusterName":"prod"},"responseElements":{"cluster":{"clusterName":"prod","clusterArn":"arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod"}}}"#;
    check("ecs:CreateCluster", cluster, "arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod", &["prod"]);
    let service = request(r#""cluster":"prod","service":"api","desiredCount":2"#);
    check("ecs:UpdateService", &service, "arn:aws:ecs:ap-northeast-1:111122223333:service/prod/api", &["api"]);
    check("ecs:UpdateService", &service, "arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod", &["prod"]);
    check(
        "ecs:DeregisterTaskDefinition",
        &request(r#""taskDefinition":"api:7""#),
        "arn:aws:ecs:ap-northeast-1:111122223333:task-definition/api:7",
        &["api:7", "api"],
    );
    check(
        "ecr:PutLifecyclePolicy",
        &request(r#""repositoryName":"team/api","registryId":"111122223333""#),
        "arn:aws:ecr:ap-northeast-1:111122223333:repository/team/api",
        &["team/api"],
    );
    check("eks:UpdateClusterConfig", &request(r#""name":"prod""#), "arn:aws:eks:ap-northeast-1:111122223333:cluster/prod", &["prod"]);
    check(
        "eks:CreateCluster",
        &response(r#""cluster":{"name":"prod","arn":"arn:aws:eks:ap-northeast-1:111122223333:cluster/prod"}"#),
        "arn:aws:eks:ap-northeast-1:111122223333:cluster/prod",
        &["prod"],
    );
    check(
        "batch:CreateComputeEnvironment",
        &request(r#""computeEnvironmentName":"spot""#),
        "arn:aws:batch:ap-northeast-1:111122223333:compute-environment/spot",
        &["spot"],
    );
    let exec = r#"{"requestParameters":{"cluster":"prod","container":"app","task":"arn:aws:ecs:ap-northeast-1:111122223333:task/prod/0123456789abcdef0123456789abcdef"},"responseElements":{"session":{"sessionId":"ecs-execute-command-0abcdefghijklmnop"}}}"#;
    check(
        "ecs:ExecuteCommand",
        exec,
        "arn:aws:ecs:ap-northeast-1:111122223333:task/prod/0123456789abcdef0123456789abcdef",
        &["0123456789abcdef0123456789abcdef"],
    );
    check_found("ecs:ExecuteCommand", exec, &["ecs-execute-command-0abcdefghijklmnop"]);
}

#[test]
fn parameters_lose_their_first_slash() {
    let arn = "arn:aws:ssm:ap-northeast-1:111122223333:parameter/app/db";
    check(
        "ssm:PutParameter",
        &request(r#""name":"/app/db","type":"SecureString","value":"HIDDEN_DUE_TO_SECURITY_REASONS""#),
        arn,
        &["/app/db"],
    );
    check("ssm:DeleteParameters", &request(r#""names":["/app/db","/app/x"]"#), arn, &["/app/db"]);
    check("ssm:PutParameter", &format!(r#"{{"resources":[{{"accountId":"{A}","ARN":"{arn}"}}]}}"#), arn, &["/app/db"]);
    assert!(spellings("app/db").iter().any(|spelling| spelling.key == "/app/db"));
}

#[test]
fn sessions_and_documents_are_found() {
    let start = r#"{"requestParameters":{"target":"i-0a1b2c3d"},"responseElements":{"sessionId":"sato-0abcdefghijklmnopqrstuvwxy","streamUrl":"wss://x","tokenValue":"Value hidden due to security reasons."}}"#;
    check("ssm:StartSession", start, &ec2("instance/i-0a1b2c3d"), &["i-0a1b2c3d"]);
    check(
        "ssm:StartSession",
        start,
        "arn:aws:ssm:ap-northeast-1:111122223333:session/sato-0abcdefghijklmnopqrstuvwxy",
        &["sato-0abcdefghijklmnopqrstuvwxy"],
    );
    check(
        "ssm:StartSession",
        &request(r#""target":"ecs:prod_0123456789abcdef0123456789abcdef_0123456789abcdef0123456789abcdef-1""#),
        "arn:aws:ecs:ap-northeast-1:111122223333:task/prod/0123456789abcdef0123456789abcdef",
        &[],
    );
    check(
        "ssm:UpdateDocument",
        &request(r#""name":"Patch","content":"{}""#),
        "arn:aws:ssm:ap-northeast-1:111122223333:document/Patch",
        &["Patch"],
    );
    check(
        "ssm:SendCommand",
        &request(
            r#""documentName":"AWS-RunShellScript","instanceIds":["i-0a1b2c3d","i-0a1b2c3e"],"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS""#,
        ),
        &ec2("instance/i-0a1b2c3e"),
        &["i-0a1b2c3e"],
    );
}

#[test]
fn tables_topics_queues_and_streams() {
    let cases = [
        ("dynamodb:DeleteTable", r#""tableName":"orders""#, "dynamodb:ap-northeast-1:111122223333:table/orders", "orders"),
        (
            "sns:DeleteTopic",
            r#""topicArn":"arn:aws:sns:ap-northeast-1:111122223333:alerts""#,
            "sns:ap-northeast-1:111122223333:alerts",
            "alerts",
        ),
        (
            "sqs:DeleteQueue",
            r#""queueUrl":"https://sqs.eu-west-1.amazonaws.com/444455556666/jobs""#,
            "sqs:eu-west-1:444455556666:jobs",
            "jobs",
        ),
        ("sqs:CreateQueue", r#""queueName":"jobs""#, "sqs:ap-northeast-1:111122223333:jobs", "jobs"),
        ("kinesis:DeleteStream", r#""streamName":"clicks""#, "kinesis:ap-northeast-1:111122223333:stream/clicks", "clicks"),
        (
            "firehose:CreateDeliveryStream",
            r#""deliveryStreamName":"clicks""#,
            "firehose:ap-northeast-1:111122223333:deliverystream/clicks",
            "clicks",
        ),
        ("glue:StartJobRun", r#""jobName":"etl""#, "glue:ap-northeast-1:111122223333:job/etl", "etl"),
        ("glue:CreateTable", r#""databaseName":"db","tableInput":{"name":"t"}"#, "glue:ap-northeast-1:111122223333:table/db/t", "t"),
        ("redshift:DeleteCluster", r#""clusterIdentifier":"dw""#, "redshift:ap-northeast-1:111122223333:cluster:dw", "dw"),
        (
            "elasticache:CreateReplicationGroup",
            r#""replicationGroupId":"cache""#,
            "elasticache:ap-northeast-1:111122223333:replicationgroup:cache",
            "cache",
        ),
        ("es:UpdateDomainConfig", r#""domainName":"search""#, "es:ap-northeast-1:111122223333:domain/search", "search"),
        (
            "elasticfilesystem:DeleteFileSystem",
            r#""fileSystemId":"fs-0a1b2c3d""#,
            "elasticfilesystem:ap-northeast-1:111122223333:file-system/fs-0a1b2c3d",
            "fs-0a1b2c3d",
        ),
        (
            "elasticfilesystem:CreateMountTarget",
            r#""mountTargetId":"fsmt-0a1b2c3d","fileSystemId":"fs-0a1b2c3d""#,
            "elasticfilesystem:ap-northeast-1:111122223333:file-system/fs-0a1b2c3d",
            "fsmt-0a1b2c3d",
        ),
        (
            "logs:DeleteLogGroup",
            r#""logGroupName":"/aws/lambda/resize""#,
            "logs:ap-northeast-1:111122223333:log-group:/aws/lambda/resize",
            "/aws/lambda/resize",
        ),
        (
            "logs:PutRetentionPolicy",
            r#""logGroupIdentifier":"arn:aws:logs:ap-northeast-1:111122223333:log-group:app:*""#,
            "logs:ap-northeast-1:111122223333:log-group:app",
            "app",
        ),
        ("events:PutRule", r#""name":"nightly""#, "events:ap-northeast-1:111122223333:rule/nightly", "nightly"),
        (
            "events:PutTargets",
            r#""rule":"nightly","eventBusName":"orders""#,
            "events:ap-northeast-1:111122223333:rule/orders/nightly",
            "nightly",
        ),
        ("events:CreateEventBus", r#""name":"orders""#, "events:ap-northeast-1:111122223333:event-bus/orders", "orders"),
        (
            "scheduler:DeleteSchedule",
            r#""name":"nightly","groupName":"ops""#,
            "scheduler:ap-northeast-1:111122223333:schedule/ops/nightly",
            "nightly",
        ),
        ("states:CreateStateMachine", r#""name":"flow""#, "states:ap-northeast-1:111122223333:stateMachine:flow", "flow"),
        (
            "ses:VerifyEmailIdentity",
            r#""emailAddress":"a@example.com""#,
            "ses:ap-northeast-1:111122223333:identity/a@example.com",
            "a@example.com",
        ),
        ("codebuild:UpdateProject", r#""name":"build""#, "codebuild:ap-northeast-1:111122223333:project/build", "build"),
        ("codepipeline:UpdatePipeline", r#""pipeline":{"name":"ship"}"#, "codepipeline:ap-northeast-1:111122223333:ship", "ship"),
        ("cloudtrail:StopLogging", r#""name":"main""#, "cloudtrail:ap-northeast-1:111122223333:trail/main", "main"),
        (
            "cloudtrail:PutEventSelectors",
            r#""trailName":"arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/main""#,
            "cloudtrail:ap-northeast-1:111122223333:trail/main",
            "main",
        ),
        (
            "guardduty:DeleteDetector",
            r#""detectorId":"12abc34d567e8fa901bc2d34e56789f0""#,
            "guardduty:ap-northeast-1:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0",
            "12abc34d567e8fa901bc2d34e56789f0",
        ),
        (
            "cognito-idp:DeleteUserPool",
            r#""userPoolId":"ap-northeast-1_AbCdEfGhI""#,
            "cognito-idp:ap-northeast-1:111122223333:userpool/ap-northeast-1_AbCdEfGhI",
            "ap-northeast-1_AbCdEfGhI",
        ),
        (
            "appmesh:CreateVirtualGateway",
            r#""meshName":"m1","virtualGatewayName":"g1""#,
            "appmesh:ap-northeast-1:111122223333:mesh/m1/virtualGateway/g1",
            "g1",
        ),
        ("apigateway:DeleteRestApi", r#""restApiId":"abcdef74gh""#, "apigateway:ap-northeast-1::/restapis/abcdef74gh", "abcdef74gh"),
        (
            "apigateway:CreateStage",
            r#""restApiId":"abcdef74gh","createStageInput":{"stageName":"prod"}"#,
            "apigateway:ap-northeast-1::/restapis/abcdef74gh",
            "abcdef74gh",
        ),
        (
            "elasticloadbalancing:DeleteLoadBalancer",
            r#""loadBalancerName":"classic""#,
            "elasticloadbalancing:ap-northeast-1:111122223333:loadbalancer/classic",
            "classic",
        ),
    ];
    for (call, members, arn, name) in cases {
        check(call, &request(members), &format!("arn:aws:{arn}"), &[name]);
        check(call, &request(&capitals(members)), &format!("arn:aws:{arn}"), &[name]);
    }
}

#[test]
fn arns_with_a_random_part_come_from_the_record() {
    let cases = [
        (
            "cloudformation:CreateStack",
            r#""stackName":"web""#,
            r#""stackId":"ARN""#,
            "cloudformation:ap-northeast-1:111122223333:stack/web/19182870-87c7-11ef-bc78-0e34431d21e9",
            "web",
        ),
        (
            "elasticloadbalancing:CreateLoadBalancer",
            r#""name":"web","type":"application""#,
            r#""loadBalancers":[{"loadBalancerName":"web","loadBalancerArn":"ARN"}]"#,
            "elasticloadbalancing:ap-northeast-1:111122223333:loadbalancer/app/web/433ae0ba96204181",
            "web",
        ),
        (
            "elasticloadbalancing:CreateTargetGroup",
            r#""name":"tg""#,
            r#""targetGroups":[{"targetGroupName":"tg","targetGroupArn":"ARN"}]"#,
            "elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/tg/433ae0ba96204181",
            "tg",
        ),
        (
            "acm:RequestCertificate",
            r#""domainName":"example.com""#,
            r#""certificateArn":"ARN""#,
            "acm:ap-northeast-1:111122223333:certificate/19182870-87c7-11ef-bc78-0e34431d21e9",
            "19182870-87c7-11ef-bc78-0e34431d21e9",
        ),
        (
            "autoscaling:UpdateAutoScalingGroup",
            r#""autoScalingGroupName":"web""#,
            r#""autoScalingGroupARN":"ARN""#,
            "autoscaling:ap-northeast-1:111122223333:autoScalingGroup:19182870-87c7-11ef-bc78-0e34431d21e9:autoScalingGroupName/web",
            "web",
        ),
        (
            "organizations:CreatePolicy",
            r#""name":"deny""#,
            r#""policy":{"policySummary":{"id":"p-bvdv3rx3","name":"deny","arn":"ARN"}}"#,
            "organizations::111122223333:policy/o-pdbiiraurm/service_control_policy/p-bvdv3rx3",
            "p-bvdv3rx3",
        ),
        (
            "wafv2:CreateWebACL",
            r#""name":"acl","scope":"REGIONAL""#,
            r#""summary":{"name":"acl","id":"19182870-87c7-11ef-bc78-0e34431d21e9","aRN":"ARN"}"#,
            "wafv2:ap-northeast-1:111122223333:regional/webacl/acl/19182870-87c7-11ef-bc78-0e34431d21e9",
            "acl",
        ),
        (
            "kafka:CreateCluster",
            r#""clusterName":"bus""#,
            r#""clusterArn":"ARN","clusterName":"bus""#,
            "kafka:ap-northeast-1:111122223333:cluster/bus/19182870-87c7-11ef-bc78-0e34431d21e9-2",
            "bus",
        ),
        (
            "config:PutConfigRule",
            r#""configRule":{"configRuleName":"no-public"}"#,
            r#""configRule":{"configRuleName":"no-public","configRuleArn":"ARN"}"#,
            "config:ap-northeast-1:111122223333:config-rule/config-rule-abcdef",
            "no-public",
        ),
        (
            "sso:CreatePermissionSet",
            r#""name":"Admin","instanceArn":"arn:aws:sso:::instance/ssoins-72233af8ea2d1f14""#,
            r#""permissionSet":{"name":"Admin","permissionSetArn":"ARN"}"#,
            "sso:::permissionSet/ssoins-72233af8ea2d1f14/ps-ae5d1fa1f80b684e",
            "ps-ae5d1fa1f80b684e",
        ),
        (
            "rolesanywhere:CreateProfile",
            r#""name":"onprem""#,
            r#""profile":{"name":"onprem","profileArn":"ARN","profileId":"19182870-87c7-11ef-bc78-0e34431d21e9"}"#,
            "rolesanywhere:ap-northeast-1:111122223333:profile/19182870-87c7-11ef-bc78-0e34431d21e9",
            "onprem",
        ),
        (
            "rolesanywhere:CreateTrustAnchor",
            r#""name":"ca""#,
            r#""trustAnchor":{"name":"ca","trustAnchorArn":"ARN","trustAnchorId":"19182870-87c7-11ef-bc78-0e34431d21e9"}"#,
            "rolesanywhere:ap-northeast-1:111122223333:trust-anchor/19182870-87c7-11ef-bc78-0e34431d21e9",
            "ca",
        ),
    ];
    for (call, request, response, arn, name) in cases {
        let arn = format!("arn:aws:{arn}");
        let record = format!(
            r#"{{"apiVersion":"2015-12-01","requestParameters":{{{request}}},"responseElements":{{{}}}}}"#,
            response
                .replace("ARN\"", &format!("{arn}\""))
                .replace(&format!("autoScalingGroup{arn}"), "autoScalingGroupARN")
                .replace(&format!("a{arn}"), "aRN")
        );
        check(call, &record, &arn, &[name]);
    }
}

#[test]
fn a_part_names_its_whole() {
    let api = "arn:aws:apigateway:ap-northeast-1::/restapis/abcdef74gh";
    check("apigateway:TagResource", &request(&format!(r#""resourceArn":"{api}/stages/prod""#)), api, &["abcdef74gh"]);
    check("apigateway:TagResource", &request(&format!(r#""resourceArn":"{api}/stages/prod""#)), &format!("{api}/stages/prod"), &["prod"]);
    let table = "arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders";
    check("dynamodb:TagResource", &request(&format!(r#""resourceArn":"{table}/index/by-day""#)), table, &["orders"]);
    let group = "arn:aws:logs:ap-northeast-1:111122223333:log-group:app";
    check("logs:DeleteLogStream", &request(r#""logGroupName":"app","logStreamName":"s-1""#), group, &["app"]);
    check("logs:DeleteLogStream", &request(r#""logGroupName":"app","logStreamName":"s-1""#), &format!("{group}:log-stream:s-1"), &["s-1"]);
}

#[test]
fn tags_of_systems_manager_say_the_type() {
    let tags = request(r#""resourceType":"Parameter","resourceId":"/app/db","tags":[{"key":"k","value":"v"}]"#);
    check("ssm:AddTagsToResource", &tags, "arn:aws:ssm:ap-northeast-1:111122223333:parameter/app/db", &["/app/db"]);
}
