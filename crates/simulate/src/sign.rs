//! Signs simulated digests: text in, RSASSA-PKCS1-v1_5 with SHA-256 out, which is the same for the same text and key.

use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest as _, Sha256};

/// Keys that anybody may know, to be told apart by their place.
const EXAMPLE_KEYS: [&[u8]; 2] = [include_bytes!("../keys/first.pk8"), include_bytes!("../keys/second.pk8")];

/// An RSA key in the place of CloudTrail's.
pub struct Signer {
    pair: RsaKeyPair,
    fingerprint: String,
}

/// A key cannot be read, or cannot sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(String);

impl std::fmt::Display for KeyError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "cannot sign with the RSA key: {}", self.0)
    }
}

impl std::error::Error for KeyError {}

impl Signer {
    /// One of two fixed keys: the first, or for any other number the second, so that a change of keys can be simulated.
    ///
    /// # Errors
    /// None but by damage to the program.
    pub fn example(which: usize) -> Result<Self, KeyError> {
        let [first, second] = EXAMPLE_KEYS;
        Self::from_pkcs8(if which == 0 { first } else { second })
    }

    /// A key in PKCS #8, DER.
    ///
    /// # Errors
    /// [`KeyError`] for what is no RSA key of 2048 to 4096 bits.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|error| KeyError(error.to_string()))?;
        let mut fingerprint = hex(&Sha256::digest(pair.public_key().as_ref()));
        fingerprint.truncate(32);
        Ok(Self { pair, fingerprint })
    }

    /// Thirty-two hexadecimal digits, as `ListPublicKeys` names a key.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// `RSAPublicKey` of PKCS #1 in DER, as `ListPublicKeys` returns it.
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs.
    ///
    /// # Errors
    /// [`KeyError`] if the key is too damaged to sign.
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        // Randomness blinds the computation; the signature does not depend on it.
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
        signed.map_err(|error| KeyError(error.to_string()))?;
        Ok(signature)
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
