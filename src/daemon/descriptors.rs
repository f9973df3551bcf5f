//! How many files may be open? As many as the system allows, and never so few that a part of the program could not begin.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;
use std::os::fd::AsFd as _;

/// Lets the process have as many open files as it may ask for; if it may not ask, it lives with what it has.
pub fn raise_descriptors() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Finds out by trying whether so many more files may be open. A runtime that gets none for its signals would panic.
pub fn spare_descriptors(count: usize) -> Result<(), TooFewDescriptors> {
    let stderr = io::stderr();
    let tried: Vec<_> = (0..count).map_while(|_| stderr.as_fd().try_clone_to_owned().ok()).collect();
    if tried.len() == count { Ok(()) } else { Err(TooFewDescriptors { spare: tried.len(), wanted: count }) }
}

/// Fewer files may be open than it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} more open files are needed, and {spare} may be: raise the limit (`ulimit -n`, LimitNOFILE=)")]
pub struct TooFewDescriptors {
    spare: usize,
    wanted: usize,
}
