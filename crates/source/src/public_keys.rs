//! CloudTrail's public keys, from `ListPublicKeys`: a region and a time in, the keys that were valid then out.
//!
//! Never judges a key: whose they are is for TLS and the endpoint to say.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::Region;

use crate::aws_time::{micros, of_micros};
use crate::connect::config;
use crate::fault::{Cause, classify};
use crate::{Error, Options, Result};

/// Pages of keys of one region and time, at most. A page of some keys lasts years: CloudTrail has one or two a region at a time.
pub const KEY_PAGES_MAX: usize = 100;

/// A public key as CloudTrail gives it. Times are in microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// By which digests name it.
    pub fingerprint: String,
    /// `RSAPublicKey` of PKCS #1, in DER.
    pub der: Vec<u8>,
    /// `ValidityStartTime`.
    pub valid_from: i64,
    /// `ValidityEndTime`.
    pub valid_until: i64,
}

/// Asks a region's CloudTrail for all keys that were valid at some time from `from` until `until` (microseconds since 1970).
///
/// # Errors
/// As of every request to AWS; [`Error::List`] for an answer that lacks something or does not end.
pub async fn list_public_keys(aws_region: &str, from: i64, until: i64, options: &Options) -> Result<Vec<ListedKey>> {
    let shared = config(&Options { region: Some(aws_region.to_owned()), ..options.clone() }).await;
    let client = Client::from_conf(aws_sdk_cloudtrail::config::Builder::from(&shared).region(Region::new(aws_region.to_owned())).build());
    list_public_keys_by(&client, aws_region, from, until, options.profile.as_deref()).await
}

/// As [`list_public_keys`], with a client of the caller's, whose retries and timeouts stay as they are.
///
/// # Errors
/// As [`list_public_keys`].
pub async fn list_public_keys_by(
    client: &Client,
    aws_region: &str,
    from: i64,
    until: i64,
    profile: Option<&str>,
) -> Result<Vec<ListedKey>> {
    let what = format!("the public keys of CloudTrail in {aws_region}");
    let broken = |why: &'static str| Error::List { what: what.clone(), source: Cause::boxed(why) };
    let (mut keys, mut token) = (Vec::new(), None);
    for _ in 0..KEY_PAGES_MAX {
        let request = client.list_public_keys().start_time(of_micros(from)).end_time(of_micros(until)).set_next_token(token.take());
        let page = request.send().await.map_err(|error| classify(&error, &what, profile, |what, source| Error::List { what, source }))?;
        for key in page.public_key_list() {
            let parts = (key.fingerprint(), key.value(), key.validity_start_time(), key.validity_end_time());
            let (Some(fingerprint), Some(der), Some(start), Some(end)) = parts else { return Err(broken("a key lacks a part")) };
            keys.push(ListedKey {
                fingerprint: fingerprint.to_owned(),
                der: der.as_ref().to_vec(),
                valid_from: micros(start).ok_or_else(|| broken("a key's time is out of range"))?,
                valid_until: micros(end).ok_or_else(|| broken("a key's time is out of range"))?,
            });
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(keys);
        }
    }
    Err(broken("the answer does not end"))
}
