//! The AdamW update of one weight (Loshchilov and Hutter, 2019).

use burn::tensor::Tensor;

use crate::WeightStep;

/// Updates the moments and returns the new weight. All are one row of the same length; `scale` `[1]` clips the gradient.
pub fn adamw(
    step: WeightStep,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    moments: &mut [Tensor<1>; 2],
    scale: Tensor<1>,
) -> Tensor<1> {
    let [first, second] = moments;
    let (beta1, beta2) = (WeightStep::BETA1, WeightStep::BETA2);
    let gradient = gradient * scale;
    *second = second.clone() * beta2 + gradient.clone().square() * (1.0 - beta2);
    *first = first.clone() * beta1 + gradient * (1.0 - beta1);
    let root = (second.clone() * step.second).sqrt() + WeightStep::EPSILON;
    weight * step.decay - first.clone() * step.first / root
}
