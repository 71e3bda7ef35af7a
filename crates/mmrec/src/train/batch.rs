//! Rows of tokens to learn from.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Token ids of one pass, `[batch, context]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What the model reads.
    pub inputs: Vec<u16>,
    /// What comes next, token by token.
    pub targets: Vec<u16>,
    /// Tokens in a row.
    pub context: usize,
}

impl Batch {
    /// Rows of tokens.
    pub fn rows(&self) -> usize {
        self.inputs.len() / self.context
    }

    /// The rows in up to `parts` chunks of whole rows, as equal as can be.
    pub(super) fn chunks(&self, parts: usize) -> Vec<Batch> {
        let rows = self.rows();
        let size = rows.div_ceil(parts.clamp(1, rows));
        (0..rows).step_by(size).map(|from| self.rows_range(from..rows.min(from + size))).collect()
    }

    /// The rows of device `rank` of `world_size`, which get as many each, give or take one.
    pub(super) fn shard(&self, rank: usize, world_size: usize) -> Batch {
        let [from, to] = [rank, rank + 1].map(|rank| rank * self.rows() / world_size);
        self.rows_range(from..to)
    }

    /// Some of the rows.
    fn rows_range(&self, rows: Range<usize>) -> Batch {
        let tokens = rows.start * self.context..rows.end * self.context;
        let [inputs, targets] = [&self.inputs, &self.targets].map(|ids| ids[tokens.clone()].to_vec());
        Batch { inputs, targets, context: self.context }
    }

    /// Both as tensors `[batch, context]`.
    pub fn tensors(&self, device: &Device) -> [Tensor<2, Int>; 2] {
        [&self.inputs, &self.targets].map(|ids| {
            let ids: Vec<i32> = ids.iter().map(|&id| i32::from(id)).collect();
            Tensor::from_data(TensorData::new(ids, [self.rows(), self.context]), device)
        })
    }
}
