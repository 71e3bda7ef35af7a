//! Standard output and standard error, each written by a thread of its own.
//!
//! A reader that stands still has whoever writes wait, for hours perhaps. That is right as long as there is nothing else to do; but
//! once a signal asks the process to stop, nobody waits longer than [`READER_TIMEOUT`], so that what there is to save is saved.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::terminal::interrupt::{self, Interrupted};

/// How long a reader is waited for after a signal.
const READER_TIMEOUT: Duration = Duration::from_millis(300);

/// How often somebody who waits looks whether there was a signal.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// When to try again where there is no room at the moment.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// What the threads are called.
const THREAD: &str = "output";

/// Standard output.
pub static OUT: Stream = Stream::new(|| Box::new(io::stdout()));

/// Standard error.
pub static ERR: Stream = Stream::new(|| Box::new(io::stderr()));

/// What is written to one after the other.
pub struct Stream {
    open: fn() -> Box<dyn Write>,
    writer: Mutex<Option<Writer>>,
}

impl Stream {
    const fn new(open: fn() -> Box<dyn Write>) -> Self {
        Self { open, writer: Mutex::new(None) }
    }

    /// Writes it all, as [`run`](Self::run) does its job.
    pub fn write(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.run(move |stream| write_all(stream, &bytes))
    }

    /// Has something written, and waits until that is done. Fails with [`Interrupted`] where the reader stands still after a signal.
    pub fn run(&self, job: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        if thread::current().name() == Some(THREAD) {
            // It would wait for itself: it tells why it panicked.
            return job(&mut *(self.open)());
        }
        // Every state between two writes is sound.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            *writer = Writer::start(self.open).ok();
        }
        match &mut *writer {
            Some(writer) => writer.run(Box::new(job)),
            // No thread can be had, so this one has to wait.
            None => job(&mut *(self.open)()),
        }
    }
}

type Job = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// The thread that writes.
struct Writer {
    jobs: Sender<Job>,
    done: Receiver<io::Result<()>>,
    /// Whether it still writes what nobody waits for any more.
    is_behind: bool,
}

impl Writer {
    fn start(open: fn() -> Box<dyn Write>) -> io::Result<Self> {
        let (jobs, given) = mpsc::channel::<Job>();
        let (tell, done) = mpsc::channel();
        thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
            let mut stream = open();
            for job in given {
                // Whoever no longer waits may still come back for it.
                let _ = tell.send(job(&mut *stream));
            }
        })?;
        Ok(Self { jobs, done, is_behind: false })
    }

    fn run(&mut self, job: Job) -> io::Result<()> {
        if self.is_behind {
            self.done.try_recv().map_err(|_| io::Error::other(Interrupted))?.ok();
            self.is_behind = false;
        }
        self.jobs.send(job).map_err(|_| ErrorKind::BrokenPipe)?;
        self.wait()
    }

    fn wait(&mut self) -> io::Result<()> {
        let mut deadline = None;
        loop {
            match self.done.recv_timeout(POLL_INTERVAL) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(ErrorKind::BrokenPipe.into()),
                Err(RecvTimeoutError::Timeout) if !interrupt::requested() => {}
                Err(RecvTimeoutError::Timeout) => {
                    if Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + READER_TIMEOUT) {
                        self.is_behind = true;
                        return Err(io::Error::other(Interrupted));
                    }
                }
            }
        }
    }
}

/// Writes it all, also to what has no room at the moment and does not wait by itself.
pub fn write_all(stream: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match patiently(|| stream.write(bytes))? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => bytes = &bytes[written..],
        }
    }
    patiently(|| stream.flush())
}

fn patiently<T>(mut write: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match write() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_INTERVAL),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes two bytes at a time, and at every other time none.
    struct Narrow {
        taken: Vec<u8>,
        is_full: bool,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.is_full = !self.is_full;
            if self.is_full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let bytes = &bytes[..bytes.len().min(2)];
            self.taken.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_has_no_room_at_the_moment_gets_it_all() {
        let mut narrow = Narrow { taken: Vec::new(), is_full: false };
        write_all(&mut narrow, b"seven..").unwrap();
        assert_eq!(narrow.taken, b"seven..");
    }
}
