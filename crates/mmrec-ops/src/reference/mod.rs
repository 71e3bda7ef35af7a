//! The operations as compositions of the framework's own: what every kernel must agree with, and what computes where there is none.

mod adamw;
mod causal_attention;
mod cross_entropy;
mod gated_linear_attention;
mod linear;
mod norm_shift;
mod rms_norm;
mod rope;
pub mod slot_attention;
mod swiglu;
mod token_shift;

pub use adamw::{AdamWStep, adamw};
pub(crate) use causal_attention::seen;
pub use causal_attention::{attend_window, by_head, causal_attention, join_heads, window_probs};
pub use cross_entropy::token_losses;
pub use gated_linear_attention::{chunk_end_reads, gated_linear_attention};
pub use linear::linear;
pub use norm_shift::norm_shift;
pub(crate) use rms_norm::{RMS_EPSILON, UNIT_EPSILON};
pub use rms_norm::{rms_norm, unit};
pub use rope::Rotary;
pub(crate) use rope::angle;
pub use swiglu::swiglu;
pub use token_shift::token_shift;

use burn::tensor::{Device, Tensor, TensorData};

/// Added to scores that a query must not see: far below any score, yet finite, so that no `inf − inf` arises.
const HIDDEN: f32 = -1e9;

/// A constant tensor of `shape` whose entry at row-major index `i` is `value(i)`.
fn table<const D: usize>(shape: [usize; D], device: &Device, value: impl FnMut(usize) -> f32) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
