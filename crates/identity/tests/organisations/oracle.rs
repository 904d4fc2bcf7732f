//! A slow, plain second opinion: for each event everybody who could have made the call, by a naive walk over all records.
//!
//! Knows `event` alone. It weighs nothing: an opening that fits by key, or else by role id and second, is a way back, and every way back is
//! gone. Whoever the real walk names has to be among those found here; and where there is one way only, by keys all along, the real walk
//! has to have gone it.

use event::Event;
use std::collections::{BTreeSet, HashMap};

/// Who: the kind and id that an answer would have.
pub(crate) type Name = (&'static str, String);

/// What one record says of its caller, as it stands.
#[derive(Clone, Default)]
struct Caller {
    kind: String,
    principal: String,
    arn: String,
    account: String,
    key: String,
    created: Option<i64>,
    issuer_arn: String,
    invoked_by: String,
    user_name: String,
    user_id: String,
    scope: String,
    delivery: bool,
}

/// What one record gave out.
struct Opening {
    caller: Caller,
    name: String,
    time: i64,
    account: String,
    subject: String,
    region: String,
    session_name: String,
    event_id: String,
}

/// Everybody who could have made a call.
#[derive(Default)]
pub(crate) struct Could {
    pub(crate) names: BTreeSet<Name>,
    /// Whether each hop of each way is joined by its key.
    pub(crate) by_keys: bool,
}

#[derive(Default)]
pub(crate) struct Oracle {
    callers: HashMap<String, Caller>,
    openings: Vec<Opening>,
    by_key: HashMap<(String, String), Vec<usize>>,
    by_second: HashMap<(String, i64), Vec<usize>>,
    ours: BTreeSet<String>,
    /// ARNs of IAM users by unique id.
    users: HashMap<String, BTreeSet<String>>,
}

const SECONDS: i64 = 1_000_000;

impl Oracle {
    pub(crate) fn add(&mut self, event: &Event<'_>) {
        let caller = caller(event);
        self.ours.insert(event.recipient_account_id.clone().into_owned());
        if caller.kind == "IAMUser" {
            self.users.entry(caller.principal.clone()).or_default().insert(caller.arn.clone());
        }
        if event.error_code.is_none() {
            self.add_opening(event, &caller);
        }
        self.callers.insert(event.event_id.clone().into_owned(), caller);
    }

    fn add_opening(&mut self, event: &Event<'_>, caller: &Caller) {
        let answer = |path: &[&str]| event.response.and_then(|response| response.at(path)?.text()).unwrap_or_default().into_owned();
        let asked = |name: &str| event.request.and_then(|request| request.text_of(name)).unwrap_or_default().into_owned();
        let key = answer(&["credentials", "accessKeyId"]);
        let principal = match event.event_name.as_ref() {
            "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" => answer(&["assumedRoleUser", "assumedRoleId"]),
            "GetSessionToken" => caller.principal.clone(),
            "GetFederationToken" => answer(&["federatedUser", "federatedUserId"]),
            "AssumeRoot" => asked("targetPrincipal"),
            "SwitchRole" => caller.principal.clone(),
            _ => return,
        };
        let place = self.openings.len();
        if !key.is_empty() {
            self.by_key.entry((key, principal.clone())).or_default().push(place);
        }
        self.by_second.entry((principal, event.event_time)).or_default().push(place);
        let switched = event.additional.and_then(|more| more.text_of("SwitchFrom")).unwrap_or_default().into_owned();
        let mut caller = caller.clone();
        if event.event_name == "SwitchRole" {
            caller = Caller { kind: "IAMUser".into(), arn: switched, ..Caller::default() };
        }
        self.openings.push(Opening {
            caller,
            name: event.event_name.clone().into_owned(),
            time: event.event_time,
            account: event.recipient_account_id.clone().into_owned(),
            subject: answer(&["subjectFromWebIdentityToken"]),
            region: event.aws_region.clone().into_owned(),
            session_name: asked("roleSessionName"),
            event_id: event.shared_event_id.as_deref().unwrap_or(&event.event_id).to_owned(),
        });
    }

    /// Everybody who could have made the call that this event records.
    pub(crate) fn could(&self, event_id: &str) -> Could {
        let mut could = Could { names: BTreeSet::new(), by_keys: true };
        if let Some(caller) = self.callers.get(event_id) {
            self.walk(caller, 0, &mut could);
        }
        could
    }

    fn walk(&self, caller: &Caller, depth: usize, could: &mut Could) {
        if depth > 40 {
            return;
        }
        let mut put = |kind: &'static str, id: &str| {
            could.names.insert((kind, id.to_owned()));
        };
        match caller.kind.as_str() {
            "IAMUser" => put("iam_user", &caller.arn),
            "AssumedRole" | "FederatedUser" | "Root" => self.session(caller, depth, could),
            // Whose providers are Identity Center's, or a pipeline's, is the real walk's to know: any kind is let pass.
            "SAMLUser" => ["saml_user", "sso_user"].into_iter().for_each(|kind| put(kind, &caller.user_name)),
            "WebIdentityUser" => ["pipeline", "oidc_user", "workload"].into_iter().for_each(|kind| put(kind, &caller.user_name)),
            "AWSAccount" if self.ours.contains(&caller.account) => {
                // A user's unique id is the user's alone.
                self.users.get(&caller.principal).into_iter().flatten().for_each(|arn| put("iam_user", arn));
                could.by_keys = false;
            }
            "AWSAccount" => put("external_account", &caller.account),
            "IdentityCenterUser" => {
                put("sso_user", &caller.user_id);
                could.by_keys = false;
            }
            _ => put("aws_service", &caller.invoked_by),
        }
    }

    fn session(&self, caller: &Caller, depth: usize, could: &mut Could) {
        let reserved = caller.issuer_arn.split(":role/").nth(1).is_some_and(|path| path.starts_with("aws-reserved/sso.amazonaws.com/"));
        let session_name = caller.arn.rsplit('/').next().unwrap_or("").to_owned();
        let linked = caller.issuer_arn.split(":role/aws-service-role/").nth(1).and_then(|path| path.split('/').next());
        // What AWS itself wrote on the call: Identity Center names its sessions, metadata and Lambda what they deliver to.
        let written = match linked {
            _ if reserved && self.ours.contains(&caller.account) => Some(("sso_user", session_name)),
            _ if caller.delivery => Some(("workload", session_name)),
            _ if !caller.scope.is_empty() => Some(("workload", caller.scope.clone())),
            Some(service) => Some(("aws_service", service.to_owned())),
            None => None,
        };
        if let Some(written) = written {
            could.names.insert(written);
            could.by_keys = false;
            return;
        }
        let by_key: Vec<&Opening> = self
            .by_key
            .get(&(caller.key.clone(), caller.principal.clone()))
            .into_iter()
            .flatten()
            .map(|place| &self.openings[*place])
            .filter(|opening| caller.created.is_some_and(|created| created.abs_diff(opening.time) <= 5 * SECONDS.unsigned_abs()))
            .collect();
        let fitting = if by_key.is_empty() {
            could.by_keys = false;
            let second = caller.created.map(|created| (caller.principal.clone(), created));
            second.and_then(|second| self.by_second.get(&second)).into_iter().flatten().map(|place| &self.openings[*place]).collect()
        } else {
            by_key
        };
        if caller.kind == "Root" {
            could.names.insert(("root_user", caller.arn.clone()));
        }
        if caller.kind == "FederatedUser" {
            could.names.insert(("iam_user", caller.issuer_arn.clone()));
        }
        for opening in &fitting {
            // The role owner's copy of a call says less than the caller's own.
            let brief = opening.caller.kind == "AWSAccount";
            let told = fitting.iter().any(|other| other.event_id == opening.event_id && other.caller.kind != "AWSAccount");
            if !(brief && told) {
                self.opened(opening, caller, depth, could);
            }
        }
    }

    fn opened(&self, opening: &Opening, session: &Caller, depth: usize, could: &mut Could) {
        let caller = &opening.caller;
        let role = session.arn.split('/').next_back().unwrap_or("").to_owned();
        match (opening.name.as_str(), caller.kind.as_str()) {
            ("AssumeRoleWithWebIdentity", _) => {
                for kind in ["pipeline", "oidc_user", "workload"] {
                    could.names.insert((kind, opening.subject.clone()));
                }
            }
            (_, "AWSService") => {
                could.names.insert(("aws_service", caller.invoked_by.clone()));
                let machine = match caller.invoked_by.as_str() {
                    "ec2.amazonaws.com" => opening.session_name.clone(),
                    "ecs-tasks.amazonaws.com" => format!("arn:aws:ecs:{}:{}:task/{role}", opening.region, opening.account),
                    "lambda.amazonaws.com" => format!("arn:aws:lambda:{}:{}:function:{role}", opening.region, opening.account),
                    _ => return,
                };
                could.names.insert(("workload", machine));
            }
            _ => self.walk(caller, depth + 1, could),
        }
    }
}

fn caller(event: &Event<'_>) -> Caller {
    let identity = &event.user_identity;
    let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or("").to_owned();
    Caller {
        kind: text(&identity.kind),
        principal: text(&identity.principal_id),
        arn: text(&identity.arn),
        account: text(&identity.account_id),
        key: text(&identity.access_key_id),
        created: identity.session.creation_date,
        issuer_arn: text(&identity.session.issuer_arn),
        invoked_by: text(&identity.invoked_by),
        user_name: text(&identity.user_name),
        user_id: text(&identity.on_behalf_of_user_id),
        scope: text(&identity.credentials_issued_to),
        delivery: identity.session.ec2_role_delivery.is_some(),
    }
}
