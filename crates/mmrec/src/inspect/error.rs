//! Why a model cannot be looked into as asked.

use super::MAX_TOKENS;

/// What cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Nothing to read.
    #[error("there is no text to look at: write at least one character")]
    NoText,
    /// More tokens than are looked at at a time.
    #[error(
        "the text has {tokens} tokens, and at most {most} are looked at at a time{}: choose a shorter part of it",
        if *.most < MAX_TOKENS { " in a model with so many heads" } else { "" }
    )]
    TooLong {
        /// Tokens of the text.
        tokens: usize,
        /// The most there may be.
        most: usize,
    },
    /// A single token, which nothing predicts.
    #[error("the text is a single token, and the first one is not predicted: write at least two to compare losses")]
    OneToken,
    /// A GPT, where a memory was asked for.
    #[error("the model is a GPT, which has no recurrent memory and no gates: look at its attention instead")]
    NoMemory,
    /// No such token in the text.
    #[error("there is no token {token}: the text has {count}, counted from 0")]
    NoSuchToken {
        /// The token asked for.
        token: usize,
        /// Tokens of the text.
        count: usize,
    },
    /// No such layer in the model.
    #[error("there is no layer {layer}: the model has {count}, counted from 0")]
    NoSuchLayer {
        /// The layer asked for.
        layer: usize,
        /// Layers of the model.
        count: usize,
    },
    /// No such level in the model's memory.
    #[error("there is no memory level {level}: the model has the levels 1 to {count}")]
    NoSuchLevel {
        /// The level asked for.
        level: usize,
        /// Levels of the model.
        count: usize,
    },
}
