//! What turns gradients into steps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ConfigError;

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

    fn name(self) -> &'static str {
        match self {
            Self::AdamW => "adamw",
            Self::Sgd => "sgd",
        }
    }
}

impl fmt::Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OptimizerKind {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| ConfigError::OutOfRange {
            field: "optimizer",
            value: name.to_owned(),
            allowed: Self::ALL.map(Self::name).join(" or "),
        })
    }
}
