//! Checkpoint to bytes, tensor by tensor: no second copy of a model stands in memory while it is written.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;

use burn::tensor::f16;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    BLANK, CHECKSUM_KEY, Checkpoint, CheckpointError, FORMAT, FORMAT_KEY, LearnedText, MODEL_KEY, PROGRESS_KEY, Stored,
    TEXTS_KEY, TOKENIZER_KEY, VERSION, VERSION_KEY, checksum_place, slot_name,
};

use crate::data::hex;
use crate::train::optim::SlotValues;

/// Values that become bytes at a time.
const PIECE: usize = 1 << 14;

/// What a file holds, by name.
pub(super) type Tensors<'a> = BTreeMap<String, Tensor<'a>>;

/// One tensor of a file.
pub(super) struct Tensor<'a> {
    pub shape: Vec<usize>,
    pub values: Values<'a>,
}

/// Its values, in the type that the file holds them in.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
    I8(&'a [i8]),
}

impl Values<'_> {
    /// The type in the words of safetensors, and the bytes of a value.
    fn kind(self) -> (&'static str, usize) {
        match self {
            Values::F32(_) => ("F32", 4),
            Values::F16(_) => ("F16", 2),
            Values::I8(_) => ("I8", 1),
        }
    }

    fn len(self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::F16(values) => values.len(),
            Values::I8(values) => values.len(),
        }
    }
}

/// What a file says about itself, but for its checksum.
pub(super) type Metadata = BTreeMap<&'static str, String>;

impl Checkpoint {
    /// The file's bytes.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let weights: usize = self.weights.iter().map(|weight| weight.values.len()).sum();
        let state: usize = self.optimizer.values().flatten().map(|slot| slot.values.len()).sum();
        let mut bytes = Vec::with_capacity(4 * (weights + state) + (1 << 16));
        self.write_to(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes the file to `out`. Equal states give equal files.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format or `out` takes no more.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<(), CheckpointError> {
        let mut metadata = self.about_model(VERSION, &self.texts)?;
        if let Some(progress) = &self.progress {
            metadata.insert(PROGRESS_KEY, text(progress)?);
        }
        write_file(metadata, &self.tensors(), out)
    }

    /// What a file of this model says about itself, if it is of this version of the format.
    pub(super) fn about_model(&self, version: u32, texts: &[LearnedText]) -> Result<Metadata, CheckpointError> {
        let metadata = Metadata::from([
            (FORMAT_KEY, FORMAT.to_owned()),
            (VERSION_KEY, version.to_string()),
            (MODEL_KEY, text(&self.model)?),
            (TOKENIZER_KEY, text(&self.tokenizer)?),
        ]);
        with_texts(metadata, texts)
    }

    fn tensors(&self) -> Tensors<'_> {
        let factors = self.adapter.iter().flat_map(|adapter| &adapter.factors);
        let mut tensors = tensors(self.weights.iter().chain(factors));
        let states = self.optimizer.iter().flat_map(|(name, slots)| slots.iter().map(move |slot| (name, slot)));
        for (parameter, SlotValues { slot, values }) in states {
            // A state of what is not here would belong to nothing.
            let Some(shape) = tensors.get(parameter).map(|tensor| tensor.shape.clone()) else { continue };
            tensors.insert(slot_name(*slot, parameter), Tensor { shape, values: Values::F32(values) });
        }
        tensors
    }
}

/// Names the texts that were learned, where any are known.
pub(super) fn with_texts(mut metadata: Metadata, texts: &[LearnedText]) -> Result<Metadata, CheckpointError> {
    if !texts.is_empty() {
        metadata.insert(TEXTS_KEY, text(&texts)?);
    }
    Ok(metadata)
}

/// Tensors under their names.
pub(super) fn tensors<'a>(stored: impl IntoIterator<Item = &'a Stored>) -> Tensors<'a> {
    let tensor = |stored: &'a Stored| Tensor { shape: stored.shape.clone(), values: Values::F32(&stored.values) };
    stored.into_iter().map(|stored| (stored.name.clone(), tensor(stored))).collect()
}

/// Writes a file of `tensors` whose metadata are `metadata` and its checksum.
pub(super) fn write_file(
    mut metadata: Metadata,
    tensors: &Tensors,
    out: &mut dyn Write,
) -> Result<(), CheckpointError> {
    metadata.insert(CHECKSUM_KEY, BLANK.to_owned());
    let ordered = in_order(tensors);
    let mut header = header(&metadata, ordered.iter().map(|(name, tensor)| tensor.place(name)))?;
    let place = checksum_place(&header).ok_or_else(|| failed("no place for the checksum"))?;
    let mut hash = Sha256::new_with_prefix(&header);
    each_piece(tensors, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    header[place].copy_from_slice(hex(hash).as_bytes());
    out.write_all(&header)?;
    each_piece(tensors, |piece| Ok(out.write_all(piece)?))
}

/// What the header says of one tensor.
pub(super) struct Place<'a> {
    pub name: &'a str,
    /// The type in the words of safetensors.
    pub kind: &'a str,
    pub shape: &'a [usize],
    pub bytes: usize,
}

impl Tensor<'_> {
    fn place<'a>(&'a self, name: &'a str) -> Place<'a> {
        let (kind, size) = self.values.kind();
        Place { name, kind, shape: &self.shape, bytes: size * self.values.len() }
    }
}

/// The length of the header, and the header, as safetensors defines them. `tensors` come in the order of the file.
pub(super) fn header<'a>(
    metadata: &impl Serialize,
    tensors: impl Iterator<Item = Place<'a>>,
) -> Result<Vec<u8>, CheckpointError> {
    let mut entries = BTreeMap::from([("__metadata__", json!(metadata))]);
    let mut end = 0;
    for Place { name, kind, shape, bytes } in tensors {
        let start = end;
        end += bytes;
        entries.insert(name, json!({ "dtype": kind, "shape": shape, "data_offsets": [start, end] }));
    }
    let mut header = vec![0; 8];
    serde_json::to_writer(&mut header, &entries).map_err(failed)?;
    // Values begin at a multiple of their size.
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = header.len() as u64 - 8;
    header[..8].copy_from_slice(&length.to_le_bytes());
    Ok(header)
}

/// The tensors in the order of the file: the largest values first, so that each begins at a multiple of its size; else by name.
fn in_order<'t, 'a>(tensors: &'t Tensors<'a>) -> Vec<(&'t String, &'t Tensor<'a>)> {
    let mut ordered: Vec<_> = tensors.iter().collect();
    ordered.sort_by_key(|(_, tensor)| Reverse(tensor.values.kind().1));
    ordered
}

/// Hands the values to `take` as the bytes of the file, a piece at a time.
pub(super) fn each_piece(
    tensors: &Tensors,
    mut take: impl FnMut(&[u8]) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    for (_, tensor) in in_order(tensors) {
        match tensor.values {
            Values::F32(values) => pieces(values, f32::to_le_bytes, &mut take)?,
            Values::F16(values) => pieces(values, f16::to_le_bytes, &mut take)?,
            Values::I8(values) => pieces(values, i8::to_le_bytes, &mut take)?,
        }
    }
    Ok(())
}

fn pieces<T: Copy, const SIZE: usize>(
    values: &[T],
    to_bytes: fn(T) -> [u8; SIZE],
    take: &mut impl FnMut(&[u8]) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let mut bytes = Vec::with_capacity(SIZE * PIECE.min(values.len()));
    for piece in values.chunks(PIECE) {
        bytes.clear();
        bytes.extend(piece.iter().flat_map(|value| to_bytes(*value)));
        take(&bytes)?;
    }
    Ok(())
}

pub(super) fn text(value: &impl Serialize) -> Result<String, CheckpointError> {
    serde_json::to_string(value).map_err(failed)
}

fn failed(error: impl ToString) -> CheckpointError {
    CheckpointError::Write(error.to_string())
}
