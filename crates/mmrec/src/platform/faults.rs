//! What GPUs complain of at no particular call: a program that was refused, an error that nobody waited for, a loss. Whatever such
//! a GPU computes from then on may be what its memory happened to hold, so nothing of it is read any more.

use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::Device;

use super::gpu::is_gpu;

/// Characters of a complaint that are kept; some come with the whole source of a program.
const LONGEST: usize = 400;

/// A complaint.
struct Fault {
    /// Whose it is; of every GPU where it does not say.
    device: Option<Device>,
    what: String,
}

static FAULTS: Mutex<Vec<Fault>> = Mutex::new(Vec::new());

type Listener = Box<dyn Fn(&str) + Send + Sync>;
static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Has `tell` hear of every fault at once, and not only when something is read next. The first one who asks is heard.
pub fn watch_faults(tell: impl Fn(&str) + Send + Sync + 'static) {
    // A second one would hear of the same.
    let _ = LISTENER.set(Box::new(tell));
}

/// Notes that a GPU (every one, where it is not known which) can no longer be trusted.
pub fn report_fault(device: Option<&Device>, complaint: &str) {
    let what = clause(complaint);
    if let Some(tell) = LISTENER.get() {
        tell(&what);
    }
    let fault = Fault { device: device.cloned(), what };
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
}

/// The first complaint of a device.
pub(super) fn fault_of(device: &Device) -> Option<String> {
    let faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    let concerns = |fault: &&Fault| fault.device.as_ref().map_or_else(|| is_gpu(device), |of| of == device);
    faults.iter().find(concerns).map(|fault| fault.what.clone())
}

/// A complaint in one line, without the source that it is about and the places in the framework that it came through.
pub(super) fn clause(complaint: &str) -> String {
    let is_text = |line: &&str| !line.starts_with("---") && !line.starts_with("Backtrace");
    let lines = complaint.lines().take_while(is_text);
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let clause = words.join(" ");
    match clause.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &clause[..end]),
        None => clause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_one_line_without_the_source() {
        let log =
            "WGSL compilation failed for kernel `read`:\n  expected ';'\n--- shader source (9 bytes) ---\nfn main()";
        assert_eq!(clause(log), "WGSL compilation failed for kernel `read`: expected ';'");
        let long = clause(&"ğ ".repeat(LONGEST));
        assert!(long.ends_with('…') && long.chars().count() == LONGEST + 1);
    }
}
