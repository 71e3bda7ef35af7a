//! The framework's log, of which one thing matters: work for a GPU that broke off on the thread that feeds it. The framework writes
//! a line and goes on, and what the work should have written is read as it was. Programs that a GPU refuses are no such case: the
//! next read fails.

use log::{LevelFilter, Log, Metadata, Record};
use mmrec::platform::report_fault;

/// Where the framework's threads for devices live.
const THREADS: &str = "cubecl_common::device";

struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(THREADS)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            report_fault(None, &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// From now on such a line is an error of whatever reads from a GPU next.
pub fn listen() {
    // Somebody else's log, in a program that this one is a part of, stays.
    if log::set_logger(&Listener).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_that_broke_off_counts() {
        let is_heard = |target| Listener.enabled(&Metadata::builder().target(target).build());
        assert!(is_heard("cubecl_common::device::handle::channel"));
        assert!(!is_heard("cubecl_runtime::tune::tune_cache") && !is_heard("wgpu_hal::vulkan::instance"));
    }
}
