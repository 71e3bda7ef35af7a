//! Checkpoint to bytes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use safetensors::{Dtype, View};
use serde::Serialize;

use super::{
    BLANK, CHECKSUM_KEY, Checkpoint, CheckpointError, FIRST, FORMAT, FORMAT_KEY, MODEL_KEY, PROGRESS_KEY, SECOND,
    TOKENIZER_KEY, VERSION, VERSION_KEY, checksum, checksum_place,
};

/// Values with their shape, turned into bytes only while they are written.
struct Floats<'a> {
    shape: &'a [usize],
    values: &'a [f32],
}

impl View for Floats<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        self.values.len() * 4
    }
}

impl Checkpoint {
    /// The file's bytes.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the parts do not fit the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let metadata = self.metadata()?;
        let mut bytes = safetensors::serialize(self.tensors(), Some(metadata)).map_err(failed)?;
        sort_header(&mut bytes).ok_or_else(|| failed("the header cannot be sorted"))?;
        let place = checksum_place(&bytes).ok_or_else(|| failed("no place for the checksum"))?;
        let sum = checksum(&bytes, &place);
        bytes[place].copy_from_slice(sum.as_bytes());
        Ok(bytes)
    }

    fn metadata(&self) -> Result<HashMap<String, String>, CheckpointError> {
        let mut metadata = HashMap::from([
            (FORMAT_KEY.to_owned(), FORMAT.to_owned()),
            (VERSION_KEY.to_owned(), VERSION.to_string()),
            (CHECKSUM_KEY.to_owned(), BLANK.to_owned()),
            (MODEL_KEY.to_owned(), json(&self.model)?),
            (TOKENIZER_KEY.to_owned(), json(&self.tokenizer)?),
        ]);
        if let Some(progress) = &self.progress {
            metadata.insert(PROGRESS_KEY.to_owned(), json(progress)?);
        }
        Ok(metadata)
    }

    fn tensors(&self) -> Vec<(String, Floats<'_>)> {
        let mut tensors = Vec::with_capacity(3 * self.weights.len());
        for weight in &self.weights {
            tensors.push((weight.name.clone(), Floats { shape: &weight.shape, values: &weight.values }));
        }
        for (weight, moments) in self.weights.iter().zip(&self.moments) {
            for (prefix, values) in [FIRST, SECOND].iter().zip(moments) {
                tensors.push((format!("{prefix}{}", weight.name), Floats { shape: &weight.shape, values }));
            }
        }
        tensors
    }
}

/// Puts the header's entries in the order of their names, so that equal states give equal files: safetensors leaves the
/// metadata in a random order. The header's length does not change.
fn sort_header(bytes: &mut [u8]) -> Option<()> {
    let length = usize::try_from(u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?)).ok()?;
    let header = bytes.get_mut(8..length.checked_add(8)?)?;
    let sorted: BTreeMap<String, BTreeMap<String, serde_json::Value>> = serde_json::from_slice(header).ok()?;
    serde_json::to_writer(header, &sorted).ok()
}

fn json(value: &impl Serialize) -> Result<String, CheckpointError> {
    serde_json::to_string(value).map_err(failed)
}

fn failed(error: impl ToString) -> CheckpointError {
    CheckpointError::Write(error.to_string())
}
