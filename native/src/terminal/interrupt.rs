//! Whether the process was asked to end, and how commands learn of it. What hears of that is [`signals`](super::signals).

use std::io::{self, Read};
use std::sync::atomic::{AtomicU32, Ordering};

/// The exit code after an interruption, as shells use it for SIGINT: `mmrec train … && next` must not go on to `next`.
pub const EXIT_CODE: u8 = 130;

static REQUESTS: AtomicU32 = AtomicU32::new(0);
static SAVERS: AtomicU32 = AtomicU32::new(0);

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

/// Asks the process to end; whether that is now, because it was asked before or has nothing to save.
pub fn request() -> bool {
    let is_first = REQUESTS.fetch_add(1, Ordering::SeqCst) == 0;
    !is_first || SAVERS.load(Ordering::SeqCst) == 0
}

/// Whether the person or the system asked the process to stop.
pub fn requested() -> bool {
    REQUESTS.load(Ordering::SeqCst) > 0
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
