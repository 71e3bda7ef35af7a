//! What turns gradients into steps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The optimizer of a run; what they do is in `train/optim`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// AdamW: two numbers of state for each parameter.
    #[default]
    AdamW,
    /// Stochastic gradient descent with momentum: one number of state for each parameter, and another rate than the default's.
    Sgd,
}

impl OptimizerKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AdamW, Self::Sgd];

    /// What they are called, in the same order.
    pub(super) const NAMES: [&str; 2] = ["adamw", "sgd"];
}

impl fmt::Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}
