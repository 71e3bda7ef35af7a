//! Normalisation by length, row by row.

use super::simd::dot;
use crate::reference::RMS_EPSILON;

/// `√n / √(Σ x² + ε)` of one row of n channels, which may be padded with zeros.
#[inline(always)]
pub fn inverse_rms(x: &[f32], n: usize) -> f32 {
    (n as f32).sqrt() / (dot(x, x) + RMS_EPSILON).sqrt()
}

/// Turns the gradient of one row of [`rms_norm`](fn@crate::reference::rms_norm) into that of `x`, and adds to that of the weight;
/// `inverse` is [`inverse_rms`] of `x`.
#[inline(always)]
pub fn rms_norm_backward(gradient: &mut [f32], x: &[f32], inverse: f32, weight: &[f32], to_weight: &mut [f32]) {
    for (((to, gradient), x), weight) in to_weight.iter_mut().zip(gradient.iter_mut()).zip(x).zip(weight) {
        *to += *gradient * x * inverse;
        *gradient *= weight;
    }
    let grad_dot = dot(gradient, x) / (dot(x, x) + RMS_EPSILON);
    for (gradient, x) in gradient.iter_mut().zip(x) {
        *gradient = inverse * (*gradient - x * grad_dot);
    }
}
