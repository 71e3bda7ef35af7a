//! The sizes that define a model.

use serde::{Deserialize, Serialize};

use super::{ConfigError, is_default, require, require_within};

/// Sizes of an MM-Rec model; with the weights they define its function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Tokens in the vocabulary, V.
    pub vocab: usize,
    /// Width of the residual stream, D.
    pub width: usize,
    /// Number of blocks, L.
    pub layers: usize,
    /// Heads of both memories, H; `width / heads` is even.
    pub heads: usize,
    /// Tokens in a block of time, C.
    #[serde(default = "default_block")]
    pub block: usize,
    /// Slots a level of the hierarchy keeps, S.
    #[serde(default = "default_slots")]
    pub slots: usize,
    /// Slots of one level that merge into one of the next, f.
    #[serde(default = "default_fan_in")]
    pub fan_in: usize,
    /// Levels of summaries above the token level.
    pub levels: usize,
    /// Width of the feed-forward layer, F.
    pub feed_forward: usize,
    /// Share of each branch's outputs dropped in training, 0 to 0.9.
    #[serde(default)]
    pub dropout: f64,
    /// Rank of the decay and write gates' own projection (DPG); 0: they are columns of the fused one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gate_rank: usize,
    /// Whether the model has a head that plans ahead in training (UBÖO); generation does without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub planning: bool,
}

fn default_block() -> usize {
    16
}

fn default_slots() -> usize {
    8
}

fn default_fan_in() -> usize {
    4
}

impl ModelConfig {
    /// Channels of one head, d = D / H.
    pub fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Columns of the fused projection: q, k, v, e of width D and salience per head; then decay gate and write gate per head, unless
    /// these have a projection of their own.
    pub fn hem_width(&self) -> usize {
        let per_head = if self.gate_rank == 0 { 3 } else { 1 };
        4 * self.width + per_head * self.heads
    }

    /// Values of all matrices of one block; each is multiplied once for a token.
    fn block_matrices(&self) -> u64 {
        let [d, h, f] = [self.width, self.heads, self.feed_forward].map(|n| n as u64);
        let (hem, rank) = (self.hem_width() as u64, self.gate_rank as u64);
        d * (hem + d + 3 * f) + rank * (d + 2 * h)
    }

    /// Values of the head that plans, if there is one.
    fn planning_values(&self) -> u64 {
        if self.planning { (self.width * self.width) as u64 } else { 0 }
    }

    /// Whether the model plans in texts of `time` tokens: there is nothing to plan in fewer than two blocks.
    pub fn plans(&self, time: usize) -> bool {
        self.planning && time >= 2 * self.block
    }

    /// The same sizes with what is no size of `other`: the dropout and the options.
    #[must_use]
    pub fn with_options_of(self, other: &Self) -> Self {
        Self { dropout: other.dropout, gate_rank: other.gate_rank, planning: other.planning, ..self }
    }

    /// Number of weights.
    pub fn parameters(&self) -> u64 {
        let [v, d, h] = [self.vocab, self.width, self.heads].map(|n| n as u64);
        let [levels, layers] = [self.levels, self.layers].map(|n| n as u64);
        let vectors = 4 * d + 2 * h + levels * h;
        layers * (vectors + self.block_matrices()) + 2 * v * d + d + self.planning_values()
    }

    /// Floating-point operations of the forward pass per token, far into a text: all matrix products, and both memories (the
    /// recurrent one in chunks of a block). Training costs three times as many.
    pub fn flops(&self) -> u64 {
        let [v, d, h] = [self.vocab, self.width, self.heads].map(|n| n as u64);
        let [layers, channels, c] = [self.layers, self.head_width(), self.block].map(|n| n as u64);
        let visible = 2 * c + ((self.slots + self.fan_in - 1) * self.levels) as u64;
        let matrices = layers * self.block_matrices() + v * d;
        let memories = layers * h * channels * (2 * visible + 2 * c + 2 * channels);
        2 * (matrices + memories)
    }

    /// Tokens that the hierarchy reaches back: 2C + C·S·(f^levels − 1)/(f − 1).
    pub fn horizon(&self) -> u64 {
        let [c, s, f] = [self.block, self.slots, self.fan_in].map(|n| n as u64);
        let groups = (0..self.levels as u32).fold(0u64, |sum, l| sum.saturating_add(f.saturating_pow(l)));
        c.saturating_mul(s).saturating_mul(groups).saturating_add(2 * c)
    }

    /// Checks every field. The bounds are wide enough for any rung of the ladder and narrow enough that no arithmetic on
    /// sizes overflows.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        require_within("vocab", self.vocab as u64, 2, 65_536)?;
        require_within("width", self.width as u64, 2, 16_384)?;
        require_within("layers", self.layers as u64, 1, 256)?;
        require_within("heads", self.heads as u64, 1, 1_024)?;
        require(
            self.width.is_multiple_of(2 * self.heads),
            "heads",
            self.heads,
            format!("a divisor of width ({}) that leaves heads of even width", self.width),
        )?;
        require_within("block", self.block as u64, 1, 1_024)?;
        require_within("slots", self.slots as u64, 1, 1_024)?;
        require_within("fan_in", self.fan_in as u64, 2, 64)?;
        require_within("levels", self.levels as u64, 1, 16)?;
        require_within("feed_forward", self.feed_forward as u64, 1, 65_536)?;
        require_within("gate_rank", self.gate_rank as u64, 0, 1_024)?;
        require((0.0..=0.9).contains(&self.dropout), "dropout", self.dropout, "between 0 and 0.9")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stage;
    use super::*;

    #[test]
    fn errors_name_the_field_and_the_range() {
        let good = Stage::Tiny.config(256);
        let bad = |change: fn(&mut ModelConfig)| {
            let mut config = good.clone();
            change(&mut config);
            config.validate().expect_err("out of range").to_string()
        };
        assert_eq!(bad(|c| c.fan_in = 1), "fan_in = 1 is out of range: it must be between 2 and 64");
        assert_eq!(
            bad(|c| c.heads = 3),
            "heads = 3 is out of range: it must be a divisor of width (64) that leaves heads of even width"
        );
        assert!(bad(|c| c.dropout = f64::NAN).starts_with("dropout = NaN"));
    }

    #[test]
    fn unknown_fields_are_refused() {
        let text = r#"{"vocab":65,"width":64,"layers":2,"heads":2,"levels":2,"feed_forward":64,"colour":1}"#;
        assert!(serde_json::from_str::<ModelConfig>(text).is_err());
    }
}
