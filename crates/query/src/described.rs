//! A session whose start CloudTrail has not delivered yet, named by what Systems Manager says of it.

use crate::answer::{Claim, Gap, actor, chain};
use crate::sessions::Session;
use identity::{Certainty, by_owner};

/// A session in the words of `DescribeSessions`, asked in the account and region of its log group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionOwner {
    /// ARN of whom AWS names as the owner.
    pub owner: String,
    /// The instance.
    pub target: Option<String>,
}

impl Session {
    /// Where to ask for the owner of a session that is known by its log stream alone: the region; none where that would prove nothing.
    pub fn owner_region(&self) -> Option<&str> {
        let [log] = self.transcript.logs.as_slice() else { return None };
        let is_open = self.finding == Some("orphan") && self.start.is_none() && log.form == "log_stream";
        let region = log.object.strip_prefix("arn:")?.split(':').nth(2)?;
        (is_open && log.owner_account_id.is_some()).then_some(region).filter(|region| !region.is_empty())
    }

    /// As the owner has it. Still an orphan, so that the record of its start brings an update. None where the log speaks against it: it may then
    /// be another's, written under this session's id.
    pub fn owned_by(&self, said: &SessionOwner) -> Option<Self> {
        let log = self.transcript.logs.first()?;
        let parts = |arn: &str| {
            let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
            (account, arn.rsplit(['/', ':']).next().unwrap_or_default().to_owned())
        };
        let (account, name) = parts(&said.owner);
        let differs =
            |one: &Option<String>, other: &Option<String>| one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other);
        let is_others = log.owner_account_id.as_ref() != Some(&account)
            || differs(&log.target, &said.target)
            || log.user_arn.as_deref().is_some_and(|arn| parts(arn) != (account.clone(), name.clone()));
        if is_others {
            return None;
        }
        let resolution = by_owner(&said.owner, &self.session_id);
        let named = resolution.certainty >= Certainty::Probable;
        let claims = resolution.claims.iter().map(|claim| Claim { value: claim.value.clone(), source: claim.source });
        Some(Self {
            target: self.target.clone().or_else(|| said.target.clone()).or_else(|| log.target.clone()),
            certainty: resolution.certainty.word(),
            reason: resolution.reason.clone(),
            actor: actor(if named { &resolution.actor } else { &identity::Actor::Unknown }),
            chain: resolution.chain.iter().map(chain).collect(),
            claims: claims.chain(self.claims.clone()).collect(),
            gap: resolution.gap.as_ref().map(|gap| Gap { at: gap.at.clone(), why: gap.why.clone(), needs: gap.needs.clone() }),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session_log::LogFound;
    use crate::sessions::tests::orphan_of;

    const USER: &str = "arn:aws:iam::111122223333:user/sato";

    fn log() -> LogFound {
        LogFound {
            session_id: "sato-0a1b2c3d4e5f67890".to_owned(),
            object: "arn:aws:logs:eu-west-1:111122223333:log-group:/ssm:log-stream:sato-0a1b2c3d4e5f67890".to_owned(),
            form: "log_stream".to_owned(),
            owner_account_id: Some("111122223333".to_owned()),
            target: Some("i-1".to_owned()),
            user_arn: Some(USER.to_owned()),
            ..LogFound::default()
        }
    }

    #[test]
    fn only_what_nothing_in_the_log_contradicts_names_somebody() {
        let said = SessionOwner { owner: USER.to_owned(), target: Some("i-1".to_owned()) };
        let session = orphan_of(log());
        assert_eq!(session.owner_region(), Some("eu-west-1"));
        let named = session.owned_by(&said).expect("nothing speaks against it");
        assert_eq!((named.certainty, named.actor["id"].as_str(), named.finding), ("attested", Some(USER), Some("orphan")));
        assert_eq!((named.account_id, named.start), (None, None));
        for other in [
            SessionOwner { owner: "arn:aws:iam::444455556666:user/sato".to_owned(), ..said.clone() },
            SessionOwner { owner: "arn:aws:iam::111122223333:user/tanaka".to_owned(), ..said.clone() },
            SessionOwner { target: Some("i-2".to_owned()), ..said.clone() },
            SessionOwner::default(),
        ] {
            assert!(session.owned_by(&other).is_none(), "{other:?}");
        }
        let role = SessionOwner { owner: "arn:aws:sts::111122223333:assumed-role/R/sato".to_owned(), ..said };
        let silent = orphan_of(LogFound { user_arn: None, ..log() });
        let claimed = silent.owned_by(&role).expect("nothing speaks against it");
        assert_eq!((claimed.certainty, claimed.actor["id"].as_str(), claimed.claims[0].value.as_str()), ("claimed", None, "sato"));
    }

    #[test]
    fn a_log_of_which_the_account_is_not_known_is_not_asked_about() {
        assert_eq!(orphan_of(LogFound { owner_account_id: None, ..log() }).owner_region(), None);
        assert_eq!(orphan_of(LogFound { form: "terminal".to_owned(), ..log() }).owner_region(), None);
        let subscription = LogFound { form: "subscription".to_owned(), object: "s3://b/x".to_owned(), ..log() };
        assert_eq!(orphan_of(subscription).owner_region(), None);
    }
}
