//! Builds without the CPU: every operation is a composition of the framework's own.

use burn::backend::DispatchTensor;
use burn::tensor::{Device, Tensor};

use super::Kernel;

/// Whether kernels run on `device`: never.
pub fn has_kernels(_device: &Device) -> bool {
    false
}

/// Never called, since no device has kernels.
pub fn apply<const D: usize>(kernel: impl Kernel, _inputs: Vec<DispatchTensor>) -> Tensor<D> {
    unreachable!("{kernel:?} without a device that has kernels")
}
