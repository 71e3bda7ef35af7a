//! What tells a file or a folder from one that took its place.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::Identity;
#[cfg(unix)]
pub use unix::Identity;
