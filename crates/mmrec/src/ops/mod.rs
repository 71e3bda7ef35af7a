//! Operations of the model that the framework lacks, as functions of plain tensors.
//!
//! Equations are those of the model's definition (`design/model.md` of the project and the reference in
//! `tests/golden/mmrec_reference.py`). Everything here is causal in time and exact for any length.

mod adamw;
mod attention;
#[cfg(feature = "wgpu")]
mod cube;
mod differentiable;
#[cfg_attr(not(feature = "cpu"), path = "unfused.rs")]
mod fused;
mod gated;
pub mod hierarchy;
mod kernel;
mod linear;
mod loss;
mod memory;
mod norm;
mod norm_shift;
mod norm_token;
mod recurrent;
mod rotary;
mod shift;
pub(crate) mod simd;

pub use adamw::{WeightStep, sum_of_squares};
pub use attention::{attend_window, by_head, causal_attention, join_heads, window_weights};
pub use fused::has_kernels;
pub use gated::gated;
pub use kernel::Kernel;
pub use linear::{linear, linear_onto};
pub use loss::{cross_entropy, token_losses};
pub use memory::{After, Before, has_memory_kernels, memory, memory_token, turns};
pub use norm::{rms_norm, unit};
pub use norm_shift::norm_shift;
pub use norm_token::norm_token;
pub use recurrent::{block_end_reads, recurrent_memory};
pub use rotary::Rotary;
pub use shift::token_shift;

/// Added to scores that a query must not see: far below any score, yet finite, so that no `inf − inf` arises.
const HIDDEN: f32 = -1e9;

use burn::tensor::{Device, Tensor, TensorData};

/// A constant tensor of `shape` whose entry at row-major index `i` is `value(i)`.
fn table<const D: usize>(shape: [usize; D], device: &Device, value: impl FnMut(usize) -> f32) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
