//! What is asked beside the probe? Calls that nobody measures and nobody waits long for: instance metadata, STS. The one user of reqwest.

// where keys may lie on this host
mod variables;

mod profile;

// who hands out keys
mod container;

mod imds;
mod sts;

// all of them in their order, and kept fresh
mod credentials;

mod wallet;

pub use credentials::{Role, Wish};
pub use variables::Variables;
pub use wallet::Wallet;

use crate::probe::Net;
use crate::target::HostName;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A client for calls beside the probe, with the probe's roots and resolver, past every proxy.
#[derive(Debug, Clone)]
struct Side(Client);

/// An answer, whole.
#[derive(Debug)]
struct SideAnswer {
    status: u16,
    body: String,
}

/// A call that brought no answer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unanswered(String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Side {
    /// Builds the client.
    fn open(net: &Net) -> Result<Self, Unanswered> {
        let client = Client::builder()
            .tls_backend_preconfigured(net.trust.client_config())
            .dns_resolver(Arc::new(Names(net.clone())))
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(MOST_FOR_A_CALL)
            .user_agent(concat!("apigw-probe/", env!("CARGO_PKG_VERSION")));
        Ok(Self(client.build().map_err(|error| unanswered(&error))?))
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<SideAnswer, Unanswered> {
        let request = self.0.request(method, url).body(body);
        let with = |request: RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
        let request = headers.iter().fold(request, with);
        let mut response = request.send().await.map_err(|error| unanswered(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BODY_BYTES {
                return Err(Unanswered(format!("the answer is longer than {MOST_BODY_BYTES} bytes")));
            }
        }
        Ok(SideAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// Why a call failed: the innermost reason says the most. The URL, which may hold a path of secret meaning, is not repeated.
fn unanswered(error: &reqwest::Error) -> Unanswered {
    if error.is_timeout() {
        return Unanswered(format!("no answer within {} s", MOST_FOR_A_CALL.as_secs()));
    }
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    Unanswered(inner.to_string())
}

/// The probe's own resolver: a static binary has no other, and it asks whom the user named.
struct Names(Net);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let net = self.0.current();
        Box::pin(async move {
            let host = HostName::parse(name.as_str())?;
            let found = net.addresses(&host, MOST_FOR_A_CALL).await;
            let ips = found.map_err(|fault| format!("`{host}` gave no address ({fault})"))?;
            // port 0 stands for that of the URL
            let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect::<Vec<_>>();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Nobody waits longer for an endpoint that may not be there.
const MOST_FOR_A_CALL: Duration = Duration::from_secs(2);
const MOST_BODY_BYTES: usize = 64 * 1024;
