//! The limit on open files, which connections count among.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::check;
#[cfg(unix)]
pub use unix::check;
