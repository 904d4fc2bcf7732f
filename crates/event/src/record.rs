//! One record on a tape in, a normalised [`Event`] out.
//!
//! Every field is read for itself and leniently: a record is refused only where nothing could be said of it (no time, an unknown
//! major version); a field of another type than documented is kept as it stands and simply not understood.

use crate::fingerprint::fingerprint;
use crate::identity::UserIdentity;
use crate::json::Json;
use crate::name::Known;
use crate::reject::Reason;
use crate::resource::{Calls, Mentions, Touched, mentions};
use crate::secret::{HashKey, without_secrets};
use crate::time;
use bumpalo::Bump;
use std::borrow::Cow;

type Text<'a> = Option<Cow<'a, str>>;

/// A CloudTrail record in one schema for all versions (CloudTrail User Guide, "CloudTrail record contents").
#[derive(Debug)]
pub struct Event<'a> {
    /// Where it lies in its object, counted from 0.
    pub record: u64,
    /// The record's own text.
    pub raw: &'a str,
    /// The byte of the object's text at which `raw` starts; `None` where it stands inside a string of another record.
    pub at: Option<usize>,
    /// `eventID`; for a record older than version 1.01, which has none, a hash of the record after `none-`.
    pub event_id: Cow<'a, str>,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// `eventVersion`; empty where it is missing, as the following three are.
    pub event_version: Cow<'a, str>,
    /// `eventSource`.
    pub event_source: Cow<'a, str>,
    /// `eventName`, as written.
    pub event_name: Cow<'a, str>,
    /// `awsRegion`.
    pub aws_region: Cow<'a, str>,
    /// `recipientAccountId`, else the account of a caller whom the record names by ARN, else empty.
    pub recipient_account_id: Cow<'a, str>,
    /// Whether the record itself says so, rather than its caller's ARN.
    pub names_recipient: bool,
    /// `sourceIPAddress`: an address, or a service's host name.
    pub source_ip_address: Text<'a>,
    /// `userAgent`.
    pub user_agent: Text<'a>,
    /// `errorCode`; `Failure` where only the response says so.
    pub error_code: Text<'a>,
    /// `errorMessage`.
    pub error_message: Text<'a>,
    /// `readOnly`; by the name of the call where the record does not say.
    pub read_only: bool,
    /// `managementEvent`.
    pub management_event: Option<bool>,
    /// `eventType`.
    pub event_type: Text<'a>,
    /// `eventCategory`.
    pub event_category: Text<'a>,
    /// `requestID`.
    pub request_id: Text<'a>,
    /// `sharedEventID`.
    pub shared_event_id: Text<'a>,
    /// `apiVersion`.
    pub api_version: Text<'a>,
    /// `vpcEndpointId`.
    pub vpc_endpoint_id: Text<'a>,
    /// `sessionCredentialFromConsole`, of the record or of its session's attributes.
    pub session_credential_from_console: bool,
    /// `userIdentity`.
    pub user_identity: UserIdentity<'a>,
    /// `requestParameters`, unless null.
    pub request: Option<Json<'a, 'a>>,
    /// `responseElements`, unless null.
    pub response: Option<Json<'a, 'a>>,
    /// `additionalEventData`, unless null.
    pub additional: Option<Json<'a, 'a>>,
    /// `serviceEventDetails`, unless null.
    pub service_event_details: Option<Json<'a, 'a>>,
    /// The free-form fields as JSON text, secrets replaced.
    pub text: FreeText<'a>,
    /// The keys under which the event is found.
    pub mentions: &'a Mentions<'a>,
    /// The same for every way of writing this record down.
    pub fingerprint: u128,
}

/// The fields whose shape is a service's own, as JSON text without secrets; `None` where absent or null.
#[derive(Debug, Default)]
pub struct FreeText<'a> {
    /// `userIdentity`, whole.
    pub user_identity: Text<'a>,
    /// `requestParameters`.
    pub request_parameters: Text<'a>,
    /// `responseElements`.
    pub response_elements: Text<'a>,
    /// `additionalEventData`.
    pub additional_event_data: Text<'a>,
    /// `serviceEventDetails`.
    pub service_event_details: Text<'a>,
    /// `resources`.
    pub resources: Text<'a>,
    /// `tlsDetails`.
    pub tls_details: Text<'a>,
    /// Every field that no column holds, as one object.
    pub other: Text<'a>,
}

/// The fields of a record before they are judged.
#[derive(Default)]
struct Fields<'t, 'a> {
    event_id: Text<'a>,
    event_time: Option<Json<'t, 'a>>,
    event_version: Text<'a>,
    event_source: Text<'a>,
    event_name: Text<'a>,
    aws_region: Text<'a>,
    recipient_account_id: Text<'a>,
    source_ip_address: Text<'a>,
    user_agent: Text<'a>,
    error_code: Text<'a>,
    error_message: Text<'a>,
    read_only: Option<bool>,
    management_event: Option<bool>,
    event_type: Text<'a>,
    event_category: Text<'a>,
    request_id: Text<'a>,
    shared_event_id: Text<'a>,
    api_version: Text<'a>,
    vpc_endpoint_id: Text<'a>,
    session_credential_from_console: bool,
    user_identity: Option<Json<'t, 'a>>,
    request: Option<Json<'t, 'a>>,
    response: Option<Json<'t, 'a>>,
    additional: Option<Json<'t, 'a>>,
    service_event_details: Option<Json<'t, 'a>>,
    resources: Option<Json<'t, 'a>>,
    tls_details: Option<Json<'t, 'a>>,
    other: Option<String>,
}

/// `null`, and the string "null" that exporters write for it, are absent.
fn present<'t, 'a>(value: Json<'t, 'a>) -> Option<Json<'t, 'a>> {
    let is_null = value.is_null() || value.is_string() && value.raw() == "\"null\"";
    (!is_null).then_some(value)
}

impl<'t, 'a> Fields<'t, 'a> {
    fn read(record: Json<'t, 'a>, hash_key: &HashKey) -> Self {
        let mut fields = Self::default();
        for member in record.members() {
            let value = member.value();
            let understood = match member.traits.known {
                Some(Known::EventVersion) => set(&mut fields.event_version, value),
                Some(Known::UserIdentity) => set_json(&mut fields.user_identity, value),
                Some(Known::EventTime) => set_json(&mut fields.event_time, value),
                Some(Known::EventSource) => set(&mut fields.event_source, value),
                Some(Known::EventName) => set(&mut fields.event_name, value),
                Some(Known::AwsRegion) => set(&mut fields.aws_region, value),
                Some(Known::SourceIpAddress) => set(&mut fields.source_ip_address, value),
                Some(Known::UserAgent) => set(&mut fields.user_agent, value),
                Some(Known::ErrorCode) => set(&mut fields.error_code, value),
                Some(Known::ErrorMessage) => set(&mut fields.error_message, value),
                Some(Known::RequestParameters) => set_json(&mut fields.request, value),
                Some(Known::ResponseElements) => set_json(&mut fields.response, value),
                Some(Known::AdditionalEventData) => set_json(&mut fields.additional, value),
                Some(Known::ServiceEventDetails) => set_json(&mut fields.service_event_details, value),
                Some(Known::Resources) => set_json(&mut fields.resources, value),
                Some(Known::RequestId) => set(&mut fields.request_id, value),
                Some(Known::EventId) => set(&mut fields.event_id, value),
                Some(Known::ReadOnly) => set_bool(&mut fields.read_only, value),
                Some(Known::ManagementEvent) => set_bool(&mut fields.management_event, value),
                Some(Known::EventType) => set(&mut fields.event_type, value),
                Some(Known::EventCategory) => set(&mut fields.event_category, value),
                Some(Known::RecipientAccountId) => set(&mut fields.recipient_account_id, value),
                Some(Known::SharedEventId) => set(&mut fields.shared_event_id, value),
                Some(Known::ApiVersion) => set(&mut fields.api_version, value),
                Some(Known::VpcEndpointId) => set(&mut fields.vpc_endpoint_id, value),
                Some(Known::TlsDetails) => set_json(&mut fields.tls_details, value),
                Some(Known::SessionCredentialFromConsole) => {
                    let flag = value.boolean();
                    fields.session_credential_from_console = flag == Some(true);
                    flag.is_some()
                }
                _ => false,
            };
            if !understood {
                let other = fields.other.get_or_insert_with(|| String::from("{"));
                if other.len() > 1 {
                    other.push(',');
                }
                crate::json::quote(&member.name(), other);
                other.push(':');
                other.push_str(&without_secrets(value, hash_key));
            }
        }
        if let Some(other) = &mut fields.other {
            other.push('}');
        }
        fields
    }
}

#[inline]
fn set<'a>(field: &mut Text<'a>, value: Json<'_, 'a>) -> bool {
    if let Some(text) = value.scalar() {
        *field = Some(text).filter(|text| !text.is_empty());
        return true;
    }
    value.is_null()
}

fn set_bool(field: &mut Option<bool>, value: Json<'_, '_>) -> bool {
    *field = value.boolean();
    field.is_some() || value.is_null()
}

fn set_json<'t, 'a>(field: &mut Option<Json<'t, 'a>>, value: Json<'t, 'a>) -> bool {
    *field = present(value);
    true
}

/// What a record that cannot be an event lacks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

/// Reads one record, borrowing from it, and hands the event to `take`.
pub(crate) fn with_event<'t, 'a>(
    record: Json<'t, 'a>,
    place: u64,
    at: Option<usize>,
    hash_key: &HashKey,
    texts: &Bump,
    calls: &mut Calls,
    take: &mut dyn FnMut(&Event<'_>),
) -> Result<(), Refused> {
    let fields = Fields::read(record, hash_key);
    let time_text = fields.event_time.and_then(|value| value.scalar());
    let Some(time_text) = time_text else {
        let what = if fields.event_time.is_some() { "eventTime is not text" } else { "no eventTime" };
        return Err(Refused { reason: Reason::EventTime, detail: what.into() });
    };
    let Some(event_time) = time::micros(&time_text) else {
        return Err(Refused { reason: Reason::EventTime, detail: format!("eventTime is {time_text:?}") });
    };
    let event_version = fields.event_version.unwrap_or_default();
    let major = event_version.bytes().position(|byte| byte == b'.').and_then(|end| event_version.get(..end)).unwrap_or(&event_version);
    if !matches!(major, "" | "1") {
        return Err(Refused { reason: Reason::EventVersion, detail: format!("eventVersion {event_version:?}; 1.x is known") });
    }
    let fingerprint = fingerprint(record);
    let user_identity = UserIdentity::read(fields.user_identity);
    // Records before version 1.02 do not say whose trail they are of; a caller recorded in full is recorded in his own account.
    let recorded_in_full = user_identity.arn.is_some();
    let own_account = || user_identity.account_id.clone().filter(|_| recorded_in_full);
    let names_recipient = fields.recipient_account_id.is_some();
    let recipient_account_id = fields.recipient_account_id.or_else(own_account).unwrap_or_default();
    let event_name = fields.event_name.unwrap_or_default();
    let event_source = fields.event_source.unwrap_or_default();
    let aws_region = fields.aws_region.unwrap_or_default();
    let mut found = Mentions::default();
    mentions(
        &Touched {
            event_source: &event_source,
            event_name: &event_name,
            aws_region: &aws_region,
            account_id: &recipient_account_id,
            api_version: fields.api_version.as_deref(),
            request: fields.request,
            response: fields.response,
            resources: fields.resources,
            service_event_details: fields.service_event_details,
            additional: fields.additional,
        },
        calls,
        texts,
        &mut found,
    );
    let free = |value: Option<Json<'t, 'a>>| value.map(|value| without_secrets(value, hash_key));
    let text = FreeText {
        user_identity: fields.user_identity.map(|value| Cow::Borrowed(value.raw())),
        request_parameters: free(fields.request),
        response_elements: free(fields.response),
        additional_event_data: free(fields.additional),
        service_event_details: free(fields.service_event_details),
        resources: fields.resources.map(|value| Cow::Borrowed(value.raw())),
        tls_details: fields.tls_details.map(|value| Cow::Borrowed(value.raw())),
        other: fields.other.map(Cow::Owned),
    };
    let error_code =
        fields.error_code.or_else(|| failed_in_response(fields.response, fields.service_event_details, fields.error_message.as_deref()));
    take(&Event {
        record: place,
        raw: record.raw(),
        at,
        event_id: fields.event_id.unwrap_or_else(|| Cow::Owned(format!("none-{fingerprint:032x}"))),
        event_time,
        read_only: fields.read_only.unwrap_or_else(|| reads_by_name(&event_name)),
        event_version,
        event_source,
        event_name,
        aws_region,
        recipient_account_id,
        names_recipient,
        source_ip_address: fields.source_ip_address,
        user_agent: fields.user_agent,
        error_code,
        error_message: fields.error_message,
        management_event: fields.management_event,
        event_type: fields.event_type,
        event_category: fields.event_category,
        request_id: fields.request_id,
        shared_event_id: fields.shared_event_id,
        api_version: fields.api_version,
        vpc_endpoint_id: fields.vpc_endpoint_id,
        session_credential_from_console: fields.session_credential_from_console || user_identity.session.from_console,
        user_identity,
        request: fields.request,
        response: fields.response,
        additional: fields.additional,
        service_event_details: fields.service_event_details,
        text,
        mentions: &found,
        fingerprint,
    });
    Ok(())
}

/// Some services report a failure without `errorCode`: sign-in in the response, others in a message or a code of their own.
fn failed_in_response<'a>(response: Option<Json<'_, 'a>>, details: Option<Json<'_, 'a>>, message: Option<&str>) -> Text<'a> {
    let own = [response, details].into_iter().flatten().find_map(|element| {
        element.members().find_map(|member| {
            let text = member.value().text()?;
            match member.traits.known {
                Some(Known::ErrorCode) if !text.is_empty() => Some(text),
                _ if text == "Failure" => Some(Cow::Borrowed("Failure")),
                _ => None,
            }
        })
    });
    own.or_else(|| message.filter(|message| !message.is_empty()).map(|_| Cow::Borrowed("Failure")))
}

/// Records before version 1.01, and some exports, do not say whether a call only reads.
fn reads_by_name(event_name: &str) -> bool {
    const READS: &[&str] =
        &["Describe", "List", "Get", "Head", "Lookup", "BatchGet", "Search", "Query", "Scan", "Select", "Check", "View", "Filter"];
    READS.iter().any(|verb| event_name.starts_with(verb))
        && !matches!(event_name, "GetFederationToken" | "GetSessionToken" | "GetSigninToken")
}
