//! The limit on open files, which connections count among.

use anyhow::{Result, bail};

/// With fewer the threads that carry connections cannot start, which they tell by a panic.
const LEAST: libc::rlim_t = 32;

/// Refuses to connect with anybody where there are too few.
pub fn check() -> Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: it writes the limit to a place that lives as long as the call.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } == 0;
    if known && limit.rlim_cur < LEAST {
        bail!(
            "this process may have {} files open at once, too few for connections: raise that to {LEAST} or more (ulimit -n)",
            limit.rlim_cur
        );
    }
    Ok(())
}
