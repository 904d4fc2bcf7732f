//! A field of a record in, its text without secrets out.
//!
//! What stands at a known place of a secret, or is plainly one, is replaced by a keyed hash: two records with the same secret still
//! show that they share it, and nobody without the key can try guesses. The object and place of every record are kept, so
//! that those who may read the source can fetch the original.

use crate::json::Json;
use hmac::{Hmac, KeyInit as _, Mac as _};
use memchr::memmem::Finder;
use sha2::Sha256;
use std::borrow::Cow;
use std::sync::LazyLock;

/// The key that turns secrets into hashes; one per installation, never stored beside the data.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey")
    }
}

impl HashKey {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        // A key is filled up with zeroes to the length of a block (RFC 2104, section 2).
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = from;
        }
        Self(Hmac::new(&block.into()))
    }

    /// Appends the hash of a secret, as a JSON string.
    fn hash(&self, secret: &str, out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
        out.push_str("\"hmac-sha256:");
        let mut mac = self.0.clone();
        mac.update(secret.as_bytes());
        for byte in mac.finalize().into_bytes().iter().take(16) {
            out.push(digit(byte >> 4));
            out.push(digit(byte & 0xf));
        }
        out.push('"');
    }
}

/// The text of `field`, with every secret in it replaced.
pub fn without_secrets<'a>(field: Json<'_, 'a>, key: &HashKey) -> Cow<'a, str> {
    let raw = field.raw();
    if field.has_plain_names() && !field.strings_above(PLAINLY_SECRET_ABOVE as u32).any(|(text, escaped)| escaped || may_be_secret(text)) {
        return Cow::Borrowed(raw);
    }
    let mut found = Vec::new();
    search(field, Place::Plain, &mut found);
    if found.is_empty() {
        return Cow::Borrowed(raw);
    }
    let base = if field.is_string() { field.range().start - 1 } else { field.range().start };
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    for (secret, range) in found {
        out.push_str(raw.get(at..range.start - base).unwrap_or(""));
        key.hash(&secret, &mut out);
        at = range.end - base;
    }
    out.push_str(raw.get(at..).unwrap_or(""));
    Cow::Owned(out)
}

/// What the place of a value says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Plain,
    /// The value is a secret.
    Secret,
    /// A map or list of environment variables: names are kept, values are secrets.
    Environment,
}

fn search(value: Json<'_, '_>, place: Place, found: &mut Vec<(String, std::ops::Range<usize>)>) {
    if place == Place::Plain {
        let mut values = value.all();
        while let Some((name, value)) = values.next() {
            let inside = name.map_or(Place::Plain, |name| name.secrecy.inside(Place::Plain));
            if inside != Place::Plain {
                search(value, inside, found);
                values.pass_over(value);
            } else if value.is_string() && value.range().len() > PLAINLY_SECRET_ABOVE {
                judge(value, place, found);
            }
        }
    } else if value.is_object() {
        for member in value.members() {
            search(member.value(), member.traits.secrecy.inside(place), found);
        }
    } else if value.is_array() {
        for item in value.items() {
            search(item, place, found);
        }
    } else {
        judge(value, place, found);
    }
}

fn judge(value: Json<'_, '_>, place: Place, found: &mut Vec<(String, std::ops::Range<usize>)>) {
    if let Some(text) = value.text()
        && !text.is_empty()
        && !is_hidden_already(&text)
        && (place != Place::Plain || is_plainly_secret(&text))
    {
        let range = value.range();
        found.push((text.into_owned(), range.start - 1..range.end + 1));
    }
}

/// What a name makes of the place under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secrecy {
    plainly: Place,
    in_environment: Place,
}

impl Secrecy {
    pub(crate) fn of(name: &str) -> Self {
        Self { plainly: place_of(name, Place::Plain), in_environment: place_of(name, Place::Environment) }
    }

    /// Whether the name says nothing, wherever it stands outside an environment.
    pub(crate) fn is_plain(self) -> bool {
        self.plainly == Place::Plain
    }

    fn inside(self, outer: Place) -> Place {
        match outer {
            Place::Plain => self.plainly,
            Place::Environment => self.in_environment,
            Place::Secret => Place::Secret,
        }
    }
}

fn place_of(name: &str, outer: Place) -> Place {
    if outer == Place::Secret {
        return Place::Secret;
    }
    if outer == Place::Environment {
        // Lists of {name, value, type} keep their names and types; maps of name to value have values only.
        return if matches!(name, "name" | "Name" | "type" | "Type" | "key" | "Key") {
            Place::Plain
        } else if name == "variables" || name == "Variables" {
            Place::Environment
        } else {
            Place::Secret
        };
    }
    let is = |word: &str| word.eq_ignore_ascii_case(name);
    // By length first: nearly every name of a record is told apart by it alone.
    let secret = match name.len() {
        7 => is("idToken"),
        8 => is("password") || is("userData"),
        9 => is("authToken") || is("plaintext") || is("signedUrl"),
        10 => is("deviceCode") || is("privateKey") || is("externalId") || is("tokenValue"),
        11 => is("accessToken") || is("newPassword") || is("oldPassword"),
        12 => {
            is("clientSecret")
                || is("sessionToken")
                || is("secretBinary")
                || is("secretString")
                || is("preSharedKey")
                || is("refreshToken")
                || is("userPassword")
        }
        13 => is("authParameter") || is("code_verifier") || is("samlAssertion"),
        15 => is("secretAccessKey"),
        16 => is("webIdentityToken"),
        17 => is("authorizationCode") || is("temporaryPassword"),
        18 => is("masterUserPassword"),
        19 => is("privateKeyPlaintext"),
        _ => false,
    };
    let environment = match name.len() {
        11 => is("environment"),
        20 => is("environmentVariables"),
        28 => is("environmentVariablesOverride"),
        _ => false,
    };
    if secret {
        Place::Secret
    } else if environment {
        Place::Environment
    } else {
        Place::Plain
    }
}

/// AWS has taken the value out already; its word for that is kept.
fn is_hidden_already(text: &str) -> bool {
    text == "HIDDEN_DUE_TO_SECURITY_REASONS"
        || text == "<sensitiveDataRemoved>"
        || text.starts_with("Value hidden")
        || text.bytes().all(|byte| byte == b'*')
}

/// Bytes that a text is longer than if it is secret by its looks; its escapes only make it longer.
const PLAINLY_SECRET_ABOVE: usize = 40;

/// Whether a text could be one of those that [`is_plainly_secret`] tells: each of them begins so, or has one of these bytes.
fn may_be_secret(text: &str) -> bool {
    text.starts_with("eyJ") || memchr::memchr2(b'X', b' ', text.as_bytes()).is_some()
}

/// Tokens, keys and signed addresses that carry their power with them, wherever they stand.
fn is_plainly_secret(text: &str) -> bool {
    static SIGNED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("X-Amz-S"));
    static PEM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-----BEGIN "));
    let bytes = text.as_bytes();
    bytes.len() > PLAINLY_SECRET_ABOVE
        && (SIGNED.find(bytes).is_some() && (text.contains("X-Amz-Signature=") || text.contains("X-Amz-Security-Token="))
            || PEM.find(bytes).is_some() && text.contains("PRIVATE KEY")
            || text.starts_with("eyJ") && text.split('.').count() == 3 && !text.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    fn clean(text: &str) -> String {
        let mut tape = Tape::default();
        tape.read(text.as_bytes(), 0, text.len()).unwrap();
        without_secrets(tape.root(text).unwrap(), &HashKey::new([7; 32])).into_owned()
    }

    #[test]
    fn secrets_are_hashed_and_the_rest_stays_as_it_was() {
        for (text, canary) in [
            (r#"{"credentials":{"accessKeyId":"ASIA1","sessionToken":"CANARY-1","expiration":"Oct 8, 2024"}}"#, "CANARY-1"),
            (r#"{"environment":{"variables":{"DB":"CANARY-2"}},"functionName":"f"}"#, "CANARY-2"),
            (r#"{"containerDefinitions":[{"environment":[{"name":"DB","value":"CANARY-3"}]}]}"#, "CANARY-3"),
            (r#"{"environmentVariablesOverride":[{"name":"DB","value":"CANARY-4","type":"PLAINTEXT"}]}"#, "CANARY-4"),
            (r#"{"userData":"CANARY-5","instanceId":"i-1"}"#, "CANARY-5"),
            (r#"{"x":{"url":"https://b.s3.amazonaws.com/k?X-Amz-Security-Token=CANARY-6&X-Amz-Signature=0"}}"#, "CANARY-6"),
            (r#"{"certificate":"-----BEGIN RSA PRIVATE KEY-----\nCANARY-7\n-----END RSA PRIVATE KEY-----"}"#, "CANARY-7"),
            (r#"{"externalId":"CANARY-8"}"#, "CANARY-8"),
        ] {
            let cleaned = clean(text);
            assert!(!cleaned.contains(canary), "{cleaned}");
            assert!(cleaned.contains("hmac-sha256:"), "{cleaned}");
            let mut tape = Tape::default();
            assert!(tape.read(cleaned.as_bytes(), 0, usize::MAX).is_ok(), "{cleaned}");
        }
        assert!(clean(r#"{"environmentVariablesOverride":[{"name":"DB","value":"x","type":"PLAINTEXT"}]}"#).contains("PLAINTEXT"));
    }

    #[test]
    fn what_is_no_secret_is_kept_byte_for_byte() {
        for text in [
            r#"{"a":"é","passwordResetRequired":true, "n": 1e999}"#,
            r#"{"password":"HIDDEN_DUE_TO_SECURITY_REASONS","userData":"<sensitiveDataRemoved>"}"#,
            r#""null""#,
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn what_may_be_a_secret_is_looked_at_wherever_it_stands() {
        let jwt = format!("eyJ{}.eyJ{}.{}", "a".repeat(30), "b".repeat(9), "c".repeat(9));
        let url = format!("https://b.s3.amazonaws.com/{}?X-Amz-Signature=0", "k".repeat(30));
        let pem = format!("-----BEGIN PRIVATE KEY-----{}", "A".repeat(30));
        for secret in [jwt, url, pem] {
            for text in [format!(r#""{secret}""#), format!(r#"["plain","{secret}"]"#), format!(r#"{{"a":{{"b":[{{"c":"{secret}"}}]}}}}"#)] {
                assert!(clean(&text).contains("hmac-sha256:"), "{text}");
                assert_eq!(clean(&text), clean(&text.replacen('-', "\\u002d", 1)).replacen("\\u002d", "-", 1), "escaped, too");
            }
        }
    }

    #[test]
    fn same_secret_gives_the_same_hash_under_one_key_only() {
        assert_eq!(clean(r#"{"password":"a"}"#), clean(r#"{"password":"a"}"#));
        assert_ne!(clean(r#"{"password":"a"}"#), clean(r#"{"password":"b"}"#));
    }
}
