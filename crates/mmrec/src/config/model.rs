//! The sizes that define a model.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Field, MAX_CONTEXT, is_default, require, require_within};

/// Sizes of a model, MM-Rec or a [GPT](Self::as_gpt); with the weights they define its function.
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
    /// Tokens in a chunk, C; files call it `block`.
    #[serde(rename = "block", default = "default_chunk")]
    pub chunk: usize,
    /// Slots a level of the hierarchy keeps, S.
    #[serde(default = "default_slots")]
    pub slots: usize,
    /// Slots of one level that merge into one of the next, f; files call it `fan_in`.
    #[serde(rename = "fan_in", default = "default_merge_factor")]
    pub merge_factor: usize,
    /// Levels of summaries above the token level; none in a GPT, which has no use for the other sizes of the memory either.
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
    /// Tokens that a token of a GPT attends to, itself the last of them; 0: the model is no GPT but an MM-Rec.
    #[serde(default, skip_serializing_if = "is_default")]
    pub window: usize,
}

fn default_chunk() -> usize {
    16
}

fn default_slots() -> usize {
    8
}

fn default_merge_factor() -> usize {
    4
}

impl ModelConfig {
    /// Whether attention over a window takes the place of both memories.
    pub fn is_gpt(&self) -> bool {
        self.window > 0
    }

    /// The GPT to compare this model with: the same vocabulary, width, layers and heads, and a feed-forward layer as much wider as
    /// gives it as many weights, to within half a unit in each block. Sizes that are not valid stay as they are, to be refused.
    #[must_use]
    pub fn as_gpt(&self, window: usize) -> Self {
        if self.validate().is_err() {
            return self.clone();
        }
        if self.is_gpt() {
            return Self { window, ..self.clone() };
        }
        let gpt = Self { feed_forward: 0, levels: 0, gate_rank: 0, planning: false, window, ..self.clone() };
        let unit = 3 * self.width as u64;
        let units = (self.block_weights() - gpt.block_weights() + unit / 2) / unit;
        Self { feed_forward: units as usize, ..gpt }
    }

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
        if self.is_gpt() {
            return 4 * d * d + 3 * d * f;
        }
        let (hem, rank) = (self.hem_width() as u64, self.gate_rank as u64);
        d * (hem + d + 3 * f) + rank * (d + 2 * h)
    }

    /// Number of weights of one block.
    fn block_weights(&self) -> u64 {
        let [d, h, levels] = [self.width, self.heads, self.levels].map(|n| n as u64);
        let vectors = if self.is_gpt() { 2 * d } else { 4 * d + 2 * h + levels * h };
        vectors + self.block_matrices()
    }

    /// Values of the head that plans, if there is one.
    fn planning_values(&self) -> u64 {
        if self.planning { (self.width * self.width) as u64 } else { 0 }
    }

    /// Whether the model plans in texts of `time` tokens: there is nothing to plan in fewer than two chunks.
    pub fn plans(&self, time: usize) -> bool {
        self.planning && time >= 2 * self.chunk
    }

    /// The same sizes with what is no size of `other`: the dropout, the options, and whether it is a GPT.
    #[must_use]
    pub fn with_options_of(self, other: &Self) -> Self {
        if other.is_gpt() {
            return Self { dropout: other.dropout, ..self.as_gpt(other.window) };
        }
        Self { dropout: other.dropout, gate_rank: other.gate_rank, planning: other.planning, ..self }
    }

    /// Number of weights.
    pub fn parameters(&self) -> u64 {
        let [v, d, layers] = [self.vocab, self.width, self.layers].map(|n| n as u64);
        layers * self.block_weights() + 2 * v * d + d + self.planning_values()
    }

    /// Floating-point operations of the forward pass per token, far into a text: all matrix products, and both memories (the
    /// recurrent one chunk by chunk). Of a GPT it is the mean over a text as long as its window. Training costs three times
    /// as many.
    pub fn flops(&self) -> u64 {
        let [v, d, h] = [self.vocab, self.width, self.heads].map(|n| n as u64);
        let [layers, channels, c] = [self.layers, self.head_width(), self.chunk].map(|n| n as u64);
        let visible = 2 * c + ((self.slots + self.merge_factor - 1) * self.levels) as u64;
        let matrices = layers * self.block_matrices() + v * d;
        let memories = if self.is_gpt() {
            layers * d * (self.window as u64 + 1)
        } else {
            layers * h * channels * (2 * visible + 2 * c + 2 * channels)
        };
        2 * (matrices + memories)
    }

    /// Tokens that the hierarchy reaches back: 2C + C·S·(f^levels − 1)/(f − 1); the window of a GPT.
    pub fn horizon(&self) -> u64 {
        if self.is_gpt() {
            return self.window as u64;
        }
        let [c, s, f] = [self.chunk, self.slots, self.merge_factor].map(|n| n as u64);
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
        require_within("block", self.chunk as u64, 1, 1_024)?;
        require_within("slots", self.slots as u64, 1, 1_024)?;
        require_within("fan_in", self.merge_factor as u64, 2, 64)?;
        require_within("window", self.window as u64, 0, MAX_CONTEXT)?;
        if self.is_gpt() {
            require(self.levels == 0, "levels", self.levels, "0 in a GPT, which has no memory but its window")?;
            require(self.gate_rank == 0, "gate_rank", self.gate_rank, "0 in a GPT, which has no gates")?;
            require(!self.planning, "planning", self.planning, "false in a GPT, whose attention has nothing to plan")?;
        } else {
            require_within("levels", self.levels as u64, 1, 16)?;
        }
        require_within("feed_forward", self.feed_forward as u64, 1, 65_536)?;
        GATE_RANK.check_whole(self.gate_rank as u64)?;
        DROPOUT.check_number(self.dropout)
    }

    /// What people may say of a model beside its sizes.
    pub const FIELDS: [&'static Field; 3] = [&DROPOUT, &GATE_RANK, &PLANNING];
}

const DROPOUT: Field = Field::number(
    "dropout",
    "Share of activations dropped in training; 0.1 to 0.3 helps small texts over many epochs",
    0.0,
    0.9,
    "0",
);
const GATE_RANK: Field = Field::whole(
    "gate_rank",
    "Give the decay and write gates a projection of their own, of this rank (DPG); 0: columns of the fused one",
    0,
    1_024,
    "0",
);
const PLANNING: Field =
    Field::switch("planning", "Train the memory to plan ahead as well (UBÖO): about twice the work a step");

#[cfg(test)]
mod tests {
    use super::super::Stage;
    use super::*;

    #[test]
    fn a_gpt_of_the_same_size_has_as_many_weights() {
        for stage in Stage::ALL {
            let model = stage.config(stage.default_vocab());
            let gpt = model.as_gpt(128);
            gpt.validate().expect("a valid model");
            let (ours, theirs) = (model.parameters() as f64, gpt.parameters() as f64);
            assert!((theirs / ours - 1.0).abs() < 0.003, "{stage}: {ours} and {theirs}");
            assert_eq!((Stage::of(&gpt), gpt.as_gpt(64).window), (Some(stage), 64));
        }
        let none = ModelConfig { width: 0, ..Stage::Tiny.config(256) };
        assert!(none.as_gpt(8).validate().expect_err("no width").to_string().starts_with("width = 0"));
        let bad = ModelConfig { levels: 3, ..Stage::Tiny.config(256).as_gpt(8) };
        let error = bad.validate().expect_err("a memory").to_string();
        assert_eq!(error, "levels = 3 is out of range: it must be 0 in a GPT, which has no memory but its window");
    }

    #[test]
    fn errors_name_the_field_and_the_range() {
        let good = Stage::Tiny.config(256);
        let bad = |change: fn(&mut ModelConfig)| {
            let mut config = good.clone();
            change(&mut config);
            config.validate().expect_err("out of range").to_string()
        };
        assert_eq!(bad(|c| c.merge_factor = 1), "fan_in = 1 is out of range: it must be between 2 and 64");
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
