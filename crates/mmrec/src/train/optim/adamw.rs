//! AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2).

use burn::tensor::Tensor;

use super::{Optimizer, OptimizerStep, Parameter, Slot};
use crate::ops::{AdamWStep, adamw};

/// A step along the mean of the gradients over the root of the mean of their squares.
#[derive(Debug)]
pub(super) struct AdamW;

impl AdamW {
    const FIRST: Slot = Slot { name: "first", power: 1, decay: Some(AdamWStep::BETA1) };
    const SECOND: Slot = Slot { name: "second", power: 2, decay: Some(AdamWStep::BETA2) };
    pub(super) const SLOTS: &[Slot] = &[Self::FIRST, Self::SECOND];
}

impl Optimizer for AdamW {
    fn slots(&self) -> &'static [Slot] {
        Self::SLOTS
    }

    fn update(&self, parameter: Parameter<'_>, step: &OptimizerStep) -> Tensor<1> {
        let Parameter { value, gradient, state, .. } = parameter;
        let moments = state.try_into().expect("one tensor for each slot");
        let update = AdamWStep {
            step_size: (step.lr / step.filled(Self::FIRST)) as f32,
            inv_bias_correction2: (1.0 / step.filled(Self::SECOND)) as f32,
            weight_factor: (1.0 - step.lr * step.weight_decay) as f32,
        };
        adamw(update, value, gradient, moments, step.clip.clone())
    }
}
