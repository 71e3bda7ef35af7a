//! Normalisation by length.

use burn::tensor::Tensor;

use super::simd::dot;

/// Stands inside the root *under the sum* of squares, so that padding a vector with zeros changes nothing: growth relies on it.
pub(super) const RMS_EPSILON: f32 = 1e-5;
/// The same for [`unit`].
pub(super) const UNIT_EPSILON: f32 = 1e-6;

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

/// `√n / √(Σ x² + ε)` of one row of n channels, which may be padded with zeros.
#[inline(always)]
pub(super) fn inverse_rms(x: &[f32], n: usize) -> f32 {
    (n as f32).sqrt() / (dot(x, x) + RMS_EPSILON).sqrt()
}

/// Turns the gradient of one row of [`rms_norm`] into that of `x`, and adds to that of the weight; `inverse` is
/// [`inverse_rms`] of `x`.
#[inline(always)]
pub(super) fn rms_norm_backward(gradient: &mut [f32], x: &[f32], inverse: f32, weight: &[f32], to_weight: &mut [f32]) {
    for (((to, gradient), x), weight) in to_weight.iter_mut().zip(gradient.iter_mut()).zip(x).zip(weight) {
        *to += *gradient * x * inverse;
        *gradient *= weight;
    }
    let pull = dot(gradient, x) / (dot(x, x) + RMS_EPSILON);
    for (gradient, x) in gradient.iter_mut().zip(x) {
        *gradient = inverse * (*gradient - x * pull);
    }
}
