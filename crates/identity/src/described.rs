//! Who opened a session of Session Manager, by what Systems Manager itself says of it.
//!
//! `Owner` of `DescribeSessions` is AWS's word for the credential that opened the session, and for no more: of an IAM user that is the user, of a
//! role it is a session's name, which whoever may assume the role can choose, and no key, path or time that would tell one session from another.

use crate::actor::Actor;
use crate::arn::Arn;
use crate::resolution::{Certainty, Claim, Credential, Gap, Resolution};

/// Reads the owner's ARN; `session_id` is named where the chain ends.
pub fn by_owner(owner: &str, session_id: &str) -> Resolution {
    let missing = |why: &str| Gap {
        at: session_id.to_owned(),
        why: why.to_owned(),
        needs: "the StartSession record of this session, which CloudTrail delivers within minutes".to_owned(),
    };
    let Some(arn) = Arn::parse(owner) else { return Resolution::gap(missing("Systems Manager names no owner that could be read")) };
    if arn.is_user() || arn.is_root() {
        let actor = if arn.is_root() { Actor::RootUser(owner.to_owned()) } else { Actor::IamUser(owner.to_owned()) };
        let reason = "Systems Manager names the owner of the session; its StartSession record is not in the lake yet";
        return Resolution { reason: Some(reason.to_owned()), ..Resolution::of(actor, Certainty::Attested) };
    }
    let Some((_, name)) = arn.role_session() else {
        return Resolution::gap(missing("Systems Manager names an owner that is neither a user nor a role session"));
    };
    let why = "Systems Manager names the role session that opened it; whose that is, only its records say";
    Resolution {
        reason: Some(why.to_owned()),
        chain: vec![Credential { kind: "role_session", session_name: Some(name.to_owned()), ..Credential::default() }],
        claims: vec![Claim { value: name.to_owned(), source: "role_session_name" }],
        gap: Some(missing(why)),
        ..Resolution::of(Actor::Unknown, Certainty::Claimed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_attested_and_a_role_sessions_name_stays_a_claim() {
        let user = "arn:aws:iam::111122223333:user/ops/sato";
        let found = by_owner(user, "sato-0a1b2c3d4e5f67890");
        assert_eq!((&found.actor, found.certainty), (&Actor::IamUser(user.to_owned()), Certainty::Attested));
        assert!(found.reason.is_some());
        let root = by_owner("arn:aws:iam::111122223333:root", "x");
        assert_eq!((root.actor.kind(), root.certainty), ("root_user", Certainty::Attested));
        for role in ["Ops", "AWSReservedSSO_Ops_0123456789abcdef"] {
            let found = by_owner(&format!("arn:aws:sts::111122223333:assumed-role/{role}/sato@example.co.jp"), "x");
            assert_eq!((&found.actor, found.certainty), (&Actor::Unknown, Certainty::Claimed), "{role}");
            assert_eq!(found.claims[0].value, "sato@example.co.jp");
            let chain: Vec<_> = found.chain.iter().map(|credential| (credential.kind, credential.session_name.as_deref())).collect();
            assert_eq!(chain, [("role_session", Some("sato@example.co.jp"))]);
            assert!(found.reason.is_some() && found.gap.is_some());
        }
        for odd in ["", "sato", "arn:aws:sts::111122223333:federated-user/sato", "arn:aws:iam::111122223333:role/Ops"] {
            let found = by_owner(odd, "x");
            assert_eq!((found.actor, found.certainty, found.claims.len()), (Actor::Unknown, Certainty::Unknown, 0), "{odd}");
            assert!(found.gap.is_some());
        }
    }
}
