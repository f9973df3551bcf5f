//! Pages that are kept in gzip (RFC 1952). Each chunk is compressed by itself, so that a response can decompress one after the other
//! without a decompressor of its own.

use axum::body::Bytes;
use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A page in gzip.
#[derive(Debug, Clone)]
pub(super) struct GzipPage {
    gzip: Bytes,
    /// Where the deflate blocks of each chunk end.
    chunk_ends: Arc<[usize]>,
}

impl GzipPage {
    /// The size in bytes.
    pub(super) fn len(&self) -> usize {
        self.gzip.len()
    }

    /// Returns the page as it is. What a connection buffers of the end of a large page is copied, so that it does not keep the page.
    pub(super) fn into_gzip(self) -> impl Iterator<Item = Bytes> {
        let mut rest = self.gzip;
        let copied_end = if rest.len() > 2 * PART_SIZE { 2 * PART_SIZE } else { 0 };
        std::iter::from_fn(move || {
            let is_copied = rest.len() <= copied_end;
            let part = rest.split_to(rest.len().min(PART_SIZE));
            (!part.is_empty()).then(|| if is_copied { Bytes::copy_from_slice(&part) } else { part })
        })
    }

    /// Decompresses the page, half a chunk at a time, since a connection buffers it.
    pub(super) fn into_plain(self) -> impl Iterator<Item = Bytes> {
        let halves = (0..self.chunk_ends.len()).flat_map(|chunk| [(chunk, 0), (chunk, 1)]);
        let parts = halves.map(move |(chunk, half)| {
            let begin = chunk.checked_sub(1).map_or(HEADER.len(), |before| self.chunk_ends[before]);
            let compressed = &self.gzip[begin..self.chunk_ends[chunk]];
            let mut plain = Vec::with_capacity((half + 1) * PART_SIZE);
            let mut decompress = Decompress::new(false);
            decompress.decompress_vec(compressed, &mut plain, FlushDecompress::Sync).expect("it was compressed here");
            Bytes::copy_from_slice(plain.get(half * PART_SIZE..).unwrap_or_default())
        });
        parts.filter(|part| !part.is_empty())
    }
}

/// Compresses a page while it is written.
pub(super) struct GzipWriter {
    gzip: Vec<u8>,
    chunk_ends: Vec<usize>,
    /// The plain text that the next chunk begins with.
    plain: Vec<u8>,
    compress: Compress,
    checksum: Crc,
}

impl GzipWriter {
    /// Begins a page that will take about so many bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let mut gzip = Vec::with_capacity(capacity);
        gzip.extend(HEADER);
        Self {
            gzip,
            chunk_ends: Vec::new(),
            plain: Vec::with_capacity(CHUNK_SIZE),
            compress: Compress::new(Compression::fast(), false),
            checksum: Crc::new(),
        }
    }

    /// Returns the page, which counts in `memory` while it is kept.
    pub(super) fn finish(mut self, memory: &PageMemory) -> GzipPage {
        self.end_chunk(FlushCompress::Finish);
        self.gzip.extend(self.checksum.sum().to_le_bytes());
        self.gzip.extend(self.checksum.amount().to_le_bytes());
        self.gzip.shrink_to_fit();
        GzipPage { gzip: memory.keep(self.gzip), chunk_ends: self.chunk_ends.into() }
    }

    fn end_chunk(&mut self, flush: FlushCompress) {
        self.checksum.update(&self.plain);
        self.gzip.reserve(CHUNK_SIZE + CHUNK_SIZE / 8);
        self.compress.compress_vec(&self.plain, &mut self.gzip, flush).expect("there is room for it");
        self.chunk_ends.push(self.gzip.len());
        self.plain.clear();
    }
}

impl fmt::Write for GzipWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(CHUNK_SIZE - self.plain.len()));
            self.plain.extend_from_slice(head);
            rest = tail;
            if self.plain.len() == CHUNK_SIZE {
                // the next chunk refers to nothing before it
                self.end_chunk(FlushCompress::Full);
            }
        }
        Ok(())
    }
}

/// Counts the bytes of the pages that responses are still sending.
#[derive(Debug, Clone, Default)]
pub(super) struct PageMemory(Arc<PageBytes>);

#[derive(Debug, Default)]
struct PageBytes {
    total: AtomicUsize,
    largest_page: AtomicUsize,
}

impl PageMemory {
    /// Whether clients that are slow to read keep too many pages.
    pub(super) fn is_exceeded(&self) -> bool {
        let largest_page = self.0.largest_page.load(Ordering::Relaxed);
        self.0.total.load(Ordering::Relaxed) > MAX_PAGE_BYTES.max(4 * largest_page)
    }

    fn keep(&self, page: Vec<u8>) -> Bytes {
        self.0.total.fetch_add(page.len(), Ordering::Relaxed);
        self.0.largest_page.fetch_max(page.len(), Ordering::Relaxed);
        Bytes::from_owner(KeptPage { page, memory: self.clone() })
    }
}

struct KeptPage {
    page: Vec<u8>,
    memory: PageMemory,
}

impl AsRef<[u8]> for KeptPage {
    fn as_ref(&self) -> &[u8] {
        &self.page
    }
}

impl Drop for KeptPage {
    fn drop(&mut self) {
        self.memory.0.total.fetch_sub(self.page.len(), Ordering::Relaxed);
    }
}

/// The header of a gzip stream without a name and a time, of an unknown operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The plain text of a chunk: smaller ones compress less and take longer.
const CHUNK_SIZE: usize = 2 * PART_SIZE;
/// What a connection buffers.
const PART_SIZE: usize = 16 * 1024;
const MAX_PAGE_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::fmt::Write as _;
    use std::io::Read as _;

    fn page(memory: &PageMemory, text: &str) -> GzipPage {
        let mut writer = GzipWriter::with_capacity(0);
        writer.write_str(text).unwrap();
        writer.finish(memory)
    }

    /// A page that takes more than so many bytes.
    fn large_page(memory: &PageMemory, least: usize) -> GzipPage {
        let mut random = vec![0; least * 2];
        aws_lc_rs::rand::fill(&mut random).unwrap();
        let text: String = random.iter().map(|byte| char::from(byte % 128)).collect();
        page(memory, &text)
    }

    proptest! {
        #[test]
        fn both_forms_are_the_text(pattern in ".{0,100}", length in 0usize..4 * CHUNK_SIZE) {
            let text: String = pattern.chars().cycle().take(length).collect();
            let page = page(&PageMemory::default(), &text);
            let gzip: Vec<Bytes> = page.clone().into_gzip().collect();
            prop_assert_eq!(gzip.iter().map(Bytes::len).sum::<usize>(), page.len());
            let mut plain = Vec::new();
            GzDecoder::new(&gzip.concat()[..]).read_to_end(&mut plain).unwrap();
            prop_assert!(plain == text.as_bytes());
            let chunks: Vec<Bytes> = page.into_plain().collect();
            prop_assert!(chunks.iter().all(|chunk| chunk.len() <= PART_SIZE) && chunks.concat() == text.as_bytes());
        }
    }

    #[test]
    fn pages_count_until_the_last_response_is_sent() {
        let memory = PageMemory::default();
        let mut pages: Vec<GzipPage> = (0..4).map(|_| large_page(&memory, MAX_PAGE_BYTES / 5)).collect();
        assert!(!memory.is_exceeded());
        let mut response = large_page(&memory, MAX_PAGE_BYTES / 5).into_gzip();
        let begin = response.next();
        assert!(memory.is_exceeded());
        drop(response);
        assert!(memory.is_exceeded(), "the connection has not sent what it took");
        drop(begin);
        assert!(!memory.is_exceeded());
        pages.clear();
        assert_eq!(memory.0.total.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_end_of_a_large_page_does_not_keep_it() {
        let memory = PageMemory::default();
        let end = large_page(&memory, 1 << 20).into_gzip().last().unwrap();
        assert!(!end.is_empty());
        assert_eq!(memory.0.total.load(Ordering::Relaxed), 0);
    }
}
