//! Kernels as operations on the framework's tensors, with gradients where they have a backward.

mod autodiff_op;
#[cfg(feature = "wgpu")]
pub mod cubecl_bridge;
#[cfg(feature = "cpu")]
mod flex_bridge;
#[cfg(not(feature = "cpu"))]
mod flex_stub;
mod kernel;

#[cfg(feature = "cpu")]
pub use flex_bridge::{apply_kernel, apply_kernel_untracked, runs_cpu_kernels};
#[cfg(not(feature = "cpu"))]
pub use flex_stub::{apply_kernel, apply_kernel_untracked, runs_cpu_kernels};
pub use kernel::{DifferentiableKernel, Kernel};
