//! Records that open, go on with and end sessions on machines; rows of `events` in.

use crate::error::Result;
use crate::hits::{self, Event, Hit, text};
use crate::payload::parsed;
use datafusion::arrow::array::{Array as _, RecordBatch, StringArray};
use serde_json::Value;

/// Names of control events; which service wrote one, [`kind_of`] looks at.
pub(crate) const NAMES: [&str; 9] = [
    "StartSession",
    "ResumeSession",
    "TerminateSession",
    "SendCommand",
    "ExecuteCommand",
    "SendSSHPublicKey",
    "SendSerialConsoleSSHPublicKey",
    "OpenTunnel",
    "StartConnection",
];

/// Columns of `events` beside those of a hit.
pub(crate) const COLUMNS: [&str; 2] = ["request_parameters", "response_elements"];

/// What a record does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Shell,
    PortForwarding,
    Ssh,
    InteractiveCommand,
    NonInteractiveCommand,
    /// A document that is none of AWS's.
    Custom,
    EcsExec,
    RunCommand,
    SshKey,
    Tunnel,
    RemoteDesktop,
    Resume,
    Terminate,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::PortForwarding => "port_forwarding",
            Self::Ssh => "ssh",
            Self::InteractiveCommand => "interactive_command",
            Self::NonInteractiveCommand => "noninteractive_command",
            Self::Custom => "custom",
            Self::EcsExec => "ecs_exec",
            Self::RunCommand => "run_command",
            Self::SshKey => "ssh_key",
            Self::Tunnel => "tunnel",
            Self::RemoteDesktop => "remote_desktop",
            Self::Resume | Self::Terminate => "unknown",
        }
    }

    /// Why there can be no log (Session Manager User Guide, "Logging session activity": sessions through port forwarding or SSH are not logged).
    pub(crate) fn impossible(self) -> Option<&'static str> {
        match self {
            Self::PortForwarding => Some("what passes a forwarded port is not logged"),
            Self::Ssh => Some("what passes an SSH session is encrypted, and not logged"),
            Self::RunCommand => Some("Run Command writes no session log; its parameters are hidden in CloudTrail"),
            Self::SshKey => Some("a key for SSH was put on the machine: what was done by SSH does not pass Session Manager"),
            Self::Tunnel => Some("what passes an EC2 Instance Connect endpoint is not logged"),
            Self::RemoteDesktop => Some("a remote desktop writes no text"),
            _ => None,
        }
    }
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) hit: Hit,
    pub(crate) event: Event,
    pub(crate) kind: Kind,
    pub(crate) failed: bool,
    pub(crate) time: i64,
    pub(crate) session_id: String,
    pub(crate) user_arn: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) document_name: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) run_as_user: Option<String>,
}

fn value(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// Rows of `events`; those that are no control events are left out.
pub(crate) fn read(batch: &RecordBatch) -> Result<Vec<Control>> {
    let (request, response, arn) = (text(batch, "request_parameters")?, text(batch, "response_elements")?, text(batch, "user_arn")?);
    let mut found = Vec::new();
    for (row, hit) in hits::read_events(std::slice::from_ref(batch))?.into_iter().enumerate() {
        let (request, response) = (parsed(value(&request, row))?, parsed(value(&response, row))?);
        found.extend(control(hit, &request, &response, value(&arn, row).map(str::to_owned)));
    }
    Ok(found)
}

fn control(mut hit: Hit, request: &Value, response: &Value, user_arn: Option<String>) -> Option<Control> {
    let event = hit.event.take()?;
    let word = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let document_name = word(&request["documentName"]);
    let kind = kind_of(&event, document_name.as_deref())?;
    let failed = event.error_code.is_some();
    let own_id = match kind {
        Kind::EcsExec => word(&response["session"]["sessionId"]),
        Kind::RunCommand => word(&response["command"]["commandId"]),
        Kind::Resume | Kind::Terminate => word(&request["sessionId"]),
        Kind::SshKey | Kind::Tunnel | Kind::RemoteDesktop => None,
        _ => word(&response["sessionId"]),
    };
    let listed = |value: &Value| value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let target = match kind {
        Kind::RunCommand => listed(&request["instanceIds"]).filter(|ids| !ids.is_empty()).or_else(|| {
            let targets = &request["targets"];
            targets.is_array().then(|| targets.to_string())
        }),
        Kind::EcsExec => {
            let parts = [&request["cluster"], &request["task"], &request["container"]];
            Some(parts.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join("/")).filter(|target| !target.is_empty())
        }
        Kind::Tunnel => word(&request["privateIpAddress"]),
        _ => word(&request["target"]).or_else(|| word(&request["instanceId"])),
    };
    let run_as_user = word(&request["osUser"]).or_else(|| word(&request["instanceOSUser"]));
    Some(Control {
        time: hit.event_time,
        // Without an id of its own, the event's.
        session_id: own_id.unwrap_or_else(|| event.event_id.clone()),
        reason: word(&request["reason"]),
        hit,
        event,
        kind,
        failed,
        user_arn,
        target,
        document_name,
        run_as_user,
    })
}

fn kind_of(event: &Event, document: Option<&str>) -> Option<Kind> {
    let kind = match (event.event_source.as_str(), event.event_name.as_str()) {
        ("ssm.amazonaws.com", "StartSession") => match document {
            None | Some("SSM-SessionManagerRunShell" | "AWS-StartInteractiveShell") => Kind::Shell,
            Some("AWS-StartSSHSession") => Kind::Ssh,
            Some(name) if name.starts_with("AWS-StartPortForwardingSession") => Kind::PortForwarding,
            Some("AWS-StartInteractiveCommand") => Kind::InteractiveCommand,
            Some("AWS-StartNonInteractiveCommand") => Kind::NonInteractiveCommand,
            Some(_) => Kind::Custom,
        },
        ("ssm.amazonaws.com", "ResumeSession") => Kind::Resume,
        ("ssm.amazonaws.com", "TerminateSession") => Kind::Terminate,
        ("ssm.amazonaws.com", "SendCommand") => Kind::RunCommand,
        ("ecs.amazonaws.com", "ExecuteCommand") => Kind::EcsExec,
        ("ec2-instance-connect.amazonaws.com", "SendSSHPublicKey" | "SendSerialConsoleSSHPublicKey") => Kind::SshKey,
        ("ec2-instance-connect.amazonaws.com", "OpenTunnel") => Kind::Tunnel,
        ("ssm-guiconnect.amazonaws.com", "StartConnection") => Kind::RemoteDesktop,
        _ => return None,
    };
    Some(kind)
}
