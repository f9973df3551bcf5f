//! What was asked? One HTTP/1.1 request as it came off the wire, order and case kept, and how it arrived.

use super::world::Endpoint;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A request as it came off the wire.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// In the order and case of arrival.
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header, by its name in any case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The request line.
    pub(super) fn line(&self) -> String {
        format!("{} {} HTTP/1.1", self.method, self.target)
    }

    /// Whether the client will not send another request on this connection.
    pub(super) fn wants_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Takes a header out, as a proxy would.
    pub(super) fn remove(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Puts another value in a header's place, as a proxy would.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.insert(0, (name.to_owned(), value.to_owned()));
    }
}

/// How a request arrived.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    /// The name in the handshake.
    pub(super) sni: Option<&'a str>,
    /// The endpoint that it came through; none from the Internet.
    pub(super) endpoint: Option<&'a Endpoint>,
    pub(super) request: Request,
}

/// Reads one request with its body, which nobody looks at; none when the client has left.
pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MOST_HEAD_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let request = parse_head(&head).ok_or(io::ErrorKind::InvalidData)?;
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
    Ok(Some(request))
}

fn parse_head(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let mut line = lines.next()?.split(' ');
    let (method, target, version) = (line.next()?, line.next()?, line.next()?);
    if version != "HTTP/1.1" || line.next().is_some() {
        return None;
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    Some(Request { method: method.to_owned(), target: target.to_owned(), headers })
}

const MOST_HEAD_BYTES: usize = 64 * 1024;
