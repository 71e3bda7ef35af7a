//! Signals that ctrlc does not know.

use std::ffi::c_int;

/// Whether SIGHUP is ignored: `nohup` starts a process so, and listening for it would undo that.
pub fn ignores_hangup() -> bool {
    // SAFETY: sigaction with a null new action only writes the current one into `old`, which is plain data.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGHUP, std::ptr::null(), &mut old) == 0 && old.sa_sigaction == libc::SIG_IGN
    }
}

/// Has SIGHUP ignored.
pub fn ignore_hangup() {
    // SAFETY: SIG_IGN is a valid disposition for SIGHUP, and no handler of ours relies on it.
    unsafe {
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
    }
}

/// Takes over the signals of limits on a process, which would end it with nothing saved.
pub fn listen_for_limits() {
    let handler = stop as extern "C" fn(c_int);
    // SAFETY: without the signal, a write beyond the limit of a file's size is an error like any other; and the handler calls
    // nothing that a handler may not.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::signal(libc::SIGXCPU, handler as libc::sighandler_t);
    }
}

/// Time is up, but for what the hard limit leaves. The system says so again every second: once is enough.
extern "C" fn stop(_: c_int) {
    // SAFETY: all three may be called in a handler.
    unsafe {
        libc::signal(libc::SIGXCPU, libc::SIG_IGN);
        libc::kill(libc::getpid(), libc::SIGTERM);
    }
}
