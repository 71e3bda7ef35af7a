//! Normalisation by length.

use burn::tensor::Tensor;

/// Stands inside the root *under the sum* of squares, so that padding a vector with zeros changes nothing: growth relies on it.
pub(crate) const RMS_EPSILON: f32 = 1e-5;
/// The same for [`unit`].
pub(crate) const UNIT_EPSILON: f32 = 1e-6;

/// `rms(x, w) = x · √n / √(Σ x² + ε) · w` over the last dimension of size n.
///
/// # Shapes
/// - `x`: `[…, n]`
/// - `weight`: broadcasts against `x`, with n entries in its last dimension
pub fn rms_norm<const D: usize>(x: Tensor<D>, weight: Tensor<D>) -> Tensor<D> {
    let n = x.dims()[D - 1];
    let inverse = inverse_length(x.clone(), RMS_EPSILON);
    x * inverse * (weight * (n as f32).sqrt())
}

/// `x / √(Σ x² + ε)` over the last dimension.
pub fn unit<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let inverse = inverse_length(x.clone(), UNIT_EPSILON);
    x * inverse
}

fn inverse_length<const D: usize>(x: Tensor<D>, epsilon: f32) -> Tensor<D> {
    (x.square().sum_dim(D - 1) + epsilon).sqrt().recip()
}
