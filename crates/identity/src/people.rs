//! Which identities are one person's, as the company itself says: a table of people in, the person of an identity out.
//!
//! It joins names for display and for questions, and nothing else: it raises no grade, and the identity that the evidence gives stays the
//! answer. An identity that two people claim is refused, since it would show one of them for the other.

use crate::actor::Actor;
use std::collections::{BTreeMap, BTreeSet};

/// People in a table, at most.
pub const PEOPLE_MAX: usize = 200_000;

/// What an identity of a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    SsoUser,
    SsoUserId,
    IamUser,
    SamlSubject,
}

/// Columns of the table that say identities.
const IDENTITIES: [(&str, Kind); 4] = [
    ("sso_user", Kind::SsoUser),
    ("identity_store_user_id", Kind::SsoUserId),
    ("iam_user_arn", Kind::IamUser),
    ("saml_subject", Kind::SamlSubject),
];

/// Columns that a table may have.
pub const COLUMNS: [&str; 8] =
    ["person", "email", "sso_user", "identity_store_user_id", "iam_user_arn", "saml_subject", "company", "left_on"];

/// Why a table is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadPeople {
    /// The first line names no column `person`, or one that is not known.
    Header(String),
    /// A row has more fields than the first line, no person, a day that is none, or a quote that does not end; the line, from 1.
    Row(usize),
    /// One identity under two people; the line of the second, from 1.
    TwoPeople(usize),
    /// More rows than [`PEOPLE_MAX`].
    TooMany,
}

impl std::fmt::Display for BadPeople {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(column) => write!(f, "its first line has to name the columns {}, of them person: {column:?}", COLUMNS.join(", ")),
            Self::Row(line) => write!(f, "line {line} is no row: a person, and no more fields than the first line names"),
            Self::TwoPeople(line) => write!(f, "line {line} gives an identity to a second person"),
            Self::TooMany => write!(f, "it has more than {PEOPLE_MAX} rows"),
        }
    }
}

/// People and their identities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    by_identity: BTreeMap<(Kind, String), String>,
    emails: BTreeMap<String, BTreeSet<String>>,
    people: BTreeMap<String, BTreeSet<(Kind, String)>>,
    companies: BTreeMap<String, String>,
    left_on: BTreeMap<String, String>,
}

impl People {
    /// Reads a table as CSV (RFC 4180), in UTF-8. A person may have several rows.
    ///
    /// # Errors
    /// Where it is no such table, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, BadPeople> {
        let mut rows = rows(text.strip_prefix('\u{feff}').unwrap_or(text));
        let (_, header) = rows.next().ok_or_else(|| BadPeople::Header(String::new()))?.map_err(BadPeople::Row)?;
        if let Some(other) = header.iter().find(|column| !COLUMNS.contains(&column.as_str())) {
            return Err(BadPeople::Header(other.clone()));
        }
        if !header.iter().any(|column| column == "person") {
            return Err(BadPeople::Header(header.join(",")));
        }
        let mut people = Self::default();
        for (count, row) in rows.enumerate() {
            if count >= PEOPLE_MAX {
                return Err(BadPeople::TooMany);
            }
            let (line, row) = row.map_err(BadPeople::Row)?;
            if row.iter().all(String::is_empty) {
                continue;
            }
            if row.len() > header.len() {
                return Err(BadPeople::Row(line));
            }
            people.add(&header, &row, line)?;
        }
        Ok(people)
    }

    fn add(&mut self, header: &[String], row: &[String], line: usize) -> Result<(), BadPeople> {
        let field = |name: &str| {
            let at = header.iter().position(|column| column == name)?;
            row.get(at).map(|value| value.trim()).filter(|value| !value.is_empty())
        };
        let person = field("person").ok_or(BadPeople::Row(line))?.to_owned();
        let identities = self.people.entry(person.clone()).or_default();
        for (column, kind) in IDENTITIES {
            let Some(value) = field(column) else { continue };
            let identity = (kind, value.to_owned());
            if self.by_identity.insert(identity.clone(), person.clone()).is_some_and(|held| held != person) {
                return Err(BadPeople::TwoPeople(line));
            }
            identities.insert(identity);
        }
        if let Some(company) = field("company") {
            self.companies.insert(person.clone(), company.to_owned());
        }
        if let Some(day) = field("left_on") {
            event::time::micros(&format!("{day}T00:00:00Z")).ok_or(BadPeople::Row(line))?;
            self.left_on.insert(person.clone(), day.to_owned());
        }
        if let Some(email) = field("email") {
            self.emails.entry(email.to_owned()).or_default().insert(person);
        }
        Ok(())
    }

    /// Whose identity an actor is. The id of an Identity Center user goes before the name, which may be given to another.
    pub fn person_of(&self, actor: &Actor) -> Option<&str> {
        match actor {
            Actor::SsoUser { user_name, user_id, .. } => self.person_of_sso(user_name.as_deref(), user_id.as_deref()),
            Actor::IamUser(arn) => self.person(Kind::IamUser, arn),
            Actor::SamlUser { subject, .. } => self.person(Kind::SamlSubject, subject),
            _ => None,
        }
    }

    fn person_of_sso(&self, user_name: Option<&str>, user_id: Option<&str>) -> Option<&str> {
        if let Some(person) = user_id.and_then(|id| self.person(Kind::SsoUserId, id)) {
            return Some(person);
        }
        let person = self.person(Kind::SsoUser, user_name?)?;
        // Where the table knows the person by other ids alone, the name is another's now.
        let ids = || self.people.get(person).into_iter().flatten().filter(|(kind, _)| *kind == Kind::SsoUserId);
        (user_id.is_none() || ids().next().is_none()).then_some(person)
    }

    fn person(&self, kind: Kind, id: &str) -> Option<&str> {
        self.by_identity.get(&(kind, id.to_owned())).map(String::as_str)
    }

    /// The other company that a person is of: a supplier's, or a contractor.
    pub fn company(&self, person: &str) -> Option<&str> {
        self.companies.get(person).map(String::as_str)
    }

    /// Whether anybody is of another company.
    pub fn has_companies(&self) -> bool {
        !self.companies.is_empty()
    }

    /// The day on which a person left the company, as `2026-03-31`.
    pub fn left_on(&self, person: &str) -> Option<&str> {
        self.left_on.get(person).map(String::as_str)
    }

    /// Everybody who left: the person, the day, and all identities.
    pub fn leavers(&self) -> impl Iterator<Item = (&str, &str, BTreeSet<&str>)> {
        let identities = |person: &String| self.people.get(person).into_iter().flatten().map(|(_, id)| id.as_str()).collect();
        self.left_on.iter().map(move |(person, day)| (person.as_str(), day.as_str(), identities(person)))
    }

    /// Every identity of a person, asked for by name or by e-mail address; nothing where that is nobody, or two.
    pub fn identities(&self, asked: &str) -> BTreeSet<&str> {
        let by_email = || self.emails.get(asked).filter(|people| people.len() == 1)?.first();
        let named = self.people.get(asked).or_else(|| self.people.get(by_email()?));
        named.into_iter().flatten().map(|(_, id)| id.as_str()).collect()
    }
}

/// Rows of a CSV text with the line on which each begins, from 1; a line where a quote does not end.
fn rows(text: &str) -> impl Iterator<Item = Result<(usize, Vec<String>), usize>> + '_ {
    let mut rest = text.chars().peekable();
    let mut line = 0;
    std::iter::from_fn(move || {
        rest.peek()?;
        line += 1;
        let (first, mut row, mut field, mut quoted) = (line, Vec::new(), String::new(), false);
        loop {
            match rest.next() {
                None if quoted => return Some(Err(first)),
                Some('"') if quoted && rest.peek() == Some(&'"') => {
                    rest.next();
                    field.push('"');
                }
                Some('"') => quoted = !quoted,
                Some(',') if !quoted => row.push(std::mem::take(&mut field)),
                None | Some('\n') if !quoted => {
                    row.push(field);
                    return Some(Ok((first, row)));
                }
                Some('\r') if !quoted && matches!(rest.peek(), None | Some('\n')) => {}
                Some(other) => {
                    line += usize::from(other == '\n');
                    field.push(other);
                }
                None => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "person,email,sso_user,identity_store_user_id,iam_user_arn,left_on,company\r\n\
        \"Sato, Hanako\",sato@example.co.jp,sato@example.co.jp,u-1,arn:aws:iam::111122223333:user/sato,\r\n\
        \"Sato, Hanako\",,hsato,,,\r\n\
        \r\n\
        \"Tanaka \"\"T\"\" Taro\",tanaka@example.co.jp,tanaka@example.co.jp,,,2026-03-31,Partner Inc.\n";

    fn sso(name: Option<&str>, id: Option<&str>) -> Actor {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Actor::SsoUser { user_name: text(name), user_id: text(id), identity_store_arn: None, account_id: None }
    }

    #[test]
    fn identities_of_one_person_are_joined() {
        let people = People::parse(TABLE).unwrap();
        let sato = Some("Sato, Hanako");
        for (actor, person) in [
            (sso(Some("sato@example.co.jp"), None), sato),
            (sso(Some("sato@example.co.jp"), Some("u-1")), sato),
            (sso(None, Some("u-1")), sato),
            (sso(Some("else"), Some("u-1")), sato),
            (sso(Some("hsato"), None), sato),
            // The name is somebody else's now.
            (sso(Some("sato@example.co.jp"), Some("u-2")), None),
            (sso(Some("tanaka@example.co.jp"), Some("u-9")), Some("Tanaka \"T\" Taro")),
            (Actor::IamUser("arn:aws:iam::111122223333:user/sato".into()), sato),
            (Actor::IamUser("arn:aws:iam::444455556666:user/sato".into()), None),
            (Actor::AwsService("sato@example.co.jp".into()), None),
        ] {
            assert_eq!(people.person_of(&actor), person, "{actor:?}");
        }
        let all: BTreeSet<&str> = ["arn:aws:iam::111122223333:user/sato", "hsato", "sato@example.co.jp", "u-1"].into();
        assert_eq!(people.identities("Sato, Hanako"), all);
        assert_eq!(people.identities("sato@example.co.jp"), all);
        assert_eq!(people.identities("u-1"), BTreeSet::new(), "an identity is not its person");
        let left: Vec<_> = people.leavers().collect();
        assert_eq!(left, [("Tanaka \"T\" Taro", "2026-03-31", ["tanaka@example.co.jp"].into())]);
        assert_eq!((people.left_on("Tanaka \"T\" Taro"), people.left_on("Sato, Hanako")), (Some("2026-03-31"), None));
        assert_eq!((people.company("Tanaka \"T\" Taro"), people.company("Sato, Hanako")), (Some("Partner Inc."), None));
        assert!(people.has_companies() && !People::default().has_companies());
    }

    #[test]
    fn subject_of_a_saml_provider_is_looked_up_as_one() {
        let people = People::parse("person,saml_subject\na,sato\n").unwrap();
        let actor = Actor::SamlUser { subject: "sato".into(), provider: "arn:aws:iam::111122223333:saml-provider/Corp".into() };
        assert_eq!(people.person_of(&actor), Some("a"));
    }

    #[test]
    fn fields_in_quotes_hold_what_they_hold() {
        let read = |text: &str| rows(text).collect::<Vec<_>>();
        let row = |line: usize, fields: &[&str]| Ok((line, fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>()));
        assert_eq!(read("a,b\r\nc,d"), [row(1, &["a", "b"]), row(2, &["c", "d"])]);
        assert_eq!(read("\"a,\r\nb\",c\nd\r"), [row(1, &["a,\r\nb", "c"]), row(3, &["d"])]);
        assert_eq!(read("a\rb,\"\"\"\"\n"), [row(1, &["a\rb", "\""])]);
        assert_eq!(read("a\n\"b\nc"), [row(1, &["a"]), Err(2)]);
        assert_eq!(read("\"a\r\""), [row(1, &["a\r"])]);
    }

    #[test]
    fn an_address_of_two_people_is_nobodys() {
        let people = People::parse("person,email,sso_user\na,ops@example.co.jp,x\nb,ops@example.co.jp,y\n").unwrap();
        assert_eq!(people.identities("ops@example.co.jp"), BTreeSet::new());
    }

    #[test]
    fn a_table_that_contradicts_itself_or_is_none_is_refused() {
        for (table, bad) in [
            ("", BadPeople::Header(String::new())),
            ("email,sso_user\n", BadPeople::Header("email,sso_user".into())),
            ("person,phone\n", BadPeople::Header("phone".into())),
            ("person,sso_user\na,x\nb,x\n", BadPeople::TwoPeople(3)),
            ("person,sso_user\n,x\n", BadPeople::Row(2)),
            ("person,sso_user\na,x,y\n", BadPeople::Row(2)),
            ("person,left_on\na,soon\n", BadPeople::Row(2)),
            ("person,sso_user\na,x\n\"b,x\n", BadPeople::Row(3)),
        ] {
            assert_eq!(People::parse(table), Err(bad), "{table:?}");
        }
        let many = format!("person\n{}", "a\n".repeat(PEOPLE_MAX + 1));
        assert_eq!(People::parse(&many), Err(BadPeople::TooMany));
        assert!(People::parse(&many[..many.len() - 2]).is_ok());
    }
}
