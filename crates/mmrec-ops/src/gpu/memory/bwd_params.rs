//! The parameters' gradients: sums of what every chunk and row of the batch gives.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::Dims;
use super::math::sigmoid;

/// Sums `partial_grads`, `[batch · chunks, heads, partial_grads]`, one invocation for each of a head's;
/// grid `[partial_grads / units, heads]`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn bwd_params(
    partial_grads: &[f32],
    decay: &[f32],
    to_decay: &mut [f32],
    to_norm: &mut [f32],
    to_scale: &mut [f32],
    to_bias: &mut [f32],
    parts: usize,
    #[comptime] dims: Dims,
) {
    let head = CUBE_POS_Y as usize;
    let index = CUBE_POS_X as usize * dims.units + UNIT_POS as usize;
    if index < comptime!(dims.partial_grads()) {
        let mut sum = 0.0f32;
        for part in 0..parts {
            sum += partial_grads[(part * dims.heads + head) * comptime!(dims.partial_grads()) + index];
        }
        if index == 0 {
            to_scale[head] = sum;
        } else if index == 1 {
            // The derivative of −2 softplus(δ).
            to_decay[head] = -2.0f32 * sigmoid(decay[head]) * sum;
        } else if index < comptime!(2 + dims.levels) {
            to_bias[(index - 2) * dims.heads + head] = sum;
        } else {
            to_norm[head * dims.d + index - comptime!(2 + dims.levels)] = sum;
        }
    }
}
