//! Limits that `ulimit` sets.

use std::ffi::c_int;
use std::fs;

/// Bytes of address space that the process may still take.
pub fn address_space() -> Option<u64> {
    // SAFETY: it writes the limit to a place that lives as long as the call.
    let limit = soft(|limit| unsafe { libc::getrlimit(libc::RLIMIT_AS, limit) })?;
    Some(limit.saturating_sub(taken(0)))
}

/// Bytes of data that the process may still take.
pub fn data() -> Option<u64> {
    // SAFETY: as above.
    let limit = soft(|limit| unsafe { libc::getrlimit(libc::RLIMIT_DATA, limit) })?;
    Some(limit.saturating_sub(taken(5)))
}

fn soft(read: impl FnOnce(&mut libc::rlimit) -> c_int) -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    (read(&mut limit) == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// What the process has of it: a field of Linux's `/proc/self/statm`, in pages. Nothing where that is not known.
fn taken(field: usize) -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(field).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    // SAFETY: it reads a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(page).map_or(0, |page| page.saturating_mul(pages))
}
