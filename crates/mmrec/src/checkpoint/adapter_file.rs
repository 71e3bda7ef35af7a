//! An adapter as a small file of its own, to be used beside the checkpoint that it was trained for.
//!
//! Invariant, as of checkpoints: `from_bytes` accepts what `to_bytes` wrote, and nothing that differs from it in a single bit; what
//! another program wrote anew is told apart, see [`Opened`](super::Opened).

use std::borrow::Cow;
use std::io::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::whole::Opened;
use super::write::{Metadata, each_piece, tensors, text, with_texts, write_file};
use super::{
    Adapter, AdapterError, Checkpoint, CheckpointError, FORMAT_KEY, LearnedText, MODEL_KEY, Stored, VERSION_KEY, learn,
    read, texts,
};
use crate::config::{AdapterConfig, ConfigError, ModelConfig};
use crate::data::hex;
use crate::progress::{require_loss, require_step};
use crate::tokenizer::Tokenizer;
use crate::train::OptimizerState;

/// What the metadata of an adapter's file call their format.
pub(super) const ADAPTER_FORMAT: &str = "mmrec-adapter";
/// The format's version: readers refuse newer ones.
const ADAPTER_VERSION: u32 = 1;
const ABOUT_KEY: &str = "adapter";

/// An adapter, and what it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterFile {
    /// The base's sizes.
    pub model: ModelConfig,
    /// Where it comes from.
    pub about: AdapterAbout,
    /// Its factors.
    pub adapter: Adapter,
    /// The text that it learned, as far as the file says; see [`learned`](Self::learned).
    pub texts: Vec<LearnedText>,
}

/// Where an adapter comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterAbout {
    /// Which matrices are adapted, and how.
    pub config: AdapterConfig,
    /// Identifies the base's weights.
    pub base: String,
    /// The base's tokenizer in words, for people.
    pub tokenizer: String,
    /// Identifies the tokenizer.
    pub tokenizer_fingerprint: String,
    /// The name of the text that it learned.
    pub text: String,
    /// Identifies that text, as a checkpoint's progress does; an adapter of the first version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_fingerprint: Option<String>,
    /// Optimizer steps taken.
    pub step: u64,
    /// The validation loss at that step in nats per token, where it was evaluated there.
    pub val_loss: Option<f32>,
}

impl AdapterAbout {
    fn validate(&self) -> Result<(), ConfigError> {
        require_step(self.step)?;
        self.val_loss.map_or(Ok(()), |loss| require_loss("val_loss", loss))
    }
}

impl AdapterFile {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// Every way in which the bytes are not a whole adapter of a version read here; see [`CheckpointError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Ok(Self::open(bytes)?.content)
    }

    /// As [`from_bytes`](Self::from_bytes), and whether another program changed the content since mmrec wrote it.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn open(bytes: &[u8]) -> Result<Opened<Self>, CheckpointError> {
        let (texts, tensors, changed) = read::open(bytes, ADAPTER_FORMAT, ADAPTER_VERSION)?;
        let model: ModelConfig = read::part(&texts, MODEL_KEY)?;
        model.validate()?;
        let about: AdapterAbout = read::part(&texts, ABOUT_KEY)?;
        about.config.validate(&model)?;
        about.validate().map_err(|error| read::invalid(ABOUT_KEY, &error))?;
        let adapter = Adapter::read(&tensors, &model, about.config)?;
        let texts = texts::read(&texts)?;
        Ok(Opened { content: Self { model, about, adapter, texts }, changed })
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes the file to `out`. Equal adapters give equal files.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format or `out` takes no more.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<(), CheckpointError> {
        let metadata = Metadata::from([
            (FORMAT_KEY, ADAPTER_FORMAT.to_owned()),
            (VERSION_KEY, ADAPTER_VERSION.to_string()),
            (MODEL_KEY, text(&self.model)?),
            (ABOUT_KEY, text(&self.about)?),
        ]);
        write_file(with_texts(metadata, &self.texts)?, &tensors(&self.adapter.factors), out)
    }

    /// Numbers in all factors together.
    pub fn parameters(&self) -> u64 {
        self.adapter.factors.iter().map(|factor| factor.values.len() as u64).sum()
    }

    /// Whether it was trained for this model, whose weights have the fingerprint `base`.
    fn check(&self, checkpoint: &Checkpoint, base: &str) -> Result<(), AdapterError> {
        let sizes = ModelConfig { dropout: self.model.dropout, ..checkpoint.model.clone() };
        if self.about.tokenizer_fingerprint != fingerprint_of_tokenizer(&checkpoint.tokenizer) {
            let (made_for, given) = (self.about.tokenizer.clone(), checkpoint.tokenizer.to_string());
            return Err(AdapterError::OtherTokenizer { made_for, given });
        }
        if self.model != sizes || self.about.base != base {
            let words = |model: &ModelConfig, base: &str| {
                format!("{} parameters whose weights are {}", model.parameters(), base.get(..12).unwrap_or(base))
            };
            let (made_for, given) = (words(&self.model, &self.about.base), words(&checkpoint.model, base));
            return Err(AdapterError::OtherBase { made_for, given });
        }
        Ok(())
    }
}

impl Checkpoint {
    /// The adapter that is trained as a file of its own; `None` where it is the weights that are trained.
    pub fn adapter_file(&self) -> Option<AdapterFile> {
        let (adapter, progress) = (self.adapter.clone()?, self.progress.as_ref()?);
        let last = progress.history.last().filter(|point| point.step == progress.step);
        let about = AdapterAbout {
            config: adapter.config,
            base: fingerprint_of(&self.weights),
            tokenizer: self.tokenizer.to_string(),
            tokenizer_fingerprint: fingerprint_of_tokenizer(&self.tokenizer),
            text: progress.data_name.clone(),
            data_fingerprint: Some(progress.data_fingerprint.clone()),
            step: progress.step,
            val_loss: last.and_then(|point| point.val_loss),
        };
        // What the base learned before is the base's to say.
        let own = |text: &LearnedText| text.fingerprint == progress.data_fingerprint;
        let texts = self.texts.iter().filter(|text| own(text)).cloned().collect();
        Some(AdapterFile { model: self.model.clone(), about, adapter, texts })
    }

    /// The model with adapters merged into its weights, each multiplied by its share; several are added up.
    ///
    /// # Errors
    /// [`AdapterError`] with the index of an adapter that was trained for another model.
    pub fn merge(&self, adapters: &[(AdapterFile, f32)]) -> Result<Checkpoint, (usize, AdapterError)> {
        if self.adapter.is_some() && !adapters.is_empty() {
            return Err((0, AdapterError::Adapted));
        }
        let base = fingerprint_of(&self.weights);
        for (index, (file, _)) in adapters.iter().enumerate() {
            file.check(self, &base).map_err(|error| (index, error))?;
        }
        let merged = match self.plain() {
            Cow::Owned(merged) => merged,
            Cow::Borrowed(plain) => {
                Checkpoint { texts: plain.learned(), progress: None, optimizer: OptimizerState::new(), ..plain.clone() }
            }
        };
        Ok(adapters.iter().fold(merged, |mut merged, (file, share)| {
            file.adapter.add_to(&mut merged.weights, *share);
            file.learned().into_iter().for_each(|text| learn(&mut merged.texts, text));
            merged
        }))
    }
}

/// SHA-256 over names, shapes and values in their order, in hexadecimal digits.
fn fingerprint_of(weights: &[Stored]) -> String {
    let mut hash = Sha256::new();
    for weight in weights {
        hash.update(format!("{} {:?}\n", weight.name, weight.shape));
    }
    let taken = each_piece(&tensors(weights), |piece| {
        hash.update(piece);
        Ok(())
    });
    taken.expect("a hash takes everything");
    hex(hash)
}

fn fingerprint_of_tokenizer(tokenizer: &Tokenizer) -> String {
    let json = serde_json::to_vec(tokenizer).expect("a tokenizer is plain strings, which JSON holds");
    hex(Sha256::new_with_prefix(json))
}
