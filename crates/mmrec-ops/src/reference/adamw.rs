//! The AdamW update of one weight (Loshchilov and Hutter, 2019).

use burn::tensor::Tensor;

/// What one update takes beside weight, gradient and moments.
#[derive(Debug, Clone, Copy)]
pub struct AdamWStep {
    /// The rate over the share of the first moment that is not its start: η / (1 − β₁ᵗ).
    pub step_size: f32,
    /// The same of the second moment without the rate: 1 / (1 − β₂ᵗ).
    pub inv_bias_correction2: f32,
    /// What the weight itself is multiplied by: 1 − η·λ.
    pub weight_factor: f32,
}

impl AdamWStep {
    /// Decay of the first moment, a mean of gradients.
    pub const BETA1: f64 = 0.9;
    /// Decay of the second moment, a mean of their squares.
    pub const BETA2: f64 = 0.95;
    /// Added to the root of the second moment.
    pub const EPSILON: f64 = 1e-8;
}

/// Updates the moments and returns the new weight. All are one row of the same length; `scale` `[1]` clips the gradient.
pub fn adamw(
    step: AdamWStep,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    moments: &mut [Tensor<1>; 2],
    scale: Tensor<1>,
) -> Tensor<1> {
    let [first, second] = moments;
    let (beta1, beta2) = (AdamWStep::BETA1, AdamWStep::BETA2);
    let gradient = gradient * scale;
    *second = second.clone() * beta2 + gradient.clone().square() * (1.0 - beta2);
    *first = first.clone() * beta1 + gradient * (1.0 - beta1);
    let root = (second.clone() * step.inv_bias_correction2).sqrt() + AdamWStep::EPSILON;
    weight * step.weight_factor - first.clone() * step.step_size / root
}
