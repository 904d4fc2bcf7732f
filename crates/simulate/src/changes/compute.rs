//! EC2, Session Manager, Lambda, ECS, load balancers, stacks.

use super::{resource, write};
use crate::organisation::HOME_REGION;
use crate::random::Random;
use crate::record::Body;
use crate::text::quoted;

const EC2: &str = "ec2.amazonaws.com";

pub(crate) fn ec2_arn(account: &str, kind: &str, id: &str) -> String {
    format!("arn:aws:ec2:{HOME_REGION}:{account}:{kind}/{id}")
}

/// A fresh id such as `sg-0a1b…`.
pub(crate) fn id(random: &mut Random, prefix: &str) -> String {
    format!("{prefix}-0{}", random.hex(16))
}

pub(crate) fn create_security_group(account: &str, group: &str, name: &str) -> Body {
    write(
        EC2,
        "CreateSecurityGroup",
        format!("{{\"groupName\":\"{name}\",\"groupDescription\":\"made for {name}\",\"vpcId\":\"vpc-0aaaabbbbccccdddd\"}}"),
        format!("{{\"requestId\":\"r\",\"_return\":true,\"groupId\":\"{group}\"}}"),
        &[&ec2_arn(account, "security-group", group), group, name],
    )
}

pub(crate) fn open_port(random: &mut Random, account: &str, group: &str, port: u16) -> Body {
    let rule = id(random, "sgr");
    write(
        EC2,
        "AuthorizeSecurityGroupIngress",
        format!(
            "{{\"groupId\":\"{group}\",\"ipPermissions\":{{\"items\":[{{\"ipProtocol\":\"tcp\",\"fromPort\":{port},\"toPort\":{port},\"groups\":{{}},\"ipRanges\":{{\"items\":[{{\"cidrIp\":\"0.0.0.0/0\"}}]}},\"ipv6Ranges\":{{}},\"prefixListIds\":{{}}}}]}}}}"
        ),
        format!(
            "{{\"requestId\":\"r\",\"_return\":true,\"securityGroupRuleSet\":{{\"items\":[{{\"groupOwnerId\":\"{account}\",\"groupId\":\"{group}\",\"securityGroupRuleId\":\"{rule}\",\"isEgress\":false,\"ipProtocol\":\"tcp\",\"fromPort\":{port},\"toPort\":{port},\"cidrIpv4\":\"0.0.0.0/0\"}}]}}}}"
        ),
        &[&ec2_arn(account, "security-group", group), group, &ec2_arn(account, "security-group-rule", &rule), &rule],
    )
}

/// `profile` is the instance profile's name; `user_data` what the request carried.
pub(crate) fn run_instances(random: &mut Random, account: &str, instances: &[String], profile: Option<&str>, user_data: &str) -> Body {
    let profile = profile.map_or_else(String::new, |name| format!(",\"iamInstanceProfile\":{{\"name\":\"{name}\"}}"));
    let image = id(random, "ami");
    let items: Vec<String> = instances
        .iter()
        .map(|instance| {
            format!(
                "{{\"instanceId\":\"{instance}\",\"imageId\":\"{image}\",\"currentState\":{{\"code\":0,\"name\":\"pending\"}},\"privateDnsName\":\"ip-10-0-{0}-{1}.{HOME_REGION}.compute.internal\",\"amiLaunchIndex\":0,\"productCodes\":{{}},\"instanceType\":\"t3.medium\",\"launchTime\":1790000000000,\"placement\":{{\"availabilityZone\":\"{HOME_REGION}a\",\"tenancy\":\"default\"}},\"monitoring\":{{\"state\":\"disabled\"}},\"subnetId\":\"subnet-0aaaabbbbccccdddd\",\"vpcId\":\"vpc-0aaaabbbbccccdddd\",\"privateIpAddress\":\"10.0.{0}.{1}\",\"stateReason\":{{\"code\":\"pending\",\"message\":\"pending\"}},\"architecture\":\"x86_64\",\"rootDeviceType\":\"ebs\",\"virtualizationType\":\"hvm\",\"hypervisor\":\"xen\",\"ebsOptimized\":false}}",
                random.below(256),
                random.below(256)
            )
        })
        .collect();
    let mut things: Vec<String> = Vec::new();
    for instance in instances {
        things.push(ec2_arn(account, "instance", instance));
        things.push(instance.clone());
    }
    let count = instances.len();
    Body {
        things,
        ..write(
            EC2,
            "RunInstances",
            format!(
                "{{\"instancesSet\":{{\"items\":[{{\"imageId\":\"{image}\",\"minCount\":{count},\"maxCount\":{count}}}]}},\"userData\":\"{user_data}\",\"instanceType\":\"t3.medium\",\"blockDeviceMapping\":{{}},\"availabilityZone\":\"{HOME_REGION}a\",\"monitoring\":{{\"enabled\":false}},\"subnetId\":\"subnet-0aaaabbbbccccdddd\"{profile}}}"
            ),
            format!(
                "{{\"requestId\":\"r\",\"reservationId\":\"{}\",\"ownerId\":\"{account}\",\"groupSet\":{{}},\"instancesSet\":{{\"items\":[{}]}}}}",
                id(random, "r"),
                items.join(",")
            ),
            &[],
        )
    }
}

/// Start, Stop, Terminate.
pub(crate) fn change_state(name: &'static str, account: &str, instance: &str) -> Body {
    write(
        EC2,
        name,
        format!("{{\"instancesSet\":{{\"items\":[{{\"instanceId\":\"{instance}\"}}]}},\"force\":false}}"),
        format!(
            "{{\"requestId\":\"r\",\"instancesSet\":{{\"items\":[{{\"instanceId\":\"{instance}\",\"currentState\":{{\"code\":64,\"name\":\"stopping\"}},\"previousState\":{{\"code\":16,\"name\":\"running\"}}}}]}}}}"
        ),
        &[&ec2_arn(account, "instance", instance), instance],
    )
}

/// `kind` is the resource type in the ARN of every `id`.
pub(crate) fn create_tags(account: &str, kind: &str, ids: &[&str], tags: &[(&str, &str)]) -> Body {
    let items: Vec<String> = ids.iter().map(|id| format!("{{\"resourceId\":\"{id}\"}}")).collect();
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{{\"key\":{},\"value\":{}}}", quoted(key), quoted(value))).collect();
    let mut body = write(
        EC2,
        "CreateTags",
        format!("{{\"resourcesSet\":{{\"items\":[{}]}},\"tagSet\":{{\"items\":[{}]}}}}", items.join(","), tags.join(",")),
        "{\"requestId\":\"r\",\"_return\":true}".to_owned(),
        ids,
    );
    body.things.extend(ids.iter().map(|id| ec2_arn(account, kind, id)));
    body
}

/// An XML-wrapped call: request and answer lie under the operation's name.
pub(crate) fn create_nat_gateway(account: &str, gateway: &str) -> Body {
    write(
        EC2,
        "CreateNatGateway",
        "{\"CreateNatGatewayRequest\":{\"SubnetId\":\"subnet-0aaaabbbbccccdddd\",\"AllocationId\":\"eipalloc-0aaaabbbbccccdddd\",\"ClientToken\":\"terraform-1\"}}".to_owned(),
        format!(
            "{{\"CreateNatGatewayResponse\":{{\"xmlns\":\"http://ec2.amazonaws.com/doc/2016-11-15/\",\"natGateway\":{{\"natGatewayId\":\"{gateway}\",\"subnetId\":\"subnet-0aaaabbbbccccdddd\",\"vpcId\":\"vpc-0aaaabbbbccccdddd\",\"state\":\"pending\",\"natGatewayAddressSet\":{{\"item\":{{\"allocationId\":\"eipalloc-0aaaabbbbccccdddd\"}}}}}},\"requestId\":\"r\"}}}}"
        ),
        &[&ec2_arn(account, "natgateway", gateway), gateway],
    )
}

pub(crate) fn create_flow_logs(account: &str, vpc: &str, flow_log: &str) -> Body {
    write(
        EC2,
        "CreateFlowLogs",
        format!(
            "{{\"CreateFlowLogsRequest\":{{\"ResourceType\":\"VPC\",\"ResourceId\":{{\"tag\":1,\"content\":\"{vpc}\"}},\"TrafficType\":\"ALL\",\"LogGroupName\":\"/vpc/flow\",\"DeliverLogsPermissionArn\":\"arn:aws:iam::{account}:role/FlowLogs\"}}}}"
        ),
        format!(
            "{{\"CreateFlowLogsResponse\":{{\"xmlns\":\"http://ec2.amazonaws.com/doc/2016-11-15/\",\"flowLogIdSet\":{{\"item\":\"{flow_log}\"}},\"unsuccessful\":\"\",\"requestId\":\"r\"}}}}"
        ),
        &[&ec2_arn(account, "vpc-flow-log", flow_log), flow_log, &ec2_arn(account, "vpc", vpc), vpc],
    )
}

/// `session` is the Session Manager session id that comes back.
pub(crate) fn start_session(account: &str, instance: &str, session: &str) -> Body {
    write(
        "ssm.amazonaws.com",
        "StartSession",
        format!("{{\"target\":\"{instance}\"}}"),
        format!(
            "{{\"sessionId\":\"{session}\",\"streamUrl\":\"wss://ssmmessages.{HOME_REGION}.amazonaws.com/v1/data-channel/{session}?role=publish_subscribe\",\"tokenValue\":\"Value hidden due to security reasons.\"}}"
        ),
        &[&ec2_arn(account, "instance", instance), instance, session],
    )
}

pub(crate) fn terminate_session(session: &str) -> Body {
    write(
        "ssm.amazonaws.com",
        "TerminateSession",
        format!("{{\"sessionId\":\"{session}\"}}"),
        format!("{{\"sessionId\":\"{session}\"}}"),
        &[session],
    )
}

pub(crate) fn function_arn(account: &str, name: &str) -> String {
    format!("arn:aws:lambda:{HOME_REGION}:{account}:function:{name}")
}

pub(crate) fn create_function(random: &mut Random, account: &str, name: &str, secret: &str) -> Body {
    function(random, account, name, secret, "CreateFunction20150331", name)
}

pub(crate) fn update_function_configuration(random: &mut Random, account: &str, name: &str, secret: &str) -> Body {
    function(random, account, name, secret, "UpdateFunctionConfiguration20150331v2", name)
}

/// Real callers name the function by ARN here.
pub(crate) fn update_function_code(random: &mut Random, account: &str, name: &str, secret: &str) -> Body {
    let arn = function_arn(account, name);
    function(random, account, name, secret, "UpdateFunctionCode20150331v2", &arn)
}

fn function(random: &mut Random, account: &str, name: &str, secret: &str, event: &'static str, spelled: &str) -> Body {
    let arn = function_arn(account, name);
    let environment = format!("\"environment\":{{\"variables\":{{\"STAGE\":\"prod\",\"DB_PASSWORD\":\"{secret}\"}}}}");
    let role = format!("arn:aws:iam::{account}:role/service-role/lambda-basic");
    write(
        "lambda.amazonaws.com",
        event,
        format!(
            "{{\"functionName\":\"{spelled}\",\"runtime\":\"python3.13\",\"role\":\"{role}\",\"handler\":\"app.handler\",\"code\":{{}},{environment},\"publish\":false,\"dryRun\":false}}"
        ),
        format!(
            "{{\"functionName\":\"{name}\",\"functionArn\":\"{arn}\",\"runtime\":\"python3.13\",\"role\":\"{role}\",\"handler\":\"app.handler\",\"codeSize\":{},\"description\":\"\",\"timeout\":30,\"memorySize\":256,\"codeSha256\":\"{}=\",\"version\":\"$LATEST\",{environment},\"tracingConfig\":{{\"mode\":\"PassThrough\"}},\"revisionId\":\"{}\",\"state\":\"Pending\",\"packageType\":\"Zip\",\"architectures\":[\"arm64\"],\"ephemeralStorage\":{{\"size\":512}},\"loggingConfig\":{{\"logFormat\":\"Text\",\"logGroup\":\"/aws/lambda/{name}\"}}}}",
            random.below(9_000_000),
            random.alnum(43),
            random.uuid()
        ),
        &[&arn, name],
    )
}

pub(crate) fn update_service(account: &str, cluster: &str, service: &str, revision: u64) -> Body {
    let arn = format!("arn:aws:ecs:{HOME_REGION}:{account}:service/{cluster}/{service}");
    write(
        "ecs.amazonaws.com",
        "UpdateService",
        format!(
            "{{\"cluster\":\"{cluster}\",\"service\":\"{service}\",\"taskDefinition\":\"{service}:{revision}\",\"desiredCount\":3,\"forceNewDeployment\":true}}"
        ),
        format!(
            "{{\"service\":{{\"serviceArn\":\"{arn}\",\"serviceName\":\"{service}\",\"clusterArn\":\"arn:aws:ecs:{HOME_REGION}:{account}:cluster/{cluster}\",\"status\":\"ACTIVE\",\"desiredCount\":3,\"runningCount\":3,\"pendingCount\":0,\"launchType\":\"FARGATE\",\"taskDefinition\":\"arn:aws:ecs:{HOME_REGION}:{account}:task-definition/{service}:{revision}\"}}}}"
        ),
        &[&arn, service],
    )
}

/// `containers` sets the record's size: each is about 400 bytes.
pub(crate) fn register_task_definition(account: &str, family: &str, revision: u64, containers: usize, secret: &str) -> Body {
    let containers: Vec<String> = (0..containers.max(1))
        .map(|at| {
            format!(
                "{{\"name\":\"c{at}\",\"image\":\"{account}.dkr.ecr.{HOME_REGION}.amazonaws.com/{family}:r{revision}\",\"cpu\":256,\"memory\":512,\"essential\":true,\"environment\":[{{\"name\":\"API_TOKEN\",\"value\":\"{secret}\"}}],\"logConfiguration\":{{\"logDriver\":\"awslogs\",\"options\":{{\"awslogs-group\":\"/ecs/{family}\",\"awslogs-region\":\"{HOME_REGION}\",\"awslogs-stream-prefix\":\"c{at}\"}}}}}}"
            )
        })
        .collect();
    let arn = format!("arn:aws:ecs:{HOME_REGION}:{account}:task-definition/{family}:{revision}");
    write(
        "ecs.amazonaws.com",
        "RegisterTaskDefinition",
        format!(
            "{{\"family\":\"{family}\",\"taskRoleArn\":\"arn:aws:iam::{account}:role/ecsTask\",\"networkMode\":\"awsvpc\",\"containerDefinitions\":[{}]}}",
            containers.join(",")
        ),
        format!(
            "{{\"taskDefinition\":{{\"taskDefinitionArn\":\"{arn}\",\"family\":\"{family}\",\"revision\":{revision},\"status\":\"ACTIVE\"}}}}"
        ),
        &[&arn, &format!("{family}:{revision}")],
    )
}

pub(crate) fn create_load_balancer(random: &mut Random, account: &str, name: &str) -> Body {
    let arn = format!("arn:aws:elasticloadbalancing:{HOME_REGION}:{account}:loadbalancer/app/{name}/{}", random.hex(16));
    write(
        "elasticloadbalancing.amazonaws.com",
        "CreateLoadBalancer",
        format!(
            "{{\"name\":\"{name}\",\"scheme\":\"internal\",\"type\":\"application\",\"subnets\":[\"subnet-0aaaabbbbccccdddd\",\"subnet-0bbbbccccddddeeee\"]}}"
        ),
        format!(
            "{{\"loadBalancers\":[{{\"loadBalancerArn\":\"{arn}\",\"loadBalancerName\":\"{name}\",\"scheme\":\"internal\",\"type\":\"application\",\"state\":{{\"code\":\"provisioning\"}},\"vpcId\":\"vpc-0aaaabbbbccccdddd\"}}]}}"
        ),
        &[&arn, name],
    )
}

/// Returns the call, and the stack's id.
pub(crate) fn create_stack(random: &mut Random, account: &str, name: &str) -> (Body, String) {
    let arn = format!("arn:aws:cloudformation:{HOME_REGION}:{account}:stack/{name}/{}", random.uuid());
    let body = write(
        "cloudformation.amazonaws.com",
        "CreateStack",
        format!(
            "{{\"stackName\":\"{name}\",\"templateURL\":\"https://cf-templates-example.s3.{HOME_REGION}.amazonaws.com/{name}.yaml\",\"capabilities\":[\"CAPABILITY_IAM\"],\"disableRollback\":false,\"parameters\":[{{\"parameterKey\":\"Stage\",\"parameterValue\":\"****\"}}]}}"
        ),
        format!("{{\"stackId\":\"{arn}\"}}"),
        &[&arn, name],
    );
    (body, arn)
}

pub(crate) fn set_desired_capacity(account: &str, group: &str) -> Body {
    let arn = format!("arn:aws:autoscaling:{HOME_REGION}:{account}:autoScalingGroup:*:autoScalingGroupName/{group}");
    write(
        "autoscaling.amazonaws.com",
        "SetDesiredCapacity",
        format!("{{\"autoScalingGroupName\":\"{group}\",\"desiredCapacity\":4,\"honorCooldown\":false}}"),
        String::new(),
        &[&arn, group],
    )
}

/// KMS writes the key into `resources`; used across accounts, both record it.
pub(crate) fn create_grant(random: &mut Random, account: &str, key: &str, grantee: &str) -> Body {
    let arn = format!("arn:aws:kms:{HOME_REGION}:{account}:key/{key}");
    let mut body = write(
        "kms.amazonaws.com",
        "CreateGrant",
        format!("{{\"keyId\":\"{arn}\",\"granteePrincipal\":\"{grantee}\",\"operations\":[\"Decrypt\",\"GenerateDataKey\"]}}"),
        format!("{{\"grantId\":\"{}\",\"keyId\":\"{arn}\"}}", random.hex(64)),
        &[&arn, key],
    );
    body.resources = resource(account, "AWS::KMS::Key", &arn);
    body
}
