//! Writing: a prompt in, text out piece by piece, in memory that does not grow with the text.

mod choose;
mod generator;
mod stop;

pub use generator::{Generator, next_logits};
