//! How text is drawn from a model.

use serde::{Deserialize, Serialize};

use super::{ConfigError, require, require_within};

/// Settings of one generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SampleConfig {
    /// Divides the logits; 0 always takes the likeliest token.
    pub temperature: f64,
    /// Draw from the `top_k` likeliest tokens only; 0 is off.
    pub top_k: usize,
    /// Draw from the fewest tokens whose probabilities reach `top_p`; 1 is off.
    pub top_p: f64,
    /// Same seed, same text.
    pub seed: u64,
    /// Stop after this many tokens.
    pub max_tokens: usize,
    /// Stop before any of these texts appears.
    pub stop: Vec<String>,
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self { temperature: 0.8, top_k: 0, top_p: 0.95, seed: 0, max_tokens: 300, stop: Vec::new() }
    }
}

impl SampleConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        require((0.0..=100.0).contains(&self.temperature), "temperature", self.temperature, "between 0 and 100")?;
        require(self.top_p > 0.0 && self.top_p <= 1.0, "top_p", self.top_p, "above 0 and at most 1")?;
        require_within("max_tokens", self.max_tokens as u64, 1, 1_000_000_000)?;
        require(self.stop.iter().all(|text| !text.is_empty()), "stop", "\"\"", "a text of at least one character")
    }
}
