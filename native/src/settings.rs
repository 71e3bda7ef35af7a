//! Where a run's settings come from: a stage's defaults, over them a file's, over them the flags.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use mmrec::config::{ModelConfig, Precision, Stage, TrainConfig};
use mmrec::tokenizer::TokenizerKind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use toml::{Table, Value};

use crate::files;
use crate::keep::Keep;
use crate::output::path_text;

/// A mistake in the command line that clap cannot see; ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Settings of a run that a flag can change. Ranges are those of the library.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Training settings (over those of the stage or the file)")]
pub struct TrainFlags {
    /// Optimizer steps to take [default: 1000]
    #[arg(long, value_name = "N", conflicts_with = "epochs", value_parser = whole())]
    pub steps: Option<u64>,
    /// Passes over the training text to take, instead of --steps; may be a fraction
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub epochs: Option<f64>,
    /// Sequences in one batch [default: 8] [1 to 4096]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Tokens in one sequence [default: 256] [1 to 1048576]
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Batches whose gradients are added up for one step [default: 1] [1 to 4096]
    #[arg(long, value_name = "N")]
    pub accum: Option<usize>,
    /// Recompute each block in the backward pass: a fraction of the memory, a third more work, the same result
    #[arg(long)]
    pub recompute: bool,
    /// Multiply matrices in f32, or in bf16 on a device that has it; everything else stays f32 [default: f32]
    #[arg(long, value_name = "f32|bf16")]
    pub precision: Option<Precision>,
    /// Peak learning rate [default: by width, 0.00566 for tiny, 0.00327 for mini] [above 0, at most 1]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub lr: Option<f64>,
    /// Learning rate at the end, as a share of the peak [default: 0.1] [0 to 1]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub floor: Option<f64>,
    /// Steps over which the learning rate rises; then it falls along a cosine [default: 50]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub warmup: Option<u64>,
    /// Decay of the weight matrices per unit of learning rate [default: 0.1] [0 to 10]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub weight_decay: Option<f64>,
    /// Largest global norm of the gradient [default: 1] [above 0]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub clip: Option<f64>,
    /// Share of activations dropped in training; 0.1 to 0.3 helps small texts over many epochs [default: 0]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub dropout: Option<f64>,
    /// Give the decay and write gates a projection of their own, of this rank (DPG); 0: columns of the fused one [default: 0]
    #[arg(long, value_name = "N")]
    pub gate_rank: Option<usize>,
    /// Train the memory to plan ahead as well (UBÖO): about twice the work a step
    #[arg(long)]
    pub planning: bool,
    /// Train a GPT of the same size instead, to compare with: attention over one sequence (--context) in place of the memories
    #[arg(long, conflicts_with_all = ["gate_rank", "planning"])]
    pub gpt: bool,
    /// Seed of weights, crops and dropout: the same seed gives the same run [default: 0]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub seed: Option<u64>,
    /// Steps between evaluations on the validation part [default: 100]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub eval_every: Option<u64>,
    /// Windows an evaluation reads, evenly spaced; 0 reads the whole validation part [default: 64]
    #[arg(long, value_name = "N")]
    pub eval_windows: Option<usize>,
    /// Evaluations without a better loss after which training stops early; 0 never stops early [default: 0]
    #[arg(long, value_name = "N")]
    pub patience: Option<u32>,
    /// Steps between checkpoints that are kept, step-N.safetensors [default: 500]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub save_every: Option<u64>,
    /// Steps between lines of metrics.jsonl [default: 1] [1 to 1000]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub log_every: Option<u64>,
    /// Steps between samples of what the model writes; 0 writes none [default: 0]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub sample_every: Option<u64>,
    /// What samples begin with
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub sample_prompt: Option<String>,
    /// Tokens in a sample [default: 200]
    #[arg(long, value_name = "N")]
    pub sample_tokens: Option<usize>,
}

/// What fine-tuning leaves as it is.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TuneFlags {
    /// Leave the embedding and the first N blocks as they are: less memory and time
    #[arg(long, value_name = "N")]
    pub freeze: Option<usize>,
    /// Leave all weights as they are and train adapters of this rank beside the matrices of the blocks [1 to the width]
    #[arg(long, value_name = "RANK", value_parser = clap::value_parser!(u16).range(1..))]
    pub lora: Option<u16>,
    /// What the adapters are scaled by, times their rank [default: the rank] [above 0]
    #[arg(long, value_name = "F", allow_negative_numbers = true, requires = "lora")]
    pub lora_alpha: Option<f64>,
}

impl TuneFlags {
    /// Sets what was given.
    fn apply(&self, train: &mut TrainConfig) {
        train.freeze = self.freeze.unwrap_or(train.freeze);
        let Some(rank) = self.lora else { return };
        train.lora = usize::from(rank);
        // A run that is resumed has one already.
        if train.lora_alpha == 0.0 {
            train.lora_alpha = f64::from(rank);
        }
        train.lora_alpha = self.lora_alpha.unwrap_or(train.lora_alpha);
    }
}

/// Whole numbers that a settings file can hold: TOML knows signed ones only.
pub fn whole() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(0..=i64::MAX as u64)
}

impl TrainFlags {
    /// Sets what was given. `train_tokens` turns epochs into steps.
    fn apply(&self, model: &mut ModelConfig, train: &mut TrainConfig, train_tokens: u64) -> Result<()> {
        fn set<T: Clone>(to: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                *to = value.clone();
            }
        }
        set(&mut train.steps, &self.steps);
        set(&mut train.batch, &self.batch);
        set(&mut train.context, &self.context);
        set(&mut train.accum, &self.accum);
        // Only set: a file that asks for it is not overruled by a flag that is absent.
        train.recompute |= self.recompute;
        set(&mut train.precision, &self.precision);
        set(&mut train.lr, &self.lr);
        set(&mut train.floor, &self.floor);
        set(&mut train.warmup, &self.warmup);
        set(&mut train.weight_decay, &self.weight_decay);
        set(&mut train.clip, &self.clip);
        set(&mut model.dropout, &self.dropout);
        set(&mut model.gate_rank, &self.gate_rank);
        model.planning |= self.planning;
        if self.gpt && !model.is_gpt() {
            *model = model.as_gpt(train.context);
        }
        set(&mut train.seed, &self.seed);
        set(&mut train.eval_every, &self.eval_every);
        set(&mut train.eval_windows, &self.eval_windows);
        set(&mut train.patience, &self.patience);
        set(&mut train.save_every, &self.save_every);
        set(&mut train.log_every, &self.log_every);
        set(&mut train.sample_every, &self.sample_every);
        set(&mut train.sample_prompt, &self.sample_prompt);
        set(&mut train.sample_tokens, &self.sample_tokens);
        if let Some(epochs) = self.epochs {
            train.steps = steps_of(epochs, train, train_tokens)?;
        }
        Ok(())
    }
}

fn steps_of(epochs: f64, train: &TrainConfig, train_tokens: u64) -> Result<u64> {
    if !(epochs > 0.0 && epochs <= 1e6) {
        return Err(Usage(format!("epochs = {epochs} is out of range: it must be above 0 and at most 1000000")).into());
    }
    let per_step = (train.context as f64) * (train.batch as f64) * (train.accum as f64);
    Ok((epochs * train_tokens as f64 / per_step.max(1.0)).ceil().max(1.0) as u64)
}

/// A settings file: tables `[model]` and `[train]`, each of whose fields may be left out if `stage` names a stage. A run's
/// `config.toml` is one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsFile {
    /// Whose sizes fill what `[model]` leaves out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// How many checkpoints of steps the run's folder keeps.
    #[serde(default, skip_serializing_if = "Keep::is_all")]
    pub keep: Keep,
    /// Fields of the model's configuration.
    #[serde(default)]
    pub model: Table,
    /// Fields of the training's configuration.
    #[serde(default)]
    pub train: Table,
    /// Where the text came from; written by a run, for `--resume` and for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataOrigin>,
}

/// Where a run's text came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataOrigin {
    /// What the text is called.
    pub name: String,
    /// The file or folder that was given.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Identifies tokens, split and tokenizer.
    pub fingerprint: String,
    /// The tokenizer's kind.
    pub tokenizer: TokenizerKind,
    /// The validation fraction that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Whether invalid UTF-8 was replaced.
    #[serde(default)]
    pub lossy: bool,
}

/// A path that is no text is kept as well as text can; who goes on with the run then names it by --data.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_text(path))
}

impl SettingsFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            files::read_text(path, files::SETTINGS).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a valid settings file", path.display()))
    }

    /// The content of a run's `config.toml`.
    pub fn of_run(model: &ModelConfig, train: &TrainConfig, data: DataOrigin, keep: Keep) -> Result<String> {
        let file = Self { stage: None, keep, model: table(model)?, train: table(train)?, data: Some(data) };
        let text = toml::to_string(&file).context("the settings cannot be written as TOML")?;
        let steps = "# Settings of this run, for reading and for `mmrec train --config`.\n";
        Ok(format!("{steps}{text}"))
    }

    /// The sizes that the file asks for, the text's vocabulary and, where it leaves something out, what `model` has.
    pub fn over(&self, path: &Path, model: &ModelConfig) -> Result<ModelConfig> {
        let base = match self.stage {
            Some(stage) => stage.like(model),
            None => model.clone(),
        };
        let sizes = overlay(&base, &self.model);
        let sizes = sizes.with_context(|| format!("[model] of {} cannot be used", path.display()))?;
        Ok(ModelConfig { vocab: model.vocab, ..sizes })
    }

    fn base(&self, path: &Path, vocab: usize) -> Result<ModelConfig> {
        let stage = self.stage.unwrap_or(Stage::Tiny);
        let mut fields = self.model.clone();
        // The text decides: a file written for one text serves for another.
        fields.insert("vocab".to_owned(), Value::Integer(i64::try_from(vocab)?));
        let cannot_use = || format!("[model] of {} cannot be used", path.display());
        if self.stage.is_none() {
            fields.entry("dropout").or_insert(Value::Float(0.0));
            return Value::Table(fields).try_into().with_context(cannot_use);
        }
        overlay(&stage.config(vocab), &fields).with_context(cannot_use)
    }
}

/// What the command line says about settings.
#[derive(Debug)]
pub struct Wish<'a> {
    /// `--stage`.
    pub stage: Option<Stage>,
    /// `--config`, with its path for errors.
    pub file: Option<(&'a Path, SettingsFile)>,
    /// The flags.
    pub flags: &'a TrainFlags,
    /// Those of fine-tuning, where it is that.
    pub tuning: Option<&'a TuneFlags>,
}

impl Wish<'_> {
    /// The settings of a new run on a text of `train_tokens` training tokens and `vocab` different ones.
    pub fn for_new_run(&self, vocab: usize, train_tokens: u64) -> Result<(ModelConfig, TrainConfig)> {
        let mut model = match (&self.file, self.stage) {
            (Some((path, file)), _) => file.base(path, vocab)?,
            (None, Some(stage)) => stage.config(vocab),
            (None, None) => return Err(Usage("choose a model with --stage NAME or --config FILE".to_owned()).into()),
        };
        let mut train = self.overlay_train(TrainConfig::for_model(&model))?;
        self.flags.apply(&mut model, &mut train, train_tokens)?;
        validate(&model, &train)?;
        Ok((model, train))
    }

    /// The settings of a new run that begins with a model of these sizes, on a text of `train_tokens` training tokens. Sizes may
    /// be said again, and the dropout may change.
    pub fn for_run_from(&self, model: &ModelConfig, train_tokens: u64) -> Result<(ModelConfig, TrainConfig)> {
        let mut wanted = match (&self.file, self.stage) {
            (Some((path, file)), _) => file.over(path, model)?,
            (None, Some(stage)) => stage.like(model),
            (None, None) => model.clone(),
        };
        let defaults = match self.tuning {
            Some(tuning) => TrainConfig::for_tuning(&wanted, tuning.lora.is_some()),
            None => TrainConfig::for_model(&wanted),
        };
        let mut train = self.overlay_train(defaults)?;
        self.apply(&mut wanted, &mut train, train_tokens)?;
        validate(&wanted, &train)?;
        let same_dropout = ModelConfig { dropout: model.dropout, ..wanted.clone() };
        let changes = changes(&table(model)?, &table(&same_dropout)?);
        if !changes.is_empty() {
            return Err(Usage(format!(
                "a run from a checkpoint keeps its sizes: {}. Leave these out, or make the model larger first by mmrec grow",
                changes.join(", ")
            ))
            .into());
        }
        Ok((wanted, train))
    }

    /// The steps to go on to. Everything else must be as the run's `model` and `train` say, where it is said at all.
    pub fn for_resume(&self, model: &ModelConfig, train: &TrainConfig, train_tokens: u64) -> Result<u64> {
        let mut wanted_model = match (&self.file, self.stage) {
            (Some((path, file)), _) => file.base(path, model.vocab)?,
            (None, Some(stage)) => stage.like(model),
            (None, None) => model.clone(),
        };
        let mut wanted = self.overlay_train(train.clone())?;
        self.apply(&mut wanted_model, &mut wanted, train_tokens)?;
        validate(&wanted_model, &wanted)?;
        let mut changes = changes(&table(model)?, &table(&wanted_model)?);
        changes.extend(changes_of_train(train, &wanted)?);
        if !changes.is_empty() {
            let changes = changes.join(", ");
            return Err(Usage(format!(
                "a run that is resumed keeps its settings, except --steps: {changes}. Leave these out, or start a new run"
            ))
            .into());
        }
        Ok(wanted.steps)
    }

    fn apply(&self, model: &mut ModelConfig, train: &mut TrainConfig, train_tokens: u64) -> Result<()> {
        if let Some(tuning) = self.tuning {
            tuning.apply(train);
        }
        self.flags.apply(model, train, train_tokens)
    }

    fn overlay_train(&self, base: TrainConfig) -> Result<TrainConfig> {
        match &self.file {
            None => Ok(base),
            Some((path, file)) => {
                overlay(&base, &file.train).with_context(|| format!("[train] of {} cannot be used", path.display()))
            }
        }
    }
}

fn validate(model: &ModelConfig, train: &TrainConfig) -> Result<()> {
    let checked = model.validate().and_then(|()| train.validate()).and_then(|()| train.validate_for(model));
    checked.map_err(|error| anyhow!(Usage(error.to_string())))
}

fn changes_of_train(train: &TrainConfig, wanted: &TrainConfig) -> Result<Vec<String>> {
    let same_steps = TrainConfig { steps: train.steps, ..wanted.clone() };
    Ok(changes(&table(train)?, &table(&same_steps)?))
}

/// The fields that differ, in words.
fn changes(from: &Table, to: &Table) -> Vec<String> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differing = names.into_iter().filter(|name| from.get(*name) != to.get(*name));
    let value = |of: &Table, name| of.get(name).map_or_else(|| "nothing".to_owned(), Value::to_string);
    differing.map(|name| format!("{name} is {} there and {} here", value(from, name), value(to, name))).collect()
}

fn table<T: Serialize>(value: &T) -> Result<Table> {
    Table::try_from(value).context("the settings cannot be written as TOML")
}

/// `base` with the fields that `fields` has.
fn overlay<T: Serialize + DeserializeOwned>(base: &T, fields: &Table) -> Result<T> {
    let mut merged = table(base)?;
    merged.extend(fields.clone());
    Ok(Value::Table(merged).try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish<'a>(flags: &'a TrainFlags, file: &str) -> Wish<'a> {
        Wish { stage: None, file: Some((Path::new("a.toml"), toml::from_str(file).unwrap())), flags, tuning: None }
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_stage() {
        let flags = TrainFlags { lr: Some(0.5), ..TrainFlags::default() };
        let file = "stage = \"tiny\"\n[model]\nlayers = 2\n[train]\nlr = 0.25\nbatch = 3\n";
        let (model, train) = wish(&flags, file).for_new_run(77, 1_000).unwrap();
        assert_eq!(model, ModelConfig { layers: 2, ..Stage::Tiny.config(77) });
        assert_eq!((train.lr, train.batch, train.context), (0.5, 3, 256));
    }

    #[test]
    fn a_runs_file_describes_the_same_run() {
        let model = ModelConfig { dropout: 0.25, ..Stage::Mini.config(99) };
        let train = TrainConfig { steps: 7, sample_prompt: "\"Hé\n".to_owned(), ..TrainConfig::for_model(&model) };
        let data = DataOrigin {
            name: "x".to_owned(),
            path: "x.txt".into(),
            fingerprint: "f".to_owned(),
            tokenizer: TokenizerKind::Char,
            validation: Some(0.1),
            lossy: false,
        };
        let text = SettingsFile::of_run(&model, &train, data, "3".parse().unwrap()).unwrap();
        assert!(text.contains("\nkeep = 3\n"), "{text}");
        let flags = TrainFlags::default();
        let again = wish(&flags, &text).for_new_run(99, 1_000).unwrap();
        assert_eq!(again, (model, train));
        // Another text, another vocabulary.
        assert_eq!(wish(&flags, &text).for_new_run(42, 1_000).unwrap().0.vocab, 42);
    }

    #[test]
    fn mistakes_in_files_and_flags_are_named() {
        let flags = TrainFlags::default();
        let say = |file: &str| format!("{:#}", wish(&flags, file).for_new_run(9, 1_000).unwrap_err());
        assert!(say("stage = \"tiny\"\n[train]\nlearning_rate = 1.0").contains("unknown field `learning_rate`"));
        assert!(say("[model]\nwidth = 16").contains("missing field"));
        assert!(say("stage = \"tiny\"\n[train]\nbatch = 0").contains("batch = 0 is out of range"));
        assert!(toml::from_str::<SettingsFile>("[trian]\n").is_err());
        let flags = TrainFlags { epochs: Some(f64::NAN), ..TrainFlags::default() };
        let error = wish(&flags, "stage = \"tiny\"").for_new_run(9, 1_000).unwrap_err();
        assert!(error.to_string().contains("epochs = NaN"));
    }

    #[test]
    fn a_run_from_a_checkpoint_keeps_its_sizes() {
        let model = Stage::Tiny.config(9);
        let flags = TrainFlags { dropout: Some(0.2), lr: Some(0.5), ..TrainFlags::default() };
        let from = |stage, file: Option<&str>| {
            let file = file.map(|file| (Path::new("a.toml"), toml::from_str(file).unwrap()));
            Wish { stage, file, flags: &flags, tuning: None }
                .for_run_from(&model, 1_000)
                .map_err(|error| format!("{error:#}"))
        };
        let (kept, train) = from(None, None).unwrap();
        assert_eq!((kept, train.lr), (ModelConfig { dropout: 0.2, ..model.clone() }, 0.5));
        assert!(from(Some(Stage::Tiny), None).is_ok());
        assert!(from(Some(Stage::Mini), None).unwrap_err().contains("width is 64 there and 192 here"));
        let (kept, train) = from(None, Some("[model]\nvocab = 77\n[train]\nbatch = 3\n")).unwrap();
        assert_eq!((kept.vocab, train.batch), (9, 3));
        assert!(from(None, Some("[model]\nlayers = 5\n")).unwrap_err().contains("layers is 4 there and 5 here"));
        assert!(from(None, Some("[model]\ncolour = 5\n")).unwrap_err().contains("colour"));
    }

    #[test]
    fn epochs_are_rounded_up_to_steps() {
        let train = TrainConfig { context: 10, batch: 3, accum: 2, ..TrainConfig::for_model(&Stage::Tiny.config(9)) };
        assert_eq!(steps_of(2.0, &train, 601).unwrap(), 21);
        assert_eq!(steps_of(0.001, &train, 601).unwrap(), 1);
    }

    #[test]
    fn a_resumed_run_keeps_its_settings_but_may_grow_longer() {
        let model = Stage::Tiny.config(9);
        let train = TrainConfig { batch: 4, ..TrainConfig::for_model(&model) };
        let resume = |flags: &TrainFlags, stage| {
            Wish { stage, file: None, flags, tuning: None }
                .for_resume(&model, &train, 1_000)
                .map_err(|error| error.to_string())
        };
        assert_eq!(resume(&TrainFlags::default(), Some(Stage::Tiny)), Ok(train.steps));
        assert_eq!(
            resume(&TrainFlags { steps: Some(5_000), batch: Some(4), ..TrainFlags::default() }, None),
            Ok(5_000)
        );
        let error = resume(&TrainFlags { batch: Some(8), ..TrainFlags::default() }, None).unwrap_err();
        assert!(error.contains("batch is 4 there and 8 here"), "{error}");
        assert!(
            resume(&TrainFlags::default(), Some(Stage::Mini)).unwrap_err().contains("width is 64 there and 192 here")
        );
    }
}
