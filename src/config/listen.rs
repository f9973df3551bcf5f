//! Where does the daemon listen? An address, a unix socket, or what systemd hands over.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// One entry of `listen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a TCP port.
    Tcp(SocketAddr),
    /// A unix socket at an absolute path.
    Unix(PathBuf),
    /// The sockets that systemd hands over (`LISTEN_FDS`, sd_listen_fds(3)).
    Systemd,
}

impl Listen {
    /// Whether the kernel gives either place and not both: all addresses of a family, and one of them, at one port (bind(2)).
    pub fn excludes(&self, other: &Self) -> bool {
        let (Self::Tcp(one), Self::Tcp(other)) = (self, other) else { return false };
        let has_all = one.ip().is_unspecified() || other.ip().is_unspecified();
        has_all && one.is_ipv4() == other.is_ipv4() && one.port() == other.port() && one.port() != 0
    }
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "systemd" {
            return Ok(Self::Systemd);
        }
        let Some(path) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| {
                "an entry of `listen` is an IP with a port, such as `127.0.0.1:9715` or `[::1]:9715`, \
                 a unix socket, such as `unix:/run/apigw-probe/web.sock`, or `systemd`"
            });
        };
        if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
            return Err("a unix socket has an absolute path, such as `unix:/run/apigw-probe/web.sock`");
        }
        if path.len() > LONGEST_SOCKET_PATH {
            return Err("the path of a unix socket has at most 107 bytes, such as `unix:/run/apigw-probe/web.sock`");
        }
        Ok(Self::Unix(path.into()))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd => f.write_str("systemd"),
        }
    }
}

/// Parses an entry of `allowed_hosts`; returns it in lower case and without a final dot.
pub(super) fn parse_host(text: &str) -> Result<String, &'static str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Err("invalid host name: expected a name without scheme, port or path, e.g. `probe.example.com`");
    }
    Ok(name.to_ascii_lowercase())
}

/// `sun_path` of unix(7), without its last zero.
const LONGEST_SOCKET_PATH: usize = 107;
