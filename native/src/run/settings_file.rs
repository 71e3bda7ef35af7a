//! Settings files, which people write and runs keep.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mmrec::config::{ModelConfig, Stage, TrainConfig};
use mmrec::tokenizer::TokenizerKind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::keep::Keep;
use crate::io::files;
use crate::terminal::format;
use crate::terminal::output::path_text;

/// What a run's settings begin with, before a digest of them: whether somebody changed them is to be known.
const OF_RUN: &str = "# Settings of this run, for reading and for `mmrec train --config`. As written: ";

/// A settings file: tables `[model]` and `[train]`, each of whose fields may be left out if `stage` names a stage. A run's
/// `config.toml` is one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsFile {
    /// Whose sizes fill what `[model]` leaves out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// How many checkpoints of steps the run's folder keeps.
    #[serde(default, skip_serializing_if = "Keep::is_all")]
    pub keep: Keep,
    /// The checkpoint whose weights the run began with; written by a run.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "as_optional_text")]
    pub from: Option<PathBuf>,
    /// Fields of the model's configuration.
    #[serde(default)]
    pub model: Table,
    /// Fields of the training's configuration.
    #[serde(default)]
    pub train: Table,
    /// Where the text came from, and how it was read; written by a run. A text that is not prepared is read so again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataOrigin>,
}

/// What a run began with.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The checkpoint whose weights it began with, if they were no fresh ones.
    pub from: Option<PathBuf>,
    /// Its text.
    pub data: DataOrigin,
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
    /// The tokens of one that was learned from the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocab: Option<u32>,
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

fn as_optional_text<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(path_text).serialize(serializer)
}

impl SettingsFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            files::read_text(path, files::SETTINGS).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a valid settings file", path.display()))
    }

    /// What the run began with that the file is of.
    pub fn origin(&self) -> Option<Origin> {
        Some(Origin { from: self.from.clone(), data: self.data.clone()? })
    }

    /// The content of a run's `config.toml`.
    pub fn of_run(model: &ModelConfig, train: &TrainConfig, origin: Origin, keep: Keep) -> Result<String> {
        let Origin { from, data } = origin;
        let file = Self { stage: None, keep, from, model: table(model)?, train: table(train)?, data: Some(data) };
        let text = toml::to_string(&file).context("the settings cannot be written as TOML")?;
        Ok(format!("{OF_RUN}{}\n{text}", digest(&text)))
    }

    /// Whether a text is as [`SettingsFile::of_run`] gave it, of whatever state of the run; `None` where an earlier version wrote it,
    /// which does not tell.
    pub fn is_as_written(text: &str) -> Option<bool> {
        let mut lines = text.splitn(2, '\n');
        let said = lines.next()?.strip_prefix(OF_RUN)?;
        Some(said == digest(lines.next()?))
    }

    /// The sizes that the file asks for, the text's vocabulary and, where it leaves something out, what `model` has.
    pub fn over(&self, path: &Path, model: &ModelConfig) -> Result<ModelConfig> {
        let base = match self.stage {
            Some(stage) => stage.like(model),
            None => model.clone(),
        };
        let sizes = overlay(&base, &self.model);
        let cannot_use = || format!("[model] of {} cannot be used", path.display());
        let sizes = ModelConfig { vocab: model.vocab, ..sizes.with_context(cannot_use)? };
        // Whoever counts with them counts on their ranges.
        sizes.validate().with_context(cannot_use)?;
        Ok(sizes)
    }

    /// The model of a new run on a text of `vocab` different tokens.
    pub fn base(&self, path: &Path, vocab: usize) -> Result<ModelConfig> {
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

fn digest(text: &str) -> String {
    format::hex(&Sha256::digest(text.as_bytes())[..8])
}

/// A value's fields.
pub fn table<T: Serialize>(value: &T) -> Result<Table> {
    Table::try_from(value).context("the settings cannot be written as TOML")
}

/// `base` with the fields that `fields` has.
pub fn overlay<T: Serialize + DeserializeOwned>(base: &T, fields: &Table) -> Result<T> {
    let mut merged = table(base)?;
    merged.extend(fields.clone());
    Ok(Value::Table(merged).try_into()?)
}
