//! How much memory this process can still have: the least of what the machine has and of what the process is allowed.

mod cgroup;
pub mod exhausted;
mod rlimit;

use anyhow::{Result, bail};
use sysinfo::{MemoryRefreshKind, System};

use crate::terminal::format;

/// Memory that can still be had, and what sets that limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: u64,
    /// In words.
    pub of: &'static str,
}

impl Room {
    /// What there is without swapping; `None` where nothing is known.
    pub fn now() -> Option<Self> {
        least(machine(MemoryRefreshKind::nothing().with_ram()))
    }

    /// What there is at all.
    fn with_swap() -> Option<Self> {
        least(machine(MemoryRefreshKind::nothing().with_ram().with_swap()))
    }

    /// As in "0.3 GB are free (the limit of the control group)".
    pub fn words(self) -> String {
        format!("{} ({})", format::size(self.bytes), self.of)
    }
}

fn machine(what: MemoryRefreshKind) -> u64 {
    let mut system = System::new();
    system.refresh_memory_specifics(what);
    system.available_memory().saturating_add(system.free_swap())
}

fn least(machine: u64) -> Option<Room> {
    let machine = (machine > 0).then_some(Room { bytes: machine, of: "what is free on this machine" });
    let group = cgroup::room().map(|bytes| Room { bytes, of: "the limit of this container or control group" });
    let address_space = rlimit::address_space().map(|bytes| Room { bytes, of: "the limit set by ulimit -v" });
    let data = rlimit::data().map(|bytes| Room { bytes, of: "the limit set by ulimit -d" });
    [machine, group, address_space, data].into_iter().flatten().min_by_key(|room| room.bytes)
}

/// Refuses what is certain to take more memory than there is.
pub fn refuse_beyond_all(bytes: u64, what: &str, remedy: &str) -> Result<()> {
    match Room::with_swap().filter(|room| bytes > room.bytes) {
        Some(room) => bail!("{what} takes {}, and all there is is {}: {remedy}", format::size(bytes), room.words()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_some_and_no_endless_amount() {
        let room = Room::now().expect("known on the systems that tests run on");
        assert!(room.bytes > 1_000_000 && room.bytes < 1 << 50, "{room:?}");
        assert!(refuse_beyond_all(1, "a byte", "none").is_ok());
        let error = refuse_beyond_all(u64::MAX, "everything", "take less").unwrap_err().to_string();
        assert!(error.starts_with("everything takes 18446744.1 TB") && error.ends_with("take less"), "{error}");
    }
}
