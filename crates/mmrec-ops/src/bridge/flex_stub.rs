//! Builds without the CPU: every operation is a composition of the framework's own.

use burn::backend::DispatchTensor;
use burn::tensor::{Device, Tensor};

use super::kernel::{DifferentiableKernel, Kernel};

/// Whether kernels run on `device`: never.
pub fn runs_cpu_kernels(_device: &Device) -> bool {
    false
}

/// Never called, since no device has kernels.
pub fn apply_kernel<const N: usize, const D: usize>(
    kernel: impl DifferentiableKernel,
    _inputs: [DispatchTensor; N],
) -> Tensor<D> {
    unreachable!("{kernel:?} without a device that has kernels")
}

/// Never called, since no device has kernels.
pub fn apply_kernel_untracked<const D: usize>(kernel: &dyn Kernel, _inputs: Vec<DispatchTensor>) -> Tensor<D> {
    unreachable!("{kernel:?} without a device that has kernels")
}
