//! Who vouches for a server? A certificate authority made by openssl, with certificates that break one rule each.

use crate::tool::{run, tool};
use std::fs;
use std::path::{Path, PathBuf};

/// An authority with its files in a folder.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: PathBuf,
}

/// A certificate and its key.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    /// Makes one in the folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let authority = Self { folder: folder.to_owned() };
        fs::write(folder.join("ca.cnf"), SETTINGS).unwrap();
        fs::create_dir(folder.join("issued")).unwrap();
        fs::write(folder.join("issued/index"), "").unwrap();
        fs::write(folder.join("issued/serial"), "01").unwrap();
        authority.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ca.key -out ca.crt -days 30 \
                           -subj /CN=test-root -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign");
        authority
    }

    /// The root, as a PEM file.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// A certificate for both kinds of names that an endpoint has.
    pub(crate) fn good(&self) -> Pair {
        self.issue("good", ENDPOINT_NAMES, VALID)
    }

    /// A certificate for these names, valid from and to (as `YYYYMMDDhhmmssZ`).
    pub(crate) fn issue(&self, file: &str, names: &[&str], (from, to): (&str, &str)) -> Pair {
        self.issue_for_key(file, "ec -pkeyopt ec_paramgen_curve:P-256", names, (from, to))
    }

    /// The same for an RSA key.
    pub(crate) fn issue_rsa(&self, file: &str, names: &[&str]) -> Pair {
        self.issue_for_key(file, "rsa:2048", names, VALID)
    }

    fn issue_for_key(&self, file: &str, key: &str, names: &[&str], (from, to): (&str, &str)) -> Pair {
        let names = names.iter().map(|name| format!("DNS:{name}")).collect::<Vec<_>>().join(",");
        self.openssl(&format!(
            "req -newkey {key} -noenc -keyout {file}.key -out {file}.csr -subj /CN={file} -addext subjectAltName={names}"
        ));
        self.openssl(&format!(
            "ca -batch -config ca.cnf -in {file}.csr -out {file}.crt -startdate {from} -enddate {to} -notext"
        ));
        Pair { certificate: self.folder.join(format!("{file}.crt")), key: self.folder.join(format!("{file}.key")) }
    }

    fn openssl(&self, arguments: &str) {
        run(tool("openssl", "openssl").args(arguments.split_ascii_whitespace()).current_dir(&self.folder));
    }
}

/// The names of an endpoint's certificate, as far as they are known.
pub(crate) const ENDPOINT_NAMES: &[&str] =
    &["*.execute-api.us-east-1.amazonaws.com", "*.execute-api.us-east-1.vpce.amazonaws.com"];
/// A validity that covers today.
pub(crate) const VALID: (&str, &str) = ("20200101000000Z", "20491231235959Z");

const SETTINGS: &str = "\
[ca]
default_ca = authority
[authority]
database = issued/index
serial = issued/serial
new_certs_dir = issued
certificate = ca.crt
private_key = ca.key
default_md = sha256
policy = policy
copy_extensions = copy
unique_subject = no
[policy]
commonName = supplied
";
