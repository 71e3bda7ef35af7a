//! AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2).

use burn::tensor::Tensor;

use super::{Optimizer, OptimizerStep, Parameter, Slot};
use crate::ops::WeightStep;

/// A step along the mean of the gradients over the root of the mean of their squares.
#[derive(Debug)]
pub(super) struct AdamW;

impl AdamW {
    const FIRST: Slot = Slot { name: "first", power: 1, decay: Some(WeightStep::BETA1) };
    const SECOND: Slot = Slot { name: "second", power: 2, decay: Some(WeightStep::BETA2) };
    pub(super) const SLOTS: &[Slot] = &[Self::FIRST, Self::SECOND];
}

impl Optimizer for AdamW {
    fn slots(&self) -> &'static [Slot] {
        Self::SLOTS
    }

    fn update(&self, parameter: Parameter<'_>, step: &OptimizerStep) -> Tensor<1> {
        let Parameter { value, gradient, state, .. } = parameter;
        let moments = state.try_into().expect("one tensor for each slot");
        let update = WeightStep {
            first: (step.lr / step.filled(Self::FIRST)) as f32,
            second: (1.0 / step.filled(Self::SECOND)) as f32,
            decay: (1.0 - step.lr * step.weight_decay) as f32,
        };
        update.take(value, gradient, moments, step.clip.clone())
    }
}
