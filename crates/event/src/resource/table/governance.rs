//! What watches and rules: CloudTrail, CloudWatch, Config, GuardDuty, Organizations, Systems Manager.

use super::{Row, Take, arn, id, row};
use crate::resource::Form;

/// `name` and `trailName` hold a name or an ARN.
pub(crate) static CLOUDTRAIL: &[Row] = &[
    row("name", "cloudtrail:R:A:trail/{}").top().on("Trail|Logging|InsightSelectors"),
    row("trailname", "cloudtrail:R:A:trail/{}"),
    arn("trailarn"),
    row("name", "").top().on("EventDataStore|Channel|Dashboard"),
    arn("eventdatastore"),
    arn("eventdatastorearn"),
    arn("channelarn"),
    id("resourceid", ""),
];

pub(crate) static LOGS: &[Row] = &[
    row("loggroupname", "logs:R:A:log-group:{}").take(Take::LogGroup),
    row("loggroupidentifier", "logs:R:A:log-group:{}").take(Take::LogGroup),
    arn("loggrouparn"),
    row("logstreamname", "logs:R:A:log-group:{loggroupname}:log-stream:{}"),
    row("destinationname", "logs:R:A:destination:{}").on("Destination"),
    row("filtername", ""),
    arn("resourcearn"),
];

pub(crate) static CLOUDWATCH: &[Row] =
    &[row("alarmname", "cloudwatch:R:A:alarm:{}"), row("dashboardname", "cloudwatch::A:dashboard/{}"), arn("alarmarn"), arn("resourcearn")];

/// A rule's ARN holds an id, not its name.
pub(crate) static CONFIG: &[Row] = &[
    row("configrulename", ""),
    id("configruleid", "config:R:A:config-rule/{}"),
    arn("configrulearn"),
    row("configurationrecordername", ""),
    row("name", "").inside("configurationrecorder"),
    row("name", "").inside("deliverychannel"),
    row("deliverychannelname", ""),
    row("conformancepackname", ""),
    row("configurationaggregatorname", ""),
    arn("resourcearn"),
];

pub(crate) static GUARDDUTY: &[Row] = &[
    id("detectorid", "guardduty:R:A:detector/{}"),
    id("filtername", "guardduty:R:A:detector/{detectorid}/filter/{}").form(Form::Name),
    id("ipsetid", "guardduty:R:A:detector/{detectorid}/ipset/{}"),
    id("threatintelsetid", "guardduty:R:A:detector/{detectorid}/threatintelset/{}"),
    arn("resourcearn"),
];

/// ARNs hold the organization's id, which a request never does.
pub(crate) static ORGANIZATIONS: &[Row] = &[
    id("policyid", ""),
    id("id", "").inside("policysummary"),
    row("name", "").inside("policysummary"),
    row("name", "").top().on("Policy|OrganizationalUnit"),
    id("targetid", ""),
    id("organizationalunitid", ""),
    id("id", "").inside("organizationalunit"),
    row("name", "").inside("organizationalunit"),
    id("accountid", ""),
    row("accountname", ""),
    id("id", "").inside("createaccountstatus"),
    id("parentid", "").on("Move|OrganizationalUnit"),
    id("sourceparentid", ""),
    id("destinationparentid", ""),
    id("handshakeid", ""),
    id("resourceid", ""),
    arn("arn"),
];

pub(crate) static SSM: &[Row] = &[
    row("name", "ssm:R:A:parameter/{}").top().on("Parameter").take(Take::Parameter),
    row("name", "ssm:R:A:document/{}").top().on("Document"),
    row("documentname", "ssm:R:A:document/{}").on("Document"),
    row("name", "ssm:R:A:document/{}").inside("documentdescription"),
    id("target", "").top().take(Take::Target),
    id("instanceid", "").take(Take::Prefixed),
    id("targetid", "").take(Take::Prefixed),
    row("sessionid", "ssm:R:A:session/{}").form(Form::SessionId),
    id("automationexecutionid", "ssm:R:A:automation-execution/{}"),
    id("commandid", ""),
    id("windowid", "ssm:R:A:maintenancewindow/{}"),
    id("associationid", "ssm:R:A:association/{}"),
    id("baselineid", "ssm:R:A:patchbaseline/{}"),
    row("resourceid", "").take(Take::Tagged),
    arn("resourcearn"),
];
