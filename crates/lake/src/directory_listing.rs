//! What AWS lists of a company's directory, as its command line writes it: JSON in, entries out.
//!
//! `aws organizations list-accounts`, `aws sso-admin list-instances`, `list-account-assignments` and `describe-permission-set`,
//! `aws identitystore list-users`, `list-groups` and `list-group-memberships`. A document may hold several such lists.

use identity::{Entry, EntryKind};
use serde_json::Value;

/// Bytes of one listing, at most: some hundred thousand users.
pub const LISTING_BYTES_MAX: u64 = 256 << 20;

/// What a member of a list says; `None` where it is something else.
type Read = fn(&Value) -> Option<Entry>;

/// Reads a listing; `None` where it is none.
pub fn read(json: &[u8]) -> Option<Vec<Entry>> {
    let document: Value = serde_json::from_slice(json).ok()?;
    let lists: [(&str, Read); 6] = [
        ("Accounts", account),
        ("Instances", instance),
        ("AccountAssignments", assignment),
        ("Users", user),
        ("Groups", group),
        ("GroupMemberships", membership),
    ];
    let mut entries = Vec::new();
    let mut is_listing = false;
    for (name, of) in lists {
        let Some(list) = document.get(name).and_then(Value::as_array) else { continue };
        let read: Vec<Entry> = list.iter().filter_map(of).collect();
        // Other tools write lists under these names too: one whose members are something else is none of these.
        is_listing |= !read.is_empty() || list.is_empty();
        entries.extend(read);
    }
    if let Some(set) = document.get("PermissionSet").and_then(permission_set) {
        is_listing = true;
        entries.push(set);
    }
    is_listing.then_some(entries)
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn account(value: &Value) -> Option<Entry> {
    let id = text(value, "Id").filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()))?;
    // `State` takes the place of `Status` (Organizations API Reference, Account).
    let status = text(value, "State").or_else(|| text(value, "Status"));
    Some(Entry { name: text(value, "Name"), email: text(value, "Email"), status, ..Entry::new(EntryKind::Account, &id) })
}

fn instance(value: &Value) -> Option<Entry> {
    let id = text(value, "InstanceArn")?;
    let (identity_store_id, account_id) = (text(value, "IdentityStoreId"), text(value, "OwnerAccountId"));
    Some(Entry { identity_store_id, account_id, name: text(value, "Name"), ..Entry::new(EntryKind::Instance, &id) })
}

fn assignment(value: &Value) -> Option<Entry> {
    Some(Entry {
        account_id: Some(text(value, "AccountId")?),
        target_id: Some(text(value, "PermissionSetArn")?),
        principal_type: text(value, "PrincipalType"),
        principal_id: Some(text(value, "PrincipalId")?),
        ..Entry::new(EntryKind::Assignment, "")
    })
}

fn permission_set(value: &Value) -> Option<Entry> {
    let id = text(value, "PermissionSetArn")?;
    Some(Entry { name: text(value, "Name"), ..Entry::new(EntryKind::PermissionSet, &id) })
}

fn user(value: &Value) -> Option<Entry> {
    let id = text(value, "UserId")?;
    let emails = || value.get("Emails").and_then(Value::as_array).into_iter().flatten();
    let is_primary = |email: &&Value| email.get("Primary").and_then(Value::as_bool) == Some(true);
    let email = emails().find(is_primary).or_else(|| emails().next()).and_then(|email| text(email, "Value"));
    Some(Entry {
        identity_store_id: Some(text(value, "IdentityStoreId")?),
        name: Some(text(value, "UserName")?),
        display_name: text(value, "DisplayName"),
        email,
        status: text(value, "UserStatus"),
        ..Entry::new(EntryKind::User, &id)
    })
}

fn group(value: &Value) -> Option<Entry> {
    let id = text(value, "GroupId")?;
    Some(Entry {
        identity_store_id: Some(text(value, "IdentityStoreId")?),
        name: text(value, "DisplayName"),
        ..Entry::new(EntryKind::Group, &id)
    })
}

fn membership(value: &Value) -> Option<Entry> {
    let id = text(value, "MembershipId")?;
    Some(Entry {
        identity_store_id: Some(text(value, "IdentityStoreId")?),
        target_id: Some(text(value, "GroupId")?),
        principal_type: Some("USER".to_owned()),
        principal_id: Some(text(value.get("MemberId")?, "UserId")?),
        ..Entry::new(EntryKind::Membership, &id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_of_the_command_line_are_read() {
        // Shapes of the AWS CLI Command Reference, with invented values.
        let users = br#"{"Users":[{"UserName":"sato@example.co.jp","UserId":"9067-1","Name":{"FamilyName":"S","GivenName":"H"},
            "DisplayName":"Hanako Sato","Emails":[{"Value":"old@example.co.jp"},{"Value":"sato@example.co.jp","Type":"work","Primary":true}],
            "IdentityStoreId":"d-0a1b2c3d4e"},{"UserName":"nobody"}]}"#;
        let read_users = read(users).unwrap();
        assert_eq!(
            read_users,
            [Entry {
                identity_store_id: Some("d-0a1b2c3d4e".into()),
                name: Some("sato@example.co.jp".into()),
                display_name: Some("Hanako Sato".into()),
                email: Some("sato@example.co.jp".into()),
                ..Entry::new(EntryKind::User, "9067-1")
            }]
        );
        let accounts = br#"{"Accounts":[{"Id":"111122223333","Arn":"arn:aws:organizations::1:account/o-1/1","Email":"a@example.co.jp",
            "Name":"prod","Status":"ACTIVE","JoinedMethod":"CREATED","JoinedTimestamp":"2025-01-01T00:00:00+00:00"},
            {"Id":"444455556666","Name":"gone","Status":"SUSPENDED","State":"CLOSED"},{"Id":"x"}]}"#;
        let read_accounts: Vec<_> = read(accounts).unwrap().into_iter().map(|entry| (entry.id, entry.status)).collect();
        assert_eq!(read_accounts, [("111122223333".into(), Some("ACTIVE".into())), ("444455556666".into(), Some("CLOSED".into()))]);
        let rest = br#"{"AccountAssignments":[{"AccountId":"111122223333","PermissionSetArn":"arn:aws:sso:::permissionSet/ssoins-1/ps-1",
            "PrincipalType":"GROUP","PrincipalId":"g-1"}],
            "Groups":[{"GroupId":"g-1","DisplayName":"sre","IdentityStoreId":"d-1"}],
            "GroupMemberships":[{"IdentityStoreId":"d-1","MembershipId":"m-1","GroupId":"g-1","MemberId":{"UserId":"u-1"}}],
            "PermissionSet":{"Name":"Ops","PermissionSetArn":"arn:aws:sso:::permissionSet/ssoins-1/ps-1"},
            "Instances":[{"InstanceArn":"arn:aws:sso:::instance/ssoins-1","IdentityStoreId":"d-1","OwnerAccountId":"111122223333"}]}"#;
        let kinds: Vec<&str> = read(rest).unwrap().iter().map(|entry| entry.kind.word()).collect();
        assert_eq!(kinds, ["instance", "assignment", "group", "membership", "permission_set"]);
    }

    #[test]
    fn what_is_no_listing_is_none() {
        for text in ["", "[]", "{}", r#"{"Records":[]}"#, r#"{"Users":[{"name":"x"}]}"#, r#"{"Users":"x"}"#, r#"{"PermissionSet":{}}"#] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(br#"{"Accounts":[]}"#), Some(Vec::new()));
    }
}
