//! Bytes to checkpoint. The bytes are untrusted: nothing is allocated before the file is known to hold it.

use std::collections::HashMap;

use burn::tensor::f16;
use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

use super::adapter_file::ADAPTER_FORMAT;
use super::packed::scale_name;
use super::whole::{Opened, is_changed};
use super::{
    Adapter, Checkpoint, CheckpointError, FORMAT, FORMAT_KEY, MODEL_KEY, PACKED_VERSION, PROGRESS_KEY, Progress,
    Stored, TOKENIZER_KEY, VERSION_KEY, slot_name, texts,
};
use crate::config::{AdapterConfig, ConfigError, ModelConfig, TrainConfig};
use crate::model::{WeightSpec, adapter_specs, weight_specs};
use crate::tokenizer::Tokenizer;
use crate::train::optim::{OptimizerState, Slot, SlotValues, slots_of};
use crate::train::trainable_specs;

/// What a file says about itself.
pub(super) type Texts = HashMap<String, String>;

impl Checkpoint {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// Every way in which the bytes are not a whole checkpoint of a version read here; see [`CheckpointError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        Ok(Self::open(bytes)?.content)
    }

    /// As [`from_bytes`](Self::from_bytes), and whether another program changed the content since mmrec wrote it.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn open(bytes: &[u8]) -> Result<Opened<Checkpoint>, CheckpointError> {
        let (texts, tensors, changed) = open(bytes, FORMAT, PACKED_VERSION)?;
        Ok(Opened { content: read_parts(&texts, &tensors)?, changed })
    }
}

/// What a whole file of ours of this format says about itself, its tensors, and whether they were changed since it was written.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    format: &str,
    version: u32,
) -> Result<(Texts, SafeTensors<'a>, bool), CheckpointError> {
    let header = read_header(bytes)?;
    let not_safetensors = |error: &dyn std::error::Error| CheckpointError::NotSafetensors(error.to_string());
    let metadata: Metadata = serde_json::from_slice(header).map_err(|error| not_safetensors(&error))?;
    let texts = metadata.metadata().as_ref().ok_or(CheckpointError::Foreign)?;
    check_format(texts, format, version)?;
    let expected = 8 + header.len() as u64 + metadata.data_len() as u64;
    if (bytes.len() as u64) < expected {
        return Err(CheckpointError::Truncated { expected, actual: bytes.len() as u64 });
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| not_safetensors(&error))?;
    let changed = is_changed(bytes, header, texts, &tensors)?;
    Ok((texts.clone(), tensors, changed))
}

/// The header's bytes, once the file is known to hold them.
fn read_header(bytes: &[u8]) -> Result<&[u8], CheckpointError> {
    let actual = bytes.len() as u64;
    let Some(Ok(length)) = bytes.get(..8).map(TryInto::try_into) else {
        return Err(CheckpointError::Truncated { expected: 8, actual });
    };
    let header = u64::from_le_bytes(length);
    // A checkpoint's header begins with a brace; without one the length is not a length.
    if bytes.get(8).is_some_and(|byte| *byte != b'{') {
        return Err(CheckpointError::NotSafetensors("its header is not JSON".to_owned()));
    }
    match header.checked_add(8) {
        Some(expected) if expected <= actual => Ok(&bytes[8..expected as usize]),
        Some(expected) if header <= 100_000_000 => Err(CheckpointError::Truncated { expected, actual }),
        _ => Err(CheckpointError::NotSafetensors(format!("its header would be {header} bytes long"))),
    }
}

fn check_format(texts: &Texts, format: &str, supported: u32) -> Result<(), CheckpointError> {
    match texts.get(FORMAT_KEY).map(String::as_str) {
        Some(found) if found == format => {}
        Some(ADAPTER_FORMAT) => return Err(CheckpointError::IsAdapter),
        Some(FORMAT) => return Err(CheckpointError::IsCheckpoint),
        _ => return Err(CheckpointError::Foreign),
    }
    let version = texts.get(VERSION_KEY).and_then(|version| version.parse().ok());
    match version.ok_or(CheckpointError::Foreign)? {
        found if found > supported => Err(CheckpointError::Newer { found, supported }),
        _ => Ok(()),
    }
}

fn read_parts(texts: &Texts, tensors: &SafeTensors) -> Result<Checkpoint, CheckpointError> {
    let model: ModelConfig = part(texts, MODEL_KEY)?;
    model.validate()?;
    let tokenizer: Tokenizer = part(texts, TOKENIZER_KEY)?;
    tokenizer.validate()?;
    if tokenizer.vocab() != model.vocab {
        let reason = format!("it has {} tokens and the model {}", tokenizer.vocab(), model.vocab);
        return Err(CheckpointError::Invalid { part: TOKENIZER_KEY, reason });
    }
    let progress: Option<Progress> = texts.contains_key(PROGRESS_KEY).then(|| part(texts, PROGRESS_KEY)).transpose()?;
    let train = progress.as_ref().map(|progress| &progress.train);
    if let Some(progress) = &progress {
        progress.validate().map_err(|error| invalid(PROGRESS_KEY, &error))?;
        progress.train.validate_for(&model)?;
    }
    let specs = weight_specs(&model);
    let weights = read_all(tensors, &specs)?;
    let adapter =
        train.and_then(TrainConfig::adapter).map(|config| Adapter::read(tensors, &model, config)).transpose()?;
    let optimizer = match train {
        Some(train) => read_state(tensors, train, &trainable_specs(&model, train))?,
        None => read_any_state(tensors, &specs)?,
    };
    let texts = texts::read(texts)?;
    Ok(Checkpoint { model, tokenizer, weights, adapter, progress, optimizer, texts })
}

impl Adapter {
    /// The adapter among `tensors`; its configuration was checked.
    pub(super) fn read(
        tensors: &SafeTensors,
        model: &ModelConfig,
        config: AdapterConfig,
    ) -> Result<Self, CheckpointError> {
        Ok(Self { config, factors: read_all(tensors, &adapter_specs(model, &config))? })
    }
}

fn read_all(tensors: &SafeTensors, specs: &[WeightSpec]) -> Result<Vec<Stored>, CheckpointError> {
    let read = |spec: &WeightSpec| {
        let values = finite(&spec.name, read_weight(tensors, spec)?)?;
        Ok(Stored { name: spec.name.clone(), shape: spec.shape.clone(), values })
    };
    specs.iter().map(read).collect()
}

/// The state of everything that a run trains, all of which must be there.
fn read_state(
    tensors: &SafeTensors,
    train: &TrainConfig,
    specs: &[WeightSpec],
) -> Result<OptimizerState, CheckpointError> {
    let read = |(spec, slots): (&WeightSpec, &[Slot])| Ok((spec.name.clone(), read_slots(tensors, spec, slots)?));
    specs.iter().zip(slots_of(train, specs)).map(read).collect()
}

/// What there is of a state where nothing says which optimizer it belongs to.
fn read_any_state(tensors: &SafeTensors, specs: &[WeightSpec]) -> Result<OptimizerState, CheckpointError> {
    let mut state = OptimizerState::new();
    for spec in specs {
        let is_there = |slot: &Slot| tensors.tensor(&slot_name(*slot, &spec.name)).is_ok();
        let slots: Vec<Slot> = Slot::all().filter(is_there).collect();
        if !slots.is_empty() {
            state.insert(spec.name.clone(), read_slots(tensors, spec, &slots)?);
        }
    }
    Ok(state)
}

fn read_slots(tensors: &SafeTensors, spec: &WeightSpec, slots: &[Slot]) -> Result<Vec<SlotValues>, CheckpointError> {
    let read = |slot: &Slot| {
        let name = slot_name(*slot, &spec.name);
        let values = finite(&name, floats(data(tensors, &name, &spec.shape, Dtype::F32)?))?;
        Ok(SlotValues { slot: *slot, values })
    };
    slots.iter().map(read).collect()
}

/// A part that could be read and makes no sense.
pub(super) fn invalid(part: &'static str, error: &ConfigError) -> CheckpointError {
    CheckpointError::Invalid { part, reason: error.to_string() }
}

pub(super) fn part<T: DeserializeOwned>(texts: &Texts, key: &'static str) -> Result<T, CheckpointError> {
    let invalid = |reason: String| CheckpointError::Invalid { part: key, reason };
    let text = texts.get(key).ok_or_else(|| invalid("it is missing".to_owned()))?;
    serde_json::from_str(text).map_err(|error| invalid(error.to_string()))
}

/// The values of a weight, whatever it is packed in.
fn read_weight(tensors: &SafeTensors, spec: &WeightSpec) -> Result<Vec<f32>, CheckpointError> {
    let name = &spec.name;
    match tensors.tensor(name).map(|view| view.dtype()) {
        Ok(Dtype::F16) => {
            let bytes = data(tensors, name, &spec.shape, Dtype::F16)?;
            Ok(bytes.chunks_exact(2).map(|two| f16::from_le_bytes([two[0], two[1]]).to_f32()).collect())
        }
        Ok(Dtype::I8) => {
            let codes = data(tensors, name, &spec.shape, Dtype::I8)?;
            let scales = floats(data(tensors, &scale_name(name), &spec.shape[..1], Dtype::F32)?);
            let rows = codes.chunks_exact(spec.len() / scales.len()).zip(scales);
            Ok(rows.flat_map(|(row, scale)| row.iter().map(move |code| f32::from(*code as i8) * scale)).collect())
        }
        _ => Ok(floats(data(tensors, name, &spec.shape, Dtype::F32)?)),
    }
}

/// The bytes of a tensor of this shape and type.
fn data<'a>(tensors: &SafeTensors<'a>, name: &str, shape: &[usize], dtype: Dtype) -> Result<&'a [u8], CheckpointError> {
    let wrong = |found| CheckpointError::Tensor { name: name.to_owned(), expected: shape.to_vec(), dtype, found };
    let view = tensors.tensor(name).map_err(|_| wrong("is missing".to_owned()))?;
    if view.dtype() != dtype || view.shape() != shape {
        return Err(wrong(format!("has {:?} in {:?}", view.shape(), view.dtype())));
    }
    Ok(view.data())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

/// The values of a tensor, none of which training can have left infinite or no number.
fn finite(name: &str, values: Vec<f32>) -> Result<Vec<f32>, CheckpointError> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(values);
    }
    Err(CheckpointError::NotFinite { name: name.to_owned() })
}
