//! Ctrl-C and SIGTERM.
//!
//! The first one asks the command to save and stop, which ends the process with [`EXIT_CODE`]; the second one ends it at once.
//! Files stay whole either way, because they are written atomically.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// The exit code after an interruption, as shells use it for SIGINT: `mmrec train … && next` must not go on to `next`.
pub const EXIT_CODE: u8 = 130;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

/// Why a command ended before its time.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Takes over Ctrl-C, SIGTERM and SIGHUP for the rest of the process.
pub fn install() -> Result<()> {
    let hangup_was_ignored = hangup::is_ignored();
    ctrlc::set_handler(|| {
        if SIGNALS.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(EXIT_CODE.into());
        }
    })
    .context("cannot listen for Ctrl-C")?;
    if hangup_was_ignored {
        hangup::ignore();
    }
    Ok(())
}

/// Whether the person or the system asked the process to stop.
pub fn requested() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}

/// Ends long work with an error that `main` turns into [`EXIT_CODE`].
pub fn check() -> Result<(), Interrupted> {
    if requested() { Err(Interrupted) } else { Ok(()) }
}

/// Whether an error chain ends in [`Interrupted`].
pub fn is_cause(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<Interrupted>()
            || cause
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
                .is_some_and(|inner| inner.is::<Interrupted>())
    })
}

/// Reads on until the process is asked to stop.
#[derive(Debug)]
pub struct Reader<R>(pub R);

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Not ErrorKind::Interrupted: that one means "try again".
        check().map_err(io::Error::other)?;
        self.0.read(buffer)
    }
}

/// `nohup` starts a process with SIGHUP ignored; listening for it would undo that.
#[cfg(unix)]
mod hangup {
    pub fn is_ignored() -> bool {
        // SAFETY: sigaction with a null new action only writes the current one into `old`, which is plain data.
        unsafe {
            let mut old: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGHUP, std::ptr::null(), &mut old) == 0 && old.sa_sigaction == libc::SIG_IGN
        }
    }

    pub fn ignore() {
        // SAFETY: SIG_IGN is a valid disposition for SIGHUP, and no handler of ours relies on it.
        unsafe {
            libc::signal(libc::SIGHUP, libc::SIG_IGN);
        }
    }
}

#[cfg(not(unix))]
mod hangup {
    pub fn is_ignored() -> bool {
        false
    }

    pub fn ignore() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_is_found_in_a_chain() {
        let wrapped = anyhow::Error::from(io::Error::other(Interrupted)).context("reading a.txt failed");
        assert!(is_cause(&wrapped));
        assert!(is_cause(&anyhow::Error::from(Interrupted)));
        assert!(!is_cause(&anyhow::anyhow!("interrupted")));
    }
}
