//! Amazon EC2, Lambda, ECS, EKS, ECR, Batch and Auto Scaling.

use super::{Row, Take, arn, id, row};
use crate::resource::Form;

/// Ids tell their own type by their prefix; see [`crate::resource::ids::PREFIXES`]. What remains are names.
pub(crate) static EC2: &[Row] = &[
    // A tag is a change of whatever it is put on, and a flow log of what it watches.
    id("resourceid", "").on("CreateTags|DeleteTags|FlowLog").take(Take::Prefixed),
    id("vpcid", "").on("InternetGateway|VpnGateway|DhcpOptions|HostedZone").take(Take::Prefixed),
    id("instanceid", "")
        .on("AttachVolume|DetachVolume|AssociateAddress|DisassociateAddress|CreateImage|NetworkInterface|CreateSnapshots")
        .take(Take::Prefixed),
    id("networkinterfaceid", "").on("AssociateAddress|PrivateIpAddresses|Ipv6Addresses").take(Take::Prefixed),
    id("subnetid", "").on("RouteTable").take(Take::Prefixed),
    id("volumeid", "").on("CreateSnapshot").take(Take::Prefixed),
    row("groupname", "ec2:R:A:security-group/{groupid}").on("SecurityGroup"),
    row("keyname", "ec2:R:A:key-pair/{}").on("KeyPair"),
    row("launchtemplatename", "ec2:R:A:launch-template/{launchtemplateid}").on("LaunchTemplate"),
    row("groupname", "ec2:R:A:placement-group/{}").on("PlacementGroup"),
    id("publicip", "").on("Address"),
];

pub(crate) static EC2_INSTANCE_CONNECT: &[Row] =
    &[id("instanceid", "").take(Take::Prefixed), id("instanceconnectendpointid", "").take(Take::Prefixed)];

pub(crate) static AUTOSCALING: &[Row] = &[
    row("autoscalinggroupname", ""),
    row("launchconfigurationname", "").on("LaunchConfiguration"),
    row("resourceid", "").on("Tags"),
    row("policyname", ""),
    id("instanceid", "").take(Take::Prefixed),
    arn("autoscalinggrouparn"),
    arn("policyarn"),
];

pub(crate) static LAMBDA: &[Row] = &[
    row("functionname", "lambda:R:A:function:{}").take(Take::Function),
    row("layername", "lambda:R:A:layer:{}"),
    row("aliasname", "").on("Alias"),
    id("uuid", "lambda:R:A:event-source-mapping:{}").on("EventSourceMapping"),
    arn("functionarn"),
    arn("layerarn"),
    arn("layerversionarn").on("Layer"),
    arn("eventsourcemappingarn"),
    arn("aliasarn"),
    arn("resource").on("Tag"),
    arn("codesigningconfigarn").on("CodeSigningConfig"),
];

pub(crate) static ECS: &[Row] = &[
    row("clustername", "ecs:R:A:cluster/{}"),
    row("cluster", "ecs:R:A:cluster/{}"),
    row("servicename", "ecs:R:A:service/{cluster}/{}"),
    row("service", "ecs:R:A:service/{cluster}/{}").top(),
    row("task", "ecs:R:A:task/{cluster}/{}").top(),
    row("taskdefinition", "ecs:R:A:task-definition/{}").top(),
    row("family", "ecs:R:A:task-definition/{}:{revision}").on("RegisterTaskDefinition"),
    row("containerinstance", "ecs:R:A:container-instance/{cluster}/{}"),
    row("sessionid", "").inside("session").form(Form::SessionId),
    row("name", "ecs:R:A:capacity-provider/{}").top().on("CapacityProvider"),
    arn("clusterarn"),
    arn("servicearn"),
    arn("taskarn"),
    arn("taskdefinitionarn"),
    arn("containerinstancearn"),
    arn("capacityproviderarn"),
    arn("tasksetarn"),
    arn("resourcearn"),
];

pub(crate) static EKS: &[Row] = &[
    row("name", "eks:R:A:cluster/{}").top(),
    row("name", "eks:R:A:cluster/{}").inside("cluster"),
    row("clustername", "eks:R:A:cluster/{}"),
    row("nodegroupname", ""),
    row("addonname", ""),
    row("fargateprofilename", ""),
    arn("arn"),
    arn("clusterarn"),
    arn("nodegrouparn"),
    arn("addonarn"),
    arn("fargateprofilearn"),
    arn("accessentryarn"),
    arn("associationarn"),
    arn("resourcearn"),
];

pub(crate) static ECR: &[Row] = &[row("repositoryname", "ecr:R:{registryid}:repository/{}"), arn("repositoryarn"), arn("resourcearn")];

pub(crate) static BATCH: &[Row] = &[
    row("computeenvironmentname", "batch:R:A:compute-environment/{}"),
    row("computeenvironment", "batch:R:A:compute-environment/{}").top(),
    row("jobqueuename", "batch:R:A:job-queue/{}"),
    row("jobqueue", "batch:R:A:job-queue/{}").top(),
    row("jobdefinitionname", "batch:R:A:job-definition/{}:{revision}"),
    row("jobdefinition", "batch:R:A:job-definition/{}").top(),
    id("jobid", "batch:R:A:job/{}"),
    row("jobname", ""),
    arn("computeenvironmentarn"),
    arn("jobqueuearn"),
    arn("jobdefinitionarn"),
    arn("jobarn"),
    arn("resourcearn"),
];
