//! Who answers? nginx, as the test wants it, in one process.

use crate::authority::Pair;
use crate::server::Server;
use crate::tool::tool;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};

/// One `server` of nginx.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    pub(crate) addresses: &'a [Ipv4Addr],
    pub(crate) pair: &'a Pair,
    /// Directives of the `server` block.
    pub(crate) rules: &'a str,
}

/// Starts nginx with these sites on port 443.
pub(crate) fn start(namespace: Option<&str>, sites: &[Site<'_>]) -> Server {
    let mut text = String::new();
    for Site { addresses, pair, rules } in sites {
        let listen = addresses.iter().map(|ip| format!("listen {ip}:443 ssl; ")).collect::<Vec<_>>().concat();
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        let _ =
            writeln!(text, "server {{ {listen}ssl_certificate {certificate}; ssl_certificate_key {key}; {rules} }}");
    }
    let listening: Vec<SocketAddrV4> =
        sites.iter().flat_map(|site| site.addresses).map(|ip| SocketAddrV4::new(*ip, 443)).collect();
    launch(namespace, &text, &listening)
}

/// Starts nginx without TLS on port 443 of an address.
pub(crate) fn plain(address: Ipv4Addr) -> Server {
    launch(None, &format!("server {{ listen {address}:443; return 200 'plain'; }}"), &[SocketAddrV4::new(address, 443)])
}

fn launch(namespace: Option<&str>, sites: &str, listening: &[SocketAddrV4]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nginx.conf"), format!("{HEAD}{sites}}}")).unwrap();
    let mut program = tool("nginx", "nginx-light");
    program.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
    Server::start(&program, namespace, folder, listening)
}

/// An answer as API Gateway gives it.
pub(crate) const OK: &str = "add_header x-amzn-RequestId $request_id; add_header x-amz-apigw-id abc=; default_type application/json; \
                             return 200 '{}';";

const HEAD: &str = "\
daemon off; master_process off; user root; pid nginx.pid;
events { worker_connections 256; }
http { access_log off; ssl_protocols TLSv1.2 TLSv1.3; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
";
