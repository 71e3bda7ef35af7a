//! Ctrl-C, SIGTERM, and the end of the time that a process may take.
//!
//! The first one asks a command that has something to save to do that and stop; any other it ends at once, whatever that waits for.
//! The second one ends every command. All end with [`EXIT_CODE`](interrupt::EXIT_CODE), and files stay whole, because they are written
//! atomically.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

#[cfg(not(unix))]
use self::other as system;
#[cfg(unix)]
use self::unix as system;
use super::failure;
use super::interrupt::{self, Interrupted};
use super::output::{Output, note};

/// A reader of standard output who does not read must not keep the process.
const READER_TIMEOUT: Duration = Duration::from_millis(300);

static ENDING: AtomicBool = AtomicBool::new(false);

/// Takes over Ctrl-C, SIGTERM, SIGHUP and the signals of limits for the rest of the process. A signal that ends it has `clean_up`
/// called first.
pub fn install(output: Output, clean_up: fn()) -> Result<()> {
    let hangup_was_ignored = system::ignores_hangup();
    ctrlc::set_handler(move || {
        if interrupt::request() {
            end(output, clean_up);
        }
    })
    .context("cannot listen for Ctrl-C")?;
    if hangup_was_ignored {
        system::ignore_hangup();
    }
    system::listen_for_limits();
    Ok(())
}

/// Ends the process, from the thread that listens for signals.
fn end(output: Output, clean_up: fn()) -> ! {
    ENDING.store(true, Ordering::SeqCst);
    clean_up();
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
        let _ = hear.recv_timeout(READER_TIMEOUT);
    }
    std::process::exit(interrupt::EXIT_CODE.into())
}

/// Waits for the end where a signal is ending the process; what the command says of it would be no news.
pub fn wait_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}
