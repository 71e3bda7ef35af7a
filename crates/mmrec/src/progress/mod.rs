//! Where a training stands, and which numbers can be true of it. Checkpoints carry it, the driver brings it forward.

mod history;
mod pending;

use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, MAX_STEPS, TrainConfig, require, require_within};
use crate::data::Sampler;
pub use history::Point;
pub(crate) use history::record;
pub use pending::{Finish, PendingAction, SaveKind};

/// What no training reaches, and from which one can still count on for ever without an overflow: 2⁵³ is also the last whole number
/// that the page can tell from the next.
const MAX_TOKENS: u64 = 1 << 53;
const MAX_SECONDS: f64 = 1e11;
const MAX_FLOPS: f64 = 1e40;
const MAX_PARAMETERS: u64 = 1 << 50;
/// What rounding may make of a loss of nothing.
const LEAST_LOSS: f32 = -0.01;
/// More than can be pending after one step.
const MAX_PENDING: u64 = 16;

/// Where a training stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The run's settings.
    pub train: TrainConfig,
    /// Optimizer steps taken.
    pub step: u64,
    /// When the model grew to its present size; empty for one that did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grown: Vec<Growth>,
    /// Where the random crops stand.
    pub sampler: Sampler,
    /// Tokens learned from.
    pub tokens: u64,
    /// Seconds spent on training steps.
    pub seconds: f64,
    /// Floating-point operations of the training steps, those of smaller models before this one included.
    #[serde(default)]
    pub flops: f64,
    /// The metrics so far, thinned out when there are very many.
    pub history: Vec<Point>,
    /// The best evaluation, if there was one.
    pub best: Option<Best>,
    /// Evaluations since the best one.
    #[serde(rename = "stale")]
    pub evals_since_best: u32,
    /// Whether the optimizer's state came from a run before this one: then its means need no correction for a start at zero.
    #[serde(rename = "settled", default, skip_serializing_if = "std::ops::Not::not")]
    pub warm_moments: bool,
    /// What was to be done after this step and is not done yet.
    #[serde(rename = "due")]
    pub pending: Vec<PendingAction>,
    /// The name of the text.
    pub data_name: String,
    /// Identifies tokens, split and tokenizer.
    pub data_fingerprint: String,
}

/// A model became a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The last step of the smaller one.
    pub step: u64,
    /// Floating-point operations of training up to there.
    pub flops: f64,
    /// Its parameters.
    pub parameters: u64,
}

/// The best evaluation of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The step it was at.
    pub step: u64,
    /// Its validation loss in nats per token.
    pub loss: f32,
}

impl Progress {
    /// The step that the schedule began with: that of the last growth.
    pub fn schedule_start(&self) -> u64 {
        self.grown.last().map_or(0, |growth| growth.step)
    }

    /// Checks every number, those of the settings included: whoever counts on from them must not overflow, and none of them can be
    /// what no training gives.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        self.train.validate()?;
        // TOML, in which a run keeps its settings, knows signed numbers only.
        require_within("seed", self.train.seed, 0, i64::MAX as u64)?;
        require_step(self.step)?;
        require_within("sampler.cursor", self.sampler.cursor, 0, MAX_TOKENS)?;
        require_within("tokens", self.tokens, 0, MAX_TOKENS)?;
        require_number("seconds", self.seconds, MAX_SECONDS)?;
        require_number("flops", self.flops, MAX_FLOPS)?;
        require_within("stale", self.evals_since_best.into(), 0, self.step)?;
        require_within("due", self.pending.len() as u64, 0, MAX_PENDING)?;
        if let Some(Best { step, loss }) = self.best {
            require_within("best.step", step, 0, self.step)?;
            require_loss("best.loss", loss)?;
        }
        require_rising("grown.step", self.grown.iter().map(|growth| growth.step), self.step)?;
        self.grown.iter().try_for_each(Growth::validate)?;
        require_rising("history.step", self.history.iter().map(|point| point.step), self.step)?;
        self.history.iter().try_for_each(validate_point)
    }
}

impl Growth {
    fn validate(&self) -> Result<(), ConfigError> {
        require_number("grown.flops", self.flops, MAX_FLOPS)?;
        require_within("grown.parameters", self.parameters, 1, MAX_PARAMETERS)
    }
}

fn validate_point(point: &Point) -> Result<(), ConfigError> {
    require_within("history.tokens", point.tokens, 0, MAX_TOKENS)?;
    require_number("history.epoch", point.epoch, MAX_TOKENS as f64)?;
    require_number("history.seconds", point.seconds, MAX_SECONDS)?;
    require_number("history.flops", point.flops, MAX_FLOPS)?;
    require_number("history.tokens_per_s", point.tokens_per_s, f64::MAX)?;
    require_number("history.lr", point.lr, 1.0)?;
    require_number("history.grad_norm", point.grad_norm.into(), f32::MAX.into())?;
    // With what planning adds, this one may be anything.
    require(point.train_loss.is_finite(), "history.train_loss", point.train_loss, "a finite number")?;
    for (field, value) in [("history.val_loss", point.val_loss), ("history.val_bpc", point.val_bpc)] {
        value.map_or(Ok(()), |value| require_loss(field, value))?;
    }
    let of = |value: Option<f32>| f64::from(value.unwrap_or_default());
    require_number("history.val_perplexity", of(point.val_perplexity), f32::MAX.into())?;
    require_number("history.val_accuracy", of(point.val_accuracy), 1.0)
}

/// Refuses what is negative, above `most` or not a number.
fn require_number(field: &'static str, value: f64, most: f64) -> Result<(), ConfigError> {
    require((0.0..=most).contains(&value), field, value, format!("between 0 and {most:e}"))
}

/// Refuses what no validation loss is.
pub(crate) fn require_loss(field: &'static str, value: f32) -> Result<(), ConfigError> {
    require(value.is_finite() && value >= LEAST_LOSS, field, value, "a finite number, not negative")
}

/// Refuses steps that do not rise, or go beyond the last one.
fn require_rising(field: &'static str, steps: impl Iterator<Item = u64>, last: u64) -> Result<(), ConfigError> {
    let mut before = None;
    for step in steps {
        require_within(field, step, 0, last)?;
        let rises = before.is_none_or(|before| before < step);
        require(rises, field, step, "greater than the one before")?;
        before = Some(step);
    }
    Ok(())
}

/// Refuses a number of steps that no run takes.
pub(crate) fn require_step(step: u64) -> Result<(), ConfigError> {
    require_within("step", step, 0, MAX_STEPS)
}
