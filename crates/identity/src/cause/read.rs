//! An event in; what it tells of machines out.
//!
//! Asked of every event that is read: what most of them lack is looked for in the text before any value of it is read.

use super::{CauseFact, CauseKind, marks};
use crate::arn::Arn;
use crate::session::Identity;
use event::Event;
use event::json::Json;
use memchr::{memchr, memmem};

/// Facts of one event, and texts looked at for ARNs, at most.
const FACTS_MAX: usize = 256;
const TEXTS_MAX: usize = 4_096;
const DEPTH_MAX: usize = 8;
/// Accounts of one operation on a stack set, at most: one of more is taken as one of any.
const ACCOUNTS_MAX: usize = 100;

/// What one event is about, and what it did to it: with what the event says of itself, a [`CauseFact`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// What it is about.
    pub key: String,
    /// What was done.
    pub kind: CauseKind,
    /// The role that was passed along.
    pub role_arn: Option<String>,
    /// What the kind says of it.
    pub detail: Option<String>,
}

/// What `event` tells of machines, each once, in order; nothing unless it succeeded and changed something.
pub fn told(event: &Event<'_>) -> Vec<Told> {
    if event.error_code.is_some() || event.read_only {
        return Vec::new();
    }
    let mut reading = Reading { event, told: Vec::new() };
    reading.read();
    let mut told = reading.told;
    if told.is_empty() || is_dry_run(event.request) {
        return Vec::new();
    }
    told.truncate(FACTS_MAX);
    told.sort();
    told.dedup();
    told
}

struct Reading<'e, 'a> {
    event: &'e Event<'a>,
    told: Vec<Told>,
}

impl CauseFact {
    /// What `event` tells of machines, if it succeeded and changed something.
    pub fn of(event: &Event<'_>) -> Vec<Self> {
        let told = told(event);
        if told.is_empty() {
            return Vec::new();
        }
        let (session, marks) = (Identity::of(event).session(), marks(event.request));
        let fact = |told: Told| Self {
            key: told.key,
            event_time: event.event_time,
            kind: told.kind,
            event_id: event.event_id.clone().into_owned(),
            event_source: event.event_source.clone().into_owned(),
            event_name: event.event_name.clone().into_owned(),
            recipient_account_id: event.recipient_account_id.clone().into_owned(),
            aws_region: event.aws_region.clone().into_owned(),
            shared_event_id: event.shared_event_id.as_deref().map(str::to_owned),
            session: session.clone(),
            role_arn: told.role_arn,
            detail: told.detail,
            marks: marks.clone(),
        };
        told.into_iter().map(fact).collect()
    }
}

/// Lambda's calls may be tried out, and then succeed without changing anything (Lambda API Reference, `DryRun`).
fn is_dry_run(request: Option<Json<'_, '_>>) -> bool {
    request.and_then(|request| request.get_either_case("dryRun")?.boolean()) == Some(true)
}

/// `CreateFunction20150331` and `UpdateFunctionCode20150331v2` are `CreateFunction` and `UpdateFunctionCode`.
fn unversioned(name: &str) -> &str {
    let dated =
        |at: &usize| name.get(*at..*at + 8).is_some_and(|date| date.starts_with("20") && date.bytes().all(|byte| byte.is_ascii_digit()));
    (0..name.len()).find(dated).and_then(|at| name.get(..at)).unwrap_or(name)
}

fn text(value: Option<Json<'_, '_>>, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value?, |value, name| value.get_either_case(name))?;
    found.text().filter(|text| !text.is_empty() && text != crate::issue::HIDDEN).map(std::borrow::Cow::into_owned)
}

/// Every text in `value` and the name of the member that holds it, their depth and number bounded.
fn texts(value: Json<'_, '_>, name: &str, depth: usize, left: &mut usize, found: &mut dyn FnMut(&str, &str)) {
    if depth > DEPTH_MAX || *left == 0 {
        return;
    }
    *left -= 1;
    if let Some(text) = value.text() {
        found(name, &text);
    }
    for (name, member) in value.entries() {
        texts(member, &name, depth + 1, left, found);
    }
    for item in value.items() {
        texts(item, name, depth + 1, left, found);
    }
}

/// The role's own ARN, if `text` is one.
fn role(text: &str) -> Option<&str> {
    Arn::parse(text)?.role().filter(|name| !name.is_empty()).map(|_| text)
}

/// Whether `value` may have a text that holds `part`: a text with an escape in it may hold anything.
fn may_hold(value: Json<'_, '_>, part: &str) -> bool {
    let raw = value.raw().as_bytes();
    memmem::find(raw, part.as_bytes()).is_some() || memchr(b'\\', raw).is_some()
}

impl Reading<'_, '_> {
    fn read(&mut self) {
        let source = self.event.event_source.as_ref();
        let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        let name = unversioned(&self.event.event_name);
        match service {
            "ec2" => self.ec2(name),
            "ec2-instance-connect" => self.instance_connect(name),
            "ssm" => self.ssm(name),
            "lambda" => self.lambda(name),
            "ecs" => self.ecs(name),
            "codebuild" => self.codebuild(name),
            "cloudformation" => self.cloudformation(name),
            "autoscaling" => self.autoscaling(name),
            "events" if matches!(name, "PutRule" | "EnableRule") => {
                if let Some(rule) = text(self.event.request, &["name"]) {
                    self.tell(self.rule_key(&rule), CauseKind::ChangedRule, None);
                }
            }
            "kms" | "secretsmanager" => self.removal(name),
            "sso" => self.identity_center(name),
            _ => {}
        }
        self.triggers(service, name);
        self.passed_roles(service);
    }

    fn tell(&mut self, key: String, kind: CauseKind, detail: Option<String>) {
        self.told.push(Told { key, kind, role_arn: None, detail });
    }

    fn requested(&self, path: &[&str]) -> Option<String> {
        text(self.event.request, path)
    }

    fn answered(&self, path: &[&str]) -> Option<String> {
        text(self.event.response, path)
    }

    /// `service:account:region:rest`.
    fn place_key(&self, service: &str, rest: &str) -> String {
        format!("{service}:{}:{}:{rest}", self.event.recipient_account_id, self.event.aws_region)
    }

    fn rule_key(&self, rule: &str) -> String {
        let bus = self.requested(&["eventBusName"]).unwrap_or_else(|| "default".to_owned());
        let bus = bus.rsplit('/').next().unwrap_or("default").to_owned();
        self.place_key("rule", &format!("{bus}/{rule}"))
    }

    fn ec2(&mut self, name: &str) {
        let kind = match name {
            "RunInstances" => CauseKind::Launched,
            "TerminateInstances" => CauseKind::Removed,
            "AssociateIamInstanceProfile" | "ReplaceIamInstanceProfileAssociation" => CauseKind::GaveRole,
            "ModifyInstanceAttribute" if self.event.request.is_some_and(|request| request.get_either_case("userData").is_some()) => {
                CauseKind::ChangedCode
            }
            _ => return,
        };
        let sets = [self.event.response, self.event.request].map(|side| side?.get("instancesSet")?.get("items"));
        let set = if kind == CauseKind::Launched { sets.into_iter().flatten().next() } else { sets.into_iter().flatten().last() };
        for instance in set.iter().flat_map(Json::items) {
            if let Some(id) = text(Some(instance), &["instanceId"]) {
                self.tell(id, kind, None);
            }
        }
        // Newer calls are wrapped in the name of the operation.
        let wrapped = format!("{name}Request");
        let paths: [&[&str]; 2] = [&["instanceId"], &[&wrapped, "InstanceId"]];
        let association = format!("{name}Response");
        let answered = self.answered(&[&association, "iamInstanceProfileAssociation", "instanceId"]);
        let asked = paths.iter().find_map(|path| self.requested(path));
        if let Some(id) = asked.or(answered).or_else(|| self.answered(&["iamInstanceProfileAssociation", "instanceId"])) {
            self.tell(id, kind, None);
        }
    }

    fn instance_connect(&mut self, name: &str) {
        if matches!(name, "SendSSHPublicKey" | "SendSerialConsoleSSHPublicKey")
            && let Some(id) = self.requested(&["instanceId"])
        {
            self.tell(id, CauseKind::OpenedShell, None);
        }
    }

    fn ssm(&mut self, name: &str) {
        match name {
            "StartSession" => {
                if let Some(target) = self.requested(&["target"]) {
                    self.tell(target, CauseKind::OpenedShell, self.answered(&["sessionId"]));
                }
            }
            "TerminateSession" => {
                if let Some(session) = self.requested(&["sessionId"]) {
                    self.tell(session, CauseKind::ClosedShell, None);
                }
            }
            "SendCommand" => {
                let command = self.answered(&["command", "commandId"]);
                let ids: Vec<String> = self
                    .event
                    .request
                    .and_then(|request| request.get("instanceIds"))
                    .iter()
                    .flat_map(Json::items)
                    .filter_map(|id| Some(id.text()?.into_owned()))
                    .collect();
                for id in ids {
                    self.tell(id, CauseKind::SentCommand, command.clone());
                }
            }
            "StartAutomationExecution" => {
                if let Some(id) = self.answered(&["automationExecutionId"]) {
                    self.tell(id, CauseKind::Started, None);
                }
            }
            _ => {}
        }
    }

    fn lambda(&mut self, name: &str) {
        let kind = match name {
            "CreateFunction" => CauseKind::Made,
            "UpdateFunctionCode" => CauseKind::ChangedCode,
            "UpdateFunctionConfiguration" if self.changes_what_runs() => CauseKind::ChangedSettings,
            "UpdateFunctionConfiguration" | "PublishVersion" => CauseKind::ShowedCode,
            "DeleteFunction" => CauseKind::Removed,
            "AddPermission" | "CreateEventSourceMapping" | "UpdateEventSourceMapping" | "CreateFunctionUrlConfig" => CauseKind::Triggered,
            _ => return,
        };
        let spelled = self.answered(&["functionArn"]).or_else(|| self.requested(&["functionName"]));
        let Some(arn) = spelled.and_then(|spelled| self.function_arn(&spelled)) else { return };
        let code = self.answered(&["codeSha256"]);
        match kind {
            CauseKind::ShowedCode => {}
            CauseKind::Triggered => self.tell(arn.clone(), kind, Some(name.to_owned())),
            _ => {
                let detail = code.clone().filter(|_| matches!(kind, CauseKind::Made | CauseKind::ChangedCode));
                self.told.push(Told { key: arn.clone(), kind, role_arn: self.requested(&["role"]), detail });
            }
        }
        if matches!(kind, CauseKind::ShowedCode | CauseKind::ChangedSettings) && code.is_some() {
            self.tell(arn, CauseKind::ShowedCode, code);
        }
    }

    /// Whether a change of settings may change what a function does: its time and memory alone do not.
    fn changes_what_runs(&self) -> bool {
        let told = ["role", "handler", "environment", "layers", "runtime", "imageConfig", "fileSystemConfigs", "vpcConfig"];
        self.event.request.is_some_and(|request| told.iter().any(|name| request.get_either_case(name).is_some()))
    }

    /// A function's ARN without version or alias, from any of the forms in which callers name it (Lambda API Reference, `FunctionName`).
    fn function_arn(&self, spelled: &str) -> Option<String> {
        if Arn::parse(spelled).is_some() {
            return plain_function(spelled);
        }
        let (account, rest) = spelled.split_once(":function:").unwrap_or((&self.event.recipient_account_id, spelled));
        let name = rest.split(':').next().filter(|name| !name.is_empty())?;
        let identity = Identity::of(self.event);
        Some(format!("arn:{}:lambda:{}:{account}:function:{name}", identity.partition(), self.event.aws_region))
    }

    fn ecs(&mut self, name: &str) {
        match name {
            "RunTask" | "StartTask" => {
                for task in self.event.response.and_then(|response| response.get("tasks")).iter().flat_map(Json::items) {
                    if let Some(id) = text(Some(task), &["taskArn"]).and_then(|arn| Some(arn.rsplit('/').next()?.to_owned())) {
                        self.tell(id, CauseKind::Launched, None);
                    }
                }
            }
            "RegisterTaskDefinition" => {
                if let (Some(role), Some(family)) = (self.requested(&["taskRoleArn"]), self.requested(&["family"])) {
                    self.told.push(Told { key: role.clone(), kind: CauseKind::ChangedCode, role_arn: Some(role), detail: Some(family) });
                }
            }
            "CreateService" | "UpdateService" => {
                if let Some(definition) = self.requested(&["taskDefinition"]) {
                    let family = definition.rsplit('/').next().and_then(|name| name.split(':').next()).unwrap_or("").to_owned();
                    self.tell(self.place_key("family", &family), CauseKind::Started, None);
                }
            }
            _ => {}
        }
    }

    fn codebuild(&mut self, name: &str) {
        if matches!(name, "StartBuild" | "RetryBuild")
            && let Some(id) = self.answered(&["build", "id"])
            && let Some((_, build)) = id.rsplit_once(':')
        {
            self.tell(build.to_owned(), CauseKind::Started, None);
        }
    }

    fn cloudformation(&mut self, name: &str) {
        let kind = match name {
            "CreateStack" | "UpdateStack" | "ExecuteChangeSet" | "DeleteStack" | "RollbackStack" | "ContinueUpdateRollback" => {
                CauseKind::StackOperation
            }
            "CreateChangeSet" => CauseKind::PreparedStack,
            "CreateStackInstances" | "UpdateStackInstances" | "DeleteStackInstances" | "UpdateStackSet" => CauseKind::StackSetOperation,
            _ => return,
        };
        let role = self.requested(&["roleARN"]);
        if kind == CauseKind::StackSetOperation {
            return self.stack_set();
        }
        let stack = self.answered(&["stackId"]).or_else(|| self.requested(&["stackName"]));
        let Some(stack) = stack else { return };
        self.told.push(Told { key: self.place_key("stacks", ""), kind, role_arn: role, detail: Some(stack) });
    }

    /// An operation on a stack set, under each account that it names: else it may be about any.
    fn stack_set(&mut self) {
        let set = self.requested(&["stackSetName"]).map(|name| name.split(':').next().unwrap_or(&name).to_owned());
        // One that is not understood may be any account.
        let understood = |account: &String| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let named = |request: Json<'_, '_>| -> Option<Vec<String>> {
            let accounts = request.get("accounts")?;
            accounts.items().map(|account| account.text().map(std::borrow::Cow::into_owned).filter(understood)).collect()
        };
        let request = self.event.request;
        let targets = request.and_then(|request| request.get("deploymentTargets"));
        // Accounts beside organizational units narrow those down, add to them, or are left out of them.
        let by_unit = targets.is_some_and(|targets| targets.get("organizationalUnitIds").is_some() || targets.get("accountsUrl").is_some());
        let accounts = targets.or(request).filter(|_| !by_unit).and_then(named).unwrap_or_default();
        if accounts.is_empty() || accounts.len() > ACCOUNTS_MAX {
            return self.tell(stack_sets(None), CauseKind::StackSetOperation, set);
        }
        for account in accounts {
            self.tell(stack_sets(Some(&account)), CauseKind::StackSetOperation, set.clone());
        }
    }

    fn autoscaling(&mut self, name: &str) {
        let kind = match name {
            "SetDesiredCapacity" | "ExecutePolicy" | "StartInstanceRefresh" | "TerminateInstanceInAutoScalingGroup" => {
                CauseKind::ResizedGroup
            }
            "CreateAutoScalingGroup" | "UpdateAutoScalingGroup" | "PutScalingPolicy" | "PutScheduledUpdateGroupAction" => {
                CauseKind::ChangedGroup
            }
            "DeleteAutoScalingGroup" => CauseKind::Removed,
            _ => return,
        };
        if let Some(group) = self.requested(&["autoScalingGroupName"]) {
            self.tell(self.place_key("group", &group), kind, Some(name.to_owned()));
        }
    }

    fn removal(&mut self, name: &str) {
        let kind = match name {
            "ScheduleKeyDeletion" => CauseKind::ScheduledRemoval,
            "CancelKeyDeletion" | "RestoreSecret" => CauseKind::CancelledRemoval,
            "DeleteSecret" => CauseKind::ScheduledRemoval,
            _ => return,
        };
        let exact = self.event.mentions.as_slice().iter().filter(|mention| mention.exact);
        let arns: std::collections::BTreeSet<String> = exact.filter_map(|mention| Some(mention.arn.as_deref()?.to_owned())).collect();
        for arn in arns {
            self.tell(arn, kind, None);
        }
    }

    fn identity_center(&mut self, name: &str) {
        match name {
            "CreateAccountAssignment" | "DeleteAccountAssignment" | "ProvisionPermissionSet" => {
                if let (Some(account), Some(set)) = (self.requested(&["targetId"]), self.requested(&["permissionSetArn"])) {
                    self.tell(format!("assignments:{account}"), CauseKind::Assigned, Some(set));
                }
            }
            "CreatePermissionSet" => {
                let named = self.answered(&["permissionSet", "name"]).or_else(|| self.requested(&["name"]));
                if let (Some(set), Some(name)) = (self.answered(&["permissionSet", "permissionSetArn"]), named) {
                    self.tell(set, CauseKind::NamedPermissionSet, Some(name));
                }
            }
            _ => {}
        }
    }

    /// What a call of another service set to start a function.
    fn triggers(&mut self, service: &str, name: &str) {
        let sets = match service {
            "events" => name == "PutTargets",
            "scheduler" => matches!(name, "CreateSchedule" | "UpdateSchedule"),
            "s3" => name.starts_with("PutBucketNotification"),
            "sns" => name == "Subscribe",
            "logs" => name == "PutSubscriptionFilter",
            "apigateway" => matches!(name, "PutIntegration" | "CreateIntegration" | "UpdateIntegration"),
            _ => false,
        };
        let refused = self.event.response.and_then(|answer| answer.get("failedEntryCount")?.scalar()).is_some_and(|count| count != "0");
        let Some(request) = self.event.request.filter(|_| sets && !refused) else { return };
        let rule = self.requested(&["rule"]).filter(|_| service == "events").map(|rule| self.rule_key(&rule));
        let mut functions = Vec::new();
        texts(request, "", 0, &mut TEXTS_MAX.clone(), &mut |_, text| functions.extend(plain_function(text)));
        functions.dedup();
        for function in functions {
            self.tell(function, CauseKind::Triggered, rule.clone().or_else(|| Some(name.to_owned())));
        }
    }

    /// Roles of this account that a call gave to a service: the call itself is all that is recorded of `iam:PassRole` (IAM User Guide,
    /// "Grant a user permissions to pass a role to an AWS service").
    fn passed_roles(&mut self, service: &str) {
        if matches!(service, "iam" | "sts" | "sso" | "organizations" | "signin") {
            return;
        }
        let Some(request) = self.event.request.filter(|request| may_hold(*request, ":role/")) else { return };
        let account = self.event.recipient_account_id.clone();
        let mut roles = Vec::new();
        texts(request, "", 0, &mut TEXTS_MAX.clone(), &mut |name, text| {
            let ours = || role(text).filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.account_id == account));
            // Other members name principals that are let in, not roles that are handed over.
            roles.extend(ours().filter(|_| name.to_ascii_lowercase().contains("role")).map(str::to_owned));
        });
        roles.sort();
        roles.dedup();
        for arn in roles {
            let told = Told { key: arn.clone(), kind: CauseKind::PassedRole, role_arn: Some(arn), detail: Some(service.to_owned()) };
            self.told.push(told);
        }
    }
}

/// The key of operations on stack sets in an account, or in accounts that are not known from them.
pub(super) fn stack_sets(account: Option<&str>) -> String {
    format!("stack-sets:{}", account.unwrap_or(""))
}

/// A function's ARN without version or alias, if `text` is one.
pub(super) fn plain_function(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, kind, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is = (scheme, service, kind) == ("arn", "lambda", "function") && !name.is_empty();
    is.then(|| format!("arn:{partition}:lambda:{region}:{account}:function:{name}"))
}
