//! Checkpoints: one safetensors file with weights, the optimizer's state and everything else that resuming needs.
//!
//! Weights stand under their plain names, the factors of adapters as `*.lora.a` and `*.lora.b`, what the optimizer remembers under
//! `optimizer.SLOT.*` (of AdamW: `first` and `second`), all in f32; the metadata holds the format's version, the configuration, the tokenizer and the
//! progress as JSON, which texts were learned, and a SHA-256 of the whole file. An adapter by itself is a file of the same kind, see [`AdapterFile`], and so is a
//! model in fewer bits, see [`Packing`].
//!
//! Invariant: `from_bytes` accepts what `to_bytes` wrote, and nothing that differs from it in a single bit. What another program
//! read and wrote anew is accepted and told apart, see [`Opened`].

mod adapter;
mod adapter_file;
mod error;
mod packed;
mod read;
mod texts;
mod whole;
mod write;

pub use adapter::{Adapter, AdapterError};
pub use adapter_file::{AdapterAbout, AdapterFile};
pub use error::CheckpointError;
pub use packed::Packing;
pub use texts::LearnedText;
pub(crate) use texts::learn;
pub use whole::Opened;

pub use crate::progress::{Best, Growth, Progress};

use std::borrow::Cow;

use burn::tensor::Device;

use crate::config::{ModelConfig, TrainConfig};
use crate::data::hex;
use crate::model::{Model, Weight};
use crate::tokenizer::Tokenizer;
use crate::train::optim::Slot;
use crate::train::{ModelOptimizer, OptimizerState, Trainer, trainable_specs};

/// The format's version: readers refuse newer ones.
pub const VERSION: u32 = 1;
/// That of files in fewer bits, which is the newest one.
const PACKED_VERSION: u32 = 2;

/// A named tensor on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Plain name.
    pub name: String,
    /// Rows and columns, or the length of a vector.
    pub shape: Vec<usize>,
    /// The values in a row.
    pub values: Vec<f32>,
}

/// A model with its tokenizer and, if it was in training, everything that resuming needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The model's sizes.
    pub model: ModelConfig,
    /// The model's tokenizer.
    pub tokenizer: Tokenizer,
    /// The weights, in the order of [`weight_specs`](crate::model::weight_specs).
    pub weights: Vec<Stored>,
    /// What is trained beside the weights, where the settings in `progress` say so.
    pub adapter: Option<Adapter>,
    /// The state of training.
    pub progress: Option<Progress>,
    /// What the optimizer remembers of all that is trained. Always there with `progress`; without, it is that of a run before, for a
    /// new one to begin with, or empty.
    pub optimizer: OptimizerState,
    /// The texts that were learned, as far as the file says; see [`learned`](Self::learned).
    pub texts: Vec<LearnedText>,
}

impl Checkpoint {
    /// The model on `device`, with its adapter, if any, merged into its weights.
    pub fn build_model(&self, device: &Device) -> Model {
        if self.adapter.is_some() { self.plain().build_base(device) } else { self.build_base(device) }
    }

    /// The model on `device` without its adapter.
    fn build_base(&self, device: &Device) -> Model {
        let mut weights = self.weights.iter();
        let next =
            |_: &_| Ok::<_, std::convert::Infallible>(weights.next().map(|w| w.values.clone()).unwrap_or_default());
        match Model::from_values(&self.model, device, next) {
            Ok(model) => model,
            Err(never) => match never {},
        }
    }

    /// The same model as one that was trained as a whole: its adapter merged into its weights, and no state of a training that
    /// trained only a part.
    pub fn plain(&self) -> Cow<'_, Checkpoint> {
        let is_partial = self.progress.as_ref().is_some_and(|progress| progress.train.is_partial());
        if !is_partial && self.adapter.is_none() {
            return Cow::Borrowed(self);
        }
        let mut weights = self.weights.clone();
        if let Some(adapter) = &self.adapter {
            adapter.add_to(&mut weights, 1.0);
        }
        let (model, tokenizer) = (self.model.clone(), self.tokenizer.clone());
        let texts = self.learned();
        Cow::Owned(Checkpoint {
            model,
            tokenizer,
            weights,
            adapter: None,
            progress: None,
            optimizer: OptimizerState::new(),
            texts,
        })
    }

    /// The trainer as it was, on `device` with gradients; `None` for a model without progress.
    pub fn build_trainer(&self, device: &Device) -> Option<Trainer> {
        let progress = self.progress.as_ref()?;
        let train = &progress.train;
        let specs = trainable_specs(&self.model, train);
        let optimizer = ModelOptimizer::with_state(train, specs, &self.optimizer, progress.warm_moments, device)?;
        let mut model = self.build_base(&device.clone().autodiff());
        if let Some(adapter) = &self.adapter {
            model = adapter.attach(model, &self.model);
        }
        Some(Trainer::new(&self.model, train, model, optimizer, progress.step, progress.schedule_start()))
    }

    /// A trainer at the beginning of a new run, with these weights and, where the optimizer that `train` asks for finds all of its
    /// state here, with that.
    pub fn build_new_trainer(&self, train: &TrainConfig, device: &Device) -> Trainer {
        let plain = self.plain();
        let model = plain.build_base(&device.clone().autodiff());
        let specs = trainable_specs(&self.model, train);
        let corrections = plain.state_corrections().filter(|_| train.lora == 0);
        let kept = corrections.and_then(|correct| {
            Some(ModelOptimizer::with_state(train, specs, &plain.optimizer, true, device)?.scaled(correct))
        });
        match kept {
            Some(optimizer) => Trainer::new(&self.model, train, model, optimizer, 0, 0),
            None => Trainer::start(&self.model, train, model),
        }
    }

    /// What makes, of what the optimizer remembers, means that need no correction for their start at zero; `None` where it
    /// remembers nothing.
    pub(crate) fn state_corrections(&self) -> Option<impl Fn(Slot) -> f32 + Sync> {
        let steps = match &self.progress {
            Some(progress) if !progress.warm_moments => Some(progress.step),
            _ => None,
        };
        let remembers = !self.optimizer.is_empty() && steps != Some(0);
        remembers.then_some(move |slot: Slot| steps.map_or(1.0, |steps| 1.0 / slot.filled(steps)) as f32)
    }
}

/// Puts values that were read back in the order of `weights` under their names; factors of an adapter among them as well.
pub(crate) fn stored(weights: &[Weight], values: Vec<Vec<f32>>) -> Vec<Stored> {
    let named = |(weight, values): (&Weight, Vec<f32>)| Stored {
        name: weight.name.clone(),
        shape: weight.shape.clone(),
        values,
    };
    weights.iter().zip(values).map(named).collect()
}

const FORMAT_KEY: &str = "format";
const FORMAT: &str = "mmrec";
const VERSION_KEY: &str = "version";
const MODEL_KEY: &str = "model";
const TOKENIZER_KEY: &str = "tokenizer";
const PROGRESS_KEY: &str = "progress";
const TEXTS_KEY: &str = "texts";
const CHECKSUM_KEY: &str = "checksum";
/// What stands in the checksum's place while the checksum is computed: as many zeros as it has digits.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The name of a slot of a parameter's state.
fn slot_name(slot: Slot, parameter: &str) -> String {
    format!("optimizer.{}.{parameter}", slot.name)
}

/// Where the checksum's digits stand in a file.
fn checksum_place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let header = usize::try_from(u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?)).ok()?;
    let header = bytes.get(8..header.checked_add(8)?)?;
    // Inside a JSON string every quote is escaped, so this can only be the key itself.
    let key = format!("\"{CHECKSUM_KEY}\":\"");
    let start = 8 + key.len() + header.windows(key.len()).position(|window| window == key.as_bytes())?;
    (start + BLANK.len() <= 8 + header.len()).then(|| start..start + BLANK.len())
}

/// SHA-256 in hexadecimal digits of a file whose checksum is blank.
fn checksum(bytes: &[u8], place: &std::ops::Range<usize>) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::new().chain_update(&bytes[..place.start]).chain_update(BLANK).chain_update(&bytes[place.end..]);
    hex(hash)
}

#[cfg(test)]
mod tests;
