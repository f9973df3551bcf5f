//! Certificates that the user names as roots, e.g. by `--ca-file`: a server's own certificate may be among them, and expired ones.

use super::certificate::{self, to_unix};
use super::error_text::error_text;
use crate::observation::ExpiredRoot;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

/// The certificates that the user named.
#[derive(Default)]
pub(super) struct NamedRoots(Vec<NamedRoot>);

struct NamedRoot {
    der: CertificateDer<'static>,
    not_after: Option<UnixTime>,
    /// Its place in the store of all roots.
    place: usize,
}

impl NamedRoots {
    /// Adds a certificate here and to the store of all roots.
    ///
    /// # Errors
    ///
    /// Why it cannot be a root.
    pub(super) fn add(&mut self, roots: &mut RootCertStore, der: CertificateDer<'static>) -> Result<(), String> {
        let place = roots.len();
        roots.add(der.clone()).map_err(|error| error_text(&error))?;
        let not_after = certificate::parse(&der).ok().map(|parsed| to_unix(certificate::validity(&parsed).1));
        self.0.push(NamedRoot { der, not_after, place });
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.0.iter().map(|root| &root.der)
    }

    /// Returns the expired root that an accepted chain needs: it leads to no valid one of all the roots, by this test.
    pub(super) fn needed_expired(
        &self,
        roots: &RootCertStore,
        at: UnixTime,
        leads_to: impl Fn(&RootCertStore) -> bool,
    ) -> Option<ExpiredRoot> {
        let expired: Vec<_> = self.0.iter().filter(|root| root.not_after.is_some_and(|end| end < at)).collect();
        if expired.is_empty() {
            return None;
        }
        let is_valid = |place: &usize| !expired.iter().any(|root| root.place == *place);
        let valid = roots.roots.iter().enumerate().filter(|(place, _)| is_valid(place)).map(|(_, root)| root.clone());
        if leads_to(&valid.collect()) {
            return None;
        }
        let needed =
            expired.into_iter().find(|root| leads_to(&roots.roots.get(root.place).cloned().into_iter().collect()))?;
        let root = certificate::read(&needed.der).ok()?;
        Some(ExpiredRoot { subject: root.subject, not_after: root.not_after })
    }
}

/// Accepts a server's certificate that the user named itself. Such a one needs no issuer, but must be valid, and for servers.
pub(super) fn verify_named(named: &CertificateDer<'_>, at: UnixTime) -> Result<(), Error> {
    let parsed = certificate::parse(named).map_err(|_| CertificateError::BadEncoding)?;
    let (not_before, not_after) = certificate::validity(&parsed);
    let (not_before, not_after) = (to_unix(not_before), to_unix(not_after));
    if at < not_before {
        return Err(CertificateError::NotValidYetContext { time: at, not_before }.into());
    }
    if at > not_after {
        return Err(CertificateError::ExpiredContext { time: at, not_after }.into());
    }
    match parsed.extended_key_usage() {
        Ok(None) => Ok(()),
        Ok(Some(usage)) if usage.value.server_auth => Ok(()),
        Ok(Some(_)) => Err(CertificateError::InvalidPurpose.into()),
        Err(_) => Err(CertificateError::BadEncoding.into()),
    }
}
