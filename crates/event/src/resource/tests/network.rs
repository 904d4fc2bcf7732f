//! Amazon EC2 and the network around it.

use super::*;

#[test]
fn instances_are_found_in_sets() {
    let run = r#"{"requestParameters":{"instancesSet":{"items":[{"imageId":"ami-0a1b2c3d4e5f60718","minCount":2,"maxCount":2}]},"instanceType":"t3.micro","subnetId":"subnet-0a1b2c3d4e5f60718","iamInstanceProfile":{"name":"web-profile"}},
        "responseElements":{"requestId":"r","reservationId":"r-0a1b2c3d4e5f60718","ownerId":"111122223333","instancesSet":{"items":[
        {"instanceId":"i-0a1b2c3d4e5f60718","imageId":"ami-0a1b2c3d4e5f60718","instanceState":{"code":0,"name":"pending"}},{"instanceId":"i-0a1b2c3d4e5f60719"}]}}}"#;
    check("ec2:RunInstances", run, &ec2("instance/i-0a1b2c3d4e5f60718"), &["i-0a1b2c3d4e5f60718"]);
    check("ec2:RunInstances", run, &ec2("instance/i-0a1b2c3d4e5f60719"), &["i-0a1b2c3d4e5f60719"]);
    // What a new instance only refers to is found, but not as changed.
    let image = keys_of("ec2:RunInstances", R, run).into_iter().find(|m| m.key == "ami-0a1b2c3d4e5f60718").unwrap();
    assert_eq!((image.arn.as_deref(), image.exact), (Some("arn:aws:ec2:ap-northeast-1::image/ami-0a1b2c3d4e5f60718"), false));
    check(
        "ec2:TerminateInstances",
        &request(r#""instancesSet":{"items":[{"instanceId":"i-0a1b2c3d"}]}"#),
        &ec2("instance/i-0a1b2c3d"),
        &["i-0a1b2c3d"],
    );
    check(
        "ec2:ModifyInstanceAttribute",
        &request(r#""instanceId":"i-0a1b2c3d","userData":"<sensitiveDataRemoved>""#),
        &ec2("instance/i-0a1b2c3d"),
        &["i-0a1b2c3d"],
    );
}

#[test]
fn tags_touch_whatever_they_are_put_on() {
    let tags = request(
        r#""resourcesSet":{"items":[{"resourceId":"vpc-0a1b2c3d4e5f60718"},{"resourceId":"lt-0a1b2c3d4e5f60718"}]},"tagSet":{"items":[{"key":"Name","value":"x"}]}"#,
    );
    check("ec2:CreateTags", &tags, &ec2("vpc/vpc-0a1b2c3d4e5f60718"), &["vpc-0a1b2c3d4e5f60718"]);
    check("ec2:DeleteTags", &tags, &ec2("launch-template/lt-0a1b2c3d4e5f60718"), &["lt-0a1b2c3d4e5f60718"]);
}

#[test]
fn ec2_ids_tell_their_type() {
    let cases = [
        ("AuthorizeSecurityGroupIngress", r#""groupId":"sg-0a1b2c3d""#, "security-group/sg-0a1b2c3d"),
        ("CreateVpc", r#""vpc":{"vpcId":"vpc-0a1b2c3d","state":"pending"}"#, "vpc/vpc-0a1b2c3d"),
        ("CreateSubnet", r#""subnet":{"subnetId":"subnet-0a1b2c3d","vpcId":"vpc-0a1b2c3d"}"#, "subnet/subnet-0a1b2c3d"),
        ("CreateRouteTable", r#""routeTable":{"routeTableId":"rtb-0a1b2c3d"}"#, "route-table/rtb-0a1b2c3d"),
        ("CreateRoute", r#""routeTableId":"rtb-0a1b2c3d","destinationCidrBlock":"0.0.0.0/0""#, "route-table/rtb-0a1b2c3d"),
        ("AttachInternetGateway", r#""internetGatewayId":"igw-0a1b2c3d","vpcId":"vpc-0a1b2c3d""#, "internet-gateway/igw-0a1b2c3d"),
        ("AttachInternetGateway", r#""internetGatewayId":"igw-0a1b2c3d","vpcId":"vpc-0a1b2c3d""#, "vpc/vpc-0a1b2c3d"),
        (
            "CreateNatGateway",
            r#""CreateNatGatewayResponse":{"xmlns":"x","natGateway":{"natGatewayId":"nat-0a1b2c3d"}}"#,
            "natgateway/nat-0a1b2c3d",
        ),
        ("DeleteNatGateway", r#""DeleteNatGatewayRequest":{"NatGatewayId":"nat-0a1b2c3d"}"#, "natgateway/nat-0a1b2c3d"),
        (
            "CreateFlowLogs",
            r#""CreateFlowLogsRequest":{"ResourceType":"VPC","ResourceId":{"tag":1,"content":"vpc-0a1b2c3d"}}"#,
            "vpc/vpc-0a1b2c3d",
        ),
        (
            "CreateFlowLogs",
            r#""CreateFlowLogsRequest":{"ResourceId":[{"tag":1,"content":"vpc-0a1b2c3e"},{"tag":2,"content":"vpc-0a1b2c3d"}]}"#,
            "vpc/vpc-0a1b2c3d",
        ),
        ("CreateFlowLogs", r#""CreateFlowLogsResponse":{"flowLogIdSet":{"item":"fl-0a1b2c3d"}}"#, "vpc-flow-log/fl-0a1b2c3d"),
        ("DeleteFlowLogs", r#""DeleteFlowLogsRequest":{"FlowLogId":{"content":"fl-0a1b2c3d","tag":1}}"#, "vpc-flow-log/fl-0a1b2c3d"),
        (
            "CreateNetworkInterface",
            r#""networkInterface":{"networkInterfaceId":"eni-0a1b2c3d","requesterId":"amazon-elb"}"#,
            "network-interface/eni-0a1b2c3d",
        ),
        ("AllocateAddress", r#""publicIp":"192.0.2.7","allocationId":"eipalloc-0a1b2c3d""#, "elastic-ip/eipalloc-0a1b2c3d"),
        ("CreateVolume", r#""volumeId":"vol-0a1b2c3d","snapshotId":"snap-0a1b2c3e","createTime":1455204717646"#, "volume/vol-0a1b2c3d"),
        ("DeleteSnapshot", r#""snapshotId":"snap-0a1b2c3d""#, "snapshot/snap-0a1b2c3d"),
        ("DeleteLaunchTemplate", r#""DeleteLaunchTemplateRequest":{"LaunchTemplateId":"lt-0a1b2c3d"}"#, "launch-template/lt-0a1b2c3d"),
        (
            "DeleteTransitGatewayVpcAttachment",
            r#""DelTGwVpcAttachReq":{"TransitGatewayAttachmentId":"tgw-attach-0a1b2c3d"}"#,
            "transit-gateway-attachment/tgw-attach-0a1b2c3d",
        ),
        (
            "DeleteVpcEndpoints",
            r#""DeleteVpcEndpointsRequest":{"VpcEndpointId":{"tag":1,"content":"vpce-0a1b2c3d"}}"#,
            "vpc-endpoint/vpce-0a1b2c3d",
        ),
        ("CreateNetworkAclEntry", r#""networkAclId":"acl-0a1b2c3d","ruleNumber":100"#, "network-acl/acl-0a1b2c3d"),
        (
            "CreateVpcPeeringConnection",
            r#""vpcPeeringConnection":{"vpcPeeringConnectionId":"pcx-0a1b2c3d"}"#,
            "vpc-peering-connection/pcx-0a1b2c3d",
        ),
        ("AttachVolume", r#""volumeId":"vol-0a1b2c3e","instanceId":"i-0a1b2c3d","device":"/dev/sdf""#, "instance/i-0a1b2c3d"),
    ];
    for (event_name, members, resource) in cases {
        let id = resource.rsplit('/').next().unwrap();
        check(&format!("ec2:{event_name}"), &request(members), &ec2(resource), &[id]);
        check(&format!("ec2:{event_name}"), &response(members), &ec2(resource), &[id]);
        // Services differ in the case of a key's first letter.
        check(&format!("ec2:{event_name}"), &request(&capitals(members)), &ec2(resource), &[id]);
    }
}

#[test]
fn security_groups_have_rules_names_and_owners() {
    let record = r#"{"requestParameters":{"groupId":"sg-0a1b2c3d","ipPermissions":{"items":[{"ipProtocol":"tcp","groups":{"items":[{"userId":"444455556666","groupId":"sg-0a1b2c3e"}]}}]}},
        "responseElements":{"_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"111122223333","groupId":"sg-0a1b2c3d","securityGroupRuleId":"sgr-0a1b2c3d4e5f60718"}]}}}"#;
    check("ec2:AuthorizeSecurityGroupIngress", record, &ec2("security-group-rule/sgr-0a1b2c3d4e5f60718"), &["sgr-0a1b2c3d4e5f60718"]);
    check(
        "ec2:AuthorizeSecurityGroupIngress",
        record,
        "arn:aws:ec2:ap-northeast-1:444455556666:security-group/sg-0a1b2c3e",
        &["sg-0a1b2c3e"],
    );
    let create = r#"{"requestParameters":{"groupName":"web","groupDescription":"d","vpcId":"vpc-0a1b2c3d"},"responseElements":{"_return":true,"groupId":"sg-0a1b2c3d"}}"#;
    check("ec2:CreateSecurityGroup", create, &ec2("security-group/sg-0a1b2c3d"), &["sg-0a1b2c3d", "web"]);
    check_found("ec2:DeleteSecurityGroup", &request(r#""groupName":"web""#), &["web"]);
}

#[test]
fn images_have_no_account() {
    let arn = "arn:aws:ec2:ap-northeast-1::image/ami-0a1b2c3d";
    check("ec2:RegisterImage", &response(r#""imageId":"ami-0a1b2c3d""#), arn, &["ami-0a1b2c3d"]);
    check(
        "ec2:ModifyImageAttribute",
        &request(r#""imageId":"ami-0a1b2c3d","launchPermission":{"add":{"items":[{"userId":"444455556666"}]}}"#),
        arn,
        &["ami-0a1b2c3d"],
    );
}

#[test]
fn key_pairs_and_templates_have_names() {
    check(
        "ec2:CreateKeyPair",
        &response(r#""keyName":"ops","keyPairId":"key-0a1b2c3d","keyMaterial":"<sensitiveDataRemoved>""#),
        &ec2("key-pair/ops"),
        &["ops"],
    );
    let template = r#""CreateLaunchTemplateResponse":{"launchTemplate":{"launchTemplateId":"lt-0a1b2c3d","launchTemplateName":"web"}}"#;
    check("ec2:CreateLaunchTemplate", &response(template), &ec2("launch-template/lt-0a1b2c3d"), &["lt-0a1b2c3d", "web"]);
}

#[test]
fn zones_and_distributions_have_no_region() {
    let change = r#"{"requestParameters":{"hostedZoneId":"Z0123456789ABC","changeBatch":{"changes":[{"action":"UPSERT","resourceRecordSet":{"name":"www.example.com.","type":"A"}}]}},"responseElements":{"changeInfo":{"id":"/change/C0123456789ABC","status":"PENDING"}}}"#;
    check("route53:ChangeResourceRecordSets", change, "arn:aws:route53:::hostedzone/Z0123456789ABC", &["Z0123456789ABC"]);
    check_found("route53:ChangeResourceRecordSets", change, &["www.example.com."]);
    let distribution = r#"{"requestParameters":{"id":"E53370FUHBNLK"},"responseElements":{"distribution":{"id":"E53370FUHBNLK","domainName":"d111111abcdef8.cloudfront.net"}}}"#;
    check(
        "cloudfront:UpdateDistribution2020_05_31",
        distribution,
        "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK",
        &["E53370FUHBNLK", "d111111abcdef8.cloudfront.net"],
    );
    let resolver = r#"{"requestParameters":{"resolverQueryLogConfigId":"rqlc-4473f20ca554c07"},"responseElements":{"resolverQueryLogConfig":{"id":"rqlc-4473f20ca554c07","name":"all","arn":"arn:aws:route53resolver:ap-northeast-1:111122223333:resolver-query-log-config/rqlc-4473f20ca554c07"}}}"#;
    check(
        "route53resolver:DeleteResolverQueryLogConfig",
        resolver,
        "arn:aws:route53resolver:ap-northeast-1:111122223333:resolver-query-log-config/rqlc-4473f20ca554c07",
        &["rqlc-4473f20ca554c07", "all"],
    );
}

#[test]
fn targets_of_a_load_balancer_are_instances() {
    let targets = request(
        r#""targetGroupArn":"arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/tg/433ae0ba96204181","targets":[{"id":"i-0a1b2c3d"}]"#,
    );
    check("elasticloadbalancing:RegisterTargets", &targets, &ec2("instance/i-0a1b2c3d"), &["i-0a1b2c3d"]);
    check(
        "elasticloadbalancing:RegisterTargets",
        &targets,
        "arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/tg/433ae0ba96204181",
        &["tg"],
    );
}
