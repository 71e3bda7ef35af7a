//! Words as shells read them.

#[cfg(not(windows))]
mod posix;
#[cfg(windows)]
mod windows;

#[cfg(not(windows))]
pub use posix::quoted;
#[cfg(windows)]
pub use windows::quoted;
