//! The background: a company at work, as a trail shows it. Mostly reads, services and machines.
//!
//! Sessions open, live for hours and end; their truth is kept as in the stories, and a sample of their changes goes
//! into the ledger. Never touches a thing that a story asks about.

use crate::changes::{self, read};
use crate::issue::{Assume, GITHUB, WebToken};
use crate::noise_calls::{quiet_write, reading, writing};
use crate::organisation::{HOME_REGION, REGIONS, Role};
use crate::random::Random;
use crate::record::{Body, How};
use crate::scene::{By, Scene};
use crate::session::Session;
use crate::stories::machines::{function_session, github_actor, instance_sessions};

const ACTS_MAX: usize = 2000;
const QUESTIONS_MAX: usize = 200;
const AGENTS: [&str; 5] = [
    "aws-cli/2.31.18 md/awscrt#0.28.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.9 md/pyimpl#CPython exec-env/CloudShell",
    "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.1.156 md/arch#x86_64 lang/python#3.12.12 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.40.61",
    "aws-sdk-go-v2/1.39.4 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.257.2 m/E,g",
    "aws-sdk-java/2.35.10 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.8 md/OpenJDK_64-Bit_Server_VM#21.0.8+9-LTS",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/6.18.0 aws-sdk-go-v2/1.39.4 ua/2.1 os/linux",
];

/// Who works, and through what.
#[derive(Clone, Debug)]
enum Worker {
    Person {
        index: usize,
        set: &'static str,
        account: String,
    },
    /// The same with a second hop.
    Deployer {
        index: usize,
        from: String,
        role: Role,
    },
    Instance {
        account: String,
        id: String,
    },
    Function {
        account: String,
        name: String,
    },
    Pipeline {
        account: String,
        branch: String,
    },
    User {
        account: String,
        name: String,
    },
}

struct Desk {
    worker: Worker,
    ip: String,
    agent: &'static str,
    sessions: Vec<Session>,
    expires: i64,
}

pub(crate) struct Background<'s, 'a> {
    pub(crate) scene: &'s mut Scene<'a>,
    desks: Vec<Desk>,
    /// Records made so far.
    made: usize,
    /// A change is sampled into the ledger once in so many.
    sample_one_in: u64,
    asked: usize,
}

impl<'s, 'a> Background<'s, 'a> {
    /// `wanted` records in all, over `days`.
    pub(crate) fn new(scene: &'s mut Scene<'a>, wanted: usize, days: u32) -> Self {
        // Sessions end with time, not with use: too many desks for the records, and most records would open one.
        let count = (wanted / 150 / days.max(1) as usize).clamp(6, 400);
        let desks = (0..count).map(|_| desk(scene)).collect();
        // About a fifth of the background are changes that can be sampled.
        let sample_one_in = (wanted / 5 / ACTS_MAX).max(1) as u64;
        Self { scene, desks, made: 0, sample_one_in, asked: 0 }
    }

    /// Makes records of `start..end` until `due` are made in all.
    pub(crate) fn fill(&mut self, start: i64, end: i64, due: usize) {
        while self.made < due {
            let before = self.scene.out.len();
            let at = self.scene.random.between(start, (end - 1).max(start));
            match self.scene.random.below(100) {
                0..20 => self.service_event(at),
                20..70 => self.desk_call(at, false),
                _ => self.desk_call(at, true),
            }
            self.made += self.scene.out.len() - before;
        }
    }

    /// The newest record of the run.
    pub(crate) fn last(&mut self, until: i64) {
        let account = self.scene.organisation.account("audit").to_owned();
        let config = Session::service("config.amazonaws.com", &account);
        let body = read("s3.amazonaws.com", "ListBuckets", String::new());
        self.scene.call(&config, until, &body, &How::service("config.amazonaws.com"));
    }

    fn desk_call(&mut self, at: i64, change: bool) {
        let index = self.scene.random.index(self.desks.len());
        let desk = &mut self.desks[index];
        if at >= desk.expires {
            // A session opened now could not be used before the end.
            if at + 10 > self.scene.until {
                return self.service_event(at);
            }
            open(self.scene, desk, at);
        }
        let desk = &self.desks[index];
        let session = &desk.sessions[self.scene.random.index(desk.sessions.len())];
        let at = at.max(session.created + 1);
        let how = How::with(&desk.ip, desk.agent);
        if !change {
            let body = reading(&mut self.scene.random, &session.account_id);
            let region = if self.scene.random.chance(40) { REGIONS[2] } else { HOME_REGION };
            self.scene.call(session, at, &body, &How { region, ..how });
            return;
        }
        if let Worker::Instance { id, .. } = &desk.worker
            && self.scene.random.chance(300)
        {
            let body = quiet_write(&mut self.scene.random, id);
            self.scene.call(session, at, &body, &how);
            return;
        }
        if self.scene.random.chance(30) {
            let refused =
                how.denied("AccessDenied", "User is not authorized to perform this action because no identity-based policy allows it");
            let (body, _) = writing(&mut self.scene.random, &self.scene.canaries, &session.account_id, at);
            self.scene.call(session, at, &body, &refused);
            return;
        }
        let (body, fresh) = writing(&mut self.scene.random, &self.scene.canaries, &session.account_id, at);
        let sampled = self.scene.acts.len() < ACTS_MAX && self.scene.random.below(self.sample_one_in) == 0;
        if !sampled || body.things.is_empty() {
            self.scene.call(session, at, &body, &how);
            return;
        }
        self.scene.act(session, at, &body, &how);
        // What was there before may be changed again by a call that is not sampled.
        if fresh && self.asked < QUESTIONS_MAX && self.scene.random.chance(100) {
            self.asked += 1;
            self.scene.ask(&body.things[0], "Who made this?");
        }
    }

    /// AWS at work by itself.
    fn service_event(&mut self, at: i64) {
        let scene = &mut *self.scene;
        let organisation = scene.organisation;
        let account = organisation.accounts[scene.random.index(organisation.accounts.len())].id.clone();
        match scene.random.below(10) {
            0..4 => {
                let (host, name) = [
                    ("config.amazonaws.com", "configLambdaExecution"),
                    ("trustedadvisor.amazonaws.com", "TrustedAdvisor"),
                    ("spotfleet.amazonaws.com", "fleet"),
                    ("access-analyzer.amazonaws.com", "access-analyzer"),
                ][scene.random.index(4)];
                let role = organisation.role(&account, &format!("/aws-service-role/{host}/"), "AWSServiceRoleForBackground");
                let key = scene.random.session_key();
                scene.service_issue(host, &role, name, at, &key, false);
            }
            4..8 => {
                let bucket = format!("example-trail-{}", &account[..4]);
                let host = scene.random.pick(&["cloudtrail.amazonaws.com", "delivery.logs.amazonaws.com"]);
                let mut body = read(
                    "s3.amazonaws.com",
                    "GetBucketAcl",
                    format!("{{\"bucketName\":\"{bucket}\",\"Host\":\"{bucket}.s3.{HOME_REGION}.amazonaws.com\",\"acl\":\"\"}}"),
                );
                body.resources =
                    format!("[{{\"accountId\":\"{account}\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{bucket}\"}}]");
                body.additional = format!(
                    "{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"{}=\",\"bytesTransferredOut\":549}}",
                    scene.random.alnum(75)
                );
                shared_service_call(scene, host, &account, at, &body);
            }
            8 => {
                let key = format!("arn:aws:kms:{HOME_REGION}:{account}:key/{}", Random::new(organisation.seed, &account).uuid());
                let mut body = read(
                    "kms.amazonaws.com",
                    "Decrypt",
                    format!(
                        "{{\"encryptionContext\":{{\"aws:s3:arn\":\"arn:aws:s3:::example-trail/{}\"}},\"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}}",
                        scene.random.hex(20)
                    ),
                );
                body.resources = format!("[{{\"accountId\":\"{account}\",\"type\":\"AWS::KMS::Key\",\"ARN\":\"{key}\"}}]");
                shared_service_call(scene, "cloudfront.amazonaws.com", &account, at, &body);
            }
            _ => {
                let body = Body {
                    source: "ecr.amazonaws.com",
                    name: "PolicyExecutionEvent",
                    read_only: true,
                    details: format!("{{\"repositoryName\":\"app-{}\"}}", scene.random.below(40)),
                    event_type: "AwsServiceEvent",
                    ..Body::default()
                };
                let identity = format!("{{\"accountId\":\"{account}\",\"invokedBy\":\"AWS Internal\"}}");
                scene.record(&By::nobody(&identity), at, &account, &body, &How::service("AWS Internal"), None, None);
            }
        }
    }
}

fn shared_service_call(scene: &mut Scene, host: &str, account: &str, at: i64, body: &Body) {
    let identity = format!("{{\"type\":\"AWSService\",\"invokedBy\":\"{host}\"}}");
    let shared = scene.random.uuid();
    scene.record(&By::nobody(&identity), at, account, body, &How::service(host), Some(&shared), None);
}

/// Somebody or something at work, in one of the accounts.
fn desk(scene: &mut Scene) -> Desk {
    let organisation = scene.organisation;
    let account = scene.random.pick(&["shop-prod", "shop-prod", "shop-stg", "data-prod", "network", "tools", "training", "audit"]);
    let account = organisation.account(account).to_owned();
    let index = scene.random.index(organisation.people.len());
    let worker = match scene.random.below(20) {
        0..6 => Worker::Person { index, set: scene.random.pick(&["PowerUserAccess", "ReadOnlyAccess", "Operations"]), account },
        6..9 => Worker::Deployer {
            index,
            from: organisation.account("tools").to_owned(),
            role: organisation.role(&account, "/deploy/", "TerraformPlan"),
        },
        9..13 => Worker::Instance { account, id: changes::id(&mut scene.random, "i") },
        13..16 => Worker::Function { account, name: format!("job-{}", scene.random.hex(6)) },
        16..19 => Worker::Pipeline { account, branch: format!("release/{}", scene.random.below(90)) },
        _ => Worker::User { account, name: format!("batch-{}", scene.random.hex(4)) },
    };
    let agent = AGENTS[scene.random.index(AGENTS.len())];
    Desk { worker, ip: scene.random.address(), agent, sessions: Vec::new(), expires: i64::MIN }
}

/// Opens the desk's session anew.
fn open(scene: &mut Scene, desk: &mut Desk, at: i64) {
    let organisation = scene.organisation;
    let (sessions, hours) = match &desk.worker {
        Worker::Person { index, set, account } => {
            let who = &organisation.people[*index];
            if scene.random.chance(300) {
                scene.portal_sign_in(who, at - 30, &desk.ip);
            }
            (vec![scene.sso_session(who, set, account, at, &[("team", &who.team)])], 8)
        }
        Worker::Deployer { index, from, role } => {
            let who = &organisation.people[*index];
            let own = scene.sso_session(who, "PowerUserAccess", from, at, &[]);
            let name = format!("{}-{}", who.short(), scene.random.hex(4));
            let how = How::with(&desk.ip, desk.agent);
            let ask = Assume { name: &name, tags: &[("change", "daily")], transitive: &["change"], ..Assume::default() };
            (vec![scene.assume_role(&own, role.clone(), at + 5, &how, &ask)], 1)
        }
        Worker::Instance { account, id } => (instance_sessions(scene, account, "app-instance", id, at), 6),
        Worker::Function { account, name } => (vec![function_session(scene, account, name, at)], 6),
        Worker::Pipeline { account, branch } => {
            let git_ref = format!("refs/heads/{branch}");
            let subject = format!("repo:example-co/shop:ref:{git_ref}");
            let actor = github_actor(account, &subject, Some(&git_ref), None);
            let token = WebToken { issuer: GITHUB, audience: "sts.amazonaws.com", subject: &subject, actor };
            let role = organisation.role(account, "/ci/", "GitHubBuild");
            let name = format!("run-{}", scene.random.below(u64::from(u32::MAX)));
            (vec![scene.web_session(token, role, &name, at)], 1)
        }
        Worker::User { account, name } => (vec![Session::iam_user(organisation.iam_user(account, name))], 24 * 365),
    };
    desk.sessions = sessions;
    desk.expires = at + hours * 3600;
}
