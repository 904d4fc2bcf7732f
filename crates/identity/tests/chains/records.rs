//! Records as CloudTrail writes them, with invented values.

pub(crate) const TOOLS: &str = "111111111111";
pub(crate) const PROD: &str = "222222222222";
/// Where the Identity Center instance is.
pub(crate) const IDC: &str = "333333333333";
/// Nobody of ours.
pub(crate) const OUTSIDE: &str = "999999999999";

pub(crate) struct Role {
    pub(crate) account: &'static str,
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
}

pub(crate) const OPS: Role = Role {
    account: TOOLS,
    path: "/aws-reserved/sso.amazonaws.com/ap-northeast-1/",
    name: "AWSReservedSSO_Ops_0123456789abcdef",
    id: "AROAOPS",
};
pub(crate) const DEPLOY: Role = Role { account: PROD, path: "/deploy/", name: "Deploy", id: "AROADEPLOY" };
pub(crate) const LOCAL: Role = Role { account: TOOLS, path: "/", name: "Local", id: "AROALOCAL" };

impl Role {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.account, self.path, self.name)
    }
}

/// A `userIdentity`: members of it, and of its `sessionContext`.
#[derive(Clone)]
pub(crate) struct Who {
    members: String,
    context: Option<String>,
    pub(crate) account: String,
    pub(crate) principal: String,
}

impl Who {
    pub(crate) fn of(members: &str) -> Self {
        Self { members: members.to_owned(), context: None, account: String::new(), principal: String::new() }
    }

    /// With more members.
    pub(crate) fn with(mut self, members: &str) -> Self {
        self.members.push(',');
        self.members.push_str(members);
        self
    }

    /// With more members of the session context.
    pub(crate) fn context(mut self, members: &str) -> Self {
        let context = self.context.get_or_insert_default();
        if !context.is_empty() {
            context.push(',');
        }
        context.push_str(members);
        self
    }

    pub(crate) fn on_behalf_of(self, user: &str) -> Self {
        self.with(&format!(
            "\"onBehalfOf\":{{\"userId\":\"{user}\",\"identityStoreArn\":\"arn:aws:identitystore::{IDC}:identitystore/d-1234567890\"}}"
        ))
    }

    pub(crate) fn invoked_by(self, service: &str) -> Self {
        self.with(&format!("\"invokedBy\":\"{service}\""))
    }

    fn json(&self) -> String {
        let context = self.context.as_ref().map(|context| format!(",\"sessionContext\":{{{context}}}")).unwrap_or_default();
        format!("{{{}{context}}}", self.members)
    }
}

pub(crate) fn at(time: &str) -> String {
    if time.contains('T') { time.to_owned() } else { format!("2026-11-18T{time}Z") }
}

fn attributes(created: &str) -> String {
    format!("\"attributes\":{{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"false\"}}", at(created))
}

/// A role session; `created` empty for records without a session context, `key` empty for those without a key.
pub(crate) fn session(role: &Role, name: &str, key: &str, created: &str) -> Who {
    let (account, principal) = (role.account.to_owned(), format!("{}:{name}", role.id));
    let mut who = Who {
        members: format!(
            "\"type\":\"AssumedRole\",\"principalId\":\"{principal}\",\"arn\":\"arn:aws:sts::{account}:assumed-role/{}/{name}\",\"accountId\":\"{account}\"",
            role.name
        ),
        context: None,
        account,
        principal,
    };
    if !key.is_empty() {
        who = who.with(&format!("\"accessKeyId\":\"{key}\""));
    }
    if created.is_empty() {
        return who;
    }
    let issuer = format!(
        "\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"{}\",\"arn\":\"{}\",\"accountId\":\"{}\",\"userName\":\"{}\"}}",
        role.id,
        role.arn(),
        role.account,
        role.name
    );
    who.context(&issuer).context(&attributes(created))
}

/// An IAM user of the tools account; `created` empty for a long-lived key.
pub(crate) fn user(name: &str, key: &str, created: &str) -> Who {
    let principal = format!("AIDA{}", name.to_uppercase());
    let mut who = Who {
        members: format!(
            "\"type\":\"IAMUser\",\"principalId\":\"{principal}\",\"arn\":\"arn:aws:iam::{TOOLS}:user/{name}\",\"accountId\":\"{TOOLS}\",\"userName\":\"{name}\""
        ),
        context: None,
        account: TOOLS.to_owned(),
        principal,
    };
    if !key.is_empty() {
        who = who.with(&format!("\"accessKeyId\":\"{key}\""));
    }
    if created.is_empty() { who } else { who.context("\"sessionIssuer\":{},\"webIdFederationData\":{}").context(&attributes(created)) }
}

pub(crate) fn root(account: &str, key: &str, created: &str) -> Who {
    let members = format!(
        "\"type\":\"Root\",\"principalId\":\"{account}\",\"arn\":\"arn:aws:iam::{account}:root\",\"accountId\":\"{account}\",\"accessKeyId\":\"{key}\""
    );
    let who = Who { members, context: None, account: account.to_owned(), principal: account.to_owned() };
    if created.is_empty() { who } else { who.context(&attributes(created)) }
}

pub(crate) fn federated(name: &str, key: &str, created: &str, by: &str) -> Who {
    let issuer = if by.is_empty() {
        String::new()
    } else {
        format!("\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::{TOOLS}:user/{by}\",\"accountId\":\"{TOOLS}\",\"userName\":\"{by}\"")
    };
    Who {
        members: format!(
            "\"type\":\"FederatedUser\",\"principalId\":\"{TOOLS}:{name}\",\"arn\":\"arn:aws:sts::{TOOLS}:federated-user/{name}\",\"accountId\":\"{TOOLS}\",\"accessKeyId\":\"{key}\""
        ),
        context: None,
        account: TOOLS.to_owned(),
        principal: format!("{TOOLS}:{name}"),
    }
    .context(&format!("\"sessionIssuer\":{{{issuer}}}"))
    .context(&attributes(created))
}

pub(crate) fn saml_subject(name: &str) -> Who {
    Who::of(&format!(
        "\"type\":\"SAMLUser\",\"principalId\":\"qualifier=:{name}\",\"userName\":\"{name}\",\"identityProvider\":\"qualifier=\""
    ))
}

pub(crate) fn web_subject(issuer: &str, subject: &str) -> Who {
    let provider = format!("arn:aws:iam::{TOOLS}:oidc-provider/{issuer}");
    Who::of(&format!(
        "\"type\":\"WebIdentityUser\",\"principalId\":\"{provider}:sts.amazonaws.com:{subject}\",\"userName\":\"{subject}\",\"identityProvider\":\"{provider}\""
    ))
}

pub(crate) fn service(name: &str) -> Who {
    Who::of(&format!("\"type\":\"AWSService\",\"invokedBy\":\"{name}\""))
}

pub(crate) fn portal(user: &str) -> Who {
    Who::of(&format!("\"type\":\"IdentityCenterUser\",\"accountId\":\"{IDC}\",\"credentialId\":\"AAAA\"")).on_behalf_of(user)
}

/// What the role owner's copy has of a caller.
pub(crate) fn brief(who: &Who) -> Who {
    Who::of(&format!("\"type\":\"AWSAccount\",\"principalId\":\"{}\",\"accountId\":\"{}\"", who.principal, who.account))
}

/// A record; `rest` is members that begin with a comma, or nothing.
pub(crate) fn record(id: &str, time: &str, account: &str, call: &str, who: &Who, rest: &str) -> String {
    let (source, name) = call.split_once(':').unwrap_or(("ec2", call));
    format!(
        "{{\"eventVersion\":\"1.11\",\"userIdentity\":{},\"eventTime\":\"{}\",\"eventSource\":\"{source}.amazonaws.com\",\"eventName\":\"{name}\",\"awsRegion\":\"ap-northeast-1\",\"eventID\":\"{id}\",\"eventType\":\"AwsApiCall\",\"recipientAccountId\":\"{account}\"{rest}}}",
        who.json(),
        at(time)
    )
}

/// A change that a session made in its own account.
pub(crate) fn act(id: &str, who: &Who) -> String {
    let account = if who.account.is_empty() { PROD } else { &who.account };
    record(id, "09:00:00", account, "StopInstances", who, "")
}

/// The same from a console page, which has a key of its own.
pub(crate) fn click(id: &str, who: &Who) -> String {
    record(id, "09:00:00", &who.account, "StopInstances", who, ",\"sessionCredentialFromConsole\":\"true\"")
}

/// A call that opens a role session.
#[derive(Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) role: &'a Role,
    pub(crate) name: &'a str,
    pub(crate) key: &'a str,
    pub(crate) time: &'a str,
    /// Members of the request beyond role and name, each with its comma.
    pub(crate) asked: &'a str,
    /// Members of the answer beyond credentials and session.
    pub(crate) told: &'a str,
    /// Members of the record.
    pub(crate) rest: &'a str,
    /// Whether the answer leaves `assumedRoleUser` out.
    pub(crate) short: bool,
}

pub(crate) fn opening<'a>(role: &'a Role, name: &'a str, key: &'a str, time: &'a str) -> Opening<'a> {
    Opening { role, name, key, time, asked: "", told: "", rest: "", short: false }
}

impl Opening<'_> {
    fn rest(&self) -> String {
        let Self { role, name, key, asked, told, rest, .. } = self;
        let opened = if self.short {
            String::new()
        } else {
            format!(
                ",\"assumedRoleUser\":{{\"assumedRoleId\":\"{}:{name}\",\"arn\":\"arn:aws:sts::{}:assumed-role/{}/{name}\"}}",
                role.id, role.account, role.name
            )
        };
        format!(
            ",\"requestParameters\":{{\"roleArn\":\"{}\",\"roleSessionName\":\"{name}\",\"durationSeconds\":3600{asked}}},\"responseElements\":{{\"credentials\":{{\"accessKeyId\":\"{key}\",\"sessionToken\":\"x\",\"expiration\":\"Nov 18, 2026, 10:00:00 AM\"}}{opened}{told}}}{rest}",
            role.arn()
        )
    }

    /// The caller's copy, or the only one.
    pub(crate) fn by(&self, id: &str, who: &Who) -> String {
        let account = if who.account.is_empty() { self.role.account } else { &who.account };
        record(id, self.time, account, "sts:AssumeRole", who, &self.rest())
    }

    /// The caller's copy of a call into another account.
    pub(crate) fn across(&self, id: &str, who: &Who) -> String {
        record(id, self.time, &who.account, "sts:AssumeRole", who, &format!("{},\"sharedEventID\":\"shared-{}\"", self.rest(), self.key))
    }

    /// The role owner's copy.
    pub(crate) fn copy(&self, id: &str, who: &Who) -> String {
        let rest = format!("{},\"sharedEventID\":\"shared-{}\"", self.rest(), self.key);
        record(id, self.time, self.role.account, "sts:AssumeRole", &brief(who), &rest)
    }

    pub(crate) fn saml(&self, id: &str, provider: &str, subject: &str) -> String {
        let asked = format!(
            ",\"principalArn\":\"arn:aws:iam::{}:saml-provider/{provider}\",\"sAMLAssertionID\":\"_1\"{}",
            self.role.account, self.asked
        );
        let told = format!(",\"subject\":\"{subject}\",\"subjectType\":\"persistent\",\"nameQualifier\":\"qualifier=\"");
        let rest = Opening { asked: &asked, told: &told, ..self.clone() }.rest();
        record(id, self.time, self.role.account, "sts:AssumeRoleWithSAML", &saml_subject(subject), &rest)
    }

    pub(crate) fn web(&self, id: &str, issuer: &str, subject: &str) -> String {
        let told = format!(
            ",\"subjectFromWebIdentityToken\":\"{subject}\",\"audience\":\"sts.amazonaws.com\",\"provider\":\"arn:aws:iam::{TOOLS}:oidc-provider/{issuer}\""
        );
        let rest = Opening { told: &told, ..self.clone() }.rest();
        record(id, self.time, self.role.account, "sts:AssumeRoleWithWebIdentity", &web_subject(issuer, subject), &rest)
    }
}

/// Identity Center gives `name` a session of its role: what the portal and the role's account record.
pub(crate) fn sso_opening(id: &str, name: &str, key: &str, time: &str) -> String {
    opening(&OPS, name, key, time).saml(id, "AWSSSO_0123456789abcdef_DO_NOT_DELETE", name)
}

pub(crate) fn fetch(id: &str, user: &str, time: &str) -> String {
    let details = format!(",\"requestParameters\":null,\"serviceEventDetails\":{{\"role_name\":\"Ops\",\"account_id\":\"{TOOLS}\"}}");
    record(id, time, IDC, "sso:GetRoleCredentials", &portal(user), &details)
}

/// The console's record of a role switch, in the role's account.
pub(crate) fn switch(id: &str, role: &Role, name: &str, time: &str, from: &str) -> String {
    let rest = format!(
        ",\"requestParameters\":null,\"responseElements\":{{\"SwitchRole\":\"Success\"}},\"additionalEventData\":{{\"SwitchFrom\":\"{from}\",\"RedirectTo\":\"https://console.aws.amazon.com/\"}}"
    );
    record(id, time, role.account, "signin:SwitchRole", &session(role, name, "", ""), &rest)
}

pub(crate) fn console_login(id: &str, time: &str, who: &Who) -> String {
    let rest = ",\"responseElements\":{\"ConsoleLogin\":\"Success\"},\"additionalEventData\":{\"MFAUsed\":\"Yes\",\"LoginTo\":\"https://console.aws.amazon.com/\"}";
    record(id, time, &who.account, "signin:ConsoleLogin", who, rest)
}

pub(crate) fn token(id: &str, time: &str, call: &str, who: &Who, asked: &str, told: &str, key: &str) -> String {
    let rest = format!(
        ",\"requestParameters\":{{{asked}}},\"responseElements\":{{\"credentials\":{{\"accessKeyId\":\"{key}\",\"sessionToken\":\"x\"}}{told}}}"
    );
    record(id, time, &who.account, call, who, &rest)
}

pub(crate) fn federation_token(id: &str, time: &str, who: &Who, name: &str, key: &str) -> String {
    let told =
        format!(",\"federatedUser\":{{\"federatedUserId\":\"{TOOLS}:{name}\",\"arn\":\"arn:aws:sts::{TOOLS}:federated-user/{name}\"}}");
    token(id, time, "sts:GetFederationToken", who, &format!("\"name\":\"{name}\""), &told, key)
}

pub(crate) fn assume_root(id: &str, time: &str, who: &Who, target: &str, key: &str) -> String {
    token(
        id,
        time,
        "sts:AssumeRoot",
        who,
        &format!(
            "\"targetPrincipal\":\"{target}\",\"taskPolicyArn\":{{\"arn\":\"arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy\"}}"
        ),
        "",
        key,
    )
}

impl Who {
    /// With one text for another throughout.
    pub(crate) fn json_as(mut self, old: &str, new: &str) -> Self {
        self.members = self.members.replace(old, new);
        self
    }
}
