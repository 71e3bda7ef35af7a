//! The framework's log. In a browser there is nobody to return some errors to, such as that of a program that the GPU refused: the
//! framework writes a line, goes on without the program, and what its output held before is read as if it were the result.

use std::cell::RefCell;

use js_sys::Function;
use log::{Level, LevelFilter, Log, Metadata, Record};
use mmrec::platform::{report_fault, watch_faults};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn warn(text: &str);
}

thread_local! {
    /// Whom to tell of a fault. A module has one engine at work, in one worker.
    static LISTENER: RefCell<Option<Function>> = const { RefCell::new(None) };
}

struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    /// An error is a fault of the GPU; a warning is for whoever looks into the console.
    fn log(&self, record: &Record<'_>) {
        match record.level() {
            Level::Error => report_fault(None, &record.args().to_string()),
            Level::Warn => warn(&format!("{}: {}", record.target(), record.args())),
            _ => {}
        }
    }

    fn flush(&self) {}
}

/// From now on an error in the log, one that no call returns, and the loss of the GPU are errors of whatever reads from it next;
/// `listener` hears of them at once.
pub fn listen(listener: Option<Function>) {
    LISTENER.set(listener);
    watch_faults(tell);
    // A second engine of the module finds it there.
    if log::set_logger(&Listener).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

fn tell(fault: &str) {
    LISTENER.with_borrow(|listener| {
        // One that fails is no reason to stop: the next read tells.
        let _ = listener.as_ref().map(|listener| listener.call1(&JsValue::NULL, &fault.into()));
    });
}
