//! Who a credential session comes down to.

/// A variant for each `actor.kind` of the contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A person of an Identity Center directory.
    SsoUser {
        /// The user name, where an event showed it.
        user_name: Option<String>,
        /// The user id in the identity store: names change, this does not.
        user_id: Option<String>,
        /// The identity store that gave out the id: ids are unique in one store only.
        identity_store_arn: Option<String>,
        /// The account in which the person's role session began.
        account_id: Option<String>,
    },
    /// An IAM user's ARN.
    IamUser(String),
    /// A root user's ARN.
    RootUser(String),
    /// A user of a directory that AWS manages or connects to.
    DirectoryUser {
        /// ARN of the user.
        arn: String,
        /// The user's name in the directory.
        user_name: Option<String>,
    },
    /// Whom a SAML provider vouched for, and its ARN.
    SamlUser {
        /// The assertion's subject.
        subject: String,
        /// ARN of the provider.
        provider: String,
    },
    /// Whom an OIDC issuer that is no known CI vouched for.
    OidcUser {
        /// The token's subject.
        subject: String,
        /// The issuer, without scheme.
        issuer: String,
        /// Account of the provider.
        account_id: Option<String>,
    },
    /// A run of a known CI.
    Pipeline(Pipeline),
    /// An instance, function, task or Kubernetes service account.
    Workload {
        /// Its ARN, or the OIDC subject.
        id: String,
        /// The OIDC issuer, for a service account.
        issuer: Option<String>,
        /// The account it runs in.
        account_id: Option<String>,
    },
    /// A service acting for itself: its principal.
    AwsService(String),
    /// A principal outside the organisation's logs.
    ExternalAccount(String),
    /// The walk stopped; the gap says where.
    Unknown,
}

/// A run of a pipeline, by the subject of its token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pipeline {
    /// The token's subject, as the issuer wrote it.
    pub subject: String,
    /// The issuer, without scheme.
    pub issuer: String,
    /// Account of the provider that trusts it.
    pub account_id: Option<String>,
    /// Parts of the subject by name: `repository`, `ref`, `environment`, `project`, `user`, `workspace`, …
    pub parts: Vec<(&'static str, String)>,
}

impl Actor {
    /// `actor.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SsoUser { .. } => "sso_user",
            Self::IamUser(_) => "iam_user",
            Self::RootUser(_) => "root_user",
            Self::DirectoryUser { .. } => "directory_user",
            Self::SamlUser { .. } => "saml_user",
            Self::OidcUser { .. } => "oidc_user",
            Self::Pipeline(_) => "pipeline",
            Self::Workload { .. } => "workload",
            Self::AwsService(_) => "aws_service",
            Self::ExternalAccount(_) => "external_account",
            Self::Unknown => "unknown",
        }
    }

    /// `actor.id`; `None` for the unknown one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::SsoUser { user_name, user_id, .. } => user_name.as_deref().or(user_id.as_deref()),
            Self::IamUser(id) | Self::RootUser(id) | Self::AwsService(id) | Self::ExternalAccount(id) | Self::Workload { id, .. } => {
                Some(id)
            }
            Self::DirectoryUser { arn, .. } => Some(arn),
            Self::SamlUser { subject, .. } | Self::OidcUser { subject, .. } => Some(subject),
            Self::Pipeline(pipeline) => Some(&pipeline.subject),
            Self::Unknown => None,
        }
    }

    /// Whether both are one person or machine, however much of it the records behind each showed.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::SsoUser { user_id: Some(one), identity_store_arn: store, .. },
                Self::SsoUser { user_id: Some(two), identity_store_arn: other_store, .. },
            ) => one == two && (store.is_none() || other_store.is_none() || store == other_store),
            (Self::SsoUser { user_name: one, .. }, Self::SsoUser { user_name: two, .. }) => one.is_some() && one == two,
            _ => self == other,
        }
    }

    /// `actor.account_id`: where the identity lives.
    pub fn account_id(&self) -> Option<&str> {
        let of_arn = |arn: &'_ str| -> Option<(usize, usize)> {
            let start = arn.match_indices(':').nth(3)?.0 + 1;
            let end = start + arn.get(start..)?.find(':')?;
            (end > start).then_some((start, end))
        };
        match self {
            Self::SsoUser { account_id, .. } | Self::OidcUser { account_id, .. } | Self::Workload { account_id, .. } => {
                account_id.as_deref()
            }
            Self::Pipeline(pipeline) => pipeline.account_id.as_deref(),
            Self::IamUser(arn) | Self::RootUser(arn) | Self::SamlUser { provider: arn, .. } | Self::DirectoryUser { arn, .. } => {
                of_arn(arn).and_then(|(start, end)| arn.get(start..end))
            }
            Self::ExternalAccount(id) => Some(id),
            Self::AwsService(_) | Self::Unknown => None,
        }
    }

    /// `actor.provider`.
    pub fn provider(&self) -> Option<&str> {
        match self {
            Self::SamlUser { provider, .. } => Some(provider),
            Self::OidcUser { issuer, .. } => Some(issuer),
            Self::Pipeline(pipeline) => Some(&pipeline.issuer),
            Self::Workload { issuer, .. } => issuer.as_deref(),
            _ => None,
        }
    }

    /// Who an OIDC provider vouched for: a pipeline only where the issuer is exactly that of a known CI, a Kubernetes service account
    /// only where it is an EKS cluster's, else itself.
    pub fn of_web_identity(provider: &str, subject: &str) -> Self {
        let account_id = provider.split(':').nth(4).filter(|part| provider.starts_with("arn:") && !part.is_empty()).map(str::to_owned);
        let issuer = provider.split_once(":oidc-provider/").map_or(provider, |(_, issuer)| issuer);
        let issuer = issuer.strip_prefix("https://").unwrap_or(issuer).to_owned();
        let (host, path) = issuer.split_once('/').unwrap_or((&issuer, ""));
        let pipeline =
            |parts| Self::Pipeline(Pipeline { subject: subject.to_owned(), issuer: issuer.clone(), account_id: account_id.clone(), parts });
        match host {
            // An enterprise may have an issuer of its own below the host (GitHub Docs, OpenID Connect reference).
            "token.actions.githubusercontent.com" if !path.contains('/') => pipeline(github(subject)),
            // Whoever has a project can serve files below this host: the bare host alone is GitLab's.
            "gitlab.com" if path.is_empty() => pipeline(keyed(
                subject,
                &[("project_path", "project"), ("ref_type", "ref_type"), ("ref", "ref"), ("environment", "environment")],
            )),
            "oidc.circleci.com" if path.starts_with("org/") => pipeline(slashed(subject)),
            "app.terraform.io" if path.is_empty() => pipeline(keyed(
                subject,
                &[("organization", "organization"), ("project", "project"), ("workspace", "workspace"), ("run_phase", "run_phase")],
            )),
            "agent.buildkite.com" if path.is_empty() => pipeline(Vec::new()),
            "vstoken.dev.azure.com" if !path.is_empty() && !path.contains('/') => pipeline(Vec::new()),
            _ if subject.starts_with("system:serviceaccount:") && is_eks(host, &issuer) => {
                Self::Workload { id: subject.to_owned(), issuer: Some(issuer.clone()), account_id: account_id.clone() }
            }
            _ => Self::OidcUser { subject: subject.to_owned(), issuer, account_id },
        }
    }
}

fn is_eks(host: &str, issuer: &str) -> bool {
    let region = host
        .strip_prefix("oidc.eks.")
        .and_then(|rest| rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn")));
    region.is_some_and(|region| !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        && issuer.contains("/id/")
}

/// GitHub's subject: `repo:O/R:…`, also with ids as `repo:O@1/R@2:…`, or any claims as `key:value` runs (GitHub Docs, OpenID
/// Connect reference). An environment's name may hold colons, so what follows `environment:` is all of it.
fn github(subject: &str) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    let Some((repository, rest)) = subject.strip_prefix("repo:").and_then(|rest| rest.split_once(':')) else {
        return keyed(
            subject,
            &[
                ("repository", "repository"),
                ("repo", "repository"),
                ("repository_owner", "owner"),
                ("repository_id", "repository_id"),
                ("repository_owner_id", "repository_owner_id"),
                ("ref", "ref"),
                ("environment", "environment"),
                ("job_workflow_ref", "workflow"),
                ("context", "context"),
            ],
        );
    };
    let ids: Vec<&str> = repository.split('/').filter_map(|part| part.split_once('@')).map(|(_, id)| id).collect();
    let plain: Vec<&str> = repository.split('/').map(|part| part.split_once('@').map_or(part, |(name, _)| name)).collect();
    parts.push(("repository", plain.join("/")));
    if let [owner, repository] = ids.as_slice() {
        parts.push(("repository_owner_id", (*owner).to_owned()));
        parts.push(("repository_id", (*repository).to_owned()));
    }
    if let Some(name) = rest.strip_prefix("ref:") {
        parts.push(("ref", name.to_owned()));
    } else if let Some(name) = rest.strip_prefix("environment:") {
        parts.push(("environment", name.to_owned()));
    } else if rest == "pull_request" {
        parts.push(("event", rest.to_owned()));
    }
    parts
}

/// `key:value` runs: a value ends where the next known key begins. A key that stands twice says nothing: one of the two is part of a
/// value, which somebody who may write to the repository chose.
fn keyed(subject: &str, keys: &[(&'static str, &'static str)]) -> Vec<(&'static str, String)> {
    let mut starts: Vec<(usize, usize, &'static str)> = keys
        .iter()
        .filter_map(|(key, name)| {
            let marker = format!("{key}:");
            let (first, later) = (subject.starts_with(&marker).then_some(0), format!(":{marker}"));
            let mut places = first.into_iter().chain(subject.match_indices(&later).map(|(at, _)| at + 1));
            let at = places.next().filter(|_| places.next().is_none())?;
            Some((at, at + marker.len(), *name))
        })
        .collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|start| start.0 - 1).chain([subject.len()]).collect::<Vec<_>>();
    starts.iter().zip(ends).filter_map(|(&(_, start, name), end)| Some((name, subject.get(start..end)?.to_owned()))).collect()
}

/// CircleCI: `org/<id>/project/<id>/user/<id>`, then what a branch may be called (CircleCI docs, OpenID Connect tokens).
fn slashed(subject: &str) -> Vec<(&'static str, String)> {
    let words: Vec<&str> = subject.split('/').collect();
    words
        .as_chunks::<2>()
        .0
        .iter()
        .take(3)
        .filter_map(|[key, value]| {
            let name = match *key {
                "org" => "organization",
                "project" => "project",
                "user" => "user",
                _ => return None,
            };
            Some((name, (*value).to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(issuer: &str, subject: &str, kind: &str, expected: &[(&str, &str)]) {
        let actor = Actor::of_web_identity(&format!("arn:aws:iam::111122223333:oidc-provider/{issuer}"), subject);
        assert_eq!(actor.kind(), kind, "{issuer} {subject}");
        assert_eq!(actor.account_id(), Some("111122223333"));
        assert_eq!(actor.provider(), Some(issuer));
        if let Actor::Pipeline(pipeline) = actor {
            let parts: Vec<(&str, &str)> = pipeline.parts.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(parts, expected, "{subject}");
        }
    }

    #[test]
    fn subjects_of_known_pipelines_are_taken_apart() {
        let github = "token.actions.githubusercontent.com";
        check(github, "repo:acme/shop:ref:refs/heads/main", "pipeline", &[("repository", "acme/shop"), ("ref", "refs/heads/main")]);
        check(
            github,
            "repo:acme/shop:environment:x:ref:refs/heads/main",
            "pipeline",
            &[("repository", "acme/shop"), ("environment", "x:ref:refs/heads/main")],
        );
        check(github, "repo:acme/shop:pull_request", "pipeline", &[("repository", "acme/shop"), ("event", "pull_request")]);
        check(
            github,
            "repo:acme@12/shop@34:environment:prod",
            "pipeline",
            &[("repository", "acme/shop"), ("repository_owner_id", "12"), ("repository_id", "34"), ("environment", "prod")],
        );
        check(
            "gitlab.com",
            "project_path:g/p:ref_type:branch:ref:main",
            "pipeline",
            &[("project", "g/p"), ("ref_type", "branch"), ("ref", "main")],
        );
        check(
            github,
            "repository_owner:acme:job_workflow_ref:acme/shop/.github/workflows/release.yml@refs/heads/main",
            "pipeline",
            &[("owner", "acme"), ("workflow", "acme/shop/.github/workflows/release.yml@refs/heads/main")],
        );
        check(
            github,
            "repository_id:34:environment:prod:ref:refs/heads/main",
            "pipeline",
            &[("repository_id", "34"), ("environment", "prod"), ("ref", "refs/heads/main")],
        );
        // A template of nothing that is known says nothing but itself.
        check(github, "actor_id:7", "pipeline", &[]);
        check("oidc.circleci.com/org/1", "org/1/project/2/user/3", "pipeline", &[("organization", "1"), ("project", "2"), ("user", "3")]);
        check(
            "app.terraform.io",
            "organization:O:project:P:workspace:W:run_phase:apply",
            "pipeline",
            &[("organization", "O"), ("project", "P"), ("workspace", "W"), ("run_phase", "apply")],
        );
        check("agent.buildkite.com", "organization:acme:pipeline:shop:ref:refs/heads/main", "pipeline", &[]);
        check("vstoken.dev.azure.com/0f1e2d3c", "sc://acme/shop/deploy", "pipeline", &[]);
    }

    #[test]
    fn what_a_writer_to_a_repository_may_choose_names_no_other_repository() {
        let github = "token.actions.githubusercontent.com";
        // The name of an environment or a workflow, or a branch, that reads like the rest of a subject.
        check(
            github,
            "repo:evil/own:environment:x:repository:acme/shop",
            "pipeline",
            &[("repository", "evil/own"), ("environment", "x:repository:acme/shop")],
        );
        check(
            github,
            "environment:x:repository:acme/shop:repository:evil/own",
            "pipeline",
            &[("environment", "x:repository:acme/shop:repository:evil/own")],
        );
        check(
            "gitlab.com",
            "project_path:evil/own:environment:x:project_path:acme/shop",
            "pipeline",
            &[("environment", "x:project_path:acme/shop")],
        );
        check(
            "oidc.circleci.com/org/1",
            "org/1/project/2/user/3/vcs-ref/refs/heads/x/user/4/project/5",
            "pipeline",
            &[("organization", "1"), ("project", "2"), ("user", "3")],
        );
    }

    #[test]
    fn ids_tell_users_apart_and_names_where_an_id_is_missing() {
        let user = |name: Option<&str>, id: Option<&str>, store: Option<&str>| Actor::SsoUser {
            user_name: name.map(str::to_owned),
            user_id: id.map(str::to_owned),
            identity_store_arn: store.map(str::to_owned),
            account_id: None,
        };
        let sato = user(Some("sato"), Some("u-1"), Some("d-1"));
        for (other, same) in [
            (user(Some("renamed"), Some("u-1"), Some("d-1")), true),
            (user(Some("sato"), Some("u-1"), None), true),
            (user(Some("sato"), Some("u-1"), Some("d-2")), false),
            (user(Some("sato"), Some("u-2"), Some("d-1")), false),
            (user(Some("sato"), None, None), true),
            (user(Some("suzuki"), None, None), false),
            (user(None, None, None), false),
            (Actor::IamUser("sato".into()), false),
        ] {
            assert_eq!((sato.is_same(&other), other.is_same(&sato)), (same, same), "{other:?}");
        }
        assert!(!user(None, None, None).is_same(&user(None, None, None)), "two of whom nothing is known");
    }

    #[test]
    fn issuer_that_only_looks_like_a_pipeline_is_itself() {
        for issuer in [
            "token.actions.githubusercontent.com.evil.example",
            "token-actions.githubusercontent.com",
            "evil.example/token.actions.githubusercontent.com",
            "token.actions.githubusercontent.com/evil/x",
            "gitlab.com.example",
            "gitlab.com/evil/project/-/raw/main",
            "app.terraform.io/evil",
            "oidc.circleci.com",
            "agent.buildkite.com/evil",
            "vstoken.dev.azure.com",
            "vstoken.dev.azure.com/0f1e2d3c/evil",
            "oidc.eks.example.com/id/AB",
            "oidc.eks.x.evil.example.amazonaws.com/id/AB",
        ] {
            check(issuer, "repo:acme/shop:ref:refs/heads/main", "oidc_user", &[]);
            check(issuer, "system:serviceaccount:ns:sa", "oidc_user", &[]);
        }
        check("oidc.eks.ap-northeast-1.amazonaws.com/id/AB12", "system:serviceaccount:ns:sa", "workload", &[]);
    }
}
