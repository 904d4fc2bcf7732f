//! A key and a value in, whether the value may be a name that somebody asks for out.
//!
//! For the services that the table does not know and the fields that it leaves out: better a key too many, marked as found by its looks,
//! than a change that no question finds. Never lets a secret through.

use super::table;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Longest key that is looked at; of a longer one its end, which holds the word that matters.
pub(crate) const KEY_MAX: usize = 48;

/// A key's end in lower case.
pub(crate) struct Lower {
    bytes: [u8; KEY_MAX],
    len: usize,
}

impl Lower {
    pub(crate) fn of(key: &str) -> Lower {
        let key = key.as_bytes();
        let tail = key.get(key.len().saturating_sub(KEY_MAX)..).unwrap_or(key);
        let mut bytes = [0; KEY_MAX];
        for (to, from) in bytes.iter_mut().zip(tail) {
            *to = from.to_ascii_lowercase();
        }
        Lower { bytes, len: tail.len() }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// What a key promises, wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks {
    /// What stands under it is a secret or bears one.
    pub(crate) secret: bool,
    /// It is what a set, a list's element or an XML element's text is called.
    pub(crate) transparent: bool,
    /// It is `content`, which is transparent above a string only.
    pub(crate) content: bool,
    /// It is around all fields of a call that was XML.
    pub(crate) wrapper: bool,
    /// It ends in `input`.
    pub(crate) input: bool,
    /// Its last word promises a name, but it is none of a resource.
    pub(crate) noise: bool,
    /// It ends in `arn`.
    pub(crate) arn: bool,
    /// It names an account that may own what stands beside it.
    pub(crate) owner: bool,
    /// Its last word.
    pub(crate) word: Option<Word>,
    /// Its last word where it is a list's.
    pub(crate) word_of_list: Option<Word>,
    /// Its number among the keys of the table's rows, and that of its singular; 0 for none.
    pub(crate) row_keys: [u16; 2],
}

impl Looks {
    pub(crate) fn of(name: &str) -> Self {
        let lower = Lower::of(name);
        let key = lower.as_bytes();
        Self {
            secret: is_secret_key(key),
            transparent: is_transparent(key),
            content: key == b"content",
            wrapper: is_wrapper(key),
            input: key.ends_with(b"input"),
            noise: is_noise_key(key),
            arn: key.ends_with(b"arn"),
            owner: matches!(key, b"ownerid" | b"groupownerid" | b"vpcownerid" | b"userid"),
            word: last_word(name, key, false),
            word_of_list: last_word(name, key, true),
            row_keys: table::row_keys(key),
        }
    }
}

/// Whether a value under this key is a secret or a bearer of one, itself or anything in it.
pub(crate) fn is_secret_key(key: &[u8]) -> bool {
    let key = key.strip_suffix(b"s").unwrap_or(key);
    // By its last letter, so that most keys are done with one look.
    match key.last() {
        Some(b'd') => key.ends_with(b"password"),
        Some(b'n') => key.ends_with(b"token") || key.ends_with(b"assertion") || key == b"authorization",
        Some(b'e') => key.ends_with(b"tokenvalue") || matches!(key, b"code" | b"devicecode" | b"authorizationcode"),
        Some(b'y') => {
            key.ends_with(b"secretaccesskey") || key.ends_with(b"secretbinary") || key.ends_with(b"privatekey") || key == b"secretkey"
        }
        Some(b't') => key.ends_with(b"clientsecret") || key.ends_with(b"plaintext"),
        Some(b'g') => key == b"secretstring",
        Some(b'a') => key == b"userdata",
        Some(b'l') => {
            key == b"keymaterial"
                // An URL that lets in whoever has it.
                || matches!(key, b"presignedurl" | b"signedurl" | b"streamurl" | b"uploadurl" | b"downloadurl" | b"authorizedurl" | b"loginurl" | b"signinurl")
        }
        Some(b'b') => key == b"ciphertextblob",
        _ => false,
    }
}

/// Whether a value has been taken out by the service that wrote the record.
pub(crate) fn is_hidden(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'H') => text.starts_with("HIDDEN_DUE_TO_SECURITY_REASONS"),
        Some(b'*') => text.starts_with("***") || text.bytes().all(|byte| byte == b'*'),
        Some(b'<') => text.eq_ignore_ascii_case("<sensitiveDataRemoved>") || text.eq_ignore_ascii_case("<redacted>"),
        Some(b'V') => text.starts_with("Value hidden due to security reasons"),
        _ => false,
    }
}

/// The last word of a key, where it promises a name or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// `Name`
    Name,
    /// `Id`, `Identifier`
    Id,
    /// `Arn`
    Arn,
    /// `Url`
    Url,
}

const WORDS: &[(&[u8], Word)] =
    &[(b"name", Word::Name), (b"identifier", Word::Id), (b"id", Word::Id), (b"arn", Word::Arn), (b"url", Word::Url)];

/// The last word of `raw` (its end in lower case is `key`): `bucketName` ends in one, `paid` does not. Lists end in a plural.
pub(crate) fn last_word(raw: &str, key: &[u8], listed: bool) -> Option<Word> {
    let (key, cut) = match key.strip_suffix(b"s") {
        Some(singular) if listed => (singular, 1),
        _ => (key, 0),
    };
    if !matches!(key.last(), Some(b'e' | b'r' | b'd' | b'n' | b'l')) {
        return None;
    }
    WORDS.iter().find_map(|&(word, kind)| {
        let starts = raw.len().checked_sub(word.len() + cut)?;
        let raw = raw.as_bytes();
        let begins = |at: usize| raw.get(at).is_some_and(u8::is_ascii_uppercase);
        let word_begins = starts == 0
            || begins(starts)
            || raw.get(starts - 1).is_some_and(|byte| !byte.is_ascii_alphanumeric())
            // Written as one word in some services.
            || matches!(key, b"username" | b"domainname" | b"hostname" | b"filename");
        (key.ends_with(word) && word_begins).then_some(kind)
    })
}

/// Whether what stands under this key is no name of a resource, although the key's last word promises one.
pub(crate) fn is_noise_key(key: &[u8]) -> bool {
    key.ends_with(b"requestid")
        || key.ends_with(b"request-id")
        || key.ends_with(b"tokenid")
        || key.ends_with(b"availabilityzoneid")
        || key.ends_with(b"availabilityzonename")
        || key.ends_with(b"accountid")
        || key.ends_with(b"ownerid")
        || key.ends_with(b"regionname")
        || key.ends_with(b"versionid")
        || key.ends_with(b"attributename")
        || key.ends_with(b"devicename")
        || key.ends_with(b"typename")
        || key.ends_with(b"enginename")
        || key.ends_with(b"agentname")
        || key.ends_with(b"platformname")
        || key.ends_with(b"eventname")
        || key.ends_with(b"parametername")
        || matches!(
            key,
            b"revisionid"
                | b"requesterid"
                | b"rolesessionname"
                | b"externalid"
                | b"callerid"
                | b"canonicalid"
                | b"actionname"
                | b"statusname"
                | b"protocolname"
                | b"correlationid"
                | b"traceid"
                | b"locationname"
                | b"metricname"
        )
}

/// Whether a value is a number, a boolean, an account or a moment rather than a name.
pub(crate) fn is_noise_value(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'/'))
        || text.eq_ignore_ascii_case("true")
        || text.eq_ignore_ascii_case("false")
        || is_moment(text)
}

fn is_moment(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && bytes.get(7) == Some(&b'-')
        && digits(8..10)
        && bytes.get(10) == Some(&b'T')
}

/// ARNs inside a longer text, such as `SecretDeleteMessage:arn:…`: a few, and none of a policy document's, which only lists them.
pub(crate) fn arns_in(text: &str) -> impl Iterator<Item = &str> {
    static ARN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("arn:aws"));
    let plain = text.len() >= 20 && !text.starts_with(['{', '[', '%']);
    let mut rest = if plain { text } else { "" };
    std::iter::from_fn(move || {
        let at = ARN.find(rest.as_bytes())?;
        let found = rest.get(at..)?;
        let end = found
            .find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ',' | ')' | ']' | '}' | '<' | '>' | ';' | '|'))
            .unwrap_or(found.len());
        rest = found.get(end..)?;
        found.get(..end)
    })
    .take(8)
}

/// Whether this is what a set, a list or an XML element calls what is in it.
pub(crate) fn is_transparent(key: &[u8]) -> bool {
    matches!(key, b"items" | b"item" | b"member" | b"content")
}

/// Whether this is around all fields of a call that was XML: `CreateNatGatewayRequest`, `DeleteNatGatewayResponse`, `DelTGwVpcAttachReq`.
pub(crate) fn is_wrapper(key: &[u8]) -> bool {
    key.ends_with(b"request") || key.ends_with(b"response") || key.ends_with(b"req")
}

/// The key less its last word; of what is only such a word, nothing.
pub(crate) fn stem_of(key: &str) -> &str {
    let key = singular_of(key);
    let ends =
        |word: &str| key.len().checked_sub(word.len()).filter(|&at| key.get(at..).is_some_and(|tail| tail.eq_ignore_ascii_case(word)));
    ["name", "identifier", "id"].into_iter().find_map(ends).and_then(|at| key.get(..at)).unwrap_or("")
}

/// Without the `s` of a list's key.
pub(crate) fn singular_of(key: &str) -> &str {
    key.strip_suffix('s').unwrap_or(key)
}
