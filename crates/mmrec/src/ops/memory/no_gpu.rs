//! Builds without GPUs: nothing runs on one.

use burn::backend::DispatchTensor;
use burn::tensor::{Device, Tensor};

use crate::ops::hierarchy::Sizes;

/// Whether the kernels run on `device`: never.
pub fn has_kernels(_: &Device, _: Sizes, _blocks: usize, _heads: usize, _d: usize) -> bool {
    false
}

/// Never called, since no device has kernels.
pub fn apply(sizes: Sizes, _inputs: Vec<DispatchTensor>) -> Tensor<3> {
    unreachable!("{sizes:?} on a GPU in a build without GPUs")
}
