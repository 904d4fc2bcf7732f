//! The company's directory, as AWS lists it: Organizations' accounts, Identity Center's permission sets and assignments, the identity
//! store's users, groups and memberships. Out come documents such as the AWS command line writes.
//!
//! Each part is asked for by itself: one that may not be read leaves the others. Only reads.

use aws_sdk_identitystore::types::{MemberId, User};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};

use crate::connect::config;
use crate::fault::classify;
use crate::{Error, Options, Result};

/// A part of the directory: what was asked for, and the document, or why there is none.
#[derive(Debug)]
pub struct DirectoryPart {
    /// What it lists, for a person.
    pub what: String,
    /// The document, as JSON.
    pub document: Result<Value>,
}

/// Clients of the services that know the directory.
struct Clients {
    organizations: aws_sdk_organizations::Client,
    ssoadmin: aws_sdk_ssoadmin::Client,
    identitystore: aws_sdk_identitystore::Client,
    profile: Option<String>,
}

/// Lists the directory. Identity Center is asked in the region of `options`, which has to be the instance's.
pub async fn list_directory(options: &Options) -> Vec<DirectoryPart> {
    let shared = config(options).await;
    let clients = Clients {
        organizations: aws_sdk_organizations::Client::new(&shared),
        ssoadmin: aws_sdk_ssoadmin::Client::new(&shared),
        identitystore: aws_sdk_identitystore::Client::new(&shared),
        profile: options.profile.clone(),
    };
    let mut parts = Parts::default();
    let accounts = clients.accounts().await;
    let account_ids: Vec<String> = accounts.iter().flatten().filter_map(|account| account.get("Id")?.as_str().map(str::to_owned)).collect();
    parts.add("the organisation's accounts", accounts.map(|accounts| json!({"Accounts": accounts})));
    let instances = clients.instances().await;
    let places: Vec<(String, String)> = instances.iter().flatten().filter_map(place).collect();
    parts.add("the instances of IAM Identity Center", instances.map(|instances| json!({"Instances": instances})));
    for (instance_arn, identity_store_id) in places {
        let sets = clients.permission_sets(&instance_arn, &mut parts).await;
        clients.assignments(&instance_arn, &sets, &account_ids, &mut parts).await;
        clients.people(&identity_store_id, &mut parts).await;
    }
    parts.0
}

#[derive(Default)]
struct Parts(Vec<DirectoryPart>);

impl Parts {
    fn add(&mut self, what: impl Into<String>, document: Result<Value>) {
        self.0.push(DirectoryPart { what: what.into(), document });
    }
}

/// An instance's ARN and identity store.
fn place(instance: &Value) -> Option<(String, String)> {
    let text = |name| instance.get(name).and_then(Value::as_str).map(str::to_owned);
    text("InstanceArn").zip(text("IdentityStoreId"))
}

impl Clients {
    fn failed<E>(&self, error: &SdkError<E, HttpResponse>, what: &str) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        classify(error, what, self.profile.as_deref(), |what, source| Error::List { what, source })
    }

    async fn accounts(&self) -> Result<Vec<Value>> {
        let mut listed = Vec::new();
        let mut pages = self.organizations.list_accounts().into_paginator().send();
        while let Some(page) = pages.next().await {
            listed.extend(page.map_err(|error| self.failed(&error, "the organisation's accounts"))?.accounts.unwrap_or_default());
        }
        let account = |found: &aws_sdk_organizations::types::Account| {
            let state = found.state().map(aws_sdk_organizations::types::AccountState::as_str);
            json!({"Id": found.id(), "Arn": found.arn(), "Email": found.email(), "Name": found.name(), "State": state})
        };
        Ok(listed.iter().map(account).collect())
    }

    async fn instances(&self) -> Result<Vec<Value>> {
        let listed: Vec<_> = self
            .ssoadmin
            .list_instances()
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| self.failed(&error, "the instances of IAM Identity Center"))?;
        let instance = |found: &aws_sdk_ssoadmin::types::InstanceMetadata| {
            json!({
                "InstanceArn": found.instance_arn(),
                "IdentityStoreId": found.identity_store_id(),
                "OwnerAccountId": found.owner_account_id(),
                "Name": found.name(),
            })
        };
        Ok(listed.iter().map(instance).collect())
    }

    /// The ARNs of an instance's permission sets; each is a part with its name.
    async fn permission_sets(&self, instance_arn: &str, parts: &mut Parts) -> Vec<String> {
        let what = format!("the permission sets of {instance_arn}");
        let listed = self.ssoadmin.list_permission_sets().instance_arn(instance_arn).into_paginator().items().send().try_collect().await;
        let sets: Vec<String> = match listed {
            Ok(sets) => sets,
            Err(error) => {
                parts.add(what.clone(), Err(self.failed(&error, &what)));
                return Vec::new();
            }
        };
        for set in &sets {
            let described = self.ssoadmin.describe_permission_set().instance_arn(instance_arn).permission_set_arn(set).send().await;
            let what = format!("the permission set {set}");
            let document = described.map_err(|error| self.failed(&error, &what)).map(|described| {
                let name = described.permission_set().and_then(|set| set.name().map(str::to_owned));
                json!({"PermissionSet": {"PermissionSetArn": set, "Name": name}})
            });
            parts.add(what, document);
        }
        sets
    }

    /// Who may enter which account by which permission set.
    async fn assignments(&self, instance_arn: &str, sets: &[String], account_ids: &[String], parts: &mut Parts) {
        for account_id in account_ids {
            let mut listed = Vec::new();
            let what = format!("the assignments of account {account_id}");
            for set in sets {
                let request = self.ssoadmin.list_account_assignments().instance_arn(instance_arn).account_id(account_id);
                let found: std::result::Result<Vec<_>, _> =
                    request.permission_set_arn(set).into_paginator().items().send().try_collect().await;
                match found {
                    Ok(found) => listed.extend(found.iter().map(|found: &aws_sdk_ssoadmin::types::AccountAssignment| {
                        json!({
                            "AccountId": found.account_id(),
                            "PermissionSetArn": found.permission_set_arn(),
                            "PrincipalType": found.principal_type().map(aws_sdk_ssoadmin::types::PrincipalType::as_str),
                            "PrincipalId": found.principal_id(),
                        })
                    })),
                    Err(error) => {
                        parts.add(what.clone(), Err(self.failed(&error, &what)));
                        return;
                    }
                }
            }
            parts.add(what, Ok(json!({"AccountAssignments": listed})));
        }
    }

    /// Users, groups, and who is in them.
    async fn people(&self, identity_store_id: &str, parts: &mut Parts) {
        let what = format!("the users of {identity_store_id}");
        let listed: std::result::Result<Vec<User>, _> =
            self.identitystore.list_users().identity_store_id(identity_store_id).into_paginator().items().send().try_collect().await;
        let users = listed.map(|users| json!({"Users": users.iter().map(user).collect::<Vec<_>>()}));
        parts.add(what.clone(), users.map_err(|error| self.failed(&error, &what)));
        let what = format!("the groups of {identity_store_id}");
        let listed: std::result::Result<Vec<_>, _> =
            self.identitystore.list_groups().identity_store_id(identity_store_id).into_paginator().items().send().try_collect().await;
        let groups = match listed {
            Ok(groups) => groups,
            Err(error) => return parts.add(what.clone(), Err(self.failed(&error, &what))),
        };
        let group = |found: &aws_sdk_identitystore::types::Group| json!({"GroupId": found.group_id(), "DisplayName": found.display_name(), "IdentityStoreId": identity_store_id});
        parts.add(what, Ok(json!({"Groups": groups.iter().map(group).collect::<Vec<_>>()})));
        for found in &groups {
            self.memberships(identity_store_id, found.group_id(), parts).await;
        }
    }

    async fn memberships(&self, identity_store_id: &str, group_id: &str, parts: &mut Parts) {
        let what = format!("the members of group {group_id}");
        let request = self.identitystore.list_group_memberships().identity_store_id(identity_store_id).group_id(group_id);
        let listed: std::result::Result<Vec<_>, _> = request.into_paginator().items().send().try_collect().await;
        let membership = |found: &aws_sdk_identitystore::types::GroupMembership| {
            let member = found.member_id().and_then(|member| match member {
                MemberId::UserId(id) => Some(id.as_str()),
                _ => None,
            });
            json!({
                "MembershipId": found.membership_id(),
                "GroupId": group_id,
                "MemberId": {"UserId": member},
                "IdentityStoreId": identity_store_id,
            })
        };
        let document = listed.map(|listed| json!({"GroupMemberships": listed.iter().map(membership).collect::<Vec<_>>()}));
        parts.add(what.clone(), document.map_err(|error| self.failed(&error, &what)));
    }
}

fn user(found: &User) -> Value {
    let email =
        |email: &aws_sdk_identitystore::types::Email| json!({"Value": email.value(), "Type": email.r#type(), "Primary": email.primary()});
    json!({
        "UserId": found.user_id(),
        "UserName": found.user_name(),
        "DisplayName": found.display_name(),
        "Emails": found.emails().iter().map(email).collect::<Vec<_>>(),
        "IdentityStoreId": found.identity_store_id(),
    })
}
