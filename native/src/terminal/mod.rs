//! What a person or a script sees of a command, and how they end it.

pub mod failure;
pub mod format;
pub mod interrupt;
pub mod output;
pub mod progress;
pub mod shell;
pub mod signals;
pub mod stream;
