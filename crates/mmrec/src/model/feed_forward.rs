//! The second branch of every block.

use burn::module::Param;
use burn::tensor::Tensor;

use super::Dropout;
use crate::ops::{linear, linear_onto, norm_shift, swiglu};

/// x + silu(g) ⊙ u · W₂ with [g, u] = rms(x) · W₁, of the stream `[batch, time, width]`.
///
/// # Shapes
/// - `norm`: `[width]`; `gate_up` (W₁): `[width, 2·feed_forward]`; `down` (W₂): `[feed_forward, width]`
pub(super) fn feed_forward(
    x: Tensor<3>,
    norm: &Param<Tensor<1>>,
    gate_up: &Param<Tensor<2>>,
    down: &Param<Tensor<2>>,
    dropout: &mut Dropout,
) -> Tensor<3> {
    let [batch, time, width] = x.dims();
    let u = norm_shift(x.clone(), norm.val(), None).reshape([batch * time, width]);
    join(x, swiglu(linear(u, gate_up.val())), down, dropout)
}

/// The stream `[batch, time, width]` with a branch's outputs, `[batch · time, n]` times `[n, width]`, added.
pub(super) fn join(x: Tensor<3>, branch: Tensor<2>, weight: &Param<Tensor<2>>, dropout: &mut Dropout) -> Tensor<3> {
    let shape @ [batch, time, width] = x.dims();
    if dropout.is_off() {
        return linear_onto(x.reshape([batch * time, width]), branch, weight.val()).reshape(shape);
    }
    x + dropout.apply(linear(branch, weight.val()).reshape(shape))
}
