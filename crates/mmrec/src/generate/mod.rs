//! Writing: a prompt in, text out piece by piece, in memory that does not grow with the text.

mod choose;
mod generator;
mod opening;
mod stop;

pub use generator::{Generator, next_logits};
