//! Dated snapshots of a company's directory in; how a user was called at a time, and which accounts are ours, out.
//!
//! Identity Center's users, groups, permission sets and assignments, and Organizations' accounts, as AWS listed them on a day. It is
//! AWS's word of that day: it gives a name to an id that AWS wrote on an event, and never stands against what the event says. A user who
//! left is in earlier snapshots, and keeps the name.

use std::collections::{BTreeMap, BTreeSet};

/// What a snapshot lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// An account of the organisation (Organizations, `ListAccounts`).
    Account,
    /// Who may enter an account by which permission set (IAM Identity Center, `ListAccountAssignments`).
    Assignment,
    /// A group (Identity Store, `ListGroups`).
    Group,
    /// An instance of Identity Center, and its identity store (IAM Identity Center, `ListInstances`).
    Instance,
    /// A user in a group (Identity Store, `ListGroupMemberships`).
    Membership,
    /// A permission set (IAM Identity Center, `DescribePermissionSet`).
    PermissionSet,
    /// A user (Identity Store, `ListUsers`).
    User,
}

impl EntryKind {
    const ALL: [Self; 7] =
        [Self::Account, Self::Assignment, Self::Group, Self::Instance, Self::Membership, Self::PermissionSet, Self::User];

    /// A word to store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Assignment => "assignment",
            Self::Group => "group",
            Self::Instance => "instance",
            Self::Membership => "membership",
            Self::PermissionSet => "permission_set",
            Self::User => "user",
        }
    }

    /// The kind that a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One thing of a snapshot; what its kind does not have is absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Account id, user id, group id, membership id, or ARN; of an assignment nothing.
    pub id: String,
    /// The identity store of users, groups, memberships and instances: `d-…`.
    pub identity_store_id: Option<String>,
    /// The user name, or the name of a group, permission set or account.
    pub name: Option<String>,
    /// A user's display name.
    pub display_name: Option<String>,
    /// A user's primary e-mail address, or an account's.
    pub email: Option<String>,
    /// `Status` of an account or user, where AWS says one.
    pub status: Option<String>,
    /// The account that an assignment is for, or that owns an instance.
    pub account_id: Option<String>,
    /// The permission set's ARN of an assignment, the group of a membership.
    pub target_id: Option<String>,
    /// `USER` or `GROUP`.
    pub principal_type: Option<String>,
    /// The user or group that is assigned, the user that is a member.
    pub principal_id: Option<String>,
}

impl Entry {
    /// An entry with nothing but its id.
    pub fn new(kind: EntryKind, id: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            identity_store_id: None,
            name: None,
            display_name: None,
            email: None,
            status: None,
            account_id: None,
            target_id: None,
            principal_type: None,
            principal_id: None,
        }
    }
}

/// How the directory called a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'d> {
    /// What it listed.
    pub entry: &'d Entry,
    /// When: microseconds since 1970.
    pub as_of: i64,
}

/// Users and accounts as snapshots have them. A set: order and repetition change nothing.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// By identity store and user id, then by the time of the snapshot.
    users: BTreeMap<(String, String), BTreeMap<i64, BTreeSet<Entry>>>,
    /// By the time of the snapshot.
    accounts: BTreeMap<i64, BTreeSet<Entry>>,
}

impl Directory {
    /// Adds what a snapshot of that time (microseconds since 1970) lists.
    pub fn add(&mut self, as_of: i64, entry: Entry) {
        match entry.kind {
            EntryKind::User => {
                let user = (entry.identity_store_id.clone().unwrap_or_default(), entry.id.clone());
                self.users.entry(user).or_default().entry(as_of).or_default().insert(entry);
            }
            EntryKind::Account => {
                self.accounts.entry(as_of).or_default().insert(entry);
            }
            _ => {}
        }
    }

    /// What the directory said of a user at a time (microseconds since 1970): in the last snapshot before it, else in the first after it.
    /// Nothing where two snapshots of one time say two things.
    pub fn user(&self, identity_store_id: &str, user_id: &str, at: i64) -> Option<Listed<'_>> {
        let listed = self.users.get(&(identity_store_id.to_owned(), user_id.to_owned()))?;
        let (as_of, entries) = listed.range(..=at).next_back().or_else(|| listed.range(at..).next())?;
        entries.first().filter(|_| entries.len() == 1).map(|entry| Listed { entry, as_of: *as_of })
    }

    /// Every account that a snapshot ever listed: what one that left did before is still ours.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.accounts.values().flatten().map(|entry| entry.id.as_str()).collect()
    }

    /// Accounts that the newest snapshot lists as open, and its time.
    pub fn open_accounts(&self) -> Option<(i64, BTreeSet<&str>)> {
        let (as_of, entries) = self.accounts.last_key_value()?;
        let is_open = |entry: &&Entry| !matches!(entry.status.as_deref(), Some("CLOSED" | "SUSPENDED" | "PENDING_CLOSURE"));
        Some((*as_of, entries.iter().filter(is_open).map(|entry| entry.id.as_str()).collect()))
    }
}

/// The identity store of an ARN: `d-…`.
pub fn identity_store_id(identity_store_arn: &str) -> &str {
    identity_store_arn.rsplit('/').next().unwrap_or(identity_store_arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(store: &str, id: &str, name: &str) -> Entry {
        Entry { identity_store_id: Some(store.into()), name: Some(name.into()), ..Entry::new(EntryKind::User, id) }
    }

    fn account(id: &str, status: &str) -> Entry {
        Entry { status: Some(status.into()), ..Entry::new(EntryKind::Account, id) }
    }

    #[test]
    fn a_user_is_called_as_in_the_snapshot_of_that_time_and_leavers_keep_their_names() {
        let mut directory = Directory::default();
        directory.add(10, user("d-1", "u-1", "sato"));
        directory.add(20, user("d-1", "u-1", "tanaka"));
        // The third snapshot has neither: the one has left, the other was never of this store.
        directory.add(30, user("d-1", "u-3", "sato"));
        directory.add(30, user("d-2", "u-1", "else"));
        let name = |directory: &Directory, store: &str, id: &str, at: i64| {
            directory.user(store, id, at).map(|listed| (listed.entry.name.clone().unwrap(), listed.as_of))
        };
        for (store, id, at, expected) in [
            ("d-1", "u-1", 5, Some(("sato", 10))),
            ("d-1", "u-1", 15, Some(("sato", 10))),
            ("d-1", "u-1", 20, Some(("tanaka", 20))),
            ("d-1", "u-1", 99, Some(("tanaka", 20))),
            ("d-1", "u-3", 15, Some(("sato", 30))),
            ("d-2", "u-1", 99, Some(("else", 30))),
            ("d-3", "u-1", 99, None),
        ] {
            assert_eq!(name(&directory, store, id, at), expected.map(|(name, as_of)| (name.to_owned(), as_of)), "{store} {id} {at}");
        }
        directory.add(20, user("d-1", "u-1", "yamada"));
        assert_eq!(name(&directory, "d-1", "u-1", 25), None, "one snapshot, two names");
    }

    #[test]
    fn an_account_that_left_stays_ours_and_only_the_newest_snapshot_says_which_are_open() {
        let mut directory = Directory::default();
        assert_eq!(directory.open_accounts(), None);
        directory.add(10, account("111111111111", "ACTIVE"));
        directory.add(10, account("222222222222", "ACTIVE"));
        directory.add(20, account("222222222222", "ACTIVE"));
        directory.add(20, account("333333333333", "SUSPENDED"));
        assert_eq!(directory.accounts(), ["111111111111", "222222222222", "333333333333"].into());
        assert_eq!(directory.open_accounts(), Some((20, ["222222222222"].into())));
    }

    #[test]
    fn words_mean_the_kinds() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(EntryKind::from_word("x"), None);
        assert_eq!(identity_store_id("arn:aws:identitystore::111122223333:identitystore/d-0a1b2c3d4e"), "d-0a1b2c3d4e");
    }
}
