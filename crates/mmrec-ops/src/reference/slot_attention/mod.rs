//! The long-term hierarchical memory (HDS): a window of tokens and a hierarchy of slots under one softmax.
//!
//! Time is cut into chunks of C tokens. The previous chunk and the causal part of this one are visible token by token; a chunk
//! older than that becomes one slot; f slots of a level merge into one of the next. Access costs O(M) with
//! M ≤ 2C + (S + f − 1)·levels visible entries.

mod attention;
mod schedule;
mod slots;
mod spread;

pub use attention::{Tables, attend, attend_token};
pub use schedule::{Schedule, retained};
pub use slots::{Past, Slots};
pub use spread::{hide_level, spread};

/// The sizes of a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Tokens in a chunk, C; `block` in settings files.
    pub chunk: usize,
    /// Slots a level keeps, S.
    pub slots: usize,
    /// Slots of one level that merge into one of the next, f; `merge_factor` in a model's configuration.
    pub merge_factor: usize,
    /// Levels of slots.
    pub levels: usize,
}
