//! What an application is built of: SNS, SQS, EventBridge, Step Functions, SES, CodeBuild, CodePipeline, CloudFormation.

use super::{Row, Take, arn, row};

pub(crate) static SNS: &[Row] = &[
    row("name", "sns:R:A:{}").top().on("CreateTopic"),
    arn("topicarn"),
    arn("subscriptionarn"),
    arn("resourcearn"),
    arn("platformapplicationarn"),
];

pub(crate) static SQS: &[Row] = &[row("queueurl", "").take(Take::Queue), row("queuename", "sqs:R:A:{}"), arn("queuearn")];

pub(crate) static EVENTS: &[Row] = &[
    row("name", "events:R:A:rule/{}").top().on("Rule").take(Take::Rule),
    row("rule", "events:R:A:rule/{}").top().take(Take::Rule),
    row("name", "events:R:A:event-bus/{}").top().on("EventBus"),
    row("eventbusname", "events:R:A:event-bus/{}").on("EventBus|PutPermission|RemovePermission"),
    row("name", "events:R:A:connection/{}").top().on("Connection"),
    row("name", "events:R:A:api-destination/{}").top().on("ApiDestination"),
    row("archivename", "events:R:A:archive/{}"),
    arn("rulearn"),
    arn("eventbusarn"),
    arn("connectionarn").on("Connection"),
    arn("apidestinationarn"),
    arn("archivearn"),
    arn("resourcearn"),
];

pub(crate) static SCHEDULER: &[Row] = &[
    row("name", "scheduler:R:A:schedule/{groupname}/{}").top().on("Schedule"),
    row("name", "scheduler:R:A:schedule-group/{}").top().on("ScheduleGroup"),
    arn("schedulearn"),
    arn("schedulegrouparn"),
    arn("resourcearn"),
];

pub(crate) static STATES: &[Row] = &[
    row("name", "states:R:A:stateMachine:{}").top().on("CreateStateMachine"),
    row("name", "states:R:A:activity:{}").top().on("CreateActivity"),
    arn("statemachinearn"),
    arn("statemachineversionarn"),
    arn("statemachinealiasarn"),
    arn("executionarn"),
    arn("activityarn"),
    arn("resourcearn"),
];

pub(crate) static SES: &[Row] = &[
    row("emailidentity", "ses:R:A:identity/{}"),
    row("identity", "ses:R:A:identity/{}"),
    row("domain", "ses:R:A:identity/{}").top().on("Domain"),
    row("emailaddress", "ses:R:A:identity/{}").top().on("Email"),
    row("configurationsetname", "ses:R:A:configuration-set/{}").on("ConfigurationSet"),
    row("templatename", "ses:R:A:template/{}").on("Template"),
    arn("resourcearn"),
];

pub(crate) static CODEBUILD: &[Row] = &[
    row("name", "codebuild:R:A:project/{}").top().on("Project"),
    row("name", "codebuild:R:A:project/{}").inside("project"),
    row("projectname", "codebuild:R:A:project/{}"),
    arn("arn").inside("project"),
    arn("arn").inside("build"),
    arn("resourcearn"),
];

pub(crate) static CODEPIPELINE: &[Row] = &[
    row("name", "codepipeline:R:A:{}").inside("pipeline"),
    row("name", "codepipeline:R:A:{}").top().on("Pipeline"),
    row("pipelinename", "codepipeline:R:A:{}"),
    arn("resourcearn"),
];

/// The ARN of a stack ends in a random part: a name stands for whichever stack bears it.
pub(crate) static CLOUDFORMATION: &[Row] = &[
    row("stackname", ""),
    row("stacksetname", ""),
    row("changesetname", ""),
    arn("stackid"),
    arn("changesetid"),
    arn("changesetarn"),
    arn("stacksetarn"),
    arn("id").top(),
];
