//! What is still to be done after a step.

use serde::{Deserialize, Serialize};

/// Which checkpoint is to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveKind {
    /// The best evaluation so far.
    Best,
    /// A periodic one.
    Step,
    /// The run has ended.
    Last,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// All planned steps were taken.
    Steps,
    /// The validation loss no longer falls.
    Plateau,
    /// The loss or the gradient is not finite.
    NotFinite,
}

/// What a step brings with it, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingAction {
    /// An evaluation.
    Evaluate,
    /// A sample of text.
    Sample,
    /// A checkpoint.
    Save(SaveKind),
    /// The end of training.
    Finish(Finish),
}
