//! A model's file with its weights in fewer bits, to be given away: it writes, grows and is evaluated, but no training goes on from it.
//!
//! The embedding and the matrices are in f16, or in eight bits with a scale for each row: row i of `M` is `M.scale`ᵢ · `M`ᵢ, where the
//! row's largest value is ±127 (symmetric rounding by the largest absolute value, as in Dettmers et al., "LLM.int8()", 2022, eq. 1). The
//! few other weights stay in f32. It is a safetensors file as checkpoints are, of the format's version 2.

use std::str::FromStr;

use burn::tensor::f16;

use super::write::{Tensor, Tensors, Values, write_file};
use super::{Checkpoint, CheckpointError, PACKED_VERSION, Stored};
use crate::config::ConfigError;
use crate::model::is_matrix;

/// The largest eight-bit value used; −128 would have no opposite.
const MAX_CODE: f32 = 127.0;

/// What the large weights are stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Two bytes a value: off by at most one part in 2,048 (values beyond ±65,504 become that).
    F16,
    /// One byte a value: off by at most one part in 254 of the largest value of its row.
    Int8,
}

impl FromStr for Packing {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "f16" => Ok(Packing::F16),
            "int8" => Ok(Packing::Int8),
            other => Err(ConfigError::OutOfRange {
                field: "precision",
                value: other.to_owned(),
                allowed: "f16 or int8".to_owned(),
            }),
        }
    }
}

/// The name of the scales of a weight in eight bits.
pub(super) fn scale_name(weight: &str) -> String {
    format!("{weight}.scale")
}

/// One weight, packed.
enum Packed<'a> {
    Whole(&'a [f32]),
    Half(Vec<f16>),
    Bytes { codes: Vec<i8>, scales: Vec<f32> },
}

impl Checkpoint {
    /// The bytes of the model's file with its weights in fewer bits, its adapter merged into them. Equal models give equal files.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] where a weight is infinite or not a number.
    pub fn pack(&self, packing: Packing) -> Result<Vec<u8>, CheckpointError> {
        let plain = self.plain();
        let packed: Vec<_> = plain.weights.iter().map(|weight| pack(weight, packing)).collect::<Result<_, _>>()?;
        let mut tensors = Tensors::new();
        for (weight, packed) in plain.weights.iter().zip(&packed) {
            let mut insert = |name: String, shape: &[usize], values| {
                tensors.insert(name, Tensor { shape: shape.to_vec(), values });
            };
            let values = match packed {
                Packed::Whole(values) => Values::F32(values),
                Packed::Half(values) => Values::F16(values),
                Packed::Bytes { codes, scales } => {
                    insert(scale_name(&weight.name), &weight.shape[..1], Values::F32(scales));
                    Values::I8(codes)
                }
            };
            insert(weight.name.clone(), &weight.shape, values);
        }
        let mut bytes = Vec::new();
        write_file(plain.about_model(PACKED_VERSION, &plain.learned())?, &tensors, &mut bytes)?;
        Ok(bytes)
    }
}

fn pack(weight: &Stored, packing: Packing) -> Result<Packed<'_>, CheckpointError> {
    if weight.values.iter().any(|value| !value.is_finite()) {
        let name = &weight.name;
        return Err(CheckpointError::Write(format!(
            "the weight \"{name}\" holds a value that is infinite or no number"
        )));
    }
    if !is_matrix(&weight.name) && weight.name != "embedding" {
        return Ok(Packed::Whole(&weight.values));
    }
    Ok(match packing {
        Packing::F16 => {
            let most = f16::MAX.to_f32();
            Packed::Half(weight.values.iter().map(|value| f16::from_f32(value.clamp(-most, most))).collect())
        }
        Packing::Int8 => to_bytes(&weight.values, weight.shape[0]),
    })
}

fn to_bytes(values: &[f32], rows: usize) -> Packed<'static> {
    let (mut codes, mut scales) = (Vec::with_capacity(values.len()), Vec::with_capacity(rows));
    for row in values.chunks_exact(values.len() / rows) {
        let scale = row.iter().fold(0.0, |most: f32, value| most.max(value.abs())) / MAX_CODE;
        // A row of zeros has the scale 0; the cast makes 0 of what is then no number.
        codes.extend(row.iter().map(|value| (value / scale).round().clamp(-MAX_CODE, MAX_CODE) as i8));
        scales.push(scale);
    }
    Packed::Bytes { codes, scales }
}
