//! What sets machines going: stacks with a role, builds, tasks, triggers, deletions for later; and what services note on what they make.

use super::{create_stack, resource, write};
use crate::organisation::HOME_REGION;
use crate::random::Random;
use crate::record::Body;

/// The same call with tags that only AWS itself can write.
pub(crate) fn noted(body: Body, tags: &[(&str, &str)]) -> Body {
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{{\"key\":\"{key}\",\"value\":\"{value}\"}}")).collect();
    let set = format!("\"tagSpecificationSet\":{{\"items\":[{{\"resourceType\":\"any\",\"tags\":[{}]}}]}}", tags.join(","));
    // The last brace is the request's own.
    let request = body.request.strip_suffix('}').map_or_else(|| format!("{{{set}}}"), |inner| format!("{inner},{set}}}"));
    Body { request, ..body }
}

/// Returns the call, and the stack's id. `name` is `CreateStack` or `UpdateStack`.
pub(crate) fn stack_with_role(random: &mut Random, account: &str, call: &'static str, stack: &str, role: &str) -> (Body, String) {
    let (body, arn) = create_stack(random, account, stack);
    let request = body.request.replacen('{', &format!("{{\"roleARN\":\"{role}\","), 1);
    (Body { name: call, request, ..body }, arn)
}

/// `call` is `CreateStackInstances` or `UpdateStackSet`.
pub(crate) fn roll_out(call: &'static str, set: &str, accounts: &[&str], operation: &str) -> Body {
    let accounts: Vec<String> = accounts.iter().map(|account| format!("\"{account}\"")).collect();
    write(
        "cloudformation.amazonaws.com",
        call,
        format!(
            "{{\"stackSetName\":\"{set}\",\"accounts\":[{}],\"regions\":[\"{HOME_REGION}\"],\"operationId\":\"{operation}\"}}",
            accounts.join(",")
        ),
        format!("{{\"operationId\":\"{operation}\"}}"),
        &[set],
    )
}

/// `build` is the project's name, a colon and a UUID.
pub(crate) fn start_build(account: &str, project: &str, build: &str) -> Body {
    let arn = format!("arn:aws:codebuild:{HOME_REGION}:{account}:build/{build}");
    write(
        "codebuild.amazonaws.com",
        "StartBuild",
        format!("{{\"projectName\":\"{project}\"}}"),
        format!(
            "{{\"build\":{{\"id\":\"{build}\",\"arn\":\"{arn}\",\"projectName\":\"{project}\",\"buildStatus\":\"IN_PROGRESS\",\"initiator\":\"x\"}}}}"
        ),
        &[&arn, project],
    )
}

pub(crate) fn start_automation(document: &str, execution: &str) -> Body {
    write(
        "ssm.amazonaws.com",
        "StartAutomationExecution",
        format!("{{\"documentName\":\"{document}\",\"parameters\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}}"),
        format!("{{\"automationExecutionId\":\"{execution}\"}}"),
        &[document],
    )
}

pub(crate) fn run_task(account: &str, family: &str, task: &str) -> Body {
    let arn = format!("arn:aws:ecs:{HOME_REGION}:{account}:task/main/{task}");
    write(
        "ecs.amazonaws.com",
        "RunTask",
        format!("{{\"cluster\":\"main\",\"taskDefinition\":\"{family}:1\",\"count\":1,\"launchType\":\"FARGATE\"}}"),
        format!(
            "{{\"failures\":[],\"tasks\":[{{\"taskArn\":\"{arn}\",\"clusterArn\":\"arn:aws:ecs:{HOME_REGION}:{account}:cluster/main\",\"lastStatus\":\"PROVISIONING\"}}]}}"
        ),
        &[&arn],
    )
}

pub(crate) fn put_targets(rule: &str, function: &str) -> Body {
    write(
        "events.amazonaws.com",
        "PutTargets",
        format!("{{\"rule\":\"{rule}\",\"targets\":[{{\"id\":\"1\",\"arn\":\"{function}\"}}]}}"),
        "{\"failedEntryCount\":0,\"failedEntries\":[]}".to_owned(),
        &[rule],
    )
}

pub(crate) fn delete_function(name: &str) -> Body {
    write("lambda.amazonaws.com", "DeleteFunction20150331", format!("{{\"functionName\":\"{name}\"}}"), String::new(), &[name])
}

/// `ScheduleKeyDeletion`, and the `DeleteKey` that KMS does days later.
pub(crate) fn delete_key(account: &str, key: &str, later: bool) -> Body {
    let arn = format!("arn:aws:kms:{HOME_REGION}:{account}:key/{key}");
    let mut body = if later {
        write("kms.amazonaws.com", "DeleteKey", String::new(), String::new(), &[&arn, key])
    } else {
        let request = format!("{{\"keyId\":\"{arn}\",\"pendingWindowInDays\":7}}");
        let answer = format!("{{\"keyId\":\"{arn}\",\"keyState\":\"PendingDeletion\",\"pendingWindowInDays\":7}}");
        write("kms.amazonaws.com", "ScheduleKeyDeletion", request, answer, &[&arn, key])
    };
    body.resources = resource(account, "AWS::KMS::Key", &arn);
    if later {
        body.event_type = "AwsServiceEvent";
    }
    body
}

pub(crate) fn create_permission_set(name: &str, arn: &str) -> Body {
    write(
        "sso.amazonaws.com",
        "CreatePermissionSet",
        format!("{{\"name\":\"{name}\",\"instanceArn\":\"arn:aws:sso:::instance/ssoins-0000000000000000\"}}"),
        format!("{{\"permissionSet\":{{\"name\":\"{name}\",\"permissionSetArn\":\"{arn}\"}}}}"),
        &[arn, name],
    )
}

pub(crate) fn delete_assignment(account: &str, set: &str, principal: &str) -> Body {
    write(
        "sso.amazonaws.com",
        "DeleteAccountAssignment",
        format!(
            "{{\"instanceArn\":\"arn:aws:sso:::instance/ssoins-0000000000000000\",\"targetId\":\"{account}\",\"targetType\":\"AWS_ACCOUNT\",\"permissionSetArn\":\"{set}\",\"principalType\":\"USER\",\"principalId\":\"{principal}\"}}"
        ),
        "{\"accountAssignmentDeletionStatus\":{\"status\":\"IN_PROGRESS\"}}".to_owned(),
        &[set],
    )
}
