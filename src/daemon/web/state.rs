//! State that the handlers of the web server share: the rest of the daemon, the web configuration, and the pages.

use super::connection_limiter::ConnectionLimiter;
use super::gzip_page::PageMemory;
use super::page_cache::PageCache;
use crate::daemon::board::{Board, Orders};
use crate::daemon::process::process;
use crate::daemon::web_config::{WebConfig, WebConfigWatcher};
use crate::render;
use crate::render::html::{self, View};
use crate::render::metrics::{Exposition, ExpositionFormat};
use std::fmt::{self, Write};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

/// The state.
pub(super) struct WebState {
    pub(super) daemon: DaemonHandle,
    web_config: Mutex<WebConfigWatcher>,
    pub(super) metrics: PageCache<ExpositionFormat>,
    pub(super) html: PageCache<View>,
    pub(super) reports: PageCache<()>,
    pub(super) page_memory: PageMemory,
    /// Requests that wait for a round at once.
    pub(super) probe_permits: Semaphore,
}

/// The rest of the daemon, as the web server sees it.
#[derive(Debug, Clone)]
pub(in crate::daemon) struct DaemonHandle {
    pub(super) board: Arc<Board>,
    pub(super) orders: Orders,
    /// Whether `/-/reload` is enabled on web listeners.
    pub(super) lifecycle: bool,
    pub(super) is_ready: Arc<AtomicBool>,
}

impl DaemonHandle {
    pub(in crate::daemon) fn new(board: Arc<Board>, orders: Orders, lifecycle: bool) -> Self {
        Self { board, orders, lifecycle, is_ready: Arc::default() }
    }
}

impl WebState {
    /// Creates the state, and starts the encoders of its pages.
    pub(super) fn new(daemon: DaemonHandle, limiter: &ConnectionLimiter) -> Arc<Self> {
        let [metrics, html, reports] = [(); 3].map(|()| daemon.board.clone());
        let memory = PageMemory::default();
        Arc::new(Self {
            web_config: Mutex::default(),
            metrics: PageCache::start(&memory, move |format, out| write_metrics(&metrics, *format, out)),
            html: PageCache::start(&memory, move |view, out| write_html(&html, view, out)),
            reports: PageCache::start(&memory, move |(), out| write_reports(&reports, out)),
            page_memory: memory,
            // the rest is for requests that do not wait for a round
            probe_permits: Semaphore::new(limiter.max_connections() - limiter.max_connections() / 8),
            daemon,
        })
    }

    /// Applies the web configuration of a reload.
    pub(super) fn set_web_config(&self, web_config: WebConfigWatcher) {
        self.watcher().replace(web_config);
    }

    /// Returns the web configuration as its file is now.
    pub(super) fn web_config(&self) -> Arc<WebConfig> {
        self.watcher().current()
    }

    fn watcher(&self) -> MutexGuard<'_, WebConfigWatcher> {
        self.web_config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_metrics(board: &Board, format: ExpositionFormat, out: &mut dyn Write) -> fmt::Result {
    let status = board.status();
    let process = process(status.started);
    Exposition::Daemon(Box::new(status), process).write(format, out)
}

/// Writes the page of a view; an error if there is no such target.
fn write_html(board: &Board, view: &View, out: &mut dyn Write) -> fmt::Result {
    let status = board.status();
    let page = html::page(&status, view, OffsetDateTime::now_utc()).ok_or(fmt::Error)?;
    write!(out, "{page}")
}

/// Writes the last report of each target that has one, as one JSON array with a report on each line.
fn write_reports(board: &Board, out: &mut dyn Write) -> fmt::Result {
    let status = board.status();
    let mut separator = "[\n";
    for report in status.targets.iter().filter_map(|target| target.history.latest()) {
        write!(out, "{separator}{}", render::json_line(report).trim_end())?;
        separator = ",\n";
    }
    out.write_str(if separator == "[\n" { "[\n]\n" } else { "\n]\n" })
}
