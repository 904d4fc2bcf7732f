//! Text of an Amazon Resource Name in, its parts and its other spellings out.
//!
//! One resource may be written as several ARNs: an IAM role with its path or without, a Lambda function with a qualifier, a log group with
//! `:*`. [`read`] names the one that stands for it, the others, and the bare names that lie in it. Never decides whether it exists.

use super::Form;
use super::ids;

/// The parts of an ARN (AWS General Reference, "Amazon Resource Names": `arn:partition:service:region:account-id:resource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'s> {
    pub(crate) partition: &'s str,
    pub(crate) service: &'s str,
    pub(crate) region: &'s str,
    pub(crate) account_id: &'s str,
    pub(crate) resource: &'s str,
}

/// Splits an ARN; `None` for text that is not one.
pub(crate) fn parse(text: &str) -> Option<Arn<'_>> {
    let rest = text.strip_prefix("arn:")?;
    let (partition, rest) = head(rest, false)?;
    if !partition.starts_with("aws") {
        return None;
    }
    let (service, rest) = head(rest, false)?;
    let (region, rest) = head(rest, false)?;
    let (account_id, resource) = head(rest, true)?;
    (!service.is_empty() && !resource.is_empty()).then_some(Arn { partition, service, region, account_id, resource })
}

/// The part before the next colon, if it holds what such a part may, and what follows.
fn head(text: &str, account: bool) -> Option<(&str, &str)> {
    let fits = |byte: u8| OF_PARTS.get(usize::from(byte)).is_some_and(|fits| *fits) || account && byte == b'*';
    let end = text.bytes().position(|byte| !fits(byte))?;
    Some((text.get(..end)?, text.get(end..)?.strip_prefix(':')?))
}

/// Letters, digits and the hyphen.
static OF_PARTS: [bool; 256] = {
    let mut fits = [false; 256];
    let mut byte = 0;
    while byte < fits.len() {
        fits[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'-';
        byte += 1;
    }
    fits
};

/// The partition that a region belongs to.
pub(crate) fn partition_of(aws_region: &str) -> &'static str {
    match aws_region.get(..3) {
        Some("cn-") => "aws-cn",
        Some("us-") if aws_region.starts_with("us-gov-") => "aws-us-gov",
        Some("us-") if aws_region.starts_with("us-iso-") => "aws-iso",
        Some("us-") if aws_region.starts_with("us-isob-") => "aws-iso-b",
        _ => "aws",
    }
}

/// What an ARN says besides itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading<'s> {
    /// The ARN that stands for the resource, where it is not this one: a function's without its qualifier, a log group's without `:*`.
    pub(crate) canonical: Option<&'s str>,
    /// The bare name or id in it.
    pub(crate) name: Option<(&'s str, Form)>,
    /// A second one: the id behind a name, or a task definition's family without its revision.
    pub(crate) second: Option<(&'s str, Form)>,
    /// The ARN of what it is a part of, where records about the part rarely name the whole: a stage's API, an index's table.
    pub(crate) parent: Option<&'s str>,
}

impl<'s> Reading<'s> {
    /// The bare names in the ARN, the likelier first.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'s str, Form)> + use<'s> {
        self.name.into_iter().chain(self.second)
    }
}

/// Reads the names and other spellings out of an ARN. Shapes are those of the Service Authorization Reference.
pub(crate) fn read<'s>(text: &'s str, arn: &Arn<'s>) -> Reading<'s> {
    let resource = arn.resource;
    match arn.service {
        "iam" => iam(arn),
        // The resource is a session or a claim of one: its name was the caller's choice, never a resource's.
        "sts" => Reading::default(),
        "lambda" => lambda(text, resource),
        "logs" => log_group(text, resource),
        "s3" if arn.region.is_empty() => named(resource.split_once('/').map_or(resource, |(_, key)| key), Form::Name),
        "secretsmanager" => named(secret_name(resource.strip_prefix("secret:").unwrap_or(resource)), Form::Name),
        "kms" => named(resource.strip_prefix("key/").unwrap_or(resource), if resource.starts_with("key/") { Form::Id } else { Form::Name }),
        "ssm" => ssm(resource),
        "sqs" => named(resource, Form::Name),
        "ecr" => named(resource.strip_prefix("repository/").unwrap_or(resource), Form::Name),
        "dynamodb" if resource.starts_with("table/") => Reading { parent: cut_at_slash(text, resource, 2), ..generic(arn) },
        "cloudformation" => named(resource.split('/').nth(1).unwrap_or(resource), Form::Name),
        "elasticloadbalancing" => load_balancer(arn),
        "apigateway" => {
            let parent = cut_at_slash(text, resource, 3);
            let name = last_segment(resource);
            Reading { parent, ..named(name, if parent.is_none() && !resource.starts_with("/domainnames") { Form::Id } else { Form::Name }) }
        }
        "ecs" | "batch" => match resource.split_once('/') {
            // A revision is a part of the name there: `family:7`, asked for with it or without.
            Some(("task-definition" | "job-definition", rest)) => Reading {
                name: Some((rest, Form::Name)),
                second: rest.split_once(':').map(|(family, _)| (family, Form::Name)),
                ..Reading::default()
            },
            _ => generic(arn),
        },
        _ => generic(arn),
    }
}

fn named(name: &str, form: Form) -> Reading<'_> {
    Reading { name: (!name.is_empty()).then_some((name, form)), ..Reading::default() }
}

/// A name of IAM is unique in its account whatever its path (IAM User Guide, "IAM identifiers"); most records hold the name alone.
fn iam<'s>(arn: &Arn<'s>) -> Reading<'s> {
    let Some((kind, rest)) = arn.resource.split_once('/') else { return Reading::default() };
    if matches!(kind, "oidc-provider" | "saml-provider") {
        return named(rest, Form::Name);
    }
    named(last_segment(rest), Form::Name)
}

/// Another ARN under which the resource is known, in parts: an IAM one without its path, a snapshot's without its account.
pub(crate) fn other<'s>(arn: &Arn<'s>) -> Option<[&'s str; 8]> {
    match arn.service {
        "iam" => pathless(arn),
        "ec2" if arn.resource.starts_with("snapshot/") && !arn.account_id.is_empty() => {
            Some(["arn:", arn.partition, ":ec2:", arn.region, "::", arn.resource, "", ""])
        }
        _ => None,
    }
}

/// The ARN of an IAM resource without its path; `None` where it has none.
fn pathless<'s>(arn: &Arn<'s>) -> Option<[&'s str; 8]> {
    let (kind, rest) = arn.resource.split_once('/')?;
    let (_, name) = rest.rsplit_once('/')?;
    (!name.is_empty() && !matches!(kind, "oidc-provider" | "saml-provider")).then_some([
        "arn:",
        arn.partition,
        ":iam::",
        arn.account_id,
        ":",
        kind,
        "/",
        name,
    ])
}

fn lambda<'s>(text: &'s str, resource: &'s str) -> Reading<'s> {
    let mut parts = resource.split(':');
    let (kind, name, qualifier) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next());
    let mut reading = named(if name.is_empty() { kind } else { name }, if ids::is_uuid(name) { Form::Id } else { Form::Name });
    // A layer's version is a resource of its own, a function's qualifier is not.
    if let (Some(qualifier), "function") = (qualifier, kind) {
        let end = text.len().saturating_sub(qualifier.len() + 1);
        reading.canonical = text.get(..end).filter(|text| text.ends_with(name));
    }
    reading
}

fn log_group<'s>(text: &'s str, resource: &'s str) -> Reading<'s> {
    let Some(rest) = resource.strip_prefix("log-group:") else { return named(last_segment(resource), Form::Name) };
    if let Some((_, stream)) = rest.split_once(":log-stream:") {
        let parent = text.split_once(":log-stream:").map(|(group, _)| group);
        return Reading { parent, ..named(stream.trim_end_matches(":*"), Form::Name) };
    }
    let mut reading = named(rest.trim_end_matches(":*"), Form::Name);
    reading.canonical = text.strip_suffix(":*");
    reading
}

/// The name in the last part of a secret's ARN: Secrets Manager adds a hyphen and six random characters to it
/// (Secrets Manager User Guide, "What's in a secret").
pub(crate) fn secret_name(text: &str) -> &str {
    match text.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()) => name,
        _ => text,
    }
}

/// The slash that begins a parameter's name is not in its ARN; a name with a slash inside always begins with one
/// (Systems Manager User Guide, "Parameter name requirements").
fn ssm(resource: &str) -> Reading<'_> {
    match resource.split_once('/') {
        Some(("parameter", rest)) if rest.contains('/') => named(resource.get("parameter".len()..).unwrap_or(rest), Form::Name),
        Some(("parameter", rest)) => named(rest, Form::Name),
        Some(("session", rest)) => named(rest, Form::SessionId),
        _ => named(last_segment(resource), form_of(last_segment(resource))),
    }
}

fn load_balancer<'s>(arn: &Arn<'s>) -> Reading<'s> {
    let mut parts = arn.resource.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("loadbalancer"), Some(_), Some(name), Some(_)) | (Some("targetgroup" | "truststore"), Some(name), Some(_), None) => {
            named(name, Form::Name)
        }
        _ => generic(arn),
    }
}

/// The last part of the resource; where that is an id behind a name (`webacl/NAME/UUID`) both, where it is a version the part before it.
fn generic<'s>(arn: &Arn<'s>) -> Reading<'s> {
    let last = last_segment(arn.resource);
    let before = arn.resource.len().checked_sub(last.len() + 1).and_then(|end| arn.resource.get(..end));
    if let Some((before, true)) = before.map(last_segment).zip(before.map(|before| before.contains(['/', ':']))) {
        // MSK adds a number to the UUID.
        if ids::is_uuid(last.get(..36).unwrap_or(last)) {
            return Reading { name: Some((before, form_of(before))), second: Some((last, Form::Id)), ..Reading::default() };
        }
        if last.len() <= 6 && last.bytes().all(|byte| byte.is_ascii_digit()) {
            return named(before, form_of(before));
        }
    }
    let id = matches!(arn.service, "ec2" | "cloudfront" | "route53" | "organizations" | "guardduty" | "identitystore");
    named(last, if id { Form::Id } else { form_of(last) })
}

/// Whether a bare name is one that AWS gave or somebody.
pub(crate) fn form_of(name: &str) -> Form {
    if ids::is_unique_id(name) {
        Form::UniqueId
    } else if ids::is_uuid(name) || ids::is_resource_id(name) {
        Form::Id
    } else {
        Form::Name
    }
}

/// The ARN `text`, whose end is `resource`, up to the slash of that number in the resource; `None` where there are fewer.
fn cut_at_slash<'s>(text: &'s str, resource: &str, number: usize) -> Option<&'s str> {
    let (at, _) = resource.match_indices('/').nth(number.checked_sub(1)?)?;
    text.get(..text.len().checked_sub(resource.len())? + at)
}

fn last_segment(text: &str) -> &str {
    text.bytes().rposition(|byte| matches!(byte, b'/' | b':')).and_then(|at| text.get(at + 1..)).unwrap_or(text)
}

/// Account and name of a function that is not given by its ARN: `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME`
/// (Lambda API Reference, "FunctionName").
pub(crate) fn function(text: &str) -> (Option<&str>, &str) {
    let (account_id, name) = match text.split_once(":function:") {
        Some((account_id, name)) => (Some(account_id.rsplit(':').next().unwrap_or(account_id)), name),
        None => (None, text),
    };
    (account_id.filter(|id| ids::is_account_id(id)), name.split(':').next().unwrap_or(name))
}

/// Region, account and name in a queue's URL: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`, or the older `REGION.queue.amazonaws.com`.
pub(crate) fn queue<'s>(url: &'s str, aws_region: &'s str) -> Option<(&'s str, &'s str, &'s str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let mut parts = rest.split('/');
    let (host, account_id, name) = (parts.next()?, parts.next()?, parts.next()?);
    let region = match host.strip_prefix("sqs.") {
        Some(rest) => rest.split('.').next()?,
        None => host.split_once(".queue.").map_or("", |(region, _)| region),
    };
    let region = if region.contains('-') { region } else { aws_region };
    (ids::is_account_id(account_id) && !name.is_empty() && !region.is_empty() && parts.next().is_none())
        .then_some((region, account_id, name))
}
