//! Opens credential sessions: who asks for what in; the issuing records and a [`Session`] with its truth out.
//!
//! Where the plan loses an issuing event, all copies of it stay out of the logs and the grade says what is left:
//! what AWS itself wrote on the later events, what the caller chose, or nothing.

use std::collections::BTreeMap;

use crate::ledger::{Actor, Hop};
use crate::organisation::{HOME_REGION, Person, Role};
use crate::random::Random;
use crate::record::{Body, How, identity};
use crate::scene::{By, Scene, account_identity};
use crate::session::{Grade, Session, Who};
use crate::text::{quoted, wordy};

pub(crate) const GITHUB: &str = "token.actions.githubusercontent.com";

/// What an AssumeRole asks for beyond the role.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assume<'a> {
    pub(crate) name: &'a str,
    pub(crate) tags: &'a [(&'a str, &'a str)],
    pub(crate) transitive: &'a [&'a str],
    pub(crate) source_identity: Option<&'a str>,
    /// The session is then used with this key instead of the issued one (the console does so).
    pub(crate) other_key: Option<&'a str>,
    /// The key that is issued; drawn where absent.
    pub(crate) issued_key: Option<&'a str>,
    /// Never lost.
    pub(crate) kept: bool,
}

/// A token of an OIDC provider.
pub(crate) struct WebToken<'a> {
    /// Without `https://`.
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) actor: Actor,
}

impl Scene<'_> {
    /// Signs in to the access portal. Ties no session to anybody by itself.
    pub(crate) fn portal_sign_in(&mut self, person: &Person, at: i64, ip: &str) {
        let account = self.organisation.identity_store_account_id.clone();
        let identity = self.portal_identity(person);
        let caller = self.at_portal(person);
        let workflow = self.random.uuid();
        let how = How::browser(ip);
        let steps = [
            ("CredentialChallenge", "PASSWORD", 0),
            ("CredentialVerification", "PASSWORD", 4),
            ("CredentialChallenge", "WEBAUTHN", 5),
            ("CredentialVerification", "WEBAUTHN", 9),
            ("UserAuthentication", "PASSWORD,WEBAUTHN", 9),
        ];
        for (name, credential, after) in steps {
            let user_name = if credential == "PASSWORD" && name == "CredentialChallenge" {
                format!(",\"UserName\":{}", quoted(&person.user_name))
            } else {
                String::new()
            };
            let body = Body {
                source: "signin.amazonaws.com",
                name,
                additional: format!("{{\"AuthWorkflowID\":\"{workflow}\",\"CredentialType\":\"{credential}\"{user_name}}}"),
                details: format!("{{\"{name}\":\"Success\"}}"),
                event_type: "AwsServiceEvent",
                ..Body::default()
            };
            self.record(&By::of(&identity, &caller), at + after, &account, &body, &how, None, None);
        }
        for (name, after) in [("Authenticate", 10), ("ListApplications", 11), ("ListAccounts", 12)] {
            let body = portal_body(name, String::new());
            self.record(&By::of(&identity, &caller), at + after, &account, &body, &how, None, None);
        }
    }

    fn portal_identity(&mut self, person: &Person) -> String {
        let organisation = self.organisation;
        format!(
            "{{\"type\":\"IdentityCenterUser\",\"accountId\":\"{}\",\"onBehalfOf\":{{\"userId\":\"{}\",\"identityStoreArn\":\"{}\"}},\"credentialId\":\"AAAAA{}\"}}",
            organisation.identity_store_account_id,
            person.user_id,
            organisation.store_arn(),
            self.random.alnum(60)
        )
    }

    /// A role session by Identity Center. The issued key is not the one that is used.
    ///
    /// Lost, its name on a genuine reserved role still says who: AWS wrote it.
    pub(crate) fn sso_session(&mut self, person: &Person, set: &str, account_id: &str, at: i64, tags: &[(&str, &str)]) -> Session {
        self.sso_session_of(person, set, account_id, at, tags, None)
    }

    /// The same, fetched with a token that is known: another's, or the portal's own.
    pub(crate) fn sso_session_of(
        &mut self,
        person: &Person,
        set: &str,
        account_id: &str,
        at: i64,
        tags: &[(&str, &str)],
        credential: Option<&str>,
    ) -> Session {
        let role = self.organisation.permission_set_role(account_id, set);
        let at = self.free_second(&role, &person.user_name, at);
        let (mark, lost) = (self.out.len(), self.loses());
        let mut identity = self.portal_identity(person);
        if let (Some(credential), Some((start, _))) = (credential, identity.split_once("\"credentialId\"")) {
            identity = format!("{start}\"credentialId\":\"{credential}\"}}");
        }
        let fetch = portal_body("GetRoleCredentials", format!("{{\"role_name\":\"{set}\",\"account_id\":\"{account_id}\"}}"));
        let store = self.organisation.identity_store_account_id.clone();
        let ip = self.random.address();
        let caller = self.at_portal(person);
        let fetched = self.record(&By::of(&identity, &caller), at, &store, &fetch, &How::cli(&ip), None, None);
        let provider = format!("arn:aws:iam::{account_id}:saml-provider/AWSSSO_{}_DO_NOT_DELETE", &self.organisation.instance[4..]);
        let (body, identity) = self.saml_issue(&role, &provider, &person.user_name, at, tags);
        let how = How::with(
            "198.51.100.77",
            "aws-sdk-java/2.46.14 md/io#async md/http#NettyNio ua/2.1 os/Linux#5.10 lang/java#21.0.9 md/OpenJDK_64-Bit_Server_VM#21.0.9+10-LTS",
        );
        let issued = self.record(&By::of(&identity, &caller), at, account_id, &body, &how, None, None);
        let mut hop = Hop {
            kind: "role_session",
            session_tags: owned(tags),
            asserted_tag_keys: tags.iter().map(|(key, _)| (*key).to_owned()).collect(),
            issued_by: vec![issued],
            related: vec![fetched],
            link: Some("assumed_role_id"),
            ..Hop::default()
        };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        }
        let mut session = self.role_session(role, &person.user_name, at, self.person(person), Vec::new(), hop);
        session.on_behalf_of = Some(person.user_id.clone());
        session.permission_set = Some(set.to_owned());
        session.grade = if lost { Grade::Attested } else { Grade::Proven };
        session.transitive = tags.iter().map(|(key, _)| (*key).to_owned()).collect();
        session
    }

    /// A person before there is a session of a role: in the portal, or with its assertion.
    fn at_portal(&self, person: &Person) -> Session {
        holder(&self.person(person))
    }

    fn person(&self, person: &Person) -> Actor {
        Actor {
            kind: "sso_user",
            id: person.user_name.clone(),
            name: Some(person.display_name.clone()),
            account_id: Some(self.organisation.identity_store_account_id.clone()),
            identity_store_user_id: Some(person.user_id.clone()),
            ..Actor::default()
        }
    }

    /// The qualifier of a subject is a hash of issuer, account and provider: always the same for one provider.
    fn saml_issue(&mut self, role: &Role, provider: &str, name: &str, at: i64, tags: &[(&str, &str)]) -> (Body, String) {
        let (arn, account) = (role.arn(), &role.account_id);
        let qualifier = format!("{}=", Random::new(self.organisation.seed, &format!("qualifier {provider}")).alnum(27));
        let principal_tags = if tags.is_empty() {
            String::new()
        } else {
            let keys: Vec<&str> = tags.iter().map(|(key, _)| *key).collect();
            format!(",\"principalTags\":{},\"transitiveTagKeys\":{}", map(tags), list(&keys))
        };
        let request = format!(
            "{{\"sAMLAssertionID\":\"_{}\",\"roleSessionName\":{},\"roleArn\":\"{arn}\",\"principalArn\":\"{provider}\",\"durationSeconds\":43200{principal_tags}}}",
            self.random.uuid(),
            quoted(name)
        );
        let key = self.random.session_key();
        let answer = self.assumed(role, name, &key, at + 43_200);
        let response = format!(
            "{{{answer},\"subject\":{0},\"subjectType\":\"persistent\",\"issuer\":\"https://portal.sso.{HOME_REGION}.amazonaws.com/saml/assertion/{1}\",\"audience\":\"https://signin.aws.amazon.com/saml\",\"nameQualifier\":\"{qualifier}\"}}",
            quoted(name),
            self.random.alnum(44)
        );
        let body = Body {
            source: "sts.amazonaws.com",
            name: "AssumeRoleWithSAML",
            read_only: true,
            request,
            response,
            resources: format!(
                "[{{\"accountId\":\"{account}\",\"type\":\"AWS::IAM::Role\",\"ARN\":\"{arn}\"}},{{\"accountId\":\"{account}\",\"type\":\"AWS::IAM::SAMLProvider\",\"ARN\":\"{provider}\"}}]"
            ),
            ..Body::default()
        };
        let identity = format!(
            "{{\"type\":\"SAMLUser\",\"principalId\":{},\"userName\":{},\"identityProvider\":\"{qualifier}\"}}",
            quoted(&format!("{qualifier}:{name}")),
            quoted(name)
        );
        (body, identity)
    }

    /// A role session by another identity provider's assertion. Lost, its name is no more than a claim.
    pub(crate) fn saml_session(&mut self, role: Role, provider_name: &str, subject: &str, at: i64) -> Session {
        let provider = format!("arn:aws:iam::{}:saml-provider/{provider_name}", role.account_id);
        let actor = Actor {
            kind: "saml_user",
            id: subject.to_owned(),
            account_id: Some(role.account_id.clone()),
            provider: Some(provider.clone()),
            ..Actor::default()
        };
        let (mark, lost) = (self.out.len(), self.loses());
        let (mut body, identity) = self.saml_issue(&role, &provider, subject, at, &[]);
        let issuer = format!("https://portal.sso.{HOME_REGION}.amazonaws.com/saml/assertion/");
        body.response = body.response.replace(&issuer, "https://idp.example.co.jp/saml2/");
        let account_id = role.account_id.clone();
        let how = How::browser("203.0.113.44");
        let caller = holder(&actor);
        let issued = self.record(&By::of(&identity, &caller), at, &account_id, &body, &how, None, None);
        let mut hop = Hop { kind: "role_session", issued_by: vec![issued], link: Some("assumed_role_id"), ..Hop::default() };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        }
        let mut session = self.role_session(role, subject, at, actor, Vec::new(), hop);
        if lost {
            session.lose(Grade::Claimed, Some("AssumeRoleWithSAML"));
        }
        session
    }

    /// A role session by an OIDC token. Lost, only the provider is left on later events, and the name is chosen.
    pub(crate) fn web_session(&mut self, token: WebToken, role: Role, name: &str, at: i64) -> Session {
        let provider = format!("arn:aws:iam::{}:oidc-provider/{}", role.account_id, token.issuer);
        let (mark, lost) = (self.out.len(), self.loses());
        let key = self.random.session_key();
        let answer = self.assumed(&role, name, &key, at + 3600);
        let arn = role.arn();
        let body = Body {
            source: "sts.amazonaws.com",
            name: "AssumeRoleWithWebIdentity",
            read_only: true,
            request: format!("{{\"roleArn\":\"{arn}\",\"roleSessionName\":{},\"durationSeconds\":3600}}", quoted(name)),
            response: format!(
                "{{{answer},\"subjectFromWebIdentityToken\":{},\"provider\":\"{provider}\",\"audience\":\"{}\"}}",
                quoted(token.subject),
                token.audience
            ),
            additional: format!(
                "{{\"identityProviderConnectionVerificationMethod\":\"IAMTrustStore\",\"RequestDetails\":{{\"awsServingRegion\":\"{HOME_REGION}\",\"endpointType\":\"regional\"}}}}"
            ),
            resources: role_resource(&role),
            ..Body::default()
        };
        let identity = format!(
            "{{\"type\":\"WebIdentityUser\",\"principalId\":{},\"userName\":{},\"identityProvider\":\"{provider}\"}}",
            quoted(&format!("{provider}:{}:{}", token.audience, token.subject)),
            quoted(token.subject)
        );
        let how = How::with("192.0.2.133", "aws-sdk-nodejs/2.1692.0 linux/v20.19.5 configure-aws-credentials-for-github-actions promise");
        let account_id = role.account_id.clone();
        let caller = holder(&token.actor);
        let issued = self.record(&By::of(&identity, &caller), at, &account_id, &body, &how, None, None);
        let mut hop = Hop { kind: "role_session", issued_by: vec![issued], link: Some("access_key"), ..Hop::default() };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        }
        let mut session = self.role_session(role, name, at, token.actor, Vec::new(), hop);
        session.web_provider = Some(provider);
        use_key(&mut session, &key);
        if lost {
            session.lose(self.unproven(name, None), Some("AssumeRoleWithWebIdentity"));
        }
        session
    }

    /// AssumeRole by `parent`: one record in its own account, two where the role is another account's.
    pub(crate) fn assume_role(&mut self, parent: &Session, role: Role, at: i64, how: &How, ask: &Assume) -> Session {
        let (mark, lost) = (self.out.len(), !ask.kept && self.loses());
        let key = ask.issued_key.map_or_else(|| self.random.session_key(), str::to_owned);
        let source_identity = ask.source_identity.or(parent.source_identity.as_deref()).map(str::to_owned);
        let body = self.assume_body(parent, &role, at, ask, &key);
        let full = identity(parent, self.organisation, body.source, how);
        let issued_by = self.issue_copies(&full, parent, &role, at, &body, how);
        let mut tags: BTreeMap<String, String> = parent.tags();
        tags.retain(|key, _| parent.transitive.contains(key));
        let mut asserted = parent.chain.last().map(|hop| hop.asserted_tag_keys.clone()).unwrap_or_default();
        asserted.retain(|key| tags.contains_key(key));
        tags.extend(owned(ask.tags));
        let mut hop = Hop {
            kind: "role_session",
            session_tags: tags,
            asserted_tag_keys: asserted,
            source_identity: source_identity.clone(),
            issued_by,
            link: Some(if ask.other_key.is_some() { "assumed_role_id" } else { "access_key" }),
            ..Hop::default()
        };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        } else {
            self.note_use(parent);
        }
        let mut session = self.role_session(role, ask.name, at, parent.actor.clone(), parent.chain_using(how.key), hop);
        use_key(&mut session, ask.other_key.unwrap_or(&key));
        session.mfa = parent.mfa && how.from_console;
        session.transitive = parent.transitive.clone();
        session.transitive.extend(ask.transitive.iter().map(|key| (*key).to_owned()));
        session.source_identity = source_identity;
        if lost {
            session.lose(self.unproven(ask.name, session.source_identity.as_deref()), Some("AssumeRole"));
        } else {
            session.inherit(parent);
        }
        session.permission_set = parent.permission_set.clone().filter(|_| !lost);
        session.via = parent.via.clone();
        session.not = parent.not.clone();
        session
    }

    fn issue_copies(&mut self, full: &str, parent: &Session, role: &Role, at: i64, body: &Body, how: &How) -> Vec<String> {
        let caller = parent.account_id.clone();
        if caller == role.account_id {
            return vec![self.record(&By::of(full, parent), at, &caller, body, how, None, None)];
        }
        let (shared, request) = (self.random.uuid(), self.random.uuid());
        let brief = account_identity(&parent.principal_id(), &caller);
        vec![
            self.record(&By::of(full, parent), at, &caller, body, how, Some(&shared), Some(&request)),
            self.record(&By::copy(&brief, parent), at, &role.account_id, body, how, Some(&shared), Some(&request)),
        ]
    }

    pub(crate) fn assume_body(&mut self, parent: &Session, role: &Role, at: i64, ask: &Assume, key: &str) -> Body {
        let mut request = format!("{{\"roleArn\":\"{}\",\"roleSessionName\":{},\"durationSeconds\":3600", role.arn(), quoted(ask.name));
        if !ask.tags.is_empty() {
            let tags: Vec<String> =
                ask.tags.iter().map(|(key, value)| format!("{{\"key\":{},\"value\":{}}}", quoted(key), quoted(value))).collect();
            request.push_str(&format!(",\"tags\":[{}]", tags.join(",")));
        }
        if !ask.transitive.is_empty() {
            request.push_str(&format!(",\"transitiveTagKeys\":{}", list(ask.transitive)));
        }
        let incoming: Vec<(String, String)> = parent.tags().into_iter().filter(|(key, _)| parent.transitive.contains(key)).collect();
        if !incoming.is_empty() {
            let pairs: Vec<(&str, &str)> = incoming.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            request.push_str(&format!(",\"incomingTransitiveTags\":{}", map(&pairs)));
        }
        let source_identity = match ask.source_identity.or(parent.source_identity.as_deref()) {
            Some(value) => format!(",\"sourceIdentity\":{}", quoted(value)),
            None => String::new(),
        };
        if ask.source_identity.is_some() {
            request.push_str(&source_identity);
        }
        request.push('}');
        let answer = self.assumed(role, ask.name, key, at + 3600);
        Body {
            source: "sts.amazonaws.com",
            name: "AssumeRole",
            read_only: true,
            request,
            response: format!("{{{answer}{source_identity}}}"),
            resources: role_resource(role),
            ..Body::default()
        }
    }

    pub(super) fn role_session(&mut self, role: Role, name: &str, at: i64, actor: Actor, mut chain: Vec<Hop>, hop: Hop) -> Session {
        let key = self.random.session_key();
        chain.push(Hop { role_arn: Some(role.arn()), session_name: Some(name.to_owned()), access_key_id: Some(key.clone()), ..hop });
        let account_id = role.account_id.clone();
        let mut session = Session::new(Who::Role { role, name: name.to_owned() }, &account_id, &key, actor);
        session.created = at;
        session.chain = chain;
        session
    }

    /// The grade where an issuing event is lost and nothing but chosen values is left.
    fn unproven(&self, name: &str, source_identity: Option<&str>) -> Grade {
        let suggests = |value: &str| {
            value.contains('@')
                || value
                    .split(|letter: char| !letter.is_ascii_alphanumeric())
                    .any(|word| self.organisation.people.iter().any(|person| person.short() == word))
        };
        if suggests(name) || source_identity.is_some() { Grade::Claimed } else { Grade::Unknown }
    }

    /// `credentials` and `assumedRoleUser` of an answer, without its braces.
    pub(super) fn assumed(&mut self, role: &Role, name: &str, key: &str, expires: i64) -> String {
        format!(
            "{},\"assumedRoleUser\":{{\"assumedRoleId\":{},\"arn\":{}}}",
            self.credentials(key, expires),
            quoted(&format!("{}:{name}", role.id)),
            quoted(&format!("arn:aws:sts::{}:assumed-role/{}/{name}", role.account_id, role.name))
        )
    }

    pub(super) fn credentials(&mut self, key: &str, expires: i64) -> String {
        let comma = self.random.chance(330);
        format!(
            "\"credentials\":{{\"accessKeyId\":\"{key}\",\"sessionToken\":\"IQoJb3JpZ2luX2VjE{}{}{}\",\"expiration\":\"{}\"}}",
            self.random.alnum(40),
            self.canaries.token,
            self.random.alnum(120),
            wordy(expires, comma)
        )
    }
}

/// Whoever makes the call that opens a session, by a word of another's on who that is.
fn holder(actor: &Actor) -> Session {
    Session::new(Who::Service("signin.amazonaws.com"), "", "", actor.clone())
}

pub(crate) fn use_key(session: &mut Session, key: &str) {
    key.clone_into(&mut session.key);
    if let Some(hop) = session.chain.last_mut() {
        hop.access_key_id = Some(key.to_owned());
    }
}

pub(super) fn unlink(hop: &mut Hop) {
    hop.issued_by.clear();
    hop.related.clear();
    hop.link = None;
}

fn portal_body(name: &'static str, details: String) -> Body {
    Body { source: "sso.amazonaws.com", name, read_only: true, details, event_type: "AwsServiceEvent", ..Body::default() }
}

pub(crate) fn role_resource(role: &Role) -> String {
    format!("[{{\"accountId\":\"{}\",\"type\":\"AWS::IAM::Role\",\"ARN\":\"{}\"}}]", role.account_id, role.arn())
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn map(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn list(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(","))
}
