//! Token shift: every channel looks at the token before.

use burn::tensor::Tensor;

/// `u_t = x_t + μ ⊙ (x_{t−1} − x_t)`; before the first token stands `last`, or zero.
///
/// # Shapes
/// - `x`: `[batch, time, dim]`
/// - `mix` (μ): `[dim]`
/// - `last`: `[batch, 1, dim]`
pub fn token_shift(x: Tensor<3>, mix: Tensor<1>, last: Option<Tensor<3>>) -> Tensor<3> {
    let [batch, time, dim] = x.dims();
    let first = last.unwrap_or_else(|| Tensor::zeros([batch, 1, dim], &x.device()));
    let delayed = if time == 1 { first } else { Tensor::cat(vec![first, x.clone().narrow(1, 0, time - 1)], 1) };
    x.clone() + (delayed - x) * mix.reshape([1, 1, dim])
}
