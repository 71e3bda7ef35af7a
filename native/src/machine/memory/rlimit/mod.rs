//! What the limits leave that `ulimit` sets.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::{address_space, data};
#[cfg(unix)]
pub use unix::{address_space, data};
