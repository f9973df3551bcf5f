//! What do the kernel and the C library offer that nothing safe reaches? All unsafe code of the program is here.
#![expect(unsafe_code, reason = "each call says why it is sound")]

use std::os::fd::AsRawFd;
use std::time::Duration;
use tokio::net::TcpStream;

/// What the kernel knows of a new connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpInfo {
    /// The round trip of SYN and SYN-ACK, in whole microseconds.
    pub(crate) round_trip: Duration,
    /// How many segments were sent again.
    pub(crate) retransmits: u32,
}

/// Asks the kernel about a connection (tcp(7), `TCP_INFO`).
pub(crate) fn tcp_info(stream: &TcpStream) -> Option<TcpInfo> {
    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: `tcp_info` is plain integers, for which zero is a value. The kernel writes at most `length` bytes to it, which is
    // its size; the descriptor is open for as long as `stream` is borrowed.
    let (result, info) = unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let result = libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        );
        (result, info)
    };
    (result == 0).then(|| TcpInfo {
        round_trip: Duration::from_micros(info.tcpi_rtt.into()),
        retransmits: info.tcpi_total_retrans,
    })
}

/// Removes environment variables, before there is a second thread.
pub(crate) fn remove_variables(names: impl Iterator<Item = String>) {
    for name in names.collect::<Vec<_>>() {
        // SAFETY: no other thread reads or writes the environment, because none has been started yet.
        unsafe { std::env::remove_var(name) };
    }
}

/// Has all threads share one heap (mallopt(3), `M_ARENA_MAX`), before there is a second thread: what one of them gives back, such
/// as the one that reads configurations, another takes again. A C library that knows no such thing leaves it as it is.
pub(crate) fn share_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes two numbers and changes how the allocator chooses among its heaps; any time is right for that.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
