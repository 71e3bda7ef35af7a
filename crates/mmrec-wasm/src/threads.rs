//! The threads of rayon's pool: workers in which this same module runs, in the same memory.
//!
//! Who makes the workers is left to JavaScript. `wasm-bindgen-rayon` has the engine's worker make them, and from that Firefox (153)
//! did not return in 3 of 100 visits: its `new Worker` waits, in a worker, for a signal that now and then the new one takes.

use std::io::Error;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use rayon::{ThreadBuilder, ThreadPoolBuilder};
use wasm_bindgen::prelude::*;

/// What each worker is to run, from the one that builds the pool to those that wait.
static PENDING: LazyLock<(Sender<ThreadBuilder>, Mutex<Receiver<ThreadBuilder>>)> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    (sender, Mutex::new(receiver))
});

/// The `WebAssembly.Module` that this is, to be instantiated again with its memory.
#[wasm_bindgen]
pub fn module_code() -> JsValue {
    wasm_bindgen::module()
}

/// Makes the pool of `threads` workers and waits until all are in it: as many must have called [`run_thread`], or be about to. Once,
/// before the first engine, and in a worker: a page's own thread may not wait.
///
/// # Errors
/// If there are none, or there is a pool already.
#[wasm_bindgen]
pub fn build_pool(threads: usize) -> Result<(), JsError> {
    if threads == 0 {
        return Err(JsError::new("a pool needs a thread"));
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .spawn_handler(|thread| PENDING.0.send(thread).map_err(|error| Error::other(error.to_string())));
    Ok(pool.build_global()?)
}

/// What a worker is a thread of the pool by; it does not return.
#[wasm_bindgen]
pub fn run_thread() {
    // Taken in turn: the lock is held while one waits.
    let pending = PENDING.1.lock().unwrap_or_else(PoisonError::into_inner).recv();
    if let Ok(thread) = pending {
        thread.run();
    }
}
