//! Ctrl-C, SIGTERM, and the end of the time that a process may take.
//!
//! The first one asks a command that has something to save to do that and stop; any other it ends at once, whatever that waits for.
//! The second one ends every command. All end with [`EXIT_CODE`], and files stay whole, because they are written atomically.

use std::io::{self, IsTerminal, Read};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::failure;
use crate::output::{Output, note};
use crate::temporary;

/// The exit code after an interruption, as shells use it for SIGINT: `mmrec train … && next` must not go on to `next`.
pub const EXIT_CODE: u8 = 130;

/// A reader of standard output who does not read must not keep the process.
const TELLING: Duration = Duration::from_millis(300);

static SIGNALS: AtomicU32 = AtomicU32::new(0);
static SAVERS: AtomicU32 = AtomicU32::new(0);
static ENDING: AtomicBool = AtomicBool::new(false);

/// Why a command ended before its time.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// There is something to save: while this lives, the first signal is left to the command, which looks at [`requested`].
#[derive(Debug)]
pub struct Saver(());

/// From now on there is something to save.
pub fn saver() -> Saver {
    SAVERS.fetch_add(1, Ordering::SeqCst);
    Saver(())
}

impl Drop for Saver {
    fn drop(&mut self) {
        SAVERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Takes over Ctrl-C, SIGTERM, SIGHUP and the signals of limits for the rest of the process.
pub fn install(output: Output) -> Result<()> {
    let hangup_was_ignored = hangup::is_ignored();
    ctrlc::set_handler(move || {
        let is_first = SIGNALS.fetch_add(1, Ordering::SeqCst) == 0;
        if !is_first || SAVERS.load(Ordering::SeqCst) == 0 {
            end(output);
        }
    })
    .context("cannot listen for Ctrl-C")?;
    if hangup_was_ignored {
        hangup::ignore();
    }
    limits::install();
    Ok(())
}

/// Ends the process, from the thread that listens for signals.
fn end(output: Output) -> ! {
    ENDING.store(true, Ordering::SeqCst);
    temporary::remove_all();
    let (told, hear) = mpsc::channel();
    let tell = move || {
        // What was being written there ends in the middle of a line.
        if io::stderr().is_terminal() {
            note("");
        }
        failure::tell_script(output, &Interrupted.to_string(), &[Interrupted.to_string()]);
        told.send(())
    };
    if thread::Builder::new().spawn(tell).is_ok() {
        // Sooner or later is the same: the process ends.
        let _ = hear.recv_timeout(TELLING);
    }
    std::process::exit(EXIT_CODE.into())
}

/// Waits for the end where a signal is ending the process; what the command says of it would be no news.
pub fn wait_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
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

/// The signals of limits on a process, which would end it with nothing saved.
#[cfg(unix)]
mod limits {
    use std::ffi::c_int;

    pub fn install() {
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
}

#[cfg(not(unix))]
mod limits {
    pub fn install() {}
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
