//! Opens the sessions that no other account or provider has a part in: services, IAM users, the console.
//!
//! As [`crate::issue`]: who asks in; the issuing record and a [`Session`] with its truth out.

use crate::issue::{role_resource, unlink, use_key};
use crate::ledger::{Actor, Hop};
use crate::organisation::{HOME_REGION, IamUser, Role};
use crate::record::{Body, How};
use crate::scene::{By, Scene};
use crate::session::{Grade, Session, Who};
use crate::text::quoted;

impl Scene<'_> {
    /// An AWS service opens a session of a role for a machine of ours, or for itself.
    ///
    /// `written` says what AWS writes on later events all the same, so that a lost issuing event leaves `attested`.
    pub(crate) fn service_session(
        &mut self,
        service: &'static str,
        role: Role,
        name: &str,
        at: i64,
        actor: Actor,
        written: bool,
    ) -> Session {
        let (mark, lost) = (self.out.len(), self.loses());
        let key = self.random.session_key();
        // Older records of the same call have no assumedRoleUser.
        let brief = service == "ec2.amazonaws.com" && self.random.chance(500);
        let issued = self.service_issue(service, &role, name, at, &key, brief);
        let mut hop = Hop { kind: "role_session", issued_by: vec![issued], link: Some("access_key"), ..Hop::default() };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        }
        let mut session = self.role_session(role, name, at, actor, Vec::new(), hop);
        use_key(&mut session, &key);
        if lost {
            session.lose(if written { Grade::Attested } else { Grade::Unknown }, Some("AssumeRole"));
        }
        session
    }

    /// The record of a service's AssumeRole; `brief` leaves out `assumedRoleUser`.
    pub(crate) fn service_issue(&mut self, service: &str, role: &Role, name: &str, at: i64, key: &str, brief: bool) -> String {
        let mut answer = self.assumed(role, name, key, at + 21_600);
        if let (true, Some(cut)) = (brief, answer.find(",\"assumedRoleUser\"")) {
            answer.truncate(cut);
        }
        let body = Body {
            source: "sts.amazonaws.com",
            name: "AssumeRole",
            read_only: true,
            request: format!("{{\"roleArn\":\"{}\",\"roleSessionName\":{}}}", role.arn(), quoted(name)),
            response: format!("{{{answer}}}"),
            resources: role_resource(role),
            ..Body::default()
        };
        let identity = format!("{{\"type\":\"AWSService\",\"invokedBy\":\"{service}\"}}");
        let shared = self.random.uuid();
        self.record(&By::nobody(&identity), at, &role.account_id, &body, &How::service(service), Some(&shared), None)
    }

    /// GetSessionToken with MFA. Lost, the events name the user all the same.
    pub(crate) fn session_token(&mut self, user: &IamUser, at: i64, how: &How) -> Session {
        let long_lived = Session::iam_user(user.clone());
        let key = self.random.session_key();
        let body = Body {
            source: "sts.amazonaws.com",
            name: "GetSessionToken",
            read_only: true,
            request: format!("{{\"durationSeconds\":43200,\"serialNumber\":\"arn:aws:iam::{}:mfa/{}\"}}", user.account_id, user.name),
            response: format!("{{{}}}", self.credentials(&key, at + 43_200)),
            ..Body::default()
        };
        let (mark, lost) = (self.out.len(), self.loses());
        let issued = self.call(&long_lived, at, &body, how);
        let mut hop = Hop { kind: "session_token", issued_by: vec![issued], link: Some("access_key"), ..Hop::default() };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        }
        let mut session = Session { created: at, mfa: true, chain: vec![hop], ..long_lived };
        use_key(&mut session, &key);
        session
    }

    /// GetFederationToken. Lost, the session issuer on later events is still the user: AWS wrote it.
    pub(crate) fn federation_token(&mut self, user: &IamUser, name: &str, at: i64, how: &How) -> Session {
        let long_lived = Session::iam_user(user.clone());
        let (key, account) = (self.random.session_key(), &user.account_id);
        let body = Body {
            source: "sts.amazonaws.com",
            name: "GetFederationToken",
            request: format!(
                "{{\"name\":\"{name}\",\"policy\":\"{{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}}]}}\"}}"
            ),
            response: format!(
                "{{{},\"federatedUser\":{{\"federatedUserId\":\"{account}:{name}\",\"arn\":\"arn:aws:sts::{account}:federated-user/{name}\"}},\"packedPolicySize\":4}}",
                self.credentials(&key, at + 43_200)
            ),
            ..Body::default()
        };
        let (mark, lost) = (self.out.len(), self.loses());
        let issued = self.call(&long_lived, at, &body, how);
        let mut hop = Hop {
            kind: "federated_user",
            session_name: Some(name.to_owned()),
            issued_by: vec![issued],
            link: Some("access_key"),
            ..Hop::default()
        };
        if lost {
            self.lose_since(mark);
            unlink(&mut hop);
        }
        let who = Who::Federated { name: name.to_owned(), issuer: user.clone() };
        let mut session = Session { who, created: at, chain: vec![hop], ..long_lived };
        use_key(&mut session, &key);
        session.grade = if lost { Grade::Attested } else { Grade::Proven };
        session
    }

    /// ConsoleLogin of an IAM user or root. Kept: a root session whose sign-in is lost cannot be told from
    /// AssumeRoot's.
    pub(crate) fn console_login(&mut self, caller: Session, at: i64, ip: &str) -> Session {
        let signing_in = Session { key: String::new(), created: 0, mfa: true, ..caller };
        let body = Body {
            source: "signin.amazonaws.com",
            name: "ConsoleLogin",
            response: "{\"ConsoleLogin\":\"Success\"}".to_owned(),
            additional: format!(
                "{{\"LoginTo\":\"https://{HOME_REGION}.console.aws.amazon.com/console/home?region={HOME_REGION}\",\"MobileVersion\":\"No\",\"MFAIdentifier\":\"arn:aws:iam::{}:mfa/phone\",\"MFAUsed\":\"Yes\"}}",
                signing_in.account_id
            ),
            event_type: "AwsConsoleSignIn",
            ..Body::default()
        };
        let how = How { region: "us-east-1", ..How::browser(ip) };
        let issued = self.call(&signing_in, at, &body, &how);
        let hop = Hop { kind: "console_session", issued_by: vec![issued], link: Some("sign_in"), ..Hop::default() };
        let mut session = Session { created: at, mfa: true, chain: vec![hop], ..signing_in };
        let key = self.random.session_key();
        use_key(&mut session, &key);
        session
    }
}
