//! Normalisation, then token shift.

use burn::tensor::Tensor;

use super::{rms_norm, token_shift};

/// `token_shift(rms_norm(x, weight), mix)` from the beginning of a text; without `mix` the norm alone.
///
/// # Shapes
/// - `x`: `[batch, time, dim]`
/// - `weight`, `mix` (μ): `[dim]`
pub fn norm_shift(x: Tensor<3>, weight: Tensor<1>, mix: Option<Tensor<1>>) -> Tensor<3> {
    let normed = rms_norm(x, weight.unsqueeze::<3>());
    match mix {
        Some(mix) => token_shift(normed, mix, None),
        None => normed,
    }
}
