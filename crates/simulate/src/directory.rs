//! The company's directory as the AWS command line lists it: who is there, in which groups, and who may enter which account by which permission
//! set. What was used of it is in the ledger, noted at each call.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Ledger, Use};
use crate::organisation::Person;
use crate::text::quoted;

impl Ledger {
    /// The listings, by their files' names, without those users (by their ids). Each permission set that a session was opened for is assigned:
    /// to the person's whole team in the account, of contractors to the person.
    pub fn directory(&self, without: &BTreeSet<String>) -> Vec<(String, String)> {
        let people: Vec<&Person> = self.organisation.people.iter().filter(|person| !without.contains(&person.user_id)).collect();
        let store = quoted(&self.organisation.identity_store_id);
        let list = |name: &str, members: Vec<String>| (format!("{name}.json"), format!("{{\"{name}\":[{}]}}", members.join(",")));
        let users = people.iter().map(|person| {
            let (id, name, shown) = (quoted(&person.user_id), quoted(&person.user_name), quoted(&person.display_name));
            format!("{{\"UserId\":{id},\"UserName\":{name},\"DisplayName\":{shown},\"IdentityStoreId\":{store}}}")
        });
        let teams: BTreeSet<&str> = people.iter().map(|person| person.team.as_str()).collect();
        let groups = teams
            .iter()
            .map(|team| format!("{{\"GroupId\":{},\"DisplayName\":{},\"IdentityStoreId\":{store}}}", group_id(team), quoted(team)));
        let members = people.iter().filter(|person| !person.is_contractor()).map(|person| {
            let (group, id) = (group_id(&person.team), quoted(&person.user_id));
            let member = quoted(&format!("m-{}", person.user_id));
            format!("{{\"MembershipId\":{member},\"GroupId\":{group},\"MemberId\":{{\"UserId\":{id}}},\"IdentityStoreId\":{store}}}")
        });
        let grants = self.grants();
        let assignments = grants.iter().map(|(set, account_id, principal)| {
            let (kind, id) = match principal {
                Principal::Team(team) => ("GROUP", group_id(team)),
                Principal::Person(id) => ("USER", quoted(id)),
            };
            format!(
                "{{\"AccountId\":\"{account_id}\",\"PermissionSetArn\":{},\"PrincipalType\":\"{kind}\",\"PrincipalId\":{id}}}",
                quoted(&set_arn(set))
            )
        });
        let mut files = vec![
            list("Users", users.collect()),
            list("Groups", groups.collect()),
            list("GroupMemberships", members.collect()),
            list("AccountAssignments", assignments.collect()),
        ];
        let sets: BTreeSet<&str> = grants.iter().map(|(set, ..)| set.as_str()).collect();
        for set in sets {
            let told = format!("{{\"PermissionSet\":{{\"Name\":{},\"PermissionSetArn\":{}}}}}", quoted(set), quoted(&set_arn(set)));
            files.push((format!("PermissionSet-{set}.json"), told));
        }
        files
    }

    /// Who of those who are there may do what: permission set, account, user id; with the last time that it was done.
    pub fn assigned(&self, without: &BTreeSet<String>) -> BTreeMap<Use, Option<jiff::Timestamp>> {
        let mut assigned = BTreeMap::new();
        for (permission_set, account_id, principal) in self.grants() {
            let holds = |person: &&Person| match &principal {
                Principal::Team(team) => person.team == *team && !person.is_contractor(),
                Principal::Person(id) => person.user_id == *id,
            };
            for person in self.organisation.people.iter().filter(holds).filter(|person| !without.contains(&person.user_id)) {
                let user_id = person.user_id.clone();
                let used = Use { permission_set: permission_set.clone(), account_id: account_id.clone(), user_id };
                let last = self.uses.get(&used).copied();
                assigned.insert(used, last);
            }
        }
        assigned
    }

    fn grants(&self) -> BTreeSet<(String, String, Principal)> {
        let by_id: BTreeMap<&str, &Person> = self.organisation.people.iter().map(|person| (person.user_id.as_str(), person)).collect();
        let grant = |used: &Use| {
            let person = by_id.get(used.user_id.as_str())?;
            let principal =
                if person.is_contractor() { Principal::Person(person.user_id.clone()) } else { Principal::Team(person.team.clone()) };
            Some((used.permission_set.clone(), used.account_id.clone(), principal))
        };
        self.uses.keys().filter_map(grant).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Principal {
    Team(String),
    Person(String),
}

fn group_id(team: &str) -> String {
    quoted(&format!("g-{team}"))
}

fn set_arn(set: &str) -> String {
    format!("arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-{set}")
}
