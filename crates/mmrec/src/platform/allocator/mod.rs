//! What the system's allocator is told.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod other;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub use glibc::keep_memory;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub use other::keep_memory;
