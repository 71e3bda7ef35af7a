//! What a person sets in the page, and what the page is told about models and runs.

use mmrec::checkpoint::{Checkpoint, Growth, Progress};
use mmrec::config::{Field, ModelConfig, Range, Stage, TrainConfig};
use mmrec::driver::{Point, Session};
use mmrec::grow::check_sizes;
use mmrec::tokenizer::{DEFAULT_VOCAB, Tokenizer, TokenizerKind};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Rungs of the ladder that a browser trains.
pub const STAGES: [Stage; 3] = [Stage::Tiny, Stage::Mini, Stage::Small];

/// Everything that a run is made from: the model, how the text becomes tokens, and all settings of its training. As an object of
/// JavaScript it is flat, with the names of settings files; what is left out of the training's is what the page begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub choice: Choice,
    pub train: TrainConfig,
}

/// What is chosen beside the settings of the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// `None` for a model from a file that is no rung of the ladder: then `sizes` are the model's.
    pub stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<ModelConfig>,
    pub tokenizer: TokenizerKind,
    /// The most tokens of a byte pair encoding.
    #[serde(default = "default_vocab")]
    pub vocab: usize,
    /// A GPT of the same size, whose window is the context.
    #[serde(default)]
    pub gpt: bool,
    #[serde(default)]
    pub dropout: f64,
    #[serde(default)]
    pub gate_rank: usize,
    #[serde(default)]
    pub planning: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
}

/// The settings of fine-tuning, beside [`TrainConfig::FIELDS`].
const TUNING: [&str; 3] = ["freeze", "lora", "lora_alpha"];

/// What JavaScript can tell from the next whole number.
const MAX_EXACT: u64 = 1 << 53;

/// Tokens of a byte pair encoding, where nobody says.
pub fn default_vocab() -> usize {
    DEFAULT_VOCAB
}

/// All settings side by side.
type Fields = Map<String, Value>;

fn fields_of(settings: &impl Serialize) -> Fields {
    let fields = serde_json::to_value(settings).and_then(serde_json::from_value);
    fields.expect("settings are plain values by name")
}

fn from_fields<T: DeserializeOwned>(fields: Fields) -> Result<T, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = fields_of(&self.choice);
        fields.append(&mut fields_of(&self.train));
        // What a file leaves out where it is off is said here: the page compares settings, and puts them into links.
        for field in TrainConfig::FIELDS {
            fields.entry(field.name).or_insert(Value::String(field.default.to_owned()));
        }
        if self.train.seed > MAX_EXACT {
            fields.insert("seed".to_owned(), Value::String(self.train.seed.to_string()));
        }
        fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_given(Fields::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Settings {
    fn from_given(mut given: Fields) -> Result<Self, String> {
        // `undefined` says nothing, but for the stage, which is none for sizes of one's own.
        given.retain(|name, value| name == "stage" || !value.is_null());
        let choice: Choice = from_fields(given.clone())?;
        let mut fields = fields_of(&choice.train_defaults());
        // What only the page knows is the page's.
        let known = |name: &str| TUNING.contains(&name) || TrainConfig::FIELDS.iter().any(|field| field.name == name);
        fields.extend(given.into_iter().filter(|(name, _)| known(name)));
        if let Some(Value::String(seed)) = fields.get("seed") {
            let seed: u64 = seed.parse().map_err(|error| format!("seed {seed}: {error}"))?;
            fields.insert("seed".to_owned(), seed.into());
        }
        Ok(Self { train: from_fields(fields)?, choice })
    }
}

impl Choice {
    fn model(&self, vocab: usize, context: usize) -> ModelConfig {
        let sizes = match (self.stage, &self.sizes) {
            (None, Some(sizes)) => ModelConfig { vocab, ..sizes.clone() },
            (stage, _) => {
                let plain = stage.unwrap_or(Stage::Tiny).config(vocab);
                ModelConfig { gate_rank: self.gate_rank, planning: self.planning, ..plain }
            }
        };
        let sizes = if self.gpt && !sizes.is_gpt() { sizes.as_gpt(context) } else { sizes };
        ModelConfig { dropout: self.dropout, ..sizes }
    }

    /// What a browser begins with: steps of about a quarter of a second for `tiny` on one core.
    fn train_defaults(&self) -> TrainConfig {
        let context = 128;
        TrainConfig {
            context,
            eval_every: 50,
            eval_windows: 32,
            save_every: 200,
            sample_every: 50,
            // No space after it: among word pieces that is the next word's.
            sample_prompt: "Once".to_owned(),
            sample_tokens: 160,
            ..TrainConfig::for_model(&self.model(default_vocab(), context))
        }
    }
}

impl Settings {
    /// Sensible values for a browser.
    pub fn defaults(stage: Stage) -> Self {
        let choice = Choice {
            stage: Some(stage),
            sizes: None,
            tokenizer: TokenizerKind::Char,
            vocab: default_vocab(),
            gpt: false,
            dropout: 0.0,
            gate_rank: 0,
            planning: false,
            validation: None,
        };
        Self { train: choice.train_defaults(), choice }
    }

    /// What settings may be, as far as JavaScript can say it.
    pub fn fields() -> Vec<Field> {
        let exact = |field: &Field| match field.range {
            Range::Whole { min, max } => Field { range: Range::Whole { min, max: max.min(MAX_EXACT - 1) }, ..*field },
            _ => *field,
        };
        TrainConfig::FIELDS.into_iter().chain(ModelConfig::FIELDS).map(exact).collect()
    }

    /// The model on a text of `vocab` different tokens.
    pub fn model(&self, vocab: usize) -> ModelConfig {
        self.choice.model(vocab, self.train.context)
    }

    /// Those that give just this model, trained just so.
    pub fn of(model: &ModelConfig, tokenizer: TokenizerKind, train: &TrainConfig) -> Self {
        let of_stage = Choice {
            stage: Stage::of(model),
            sizes: None,
            tokenizer,
            vocab: if tokenizer.has_chosen_vocab() { model.vocab } else { default_vocab() },
            gpt: model.is_gpt(),
            dropout: model.dropout,
            gate_rank: model.gate_rank,
            planning: model.planning,
            validation: None,
        };
        let is_of_stage = of_stage.stage.is_some() && of_stage.model(model.vocab, train.context) == *model;
        let of_sizes = || Choice { stage: None, sizes: Some(model.clone()), ..of_stage.clone() };
        Self { choice: if is_of_stage { of_stage } else { of_sizes() }, train: train.clone() }
    }
}

/// One rung with its size at the present vocabulary.
#[derive(Debug, Serialize)]
pub struct StageInfo {
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

impl StageInfo {
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
