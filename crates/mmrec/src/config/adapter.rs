//! The sizes of low-rank adapters.

use serde::{Deserialize, Serialize};

use super::{ConfigError, ModelConfig, require, require_within};

/// Which matrices of a model have adapters, and of what rank. The effective matrix is W + (alpha / rank) · A · B.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterConfig {
    /// The first block with adapters; all behind it have them too.
    pub first_block: usize,
    /// Columns of A and rows of B.
    pub rank: usize,
    /// Scales what the adapters add, so that the rank can change without the rate.
    pub alpha: f64,
}

impl AdapterConfig {
    /// What A · B is multiplied by.
    pub fn scale(&self) -> f64 {
        self.alpha / self.rank as f64
    }

    /// Checks every field against the sizes of the model that is adapted. Field names are those of a training's settings.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field that is out of range.
    pub fn validate(&self, model: &ModelConfig) -> Result<(), ConfigError> {
        require_within("freeze", self.first_block as u64, 0, model.layers as u64 - 1)?;
        // More than the shorter side of a matrix would say nothing that less cannot.
        require_within("lora", self.rank as u64, 1, model.width.min(model.feed_forward) as u64)?;
        require(self.alpha > 0.0 && self.alpha <= 1e6, "lora_alpha", self.alpha, "above 0 and at most 1000000")
    }
}
