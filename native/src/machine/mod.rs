//! What this machine has: devices, whether they can be trusted, and memory.

pub mod device;
mod gpu_check;
pub mod gpu_log;
pub mod memory;
