//! What does the operating system say of this process? Its resource usage and what stands in `/proc/self`, which a sandbox leaves readable.

use crate::status::Process;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use std::fs;
use std::time::Duration;
use time::OffsetDateTime;

/// The process now. `started` is told by the caller: the kernel counts from the boot, whose time a sandbox hides.
pub(super) fn process(started: OffsetDateTime) -> Process {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = |name: &str| Some(number(&status, name)? * 1024);
    Process {
        cpu: getrusage(UsageWho::RUSAGE_SELF)
            .ok()
            .and_then(|usage| Some(duration(usage.user_time())? + duration(usage.system_time())?)),
        // the listing itself needs one
        open_fds: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1) as u64),
        max_fds: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft),
        virtual_bytes: kibibytes("VmSize:"),
        resident_bytes: kibibytes("VmRSS:"),
        threads: number(&status, "Threads:"),
        started: Some(started),
    }
}

/// The number of a line such as `Threads: 2` (proc_pid_status(5)).
fn number(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn duration(time: nix::sys::time::TimeVal) -> Option<Duration> {
    Some(Duration::from_secs(time.tv_sec().try_into().ok()?) + Duration::from_micros(time.tv_usec().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_told_whole() {
        let before = process(OffsetDateTime::UNIX_EPOCH);
        let held = fs::File::open("/proc/self/status").unwrap();
        let ballast = std::hint::black_box(vec![1_u8; 32 << 20]);
        while process(OffsetDateTime::UNIX_EPOCH).cpu == before.cpu {
            std::hint::spin_loop();
        }
        let now = process(OffsetDateTime::UNIX_EPOCH);
        drop((held, ballast));
        assert!(now.cpu > before.cpu);
        assert!(now.resident_bytes.unwrap() > before.resident_bytes.unwrap() + (16 << 20));
        assert!(now.virtual_bytes >= now.resident_bytes);
        assert!(now.open_fds.unwrap() >= 4 && now.open_fds <= now.max_fds);
        assert!(now.threads.unwrap() >= 1);
    }
}
