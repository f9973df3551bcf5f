//! Certificates as `openssl` makes them, served by `openssl s_server`: what curl accepts is accepted, or said to be a limit of the probe.

use crate::address::own_address;
use crate::authority::ENDPOINT_NAMES;
use crate::probe::{at, once, report};
use crate::server::Server;
use crate::tool::{run, tool};
use serde_json::Value;
use std::net::SocketAddrV4;
use std::path::PathBuf;

/// A folder with an authority, and what it issued.
struct Workshop(tempfile::TempDir);

/// What a server is seen to be.
struct Seen {
    report: Value,
    curl_accepts: bool,
}

impl Workshop {
    /// An authority with a key of this kind.
    fn new(key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = ENDPOINT_NAMES.iter().map(|name| format!("DNS:{name}")).collect();
        let extensions = format!("subjectAltName={}\nbasicConstraints=CA:FALSE\n", names.join(","));
        std::fs::write(folder.path().join("extensions"), extensions).unwrap();
        let workshop = Self(folder);
        workshop
            .openssl(&format!("req -x509 -newkey {key} -noenc -keyout ca.key -out ca.crt -days 9 -subj /CN=Corp-CA"));
        workshop
    }

    /// A server's certificate `leaf` with a key of this kind, signed with these options.
    fn issue(self, key: &str, options: &str) -> Self {
        self.openssl(&format!("req -newkey {key} -noenc -keyout leaf.key -out leaf.csr -subj /CN=leaf"));
        self.openssl(&format!(
            "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile extensions -out leaf.crt {options}"
        ));
        self
    }

    /// What the probe and curl see of a server with this certificate, if they trust another.
    fn serve(&self, certificate: &str, trusted: &str, options: &str) -> Seen {
        let address = own_address();
        let mut server = tool("openssl", "openssl");
        server.args(["s_server", "-accept", &format!("{address}:443"), "-www"]).args(options.split_ascii_whitespace());
        server.arg("-cert").arg(self.path(&format!("{certificate}.crt")));
        server.arg("-key").arg(self.path(&format!("{certificate}.key")));
        let _server = Server::start(&server, None, tempfile::tempdir().unwrap(), &[SocketAddrV4::new(address, 443)]);
        let trusted = self.path(&format!("{trusted}.crt"));

        let mut probe = once();
        probe.args([
            "--path",
            "vpce-host-header",
            "--timeout",
            "5s",
            "--connect-to",
            &address.to_string(),
            "--ca-file",
        ]);
        let mut curl = tool("curl", "curl");
        let name = ENDPOINT_NAMES[0].replace('*', "a1bc234d5e");
        curl.args(["-s", "-o", "/dev/null", "--connect-to", &format!("::{address}:443"), "--cacert"]).arg(&trusted);
        let curl = curl.arg(format!("https://{name}/test")).output().unwrap();
        Seen { report: report(probe.arg(&trusted)), curl_accepts: curl.status.success() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        run(tool("openssl", "openssl").args(arguments.split_ascii_whitespace()).current_dir(self.0.path()));
    }
}

impl Seen {
    fn outcome(&self) -> &str {
        at(&self.report, "/paths/2/outcome").as_str().unwrap()
    }

    fn tls(&self, what: &str) -> &Value {
        at(&self.report, &format!("/paths/2/attempts/0/tls/{what}"))
    }

    #[track_caller]
    fn is_accepted_by_both(&self) {
        assert!(self.curl_accepts);
        assert_eq!(self.outcome(), "ok", "{:#}", self.report);
    }

    /// The one finding's cause, owner and evidence.
    fn finding(&self) -> (&str, &str, String) {
        let findings = at(&self.report, "/findings").as_array().unwrap();
        assert_eq!(findings.len(), 1, "{findings:#?}");
        let text = |key: &str| findings[0][key].as_str().unwrap();
        (text("cause"), text("owner"), findings[0]["evidence"].to_string())
    }
}

const P_256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const P_384: &str = "ec -pkeyopt ec_paramgen_curve:P-384";
const P_521: &str = "ec -pkeyopt ec_paramgen_curve:P-521";
const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

#[test]
fn an_ecdsa_authority_that_signs_with_sha_512_is_accepted() {
    for key in [P_256, P_384] {
        let workshop = Workshop::new(key).issue(P_256, "-sha512");
        for version in VERSIONS {
            workshop.serve("leaf", "ca", version).is_accepted_by_both();
        }
    }
}

#[test]
fn p_521_is_accepted_in_both_versions() {
    let workshop = Workshop::new(P_521).issue(P_521, "-sha512");
    for version in VERSIONS {
        workshop.serve("leaf", "ca", version).is_accepted_by_both();
    }
}

#[test]
fn the_key_exchange_is_recorded() {
    // the curve of an ECDSA certificate would have to be among the groups in TLS 1.2
    let workshop = Workshop::new(P_256).issue("rsa:2048", "-sha256");
    for group in ["X25519", "P-256", "P-384", "P-521"] {
        for version in VERSIONS {
            let seen = workshop.serve("leaf", "ca", &format!("{version} -groups {group}"));
            seen.is_accepted_by_both();
            assert_eq!(seen.tls("key_exchange"), group, "{version}");
        }
    }
}

#[test]
fn a_self_signed_certificate_of_openssl_req_is_accepted_if_the_file_has_it() {
    let workshop = Workshop::new(P_256);
    workshop.openssl(&format!(
        "req -x509 -newkey rsa:2048 -noenc -keyout self.key -out self.crt -days 9 -subj /CN=self -addext subjectAltName=DNS:{},DNS:{}",
        ENDPOINT_NAMES[0], ENDPOINT_NAMES[1]
    ));
    for version in VERSIONS {
        workshop.serve("self", "self", version).is_accepted_by_both();
        let seen = workshop.serve("self", "ca", version);
        assert_eq!((seen.outcome(), seen.curl_accepts), ("tls-unknown-issuer", false));
    }
}

#[test]
fn a_server_certificate_in_the_file_is_accepted_without_its_authority() {
    Workshop::new(P_256).issue(P_256, "-sha256").serve("leaf", "leaf", "").is_accepted_by_both();
}

#[test]
fn a_key_of_a_kind_that_the_library_lacks_is_a_limit_of_the_probe() {
    for (key, kind) in [("rsa-pss -pkeyopt rsa_keygen_bits:2048", "rsassa-pss"), ("ed448", "ed448")] {
        let workshop = Workshop::new(P_256).issue(key, "-sha256");
        for version in VERSIONS {
            let seen = workshop.serve("leaf", "ca", version);
            assert_eq!((seen.outcome(), seen.curl_accepts), ("tls-certificate-not-supported", true), "{kind}");
            let (cause, owner, evidence) = seen.finding();
            assert_eq!((cause, owner), ("certificate-not-supported", "caller"));
            assert!(evidence.contains(&format!("a key of the kind {kind}")), "{evidence}");
            assert_eq!(seen.tls("certificate/subject"), "CN=leaf");
        }
    }
}

#[test]
fn a_key_that_is_too_small_is_a_limit_and_no_forgery() {
    let weak_leaf = Workshop::new(P_256).issue("rsa:1024", "-sha256");
    let weak_authority = Workshop::new("rsa:1024").issue(P_256, "-sha256");
    for version in VERSIONS {
        for (workshop, expected) in
            [(&weak_leaf, "the certificate has"), (&weak_authority, "the authority `CN=Corp-CA` has")]
        {
            let seen = workshop.serve("leaf", "ca", &format!("{version} -cipher ALL:@SECLEVEL=0"));
            assert_eq!(seen.outcome(), "tls-certificate-not-supported");
            let (cause, owner, evidence) = seen.finding();
            assert_eq!((cause, owner), ("certificate-not-supported", "caller"));
            assert!(evidence.contains(&format!("{expected} an RSA key of 1024 bits")), "{evidence}");
        }
    }
}

#[test]
fn a_signature_with_sha_1_is_a_limit_of_the_probe() {
    let workshop = Workshop::new("rsa:2048").issue(P_256, "-sha1");
    let seen = workshop.serve("leaf", "ca", "-cipher ALL:@SECLEVEL=0");
    assert_eq!(seen.outcome(), "tls-certificate-not-supported");
    let (_, _, evidence) = seen.finding();
    assert!(evidence.contains("sha1WithRSAEncryption"), "{evidence}");
}

#[test]
fn an_expired_root_that_curl_rejects_is_remarked() {
    let workshop = Workshop::new(P_256).issue(P_256, "-sha256");
    // the same root, which ended long ago
    workshop.openssl("x509 -x509toreq -in ca.crt -signkey ca.key -out ca.csr");
    std::fs::write(workshop.path("index"), "").unwrap();
    std::fs::write(workshop.path("serial"), "01").unwrap();
    std::fs::write(workshop.path("settings"), SETTINGS).unwrap();
    workshop.openssl(
        "ca -batch -notext -selfsign -config settings -extensions root -in ca.csr -keyfile ca.key -out old.crt \
         -startdate 20200101000000Z -enddate 20210203000000Z",
    );
    let seen = workshop.serve("leaf", "old", "");
    assert_eq!((seen.outcome(), seen.curl_accepts), ("ok", false));
    assert_eq!(seen.tls("expired_root/not_after"), "2021-02-03T00:00:00Z");
    let causes: Vec<_> = at(&seen.report, "/findings").as_array().unwrap().iter().map(|one| &one["cause"]).collect();
    assert!(causes.contains(&&"root-certificate-expired".into()), "{causes:?}");
}

const SETTINGS: &str = "\
[ca]
default_ca = authority
[authority]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = policy
[policy]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
";
