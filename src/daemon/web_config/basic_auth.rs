//! HTTP basic authentication against bcrypt hashes. A verified password is remembered, because a check takes about 0.1 s of CPU.

use super::WebConfigFault;
use super::yaml::Located;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The users; without any, no authentication is required.
#[derive(Default)]
pub(in crate::daemon) struct BasicAuthUsers {
    hashes: BTreeMap<String, String>,
    /// The hash that unknown names are checked against: as costly as the real ones, so that the time tells nothing.
    decoy: String,
    remembered: Arc<Remembered>,
}

/// The digest of the last verified password of each user.
type Remembered = Mutex<BTreeMap<String, hmac::Tag>>;

impl BasicAuthUsers {
    /// Reads names and hashes.
    pub(super) fn parse(entries: Vec<(String, Located<String>)>) -> Result<Self, WebConfigFault> {
        let mut hashes = BTreeMap::new();
        let mut cost = 0;
        for (name, hash) in entries {
            cost = cost.max(parse_cost(&hash)?);
            hashes.insert(name, hash.value);
        }
        Ok(Self { hashes, decoy: format!("$2y${cost:02}${DECOY}"), remembered: Arc::default() })
    }

    /// Whether no authentication is required.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Takes over what was remembered of users whose hash is the same.
    pub(super) fn keep_remembered(&self, old: &Self) {
        let is_same = |name: &String| old.hashes.get(name).is_some_and(|hash| self.hashes.get(name) == Some(hash));
        let mut kept = lock(&old.remembered).clone();
        kept.retain(|name, _| is_same(name));
        lock(&self.remembered).append(&mut kept);
    }

    /// Whether the value of an `Authorization` header lets the request pass.
    pub(in crate::daemon) async fn authenticate(&self, authorization: Option<&[u8]>) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some((name, password)) = authorization.and_then(parse_basic) else { return false };
        let known = self.hashes.get(&name);
        let credentials = credentials(&name, known.map_or("", String::as_str), &password);
        if self.is_remembered(&name, &credentials) {
            return true;
        }
        let permits = if known.is_some() { &KNOWN_NAMES } else { &OTHER_NAMES };
        let permit = permits.acquire().await;
        // requests with the same password that came at the same time need one check
        if self.is_remembered(&name, &credentials) {
            return true;
        }
        let (hash, is_known) = (known.unwrap_or(&self.decoy).clone(), known.is_some());
        let remembered = self.remembered.clone();
        let check = tokio::task::spawn_blocking(move || {
            // a client that disconnects does not free the permit before the check ends, and a good password is remembered even then
            let _held = permit;
            let is_good = bcrypt::verify(password, &hash).unwrap_or(false) && is_known;
            if is_good {
                lock(&remembered).insert(name, hmac::sign(&KEY, &credentials));
            }
            is_good
        });
        check.await.unwrap_or(false)
    }

    fn is_remembered(&self, name: &str, credentials: &[u8]) -> bool {
        // compared in constant time
        lock(&self.remembered).get(name).is_some_and(|tag| hmac::verify(&KEY, credentials, tag.as_ref()).is_ok())
    }
}

fn lock(remembered: &Remembered) -> MutexGuard<'_, BTreeMap<String, hmac::Tag>> {
    remembered.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names only, never a hash.
impl fmt::Debug for BasicAuthUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

/// Joins name, hash and password, each with its length.
fn credentials(name: &str, hash: &str, password: &[u8]) -> Vec<u8> {
    let parts = [name.as_bytes(), hash.as_bytes(), password];
    parts.map(|part| [&part.len().to_be_bytes(), part].concat()).concat()
}

/// Returns the cost of a bcrypt hash.
fn parse_cost(hash: &Located<String>) -> Result<u32, WebConfigFault> {
    let has_prefix = ["$2a$", "$2b$", "$2y$"].iter().any(|version| hash.value.starts_with(version));
    let parts = bcrypt::HashParts::from_str(&hash.value).ok().filter(|_| has_prefix);
    let cost = parts.map(|parts| parts.get_cost()).ok_or_else(|| {
        hash.fault("invalid password hash: expected bcrypt, e.g. what `htpasswd -nBC 10 NAME` prints after the name (`$2y$10$…`)")
    })?;
    if (MIN_COST..=MAX_COST).contains(&cost) {
        return Ok(cost);
    }
    Err(hash.fault(format!(
        "invalid bcrypt cost {cost}: expected {MIN_COST} to {MAX_COST}; a higher one takes many seconds a check"
    )))
}

/// Parses name and password of the basic scheme (RFC 7617).
fn parse_basic(header: &[u8]) -> Option<(String, Vec<u8>)> {
    let (scheme, credentials) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(credentials.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some((String::from_utf8(decoded[..colon].to_vec()).ok()?, decoded[colon + 1..].to_vec()))
}

/// A key of this process, so that the digests are of no use elsewhere.
static KEY: LazyLock<hmac::Key> = LazyLock::new(|| {
    let random = aws_lc_rs::rand::SystemRandom::new();
    hmac::Key::generate(hmac::HMAC_SHA256, &random).expect("the kernel has random numbers")
});

/// One check at a time for names that exist, and one for all others: guessed names delay no user, and checks take two threads at most.
static KNOWN_NAMES: Semaphore = Semaphore::const_new(1);
static OTHER_NAMES: Semaphore = Semaphore::const_new(1);
const MIN_COST: u32 = 4;
const MAX_COST: u32 = 16;
/// Salt and hash of an arbitrary password.
const DECOY: &str = "kYXIsN5vQ0IT2pfOaWNSGedTMsxA7L69032LZ7vawqmgYem42xr8C";
