//! Encodes a page once for all requests that wait for it.

use super::gzip_page::{GzipPage, GzipWriter, PageMemory};
use std::fmt::{self, Write};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The encoder of the pages of one kind; `K` says which page. One is encoded at a time, on a thread for blocking work; requests that
/// arrive meanwhile share the next encoding.
pub(super) struct PageCache<K> {
    requests: mpsc::UnboundedSender<Request<K>>,
}

struct Request<K> {
    key: K,
    reply: oneshot::Sender<Option<GzipPage>>,
}

/// Writes the page of a key; an error means that there is no such page.
type Encode<K> = Arc<dyn Fn(&K, &mut dyn Write) -> fmt::Result + Send + Sync>;

impl<K: Clone + PartialEq + Send + 'static> PageCache<K> {
    /// Starts the encoder, which ends with the cache.
    pub(super) fn start(
        memory: &PageMemory,
        encode: impl Fn(&K, &mut dyn Write) -> fmt::Result + Send + Sync + 'static,
    ) -> Self {
        let (requests, queue) = mpsc::unbounded_channel();
        tokio::spawn(run(queue, memory.clone(), Arc::new(encode)));
        Self { requests }
    }

    /// Returns the page as it is now, in gzip; `None` if there is no such page.
    ///
    /// # Errors
    ///
    /// The encoder has panicked.
    pub(super) async fn get(&self, key: K) -> Result<Option<GzipPage>, oneshot::error::RecvError> {
        let (reply, page) = oneshot::channel();
        let _ = self.requests.send(Request { key, reply });
        page.await
    }
}

async fn run<K: Clone + PartialEq + Send + 'static>(
    mut queue: mpsc::UnboundedReceiver<Request<K>>,
    memory: PageMemory,
    encode: Encode<K>,
) {
    let (mut waiting, mut capacity) = (Vec::new(), 0);
    while queue.recv_many(&mut waiting, usize::MAX).await > 0 {
        while let Some(key) = next_key(&mut waiting) {
            let (encode, memory) = (encode.clone(), memory.clone());
            let encoding = tokio::task::spawn_blocking(move || {
                let mut page = GzipWriter::with_capacity(capacity);
                (encode(&key, &mut page).ok().map(|()| page.finish(&memory)), key)
            });
            match encoding.await {
                Ok((page, key)) => {
                    // the next one takes about as much, and need not grow
                    capacity = page.as_ref().map_or(0, |page: &GzipPage| page.len() + page.len() / 8);
                    let served = waiting.extract_if(.., |request| request.key == key);
                    served.for_each(|request| drop(request.reply.send(page.clone())));
                }
                // the encoder has panicked; handlers notice that their request is gone
                Err(_) => waiting.clear(),
            }
        }
    }
}

/// Returns the page of the oldest request that has not been cancelled.
fn next_key<K: Clone>(waiting: &mut Vec<Request<K>>) -> Option<K> {
    waiting.retain(|request| !request.reply.is_closed());
    waiting.first().map(|request| request.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc as sync};
    use tokio::task::{JoinHandle, yield_now};

    /// A cache of small pages whose encodings begin and end as the test wants it. Page 0 does not exist, and page 9 panics.
    struct Fixture {
        cache: Arc<PageCache<u8>>,
        begun: mpsc::UnboundedReceiver<u8>,
        end: sync::Sender<()>,
    }

    impl Fixture {
        fn new() -> Self {
            let (starts, begun) = mpsc::unbounded_channel();
            let (end, ends) = sync::channel();
            let ends = Mutex::new(ends);
            let cache = PageCache::start(&PageMemory::default(), move |page: &u8, out| {
                starts.send(*page).unwrap();
                ends.lock().unwrap().recv().unwrap();
                assert_ne!(*page, 9);
                if *page == 0 { Err(fmt::Error) } else { write!(out, "page {page}") }
            });
            Self { cache: Arc::new(cache), begun, end }
        }

        /// Requests a page, and returns once the request is in the queue.
        async fn request(&self, page: u8) -> JoinHandle<Result<Option<GzipPage>, oneshot::error::RecvError>> {
            let cache = self.cache.clone();
            let request = tokio::spawn(async move { cache.get(page).await });
            yield_now().await;
            request
        }
    }

    fn content(page: GzipPage) -> String {
        String::from_utf8(page.into_plain().flatten().collect()).unwrap()
    }

    #[tokio::test]
    async fn requests_that_arrive_during_an_encoding_share_the_next_one() {
        let mut fixture = Fixture::new();
        let first = fixture.request(1).await;
        assert_eq!(fixture.begun.recv().await, Some(1));
        let mut others = Vec::new();
        for n in 0..100 {
            others.push(fixture.request(1 + n % 2).await);
        }
        fixture.end.send(()).unwrap();
        assert_eq!(content(first.await.unwrap().unwrap().unwrap()), "page 1");
        for page in [1, 2] {
            assert_eq!(fixture.begun.recv().await, Some(page));
            fixture.end.send(()).unwrap();
        }
        for (request, page) in others.into_iter().zip([1, 2].into_iter().cycle()) {
            assert_eq!(content(request.await.unwrap().unwrap().unwrap()), format!("page {page}"));
        }
        assert!(fixture.begun.try_recv().is_err(), "a page was encoded once more");
    }

    #[tokio::test]
    async fn nothing_is_encoded_for_cancelled_requests() {
        let mut fixture = Fixture::new();
        let _first = fixture.request(1).await;
        assert_eq!(fixture.begun.recv().await, Some(1));
        let cancelled = fixture.request(2).await;
        cancelled.abort();
        assert!(cancelled.await.unwrap_err().is_cancelled());
        let _last = fixture.request(3).await;
        fixture.end.send(()).unwrap();
        assert_eq!(fixture.begun.recv().await, Some(3));
        fixture.end.send(()).unwrap();
    }

    #[tokio::test]
    async fn a_page_that_does_not_exist_or_panics_does_not_end_the_encoder() {
        let fixture = Fixture::new();
        (0..3).for_each(|_| fixture.end.send(()).unwrap());
        assert!(matches!(fixture.cache.get(0).await, Ok(None)));
        assert!(fixture.cache.get(9).await.is_err());
        assert_eq!(content(fixture.cache.get(1).await.unwrap().unwrap()), "page 1");
    }
}
