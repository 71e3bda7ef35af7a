//! What happens in a session.

use serde::{Deserialize, Serialize};

use crate::progress::{Finish, Point, SaveKind};

/// Something that happened; the shells show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A training step was taken.
    Step(Point),
    /// An evaluation is under way: windows read and windows in all.
    Evaluating {
        /// The step evaluated.
        step: u64,
        /// Windows read.
        done: usize,
        /// Windows in all.
        total: usize,
    },
    /// The model was judged on the validation split.
    Eval {
        /// The step evaluated.
        step: u64,
        /// Passes over the training split so far.
        epoch: f64,
        /// Nats per token.
        val_loss: f32,
        /// Bits per character.
        val_bpc: f32,
        /// e to the loss.
        val_perplexity: f32,
        /// Share of tokens predicted as the likeliest.
        val_accuracy: f32,
        /// Whether no evaluation before was better.
        best: bool,
    },
    /// The model wrote a sample.
    Sample {
        /// The step it was written at.
        step: u64,
        /// Prompt and continuation.
        text: String,
    },
    /// A checkpoint is due: the shell takes [`Session::checkpoint`](super::Session::checkpoint) and writes it before it goes on.
    Save {
        /// Why.
        kind: SaveKind,
        /// The step it holds.
        step: u64,
    },
    /// Training has ended.
    Finished {
        /// Why.
        reason: Finish,
        /// The same in words.
        message: String,
    },
}
