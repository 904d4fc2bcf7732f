//! Who may do what, and with which key: IAM, STS, Identity Center, Cognito, Roles Anywhere, KMS, Secrets Manager, ACM.

use super::{Row, Take, arn, id, row, unique};
use crate::resource::Form;

/// A path stands in the answer to a creation alone; elsewhere the ARN is built without it.
pub(crate) static IAM: &[Row] = &[
    row("username", "iam::A:user/{}"),
    row("newusername", "iam::A:user/{}"),
    row("rolename", "iam::A:role/{}"),
    row("groupname", "iam::A:group/{}"),
    row("newgroupname", "iam::A:group/{}"),
    // The name of an inline policy is the role's, user's or group's own: no ARN.
    row("policyname", "iam::A:policy/{}").on("CreatePolicy"),
    row("policyname", ""),
    row("instanceprofilename", "iam::A:instance-profile/{}"),
    row("servercertificatename", "iam::A:server-certificate/{}"),
    row("virtualmfadevicename", "iam::A:mfa/{}"),
    row("serialnumber", "iam::A:mfa/{}"),
    row("name", "iam::A:saml-provider/{}").top().on("SAMLProvider"),
    row("accountalias", ""),
    row("accesskeyid", "").form(Form::AccessKey).take(Take::AccessKey),
    unique("userid"),
    unique("roleid"),
    unique("groupid"),
    unique("policyid"),
    unique("instanceprofileid"),
    unique("servercertificateid"),
    id("sshpublickeyid", "").form(Form::UniqueId),
    id("servicespecificcredentialid", "").form(Form::UniqueId),
    arn("arn"),
    arn("policyarn"),
    arn("samlproviderarn"),
    arn("openidconnectproviderarn"),
    arn("deletiontaskid"),
];

pub(crate) static STS: &[Row] = &[
    arn("rolearn"),
    arn("principalarn").on("SAML"),
    unique("assumedroleid"),
    row("accesskeyid", "").form(Form::AccessKey).take(Take::AccessKey),
];

/// An assignment is of a permission set, to a user or group, for an account.
pub(crate) static SSO: &[Row] = &[
    arn("permissionsetarn"),
    row("name", "").top().on("PermissionSet"),
    row("name", "").inside("permissionset"),
    id("principalid", "").take(Take::SsoPrincipal),
    id("targetid", ""),
    arn("applicationarn"),
    arn("trustedtokenissuerarn"),
    arn("resourcearn"),
    arn("instancearn").on("Instance"),
    arn("managedpolicyarn"),
];

pub(crate) static IDENTITY_STORE: &[Row] = &[
    id("groupid", "identitystore:::group/{}"),
    id("userid", "identitystore:::user/{}"),
    id("memberid", "identitystore:::user/{}"),
    id("membershipid", "identitystore:::membership/{}"),
    row("username", "identitystore:::user/{userid}"),
    row("displayname", "identitystore:::group/{groupid}").on("Group"),
    row("groupname", "identitystore:::group/{groupid}"),
];

pub(crate) static COGNITO_IDP: &[Row] = &[
    id("userpoolid", "cognito-idp:R:A:userpool/{}"),
    id("id", "cognito-idp:R:A:userpool/{}").inside("userpool"),
    row("poolname", "cognito-idp:R:A:userpool/{id}"),
    id("clientid", ""),
    row("groupname", ""),
    arn("arn").inside("userpool"),
    arn("resourcearn"),
];

pub(crate) static COGNITO_IDENTITY: &[Row] = &[
    id("identitypoolid", "cognito-identity:R:A:identitypool/{}"),
    row("identitypoolname", "cognito-identity:R:A:identitypool/{identitypoolid}"),
];

pub(crate) static ROLES_ANYWHERE: &[Row] = &[
    id("profileid", "rolesanywhere:R:A:profile/{}"),
    id("trustanchorid", "rolesanywhere:R:A:trust-anchor/{}"),
    id("crlid", "rolesanywhere:R:A:crl/{}"),
    row("name", "rolesanywhere:R:A:profile/{profileid}").top().on("Profile"),
    row("name", "rolesanywhere:R:A:trust-anchor/{trustanchorid}").top().on("TrustAnchor"),
    row("name", "rolesanywhere:R:A:profile/{profileid}").inside("profile"),
    row("name", "rolesanywhere:R:A:trust-anchor/{trustanchorid}").inside("trustanchor"),
    arn("profilearn"),
    arn("trustanchorarn"),
    arn("crlarn"),
    arn("resourcearn"),
];

/// `keyId` holds an id, an ARN, or an alias where the call takes one (KMS API Reference, "KeyId").
pub(crate) static KMS: &[Row] = &[
    id("keyid", "kms:R:A:key/{}").take(Take::Key),
    id("targetkeyid", "kms:R:A:key/{}").take(Take::Key),
    row("aliasname", "kms:R:A:{}"),
    arn("arn").inside("keymetadata"),
    arn("aliasarn"),
    id("grantid", ""),
];

/// The six random characters of the ARN are nowhere but in it.
pub(crate) static SECRETS_MANAGER: &[Row] = &[row("name", "").top(), row("secretid", ""), arn("arn").top()];

pub(crate) static ACM: &[Row] = &[row("domainname", "").top(), arn("certificatearn"), arn("arn")];
