//! A command line in, the same with its secrets hidden out.
//!
//! Hides what is known to be secret by its place (`--password`, `Authorization:`, a URL's user) or by its own shape (keys and tokens of well-known
//! services). A secret that looks like any other word, in a place that is not known, is not found.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands for a secret.
pub const MASK: &str = "****";

/// Group 1 is kept, `s` is the secret, group `z` is kept.
const PATTERNS: &[&str] = &[
    // Private keys.
    r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<s>.*?)(?P<z>-----END|$)",
    // scheme://user:password@host
    r#"(?i)(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'"]*:)(?P<s>[^\s/@'"]+)(?P<z>@)"#,
    // Headers.
    r#"(?i)(\b(?:proxy-)?authorization\s*[:=]\s*(?:bearer|basic|token|digest)?\s*)(?P<s>[^\s'"]+)(?P<z>)"#,
    r#"(?i)(\b(?:x-api-key|api-key|x-auth-token|x-aws-ec2-metadata-token|x-amz-security-token|private-token|cookie)\s*:\s*)(?P<s>[^'"]+)(?P<z>)"#,
    // NAME=value, where the name says what it is.
    r#"(?i)((?:^|[\s;&|('"?])[a-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credential|client_?secret|pwd)[a-z0-9_]*\s*=\s*["']?)(?P<s>[^\s"'&;|]+)(?P<z>)"#,
    // --password value and --password=value; never a value that is another option.
    r#"(?i)(--?(?:[a-z0-9]+-)*(?:password|passwd|passphrase|secret|secret-string|token|api-?key|access-?key|private-?key|auth|client-secret|pass|session-token|secret-access-key)(?:\s+|=)["']?)(?P<s>[^\s"'-][^\s"']*)(?P<z>)"#,
    r#"(?i)("(?:password|passwd|secret|token|api_?key|secret_?access_?key|session_?token)"\s*:\s*")(?P<s>[^"]+)(?P<z>")"#,
    // mysql -pSECRET; sshpass -p SECRET; curl -u user:SECRET; docker login -p SECRET.
    r#"(\b(?:mysql|mysqldump|mysqladmin|mariadb|mysqlimport)\b[^|;&\n]*?\s-p["']?)(?P<s>[^\s"']+)(?P<z>)"#,
    r#"(\b(?:sshpass|docker\s+login|podman\s+login|az\s+login|helm\s+registry\s+login|redis-cli|ldapsearch|ldapmodify|smbclient|7z|unzip|zip)\b[^|;&\n]*?\s-(?:p|a|w|P)\s*["']?)(?P<s>[^\s"'-][^\s"']*)(?P<z>)"#,
    r#"(\b(?:curl|wget|http|https)\b[^|;&\n]*?\s(?:-u|--user|-a)[\s=]*["']?[^\s:"']+:)(?P<s>[^\s"']+)(?P<z>)"#,
    // echo SECRET | sudo -S, | passwd --stdin, | chpasswd, | docker login --password-stdin.
    r#"(\b(?:echo|printf)\s+(?:-[a-z]+\s+)*)(?P<s>'[^']*'|"[^"]*"|[^|;&]+?)(?P<z>\s*\|\s*(?:\S*/)?(?:sudo\s+(?:-\S+\s+)*-S|sudo\s+-S|passwd\b|(?:sudo\s+)?chpasswd\b|[^|;&]*--(?:password|passphrase)-(?:stdin|fd)|su\b))"#,
    r#"(\bconfigure\s+set\s+(?:[\w.-]*\.)?aws_(?:secret_access_key|session_token)\s+["']?)(?P<s>[^\s"']+)(?P<z>)"#,
    // By their own shape.
    r"(\b)(?P<s>gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abpors]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}|sk_(?:live|test)_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}|hvs\.[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})(?P<z>)",
    r"(\b)(?P<s>(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{40,})(?P<z>)",
    r"(?i)(x-amz-(?:signature|security-token|credential)=)(?P<s>[^\s&'\x22]+)(?P<z>)",
];

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| PATTERNS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// Letters of a secret that is hidden wherever it comes again, also inside a word; a shorter one only where it is a word.
const INSIDE_LETTERS_MIN: usize = 6;
/// Secrets of one session that are remembered; bytes of one.
const REMEMBERED_MAX: usize = 1_000;
const REMEMBERED_BYTES_MAX: usize = 4_096;

/// `line` with its secrets replaced by [`MASK`].
pub fn secrets(line: &str) -> Cow<'_, str> {
    hide(line, &mut |_| {})
}

/// Hides the secrets of one session: what was hidden in one text is hidden in those that follow it, wherever it stands there.
///
/// Give it a line before the words that the line was taken apart to: a word alone may not show what it is.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    /// Longest first, so that one that holds another is hidden whole.
    known: Vec<String>,
}

impl Masker {
    /// `text` without secrets.
    pub fn hide(&mut self, text: &str) -> String {
        let mut found = Vec::new();
        let masked = hide(text, &mut |secret| found.push(secret.trim_matches(['\'', '"']).to_owned())).into_owned();
        for secret in found {
            // A name of a variable is no secret; its value is not in the line.
            let is_value = secret.chars().count() > 1 && secret.len() <= REMEMBERED_BYTES_MAX && secret != MASK && !secret.starts_with('$');
            if is_value && !self.known.contains(&secret) && self.known.len() < REMEMBERED_MAX {
                self.known.push(secret);
                self.known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
            }
        }
        self.known.iter().fold(masked, |text, secret| {
            if !text.contains(secret.as_str()) {
                text
            } else if secret.chars().count() >= INSIDE_LETTERS_MIN {
                text.replace(secret.as_str(), MASK)
            } else {
                words_replaced(&text, secret)
            }
        })
    }
}

/// `text` with `word` replaced where nothing that could be a part of a longer word touches it.
fn words_replaced(text: &str, word: &str) -> String {
    let joins = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '/' | '.'));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let inside = joins(before.chars().next_back().or(out.chars().next_back())) || joins(after.chars().next());
        out.push_str(before);
        out.push_str(if inside { word } else { MASK });
        rest = after;
    }
    out + rest
}

fn hide<'l>(line: &'l str, found: &mut dyn FnMut(&str)) -> Cow<'l, str> {
    let mut masked = Cow::Borrowed(line);
    for pattern in COMPILED.iter() {
        if let Cow::Owned(changed) = pattern.replace_all(&masked, |hit: &Captures<'_>| {
            let part = |name: &str| hit.name(name).map_or("", |part| part.as_str());
            found(part("s"));
            format!("{}{MASK}{}", hit.get(1).map_or("", |part| part.as_str()), part("z"))
        }) {
            masked = Cow::Owned(changed);
        }
    }
    secret_access_keys(masked)
}

/// AWS secret access keys: 40 characters of base64 alone, with digits and both cases; a SHA-1 in hexadecimal, or a path, is none.
fn secret_access_keys(line: Cow<'_, str>) -> Cow<'_, str> {
    let is_key = |word: &str| {
        word.len() == 40
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
            && word.bytes().any(|byte| byte.is_ascii_uppercase())
            && word.bytes().any(|byte| byte.is_ascii_lowercase())
            && word.bytes().any(|byte| byte.is_ascii_digit())
            && !word.starts_with('/')
    };
    let outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/'));
    if !line.split(outside).any(is_key) {
        return line;
    }
    let mut masked = String::with_capacity(line.len());
    for piece in line.split_inclusive(outside) {
        let word = piece.trim_end_matches(outside);
        let rest = piece.get(word.len()..).unwrap_or_default();
        masked.push_str(if is_key(word) { MASK } else { word });
        masked.push_str(rest);
    }
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(COMPILED.len(), PATTERNS.len());
    }

    #[test]
    fn secrets_are_hidden() {
        for (line, secret) in [
            ("mysql -u root -pHunter2 app", "Hunter2"),
            ("mysqldump -h db -p'Hunter2' app", "Hunter2"),
            ("sshpass -p Hunter2 ssh web", "Hunter2"),
            ("curl -u admin:Hunter2 https://x/", "Hunter2"),
            ("curl https://admin:Hunter2@x/", "Hunter2"),
            ("psql postgres://app:Hunter2@db:5432/app", "Hunter2"),
            ("curl -H 'Authorization: Bearer abc.def.Hunter2' https://x", "abc.def.Hunter2"),
            ("curl -H \"X-Api-Key: Hunter2\" https://x", "Hunter2"),
            ("export AWS_SECRET_ACCESS_KEY=Hunter2", "Hunter2"),
            ("DB_PASSWORD='Hunter2' ./run", "Hunter2"),
            ("app --password Hunter2 --verbose", "Hunter2"),
            ("app --password=Hunter2", "Hunter2"),
            ("aws configure set aws_secret_access_key Hunter2", "Hunter2"),
            ("aws secretsmanager create-secret --name a --secret-string Hunter2", "Hunter2"),
            ("echo Hunter2 | sudo -S id", "Hunter2"),
            ("echo 'root:Hunter2' | chpasswd", "Hunter2"),
            ("echo Hunter2 | docker login --password-stdin x", "Hunter2"),
            ("echo wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("git clone https://ghp_0123456789abcdefghijABCDEFGHIJ012345@github.com/a/b", "ghp_0123456789abcdefghij"),
            ("echo eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdef", "eyJzdWIiOiIxMjM0In0"),
            ("echo '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----'", "MIIE"),
            ("curl 'https://b.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c&x=1'", "0a1b2c"),
            ("curl -d '{\"password\": \"Hunter2\"}' https://x", "Hunter2"),
        ] {
            let masked = secrets(line);
            assert!(!masked.contains(secret) && masked.contains(MASK), "{line} -> {masked}");
        }
    }

    #[test]
    fn other_words_stay() {
        for line in [
            "sudo systemctl restart nginx",
            "git checkout 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
            "ls -la /etc/passwd",
            "passwd alice",
            "mkdir -p /srv/app",
            "ssh -p 22 web",
            "cat /usr/share/doc/password-store/README",
            "echo hello | tee x",
            "curl https://example.com:8443/path@x",
        ] {
            assert_eq!(secrets(line), line);
        }
    }

    #[test]
    fn what_was_hidden_once_stays_hidden() {
        let mut masker = Masker::default();
        assert_eq!(masker.hide("echo 'hunter2!x' | sudo -S id"), "echo **** | sudo -S id");
        assert_eq!(masker.hide("echo hunter2!x"), "echo ****", "the word alone");
        assert_eq!(masker.hide("curl -H 'X: hunter2!x'"), "curl -H 'X: ****'");
        assert_eq!(masker.hide("echo ab | sudo -S cat"), "echo **** | sudo -S cat");
        assert_eq!(masker.hide("cat ab absent tab"), "cat **** absent tab", "a short one only as a word");
        assert_eq!(masker.hide("echo $PW | sudo -S id"), "echo **** | sudo -S id");
        assert_eq!(masker.hide("read $PW"), "read $PW");
    }
}
