//! What a person sets in the page, and what the page is told about models and runs.

use mmrec::checkpoint::{Checkpoint, Growth, Progress};
use mmrec::config::{ModelConfig, Stage, TrainConfig};
use mmrec::driver::{Point, Session};
use mmrec::grow::check_sizes;
use mmrec::tokenizer::{Tokenizer, TokenizerKind};
use serde::{Deserialize, Serialize};

use crate::text::default_vocab;

/// Rungs of the ladder that a browser trains.
pub const STAGES: [Stage; 3] = [Stage::Tiny, Stage::Mini, Stage::Small];

/// Everything a person can set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// `None` for a model from a file that is no rung of the ladder: then `sizes` are the model's.
    pub stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<ModelConfig>,
    pub tokenizer: TokenizerKind,
    /// The most tokens of a byte pair encoding.
    #[serde(default = "default_vocab")]
    pub vocab: usize,
    pub context: usize,
    pub batch: usize,
    pub steps: u64,
    pub lr: f64,
    /// A number in JavaScript, which holds whole numbers exactly up to 2⁵³.
    pub seed: f64,
    pub warmup: u64,
    pub eval_every: u64,
    pub save_every: u64,
    pub sample_every: u64,
    pub sample_prompt: String,
    /// A GPT of the same size, whose window is the context.
    #[serde(default)]
    pub gpt: bool,
    #[serde(default)]
    pub dropout: f64,
    #[serde(default)]
    pub recompute: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
}

impl Settings {
    /// Sensible values for a browser: steps of about a quarter of a second for `tiny` on one core.
    pub fn defaults(stage: Stage, vocab: usize) -> Self {
        let train = TrainConfig::for_model(&stage.config(vocab));
        Self {
            stage: Some(stage),
            sizes: None,
            tokenizer: TokenizerKind::Char,
            vocab: default_vocab(),
            context: 128,
            batch: 8,
            steps: 1_000,
            lr: train.lr,
            seed: 0.0,
            warmup: train.warmup,
            eval_every: 50,
            save_every: 200,
            sample_every: 50,
            // No space after it: among word pieces that is the next word's.
            sample_prompt: "Once".to_owned(),
            gpt: false,
            dropout: 0.0,
            recompute: false,
            validation: None,
        }
    }

    pub fn model(&self, vocab: usize) -> ModelConfig {
        let sizes = match (self.stage, &self.sizes) {
            (None, Some(sizes)) => ModelConfig { vocab, ..sizes.clone() },
            (stage, _) => stage.unwrap_or(Stage::Tiny).config(vocab),
        };
        let sizes = if self.gpt { sizes.as_gpt(self.context) } else { sizes };
        ModelConfig { dropout: self.dropout, ..sizes }
    }

    pub fn train(&self, vocab: usize) -> TrainConfig {
        TrainConfig {
            context: self.context,
            batch: self.batch,
            recompute: self.recompute,
            steps: self.steps,
            lr: self.lr,
            seed: self.seed as u64,
            warmup: self.warmup,
            eval_every: self.eval_every,
            eval_windows: 32,
            save_every: self.save_every,
            sample_every: self.sample_every,
            sample_prompt: self.sample_prompt.clone(),
            sample_tokens: 160,
            ..TrainConfig::for_model(&self.model(vocab))
        }
    }

    fn of(model: &ModelConfig, tokenizer: TokenizerKind, train: &TrainConfig) -> Self {
        let stage = Stage::of(model);
        let vocab = if tokenizer == TokenizerKind::Bpe { model.vocab } else { default_vocab() };
        Self {
            stage,
            sizes: stage.is_none().then(|| model.clone()),
            tokenizer,
            vocab,
            context: train.context,
            batch: train.batch,
            steps: train.steps,
            lr: train.lr,
            seed: train.seed as f64,
            warmup: train.warmup,
            eval_every: train.eval_every,
            save_every: train.save_every,
            sample_every: train.sample_every,
            sample_prompt: train.sample_prompt.clone(),
            gpt: model.is_gpt(),
            dropout: model.dropout,
            recompute: train.recompute,
            validation: None,
        }
    }
}

/// One rung with its size at the present vocabulary.
#[derive(Debug, Serialize)]
pub struct Preset {
    pub stage: Stage,
    pub parameters: u64,
    pub config: ModelConfig,
    /// Sensible values for a model that grew into it.
    pub grown: GrownDefaults,
}

/// What a grown model is trained with otherwise than a fresh one.
#[derive(Debug, Serialize)]
pub struct GrownDefaults {
    pub lr: f64,
    pub warmup: u64,
}

impl Preset {
    pub fn new(stage: Stage, vocab: usize) -> Self {
        let config = stage.config(vocab);
        let TrainConfig { lr, warmup, .. } = TrainConfig::for_grown(&config);
        Self { stage, parameters: config.parameters(), config, grown: GrownDefaults { lr, warmup } }
    }
}

/// The smallest rung for browsers that a model can grow into, if there is one.
pub fn grows_to(model: &ModelConfig) -> Option<Stage> {
    STAGES.into_iter().find(|stage| check_sizes(model, &stage.like(model)).is_ok())
}

/// What some settings mean.
#[derive(Debug, Serialize)]
pub struct Description {
    pub parameters: u64,
    /// Floating-point operations of one step.
    pub flops_per_step: f64,
    pub tokens_per_step: u64,
    pub vocabulary: usize,
    /// ln V: the loss of guessing all tokens alike.
    pub uniform_loss: f64,
    /// What the model can grow into.
    pub grows_to: Option<Stage>,
    /// Bytes that training takes at most, by estimate, on the CPU.
    pub memory: u64,
}

/// What a checkpoint says about itself.
#[derive(Debug, Serialize)]
pub struct RunInfo {
    pub model: ModelConfig,
    pub stage: Option<Stage>,
    /// What the model can grow into.
    pub grows_to: Option<Stage>,
    pub parameters: u64,
    pub tokenizer: TokenizerKind,
    pub vocabulary: usize,
    pub settings: Option<Settings>,
    pub step: u64,
    /// When it grew; empty where it did not.
    pub growths: Vec<Growth>,
    pub history: Vec<Point>,
    pub data_name: String,
    pub fingerprint: String,
    pub best_loss: Option<f32>,
    /// Whether another program changed the file since it was saved; false where there is no file.
    pub changed: bool,
}

impl RunInfo {
    pub fn of(checkpoint: &Checkpoint) -> Self {
        Self::new(&checkpoint.model, &checkpoint.tokenizer, checkpoint.progress.as_ref())
    }

    /// The same of a session, without reading its weights back.
    pub fn of_session(session: &Session) -> Self {
        Self::new(session.model_config(), &session.data().tokenizer, Some(session.progress()))
    }

    fn new(model: &ModelConfig, tokenizer: &Tokenizer, progress: Option<&Progress>) -> Self {
        let tokenizer = tokenizer.kind();
        let text = |field: fn(&Progress) -> &String| progress.map(field).cloned().unwrap_or_default();
        Self {
            model: model.clone(),
            stage: Stage::of(model),
            grows_to: grows_to(model),
            parameters: model.parameters(),
            tokenizer,
            vocabulary: model.vocab,
            settings: progress.map(|progress| Settings::of(model, tokenizer, &progress.train)),
            step: progress.map_or(0, |progress| progress.step),
            growths: progress.map(|progress| progress.grown.clone()).unwrap_or_default(),
            history: progress.map(|progress| progress.history.clone()).unwrap_or_default(),
            data_name: text(|progress| &progress.data_name),
            fingerprint: text(|progress| &progress.data_fingerprint),
            best_loss: progress.and_then(|progress| progress.best).map(|best| best.loss),
            changed: false,
        }
    }
}
