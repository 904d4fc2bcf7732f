//! Parts of an ARN, by position: what a caller may put into a path or a name never moves them.

/// An ARN's parts; the resource is all that follows the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) account_id: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("arn:")?;
        let mut colons = rest.bytes().enumerate().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
        let (partition, _, region, account_id) = (colons.next()?, colons.next()?, colons.next()?, colons.next()?);
        Some(Self {
            partition: rest.get(..partition)?,
            account_id: rest.get(region + 1..account_id)?,
            resource: rest.get(account_id + 1..)?,
        })
    }

    /// The path and name of a role.
    pub(crate) fn role(self) -> Option<&'a str> {
        self.resource.strip_prefix("role/")
    }

    /// The role's name and the session's.
    pub(crate) fn role_session(self) -> Option<(&'a str, &'a str)> {
        self.resource.strip_prefix("assumed-role/")?.split_once('/')
    }

    /// The name given to GetFederationToken.
    pub(crate) fn federated_user(self) -> Option<&'a str> {
        self.resource.strip_prefix("federated-user/")
    }

    pub(crate) fn is_user(self) -> bool {
        self.resource.starts_with("user/")
    }

    pub(crate) fn is_root(self) -> bool {
        self.resource == "root"
    }
}

/// The permission set of a role that only Identity Center can make: known by its path, which IAM lets nobody else use, never by its
/// name (IAM Identity Center User Guide, "Referencing permission sets").
pub(crate) fn permission_set(role_arn: &str) -> Option<&str> {
    let role = Arn::parse(role_arn)?.role()?.strip_prefix("aws-reserved/sso.amazonaws.com/")?;
    let name = role.rsplit('/').next()?.strip_prefix("AWSReservedSSO_")?;
    name.rsplit_once('_').map(|(set, _)| set)
}

/// The service that alone can use a service-linked role: its path is as reserved (IAM User Guide, service-linked roles).
pub(crate) fn linked_service(role_arn: &str) -> Option<&str> {
    Arn::parse(role_arn)?.role()?.strip_prefix("aws-service-role/")?.split_once('/').map(|(service, _)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_real_path_is_reserved() {
        let genuine = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/";
        assert_eq!(permission_set(&format!("{genuine}AWSReservedSSO_Ops_0123456789abcdef")), Some("Ops"));
        assert_eq!(permission_set(&format!("{genuine}eu-west-1/AWSReservedSSO_My_Set_0123456789abcdef")), Some("My_Set"));
        for forged in [
            "role/AWSReservedSSO_Ops_0123456789abcdef",
            "role/x/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef",
            // IAM paths may hold colons.
            "role/x:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef",
            "role/aws-reserved/sso.amazonaws.com/Ops",
            "user/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef",
        ] {
            assert_eq!(permission_set(&format!("arn:aws:iam::111122223333:{forged}")), None, "{forged}");
        }
    }

    #[test]
    fn only_the_real_path_is_a_services() {
        let role = |path: &str| format!("arn:aws:iam::111122223333:role/{path}");
        assert_eq!(linked_service(&role("aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS")), Some("rds.amazonaws.com"));
        assert_eq!(linked_service(&role("x:role/aws-service-role/rds.amazonaws.com/Mine")), None);
        assert_eq!(linked_service(&role("x/aws-service-role/rds.amazonaws.com/Mine")), None);
    }
}
