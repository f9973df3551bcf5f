//! How does an answer leave? Whole or in chunks, as it is or in gzip, and never faster than the client takes it.

use super::crowd::{Place, Visit};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use std::convert::Infallible;
use std::io::Write as _;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;

/// An answer before it is sent.
pub(super) type Answer = Response<Content>;

/// What an answer holds.
pub(super) enum Content {
    /// A few words.
    Whole(Bytes),
    /// Text that is made while it is taken.
    Streamed(Stream),
}

/// Text that is made while it is taken, and the places that it takes while it is under way.
pub(super) struct Stream {
    /// The text, piece by piece.
    pub(super) pieces: Box<dyn Iterator<Item = String>>,
    /// Its place among the streams.
    pub(super) place: Place,
    /// Its place among those in gzip; without one it is sent as it is.
    pub(super) gzip: Option<OwnedSemaphorePermit>,
}

/// Words for people and for programs that look at the status alone.
pub(super) fn words(status: StatusCode, text: impl Into<String>) -> Answer {
    let mut text = text.into();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    whole(status, HeaderValue::from_static("text/plain; charset=utf-8"), text)
}

/// A text that is short enough to be made at once.
pub(super) fn whole(status: StatusCode, kind: HeaderValue, text: String) -> Answer {
    answer(status, kind, Content::Whole(text.into()))
}

/// A long text.
pub(super) fn streamed(kind: HeaderValue, stream: Stream) -> Answer {
    let gzip = stream.gzip.is_some();
    let mut answer = answer(StatusCode::OK, kind, Content::Streamed(stream));
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if gzip {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// That the resource takes other methods only.
pub(super) fn other_methods(allowed: &'static str) -> Answer {
    let mut answer = words(StatusCode::METHOD_NOT_ALLOWED, format!("only {allowed}"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn answer(status: StatusCode, kind: HeaderValue, content: Content) -> Answer {
    let mut answer = Response::new(content);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    answer
}

/// An answer on its way to a visitor.
pub(super) struct Sending {
    source: Source,
    visit: Rc<Visit>,
}

enum Source {
    Whole(Option<Bytes>),
    Streamed {
        pieces: Box<dyn Iterator<Item = String>>,
        gzip: Option<GzEncoder<Vec<u8>>>,
        ended: bool,
        /// Whether others had their turn since the last chunk.
        rested: bool,
        _places: (Place, Option<OwnedSemaphorePermit>),
    },
}

impl Sending {
    /// Sends the content to the visitor.
    pub(super) fn new(content: Content, visit: Rc<Visit>) -> Self {
        let source = match content {
            Content::Whole(bytes) => Source::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            Content::Streamed(Stream { pieces, place, gzip }) => Source::Streamed {
                pieces,
                gzip: gzip.is_some().then(|| GzEncoder::new(Vec::new(), Compression::fast())),
                ended: false,
                rested: true,
                _places: (place, gzip),
            },
        };
        Self { source, visit }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.visit.given();
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().source {
            Source::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Streamed { ended: true, .. } => Poll::Ready(None),
            Source::Streamed { rested: rested @ false, .. } => {
                // everything that was made is written before more is made, and other visitors have their turn
                *rested = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Source::Streamed { pieces, gzip, ended, rested, .. } => {
                *rested = false;
                let chunk = chunk(pieces.as_mut(), gzip, ended);
                if !chunk.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(chunk.into()))));
                }
                if *ended {
                    return Poll::Ready(None);
                }
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_none(),
            Source::Streamed { ended, .. } => *ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Streamed { .. } => SizeHint::default(),
        }
    }
}

/// The next chunk; with gzip it may be empty before the end, because the encoder holds everything back.
fn chunk(pieces: &mut dyn Iterator<Item = String>, gzip: &mut Option<GzEncoder<Vec<u8>>>, ended: &mut bool) -> Vec<u8> {
    let mut plain = Vec::new();
    while plain.len() < CHUNK {
        match pieces.next() {
            Some(piece) if plain.is_empty() => plain = piece.into_bytes(),
            Some(piece) => plain.extend_from_slice(piece.as_bytes()),
            None => {
                *ended = true;
                break;
            }
        }
    }
    let Some(encoder) = gzip else { return plain };
    encoder.write_all(&plain).expect("a vector takes everything");
    if !*ended {
        return std::mem::take(encoder.get_mut());
    }
    gzip.take().map_or_else(Vec::new, |encoder| encoder.finish().expect("a vector takes everything"))
}

/// About as much text is made at once; together with what the connection holds it bounds the memory of an answer.
const CHUNK: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn all(gzip: bool) -> (Vec<Vec<u8>>, String) {
        let text: Vec<String> =
            (0..5000).map(|n| format!("line {n} of a long text that is sent in chunks\n")).collect();
        let mut pieces = text.clone().into_iter();
        let mut encoder = gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
        let (mut chunks, mut ended) = (Vec::new(), false);
        while !ended {
            chunks.push(chunk(&mut pieces, &mut encoder, &mut ended));
        }
        (chunks, text.concat())
    }

    #[test]
    fn the_chunks_are_the_text() {
        let (chunks, text) = all(false);
        assert!(chunks.iter().all(|chunk| chunk.len() < 2 * CHUNK) && chunks.len() > 5);
        assert_eq!(chunks.concat(), text.as_bytes());
    }

    #[test]
    fn the_chunks_in_gzip_are_the_text() {
        let (chunks, text) = all(true);
        let mut plain = String::new();
        flate2::read::GzDecoder::new(chunks.concat().as_slice()).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, text);
    }
}
