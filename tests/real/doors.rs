//! Do curl and systemd's own tool come in by each door: TLS with client certificates, users, unix sockets, sockets handed over, gzip?

use crate::address::own_address;
use crate::authority::{Authority, VALID};
use crate::side::binary;
use crate::tool::{text, tool};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Output};
use std::time::{Duration, Instant};

/// A daemon whose one target fails at once.
struct House {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl House {
    /// Opens on one address and on `web.sock`, with a web configuration.
    fn open(folder: tempfile::TempDir, web: &str) -> Self {
        let address = SocketAddr::from((own_address(), 9715));
        let socket = folder.path().join("web.sock");
        write(&folder, &format!("listen = ['{address}', 'unix:{}']\n", socket.display()), web);
        let notes = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        notes.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut command = binary();
        command.args(["serve", "--config"]).arg(folder.path().join("config.toml"));
        command.env("NOTIFY_SOCKET", folder.path().join("notify")).env("RUNTIME_DIRECTORY", folder.path());
        let house = Self { child: command.spawn().unwrap(), address, folder };
        let mut note = [0; 4096];
        let mut is_ready = || {
            let length = notes.recv(&mut note).expect("READY");
            text(&note[..length]).contains("READY=1")
        };
        while !is_ready() {}
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What curl gets.
    fn curl(&self, scheme: &str, path: &str, options: &[&str]) -> Output {
        let mut curl = tool("curl", "curl");
        curl.current_dir(self.folder.path()).args(["-sS", "--fail-with-body", "--noproxy", "*", "-m", "20"]);
        curl.args(["--connect-to", &format!("::{}", self.address)]).args(options);
        curl.arg(format!("{scheme}://daemon.example{path}")).output().unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(folder: &tempfile::TempDir, listen: &str, web: &str) {
    let target =
        "[[target]]\nname = 'orders'\ninvoke_url = 'https://a1bc234d5e.execute-api.us-east-1.amazonaws.com/test'\n";
    let rest = "interval = '1h'\ndns_servers = ['127.0.0.1:1']\nvpc_resolver = '127.0.0.1:1'\n";
    let web_file = folder.path().join("web.yml");
    fs::write(&web_file, web).unwrap();
    let config = format!("{listen}{rest}web_config_file = '{}'\n{target}", web_file.display());
    fs::write(folder.path().join("config.toml"), config).unwrap();
}

fn said(output: &Output) -> String {
    format!("{} {}{}", output.status, text(&output.stdout), text(&output.stderr))
}

#[test]
fn curl_needs_the_authority_a_certificate_and_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let server = authority.issue("daemon", &["daemon.example"], VALID);
    let client = authority.issue("prometheus", &["prometheus.example"], VALID);
    let stranger = authority.issue("stranger", &["stranger.example"], VALID);
    let web = format!(
        "tls_server_config:\n  cert_file: {}\n  key_file: {}\n  client_auth_type: RequireAndVerifyClientCert\n  \
         client_ca_file: ca.crt\n  client_allowed_sans: [ prometheus.example ]\nbasic_auth_users:\n  alice: {}\n",
        name(&server.certificate),
        name(&server.key),
        bcrypt::hash("battery", 4).unwrap()
    );
    let house = House::open(folder, &web);
    let known = ["--cacert", "ca.crt", "--cert", name(&client.certificate), "--key", name(&client.key)];
    let password = ["-u", "alice:battery"];
    for version in ["--tlsv1.2", "--tlsv1.3"] {
        let good = house.curl("https", "/metrics", &[&known[..], &password, &[version]].concat());
        assert!(text(&good.stdout).contains("\napigw_probe_build_info"), "{version}: {}", said(&good));
    }
    for (options, why) in [
        ([&known[..], &["-u", "alice:horse"]].concat(), "password"),
        (known.to_vec(), "no password"),
        ([&["--cacert", "ca.crt"][..], &password].concat(), "no certificate"),
        (
            [
                &["--cacert", "ca.crt", "--cert", name(&stranger.certificate), "--key", name(&stranger.key)][..],
                &password,
            ]
            .concat(),
            "name",
        ),
        (
            [&known[..], &password, &["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"]].concat(),
            "version",
        ),
    ] {
        let refused = house.curl("https", "/metrics", &options);
        assert!(
            !refused.status.success() && !text(&refused.stdout).contains("apigw_probe"),
            "{why}: {}",
            said(&refused)
        );
    }
    assert!(!house.curl("http", "/metrics", &password).status.success());
}

#[test]
fn curl_takes_gzip_and_open_metrics_over_a_unix_socket() {
    let house = House::open(tempfile::tempdir().unwrap(), "");
    let socket = house.path("web.sock");
    let accept = "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.3";
    let options = ["--unix-socket", socket.to_str().unwrap(), "--compressed", "-H", accept, "-D", "head"];
    let output = house.curl("http", "/metrics", &options);
    assert!(text(&output.stdout).ends_with("\n# EOF\n"), "{}", said(&output));
    let head = fs::read_to_string(house.path("head")).unwrap().to_lowercase();
    assert!(head.contains("content-encoding: gzip") && head.contains("openmetrics-text; version=1.0.0"), "{head}");
    let head = house.curl("http", "/", &["-I"]);
    assert!(text(&head.stdout).starts_with("HTTP/1.1 200 OK"), "{}", said(&head));
}

#[test]
fn curl_reloads_over_the_control_socket() {
    let house = House::open(tempfile::tempdir().unwrap(), "");
    let control = house.path("control.sock");
    let options = ["--unix-socket", control.to_str().unwrap(), "-X", "POST"];
    let good = house.curl("http", "/-/reload", &options);
    assert!(good.status.success(), "{}", said(&good));
    fs::write(house.path("web.yml"), "tls_server_config: 1\n").unwrap();
    let bad = house.curl("http", "/-/reload", &options);
    assert!(!bad.status.success() && text(&bad.stdout).contains("web.yml:1: "), "{}", said(&bad));
    assert!(house.curl("http", "/-/ready", &[]).status.success(), "the old one stays in force");
}

#[test]
fn systemd_hands_sockets_over() {
    let folder = tempfile::tempdir().unwrap();
    let address = SocketAddr::from((own_address(), 9715));
    let unix = folder.path().join("handed.sock");
    write(&folder, "", "");
    let mut command = tool("systemd-socket-activate", "systemd");
    command.args(["-l", &address.to_string(), "-l", unix.to_str().unwrap(), binary().get_program().to_str().unwrap()]);
    let child = command.args(["serve", "--config"]).arg(folder.path().join("config.toml")).spawn().unwrap();
    let house = House { child, address, folder };
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "systemd-socket-activate does not listen");
        std::thread::yield_now();
    }
    let over_tcp = house.curl("http", "/-/healthy", &[]);
    assert_eq!(text(&over_tcp.stdout), "healthy\n", "{}", said(&over_tcp));
    let over_unix = house.curl("http", "/-/healthy", &["--unix-socket", unix.to_str().unwrap()]);
    assert_eq!(text(&over_unix.stdout), "healthy\n", "{}", said(&over_unix));
}

#[test]
fn htpasswd_makes_passwords_that_are_understood() {
    let mut command = tool("htpasswd", "apache2-utils");
    let made = command.args(["-nbBC", "5", "alice", "battery"]).output().unwrap();
    let (name, hash) = text(&made.stdout).trim().split_once(':').unwrap();
    let house = House::open(tempfile::tempdir().unwrap(), &format!("basic_auth_users:\n  {name}: {hash}\n"));
    assert!(house.curl("http", "/-/healthy", &["-u", "alice:battery"]).status.success());
    assert!(!house.curl("http", "/-/healthy", &["-u", "alice:horse"]).status.success());
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}
