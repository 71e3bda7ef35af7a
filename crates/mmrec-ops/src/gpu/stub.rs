//! Builds without GPUs: nothing runs on one.

use burn::backend::DispatchTensor;
use burn::tensor::{Device, Tensor};

use crate::reference::slot_attention::Sizes;

/// Whether the kernels run on `device`: never.
pub fn runs_memory_kernels(_: &Device, _: Sizes, _chunks: usize, _heads: usize, _d: usize) -> bool {
    false
}

/// Never called, since no device has kernels.
pub fn memory(sizes: Sizes, _inputs: [DispatchTensor; 5]) -> Tensor<3> {
    unreachable!("{sizes:?} on a GPU in a build without GPUs")
}
