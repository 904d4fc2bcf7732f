//! What a walk to the root of a chain comes back with.

use crate::actor::Actor;

/// One scale for every answer; the words and their rules are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The chain ends: where and why is in the gap.
    Unknown,
    /// Rests on a value that the caller could choose.
    Claimed,
    /// Several candidates, none chosen.
    Ambiguous,
    /// One candidate, from evidence other than credentials.
    Probable,
    /// AWS wrote the actor into the record, but an issuing event is missing.
    Attested,
    /// Every hop is joined by values that AWS wrote and that name one session only.
    Proven,
}

impl Certainty {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Claimed => "claimed",
            Self::Ambiguous => "ambiguous",
            Self::Probable => "probable",
            Self::Attested => "attested",
            Self::Proven => "proven",
        }
    }

    /// The certainty that a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Unknown, Self::Claimed, Self::Ambiguous, Self::Probable, Self::Attested, Self::Proven]
            .into_iter()
            .find(|certainty| certainty.word() == word)
    }
}

/// The value, written by AWS, that joins a session to the event that issued it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// The issued access key id is the one used.
    AccessKey,
    /// The issued role id and time are the session's principal id and creation date.
    AssumedRoleId,
    /// The console's own record of a role switch.
    SwitchRole,
    /// The sign-in session behind both.
    SignInSession,
    /// A console sign-in of that principal in the second in which the session began.
    SignIn,
    /// Identity Center's own record of giving out that role's credentials in that second.
    GetRoleCredentials,
}

impl Link {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessKey => "access_key",
            Self::AssumedRoleId => "assumed_role_id",
            Self::SwitchRole => "switch_role",
            Self::SignInSession => "sign_in_session",
            Self::SignIn => "sign_in",
            Self::GetRoleCredentials => "get_role_credentials",
        }
    }
}

/// The event that issued a session, every recorded copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedBy {
    /// `eventID` of every copy.
    pub event_ids: Vec<String>,
    /// `eventName`.
    pub event_name: String,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// What joins it.
    pub link: Link,
}

/// A credential session on the way from the actor to the call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credential {
    /// `role_session`, `session_token`, `federated_user`, `console_session`, `oauth_session` or `root_session`.
    pub kind: &'static str,
    /// The session's own stable id.
    pub credential_id: String,
    /// The role, with its path.
    pub role_arn: Option<String>,
    /// The session's name, which for most roles the caller chose.
    pub session_name: Option<String>,
    /// The key that was used.
    pub access_key_id: Option<String>,
    /// The source identity in force.
    pub source_identity: Option<String>,
    /// The tags in force, inherited ones included, by key.
    pub session_tags: Vec<(String, String)>,
    /// Keys of the tags that go on to sessions opened from this one.
    pub transitive_tag_keys: Vec<String>,
    /// Keys of the tags that an identity provider asserted; callers set the others.
    pub asserted_tag_keys: Vec<String>,
    /// `mfaAuthenticated`.
    pub mfa: Option<bool>,
    /// The event that issued it, where it is known.
    pub issued_by: Option<IssuedBy>,
}

/// A value that a caller could choose; it never becomes an actor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// What was claimed.
    pub value: String,
    /// `role_session_name`, `source_identity`, `session_tag` or `user_agent`.
    pub source: &'static str,
}

/// What acted for the actor, in the actor's own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `agent`, `application` or `delegate`.
    pub kind: &'static str,
    /// The agent's address, the application's ARN, or the account of the product provider.
    pub id: String,
    /// Who asked for the user's token, where that is known: the machine that the application runs on.
    pub actor: Option<Actor>,
    /// The events that say so.
    pub evidence: Vec<String>,
}

impl std::fmt::Display for Via {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.id)?;
        match self.actor.as_ref().and_then(Actor::id).filter(|id| *id != self.id) {
            Some(actor) => write!(f, " ({actor})"),
            None => Ok(()),
        }
    }
}

/// One of several that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who it would be.
    pub actor: Actor,
    /// Why it fits.
    pub why: String,
    /// The events that say so.
    pub evidence: Vec<String>,
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The session, or the account, at which the walk stopped.
    pub at: String,
    /// Why.
    pub why: String,
    /// The log that would close it.
    pub needs: String,
}

/// Who made a call, how surely, and through which sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The person, pipeline or machine; [`Actor::Unknown`] where certainty is below probable.
    pub actor: Actor,
    /// How surely.
    pub certainty: Certainty,
    /// Why no more surely, in a sentence.
    pub reason: Option<String>,
    /// Sessions from the actor to the call.
    pub chain: Vec<Credential>,
    /// Values on the way that a caller chose.
    pub claims: Vec<Claim>,
    /// Who it could be, where there are several.
    pub candidates: Vec<Candidate>,
    /// Where the chain ends.
    pub gap: Option<Gap>,
    /// The agent or application that acted for the actor.
    pub via: Option<Via>,
}

impl Resolution {
    pub(crate) fn of(actor: Actor, certainty: Certainty) -> Self {
        Self { actor, certainty, reason: None, chain: Vec::new(), claims: Vec::new(), candidates: Vec::new(), gap: None, via: None }
    }

    pub(crate) fn gap(gap: Gap) -> Self {
        Self { reason: Some(gap.why.clone()), gap: Some(gap), ..Self::of(Actor::Unknown, Certainty::Unknown) }
    }

    /// No more sure than `certainty`, and why; what is less sure already keeps its own reason.
    pub(crate) fn at_most(mut self, certainty: Certainty, reason: &str) -> Self {
        if self.certainty > certainty {
            self.certainty = certainty;
            self.reason = Some(reason.to_owned());
        }
        self
    }

    /// As it stands when a record that it rests on lies where CloudTrail did not put it: whoever put it there chose what it says, so nobody is
    /// named, and who was is a candidate.
    pub fn rests_on_doubtful(mut self, why: &str) -> Self {
        if self.certainty <= Certainty::Claimed {
            return self;
        }
        if self.actor != Actor::Unknown {
            let evidence = self.chain.iter().filter_map(|credential| credential.issued_by.as_ref());
            let evidence = evidence.flat_map(|issued| issued.event_ids.clone()).collect();
            let actor = std::mem::replace(&mut self.actor, Actor::Unknown);
            self.candidates.push(Candidate { actor, why: "as the records say".to_owned(), evidence });
        }
        self.via = None;
        self.at_most(Certainty::Claimed, why)
    }

    /// The permission set of the Identity Center role on the way, if one is.
    pub fn permission_set(&self) -> Option<&str> {
        self.chain.iter().find_map(|credential| crate::arn::permission_set(credential.role_arn.as_deref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Certainty; 6] =
        [Certainty::Unknown, Certainty::Claimed, Certainty::Ambiguous, Certainty::Probable, Certainty::Attested, Certainty::Proven];

    #[test]
    fn every_certainty_is_read_as_it_is_written() {
        for certainty in ALL {
            assert_eq!(Certainty::from_word(certainty.word()), Some(certainty));
        }
        assert_eq!(Certainty::from_word("sure"), None);
    }

    #[test]
    fn nobody_is_named_by_a_record_that_somebody_put_there() {
        for certainty in ALL {
            let actor = Actor::IamUser("arn:aws:iam::111122223333:user/sato".to_owned());
            let of = Resolution { reason: Some("before".to_owned()), ..Resolution::of(actor.clone(), certainty) };
            let doubted = of.clone().rests_on_doubtful("it lies elsewhere");
            if certainty <= Certainty::Claimed {
                assert_eq!(doubted, of, "nothing was believed of it before");
                continue;
            }
            assert_eq!((&doubted.actor, doubted.certainty), (&Actor::Unknown, Certainty::Claimed));
            assert_eq!(doubted.reason.as_deref(), Some("it lies elsewhere"));
            assert_eq!(doubted.candidates.iter().map(|candidate| &candidate.actor).collect::<Vec<_>>(), [&actor]);
        }
        let nobody = Resolution::of(Actor::Unknown, Certainty::Ambiguous).rests_on_doubtful("it lies elsewhere");
        assert_eq!((nobody.candidates.len(), nobody.certainty), (0, Certainty::Claimed));
    }

    #[test]
    fn what_is_no_surer_than_the_bound_keeps_its_own_reason() {
        for (certainty, reason) in [(Certainty::Proven, "bound"), (Certainty::Attested, "own"), (Certainty::Claimed, "own")] {
            let of = Resolution { reason: Some("own".to_owned()), ..Resolution::of(Actor::Unknown, certainty) };
            let bound = of.at_most(Certainty::Attested, "bound");
            assert_eq!((bound.certainty, bound.reason.as_deref()), (certainty.min(Certainty::Attested), Some(reason)));
        }
    }
}
