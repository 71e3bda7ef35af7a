//! What the control groups leave that the process is in.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::room;
#[cfg(not(target_os = "linux"))]
pub use other::room;
