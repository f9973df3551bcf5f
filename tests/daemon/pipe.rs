//! What if nobody reads the log? Rounds go on, and the daemon ends when it should.

use crate::daemon::{Daemon, head, target};
use crate::start;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let side = start("healthy");
    let (mut stuffed, unread) = UnixStream::pair().unwrap();
    stuffed.set_nonblocking(true).unwrap();
    while stuffed.write(&[b'x'; 4096]).is_ok() {}
    stuffed.set_nonblocking(false).unwrap();
    let config = format!("log_level = \"debug\"\n{}{}", head(&side), target(&side, "orders", ""));
    let mut daemon = Daemon::start_with(&config, |command| {
        command.stderr(Stdio::from(OwnedFd::from(stuffed)));
    });
    daemon.notice("READY=1");
    daemon.metrics_with("apigw_probe_probes_total{target=\"orders\",path=\"private-dns\"} 4");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    drop(unread);
}
