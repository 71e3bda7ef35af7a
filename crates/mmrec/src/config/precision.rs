//! How numbers are stored in training.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The type of matrices and of what they are multiplied with.
///
/// Whatever it is, the weights that are updated, their moments, both memories, norms, losses and sums are f32: a step is small
/// beside its weight, and would be lost in eight bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Four bytes a value.
    #[default]
    F32,
    /// Two bytes a value, of which eight bits are significant: for devices whose matrix units multiply it faster.
    Bf16,
}

impl Precision {
    /// Bytes of a value.
    pub fn bytes(self) -> u64 {
        match self {
            Precision::F32 => 4,
            Precision::Bf16 => 2,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "f32" => Ok(Precision::F32),
            "bf16" => Ok(Precision::Bf16),
            other => Err(ConfigError::OutOfRange {
                field: "precision",
                value: other.to_owned(),
                allowed: "f32 or bf16".to_owned(),
            }),
        }
    }
}
