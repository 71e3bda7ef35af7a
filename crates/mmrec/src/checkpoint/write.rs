//! Checkpoint to bytes, tensor by tensor: no second copy of a model stands in memory while it is written.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    BLANK, CHECKSUM_KEY, Checkpoint, CheckpointError, FIRST, FORMAT, FORMAT_KEY, MODEL_KEY, PROGRESS_KEY, SECOND,
    Stored, TOKENIZER_KEY, VERSION, VERSION_KEY, checksum_place,
};

use crate::data::hex;

/// Values that become bytes at a time.
const PIECE: usize = 1 << 14;

/// Names with shapes and values, in the order of the file: that of the names.
pub(super) type Tensors<'a> = BTreeMap<String, (&'a [usize], &'a [f32])>;

/// What a file says about itself, but for its checksum.
pub(super) type Metadata = BTreeMap<&'static str, String>;

impl Checkpoint {
    /// The file's bytes.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let values: usize = self.weights.iter().map(|weight| weight.values.len()).sum();
        let copies = if self.moments.is_empty() { 1 } else { 3 };
        let mut bytes = Vec::with_capacity(4 * copies * values + (1 << 16));
        self.write_to(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes the file to `out`. Equal states give equal files.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format or `out` takes no more.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<(), CheckpointError> {
        write_file(self.metadata()?, &self.tensors(), out)
    }

    fn metadata(&self) -> Result<Metadata, CheckpointError> {
        let mut metadata = Metadata::from([
            (FORMAT_KEY, FORMAT.to_owned()),
            (VERSION_KEY, VERSION.to_string()),
            (MODEL_KEY, text(&self.model)?),
            (TOKENIZER_KEY, text(&self.tokenizer)?),
        ]);
        if let Some(progress) = &self.progress {
            metadata.insert(PROGRESS_KEY, text(progress)?);
        }
        Ok(metadata)
    }

    fn tensors(&self) -> Tensors<'_> {
        let factors = self.adapter.iter().flat_map(|adapter| &adapter.factors);
        let mut tensors = tensors(self.weights.iter().chain(factors));
        for (weight, moments) in self.trained().zip(&self.moments) {
            for (prefix, values) in [FIRST, SECOND].iter().zip(moments) {
                tensors.insert(format!("{prefix}{}", weight.name), (&weight.shape, values));
            }
        }
        tensors
    }
}

/// Tensors under their names.
pub(super) fn tensors<'a>(stored: impl IntoIterator<Item = &'a Stored>) -> Tensors<'a> {
    stored.into_iter().map(|tensor| (tensor.name.clone(), (&*tensor.shape, &*tensor.values))).collect()
}

/// Writes a file of `tensors` whose metadata are `metadata` and its checksum.
pub(super) fn write_file(
    mut metadata: Metadata,
    tensors: &Tensors,
    out: &mut dyn Write,
) -> Result<(), CheckpointError> {
    metadata.insert(CHECKSUM_KEY, BLANK.to_owned());
    let mut header = header(&metadata, tensors)?;
    let place = checksum_place(&header).ok_or_else(|| failed("no place for the checksum"))?;
    let mut hash = Sha256::new_with_prefix(&header);
    each_piece(tensors, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    header[place].copy_from_slice(hex(hash).as_bytes());
    out.write_all(&header).map_err(failed)?;
    each_piece(tensors, |piece| out.write_all(piece).map_err(failed))
}

/// The length of the header, and the header, as safetensors defines them.
fn header(metadata: &Metadata, tensors: &Tensors) -> Result<Vec<u8>, CheckpointError> {
    let mut entries = BTreeMap::from([("__metadata__".to_owned(), json!(metadata))]);
    let mut end = 0;
    for (name, (shape, values)) in tensors {
        let start = end;
        end += 4 * values.len();
        entries.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }));
    }
    let mut header = vec![0; 8];
    serde_json::to_writer(&mut header, &entries).map_err(failed)?;
    // Values begin at a multiple of their size.
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = header.len() as u64 - 8;
    header[..8].copy_from_slice(&length.to_le_bytes());
    Ok(header)
}

/// Hands the values to `take` as the bytes of the file, a piece at a time.
pub(super) fn each_piece(
    tensors: &Tensors,
    mut take: impl FnMut(&[u8]) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let mut bytes = Vec::with_capacity(4 * PIECE);
    for piece in tensors.values().flat_map(|(_, values)| values.chunks(PIECE)) {
        bytes.clear();
        bytes.extend(piece.iter().flat_map(|value| value.to_le_bytes()));
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
