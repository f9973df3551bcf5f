//! Who may ask? Names with passwords that are kept as bcrypt hashes; a good password is remembered, so that not every scrape costs a tenth of a second.

use super::Fault;
use super::yaml::At;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr as _;
use std::sync::{LazyLock, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The users; without any, everybody may ask.
#[derive(Default)]
pub(in crate::daemon::web) struct Users {
    hashes: BTreeMap<String, String>,
    /// For names that nobody has: as costly as the real ones, so that the time tells nothing.
    decoy: String,
    /// The digest of the last good password of each user.
    seen: Mutex<BTreeMap<String, hmac::Tag>>,
}

/// What comes of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::daemon::web) enum Verdict {
    /// The client may go on.
    Welcome,
    /// Name or password is missing or wrong.
    Stranger,
    /// Too many passwords are being checked.
    Busy,
}

impl Users {
    /// Reads names and hashes.
    pub(super) fn parse(entries: Vec<(String, At<String>)>) -> Result<Self, Fault> {
        let mut hashes = BTreeMap::new();
        let mut cost = 0;
        for (name, hash) in entries {
            let parts = bcrypt::HashParts::from_str(&hash.value).ok();
            let parts =
                parts.filter(|_| ["$2a$", "$2b$", "$2y$"].iter().any(|version| hash.value.starts_with(version)));
            let parts = parts.ok_or_else(|| {
                hash.fault("a password is kept as a bcrypt hash, which `htpasswd -nBC 10 NAME` prints and which begins with `$2y$`")
            })?;
            if !(LEAST_COST..=MOST_COST).contains(&parts.get_cost()) {
                let message =
                    format!("the cost of a bcrypt hash is {LEAST_COST} to {MOST_COST}; more would take many seconds");
                return Err(hash.fault(message));
            }
            cost = cost.max(parts.get_cost());
            hashes.insert(name, hash.value);
        }
        Ok(Self { hashes, decoy: format!("$2y${cost:02}${DECOY}"), seen: Mutex::default() })
    }

    /// Whether everybody may ask.
    pub(in crate::daemon::web) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Judges the value of an `Authorization` header.
    pub(in crate::daemon::web) async fn judge(&self, authorization: Option<&[u8]>) -> Verdict {
        if self.is_empty() {
            return Verdict::Welcome;
        }
        let Some((name, password)) = authorization.and_then(basic) else { return Verdict::Stranger };
        let hash = self.hashes.get(&name);
        let parts = [name.as_bytes(), hash.map_or("", String::as_str).as_bytes(), &password];
        let credentials = parts.map(|part| [&part.len().to_be_bytes(), part].concat()).concat();
        let is_seen = |seen: &BTreeMap<String, hmac::Tag>| {
            // compared in constant time
            seen.get(&name).is_some_and(|tag| hmac::verify(&KEY, &credentials, tag.as_ref()).is_ok())
        };
        if hash.is_some() && is_seen(&self.seen.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Verdict::Welcome;
        }
        let Ok(place) = WAITING.try_acquire() else { return Verdict::Busy };
        let (turn, known) = (CHECKING.acquire().await, hash.is_some());
        let hash = hash.unwrap_or(&self.decoy).clone();
        let check = tokio::task::spawn_blocking(move || {
            // a client that goes away meanwhile does not free its place before the work is done
            let _held = (place, turn);
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        if check.await.unwrap_or(false) && known {
            let digest = hmac::sign(&KEY, &credentials);
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name, digest);
            return Verdict::Welcome;
        }
        Verdict::Stranger
    }
}

/// Names only, never a hash.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

/// Name and password of the basic scheme (RFC 7617).
fn basic(header: &[u8]) -> Option<(String, Vec<u8>)> {
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

/// One password is checked at a time: strangers cost no more than one thread.
static CHECKING: Semaphore = Semaphore::const_new(1);
/// Passwords that wait for their check, beyond which a client is told to come again.
static WAITING: Semaphore = Semaphore::const_new(16);
const LEAST_COST: u32 = 4;
const MOST_COST: u32 = 16;
/// Salt and hash of no password in particular.
const DECOY: &str = "kYXIsN5vQ0IT2pfOaWNSGedTMsxA7L69032LZ7vawqmgYem42xr8C";
