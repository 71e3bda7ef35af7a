//! How numbers are stored in training.

use std::fmt;

use serde::{Deserialize, Serialize};

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

    /// What they are called, in the order of the definition.
    pub(super) const NAMES: [&str; 2] = ["f32", "bf16"];
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}
