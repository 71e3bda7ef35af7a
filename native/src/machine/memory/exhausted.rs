//! The end where memory runs out: a message and an exit code like those of any other failure, instead of an abort.
//!
//! Nothing here may ask for memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::terminal::output::Output;

const HINT: &str = "bytes more could not be had. A smaller --batch, --context or --stage and --recompute take less (mmrec plan tells \
                    how much), and a run goes on from its last checkpoint by --resume";

/// The system's memory, with an end of its own where there is none left.
pub struct Allocator;

static WANTS_JSON: AtomicBool = AtomicBool::new(false);
static ENDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    static ENDS_HERE: Cell<bool> = const { Cell::new(false) };
}

/// To be called first: says who is to be told.
pub fn prepare(output: Output) {
    WANTS_JSON.store(output.is_json(), Ordering::Relaxed);
    // Its buffer is made by the first use. What cannot be written now will not be later.
    let _ = io::stdout().flush();
}

// SAFETY: everything is left to the system's allocator; what it gives is given on, and where it gives nothing the process ends.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        some(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        some(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        some(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn some(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

#[cold]
fn end(bytes: usize) -> ! {
    if ENDING.swap(true, Ordering::SeqCst) {
        if ENDS_HERE.get() {
            process::abort();
        }
        // Another thread is telling it, and ends this one too.
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    }
    ENDS_HERE.set(true);
    let mut buffer = [0; 1024];
    let said = written(&mut buffer, |to| writeln!(to, "error: out of memory: {bytes} {HINT}"));
    let _ = io::stderr().write_all(said);
    if WANTS_JSON.load(Ordering::Relaxed) {
        let said = written(&mut buffer, |to| {
            let message = "out of memory";
            writeln!(
                to,
                r#"{{"type":"error","message":"{message}: {bytes} {HINT}","causes":["{message}","{bytes} {HINT}"]}}"#
            )
        });
        let _ = io::stdout().write_all(said);
    }
    process::exit(1)
}

/// What `write` writes, as far as there is room for it.
fn written(buffer: &mut [u8], write: impl FnOnce(&mut &mut [u8]) -> io::Result<()>) -> &[u8] {
    let all = buffer.len();
    let mut rest = &mut *buffer;
    let _ = write(&mut rest);
    let left = rest.len();
    &buffer[..all - left]
}
