//! How a model is trained.

use serde::{Deserialize, Serialize};

use super::{AdapterConfig, ConfigError, Field, ModelConfig, OptimizerKind, Precision, is_default};

/// The most steps of a run.
pub const MAX_STEPS: u64 = 1_000_000_000;

/// The longest sequence that a model is trained on or judged by.
pub const MAX_CONTEXT: u64 = 1 << 20;

/// Settings of one training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Tokens in one crop of text, T.
    pub context: usize,
    /// Crops in one pass, B.
    pub batch: usize,
    /// Passes whose gradients are added up for one step.
    pub accum: usize,
    /// Whether the backward pass recomputes each block from its input instead of keeping what is inside: a fraction of the
    /// memory for a third more work, and the same gradients.
    #[serde(default)]
    pub recompute: bool,
    /// The type of matrices and of what they are multiplied with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// What turns gradients into steps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optimizer: OptimizerKind,
    /// Optimizer steps to take.
    pub steps: u64,
    /// Peak learning rate.
    pub lr: f64,
    /// The rate at the end, as a share of the peak.
    #[serde(default = "default_floor")]
    pub floor: f64,
    /// Steps over which the rate rises to its peak.
    pub warmup: u64,
    /// Decay of matrices per unit of rate.
    pub weight_decay: f64,
    /// Largest global norm of the gradient.
    pub clip: f64,
    /// Seed of weights, crops and dropout.
    pub seed: u64,
    /// Steps between evaluations on the validation split.
    pub eval_every: u64,
    /// Windows of `context` tokens that an evaluation reads, evenly spaced; 0 reads the whole split.
    pub eval_windows: usize,
    /// Evaluations without a better loss after which training stops; 0 is off.
    pub patience: u32,
    /// Steps between periodic checkpoints.
    pub save_every: u64,
    /// Steps between reports of the loss.
    pub log_every: u64,
    /// Steps between samples of text; 0 is off.
    pub sample_every: u64,
    /// What a sample begins with.
    pub sample_prompt: String,
    /// Tokens in a sample.
    pub sample_tokens: usize,
    /// Blocks, from the first on, that stay as they are, and the embedding with them; 0 trains everything.
    #[serde(default, skip_serializing_if = "is_default")]
    pub freeze: usize,
    /// Rank of the adapters that are trained instead of the weights; 0 trains the weights.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lora: usize,
    /// What the adapters are scaled by, times their rank; 0 where there are none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lora_alpha: f64,
}

fn default_floor() -> f64 {
    0.1
}

impl TrainConfig {
    /// λ_P, what the planning loss of a model that plans counts for.
    pub const PLANNING: f64 = 0.1;

    /// Defaults for a model: the peak rate is 4e-3 at width 128 and falls with 1/√D.
    pub fn for_model(model: &ModelConfig) -> Self {
        let lr = 4e-3 * (128.0 / model.width as f64).sqrt();
        Self {
            context: 256,
            batch: 8,
            accum: 1,
            recompute: false,
            precision: Precision::F32,
            optimizer: OptimizerKind::AdamW,
            steps: 1_000,
            lr: (lr * 1e5).round() / 1e5,
            floor: default_floor(),
            warmup: 50,
            weight_decay: 0.1,
            clip: 1.0,
            seed: 0,
            eval_every: 100,
            eval_windows: 64,
            patience: 0,
            save_every: 500,
            log_every: 1,
            sample_every: 0,
            sample_prompt: String::new(),
            sample_tokens: 200,
            freeze: 0,
            lora: 0,
            lora_alpha: 0.0,
        }
    }

    /// Defaults for a model that has grown into these sizes: a quarter of a fresh model's rate, from the second growth of the
    /// ladder on an eighth. The carried weights are near a minimum already, out of which a fresh model's rate would throw them.
    ///
    /// Measured from `tiny` (800 steps on Tiny Shakespeare, validation loss 1.663) to `mini`, 240 steps: at the whole rate the
    /// loss first rises by 0.13 and ends at 1.634, at half by 0.06 and 1.614, at a quarter by 0.02 and 1.611, at an eighth by none
    /// and 1.620. From `mini` (600 steps more, 1.583) to `small`: at a quarter it rises by 0.035, at an eighth by 0.008.
    pub fn for_grown(model: &ModelConfig) -> Self {
        const FIRST: usize = 192;
        let fresh = Self::for_model(model);
        let share = if model.width <= FIRST { 4.0 } else { 8.0 };
        Self { lr: fresh.lr / share, ..fresh }
    }

    /// Defaults for a trained model that learns another text: with its weights, as one that has grown; with adapters beside them,
    /// which begin at nothing, twice a fresh model's rate.
    ///
    /// Measured with adapters of rank 8 beside `tiny` (from Tiny Shakespeare to the built-in stories, 200 steps), validation loss on
    /// the new text and on the old one, which was 1.741: half a fresh model's rate 1.664 and 2.012, the whole 1.568 and 2.111, twice
    /// 1.505 and 2.210, four times 1.499 and 2.309.
    pub fn for_tuning(model: &ModelConfig, adapters: bool) -> Self {
        if !adapters {
            return Self::for_grown(model);
        }
        let fresh = Self::for_model(model);
        Self { lr: fresh.lr * 2.0, ..fresh }
    }

    /// These settings with all of `other`'s that change no number of a step, and with its steps: when a run ends, is judged, saved and
    /// reported, what it writes meanwhile, and what memory it takes.
    #[must_use]
    pub fn with_course_of(&self, other: &Self) -> Self {
        Self {
            context: self.context,
            batch: self.batch,
            accum: self.accum,
            precision: self.precision,
            optimizer: self.optimizer,
            lr: self.lr,
            floor: self.floor,
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            clip: self.clip,
            seed: self.seed,
            freeze: self.freeze,
            lora: self.lora,
            lora_alpha: self.lora_alpha,
            ..other.clone()
        }
    }

    /// The adapters that are trained, if it is not the weights.
    pub fn adapter(&self) -> Option<AdapterConfig> {
        (self.lora > 0).then_some(AdapterConfig { first_block: self.freeze, rank: self.lora, alpha: self.lora_alpha })
    }

    /// Whether a part of the weights stays as it is, which makes sense for a model that has learned something only.
    pub fn is_partial(&self) -> bool {
        self.freeze > 0 || self.lora > 0
    }

    /// Tokens that one optimizer step learns from.
    pub fn tokens_per_step(&self) -> u64 {
        (self.context * self.batch * self.accum) as u64
    }

    /// Checks what a model's sizes bound.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field that is out of range.
    pub fn validate_for(&self, model: &ModelConfig) -> Result<(), ConfigError> {
        super::require_within("freeze", self.freeze as u64, 0, model.layers as u64 - 1)?;
        self.adapter().map_or(Ok(()), |adapter| adapter.validate(model))
    }

    /// Checks every field, but not against a model's sizes: [`validate_for`](Self::validate_for) does.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        CONTEXT.check_whole(self.context as u64)?;
        BATCH.check_whole(self.batch as u64)?;
        ACCUM.check_whole(self.accum as u64)?;
        STEPS.check_whole(self.steps)?;
        LR.check_number(self.lr)?;
        FLOOR.check_number(self.floor)?;
        WARMUP.check_whole(self.warmup)?;
        WEIGHT_DECAY.check_number(self.weight_decay)?;
        CLIP.check_number(self.clip)?;
        EVAL_EVERY.check_whole(self.eval_every)?;
        EVAL_WINDOWS.check_whole(self.eval_windows as u64)?;
        SAVE_EVERY.check_whole(self.save_every)?;
        LOG_EVERY.check_whole(self.log_every)?;
        SEED.check_whole(self.seed)?;
        SAMPLE_EVERY.check_whole(self.sample_every)?;
        SAMPLE_TOKENS.check_whole(self.sample_tokens as u64)?;
        SAMPLE_PROMPT.check_text(&self.sample_prompt)
    }

    /// What people may say of a training, in the order of the command line's help. What fine-tuning adds is not among them.
    pub const FIELDS: [&'static Field; 21] = [
        &STEPS,
        &BATCH,
        &CONTEXT,
        &ACCUM,
        &RECOMPUTE,
        &PRECISION,
        &OPTIMIZER,
        &LR,
        &FLOOR,
        &WARMUP,
        &WEIGHT_DECAY,
        &CLIP,
        &SEED,
        &EVAL_EVERY,
        &EVAL_WINDOWS,
        &PATIENCE,
        &SAVE_EVERY,
        &LOG_EVERY,
        &SAMPLE_EVERY,
        &SAMPLE_PROMPT,
        &SAMPLE_TOKENS,
    ];
}

const STEPS: Field = Field::whole("steps", "Optimizer steps to take", 1, MAX_STEPS, "1000");
const BATCH: Field = Field::whole("batch", "Sequences in one batch", 1, 4_096, "8");
const CONTEXT: Field = Field::whole("context", "Tokens in one sequence", 1, MAX_CONTEXT, "256");
const ACCUM: Field = Field::whole("accum", "Batches whose gradients are added up for one step", 1, 4_096, "1");
const RECOMPUTE: Field = Field::switch(
    "recompute",
    "Recompute each block in the backward pass: a fraction of the memory, a third more work, the same result",
);
const PRECISION: Field = Field::one_of(
    "precision",
    "Multiply matrices in f32, or in bf16 on a device that has it; everything else stays f32",
    &Precision::NAMES,
    "f32",
);
const OPTIMIZER: Field = Field::one_of(
    "optimizer",
    "What turns gradients into steps; sgd (with momentum) keeps half as much and wants a rate of its own",
    &OptimizerKind::NAMES,
    "adamw",
);
const LR: Field = Field::above("lr", "Peak learning rate", 0.0, 1.0, "by width, 0.00566 for tiny, 0.00327 for mini");
const FLOOR: Field = Field::number("floor", "Learning rate at the end, as a share of the peak", 0.0, 1.0, "0.1");
const WARMUP: Field = Field::whole(
    "warmup",
    "Steps over which the learning rate rises; then it falls along a cosine",
    0,
    1_000_000,
    "50",
);
const WEIGHT_DECAY: Field =
    Field::number("weight_decay", "Decay of the weight matrices per unit of learning rate", 0.0, 10.0, "0.1");
const CLIP: Field = Field::above("clip", "Largest global norm of the gradient", 0.0, 1e6, "1");
/// TOML, in which settings are kept, knows signed numbers only.
const SEED: Field = Field::whole(
    "seed",
    "Seed of weights, crops and dropout: the same seed gives the same run",
    0,
    i64::MAX as u64,
    "0",
);
const EVAL_EVERY: Field =
    Field::whole("eval_every", "Steps between evaluations on the validation part", 1, MAX_STEPS, "100");
const EVAL_WINDOWS: Field = Field::whole(
    "eval_windows",
    "Windows an evaluation reads, evenly spaced; 0 reads the whole validation part",
    0,
    1_000_000,
    "64",
);
const PATIENCE: Field = Field::whole(
    "patience",
    "Evaluations without a better loss after which training stops early; 0 never stops early",
    0,
    u32::MAX as u64,
    "0",
);
const SAVE_EVERY: Field =
    Field::whole("save_every", "Steps between checkpoints that are kept, step-N.safetensors", 1, MAX_STEPS, "500");
const LOG_EVERY: Field = Field::whole("log_every", "Steps between lines of metrics.jsonl", 1, 1_000, "1");
const SAMPLE_EVERY: Field =
    Field::whole("sample_every", "Steps between samples of what the model writes; 0 writes none", 0, MAX_STEPS, "0");
const SAMPLE_PROMPT: Field = Field::text("sample_prompt", "What samples begin with", 100_000);
const SAMPLE_TOKENS: Field = Field::whole("sample_tokens", "Tokens in a sample", 1, 100_000, "200");

#[cfg(test)]
mod tests {
    use super::super::{Range, Stage};
    use super::*;

    #[test]
    fn fields_are_those_of_the_settings_and_their_defaults_are_true() {
        let tiny = TrainConfig::for_model(&Stage::Tiny.config(256));
        let mini = TrainConfig::for_model(&Stage::Mini.config(256));
        let written = |config: &TrainConfig| serde_json::to_value(config).expect("plain values");
        let with = TrainConfig { precision: Precision::Bf16, optimizer: OptimizerKind::Sgd, ..tiny.clone() };
        let names: Vec<String> = written(&with).as_object().expect("fields").keys().cloned().collect();
        let mut fields = TrainConfig::FIELDS.map(|field| field.name).to_vec();
        fields.sort_unstable();
        assert_eq!(fields, names, "what fine-tuning adds is left out where it is off");
        for field in TrainConfig::FIELDS {
            let default = &written(&tiny)[field.name];
            match field.range {
                Range::Whole { .. } | Range::Number { .. } if field.name != "lr" => {
                    assert_eq!(field.default.parse::<f64>().ok(), default.as_f64(), "{}", field.name);
                }
                _ => {}
            }
        }
        assert_eq!(LR.default, format!("by width, {} for tiny, {} for mini", tiny.lr, mini.lr));
        let words = |options: &[&str], all: &[String]| assert_eq!(options, all);
        if let (Range::OneOf { options: precisions }, Range::OneOf { options: optimizers }) =
            (PRECISION.range, OPTIMIZER.range)
        {
            words(precisions, &[Precision::F32, Precision::Bf16].map(|one| one.to_string()));
            words(optimizers, &OptimizerKind::ALL.map(|one| one.to_string()));
        }
        assert_eq!((PRECISION.default, OPTIMIZER.default), ("f32", "adamw"));
        assert_eq!((tiny.precision, tiny.optimizer), (Precision::F32, OptimizerKind::AdamW));
    }

    #[test]
    fn every_range_is_checked() {
        let settings = serde_json::to_value(TrainConfig::for_model(&Stage::Tiny.config(256))).expect("plain values");
        let accepts = |field: &Field, value: serde_json::Value| {
            let mut changed = settings.clone();
            changed[field.name] = value;
            serde_json::from_value::<TrainConfig>(changed).is_ok_and(|config| config.validate().is_ok())
        };
        for field in TrainConfig::FIELDS {
            let (inside, outside): (Vec<serde_json::Value>, Vec<serde_json::Value>) = match field.range {
                Range::Whole { min, max } => (
                    vec![min.into(), max.into()],
                    min.checked_sub(1).into_iter().chain([max + 1]).map(Into::into).collect(),
                ),
                Range::Number { min, max, above } => {
                    let least = if above { f64::MIN_POSITIVE } else { min };
                    (vec![least.into(), max.into()], vec![(least - 1e-9).into(), (max + 1e-9).into()])
                }
                Range::Text { bytes } => (vec!["x".repeat(bytes).into()], vec!["x".repeat(bytes + 1).into()]),
                Range::OneOf { options } => (options.iter().map(|one| (*one).into()).collect(), vec!["another".into()]),
                Range::Switch => (vec![true.into(), false.into()], vec!["yes".into()]),
            };
            assert!(inside.into_iter().all(|value| accepts(field, value)), "{}: what it may be", field.name);
            assert!(outside.into_iter().all(|value| !accepts(field, value)), "{}: what it may not be", field.name);
        }
    }

    #[test]
    fn defaults_are_valid_and_bad_fields_are_named() {
        let config = TrainConfig::for_model(&Stage::Mini.config(256));
        config.validate().expect("defaults are valid");
        let bad = TrainConfig { lr: f64::INFINITY, ..config.clone() };
        assert_eq!(
            bad.validate().expect_err("not finite").to_string(),
            "lr = inf is out of range: it must be above 0 and at most 1"
        );
        let bad = TrainConfig { context: 0, ..config };
        assert!(bad.validate().expect_err("zero").to_string().starts_with("context = 0"));
    }
}
