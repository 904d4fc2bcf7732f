//! An account outside in; the vendor that says it is theirs out.
//!
//! A name for people to read, beside the account id and never in its place: vendors publish these accounts so that customers can let them
//! in. `vendors.tsv` holds those found in vendors' own documentation; an installation adds what it knows.

use std::collections::BTreeMap;

const SHIPPED: &str = include_str!("vendors.tsv");

/// Vendors by the account from which they call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vendors {
    names: BTreeMap<String, String>,
}

/// Why an account was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAVendor {
    /// An account id has twelve digits.
    AccountId,
    /// The name is empty, or holds a control character.
    Name,
}

impl Vendors {
    /// Those that come with whodid.
    pub fn shipped() -> Self {
        let rows = SHIPPED.lines().filter_map(|line| line.split_once('\t'));
        Self { names: rows.map(|(account, name)| (account.to_owned(), name.to_owned())).collect() }
    }

    /// Adds one, in place of what was known of the account.
    ///
    /// # Errors
    /// Where the account is no account id, or the name no name.
    pub fn add(&mut self, account_id: &str, name: &str) -> Result<(), NotAVendor> {
        if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAVendor::AccountId);
        }
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(NotAVendor::Name);
        }
        self.names.insert(account_id.to_owned(), name.to_owned());
        Ok(())
    }

    /// Whose account it is.
    pub fn name(&self, account_id: &str) -> Option<&str> {
        self.names.get(account_id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_row_is_a_vendor_and_stands_once_in_order() {
        let accounts: Vec<&str> = SHIPPED.lines().map(|line| line.split_once('\t').unwrap().0).collect();
        assert!(accounts.is_sorted_by(|a, b| a < b));
        let mut again = Vendors::default();
        for line in SHIPPED.lines() {
            let (account, name) = line.split_once('\t').unwrap();
            assert_eq!(again.add(account, name), Ok(()), "{line}");
        }
        assert_eq!(again, Vendors::shipped());
    }

    #[test]
    fn vendor_is_known_by_account_and_the_list_can_grow() {
        let mut vendors = Vendors::shipped();
        assert_eq!(vendors.name("464622532012"), Some("Datadog"));
        assert_eq!(vendors.name("717331877981"), Some("Fastly"));
        assert_eq!(vendors.name("111111111111"), None);
        assert_eq!(vendors.add("111111111111", "Our reseller"), Ok(()));
        assert_eq!(vendors.add("464622532012", "Monitoring"), Ok(()));
        assert_eq!((vendors.name("111111111111"), vendors.name("464622532012")), (Some("Our reseller"), Some("Monitoring")));
        for (account, name, why) in [
            ("46462253201", "x", NotAVendor::AccountId),
            ("46462253201x", "x", NotAVendor::AccountId),
            ("464622532012", " ", NotAVendor::Name),
            ("464622532012", "a\u{1b}[0m", NotAVendor::Name),
        ] {
            assert_eq!(vendors.add(account, name), Err(why));
        }
    }
}
