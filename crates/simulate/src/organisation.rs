//! An invented company on AWS: its accounts, people and roles, all drawn from the seed.
//!
//! Account ids are of the documentation's kind (four equal digits thrice), unique ids end in EXAMPLE, mail is at
//! example.co.jp and example.com. Never a name or number of anyone real.

use crate::random::Random;

/// The region where people work; global services record in `GLOBAL_REGION`.
pub(crate) const HOME_REGION: &str = "ap-northeast-1";
pub(crate) const GLOBAL_REGION: &str = "us-east-1";
pub(crate) const REGIONS: [&str; 3] = [HOME_REGION, GLOBAL_REGION, "ap-northeast-3"];

const ACCOUNTS: [&str; 8] = ["management", "audit", "tools", "shop-prod", "shop-stg", "data-prod", "network", "training"];

const SURNAMES: [(&str, &str); 24] = [
    ("sato", "佐藤"),
    ("suzuki", "鈴木"),
    ("takahashi", "高橋"),
    ("tanaka", "田中"),
    ("watanabe", "渡辺"),
    ("ito", "伊藤"),
    ("yamamoto", "山本"),
    ("nakamura", "中村"),
    ("kobayashi", "小林"),
    ("kato", "加藤"),
    ("yoshida", "吉田"),
    ("yamada", "山田"),
    ("sasaki", "佐々木"),
    ("yamaguchi", "山口"),
    ("matsumoto", "松本"),
    ("inoue", "井上"),
    ("kimura", "木村"),
    ("hayashi", "林"),
    ("shimizu", "清水"),
    ("saito", "斎藤"),
    ("mori", "森"),
    ("ikeda", "池田"),
    ("hashimoto", "橋本"),
    ("abe", "阿部"),
];

const GIVEN: [&str; 12] = ["花子", "太郎", "健", "美咲", "翔太", "陽菜", "大輔", "さくら", "直樹", "恵", "拓海", "葵"];

const TEAMS: [&str; 5] = ["shop", "platform", "data", "network", "security"];

/// The company.
#[derive(Clone, Debug, PartialEq)]
pub struct Organisation {
    /// `o-` and ten letters or digits.
    pub id: String,
    pub accounts: Vec<Account>,
    pub management_account_id: String,
    /// Where Identity Center and its identity store live.
    pub identity_store_account_id: String,
    /// `d-` and ten hex digits.
    pub identity_store_id: String,
    pub home_region: String,
    /// Everybody with an Identity Center user, contractors too.
    pub people: Vec<Person>,
    pub(crate) seed: u64,
    /// `ins-` and sixteen hex digits.
    pub(crate) instance: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The Identity Center user name, an address here.
    pub user_name: String,
    pub display_name: String,
    /// The identity store's user id, in one of its two shapes.
    pub user_id: String,
    pub team: String,
}

impl Person {
    /// Of another company.
    pub fn is_contractor(&self) -> bool {
        self.user_name.ends_with("@example.com")
    }

    /// What stands before the `@`.
    pub(crate) fn short(&self) -> &str {
        self.user_name.split('@').next().unwrap_or(&self.user_name)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Role {
    pub(crate) account_id: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) id: String,
}

impl Role {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.account_id, self.path, self.name)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IamUser {
    pub(crate) account_id: String,
    pub(crate) name: String,
    pub(crate) id: String,
    /// The long-lived key.
    pub(crate) key: String,
}

impl IamUser {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:user/{}", self.account_id, self.name)
    }
}

impl Organisation {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, "organisation");
        let accounts = accounts(&mut random);
        let management_account_id = accounts[0].id.clone();
        let store = random.hex(10);
        Self {
            id: format!("o-{}", random.lower(10)),
            identity_store_account_id: management_account_id.clone(),
            management_account_id,
            identity_store_id: format!("d-{store}"),
            home_region: HOME_REGION.to_owned(),
            people: people(&mut random, &store),
            accounts,
            seed,
            instance: format!("ins-{}", random.hex(16)),
        }
    }

    /// The id of the account of that purpose; the management account for a purpose that nobody has.
    pub(crate) fn account(&self, name: &str) -> &str {
        let found = self.accounts.iter().find(|account| account.name == name);
        found.map_or(&self.management_account_id, |account| &account.id)
    }

    pub(crate) fn store_arn(&self) -> String {
        format!("arn:aws:identitystore::{}:identitystore/{}", self.identity_store_account_id, self.identity_store_id)
    }

    /// A role; the same one, id included, whenever it is asked for.
    pub(crate) fn role(&self, account_id: &str, path: &str, name: &str) -> Role {
        self.remade_role(account_id, path, name, 0)
    }

    /// The role of that name after it was deleted and made again `times` times: a new unique id each time.
    pub(crate) fn remade_role(&self, account_id: &str, path: &str, name: &str, times: u32) -> Role {
        let mut random = Random::new(self.seed, &format!("role {account_id} {path}{name} {times}"));
        Role {
            account_id: account_id.to_owned(),
            path: path.to_owned(),
            name: name.to_owned(),
            id: format!("AROA{}EXAMPLE", random.base32(10)),
        }
    }

    /// A role that is used once, with no id yet.
    pub(crate) fn bare_role(account_id: &str, path: &str, name: &str) -> Role {
        Role { account_id: account_id.to_owned(), path: path.to_owned(), name: name.to_owned(), id: String::new() }
    }

    /// The role that Identity Center made in the account for a permission set.
    pub(crate) fn permission_set_role(&self, account_id: &str, set: &str) -> Role {
        let mut random = Random::new(self.seed, &format!("set {account_id} {set}"));
        let name = format!("AWSReservedSSO_{set}_{}", random.hex(16));
        let path = format!("/aws-reserved/sso.amazonaws.com/{HOME_REGION}/");
        self.role(account_id, &path, &name)
    }

    pub(crate) fn iam_user(&self, account_id: &str, name: &str) -> IamUser {
        let mut random = Random::new(self.seed, &format!("user {account_id} {name}"));
        IamUser {
            account_id: account_id.to_owned(),
            name: name.to_owned(),
            id: format!("AIDA{}EXAMPLE", random.base32(10)),
            key: format!("AKIA{}EXAMPLE", random.base32(9)),
        }
    }
}

fn accounts(random: &mut Random) -> Vec<Account> {
    let mut accounts: Vec<Account> = Vec::new();
    while accounts.len() < ACCOUNTS.len() {
        let id: String = (0..3).map(|_| random.between(1, 9).to_string().repeat(4)).collect();
        if accounts.iter().all(|account| account.id != id) {
            let name = ACCOUNTS[accounts.len()].to_owned();
            accounts.push(Account { id, name });
        }
    }
    accounts
}

fn people(random: &mut Random, store: &str) -> Vec<Person> {
    let mut surnames = SURNAMES;
    random.shuffle(&mut surnames);
    surnames
        .iter()
        .enumerate()
        .map(|(place, (latin, kanji))| Person {
            // The last two are contractors of another company.
            user_name: if place < 22 { format!("{latin}@example.co.jp") } else { format!("{latin}.partner@example.com") },
            display_name: format!("{kanji} {}", random.pick(&GIVEN)),
            user_id: if place % 2 == 0 { random.uuid() } else { format!("{store}-{}", random.uuid()) },
            team: TEAMS[place % TEAMS.len()].to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Organisation;

    #[test]
    fn a_role_remade_under_its_name_has_a_new_id() {
        let organisation = Organisation::new(7);
        let account = organisation.account("tools");
        let first = organisation.role(account, "/", "Deploy");
        let second = organisation.remade_role(account, "/", "Deploy", 1);
        assert_eq!(first.arn(), second.arn());
        assert_ne!(first.id, second.id);
        assert_eq!(first, organisation.role(account, "/", "Deploy"));
    }
}
