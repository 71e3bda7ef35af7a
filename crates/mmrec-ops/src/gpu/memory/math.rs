//! Scalar functions, and sums over a workgroup.

use burn::cubecl;
use burn::cubecl::prelude::*;

/// 1 / (1 + e⁻ˣ)
#[cube]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// x σ(x)
#[cube]
pub fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// The derivative of [`silu`].
#[cube]
pub fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s * (1.0 + x * (1.0 - s))
}

/// The sum of one value of each of the `units` (a power of two), in `parts[0]`, always added in the same order.
#[cube]
pub fn total(parts: &mut Shared<[f32]>, value: f32, unit: usize, #[comptime] units: usize) {
    parts[unit] = value;
    sync_cube();
    #[unroll]
    for halving in 1..comptime!(units.ilog2() as usize + 1) {
        let width = comptime!(units >> halving);
        if unit < width {
            parts[unit] += parts[unit + width];
        }
        sync_cube();
    }
}
