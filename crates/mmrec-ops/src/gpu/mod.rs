//! Kernels for graphics cards, in CubeCL. Only what takes the time has one: both memories.

#[cfg(feature = "wgpu")]
mod memory;
#[cfg(not(feature = "wgpu"))]
mod stub;

#[cfg(feature = "wgpu")]
pub use memory::{memory, runs_memory_kernels};
#[cfg(not(feature = "wgpu"))]
pub use stub::{memory, runs_memory_kernels};
